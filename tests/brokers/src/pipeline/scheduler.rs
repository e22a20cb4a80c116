//! The scheduler: sends benchmarks to the queue.

use throughline_correlation::{Ids, JobId, MessageId, RequestId};
use throughline_job::{Producer, job};

use super::{Task, Way, families::bench};
use crate::broker::{Broker, BrokerError, Result};

/// The sending side of a queue.
pub(super) fn producer<B: Broker>(queue: &str) -> Producer {
    Producer::new(queue)
        .system(B::SYSTEM)
        .total(bench::bench_messages_sent_total)
        .duration(bench::queue_push_latency_seconds)
        .trace()
}

/// Makes the queues, sends a benchmark for each of the ways, and returns the ids of their messages.
///
/// # Errors
/// If the broker does not take one.
pub async fn schedule<B: Broker>(broker: &B, queue: &str, ways: &[Way]) -> Result<Vec<MessageId>> {
    broker.declare(queue).await?;
    broker.declare(&super::dead_letter_queue(queue)).await?;
    let producer = producer::<B>(queue);
    let mut sent = Vec::new();
    for way in ways {
        let (id, message) = (JobId::generate(), MessageId::generate());
        let ids = Ids::empty().with(&RequestId::generate()).with(&message);
        let task = Task::new(*way);
        let body = task.to_body()?;
        let send = async {
            let sending = producer.send(&task.job_type);
            let context = sending.context().clone();
            sending
                .around(broker.publish(queue, &body, &context))
                .await?;
            tracing::info!("scheduled");
            Ok::<_, BrokerError>(())
        };
        ids.around(job("schedule bench", &id, send)).await?;
        sent.push(message);
    }
    Ok(sent)
}
