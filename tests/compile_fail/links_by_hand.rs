//! The links of the chain have no fields that can be set from outside.
//!
//! error: E0451
//! error: E0451
//! error: E0451

use touchstone::domain::evidence::{Clearance, Packed, Release, Reviewed};
use touchstone::domain::ids::{PersonId, Tag};

/// Reading is open to everybody.
pub fn read(release: &Release) -> (&Packed, PersonId) {
    (release.packed(), release.releaser())
}

#[cfg(fault)]
pub fn cleared(reviewed: Reviewed) -> Clearance {
    Clearance { reviewed, accepted: None }
}

#[cfg(fault)]
pub fn packed(clearance: Clearance, tag: Tag, packer: PersonId) -> Packed {
    Packed { clearance, tag, packer }
}

#[cfg(fault)]
pub fn released(packed: Packed, releaser: PersonId) -> Release {
    Release { packed, releaser }
}
