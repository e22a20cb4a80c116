//! Where the workspace is and what is in it, as cargo tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{Context, Error, Result};

/// The workspace of the current directory.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Cargo's id of it, as in cargo's messages.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// Its features and what each turns on.
    pub features: BTreeMap<String, Vec<String>>,
    /// Where it may be published; an empty list means nowhere.
    pub publish: Option<Vec<String>>,
    /// What is built of it.
    pub targets: Vec<Target>,
}

/// A library, program, test, example or build script of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What it is, such as `lib` or `bin`.
    pub kind: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo about the workspace of the current directory.
    ///
    /// # Errors
    /// If there is none or cargo cannot read it.
    pub fn load() -> Result<Self> {
        Self::told_by(cargo().arg("metadata"))
    }

    /// Asks cargo about the workspace of a manifest.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn of(manifest: &Path) -> Result<Self> {
        Self::told_by(cargo().arg("metadata").arg("--manifest-path").arg(manifest))
    }

    fn told_by(cargo: &mut Command) -> Result<Self> {
        let output = cargo
            .args(["--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .context(|| "cannot run cargo")?;
        if !output.status.success() {
            return Err(Error::new("cargo cannot read the workspace"));
        }
        let metadata = serde_json::from_slice(&output.stdout);
        let Metadata {
            packages,
            workspace_root,
            target_directory,
        } = metadata.context(|| "cargo's metadata cannot be read")?;
        Ok(Self {
            root: workspace_root,
            target: target_directory,
            packages,
        })
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where it is built.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Its members.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The members under a directory such as `crates`.
    pub fn under(&self, directory: &str) -> impl Iterator<Item = &Package> {
        let directory = self.root.join(directory);
        self.packages
            .iter()
            .filter(move |package| package.manifest_path.starts_with(&directory))
    }

    /// The files that are under version control or could be: nothing that is ignored.
    ///
    /// # Errors
    /// If git cannot tell.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "-z",
            ])
            .current_dir(&self.root)
            .output()
            .context(|| "cannot run git")?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::new(format!("git cannot list the files: {why}")));
        }
        let names = String::from_utf8(output.stdout).context(|| "a file's name is not UTF-8")?;
        let mut files = names
            .split_terminator('\0')
            .map(PathBuf::from)
            // One that is deleted but not yet committed is still listed.
            .filter(|path| self.root.join(path).is_file())
            .collect::<Vec<_>>();
        files.sort();
        Ok(files)
    }
}

impl Package {
    /// Whether it may be published.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|places| !places.is_empty())
    }
}

/// The cargo that runs us, or the one on the path.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` set for us would confuse the builds below us.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// Builds the programs of a package and returns the directory that they are in.
///
/// # Errors
/// If it cannot be built, or has no programs.
pub fn build_programs(package: &str) -> Result<PathBuf> {
    let output = cargo()
        .args(["build", "--package", package, "--bins"])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(|| "cannot run cargo")?;
    if !output.status.success() {
        return Err(Error::new(format!("{package} cannot be built")));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = messages.lines().rev().find_map(|line| {
        let message = serde_json::from_str::<serde_json::Value>(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    let directory = program
        .as_deref()
        .and_then(Path::parent)
        .map(Path::to_owned);
    directory.ok_or_else(|| Error::new(format!("{package} has no programs")))
}
