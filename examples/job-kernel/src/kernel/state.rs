use std::{error::Error, fmt};

/// Where a job is. The numbers are those of the protobuf enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Taken in; every job starts here.
    Submitted = 1,
    /// Its settings are in order.
    Validated,
    /// Its circuit is compiled.
    Compiled,
    /// It has a device.
    Scheduled,
    /// The device has it.
    Running,
    /// The device has answered.
    Collecting,
    /// Its counts are there; it stays so.
    Completed,
    /// It ended without counts; it stays so.
    Failed,
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 8] = [
        Self::Submitted,
        Self::Validated,
        Self::Compiled,
        Self::Scheduled,
        Self::Running,
        Self::Collecting,
        Self::Completed,
        Self::Failed,
    ];

    /// The state as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Validated => "validated",
            Self::Compiled => "compiled",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Collecting => "collecting",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Whether a job in it has ended.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// Whether a job may go from here to there: one step on, or to failed from wherever it has
    /// not ended.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
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

/// What is being done to a job. The numbers are those of the protobuf enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looks at its settings.
    Validate = 1,
    /// Has its circuit compiled.
    Compile,
    /// Finds it a device.
    Schedule,
    /// Has the device run it.
    Execute,
    /// Checks and keeps what the device answered.
    Collect,
}

impl Stage {
    /// Every stage there is.
    pub const ALL: [Self; 5] = [
        Self::Validate,
        Self::Compile,
        Self::Schedule,
        Self::Execute,
        Self::Collect,
    ];

    /// The stage as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Compile => "compile",
            Self::Schedule => "schedule",
            Self::Execute => "execute",
            Self::Collect => "collect",
        }
    }
}

/// A step that a job's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalTransition {
    pub(super) from: State,
    pub(super) to: State,
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a job that is {} cannot become {}",
            self.from.as_str(),
            self.to.as_str()
        )
    }
}

impl Error for IllegalTransition {}
