//! The labels of HTTP: closed sets, and a route that is capped.

use throughline_catalog::{Label, Labels, label};

use crate::{exchange::Exchange, status::Status};

label! {
    /// The request's method: those of RFC 9110, `PATCH` and `QUERY`, and one value for all others,
    /// since a client can invent as many as it likes.
    pub enum Method {
        Get = "GET",
        Head = "HEAD",
        Post = "POST",
        Put = "PUT",
        Delete = "DELETE",
        Connect = "CONNECT",
        Options = "OPTIONS",
        Trace = "TRACE",
        Patch = "PATCH",
        Query = "QUERY",
        Other = "_OTHER",
    }
}

label! {
    /// The route template: at most 256 of them in a process.
    ///
    /// A path never becomes a label: a request that matched no route has the one value
    /// [`Route::unmatched`].
    pub struct Route: Capped<256>;
}

label! {
    /// How a request ended.
    pub enum Outcome {
        /// The response was given out to its end.
        Completed = "completed",
        /// The inner service, or the response's body, failed.
        Failed = "failed",
        /// The client went away, or a layer further out gave up.
        Cancelled = "cancelled",
        /// The handler panicked.
        Panicked = "panicked",
    }
}

impl Method {
    /// The label of a method; methods are case-sensitive.
    #[must_use]
    pub fn of(method: &http::Method) -> Self {
        match method.as_str() {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            "OPTIONS" => Self::Options,
            "TRACE" => Self::Trace,
            "PATCH" => Self::Patch,
            "QUERY" => Self::Query,
            _ => Self::Other,
        }
    }
}

impl Route {
    /// The one value of requests that matched no route.
    #[must_use]
    pub fn unmatched() -> Self {
        Self::of("unmatched")
    }
}

/// A label that can be read from an [`Exchange`].
///
/// Implement it for a label type of your own to have it in your families:
///
/// ```
/// use throughline_catalog::label;
/// use throughline_http::{Exchange, HttpLabel, StartLabel};
///
/// label! {
///     /// The endpoints of this service: few, so the budget can be small.
///     pub struct Endpoint: Capped<8>;
/// }
///
/// impl HttpLabel for Endpoint {
///     fn read(exchange: &Exchange) -> Self {
///         Self::of(&exchange.route().as_str())
///     }
/// }
///
/// // The route is known from the start, so the in-flight gauge may have the label too.
/// impl StartLabel for Endpoint {}
/// ```
pub trait HttpLabel: Label {
    /// The label's value for this exchange.
    fn read(exchange: &Exchange) -> Self;
}

/// A label that is known when a request begins, and so can be one of an in-flight gauge.
pub trait StartLabel: HttpLabel {}

macro_rules! read {
    ($($label:ident: $exchange:ident => $value:expr;)*) => {$(
        impl HttpLabel for $label {
            fn read($exchange: &Exchange) -> Self {
                $value
            }
        }
    )*};
}

read! {
    Method: exchange => exchange.method();
    Route: exchange => exchange.route();
    Outcome: exchange => exchange.outcome();
    Status: exchange => Self::of(exchange.status());
}

impl StartLabel for Method {}
impl StartLabel for Route {}

/// The labels of a family that HTTP layers can count: a tuple of [`HttpLabel`]s, in any order.
pub trait HttpLabels: Labels {
    /// The index of the labels' values for this exchange.
    fn index_of(exchange: &Exchange) -> usize;
}

/// The labels of an in-flight gauge: a tuple of [`StartLabel`]s.
pub trait StartLabels: HttpLabels {}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<$($label: HttpLabel),*> HttpLabels for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(exchange: &Exchange) -> usize {
                ($($label::read(exchange),)*).index()
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
