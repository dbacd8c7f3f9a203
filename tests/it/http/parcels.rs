//! Parcels: sent off, corrected, booked in; and what nobody knows.

use axum::http::Method;
use serde_json::{Value, json};
use touchstone::domain::actor::Role;

use super::{at_once, count, outcomes};
use crate::app::{TENANT, TestApp, merchant, place, sample_order, warehouse};
use crate::walk::weight;

fn arrived(code: &str) -> Value {
    json!({"code": code, "condition": "intact", "weight": weight("58.41"), "note": "袋装完好"})
}

both!(a_parcel_of_several_orders_is_one_dispatch_and_one_receipt, |db| async move {
    let app = TestApp::new(db).await;
    let mut codes = place(&app, "KS1", 3).await;
    codes.extend(place(&app, "KS2", 2).await);
    let body = json!({"carrier": "sf", "waybill": "IN-1", "codes": codes});
    let call = app.merchant().call(Method::POST, "/v1/parcels").json(body).key("d");
    let answers = at_once(call, 8).await;
    let sent = answers[0].clone().expect(200);
    for answer in answers {
        assert_eq!(answer.expect(200), sent);
    }
    assert_eq!(outcomes(&sent), ["done"; 5]);
    assert_eq!(
        (sent["pieces"][4]["code"].as_str(), sent["pieces"][4]["stage"].as_str()),
        (Some(&*codes[4]), Some("inbound"))
    );

    let path = "/v1/parcels/IN-1/receipt";
    // An answer for each piece that was announced.
    let few = json!({"condition": "intact", "pieces": [arrived(&codes[0])]});
    app.clerk().post(path, few).await.expect_faults(&["/pieces"; 4]);
    let mut pieces: Vec<_> = codes[..4].iter().map(|code| arrived(code)).collect();
    pieces.push(json!({"code": codes[4], "condition": "missing"}));
    let stranger = touchstone::domain::ids::PieceCode::from_bits(7).to_string();
    pieces.push(arrived(&stranger));
    let receipt = app.clerk().call(Method::POST, path).json(json!({"condition": "intact", "pieces": pieces})).key("r");
    let answers = at_once(receipt.clone(), 8).await;
    let done = answers[0].clone().expect(200);
    for answer in answers {
        assert_eq!(answer.expect(200), done);
    }
    assert_eq!(done["carrier"], "sf", "taken from the announced parcel");
    assert_eq!(outcomes(&done), ["done", "done", "done", "done", "missing", "lost_and_found"]);
    assert_eq!(count(db, "parcels WHERE received_at IS NOT NULL"), 1);
    for client in [app.clerk(), app.supervisor()] {
        let found = client.get("/v1/lost-and-found").await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        assert_eq!(found["items"][0]["code"], stranger);
        assert_eq!(found["items"][0]["id"], done["pieces"][5]["lost_and_found_id"]);
    }
    let elsewhere = app.key(Role::Clerk, warehouse("w-2")).await;
    assert_eq!(elsewhere.get("/v1/lost-and-found").await.expect(200)["items"], json!([]));

    // The parcel came in; a piece that is sent after it under the same number does not undo that.
    let late = place(&app, "KS3", 1).await;
    let body = json!({"carrier": "sf", "waybill": "IN-1", "codes": late});
    app.merchant().post("/v1/parcels", body).await.expect(200);
    assert_eq!(count(db, "parcels WHERE received_at IS NOT NULL"), 1);
    // And the old request still has its old answer.
    assert_eq!(receipt.send().await.expect(200), done);
});

both!(a_parcel_that_may_not_be_sent_is_not_sent_at_all, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    let mut foreign = sample_order("KS2");
    foreign["merchant"]["id"] = json!("m-2");
    let foreign = app.platform().post("/v1/orders", foreign).await.expect(201);
    let foreign = foreign["lines"][0]["piece"]["code"].as_str().unwrap();
    let mut elsewhere = sample_order("KS3");
    elsewhere["warehouse"] = json!("w-2");
    let elsewhere = app.platform().post("/v1/orders", elsewhere).await.expect(201);
    let elsewhere = elsewhere["lines"][0]["piece"]["code"].as_str().unwrap();
    let unknown = touchstone::domain::ids::PieceCode::from_bits(7).to_string();
    let before = count(db, "events WHERE stream_id <> 0");
    let send =
        |codes: Value| app.merchant().post("/v1/parcels", json!({"carrier": "sf", "waybill": "IN-1", "codes": codes}));
    send(json!([codes[0], codes[0], unknown, foreign, "x", elsewhere]))
        .await
        .expect_faults(&["/codes/1", "/codes/4", "/codes/2", "/codes/3", "/codes/5"]);
    send(json!([])).await.expect_faults(&["/codes"]);
    send(json!(vec![&codes[0]; 501])).await.expect_faults(&["/codes"]);
    let body = json!({"carrier": "顺丰", "waybill": "", "codes": [codes[0]]});
    app.merchant().post("/v1/parcels", body).await.expect_faults(&["/carrier", "/waybill"]);
    // One piece of it is past being sent: none is.
    app.platform().post("/v1/orders/KS1/lines/2/cancel", json!({})).await.expect(200);
    send(json!(codes)).await.expect_faults(&["/codes/1"]);
    assert_eq!(count(db, "events WHERE stream_id <> 0"), before + 1);
    // A platform sends for its merchant.
    let body = json!({"carrier": "sf", "waybill": "IN-1", "codes": [codes[0]]});
    app.platform().post("/v1/parcels", body.clone()).await.expect_problem(403, "not_yours");
    app.platform().on_behalf_of("m-1").post("/v1/parcels", body).await.expect(200);
});

both!(a_waybill_is_corrected_and_the_piece_is_expected_where_it_is, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    let send = |waybill: &str, codes: &[String]| {
        app.merchant().post("/v1/parcels", json!({"carrier": "sf", "waybill": waybill, "codes": codes}))
    };
    send("IN-1", &codes).await.expect(200);
    let corrected = send("IN-2", &codes[1..]).await.expect(200);
    assert_eq!(corrected["pieces"][0]["stage"], "inbound");
    // What goes by another waybill since is not missed in the first parcel.
    let body = json!({"condition": "intact", "pieces": [arrived(&codes[0])]});
    app.clerk().post("/v1/parcels/IN-1/receipt", body).await.expect(200);
    for waybill in ["IN-3", "IN-4"] {
        send(waybill, &codes[1..]).await.expect(200);
    }
    send("IN-5", &codes[1..]).await.expect_faults(&["/codes/0"]);
    // A waybill is one merchant's.
    let mut foreign = sample_order("KS2");
    foreign["merchant"]["id"] = json!("m-2");
    let foreign = app.platform().post("/v1/orders", foreign).await.expect(201);
    let foreign = foreign["lines"][0]["piece"]["code"].as_str().unwrap();
    let other = app.key(Role::Merchant, merchant(TENANT, "m-2")).await;
    let body = json!({"carrier": "sf", "waybill": "IN-4"});
    other.post(&format!("/v1/pieces/{foreign}/dispatch"), body).await.expect_problem(409, "waybill_taken");
});

both!(two_carriers_may_give_out_the_same_number, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    for (carrier, code) in [("sf", &codes[0]), ("zto", &codes[1])] {
        let body = json!({"carrier": carrier, "waybill": "777", "codes": [code]});
        app.merchant().post("/v1/parcels", body).await.expect(200);
    }
    let mut body = json!({"condition": "intact", "pieces": [arrived(&codes[1])]});
    let problem = app.clerk().post("/v1/parcels/777/receipt", body.clone()).await.expect_faults(&["/carrier"]);
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("sf") && detail.contains("zto"), "{detail}");
    body["carrier"] = json!("zto");
    let done = app.clerk().post("/v1/parcels/777/receipt", body).await.expect(200);
    assert_eq!((done["carrier"].as_str(), outcomes(&done)), (Some("zto"), vec!["done"]));
});

both!(what_is_wrong_with_an_arrival_is_told_at_once, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    app.merchant().post("/v1/parcels", json!({"carrier": "sf", "waybill": "IN-1", "codes": codes})).await.expect(200);
    let path = "/v1/parcels/IN-1/receipt";
    let before = count(db, "events");
    let mut broken = arrived(&codes[1]);
    broken["condition"] = json!("fine");
    broken["weight"] = json!(null);
    let unknown = touchstone::domain::ids::PieceCode::from_bits(7).to_string();
    let body = json!({"condition": "intact", "pieces": [
        arrived(&codes[0]), broken, arrived(&codes[0]), arrived("nonsense"), {"code": unknown, "condition": "missing"},
    ]});
    app.clerk().post(path, body).await.expect_faults(&[
        "/pieces/2/code",
        "/pieces/3/code",
        "/pieces/1/condition",
        "/pieces/4/code",
    ]);
    assert_eq!((count(db, "events"), count(db, "lost_and_found")), (before, 0));
    // A piece of another warehouse is unknown here.
    let elsewhere = app.key(Role::Clerk, warehouse("w-2")).await;
    let body = json!({"condition": "intact", "pieces": [arrived(&codes[0])]});
    assert_eq!(outcomes(&elsewhere.post(path, body).await.expect(200)), ["lost_and_found"]);
    elsewhere
        .post(&format!("/v1/pieces/{}/receipt", codes[0]), json!({"condition": "intact", "weight": weight("1")}))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(count(db, "events"), before);
});

both!(a_single_piece_is_sent_and_booked_in, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    let path = format!("/v1/pieces/{}", codes[0]);
    let sent = app.merchant().post(&format!("{path}/dispatch"), json!({"carrier": "sf", "waybill": "IN-1"})).await;
    assert_eq!((sent.etag(), sent.clone().expect(200)["stage"].as_str()), (Some(2), Some("inbound")));
    app.clerk().post(&format!("{path}/receipt"), json!({"condition": "intact"})).await.expect_faults(&["/weight"]);
    let body = json!({"condition": "?", "weight": {"value": "1"}, "note": "\u{0}"});
    app.clerk().post(&format!("{path}/receipt"), body).await.expect_faults(&["/condition", "/weight/value", "/note"]);
    let body = json!({"condition": "intact", "weight": weight("58.41"), "note": "完好"});
    let call = app.clerk().call(Method::POST, &format!("{path}/receipt")).json(body).if_match(1);
    call.clone().send().await.expect_problem(412, "stale");
    assert_eq!(call.if_match(2).send().await.expect(200)["stage"], "received");
    let journal = app.auditor().get(&format!("{path}/journal")).await.expect(200);
    let [sent, received] = [1, 2].map(|at| journal["events"][at]["event"]["payload"].clone());
    assert_eq!(received["parcel_id"], sent["parcel_id"], "it came in the parcel that was announced");
    // The other one comes unannounced.
    let body = json!({"condition": "intact", "weight": weight("58.41")});
    app.clerk().post(&format!("/v1/pieces/{}/receipt", codes[1]), body).await.expect(200);
});
