//! What is known of a connection when something of it is counted.

use super::{
    labels::{Direction, Kind},
    reason::CloseReason,
};
use crate::labels::Route;

/// A connection that has begun: what the labels of a gauge are read from.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub(super) route: Route,
}

/// A message that passes: what the labels of its counters are read from.
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    pub(super) route: Route,
    pub(super) direction: Direction,
    pub(super) kind: Kind,
}

/// A connection that has ended: what the labels of its counter and its histogram are read from.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    pub(super) route: Route,
    pub(super) reason: CloseReason,
}

/// One of [`Connection`], [`Passing`] and [`Ending`].
pub trait Moment: sealed::Sealed {
    /// The route that the observer was given, or [`Route::unmatched`].
    fn route(&self) -> Route;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! moments {
    ($($moment:ident)*) => {$(
        impl sealed::Sealed for $moment {}

        impl Moment for $moment {
            fn route(&self) -> Route {
                self.route
            }
        }
    )*};
}

moments!(Connection Passing Ending);

impl Passing {
    /// Which way it goes.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

impl Ending {
    /// Why it ended.
    #[must_use]
    pub const fn reason(&self) -> CloseReason {
        self.reason
    }
}
