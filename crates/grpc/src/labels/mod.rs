//! The labels of gRPC: closed sets, and what is capped.

mod code;
mod metadata;
mod method;

use throughline_catalog::{Label, Labels, label};

use crate::{call::Call, code::Code};

pub(crate) use self::metadata::SLOTS;
pub use self::{
    code::{CodeClass, CodeNumber, GoCode},
    metadata::{MetadataSource, check_key},
    method::{A66Method, Method, MethodName, Service},
};

label! {
    /// How a call ended.
    pub enum Outcome {
        /// The call ran to its end, with whichever status.
        Completed = "completed",
        /// The transport, or the inner service, failed.
        Failed = "failed",
        /// The caller went away, or gave up, or its deadline passed.
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

label! {
    /// Which side sends a stream of messages.
    pub enum CallType {
        /// Neither.
        Unary = "unary",
        /// The client.
        ClientStream = "client_stream",
        /// The server.
        ServerStream = "server_stream",
        /// Both.
        BidiStream = "bidi_stream",
        /// Nothing on the wire says, and the layer has no [`Methods`](crate::Methods) that do.
        Unknown = "unknown",
    }
}

label! {
    /// Whom a client calls, as `host:port`, from [`ClientLayer::target`](crate::ClientLayer::target).
    pub struct Target: Capped<64>;
}

label! {
    /// The host of [`Target`] alone.
    pub struct ServerAddress: Capped<64>;
}

label! {
    /// The constant of OpenTelemetry's `rpc.system.name`.
    pub enum System { Grpc = "grpc" }
}

impl Target {
    /// The value where no target was given.
    #[must_use]
    pub fn unknown() -> Self {
        Self::of("unknown")
    }
}

impl ServerAddress {
    /// The value where no target was given.
    #[must_use]
    pub fn unknown() -> Self {
        Self::of("unknown")
    }
}

/// A label that can be read from a [`Call`]. Implement it for a label type of your own to have it in
/// your families; a label of one value is a constant.
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

    /// Which metadata it is read from; [`metadata_label!`](crate::metadata_label) says.
    #[doc(hidden)]
    #[must_use]
    fn source() -> Option<&'static MetadataSource> {
        None
    }
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
    A66Method: call => call.method().into();
    Service: call => call.method().service();
    MethodName: call => call.method().name();
    CallType: call => call.call_type();
    Target: call => call.target();
    ServerAddress: call => call.address();
    System: _call => Self::Grpc;
    Code: call => call.code();
    GoCode: call => call.code().into();
    CodeNumber: call => call.code().into();
    CodeClass: call => call.code().into();
    Outcome: call => call.outcome();
    Success: call => if call.code() == Code::Ok { Self::Yes } else { Self::No };
}

impl StartLabel for Method {}
impl StartLabel for A66Method {}
impl StartLabel for Service {}
impl StartLabel for MethodName {}
impl StartLabel for CallType {}
impl StartLabel for Target {}
impl StartLabel for ServerAddress {}
impl StartLabel for System {}

/// The labels of a family that gRPC layers can count: a tuple of [`GrpcLabel`]s, in any order.
pub trait GrpcLabels: Labels {
    /// The index of the labels' values for this call.
    fn index_of(call: &Call) -> usize;

    #[doc(hidden)]
    fn sources(each: &mut dyn FnMut(&'static MetadataSource));
}

/// The labels of what is counted while a call runs: a tuple of [`StartLabel`]s.
pub trait StartLabels: GrpcLabels {}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<$($label: GrpcLabel),*> GrpcLabels for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(call: &Call) -> usize {
                ($($label::read(call),)*).index()
            }

            #[allow(unused_variables, reason = "there are families without labels")]
            fn sources(each: &mut dyn FnMut(&'static MetadataSource)) {
                $(if let Some(source) = $label::source() {
                    each(source);
                })*
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
