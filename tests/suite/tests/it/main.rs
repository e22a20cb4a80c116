//! One process, all crates: what one layer puts in scope, every other finds.

#[path = "../ledger/mod.rs"]
mod ledger;
mod local;
mod scope;
mod survey;
