//! The layer changes nothing about what it wraps.

use std::convert::Infallible;
use std::time::Duration;

use axum::{Router, body::Body, routing};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{Empty, Full};
use throughline_http::{Server, ServerBody, ServerFuture, ServerLayer};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};

use crate::{
    ledger::{Ledger, layer},
    script::{answering, body, get, read_all},
};

fn all() -> ServerLayer {
    layer().trace()
}

#[tokio::test]
async fn an_error_keeps_its_type() {
    fn error_of<S: Service<Request<String>, Error = E>, E>(_: &S) -> std::any::TypeId
    where
        E: 'static,
    {
        std::any::TypeId::of::<E>()
    }
    let infallible = all().layer(answering(|_| Response::new(body(&[]))));
    assert_eq!(error_of(&infallible), std::any::TypeId::of::<Infallible>());

    // Timeout and load shed make a boxed error, which is no `std::error::Error`.
    let boxed = ServiceBuilder::new()
        .layer(all())
        .load_shed()
        .timeout(Duration::from_secs(60))
        .service(answering(|_| Response::new(body(&[]))));
    assert_eq!(error_of(&boxed), std::any::TypeId::of::<BoxError>());
    let ledger = Ledger::new();
    let _open = ledger.open();
    read_all(boxed.oneshot(get("/")).await.unwrap().into_body()).await;
    ledger.assert_one("GET", "unmatched", 200, "completed");
}

#[test]
fn a_service_can_be_cloned_sent_and_shared_if_its_inner_one_can() {
    fn is_fit<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_send<T: Send>(_: &T) {}
    is_fit(&all());
    let mut service = all().layer(tower::service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    }));
    is_fit(&service);
    is_send(&service.call(Request::new(())));
    is_send(&ServerBody::<Full<Bytes>>::default());
    // One that cannot be sent is served as well.
    let local = std::rc::Rc::new(());
    let mut local = all().layer(tower::service_fn(move |_: Request<()>| {
        let local = std::rc::Rc::clone(&local);
        std::future::ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
            .inspect(move |_| drop(local))
    }));
    let future: ServerFuture<_> = local.call(Request::new(()));
    drop(future);
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut server: Server<u8> = all().layer(7);
    assert_eq!(*server.get_ref(), 7);
    *server.get_mut() = 8;
    assert_eq!(server.into_inner(), 8);
}

#[tokio::test]
async fn a_body_keeps_its_size_and_its_end() {
    let body = ServerBody::<Full<Bytes>>::default();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());

    let service = all().layer(answering(|_| {
        Response::new(Full::new(Bytes::from("hello")))
    }));
    let body = service.oneshot(get("/")).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());

    let service = all().layer(answering(|_| Response::new(Empty::<Bytes>::new())));
    let body = service.oneshot(get("/")).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn it_stands_wherever_axum_takes_a_layer() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let handler = routing::get(|| async { "here" });
    let routed = Router::new()
        .route("/surface", handler.clone().layer(all()))
        .route_layer(ServerLayer::new());
    let around = ServiceBuilder::new()
        .layer(all())
        .service(Router::new().route("/surface", handler));
    let request = || Request::get("/surface").body(Body::empty()).unwrap();
    read_all(routed.oneshot(request()).await.unwrap().into_body()).await;
    read_all(around.oneshot(request()).await.unwrap().into_body()).await;
    // Around the router there is no route yet.
    ledger.assert_all(&[
        ("GET", "/surface", 200, "completed"),
        ("GET", "unmatched", 200, "completed"),
    ]);
}
