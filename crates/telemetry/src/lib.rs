#![doc = include_str!("../README.md")]

mod builder;
mod error;
mod listener;
mod logs;
mod metrics;
mod running;
mod sampler;
mod scope_ids;
mod signal;
mod traces;

pub use crate::builder::TelemetryBuilder;
pub use crate::error::StartError;
pub use crate::running::{ShutdownReport, Telemetry};
pub use crate::sampler::TrustBased;
pub use crate::scope_ids::ScopeIds;
pub use crate::signal::shutdown_signal;
