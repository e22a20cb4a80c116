//! A service in Python between two of ours, each message passed on through RabbitMQ.

use tokio::process::Command;
use xtask::{
    otlp::Span,
    peers,
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

    let mut run = Command::new(relay);
    run.args([
        "--broker", &address, "--take", "bench", "--give", "behind", "--count", "2",
    ]);
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", ours.receiver.endpoint());
    let output = tokio::time::timeout(LIMIT, run.kill_on_drop(true).output()).await;
    let output = output.expect("it ends").expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);

    let mut stack = Stack::new();
    behind.worker(&mut stack, "auto").await;
    let worker = &stack.services()[0];
    until_ended(&[worker], 2).await;
    worker.ask_to_stop();
    let stopped = tokio::time::timeout(LIMIT, worker.wait()).await;
    assert!(stopped.is_ok(), "the worker does not stop");
    behind.keep(worker);
    assert_eq!(stack.stop(GRACE).await.len(), 1, "it has stopped already");
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

fn parent<'a>(of: &Span, spans: &'a [Span]) -> Option<&'a Span> {
    let id = of.parent_id.as_ref()?;
    let found = spans.iter().find(|span| span.span_id == *id);
    Some(found.unwrap_or_else(|| panic!("nobody sent the span above {}", of.name)))
}
