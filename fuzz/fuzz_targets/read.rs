//! Any text is read without a panic, every span lies in it, and pieces are read like the whole.
//!
//! `cargo +nightly fuzz run read fuzz/corpus/read fuzz/seeds/read`

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use touchstone::spoken::{Reader, Stream};

static READER: LazyLock<Reader> = LazyLock::new(|| Reader::embedded().expect("the embedded lexicon"));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let claims = READER.read(&text);
    let length = text.chars().count();
    assert!(claims.iter().all(|said| said.start < said.end && said.end <= length));
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (first, second) = text.split_at(middle);
    let mut stream = Stream::new(&READER);
    let mut pieces = stream.push(first);
    pieces.extend(stream.push(second));
    pieces.extend(stream.finish());
    assert_eq!(pieces, claims);
});
