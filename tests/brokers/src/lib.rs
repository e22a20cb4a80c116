#![doc = include_str!("../README.md")]

pub mod broker;
pub mod carrier;
pub mod pipeline;
