//! The labels of gRPC: closed sets, and a method that is capped.

use throughline_catalog::{Label, Labels, label};

use crate::{call::Call, code::Code};

label! {
    /// The full method, `package.Service/Method`: at most 256 of them in a process.
    ///
    /// A client can invent method names, and whatever stands in front of a handler may refuse them
    /// with any status. So a server takes a name for its label only from a call that a handler has
    /// answered with messages or with `OK`; before that, and for names that nobody serves, the
    /// label is `_OTHER`. [`Method::seed`] at the start of the program makes the label of each method
    /// that it serves, so that also those that never succeed are told apart.
    ///
    /// A client layer makes labels of whatever its program calls, for both sides. A proxy that calls
    /// what it is asked for can so fill the cap with names of its clients'; seed it first.
    pub struct Method: Capped<256>;
}

label! {
    /// How a call ended.
    pub enum Outcome {
        /// The call ran to its end, with whichever status.
        Completed = "completed",
        /// The transport, or the inner service, failed.
        Failed = "failed",
        /// The caller went away, or gave up.
        Cancelled = "cancelled",
        /// The handler panicked.
        Panicked = "panicked",
    }
}

label! {
    /// Whether the call's status was `OK`.
    pub enum Success {
        Yes = "true",
        No = "false",
    }
}

impl Method {
    /// The one value of methods that nobody serves.
    #[must_use]
    pub fn other() -> Self {
        Self::of("_OTHER")
    }
}

/// A label that can be read from a [`Call`]. Implement it for a label type of your own to have it in
/// your families.
///
/// ```
/// use throughline_catalog::label;
/// use throughline_grpc::{Call, Code, GrpcLabel};
///
/// label! {
///     /// Whose fault it was.
///     pub enum Fault { Nobodys = "none", Callers = "caller", Ours = "server" }
/// }
///
/// impl GrpcLabel for Fault {
///     fn read(call: &Call) -> Self {
///         match call.code() {
///             Code::Ok => Self::Nobodys,
///             code if code.is_server_error() => Self::Ours,
///             _ => Self::Callers,
///         }
///     }
/// }
/// ```
pub trait GrpcLabel: Label {
    /// The label's value for this call.
    fn read(call: &Call) -> Self;
}

/// A label that is known when a call begins, and so can be one of an in-flight gauge.
pub trait StartLabel: GrpcLabel {}

macro_rules! read {
    ($($label:ident: $call:ident => $value:expr;)*) => {$(
        impl GrpcLabel for $label {
            fn read($call: &Call) -> Self {
                $value
            }
        }
    )*};
}

read! {
    Method: call => call.method();
    Code: call => call.code();
    Outcome: call => call.outcome();
    Success: call => if call.code() == Code::Ok { Self::Yes } else { Self::No };
}

impl StartLabel for Method {}

/// The labels of a family that gRPC layers can count: a tuple of [`GrpcLabel`]s, in any order.
pub trait GrpcLabels: Labels {
    /// The index of the labels' values for this call.
    fn index_of(call: &Call) -> usize;
}

/// The labels of an in-flight gauge: a tuple of [`StartLabel`]s.
pub trait StartLabels: GrpcLabels {}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<$($label: GrpcLabel),*> GrpcLabels for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(call: &Call) -> usize {
                ($($label::read(call),)*).index()
            }
        }

        impl<$($label: StartLabel),*> StartLabels for ($($label,)*) {}
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
