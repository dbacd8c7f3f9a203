//! The ledger (口播对照表) as its readers see it: every claim with its words and times, beside what is proposed, why, and
//! what is settled. Reading it writes nothing.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Caller, INSPECTOR, READERS, SUPERVISOR};
use super::bench::SettleBody;
use super::body::{Faults, Write};
use super::error::Problem;
use super::looks::{bench_closed, note_reader};
use super::pieces::{milliseconds, view};
use super::query::Query;
use super::views::{Words, text, value};
use super::warehouse::{Nothing, PieceAnswer, etag, on_piece, seal};
use super::{ApiError, App};
use crate::desk::{PieceView, Session, settled_findings};
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::event::{Event, LedgerProposed};
use crate::domain::evidence::{Settled, Speech};
use crate::domain::ids::{ClaimId, OrderId};
use crate::domain::ledger::{Claim, ProposedEntry, Span};
use crate::domain::merge::at_odds;
use crate::domain::piece::Piece;
use crate::domain::text::Sealed;
use crate::rulebook::{Assessment, Language, Rule, Rulebook};
use crate::spoken::mask::mask;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_ledger, settle_ledger))
        .routes(routes!(propose_ledger))
        .routes(routes!(get_transcript))
}

/// The ledger (口播对照表): every claim beside what was found, with the reason for what is proposed. An entry that
/// nobody settled yet has `read: false`. Phone numbers, addresses and buyers' names in the words are covered for
/// everybody but those who settle it. Reading it writes nothing.
#[utoipa::path(get, path = "/v1/pieces/{code}/ledger", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The ledger"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_ledger(
    State(app): State<App>,
    caller: Caller<READERS>,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    let view = view(&app, &caller, &code).await?;
    if view.piece.is_blind() {
        return Err(bench_closed());
    }
    note_reader(&app, &caller, &view).await?;
    let words = words_for(&app, &view, caller.role).await?;
    let mut answer = ledger(&app, &view, &words);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("waits_for".to_owned(), json!(waits_for(&app, &view).await?));
    }
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, etag(view.piece.head()));
    Ok(response)
}

/// Reads the claims of listing, certificate and speech again and proposes findings; what was settled is void.
#[utoipa::path(post, path = "/v1/pieces/{code}/ledger/proposal", tag = "pieces", request_body = Nothing,
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn propose_ledger(
    State(app): State<App>,
    caller: Caller<INSPECTOR>,
    Path(code): Path<String>,
    write: Write<Nothing>,
) -> Result<Response, ApiError> {
    on_piece(&app, &caller, &code, &write.circumstances, |_, _| Ok(Command::ProposeLedger)).await
}

/// Settles entries of the ledger. A finding other than the proposed one takes a note. A milder one, or a claim struck as
/// misread, takes a second person: post the same body to the piece's proposals.
#[utoipa::path(post, path = "/v1/pieces/{code}/ledger", tag = "pieces", request_body = SettleBody,
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn settle_ledger(
    State(app): State<App>,
    caller: Caller<INSPECTOR>,
    Path(code): Path<String>,
    write: Write<SettleBody>,
) -> Result<Response, ApiError> {
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        write.body.parse(&mut |text| seal(&app, &caller, located, seals, text))
    })
    .await
}

/// Which part of the session is quoted; without it, the piece's segment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PartQuery {
    /// From the start of the session, such as `00:12:30.000`.
    from: Option<String>,
    to: Option<String>,
}

/// What was said in a part of the live session.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptPart {
    transcript_id: String,
    cues: Vec<QuotedCue>,
}

/// Words that were written down together. The offsets are those of the whole transcript, in Unicode scalar values: what a
/// claim's `start` and `end` count.
#[derive(Debug, Serialize, ToSchema)]
struct QuotedCue {
    start: usize,
    end: usize,
    /// HH:MM:SS.mmm since the start of the session; null where the transcript has no times.
    from: Option<String>,
    to: Option<String>,
    text: String,
    /// Whether it was said in the piece's own segment.
    own: bool,
}

/// Cues of one answer at the most.
const MAX_CUES: usize = 2_000;

/// What was said in the live session, for quoting: the piece's own segment, or any other part. Only what is said in the
/// segment is read as the piece's claims.
#[utoipa::path(get, path = "/v1/pieces/{code}/transcript", tag = "pieces",
    params(("code" = String, Path, description = "The piece code"), PartQuery),
    responses((status = 200, description = "The words, with their times", body = TranscriptPart),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_transcript(
    State(app): State<App>,
    caller: Caller<{ INSPECTOR | SUPERVISOR }>,
    Path(code): Path<String>,
    Query(part): Query<PartQuery>,
) -> Result<Json<TranscriptPart>, ApiError> {
    let view = view(&app, &caller, &code).await?;
    let session = app.desk().session_of(&view.placed).await?.ok_or_else(|| ApiError::absent("transcript"))?;
    let own = view.piece.segment().map(|segment| (segment.from_ms, segment.to_ms));
    let mut faults = Faults::default();
    let mut place = |text: &Option<String>, pointer: &str| {
        let place = text.as_deref().map(milliseconds);
        if place == Some(None) {
            faults.add(pointer, "a place in the session is HH:MM:SS or HH:MM:SS.mmm");
        }
        place.flatten()
    };
    let (from, to) = (place(&part.from, "from"), place(&part.to, "to"));
    faults.finish(Some(()))?;
    let (from, to) = match (from, to, own) {
        (None, None, Some(own)) => own,
        (from, to, _) => (from.unwrap_or(0), to.unwrap_or(i64::MAX)),
    };
    let clock = |ms: Option<i64>| ms.map(clock);
    let transcript = &session.transcript;
    let quotes: Box<dyn Iterator<Item = _>> = if transcript.is_timed() {
        Box::new(transcript.quotes(&transcript.part(from, to)))
    } else {
        Box::new(transcript.all())
    };
    let is_own = |from_ms: Option<i64>| own.zip(from_ms).is_some_and(|((from, to), at)| from <= at && at < to);
    let cues = quotes.take(MAX_CUES).map(|quote| QuotedCue {
        start: quote.start,
        end: quote.end,
        from: clock(quote.from_ms),
        to: clock(quote.to_ms),
        text: quote.text.to_owned(),
        own: is_own(quote.from_ms),
    });
    Ok(Json(TranscriptPart { transcript_id: session.id.to_string(), cues: cues.collect() }))
}

/// Milliseconds as HH:MM:SS.mmm.
fn clock(ms: i64) -> String {
    let (seconds, ms) = (ms.max(0) / 1_000, ms.max(0) % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The words behind sealed texts, as far as this role may read them: an auditor none; who settles the ledger all; anybody
/// else with what is personal covered.
async fn words_for(app: &App, view: &PieceView, role: Role) -> Result<Words, ApiError> {
    let words = texts_for(app, view.key.order_id, role).await?;
    covered(app, view, role, words).await
}

/// The sealed texts of an order, an auditor's none; still uncovered.
pub async fn texts_for(app: &App, order_id: OrderId, role: Role) -> Result<Words, ApiError> {
    match role {
        Role::Auditor => Ok(Words::new()),
        _ => Ok(app.desk().read_texts(order_id).await?), // Everybody else who sees the piece.
    }
}

/// Covers what is personal in the words of claims, except for who settles the ledger.
pub async fn covered(app: &App, view: &PieceView, role: Role, mut words: Words) -> Result<Words, ApiError> {
    if !matches!(role, Role::Inspector | Role::Supervisor) {
        let buyer = app.desk().read_person(view.placed.buyer_id).await?;
        let name = buyer.and_then(|details| details.name);
        let names: Vec<&str> = name.as_deref().into_iter().collect();
        for claim in view.piece.ledger_claims() {
            let also = claim.also.iter().filter_map(|again| again.words.as_ref());
            for sealed in claim.words.iter().chain(also) {
                if let Some(text) = words.get_mut(&sealed.text_id) {
                    *text = mask(text, &names);
                }
            }
        }
    }
    Ok(words)
}

/// Why nothing that was said has been read yet; none where it was, or two persons recorded that it cannot be.
async fn waits_for(app: &App, view: &PieceView) -> Result<Option<&'static str>, ApiError> {
    let Some((_, review)) = view.piece.standing().review() else { return Ok(None) };
    if review.speech().is_some() {
        return Ok(None);
    }
    let session = app.desk().session_of(&view.placed).await?;
    Ok(Some(silence(session.as_deref(), &view.piece)))
}

fn silence(session: Option<&Session>, piece: &Piece) -> &'static str {
    match (session, piece.segment()) {
        (None, _) => "the transcript of its live session: the platform has sent none",
        (Some(_), None) => "its segment: which part of the session speaks of it is not said",
        (Some(session), Some(_)) if !session.transcript.is_timed() => {
            "a transcript with times: without them no part of the session can be told to be this piece's"
        }
        (Some(_), Some(_)) => "words: nothing is said in its segment; read the claims again, or set another segment",
    }
}

/// The last proposal of a piece's ledger, and the number of its event.
fn proposed(piece: &Piece) -> Option<(i32, &LedgerProposed)> {
    let (seq, _) = piece.claims()?;
    let since = usize::try_from(seq).ok()?;
    piece.history().get(since..)?.iter().rev().find_map(|recorded| match &recorded.event {
        Event::LedgerProposed(proposed) => Some((recorded.seq, proposed)),
        _ => None, // No other event proposes.
    })
}

/// The ledger: every claim with what is proposed and what is settled.
pub fn ledger(app: &App, view: &PieceView, words: &Words) -> Value {
    let piece = &view.piece;
    // On an open bench the ledger of before is void, and the next to look does not see it.
    if piece.is_blind() {
        return Value::Null;
    }
    let Some((_, read)) = piece.claims() else { return Value::Null };
    let proposed = proposed(piece);
    let settled = settled_findings(piece);
    let claims = piece.ledger_claims();
    let rulebook = proposed.and_then(|(_, proposed)| app.desk().edition(&proposed.rulebook_version));
    let reasons = reasons(rulebook, view, &claims);
    let rules = app.desk().rules();
    let finding = |id: &ClaimId| settled.iter().rev().find(|(of, _)| of == id).map(|(_, settled)| *settled);
    let note = |id: &ClaimId| {
        let last = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::EntrySettled(entry) if entry.claim_id == *id => Some(entry.note.as_ref()),
            _ => None, // No other event settles an entry.
        });
        text(last.flatten(), words)
    };
    let entry = |(claim, reason): (&&Claim, &Value)| {
        let proposal =
            proposed.and_then(|(_, proposed)| proposed.entries.iter().find(|entry| entry.claim_id == claim.claim_id));
        let finding = finding(&claim.claim_id);
        let odds: Vec<_> = claims
            .iter()
            .filter(|other| other.claim_id != claim.claim_id)
            .filter(|other| at_odds(claim, other, |kind, one, other| rules.is_apart(kind, one, other)))
            .map(|other| &other.claim_id)
            .collect();
        json!({
            "claim_id": claim.claim_id,
            "source": claim.source,
            "component": claim.component,
            "ambiguous": claim.ambiguous,
            "kind": claim.kind,
            "words": text(claim.words.as_ref(), words),
            "span": claim.span,
            "times": times(claim, words),
            "bound": claim.bound,
            "value": value(&claim.value),
            "negated": claim.negated,
            "certainty": claim.certainty,
            "at_odds_with": odds,
            "proposed": proposal.map(|entry| entry.finding),
            "reason": reason,
            "flags": flags(rulebook, proposal, claim.words.as_ref().and_then(|sealed| words.get(&sealed.text_id)).map_or("", String::as_str)),
            "read": !matches!(finding, None | Some(Settled::Open)),
            "finding": match finding {
                Some(Settled::Found(finding)) => Some(finding.as_str()),
                Some(Settled::Misread) => Some("misread"),
                Some(Settled::Open) | None => None,
            },
            "note": if finding.is_some() { note(&claim.claim_id) } else { Value::Null },
        })
    };
    let entries: Vec<_> = claims.iter().zip(&reasons).map(entry).collect();
    json!({
        "proposal": proposed.map(|(seq, _)| seq),
        "rulebook": proposed.map(|(_, proposed)| &proposed.rulebook_version),
        "lexicon": read.lexicon_version,
        "transcript_id": read.transcript_id,
        "speech": speech(piece),
        "unread": entries.iter().filter(|entry| entry["read"] == json!(false)).count(),
        "entries": entries,
        "derived": piece.standing().review().map(|(appraised, review)| review.derived().max(appraised.least())),
    })
}

/// Every place where a claim was made, in the order of the stream.
fn times(claim: &Claim, words: &Words) -> Vec<Value> {
    let place = |source, sealed: Option<&Sealed>, span: Option<&Span>| {
        json!({
            "source": source,
            "words": text(sealed, words),
            "start": span.map(|span| span.start),
            "end": span.map(|span| span.end),
            "at": span.and_then(|span| span.at_ms).map(clock),
        })
    };
    let own = place(claim.source, claim.words.as_ref(), claim.span.as_ref());
    let also = claim.also.iter().map(|again| place(again.source, again.words.as_ref(), again.span.as_ref()));
    std::iter::once(own).chain(also).collect()
}

/// Why each finding is proposed, in one sentence in two languages, by the edition of the rulebook that proposed it; null
/// for what was added since, and where the appraisal is void.
fn reasons(rulebook: Option<&Rulebook>, view: &PieceView, claims: &[&Claim]) -> Vec<Value> {
    let piece = &view.piece;
    let (Some(rulebook), Some((_, appraisal))) = (rulebook, piece.settled()) else {
        return vec![Value::Null; claims.len()];
    };
    let owned: Vec<Claim> = claims.iter().map(|claim| (*claim).clone()).collect();
    let reason = |assessment: Assessment| {
        json!({
            "zh": rulebook.sentence(&assessment.reason, Language::Zh),
            "en": rulebook.sentence(&assessment.reason, Language::En),
            "rule": assessment.entry.rule.as_ref().and_then(|name| rulebook.rule(name)).map(rule),
        })
    };
    rulebook.assess(piece, &view.placed, &owned, appraisal).into_iter().map(reason).collect()
}

/// A rule with its clause.
fn rule(rule: &Rule) -> Value {
    json!({
        "name": rule.rule,
        "clause": {"zh": rule.clause(Language::Zh), "en": rule.clause(Language::En)},
        "source": rule.source,
        // A number that was seen in one weak place only.
        "to_be_verified": rule.verify == "yes",
    })
}

/// The rules of speech that a claim breaches: those that were found with the proposal, and those of its very words.
fn flags(rulebook: Option<&Rulebook>, entry: Option<&ProposedEntry>, words: &str) -> Vec<Value> {
    let Some(rulebook) = rulebook else { return Vec::new() };
    let found = entry.into_iter().flat_map(|entry| &entry.flags).filter_map(|flag| rulebook.rule(flag));
    let mut seen = BTreeSet::new();
    found.chain(rulebook.breaches(words)).filter(|one| seen.insert(one.rule.clone())).map(rule).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_session_is_written_as_it_is_read() {
        for text in ["00:00:00.000", "00:12:30.500", "03:59:59.999"] {
            assert_eq!(clock(milliseconds(text).unwrap()), text);
        }
    }
}
