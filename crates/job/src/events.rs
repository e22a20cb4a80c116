//! Events for whoever follows: bounded, and a slow reader is told how many it lost.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::families::throughline;

/// Where events are told.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    events: broadcast::Sender<T>,
    /// Shared with every reader: where nobody follows, telling costs one look at it.
    readers: Arc<()>,
}

impl<T: Clone> Feed<T> {
    /// Keeps `capacity` events for slow readers.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            events: broadcast::Sender::new(capacity),
            readers: Arc::new(()),
        }
    }

    pub(crate) fn is_followed(&self) -> bool {
        1 < Arc::strong_count(&self.readers)
    }

    pub(crate) fn tell(&self, event: T) {
        // The last reader may have gone meanwhile; that is no error.
        let _ = self.events.send(event);
    }

    pub(crate) fn follow(&self) -> Events<T> {
        let reader = Arc::clone(&self.readers);
        Events {
            events: self.events.subscribe(),
            _reader: reader,
        }
    }
}

/// A reader of a stream of events.
#[derive(Debug)]
pub struct Events<T> {
    events: broadcast::Receiver<T>,
    _reader: Arc<()>,
}

impl<T: Clone> Events<T> {
    /// The next event; `None` when there will be no more.
    ///
    /// `Err` tells how many this reader was too slow to see; the next call goes on after them. Nothing
    /// is lost if the future is dropped while it waits.
    ///
    /// # Errors
    /// The number of events that were missed.
    pub async fn next(&mut self) -> Option<Result<T, u64>> {
        match self.events.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(missed)) => {
                throughline::throughline_job_events_missed_total
                    .with(())
                    .increment(missed);
                Some(Err(missed))
            }
            Err(RecvError::Closed) => None,
        }
    }
}
