//! What a job is asked to be: its id, and how it shall run.

use std::{
    error::Error,
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::driver_manager::{Driver, FaultMode};

/// Most shots of a job.
pub const MAX_SHOTS: u32 = 100_000;

/// The id of a job: a UUID of version 7, so that ids sort by the time they were made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// Makes a new id.
    #[must_use]
    pub fn generate() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let millis = since_epoch.as_millis() & 0xffff_ffff_ffff;
        let random = fastrand::u128(..);
        let (high, low) = (random >> 116, random & 0x3fff_ffff_ffff_ffff);
        let bits = millis << 80 | 0x7 << 76 | high << 64 | 0x8000_0000_0000_0000 | low;
        let hex = format!("{bits:032x}");
        Self(
            [
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..],
            ]
            .join("-"),
        )
    }

    /// Reads an id: 1 to 64 letters, digits and hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain && (1..=64).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
                let known = Driver::ALL.map(Driver::as_str).join(", ");
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
