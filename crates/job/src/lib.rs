#![doc = include_str!("../README.md")]

pub mod families;

mod job;
mod operation;
mod span;
mod stage;
mod timed;
mod transition;

pub use crate::job::job;
pub use crate::operation::operation;
pub use crate::stage::stage;
pub use crate::transition::{
    IllegalTransition, State, Transition, TransitionEvents, Transitions, transition,
};
