//! The catalogue through its public API, each test under a recorder of its own.

#[path = "../ledger/mod.rs"]
mod ledger;

mod catalogue;
#[cfg(feature = "check")]
mod compliance;
mod conflict;
mod document;
mod interner;
mod labels;
mod local;
mod overflow;
mod rules;
mod samples;
mod top;
