//! What carries a context in a message of each broker.
//!
//! * In a Redis stream an entry is a list of pairs, `Vec<(String, Vec<u8>)>`, which is a carrier as it is.
//! * A channel inside a process takes a [`JobContext`](throughline_job::JobContext) as it is.

mod amqp;
mod nats;

pub use amqp::{Arrived, Headers};
pub use nats::NatsHeaders;
