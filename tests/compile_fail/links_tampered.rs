//! A link cannot be changed from outside.
//!
//! error: E0616
//! error: E0616

use touchstone::domain::evidence::Appraised;
use touchstone::domain::quantity::Weighing;

/// Reading is open to everybody.
pub fn read(appraised: &Appraised) -> &Weighing {
    appraised.weight()
}

#[cfg(fault)]
pub fn tampered(appraised: &mut Appraised, other: Appraised) {
    appraised.weight = other.weight;
}
