//! The commands of the workspace, and the harness that they share with the examples' tests: real
//! processes on loopback, an OTLP receiver, HTTP calls, and readers of what services emit.

pub mod bench;
pub mod catalog;
pub mod ci;
pub mod coverage;
pub mod error;
pub mod example;
pub mod http;
pub mod otlp;
pub mod peers;
pub mod promtext;
pub mod report;
pub mod requirements;
pub mod stack;
pub mod systems;
pub mod tidy;
pub mod tree;
pub mod workspace;
