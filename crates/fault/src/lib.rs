#![doc = include_str!("../README.md")]

pub mod families;

mod cause;
mod fault;

pub use crate::fault::Fault;
