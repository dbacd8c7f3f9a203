//! Photos over HTTP: an upload is looked at, judged, kept sealed and named in the journal; its renditions are given to
//! those who may see the piece. And the daily sweep of what nobody names any more.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{CLERK, Caller, INSPECTOR, READERS};
use super::body::{Circumstances, Faults};
use super::error::Problem;
use super::warehouse::{etag, locate};
use super::{ApiError, App};
use crate::capsule::canonical::canonical_value;
use crate::desk::restore::Held;
use crate::desk::{Desk, Located, Receipt, Seals};
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::event::PhotoAdded;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{PhotoId, PieceCode, StreamKey};
use crate::domain::refusal::Fault;
use crate::domain::text::Name;
use crate::photos::develop::{self, Developed, develop};
use crate::photos::quality::Quality;
use crate::photos::shelf::{Board, PhotoHash, Shelf, ShelfFault};
use crate::photos::sniff::{self, SniffFault};
use crate::store::queries;
use crate::vault::Vault;

/// Uploads that are read or wait to be looked at: each may fill 20 MiB. Who comes later is asked to come again.
const IN_HAND: usize = 16;

/// So many photos are decoded at once at the most; each may fill some hundred MiB for a moment.
const DECODING: usize = 4;

/// So many like photos are named at the most.
const ALIKE: usize = 20;

/// A file that nobody names is left alone for so long: its event may be on its way.
const LEFT_ALONE: SignedDuration = SignedDuration::from_hours(24);

/// How often the shelf is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add_photo)).routes(routes!(get_photo))
}

/// Where photos are looked at and kept.
pub struct Darkroom {
    shelf: Shelf,
    in_hand: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
}

impl Darkroom {
    pub fn new(shelf: Shelf) -> Self {
        // A processor for each, and one photo at a time where it is not known how many there are.
        let decoding = std::thread::available_parallelism().map_or(1, |count| count.get().min(DECODING));
        Self { shelf, in_hand: Arc::new(Semaphore::new(IN_HAND)), decoding: Arc::new(Semaphore::new(decoding)) }
    }
}

/// The photo that was stored.
#[derive(Serialize, ToSchema)]
struct PhotoAnswer {
    id: Uuid,
    /// Of the bytes as they came; they are kept sealed.
    original_sha256: String,
    /// Of the rendition that is shown: at most 1600 pixels on its longer side, upright, without metadata.
    shown_sha256: Option<String>,
    /// Of the small one, with at most 320 pixels.
    small_sha256: Option<String>,
    quality: QualityAnswer,
    /// Photos of other pieces that look the same, the nearest first.
    similar: Vec<AlikeAnswer>,
}

/// What was measured of the photo, and what would make it better. It is told, not refused.
#[derive(Serialize, ToSchema)]
struct QualityAnswer {
    /// In pixels, upright.
    width: u32,
    height: u32,
    /// How far edges are smeared, in hundredths of a pixel at 800 pixels; null where there is no edge.
    blur: Option<u32>,
    /// Of 0 to 255: hardly anything is darker.
    dark: u8,
    /// Of 0 to 255: hardly anything is lighter.
    light: u8,
    findings: Vec<FindingAnswer>,
}

/// One thing that is wrong with the photo.
#[derive(Serialize, ToSchema)]
struct FindingAnswer {
    /// blurred, empty, dark, overexposed or small.
    code: &'static str,
    en: &'static str,
    zh: &'static str,
}

/// A photo of another piece that looks the same.
#[derive(Serialize, ToSchema)]
struct AlikeAnswer {
    /// The piece and its photo; null where the caller may not see it: then only that there is one.
    code: Option<String>,
    photo_id: Option<Uuid>,
    /// In how many of 64 bits the fingerprints differ: 0 is the same picture, 7 the most that is told.
    distance: u32,
}

/// A photo, as a form with the fields `kind` and `file`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form")]
struct PhotoForm {
    /// Such as piece_front, on_balance, hallmark (`photo_kinds.csv`).
    kind: String,
    /// A JPEG, PNG or WebP of at most 20 MiB and 52 megapixels.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Looks at a photo, keeps it and names it in the journal. The answer says at once what is wrong with it, and which other
/// pieces have one that looks the same.
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
    let in_hand = app.darkroom().in_hand.clone().try_acquire_owned().map_err(|_| ApiError::Busy)?;
    let (kind, bytes) = read_photo(request, &app).await?;
    let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let taken = take(&app, bytes).await?;
    drop(in_hand);

    circumstances.canonical = canonical_value(&json!({"kind": kind, "file": taken.original.to_string()}))
        .map_err(|error| ApiError::Fault(Box::new(error)))?
        .into_bytes();
    let photo = PhotoAdded {
        photo_id: PhotoId(Uuid::now_v7()),
        kind,
        original_sha256: taken.original.to_string(),
        shown_sha256: Some(taken.shown.to_string()),
        small_sha256: Some(taken.small.to_string()),
        media_type: Name::parse(taken.media)?,
        size_bytes,
        captured_at: taken.captured_at.as_deref().map(Name::parse).transpose()?,
        fingerprint: taken.fingerprint,
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
        small_sha256: photo.small_sha256,
        quality: quality(&taken),
        similar: alike(&app, &caller, &located, taken.fingerprint).await?,
    };
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::ETAG, etag(receipt.seq));
    Ok(response)
}

/// A photo that lies on the shelf.
struct Taken {
    original: PhotoHash,
    shown: PhotoHash,
    small: PhotoHash,
    media: &'static str,
    width: u32,
    height: u32,
    captured_at: Option<String>,
    fingerprint: Option<Fingerprint>,
    quality: Quality,
}

/// Looks at a photo on a thread of its own, and lays the original and both renditions on the shelf, sealed.
async fn take(app: &App, bytes: Vec<u8>) -> Result<Taken, ApiError> {
    let closed = |error| ApiError::Fault(Box::new(error));
    let permit = app.darkroom().decoding.clone().acquire_owned().await.map_err(closed)?;
    let vault = app.desk().vault().clone();
    let work = move || -> Result<_, develop::Fault> {
        // Held until the memory is free again, also when nobody waits for the answer any more.
        let _permit = permit;
        let developed = develop(&bytes)?;
        let (original, original_sealed) = sealed(&vault, &bytes);
        let (shown, shown_sealed) = sealed(&vault, &developed.shown);
        let (small, small_sealed) = sealed(&vault, &developed.small);
        let Developed { media, width, height, captured_at, fingerprint, quality, .. } = developed;
        let media = media.as_str();
        let taken = Taken { original, shown, small, media, width, height, captured_at, fingerprint, quality };
        Ok((taken, [original_sealed, shown_sealed, small_sealed]))
    };
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Fault(Box::new(error)))?;
    let (taken, [original, shown, small]) = done.map_err(refused)?;
    let shelf = &app.darkroom().shelf;
    let kept = tokio::try_join!(
        shelf.put(Board::Originals, taken.original, original),
        shelf.put(Board::Renditions, taken.shown, shown),
        shelf.put(Board::Renditions, taken.small, small),
    );
    kept.map_err(|error| ApiError::Fault(Box::new(error)))?;
    Ok(taken)
}

fn sealed(vault: &Vault, bytes: &[u8]) -> (PhotoHash, Vec<u8>) {
    let hash = PhotoHash::of(bytes);
    (hash, vault.seal_photo(hash.as_bytes(), bytes))
}

/// Opens what was taken off the shelf. What opens is what was sealed under this hash.
fn opened(vault: &Vault, hash: PhotoHash, sealed: &[u8]) -> Result<Vec<u8>, ApiError> {
    vault
        .open_photo(hash.as_bytes(), sealed)
        .map_err(|error| ApiError::Fault(format!("the photo {hash} was changed on the shelf: {error}").into()))
}

/// 413 for what is too large, 415 for what is no photo of a kind that is taken, 422 for a photo that will not do.
fn refused(fault: develop::Fault) -> ApiError {
    let (status, code) = match &fault {
        develop::Fault::Encoding(_) => return ApiError::Fault(Box::new(fault)),
        develop::Fault::Sniff(SniffFault::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        develop::Fault::Sniff(SniffFault::OtherKind { .. } | SniffFault::Heic | SniffFault::Unknown) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_a_photo")
        }
        develop::Fault::Sniff(SniffFault::Empty | SniffFault::Truncated)
        | develop::Fault::TooManyPixels { .. }
        | develop::Fault::TooDeep
        | develop::Fault::BreaksOff
        | develop::Fault::Contrived
        | develop::Fault::Broken { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_photo"),
    };
    let detail = fault.to_string();
    ApiError::Request { status, code, errors: vec![Fault::new("/file", detail.clone())], detail }
}

fn quality(taken: &Taken) -> QualityAnswer {
    let Quality { blur, dark, light, findings } = &taken.quality;
    QualityAnswer {
        width: taken.width,
        height: taken.height,
        blur: *blur,
        dark: *dark,
        light: *light,
        findings: findings
            .iter()
            .map(|finding| FindingAnswer { code: finding.as_str(), en: finding.en(), zh: finding.zh() })
            .collect(),
    }
}

/// Photos of other pieces that look the same. Of a piece that the caller may not see only the likeness is told.
async fn alike<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    located: &Located,
    fingerprint: Option<Fingerprint>,
) -> Result<Vec<AlikeAnswer>, ApiError> {
    let Some(fingerprint) = fingerprint else { return Ok(Vec::new()) };
    let reader = app.desk().store().reader();
    let mut answers = Vec::new();
    for one in queries::alike(reader, fingerprint, located.key, ALIKE).await? {
        let Some(piece) = queries::piece(reader, one.order_id, one.stream_id).await? else { continue };
        let code = PieceCode::parse(&piece.code)?;
        let seen = app.desk().locate(&code).await?.is_some_and(|other| caller.sees(&other));
        answers.push(AlikeAnswer {
            code: seen.then(|| code.to_string()),
            photo_id: seen.then_some(one.photo_id),
            distance: one.distance,
        });
    }
    Ok(answers)
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

/// One photo of a piece, by the hash of a rendition, or, for a supervisor, of the original. It never changes, so it may be
/// kept by whoever asked.
#[utoipa::path(get, path = "/v1/pieces/{code}/photos/{hash}", tag = "pieces",
    params(("code" = String, Path, description = "The piece code"),
        ("hash" = String, Path, description = "shown_sha256 or small_sha256 of a photo of the piece")),
    responses((status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 304, description = "The caller has it"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_photo(
    State(app): State<App>,
    caller: Caller<READERS>,
    Path((code, hash)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (_, located) = locate(&app, &caller, &code).await?;
    let hash: PhotoHash = hash.parse().map_err(|_| ApiError::absent("photo"))?;
    let tag = HeaderValue::from_str(&format!("\"{hash}\"")).map_err(|error| ApiError::Fault(Box::new(error)))?;
    let found = find(&app, located.key, hash).await?.ok_or_else(|| ApiError::absent("photo"))?;
    if found.board == Board::Originals && caller.role != Role::Supervisor {
        return Err(ApiError::absent("photo"));
    }
    let mut response = if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = read(&app, found.board, hash).await?.ok_or_else(|| match found.board {
            Board::Originals => ApiError::request(
                StatusCode::GONE,
                "retention_over",
                "the original was kept for as long as the rulebook says, and is no more",
            ),
            Board::Renditions => ApiError::Fault(format!("the rendition {hash} is not on the shelf").into()),
        })?;
        bytes.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(found.media));
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// What a hash names among a piece's photos.
struct Found {
    board: Board,
    media: &'static str,
}

async fn find(app: &App, key: StreamKey, hash: PhotoHash) -> Result<Option<Found>, ApiError> {
    let name = hash.to_string();
    let reader = app.desk().store().reader();
    let row = queries::photo_by_hash(reader, key.order_id.0, key.stream_id.0, &name).await?;
    Ok(row.map(|photo| {
        if photo.original_sha256 == name {
            let media = sniff::MediaType::parse(&photo.media_type).map_or("application/octet-stream", |m| m.as_str());
            Found { board: Board::Originals, media }
        } else {
            Found { board: Board::Renditions, media: sniff::MediaType::Jpeg.as_str() }
        }
    }))
}

pub(super) async fn read(app: &App, board: Board, hash: PhotoHash) -> Result<Option<Vec<u8>>, ApiError> {
    let sealed = app.darkroom().shelf.get(board, hash).await.map_err(|error| ApiError::Fault(Box::new(error)))?;
    sealed.map(|sealed| opened(app.desk().vault(), hash, &sealed)).transpose()
}

/// What a sweep took off the shelf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub originals: usize,
    pub renditions: usize,
}

/// Takes off the shelf what no event names, as a crash between the two leaves it, and the originals whose time is over.
pub async fn sweep(desk: &Desk, shelf: &Shelf, now: Timestamp) -> Result<Swept, ApiError> {
    let fault = |error: ShelfFault| ApiError::Fault(Box::new(error));
    let kept = desk.rules().originals_kept();
    let closed_before = now.checked_sub(kept).unwrap_or(Timestamp::MIN).as_microsecond();
    let old = now.checked_sub(LEFT_ALONE).unwrap_or(Timestamp::MIN);
    let reader = desk.store().reader();
    let mut swept = Swept::default();
    for board in [Board::Originals, Board::Renditions] {
        let pages = shelf.list(board).try_filter(|kept| std::future::ready(kept.put_at < old)).try_chunks(200);
        let mut pages = std::pin::pin!(pages);
        while let Some(page) = pages.try_next().await.map_err(|error| fault(error.1))? {
            let names: Vec<_> = page.iter().map(|kept| kept.hash.to_string()).collect();
            let needed = match board {
                Board::Originals => queries::originals_needed(reader, &names, closed_before).await?,
                Board::Renditions => queries::renditions_named(reader, &names).await?,
            };
            for kept in page.iter().filter(|kept| !needed.contains(&kept.hash.to_string())) {
                shelf.remove(board, kept.hash).await.map_err(fault)?;
                match board {
                    Board::Originals => swept.originals += 1,
                    Board::Renditions => swept.renditions += 1,
                }
            }
        }
    }
    Ok(swept)
}

/// Sweeps once a day, for as long as it is let run.
pub async fn sweeping(app: App) {
    let mut days = tokio::time::interval(SWEEP_EVERY);
    loop {
        days.tick().await;
        // What a restored database does not name may belong to what was lost, and be wanted again.
        if !matches!(app.desk().held(app.now()).await, Ok(Held::No | Held::Recalling)) {
            continue;
        }
        match sweep(app.desk(), &app.darkroom().shelf, app.now()).await {
            Ok(Swept { originals, renditions }) => tracing::info!(originals, renditions, "the shelf was swept"),
            Err(error) => tracing::error!(error = ?error, "the shelf cannot be swept"),
        }
    }
}
