//! Whom a server believes, and what is switched off while it runs.

use http::Request;
use opentelemetry::trace::TraceId;
use throughline_context::{Concern, Switch, Trust, caller_decides};
use throughline_grpc::ServerLayer;
use tower::{Layer, Service};

use crate::{
    ledger::{Ledger, server},
    script::{Step, answering, call, read_all, stream},
    traces::{Trace, all_spans},
};

const OK: &[Step] = &[Step::Data, Step::Trailers(Some("0"))];

fn from(trace: &Trace) -> Request<String> {
    let mut request = call("/trust.Trust/Method");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    request
}

#[tokio::test]
async fn at_an_edge_a_call_begins_a_trace_that_links_to_its_callers() {
    let trace = Trace::new();
    let layer = ServerLayer::new().trace().trust(Trust::Edge);
    let mut service = layer.layer(answering(|_| stream(OK)));
    read_all(service.call(from(&trace)).await.unwrap().into_body()).await;
    assert!(trace.spans().is_empty());
    let linked = all_spans()
        .into_iter()
        .filter(|span| {
            span.links
                .iter()
                .any(|link| link.span_context.trace_id() == trace.id)
        })
        .collect::<Vec<_>>();
    let [span] = &linked[..] else {
        panic!("one span: {linked:?}");
    };
    assert_ne!(span.span_context.trace_id(), TraceId::INVALID);
    assert_eq!(span.parent_span_id, opentelemetry::trace::SpanId::INVALID);
    let link = &span.links[0].span_context;
    assert_eq!((link.span_id(), link.is_remote()), (trace.parent, true));
}

#[tokio::test]
async fn within_a_mesh_the_caller_is_the_parent() {
    let trace = Trace::new();
    let layer = ServerLayer::new().trace().trust(Trust::Mesh);
    let mut service = layer.layer(answering(|_| stream(OK)));
    read_all(service.call(from(&trace)).await.unwrap().into_body()).await;
    assert_eq!(trace.span().parent_span_id, trace.parent);
}

#[tokio::test]
async fn a13_only_in_a_mesh_may_a_sampler_follow_the_caller() {
    // Without a span of the layer's, the handler runs under the caller's own.
    for (layer, decides) in [
        (ServerLayer::new(), false),
        (ServerLayer::new().trust(Trust::Keep), false),
        (ServerLayer::new().trust(Trust::Mesh), true),
    ] {
        let trace = Trace::new();
        let id = trace.id;
        let mut service = layer.layer(answering(move |_| {
            let cx = opentelemetry::Context::current();
            let span = opentelemetry::trace::TraceContextExt::span(&cx);
            assert_eq!(span.span_context().trace_id(), id);
            assert_eq!(caller_decides(&cx), decides);
            stream(OK)
        }));
        read_all(service.call(from(&trace)).await.unwrap().into_body()).await;
    }
}

#[tokio::test]
async fn each_concern_is_off_alone_and_context_goes_on() {
    for (concern, spans, is_counted) in [
        (None, 1, true),
        (Some(Concern::Spans), 0, true),
        (Some(Concern::Metrics), 1, false),
    ] {
        let (trace, ledger) = (Trace::new(), Ledger::new());
        let _open = ledger.open();
        let switch = Switch::new();
        if let Some(concern) = concern {
            switch.set(concern, false);
        }
        let id = trace.id;
        let mut service = server().trace().switch(switch).layer(answering(move |_| {
            let cx = opentelemetry::Context::current();
            let span = opentelemetry::trace::TraceContextExt::span(&cx);
            assert_eq!(span.span_context().trace_id(), id);
            stream(OK)
        }));
        read_all(service.call(from(&trace)).await.unwrap().into_body()).await;
        assert_eq!(trace.spans().len(), spans);
        assert_eq!(!ledger.read().is_empty(), is_counted);
    }
}

#[tokio::test]
async fn what_began_while_it_was_on_ends_as_if_it_were() {
    let (trace, ledger) = (Trace::new(), Ledger::new());
    let _open = ledger.open();
    let switch = Switch::new();
    let layer = server().trace().switch(switch.clone());
    let mut service = layer.layer(answering(|_| stream(OK)));
    let first = service.call(from(&trace)).await.unwrap();
    switch.set_all(false);
    let second = service.call(from(&trace)).await.unwrap();
    read_all(first.into_body()).await;
    read_all(second.into_body()).await;
    trace.span();
    let counted = ledger.read();
    assert_eq!(counted["rpc_server_calls_in_flight{}"], 0.0);
    let total = counted
        .iter()
        .filter(|(series, _)| series.contains("calls_total"));
    assert_eq!(total.map(|(_, count)| count).sum::<f64>(), 1.0);
}
