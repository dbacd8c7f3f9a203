//! A piece as a caller sees it: folded from its journal, with the words of sealed texts where the caller may read them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::warehouse::capsule_answer;
use super::{ApiError, App};
use crate::desk::{PieceView, settled_findings};
use crate::domain::actor::Role;
use crate::domain::appraisal::{Appraisal, ComponentResult, Declared, Size};
use crate::domain::command::{CommandKind, Rules, Step};
use crate::domain::event::Event;
use crate::domain::evidence::{Settled, Speech};
use crate::domain::ids::{ClaimId, TextId};
use crate::domain::ledger::{Claim, ClaimedValue};
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::domain::text::Sealed;
use crate::store::queries;

/// Words behind sealed texts. An auditor gets none.
pub type Words = HashMap<TextId, String>;

/// Microseconds as a time in an answer.
pub fn instant(micros: i64) -> Value {
    Timestamp::from_microsecond(micros).map_or(Value::Null, |at| json!(at.to_string()))
}

/// A sealed text in an answer: its words, or null where they are not for the caller or no longer readable.
fn text(sealed: Option<&Sealed>, words: &Words) -> Value {
    sealed.and_then(|sealed| words.get(&sealed.text_id)).map_or(Value::Null, |text| json!(text))
}

pub fn weight(weighing: &Weighing) -> Value {
    json!({
        "value": weighing.mass.grams(),
        "unit": "g",
        "includes": weighing.includes,
        "typed": weighing.typed,
    })
}

fn size(size: &Size) -> Value {
    match (&size.length_um, &size.label) {
        (Some(length), _) => json!({"name": size.name, "value": length.millimetres(), "unit": "mm"}),
        (None, label) => json!({"name": size.name, "value": label, "table": size.table}),
    }
}

fn declared(declared: &Declared) -> Value {
    json!({
        "components": declared.components.iter().map(|part| json!({
            "component": part.component,
            "role": part.role,
            "material": part.material,
            "treatment": part.treatment,
            "fineness": part.fineness_ppm.map(|fineness| fineness.per_mille()),
            "weight": part.weight.as_ref().map(weight),
        })).collect::<Vec<_>>(),
        "weight": declared.weight.as_ref().map(weight),
        "sizes": declared.sizes.iter().map(size).collect::<Vec<_>>(),
        "presented_certificate": declared.presented_certificate,
    })
}

fn component(found: &ComponentResult, words: &Words) -> Value {
    json!({
        "component": found.component,
        "role": found.role,
        "state": found.state,
        "material": found.material,
        "treatment": found.treatment,
        "fineness": found.fineness_ppm.map(|fineness| fineness.per_mille()),
        "weight": found.weight.as_ref().map(weight),
        "sizes": found.sizes.iter().map(size).collect::<Vec<_>>(),
        "tests": found.tests,
        "reason": text(found.reason.as_ref(), words),
    })
}

pub fn appraisal(appraisal: &Appraisal, words: &Words) -> Value {
    json!({
        "components": appraisal.components.iter().map(|found| component(found, words)).collect::<Vec<_>>(),
        "weight": weight(&appraisal.weight),
        "presented_certificate": appraisal.presented_certificate,
        "remarks": text(appraisal.remarks.as_ref(), words),
        "photo_ids": appraisal.photo_ids,
    })
}

fn value(value: &ClaimedValue) -> Value {
    match value {
        ClaimedValue::Name { name } => json!({"name": name}),
        ClaimedValue::Weight { weight: low, upper } => {
            json!({"weight": weight(low), "upper": upper.as_ref().map(weight)})
        }
        ClaimedValue::Fineness { fineness_ppm } => json!({"fineness": fineness_ppm.per_mille()}),
        // Sizes and certificates are told as they are kept.
        ClaimedValue::Size { .. } | ClaimedValue::Certificate { .. } => json!(value),
    }
}

/// The ledger: every claim with what is proposed and what is settled.
pub fn ledger(piece: &Piece, words: &Words) -> Value {
    let Some((seq, read)) = piece.claims() else { return Value::Null };
    let proposed = piece.history()[seq as usize..].iter().rev().find_map(|recorded| match &recorded.event {
        Event::LedgerProposed(proposed) => Some((recorded.seq, proposed)),
        _ => None, // No other event proposes.
    });
    let settled = settled_findings(piece);
    let finding = |id: &ClaimId| settled.iter().rev().find(|(of, _)| of == id).map(|(_, settled)| *settled);
    let entry = |claim: &Claim| {
        let proposal =
            proposed.and_then(|(_, proposed)| proposed.entries.iter().find(|entry| entry.claim_id == claim.claim_id));
        json!({
            "claim_id": claim.claim_id,
            "source": claim.source,
            "component": claim.component,
            "kind": claim.kind,
            "words": text(claim.words.as_ref(), words),
            "span": claim.span,
            "bound": claim.bound,
            "value": value(&claim.value),
            "negated": claim.negated,
            "proposed": proposal.map(|entry| entry.finding),
            "finding": match finding(&claim.claim_id) {
                Some(Settled::Found(finding)) => Some(finding.as_str()),
                Some(Settled::Misread) => Some("misread"),
                Some(Settled::Open) | None => None,
            },
        })
    };
    let speech = speech(piece);
    json!({
        "proposal": proposed.map(|(seq, _)| seq),
        "rulebook": proposed.map(|(_, proposed)| &proposed.rulebook_version),
        "lexicon": read.lexicon_version,
        "speech": speech,
        "entries": piece.ledger_claims().into_iter().map(entry).collect::<Vec<_>>(),
        "derived": piece.standing().review().map(|(_, review)| review.derived()),
    })
}

/// How what was said is checked: read, unavailable, or not yet.
fn speech(piece: &Piece) -> Option<&'static str> {
    let standing = piece.standing();
    let speech = match (standing.review(), standing.clearance()) {
        (Some((_, review)), _) => review.speech(),
        (None, Some(clearance)) => Some(clearance.speech()),
        (None, None) => None,
    };
    speech.map(|speech| match speech {
        Speech::Read => "read",
        Speech::Unavailable => "unavailable",
    })
}

/// A whole piece, as far as this role may see.
pub async fn piece(app: &App, view: &PieceView, role: Role) -> Result<Value, ApiError> {
    let reader = app.desk().store().reader();
    let (order_id, stream_id) = (view.key.order_id.0, view.key.stream_id.0);
    let piece = &view.piece;
    let opened = piece.opened();
    // An auditor reads everything but personal data, and a free text may hold some.
    let words = if role == Role::Auditor { Words::new() } else { app.desk().read_texts(view.key.order_id).await? };
    let title = view.placed.lines.iter().find(|line| line.line_no == opened.line_no).map(|line| &line.title);
    let deadlines = queries::deadlines_of(reader, order_id, stream_id).await?;
    let capsule = queries::capsule(reader, order_id, stream_id).await?;
    let returns = queries::returns_of(reader, order_id, stream_id).await?;
    let bench_is_open = piece.standing().bench().is_some();
    // While a second appraisal may still come, nobody is shown the first.
    let shown_appraisal = if bench_is_open { None } else { piece.settled() };
    let merchant = role == Role::Merchant;
    Ok(json!({
        "code": opened.code,
        "order_no": view.placed.order_no,
        "line_no": opened.line_no,
        "title": text(title, &words),
        "stage": piece.stage().as_str(),
        "outcome": piece.standing().outcome().map(|outcome| outcome.as_str()),
        "cancellation_requested": piece.standing().flagged(),
        "since": instant(piece.since().at.as_microsecond()),
        "seq": piece.head(),
        "allowed": CommandKind::allowed(piece.stage(), role).map(CommandKind::as_str).collect::<Vec<_>>(),
        "deadlines": deadlines.iter().map(|row| json!({"kind": row.kind, "due_at": instant(row.due_at)}))
            .collect::<Vec<_>>(),
        "price": if merchant || role == Role::Platform { json!(opened.price) } else { Value::Null },
        "segment": piece.segment(),
        "declared": declared(&opened.declared),
        "appraisal": shown_appraisal.map(|(_, found)| appraisal(found, &words)),
        "ledger": ledger(piece, &words),
        "verdict": piece.verdict().map(|(seq, given)| json!({
            "seq": seq,
            "verdict": given.verdict,
            "derived": given.derived,
            "reason": text(given.reason.as_ref(), &words),
        })),
        "tag": piece.tag().map(|tagged| json!({
            "tag": tagged.tag,
            "weight": weight(&tagged.weight),
            "weight_with_tag": weight(&tagged.weight_with_tag),
        })),
        "capsule": capsule.as_ref().map(capsule_answer),
        "shipments": {
            "inbound": inbound(piece),
            "outbound": piece.shipped().map(|shipped| json!({"carrier": shipped.carrier, "waybill": shipped.waybill})),
            "returns": returns.iter().map(|row| json!({
                "to": row.recipient, "carrier": row.carrier, "waybill": row.waybill,
                "shipped_at": instant(row.shipped_at),
            })).collect::<Vec<_>>(),
        },
        "photos_needed": Step::ALL
            .into_iter()
            .map(|step| (step.as_str().replace(' ', "_"), json!(app.desk().rules().photos_needed(piece, step))))
            .collect::<serde_json::Map<_, _>>(),
        "photos": piece.photos().map(|(recorded, photo)| json!({
            "id": photo.photo_id,
            "kind": photo.kind,
            "original_sha256": photo.original_sha256,
            "shown_sha256": photo.shown_sha256,
            "small_sha256": photo.small_sha256,
            "captured_at": photo.captured_at,
            "media_type": photo.media_type,
            "added_at": instant(recorded.at.as_microsecond()),
        })).collect::<Vec<_>>(),
    }))
}

fn inbound(piece: &Piece) -> Option<Value> {
    piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::Dispatched(sent) => Some(json!({"carrier": sent.carrier, "waybill": sent.waybill})),
        Event::WaybillCorrected(sent) => Some(json!({"carrier": sent.carrier, "waybill": sent.waybill})),
        _ => None, // No other event names the waybill to the house.
    })
}
