//! A greeting service: every request is counted once, traced, and logged with its ids.

use std::{env, error::Error, time::Duration};

use axum::{Router, extract::Path, routing::get};
use throughline_catalog::catalog;
use throughline_correlation::RequestIdLayer;
use throughline_http::{Method, ServerLayer, Status, route_label};
use throughline_telemetry::{Telemetry, shutdown_signal};
use tokio::net::TcpListener;

route_label! { struct Endpoint: Capped<8>; }

catalog! { mod greeter, budget 10_000;
    /// Requests served.
    counter greeter_requests_total { method: Method, endpoint: Endpoint, status: Status };
    /// Time from a request's arrival to the last byte of its response, in seconds.
    histogram greeter_request_duration_seconds { endpoint: Endpoint } buckets [0.001, 0.01, 0.1, 1.0];
}

async fn greet(Path(name): Path<String>) -> String {
    tracing::info!("greeting somebody");
    format!("Hello, {name}!\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut addresses = env::args().skip(1);
    let listen = addresses.next().unwrap_or("127.0.0.1:8080".into());
    let metrics = addresses.next().unwrap_or("127.0.0.1:9090".into());

    let telemetry = Telemetry::builder("greeter")
        .catalogue(greeter::CATALOGUE)
        .metrics_address(metrics.parse()?)
        .start()
        .await?;
    let layer = ServerLayer::new()
        .traceresponse()
        .total(greeter::greeter_requests_total)
        .duration(greeter::greeter_request_duration_seconds);
    let app = Router::new()
        .route("/greet/{name}", get(greet))
        .layer(layer)
        .layer(RequestIdLayer::new());

    let listener = TcpListener::bind(listen).await?;
    tracing::info!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown_signal())
        .await?;
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
