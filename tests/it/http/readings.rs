//! Weights from balances: frames in bodies, and readings that a station posts.

use serde_json::{Value, json};

use crate::app::{TestApp, place};
use crate::walk::{Stop, appraisal, walk, weighed, weight};

/// An appraisal whose weight is this.
fn with(weight: Value) -> Value {
    let mut body = appraisal();
    body["weight"] = weight;
    body
}

fn changed(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

both!(a_frame_is_a_weight_in_the_journal_as_it_came, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    let path = format!("/v1/pieces/{code}/appraisals");
    app.inspector().post(&path, with(weighed("58.40"))).await.expect(200);
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let text = journal.to_string();
    assert!(text.contains("S S      58.40 g"), "the frame is not in the journal: {text}");
    assert!(text.contains("uncertainty_ug"), "the balance's uncertainty is not in the journal");
});

both!(what_is_no_weight_is_refused_with_the_reason, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    let path = format!("/v1/pieces/{code}/appraisals");
    let frame = |frame: &str| with(changed(weighed("58.40"), "frame", json!(frame)));
    for wrong in ["S D     58.40 g", "S +", "S -", "S I", "ES", "S S     58.40 tl", "S S 0.00 g", "58.40"] {
        app.inspector().post(&path, frame(wrong)).await.expect_faults(&["/weight/frame"]);
    }
    let both = changed(weighed("58.40"), "value", json!("58.40"));
    app.inspector().post(&path, with(both)).await.expect_faults(&["/weight/value"]);
    let mut bare = weighed("58.40");
    bare.as_object_mut().unwrap().retain(|name, _| name == "frame" || name == "includes");
    let missing = ["/weight/device", "/weight/reading_id", "/weight/read_at", "/weight/device_seq"];
    app.inspector().post(&path, with(bare)).await.expect_faults(&missing);
    let refused = async |weight: Value, status, code: &str| {
        app.inspector().post(&path, with(weight)).await.expect_problem(status, code);
    };
    refused(changed(weighed("58.40"), "device", json!("b-none")), 422, "device_unknown").await;
    let late = json!("2100-01-02T00:00:00Z");
    refused(changed(weighed("58.40"), "read_at", late), 422, "malformed").await;
    let expired = json!({"id": "b-8", "warehouse": "w-1", "kind": "balance", "serial": null,
        "permissible_error": {"value": "0.01", "unit": "g"}, "adjusted_at": "2025-11-01T00:00:00Z",
        "adjustment_expires_at": "2026-11-01T00:00:00Z"});
    app.operator().post("/v1/devices", expired).await.expect(201);
    refused(changed(weighed("58.40"), "device", json!("b-8")), 422, "device_not_adjusted").await;
});

both!(one_reading_is_one_weight, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    for code in &codes {
        walk(&app, code, Stop::Appraising).await;
    }
    let path = |code: &str| format!("/v1/pieces/{code}/appraisals");
    let body = with(weighed("58.40"));
    let first = app.inspector().post(&path(&codes[0]), body.clone()).await.expect(200);
    // Sent again, it is the same appraisal.
    assert_eq!(app.inspector().post(&path(&codes[0]), body.clone()).await.expect(200)["seq"], first["seq"]);
    app.inspector().post(&path(&codes[1]), body).await.expect_problem(409, "reading_used");
});

both!(a_typed_weight_that_decides_a_claim_takes_a_second_person, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    app.inspector().post(&format!("/v1/pieces/{code}/appraisals"), with(weight("58.40"))).await.expect(200);
    let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    let entries = ledger["entries"].as_array().unwrap();
    let settle = |kind: &str| {
        let entry = entries.iter().find(|entry| entry["kind"] == kind).unwrap();
        json!({"proposal": ledger["proposal"], "added": [], "misread": [],
            "entries": [{"claim_id": entry["claim_id"], "finding": entry["proposed"], "note": null}]})
    };
    let path = format!("/v1/pieces/{code}/ledger");
    app.inspector().post(&path, settle("material")).await.expect(200);
    app.inspector().post(&path, settle("weight")).await.expect_problem(409, "second_person_needed");
    let proposed = json!({"command": "ledger", "body": settle("weight")});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), proposed).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", proposed["id"].as_str().unwrap());
    app.second_inspector().post(&confirm, json!({})).await.expect(200);
});

both!(a_station_posts_readings_and_the_same_again_is_the_same, |db| async move {
    let app = TestApp::new(db).await;
    let reading = json!({"frame": "S S     56.02 g", "reading_id": "r-1", "device_seq": 41,
        "read_at": "2026-11-02T00:00:00Z"});
    let path = "/v1/devices/b-1/readings";
    let kept = app.clerk().post(path, reading.clone()).await.expect(201);
    assert_eq!((&kept["weight"]["value"], &kept["frame"]), (&json!("56.02"), &reading["frame"]));
    app.clerk().post(path, reading.clone()).await.expect(200);
    let other = changed(reading.clone(), "frame", json!("S S     58.40 g"));
    app.clerk().post(path, other).await.expect_problem(409, "reading_used");
    let moving = changed(reading.clone(), "frame", json!("S D     56.02 g"));
    app.clerk().post(path, moving).await.expect_faults(&["/frame"]);
    app.clerk().post("/v1/devices/b-none/readings", reading).await.expect_problem(422, "device_unknown");
    let all = app.inspector().get(path).await.expect(200);
    assert_eq!(all["readings"].as_array().unwrap().len(), 1);
    assert_eq!(all["readings"][0]["reading_id"], "r-1");
});
