//! The service: reads the ids, puts them in place, calls on.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, header::Entry};
use tower_service::Service;

use super::{RequestIdFuture, RequestIdLayer};
use crate::{
    families::{self, Reason},
    id::{Id, RequestId},
    ids::Ids,
    key::Key,
};

/// The service of [`RequestIdLayer`].
#[derive(Clone, Debug)]
pub struct RequestIdService<S, G = fn() -> RequestId> {
    inner: S,
    layer: RequestIdLayer<G>,
}

impl<S, G> RequestIdService<S, G> {
    pub(super) const fn new(inner: S, layer: RequestIdLayer<G>) -> Self {
        Self { inner, layer }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the inner service out.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R, G> Service<Request<B>> for RequestIdService<S, G>
where
    S: Service<Request<B>, Response = Response<R>>,
    G: Fn() -> RequestId,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (id, value) = self.layer.request_id(request.headers_mut());
        let mut ids = self.layer.ids(&id, request.headers());
        #[cfg(feature = "tower-http")]
        {
            let id = tower_http::request_id::RequestId::new(value.clone());
            request.extensions_mut().insert(id);
        }
        request.extensions_mut().insert(id);
        let future = ids.lend(|| self.inner.call(request));
        RequestIdFuture::new(ids.around(future), self.layer.header.clone(), value)
    }
}

impl<G: Fn() -> RequestId> RequestIdLayer<G> {
    /// The request's id, and its header value, which is left in the request as the only one.
    fn request_id(&self, headers: &mut HeaderMap) -> (RequestId, HeaderValue) {
        // One look-up for all: the entry that is read is the one that is written.
        match headers.entry(&self.header) {
            Entry::Vacant(place) => {
                let (id, value) = self.made();
                place.insert(value.clone());
                (id, value)
            }
            Entry::Occupied(mut place) => {
                let reason = match sent(&place) {
                    _ if !self.taken => None,
                    Ok((id, value)) => return (id, value),
                    Err(reason) => Some(reason),
                };
                if let Some(reason) = reason {
                    families::refused(Key::Request, reason);
                }
                let (id, value) = self.made();
                place.insert(value.clone());
                (id, value)
            }
        }
    }

    fn made(&self) -> (RequestId, HeaderValue) {
        let id = (self.generate)();
        let value = id.text().header_value();
        (id, value)
    }

    /// The ids in scope: the request's, those that the layer takes, and those around the call.
    fn ids(&self, id: &RequestId, headers: &HeaderMap) -> Ids {
        let ids = if self.accepts_others() {
            others(headers, self.accepted())
        } else {
            Ids::empty()
        };
        ids.with(id).or_current()
    }
}

/// The one valid id that was sent.
fn sent(
    place: &http::header::OccupiedEntry<'_, HeaderValue>,
) -> Result<(RequestId, HeaderValue), Reason> {
    let mut values = place.iter();
    match (values.next(), values.next()) {
        (Some(value), None) => match RequestId::parse(value) {
            Ok(id) => Ok((id, value.clone())),
            Err(why) => Err(why.into()),
        },
        _ => Err(Reason::Repeated),
    }
}

/// The other ids that the layer takes; one that is sent more than once is none.
fn others(headers: &HeaderMap, keys: impl Iterator<Item = Key>) -> Ids {
    let sent_once = |key: &Key| {
        let repeated = headers.get_all(key.header()).iter().nth(1).is_some();
        if repeated {
            families::refused(*key, Reason::Repeated);
        }
        !repeated
    };
    Ids::from_lookup(
        keys.filter(sent_once),
        |name| headers.get(name),
        |key, why| families::refused(key, why.into()),
    )
}
