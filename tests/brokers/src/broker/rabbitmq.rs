//! RabbitMQ, by AMQP 0.9.1. Its quorum queues count deliveries; a message whose consumer is gone comes
//! back at once.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{
    Acker, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use throughline_job::JobContext;

use super::{Broker, Consumer, Message, PATIENCE, Result};
use crate::carrier::{Arrived, Headers};

/// A RabbitMQ server.
#[derive(Debug)]
pub struct RabbitMq {
    connection: Connection,
    channel: Channel,
}

impl RabbitMq {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// If nobody is there.
    pub async fn connect(address: &str) -> Result<Self> {
        let url = format!("amqp://{address}/%2f");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(Self {
            connection,
            channel,
        })
    }
}

/// The queue where a message for this one waits until its time has come.
fn held_back(queue: &str) -> String {
    format!("{queue}-later")
}

impl RabbitMq {
    async fn make(&self, queue: &str, mut arguments: FieldTable) -> Result<()> {
        arguments.insert(
            "x-queue-type".into(),
            AMQPValue::LongString("quorum".into()),
        );
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        self.channel
            .queue_declare(queue.into(), options, arguments)
            .await?;
        Ok(())
    }
}

impl Broker for RabbitMq {
    const SYSTEM: &'static str = "rabbitmq";
    const LATER: Duration = Duration::from_secs(1);
    type Consumer = Consuming;

    async fn declare(&self, queue: &str) -> Result<()> {
        self.make(queue, FieldTable::default()).await?;
        // What nobody takes from this one goes over to that one, and is lost nowhere on the way.
        let mut held = FieldTable::default();
        for (name, text) in [
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", queue),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-overflow", "reject-publish"),
        ] {
            held.insert(name.into(), AMQPValue::LongString(text.into()));
        }
        // The server counts whole milliseconds, of which the first has begun already.
        let later = i64::try_from(Self::LATER.as_millis())? + 1;
        held.insert("x-message-ttl".into(), AMQPValue::LongLongInt(later));
        self.make(&held_back(queue), held).await
    }

    async fn publish(&self, queue: &str, body: &str, context: &JobContext) -> Result<()> {
        let mut headers = Headers::default();
        context.inject(&mut headers);
        let properties = BasicProperties::default().with_headers(headers.into());
        let options = BasicPublishOptions::default();
        let sent = self
            .channel
            .basic_publish(
                "".into(),
                queue.into(),
                options,
                body.as_bytes(),
                properties,
            )
            .await?;
        match sent.await? {
            Confirmation::Ack(None) => Ok(()),
            other => Err(format!("not taken: {other:?}").into()),
        }
    }

    async fn backlog(&self, queue: &str) -> Result<u64> {
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let none = FieldTable::default();
        let queue = self
            .channel
            .queue_declare(queue.into(), passive, none)
            .await?;
        Ok(queue.message_count().into())
    }

    async fn consume(&self, queue: &str) -> Result<Consuming> {
        let channel = self.connection.create_channel().await?;
        // One at a time: what waits behind a long job is for another worker.
        channel.basic_qos(1, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let consumer = channel
            .basic_consume(queue.into(), "".into(), options, FieldTable::default())
            .await?;
        Ok(Consuming {
            consumer,
            _channel: channel,
        })
    }

    async fn publish_later(&self, queue: &str, body: &str, context: &JobContext) -> Result<()> {
        self.publish(&held_back(queue), body, context).await
    }
}

/// One consumer of a queue.
#[derive(Debug)]
pub struct Consuming {
    consumer: lapin::Consumer,
    /// Closed when the last handle of it goes.
    _channel: Channel,
}

impl Consumer for Consuming {
    type Receipt = Acker;

    async fn receive(&mut self) -> Result<Option<Message<Acker>>> {
        let Ok(next) = tokio::time::timeout(PATIENCE, self.consumer.next()).await else {
            return Ok(None);
        };
        let delivery = next.ok_or("the connection is gone")??;
        let none = FieldTable::default();
        let headers = delivery.properties.headers().as_ref().unwrap_or(&none);
        let context = JobContext::extract(&Arrived(headers));
        let before = headers.inner().get("x-delivery-count");
        let before = before.and_then(AMQPValue::as_long_long_int).unwrap_or(0);
        let deliveries = u32::try_from(before).unwrap_or(0).saturating_add(1);
        let body = String::from_utf8_lossy(&delivery.data).into_owned();
        Ok(Some(Message::new(
            body,
            &context,
            deliveries,
            delivery.acker,
        )))
    }

    async fn heartbeat(&mut self, _: &Acker) -> Result<()> {
        // The connection has heartbeats of its own.
        Ok(())
    }

    async fn settle(&mut self, acker: Acker) -> Result<()> {
        if acker.ack(BasicAckOptions::default()).await? {
            Ok(())
        } else {
            Err("the message was not ours any more".into())
        }
    }
}
