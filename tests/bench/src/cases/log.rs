//! One JSON line with three fields that may be written and one that may not.

use std::hint::black_box;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags};
use throughline_correlation::{Ids, RequestId};
use tracing::{info, info_span};

use super::record::empty;
use super::{Bar, Cpu, Group, OPERATIONS, base, group, ours, peer};
use crate::telemetry as t;
use crate::workload::{nothing, op};

const BAR: Bar = Bar {
    allocations: Some(0.0),
    instructions: None,
    cpu: Some(Cpu::Ns(350.0)),
};

pub(super) fn groups() -> Vec<Group> {
    let alone = vec![
        base("log/empty", "an empty loop", empty),
        ours(
            "log/throughline",
            "throughline-log: schema, redaction; written by a thread of its own",
            || {
                let settle = t::throughline_log();
                op(line, settle)
            },
        ),
        peer(
            "log/fmt-json",
            "`fmt().json()`: written by the caller",
            || {
                t::fmt_json();
                op(line, nothing())
            },
        ),
    ];
    let inside = vec![
        base("log-in-span/empty", "an empty loop", empty),
        ours(
            "log-in-span/throughline",
            "throughline-log: schema, redaction, the span's four fields, trace id, \
            span id, request id; written by a thread of its own",
            || {
                let settle = t::throughline_log();
                enter();
                op(line, settle)
            },
        )
        .bar(BAR),
        peer(
            "log-in-span/fmt-json",
            "`fmt().json()`: the span's four fields; written by the caller",
            || {
                t::fmt_json();
                enter();
                op(line, nothing())
            },
        ),
    ];
    vec![
        group("log", "A log line", "line", OPERATIONS, alone),
        group(
            "log-in-span",
            "A log line inside a span that is open",
            "line",
            OPERATIONS,
            inside,
        ),
    ]
}

fn line() {
    info!(
        method = black_box("GET"),
        endpoint = black_box("/v1/agents/{id}"),
        status = black_box(200_u64),
        user_email = black_box("ada@example.test"),
        "request done"
    );
}

/// Enters a span with four fields, a trace and a request, for as long as the process lives.
fn enter() {
    let span = info_span!(
        "stage",
        driver = black_box("sqlite"),
        shots = black_box(1_000_i64),
        attempt = black_box(1_i64),
        device = black_box("qpu-1")
    );
    let remote = SpanContext::new(
        0x0af7651916cd43dd8448eb211c80319c_u128.into(),
        0xb7ad6b7169203331_u64.into(),
        TraceFlags::SAMPLED,
        true,
        Default::default(),
    );
    let context = Context::new().with_remote_span_context(remote);
    let ids = Ids::empty().with(&RequestId::generate());
    std::mem::forget((span.entered(), context.attach(), ids.enter()));
}
