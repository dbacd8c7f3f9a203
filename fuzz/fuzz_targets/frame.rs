//! Whatever a balance sends, it is a weight or a sentence, and a weight at rest is read once.
//!
//! `cargo +nightly fuzz run frame fuzz/corpus/frame fuzz/seeds/frame`

#![no_main]

use libfuzzer_sys::fuzz_target;
use touchstone::instruments::frame::parse;
use touchstone::instruments::watch::{Seen, Watch};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut watch = Watch::default();
    let mut lies_there = false;
    for line in text.lines() {
        match parse(line).and_then(|shown| Ok((shown.mass()?, shown.digit_ug()))) {
            Ok((mass, digit)) => assert!(0 < mass.0 && digit.is_none_or(|digit| 0 < digit)),
            Err(fault) => assert!(!fault.sentence().is_empty() && !fault.code().is_empty()),
        }
        match watch.line(line) {
            Seen::Reading(_) => assert!(!std::mem::replace(&mut lies_there, true), "one thing was read twice"),
            Seen::Same => assert!(lies_there),
            Seen::Waiting => lies_there = false,
            // Some troubles say that nothing lies there any more, others say nothing of it.
            Seen::Trouble(_) => lies_there &= matches!(watch.clone().line("S S     56.02 g"), Seen::Same),
        }
    }
});
