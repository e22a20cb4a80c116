//! The worker: takes benchmarks from the queue, one after the other.

use std::{future::Future, pin::pin};

use throughline_job::{Delivery, Job, Outcome, Producer, Relation, Worker, stage};

use super::{
    Task, dead_letter_queue,
    families::{Phase, bench},
    runner::{Order, Runners},
    scheduler::producer,
};
use crate::broker::{Broker, BrokerError, Consumer, HEARTBEAT, Message, Result};

/// How many attempts a benchmark has.
pub const MAX_ATTEMPTS: u32 = 3;

/// What a worker is told.
#[derive(Debug)]
pub struct Settings {
    /// The queue that it takes from.
    pub queue: String,
    /// How its spans stand to those of the scheduler.
    pub relation: Relation,
    /// Whether it stops by itself when it finds nothing.
    pub until_idle: bool,
}

/// Works until `stop`; a benchmark under way is ended first.
///
/// # Errors
/// If the broker fails.
pub async fn work<B: Broker>(
    broker: &B,
    settings: &Settings,
    runners: &Runners,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let Settings {
        queue,
        relation,
        until_idle,
    } = settings;
    let side = Side {
        broker,
        runners,
        worker: worker::<B>(queue, *relation),
        queue: queue.clone(),
        retries: producer::<B>(queue),
        dead_queue: dead_letter_queue(queue),
        dead_letters: producer::<B>(&dead_letter_queue(queue)),
    };
    let mut consumer = broker.consume(queue).await?;
    let mut stop = pin!(stop);
    loop {
        let message = tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            message = side.worker.receive(consumer.receive()) => message?,
        };
        side.observe().await?;
        match message {
            Some(message) => side.attempt(&mut consumer, message).await?,
            None if *until_idle => return Ok(()),
            None => {}
        }
    }
}

fn worker<B: Broker>(queue: &str, relation: Relation) -> Worker {
    Worker::new(queue)
        .system(B::SYSTEM)
        .consumer_group("workers")
        .job_types(["bench"])
        .max_attempts(MAX_ATTEMPTS)
        .relation(relation)
        .started(bench::bench_jobs_started_total)
        .total(bench::bench_jobs_total)
        .in_flight(bench::bench_jobs_in_flight)
        .retries(bench::task_retry_count)
        .dead_letters(bench::bench_dead_letters_total)
        .duration(bench::execution_duration_seconds)
        .queue_delay(bench::scheduling_delay_seconds)
        .receive_duration(bench::queue_pop_latency_seconds)
        .backlog(bench::queue_backlog)
        .busy_time(bench::worker_busy_time_percent, 1)
        .lease_age(bench::worker_lease_age_seconds)
        .trace()
}

/// Looks how many messages wait, and shows it.
///
/// # Errors
/// If the broker does not say.
pub async fn look<B: Broker>(broker: &B, queue: &str) -> Result<()> {
    let waiting = broker.backlog(queue).await?;
    worker::<B>(queue, Relation::default()).show_backlog(waiting, None);
    Ok(())
}

/// The worker, and the queues that it sends to.
struct Side<'a, B> {
    broker: &'a B,
    runners: &'a Runners,
    worker: Worker,
    queue: String,
    retries: Producer,
    dead_queue: String,
    dead_letters: Producer,
}

impl<B: Broker> Side<'_, B> {
    async fn attempt<C: Consumer>(
        &self,
        consumer: &mut C,
        message: Message<C::Receipt>,
    ) -> Result<()> {
        let Message {
            body,
            context,
            is_taken_over,
            receipt,
        } = message;
        let task = Task::of(&body)?;
        let mut delivery = Delivery::new(&task.job_type, context);
        if is_taken_over {
            delivery = delivery.taken_over();
        }
        let job = self.worker.start(delivery);
        let result = {
            let mut work = pin!(job.work(phases(task.way.order(&job), self.runners)));
            let mut beat = tokio::time::interval(HEARTBEAT);
            loop {
                tokio::select! {
                    result = &mut work => break result,
                    _ = beat.tick() => {
                        consumer.heartbeat(&receipt).await?;
                        job.heartbeat();
                        self.observe().await?;
                    }
                }
            }
        };
        let outcome = match result {
            Ok(()) => Outcome::Ok,
            Err(error) => self.failed(&job, &task, &body, &error).await?,
        };
        // The broker first: what it has not heard of it gives to somebody else, and that is another
        // attempt.
        let settle = self.worker.settle(consumer.settle(receipt));
        job.scope().clone().around(settle).await?;
        job.in_scope(|| tracing::info!("attempt {} ended: {}", job.attempt(), outcome.as_str()));
        job.end(outcome);
        Ok(())
    }

    /// Shows what changes while nothing happens.
    async fn observe(&self) -> Result<()> {
        let waiting = self.broker.backlog(&self.queue).await?;
        self.worker.show_backlog(waiting, None);
        self.worker.observe();
        Ok(())
    }

    /// Sends it once more, or to the dead-letter queue.
    async fn failed(
        &self,
        job: &Job,
        task: &Task,
        body: &str,
        error: &BrokerError,
    ) -> Result<Outcome> {
        job.in_scope(|| tracing::warn!("attempt {}: {error}", job.attempt()));
        if job.is_final() {
            let send = || self.dead_letters.dead_letter(&task.job_type, job.context());
            let sending = job.in_scope(send);
            let context = sending.context().clone();
            let publish = self.broker.publish(&self.dead_queue, body, &context);
            sending.around(publish).await?;
            return Ok(Outcome::DeadLetter);
        }
        let send = || self.retries.retry(&task.job_type, job.context(), B::LATER);
        let sending = job.in_scope(send);
        let context = sending.context().clone();
        let publish = self.broker.publish_later(&self.queue, body, &context);
        sending.around(publish).await?;
        Ok(Outcome::Retry)
    }
}

async fn phases(order: Order, runners: &Runners) -> Result<()> {
    let family = bench::bench_phase_duration_seconds;
    // What a machine would do here is not what is shown: the phases around the runner are empty.
    stage(family, Phase::Provision, async { Ok::<_, BrokerError>(()) }).await?;
    stage(family, Phase::RunTest, runners.run(order)).await?;
    stage(family, Phase::CollectArtifacts, async {
        Ok::<_, BrokerError>(())
    })
    .await?;
    stage(family, Phase::Teardown, async { Ok(()) }).await
}
