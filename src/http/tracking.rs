//! The page behind an order's link: where each piece is, in plain words, and what was found. Complete without script.
//! The link may be shown to a friend, so nothing on it names the buyer.

use std::fmt::Write;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ApiError, App};
use crate::desk::place::VIEW;
use crate::desk::{Error, OrderView, settled_findings};
use crate::domain::event::Event;
use crate::domain::evidence::Settled;
use crate::domain::ids::OrderId;
use crate::domain::ledger::Finding;
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::store::queries;
use crate::vault;

pub(super) mod words;

use words::Language;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_order))
}

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
struct PageQuery {
    /// zh-CN or en; else by Accept-Language.
    lang: Option<String>,
}

/// The tracking page of an order. A wrong token and one that never was look the same.
#[utoipa::path(get, path = "/t/{view_token}", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"), PageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html")))]
async fn show_order(
    State(app): State<App>,
    Path(token): Path<String>,
    query: Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = Language::choose(query.lang.as_deref(), accepted);
    let reader = app.desk().store().reader();
    let row = queries::token(reader, &vault::token_hash(&token)).await?;
    let Some(row) = row.filter(|row| row.purpose == VIEW) else {
        let body = format!("<h1>{}</h1><p>{}</p>", language.no_page(), language.no_page_why());
        return Ok(page(StatusCode::NOT_FOUND, language, language.no_page(), &body));
    };
    let id = OrderId(row.order_id);
    let Some(OrderView { placed, pieces }) = app.desk().read_order(id).await? else {
        return Err(Error::corrupt("the order of a link", "has no journal").into());
    };
    let texts = app.desk().read_texts(id).await?;
    let zone = TimeZone::get(placed.buyer_timezone.as_str()).unwrap_or(TimeZone::UTC);
    let mut body = format!("<h1>{}</h1>", language.heading());
    for piece in &pieces {
        let line_no = piece.opened().line_no;
        let title = placed.lines.iter().find(|line| line.line_no == line_no);
        let title = title.and_then(|line| texts.get(&line.title.text_id)).map_or("", String::as_str);
        write_piece(&mut body, language, piece, &zone, title);
    }
    let _ = write!(body, "<p class=quiet>{}</p>", language.promise());
    Ok(page(StatusCode::OK, language, language.heading(), &body))
}

fn write_piece(body: &mut String, language: Language, piece: &Piece, zone: &TimeZone, title: &str) {
    // Writing to a string does not fail.
    let _ = write!(
        body,
        "<section><h2>{}</h2><p class=stage>{}</p><p class=quiet>{} {}</p>",
        escape(title),
        language.stage(piece.stage(), piece.standing().outcome()),
        language.code(),
        piece.opened().code,
    );
    if piece.verdict().is_some() {
        write_ledger(body, language, piece);
    }
    if let Some(shipped) = piece.shipped() {
        let _ = write!(body, "<p>{} {} {}</p>", language.waybill(), shipped.carrier, shipped.waybill);
    }
    body.push_str("<ol>");
    let settled = piece.settlement().map(|(seq, _)| seq);
    for recorded in piece.history() {
        // Of several looks only the last is told, once it stands: how often, and why, is of the house alone.
        if matches!(recorded.event, Event::AppraisalSettled(_)) && settled != Some(recorded.seq) {
            continue;
        }
        if let Some(line) = language.event(&recorded.event) {
            let _ = write!(
                body,
                "<li><time>{}</time> {line}<span class=quiet> · {}</span></li>",
                local(recorded.at, zone),
                language.role(recorded.role),
            );
        }
    }
    body.push_str("</ol></section>");
}

/// What was claimed, with its finding by word and by shape.
fn write_ledger(body: &mut String, language: Language, piece: &Piece) {
    let settled = settled_findings(piece);
    let _ = write!(body, "<table><caption>{}</caption>", language.ledger());
    for claim in piece.ledger_claims() {
        let finding = settled.iter().rev().find(|(id, _)| *id == claim.claim_id).map(|(_, settled)| *settled);
        let Some(Settled::Found(finding)) = finding else { continue };
        let mark = match finding {
            Finding::Confirmed => "✓",
            Finding::Contradicted => "✗",
            Finding::NotTestable | Finding::NotTested => "–",
            Finding::Promise => "○",
        };
        let _ = write!(
            body,
            "<tr><th>{}</th><td>{}</td><td>{mark} {}</td></tr>",
            language.claim(claim.kind),
            escape(&language.value(&claim.value)),
            language.finding(finding),
        );
    }
    let _ = write!(body, "</table><p class=quiet>{}</p>", language.speech());
    if piece.stage() == Stage::Failed {
        let _ = write!(body, "<p>{}</p>", language.failed());
    }
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Markup in a title is shown, not run.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;padding:1rem;\
color:#1c1c1c;background:#fff}h1{font-size:1.25rem}h2{font-size:1.05rem;margin:0 0 .25rem;overflow-wrap:anywhere}\
section{border:1px solid #d5d5d5;border-radius:.75rem;padding:1rem;margin:1rem 0}.stage{font-size:1.15rem;\
font-weight:600;margin:.25rem 0}.quiet{color:#5c5c5c;font-size:.875rem}ol{list-style:none;padding:0;margin:1rem 0 0}\
li{padding:.35rem 0;border-top:1px solid #eee}time{display:block;color:#5c5c5c;font-size:.8rem}\
table{width:100%;border-collapse:collapse;margin:.75rem 0}caption{text-align:left;font-weight:600}\
th,td{text-align:left;padding:.35rem .35rem .35rem 0;border-top:1px solid #eee;vertical-align:top;\
overflow-wrap:anywhere}th{font-weight:400;color:#5c5c5c}a{color:#0b57a4}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}section,li,th,td{border-color:#3a3a3a}\
.quiet,time,th{color:#b0b0b0}a{color:#8ab8ee}}";

pub(super) fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let other = language.other();
    let html = format!(
        "<!doctype html><html lang={tag}><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><meta name=robots content=noindex>\
         <title>{title}</title><style>{STYLE}</style></head><body>{body}\
         <p><a href=\"?lang={other_tag}\" lang={other_tag}>{other_name}</a></p></body></html>",
        tag = language.tag(),
        other_tag = other.tag(),
        other_name = other.name(),
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_LANGUAGE, language.tag()),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Nothing may be loaded and nothing run; only this very style sheet counts.
fn policy() -> String {
    use base64::Engine;
    let hash = crate::capsule::Hash::of(STYLE);
    let style = base64::prelude::BASE64_STANDARD.encode(hash.as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_not_run() {
        assert_eq!(escape("<b a='1'>&\"</b>"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;");
    }
}
