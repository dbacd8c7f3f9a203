//! What an operator keeps, and the events for an auditor.

use axum::http::Method;
use serde_json::{Value, json};
use touchstone::domain::ids::{PersonId, PieceCode};
use touchstone::store::changes::Changes;
use touchstone::store::queries;

use super::{at_once, count};
use crate::app::{TestApp, place};

both!(a_key_is_made_once_and_names_who_made_it, |db| async move {
    let app = TestApp::new(db).await;
    let (keys, people) = (count(db, "keys"), count(db, "people"));
    let body = json!({"name": "临时工", "role": "platform", "tenant": "fresh"});
    let call = app.operator().call(Method::POST, "/v1/keys").json(body.clone()).key("one");
    let answers = at_once(call.clone(), 8).await;
    let secrets = answers.iter().filter(|answer| answer.json["secret"].is_string()).count();
    assert_eq!(secrets, 1, "{answers:?}");
    let mut first = answers.iter().find(|answer| answer.status == 201).unwrap().json.clone();
    first.as_object_mut().unwrap().remove("secret");
    assert_eq!(first["created_by_key"], json!(app.operator().key));
    assert_eq!((count(db, "keys"), count(db, "people")), (keys + 1, people + 1));
    // Revoked by the same operator; the first answer stays the first answer.
    let revoke = format!("/v1/keys/{}/revoke", first["id"].as_str().unwrap());
    let revoked = app.operator().post(&revoke, json!({})).await.expect(200);
    assert_eq!(revoked["revoked_by_key"], json!(app.operator().key));
    assert_eq!(app.operator().post(&revoke, json!({})).await.expect(200), revoked);
    assert_eq!(call.send().await.expect(200), first);
    app.operator().post("/v1/keys/x/revoke", json!({})).await.expect_problem(404, "not_found");
    // Many keys of one new platform at once are no fault of ours.
    let body = json!({"name": "n", "role": "platform", "tenant": "newest"});
    let calls = (0..8).map(|_| app.operator().call(Method::POST, "/v1/keys").json(body.clone()));
    for task in calls.map(|call| tokio::spawn(call.send())).collect::<Vec<_>>() {
        task.await.unwrap().expect(201);
    }
});

both!(a_key_says_what_it_is_bound_to, |db| async move {
    let app = TestApp::new(db).await;
    let check = async |body: Value, pointers: &[&str]| {
        app.operator().post("/v1/keys", body).await.expect_faults(pointers);
    };
    let keys = count(db, "keys");
    check(json!({"role": "clerk"}), &["/person_id", "/warehouse"]).await;
    check(json!({"name": "n", "role": "king"}), &["/role"]).await;
    check(json!({"name": "n", "role": "clerk", "warehouse": "w-9"}), &["/warehouse"]).await;
    check(json!({"name": "n", "role": "clerk", "tenant": "t", "warehouse": "w-1"}), &["/tenant"]).await;
    check(json!({"name": "n", "role": "merchant", "tenant": "t"}), &["/merchant"]).await;
    check(json!({"name": "n", "role": "operator", "warehouse": "w-1"}), &["/warehouse"]).await;
    check(json!({"name": "n", "role": "auditor", "expires_at": "2020-01-01T00:00:00Z"}), &["/expires_at"]).await;
    check(json!({"person_id": uuid::Uuid::nil(), "role": "auditor"}), &["/person_id"]).await;
    check(json!({"name": "\u{0}", "role": "auditor"}), &["/name"]).await;
    assert_eq!(count(db, "keys"), keys);
    // A person may hold several.
    let body = json!({"person_id": app.clerk().person, "role": "supervisor", "warehouse": "w-1"});
    let made = app.operator().post("/v1/keys", body).await.expect(201);
    assert_eq!(made["person_id"], json!(app.clerk().person));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.operator().get(&format!("/v1/keys?limit=4{cursor}")).await.expect(200);
        seen.extend(page["keys"].as_array().unwrap().iter().map(|key| key["id"].clone()));
        assert!(page["keys"].as_array().unwrap().iter().all(|key| key.get("secret").is_none()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((seen.len(), seen.last()), (keys + 1, Some(&made["id"])));
});

both!(places_and_devices_are_added_and_changed, |db| async move {
    let app = TestApp::new(db).await;
    let warehouse = json!({"id": "w-3", "name": "广州质检仓", "address": "某路 1 号", "timezone": "Asia/Shanghai",
        "laboratory": "ngtc", "fees": []});
    let laboratory = json!({"id": "ngtc", "name": "国检", "cma": "230000000001", "cnas": "CNAS L0001"});
    let device = json!({"id": "b-9", "warehouse": "w-3", "kind": "balance", "serial": "S 1",
        "permissible_error": {"value": "0.01", "unit": "g"}, "adjusted_at": "2026-11-01T00:00:00Z",
        "adjustment_expires_at": "2027-11-01T00:00:00Z"});
    for (path, list, mut body) in [
        ("/v1/laboratories", "laboratories", laboratory),
        ("/v1/warehouses", "warehouses", warehouse),
        ("/v1/devices", "devices", device),
    ] {
        let call = app.operator().call(Method::POST, path).json(body.clone()).key(path);
        assert_eq!(call.clone().send().await.expect(201), body);
        assert_eq!(call.clone().send().await.expect(201), body, "the same request, the same answer");
        let field = if list == "devices" { "serial" } else { "name" };
        body[field] = json!("changed");
        assert_eq!(app.operator().post(path, body.clone()).await.expect(200), body);
        call.json(body.clone()).send().await.expect_problem(422, "key_reused");
        let all = app.operator().get(path).await.expect(200);
        let own = all[list].as_array().unwrap().iter().find(|row| row["id"] == body["id"]).unwrap();
        assert_eq!(*own, body);
    }
    let wrong = json!({"id": "w 3", "name": "\u{0}", "address": "", "timezone": "here", "laboratory": "none"});
    let pointers = ["/id", "/name", "/address", "/timezone", "/laboratory"];
    app.operator().post("/v1/warehouses", wrong).await.expect_faults(&pointers);
    let wrong = json!({"id": "", "warehouse": "w-9", "kind": "\u{0}", "serial": "\n",
        "permissible_error": {"value": "0,01", "unit": "g"}, "adjusted_at": "?", "adjustment_expires_at": "?"});
    let pointers =
        ["/id", "/warehouse", "/kind", "/serial", "/permissible_error/value", "/adjusted_at", "/adjustment_expires_at"];
    app.operator().post("/v1/devices", wrong).await.expect_faults(&pointers);
});

both!(a_person_is_erased_once, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 1).await;
    let buyer = buyer_of(&app, &codes[0]).await;
    let erase = format!("/v1/persons/{buyer}/erase");
    let answers = at_once(app.operator().call(Method::POST, &erase).json(json!({})).key("e"), 8).await;
    let first = answers[0].clone().expect(200);
    assert_eq!(first["erased_by_key"], json!(app.operator().key));
    for answer in answers {
        assert_eq!(answer.expect(200), first);
    }
    // The whole body comes to the same again by another key: no second event.
    assert_eq!(app.operator().post(&erase, json!({})).await.expect(200), first);
    let erased = app.auditor().get("/v1/events?kind=person_erased").await.expect(200);
    assert_eq!(erased["events"].as_array().unwrap().len(), 1);
    assert_eq!(erased["events"][0]["event"]["key_id"], json!(app.operator().key));
    assert_eq!(app.platform().get("/v1/orders/KS1").await.expect(200)["lines"][0]["title"], Value::Null);
    for id in ["x", &uuid::Uuid::nil().to_string()] {
        app.operator().post(&format!("/v1/persons/{id}/erase"), json!({})).await.expect_problem(404, "not_found");
    }
    let body = json!({"person_id": buyer, "role": "auditor"});
    app.operator().post("/v1/keys", body).await.expect_faults(&["/person_id"]);
});

both!(two_erasures_at_once_are_one, |db| async move {
    let app = TestApp::new(db).await;
    let buyer = buyer_of(&app, &place(&app, "KS1", 1).await[0]).await;
    let before = queries::person(app.store().reader(), buyer.0).await.unwrap().unwrap();
    let erase = format!("/v1/persons/{buyer}/erase");
    let calls = (0..8).map(|_| app.operator().call(Method::POST, &erase).json(json!({})));
    for task in calls.map(|call| tokio::spawn(call.send())).collect::<Vec<_>>() {
        task.await.unwrap().expect(200);
    }
    assert_eq!(count(db, "events WHERE kind = 'person_erased'"), 1);
    // An order that was read before the erasure and is written behind it brings nothing back.
    let txn = app.store().begin().await.unwrap();
    let changes = Changes { people: vec![before], ..Changes::default() };
    txn.write(changes).await.unwrap();
    txn.commit().await.unwrap();
    let after = queries::person(app.store().reader(), buyer.0).await.unwrap().unwrap();
    assert_eq!((after.wrapped_key, after.sealed), (None, None));
});

async fn buyer_of(app: &TestApp, code: &str) -> PersonId {
    let located = app.desk().locate(&PieceCode::parse(code).unwrap()).await.unwrap().unwrap();
    app.desk().read_piece(located.key).await.unwrap().unwrap().placed.buyer_id
}

both!(an_auditor_reads_every_event_in_order, |db| async move {
    let app = TestApp::new(db).await;
    for no in 1..=3 {
        place(&app, &format!("KS{no}"), 2).await;
    }
    let (mut seen, mut cursor): (Vec<Value>, _) = (Vec::new(), String::new());
    loop {
        let page = app.auditor().get(&format!("/v1/events?limit=4{cursor}")).await.expect(200);
        seen.extend(page["events"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 9);
    let times: Vec<_> = seen.iter().map(|event| event["event"]["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    for event in &seen {
        let hash = touchstone::capsule::chain::hash(&event["event"].to_string());
        assert_eq!(event["hash"], hash.to_string());
    }
    let from = times[6];
    let late = app.auditor().get(&format!("/v1/events?from={from}&kind=piece_opened")).await.expect(200);
    assert_eq!(late["events"].as_array().unwrap().len(), 2);
    app.operator().get("/v1/events").await.expect_problem(403, "not_yours");
});
