//! Cases (售后单): what is disputed after the delivery, with reports and a decision by two supervisors.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, PLATFORM, STAFF, SUPERVISOR, visible};
use super::body::{Faults, Write, free_text};
use super::error::Problem;
use super::platform::{limit, orders_of, turn_page};
use super::query::Query;
use super::queue::{read_cursor, write_cursor};
use super::views::{Words, instant, text};
use super::warehouse::locate;
use super::{ApiError, App};
use crate::desk::{Receipt, Seals, case_id, parse_case_id};
use crate::domain::actor::Role;
use crate::domain::cases::{Case, CaseCommand, Decision};
use crate::domain::event::CaseKind;
use crate::domain::ids::{CertificateNo, LaboratoryId, OrderId, StreamId, StreamKey};
use crate::domain::orders::{OrderCommand, Whole};
use crate::store::entity::cases;
use crate::store::{beside, owed, queries};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_case, list_cases))
        .routes(routes!(get_case))
        .routes(routes!(report_case))
        .routes(routes!(decide_case))
}

/// A case about a piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CaseBody {
    /// The piece's code.
    piece: String,
    /// retest (复检), warranty, counterfeit or parcel.
    kind: String,
    /// What is said; kept sealed.
    #[serde(default)]
    note: Option<String>,
}

/// What somebody found who is qualified for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    /// The laboratory's id, where it is one that the operator has entered.
    #[serde(default)]
    laboratory: Option<String>,
    /// The report's number.
    #[serde(default)]
    number: Option<String>,
    /// Whether it contradicts what we had found.
    contradicts: bool,
    /// What it says; kept sealed.
    report: String,
}

/// What a supervisor decides; another decides the same within the hour.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    upheld: bool,
    /// What is owed by it, in minor units, where the rulebook leaves it to the case.
    #[serde(default)]
    amount: Option<i64>,
    /// Whether the certificate is withdrawn.
    #[serde(default)]
    revokes: bool,
    reason: String,
}

/// Opens a case. It has a journal of its own, and never moves its piece.
#[utoipa::path(post, path = "/v1/cases", tag = "cases", request_body = CaseBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "The case"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn open_case(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | SUPERVISOR }>,
    write: Write<CaseBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let kind = CaseKind::parse(&body.kind);
    if kind.is_none() {
        faults.add("/kind", "a case is a retest, warranty, counterfeit or parcel");
    }
    let note = faults.take_optional("/note", body.note.as_deref(), free_text);
    let kind = faults.finish(kind)?;
    let (_, located) = locate(&app, &caller, &body.piece).await?;
    let mut seals = Seals::default();
    let order_id = located.key.order_id;
    let note = note.map(|text| seals.seal(app.desk().vault(), order_id, caller.person, &text));
    let command = CaseCommand::Open { piece: located.key.stream_id, kind, parcel_id: None, note };
    let request = write.circumstances.request(&app, &caller);
    let receipt = app.desk().on_order(order_id, OrderCommand::Case(command), seals, request).await?;
    let Receipt::Made { id, .. } = receipt else {
        return Err(ApiError::Fault("a case answers with its name".into()));
    };
    let key = parse_case_id(&id).ok_or_else(|| ApiError::Fault("a case's name is one".into()))?;
    Ok((StatusCode::CREATED, Json(shown(&app, key, &app.desk().read_cases(order_id).await?, caller.role).await?)))
}

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CasesQuery {
    /// open, reported or decided.
    state: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page.
#[derive(Serialize, Deserialize)]
struct Cursor {
    at: i64,
    order_id: Uuid,
    stream_id: i32,
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseRow {
    id: String,
    order_no: String,
    /// The piece's code.
    piece: Option<String>,
    /// retest (复检), warranty, counterfeit or parcel.
    kind: String,
    /// open, reported or decided.
    state: String,
    #[schema(value_type = String)]
    opened_at: Value,
}

/// A page of cases, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct CasesAnswer {
    cases: Vec<CaseRow>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// Cases, oldest first, as far as the caller may see; a buyer opens them too, by their page.
#[utoipa::path(get, path = "/v1/cases", tag = "cases", params(CasesQuery),
    responses((status = 200, description = "A page of cases", body = CasesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_cases(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | STAFF | AUDITOR }>,
    query: Query<CasesQuery>,
) -> Result<Json<CasesAnswer>, ApiError> {
    let of = orders_of(&caller.scope, "case")?;
    let mut faults = Faults::default();
    if query.state.as_deref().is_some_and(|state| !Case::STATES.contains(&state)) {
        faults.add("?state", "it is open, reported or decided");
    }
    let limit = limit(query.limit, &mut faults);
    faults.finish(Some(()))?;
    let after = read_cursor::<Cursor>(query.cursor.as_deref())?;
    let after = after.map(|cursor| (cursor.at, cursor.order_id, cursor.stream_id));
    let reader = app.desk().store().reader();
    let mut rows = owed::cases_page(reader, &of, query.state.as_deref().as_slice(), after, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| {
        write_cursor(&Cursor { at: row.opened_at, order_id: row.order_id, stream_id: row.stream_id })
    });
    Ok(Json(CasesAnswer { cases: listed(&app, rows).await?, next_cursor }))
}

/// Rows as they are listed, with the numbers of their orders and the codes of their pieces.
pub async fn listed(app: &App, rows: Vec<cases::Model>) -> Result<Vec<CaseRow>, ApiError> {
    let ids: Vec<_> = rows.iter().map(|row| row.order_id).collect();
    let reader = app.desk().store().reader();
    let (orders, pieces) = (beside::orders_of(reader, &ids).await?, beside::pieces_of(reader, &ids).await?);
    let told = |row: cases::Model| CaseRow {
        id: case_id(StreamKey { order_id: OrderId(row.order_id), stream_id: StreamId(row.stream_id) }),
        order_no: orders
            .iter()
            .find(|order| order.order_id == row.order_id)
            .map(|order| order.order_no.clone())
            .unwrap_or_default(),
        piece: pieces
            .iter()
            .find(|piece| (piece.order_id, piece.stream_id) == (row.order_id, row.piece_stream_id))
            .map(|piece| piece.code.clone()),
        kind: row.kind,
        state: row.state,
        opened_at: instant(row.opened_at),
    };
    Ok(rows.into_iter().map(told).collect())
}

/// One case, with its reports and its decision.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "cases",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, description = "The case"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_case(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | STAFF | AUDITOR }>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (key, whole) = find(&app, &caller, &id).await?;
    Ok(Json(shown(&app, key, &whole, caller.role).await?))
}

/// Records a report. What was about to be decided without it is not decided any more.
#[utoipa::path(post, path = "/v1/cases/{id}/report", tag = "cases", request_body = ReportBody,
    params(("id" = String, Path, description = "The case"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "The case"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn report_case(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | SUPERVISOR }>,
    Path(id): Path<String>,
    write: Write<ReportBody>,
) -> Result<Json<Value>, ApiError> {
    let (key, _) = find(&app, &caller, &id).await?;
    let body = &write.body;
    let mut faults = Faults::default();
    let laboratory_id = faults.take_optional("/laboratory", body.laboratory.as_deref(), LaboratoryId::parse);
    if let Some(id) = &laboratory_id
        && queries::laboratory(app.desk().store().reader(), id.as_str()).await?.is_none()
    {
        faults.add("/laboratory", "no laboratory has this id: have an operator enter it");
    }
    let number = faults.take_optional("/number", body.number.as_deref(), CertificateNo::parse);
    let report = faults.take("/report", free_text(&body.report));
    let report = faults.finish(report)?;
    let mut seals = Seals::default();
    let report = seals.seal(app.desk().vault(), key.order_id, caller.person, &report);
    let contradicts = body.contradicts;
    let command = CaseCommand::Report { case: key.stream_id, laboratory_id, number, contradicts, report };
    let request = write.circumstances.request(&app, &caller);
    app.desk().on_order(key.order_id, OrderCommand::Case(command), seals, request).await?;
    Ok(Json(shown(&app, key, &app.desk().read_cases(key.order_id).await?, caller.role).await?))
}

/// Decides a case, by two supervisors: what the first says waits an hour for the second to say the same.
#[utoipa::path(post, path = "/v1/cases/{id}/decision", tag = "cases", request_body = DecisionBody,
    params(("id" = String, Path, description = "The case"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Decided"), (status = 202, description = "Waits for a second supervisor"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn decide_case(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(id): Path<String>,
    write: Write<DecisionBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (key, _) = find(&app, &caller, &id).await?;
    let body = &write.body;
    let mut faults = Faults::default();
    let reason = faults.take("/reason", free_text(&body.reason));
    let reason = faults.finish(reason)?;
    let mut seals = Seals::default();
    let reason = seals.seal(app.desk().vault(), key.order_id, caller.person, &reason);
    let decision = Decision { upheld: body.upheld, amount: body.amount, revokes: body.revokes };
    let command = CaseCommand::Decide { case: key.stream_id, decision, reason };
    let request = write.circumstances.request(&app, &caller);
    app.desk().on_order(key.order_id, OrderCommand::Case(command), seals, request).await?;
    let answer = shown(&app, key, &app.desk().read_cases(key.order_id).await?, caller.role).await?;
    let status = if answer["state"] == "decided" { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(answer)))
}

/// A case that the caller may know of, with its order.
async fn find<const ROLES: u16>(app: &App, caller: &Caller<ROLES>, id: &str) -> Result<(StreamKey, Whole), ApiError> {
    let absent = || ApiError::absent("case");
    let key = parse_case_id(id).ok_or_else(absent)?;
    let placed = app.desk().read_placed(key.order_id).await?.ok_or_else(absent)?;
    visible(caller.scope.covers(&placed.tenant_id, &placed.merchant_id, &placed.warehouse_id), "case")?;
    let whole = app.desk().read_cases(key.order_id).await?;
    if case_of(&whole, key).is_none() {
        return Err(absent());
    }
    Ok((key, whole))
}

fn case_of(whole: &Whole, key: StreamKey) -> Option<&Case> {
    whole.cases.iter().find(|(stream, _)| *stream == key.stream_id).map(|(_, case)| case)
}

async fn shown(app: &App, key: StreamKey, whole: &Whole, role: Role) -> Result<Value, ApiError> {
    let case = case_of(whole, key).ok_or_else(|| ApiError::absent("case"))?;
    let words = match role {
        Role::Auditor => Words::new(),
        _ => app.desk().read_texts(key.order_id).await?, // Everybody else who sees the case.
    };
    let piece = whole.pieces.iter().find(|(stream, _)| *stream == case.opened.piece).map(|(_, piece)| piece);
    Ok(json!({
        "id": case_id(key),
        "piece": piece.map(|piece| piece.opened().code.as_str()),
        "kind": case.opened.kind.as_str(),
        "state": case.state(),
        "opened_at": case.opened_at.to_string(),
        "note": text(case.opened.note.as_ref(), &words),
        "report": case.reported.as_ref().map(|(reported, at)| json!({
            "laboratory": reported.laboratory_id,
            "number": reported.number,
            "contradicts": reported.contradicts,
            "report": text(Some(&reported.report), &words),
            "at": at.to_string(),
        })),
        "proposed": case.proposed.as_ref().filter(|_| case.decided.is_none()).map(|(proposed, by, at)| json!({
            "upheld": proposed.upheld,
            "amount": proposed.amount,
            "revokes": proposed.revokes,
            "by": by.map(|by| by.person_id),
            "at": at.to_string(),
        })),
        "decision": case.decided.as_ref().map(|decided| json!({
            "upheld": decided.upheld,
            "amount": decided.amount,
            "revokes": decided.revokes,
            "reason": text(Some(&decided.reason), &words),
        })),
    }))
}
