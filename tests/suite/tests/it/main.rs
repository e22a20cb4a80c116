//! One process, all crates: what one layer puts in scope, every other finds.

mod scope;
