//! Errors of what stands inside, by what is at their bottom.

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::io;

use futures_util::FutureExt;
use http::Response;
use throughline_grpc::Method;
use tonic::Status;
use tower::{BoxError, Layer, Service, ServiceExt, timeout::error::Elapsed};

use crate::{
    ledger::{Ledger, client, server},
    script::{Messages, call, doing},
};

const METHOD: &str = "errors.Errors/Fail";

/// An error that wraps another.
#[derive(Debug)]
struct Around(BoxError);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it failed")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error that nobody can look into.
#[derive(Debug)]
struct Opaque;

#[track_caller]
fn check<E>(error: fn() -> E, server_code: &str, client_code: &str)
where
    E: fmt::Debug + 'static,
{
    Method::seed([METHOD]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let failing = doing(move || ready(Err::<Response<Messages>, E>(error())));
    fn drive<S: Service<http::Request<String>, Error: fmt::Debug>>(service: S) {
        let result = service.oneshot(call("/errors.Errors/Fail")).now_or_never();
        assert!(result.unwrap().is_err());
    }
    drive(server().layer(failing.clone()));
    drive(client().layer(failing));
    ledger.assert_one("server", METHOD, server_code, "failed");
    ledger.assert_one("client", METHOD, client_code, "failed");
}

#[test]
fn the_error_at_the_bottom_decides() {
    check(|| Status::aborted(""), "ABORTED", "ABORTED");
    check(|| BoxError::from(Status::aborted("")), "ABORTED", "ABORTED");
    check(
        || BoxError::from(Around(Around(Status::aborted("").into()).into())),
        "ABORTED",
        "ABORTED",
    );
    check(
        || BoxError::from(Around(tonic::TimeoutExpired(()).into())),
        "DEADLINE_EXCEEDED",
        "DEADLINE_EXCEEDED",
    );
    check(
        || BoxError::from(Around(Elapsed::new().into())),
        "DEADLINE_EXCEEDED",
        "DEADLINE_EXCEEDED",
    );
    check(
        || BoxError::from(Around(tonic::ConnectError("refused".into()).into())),
        "UNAVAILABLE",
        "UNAVAILABLE",
    );
    check(
        || io::Error::other(Status::data_loss("")),
        "DATA_LOSS",
        "DATA_LOSS",
    );
    // A box that does not cross threads.
    check(
        || -> Box<dyn Error> { Status::aborted("").into() },
        "ABORTED",
        "ABORTED",
    );
}

#[test]
fn the_reasons_of_http_2_have_codes() {
    use h2::Reason;
    macro_rules! reasons {
        ($($reason:ident: $code:literal;)*) => {$(
            check(|| BoxError::from(Around(h2::Error::from(Reason::$reason).into())), $code, $code);
        )*};
    }
    reasons! {
        NO_ERROR: "INTERNAL";
        PROTOCOL_ERROR: "INTERNAL";
        INTERNAL_ERROR: "INTERNAL";
        FLOW_CONTROL_ERROR: "INTERNAL";
        SETTINGS_TIMEOUT: "INTERNAL";
        FRAME_SIZE_ERROR: "INTERNAL";
        COMPRESSION_ERROR: "INTERNAL";
        CONNECT_ERROR: "INTERNAL";
        REFUSED_STREAM: "UNAVAILABLE";
        CANCEL: "CANCELLED";
        ENHANCE_YOUR_CALM: "RESOURCE_EXHAUSTED";
        INADEQUATE_SECURITY: "PERMISSION_DENIED";
        HTTP_1_1_REQUIRED: "UNKNOWN";
    }
}

#[test]
fn what_says_nothing_is_the_sides_own() {
    check(|| Opaque, "UNKNOWN", "UNAVAILABLE");
    check(|| BoxError::from("refused"), "UNKNOWN", "UNAVAILABLE");
    check(
        || BoxError::from(Around("refused".into())),
        "UNKNOWN",
        "UNAVAILABLE",
    );
}

#[test]
fn what_tonic_does_not_know_of_a_broken_connection_is_looked_for_further_down() {
    fn broken(reason: BoxError) -> Status {
        let mut status = Status::unknown("h2 protocol error");
        status.set_source(std::sync::Arc::new(Around(reason)));
        status
    }
    check(
        || broken(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        "UNKNOWN",
        "UNAVAILABLE",
    );
    check(
        || broken(h2::Error::from(h2::Reason::CANCEL).into()),
        "UNKNOWN",
        "CANCELLED",
    );
    check(|| Status::unknown("it says so"), "UNKNOWN", "UNKNOWN");
}
