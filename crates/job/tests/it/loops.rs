//! Control loops: latency, errors, backlog, and how long ago they last did what they should.

use std::{future::ready, time::Duration};

use opentelemetry::trace::SpanId;
use throughline_catalog::{catalog, label};
use throughline_job::{ControlLoop, Ending, Operation};

use crate::support::{Recorded, Trace};

label! { enum Projection { Routes = "routes", Orgs = "orgs" } }

catalog! { mod control, budget 1_000;
    /// Time to apply events.
    histogram trc_projection_apply_duration_seconds { projection: Projection } buckets [0.1];
    /// Turns that failed.
    counter trc_projection_errors_total { projection: Projection };
    /// Events not yet applied.
    gauge trc_projection_lag_events { projection: Projection };
    /// The last event applied.
    gauge trc_projection_last_applied_event_id { projection: Projection };
    /// Rebuilds from nothing.
    counter trc_projection_rebuilds_total { projection: Projection };
    /// Runs of the reconciler.
    counter trc_scheduler_reconcile_runs_total {};
    /// Time of a run.
    histogram trc_scheduler_reconcile_duration_seconds {} buckets [0.1];
    /// Groups reconciled.
    counter trc_scheduler_group_reconciles_total { result: Ending };
    /// Time of a group.
    histogram trc_scheduler_group_reconcile_duration_seconds { result: Ending } buckets [0.1];
    /// Whether the last turn did what it should.
    gauge loop_available {};
    /// Time since it last did.
    gauge loop_last_success_age_seconds {};
}

fn routes() -> ControlLoop {
    let of = |_: Ending| (Projection::Routes,);
    ControlLoop::new("project routes")
        .duration(control::trc_projection_apply_duration_seconds, of)
        .errors(control::trc_projection_errors_total, of)
        .backlog(control::trc_projection_lag_events, of)
        .position(control::trc_projection_last_applied_event_id, of)
        .available(control::loop_available, |_| ())
        .last_success_age(control::loop_last_success_age_seconds, |_| ())
        .trace()
}

#[tokio::test(start_paused = true)]
async fn c6_c9_a_loop_shows_latency_errors_backlog_and_availability() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let routes = routes();
    let slow = async {
        tokio::time::advance(Duration::from_millis(300)).await;
        Ok::<_, ()>(())
    };
    routes.turn(slow).await.unwrap();
    routes.show_backlog(12_u32);
    routes.show_position(4711_u32);
    let values = recorded.values();
    assert_eq!(
        values["trc_projection_apply_duration_seconds routes"],
        [0.3]
    );
    assert_eq!(values["trc_projection_lag_events routes"], [12.0]);
    assert_eq!(
        values["trc_projection_last_applied_event_id routes"],
        [4711.0]
    );
    assert_eq!(values["loop_available"], [1.0]);
    assert!(!values.contains_key("trc_projection_errors_total routes"));
    assert!(routes.turn(ready(Err::<(), _>(()))).await.is_err());
    assert_eq!(recorded.value("trc_projection_errors_total routes"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn c6_the_age_of_the_last_success_grows_while_a_turn_hangs_or_fails() {
    let seen = |routes: &ControlLoop| {
        let recorded = Recorded::new();
        let _here = recorded.here();
        routes.observe();
        recorded.value("loop_last_success_age_seconds")
    };
    let routes = routes();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(seen(&routes), 5.0, "it never did, so since it was made");
    routes.turn(ready(Ok::<_, ()>(()))).await.unwrap();
    assert_eq!(seen(&routes), 0.0);
    let same = routes.clone();
    let mut hung = Box::pin(same.turn(std::future::pending::<Result<(), ()>>()));
    assert!(crate::support::poll(&mut hung).is_pending());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(seen(&routes), 60.0);
    drop(hung);
    assert!(routes.turn(ready(Err::<(), _>(()))).await.is_err());
    assert_eq!(seen(&routes), 60.0);
}

#[tokio::test]
async fn c10_a_run_of_the_reconciler_and_its_groups_have_their_exact_families() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let reconcile = ControlLoop::new("reconcile")
        .total(control::trc_scheduler_reconcile_runs_total, |_| ())
        .duration(control::trc_scheduler_reconcile_duration_seconds, |_| ());
    let group = Operation::new("reconcile", "group")
        .total(control::trc_scheduler_group_reconciles_total, |ending| {
            (ending,)
        })
        .duration(
            control::trc_scheduler_group_reconcile_duration_seconds,
            |ending| (ending,),
        );
    let run = reconcile.turn(async {
        group.run(ready(Ok::<_, ()>(()))).await?;
        group.run(ready(Err::<(), _>(()))).await
    });
    assert!(run.await.is_err());
    let names: Vec<_> = recorded.values().into_keys().collect();
    assert_eq!(
        names,
        [
            "trc_scheduler_group_reconcile_duration_seconds failed",
            "trc_scheduler_group_reconcile_duration_seconds ok",
            "trc_scheduler_group_reconciles_total failed",
            "trc_scheduler_group_reconciles_total ok",
            "trc_scheduler_reconcile_duration_seconds",
            "trc_scheduler_reconcile_runs_total",
        ]
    );
}

#[tokio::test]
async fn each_turn_is_a_trace_of_its_own_or_part_of_the_one_in_scope() {
    let trace = Trace::new();
    trace
        .scope()
        .around(routes().turn(ready(Ok::<_, ()>(()))))
        .await
        .unwrap();
    assert_eq!(
        trace.span("project routes").parent_span_id,
        trace.parent.span_id()
    );
    let routes = routes();
    let alone = routes.turn(async {
        let cx = opentelemetry::Context::current();
        Ok::<_, ()>(
            opentelemetry::trace::TraceContextExt::span(&cx)
                .span_context()
                .clone(),
        )
    });
    let span = alone.await.unwrap();
    assert!(span.is_valid() && span.span_id() != SpanId::INVALID);
    assert_ne!(span.trace_id(), trace.parent.trace_id());
}
