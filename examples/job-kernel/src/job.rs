//! What a job is asked to be: its id, and how it shall run.

use std::{error::Error, fmt};

pub use throughline_correlation::JobId;

use crate::driver_manager::{Driver, FaultMode};

/// Most shots of a job.
pub const MAX_SHOTS: u32 = 100_000;

/// How a job shall run, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobSpec {
    driver: Driver,
    shots: u32,
    seed: Option<u64>,
    mode: Option<FaultMode>,
}

impl JobSpec {
    /// Checks what a caller asks for.
    ///
    /// # Errors
    /// If no driver has that name, the shots are none or too many, or the mode is for another driver.
    pub fn new(
        driver: &str,
        shots: u64,
        seed: Option<u64>,
        mode: Option<FaultMode>,
    ) -> Result<Self, SpecError> {
        let driver = Driver::parse(driver).ok_or(SpecError::UnknownDriver)?;
        let shots = u32::try_from(shots)
            .ok()
            .filter(|shots| (1..=MAX_SHOTS).contains(shots))
            .ok_or(SpecError::ShotsOutOfRange)?;
        if mode.is_some() && driver != Driver::Faulty {
            return Err(SpecError::BadOption);
        }
        Ok(Self {
            driver,
            shots,
            seed,
            mode,
        })
    }

    /// Which driver runs it.
    #[must_use]
    pub const fn driver(&self) -> Driver {
        self.driver
    }

    /// How often it runs.
    #[must_use]
    pub const fn shots(&self) -> u32 {
        self.shots
    }

    /// What makes its outcomes repeatable.
    #[must_use]
    pub const fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// How the faulty driver fails.
    #[must_use]
    pub const fn mode(&self) -> Option<FaultMode> {
        self.mode
    }
}

/// Why a job cannot run as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecError {
    /// No driver of that name.
    UnknownDriver,
    /// None, or too many.
    ShotsOutOfRange,
    /// An option that the driver does not know.
    BadOption,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDriver => {
                let known: Vec<_> = Driver::ALL.iter().map(|driver| driver.as_str()).collect();
                let known = known.join(", ");
                write!(f, "there is no such driver; there are: {known}")
            }
            Self::ShotsOutOfRange => {
                write!(f, "`shots` must be a whole number from 1 to {MAX_SHOTS}")
            }
            Self::BadOption => f.write_str("`mode` is an option of the driver `faulty` only"),
        }
    }
}

impl Error for SpecError {}
