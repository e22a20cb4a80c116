//! One thread against two on the same series.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::Instant;

use super::Settings;
use super::numbers::{median, whole};
use super::worker::Worker;
use crate::cases::{Group, Role};

const ROUNDS: usize = 40;

pub(super) fn table(settings: &Settings, groups: &[Group]) -> String {
    let cases = groups.iter().flat_map(|group| &group.cases);
    let cases = cases.filter(|case| case.contended);
    let mut workers = cases.cloned().map(Worker::start).collect::<Vec<_>>();
    if workers.is_empty() {
        return String::new();
    }
    let mut out = String::from("## Contention: one thread against two on the same series\n\n");
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        workers.into_iter().for_each(Worker::stop);
        out.push_str("Left out: this machine has one processor.\n\n");
        return out;
    }
    let mut samples = vec![[vec![], vec![]]; workers.len()];
    let (begun, mut done) = (Instant::now(), 0);
    let (rounds, patience) = if settings.quick {
        (2, settings.patience() * 4)
    } else {
        (ROUNDS, settings.patience() * 5)
    };
    while done < rounds && (done == 0 || begun.elapsed() < patience) {
        for (worker, [one, two]) in workers.iter_mut().zip(&mut samples) {
            one.push(worker.threads(1));
            two.push(worker.threads(2));
        }
        done += 1;
    }
    eprintln!(
        "contention: {done} rounds of {} rows in {:.1} s",
        workers.len(),
        begun.elapsed().as_secs_f64()
    );
    out.push_str(
        "Both pinned, on one service; wall ns a request and thread, the median. 1.00 is perfect \
         scaling.\n\n| row | one thread | two threads | slowdown |\n|---|--:|--:|--:|\n",
    );
    for (worker, [one, two]) in workers.iter().zip(&samples) {
        let (one, two) = (median(one), median(two));
        let mark = if worker.case.role == Role::Ours {
            "**"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "| {mark}{}{mark} | {} | {} | {:.2} |",
            worker.case.name,
            whole(one),
            whole(two),
            two / one
        );
    }
    if share_a_core() {
        out.push_str(
            "\nThe first two processors are threads of one core, which fight over nothing that the \
             core's own cache holds: between cores it costs more.\n",
        );
    }
    out.push('\n');
    workers.into_iter().for_each(Worker::stop);
    out
}

/// Whether the processors that the threads are pinned to are one core's, where Linux says.
fn share_a_core() -> bool {
    let siblings = "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list";
    let siblings = fs::read_to_string(siblings).unwrap_or_default();
    siblings.trim() != "0" && !siblings.is_empty()
}
