//! What a station reads off a balance: posted as it comes, kept raw, and there for whoever fills in a weight.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{CLERK, Caller, INSPECTOR};
use super::body::{Faults, WeightBody, Write};
use super::error::Problem;
use super::views::{instant, weight};
use super::{ApiError, App};
use crate::domain::ids::DeviceId;
use crate::store::entity::frames;
use crate::store::queries;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_reading, list_readings))
}

/// How many readings are shown.
const SHOWN: u64 = 20;

/// One stable reading, as the balance gave it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadingBody {
    /// The line as it came, such as `S S     56.02 g`.
    frame: String,
    /// Given once; sent again it is the same reading.
    reading_id: String,
    /// Counted by whoever reads the balance.
    device_seq: i64,
    /// RFC 3339.
    read_at: String,
}

/// A reading as it is kept.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingAnswer {
    reading_id: String,
    device: String,
    device_seq: i64,
    #[schema(value_type = String)]
    read_at: Value,
    frame: String,
    /// What it comes to.
    weight: Value,
}

/// The weight of a frame of one device, or why it is none.
fn read(device: &DeviceId, body: &ReadingBody) -> Result<crate::domain::quantity::Weighing, ApiError> {
    let mut faults = Faults::default();
    let whole = WeightBody::of_frame(device, &body.frame, &body.reading_id, body.device_seq, &body.read_at);
    let weighing = whole.parse("", &mut faults);
    faults.finish(weighing)
}

/// Keeps a reading of a balance. Refused where it is not stable, or the balance is not adjusted. The same reading again
/// is answered as before.
#[utoipa::path(post, path = "/v1/devices/{id}/readings", tag = "warehouse", request_body = ReadingBody,
    params(("id" = String, Path, description = "The balance"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Kept", body = ReadingAnswer),
        (status = 200, description = "Kept before", body = ReadingAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn post_reading(
    State(app): State<App>,
    caller: Caller<{ CLERK | INSPECTOR }>,
    Path(id): Path<String>,
    write: Write<ReadingBody>,
) -> Result<(StatusCode, Json<ReadingAnswer>), ApiError> {
    let device = DeviceId::parse(&id).map_err(|_| ApiError::absent("device"))?;
    let weighing = read(&device, &write.body)?;
    let new = app.desk().keep_reading(caller.warehouse()?, &weighing, app.now()).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    let reading = weighing.reading.as_ref().ok_or_else(|| ApiError::Fault("a frame is a reading".into()))?;
    let answer = ReadingAnswer {
        reading_id: reading.reading_id.to_string(),
        device: device.to_string(),
        device_seq: reading.device_seq,
        read_at: instant(reading.read_at),
        frame: reading.frame.clone(),
        weight: weight(&weighing),
    };
    Ok((status, Json(answer)))
}

/// The last readings of a balance.
#[derive(Debug, Serialize, ToSchema)]
struct ReadingsAnswer {
    readings: Vec<Value>,
}

fn shown(row: frames::Model) -> Value {
    json!({
        "reading_id": row.reading_id, "device": row.device_id, "device_seq": row.device_seq,
        "read_at": instant(row.read_at), "frame": row.frame,
    })
}

/// The last readings of a balance, newest first: each can be sent as the weight of a body.
#[utoipa::path(get, path = "/v1/devices/{id}/readings", tag = "warehouse",
    params(("id" = String, Path, description = "The balance")),
    responses((status = 200, description = "The last readings", body = ReadingsAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_readings(
    State(app): State<App>,
    caller: Caller<{ CLERK | INSPECTOR }>,
    Path(id): Path<String>,
) -> Result<Json<ReadingsAnswer>, ApiError> {
    let reader = app.desk().store().reader();
    let row = queries::device(reader, &id).await?;
    let own = caller.warehouse()?;
    if row.is_none_or(|row| row.warehouse_id != own.as_str()) {
        return Err(ApiError::absent("device"));
    }
    let rows = queries::frames_of(reader, &id, SHOWN).await?;
    Ok(Json(ReadingsAnswer { readings: rows.into_iter().map(shown).collect() }))
}
