//! `cargo xtask peers`: foreign software at pinned versions, in a directory of its own.
//!
//! Programs are found under `bin` of that directory. A test asks with [`require`] and returns early
//! when it gets `None`: it is then counted as skipped, and in a strict run it has failed.

mod debian;
mod language;
mod launcher;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use self::debian::{Debian, Needs};
use self::language::Language;
use self::launcher::{launcher, scripts};
use crate::error::{Context, Error, Result};
use crate::workspace::{Workspace, cargo};

/// The variable that names the directory; `target/peers` without it.
pub const DIRECTORY: &str = "THROUGHLINE_PEERS";

/// The variable that is `1` when absence is a failure.
pub const REQUIRE: &str = "THROUGHLINE_REQUIRE_PEERS";

/// The variable that names the file into which skipped tests are written: package, test and peer,
/// separated by tabs.
pub const SKIPS: &str = "THROUGHLINE_SKIPPED";

/// A program, its version and where it comes from.
#[derive(Clone, Copy, Debug)]
struct Peer {
    name: &'static str,
    version: &'static str,
    how: How,
    /// Arguments that make it tell its version.
    check: &'static [&'static str],
}

/// Where a program comes from.
#[derive(Clone, Copy, Debug)]
enum How {
    /// A Debian package, unpacked and not installed, and the programs in it.
    Debian(Debian),
    /// A crate, built.
    Crate,
    /// Our own sources under `tests/peers` and the packages of that language, as its lock file pins
    /// them. The version is that of the package which matters most.
    Language(Language),
}

/// The package's own scripts, and those of Erlang, know the places of an installed package alone.
const RABBITMQ: Needs = Needs::Scripts(&[
    ("rabbitmq-server", include_str!("rabbitmq/rabbitmq-server")),
    ("epmd", include_str!("rabbitmq/epmd")),
    ("erl", include_str!("rabbitmq/erl")),
]);

const PEERS: [Peer; 9] = [
    Peer {
        name: "promtool",
        version: "2.42.0",
        how: How::Debian(Debian {
            package: "prometheus",
            programs: &["promtool", "prometheus"],
            needs: Needs::Nothing,
        }),
        check: &["--version"],
    },
    Peer {
        name: "redis",
        version: "7.0.15",
        how: How::Debian(Debian {
            package: "redis-server",
            programs: &["redis-server"],
            needs: Needs::Dependencies,
        }),
        check: &["--version"],
    },
    Peer {
        name: "rabbitmq",
        version: "3.10.8",
        how: How::Debian(Debian {
            package: "rabbitmq-server",
            programs: &["rabbitmq-server", "epmd"],
            needs: RABBITMQ,
        }),
        check: &["--version"],
    },
    Peer {
        name: "nats",
        version: "2.9.10",
        how: How::Debian(Debian {
            package: "nats-server",
            programs: &["nats-server"],
            needs: Needs::Nothing,
        }),
        check: &["--version"],
    },
    Peer {
        name: "cargo-deny",
        version: "0.20.2",
        how: How::Crate,
        check: &["--version"],
    },
    Peer {
        name: "cargo-fuzz",
        version: "0.13.2",
        how: How::Crate,
        check: &["--version"],
    },
    Peer {
        name: "python",
        version: "grpcio 1.85.1",
        how: How::Language(Language::Python),
        check: &["--version"],
    },
    Peer {
        name: "node",
        version: "grpc-js 1.14.7",
        how: How::Language(Language::Node),
        check: &["--version"],
    },
    Peer {
        name: "go",
        version: "grpc-go 1.85.0",
        how: How::Language(Language::Go),
        check: &["--version"],
    },
];

/// Where the programs are installed.
#[must_use]
pub fn directory(workspace: &Workspace) -> PathBuf {
    match std::env::var_os(DIRECTORY).filter(|path| !path.is_empty()) {
        // Relative to where the command was typed, like any path.
        Some(path) => std::path::absolute(&path).unwrap_or_else(|_| path.into()),
        None => workspace.target().join("peers"),
    }
}

/// A program among the installed ones, or else on the path.
#[must_use]
pub fn find(workspace: &Workspace, name: &str) -> Option<PathBuf> {
    look(Some(&directory(workspace)), name)
}

fn look(directory: Option<&Path>, name: &str) -> Option<PathBuf> {
    let peer = PEERS.iter().find(|peer| peer.name == name);
    let name = match peer {
        Some(peer) => peer.program(),
        None => name,
    };
    let installed = directory.map(|directory| directory.join("bin").join(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|directory| directory.join(name));
    installed
        .into_iter()
        .chain(on_path)
        .find(|program| program.is_file())
}

/// The name to install for a program: a peer may bring several.
fn brought_by(name: &str) -> &str {
    let brings = |peer: &&Peer| peer.name == name || peer.programs().contains(&name);
    PEERS.iter().find(brings).map_or(name, |peer| peer.name)
}

/// As [`find`], for a command that cannot do without.
///
/// # Errors
/// If it is not here: how it is installed is told.
pub fn needed(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    find(workspace, name).ok_or_else(|| Error::new(missing(name)))
}

fn missing(name: &str) -> String {
    let peer = brought_by(name);
    format!("{name} is not here; `cargo xtask peers {peer}` installs it")
}

/// For a test: the program, or `None` when it is to return early.
///
/// # Panics
/// If the program is missing in a strict run.
#[must_use]
#[track_caller]
pub fn require(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os(DIRECTORY).map(PathBuf::from);
    let found = look(directory.as_deref(), name);
    if found.is_none() {
        let strict = std::env::var_os(REQUIRE).is_some_and(|value| value == "1");
        assert!(!strict, "{}", missing(name));
        note_skip(brought_by(name));
    }
    found
}

/// Says that the test of this thread is skipped for want of a peer.
fn note_skip(peer: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    eprintln!("skipped: {peer} is not here");
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "?".to_owned());
    if let Some(path) = std::env::var_os(SKIPS) {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path);
        let line = format!("{package}\t{test}\t{peer}\n");
        // One write, so that tests side by side do not mix their lines.
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.expect("the runner's list of skipped tests can be written");
    }
}

/// Installs the named programs, or all.
///
/// # Errors
/// If a name is unknown, a program cannot be had, or it is not of the pinned version.
pub fn install(names: &[String]) -> Result<()> {
    let known = || PEERS.map(|peer| peer.name).join(", ");
    if let Some(name) = names
        .iter()
        .find(|name| !PEERS.iter().any(|peer| peer.name == **name))
    {
        return Err(Error::new(format!(
            "there is no peer `{name}`; there are: {}",
            known()
        )));
    }
    let workspace = Workspace::load()?;
    let directory = directory(&workspace);
    std::fs::create_dir_all(directory.join("bin"))
        .context(|| format!("cannot make {}", directory.display()))?;
    for peer in PEERS
        .iter()
        .filter(|peer| names.is_empty() || names.iter().any(|n| n == peer.name))
    {
        let Peer { name, version, .. } = peer;
        let is_pinned = |told: String| told.contains(version);
        if peer.is_current(&workspace, &directory)? && peer.told(&directory).is_some_and(is_pinned)
        {
            println!("{name} {version} is in {}", directory.display());
            continue;
        }
        let begun = std::time::Instant::now();
        peer.install(&workspace, &directory)
            .context(|| format!("{name} {version} cannot be installed"))?;
        match peer.told(&directory) {
            Some(told) if told.contains(version) => {
                let took = begun.elapsed().as_secs_f64();
                println!(
                    "{name} {version} installed into {} ({took:.1} s)",
                    directory.display()
                );
            }
            Some(told) => {
                let told = told.lines().next().unwrap_or_default().to_owned();
                return Err(Error::new(format!(
                    "{name} is not {version} but says: {told}"
                )));
            }
            None => return Err(Error::new(format!("{name} was installed but does not run"))),
        }
    }
    Ok(())
}

impl Peer {
    /// The name of its program, which need not be the peer's.
    fn program(&self) -> &'static str {
        self.programs()[0]
    }

    /// The names of all programs that it brings.
    fn programs(&self) -> &[&'static str] {
        match &self.how {
            How::Language(language) => language.programs(),
            How::Debian(debian) => debian.programs,
            How::Crate => std::slice::from_ref(&self.name),
        }
    }

    /// The directory that a package is unpacked to.
    fn home(&self, debian: &Debian) -> String {
        format!("{}-{}", debian.package, self.version)
    }

    /// Whether what is installed was made of the sources and the lock file as they are now.
    fn is_current(&self, workspace: &Workspace, directory: &Path) -> Result<bool> {
        match self.how {
            How::Language(language) => {
                language.is_current(workspace.root(), &directory.join(self.name))
            }
            How::Debian(debian) => Ok(debian.is_current(&directory.join(self.home(&debian)))),
            How::Crate => Ok(true),
        }
    }

    /// What the installed program says of its version.
    fn told(&self, directory: &Path) -> Option<String> {
        let program = directory.join("bin").join(self.program());
        let output = Command::new(program)
            .args(self.check)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = [output.stdout, output.stderr].concat();
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&text).into_owned())
    }

    fn install(&self, workspace: &Workspace, directory: &Path) -> Result<()> {
        match self.how {
            How::Language(language) => {
                let (home, bin) = (directory.join(self.name), directory.join("bin"));
                language.install(workspace.root(), &home, &bin)
            }
            How::Crate => {
                // Kept until it has worked, so that a run that is cut off goes on where it was.
                let build = directory.join("build").join(self.name);
                let mut command = cargo();
                command.args(["install", "--locked", "--force", "--version", self.version]);
                command
                    .arg("--root")
                    .arg(directory)
                    .arg("--target-dir")
                    .arg(&build);
                run(command.arg(self.name))?;
                std::fs::remove_dir_all(&build)
                    .context(|| format!("cannot remove {}", build.display()))
            }
            How::Debian(debian) => debian.install(directory, &self.home(&debian)),
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .context(|| format!("cannot run {program}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("{program} failed ({status})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_programs_come_before_those_on_the_path() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(look(Some(directory.path()), "no-such-program-anywhere").is_none());
        let on_path = look(Some(directory.path()), "sh").expect("every machine has a shell");
        assert!(!on_path.starts_with(directory.path()));

        let bin = directory.path().join("bin");
        std::fs::create_dir(&bin).expect("it is empty");
        std::fs::write(bin.join("sh"), "").expect("it is ours");
        assert_eq!(look(Some(directory.path()), "sh"), Some(bin.join("sh")));
    }

    #[test]
    fn an_unknown_peer_is_told_with_the_known_ones() {
        let error = install(&["promtol".to_owned()])
            .expect_err("a typing mistake")
            .to_string();
        assert_eq!(
            error,
            "there is no peer `promtol`; there are: promtool, redis, rabbitmq, nats, cargo-deny, cargo-fuzz, python, node, go"
        );
    }

    #[test]
    fn a_language_on_the_path_is_not_its_peer() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(look(Some(directory.path()), "python").is_none());
        let bin = directory.path().join("bin");
        std::fs::create_dir(&bin).expect("it is empty");
        std::fs::write(bin.join("peer-python"), "").expect("it is ours");
        assert_eq!(
            look(Some(directory.path()), "python"),
            Some(bin.join("peer-python"))
        );
    }
    #[test]
    fn a_program_is_missed_under_the_name_that_installs_it() {
        #[track_caller]
        fn check(name: &str, peer: &str) {
            let expected = format!("{name} is not here; `cargo xtask peers {peer}` installs it");
            assert_eq!(missing(name), expected);
        }
        check("python", "python");
        check("peer-python-compiler", "python");
        check("peer-python-relay", "python");
        check("prometheus", "promtool");
        check("epmd", "rabbitmq");
        check("cargo-deny", "cargo-deny");
    }
}
