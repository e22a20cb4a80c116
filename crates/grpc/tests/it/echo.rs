//! A tonic service as `tonic-build` writes it, with bytes for messages.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_body::Body;
use tokio::sync::oneshot;
use tonic::{
    Request, Response, Status,
    client::GrpcService,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::NamedService,
};
use tower::{BoxError, Service, service_fn};

use crate::script::silent_panic;

pub(crate) const UNARY: &str = "echo.Echo/Unary";
pub(crate) const STREAM: &str = "echo.Echo/Stream";

/// Messages that are bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, place: &mut EncodeBuf<'_>) -> Result<(), Status> {
        place.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Sends when it is dropped.
#[derive(Debug)]
pub(crate) struct Gone(Option<oneshot::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            let _ = gone.send(());
        }
    }
}

/// Does what the message says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Echo {
    gone: Arc<Mutex<Option<Gone>>>,
}

impl Echo {
    /// A service, and what is told when the first answer that waits for ever is dropped.
    pub(crate) fn new() -> (Self, oneshot::Receiver<()>) {
        let (gone, is_gone) = oneshot::channel();
        let gone = Arc::new(Mutex::new(Some(Gone(Some(gone)))));
        (Self { gone }, is_gone)
    }

    async fn unary(self, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        match &request.get_ref()[..] {
            b"refuse" => Err(Status::not_found("there is no such thing")),
            b"panic" => silent_panic(),
            b"wait" => {
                let _gone = self.gone.lock().unwrap().take();
                std::future::pending().await
            }
            _ => Ok(Response::new(request.into_inner())),
        }
    }

    async fn stream(
        self,
        request: Request<Bytes>,
    ) -> Result<Response<BoxStream<'static, Result<Bytes, Status>>>, Status> {
        let first = stream::iter([Ok(Bytes::from("first"))]);
        let rest = match &request.get_ref()[..] {
            b"fail" => stream::iter([Err(Status::internal("it broke"))]).boxed(),
            b"wait" => {
                let gone = self.gone.lock().unwrap().take();
                stream::pending()
                    .map(move |never| {
                        let _ = &gone;
                        never
                    })
                    .boxed()
            }
            _ => stream::iter([Ok(Bytes::from("second")), Ok(Bytes::from("third"))]).boxed(),
        };
        Ok(Response::new(first.chain(rest).boxed()))
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "echo.Echo";
}

impl<B> Service<http::Request<B>> for Echo
where
    B: Body<Error: Into<BoxError> + Send> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Plain);
            Ok(match request.uri().path() {
                "/echo.Echo/Unary" => {
                    let unary = service_fn(|message| echo.clone().unary(message));
                    grpc.unary(unary, request).await
                }
                "/echo.Echo/Stream" => {
                    let stream = service_fn(|message| echo.clone().stream(message));
                    grpc.server_streaming(stream, request).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// A client as `tonic-build` writes it, over whatever stands for a channel.
#[derive(Clone, Debug)]
pub(crate) struct EchoClient<T>(tonic::client::Grpc<T>);

impl<T> EchoClient<T>
where
    T: GrpcService<tonic::body::Body>,
    T::Error: Into<BoxError>,
    T::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Body>::Error: Into<BoxError> + Send,
{
    pub(crate) fn new(channel: T) -> Self {
        Self(tonic::client::Grpc::new(channel))
    }

    pub(crate) async fn unary(&mut self, message: &'static str) -> Result<Bytes, Status> {
        self.call("/echo.Echo/Unary", message).await
    }

    pub(crate) async fn call(
        &mut self,
        path: &'static str,
        message: &'static str,
    ) -> Result<Bytes, Status> {
        self.ready().await?;
        let path = http::uri::PathAndQuery::from_static(path);
        let message = Request::new(Bytes::from(message));
        let response = self.0.unary(message, path, Plain).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn stream(
        &mut self,
        message: &'static str,
    ) -> Result<tonic::Streaming<Bytes>, Status> {
        self.ready().await?;
        let path = http::uri::PathAndQuery::from_static("/echo.Echo/Stream");
        let message = Request::new(Bytes::from(message));
        let response = self.0.server_streaming(message, path, Plain).await?;
        Ok(response.into_inner())
    }

    async fn ready(&mut self) -> Result<(), Status> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Status::unknown(error.into().to_string()))
    }
}
