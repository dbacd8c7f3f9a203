//! The chain of a journal: each event's body holds the hash of the body before it.
//!
//! A body is hashed exactly as it is stored, byte for byte; nobody needs this program to check a journal. The recipe
//! and the test vectors are in `fixtures/journals/`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Hash, canonical};

/// The members of an event's body, all of them, in canonical order.
pub const MEMBERS: [&str; 13] = [
    "at",
    "body_digest",
    "command_id",
    "key_id",
    "kind",
    "order_id",
    "payload",
    "person_id",
    "previous",
    "role",
    "seq",
    "stream_id",
    "version",
];

/// The hash of an event: SHA-256 of its body as stored.
pub fn hash(body: &str) -> Hash {
    Hash::of(body)
}

/// An instant as bodies and roots write it: RFC 3339 in UTC with six decimals.
pub fn instant(at: jiff::Timestamp) -> String {
    format!("{at:.6}")
}

/// Reads an instant in the one form in which it is written.
pub fn parse_instant(text: &str) -> Option<jiff::Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    (instant(at) == text).then_some(at)
}

/// The last event of a journal, which stands for all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub hash: Hash,
    pub order_id: Uuid,
    pub seq: u32,
    pub stream_id: u32,
}

/// Where a journal is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {place}: {fault}")]
pub struct Broken {
    /// The place in the journal, from 1: the `seq` that an unbroken journal would have there.
    pub place: u32,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("there is none; a journal has at least one")]
    Empty,
    #[error("the stored hash is {stored}, the body hashes to {computed}: the body or the hash was changed")]
    HashDiffers { stored: Hash, computed: Hash },
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    #[error("the body is not in canonical form")]
    NotCanonical,
    #[error("the body lacks `{0}`")]
    MemberMissing(&'static str),
    #[error("the body has `{0}`, which no event has")]
    MemberUnknown(String),
    #[error("the body is no event: {0}")]
    NotAnEvent(String),
    #[error("`at` is {0}, which is not an instant in UTC with six decimals")]
    NotAnInstant(String),
    #[error("seq is {found}, expected {expected}: an event is missing, doubled or out of place")]
    SeqBroken { expected: u32, found: u32 },
    #[error("previous is {found}, but the event before hashes to {expected}: the chain was cut or rewritten")]
    PreviousDiffers { expected: Hash, found: Hash },
    #[error("it belongs to {found_order} stream {found_stream}, the journal to {order} stream {stream}")]
    Foreign { order: Uuid, stream: u32, found_order: Uuid, found_stream: u32 },
}

/// What a body says of its place; the rest is only held to its form.
#[derive(Deserialize)]
#[allow(dead_code)] // Members that are not read here must still have their type.
struct Body {
    at: String,
    body_digest: Option<Hash>,
    command_id: Uuid,
    key_id: Option<Uuid>,
    kind: String,
    order_id: Uuid,
    payload: Map<String, Value>,
    person_id: Option<Uuid>,
    previous: Hash,
    role: String,
    seq: u32,
    stream_id: u32,
    version: u32,
}

/// Checks a journal event by event, for readers that stream it.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    of: Option<(Uuid, u32)>,
    head: Option<Head>,
}

impl Verifier {
    /// For a journal of which nothing is known; it must then be one journal from beginning to end.
    pub fn new() -> Self {
        Self::default()
    }

    /// For the journal that is expected.
    pub fn of(order_id: Uuid, stream_id: u32) -> Self {
        Self { of: Some((order_id, stream_id)), head: None }
    }

    /// Takes the next event. After a fault the verifier stays where it was.
    pub fn push(&mut self, body: &str, stored: Hash) -> Result<Head, Broken> {
        let (expected_seq, previous) = match &self.head {
            None => (1, Hash::ZERO),
            Some(head) => (head.seq.saturating_add(1), head.hash),
        };
        let head = next(body, stored, self.of, expected_seq, previous)
            .map_err(|fault| Broken { place: expected_seq, fault })?;
        self.of = Some((head.order_id, head.stream_id));
        self.head = Some(head);
        Ok(head)
    }

    /// The head, once all events were taken.
    pub fn finish(self) -> Result<Head, Broken> {
        self.head.ok_or(Broken { place: 1, fault: Fault::Empty })
    }
}

fn next(text: &str, stored: Hash, of: Option<(Uuid, u32)>, expected_seq: u32, previous: Hash) -> Result<Head, Fault> {
    let computed = hash(text);
    if computed != stored {
        return Err(Fault::HashDiffers { stored, computed });
    }
    let body = read(text)?;
    if let Some((order, stream)) = of
        && (order, stream) != (body.order_id, body.stream_id)
    {
        return Err(Fault::Foreign { order, stream, found_order: body.order_id, found_stream: body.stream_id });
    }
    if body.seq != expected_seq {
        return Err(Fault::SeqBroken { expected: expected_seq, found: body.seq });
    }
    if body.previous != previous {
        return Err(Fault::PreviousDiffers { expected: previous, found: body.previous });
    }
    Ok(Head { hash: computed, order_id: body.order_id, seq: body.seq, stream_id: body.stream_id })
}

fn read(text: &str) -> Result<Body, Fault> {
    let value: Value = serde_json::from_str(text).map_err(|error| Fault::NotJson(error.to_string()))?;
    if !canonical::is_canonical(text, &value) {
        return Err(Fault::NotCanonical);
    }
    let Value::Object(members) = &value else {
        return Err(Fault::NotAnEvent("it is no object".to_owned()));
    };
    if let Some(missing) = MEMBERS.into_iter().find(|name| !members.contains_key(*name)) {
        return Err(Fault::MemberMissing(missing));
    }
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(Fault::MemberUnknown(unknown.clone()));
    }
    // A UUID has several spellings; only one of them may be hashed.
    for name in ["command_id", "key_id", "order_id", "person_id"] {
        if let Some(Value::String(id)) = members.get(name)
            && Uuid::parse_str(id).is_ok_and(|parsed| parsed.to_string() != *id)
        {
            return Err(Fault::NotAnEvent(format!("`{name}` is not in the usual form of a UUID")));
        }
    }
    let body: Body = serde_json::from_value(value).map_err(|error| Fault::NotAnEvent(error.to_string()))?;
    if parse_instant(&body.at).is_none() {
        return Err(Fault::NotAnInstant(body.at));
    }
    Ok(body)
}

/// Checks a whole journal: the stored bodies with their stored hashes, in order. Answers its head, or the first place
/// where it is broken.
pub fn verify_chain<Text: AsRef<str>>(events: impl IntoIterator<Item = (Text, Hash)>) -> Result<Head, Broken> {
    let mut verifier = Verifier::new();
    for (body, stored) in events {
        verifier.push(body.as_ref(), stored)?;
    }
    verifier.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(seq: u32, previous: Hash) -> Value {
        json!({
            "at": "2026-11-22T02:03:04.000005Z", "body_digest": null, "command_id": Uuid::from_u128(9), "key_id": null,
            "kind": "received", "order_id": Uuid::from_u128(1), "payload": { "n": seq }, "person_id": null,
            "previous": previous, "role": "clerk", "seq": seq, "stream_id": 2, "version": 1,
        })
    }

    fn stored(value: &Value) -> (String, Hash) {
        let body = serde_json_canonicalizer::to_string(value).unwrap();
        let hash = hash(&body);
        (body, hash)
    }

    fn journal(length: u32) -> Vec<(String, Hash)> {
        let mut events: Vec<(String, Hash)> = Vec::new();
        for seq in 1..=length {
            let previous = events.last().map_or(Hash::ZERO, |(_, hash)| *hash);
            events.push(stored(&event(seq, previous)));
        }
        events
    }

    fn fault(events: &[(String, Hash)]) -> (u32, Fault) {
        let broken = verify_chain(events.iter().map(|(body, hash)| (body, *hash))).unwrap_err();
        (broken.place, broken.fault)
    }

    /// The second event of a journal of three with one member changed and, as a skilful forger would, hashed anew.
    fn with(change: impl FnOnce(&mut Value)) -> (u32, Fault) {
        let mut events = journal(3);
        let mut value = serde_json::from_str(&events[1].0).unwrap();
        change(&mut value);
        events[1] = stored(&value);
        fault(&events)
    }

    #[test]
    fn an_unbroken_journal_has_a_head() {
        let events = journal(4);
        let last = events[3].1;
        let head = verify_chain(events).unwrap();
        assert_eq!(head, Head { hash: last, order_id: Uuid::from_u128(1), seq: 4, stream_id: 2 });
    }

    #[test]
    fn an_empty_journal_is_none() {
        assert_eq!(fault(&[]), (1, Fault::Empty));
    }

    #[test]
    fn a_changed_body_or_hash_is_found_where_it_is() {
        let mut events = journal(3);
        events[1].0 = events[1].0.replace("clerk", "buyer");
        let computed = hash(&events[1].0);
        assert_eq!(fault(&events), (2, Fault::HashDiffers { stored: events[1].1, computed }));

        let mut events = journal(3);
        let computed = events[2].1;
        events[2].1 = Hash::ZERO;
        assert_eq!(fault(&events), (3, Fault::HashDiffers { stored: Hash::ZERO, computed }));
    }

    #[test]
    fn a_body_hashed_anew_breaks_the_event_after() {
        let untouched = journal(3)[1].1;
        let (place, fault) = with(|body| body["role"] = json!("buyer"));
        assert_eq!(place, 3);
        assert!(matches!(fault, Fault::PreviousDiffers { found, .. } if found == untouched));
    }

    #[test]
    fn missing_doubled_and_swapped_events_are_found() {
        let mut events = journal(4);
        events.remove(2);
        assert_eq!(fault(&events), (3, Fault::SeqBroken { expected: 3, found: 4 }));
        let mut events = journal(4);
        events.remove(0);
        assert_eq!(fault(&events), (1, Fault::SeqBroken { expected: 1, found: 2 }));
        let mut events = journal(4);
        events.insert(2, events[1].clone());
        assert_eq!(fault(&events), (3, Fault::SeqBroken { expected: 3, found: 2 }));
        let mut events = journal(4);
        events.swap(1, 2);
        assert_eq!(fault(&events), (2, Fault::SeqBroken { expected: 2, found: 3 }));
    }

    #[test]
    fn a_journal_begins_with_zeros() {
        let events = [stored(&event(1, Hash::of("before")))];
        let expected = Fault::PreviousDiffers { expected: Hash::ZERO, found: Hash::of("before") };
        assert_eq!(fault(&events), (1, expected));
    }

    #[test]
    fn an_event_of_another_journal_is_told() {
        let (place, found) = with(|body| body["stream_id"] = json!(3));
        let order = Uuid::from_u128(1);
        assert_eq!((place, found), (2, Fault::Foreign { order, stream: 2, found_order: order, found_stream: 3 }));
        let (place, fault) = with(|body| body["order_id"] = json!(Uuid::from_u128(5)));
        assert!(place == 2 && matches!(fault, Fault::Foreign { .. }));

        let (body, hash) = &journal(1)[0];
        assert!(Verifier::of(order, 2).push(body, *hash).is_ok());
        let broken = Verifier::of(order, 1).push(body, *hash).unwrap_err();
        assert!(matches!(broken.fault, Fault::Foreign { stream: 1, found_stream: 2, .. }));
    }

    #[test]
    fn a_body_has_all_members_and_no_other() {
        for name in MEMBERS {
            let removed = with(|body| drop(body.as_object_mut().unwrap().remove(name)));
            assert_eq!(removed, (2, Fault::MemberMissing(name)));
        }
        let added = with(|body| body["name"] = json!("…"));
        assert_eq!(added, (2, Fault::MemberUnknown("name".to_owned())));
    }

    #[test]
    fn a_member_of_another_type_or_spelling_is_no_event() {
        let check = |name: &str, value: Value| {
            let (place, fault) = with(|body| body[name] = value);
            assert!(place == 2 && matches!(fault, Fault::NotAnEvent(_)), "{name}: {fault}");
        };
        check("payload", json!([]));
        check("payload", json!(null));
        check("seq", json!(-1));
        check("seq", json!("2"));
        check("stream_id", json!(u64::from(u32::MAX) + 1));
        check("role", json!(null));
        check("previous", json!("0"));
        check("body_digest", json!("00"));
        check("person_id", json!("somebody"));
        check("command_id", json!("{00000000-0000-0000-0000-000000000009}"));
        check("key_id", json!("0193514E-8D80-7000-8000-000000000009"));
    }

    #[test]
    fn an_instant_has_six_decimals_and_is_in_utc() {
        for text in [
            "2026-11-22T02:03:04Z",
            "2026-11-22T02:03:04.00005Z",
            "2026-11-22T02:03:04.0000051Z",
            "2026-11-22T02:03:04.000005+00:00",
            "2026-11-22T10:03:04.000005+08:00",
            "2026-11-22t02:03:04.000005z",
            "2026-11-22 02:03:04.000005Z",
            "2026-13-22T02:03:04.000005Z",
            "",
        ] {
            assert_eq!(with(|body| body["at"] = json!(text)), (2, Fault::NotAnInstant(text.to_owned())));
        }
        let at = jiff::Timestamp::from_microsecond(1_795_312_984_000_005).unwrap();
        assert_eq!(instant(at), "2026-11-22T02:03:04.000005Z");
        assert_eq!(parse_instant(&instant(at)), Some(at));
        assert_eq!(instant(jiff::Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn another_form_of_the_same_body_is_refused_even_if_its_hash_is_right() {
        let body = journal(1)[0].0.clone();
        let check = |body: String, expected: fn(&Fault) -> bool| {
            let hash = hash(&body);
            let (place, fault) = fault(&[(body, hash)]);
            assert!(place == 1 && expected(&fault), "{fault}");
        };
        let not_canonical = |fault: &Fault| *fault == Fault::NotCanonical;
        check(format!("{body}\n"), not_canonical);
        check(body.replace("\"seq\":1", "\"seq\": 1"), not_canonical);
        check(body.replace("\"seq\":1", "\"seq\":1,\"seq\":1"), not_canonical);
        check(body.replace("\"n\":1", "\"n\":1.5"), not_canonical);
        check(body.replace("\"n\":1", "\"n\":9007199254740993"), not_canonical);
        check(body.replace("}", ""), |fault| matches!(fault, Fault::NotJson(_)));
        check("[]".to_owned(), |fault| matches!(fault, Fault::NotAnEvent(_)));
        check("[".repeat(100_000), |fault| matches!(fault, Fault::NotJson(_)));
    }

    #[test]
    fn a_streaming_reader_learns_the_same() {
        let mut verifier = Verifier::new();
        for (body, hash) in journal(3) {
            verifier.push(&body, hash).unwrap();
        }
        assert!(verifier.push("{}", hash("{}")).is_err());
        assert_eq!(verifier.finish().unwrap().seq, 3);
        let broken = Verifier::new().finish().unwrap_err();
        assert_eq!(broken.to_string(), "event 1: there is none; a journal has at least one");
    }
}
