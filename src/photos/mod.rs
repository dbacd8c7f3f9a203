//! Photos: from the bytes of an upload to what is kept of it.
//!
//! [`develop`](develop::develop) does the whole way, without touching the world: `sniff` tells the kind by the first
//! bytes; `jpeg` walks a JPEG's segments to see whether it is whole; the limits are checked before anything is decoded;
//! then one decoding gives both renditions, the `fingerprint` and the `quality`. `capture` reads the camera's time.
//! `shelf` keeps bytes by their hash, in a folder or in a bucket.

mod capture;
pub mod develop;
pub mod fingerprint;
mod jpeg;
pub mod quality;
pub mod shelf;
pub mod sniff;
