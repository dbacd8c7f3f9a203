//! A capsule beside an exported journal: whether it says what the journal says. Without a database, and without trust in
//! whoever exported it: the journal's chain is checked, and the capsule names its head.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::capsule::chain::{Broken, Verifier};
use crate::capsule::credential::Capsule;
use crate::capsule::lines::{self, LinesFault};
use crate::desk::{capsule_of, recorded};
use crate::domain::piece::Piece;
use crate::store::entity::events;

/// Why a journal does not bear a capsule out.
#[derive(Debug, thiserror::Error)]
pub enum WitnessFault {
    #[error(transparent)]
    Lines(#[from] LinesFault),
    #[error("order {order_id} stream {stream_id}: {broken}")]
    Broken { order_id: Uuid, stream_id: u32, broken: Broken },
    #[error(
        "no journal of the file has the head that the capsule names: it closes another journal, or this one was \
             written anew"
    )]
    NoSuchHead,
    #[error("the journal with the capsule's head is not that of a released piece: {0}")]
    NotAPiece(String),
    #[error("the capsule says something else of {0} than its journal")]
    Contradicted(String),
}

/// What of a body says which journal it belongs to.
#[derive(Deserialize)]
struct Place {
    order_id: Uuid,
    stream_id: u32,
    seq: i32,
}

/// Looks for the journal that the capsule closes, and holds what it says against it.
pub fn bears_out(capsule: &Capsule, journal: impl BufRead) -> Result<(), WitnessFault> {
    let head = capsule.subject["journal"]["head"].as_str().unwrap_or_default();
    let events = capsule.subject["journal"]["events"].as_i64();
    let mut current: Option<((Uuid, u32), Verifier)> = None;
    let mut rows = Vec::new();
    for (line, number) in lines::read(journal).zip(1_u64..) {
        let line = line?;
        let Place { order_id, stream_id, seq } = serde_json::from_str(&line.body)
            .map_err(|error| LinesFault::Malformed { line: number, why: error.to_string() })?;
        let key = (order_id, stream_id);
        if current.as_ref().is_none_or(|(own, _)| *own != key) {
            current = None;
            rows.clear();
        }
        let (_, verifier) = current.get_or_insert_with(|| (key, Verifier::of(order_id, stream_id)));
        let pushed = verifier.push(&line.body, line.hash);
        pushed.map_err(|broken| WitnessFault::Broken { order_id, stream_id, broken })?;
        let last = line.hash.to_string() == head && Some(i64::from(seq)) == events;
        rows.push(row(order_id, stream_id, seq, line));
        if last {
            return said_by(&rows, &capsule.subject);
        }
    }
    Err(WitnessFault::NoSuchHead)
}

fn row(order_id: Uuid, stream_id: u32, seq: i32, line: lines::Line) -> events::Model {
    events::Model {
        order_id,
        stream_id: i32::try_from(stream_id).unwrap_or(i32::MAX),
        seq,
        // What the columns of a database repeat is not in a file; the body has it.
        kind: String::new(),
        person_id: None,
        at: 0,
        hash: line.hash.as_bytes().to_vec(),
        body: line.body,
    }
}

fn said_by(rows: &[events::Model], subject: &Value) -> Result<(), WitnessFault> {
    let not_a_piece = WitnessFault::NotAPiece;
    let read: Result<Vec<_>, _> = rows.iter().map(recorded::read).collect();
    let read = read.map_err(|error| not_a_piece(error.to_string()))?;
    let head = read.last().map(|last| last.hash);
    let piece =
        Piece::fold(read.into_iter().map(|read| read.recorded)).map_err(|error| not_a_piece(error.to_string()))?;
    let facts = head.and_then(|head| capsule_of::facts(&piece, head));
    let facts = facts.ok_or_else(|| not_a_piece("it does not end with a release".to_owned()))?;
    match contradicted(subject, &facts) {
        Some(name) => Err(WitnessFault::Contradicted(name)),
        None => Ok(()),
    }
}

/// The first member of which a capsule says something else than the facts. What a later release adds to the facts is not
/// in the capsules before it.
pub(super) fn contradicted(subject: &Value, facts: &Value) -> Option<String> {
    let facts = facts.as_object()?;
    let other = facts.iter().find(|(name, fact)| subject.get(name).is_some_and(|said| said != *fact));
    other.map(|(name, _)| name.clone())
}
