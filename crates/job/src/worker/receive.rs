//! What a worker does with its broker around a job.

use std::future::Future;

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanKind, Status, TraceContextExt},
};
use throughline_catalog::{Bound, Era, Histogram};
use throughline_correlation::Ids;
use tokio::time::Instant;

use super::{Worker, start::count_attribute};
use crate::{
    conventions::ERROR_TYPE,
    labels::{OperationName, Outcome},
    run::Run,
    span,
    time::Timeline,
};

/// What receiving gives: some messages, or none.
///
/// Implement it for a client's own type if it is neither an `Option` nor a `Vec`.
pub trait Received {
    /// How many messages it is.
    fn messages(&self) -> usize;
}

impl<T> Received for Option<T> {
    fn messages(&self) -> usize {
        usize::from(self.is_some())
    }
}

impl<T> Received for Vec<T> {
    fn messages(&self) -> usize {
        self.len()
    }
}

impl Worker {
    /// Receives from the queue: a span of kind `CLIENT`, and its time in
    /// [`receive_duration`](Self::receive_duration). A poll that finds nothing has neither.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use throughline_job::Worker;
    ///
    /// let worker = Worker::new("renders").trace();
    /// # let consumer_next = async { Ok::<_, std::io::Error>(Some("message")) };
    /// let message = worker.receive(consumer_next).await.unwrap();
    /// # assert!(message.is_some());
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever receiving returns.
    pub async fn receive<T: Received, E>(
        &self,
        receive: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Started::now();
        let result = receive.await;
        let messages = result.as_ref().map_or(1, Received::messages);
        if messages != 0 {
            let family = self.config.metrics.receive_duration.as_ref();
            let count = (messages != 1).then_some(messages);
            self.asked(
                OperationName::Receive,
                started,
                family,
                count,
                result.is_err(),
            );
        }
        result
    }

    /// Settles a message: acknowledges it, or gives it back. A span of kind `CLIENT`, and its time in
    /// [`settle_duration`](Self::settle_duration).
    ///
    /// # Errors
    /// Whatever settling returns.
    pub async fn settle<T, E>(&self, settle: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let started = Started::now();
        let result = settle.await;
        let family = self.config.metrics.settle_duration.as_ref();
        self.asked(
            OperationName::Settle,
            started,
            family,
            None,
            result.is_err(),
        );
        result
    }

    /// Tells of an answer of the broker.
    fn asked(
        &self,
        operation: OperationName,
        started: Started,
        family: Option<&Bound<Histogram, Run>>,
        messages: Option<usize>,
        is_failed: bool,
    ) {
        let endpoint = &self.config.endpoint;
        let took = started.instant.elapsed();
        if let Some(family) = family.filter(|_| span::counts()) {
            let run = Run {
                worker: self.config.name,
                outcome: if is_failed {
                    Outcome::Failed
                } else {
                    Outcome::Ok
                },
                ..Run::of_queue(endpoint, operation)
            };
            family.at(started.era, &run).record(took);
        }
        if !(endpoint.trace && span::are_on()) {
            return;
        }
        let make = || {
            SpanBuilder::from_name(operation.of(endpoint.queue))
                .with_kind(SpanKind::Client)
                .with_start_time(started.timeline.at(started.instant))
                .with_attributes(endpoint.attributes(operation, 2))
        };
        let Some(cx) = span::open(&Context::current(), &Ids::current(), make) else {
            return;
        };
        let span = cx.span();
        if span.is_recording() {
            if let Some(messages) = messages {
                span.set_attribute(count_attribute(messages));
            }
            if is_failed {
                span.set_attribute(KeyValue::new(ERROR_TYPE, "failed"));
                span.set_status(Status::error(""));
            }
            span.end_with_timestamp(started.timeline.at(started.instant + took));
        }
    }
}

#[derive(Clone, Copy)]
struct Started {
    timeline: Timeline,
    instant: Instant,
    era: Era,
}

impl Started {
    fn now() -> Self {
        Self {
            timeline: Timeline::current(),
            instant: Instant::now(),
            era: Era::current(),
        }
    }
}
