//! NATS JetStream: a stream for each queue, and a durable consumer that its workers pull from.

use async_nats::jetstream::{
    self, AckKind, Context,
    consumer::{AckPolicy, PullConsumer, pull},
    stream::{self, RetentionPolicy},
};
use futures_util::StreamExt as _;
use throughline_job::JobContext;

use super::{Broker, Consumer, LEASE, Message, PATIENCE, Result};
use crate::carrier::NatsHeaders;

const DURABLE: &str = "workers";

/// A NATS server with JetStream.
#[derive(Clone, Debug)]
pub struct Nats {
    jetstream: Context,
}

impl Nats {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// If nobody is there.
    pub async fn connect(address: &str) -> Result<Self> {
        let client = async_nats::connect(format!("nats://{address}")).await?;
        Ok(Self {
            jetstream: jetstream::new(client),
        })
    }
}

impl Broker for Nats {
    const SYSTEM: &'static str = "nats";
    type Consumer = Pulling;

    async fn declare(&self, queue: &str) -> Result<()> {
        let stream = stream::Config {
            name: queue.to_owned(),
            subjects: vec![queue.to_owned()],
            retention: RetentionPolicy::WorkQueue,
            ..stream::Config::default()
        };
        let stream = self.jetstream.get_or_create_stream(stream).await?;
        let consumer = pull::Config {
            durable_name: Some(DURABLE.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: LEASE,
            ..pull::Config::default()
        };
        stream.get_or_create_consumer(DURABLE, consumer).await?;
        Ok(())
    }

    async fn publish(&self, queue: &str, body: &str, context: &JobContext) -> Result<()> {
        let mut headers = NatsHeaders::default();
        context.inject(&mut headers);
        let sent = self.jetstream.publish_with_headers(
            queue.to_owned(),
            headers.0,
            body.to_owned().into(),
        );
        sent.await?.await?;
        Ok(())
    }

    async fn backlog(&self, queue: &str) -> Result<u64> {
        let mut consumer: PullConsumer = self
            .jetstream
            .get_consumer_from_stream(DURABLE, queue)
            .await?;
        Ok(consumer.info().await?.num_pending)
    }

    async fn consume(&self, queue: &str) -> Result<Pulling> {
        let consumer = self
            .jetstream
            .get_consumer_from_stream(DURABLE, queue)
            .await?;
        Ok(Pulling(consumer))
    }
}

/// One of those who pull from a consumer.
#[derive(Clone, Debug)]
pub struct Pulling(PullConsumer);

impl Consumer for Pulling {
    type Receipt = jetstream::Message;

    async fn receive(&mut self) -> Result<Option<Message<jetstream::Message>>> {
        let mut batch = self
            .0
            .batch()
            .max_messages(1)
            .expires(PATIENCE)
            .messages()
            .await?;
        let Some(message) = batch.next().await else {
            return Ok(None);
        };
        let message = message?;
        let deliveries = message.info()?.delivered;
        let headers = NatsHeaders(message.headers.clone().unwrap_or_default());
        let context = JobContext::extract(&headers);
        let body = String::from_utf8_lossy(&message.payload).into_owned();
        let deliveries = u32::try_from(deliveries).unwrap_or(1);
        Ok(Some(Message::new(body, &context, deliveries, message)))
    }

    async fn heartbeat(&mut self, message: &jetstream::Message) -> Result<()> {
        message.ack_with(AckKind::Progress).await
    }

    async fn settle(&mut self, message: jetstream::Message) -> Result<()> {
        message.double_ack().await
    }
}
