//! K2: one trace through all four, and the ids of callers.

use job_kernel::rpc::{
    self,
    compiler_server::{Compiler, CompilerServer},
};
use throughline_correlation::RequestId;
use tokio::sync::mpsc;
use tonic::{
    Request, Response, Status,
    metadata::MetadataMap,
    transport::{Server, server::TcpIncoming},
};
use xtask::{
    http::url,
    otlp::Span,
    stack::{self, Service},
    systems::job_kernel::{Role, SETTLE, Stack},
};

use crate::harness::{bell, job_id, line, post, run, soon, start, trace_of};

const TRACE: &str = "7407a1e0c0ffee00decade0123456789";
const PARENT: &str = "5eed5eed00c0ffee";

/// The spans of a trace once each of the four has some and the job's last one has come.
async fn spans(stack: &Stack, trace: &str) -> Vec<Span> {
    let receiver = stack.receiver().unwrap();
    let whole = receiver.wait_until(SETTLE, |spans| {
        let of = |span: &&Span| span.trace_id == trace;
        let has = |role: Role| {
            spans
                .iter()
                .filter(of)
                .any(|span| span.service == role.name())
        };
        let ended = spans.iter().filter(of).any(|span| span.name == "run job");
        let served = spans
            .iter()
            .filter(of)
            .any(|span| span.name == "POST /v1/jobs");
        Role::ALL.into_iter().all(has) && ended && served
    });
    assert!(whole.await, "{:?}", receiver.spans());
    receiver.trace(trace)
}

/// Waits for a line in each of the four that has all of these.
async fn in_all_logs(stack: &Stack, trace: &str, job: &str, request: &str) {
    for role in Role::ALL {
        line(stack, role, |line| {
            line.text_of("trace_id") == Some(trace)
                && line.text_of("job_id") == Some(job)
                && line.text_of("request_id") == Some(request)
        })
        .await;
    }
}

/// A13 as well: the ids are on each span and line in their scope.
#[tokio::test]
async fn k2_a13_a_callers_ids_are_in_the_logs_and_spans_of_all_four() {
    let stack = start().await;
    let answer = post(&stack, &bell())
        // Not sampled: the caller's choice is not ours.
        .header("traceparent", format!("00-{TRACE}-{PARENT}-00"))
        .header("x-request-id", "of-the-caller-7f3a91")
        .send()
        .await
        .unwrap();
    assert_eq!(trace_of(&answer), TRACE);
    assert_eq!(answer.header("x-request-id"), Some("of-the-caller-7f3a91"));
    let id = job_id(&answer);
    stack.events(&id).await.unwrap();
    in_all_logs(&stack, TRACE, &id, "of-the-caller-7f3a91").await;

    let spans = spans(&stack, TRACE).await;
    let below: Vec<&Span> = spans
        .iter()
        .filter(|span| span.parent_id.as_deref() == Some(PARENT))
        .collect();
    assert_eq!(below.len(), 1, "{below:?}");
    assert_eq!(
        (below[0].service.as_str(), below[0].name.as_str()),
        ("system-api", "POST /v1/jobs")
    );
    for span in &spans {
        assert_eq!(span.text("request_id"), Some("of-the-caller-7f3a91"));
        // The job begins inside of the API's own span.
        let job = (span.span_id != below[0].span_id).then_some(id.as_str());
        assert_eq!(span.text("job_id"), job, "{}: {}", span.service, span.name);
    }
}

#[tokio::test]
async fn k2_who_sends_no_ids_finds_them_in_the_answer() {
    let stack = start().await;
    let (answer, ..) = run(&stack, &bell()).await;
    let (other, ..) = run(&stack, &bell()).await;
    let (trace, request) = (trace_of(&answer), answer.header("x-request-id").unwrap());
    assert!(RequestId::parse(request).is_ok());
    assert_ne!(
        (trace.clone(), request),
        (trace_of(&other), other.header("x-request-id").unwrap())
    );
    in_all_logs(&stack, &trace, &job_id(&answer), request).await;
    let spans = spans(&stack, &trace).await;
    let roots = spans.iter().filter(|span| span.parent_id.is_none());
    assert_eq!(roots.count(), 1, "{spans:?}");
}

#[tokio::test]
async fn k2_a_malformed_traceparent_makes_a_new_trace() {
    let stack = start().await;
    for bad in [
        "garbage".to_owned(),
        format!("00-{}-{PARENT}-01", "0".repeat(32)),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("ff-{TRACE}-{PARENT}-01"),
        format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-{PARENT}-01-more"),
    ] {
        let answer = post(&stack, &bell())
            .header("traceparent", bad.clone())
            .send()
            .await
            .unwrap();
        let trace = trace_of(&answer);
        assert!(
            trace != TRACE && trace.bytes().any(|byte| byte != b'0'),
            "{bad}: {trace}"
        );
        job_id(&answer);
    }
    // Two are none.
    let answer = post(&stack, &bell())
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .send()
        .await
        .unwrap();
    assert_ne!(trace_of(&answer), TRACE);
}

/// A compiler of another make, which keeps what it is sent.
struct Foreign(mpsc::UnboundedSender<MetadataMap>);

#[tonic::async_trait]
impl Compiler for Foreign {
    async fn compile(
        &self,
        request: Request<rpc::CompileRequest>,
    ) -> Result<Response<rpc::Program>, Status> {
        self.0.send(request.into_parts().0).unwrap();
        Err(Status::internal("it does not compile"))
    }
}

/// Through two programs of ours to one that is not: the trace, with what others keep in it, and the
/// ids go on; what else the caller sends does not.
#[tokio::test]
async fn k2_k7_what_goes_on_through_two_programs() {
    let (sender, mut heard) = mpsc::unbounded_channel();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let foreign = format!("http://{}", incoming.local_addr().unwrap());
    let server = Server::builder().add_service(CompilerServer::new(Foreign(sender)));
    tokio::spawn(server.serve_with_incoming(incoming));

    let mut stack = stack::Stack::new();
    let free = "127.0.0.1:0";
    let mut start = async |name: &str, path: &str, args: &[&str]| {
        let service = Service::new(name, path).arg("--listen").arg(free);
        let service = service.arg("--metrics-listen").arg(free);
        let service = args.iter().fold(service, |service, arg| service.arg(*arg));
        stack.start(service).await.unwrap().address()
    };
    let kernel = start(
        "kernel",
        env!("CARGO_BIN_EXE_kernel"),
        &["--compiler", &foreign],
    )
    .await;
    let kernel = format!("http://{kernel}");
    let api = start(
        "api",
        env!("CARGO_BIN_EXE_system-api"),
        &["--kernel", &kernel],
    )
    .await;
    let answer = xtask::http::Request::post_json(url(api, "/v1/jobs"), &bell())
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("tracestate", "vendor=opaque, other=1:2")
        .header("x-request-id", "of-the-caller-7f3a91")
        .header("authorization", "Bearer secret")
        .header("x-unlisted", "secret")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status, 500, "{}", answer.text());

    let sent = soon(heard.recv()).await.unwrap();
    let of = |name: &str| {
        let values: Vec<_> = sent
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        values.join(",").replace(", ", ",")
    };
    let parent = of("traceparent");
    assert!(
        parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-01"),
        "{parent}"
    );
    assert!(!parent.contains(PARENT), "it is a new span's: {parent}");
    assert_eq!(of("tracestate"), "vendor=opaque,other=1:2");
    assert_eq!(of("x-request-id"), "of-the-caller-7f3a91");
    assert!(!format!("{sent:?}").contains("secret"), "{sent:?}");
}
