//! One order on its way, step by step over HTTP: each step is asked by the person whose work it is, with their own key.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::account::{Step, Told};
use super::fixtures::{Fixture, PACKED_PHOTO, PLAIN_PHOTO, Posted, RECEIVED_PHOTO, TRANSCRIPTS, Way};
use super::house::{People, Person};
use super::{Failure, fixtures, words};
use crate::client::{Answer, Call, Client};
use crate::clock::Clock;

mod carriers;
mod pages;
mod steps;

/// What became of an order.
#[derive(Clone, Debug)]
pub struct Taken {
    pub order_no: String,
    pub tracking_url: String,
    pub pieces: Vec<TakenPiece>,
}

/// What became of one piece, and what should have.
#[derive(Clone, Debug)]
pub struct TakenPiece {
    pub code: String,
    pub stage: String,
    pub outcome: Option<String>,
    pub way: Way,
}

impl TakenPiece {
    /// Whether its buyer has it, for a while yet or for good.
    pub fn is_delivered(&self) -> bool {
        self.stage == "delivered" || self.outcome.as_deref() == Some("completed")
    }

    /// Whether the piece came to where its fixture wanted it.
    pub fn arrived(&self) -> bool {
        let (stage, outcome) = self.way.goal();
        self.stage == stage && outcome.is_none_or(|outcome| self.outcome.as_deref() == Some(outcome))
    }
}

/// Where the orders are taken, by whom, and what time it is there.
#[derive(Clone, Debug)]
pub struct Setting {
    pub address: SocketAddr,
    pub people: Arc<People>,
    pub clock: Clock,
}

/// Takes one order as far as its pieces shall come, and tells of each step.
pub async fn take(
    setting: Setting,
    place: usize,
    fixture: Fixture,
    account: UnboundedSender<Told>,
) -> Result<Taken, Failure> {
    let order_no = fixture.order_no().to_owned();
    let Setting { address, people, clock } = setting;
    let quiet = fixture.heading.is_some();
    let client = Client::new(address);
    let page = String::new();
    let closed = Vec::new();
    let guide = Guide { client, people, clock, place, fixture, account, page, quiet, anew: false, closed };
    guide.take().await.map_err(|Failure(why)| Failure(format!("order {order_no}: {why}")))
}

/// Sends the transcripts of the live sessions, as the platform does once for all their orders.
pub async fn tell_what_was_said(
    address: SocketAddr,
    people: &People,
    account: &UnboundedSender<Told>,
) -> Result<(), Failure> {
    let mut client = Client::new(address);
    let _ = account.send(Told::Heading("What was said in the live sessions".to_owned()));
    for (live, format, content) in TRANSCRIPTS {
        let about = json!({ "room_id": format!("room-{live}") });
        client.call(&Call::put(format!("/v1/lives/{live}"), &about).by(&people.platform.secret)).await?;
        let body = json!({ "format": format, "content": content });
        let path = format!("/v1/lives/{live}/transcript");
        let answer = client.call(&Call::put(path, &body).by(&people.platform.secret)).await?;
        let characters = answer.number("/characters")?;
        let step = Step {
            code: live.to_owned(),
            who: people.platform.title.to_owned(),
            what: format!("sends the transcript ({format}): {characters} characters"),
            stage: String::new(),
        };
        let _ = account.send(Told::Step(step));
    }
    Ok(())
}

/// Leads the pieces of one order.
struct Guide {
    client: Client,
    people: Arc<People>,
    clock: Clock,
    /// The inspectors take turns: one appraises, the other releases.
    place: usize,
    fixture: Fixture,
    account: UnboundedSender<Told>,
    /// The order's tracking page.
    page: String,
    /// The main line is not told, where it is the same for many.
    quiet: bool,
    /// Other inspectors look, after an appeal.
    anew: bool,
    /// Codes of this order's pieces that are closed.
    closed: Vec<String>,
}

/// A piece on its way.
#[derive(Clone, Debug)]
struct Piece {
    code: String,
    way: Way,
    stage: String,
    outcome: Option<String>,
    /// How many inspectors have looked.
    looked: usize,
}

impl Piece {
    fn path(&self, command: &str) -> String {
        format!("/v1/pieces/{}/{command}", self.code)
    }

    /// Whether the piece shall stay where it is.
    fn rests(&self) -> bool {
        self.way.goal().0 == self.stage
    }
}

impl Guide {
    async fn take(mut self) -> Result<Taken, Failure> {
        let (mut pieces, tracking_url) = self.place_order().await?;
        for piece in pieces.iter_mut().filter(|piece| piece.way.goal == "cancelled") {
            self.cancel(piece).await?;
        }
        self.dispatch(&mut pieces).await?;
        self.receive(&mut pieces).await?;
        for piece in &mut pieces {
            if piece.way.goal == "lost_in_custody" {
                self.lose(piece).await?;
            } else if piece.stage == "received" && !piece.rests() {
                self.inspect(piece).await?;
            }
            if let Some(side) = piece.way.side.take() {
                self.side_line(piece, &side).await?;
                // From here on it is wanted where its side line leads.
                piece.way.goal = side.ends;
            }
        }
        let pieces = pieces
            .into_iter()
            .map(|piece| TakenPiece { code: piece.code, stage: piece.stage, outcome: piece.outcome, way: piece.way })
            .collect();
        Ok(Taken { order_no: self.fixture.order_no().to_owned(), tracking_url, pieces })
    }

    fn inspector(&self) -> Person {
        self.looking()[self.place % 2].clone()
    }

    fn other_inspector(&self) -> Person {
        self.looking()[(self.place + 1) % 2].clone()
    }

    fn looking(&self) -> &[Person; 2] {
        if self.anew { &self.people.other_inspectors } else { &self.people.inspectors }
    }

    fn merchant(&self) -> Result<Person, Failure> {
        let id = self.fixture.merchant_id();
        self.people.merchant(id).cloned().ok_or_else(|| Failure(format!("nobody holds a key of the merchant {id}")))
    }

    fn tell(&self, code: &str, who: &Person, what: impl Into<String>, stage: &str) {
        if self.quiet {
            return;
        }
        let step =
            Step { code: code.to_owned(), who: who.title.to_owned(), what: what.into(), stage: stage.to_owned() };
        // Nobody listens any more once the demo was given up.
        let _ = self.account.send(Told::Step(step));
    }

    async fn ask(&mut self, who: &Person, call: Call) -> Result<Answer, Failure> {
        Ok(self.client.call(&call.by(&who.secret)).await?)
    }

    /// A command on one piece: asked, followed and told.
    async fn act(
        &mut self,
        piece: &mut Piece,
        who: &Person,
        command: &str,
        body: &Value,
        what: String,
    ) -> Result<Answer, Failure> {
        let answer = self.ask(who, Call::post(piece.path(command), body)).await?;
        piece.follow(&answer)?;
        self.tell(&piece.code, who, what, &piece.shown());
        Ok(answer)
    }

    async fn place_order(&mut self) -> Result<(Vec<Piece>, String), Failure> {
        let platform = self.people.platform.clone();
        let heading = self.fixture.heading.clone().unwrap_or_else(|| words::order(&self.fixture));
        let _ = self.account.send(Told::Heading(heading));
        let order = self.fixture.order.clone();
        let answer = self.ask(&platform, Call::post("/v1/orders", &order)).await?;
        let mut pieces = Vec::new();
        for (place, way) in self.fixture.journey.clone().into_iter().enumerate() {
            let code = answer.text(&format!("/lines/{place}/piece/code"))?;
            let stage = answer.text(&format!("/lines/{place}/piece/stage"))?;
            let title = self.fixture.line(way.line_no).map(words::title).unwrap_or_default();
            self.tell(&code, &platform, format!("sells {title}"), &stage);
            pieces.push(Piece { code, way, stage, outcome: None, looked: 0 });
        }
        let tracking_url = answer.text("/tracking_url")?;
        self.page = tracking_url.find("/t/").and_then(|at| tracking_url.get(at..)).unwrap_or_default().to_owned();
        Ok((pieces, tracking_url))
    }

    async fn cancel(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let platform = self.people.platform.clone();
        let reason = piece.way.reason.clone();
        let what = format!("cancels before anything was sent: {}", reason.as_deref().unwrap_or("no reason given"));
        self.act(piece, &platform, "cancel", &json!({ "reason": reason }), what).await?;
        Ok(())
    }

    /// The pieces of one waybill go in one parcel.
    async fn dispatch(&mut self, pieces: &mut [Piece]) -> Result<(), Failure> {
        let merchant = self.merchant()?;
        for posted in parcels(pieces, |_| true) {
            let inside = |piece: &Piece| piece.way.inbound.as_ref() == Some(&posted);
            let codes: Vec<_> = pieces.iter().filter(|piece| inside(piece)).map(|piece| piece.code.clone()).collect();
            let body = json!({ "carrier": posted.carrier, "waybill": posted.waybill, "codes": codes });
            let answer = self.ask(&merchant, Call::post("/v1/parcels", &body)).await?;
            let what = format!("posts {} by {}, {}", words::pieces(codes.len()), posted.carrier, posted.waybill);
            for piece in pieces.iter_mut().filter(|piece| inside(piece)) {
                piece.stage = stage_in_parcel(&answer, &piece.code)?;
                self.tell(&piece.code, &merchant, what.clone(), &piece.stage);
            }
        }
        Ok(())
    }

    async fn receive(&mut self, pieces: &mut [Piece]) -> Result<(), Failure> {
        let clerk = self.people.clerk.clone();
        let arrives = |piece: &Piece| piece.way.receipt_weight.is_some();
        for posted in parcels(pieces, arrives) {
            let inside = |piece: &Piece| arrives(piece) && piece.way.inbound.as_ref() == Some(&posted);
            let arrived: Vec<_> = pieces
                .iter()
                .filter(|piece| inside(piece))
                .map(|piece| json!({ "code": piece.code, "condition": "intact", "weight": piece.way.receipt_weight }))
                .collect();
            let body = json!({ "carrier": posted.carrier, "condition": "intact", "pieces": arrived });
            let path = format!("/v1/parcels/{}/receipt", posted.waybill);
            let answer = self.ask(&clerk, Call::post(path, &body)).await?;
            for piece in pieces.iter_mut().filter(|piece| inside(piece)) {
                piece.stage = stage_in_parcel(&answer, &piece.code)?;
                let weight = piece.way.receipt_weight.as_ref().map(words::weight).unwrap_or_default();
                self.tell(&piece.code, &clerk, format!("opens the bag and weighs {weight}"), &piece.stage);
            }
        }
        Ok(())
    }

    async fn lose(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let clerk = self.people.clerk.clone();
        let note = piece.way.reason.clone().unwrap_or_else(|| "not found at stocktaking".to_owned());
        let what = format!("reports it lost in the house: {note}");
        self.act(piece, &clerk, "custody", &json!({ "what": "lost", "note": note }), what).await?;
        Ok(())
    }

    /// From the bench to where the piece shall rest.
    async fn inspect(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let inspector = self.inspector();
        let clerk = self.people.clerk.clone();
        self.photos(piece, &clerk, "receipt", RECEIVED_PHOTO).await?;
        self.act(piece, &inspector, "appraisal-opened", &json!({}), "takes it to the bench".to_owned()).await?;
        if piece.rests() {
            return Ok(());
        }
        let Some(mut appraisal) = piece.way.appraisal.clone() else { return Ok(()) };
        let photos = self.photos(piece, &inspector, "appraisal", RECEIVED_PHOTO).await?;
        if let Some(body) = appraisal.as_object_mut() {
            body.insert("photo_ids".to_owned(), json!(photos));
        }
        self.judge(piece, &appraisal).await?;
        match piece.stage.as_str() {
            "failed" if !piece.rests() => self.send_back(piece).await,
            "cleared" if !piece.rests() => self.send_on(piece).await,
            _ => Ok(()), // It rests here; whether that was wanted is seen at the end.
        }
    }

    /// From the bench to the verdict. Whoever looks a second time leads to the same steps once more.
    async fn judge(&mut self, piece: &mut Piece, appraisal: &Value) -> Result<(), Failure> {
        let inspector = self.inspector();
        piece.looked = 0;
        while piece.looked < 3 {
            self.look(piece, appraisal).await?;
            if piece.rests() {
                return Ok(());
            }
            let ledger = self.ask(&inspector, Call::get(piece.path("ledger"))).await?;
            let ledger = ledger.json()?;
            if ledger["speech"].is_null() {
                self.record_silence(piece, &ledger["waits_for"]).await?;
            } else {
                let what = words::heard(&ledger["entries"]);
                self.tell(&piece.code, &inspector, what, &piece.stage);
            }
            let proposal = self.settle_ledger(piece).await?;
            if piece.stage != "appraising" {
                self.give_verdict(piece, proposal).await?;
            }
            if piece.stage != "appraising" {
                break;
            }
        }
        Ok(())
    }

    /// Appraisals by as many inspectors as are asked for, each by themselves, until the ledger is proposed; what lies at
    /// its limit is weighed once more.
    async fn look(&mut self, piece: &mut Piece, appraisal: &Value) -> Result<(), Failure> {
        let (first, second) = (self.inspector(), self.other_inspector());
        // Two looks, and two repeats of each weight: more is never called for.
        for _ in 0..12 {
            let about = self.ask(&first, Call::get(piece.path("").trim_end_matches('/'))).await?;
            let repeat = about.json()?["bench"]["repeat"].clone();
            if repeat.is_object() {
                self.weigh_again(piece, appraisal, &repeat).await?;
            } else {
                let (who, blind) =
                    if piece.looked == 0 { (&first, "") } else { (&second, "without seeing the first, ") };
                let mut own = appraisal.clone();
                fixtures::read_off(&mut own, self.clock.now());
                let what = format!("{blind}{}", words::appraisal(appraisal));
                self.act(piece, who, "appraisals", &own, what).await?;
                piece.looked += 1;
            }
            if piece.stage != "appraising" {
                return Ok(());
            }
        }
        Err(Failure(format!("piece {}: the bench is not settled", piece.code)))
    }

    async fn weigh_again(&mut self, piece: &mut Piece, appraisal: &Value, repeat: &Value) -> Result<(), Failure> {
        let inspector = self.inspector();
        let parts = appraisal["components"].as_array().into_iter().flatten();
        let part =
            parts.into_iter().find(|part| repeat["component"].is_string() && part["component"] == repeat["component"]);
        let mut reading = part.map_or(&appraisal["weight"], |part| &part["weight"]).clone();
        let what = format!("weighs it once more, for it lies at the limit: {}", words::weight(&reading));
        fixtures::read_off_one(&mut reading, self.clock.now());
        let body = json!({ "component": repeat["component"], "quantity": repeat["quantity"], "reading": reading });
        self.act(piece, &inspector, "measurements", &body, what).await?;
        Ok(())
    }

    /// Takes the photos that a step asks for; answers their ids.
    async fn photos(
        &mut self,
        piece: &Piece,
        who: &Person,
        step: &str,
        file: crate::client::Upload,
    ) -> Result<Vec<String>, Failure> {
        let seen = self.ask(who, Call::get(format!("/v1/pieces/{}", piece.code))).await?;
        let kinds: Vec<String> = seen.json()?["photos_needed"][step]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect();
        let file = if self.fixture.heading.is_some() { PLAIN_PHOTO } else { file };
        let mut ids = Vec::new();
        for kind in &kinds {
            let answer = self.ask(who, Call::upload(piece.path("photos"), &[("kind", kind)], file)).await?;
            ids.push(answer.text("/id")?);
        }
        self.tell(&piece.code, who, format!("photographs it ({})", kinds.join(", ")), &piece.stage);
        Ok(ids)
    }

    /// There is nothing to read: that is said by one and confirmed by another.
    async fn record_silence(&mut self, piece: &mut Piece, lacks: &Value) -> Result<(), Failure> {
        let (first, second) = (self.inspector(), self.other_inspector());
        let lacks = lacks.as_str().unwrap_or_default().split([':', ';']).next().unwrap_or_default();
        let reason = format!("it lacks {lacks}");
        let body = json!({ "command": "speech-unavailable", "body": { "reason": reason } });
        let proposed = self.ask(&first, Call::post(piece.path("proposals"), &body)).await?;
        let id = proposed.text("/id")?;
        self.tell(&piece.code, &first, format!("proposes: the speech is unavailable, {reason}"), &piece.stage);
        let confirmed = self.ask(&second, Call::post(format!("/v1/proposals/{id}/confirm"), &json!({}))).await?;
        piece.follow(&confirmed)?;
        self.tell(&piece.code, &second, "confirms with a key of their own", &piece.shown());
        Ok(())
    }

    /// Settles every claim with the finding that is proposed for it.
    async fn settle_ledger(&mut self, piece: &mut Piece) -> Result<i64, Failure> {
        let inspector = self.inspector();
        let ledger = self.ask(&inspector, Call::get(piece.path("ledger"))).await?;
        let proposal = ledger.number("/proposal")?;
        let open: Vec<_> = ledger.json()?["entries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["finding"].is_null())
            .map(|entry| json!({ "claim_id": entry["claim_id"], "finding": entry["proposed"], "note": null }))
            .collect();
        if open.is_empty() {
            return Ok(proposal);
        }
        let what = words::findings(&open);
        let body = json!({ "proposal": proposal, "entries": open, "added": [], "misread": [] });
        self.act(piece, &inspector, "ledger", &body, what).await?;
        Ok(proposal)
    }

    async fn give_verdict(&mut self, piece: &mut Piece, proposal: i64) -> Result<(), Failure> {
        let inspector = self.inspector();
        let reason = piece.way.reason.clone();
        // Only a piece that shall not pass has a reason in its fixture.
        let strict = piece.way.verdict.clone().unwrap_or_else(|| "not_as_described".to_owned());
        let stricter = reason.as_ref().map(|_| strict.as_str());
        let what = match &reason {
            None => "verdict: pass, as it was described".to_owned(),
            Some(reason) => format!("verdict: {}, {reason}", strict.replace('_', " ")),
        };
        let body = json!({ "proposal": proposal, "stricter": stricter, "reason": reason });
        self.act(piece, &inspector, "verdict", &body, what).await?;
        Ok(())
    }

    async fn send_back(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let (merchant, clerk) = (self.merchant()?, self.people.clerk.clone());
        let body = json!({ "reason": "the merchant does not appeal" });
        self.act(piece, &merchant, "appeal-waiver", &body, "accepts the verdict and waives the appeal".to_owned())
            .await?;
        let Some(back) = piece.way.back.clone() else { return Ok(()) };
        let body = json!({ "carrier": back.carrier, "waybill": back.waybill });
        let what = format!("posts it back to the merchant by {}, {}", back.carrier, back.waybill);
        self.act(piece, &clerk, "return-shipment", &body, what).await?;
        let what = "notes that the merchant has it again".to_owned();
        self.act(piece, &clerk, "returned", &json!({ "how": "delivered" }), what).await?;
        Ok(())
    }

    async fn send_on(&mut self, piece: &mut Piece) -> Result<(), Failure> {
        let (clerk, platform) = (self.people.clerk.clone(), self.people.platform.clone());
        let Some(tag) = piece.way.tag.clone() else { return Ok(()) };
        let photos = self.photos(piece, &clerk, "tagging", PACKED_PHOTO).await?;
        let body = json!({
            "tag": tag,
            "weight": piece.way.packing_weight,
            "weight_with_tag": piece.way.weight_with_tag,
            "photo_ids": photos,
        });
        let weight = piece.way.packing_weight.as_ref().map(words::weight).unwrap_or_default();
        self.act(piece, &clerk, "tag", &body, format!("weighs {weight} again and puts on the tag {tag}")).await?;
        if piece.rests() {
            return Ok(());
        }
        let second = if piece.looked < 2 { self.other_inspector() } else { self.people.supervisor.clone() };
        let what = "releases it, as another person than those who looked: the capsule is signed".to_owned();
        self.act(piece, &second, "release", &json!({}), what).await?;
        let Some(Posted { carrier, waybill }) = piece.way.outbound.clone().filter(|_| !piece.rests()) else {
            return Ok(());
        };
        let what = format!("posts it to the buyer by {carrier}, {waybill}");
        self.act(piece, &clerk, "shipment", &json!({ "carrier": carrier, "waybill": waybill }), what).await?;
        if piece.rests() {
            return Ok(());
        }
        let body = json!({ "delivered_at": self.clock.now().to_string() });
        self.act(piece, &platform, "delivery", &body, "tells that the buyer has it".to_owned()).await?;
        Ok(())
    }
}

impl Piece {
    fn follow(&mut self, answer: &Answer) -> Result<(), Failure> {
        self.stage = answer.text("/stage")?;
        self.outcome = answer.json()?["outcome"].as_str().map(str::to_owned);
        Ok(())
    }

    /// The stage, with the end that a closed piece came to.
    fn shown(&self) -> String {
        match &self.outcome {
            Some(outcome) => format!("{} ({outcome})", self.stage),
            None => self.stage.clone(),
        }
    }
}

/// The parcels of these pieces, each once, in the order of the lines.
fn parcels(pieces: &[Piece], counts: impl Fn(&Piece) -> bool) -> Vec<Posted> {
    let mut parcels: Vec<Posted> = Vec::new();
    for posted in pieces.iter().filter(|piece| counts(piece)).filter_map(|piece| piece.way.inbound.clone()) {
        if !parcels.contains(&posted) {
            parcels.push(posted);
        }
    }
    parcels
}

/// What a parcel's answer says of one piece in it.
fn stage_in_parcel(answer: &Answer, code: &str) -> Result<String, Failure> {
    let value = answer.json()?;
    let own = value["pieces"].as_array().into_iter().flatten().find(|piece| piece["code"] == code);
    let stage = own.and_then(|piece| piece.get("stage").or_else(|| piece.pointer("/outcome/done/stage")));
    stage.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
        Failure(format!("the parcel was not taken as a whole; of {code} it was said: {}", own.unwrap_or(&Value::Null)))
    })
}
