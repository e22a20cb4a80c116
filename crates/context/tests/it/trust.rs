//! Whom a listener believes.

use http::HeaderMap;
use opentelemetry::{
    Context,
    baggage::BaggageExt,
    trace::{SpanId, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::Sampler;
use throughline_context::{
    BaggageRule, Propagator, Scope, Trust, arrive, arrive_with_span, caller_decides, inject,
};

use crate::support::{SPAN, TRACE, headers, injected, local_span, parent, part, refused, text};

fn sent(flags: &str) -> HeaderMap {
    headers(&[
        ("traceparent", parent(flags).as_str()),
        ("tracestate", "a=1"),
        ("baggage", "tier=gold"),
    ])
    .unwrap()
}

fn flags(cx: &Context) -> String {
    let map = injected(cx);
    text(&map, "traceparent").unwrap()[53..].to_owned()
}

#[test]
fn a13_keep_is_the_default_and_marks_a_flag_that_decides_nothing() {
    assert_eq!(Trust::default(), Trust::Keep);
    for given in ["00", "01", "02", "03"] {
        let arrival = arrive(Trust::Keep, &sent(given));
        let span = arrival.parent().span().span_context().clone();
        assert_eq!(span.trace_id(), TraceId::from_hex(TRACE).unwrap());
        let sampled = matches!(given, "01" | "03");
        assert!(span.is_sampled() == sampled && span.is_remote(), "{given}");
        assert!(!caller_decides(arrival.parent()), "{given}");
        assert!(arrival.link().is_none());

        // Without a provider, and with one that does not record, the caller's own flag goes on.
        assert_eq!(flags(arrival.parent()), given);
        let ours = local_span(arrival.parent(), Sampler::AlwaysOff);
        assert_eq!(flags(&ours), given);
        assert_eq!(text(&injected(&ours), "tracestate"), Some("a=1"));
        assert!(
            caller_decides(&ours),
            "a local span's flag is our own decision"
        );

        // A sampler that asks nobody does as it does without us.
        let followed = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        let ours = local_span(arrival.parent(), followed);
        assert_eq!(ours.span().span_context().is_sampled(), sampled, "{given}");
        assert_eq!(flags(&ours), given);
        // What we record is sampled for those after us.
        let ours = local_span(arrival.parent(), Sampler::AlwaysOn);
        assert_eq!(flags(&ours).as_bytes()[1] & 1, 1);
    }
}

/// What a sampler is told, and the parent and link that it would see, while a span is opened.
fn opened(trust: Trust, flags: &str, open: impl Fn(&Context) -> Context) -> (bool, Scope) {
    let mut decides = true;
    let scope = arrive_with_span(trust, &sent(flags), |parent, link| {
        assert_eq!(link.is_some(), trust == Trust::Edge);
        assert_eq!(parent.has_active_span(), trust != Trust::Edge);
        decides = caller_decides(parent);
        open(parent)
    });
    (decides, scope)
}

#[test]
fn a13_a_span_that_is_opened_at_once_is_asked_about_its_caller_too() {
    for given in ["00", "01", "02", "03"] {
        for (trust, expected) in [
            (Trust::Keep, false),
            (Trust::Mesh, true),
            (Trust::Edge, true),
        ] {
            let span = |parent: &Context| local_span(parent, Sampler::AlwaysOff);
            let (decides, scope) = opened(trust, given, span);
            assert_eq!(decides, expected, "{trust} {given}");
            let span = scope.context().span().span_context().clone();
            assert!(!span.is_remote() && caller_decides(scope.context()));
            // The new span's state is the caller's, and none of ours beside it.
            assert_eq!(*span.trace_state(), opentelemetry::trace::TraceState::NONE);
            let onward = scope.run(|| injected(&Context::current()));
            if trust != Trust::Edge {
                assert_eq!(text(&onward, "tracestate"), Some("a=1"));
            }
            if trust == Trust::Keep {
                assert_eq!(&text(&onward, "traceparent").unwrap()[53..], given);
            }
        }
    }
    // Afterwards nobody is asked about any more.
    let parent = arrive(Trust::Mesh, &sent("01"));
    assert!(caller_decides(parent.parent()));
}

#[test]
fn a13_where_nobody_opens_a_span_the_caller_still_decides_nothing() {
    let (_, scope) = opened(Trust::Keep, "01", Clone::clone);
    assert!(scope.context().span().span_context().is_remote());
    assert!(!caller_decides(scope.context()));
    let (_, scope) = opened(Trust::Mesh, "01", Clone::clone);
    assert!(caller_decides(scope.context()));
    // Nor after an opening that panicked.
    let panics = || opened(Trust::Keep, "01", |_| panic!("a sampler's own"));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert!(caller_decides(arrive(Trust::Mesh, &sent("01")).parent()));
    // A caller that sends nothing is nobody.
    let scope = arrive_with_span(Trust::Keep, &HeaderMap::new(), |parent, link| {
        assert!(!parent.has_active_span() && link.is_none());
        assert!(caller_decides(parent));
        local_span(parent, Sampler::AlwaysOn)
    });
    assert!(scope.context().span().span_context().is_sampled());
}

#[test]
fn a_mesh_is_trusted_in_all() {
    for (given, sampled) in [("00", false), ("01", true), ("03", true)] {
        let arrival = arrive(Trust::Mesh, &sent(given));
        assert!(caller_decides(arrival.parent()));
        let followed = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        let ours = local_span(arrival.parent(), followed);
        assert_eq!(ours.span().span_context().is_sampled(), sampled);
        assert_eq!(
            flags(&local_span(arrival.parent(), Sampler::AlwaysOff)).as_bytes()[1] & 1,
            b'0' & 1
        );
    }
}

#[test]
fn at_an_edge_nothing_of_the_caller_goes_on_but_a_link() {
    let propagator = Propagator::builder()
        .baggage(BaggageRule::all())
        .build()
        .unwrap();
    for given in ["00", "01", "03"] {
        let arrival = propagator.arrive(Trust::Edge, &sent(given));
        assert!(!arrival.parent().has_active_span());
        assert!(arrival.parent().baggage().is_empty());
        let link = arrival.link().unwrap();
        assert_eq!(link.trace_id(), TraceId::from_hex(TRACE).unwrap());
        assert_eq!(link.span_id(), SpanId::from_hex(SPAN).unwrap());
        assert!(
            link.is_remote() && !link.is_sampled(),
            "no sampler can follow it"
        );

        let ours = local_span(arrival.parent(), Sampler::AlwaysOn);
        let onward = injected(&ours);
        assert_ne!(&text(&onward, "traceparent").unwrap()[3..35], TRACE);
        assert_eq!(text(&onward, "tracestate"), None);
        let mut onward = HeaderMap::new();
        inject(arrival.parent(), &mut onward);
        assert!(onward.is_empty());
    }
    let (arrival, counts) =
        refused(|| arrive(Trust::Edge, &headers(&[("traceparent", "forged")]).unwrap()));
    assert!(arrival.link().is_none());
    assert_eq!(counts, [part("traceparent_malformed")]);
}

#[test]
fn an_outer_span_of_ours_stays_the_parent_at_an_edge() {
    let outer = local_span(&Context::new(), Sampler::AlwaysOn);
    let _entered = outer.clone().attach();
    let (parent, link) = arrive(Trust::Edge, &sent("01")).into_parts();
    assert_eq!(
        parent.context().span().span_context(),
        outer.span().span_context()
    );
    assert!(link.is_some());
}

#[test]
fn what_was_kept_is_not_attached_to_another_trace() {
    let kept = arrive(Trust::Keep, &sent("03"));
    let other = local_span(&Context::new(), Sampler::AlwaysOff);
    let cx = kept
        .parent()
        .with_remote_span_context(other.span().span_context().clone());
    assert!(caller_decides(&cx));
    assert_eq!(flags(&cx), "00");
    // Nor to a caller of the same trace that is trusted.
    let _entered = kept.parent().clone().attach();
    let mut onward = sent("00");
    onward.remove("tracestate");
    let nested = arrive(Trust::Mesh, &onward);
    assert!(caller_decides(nested.parent()));
    assert_eq!(flags(nested.parent()), "00");
}

#[test]
fn without_a_caller_every_trust_is_the_same() {
    for trust in Trust::ALL {
        let arrival = arrive(trust, &HeaderMap::new());
        assert!(!arrival.parent().has_active_span() && arrival.link().is_none());
        assert!(caller_decides(arrival.parent()));
        assert_eq!(trust.to_string().parse(), Ok(trust));
    }
    let error = "Mesh".parse::<Trust>().unwrap_err();
    assert!(error.to_string().contains("`mesh`"));
}
