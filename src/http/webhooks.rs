//! Endpoints that are told of changes: a platform's, and a merchant's own. What they get stands in `courier/payload.rs`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{Caller, MERCHANT, PLATFORM, visible};
use super::body::{Faults, Write};
use super::error::Problem;
use super::platform::{email, instant as parse_instant};
use super::views::instant;
use super::warehouse::Nothing;
use super::{ApiError, App};
use crate::courier::endpoint::parse_url;
use crate::desk::webhooks::NewWebhook;
use crate::domain::actor::Scope;
use crate::domain::ids::{Malformed, MerchantId, TenantId};
use crate::store::entity::webhooks as rows;
use crate::store::webhooks;

/// Endpoints of one owner at the most.
const MOST: usize = 16;

/// Who may keep endpoints.
const OWNERS: u16 = PLATFORM | MERCHANT;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add_webhook, list_webhooks))
        .routes(routes!(delete_webhook))
        .routes(routes!(rotate_webhook))
        .routes(routes!(resume_webhook))
        .routes(routes!(replay_webhook))
}

/// A new endpoint.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// Where messages are posted to, beginning with https://
    url: String,
    /// Who is written to when the endpoint is paused, because it took nothing for three days; kept sealed.
    #[serde(default)]
    email: Option<String>,
}

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookAnswer {
    id: Uuid,
    url: String,
    /// Whose it is, where it is a merchant's.
    merchant: Option<String>,
    #[schema(value_type = String)]
    created_at: Value,
    /// How often it failed since it last took something.
    failures: i32,
    #[schema(value_type = Option<String>)]
    failing_since: Value,
    /// How its last failure ended, as a code, such as http_500 or timeout.
    last_outcome: Option<String>,
    /// Since when nothing is posted to it; what is to be told waits until it is resumed.
    #[schema(value_type = Option<String>)]
    paused_at: Value,
}

impl From<rows::Model> for WebhookAnswer {
    fn from(row: rows::Model) -> Self {
        Self {
            id: row.id,
            url: row.url,
            merchant: row.merchant_id,
            created_at: instant(row.created_at),
            failures: row.failures,
            failing_since: row.failing_since_at.map_or(Value::Null, instant),
            last_outcome: row.last_outcome,
            paused_at: row.paused_at.map_or(Value::Null, instant),
        }
    }
}

/// An endpoint that was made, or has a new secret.
#[derive(Debug, Serialize, ToSchema)]
struct NewWebhookAnswer {
    #[serde(flatten)]
    webhook: WebhookAnswer,
    /// Signs every message (Standard Webhooks: `whsec_` and base64). Shown this once; the same request again answers
    /// without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Whose endpoints a caller keeps.
fn owner(caller: &Caller<OWNERS>) -> Result<(TenantId, Option<MerchantId>), ApiError> {
    match &caller.scope {
        Scope::Tenant(tenant) => Ok((tenant.clone(), None)),
        Scope::Merchant(tenant, merchant) => Ok((tenant.clone(), Some(merchant.clone()))),
        Scope::Warehouse(_) | Scope::Everything | Scope::Nothing => Err(ApiError::absent("platform")),
    }
}

/// One of the caller's own endpoints.
async fn own(app: &App, caller: &Caller<OWNERS>, id: &str) -> Result<rows::Model, ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::absent("webhook"))?;
    let row = webhooks::endpoint(app.desk().store().reader(), id).await?;
    let row = row.ok_or_else(|| ApiError::absent("webhook"))?;
    let (tenant, merchant) = owner(caller)?;
    let own =
        row.tenant_id == tenant.as_str() && row.merchant_id.as_deref() == merchant.as_ref().map(MerchantId::as_str);
    visible(own, "webhook")?;
    Ok(row)
}

/// Adds an endpoint. It is told of every change of stage, every verdict and whatever comes to be owed from now on (a
/// platform's of all its orders, a merchant's of its own), and a platform's also of what its buyers are told. Messages are
/// signed by the Standard Webhooks specification, come at least once, and in the order of each journal; `WebhookMessage`
/// below is their form.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = WebhookBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Added", body = NewWebhookAnswer),
        (status = 200, description = "Added by the same request before: without the secret", body = NewWebhookAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn add_webhook(
    State(app): State<App>,
    caller: Caller<OWNERS>,
    write: Write<WebhookBody>,
) -> Result<(StatusCode, Json<NewWebhookAnswer>), ApiError> {
    let (tenant, merchant) = owner(&caller)?;
    let request = write.circumstances.request(&app, &caller);
    let mut faults = Faults::default();
    let allowed = &app.settings().webhook_networks;
    let url = parse_url(write.body.url.trim(), allowed).map_err(|bad| Malformed(bad.to_string()));
    let url = faults.take("/url", url);
    let email = faults.take_optional("/email", write.body.email.as_deref(), email);
    let url = faults.finish(url)?;
    if app.desk().answer_to(&request).await?.is_none() {
        let reader = app.desk().store().reader();
        let there = webhooks::of_owner(reader, tenant.as_str(), merchant.as_ref().map(MerchantId::as_str)).await?;
        if MOST <= there.len() {
            let detail = format!("there are {MOST} endpoints already: take one away first");
            return Err(ApiError::request(StatusCode::CONFLICT, "too_many", &detail));
        }
    }
    let new = NewWebhook { tenant, merchant, url: url.to_string(), email };
    let (row, secret) = app.desk().add_webhook(new, &request).await?;
    let status = if secret.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(NewWebhookAnswer { webhook: row.into(), secret })))
}

/// All endpoints of the caller.
#[derive(Debug, Serialize, ToSchema)]
struct WebhooksAnswer {
    webhooks: Vec<WebhookAnswer>,
}

/// The caller's endpoints, oldest first, and how each is doing.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "All endpoints", body = WebhooksAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_webhooks(State(app): State<App>, caller: Caller<OWNERS>) -> Result<Json<WebhooksAnswer>, ApiError> {
    let (tenant, merchant) = owner(&caller)?;
    let reader = app.desk().store().reader();
    let rows = webhooks::of_owner(reader, tenant.as_str(), merchant.as_ref().map(MerchantId::as_str)).await?;
    Ok(Json(WebhooksAnswer { webhooks: rows.into_iter().map(WebhookAnswer::from).collect() }))
}

/// Takes an endpoint away, with its secrets. What waits for it is not sent.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn delete_webhook(
    State(app): State<App>,
    caller: Caller<OWNERS>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<StatusCode, ApiError> {
    let request = write.circumstances.request(&app, &caller);
    // The same request again finds nothing, and that is what it wanted.
    if app.desk().answer_to(&request).await?.is_none() {
        let row = own(&app, &caller, &id).await?;
        app.desk().delete_webhook(row.id, &request).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an endpoint a new secret. For a day the one before signs beside it, so that nothing is missed meanwhile.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", tag = "webhooks", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "The endpoint, with its new secret", body = NewWebhookAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn rotate_webhook(
    State(app): State<App>,
    caller: Caller<OWNERS>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<NewWebhookAnswer>, ApiError> {
    let row = own(&app, &caller, &id).await?;
    let secret = app.desk().rotate_webhook(row.id, &write.circumstances.request(&app, &caller)).await?;
    Ok(Json(NewWebhookAnswer { webhook: row.into(), secret }))
}

/// Lets an endpoint that was paused be tried again: what waited for it goes out in its order.
#[utoipa::path(post, path = "/v1/webhooks/{id}/resume", tag = "webhooks", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "The endpoint as it goes on", body = WebhookAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn resume_webhook(
    State(app): State<App>,
    caller: Caller<OWNERS>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<WebhookAnswer>, ApiError> {
    let row = own(&app, &caller, &id).await?;
    app.desk().resume_webhook(row.id, &write.circumstances.request(&app, &caller)).await?;
    Ok(Json(own(&app, &caller, &id).await?.into()))
}

/// A span of time, the end not within it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayBody {
    /// RFC 3339.
    from: String,
    /// RFC 3339.
    to: String,
}

/// What a replay came to.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayAnswer {
    /// So many messages are sent again.
    messages: usize,
    /// There are more: ask again from this time on. Null where that was all.
    #[schema(value_type = Option<String>)]
    rest_from: Value,
}

/// Sends an endpoint again whatever it was told, or would have been had it been there, in a span of time: each message
/// under the id that it has, so that what is known already can be told.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", request_body = ReplayBody,
    params(("id" = Uuid, Path, description = "The endpoint"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 202, description = "They are on their way", body = ReplayAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn replay_webhook(
    State(app): State<App>,
    caller: Caller<OWNERS>,
    Path(id): Path<String>,
    write: Write<ReplayBody>,
) -> Result<(StatusCode, Json<ReplayAnswer>), ApiError> {
    let row = own(&app, &caller, &id).await?;
    let mut faults = Faults::default();
    let from = faults.take("/from", parse_instant(&write.body.from)).map(Timestamp::as_microsecond);
    let to = faults.take("/to", parse_instant(&write.body.to)).map(Timestamp::as_microsecond);
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        faults.add("/to", "a span ends behind its beginning");
    }
    let span = faults.finish(from.zip(to))?;
    let replayed = app.desk().replay_webhook(row.id, span, &write.circumstances.request(&app, &caller)).await?;
    let answer = ReplayAnswer { messages: replayed.count, rest_from: replayed.rest_from.map_or(Value::Null, instant) };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
