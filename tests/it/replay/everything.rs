//! A golden file in which everything happens: each kind of event that the journals of before did not hold, by the way on
//! which it comes about. It is written once, with `TOUCHSTONE_BLESS=1`, where the file is not there yet; what was written
//! is read by every release since.

use std::collections::BTreeMap;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchstone::capsule::lines::{self, Line};
use touchstone::desk::{Request, Seals};
use touchstone::domain::actor::{By, Role};
use touchstone::domain::cases::Case;
use touchstone::domain::command::Command;
use touchstone::domain::conduct::Record;
use touchstone::domain::deadline::{Clock, OrderClock};
use touchstone::domain::event::*;
use touchstone::domain::ids::{CommandId, IncidentId, StreamId, StreamKey};
use touchstone::domain::obligation::Account;
use touchstone::domain::orders::{Facts, OrderCommand};
use touchstone::domain::piece::Piece;
use touchstone::domain::text::Name;
use touchstone::domain::transit::{Told, legs};
use uuid::Uuid;

use super::{folder, read, recorded};
use crate::app::{Client, TestApp, sample_order, sample_order_of};
use crate::sidelines::{photograph_return, post, second_supervisor, two};
use crate::stages::{Placed, accept, force, placed_as};
use crate::support::TestDatabase;
use crate::walk::{Stop, tag, walk, weight};

const FILE: &str = "2026-11-26-everything.jsonl";

/// What the journals of several orders fold to, with everything that stands beside the pieces.
fn standings(file: &[Line]) -> Value {
    let mut orders: Vec<(String, BTreeMap<i64, Vec<Recorded>>)> = Vec::new();
    for line in file {
        let body: Value = serde_json::from_str(&line.body).unwrap();
        let order = body["order_id"].as_str().unwrap().to_owned();
        let (stream, event) = recorded(&line.body);
        match orders.iter_mut().find(|(known, _)| *known == order) {
            Some((_, journals)) => journals.entry(stream).or_default().push(event),
            None => orders.push((order, BTreeMap::from([(stream, vec![event])]))),
        }
    }
    let told = orders.into_iter().map(|(_, mut journals)| {
        let own = journals.remove(&0).expect("an order has its own journal");
        let Event::OrderPlaced(placed) = &own[0].event else { panic!("an order begins by being placed") };
        let (facts, mut account, mut record) = (Facts::fold(&own), Account::default(), Record::default());
        own.iter().for_each(|event| account.follow(event).and_then(|()| record.follow(event)).expect("it folds"));
        let owed = account.obligations().iter().map(|one| format!("{} {} {:?}", one.arose.rule, one.state, one.amount));
        let incidents = record.incidents().iter().map(|one| {
            let appeal = one.appeal.map(|appeal| appeal.as_str());
            format!("{} {} {} {appeal:?}", one.confirmed.kind, one.withdrawn_at.is_some(), one.read_at.is_some())
        });
        let mut streams = Vec::new();
        for (stream, journal) in &journals {
            if matches!(journal[0].event, Event::CaseOpened(_)) {
                let case = Case::fold(journal.clone()).expect("a case folds");
                streams.push(json!({"stream_id": stream, "case": case.opened.kind.as_str(), "state": case.state()}));
                continue;
            }
            let piece = Piece::fold(journal.clone()).unwrap_or_else(|corrupt| panic!("stream {stream}: {corrupt}"));
            streams.push(json!({
                "stream_id": stream, "events": piece.head(), "stage": piece.stage().as_str(),
                "outcome": piece.standing().outcome().map(|outcome| outcome.as_str()),
                "line": facts.line(piece.opened().line_no, piece.line_status()).as_str(),
            }));
        }
        json!({
            "order_no": placed.order_no, "streams": streams, "owed": owed.collect::<Vec<_>>(),
            "incidents": incidents.collect::<Vec<_>>(), "failed": facts.failed, "cancelled": facts.cancelled,
            "asked": facts.asked.map(|asked| asked.line_no),
        })
    });
    Value::Array(told.collect())
}

#[test]
fn the_journals_in_which_everything_happens_fold_to_what_was_recorded() {
    let path = folder().join(FILE);
    let expected: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    assert_eq!(standings(&read(&path)), expected);
}

/// A kind that is in no golden journal could change its stored form, and no test would know.
#[test]
fn every_event_that_can_be_read_is_in_a_golden_journal() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for line in read(&path) {
                let body: Value = serde_json::from_str(&line.body).unwrap();
                seen.insert((body["kind"].as_str().unwrap().to_owned(), body["version"].as_i64().unwrap()));
            }
        }
    }
    let readable = |kind: &EventKind, version: i32| match Event::parse(kind.as_str(), version, "null") {
        Ok(_) => true,
        Err(unreadable) => !unreadable.why.contains("no such kind"),
    };
    let mut missing = Vec::new();
    for kind in EventKind::ALL {
        assert!(readable(kind, kind.version()), "{kind} of today is read");
        for version in (1..=kind.version()).filter(|version| readable(kind, *version)) {
            if !seen.contains(&(kind.as_str().to_owned(), i64::from(version))) {
                missing.push(format!("{kind} {version}"));
            }
        }
    }
    assert!(missing.is_empty(), "in no golden journal: {}", missing.join(", "));
}

/// Days from now.
fn in_days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

fn request(role: Role, now: Timestamp) -> Request {
    let by = By { role, ..By::desk() };
    let key = Uuid::now_v7().to_string();
    Request {
        by,
        body: key.clone().into_bytes(),
        idempotency_key: key,
        part: String::new(),
        target: "the house".to_owned(),
        digested: Vec::new(),
        if_match: None,
        command_id: CommandId(Uuid::now_v7()),
        now,
        confirms: None,
    }
}

/// What no key asks: a clock that ran out, a carrier's word, a notice that was taken.
async fn by_itself(app: &TestApp, placed: &Placed, command: Command, role: Role, now: Timestamp) {
    app.desk().carry_out(placed.key, command, Seals::default(), request(role, now)).await.unwrap();
}

async fn of_order(app: &TestApp, placed: &Placed, command: OrderCommand, role: Role, now: Timestamp) {
    app.desk().on_order(placed.key.order_id, command, Seals::default(), request(role, now)).await.unwrap();
}

/// One step over HTTP that must succeed.
async fn step(client: &Client, placed: &Placed, command: &str, body: Value) {
    post(client, &placed.code, command, body).await.expect(200);
}

async fn order_with(app: &TestApp, order: Value) -> Placed {
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let url = placed["tracking_url"].as_str().unwrap();
    let page = url.split_once("/t/").map(|(_, token)| format!("/t/{token}")).unwrap();
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap().to_owned();
    let parsed = touchstone::domain::ids::PieceCode::parse(&code).unwrap();
    let key = app.desk().locate(&parsed).await.unwrap().unwrap().key;
    Placed { name: "", page, code, key }
}

#[tokio::test]
async fn everything_is_written_once_where_it_is_not_there_yet() {
    let path = folder().join(FILE);
    if std::env::var_os("TOUCHSTONE_BLESS").is_none() || path.exists() {
        return;
    }
    let db = TestDatabase::sqlite();
    let app = TestApp::new(&db).await;
    on_its_way(&app).await;
    in_the_house(&app).await;
    with_the_buyer(&app).await;
    of_whole_orders(&app).await;
    of_merchants(&app).await;
    let mut file = Vec::new();
    touchstone::audit::export::export(app.store(), None, &mut file, &mut ()).await.unwrap();
    let events: Vec<_> = lines::read(file.as_slice()).collect::<Result<_, _>>().unwrap();
    let standings = standings(&events);
    fs::write(&path, file).unwrap();
    fs::write(path.with_extension("json"), serde_json::to_string_pretty(&standings).unwrap() + "\n").unwrap();
}

/// Parcels to the house: corrected, turned back, lost, and otherwise than they should be.
async fn on_its_way(app: &TestApp) {
    let waybill = |leg: &str| json!({"carrier": "sf", "waybill": leg});
    let placed = placed_as(app, "KS-way-1", "awaiting_dispatch").await;
    let segment = json!({"from": "00:00:00.000", "to": "01:00:00.000"});
    app.platform().put(&format!("/v1/pieces/{}/segment", placed.code), segment).await.expect(200);
    step(app.merchant(), &placed, "dispatch", waybill("W-1")).await;
    step(app.merchant(), &placed, "dispatch", waybill("W-2")).await;
    step(app.clerk(), &placed, "notes", json!({"text": "商家电话确认"})).await;
    let leg = legs(&app.desk().read_piece(placed.key).await.unwrap().unwrap().piece).pop().unwrap().seq;
    let half_a_day = Timestamp::now() + SignedDuration::from_hours(13);
    for told in [Told::Moving, Told::Problem] {
        let heard = Command::HearCarrier { leg, told, at: half_a_day };
        by_itself(app, &placed, heard, Role::Carrier, half_a_day).await;
    }
    by_itself(app, &placed, Command::PassDeadline { clock: Clock::InboundStalled }, Role::Desk, in_days(5)).await;
    app.platform().post(&format!("/v1/pieces/{}/cancel", placed.code), json!({})).await.expect(200);
    step(app.supervisor(), &placed, "transit", json!({"what": "turned_back"})).await;

    let placed = placed_as(app, "KS-way-2", "inbound").await;
    step(app.supervisor(), &placed, "transit", json!({"what": "lost"})).await;

    let placed = placed_as(app, "KS-way-3", "inbound").await;
    step(app.clerk(), &placed, "exception", json!({"condition": "damaged"})).await;
    step(app.supervisor(), &placed, "exception", json!({"resolution": "received", "reason": "只是包装破损"})).await;
    step(app.clerk(), &placed, "notes", json!({"text": "外箱破损"})).await;
    let seq = app.desk().read_piece(placed.key).await.unwrap().unwrap().piece.head();
    let correction = json!({"seq": seq, "replacement": {"note": "外箱轻微破损"}, "reason": "笔误"});
    step(app.clerk(), &placed, "corrections", correction).await;
    step(app.clerk(), &placed, "custody", json!({"what": "lost", "note": "货架上找不到"})).await;
}

/// At the bench, at the packing table, held, appealed and overridden.
async fn in_the_house(app: &TestApp) {
    let other = second_supervisor(app).await;
    let reason = || json!({"reason": "复核"});
    let placed = placed_as(app, "KS-in-1", "appraising").await;
    step(app.inspector(), &placed, "handover", json!({"to": app.second_inspector().person})).await;
    step(app.clerk(), &placed, "custody", json!({"what": "damaged", "note": "跌落"})).await;
    step(app.clerk(), &placed, "returned", json!({"how": "unclaimed"})).await;

    let placed = placed_as(app, "KS-in-2", "spoken_review").await;
    step(app.supervisor(), &placed, "reopen", reason()).await;

    let placed = placed_as(app, "KS-in-3", "cleared").await;
    let mut heavy = tag("T-heavy", "60.40");
    heavy["confirm_mismatch"] = json!(true);
    heavy["weight_with_tag"]["value"] = json!("61.40");
    step(app.clerk(), &placed, "tag", heavy).await;
    two(app.supervisor(), &other, &placed.code, "quarantine", json!({"what": "lift", "reason": "称量时带了绳"}))
        .await
        .expect(200);

    let placed = placed_as(app, "KS-in-4", "tagged").await;
    step(app.clerk(), &placed, "untag", reason()).await;

    let placed = placed_as(app, "KS-in-5", "released").await;
    step(app.supervisor(), &placed, "revoke", json!({"to": "cleared", "reason": "封签登记有误"})).await;

    let placed = placed_as(app, "KS-in-6", "undetermined").await;
    step(app.supervisor(), &placed, "undetermined", json!({"what": "disclose", "reason": "仪器不足以判定"})).await;
    let seq = app.desk().read_piece(placed.key).await.unwrap().unwrap().piece.head();
    let name = |text: &str| Name::parse(text).unwrap();
    let noted = Command::NoteAccepted { notice: name("choice_needed"), channel: name("mail"), seq };
    by_itself(app, &placed, noted, Role::Desk, Timestamp::now()).await;
    by_itself(app, &placed, Command::PassDeadline { clock: Clock::BuyersChoice }, Role::Desk, in_days(5)).await;

    let placed = placed_as(app, "KS-in-7", "undetermined").await;
    let part = json!({"component": "c1", "role": "main_stone", "material": "翡翠", "state": "examined"});
    let report = json!({"what": "outside_report", "laboratory": "lab-1", "number": "GTC-1", "results": [part]});
    step(app.supervisor(), &placed, "undetermined", report).await;
    let placed = placed_as(app, "KS-in-8", "undetermined").await;
    step(app.supervisor(), &placed, "undetermined", json!({"what": "give_up", "reason": "无法判定"})).await;

    let placed = placed_as(app, "KS-in-9", "failed").await;
    step(app.merchant(), &placed, "appeal", json!({"reason": "尺寸无误"})).await;
    // What the house and the restore of a backup do by themselves with a clock.
    let placed = placed_as(app, "KS-in-12", "failed").await;
    let (clock, due_at) = (Name::parse("failed:merchant").unwrap(), in_days(2).as_microsecond());
    force(app, &placed, vec![DeadlineMoved { clock, due_at }.into()]).await;
    let placed = placed_as(app, "KS-in-13", "awaiting_dispatch").await;
    let clock = Name::parse("awaiting_dispatch:merchant").unwrap();
    force(app, &placed, vec![DeadlineNeared { clock, due_at }.into()]).await;
    // The fees of the verdict are in no table: one is set and settled, and an override takes back the other.
    let placed = placed_as(app, "KS-in-10", "failed").await;
    let owed = app.platform().get("/v1/obligations?order_no=KS-in-10").await.expect(200);
    let id = owed["obligations"][0]["id"].as_str().unwrap().to_owned();
    let set = json!({"amount": 1_800, "reason": "按发票"});
    app.supervisor().post(&format!("/v1/obligations/{id}/amount"), set).await.expect(200);
    app.platform().post(&format!("/v1/obligations/{id}/settled"), json!({})).await.expect(200);
    two(app.supervisor(), &other, &placed.code, "override", json!({"reason": "差异很小"})).await.expect(200);
    accept(app, &placed.code).await;

    let placed = placed_as(app, "KS-in-11", "quarantined").await;
    let uphold = json!({"what": "uphold", "to": "returning", "reason": "涉嫌假冒"});
    two(app.supervisor(), &other, &placed.code, "quarantine", uphold).await.expect(200);
}

/// At the buyer's door and back again; and what is disputed since.
async fn with_the_buyer(app: &TestApp) {
    let other = second_supervisor(app).await;
    let placed = placed_as(app, "KS-back-1", "outbound").await;
    step(app.supervisor(), &placed, "transit", json!({"what": "refused"})).await;
    step(app.clerk(), &placed, "return-intake", json!({"weight": weight("41.00")})).await;
    photograph_return(app, &placed.code).await;
    let judged = |identity: &str| json!({"identity": identity, "reason": "轻了十七克"});
    two(app.clerk(), app.supervisor(), &placed.code, "return-intake", judged("not_same")).await.expect(200);

    let placed = placed_as(app, "KS-back-2", "delivered").await;
    step(app.platform(), &placed, "return", json!({"reason": "不喜欢"})).await;
    by_itself(app, &placed, Command::PassDeadline { clock: Clock::ReturnPosting }, Role::Desk, in_days(9)).await;

    for (number, identity) in [(3, "same"), (4, "not_same"), (5, "unclear")] {
        let placed = placed_as(app, &format!("KS-back-{number}"), "delivered").await;
        step(app.platform(), &placed, "return", json!({"reason": "不喜欢"})).await;
        let posted = json!({"carrier": "sf", "waybill": format!("RET-{number}")});
        step(app.platform(), &placed, "return", posted).await;
        step(app.clerk(), &placed, "return-intake", json!({"weight": weight("58.40")})).await;
        photograph_return(app, &placed.code).await;
        let body = if identity == "same" { json!({"identity": "same"}) } else { judged(identity) };
        two(app.clerk(), app.supervisor(), &placed.code, "return-intake", body).await.expect(200);
        if identity == "not_same" {
            step(app.clerk(), &placed, "return-shipment", json!({"carrier": "sf", "waybill": "AGAIN-4"})).await;
            step(app.supervisor(), &placed, "transit", json!({"what": "delivered_back"})).await;
        }
    }

    let placed = placed_as(app, "KS-back-6", "closed_completed").await;
    let opened = json!({"piece": placed.code, "kind": "counterfeit", "note": "买家称材质不符"});
    let case = app.platform().post("/v1/cases", opened).await.expect(201);
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let report = json!({"laboratory": "lab-1", "number": "R-17", "contradicts": true, "report": "合成翡翠"});
    app.platform().post(&format!("{path}/report"), report).await.expect(200);
    let decision = json!({"upheld": true, "revokes": true, "reason": "第二家实验室判定为合成"});
    app.supervisor().post(&format!("{path}/decision"), decision.clone()).await.expect(202);
    other.post(&format!("{path}/decision"), decision).await.expect(200);
    let buyer = app.desk().read_placed(placed.key.order_id).await.unwrap().unwrap().buyer_id;
    let erased = app.operator().post(&format!("/v1/persons/{}/erase", buyer.0), json!({})).await;
    assert!(erased.status.is_success(), "{erased:?}");
}

/// The rest of an order that ships together; a line that was not filled again, and one whose price was wanted back.
async fn of_whole_orders(app: &TestApp) {
    let mut order = sample_order_of("KS-rest", 3);
    order["ship"] = json!("together");
    let placed = order_with(app, order).await;
    let seen = app.platform().get("/v1/orders/KS-rest").await.expect(200);
    let code = |line: usize| seen["lines"][line]["piece"]["code"].as_str().unwrap().to_owned();
    for (line, wanted) in [(0, true), (1, false)] {
        app.platform().post(&format!("/v1/pieces/{}/cancel", code(line)), json!({})).await.expect(200);
        of_order(app, &placed, OrderCommand::AnswerRest { wanted }, Role::Platform, Timestamp::now()).await;
    }
    let placed = placed_as(app, "KS-line-1", "returning").await;
    let clock = OrderClock::Resubmission { line_no: 1 };
    of_order(app, &placed, OrderCommand::PassDeadline { clock }, Role::Desk, in_days(4)).await;
    placed_as(app, "KS-line-2", "returning").await;
    app.platform().post("/v1/orders/KS-line-2/lines/1/cancel", json!({"reason": "不等了"})).await.expect(200);
}

/// Up the ladder of conduct, read, appealed, and let down again.
async fn of_merchants(app: &TestApp) {
    let mut last = None;
    for number in 1..=4 {
        let mut order = sample_order(&format!("KS-late-{number}"));
        let paid = Timestamp::now() - SignedDuration::from_hours(24 * 5);
        order["paid_at"] = json!(format!("{paid:.0}"));
        let placed = order_with(app, order).await;
        walk(app, &placed.code, Stop::Inbound).await;
        last = Some(placed);
    }
    let seen = app.platform().get("/v1/merchants/m-1/conduct").await.expect(200);
    let incidents = seen["incidents"].as_array().unwrap();
    let late: Vec<_> = incidents.iter().filter(|one| one["kind"] == "late").collect();
    let at = |nth: usize, what: &str| format!("/v1/merchants/m-1/conduct/{}/{what}", late[nth]["id"].as_str().unwrap());
    let reason = json!({"reason": "已整改"});
    app.merchant().post(&at(0, "read"), json!({})).await.expect(200);
    app.platform().post(&at(3, "lifted"), reason.clone()).await.expect(200);
    app.merchant().post(&at(1, "appeal"), reason.clone()).await.expect(200);
    let decision = json!({"granted": true, "reason": "承运方揽收延误"});
    app.supervisor().post(&at(1, "decision"), decision).await.expect(200);
    // What a verdict rested on that said otherwise before: the incident goes with it.
    let placed = last.expect("the last order");
    let own = StreamKey { stream_id: StreamId::ORDER, ..placed.key };
    let id = IncidentId(late[3]["id"].as_str().unwrap().parse().unwrap());
    let of_order = Placed { key: own, ..placed };
    force(app, &of_order, vec![IncidentWithdrawn { id, cause: 2 }.into()]).await;
}
