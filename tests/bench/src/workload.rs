//! The shapes of workload that cases are made of.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use http_body::Body;
use tower::Service;

pub trait Workload {
    /// Untimed: makes the next `n` inputs.
    fn prepare(&mut self, n: usize);
    /// Timed: uses up what `prepare` made.
    fn run(&mut self);
    /// Work that the case puts off, such as draining samples or exporting spans; timed on its own.
    fn settle(&self);
    /// A second workload on the same service and the same series, for another thread.
    fn fork(&self) -> Box<dyn Workload + Send>;
    /// What else than telemetry shows that the case does its work.
    fn proof(&mut self) -> Option<String> {
        None
    }
}

/// The input that is asked for when a proof is wanted.
pub const PROBE: usize = usize::MAX;

pub type Settle = Arc<dyn Fn() + Send + Sync>;

pub fn nothing() -> Settle {
    Arc::new(|| ())
}

/// One after the other.
pub fn both(first: Settle, second: Settle) -> Settle {
    Arc::new(move || {
        first();
        second();
    })
}

/// Polls to completion. Nothing in these cases ever waits, so no runtime is needed.
pub fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..64 {
        if let Poll::Ready(out) = future.as_mut().poll(&mut cx) {
            return out;
        }
    }
    panic!("a case's future did not complete");
}

/// A tower service fed with ready-made requests; response bodies are read to the end.
pub struct Served<S, B> {
    service: S,
    make: fn(usize) -> Request<B>,
    made: usize,
    inputs: Vec<Request<B>>,
    settle: Settle,
}

impl<S, B> Served<S, B> {
    pub fn new(service: S, make: fn(usize) -> Request<B>, settle: Settle) -> Self {
        Self {
            service,
            make,
            made: 0,
            inputs: Vec::new(),
            settle,
        }
    }
}

/// Headers that a response has without any layer.
const PLAIN: [&str; 3] = ["content-length", "content-type", "grpc-status"];

impl<S, B, R> Served<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Debug,
    R: Body,
    R::Error: Debug,
{
    fn serve(service: &mut S, request: Request<B>) -> http::response::Parts {
        drive(poll_fn(|cx| service.poll_ready(cx))).expect("the service is ready");
        let response = drive(service.call(request)).expect("the service answers");
        let (head, body) = response.into_parts();
        debug_assert!(head.status.is_success());
        let mut body = pin!(body);
        while let Some(frame) = drive(poll_fn(|cx| body.as_mut().poll_frame(cx))) {
            black_box(frame.expect("the body does not fail"));
        }
        head
    }
}

impl<S, B, R> Workload for Served<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Debug,
    B: Send + 'static,
    R: Body,
    R::Error: Debug,
{
    fn prepare(&mut self, n: usize) {
        self.inputs
            .extend((0..n).map(|i| (self.make)(self.made + i)));
        self.made += n;
    }

    fn run(&mut self) {
        for request in self.inputs.drain(..) {
            black_box(Self::serve(&mut self.service, request));
        }
    }

    fn settle(&self) {
        (self.settle)();
    }

    fn fork(&self) -> Box<dyn Workload + Send> {
        let (service, settle) = (self.service.clone(), self.settle.clone());
        Box::new(Self::new(service, self.make, settle))
    }

    fn proof(&mut self) -> Option<String> {
        // Two, because an id that is made must not be the same twice.
        let heads = [PROBE; 2].map(|i| Self::serve(&mut self.service, (self.make)(i)));
        let names = heads[0].headers.keys().map(http::HeaderName::as_str);
        let added = names.filter(|name| !PLAIN.contains(name));
        let shown = added.map(|name| {
            let values = heads.each_ref().map(|head| &head.headers[name]);
            let kept = if values[0] == values[1] {
                "kept"
            } else {
                "new"
            };
            format!("header `{name}` ({kept})")
        });
        let shown = shown.collect::<BTreeSet<_>>();
        (!shown.is_empty()).then(|| shown.into_iter().collect::<Vec<_>>().join(", "))
    }
}

/// A bare operation on a state of its own, repeated.
pub struct Op<S, F> {
    state: S,
    op: Arc<F>,
    proof: fn(&mut S) -> Option<String>,
    pending: usize,
    settle: Settle,
}

impl<S, F> Op<S, F>
where
    S: Clone + Send + 'static,
    F: Fn(&mut S) + Send + Sync + 'static,
{
    /// `proof` shows what the operation came to where it leaves no telemetry behind.
    pub fn with(
        state: S,
        op: F,
        proof: fn(&mut S) -> Option<String>,
        settle: Settle,
    ) -> Box<dyn Workload> {
        Box::new(Self {
            state,
            op: Arc::new(op),
            proof,
            pending: 0,
            settle,
        })
    }
}

/// An operation that needs no state and leaves telemetry behind.
pub fn op(op: impl Fn() + Send + Sync + 'static, settle: Settle) -> Box<dyn Workload> {
    Op::with((), move |()| op(), |()| None, settle)
}

impl<S, F> Workload for Op<S, F>
where
    S: Clone + Send + 'static,
    F: Fn(&mut S) + Send + Sync + 'static,
{
    fn prepare(&mut self, n: usize) {
        self.pending += n;
    }

    fn run(&mut self) {
        for _ in 0..std::mem::take(&mut self.pending) {
            (self.op)(&mut self.state);
        }
    }

    fn settle(&self) {
        (self.settle)();
    }

    fn fork(&self) -> Box<dyn Workload + Send> {
        Box::new(Self {
            state: self.state.clone(),
            op: self.op.clone(),
            proof: self.proof,
            pending: 0,
            settle: self.settle.clone(),
        })
    }

    fn proof(&mut self) -> Option<String> {
        (self.proof)(&mut self.state)
    }
}
