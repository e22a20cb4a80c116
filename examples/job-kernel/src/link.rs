//! How one program reaches the next.

use std::{error::Error as _, time::Duration};

use throughline_correlation::{ForwardIds, ForwardIdsLayer};
use throughline_grpc::{Client, ClientLayer};
use tonic::{
    Code, Request, Status, TimeoutExpired,
    transport::{Channel, Endpoint},
};
use tower::ServiceBuilder;

/// What the clients of all programs send their calls through.
pub type Link = ForwardIds<Client<Channel>>;

/// A link that connects at its first call, and anew after each failure.
#[must_use]
pub fn connect(peer: &Endpoint) -> Link {
    let channel = peer
        .clone()
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .connect_lazy();
    let layer = ClientLayer::new().trace().target(peer.uri());
    ServiceBuilder::new()
        .layer(ForwardIdsLayer::new())
        // Only programs of this system are called: what they have told, nobody tells again.
        .layer(layer.believe_fault_marks())
        .service(channel)
}

/// Reads a peer's address from the command line.
///
/// # Errors
/// If it is no `http://HOST:PORT`.
pub fn parse_peer(text: &str) -> Result<Endpoint, String> {
    Endpoint::from_shared(text.to_owned())
        .ok()
        .filter(|peer| {
            let uri = peer.uri();
            uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty())
        })
        .ok_or_else(|| "give an address such as http://127.0.0.1:9103".to_owned())
}

/// Reads a time-out from the command line: a whole number of `ms` or `s`.
///
/// # Errors
/// If it is none, or 0.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let parsed = if let Some(number) = text.strip_suffix("ms") {
        number.parse().ok().map(Duration::from_millis)
    } else {
        text.strip_suffix('s')
            .and_then(|number| number.parse().ok())
            .map(Duration::from_secs)
    };
    parsed
        .filter(|took| (Duration::from_millis(1)..=Duration::from_secs(3600)).contains(took))
        .ok_or_else(|| "give a time such as 500ms or 10s, up to 3600s".to_owned())
}

/// A request that both ends give up on after `timeout`.
pub fn request<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// Whether a call ended for want of time; either end may have noticed first.
#[must_use]
pub fn timed_out(status: &Status) -> bool {
    status.code() == Code::DeadlineExceeded || deadline_passed(status)
}

/// Whether a call ended because the peer is not there, or went away in its course.
#[must_use]
pub fn unreachable(status: &Status) -> bool {
    status.code() == Code::Unavailable || broke_off(status) && !timed_out(status)
}

/// What came from the peer has no source; what has gone wrong with the connection has.
fn broke_off(status: &Status) -> bool {
    status.source().is_some()
}

/// What tonic makes of a deadline, on both ends; the peer's handler is dropped by it.
fn deadline_passed(status: &Status) -> bool {
    status.code() == Code::Cancelled && status.message() == TimeoutExpired(()).to_string()
}

/// Reads a number of things from the command line: 1 to a million.
///
/// # Errors
/// If it is none.
pub fn parse_count(text: &str) -> Result<usize, String> {
    let parsed = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    parsed.ok_or_else(|| "give a whole number from 1 to 1000000".to_owned())
}
