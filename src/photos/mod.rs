//! Photos: what kind of image it is, and the shelf that keeps the bytes as they came, by their hash.

pub mod shelf;
pub mod sniff;
