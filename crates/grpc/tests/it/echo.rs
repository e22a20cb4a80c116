//! A tonic service as `tonic-build` writes it, with bytes for messages.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::uri::PathAndQuery;
use http_body::Body;
use tokio::sync::oneshot;
use tonic::{
    Code, Request, Response, Status, Streaming,
    client::GrpcService,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::NamedService,
};
use tower::{BoxError, Service, service_fn};

use crate::script::silent_panic;

pub(crate) const UNARY: &str = "echo.Echo/Unary";
pub(crate) const STREAM: &str = "echo.Echo/Stream";
pub(crate) const COLLECT: &str = "echo.Echo/Collect";
pub(crate) const CHAT: &str = "echo.Echo/Chat";

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
    gzip: bool,
}

type Messages = BoxStream<'static, Result<Bytes, Status>>;

/// The code in `code 7`.
fn code(message: &[u8]) -> Option<Code> {
    let number = str::from_utf8(message.strip_prefix(b"code ")?);
    Some(Code::from_i32(number.unwrap().parse().unwrap()))
}

impl Echo {
    /// A service, and what is told when the first answer that waits for ever is dropped.
    pub(crate) fn new() -> (Self, oneshot::Receiver<()>) {
        let (gone, is_gone) = oneshot::channel();
        let echo = Self {
            gone: Arc::new(Mutex::new(Some(Gone(Some(gone))))),
            gzip: false,
        };
        (echo, is_gone)
    }

    /// Compresses what it sends.
    pub(crate) fn gzip(self) -> Self {
        Self { gzip: true, ..self }
    }

    async fn unary(self, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        match &request.get_ref()[..] {
            b"refuse" => Err(Status::not_found("there is no such thing")),
            b"code 0" => Ok(Response::new(Bytes::new())),
            b"panic" => silent_panic(),
            b"wait" => {
                let _gone = self.gone.lock().unwrap().take();
                std::future::pending().await
            }
            message => match code(message) {
                Some(code) => Err(Status::new(code, "as it was told")),
                None => Ok(Response::new(request.into_inner())),
            },
        }
    }

    async fn stream(self, request: Request<Bytes>) -> Result<Response<Messages>, Status> {
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
            message => {
                let rest = [Ok(Bytes::from("second")), Ok(Bytes::from("third"))];
                let end = code(message)
                    .filter(|code| *code != Code::Ok)
                    .map(|code| Err(Status::new(code, "as it was told")));
                stream::iter(rest).chain(stream::iter(end)).boxed()
            }
        };
        Ok(Response::new(first.chain(rest).boxed()))
    }

    /// How many bytes there were.
    async fn collect(self, request: Request<Streaming<Bytes>>) -> Result<Response<Bytes>, Status> {
        let mut messages = request.into_inner();
        let mut sum = 0;
        while let Some(message) = messages.message().await? {
            sum += message.len();
        }
        Ok(Response::new(sum.to_string().into()))
    }

    async fn chat(self, request: Request<Streaming<Bytes>>) -> Result<Response<Messages>, Status> {
        Ok(Response::new(request.into_inner().boxed()))
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
            let mut grpc =
                tonic::server::Grpc::new(Plain).accept_compressed(CompressionEncoding::Gzip);
            if echo.gzip {
                grpc = grpc.send_compressed(CompressionEncoding::Gzip);
            }
            Ok(match request.uri().path() {
                "/echo.Echo/Unary" => {
                    let unary = service_fn(|message| echo.clone().unary(message));
                    grpc.unary(unary, request).await
                }
                "/echo.Echo/Stream" => {
                    let stream = service_fn(|message| echo.clone().stream(message));
                    grpc.server_streaming(stream, request).await
                }
                "/echo.Echo/Collect" => {
                    let collect = service_fn(|messages| echo.clone().collect(messages));
                    grpc.client_streaming(collect, request).await
                }
                "/echo.Echo/Chat" => {
                    let chat = service_fn(|messages| echo.clone().chat(messages));
                    grpc.streaming(chat, request).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// A client as `tonic-build` writes it, over whatever stands for a channel.
#[derive(Clone, Debug)]
pub(crate) struct EchoClient<T>(tonic::client::Grpc<T>);

fn path(method: &str) -> PathAndQuery {
    format!("/{method}").parse().unwrap()
}

impl<T> EchoClient<T>
where
    T: GrpcService<tonic::body::Body>,
    T::Error: Into<BoxError>,
    T::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Body>::Error: Into<BoxError> + Send,
{
    pub(crate) fn new(channel: T) -> Self {
        Self(tonic::client::Grpc::new(channel).accept_compressed(CompressionEncoding::Gzip))
    }

    /// Compresses what it sends.
    pub(crate) fn gzip(self) -> Self {
        Self(self.0.send_compressed(CompressionEncoding::Gzip))
    }

    pub(crate) async fn unary(&mut self, message: impl Into<Bytes>) -> Result<Bytes, Status> {
        self.call(UNARY, message).await
    }

    pub(crate) async fn call(
        &mut self,
        method: &str,
        message: impl Into<Bytes>,
    ) -> Result<Bytes, Status> {
        self.send(method, Request::new(message.into())).await
    }

    /// A call that both ends give up on after `timeout`.
    pub(crate) async fn unary_within(
        &mut self,
        timeout: Duration,
        message: &'static str,
    ) -> Result<Bytes, Status> {
        let mut request = Request::new(Bytes::from(message));
        request.set_timeout(timeout);
        self.send(UNARY, request).await
    }

    async fn send(&mut self, method: &str, request: Request<Bytes>) -> Result<Bytes, Status> {
        self.ready().await?;
        let response = self.0.unary(request, path(method), Plain).await?;
        Ok(response.into_inner())
    }

    pub(crate) async fn stream(
        &mut self,
        message: impl Into<Bytes>,
    ) -> Result<Streaming<Bytes>, Status> {
        self.ready().await?;
        let request = Request::new(message.into());
        let response = self.0.server_streaming(request, path(STREAM), Plain);
        Ok(response.await?.into_inner())
    }

    pub(crate) async fn collect(&mut self, messages: Vec<Bytes>) -> Result<Bytes, Status> {
        self.ready().await?;
        let request = Request::new(stream::iter(messages));
        let response = self.0.client_streaming(request, path(COLLECT), Plain);
        Ok(response.await?.into_inner())
    }

    pub(crate) async fn chat(
        &mut self,
        messages: impl stream::Stream<Item = Bytes> + Send + 'static,
    ) -> Result<Streaming<Bytes>, Status> {
        self.ready().await?;
        let request = Request::new(messages);
        let response = self.0.streaming(request, path(CHAT), Plain);
        Ok(response.await?.into_inner())
    }

    async fn ready(&mut self) -> Result<(), Status> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Status::unknown(error.into().to_string()))
    }
}
