//! What can be checked by somebody who trusts nobody: canonical JSON, hash chains, signatures, and the offline
//! verification of journals, daily roots and capsules.
//!
//! Pure: bytes in, bytes or a finding out. What the events mean is not known here, only how they hang together.

pub mod canonical;
pub mod chain;
pub mod credential;
pub mod es256;
mod hash;
pub mod jws;
pub mod keys;
pub mod lines;
pub mod root;
pub mod signature;
pub mod status;
#[cfg(test)]
mod vectors;

pub use hash::{Hash, HashFault};
