//! The service as callers meet it: what platforms, merchants, clerks and operators send, good and bad.

use serde_json::Value;

use crate::app::{Answer, Call, TestApp};
use crate::support::TestDatabase;

mod bad_input;
mod connections;
pub mod operator;
pub mod orders;
pub mod parcels;
pub mod readings;

both!(the_service_answers, |db| async move {
    let app = TestApp::new(db).await;
    assert_eq!(app.stranger().get("/livez").await.status, 200);
    assert_eq!(app.stranger().get("/readyz").await.status, 200);
    app.stranger().get("/v1/nothing").await.expect_problem(404, "not_found");
});

/// What `SELECT count(*)` says of a table.
fn count(db: &TestDatabase, table: &str) -> usize {
    let said = db.client(&format!("SELECT count(*) FROM {table}"));
    assert!(said.accepted, "{}", said.text);
    said.text.trim().parse().expect("a number")
}

/// The same request so many times at once.
async fn at_once(call: Call, times: usize) -> Vec<Answer> {
    let tasks: Vec<_> = (0..times).map(|_| tokio::spawn(call.clone().send())).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a request is answered"));
    }
    answers
}

/// The outcomes of a parcel's answer, in order.
fn outcomes(answer: &Value) -> Vec<&str> {
    answer["pieces"].as_array().expect("pieces").iter().filter_map(|piece| piece["outcome"].as_str()).collect()
}
