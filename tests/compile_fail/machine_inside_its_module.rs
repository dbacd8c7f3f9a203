//! The enum of the machine and its stages stay inside their module.
//!
//! error: E0603
//! error: E0603

pub use touchstone::domain::route::Standing;

#[cfg(fault)]
pub use touchstone::domain::route::{Route, RouteStates};
