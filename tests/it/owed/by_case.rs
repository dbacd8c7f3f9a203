//! What a case makes owed, over HTTP: by what it is about, what was reported, what two supervisors decided, and what the
//! merchant had signed.

use super::*;
use crate::app::sample_order_of;
use crate::sidelines::second_supervisor;

/// An order of so many pieces that were delivered, whose merchant has signed these guarantees.
async fn delivered(app: &TestApp, order_no: &str, guarantees: Value, lines: usize) -> Vec<String> {
    let mut order = sample_order_of(order_no, lines);
    order["merchant"]["guarantees"] = guarantees;
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let mut codes = Vec::new();
    for line in placed["lines"].as_array().unwrap() {
        let code = line["piece"]["code"].as_str().unwrap().to_owned();
        walk(app, &code, Stop::Delivered).await;
        codes.push(code);
    }
    codes
}

/// A case from its opening to its decision by two.
async fn decided(app: &TestApp, other: &Client, code: &str, kind: &str, (contradicts, decision): (bool, Value)) {
    let opened = json!({"piece": code, "kind": kind, "note": "买家称与描述不符"});
    let case = app.platform().post("/v1/cases", opened).await.expect(201);
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let report = json!({"laboratory": "lab-1", "number": "R-17", "contradicts": contradicts, "report": "见报告"});
    app.platform().post(&format!("{path}/report"), report).await.expect(200);
    app.supervisor().post(&format!("{path}/decision"), decision.clone()).await.expect(202);
    assert_eq!(other.post(&format!("{path}/decision"), decision).await.expect(200)["state"], "decided");
}

both!(a_proved_counterfeit_costs_the_price_and_its_multiple_and_is_the_merchants_fault, |db| async move {
    let app = TestApp::new(db).await;
    let other = second_supervisor(&app).await;
    let codes = delivered(&app, "KS1", json!(["return_7d"]), 2).await;
    let dismissed = json!({"upheld": false, "reason": "证据不足"});
    decided(&app, &other, &codes[1], "counterfeit", (false, dismissed)).await;
    assert!(owed(app.platform(), "").await.is_empty(), "by a case that is dismissed nothing is owed");
    let upheld = json!({"upheld": true, "revokes": true, "reason": "第二家实验室判定为合成"});
    decided(&app, &other, &codes[0], "counterfeit", (true, upheld)).await;
    let rows = owed(app.platform(), "").await;
    // 1,860 yuan, and nine times as much, as the merchant has signed.
    let both = [
        "counterfeit_compensation: merchant owes buyer 1674000 (owed)",
        "refund_in_full: merchant owes buyer 186000 (owed)",
    ];
    assert_eq!(told(&rows), both);
    let compensation = rows.iter().find(|row| row["rule"] == "counterfeit_compensation").unwrap();
    assert_eq!(compensation["piece"], *codes[0]);
    let seen = app.merchant().get("/v1/merchants/m-1/conduct").await.expect(200);
    assert_eq!((&seen["step"], &seen["incidents"][0]["kind"]), (&json!(3), &json!("counterfeit")));
    // The buyer reads it in words.
    let order = app.platform().get("/v1/orders/KS1").await.expect(200);
    let url = order["tracking_url"].as_str().unwrap().replace("https://touchstone.example", "");
    let page = app.stranger().get(&format!("{url}?lang=en")).await.text;
    assert!(page.contains("CNY 16740.00") && page.contains("CNY 1860.00"), "{page}");
    sound(&app).await;
});

both!(a_retest_is_paid_for_where_it_contradicts_the_house, |db| async move {
    let app = TestApp::new(db).await;
    let other = second_supervisor(&app).await;
    let codes = delivered(&app, "KS1", json!([]), 1).await;
    let by_receipt = json!({"upheld": true, "amount": 60_000, "reason": "按票据"});
    decided(&app, &other, &codes[0], "retest", (false, by_receipt.clone())).await;
    assert!(owed(app.platform(), "").await.is_empty(), "the laboratory had found the same as the house");
    decided(&app, &other, &codes[0], "retest", (true, by_receipt)).await;
    assert_eq!(told(&owed(app.platform(), "").await), ["retest_cost: warehouse owes buyer 60000 (owed)"]);
    sound(&app).await;
});

both!(a_defect_is_paid_for_where_its_guarantee_was_signed_and_never_above_the_price, |db| async move {
    let app = TestApp::new(db).await;
    let other = second_supervisor(&app).await;
    let unsigned = delivered(&app, "KS1", json!(["return_7d"]), 1).await;
    let upheld = |amount: Value| json!({"upheld": true, "amount": amount, "reason": "镶口断裂"});
    decided(&app, &other, &unsigned[0], "warranty", (true, upheld(json!(70_000)))).await;
    assert!(owed(app.platform(), "").await.is_empty(), "nobody had promised it");
    let codes = delivered(&app, "KS2", json!(["warranty_180d"]), 3).await;
    for (code, amount) in codes.iter().zip([json!(70_000), json!(999_999), json!(null)]) {
        decided(&app, &other, code, "warranty", (true, upheld(amount))).await;
    }
    let all = [
        "warranty: merchant owes buyer 186000 (owed)",
        "warranty: merchant owes buyer 70000 (owed)",
        "warranty: merchant owes buyer null (owed)",
    ];
    let rows = owed(app.platform(), "").await;
    assert_eq!(told(&rows), all);
    assert!(rows.iter().all(|row| row["at_most"] == 186_000));
    // What the two left open a supervisor sets, within the price.
    let open = rows.iter().find(|row| row["amount"].is_null()).unwrap();
    let path = format!("/v1/obligations/{}/amount", open["id"].as_str().unwrap());
    let too_much = json!({"amount": 186_001, "reason": "维修报价"});
    app.supervisor().post(&path, too_much).await.expect_faults(&["/amount"]);
    app.supervisor().post(&path, json!({"amount": 186_000, "reason": "维修报价"})).await.expect(200);
    sound(&app).await;
});
