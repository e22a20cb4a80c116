//! Who decides whether a trace is recorded.

use http::HeaderMap;
use opentelemetry::{
    Context, global,
    trace::{Link, SpanContext, SpanKind, TraceContextExt, TraceId, TraceState, Tracer},
};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};
use throughline_context::{Trust, arrive, inject};
use throughline_telemetry::{Telemetry, TrustBased};

use crate::child::run_again;

fn caller(flags: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let parent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    headers.insert("traceparent", parent.parse().expect("it is a header"));
    headers
}

fn asked(sampler: &impl ShouldSample, parent: Option<&Context>) -> SamplingResult {
    let trace = TraceId::from(1_u128);
    sampler.should_sample(parent, trace, "served", &SpanKind::Server, &[], &[])
}

fn records(sampler: &impl ShouldSample, parent: &Context) -> bool {
    asked(sampler, Some(parent)).decision == SamplingDecision::RecordAndSample
}

#[test]
fn a13_a_callers_flag_decides_only_where_it_is_trusted() {
    for root in [false, true] {
        let within = if root {
            Sampler::AlwaysOn
        } else {
            Sampler::AlwaysOff
        };
        // The second would follow any parent that it is shown.
        let parent_based = TrustBased::new(Sampler::ParentBased(Box::new(within.clone())));
        for sampler in [TrustBased::new(within), parent_based] {
            for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("03", true)] {
                let decided = |trust| records(&sampler, arrive(trust, &caller(flags)).parent());
                assert_eq!(decided(Trust::Keep), root, "{flags}");
                assert_eq!(decided(Trust::Mesh), sampled, "{flags}");
                assert_eq!(decided(Trust::Edge), root, "{flags}");
            }
            assert_eq!(records(&sampler, &Context::new()), root);
            let nobody = Context::new().with_remote_span_context(SpanContext::NONE);
            assert_eq!(records(&sampler, &nobody), root);
            let decision = asked(&sampler, None).decision;
            assert_eq!(decision == SamplingDecision::RecordAndSample, root);
        }
    }
}

#[test]
fn within_the_process_the_root_has_decided_for_all() {
    let kept = arrive(Trust::Keep, &caller("01"));
    for sampled in [false, true] {
        let remote = kept.parent().span().span_context().clone();
        let flags = remote.trace_flags().with_sampled(sampled);
        let state = TraceState::from_key_value([("ours", "1")]).expect("it is a state");
        let ours = SpanContext::new(remote.trace_id(), 7_u64.into(), flags, false, state.clone());
        let cx = kept.parent().with_remote_span_context(ours);
        let sampler = TrustBased::new(Sampler::TraceIdRatioBased(0.5));
        assert_eq!(records(&sampler, &cx), sampled);
        assert_eq!(asked(&sampler, Some(&cx)).trace_state, state);
    }
}

/// A sampler that shows what it is asked with.
#[derive(Clone, Debug)]
struct Asking;

#[derive(Debug)]
struct Debugged;

impl ShouldSample for Asking {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        attributes: &[opentelemetry::KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        assert_eq!((name, attributes.len(), links.len()), ("served", 0, 0));
        let debugged = parent.is_some_and(|cx| cx.get::<Debugged>().is_some());
        SamplingResult {
            decision: if debugged {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::RecordOnly
            },
            attributes: vec![opentelemetry::KeyValue::new("asked", true)],
            trace_state: TraceState::NONE,
        }
    }
}

#[test]
fn what_the_sampler_within_answers_is_the_answer() {
    let sampler = TrustBased::new(Asking);
    let cx = Context::new().with_value(Debugged);
    assert!(records(&sampler, &cx), "it sees the context of a root");
    let kept = arrive(Trust::Keep, &caller("01"));
    let answer = asked(&sampler, Some(kept.parent()));
    assert_eq!(answer.decision, SamplingDecision::RecordOnly);
    assert_eq!(answer.attributes.len(), 1);
}

/// The flags that go on from inside of a span under `trust`, and whether the span records.
fn served(trust: Trust, flags: &str) -> (bool, String) {
    let (scope, _) = arrive(trust, &caller(flags)).into_parts();
    let span = global::tracer("test").start_with_context("served", scope.context());
    let cx = scope.context().with_span(span);
    let mut onward = HeaderMap::new();
    let scope = scope.with_context(cx.clone());
    scope.run(|| inject(&Context::current(), &mut onward));
    let parent = onward["traceparent"].to_str().expect("it is text");
    (cx.span().is_recording(), parent[53..].to_owned())
}

#[tokio::test]
async fn a13_without_an_exporter_no_caller_makes_us_record_and_its_flag_goes_on() {
    let test = "sampler::a13_without_an_exporter_no_caller_makes_us_record_and_its_flag_goes_on";
    if let Some(ended) = run_again(test, &[]) {
        return ended.succeeded();
    }
    let _telemetry = Telemetry::builder("test").start().await.expect("it starts");
    for flags in ["00", "01", "02", "03"] {
        assert_eq!(served(Trust::Keep, flags), (false, flags.to_owned()));
    }
}

#[tokio::test]
async fn a13_where_it_is_exported_the_flag_neither_makes_nor_keeps_us_from_recording() {
    let test =
        "sampler::a13_where_it_is_exported_the_flag_neither_makes_nor_keeps_us_from_recording";
    if let Some(ended) = run_again(test, &[]) {
        return ended.succeeded();
    }
    let _telemetry = Telemetry::builder("test")
        .otlp_endpoint("http://127.0.0.1:1")
        .start()
        .await
        .expect("it starts");
    for (flags, onward) in [("00", "01"), ("01", "01"), ("02", "03"), ("03", "03")] {
        assert_eq!(served(Trust::Keep, flags), (true, onward.to_owned()));
    }
    assert_eq!(served(Trust::Mesh, "00"), (false, "00".to_owned()));
    assert_eq!(served(Trust::Mesh, "01"), (true, "01".to_owned()));
}
