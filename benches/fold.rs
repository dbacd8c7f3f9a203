//! What one decision costs without a store: a journal of 20 events is folded, and a command is decided on it.
//!
//! `cargo bench --bench fold`

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use touchstone::domain::actor::{By, Role};
use touchstone::domain::command::{Command, decide};
use touchstone::domain::event::{Condition, Event, PhotoAdded, Recorded};
use touchstone::domain::ids::{CertificateCode, ParcelId, PhotoId, Tag, Waybill};
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::{Included, Weighing};
use uuid::Uuid;
use world::*;

#[allow(dead_code)] // The walks use all of it, a bench only a part.
#[path = "../tests/it/property/world.rs"]
mod world;

fn main() {
    divan::main();
}

/// One event as the store hands it out.
#[derive(Clone)]
struct Stored {
    seq: i32,
    at: i64,
    role: Role,
    by: By,
    kind: &'static str,
    version: i32,
    payload: String,
}

impl Stored {
    fn new(recorded: &Recorded, by: &By) -> Self {
        let kind = recorded.event.kind();
        Self {
            seq: recorded.seq,
            at: recorded.at.as_microsecond(),
            role: recorded.role,
            by: by.clone(),
            kind: kind.as_str(),
            version: kind.version(),
            payload: serde_json::to_string(&recorded.event).unwrap(),
        }
    }

    fn read(&self) -> Recorded {
        Recorded {
            seq: self.seq,
            at: jiff::Timestamp::from_microsecond(self.at).unwrap(),
            person: Some(self.by.person),
            key: Some(self.by.key),
            role: self.role,
            event: Event::parse(self.kind, self.version, &self.payload).unwrap(),
        }
    }
}

fn carry_out(world: &mut World, command: Command, by: &By) {
    let now = world.now();
    let events = decide(&world.slots[0].piece, &world.order, &command, by, now, &*world.book).unwrap();
    for event in events {
        world.record(0, event, by, now).unwrap();
    }
}

/// A piece from its order to its buyer's door.
fn delivered() -> World {
    let mut world = World::new(&Setting { lines: 2, together: false, transcript: false, needed: 1 });
    let mut dice = Dice::new(0);
    let photo = |number| PhotoAdded {
        photo_id: PhotoId(Uuid::from_u128(number)),
        kind: name("packing"),
        original_sha256: "0a".repeat(32),
        shown_sha256: Some("0b".repeat(32)),
        media_type: name("image/jpeg"),
        size_bytes: 812_345,
        small_sha256: None,
        captured_at: None,
        fingerprint: None,
    };
    let waybill = || Waybill::parse("SF1234567890").unwrap();
    let parcel_id = ParcelId(Uuid::from_u128(5));
    carry_out(&mut world, Command::Dispatch { parcel_id, carrier: carrier(), waybill: waybill() }, &MERCHANT.by());
    let (condition, weight) = (Condition::Intact, weighing(WEIGHT));
    let receive = Command::Receive { parcel_id: Some(parcel_id), condition, weight, note: Some(sealed()) };
    carry_out(&mut world, receive, &CLERK.by());
    carry_out(&mut world, Command::AddPhoto { photo: photo(1) }, &CLERK.by());
    carry_out(&mut world, Command::AddNote { text: sealed() }, &CLERK.by());
    carry_out(&mut world, Command::OpenAppraisal, &ANNA.by());
    carry_out(&mut world, Command::AddPhoto { photo: photo(2) }, &ANNA.by());
    let appraisal = appraisal(&world.slots[0].piece, &mut dice);
    let settled = appraisal.weight.clone();
    carry_out(&mut world, Command::SubmitAppraisal { appraisal }, &ANNA.by());
    let (_, review) = world.slots[0].piece.standing().review().unwrap();
    let proposal = review.proposal().unwrap();
    let entry = |(claim_id, entry): (&touchstone::domain::ids::ClaimId, &touchstone::domain::evidence::Entry)| {
        touchstone::domain::command::SettledEntry {
            claim_id: claim_id.clone(),
            finding: entry.proposed.unwrap(),
            note: None,
        }
    };
    let entries = review.entries().iter().map(entry).collect();
    let settle = Command::SettleLedger { proposal, entries, added: Vec::new(), misread: Default::default() };
    carry_out(&mut world, settle, &BORIS.by());
    carry_out(&mut world, Command::RecordSpeechUnavailable { reason: sealed() }, &BORIS.after(ANNA));
    carry_out(&mut world, Command::GiveVerdict { proposal, stricter: None, reason: None }, &BORIS.by());
    let mut weight_with_tag = Weighing { includes: [Included::Tag].into(), ..settled.clone() };
    weight_with_tag.mass.0 += 900_000;
    let tag = Command::Tag {
        tag: Tag::parse("T-000123").unwrap(),
        weight: settled,
        weight_with_tag,
        photo_ids: world.slots[0].piece.photo_ids(),
        confirm_mismatch: false,
    };
    carry_out(&mut world, tag, &CLERK.by());
    let certificate_code = CertificateCode::parse("TS-7K3M9QX2V5TB4N8H").unwrap();
    carry_out(&mut world, Command::Release { certificate_code }, &CHIEF.by());
    carry_out(&mut world, Command::Ship { carrier: carrier(), waybill: waybill() }, &CLERK.by());
    let delivered_at = world.instant();
    carry_out(&mut world, Command::Deliver { delivered_at }, &PLATFORM.by());
    assert_eq!(world.slots[0].journal.len(), 20, "the figure is stated for a journal of 20 events");
    world
}

fn complete(world: &World, piece: &Piece) -> Vec<Event> {
    let now = jiff::Timestamp::from_microsecond(world.instant()).unwrap();
    decide(piece, &world.order, &Command::Complete, &PLATFORM.by(), now, &*world.book).unwrap()
}

fn owned(journal: &[Arc<Recorded>]) -> Vec<Recorded> {
    journal.iter().map(|recorded| (**recorded).clone()).collect()
}

#[divan::bench]
fn fold(bencher: Bencher) {
    let world = delivered();
    let journal = &world.slots[0].journal;
    bencher
        .counter(ItemsCount::new(journal.len()))
        .with_inputs(|| owned(journal))
        .bench_values(|journal| Piece::fold(journal).unwrap());
}

#[divan::bench]
fn fold_and_decide(bencher: Bencher) {
    let world = delivered();
    let journal = &world.slots[0].journal;
    bencher.counter(ItemsCount::new(journal.len())).with_inputs(|| owned(journal)).bench_values(|journal| {
        let piece = Piece::fold(journal).unwrap();
        (complete(&world, &piece), piece)
    });
}

#[divan::bench]
fn parse_fold_and_decide(bencher: Bencher) {
    let world = delivered();
    let by = PLATFORM.by();
    let stored: Vec<_> = world.slots[0].journal.iter().map(|recorded| Stored::new(recorded, &by)).collect();
    bencher.counter(ItemsCount::new(stored.len())).bench(|| {
        let piece = Piece::fold(stored.iter().map(Stored::read)).unwrap();
        (complete(&world, &piece), piece)
    });
}

/// The dearest decision: an appraisal is submitted, settled, and its ledger proposed, four events in one.
#[divan::bench]
fn decide_on_an_appraisal(bencher: Bencher) {
    let world = delivered();
    let piece = Piece::fold(owned(&world.slots[0].journal[..7])).unwrap();
    let submit = Command::SubmitAppraisal { appraisal: appraisal(&piece, &mut Dice::new(0)) };
    let now = jiff::Timestamp::from_microsecond(world.instant()).unwrap();
    bencher.bench(|| decide(&piece, &world.order, &submit, &ANNA.by(), now, &*world.book).unwrap());
}
