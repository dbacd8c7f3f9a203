//! How fast claims are read, beside jieba-rs merely cutting the same text into words in the same run.
//!
//! `cargo bench --bench spoken`

use std::hint::black_box;
use std::time::{Duration, Instant};

use jieba_rs::Jieba;
use touchstone::spoken::{Reader, Stream};

/// Short passages with a claim in nearly every clause: the hardest text for the reader.
const PASSAGES: &str = include_str!("../fixtures/spoken/passages.jsonl");
/// A live session as it mostly goes: talk, and now and then a piece.
const TALK: &str = include_str!("../fixtures/spoken/talk.txt");
/// Fast speech is some five characters a second; an hour of it is some 54 kB.
const HOUR: usize = 5 * 3_600 * 3;
const ROUNDS: u32 = 9;

fn main() {
    let begun = Instant::now();
    let reader = Reader::embedded().expect("the embedded lexicon");
    println!("loading the lexicon: {:?}", begun.elapsed());
    let jieba = Jieba::new();
    let chinese = speech("zh");
    let english = speech("en");
    for (name, text) in [("Chinese claims", &*chinese), ("English claims", &*english), ("Chinese talk", TALK)] {
        let text = grown(text, 1 << 20);
        let (read, cut) = turns(
            || {
                black_box(reader.read(black_box(&text)));
            },
            || {
                black_box(jieba.cut(black_box(&text), true));
            },
        );
        println!(
            "{name}, {} kB: claims {}, jieba cut {}, ratio {}",
            text.len() >> 10,
            rate(text.len(), read),
            rate(text.len(), cut),
            hundredths(cut.as_nanos() * 100 / read.as_nanos().max(1)),
        );
    }
    let hour = grown(&chinese, HOUR);
    let (once, _) = turns(|| drop(black_box(reader.read(black_box(&hour)))), || {});
    println!("an hour of Chinese speech, {} kB: {once:?}", hour.len() >> 10);
    for hours in [1, 2, 4, 8] {
        let speech = grown(TALK, hours * HOUR);
        let mut stream = Stream::new(&reader);
        black_box(stream.push(&speech));
        println!("{hours} hours of talk, {} kB: {} steps", speech.len() >> 10, stream.steps());
    }
}

/// The texts of the passages of one language, one after another.
fn speech(language: &str) -> String {
    let mut speech = String::new();
    for line in PASSAGES.lines() {
        let passage: serde_json::Value = serde_json::from_str(line).expect("a passage");
        if passage["lang"] == language {
            speech.push_str(passage["text"].as_str().expect("its text"));
            speech.push('\n');
        }
    }
    speech
}

fn grown(text: &str, bytes: usize) -> String {
    text.repeat(bytes.div_ceil(text.len()))
}

/// The best of several rounds of both, in turns, so that a slow moment of the machine hits neither alone.
fn turns(mut first: impl FnMut(), mut second: impl FnMut()) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        first();
        best.0 = best.0.min(begun.elapsed());
        let begun = Instant::now();
        second();
        best.1 = best.1.min(begun.elapsed());
    }
    best
}

fn rate(bytes: usize, took: Duration) -> String {
    let per_second = bytes as u128 * 1_000_000_000 / took.as_nanos().max(1);
    format!("{} MB/s", hundredths(per_second / 10_000))
}

fn hundredths(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
