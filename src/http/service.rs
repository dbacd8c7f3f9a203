//! The service itself: is it alive, what does it measure, how is it described, which keys does it sign with.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use super::{ApiError, App};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .routes(routes!(signing_keys))
}

/// The description itself, and a page to read it by. Nothing on it comes from elsewhere.
pub fn docs(description: OpenApi) -> axum::Router<App> {
    SwaggerUi::new("/docs").url("/openapi.json", description).into()
}

/// Tells the description how callers show who they are.
pub struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
        openapi.security = Some(vec![utoipa::openapi::SecurityRequirement::new("key", Vec::<String>::new())]);
    }
}

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "service", security(()), responses((status = 200, description = "Alive")))]
async fn live() -> &'static str {
    "alive\n"
}

/// The database answers and its schema is up to date.
#[utoipa::path(get, path = "/readyz", tag = "service", security(()),
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready")))]
async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    app.desk().store().ping().await?;
    if !app.desk().store().pending_migrations().await?.is_empty() {
        return Err(ApiError::request(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_migrated",
            "the schema is not up to date: run touchstone migrate",
        ));
    }
    Ok("ready\n")
}

/// What is measured, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "service", security(()),
    responses((status = 200, description = "Metrics", content_type = "text/plain")))]
async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics().map(crate::telemetry::Metrics::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// The public keys by which capsules, status lists and daily roots are verified, the present ones first (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "service", security(()),
    responses((status = 200, description = "A JSON Web Key Set")))]
async fn signing_keys(State(app): State<App>) -> Json<Value> {
    Json(app.desk().keys().jwks())
}
