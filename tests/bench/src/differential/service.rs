//! The service behind the layers: a method for each way in which a call can go.

use std::convert::Infallible;
use std::future::{Future, Ready, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response, Uri, header};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Service, ServiceExt};

use super::client::request;
use super::script::{Script, web_status};
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
    "Slow",
    "Relay",
    "Refused",
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
            "Ok" => script.messages(3).status("0"),
            "NotFound" => {
                let mut response = response("application/grpc", script);
                let status = http::HeaderValue::from_static("5");
                response.headers_mut().insert("grpc-status", status);
                return response;
            }
            "FailsLate" => script.messages(3).status("13"),
            "Odd" => script.messages(1).status("999"),
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
            "Slow" => script.messages(1).pause(SLOW).status("0"),
            "Relay" => {
                self.relay().await;
                script.status("0")
            }
            _ => script.status("12"),
        };
        response("application/grpc", script)
    }

    /// Makes a call of its own, by the subject's client, and keeps what that sends.
    async fn relay(&self) {
        let far_end = FarEnd(self.relayed.clone());
        let target = Uri::from_static("http://127.0.0.1:1");
        let call = self.subject.client(far_end, &target);
        let request = request("diff.Test/Ok", &[]);
        call.oneshot(request).await.expect("the far end answers");
    }
}

fn response(kind: &'static str, script: Script) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .body(Body::new(script))
        .expect("the response is valid")
}

/// Whom a handler calls: it keeps the headers and says OK.
#[derive(Clone)]
struct FarEnd(Arc<std::sync::Mutex<Option<HeaderMap>>>);

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
