//! The layers change nothing about what they wrap, and stand wherever tonic and tower take one.

use std::any::TypeId;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use throughline_grpc::{
    ArrivalLayer, AttemptLayer, Client, ClientLayer, GrpcBody, Server, ServerLayer,
};
use tonic::{
    Status,
    server::NamedService,
    service::{InterceptorLayer, LayerExt, interceptor::InterceptedService},
    transport::{Channel, Endpoint, Server as TonicServer},
};
use tower::{BoxError, Layer, Service, ServiceBuilder};

use crate::{
    echo::{Echo, EchoClient},
    ledger::{client, server},
    script::{Step, answering, call, stream},
};

fn on_server() -> ServerLayer {
    server().trace()
}

fn on_client() -> ClientLayer {
    client().trace()
}

fn error_of<S, B>(_: &S) -> TypeId
where
    S: Service<Request<B>, Error: 'static>,
{
    TypeId::of::<S::Error>()
}

fn allow(request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
    Ok(request)
}

#[tokio::test]
async fn an_error_keeps_its_type() {
    let service = on_server().layer(answering(|_| stream(&[])));
    assert_eq!(error_of::<_, String>(&service), TypeId::of::<Infallible>());

    let channel = Endpoint::from_static("http://[::1]:1").connect_lazy();
    let service = on_client().layer(channel.clone());
    let expected = TypeId::of::<tonic::transport::Error>();
    assert_eq!(error_of::<_, tonic::body::Body>(&service), expected);

    let service = ServiceBuilder::new()
        .layer(on_client())
        .timeout(Duration::from_secs(1))
        .service(channel);
    let expected = TypeId::of::<BoxError>();
    assert_eq!(error_of::<_, tonic::body::Body>(&service), expected);
}

#[tokio::test]
async fn tonics_server_takes_the_layer_everywhere() {
    // Around all services.
    let _ = TonicServer::builder()
        .layer(on_server())
        .add_service(Echo::default());
    // Around one of them, which keeps its name.
    let named = on_server().layer(Echo::default());
    fn name_of<S: NamedService>(_: &S) -> &'static str {
        S::NAME
    }
    assert_eq!(name_of(&named), "echo.Echo");
    let _ = TonicServer::builder().add_service(named);
    let _ = TonicServer::builder().add_service(on_server().named_layer(Echo::default()));
    // With admission control and an interceptor inside, whose error is a box.
    let stack = ServiceBuilder::new()
        .layer(on_server())
        .load_shed()
        .timeout(Duration::from_secs(1))
        .layer(InterceptorLayer::new(allow))
        .into_inner();
    let _ = TonicServer::builder()
        .layer(stack)
        .add_service(Echo::default());
}

#[tokio::test]
async fn a_client_is_made_over_whatever_the_layer_wraps() {
    fn is_fit<T: Clone + Send + Sync + 'static>(_: &T) {}
    let channel = Endpoint::from_static("http://[::1]:1").connect_lazy();
    let service: Client<Channel> = on_client().layer(channel.clone());
    is_fit(&EchoClient::new(service.clone()));
    is_fit(&EchoClient::new(InterceptedService::new(
        service.clone(),
        allow,
    )));
    let service = tower::util::BoxCloneSyncService::new(service);
    is_fit(&EchoClient::new(service));

    let (balanced, _) = Channel::balance_channel::<u8>(1);
    let service = ServiceBuilder::new()
        .layer(on_client())
        .timeout(Duration::from_secs(1))
        .service(balanced);
    is_fit(&EchoClient::new(service));
}

#[tokio::test]
async fn what_counts_messages_stands_in_the_same_places() {
    let on_server = on_server().count_messages();
    let stack = ServiceBuilder::new()
        .layer(on_server.clone())
        .layer(ArrivalLayer::new())
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_secs(1))
        .layer(InterceptorLayer::new(allow))
        .into_inner();
    let _ = TonicServer::builder()
        .layer(stack)
        .add_service(Echo::default());
    let _ = TonicServer::builder()
        .layer(on_server.clone())
        .add_service(on_server.named_layer(Echo::default()));

    fn is_fit<T: Clone + Send + Sync + 'static>(_: &T) {}
    let channel = Endpoint::from_static("http://[::1]:1").connect_lazy();
    let service = on_client().count_messages().layer(channel);
    is_fit(&EchoClient::new(service.clone()));
    is_fit(&EchoClient::new(InterceptedService::new(
        service.clone(),
        allow,
    )));
    is_fit(&EchoClient::new(tower::util::BoxCloneSyncService::new(
        service,
    )));
    let list = ["http://[::1]:1", "http://[::1]:2"].map(Endpoint::from_static);
    let balanced = Channel::balance_list(list.into_iter());
    let attempts = AttemptLayer::new().count_messages().layer(balanced);
    is_fit(&EchoClient::new(on_client().attempts().layer(attempts)));
}

#[tokio::test]
async fn axums_router_takes_what_tonics_makes() {
    // As where one port serves both.
    let routes = tonic::service::Routes::new(Echo::default());
    let router: axum::Router = axum::Router::new()
        .merge(routes.into_axum_router())
        .layer(on_server());
    let _ = router.layer(on_server().count_messages());
}

#[test]
fn a_service_can_be_cloned_sent_and_shared_if_its_inner_one_can() {
    fn is_fit<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_send<T: Send>(_: &T) {}
    is_fit(&on_server());
    is_fit(&on_client());
    let mut service = on_server().layer(Echo::default());
    is_fit(&service);
    is_send(&service.call(Request::new(tonic::body::Body::empty())));
    is_send(&GrpcBody::<tonic::body::Body>::default());
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut server: Server<u8> = on_server().layer(7);
    assert_eq!(*server.get_ref(), 7);
    *server.get_mut() = 8;
    assert_eq!(server.into_inner(), 8);
    let mut client: Client<u8> = on_client().layer(7);
    assert_eq!(*client.get_ref(), 7);
    *client.get_mut() = 8;
    assert_eq!(client.into_inner(), 8);
}

#[tokio::test]
async fn a_body_keeps_its_size_its_end_and_its_frames() {
    let body = GrpcBody::<Full<Bytes>>::default();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());

    let mut service = on_server().layer(tower::service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
    }));
    let body = service.call(Request::new(())).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());

    let mut service = on_server().layer(answering(|_| {
        stream(&[Step::Data, Step::Trailers(Some("0"))])
    }));
    let response = service.call(call("/frames.Frames/All")).await.unwrap();
    let read = http_body_util::BodyExt::collect(response.into_body());
    let read = read.await.unwrap();
    assert_eq!(read.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(read.to_bytes().len(), 5);
}
