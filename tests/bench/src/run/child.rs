//! The process of one case.

use std::hint::spin_loop;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::alloc::counted;
use crate::cases::{self, Case};
use crate::telemetry::Seen;
use crate::workload::Workload;

const WARM_BATCHES: usize = 3;
pub(super) const CALLGRIND_BATCHES: usize = 4;

/// How often a round of several threads is tried.
const CONTENDED_TRIES: usize = 6;
/// The least share of a round that the threads must have spent side by side, each on a processor.
const CLEAN: f64 = 0.95;

/// Everything measured happens under this name, which callgrind is told to watch.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn bench_measured(workload: &mut dyn Workload) {
    workload.run();
    // Keeps the call above from becoming a jump, which callgrind would not see as one.
    std::hint::black_box(());
}

fn warmed(case: &Case) -> Box<dyn Workload> {
    let mut workload = (case.setup)();
    for _ in 0..WARM_BATCHES {
        workload.prepare(case.batch);
        workload.run();
        workload.settle();
    }
    workload
}

/// Under callgrind: some measured batches, then the end.
pub fn fixed(name: &str) {
    let case = cases::find(name);
    let mut workload = warmed(&case);
    for _ in 0..CALLGRIND_BATCHES {
        workload.prepare(case.batch);
        bench_measured(workload.as_mut());
        workload.settle();
    }
    // The shutdown of providers is of no interest here.
    std::process::exit(0);
}

/// For times and counts: answers each line with a line.
pub fn child(name: &str) {
    let case = cases::find(name);
    let mut workload = warmed(&case);
    let mut out = io::stdout();
    for line in io::stdin().lines() {
        let answer = match line.expect("the parent writes text").as_str() {
            "time" => time(workload.as_mut(), case.batch)
                .map(|n| n.to_string())
                .join(" "),
            "heap" => {
                workload.prepare(case.batch);
                let counts = counted(|| workload.run());
                workload.settle();
                counts.map(|n| n.to_string()).join(" ")
            }
            "evidence" => evidence(workload.as_mut(), case.batch),
            "threads 1" => contended(workload.as_ref(), case.batch, 1).to_string(),
            "threads 2" => contended(workload.as_ref(), case.batch, 2).to_string(),
            other => panic!("unknown request {other}"),
        };
        writeln!(out, "{answer}")
            .and_then(|()| out.flush())
            .expect("the parent reads");
    }
    std::process::exit(0);
}

fn evidence(workload: &mut dyn Workload, batch: usize) -> String {
    let before = Seen::now();
    workload.prepare(batch);
    workload.run();
    workload.settle();
    let mut shown = Seen::now().since(&before, batch);
    shown.extend(workload.proof());
    shown.join(", ")
}

/// Wall and CPU time of a batch on this thread, and the CPU time that the process spent on it beside
/// or afterwards, in ns.
fn time(workload: &mut dyn Workload, batch: usize) -> [u64; 3] {
    workload.prepare(batch.div_ceil(4));
    workload.run();
    workload.settle();
    workload.prepare(batch);
    let all = clock(libc::CLOCK_PROCESS_CPUTIME_ID);
    let cpu = clock(libc::CLOCK_THREAD_CPUTIME_ID);
    let wall = Instant::now();
    bench_measured(workload);
    let wall = wall.elapsed().as_nanos() as u64;
    let cpu = clock(libc::CLOCK_THREAD_CPUTIME_ID) - cpu;
    workload.settle();
    let all = clock(libc::CLOCK_PROCESS_CPUTIME_ID) - all;
    [wall, cpu, all.saturating_sub(cpu)]
}

fn clock(id: libc::clockid_t) -> u64 {
    let mut at = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `at` is a valid out pointer for the duration of the call.
    assert_eq!(unsafe { libc::clock_gettime(id, &mut at) }, 0);
    at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64
}

/// Mean wall ns a batch, by `threads` pinned threads that work on the same series at once. A round
/// counts if they ran side by side and neither lost its processor; where that never happens, the
/// cleanest stands in.
fn contended(workload: &dyn Workload, batch: usize, threads: usize) -> u64 {
    let mut cleanest = (-1.0, 0);
    for _ in 0..CONTENDED_TRIES {
        let (clean, ns) = contended_round(workload, batch, threads);
        if clean > cleanest.0 {
            cleanest = (clean, ns);
        }
        if clean >= CLEAN {
            break;
        }
    }
    cleanest.1
}

/// How clean a round was, from 0 to 1, and its ns.
fn contended_round(workload: &dyn Workload, batch: usize, threads: usize) -> (f64, u64) {
    let ready = &AtomicUsize::new(0);
    let runs: Vec<(Instant, Instant, u64)> = thread::scope(|scope| {
        let start = |processor| {
            let mut own = workload.fork();
            scope.spawn(move || {
                pin(processor);
                own.prepare(batch.div_ceil(4));
                own.run();
                own.prepare(batch);
                ready.fetch_add(1, Ordering::AcqRel);
                while ready.load(Ordering::Acquire) < threads {
                    spin_loop();
                }
                let cpu = clock(libc::CLOCK_THREAD_CPUTIME_ID);
                let start = Instant::now();
                own.run();
                let end = Instant::now();
                (start, end, clock(libc::CLOCK_THREAD_CPUTIME_ID) - cpu)
            })
        };
        let running = (0..threads).map(start).collect::<Vec<_>>();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.map(|run| run.expect("no case panics")).collect()
    });
    workload.settle();
    let first = runs
        .iter()
        .map(|run| run.0)
        .max()
        .expect("there is a thread");
    let last = runs
        .iter()
        .map(|run| run.1)
        .min()
        .expect("there is a thread");
    let mean = runs.iter().map(|run| run.1 - run.0).sum::<Duration>() / threads as u32;
    let overlap = last.saturating_duration_since(first).as_secs_f64() / mean.as_secs_f64();
    let busy = runs
        .iter()
        .map(|run| run.2 as f64 / (run.1 - run.0).as_nanos() as f64);
    (busy.fold(overlap, f64::min), mean.as_nanos() as u64)
}

/// Keeps this thread on the `nth` of the processors that we may use.
fn pin(nth: usize) {
    // SAFETY: the sets are plain data, initialised before use, and outlive the calls.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        let size = size_of_val(&allowed);
        assert_eq!(libc::sched_getaffinity(0, size, &mut allowed), 0);
        let mut processors = (0..size * 8).filter(|at| libc::CPU_ISSET(*at, &allowed));
        let processor = processors.nth(nth).expect("there are so many processors");
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        assert_eq!(libc::sched_setaffinity(0, size, &set), 0);
    }
}
