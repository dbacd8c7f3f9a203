//! Second looks over HTTP: what the next to look must not see, by any route; repeats; draws; reference pieces.

use axum::http::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use touchstone::domain::actor::Role;

use crate::app::{Client, TENANT, TestApp, place, sample_order, warehouse};
use crate::support::SEED;
use crate::walk::{Stop, appraisal, photograph, piece, proposal, settle, speech_unavailable, tag, walk, weighed};

/// The sample bangle at a price from which two look.
async fn dear(app: &TestApp, order_no: &str) -> String {
    let mut order = sample_order(order_no);
    order["lines"][0]["price"]["amount"] = json!(200_000);
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    placed["lines"][0]["piece"]["code"].as_str().unwrap().to_owned()
}

fn found(material: &str, weight: &str) -> Value {
    let mut body = appraisal();
    body["components"][0]["material"] = json!(material);
    body["weight"] = weighed(weight);
    body["remarks"] = json!("备注秘密XQ");
    body
}

async fn submit(client: &Client, code: &str, body: Value) -> Value {
    client.post(&format!("/v1/pieces/{code}/appraisals"), body).await.expect(200)
}

async fn photo(client: &Client, code: &str, kind: &str) -> Value {
    let png = include_bytes!("../../fixtures/photos/ring.png");
    let boundary = "boundary-of-the-form";
    let mut body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--{boundary}\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"p.png\"\r\ncontent-type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(png);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let media = format!("multipart/form-data; boundary={boundary}");
    client.call(Method::POST, &format!("/v1/pieces/{code}/photos")).bytes(&media, body).send().await.expect(200)
}

both!(the_second_sees_nothing_of_the_first_by_any_route_until_both_are_in, |db| async move {
    let app = TestApp::new(db).await;
    let code = dear(&app, "KS1").await;
    walk(&app, &code, Stop::Appraising).await;
    // What the first found is told by nothing else on the way.
    photo(app.inspector(), &code, "secret_kind_xq").await;
    let first = submit(app.inspector(), &code, found("岫玉", "57.77")).await;
    assert_eq!(first["stage"], "appraising");
    let secrets = ["岫玉", "57.77", "57770000", "备注秘密", "secret_kind_xq", "second_look", "appraisal_submitted"];
    let both_keys = app.key_of(Some(app.second_inspector().person), Role::Supervisor, warehouse("w-1")).await;
    let everybody = [app.second_inspector(), &both_keys, app.supervisor(), app.clerk(), app.platform(), app.merchant()];
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    let page = order["tracking_url"].as_str().unwrap().replace("https://touchstone.example", "");
    for client in everybody {
        for path in ["", "/ledger", "/journal", "/transcript", "/label", "/return-label"] {
            let answer = client.get(&format!("/v1/pieces/{code}{path}")).await;
            for secret in secrets {
                assert!(!answer.text.contains(secret), "{secret} in {answer:?}");
            }
        }
        for path in ["/v1/queue", "/v1/orders", "/v1/events", "/v1/lost-and-found", "/v1/orders/KS1", &page] {
            let answer = client.get(path).await;
            for secret in secrets {
                assert!(!answer.text.contains(secret), "{secret} in {answer:?}");
            }
        }
    }
    let seen = piece(app.second_inspector(), &code).await;
    assert_eq!((&seen["appraisal"], &seen["ledger"], &seen["looks"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!(seen["bench"], json!({"takes_you": true, "repeat": null}));
    assert_eq!(piece(app.inspector(), &code).await["bench"]["takes_you"], false);
    app.second_inspector().get(&format!("/v1/pieces/{code}/journal")).await.expect_problem(409, "bench_closed");
    app.second_inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect_problem(409, "bench_closed");

    // They differ, and it is still closed; a third decides, and then everything is open.
    assert_eq!(submit(app.second_inspector(), &code, found("翡翠", "58.40")).await["stage"], "appraising");
    app.second_inspector().get(&format!("/v1/pieces/{code}/journal")).await.expect_problem(409, "bench_closed");
    let third = app.key(Role::Inspector, warehouse("w-1")).await;
    assert_eq!(submit(&third, &code, found("翡翠", "58.41")).await["stage"], "spoken_review");
    let seen = piece(app.second_inspector(), &code).await;
    assert_eq!(seen["looks"]["persons"], 2);
    let codes: Vec<_> = seen["looks"]["because"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["value", "dispute"]);
    assert!(seen["looks"]["because"][0]["zh"].as_str().unwrap().contains("双人"));
    let matters: Vec<_> =
        seen["looks"]["disputes"].as_array().unwrap().iter().map(|one| one["matter"].clone()).collect();
    assert_eq!(matters, ["weight", "material", "weight", "material"]);

    // What each found is counted, exactly.
    let now = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
    let told = app.supervisor().get(&format!("/v1/inspectors/agreement?to={now}")).await.expect(200);
    let of = |client: &Client| {
        let all = told["inspectors"].as_array().unwrap();
        all.iter().find(|one| one["person_id"] == json!(client.person)).unwrap()["agreement"].clone()
    };
    assert_eq!(of(app.inspector())["share"], "0.000");
    let second = of(app.second_inspector());
    assert_eq!((&second["count"], &second["of"], &second["share"]), (&json!(1), &json!(2), &json!("0.500")));
    assert_eq!(second["differing"], json!({"weight": 1, "material": 1}));
    let elsewhere = app.key(Role::Supervisor, warehouse("w-2")).await;
    let told = elsewhere.get(&format!("/v1/inspectors/agreement?to={now}")).await.expect(200);
    assert_eq!(told["inspectors"], json!([]));
});

both!(two_keys_of_one_person_are_one_person, |db| async move {
    let app = TestApp::new(db).await;
    let code = dear(&app, "KS1").await;
    walk(&app, &code, Stop::Appraising).await;
    submit(app.inspector(), &code, appraisal()).await;
    let same = app.key_of(Some(app.inspector().person), Role::Inspector, warehouse("w-1")).await;
    let path = format!("/v1/pieces/{code}/appraisals");
    same.post(&path, appraisal()).await.expect_problem(409, "evidence_missing");
    app.inspector().post(&path, found("翡翠", "58.41")).await.expect_problem(409, "evidence_missing");
    // Nor is it somebody who reads every journal with another key.
    let auditor = app.key(Role::Auditor, touchstone::desk::KeyScope::default()).await;
    let both = app.key_of(Some(auditor.person), Role::Inspector, warehouse("w-1")).await;
    both.post(&path, appraisal()).await.expect_problem(409, "not_blind");
    submit(app.second_inspector(), &code, appraisal()).await;
    assert_eq!(piece(app.inspector(), &code).await["stage"], "spoken_review");
});

both!(who_has_read_what_one_found_is_not_called_to_look, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    speech_unavailable(&app, code).await;
    // The second inspector reads the ledger; then the outcome turns out not to be a pass.
    app.second_inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    settle(&app, code).await;
    let verdict = json!({"proposal": proposal(&app, code).await, "stricter": "not_as_described", "reason": "裂纹"});
    let path = format!("/v1/pieces/{code}/verdict");
    let answer = app.inspector().post(&path, verdict).await.expect(200);
    assert_eq!((&answer["stage"], &answer["events"][0]["kind"]), (&json!("appraising"), &json!("second_look_called")));
    let appraisals = format!("/v1/pieces/{code}/appraisals");
    app.second_inspector().post(&appraisals, appraisal()).await.expect_problem(409, "not_blind");
    let third = app.key(Role::Inspector, warehouse("w-1")).await;
    let seen = piece(&third, code).await;
    assert_eq!((&seen["verdict"], &seen["ledger"]), (&json!(null), &json!(null)));
    assert_eq!(submit(&third, code, appraisal()).await["stage"], "spoken_review");
    speech_unavailable(&app, code).await;
    settle(&app, code).await;
    let verdict = json!({"proposal": proposal(&app, code).await, "stricter": "not_as_described", "reason": "裂纹"});
    assert_eq!(app.inspector().post(&path, verdict).await.expect(200)["stage"], "failed");
});

both!(a_proposal_of_before_is_not_read_while_another_looks, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Settled).await;
    let ledger = app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200);
    let body = json!({"proposal": ledger["proposal"], "entries": [], "added": [], "misread": ["k1"]});
    let proposed = json!({"command": "ledger", "body": body});
    let open = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), proposed).await.expect(201);
    let verdict = json!({"proposal": ledger["proposal"], "stricter": "undetermined", "reason": "看不清"});
    app.inspector().post(&format!("/v1/pieces/{code}/verdict"), verdict).await.expect(200);
    let path = format!("/v1/proposals/{}", open["id"].as_str().unwrap());
    app.second_inspector().get(&path).await.expect_problem(409, "bench_closed");
    app.second_inspector().post(&format!("{path}/confirm"), json!({})).await.expect_problem(409, "wrong_stage");
});

/// The gold bangle of 25.36 g, sold by weight.
async fn gold(app: &TestApp, order_no: &str) -> String {
    let mut order = sample_order(order_no);
    let weight = json!({"value": "25.36", "unit": "g", "includes": []});
    order["lines"][0]["pricing"] = json!("by_weight");
    order["lines"][0]["declared"] = json!({
        "weight": weight, "sizes": [], "components": [{"role": "metal", "material": "足金", "weight": null}],
    });
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    placed["lines"][0]["piece"]["code"].as_str().unwrap().to_owned()
}

fn gold_found(weight: &str) -> Value {
    json!({
        "components": [{"component": "c1", "role": "metal", "material": "足金", "state": "examined",
            "tests": [{"method": "x_ray_fluorescence", "value": "999", "unit": "‰"}]}],
        "weight": weighed(weight),
    })
}

both!(a_weight_at_its_limit_is_repeated_at_most_twice_and_the_mean_decides, |db| async move {
    let app = TestApp::new(db).await;
    let code = &gold(&app, "KS1").await;
    let step = |command: &str| format!("/v1/pieces/{code}/{command}");
    walk(&app, code, Stop::Appraising).await;
    photograph(app.inspector(), code, &["hallmark", "on_balance"]).await;
    // 25.36 − 0.01 = 25.35: one digit below it is repeated before it decides.
    let answer = submit(app.inspector(), code, gold_found("25.34")).await;
    let kinds: Vec<_> = answer["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["appraisal_submitted", "appraisal_settled", "claims_read", "ledger_proposed", "repeat_called"]);
    assert_eq!(piece(app.inspector(), code).await["bench"]["repeat"], json!({"component": null, "quantity": "weight"}));
    assert_eq!(piece(app.second_inspector(), code).await["bench"]["repeat"], json!(null));
    let body = |weight: &str| json!({"quantity": "weight", "reading": weighed(weight)});
    let other = app.second_inspector().post(&step("measurements"), body("25.36")).await;
    other.expect_problem(409, "not_called_for");
    // One reading is one reading.
    let once = body("25.36");
    app.inspector().post(&step("measurements"), once.clone()).await.expect(200);
    app.inspector()
        .post(&step("measurements"), json!({"quantity": "size", "reading": weighed("1.00")}))
        .await
        .expect_faults(&["/quantity"]);
    let mut again = once.clone();
    again["reading"]["frame"] = json!("S S      25.37 g");
    app.inspector().post(&step("measurements"), again).await.expect_problem(409, "reading_used");
    let answer = app.inspector().post(&step("measurements"), body("25.35")).await.expect(200);
    assert_eq!(answer["stage"], "spoken_review");
    // 25.34 + 25.36 + 25.35 = 76.05 = 3 × 25.35: enough.
    let ledger = app.inspector().get(&step("ledger")).await.expect(200);
    let entries = ledger["entries"].as_array().unwrap();
    let weight = entries.iter().find(|entry| entry["kind"] == "weight").unwrap();
    assert_eq!(weight["proposed"], "confirmed", "{ledger:#}");
    app.inspector().post(&step("measurements"), body("25.35")).await.expect_problem(409, "wrong_stage");
});

both!(a_merchants_record_and_the_lot_of_the_day_ask_for_two, |db| async move {
    let app = TestApp::new(db).await;
    let drawn = &place(&app, "KS-drawn", 1).await[0];
    walk(&app, drawn, Stop::Appraising).await;
    assert_eq!(submit(app.inspector(), drawn, appraisal()).await["stage"], "appraising");
    submit(app.second_inspector(), drawn, appraisal()).await;
    let seen = piece(app.supervisor(), drawn).await;
    assert_eq!(seen["looks"]["because"][0]["code"], "draw");
    let lot = &seen["looks"]["lot"];
    // printf SEED | sha256sum; and SHA-256 over seed, platform, order, line and attempt: 46,105 ppm, below 100,000.
    assert_eq!(lot["commitment"], "c39aec518c65e2d5acef3e999034ce7fbb8e05bf0c95c528a6f9070e915b3584");
    assert_eq!(lot["place_ppm"], 46_105);

    let one = &place(&app, "KS1", 1).await[0];
    walk(&app, one, Stop::Appraising).await;
    assert_eq!(submit(app.inspector(), one, appraisal()).await["stage"], "spoken_review");
    assert_eq!(piece(app.supervisor(), one).await["looks"]["because"], json!([]));

    let order = touchstone::store::journal::orders(app.store().reader(), None, 1).await.unwrap()[0];
    let incident = touchstone::store::entity::incidents::Model {
        order_id: order,
        seq: 2,
        id: order,
        tenant_id: TENANT.to_owned(),
        merchant_id: "m-1".to_owned(),
        warehouse_id: "w-1".to_owned(),
        line_no: 1,
        stream_id: 1,
        kind: "counterfeit".to_owned(),
        occasion: None,
        clause: "Consumer Law art. 55".to_owned(),
        confirmed_at: jiff::Timestamp::now().as_microsecond() - 86_400_000_000,
        withdrawn_at: None,
        read_at: None,
        appeal: None,
        lifted_at: None,
        last_seq: 2,
    };
    let txn = app.store().begin().await.unwrap();
    touchstone::store::owed::add_incidents(&*txn, vec![incident]).await.unwrap();
    txn.commit().await.unwrap();
    let two = &place(&app, "KS2", 1).await[0];
    walk(&app, two, Stop::Appraising).await;
    assert_eq!(submit(app.inspector(), two, appraisal()).await["stage"], "appraising");
});

both!(a_seed_is_public_by_its_hash_before_its_day_and_as_it_is_after, |db| async move {
    let app = TestApp::new(db).await;
    let told = app.stranger().get("/v1/seeds").await.expect(200);
    assert_eq!(told["share_ppm"], 100_000);
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let days = told["days"].as_array().unwrap();
    assert!(3 <= days.len() && days.iter().any(|day| today.as_str() < day["day"].as_str().unwrap()), "{told:#}");
    for day in days {
        assert_eq!(day["commitment"], touchstone::desk::lots::commitment(SEED));
        let is_over = day["day"].as_str().unwrap() < today.as_str();
        assert_eq!(day["seed"], if is_over { json!(SEED) } else { json!(null) }, "{day}");
    }
    app.stranger().get("/v1/seeds?from=tomorrow").await.expect_faults(&["?from"]);
});

both!(a_house_without_a_seed_looks_at_everything_twice_and_commits_for_the_days_to_come, |db| async move {
    // A store of its own, whose desk was never asked to commit.
    let world = crate::world::World::without_seeds(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, touchstone::domain::route::Stage::Appraising).await;
    world.carry(key, world.appraise(), &world.inspector).await.unwrap();
    assert_eq!(world.folded(key).await.stage(), touchstone::domain::route::Stage::Appraising);
    let known = touchstone::store::looks::lots_from(world.store.reader(), "2026-11-22", 100).await.unwrap();
    assert_eq!(known.len(), 8, "today and a week");
    // Committed now, the seed of today is too late for the order that was known before it, and in time for the next.
    let late = world.piece("N-2").await;
    world.bring(late, touchstone::domain::route::Stage::SpokenReview).await;
    let settled = world.folded(late).await;
    let looks = settled.settlement().unwrap().1.looks.clone().unwrap();
    assert!(looks.lot.is_some(), "{looks:?}");
    world.bring(key, touchstone::domain::route::Stage::SpokenReview).await;
    let first = world.folded(key).await;
    let looks = first.settlement().unwrap().1.looks.clone().unwrap();
    assert_eq!(looks.lot, None);
    assert!(looks.because.contains(&touchstone::domain::looks::Because::NoSeed));
});

both!(a_reference_piece_looks_like_any_other_and_goes_back_whatever_is_found, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order("KS1");
    order["lines"][0]["reference"] = json!(true);
    app.platform().post("/v1/orders", order.clone()).await.expect_faults(&["/lines/0/truth"]);
    order["lines"][0]["truth"] = json!({
        "weight": {"value": "58.42", "unit": "g", "includes": []},
        "sizes": [{"name": "inner_diameter_mm", "value": "56.5"}],
        "components": [{"role": "main_stone", "material": "翡翠"}],
    });
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    let other = &place(&app, "KS2", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    walk(&app, other, Stop::Cleared).await;
    // To those at the bench the two differ by nothing but their names.
    for client in [app.inspector(), app.second_inspector(), app.clerk()] {
        for path in ["", "/ledger", "/journal"] {
            let answer = client.get(&format!("/v1/pieces/{code}{path}")).await;
            assert!(!answer.text.contains("reference") && !answer.text.contains("58.42"), "{answer:?}");
        }
        let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(piece(client, code).await), keys(piece(client, other).await));
    }
    let own = located(&app, code).await;
    let notices = touchstone::store::entity::outbox::Entity::find().all(app.store().reader()).await.unwrap();
    assert!(!notices.is_empty() && notices.iter().all(|notice| notice.order_id != own), "{notices:?}");
    let answer = app.clerk().post(&format!("/v1/pieces/{code}/tag"), tag("T-1", "58.40")).await.expect(200);
    assert_eq!(answer["stage"], "returning");
    app.clerk().post(&format!("/v1/pieces/{code}/returned"), json!({"how": "picked_up"})).await.expect(200);
    assert_eq!(piece(app.supervisor(), code).await["outcome"], "returned");

    let now = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
    let told = app.supervisor().get(&format!("/v1/inspectors/agreement?to={now}")).await.expect(200);
    let error = &told["inspectors"][0]["error"];
    assert_eq!((&error["count"], &error["of"], &error["share"]), (&json!(0), &json!(1), &json!("0.000")));
    assert_eq!(error["mean_weight_error_g"], "0.02"); // 58.42 − 58.40
});

async fn located(app: &TestApp, code: &str) -> uuid::Uuid {
    let code = touchstone::domain::ids::PieceCode::parse(code).unwrap();
    app.desk().locate(&code).await.unwrap().unwrap().key.order_id.0
}
