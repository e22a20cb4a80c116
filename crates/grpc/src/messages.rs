//! Counting messages: whether a layer does, and how a request's body is wrapped for it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::wire::{Passed, Reader};

/// A layer that counts no messages, and leaves the request's body as it is.
#[derive(Clone, Copy, Debug)]
pub struct Uncounted(());

/// A layer that counts messages, and wraps the request's body for that.
#[derive(Clone, Copy, Debug)]
pub struct Counted(());

/// How a layer treats the bodies of a call: [`Uncounted`] takes any, [`Counted`] those that it can
/// wrap into their own type.
pub trait Messages<B, R>: sealed::Sealed {
    #[doc(hidden)]
    const COUNTS: bool;

    #[doc(hidden)]
    fn wrap(request: Request<B>, meter: impl FnOnce(&HeaderMap) -> Option<Meter>) -> Request<B>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Uncounted {}
    impl Sealed for super::Counted {}
}

impl<B, R> Messages<B, R> for Uncounted {
    const COUNTS: bool = false;

    fn wrap(request: Request<B>, _: impl FnOnce(&HeaderMap) -> Option<Meter>) -> Request<B> {
        request
    }
}

impl<B: Rewrap, R: Body<Data = Bytes>> Messages<B, R> for Counted {
    const COUNTS: bool = true;

    fn wrap(request: Request<B>, meter: impl FnOnce(&HeaderMap) -> Option<Meter>) -> Request<B> {
        if request.body().is_end_stream() {
            return request;
        }
        match meter(request.headers()) {
            Some(meter) => request.map(|inner| B::rewrap(MessageBody { inner, meter })),
            None => request,
        }
    }
}

/// A body that can hold a wrapped one of its own type. The services inside ask for exactly the type
/// that they know, so a layer that looks at a request's body has to give them that.
///
/// It is there for tonic's body with the feature `tonic`, and for axum's with `axum`. For another:
///
/// ```
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use http_body::{Body, Frame};
/// use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
/// use throughline_grpc::{MessageBody, Rewrap};
///
/// struct Mine(UnsyncBoxBody<Bytes, Infallible>);
///
/// impl Body for Mine {
///     type Data = Bytes;
///     type Error = Infallible;
/// #   fn poll_frame(
/// #       mut self: std::pin::Pin<&mut Self>,
/// #       cx: &mut std::task::Context<'_>,
/// #   ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
/// #       std::pin::Pin::new(&mut self.0).poll_frame(cx)
/// #   }
///     // …
/// }
///
/// impl Rewrap for Mine {
///     fn rewrap(body: MessageBody<Self>) -> Self {
///         Self(body.boxed_unsync())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "messages of requests with the body `{Self}` cannot be counted",
    label = "cannot be wrapped into its own type",
    note = "turn on the feature `tonic` or `axum`, or implement `Rewrap` for a body of your own"
)]
pub trait Rewrap: Body<Data = Bytes> + Sized {
    /// Boxes the wrapped body.
    fn rewrap(body: MessageBody<Self>) -> Self;
}

#[cfg(feature = "tonic")]
impl Rewrap for tonic::body::Body {
    fn rewrap(body: MessageBody<Self>) -> Self {
        Self::new(body)
    }
}

#[cfg(feature = "axum")]
impl Rewrap for axum_core::body::Body {
    fn rewrap(body: MessageBody<Self>) -> Self {
        Self::new(body)
    }
}

pin_project! {
    /// A request's body whose messages are counted: the same frames.
    #[derive(Debug)]
    pub struct MessageBody<B> {
        #[pin]
        inner: B,
        meter: Meter,
    }
}

impl<B: Body<Data = Bytes>> Body for MessageBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.meter.read(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// How many messages a request has had so far, and their bytes. Shared by the request's body and the
/// call's observer, which may be in two tasks.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Totals {
    fn add(&self, passed: Passed) {
        self.messages.fetch_add(passed.messages, Ordering::Relaxed);
        self.bytes.fetch_add(passed.bytes, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Passed {
        Passed {
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Counts the messages of a request.
#[doc(hidden)]
#[derive(Debug)]
pub struct Meter {
    reader: Reader,
    totals: Arc<Totals>,
    #[cfg(feature = "metrics")]
    live: Option<Live>,
}

/// Where messages are counted as they pass.
#[cfg(feature = "metrics")]
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) config: Arc<crate::layer::Config>,
    pub(crate) era: throughline_catalog::Era,
    pub(crate) call: crate::call::Call,
}

impl Meter {
    pub(crate) fn new(
        reader: Reader,
        totals: Arc<Totals>,
        #[cfg(feature = "metrics")] live: Option<Live>,
    ) -> Self {
        Self {
            reader,
            totals,
            #[cfg(feature = "metrics")]
            live,
        }
    }

    fn read(&mut self, data: &[u8]) {
        let passed = self.reader.read(data);
        if passed.messages == 0 {
            return;
        }
        self.totals.add(passed);
        #[cfg(feature = "metrics")]
        if let Some(Live { config, era, call }) = &self.live {
            config.request_flow().passed(*era, call, passed);
        }
    }
}
