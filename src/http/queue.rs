//! What there is to do, most urgent first; and what waits for a second person.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{Caller, PLATFORM, STAFF, visible};
use super::bench::SettleBody;
use super::body::{Faults, Write, typed};
use super::cases;
use super::error::Problem;
use super::found;
use super::looks::{bench_closed, note_reader};
use super::obligations::InWords;
use super::pieces::SegmentBody;
use super::query::Query;
use super::sidelines::{HoldEndBody, ReturnIntakeBody};
use super::unreached;
use super::views::instant;
use super::warehouse::{Nothing, PieceAnswer, ReasonBody, carry_out, locate, seal, text_at};
use super::{ApiError, App};
use crate::desk::{Desk, Located, Receipt, Seals};
use crate::domain::actor::Role;
use crate::domain::command::{Command, CommandKind};
use crate::domain::conduct::IncidentKind;
use crate::domain::ids::ProposalId;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::domain::transit::TransitTrouble;
use crate::store::entity::pieces;
use crate::store::owed;
use crate::store::queries::{self, OrdersOf, QueuePlace};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_queue))
        .routes(routes!(propose))
        .routes(routes!(get_proposals))
        .routes(routes!(confirm_proposal))
}

/// Rows of a page at the most.
pub const MAX_PAGE: u64 = 200;

/// Which part of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct QueueQuery {
    /// Only this stage; else all that wait for somebody in the caller's role.
    stage: Option<String>,
    /// Only what is due before this time (RFC 3339).
    due_before: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page.
#[derive(Serialize, Deserialize)]
struct Cursor {
    due_at: Option<i64>,
    order_id: Uuid,
    stream_id: i32,
}

/// The place behind a page of a list by time.
#[derive(Serialize, Deserialize)]
pub struct TimeCursor {
    pub at: i64,
    pub id: Uuid,
}

/// A cursor for the caller: opaque, and good for this list only.
pub fn write_cursor(place: &impl Serialize) -> Option<String> {
    serde_json::to_vec(place).ok().map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads a cursor that was given out before.
pub fn read_cursor<T: serde::de::DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, ApiError> {
    let read = |text: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    match cursor {
        None => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| {
            ApiError::request(
                axum::http::StatusCode::BAD_REQUEST,
                "bad_cursor",
                "a cursor is given out as next_cursor and sent back as it is; leave it out to begin anew",
            )
        }),
    }
}

/// The stages that wait for somebody in this role.
fn stages_for(role: Role) -> &'static [Stage] {
    match role {
        Role::Clerk => &[
            Stage::Inbound,
            Stage::Cleared,
            Stage::Released,
            Stage::ReturnInbound,
            Stage::ReturnIntake,
            Stage::Returning,
            Stage::ReturningToBuyer,
        ],
        Role::Inspector => &[Stage::Received, Stage::Appraising, Stage::SpokenReview, Stage::Tagged],
        Role::Supervisor => &[
            Stage::IntakeException,
            Stage::Undetermined,
            Stage::Failed,
            Stage::Quarantined,
            Stage::Tagged,
            Stage::AwaitingBuyer,
            Stage::Received,
            Stage::Appraising,
            Stage::SpokenReview,
            Stage::Cleared,
            Stage::Released,
        ],
        Role::Platform | Role::Merchant | Role::Auditor | Role::Operator => &[],
        Role::Buyer | Role::Carrier | Role::Desk => &[],
    }
}

/// The work of the caller's warehouse, most urgent first, and the proposals that wait for a second person; for supervisors
/// also what carriers report, choices that reached nobody (`unreached`), cases that are not decided, and what merchants
/// appeal against (`conduct_appeals`).
#[utoipa::path(get, path = "/v1/queue", tag = "queue", params(QueueQuery),
    responses((status = 200, description = "Pieces and proposals"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_queue(
    State(app): State<App>,
    caller: Caller<STAFF>,
    Query(query): Query<QueueQuery>,
) -> Result<Json<Value>, ApiError> {
    let mut faults = Faults::default();
    let chosen = query.stage.as_deref().map(|text| {
        let stage = Stage::parse(text);
        if stage.is_none() {
            faults.add("?stage", "there is no such stage");
        }
        stage
    });
    let due_before = query.due_before.as_deref().map(|text| {
        let at: Option<Timestamp> = text.parse().ok();
        if at.is_none() {
            faults.add("?due_before", "a time is RFC 3339, such as 2026-11-22T02:03:04Z");
        }
        at
    });
    let limit = query.limit.unwrap_or(50);
    if !(1..=MAX_PAGE).contains(&limit) {
        faults.add("?limit", format!("a page has 1 to {MAX_PAGE} rows"));
    }
    faults.finish(Some(()))?;
    let after = read_cursor::<Cursor>(query.cursor.as_deref())?.map(|cursor| QueuePlace {
        due_at: cursor.due_at,
        order_id: cursor.order_id,
        stream_id: cursor.stream_id,
    });
    let stages: Vec<Stage> = match chosen.flatten() {
        Some(stage) => vec![stage],
        None => stages_for(caller.role).to_vec(),
    };
    let warehouse = caller.warehouse()?;
    let reader = app.desk().store().reader();
    let due_before = due_before.flatten().map(Timestamp::as_microsecond);
    // One stage is one range of the index, however many pieces there are; the pages are merged here.
    let mut rows: Vec<pieces::Model> = Vec::new();
    for stage in stages {
        let page = queries::queue_page(reader, warehouse.as_str(), stage.as_str(), due_before, after, limit + 1);
        rows.extend(page.await?);
    }
    rows.sort_by_key(|row| (row.due_at.is_none(), row.due_at, row.order_id, row.stream_id));
    let more = limit < rows.len() as u64;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .and_then(|row| write_cursor(&Cursor { due_at: row.due_at, order_id: row.order_id, stream_id: row.stream_id }));
    let proposals = app.desk().open_proposals(warehouse, app.now()).await?;
    let troubles = match caller.role {
        Role::Supervisor => owed::troubles(reader, warehouse.as_str(), MAX_PAGE).await?,
        _ => Vec::new(), // What a carrier reports is a supervisor's to answer.
    };
    let unreached = match caller.role {
        Role::Supervisor => unreached::told(&app, warehouse.as_str()).await?,
        _ => Vec::new(), // So is a choice that reached nobody.
    };
    let (cases, appeals) = match caller.role {
        Role::Supervisor => {
            let of = OrdersOf::Warehouse(warehouse.to_string());
            let undecided = owed::cases_page(reader, &of, &["open", "reported"], None, MAX_PAGE).await?;
            (cases::listed(&app, undecided).await?, owed::appealed(reader, warehouse.as_str(), MAX_PAGE).await?)
        }
        _ => (Vec::new(), Vec::new()), // And two supervisors decide on both of these.
    };
    let found = app.desk().open_found(warehouse, app.now()).await?;
    let now = app.now().as_microsecond();
    Ok(Json(json!({
        "pieces": rows.iter().map(|row| json!({
            "code": row.code,
            "stage": row.stage,
            "due_at": row.due_at.map(instant),
            "overdue": row.due_at.is_some_and(|due_at| due_at <= now),
            "since": instant(row.stage_since_at),
            "cancellation_requested": row.flagged,
            "allowed": Stage::parse(&row.stage).map(|stage| {
                CommandKind::allowed(stage, caller.role).map(CommandKind::as_str).collect::<Vec<_>>()
            }),
        })).collect::<Vec<_>>(),
        "proposals": proposals.iter().map(|open| json!({
            "id": open.id,
            "code": open.code,
            "command": open.command.as_str(),
            "yours": open.proposer.person_id == caller.person,
            "expires_at": instant(open.expires_at.as_microsecond()),
        })).chain(found.iter().map(|row| json!({
            "id": row.id,
            "found_id": row.found_id,
            "command": "lost-and-found",
            "yours": row.person_id == caller.person.0,
            "expires_at": instant(row.expires_at),
        }))).collect::<Vec<_>>(),
        "carrier_exceptions": troubles.iter().map(|(leg, code)| json!({
            "code": code,
            "leg": leg.kind,
            "carrier": leg.carrier,
            "waybill": leg.waybill,
            "what": leg.trouble,
            "words": leg.trouble.as_deref().and_then(TransitTrouble::parse).map(|what| {
                InWords::of(|language| language.words().trouble(what).to_owned())
            }),
            "at": leg.trouble_at.map(instant),
        })).collect::<Vec<_>>(),
        "unreached": unreached,
        "cases": cases,
        "conduct_appeals": appeals.iter().map(|row| json!({
            "platform": row.tenant_id,
            "merchant": row.merchant_id,
            "incident": row.id,
            "kind": row.kind,
            "words": IncidentKind::parse(&row.kind).map(|kind| {
                InWords::of(|language| language.words().incident(kind).to_owned())
            }),
        })).collect::<Vec<_>>(),
        "next_cursor": next_cursor,
    })))
}

/// A command that a second person shall confirm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalBody {
    /// speech-unavailable, ledger, segment, override, quarantine or return-intake.
    command: String,
    /// What would be posted for that command.
    #[schema(value_type = Object)]
    body: Value,
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalAnswer {
    id: Uuid,
    code: String,
    command: String,
    /// Until then another person may confirm it.
    expires_at: String,
}

/// Who may put a command up. What is said of a piece is an inspector's to judge; any colleague may confirm it.
fn may_propose(command: CommandKind, role: Role) -> Result<(), ApiError> {
    let needs: &'static [Role] = match command {
        CommandKind::SetSegment => &[Role::Platform, Role::Inspector, Role::Supervisor],
        CommandKind::Override | CommandKind::EndHold => &[Role::Supervisor],
        CommandKind::TakeBack => &[Role::Clerk],
        _ => &[Role::Inspector], // The others that take two persons.
    };
    if needs.contains(&role) { Ok(()) } else { Err(Refusal::NotYours { role, needs }.into()) }
}

/// Reads a proposed body into its command. The same at proposing, so that nothing unreadable waits, and at confirming.
fn build<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    kind: CommandKind,
    body: Value,
    located: &Located,
    seals: &mut Seals,
) -> Result<Command, ApiError> {
    match kind {
        CommandKind::RecordSpeechUnavailable => {
            let body: ReasonBody = typed(body)?;
            let reason = text_at("/reason", &body.reason)?;
            Ok(Command::RecordSpeechUnavailable { reason: seal(app, caller, located, seals, &reason) })
        }
        CommandKind::SettleLedger => {
            let body: SettleBody = typed(body)?;
            body.parse(&mut |text| seal(app, caller, located, seals, text))
        }
        CommandKind::SetSegment => {
            let body: SegmentBody = typed(body)?;
            Ok(Command::SetSegment { segment: body.parse()? })
        }
        CommandKind::Override => {
            let body: ReasonBody = typed(body)?;
            let reason = text_at("/reason", &body.reason)?;
            Ok(Command::Override { reason: seal(app, caller, located, seals, &reason) })
        }
        CommandKind::EndHold => {
            let body: HoldEndBody = typed(body)?;
            body.parse(&mut |text| seal(app, caller, located, seals, text))
        }
        CommandKind::TakeBack => {
            let body: ReturnIntakeBody = typed(body)?;
            body.parse(&mut |text| seal(app, caller, located, seals, text))
        }
        _ => Err(not_proposable()), // The other commands are one person's.
    }
}

fn not_proposable() -> ApiError {
    let mut faults = Faults::default();
    faults.add(
        "/command",
        "what takes two persons is one of speech-unavailable, ledger, segment, override, quarantine, return-intake",
    );
    faults.finish::<()>(None).err().unwrap_or(ApiError::Busy)
}

/// Puts a command up for a second person. It shows in the queue of the piece's warehouse for an hour.
#[utoipa::path(post, path = "/v1/pieces/{code}/proposals", tag = "queue", request_body = ProposalBody,
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 201, description = "Waits for a second person", body = ProposalAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn propose(
    State(app): State<App>,
    caller: Caller<{ STAFF | PLATFORM }>,
    Path(code): Path<String>,
    write: Write<ProposalBody>,
) -> Result<(axum::http::StatusCode, Json<ProposalAnswer>), ApiError> {
    let (code, located) = locate(&app, &caller, &code).await?;
    let kind = CommandKind::parse(&write.body.command).filter(|kind| kind.may_need_second());
    let kind = kind.ok_or_else(not_proposable)?;
    may_propose(kind, caller.role)?;
    let bytes = serde_json::to_vec(&write.body.body).map_err(|error| ApiError::Fault(Box::new(error)))?;
    build(&app, &caller, kind, write.body.body, &located, &mut Seals::default())?;
    let view = app.desk().read_piece(located.key).await?.ok_or_else(|| ApiError::absent("piece"))?;
    if !kind.fits(view.piece.stage()) {
        let detail = format!("{} has no place while the piece is {}", kind.as_str(), view.piece.stage());
        return Err(ApiError::request(axum::http::StatusCode::CONFLICT, "wrong_stage", detail));
    }
    let request = write.circumstances.request(&app, &caller);
    let Receipt::Proposal(receipt) = app.desk().propose(&located, &code, kind, &bytes, request).await? else {
        return Err(ApiError::Fault("a proposal answers with a proposal".into()));
    };
    let expires_at = Timestamp::from_microsecond(receipt.expires_at).map(|at| at.to_string()).unwrap_or_default();
    let answer = ProposalAnswer { id: receipt.id, code: receipt.code, command: receipt.command, expires_at };
    Ok((axum::http::StatusCode::CREATED, Json(answer)))
}

/// One proposal with what was proposed, for the person who shall confirm it.
#[utoipa::path(get, path = "/v1/proposals/{id}", tag = "queue",
    params(("id" = Uuid, Path, description = "The proposal")),
    responses((status = 200, description = "The proposal"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_proposals(
    State(app): State<App>,
    caller: Caller<STAFF>,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    let open = app.desk().open_proposal(ProposalId(id), now).await?;
    let Some(open) = open.filter(|open| caller.sees(&open.located)) else {
        let found = found::proposal(&app, &caller, id).await?;
        let is_open = |row: &crate::store::entity::found_proposals::Model| {
            row.confirmed_at.is_none() && now.as_microsecond() < row.expires_at
        };
        let found = found.filter(is_open).ok_or_else(|| ApiError::absent("open proposal"))?;
        return Ok(Json(found::shown(&found)));
    };
    let view = app.desk().read_piece(open.located.key).await?.ok_or_else(|| ApiError::absent("piece"))?;
    if view.piece.is_blind() {
        return Err(bench_closed());
    }
    note_reader(&app, &caller, &view).await?;
    let body: Value = serde_json::from_slice(&open.body).map_err(|error| ApiError::Fault(Box::new(error)))?;
    Ok(Json(json!({
        "id": open.id,
        "code": open.code,
        "command": open.command.as_str(),
        "body": body,
        "proposed_by": open.proposer.person_id,
        "proposed_at": instant(open.created_at.as_microsecond()),
        "expires_at": instant(open.expires_at.as_microsecond()),
    })))
}

/// Confirms what another person proposed; it is carried out now, in both names.
#[utoipa::path(post, path = "/v1/proposals/{id}/confirm", tag = "queue", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The proposal")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn confirm_proposal(
    State(app): State<App>,
    caller: Caller<STAFF>,
    Path(id): Path<Uuid>,
    write: Write<Nothing>,
) -> Result<Response, ApiError> {
    if let Some(answer) = repeated(&app, &caller, &write).await? {
        return Ok(answer);
    }
    let open = app.desk().open_proposal(ProposalId(id), app.now()).await?;
    let Some(open) = open else {
        let found = found::proposal(&app, &caller, id).await?.ok_or_else(found::gone)?;
        let request = write.circumstances.request(&app, &caller);
        return Ok(Json(found::confirm(&app, &found, &request).await?).into_response());
    };
    visible(caller.sees(&open.located), "open proposal")?;
    Desk::check_second(&open, caller.person)?;
    let body: Value = serde_json::from_slice(&open.body).map_err(|error| ApiError::Fault(Box::new(error)))?;
    let request = write.circumstances.confirming(&app, &caller, &open);
    carry_out(&app, &caller, &open.located, request, |located, seals| {
        build(&app, &caller, open.command, body, located, seals)
    })
    .await
}

/// The answer that the very same confirmation got before: its proposal is no longer open.
async fn repeated<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    write: &Write<Nothing>,
) -> Result<Option<Response>, ApiError> {
    let request = write.circumstances.request(app, caller);
    match app.desk().answer_to(&request).await? {
        Some(Receipt::Piece(receipt)) => Ok(Some(super::warehouse::piece_answer(receipt.into()))),
        Some(_) | None => Ok(None),
    }
}
