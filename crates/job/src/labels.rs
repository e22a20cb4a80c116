//! The labels of jobs: closed sets, and names that are capped.

use std::sync::OnceLock;

use throughline_catalog::{Label, Labels, Values, label};

use crate::run::Run;

label! {
    /// The queue, topic or stream, by the name that a [`Worker`](crate::Worker) or a
    /// [`Producer`](crate::Producer) was given. At most 64 of them in a process.
    pub struct Queue: Capped<64>;
}

label! {
    /// The kind of work, such as `render`. At most 128 of them in a process, and of a worker that
    /// was told its [`job_types`](crate::Worker::job_types) only those: whoever can write to a
    /// queue can invent as many as he likes.
    pub struct JobType: Capped<128>;
}

label! {
    /// The worker, by the name that it was given. At most 64 of them in a process.
    pub struct WorkerName: Capped<64>;
}

label! {
    /// The broker, as the conventions call it: `kafka`, `nats`, `rabbitmq`, `redis`. At most 16 of them
    /// in a process.
    pub struct System: Capped<16>;
}

label! {
    /// What is done with a queue, by OpenTelemetry's messaging conventions.
    pub enum OperationName {
        Send = "send",
        Receive = "receive",
        Process = "process",
        Settle = "settle",
    }
}

/// What OpenTelemetry calls `error.type`: the [`Outcome`] of what failed, and nothing, which is the empty
/// label, of what did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorType(Option<Outcome>);

impl Label for ErrorType {
    const CARDINALITY: usize = Outcome::CARDINALITY;
    // In the place of `ok`, which is no error.
    const VALUES: Values = Values::Closed(&[
        "",
        "retry",
        "dead_letter",
        "failed",
        "timeout",
        "cancelled",
        "panicked",
        "abandoned",
    ]);

    fn index(self) -> usize {
        self.0.map_or(0, |outcome| outcome.index())
    }

    fn text(index: usize) -> &'static str {
        match index {
            0 => "",
            index => Outcome::text(index),
        }
    }
}

label! {
    /// Which attempt at the job it is.
    pub enum Attempt {
        /// The first.
        First = "first",
        /// A later one, after which there may be others.
        Retry = "retry",
        /// The last that the job has.
        Final = "final",
    }
}

label! {
    /// What set the job off.
    pub enum Trigger {
        /// A message that is due at once.
        Message = "message",
        /// A message that was to wait.
        Delay = "delay",
        /// A plan, such as that of cron.
        Schedule = "schedule",
        /// Somebody who took it out of a dead-letter queue.
        Redrive = "redrive",
    }
}

label! {
    /// How an attempt at a job ended.
    pub enum Outcome {
        /// It did what it should.
        Ok = "ok",
        /// It failed and will be tried again.
        Retry = "retry",
        /// It failed for good, and its message went to the dead-letter queue.
        DeadLetter = "dead_letter",
        /// It failed for good.
        Failed = "failed",
        /// It took too long and was given up.
        Timeout = "timeout",
        /// Its future was dropped before it ended.
        Cancelled = "cancelled",
        /// It panicked.
        Panicked = "panicked",
        /// Nobody said how it ended: the worker lost it, or died with it.
        Abandoned = "abandoned",
    }
}

impl JobType {
    /// The one value of jobs of a type that the worker was not told.
    #[must_use]
    pub fn other() -> Self {
        // Needed for each such job, and found once.
        static OTHER: OnceLock<JobType> = OnceLock::new();
        *OTHER.get_or_init(|| Self::of("_OTHER"))
    }
}

impl System {
    /// The one value where nobody said which it is.
    #[must_use]
    pub fn unknown() -> Self {
        static UNKNOWN: OnceLock<System> = OnceLock::new();
        *UNKNOWN.get_or_init(|| Self::of("unknown"))
    }
}

impl WorkerName {
    /// The one value of workers without a name.
    #[must_use]
    pub fn unnamed() -> Self {
        static UNNAMED: OnceLock<WorkerName> = OnceLock::new();
        *UNNAMED.get_or_init(|| Self::of("unnamed"))
    }
}

impl Outcome {
    /// Whether the job's span fails with it: it failed, and there will be no further attempt that
    /// this worker knows of.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Ok | Self::Retry | Self::Cancelled => false,
            Self::DeadLetter | Self::Failed | Self::Timeout | Self::Panicked | Self::Abandoned => {
                true
            }
        }
    }
}

/// A label that can be read from a [`Run`].
///
/// Implement it for a label type of your own to have it in your families:
///
/// ```
/// use throughline_catalog::label;
/// use throughline_job::{JobLabel, Run, StartLabel};
///
/// label! {
///     /// The phases of a benchmark.
///     pub enum Phase { Provision = "provision", Run = "run", Other = "other" }
/// }
///
/// impl JobLabel for Phase {
///     fn read(run: &Run) -> Self {
///         match run.job_type().as_str() {
///             "provision" => Self::Provision,
///             "run" => Self::Run,
///             _ => Self::Other,
///         }
///     }
/// }
///
/// // The type is known from the start, so the in-flight gauge may have the label too.
/// impl StartLabel for Phase {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a run of a job",
    label = "not a label of a job",
    note = "implement `JobLabel` for it"
)]
pub trait JobLabel: Label {
    /// The label's value for this run. It must not panic: it may be asked while a panic unwinds.
    fn read(run: &Run) -> Self;
}

/// A label that is known when a job begins, and so can be one of an in-flight gauge or of a delay.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known when a job begins",
    label = "known at the end only",
    note = "leave it out of this family; a family of totals or of durations may have it"
)]
pub trait StartLabel: JobLabel {}

/// A label that a queue or a worker has as a whole, whichever jobs are in it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known of a queue or a worker as a whole",
    label = "known of a job only",
    note = "leave it out of this family; a family about jobs may have it"
)]
pub trait QueueLabel: StartLabel {}

macro_rules! read {
    ($($label:ident: $run:ident => $value:expr;)*) => {$(
        impl JobLabel for $label {
            fn read($run: &Run) -> Self {
                $value
            }
        }
    )*};
}

read! {
    Queue: run => run.queue();
    WorkerName: run => run.worker();
    JobType: run => run.job_type();
    Attempt: run => run.attempt();
    Trigger: run => run.trigger();
    Outcome: run => run.outcome();
    System: run => run.system();
    OperationName: run => run.operation();
    ErrorType: run => Self(Some(run.outcome()).filter(|outcome| *outcome != Outcome::Ok));
}

impl StartLabel for Queue {}
impl StartLabel for WorkerName {}
impl StartLabel for JobType {}
impl StartLabel for Attempt {}
impl StartLabel for Trigger {}
impl StartLabel for System {}
impl StartLabel for OperationName {}
impl QueueLabel for Queue {}
impl QueueLabel for System {}
impl QueueLabel for WorkerName {}

/// The labels of a family about jobs: a tuple of [`JobLabel`]s, in any order.
pub trait JobLabels: Labels {
    /// The index of the labels' values for this run.
    fn index_of(run: &Run) -> usize;
}

/// The labels of what is recorded when a job begins: a tuple of [`StartLabel`]s.
pub trait StartLabels: JobLabels {}

/// The labels of what is shown of a queue or a worker as a whole: a tuple of [`QueueLabel`]s.
pub trait QueueLabels: StartLabels {}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<$($label: JobLabel),*> JobLabels for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(run: &Run) -> usize {
                ($($label::read(run),)*).index()
            }
        }

        impl<$($label: StartLabel),*> StartLabels for ($($label,)*) {}

        impl<$($label: QueueLabel),*> QueueLabels for ($($label,)*) {}
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
