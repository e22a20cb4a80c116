//! The service: reads the ids, puts them in place, calls on.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tower_service::Service;

use super::{RequestIdFuture, RequestIdLayer};
use crate::{
    families::{self, Reason},
    id::RequestId,
    ids::Ids,
    key::Key,
};

/// The service of [`RequestIdLayer`].
#[derive(Clone, Copy, Debug)]
pub struct RequestIdService<S> {
    inner: S,
    layer: RequestIdLayer,
}

impl<S> RequestIdService<S> {
    pub(super) const fn new(inner: S, layer: RequestIdLayer) -> Self {
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

impl<S, B, R> Service<Request<B>> for RequestIdService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (id, value) = request_id(request.headers_mut());
        let ids = others(request.headers(), &self.layer)
            .with(&id)
            .or(&Ids::current());
        request.extensions_mut().insert(id);
        let future = ids.clone().run(|| self.inner.call(request));
        RequestIdFuture::new(ids.around(future), value)
    }
}

/// The request's id, and its header value, which is left in the request as the only one.
fn request_id(headers: &mut HeaderMap) -> (RequestId, HeaderValue) {
    let name = Key::Request.header_name();
    let mut values = headers.get_all(&name).iter();
    let reason = match (values.next(), values.next()) {
        (Some(value), None) => match RequestId::parse(value) {
            Ok(id) => return (id, value.clone()),
            Err(why) => Some(why.into()),
        },
        (Some(_), Some(_)) => Some(Reason::Repeated),
        (None, _) => None,
    };
    if let Some(reason) = reason {
        families::refused(Key::Request, reason);
    }
    let id = RequestId::generate();
    let value = HeaderValue::from_str(id.as_str()).expect("an id is visible ASCII");
    headers.insert(name, value.clone());
    (id, value)
}

/// The other ids that the layer takes; one that is sent more than once is none.
fn others(headers: &HeaderMap, layer: &RequestIdLayer) -> Ids {
    let sent_once = |key: &Key| {
        let repeated = headers.get_all(key.header()).iter().nth(1).is_some();
        if repeated {
            families::refused(*key, Reason::Repeated);
        }
        !repeated
    };
    Ids::from_lookup(
        layer.accepted().filter(sent_once),
        |name| headers.get(name),
        |key, why| families::refused(key, why.into()),
    )
}
