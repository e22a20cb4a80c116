//! The client's side.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use futures_util::FutureExt;
use http::{HeaderMap, Request};
use throughline_correlation::{ForwardIds, ForwardIdsLayer, Ids, JobId, RequestId};
use tower::{Layer, Service, ServiceExt};

/// Answers with the headers of the request.
#[derive(Clone)]
struct Headers;

impl Service<Request<()>> for Headers {
    type Response = HeaderMap;
    type Error = Infallible;
    type Future = Ready<Result<HeaderMap, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(request.headers().clone()))
    }
}

fn sent(request: Request<()>) -> HeaderMap {
    ForwardIdsLayer::new()
        .layer(Headers)
        .oneshot(request)
        .now_or_never()
        .unwrap()
        .unwrap()
}

fn ids() -> Ids {
    Ids::empty()
        .with(&RequestId::parse("r-1").unwrap())
        .with(&JobId::parse("j-1").unwrap())
        .at_stage("compile")
}

#[test]
fn every_id_in_scope_goes_along_and_the_stage_does_not() {
    let headers = ids().run(|| sent(Request::new(())));
    assert_eq!(headers["x-request-id"], "r-1");
    assert_eq!(headers["x-job-id"], "j-1");
    assert_eq!(headers.len(), 2);
}

#[test]
fn outside_a_scope_nothing_is_added() {
    assert!(sent(Request::new(())).is_empty());
}

#[test]
fn what_the_caller_set_stays() {
    let request = Request::builder()
        .header("x-request-id", "mine")
        .header("x-request-id", "mine too")
        .header("accept", "*/*")
        .body(())
        .unwrap();
    let headers = ids().run(|| sent(request));
    let requests: Vec<_> = headers.get_all("x-request-id").iter().collect();
    assert_eq!(requests, ["mine", "mine too"]);
    assert_eq!(headers["x-job-id"], "j-1");
    assert_eq!(headers["accept"], "*/*");
}

#[test]
fn the_ids_are_those_in_scope_at_the_call() {
    let mut service = ForwardIdsLayer::new().layer(Headers);
    let call = ids().run(|| service.call(Request::new(())));
    assert_eq!(call.now_or_never().unwrap().unwrap()["x-job-id"], "j-1");
}

#[test]
fn readiness_is_the_inner_services() {
    struct Busy;
    impl Service<Request<()>> for Busy {
        type Response = ();
        type Error = &'static str;
        type Future = Ready<Result<(), &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Err("closed"))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let outcome = ForwardIdsLayer::new()
        .layer(Busy)
        .oneshot(Request::new(()))
        .now_or_never();
    assert_eq!(outcome.unwrap(), Err("closed"));
}

#[test]
fn the_service_is_as_cloneable_as_the_inner_one() {
    fn cloneable<T: Clone>(_: &T) {}
    let mut service: ForwardIds<Headers> = ForwardIdsLayer.layer(Headers);
    cloneable(&service);
    let _: (&Headers, &mut Headers) = (&service.get_ref().clone(), service.get_mut());
    let _: Headers = service.into_inner();
}
