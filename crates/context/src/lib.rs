#![doc = include_str!("../README.md")]

mod carrier;
pub mod families;
mod hex;
mod propagation;
mod scope;
#[cfg(feature = "tokio")]
mod spawn;
mod traceparent;
mod tracestate;

pub use crate::carrier::{Extract, Inject};
pub use crate::propagation::{extract, extract_with_context, inject};
pub use crate::scope::{Entered, InScope, Scope};
#[cfg(feature = "tokio")]
pub use crate::spawn::{spawn, spawn_blocking};
pub use crate::traceparent::{InvalidTraceParent, TraceParent};
pub use crate::tracestate::{InvalidTraceState, TraceState};
