//! The service behind the layers: a method for each way in which a call can go.

use std::convert::Infallible;
use std::future::{Future, Ready, pending, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use tokio::time::sleep;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

use super::client::request;
use super::script::{Script, web_status};
use super::subject::Subject;
use super::test_bed::Shared;

/// The methods of `diff.Test`.
pub const METHODS: &[&str] = &[
    "Ok",
    "NotFound",
    "FailsLate",
    "Odd",
    "Absent",
    "CancelledEarly",
    "CancelledLate",
    "Late",
    "Panics",
    "Web",
    "Gone",
    "Slow",
    "Relay",
    "RelayLate",
    "Refused",
    "Reached",
    "Failed",
];

/// How long the stream of `Slow` takes.
pub const SLOW: Duration = Duration::from_millis(200);

/// The service, under a name of its own or under that of the health service.
#[derive(Clone)]
pub struct Test<const HEALTH: bool>(pub Arc<Shared>);

impl NamedService for Test<false> {
    const NAME: &'static str = "diff.Test";
}

impl NamedService for Test<true> {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl<const HEALTH: bool> Service<Request<Body>> for Test<HEALTH> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default();
            Ok(shared.answer(method).await)
        })
    }
}

impl Shared {
    async fn answer(&self, method: &str) -> Response<Body> {
        let script = Script::default();
        let script = match method {
            "Ok" | "Reached" => script.messages(3).status("0"),
            "NotFound" | "Failed" => return refusal("5"),
            "Odd" => return refusal("999"),
            "Gone" => {
                // What a proxy says of a server that is not there.
                let mut response = response("text/plain", script);
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return response;
            }
            "FailsLate" => script.messages(3).status("13"),
            "Absent" => script.messages(1),
            "CancelledEarly" | "Late" => {
                self.began.notify_one();
                pending().await
            }
            "CancelledLate" => script.messages(1).forever(),
            "Panics" => panic!("on purpose"),
            "Web" => {
                let script = script.messages(1).data(web_status("5"));
                return response("application/grpc-web+proto", script);
            }
            "Slow" => script.messages(1).then(sleep(SLOW)).status("0"),
            "Relay" => {
                relay(self.subject, Arc::clone(&self.relayed)).await;
                script.status("0")
            }
            "RelayLate" => {
                let relay = relay(self.subject, Arc::clone(&self.relayed));
                script.messages(1).then(relay).status("0")
            }
            _ => script.status("12"),
        };
        response("application/grpc", script)
    }
}

/// A trace that has nothing to do with the call at hand.
const STALE: &str = "00-11111111111111111111111111111111-2222222222222222-01";

/// Makes a call of its own, by the subject's client, and keeps what that sends. Its request has been
/// copied from another, `traceparent` and all.
async fn relay(subject: Subject, relayed: Arc<Mutex<Option<HeaderMap>>>) {
    let target = Uri::from_static("http://127.0.0.1:1");
    let call = subject.client(FarEnd(relayed), &target);
    let request = request("diff.Test/Ok", &[("traceparent", STALE)]);
    call.oneshot(request).await.expect("the far end answers");
}

/// A response that is a head with a status, and no more.
fn refusal(status: &'static str) -> Response<Body> {
    let mut response = response("application/grpc", Script::default());
    let status = HeaderValue::from_static(status);
    response.headers_mut().insert("grpc-status", status);
    response
}

fn response(kind: &'static str, script: Script) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .body(Body::new(script))
        .expect("the response is valid")
}

/// Whom a handler calls: it keeps the headers and says OK.
#[derive(Clone)]
struct FarEnd(Arc<Mutex<Option<HeaderMap>>>);

impl Service<Request<Body>> for FarEnd {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut kept = self.0.lock().expect("nobody panicked");
        *kept = Some(request.headers().clone());
        ready(Ok(response(
            "application/grpc",
            Script::default().status("0"),
        )))
    }
}
