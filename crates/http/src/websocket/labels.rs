//! The labels of a WebSocket connection.

use throughline_catalog::{Label, Labels, label};

use super::{
    moment::{Ending, Moment, Passing},
    reason::CloseReason,
};
use crate::labels::Route;

label! {
    /// Which way a message goes.
    pub enum Direction {
        /// From the far end to here.
        Inbound = "inbound",
        /// From here to the far end.
        Outbound = "outbound",
    }
}

label! {
    /// What a message holds.
    pub enum Kind {
        Text = "text",
        Binary = "binary",
    }
}

/// A label that can be read at a [`Moment`] of a connection: [`Route`] at each, [`Direction`] and
/// [`Kind`] from a message, [`CloseReason`] from an end.
///
/// Implement it for a label type of your own to have it in your families:
///
/// ```
/// use throughline_catalog::label;
/// use throughline_http::websocket::{CloseReason, Ending, SocketLabel};
///
/// label! {
///     /// Whether a connection was closed as it should be.
///     pub enum Closed { Well = "well", Badly = "badly" }
/// }
///
/// impl SocketLabel<Ending> for Closed {
///     fn read(ending: &Ending) -> Self {
///         match ending.reason() {
///             CloseReason::Normal | CloseReason::GoingAway => Self::Well,
///             _ => Self::Badly,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the label `{Self}` is not known of a `{X}`",
    note = "`Direction` and `Kind` are known of a `Passing` message, `CloseReason` of an `Ending`"
)]
pub trait SocketLabel<X: Moment>: Label {
    /// The label's value at this moment.
    fn read(moment: &X) -> Self;
}

impl<X: Moment> SocketLabel<X> for Route {
    fn read(moment: &X) -> Self {
        moment.route()
    }
}

impl SocketLabel<Passing> for Direction {
    fn read(message: &Passing) -> Self {
        message.direction()
    }
}

impl SocketLabel<Passing> for Kind {
    fn read(message: &Passing) -> Self {
        message.kind()
    }
}

impl SocketLabel<Ending> for CloseReason {
    fn read(ending: &Ending) -> Self {
        ending.reason()
    }
}

/// The labels of a family that a socket can count: a tuple of [`SocketLabel`]s, in any order.
pub trait SocketLabels<X: Moment>: Labels {
    /// The index of the labels' values at this moment.
    fn index_of(moment: &X) -> usize;
}

macro_rules! tuples {
    ($($label:ident)*) => {
        impl<X: Moment, $($label: SocketLabel<X>),*> SocketLabels<X> for ($($label,)*) {
            #[allow(unused_variables, reason = "there are families without labels")]
            fn index_of(moment: &X) -> usize {
                ($($label::read(moment),)*).index()
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
