//! Labels that the handler sets.

use axum::{Extension, Router, body::Body, routing};
use futures_util::FutureExt;
use http::{Request, Response};
use throughline_catalog::{catalog, label};
use throughline_http::{ClientLayer, Extra, HandlerLabel, Method, ServerLayer};
use tower::{Layer, Service, ServiceExt};

use crate::{
    ledger::Ledger,
    script::{answering, body, doing, get, read_all},
};

macro_rules! handler_label {
    ($name:ident { $($variant:ident = $text:literal),* }) => {
        label! { enum $name { Absent = "absent", $($variant = $text),* } }

        impl HandlerLabel for $name {
            fn absent() -> Self {
                Self::Absent
            }
        }
    };
}

handler_label!(Tier { Free = "free", Paid = "paid" });
handler_label!(Cache { Hit = "hit" });
handler_label!(Shard { One = "one" });
handler_label!(Unused { Leaked = "leaked" });

label! {
    /// Bounded by a cap, as any label may be.
    struct Plan: Capped<1>;
}

impl HandlerLabel for Plan {
    fn absent() -> Self {
        Self::OVERFLOW
    }
}

catalog! { mod extras, budget 10_000;
    /// By what the handler says.
    counter extras_requests_total {
        tier: Extra<Tier>, cache: Extra<Cache>, shard: Extra<Shard>, plan: Extra<Plan>,
    };
    /// The same at the head.
    histogram extras_headers_seconds { tier: Extra<Tier> } buckets [1.0];
    /// What a client counts.
    counter extras_calls_total { method: Method, tier: Extra<Tier> };
}

fn layer() -> ServerLayer {
    ServerLayer::new()
        .total(extras::extras_requests_total)
        .time_to_headers(extras::extras_headers_seconds)
}

#[tokio::test]
async fn what_the_handler_says_is_counted_and_what_it_does_not_say_is_absent() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let all = || async {
        let first = (
            Extension(Extra::of(Tier::Paid)),
            Extension(Extra::of(Cache::Hit)),
        );
        let second = (
            Extension(Extra::of(Shard::One)),
            Extension(Extra::of(Plan::of("gold"))),
        );
        (first, second, "all")
    };
    let app = Router::new()
        .route("/all", routing::get(all))
        .route(
            "/one",
            routing::get(|| async { (Extension(Extra::of(Tier::Free)), "one") }),
        )
        .route(
            "/none",
            routing::get(|| async {
                (
                    Extension(Tier::Paid),
                    Extension(Extra::of(Unused::Leaked)),
                    "",
                )
            }),
        )
        .layer(layer());
    for path in ["/all", "/one", "/none"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        // Nothing is taken out of the response.
        let kept = response.extensions().get::<Extra<Tier>>().is_some();
        assert_eq!(kept, path != "/none");
        read_all(response.into_body()).await;
    }
    let mut read = ledger.read();
    read.retain(|series, _| series.starts_with("extras_"));
    let expected = [
        "extras_headers_seconds{tier=absent}",
        "extras_headers_seconds{tier=free}",
        "extras_headers_seconds{tier=paid}",
        "extras_requests_total{tier=absent,cache=absent,shard=absent,plan=__overflow__}",
        "extras_requests_total{tier=free,cache=absent,shard=absent,plan=__overflow__}",
        "extras_requests_total{tier=paid,cache=hit,shard=one,plan=gold}",
    ];
    assert_eq!(read, expected.map(|series| (series.to_owned(), 1.0)).into());
}

#[tokio::test]
async fn without_a_response_they_are_absent() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = layer().layer(doing(
        std::future::pending::<Result<Response<crate::script::Bytestream>, ()>>,
    ));
    assert!(service.call(get("/")).now_or_never().is_none());
    let read: Vec<_> = ledger.read().into_keys().collect();
    let expected = "extras_requests_total{tier=absent,cache=absent,shard=absent,plan=__overflow__}";
    assert_eq!(read, [expected]);
}

#[tokio::test]
async fn a_servers_label_does_not_leak_into_the_metrics_of_a_client_that_its_handler_uses() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let client = ClientLayer::new()
        .total(extras::extras_calls_total)
        .layer(answering(|_| Response::new(body(&[]))));
    let service = layer().layer(tower::service_fn(move |_: Request<String>| {
        let client = client.clone();
        async move {
            let mut response = client.oneshot(get("http://far/")).await.unwrap();
            response.extensions_mut().insert(Extra::of(Tier::Paid));
            Ok::<_, std::convert::Infallible>(response)
        }
    }));
    read_all(service.oneshot(get("/")).await.unwrap().into_body()).await;
    let read = ledger.read();
    assert_eq!(read["extras_calls_total{method=GET,tier=absent}"], 1.0);
    assert_eq!(read["extras_headers_seconds{tier=paid}"], 1.0);
}

#[test]
fn it_shows_its_value() {
    assert_eq!(format!("{:?}", Extra::of(Tier::Free)), "Extra(\"free\")");
}
