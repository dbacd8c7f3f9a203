//! The capsule (放行凭证): what is signed at release. It names what was found and by which rules, holds no personal
//! data and no order number, and points at the journal it closes.

use serde_json::{Value, json};

use super::Error;
use crate::capsule::release::{self, SignedDocument};
use crate::capsule::signature::Signer;
use crate::capsule::{Hash, chain};
use crate::domain::appraisal::Appraisal;
use crate::domain::evidence::{Settled, Speech};
use crate::domain::ids::StreamKey;
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::domain::route::Standing;
use crate::store::entity::capsules;

/// Signs the capsule of a piece that was just released; `head` is the hash of that event.
pub fn issue(signer: &Signer, key: StreamKey, piece: &Piece, head: Hash) -> Result<capsules::Model, Error> {
    let standing: &Standing = piece.standing();
    let missing = || Error::fault("a released piece has its evidence", "it is not there");
    let clearance = standing.release().map(|release| release.packed().clearance()).ok_or_else(missing)?;
    let packed = standing.release().map(|release| release.packed()).ok_or_else(missing)?;
    let (seq, certificate_code) = piece.capsule().ok_or_else(missing)?;
    let (_, appraisal) = piece.settled().ok_or_else(missing)?;
    let tagged = piece.tag().ok_or_else(missing)?;
    let document = json!({
        "type": release::CAPSULE,
        "certificate_code": certificate_code,
        "issued_at": chain::instant(piece.last().at),
        "verdict": clearance.reviewed().verdict(),
        "accepted": clearance.accepted(),
        "speech": match clearance.speech() { Speech::Read => "read", Speech::Unavailable => "unavailable" },
        "rules": rules(piece),
        "components": found(appraisal),
        "weight": weighed(clearance.reviewed().appraised().weight()),
        "ledger": ledger(piece),
        "tag": packed.tag(),
        "packing_weight": weighed(&tagged.weight),
        "weight_with_tag": weighed(&tagged.weight_with_tag),
        "journal": {"events": seq, "head": head},
    });
    let signed = SignedDocument::sign(signer, &document)
        .map_err(|error| Error::fault("a capsule could not be signed", error))?;
    Ok(capsules::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        seq,
        certificate_code: certificate_code.to_string(),
        body: signed.body,
        signature: signed.signature.0.to_vec(),
        issued_at: piece.last().at.as_microsecond(),
        revoked_at: None,
    })
}

fn rules(piece: &Piece) -> Value {
    use crate::domain::event::Event;
    let rulebook = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::LedgerProposed(proposed) => Some(&proposed.rulebook_version),
        _ => None, // No other event names the rulebook.
    });
    json!({"rulebook": rulebook, "lexicon": piece.claims().map(|(_, read)| &read.lexicon_version)})
}

fn weighed(weight: &Weighing) -> Value {
    json!({"mass_ug": weight.mass, "includes": weight.includes, "typed": weight.typed})
}

fn found(appraisal: &Appraisal) -> Vec<Value> {
    appraisal
        .components
        .iter()
        .map(|part| {
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
        })
        .collect()
}

/// Every claim with its finding. The words of a claim stay sealed; its value is what was compared.
fn ledger(piece: &Piece) -> Vec<Value> {
    let settled = settled_findings(piece);
    piece
        .ledger_claims()
        .into_iter()
        .map(|claim| {
            let finding = settled.iter().rev().find(|(id, _)| *id == claim.claim_id).map(|(_, settled)| *settled);
            json!({
                "claim_id": claim.claim_id,
                "source": claim.source,
                "component": claim.component,
                "kind": claim.kind,
                "bound": claim.bound,
                "value": claim.value,
                "negated": claim.negated,
                "finding": match finding {
                    Some(Settled::Found(finding)) => Some(finding.as_str()),
                    Some(Settled::Misread) => Some("misread"),
                    Some(Settled::Open) | None => None,
                },
            })
        })
        .collect()
}

/// The findings as they were settled on the last proposal.
pub fn settled_findings(piece: &Piece) -> Vec<(crate::domain::ids::ClaimId, Settled)> {
    use crate::domain::event::Event;
    let from = piece.claims().map_or(0, |(seq, _)| seq as usize);
    piece.history()[from..]
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::EntrySettled(entry) => {
                Some((entry.claim_id.clone(), entry.finding.map_or(Settled::Misread, Settled::Found)))
            }
            _ => None, // No other event settles an entry.
        })
        .collect()
}
