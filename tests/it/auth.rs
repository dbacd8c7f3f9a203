//! Who may call what. Every route stands in this table, or the test fails with the list.

use axum::http::Method;
use serde_json::json;
use touchstone::domain::actor::Role;

use crate::app::{Client, TestApp, place, tenant, warehouse};
use crate::walk::{Stop, walk};

const PLATFORM: &str = "platform";
const MERCHANT: &str = "merchant";
const CLERK: &str = "clerk";
const INSPECTOR: &str = "inspector";
const SUPERVISOR: &str = "supervisor";
const AUDITOR: &str = "auditor";
const OPERATOR: &str = "operator";
const ANYBODY: &str = "anybody";

const STAFF: &[&str] = &[CLERK, INSPECTOR, SUPERVISOR];
const READERS: &[&str] = &[PLATFORM, MERCHANT, CLERK, INSPECTOR, SUPERVISOR, AUDITOR];

/// Method, path, and the roles that it takes.
pub const TABLE: &[(&str, &str, &[&str])] = &[
    ("GET", "/livez", &[ANYBODY]),
    ("GET", "/readyz", &[ANYBODY]),
    ("GET", "/metrics", &[ANYBODY]),
    ("GET", "/.well-known/jwks.json", &[ANYBODY]),
    ("GET", "/v/{certificate_code}", &[ANYBODY]),
    ("POST", "/v", &[ANYBODY]),
    ("GET", "/v1/status-list", &[ANYBODY]),
    ("GET", "/v", &[ANYBODY]),
    ("GET", "/v/{certificate_code}/capsule.jwt", &[ANYBODY]),
    ("GET", "/assets/{name}", &[ANYBODY]),
    ("GET", "/t/{view_token}", &[ANYBODY]),
    ("GET", "/t/{view_token}/photos/{hash}", &[ANYBODY]),
    ("GET", "/t/{view_token}/events", &[ANYBODY]),
    ("GET", "/t/{view_token}/act/{action_token}", &[ANYBODY]),
    ("GET", "/t/{view_token}/pieces/{code}/decision", &[ANYBODY]),
    // What it asks instead of a key, `pages.rs` tests: the action token, or the digits of the phone.
    ("POST", "/t/{view_token}/pieces/{code}/decision", &[ANYBODY]),
    // So does `sidelines.rs` of these.
    ("GET", "/t/{view_token}/order/decision", &[ANYBODY]),
    ("POST", "/t/{view_token}/order/decision", &[ANYBODY]),
    ("GET", "/t/{view_token}/pieces/{code}/return", &[ANYBODY]),
    ("POST", "/t/{view_token}/pieces/{code}/return", &[ANYBODY]),
    ("GET", "/t/{view_token}/pieces/{code}/case", &[ANYBODY]),
    ("POST", "/t/{view_token}/pieces/{code}/case", &[ANYBODY]),
    ("POST", "/v1/orders/{order_no}/lines/{line_no}/resubmission", &[MERCHANT]),
    ("POST", "/v1/lost-and-found/{id}/resolution", &[CLERK]),
    ("POST", "/v1/cases", &[PLATFORM, SUPERVISOR]),
    ("GET", "/v1/cases", &[PLATFORM, CLERK, INSPECTOR, SUPERVISOR, AUDITOR]),
    ("GET", "/v1/cases/{id}", &[PLATFORM, CLERK, INSPECTOR, SUPERVISOR, AUDITOR]),
    ("POST", "/v1/cases/{id}/report", &[PLATFORM, SUPERVISOR]),
    ("POST", "/v1/cases/{id}/decision", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/exception", &[CLERK, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/undetermined", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/quarantine", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/override", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/appeal", &[MERCHANT]),
    ("POST", "/v1/pieces/{code}/return", &[PLATFORM]),
    ("POST", "/v1/pieces/{code}/return-intake", &[CLERK]),
    ("GET", "/v1/pieces/{code}/return-intake", STAFF),
    ("GET", "/v1/seeds", &[ANYBODY]),
    ("GET", "/v1/inspectors/agreement", &[SUPERVISOR]),
    ("POST", "/v1/orders", &[PLATFORM]),
    ("GET", "/v1/orders", READERS),
    ("GET", "/v1/orders/{order_no}", &[PLATFORM, MERCHANT]),
    ("POST", "/v1/orders/{order_no}/lines/{line_no}/cancel", &[PLATFORM]),
    ("PUT", "/v1/lives/{live_id}", &[PLATFORM]),
    ("PUT", "/v1/lives/{live_id}/transcript", &[PLATFORM]),
    ("POST", "/v1/parcels", &[MERCHANT]),
    ("POST", "/v1/parcels/{waybill}/receipt", &[CLERK]),
    ("GET", "/v1/lost-and-found", &[CLERK, SUPERVISOR]),
    ("GET", "/v1/pieces/{code}", READERS),
    ("GET", "/v1/pieces/{code}/journal", READERS),
    ("GET", "/v1/pieces/{code}/ledger", READERS),
    ("GET", "/v1/pieces/{code}/transcript", &[INSPECTOR, SUPERVISOR]),
    ("GET", "/v1/pieces/{code}/label", &[CLERK]),
    ("GET", "/v1/pieces/{code}/return-label", &[CLERK]),
    ("POST", "/v1/pieces/{code}/dispatch", &[MERCHANT]),
    ("POST", "/v1/pieces/{code}/receipt", &[CLERK]),
    ("POST", "/v1/pieces/{code}/photos", &[CLERK, INSPECTOR]),
    ("GET", "/v1/pieces/{code}/photos/{hash}", READERS),
    ("PUT", "/v1/pieces/{code}/segment", &[PLATFORM, INSPECTOR, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/appraisal-opened", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/handover", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/appraisals", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/measurements", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/ledger", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/ledger/proposal", &[INSPECTOR]),
    ("POST", "/v1/pieces/{code}/verdict", &[INSPECTOR]),
    ("GET", "/v1/pieces/{code}/certificates", READERS),
    ("POST", "/v1/pieces/{code}/same-article", &[CLERK, INSPECTOR]),
    ("POST", "/v1/pieces/{code}/transit", &[SUPERVISOR]),
    ("GET", "/v1/obligations", &[PLATFORM, MERCHANT, SUPERVISOR, AUDITOR]),
    ("GET", "/v1/obligations/{id}", &[PLATFORM, MERCHANT, SUPERVISOR, AUDITOR]),
    ("POST", "/v1/obligations/{id}/settled", &[PLATFORM]),
    ("POST", "/v1/obligations/{id}/amount", &[SUPERVISOR]),
    ("GET", "/v1/merchants/{id}/conduct", &[PLATFORM, MERCHANT, SUPERVISOR, AUDITOR]),
    ("POST", "/v1/merchants/{id}/conduct/{incident}/read", &[MERCHANT]),
    ("POST", "/v1/merchants/{id}/conduct/{incident}/appeal", &[MERCHANT]),
    ("POST", "/v1/merchants/{id}/conduct/{incident}/decision", &[SUPERVISOR]),
    ("POST", "/v1/merchants/{id}/conduct/{incident}/lifted", &[PLATFORM]),
    // What they ask instead of a key, `carriers.rs` tests: the token of the address, and a signature.
    ("POST", "/v1/carriers/kuaidi100/{token}", &[ANYBODY]),
    ("POST", "/v1/carriers/push/{token}", &[ANYBODY]),
    ("POST", "/v1/pieces/{code}/reopen", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/corrections", STAFF),
    ("POST", "/v1/pieces/{code}/tag", &[CLERK]),
    ("POST", "/v1/pieces/{code}/untag", &[CLERK]),
    ("POST", "/v1/pieces/{code}/release", &[INSPECTOR, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/revoke", &[SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/shipment", &[CLERK]),
    ("POST", "/v1/pieces/{code}/delivery", &[PLATFORM]),
    ("POST", "/v1/pieces/{code}/completed", &[PLATFORM]),
    ("POST", "/v1/pieces/{code}/cancel", &[PLATFORM, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/appeal-waiver", &[MERCHANT, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/return-shipment", &[CLERK]),
    ("POST", "/v1/pieces/{code}/returned", &[CLERK]),
    ("POST", "/v1/pieces/{code}/custody", STAFF),
    ("POST", "/v1/pieces/{code}/notes", &[PLATFORM, MERCHANT, CLERK, INSPECTOR, SUPERVISOR]),
    ("POST", "/v1/pieces/{code}/proposals", &[PLATFORM, CLERK, INSPECTOR, SUPERVISOR]),
    ("GET", "/v1/proposals/{id}", STAFF),
    ("POST", "/v1/proposals/{id}/confirm", STAFF),
    ("GET", "/v1/queue", STAFF),
    ("GET", "/v1/pieces/{code}/notices", &[PLATFORM, MERCHANT, SUPERVISOR, AUDITOR]),
    ("GET", "/v1/notices", &[SUPERVISOR]),
    ("POST", "/v1/notices/{id}/resend", &[SUPERVISOR]),
    ("GET", "/v1/restore", &[SUPERVISOR, AUDITOR, OPERATOR]),
    ("GET", "/v1/restore/lost", &[SUPERVISOR, AUDITOR, OPERATOR]),
    ("POST", "/v1/restore/lost/{certificate_code}/revocation", &[SUPERVISOR]),
    ("POST", "/v1/restore/release", &[SUPERVISOR]),
    ("GET", "/v1/webhooks", &[PLATFORM, MERCHANT]),
    ("POST", "/v1/webhooks", &[PLATFORM, MERCHANT]),
    ("DELETE", "/v1/webhooks/{id}", &[PLATFORM, MERCHANT]),
    ("POST", "/v1/webhooks/{id}/rotate", &[PLATFORM, MERCHANT]),
    ("POST", "/v1/webhooks/{id}/resume", &[PLATFORM, MERCHANT]),
    ("POST", "/v1/webhooks/{id}/replay", &[PLATFORM, MERCHANT]),
    ("GET", "/v1/keys", &[OPERATOR]),
    ("POST", "/v1/keys", &[OPERATOR]),
    ("POST", "/v1/keys/{id}/revoke", &[OPERATOR]),
    ("GET", "/v1/warehouses", &[OPERATOR]),
    ("POST", "/v1/warehouses", &[OPERATOR]),
    ("GET", "/v1/laboratories", &[OPERATOR]),
    ("POST", "/v1/laboratories", &[OPERATOR]),
    ("GET", "/v1/devices", &[OPERATOR]),
    ("POST", "/v1/devices", &[OPERATOR]),
    ("GET", "/v1/devices/{id}/readings", &[CLERK, INSPECTOR]),
    ("POST", "/v1/devices/{id}/readings", &[CLERK, INSPECTOR]),
    ("POST", "/v1/persons/{id}/erase", &[OPERATOR]),
    ("GET", "/v1/events", &[AUDITOR]),
];

/// Every route as the description has it.
fn routes() -> Vec<(String, String)> {
    let description = serde_json::to_value(touchstone::http::openapi()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

#[test]
fn every_route_is_in_the_table() {
    let known = |method: &str, path: &str| TABLE.iter().any(|(m, p, _)| (*m, *p) == (method, path));
    let missing: Vec<_> = routes().into_iter().filter(|(method, path)| !known(method, path)).collect();
    assert!(missing.is_empty(), "these routes are not in the table of who may call them: {missing:#?}");
    let routes = routes();
    let gone: Vec<_> = TABLE
        .iter()
        .filter(|(method, path, _)| !routes.iter().any(|(m, p)| (m.as_str(), p.as_str()) == (*method, *path)))
        .collect();
    assert!(gone.is_empty(), "these routes are in the table and not served: {gone:#?}");
}

fn clients(app: &TestApp) -> [(&'static str, &Client); 7] {
    [
        (PLATFORM, app.platform()),
        (MERCHANT, app.merchant()),
        (CLERK, app.clerk()),
        (INSPECTOR, app.inspector()),
        (SUPERVISOR, app.supervisor()),
        (AUDITOR, app.auditor()),
        (OPERATOR, app.operator()),
    ]
}

fn filled(path: &str, code: &str) -> String {
    path.replace("{code}", code)
        .replace("{order_no}", "KS1")
        .replace("{line_no}", "1")
        .replace("{waybill}", "SF-none")
        .replace("{live_id}", "r-9")
        .replace("{view_token}", "none")
        .replace("{token}", "none")
        .replace("{incident}", "00000000-0000-7000-8000-000000000001")
        .replace("{id}", "00000000-0000-7000-8000-000000000000")
}

both!(a_role_that_a_route_does_not_take_gets_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    let before = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    for (method, path, roles) in TABLE.iter().filter(|(_, _, roles)| !roles.contains(&ANYBODY)) {
        let method: Method = method.parse().unwrap();
        let path = filled(path, code);
        let call = |client: &Client| client.call(method.clone(), &path).json(json!({"nothing": "known"})).send();
        call(&app.stranger()).await.expect_problem(401, "no_key");
        for (role, client) in clients(&app) {
            let answer = call(client).await;
            let barred = answer.status == 403;
            assert_eq!(barred, !roles.contains(&role), "{role} on {method} {path}: {answer:?}");
            assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
    }
    let after = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    assert_eq!(before, after, "a body of nonsense changed something");
});

both!(what_belongs_to_others_is_not_there, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    let foreign = [
        (PLATFORM, app.key(Role::Platform, tenant("other")).await),
        (MERCHANT, app.key(Role::Merchant, crate::app::merchant("kuai", "m-2")).await),
        (MERCHANT, app.key(Role::Merchant, crate::app::merchant("other", "m-1")).await),
        (CLERK, app.key(Role::Clerk, warehouse("w-2")).await),
        (INSPECTOR, app.key(Role::Inspector, warehouse("w-2")).await),
        (SUPERVISOR, app.key(Role::Supervisor, warehouse("w-2")).await),
    ];
    let by_piece = TABLE.iter().filter(|(_, path, _)| path.contains("{code}") || path.contains("{order_no}"));
    for (method, path, roles) in by_piece {
        let method: Method = method.parse().unwrap();
        let path = filled(path, code);
        for (role, client) in foreign.iter().filter(|(role, _)| roles.contains(role)) {
            // Without a body that fits, a caller with a right to the piece would get another answer than 404.
            let answer = client.call(method.clone(), &path).send().await;
            let unreadable = answer.status == 422 || answer.status == 415;
            assert!(answer.status == 404 || unreadable, "{role} of another house on {method} {path}: {answer:?}");
            assert!(!answer.text.contains("cleared"), "{answer:?}");
        }
        let _ = &path;
    }
    // On behalf of a merchant a platform sees what the merchant sees, and no more.
    app.platform().on_behalf_of("m-1").get(&format!("/v1/pieces/{code}")).await.expect(200);
    app.platform().on_behalf_of("m-2").get(&format!("/v1/pieces/{code}")).await.expect_problem(404, "not_found");
    app.clerk().on_behalf_of("m-1").get(&format!("/v1/pieces/{code}")).await.expect_problem(403, "not_yours");
});

both!(a_revoked_key_opens_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let body = json!({"name": "临时工", "role": "clerk", "warehouse": "w-1"});
    let call = app.operator().call(Method::POST, "/v1/keys").json(body).key("one");
    let made = call.clone().send().await.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let again = call.send().await.expect(200);
    assert_eq!((&again["id"], &again["secret"]), (&made["id"], &json!(null)));
    let clerk = app.client(&secret, app.clerk().person, app.clerk().key);
    clerk.get("/v1/queue").await.expect(200);
    let id = made["id"].as_str().unwrap();
    app.operator().post(&format!("/v1/keys/{id}/revoke"), json!({})).await.expect(200);
    clerk.get("/v1/queue").await.expect_problem(401, "no_key");
});
