//! Reading what was said.

pub mod transcript;
