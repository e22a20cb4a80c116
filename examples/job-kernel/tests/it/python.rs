//! The compiler in Python behind the same contract: a process of another make, instrumented by others.

use std::{fmt::Write as _, net::SocketAddr};

use fastrand::Rng;
use http::StatusCode;
use job_kernel::{
    compiler::{CircuitError, Compiled, ErrorKind, compile},
    rpc::{CompileRequest, Program, compiler_client::CompilerClient},
};
use tonic::{Code, Status, transport::Channel};
use xtask::{
    otlp::{Kind, Span},
    peers,
    stack::{GRACE, Line, Service},
    systems::job_kernel::{self as system, Compiler, Role, SETTLE, Stack},
};

use crate::harness::{bell, job_id, line, options, post, run, soon, start, text, trace_of};

const TRACE: &str = "7407a1e0c0ffee00decade0123456789";
const PARENT: &str = "5eed5eed00c0ffee";

/// The system with that compiler, or `None` when the test is to return early.
async fn start_with_python() -> Option<Stack> {
    let mut options = options();
    let program = peers::require(Compiler::Python.peer().unwrap())?;
    let service = Role::Compiler.name().to_owned();
    options.programs.push((service, program));
    Some(Stack::start(options).await.unwrap())
}

/// The compiler alone, which exports nothing.
async fn compiler_alone() -> Option<(xtask::stack::Stack, SocketAddr)> {
    let program = peers::require(Compiler::Python.peer().unwrap())?;
    let service = Service::new("compiler", program)
        .arg("--listen")
        .arg("127.0.0.1:0")
        .without_env("OTEL_EXPORTER_OTLP_ENDPOINT")
        .without_env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let mut stack = xtask::stack::Stack::new();
    let address = stack.start(service).await.unwrap().address();
    Some((stack, address))
}

async fn client(address: SocketAddr) -> CompilerClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    CompilerClient::new(endpoint.connect().await.unwrap())
}

#[tokio::test]
async fn k2_python_compiler_keeps_all_promises() {
    let Some(stack) = start_with_python().await else {
        return;
    };
    let report = system::run(&stack).await;
    assert_eq!(report.failures().count(), 0, "{}", report.summary());
    let ours = start().await;
    let same = system::run(&ours).await;
    let texts = |report: &xtask::report::Report| {
        let texts = report.promises.iter().map(|promise| promise.text.clone());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(texts(&report), texts(&same), "held to no less than ours");
    assert_eq!(stack.stop().await, []);
}

#[tokio::test]
async fn k2_python_compiler_is_within_the_callers_trace_and_has_its_ids() {
    let Some(stack) = start_with_python().await else {
        return;
    };
    let answer = post(&stack, &bell())
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("x-request-id", "of-the-caller-7f3a91")
        .send()
        .await
        .unwrap();
    assert_eq!(trace_of(&answer), TRACE);
    let id = job_id(&answer);
    stack.events(&id).await.unwrap();

    let receiver = stack.receiver().unwrap();
    let called = |spans: &[Span]| {
        let server = spans
            .iter()
            .find(|span| span.service == Role::Compiler.name() && span.trace_id == TRACE)?;
        let parent = server.parent_id.as_deref()?;
        let caller = spans.iter().find(|span| span.span_id == parent)?;
        Some((caller.clone(), server.clone()))
    };
    let came = receiver.wait_until(SETTLE, |spans| called(spans).is_some());
    assert!(came.await, "{:?}", receiver.spans());
    let (caller, server) = called(&receiver.spans()).unwrap();
    assert_eq!(
        (caller.service.as_str(), caller.kind, server.kind),
        (Role::Kernel.name(), Kind::Client, Kind::Server)
    );
    assert_eq!(server.name, "/job_kernel.v1.Compiler/Compile");
    // Who made it: that is no span of ours.
    assert_eq!(server.scope, "opentelemetry.instrumentation.grpc");

    let told = line(&stack, Role::Compiler, |line| {
        line.text_of("trace_id") == Some(TRACE)
    })
    .await;
    assert_eq!(told.text_of("span_id"), Some(server.span_id.as_str()));
    assert_eq!(told.text_of("job_id"), Some(id.as_str()));
    assert_eq!(told.text_of("request_id"), Some("of-the-caller-7f3a91"));
    assert_eq!(stack.stop().await, []);
}

#[tokio::test]
async fn k6_python_compiler_tells_a_mistake_once_and_the_caller_all_of_it() {
    let Some(stack) = start_with_python().await else {
        return;
    };
    let mut job = bell();
    job["circuit"] = "qreg q[2];\n  hh q[0];".into();
    let answer = post(&stack, &job).send().await.unwrap();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let trace = trace_of(&answer);
    let body = answer.json().unwrap();
    assert_eq!(text(&body, "error_kind"), "unknown_gate");
    assert_eq!((&body["line"], &body["column"]), (&2.into(), &3.into()));

    let told = line(&stack, Role::Compiler, |line| {
        line.text_of("trace_id") == Some(trace.as_str())
    })
    .await;
    let error = format!("line 2, column 3: {}", text(&body, "error"));
    for (key, value) in [
        ("level", "WARN"),
        ("message", "unknown_gate"),
        ("error", &error),
        ("request_id", text(&body, "request_id")),
        ("error_kind", "unknown_gate"),
        ("root_cause", &error),
    ] {
        assert_eq!(told.text_of(key), Some(value), "{key}: {}", told.text());
    }
    // The next job's line comes after anything else that the first would have told.
    let (next, ..) = run(&stack, &bell()).await;
    let next = trace_of(&next);
    line(&stack, Role::Compiler, |line| {
        line.text_of("trace_id") == Some(next.as_str())
    })
    .await;
    assert_eq!(stack.lines(Role::Compiler, &trace).len(), 1);
    assert_eq!(stack.stop().await, []);
}

/// Ours and the peer's must answer alike, a mistake to the word.
#[track_caller]
fn alike(source: &str, answer: Result<Program, Status>, why: &str) -> Option<ErrorKind> {
    match (compile(source), answer) {
        (
            Ok(Compiled {
                circuit,
                cancelled_gates,
            }),
            Ok(program),
        ) => {
            assert_eq!(
                circuit.to_program(cancelled_gates),
                program,
                "{why}: {source}"
            );
            None
        }
        (Err(ours), Err(status)) => {
            assert_eq!(status.code(), Code::InvalidArgument, "{why}: {source}");
            let theirs = CircuitError::from_status(&status);
            assert_eq!(Some(&ours), theirs.as_ref(), "{why}: {source}");
            assert_eq!(ours.to_string(), status.message(), "{why}: {source}");
            Some(ours.kind())
        }
        (ours, theirs) => panic!("{why}: {source}\nours: {ours:?}\ntheirs: {theirs:?}"),
    }
}

#[tokio::test]
async fn python_compiler_answers_as_ours_does() {
    let Some((stack, address)) = compiler_alone().await else {
        return;
    };
    let mut client = client(address).await;
    let mut kinds = Vec::new();
    let (deep, deeper) = (64, 65);
    let nested = |n: usize| {
        let (open, close) = ("(".repeat(n), ")".repeat(n));
        format!("qreg q[1]; rx({open}1{close}) q[0]; measure q;")
    };
    let wide = format!("qreg q[16]; {} measure q;", "h q; ".repeat(6_300));
    let many = [
        nested(deep),
        nested(deeper),
        wide,
        " ".repeat((1 << 20) + 1),
    ];
    let few = [
        "OPENQASM 2.0; include \"qelib1.inc\"; qreg q[2]; creg c[2]; h q; cx q[0],q[1]; measure q -> c;",
        "qreg q[3]; creg a[1]; creg b[2]; creg c[1]; x q; measure q[2] -> b[1]; measure q; measure q[0] -> c[0];",
        "qreg q[1];\u{2003}// c\u{e9}\n\th q[0]; barrier q; h q[0]; measure q[0];",
        "qreg q[2]; rz(-pi/3) q; rz(2*(pi/6)) q; rx(1e400) q; measure q;",
        "qreg q[1]; rx(1/(1/0)) q; ry(9.5*pi+.5e-1-1.) q[0]; measure q;",
        "qreg q[1]; rx(0/0) q;",
        "qreg q[1]; rx(1_0) q;",
        "qreg q[1]; rx(nan) q;",
        "qreg q[1]; rx(.) q;",
        "qreg q[1]; rx q;",
        "qreg q[1]; h(1) q;",
        "qreg q[3]; ccx q[0],q[1],q[2]; ccx q[1],q[0],q[2]; swap q[0],q[1]; swap q[1],q[0]; measure q;",
        "qreg q[2]; qreg r[3]; cx q,r;",
        "qreg q[2]; creg c[3]; measure q -> c;",
        "qreg q[2]; qreg q[1];",
        "qreg q[0];",
        "qreg q[000000000000000000000000000000002]; measure q;",
        "qreg q[99999999999999999999999999999999];",
        "qreg q[17];",
        "creg c[65];",
        "qreg q[1]; creg c[64]; measure q[0] -> c[0]; measure q;",
        "qreg q[2]; h q[2];",
        "qreg q[2]; h r[0];",
        "creg c[2]; h c[0];",
        "qreg q[2]; measure q -> q;",
        "qreg q[2]; cx q[0],q[0];",
        "qreg q[2]; cx q[0];",
        "qreg q[5]; h q[0],q[1],q[2],q[3];",
        "qreg q[1]; measure q; h q[0];",
        "qreg q[1]; measure q; measure q;",
        "qreg q[1]; h q[0];",
        "qreg q[1];",
        "",
        "h q[0]; OPENQASM 2.0;",
        "qreg q[1]; OPENQASM 2.0;",
        "OPENQASM 3;",
        "include \"other.inc\";",
        "include \"open",
        "qreg q[1]; frobnicate_with_a_name_that_goes_on_and_on q;",
        "\u{1f980}",
        "\u{301}",
        "'",
        "qreg q[1] h q;",
        "qreg q[1.5];",
        "-> ;",
    ];
    for source in few.iter().copied().chain(many.iter().map(String::as_str)) {
        kinds.extend(alike(source, answer(&mut client, source).await, "this one"));
    }
    kinds.sort_unstable_by_key(|kind| kind.as_str());
    kinds.dedup();
    assert_eq!(kinds.len(), ErrorKind::ALL.len(), "each is seen: {kinds:?}");

    let seed = fastrand::u64(..);
    let why = format!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut good = 0;
    for _ in 0..300 {
        let source = random(&mut rng);
        let mistake = alike(&source, answer(&mut client, &source).await, &why);
        good += usize::from(mistake.is_none());
    }
    assert!((50..300).contains(&good), "{good} have no mistake; {why}");
    assert_eq!(stack.stop(GRACE).await, []);
}

async fn answer(client: &mut CompilerClient<Channel>, source: &str) -> Result<Program, Status> {
    let source = source.to_owned();
    let answer = soon(client.compile(CompileRequest { source })).await;
    answer.map(tonic::Response::into_inner)
}

/// Gates of which many undo each other, and now and then something out of place.
fn random(rng: &mut Rng) -> String {
    const GATES: [&str; 18] = [
        "x",
        "y",
        "h",
        "s",
        "sdg",
        "t",
        "tdg",
        "z",
        "rx(pi/2)",
        "rx(-pi/2)",
        "rz(0.1*3)",
        "cx",
        "cz",
        "swap",
        "cx",
        "ccx",
        "ccx",
        "ry(2*pi)",
    ];
    const STRAY: [&str; 8] = [
        "h q;",
        "q",
        "h",
        "[",
        "barrier",
        "measure q;",
        "// \n",
        "0x",
    ];
    let mut source = String::from("qreg q[3];");
    for _ in 0..rng.usize(1..40) {
        let gate = GATES[rng.usize(..GATES.len())];
        let mut qubits = ["q[0]", "q[1]", "q[2]"];
        rng.shuffle(&mut qubits);
        let takes = match gate {
            "ccx" => 3,
            "cx" | "cz" | "swap" => 2,
            _ => 1,
        };
        write!(source, " {gate} {};", qubits[..takes].join(",")).unwrap();
        if rng.u8(..) < 12 {
            write!(source, " barrier {};", qubits[0]).unwrap();
        }
        if rng.u8(..) < 8 {
            source.push_str(STRAY[rng.usize(..STRAY.len())]);
        }
    }
    source + " measure q;"
}

#[tokio::test]
async fn python_compiler_takes_only_ids_that_are_ids() {
    let Some((stack, address)) = compiler_alone().await else {
        return;
    };
    let mut client = client(address).await;
    let cases = [
        (vec!["a7-42"], Some("a7-42")),
        (vec![], None),
        (vec!["with space"], None),
        (vec!["a7-42", "a7-43"], None),
    ];
    for (call, (sent, told)) in cases.into_iter().enumerate() {
        let mut request = tonic::Request::new(CompileRequest {
            source: "qreg q[1]; measure q;".to_owned(),
        });
        for id in sent {
            let id = id.parse().unwrap();
            request.metadata_mut().append("x-request-id", id);
        }
        client.compile(request).await.unwrap();
        // The first line says that it listens.
        let find = |lines: &[std::sync::Arc<Line>]| lines.get(call + 1).cloned();
        let last = stack.services()[0].log().wait_for(SETTLE, find).await;
        let last = last.expect("each call has a line");
        assert_eq!(last.text_of("request_id"), told, "{}", last.text());
        assert!(last.text_of("trace_id").is_some(), "{}", last.text());
    }
    assert_eq!(stack.stop(GRACE).await, []);
}

#[test]
fn python_compiler_refuses_a_wrong_setting_in_a_line() {
    let Some(program) = peers::require(Compiler::Python.peer().unwrap()) else {
        return;
    };
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (listen, code, why) in [
        (taken.as_str(), 1, "compiler: cannot listen on "),
        ("nowhere", 2, "give an address such as"),
    ] {
        let output = std::process::Command::new(&program)
            .args(["--listen", listen])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(why), "{told}");
        assert!(output.stdout.is_empty(), "it never said that it listens");
    }
}
