//! What only a recorder and a subscriber of the whole process show.
#![allow(clippy::unwrap_used)]

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    thread,
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::Context;
use throughline_log::{Field, LogLayer, MemorySink, Schema, Writer};
use tracing_subscriber::layer::SubscriberExt;

const LONG: Duration = Duration::from_secs(60);

/// Refuses the first write.
struct Refuses(bool, MemorySink);

impl Write for Refuses {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.0) {
            Err(ErrorKind::BrokenPipe.into())
        } else {
            self.1.write(bytes)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs when its thread ends.
struct LogsLast(&'static str);

impl Drop for LogsLast {
    fn drop(&mut self) {
        tracing::info!("{}", self.0);
    }
}

thread_local! {
    static LAST: LogsLast = const { LogsLast("last") };
}

/// Logs while it is formatted.
struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _span = tracing::info_span!("inner", a = "of the inner span").entered();
        tracing::warn!("inner");
        f.write_str("outer value")
    }
}

#[test]
fn the_process_wide_recorder_and_subscriber() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(Refuses(true, sink.clone())).unwrap();
    let schema = Schema::builder()
        .field(Field::message())
        .allow(["a", "b"])
        .build()
        .unwrap();
    let layer = LogLayer::new(schema, writer);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    let mut seen = 0;
    let mut new_lines = || {
        guard.flush(LONG);
        let lines = sink.lines().split_off(seen);
        seen += lines.len();
        lines
    };

    // What the output refuses is counted, by level.
    tracing::warn!("refused");
    assert!(new_lines().is_empty());
    tracing::info!("taken");
    let notice = r#"{"message":"log lines dropped: 1 (1 warn)"}"#;
    assert_eq!(new_lines(), [r#"{"message":"taken"}"#, notice]);
    let counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "throughline_log_lines_dropped_total")
        .map(|(key, _, _, value)| (key.key().to_string(), value))
        .filter(|(_, value)| *value != DebugValue::Counter(0))
        .collect();
    let name = "Key(throughline_log_lines_dropped_total, [level = warn, reason = write_error])";
    assert_eq!(counts, [(name.to_owned(), DebugValue::Counter(1))]);

    // An event inside the formatting of another, or of a span's field, is a line of its own.
    tracing::info!(b = 1, a = ?Logs, "outer");
    let span = tracing::info_span!("s", b = 2, a = ?Logs).entered();
    tracing::info!("after");
    drop(span);
    let inner = r#"{"message":"inner","a":"of the inner span"}"#;
    let expected = [
        inner,
        r#"{"message":"outer","a":"outer value","b":1}"#,
        inner,
        r#"{"message":"after","a":"outer value","b":2}"#,
    ];
    assert_eq!(new_lines(), expected);

    // A thread that logs while it is torn down, whatever it did before, and in any order.
    let before: [fn(); 5] = [
        || LAST.with(|_| ()),
        || {
            LAST.with(|_| ());
            tracing::info!("early");
        },
        || {
            tracing::info!("early");
            LAST.with(|_| ());
        },
        || {
            LAST.with(|_| ());
            drop(Context::current());
        },
        || {
            drop(Context::current());
            LAST.with(|_| ());
            tracing::info!("early");
        },
    ];
    for work in before {
        thread::spawn(work).join().unwrap();
    }
    let lines = new_lines();
    let of = |message| lines.iter().filter(|line| line.contains(message)).count();
    assert_eq!((of("last"), of("early"), lines.len()), (5, 3, 8));
}
