//! Live sessions and what was said in them. A transcript is kept sealed and serves all orders of its session, those that
//! are placed later too; the ledgers that wait are read again at once.

use axum::Json;
use axum::extract::{Path, Request, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::auth::{Caller, PLATFORM};
use super::super::body::{Faults, Write};
use super::super::error::Problem;
use super::super::{ApiError, App};
use super::{instant, line};
use crate::desk::{Keep, Receipt};
use crate::domain::ids::{LiveId, Malformed};
use crate::spoken::transcript::{Format, Transcript};
use crate::store::entity::lives;

/// A transcript's text at the most.
const MAX_TRANSCRIPT: usize = 4 * 1024 * 1024;
/// Its body at the most: one that escapes every character beyond ASCII takes twice the room.
const MAX_TRANSCRIPT_BODY: usize = 2 * MAX_TRANSCRIPT + 64 * 1024;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(put_live)).routes(routes!(put_transcript))
}

/// A live session as its platform tells of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LiveBody {
    #[serde(default)]
    room_id: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    started_at: Option<String>,
    /// Where it can be watched again.
    #[serde(default)]
    replay_url: Option<String>,
}

/// A live session as it is kept.
#[derive(Debug, Serialize, ToSchema)]
struct LiveAnswer {
    live_id: String,
    room_id: Option<String>,
    started_at: Option<String>,
    replay_url: Option<String>,
}

/// Tells of a live session, or changes what was told.
#[utoipa::path(put, path = "/v1/lives/{live_id}", tag = "lives", request_body = LiveBody,
    params(("live_id" = String, Path, description = "The platform's own id"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "As it is kept", body = LiveAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_live(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path(live_id): Path<String>,
    write: Write<LiveBody>,
) -> Result<Json<LiveAnswer>, ApiError> {
    let live_id = LiveId::parse(&live_id).map_err(|_| ApiError::absent("live session"))?;
    let body = &write.body;
    let mut faults = Faults::default();
    let room_id = faults.take_optional("/room_id", body.room_id.as_deref(), |text| line(text, 64));
    let started_at = faults.take_optional("/started_at", body.started_at.as_deref(), instant);
    let replay_url = faults.take_optional("/replay_url", body.replay_url.as_deref(), web_address);
    faults.finish(Some(()))?;
    let request = write.circumstances.request(&app, &caller);
    let row = lives::Model {
        tenant_id: caller.tenant()?.to_string(),
        id: live_id.to_string(),
        room_id: room_id.clone(),
        started_at: started_at.map(|at| at.as_microsecond()),
        replay_url: replay_url.clone(),
        transcript_id: None,
        updated_at: request.now.as_microsecond(),
    };
    app.desk().keep(Keep::Live(row), &request).await?;
    let started_at = started_at.map(|at| at.to_string());
    Ok(Json(LiveAnswer { live_id: live_id.to_string(), room_id, started_at, replay_url }))
}

fn web_address(text: &str) -> Result<String, Malformed> {
    let fits = (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() <= 2_000
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(text.to_owned()) } else { Err(Malformed("an address on the web begins with https://".into())) }
}

/// What was said, as it was written down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TranscriptBody {
    /// srt, vtt, json or text.
    format: String,
    /// At most 4 MiB.
    content: String,
}

/// A transcript that is kept.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptAnswer {
    live_id: String,
    transcript_id: Uuid,
    /// How much of it was read, in Unicode scalar values: what the offsets of claims count.
    characters: usize,
    /// Whether its words have times. Without them no part can be told to be of one piece, and none is read.
    timed: bool,
}

/// Hands in the transcript of a session, once for all its orders, also before or after them; a session that is not known
/// yet becomes known by it. It is kept sealed. A later transcript takes the place of an earlier one: ledgers of the session that wait are read again, and what nobody
/// gave a verdict on yet is open anew.
///
/// SubRip, WebVTT, plain text with a time at the head of its lines, or JSON: `{"segments":[{"start","end","text"}]}` in
/// seconds, `[{"start_ms","end_ms","text"}]`, and what Whisper and FunASR write themselves.
#[utoipa::path(put, path = "/v1/lives/{live_id}/transcript", tag = "lives", request_body = TranscriptBody,
    params(("live_id" = String, Path, description = "The platform's own id"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Kept", body = TranscriptAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_transcript(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path(live_id): Path<String>,
    request: Request,
) -> Result<Json<TranscriptAnswer>, ApiError> {
    let live_id = LiveId::parse(&live_id).map_err(|_| ApiError::absent("live session"))?;
    let limit = MAX_TRANSCRIPT_BODY.min(app.settings().max_body_bytes);
    let write = Write::<TranscriptBody>::read(request, limit).await?;
    let TranscriptBody { format, content } = write.body;
    let mut faults = Faults::default();
    let form = Format::parse(&format);
    if form.is_none() {
        faults.add("/format", "a transcript is srt, vtt, json or text");
    }
    if MAX_TRANSCRIPT < content.len() {
        faults.add("/content", "a transcript is at most 4 MiB");
    }
    if content.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        faults.add("/content", "this transcript holds a control character: remove it");
    }
    let form = faults.finish(form)?;
    let (characters, timed) = check(form, content.clone()).await?;
    let request = write.circumstances.request(&app, &caller);
    let tenant = caller.tenant()?.clone();
    let kept = Keep::Transcript { tenant: tenant.clone(), live: live_id.clone(), format, content };
    let Receipt::Made { id, .. } = app.desk().keep(kept, &request).await? else {
        return Err(ApiError::Fault("a transcript answers with its id".into()));
    };
    let transcript_id = id.parse().map_err(|_| ApiError::Fault("a transcript's id is a UUID".into()))?;
    app.desk().read_again((&tenant, &live_id), transcript_id, &request).await?;
    Ok(Json(TranscriptAnswer { live_id: live_id.to_string(), transcript_id, characters, timed }))
}

/// Reads a transcript on a thread of its own: what cannot be read is refused before it is kept.
async fn check(format: Format, content: String) -> Result<(usize, bool), ApiError> {
    let read = move || Transcript::read(format, &content).map(|read| (read.chars(), read.is_timed()));
    let read = tokio::task::spawn_blocking(read).await.map_err(|error| ApiError::Fault(Box::new(error)))?;
    read.or_else(|fault| {
        let mut faults = Faults::default();
        faults.add("/content", fault.to_string());
        faults.finish(None)
    })
}
