//! Polls a call as a server would, and writes down what a server would see.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, Version};
use http_body::{Body, SizeHint};
use throughline_completion::{Next, Point, observe};

use crate::script::{Case, Outcome, ScriptError, call};
use crate::witness::{Notes, Witness};

/// What comes out of a future or a body.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Panicked,
    Pending,
    Error(ScriptError),
    Head(StatusCode, Version, HeaderMap, Option<ScriptError>),
    Data(Bytes),
    Trailers(HeaderMap),
    End,
    Hint {
        lower: u64,
        upper: Option<u64>,
        ended: Option<bool>,
    },
}

/// What a server sees of the scripted service alone.
pub(crate) fn bare(case: &Case) -> Vec<Seen> {
    drive(case, || call(case, None))
}

/// What a server sees of it when it is observed.
pub(crate) fn observed(case: &Case, notes: &Arc<Notes>) -> Vec<Seen> {
    let next = match case.outcome {
        Outcome::Head(next, _) => next,
        Outcome::Error => Next::Body,
    };
    let mut seen = drive(case, || {
        observe(Witness::new(notes, next), || call(case, Some(notes)))
    });
    // The header that the observer adds is the only thing that may differ.
    for seen in &mut seen {
        if let Seen::Head(_, _, headers, _) = seen {
            assert_eq!(headers.remove("x-witness").unwrap(), "was here");
        }
    }
    seen
}

fn drive<F, B>(case: &Case, start: impl FnOnce() -> F) -> Vec<Seen>
where
    F: Future<Output = Result<Response<B>, ScriptError>>,
    B: Body<Data = Bytes, Error = ScriptError>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut polls = 0..case.polls;
    let mut seen = Vec::new();

    let Some(future) = caught(start) else {
        return vec![Seen::Panicked];
    };
    let mut future = Box::pin(future);
    let mut response = None;
    for _ in polls.by_ref() {
        seen.push(match caught(|| future.as_mut().poll(&mut cx)) {
            // Its remains may be what panicked, and then it must not be polled again.
            None if case.drop_panics == Some(Point::Future) => break,
            None => Seen::Panicked,
            Some(Poll::Pending) => Seen::Pending,
            Some(Poll::Ready(Err(error))) => {
                seen.push(Seen::Error(error));
                break;
            }
            Some(Poll::Ready(Ok(ready))) => {
                response = Some(ready);
                break;
            }
        });
    }
    caught(|| drop(future));
    let Some(response) = response else {
        return seen;
    };

    let (head, body) = response.into_parts();
    let extension = head.extensions.get().copied();
    seen.push(Seen::Head(
        head.status,
        head.version,
        head.headers,
        extension,
    ));

    let mut body = Box::pin(body);
    for _ in polls {
        seen.push(hint(case, &*body));
        seen.push(match caught(|| body.as_mut().poll_frame(&mut cx)) {
            None => Seen::Panicked,
            Some(Poll::Pending) => Seen::Pending,
            Some(Poll::Ready(None)) => Seen::End,
            Some(Poll::Ready(Some(Err(error)))) => Seen::Error(error),
            Some(Poll::Ready(Some(Ok(frame)))) => match frame.into_data() {
                Ok(data) => Seen::Data(data),
                Err(frame) => Seen::Trailers(frame.into_trailers().unwrap()),
            },
        });
    }
    seen.push(hint(case, &*body));
    caught(|| drop(body));
    seen
}

fn hint(case: &Case, body: &impl Body) -> Seen {
    let hint: SizeHint = body.size_hint();
    let ended = case.asks.then(|| body.is_end_stream());
    Seen::Hint {
        lower: hint.lower(),
        upper: hint.upper(),
        ended,
    }
}

fn caught<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}
