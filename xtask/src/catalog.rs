//! `cargo xtask catalog`: the generated files that document the metric families.
//!
//! A package that has catalogues has an example program `catalog`, which prints what
//! `throughline_catalog::bundle` makes of them: a JSON object a line, `{"path": …, "text": …}`. So
//! nothing here links a system, and a system adds a handful of lines.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use crate::error::{Context, Error, Result};
use crate::workspace::{Package, Workspace, cargo};

/// The package that knows all crates, and what it prints about them has one place.
const OWN: &str = "suite";
const OWN_PAGE: &str = "crates/catalog/FAMILIES.md";

/// A file, and what has to be in it; `None` if it must not be there.
type Files = BTreeMap<PathBuf, Option<String>>;

#[derive(Debug, Deserialize)]
struct File {
    path: PathBuf,
    text: String,
}

/// Writes the files, and returns those that were not as they should be. With `check` it only looks.
///
/// # Errors
/// If a package's `catalog` cannot be run or prints something else, or a crate's families are in none.
pub fn run(workspace: &Workspace, check: bool) -> Result<Vec<PathBuf>> {
    let mut files = Files::new();
    for package in workspace.packages() {
        if package.targets.iter().any(is_catalog) {
            files.append(&mut of_package(workspace, package)?);
        }
    }
    let page = files.get(&workspace.root().join(OWN_PAGE));
    let page = page.and_then(Option::as_deref).unwrap_or_default();
    for package in workspace.under("crates") {
        listed(package, page)?;
    }
    let stale = stale(&files)?;
    if !check {
        stale
            .iter()
            .try_for_each(|path| write(path, &files[path]))?;
    }
    Ok(stale)
}

fn is_catalog(target: &crate::workspace::Target) -> bool {
    target.name == "catalog" && target.kind.iter().any(|kind| kind == "example")
}

/// A crate that counts something about itself is on the page of all of them.
fn listed(package: &Package, page: &str) -> Result<()> {
    let source = directory(package).join("src/families.rs");
    let heading = format!("\n## {}\n", package.name);
    if source.is_file() && !page.contains(&heading) {
        let name = &package.name;
        let message = format!("`{name}` has families that tests/suite/examples/catalog.rs lacks");
        return Err(Error::new(message));
    }
    Ok(())
}

fn directory(package: &Package) -> &Path {
    let directory = package.manifest_path.parent();
    directory.expect("a manifest lies in a directory")
}

fn of_package(workspace: &Workspace, package: &Package) -> Result<Files> {
    let name = package.name.as_str();
    let output = cargo()
        .args(["run", "--quiet", "--package", name, "--example", "catalog"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(|| "cannot run cargo")?;
    if !output.status.success() {
        return Err(Error::new(format!("the `catalog` of {name} failed")));
    }
    let text = String::from_utf8(output.stdout).context(|| format!("the `catalog` of {name}"))?;
    let printed = parse(&text).context(|| format!("the `catalog` of {name}"))?;
    if name == OWN {
        let page = printed
            .into_iter()
            .rfind(|file| file.path == Path::new("CATALOG.md"));
        let page =
            page.ok_or_else(|| Error::new(format!("the `catalog` of {name} has no page")))?;
        let path = workspace.root().join(OWN_PAGE);
        return Ok(Files::from([(path, Some(page.text))]));
    }
    let mut files = leftovers(&directory(package).join("catalog"))?;
    for File { path, text } in printed {
        files.insert(directory(package).join(path), Some(text));
    }
    Ok(files)
}

fn parse(text: &str) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for line in text.lines() {
        let file: File = serde_json::from_str(line).context(|| "what it printed is no file")?;
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !file.path.components().all(inside) {
            let path = file.path.display();
            return Err(Error::new(format!("`{path}` leads out of the package")));
        }
        files.push(file);
    }
    Ok(files)
}

/// The files of a directory that is all ours: what is not made again does not belong there.
fn leftovers(directory: &Path) -> Result<Files> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Files::new()),
        entries => entries.context(|| directory.display().to_string())?,
    };
    let mut files = Files::new();
    for entry in entries {
        let entry = entry.context(|| directory.display().to_string())?;
        files.insert(entry.path(), None);
    }
    Ok(files)
}

/// The files that are not as they should be.
fn stale(files: &Files) -> Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for (path, text) in files {
        let there = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            there => Some(there.context(|| path.display().to_string())?),
        };
        if there != *text {
            stale.push(path.clone());
        }
    }
    Ok(stale)
}

fn write(path: &Path, text: &Option<String>) -> Result<()> {
    let done = match text {
        None => fs::remove_file(path),
        Some(text) => {
            let directory = path.parent().expect("a file lies in a directory");
            fs::create_dir_all(directory).and_then(|()| fs::write(path, text))
        }
    };
    done.context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_package() {
        let files = parse("{\"path\": \"catalog/a.json\", \"text\": \"{\\n\"}\n");
        let files = files.expect("it is a file");
        assert_eq!(
            (files[0].path.as_path(), &*files[0].text),
            (Path::new("catalog/a.json"), "{\n")
        );
        for path in ["../a.json", "/etc/a.json", "catalog/../../a.json"] {
            let error = parse(&format!("{{\"path\": \"{path}\", \"text\": \"\"}}"));
            let error = error.expect_err("it leads elsewhere").to_string();
            assert_eq!(error, format!("`{path}` leads out of the package"));
        }
        let error = parse("a table").expect_err("it is no JSON").to_string();
        assert!(error.starts_with("what it printed is no file: "), "{error}");
    }

    #[test]
    fn what_differs_is_found_and_written() {
        let directory = tempfile::tempdir().expect("there is room");
        let [same, old, new, gone] = ["catalog/same", "catalog/old", "catalog/new", "catalog/gone"]
            .map(|name| directory.path().join(name));
        for path in [&same, &old, &gone] {
            write(path, &Some("text".to_owned())).expect("it can be written");
        }
        let mut files = leftovers(&directory.path().join("catalog")).expect("it can be read");
        assert_eq!(files.len(), 3);
        files.insert(same, Some("text".to_owned()));
        files.insert(old.clone(), Some("other".to_owned()));
        files.insert(new.clone(), Some("new".to_owned()));
        let found = stale(&files).expect("they can be read");
        assert_eq!(found, [gone.clone(), new, old]);
        found
            .iter()
            .try_for_each(|path| write(path, &files[path]))
            .expect("they can be written");
        assert_eq!(
            stale(&files).expect("they can be read"),
            [""; 0].map(PathBuf::from)
        );
        assert!(!gone.exists());
        assert!(
            leftovers(&directory.path().join("none"))
                .expect("none is none")
                .is_empty()
        );
    }
}
