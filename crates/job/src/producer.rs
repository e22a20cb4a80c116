//! The sending side of a queue.

use std::{future::Future, sync::Arc, time::Duration};

use opentelemetry::{
    KeyValue,
    trace::{Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt},
};
use throughline_catalog::{Bound, Counter, Era, Family, Histogram};
use throughline_context::{Inject, Scope};
use throughline_correlation::{Ids, Key};

use crate::{
    context::JobContext,
    conventions::{ATTEMPT, ERROR_TYPE, JOB_TYPE, MESSAGE_COUNT, MESSAGE_ID, TRIGGER},
    ended::{Ended, Watched},
    endpoint::Endpoint,
    labels::OperationName,
    labels::{Attempt, JobLabels, JobType, Outcome},
    run::Run,
    span,
    time::Timeline,
};

/// The sending side of a queue: a span of kind `PRODUCER` around each sending, the context for the
/// message, a count by how it went, and its time.
///
/// It knows no broker: what it hands out is a [`Sending`], which writes the context to the message's
/// headers and is put around whatever sends it.
///
/// ```
/// use std::collections::BTreeMap;
/// use throughline_catalog::catalog;
/// use throughline_job::{JobContext, JobType, Outcome, Producer, Queue};
///
/// catalog! { pub mod jobs, budget 100_000;
///     /// Messages sent to a queue.
///     counter queue_sent_total { queue: Queue, job_type: JobType, outcome: Outcome };
///     /// Time to send a message.
///     histogram queue_push_latency_seconds { queue: Queue } buckets [0.001, 0.01, 0.1, 1.0];
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// let renders = Producer::new("renders")
///     .system("rabbitmq")
///     .total(jobs::queue_sent_total)
///     .duration(jobs::queue_push_latency_seconds)
///     .trace();
///
/// let sending = renders.send("thumbnail");
/// let mut headers = BTreeMap::new();
/// sending.inject(&mut headers);
/// # let channel = |_: BTreeMap<String, String>| async { Ok::<_, std::io::Error>(()) };
/// sending.around(channel(headers.clone())).await.unwrap();
///
/// assert_eq!(JobContext::extract(&headers).attempt(), 1);
/// # assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 2);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a producer does nothing by itself"]
pub struct Producer {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
struct Config {
    endpoint: Endpoint,
    total: Option<Bound<Counter, Run>>,
    duration: Option<Bound<Histogram, Run>>,
}

impl Producer {
    /// The sending side of this queue, topic or stream.
    pub fn new(queue: &str) -> Self {
        Self {
            config: Arc::new(Config {
                endpoint: Endpoint::new(queue),
                total: None,
                duration: None,
            }),
        }
    }

    /// Says which broker it is, as the conventions call it: `kafka`, `nats`, `rabbitmq`, `redis`.
    pub fn system(mut self, system: &'static str) -> Self {
        self.config().endpoint.is_of(system);
        self
    }

    /// Has a span for each sending.
    pub fn trace(mut self) -> Self {
        self.config().endpoint.trace = true;
        self
    }

    /// Counts the messages, each with its type, attempt and trigger, by how their sending went.
    pub fn total<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: JobLabels,
    {
        self.config().total = Some(Bound::new(family, <F::Labels as JobLabels>::index_of));
        self
    }

    /// Observes how long each sending took, in seconds.
    pub fn duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: JobLabels,
    {
        self.config().duration = Some(Bound::new(family, <F::Labels as JobLabels>::index_of));
        self
    }

    fn config(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }

    /// A job for its first attempt, due at once, from the work at hand.
    pub fn send(&self, job_type: &str) -> Sending {
        self.send_with(job_type, JobContext::capture())
    }

    /// As [`send`](Self::send), with a context that says more: an id of the message, a delay, a plan.
    ///
    /// The message is made in the sending's span, and its job will link to it.
    pub fn send_with(&self, job_type: &str, context: JobContext) -> Sending {
        self.sending(job_type, context, 1, Creation::Here)
    }

    /// A batch of jobs of one type that are sent together. All of them are made in the one span, and
    /// [`Sending::context`] is the same for all but for the ids that
    /// [`JobContext::with_id`] adds.
    pub fn send_batch(&self, job_type: &str, messages: usize) -> Sending {
        self.sending(job_type, JobContext::capture(), messages, Creation::Here)
    }

    /// The same job for its next attempt, due after `delay`. It stays linked to where it was made
    /// first; the sending's span, that of the retry, links to it as well.
    pub fn retry(&self, job_type: &str, context: &JobContext, delay: Duration) -> Sending {
        self.sending(job_type, context.retried(delay), 1, Creation::Kept)
    }

    /// The same job for a dead-letter queue, which this is the sending side of. The context from before
    /// travels on unchanged beside the new one.
    pub fn dead_letter(&self, job_type: &str, context: &JobContext) -> Sending {
        self.sending(job_type, context.dead_lettered(), 1, Creation::Here)
            .linked(context.creation(), "dead_letter")
    }

    /// A job that was taken out of the dead-letter queue, for a first attempt once more. It will link to
    /// this sending and to where it was made first; the sending links to the attempt that failed.
    pub fn redrive(&self, job_type: &str, context: &JobContext) -> Sending {
        self.sending(job_type, context.redriven(), 1, Creation::Here)
            .linked(context.creation(), "dead_letter")
            .linked(context.origin().cloned(), "origin")
    }

    fn sending(
        &self,
        job_type: &str,
        context: JobContext,
        messages: usize,
        creation: Creation,
    ) -> Sending {
        let endpoint = &self.config.endpoint;
        let run = Run {
            job_type: JobType::of(job_type),
            attempt: match context.attempt() {
                1 => Attempt::First,
                _ => Attempt::Retry,
            },
            trigger: context.trigger(),
            ..Run::of_queue(endpoint, OperationName::Send)
        };
        let timeline = Timeline::current();
        let started = tokio::time::Instant::now();
        let ids = Ids::current();
        let scope = Scope::current();
        let opened = (endpoint.trace && span::are_on()).then(|| {
            let kept = match creation {
                Creation::Kept => context.creation(),
                Creation::Here => None,
            };
            let make = || {
                let mut attributes = endpoint.attributes(OperationName::Send, 6);
                attributes.push(KeyValue::new(JOB_TYPE, run.job_type.as_str()));
                let links = kept.clone().map(|span| vec![Link::with_context(span)]);
                SpanBuilder::from_name(OperationName::Send.of(endpoint.queue))
                    .with_kind(SpanKind::Producer)
                    .with_start_time(timeline.at(started))
                    .with_attributes(attributes)
                    .with_links(links.unwrap_or_default())
            };
            span::open(scope.context(), &ids, make)
        });
        let opened = opened.flatten();
        let context = match (&opened, creation) {
            (Some(cx), Creation::Here) => context.created_in(cx.span().span_context()),
            _ => context,
        };
        let sending = Sending {
            producer: self.clone(),
            is_spanned: opened.is_some(),
            scope: match opened {
                Some(cx) => scope.with_context(cx),
                None => scope,
            },
            context,
            run,
            messages,
            timeline,
            started,
            counted: span::counts().then(Era::current),
            ended: Ended::new(),
        };
        sending.describe();
        sending
    }
}

/// Where the message that is sent was made.
#[derive(Clone, Copy, Debug)]
enum Creation {
    /// In the sending's span.
    Here,
    /// Where its context says.
    Kept,
}

/// A message, or a batch of them, that is being sent; made by a [`Producer`].
///
/// It is counted once: as `ok` or `failed` by what the sending returned, as `cancelled` or `panicked`
/// if it did not return, as `abandoned` if there was none.
#[derive(Debug)]
#[must_use = "put it around what sends the message"]
pub struct Sending {
    producer: Producer,
    context: JobContext,
    scope: Scope,
    is_spanned: bool,
    run: Run,
    messages: usize,
    timeline: Timeline,
    started: tokio::time::Instant,
    counted: Option<Era>,
    ended: Ended,
}

impl Sending {
    /// The context for the message.
    #[must_use]
    pub const fn context(&self) -> &JobContext {
        &self.context
    }

    /// Writes the context to the message.
    pub fn inject(&self, carrier: &mut impl Inject) {
        self.context.inject(carrier);
    }

    /// Sends, in the sending's span.
    ///
    /// # Errors
    /// Whatever the sending returns.
    pub async fn around<T, E>(mut self, send: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let send = self.scope.clone().around(send);
        let result = Watched::new(send, &self.ended).await;
        self.end(&result);
        result
    }

    /// Sends without waiting, as the channels of a process do.
    ///
    /// # Errors
    /// Whatever the sending returns.
    pub fn run<T, E>(mut self, send: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.ended.set(Outcome::Panicked);
        let result = self.scope.run(send);
        self.end(&result);
        result
    }

    fn end<T, E>(&mut self, result: &Result<T, E>) {
        self.ended.set(match result {
            Ok(_) => Outcome::Ok,
            Err(_) => Outcome::Failed,
        });
    }

    fn linked(self, to: Option<SpanContext>, what: &'static str) -> Self {
        if let Some(to) = to.filter(|_| self.is_spanned) {
            let span = self.scope.context().span();
            span.add_link(to, vec![KeyValue::new(crate::conventions::LINK, what)]);
        }
        self
    }

    /// What is known beside the name and costs something to write.
    fn describe(&self) {
        let span = self.scope.context().span();
        if !self.is_spanned || !span.is_recording() {
            return;
        }
        if let Some(id) = self.context.ids().text(Key::Message) {
            span.set_attribute(KeyValue::new(MESSAGE_ID, id.to_owned()));
        }
        if self.messages != 1 {
            let count = i64::try_from(self.messages).unwrap_or(i64::MAX);
            span.set_attribute(KeyValue::new(MESSAGE_COUNT, count));
        }
        span.set_attribute(KeyValue::new(TRIGGER, self.run.trigger.as_str()));
        if 1 < self.context.attempt() {
            let attempt = i64::from(self.context.attempt());
            span.set_attribute(KeyValue::new(ATTEMPT, attempt));
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.run.outcome = self.ended.get();
        let Config {
            total, duration, ..
        } = &*self.producer.config;
        let now = tokio::time::Instant::now();
        if let Some(era) = self.counted {
            // In the span, so that whoever keeps exemplars finds it.
            let _in = self.is_spanned.then(|| self.scope.enter());
            if let Some(total) = total {
                let messages = u64::try_from(self.messages).unwrap_or(u64::MAX);
                total.at(era, &self.run).increment(messages);
            }
            if let Some(duration) = duration {
                duration.at(era, &self.run).record(now - self.started);
            }
        }
        let span = self.scope.context().span();
        if self.is_spanned && span.is_recording() {
            if self.run.outcome != Outcome::Ok {
                span.set_attribute(KeyValue::new(ERROR_TYPE, self.run.outcome.as_str()));
                span.set_status(Status::error(""));
            }
            span.end_with_timestamp(self.timeline.at(now));
        }
    }
}
