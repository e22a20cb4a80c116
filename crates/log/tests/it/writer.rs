//! Outputs that stall and come back, and the end of a writer.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{
        Arc, Condvar, Mutex,
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use throughline_log::{Field, LevelCase, LogLayer, MIN_CAPACITY, MemorySink, Schema, Writer};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::LONG;

fn schema() -> Schema {
    let fields = [Field::level(LevelCase::Lower), Field::message()];
    Schema::builder().fields(fields).build().unwrap()
}

pub(crate) fn with_layer<R>(writer: &Writer, work: impl FnOnce() -> R) -> R {
    let layer = LogLayer::new(schema(), writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work)
}

/// Takes nothing until it is opened.
#[derive(Clone)]
struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    reached: Sender<()>,
    sink: MemorySink,
}

impl Gate {
    fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.reached.send(());
        let open = self.open.0.lock().unwrap();
        drop(self.open.1.wait_while(open, |open| !*open).unwrap());
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was counted: family and label values, in the order of their declaration, to the count.
fn counts(recorder: &DebuggingRecorder) -> BTreeMap<String, u64> {
    let snapshot = recorder.snapshotter().snapshot().into_vec();
    let counts = snapshot.into_iter().map(|(key, _, _, value)| {
        let DebugValue::Counter(count) = value else {
            panic!("no counter: {value:?}")
        };
        let labels = key.key().labels().map(|label| label.value());
        (
            std::iter::once(key.key().name())
                .chain(labels)
                .collect::<Vec<_>>()
                .join(" "),
            count,
        )
    });
    counts.collect()
}

#[test]
fn w9_a_stalled_output_costs_lines_by_level_and_blocks_nobody() {
    let (reached, reaches) = channel();
    let gate = Gate {
        open: Arc::default(),
        reached,
        sink: MemorySink::default(),
    };
    let (writer, guard) = Writer::builder()
        .capacity(MIN_CAPACITY)
        .to(gate.clone())
        .unwrap();
    let recorder = DebuggingRecorder::new();
    let emitted: u64 = 1_000;
    metrics::with_local_recorder(&recorder, || {
        with_layer(&writer, || {
            tracing::trace!("first");
            reaches.recv().unwrap();
            // The worker is inside the output now, and stays there.
            for i in 0..emitted {
                tracing::debug!("{i} {:100}", "");
            }
            for i in 0..emitted {
                tracing::info!("{i} {:100}", "");
            }
            for i in 0..emitted {
                tracing::error!("{i} {:100}", "");
            }
        });
    });
    let report = writer.flush(Duration::ZERO);
    assert_eq!(
        (report.written, report.unwritten + report.dropped),
        (0, 3 * emitted + 1)
    );

    gate.open();
    let report = guard.flush(LONG);
    assert_eq!(report.unwritten, 0);
    let lines = gate.sink.lines();
    assert_eq!(report.written, lines.len() as u64);
    assert_eq!(
        report.written + report.dropped,
        3 * emitted + 2,
        "one line is the notice"
    );

    let missing = ["debug", "info", "error"].map(|level| {
        let prefix = format!(r#"{{"level":"{level}","#);
        let written = lines
            .iter()
            .filter(|line| line.starts_with(&prefix))
            .count() as u64;
        assert!(0 < written && written < emitted, "{level}: {written}");
        emitted - written
    });
    let [debug, info, error] = missing;
    let counts = counts(&recorder);
    let dropped = |level_and_reason: &str| {
        counts[&format!("throughline_log_lines_dropped_total {level_and_reason}")]
    };
    assert_eq!(
        [
            dropped("debug watermark"),
            dropped("info watermark"),
            dropped("error full")
        ],
        [debug, info, error]
    );
    for (level, lines) in [
        ("trace", 1),
        ("debug", emitted),
        ("info", emitted),
        ("error", emitted),
    ] {
        assert_eq!(
            counts[&format!("throughline_log_lines_total {level}")],
            lines
        );
    }
    let notice = format!(
        r#"{{"level":"warn","message":"log lines dropped: {} ({debug} debug, {info} info, {error} error)"}}"#,
        debug + info + error
    );
    assert_eq!(
        lines.iter().filter(|line| **line == notice).count(),
        1,
        "{notice}\n{:?}",
        lines.last()
    );
    assert_eq!(lines.last(), Some(&notice));
}

pub(crate) fn info(message: &str) -> String {
    format!(r#"{{"level":"info","message":"{message}"}}"#)
}

#[test]
fn lines_are_written_together() {
    #[derive(Clone, Default)]
    struct Sizes(Arc<Mutex<Vec<usize>>>);
    impl Write for Sizes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert_eq!(bytes.last(), Some(&b'\n'));
            self.0.lock().unwrap().push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sizes = Sizes::default();
    let (writer, guard) = Writer::to(sizes.clone()).unwrap();
    with_layer(&writer, || {
        (0..10_000).for_each(|_| tracing::info!("{:200}", ""))
    });
    assert_eq!(guard.flush(LONG).written, 10_000);
    let sizes = sizes.0.lock().unwrap();
    assert!(sizes.iter().all(|size| *size <= 64 * 1024), "{sizes:?}");
    assert!(sizes.len() < 5_000, "{} writes", sizes.len());
}

#[test]
fn a_shut_writer_drops_and_counts() {
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(sink.clone()).unwrap();
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        with_layer(&writer, || {
            tracing::info!("before");
            assert_eq!(guard.shutdown(LONG).written, 1);
            tracing::error!("after");
        });
    });
    assert_eq!(sink.lines(), [info("before")]);
    assert_eq!(
        counts(&recorder)["throughline_log_lines_dropped_total error closed"],
        1
    );
    let report = writer.flush(LONG);
    assert_eq!(
        (report.written, report.dropped, report.unwritten),
        (1, 1, 0)
    );
}

#[test]
fn the_guard_of_a_stalled_writer_lets_go() {
    let (reached, reaches) = channel();
    let gate = Gate {
        open: Arc::default(),
        reached,
        sink: MemorySink::default(),
    };
    let (writer, guard) = Writer::to(gate.clone()).unwrap();
    with_layer(&writer, || {
        tracing::info!("1");
        reaches.recv().unwrap();
        tracing::info!("2");
    });
    let report = guard.shutdown(Duration::ZERO);
    assert_eq!(
        (report.written, report.dropped, report.unwritten),
        (0, 0, 2)
    );
    assert!(format!("{writer:?}").contains("closed: true"));
    gate.open();
}

#[test]
fn a_dropped_guard_writes_what_waits() {
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(sink.clone()).unwrap();
    with_layer(&writer, || tracing::info!("x"));
    drop(guard);
    assert_eq!(sink.lines(), [info("x")]);
}

#[test]
fn standard_output_gets_the_lines() {
    const CHILD: &str = "THROUGHLINE_LOG_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let (writer, guard) = Writer::stdout().unwrap();
        with_layer(&writer, || tracing::info!("from the child"));
        assert_eq!(guard.shutdown(LONG).written, 1);
        return;
    }
    // The same test in a process of its own, so that its output can be read.
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer::standard_output_gets_the_lines"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let line = info("from the child") + "\n";
    assert!(text.contains(&line), "{text}");
}
