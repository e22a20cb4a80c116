//! Scheduler, queue, workers and runners over each broker: one of the workers is killed at its work.

use std::time::Duration;

use xtask::stack::{GRACE, Running, Stack};

use crate::{
    servers::Server,
    site::{LIMIT, Site, ended, until_ended},
    story::{IN_FLIGHT, Lost, Story},
};

const BACKLOG: &str = "queue_backlog";

/// In this order; the stuck one keeps its worker until that is killed.
const WAYS: [&str; 10] = [
    "--way", "steady", "--way", "flaky", "--way", "poison", "--way", "stuck", "--way", "steady",
];

/// The attempts that end whatever becomes of the stuck one: 2 steady, 2 flaky, 3 poison.
const BEFORE: usize = 7;

async fn over(server: Server, system: &str, relation: &str) {
    let address = server.address();
    let at = [
        "--broker",
        system,
        "--address",
        &address,
        "--queue",
        "bench",
    ];
    let mut site = Site::new(&at).await;
    // First, for it makes the queues: a broker may not like two who do it at once.
    site.run("schedule", &WAYS).await;
    assert_eq!(waiting(&mut site).await, 5.0, "nobody works yet");
    let mut stack = Stack::new();
    let mut pages = Vec::new();
    for _ in 0..2 {
        pages.push(site.worker(&mut stack, relation).await);
    }

    // One of them holds a runner that never ends; the other does all the rest.
    let victim = {
        let [one, two] = stack.services() else {
            unreachable!("two were started")
        };
        tokio::select! {
            () = holds(one) => 0,
            () = holds(two) => 1,
        }
    };
    until_ended(&stack.services().iter().collect::<Vec<_>>(), BEFORE).await;
    let processed = |count: usize| {
        site.receiver.wait_until(LIMIT, move |spans| {
            spans
                .iter()
                .filter(|span| span.name == "process bench")
                .count()
                == count
        })
    };
    assert!(processed(BEFORE).await, "spans are missing");
    let before = ended(&stack.services()[victim].log().lines());
    let page = site.scrape(&stack.services()[victim]).await;
    assert_eq!(page.sum(IN_FLIGHT, &[]), 1.0, "the stuck one");
    busy(&site, &stack.services()[victim]).await;
    stack.services()[victim].kill();
    stack.services()[victim].wait().await;
    site.keep(&stack.services()[victim]);

    // It is started anew, and one of the two finds what was left behind.
    pages[victim] = site.worker(&mut stack, relation).await;
    let alive = |stack: &Stack| -> Vec<usize> {
        (0..stack.services().len())
            .filter(|&at| at != victim)
            .collect()
    };
    let living = alive(&stack);
    let workers = living
        .iter()
        .map(|&at| &stack.services()[at])
        .collect::<Vec<_>>();
    until_ended(&workers, BEFORE - before + 1).await;
    site.run("redrive", &["--count", "1"]).await;
    until_ended(&workers, BEFORE - before + 2).await;

    for worker in workers {
        worker.ask_to_stop();
        let stopped = tokio::time::timeout(LIMIT, worker.wait()).await;
        assert!(stopped.is_ok(), "{} does not stop", worker.name());
        site.keep(worker);
    }
    for page in &pages {
        assert_eq!(site.read(page).sum(IN_FLIGHT, &[]), 0.0, "all have ended");
    }
    assert_eq!(waiting(&mut site).await, 0.0, "all is done");
    let unclean = stack.stop(GRACE).await;
    let how = unclean
        .iter()
        .filter(|one| one.how.contains("exit status 1"))
        .collect::<Vec<_>>();
    assert!(how.is_empty(), "{how:?}");
    assert!(processed_all(&site).await, "spans are missing");
    let later = match system {
        "rabbitmq" => Duration::from_secs(1),
        _ => Duration::ZERO,
    };
    Story::of(&site, relation, Lost::Killed, later).check();
    server.stop().await;
}

/// How many messages wait, as somebody counts who does not work.
async fn waiting(site: &mut Site) -> f64 {
    site.run("look", &[]).await;
    let page = site.pages().last().expect("it counts");
    let found = page.family(BACKLOG).is_some();
    assert!(found, "{}", page.text());
    page.sum(BACKLOG, &[])
}

/// Waits until a worker that holds a runner shows that it is at work, and that its lease is renewed.
async fn busy(site: &Site, worker: &Running) {
    let wait = async {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            let page = site.peek(worker).await;
            // Since it was last looked, which is a heartbeat ago; and all others are done with.
            let is_busy = 90.0 < page.sum("worker_busy_time_percent", &[]);
            if is_busy && page.sum(BACKLOG, &[]) == 0.0 {
                return page.sum("worker_lease_age_seconds", &[]);
            }
        }
    };
    let age = tokio::time::timeout(LIMIT, wait).await;
    let age = age.expect("it shows that it is busy");
    assert!(age < brokers::broker::LEASE.as_secs_f64(), "{age}");
}

/// 9 consumer spans: that of the attempt which died with its worker is lost with it.
async fn processed_all(site: &Site) -> bool {
    let enough = |spans: &[xtask::otlp::Span]| {
        spans
            .iter()
            .filter(|span| span.name == "process bench")
            .count()
            == BEFORE + 2
    };
    site.receiver.wait_until(LIMIT, enough).await
}

async fn holds(worker: &Running) {
    let holding = |lines: &[std::sync::Arc<xtask::stack::Line>]| {
        let mut lines = lines.iter();
        lines
            .any(|line| line.text_of("message") == Some("holding"))
            .then_some(())
    };
    let found = worker.log().wait_for(LIMIT, holding).await;
    assert!(found.is_some(), "no worker holds a runner");
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_redis_streams_as_children() {
    if let Some(server) = Server::redis().await {
        over(server, "redis", "parent").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_redis_streams() {
    if let Some(server) = Server::redis().await {
        over(server, "redis", "auto").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_rabbitmq() {
    if let Some(server) = Server::rabbitmq().await {
        over(server, "rabbitmq", "auto").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_nats_jetstream_as_links() {
    if let Some(server) = Server::nats().await {
        over(server, "nats", "link").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_nats_jetstream() {
    if let Some(server) = Server::nats().await {
        over(server, "nats", "auto").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_b3_b4_jobs_over_a_channel() {
    for relation in ["auto", "parent", "link"] {
        let mut site = Site::new(&[]).await;
        let args = [["--relation", relation].as_slice(), &WAYS].concat();
        site.run("channel", &args).await;
        assert_eq!(site.pages()[0].sum(IN_FLIGHT, &[]), 0.0, "all have ended");
        Story::of(&site, relation, Lost::Dropped, Duration::ZERO).check();
    }
}
