//! Reading a piece and its journal; its segment; labels.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{CLERK, Caller, INSPECTOR, PLATFORM, READERS, SUPERVISOR};
use super::body::{Faults, Write};
use super::error::Problem;
use super::looks::{self, note_reader};
use super::views::Beside;
use super::warehouse::{PieceAnswer, etag, locate, on_piece};
use super::{ApiError, App, views};
use crate::desk::PieceView;
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::event::Segment;
use crate::domain::ids::{PersonId, PieceCode, StreamKey};
use crate::domain::route::Stage;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_piece))
        .routes(routes!(get_journal))
        .routes(routes!(put_segment))
        .routes(routes!(get_label))
        .routes(routes!(get_return_label))
}

/// A piece that the caller may see, as its journal tells it.
pub async fn view<const ROLES: u16>(app: &App, caller: &Caller<ROLES>, code: &str) -> Result<PieceView, ApiError> {
    Ok(view_beside(app, caller, code, async |_| Ok(())).await?.0)
}

/// The same, with what else is read of it. Where much is stored each of these may wait for the disk, so none waits for
/// another; a piece that the caller may not see is refused before anything else is told of it.
async fn view_beside<T, const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    code: &str,
    beside: impl AsyncFnOnce(StreamKey) -> Result<T, ApiError>,
) -> Result<(PieceView, T), ApiError> {
    let absent = || ApiError::absent("piece");
    let parsed = PieceCode::parse(code).map_err(|_| absent())?;
    let key = app.desk().key_of(&parsed).await?.ok_or_else(absent)?;
    let (located, view, beside) = tokio::join!(locate(app, caller, code), app.desk().read_piece(key), beside(key));
    located?;
    Ok((view?.ok_or_else(absent)?, beside?))
}

/// One piece, as far as the caller may see: stage, what is possible now, clocks, declaration, appraisal, ledger,
/// verdict, tag, capsule, shipments and photos.
#[utoipa::path(get, path = "/v1/pieces/{code}", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The piece, with its ETag"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_piece(
    State(app): State<App>,
    caller: Caller<READERS>,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    let beside = async |key| Beside::read(&app, key, caller.role).await;
    let (view, beside) = view_beside(&app, &caller, &code, beside).await?;
    note_reader(&app, &caller, &view).await?;
    let mut answer = views::piece(&app, &view, beside, &caller).await?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("bench".to_owned(), looks::bench(&view.piece, &caller));
        answer.insert("looks".to_owned(), looks::looks(&app, &view.piece));
    }
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, etag(view.piece.head()));
    Ok(response)
}

/// A journal, in order.
#[derive(Serialize, ToSchema)]
struct JournalAnswer {
    code: String,
    events: Vec<StoredEvent>,
}

/// One stored event.
#[derive(Serialize, ToSchema)]
pub struct StoredEvent {
    /// The event exactly as it is stored and hashed: canonical JSON (RFC 8785). Null for what is not for the caller: an
    /// inspector or a clerk is not told what the piece began with.
    #[schema(value_type = Object)]
    pub event: Box<RawValue>,
    /// SHA-256 over the event's bytes, in hexadecimal.
    pub hash: String,
}

impl StoredEvent {
    pub fn of(row: &crate::store::entity::events::Model) -> Result<Self, ApiError> {
        let event = RawValue::from_string(row.body.clone())
            .map_err(|error| ApiError::Fault(format!("a stored event is not JSON: {error}").into()))?;
        Ok(Self { event, hash: hex::encode(&row.hash) })
    }
}

/// The events of one piece in order, with their hashes: what anybody can verify.
#[utoipa::path(get, path = "/v1/pieces/{code}/journal", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The journal", body = JournalAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_journal(
    State(app): State<App>,
    caller: Caller<READERS>,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    let view = view(&app, &caller, &code).await?;
    // What lies on an open bench is not shown before it is settled: the second look is blind.
    if view.piece.is_blind() && caller.role != Role::Auditor {
        return Err(looks::bench_closed());
    }
    note_reader(&app, &caller, &view).await?;
    let mut events = view.rows.iter().map(StoredEvent::of).collect::<Result<Vec<_>, _>>()?;
    // What it began with (its price, and whose it is) is not for the bench; its hash still holds the journal together.
    if let (Role::Inspector | Role::Clerk, Some(opened)) = (caller.role, events.first_mut()) {
        opened.event = RawValue::NULL.to_owned();
    }
    let mut response = Json(JournalAnswer { code: view.piece.opened().code.to_string(), events }).into_response();
    response.headers_mut().insert(header::ETAG, etag(view.piece.head()));
    Ok(response)
}

/// Which part of the live session speaks of the piece; null for none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentBody {
    /// From the start of the session, such as "00:12:30.000".
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
}

impl SegmentBody {
    pub fn parse(&self) -> Result<Option<Segment>, ApiError> {
        let mut faults = Faults::default();
        let segment = match (&self.from, &self.to) {
            (None, None) => return Ok(None),
            (from, to) => {
                let from = clock(from.as_deref(), "/from", &mut faults);
                let to = clock(to.as_deref(), "/to", &mut faults);
                from.zip(to).map(|(from_ms, to_ms)| Segment { from_ms, to_ms })
            }
        };
        if segment.is_some_and(|segment| segment.to_ms <= segment.from_ms) {
            faults.add("/to", "a segment ends behind its beginning");
        }
        faults.finish(segment).map(Some)
    }
}

fn clock(text: Option<&str>, pointer: &str, faults: &mut Faults) -> Option<i64> {
    let parsed = text.and_then(milliseconds);
    if parsed.is_none() {
        faults.add(pointer, "a place in the session is HH:MM:SS or HH:MM:SS.mmm");
    }
    parsed
}

/// `HH:MM:SS` or `HH:MM:SS.mmm` in milliseconds.
pub fn milliseconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "000"));
    let parts: Vec<&str> = whole.split(':').collect();
    let number = |text: &str, most: usize| -> Option<i64> {
        ((1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    let (minutes, seconds) = (number(minutes, 2)?, number(seconds, 2)?);
    if fraction.len() != 3 || 59 < minutes || 59 < seconds {
        return None;
    }
    Some(((number(hours, 3)? * 60 + minutes) * 60 + seconds) * 1_000 + number(fraction, 3)?)
}

/// Sets the part of the live session that speaks of the piece, until the ledger is settled. Narrowing it after receipt
/// takes a second person.
#[utoipa::path(put, path = "/v1/pieces/{code}/segment", tag = "pieces", request_body = SegmentBody,
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_segment(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | INSPECTOR | SUPERVISOR }>,
    Path(code): Path<String>,
    write: Write<SegmentBody>,
) -> Result<Response, ApiError> {
    let segment = write.body.parse()?;
    on_piece(&app, &caller, &code, &write.circumstances, |_, _| Ok(Command::SetSegment { segment })).await
}

/// The label to the buyer; only of a released piece.
#[utoipa::path(get, path = "/v1/pieces/{code}/label", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "To whom the parcel goes"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_label(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(code): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let view = view(&app, &caller, &code).await?;
    if view.piece.stage() != Stage::Released {
        return Err(no_label(&view, "a label to the buyer is given out only for a released piece"));
    }
    let capsule = view.piece.capsule().map(|(_, code)| code.to_string());
    let to = address(&app, view.placed.buyer_id).await?;
    Ok(Json(json!({"code": view.piece.opened().code, "to": to, "certificate_code": capsule})))
}

/// The label of a piece that goes back: to its merchant, or again to its buyer.
#[utoipa::path(get, path = "/v1/pieces/{code}/return-label", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "To whom the parcel goes"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_return_label(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(code): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let view = view(&app, &caller, &code).await?;
    let to = match view.piece.stage() {
        Stage::Returning => address(&app, view.placed.merchant_person_id).await?,
        Stage::ReturningToBuyer => address(&app, view.placed.buyer_id).await?,
        _ => return Err(no_label(&view, "a return label is given out only for a piece that goes back")), // The rest.
    };
    Ok(Json(json!({"code": view.piece.opened().code, "to": to})))
}

fn no_label(view: &PieceView, detail: &str) -> ApiError {
    let detail = format!("{detail}; this one is {}", view.piece.stage());
    ApiError::request(StatusCode::CONFLICT, "no_label", detail)
}

async fn address(app: &App, person: PersonId) -> Result<Value, ApiError> {
    let details = app.desk().read_person(person).await?.ok_or_else(|| {
        ApiError::request(StatusCode::GONE, "erased", "the address was erased: ask the platform where it shall go")
    })?;
    Ok(json!({"name": details.name, "phone": details.phone, "address": details.address}))
}
