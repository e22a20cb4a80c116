//! A panic is told as one, whoever catches it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use throughline_completion::{CompletionBody, CompletionFuture, Next, Point, observe};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::script::{ScriptError, ScriptedBody, Step, scripted_panic};
use crate::witness::{How, Notes, Witness};

#[derive(Clone)]
struct ObserveLayer(Arc<Notes>);

#[derive(Clone)]
struct Observe<S>(S, Arc<Notes>);

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe(inner, self.0.clone())
    }
}

impl<S, B> Service<Request<()>> for Observe<S>
where
    S: Service<Request<()>, Response = Response<B>, Error: 'static>,
    B: Body<Error: 'static>,
{
    type Response = Response<CompletionBody<B, Witness>>;
    type Error = S::Error;
    type Future = CompletionFuture<S::Future, Witness>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        observe(Witness::new(&self.1, Next::Body), || self.0.call(request))
    }
}

/// A handler that panics somewhere, or nowhere.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Panics {
    Call,
    BeforeAwait,
    AfterAwait,
    FirstFrame,
    SecondFrame,
    Never,
}

impl Panics {
    const ALL: [Self; 6] = [
        Self::Call,
        Self::BeforeAwait,
        Self::AfterAwait,
        Self::FirstFrame,
        Self::SecondFrame,
        Self::Never,
    ];

    fn told(self) -> How {
        match self {
            Self::Call => How::Panicked(Point::Call),
            Self::BeforeAwait | Self::AfterAwait => How::Panicked(Point::Future),
            Self::FirstFrame | Self::SecondFrame => How::Panicked(Point::Body),
            Self::Never => How::End,
        }
    }

    fn handler(
        self,
        notes: Arc<Notes>,
    ) -> impl Service<
        Request<()>,
        Response = Response<ScriptedBody>,
        Error = ScriptError,
        Future: Send + 'static,
    > + Clone
    + Send {
        tower::service_fn(move |_| {
            if self == Self::Call {
                scripted_panic();
            }
            let notes = notes.clone();
            async move {
                let held = ScriptedBody::new(&[], Some(&notes));
                if self == Self::BeforeAwait {
                    scripted_panic();
                }
                tokio::task::yield_now().await;
                if self == Self::AfterAwait {
                    scripted_panic();
                }
                drop(held);
                Ok(Response::new(ScriptedBody::new(
                    match self {
                        Self::FirstFrame => &[Step::Panic],
                        Self::SecondFrame => &[Step::Data, Step::Pending, Step::Panic],
                        _ => &[Step::Data, Step::Data],
                    },
                    Some(&notes),
                )))
            }
        })
    }
}

/// Serves one request to the end of its body, and gives the status.
async fn serve<S, B>(service: S) -> StatusCode
where
    S: Service<Request<()>, Response = Response<B>, Error: std::fmt::Debug>,
    B: Body<Error: std::fmt::Debug>,
{
    let response = service.oneshot(Request::new(())).await.unwrap();
    let status = response.status();
    let mut body = Box::pin(response.into_body());
    loop {
        // The scripted body does not wake, so a pending poll is simply followed by the next.
        match body.frame().now_or_never() {
            Some(Some(frame)) => drop(frame.unwrap()),
            Some(None) => return status,
            None => {}
        }
    }
}

#[tokio::test]
async fn caught_around_the_whole() {
    for panics in Panics::ALL {
        let notes = Arc::new(Notes::default());
        let service = ObserveLayer(notes.clone()).layer(panics.handler(notes.clone()));
        let served = AssertUnwindSafe(serve(service)).catch_unwind().await;
        assert_eq!(served.is_err(), panics != Panics::Never, "{panics:?}");
        assert_eq!(notes.how(), panics.told(), "{panics:?}");
    }
}

#[tokio::test]
async fn caught_by_the_runtime() {
    for panics in Panics::ALL {
        let notes = Arc::new(Notes::default());
        let mut service = ObserveLayer(notes.clone()).layer(panics.handler(notes.clone()));
        // The body is read in a task as well: hyper's connection tasks do both.
        let served = tokio::spawn(async move {
            let response = service
                .ready()
                .await
                .unwrap()
                .call(Request::new(()))
                .await
                .unwrap();
            let mut body = response.into_body();
            while !matches!(body.frame().now_or_never(), Some(None)) {}
        });
        assert_eq!(served.await.is_err(), panics != Panics::Never, "{panics:?}");
        assert_eq!(notes.how(), panics.told(), "{panics:?}");
    }
}

/// The panic is over when the future is dropped: `std::thread::panicking()` says no by then.
#[tokio::test]
async fn caught_by_a_layer_outside() {
    for panics in Panics::ALL {
        let notes = Arc::new(Notes::default());
        let service = ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(ObserveLayer(notes.clone()))
            .service(panics.handler(notes.clone()));
        let served = AssertUnwindSafe(serve(service)).catch_unwind().await;
        match panics {
            Panics::Call | Panics::BeforeAwait | Panics::AfterAwait => {
                assert_eq!(
                    served.unwrap(),
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "{panics:?}"
                );
            }
            // The layer does not catch what a body does.
            Panics::FirstFrame | Panics::SecondFrame => assert!(served.is_err(), "{panics:?}"),
            Panics::Never => assert_eq!(served.unwrap(), StatusCode::OK),
        }
        assert_eq!(notes.how(), panics.told(), "{panics:?}");
    }
}

#[tokio::test]
async fn caught_by_a_layer_inside() {
    for panics in Panics::ALL {
        let notes = Arc::new(Notes::default());
        let service = ServiceBuilder::new()
            .layer(ObserveLayer(notes.clone()))
            .layer(CatchPanicLayer::new())
            .service(panics.handler(notes.clone()));
        let served = AssertUnwindSafe(serve(service)).catch_unwind().await;
        match panics {
            // Its answer is a response like any other.
            Panics::Call | Panics::BeforeAwait | Panics::AfterAwait => {
                assert_eq!(
                    served.unwrap(),
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "{panics:?}"
                );
                assert_eq!(notes.how(), How::End, "{panics:?}");
            }
            Panics::FirstFrame | Panics::SecondFrame => {
                assert!(served.is_err(), "{panics:?}");
                assert_eq!(notes.how(), How::Panicked(Point::Body), "{panics:?}");
            }
            Panics::Never => {
                assert_eq!(served.unwrap(), StatusCode::OK);
                assert_eq!(notes.how(), How::End);
            }
        }
    }
}
