//! Carriers' pushes: Kuaidi100's form with its signature, and a plain one; every leg, repeated, out of order, too early, too
//! late and contradicting; never a fault, and nothing personal kept.

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchstone::audit::{check, rebuild};
use touchstone::carriers::kuaidi100::sign;
use touchstone::desk::carriers::{NewCarrier, Speech};
use touchstone::domain::ids::WarehouseId;
use touchstone::vault::signature;

use crate::app::{Answer, TestApp, place};
use crate::walk::{Stop, piece, walk};

async fn carrier(app: &TestApp, id: &str, speech: Speech, warehouse: &str) -> NewCarrier {
    let warehouse = WarehouseId::parse(warehouse).unwrap();
    app.desk().add_carrier(id, speech, &warehouse, Timestamp::now()).await.unwrap()
}

/// A time in China, some hours from now.
fn china(hours: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_hours(hours);
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn param(waybill: &str, state: &str, code: &str, hours: i64) -> String {
    json!({
        "status": "polling", "billstatus": "got", "message": "", "autoCheck": "0",
        "lastResult": {
            "message": "ok", "state": state, "status": "200", "condition": "F00", "ischeck": "0",
            "com": "shunfeng", "nu": waybill,
            "data": [{"context": "【示例市】林晚舟 17000001001 已签收", "time": china(hours), "ftime": china(hours),
                "status": "签收", "statusCode": code}],
        },
    })
    .to_string()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

async fn post(app: &TestApp, token: &str, body: String) -> Answer {
    let path = format!("/v1/carriers/kuaidi100/{token}");
    let call = app.stranger().call(Method::POST, &path).without("idempotency-key");
    call.bytes("application/x-www-form-urlencoded", body.into_bytes()).send().await
}

/// A push of Kuaidi100's as it comes.
async fn push(app: &TestApp, of: &NewCarrier, param: &str) -> Answer {
    let body = format!("param={}&sign={}", encode(param), sign(param, &of.salt));
    post(app, &of.token, body).await
}

#[track_caller]
fn taken(answer: Answer) {
    assert_eq!(answer.text, r#"{"result":true,"returnCode":"200","message":"成功"}"#, "{answer:?}");
    assert_eq!(answer.status, 200);
}

async fn stage(app: &TestApp, code: &str) -> String {
    piece(app.supervisor(), code).await["stage"].as_str().unwrap().to_owned()
}

async fn journal(app: &TestApp, code: &str) -> Vec<Value> {
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    journal["events"].as_array().unwrap().iter().map(|stored| stored["event"].clone()).collect()
}

async fn kinds(app: &TestApp, code: &str) -> Vec<String> {
    journal(app, code).await.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

async fn sound(app: &TestApp) {
    assert!(check(app.store(), app.desk().keys(), None, &mut ()).await.unwrap().ok());
    assert_eq!(rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
}

both!(a_push_delivers_to_the_buyer_and_its_repeat_does_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let of = carrier(&app, "kd-1", Speech::Kuaidi100, "w-1").await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Outbound).await;
    let waybill = format!("OUT-{code}");
    for state in ["1", "0", "5"] {
        taken(push(&app, &of, &param(&waybill, state, "", 0)).await);
    }
    assert_eq!(stage(&app, code).await, "outbound");
    let delivered = param(&waybill, "3", "301", 0);
    taken(push(&app, &of, &delivered).await);
    assert_eq!(stage(&app, code).await, "delivered");
    let before = journal(&app, code).await;
    let last = before.last().unwrap();
    assert_eq!((&last["kind"], &last["role"]), (&json!("delivered"), &json!("carrier")));
    assert_eq!(last["key_id"], json!(null));
    taken(push(&app, &of, &delivered).await);
    // An older word, out of order.
    taken(push(&app, &of, &param(&waybill, "5", "", -3)).await);
    assert_eq!(journal(&app, code).await, before);
    // Nobody's name or number was kept.
    assert!(!format!("{before:?}").contains("17000001001"));
    sound(&app).await;
});

both!(what_a_carrier_may_not_decide_waits_for_a_supervisor, |db| async move {
    let app = TestApp::new(db).await;
    let of = carrier(&app, "kd-1", Speech::Kuaidi100, "w-1").await;
    let codes = place(&app, "KS1", 3).await;
    for code in &codes {
        walk(&app, code, Stop::Outbound).await;
    }
    let out = |at: usize| format!("OUT-{}", codes[at]);
    taken(push(&app, &of, &param(&out(0), "3", "303", 0)).await);
    taken(push(&app, &of, &param(&out(1), "14", "", 0)).await);
    taken(push(&app, &of, &param(&out(2), "6", "", 0)).await);
    assert_eq!(stage(&app, &codes[0]).await, "delivered");
    assert_eq!(stage(&app, &codes[1]).await, "return_inbound");
    assert_eq!(stage(&app, &codes[2]).await, "outbound", "what turned around may turn again");
    let queue = app.supervisor().get("/v1/queue").await.expect(200);
    let trouble = |code: &str| {
        let all = queue["carrier_exceptions"].as_array().unwrap();
        all.iter().find(|one| one["code"] == code).map(|one| one["what"].as_str().unwrap().to_owned())
    };
    assert_eq!(trouble(&codes[0]).as_deref(), Some("proxy_signed"));
    assert_eq!(trouble(&codes[1]).as_deref(), Some("refused"));
    assert_eq!(trouble(&codes[2]).as_deref(), Some("turned_around"));
    // The refund of what was refused is owed at once.
    let rows = app.platform().get("/v1/obligations").await.expect(200);
    assert_eq!(rows["obligations"][0]["rule"], "refund_in_full");
    // Delivered, and then refused after all: somebody asks.
    taken(push(&app, &of, &param(&out(0), "4", "", 0)).await);
    assert!(kinds(&app, &codes[0]).await.ends_with(&["carrier_exception_found".to_owned()]));
    // A supervisor's word answers it.
    let refused = json!({"what": "refused", "note": "买家未取"});
    app.supervisor().post(&format!("/v1/pieces/{}/transit", codes[2]), refused).await.expect(200);
    let queue = app.supervisor().get("/v1/queue").await.expect(200);
    let open = queue["carrier_exceptions"].as_array().unwrap();
    assert!(open.iter().all(|one| one["code"] != codes[2].as_str()), "{open:?}");
    sound(&app).await;
});

both!(a_word_that_comes_before_its_waybill_waits_for_it, |db| async move {
    let app = TestApp::new(db).await;
    let of = carrier(&app, "kd-1", Speech::Kuaidi100, "w-1").await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Released).await;
    let waybill = format!("OUT-{code}");
    taken(push(&app, &of, &param(&waybill, "3", "", 0)).await);
    taken(push(&app, &of, &param(&waybill, "3", "", 0)).await);
    assert_eq!(stage(&app, code).await, "released", "nobody has named it yet");
    let body = json!({"carrier": "sf", "waybill": waybill});
    app.clerk().post(&format!("/v1/pieces/{code}/shipment"), body).await.expect(200);
    assert_eq!(stage(&app, code).await, "delivered");
    sound(&app).await;
});

both!(a_returning_piece_reaches_its_merchant_by_the_carriers_word, |db| async move {
    let app = TestApp::new(db).await;
    let of = carrier(&app, "own", Speech::Push, "w-1").await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Received).await;
    app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({})).await.expect(200);
    let body = json!({"carrier": "own-fleet", "waybill": "RT-1"});
    app.clerk().post(&format!("/v1/pieces/{code}/return-shipment"), body).await.expect(200);
    let tell = async |state: &str, waybill: &str, salt: &str| {
        let body =
            json!({"carrier": "own-fleet", "waybill": waybill, "state": state, "at": Timestamp::now().to_string()});
        let bytes = body.to_string().into_bytes();
        let sign = signature(salt, &bytes);
        let call = app.stranger().call(Method::POST, &format!("/v1/carriers/push/{}", of.token));
        call.without("idempotency-key").bytes("application/json", bytes).header("x-signature", &sign).send().await
    };
    tell("delivered", "RT-1", "another salt").await.expect_problem(403, "wrong_signature");
    tell("flown", "RT-1", &of.salt).await.expect_faults(&["/state"]);
    assert_eq!(tell("delivered", "RT-9", &of.salt).await.expect(200), json!({"pieces": 0, "parked": true}));
    assert_eq!(tell("delivered", "RT-1", &of.salt).await.expect(200), json!({"pieces": 1, "parked": false}));
    assert_eq!(tell("delivered", "RT-1", &of.salt).await.expect(200), json!({"pieces": 0, "parked": false}));
    let seen = piece(app.supervisor(), code).await;
    assert_eq!((&seen["stage"], &seen["outcome"]), (&json!("closed"), &json!("returned")));
    sound(&app).await;
});

both!(a_carrier_speaks_of_its_own_warehouse_and_carrier_only, |db| async move {
    let app = TestApp::new(db).await;
    let elsewhere = carrier(&app, "kd-2", Speech::Kuaidi100, "w-2").await;
    let own = carrier(&app, "kd-1", Speech::Kuaidi100, "w-1").await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Outbound).await;
    let waybill = format!("OUT-{code}");
    taken(push(&app, &elsewhere, &param(&waybill, "3", "", 0)).await);
    let other = param(&waybill, "3", "", 0).replace("shunfeng", "yuantong");
    taken(push(&app, &own, &other).await);
    assert_eq!(stage(&app, code).await, "outbound");
    assert!(app.desk().revoke_carrier("kd-1", Timestamp::now()).await.unwrap());
    push(&app, &own, &param(&waybill, "3", "", 0)).await.expect_problem(404, "not_found");
});

both!(whatever_is_pushed_is_answered_and_never_a_fault, |db| async move {
    let app = TestApp::new(db).await;
    let of = carrier(&app, "kd-1", Speech::Kuaidi100, "w-1").await;
    let signed = |param: &str| format!("param={}&sign={}", encode(param), sign(param, &of.salt));
    post(&app, "none", signed("{}")).await.expect_problem(404, "not_found");
    post(&app, &of.token, format!("param={}&sign=00", encode("{}"))).await.expect_problem(403, "wrong_signature");
    post(&app, &of.token, String::new()).await.expect_problem(403, "wrong_signature");
    for bad in ["", "[]", "null", "{", r#"{"lastResult":3}"#, r#"{"lastResult":{"nu":"a b","state":"3"}}"#] {
        let answer = post(&app, &of.token, signed(bad)).await;
        assert_eq!(answer.status, 422, "{bad}: {answer:?}");
    }
    for odd in [
        r#"{"status":"abort","message":"3天查询无记录"}"#,
        r#"{"lastResult":{"nu":"X1","state":"99"}}"#,
        r#"{"lastResult":{"nu":"X1","state":"3","data":[{"ftime":"yesterday","statusCode":{}}]}}"#,
        r#"{"lastResult":{"nu":"X1","state":{"a":[1,2,3]}}}"#,
    ] {
        taken(post(&app, &of.token, signed(odd)).await);
    }
    let large = format!("param={}", "x".repeat(600 * 1024));
    post(&app, &of.token, large).await.expect_problem(413, "too_large");
    let twisted = app.stranger().call(Method::POST, &format!("/v1/carriers/kuaidi100/{}", of.token));
    let answer = twisted.bytes("application/json", vec![0xFF, 0xFE, b'=', 0]).send().await;
    answer.expect_problem(415, "not_a_form");
});

both!(a_supervisor_says_what_became_of_a_parcel, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    walk(&app, &codes[0], Stop::Outbound).await;
    walk(&app, &codes[1], Stop::Received).await;
    let transit = async |code: &str, what: &str| {
        app.supervisor().post(&format!("/v1/pieces/{code}/transit"), json!({"what": what})).await
    };
    transit(&codes[0], "delivered_back").await.expect_problem(409, "wrong_stage");
    transit(&codes[0], "eaten").await.expect_faults(&["/what"]);
    assert_eq!(transit(&codes[0], "lost").await.expect(200)["outcome"], "lost");
    // What lies in the house no carrier can lose.
    app.platform().post(&format!("/v1/pieces/{}/cancel", codes[1]), json!({})).await.expect(200);
    transit(&codes[1], "lost").await.expect_problem(409, "wrong_stage");
    let rows = app.platform().get("/v1/obligations?debtor=warehouse").await.expect(200);
    assert_eq!(rows["obligations"][0]["rule"], "custody_loss");
});
