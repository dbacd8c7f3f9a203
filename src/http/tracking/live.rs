//! Server-sent events (WHATWG HTML, section 9.2): whoever has an order's page open hears when one of its journals grew.
//! No more than that is said; the page is asked for anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::super::pages::{LanguageQuery, Visitor};
use super::buyer::come_in;
use super::guesses::Source;
use super::{App, OrderId};
use crate::store::queries;

/// How often the journals' lengths are looked at. One look is one read by the key of the order.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A stream ends after so long; the browser comes again by itself.
const LISTEN_FOR: Duration = Duration::from_secs(600);

/// How many listen at once at the most. Whoever comes later has the link to refresh.
const MOST: usize = 2_000;

/// Those who listen, and the word that the house closes.
pub struct Listeners {
    seats: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { seats: Arc::new(Semaphore::new(MOST)), closing: watch::Sender::new(false) }
    }
}

impl Listeners {
    /// Ends every stream: a house that closes waits for nobody who only listens.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}

struct Listener {
    app: App,
    order_id: OrderId,
    known: Vec<(i32, i32)>,
    until: Instant,
    ticks: tokio::time::Interval,
    closing: watch::Receiver<bool>,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    /// Waits until a journal grew. None at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                _ = self.closing.wait_for(|closing| *closing) => return None,
                _ = self.ticks.tick() => {}
            }
            if self.until <= Instant::now() {
                return None;
            }
            // What cannot be read now may be readable at the next look.
            let Ok(heads) = heads(&self.app, self.order_id).await else { continue };
            if heads != self.known {
                self.known = heads;
                return Some(Event::default().event("changed").data("1"));
            }
        }
    }
}

async fn heads(app: &App, order_id: OrderId) -> Result<Vec<(i32, i32)>, crate::store::Error> {
    let rows = queries::pieces_of(app.desk().store().reader(), order_id.0).await?;
    Ok(rows.into_iter().map(|row| (row.stream_id, row.head_seq)).collect())
}

/// Tells, for as long as the page is open, when something of the order changed.
#[utoipa::path(get, path = "/t/{view_token}/events", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link")),
    responses((status = 200, description = "Server-sent events: `changed`", content_type = "text/event-stream"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 503, description = "Too many listen; the page can be refreshed")))]
pub async fn follow_order(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let query = LanguageQuery::default();
    let visitor = Visitor::new(&query, &headers);
    come_in(&app, &source, &token, &visitor, async |entrance| {
        let Ok(seat) = app.listeners().seats.clone().try_acquire_owned() else {
            return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
        };
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listener = Listener {
            order_id: entrance.order_id,
            known: heads(&app, entrance.order_id).await?,
            until: Instant::now() + LISTEN_FOR,
            ticks,
            closing: app.listeners().closing.subscribe(),
            app: app.clone(),
            _seat: seat,
        };
        let events = stream::unfold(listener, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok::<_, Infallible>(event), listener))
        });
        let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        // Proxies that gather answers would keep the word back.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow, noarchive"));
        Ok(response)
    })
    .await
}
