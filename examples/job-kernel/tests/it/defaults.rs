//! K8: metrics and logs are on, traces are exported when they are asked for.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

use xtask::systems::{
    Options,
    job_kernel::{Role, SETTLE, Stack},
};

use crate::harness::{bell, job_id, line, options, run, soon, start, trace_of};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

async fn start_silent() -> Stack {
    let mut options: Options = options();
    options.otlp = false;
    Stack::start(options).await.unwrap()
}

#[tokio::test]
async fn k8_one_setting_turns_the_export_of_traces_on() {
    let stack = start().await;
    let (answer, ..) = run(&stack, &bell()).await;
    let trace = trace_of(&answer);
    let receiver = stack.receiver().unwrap();
    let came = receiver.wait_until(SETTLE, |spans| {
        let of = |role: Role| {
            let mut spans = spans.iter().filter(|span| span.trace_id == trace);
            spans.any(|span| span.service == role.name())
        };
        Role::ALL.into_iter().all(of)
    });
    assert!(came.await, "{:?}", receiver.trace(&trace));
}

#[tokio::test]
async fn k8_metrics_and_logs_are_on_and_ids_flow_without_any_setting() {
    let stack = start_silent().await;
    assert!(stack.receiver().is_none());
    let (answer, ..) = run(&stack, &bell()).await;
    let (trace, job) = (trace_of(&answer), job_id(&answer));
    for role in Role::ALL {
        line(&stack, role, |line| {
            line.text_of("trace_id") == Some(trace.as_str())
                && line.text_of("span_id").is_some()
                && line.text_of("job_id") == Some(job.as_str())
        })
        .await;
    }
    for (role, family) in [
        (Role::SystemApi, "eigen_api_requests_total"),
        (Role::Kernel, "eigen_kernel_job_state_transitions_total"),
        (Role::DriverManager, "eigen_driver_requests_total"),
    ] {
        let page = stack
            .page_when(role, |page| page.sum(family, &[]) > 0.0)
            .await
            .unwrap();
        assert!(page.sum(family, &[]) > 0.0, "{}", page.text());
    }
}

/// Whether anybody has connected to the listener since it is there.
fn has_been_called(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    match listener.accept() {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

/// An address of a line of `/proc/net/tcp`: its port.
fn port(text: &str) -> u16 {
    u16::from_str_radix(text.rsplit(':').next().unwrap(), 16).unwrap()
}

/// The ports of all connections of a process: its own and the other end's.
fn connections(pid: u32) -> Vec<(u16, u16)> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let open: BTreeSet<String> = open.map(|path| path.display().to_string()).collect();
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{pid}/net/{name}")));
    let tables = tables.map(Result::unwrap_or_default);
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows = rows.map(|row| row.split_whitespace().collect::<Vec<_>>());
    // 0A is a listener.
    let own = rows.filter(|row| row[3] != "0A" && open.contains(&format!("socket:[{}]", row[9])));
    own.map(|row| (port(row[1]), port(row[2]))).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn k8_without_the_setting_nobody_is_called() {
    // Where an exporter would go by default; taken ones are somebody else's Collector.
    let usual = [
        "127.0.0.1:4317",
        "[::1]:4317",
        "127.0.0.1:4318",
        "[::1]:4318",
    ];
    let usual: Vec<TcpListener> = usual
        .into_iter()
        .filter_map(|address| TcpListener::bind(address).ok())
        .collect();
    let stack = start_silent().await;
    run(&stack, &bell()).await;

    let ports = Role::ALL.map(|role| {
        let running = stack.role(role);
        [Some(running.address()), running.metrics_address()]
    });
    let ports: BTreeSet<u16> = ports
        .iter()
        .flatten()
        .flatten()
        .map(SocketAddr::port)
        .collect();
    let mut known = 0;
    for role in Role::ALL {
        for (own, other) in connections(stack.role(role).pid()) {
            assert!(
                ports.contains(&own) || ports.contains(&other),
                "{} is connected to port {other}",
                role.name()
            );
            known += 1;
        }
    }
    assert!(
        known >= 6,
        "three connections between the four have two ends each: {known}"
    );
    // At its end a program exports what is left.
    stack.end().await.unwrap();
    assert!(!usual.iter().any(has_been_called));
}

/// That the check above can fail: with the setting, somebody is called.
#[tokio::test]
async fn k8_with_the_setting_its_endpoint_is_called() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut options = options();
    options.otlp = false;
    options.env.push((ENDPOINT.to_owned(), endpoint));
    let stack = Stack::start(options).await.unwrap();
    let (_, _, job) = run(&stack, &bell()).await;
    assert_eq!(
        job["state"], "completed",
        "a Collector that does not answer harms no job"
    );
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    soon(listener.accept()).await.unwrap();
}
