//! The labels of HTTP: closed sets, and a route that is capped.

use std::sync::OnceLock;

use throughline_catalog::{Capped, Label, Labels, label};

use crate::{exchange::Exchange, extra::Reader, status::Status};

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
    /// Whom a client calls: the name that [`ClientLayer::target`](crate::ClientLayer::target) was
    /// given, never a part of a request. At most 16 of them in a process.
    ///
    /// A program that calls fewer can say so, and its families become as small:
    ///
    /// ```
    /// use throughline_catalog::{catalog, label};
    /// use throughline_http::{ClientLayer, Exchange, HttpLabel, Outcome, Status};
    ///
    /// label! {
    ///     /// The two services that this one stands on.
    ///     pub enum Upstream { Stock = "stock", Payments = "payments", Other = "other" }
    /// }
    ///
    /// impl HttpLabel for Upstream {
    ///     fn read(exchange: &Exchange) -> Self {
    ///         match exchange.target().as_str() {
    ///             "stock" => Self::Stock,
    ///             "payments" => Self::Payments,
    ///             _ => Self::Other,
    ///         }
    ///     }
    /// }
    ///
    /// catalog! { mod shop, budget 1_000;
    ///     /// Requests made.
    ///     counter shop_client_requests_total {
    ///         upstream: Upstream, status: Status, outcome: Outcome,
    ///     };
    /// }
    ///
    /// # #[cfg(feature = "metrics")]
    /// let stock = ClientLayer::new().target("stock").total(shop::shop_client_requests_total);
    /// ```
    pub struct Target: Capped<16>;
}

label! {
    /// How a request ended.
    pub enum Outcome {
        /// The response was given out to its end.
        Completed = "completed",
        /// The inner service, or the response's body, failed.
        Failed = "failed",
        /// Nobody waited for the end: the client went away, the caller or a layer further out gave
        /// up.
        Cancelled = "cancelled",
        /// The inner service panicked.
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
        // Needed for each request that matches nothing, and found once.
        static UNMATCHED: OnceLock<Route> = OnceLock::new();
        *UNMATCHED.get_or_init(|| Self::of("unmatched"))
    }

    /// The route with this number, for a place that has room for no more.
    pub(crate) const fn with_number(number: u32) -> Self {
        Self(Capped::from_number(number))
    }

    /// The route's number: below [`Label::CARDINALITY`].
    pub(crate) const fn number(self) -> u32 {
        self.0.number()
    }
}

impl Target {
    /// The one value of clients that were given no name, and of servers.
    #[must_use]
    pub fn unnamed() -> Self {
        Self::of("unnamed")
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from an HTTP exchange",
    label = "not a label of an HTTP layer",
    note = "implement `HttpLabel` for it; a label that the handler sets is `Extra<…>`"
)]
pub trait HttpLabel: Label {
    /// The label's value for this exchange. It must not panic: it may be asked while a panic unwinds.
    fn read(exchange: &Exchange) -> Self;

    /// What the layer has to read from the response for it.
    #[doc(hidden)]
    #[must_use]
    fn reader() -> Option<Reader> {
        None
    }
}

/// A label that is known when the response's head has come, and so can be one of a time to the
/// headers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known when the response's head comes",
    label = "known at the end only",
    note = "leave it out of this family; a family of totals or of durations may have it"
)]
pub trait HeadLabel: HttpLabel {}

/// A label that is known when a request begins, and so can be one of an in-flight gauge.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known when a request begins",
    label = "known later",
    note = "leave it out of this family; a family of totals or of durations may have it"
)]
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
    Target: exchange => exchange.target();
    Outcome: exchange => exchange.outcome();
    Status: exchange => match exchange.status() {
        Exchange::NO_RESPONSE => Self::NoResponse,
        code => Self::of(code),
    };
}

impl HeadLabel for Method {}
impl HeadLabel for Route {}
impl HeadLabel for Target {}
impl HeadLabel for Status {}
impl StartLabel for Method {}
impl StartLabel for Route {}
impl StartLabel for Target {}

/// The labels of a family that HTTP layers can count: a tuple of [`HttpLabel`]s, in any order.
pub trait HttpLabels: Labels {
    /// The index of the labels' values for this exchange.
    fn index_of(exchange: &Exchange) -> usize;

    /// What the layer has to read from the response for them.
    #[doc(hidden)]
    fn readers(each: &mut dyn FnMut(Reader));
}

/// The labels of a time to the headers: a tuple of [`HeadLabel`]s.
pub trait HeadLabels: HttpLabels {}

/// The labels of an in-flight gauge: a tuple of [`StartLabel`]s.
pub trait StartLabels: HttpLabels {}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<$($label: HttpLabel),*> HttpLabels for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(exchange: &Exchange) -> usize {
                ($($label::read(exchange),)*).index()
            }

            #[allow(unused_variables, reason = "there are families without labels")]
            fn readers(each: &mut dyn FnMut(Reader)) {
                $(if let Some(reader) = $label::reader() {
                    each(reader);
                })*
            }
        }

        impl<$($label: HeadLabel),*> HeadLabels for ($($label,)*) {}

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
