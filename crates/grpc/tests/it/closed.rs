//! The closed set of methods: from descriptors, with types, and with series at zero.

use http::Response;
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use throughline_catalog::catalog;
use throughline_grpc::{CallType, Code, Method, Methods, ServerLayer};
use tower::{Layer, Service};

use crate::{
    ledger::Ledger,
    script::{Messages, Step, answering, call, head_only, read_all, stream},
};

catalog! { mod closed, budget 1_000_000;
    /// Calls begun.
    counter closed_started_total { method: Method, call_type: CallType };
    /// Calls answered.
    counter closed_total { method: Method, call_type: CallType, code: Code };
}

fn set() -> Vec<u8> {
    let method = |name: &str, client, server| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".google.protobuf.Empty".to_owned()),
        client_streaming: client,
        server_streaming: server,
        ..Default::default()
    };
    let file = |package: Option<&str>, service: &str, method| FileDescriptorProto {
        name: Some("some.proto".to_owned()),
        package: package.map(str::to_owned),
        service: vec![ServiceDescriptorProto {
            name: Some(service.to_owned()),
            method,
            ..Default::default()
        }],
        ..Default::default()
    };
    let methods = vec![
        method("Unary", None, Some(false)),
        method("Collect", Some(true), None),
        method("Stream", None, Some(true)),
        method("Chat", Some(true), Some(true)),
    ];
    let set = FileDescriptorSet {
        file: vec![
            file(Some("closed.v1"), "Closed", methods),
            file(None, "Bare", vec![method("Unary", None, None)]),
            file(Some("closed.empty"), "None", Vec::new()),
        ],
    };
    set.encode_to_vec()
}

#[test]
fn a_descriptor_set_has_the_methods_and_their_types() {
    let methods = Methods::from_descriptor_sets([set()]).unwrap();
    assert_eq!(methods.len(), 5);
    for (name, call_type) in [
        ("closed.v1.Closed/Unary", Some(CallType::Unary)),
        ("closed.v1.Closed/Collect", Some(CallType::ClientStream)),
        ("closed.v1.Closed/Stream", Some(CallType::ServerStream)),
        ("closed.v1.Closed/Chat", Some(CallType::BidiStream)),
        ("Bare/Unary", Some(CallType::Unary)),
        ("closed.v1.Closed/Other", None),
        ("Closed/Unary", None),
    ] {
        assert_eq!(methods.call_type(name), call_type, "{name}");
    }
}

#[test]
fn what_is_no_descriptor_set_is_refused_with_its_place() {
    let set = set();
    let mut refused = 0;
    for length in 1..set.len() {
        // Cut between two files it is a set all the same.
        if let Err(error) = Methods::from_descriptor_sets([&[], &set[..length]]) {
            assert!(error.is_descriptor());
            assert!(
                error.to_string().starts_with("descriptor set 1: "),
                "{error}"
            );
            refused += 1;
        }
    }
    assert!(set.len() - 4 < refused, "{refused} of {}", set.len());
    for junk in [
        &b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x0b",
        b"hello",
    ] {
        assert!(Methods::from_descriptor_sets([junk]).is_err(), "{junk:?}");
    }
    assert!(Methods::from_descriptor_sets([b""]).unwrap().is_empty());
}

#[test]
fn what_is_no_method_is_refused() {
    for name in ["", "Unary", "/closed.Closed/Unary", "closed.Closed/", "/"] {
        let error = Methods::of([(name, CallType::Unary)]).unwrap_err();
        assert!(error.to_string().contains("no full name"), "{error}");
    }
}

#[tokio::test]
async fn a_layer_that_knows_its_methods_learns_no_other() {
    let methods = Methods::from_descriptor_sets([set()]).unwrap();
    let ledger = Ledger::new();
    let _open = ledger.open();
    let ok = || stream(&[Step::Data, Step::Trailers(Some("0"))]);
    let layer = ServerLayer::new()
        .methods(methods)
        .started(closed::closed_started_total)
        .total(closed::closed_total);
    let mut service = layer.layer(answering(move |request| -> Response<Messages> {
        match request.uri().path() {
            "/closed.v1.Closed/Unary" => head_only("5"),
            _ => ok(),
        }
    }));
    for path in ["/closed.v1.Closed/Unary", "/closed.v1.Closed/Chat"] {
        read_all(service.call(call(path)).await.unwrap().into_body()).await;
    }
    for n in 0..10_000 {
        // Also those that some handler, a fallback perhaps, has answered.
        let request = call(&format!("/closed.v1.Invented{n}/Unary"));
        read_all(service.call(request).await.unwrap().into_body()).await;
    }
    let series = |name: &str, labels: &str| format!("{name}{{{labels}}}");
    let counted = ledger.read();
    let expected = [
        (
            "closed_started_total",
            "method=_OTHER,call_type=unknown",
            10_000.0,
        ),
        (
            "closed_started_total",
            "method=closed.v1.Closed/Chat,call_type=bidi_stream",
            1.0,
        ),
        (
            "closed_started_total",
            "method=closed.v1.Closed/Unary,call_type=unary",
            1.0,
        ),
        (
            "closed_total",
            "method=_OTHER,call_type=unknown,code=OK",
            10_000.0,
        ),
        (
            "closed_total",
            "method=closed.v1.Closed/Chat,call_type=bidi_stream,code=OK",
            1.0,
        ),
        (
            "closed_total",
            "method=closed.v1.Closed/Unary,call_type=unary,code=NOT_FOUND",
            1.0,
        ),
    ]
    .map(|(name, labels, count)| (series(name, labels), count));
    assert_eq!(counted, expected.into());
}

#[test]
fn the_series_of_known_methods_can_be_made_at_zero() {
    let methods = Methods::of([
        ("closed.Zero/Unary", CallType::Unary),
        ("closed.Zero/Stream", CallType::ServerStream),
    ]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = ServerLayer::new()
        .methods(methods.unwrap())
        .started(closed::closed_started_total)
        .total(closed::closed_total);
    layer.zero();
    let made = ledger.read();
    assert_eq!(made.len(), 2 + 2 * Code::ALL.len());
    assert!(made.values().all(|count| *count == 0.0));
    let one = "closed_total{method=closed.Zero/Stream,call_type=server_stream,code=DATA_LOSS}";
    assert!(made.contains_key(one), "{made:?}");

    // Nothing is known beforehand without them.
    ServerLayer::new().total(closed::closed_total).zero();
    assert_eq!(ledger.read().len(), made.len());
}
