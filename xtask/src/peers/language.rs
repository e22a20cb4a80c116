//! Peers in other languages: our own sources, and the packages that their lock files pin.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{launcher, run};
use crate::error::{Context, Error, Result};

/// The file that tells, in a language's directory, what was installed. Written last.
const STAMP: &str = "stamp";

/// How a language gets its packages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Language {
    /// An environment of its own, and `pip install -r requirements.txt`.
    Python,
    /// `npm ci`.
    Node,
    /// `go build`.
    Go,
}

/// The compiler of `job-kernel` in Python: its sources, and the contract that they are run with.
const COMPILER: &str = "tests/peers/python-compiler";
const PROTO: &str = "examples/job-kernel/proto";
const PROTO_FILES: &str = "job_kernel/v1";

/// The client of the official gRPC interop suite.
const INTEROP: &str = "google.golang.org/grpc/interop/client";

impl Language {
    /// The programs that it brings; the first is the echo.
    pub(super) const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["peer-python", "peer-python-compiler", "peer-python-relay"],
            Self::Node => &["peer-node"],
            Self::Go => &["peer-go", "grpc-interop-client"],
        }
    }

    /// The directories of the workspace whose files it is made of; the first is the echo's.
    fn sources(self, root: &Path) -> Vec<PathBuf> {
        match self {
            Self::Python => vec![
                root.join("tests/peers/python"),
                root.join(COMPILER),
                root.join(PROTO).join(PROTO_FILES),
            ],
            Self::Node => vec![root.join("tests/peers/node")],
            Self::Go => vec![root.join("tests/peers/go")],
        }
    }

    /// Whether what is in `home` was made of the sources as they are now.
    pub(super) fn is_current(self, root: &Path, home: &Path) -> Result<bool> {
        let stamp = std::fs::read_to_string(home.join(STAMP));
        Ok(stamp.ok() == Some(stamp_of(&self.sources(root))?))
    }

    /// The program that must be here, and what to do if it is not.
    const fn needs(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => (
                "python3",
                "install Python 3.10 or later with its module venv",
            ),
            Self::Node => ("node", "install Node 20.6 or later with npm"),
            Self::Go => ("go", "install Go 1.26 or later"),
        }
    }

    /// Copies the sources to `home`, gets what they need, and makes the programs in `bin`.
    pub(super) fn install(self, root: &Path, home: &Path, bin: &Path) -> Result<()> {
        let (interpreter, advice) = self.needs();
        let version = if matches!(self, Self::Go) {
            "version"
        } else {
            "--version"
        };
        let found = Command::new(interpreter).arg(version).output();
        if !found.is_ok_and(|output| output.status.success()) {
            return Err(Error::new(format!("{interpreter} is not here; {advice}")));
        }
        let sources = self.sources(root);
        let stamp = stamp_of(&sources)?;
        // What an earlier run left may be half of it.
        let _ = std::fs::remove_dir_all(home);
        copy(&sources[0], home)?;
        let program = &bin.join(self.programs()[0]);
        match self {
            Self::Python => {
                let venv = home.join("venv");
                run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
                let mut pip = Command::new(venv.join("bin/pip"));
                pip.args([
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-input",
                ]);
                run(pip.args(["-r", "requirements.txt"]).current_dir(home))?;
                let python = venv.join("bin/python");
                launcher(program, &[], &[&python, &home.join("peer.py")])?;
                let compiler = home.join("compiler");
                copy(&root.join(COMPILER), &compiler)?;
                generate(&python, &root.join(PROTO), &compiler)?;
                let relay = bin.join(self.programs()[2]);
                launcher(&relay, &[], &[&python, &home.join("relay.py")])?;
                let compile = bin.join(self.programs()[1]);
                launcher(&compile, &[], &[&python, &compiler.join("main.py")])?;
            }
            Self::Node => {
                let mut npm = Command::new("npm");
                npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
                run(npm.args(["--loglevel", "error"]).current_dir(home))?;
                launcher(program, &[], &[Path::new("node"), &home.join("peer.js")])?;
            }
            Self::Go => {
                let interop = &bin.join(self.programs()[1]);
                for (program, package) in [(program, "."), (interop, INTEROP)] {
                    let mut go = Command::new("go");
                    go.args(["build", "-mod=readonly", "-trimpath", "-o"]);
                    run(go.arg(program).arg(package).current_dir(home))?;
                }
            }
        }
        std::fs::write(home.join(STAMP), stamp).context(|| "cannot write the stamp")
    }
}

/// Copies the files of a directory to another, which is made.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).context(|| format!("cannot make {}", to.display()))?;
    for path in files(from)? {
        let name = path.file_name().expect("a file of a directory has a name");
        std::fs::copy(&path, to.join(name))
            .context(|| format!("cannot copy {}", path.display()))?;
    }
    Ok(())
}

/// Has the messages of the contract made for Python.
fn generate(python: &Path, proto: &Path, to: &Path) -> Result<()> {
    let mut protoc = Command::new(python);
    protoc.args(["-m", "grpc_tools.protoc", "--proto_path"]);
    protoc.arg(proto).arg("--python_out").arg(to);
    let files = ["circuit.proto", "compiler.proto"];
    run(protoc.args(files.map(|file| format!("{PROTO_FILES}/{file}"))))
}

/// Tells sources and lock files from others.
fn stamp_of(sources: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for directory in sources {
        for path in files(directory)? {
            path.file_name().hash(&mut hasher);
            let text = std::fs::read(&path);
            text.context(|| format!("cannot read {}", path.display()))?
                .hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// The files of a directory, in a stable order.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(directory).context(|| format!("cannot read {}", directory.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files = paths.filter(|path| path.is_file()).collect::<Vec<_>>();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_lock_file_is_another_stamp() {
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let directories = [&first, &second].map(|directory| directory.path().to_owned());
        for changed in &directories {
            let stamp = |text: &str| {
                std::fs::write(changed.join("go.sum"), text).expect("it is ours");
                stamp_of(&directories).expect("it can be read")
            };
            assert_eq!(stamp("a"), stamp("a"));
            assert_ne!(stamp("a"), stamp("b"));
        }
    }
}
