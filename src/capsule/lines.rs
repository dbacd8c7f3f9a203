//! Journals as a file: one event a line, `{"body":"…","hash":"…"}`, the body exactly as it is stored, journal after
//! journal. Whoever has the file can check it, without a database and without this program.

use std::collections::HashSet;
use std::io::{self, BufRead, Read as _};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Hash;
use super::chain::{Broken, Head, Verifier};

/// No line is longer; whoever sends a longer one wants to fill our memory.
const LONGEST_LINE: u64 = 16 << 20;

/// One event as a line, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub body: String,
    pub hash: Hash,
}

impl Line {
    /// The line without its end.
    pub fn text(&self) -> String {
        // Two texts have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LinesFault {
    #[error("the file could not be read")]
    Io(#[from] io::Error),
    #[error("line {line} is not in the form of an exported event: {why}")]
    Malformed { line: u64, why: String },
    #[error("line {line}: order {order_id} stream {stream_id}: {broken}")]
    Broken { line: u64, order_id: Uuid, stream_id: u32, broken: Broken },
    #[error("line {line}: the journal of order {order_id} stream {stream_id} was left before and goes on here")]
    Scattered { line: u64, order_id: Uuid, stream_id: u32 },
}

/// What of a body says which journal it belongs to.
#[derive(Deserialize)]
struct Place {
    order_id: Uuid,
    stream_id: u32,
}

/// Checks every journal of a file and gives its head to `head`. Answers how many events there were.
pub fn verify(input: impl BufRead, mut head: impl FnMut(Head)) -> Result<u64, LinesFault> {
    let mut done = HashSet::new();
    let mut current: Option<((Uuid, u32), Verifier)> = None;
    let mut last = None;
    let mut count = 0;
    for line in read(input) {
        let line = line?;
        count += 1;
        let malformed = |why: String| LinesFault::Malformed { line: count, why };
        let place: Place = serde_json::from_str(&line.body).map_err(|error| malformed(error.to_string()))?;
        let Place { order_id, stream_id } = place;
        let key = (order_id, stream_id);
        if current.as_ref().is_none_or(|(own, _)| *own != key) {
            last.take().into_iter().for_each(&mut head);
            if !done.insert(key) {
                return Err(LinesFault::Scattered { line: count, order_id, stream_id });
            }
            current = None;
        }
        let (_, verifier) = current.get_or_insert_with(|| (key, Verifier::of(order_id, stream_id)));
        let pushed = verifier.push(&line.body, line.hash);
        last = Some(pushed.map_err(|broken| LinesFault::Broken { line: count, order_id, stream_id, broken })?);
    }
    last.into_iter().for_each(head);
    Ok(count)
}

/// The lines of a file, as they are; nothing is said of their truth.
pub fn read(mut input: impl BufRead) -> impl Iterator<Item = Result<Line, LinesFault>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        number += 1;
        next(&mut input, number).transpose()
    })
}

fn next(input: &mut impl BufRead, number: u64) -> Result<Option<Line>, LinesFault> {
    let malformed = |why: &str| LinesFault::Malformed { line: number, why: why.to_owned() };
    let mut text = Vec::new();
    input.take(LONGEST_LINE + 1).read_until(b'\n', &mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.pop_if(|last| *last == b'\n').is_none() {
        return Err(malformed(if LONGEST_LINE < text.len() as u64 { "it is too long" } else { "it breaks off" }));
    }
    let line: Line = serde_json::from_slice(&text).map_err(|error| malformed(&error.to_string()))?;
    if line.text().as_bytes() != text {
        return Err(malformed("it is not canonical"));
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capsule::chain::hash;

    fn events(order: u128, stream: u32, count: u32) -> Vec<Line> {
        let mut previous = Hash::ZERO;
        let id = Uuid::from_u128(order);
        (1..=count)
            .map(|seq| {
                let body = format!(
                    r#"{{"at":"2026-11-22T16:00:00.000000Z","body_digest":null,"command_id":"{id}","key_id":null,"kind":"noted","order_id":"{id}","payload":{{}},"person_id":null,"previous":"{previous}","role":"desk","seq":{seq},"stream_id":{stream},"version":1}}"#
                );
                previous = hash(&body);
                Line { hash: previous, body }
            })
            .collect()
    }

    fn file(lines: &[Line]) -> String {
        lines.iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn whole_journals_verify_and_tell_their_heads() {
        let lines = [events(1, 0, 1), events(1, 1, 3), events(2, 0, 2)].concat();
        let mut heads = Vec::new();
        assert_eq!(verify(file(&lines).as_bytes(), |head| heads.push((head.stream_id, head.seq))).unwrap(), 6);
        assert_eq!(heads, [(0, 1), (1, 3), (0, 2)]);
        assert_eq!(verify(&b""[..], |_| ()).unwrap(), 0);
    }

    #[test]
    fn every_way_to_spoil_a_file_is_found() {
        let lines = [events(1, 0, 2), events(1, 1, 3)].concat();
        let check = |text: String, expected: &str| {
            let fault = verify(text.as_bytes(), |_| ()).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault:?} does not say {expected:?}");
        };
        check(file(&lines).replace("noted", "nobly"), "line 1: order");
        check(file(&[&lines[..3], &lines[4..]].concat()), "line 4: order");
        check(file(&lines[1..]), "seq is 2, expected 1");
        check(file(&[&lines[..1], &lines[2..], &lines[1..2]].concat()), "was left before and goes on here");
        check(file(&lines).replace(r#"{"body""#, r#"{ "body""#), "it is not canonical");
        check(file(&lines).trim_end().to_owned(), "line 5 is not in the form of an exported event: it breaks off");
        check("\n".to_owned(), "line 1 is not in the form");
    }
}
