//! The capsule (放行凭证): what is signed at release. It names what was found, by whom and by which rules, holds no
//! personal data and no order number, and points at the journal that it closes. `docs/capsule.md` describes each member.
//!
//! What the words of a claim were is left out: they may name somebody, and what is signed can never be erased. The value
//! that was compared stands for them.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Desk, Error};
use crate::capsule::Hash;
use crate::capsule::credential::{self, Unsigned};
use crate::capsule::status;
use crate::domain::appraisal::{Appraisal, ComponentResult, DeclaredComponent};
use crate::domain::event::{Corrected, Event, OrderPlaced, Replacement};
use crate::domain::evidence::{Clearance, Settled, Speech};
use crate::domain::ids::{ClaimId, PersonId, StreamKey};
use crate::domain::ledger::Finding;
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::store::entity::{capsules, laboratories, status_places};
use crate::store::{Source, lookups};
use crate::vault::Vault;

/// What a capsule needs beside its journal.
#[derive(Clone, Debug)]
pub struct Sealing {
    status_place: i32,
    laboratory: Option<laboratories::Model>,
}

/// The same for all releases of a batch, looked up at once.
#[derive(Debug, Default)]
pub struct Sealings {
    free_places: Vec<i32>,
    /// By the warehouse that works in their name.
    laboratories: HashMap<String, laboratories::Model>,
}

/// How many places are drawn beyond those needed. If more than half of what was drawn is taken, the list is half full,
/// and grows.
const DRAWN: usize = 32;

impl Sealings {
    /// Draws as many places in the status list that nobody has, and finds the laboratories.
    pub async fn look_up(source: &Source<'_>, releases: usize) -> Result<Self, Error> {
        if releases == 0 {
            return Ok(Self::default());
        }
        let highest = lookups::highest_status_place(source).await?;
        let mut places = status::places(highest.and_then(|place| u32::try_from(place).ok()));
        let free_places = loop {
            let drawn: HashSet<i32> = (0..DRAWN + releases).map(|_| random_place(places)).collect();
            let drawn: Vec<i32> = drawn.into_iter().collect();
            let taken = lookups::taken_status_places(source, &drawn).await?;
            let free: Vec<i32> = drawn.iter().copied().filter(|place| !taken.contains(place)).collect();
            if releases <= free.len() && 2 * taken.len() <= drawn.len() {
                break free;
            }
            places = places.saturating_mul(2);
        };
        let laboratories = lookups::laboratories_by_warehouse(source).await?;
        Ok(Self { free_places, laboratories: laboratories.into_iter().collect() })
    }

    /// Takes what was looked up for more releases.
    pub fn join(&mut self, more: Self) {
        self.free_places.extend(more.free_places);
        self.laboratories.extend(more.laboratories);
    }

    /// What the next release takes; none where fewer were looked up.
    pub fn take(&mut self, placed: &OrderPlaced) -> Option<Sealing> {
        let laboratory = self.laboratories.get(placed.warehouse_id.as_str()).cloned();
        Some(Sealing { status_place: self.free_places.pop()?, laboratory })
    }
}

/// A place below so many, a power of two.
fn random_place(places: u32) -> i32 {
    // Of a version 4 UUID's 128 bits 122 are random; the last 32 hold none of the fixed ones.
    let random = Uuid::new_v4().as_u128() as u32;
    // The mask leaves what fits: no list has 2^31 places.
    i32::try_from(random & (places - 1) & (u32::MAX >> 1)).unwrap_or_default()
}

/// Signs the capsule of a piece that was just released; `head` is the hash of that event.
pub fn issue(
    desk: &Desk,
    key: StreamKey,
    piece: &Piece,
    placed: &OrderPlaced,
    head: Hash,
    sealing: &Sealing,
) -> Result<(capsules::Model, status_places::Model), Error> {
    let missing = || Error::fault("a released piece has its evidence", "it is not there");
    let (seq, certificate_code) = piece.capsule().ok_or_else(missing)?;
    let mut subject = facts(piece, head).ok_or_else(missing)?;
    subject["laboratory"] = json!(
        sealing
            .laboratory
            .as_ref()
            .map(|laboratory| { json!({"name": laboratory.name, "cma": laboratory.cma, "cnas": laboratory.cnas}) })
    );
    let salt = order_salt(desk.vault(), key, seq);
    subject["order"] = json!(order_reference(&salt, placed.order_no.as_str()));
    let unsigned = Unsigned {
        issuer: desk.public_url(),
        certificate_code: certificate_code.as_str(),
        valid_from: piece.last().at,
        status_index: u32::try_from(sealing.status_place).unwrap_or_default(),
        subject: &subject,
    };
    let credential = credential::sign(desk.capsule_signer(), &unsigned)
        .map_err(|error| Error::fault("a capsule could not be signed", error))?;
    let (order_id, stream_id, place) = (key.order_id.0, key.stream_id.0, sealing.status_place);
    let capsule = capsules::Model {
        order_id,
        stream_id,
        seq,
        certificate_code: certificate_code.to_string(),
        credential,
        status_place: place,
        issued_at: piece.last().at.as_microsecond(),
        revoked_at: None,
    };
    Ok((capsule, status_places::Model { place, order_id, stream_id, seq }))
}

/// What makes a capsule's order reference checkable: given to the platform and the merchant, never public, and another
/// one for each capsule, so that two capsules of one order show nothing in common.
pub fn order_salt(vault: &Vault, key: StreamKey, seq: i32) -> String {
    vault.token(&format!("capsule/order/{}", key.stream_id.0), key.order_id.0, seq.unsigned_abs())
}

/// SHA-256 of the salt, a colon and the order number: who has the salt can check the number, nobody can guess it.
pub fn order_reference(salt: &str, order_no: &str) -> String {
    Hash::of(format!("{salt}:{order_no}")).to_string()
}

/// The members of a capsule's subject that follow from the journal alone, as it was when the piece was released; none
/// where it was not. The audit makes them anew and holds them against what was signed.
pub fn facts(piece: &Piece, head: Hash) -> Option<Value> {
    let release = piece.standing().release()?;
    let clearance = release.packed().clearance();
    let (seq, _) = piece.capsule()?;
    let (_, settled) = piece.settled()?;
    let tagged = piece.tag()?;
    Some(json!({
        "accepted": clearance.accepted(),
        "appraisals": appraisals(piece),
        "approved_by": approvers(piece, clearance, release.packed().packer(), release.releaser()),
        "components": piece.opened().declared.components.iter().map(declared).collect::<Vec<_>>(),
        "journal": {"events": seq, "head": head},
        "ledger": ledger(piece),
        "open_points": open_points(piece),
        "photos": piece.photos().map(|(_, photo)| json!({
            "kind": photo.kind,
            "original_sha256": photo.original_sha256,
            "shown_sha256": photo.shown_sha256,
        })).collect::<Vec<_>>(),
        "piece": piece.opened().code,
        "rules": rules(piece),
        "speech": match clearance.speech() { Speech::Read => "read", Speech::Unavailable => "unavailable" },
        "tag": release.packed().tag(),
        "verdict": clearance.reviewed().verdict(),
        "weights": {
            "receipt": receipt_weight(piece).map(weighed),
            "appraisal": weighed(&settled.weight),
            "packing": weighed(&tagged.weight),
            "packing_with_tag": weighed(&tagged.weight_with_tag),
        },
    }))
}

/// A person without a name: the same in every capsule of theirs and in no other place. Who holds a journal can tell whose
/// it is, nobody else: an id has 74 random bits.
pub fn pseudonym(person: PersonId) -> String {
    Hash::of(format!("touchstone/person/1:{}", person.0)).to_string().split_off(44)
}

/// Everybody whose word the release stands on, each with their part in it.
fn approvers(piece: &Piece, clearance: &Clearance, packer: PersonId, releaser: PersonId) -> Vec<Value> {
    let bench = clearance.reviewed().appraised().bench();
    let settled = settled_appraisals(piece);
    let appraisers = bench.appraisals().iter().filter(|(seq, _)| settled.contains(seq)).map(|(_, person)| *person);
    let reviewer = piece.verdict().and_then(|(seq, _)| piece.author(seq));
    let parts = appraisers.map(|person| ("appraiser", person));
    let parts = parts.chain(reviewer.map(|person| ("reviewer", person)));
    let parts = parts.chain([("packer", packer), ("releaser", releaser)]);
    parts.map(|(part, person)| json!({"as": part, "person": pseudonym(person)})).collect()
}

fn settled_appraisals(piece: &Piece) -> &[i32] {
    let settled = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::AppraisalSettled(settled) => Some(settled.appraisals.as_slice()),
        _ => None, // No other event settles appraisals.
    });
    settled.unwrap_or_default()
}

fn appraisals(piece: &Piece) -> Vec<Value> {
    let settled = settled_appraisals(piece).iter();
    settled
        .filter_map(|seq| Some((piece.event(*seq)?, piece.appraisal(*seq)?)))
        .map(|(recorded, appraisal)| {
            json!({
                "event": recorded.seq,
                "by": recorded.person.map(pseudonym),
                "components": found(appraisal),
                "weight": weighed(&appraisal.weight),
            })
        })
        .collect()
}

fn receipt_weight(piece: &Piece) -> Option<&Weighing> {
    piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::Received(received) => Some(&received.weight),
        Event::Corrected(Corrected { replacement: Replacement::ReceivedWeight { weight }, .. }) => Some(weight),
        _ => None, // No other event tells the weight at receipt.
    })
}

fn rules(piece: &Piece) -> Value {
    let rulebook = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::LedgerProposed(proposed) => Some(&proposed.rulebook_version),
        _ => None, // No other event names the rulebook.
    });
    json!({"rulebook": rulebook, "lexicon": piece.claims().map(|(_, read)| &read.lexicon_version)})
}

fn weighed(weight: &Weighing) -> Value {
    json!({"mass_ug": weight.mass, "includes": weight.includes, "typed": weight.typed})
}

fn declared(part: &DeclaredComponent) -> Value {
    json!({
        "component": part.component,
        "role": part.role,
        "material": part.material,
        "treatment": part.treatment,
        "fineness_ppm": part.fineness_ppm,
        "weight": part.weight.as_ref().map(weighed),
    })
}

fn found(appraisal: &Appraisal) -> Vec<Value> {
    let part = |part: &ComponentResult| {
        json!({
            "component": part.component,
            "role": part.role,
            "state": part.state,
            "material": part.material,
            "treatment": part.treatment,
            "fineness_ppm": part.fineness_ppm,
            "weight": part.weight.as_ref().map(weighed),
            "sizes": part.sizes,
            "tests": part.tests,
        })
    };
    appraisal.components.iter().map(part).collect()
}

/// Every claim with its finding.
fn ledger(piece: &Piece) -> Vec<Value> {
    let settled = settled_findings(piece);
    piece
        .ledger_claims()
        .into_iter()
        .map(|claim| {
            json!({
                "claim_id": claim.claim_id,
                "source": claim.source,
                "component": claim.component,
                "kind": claim.kind,
                "bound": claim.bound,
                "value": claim.value,
                "negated": claim.negated,
                "finding": match finding_of(&settled, &claim.claim_id) {
                    Some(Settled::Found(finding)) => Some(finding.as_str()),
                    Some(Settled::Misread) => Some("misread"),
                    Some(Settled::Open) | None => None,
                },
            })
        })
        .collect()
}

/// The claims that were not confirmed and could have been: what a buyer accepted with the piece.
fn open_points(piece: &Piece) -> Vec<ClaimId> {
    let settled = settled_findings(piece);
    let open = |id: &ClaimId| match finding_of(&settled, id) {
        Some(Settled::Found(finding)) => match finding {
            Finding::Contradicted | Finding::NotTested => true,
            Finding::Confirmed | Finding::NotTestable | Finding::Promise => false,
        },
        Some(Settled::Misread) => false,
        Some(Settled::Open) | None => true,
    };
    piece.ledger_claims().into_iter().map(|claim| &claim.claim_id).filter(|id| open(id)).cloned().collect()
}

fn finding_of(settled: &[(ClaimId, Settled)], claim: &ClaimId) -> Option<Settled> {
    settled.iter().rev().find(|(id, _)| id == claim).map(|(_, settled)| *settled)
}

/// The findings as they were settled on the last proposal.
pub fn settled_findings(piece: &Piece) -> Vec<(ClaimId, Settled)> {
    let from = piece.claims().and_then(|(seq, _)| usize::try_from(seq).ok()).unwrap_or_default();
    piece
        .history()
        .iter()
        .skip(from)
        .filter_map(|recorded| match &recorded.event {
            Event::EntrySettled(entry) => {
                Some((entry.claim_id.clone(), entry.finding.map_or(Settled::Misread, Settled::Found)))
            }
            _ => None, // No other event settles an entry.
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_within_the_list() {
        for _ in 0..1_000 {
            assert!((0..131_072).contains(&random_place(status::LEAST_PLACES)));
            assert!(0 <= random_place(u32::MAX));
        }
    }

    #[test]
    fn a_pseudonym_is_eighty_bits_of_a_hash_and_tells_people_apart() {
        let one = pseudonym(PersonId(Uuid::from_u128(1)));
        assert_eq!((one.len(), &one), (20, &pseudonym(PersonId(Uuid::from_u128(1)))));
        assert_ne!(one, pseudonym(PersonId(Uuid::from_u128(2))));
    }

    #[test]
    fn an_order_reference_needs_its_salt() {
        let reference = order_reference("salt", "KS1");
        // printf 'salt:KS1' | sha256sum
        assert_eq!(reference, "02d0a16b0bf9185fa9bc271728f85ef5e52b8b3369a0e53ab482fd09c932de67");
        assert_ne!(reference, order_reference("other", "KS1"));
    }
}
