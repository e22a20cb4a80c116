//! The states and stages of a job, and which state may follow which.

use throughline_catalog::label;

label! {
    /// Where a job is. The order is that of the protobuf enum.
    pub enum State {
        /// Taken in; every job starts here.
        Submitted = "submitted",
        /// Its settings are in order.
        Validated = "validated",
        /// Its circuit is compiled.
        Compiled = "compiled",
        /// It has a device.
        Scheduled = "scheduled",
        /// The device has it.
        Running = "running",
        /// The device has answered.
        Collecting = "collecting",
        /// Its counts are there; it stays so.
        Completed = "completed",
        /// It ended without counts; it stays so.
        Failed = "failed",
    }
}

impl State {
    /// Whether a job in it has ended.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

impl throughline_job::State for State {
    /// One step on, or to failed from wherever it has not ended.
    fn may_become(self, to: Self) -> bool {
        match self {
            Self::Submitted => matches!(to, Self::Validated | Self::Failed),
            Self::Validated => matches!(to, Self::Compiled | Self::Failed),
            Self::Compiled => matches!(to, Self::Scheduled | Self::Failed),
            Self::Scheduled => matches!(to, Self::Running | Self::Failed),
            Self::Running => matches!(to, Self::Collecting | Self::Failed),
            Self::Collecting => matches!(to, Self::Completed | Self::Failed),
            Self::Completed | Self::Failed => false,
        }
    }
}

label! {
    /// What is being done to a job. The order is that of the protobuf enum.
    pub enum Stage {
        /// Looks at its settings.
        Validate = "validate",
        /// Has its circuit compiled.
        Compile = "compile",
        /// Finds it a device.
        Schedule = "schedule",
        /// Has the device run it.
        Execute = "execute",
        /// Checks and keeps what the device answered.
        Collect = "collect",
    }
}

/// A step that a job's state does not allow.
pub type IllegalTransition = throughline_job::IllegalTransition<State>;
