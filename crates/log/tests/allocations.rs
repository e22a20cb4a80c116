//! How much memory a line takes; a binary of its own for its counting allocator.

use std::time::Duration;

use opentelemetry::{
    Context,
    trace::{TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::SdkTracerProvider;
use throughline_correlation::{Ids, JobId, RequestId};
use throughline_log::{LogLayer, MemorySink, Schema, Writer};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

const BATCH: u64 = 100;

fn batch() {
    for i in 0..BATCH {
        tracing::info!(
            shots = i,
            driver = "qpu",
            ratio = 0.25,
            job_id = "job-8",
            hidden = ?i,
            error = %"GET https://me:pw@host/",
            "compiled {i} of {BATCH}"
        );
    }
}

#[test]
fn warm_lines_allocate_nothing() {
    let allow = ["shots", "driver", "ratio", "tenant"];
    let schema = Schema::builder()
        .service("kernel")
        .allow(allow)
        .build()
        .expect("a good schema");
    // Without the growth of a sink in memory: that is not ours.
    let (writer, guard) = Writer::to(std::io::sink()).expect("a thread");
    let layer = LogLayer::new(schema, writer).with_filter(LevelFilter::INFO);
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let _active = Context::new().with_span(tracer.start("root")).attach();
        let ids = Ids::empty()
            .with(&JobId::generate())
            .with(&RequestId::generate());
        let _ids = ids.at_stage("compile").enter();
        let _outer = tracing::info_span!("outer", tenant = "t", hidden = 1).entered();
        let _inner = tracing::info_span!("inner", driver = "other").entered();
        let mut allocations = 0;
        for round in 0..12 {
            let info = allocation_counter::measure(batch);
            // The first rounds warm the thread up.
            allocations += if round < 2 { 0 } else { info.count_total };
            let report = guard.flush(Duration::from_secs(60));
            assert_eq!(report.written, (round + 1) * BATCH);
        }
        assert_eq!(allocations, 0);
    });

    // The lines were what they should be.
    let sink = MemorySink::default();
    let schema = Schema::builder()
        .service("kernel")
        .allow(allow)
        .build()
        .expect("a good schema");
    let (writer, guard) = Writer::to(sink.clone()).expect("a thread");
    let layer = LogLayer::new(schema, writer);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), batch);
    guard.flush(Duration::from_secs(60));
    let lines = sink.lines();
    assert_eq!(lines.len() as u64, BATCH);
    let end = concat!(
        r#""job_id":"job-8","error":"GET https://[redacted]@host/","shots":0,"driver":"qpu","#,
        r#""ratio":0.25,"redacted":1}"#
    );
    assert!(lines[0].ends_with(end), "{}", lines[0]);
}
