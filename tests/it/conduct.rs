//! A merchant's ladder over HTTP: a lesson first, each step with its reason, read, appealed, decided on, and lifted from the
//! last by the platform alone.

use serde_json::{Value, json};
use touchstone::audit::rebuild;
use touchstone::domain::actor::Role;

use crate::app::{TestApp, merchant, place, sample_order, tenant, warehouse};
use crate::walk::{Stop, walk};

/// An order that was paid days ago, so that its parcel comes late.
async fn late(app: &TestApp, order_no: &str) {
    let mut order = sample_order(order_no);
    let paid = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 5);
    order["paid_at"] = json!(format!("{paid:.0}"));
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(app, code, Stop::Inbound).await;
}

async fn conduct(app: &TestApp) -> Value {
    app.merchant().get("/v1/merchants/m-1/conduct").await.expect(200)
}

both!(whoever_is_late_again_climbs_and_the_fourth_time_is_recommended_to_the_platform, |db| async move {
    let app = TestApp::new(db).await;
    let clean = conduct(&app).await;
    assert_eq!((&clean["step"], &clean["words"]["en"]), (&json!(0), &json!("Clean record")));
    for (number, step) in [(1, 1), (2, 2), (3, 3)] {
        late(&app, &format!("KS{number}")).await;
        let seen = conduct(&app).await;
        assert_eq!(seen["step"], step, "{seen:#}");
        let last = seen["steps"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["step"], &last["before"]), (&json!(step), &json!(step - 1)));
        assert!(last["incident"].is_string(), "each step has its reason");
    }
    let seen = conduct(&app).await;
    assert_eq!(seen["incidents"][0]["order_no"], "KS1");
    assert!(seen["incidents"][0]["lesson"]["en"].as_str().unwrap().contains("48 hours"));
    assert!(seen["falls_at"].is_string());

    // On the third step everything is looked at twice.
    let code = &place(&app, "KS4", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let looks = app.supervisor().get(&format!("/v1/pieces/{code}")).await.expect(200)["looks"].clone();
    assert_eq!(looks["because"][0]["code"], "record", "{looks}");

    late(&app, "KS5").await;
    let seen = app.platform().get("/v1/merchants/m-1/conduct").await.expect(200);
    assert_eq!((&seen["step"], &seen["falls_at"]), (&json!(4), &json!(null)));
    assert!(seen["recommendation"]["zh-CN"].as_str().unwrap().contains("平台"));
    let incident = seen["incidents"][3]["id"].as_str().unwrap();
    let path = format!("/v1/merchants/m-1/conduct/{incident}/lifted");
    app.merchant().post(&path, json!({"reason": "已整改"})).await.expect_problem(403, "not_yours");
    let lifted = app.platform().post(&path, json!({"reason": "已整改"})).await.expect(200);
    assert_eq!(lifted["step"], 3);
    app.platform().post(&path, json!({"reason": "再来"})).await.expect_problem(409, "not_recommended");
    assert_eq!(rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
});

both!(a_lesson_is_read_and_a_step_is_appealed_once, |db| async move {
    let app = TestApp::new(db).await;
    late(&app, "KS1").await;
    let id = conduct(&app).await["incidents"][0]["id"].as_str().unwrap().to_owned();
    let at = |what: &str| format!("/v1/merchants/m-1/conduct/{id}/{what}");
    let read = app.merchant().post(&at("read"), json!({})).await.expect(200);
    assert!(read["incidents"][0]["read_at"].is_string());
    app.merchant().post(&at("read"), json!({})).await.expect_problem(409, "said_before");
    let decision = |granted: bool| json!({"granted": granted, "reason": "承运方揽收延误"});
    app.supervisor().post(&at("decision"), decision(true)).await.expect_problem(409, "not_appealed");
    app.merchant().post(&at("appeal"), json!({"reason": ""})).await.expect_faults(&["/reason"]);
    app.merchant().post(&at("appeal"), json!({"reason": "承运方揽收延误"})).await.expect(200);
    app.merchant().post(&at("appeal"), json!({"reason": "再次"})).await.expect_problem(409, "said_before");
    let elsewhere = app.key(Role::Supervisor, warehouse("w-2")).await;
    elsewhere.post(&at("decision"), decision(true)).await.expect_problem(404, "not_found");
    let decided = app.supervisor().get("/v1/merchants/m-1/conduct?platform=kuai").await.expect(200);
    assert_eq!(decided["incidents"][0]["appeal"], "open");
    // Whoever decides need not know whom to ask for.
    let waiting = app.supervisor().get("/v1/queue").await.expect(200)["conduct_appeals"].clone();
    assert_eq!((&waiting[0]["merchant"], &waiting[0]["platform"]), (&json!("m-1"), &json!("kuai")), "{waiting}");
    assert_eq!(elsewhere.get("/v1/queue").await.expect(200)["conduct_appeals"], json!([]));
    app.supervisor().post(&at("decision"), decision(true)).await.expect(200);
    assert_eq!(app.supervisor().get("/v1/queue").await.expect(200)["conduct_appeals"], json!([]));
    let seen = conduct(&app).await;
    assert_eq!((&seen["step"], &seen["incidents"][0]["appeal"]), (&json!(0), &json!("granted")));
    app.merchant().post(&at("read"), json!({})).await.expect_problem(409, "incident_withdrawn");
    assert_eq!(rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
});

both!(a_merchants_record_is_for_those_whom_it_concerns, |db| async move {
    let app = TestApp::new(db).await;
    late(&app, "KS1").await;
    let path = "/v1/merchants/m-1/conduct";
    app.key(Role::Merchant, merchant("kuai", "m-2")).await.get(path).await.expect_problem(404, "not_found");
    assert_eq!(app.key(Role::Platform, tenant("other")).await.get(path).await.expect(200)["step"], 0);
    app.supervisor().get(path).await.expect_faults(&["?platform"]);
    let elsewhere = app.key(Role::Supervisor, warehouse("w-2")).await;
    elsewhere.get(&format!("{path}?platform=kuai")).await.expect_problem(404, "not_found");
    assert_eq!(app.auditor().get(&format!("{path}?platform=kuai")).await.expect(200)["step"], 1);
});

both!(a_step_falls_with_time_and_says_so, |db| async move {
    let app = TestApp::new(db).await;
    late(&app, "KS1").await;
    late(&app, "KS2").await;
    // Both lie so far back that the warning has fallen to the lesson, and not yet the lesson to nothing.
    let back = |days: i64| format!("UPDATE incidents SET confirmed_at = confirmed_at - {}", days * 86_400 * 1_000_000);
    assert!(db.client(&back(121)).accepted);
    let seen = conduct(&app).await;
    let steps = seen["steps"].as_array().unwrap();
    assert_eq!((&seen["step"], &seen["words"]["zh-CN"]), (&json!(1), &json!("教育：请阅读规则并确认")), "{seen:#}");
    assert_eq!(steps.iter().map(|step| step["step"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!((&steps[2]["incident"], &steps[2]["lifted_by_platform"]), (&json!(null), &json!(false)));
    assert!(seen["falls_at"].is_string());
    assert!(db.client(&back(90)).accepted);
    let seen = conduct(&app).await;
    assert_eq!((&seen["step"], &seen["falls_at"]), (&json!(0), &json!(null)), "{seen:#}");
    assert_eq!(seen["incidents"].as_array().unwrap().len(), 2, "what happened is still told");
});

both!(an_appeal_that_is_refused_changes_nothing_and_one_that_is_granted_takes_back_what_followed, |db| async move {
    let app = TestApp::new(db).await;
    for number in 1..=3 {
        late(&app, &format!("KS{number}")).await;
    }
    let seen = conduct(&app).await;
    assert_eq!(seen["step"], 3);
    let ids: Vec<_> = seen["incidents"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    let at = |nth: usize, what: &str| format!("/v1/merchants/m-1/conduct/{}/{what}", ids[nth].as_str().unwrap());
    for (nth, granted, state, step) in [(0, false, "refused", 3), (1, true, "granted", 2)] {
        let reason = json!({"reason": "承运方揽收延误"});
        app.merchant().post(&at(nth, "appeal"), reason).await.expect(200);
        let decision = json!({"granted": granted, "reason": "揽收记录为证"});
        app.supervisor().post(&at(nth, "decision"), decision.clone()).await.expect(200);
        let seen = conduct(&app).await;
        assert_eq!((&seen["step"], &seen["incidents"][nth]["appeal"]), (&json!(step), &json!(state)), "{seen:#}");
        // A granted one is withdrawn; of a refused one nothing waits any more.
        let again = if granted { "incident_withdrawn" } else { "not_appealed" };
        app.supervisor().post(&at(nth, "decision"), decision).await.expect_problem(409, again);
    }
    assert_eq!(rebuild(app.store(), &mut ()).await.unwrap().differed, 0);
});
