//! What else a buyer may do on their page: answer whether the rest of an order shall ship, send a piece back, say by
//! which parcel it comes, and ask for another look at what they have. A GET changes nothing; one POST is the same however often a button is pressed.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::body::free_text;
use super::super::pages::{self, Frame, LanguageQuery, Visitor};
use super::buyer::{Buyer, Wrong, come_in, on_to, same_site};
use super::guesses::Source;
use super::{ApiError, App};
use crate::desk::{self, Seals};
use crate::domain::cases::CaseCommand;
use crate::domain::command::Command;
use crate::domain::event::CaseKind;
use crate::domain::ids::{Carrier, StreamId, StreamKey, Waybill};
use crate::domain::orders::OrderCommand;
use crate::domain::piece::Piece;
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
    /// `ship` or `cancel`, or the kind of a case, where that is asked.
    #[serde(default)]
    choice: String,
    /// Why a piece is sent back, or what is wrong with it.
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
    Case { code: &'a str },
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
    Case(StreamKey),
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

/// Asking for another look at a delivered piece (复检), or saying that it is a counterfeit or has a defect.
#[utoipa::path(get, path = "/t/{view_token}/pieces/{code}/case", tag = "buyer", security(()),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code"), LanguageQuery),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html")))]
pub async fn show_case(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Response {
    show(&app, &source, &token, About::Case { code: &code }, &Visitor::new(&query, &headers), &headers).await
}

/// Opens a case about a delivered piece: `choice` is `retest`, `counterfeit` or `warranty`.
#[utoipa::path(post, path = "/t/{view_token}/pieces/{code}/case", tag = "buyer", security(()),
    request_body(content = Answer, content_type = "application/x-www-form-urlencoded"),
    params(("view_token" = String, Path, description = "The token of the order's link"),
        ("code" = String, Path, description = "The piece code")),
    responses((status = 303, description = "It is recorded"),
        (status = 403, description = "It is not shown that it is the buyer", content_type = "text/html"),
        (status = 404, description = "No such page", content_type = "text/html"),
        (status = 409, description = "There is nothing to open, or it is open already", content_type = "text/html"),
        (status = 422, description = "None was chosen", content_type = "text/html")))]
pub async fn take_case(
    State(app): State<App>,
    source: Source,
    Path((token, code)): Path<(String, String)>,
    headers: HeaderMap,
    form: Result<Form<Answer>, FormRejection>,
) -> Response {
    take(&app, &source, &token, About::Case { code: &code }, &headers, form).await
}

async fn show(
    app: &App,
    source: &Source,
    token: &str,
    about: About<'_>,
    visitor: &Visitor<'_>,
    headers: &HeaderMap,
) -> Response {
    come_in(app, source, token, visitor, async |entrance| {
        let buyer = Buyer { app, entrance: &entrance, headers };
        Visit { buyer, token, about, visitor }.show(None).await
    })
    .await
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
    come_in(app, source, token, &visitor, async |entrance| {
        let buyer = Buyer { app, entrance: &entrance, headers };
        let visit = Visit { buyer, token, about, visitor: &visitor };
        if !same_site(headers) {
            return visit.told(StatusCode::FORBIDDEN, |words| (words.choice_heading(), words.choice_other_site()));
        }
        visit.take(form).await
    })
    .await
}

/// One visit to one of the two forms.
struct Visit<'a> {
    buyer: Buyer<'a>,
    token: &'a str,
    about: About<'a>,
    visitor: &'a Visitor<'a>,
}

impl Visit<'_> {
    fn words(&self) -> &'static Words {
        self.visitor.language(self.buyer.entrance.locale()).words()
    }

    fn frame(&self) -> Frame {
        let heading = match self.about {
            About::Rest => self.words().rest_heading(),
            About::Return { .. } => self.words().return_heading(),
            About::Case { .. } => self.words().case_heading(),
        };
        Frame::new(self.words().language(), self.visitor.chose(), heading)
    }

    fn here(&self) -> String {
        match self.about {
            About::Rest => format!("/t/{}/order/decision", self.token),
            About::Return { code } => format!("/t/{}/pieces/{code}/return", self.token),
            About::Case { code } => format!("/t/{}/pieces/{code}/case", self.token),
        }
    }

    fn back(&self) -> String {
        let query = self.frame().query;
        match self.about {
            About::Rest => format!("/t/{}{query}", self.token),
            About::Return { code } | About::Case { code } => format!("/t/{}{query}#{code}", self.token),
        }
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
            About::Case { code } => self.case_now(code).await,
        }
    }

    async fn zone(&self) -> Result<Clock, ApiError> {
        let placed = self.buyer.app.desk().read_placed(self.buyer.entrance.order_id).await?;
        let placed = placed.ok_or_else(|| ApiError::absent("order"))?;
        Ok(Clock::new(placed.buyer_timezone.as_str(), self.words().language()))
    }

    async fn rest_now(&self) -> Result<Now, ApiError> {
        let words = self.words();
        let Some(asked) = self.buyer.app.desk().open_question(self.buyer.entrance.order_id).await? else {
            return Ok(Now::Told(words.rest_gone(), words.rest_gone_why()));
        };
        let rows = deadlines::of_order(self.buyer.app.desk().store().reader(), self.buyer.entrance.order_id.0).await?;
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

    /// The piece of this order that a code names, as its buyer may know of it.
    async fn piece(&self, code: &str) -> Result<Option<(StreamKey, Piece)>, ApiError> {
        let Buyer { app, entrance, .. } = self.buyer;
        let Some(row) = entrance.pieces.iter().find(|row| row.code == code) else { return Ok(None) };
        let key = StreamKey { order_id: entrance.order_id, stream_id: StreamId(row.stream_id) };
        let view = app.desk().read_piece(key).await?;
        Ok(view.map(|view| (key, view.piece)).filter(|(_, piece)| !piece.opened().reference))
    }

    async fn case_now(&self, code: &str) -> Result<Now, ApiError> {
        let words = self.words();
        let Some((key, piece)) = self.piece(code).await? else { return Ok(Now::Nowhere) };
        if !piece.was_delivered() {
            return Ok(Now::Told(words.case_gone(), words.case_gone_why()));
        }
        let option = |kind: CaseKind, label, means| AskedOption { value: kind.as_str(), label, means };
        let ask = Ask {
            heading: words.case_heading(),
            lines: vec![words.case_why().to_owned()],
            options: vec![
                option(CaseKind::Retest, words.case_retest(), words.case_retest_means()),
                option(CaseKind::Counterfeit, words.case_counterfeit(), words.case_counterfeit_means()),
                option(CaseKind::Warranty, words.case_warranty(), words.case_warranty_means()),
            ],
            fields: vec![AskedField { name: "reason", label: words.case_note(), required: false }],
            until: None,
        };
        Ok(Now::Ask(ask, What::Case(key)))
    }

    async fn return_now(&self, code: &str) -> Result<Now, ApiError> {
        let words = self.words();
        let Some((key, piece)) = self.piece(code).await? else { return Ok(Now::Nowhere) };
        let reader = self.buyer.app.desk().store().reader();
        let rows = queries::deadlines_of(reader, key.order_id.0, key.stream_id.0).await?;
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
            Stage::Delivered if due(Wait::ReturnWindow).is_none_or(|due| due <= self.buyer.app.now()) => gone,
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

    async fn show(&self, wrong: Option<Wrong>) -> Result<Response, ApiError> {
        let ask = match self.now().await? {
            Now::Ask(ask, _) => ask,
            Now::Told(heading, text) => return self.told(StatusCode::OK, |_| (heading, text)),
            Now::Nowhere => return pages::nowhere(self.visitor),
        };
        let status = wrong.as_ref().map_or(StatusCode::OK, Wrong::status);
        let wrong = match wrong {
            Some(wrong) => Some(wrong),
            None => self.buyer.hindrance().await?,
        };
        let page = AskPage {
            frame: self.frame(),
            ask: &ask,
            action: self.here(),
            back: self.back(),
            nonce: Uuid::new_v4().to_string(),
            known: self.buyer.is_known(),
            wrong: wrong.map(|wrong| wrong.sentence(self.words())),
        };
        pages::page(status, &page)
    }

    /// On to what stands then.
    fn done(&self) -> Response {
        on_to(&match self.about {
            About::Rest | About::Case { .. } => self.back(),
            About::Return { .. } => format!("{}{}", self.here(), self.frame().query),
        })
    }

    async fn take(&self, form: Answer) -> Result<Response, ApiError> {
        let body = json!({
            "choice": form.choice, "reason": form.reason, "carrier": form.carrier, "waybill": form.waybill,
        });
        let target = match self.about {
            About::Rest => "POST /t/order/decision".to_owned(),
            About::Return { code } => format!("POST /t/pieces/{code}/return"),
            About::Case { code } => format!("POST /t/pieces/{code}/case"),
        };
        let request = self.buyer.request(target, &form.nonce, &body)?;
        // The second of two clicks, or once more what no answer came to: it is done, whatever stands open now.
        if let Ok(Some(_)) = self.buyer.app.desk().answer_to(&request).await {
            return Ok(self.done());
        }
        let what = match self.now().await? {
            Now::Ask(_, what) => what,
            Now::Told(heading, text) => return self.told(StatusCode::CONFLICT, |_| (heading, text)),
            Now::Nowhere => return pages::nowhere(self.visitor),
        };
        let mut seals = Seals::default();
        let mut seal = |text: &str| {
            let (order, buyer) = (self.buyer.entrance.order_id, self.buyer.entrance.buyer_id());
            seals.seal(self.buyer.app.desk().vault(), order, buyer, text)
        };
        let todo = match what {
            What::Rest => match form.choice.as_str() {
                "ship" => Todo::Order(OrderCommand::AnswerRest { wanted: true }),
                "cancel" => Todo::Order(OrderCommand::AnswerRest { wanted: false }),
                _ => return self.show(Some(Wrong::Pick)).await,
            },
            What::Open(key) => {
                let reason = free_text(&form.reason).ok().map(|text| seal(&text));
                Todo::Piece(key, Box::new(Command::SendBack(Return::Opened { reason })))
            }
            What::Case(key) => {
                let kind = CaseKind::parse(&form.choice).filter(|kind| *kind != CaseKind::Parcel);
                let Some(kind) = kind else { return self.show(Some(Wrong::Pick)).await };
                let note = free_text(&form.reason).ok().map(|text| seal(&text));
                Todo::Order(OrderCommand::Case(CaseCommand::Open { piece: key.stream_id, kind, parcel_id: None, note }))
            }
            What::Post(key) => match (Carrier::parse(form.carrier.trim()), Waybill::parse(form.waybill.trim())) {
                (Ok(carrier), Ok(waybill)) => {
                    Todo::Piece(key, Box::new(Command::SendBack(Return::Posted { carrier, waybill })))
                }
                (Err(_), _) | (_, Err(_)) => {
                    return self.show(Some(Wrong::Said(self.words().return_unreadable()))).await;
                }
            },
        };
        if let Err(wrong) = self.buyer.proved(&form.phone).await? {
            return self.show(Some(wrong)).await;
        }
        let done = match todo {
            Todo::Order(command) => {
                self.buyer.app.desk().on_order(self.buyer.entrance.order_id, command, seals, request).await.map(drop)
            }
            Todo::Piece(key, command) => self.buyer.app.desk().carry_out(key, *command, seals, request).await.map(drop),
        };
        match done {
            Ok(()) => Ok(self.done()),
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
                About::Case { .. } => (words.case_gone(), words.case_open_already()),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

enum Todo {
    Order(OrderCommand),
    Piece(StreamKey, Box<Command>),
}
