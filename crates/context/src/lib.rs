#![doc = include_str!("../README.md")]

mod activate;
mod baggage;
mod binary;
mod carrier;
mod error;
pub mod families;
mod held;
mod hex;
mod name;
mod propagation;
mod propagator;
mod relayed;
mod scope;
#[cfg(feature = "tokio")]
mod spawn;
mod switch;
mod trace_context;
#[cfg(feature = "axum")]
mod trace_id;
mod traced;
mod traceparent;
mod tracers;
mod tracestate;
mod trust;

pub use crate::activate::activate;
pub use crate::baggage::{BaggageList, BaggageMember, BaggageRule};
pub use crate::carrier::{AnnotationKeys, Annotations, Environment, Extract, Fields, Inject};
pub use crate::error::ConfigError;
pub use crate::held::InHeld;
pub use crate::propagation::{arrive, arrive_with_span, extract, extract_with_context, inject};
pub use crate::propagator::{Format, GlobalAlreadySet, Propagator, PropagatorBuilder};
pub use crate::relayed::caller_decides;
pub use crate::scope::{Entered, InScope, Scope};
#[cfg(feature = "tokio")]
pub use crate::spawn::{spawn, spawn_blocking, spawn_blocking_in, spawn_in};
pub use crate::switch::{Concern, Switch, UnknownFlag};
pub use crate::trace_context::TraceContext;
#[cfg(feature = "axum")]
pub use crate::trace_id::{NoTrace, TraceId};
pub use crate::traced::Traced;
pub use crate::traceparent::{InvalidTraceParent, TraceParent};
pub use crate::tracers::Tracers;
pub use crate::tracestate::{InvalidTraceState, TraceState};
pub use crate::trust::{Arrival, Trust, UnknownTrust};
