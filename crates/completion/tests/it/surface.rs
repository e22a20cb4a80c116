//! What the types promise besides their behaviour.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::marker::PhantomPinned;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use throughline_completion::{
    Completion, CompletionBody, CompletionFuture, Next, Observer, Point, observe,
};

use crate::script::{ScriptedBody, Step};
use crate::witness::{How, Notes, Witness};

struct Silent<T>(T);

impl<T> Observer for Silent<T> {
    type Entered = ();

    fn enter(&self) {}

    fn on_completion(self, _: Completion<'_>) {}
}

/// Compiles only if `$type` is not `$trait`: otherwise two impls fit and `_` is ambiguous.
macro_rules! assert_not {
    ($type:ty: $trait:path) => {{
        struct Marker;
        trait Ambiguous<A> {
            fn here() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $trait> Ambiguous<Marker> for T {}
        <$type as Ambiguous<_>>::here();
    }};
}

#[test]
fn auto_traits_follow_what_is_inside() {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    all::<CompletionFuture<Ready<()>, Silent<()>>>();
    all::<CompletionBody<Full<Bytes>, Silent<()>>>();

    assert_not!(CompletionFuture<Rc<()>, Silent<()>>: Send);
    assert_not!(CompletionFuture<(), Silent<Rc<()>>>: Send);
    assert_not!(CompletionFuture<PhantomPinned, Silent<()>>: Unpin);
    assert_not!(CompletionBody<Rc<()>, Silent<()>>: Send);
    assert_not!(CompletionBody<std::cell::Cell<()>, Silent<()>>: Sync);
    assert_not!(CompletionBody<(), Silent<Rc<()>>>: Send);
    assert_not!(CompletionBody<PhantomPinned, Silent<()>>: Unpin);
}

/// The types of errors that stacks have: none of them asks for more than `'static`.
#[test]
fn any_error_will_do() {
    fn fits<E: 'static>() {
        fn is_future<E>(_: impl Future<Output = Result<impl Sized, E>>) {}
        is_future::<E>(observe(
            Silent(()),
            std::future::pending::<Result<Response<Empty<Bytes>>, E>>,
        ));
    }
    struct Plain;
    fits::<Plain>();
    fits::<Infallible>();
    fits::<Rc<Plain>>();
    fits::<Box<dyn std::error::Error + Send + Sync>>();
}

#[test]
fn a_defaulted_body_observes_nothing() {
    let body = CompletionBody::<Full<Bytes>, Witness>::default();
    assert!(!body.is_observed());
    assert!(body.is_end_stream());
}

#[test]
fn an_unobserved_response_passes_through() {
    let body = ScriptedBody::new(&[Step::Data, Step::Data], None);
    let future = ready(Ok::<_, Infallible>(Response::new(body)));
    let future = CompletionFuture::<_, Witness>::unobserved(future);
    assert!(!future.is_observed());
    let response = future.now_or_never().unwrap().unwrap();
    assert!(response.headers().is_empty());
    let body = response.into_body();
    assert!(!body.is_observed());
    assert_eq!(
        body.collect().now_or_never().unwrap().unwrap().to_bytes(),
        "aaab"
    );
}

#[test]
fn debug_shows_no_content() {
    let notes = Arc::new(Notes::default());
    let response = Response::new(Full::new(Bytes::from("a secret")));
    let future = observe(Witness::new(&notes, Next::Body), || {
        ready(Ok::<_, Infallible>(response))
    });
    assert_eq!(
        format!("{future:?}"),
        "CompletionFuture { is_observed: true, .. }"
    );
    let body = future.now_or_never().unwrap().unwrap().into_body();
    assert_eq!(
        format!("{body:?}"),
        "CompletionBody { is_observed: true, .. }"
    );
    assert_eq!(body.get_ref().size_hint().exact(), Some(8));

    struct Text;
    impl Observer for Text {
        type Entered = ();

        fn enter(&self) {}

        fn on_completion(self, how: Completion<'_>) {
            assert_eq!(format!("{how:?}"), "Failed(Failure { point: Future, .. })");
        }
    }
    let failing = ready(Err::<Response<Empty<Bytes>>, _>("a secret"));
    assert!(observe(Text, || failing).now_or_never().unwrap().is_err());
}

/// The bytes that the documentation speaks of: 8 where the inner type and the observer leave a
/// niche for "none", as references, boxes and `async` blocks do, and 8 more for each that has none.
#[test]
fn the_wrapping_is_small() {
    fn added<W, I, O>() -> usize {
        size_of::<W>() - size_of::<I>() - size_of::<O>()
    }
    type Boxed = Silent<Box<u64>>;
    type Wide = Silent<[u64; 8]>;
    type F = Ready<Result<Response<Full<Bytes>>, Infallible>>;
    type B = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

    assert_eq!(added::<CompletionFuture<F, Boxed>, F, Boxed>(), 8);
    assert_eq!(added::<CompletionFuture<u64, Wide>, u64, Wide>(), 24);
    assert_eq!(added::<CompletionBody<B, Boxed>, B, Boxed>(), 8);
    assert_eq!(added::<CompletionBody<u64, Wide>, u64, Wide>(), 24);
}

/// A reader that goes on after the end, as after a failure, sees what the inner body gives.
#[test]
fn what_comes_after_the_end_passes_through() {
    let notes = Arc::new(Notes::default());
    let steps = [Step::Error, Step::Data, Step::Trailers, Step::Error];
    let body = ScriptedBody::new(&steps, Some(&notes));
    let future = observe(Witness::new(&notes, Next::Body), || {
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let mut body = future.now_or_never().unwrap().unwrap().into_body();

    let mut frame = || body.frame().now_or_never().unwrap();
    assert!(frame().unwrap().is_err());
    assert!(matches!(notes.how(), How::Failed(Point::Body, _)));
    assert!(frame().unwrap().unwrap().is_data());
    assert!(frame().unwrap().unwrap().is_trailers());
    assert!(frame().unwrap().is_err());
    assert!(frame().is_none());
    assert_eq!(notes.told().bytes, 0);
}
