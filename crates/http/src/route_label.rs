//! A service's own label for its routes.

/// Declares a label type for the routes of one service, with the cap that fits it.
///
/// [`Route`](crate::Route) has room for 256 templates, which a series budget has to pay for; a
/// service with six routes says so, and every family that has the label becomes as small. The value
/// of what matched none has a place of its own beside them.
///
/// ```
/// use throughline_catalog::catalog;
/// use throughline_http::{Method, ServerLayer, Status, route_label};
///
/// route_label! {
///     /// The endpoints of this service.
///     pub struct Endpoint: Capped<6>;
/// }
///
/// catalog! { mod shop, budget 10_000;
///     /// Requests served.
///     counter shop_requests_total { method: Method, endpoint: Endpoint, status: Status };
/// }
///
/// # #[cfg(feature = "metrics")]
/// let layer = ServerLayer::new().total(shop::shop_requests_total);
/// ```
#[macro_export]
macro_rules! route_label {
    ($(#[$meta:meta])* $vis:vis struct $name:ident: Capped<$cap:tt> $(;)?) => {
        $crate::__private::label! {
            $(#[$meta])*
            $vis struct $name: Capped<{ $cap + 1 }>;
        }

        impl $crate::HttpLabel for $name {
            fn read(exchange: &$crate::Exchange) -> Self {
                Self::of(exchange.route().as_str())
            }
        }

        impl $crate::HeadLabel for $name {}
        impl $crate::StartLabel for $name {}

        $crate::__route_label_of_sockets!($name);
    };
}

/// The same label of a WebSocket's connections.
#[cfg(feature = "websocket")]
#[doc(hidden)]
#[macro_export]
macro_rules! __route_label_of_sockets {
    ($name:ident) => {
        impl<X: $crate::websocket::Moment> $crate::websocket::SocketLabel<X> for $name {
            fn read(moment: &X) -> Self {
                Self::of(moment.route().as_str())
            }
        }
    };
}

/// Without WebSockets there is nothing more to read it from.
#[cfg(not(feature = "websocket"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __route_label_of_sockets {
    ($name:ident) => {};
}
