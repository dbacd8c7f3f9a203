//! The letters of the demo, to be read in a browser: there nobody has a mailbox. Elsewhere there is no such page.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::pages::{self, Frame, LanguageQuery, Visitor};
use super::{ApiError, App};
use crate::mail::transport::Files;
use crate::mail::{Letter, mime};

/// Not in the description of the interface, which is that of a service.
pub fn routes() -> Router<App> {
    Router::new().route("/demo/mail", get(list)).route("/demo/mail/{letter}", get(show))
}

/// One line of the list.
struct Line {
    link: String,
    source: String,
    to: &'static str,
    subject: String,
    order: String,
    date: String,
    language: &'static str,
}

#[derive(Template)]
#[template(path = "demo_mail.html", config = "src/http/pages/askama.toml")]
struct ListPage {
    frame: Frame,
    lines: Vec<Line>,
}

fn mailbox(app: &App) -> Result<&Arc<Files>, ApiError> {
    app.mailbox().ok_or_else(|| ApiError::absent("page"))
}

/// The letters, the newest first.
async fn list(State(app): State<App>, query: Query<LanguageQuery>, headers: HeaderMap) -> Result<Response, ApiError> {
    let visitor = Visitor::new(&query, &headers);
    let language = visitor.language(None);
    let line = |letter: Letter| Line {
        link: format!("/demo/mail/{}", letter.id.simple()),
        source: format!("/demo/mail/{}.eml", letter.id.simple()),
        to: letter.recipient.as_str(),
        subject: letter.subject,
        order: letter.order.unwrap_or_default(),
        date: when(letter.date),
        language: letter.language.name(),
    };
    let mut letters = mailbox(&app)?.letters();
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.date));
    let lines = letters.into_iter().map(line).collect();
    let frame = Frame::new(language, visitor.chose(), language.words().demo_mail_heading());
    pages::page(StatusCode::OK, &ListPage { frame, lines })
}

/// A time as the demo's people read it: they live in China.
fn when(at: Timestamp) -> String {
    let there = TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC);
    at.to_zoned(there).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// One letter as a mail program shows it; with `.eml` behind its name, as it goes over the wire.
async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let id = name.strip_suffix(".eml").unwrap_or(&name);
    let letters = mailbox(&app)?.letters();
    let letter = letters.into_iter().find(|letter| letter.id.simple().to_string() == id);
    let letter = letter.ok_or_else(|| ApiError::absent("letter"))?;
    let mut response = if name.ends_with(".eml") {
        let posted = mime::post(&letter).map_err(|failure| ApiError::Fault(Box::new(failure)))?;
        ([(header::CONTENT_TYPE, "message/rfc822")], posted.bytes).into_response()
    } else {
        let mut response = pages::html_response(StatusCode::OK, letter.html);
        // A letter brings its style along, for mail programs load none.
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; sandbox allow-popups allow-top-navigation-by-user-activation";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_listed_in_the_time_of_their_readers() {
        assert_eq!(when("2026-11-24T17:04:05.678Z".parse().unwrap()), "2026-11-25 01:04:05");
    }
}
