//! Stages: the steps of a job.

use std::{future::Future, marker::PhantomData, time::Duration};

use opentelemetry::trace::{SpanBuilder, SpanKind};
use throughline_catalog::{Era, Family, Histogram, Label, Labels};

use crate::{
    ending::Ending,
    name::joined,
    span,
    timed::{Part, Piece, timed},
};

/// The labels of a stage's time: the stage, and how it ended if that is one; or none, for a family
/// that is about one stage alone.
pub trait StageLabels<S>: Labels {
    /// The index of the labels' values for this stage and ending.
    fn index_of(stage: S, ending: Ending) -> usize;
}

impl<S: Label> StageLabels<S> for () {
    fn index_of(_: S, _: Ending) -> usize {
        0
    }
}

impl<S: Label> StageLabels<S> for (S,) {
    fn index_of(stage: S, _: Ending) -> usize {
        (stage,).index()
    }
}

impl<S: Label> StageLabels<S> for (S, Ending) {
    fn index_of(stage: S, ending: Ending) -> usize {
        (stage, ending).index()
    }
}

/// Runs one stage of a job: in a span `stage {name}`, with the stage in scope for log lines, and its
/// time, in seconds, in `family`.
///
/// The time is recorded once however the stage ends, also when its future is dropped. Stages may be
/// nested, and several may run at once: each is in scope of its own work, and the stage of an outer
/// scope comes back afterwards; its time includes that of the inner ones.
///
/// The span is part of the trace in scope. Where there is none, or it is not recorded, there is no span,
/// and nothing is allocated.
///
/// # Errors
/// Whatever the work returns; an `Err` marks the span as failed.
///
/// ```
/// use throughline_catalog::{catalog, label};
/// use throughline_correlation::Ids;
/// use throughline_job::stage;
///
/// label! { pub enum Stage { Fetch = "fetch", Render = "render" } }
///
/// catalog! { pub mod pages, budget 20;
///     /// Time in a stage.
///     histogram pages_stage_duration_seconds { stage: Stage } buckets [0.01, 0.1, 1.0];
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// let page = stage(pages::pages_stage_duration_seconds, Stage::Render, async {
///     assert_eq!(Ids::current().stage(), Some("render"));
///     Ok::<_, std::io::Error>("<p>hello</p>")
/// });
/// assert_eq!(page.await.unwrap(), "<p>hello</p>");
/// # let (key, ..) = recorder.snapshotter().snapshot().into_vec().remove(0);
/// # assert_eq!(key.key().to_string(), "Key(pages_stage_duration_seconds, [stage = render])");
/// # }
/// ```
pub fn stage<F, S, T, E>(
    family: F,
    stage: S,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>>
where
    F: Family<Handle = Histogram>,
    F::Labels: StageLabels<S>,
    S: Label,
{
    let _ = family;
    let piece = Stage::<F, S> {
        stage,
        family: PhantomData,
    };
    timed(piece, work)
}

struct Stage<F, S> {
    stage: S,
    family: PhantomData<fn(F)>,
}

impl<F, S, T> Piece<T> for Stage<F, S>
where
    F: Family<Handle = Histogram>,
    F::Labels: StageLabels<S>,
    S: Label,
{
    #[inline]
    fn begin(&self, part: &mut Part) {
        if !span::helps() {
            return;
        }
        let name = S::text(self.stage.index());
        part.at_stage(name);
        part.start();
        if span::is_wanted() {
            part.spanned(|| {
                SpanBuilder::from_name(joined("stage", name)).with_kind(SpanKind::Internal)
            });
        }
    }

    #[inline]
    fn end(&self, era: Option<Era>, ending: Ending, took: Duration) {
        if let Some(era) = era {
            let index = <F::Labels as StageLabels<S>>::index_of(self.stage, ending);
            F::store().with(era, index, |time| time.record(took));
        }
    }
}
