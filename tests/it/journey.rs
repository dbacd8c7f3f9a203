//! A piece's journey over HTTP: the main line, and what turns it aside.

use serde_json::json;

use crate::app::{TestApp, place};
use crate::walk::{self, Stop, appraisal, piece, settle, speech_unavailable, tag, walk, weight};

both!(a_piece_goes_from_the_order_to_its_buyer, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 1).await;
    walk(&app, &codes[0], Stop::Delivered).await;
    let seen = piece(app.platform(), &codes[0]).await;
    assert_eq!(seen["stage"], "delivered");
    assert_eq!(seen["verdict"]["verdict"], "pass");
    assert_eq!(seen["capsule"]["revoked"], false);
    assert_eq!(seen["allowed"], json!(["completed", "return", "notes"]));
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    assert_eq!(order["status"], "delivered");
    app.platform().post(&format!("/v1/pieces/{}/completed", codes[0]), json!({})).await.expect(200);
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    assert_eq!((order["status"].as_str(), order["lines"][0]["status"].as_str()), (Some("done"), Some("done")));
    let lost = json!({"what": "lost", "note": "?"});
    let late = app.clerk().post(&format!("/v1/pieces/{}/custody", codes[0]), lost).await;
    late.expect_problem(409, "wrong_stage");
});

both!(the_gate_does_not_pass_without_the_speech, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    settle(&app, code).await;
    let proposal = walk::proposal(&app, code).await;
    let verdict = format!("/v1/pieces/{code}/verdict");
    app.inspector().post(&verdict, json!({"proposal": proposal})).await.expect_problem(409, "evidence_missing");
    // One person cannot record it, and neither can they confirm themselves with another key.
    let body = json!({"command": "speech-unavailable", "body": {"reason": "没有录音"}});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), body).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", proposed["id"].as_str().unwrap());
    app.inspector().post(&confirm, json!({})).await.expect_problem(409, "second_person_needed");
    let other_key = app
        .key_of(
            Some(app.inspector().person),
            touchstone::domain::actor::Role::Supervisor,
            crate::app::warehouse(crate::app::WAREHOUSE),
        )
        .await;
    other_key.post(&confirm, json!({})).await.expect_problem(409, "second_person_needed");
    let queue = app.second_inspector().get("/v1/queue").await.expect(200);
    assert_eq!(queue["proposals"][0]["id"], proposed["id"]);
    app.supervisor().post(&confirm, json!({})).await.expect(200);
    app.second_inspector().post(&confirm, json!({})).await.expect_problem(409, "proposal_gone");
    app.inspector().post(&verdict, json!({"proposal": proposal})).await.expect(200);
});

both!(a_verdict_is_never_milder_than_the_findings, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    let mut found = appraisal();
    found["components"][0]["treatment"] = json!("漂白、充填");
    app.inspector().post(&format!("/v1/pieces/{code}/appraisals"), found.clone()).await.expect(200);
    speech_unavailable(&app, code).await;
    settle(&app, code).await;
    // No pass by one person alone: another looks, and finds the same.
    found["weight"] = walk::weighed("58.40");
    app.second_inspector().post(&format!("/v1/pieces/{code}/appraisals"), found).await.expect(200);
    speech_unavailable(&app, code).await;
    settle(&app, code).await;
    let proposal = walk::proposal(&app, code).await;
    let verdict = format!("/v1/pieces/{code}/verdict");
    app.inspector()
        .post(&verdict, json!({"proposal": proposal, "stricter": "pass"}))
        .await
        .expect_problem(409, "evidence_missing");
    app.inspector().post(&verdict, json!({"proposal": proposal})).await.expect_problem(422, "evidence_incomplete");
    for milder in ["disclosed_difference", "undetermined"] {
        let body = json!({"proposal": proposal, "stricter": milder, "reason": "?"});
        app.inspector().post(&verdict, body).await.expect_problem(409, "evidence_missing");
    }
    let held = json!({"proposal": proposal, "stricter": "suspected_counterfeit"});
    app.inspector().post(&verdict, held).await.expect_problem(422, "evidence_incomplete");
    app.inspector().post(&verdict, json!({"proposal": proposal, "reason": "充填处理，与声明不符"})).await.expect(200);
    assert_eq!(piece(app.merchant(), code).await["stage"], "failed");
    // Back to the merchant by their waiver.
    app.merchant().post(&format!("/v1/pieces/{code}/appeal-waiver"), json!({})).await.expect(200);
    app.clerk().get(&format!("/v1/pieces/{code}/label")).await.expect_problem(409, "no_label");
    let label = app.clerk().get(&format!("/v1/pieces/{code}/return-label")).await.expect(200);
    assert!(label["to"]["address"].as_str().unwrap().contains("玉石路"));
    let body = json!({"carrier": "sf", "waybill": "BACK-1"});
    app.clerk().post(&format!("/v1/pieces/{code}/return-shipment"), body).await.expect(200);
    app.clerk().post(&format!("/v1/pieces/{code}/returned"), json!({"how": "delivered"})).await.expect(200);
    let seen = piece(app.merchant(), code).await;
    assert_eq!((seen["stage"].as_str(), seen["outcome"].as_str()), (Some("closed"), Some("returned")));
    assert_eq!(app.platform().get("/v1/orders/KS1").await.expect(200)["status"], "resubmission");
});

both!(a_milder_finding_takes_two_persons, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    let mut found = appraisal();
    found["components"][0]["material"] = json!("石英岩玉");
    app.inspector().post(&format!("/v1/pieces/{code}/appraisals"), found).await.expect(200);
    let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    let entry = &ledger["entries"][0];
    assert_eq!((entry["kind"].as_str(), entry["proposed"].as_str()), (Some("material"), Some("contradicted")));
    let entries = json!([{"claim_id": entry["claim_id"], "finding": "confirmed", "note": "复检两次，看错了"}]);
    let body = json!({"proposal": ledger["proposal"], "entries": entries});
    let path = format!("/v1/pieces/{code}/ledger");
    app.inspector().post(&path, body.clone()).await.expect_problem(409, "second_person_needed");
    let proposal = json!({"command": "ledger", "body": body});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), proposal).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", proposed["id"].as_str().unwrap());
    let first = app.second_inspector().call(axum::http::Method::POST, &confirm).json(json!({})).key("one").send().await;
    let again = app.second_inspector().call(axum::http::Method::POST, &confirm).json(json!({})).key("one").send().await;
    assert_eq!(first.clone().expect(200), again.expect(200));
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let last = &journal["events"].as_array().unwrap().last().unwrap()["event"];
    assert_eq!(last["payload"]["proposed_by"]["person_id"], json!(app.inspector().person));
    assert_eq!(last["person_id"], json!(app.second_inspector().person));
});

both!(the_appraiser_does_not_release, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Tagged).await;
    let release = format!("/v1/pieces/{code}/release");
    app.inspector().post(&release, json!({})).await.expect_problem(409, "evidence_missing");
    app.clerk().get(&format!("/v1/pieces/{code}/label")).await.expect_problem(409, "no_label");
    let released = app.supervisor().post(&release, json!({})).await.expect(200);
    assert_eq!(released["capsule"]["credential"].as_str().unwrap().split('.').count(), 3);
    let label = app.clerk().get(&format!("/v1/pieces/{code}/label")).await.expect(200);
    assert!(label["to"]["address"].as_str().unwrap().contains("桂花路"));
});

both!(a_packing_weight_that_differs_is_weighed_again_and_then_held, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    let path = format!("/v1/pieces/{code}/tag");
    app.clerk().post(&path, tag("T-1", "58.46")).await.expect_problem(422, "packing_weight_differs");
    let mut other = tag("T-1", "58.40");
    other["weight"]["includes"] = json!(["cord"]);
    app.clerk().post(&path, other).await.expect_problem(409, "evidence_missing");
    // 0.05 g apart is within the limit for a stone.
    let mut held = tag("T-1", "58.46");
    held["confirm_mismatch"] = json!(true);
    let answer = app.clerk().post(&path, held).await.expect(200);
    assert_eq!(answer["stage"], "quarantined");
});

both!(a_cancellation_moves_a_piece_by_its_stage, |db| async move {
    let app = TestApp::new(db).await;
    let cases = [
        (Stop::AwaitingDispatch, "closed"),
        (Stop::Inbound, "inbound"),
        (Stop::Received, "returning"),
        (Stop::Appraising, "returning"),
        (Stop::SpokenReview, "returning"),
        (Stop::Cleared, "returning"),
        (Stop::Tagged, "returning"),
        (Stop::Released, "returning"),
    ];
    for (at, (stop, stage)) in cases.into_iter().enumerate() {
        let code = &place(&app, &format!("KS{at}"), 1).await[0];
        walk(&app, code, stop).await;
        let answer = app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({"reason": "不想要了"})).await;
        assert_eq!(answer.expect(200)["stage"], stage, "{stop:?}");
        let seen = piece(app.platform(), code).await;
        if stop == Stop::Released {
            assert_eq!(seen["capsule"]["revoked"], true);
            assert_eq!(seen["tag"], json!(null));
        }
    }
    let code = &place(&app, "KS-late", 1).await[0];
    walk(&app, code, Stop::Outbound).await;
    let late = app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({})).await;
    late.expect_problem(409, "wrong_stage");
});

both!(a_flagged_piece_goes_back_when_it_arrives, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Inbound).await;
    app.platform().post("/v1/orders/KS1/lines/1/cancel", json!({"reason": "拍错了"})).await.expect(200);
    let body = json!({"condition": "intact", "weight": weight("58.40")});
    let answer = app.clerk().post(&format!("/v1/pieces/{code}/receipt"), body).await.expect(200);
    assert_eq!(answer["stage"], "returning");
});

both!(what_is_lost_in_the_house_is_closed_and_what_is_damaged_goes_back, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    walk(&app, &codes[0], Stop::Released).await;
    walk(&app, &codes[1], Stop::Appraising).await;
    let lost = json!({"what": "lost", "note": "盘点时不见"});
    let answer = app.clerk().post(&format!("/v1/pieces/{}/custody", codes[0]), lost).await.expect(200);
    assert_eq!((answer["stage"].as_str(), answer["outcome"].as_str()), (Some("closed"), Some("lost")));
    assert_eq!(piece(app.supervisor(), &codes[0]).await["capsule"]["revoked"], true);
    let damaged = json!({"what": "damaged", "note": "跌落"});
    let answer = app.inspector().post(&format!("/v1/pieces/{}/custody", codes[1]), damaged).await.expect(200);
    assert_eq!(answer["stage"], "returning");
});

both!(an_author_corrects_an_appraisal_until_the_verdict, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Settled).await;
    let path = format!("/v1/pieces/{code}/corrections");
    let journal = app.inspector().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let seq = journal["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stored| stored["event"]["kind"] == "appraisal_submitted")
        .map(|stored| stored["event"]["seq"].clone())
        .unwrap();
    let mut better = appraisal();
    better["weight"] = crate::walk::weighed("58.39");
    let body = json!({"seq": seq, "replacement": {"appraisal": better}, "reason": "看错一位"});
    app.second_inspector().post(&path, body.clone()).await.expect_problem(403, "not_author");
    app.supervisor().post(&path, body.clone()).await.expect_problem(403, "not_author");
    let answer = app.inspector().post(&path, body.clone()).await.expect(200);
    let kinds: Vec<_> = answer["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["corrected", "claims_read", "ledger_proposed"]);
    let seen = piece(app.inspector(), code).await;
    assert_eq!(seen["appraisal"]["weight"]["value"], "58.39");
    assert!(seen["ledger"]["entries"].as_array().unwrap().iter().all(|entry| entry["finding"].is_null()));
    settle(&app, code).await;
    let proposal = walk::proposal(&app, code).await;
    app.inspector().post(&format!("/v1/pieces/{code}/verdict"), json!({"proposal": proposal})).await.expect(200);
    app.inspector().post(&path, body).await.expect_problem(409, "not_correctable");
});

both!(a_piece_is_handed_over_to_a_colleague_only, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Appraising).await;
    let path = format!("/v1/pieces/{code}/handover");
    app.inspector().post(&path, json!({"to": app.clerk().person})).await.expect_faults(&["/to"]);
    app.inspector().post(&path, json!({"to": app.second_inspector().person})).await.expect(200);
});

both!(an_old_page_changes_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    let seen = app.merchant().get(&format!("/v1/pieces/{code}")).await;
    let etag = seen.etag().unwrap();
    walk(&app, code, Stop::Inbound).await;
    let path = format!("/v1/pieces/{code}/cancel");
    let call = app.platform().call(axum::http::Method::POST, &path).json(json!({}));
    call.clone().if_match(etag).send().await.expect_problem(412, "stale");
    call.if_match(etag + 1).send().await.expect(200);
});

both!(passed_pieces_of_an_order_that_ships_together_wait, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = crate::app::sample_order_of("KS1", 2);
    order["ship"] = json!("together");
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = |line: usize| placed["lines"][line]["piece"]["code"].as_str().unwrap().to_owned();
    walk(&app, &code(0), Stop::Cleared).await;
    let path = format!("/v1/pieces/{}/tag", code(0));
    app.clerk().post(&path, tag("T-1", "58.40")).await.expect_problem(409, "waits_for_lines");
    walk(&app, &code(1), Stop::Cleared).await;
    app.clerk().post(&path, tag("T-1", "58.40")).await.expect(200);
    // The tag is one piece's for ever.
    let other = format!("/v1/pieces/{}/tag", code(1));
    app.clerk().post(&other, tag("T-1", "58.40")).await.expect_problem(409, "tag_taken");
});

both!(the_buyers_page_tells_the_stage_and_shows_no_markup_and_no_name, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = crate::app::sample_order("KS1");
    order["lines"][0]["title"] = json!("<script>alert(1)</script> 翡翠手镯");
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let url = placed["tracking_url"].as_str().unwrap();
    let path = url.strip_prefix("https://touchstone.example").unwrap();
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(&app, code, Stop::Delivered).await;
    let page = app.stranger().get(path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("已送达") && page.text.contains("&#60;script&#62;"), "{}", page.text);
    for hidden in ["<script>", "林晚舟", "17000001001", "桂花路", "KS1"] {
        assert!(!page.text.contains(hidden), "{hidden} is on the page");
    }
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let english = app.stranger().get(&format!("{path}?lang=en")).await;
    assert!(english.text.contains("Delivered"));
    let wrong = app.stranger().get("/t/AAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(wrong.status, 404);
});

both!(the_queue_is_in_order_and_forgets_nobody, |db| async move {
    let app = TestApp::new(db).await;
    let mut codes = Vec::new();
    for at in 0..5 {
        codes.push(place(&app, &format!("KS{at}"), 1).await.remove(0));
    }
    for code in &codes[..4] {
        walk(&app, code, Stop::Received).await;
    }
    // A failed piece waits for a word whose clock starts later: no clock runs, and it stands in the queue all the same.
    walk(&app, &codes[4], Stop::Settled).await;
    let proposal = walk::proposal(&app, &codes[4]).await;
    let failed = |proposal| json!({"proposal": proposal, "stricter": "not_as_described", "reason": "裂"});
    app.inspector().post(&format!("/v1/pieces/{}/verdict", codes[4]), failed(proposal)).await.expect(200);
    app.second_inspector().post(&format!("/v1/pieces/{}/appraisals", codes[4]), appraisal()).await.expect(200);
    speech_unavailable(&app, &codes[4]).await;
    settle(&app, &codes[4]).await;
    let proposal = walk::proposal(&app, &codes[4]).await;
    app.inspector().post(&format!("/v1/pieces/{}/verdict", codes[4]), failed(proposal)).await.expect(200);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.supervisor().get(&format!("/v1/queue?limit=2{cursor}")).await.expect(200);
        let pieces = page["pieces"].as_array().unwrap();
        seen.extend(pieces.iter().map(|piece| piece["code"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.iter().collect::<std::collections::BTreeSet<_>>().len(), seen.len());
    assert_eq!(seen, codes, "first what is due first, last what has no clock");
    let received = app.inspector().get("/v1/queue?stage=received").await.expect(200);
    assert_eq!(received["pieces"].as_array().unwrap().len(), 4);
    app.inspector().get("/v1/queue?cursor=nonsense").await.expect_problem(400, "bad_cursor");
    app.inspector().get("/v1/queue?stage=nowhere").await.expect_problem(422, "malformed");
});
