//! A service in Python between two of ours, each message passed on through RabbitMQ.

use std::path::Path;

use tokio::process::Command;
use xtask::{
    otlp::{Link, Span},
    peers,
    promtext::Page,
    stack::{GRACE, Stack},
};

use crate::{
    servers::Server,
    site::{LIMIT, Site, until_ended},
};

/// Ours, Python's, and ours again: the trace goes on in it, and the ids come out as they went in.
#[tokio::test(flavor = "multi_thread")]
async fn b1_b10_a_hop_through_python_over_rabbitmq() {
    let Some(relay) = peers::require("peer-python-relay") else {
        return;
    };
    let Some(server) = Server::rabbitmq().await else {
        return;
    };
    let address = server.address();
    let of = |queue| {
        [
            "--broker",
            "rabbitmq",
            "--address",
            &address,
            "--queue",
            queue,
        ]
    };
    let mut ours = Site::new(&of("bench")).await;
    ours.run("schedule", &["--way", "steady", "--way", "steady"])
        .await;
    // The queue behind Python.
    let mut behind = Site::new(&of("behind")).await;
    behind.run("schedule", &[]).await;

    let told = ["--take", "bench", "--give", "behind", "--count", "2"];
    python(&relay, &address, &told, &ours).await;
    worked(&mut behind, 2).await;
    server.stop().await;

    let have = |count: usize, name: &'static str| {
        move |spans: &[Span]| spans.iter().filter(|span| span.name == name).count() == count
    };
    assert!(
        ours.receiver
            .wait_until(LIMIT, have(2, "bench receive"))
            .await
    );
    assert!(
        behind
            .receiver
            .wait_until(LIMIT, have(2, "process behind"))
            .await
    );
    let spans = [ours.receiver.spans(), behind.receiver.spans()].concat();
    let worked = spans.iter().filter(|span| span.name == "process behind");
    for worked in worked {
        // From the end to the beginning: pika's instrumentation has two spans for one sending, the one
        // below the other, and the message is of the lower.
        let mut way = vec![worked];
        while let Some(up) = parent(way[way.len() - 1], &spans) {
            assert_eq!(up.trace_id, worked.trace_id, "{}", up.name);
            way.push(up);
        }
        let mut names = way
            .iter()
            .map(|span| (span.service.as_str(), span.name.as_str()))
            .collect::<Vec<_>>();
        names.dedup();
        let expected = [
            ("worker", "process behind"),
            ("relay", "behind send"),
            ("relay", "bench receive"),
            ("scheduler", "send bench"),
            ("scheduler", "schedule bench"),
        ];
        assert_eq!(names, expected);
        assert_eq!(worked.links.len(), 1);
        assert_eq!(Some(&worked.links[0].span_id), worked.parent_id.as_ref());

        let message = worked.text("messaging.message.id").expect("it has one");
        let line = |site: &Site, text: &str| {
            let is_it = |line: &&serde_json::Value| {
                line["message"] == text && line["message_id"] == message
            };
            let said = site.said().iter().find(is_it).cloned();
            said.unwrap_or_else(|| panic!("`{text}` of {message}"))
        };
        let (scheduled, running) = (line(&ours, "scheduled"), line(&behind, "running"));
        for id in ["job_id", "request_id", "trace_id"] {
            assert!(running[id].is_string(), "{running}");
            assert_eq!(running[id], scheduled[id]);
        }
    }
}

/// A message that Python made, in a trace and with ids of its own, is a job here.
#[tokio::test(flavor = "multi_thread")]
async fn b1_b10_a_message_that_python_made_is_a_job_in_its_trace() {
    const BODY: &str = r#"{"job_type":"bench","way":"flaky"}"#;
    let Some(python_relay) = peers::require("peer-python-relay") else {
        return;
    };
    let Some(server) = Server::rabbitmq().await else {
        return;
    };
    let address = server.address();
    let at = [
        "--broker",
        "rabbitmq",
        "--address",
        &address,
        "--queue",
        "born",
    ];
    let mut site = Site::new(&at).await;
    // The queue alone.
    site.run("schedule", &[]).await;
    let told = ["--give", "born", "--body", BODY, "--count", "2"];
    let made = python(&python_relay, &address, &told, &site).await;
    // Each fails once, and is made good by the second attempt.
    let page = worked(&mut site, 4).await;
    server.stop().await;

    let attempts = |attempt: &str, trigger: &str, outcome: &str| {
        let labels = [
            ("job_type", "bench"),
            ("attempt", attempt),
            ("trigger", trigger),
            ("outcome", outcome),
        ];
        page.sum("bench_jobs_total", &labels)
    };
    assert_eq!(attempts("first", "message", "retry"), 2.0);
    assert_eq!(attempts("retry", "delay", "ok"), 2.0);

    let all = |spans: &[Span]| {
        let count = |name| spans.iter().filter(|span| span.name == name).count();
        count("process born") == 4 && count("order") == 2
    };
    assert!(site.receiver.wait_until(LIMIT, all).await);
    let spans = site.receiver.spans();
    let orders: Vec<_> = spans.iter().filter(|span| span.name == "order").collect();
    assert_eq!(made.len(), orders.len());
    for ids in &made {
        let mut attempts: Vec<_> = spans
            .iter()
            .filter(|span| span.name == "process born")
            .filter(|span| span.text("messaging.message.id") == ids["x-message-id"].as_str())
            .collect();
        attempts.sort_by_key(|span| span.attributes["throughline.job.attempt"].as_i64());
        let [first, second] = attempts[..] else {
            panic!("two attempts at {ids}, not {}", attempts.len());
        };
        // The first is part of the trace that began in Python, below what sent the message.
        let mut top = first;
        while let Some(up) = parent(top, &spans) {
            top = up;
        }
        assert_eq!(
            (top.service.as_str(), top.name.as_str()),
            ("relay", "order")
        );
        assert_eq!(first.trace_id, top.trace_id);
        // The second has a trace of its own, and knows where the message was made.
        assert_ne!(second.trace_id, first.trace_id);
        for attempt in [first, second] {
            let made = (&top.trace_id, first.parent_id.as_ref());
            let is_made = |link: &Link| (&link.trace_id, Some(&link.span_id)) == made;
            assert!(attempt.links.iter().any(is_made), "{attempt:?}");
        }
        let is_it = |line: &&serde_json::Value| {
            line["message"] == "running" && line["message_id"] == ids["x-message-id"]
        };
        let running: Vec<_> = site.said().iter().filter(is_it).collect();
        assert_eq!(running.len(), 2, "{ids}");
        for line in running {
            assert_eq!(line["job_id"], ids["x-job-id"]);
            assert_eq!(line["request_id"], ids["x-request-id"]);
        }
    }
}

/// Runs the relay to its end, and returns what it prints.
async fn python(
    program: &Path,
    broker: &str,
    told: &[&str],
    site: &Site,
) -> Vec<serde_json::Value> {
    let mut run = Command::new(program);
    run.args(["--broker", broker]).args(told);
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", site.receiver.endpoint());
    let output = tokio::time::timeout(LIMIT, run.kill_on_drop(true).output()).await;
    let output = output.expect("it ends").expect("it starts");
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{}: {err}", output.status);
    let line = |line| serde_json::from_str(line).expect("it prints JSON");
    out.lines().map(line).collect()
}

/// Has a worker end so many attempts and then stop, and returns what it counted.
async fn worked(site: &mut Site, attempts: usize) -> Page {
    let mut stack = Stack::new();
    let page = site.worker(&mut stack, "auto").await;
    let worker = &stack.services()[0];
    until_ended(&[worker], attempts).await;
    worker.ask_to_stop();
    let stopped = tokio::time::timeout(LIMIT, worker.wait()).await;
    assert!(stopped.is_ok(), "the worker does not stop");
    site.keep(worker);
    assert_eq!(stack.stop(GRACE).await.len(), 1, "it has stopped already");
    site.read(&page).clone()
}

fn parent<'a>(of: &Span, spans: &'a [Span]) -> Option<&'a Span> {
    let id = of.parent_id.as_ref()?;
    let found = spans.iter().find(|span| span.span_id == *id);
    Some(found.unwrap_or_else(|| panic!("nobody sent the span above {}", of.name)))
}
