//! The buyer's choice on a disclosed difference: shown by a GET, which changes nothing however often a chat app fetches
//! it ahead; taken by one POST, which is the same however often a button is pressed.

use std::fmt::Write;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::pages::{self, Frame, LanguageQuery, Visitor};
use super::guesses::Source;
use super::{ApiError, App, Entrance, admit, make};
use crate::capsule::Hash;
use crate::capsule::canonical::canonical_value;
use crate::desk::choice::Digits;
use crate::desk::{self, Request, Seals};
use crate::domain::actor::{By, Role};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{CommandId, KeyId, StreamId, StreamKey};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::rulebook::Clock as Wait;
use crate::shown::{Card, Clock, Made};
use crate::store::queries;
use crate::words::Words;

/// The cookie of whoever came by the personal notice.
const COOKIE: &str = "touchstone-act";

/// The page on which a buyer chooses.
#[derive(Template)]
#[template(path = "decision.html", config = "src/http/pages/askama.toml")]
struct DecisionPage<'a> {
    frame: Frame,
    card: &'a Card,
    action: String,
    back: String,
    shown: String,
    nonce: String,
    until: Option<String>,
    /// Whether it is known that the buyer sits here.
    known: bool,
    chosen: &'a str,
    wrong: Option<String>,
}

/// What the form sends.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Decision {
    /// `accept` or `refuse`.
    #[serde(default)]
    choice: String,
    /// The digest of the text that was shown.
    #[serde(default)]
    shown: String,
    /// Makes one of a double click.
    #[serde(default)]
    nonce: String,
    /// The last four digits of the phone, where the visitor did not come by the personal notice.
    #[serde(default)]
    phone: String,
    #[serde(default)]
    lang: Option<String>,
}

/// A piece of an order with its journal and its card.
struct Subject {
    key: StreamKey,
    piece: Piece,
    card: Card,
    until: Option<Timestamp>,
    /// Where the buyer lives.
    zone: String,
}

/// What the buyer is asked to accept, word for word: kept sealed, and named in the event by its digest.
fn disclosure(words: &Words, card: &Card) -> String {
    let mut text = format!("{}\n{} {}\n", card.title, words.piece_code(), card.code);
    // Writing to a string does not fail.
    for note in &card.notes {
        let _ = writeln!(text, "{note}");
    }
    let _ = writeln!(text, "{}", words.difference_heading());
    for row in &card.differences {
        let part = row.part.as_ref().map_or(String::new(), |part| format!(" · {part}"));
        let measured = row.measured.as_deref().unwrap_or(words.no_value());
        let _ = writeln!(
            text,
            "{}{part}: {} {} · {} {measured} · {}",
            row.kind,
            words.said_as(),
            row.value,
            words.measured_as(),
            row.finding_word,
        );
        if let Some(why) = &row.why {
            let _ = writeln!(text, "{why}");
        }
    }
    for line in [
        words.choice_accept(),
        words.choice_accept_means(),
        words.choice_refuse(),
        words.choice_refuse_means(),
        words.choice_default(),
    ] {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn digest(text: &str) -> String {
    Hash::of(text).to_string()
}

/// The piece of an order that a code names; none of another order's.
async fn subject(app: &App, entrance: &Entrance, made: Made, code: &str) -> Result<Option<Subject>, ApiError> {
    let Some(row) = entrance.pieces.iter().find(|row| row.code == code) else { return Ok(None) };
    let zone = made.order.placed.buyer_timezone.to_string();
    let Some(card) = made.cards.into_iter().find(|card| card.code == code) else { return Ok(None) };
    let piece = made.order.pieces.into_iter().find(|piece| piece.opened().code.to_string() == code);
    let Some(piece) = piece else { return Ok(None) };
    let deadlines = queries::deadlines_of(app.desk().store().reader(), row.order_id, row.stream_id).await?;
    let until = deadlines.iter().find(|deadline| deadline.kind == Wait::BuyersChoice.as_str());
    let until = until.and_then(|deadline| Timestamp::from_microsecond(deadline.due_at).ok());
    let key = StreamKey { order_id: entrance.order_id, stream_id: StreamId(row.stream_id) };
    Ok(Some(Subject { key, piece, card, until, zone }))
}

/// The choice on a disclosed difference: what differs, what follows from each way, and a form. Nothing changes by it.
#[utoipa::path(get, path = "/t/{view_token}/pieces/{code}/decision", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code"), LanguageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html")))]
pub async fn show_decision(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::new(&query, &headers);
    let answer = async {
        let entrance = match admit(&app, &source, &token).await? {
            Err(refused) => return refused.page(&visitor),
            Ok(entrance) => entrance,
        };
        let desk = Desktop { app: &app, entrance: &entrance, token: &token, code: &code, visitor };
        desk.show(&headers, None, "").await
    };
    answer.await.unwrap_or_else(|error| pages::fault(&visitor, error))
}

/// Takes the buyer's choice. Whoever comes by the link alone shows the last four digits of the phone; five wrong tries,
/// and only the personal notice helps.
#[utoipa::path(post, path = "/t/{view_token}/pieces/{code}/decision", tag = "buyer", security(()),
    request_body(content = Decision, content_type = "application/x-www-form-urlencoded"),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code")),
    responses((status = 303, description = "It is recorded, and shown on the page"),
        (status = 403, description = "It is not shown that it is the buyer", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 409, description = "There is nothing to decide any more", content_type = "text/html"),
        (status = 422, description = "None of the two was chosen", content_type = "text/html")))]
pub async fn take_decision(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    headers: HeaderMap,
    form: Result<Form<Decision>, FormRejection>,
) -> Response {
    let form = form.ok().map(|Form(form)| form);
    let query = LanguageQuery { lang: form.as_ref().and_then(|form| form.lang.clone()) };
    let visitor = Visitor::new(&query, &headers);
    let answer = async {
        let entrance = match admit(&app, &source, &token).await? {
            Err(refused) => return refused.page(&visitor),
            Ok(entrance) => entrance,
        };
        let desk = Desktop { app: &app, entrance: &entrance, token: &token, code: &code, visitor };
        if !same_site(&headers) {
            return desk.told(StatusCode::FORBIDDEN, |words| (words.choice_heading(), words.choice_other_site()));
        }
        match form {
            Some(form) => desk.take(&headers, form).await,
            None => desk.show(&headers, Some(Wrong::Pick), "").await,
        }
    };
    answer.await.unwrap_or_else(|error| pages::fault(&visitor, error))
}

/// Whether a form was sent from a page of this house, as far as the browser tells. What counts in the end is the token
/// or the digits. Our pages send no referrer, so some browsers call their origin `null`.
fn same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None | Some("null")) => true,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
    }
}

/// What is wrong with a form that was sent.
enum Wrong {
    Pick,
    Digits(Digits),
    Shape,
}

impl Wrong {
    fn status(&self) -> StatusCode {
        match self {
            Wrong::Pick | Wrong::Shape => StatusCode::UNPROCESSABLE_ENTITY,
            Wrong::Digits(_) => StatusCode::FORBIDDEN,
        }
    }

    fn sentence(&self, words: &Words) -> String {
        match self {
            Wrong::Pick => words.choice_pick().to_owned(),
            Wrong::Shape => words.choice_wrong().to_owned(),
            Wrong::Digits(Digits::Wrong(left)) => words.choice_tries(i64::from(*left)),
            Wrong::Digits(Digits::NoPhone) => words.choice_no_phone().to_owned(),
            Wrong::Digits(Digits::Locked | Digits::Right) => words.choice_locked().to_owned(),
        }
    }
}

/// One visit to the choice on one piece.
struct Desktop<'a> {
    app: &'a App,
    entrance: &'a Entrance,
    token: &'a str,
    code: &'a str,
    visitor: Visitor<'a>,
}

impl Desktop<'_> {
    fn words(&self) -> &'static Words {
        self.visitor.language(self.entrance.locale()).words()
    }

    fn frame(&self) -> Frame {
        Frame::new(self.words().language(), self.visitor.chose(), self.words().choice_heading())
    }

    /// Where this choice is.
    fn here(&self) -> String {
        format!("/t/{}/pieces/{}/decision", self.token, self.code)
    }

    fn back(&self) -> String {
        let frame = self.frame();
        format!("/t/{}{}#{}", self.token, frame.query, self.code)
    }

    /// A page that says one thing, and leads back.
    fn told(
        &self,
        status: StatusCode,
        says: impl FnOnce(&'static Words) -> (&'static str, &'static str),
    ) -> Result<Response, ApiError> {
        let words = self.words();
        pages::plain(status, self.frame(), says(words), Some((self.back(), words.choice_back())))
    }

    /// Whether the visitor came by the personal notice.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|list| list.split(';')).filter_map(|one| one.trim().split_once('='));
        cookies.any(|(name, value)| name == COOKIE && self.app.desk().is_action_token(self.entrance.order_id, value))
    }

    async fn subject(&self) -> Result<Option<Subject>, ApiError> {
        let language = self.words().language();
        let made = make(self.app, self.entrance, language).await?;
        subject(self.app, self.entrance, made, self.code).await
    }

    /// The form; or what became of the choice.
    async fn show(&self, headers: &HeaderMap, wrong: Option<Wrong>, chosen: &str) -> Result<Response, ApiError> {
        let Some(subject) = self.subject().await? else { return pages::nowhere(&self.visitor) };
        if let Some(answer) = self.settled(&subject, StatusCode::OK).await? {
            return Ok(answer);
        }
        let words = self.words();
        let known = self.is_known(headers);
        let mut wrong = wrong;
        if !known && wrong.is_none() {
            // Whoever cannot get through is told before they choose.
            wrong = match self.app.desk().tries_left(self.entrance.order_id, self.entrance.buyer_id()).await? {
                None => Some(Wrong::Digits(Digits::NoPhone)),
                Some(left) if left < 1 => Some(Wrong::Digits(Digits::Locked)),
                Some(_) => None,
            };
        }
        let status = wrong.as_ref().filter(|_| !chosen.is_empty()).map_or(StatusCode::OK, Wrong::status);
        let clock = Clock::new(&subject.zone, words.language());
        let page = DecisionPage {
            frame: self.frame(),
            shown: digest(&disclosure(words, &subject.card)),
            card: &subject.card,
            action: self.here(),
            back: self.back(),
            nonce: Uuid::new_v4().to_string(),
            until: subject.until.map(|until| clock.minute(until)),
            known,
            chosen,
            wrong: wrong.map(|wrong| wrong.sentence(words)),
        };
        pages::page(status, &page)
    }

    /// What is said where there is nothing to choose any more: it is decided, it is too late, or it never was.
    async fn settled(&self, subject: &Subject, of_gone: StatusCode) -> Result<Option<Response>, ApiError> {
        if subject.piece.stage() == Stage::AwaitingBuyer {
            if subject.until.is_some_and(|until| until <= self.app.now()) {
                return self.told(of_gone, |words| (words.choice_expired(), words.choice_expired_why())).map(Some);
            }
            return Ok(None);
        }
        let decided = subject.piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::DifferenceAccepted(_) => Some((recorded.at, Some(true))),
            Event::DifferenceRefused(refused) if refused.by_deadline => Some((recorded.at, None)),
            Event::DifferenceRefused(_) => Some((recorded.at, Some(false))),
            _ => None, // No other event is the buyer's choice.
        });
        let words = self.words();
        let answer = match decided {
            Some((at, Some(accepted))) => {
                let made = if accepted { words.choice_accepted() } else { words.choice_refused() };
                let clock = Clock::new(&subject.zone, words.language());
                let text = format!("{made} {}", words.choice_when(clock.dated(at)));
                let back = Some((self.back(), words.choice_back()));
                pages::plain(StatusCode::OK, self.frame(), (words.choice_done_heading(), &text), back)
            }
            Some((_, None)) => self.told(of_gone, |words| (words.choice_expired(), words.choice_expired_why())),
            None => self.told(of_gone, |words| (words.choice_gone(), words.choice_gone_why())),
        };
        answer.map(Some)
    }

    async fn take(&self, headers: &HeaderMap, form: Decision) -> Result<Response, ApiError> {
        let Some(subject) = self.subject().await? else { return pages::nowhere(&self.visitor) };
        if let Some(answer) = self.settled(&subject, StatusCode::CONFLICT).await? {
            // Once more the same, or the second of two clicks: what became of it is shown.
            return Ok(answer);
        }
        let accepts = match form.choice.as_str() {
            "accept" => true,
            "refuse" => false,
            _ => return self.show(headers, Some(Wrong::Pick), "none").await,
        };
        let text = disclosure(self.words(), &subject.card);
        if form.shown != digest(&text) {
            return self.told(StatusCode::CONFLICT, |words| (words.choice_stale(), words.choice_stale_why()));
        }
        if !self.is_known(headers) {
            let phone = form.phone.trim();
            if phone.len() != 4 || !phone.bytes().all(|b| b.is_ascii_digit()) {
                // What cannot be right costs no try.
                return self.show(headers, Some(Wrong::Shape), &form.choice).await;
            }
            let (order_id, buyer) = (self.entrance.order_id, self.entrance.buyer_id());
            match self.app.desk().try_digits(order_id, buyer, phone, self.app.now()).await? {
                Digits::Right => {}
                wrong @ (Digits::Wrong(_) | Digits::Locked | Digits::NoPhone) => {
                    return self.show(headers, Some(Wrong::Digits(wrong)), &form.choice).await;
                }
            }
        }
        self.record(&subject, accepts, &text, &form).await
    }

    async fn record(
        &self,
        subject: &Subject,
        accepts: bool,
        text: &str,
        form: &Decision,
    ) -> Result<Response, ApiError> {
        let mut seals = Seals::default();
        let command = if accepts {
            // Beside the digest in the event the text itself is kept, until its buyer is erased.
            seals.seal(self.app.desk().vault(), self.entrance.order_id, self.entrance.buyer_id(), text);
            Command::AcceptDifference { shown_digest: digest(text) }
        } else {
            Command::RefuseDifference
        };
        let body = canonical_value(&json!({"choice": form.choice, "shown": form.shown}))
            .map_err(|error| ApiError::Fault(Box::new(error)))?;
        let nonce: String = form.nonce.chars().filter(char::is_ascii_graphic).take(64).collect();
        let request = Request {
            by: By { person: self.entrance.buyer_id(), key: KeyId::NONE, role: Role::Buyer, proposer: None },
            idempotency_key: if nonce.is_empty() { Uuid::now_v7().to_string() } else { nonce },
            part: String::new(),
            // The address without its token.
            target: format!("POST /t/pieces/{}/decision", self.code),
            body: body.into_bytes(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now: self.app.now(),
            confirms: None,
        };
        match self.app.desk().carry_out(subject.key, command, seals, request).await {
            // Shown by another page, so that nothing is sent again by going back or forward.
            Ok(_) => {
                let frame = self.frame();
                let mut response = Redirect::to(&format!("{}{}", self.here(), frame.query)).into_response();
                response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                Ok(response)
            }
            // Somebody was faster: a second window, or a cancellation.
            Err(desk::Error::Refused(
                Refusal::WrongStage(_)
                | Refusal::Overtaken { .. }
                | Refusal::EvidenceMissing { .. }
                | Refusal::KeyReused,
            )) => self.told(StatusCode::CONFLICT, |words| (words.choice_gone(), words.choice_gone_why())),
            Err(error) => Err(error.into()),
        }
    }
}

/// The link of the personal notice: whoever comes by it is known on this device, and sees the same page as anybody.
#[utoipa::path(get, path = "/t/{view_token}/act/{action_token}", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("action_token" = String, Path, description = "The token of the personal notice"), LanguageQuery),
    responses((status = 303, description = "On to the page"),
        (status = 404, description = "No such page", content_type = "text/html")))]
pub async fn come_in(
    State(app): State<App>,
    source: Source,
    Path((token, action)): Path<(String, String)>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::new(&query, &headers);
    let answer = async {
        let entrance = match admit(&app, &source, &token).await? {
            Err(refused) => return refused.page(&visitor),
            Ok(entrance) => entrance,
        };
        if !app.desk().is_action_token(entrance.order_id, &action) {
            app.guesses().missed(&source);
            return pages::nowhere(&visitor);
        }
        let frame = Frame::new(visitor.language(entrance.locale()), visitor.chose(), "");
        let mut response = Redirect::to(&format!("/t/{token}{}", frame.query)).into_response();
        let secure = if app.settings().public_url.starts_with("https:") { "; Secure" } else { "" };
        // Lax: the first step comes from a mail, and a form of another site brings no cookie.
        let cookie = format!("{COOKIE}={action}; Path=/t/{token}; Max-Age=604800; HttpOnly; SameSite=Lax{secure}");
        let cookie = HeaderValue::from_str(&cookie).map_err(|error| ApiError::Fault(Box::new(error)))?;
        let headers = response.headers_mut();
        headers.insert(header::SET_COOKIE, cookie);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    };
    answer.await.unwrap_or_else(|error| pages::fault(&visitor, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_known_by_its_headers() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("touchstone.example"));
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(same_site(&headers), expected, "{site:?} {origin:?}");
        };
        check(Some("same-origin"), Some("null"), true);
        check(Some("cross-site"), Some("null"), false);
        check(Some("same-site"), Some("https://touchstone.example"), false);
        check(None, Some("https://touchstone.example"), true);
        check(None, Some("https://other.example"), false);
        check(None, None, true);
    }
}
