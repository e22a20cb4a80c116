//! What a failed piece of work leaves on its span.

use std::{borrow::Cow, error::Error, fmt};

use futures_util::FutureExt;
use opentelemetry_sdk::trace::SpanData;
use throughline_correlation::JobId;
use throughline_job::{job, record_error};

use crate::support::Trace;

/// An error with so many causes, the last of which is its own source once more.
#[derive(Debug)]
struct Deep(usize, Option<Box<Deep>>);

impl Deep {
    fn of(depth: usize) -> Self {
        let inner = (depth != 0).then(|| Box::new(Self::of(depth - 1)));
        Self(depth, inner)
    }
}

impl fmt::Display for Deep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {} password=hunter2", self.0)
    }
}

impl Error for Deep {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.1.as_deref()? as _)
    }
}

fn scrub(text: &str) -> Cow<'_, str> {
    text.replace("hunter2", "***").into()
}

/// The span of a job in which `fail` runs.
fn told(fail: impl FnOnce()) -> SpanData {
    let trace = Trace::new();
    let id = JobId::generate();
    let work = job("render", &id, async {
        fail();
        Err::<(), _>(())
    });
    assert!(trace.scope().around(work).now_or_never().unwrap().is_err());
    trace.span("render")
}

fn event(span: &SpanData, key: &str) -> Option<String> {
    let [event] = &span.events.events[..] else {
        panic!("{:?}", span.events)
    };
    assert_eq!(event.name, "exception");
    let found = event.attributes.iter().find(|kv| kv.key.as_str() == key)?;
    Some(found.value.to_string())
}

#[test]
fn w4_a_failed_span_has_the_error_its_causes_and_the_variables_that_are_named() {
    let variables = [("shots", 1_000.into()), ("api_key", "4711".into())];
    let span = told(|| record_error(&Deep::of(2), scrub, variables));
    assert_eq!(
        event(&span, "exception.message").unwrap(),
        "level 2 password=***"
    );
    assert_eq!(
        event(&span, "exception.stacktrace").unwrap(),
        "caused by: level 1 password=***\ncaused by: level 0 password=***"
    );
    assert_eq!(event(&span, "shots").as_deref(), Some("1000"));
    assert_eq!(event(&span, "api_key"), None, "its name names a secret");
    assert!(!format!("{span:?}").contains("hunter2"));
}

#[test]
fn w4_it_is_bounded_whatever_the_error_is_like() {
    fn long(_: &str) -> Cow<'_, str> {
        Cow::Owned("ä".repeat(10_000))
    }
    let variables = (0..1_000_i64).map(|n| ("n", n.into()));
    let span = told(|| record_error(&Deep::of(100), long, variables));
    assert_eq!(event(&span, "exception.message").unwrap().len(), 1_024);
    let chain = event(&span, "exception.stacktrace").unwrap();
    assert_eq!(chain.lines().count(), 16);
    assert_eq!(span.events.events[0].attributes.len(), 18);
    let alone = told(|| record_error(&Deep::of(0), scrub, []));
    assert_eq!(event(&alone, "exception.stacktrace"), None);
}

#[test]
fn nothing_is_read_from_an_error_that_nobody_records() {
    struct Unread;
    impl fmt::Debug for Unread {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("it was read")
        }
    }
    impl fmt::Display for Unread {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("it was read")
        }
    }
    impl Error for Unread {}
    record_error(&Unread, scrub, []);
}
