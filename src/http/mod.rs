//! The service over HTTP: the only room that knows axum and JSON bodies.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tracing::Instrument;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use service::Security;

use crate::clock::Clock;
use crate::courier::address::Allowed;
use crate::courier::payload::WebhookMessage;
use crate::desk::Desk;
use crate::mail::transport::Files;
use crate::photos::shelf::{Shelf, ShelfFault};
use crate::telemetry::{self, Metrics};

pub mod auth;
mod bench;
pub mod body;
mod carriers;
mod cases;
mod certificates;
mod conduct;
pub mod connections;
mod demo_mail;
mod error;
mod found;
mod ledger;
mod looks;
mod notices;
mod obligations;
mod operator;
mod pages;
mod parcels;
pub mod photos;
mod pieces;
mod platform;
mod query;
mod queue;
mod readings;
mod restore;
mod service;
mod sidelines;
mod slow;
mod tracking;
mod unreached;
mod verify;
mod views;
mod warehouse;
mod webhooks;

pub use error::{ApiError, Problem};

/// How the service is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where callers and buyers reach it, without a slash at the end.
    pub public_url: String,
    pub data_dir: PathBuf,
    /// The bucket that photos are kept in, `s3://bucket/folder`; without one, the data folder.
    pub photos_url: Option<String>,
    pub max_body_bytes: usize,
    pub request_timeout: Duration,
    /// Networks that an endpoint may lie in though they are nobody's on the internet.
    pub webhook_networks: Allowed,
    pub clock: Clock,
}

/// What every handler has.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Desk,
    settings: Settings,
    metrics: Option<Metrics>,
    keys: auth::KeyCache,
    darkroom: photos::Darkroom,
    pages: tracking::Pages,
    guesses: tracking::Guesses,
    listeners: tracking::Listeners,
    mailbox: OnceLock<Arc<Files>>,
}

impl App {
    /// Opens the shelf of photos: in the data folder, or in a bucket.
    pub fn new(desk: Desk, settings: Settings, metrics: Option<Metrics>) -> Result<Self, ShelfFault> {
        let shelf = Shelf::of(&settings.data_dir, settings.photos_url.as_deref())?;
        let darkroom = photos::Darkroom::new(shelf);
        let inner = Inner {
            desk,
            settings,
            metrics,
            keys: auth::KeyCache::default(),
            darkroom,
            pages: tracking::Pages::default(),
            guesses: tracking::Guesses::default(),
            listeners: tracking::Listeners::default(),
            mailbox: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub fn desk(&self) -> &Desk {
        &self.inner.desk
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Shows these letters at `/demo/mail`, where otherwise there is nothing. Only the demo does.
    pub fn show_mail(&self, files: Arc<Files>) {
        let _ = self.inner.mailbox.set(files);
    }

    fn mailbox(&self) -> Option<&Arc<Files>> {
        self.inner.mailbox.get()
    }

    fn darkroom(&self) -> &photos::Darkroom {
        &self.inner.darkroom
    }

    fn keys(&self) -> &auth::KeyCache {
        &self.inner.keys
    }

    fn pages(&self) -> &tracking::Pages {
        &self.inner.pages
    }

    fn guesses(&self) -> &tracking::Guesses {
        &self.inner.guesses
    }

    fn listeners(&self) -> &tracking::Listeners {
        &self.inner.listeners
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.inner.metrics.as_ref()
    }

    /// The time, asked here and nowhere below.
    pub fn now(&self) -> Timestamp {
        self.inner.settings.clock.now()
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Touchstone",
        description = "Official authenticity for live commerce: each piece is inspected, and checked against what \
                       was said of it, before it reaches its buyer.\n\nEvery write takes an `Idempotency-Key`. Errors \
                       are problem documents (RFC 9457) with a stable `code`."
    ),
    components(schemas(Problem, WebhookMessage)),
    modifiers(&Security)
)]
struct Description;

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(service::routes())
        .merge(platform::routes())
        .merge(parcels::routes())
        .merge(found::routes())
        .merge(ledger::routes())
        .merge(looks::routes())
        .merge(pieces::routes())
        .merge(photos::routes())
        .merge(warehouse::routes())
        .merge(sidelines::routes())
        .merge(cases::routes())
        .merge(certificates::routes())
        .merge(obligations::routes())
        .merge(conduct::routes())
        .merge(carriers::routes())
        .merge(queue::routes())
        .merge(notices::routes())
        .merge(webhooks::routes())
        .merge(readings::routes())
        .merge(restore::routes())
        .merge(operator::routes())
        .merge(pages::routes())
        .merge(tracking::routes())
        .merge(verify::routes())
}

/// The description of the interface (OpenAPI 3.1), made from the same routes that are served.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}

/// The whole service.
pub fn router(app: App) -> Router {
    let (router, description) = routes().split_for_parts();
    router
        .merge(service::docs(description))
        .merge(demo_mail::routes())
        .fallback(|| async {
            ApiError::request(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address: see /docs")
        })
        .method_not_allowed_fallback(|| async {
            ApiError::request(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this address takes another method: see /docs",
            )
        })
        .layer(DefaultBodyLimit::max(app.settings().max_body_bytes))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            ApiError::Fault("a handler panicked".into()).into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), frame))
        .with_state(app)
}

/// Serves until told to stop, then finishes what is in flight.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_within(listener, app, connections::Limits::default(), shutdown).await;
    Ok(())
}

/// The same, within limits of one's own.
pub async fn serve_within(
    listener: TcpListener,
    app: App,
    limits: connections::Limits,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let closing = app.clone();
    let shutdown = async move {
        shutdown.await;
        closing.listeners().close();
    };
    connections::serve(listener, router(app), limits, shutdown).await;
}

/// Around every request: its id, its span, its time limit, its measure; and the writing of problems. The span names
/// the route's template, never an address that may hold a token.
async fn frame(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %method,
        http.route = route.as_deref().unwrap_or("-"),
    );
    let limit = app.settings().request_timeout;
    let (request, waiting) = slow::watched(request);
    let answer = tokio::time::timeout(limit, next.run(request).instrument(span.clone())).await;
    let mut response = answer.unwrap_or_else(|_| waiting.given_up(limit));
    if response.status().is_client_error() || response.status().is_server_error() {
        response = write_problem(response, &id).await;
    }
    let status = response.status();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    telemetry::request_answered(method.as_str(), route.as_deref(), status.as_u16(), started.elapsed());
    span.in_scope(|| tracing::debug!(http.status = status.as_u16(), "answered"));
    response
}

/// Writes the problem that a handler has left; what the framework refused by itself becomes one too, in its words.
async fn write_problem(mut response: Response, id: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    if problem.is_none() && is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let mut problem = match problem {
        Some(problem) => problem,
        None => refused_by_framework(parts.status, body).await,
    };
    problem.request_id = Some(id.to_owned());
    if let Ok(status) = StatusCode::from_u16(problem.status) {
        parts.status = status;
    }
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Response::from_parts(parts, body.into())
}

/// How the framework begins to say that a part of the path is no id.
const NO_ID: &str = "Invalid URL: Cannot parse ";

/// What the framework says is short, and of the request alone. An id that can be none is of nothing.
async fn refused_by_framework(status: StatusCode, body: Body) -> Problem {
    let said = axum::body::to_bytes(body, 1_024).await.unwrap_or_default();
    let said = std::str::from_utf8(&said).unwrap_or_default().trim();
    if let (StatusCode::BAD_REQUEST, Some(why)) = (status, said.strip_prefix(NO_ID)) {
        let detail =
            format!("there is nothing at this address: an id in its path is none that is given out here, {why}");
        return Problem::new(StatusCode::NOT_FOUND, "not_found", detail);
    }
    let code = if status == StatusCode::BAD_REQUEST { "bad_request" } else { "refused" };
    match said {
        "" => Problem::new(status, code, status.canonical_reason().unwrap_or("refused")),
        said => Problem::new(status, code, format!("{said}; /docs says what is taken here")),
    }
}
