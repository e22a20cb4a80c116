//! The tree of spans, what failed in it, and the ids on it.

use std::{
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;
use opentelemetry::{
    Context,
    trace::{SpanKind, Status, TraceContextExt},
};
use throughline_correlation::{Ids, JobId};
use throughline_job::{job, operation, stage};

use crate::support::{
    Op, Stage, Store, Trace, attribute, poll,
    test::{self, test_stage_duration_seconds as FAMILY},
};

const STORE: (
    test::test_store_requests_total,
    test::test_store_duration_seconds,
) = (
    test::test_store_requests_total,
    test::test_store_duration_seconds,
);

fn current_span() -> opentelemetry::trace::SpanId {
    Context::current().span().span_context().span_id()
}

#[tokio::test]
async fn stages_are_under_their_job_and_operations_under_their_stage() {
    let trace = Trace::new();
    let id = JobId::parse("j-1").unwrap();
    let work = job("run circuit", &id, async {
        stage(FAMILY, Stage::Compile, ready(Ok::<_, ()>(()))).await?;
        stage(FAMILY, Stage::Execute, async {
            tokio::task::yield_now().await;
            operation(STORE, (Store::Users, Op::Get), ready(Ok::<_, ()>(()))).await?;
            operation(STORE, (Store::Users, Op::Get), ready(Ok::<_, ()>(()))).await
        })
        .await
    });
    trace.scope().around(work).await.unwrap();

    let names: Vec<_> = trace.spans().into_iter().map(|span| span.name).collect();
    let ended = [
        "stage compile",
        "get users",
        "get users",
        "stage execute",
        "run circuit",
    ];
    assert_eq!(names, ended);
    let root = trace.span("run circuit");
    assert_eq!(root.parent_span_id, trace.parent.span_id());
    assert!(root.parent_span_is_remote);
    let (compile, execute) = (trace.span("stage compile"), trace.span("stage execute"));
    assert_eq!(compile.parent_span_id, root.span_context.span_id());
    assert_eq!(execute.parent_span_id, root.span_context.span_id());
    for span in trace.spans() {
        if span.name == "get users" {
            assert_eq!(span.parent_span_id, execute.span_context.span_id());
        }
        assert_eq!(span.span_kind, SpanKind::Internal);
        assert_eq!(span.status, Status::Unset);
    }
}

#[test]
fn each_span_has_the_ids_of_its_own_scope_from_its_start() {
    let trace = Trace::new();
    let id = JobId::parse("j-1").unwrap();
    let work = job("run", &id, async {
        stage(FAMILY, Stage::Compile, async {
            operation(STORE, (Store::Users, Op::Get), ready(Ok::<_, ()>(()))).await
        })
        .await
    });
    trace.scope().around(work).now_or_never().unwrap().unwrap();
    for (name, stage) in [
        ("run", None),
        ("stage compile", Some("compile")),
        ("get users", Some("compile")),
    ] {
        let span = trace.span(name);
        assert_eq!(attribute(&span, "job_id").as_deref(), Some("j-1"), "{name}");
        assert_eq!(attribute(&span, "stage").as_deref(), stage, "{name}");
    }
}

#[test]
fn an_error_fails_every_span_that_it_passes_and_no_other() {
    let trace = Trace::new();
    let id = JobId::generate();
    let work = job("run", &id, async {
        let _ = stage(FAMILY, Stage::Compile, ready(Ok::<_, &str>(()))).await;
        stage(FAMILY, Stage::Execute, ready(Err::<(), _>("secret text"))).await
    });
    assert!(trace.scope().around(work).now_or_never().unwrap().is_err());
    assert_eq!(trace.span("stage compile").status, Status::Unset);
    // Without the text, which may hold what must not leave in a span.
    assert_eq!(trace.span("stage execute").status, Status::error(""));
    assert_eq!(trace.span("run").status, Status::error(""));
}

#[test]
fn work_that_is_dropped_ends_its_spans_once_as_failed() {
    let trace = Trace::new();
    let id = JobId::generate();
    let inner = stage(FAMILY, Stage::Compile, pending::<Result<(), ()>>());
    let mut work = Box::pin(trace.scope().around(job("run", &id, inner)));
    assert!(poll(&mut work).is_pending());
    assert!(trace.spans().is_empty());
    drop(work);
    let names: Vec<_> = trace.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["stage compile", "run"]);
    for span in trace.spans() {
        assert_eq!(span.status, Status::error(""));
    }
}

#[test]
fn work_that_panics_ends_its_span_once_as_failed() {
    let trace = Trace::new();
    let id = JobId::generate();
    let panics =
        std::future::poll_fn(|_| -> std::task::Poll<Result<(), ()>> { panic!("on purpose") });
    let mut work = Box::pin(trace.scope().around(job("run", &id, panics)));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
    drop(work);
    assert_eq!(trace.span("run").status, Status::error(""));
    assert!(!Context::current().has_active_span());
}

#[test]
fn inside_a_job_its_id_and_span_are_in_scope_and_afterwards_they_are_not() {
    let trace = Trace::new();
    let id = JobId::parse("j-1").unwrap();
    let work = job("run", &id, async {
        Ok::<_, ()>((Ids::current_id::<JobId>(), current_span()))
    });
    let outer = trace.scope();
    let (seen, span) = outer.run(|| {
        let result = work.now_or_never().unwrap().unwrap();
        assert!(Ids::current().is_empty());
        assert_eq!(current_span(), trace.parent.span_id());
        result
    });
    assert_eq!(seen, Some(id));
    assert_eq!(span, trace.span("run").span_context.span_id());
}

/// Notes the stage and the span that it sees when it is dropped.
struct SeenInDrop<'a>(&'a mut Option<(Option<&'static str>, opentelemetry::trace::SpanId)>);

impl Drop for SeenInDrop<'_> {
    fn drop(&mut self) {
        *self.0 = Some((Ids::current().stage(), current_span()));
    }
}

#[test]
fn what_is_dropped_with_a_stage_sees_it() {
    let trace = Trace::new();
    let mut seen = None;
    let held = SeenInDrop(&mut seen);
    let work = stage(FAMILY, Stage::Compile, async move {
        let _held = held;
        pending::<Result<(), ()>>().await
    });
    let mut work = Box::pin(trace.scope().around(work));
    assert!(poll(&mut work).is_pending());
    drop(work);
    let span = trace.span("stage compile").span_context.span_id();
    assert_eq!(seen, Some((Some("compile"), span)));
}
