//! How fast claims are read, beside jieba-rs merely cutting the same text into words in the same run.
//!
//! `cargo bench --bench spoken`, or with files of one's own: `cargo bench --bench spoken -- FILE …`

use std::hint::black_box;
use std::time::{Duration, Instant};

use jieba_rs::Jieba;
use touchstone::spoken::{Reader, Stream};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Short passages with a claim in nearly every clause: the hardest text for the reader.
const PASSAGES: &str = include_str!("../fixtures/spoken/passages.jsonl");
/// A live session as it mostly goes: talk, and now and then a piece.
const TALK: &str = include_str!("../fixtures/spoken/talk.txt");
/// Fast speech is some five characters a second; an hour of it is some 54 kB.
const HOUR: usize = 5 * 3_600 * 3;
const ROUNDS: u32 = 15;

fn main() {
    let before = resident();
    let begun = Instant::now();
    let reader = Reader::embedded().expect("the embedded lexicon");
    let took = begun.elapsed();
    println!("loading the lexicon: {took:?}, {} kB", resident().saturating_sub(before));
    let jieba = Jieba::new();
    let chinese = passages("zh");
    let english = passages("en");
    let mut texts = vec![
        ("an hour of a live session".to_owned(), session(&chinese)),
        ("talk".to_owned(), TALK.repeat(64)),
        ("Chinese passages, dense with claims".to_owned(), chinese.concat()),
        ("English passages, dense with claims".to_owned(), english.concat()),
    ];
    for file in std::env::args().skip(1).filter(|argument| argument != "--bench") {
        let text = std::fs::read_to_string(&file).expect("a file of text");
        texts.push((file, text));
    }
    for (name, text) in texts {
        let mut claims = 0;
        let (read, cut) = turns(
            || claims = black_box(reader.read(black_box(&text))).len(),
            || drop(black_box(jieba.cut(black_box(&text), true))),
        );
        println!(
            "{name}, {} kB, {claims} claims: read in {read:?}, {}; jieba cut {}; ratio {}",
            text.len() >> 10,
            rate(text.len(), read),
            rate(text.len(), cut),
            hundredths(cut.as_nanos() * 100 / read.as_nanos().max(1)),
        );
    }
    for hours in [1, 2, 4, 8] {
        let mut stream = Stream::new(&reader);
        let speech = session(&chinese).repeat(hours);
        black_box(stream.push(&speech));
        println!("{hours} hours, {} kB: {} steps", speech.len() >> 10, stream.steps());
    }
}

/// The texts of the passages of one language, each a line.
fn passages(language: &str) -> Vec<String> {
    let parsed = PASSAGES.lines().map(|line| serde_json::from_str(line).expect("a passage"));
    let spoken = parsed.filter(|passage: &serde_json::Value| passage["lang"] == language);
    spoken.map(|passage| format!("{}\n", passage["text"].as_str().expect("its text"))).collect()
}

/// An hour of speech: two sentences of talk for each passage about a piece.
fn session(passages: &[String]) -> String {
    let mut session = String::new();
    let mut talk = TALK.lines().cycle();
    for piece in passages.iter().cycle() {
        for line in talk.by_ref().take(2) {
            session.push_str(line);
            session.push('\n');
        }
        session.push_str(piece);
        if HOUR <= session.len() {
            break;
        }
    }
    session
}

/// The memory of this process in kilobytes; nought where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
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
