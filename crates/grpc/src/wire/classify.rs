//! What an error of the inner service or of a body means, as a code.

use std::{any::Any, error::Error, io};

use crate::{code::Code, layer::Side};

type BoxError = Box<dyn Error + Send + Sync>;

/// The error as one that can be walked, if its type is known here.
pub(crate) fn as_error<'a>(error: &'a (dyn Any + 'static)) -> Option<&'a (dyn Error + 'static)> {
    macro_rules! known {
        ($($ty:ty),*) => {
            $(if let Some(error) = error.downcast_ref::<$ty>() {
                return Some(error);
            })*
        };
    }
    if let Some(error) = error.downcast_ref::<BoxError>() {
        return Some(&**error);
    }
    if let Some(error) = error.downcast_ref::<Box<dyn Error + Send>>() {
        return Some(&**error);
    }
    if let Some(error) = error.downcast_ref::<Box<dyn Error>>() {
        return Some(&**error);
    }
    known!(io::Error);
    #[cfg(feature = "tonic")]
    known!(
        tonic::Status,
        tonic::transport::Error,
        tonic::TimeoutExpired,
        tonic::ConnectError,
        h2::Error
    );
    None
}

/// The code of the first error in the chain that has one. Without any, a client could not reach the
/// far end, and a server does not know.
pub(crate) fn code_of(side: Side, error: &(dyn Any + 'static)) -> Code {
    let mut next = as_error(error);
    while let Some(error) = next {
        if let Some(code) = code_of_one(side, error) {
            return code;
        }
        next = below(error);
    }
    match side {
        Side::Client => Code::Unavailable,
        Side::Server => Code::Unknown,
    }
}

/// The next error in the chain. One of I/O that holds another says that one's source is its own.
pub(crate) fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match inner {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn code_of_one(side: Side, error: &(dyn Error + 'static)) -> Option<Code> {
    #[cfg(feature = "tonic")]
    if let Some(code) = of_tonics(side, error) {
        return Some(code);
    }
    #[cfg(feature = "tower")]
    if error.is::<tower::load_shed::error::Overloaded>() {
        return Some(Code::ResourceExhausted);
    } else if error.is::<tower::timeout::error::Elapsed>() {
        return Some(Code::DeadlineExceeded);
    }
    let _ = (side, error);
    None
}

#[cfg(feature = "tonic")]
fn of_tonics(side: Side, error: &(dyn Error + 'static)) -> Option<Code> {
    if let Some(status) = error.downcast_ref::<tonic::Status>() {
        let code = Code::of_tonic(status.code());
        // tonic says so too of a connection that broke: what has broken it is further down.
        let deeper = code == Code::Unknown && side == Side::Client && below(error).is_some();
        return (!deeper).then_some(code);
    }
    if error.is::<tonic::TimeoutExpired>() {
        return Some(Code::DeadlineExceeded);
    }
    if error.is::<tonic::ConnectError>() {
        return Some(Code::Unavailable);
    }
    let error = error.downcast_ref::<h2::Error>()?;
    let reason = error.reason()?;
    if error.is_go_away() && reason == h2::Reason::NO_ERROR {
        // A server that shuts down; the call may be made again elsewhere.
        return Some(Code::Unavailable);
    }
    // By the table in gRPC's own description of its protocol over HTTP/2.
    Some(match reason {
        h2::Reason::NO_ERROR
        | h2::Reason::PROTOCOL_ERROR
        | h2::Reason::INTERNAL_ERROR
        | h2::Reason::FLOW_CONTROL_ERROR
        | h2::Reason::SETTINGS_TIMEOUT
        | h2::Reason::FRAME_SIZE_ERROR
        | h2::Reason::COMPRESSION_ERROR
        | h2::Reason::CONNECT_ERROR => Code::Internal,
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Unknown,
    })
}
