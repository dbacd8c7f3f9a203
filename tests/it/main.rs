//! The integration tests, as one binary: it links once.

mod compile_fail;
mod property;
