//! A piece's way over HTTP, step by step, as far as a test needs it.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};

/// A photo of next to nothing, which is looked at quickly.
const GREY: &[u8] = include_bytes!("../../fixtures/photos/grey.png");

/// Takes photos of these kinds.
pub async fn photograph(client: &Client, code: &str, kinds: &[&str]) {
    for kind in kinds {
        client.upload(&format!("/v1/pieces/{code}/photos"), kind, GREY).await.expect(200);
    }
}

/// What the sample order's bangle weighs.
pub fn weight(value: &str) -> Value {
    json!({"value": value, "unit": "g", "includes": []})
}

/// A weight from the balance of the bench, a reading of its own.
pub fn weighed(value: &str) -> Value {
    let reading_id = uuid::Uuid::new_v4().to_string();
    json!({
        "frame": format!("S S {value:>10} g"), "device": "b-1", "reading_id": reading_id, "device_seq": 1,
        "read_at": "2026-11-02T00:00:00Z", "includes": [],
    })
}

/// What an honest inspector finds of the sample order's bangle.
pub fn appraisal() -> Value {
    json!({
        "components": [{
            "component": "c1", "role": "main_stone", "material": "翡翠", "treatment": null, "fineness": null,
            "weight": null, "sizes": [{"name": "inner_diameter_mm", "value": "56.5"}],
            "tests": [{"method": "infrared", "instrument": "ftir-1", "conclusion": "翡翠"}],
            "state": "examined", "reason": null,
        }],
        "weight": weighed("58.40"),
        "presented_certificate": null,
        "remarks": null,
        "photo_ids": [],
    })
}

/// The stops on the main line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    AwaitingDispatch,
    Inbound,
    Received,
    Appraising,
    SpokenReview,
    Settled,
    Cleared,
    Tagged,
    Released,
    Outbound,
    Delivered,
    Completed,
}

/// Takes a fresh piece of the sample order to a stop. Each step must succeed.
pub async fn walk(app: &TestApp, code: &str, to: Stop) {
    let step = async |client: &Client, command: &str, body: Value| {
        client.post(&format!("/v1/pieces/{code}/{command}"), body).await.expect(200)
    };
    let photos = async |client: &Client, kinds: &[&str]| photograph(client, code, kinds).await;
    let waybill = |leg: &str| json!({"carrier": "sf", "waybill": format!("{leg}-{code}")});
    if to >= Stop::Inbound {
        step(app.merchant(), "dispatch", waybill("IN")).await;
    }
    if to >= Stop::Received {
        step(app.clerk(), "receipt", json!({"condition": "intact", "weight": weight("58.41"), "note": null})).await;
        photos(app.clerk(), &["parcel_closed", "parcel_open", "piece_overview"]).await;
    }
    if to >= Stop::Appraising {
        step(app.inspector(), "appraisal-opened", json!({})).await;
        photos(app.inspector(), &["piece_front", "piece_back", "on_gauge"]).await;
    }
    if to >= Stop::SpokenReview {
        appraise(app, code).await;
    }
    if to >= Stop::Settled {
        speech_unavailable(app, code).await;
        settle(app, code).await;
    }
    if to >= Stop::Cleared {
        let proposal = proposal(app, code).await;
        step(app.inspector(), "verdict", json!({"proposal": proposal})).await;
        photos(app.clerk(), &["piece_with_tag", "packed"]).await;
    }
    if to >= Stop::Tagged {
        step(app.clerk(), "tag", tag(&format!("T-{code}"), "58.40")).await;
    }
    if to >= Stop::Released {
        let free = app.second_inspector().post(&format!("/v1/pieces/{code}/release"), json!({})).await;
        // Where a second person looked, a third releases.
        if free.status != 200 {
            step(app.supervisor(), "release", json!({})).await;
        }
    }
    if to >= Stop::Outbound {
        step(app.clerk(), "shipment", waybill("OUT")).await;
    }
    if to >= Stop::Delivered {
        let now = jiff::Timestamp::now().to_string();
        step(app.platform(), "delivery", json!({"delivered_at": now})).await;
    }
    if to >= Stop::Completed {
        step(app.platform(), "completed", json!({})).await;
    }
}

/// Appraises a piece of the sample order honestly, by as many persons as are asked for.
pub async fn appraise(app: &TestApp, code: &str) {
    let path = format!("/v1/pieces/{code}/appraisals");
    let first = app.inspector().post(&path, appraisal()).await.expect(200);
    if first["stage"] == "appraising" {
        let second = app.second_inspector().post(&path, appraisal()).await.expect(200);
        assert_eq!(second["stage"], "spoken_review", "{second}");
    }
}

pub fn tag(tag: &str, packing: &str) -> Value {
    let with_tag = json!({"value": "59.40", "unit": "g", "includes": ["tag"]});
    json!({"tag": tag, "weight": weight(packing), "weight_with_tag": with_tag, "photo_ids": []})
}

/// Two persons record that there is no speech to read.
pub async fn speech_unavailable(app: &TestApp, code: &str) {
    let body = json!({"command": "speech-unavailable", "body": {"reason": "没有该场直播的文字记录"}});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), body).await.expect(201);
    let id = proposed["id"].as_str().expect("an id");
    app.second_inspector().post(&format!("/v1/proposals/{id}/confirm"), json!({})).await.expect(200);
}

/// The proposal that may be settled.
pub async fn proposal(app: &TestApp, code: &str) -> i64 {
    let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    ledger["proposal"].as_i64().expect("a proposal")
}

/// Settles every entry as it is proposed.
pub async fn settle(app: &TestApp, code: &str) {
    let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    let entries: Vec<_> = ledger["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| json!({"claim_id": entry["claim_id"], "finding": entry["proposed"], "note": null}))
        .collect();
    let body = json!({"proposal": ledger["proposal"], "entries": entries, "added": [], "misread": []});
    app.inspector().post(&format!("/v1/pieces/{code}/ledger"), body).await.expect(200);
}

/// The piece as somebody sees it.
pub async fn piece(client: &Client, code: &str) -> Value {
    client.get(&format!("/v1/pieces/{code}")).await.expect(200)
}
