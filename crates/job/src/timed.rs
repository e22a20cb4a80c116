//! One piece of work, told once how it ended, also when its future is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll},
    time::Duration,
};

use opentelemetry::{Context, trace::SpanBuilder};
use pin_project_lite::pin_project;
use throughline_context::{InScope, Scope};
use throughline_correlation::{Ids, InScope as InIds};
use tokio::time::Instant;

use crate::{ending::Ending, span, time::Timeline};

/// A piece of work that begins: its ids, its clock, and its span if it has one.
#[derive(Debug)]
pub(crate) struct Part {
    ids: Ids,
    /// None where the switch is off: then nothing is told.
    started: Option<Instant>,
    span: Option<(Scope, Timeline)>,
}

impl Part {
    /// A piece of work without a span.
    pub(crate) fn new(ids: Ids) -> Self {
        Self {
            ids,
            started: Some(Instant::now()),
            span: None,
        }
    }

    /// Work that is run and no more.
    pub(crate) const fn untold(ids: Ids) -> Self {
        Self {
            ids,
            started: None,
            span: None,
        }
    }

    /// Opens a span for it under the current one, on the timeline of the job in scope.
    pub(crate) fn spanned(self, make: impl Fn() -> SpanBuilder) -> Self {
        self.spanned_on(Timeline::current(), make)
    }

    /// As [`spanned`](Self::spanned), on a timeline that what is inside finds.
    pub(crate) fn begins(self, make: impl Fn() -> SpanBuilder) -> Self {
        let part = self.spanned_on(Timeline::start(), make);
        let span = part.span.map(|(scope, timeline)| {
            let context = scope.context().with_value(timeline);
            (scope.with_context(context), timeline)
        });
        Self { span, ..part }
    }

    fn spanned_on(mut self, timeline: Timeline, make: impl Fn() -> SpanBuilder) -> Self {
        let start = self.started.map(|started| timeline.at(started));
        let make = || match start {
            Some(start) => make().with_start_time(start),
            None => make(),
        };
        let opened = span::open(&Context::current(), &self.ids, make);
        self.span = opened.map(|cx| (Scope::new(cx, self.ids.clone()), timeline));
        self
    }

    /// Its span's context, if it has one.
    pub(crate) fn context(&self) -> Option<&Context> {
        self.span.as_ref().map(|(scope, _)| scope.context())
    }

    /// Once: the ids go along with the work.
    fn around<F>(&mut self, work: F) -> Within<F> {
        match &self.span {
            Some((scope, _)) => Within::Span {
                work: scope.clone().around(work),
            },
            None => Within::Ids {
                work: std::mem::take(&mut self.ids).around(work),
            },
        }
    }

    fn run<R>(&mut self, work: impl FnOnce() -> R) -> R {
        match &self.span {
            Some((scope, _)) => scope.run(work),
            None => std::mem::take(&mut self.ids).run(work),
        }
    }
}

/// Runs `work` and gives `end` its ending and how long it took.
pub(crate) async fn timed<T, E>(
    part: Part,
    end: impl FnOnce(Ending, Duration),
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let mut guard = Guard::new(part, end);
    let work = guard.part.around(work);
    let result = Noting {
        work,
        ending: &mut guard.ending,
    }
    .await;
    guard.ending = Ending::of(&result);
    result
}

/// As [`timed`], of work that does not wait.
pub(crate) fn timed_call<T, E>(
    part: Part,
    end: impl FnOnce(Ending, Duration),
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mut guard = Guard::new(part, end);
    guard.ending = Ending::Panicked;
    let result = guard.part.run(work);
    guard.ending = Ending::of(&result);
    result
}

struct Guard<F: FnOnce(Ending, Duration)> {
    part: Part,
    end: Option<F>,
    ending: Ending,
}

impl<F: FnOnce(Ending, Duration)> Guard<F> {
    const fn new(part: Part, end: F) -> Self {
        Self {
            part,
            end: Some(end),
            ending: Ending::Cancelled,
        }
    }
}

impl<F: FnOnce(Ending, Duration)> Drop for Guard<F> {
    fn drop(&mut self) {
        let (Some(end), Some(started)) = (self.end.take(), self.part.started) else {
            return;
        };
        let took = started.elapsed();
        let Some((scope, timeline)) = &self.part.span else {
            return end(self.ending, took);
        };
        // In the span, so that whoever keeps exemplars finds it.
        scope.run(|| end(self.ending, took));
        span::close(scope, self.ending, timeline.at(started + took));
    }
}

pin_project! {
    /// Notes how the work is left: in a poll as panicked, between two as cancelled.
    struct Noting<'a, F> {
        #[pin]
        work: F,
        ending: &'a mut Ending,
    }
}

impl<F: Future> Future for Noting<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<F::Output> {
        let this = self.project();
        **this.ending = Ending::Panicked;
        let result = this.work.poll(task);
        **this.ending = Ending::Cancelled;
        result
    }
}

pin_project! {
    /// Work in its span, or with its ids alone.
    #[project = WithinProjection]
    enum Within<F> {
        Span { #[pin] work: InScope<F> },
        Ids { #[pin] work: InIds<F> },
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<F::Output> {
        match self.project() {
            WithinProjection::Span { work } => work.poll(task),
            WithinProjection::Ids { work } => work.poll(task),
        }
    }
}
