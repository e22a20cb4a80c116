//! One piece of work, told once how it ended, also when its future is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll, ready},
    time::Duration,
};

use opentelemetry::{Context, trace::SpanBuilder};
use pin_project_lite::pin_project;
use throughline_context::Scope;
use throughline_correlation::Ids;
use tokio::time::Instant;

use crate::{ending::Ending, span, time::Timeline};

/// What a piece of work runs in.
#[derive(Debug)]
enum Within {
    /// The scope that is there, at this stage: no share of the ids is counted.
    Stage(&'static str),
    Ids(Ids),
    Span(Scope, Timeline),
}

impl Within {
    #[inline]
    fn run<R>(&mut self, work: impl FnOnce() -> R) -> R {
        match self {
            Self::Stage(stage) => {
                let _at = Ids::enter_stage(stage);
                work()
            }
            Self::Ids(ids) => ids.lend(work),
            Self::Span(scope, _) => scope.run(work),
        }
    }
}

/// A piece of work that begins: its ids, its clock, and its span if it has one.
#[derive(Debug)]
pub(crate) struct Part {
    within: Within,
    /// None where the switch is off: then nothing is told.
    started: Option<Instant>,
}

impl Part {
    /// A piece of work without a span.
    pub(crate) fn new(ids: Ids) -> Self {
        Self {
            within: Within::Ids(ids),
            started: Some(Instant::now()),
        }
    }

    /// Work without a span, at this stage of what is in scope.
    pub(crate) fn at_stage(stage: &'static str) -> Self {
        Self {
            within: Within::Stage(stage),
            started: Some(Instant::now()),
        }
    }

    /// Work that is run and no more.
    pub(crate) const fn untold(ids: Ids) -> Self {
        Self {
            within: Within::Ids(ids),
            started: None,
        }
    }

    /// Opens a span for it under the current one, on the timeline of the job in scope.
    pub(crate) fn spanned(self, make: impl Fn() -> SpanBuilder) -> Self {
        self.spanned_on(Timeline::current(), make)
    }

    /// As [`spanned`](Self::spanned), on a timeline that what is inside finds.
    pub(crate) fn begins(self, make: impl Fn() -> SpanBuilder) -> Self {
        let mut part = self.spanned_on(Timeline::start(), make);
        if let Within::Span(scope, timeline) = part.within {
            let context = scope.context().with_value(timeline);
            part.within = Within::Span(scope.with_context(context), timeline);
        }
        part
    }

    fn spanned_on(mut self, timeline: Timeline, make: impl Fn() -> SpanBuilder) -> Self {
        let start = self.started.map(|started| timeline.at(started));
        let make = || match start {
            Some(start) => make().with_start_time(start),
            None => make(),
        };
        let ids = match &self.within {
            Within::Ids(ids) => ids.clone(),
            Within::Stage(stage) => Ids::current().at_stage(stage),
            Within::Span(..) => return self,
        };
        if let Some(cx) = span::open(&Context::current(), &ids, make) {
            self.within = Within::Span(Scope::new(cx, ids), timeline);
        }
        self
    }

    /// Its span's context, if it has one.
    pub(crate) const fn context(&self) -> Option<&Context> {
        match &self.within {
            Within::Span(scope, _) => Some(scope.context()),
            _ => None,
        }
    }
}

/// A piece of work and who hears of its end.
struct Telling<E: FnOnce(Ending, Duration)> {
    part: Part,
    end: Option<E>,
    ending: Ending,
}

impl<E: FnOnce(Ending, Duration)> Telling<E> {
    const fn new(part: Part, end: E) -> Self {
        Self {
            part,
            end: Some(end),
            ending: Ending::Cancelled,
        }
    }

    /// Once.
    #[inline]
    fn tell(&mut self) {
        let (Some(end), Some(started)) = (self.end.take(), self.part.started) else {
            return;
        };
        let took = started.elapsed();
        let Within::Span(scope, timeline) = &self.part.within else {
            return end(self.ending, took);
        };
        // In the span, so that whoever keeps exemplars finds it.
        scope.run(|| end(self.ending, took));
        span::close(scope, self.ending, timeline.at(started + took));
    }
}

impl<E: FnOnce(Ending, Duration)> Drop for Telling<E> {
    #[inline]
    fn drop(&mut self) {
        self.tell();
    }
}

pin_project! {
    /// The future of [`timed`].
    pub(crate) struct Timed<W, E: FnOnce(Ending, Duration)> {
        // `None` once it has ended: it is dropped in place, in its scope.
        #[pin]
        work: Option<W>,
        // Dropped after the work, also where that panics.
        telling: Telling<E>,
    }

    impl<W, E: FnOnce(Ending, Duration)> PinnedDrop for Timed<W, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.work.is_some() {
                this.telling.part.within.run(|| this.work.set(None));
            }
        }
    }
}

/// Runs `work` and gives `end` its ending and how long it took.
pub(crate) const fn timed<T, R, W, E>(part: Part, end: E, work: W) -> Timed<W, E>
where
    W: Future<Output = Result<T, R>>,
    E: FnOnce(Ending, Duration),
{
    Timed {
        work: Some(work),
        telling: Telling::new(part, end),
    }
}

impl<T, R, W, E> Future for Timed<W, E>
where
    W: Future<Output = Result<T, R>>,
    E: FnOnce(Ending, Duration),
{
    type Output = Result<T, R>;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Result<T, R>> {
        let mut this = self.project();
        let Telling { part, ending, .. } = &mut *this.telling;
        // How it is left: in a poll it has panicked, between two it is cancelled.
        *ending = Ending::Panicked;
        let result = part.within.run(|| {
            let work = this.work.as_mut().as_pin_mut();
            let polled = work.expect("it is not polled after its end").poll(task);
            if polled.is_ready() {
                this.work.set(None);
            }
            polled
        });
        *ending = Ending::Cancelled;
        let result = ready!(result);
        *ending = Ending::of(&result);
        this.telling.tell();
        Poll::Ready(result)
    }
}

/// As [`timed`], of work that does not wait.
pub(crate) fn timed_call<T, R>(
    part: Part,
    end: impl FnOnce(Ending, Duration),
    work: impl FnOnce() -> Result<T, R>,
) -> Result<T, R> {
    let mut telling = Telling::new(part, end);
    telling.ending = Ending::Panicked;
    let result = telling.part.within.run(work);
    telling.ending = Ending::of(&result);
    result
}
