//! One message as the worker takes it.

use crate::context::JobContext;

/// One message as a worker takes it: the type of its job, the context that came with it, and what the
/// broker knows of it.
#[derive(Clone, Debug)]
#[must_use = "it is for `Worker::start`"]
pub struct Delivery<'a> {
    pub(super) job_type: &'a str,
    pub(super) context: JobContext,
    pub(super) max_attempts: Option<u32>,
    pub(super) taken_over: bool,
}

impl<'a> Delivery<'a> {
    /// A message with a job of this type, such as `render`.
    pub const fn new(job_type: &'a str, context: JobContext) -> Self {
        Self {
            job_type,
            context,
            max_attempts: None,
            taken_over: false,
        }
    }

    /// How many attempts this job has, where it is not the worker's
    /// [`max_attempts`](crate::Worker::max_attempts).
    pub const fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts);
        self
    }

    /// Says that another worker had begun the attempt before this one and nobody heard of it again: its
    /// lease ran out, or the broker delivers a message once more that was never settled.
    ///
    /// That attempt is counted here, as `abandoned`: the one that died with it could not.
    pub const fn taken_over(mut self) -> Self {
        self.taken_over = true;
        self
    }
}
