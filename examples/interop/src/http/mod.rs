//! Echo over HTTP, and the service that the W3C harness drives.

mod client;
mod echo;
mod relay;

pub use self::client::{CallError, Caller};
pub use self::echo::echo;
pub use self::relay::relay;
