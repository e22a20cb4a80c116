//! A subscriber that keeps its events, and errors of every shape.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

/// One log event.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

struct Lines(Arc<Mutex<Vec<Line>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(Line {
            level: *event.metadata().level(),
            fields: fields.0,
        });
    }
}

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// What was logged and counted while `f` ran.
///
/// Every fault of this binary is made in here: a fault made on a thread without a subscriber could
/// switch its log event off for a test on another thread that has only just set its own.
pub(crate) fn told<R>(f: impl FnOnce() -> R) -> (R, Vec<Line>, Vec<(String, u64)>) {
    let lines = Arc::default();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let subscriber = registry().with(Lines(Arc::clone(&lines)));
    let result = tracing::subscriber::with_default(subscriber, || {
        metrics::with_local_recorder(&recorder, f)
    });
    let counts = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| match value {
            DebugValue::Counter(n) => (key.key().to_string(), n),
            other => panic!("{key:?} is {other:?}"),
        })
        .collect();
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    (result, lines, counts)
}

pub(crate) fn counted(severity: &str) -> (String, u64) {
    (
        format!("Key(throughline_faults_total, [severity = {severity}])"),
        1,
    )
}

/// An error with a text and perhaps something behind it.
#[derive(Debug)]
pub(crate) struct Link {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Link {
    /// A chain of these texts, the deepest last.
    pub(crate) fn chain<T: ToString>(texts: impl DoubleEndedIterator<Item = T>) -> Self {
        let link = |source: Option<Self>, text: T| {
            Some(Self {
                text: text.to_string(),
                source: source.map(Into::into),
            })
        };
        texts.rev().fold(None, link).expect("a chain has links")
    }

    pub(crate) fn over(text: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            text: text.to_owned(),
            source: Some(source.into()),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
