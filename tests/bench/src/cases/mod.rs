//! The registry. To add a row: a function that returns a boxed `Workload`, and one line in the list
//! of its group.

mod context;
mod floor;
mod grpc;
mod http;
mod job;
mod log;
mod record;
mod request_id;
mod socket;
mod span;
mod stack;
mod whole_job;

use crate::run::Measured;
use crate::workload::Workload;

pub type Setup = fn() -> Box<dyn Workload>;

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the others are added to; it emits nothing.
    Base,
    /// Axum's own price for a layer; it emits nothing.
    Identity,
    /// The least that any layer which does this must do.
    Floor,
    Ours,
    Peer,
}

/// One row. Its setup runs once, in a process of its own, so it may install recorders, subscribers
/// and providers for the whole process.
#[derive(Clone)]
pub struct Case {
    /// Unique: for filters, and for the names of profiles.
    pub name: &'static str,
    /// What it is, and which families and concerns are on.
    pub title: &'static str,
    pub role: Role,
    pub setup: Setup,
    pub bar: Option<Bar>,
    /// Requests or operations a batch; 0 for as many as the group has.
    pub batch: usize,
    /// Whether it is also measured with two threads.
    pub contended: bool,
}

impl Case {
    const fn new(role: Role, name: &'static str, title: &'static str, setup: Setup) -> Self {
        Self {
            name,
            title,
            role,
            setup,
            bar: None,
            batch: 0,
            contended: false,
        }
    }

    const fn bar(mut self, bar: Bar) -> Self {
        self.bar = Some(bar);
        self
    }

    const fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    const fn contended(mut self) -> Self {
        self.contended = true;
        self
    }
}

const fn base(name: &'static str, title: &'static str, setup: Setup) -> Case {
    Case::new(Role::Base, name, title, setup)
}

const fn identity(name: &'static str, title: &'static str, setup: Setup) -> Case {
    Case::new(Role::Identity, name, title, setup)
}

const fn floor(name: &'static str, title: &'static str, setup: Setup) -> Case {
    Case::new(Role::Floor, name, title, setup)
}

const fn ours(name: &'static str, title: &'static str, setup: Setup) -> Case {
    Case::new(Role::Ours, name, title, setup)
}

const fn peer(name: &'static str, title: &'static str, setup: Setup) -> Case {
    Case::new(Role::Peer, name, title, setup)
}

/// The most that a row may add to its base.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bar {
    pub allocations: Option<f64>,
    pub instructions: Option<f64>,
    pub cpu: Option<Cpu>,
}

/// Processor time on the thread of the request.
#[derive(Clone, Copy, Debug)]
pub enum Cpu {
    Ns(f64),
    /// So many times what the floor of the same run adds.
    Floor(f64),
}

const fn bar(allocations: f64, instructions: f64, cpu: Cpu) -> Bar {
    Bar {
        allocations: Some(allocations),
        instructions: Some(instructions),
        cpu: Some(cpu),
    }
}

/// One table. Its first row is the base of all others.
pub struct Group {
    pub name: &'static str,
    pub title: &'static str,
    /// What a request or an operation is.
    pub unit: &'static str,
    pub cases: Vec<Case>,
    /// What follows from the table.
    pub conclusion: Option<fn(&Measured) -> String>,
}

fn group(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    batch: usize,
    cases: Vec<Case>,
) -> Group {
    let in_batches = |case: Case| match case.batch {
        0 => case.batch(batch),
        _ => case,
    };
    Group {
        name,
        title,
        unit,
        cases: cases.into_iter().map(in_batches).collect(),
        conclusion: None,
    }
}

/// Fits the batch processor's queue and its export, so that nothing is dropped or exported in the
/// middle of a timed run; a multiple of the number of routes.
const REQUESTS: usize = 480;
/// Operations that leave nothing in a queue.
const OPERATIONS: usize = 9_600;

pub fn all() -> Vec<Group> {
    [
        http::groups(),
        request_id::groups(),
        span::groups(),
        stack::groups(),
        grpc::groups(),
        record::groups(),
        job::groups(),
        context::groups(),
        log::groups(),
        socket::groups(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub fn find(name: &str) -> Case {
    let cases = all().into_iter().flat_map(|group| group.cases);
    let found = cases.into_iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("there is no row {name}"))
}
