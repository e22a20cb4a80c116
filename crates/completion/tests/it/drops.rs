//! A client that leaves, told apart by when it left.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, Full};
use throughline_completion::{CompletionBody, CompletionFuture, Next, Point, observe};

use crate::script::{ScriptError, ScriptedBody, Step};
use crate::witness::{How, Notes, Witness};

type ReadyFuture = std::future::Ready<Result<Response<ScriptedBody>, ScriptError>>;

fn respond(steps: &[Step]) -> (Arc<Notes>, CompletionFuture<ReadyFuture, Witness>) {
    let notes = Arc::new(Notes::default());
    let body = ScriptedBody::new(steps, Some(&notes));
    let future = observe(Witness::new(&notes, Next::Body), || {
        std::future::ready(Ok(Response::new(body)))
    });
    (notes, future)
}

fn body(steps: &[Step]) -> (Arc<Notes>, CompletionBody<ScriptedBody, Witness>) {
    let (notes, future) = respond(steps);
    let response = future.now_or_never().expect("it is ready").unwrap();
    (notes, response.into_body())
}

#[test]
fn before_the_first_poll() {
    let (notes, future) = respond(&[]);
    assert!(!notes.is_told());
    drop(future);
    assert_eq!(notes.how(), How::Dropped(Point::Future));
}

#[tokio::test]
async fn while_pending() {
    let notes = Arc::new(Notes::default());
    let pending = std::future::pending::<Result<Response<ScriptedBody>, ScriptError>>();
    let future = observe(Witness::new(&notes, Next::Body), || pending);
    let aborted = tokio::spawn(future);
    tokio::task::yield_now().await;
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    assert_eq!(notes.how(), How::Dropped(Point::Future));
}

#[test]
fn with_the_head_and_before_the_body() {
    let (notes, body) = body(&[Step::Data]);
    assert!(!notes.is_told());
    drop(body);
    assert_eq!(notes.how(), How::Dropped(Point::Body));
}

#[test]
fn in_the_middle_of_the_body() {
    let (notes, mut body) = body(&[Step::Data, Step::Data, Step::Pending]);
    for _ in 0..2 {
        body.frame().now_or_never().unwrap().unwrap().unwrap();
    }
    assert!(body.frame().now_or_never().is_none());
    assert!(!notes.is_told());
    drop(body);
    assert_eq!(notes.how(), How::Dropped(Point::Body));
    assert_eq!(notes.told().bytes, 4);
}

#[test]
fn after_the_end() {
    for steps in [
        &[Step::Data, Step::End][..],
        &[Step::Data, Step::AtEnd],
        &[Step::Data],
    ] {
        let (notes, mut body) = body(steps);
        while let Some(frame) = body.frame().now_or_never().unwrap() {
            frame.unwrap();
        }
        assert_eq!(notes.how(), How::End, "told before the drop");
        assert!(!body.is_observed());
        drop(body);
        assert_eq!(notes.how(), How::End);
    }
}

/// hyper does not poll again once a body says that it is at its end.
#[test]
fn at_the_last_byte_without_another_poll() {
    let (notes, mut body) = body(&[Step::Data, Step::Data, Step::AtEnd]);
    body.frame().now_or_never().unwrap().unwrap().unwrap();
    assert!(!notes.is_told());
    body.frame().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(notes.how(), How::End);
}

/// An HTTP/2 body can learn of its end between two polls.
#[test]
fn of_a_body_that_said_it_is_at_its_end() {
    let (notes, mut told) = body(&[Step::Pending, Step::AtEnd]);
    assert!(told.frame().now_or_never().is_none());
    assert!(told.is_end_stream());
    assert!(!notes.is_told());
    drop(told);
    assert_eq!(notes.how(), How::End);

    let (notes, mut untold) = body(&[Step::Pending, Step::AtEnd]);
    assert!(untold.frame().now_or_never().is_none());
    drop(untold);
    assert_eq!(
        notes.how(),
        How::Dropped(Point::Body),
        "the reader left without knowing"
    );
}

/// Each of two observers in one stack has an ending of its own.
#[tokio::test]
async fn one_observer_around_another() {
    let (inner, outer) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let response = observe(Witness::new(&outer, Next::End), || {
        observe(Witness::new(&inner, Next::Body), || async {
            Ok::<_, ScriptError>(Response::new(Full::new(Bytes::from("hello"))))
        })
    });
    let body = response.await.unwrap().into_body();
    assert_eq!(outer.how(), How::Head);
    assert!(!inner.is_told());
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    assert_eq!(inner.how(), How::End);
    assert_eq!(inner.told().bytes, 5);
}
