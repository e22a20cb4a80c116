#![doc = include_str!("../README.md")]

#[cfg(feature = "check")]
pub mod compliance;
pub mod families;
pub mod top;

mod bound;
mod capped;
mod catalogue;
mod check;
mod check_name;
mod conflict;
mod desc;
mod document;
mod era;
mod family;
mod handle;
mod interner;
mod json;
mod label;
mod label_macro;
mod labels;
mod macros;
mod process_wide;
mod refresh;
mod source;
mod store;
mod text;
mod unit;

pub use crate::bound::Bound;
pub use crate::capped::Capped;
pub use crate::catalogue::Catalogue;
pub use crate::conflict::Conflict;
pub use crate::desc::{Desc, Kind, LabelDesc};
pub use crate::document::bundle;
pub use crate::era::Era;
pub use crate::family::Family;
pub use crate::handle::{Counter, Gauge, Handle, Histogram};
pub use crate::label::{Label, OVERFLOW, Values};
pub use crate::labels::Labels;
pub use crate::refresh::{RefreshError, refresh_handles};
pub use crate::store::{Held, Store};
pub use crate::unit::Unit;
pub use metrics::IntoF64;

/// What the macros expand to. Not for use by hand, and without promise.
#[doc(hidden)]
pub mod __private {
    pub use crate::check::{check_capped, check_catalogue, check_closed, check_family};
    pub use crate::conflict::Conflict;
    pub use crate::desc::Parts;
    pub use crate::interner::Interner;
}
