//! A job: work that outlives the request which asked for it.

use std::{borrow::Cow, future::Future};

use opentelemetry::trace::{SpanBuilder, SpanKind};
use throughline_correlation::{Ids, JobId};

use crate::{
    span,
    timed::{Part, timed},
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
    let mut part = Part::new(Ids::current().with(id));
    if span::are_on() {
        let name = name.into();
        part = part.begins(|| SpanBuilder::from_name(name.clone()).with_kind(SpanKind::Internal));
    }
    timed(part, |_, _| {}, work).await
}
