//! The operator: sends once more what lies in the dead-letter queue.

use super::{Task, scheduler::producer};
use crate::broker::{Broker, Consumer as _, Result};

/// Takes so many messages out of the dead-letter queue and sends them to the queue once more.
///
/// # Errors
/// If the broker does not give or take one.
pub async fn redrive<B: Broker>(broker: &B, queue: &str, count: usize) -> Result<()> {
    let mut dead = broker.consume(&super::dead_letter_queue(queue)).await?;
    let producer = producer::<B>(queue);
    let mut left = count;
    while left != 0 {
        let Some(message) = dead.receive().await? else {
            continue;
        };
        let task = Task::of(&message.body)?;
        let sending = producer.redrive(&task.job_type, &message.context);
        let context = sending.context().clone();
        sending
            .around(broker.publish(queue, &message.body, &context))
            .await?;
        dead.settle(message.receipt).await?;
        left -= 1;
    }
    Ok(())
}
