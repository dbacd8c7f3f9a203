//! The side lines over HTTP: what arrived otherwise, what nobody knew, what cannot be told, what is held, appealed, sent
//! back, sent again, and disputed.

use axum::http::Method;
use serde_json::{Value, json};
use touchstone::domain::actor::Role;

use crate::app::{Answer, Client, TestApp, place, warehouse};
use crate::stages::{Placed, placed_as, placed_in};
use crate::walk::{Stop, appraisal, photograph, piece, walk, weight};

pub async fn post(client: &Client, code: &str, command: &str, body: Value) -> Answer {
    client.post(&format!("/v1/pieces/{code}/{command}"), body).await
}

async fn stage(app: &TestApp, code: &str) -> String {
    piece(app.auditor(), code).await["stage"].as_str().unwrap().to_owned()
}

pub async fn second_supervisor(app: &TestApp) -> Client {
    app.key(Role::Supervisor, warehouse("w-1")).await
}

/// Two persons: the first puts it up, the second confirms it.
pub async fn two(first: &Client, second: &Client, code: &str, command: &str, body: Value) -> Answer {
    let proposal = json!({"command": command, "body": body});
    let put_up = post(first, code, "proposals", proposal).await.expect(201);
    let path = format!("/v1/proposals/{}/confirm", put_up["id"].as_str().unwrap());
    first.post(&path, json!({})).await.expect_problem(409, "second_person_needed");
    second.post(&path, json!({})).await
}

both!(what_arrived_otherwise_waits_for_a_supervisor, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 4).await;
    app.merchant().post("/v1/parcels", json!({"carrier": "sf", "waybill": "IN-1", "codes": codes})).await.expect(200);
    // The parcel holds too few, one piece is damaged, one is missing.
    let body = json!({"condition": "too_few", "pieces": [
        {"code": codes[0], "condition": "intact", "weight": weight("58.41")},
        {"code": codes[1], "condition": "damaged", "note": "边缘有缺口"},
        {"code": codes[2], "condition": "missing"},
        {"code": codes[3], "condition": "empty"},
    ]});
    let done = app.clerk().post("/v1/parcels/IN-1/receipt", body).await.expect(200);
    let stages: Vec<_> = done["pieces"].as_array().unwrap().iter().map(|piece| piece["stage"].as_str()).collect();
    let exception = Some("intake_exception");
    assert_eq!(stages, [Some("received"), exception, exception, exception]);
    // A clerk does not resolve it, and a supervisor says why.
    let body = json!({"resolution": "received", "reason": "只是包装破损"});
    post(app.clerk(), &codes[1], "exception", body.clone()).await.expect_problem(403, "not_yours");
    post(app.supervisor(), &codes[1], "exception", json!({"resolution": "received"})).await.expect_faults(&["/reason"]);
    assert_eq!(post(app.supervisor(), &codes[1], "exception", body).await.expect(200)["stage"], "received");
    let lost = json!({"resolution": "lost", "reason": "商家确认没有寄出"});
    let closed = post(app.supervisor(), &codes[2], "exception", lost).await.expect(200);
    assert_eq!((closed["stage"].as_str(), closed["outcome"].as_str()), (Some("closed"), Some("lost")));
    let back = json!({"resolution": "returning", "reason": "空包裹，退回"});
    assert_eq!(post(app.supervisor(), &codes[3], "exception", back).await.expect(200)["stage"], "returning");
    // Sent by itself, and found by a clerk before it was booked in.
    let single = &place(&app, "KS2", 1).await[0];
    walk(&app, single, Stop::Inbound).await;
    let found = json!({"condition": "opened", "note": "封口胶带被拆过"});
    assert_eq!(post(app.clerk(), single, "exception", found).await.expect(200)["stage"], "intake_exception");
    post(app.clerk(), single, "exception", json!({"condition": "intact"})).await.expect_problem(403, "not_yours");
});

both!(what_nobody_knew_is_resolved_by_two, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    let unknown = touchstone::domain::ids::PieceCode::from_bits(7).to_string();
    let arrived = json!({"code": unknown, "condition": "intact", "weight": weight("58.41")});
    let body = json!({"condition": "intact", "pieces": [arrived]});
    let done = app.clerk().post("/v1/parcels/NOBODY/receipt", body).await.expect(200);
    let id = done["pieces"][0]["lost_and_found_id"].as_str().unwrap();
    let path = format!("/v1/lost-and-found/{id}/resolution");
    app.clerk().post(&path, json!({"what": "belongs_to"})).await.expect_faults(&["/code"]);
    app.clerk().post(&path, json!({"what": "kept"})).await.expect_faults(&["/what"]);
    let put_up = app.clerk().post(&path, json!({"what": "belongs_to", "code": code})).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", put_up["id"].as_str().unwrap());
    app.clerk().post(&confirm, json!({})).await.expect_problem(409, "second_person_needed");
    let queue = app.supervisor().get("/v1/queue").await.expect(200);
    assert_eq!(queue["proposals"][0]["found_id"], json!(id));
    let elsewhere = app.key(Role::Supervisor, warehouse("w-2")).await;
    elsewhere.post(&confirm, json!({})).await.expect_problem(409, "proposal_gone");
    assert_eq!(app.supervisor().post(&confirm, json!({})).await.expect(200)["code"], json!(code));
    app.supervisor().post(&confirm, json!({})).await.expect_problem(409, "proposal_gone");
    app.clerk().post(&path, json!({"what": "sent_back"})).await.expect_problem(409, "not_now");
    assert_eq!(app.clerk().get("/v1/lost-and-found").await.expect(200)["items"], json!([]));
});

both!(what_cannot_be_told_here_has_three_ways_out, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "undetermined").await;
    let code = placed.code.as_str();
    let part = json!({"component": "c1", "role": "main_stone", "material": "翡翠", "state": "examined"});
    let mut report = json!({"what": "outside_report", "laboratory": "nobody", "number": "GTC-1", "results": [part]});
    post(app.supervisor(), code, "undetermined", report.clone()).await.expect_faults(&["/laboratory"]);
    report["laboratory"] = json!("lab-1");
    assert_eq!(post(app.supervisor(), code, "undetermined", report).await.expect(200)["stage"], "appraising");
    app.inspector().post(&format!("/v1/pieces/{code}/notes"), json!({"text": "复看"})).await.expect(200);

    for (what, to) in [("disclose", "awaiting_buyer"), ("give_up", "returning")] {
        let Placed { code, .. } = placed_as(&app, &format!("KS-{what}"), "undetermined").await;
        post(app.supervisor(), &code, "undetermined", json!({"what": what})).await.expect_faults(&["/reason"]);
        let body = json!({"what": what, "reason": "仪器不足以判定"});
        post(app.inspector(), &code, "undetermined", body.clone()).await.expect_problem(403, "not_yours");
        assert_eq!(post(app.supervisor(), &code, "undetermined", body).await.expect(200)["stage"], to);
    }
});

both!(an_appeal_brings_other_inspectors_and_keeps_the_first_result, |db| async move {
    let app = TestApp::new(db).await;
    let Placed { code, .. } = placed_in(&app, "failed").await;
    post(app.clerk(), &code, "appeal", json!({"reason": "尺寸无误"})).await.expect_problem(403, "not_yours");
    let appealed = post(app.merchant(), &code, "appeal", json!({"reason": "尺寸无误"})).await.expect(200);
    assert_eq!(appealed["stage"], "appraising");
    for client in [app.inspector(), app.second_inspector()] {
        let answer = post(client, &code, "appraisals", found()).await;
        answer.expect_problem(409, "evidence_missing");
    }
    let third = app.key(Role::Inspector, warehouse("w-1")).await;
    post(&third, &code, "appraisals", found()).await.expect(200);
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let kinds: Vec<_> =
        journal["events"].as_array().unwrap().iter().map(|event| event["event"]["kind"].clone()).collect();
    assert!(kinds.contains(&json!("verdict_given")) && kinds.contains(&json!("appealed")), "{kinds:?}");
});

/// The sample's bangle with its cord, which is not examined.
fn found() -> Value {
    let mut found = appraisal();
    let cord = json!({"component": "c2", "role": "cord", "material": null, "treatment": null, "fineness": null,
        "weight": null, "sizes": [], "tests": [], "state": "not_examined", "reason": "绳不在检测范围内"});
    found["components"].as_array_mut().unwrap().push(cord);
    found
}

both!(an_override_takes_two_supervisors_and_the_buyer, |db| async move {
    let app = TestApp::new(db).await;
    let Placed { code, .. } = placed_in(&app, "failed").await;
    let body = json!({"reason": "差异很小，由买家决定"});
    post(app.supervisor(), &code, "override", body.clone()).await.expect_problem(409, "second_person_needed");
    // An inspector confirms what inspectors propose; this is for supervisors.
    let put_up =
        post(app.supervisor(), &code, "proposals", json!({"command": "override", "body": body})).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", put_up["id"].as_str().unwrap());
    app.inspector().post(&confirm, json!({})).await.expect_problem(403, "not_yours");
    let other = second_supervisor(&app).await;
    assert_eq!(other.post(&confirm, json!({})).await.expect(200)["stage"], "awaiting_buyer");
    // What was asked in vain before left nothing behind that counts an order's lines twice.
    let rebuilt = touchstone::audit::rebuild(app.desk().store(), &mut ()).await.unwrap();
    assert_eq!(rebuilt.differed, 0);
    crate::stages::accept(&app, &code).await;
    assert_eq!(stage(&app, &code).await, "cleared");
});

both!(two_supervisors_end_a_quarantine, |db| async move {
    let app = TestApp::new(db).await;
    let other = second_supervisor(&app).await;
    let Placed { code, .. } = placed_in(&app, "quarantined").await;
    let lift = json!({"what": "lift", "reason": "复核后无嫌疑"});
    post(app.supervisor(), &code, "quarantine", lift.clone()).await.expect_problem(409, "second_person_needed");
    assert_eq!(two(app.supervisor(), &other, &code, "quarantine", lift).await.expect(200)["stage"], "appraising");

    let Placed { code, .. } = placed_as(&app, "KS-upheld", "quarantined").await;
    let mut uphold = json!({"what": "uphold", "to": "handed_to_authority", "reason": "涉嫌假冒"});
    let put_up = json!({"command": "quarantine", "body": uphold.clone()});
    let put_up = post(app.supervisor(), &code, "proposals", put_up).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", put_up["id"].as_str().unwrap());
    other.post(&confirm, json!({})).await.expect_problem(422, "evidence_incomplete");
    uphold["reference"] = json!("深市监移 2026-17");
    let closed = two(app.supervisor(), &other, &code, "quarantine", uphold).await.expect(200);
    assert_eq!(closed["outcome"], "handed_to_authority");
});

/// Takes the photos that a return's intake asks for.
pub async fn photograph_return(app: &TestApp, code: &str) {
    let seen = piece(app.clerk(), code).await;
    let kinds: Vec<&str> =
        seen["photos_needed"]["return_intake"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    photograph(app.clerk(), code, &kinds).await;
}

async fn send_back(app: &TestApp, code: &str) {
    post(app.platform(), code, "return", json!({"reason": "不喜欢"})).await.expect(200);
    let posted = json!({"carrier": "sf", "waybill": format!("RET-{code}")});
    post(app.platform(), code, "return", posted).await.expect(200);
}

both!(what_comes_back_is_held_against_what_was_sent, |db| async move {
    let app = TestApp::new(db).await;
    let Placed { code, .. } = placed_in(&app, "delivered").await;
    let tag = piece(app.auditor(), &code).await["tag"]["tag"].clone();
    send_back(&app, &code).await;
    app.clerk().get(&format!("/v1/pieces/{code}/return-intake")).await.expect_problem(404, "not_found");
    let with_tag = json!({"value": "59.40", "unit": "g", "includes": ["tag"]});
    let body = json!({"weight": with_tag, "tag": tag, "tag_intact": true});
    assert_eq!(post(app.clerk(), &code, "return-intake", body).await.expect(200)["stage"], "return_intake");
    let compared = app.clerk().get(&format!("/v1/pieces/{code}/return-intake")).await.expect(200);
    assert_eq!(compared["proposed"], "same", "{compared}");
    let judged = json!({"identity": "same"});
    post(app.clerk(), &code, "return-intake", judged.clone()).await.expect_problem(409, "second_person_needed");
    photograph_return(&app, &code).await;
    let done = two(app.clerk(), app.inspector(), &code, "return-intake", judged).await.expect(200);
    assert_eq!(done["stage"], "returning");

    // Another piece lies in the bag: it goes to the buyer again, with what tells the two apart.
    let Placed { code, .. } = placed_as(&app, "KS-swapped", "delivered").await;
    send_back(&app, &code).await;
    let body = json!({"weight": weight("41.00"), "note": "没有质检扣"});
    post(app.clerk(), &code, "return-intake", body).await.expect(200);
    let compared = app.clerk().get(&format!("/v1/pieces/{code}/return-intake")).await.expect(200);
    assert_eq!(compared["proposed"], "not_same", "{compared}");
    photograph_return(&app, &code).await;
    let judged = json!({"identity": "not_same", "reason": "轻了十七克，且没有质检扣"});
    let done = two(app.clerk(), app.supervisor(), &code, "return-intake", judged).await.expect(200);
    assert_eq!(done["stage"], "returning_to_buyer");
});

both!(a_buyer_sends_back_by_their_page, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "delivered").await;
    let path = format!("{}/pieces/{}/return", placed.page, placed.code);
    let form = async |fields: &str| {
        let call = app.stranger().call(Method::POST, &path);
        call.bytes("application/x-www-form-urlencoded", fields.as_bytes().to_vec()).send().await
    };
    let page = app.stranger().get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"reason\""), "{}", page.text);
    // Who holds the link alone is asked for the digits.
    assert_eq!(form("reason=x&nonce=1&phone=9").await.status, 422);
    assert_eq!(form("reason=x&nonce=1&phone=0000").await.status, 403);
    assert_eq!(form("reason=x&nonce=1&phone=1001").await.status, 303);
    assert_eq!(form("reason=x&nonce=1&phone=1001").await.status, 303, "the second of two clicks");
    assert_eq!(stage(&app, &placed.code).await, "return_inbound");
    assert!(app.stranger().get(&path).await.text.contains("name=\"waybill\""));
    assert_eq!(form("carrier=sf&waybill=&nonce=2&phone=1001").await.status, 422);
    assert_eq!(form("carrier=sf&waybill=BACK1&nonce=3&phone=1001").await.status, 303);
    assert_eq!(form("carrier=sf&waybill=BACK1&nonce=3&phone=1001").await.status, 303, "the second of two clicks");
    assert_eq!(form("carrier=sf&waybill=BACK2&nonce=3&phone=1001").await.status, 409);
    assert_eq!(form("carrier=sf&waybill=BACK2&nonce=4&phone=1001").await.status, 409);
    let journal = app.auditor().get(&format!("/v1/pieces/{}/journal", placed.code)).await.expect(200);
    let last = &journal["events"].as_array().unwrap().last().unwrap()["event"];
    assert_eq!((last["kind"].as_str(), last["role"].as_str()), (Some("return_posted"), Some("buyer")));
});

both!(a_buyer_asks_for_another_look_by_their_page, |db| async move {
    let app = TestApp::new(db).await;
    let inside = placed_as(&app, "KS-inside", "cleared").await;
    let nothing = app.stranger().get(&format!("{}/pieces/{}/case", inside.page, inside.code)).await;
    assert!(!nothing.text.contains("<form"), "{}", nothing.text);
    let placed = placed_in(&app, "delivered").await;
    let path = format!("{}/pieces/{}/case", placed.page, placed.code);
    let form = async |fields: &str| {
        let call = app.stranger().call(Method::POST, &path);
        call.bytes("application/x-www-form-urlencoded", fields.as_bytes().to_vec()).send().await
    };
    // The order's page leads to both forms that a delivered piece has.
    let page = app.stranger().get(&placed.page).await.text;
    assert!(page.contains(&path) && page.contains(&format!("{}/pieces/{}/return", placed.page, placed.code)), "{page}");
    assert!(app.stranger().get(&path).await.text.contains("value=\"retest\""));
    assert_eq!(form("choice=parcel&nonce=1&phone=1001").await.status, 422);
    assert_eq!(form("choice=retest&nonce=1&phone=0000").await.status, 403);
    let asked = "choice=retest&reason=%E9%A2%9C%E8%89%B2%E4%B8%8D%E5%AF%B9&nonce=1&phone=1001";
    assert_eq!(form(asked).await.status, 303);
    assert_eq!(form(asked).await.status, 303, "a double click is one case");
    assert_eq!(form("choice=retest&nonce=2&phone=1001").await.status, 409);
    let page = app.stranger().get(&format!("{}?lang=en", placed.page)).await.text;
    assert!(page.contains("Another laboratory&#39;s look, asked on"), "{page}");
    assert_eq!(stage(&app, &placed.code).await, "delivered", "a case never moves its piece");
    let listed = app.supervisor().get("/v1/cases?state=open").await.expect(200);
    let own = &listed["cases"][0];
    assert_eq!((&own["piece"], &own["kind"]), (&json!(placed.code), &json!("retest")), "{listed}");
    assert_eq!((&listed["cases"][1], &listed["next_cursor"]), (&Value::Null, &Value::Null));
    assert_eq!(&app.supervisor().get("/v1/queue").await.expect(200)["cases"][0], own);
    let case = app.supervisor().get(&format!("/v1/cases/{}", own["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(case["note"], "颜色不对");
    app.platform().get("/v1/cases?state=lost").await.expect_problem(422, "malformed");
    assert_eq!(app.platform().get("/v1/cases?state=decided").await.expect(200)["cases"], json!([]));
});

both!(a_failed_line_is_filled_again_or_its_price_wanted_back, |db| async move {
    let app = TestApp::new(db).await;
    let Placed { code, .. } = placed_in(&app, "returning").await;
    let order_no = "KS-returning";
    let order = app.platform().get(&format!("/v1/orders/{order_no}")).await.expect(200);
    assert_eq!(
        (order["status"].as_str(), order["lines"][0]["status"].as_str()),
        (Some("resubmission"), Some("resubmission"))
    );
    assert_eq!(order["deadlines"][0]["kind"], "line:resubmission:1");
    let path = format!("/v1/orders/{order_no}/lines/1/resubmission");
    app.platform().post(&path, json!({})).await.expect_problem(403, "not_yours");
    let again = app.merchant().call(Method::POST, &path).json(json!({})).key("again");
    let opened = again.clone().send().await.expect(201);
    assert_eq!(opened["attempt"], 2);
    assert_ne!(opened["code"], json!(code));
    assert_eq!(again.send().await.expect(201), opened, "the same request again gets the same piece");
    app.merchant().post(&path, json!({})).await.expect_problem(409, "not_resubmittable");
    let order = app.platform().get(&format!("/v1/orders/{order_no}")).await.expect(200);
    assert_eq!((order["status"].as_str(), order["deadlines"].as_array().unwrap().len()), (Some("waiting"), 0));
    assert_eq!(order["lines"][0]["piece"]["code"], opened["code"]);

    placed_in(&app, "closed_returned").await;
    let order_no = "KS-closed_returned";
    let cancel = format!("/v1/orders/{order_no}/lines/1/cancel");
    let ended = app.platform().call(Method::POST, &cancel).json(json!({"reason": "不等了"})).key("ended");
    for _ in 0..2 {
        assert_eq!(ended.clone().send().await.expect(200)["status"], "cancelled");
    }
    let order = app.platform().get(&format!("/v1/orders/{order_no}")).await.expect(200);
    assert_eq!(order["status"], "cancelled");
    let path = format!("/v1/orders/{order_no}/lines/1/resubmission");
    app.merchant().post(&path, json!({})).await.expect_problem(409, "not_resubmittable");
});

both!(a_case_is_reported_and_decided_by_two_and_leaves_its_piece_alone, |db| async move {
    let app = TestApp::new(db).await;
    let other = second_supervisor(&app).await;
    let early = placed_in(&app, "outbound").await;
    let open = |code: &str, kind: &str| json!({"piece": code, "kind": kind, "note": "买家称材质不符"});
    app.platform().post("/v1/cases", open(&early.code, "retest")).await.expect_problem(409, "not_now");
    let Placed { code, .. } = placed_in(&app, "closed_completed").await;
    let before = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let case = app.platform().post("/v1/cases", open(&code, "counterfeit")).await.expect(201);
    assert_eq!((case["state"].as_str(), case["piece"].as_str()), (Some("open"), Some(code.as_str())));
    app.platform().post("/v1/cases", open(&code, "counterfeit")).await.expect_problem(409, "not_now");
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let decision = json!({"upheld": true, "revokes": true, "reason": "第二家实验室判定为合成"});
    app.supervisor().post(&format!("{path}/decision"), decision.clone()).await.expect_problem(409, "not_now");
    let report = json!({"laboratory": "lab-1", "number": "R-17", "contradicts": true, "report": "合成翡翠"});
    assert_eq!(app.platform().post(&format!("{path}/report"), report).await.expect(200)["state"], "reported");
    let waits = app.supervisor().post(&format!("{path}/decision"), decision.clone()).await.expect(202);
    assert_eq!(waits["state"], "reported");
    let again = app.supervisor().post(&format!("{path}/decision"), decision.clone()).await;
    again.expect_problem(409, "second_person_needed");
    let another = json!({"upheld": false, "reason": "证据不足"});
    other.post(&format!("{path}/decision"), another).await.expect_problem(409, "not_now");
    assert_eq!(other.post(&format!("{path}/decision"), decision).await.expect(200)["state"], "decided");
    // A closed piece never changes; its certificate is withdrawn by the case.
    let after = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    assert_eq!(before, after);
    assert_eq!(piece(app.auditor(), &code).await["capsule"]["revoked"], true);
    let keys = app.desk().keys().clone();
    let checked = touchstone::audit::check(app.store(), &keys, None, &mut ()).await.unwrap();
    assert!(checked.ok(), "{checked:?}");
    assert_eq!(touchstone::audit::rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
    let foreign = app.key(Role::Supervisor, warehouse("w-2")).await;
    foreign.get(&path).await.expect_problem(404, "not_found");
});

both!(a_parcel_for_a_closed_piece_is_a_case, |db| async move {
    let app = TestApp::new(db).await;
    let Placed { code, .. } = placed_in(&app, "closed_completed").await;
    let body = json!({"condition": "intact", "carrier": "sf", "pieces": [
        {"code": code, "condition": "intact", "weight": weight("58.40"), "note": "买家自行寄回"},
    ]});
    let call = app.clerk().call(Method::POST, "/v1/parcels/LATE/receipt").json(body).key("late");
    let done = call.clone().send().await.expect(200);
    assert_eq!(done["pieces"][0]["outcome"], "case", "{done}");
    assert_eq!(call.send().await.expect(200), done);
    let case =
        app.clerk().get(&format!("/v1/cases/{}", done["pieces"][0]["case_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((case["kind"].as_str(), case["state"].as_str()), (Some("parcel"), Some("open")));
});
