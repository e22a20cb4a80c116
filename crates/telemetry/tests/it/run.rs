//! What runs, and how it ends.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use opentelemetry::{
    global,
    trace::{TraceContextExt, Tracer},
};
use throughline_catalog::{catalog, label, top::TopReport};
use throughline_telemetry::Telemetry;

use crate::child::run_again;

const DEADLINE: Duration = Duration::from_secs(5);

label! { enum Size { Small = "small", Large = "large" } }

catalog! { mod shop, budget 100;
    /// Parcels that left the house.
    counter shop_parcels_total { size: Size };
    /// Time a parcel took.
    histogram shop_parcel_duration_seconds {} buckets [0.5, 2.0];
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the listener is there");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("the request is sent");
    let mut response = String::new();
    stream
        .read_to_string(&mut response)
        .expect("the response comes");
    response
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_has_the_catalogues_buckets_and_its_format() {
    if let Some(ended) = run_again(
        "run::the_page_has_the_catalogues_buckets_and_its_format",
        &[],
    ) {
        return ended.succeeded();
    }
    // Before the start: a handle that is made too early must not be lost for good.
    shop::shop_parcels_total.with((Size::Small,)).increment(1);
    let telemetry = Telemetry::builder("shop")
        .catalogue_from_zero(shop::CATALOGUE)
        .metrics_address("127.0.0.1:0".parse().expect("an address"))
        .start()
        .await
        .expect("it starts");
    shop::shop_parcels_total.with((Size::Small,)).increment(2);
    shop::shop_parcel_duration_seconds
        .with(())
        .record(Duration::from_secs(1));

    let address = telemetry.metrics_address().expect("it listens");
    let page = tokio::task::spawn_blocking(move || get(address, "/metrics"))
        .await
        .expect("it runs");
    assert!(
        page.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{page}"
    );
    for line in [
        "# HELP shop_parcels_total Parcels that left the house.",
        "shop_parcels_total{size=\"small\"} 2",
        "shop_parcels_total{size=\"large\"} 0",
        "# TYPE shop_parcel_duration_seconds histogram",
        "shop_parcel_duration_seconds_bucket{le=\"0.5\"} 0",
        "shop_parcel_duration_seconds_bucket{le=\"2\"} 1",
        "# TYPE process_resident_memory_bytes gauge",
    ] {
        assert!(page.lines().any(|have| have == line), "{line}\n{page}");
    }
    let missing = tokio::task::spawn_blocking(move || get(address, "/"))
        .await
        .expect("it runs");
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert!(telemetry.shutdown(DEADLINE).await.traces.is_ok());
}

static ORDERS: TopReport = TopReport::new("orders", 64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_report_is_shown_beside_the_page_and_is_no_metric() {
    if let Some(ended) = run_again(
        "run::a_top_report_is_shown_beside_the_page_and_is_no_metric",
        &[],
    ) {
        return ended.succeeded();
    }
    let telemetry = Telemetry::builder("shop")
        .metrics_address("127.0.0.1:0".parse().expect("an address"))
        .top_report(&ORDERS)
        .start()
        .await
        .expect("it starts");
    ORDERS.add("ada", 3);
    ORDERS.add("eve \"quoted\"", 5);
    let address = telemetry.metrics_address().expect("it listens");
    let ask = move |path: &'static str| tokio::task::spawn_blocking(move || get(address, path));
    let shown = ask("/top").await.expect("it runs");
    assert!(shown.contains("content-type: application/json"), "{shown}");
    let (ada, eve) = (shown.find("ada"), shown.find(r#"eve \"quoted\""#));
    assert!(eve.is_some() && eve < ada, "the largest first: {shown}");
    let page = ask("/metrics").await.expect("it runs");
    assert!(!page.contains("ada") && !page.contains("orders"), "{page}");
}

#[tokio::test]
async fn without_an_endpoint_ids_are_made_and_a_callers_sampled_flag_goes_on() {
    let test = "run::without_an_endpoint_ids_are_made_and_a_callers_sampled_flag_goes_on";
    if let Some(ended) = run_again(test, &[]) {
        ended.succeeded();
        let line = ended
            .lines()
            .find(|line| line.contains("inside"))
            .expect("it is logged");
        assert!(line.contains("\"trace_id\":\""), "{line}");
        return;
    }
    let telemetry = Telemetry::builder("test").start().await.expect("it starts");
    let tracer = global::tracer("test");
    tracer.in_span("root", |cx| {
        assert!(cx.span().span_context().is_valid());
        assert!(
            !cx.span().span_context().is_sampled(),
            "nobody here exports it"
        );
        tracing::info!("inside");
    });
    let remote = opentelemetry::trace::SpanContext::new(
        1_u128.into(),
        2_u64.into(),
        opentelemetry::trace::TraceFlags::SAMPLED,
        true,
        Default::default(),
    );
    let caller = opentelemetry::Context::new().with_remote_span_context(remote);
    let span = tracer.build_with_context(tracer.span_builder("child"), &caller);
    assert!(opentelemetry::trace::Span::span_context(&span).is_sampled());
    let _ = telemetry.shutdown(DEADLINE).await;
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_the_shutdown_its_deadline_at_most() {
    let test = "run::a_collector_that_never_answers_costs_the_shutdown_its_deadline_at_most";
    if let Some(ended) = run_again(test, &[]) {
        ended.succeeded();
        assert_eq!(
            ended
                .lines()
                .filter(|line| line.contains("last words"))
                .count(),
            1
        );
        return;
    }
    // It accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let endpoint = format!("http://{}", silent.local_addr().expect("it has an address"));
    let telemetry = Telemetry::builder("test")
        .otlp_endpoint(endpoint)
        .start()
        .await
        .expect("it starts");
    global::tracer("test").in_span("undelivered", |_| {});
    tracing::info!("last words");
    let report = telemetry.shutdown(Duration::from_millis(200)).await;
    let why = report.traces.expect_err("the span was not delivered");
    assert!(!why.is_empty());
    assert_eq!(report.log_lines_unwritten, 0);
}

#[tokio::test]
async fn fields_that_are_allowed_are_written_and_others_counted() {
    let test = "run::fields_that_are_allowed_are_written_and_others_counted";
    if let Some(ended) = run_again(test, &[]) {
        ended.succeeded();
        let line = ended.lines().find(|line| line.contains("a parcel left"));
        let line = line.expect("it is written");
        assert!(line.contains(r#""shop":"north""#), "{line}");
        assert!(line.contains(r#""parcels":7"#), "{line}");
        assert!(line.contains(r#""redacted":1"#), "{line}");
        return assert!(!line.contains("secret"), "{line}");
    }
    let telemetry = Telemetry::builder("shop")
        .allow(["shop"])
        .allow(["parcels"])
        .start()
        .await
        .expect("it starts");
    tracing::info!(
        shop = "north",
        parcels = 7,
        note = "secret",
        "a parcel left"
    );
    telemetry.shutdown(DEADLINE).await;
}

#[tokio::test]
async fn a_secret_cannot_be_allowed() {
    let started = Telemetry::builder("shop").allow(["password"]).start().await;
    let error = started.expect_err("it does not start").to_string();
    assert!(error.contains("password"), "{error}");
}
