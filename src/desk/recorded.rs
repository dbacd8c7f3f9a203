//! Between an event and its row: the envelope is written once, as canonical JSON, hashed as it stands, and never
//! written again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Error;
use crate::capsule::canonical::canonical_json;
use crate::capsule::{Hash, chain};
use crate::domain::actor::{By, Role};
use crate::domain::event::{Event, Recorded};
use crate::domain::ids::{CommandId, KeyId, OrderId, PersonId, StreamId, StreamKey};
use crate::store::entity::{event_keys, events};
use crate::vault::{Key, Vault};

/// The members of a stored event. In the order of their names, which is the canonical one.
#[derive(Serialize)]
struct Envelope<'a> {
    at: String,
    body_digest: Option<String>,
    command_id: CommandId,
    key_id: Option<KeyId>,
    kind: &'a str,
    order_id: OrderId,
    payload: &'a Event,
    person_id: Option<PersonId>,
    previous: Hash,
    role: Role,
    seq: i32,
    stream_id: StreamId,
    version: i32,
}

#[derive(Deserialize)]
struct Stored<'a> {
    at: &'a str,
    body_digest: Option<&'a str>,
    command_id: CommandId,
    key_id: Option<KeyId>,
    kind: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
    person_id: Option<PersonId>,
    role: Role,
    seq: i32,
    version: i32,
}

/// What one command adds to its events.
pub struct Circumstances<'a> {
    pub by: &'a By,
    pub at: Timestamp,
    pub command_id: CommandId,
    /// What was asked, in canonical form, behind the name of the command; free of whatever authenticates.
    pub digested: &'a [u8],
}

/// An event with its rows.
pub struct Written {
    pub row: events::Model,
    pub key: event_keys::Model,
    pub hash: Hash,
    pub body_digest: [u8; 32],
    pub recorded: Recorded,
}

/// Writes one event behind the hash of the one before it.
pub fn write(
    vault: &Vault,
    of: StreamKey,
    seq: i32,
    previous: Hash,
    event: Event,
    circumstances: &Circumstances,
) -> Result<Written, Error> {
    let by = circumstances.by;
    // Whoever acts by a link has no key.
    let key_id = Some(by.key).filter(|key| *key != KeyId::NONE);
    // What the house does by itself is nobody's word.
    let person = Some(by.person).filter(|person| *person != PersonId::NONE);
    let digest_key = Vault::fresh_key();
    let body_digest = Vault::hmac(&digest_key, circumstances.digested);
    let envelope = Envelope {
        at: chain::instant(circumstances.at),
        body_digest: Some(hex::encode(body_digest)),
        command_id: circumstances.command_id,
        key_id,
        kind: event.kind().as_str(),
        order_id: of.order_id,
        payload: &event,
        person_id: person,
        previous,
        role: by.role,
        seq,
        stream_id: of.stream_id,
        version: event.kind().version(),
    };
    let body = canonical_json(&envelope).map_err(|error| Error::fault("an event has no canonical form", error))?;
    let hash = chain::hash(&body);
    let key = event_keys::Model {
        order_id: of.order_id.0,
        stream_id: of.stream_id.0,
        seq,
        person_id: by.person.0,
        wrapped_key: Some(vault.wrap(&digest_key, EVENT_KEY)),
    };
    let row = events::Model {
        order_id: of.order_id.0,
        stream_id: of.stream_id.0,
        seq,
        kind: event.kind().as_str().to_owned(),
        person_id: person.map(|person| person.0),
        at: circumstances.at.as_microsecond(),
        body,
        hash: hash.as_bytes().to_vec(),
    };
    // Read back, an event has its instant in microseconds; so it has before it was written.
    let at = Timestamp::from_microsecond(row.at).unwrap_or(circumstances.at);
    let recorded = Recorded { seq, at, person, key: key_id, role: by.role, event };
    Ok(Written { row, key, hash, body_digest, recorded })
}

/// What a wrapped event key is bound to.
pub const EVENT_KEY: &[u8] = b"event";

/// A stored event, read back.
#[derive(Clone, Debug)]
pub struct Read {
    pub recorded: Recorded,
    pub command_id: CommandId,
    pub body_digest: Option<Vec<u8>>,
    pub hash: Hash,
}

/// Reads one stored event.
pub fn read(row: &events::Model) -> Result<Read, Error> {
    let place = || format!("event {}/{}/{}", row.order_id, row.stream_id, row.seq);
    let stored: Stored = serde_json::from_str(&row.body).map_err(|error| Error::corrupt(place(), error))?;
    let event = Event::parse(stored.kind, stored.version, stored.payload.get())
        .map_err(|error| Error::corrupt(place(), error))?;
    let at = chain::parse_instant(stored.at).ok_or_else(|| Error::corrupt(place(), "its time cannot be read"))?;
    let hash: [u8; 32] =
        row.hash.as_slice().try_into().map_err(|_| Error::corrupt(place(), "its hash is not 32 bytes"))?;
    Ok(Read {
        recorded: Recorded {
            seq: stored.seq,
            at,
            person: stored.person_id,
            key: stored.key_id,
            role: stored.role,
            event,
        },
        command_id: stored.command_id,
        body_digest: stored.body_digest.and_then(|digest| hex::decode(digest).ok()),
        hash: Hash(hash),
    })
}

/// Whether a command says word for word what the last event came from.
pub fn says_the_same(vault: &Vault, wrapped: &[u8], digest: &[u8], digested: &[u8]) -> bool {
    let key: Result<Key, _> = vault.unwrap_key(wrapped, EVENT_KEY);
    key.is_ok_and(|key| Vault::hmac_matches(&key, digested, digest))
}
