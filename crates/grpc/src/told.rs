//! The mark that the error behind a status has been told, sent and read.
//!
//! It travels as metadata, which anybody can write: a peer, and a handler that passes a peer's status
//! on. So the process remembers the marks that it stands for, a bounded number of them. One that is
//! forgotten costs a second line in a log.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use throughline_context::Trust;
use throughline_fault::FaultId;
#[cfg(feature = "tonic")]
use throughline_fault::PeerError;
#[cfg(feature = "tonic")]
use tonic::{Status, metadata::MetadataValue};

static NAME: HeaderName = HeaderName::from_static(FaultId::HEADER);

/// How many are remembered; a newer one takes the place of an older.
const REMEMBERED: usize = 1_024;

static OURS: [AtomicU64; REMEMBERED] = [const { AtomicU64::new(0) }; REMEMBERED];

fn place(id: FaultId) -> &'static AtomicU64 {
    // The low bits are as random as the rest.
    &OURS[id.to_u64() as usize % REMEMBERED]
}

fn vouch_for(id: FaultId) {
    place(id).store(id.to_u64(), Ordering::Release);
}

fn is_ours(id: FaultId) -> bool {
    place(id).load(Ordering::Acquire) == id.to_u64()
}

fn forget(id: FaultId) {
    let _ = place(id).compare_exchange(id.to_u64(), 0, Ordering::AcqRel, Ordering::Relaxed);
}

/// Whether there is any; nearly always there is none, which should cost next to nothing.
fn is_marked(headers: &HeaderMap) -> bool {
    crate::wire::find(headers, &NAME).is_some()
}

/// The one mark among these.
fn only<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<FaultId> {
    let id = FaultId::parse(values.next()?)?;
    values.next().is_none().then_some(id)
}

fn values(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(&NAME).iter().map(HeaderValue::as_bytes)
}

/// What becomes of the marks that pass a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Marks {
    /// A server sends those that the process stands for.
    Sent,
    /// A server whose callers are anybody sends none.
    Kept,
    /// A client believes the far end.
    Believed,
    /// A client does not.
    Ignored,
    /// Whoever stands further out reads them.
    Passed,
}

impl Marks {
    /// By default nobody is believed.
    pub(crate) const CLIENT: Self = Self::Ignored;

    pub(crate) const fn of_server(trust: Trust) -> Self {
        match trust {
            Trust::Edge => Self::Kept,
            _ => Self::Sent,
        }
    }

    /// Reads head or trailers of an answer; whether the error behind it has been told.
    pub(crate) fn read(self, headers: &HeaderMap) -> bool {
        if !is_marked(headers) {
            return false;
        }
        let claimed = only(values(headers));
        match self {
            Self::Sent | Self::Kept => claimed.is_some_and(is_ours),
            Self::Believed => {
                let id = FaultId::of_ours(values(headers));
                if let Some(id) = id {
                    vouch_for(id);
                }
                id.is_some()
            }
            Self::Ignored => {
                FaultId::of_others(values(headers));
                if let Some(id) = claimed {
                    // Whatever it was to somebody else, here it is a stranger's word.
                    forget(id);
                }
                false
            }
            Self::Passed => false,
        }
    }

    /// Takes off what a server does not stand for.
    pub(crate) fn clean(self, headers: &mut HeaderMap) {
        if !is_marked(headers) {
            return;
        }
        let goes_on = match self {
            Self::Sent => only(values(headers)).is_some_and(is_ours),
            Self::Kept => false,
            Self::Believed | Self::Ignored | Self::Passed => true,
        };
        if !goes_on {
            headers.remove(&NAME);
        }
    }
}

/// Marks `status` with the id of the fault behind it (a `Fault`, a reference to one, or the id), so that a caller that believes this service does
/// not tell the error again; see
/// [`ClientLayer::believe_fault_marks`](crate::ClientLayer::believe_fault_marks).
///
/// Code, message and details are as they were: make the message of the fault's `Display`, or of words
/// of the service's own, never of its root cause.
///
/// ```
/// use throughline_fault::{Fault, FaultId};
/// use throughline_grpc::with_fault;
/// use tonic::Status;
///
/// let fault = Fault::error("device_fault", "the device reported a fault");
/// let status = with_fault(Status::internal(fault.to_string()), &fault);
/// assert_eq!(status.metadata().get(FaultId::HEADER).unwrap(), &fault.id().to_string());
/// ```
#[cfg(feature = "tonic")]
#[must_use]
pub fn with_fault(mut status: Status, fault: impl Into<FaultId>) -> Status {
    let id = fault.into();
    vouch_for(id);
    let value = MetadataValue::try_from(id.to_string()).expect("hex digits are metadata");
    status.metadata_mut().insert(FaultId::HEADER, value);
    status
}

/// A status that a call ended with, as an error for a [`Fault`](throughline_fault::Fault): it knows
/// whether the far end has told it.
///
/// That counts only if the call went through a [`ClientLayer`](crate::ClientLayer) that
/// [believes](crate::ClientLayer::believe_fault_marks) it; and a status that tonic made here, of a
/// connection that is gone or a deadline that has passed, nobody has told yet.
///
/// ```
/// use throughline_fault::Fault;
/// use throughline_grpc::peer_error;
/// use tonic::Status;
///
/// # fn of_a_call() -> Status { Status::unavailable("the far end is gone") }
/// let status: Status = of_a_call();
/// let fault = Fault::error("kernel_failed", peer_error(status)); // at `DEBUG` if it has been told
/// # let _ = fault;
/// ```
#[cfg(feature = "tonic")]
#[must_use]
pub fn peer_error(status: Status) -> PeerError {
    let values = status.metadata().get_all(FaultId::HEADER);
    let told = only(values.iter().map(MetadataValue::as_encoded_bytes)).filter(|id| is_ours(*id));
    PeerError::new(status, told)
}
