//! The load: many clients on loopback, each with one kept connection, who take pieces through the main line. What they
//! send is made once; they compute as little as they can, for they share the machine with the service.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Answer, Call, Client, Upload};
use crate::demo::Failure;
use crate::demo::fixtures::{self, Fixture, Posted, Way};
use crate::demo::house::People;

/// The fixture order whose piece is taken through the journey: a gold bangle, sold by weight, of one part and with four
/// tests.
const FIXTURE: usize = 2;

/// The photos that this piece takes on its way. They are taken before the clock starts: looking at photos is measured by
/// itself.
const PHOTOS: [&str; 10] = [
    "parcel_closed",
    "parcel_open",
    "piece_overview",
    "piece_front",
    "piece_back",
    "on_gauge",
    "hallmark",
    "on_balance",
    "piece_with_tag",
    "packed",
];

/// A picture of next to nothing.
const PHOTO: Upload =
    Upload { name: "grey.png", media_type: "image/png", bytes: include_bytes!("../../fixtures/photos/grey.png") };

/// The steps of a piece, each one command with a commit of its own; it was sent and photographed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Receive,
    Open,
    Appraise,
    ProposeSilence,
    ConfirmSilence,
    Settle,
    Judge,
    Tag,
    Release,
    Ship,
    Deliver,
}

impl Step {
    pub const ALL: [Step; 11] = [
        Step::Receive,
        Step::Open,
        Step::Appraise,
        Step::ProposeSilence,
        Step::ConfirmSilence,
        Step::Settle,
        Step::Judge,
        Step::Tag,
        Step::Release,
        Step::Ship,
        Step::Deliver,
    ];

    fn next(self) -> Option<Step> {
        Self::ALL.into_iter().find(|step| self < *step)
    }
}

/// A piece with the step that comes next.
#[derive(Clone, Debug)]
pub struct Piece {
    pub code: String,
    number: usize,
    pub next: Option<Step>,
    proposal: Option<String>,
    /// Another person looks too, for it was drawn: what follows stands one event later.
    drawn: bool,
}

impl Piece {
    pub fn new(code: String, number: usize) -> Self {
        Self { code, number, next: Some(Step::Receive), proposal: None, drawn: false }
    }

    /// A piece that stands in the middle of its way.
    pub fn at(code: String, number: usize, next: Step) -> Self {
        Self { next: Some(next), ..Self::new(code, number) }
    }
}

/// What is sent, and with whose keys.
#[derive(Debug)]
pub struct Load {
    pub address: SocketAddr,
    people: People,
    fixture: Fixture,
    way: Way,
    /// What distinguishes the numbers of this load from those of another on the same database.
    prefix: String,
    /// The settling of the ledger: the same for every piece, since every listing is the same.
    settling: Value,
}

/// So many clients place orders at once: each takes photos, and a house has no more than sixteen uploads in hand.
const PLACING: usize = 12;

impl Load {
    /// Learns on one piece what the ledger of all will be.
    pub async fn learn(address: SocketAddr, people: People, prefix: &str) -> Result<Self, Failure> {
        let mut fixture = fixtures::orders(Timestamp::now())?.swap_remove(FIXTURE);
        let way = fixture.journey.swap_remove(0);
        // Cheap enough for one person, and two digits of the balance above its limit: the main line, without second looks
        // but for those that are drawn, and without repeats.
        if let Some(line) = fixture.order.pointer_mut("/lines/0") {
            line["price"]["amount"] = json!(150_000);
            line["declared"]["weight"]["value"] = json!("25.34");
            line["declared"]["components"][0]["weight"]["value"] = json!("25.34");
        }
        let mut load = Self { address, people, fixture, way, prefix: prefix.to_owned(), settling: Value::Null };
        let mut client = Client::new(address);
        let mut piece = load.place(&mut client, 0).await?;
        while piece.next < Some(Step::Settle) {
            load.advance(&mut client, &mut piece).await?;
        }
        let inspector = &load.people.inspectors[0].secret;
        let ledger = client.call(&Call::get(format!("/v1/pieces/{}/ledger", piece.code)).by(inspector)).await?;
        let entries: Vec<_> = ledger.json()?["entries"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| json!({ "claim_id": entry["claim_id"], "finding": entry["proposed"], "note": null }))
            .collect();
        let proposal = ledger.number("/proposal")? - i64::from(piece.drawn);
        load.settling = json!({ "proposal": proposal, "entries": entries, "added": [], "misread": [] });
        Ok(load)
    }

    /// The same load on a service that moved.
    pub fn at(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// What stands in the order number, waybills and tag of this one.
    pub fn number(&self, number: usize) -> String {
        format!("{}-{number}", self.prefix)
    }

    /// Who sells in this load.
    pub fn merchants() -> Result<Vec<String>, Failure> {
        Ok(vec![fixtures::orders(Timestamp::now())?.swap_remove(FIXTURE).merchant_id().to_owned()])
    }

    /// Places one order of one piece, which is sent and photographed.
    pub async fn place(&self, client: &mut Client, number: usize) -> Result<Piece, Failure> {
        let mut order = self.fixture.order.clone();
        if let Some(members) = order.as_object_mut() {
            members.insert("order_no".to_owned(), json!(self.number(number)));
        }
        let answer = client.call(&Call::post("/v1/orders", &order).by(&self.people.platform.secret)).await?;
        let code = answer.text("/lines/0/piece/code")?;
        let path = |command: &str| format!("/v1/pieces/{code}/{command}");
        let merchant = self.people.merchant(self.fixture.merchant_id()).unwrap_or(&self.people.platform);
        let carrier = self.way.inbound.as_ref().map(|posted| posted.carrier.clone());
        let body = json!({ "carrier": carrier, "waybill": format!("IN-{}", self.number(number)) });
        client.call(&Call::post(path("dispatch"), &body).by(&merchant.secret)).await?;
        for kind in PHOTOS {
            let call = Call::upload(path("photos"), &[("kind", kind)], PHOTO);
            client.call(&call.by(&self.people.clerk.secret)).await?;
        }
        Ok(Piece::new(code, number))
    }

    /// Places many orders, a few at once.
    pub async fn place_many(self: &Arc<Self>, from: usize, count: usize) -> Result<Vec<Piece>, Failure> {
        let numbers = Arc::new(Mutex::new(from..from + count));
        let mut clients = JoinSet::new();
        for _ in 0..PLACING {
            let (load, numbers) = (self.clone(), numbers.clone());
            clients.spawn(async move {
                let mut client = Client::new(load.address);
                let mut placed = Vec::new();
                while let Some(number) = next_of(&numbers) {
                    placed.push(load.place(&mut client, number).await?);
                }
                Ok::<_, Failure>(placed)
            });
        }
        let mut placed = Vec::with_capacity(count);
        while let Some(done) = clients.join_next().await {
            placed.extend(done.map_err(|error| Failure::of("a client broke off", &error))??);
        }
        placed.sort_unstable_by_key(|piece| piece.number);
        Ok(placed)
    }

    /// Takes one piece one step further.
    pub async fn advance(&self, client: &mut Client, piece: &mut Piece) -> Result<(), Failure> {
        let Some(step) = piece.next else { return Ok(()) };
        let answer = client.call(&self.call(piece, step)).await?;
        self.follow(piece, step, &answer)
    }

    fn follow(&self, piece: &mut Piece, step: Step, answer: &Answer) -> Result<(), Failure> {
        if step == Step::ProposeSilence {
            piece.proposal = Some(answer.text("/id")?);
        }
        if step == Step::Appraise && !piece.drawn && answer.text("/stage")? == "appraising" {
            piece.drawn = true;
            return Ok(());
        }
        piece.next = step.next();
        Ok(())
    }

    fn settling_of(&self, piece: &Piece) -> Value {
        let mut settling = self.settling.clone();
        if let (true, Some(proposal)) = (piece.drawn, settling["proposal"].as_i64()) {
            settling["proposal"] = json!(proposal + 1);
        }
        settling
    }

    fn call(&self, piece: &Piece, step: Step) -> Call {
        let (people, way) = (&self.people, &self.way);
        let number = self.number(piece.number);
        let command = |command: &str, body: &Value| Call::post(format!("/v1/pieces/{}/{command}", piece.code), body);
        let carrier = |posted: &Option<Posted>| posted.as_ref().map(|posted| posted.carrier.clone());
        match step {
            Step::Receive => command("receipt", &json!({ "condition": "intact", "weight": way.receipt_weight }))
                .by(&people.clerk.secret),
            Step::Open => command("appraisal-opened", &json!({})).by(&people.inspectors[0].secret),
            Step::Appraise => {
                let mut body = json!(way.appraisal);
                fixtures::read_off(&mut body, Timestamp::now());
                command("appraisals", &body).by(&people.inspectors[usize::from(piece.drawn)].secret)
            }
            Step::ProposeSilence => {
                let body = json!({ "command": "speech-unavailable", "body": { "reason": "no reader yet" } });
                command("proposals", &body).by(&people.inspectors[0].secret)
            }
            Step::ConfirmSilence => {
                let id = piece.proposal.as_deref().unwrap_or_default();
                Call::post(format!("/v1/proposals/{id}/confirm"), &json!({})).by(&people.inspectors[1].secret)
            }
            Step::Settle => command("ledger", &self.settling_of(piece)).by(&people.inspectors[0].secret),
            Step::Judge => {
                let body = json!({ "proposal": self.settling_of(piece)["proposal"], "stricter": null, "reason": null });
                command("verdict", &body).by(&people.inspectors[0].secret)
            }
            Step::Tag => {
                let body = json!({
                    "tag": format!("T-{number}"),
                    "weight": way.packing_weight,
                    "weight_with_tag": way.weight_with_tag,
                    "photo_ids": [],
                });
                command("tag", &body).by(&people.clerk.secret)
            }
            Step::Release => command("release", &json!({})).by(&people.supervisor.secret),
            Step::Ship => {
                let body = json!({ "carrier": carrier(&way.outbound), "waybill": format!("OUT-{number}") });
                command("shipment", &body).by(&people.clerk.secret)
            }
            Step::Deliver => {
                let body = json!({ "delivered_at": Timestamp::now().to_string() });
                command("delivery", &body).by(&people.platform.secret)
            }
        }
    }
}

fn next_of(numbers: &Mutex<std::ops::Range<usize>>) -> Option<usize> {
    numbers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next()
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Driven {
    /// Commands that were acknowledged.
    pub done: usize,
    pub took: Duration,
    /// From sending to answer, of each command.
    pub latencies: Vec<Duration>,
    /// The pieces that were moved at all.
    pub codes: Vec<String>,
}

/// Lets so many clients take these pieces as far as they come for so long. Each waits for its answer before
/// it asks again.
pub async fn drive(load: &Arc<Load>, clients: usize, pieces: Vec<Piece>, length: Duration) -> Result<Driven, Failure> {
    let waiting = Arc::new(Mutex::new(VecDeque::from(pieces)));
    let started = Instant::now();
    let until = started + length;
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (load, waiting) = (load.clone(), waiting.clone());
        running.spawn(async move {
            let mut client = Client::new(load.address);
            let mut driven = Driven::default();
            while Instant::now() < until {
                let piece = waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front();
                let Some(mut piece) = piece else { break };
                driven.codes.push(piece.code.clone());
                while piece.next.is_some() && Instant::now() < until {
                    let sent = Instant::now();
                    load.advance(&mut client, &mut piece).await?;
                    driven.latencies.push(sent.elapsed());
                    driven.done += 1;
                }
            }
            driven.took = started.elapsed();
            Ok::<_, Failure>(driven)
        });
    }
    let mut whole = Driven::default();
    while let Some(done) = running.join_next().await {
        let mut driven = done.map_err(|error| Failure::of("a client broke off", &error))??;
        whole.done += driven.done;
        whole.took = whole.took.max(driven.took);
        whole.latencies.append(&mut driven.latencies);
        whole.codes.append(&mut driven.codes);
    }
    Ok(whole)
}
