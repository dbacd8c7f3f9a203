//! Walks of other tests through a house whose machine dies in the middle of the first request of each kind.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Deaths, fits};
use crate::app::{Client, TestApp};
use crate::stages::placed_as;
use crate::support::TestDatabase;

type Walk = for<'a> fn(&'a TestDatabase) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// The walks, each with its name.
macro_rules! walks {
    ($($($room:ident)::+;)*) => {
        &[$((stringify!($($room)::+), |db| Box::pin(crate::$($room)::+::body(db)))),*]
    };
}

/// Together they ask for whatever can be asked.
const WALKS: &[(&str, Walk)] = walks! {
    journey::a_piece_goes_from_the_order_to_its_buyer;
    journey::a_milder_finding_takes_two_persons;
    journey::a_cancellation_moves_a_piece_by_its_stage;
    journey::what_is_lost_in_the_house_is_closed_and_what_is_damaged_goes_back;
    journey::an_author_corrects_an_appraisal_until_the_verdict;
    journey::a_piece_is_handed_over_to_a_colleague_only;
    sidelines::what_arrived_otherwise_waits_for_a_supervisor;
    sidelines::what_nobody_knew_is_resolved_by_two;
    sidelines::what_cannot_be_told_here_has_three_ways_out;
    sidelines::an_appeal_brings_other_inspectors_and_keeps_the_first_result;
    sidelines::an_override_takes_two_supervisors_and_the_buyer;
    sidelines::two_supervisors_end_a_quarantine;
    sidelines::what_comes_back_is_held_against_what_was_sent;
    sidelines::a_buyer_sends_back_by_their_page;
    sidelines::a_buyer_asks_for_another_look_by_their_page;
    sidelines::a_failed_line_is_filled_again_or_its_price_wanted_back;
    sidelines::a_case_is_reported_and_decided_by_two_and_leaves_its_piece_alone;
    sidelines::a_parcel_for_a_closed_piece_is_a_case;
    carriers::a_push_delivers_to_the_buyer_and_its_repeat_does_nothing;
    carriers::what_a_carrier_may_not_decide_waits_for_a_supervisor;
    carriers::a_word_that_comes_before_its_waybill_waits_for_it;
    carriers::a_returning_piece_reaches_its_merchant_by_the_carriers_word;
    conduct::whoever_is_late_again_climbs_and_the_fourth_time_is_recommended_to_the_platform;
    conduct::a_lesson_is_read_and_a_step_is_appealed_once;
    owed::a_cancelled_line_owes_its_price_once_and_the_platform_settles_it;
    owed::a_fee_that_no_table_knows_waits_for_a_supervisor;
    looks::a_weight_at_its_limit_is_repeated_at_most_twice_and_the_mean_decides;
    spoken::a_transcript_after_the_order_opens_the_ledgers_that_wait;
    spoken::a_segment_selects_and_another_one_is_read_anew;
    pages::the_buyer_refuses_and_the_piece_goes_back;
    http::parcels::a_parcel_of_several_orders_is_one_dispatch_and_one_receipt;
    http::orders::live_sessions_and_their_transcripts_are_kept;
    http::operator::places_and_devices_are_added_and_changed;
    http::operator::a_person_is_erased_once;
    http::readings::a_station_posts_readings_and_the_same_again_is_the_same;
    restore::a_supervisor_sees_what_is_held_and_lets_it_go_once;
    restore::lost::whoever_asks_about_a_lost_certificate_is_told_that_it_was_taken_back;
    dying::walks::what_no_other_walk_asks;
};

/// What writes and is no walk's: `doors` has it.
const ELSEWHERE: &[&str] = &[
    "POST /v1/keys",
    "POST /v1/keys/{id}/revoke",
    "POST /v1/notices/{id}/resend",
    "POST /v1/webhooks",
    "DELETE /v1/webhooks/{id}",
    "POST /v1/webhooks/{id}/rotate",
    "POST /v1/webhooks/{id}/resume",
    "POST /v1/webhooks/{id}/replay",
    "POST /v1/pieces/{code}/same-article",
    "POST /t/{view_token}/order/decision",
    // Two do it: the second by `/v1/proposals/{id}/confirm`.
    "POST /v1/pieces/{code}/quarantine",
    "POST /v1/pieces/{code}/override",
    // It looks something up.
    "POST /v",
];

pub mod what_no_other_walk_asks {
    use super::*;

    pub async fn body(db: &TestDatabase) {
        let app = TestApp::new(db).await;
        let reason = || json!({"reason": "按流程"});
        let ask = async |stage: &'static str, client: &Client, command: &str, body: Value| {
            let placed = placed_as(&app, &format!("KS-{}", command.replace('/', "-")), stage).await;
            client.post(&format!("/v1/pieces/{}/{command}", placed.code), body).await.expect(200);
        };
        ask("tagged", app.clerk(), "untag", reason()).await;
        let revoked = json!({"to": "cleared", "reason": "封签编号登记有误"});
        ask("released", app.supervisor(), "revoke", revoked).await;
        ask("cleared", app.supervisor(), "reopen", reason()).await;
        ask("spoken_review", app.inspector(), "ledger/proposal", json!({})).await;
    }
}

async fn walk(made: fn() -> TestDatabase) {
    let deaths = Arc::new(Deaths::default());
    let began = std::time::Instant::now();
    for (name, walk) in WALKS {
        walk(&made().dying(&deaths)).await;
        println!("{:>6} ms {name}", began.elapsed().as_millis());
    }
    let doors = deaths.doors();
    let times: usize = doors.values().sum();
    println!("{} kinds of requests, the machine died {times} times: {doors:#?}", doors.len());
    let asked: BTreeSet<&str> = doors.keys().map(String::as_str).collect();
    let is_walked = |method: &str, path: &str| {
        asked.iter().any(|door| {
            let mut words = door.split(' ');
            words.next() == Some(method) && words.next().is_some_and(|own| fits(path, own))
        })
    };
    let writes = crate::auth::TABLE.iter().filter(|(method, _, _)| *method != "GET");
    let missing: Vec<_> = writes
        .map(|(method, path, _)| format!("{method} {path}"))
        .filter(|route| !ELSEWHERE.contains(&route.as_str()))
        .filter(|route| route.split_once(' ').is_some_and(|(method, path)| !is_walked(method, path)))
        .collect();
    assert!(missing.is_empty(), "no walk asks for {missing:#?}");
}

#[tokio::test]
async fn whatever_is_asked_is_done_once_wherever_the_machine_dies_on_sqlite() {
    walk(TestDatabase::sqlite).await;
}

#[tokio::test]
async fn whatever_is_asked_is_done_once_wherever_the_machine_dies_on_postgres() {
    walk(TestDatabase::postgres).await;
}
