//! The layer that makes the lines.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use tracing_core::{
    Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use crate::{
    families,
    line::{Head, Scratch, SpanFields, TraceIds, Visitor, compose, notice, take_scope},
    schema::{Plan, Schema},
    writer::Writer,
};

/// Writes each event as a line of JSON.
///
/// A line has the ids of the active OpenTelemetry span and the ids and the stage in scope
/// ([`Ids`](throughline_correlation::Ids)) without being told. Where the same field is given more
/// than once, the event's own comes before the nearest span's, and that before its ancestors'.
///
/// The layer takes every event that it is given. Put a per-layer filter in front of it
/// (`with_filter`), a static one: without any, no level is ever disabled at its callsite.
///
/// ```
/// use std::time::Duration;
/// use throughline_log::{Field, LogLayer, MemorySink, Schema, Writer};
/// use tracing_subscriber::{Layer as _, filter::LevelFilter, layer::SubscriberExt as _};
///
/// let schema = Schema::builder()
///     .service("kernel")
///     .fields([Field::service(), Field::message()])
///     .allow(["shots"])
///     .build()?;
/// let sink = MemorySink::default();
/// let (writer, guard) = Writer::to(sink.clone())?;
/// let layer = LogLayer::new(schema, writer).with_filter(LevelFilter::INFO);
///
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     tracing::info!(shots = 8, user_email = "a@b.c", "compiled");
///     tracing::debug!("not written");
/// });
/// guard.flush(Duration::from_secs(5));
/// assert_eq!(
///     sink.lines(),
///     [r#"{"service":"kernel","message":"compiled","shots":8,"redacted":1}"#],
/// );
/// # Ok::<(), throughline_log::ConfigError>(())
/// ```
#[must_use = "a layer does nothing until a subscriber has it"]
pub struct LogLayer {
    plan: Arc<Plan>,
    writer: Writer,
    /// Tells the layers of one subscriber apart in a span's extensions.
    number: u64,
}

impl LogLayer {
    /// A layer that writes lines of this schema.
    ///
    /// When the writer has had to drop lines, it says so in a line of the schema that it was given
    /// first.
    pub fn new(schema: Schema, writer: Writer) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let plan = schema.0;
        let of_notice = Arc::clone(&plan);
        writer.on_recovery(move |dropped, line| notice(&of_notice, dropped, line));
        Self {
            plan,
            writer,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Keeps the fields of a span that the schema wants.
    fn keep<S>(&self, id: &Id, ctx: &Context<'_, S>, record: impl FnOnce(&mut Visitor<'_>))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Scratch::with(|scratch| {
            let mut visitor = Visitor::of_span(&self.plan, scratch);
            record(&mut visitor);
            let refused = visitor.refused();
            if refused == 0 && scratch.is_empty() {
                return;
            }
            let Some(span) = ctx.span(id) else { return };
            let mut extensions = span.extensions_mut();
            if extensions.get_mut::<SpanFields>().is_none() {
                extensions.insert(SpanFields::default());
            }
            if let Some(fields) = extensions.get_mut::<SpanFields>() {
                fields.record(self.number, scratch, refused);
            }
        });
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if !attributes.is_empty() {
            self.keep(id, &ctx, |visitor| attributes.record(visitor));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.keep(id, &ctx, |visitor| values.record(visitor));
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let of = event.metadata();
        Scratch::with(|scratch| {
            let mut visitor = Visitor::of_event(&self.plan, scratch, of.target());
            event.record(&mut visitor);
            let mut redacted = visitor.refused().count_ones();
            take_scope(&self.plan, scratch);
            for span in ctx.event_scope(event).into_iter().flatten() {
                if let Some(fields) = span.extensions().get::<SpanFields>() {
                    redacted += fields.take(self.number, scratch).count_ones();
                }
            }
            let head = Head {
                time: SystemTime::now(),
                level: *of.level(),
                target: of.target(),
                file: of.file(),
                line: of.line(),
                trace: TraceIds::current(scratch, of.target()),
                redacted,
            };
            compose(&self.plan, &head, scratch);
            self.writer
                .push(families::Level::of(*of.level()), scratch.line());
        });
    }
}

impl fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plan,
            writer,
            number: _,
        } = self;
        f.debug_struct("LogLayer")
            .field("schema", &Schema(Arc::clone(plan)))
            .field("writer", writer)
            .finish()
    }
}
