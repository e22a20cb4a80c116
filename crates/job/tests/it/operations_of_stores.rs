//! `Operation`: any call to something that answers.

use std::{
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;
use opentelemetry::trace::{SpanKind, Status};
use throughline_catalog::{catalog, label};
use throughline_job::{Ending, Operation, QueryClass, job, operation};

use crate::support::{Op, Recorded, Store, Trace, attribute, once, poll, test};

label! { pub(crate) enum ColumnFamily { Agents = "agents", Sessions = "sessions" } }

catalog! { pub(crate) mod stores, budget 1_000;
    /// Time of a read.
    histogram rocksdb_get_latency_seconds { cf: ColumnFamily } buckets [0.001, 0.01];
    /// Time of a write.
    histogram rocksdb_put_latency_seconds { cf: ColumnFamily } buckets [0.001, 0.01];
    /// Bytes that compactions wrote.
    counter rocksdb_compaction_bytes_total {};
    /// Time of a query.
    histogram trc_db_query_duration_seconds { query_class: QueryClass } buckets [0.001, 0.01];
    /// Queries, by how they ended.
    counter db_queries_total { query_class: QueryClass, result: Ending };
}

fn select() -> Operation {
    Operation::new("SELECT", "orders")
        .database("postgresql")
        .namespace("shop")
        .query_class(QueryClass::Select.as_str())
        .duration(stores::trc_db_query_duration_seconds, |_| {
            (QueryClass::Select,)
        })
        .total(stores::db_queries_total, |ending| {
            (QueryClass::Select, ending)
        })
}

#[test]
fn a6_a_stores_reads_writes_and_compactions_have_their_exact_families() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let cf = |_: Ending| (ColumnFamily::Agents,);
    let get = Operation::new("get", "agents").duration(stores::rocksdb_get_latency_seconds, cf);
    let put = Operation::new("put", "agents").duration(stores::rocksdb_put_latency_seconds, cf);
    let compact =
        Operation::new("compact", "agents").bytes(stores::rocksdb_compaction_bytes_total, |_| ());
    assert_eq!(get.call(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(put.run(ready(Ok::<_, ()>(()))).now_or_never(), Some(Ok(())));
    assert_eq!(compact.call_sized(|| Ok::<_, ()>(4_096), |n| *n), Ok(4_096));
    let run = compact.run_sized(ready(Ok::<_, ()>(4_096)), |n| *n);
    assert_eq!(run.now_or_never(), Some(Ok(4_096)));
    assert!(compact.call_sized(|| Err::<u64, _>(()), |n| *n).is_err());
    let values = recorded.values();
    assert_eq!(values["rocksdb_get_latency_seconds agents"].len(), 1);
    assert_eq!(values["rocksdb_put_latency_seconds agents"].len(), 1);
    assert_eq!(values["rocksdb_compaction_bytes_total"], [8_192.0]);
    assert_eq!(values.len(), 3);
}

#[test]
fn w1_a_query_has_the_attributes_of_the_conventions_and_never_its_statement() {
    let trace = Trace::new();
    let secret = "SELECT * FROM orders WHERE card = '4111'".to_owned();
    let query = async {
        if secret.is_empty() {
            Err("none")
        } else {
            Ok(3)
        }
    };
    let id = throughline_correlation::JobId::generate();
    let work = job("bill", &id, async { select().run(query).await });
    trace.scope().around(work).now_or_never().unwrap().unwrap();
    let span = trace.span("SELECT orders");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    for (key, value) in [
        ("db.system.name", "postgresql"),
        ("db.operation.name", "SELECT"),
        ("db.collection.name", "orders"),
        ("db.namespace", "shop"),
        ("throughline.db.query_class", "select"),
    ] {
        assert_eq!(attribute(&span, key).as_deref(), Some(value), "{key}");
    }
    assert!(!format!("{span:?}").contains("4111"));
}

#[test]
fn w1_every_ending_is_told_once() {
    let told = |work: &dyn Fn(&Operation)| {
        let recorded = Recorded::new();
        let _here = recorded.here();
        work(&select());
        let values = recorded.values();
        assert_eq!(values["trc_db_query_duration_seconds select"].len(), 1);
        let mut totals = values
            .keys()
            .filter(|key| key.starts_with("db_queries_total"));
        let total = totals
            .next()
            .unwrap()
            .split(' ')
            .next_back()
            .unwrap()
            .to_owned();
        assert_eq!(totals.next(), None);
        total
    };
    assert_eq!(
        told(&|op| assert!(op.run(ready(Ok::<_, ()>(()))).now_or_never().is_some())),
        "ok"
    );
    assert_eq!(
        told(&|op| assert!(op.run(ready(Err::<(), _>(()))).now_or_never().is_some())),
        "failed"
    );
    assert_eq!(
        told(&|op| assert!(op.call(|| Err::<(), _>(())).is_err())),
        "failed"
    );
    let dropped = |op: &Operation| {
        let mut work = Box::pin(op.run(pending::<Result<(), ()>>()));
        assert!(poll(&mut work).is_pending());
    };
    assert_eq!(told(&dropped), "cancelled");
    let panics = |op: &Operation| {
        let call = || op.call(|| -> Result<(), ()> { panic!("on purpose") });
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    };
    assert_eq!(told(&panics), "panicked");
}

#[test]
fn what_is_part_of_no_trace_begins_none() {
    let trace = Trace::new();
    let before = trace.spans().len();
    let recorded = Recorded::new();
    let _here = recorded.here();
    assert!(select().call(|| Ok::<_, ()>(())).is_ok());
    let store = (
        test::test_store_requests_total,
        test::test_store_duration_seconds,
    );
    let get = operation(store, (Store::Users, Op::Get), async {
        let cx = opentelemetry::Context::current();
        assert!(!opentelemetry::trace::TraceContextExt::has_active_span(&cx));
        Ok::<_, ()>(())
    });
    get.now_or_never().unwrap().unwrap();
    assert_eq!(trace.spans().len(), before);
    assert_eq!(
        recorded.counts(),
        once([
            "db_queries_total select ok",
            "test_store_duration_seconds users get",
            "test_store_requests_total users get true",
            "trc_db_query_duration_seconds select",
        ])
    );
}
