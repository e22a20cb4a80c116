//! tokio's channels, as the queues of one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use throughline_job::JobContext;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::{Broker, Consumer, Message, PATIENCE, Result};

/// Queues inside a process. A message carries its context as it is, and one whose worker is gone comes
/// back.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    queues: Arc<Mutex<HashMap<String, Queue>>>,
}

#[derive(Clone, Debug)]
struct Queue {
    sender: mpsc::UnboundedSender<Entry>,
    receiver: Arc<AsyncMutex<mpsc::UnboundedReceiver<Entry>>>,
}

#[derive(Clone, Debug)]
struct Entry {
    body: String,
    context: JobContext,
    deliveries: u32,
}

/// A message that a worker has. Dropped before it is settled, it goes back to its queue.
#[derive(Debug)]
pub struct Lent {
    entry: Option<Entry>,
    back: mpsc::UnboundedSender<Entry>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            // Without a queue there is nobody to work on it either.
            let _ = self.back.send(entry);
        }
    }
}

impl Channel {
    fn queue(&self, name: &str) -> Queue {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let (sender, receiver) = mpsc::unbounded_channel();
            Queue {
                sender,
                receiver: Arc::new(AsyncMutex::new(receiver)),
            }
        };
        queues.entry(name.to_owned()).or_insert_with(made).clone()
    }
}

impl Broker for Channel {
    const SYSTEM: &'static str = "tokio";
    type Consumer = Receiving;

    async fn declare(&self, queue: &str) -> Result<()> {
        self.queue(queue);
        Ok(())
    }

    async fn publish(&self, queue: &str, body: &str, context: &JobContext) -> Result<()> {
        let entry = Entry {
            body: body.to_owned(),
            context: context.clone(),
            deliveries: 0,
        };
        Ok(self.queue(queue).sender.send(entry)?)
    }

    async fn backlog(&self, queue: &str) -> Result<u64> {
        Ok(self.queue(queue).receiver.lock().await.len() as u64)
    }

    async fn consume(&self, queue: &str) -> Result<Receiving> {
        Ok(Receiving(self.queue(queue)))
    }
}

/// The receiving end of a channel, which several workers share.
#[derive(Debug)]
pub struct Receiving(Queue);

impl Consumer for Receiving {
    type Receipt = Lent;

    async fn receive(&mut self) -> Result<Option<Message<Lent>>> {
        let next = async { self.0.receiver.lock().await.recv().await };
        let Ok(Some(mut entry)) = tokio::time::timeout(PATIENCE, next).await else {
            return Ok(None);
        };
        entry.deliveries += 1;
        let lent = Lent {
            entry: Some(entry.clone()),
            back: self.0.sender.clone(),
        };
        let Entry {
            body,
            context,
            deliveries,
        } = entry;
        let mut message = Message::new(body, &context, deliveries, lent);
        // Whoever had it before lives in this process, and has told how that ended.
        message.is_taken_over = false;
        Ok(Some(message))
    }

    async fn heartbeat(&mut self, _: &Lent) -> Result<()> {
        Ok(())
    }

    async fn settle(&mut self, mut lent: Lent) -> Result<()> {
        lent.entry = None;
        Ok(())
    }
}
