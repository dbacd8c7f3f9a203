//! Reading a piece and its journal; its segment; photos; labels.

use axum::Json;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{CLERK, Caller, INSPECTOR, PLATFORM, READERS, SUPERVISOR};
use super::body::{Circumstances, Faults, Write};
use super::error::Problem;
use super::looks::{self, note_reader};
use super::warehouse::{PieceAnswer, etag, locate, on_piece};
use super::{ApiError, App, views};
use crate::capsule::canonical::canonical_value;
use crate::desk::{PieceView, Receipt, Seals};
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::event::{PhotoAdded, Segment};
use crate::domain::ids::{PersonId, PhotoId};
use crate::domain::route::Stage;
use crate::domain::text::Name;
use crate::photos::sniff::{self, sniff};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_piece))
        .routes(routes!(get_journal))
        .routes(routes!(put_segment))
        .routes(routes!(add_photo))
        .routes(routes!(get_label))
        .routes(routes!(get_return_label))
}

/// A piece that the caller may see, as its journal tells it.
pub async fn view<const ROLES: u16>(app: &App, caller: &Caller<ROLES>, code: &str) -> Result<PieceView, ApiError> {
    let (_, located) = locate(app, caller, code).await?;
    app.desk().read_piece(located.key).await?.ok_or_else(|| ApiError::absent("piece"))
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
    let view = view(&app, &caller, &code).await?;
    note_reader(&app, &caller, &view).await?;
    let mut answer = views::piece(&app, &view, &caller).await?;
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

/// The photo that was stored.
#[derive(Serialize, ToSchema)]
struct PhotoAnswer {
    id: Uuid,
    original_sha256: String,
    /// Of the rendition that is shown; null until photos are processed.
    shown_sha256: Option<String>,
    quality: Option<Value>,
    similar: Vec<Value>,
}

/// A photo, as a form with the fields `kind` and `file`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form")]
struct PhotoForm {
    /// Such as piece_front, on_balance, hallmark (`photo_kinds.csv`).
    kind: String,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Stores a photo and names it in the journal.
#[utoipa::path(post, path = "/v1/pieces/{code}/photos", tag = "pieces",
    request_body(content = PhotoForm, content_type = "multipart/form-data"),
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The photo", body = PhotoAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn add_photo(
    State(app): State<App>,
    caller: Caller<{ CLERK | INSPECTOR }>,
    Path(code): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut circumstances = Circumstances::read(request.headers(), request.method(), request.uri())?;
    let (_, located) = locate(&app, &caller, &code).await?;
    let (kind, bytes) = read_photo(request, &app).await?;
    let media = sniff(&bytes).map_err(|fault| {
        let mut faults = Faults::default();
        faults.add("/file", fault.to_string());
        faults.finish::<()>(None).err().unwrap_or(ApiError::Busy)
    })?;
    let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let shelf = app.shelf().clone();
    let hash = tokio::task::spawn_blocking(move || shelf.put(&bytes))
        .await
        .map_err(|error| ApiError::Fault(Box::new(error)))?
        .map_err(|error| ApiError::Fault(Box::new(error)))?;
    let original_sha256 = hash.to_string();
    circumstances.canonical = canonical_value(&json!({"kind": kind, "file": original_sha256}))
        .map_err(|error| ApiError::Fault(Box::new(error)))?
        .into_bytes();
    let photo = PhotoAdded {
        photo_id: PhotoId(Uuid::now_v7()),
        kind,
        original_sha256,
        shown_sha256: None,
        media_type: Name::parse(media.as_str())?,
        size_bytes,
    };
    let receipt = app
        .desk()
        .carry_out(located.key, Command::AddPhoto { photo }, Seals::default(), circumstances.request(&app, &caller))
        .await
        .map_err(|error| ApiError::from(error).for_role(caller.role))?;
    let Receipt::Piece(receipt) = receipt else {
        return Err(ApiError::Fault("a piece's command answers with a piece".into()));
    };
    let Some(photo) = receipt.photo else {
        return Err(ApiError::Fault("an upload answers with its photo".into()));
    };
    let answer = PhotoAnswer {
        id: photo.id,
        original_sha256: photo.original_sha256,
        shown_sha256: photo.shown_sha256,
        quality: None,
        similar: Vec::new(),
    };
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, etag(receipt.seq));
    Ok(response)
}

async fn read_photo(request: Request, app: &App) -> Result<(Name, Vec<u8>), ApiError> {
    let bad = |detail: &str| ApiError::request(StatusCode::BAD_REQUEST, "malformed_form", detail);
    let mut form = Multipart::from_request(request, app).await.map_err(|_| {
        ApiError::request(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_a_form",
            "send the photo as multipart/form-data with the fields kind and file",
        )
    })?;
    let (mut kind, mut file) = (None, None);
    while let Some(mut field) = form.next_field().await.map_err(|_| bad("the form cannot be read"))? {
        let name = field.name().unwrap_or_default().to_owned();
        let limit = if name == "file" { sniff::MAX_BYTES } else { 1_000 };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|_| bad("the form ended early: send it again"))? {
            if limit < bytes.len() + chunk.len() {
                let detail = format!("the field {name} is larger than {limit} bytes");
                return Err(ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
            }
            bytes.extend_from_slice(&chunk);
        }
        match name.as_str() {
            "kind" if kind.is_none() => kind = Some(bytes),
            "file" if file.is_none() => file = Some(bytes),
            _ => return Err(bad("the form takes the fields kind and file, once each")),
        }
    }
    let mut faults = Faults::default();
    let kind = match kind.map(String::from_utf8) {
        Some(Ok(kind)) => faults.take("/kind", Name::parse(&kind)),
        Some(Err(_)) | None => {
            faults.add("/kind", "say what the photo shows, such as piece_front");
            None
        }
    };
    if file.is_none() {
        faults.add("/file", "the form has no file");
    }
    faults.finish(kind.zip(file))
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
