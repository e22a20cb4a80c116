//! A job's transitions as server-sent events.

use std::future::ready;

use axum::{
    extract::State as Shared,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use tonic::Status;

use super::{Api, ApiError, handlers::JobPath};
use crate::{
    kernel::{Stage, State},
    link, rpc,
};

#[derive(Debug, Serialize)]
struct Transition {
    /// RFC 3339, UTC.
    time: String,
    job: String,
    from: &'static str,
    to: &'static str,
    stage: &'static str,
}

/// `GET /v1/jobs/{id}/events`: one event for each transition, past and to come; ends after the
/// terminal one. A stream that breaks off before says so with an event named `error`.
pub(super) async fn follow(
    Shared(mut api): Shared<Api>,
    JobPath(id): JobPath,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, ApiError> {
    // The time-out is for the answer's head; the stream takes as long as the job.
    let request = link::request(
        rpc::WatchRequest {
            job_id: id.to_string(),
        },
        api.timeout,
    );
    let transitions = api.kernel.watch(request).await?.into_inner();
    Ok(Sse::new(until_error(transitions).map(event)).keep_alive(KeepAlive::default()))
}

/// A stream that has failed once goes on failing; once is enough.
fn until_error<T, E>(stream: impl Stream<Item = Result<T, E>>) -> impl Stream<Item = Result<T, E>> {
    stream.scan(false, |failed, item| {
        let item = (!*failed).then_some(item);
        *failed = matches!(item, Some(Err(_)));
        ready(item)
    })
}

fn event(transition: Result<rpc::Transition, Status>) -> Result<Event, axum::Error> {
    match transition.map_err(ApiError::from).and_then(read) {
        Ok(transition) => Event::default().event("transition").json_data(transition),
        Err(why) => Event::default().event("error").json_data(why.to_json()),
    }
}

fn read(transition: rpc::Transition) -> Result<Transition, ApiError> {
    let read = || {
        Some(Transition {
            time: transition.time?.to_string(),
            from: State::from_wire(transition.from)?.as_str(),
            to: State::from_wire(transition.to)?.as_str(),
            stage: Stage::from_wire(transition.stage)?.as_str(),
            job: transition.job_id,
        })
    };
    read().ok_or_else(|| ApiError::nonsense("the kernel told a transition that cannot be"))
}
