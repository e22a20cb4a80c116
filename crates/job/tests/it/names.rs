//! The names that five systems and two conventions dictate come out exactly.

use std::{future::ready, time::Duration};

use futures_util::FutureExt;
use throughline_catalog::{catalog, label};
use throughline_correlation::JobId;
use throughline_job::{
    Delivery, Ending, JobContext, Operation, Outcome, State, Transitions, Utilization, Worker,
    operation, presets, stage, transition,
};

use crate::support::Recorded;

/// The names of the families that were recorded.
fn names(recorded: &Recorded) -> Vec<String> {
    let values = recorded.values().into_keys();
    let mut names: Vec<_> = values
        .map(|key| key.split(' ').next().unwrap().to_owned())
        .filter(|name| !name.starts_with("throughline_label"))
        .collect();
    names.dedup();
    names
}

fn context() -> JobContext {
    JobContext::of(throughline_context::Scope::default())
}

label! { enum Phase { Provision = "provision", RunTest = "run_test" } }

catalog! { mod bench, budget 10_000;
    /// Time to provision.
    histogram provision_latency_seconds {} buckets [1.0, 60.0];
    /// Time of an execution.
    histogram execution_duration_seconds { outcome: Outcome } buckets [1.0, 60.0];
    /// Attempts after the first.
    counter task_retry_count {} dictated "the orchestrator's dashboards";
    /// Bytes of artifacts.
    counter artifact_upload_bytes_total {};
    /// Messages that wait.
    gauge queue_backlog {};
    /// Time that a bench was in use.
    gauge bench_utilization_percent {};
    /// Time that a worker was at work.
    gauge worker_busy_time_percent {};
}

#[tokio::test(start_paused = true)]
async fn b5_families_are_exact() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let worker = Worker::new("executions")
        .duration(bench::execution_duration_seconds)
        .retries(bench::task_retry_count)
        .backlog(bench::queue_backlog)
        .busy_time(bench::worker_busy_time_percent, 1);
    let benches = Utilization::new(bench::bench_utilization_percent, 1);
    let upload =
        Operation::new("upload", "artifacts").bytes(bench::artifact_upload_bytes_total, |_| ());
    worker.show_backlog(3, None);
    let work = worker.run(
        Delivery::new("execution", context().with_attempt(2)),
        async {
            let bench = benches.begin(());
            stage(
                bench::provision_latency_seconds,
                Phase::Provision,
                ready(Ok::<_, ()>(())),
            )
            .await?;
            tokio::time::advance(Duration::from_secs(1)).await;
            drop(bench);
            upload
                .run_sized(ready(Ok::<u64, ()>(1_024)), |bytes| *bytes)
                .await
        },
    );
    work.await.unwrap();
    worker.observe();
    benches.observe();
    let dictated: Vec<_> = bench::CATALOGUE
        .families()
        .iter()
        .map(|family| family.name())
        .collect();
    let mut dictated: Vec<_> = dictated.into_iter().map(str::to_owned).collect();
    dictated.sort();
    assert_eq!(names(&recorded), dictated);
    assert_eq!(
        dictated,
        [
            "artifact_upload_bytes_total",
            "bench_utilization_percent",
            "execution_duration_seconds",
            "provision_latency_seconds",
            "queue_backlog",
            "task_retry_count",
            "worker_busy_time_percent",
        ]
    );
}

label! { enum Status { Created = "created", Running = "running", Stopped = "stopped" } }

impl State for Status {
    fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Created, Self::Running) | (Self::Running, Self::Stopped)
        )
    }
}

catalog! { mod agents, budget 1_000;
    /// Agents, by status.
    gauge agents_total { status: Status } dictated "the platform's dashboards";
    /// Transitions of agents.
    counter agent_state_transitions_total { from: Status, to: Status };
    /// Sessions that are open.
    gauge sessions_active {};
    /// Sessions that were opened.
    counter sessions_total {};
    /// Time of a session.
    histogram session_duration_seconds {} buckets [60.0, 3600.0];
}

#[test]
fn a4_families_are_exact_and_agents_are_counted_by_status() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let lives =
        Transitions::new(agents::agent_state_transitions_total, 8).population(agents::agents_total);
    let id = JobId::generate();
    lives.enter(Status::Created);
    lives.enter(Status::Created);
    lives.apply(&id, Status::Created, Status::Running).unwrap();
    assert!(lives.apply(&id, Status::Created, Status::Stopped).is_err());
    lives.apply(&id, Status::Running, Status::Stopped).unwrap();
    lives.leave(Status::Stopped);

    let sessions = Worker::new("sessions")
        .started(agents::sessions_total)
        .in_flight(agents::sessions_active)
        .duration(agents::session_duration_seconds);
    sessions
        .start(Delivery::new("chat", context()))
        .end(Outcome::Ok);

    let values = recorded.values();
    let of = |series: &str| values[series][0];
    assert_eq!(of("agents_total created"), 1.0);
    assert_eq!(of("agents_total running"), 0.0);
    assert_eq!(of("agents_total stopped"), 0.0);
    assert_eq!(of("agent_state_transitions_total created running"), 1.0);
    assert_eq!(of("agent_state_transitions_total running stopped"), 1.0);
    assert_eq!((of("sessions_active"), of("sessions_total")), (0.0, 1.0));
    assert_eq!(values["session_duration_seconds"].len(), 1);
}

label! { enum Driver { Statevector = "statevector" } }
label! { enum Op { Execute = "execute" } }

catalog! { mod kernel, budget 1_000;
    /// Transitions of jobs.
    counter eigen_kernel_job_state_transitions_total { from: Status, to: Status };
    /// Time in a stage.
    histogram eigen_kernel_stage_duration_seconds { stage: Phase } buckets [1.0];
    /// Requests to a driver.
    counter eigen_driver_requests_total { driver: Driver, op: Op, success: bool };
    /// Time of a request to a driver.
    histogram eigen_driver_request_duration_seconds { driver: Driver, op: Op } buckets [1.0];
}

#[test]
fn k4_families_are_exact() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    transition(
        kernel::eigen_kernel_job_state_transitions_total,
        Status::Created,
        Status::Running,
    )
    .unwrap();
    let driver = (
        kernel::eigen_driver_requests_total,
        kernel::eigen_driver_request_duration_seconds,
    );
    let work = stage(
        kernel::eigen_kernel_stage_duration_seconds,
        Phase::RunTest,
        async {
            operation(
                driver,
                (Driver::Statevector, Op::Execute),
                ready(Ok::<_, ()>(())),
            )
            .await
        },
    );
    work.now_or_never().unwrap().unwrap();
    let series: Vec<_> = recorded.values().into_keys().collect();
    assert_eq!(
        series,
        [
            "eigen_driver_request_duration_seconds statevector execute",
            "eigen_driver_requests_total statevector execute true",
            "eigen_kernel_job_state_transitions_total created running",
            "eigen_kernel_stage_duration_seconds run_test",
        ]
    );
}

catalog! { mod phases, budget 1_000;
    /// Time in a phase.
    histogram phase_duration_seconds { phase: Phase, result: Ending } buckets [1.0];
}

#[test]
fn b4_a_phase_can_tell_how_it_ended() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let run =
        |work| stage(phases::phase_duration_seconds, Phase::RunTest, ready(work)).now_or_never();
    assert_eq!(run(Ok(())), Some(Ok(())));
    assert_eq!(run(Err(())), Some(Err(())));
    let series: Vec<_> = recorded.values().into_keys().collect();
    assert_eq!(
        series,
        [
            "phase_duration_seconds run_test failed",
            "phase_duration_seconds run_test ok"
        ]
    );
}

#[tokio::test]
async fn the_presets_have_their_names() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let worker = presets::worker("plain");
    let context = context().with_attempt(2);
    worker
        .start(Delivery::new("x", context.clone()))
        .end(Outcome::DeadLetter);
    assert_eq!(
        names(&recorded),
        [
            "job_age_seconds",
            "job_dead_letters_total",
            "job_duration_seconds",
            "job_queue_delay_seconds",
            "job_retries_total",
            "jobs_in_flight",
            "jobs_total",
        ]
    );

    let recorded = Recorded::new();
    let _here = recorded.here();
    let worker = presets::otel_worker("otel").system("redis");
    worker
        .receive(async { Ok::<_, ()>(Some(())) })
        .await
        .unwrap();
    worker
        .start(Delivery::new("x", context))
        .end(Outcome::Failed);
    assert!(worker.settle(async { Err::<(), _>(()) }).await.is_err());
    let producer = presets::otel_producer("otel").system("redis");
    producer.send("x").run(|| Ok::<_, ()>(())).unwrap();
    let series = recorded.values().into_keys();
    let series: Vec<_> = series
        .filter(|key| !key.starts_with("throughline"))
        .collect();
    assert_eq!(
        series,
        [
            "messaging_client_consumed_messages_total redis otel process",
            "messaging_client_operation_duration_seconds redis otel receive ",
            "messaging_client_operation_duration_seconds redis otel send ",
            "messaging_client_operation_duration_seconds redis otel settle failed",
            "messaging_client_sent_messages_total redis otel send ",
            "messaging_process_duration_seconds redis otel process failed",
        ]
        .map(str::trim_end)
    );
}

label! { enum Step {
    Provision = "provision", RunTest = "run_test", Collect = "collect_artifacts", Teardown = "teardown",
} }

catalog! { mod runner, budget 1_000;
    /// Time in a step.
    histogram worker_phase_duration_seconds { phase: Step } buckets [1.0];
    /// Time until an instance was ready.
    histogram instance_ready_latency {} buckets [1.0] dictated "the orchestrator's dashboards";
    /// Time of a command.
    histogram ssm_execution_time {} buckets [1.0] dictated "the orchestrator's dashboards";
    /// Time until a pod had started.
    histogram pod_startup_time {} buckets [1.0] dictated "the orchestrator's dashboards";
    /// Health checks of benches that failed.
    counter bench_health_failures {} dictated "the orchestrator's dashboards";
}

#[tokio::test]
async fn b3_b4_each_step_has_a_span_and_each_wait_for_a_runner_its_family() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let trace = crate::support::Trace::new();
    let ready_instance = Operation::new("start", "instance")
        .remote()
        .duration(runner::instance_ready_latency, |_| ());
    let command = Operation::new("run", "command").duration(runner::ssm_execution_time, |_| ());
    let pod = Operation::new("start", "pod").duration(runner::pod_startup_time, |_| ());
    let health = throughline_job::ControlLoop::new("bench health")
        .errors(runner::bench_health_failures, |_| ());
    let context = trace.scope().run(JobContext::capture);
    let worker = Worker::new("steps").trace();
    let work = worker.run(Delivery::new("bench", context), async {
        for step in Step::ALL {
            let calls = async {
                ready_instance.run(ready(Ok::<_, ()>(()))).await?;
                command.run(ready(Ok(()))).await?;
                pod.run(ready(Ok(()))).await
            };
            stage(runner::worker_phase_duration_seconds, *step, calls).await?;
        }
        health.turn(ready(Err::<(), ()>(()))).await
    });
    assert!(work.await.is_err());
    let process = trace.span("process steps").span_context.span_id();
    for step in ["provision", "run_test", "collect_artifacts", "teardown"] {
        assert_eq!(trace.span(&format!("stage {step}")).parent_span_id, process);
    }
    assert_eq!(
        names(&recorded),
        [
            "bench_health_failures",
            "instance_ready_latency",
            "pod_startup_time",
            "ssm_execution_time",
            "worker_phase_duration_seconds",
        ]
    );
}
