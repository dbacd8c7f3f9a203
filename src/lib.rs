//! Touchstone (试金石): official authenticity for live commerce.

pub mod domain;
pub mod rulebook;
