//! What can be checked by somebody who trusts nobody: canonical JSON, hash chains, signatures, and the offline
//! verification of journals, daily roots and capsules.
//!
//! Pure: bytes in, bytes or a finding out. What the events mean is not known here, only how they hang together.

pub mod canonical;
pub mod chain;
mod hash;
pub mod lines;
pub mod release;
pub mod root;
pub mod signature;
#[cfg(test)]
mod vectors;

pub use hash::{Hash, HashFault};
