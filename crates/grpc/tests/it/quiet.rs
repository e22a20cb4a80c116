//! Services whose calls leave nothing, and break nothing.

use opentelemetry::{Context, trace::TraceContextExt};
use throughline_grpc::Quiet;
use tower::{Layer, ServiceExt};

use crate::{
    ledger::{Ledger, client, server},
    script::{Step, answering, call, read_all, stream},
    traces::Trace,
};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const OLD_REFLECTION: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

async fn spans_of(quiet: Quiet, path: &str) -> usize {
    let (trace, ledger) = (Trace::new(), Ledger::new());
    let _open = ledger.open();
    let (parent, id) = (trace.parent, trace.id);
    let service = server().trace().quiet(quiet).layer(answering(move |_| {
        // The caller's trace goes on, whoever's span it is.
        let span = Context::current().span().span_context().clone();
        assert_eq!(span.trace_id(), id);
        let _ = parent;
        stream(&[Step::Data, Step::Trailers(Some("0"))])
    }));
    let mut request = call(path);
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let spans = trace.spans().len();
    assert_eq!(ledger.read().is_empty(), spans == 0, "{:?}", ledger.read());
    spans
}

#[tokio::test]
async fn what_is_quiet_leaves_nothing() {
    for (quiet, path, spans) in [
        (Quiet::default(), HEALTH, 1),
        (Quiet::HEALTH, HEALTH, 0),
        (Quiet::HEALTH, REFLECTION, 1),
        (Quiet::REFLECTION, REFLECTION, 0),
        (Quiet::REFLECTION, OLD_REFLECTION, 0),
        (Quiet::HEALTH | Quiet::REFLECTION, HEALTH, 0),
        (Quiet::HEALTH | Quiet::REFLECTION, REFLECTION, 0),
        (Quiet::CHANNELZ, "/grpc.channelz.v1.Channelz/GetServers", 0),
        // Whoever is called something like it is heard.
        (Quiet::HEALTH, "/mine.grpc.health.v1.Health/Check", 1),
        (Quiet::HEALTH, "/grpc.health.v1.HealthCare/Check", 1),
    ] {
        assert_eq!(spans_of(quiet, path).await, spans, "{quiet:?} {path}");
    }
}

#[tokio::test]
async fn a_quiet_client_sends_its_context() {
    let trace = Trace::new();
    let traceparent = trace.traceparent();
    let service = client()
        .trace()
        .quiet(Quiet::HEALTH)
        .layer(answering(move |request| {
            assert_eq!(request.headers()["traceparent"], traceparent);
            stream(&[Step::Trailers(Some("0"))])
        }));
    let headers = [(
        "traceparent".parse().unwrap(),
        trace.traceparent().parse().unwrap(),
    )];
    let context = throughline_context::extract(&http::HeaderMap::from_iter(headers));
    let scope = throughline_context::Scope::new(context, throughline_correlation::Ids::empty());
    scope
        .around(async {
            read_all(service.oneshot(call(HEALTH)).await.unwrap().into_body()).await;
        })
        .await;
    assert!(trace.spans().is_empty());
}
