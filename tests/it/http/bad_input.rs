//! Whatever is sent, the answer is a problem document that points at the field, never a 500, and nothing is written.

use axum::http::Method;
use serde_json::{Value, json};

use super::count;
use crate::app::{TestApp, place, sample_order, sample_order_of};
use crate::support::TestDatabase;

/// Nothing of an order is there, not even its people.
fn nothing_was_written(db: &TestDatabase) {
    for table in ["orders", "pieces", "events", "merchants", "sealed_texts", "outbox", "idempotency"] {
        assert_eq!(count(db, table), 0, "{table}");
    }
    assert_eq!(count(db, "people WHERE kind <> 'staff'"), 0);
}

both!(all_that_is_wrong_is_told_at_once, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order_of("KS 1", 3);
    order["paid_at"] = json!("2999-01-01T00:00:00Z");
    order["ship"] = json!("now");
    order["merchant"]["timezone"] = json!("Asia/Nowhere");
    order["merchant"]["guarantee_level"] = json!(-1);
    order["merchant"]["guarantees"] = json!(["return_7d", ""]);
    order["buyer"]["ref"] = json!("张三");
    order["buyer"]["name"] = json!("林\u{0}晚舟");
    order["buyer"]["email"] = json!("a@b@c");
    order["buyer"]["phone"] = json!("call me");
    order["buyer"]["address"] = json!(" ");
    order["buyer"]["locale"] = json!("中文");
    let line = &mut order["lines"][1];
    line["line_no"] = json!(1);
    line["title"] = json!("手镯\u{0}");
    line["price"]["currency"] = json!("cny");
    line["pricing"] = json!("free");
    line["segment"] = json!({"from": "00:16:05.000", "to": "00:12:30.000"});
    line["declared"]["weight"] = json!({"value": "58,40", "unit": "g"});
    line["declared"]["sizes"] = json!([{"name": "inner_diameter", "value": "56.5"}, {"name": "x_mm", "value": "五"}]);
    line["declared"]["components"][0]["role"] = json!("stone");
    line["declared"]["components"][0]["material"] = json!("联系 13800001111");
    line["declared"]["components"][0]["fineness"] = json!("1000.1");
    line["declared"]["presented_certificate"] = json!({"body": "NGTC", "number": "张三"});
    order["lines"][2]["line_no"] = json!(0);
    order["lines"][2]["segment"] = json!({"from": "12:30", "to": "00:61:00"});
    order["lines"][2]["declared"]["components"] = json!([]);
    app.platform().post("/v1/orders", order).await.expect_faults(&[
        "/order_no",
        "/paid_at",
        "/ship",
        "/merchant/timezone",
        "/merchant/guarantee_level",
        "/merchant/guarantees/1",
        "/buyer/ref",
        "/buyer/name",
        "/buyer/email",
        "/buyer/phone",
        "/buyer/address",
        "/buyer/locale",
        "/lines/1/line_no",
        "/lines/1/title",
        "/lines/1/price",
        "/lines/1/pricing",
        "/lines/1/segment/to",
        "/lines/1/declared/weight/value",
        "/lines/1/declared/sizes/0/unit",
        "/lines/1/declared/sizes/1/value",
        "/lines/1/declared/components/0/role",
        "/lines/1/declared/components/0/material",
        "/lines/1/declared/components/0/fineness",
        "/lines/1/declared/presented_certificate/number",
        "/lines/2/line_no",
        "/lines/2/segment/from",
        "/lines/2/segment/to",
        "/lines/2/declared/components",
    ]);
    nothing_was_written(db);
});

both!(what_nobody_knows_is_not_taken_for_what_was_meant, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order("KS1");
    order["merchant"]["guarantees"] = json!(["return_7d", "warranty_180"]);
    order["merchant"]["locale"] = json!("cn-ZH");
    order["lines"][0]["price"]["currency"] = json!("RMB");
    let refused = app.platform().post("/v1/orders", order).await;
    let told = refused.expect_faults(&["/merchant/locale", "/merchant/guarantees/1", "/lines/0/price"]);
    assert!(told.to_string().contains("return_7d, return_freight, warranty_180d"), "{told}");

    // Of two prices neither counts.
    let text = sample_order("KS1").to_string();
    let twice = text.replacen("\"amount\":", "\"amount\":1,\"amount\":", 1);
    let call = app.platform().call(Method::POST, "/v1/orders").bytes("application/json", twice.into_bytes());
    let told = call.send().await.expect_problem(400, "malformed_json");
    assert!(told["detail"].as_str().unwrap().contains("\"amount\" stands twice"), "{told}");
    nothing_was_written(db);

    let supervisor = app.supervisor();
    let path = "/v1/inspectors/agreement?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z";
    supervisor.get(path).await.expect_faults(&["?to"]);
    supervisor.get("/v1/lost-and-found?cursor=x").await.expect_problem(400, "bad_query");
    supervisor.get("/v1/lost-and-found").await.expect(200);
});

both!(an_id_that_can_be_none_is_of_nothing_and_an_unknown_parameter_is_named, |db| async move {
    let app = TestApp::new(db).await;
    for path in ["/v1/proposals/xx", "/v1/obligations/zz"] {
        let problem = app.supervisor().get(path).await.expect_problem(404, "not_found");
        assert!(problem["detail"].as_str().unwrap().contains("an id in its path"), "{problem}");
    }
    let problem = app.platform().get("/v1/orders/%ff").await.expect_problem(400, "bad_request");
    assert!(problem["detail"].as_str().unwrap().contains("UTF-8"), "{problem}");
    let problem = app.stranger().get("/v1/seeds?x=1").await.expect_problem(400, "bad_query");
    assert!(problem["detail"].as_str().unwrap().contains("unknown field `x`"), "{problem}");
});

both!(one_wrong_field_is_pointed_at, |db| async move {
    let app = TestApp::new(db).await;
    let long = "长".repeat(501);
    let cases: &[(&str, Value)] = &[
        ("/paid_at", json!("2019-12-31T23:59:59Z")),
        ("/paid_at", json!("22.11.2026")),
        ("/paid_at", json!(1_700_000_000)),
        ("/lines", json!([])),
        ("/lines", json!({})),
        ("/lines/0", json!(null)),
        ("/lines/0/line_no", json!(-1)),
        ("/lines/0/line_no", json!(1.5)),
        ("/lines/0/line_no", json!(2_147_483_648_i64)),
        ("/lines/0/line_no", json!("1")),
        ("/lines/0/title", json!(long)),
        ("/lines/0/title", json!("")),
        ("/lines/0/title", json!(7)),
        ("/lines/0/price/amount", json!(9_007_199_254_740_992_i64)),
        ("/lines/0/price/amount", json!(0.5)),
        ("/lines/0/price/amount", json!("12")),
        ("/lines/0/price", json!({"amount": -1, "currency": "CNY"})),
        ("/lines/0/custom_made", json!("no")),
        ("/lines/0/declared/weight/value", json!("５８.40")),
        ("/lines/0/declared/weight/value", json!("0")),
        ("/lines/0/declared/weight/value", json!("58.40\u{0}")),
        ("/lines/0/declared/weight/value", json!("99999999999999999999")),
        ("/lines/0/declared/weight/includes/0", json!("air")),
        ("/lines/0/declared/sizes/0/value", json!("56.5mm")),
        ("/lines/0/declared/components/0/role", json!("")),
        ("/lines/0/declared/components/0/treatment", json!("A\u{0}货")),
        ("/buyer/address", json!(long)),
        ("/buyer/timezone", json!("../../etc/passwd")),
        ("/merchant/id", json!("m\u{0}")),
        ("/live_id", json!("r 9")),
        ("/streamer/id", json!("")),
    ];
    for (pointer, wrong) in cases {
        let mut order = sample_order("KS1");
        order["lines"][0]["declared"]["weight"]["includes"] = json!(["cord"]);
        *order.pointer_mut(pointer).unwrap() = wrong.clone();
        let answer = app.platform().post("/v1/orders", order).await;
        answer.expect_faults(&[*pointer]);
    }
    // Unknown fields are not passed over, wherever they are.
    for pointer in ["", "/buyer", "/lines/0", "/lines/0/declared/components/0"] {
        let mut order = sample_order("KS1");
        order.pointer_mut(pointer).unwrap()["surprise"] = json!(1);
        app.platform().post("/v1/orders", order).await.expect_problem(422, "malformed");
    }
    let mut order = sample_order("KS1");
    order.as_object_mut().unwrap().remove("buyer");
    app.platform().post("/v1/orders", order).await.expect_problem(422, "malformed");
    let mut order = sample_order("KS1");
    order.as_object_mut().unwrap().remove("live_id");
    app.platform().post("/v1/orders", order).await.expect_faults(&["/lines/0/segment"]);
    nothing_was_written(db);
});

both!(what_is_no_json_is_refused_as_such, |db| async move {
    let app = TestApp::new(db).await;
    let post = |body: &[u8]| app.platform().call(Method::POST, "/v1/orders").bytes("application/json", body.to_vec());
    for body in [
        &b"{"[..],
        b"{]",
        b"nothing",
        b"{\"order_no\": \"\xff\xfe\"}",
        b"{\"order_no\": \"\\ud800\"}",
        b"{\"order_no\": 1e999}",
        b"{\"order_no\": 01}",
        b"{\"order_no\": \"a\x00b\"}",
        b"\x00",
        b"{} {}",
        b"\xef\xbb\xbf{}",
        "[".repeat(100_000).as_bytes(),
    ] {
        post(body).send().await.expect_problem(400, "malformed_json");
    }
    for body in [&b"[]"[..], b"null", b"1", b"\"\"", b"{}"] {
        post(body).send().await.expect_problem(422, "malformed");
    }
    let order = sample_order("KS1").to_string().into_bytes();
    let call = app.platform().call(Method::POST, "/v1/orders").bytes("text/plain", order.clone());
    call.send().await.expect_problem(415, "not_json");
    post(&order).without("idempotency-key").send().await.expect_problem(400, "idempotency_key_missing");
    post(&order).key("").send().await.expect_problem(400, "bad_header");
    post(&order).key(&"k".repeat(201)).send().await.expect_problem(400, "bad_header");
    post(&order).if_match(1).header("if-match", "1").send().await.expect_problem(400, "bad_header");
    post(&vec![b' '; 2 * 1024 * 1024]).send().await.expect_problem(413, "too_large");
    app.platform().get("/v1/orders/%ff").await.expect_problem(400, "bad_request");
    nothing_was_written(db);
});

both!(ten_thousand_lines_are_too_many, |db| async move {
    let app = TestApp::new(db).await;
    app.platform().post("/v1/orders", sample_order_of("KS1", 10_000)).await.expect_problem(413, "too_large");
    // Small enough to be read, and still too many.
    let line = json!({"line_no": 1, "title": "玉", "price": {"amount": 1, "currency": "CNY"}, "pricing": "fixed",
        "declared": {"components": [{"role": "cord"}]}});
    let mut order = sample_order("KS1");
    order["lines"] = Value::Array(vec![line; 5_000]);
    app.platform().post("/v1/orders", order).await.expect_faults(&["/lines"]);
    app.platform().post("/v1/orders", sample_order_of("KS1", 201)).await.expect_faults(&["/lines"]);
    let mut order = sample_order("KS1");
    order["lines"][0]["declared"]["components"] = Value::Array(vec![json!({"role": "cord"}); 41]);
    app.platform().post("/v1/orders", order).await.expect_faults(&["/lines/0/declared/components"]);
    nothing_was_written(db);
    app.platform().post("/v1/orders", sample_order_of("KS1", 200)).await.expect(201);
});

both!(no_write_answers_nonsense_with_a_fault_of_ours, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    let before = count(db, "events");
    let nonsense = [
        json!({}),
        json!([]),
        json!(null),
        json!({"\u{0}": "\u{0}"}),
        json!({"reason": "\u{0}", "carrier": "\u{0}", "waybill": "\u{0}", "codes": ["\u{0}"], "text": "\u{0}"}),
        json!({"carrier": "sf", "waybill": "\u{0}", "codes": [code]}),
        json!({"carrier": "顺丰", "waybill": "1", "codes": [code, 1]}),
        json!({"condition": "intact", "weight": {"value": "1e3", "unit": "g"}, "pieces": [{}]}),
        json!({"condition": "\u{0}", "pieces": [{"code": "\u{0}", "condition": "\u{0}"}]}),
        json!({"id": "\u{0}", "name": "\u{0}", "address": "\u{0}", "timezone": "\u{0}"}),
        json!({"name": "\u{0}", "role": "\u{0}", "tenant": "\u{0}"}),
        json!({"seq": -1, "reason": "x", "replacement": {"of": "note"}}),
    ];
    let paths = routes_that_write();
    assert!(30 < paths.len());
    for (method, path) in paths {
        for code in [code.as_str(), "%00", "x"] {
            let path = path.replace("{code}", code).replace("{order_no}", "KS1").replace("{line_no}", "1");
            let path = path.replace("{waybill}", code).replace("{live_id}", "r-9").replace("{id}", code);
            let path = path.replace("{view_token}", code);
            if path.ends_with("/cancel") || path.ends_with("/appraisal-opened") {
                continue; // An empty body is a good one here.
            }
            for body in &nonsense {
                if path.ends_with("/segment") && *body == json!({}) {
                    continue; // Says that nothing speaks of the piece.
                }
                let on_behalf = app.platform().on_behalf_of("m-1");
                let everybody = [app.platform(), &on_behalf, app.clerk(), app.inspector(), app.supervisor()];
                for client in everybody.into_iter().chain([app.operator()]) {
                    let answer = client.call(method.clone(), &path).json(body.clone()).send().await;
                    let status = answer.status.as_u16();
                    assert!(status < 500, "{body}: {answer:?}");
                    // A buyer gets a page.
                    let told =
                        answer.json["code"].is_string() || path.starts_with("/t/") && answer.text.contains("<h1>");
                    assert!(status < 400 || told, "{body}: {answer:?}");
                }
            }
        }
    }
    assert_eq!(count(db, "events"), before, "nonsense was written down");
});

/// Every route of the description that is no reading one.
fn routes_that_write() -> Vec<(Method, String)> {
    let description = serde_json::to_value(touchstone::http::openapi()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let methods = [("post", Method::POST), ("put", Method::PUT), ("delete", Method::DELETE)];
    paths
        .iter()
        .flat_map(|(path, item)| {
            methods.iter().filter_map(move |(name, method)| item.get(name).map(|_| (method.clone(), path.clone())))
        })
        .collect()
}

both!(lists_take_no_nonsense, |db| async move {
    let app = TestApp::new(db).await;
    for (client, path) in [
        (app.platform(), "/v1/orders"),
        (app.clerk(), "/v1/queue"),
        (app.auditor(), "/v1/events"),
        (app.operator(), "/v1/keys"),
    ] {
        for query in ["limit=-1", "limit=1000", "cursor=%00", "cursor=AAAA", "nothing=1", "limit=%00"] {
            let answer = client.get(&format!("{path}?{query}")).await;
            assert!(matches!(answer.status.as_u16(), 400 | 422), "{answer:?}");
            assert!(answer.json["code"].is_string(), "{answer:?}");
        }
    }
    app.auditor().get("/v1/events?kind=%00&from=now").await.expect_faults(&["?kind", "?from"]);
});

both!(a_parameter_that_cannot_be_read_is_named, |db| async move {
    let app = TestApp::new(db).await;
    let check = async |address: &str, name: &str| {
        let problem = app.supervisor().get(address).await.expect_problem(400, "bad_query");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(name), "{address}: {detail}");
    };
    check("/v1/queue?limit=many", "limit").await;
    check("/v1/queue?limit=-1", "limit").await;
    check("/v1/queue?limt=5", "limt").await;
});
