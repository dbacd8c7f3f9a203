//! What somebody hands in as a capsule, a key set or a journal is found true or found wrong, by a sentence: no panic.
//!
//! `cargo +nightly fuzz run signed fuzz/corpus/signed fixtures/capsules`

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use touchstone::capsule::keys::KeySet;
use touchstone::capsule::{credential, lines, root};

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let set = include_str!("../../fixtures/capsules/jwks.json");
    KeySet::from_jwks(&serde_json::from_str(set).expect("the fixture is JSON")).expect("the fixture is a key set")
});

/// The one line that these keys have signed.
const TRUE: &str = include_str!("../../fixtures/capsules/capsule.jwt");

fuzz_target!(|bytes: &[u8]| {
    match lines::verify(bytes, |_| {}) {
        Ok(_) => {}
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
    if let Err(fault) = root::verify_export(bytes, KEYS.roots()) {
        assert!(!fault.to_string().is_empty());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match credential::verify(text.trim(), &KEYS, None) {
        Ok(_) => assert_eq!(text.trim(), TRUE.trim(), "another line was taken for a signed one"),
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
    if let Ok(set) = serde_json::from_str(text)
        && let Ok(set) = KeySet::from_jwks(&set)
    {
        assert_eq!(KeySet::from_jwks(&set.jwks()).as_ref(), Ok(&set), "a key set is read as it was written");
    }
});
