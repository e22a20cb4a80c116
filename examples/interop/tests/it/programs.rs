//! What the three programs promise beside traces.

use std::{net::TcpListener, process::Command};

use interop::grpc::{connect_bare, rpc::echo_client::EchoClient};
use serde_json::json;
use tokio::net::TcpSocket;
use xtask::{
    http::{self, url},
    stack::{GRACE, Service, Stack},
};

use crate::{
    harness::{Chain, Language::Rust, Protocol::Grpc, SURROUNDINGS},
    hops::{CALLER, TRACE},
};

const PROGRAMS: [(&str, &str); 3] = [
    ("grpc-echo", env!("CARGO_BIN_EXE_grpc-echo")),
    ("http-echo", env!("CARGO_BIN_EXE_http-echo")),
    ("w3c-service", env!("CARGO_BIN_EXE_w3c-service")),
];

/// A port of loopback that is taken and not listened on: whoever calls it is refused.
fn nobody() -> (TcpSocket, String) {
    let holder = TcpSocket::new_v4().unwrap();
    holder.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = holder.local_addr().unwrap().to_string();
    (holder, address)
}

fn service(program: usize, args: &[&str]) -> Service {
    let (name, path) = PROGRAMS[program];
    let service = SURROUNDINGS
        .into_iter()
        .fold(Service::new(name, path), Service::without_env)
        .arg("--listen")
        .arg("127.0.0.1:0");
    args.iter().fold(service, |service, arg| service.arg(*arg))
}

#[tokio::test]
async fn bare_leaves_our_layers_out() {
    let mut stack = Stack::new();
    let address = stack
        .start(service(0, &["--bare"]))
        .await
        .unwrap()
        .address();
    let channel = connect_bare(format!("http://{address}").parse().unwrap()).unwrap();
    let mut request = tonic::Request::new(String::new());
    let parent = format!("00-{TRACE}-{CALLER}-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    let answer = EchoClient::new(channel).call(request).await.unwrap();
    let (metadata, answer, _) = answer.into_parts();
    assert!(metadata.get("x-request-id").is_none(), "{metadata:?}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["metadata"]["traceparent"], json!([parent]));
    for id in ["trace_id", "span_id", "parent_id"] {
        assert_eq!(answer[id], json!(null), "no span: {answer}");
    }
    assert_eq!(stack.stop(GRACE).await, []);
}

#[tokio::test]
async fn p12_metadata_are_read_as_w3c_trace_context_says() {
    let chain = Chain::start(Grpc, &[Rust, Rust], None)
        .await
        .expect("ours is here");
    let upper = CALLER.to_uppercase();
    // A parent, and whether it is one: of this version, of a later one, and of none.
    for (parent, is_one) in [
        (format!("00-{TRACE}-{CALLER}-01"), true),
        (format!("cc-{TRACE}-{CALLER}-01"), true),
        (format!("cc-{TRACE}-{CALLER}-01-what-ever"), true),
        (format!("ff-{TRACE}-{CALLER}-01"), false),
        (format!("00-{TRACE}-{CALLER}-01-what"), false),
        (format!("00-{}-{CALLER}-01", TRACE.to_uppercase()), false),
        (format!("00-{TRACE}-{upper}-01"), false),
        (format!("00-{}-{CALLER}-01", "0".repeat(32)), false),
        (format!("00-{TRACE}-{}-01", "0".repeat(16)), false),
        (format!("00-{TRACE}-{CALLER}-0G"), false),
    ] {
        let sent = [
            ("traceparent", parent.as_str()),
            ("tracestate", "a=1,b=2"),
            ("tracestate", "c=3"),
        ];
        let answers = chain.call(&sent).await;
        let trace = answers[0]["trace_id"].as_str().unwrap();
        assert_eq!(trace == TRACE, is_one, "{parent}: {answers:#?}");
        assert_eq!(answers[0]["parent_id"] == CALLER, is_one, "{parent}");
        assert_eq!(answers[1]["trace_id"], json!(trace), "{answers:#?}");
        // Several lists are one; without a parent they are nobody's.
        let state = answers[1]["metadata"].get("tracestate");
        let joined = is_one.then(|| json!(["a=1,b=2,c=3"]));
        assert_eq!(state, joined.as_ref(), "{parent}: {answers:#?}");
    }
    chain.stop().await;
}

#[tokio::test]
async fn p12_a_doubled_traceparent_in_metadata_is_a_new_trace() {
    let chain = Chain::start(Grpc, &[Rust, Rust], None)
        .await
        .expect("ours is here");
    let other = TRACE.replace("0af", "1af");
    let parents = [TRACE, &other].map(|trace| format!("00-{trace}-{CALLER}-01"));
    let sent = parents
        .each_ref()
        .map(|parent| ("traceparent", parent.as_str()));
    let answers = chain.call(&sent).await;
    let trace = answers[0]["trace_id"].as_str().unwrap();
    assert!(trace != TRACE && trace != other, "{answers:#?}");
    assert_eq!(answers[0]["parent_id"], json!(null), "{answers:#?}");
    assert_eq!(answers[1]["trace_id"], json!(trace), "{answers:#?}");
    chain.stop().await;
}

#[tokio::test]
async fn a_far_end_that_is_not_there_is_told() {
    let mut stack = Stack::new();
    let (_holder, far) = nobody();
    let echo = stack.start(service(1, &["--forward", &far])).await.unwrap();
    let call = http::Request::post_json(url(echo.address(), "/echo"), &json!(1));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains(&far), "{}", answer.text());

    let echo = stack
        .start(service(0, &["--forward", &far]))
        .await
        .unwrap()
        .address();
    let channel = connect_bare(format!("http://{echo}").parse().unwrap()).unwrap();
    let status = EchoClient::new(channel)
        .call(String::new())
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");

    let relay = stack.start(service(2, &[])).await.unwrap();
    let calls = json!([{"url": format!("http://{far}/"), "arguments": []}]);
    let call = http::Request::post_json(url(relay.address(), "/test"), &calls);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains(&far), "{}", answer.text());
    assert_eq!(stack.stop(GRACE).await, []);
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_refused_before_the_first() {
    let mut stack = Stack::new();
    let relay = stack.start(service(2, &[])).await.unwrap().address();
    let check = async |body: serde_json::Value, why: &str| {
        let call = http::Request::post_json(url(relay, "/test"), &body);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status, 422, "{body:.80}: {}", answer.text());
        assert!(answer.text().contains(why), "{body:.80}: {}", answer.text());
    };
    let call = json!({"url": "http://127.0.0.1:1/", "arguments": []});
    check(
        json!([call, {"url": "https://127.0.0.1/", "arguments": []}]),
        "https://127.0.0.1/",
    )
    .await;
    check(json!([call, {"url": "http://127.0.0.1:1/"}]), "arguments").await;
    check(json!({"url": 1}), "expected a sequence").await;
    check(json!(vec![call.clone(); 257]), "257 calls; at most 256").await;
    assert_eq!(stack.stop(GRACE).await, []);
}

#[test]
fn a_wrong_setting_is_a_clear_error() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (name, path) in PROGRAMS {
        let output = Command::new(path)
            .args(["--listen", &taken])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        let start = format!("{name}: cannot listen on {taken}: ");
        assert!(told.starts_with(&start), "{told}");
        assert!(output.stdout.is_empty(), "it never said that it listens");
    }
    for (_, path) in &PROGRAMS[..2] {
        let output = Command::new(path)
            .args(["--forward", "https://a"])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("give an address such as"), "{told}");
    }
}
