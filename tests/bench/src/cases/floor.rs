//! The least that a layer for HTTP metrics must do: two clock reads, three cached handles, and a body
//! wrapper that notices the end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

struct Handles {
    total: Counter,
    duration: Histogram,
    in_flight: Gauge,
}

/// One series of each family for all routes: no label is read.
#[derive(Clone)]
pub(super) struct FloorLayer(Arc<Handles>);

impl FloorLayer {
    /// The recorder must be installed.
    pub(super) fn new() -> Self {
        Self(Arc::new(Handles {
            total: counter!(
                "floor_requests_total",
                "method" => "GET", "route" => "/", "status" => "200"
            ),
            duration: histogram!(
                "floor_request_duration_seconds",
                "method" => "GET", "route" => "/"
            ),
            in_flight: gauge!(
                "floor_requests_in_flight",
                "method" => "GET", "route" => "/"
            ),
        }))
    }
}

impl<S> Layer<S> for FloorLayer {
    type Service = Floor<S>;

    fn layer(&self, inner: S) -> Floor<S> {
        Floor {
            inner,
            handles: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Floor<S> {
    inner: S,
    handles: Arc<Handles>,
}

impl<S, B, R> Service<Request<B>> for Floor<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<FloorBody<R>>;
    type Error = S::Error;
    type Future = FloorFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.handles.in_flight.increment(1.0);
        let guard = Guard {
            started: Instant::now(),
            handles: self.handles.clone(),
        };
        FloorFuture {
            inner: self.inner.call(request),
            guard: Some(guard),
        }
    }
}

pub(super) struct Guard {
    started: Instant,
    handles: Arc<Handles>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.handles.in_flight.decrement(1.0);
        self.handles.total.increment(1);
        self.handles.duration.record(self.started.elapsed());
    }
}

pin_project! {
    pub(super) struct FloorFuture<F> {
        #[pin]
        inner: F,
        guard: Option<Guard>,
    }
}

impl<F, R, E> Future for FloorFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<FloorBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let guard = this.guard.take();
        Poll::Ready(result.map(|response| response.map(|inner| FloorBody { inner, guard })))
    }
}

pin_project! {
    pub(super) struct FloorBody<R> {
        #[pin]
        inner: R,
        guard: Option<Guard>,
    }
}

impl<R: Body> Body for FloorBody<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if frame.is_none() {
            drop(this.guard.take());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
