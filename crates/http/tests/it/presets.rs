//! The families that are declared already, and layers with recorders of their own.

use std::sync::Arc;

use axum::{Router, body::Body, routing};
use http::{Request, Response, StatusCode, Version};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::{Kind, catalog};
use throughline_http::{
    ErrorType, Exchange, HttpLabel, ProtocolVersion, Scheme, ServerLayer, StatusClass, presets,
};
use tower::{Layer, ServiceExt};

use crate::{
    ledger::{Ledger, layer, series},
    script::{Bytestream, Step, answering, body, doing, get, read_all, request},
};

fn app(layer: ServerLayer) -> Router {
    Router::new()
        .route("/preset/{id}", routing::get(|| async { "here" }))
        .route(
            "/preset/broken",
            routing::get(|| async { StatusCode::BAD_GATEWAY }),
        )
        .layer(layer)
}

async fn ask(app: &Router, path: &str, version: Version) {
    let request = Request::get(path).version(version).body(Body::empty());
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    read_all(response.into_body()).await;
}

/// The series of what a recorder was given, without those of the labels themselves.
fn seen(snapshotter: &Snapshotter) -> Vec<String> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    let mut all: Vec<_> = all
        .map(|(key, ..)| series(key.key()))
        .filter(|series| !series.starts_with("throughline_"))
        .collect();
    all.sort();
    all
}

// A2
#[tokio::test]
async fn the_plain_names_and_their_buckets() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let app = app(presets::prometheus());
    ask(&app, "/preset/7", Version::HTTP_11).await;
    let mut read = ledger.read();
    read.retain(|series, _| series.starts_with("http_"));
    let expected = [
        (
            "http_request_duration_seconds{method=GET,path=/preset/{id}}",
            1.0,
        ),
        ("http_requests_in_flight{method=GET}", 0.0),
        (
            "http_requests_total{method=GET,path=/preset/{id},status=200}",
            1.0,
        ),
    ];
    let expected = expected.map(|(series, value)| (series.to_owned(), value));
    assert_eq!(read, expected.into());

    let buckets = |name: &str| {
        let families = presets::plain::CATALOGUE.families();
        let family = families.iter().find(|family| family.name() == name);
        family
            .and_then(|family| family.buckets())
            .expect("it is declared")
    };
    assert_eq!(
        buckets("http_request_duration_seconds"),
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0],
    );
}

#[tokio::test]
async fn the_conventions_names_labels_and_buckets() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let layer = presets::otel()
        .scheme(Scheme::Https)
        .request_size(presets::conventional::http_server_request_body_size_bytes)
        .recorder(Arc::new(recorder))
        .response_size(presets::conventional::http_server_response_body_size_bytes);
    let app = app(layer);
    ask(&app, "/preset/7", Version::HTTP_11).await;
    ask(&app, "/preset/broken", Version::HTTP_2).await;
    ask(&app, "http://far/nowhere", Version::HTTP_10).await;
    let labels = |family: &str, rest: &str| format!("http_server_{family}{{{rest}}}");
    let ok = "http_request_method=GET,http_route=/preset/{id},http_response_status_code=200,\
              url_scheme=https,network_protocol_version=1.1,error_type=";
    let broken = "http_request_method=GET,http_route=/preset/broken,http_response_status_code=502,\
                  url_scheme=https,network_protocol_version=2,error_type=502";
    // What matched nothing has no route, and the absolute form says its scheme.
    let nowhere = "http_request_method=GET,http_route=,http_response_status_code=404,\
                   url_scheme=http,network_protocol_version=1.0,error_type=";
    let mut expected = vec![
        labels("active_requests", "http_request_method=GET,url_scheme=http"),
        labels(
            "active_requests",
            "http_request_method=GET,url_scheme=https",
        ),
    ];
    for labelled in [ok, broken, nowhere] {
        expected.push(labels("request_duration_seconds", labelled));
        expected.push(labels("response_body_size_bytes", labelled));
    }
    // The size of a request of HTTP/2 without a length is not known.
    expected.push(labels("request_body_size_bytes", ok));
    expected.push(labels("request_body_size_bytes", nowhere));
    expected.sort();
    assert_eq!(seen(&snapshotter), expected);

    let families = presets::conventional::CATALOGUE.families();
    assert_eq!(families[0].kind(), Kind::Histogram);
    assert_eq!(
        families[0].buckets().unwrap(),
        [
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0
        ],
    );
}

#[tokio::test]
async fn two_layers_with_two_recorders_count_apart_and_leave_the_current_one_alone() {
    let current = Ledger::new();
    let _open = current.open();
    let [first, second] = [(); 2].map(|()| {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        // Before and after the families.
        (snapshotter, Arc::new(recorder))
    });
    let one = layer().recorder(first.1);
    let two = ServerLayer::new()
        .recorder(second.1)
        .total(presets::plain::http_requests_total);
    for layer in [one.clone(), two, one] {
        let service = layer.layer(answering(|_| Response::new(body(&[]))));
        read_all(service.oneshot(get("/")).await.unwrap().into_body()).await;
    }
    let counters = |snapshotter: &Snapshotter| -> Vec<(String, u64)> {
        let all = snapshotter.snapshot().into_vec().into_iter();
        all.filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(n) => Some((series(key.key()), n)),
            DebugValue::Gauge(_) | DebugValue::Histogram(_) => None,
        })
        .collect()
    };
    let labels = "method=GET,endpoint=unmatched,status=200,outcome=completed";
    assert_eq!(
        counters(&first.0),
        [(format!("shop_requests_total{{{labels}}}"), 2)]
    );
    let labels = "method=GET,path=unmatched,status=200";
    assert_eq!(
        counters(&second.0),
        [(format!("http_requests_total{{{labels}}}"), 1)]
    );
    assert!(current.read().is_empty());
}

catalog! { mod wire, budget 100_000;
    /// By what went wrong.
    counter wire_errors_total { error_type: ErrorType, class: StatusClass };
}

#[tokio::test]
async fn what_went_wrong_is_one_of_a_closed_set() {
    let cases = [
        (200, &[][..], "", "2xx"),
        (302, &[], "", "3xx"),
        (404, &[], "", "4xx"),
        (500, &[], "500", "5xx"),
        (511, &[], "511", "5xx"),
        (599, &[], "5xx", "5xx"),
        // No class at all.
        (999, &[], "_OTHER", "_OTHER"),
        (200, &[Step::Fail], "_OTHER", "2xx"),
        (204, &[Step::Wait], "", "2xx"),
        (200, &[Step::Wait], "cancelled", "2xx"),
        (503, &[Step::Wait], "503", "5xx"),
    ];
    for (status, steps, error, class) in cases {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = ServerLayer::new()
            .total(wire::wire_errors_total)
            .layer(answering(move |_| {
                let mut response = Response::new(body(steps));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            }));
        let mut body = service.oneshot(get("/")).await.unwrap().into_body();
        let frame = http_body_util::BodyExt::frame(&mut body);
        let _ = futures_util::FutureExt::now_or_never(frame);
        drop(body);
        let read: Vec<_> = ledger.read().into_keys().collect();
        let expected = format!("wire_errors_total{{error_type={error},class={class}}}");
        assert_eq!(read, [expected], "{status}");
    }
}

#[tokio::test]
async fn a_label_of_the_callers_own_can_read_all_that_is_known() {
    use std::sync::{Mutex, PoisonError};

    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    throughline_catalog::label! { enum Look { Seen = "seen" } }

    impl HttpLabel for Look {
        fn read(exchange: &Exchange) -> Self {
            let seen = format!(
                "{} {} {} {} {:?} {} {} {}",
                exchange.method(),
                exchange.scheme(),
                exchange.version(),
                exchange.status(),
                exchange.request_bytes(),
                exchange.response_bytes(),
                exchange.is_stream(),
                exchange.is_server_error(),
            );
            SEEN.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(seen);
            Self::Seen
        }
    }

    catalog! { mod looking, budget 10;
        /// Looks at everything.
        histogram looking_size_bytes { look: Look } buckets [1.0];
    }

    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = ServerLayer::new().request_size(looking::looking_size_bytes);
    let service = layer.layer(answering(|_| Response::new(body(&[Step::Data]))));
    let mut wss = request("PUT", "wss://far/");
    *wss.version_mut() = Version::HTTP_3;
    wss.headers_mut()
        .insert("content-length", "9".parse().unwrap());
    read_all(service.oneshot(wss).await.unwrap().into_body()).await;
    let failing = layer.layer(doing(|| {
        std::future::ready(Err::<Response<Bytestream>, _>("no"))
    }));
    assert!(failing.oneshot(get("ftp://far/")).await.is_err());
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(
        *seen,
        [
            "PUT https 3 200 Some(9) 5 false false",
            "GET http 1.1 500 Some(0) 0 false true",
        ],
    );
}

#[test]
fn versions_are_the_conventions() {
    for (version, text) in [
        (Version::HTTP_09, "0.9"),
        (Version::HTTP_10, "1.0"),
        (Version::HTTP_11, "1.1"),
        (Version::HTTP_2, "2"),
        (Version::HTTP_3, "3"),
    ] {
        assert_eq!(ProtocolVersion::of(version).as_str(), text);
    }
}
