#![doc = include_str!("../README.md")]

mod error;
pub mod families;
mod layer;
mod line;
mod schema;
mod secret;
mod writer;

pub use crate::error::ConfigError;
pub use crate::layer::LogLayer;
pub use crate::line::MAX_LINE;
pub use crate::schema::{Field, LevelCase, Precision, Schema, SchemaBuilder};
pub use crate::secret::allowlist;
pub use crate::writer::{
    DEFAULT_CAPACITY, FlushReport, MIN_CAPACITY, MemorySink, Writer, WriterBuilder, WriterGuard,
};
