//! Operations: calls to a store, a database, a driver, anything that answers.

mod driver;

use std::{future::Future, time::Duration};

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanKind, TraceContextExt},
};
use throughline_catalog::{Counter, Era, Family, Histogram, label};

pub use self::driver::operation;
use crate::{
    conventions::{BYTES, DB_COLLECTION, DB_NAMESPACE, DB_OPERATION, DB_QUERY_CLASS, DB_SYSTEM},
    ending::{ByEnding, Ending, Tally},
    name::joined,
    span,
    timed::{Part, Piece, timed, timed_call},
};

label! {
    /// What kind of query it is. What the query says never becomes a label, nor part of a span.
    pub enum QueryClass {
        Select = "select",
        Insert = "insert",
        Update = "update",
        Delete = "delete",
        /// `CREATE`, `ALTER`, `DROP` and their like.
        Schema = "schema",
        /// `BEGIN`, `COMMIT`, `ROLLBACK`.
        Transaction = "transaction",
        Other = "other",
    }
}

/// A call to something that answers: a store, a database, a driver, a machine. It has a span, is counted
/// by how it ended and timed, and its bytes are counted; each of these is optional but the span, which
/// is part of the trace in scope if there is one.
///
/// It is made of constants, so make it where it is used, or once in a `static`'s place:
///
/// ```
/// use throughline_catalog::{catalog, label};
/// use throughline_job::{Ending, Operation, QueryClass};
///
/// label! { pub enum ColumnFamily { Agents = "agents", Sessions = "sessions" } }
///
/// catalog! { pub mod store, budget 200;
///     /// Time of a read.
///     histogram rocksdb_get_latency_seconds { cf: ColumnFamily } buckets [0.0001, 0.001, 0.01, 0.1];
///     /// Bytes that compactions wrote.
///     counter rocksdb_compaction_bytes_total {};
///     /// Time of a query.
///     histogram trc_db_query_duration_seconds { query_class: QueryClass } buckets [0.001, 0.01, 0.1];
///     /// Queries, by how they ended.
///     counter db_queries_total { query_class: QueryClass, result: Ending };
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// // A store that answers at once.
/// let get = Operation::new("get", "agents")
///     .database("rocksdb")
///     .duration(store::rocksdb_get_latency_seconds, |_| (ColumnFamily::Agents,));
/// let agent = get.call(|| Ok::<_, std::io::Error>("an agent"));
/// assert_eq!(agent.unwrap(), "an agent");
///
/// // A database that takes its time. The statement is nobody's business.
/// let class = QueryClass::Select;
/// let select = Operation::new("SELECT", "orders")
///     .database("postgresql")
///     .namespace("shop")
///     .query_class(class.as_str())
///     .duration(store::trc_db_query_duration_seconds, |_| (class,))
///     .total(store::db_queries_total, |ending| (class, ending));
/// # let query = async { Ok::<_, std::io::Error>(vec![1, 2, 3]) };
/// assert_eq!(select.run(query).await.unwrap().len(), 3);
///
/// // Bytes, of what has any.
/// let compact = Operation::new("compact", "agents").bytes(store::rocksdb_compaction_bytes_total, |_| ());
/// # let compaction = async { Ok::<_, std::io::Error>(65_536_u64) };
/// compact.run_sized(compaction, |written| *written).await.unwrap();
/// # assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 4);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "an operation does nothing until it is run"]
pub struct Operation {
    name: &'static str,
    target: &'static str,
    system: Option<&'static str>,
    namespace: Option<&'static str>,
    query_class: Option<&'static str>,
    is_remote: bool,
    tally: Tally,
    bytes: Option<ByEnding<Counter>>,
}

impl Operation {
    /// What is done, and to what: the span's name is `{name} {target}`. Both are of few, known when the
    /// program is written.
    pub const fn new(name: &'static str, target: &'static str) -> Self {
        Self {
            name,
            target,
            system: None,
            namespace: None,
            query_class: None,
            is_remote: false,
            tally: Tally::NONE,
            bytes: None,
        }
    }

    /// Says that it is a database, as OpenTelemetry's conventions call it: `postgresql`, `rocksdb`. The
    /// span is of kind `CLIENT` and has `db.system.name`, `db.operation.name` and `db.collection.name`.
    pub const fn database(mut self, system: &'static str) -> Self {
        self.system = Some(system);
        self.is_remote = true;
        self
    }

    /// Says which database of that system it is: `db.namespace`.
    pub const fn namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Says what kind of query it is, such as the text of a [`QueryClass`].
    pub const fn query_class(mut self, class: &'static str) -> Self {
        self.query_class = Some(class);
        self
    }

    /// Says that what answers is another process: the span is of kind `CLIENT`.
    pub const fn remote(mut self) -> Self {
        self.is_remote = true;
        self
    }

    /// Counts the calls; `labels` says in which series, for each way to end.
    pub fn total<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Counter>,
    {
        self.tally.total = Some(ByEnding::new(family, labels));
        self
    }

    /// Observes how long a call took, in seconds.
    pub fn duration<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Histogram>,
    {
        self.tally.duration = Some(ByEnding::new(family, labels));
        self
    }

    /// Counts the bytes that [`run_sized`](Self::run_sized) or [`call_sized`](Self::call_sized) are told.
    pub fn bytes<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Counter>,
    {
        self.bytes = Some(ByEnding::new(family, labels));
        self
    }

    /// Runs it. It is counted once however it ends.
    ///
    /// # Errors
    /// Whatever the work returns; an `Err` marks the span as failed.
    pub async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.run_sized(work, |_| 0).await
    }

    /// As [`run`](Self::run); `size` says of an answer how many bytes it stands for.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub async fn run_sized<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        size: impl FnOnce(&T) -> u64,
    ) -> Result<T, E> {
        timed(Call::new(self, size), work).await
    }

    /// Calls something that answers at once.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub fn call<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.call_sized(work, |_| 0)
    }

    /// As [`call`](Self::call); `size` says of an answer how many bytes it stands for.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub fn call_sized<T, E>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
        size: impl FnOnce(&T) -> u64,
    ) -> Result<T, E> {
        timed_call(Call::new(self, size), work)
    }

    fn span(&self) -> SpanBuilder {
        let kind = if self.is_remote {
            SpanKind::Client
        } else {
            SpanKind::Internal
        };
        let builder = SpanBuilder::from_name(joined(self.name, self.target)).with_kind(kind);
        match self.system {
            Some(system) => builder.with_attributes(self.attributes(system)),
            None => builder,
        }
    }

    fn attributes(&self, system: &'static str) -> Vec<KeyValue> {
        let further = [
            (DB_NAMESPACE, self.namespace),
            (DB_QUERY_CLASS, self.query_class),
        ];
        let further = further
            .into_iter()
            .filter_map(|(key, value)| Some(KeyValue::new(key, value?)));
        let mut attributes = Vec::with_capacity(6);
        attributes.push(KeyValue::new(DB_SYSTEM, system));
        attributes.push(KeyValue::new(DB_OPERATION, self.name));
        attributes.push(KeyValue::new(DB_COLLECTION, self.target));
        attributes.extend(further);
        attributes
    }
}

/// One call.
struct Call<'a, S> {
    operation: &'a Operation,
    /// What says how large an answer is; there is only one.
    size: Option<S>,
}

impl<'a, S> Call<'a, S> {
    const fn new(operation: &'a Operation, size: S) -> Self {
        Self {
            operation,
            size: Some(size),
        }
    }
}

impl<T, S: FnOnce(&T) -> u64> Piece<T> for Call<'_, S> {
    fn begin(&self, part: &mut Part) {
        if !span::helps() {
            return;
        }
        part.start();
        if span::is_wanted() {
            part.spanned(|| self.operation.span());
        }
    }

    fn answered(&mut self, era: Option<Era>, has_span: bool, answer: &T) {
        let bytes = self.size.take().map_or(0, |size| size(answer));
        if bytes == 0 {
            return;
        }
        if let (Some(era), Some(family)) = (era, &self.operation.bytes) {
            family.add(era, Ending::Ok, bytes);
        }
        if has_span {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let bytes = KeyValue::new(BYTES, bytes);
            Context::map_current(|cx| cx.span().set_attribute(bytes));
        }
    }

    fn end(&self, era: Option<Era>, ending: Ending, took: Duration) {
        if let Some(era) = era {
            self.operation.tally.record(era, ending, took);
        }
    }
}
