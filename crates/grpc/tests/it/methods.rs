//! Which methods get a label of their own: those that a handler has answered, and no others.

use http::{Response, StatusCode};
use throughline_grpc::Method;
use tower::{Layer, Service, ServiceExt};

use crate::{
    ledger::{Ledger, client, server},
    script::{Messages, Step, answering, call, head_only, read_all, stream},
};

const OK: &[Step] = &[Step::Data, Step::Trailers(Some("0"))];

/// A flood of invented names, all answered in the same way, makes one series.
async fn flood(name: &str, code: &str, answer: impl Fn() -> Response<Messages> + Clone + Send) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(move |_| answer()));
    let known = Method::known();
    for n in 0..10_000 {
        let path = format!("/flood.{name}{n}/Invented");
        let response = service.call(call(&path)).await.unwrap();
        read_all(response.into_body()).await;
        assert!(Method::get(&path[1..]).is_none());
    }
    // Other tests make labels meanwhile; ten thousand they do not.
    assert!(Method::known() < known + 100);
    ledger.assert_all("server", &vec![("_OTHER", code, "completed"); 10_000]);
}

#[tokio::test]
async fn p9_invented_methods_that_the_router_refuses_are_one_series() {
    flood("Router", "UNIMPLEMENTED", || head_only("12")).await;
}

#[tokio::test]
async fn p9_invented_methods_that_an_interceptor_refuses_are_one_series() {
    flood("Interceptor", "UNAUTHENTICATED", || head_only("16")).await;
}

#[tokio::test]
async fn p9_invented_paths_that_get_another_servers_404_are_one_series() {
    flood("Other", "UNIMPLEMENTED", || {
        let mut response = stream(&[Step::Data]);
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    })
    .await;
}

#[tokio::test]
async fn p9_invented_paths_that_get_a_web_page_are_one_series() {
    flood("Web", "UNKNOWN", || {
        let mut response = stream(&[Step::Data]);
        let html = "text/html".parse().unwrap();
        response.headers_mut().insert("content-type", html);
        response
    })
    .await;
}

#[tokio::test]
async fn a_method_that_is_served_gets_its_label_with_its_first_answer() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(|request| match request.body().as_str() {
        "refuse" => head_only("5"),
        "fail" => stream(&[Step::Data, Step::Trailers(Some("13"))]),
        _ => stream(OK),
    }));
    // Before that a refusal cannot be told from one by whatever stands in front.
    for what in ["refuse", "fail", "refuse", "serve"] {
        let request = call("/learned.Service/Method").map(|_| what.to_owned());
        read_all(service.call(request).await.unwrap().into_body()).await;
    }
    let learned = "learned.Service/Method";
    ledger.assert_all(
        "server",
        &[
            ("_OTHER", "NOT_FOUND", "completed"),
            (learned, "INTERNAL", "completed"),
            (learned, "NOT_FOUND", "completed"),
            (learned, "OK", "completed"),
        ],
    );
}

#[tokio::test]
async fn a_method_that_is_seeded_has_its_label_from_the_start() {
    Method::seed(["seeded.Service/Method"]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = server().layer(answering(|_| head_only("16")));
    let response = service.oneshot(call("/seeded.Service/Method")).await;
    read_all(response.unwrap().into_body()).await;
    let method = "seeded.Service/Method";
    ledger.assert_one("server", method, "UNAUTHENTICATED", "completed");
}

#[tokio::test]
async fn a_clients_method_is_its_own_programs() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = client().layer(answering(|_| head_only("12")));
    let response = service.oneshot(call("/called.Service/Method")).await;
    read_all(response.unwrap().into_body()).await;
    let method = "called.Service/Method";
    ledger.assert_one("client", method, "UNIMPLEMENTED", "completed");
}
