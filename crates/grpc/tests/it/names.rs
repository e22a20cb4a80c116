//! The families by other people's names.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use throughline_catalog::catalog;
use throughline_grpc::{
    AttemptLayer, CallType, ClientLayer, Code, CodeClass, CodeNumber, GoCode, Method, Methods,
    ServerLayer, Success, Target, families, metadata_label,
};
use tonic::body::Body;
use tower::{Layer, Service, ServiceExt};

use crate::{
    ledger::Ledger,
    script::{self, Step, answering, call, head_only, read_all},
};

const STEPS: &[Step] = &[Step::Bytes(b"\0\0\0\0\x02ok"), Step::Trailers(Some("5"))];

fn methods() -> Methods {
    Methods::of([("names.v1.Names/Look", CallType::ServerStream)]).unwrap()
}

/// Calls a method that is known and one that is not, with one message of three bytes each, and gets
/// one of two with the status `NOT_FOUND`.
async fn counted<L, S>(layer: L) -> BTreeMap<String, f64>
where
    L: Layer<
            tower::util::BoxCloneService<
                Request<Body>,
                http::Response<script::Messages>,
                Infallible,
            >,
            Service = S,
        >,
    S: Service<Request<Body>, Error = Infallible>,
    S::Response: IntoBody,
{
    let ledger = Ledger::new();
    let _open = ledger.open();
    let inner = tower::service_fn(async |request: Request<Body>| {
        request.into_body().collect().await.unwrap();
        Ok(script::stream(STEPS))
    });
    let mut service = layer.layer(inner.boxed_clone());
    for path in ["/names.v1.Names/Look", "/names.v1.Invented/Look"] {
        let body = Body::new(Full::new(Bytes::from_static(b"\0\0\0\0\x03abc")));
        let request = Request::post(path).header("content-type", "application/grpc");
        let response = service.call(request.body(body).unwrap()).await.unwrap();
        response.read().await;
    }
    ledger.read()
}

trait IntoBody {
    fn read(self) -> impl Future<Output = ()>;
}

impl<B: http_body::Body> IntoBody for http::Response<B> {
    async fn read(self) {
        read_all(self.into_body()).await;
    }
}

#[track_caller]
fn assert_counted(counted: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    let expected: BTreeMap<String, f64> = expected
        .iter()
        .map(|(series, count)| ((*series).to_owned(), *count))
        .collect();
    assert_eq!(*counted, expected);
}

#[tokio::test]
async fn open_telemetrys() {
    let labels = "rpc_system_name=grpc,rpc_method=";
    let status = "rpc_response_status_code=NOT_FOUND";
    let layer = ServerLayer::new().methods(methods()).otel_metrics();
    let name = "rpc_server_call_duration_seconds";
    assert_counted(
        &counted(layer).await,
        &[
            (
                &format!("{name}{{{labels}names.v1.Names/Look,{status}}}"),
                1.0,
            ),
            (&format!("{name}{{{labels}_OTHER,{status}}}"), 1.0),
        ],
    );

    let layer = ClientLayer::new()
        .methods(methods())
        .target(&"http://names.internal:50051".parse().unwrap())
        .otel_metrics();
    let name = "rpc_client_call_duration_seconds";
    let to = "server_address=names.internal";
    assert_counted(
        &counted(layer).await,
        &[
            (
                &format!("{name}{{{labels}names.v1.Names/Look,{status},{to}}}"),
                1.0,
            ),
            (&format!("{name}{{{labels}_OTHER,{status},{to}}}"), 1.0),
        ],
    );
}

#[tokio::test]
async fn grpcs_own() {
    let size = "total_compressed_message_size_bytes";
    let layer = ServerLayer::new().methods(methods()).a66_metrics();
    let mut expected = Vec::new();
    for method in ["names.v1.Names/Look", "other"] {
        let labels = format!("grpc_method={method},grpc_status=NOT_FOUND");
        expected.extend([
            format!("grpc_server_call_started_total{{grpc_method={method}}}"),
            format!("grpc_server_call_duration_seconds{{{labels}}}"),
            format!("grpc_server_call_sent_{size}{{{labels}}}"),
            format!("grpc_server_call_rcvd_{size}{{{labels}}}"),
        ]);
    }
    let expected: Vec<_> = expected.iter().map(|series| (&**series, 1.0)).collect();
    assert_counted(&counted(layer).await, &expected);

    let target = "http://names.internal:50051".parse().unwrap();
    let outer = ClientLayer::new()
        .methods(methods())
        .target(&target)
        .a66_metrics();
    let inner = AttemptLayer::new()
        .methods(methods())
        .target(&target)
        .a66_metrics();
    let mut expected = Vec::new();
    for method in ["names.v1.Names/Look", "other"] {
        let start = format!("grpc_method={method},grpc_target=names.internal:50051");
        let labels = format!("{start},grpc_status=NOT_FOUND");
        expected.extend([
            format!("grpc_client_call_duration_seconds{{{labels}}}"),
            format!("grpc_client_call_retries{{{start}}}"),
            format!("grpc_client_attempt_started_total{{{start}}}"),
            format!("grpc_client_attempt_duration_seconds{{{labels}}}"),
            format!("grpc_client_attempt_sent_{size}{{{labels}}}"),
            format!("grpc_client_attempt_rcvd_{size}{{{labels}}}"),
        ]);
    }
    let expected: Vec<_> = expected.iter().map(|series| (&**series, 1.0)).collect();
    let both = tower::ServiceBuilder::new().layer(outer).layer(inner);
    assert_counted(&counted(both.into_inner()).await, &expected);
}

#[tokio::test]
async fn go_grpc_prometheuss() {
    for side in ["server", "client"] {
        let mut expected = Vec::new();
        for labels in [
            "grpc_type=server_stream,grpc_service=names.v1.Names,grpc_method=Look",
            "grpc_type=unknown,grpc_service=_OTHER,grpc_method=_OTHER",
        ] {
            expected.extend([
                format!("grpc_{side}_started_total{{{labels}}}"),
                format!("grpc_{side}_handled_total{{{labels},grpc_code=NotFound}}"),
                format!("grpc_{side}_handling_seconds{{{labels}}}"),
                format!("grpc_{side}_msg_received_total{{{labels}}}"),
                format!("grpc_{side}_msg_sent_total{{{labels}}}"),
            ]);
        }
        let expected: Vec<_> = expected.iter().map(|series| (&**series, 1.0)).collect();
        let counted = if side == "server" {
            let layer = ServerLayer::new().methods(methods());
            counted(layer.go_grpc_prometheus_metrics()).await
        } else {
            let layer = ClientLayer::new().methods(methods());
            counted(layer.go_grpc_prometheus_metrics()).await
        };
        assert_counted(&counted, &expected);
    }
}

#[test]
fn the_buckets_are_those_of_the_standards() {
    let buckets = |catalogue: &throughline_catalog::Catalogue, name: &str| {
        let buckets = catalogue.family(name).unwrap().buckets().unwrap();
        (buckets.len(), buckets[0], buckets[buckets.len() - 1])
    };
    let otel = families::otel::CATALOGUE;
    let a66 = families::a66::CATALOGUE;
    assert_eq!(
        buckets(otel, "rpc_server_call_duration_seconds"),
        (14, 0.005, 10.0)
    );
    assert_eq!(
        buckets(a66, "grpc_server_call_duration_seconds"),
        (41, 0.0, 100.0)
    );
    let size = "grpc_server_call_sent_total_compressed_message_size_bytes";
    assert_eq!(buckets(a66, size), (14, 0.0, 4_294_967_296.0));
}

metadata_label! {
    /// What the caller pays for.
    struct Plan: Capped<2> from "x-plan";
}

catalog! { mod names, budget 1_000_000;
    /// Calls answered.
    counter names_codes_total { go: GoCode, number: CodeNumber, class: CodeClass, success: Success };
    /// Calls answered.
    counter names_plans_total { plan: Plan, code: Code };
    /// Calls being answered.
    gauge names_plans_in_flight { plan: Plan };
    /// Calls made.
    counter names_targets_total { target: Target };
}

#[tokio::test]
async fn a_status_has_many_spellings() {
    Method::seed(["names.v1.Names/Look"]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    for number in 0..=16 {
        let layer = ServerLayer::new().total(names::names_codes_total);
        let service = layer.layer(answering(move |_| head_only(&number.to_string())));
        let response = service.oneshot(call("/names.v1.Names/Look")).await;
        read_all(response.unwrap().into_body()).await;
    }
    let counted = ledger.read();
    assert_eq!(counted.len(), 17);
    for labels in [
        "go=OK,number=0,class=ok,success=true",
        "go=Canceled,number=1,class=client_error,success=false",
        "go=Unknown,number=2,class=server_error,success=false",
        "go=NotFound,number=5,class=client_error,success=false",
        "go=DataLoss,number=15,class=server_error,success=false",
        "go=Unauthenticated,number=16,class=client_error,success=false",
    ] {
        assert_eq!(counted[&format!("names_codes_total{{{labels}}}")], 1.0);
    }
}

#[tokio::test]
async fn a_label_from_metadata_is_capped() {
    Plan::seed(["none", "paid"]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = ServerLayer::new()
        .total(names::names_plans_total)
        .in_flight(names::names_plans_in_flight);
    let mut service = layer.layer(answering(|_| head_only("0")));
    let mut send = async |plan: Option<&[u8]>| {
        let mut request = call("/names.v1.Names/Look");
        if let Some(plan) = plan {
            let value = http::HeaderValue::from_bytes(plan).unwrap();
            request.headers_mut().insert("x-plan", value);
        }
        read_all(service.call(request).await.unwrap().into_body()).await;
    };
    send(None).await;
    send(Some(b"paid")).await;
    send(Some(b"\xff")).await;
    for n in 0..1_000 {
        send(Some(format!("invented-{n}").as_bytes())).await;
    }
    assert_counted(
        &ledger.read(),
        &[
            ("names_plans_in_flight{plan=__overflow__}", 0.0),
            ("names_plans_in_flight{plan=none}", 0.0),
            ("names_plans_in_flight{plan=paid}", 0.0),
            ("names_plans_total{plan=__overflow__,code=OK}", 1_001.0),
            ("names_plans_total{plan=none,code=OK}", 1.0),
            ("names_plans_total{plan=paid,code=OK}", 1.0),
            ("throughline_label_overflow_total{label=plan}", 1_000.0),
        ],
    );
}

#[tokio::test]
async fn a_target_is_the_layers_and_no_requests() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    for uri in ["https://[::1]", "/socket"] {
        let layer = ClientLayer::new()
            .target(&uri.parse().unwrap())
            .total(names::names_targets_total);
        let service = layer.layer(answering(|_| head_only("0")));
        let request = call("http://invented.internal/names.v1.Names/Look");
        read_all(service.oneshot(request).await.unwrap().into_body()).await;
    }
    assert_counted(
        &ledger.read(),
        &[
            ("names_targets_total{target=[::1]:443}", 1.0),
            ("names_targets_total{target=unknown}", 1.0),
        ],
    );
}
