//! Log lines: their form, and what they have in common.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::{Held, all, ensure};
use crate::report::Report;
use crate::stack::{Line, Stream};
use crate::systems::job_kernel::calls::{SECRET, SENT};
use crate::systems::job_kernel::workload::{Run, Workload};
use crate::systems::job_kernel::{Role, SETTLE, Stack};

/// The schema: each key, and whether it must be there.
const SCHEMA: [(&str, bool); 10] = [
    ("timestamp", true),
    ("level", true),
    ("service", true),
    ("trace_id", true),
    ("span_id", true),
    ("job_id", true),
    ("device_id", false),
    ("stage", false),
    ("message", true),
    ("error", false),
];

/// A form that is wrong is wrong on many lines; this many are told.
const TOLD: usize = 5;

pub(super) async fn check(stack: &Stack, workload: &Workload, report: &mut Report) {
    for (run, numbers) in [
        (&workload.plain, &["K1", "K2"]),
        (&workload.traced, &["K1", "K2"]),
    ] {
        let text = format!("{}: all four services log its trace and its job", run.name);
        report.promise(numbers, text, joined(stack, run).await);
    }
    let text = "the request id that the caller sent is in the lines of all four services";
    report.promise(&["K1", "K2"], text, request_id(stack).await);
    let text = "the request id that the system made is in the lines of all four services";
    report.promise(&["K1", "K2"], text, made_id(stack, &workload.plain).await);
    // Last, so that what came late is looked at too.
    let text = "every line is JSON with the keys of the schema in its order";
    report.promise(&["K1"], text, form(stack));
    report.promise(&["K7"], "credentials are in no log line", no_secret(stack));
}

/// The services that have no line like this, after what may be late has had its time.
async fn without(stack: &Stack, like: impl Fn(&Line) -> bool) -> Vec<Role> {
    let deadline = Instant::now() + SETTLE;
    let mut without = Vec::new();
    for role in Role::ALL {
        let left = deadline.saturating_duration_since(Instant::now());
        let find = |lines: &[Arc<Line>]| lines.iter().any(|line| like(line)).then_some(());
        if stack.role(role).log().wait_for(left, find).await.is_none() {
            without.push(role);
        }
    }
    without
}

async fn joined(stack: &Stack, run: &Run) -> Held {
    let trace = run
        .trace_id
        .as_deref()
        .ok_or("the answer told no trace id")?;
    let job = run.job_id.as_deref().ok_or("the answer told no job id")?;
    let both = |line: &Line| {
        line.text_of("trace_id") == Some(trace) && line.text_of("job_id") == Some(job)
    };
    let missing = without(stack, both).await.into_iter().map(|role| {
        let lines = stack.lines(role, trace).len();
        let role = role.name();
        format!("{role}: no line has trace {trace} and job {job} ({lines} have the trace)")
    });
    all(&missing.collect::<Vec<_>>())
}

async fn request_id(stack: &Stack) -> Held {
    has_request_id(stack, SENT.request_id, Some(SENT.trace_id)).await
}

async fn made_id(stack: &Stack, run: &Run) -> Held {
    let id = run
        .response
        .header("x-request-id")
        .ok_or("the answer told no request id")?;
    has_request_id(stack, id, run.trace_id.as_deref()).await
}

async fn has_request_id(stack: &Stack, id: &str, trace: Option<&str>) -> Held {
    let has =
        |line: &Line| line.text_of("request_id") == Some(id) && line.text_of("trace_id") == trace;
    let missing = without(stack, has).await.into_iter().map(|role| {
        let (role, trace) = (role.name(), trace.unwrap_or("none"));
        format!("{role}: no line has `request_id` {id} and trace {trace}")
    });
    all(&missing.collect::<Vec<_>>())
}

fn form(stack: &Stack) -> Held {
    let mut wrong = Vec::new();
    for role in Role::ALL {
        for line in stack.role(role).log().lines() {
            let why = match line.stream() {
                Stream::Stderr => Err("was written to standard error".to_owned()),
                Stream::Stdout => follows(line.text(), role.name()),
            };
            if let Err(why) = why {
                wrong.push(format!("{}: {why}: {}", role.name(), line.text()));
            }
        }
    }
    let more = wrong.len().saturating_sub(TOLD);
    wrong.truncate(TOLD);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    all(&wrong)
}

fn no_secret(stack: &Stack) -> Held {
    let lines = Role::ALL
        .into_iter()
        .flat_map(|role| stack.role(role).log().lines());
    let hit = lines.into_iter().find(|line| line.text().contains(SECRET));
    ensure(hit.is_none(), || {
        format!(
            "it is in: {}",
            hit.map_or(String::new(), |l| l.text().into())
        )
    })
}

/// Whether a line follows the schema.
fn follows(text: &str, service: &str) -> Held {
    let keys = keys(text)?;
    for (at, key) in keys.iter().enumerate() {
        ensure(!keys[..at].contains(key), || {
            format!("the key `{key}` twice")
        })?;
    }
    let of_schema = SCHEMA
        .iter()
        .filter(|(name, must)| *must || keys.iter().any(|key| key == name));
    let expected = of_schema.map(|(name, _)| *name).collect::<Vec<_>>();
    let begins = keys
        .iter()
        .map(String::as_str)
        .take(expected.len())
        .eq(expected.iter().copied());
    ensure(begins, || {
        format!("the keys are not {} first", expected.join(", "))
    })?;

    let line = Line::new(Stream::Stdout, text.to_owned());
    let is = |key: &str| line.text_of(key).unwrap_or_default();
    ensure(is_time(is("timestamp")), || {
        "`timestamp` is not RFC 3339 in UTC".to_owned()
    })?;
    let level = is("level").to_ascii_uppercase();
    let known = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level.as_str());
    ensure(known, || format!("`level` is {level:?}"))?;
    ensure(is("service") == service, || {
        format!("`service` is {:?}", is("service"))
    })?;
    for (key, digits) in [("trace_id", 32), ("span_id", 16)] {
        let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let good = line.field(key).is_none() || (is(key).len() == digits && hex(is(key)));
        ensure(good, || format!("`{key}` is not {digits} digits of hex"))?;
    }
    Ok(())
}

/// The keys of a JSON object as they stand in the text, repeated ones included.
fn keys(text: &str) -> Result<Vec<String>, String> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let keys = reader
        .deserialize_map(Keys)
        .map_err(|error| format!("is no JSON object ({error})"))?;
    reader
        .end()
        .map_err(|_| "goes on after the JSON object".to_owned())?;
    Ok(keys)
}

/// `2026-11-21T02:16:00.123Z`, with any number of digits of a second.
pub(super) fn is_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_once('T') else {
        return false;
    };
    let Some(time) = rest.strip_suffix('Z') else {
        return false;
    };
    let shape = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                })
    };
    let (whole, part) = time.split_once('.').unwrap_or((time, "0"));
    shape(date, "0000-00-00")
        && shape(whole, "00:00:00")
        && !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"timestamp":"2026-11-21T02:16:00.123Z","level":"INFO","service":"kernel","trace_id":null,"span_id":null,"job_id":null,"message":"started","request_id":"r"}"#;

    #[test]
    fn a_line_is_held_to_the_schema() {
        assert_eq!(follows(GOOD, "kernel"), Ok(()));
        let full = GOOD
            .replace(
                r#""message""#,
                r#""device_id":"d","stage":"compile","message""#,
            )
            .replace(r#""request_id""#, r#""error":"e","request_id""#)
            .replace(
                r#""trace_id":null"#,
                r#""trace_id":"0123456789abcdef0123456789abcdef""#,
            );
        assert_eq!(follows(&full, "kernel"), Ok(()));

        #[track_caller]
        fn check(from: &str, to: &str, expected: &str) {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            let why = follows(&text, "kernel").expect_err(&text);
            assert!(why.contains(expected), "{why}");
        }
        check("{", "", "is no JSON object");
        check("\"}", "\"} x", "goes on after");
        check(r#""job_id":null,"#, "", "the keys are not timestamp");
        check(
            r#""level":"INFO","service":"kernel""#,
            r#""service":"kernel","level":"INFO""#,
            "not",
        );
        check(
            r#""request_id":"r""#,
            r#""error":"e","x":1,"stage":"s""#,
            "the keys are not",
        );
        check(r#""request_id":"r""#, r#""level":"x""#, "`level` twice");
        check(
            r#""trace_id":null"#,
            r#""trace_id":"AB""#,
            "`trace_id` is not 32 digits",
        );
        check("INFO", "LOUD", "`level` is \"LOUD\"");
        check("kernel", "compiler", "`service` is \"compiler\"");
        check("02:16:00.123Z", "02:16:00.123+01:00", "`timestamp`");
    }

    #[test]
    fn times_are_in_utc() {
        for good in [
            "2026-11-21T02:16:00Z",
            "2026-11-21T02:16:00.1Z",
            "2026-11-21T02:16:00.123456Z",
        ] {
            assert!(is_time(good), "{good}");
        }
        for bad in [
            "",
            "2026-11-21 02:16:00Z",
            "2026-11-21T02:16:00",
            "2026-11-21T2:16:00Z",
            "2026-11-21T02:16:00.Z",
        ] {
            assert!(!is_time(bad), "{bad}");
        }
    }
}
