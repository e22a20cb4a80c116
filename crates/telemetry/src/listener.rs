//! The internal listener: the metrics page, and the top users of what is no label.

use std::{future::ready, net::SocketAddr};

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use throughline_catalog::top::{self, TopReport};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{error::StartError, metrics::Page};

/// Prometheus' text format; the version is part of what the server negotiates.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A bound listener that does not serve yet.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// A listener that serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listener {
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, StartError> {
        let bound = |error| StartError::listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        Ok(Self { listener, address })
    }

    pub(crate) fn serve(self, page: Page, reports: Vec<&'static TopReport>) -> Serving {
        let Self { listener, address } = self;
        let router = Router::new()
            .route("/metrics", get(move || render(page.clone())))
            .route("/top", get(move || ready(top(&reports))));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the metrics page is no longer served");
            }
        });
        tracing::info!("metrics on http://{address}/metrics");
        Serving { address, task }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many keys of each report are shown.
const SHOWN: usize = 50;

fn top(reports: &[&'static TopReport]) -> Response {
    let text = top::to_json(reports.iter().copied(), SHOWN);
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// Rendering takes milliseconds where there are many series, so it does not hold up a worker.
async fn render(page: Page) -> Response {
    match tokio::task::spawn_blocking(move || page.render()).await {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
