//! Times: those that travel in a message, and the timeline of one job.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use tokio::time::Instant;

use crate::families::{Skew, skewed};

/// 2000-01-01 and 2100-01-01: what lies outside is in another unit, or no time at all.
const PLAUSIBLE: std::ops::Range<u64> = 946_684_800_000_000..4_102_444_800_000_000;

/// A moment as it travels: microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(u64);

impl Stamp {
    pub(crate) fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// The stamp of a moment; one before 1970 is 1970.
    pub(crate) fn of(moment: SystemTime) -> Self {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }

    /// What a message says, if it is a plausible time.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let micros = number(text)?;
        PLAUSIBLE.contains(&micros).then_some(Self(micros))
    }

    pub(crate) fn moment(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.0)
    }

    pub(crate) const fn micros(self) -> u64 {
        self.0
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        let delay = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(delay).min(PLAUSIBLE.end - 1))
    }

    /// How long ago it was; none, and counted, if it has yet to come.
    pub(crate) fn age(self, now: Self) -> Duration {
        match now.0.checked_sub(self.0) {
            Some(micros) => Duration::from_micros(micros),
            None => {
                skewed(Skew::Future);
                Duration::ZERO
            }
        }
    }
}

/// Decimal digits and nothing else, at most 19 of them.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let is_number = (1..=19).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let digit = |sum, byte: &u8| sum * 10 + u64::from(byte - b'0');
    is_number.then(|| text.iter().fold(0, digit))
}

/// The timeline of a job: the system's time where it began, and from there on a clock that nobody
/// sets. However the system's clock is put right meanwhile, no span of the job ends before it began
/// and none lies beside the others.
///
/// The clock is tokio's, which tests can pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    began: SystemTime,
    instant: Instant,
}

impl Timeline {
    pub(crate) fn start() -> Self {
        Self {
            began: SystemTime::now(),
            instant: Instant::now(),
        }
    }

    /// The timeline of the job in scope, or one that starts here.
    pub(crate) fn current() -> Self {
        Context::map_current(|cx| cx.get::<Self>().copied()).unwrap_or_else(Self::start)
    }

    pub(crate) const fn began(&self) -> SystemTime {
        self.began
    }

    pub(crate) const fn instant(&self) -> Instant {
        self.instant
    }

    /// The time of day of an instant on this timeline.
    pub(crate) fn at(&self, instant: Instant) -> SystemTime {
        self.began + instant.saturating_duration_since(self.instant)
    }
}
