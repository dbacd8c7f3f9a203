//! Whatever a recogniser's file holds, it becomes a transcript or a sentence, and every offset of it can be asked for.
//!
//! `cargo +nightly fuzz run transcript fuzz/corpus/transcript fixtures/lives`

#![no_main]

use libfuzzer_sys::fuzz_target;
use touchstone::spoken::transcript::{Format, Transcript, encoding};

fuzz_target!(|bytes: &[u8]| {
    // The first byte picks the form, so that every file is read in all four.
    let Some((pick, bytes)) = bytes.split_first() else { return };
    let Ok((content, _)) = encoding::decode(bytes) else { return };
    let Some(format) = Format::ALL.get(usize::from(*pick) % Format::ALL.len()) else { return };
    match Transcript::read(*format, &content) {
        Err(fault) => assert!(!fault.to_string().is_empty()),
        Ok(transcript) => {
            let chars = transcript.chars();
            assert_eq!(transcript.text().chars().count(), chars);
            for at in 0..chars.min(64) {
                assert_eq!(transcript.words(at, at + 1).chars().count(), 1);
                let _ = (transcript.at(at), transcript.is_seam(at));
            }
            let part = transcript.part(0, i64::MAX);
            let (_, text) = transcript.text_of(&part);
            assert!(transcript.text().contains(text));
            let _ = transcript.lies(&part, 0, chars);
        }
    }
});
