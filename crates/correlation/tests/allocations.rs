//! What a request costs in allocations. In a process of its own: the crate that counts them brings
//! the process's allocator.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use futures_util::FutureExt;
use http::{Extensions, HeaderMap, HeaderValue, Request, Response};
use throughline_correlation::{Ids, RequestId, RequestIdLayer};
use tower::{Layer, Service, service_fn};

/// A request as a server hands it on: its header map and extensions have room.
fn request(id: Option<&'static str>) -> Request<()> {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert("host", HeaderValue::from_static("localhost"));
    if let Some(id) = id {
        headers.insert("x-request-id", HeaderValue::from_static(id));
    }
    let mut extensions = Extensions::new();
    extensions.insert(7_u8);
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    *request.extensions_mut() = extensions;
    request
}

fn response() -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = HeaderMap::with_capacity(8);
    response
}

/// Allocations of one request beyond those of the bare service.
fn of_the_layer(id: Option<&'static str>) -> u64 {
    let answer =
        |_: Request<()>| -> Ready<Result<Response<()>, Infallible>> { ready(Ok(response())) };
    let mut bare = service_fn(answer);
    let mut layered = RequestIdLayer::new().layer(service_fn(answer));
    let count = |call: &mut dyn FnMut()| {
        call();
        allocation_counter::measure(call).count_total
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        one.push(request(id));
        two.push(request(id));
    }
    let without = count(&mut || {
        let _ = bare.call(one.pop().unwrap()).now_or_never().unwrap();
    });
    let with = count(&mut || {
        let _ = layered.call(two.pop().unwrap()).now_or_never().unwrap();
    });
    with - without
}

/// The text, of which scope and headers have shares, and the extension; one more for tower-http's.
#[test]
fn a_made_id_costs_at_most_two_allocations() {
    let most = 2 + u64::from(cfg!(feature = "tower-http"));
    let made = of_the_layer(None);
    assert!((1..=most).contains(&made), "{made}");
}

/// The same; the header value is the caller's.
#[test]
fn a_kept_id_costs_at_most_two_allocations() {
    let most = 2 + u64::from(cfg!(feature = "tower-http"));
    for id in ["a7-42", "0192e4a1-7f3b-7c55-9d2e-4b8f0a6c1d23"] {
        let kept = of_the_layer(Some(id));
        assert!((1..=most).contains(&kept), "{kept}");
    }
}

#[test]
fn reading_and_entering_a_scope_costs_none() {
    let ids = Ids::empty().with(&RequestId::generate());
    let work = || {
        ids.clone().run(|| {
            assert!(Ids::current_id::<RequestId>().is_some());
            Ids::with_current(|ids| assert_eq!(ids.pairs().count(), 1));
        });
    };
    work();
    assert_eq!(allocation_counter::measure(work).count_total, 0);
}
