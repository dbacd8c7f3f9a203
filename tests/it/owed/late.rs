//! The house's hours for a release, through the desk: they do not count while another line, or the question about the rest,
//! held the piece back; and a release that such a wait excuses does not excuse a late shipment.

use jiff::{SignedDuration, Timestamp};
use touchstone::desk::Seals;
use touchstone::domain::actor::By;
use touchstone::domain::command::{Command, Custody};
use touchstone::domain::deadline::{Clock, OrderClock};
use touchstone::domain::event::Ship;
use touchstone::domain::ids::{OrderId, StreamId, StreamKey};
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::route::Stage;

use crate::world::{World, order_of};

async fn at(world: &World, now: Timestamp, key: StreamKey, command: Command, by: &By) {
    let mut request = world.request(by, format!("{command:?}"));
    request.now = now;
    world.desk.carry_out(key, command, Seals::default(), request).await.unwrap();
}

async fn of_order(world: &World, now: Timestamp, order: OrderId, command: OrderCommand, by: &By) {
    let mut request = world.request(by, format!("{command:?}"));
    request.now = now;
    world.desk.on_order(order, command, Seals::default(), request).await.unwrap();
}

async fn owed(world: &World, key: StreamKey) -> Vec<String> {
    let rows = touchstone::store::owed::obligations_of(world.store.reader(), key.order_id.0).await.unwrap();
    rows.into_iter().filter(|row| row.rule == "late_release").map(|row| row.state).collect()
}

both!(the_house_is_not_late_while_others_hold_a_piece_back, |db| async move {
    let world = World::new(db).await;
    let (mut order, seals) = world.order("N-1", "u-1", 2);
    order.ship = Ship::Together;
    let placed = order_of(world.desk.place(order, seals, world.request(&world.platform, "together")).await);
    let order_id = OrderId(placed.order_id);
    let [waits, lost] = [1, 2].map(|stream| StreamKey { order_id, stream_id: StreamId(stream) });
    world.bring(waits, Stage::Cleared).await;
    world.bring(lost, Stage::Received).await;
    let mut seals = Seals::default();
    let note = world.seal(&mut seals, order_id, &world.clerk, "找不到");
    let custody = Command::ReportCustody { what: Custody::Lost, note };
    world.carry_sealed(lost, custody, seals, &world.clerk).await.unwrap();

    // Two days for another piece, and a day for the buyer's word: more than the house's own.
    let days = |days: i64| world.now() + SignedDuration::from_hours(24 * days);
    let clock = OrderClock::Resubmission { line_no: 2 };
    of_order(&world, days(4), order_id, OrderCommand::PassDeadline { clock }, &By::desk()).await;
    of_order(&world, days(5), order_id, OrderCommand::AnswerRest { wanted: true }, &world.platform).await;
    at(&world, days(5), waits, world.tag("T-1"), &world.clerk).await;
    at(&world, days(5), waits, world.release(), &world.supervisor).await;
    assert!(owed(&world, waits).await.is_empty(), "it waited for others, not for the house");
    at(&world, days(7), waits, Command::PassDeadline { clock: Clock::Shipment }, &By::desk()).await;
    assert_eq!(owed(&world, waits).await, ["owed"], "and then for the house");
});
