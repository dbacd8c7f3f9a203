//! What else a buyer may do on their page: answer whether the rest of an order shall ship, send a piece back, and say by
//! which parcel it comes. A GET changes nothing; one POST is the same however often a button is pressed.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::body::free_text;
use super::super::pages::{self, Frame, LanguageQuery, Visitor};
use super::decision::{Wrong, is_known, same_site};
use super::guesses::Source;
use super::{ApiError, App, Entrance, admit};
use crate::capsule::canonical::canonical_value;
use crate::desk::choice::Digits;
use crate::desk::{self, Request, Seals};
use crate::domain::actor::{By, Role};
use crate::domain::command::Command;
use crate::domain::ids::{Carrier, CommandId, KeyId, StreamId, StreamKey, Waybill};
use crate::domain::orders::OrderCommand;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Cause, Stage};
use crate::domain::sidelines::Return;
use crate::rulebook::Clock as Wait;
use crate::shown::Clock;
use crate::store::{deadlines, queries};
use crate::words::Words;

/// One of several answers.
struct AskedOption {
    value: &'static str,
    label: &'static str,
    means: &'static str,
}

/// One thing to fill in.
struct AskedField {
    name: &'static str,
    label: &'static str,
    required: bool,
}

/// What is asked of the buyer.
struct Ask {
    heading: &'static str,
    lines: Vec<String>,
    options: Vec<AskedOption>,
    fields: Vec<AskedField>,
    until: Option<String>,
}

#[derive(Template)]
#[template(path = "ask.html", config = "src/http/pages/askama.toml")]
struct AskPage<'a> {
    frame: Frame,
    ask: &'a Ask,
    action: String,
    back: String,
    nonce: String,
    known: bool,
    wrong: Option<String>,
}

/// What either form sends.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Answer {
    /// `ship` or `cancel`, where that is asked.
    #[serde(default)]
    choice: String,
    /// Why a piece is sent back.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    carrier: String,
    #[serde(default)]
    waybill: String,
    /// Makes one of a double click.
    #[serde(default)]
    nonce: String,
    /// The last four digits of the phone, where the visitor did not come by the personal notice.
    #[serde(default)]
    phone: String,
    #[serde(default)]
    lang: Option<String>,
}

/// What a form is about.
enum About<'a> {
    Rest,
    Return { code: &'a str },
}

/// What can be done now.
enum Now {
    Ask(Ask, What),
    /// Nothing: what became of it, or that there is nothing to do.
    Told(&'static str, &'static str),
    Nowhere,
}

/// What a good form does.
enum What {
    Rest,
    Open(StreamKey),
    Post(StreamKey),
}

/// Whether the rest of the order shall ship: the question, and a form. Nothing changes by it.
#[utoipa::path(get, path = "/t/{view_token}/order/decision", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"), LanguageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html")))]
pub async fn show_rest(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    show(&app, &source, &token, About::Rest, &Visitor::new(&query, &headers), &headers).await
}

/// Takes the buyer's answer about the rest of the order: `choice` is `ship` or `cancel`.
#[utoipa::path(post, path = "/t/{view_token}/order/decision", tag = "buyer", security(()),
    request_body(content = Answer, content_type = "application/x-www-form-urlencoded"),
    params(("view_token" = String, Path, description = "The token of the order's link")),
    responses((status = 303, description = "It is recorded"),
        (status = 403, description = "It is not shown that it is the buyer", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 409, description = "No question is open", content_type = "text/html"),
        (status = 422, description = "None of the two was chosen", content_type = "text/html")))]
pub async fn take_rest(
    State(app): State<App>,
    source: Source,
    Path(token): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Answer>, FormRejection>,
) -> Response {
    take(&app, &source, &token, About::Rest, &headers, form).await
}

/// Sending a piece back: a form, within the window; and another for the parcel that it comes by.
#[utoipa::path(get, path = "/t/{view_token}/pieces/{code}/return", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code"), LanguageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html")))]
pub async fn show_return(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    show(&app, &source, &token, About::Return { code: &code }, &Visitor::new(&query, &headers), &headers).await
}

/// Opens a return; or says by which parcel it comes.
#[utoipa::path(post, path = "/t/{view_token}/pieces/{code}/return", tag = "buyer", security(()),
    request_body(content = Answer, content_type = "application/x-www-form-urlencoded"),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code")),
    responses((status = 303, description = "It is recorded"),
        (status = 403, description = "It is not shown that it is the buyer", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 409, description = "It cannot be sent back", content_type = "text/html"),
        (status = 422, description = "Carrier or waybill cannot be read", content_type = "text/html")))]
pub async fn take_return(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    headers: HeaderMap,
    form: Result<Form<Answer>, FormRejection>,
) -> Response {
    take(&app, &source, &token, About::Return { code: &code }, &headers, form).await
}

async fn show(
    app: &App,
    source: &Source,
    token: &str,
    about: About<'_>,
    visitor: &Visitor<'_>,
    headers: &HeaderMap,
) -> Response {
    let answer = async {
        let entrance = match admit(app, source, token).await? {
            Err(refused) => return refused.page(visitor),
            Ok(entrance) => entrance,
        };
        Visit { app, entrance: &entrance, token, about, visitor }.show(headers, None).await
    };
    answer.await.unwrap_or_else(|error| pages::fault(visitor, error))
}

async fn take(
    app: &App,
    source: &Source,
    token: &str,
    about: About<'_>,
    headers: &HeaderMap,
    form: Result<Form<Answer>, FormRejection>,
) -> Response {
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let query = LanguageQuery { lang: form.lang.clone() };
    let visitor = Visitor::new(&query, headers);
    let answer = async {
        let entrance = match admit(app, source, token).await? {
            Err(refused) => return refused.page(&visitor),
            Ok(entrance) => entrance,
        };
        let visit = Visit { app, entrance: &entrance, token, about, visitor: &visitor };
        if !same_site(headers) {
            return visit.told(StatusCode::FORBIDDEN, |words| (words.choice_heading(), words.choice_other_site()));
        }
        visit.take(headers, form).await
    };
    answer.await.unwrap_or_else(|error| pages::fault(&visitor, error))
}

/// One visit to one of the two forms.
struct Visit<'a> {
    app: &'a App,
    entrance: &'a Entrance,
    token: &'a str,
    about: About<'a>,
    visitor: &'a Visitor<'a>,
}

impl Visit<'_> {
    fn words(&self) -> &'static Words {
        self.visitor.language(self.entrance.locale()).words()
    }

    fn frame(&self) -> Frame {
        let heading = match self.about {
            About::Rest => self.words().rest_heading(),
            About::Return { .. } => self.words().return_heading(),
        };
        Frame::new(self.words().language(), self.visitor.chose(), heading)
    }

    fn here(&self) -> String {
        match self.about {
            About::Rest => format!("/t/{}/order/decision", self.token),
            About::Return { code } => format!("/t/{}/pieces/{code}/return", self.token),
        }
    }

    fn back(&self) -> String {
        format!("/t/{}{}", self.token, self.frame().query)
    }

    fn told(
        &self,
        status: StatusCode,
        says: impl FnOnce(&'static Words) -> (&'static str, &'static str),
    ) -> Result<Response, ApiError> {
        let words = self.words();
        pages::plain(status, self.frame(), says(words), Some((self.back(), words.choice_back())))
    }

    /// What can be done now.
    async fn now(&self) -> Result<Now, ApiError> {
        match self.about {
            About::Rest => self.rest_now().await,
            About::Return { code } => self.return_now(code).await,
        }
    }

    async fn zone(&self) -> Result<Clock, ApiError> {
        let placed = self.app.desk().read_placed(self.entrance.order_id).await?;
        let placed = placed.ok_or_else(|| ApiError::absent("order"))?;
        Ok(Clock::new(placed.buyer_timezone.as_str(), self.words().language()))
    }

    async fn rest_now(&self) -> Result<Now, ApiError> {
        let words = self.words();
        let Some(asked) = self.app.desk().open_question(self.entrance.order_id).await? else {
            return Ok(Now::Told(words.rest_gone(), words.rest_gone_why()));
        };
        let rows = deadlines::of_order(self.app.desk().store().reader(), self.entrance.order_id.0).await?;
        let due = rows.iter().find(|row| row.kind == crate::domain::deadline::OrderClock::Rest.to_string());
        let due = due.and_then(|row| Timestamp::from_microsecond(row.due_at).ok());
        let clock = self.zone().await?;
        let ask = Ask {
            heading: words.rest_heading(),
            lines: vec![words.rest_why(i64::from(asked.line_no)), words.rest_default().to_owned()],
            options: vec![
                AskedOption { value: "ship", label: words.rest_ship(), means: words.rest_ship_means() },
                AskedOption { value: "cancel", label: words.rest_cancel(), means: words.rest_cancel_means() },
            ],
            fields: Vec::new(),
            until: due.map(|due| words.choice_until(clock.minute(due))),
        };
        Ok(Now::Ask(ask, What::Rest))
    }

    async fn return_now(&self, code: &str) -> Result<Now, ApiError> {
        let words = self.words();
        let Some(row) = self.entrance.pieces.iter().find(|row| row.code == code) else { return Ok(Now::Nowhere) };
        let key = StreamKey { order_id: self.entrance.order_id, stream_id: StreamId(row.stream_id) };
        let Some(view) = self.app.desk().read_piece(key).await? else { return Ok(Now::Nowhere) };
        let piece = &view.piece;
        if piece.opened().reference {
            return Ok(Now::Nowhere);
        }
        let rows = queries::deadlines_of(self.app.desk().store().reader(), row.order_id, row.stream_id).await?;
        let due = |wait: Wait| {
            let row = rows.iter().find(|row| row.kind == wait.as_str());
            row.and_then(|row| Timestamp::from_microsecond(row.due_at).ok())
        };
        let clock = self.zone().await?;
        let gone = Now::Told(words.return_gone(), words.return_gone_why());
        Ok(match piece.stage() {
            Stage::Delivered if piece.opened().custom_made => {
                Now::Told(words.return_gone(), words.return_made_to_order())
            }
            Stage::Delivered if due(Wait::ReturnWindow).is_none_or(|due| due <= self.app.now()) => gone,
            Stage::Delivered => {
                let reason = AskedField { name: "reason", label: words.return_reason(), required: false };
                let ask = Ask {
                    heading: words.return_heading(),
                    lines: vec![words.return_why().to_owned()],
                    options: Vec::new(),
                    fields: vec![reason],
                    until: due(Wait::ReturnWindow).map(|due| words.return_until(clock.minute(due))),
                };
                Now::Ask(ask, What::Open(key))
            }
            Stage::ReturnInbound if piece.standing().cause() == Some(Cause::Opened) && !piece.standing().posted() => {
                let field = |name, label| AskedField { name, label, required: true };
                let ask = Ask {
                    heading: words.return_heading(),
                    lines: vec![words.return_opened().to_owned(), words.return_post().to_owned()],
                    options: Vec::new(),
                    fields: vec![field("carrier", words.return_carrier()), field("waybill", words.return_waybill())],
                    until: due(Wait::ReturnPosting).map(|due| words.return_until(clock.minute(due))),
                };
                Now::Ask(ask, What::Post(key))
            }
            Stage::ReturnInbound => Now::Told(words.return_heading(), words.return_posted()),
            _ => gone, // It is not with its buyer, or not any more.
        })
    }

    async fn show(&self, headers: &HeaderMap, wrong: Option<(StatusCode, String)>) -> Result<Response, ApiError> {
        let ask = match self.now().await? {
            Now::Ask(ask, _) => ask,
            Now::Told(heading, text) => return self.told(StatusCode::OK, |_| (heading, text)),
            Now::Nowhere => return pages::nowhere(self.visitor),
        };
        let known = is_known(self.app, self.entrance, headers);
        let mut wrong = wrong;
        if !known && wrong.is_none() {
            // Whoever cannot get through is told before they choose.
            let tries = self.app.desk().tries_left(self.entrance.order_id, self.entrance.buyer_id()).await?;
            let digits = match tries {
                None => Some(Digits::NoPhone),
                Some(left) if left < 1 => Some(Digits::Locked),
                Some(_) => None,
            };
            wrong = digits.map(|digits| (StatusCode::OK, Wrong::Digits(digits).sentence(self.words())));
        }
        let status = wrong.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
        let page = AskPage {
            frame: self.frame(),
            ask: &ask,
            action: self.here(),
            back: self.back(),
            nonce: Uuid::new_v4().to_string(),
            known,
            wrong: wrong.map(|(_, sentence)| sentence),
        };
        pages::page(status, &page)
    }

    async fn take(&self, headers: &HeaderMap, form: Answer) -> Result<Response, ApiError> {
        let what = match self.now().await? {
            Now::Ask(_, what) => what,
            Now::Told(heading, text) => return self.told(StatusCode::CONFLICT, |_| (heading, text)),
            Now::Nowhere => return pages::nowhere(self.visitor),
        };
        let wrong = |wrong: Wrong| Some((wrong.status(), wrong.sentence(self.words())));
        let mut seals = Seals::default();
        let mut seal = |text: &str| {
            let (order, buyer) = (self.entrance.order_id, self.entrance.buyer_id());
            seals.seal(self.app.desk().vault(), order, buyer, text)
        };
        let todo = match what {
            What::Rest => match form.choice.as_str() {
                "ship" => Todo::Order(OrderCommand::AnswerRest { wanted: true }),
                "cancel" => Todo::Order(OrderCommand::AnswerRest { wanted: false }),
                _ => return self.show(headers, wrong(Wrong::Pick)).await,
            },
            What::Open(key) => {
                let reason = free_text(&form.reason).ok().map(|text| seal(&text));
                Todo::Piece(key, Box::new(Command::SendBack(Return::Opened { reason })))
            }
            What::Post(key) => match (Carrier::parse(form.carrier.trim()), Waybill::parse(form.waybill.trim())) {
                (Ok(carrier), Ok(waybill)) => {
                    Todo::Piece(key, Box::new(Command::SendBack(Return::Posted { carrier, waybill })))
                }
                (Err(_), _) | (_, Err(_)) => {
                    let sentence = self.words().return_unreadable().to_owned();
                    return self.show(headers, Some((StatusCode::UNPROCESSABLE_ENTITY, sentence))).await;
                }
            },
        };
        if !is_known(self.app, self.entrance, headers) {
            let phone = form.phone.trim();
            if phone.len() != 4 || !phone.bytes().all(|b| b.is_ascii_digit()) {
                // What cannot be right costs no try.
                return self.show(headers, wrong(Wrong::Shape)).await;
            }
            let (order_id, buyer) = (self.entrance.order_id, self.entrance.buyer_id());
            match self.app.desk().try_digits(order_id, buyer, phone, self.app.now()).await? {
                Digits::Right => {}
                digits @ (Digits::Wrong(_) | Digits::Locked | Digits::NoPhone) => {
                    return self.show(headers, wrong(Wrong::Digits(digits))).await;
                }
            }
        }
        let body = json!({
            "choice": form.choice, "reason": form.reason, "carrier": form.carrier, "waybill": form.waybill,
        });
        let request = self.request(&form.nonce, &body)?;
        let done = match todo {
            Todo::Order(command) => {
                self.app.desk().on_order(self.entrance.order_id, command, seals, request).await.map(drop)
            }
            Todo::Piece(key, command) => self.app.desk().carry_out(key, *command, seals, request).await.map(drop),
        };
        match done {
            // Shown by another page, so that nothing is sent again by going back or forward.
            Ok(()) => {
                let to = match self.about {
                    About::Rest => self.back(),
                    About::Return { .. } => format!("{}{}", self.here(), self.frame().query),
                };
                let mut response = Redirect::to(&to).into_response();
                response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
                Ok(response)
            }
            // Somebody was faster: a second window, or a clock.
            Err(desk::Error::Refused(
                Refusal::WrongStage(_)
                | Refusal::Overtaken { .. }
                | Refusal::NotNow(_)
                | Refusal::TooLate(_)
                | Refusal::MadeToOrder
                | Refusal::KeyReused,
            )) => self.told(StatusCode::CONFLICT, |words| match self.about {
                About::Rest => (words.rest_gone(), words.rest_gone_why()),
                About::Return { .. } => (words.return_gone(), words.return_gone_why()),
            }),
            Err(error) => Err(error.into()),
        }
    }

    fn request(&self, nonce: &str, body: &Value) -> Result<Request, ApiError> {
        let body = canonical_value(body).map_err(|error| ApiError::Fault(Box::new(error)))?;
        let nonce: String = nonce.chars().filter(char::is_ascii_graphic).take(64).collect();
        let target = match self.about {
            // The address without its token.
            About::Rest => "POST /t/order/decision".to_owned(),
            About::Return { code } => format!("POST /t/pieces/{code}/return"),
        };
        Ok(Request {
            by: By { person: self.entrance.buyer_id(), key: KeyId::NONE, role: Role::Buyer, proposer: None },
            idempotency_key: if nonce.is_empty() { Uuid::now_v7().to_string() } else { nonce },
            part: String::new(),
            target,
            body: body.into_bytes(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now: self.app.now(),
            confirms: None,
        })
    }
}

enum Todo {
    Order(OrderCommand),
    Piece(StreamKey, Box<Command>),
}
