//! Observing allocates nothing. In a process of its own, as its allocator counts.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use http::response::Parts;
use http::{HeaderMap, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use throughline_completion::{Completion, Next, Observer, observe};

struct Count {
    heads: usize,
    bytes: usize,
    ended: fn(Completion<'_>) -> bool,
}

impl Observer for Count {
    type Entered = ();

    fn enter(&self) {}

    fn on_head(&mut self, _: &mut Parts) -> Next {
        self.heads += 1;
        Next::Body
    }

    fn on_data(&mut self, data: &impl Buf) {
        self.bytes += data.remaining();
    }

    fn on_completion(self, how: Completion<'_>) {
        assert_eq!((self.heads, self.bytes), (1, 5));
        assert!((self.ended)(how));
    }
}

#[track_caller]
fn check<B>(body: B, ended: fn(Completion<'_>) -> bool)
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    // One header, so that the head has something to carry that was allocated.
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert("x-inner", "kept".parse().unwrap());

    let counted = allocation_counter::measure(|| {
        let observer = Count {
            heads: 0,
            bytes: 0,
            ended,
        };
        let future = observe(observer, || ready(Ok::<_, Infallible>(response)));
        let response = future.now_or_never().unwrap().unwrap();
        assert_eq!(response.headers()["x-inner"], "kept");
        let mut body = pin!(response.into_body());
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut cx) {}
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_response_read_to_its_end_allocates_nothing() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(counted.count_total, 1, "the allocator counts");

    check(Full::new(Bytes::from("hello")), |how| {
        matches!(how, Completion::End)
    });
    check(
        Full::new(Bytes::from("hello")).with_trailers(ready(Some(Ok(HeaderMap::new())))),
        |how| matches!(how, Completion::Trailers(_)),
    );
}
