//! Clocks that run out: each fires once, whoever looks, however often, and whatever the machine's own clock does.

use jiff::{SignedDuration, Timestamp};
use touchstone::audit::rebuild;
use touchstone::clockwork::{Pass, fire_due};
use touchstone::desk::receipt::Receipt;
use touchstone::desk::{Error, Fired, Seals};
use touchstone::domain::command::Command;
use touchstone::domain::event::{Event, Ship};
use touchstone::domain::ids::{StreamId, StreamKey};
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::route::Stage;
use touchstone::store::entity::deadlines;
use touchstone::store::{deadlines as rows, lookups};

use crate::world::{World, at_once, code};

mod every;

/// What stands in an order's own journal, but for who owes what and how merchants fare.
async fn of_order(world: &World, key: StreamKey) -> Vec<String> {
    let mut kinds = world.kinds(StreamKey { stream_id: StreamId::ORDER, ..key }).await;
    kinds.retain(|kind| !kind.starts_with("obligation_") && !kind.starts_with("incident_"));
    kinds
}

async fn line(world: &World, key: StreamKey, line_no: i32) -> (String, i32) {
    let lines = lookups::lines_of(world.store.reader(), &[key.order_id.0]).await.unwrap();
    let line = lines.into_iter().find(|line| line.line_no == line_no).unwrap();
    (line.status, line.attempts)
}

async fn clocks(world: &World, key: StreamKey) -> Vec<(String, Timestamp)> {
    let rows = touchstone::store::queries::deadlines_of(world.store.reader(), key.order_id.0, key.stream_id.0).await;
    let at = |row: deadlines::Model| (row.kind, Timestamp::from_microsecond(row.due_at).unwrap());
    rows.unwrap().into_iter().map(at).collect()
}

async fn clocks_of_order(world: &World, key: StreamKey) -> Vec<String> {
    let rows = rows::of_order(world.store.reader(), key.order_id.0).await.unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

fn later(from: Timestamp, hours: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

/// The projections are those that the journals fold to.
async fn is_as_rebuilt(world: &World) {
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 0);
}

async fn resubmit(world: &World, key: StreamKey) -> Result<Receipt, Error> {
    let command =
        OrderCommand::Resubmit { line_no: 1, code: world.desk.next_piece_code(), presented_certificate: None };
    world.desk.on_order(key.order_id, command, Seals::default(), world.request(&world.merchant, "again")).await
}

both!(a_merchant_who_sends_nothing_is_cancelled_once_and_by_nobody, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let due = clocks(&world, key).await[0].1;
    let before = due.checked_sub(SignedDuration::from_micros(1)).unwrap();
    assert_eq!(fire_due(&world.desk, before).await.unwrap(), Pass::default());
    assert_eq!(fire_due(&world.desk, due).await.unwrap().fired, 1);
    assert_eq!(world.kinds(key).await, ["piece_opened", "cancelled"]);
    let last = world.folded(key).await.last().clone();
    assert_eq!((last.person, last.key, last.role.as_str()), (None, None, "desk"));
    assert_eq!(line(&world, key, 1).await.0, "cancelled");
    // Forward by years and back again: it was fired, and stays so.
    for now in [later(due, 24 * 365 * 3), due, before] {
        assert_eq!(fire_due(&world.desk, now).await.unwrap(), Pass::default());
    }
    is_as_rebuilt(&world).await;
});

both!(many_workers_fire_each_clock_once, |db| async move {
    let world = World::new(db).await;
    let mut keys = Vec::new();
    // Of one piece each: two instances that write to one order at once are PostgreSQL's, which locks it.
    for order in 0..18 {
        keys.extend(world.place(&format!("N-{order}"), 1).await.pieces);
    }
    let now = later(clocks(&world, keys[0]).await[0].1, 1);
    let other = world.another_desk(db).await;
    let looking = (0..8).map(|worker| {
        let desk = if worker % 2 == 0 { world.desk.clone() } else { other.clone() };
        async move { fire_due(&desk, now).await }
    });
    let fired: usize = at_once(looking.collect()).await.into_iter().map(|pass| pass.unwrap().fired).sum();
    assert_eq!(fired, keys.len());
    for key in keys {
        assert_eq!(world.kinds(key).await, ["piece_opened", "cancelled"]);
    }
    is_as_rebuilt(&world).await;
});

both!(what_ran_out_while_nobody_worked_fires_once_after_the_next_start, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let due = clocks(&world, key).await[0].1;
    // It has the clock and its reminder in hand, and stops before they fire.
    assert_eq!(world.desk.lease_due(due, 10).await.unwrap().len(), 2);
    world.desk.close().await;
    let started = world.another_desk(db).await;
    assert_eq!(fire_due(&started, later(due, 24 * 40)).await.unwrap().fired, 1);
    assert_eq!(fire_due(&started, later(due, 24 * 41)).await.unwrap(), Pass::default());
    assert_eq!(world.kinds(key).await, ["piece_opened", "cancelled"]);
    is_as_rebuilt(&world).await;
});

both!(two_who_fire_the_same_row_fire_it_once, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Inbound).await;
    let now = later(clocks(&world, key).await[0].1, 1);
    let row = rows::due(world.store.reader(), now.as_microsecond(), 10).await.unwrap().remove(0);
    // Neither knows of the other: a lease that ran out while its holder was slow.
    let firing = [world.desk.clone(), world.another_desk(db).await].map(|desk| {
        let row = row.clone();
        async move { desk.fire(&row, now).await.unwrap() }
    });
    let mut fired = at_once(firing.into()).await;
    fired.sort_by_key(|fired| *fired == Fired::Renewed);
    assert_eq!(fired[0], Fired::Done);
    assert_eq!(world.kinds(key).await, ["piece_opened", "dispatched", "deadline_passed"]);
    is_as_rebuilt(&world).await;
});

both!(a_worker_that_falls_silent_loses_its_lease, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let due = clocks(&world, key).await[0].1;
    // The clock, and the reminder of it that nobody has looked at.
    assert_eq!(world.desk.lease_due(due, 10).await.unwrap().len(), 2);
    // Nobody else takes it while the lease lasts; after it, somebody does.
    assert_eq!(fire_due(&world.desk, due).await.unwrap(), Pass::default());
    let over = due.checked_add(SignedDuration::from_micros(rows::LEASE_US)).unwrap();
    assert_eq!(fire_due(&world.desk, over).await.unwrap().fired, 1);

    // Leased by a clock that was hours ahead, and then set right.
    let key = world.piece("N-2").await;
    assert_eq!(world.desk.lease_due(later(due, 50), 10).await.unwrap().len(), 2);
    assert_eq!(fire_due(&world.desk, due).await.unwrap().fired, 1);
    assert_eq!(world.kinds(key).await, ["piece_opened", "cancelled"]);
});

both!(a_row_that_the_journal_does_not_bear_out_is_set_anew, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let clocks_before = clocks(&world, key).await;
    let said = db.client("UPDATE deadlines SET due_at = 5;");
    assert!(said.accepted, "{}", said.text);
    let pass = fire_due(&world.desk, world.now()).await.unwrap();
    assert_eq!((pass.fired, pass.renewed), (0, 2), "the clock and its reminder");
    assert_eq!(world.kinds(key).await, ["piece_opened"]);
    assert_eq!(clocks(&world, key).await, clocks_before);
});

both!(a_parcel_that_stalls_is_somebodys_task_and_stays_where_it_is, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Inbound).await;
    let [stalled, lost] = clocks(&world, key).await.try_into().unwrap();
    assert_eq!(fire_due(&world.desk, stalled.1).await.unwrap().fired, 1);
    let piece = world.folded(key).await;
    assert_eq!(piece.stage(), Stage::Inbound);
    let Event::DeadlinePassed(passed) = &piece.last().event else { panic!("{:?}", piece.last()) };
    assert_eq!((passed.clock.as_str(), passed.due_at), ("inbound:carrier_stalled", stalled.1.as_microsecond()));
    // The queue still shows since when it is late.
    let row = touchstone::store::queries::piece(world.store.reader(), key.order_id.0, key.stream_id.0).await;
    assert_eq!(row.unwrap().unwrap().due_at, Some(stalled.1.as_microsecond()));
    assert_eq!(fire_due(&world.desk, stalled.1).await.unwrap(), Pass::default());
    // A corrected waybill starts it again; that it may be lost counts from the dispatch.
    world.carry(key, world.dispatch("SF-OTHER"), &world.merchant).await.unwrap();
    assert_eq!(clocks(&world, key).await.len(), 2);
    assert_eq!(fire_due(&world.desk, later(lost.1, 24 * 30)).await.unwrap().fired, 2);
    assert_eq!(world.folded(key).await.stage(), Stage::Inbound, "whether it is lost, a supervisor decides");
    is_as_rebuilt(&world).await;
});

both!(the_window_closes_by_itself, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Delivered).await;
    let due = clocks(&world, key).await[0].1;
    assert_eq!(fire_due(&world.desk, due).await.unwrap().fired, 1);
    let piece = world.folded(key).await;
    assert_eq!(piece.standing().outcome().unwrap().as_str(), "completed");
    assert_eq!(piece.last().role.as_str(), "desk");
    let late = world.carry(key, Command::Complete, &world.platform).await;
    assert_eq!(code(&late), "wrong_stage");
});

both!(a_line_that_failed_waits_two_days_for_another_piece, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.fail_and_return(key).await;
    assert_eq!(line(&world, key, 1).await, ("resubmission".to_owned(), 1));
    assert_eq!(clocks_of_order(&world, key).await, ["line:resubmission:1"]);
    is_as_rebuilt(&world).await;
    let due = rows::of_order(world.store.reader(), key.order_id.0).await.unwrap()[0].due_at;
    let due = Timestamp::from_microsecond(due).unwrap();
    assert_eq!(fire_due(&world.desk, due).await.unwrap().fired, 1);
    assert_eq!(of_order(&world, key).await, ["order_placed", "line_failed"]);
    assert_eq!(line(&world, key, 1).await.0, "failed");
    let order = touchstone::store::queries::order(world.store.reader(), key.order_id.0).await.unwrap().unwrap();
    assert_eq!(order.status, "failed");
    assert_eq!(code(&resubmit(&world, key).await), "not_resubmittable");
    assert_eq!(fire_due(&world.desk, later(due, 100)).await.unwrap(), Pass::default());
    is_as_rebuilt(&world).await;
});

both!(a_line_is_filled_again_twice_and_no_more, |db| async move {
    let world = World::new(db).await;
    let first = world.piece("N-1").await;
    assert_eq!(code(&resubmit(&world, first).await), "not_resubmittable", "its piece is still on its way");
    let mut key = first;
    for attempt in 2..=3 {
        world.fail_and_return(key).await;
        let Receipt::Made { id, .. } = resubmit(&world, key).await.unwrap() else { panic!("a code") };
        let next = StreamKey { stream_id: StreamId(key.stream_id.0 + 1), ..key };
        let piece = world.folded(next).await;
        let opened = piece.opened();
        assert_eq!((opened.code.as_str(), opened.attempt, opened.follows), (id.as_str(), attempt, Some(key.stream_id)));
        assert_eq!(line(&world, key, 1).await, ("waiting".to_owned(), attempt));
        assert!(clocks_of_order(&world, key).await.is_empty());
        is_as_rebuilt(&world).await;
        key = next;
    }
    world.fail_and_return(key).await;
    assert_eq!(line(&world, key, 1).await, ("failed".to_owned(), 3));
    assert!(clocks_of_order(&world, key).await.is_empty());
    assert_eq!(code(&resubmit(&world, key).await), "not_resubmittable");
    is_as_rebuilt(&world).await;
});

both!(of_many_who_fill_a_line_again_one_does, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.fail_and_return(key).await;
    let other = world.another_desk(db).await;
    let asked = (0..8).map(|n| {
        let desk = if n % 2 == 0 { world.desk.clone() } else { other.clone() };
        let command = OrderCommand::Resubmit { line_no: 1, code: desk.next_piece_code(), presented_certificate: None };
        let request = world.request(&world.merchant, format!("again {n}"));
        async move { desk.on_order(key.order_id, command, Seals::default(), request).await }
    });
    let answers = at_once(asked.collect()).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers.iter().filter(|answer| code(answer) == "not_resubmittable").count();
    assert_eq!((done, refused), (1, 7), "{:?}", answers.iter().map(code).collect::<Vec<_>>());
    assert_eq!(line(&world, key, 1).await, ("waiting".to_owned(), 2));
});

/// An order of two lines that ships together, the first passed and the second failed for good.
pub async fn together(world: &World, order_no: &str) -> [StreamKey; 2] {
    let (mut order, seals) = world.order(order_no, "u-1", 2);
    order.ship = Ship::Together;
    let order_id = order.order_id;
    world.desk.place(order, seals, world.request(&world.platform, order_no)).await.unwrap();
    let keys = [1, 2].map(|stream| StreamKey { order_id, stream_id: StreamId(stream) });
    world.bring(keys[0], Stage::Cleared).await;
    world.bring(keys[1], Stage::Failed).await;
    world.bring(keys[1], Stage::Returning).await;
    keys
}

async fn cancel_line(world: &World, key: StreamKey, line_no: i32) {
    let command = OrderCommand::CancelLine { line_no, reason: None };
    let request = world.request(&world.platform, "the money, please");
    world.desk.on_order(key.order_id, command, Seals::default(), request).await.unwrap();
}

async fn answer_rest(world: &World, key: StreamKey, wanted: bool) -> Result<Receipt, Error> {
    let request = world.request(&world.platform, format!("rest {wanted}"));
    let buyer = touchstone::domain::actor::By { role: touchstone::domain::actor::Role::Buyer, ..request.by.clone() };
    let request = touchstone::desk::Request { by: buyer, ..request };
    world.desk.on_order(key.order_id, OrderCommand::AnswerRest { wanted }, Seals::default(), request).await
}

both!(when_a_line_of_a_whole_order_ends_the_buyer_is_asked_about_the_rest, |db| async move {
    let world = World::new(db).await;
    let [passed, failed] = together(&world, "N-1").await;
    let tag = |tag: &str| world.tag(tag);
    assert_eq!(code(&world.carry(passed, tag("T-1"), &world.clerk).await), "waits_for_lines");
    cancel_line(&world, failed, 2).await;
    assert_eq!(of_order(&world, passed).await, ["order_placed", "line_cancelled", "rest_asked"]);
    assert_eq!(code(&world.carry(passed, tag("T-1"), &world.clerk).await), "waits_for_rest");
    is_as_rebuilt(&world).await;
    answer_rest(&world, passed, true).await.unwrap();
    assert_eq!(code(&answer_rest(&world, passed, false).await), "not_now");
    world.carry(passed, tag("T-1"), &world.clerk).await.unwrap();

    let [passed, failed] = together(&world, "N-2").await;
    cancel_line(&world, failed, 2).await;
    answer_rest(&world, passed, false).await.unwrap();
    assert_eq!(world.folded(passed).await.stage(), Stage::Returning);
    assert_eq!(line(&world, passed, 1).await.0, "cancelled");
    is_as_rebuilt(&world).await;
});

both!(silence_about_the_rest_declines_it_once_the_question_has_arrived, |db| async move {
    let world = World::new(db).await;
    let [passed, failed] = together(&world, "N-1").await;
    // The line's own time runs out first, and that asks.
    let due = rows::of_order(world.store.reader(), failed.order_id.0).await.unwrap()[0].due_at;
    let now = Timestamp::from_microsecond(due).unwrap();
    assert_eq!(world.desk.fire(&row(&world, passed).await, now).await.unwrap(), Fired::Done);
    assert_eq!(of_order(&world, passed).await, ["order_placed", "line_failed", "rest_asked"]);
    // As long as no channel took the question, nobody's silence means anything.
    assert!(clocks_of_order(&world, passed).await.is_empty());
    let whole = world.kinds(StreamKey { stream_id: StreamId::ORDER, ..passed }).await;
    let asked = whole.iter().position(|kind| kind == "rest_asked").unwrap() + 1;
    let notice = (crate::world::name("rest_asked"), crate::world::name("mail"), asked as i32);
    for _ in 0..2 {
        world.desk.order_notice_accepted(passed.order_id, notice.clone(), now).await.unwrap();
    }
    assert_eq!(of_order(&world, passed).await.len(), 4, "accepted once, however often it is said");
    assert_eq!(clocks_of_order(&world, passed).await, ["order:rest"]);
    is_as_rebuilt(&world).await;
    let due = Timestamp::from_microsecond(row(&world, passed).await.due_at).unwrap();
    let fired = world.desk.fire(&row(&world, passed).await, due).await.unwrap();
    assert_eq!(fired, Fired::Done);
    assert_eq!(of_order(&world, passed).await[4], "rest_declined");
    assert_eq!(world.folded(passed).await.stage(), Stage::Returning);
    is_as_rebuilt(&world).await;
});

async fn row(world: &World, key: StreamKey) -> deadlines::Model {
    rows::of_order(world.store.reader(), key.order_id.0).await.unwrap().remove(0)
}

both!(a_cancellation_and_a_release_at_once_end_in_one_of_both, |db| async move {
    let world = World::new(db).await;
    let other = world.another_desk(db).await;
    for round in 0..6 {
        let key = world.piece(&format!("N-{round}")).await;
        world.bring(key, Stage::Tagged).await;
        let cancel = {
            let (desk, request) = (world.desk.clone(), world.request(&world.platform, "cancel"));
            let command = Command::Cancel { reason: None };
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        };
        let release = {
            let (desk, request) = (other.clone(), world.request(&world.supervisor, "release"));
            let command = world.release();
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        };
        let tasks = [tokio::spawn(cancel), tokio::spawn(release)];
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(code(&task.await.unwrap()));
        }
        assert_eq!(answers[0], "done", "a wish to cancel is heard before the piece is shipped");
        let piece = world.folded(key).await;
        assert_eq!(piece.stage(), Stage::Returning);
        // Where the release came first, its capsule is revoked with it.
        let capsule = touchstone::store::queries::capsule(world.store.reader(), key.order_id.0, key.stream_id.0).await;
        let revoked = capsule.unwrap().map(|row| row.revoked_at.is_some());
        assert_eq!(revoked, (answers[1] == "done").then_some(true), "{answers:?}");
    }
});
