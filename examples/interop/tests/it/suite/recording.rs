//! What passes a place between two layers: metadata, messages and statuses, byte by byte.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tonic::body::Body;
use tower::{BoxError, Layer, Service};

/// One call, as far as it has passed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) request: Passed,
    pub(crate) status: Option<StatusCode>,
    pub(crate) response: Passed,
}

/// One direction of a call.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Passed {
    pub(crate) head: HeaderMap,
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl std::fmt::Debug for Passed {
    /// Without the bytes, of which there are too many to read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passed")
            .field("head", &self.head)
            .field("data", &self.data.len())
            .field("trailers", &self.trailers)
            .finish()
    }
}

/// Which direction of a call.
type Direction = fn(&mut Call) -> &mut Passed;

/// All calls that pass, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(Arc<Mutex<Vec<Call>>>);

impl Recording {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }

    fn note(&self, call: usize, note: impl FnOnce(&mut Call)) {
        note(&mut self.0.lock().unwrap()[call]);
    }

    /// The same body, whose frames are noted as they pass.
    fn watch<B>(&self, call: usize, direction: Direction, body: B) -> Body
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        if body.is_end_stream() {
            return Body::new(body);
        }
        let recording = self.clone();
        Body::new(body.map_frame(move |frame| {
            recording.note(call, |call| {
                let passed = direction(call);
                if let Some(data) = frame.data_ref() {
                    passed.data.extend_from_slice(data);
                }
                if let Some(trailers) = frame.trailers_ref() {
                    passed.trailers = Some(trailers.clone());
                }
            });
            frame
        }))
    }
}

impl<S> Layer<S> for Recording {
    type Service = Recorded<S>;

    fn layer(&self, inner: S) -> Recorded<S> {
        Recorded {
            recording: self.clone(),
            inner,
        }
    }
}

/// A service whose calls are noted.
#[derive(Clone, Debug)]
pub(crate) struct Recorded<S> {
    recording: Recording,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Recorded<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let recording = self.recording.clone();
        let number = {
            let mut calls = recording.0.lock().unwrap();
            let mut call = Call {
                path: request.uri().path().to_owned(),
                ..Call::default()
            };
            call.request.head = request.headers().clone();
            calls.push(call);
            calls.len() - 1
        };
        let request = request.map(|body| recording.watch(number, |call| &mut call.request, body));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            recording.note(number, |call| {
                call.status = Some(response.status());
                call.response.head = response.headers().clone();
            });
            Ok(response.map(|body| recording.watch(number, |call| &mut call.response, body)))
        })
    }
}
