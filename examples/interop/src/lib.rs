#![doc = include_str!("../README.md")]

pub mod grpc;
pub mod http;
pub mod process;
pub mod seen;
pub mod suite;
