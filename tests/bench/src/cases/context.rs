//! Trace context over a map of headers: read, and read and written.

use std::hint::black_box;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use throughline_context::{TraceContext, extract, inject};

use super::http::{request, traceparent};
use super::record::empty;
use super::{Bar, Group, OPERATIONS, base, group, ours, peer};
use crate::workload::{Op, nothing};

const fn bar(allocations: f64, instructions: f64) -> Bar {
    Bar {
        allocations: Some(allocations),
        instructions: Some(instructions),
        cpu: None,
    }
}

pub(super) fn groups() -> Vec<Group> {
    let read = vec![
        base("extract/empty", "an empty loop", empty),
        ours(
            "extract/throughline",
            "throughline `TraceContext::extract`: `traceparent`, no `tracestate`, as a value",
            || {
                let read = |headers: &mut Headers| {
                    drop(black_box(TraceContext::extract(&headers.from)));
                };
                let shown = |headers: &mut Headers| {
                    let trace = TraceContext::extract(&headers.from)?;
                    Some(format!("read {}", trace.parent()))
                };
                Op::with(Headers::new(), read, shown, nothing())
            },
        )
        .bar(bar(0.0, 700.0)),
        ours(
            "extract/throughline-context",
            "throughline `extract`: the same, as an OpenTelemetry `Context`",
            || {
                let read = |headers: &mut Headers| drop(black_box(extract(&headers.from)));
                Op::with(
                    Headers::new(),
                    read,
                    |headers| ids(&extract(&headers.from)),
                    nothing(),
                )
            },
        ),
        peer(
            "extract/stock",
            "`TraceContextPropagator`: the same",
            || {
                let read = |headers: &mut Headers| drop(black_box(stock(&headers.from)));
                Op::with(
                    Headers::new(),
                    read,
                    |headers| ids(&stock(&headers.from)),
                    nothing(),
                )
            },
        ),
    ];
    let written = vec![
        base("extract-inject/empty", "an empty loop", empty),
        ours(
            "extract-inject/throughline",
            "throughline `TraceContext`: read as a value, and written",
            || {
                let pass = |headers: &mut Headers| {
                    if let Some(trace) = TraceContext::extract(&headers.from) {
                        trace.inject(&mut headers.to);
                    }
                };
                Op::with(Headers::new(), pass, Headers::written, nothing())
            },
        )
        .bar(bar(1.0, 1_600.0)),
        ours(
            "extract-inject/throughline-context",
            "throughline `extract` and `inject`, by way of an OpenTelemetry `Context`",
            || {
                let pass = |headers: &mut Headers| inject(&extract(&headers.from), &mut headers.to);
                Op::with(Headers::new(), pass, Headers::written, nothing())
            },
        ),
        peer(
            "extract-inject/stock",
            "`TraceContextPropagator`: the same",
            || {
                let pass = |headers: &mut Headers| {
                    let context = stock(&headers.from);
                    let mut to = HeaderInjector(&mut headers.to);
                    TraceContextPropagator::new().inject_context(&context, &mut to);
                };
                Op::with(Headers::new(), pass, Headers::written, nothing())
            },
        ),
    ];
    vec![
        group(
            "extract",
            "Context read from headers",
            "read",
            OPERATIONS,
            read,
        ),
        group(
            "extract-inject",
            "Context read from headers and written to others",
            "pass",
            OPERATIONS,
            written,
        ),
    ]
}

#[derive(Clone)]
struct Headers {
    from: HeaderMap,
    to: HeaderMap,
}

impl Headers {
    /// Written to is a map that has the header already, so that no map has to grow.
    fn new() -> Self {
        let from = request(6).into_parts().0.headers;
        let mut to = from.clone();
        let stale = traceparent(99).parse().expect("it is visible ASCII");
        to.insert("traceparent", stale);
        Self { from, to }
    }

    fn written(&mut self) -> Option<String> {
        let [from, to] = [&self.from, &self.to].map(|map| map.get("traceparent"));
        (from == to).then(|| format!("wrote {to:?}"))
    }
}

fn stock(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract(&HeaderExtractor(headers))
}

fn ids(context: &Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    let (trace, span_id) = (span.trace_id(), span.span_id());
    span.is_valid().then(|| format!("read {trace}, {span_id}"))
}
