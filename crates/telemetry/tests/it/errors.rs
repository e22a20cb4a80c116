//! What is wrong is told before anything is installed, with the setting, its value and what would do.

use std::net::TcpListener;

use throughline_telemetry::Telemetry;

use crate::child::run_again;

async fn start_error() -> String {
    let error = Telemetry::builder("test")
        .start()
        .await
        .expect_err("it must not start");
    // A second try with nothing wrong in it shows that the first installed nothing.
    error.to_string()
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_is_named() {
    let variables = [("RUST_LOG", "info,=debug=trace")];
    if let Some(ended) = run_again(
        "errors::a_log_filter_that_cannot_be_read_is_named",
        &variables,
    ) {
        return ended.succeeded();
    }
    let text = start_error().await;
    assert!(
        text.starts_with("RUST_LOG=\"info,=debug=trace\" is not a filter; such as"),
        "{text}"
    );
}

mod theirs {
    throughline_catalog::catalog! { pub(crate) mod shop, budget 10;
        /// Parcels, as another library counts them.
        gauge shop_parcels {};
    }
}

mod ours {
    throughline_catalog::catalog! { pub(crate) mod shop, budget 10;
        /// Parcels, as we count them.
        gauge shop_parcels { large: bool };
    }
}

#[tokio::test]
async fn two_families_of_one_name_with_different_labels_are_named() {
    let test = "errors::two_families_of_one_name_with_different_labels_are_named";
    if let Some(ended) = run_again(test, &[]) {
        return ended.succeeded();
    }
    let builder = Telemetry::builder("test");
    let builder = builder
        .catalogue(ours::shop::CATALOGUE)
        .catalogue(theirs::shop::CATALOGUE);
    let text = builder.start().await.expect_err("they clash").to_string();
    assert!(text.contains("shop_parcels"), "{text}");
    assert!(
        text.contains("errors::ours") && text.contains("errors::theirs"),
        "{text}"
    );
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_is_named() {
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")];
    if let Some(ended) = run_again(
        "errors::an_endpoint_that_cannot_be_used_is_named",
        &variables,
    ) {
        return ended.succeeded();
    }
    let text = start_error().await;
    let expected = "OTEL_EXPORTER_OTLP_ENDPOINT=\"collector:4317\" cannot be used; such as \
                    `http://127.0.0.1:4317` can";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn a_port_in_use_is_named_and_nothing_is_installed() {
    if let Some(ended) = run_again(
        "errors::a_port_in_use_is_named_and_nothing_is_installed",
        &[],
    ) {
        return ended.succeeded();
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address");
    let start = || Telemetry::builder("test").metrics_address(address).start();
    let text = start().await.expect_err("the port is taken").to_string();
    assert!(
        text.starts_with(&format!("the metrics page cannot be served at {address}; ")),
        "{text}"
    );

    drop(taken);
    let telemetry = start().await.expect("what failed has left nothing behind");
    assert_eq!(telemetry.metrics_address(), Some(address));
}

#[tokio::test]
async fn a_second_start_is_an_error_and_leaves_the_first() {
    if let Some(ended) = run_again(
        "errors::a_second_start_is_an_error_and_leaves_the_first",
        &[],
    ) {
        ended.succeeded();
        assert_eq!(
            ended
                .lines()
                .filter(|line| line.contains("still here"))
                .count(),
            1
        );
        return;
    }
    let first = Telemetry::builder("test").start().await.expect("it starts");
    let text = start_error().await;
    assert!(text.contains("start telemetry once in a process"), "{text}");
    tracing::info!("still here");
    assert_eq!(
        first
            .shutdown(std::time::Duration::from_secs(5))
            .await
            .log_lines_unwritten,
        0
    );
}
