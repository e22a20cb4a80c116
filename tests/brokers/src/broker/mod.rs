//! What a pipeline asks of a broker, and the four that give it.

mod channel;
mod nats;
mod rabbitmq;
mod redis;

use std::{error::Error, future::Future, time::Duration};

use throughline_job::JobContext;

pub use channel::Channel;
pub use nats::Nats;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;

/// Whatever went wrong with a broker.
pub type BrokerError = Box<dyn Error + Send + Sync>;

/// What a broker returns.
pub type Result<T> = std::result::Result<T, BrokerError>;

/// How long a message may lie with a worker that says nothing, where the broker does not see the worker's
/// connection go.
pub const LEASE: Duration = Duration::from_secs(4);

/// How often a worker says that it still works: so often that a slow machine is not taken for a dead one.
pub const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long one look into a queue waits for a message.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// A broker with queues that survive their workers.
pub trait Broker {
    /// How the conventions call it.
    const SYSTEM: &'static str;

    /// The receiving end of one of its queues.
    type Consumer: Consumer;

    /// Makes the queue unless it is there.
    fn declare(&self, queue: &str) -> impl Future<Output = Result<()>>;

    /// Sends a message, and returns when the broker has it for certain.
    fn publish(
        &self,
        queue: &str,
        body: &str,
        context: &JobContext,
    ) -> impl Future<Output = Result<()>>;

    /// How many messages wait in a queue, those that a worker has apart.
    fn backlog(&self, queue: &str) -> impl Future<Output = Result<u64>>;

    /// The receiving end of a queue, which it shares with its like.
    fn consume(&self, queue: &str) -> impl Future<Output = Result<Self::Consumer>>;

    /// How long [`publish_later`](Self::publish_later) holds a message back: not at all where the broker
    /// has no plain way to.
    const LATER: Duration = Duration::ZERO;

    /// As [`publish`](Self::publish), of a message that no worker gets before [`LATER`](Self::LATER) has
    /// passed.
    fn publish_later(
        &self,
        queue: &str,
        body: &str,
        context: &JobContext,
    ) -> impl Future<Output = Result<()>> {
        self.publish(queue, body, context)
    }
}

/// The receiving end of a queue.
pub trait Consumer {
    /// How the broker knows a message again.
    type Receipt;

    /// The next message, if one comes within [`PATIENCE`].
    fn receive(&mut self) -> impl Future<Output = Result<Option<Message<Self::Receipt>>>>;

    /// Says that the message is still being worked on.
    fn heartbeat(&mut self, receipt: &Self::Receipt) -> impl Future<Output = Result<()>>;

    /// Says that the message is done with.
    fn settle(&mut self, receipt: Self::Receipt) -> impl Future<Output = Result<()>>;
}

/// A message.
#[derive(Debug)]
pub struct Message<R> {
    /// What is to be done.
    pub body: String,
    /// What came along, its attempt as the broker counts: every delivery is one.
    pub context: JobContext,
    /// Whether somebody had it before and never said how that ended.
    pub is_taken_over: bool,
    /// How the broker knows it again.
    pub receipt: R,
}

impl<R> Message<R> {
    /// A message that was delivered so often. What a worker sends again itself is a new message to the
    /// broker, so both counts are added.
    fn new(body: String, context: &JobContext, deliveries: u32, receipt: R) -> Self {
        let before = deliveries.saturating_sub(1);
        Self {
            body,
            context: context
                .clone()
                .with_attempt(context.attempt().saturating_add(before)),
            is_taken_over: before != 0,
            receipt,
        }
    }
}
