//! What is done to a piece, from the bench to the door: one handler a command, each a few lines.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{CLERK, Caller, INSPECTOR, MERCHANT, PLATFORM, STAFF, SUPERVISOR, visible};
use super::bench::{AppraisalBody, CorrectionBody};
use super::body::{Circumstances, Faults, WeightBody, Write, free_text};
use super::error::Problem;
use super::{ApiError, App};
use crate::capsule::credential;
use crate::desk::receipt::PieceReceipt;
use crate::desk::{Located, Receipt, Request, Seals, order_salt};
use crate::domain::command::{Command, Custody, ReturnEnd};
use crate::domain::event::RevokedTo;
use crate::domain::ids::{Carrier, PersonId, PhotoId, PieceCode, Tag, Waybill};
use crate::domain::ledger::Verdict;
use crate::domain::text::Sealed;
use crate::store::entity::capsules;
use crate::store::{journal, queries};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_appraisal))
        .routes(routes!(hand_over))
        .routes(routes!(submit_appraisal))
        .routes(routes!(give_verdict))
        .routes(routes!(reopen_appraisal))
        .routes(routes!(correct))
        .routes(routes!(tag_piece))
        .routes(routes!(untag_piece))
        .routes(routes!(release_piece))
        .routes(routes!(revoke_capsule))
        .routes(routes!(ship_piece))
        .routes(routes!(deliver_piece))
        .routes(routes!(complete_piece))
        .routes(routes!(cancel_piece))
        .routes(routes!(waive_appeal))
        .routes(routes!(ship_return))
        .routes(routes!(close_return))
        .routes(routes!(report_custody))
        .routes(routes!(add_note))
}

/// What became of one piece.
#[derive(Debug, Serialize, ToSchema)]
pub struct PieceAnswer {
    pub code: String,
    pub stage: String,
    /// How it ended, once it is closed.
    pub outcome: Option<String>,
    /// The length of the journal after it: the piece's ETag.
    pub seq: i32,
    /// What happened, in order.
    pub events: Vec<EventAnswer>,
    /// At release: the signed capsule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capsule: Option<CapsuleAnswer>,
}

/// One event of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventAnswer {
    pub seq: i32,
    pub kind: String,
}

/// The signed release document (放行凭证).
#[derive(Debug, Serialize, ToSchema)]
pub struct CapsuleAnswer {
    /// The number printed on the certificate: 80 random bits.
    pub certificate_code: String,
    /// A W3C Verifiable Credential as `application/vc+jwt`, signed with ES256 by a key of `/.well-known/jwks.json`.
    pub credential: String,
    /// With it the capsule's order reference can be checked: SHA-256 of the salt, a colon and the order number.
    pub order_salt: String,
    /// Where anybody may see and check it.
    pub verify_url: String,
    pub revoked: bool,
}

impl From<PieceReceipt> for PieceAnswer {
    fn from(receipt: PieceReceipt) -> Self {
        Self {
            code: receipt.code,
            stage: receipt.stage,
            outcome: receipt.outcome,
            seq: receipt.seq,
            events: receipt.events.into_iter().map(|event| EventAnswer { seq: event.seq, kind: event.kind }).collect(),
            capsule: None,
        }
    }
}

/// The tag of an answer about a piece.
pub fn etag(seq: i32) -> HeaderValue {
    // A number between quotes is a good header.
    HeaderValue::from_str(&format!("\"{seq}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// Where a code of the address leads, if the caller may know of it.
pub async fn locate<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    code: &str,
) -> Result<(PieceCode, Located), ApiError> {
    let code = PieceCode::parse(code).map_err(|_| ApiError::absent("piece"))?;
    let located = app.desk().locate(&code).await?.ok_or_else(|| ApiError::absent("piece"))?;
    visible(caller.sees(&located), "piece")?;
    Ok((code, located))
}

/// Seals a text of the caller's for one piece's order.
pub fn seal<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    located: &Located,
    seals: &mut Seals,
    text: &str,
) -> Sealed {
    seals.seal(app.desk().vault(), located.key.order_id, caller.person, text)
}

/// Carries out one command on one piece, and answers with what became of it.
pub async fn on_piece<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    code: &str,
    circumstances: &Circumstances,
    build: impl FnOnce(&Located, &mut Seals) -> Result<Command, ApiError>,
) -> Result<Response, ApiError> {
    let (_, located) = locate(app, caller, code).await?;
    carry_out(app, caller, &located, circumstances.request(app, caller), build).await
}

/// The same with a request of its own, such as a confirmation.
pub async fn carry_out<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    located: &Located,
    request: Request,
    build: impl FnOnce(&Located, &mut Seals) -> Result<Command, ApiError>,
) -> Result<Response, ApiError> {
    let mut seals = Seals::default();
    let command = build(located, &mut seals)?;
    let releases = matches!(command, Command::Release { .. });
    let receipt = app.desk().carry_out(located.key, command, seals, request).await;
    let receipt = receipt.map_err(|error| ApiError::from(error).for_role(caller.role))?;
    let Receipt::Piece(receipt) = receipt else {
        return Err(ApiError::Fault("a piece's command answers with a piece".into()));
    };
    let mut answer = PieceAnswer::from(receipt);
    if releases {
        let key = located.key;
        let row = queries::capsule(app.desk().store().reader(), key.order_id.0, key.stream_id.0).await?;
        answer.capsule = row.as_ref().map(|row| capsule_answer(app, row));
    }
    Ok(piece_answer(answer))
}

/// An answer with its ETag.
pub fn piece_answer(answer: PieceAnswer) -> Response {
    let tag = etag(answer.seq);
    let mut response = (StatusCode::OK, Json(answer)).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// A stored capsule as it is shown.
pub fn capsule_answer(app: &App, row: &capsules::Model) -> CapsuleAnswer {
    let key = journal::stream_key(row.order_id, row.stream_id);
    CapsuleAnswer {
        certificate_code: row.certificate_code.clone(),
        credential: row.credential.clone(),
        order_salt: order_salt(app.desk().vault(), key, row.seq),
        verify_url: credential::address(app.desk().public_url(), &row.certificate_code),
        revoked: row.revoked_at.is_some(),
    }
}

/// A body without a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A body with a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// In words; kept sealed.
    pub reason: String,
}

/// A body with a reason that may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionalReasonBody {
    #[serde(default)]
    pub reason: Option<String>,
}

/// A carrier and a waybill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaybillBody {
    /// The carrier's code, such as `sf`.
    pub carrier: String,
    pub waybill: String,
}

impl WaybillBody {
    pub fn parse(&self) -> Result<(Carrier, Waybill), ApiError> {
        let mut faults = Faults::default();
        let carrier = faults.take("/carrier", Carrier::parse(&self.carrier));
        let waybill = faults.take("/waybill", Waybill::parse(&self.waybill));
        faults.finish(carrier.zip(waybill))
    }
}

/// Checks a text at its pointer.
pub fn text_at(pointer: &str, text: &str) -> Result<String, ApiError> {
    let mut faults = Faults::default();
    let text = faults.take(pointer, free_text(text));
    faults.finish(text)
}

fn optional_text_at(pointer: &str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    text.map(|text| text_at(pointer, text)).transpose()
}

macro_rules! command_route {
    ($(#[$doc:meta])* $name:ident, $path:literal, $roles:expr, $body:ty, |$app:ident, $caller:ident, $located:ident, $seals:ident, $from:ident| $build:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "pieces", request_body = $body,
            params(("code" = String, Path, description = "The piece code"),
                ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
                ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
            responses((status = 200, description = "What became of the piece", body = PieceAnswer),
                (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
        async fn $name(
            State($app): State<App>,
            $caller: Caller<{ $roles }>,
            Path(code): Path<String>,
            write: Write<$body>,
        ) -> Result<Response, ApiError> {
            let $from = write.body;
            on_piece(&$app, &$caller, &code, &write.circumstances, |$located, $seals| {
                // Not every command seals a text.
                let _ = (&$located, &$seals);
                $build
            })
            .await
        }
    };
}

command_route!(
    /// Puts the piece on the bench.
    open_appraisal, "/v1/pieces/{code}/appraisal-opened", INSPECTOR, Nothing,
    |app, caller, located, seals, _body| Ok(Command::OpenAppraisal)
);

/// To whom the piece is handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandOverBody {
    /// An inspector of the same warehouse.
    to: Uuid,
}

/// Hands the piece on the bench over to another inspector.
#[utoipa::path(post, path = "/v1/pieces/{code}/handover", tag = "pieces", request_body = HandOverBody,
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn hand_over(
    State(app): State<App>,
    caller: Caller<INSPECTOR>,
    Path(code): Path<String>,
    write: Write<HandOverBody>,
) -> Result<Response, ApiError> {
    let to = write.body.to;
    let reader = app.desk().store().reader();
    let warehouse = caller.warehouse()?.as_str();
    if !queries::works_as(reader, to, "inspector", warehouse, app.now().as_microsecond()).await? {
        let mut faults = Faults::default();
        faults.add("/to", "no inspector of this warehouse has this id");
        return faults.finish(None);
    }
    let to = PersonId(to);
    on_piece(&app, &caller, &code, &write.circumstances, |_, _| Ok(Command::HandOver { to })).await
}

command_route!(
    /// Submits an appraisal of every component. Settles it where no second one is needed: the claims are read and the
    /// ledger is proposed in the same commit.
    submit_appraisal, "/v1/pieces/{code}/appraisals", INSPECTOR, AppraisalBody,
    |app, caller, located, seals, body| {
        let mut seal = |text: &str| seal(&app, &caller, located, seals, text);
        Ok(Command::SubmitAppraisal { appraisal: body.parse("", &mut seal)? })
    }
);

/// A verdict on the settled ledger.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerdictBody {
    /// The proposal that was settled: its sequence number.
    proposal: i32,
    /// A stricter verdict than the findings ask for: not_as_described. Others come with a later release.
    #[serde(default)]
    stricter: Option<String>,
    /// What is not as described.
    #[serde(default)]
    reason: Option<String>,
}

command_route!(
    /// Gives the verdict: the one that the findings ask for, or a stricter one with a reason; never a milder one.
    give_verdict, "/v1/pieces/{code}/verdict", INSPECTOR, VerdictBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let stricter = body.stricter.as_deref().map(|text| {
            let verdict = Verdict::parse(text);
            if verdict.is_none() {
                faults.add("/stricter", "a verdict is one of pass, disclosed_difference, undetermined, \
                    not_as_described, suspected_counterfeit");
            }
            verdict
        });
        let reason = optional_text_at("/reason", body.reason.as_deref())?;
        faults.finish(Some(()))?;
        Ok(Command::GiveVerdict {
            proposal: body.proposal,
            stricter: stricter.flatten(),
            reason: reason.map(|text| seal(&app, &caller, located, seals, &text)),
        })
    }
);

command_route!(
    /// Opens the appraisal again: what was settled, the verdict and the tag are void.
    reopen_appraisal, "/v1/pieces/{code}/reopen", SUPERVISOR, ReasonBody,
    |app, caller, located, seals, body| {
        let reason = seal(&app, &caller, located, seals, &text_at("/reason", &body.reason)?);
        Ok(Command::ReopenAppraisal { reason })
    }
);

command_route!(
    /// Corrects an event by a new one that points at it.
    correct, "/v1/pieces/{code}/corrections", STAFF, CorrectionBody,
    |app, caller, located, seals, body| {
        let mut seal = |text: &str| seal(&app, &caller, located, seals, text);
        body.parse(&mut seal)
    }
);

/// The tag (质检扣) with the weights before and with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TagBody {
    tag: String,
    /// The piece as it was appraised, before the tag.
    weight: WeightBody,
    /// Once more with the tag on.
    weight_with_tag: WeightBody,
    #[serde(default)]
    photo_ids: BTreeSet<Uuid>,
    /// The piece was weighed again and does differ from its appraisal: hold it.
    #[serde(default)]
    confirm_mismatch: bool,
}

command_route!(
    /// Puts the tag on. Refused where the packing weight does not agree with the appraised one.
    tag_piece, "/v1/pieces/{code}/tag", CLERK, TagBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let tag = faults.take("/tag", Tag::parse(&body.tag));
        let weight = body.weight.parse("/weight", &mut faults);
        let weight_with_tag = body.weight_with_tag.parse("/weight_with_tag", &mut faults);
        let photo_ids = body.photo_ids.iter().copied().map(PhotoId).collect();
        let parts = tag.zip(weight).zip(weight_with_tag);
        let ((tag, weight), weight_with_tag) = faults.finish(parts)?;
        Ok(Command::Tag { tag, weight, weight_with_tag, photo_ids, confirm_mismatch: body.confirm_mismatch })
    }
);

command_route!(
    /// Takes the tag off again; it is never used a second time.
    untag_piece, "/v1/pieces/{code}/untag", CLERK, ReasonBody,
    |app, caller, located, seals, body| {
        let reason = seal(&app, &caller, located, seals, &text_at("/reason", &body.reason)?);
        Ok(Command::Untag { reason })
    }
);

command_route!(
    /// Releases the piece, by another person than its appraisers: signs the capsule.
    release_piece, "/v1/pieces/{code}/release", INSPECTOR | SUPERVISOR, Nothing,
    |app, caller, located, seals, _body| Ok(Command::Release { certificate_code: app.desk().fresh_certificate_code() })
);

/// Where a piece goes whose capsule is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    /// cleared or returning.
    to: String,
    reason: String,
}

command_route!(
    /// Revokes the capsule of a piece that is not shipped yet.
    revoke_capsule, "/v1/pieces/{code}/revoke", SUPERVISOR, RevokeBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let to = match body.to.as_str() {
            "cleared" => Some(RevokedTo::Cleared),
            "returning" => Some(RevokedTo::Returning),
            _ => {
                faults.add("/to", "a revoked piece goes to cleared or returning");
                None
            }
        };
        let reason = faults.take("/reason", free_text(&body.reason));
        let (to, reason) = faults.finish(to.zip(reason))?;
        Ok(Command::RevokeCapsule { to, reason: seal(&app, &caller, located, seals, &reason) })
    }
);

command_route!(
    /// Hands the released piece to a carrier, bound for its buyer.
    ship_piece, "/v1/pieces/{code}/shipment", CLERK, WaybillBody,
    |app, caller, located, seals, body| {
        let (carrier, waybill) = body.parse()?;
        Ok(Command::Ship { carrier, waybill })
    }
);

/// When the piece was delivered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeliveryBody {
    /// RFC 3339.
    delivered_at: String,
}

command_route!(
    /// Tells that the buyer has the piece.
    deliver_piece, "/v1/pieces/{code}/delivery", PLATFORM, DeliveryBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let at: Option<jiff::Timestamp> = body.delivered_at.parse().ok();
        if at.is_none() {
            faults.add("/delivered_at", "a time is RFC 3339, such as 2026-11-22T02:03:04Z");
        }
        let at = faults.finish(at)?;
        Ok(Command::Deliver { delivered_at: at.as_microsecond() })
    }
);

command_route!(
    /// Closes the piece: the buyer keeps it.
    complete_piece, "/v1/pieces/{code}/completed", PLATFORM, Nothing,
    |app, caller, located, seals, _body| Ok(Command::Complete)
);

command_route!(
    /// Cancels: before dispatch at once; later the piece goes back to its merchant.
    cancel_piece, "/v1/pieces/{code}/cancel", PLATFORM | SUPERVISOR, OptionalReasonBody,
    |app, caller, located, seals, body| {
        let reason = optional_text_at("/reason", body.reason.as_deref())?;
        Ok(Command::Cancel { reason: reason.map(|text| seal(&app, &caller, located, seals, &text)) })
    }
);

command_route!(
    /// Gives up the appeal against a failure: by the merchant, or by a supervisor who writes down their word.
    waive_appeal, "/v1/pieces/{code}/appeal-waiver", MERCHANT | SUPERVISOR, OptionalReasonBody,
    |app, caller, located, seals, body| {
        let reason = optional_text_at("/reason", body.reason.as_deref())?;
        Ok(Command::LapseAppeal { reason: reason.map(|text| seal(&app, &caller, located, seals, &text)) })
    }
);

command_route!(
    /// Hands the piece to a carrier, bound for its merchant.
    ship_return, "/v1/pieces/{code}/return-shipment", CLERK, WaybillBody,
    |app, caller, located, seals, body| {
        let (carrier, waybill) = body.parse()?;
        Ok(Command::ShipReturn { carrier, waybill })
    }
);

/// How a return ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnedBody {
    /// delivered, picked_up or unclaimed.
    how: String,
}

command_route!(
    /// Closes the return to the merchant.
    close_return, "/v1/pieces/{code}/returned", CLERK, ReturnedBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let how = match body.how.as_str() {
            "delivered" => Some(ReturnEnd::Delivered),
            "picked_up" => Some(ReturnEnd::PickedUp),
            "unclaimed" => Some(ReturnEnd::Unclaimed),
            _ => {
                faults.add("/how", "a return ends delivered, picked_up or unclaimed");
                None
            }
        };
        Ok(Command::CloseReturn { how: faults.finish(how)? })
    }
);

/// What happened to a piece in the house.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CustodyBody {
    /// lost or damaged.
    what: String,
    note: String,
}

command_route!(
    /// Tells that a piece was lost or damaged in the house.
    report_custody, "/v1/pieces/{code}/custody", STAFF, CustodyBody,
    |app, caller, located, seals, body| {
        let mut faults = Faults::default();
        let what = match body.what.as_str() {
            "lost" => Some(Custody::Lost),
            "damaged" => Some(Custody::Damaged),
            _ => {
                faults.add("/what", "a piece in the house is lost or damaged");
                None
            }
        };
        let note = faults.take("/note", free_text(&body.note));
        let (what, note) = faults.finish(what.zip(note))?;
        Ok(Command::ReportCustody { what, note: seal(&app, &caller, located, seals, &note) })
    }
);

/// A note on a piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    text: String,
}

command_route!(
    /// Adds a note; it is kept sealed.
    add_note, "/v1/pieces/{code}/notes", PLATFORM | MERCHANT | STAFF, NoteBody,
    |app, caller, located, seals, body| {
        Ok(Command::AddNote { text: seal(&app, &caller, located, seals, &text_at("/text", &body.text)?) })
    }
);
