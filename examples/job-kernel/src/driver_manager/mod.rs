//! The driver manager: the drivers there are, and the door to them.

mod catalogue;
mod complex;
mod driver;
mod sampling;
mod service;
mod statevector;

pub use self::catalogue::{Op, eigen};
pub use self::complex::Complex;
pub use self::driver::{Driver, FaultMode};
pub use self::sampling::sample;
pub use self::service::DriverService;
pub use self::statevector::{Cancelled, StateVector};
