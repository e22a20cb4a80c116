//! How much a test does, and the seed that it does it by.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::{env, fmt::Debug, str::FromStr};

/// What the environment says; by default `full` in a release build and a tenth of it in a debug one.
pub fn count(variable: &str, full: usize) -> usize {
    let tenth = cfg!(debug_assertions);
    count_always(variable, if tenth { full / 10 } else { full })
}

/// What the environment says; by default the same in every build.
pub fn count_always(variable: &str, default: usize) -> usize {
    read(variable).unwrap_or(default)
}

/// The seed of this run; `THROUGHLINE_SEED` repeats one.
pub fn seed() -> u64 {
    let seed = read("THROUGHLINE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("THROUGHLINE_SEED={seed}");
    seed
}

fn read<T: FromStr<Err: Debug>>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
    )
}

/// The size of a page in bytes: it is among any mapping's details.
fn page() -> usize {
    let smaps = std::fs::read_to_string("/proc/self/smaps").expect("this is Linux");
    let kilobytes = smaps.lines().find_map(|line| {
        let size = line.strip_prefix("KernelPageSize:")?.strip_suffix("kB")?;
        size.trim().parse::<usize>().ok()
    });
    kilobytes.expect("every mapping has pages") * 1024
}

/// The resident set in bytes.
pub fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages
        .map(|pages: usize| pages * page())
        .expect("it is the second number")
}
