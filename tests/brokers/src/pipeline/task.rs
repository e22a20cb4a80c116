//! What is to be done.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use throughline_job::{Job, Trigger};

use crate::broker::BrokerError;

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The kind of work.
    pub job_type: String,
    /// How it goes.
    pub way: Way,
}

/// How a benchmark goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Well.
    Steady,
    /// It fails at the first attempt.
    Flaky,
    /// It fails at every attempt, until somebody has looked after it and sends it once more.
    Poison,
    /// At the first attempt it never ends.
    Stuck,
}

/// What a runner is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// End well.
    Succeed,
    /// Fail.
    Fail,
    /// Work for as long as whoever asked for it lives.
    Hold,
}

impl Task {
    /// A benchmark.
    #[must_use]
    pub fn new(way: Way) -> Self {
        Self {
            job_type: "bench".to_owned(),
            way,
        }
    }

    /// The message's body.
    ///
    /// # Errors
    /// Never, as there is nothing in it that JSON has not.
    pub fn to_body(&self) -> Result<String, BrokerError> {
        Ok(serde_json::to_string(self)?)
    }

    /// What a message's body says.
    ///
    /// # Errors
    /// If it is not one of ours.
    pub fn of(body: &str) -> Result<Self, BrokerError> {
        Ok(serde_json::from_str(body)?)
    }
}

impl Way {
    /// What becomes of this attempt.
    pub(super) fn order(self, job: &Job) -> Order {
        let is_first = job.attempt() == 1;
        match self {
            Self::Flaky if is_first => Order::Fail,
            Self::Stuck if is_first => Order::Hold,
            Self::Poison if job.as_run().trigger() != Trigger::Redrive => Order::Fail,
            Self::Steady | Self::Flaky | Self::Poison | Self::Stuck => Order::Succeed,
        }
    }
}
