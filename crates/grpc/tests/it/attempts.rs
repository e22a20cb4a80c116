//! A call that is tried again is one call, with its attempts beside it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use throughline_catalog::catalog;
use throughline_grpc::{AttemptLayer, ClientLayer, Code, Method, Outcome};
use tower::{Layer, ServiceBuilder, ServiceExt, retry::Policy};

use crate::{
    ledger::Ledger,
    script::{answering, call, head_only, read_all},
    traces::{Trace, attributes},
};

catalog! { mod tries, budget 100_000;
    /// Calls.
    counter tries_calls_total { method: Method, code: Code };
    /// Attempts.
    counter tries_attempts_total { method: Method, code: Code, outcome: Outcome };
    /// Attempts begun.
    counter tries_attempts_started_total { method: Method };
    /// Attempts under way.
    gauge tries_attempts_in_flight {};
    /// Attempts after the first.
    histogram tries_retries { method: Method } buckets [1.0, 2.0] dictated "a test";
}

/// Tries again while there are tries left and the far end is not there.
#[derive(Clone)]
struct Tries(usize);

impl<B> Policy<Request<String>, Response<B>, Infallible> for Tries {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<String>,
        result: &mut Result<Response<B>, Infallible>,
    ) -> Option<Ready<()>> {
        let response = result.as_ref().unwrap();
        self.0 -= 1;
        (0 < self.0 && response.headers()["grpc-status"] == "14").then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<String>) -> Option<Request<String>> {
        // As policies over other bodies do: only what they know of.
        let mut copy = Request::new(request.body().clone());
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        Some(copy)
    }
}

#[tokio::test]
async fn a_call_that_is_tried_again_is_one() {
    let (trace, ledger) = (Trace::new(), Ledger::new());
    let _open = ledger.open();
    let seen: Arc<AtomicUsize> = Arc::default();
    let parents: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let far = {
        let (seen, parents) = (Arc::clone(&seen), Arc::clone(&parents));
        answering(move |request| {
            let parent = request.headers()["traceparent"]
                .to_str()
                .unwrap()
                .to_owned();
            parents.lock().unwrap().push(parent);
            let count = seen.fetch_add(1, Ordering::Relaxed);
            head_only(if count < 2 { "14" } else { "0" })
        })
    };
    let service = ServiceBuilder::new()
        .layer(
            ClientLayer::new()
                .trace()
                .total(tries::tries_calls_total)
                .retries(tries::tries_retries),
        )
        .retry(Tries(5))
        .layer(
            AttemptLayer::new()
                .total(tries::tries_attempts_total)
                .started(tries::tries_attempts_started_total)
                .in_flight(tries::tries_attempts_in_flight),
        )
        .service(far);
    let headers = [(
        "traceparent".parse().unwrap(),
        trace.traceparent().parse().unwrap(),
    )];
    let context = throughline_context::extract(&http::HeaderMap::from_iter(headers));
    let scope = throughline_context::Scope::new(context, throughline_correlation::Ids::empty());
    scope
        .around(async {
            let response = service.oneshot(call("/tries.Tries/Try")).await.unwrap();
            read_all(response.into_body()).await;
        })
        .await;

    let labels = "method=tries.Tries/Try";
    let expected = [
        (format!("tries_calls_total{{{labels},code=OK}}"), 1.0),
        (format!("tries_retries{{{labels}}}"), 1.0),
        (format!("tries_attempts_started_total{{{labels}}}"), 3.0),
        (
            format!("tries_attempts_total{{{labels},code=UNAVAILABLE,outcome=completed}}"),
            2.0,
        ),
        (
            format!("tries_attempts_total{{{labels},code=OK,outcome=completed}}"),
            1.0,
        ),
        ("tries_attempts_in_flight{}".to_owned(), 0.0),
    ];
    assert_eq!(ledger.read(), expected.into());

    // One span, which each attempt was sent under.
    let span = trace.span();
    let attempts = "throughline.rpc.attempts=3".to_owned();
    assert!(attributes(&span).contains(&attempts), "{span:?}");
    let parents = parents.lock().unwrap();
    let sent = format!("00-{}-{}-01", trace.id, span.span_context.span_id());
    assert_eq!(*parents, [sent.clone(), sent.clone(), sent]);
}

#[tokio::test]
async fn an_attempt_without_a_call_around_it_is_counted_all_the_same() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = AttemptLayer::new().total(tries::tries_attempts_total);
    let service = layer.layer(answering(|_| head_only("0")));
    let response = service.oneshot(call("/tries.Tries/Alone")).await.unwrap();
    read_all(response.into_body()).await;
    let series = "tries_attempts_total{method=tries.Tries/Alone,code=OK,outcome=completed}";
    assert_eq!(ledger.read(), [(series.to_owned(), 1.0)].into());
}
