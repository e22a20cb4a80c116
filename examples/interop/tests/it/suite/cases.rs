//! Both directions of every case of the table.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process::{ExitStatus, Stdio},
};

use http::HeaderMap;
use interop::suite::{EchoMetadataLayer, Suite, rpc::test_service_server::TestServiceServer};
use throughline_grpc::Method;
use tokio::{net::TcpListener, process::Command, task::AbortHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tower::{Layer, ServiceBuilder};
use xtask::{
    peers,
    stack::{GRACE, Service, Stack},
};

use super::{
    ours,
    recording::{Call, Recording},
    table::{self, Says},
};
use crate::{
    cases::{Ledger, client, record, server},
    harness::{LONG, SURROUNDINGS},
};

/// How many calls a soak makes.
pub(crate) const SOAK: usize = 10;

/// In these a timer or a client that leaves decides how much gets through: of each call the two ends
/// are compared, but not of one run with the other.
const TIMED: [&str; 3] = [
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
];

/// How each call of a case ends, and how many there are.
fn expected(case: &str) -> (&'static str, usize) {
    match case {
        "timeout_on_sleeping_server" => ("DEADLINE_EXCEEDED", 1),
        "cancel_after_begin" | "cancel_after_first_response" => ("CANCELLED", 1),
        "status_code_and_message" => ("UNKNOWN", 2),
        "special_status_message" => ("UNKNOWN", 1),
        "unimplemented_method" | "unimplemented_service" => ("UNIMPLEMENTED", 1),
        "custom_metadata" => ("OK", 2),
        "rpc_soak" | "channel_soak" => ("OK", SOAK),
        "pick_first_unary" => ("OK", 100),
        _ => ("OK", 1),
    }
}

/// What a side's layer counted, by code.
fn counted(ledger: &Ledger, side: &str) -> BTreeMap<String, f64> {
    let mut codes = BTreeMap::new();
    for (series, count) in ledger.read() {
        if let Some(labels) = series.strip_prefix(&format!("rpc_{side}_calls_total{{")) {
            let code = labels
                .split(',')
                .find_map(|label| label.strip_prefix("code="));
            *codes.entry(code.unwrap().to_owned()).or_default() += count;
        }
    }
    codes
}

/// One record of each call that came to the layer, with the right code, and none under way.
async fn assert_counted(ledger: &Ledger, side: &str, case: &str, calls: usize) {
    let in_flight = format!("rpc_{side}_calls_in_flight{{}}");
    let all = |ledger: &Ledger| {
        let sum: f64 = counted(ledger, side).values().sum();
        sum >= calls as f64 && ledger.count(&in_flight) == 0.0
    };
    ledger.until(case, all).await;
    let (code, _) = expected(case);
    let expected = (calls > 0).then(|| (code.to_owned(), calls as f64));
    assert_eq!(
        counted(ledger, side),
        expected.into_iter().collect(),
        "{case}"
    );
}

/// Our server on this thread, recorded outside and inside of the layer, if it has one.
async fn serve(layered: bool) -> (SocketAddr, Recording, Recording, AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let [outside, inside] = [(); 2].map(|()| Recording::default());
    let suite = EchoMetadataLayer.layer(TestServiceServer::new(Suite));
    let incoming = TcpListenerStream::new(listener);
    let builder = Server::builder().layer(outside.clone());
    let serving = if layered {
        let mut builder = builder.layer(server()).layer(inside.clone());
        tokio::spawn(builder.add_service(suite).serve_with_incoming(incoming))
    } else {
        let mut builder = builder.layer(inside.clone());
        tokio::spawn(builder.add_service(suite).serve_with_incoming(incoming))
    };
    (address, outside, inside, serving.abort_handle())
}

/// Runs grpc-go's client through a case.
async fn go_calls(
    program: &std::path::Path,
    address: SocketAddr,
    case: &str,
) -> (ExitStatus, String) {
    let mut command = Command::new(program);
    command
        .arg("--use_tls=false")
        .arg(format!("--server_host={}", address.ip()))
        .arg(format!("--server_port={}", address.port()))
        .arg(format!("--test_case={case}"))
        .arg(format!("--soak_iterations={SOAK}"))
        // How long a call takes here is nobody's business.
        .arg("--soak_per_iteration_max_acceptable_latency_ms=30000")
        .arg("--soak_overall_timeout_seconds=60");
    if case.starts_with("orca") {
        let balancer = r#"{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}"#;
        command.arg(format!("--service_config_json={balancer}"));
    }
    let ended = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(2 * LONG, ended).await;
    let output = output.expect("the client ends").unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status, told)
}

/// That the recording has what the case is about: a comparison of nothing would always hold.
#[track_caller]
fn assert_recorded(case: &str, calls: &[Call]) {
    let trailers = |call: &Call| call.response.trailers.clone().unwrap_or_default();
    match case {
        "large_unary" => {
            let [call] = calls else {
                panic!("one call: {calls:#?}");
            };
            assert!(call.request.data.len() > 271_828, "{call:#?}");
            assert!(call.response.data.len() > 314_159, "{call:#?}");
            assert_eq!(trailers(call)["grpc-status"], "0");
        }
        "custom_metadata" => {
            for call in calls {
                assert_eq!(
                    call.response.head["x-grpc-test-echo-initial"],
                    "test_initial_metadata_value"
                );
                assert!(trailers(call).contains_key("x-grpc-test-echo-trailing-bin"));
            }
        }
        _ => {}
    }
}

/// Without what says how much time is left.
fn without_timeout(mut calls: Vec<Call>) -> Vec<Call> {
    for call in &mut calls {
        call.request.head.remove("grpc-timeout");
    }
    calls
}

#[tokio::test]
async fn grpc_gos_client_calls_us() {
    let Some(program) = peers::require("grpc-interop-client") else {
        return;
    };
    seed();
    for (case, says, _) in table::read() {
        if says != Says::Passes {
            continue;
        }
        let mut bare = None;
        for layered in [false, true] {
            let ledger = Ledger::new();
            let _open = ledger.open();
            let (address, outside, inside, serving) = serve(layered).await;
            let (status, told) = go_calls(&program, address, case).await;
            assert!(status.success(), "{case}, layered {layered}: {told}");
            let calls = outside.calls();
            assert_recorded(case, &calls);
            if layered {
                assert_counted(&ledger, "server", case, calls.len()).await;
                let (_, count) = expected(case);
                let fits = calls.len() == count || TIMED.contains(&case) && calls.is_empty();
                assert!(fits, "{case}: {count} calls, not {}", calls.len());
            }
            serving.abort();
            // Whatever came in got to the handler, and whatever it gave got out.
            assert_eq!(outside.calls(), inside.calls(), "{case}");
            let calls = without_timeout(calls);
            match &bare {
                None => bare = Some(calls),
                Some(bare) if !TIMED.contains(&case) => {
                    assert_eq!(*bare, calls, "{case}")
                }
                Some(_) => {}
            }
        }
    }
}

/// The program, whose layers are those of a service: an id of the request comes with each answer.
#[tokio::test]
async fn the_program_serves_the_suite() {
    let Some(program) = peers::require("grpc-interop-client") else {
        return;
    };
    let mut stack = Stack::new();
    for args in [
        &["--listen=127.0.0.1:0"][..],
        &["--listen=127.0.0.1:0", "--bare"],
    ] {
        let echo = Service::new("grpc-echo", env!("CARGO_BIN_EXE_grpc-echo"));
        let echo = args.iter().fold(echo, |echo, arg| echo.arg(*arg));
        let echo = SURROUNDINGS.into_iter().fold(echo, Service::without_env);
        let address = stack.start(echo).await.unwrap().address();
        for case in ["ping_pong", "custom_metadata", "special_status_message"] {
            let (status, told) = go_calls(&program, address, case).await;
            assert!(status.success(), "{case} {args:?}: {told}");
        }
    }
    assert_eq!(stack.stop(GRACE).await, []);
}

/// What the table excuses is no fault of our layers.
#[tokio::test]
async fn stock_tonic_fails_what_the_table_says() {
    let Some(program) = peers::require("grpc-interop-client") else {
        return;
    };
    let (address, _, _, serving) = serve(false).await;
    for (case, says, _) in table::read() {
        if says == Says::Fails {
            let (status, told) = go_calls(&program, address, case).await;
            assert!(!status.success(), "{case} passes now: {told}");
        }
    }
    serving.abort();
}

#[tokio::test]
async fn we_call_grpc_gos_server() {
    let Some(program) = peers::require("peer-go") else {
        return;
    };
    seed();
    let mut stack = Stack::new();
    let go = Service::new("interop", program).arg("interop");
    let go = stack.start(go.arg("--listen=127.0.0.1:0")).await.unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{}", go.address())).unwrap();
    for (case, _, says) in table::read() {
        if says == Says::None {
            continue;
        }
        assert_eq!(
            says,
            Says::Passes,
            "{case}: stock tonic fails none of its own"
        );
        let mut bare = None;
        for layered in [false, true] {
            let ledger = Ledger::new();
            let _open = ledger.open();
            let [outside, inside] = [(); 2].map(|()| Recording::default());
            let recorded = ServiceBuilder::new().layer(outside.clone());
            if layered {
                let connect = || {
                    recorded
                        .clone()
                        .layer(client())
                        .layer(inside.clone())
                        .service(endpoint.connect_lazy())
                };
                ours::run(case, connect).await;
            } else {
                let connect = || {
                    let recorded = recorded.clone().layer(inside.clone());
                    recorded.service(endpoint.connect_lazy())
                };
                ours::run(case, connect).await;
            }
            let calls = outside.calls();
            assert_eq!(calls.len(), expected(case).1, "{case}");
            assert_recorded(case, &calls);
            if layered {
                assert_counted(&ledger, "client", case, calls.len()).await;
            }
            // The layer sends the trace along, and changes nothing else.
            let mut sent = inside.calls();
            for (call, given) in sent.iter_mut().zip(&calls) {
                let trace = call.request.head.remove("traceparent");
                assert_eq!(trace.is_some(), layered, "{case}: {call:#?}");
                assert_eq!(names(&call.request.head), names(&given.request.head));
            }
            assert_eq!(sent, calls, "{case}");
            let calls = without_timeout(calls);
            match &bare {
                None => bare = Some(calls),
                Some(bare) if !TIMED.contains(&case) => assert_eq!(*bare, calls, "{case}"),
                Some(_) => {}
            }
        }
    }
    assert_eq!(stack.stop(GRACE).await, []);
}

/// The names of all values, in order.
fn names(head: &HeaderMap) -> Vec<&str> {
    head.iter().map(|(name, _)| name.as_str()).collect()
}

/// Spans are recorded, and methods have their labels.
fn seed() {
    record();
    let methods = [
        "EmptyCall",
        "UnaryCall",
        "StreamingOutputCall",
        "StreamingInputCall",
        "FullDuplexCall",
    ];
    let methods = methods.map(|method| format!("grpc.testing.TestService/{method}"));
    Method::seed(methods.each_ref().map(String::as_str));
}
