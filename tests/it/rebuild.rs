//! Projections are made anew from the journals alone, and come out as the writer made them.

use touchstone::audit::{Finding, Watch, rebuild};
use touchstone::domain::appraisal::Appraisal;
use touchstone::domain::command::Command;
use touchstone::domain::route::Stage;
use touchstone::store::projections::{self, Projections};

use crate::support::TestDatabase;
use crate::world::{World, appraisal};

async fn all(world: &World) -> Vec<Projections> {
    let mut all = Vec::new();
    for order in touchstone::store::journal::orders(world.store.reader(), None, 100).await.unwrap() {
        all.push(projections::read(world.store.reader(), order).await.unwrap());
    }
    all
}

/// Says which rows differ, and not all of them.
fn same(left: &[Projections], right: &[Projections]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left.orders, right.orders);
        assert_eq!(left.lines, right.lines);
        assert_eq!(left.pieces, right.pieces);
        assert_eq!(left.components, right.components);
        assert_eq!(left.deadlines, right.deadlines);
        assert_eq!(left.photos, right.photos);
        assert_eq!(left.photo_bands, right.photo_bands);
        assert_eq!(left.obligations, right.obligations);
        assert_eq!(left.incidents, right.incidents);
        assert_eq!(left.legs, right.legs);
    }
}

fn run(db: &TestDatabase, sql: &str) {
    let said = db.client(sql);
    assert!(said.accepted, "{sql}: {}", said.text);
}

both!(what_the_writer_made_is_what_the_journals_fold_to, |db| async move {
    let world = World::new(db).await;
    world.furnish().await;
    let before = all(&world).await;
    let rebuilt = rebuild(&world.store, &mut ()).await.unwrap();
    same(&all(&world).await, &before);
    assert_eq!((rebuilt.orders, rebuilt.differed, rebuilt.left), (3, 0, 0));
    assert_eq!(rebuilt.rows, before.iter().map(|rows| rows.len() as u64).sum::<u64>());
});

both!(projections_that_were_wiped_or_garbled_come_back, |db| async move {
    let world = World::new(db).await;
    world.furnish().await;
    let before = all(&world).await;
    let rows: u64 = before.iter().map(|rows| rows.len() as u64).sum();
    run(db, "UPDATE orders SET status = 'done', head_seq = 9, merchant_id = 'm-9';");
    run(db, "DELETE FROM lines WHERE line_no = 1; UPDATE lines SET status = 'waiting', stream_id = 7;");
    run(db, "UPDATE pieces SET stage = 'closed', outcome = 'lost', flagged = true, due_at = 5, code = 'X';");
    run(
        db,
        "DELETE FROM components; UPDATE deadlines SET due_at = due_at + 1; DELETE FROM photos; DELETE FROM photo_bands;",
    );
    run(db, "DELETE FROM legs; DELETE FROM obligations; DELETE FROM incidents;");
    run(
        db,
        "INSERT INTO lines (order_id, line_no, status, stream_id, attempts, price_amount, currency) \
         SELECT order_id, 99, 'done', 1, 1, 1, 'CNY' FROM orders;",
    );
    let rebuilt = rebuild(&world.store, &mut ()).await.unwrap();
    same(&all(&world).await, &before);
    assert_eq!(rebuilt.differed, rows + 3, "every row was wrong, and three were too many");

    run(db, "DELETE FROM orders; DELETE FROM pieces; DELETE FROM lines; DELETE FROM deadlines;");
    rebuild(&world.store, &mut ()).await.unwrap();
    same(&all(&world).await, &before);
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 0, "a second time changes nothing");
});

both!(who_holds_a_lease_keeps_it, |db| async move {
    let world = World::new(db).await;
    world.piece("N-1").await;
    run(db, "UPDATE deadlines SET leased_until_at = 5; UPDATE orders SET status = 'done';");
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 1);
    assert_eq!(all(&world).await[0].deadlines[0].leased_until_at, Some(5));
});

both!(a_part_that_was_found_before_a_reopening_is_gone_with_it, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Cleared).await;
    assert_eq!(all(&world).await[0].components.len(), 2, "a cord was found that nobody had declared");
    world.reopen(key).await;
    let appraisal = appraisal();
    let components = appraisal.components[..1].to_vec();
    let without_cord = Command::SubmitAppraisal { appraisal: Appraisal { components, ..appraisal } };
    world.carry(key, without_cord, &world.second_inspector).await.unwrap();
    assert_eq!(all(&world).await[0].components.len(), 1);
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 0);
});

#[derive(Default)]
struct Seen {
    findings: Vec<String>,
    progress: Vec<(u64, u64)>,
}

impl Watch for Seen {
    fn progress(&mut self, count: u64, total: u64) {
        self.progress.push((count, total));
    }

    fn found(&mut self, finding: &Finding) {
        self.findings.push(finding.wrong.code().to_owned());
    }
}

both!(an_order_whose_journal_is_corrupt_is_left_as_it_is, |db| async move {
    let world = World::new(db).await;
    let sound = world.piece("N-1").await;
    let spoiled = world.piece("N-2").await;
    crate::tamper::breach(db, "events");
    run(
        db,
        &format!(
            "UPDATE events SET body = replace(body, 'CNY', 'EUR') WHERE order_id = {};",
            db.uuid(spoiled.order_id.0.as_u128())
        ),
    );
    run(db, "UPDATE orders SET status = 'done';");
    let mut seen = Seen::default();
    let rebuilt = rebuild(&world.store, &mut seen).await.unwrap();
    assert_eq!((rebuilt.orders, rebuilt.differed, rebuilt.left), (2, 1, 1));
    assert_eq!(seen.findings, ["chain_broken", "chain_broken"], "the order's own journal, and its piece's");
    assert_eq!(seen.progress, [(1, 2), (2, 2)]);
    let rows = projections::read(world.store.reader(), spoiled.order_id.0).await.unwrap();
    assert_eq!(rows.orders[0].status, "done");
    let rows = projections::read(world.store.reader(), sound.order_id.0).await.unwrap();
    assert_eq!(rows.orders[0].status, "waiting");
});
