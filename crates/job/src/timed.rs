//! One piece of work, told once how it ended, also when its future is dropped.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context as Task, Poll, ready},
    time::Duration,
};

use opentelemetry::{Context, trace::SpanBuilder};
use pin_project_lite::pin_project;
use throughline_catalog::Era;
use throughline_context::Scope;
use throughline_correlation::Ids;
use tokio::time::Instant;

use crate::{ending::Ending, span, time::Timeline};

/// A kind of work: what there is to do at its beginning and at its end.
pub(crate) trait Piece<T> {
    /// It begins, at the first poll: says in `part` what it runs in. A part that is left as it is has
    /// no clock, and its end is not told.
    fn begin(&self, part: &mut Part);

    /// It has an answer, and has not ended yet. This is called in its scope; `has_span` says whether the
    /// span there is its own.
    #[inline]
    fn answered(&mut self, _era: Option<Era>, _has_span: bool, _answer: &T) {}

    /// It has ended. `era` is that of its beginning; none where nothing is counted.
    fn end(&self, era: Option<Era>, ending: Ending, took: Duration);
}

/// What a piece of work runs in that is its own.
#[derive(Debug)]
enum Own {
    Ids(Ids),
    Span(Scope, Timeline),
}

impl Own {
    // Beside the way of what has none, which is short.
    #[inline(never)]
    fn run<R>(&mut self, work: impl FnOnce() -> R) -> R {
        match self {
            Self::Ids(ids) => ids.lend(work),
            Self::Span(scope, _) => scope.run(work),
        }
    }
}

/// A piece of work that goes on: its scope, its clock, and its span if it has one.
///
/// It is changed where it lies and never moved: a scope is large, and most pieces have none.
#[derive(Debug)]
pub(crate) struct Part {
    /// If it has nothing of its own, it runs in the scope that is there, and at this stage of it: no
    /// share of the ids is counted.
    stage: Option<&'static str>,
    own: Option<Own>,
    /// None where the switch is off: then nothing is told.
    started: Option<Instant>,
    era: Option<Era>,
}

impl Part {
    const fn new() -> Self {
        Self {
            stage: None,
            own: None,
            started: None,
            era: None,
        }
    }

    /// Begins it.
    #[inline]
    pub(crate) fn start(&mut self) {
        self.era = span::counts().then(Era::current);
        // Last, so that the clock tells of nothing but the work.
        self.started = Some(Instant::now());
    }

    /// Has it run at this stage.
    #[inline]
    pub(crate) const fn at_stage(&mut self, stage: &'static str) {
        self.stage = Some(stage);
    }

    /// Has it run with these ids.
    pub(crate) fn with(&mut self, ids: Ids) {
        self.own = Some(Own::Ids(ids));
    }

    #[inline]
    fn run<R>(&mut self, work: impl FnOnce() -> R) -> R {
        match &mut self.own {
            None => {
                let _at = self.stage.map(Ids::enter_stage);
                work()
            }
            Some(own) => own.run(work),
        }
    }

    /// Opens a span for it under the current one, on the timeline of the job in scope.
    #[cold]
    pub(crate) fn spanned(&mut self, make: impl Fn() -> SpanBuilder) {
        self.spanned_on(Timeline::current(), make);
    }

    /// As [`spanned`](Self::spanned), on a timeline that what is inside finds.
    pub(crate) fn begins(&mut self, make: impl Fn() -> SpanBuilder) {
        self.spanned_on(Timeline::start(), make);
        if let Some(Own::Span(scope, timeline)) = &mut self.own {
            let context = scope.context().with_value(*timeline);
            *scope = std::mem::take(scope).with_context(context);
        }
    }

    fn spanned_on(&mut self, timeline: Timeline, make: impl Fn() -> SpanBuilder) {
        let start = self.started.map(|started| timeline.at(started));
        let make = || match start {
            Some(start) => make().with_start_time(start),
            None => make(),
        };
        let ids = match (&self.own, self.stage) {
            (Some(Own::Ids(ids)), _) => ids.clone(),
            (_, Some(stage)) => Ids::current().at_stage(stage),
            _ => Ids::current(),
        };
        if let Some(cx) = span::open(&Context::current(), &ids, make) {
            self.own = Some(Own::Span(Scope::new(cx, ids), timeline));
        }
    }

    /// Whether the span in its scope is its own.
    const fn has_span(&self) -> bool {
        matches!(self.own, Some(Own::Span(..)))
    }
}

/// A piece of work, and how it ends if it is left now: nothing before its beginning, nor once that is
/// told.
struct Telling<T, P: Piece<T>> {
    piece: P,
    part: Part,
    ending: Option<Ending>,
    answer: PhantomData<fn(T)>,
}

impl<T, P: Piece<T>> Telling<T, P> {
    const fn new(piece: P) -> Self {
        Self {
            piece,
            part: Part::new(),
            ending: None,
            answer: PhantomData,
        }
    }

    /// Its end, if it has begun and that is not told yet.
    #[inline]
    fn tell(&mut self) {
        let (Some(ending), Some(started)) = (self.ending.take(), self.part.started) else {
            return;
        };
        let took = started.elapsed();
        if self.part.has_span() {
            self.tell_span(ending, started, took);
        } else {
            self.piece.end(self.part.era, ending, took);
        }
    }

    #[inline(never)]
    fn tell_span(&mut self, ending: Ending, started: Instant, took: Duration) {
        let Some(Own::Span(scope, timeline)) = &self.part.own else {
            return;
        };
        // In the span, so that whoever keeps exemplars finds it.
        scope.run(|| self.piece.end(self.part.era, ending, took));
        span::close(scope, ending, timeline.at(started + took));
    }

    /// As it is dropped: mostly there is nothing left to tell.
    #[cold]
    #[inline(never)]
    fn tell_late(&mut self) {
        self.tell();
    }
}

impl<T, P: Piece<T>> Drop for Telling<T, P> {
    #[inline]
    fn drop(&mut self) {
        if self.ending.is_some() {
            self.tell_late();
        }
    }
}

pin_project! {
    /// The future of [`timed`].
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Timed<W, T, P: Piece<T>> {
        // `None` once it has ended: it is dropped in place, in its scope.
        #[pin]
        work: Option<W>,
        // Dropped after the work, also where that panics.
        telling: Telling<T, P>,
    }

    impl<W, T, P: Piece<T>> PinnedDrop for Timed<W, T, P> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.work.is_some() {
                leave(this.work, &mut this.telling.part);
            }
        }
    }
}

/// Drops work that has not ended.
#[cold]
#[inline(never)]
fn leave<W>(mut work: Pin<&mut Option<W>>, part: &mut Part) {
    part.run(|| work.set(None));
}

/// Runs `work` as a piece of this kind, which begins with the first poll.
pub(crate) const fn timed<T, E, W, P>(piece: P, work: W) -> Timed<W, T, P>
where
    W: Future<Output = Result<T, E>>,
    P: Piece<T>,
{
    Timed {
        work: Some(work),
        telling: Telling::new(piece),
    }
}

impl<T, E, W, P> Future for Timed<W, T, P>
where
    W: Future<Output = Result<T, E>>,
    P: Piece<T>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        assert!(this.work.is_some(), "it is not polled after its end");
        let telling = &mut *this.telling;
        if telling.ending.is_none() {
            telling.piece.begin(&mut telling.part);
        }
        // How it is left: in a poll it has panicked, between two it is cancelled.
        telling.ending = Some(Ending::Panicked);
        let (piece, part) = (&mut telling.piece, &mut telling.part);
        let (era, has_span) = (part.era, part.has_span());
        let result = part.run(|| {
            let work = this.work.as_mut().as_pin_mut();
            let result = ready!(work.expect("it was there").poll(task));
            if let Ok(answer) = &result {
                piece.answered(era, has_span, answer);
            }
            this.work.set(None);
            Poll::Ready(result)
        });
        telling.ending = Some(Ending::Cancelled);
        let result = ready!(result);
        telling.ending = Some(Ending::of(&result));
        telling.tell();
        Poll::Ready(result)
    }
}

/// As [`timed`], of work that does not wait.
pub(crate) fn timed_call<T, E, P: Piece<T>>(
    piece: P,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mut telling = Telling::new(piece);
    telling.piece.begin(&mut telling.part);
    telling.ending = Some(Ending::Panicked);
    let (piece, part) = (&mut telling.piece, &mut telling.part);
    let (era, has_span) = (part.era, part.has_span());
    let result = part.run(|| {
        let result = work();
        if let Ok(answer) = &result {
            piece.answered(era, has_span, answer);
        }
        result
    });
    telling.ending = Some(Ending::of(&result));
    result
}
