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
