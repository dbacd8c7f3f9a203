//! Whatever an upload holds, it becomes a photo or a sentence: no panic, no hang, no memory beyond the limits.
//!
//! `cargo +nightly fuzz run photo fuzz/corpus/photo fixtures/photos -- -rss_limit_mb=1024 -timeout=20`

#![no_main]

use libfuzzer_sys::fuzz_target;
use touchstone::photos::develop::{Fault, develop};

fuzz_target!(|upload: &[u8]| match develop(upload) {
    Ok(developed) => assert!(developed.shown.starts_with(b"\xff\xd8") && developed.small.starts_with(b"\xff\xd8")),
    Err(Fault::Encoding(error)) => panic!("a rendition cannot be written: {error}"),
    Err(fault) => assert!(!fault.to_string().is_empty()),
});
