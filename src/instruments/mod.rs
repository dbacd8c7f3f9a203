//! Instruments, pure: what the raw frame of a balance says. It knows `domain` and nothing else; which device sent it,
//! and whether that device is still adjusted, is asked elsewhere.
//!
//! [`frame::parse`] takes a line as it came and gives a weight or says why it is none; [`watch::Watch`] tells one reading
//! from the many lines of a balance that talks all the time.

pub mod frame;
pub mod watch;
