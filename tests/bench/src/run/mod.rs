//! Runs cases: a process a case, one batch of each in turn, so that slow spells of the machine fall
//! on all of them alike.

mod callgrind;
mod child;
mod contention;
mod measured;
mod numbers;
mod table;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub use self::child::{child, fixed};
pub use self::measured::Measured;
use self::worker::Worker;
use crate::cases::{self, Case, Group, Role};

/// What the command line asks for.
pub struct Settings {
    pub quick: bool,
    pub callgrind: bool,
    pub rounds: usize,
    pub profiles: PathBuf,
    pub filters: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let program = std::env::current_exe().expect("we run");
        Self {
            quick: false,
            callgrind: true,
            rounds: 300,
            profiles: program.with_file_name("profiles"),
            filters: Vec::new(),
        }
    }
}

impl Settings {
    fn rounds(&self) -> usize {
        if self.quick { 10 } else { self.rounds }
    }

    /// How long the rounds of one table may take.
    fn patience(&self) -> Duration {
        Duration::from_secs(if self.quick { 2 } else { 12 })
    }

    fn wants(&self, group: &Group, case: &Case) -> bool {
        let named = |name: &str| self.filters.iter().any(|filter| name.contains(filter));
        self.filters.is_empty() || named(group.name) || named(case.name)
    }

    /// The groups with the rows that are asked for, and what these are measured against.
    fn groups(&self) -> Vec<Group> {
        let chosen = cases::all().into_iter().filter_map(|mut group| {
            let wanted = group.cases.iter().any(|case| self.wants(&group, case));
            let cases = group.cases.clone();
            group.cases = cases
                .into_iter()
                .filter(|case| {
                    let needed = matches!(case.role, Role::Base | Role::Floor);
                    needed || self.wants(&group, case)
                })
                .collect();
            wanted.then_some(group)
        });
        chosen.collect()
    }
}

/// Names the rows.
pub fn list(settings: &Settings) -> ExitCode {
    for group in settings.groups() {
        println!("{}", group.name);
        for case in group.cases {
            println!("  {:<32} {}", case.name, case.title);
        }
    }
    ExitCode::SUCCESS
}

/// Shows what telemetry each row emits, and nothing else. Fails if one emits none.
pub fn evidence(settings: &Settings) -> ExitCode {
    let mut measured = Measured::default();
    let groups = settings.groups();
    for group in &groups {
        for mut worker in Worker::start_all(group) {
            let seen = worker.evidence();
            measured.row(worker.case.name).evidence = seen;
            worker.stop();
        }
    }
    let (table, silent) = table::evidence(&groups, &measured);
    println!("{table}");
    verdict(&silent)
}

/// All tables. Fails if a row emits nothing; a bar that is missed is marked and fails nothing.
pub fn compare(settings: &Settings) -> ExitCode {
    let groups = settings.groups();
    if groups.is_empty() {
        eprintln!("no row has such a name; `--list` names them");
        return ExitCode::FAILURE;
    }
    let begun = Instant::now();
    let counts = settings.callgrind && !settings.quick;
    let valgrind = counts.then(callgrind::version).flatten();
    print!("{}", table::preamble(settings, valgrind.as_deref()));
    let mut measured = Measured::default();
    for group in &groups {
        measure(settings, group, &mut measured);
        if valgrind.is_some() {
            eprintln!("{}: instructions", group.name);
            for (name, count) in callgrind::count_all(group, &settings.profiles) {
                measured.row(name).instructions = Some(count);
            }
        }
        println!("{}", table::of(group, &measured));
        if let Some(conclusion) = group.conclusion {
            println!("{}", conclusion(&measured));
        }
    }
    print!("{}", contention::table(settings, &groups));
    print!("{}", table::over(&groups, &measured));
    let (evidence, silent) = table::evidence(&groups, &measured);
    println!("{evidence}");
    println!("{}", table::epilogue(begun.elapsed()));
    verdict(&silent)
}

fn measure(settings: &Settings, group: &Group, measured: &mut Measured) {
    let mut workers = Worker::start_all(group);
    for worker in &mut workers {
        let row = measured.row(worker.case.name);
        row.heap = worker.heap();
        row.evidence = worker.evidence();
    }
    let begun = Instant::now();
    let mut done = 0;
    while done < settings.rounds() && (done < 3 || begun.elapsed() < settings.patience()) {
        for worker in &mut workers {
            let [wall, cpu, later] = worker.time();
            let row = measured.row(worker.case.name);
            row.wall.push(wall);
            row.cpu.push(cpu);
            row.later.push(later);
        }
        done += 1;
    }
    let names = workers.iter().map(|worker| worker.case.name);
    measured.keep_calm_rounds(&names.collect::<Vec<_>>());
    eprintln!(
        "{}: {done} rounds of {} rows in {:.1} s",
        group.name,
        workers.len(),
        begun.elapsed().as_secs_f64()
    );
    workers.into_iter().for_each(Worker::stop);
}

fn verdict(silent: &[&str]) -> ExitCode {
    if silent.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("these rows did nothing: {}", silent.join(", "));
    ExitCode::FAILURE
}
