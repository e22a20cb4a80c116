//! The guard: counts what passes, and the end once.

use std::{sync::Arc, time::Instant};

use throughline_catalog::{Era, Gauge};

use super::{
    labels::Direction,
    message::Frame,
    moment::{Connection, Ending, Passing},
    observer::Config,
    reason::CloseReason,
};

/// Lives from the beginning of a connection to its end, which it counts once, in drop at the latest.
#[derive(Debug)]
pub(super) struct Guard {
    config: Arc<Config>,
    era: Era,
    started: Instant,
    active: Option<Gauge>,
    /// What the first close frame said.
    closing: Option<CloseReason>,
    failed: bool,
    /// Set while the socket runs. Found set in drop, it means a panic, whoever has caught it.
    pub(super) polling: bool,
    ended: bool,
}

impl Guard {
    pub(super) fn begin(config: Arc<Config>) -> Self {
        let era = Era::current();
        let connection = Connection {
            route: config.route,
        };
        let active = config.active.as_ref().map(|family| {
            let gauge = Gauge::clone(&family.at(era, &connection));
            gauge.increment(1.0);
            gauge
        });
        Self {
            config,
            era,
            started: Instant::now(),
            active,
            closing: None,
            failed: false,
            polling: false,
            ended: false,
        }
    }

    /// A message has arrived, or the socket has taken it.
    pub(super) fn passed(&mut self, direction: Direction, frame: Frame) {
        match frame {
            Frame::Data { kind, bytes } => {
                let Config {
                    route,
                    messages,
                    bytes: sizes,
                    ..
                } = &*self.config;
                let message = Passing {
                    route: *route,
                    direction,
                    kind,
                };
                if let Some(family) = messages {
                    family.at(self.era, &message).increment(1);
                }
                if let Some(family) = sizes {
                    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                    family.at(self.era, &message).increment(bytes);
                }
            }
            Frame::Close(code) => {
                self.closes(CloseReason::of(code));
                // Nothing comes after it, and it answers ours if we were first. After ours alone
                // messages may still arrive.
                if direction == Direction::Inbound {
                    self.end(CloseReason::Dropped);
                }
            }
            Frame::Control => {}
        }
    }

    /// One side has said why it closes, the first of them.
    pub(super) fn closes(&mut self, reason: CloseReason) {
        self.closing.get_or_insert(reason);
    }

    /// The socket has failed. It is not the end: what failed may be one message alone.
    pub(super) const fn failed(&mut self) {
        self.failed = true;
    }

    /// The connection is over; `how` counts if nothing before has said why.
    pub(super) fn end(&mut self, how: CloseReason) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let reason = match (how, self.closing) {
            (CloseReason::Panicked, _) => how,
            (_, Some(closing)) => closing,
            (_, None) if self.failed => CloseReason::Error,
            (_, None) => how,
        };
        let Config {
            route,
            closed,
            lifetime,
            ..
        } = &*self.config;
        let ending = Ending {
            route: *route,
            reason,
        };
        if let Some(gauge) = &self.active {
            gauge.decrement(1.0);
        }
        if let Some(family) = closed {
            family.at(self.era, &ending).increment(1);
        }
        if let Some(family) = lifetime {
            let took = self.started.elapsed();
            family.at(self.era, &ending).record(took);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A handler that panics drops its socket while the panic goes on; one that panicked within
        // the socket may have been caught since.
        self.end(if self.polling || std::thread::panicking() {
            CloseReason::Panicked
        } else {
            CloseReason::Dropped
        });
    }
}
