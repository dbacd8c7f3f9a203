//! A piece as a caller sees it: folded from its journal, with the words of sealed texts where the caller may read them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::Caller;
use super::ledger::{covered, ledger, texts_for};
use super::looks::shows_photo;
use super::obligations::InWords;
use super::warehouse::capsule_answer;
use super::{ApiError, App, obligations};
use crate::desk::PieceView;
use crate::domain::actor::Role;
use crate::domain::appraisal::{Appraisal, ComponentResult, Declared, PresentedCertificate, Size};
use crate::domain::command::{CommandKind, Rules, Step};
use crate::domain::event::{Condition, Event};
use crate::domain::ids::{StreamKey, TextId};
use crate::domain::ledger::ClaimedValue;
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::domain::route::Stage;
use crate::domain::text::Sealed;
use crate::store::entity::{capsules, deadlines, obligations as obligation_rows, return_shipments};
use crate::store::{owed, queries};

/// Words behind sealed texts. An auditor gets none.
pub type Words = HashMap<TextId, String>;

/// Microseconds as a time in an answer.
pub fn instant(micros: i64) -> Value {
    Timestamp::from_microsecond(micros).map_or(Value::Null, |at| json!(at.to_string()))
}

/// A sealed text in an answer: its words, or null where they are not for the caller or no longer readable.
pub fn text(sealed: Option<&Sealed>, words: &Words) -> Value {
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

pub fn size(size: &Size) -> Value {
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
        "presented_certificate": declared.presented_certificate.as_ref().map(certificate),
    })
}

fn certificate(presented: &PresentedCertificate) -> Value {
    let mut shown = json!({"body": presented.body, "number": presented.number});
    if let Some(printed) = &presented.weight {
        shown["weight"] = weight(printed);
    }
    if !presented.sizes.is_empty() {
        shown["sizes"] = presented.sizes.iter().map(size).collect();
    }
    shown
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
        "presented_certificate": appraisal.presented_certificate.as_ref().map(certificate),
        "remarks": text(appraisal.remarks.as_ref(), words),
        "photo_ids": appraisal.photo_ids,
    })
}

/// What was claimed.
pub fn value(value: &ClaimedValue) -> Value {
    match value {
        ClaimedValue::Name { name } => json!({"name": name}),
        ClaimedValue::Weight { weight: low, upper } => {
            json!({"weight": weight(low), "upper": upper.as_ref().map(weight)})
        }
        // As it was said: what it comes to in grams is the rulebook's to say, with its reason.
        ClaimedValue::TradeWeight { .. } => json!(value),
        ClaimedValue::Fineness { fineness_ppm } => json!({"fineness": fineness_ppm.per_mille()}),
        // Sizes and certificates are told as they are kept.
        ClaimedValue::Size { .. } | ClaimedValue::Certificate { .. } => json!(value),
    }
}

/// What stands in tables of its own beside a piece's journal, as far as the role is shown it.
pub struct Beside {
    deadlines: Vec<deadlines::Model>,
    capsule: Option<capsules::Model>,
    returns: Vec<return_shipments::Model>,
    /// Of the whole order; none where the role sees no price, and so no sum that is made of it.
    obligations: Option<Vec<obligation_rows::Model>>,
    /// Still uncovered.
    texts: Words,
}

impl Beside {
    /// Asked by the key alone and all at once, so that it can be read beside the journal: where much is stored, each of
    /// them may wait for the disk.
    pub async fn read(app: &App, key: StreamKey, role: Role) -> Result<Self, ApiError> {
        let reader = app.desk().store().reader();
        let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
        let obligations = async {
            match role {
                Role::Platform | Role::Merchant | Role::Supervisor | Role::Auditor => {
                    Ok(Some(owed::obligations_of(reader, order_id).await?))
                }
                Role::Clerk | Role::Inspector | Role::Operator | Role::Buyer | Role::Carrier | Role::Desk => Ok(None),
            }
        };
        let rows = async {
            Ok(tokio::try_join!(
                queries::deadlines_of(reader, order_id, stream_id),
                queries::capsule(reader, order_id, stream_id),
                queries::returns_of(reader, order_id, stream_id),
                obligations,
            )?)
        };
        let ((deadlines, capsule, returns, obligations), texts) =
            tokio::try_join!(rows, texts_for(app, key.order_id, role))?;
        Ok(Self { deadlines, capsule, returns, obligations, texts })
    }
}

/// A whole piece, as far as the caller may see.
pub async fn piece<const ROLES: u16>(
    app: &App,
    view: &PieceView,
    beside: Beside,
    caller: &Caller<ROLES>,
) -> Result<Value, ApiError> {
    let role = caller.role;
    let piece = &view.piece;
    let opened = piece.opened();
    let Beside { deadlines, capsule, returns, obligations, texts } = beside;
    let words = covered(app, view, role, texts).await?;
    // An auditor reads everything but personal data, and a free text may hold some.
    let title =
        text(view.placed.lines.iter().find(|line| line.line_no == opened.line_no).map(|line| &line.title), &words);
    let merchant = role == Role::Merchant;
    let owed = match obligations {
        Some(mut rows) => {
            let stream_id = view.key.stream_id.0;
            rows.retain(|row| row.line_no == opened.line_no && row.stream_id.is_none_or(|stream| stream == stream_id));
            json!(obligations::told(app, rows).await?)
        }
        None => Value::Null,
    };
    Ok(json!({
        "code": opened.code,
        "order_no": view.placed.order_no,
        "line_no": opened.line_no,
        "title": title,
        "stage": piece.stage().as_str(),
        "outcome": piece.standing().outcome().map(|outcome| outcome.as_str()),
        "words": InWords::of(|language| stage_in_words(language.words(), piece, role).to_owned()),
        "condition": open_exception(piece).map(|condition| json!({
            "code": condition.as_str(),
            "words": InWords::of(|language| language.words().condition(condition).to_owned()),
        })),
        "cancellation_requested": piece.standing().flagged(),
        "since": instant(piece.since().at.as_microsecond()),
        "seq": piece.head(),
        "allowed": CommandKind::allowed(piece.stage(), role).map(CommandKind::as_str).collect::<Vec<_>>(),
        "deadlines": deadlines.iter().map(|row| json!({"kind": row.kind, "due_at": instant(row.due_at)}))
            .collect::<Vec<_>>(),
        "price": if merchant || role == Role::Platform { json!(opened.price) } else { Value::Null },
        "segment": piece.segment(),
        "declared": declared(&opened.declared),
        // While something lies on the bench, nothing is settled and nobody is shown it.
        "appraisal": piece.settled().map(|(_, found)| appraisal(found, &words)),
        "ledger": ledger(app, view, &words),
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
        "capsule": capsule.as_ref().map(|row| capsule_answer(app, row)),
        "shipments": {
            "inbound": inbound(piece),
            "outbound": piece.shipped().map(|shipped| json!({"carrier": shipped.carrier, "waybill": shipped.waybill})),
            "returns": returns.iter().map(|row| json!({
                "to": row.recipient, "carrier": row.carrier, "waybill": row.waybill,
                "shipped_at": instant(row.shipped_at),
            })).collect::<Vec<_>>(),
        },
        "obligations": owed,
        "photos_needed": Step::ALL
            .into_iter()
            .map(|step| (step.as_str().replace(' ', "_"), json!(app.desk().rules().photos_needed(piece, step))))
            .collect::<serde_json::Map<_, _>>(),
        "photos": piece.photos().filter(|(recorded, _)| shows_photo(piece, caller, recorded)).map(|(recorded, photo)| json!({
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

/// The stage as its reader needs it: what their part in it is.
fn stage_in_words(words: &'static crate::words::Words, piece: &Piece, role: Role) -> &'static str {
    let (stage, outcome) = (piece.stage(), piece.standing().outcome());
    match role {
        Role::Merchant => words.to_merchant(stage, outcome),
        Role::Clerk | Role::Inspector | Role::Supervisor => words.to_warehouse(stage, outcome),
        Role::Platform | Role::Auditor | Role::Operator | Role::Buyer | Role::Carrier | Role::Desk => {
            words.stage(stage, outcome)
        }
    }
}

/// How it arrived, while that is an exception.
fn open_exception(piece: &Piece) -> Option<Condition> {
    let found = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::IntakeExceptionFound(found) => Some(found.condition),
        _ => None, // No other event says how it arrived.
    });
    found.filter(|_| piece.stage() == Stage::IntakeException)
}

fn inbound(piece: &Piece) -> Option<Value> {
    piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::Dispatched(sent) => Some(json!({"carrier": sent.carrier, "waybill": sent.waybill})),
        Event::WaybillCorrected(sent) => Some(json!({"carrier": sent.carrier, "waybill": sent.waybill})),
        _ => None, // No other event names the waybill to the house.
    })
}
