#![doc = include_str!("../README.md")]

mod body;
mod completion;
mod future;
mod observer;
mod watch;

pub use crate::body::CompletionBody;
pub use crate::completion::{Completion, Failure, Point};
pub use crate::future::{CompletionFuture, observe};
pub use crate::observer::{Next, Observer};
