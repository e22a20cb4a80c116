//! Small shell scripts in front of what was unpacked.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::error::{Context, Result};

/// Writes a program that becomes another, the first of `command`, so that signals reach it. The paths
/// of `lists` come before what the environment has under their names.
pub(super) fn launcher(
    program: &Path,
    lists: &[(&str, OsString)],
    command: &[&Path],
) -> Result<()> {
    let mut text = "#!/bin/sh\n".to_owned();
    for (name, paths) in lists.iter().filter(|(_, paths)| !paths.is_empty()) {
        let paths = quoted(paths);
        text += &format!("{name}={paths}${{{name}:+:${name}}}\nexport {name}\n");
    }
    let words = command.iter().map(|word| quoted(word.as_os_str()));
    text += &format!("exec {} \"$@\"\n", words.collect::<Vec<_>>().join(" "));
    write(program, &text)
}

/// Writes scripts into the directory that they serve, and links those of them that are `programs` to
/// `bin`.
pub(super) fn scripts(
    texts: &[(&str, &str)],
    home: &Path,
    bin: &Path,
    programs: &[&str],
) -> Result<()> {
    for (name, text) in texts {
        let script = home.join(name);
        write(&script, text)?;
        if programs.contains(name) {
            let link = bin.join(name);
            let _ = std::fs::remove_file(&link);
            symlink(&script, &link).context(|| format!("cannot link {}", link.display()))?;
        }
    }
    Ok(())
}

fn quoted(text: &OsStr) -> String {
    format!("'{}'", text.to_string_lossy().replace('\'', r"'\''"))
}

fn write(program: &Path, text: &str) -> Result<()> {
    // What is there may be a link, which would be followed.
    let _ = std::fs::remove_file(program);
    std::fs::write(program, text)
        .and_then(|()| std::fs::set_permissions(program, Permissions::from_mode(0o755)))
        .context(|| format!("cannot write {}", program.display()))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_launcher_becomes_its_program() {
        let directory = tempfile::tempdir().expect("a directory");
        let (program, script) = ("it's", "a script");
        let [program, script] = [program, script].map(|name| directory.path().join(name));
        std::fs::write(&script, "echo $$ \"$2\" $A_LIST").expect("it is ours");
        let lists = [("A_LIST", "/its/own".into()), ("NO_LIST", OsString::new())];
        launcher(&program, &lists, &[Path::new("/bin/sh"), &script]).expect("it can be written");
        let child = Command::new(&program)
            .args(["a", "b c"])
            .env("A_LIST", "/before")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be run");
        let pid = child.id();
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{pid} b c /its/own:/before\n")
        );
    }

    #[test]
    fn a_script_finds_itself_through_its_link() {
        let directory = tempfile::tempdir().expect("a directory");
        let [home, bin] = ["home", "bin"].map(|name| directory.path().join(name));
        for made in [&home, &bin] {
            std::fs::create_dir(made).expect("it is empty");
        }
        let text = "#!/bin/sh\ndirname \"$(readlink -f \"$0\")\"\n";
        let texts = [("shown", text), ("kept", text)];
        scripts(&texts, &home, &bin, &["shown"]).expect("they can be written");
        let output = Command::new(bin.join("shown")).output().expect("it runs");
        let home = home.canonicalize().expect("it is there");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            home.to_string_lossy()
        );
        assert!(!bin.join("kept").exists());
    }
}
