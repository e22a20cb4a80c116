//! A job: work that outlives the request which asked for it.

use std::{borrow::Cow, future::Future, time::Duration};

use opentelemetry::trace::{SpanBuilder, SpanKind};
use throughline_catalog::Era;
use throughline_correlation::{Ids, JobId};

use crate::{
    ending::Ending,
    span,
    timed::{Part, Piece, timed},
};

/// Runs the work of a job: in a span of its own under the current one, with the job's id in scope
/// for log lines and for the services that it calls.
///
/// `name` is the kind of work, not the job: `run circuit`.
///
/// # Errors
/// Whatever the work returns; an `Err` marks the span as failed.
///
/// ```
/// use throughline_correlation::{Ids, JobId};
/// use throughline_job::job;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let id = JobId::generate();
/// let work = job("run circuit", &id, async { Ok::<_, std::io::Error>(Ids::current_id::<JobId>()) });
/// assert_eq!(work.await.unwrap(), Some(id.clone()));
///
/// // In a task of its own.
/// let task = tokio::spawn(async move { job("run circuit", &id, async { Err::<(), _>("no fuel") }).await });
/// assert_eq!(task.await.unwrap(), Err("no fuel"));
/// # }
/// ```
pub async fn job<T, E>(
    name: impl Into<Cow<'static, str>>,
    id: &JobId,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let piece = Named {
        name: name.into(),
        id,
    };
    timed(piece, work).await
}

struct Named<'a> {
    name: Cow<'static, str>,
    id: &'a JobId,
}

impl<T> Piece<T> for Named<'_> {
    fn begin(&self, part: &mut Part) {
        part.with(Ids::current().with(self.id));
        part.start();
        if span::are_on() {
            let make = || SpanBuilder::from_name(self.name.clone());
            part.begins(|| make().with_kind(SpanKind::Internal));
        }
    }

    /// It is told by its span alone.
    fn end(&self, _: Option<Era>, _: Ending, _: Duration) {}
}
