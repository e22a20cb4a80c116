//! Peers from Debian packages, which are unpacked and not installed: no service starts, nothing of the
//! machine changes, and whoever may read the packages needs no rights.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{launcher, run, scripts};
use crate::error::{Context, Error, Result};

/// A Debian package and what of it is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Debian {
    pub(super) package: &'static str,
    /// The programs; the first is the one that tells its version.
    pub(super) programs: &'static [&'static str],
    pub(super) needs: Needs,
}

/// What a package needs beside itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    /// Nothing that is not on every machine.
    Nothing,
    /// Those of the packages that it depends on which the machine has not.
    Dependencies,
    /// These too, and scripts of ours in the place of its own programs, which look for everything where
    /// only an installation would have put it.
    Scripts(&'static [(&'static str, &'static str)]),
}

impl Debian {
    /// Whether the scripts of ours that are in `home` are as they are now.
    pub(super) fn is_current(&self, home: &Path) -> bool {
        let Needs::Scripts(texts) = self.needs else {
            return true;
        };
        let is_same = |(name, text): &(&str, &str)| {
            std::fs::read_to_string(home.join(name)).is_ok_and(|found| found == *text)
        };
        texts.iter().all(is_same)
    }

    /// Unpacks it as `directory/name`, and makes its programs in `directory/bin`.
    pub(super) fn install(&self, directory: &Path, name: &str) -> Result<()> {
        let work = directory.join("build").join(name);
        let home = directory.join(name);
        // What an earlier run left may be half a package.
        for left in [&work, &home] {
            let _ = std::fs::remove_dir_all(left);
        }
        // apt-get wants a place for what it has not wholly got.
        std::fs::create_dir_all(work.join("partial"))
            .context(|| format!("cannot make {}", work.display()))?;
        if run(&mut self.fetch(&work)).is_err() {
            // A fresh machine has no lists of packages yet, and old lists name what is gone.
            run(Command::new("apt-get").args(["--quiet", "update"]))?;
            run(&mut self.fetch(&work))?;
        }
        let archives = with_extension(&work, "deb")?;
        if archives.is_empty() {
            return Err(Error::new(format!(
                "apt-get brought no archive of {}",
                self.package
            )));
        }
        for archive in &archives {
            run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&home))?;
        }
        let bin = directory.join("bin");
        match self.needs {
            Needs::Scripts(texts) => scripts(texts, &home, &bin, self.programs)?,
            Needs::Nothing | Needs::Dependencies => {
                for program in self.programs {
                    let target = ["usr/bin", "usr/sbin"]
                        .map(|place| home.join(place).join(program))
                        .into_iter()
                        .find(|path| path.is_file())
                        .ok_or_else(|| Error::new(format!("{} has no {program}", self.package)))?;
                    let libraries = [("LD_LIBRARY_PATH", libraries(&home)?)];
                    launcher(&bin.join(program), &libraries, &[&target])?;
                }
            }
        }
        std::fs::remove_dir_all(&work).context(|| format!("cannot remove {}", work.display()))
    }

    /// Brings the archives into `work`.
    fn fetch(&self, work: &Path) -> Command {
        let mut command = Command::new("apt-get");
        // Its own user may not write to where the peers are.
        command.args(["--quiet", "-o", "APT::Sandbox::User=root"]);
        match self.needs {
            Needs::Nothing => command.arg("download").current_dir(work),
            Needs::Dependencies | Needs::Scripts(_) => {
                let mut archives = OsString::from("Dir::Cache::archives=");
                archives.push(work);
                // Nothing is installed, so the locks need not be held, nor the right to them be had.
                command
                    .args(["-o", "Debug::NoLocking=1", "-o"])
                    .arg(archives);
                command.args(["install", "--download-only", "--reinstall", "--yes"]);
                command.arg("--no-install-recommends")
            }
        };
        command.arg(self.package);
        command
    }
}

/// Where the shared libraries of an unpacked tree are, as the loader wants to be told.
fn libraries(home: &Path) -> Result<OsString> {
    let mut found = Vec::new();
    for place in ["usr/lib", "lib"] {
        let place = home.join(place);
        let Ok(entries) = std::fs::read_dir(&place) else {
            continue;
        };
        let is_of_a_machine = |path: &PathBuf| path.to_string_lossy().ends_with("-linux-gnu");
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        found.extend(paths.filter(is_of_a_machine));
    }
    std::env::join_paths(found).context(|| format!("{} has a colon", home.display()))
}

fn with_extension(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(directory).context(|| format!("cannot read {}", directory.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect())
}
