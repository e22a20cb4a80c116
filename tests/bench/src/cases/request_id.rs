//! Request ids: made, and taken from the caller.

use axum::body::Body;
use http::{HeaderValue, Request};
use throughline_correlation::RequestIdLayer;
use tower::layer::util::Identity;
use tower::{Layer, ServiceBuilder};
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestId, PropagateRequestIdLayer, SetRequestId, SetRequestIdLayer,
};

use super::http::{request, router, serve};
use super::{Bar, Cpu, Group, REQUESTS, bar, base, group, identity, ours, peer};
use crate::workload::nothing;

const BAR: Bar = bar(5.0, 2_200.0, Cpu::Ns(250.0));

pub(super) fn groups() -> Vec<Group> {
    let made = vec![
        base("request-id-made/bare", "bare axum router", || {
            serve(router(), request, nothing())
        }),
        identity(
            "request-id-made/identity",
            "identity layer: axum's own price",
            || serve(router().layer(Identity::new()), request, nothing()),
        ),
        ours(
            "request-id-made/throughline",
            "throughline `RequestIdLayer`: UUIDv7, extension, scope, response header",
            || serve(router().layer(RequestIdLayer::new()), request, nothing()),
        )
        .bar(BAR),
        peer(
            "request-id-made/tower-http",
            "tower-http `SetRequestIdLayer` (UUIDv4) + `PropagateRequestIdLayer`: \
            extension, response header",
            || serve(router().layer(tower_http()), request, nothing()),
        ),
    ];
    let taken = vec![
        base("request-id-taken/bare", "bare axum router", || {
            serve(router(), with_id, nothing())
        }),
        identity(
            "request-id-taken/identity",
            "identity layer: axum's own price",
            || serve(router().layer(Identity::new()), with_id, nothing()),
        ),
        ours(
            "request-id-taken/throughline",
            "throughline `RequestIdLayer`: checked, extension, scope, response header",
            || serve(router().layer(RequestIdLayer::new()), with_id, nothing()),
        )
        .bar(BAR),
        peer(
            "request-id-taken/tower-http",
            "tower-http `SetRequestIdLayer` + `PropagateRequestIdLayer`: unchecked, \
            extension, response header",
            || serve(router().layer(tower_http()), with_id, nothing()),
        ),
    ];
    vec![
        group(
            "request-id-made",
            "Request id, made",
            "request",
            REQUESTS,
            made,
        ),
        group(
            "request-id-taken",
            "Request id, taken from the caller",
            "request",
            REQUESTS,
            taken,
        ),
    ]
}

/// tower-http's two layers, as its documentation stacks them.
#[derive(Clone)]
pub(super) struct TowerHttp;

impl<S> Layer<S> for TowerHttp {
    type Service = SetRequestId<PropagateRequestId<S>, MakeRequestUuid>;

    fn layer(&self, inner: S) -> Self::Service {
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(PropagateRequestIdLayer::x_request_id())
            .service(inner)
    }
}

pub(super) const fn tower_http() -> TowerHttp {
    TowerHttp
}

fn with_id(i: usize) -> Request<Body> {
    let mut request = request(i);
    let id = HeaderValue::from_static("0192e4a1-7f3b-7c55-9d2e-4b8f0a6c1d23");
    request.headers_mut().insert("x-request-id", id);
    request
}
