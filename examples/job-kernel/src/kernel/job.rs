//! One job, and the one place where its state changes.

use std::time::SystemTime;

use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::{Failure, IllegalTransition, Stage, State, eigen};
use crate::{
    job::{JobId, JobSpec},
    rpc,
};

/// A step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub time: SystemTime,
    /// Where the job was.
    pub from: State,
    /// Where it is now.
    pub to: State,
    /// What brought it there.
    pub stage: Stage,
}

/// What changes about a job.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where the job is.
    pub state: State,
    /// How it shall run, once validated.
    pub spec: Option<JobSpec>,
    /// How it came there, oldest first.
    pub transitions: Vec<Transition>,
    /// How many gates the compiler took out.
    pub cancelled_gates: u32,
    /// The device that it was given.
    pub device_id: Option<String>,
    /// The outcomes, once completed.
    pub counts: Option<rpc::Counts>,
    /// The reason, once failed.
    pub failure: Option<Failure>,
}

/// A job: its id, and how it is.
#[derive(Debug)]
pub struct Job {
    id: JobId,
    record: watch::Sender<Record>,
}

impl Job {
    /// A job that has just been submitted.
    #[must_use]
    pub fn new(id: JobId) -> Self {
        let record = Record {
            state: State::Submitted,
            spec: None,
            transitions: Vec::new(),
            cancelled_gates: 0,
            device_id: None,
            counts: None,
            failure: None,
        };
        Self {
            id,
            record: watch::Sender::new(record),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &JobId {
        &self.id
    }

    /// How it is right now.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record.borrow().clone()
    }

    /// Where it is right now.
    #[must_use]
    pub fn state(&self) -> State {
        self.record.borrow().state
    }

    /// Takes it one step on. Every change of a job's state goes through here; `with` notes what
    /// belongs to the new state, and nobody sees the one without the other.
    ///
    /// # Errors
    /// If its state does not allow the step; then nothing changes.
    pub fn transition(
        &self,
        to: State,
        stage: Stage,
        with: impl FnOnce(&mut Record),
    ) -> Result<(), IllegalTransition> {
        let mut result = Ok(());
        self.record.send_if_modified(|record| {
            let from = record.state;
            result = throughline_job::transition(
                eigen::eigen_kernel_job_state_transitions_total,
                from,
                to,
            );
            if result.is_err() {
                return false;
            }
            record.state = to;
            record.transitions.push(Transition {
                time: SystemTime::now(),
                from,
                to,
                stage,
            });
            with(record);
            true
        });
        if result.is_ok() {
            tracing::info!("the job is {to}");
        }
        result
    }

    /// Its transitions so far, then each new one, up to the terminal one.
    pub fn transitions(&self) -> impl Stream<Item = Transition> + Send + use<> {
        stream::unfold(
            (self.record.subscribe(), 0),
            |(mut record, seen)| async move {
                loop {
                    let (next, ended) = {
                        let record = record.borrow_and_update();
                        (
                            record.transitions.get(seen).copied(),
                            record.state.is_terminal(),
                        )
                    };
                    match next {
                        Some(transition) => return Some((transition, (record, seen + 1))),
                        None if ended => return None,
                        // A job that goes away has no more transitions.
                        None => record.changed().await.ok()?,
                    }
                }
            },
        )
    }
}
