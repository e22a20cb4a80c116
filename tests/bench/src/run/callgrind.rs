//! Instructions, counted by callgrind.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::child::CALLGRIND_BATCHES;
use crate::cases::{Case, Group};

/// valgrind's version, if it is there.
pub(super) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// Instructions a request on the measured thread, for every row. Counts do not mind company, so
/// they run on all processors.
pub(super) fn count_all(group: &Group, profiles: &Path) -> Vec<(&'static str, f64)> {
    fs::create_dir_all(profiles).expect("the directory of profiles can be made");
    let (next, counts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                while let Some(case) = group.cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let count = count(case, profiles);
                    let mut counts = counts.lock().expect("nobody panicked");
                    counts.push((case.name, count));
                }
            });
        }
    });
    counts.into_inner().expect("nobody panicked")
}

fn count(case: &Case, profiles: &Path) -> f64 {
    let profile = profiles.join(format!("callgrind.{}", case.name.replace('/', ".")));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg("--toggle-collect=bench_measured")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe().expect("we run"))
        .args(["fixed", case.name])
        .output()
        .expect("valgrind runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", case.name);
    let profile = fs::read_to_string(&profile).expect("callgrind wrote its profile");
    let total = profile
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    let total = total.expect("a profile has totals").trim().parse::<f64>();
    total.expect("totals are a number") / (CALLGRIND_BATCHES * case.batch) as f64
}
