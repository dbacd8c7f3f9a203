//! The buyer's choice on a disclosed difference: shown by a GET, which changes nothing however often a chat app fetches
//! it ahead; taken by one POST, which is the same however often a button is pressed.

use std::fmt::Write;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::pages::{self, Frame, LanguageQuery, Visitor};
use super::buyer::{Buyer, COOKIE, Wrong, come_in, on_to, same_site};
use super::guesses::Source;
use super::{ApiError, App, Entrance, make};
use crate::capsule::Hash;
use crate::desk::{self, Seals};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{StreamId, StreamKey};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::rulebook::Clock as Wait;
use crate::shown::{Card, Clock, Made};
use crate::store::queries;
use crate::words::Words;

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
    for said in card.in_words() {
        let _ = writeln!(text, "{said}");
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
    come_in(&app, &source, &token, &visitor, async |entrance| {
        let buyer = Buyer { app: &app, entrance: &entrance, headers: &headers };
        Visit { buyer, token: &token, code: &code, visitor: &visitor }.show(None, "").await
    })
    .await
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
    come_in(&app, &source, &token, &visitor, async |entrance| {
        let buyer = Buyer { app: &app, entrance: &entrance, headers: &headers };
        let visit = Visit { buyer, token: &token, code: &code, visitor: &visitor };
        if !same_site(&headers) {
            return visit.told(StatusCode::FORBIDDEN, |words| (words.choice_heading(), words.choice_other_site()));
        }
        match form {
            Some(form) => visit.take(form).await,
            None => visit.show(Some(Wrong::Pick), "").await,
        }
    })
    .await
}

/// One visit to the choice on one piece.
struct Visit<'a> {
    buyer: Buyer<'a>,
    token: &'a str,
    code: &'a str,
    visitor: &'a Visitor<'a>,
}

impl Visit<'_> {
    fn words(&self) -> &'static Words {
        self.visitor.language(self.buyer.entrance.locale()).words()
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

    async fn subject(&self) -> Result<Option<Subject>, ApiError> {
        let language = self.words().language();
        let Buyer { app, entrance, .. } = self.buyer;
        let made = make(app, entrance, language).await?;
        subject(app, entrance, made, self.code).await
    }

    /// The form; or what became of the choice.
    async fn show(&self, wrong: Option<Wrong>, chosen: &str) -> Result<Response, ApiError> {
        let Some(subject) = self.subject().await? else { return pages::nowhere(self.visitor) };
        if let Some(answer) = self.settled(&subject, StatusCode::OK).await? {
            return Ok(answer);
        }
        let words = self.words();
        let wrong = match wrong {
            Some(wrong) => Some(wrong),
            None => self.buyer.hindrance().await?,
        };
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
            known: self.buyer.is_known(),
            chosen,
            wrong: wrong.map(|wrong| wrong.sentence(words)),
        };
        pages::page(status, &page)
    }

    /// What is said where there is nothing to choose any more: it is decided, it is too late, or it never was.
    async fn settled(&self, subject: &Subject, of_gone: StatusCode) -> Result<Option<Response>, ApiError> {
        if subject.piece.stage() == Stage::AwaitingBuyer {
            if subject.until.is_some_and(|until| until <= self.buyer.app.now()) {
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

    async fn take(&self, form: Decision) -> Result<Response, ApiError> {
        let Some(subject) = self.subject().await? else { return pages::nowhere(self.visitor) };
        if let Some(answer) = self.settled(&subject, StatusCode::CONFLICT).await? {
            // Once more the same, or the second of two clicks: what became of it is shown.
            return Ok(answer);
        }
        let accepts = match form.choice.as_str() {
            "accept" => true,
            "refuse" => false,
            _ => return self.show(Some(Wrong::Pick), "none").await,
        };
        let text = disclosure(self.words(), &subject.card);
        if form.shown != digest(&text) {
            return self.told(StatusCode::CONFLICT, |words| (words.choice_stale(), words.choice_stale_why()));
        }
        if let Err(wrong) = self.buyer.proved(&form.phone).await? {
            return self.show(Some(wrong), &form.choice).await;
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
        let Buyer { app, entrance, .. } = self.buyer;
        let mut seals = Seals::default();
        let command = if accepts {
            // Beside the digest in the event the text itself is kept, until its buyer is erased.
            seals.seal(app.desk().vault(), entrance.order_id, entrance.buyer_id(), text);
            Command::AcceptDifference { shown_digest: digest(text) }
        } else {
            Command::RefuseDifference
        };
        let body = json!({"choice": form.choice, "shown": form.shown});
        let request = self.buyer.request(format!("POST /t/pieces/{}/decision", self.code), &form.nonce, &body)?;
        match app.desk().carry_out(subject.key, command, seals, request).await {
            Ok(_) => Ok(on_to(&format!("{}{}", self.here(), self.frame().query))),
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
pub async fn follow_notice(
    State(app): State<App>,
    source: Source,
    Path((token, action)): Path<(String, String)>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::new(&query, &headers);
    come_in(&app, &source, &token, &visitor, async |entrance| {
        if !app.desk().is_action_token(entrance.order_id, &action) {
            app.guesses().missed(&source);
            return pages::nowhere(&visitor);
        }
        let frame = Frame::new(visitor.language(entrance.locale()), visitor.chose(), "");
        let mut response = on_to(&format!("/t/{token}{}", frame.query));
        let secure = if app.settings().public_url.starts_with("https:") { "; Secure" } else { "" };
        // Lax: the first step comes from a mail, and a form of another site brings no cookie.
        let cookie = format!("{COOKIE}={action}; Path=/t/{token}; Max-Age=604800; HttpOnly; SameSite=Lax{secure}");
        let cookie = HeaderValue::from_str(&cookie).map_err(|error| ApiError::Fault(Box::new(error)))?;
        let headers = response.headers_mut();
        headers.insert(header::SET_COOKIE, cookie);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    })
    .await
}
