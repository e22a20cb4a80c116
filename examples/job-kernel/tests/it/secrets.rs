//! K7: nothing secret gets out, and nothing hostile gets in.

use std::time::Duration;

use job_kernel::rpc::{
    self, compiler_client::CompilerClient, driver_manager_client::DriverManagerClient,
    kernel_client::KernelClient,
};
use throughline_correlation::RequestId;
use tonic::{
    Request as Call,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use xtask::{
    http::{Request, raw, split},
    systems::job_kernel::{Role, SETTLE, Stack},
};

use crate::harness::{all_lines, bell, faulty, get, post, run, start, trace_of};

/// Part of every value that is secret.
const CANARY: &str = "cAnArY5b1d";

/// The same as an header of bytes has it.
const CANARY_BASE64: &str = "Y0FuQXJZNWIxZA";

/// Headers that carry credentials or are on no list.
const HEADERS: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-unlisted",
    "x-forwarded-for",
    "user-agent",
    "referer",
    "baggage",
];

fn with_canaries(request: Request) -> Request {
    HEADERS.into_iter().fold(request, |request, name| {
        let value = match name {
            "authorization" | "proxy-authorization" => format!("Bearer {CANARY}"),
            "cookie" | "baggage" => format!("session={CANARY}"),
            _ => format!("https://{CANARY}.example/?key={CANARY}"),
        };
        request.header(name, value)
    })
}

fn call<T>(message: T) -> Call<T> {
    let mut call = Call::new(message);
    for name in HEADERS {
        call.metadata_mut().insert(name, CANARY.parse().unwrap());
    }
    let bytes = MetadataValue::from_bytes(CANARY.as_bytes());
    call.metadata_mut().insert_bin("x-token-bin", bytes);
    call
}

async fn channel(stack: &Stack, role: Role) -> Channel {
    let endpoint = format!("http://{}", stack.role(role).address());
    Endpoint::from_shared(endpoint)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// Looks for a text in all that the system has emitted; every program has ended.
async fn found(stack: &Stack, pages: &[String], what: &str) -> Vec<String> {
    let lines = all_lines(stack)
        .into_iter()
        .map(|(_, line)| line.text().to_owned());
    let spans = stack
        .receiver()
        .unwrap()
        .spans()
        .into_iter()
        .map(|span| format!("{span:?}"));
    let all = lines.chain(spans).chain(pages.iter().cloned());
    let what = what.to_lowercase();
    all.filter(|text| text.to_lowercase().contains(&what))
        .collect()
}

async fn pages(stack: &Stack) -> Vec<String> {
    let mut pages = Vec::new();
    for role in Role::MEASURED {
        pages.push(stack.scrape(role).await.unwrap().text());
    }
    pages
}

#[tokio::test]
async fn k7_credentials_are_in_no_line_span_or_page() {
    let stack = start().await;
    let query = format!("?token={CANARY}&api_key={CANARY}");
    let mut malformed = bell();
    malformed["circuit"] = "nonsense".into();
    let mut traces = Vec::new();
    for job in [bell(), faulty("fail"), malformed] {
        let request = Request::post_json(stack.url(&format!("/v1/jobs{query}")), &job);
        let answer = with_canaries(request).send().await.unwrap();
        traces.push(trace_of(&answer));
        if let Some(id) = answer.json().unwrap()["job_id"].as_str() {
            stack.events(id).await.unwrap();
            let path = format!("/v1/jobs/{id}{query}");
            let answer = with_canaries(get(&stack, &path)).send().await.unwrap();
            assert_eq!(answer.status, 200);
            traces.push(trace_of(&answer));
        }
    }
    // A body that has one where none belongs, and places that are none.
    let body = format!(r#"{{"circuit": 1, "password": "{CANARY}"}}"#);
    let bodies = [
        body,
        format!(r#"{{"circuit": "", "shots": "{CANARY}"}}"#),
        CANARY.to_owned(),
    ];
    for body in bodies {
        with_canaries(post(&stack, &bell()))
            .body(body)
            .send()
            .await
            .unwrap();
    }
    for path in ["/", "/v1/jobs", "/v1/jobs/nope"] {
        with_canaries(get(&stack, &format!("{path}{query}")))
            .send()
            .await
            .unwrap();
    }

    let job_id = "of-a-direct-call".to_owned();
    let submission = rpc::SubmitRequest {
        job_id: job_id.clone(),
        source: "qreg q[1]; h q[0]; measure q;".to_owned(),
        shots: 1,
        driver: "statevector".to_owned(),
        options: None,
    };
    let mut kernel = KernelClient::new(channel(&stack, Role::Kernel).await);
    kernel.submit(call(submission)).await.unwrap();
    kernel.get(call(rpc::GetRequest { job_id })).await.unwrap();
    let unknown = rpc::GetRequest {
        job_id: "nope".to_owned(),
    };
    kernel.get(call(unknown)).await.unwrap_err();
    let mut compiler = CompilerClient::new(channel(&stack, Role::Compiler).await);
    let source = "nonsense".to_owned();
    compiler
        .compile(call(rpc::CompileRequest { source }))
        .await
        .unwrap_err();
    let mut drivers = DriverManagerClient::new(channel(&stack, Role::DriverManager).await);
    drivers.list(call(rpc::ListRequest {})).await.unwrap();
    drivers
        .execute(call(rpc::ExecuteRequest::default()))
        .await
        .unwrap_err();

    let pages = pages(&stack).await;
    stack.end().await.unwrap();
    let receiver = stack.receiver().unwrap();
    let came = receiver.wait_until(SETTLE, |spans| {
        traces
            .iter()
            .all(|trace| spans.iter().any(|span| span.trace_id == *trace))
    });
    assert!(came.await, "there is something to look through");
    for what in [CANARY, CANARY_BASE64] {
        assert_eq!(found(&stack, &pages, what).await, [""; 0]);
    }
}

/// Also when everything is logged that there is to be logged.
#[tokio::test]
async fn k7_credentials_are_in_no_line_at_the_finest_level() {
    let mut options = crate::harness::options();
    options
        .env
        .push(("RUST_LOG".to_owned(), "trace".to_owned()));
    let stack = Stack::start(options).await.unwrap();
    let query = format!("/v1/jobs?token={CANARY}");
    let request = with_canaries(Request::post_json(stack.url(&query), &bell()));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let mut compiler = CompilerClient::new(channel(&stack, Role::Compiler).await);
    let source = "nonsense".to_owned();
    compiler
        .compile(call(rpc::CompileRequest { source }))
        .await
        .unwrap_err();
    stack.end().await.unwrap();
    for what in [CANARY, CANARY_BASE64] {
        assert_eq!(found(&stack, &[], what).await, [""; 0]);
    }
}

/// What a client sends as its request id, and what may not be seen of it.
#[tokio::test]
async fn k7_a_hostile_request_id_is_replaced_and_appears_nowhere() {
    let stack = start().await;
    let address = stack.role(Role::SystemApi).address();
    let body = bell().to_string();
    let long = format!("{CANARY}{}", "x".repeat(10_000));
    let longer_by_one = format!("{CANARY}{}", "x".repeat(129 - CANARY.len()));
    let hostile: [(&str, Vec<u8>); 10] = [
        ("10 kB", long.into_bytes()),
        ("129 characters", longer_by_one.into_bytes()),
        ("not ASCII", format!("{CANARY}-\u{e9}").into_bytes()),
        ("no UTF-8", [CANARY.as_bytes(), b"\xff\xfe"].concat()),
        ("a tab", format!("{CANARY}\tx").into_bytes()),
        (
            "a quote",
            format!("{CANARY}\",\"level\":\"ERROR").into_bytes(),
        ),
        (
            "two",
            format!("{CANARY}1\r\nx-request-id: {CANARY}2").into_bytes(),
        ),
        ("a fold", format!("{CANARY}\n x").into_bytes()),
        ("a carriage return", format!("{CANARY}\rx").into_bytes()),
        (
            "a control character",
            format!("{CANARY}\x1b[31m").into_bytes(),
        ),
    ];
    for (name, value) in hostile {
        let head = "POST /v1/jobs HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-request-id: ";
        let tail = format!("\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let request = [head.as_bytes(), &value, tail.as_bytes()].concat();
        let answer = raw(address, &request, Duration::from_secs(30))
            .await
            .unwrap();
        let (status, answer) = split(&answer).unwrap();
        assert!(!answer.contains(CANARY), "{name}: {answer}");
        match status {
            // Not HTTP: it did not get as far as us.
            400 => assert!(matches!(
                name,
                "a fold" | "a carriage return" | "a control character"
            )),
            202 => {
                let (_, id) = answer.split_once("x-request-id: ").unwrap();
                let id = id.lines().next().unwrap();
                assert!(RequestId::parse(id).is_ok(), "{name}: {id:?}");
            }
            _ => panic!("{name}: {answer}"),
        }
    }
    // A good one is kept, up to its last character.
    let good = "x".repeat(128);
    let answer = post(&stack, &bell())
        .header("x-request-id", good.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.header("x-request-id"), Some(good.as_str()));
    run(&stack, &bell()).await;
    let pages = pages(&stack).await;
    stack.end().await.unwrap();
    assert_eq!(found(&stack, &pages, CANARY).await, [""; 0]);
}
