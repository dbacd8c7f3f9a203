//! The page behind an order's link: where each piece is, in plain words, and what was found. Complete without script.
//! The link may be shown to a friend, so nothing on it names the buyer.
//!
//! A page is made from the journals and kept until any row that it rests on is another. The rows are read on every
//! request, so that no instance shows a page that is older than a commit of another.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::pages::{self, Frame, LanguageQuery, Visitor};
use super::{ApiError, App, photos};
use crate::capsule::Hash;
use crate::desk::Error;
use crate::desk::people::Details;
use crate::desk::place::VIEW;
use crate::domain::ids::{OrderId, PersonId};
use crate::domain::route::Stage;
use crate::photos::shelf::{Board, PhotoHash};
use crate::shown::{self, Card, Made, Reader, view};
use crate::store::entity::{cases, orders, pieces};
use crate::store::{beside, queries};
use crate::vault;
use crate::words::Language;

mod asks;
mod buyer;
mod cache;
mod decision;
mod guesses;
mod live;

pub use cache::Pages;
pub use guesses::{Guesses, Source};
pub use live::Listeners;

use buyer::come_in;
use cache::Kept;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_order))
        .routes(routes!(show_photo))
        .routes(routes!(live::follow_order))
        .routes(routes!(decision::show_decision, decision::take_decision))
        .routes(routes!(decision::follow_notice))
        .routes(routes!(asks::show_rest, asks::take_rest))
        .routes(routes!(asks::show_return, asks::take_return))
        .routes(routes!(asks::show_case, asks::take_case))
}

/// The page of an order.
#[derive(Template)]
#[template(path = "order.html", config = "src/http/pages/askama.toml")]
struct OrderPage<'a> {
    frame: Frame,
    token: &'a str,
    events: String,
    buyer: Option<String>,
    zone: String,
    /// Whether the buyer is asked about the rest of the order.
    asked: bool,
    cards: Vec<Card>,
}

/// What a good link leads to: the rows that its page rests on.
pub struct Entrance {
    pub order_id: OrderId,
    order: orders::Model,
    pieces: Vec<pieces::Model>,
    cases: Vec<cases::Model>,
    /// The buyer's row as it is sealed, and what is known of them; none once they were erased.
    sealed: Vec<u8>,
    pub buyer: Option<Details>,
}

impl Entrance {
    pub fn buyer_id(&self) -> PersonId {
        PersonId(self.order.buyer_id)
    }

    fn locale(&self) -> Option<&str> {
        self.buyer.as_ref()?.locale.as_deref()
    }

    /// What a page of this order rests on, as a hash of it: every journal's length and hash, every clock that ran out,
    /// and the buyer's details.
    fn version(&self, now: i64) -> Hash {
        let mut text = Vec::with_capacity(256);
        text.extend_from_slice(&self.order.head_hash);
        text.extend_from_slice(self.order.status.as_bytes());
        for piece in &self.pieces {
            text.extend_from_slice(&piece.head_hash);
            text.extend_from_slice(&piece.due_at.unwrap_or_default().to_be_bytes());
            text.push(u8::from(piece.due_at.is_some_and(|due_at| due_at <= now)));
        }
        for case in &self.cases {
            text.extend_from_slice(&case.head_hash);
        }
        text.extend_from_slice(&self.sealed);
        Hash::of(text)
    }
}

/// Opens an order's link. A link that never was, an old one and one of a register that was tampered with are all none.
pub async fn enter(app: &App, token: &str) -> Result<Option<Entrance>, ApiError> {
    let reader = app.desk().store().reader();
    let row = queries::token(reader, &vault::token_hash(token)).await?;
    let Some(row) = row.filter(|row| row.purpose == VIEW) else { return Ok(None) };
    let order_id = OrderId(row.order_id);
    if !app.desk().is_view_token(order_id, row.generation, token) {
        return Ok(None);
    }
    let Some(order) = queries::order(reader, order_id.0).await? else {
        return Err(Error::corrupt("the order of a link", "is not there").into());
    };
    let pieces = queries::pieces_of(reader, order_id.0).await?;
    // Nothing is disputed before it was delivered.
    let disputable = |piece: &pieces::Model| {
        [Stage::Delivered, Stage::ReturnInbound, Stage::ReturnIntake, Stage::Returning, Stage::ReturningToBuyer]
            .iter()
            .chain([&Stage::Quarantined, &Stage::Closed])
            .any(|stage| stage.as_str() == piece.stage)
    };
    let mut cases = Vec::new();
    if pieces.iter().any(disputable) {
        cases = beside::cases_of(reader, &[order_id.0]).await?;
    }
    let buyer = queries::person(reader, order.buyer_id).await?;
    let sealed = buyer.as_ref().and_then(|row| row.sealed.clone()).unwrap_or_default();
    let buyer = match &buyer {
        Some(row) => crate::desk::people::open(app.desk().vault(), row)?,
        None => None,
    };
    Ok(Some(Entrance { order_id, order, pieces, cases, sealed, buyer }))
}

/// Whether somebody may go on trying links, and what becomes of a try.
pub async fn admit(app: &App, source: &Source, token: &str) -> Result<Result<Entrance, Refused>, ApiError> {
    if !app.guesses().may_try(source) {
        return Ok(Err(Refused::TooMany));
    }
    match enter(app, token).await? {
        Some(entrance) => Ok(Ok(entrance)),
        None => {
            app.guesses().missed(source);
            Ok(Err(Refused::Nowhere))
        }
    }
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Nowhere,
    TooMany,
}

impl Refused {
    pub fn page(self, visitor: &Visitor<'_>) -> Result<Response, ApiError> {
        match self {
            Refused::Nowhere => pages::nowhere(visitor),
            Refused::TooMany => pages::too_many(visitor),
        }
    }
}

/// The tracking page of an order. A wrong link, an old one and one that never was look the same.
#[utoipa::path(get, path = "/t/{view_token}", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"), LanguageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 429, description = "Too many links were tried", content_type = "text/html")))]
async fn show_order(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::new(&query, &headers);
    come_in(&app, &source, &token, &visitor, async |entrance| {
        let kept = page_of(&app, &entrance, &token, &visitor).await?;
        Ok(pages::html_response(StatusCode::OK, kept.html.clone()))
    })
    .await
}

/// The page, kept from before or made anew.
async fn page_of(app: &App, entrance: &Entrance, token: &str, visitor: &Visitor<'_>) -> Result<Arc<Kept>, ApiError> {
    let language = visitor.language(entrance.locale());
    let now = app.now();
    let version = entrance.version(now.as_microsecond());
    let place = (entrance.order_id, language, visitor.chose());
    if let Some(kept) = app.pages().get(&place, &version) {
        return Ok(kept);
    }
    let made = make(app, entrance, language).await?;
    let frame = Frame::new(language, visitor.chose(), language.words().heading()).script(&pages::LIVE);
    let photos = made.cards.iter().flat_map(|card| &card.albums).flat_map(|album| &album.photos);
    let photos: HashSet<String> = photos.flat_map(|photo| [photo.small.clone(), photo.large.clone()]).collect();
    let page = OrderPage {
        frame,
        token,
        events: format!("/t/{token}/events"),
        buyer: view::masked(entrance.buyer.as_ref()),
        zone: made.order.placed.buyer_timezone.to_string(),
        asked: made.asked,
        cards: made.cards,
    };
    let html = page.render().map_err(|error| ApiError::Fault(Box::new(error)))?;
    let kept = Arc::new(Kept { version, html: html.into(), photos });
    app.pages().keep(place, kept.clone());
    Ok(kept)
}

/// Reads the journals of an order, and what stands around them, for its page.
pub async fn make(app: &App, entrance: &Entrance, language: Language) -> Result<Made, ApiError> {
    let name = entrance.buyer.as_ref().and_then(|buyer| buyer.name.as_deref());
    let names: Vec<&str> = name.into_iter().collect();
    let reader = Reader { language, zone: None, names: &names };
    Ok(shown::read(app.desk(), entrance.order_id, &entrance.pieces, reader, app.now()).await?)
}

/// One photo that the page shows: a rendition, never the original.
#[utoipa::path(get, path = "/t/{view_token}/photos/{hash}", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("hash" = String, Path, description = "As the page names it")),
    responses((status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 404, description = "No such page", content_type = "text/html")))]
async fn show_photo(
    State(app): State<App>,
    source: Source,
    Path((token, hash)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let query = LanguageQuery::default();
    let visitor = Visitor::new(&query, &headers);
    come_in(&app, &source, &token, &visitor, async |entrance| {
        let shown = page_of(&app, &entrance, &token, &visitor).await?.photos.contains(&hash);
        let hash: Option<PhotoHash> = hash.parse().ok().filter(|_| shown);
        let Some(hash) = hash else { return pages::nowhere(&visitor) };
        let bytes = photos::read(&app, Board::Renditions, hash).await?;
        let bytes = bytes.ok_or_else(|| ApiError::Fault(format!("the rendition {hash} is not on the shelf").into()))?;
        let mut response = bytes.into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
            (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    })
    .await
}
