//! What a layer implements.

use bytes::Buf;
use http::response::Parts;

use crate::Completion;

/// Follows one response from call to end.
///
/// An observer is made for each call, moves from the future into the body, and is used up by
/// [`on_completion`](Self::on_completion), which is called exactly once and last.
///
/// ```
/// use bytes::{Buf, Bytes};
/// use http_body_util::{BodyExt, Full};
/// use throughline_completion::{Completion, Observer, observe};
///
/// struct Size(usize);
///
/// impl Observer for Size {
///     type Entered = ();
///
///     fn enter(&self) {}
///
///     fn on_data(&mut self, data: &impl Buf) {
///         self.0 += data.remaining();
///     }
///
///     fn on_completion(self, how: Completion<'_>) {
///         assert!(matches!(how, Completion::End));
///         assert_eq!(self.0, 5);
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let body = Full::new(Bytes::from("hello"));
/// let response = observe(Size(0), || async { Ok::<_, ()>(http::Response::new(body)) });
/// let body = response.await.expect("it is Ok").into_body();
/// assert_eq!(body.collect().await?.to_bytes(), "hello");
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait Observer {
    /// What is active while the inner service, future or body runs, a span or a context; its drop
    /// leaves it. `()` for an observer that has nothing to enter.
    type Entered;

    /// Enters what is to be active.
    ///
    /// Asked for around `call`, around each poll of the future and the body, and around dropping
    /// either while it is observed; what is told meanwhile, the end included, is told within. It is
    /// left by dropping what this returns, also when a panic unwinds.
    fn enter(&self) -> Self::Entered;

    /// The head has arrived.
    ///
    /// A layer may add a header here. Returning [`Next::End`] says that the head is all there is,
    /// as with `HEAD`, `204` or a gRPC response that has its status in the head; the response is
    /// then complete, and its body passes through unobserved.
    fn on_head(&mut self, head: &mut Parts) -> Next {
        let _ = head;
        Next::Body
    }

    /// A data frame passes, of `data.remaining()` bytes.
    fn on_data(&mut self, data: &impl Buf) {
        let _ = data;
    }

    /// The response has ended. Called exactly once, last, and within what was entered.
    ///
    /// It may be called while a panic unwinds; a panic in here would then abort the process.
    fn on_completion(self, how: Completion<'_>);
}

/// What follows a head.
///
/// ```
/// use http::StatusCode;
/// use http::response::Parts;
/// use throughline_completion::{Completion, Next, Observer, observe};
/// # use bytes::Bytes;
/// # use http_body_util::Full;
///
/// struct Ends;
///
/// impl Observer for Ends {
///     type Entered = ();
///
///     fn enter(&self) {}
///
///     fn on_head(&mut self, head: &mut Parts) -> Next {
///         match head.status {
///             StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Next::End,
///             _ => Next::Body,
///         }
///     }
///
///     fn on_completion(self, how: Completion<'_>) {
///         assert!(matches!(how, Completion::Head));
///     }
/// }
///
/// # let mut response = http::Response::new(Full::new(Bytes::from("never sent")));
/// # *response.status_mut() = StatusCode::NO_CONTENT;
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let response = observe(Ends, || async { Ok::<_, ()>(response) }).await.expect("it is Ok");
/// assert!(!response.body().is_observed());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// A body follows, be it an empty one.
    #[default]
    Body,
    /// Nothing: whatever body the response carries will not be sent.
    End,
}
