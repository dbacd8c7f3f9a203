//! The steps from one link to the next are the machine's alone.
//!
//! error: E0624
//! error: E0624
//! error: E0624
//! error: E0624

use touchstone::domain::evidence::{Bench, Clearance, Packed, Release, Reviewed};
use touchstone::domain::ids::{PersonId, Tag};
use touchstone::domain::quantity::Weighing;

/// Asking is open to everybody.
pub fn may(packed: &Packed, by: PersonId) -> bool {
    packed.may_release(by)
}

#[cfg(fault)]
pub fn passed(reviewed: Reviewed) -> Clearance {
    reviewed.pass().unwrap()
}

#[cfg(fault)]
pub fn tagged(clearance: Clearance, tag: Tag, weight: &Weighing, by: PersonId) -> Packed {
    clearance.tag(tag, weight, by).unwrap()
}

#[cfg(fault)]
pub fn released(packed: Packed, by: PersonId) -> Release {
    packed.release(by).unwrap()
}

#[cfg(fault)]
pub fn appraised(bench: &mut Bench, by: PersonId) {
    bench.submit(1, by).unwrap();
}
