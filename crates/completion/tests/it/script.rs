//! A service, a future and a body that do what a script says.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use throughline_completion::{Next, Point};

use crate::witness::Notes;

/// What a future does before it is ready.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wait {
    Pending,
    Panic,
}

/// What a body does at a poll. After its last step it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Pending,
    /// As many bytes as [`size`] says.
    Data,
    Trailers,
    Error,
    Panic,
    /// Ends when polled.
    End,
    /// Is at its end, and says so by `is_end_stream` before it is polled.
    AtEnd,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Error,
    Head(Next, Vec<Step>),
}

/// One call, and what is done with it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) call_panics: bool,
    pub(crate) waits: Vec<Wait>,
    pub(crate) outcome: Outcome,
    /// The future or the body panics when it is dropped.
    pub(crate) drop_panics: Option<Point>,
    /// How often future and body together are polled before they are dropped.
    pub(crate) polls: usize,
    /// Whether the reader asks `is_end_stream` around each poll.
    pub(crate) asks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ScriptError(pub(crate) usize);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} failed", self.0)
    }
}

impl std::error::Error for ScriptError {}

/// The size of the data frame at `index`; an empty one is among them.
pub(crate) fn size(index: usize) -> usize {
    [3, 1, 0, 7][index % 4]
}

pub(crate) fn trailers(index: usize) -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from(index))])
}

/// Panics without the hook, whose output would bury the tests'.
pub(crate) fn scripted_panic() -> ! {
    resume_unwind(Box::new("scripted"))
}

fn dropped(notes: Option<&Notes>, what: &'static str, panics: bool) {
    if let Some(notes) = notes {
        notes.inner_runs(what);
    }
    // A second panic would abort, whether wrapped or not.
    if panics && !std::thread::panicking() {
        scripted_panic();
    }
}

/// Calls the scripted service; with `notes` if somebody observes.
pub(crate) fn call(case: &Case, notes: Option<&Arc<Notes>>) -> ScriptedFuture {
    if let Some(notes) = notes {
        notes.inner_runs("call");
    }
    if case.call_panics {
        scripted_panic();
    }
    ScriptedFuture {
        case: case.clone(),
        notes: notes.cloned(),
        at: 0,
    }
}

pub(crate) struct ScriptedFuture {
    case: Case,
    notes: Option<Arc<Notes>>,
    at: usize,
}

impl Future for ScriptedFuture {
    type Output = Result<Response<ScriptedBody>, ScriptError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(notes) = &self.notes {
            notes.inner_runs("future's poll");
        }
        let at = self.at;
        self.at += 1;
        match self.case.waits.get(at) {
            Some(Wait::Pending) => Poll::Pending,
            Some(Wait::Panic) => scripted_panic(),
            None => Poll::Ready(match &self.case.outcome {
                Outcome::Error => Err(ScriptError(at)),
                Outcome::Head(_, steps) => {
                    let mut body = ScriptedBody::new(steps, self.notes.as_ref());
                    body.drop_panics = self.case.drop_panics == Some(Point::Body);
                    let mut response = Response::new(body);
                    *response.status_mut() = StatusCode::IM_A_TEAPOT;
                    *response.version_mut() = Version::HTTP_2;
                    response
                        .headers_mut()
                        .insert("x-inner", HeaderValue::from_static("kept"));
                    response.extensions_mut().insert(ScriptError(at));
                    Ok(response)
                }
            }),
        }
    }
}

impl Drop for ScriptedFuture {
    fn drop(&mut self) {
        let panics = self.case.drop_panics == Some(Point::Future);
        dropped(self.notes.as_deref(), "future's drop", panics);
    }
}

#[derive(Debug, Default)]
pub(crate) struct ScriptedBody {
    steps: Vec<Step>,
    notes: Option<Arc<Notes>>,
    at: usize,
    drop_panics: bool,
}

impl ScriptedBody {
    pub(crate) fn new(steps: &[Step], notes: Option<&Arc<Notes>>) -> Self {
        Self {
            steps: steps.to_vec(),
            notes: notes.cloned(),
            at: 0,
            drop_panics: false,
        }
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = ScriptError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ScriptError>>> {
        if let Some(notes) = &self.notes {
            notes.inner_runs("body's poll");
        }
        let at = self.at;
        self.at += 1;
        match self.steps.get(at) {
            Some(Step::Pending) => Poll::Pending,
            Some(Step::Data) => {
                let data = Bytes::from(vec![b'a' + (at % 26) as u8; size(at)]);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Step::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(trailers(at))))),
            Some(Step::Error) => Poll::Ready(Some(Err(ScriptError(at)))),
            Some(Step::Panic) => scripted_panic(),
            Some(Step::End | Step::AtEnd) | None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.get(self.at) == Some(&Step::AtEnd)
    }

    /// A hint that differs at each step.
    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower((self.steps.len().saturating_sub(self.at)) as u64);
        hint.set_upper((self.steps.len() + self.at) as u64);
        hint
    }
}

impl Drop for ScriptedBody {
    fn drop(&mut self) {
        dropped(self.notes.as_deref(), "body's drop", self.drop_panics);
    }
}
