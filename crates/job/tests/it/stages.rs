//! A stage: its time, and its name in scope.

use std::{
    future::{pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
    time::Duration,
};

use futures_util::FutureExt;
use throughline_correlation::{Ids, JobId};
use throughline_job::{job, stage};

use crate::support::{Recorded, Stage, once, poll, test::test_stage_duration_seconds as FAMILY};

const COMPILE: &str = "test_stage_duration_seconds compile";
const EXECUTE: &str = "test_stage_duration_seconds execute";

#[test]
fn its_time_is_recorded_once_when_it_succeeds_and_when_it_fails() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let ok = stage(FAMILY, Stage::Compile, ready(Ok::<_, ()>(7)));
    assert_eq!(ok.now_or_never(), Some(Ok(7)));
    assert_eq!(recorded.counts(), once([COMPILE]));
    let failed = stage(FAMILY, Stage::Execute, ready(Err::<(), _>("broken")));
    assert_eq!(failed.now_or_never(), Some(Err("broken")));
    assert_eq!(recorded.counts(), once([EXECUTE]));
}

#[test]
fn its_time_is_recorded_once_when_it_is_dropped() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let mut work = Box::pin(stage(FAMILY, Stage::Compile, pending::<Result<(), ()>>()));
    assert!(poll(&mut work).is_pending());
    assert_eq!(recorded.counts(), []);
    drop(work);
    assert_eq!(recorded.counts(), once([COMPILE]));
}

#[test]
fn a_stage_that_never_began_is_not_recorded() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    drop(stage(FAMILY, Stage::Compile, pending::<Result<(), ()>>()));
    assert_eq!(recorded.counts(), []);
}

/// The clock is that of the first poll, not of the call.
#[tokio::test(start_paused = true)]
async fn its_time_begins_with_its_first_poll() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let (send, receive) = tokio::sync::oneshot::channel::<()>();
    let mut work = Box::pin(stage(FAMILY, Stage::Compile, receive));
    tokio::time::advance(Duration::from_secs(7)).await;
    assert!(poll(&mut work).is_pending());
    tokio::time::advance(Duration::from_secs(3)).await;
    send.send(()).unwrap();
    assert_eq!(poll(&mut work), Poll::Ready(Ok(())));
    drop(work);
    assert_eq!(recorded.values()[COMPILE], [3.0]);
}

#[test]
fn a_poll_after_its_end_panics_and_records_nothing() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let mut work = Box::pin(stage(FAMILY, Stage::Compile, ready(Ok::<_, ()>(()))));
    assert_eq!(poll(&mut work), Poll::Ready(Ok(())));
    assert_eq!(recorded.counts(), once([COMPILE]));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
    drop(work);
    assert_eq!(recorded.counts(), []);
}

/// Panics as it is dropped, and sees its scope until then.
struct Brittle;

impl Drop for Brittle {
    fn drop(&mut self) {
        assert_eq!(Ids::current().stage(), Some("compile"));
        panic!("on purpose");
    }
}

#[test]
fn its_time_is_recorded_once_when_dropping_its_work_panics() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let of = |ends: bool| {
        let brittle = Brittle;
        let work = poll_fn(move |_| {
            let _held = &brittle;
            let end = Poll::Ready(Ok::<_, ()>(()));
            if ends { end } else { Poll::Pending }
        });
        Box::pin(stage(FAMILY, Stage::Compile, work))
    };
    let fails = |f: &mut dyn FnMut()| {
        let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    };

    // Between two polls.
    let mut work = Some(of(false));
    assert!(poll(work.as_mut().unwrap()).is_pending());
    fails(&mut || drop(work.take()));
    assert_eq!(recorded.counts(), once([COMPILE]));
    // At its end.
    let mut work = of(true);
    fails(&mut || _ = poll(&mut work));
    drop(work);
    assert_eq!(recorded.counts(), once([COMPILE]));
    assert!(Ids::current().is_empty(), "the panic left the scope");
}

#[test]
fn its_time_is_recorded_once_when_it_panics() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let work = stage(FAMILY, Stage::Compile, async {
        if Ids::current().stage() == Some("compile") {
            panic!("on purpose");
        }
        Ok::<_, ()>(())
    });
    let mut work = Box::pin(work);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
    assert!(Ids::current().is_empty(), "the panic left the scope");
    drop(work);
    assert_eq!(recorded.counts(), once([COMPILE]));
}

#[test]
fn a_nested_stage_gives_the_outer_one_back() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let here = || Ids::current().stage();
    let outer = stage(FAMILY, Stage::Compile, async {
        assert_eq!(here(), Some("compile"));
        let failed = stage(FAMILY, Stage::Execute, async {
            assert_eq!(here(), Some("execute"));
            Err::<(), _>("broken")
        });
        assert!(failed.await.is_err());
        assert_eq!(here(), Some("compile"));
        Ok::<_, ()>(())
    });
    outer.now_or_never().unwrap().unwrap();
    assert_eq!(here(), None);
    assert_eq!(recorded.counts(), once([COMPILE, EXECUTE]));
}

#[tokio::test]
async fn concurrent_stages_see_their_own_names() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let id = JobId::generate();
    let watch = |which, name| {
        let id = &id;
        stage(FAMILY, which, async move {
            for _ in 0..20 {
                assert_eq!(Ids::current().stage(), Some(name));
                assert_eq!(Ids::current_id::<JobId>().as_ref(), Some(id));
                tokio::task::yield_now().await;
            }
            Ok::<_, ()>(())
        })
    };
    let both = async {
        let stages = [
            watch(Stage::Compile, "compile"),
            watch(Stage::Execute, "execute"),
        ];
        futures_util::future::try_join_all(stages).await
    };
    job("run", &id, both).await.unwrap();
    assert_eq!(recorded.counts(), once([COMPILE, EXECUTE]));
}

#[test]
fn it_is_recorded_where_it_began_or_nowhere() {
    let (began, other) = (Recorded::new(), Recorded::new());
    let start = || {
        let (send, receive) = tokio::sync::oneshot::channel::<()>();
        let mut work = Box::pin(stage(FAMILY, Stage::Compile, receive));
        began.during(|| assert!(poll(&mut work).is_pending()));
        send.send(()).unwrap();
        work
    };

    let mut work = start();
    other.during(|| assert_eq!(poll(&mut work), Poll::Ready(Ok(()))));
    assert_eq!((began.counts(), other.counts()), (vec![], vec![]));

    let work = start();
    drop(work);
    assert_eq!((began.counts(), other.counts()), (vec![], vec![]));

    let mut work = start();
    began.during(|| other.during(|| ()));
    began.during(|| assert_eq!(poll(&mut work), Poll::Ready(Ok(()))));
    assert_eq!((began.counts(), other.counts()), (once([COMPILE]), vec![]));
}
