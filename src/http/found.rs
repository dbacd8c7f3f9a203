//! Lost-and-found: what came in and belongs to no known piece, and what two persons do with it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{CLERK, Caller, SUPERVISOR};
use super::body::{Faults, Write};
use super::error::Problem;
use super::query::{NoParameters, Query};
use super::queue::MAX_PAGE;
use super::views::instant;
use super::{ApiError, App};
use crate::desk::{FoundResolution, Request};
use crate::domain::ids::PieceCode;
use crate::domain::refusal::Refusal;
use crate::store::entity::{found_proposals, lost_and_found};
use crate::store::{found, queries};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_found)).routes(routes!(resolve_found))
}

/// What was found and belongs to no known piece.
#[derive(Debug, Serialize, ToSchema)]
struct FoundAnswer {
    /// Oldest first, 200 at the most.
    items: Vec<FoundItem>,
}

/// One piece that nobody knows.
#[derive(Debug, Serialize, ToSchema)]
struct FoundItem {
    id: Uuid,
    /// The code that was read from it.
    code: String,
    /// The parcel that it came in, where one was announced.
    parcel_id: Option<Uuid>,
    #[schema(value_type = String)]
    found_at: Value,
    found_by: Uuid,
}

/// The pieces of the caller's warehouse that nobody knows, and that nobody has resolved yet.
#[utoipa::path(get, path = "/v1/lost-and-found", tag = "parcels",
    responses((status = 200, description = "What was found", body = FoundAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_found(
    State(app): State<App>,
    caller: Caller<{ CLERK | SUPERVISOR }>,
    _: Query<NoParameters>,
) -> Result<Json<FoundAnswer>, ApiError> {
    let rows = queries::lost_and_found(app.desk().store().reader(), caller.warehouse()?.as_str(), MAX_PAGE).await?;
    let item = |row: lost_and_found::Model| FoundItem {
        id: row.id,
        code: row.code,
        parcel_id: row.parcel_id,
        found_at: instant(row.found_at),
        found_by: row.found_by,
    };
    Ok(Json(FoundAnswer { items: rows.into_iter().map(item).collect() }))
}

/// What is to become of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FoundBody {
    /// belongs_to, sent_back or disposed_of.
    what: String,
    /// The piece that it is, where it belongs to one: that piece is booked in by its receipt then.
    #[serde(default)]
    code: Option<String>,
}

/// What waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct FoundProposalAnswer {
    /// To be confirmed at `/v1/proposals/{id}/confirm` by another person, within the hour.
    id: Uuid,
    found_id: Uuid,
    what: &'static str,
}

/// Says what is to become of a found piece. Another person confirms it as any proposal.
#[utoipa::path(post, path = "/v1/lost-and-found/{id}/resolution", tag = "parcels", request_body = FoundBody,
    params(("id" = Uuid, Path, description = "The found piece"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Waits for a second person", body = FoundProposalAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn resolve_found(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(id): Path<Uuid>,
    write: Write<FoundBody>,
) -> Result<(StatusCode, Json<FoundProposalAnswer>), ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let code = faults.take_optional("/code", body.code.as_deref(), PieceCode::parse);
    let resolution = match (body.what.as_str(), &body.code) {
        ("belongs_to", Some(_)) => code.map(FoundResolution::BelongsTo),
        ("belongs_to", None) => {
            faults.add("/code", "say which piece it is");
            None
        }
        ("sent_back", None) => Some(FoundResolution::SentBack),
        ("disposed_of", None) => Some(FoundResolution::DisposedOf),
        ("sent_back" | "disposed_of", Some(_)) => {
            faults.add("/code", "only what belongs to a piece has its code: leave it out");
            None
        }
        _ => {
            faults.add("/what", "a found piece is resolved as belongs_to, sent_back or disposed_of");
            None
        }
    };
    let resolution = faults.finish(resolution)?;
    if let FoundResolution::BelongsTo(code) = &resolution {
        let located = app.desk().locate(code).await?.filter(|located| caller.sees(located));
        if located.is_none() {
            let mut faults = Faults::default();
            faults.add("/code", "no piece of this warehouse has this code");
            return faults.finish(None);
        }
    }
    let what = resolution.as_str();
    let request = write.circumstances.request(&app, &caller);
    let proposal = app.desk().propose_found(id, caller.warehouse()?, resolution, &request).await?;
    Ok((StatusCode::CREATED, Json(FoundProposalAnswer { id: proposal, found_id: id, what })))
}

/// A found piece's proposal in an answer.
pub fn shown(row: &found_proposals::Model) -> Value {
    json!({
        "id": row.id,
        "found_id": row.found_id,
        "command": "lost-and-found",
        "body": {"what": row.resolution, "code": row.code},
        "proposed_by": row.person_id,
        "proposed_at": instant(row.created_at),
        "expires_at": instant(row.expires_at),
    })
}

/// A proposal about a found piece, as far as the caller may know of it.
pub async fn proposal<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    id: Uuid,
) -> Result<Option<found_proposals::Model>, ApiError> {
    let row = found::proposal(app.desk().store().reader(), id).await?;
    let here = caller.warehouse()?.as_str();
    Ok(row.filter(|row| row.warehouse_id == here))
}

/// Confirms it.
pub async fn confirm(app: &App, proposal: &found_proposals::Model, request: &Request) -> Result<Value, ApiError> {
    let row = app.desk().confirm_found(proposal.id, request).await?;
    // What belongs to a piece is booked in by that piece's receipt.
    Ok(json!({"found_id": row.found_id, "what": row.resolution, "code": row.code}))
}

/// The refusal where nothing waits under an id.
pub fn gone() -> ApiError {
    ApiError::from(Refusal::ProposalGone)
}
