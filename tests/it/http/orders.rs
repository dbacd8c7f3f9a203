//! Orders and live sessions.

use std::fs;
use std::path::Path;

use axum::http::Method;
use serde_json::{Value, json};

use super::{at_once, count};
use crate::app::{TENANT, TestApp, merchant, place, sample_order, sample_order_of, tenant};
use touchstone::domain::actor::Role;

both!(an_order_is_taken_in_once, |db| async move {
    let app = TestApp::new(db).await;
    let first = app.platform().call(Method::POST, "/v1/orders").json(sample_order_of("KS1", 2)).key("one");
    let placed = first.clone().send().await.expect(201);
    assert_eq!((placed["order_no"].as_str(), placed["status"].as_str()), (Some("KS1"), Some("waiting")));
    assert_eq!(placed["warehouse"], json!({"id": "w-1", "address": "示例省样品市检验路 w-1"}));
    assert!(placed["tracking_url"].as_str().unwrap().starts_with("https://touchstone.example/t/"));
    assert_eq!(placed["lines"][1]["line_no"], 2);
    assert_eq!(placed["lines"][1]["piece"]["stage"], "awaiting_dispatch");

    // The same request is the same answer; the same order by another request is not a new one.
    assert_eq!(first.clone().send().await.expect(201), placed);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    app.clerk()
        .post(
            &format!("/v1/pieces/{code}/receipt"),
            json!({"condition": "intact", "weight": crate::walk::weight("58.41")}),
        )
        .await
        .expect(200);
    assert_eq!(app.platform().post("/v1/orders", sample_order_of("KS1", 2)).await.expect(200), placed);
    let mut other = sample_order_of("KS1", 2);
    other["lines"][0]["price"]["amount"] = json!(1);
    app.platform().post("/v1/orders", other.clone()).await.expect_problem(409, "order_differs");
    first.json(other).send().await.expect_problem(422, "key_reused");
    assert_eq!((count(db, "orders"), count(db, "pieces"), count(db, "people WHERE kind = 'buyer'")), (1, 2, 1));

    // Another platform may use the same number.
    let other = app.key(Role::Platform, tenant("other")).await;
    other.get("/v1/orders/KS1").await.expect_problem(404, "not_found");
    other.post("/v1/orders", sample_order("KS1")).await.expect(201);
});

both!(the_same_order_many_times_at_once_is_one, |db| async move {
    let app = TestApp::new(db).await;
    let call = app.platform().call(Method::POST, "/v1/orders").json(sample_order("KS1")).key("one");
    let answers = at_once(call, 16).await;
    let first = answers[0].clone().expect(201);
    for answer in answers {
        assert_eq!(answer.expect(201), first);
    }
    assert_eq!((count(db, "orders"), count(db, "pieces")), (1, 1));
});

both!(an_order_is_shown_to_those_it_concerns, |db| async move {
    let app = TestApp::new(db).await;
    place(&app, "KS1", 2).await;
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    assert_eq!(order["lines"].as_array().unwrap().len(), 2);
    assert_eq!(order["lines"][0]["title"], "冰糯种飘阳绿翡翠圆条手镯 天然A货 56.5圈口");
    assert_eq!(order["lines"][0]["price"], json!({"amount": 186_000, "currency": "CNY"}));
    assert!(order["tracking_url"].is_string());
    let seen = app.merchant().get("/v1/orders/KS1").await.expect(200);
    assert_eq!(seen["tracking_url"], Value::Null, "a buyer's page is not the merchant's");
    let other = app.key(Role::Merchant, merchant(TENANT, "m-2")).await;
    other.get("/v1/orders/KS1").await.expect_problem(404, "not_found");
    for no in ["KS2", "%00", "a%20b", &"x".repeat(65)] {
        app.platform().get(&format!("/v1/orders/{no}")).await.expect_problem(404, "not_found");
    }
});

both!(orders_are_listed_page_by_page, |db| async move {
    let app = TestApp::new(db).await;
    for no in 1..=5 {
        place(&app, &format!("KS{no}"), 1).await;
    }
    app.platform().post("/v1/orders/KS2/lines/1/cancel", json!({})).await.expect(200);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.merchant().get(&format!("/v1/orders?limit=2{cursor}")).await.expect(200);
        let orders = page["orders"].as_array().unwrap();
        assert!(orders.len() <= 2);
        seen.extend(orders.iter().map(|order| order["order_no"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["KS1", "KS2", "KS3", "KS4", "KS5"]);
    let cancelled = app.platform().get("/v1/orders?status=cancelled").await.expect(200);
    assert_eq!(cancelled["orders"].as_array().unwrap().len(), 1);
    assert_eq!(cancelled["orders"][0]["order_no"], "KS2");
    assert_eq!(app.auditor().get("/v1/orders").await.expect(200)["orders"].as_array().unwrap().len(), 5);
    assert_eq!(app.clerk().get("/v1/orders").await.expect(200)["orders"].as_array().unwrap().len(), 5);
    let elsewhere = app.key(Role::Clerk, crate::app::warehouse("w-2")).await;
    assert_eq!(elsewhere.get("/v1/orders").await.expect(200)["orders"], json!([]));
    app.platform().get("/v1/orders?status=%00").await.expect_faults(&["?status"]);
    app.platform().get("/v1/orders?limit=0").await.expect_faults(&["?limit"]);
    app.platform().get("/v1/orders?limit=x").await.expect_problem(400, "bad_query");
    app.platform().get("/v1/orders?sort=x").await.expect_problem(400, "bad_query");
    for cursor in ["x", "e30", "bnVsbA", "%00", "W10"] {
        app.platform().get(&format!("/v1/orders?cursor={cursor}")).await.expect_problem(400, "bad_cursor");
    }
});

both!(the_fixtures_are_orders, |db| async move {
    let app = TestApp::new(db).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/orders");
    let mut taken = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let fixture: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            app.platform().post("/v1/orders", fixture["order"].clone()).await.expect(201);
            taken += 1;
        }
    }
    assert!(12 <= taken);
    assert_eq!(count(db, "orders"), taken);
});

both!(a_platform_may_choose_the_warehouse, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order("KS1");
    order["warehouse"] = json!("w-2");
    assert_eq!(app.platform().post("/v1/orders", order.clone()).await.expect(201)["warehouse"]["id"], "w-2");
    order["order_no"] = json!("KS2");
    order["warehouse"] = json!("w-3");
    app.platform().post("/v1/orders", order).await.expect_faults(&["/warehouse"]);
    assert_eq!(count(db, "orders"), 1);
});

both!(a_line_is_cancelled_by_its_number, |db| async move {
    let app = TestApp::new(db).await;
    place(&app, "KS1", 2).await;
    let cancel =
        app.platform().call(Method::POST, "/v1/orders/KS1/lines/2/cancel").json(json!({"reason": "拍错了"})).key("c");
    let done = cancel.clone().send().await;
    assert_eq!(done.etag(), Some(2));
    assert_eq!(done.clone().expect(200)["stage"], "closed");
    assert_eq!(cancel.send().await.expect(200), done.expect(200));
    for path in ["/v1/orders/KS1/lines/3/cancel", "/v1/orders/KS1/lines/x/cancel", "/v1/orders/KS9/lines/1/cancel"] {
        app.platform().post(path, json!({})).await.expect_problem(404, "not_found");
    }
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    assert_eq!((order["status"].as_str(), order["lines"][1]["status"].as_str()), (Some("waiting"), Some("cancelled")));
});

both!(a_transcript_makes_its_session_known, |db| async move {
    let app = TestApp::new(db).await;
    let transcript = json!({"format": "text", "content": "00:00:01 姐妹们看这条冰糯种手镯"});
    app.platform().put("/v1/lives/r-9/transcript", transcript).await.expect(200);
    assert_eq!(count(db, "lives WHERE transcript_id IS NOT NULL"), 1);
    // What is told of the session later goes beside it.
    app.platform().put("/v1/lives/r-9", json!({"room_id": "9"})).await.expect(200);
    assert_eq!(count(db, "lives WHERE transcript_id IS NOT NULL AND room_id = '9'"), 1);
});

both!(live_sessions_and_their_transcripts_are_kept, |db| async move {
    let app = TestApp::new(db).await;
    let content = "1\n00:00:01,000 --> 00:00:03,000\n姐妹们看这条冰糯种手镯\n";
    let transcript = json!({"format": "srt", "content": content});
    let put = app.platform().call(Method::PUT, "/v1/lives/r-9/transcript").json(transcript).key("t");
    let live = json!({"room_id": "9", "started_at": "2026-11-21T01:00:00Z", "replay_url": "https://live.example/9"});
    let kept = app.platform().put("/v1/lives/r-9", live).await.expect(200);
    assert_eq!(kept["started_at"], "2026-11-21T01:00:00Z");
    let answers = at_once(put, 8).await;
    let first = answers[0].clone().expect(200);
    assert!(first["transcript_id"].is_string());
    for answer in answers {
        assert_eq!(answer.expect(200), first);
    }
    assert_eq!(count(db, "transcripts"), 1);
    assert!(!db.client("SELECT * FROM transcripts").text.contains("冰糯种"));
    // Telling of the session again leaves the transcript with it.
    app.platform().put("/v1/lives/r-9", json!({})).await.expect(200);
    assert_eq!(count(db, "lives WHERE transcript_id IS NOT NULL"), 1);

    let path = "/v1/lives/r-9/transcript";
    app.platform()
        .put(path, json!({"format": "doc", "content": "\u{0}"}))
        .await
        .expect_faults(&["/format", "/content"]);
    let long = "长".repeat(4 * 1024 * 1024 / 3 + 1);
    app.platform().put(path, json!({"format": "text", "content": long})).await.expect_faults(&["/content"]);
    let longer = "x".repeat(9 * 1024 * 1024);
    app.platform().put(path, json!({"format": "text", "content": longer})).await.expect_problem(413, "too_large");
    let wrong = json!({"room_id": "a\nb", "started_at": "yesterday", "replay_url": "javascript:alert(1)"});
    app.platform().put("/v1/lives/r-9", wrong).await.expect_faults(&["/room_id", "/started_at", "/replay_url"]);
    app.platform().put("/v1/lives/%00", json!({})).await.expect_problem(404, "not_found");
    app.merchant().put("/v1/lives/r-9", json!({})).await.expect_problem(403, "not_yours");
});
