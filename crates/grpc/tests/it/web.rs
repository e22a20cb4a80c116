//! gRPC-Web: the status is in the body.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use throughline_grpc::Method;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::{
    echo::{Echo, STREAM, UNARY},
    ledger::{Ledger, server},
    script::{Step, answering, call, stream},
};

const TEXT: &str = "application/grpc-web-text";
const BINARY: &str = "application/grpc-web+proto";

fn request(kind: &str, method: &str, message: &str) -> Request<Body> {
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message.as_bytes());
    if kind == TEXT {
        frame = base64(&frame);
    }
    Request::post(format!("/{method}"))
        .header("content-type", kind)
        .header("accept", kind)
        .body(Body::new(Full::new(Bytes::from(frame))))
        .unwrap()
}

fn base64(data: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for group in data.chunks(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            text.push(if place <= group.len() {
                LETTERS[(bits >> (18 - 6 * place) & 63) as usize]
            } else {
                b'='
            });
        }
    }
    text
}

fn served() -> impl Service<
    Request<Body>,
    Response = Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>>,
    Error = Infallible,
> + Clone {
    ServiceBuilder::new()
        .layer(server())
        .layer(GrpcWebLayer::new())
        .service(Echo::default())
}

#[tokio::test]
async fn p15_the_status_is_read_from_the_body() {
    Method::seed([UNARY, STREAM]);
    for kind in [TEXT, BINARY] {
        for (method, message, code) in [
            (UNARY, "hello", "OK"),
            (UNARY, "refuse", "NOT_FOUND"),
            (STREAM, "all", "OK"),
            (STREAM, "fail", "INTERNAL"),
            (STREAM, "code 16", "UNAUTHENTICATED"),
        ] {
            let ledger = Ledger::new();
            let _open = ledger.open();
            let response = served().oneshot(request(kind, method, message)).await;
            let response = response.unwrap();
            let kind_of_it = response.headers()["content-type"].to_str().unwrap();
            assert!(
                kind_of_it.starts_with("application/grpc-web"),
                "{kind_of_it}"
            );
            response.into_body().collect().await.unwrap();
            ledger.assert_one("server", method, code, "completed");
        }
    }
}

#[tokio::test]
async fn a_reader_who_stops_at_the_last_frame_has_read_all() {
    const WITH_STATUS: &[Step] = &[
        Step::Data,
        Step::Bytes(b"\x80\0\0\0\x10grpc-status: 5\r\n"),
        Step::Wait,
    ];
    Method::seed(["web.Web/Read"]);
    for (frames, code, outcome) in [(1, "CANCELLED", "cancelled"), (2, "NOT_FOUND", "completed")] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut service = server().layer(answering(|_| {
            let mut response = stream(WITH_STATUS);
            let kind = BINARY.parse().unwrap();
            response.headers_mut().insert("content-type", kind);
            response
        }));
        let response = service.call(call("/web.Web/Read")).await.unwrap();
        let mut body = response.into_body();
        for _ in 0..frames {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        ledger.assert_one("server", "web.Web/Read", code, outcome);
    }
}

#[tokio::test]
async fn a_web_body_without_a_status_is_unknown() {
    Method::seed(["web.Web/Read"]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(|_| {
        let mut response = stream(&[Step::Data]);
        let kind = TEXT.parse().unwrap();
        response.headers_mut().insert("content-type", kind);
        response
    }));
    let response = service.call(call("/web.Web/Read")).await.unwrap();
    response.into_body().collect().await.unwrap();
    ledger.assert_one("server", "web.Web/Read", "UNKNOWN", "completed");
}
