//! What is owed over HTTP: it arises with the event that it follows from, is told in words, settled by the platform, given
//! an amount by a supervisor, reversed with what it rested on, and made anew from the journals.

use axum::http::Method;
use serde_json::{Value, json};
use touchstone::audit::{check, rebuild};
use touchstone::domain::actor::Role;

use crate::app::{Client, TestApp, place, tenant, warehouse};
use crate::walk::{Stop, appraisal, photograph, proposal, settle, speech_unavailable, walk};

mod by_case;
mod late;

async fn owed(client: &Client, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/v1/obligations{query}")).await.expect(200);
    page["obligations"].as_array().unwrap().clone()
}

/// Rule, debtor, creditor, amount and state of each, in the order of their rules.
fn told(rows: &[Value]) -> Vec<String> {
    let mut told: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default();
            let (rule, debtor, creditor, state) = (text("rule"), text("debtor"), text("creditor"), text("state"));
            format!("{rule}: {debtor} owes {creditor} {} ({state})", row["amount"])
        })
        .collect();
    told.sort();
    told
}

async fn set_fees(app: &TestApp) {
    let body = json!({
        "id": "w-1", "name": "深圳质检仓", "address": "示例省样品市检验路 w-1", "timezone": "Asia/Shanghai",
        "laboratory": "lab-1",
        "fees": [{"fee": "inspection", "amount": 1_500, "currency": "CNY"},
            {"fee": "return_freight", "amount": 1_200, "currency": "CNY"}],
    });
    let kept = app.operator().post("/v1/warehouses", body).await.expect(200);
    assert_eq!(kept["fees"].as_array().unwrap().len(), 2, "{kept}");
}

/// Takes a fresh piece to a verdict of not as described, which takes two.
async fn fail(app: &TestApp, code: &str) {
    walk(app, code, Stop::Settled).await;
    let verdict = async || {
        let body = json!({"proposal": proposal(app, code).await, "stricter": "not_as_described", "reason": "裂"});
        app.inspector().post(&format!("/v1/pieces/{code}/verdict"), body).await.expect(200)
    };
    if verdict().await["stage"] == "appraising" {
        app.second_inspector().post(&format!("/v1/pieces/{code}/appraisals"), appraisal()).await.expect(200);
        speech_unavailable(app, code).await;
        settle(app, code).await;
        assert_eq!(verdict().await["stage"], "failed");
    }
}

/// The rows are what the journals fold to, and the journals hold.
async fn sound(app: &TestApp) {
    let report = check(app.store(), app.desk().keys(), None, &mut ()).await.unwrap();
    assert!(report.ok(), "{report:?}");
    assert_eq!(rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
}

both!(a_cancelled_line_owes_its_price_once_and_the_platform_settles_it, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 2).await[0];
    let cancel = app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancel["stage"], "closed");
    let rows = owed(app.platform(), "?state=owed").await;
    assert_eq!(told(&rows), ["refund_in_full: merchant owes buyer 186000 (owed)"]);
    let row = &rows[0];
    assert_eq!((&row["order_no"], &row["line_no"], &row["piece"]), (&json!("KS1"), &json!(1), &json!(null)));
    assert_eq!(row["words"]["en"], "Refund of the price owed: CNY 1860.00");
    assert_eq!(row["words"]["zh-CN"], "退还货款：应付 CNY 1860.00");
    assert_eq!(row["clause"], "Consumer Law art. 24 and 25; platform rule");

    // The order's answer tells it too.
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    assert_eq!(order["obligations"][0]["id"], row["id"]);

    // And so does the buyer's page, in words.
    let url = order["tracking_url"].as_str().unwrap().replace("https://touchstone.example", "");
    let page = app.stranger().get(&format!("{url}?lang=en")).await.text;
    assert!(page.contains("Refund of the price owed: CNY 1860.00") && !page.contains("settled, CNY"), "{page}");

    let path = format!("/v1/obligations/{}/settled", row["id"].as_str().unwrap());
    app.supervisor().post(&path, json!({})).await.expect_problem(403, "not_yours");
    let other = app.key(Role::Platform, tenant("other")).await;
    other.post(&path, json!({})).await.expect_problem(404, "not_found");
    app.platform().post(&path, json!({"settled_at": "2999-01-01T00:00:00Z"})).await.expect_faults(&["/settled_at"]);
    let call = app.platform().call(Method::POST, &path).json(json!({})).key("pay-1");
    let settled = call.clone().send().await.expect(200);
    assert_eq!(settled["state"], "settled");
    assert_eq!(settled["words"]["en"], "Refund of the price: settled, CNY 1860.00");
    assert_eq!(call.send().await.expect(200), settled, "the same request again");
    let same = json!({"settled_at": settled["settled_at"]});
    app.platform().post(&path, same).await.expect(200);
    let later = json!({"settled_at": jiff::Timestamp::now().to_string()});
    app.platform().post(&path, later).await.expect_problem(409, "not_owed");
    assert!(owed(app.platform(), "?state=owed").await.is_empty());
    sound(&app).await;
});

both!(a_failed_piece_costs_its_merchant_the_fees_and_its_line_the_price, |db| async move {
    let app = TestApp::new(db).await;
    set_fees(&app).await;
    let code = &place(&app, "KS1", 1).await[0];
    fail(&app, code).await;
    let fees =
        ["inspection_fee: merchant owes warehouse 1500 (owed)", "return_freight: merchant owes warehouse 1200 (owed)"];
    assert_eq!(told(&owed(app.supervisor(), "").await), fees);
    assert_eq!(owed(app.merchant(), "?debtor=merchant").await[0]["piece"], **code);
    app.merchant().post(&format!("/v1/pieces/{code}/appeal-waiver"), json!({})).await.expect(200);
    let conduct = app.merchant().get("/v1/merchants/m-1/conduct").await.expect(200);
    assert_eq!((&conduct["step"], &conduct["incidents"][0]["kind"]), (&json!(1), &json!("mis_described")));
    sound(&app).await;
});

both!(a_fee_that_no_table_knows_waits_for_a_supervisor, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    fail(&app, code).await;
    let open = owed(app.supervisor(), "?without_amount=true").await;
    assert_eq!(open.len(), 2, "{open:#?}");
    assert_eq!(open[0]["amount"], json!(null));
    let id = open[0]["id"].as_str().unwrap();
    let (amount, settled) = (format!("/v1/obligations/{id}/amount"), format!("/v1/obligations/{id}/settled"));
    app.platform().post(&settled, json!({})).await.expect_problem(409, "amount_missing");
    let elsewhere = app.key(Role::Supervisor, warehouse("w-2")).await;
    elsewhere.post(&amount, json!({"amount": 5, "reason": "x"})).await.expect_problem(404, "not_found");
    app.supervisor().post(&amount, json!({"amount": -1, "reason": "x"})).await.expect_faults(&["/amount"]);
    app.supervisor().post(&amount, json!({"amount": 5, "reason": " "})).await.expect_faults(&["/reason"]);
    let set = app.supervisor().post(&amount, json!({"amount": 1_800, "reason": "按发票"})).await.expect(200);
    assert_eq!(set["amount"], 1_800);
    app.platform().post(&settled, json!({})).await.expect(200);
    app.supervisor().post(&amount, json!({"amount": 5, "reason": "x"})).await.expect_problem(409, "not_owed");
    // What the rulebook has said is not a person's to set.
    let code = &place(&app, "KS2", 1).await[0];
    app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({})).await.expect(200);
    let refund = owed(app.platform(), "?order_no=KS2").await;
    let fixed = format!("/v1/obligations/{}/amount", refund[0]["id"].as_str().unwrap());
    app.supervisor().post(&fixed, json!({"amount": 5, "reason": "x"})).await.expect_problem(409, "amount_fixed");
    sound(&app).await;
});

both!(what_is_lost_in_the_house_is_owed_by_the_house, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    for code in &codes {
        walk(&app, code, Stop::Received).await;
    }
    let custody = |what: &str| json!({"what": what, "note": "盘点时"});
    app.clerk().post(&format!("/v1/pieces/{}/custody", codes[0]), custody("lost")).await.expect(200);
    app.clerk().post(&format!("/v1/pieces/{}/custody", codes[1]), custody("damaged")).await.expect(200);
    let rows = owed(app.auditor(), "?debtor=warehouse").await;
    let house =
        ["custody_damage: warehouse owes merchant null (owed)", "custody_loss: warehouse owes merchant 186000 (owed)"];
    assert_eq!(told(&rows), house);
    assert_eq!(rows.iter().find(|row| row["rule"] == "custody_damage").unwrap()["at_most"], 186_000);
    sound(&app).await;
});

both!(pages_of_what_is_owed_turn_without_a_gap, |db| async move {
    let app = TestApp::new(db).await;
    for number in 0..5 {
        let code = &place(&app, &format!("KS{number}"), 1).await[0];
        app.platform().post(&format!("/v1/pieces/{code}/cancel"), json!({})).await.expect(200);
    }
    let all = owed(app.platform(), "").await;
    assert_eq!(all.len(), 5);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.platform().get(&format!("/v1/obligations?limit=2{cursor}")).await.expect(200);
        seen.extend(page["obligations"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all);
    app.platform().get("/v1/obligations?state=paid").await.expect_faults(&["?state"]);
    app.platform().get("/v1/obligations?order_no=none").await.expect_problem(404, "not_found");
    assert!(owed(&app.platform().on_behalf_of("m-2"), "").await.is_empty());
});

both!(rows_of_what_is_owed_that_were_garbled_come_back, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    walk(&app, &codes[0], Stop::Inbound).await;
    app.platform().post(&format!("/v1/pieces/{}/cancel", codes[1]), json!({})).await.expect(200);
    let before = owed(app.platform(), "").await;
    assert_eq!(before.len(), 1);
    for sql in ["UPDATE obligations SET amount = 1, state = 'settled', rule = 'x';", "DELETE FROM legs;"] {
        assert!(db.client(sql).accepted);
    }
    assert!(0 < rebuild(app.store(), &mut ()).await.unwrap().differed);
    assert_eq!(owed(app.platform(), "").await, before);
    sound(&app).await;
});

both!(photos_and_notes_owe_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Delivered).await;
    photograph(app.clerk(), code, &["piece_front"]).await;
    assert!(owed(app.auditor(), "").await.is_empty(), "a piece that passed owes nobody");
    sound(&app).await;
});
