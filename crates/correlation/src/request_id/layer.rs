//! The layer: which ids are taken from the caller.

use std::fmt;

use http::HeaderName;
use tower_layer::Layer;

use super::RequestIdService;
use crate::{id::RequestId, key::Key};

/// Takes the caller's request id, or makes one, and keeps it in scope.
///
/// * A valid `x-request-id` is kept; a missing, repeated or invalid one is replaced by a new `UUIDv7`.
///   Whatever the caller sent, the inner service sees only the valid one, and a refused value is
///   counted, never echoed and never logged.
/// * The id is put in the request's extensions as a [`RequestId`], in scope as part of
///   [`Ids::current`](crate::Ids::current) while the inner service's future runs, and in the
///   response's header, also on responses with an error status.
/// * An `Err` of the inner service passes as it is: a layer further out that turns it into a
///   response makes one without the header. So place this layer outside whatever turns errors
///   into responses.
/// * With the feature `tower-http` the id is in the extensions as tower-http's `RequestId`, too.
///
/// It works on `http` types, so it serves axum and tonic alike.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use futures_util::FutureExt;
/// use http::{HeaderName, Request, Response};
/// use throughline_correlation::{RequestId, RequestIdLayer};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// static COUNT: AtomicU64 = AtomicU64::new(1);
///
/// // At an edge whose clients are told a short number, under a name of their own.
/// let layer = RequestIdLayer::new()
///     .header(HeaderName::from_static("x-correlation"))
///     .take_none()
///     .generate_with(|| {
///         let number = COUNT.fetch_add(1, Ordering::Relaxed);
///         RequestId::parse(format!("edge-{number}")).expect("letters, digits and a hyphen")
///     });
/// let service = layer.layer(service_fn(|_: Request<()>| async {
///     Ok::<_, std::convert::Infallible>(Response::new(()))
/// }));
/// let request = Request::builder().header("x-correlation", "edge-7").body(()).unwrap();
/// let response = service.oneshot(request).now_or_never().unwrap().unwrap();
/// assert_eq!(response.headers()["x-correlation"], "edge-1");
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct RequestIdLayer<G = fn() -> RequestId> {
    pub(super) header: HeaderName,
    pub(super) taken: bool,
    pub(super) generate: G,
    accepted: [bool; Key::ALL.len()],
}

impl RequestIdLayer {
    /// A layer that takes no more than the request id from its callers.
    pub const fn new() -> Self {
        Self {
            header: Key::Request.header_name(),
            taken: true,
            generate: RequestId::generate,
            accepted: [false; Key::ALL.len()],
        }
    }
}

impl<G> RequestIdLayer<G> {
    /// Takes these ids from the caller too, each where it is valid and sent once; a refused one is
    /// counted and left out of scope.
    ///
    /// Right for callers that are ours; at a public edge a client could claim another's job.
    pub fn accept(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        for key in keys {
            self.accepted[key.slot()] = true;
        }
        self
    }

    /// Takes no id from the caller, not even the request's: each request gets a new one. For an edge
    /// whose clients could otherwise send one id for all of their requests.
    pub fn take_none(mut self) -> Self {
        self.taken = false;
        self.accepted = [false; Key::ALL.len()];
        self
    }

    /// Reads the request id from this header, and answers in it, instead of `x-request-id`.
    /// [`ForwardIdsLayer`](crate::ForwardIdsLayer) sends it on as `x-request-id` all the same: the
    /// name is this listener's.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.header = name;
        self
    }

    /// Makes new ids by `generate` instead of [`RequestId::generate`]. It runs once for each request
    /// that comes without a valid id.
    pub fn generate_with<H: Fn() -> RequestId>(self, generate: H) -> RequestIdLayer<H> {
        RequestIdLayer {
            header: self.header,
            taken: self.taken,
            generate,
            accepted: self.accepted,
        }
    }

    pub(super) fn accepted(&self) -> impl Iterator<Item = Key> {
        Key::ALL
            .into_iter()
            .filter(|key| *key != Key::Request && self.accepted[key.slot()])
    }

    /// Whether an id beside the request's is taken at all.
    pub(super) const fn accepts_others(&self) -> bool {
        let mut slot = 0;
        while slot < self.accepted.len() {
            if self.accepted[slot] {
                return true;
            }
            slot += 1;
        }
        false
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<G> fmt::Debug for RequestIdLayer<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestIdLayer")
            .field("header", &self.header)
            .field("taken", &self.taken)
            .field("accepted", &self.accepted().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<S, G: Clone> Layer<S> for RequestIdLayer<G> {
    type Service = RequestIdService<S, G>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestIdService::new(inner, self.clone())
    }
}
