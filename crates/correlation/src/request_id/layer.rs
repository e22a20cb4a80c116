//! The layer: which ids are taken from the caller.

use tower_layer::Layer;

use super::RequestIdService;
use crate::key::Key;

/// Takes the caller's request id, or makes one, and keeps it in scope.
///
/// * A valid `x-request-id` is kept; a missing, repeated or invalid one is replaced by a new `UUIDv7`.
///   Whatever the caller sent, the inner service sees only the valid one, and a refused value is
///   counted, never echoed and never logged.
/// * The id is put in the request's extensions as a [`RequestId`](crate::RequestId), in scope as
///   part of [`Ids::current`](crate::Ids::current) while the inner service's future runs, and in the
///   response's header, also on responses with an error status.
/// * An `Err` of the inner service passes as it is: a layer further out that turns it into a
///   response makes one without the header. So place this layer outside whatever turns errors
///   into responses.
///
/// It works on `http` types, so it serves axum and tonic alike.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct RequestIdLayer {
    accepted: [bool; Key::ALL.len()],
}

impl RequestIdLayer {
    /// A layer that takes no more than the request id from its callers.
    pub const fn new() -> Self {
        Self {
            accepted: [false; Key::ALL.len()],
        }
    }

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

    pub(super) fn accepted(&self) -> impl Iterator<Item = Key> {
        Key::ALL
            .into_iter()
            .filter(|key| *key != Key::Request && self.accepted[key.slot()])
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestIdService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestIdService::new(inner, *self)
    }
}
