//! Jobs: answers, results and events.

use http::StatusCode;
use serde_json::Value;

use super::{Held, all, ensure};
use crate::report::Report;
use crate::systems::job_kernel::calls::SENT;
use crate::systems::job_kernel::workload::{Run, Workload};

/// Where a good job goes, and what takes it from each state to the next.
const WAY: [&str; 7] = [
    "submitted",
    "validated",
    "compiled",
    "scheduled",
    "running",
    "collecting",
    "completed",
];
const STAGES: [&str; 6] = [
    "validate", "compile", "schedule", "execute", "collect", "collect",
];

pub(super) fn check(workload: &Workload, report: &mut Report) {
    let Workload {
        plain,
        traced,
        malformed,
        faulty,
        too_large,
        unknown,
        ..
    } = workload;
    report.promise(
        &["K9"],
        "each request is answered with its status",
        statuses(workload),
    );
    report.promise(
        &["K9"],
        "a Bell pair is measured as 00 or 11 alone",
        bell(plain),
    );
    report.promise(
        &["K9"],
        "a job whose driver fails ends as failed",
        failed(faulty),
    );
    let events = [plain, traced]
        .into_iter()
        .try_for_each(|run| order(run, &WAY));
    let text = "a job's transitions are streamed in order, with time, job, from, to and stage";
    report.promise(&["K10"], text, events);
    let way = WAY[..5]
        .iter()
        .copied()
        .chain(["failed"])
        .collect::<Vec<_>>();
    let text = "a failed job's stream ends with its way to `failed`";
    report.promise(&["K10"], text, order(faulty, &way));
    let answers =
        [plain, traced, malformed, faulty, too_large].map(|run| (run.name, &run.response));
    let answers = answers.into_iter().chain([("unknown job", unknown)]);
    let text = "an id that the caller did not send is told in `x-request-id` and `traceresponse`";
    let mut missing = Vec::new();
    for (name, response) in answers {
        if response.header("x-request-id").is_none_or(str::is_empty) {
            missing.push(format!("{name}: no `x-request-id` in the answer"));
        }
        if super::super::calls::trace_of(response).is_none() {
            let got = response.header("traceresponse");
            missing.push(format!("{name}: `traceresponse` is {got:?}"));
        }
    }
    report.promise(&["K2"], text, all(&missing));
    report.promise(
        &["K2"],
        "an id that the caller sent is the one in the answer",
        kept(traced),
    );
}

fn statuses(workload: &Workload) -> Held {
    let Workload {
        plain,
        traced,
        malformed,
        faulty,
        too_large,
        unknown,
        ..
    } = workload;
    let expected = [
        (plain.name, &plain.response, StatusCode::ACCEPTED),
        (traced.name, &traced.response, StatusCode::ACCEPTED),
        (malformed.name, &malformed.response, StatusCode::BAD_REQUEST),
        (faulty.name, &faulty.response, StatusCode::ACCEPTED),
        (
            too_large.name,
            &too_large.response,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("unknown job", unknown, StatusCode::NOT_FOUND),
    ];
    let wrong = expected
        .into_iter()
        .filter(|(_, response, status)| response.status != *status);
    let wrong = wrong.map(|(name, got, status)| {
        format!("{name}: {} instead of {status}: {}", got.status, got.text())
    });
    all(&wrong.collect::<Vec<_>>())
}

fn bell(run: &Run) -> Held {
    let counts = run.job["counts"]
        .as_object()
        .ok_or_else(|| format!("no counts: {}", run.job))?;
    let strange = counts
        .keys()
        .find(|bits| !matches!(bits.as_str(), "00" | "11"));
    ensure(strange.is_none(), || {
        format!("{strange:?} came out: {}", run.job["counts"])
    })?;
    let total = counts.values().filter_map(Value::as_u64).sum::<u64>();
    ensure(total == 1000, || {
        format!("1000 shots gave {total} outcomes: {}", run.job["counts"])
    })?;
    // 1000 equal tosses of a fair coin happen once in 10^300 runs.
    ensure(counts.len() == 2, || {
        format!("only one of the two came out: {}", run.job["counts"])
    })
}

fn failed(run: &Run) -> Held {
    let state = run.job["state"].as_str();
    ensure(state == Some("failed"), || {
        format!("the job is {}", run.job)
    })
}

fn order(run: &Run, way: &[&str]) -> Held {
    let wrong = |what: &str| format!("{}: {what}: {}", run.name, Value::from(run.events.clone()));
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let steps = run
        .events
        .iter()
        .map(|event| (text(event, "from"), text(event, "to")));
    let expected = way
        .windows(2)
        .map(|step| (step[0].to_owned(), step[1].to_owned()));
    ensure(steps.eq(expected), || {
        wrong(&format!("the way is not {}", way.join(" → ")))
    })?;
    let mut last = String::new();
    for (at, event) in run.events.iter().enumerate() {
        let (time, job) = (text(event, "time"), text(event, "job"));
        ensure(super::logs::is_time(&time), || {
            wrong("a `time` is not RFC 3339 in UTC")
        })?;
        let instant = instant(&time);
        ensure(last <= instant, || wrong("the times go back"))?;
        ensure(Some(&job) == run.job_id.as_ref(), || {
            wrong("a `job` is another's")
        })?;
        let stage = text(event, "stage");
        // A job fails in the stage that it was in.
        let expected = match (way[at + 1], at.checked_sub(1)) {
            ("failed", Some(before)) => STAGES[before],
            _ => STAGES[at],
        };
        ensure(stage == expected, || {
            wrong(&format!("stage {stage:?} is not {expected:?}"))
        })?;
        last = instant;
    }
    Ok(())
}

/// A time as a text that sorts: the digits of a second are as many as were written.
fn instant(time: &str) -> String {
    let time = time.trim_end_matches('Z');
    let (whole, part) = time.split_once('.').unwrap_or((time, ""));
    format!("{whole}.{part:0<9}")
}

fn kept(run: &Run) -> Held {
    let trace = run.trace_id.as_deref();
    ensure(trace == Some(SENT.trace_id), || {
        format!(
            "trace {} was sent, the answer says {trace:?}",
            SENT.trace_id
        )
    })?;
    let id = run.response.header("x-request-id");
    ensure(id == Some(SENT.request_id), || {
        format!(
            "request id {} was sent, the answer says {id:?}",
            SENT.request_id
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::http::Response;

    fn run(steps: &[(&str, &str, &str, &str)]) -> Run {
        let event = |(time, from, to, stage): &(&str, &str, &str, &str)| {
            let time = format!("2026-11-21T02:16:{time}Z");
            json!({"time": time, "job": "j1", "from": from, "to": to, "stage": stage})
        };
        Run {
            name: "job",
            response: Response {
                status: StatusCode::ACCEPTED,
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
            },
            trace_id: None,
            job_id: Some("j1".to_owned()),
            events: steps.iter().map(event).collect(),
            job: Value::Null,
        }
    }

    const REFUSED: [&str; 3] = ["submitted", "validated", "failed"];

    #[test]
    fn events_are_held_to_their_way() {
        let first = ("00.5", "submitted", "validated", "validate");
        // Later than the first, although its text sorts before.
        let second = ("00.51", "validated", "failed", "validate");
        assert_eq!(order(&run(&[first, second]), &REFUSED), Ok(()));

        #[track_caller]
        fn check(steps: &[(&str, &str, &str, &str)], expected: &str) {
            let why = order(&run(steps), &REFUSED).expect_err(expected);
            assert!(why.contains(expected), "{why}");
        }
        check(&[first], "the way is not submitted → validated → failed");
        check(&[second, first], "the way is not");
        check(
            &[first, ("00.4", "validated", "failed", "validate")],
            "the times go back",
        );
        check(
            &[first, ("late", "validated", "failed", "validate")],
            "not RFC 3339",
        );
        check(
            &[first, ("00.6", "validated", "failed", "collect")],
            "stage \"collect\"",
        );
        let mut other = run(&[first, second]);
        other.job_id = Some("j2".to_owned());
        assert!(order(&other, &REFUSED).is_err());
    }

    #[test]
    fn only_a_bell_pair_is_one() {
        let with = |counts: Value| Run {
            job: json!({"counts": counts}),
            ..run(&[])
        };
        assert_eq!(bell(&with(json!({"00": 490, "11": 510}))), Ok(()));
        assert!(bell(&with(json!({"00": 490, "01": 510}))).is_err());
        assert!(bell(&with(json!({"00": 490, "11": 500}))).is_err());
        assert!(bell(&with(json!({"00": 1000}))).is_err());
        assert!(bell(&with(Value::Null)).is_err());
    }

    #[test]
    fn other_statuses_are_told() {
        let good = run(&[]);
        let answer = |status| Run {
            response: Response {
                status,
                ..good.response.clone()
            },
            ..good.clone()
        };
        let mut workload = Workload {
            before: BTreeMap::new(),
            plain: good.clone(),
            traced: good.clone(),
            malformed: answer(StatusCode::BAD_REQUEST),
            faulty: good.clone(),
            too_large: answer(StatusCode::UNPROCESSABLE_ENTITY),
            unknown: answer(StatusCode::NOT_FOUND).response,
            calls: BTreeMap::new(),
        };
        assert_eq!(statuses(&workload), Ok(()));
        workload.unknown.status = StatusCode::OK;
        let why = statuses(&workload).expect_err("a job that nobody submitted");
        assert!(
            why.starts_with("unknown job: 200 OK instead of 404"),
            "{why}"
        );
    }
}
