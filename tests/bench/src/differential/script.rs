//! A response's body as it was written down before.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use tonic::Status;

enum Step {
    Frame(Frame<Bytes>),
    Wait(Pin<Box<dyn Future<Output = ()> + Send>>),
    Forever,
}

/// What the body does, step by step; then it ends.
#[derive(Default)]
pub struct Script(VecDeque<Step>);

impl Script {
    pub fn messages(self, count: usize) -> Self {
        (0..count).fold(self, |script, _| script.data(message()))
    }

    pub fn data(mut self, data: Bytes) -> Self {
        self.0.push_back(Step::Frame(Frame::data(data)));
        self
    }

    pub fn status(mut self, status: &'static str) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(status));
        self.0.push_back(Step::Frame(Frame::trailers(trailers)));
        self
    }

    /// Does something, within the body's poll.
    pub fn then(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.0.push_back(Step::Wait(Box::pin(work)));
        self
    }

    pub fn forever(mut self) -> Self {
        self.0.push_back(Step::Forever);
        self
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            match self.0.front_mut() {
                Some(Step::Wait(work)) => {
                    ready!(work.as_mut().poll(cx));
                    self.0.pop_front();
                }
                Some(Step::Forever) => return Poll::Pending,
                Some(Step::Frame(_)) | None => break,
            }
        }
        Poll::Ready(match self.0.pop_front() {
            Some(Step::Frame(frame)) => Some(Ok(frame)),
            _ => None,
        })
    }
}

/// A message of five bytes, in its frame.
pub fn message() -> Bytes {
    framed(0, b"hello")
}

/// The last frame of gRPC-Web, with its trailers.
pub fn web_status(status: &str) -> Bytes {
    framed(0x80, format!("grpc-status:{status}\r\n").as_bytes())
}

fn framed(flags: u8, content: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + content.len());
    frame.put_u8(flags);
    frame.put_u32(content.len() as u32);
    frame.put_slice(content);
    frame.freeze()
}
