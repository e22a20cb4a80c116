#![doc = include_str!("../README.md")]

pub mod circuit;
pub mod compiler;
pub mod driver_manager;
pub mod job;
pub mod kernel;
pub mod link;
pub mod process;
pub mod rpc;
pub mod system_api;
pub mod telemetry;
