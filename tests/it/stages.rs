//! A piece in every stage that a page can tell of. Most go their way over HTTP; where the commands of a side line come
//! later, the event is put into the journal as they will put it, and the projections are made anew.

use jiff::Timestamp;
use serde_json::{Value, json};
use touchstone::audit;
use touchstone::capsule::canonical::canonical_json;
use touchstone::capsule::chain;
use touchstone::domain::actor::Witness;
use touchstone::domain::event::*;
use touchstone::domain::ids::*;
use touchstone::domain::text::Sealed;
use touchstone::store::changes::Changes;
use touchstone::store::entity::events;
use touchstone::store::journal;
use uuid::Uuid;

use crate::app::{TestApp, sample_order};
use crate::walk::{Stop, appraisal, proposal, settle, speech_unavailable, walk, weighed};

/// An order of one piece, and the way to its page.
#[derive(Clone, Debug)]
pub struct Placed {
    pub name: &'static str,
    /// The address of its page, without the host.
    pub page: String,
    pub code: String,
    pub key: StreamKey,
}

/// Every stage, with the ends of a closed one.
pub const STAGES: &[&str] = &[
    "awaiting_dispatch",
    "inbound",
    "intake_exception",
    "received",
    "appraising",
    "spoken_review",
    "awaiting_buyer",
    "undetermined",
    "failed",
    "quarantined",
    "cleared",
    "tagged",
    "released",
    "outbound",
    "delivered",
    "return_inbound",
    "return_intake",
    "returning",
    "returning_to_buyer",
    "closed_completed",
    "closed_cancelled",
    "closed_returned",
    "closed_unclaimed",
    "closed_lost",
    "closed_handed_to_authority",
];

/// Places an order whose piece is in this stage.
pub async fn placed_in(app: &TestApp, name: &'static str) -> Placed {
    placed_as(app, &format!("KS-{name}"), name).await
}

/// The same under a number of one's own.
pub async fn placed_as(app: &TestApp, order_no: &str, name: &'static str) -> Placed {
    let mut order = sample_order(order_no);
    order["lines"][0]["declared"]["components"].as_array_mut().unwrap().push(json!(
        {"role": "cord", "material": "编绳", "treatment": null, "weight": null}
    ));
    order["lines"][0]["declared"]["sizes"] = json!([{"name": "inner_diameter_mm", "value": "56.5"}]);
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let url = placed["tracking_url"].as_str().unwrap();
    let page = url.split_once("/t/").map(|(_, token)| format!("/t/{token}")).unwrap();
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap().to_owned();
    let key = app.desk().locate(&PieceCode::parse(&code).unwrap()).await.unwrap().unwrap().key;
    let placed = Placed { name, page, code, key };
    bring(app, &placed).await;
    placed
}

async fn bring(app: &TestApp, placed: &Placed) {
    let code = placed.code.as_str();
    let reason = || Sealed { text_id: TextId(Uuid::from_u128(1)), hmac: "0f".repeat(32) };
    let witness = || Witness { person_id: PersonId(Uuid::from_u128(9)), key_id: KeyId(Uuid::from_u128(9)) };
    let carrier = || Carrier::parse("shunfeng").unwrap();
    let waybill = || Waybill::parse("SF-BACK").unwrap();
    let weight = || {
        let mass = touchstone::domain::quantity::Mass(58_400_000);
        touchstone::domain::quantity::Weighing::typed(mass, std::collections::BTreeSet::new(), None)
    };
    match placed.name {
        "awaiting_dispatch" => {}
        "inbound" => walk(app, code, Stop::Inbound).await,
        "intake_exception" => {
            walk(app, code, Stop::Inbound).await;
            let found = IntakeExceptionFound { condition: Condition::Damaged, parcel_id: None, note: None };
            force(app, placed, vec![found.into()]).await;
        }
        "received" => walk(app, code, Stop::Received).await,
        "appraising" => walk(app, code, Stop::Appraising).await,
        "spoken_review" => on_the_bench(app, code, "56.5").await,
        "awaiting_buyer" => {
            on_the_bench(app, code, "55.6").await;
            conclude(app, code, "55.6", None).await;
        }
        "undetermined" => concluded(app, code, "undetermined").await,
        "failed" => concluded(app, code, "not_as_described").await,
        "quarantined" => concluded(app, code, "suspected_counterfeit").await,
        "cleared" => passed(app, code, Stop::Cleared).await,
        "tagged" => passed(app, code, Stop::Tagged).await,
        "released" => passed(app, code, Stop::Released).await,
        "outbound" => passed(app, code, Stop::Outbound).await,
        "delivered" => passed(app, code, Stop::Delivered).await,
        "closed_completed" => passed(app, code, Stop::Completed).await,
        "return_inbound" => {
            passed(app, code, Stop::Delivered).await;
            force(app, placed, vec![ReturnOpened { reason: None }.into()]).await;
        }
        "return_intake" | "returning_to_buyer" => {
            passed(app, code, Stop::Delivered).await;
            let mut events: Vec<Event> = vec![
                ReturnOpened { reason: None }.into(),
                ReturnPosted { carrier: carrier(), waybill: waybill() }.into(),
                ReturnReceived { weight: weight(), note: None, tag: None, tag_intact: None, sizes: Vec::new() }.into(),
            ];
            if placed.name == "returning_to_buyer" {
                events.push(NotSamePieceFound { reason: reason(), proposed_by: witness() }.into());
            }
            force(app, placed, events).await;
        }
        "returning" | "closed_returned" | "closed_unclaimed" => {
            concluded(app, code, "not_as_described").await;
            let step = async |client: &crate::app::Client, command: &str, body: Value| {
                client.post(&format!("/v1/pieces/{code}/{command}"), body).await.expect(200);
            };
            step(app.merchant(), "appeal-waiver", json!({})).await;
            if placed.name == "closed_returned" {
                let body = json!({"carrier": "zhongtong", "waybill": format!("B-{code}")});
                step(app.clerk(), "return-shipment", body).await;
                step(app.clerk(), "returned", json!({"how": "delivered"})).await;
            }
            if placed.name == "closed_unclaimed" {
                force(app, placed, vec![Unclaimed {}.into()]).await;
            }
        }
        "closed_cancelled" => {
            app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({"reason": "不要了"})).await.expect(200);
        }
        "closed_lost" => {
            walk(app, code, Stop::Received).await;
            let body = json!({"what": "lost", "note": "找不到"});
            app.clerk().post(&format!("/v1/pieces/{code}/custody"), body).await.expect(200);
        }
        "closed_handed_to_authority" => {
            concluded(app, code, "suspected_counterfeit").await;
            let upheld = QuarantineUpheld {
                to: Upheld::HandedToAuthority,
                reference: None,
                reason: reason(),
                proposed_by: witness(),
            };
            force(app, placed, vec![upheld.into()]).await;
        }
        other => panic!("{other} is no stage"),
    }
}

/// Appraised, as far as the ledger; the bangle's inner diameter is this.
pub async fn on_the_bench(app: &TestApp, code: &str, diameter: &str) {
    walk(app, code, Stop::Appraising).await;
    look(app, code, diameter).await;
}

/// What an inspector finds of such a piece.
pub fn found(diameter: &str) -> Value {
    let mut found = appraisal();
    found["components"][0]["sizes"][0]["value"] = json!(diameter);
    let cord = json!({
        "component": "c2", "role": "cord", "material": null, "treatment": null, "fineness": null, "weight": null,
        "sizes": [], "tests": [], "state": "not_examined", "reason": "绳不在检测范围内",
    });
    found["components"].as_array_mut().unwrap().push(cord);
    found["weight"] = weighed("58.40");
    found
}

async fn look(app: &TestApp, code: &str, diameter: &str) {
    let path = format!("/v1/pieces/{code}/appraisals");
    for client in [app.inspector(), app.second_inspector()] {
        if stage(app, code).await == "appraising" {
            let answer = client.post(&path, found(diameter)).await;
            // Who has looked already is not asked again.
            assert!(matches!(answer.status.as_u16(), 200 | 409), "{answer:?}");
        }
    }
}

async fn stage(app: &TestApp, code: &str) -> String {
    let seen = app.auditor().get(&format!("/v1/pieces/{code}")).await.expect(200);
    seen["stage"].as_str().unwrap().to_owned()
}

/// Settles the ledger and gives the verdict, with as many looks as that takes.
pub async fn conclude(app: &TestApp, code: &str, diameter: &str, stricter: Option<&str>) {
    for _ in 0..4 {
        if stage(app, code).await == "appraising" {
            look(app, code, diameter).await;
        }
        if stage(app, code).await != "spoken_review" {
            return;
        }
        let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
        if ledger["speech"].is_null() {
            speech_unavailable(app, code).await;
        }
        settle(app, code).await;
        if stage(app, code).await == "spoken_review" {
            let reason = stricter.map(|_| "尺寸与描述不符，边缘有一处裂");
            let body = json!({"proposal": proposal(app, code).await, "stricter": stricter, "reason": reason});
            app.inspector().post(&format!("/v1/pieces/{code}/verdict"), body).await.expect(200);
        }
    }
}

async fn concluded(app: &TestApp, code: &str, verdict: &str) {
    on_the_bench(app, code, "55.6").await;
    conclude(app, code, "55.6", Some(verdict)).await;
}

/// Passed and on its way, once a difference was accepted: the cord was not examined, and the page says so.
async fn passed(app: &TestApp, code: &str, to: Stop) {
    on_the_bench(app, code, "56.5").await;
    conclude(app, code, "56.5", None).await;
    if stage(app, code).await == "awaiting_buyer" {
        accept(app, code).await;
    }
    assert_eq!(stage(app, code).await, "cleared");
    go_on(app, code, to).await;
}

/// The buyer accepts, as the page lets them.
pub async fn accept(app: &TestApp, code: &str) {
    let located = app.desk().locate(&PieceCode::parse(code).unwrap()).await.unwrap().unwrap();
    let token = app.desk().view_token(located.key.order_id);
    let path = format!("/t/{token}/pieces/{code}/decision");
    let page = app.stranger().get(&path).await;
    let body = format!("choice=accept&shown={}&nonce={}&phone=1001", field(&page.text, "shown"), Uuid::new_v4());
    let call = app.stranger().call(axum::http::Method::POST, &path);
    let answer = call.bytes("application/x-www-form-urlencoded", body.into_bytes()).send().await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// What a hidden field of a form holds.
pub fn field(page: &str, name: &str) -> String {
    let from = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    from.split_once('"').unwrap().0.to_owned()
}

/// From `cleared` on.
async fn go_on(app: &TestApp, code: &str, to: Stop) {
    use crate::walk::{photograph, tag};
    photograph(app.clerk(), code, &["piece_with_tag", "packed"]).await;
    let step = async |client: &crate::app::Client, command: &str, body: Value| {
        client.post(&format!("/v1/pieces/{code}/{command}"), body).await.expect(200);
    };
    if to >= Stop::Tagged {
        step(app.clerk(), "tag", tag(&format!("T-{code}"), "58.40")).await;
    }
    if to >= Stop::Released {
        step(app.supervisor(), "release", json!({})).await;
    }
    if to >= Stop::Outbound {
        step(app.clerk(), "shipment", json!({"carrier": "shunfeng", "waybill": format!("OUT-{code}")})).await;
    }
    if to >= Stop::Delivered {
        step(app.platform(), "delivery", json!({"delivered_at": Timestamp::now().to_string()})).await;
    }
    if to >= Stop::Completed {
        step(app.platform(), "completed", json!({})).await;
    }
}

/// Puts events at the end of a piece's journal, hashed and chained as they will be, and makes the projections anew.
pub async fn force(app: &TestApp, placed: &Placed, new: Vec<Event>) {
    let store = app.store();
    let rows = journal::read(store.reader(), placed.key).await.unwrap();
    let last = rows.last().unwrap();
    let mut previous = hex::encode(&last.hash);
    let mut changes = Changes::default();
    // Somebody else than whoever proposed it.
    let author = Uuid::from_u128(8);
    for (seq, event) in (last.seq + 1..).zip(new) {
        let at = Timestamp::now();
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap();
        let envelope = json!({
            "at": chain::instant(at), "body_digest": null, "command_id": Uuid::now_v7(), "key_id": author,
            "kind": event.kind().as_str(), "order_id": placed.key.order_id.0, "payload": event, "person_id": author,
            "previous": previous, "role": "supervisor", "seq": seq, "stream_id": placed.key.stream_id.0,
            "version": event.kind().version(),
        });
        let body = canonical_json(&envelope).unwrap();
        let hash = chain::hash(&body);
        previous = hash.to_string();
        changes.events.push(events::Model {
            order_id: placed.key.order_id.0,
            stream_id: placed.key.stream_id.0,
            seq,
            kind: event.kind().as_str().to_owned(),
            person_id: Some(author),
            at: at.as_microsecond(),
            body,
            hash: hash.as_bytes().to_vec(),
        });
    }
    let txn = store.begin().await.unwrap();
    txn.write(changes).await.unwrap();
    txn.commit().await.unwrap();
    audit::rebuild(store, &mut ()).await.unwrap();
}
