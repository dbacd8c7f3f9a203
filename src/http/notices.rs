//! What was told of a piece, to whom and with what outcome; and what was given up, for a supervisor.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, MERCHANT, PLATFORM, SUPERVISOR, visible};
use super::body::{Faults, Write};
use super::error::Problem;
use super::platform::{limit, turn_page};
use super::query::Query;
use super::queue::{TimeCursor, read_cursor, write_cursor};
use super::views::instant;
use super::warehouse::{Nothing, locate};
use super::{ApiError, App};
use crate::domain::actor::Role;
use crate::domain::notice::Recipient;
use crate::store::entity::outbox as rows;
use crate::store::outbox::{self, Channel, Place, State as Outcome};
use crate::store::queries;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(notices_of_piece)).routes(routes!(list_notices)).routes(routes!(send_again))
}

/// One notice to one recipient by one channel. Never an address.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeAnswer {
    id: Uuid,
    /// The event that it tells of.
    seq: i32,
    /// Such as passed.
    notice: String,
    /// buyer, merchant, platform or supervisor.
    recipient: String,
    /// mail or webhook.
    channel: &'static str,
    /// The endpoint, where it went to one.
    webhook: Option<Uuid>,
    /// waiting, accepted, sent, spread (given to the endpoints), nobody (no address, or no endpoint) or buried.
    state: String,
    /// How the last try ended, as a code, such as smtp_550_5.1.1 or http_500.
    outcome: Option<String>,
    attempts: i32,
    #[schema(value_type = String)]
    created_at: Value,
    /// When it is tried, or tried again; null once it has ended.
    #[schema(value_type = Option<String>)]
    next_try_at: Value,
}

impl From<&rows::Model> for NoticeAnswer {
    fn from(row: &rows::Model) -> Self {
        let (channel, webhook) = match Channel::parse(&row.channel) {
            Some(Channel::Endpoint(id)) => ("webhook", Some(id)),
            Some(Channel::Webhooks) => ("webhook", None),
            Some(Channel::Mail) | None => ("mail", None),
        };
        let waits = row.state == Outcome::Waiting.as_str();
        Self {
            id: row.id,
            seq: row.seq,
            notice: row.notice.clone(),
            recipient: row.recipient.clone(),
            channel,
            webhook,
            state: row.state.clone(),
            outcome: row.outcome.clone(),
            attempts: row.attempts,
            created_at: instant(row.created_at),
            next_try_at: if waits { instant(row.not_before_at) } else { Value::Null },
        }
    }
}

/// What was told of a piece.
#[derive(Debug, Serialize, ToSchema)]
struct NoticesOfPiece {
    code: String,
    notices: Vec<NoticeAnswer>,
}

/// What was told of a piece, by event, with the outcome for each recipient and channel. A merchant sees what was told to
/// the merchant.
#[utoipa::path(get, path = "/v1/pieces/{code}/notices", tag = "notices",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The notices", body = NoticesOfPiece),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn notices_of_piece(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | MERCHANT | SUPERVISOR | AUDITOR }>,
    Path(code): Path<String>,
) -> Result<Json<NoticesOfPiece>, ApiError> {
    let (code, located) = locate(&app, &caller, &code).await?;
    let key = located.key;
    let rows = outbox::of_stream(app.desk().store().reader(), key.order_id.0, key.stream_id.0).await?;
    let own = |row: &&rows::Model| caller.role != Role::Merchant || row.recipient == Recipient::Merchant.as_str();
    let notices = rows.iter().filter(own).map(NoticeAnswer::from).collect();
    Ok(Json(NoticesOfPiece { code: code.to_string(), notices }))
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct NoticesQuery {
    /// waiting, accepted, sent, spread, nobody or buried; buried unless told.
    state: Option<String>,
    /// Only to buyer, merchant, platform or supervisor.
    recipient: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// A notice with what it is about.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeOfOrder {
    order_no: String,
    /// The platform.
    tenant: String,
    /// The piece code; null where it is about the whole order.
    piece: Option<String>,
    #[serde(flatten)]
    notice: NoticeAnswer,
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
struct NoticesAnswer {
    notices: Vec<NoticeOfOrder>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// The notices of the caller's warehouse in one state, oldest first: those that were given up, unless another is asked
/// for. What was told to the supervisor (`recipient=supervisor`) stands here too, with or without a letter.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", params(NoticesQuery),
    responses((status = 200, description = "A page of notices", body = NoticesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_notices(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    query: Query<NoticesQuery>,
) -> Result<Json<NoticesAnswer>, ApiError> {
    let mut faults = Faults::default();
    let state = query.state.as_deref().map_or(Some(Outcome::Buried), Outcome::parse);
    if state.is_none() {
        let known: Vec<_> = Outcome::ALL.iter().map(|state| state.as_str()).collect();
        faults.add("?state", format!("a notice is one of {}", known.join(", ")));
    }
    if query.recipient.as_deref().is_some_and(|text| Recipient::parse(text).is_none()) {
        faults.add("?recipient", "a recipient is buyer, merchant, platform or supervisor");
    }
    let limit = limit(query.limit, &mut faults);
    let state = faults.finish(state)?;
    let after = read_cursor::<TimeCursor>(query.cursor.as_deref())?;
    let after = after.map(|cursor| Place { not_before_at: cursor.at, id: cursor.id });
    let reader = app.desk().store().reader();
    let warehouse = caller.warehouse()?;
    let recipient = query.recipient.as_deref();
    let mut rows = outbox::page(reader, warehouse.as_str(), state, recipient, after, limit + 1).await?;
    let next_cursor =
        turn_page(&mut rows, limit, |(row, _)| write_cursor(&TimeCursor { at: row.not_before_at, id: row.id }));
    let mut notices = Vec::with_capacity(rows.len());
    for (row, order) in rows {
        let piece = queries::piece(reader, row.order_id, row.stream_id).await?.map(|piece| piece.code);
        notices.push(NoticeOfOrder {
            order_no: order.order_no,
            tenant: order.tenant_id,
            piece,
            notice: NoticeAnswer::from(&row),
        });
    }
    Ok(Json(NoticesAnswer { notices, next_cursor }))
}

/// Lets a notice that was given up be tried anew, as if it were the first time.
#[utoipa::path(post, path = "/v1/notices/{id}/resend", tag = "notices", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The notice"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "The notice as it waits", body = NoticeAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn send_again(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<NoticeAnswer>, ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::absent("notice"))?;
    let reader = app.desk().store().reader();
    let row = outbox::row(reader, id).await?.ok_or_else(|| ApiError::absent("notice"))?;
    let order = queries::order(reader, row.order_id).await?.ok_or_else(|| ApiError::absent("notice"))?;
    visible(order.warehouse_id == caller.warehouse()?.as_str(), "notice")?;
    let row = app.desk().send_again(id, &write.circumstances.request(&app, &caller)).await?;
    Ok(Json(NoticeAnswer::from(&row)))
}
