//! The one door under load: whatever comes at once, one event happens, and everybody else gets the first receipt or a
//! clear refusal. Every race runs in one process, in two, and in one that remembers nothing.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use touchstone::desk::receipt::{ParcelOutcome, Receipt};
use touchstone::desk::{Arrival, ArrivedPiece, Desk, Error, Options, Parcel, Seals};
use touchstone::domain::command::{Command, CommandKind};
use touchstone::domain::event::Condition;
use touchstone::domain::ids::*;
use touchstone::domain::refusal::Refusal;
use touchstone::domain::route::Stage;
use touchstone::store::Backend;

use crate::support::TestDatabase;
use crate::world::{World, at_once, code, grams, order_of, piece_of, refusal};

const MANY: usize = 64;

/// How often each answer was given.
fn tally(answers: &[Result<Receipt, Error>]) -> BTreeMap<&'static str, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(code(answer)).or_default() += 1;
    }
    tally
}

/// The one receipt that all of them got.
fn one_receipt(answers: Vec<Result<Receipt, Error>>) -> Receipt {
    let mut receipts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap()).collect();
    let first = receipts.pop().expect("somebody asked");
    for receipt in receipts {
        assert_eq!(receipt, first);
    }
    first
}

/// The desks of one process, of two, and of one that keeps no piece in memory.
async fn desks(world: &World, db: &TestDatabase) -> [Vec<Desk>; 3] {
    let forgetful = Options { kept_pieces: 0, ..Options::default() };
    let forgetful = Desk::open(world.store.clone(), &world.secrets, forgetful).unwrap();
    [vec![world.desk.clone()], vec![world.desk.clone(), world.another_desk(db).await], vec![forgetful]]
}

// ---- the same thing at once -----------------------------------------------------------------------

both!(the_same_command_at_once_happens_once, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let key = world.piece(&format!("N-{round}")).await;
        let command = world.dispatch(&format!("SF-{round}"));
        let asked = (0..MANY).map(|n| {
            let (desk, command) = (desks[n % desks.len()].clone(), command.clone());
            let request = world.request(&world.merchant, "the same body");
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        let Receipt::Piece(receipt) = one_receipt(answers) else { panic!("a piece was dispatched") };
        assert_eq!((receipt.seq, receipt.stage.as_str()), (2, "inbound"));
        assert_eq!(world.kinds(key).await, ["piece_opened", "dispatched"]);
    }
});

both!(a_command_of_several_events_is_repeated_with_all_of_them, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Appraising).await;
    let before = world.events(key).await.len();
    let asked = (0..MANY).map(|_| {
        let (desk, command) = (world.desk.clone(), world.appraise());
        let request = world.request(&world.inspector, "the same body");
        async move { desk.carry_out(key, command, Seals::default(), request).await }
    });
    let Receipt::Piece(receipt) = one_receipt(at_once(asked.collect()).await) else { panic!("a piece") };
    let kinds: Vec<_> = receipt.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["appraisal_submitted", "appraisal_settled", "claims_read", "ledger_proposed"]);
    assert_eq!(world.events(key).await.len(), before + 4);
});

both!(two_commands_of_one_person_in_one_instant_stay_two, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let now = world.now();
    let mut first = world.request(&world.merchant, "first");
    let mut second = world.request(&world.merchant, "second");
    (first.now, second.now) = (now, now);
    world.desk.carry_out(key, world.dispatch("SF-1"), Seals::default(), first).await.unwrap();
    let command = world.dispatch("SF-2");
    let done = world.desk.carry_out(key, command.clone(), Seals::default(), second.clone()).await.unwrap();
    second.idempotency_key = "another".to_owned();
    let again = world.desk.carry_out(key, command, Seals::default(), second).await.unwrap();
    assert_eq!(again, done, "the receipt of the second names the second alone");
});

both!(one_idempotency_key_at_once_gives_one_event_and_equal_answers, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let key = world.piece(&format!("N-{round}")).await;
        world.bring(key, Stage::Inbound).await;
        let request = world.request(&world.clerk, "a photo");
        let command = world.photo();
        let asked = (0..MANY).map(|n| {
            let (desk, command, request) = (desks[n % desks.len()].clone(), command.clone(), request.clone());
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        one_receipt(at_once(asked.collect()).await);
        assert_eq!(world.events(key).await.len(), 3);

        let mut reused = request.clone();
        reused.body = b"another body".to_vec();
        let answer = world.desk.carry_out(key, world.photo(), Seals::default(), reused).await;
        assert_eq!(refusal(answer), Refusal::KeyReused);
        let mut elsewhere = request.clone();
        elsewhere.target = "POST /elsewhere".to_owned();
        let answer = world.desk.carry_out(key, world.photo(), Seals::default(), elsewhere).await;
        assert_eq!(refusal(answer), Refusal::KeyReused);
        assert_eq!(world.events(key).await.len(), 3);
    }
});

both!(one_idempotency_key_on_two_pieces_at_once_is_one_pieces, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let keys = [world.piece(&format!("A-{round}")).await, world.piece(&format!("B-{round}")).await];
        let request = world.request(&world.merchant, "");
        let asked = keys.iter().enumerate().map(|(n, key)| {
            let (desk, key, mut request) = (desks[n % desks.len()].clone(), *key, request.clone());
            let command = world.dispatch(&World::waybill("in", key));
            request.body = format!("{key:?}").into_bytes();
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("key_reused", 1)]));
        let events = [world.events(keys[0]).await.len(), world.events(keys[1]).await.len()];
        assert_eq!(events.iter().sum::<usize>(), 3);
    }
});

// ---- conflicting things at once -------------------------------------------------------------------

both!(of_conflicting_commands_at_once_one_wins, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        // Cancelled once; the others are told that it is closed.
        let key = world.piece(&format!("C-{round}")).await;
        let asked = (0..MANY).map(|n| {
            let desk = desks[n % desks.len()].clone();
            let mut seals = Seals::default();
            let reason = Some(world.seal(&mut seals, key.order_id, &world.platform, &format!("reason {n}")));
            let request = world.request(&world.platform, format!("reason {n}"));
            async move { desk.carry_out(key, Command::Cancel { reason }, seals, request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("wrong_stage", MANY - 1)]));
        assert_eq!(world.kinds(key).await, ["piece_opened", "cancelled"]);
        assert_eq!(world.desk.read_texts(key.order_id).await.unwrap().len(), 2, "a refusal leaves no text behind");

        // Two persons release; each has their own certificate code.
        let key = world.piece(&format!("R-{round}")).await;
        world.bring(key, Stage::Tagged).await;
        let asked = (0..MANY).map(|n| {
            let desk = desks[n % desks.len()].clone();
            let by = if n % 2 == 0 { &world.supervisor } else { &world.second_inspector };
            let request = world.request(by, format!("release {n}"));
            let command = world.release();
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("wrong_stage", MANY - 1)]));
        assert_eq!(world.kinds(key).await.iter().filter(|kind| *kind == "released").count(), 1);
    }
});

both!(of_different_waybills_at_once_the_machine_takes_as_many_as_it_may, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let key = world.piece(&format!("N-{round}")).await;
        let asked = (0..MANY).map(|n| {
            let (desk, command) = (desks[n % desks.len()].clone(), world.dispatch(&format!("SF-{round}-{n}")));
            let request = world.request(&world.merchant, format!("waybill {n}"));
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 4), ("too_often", MANY - 4)]));
        let mut seqs: Vec<_> = answers.into_iter().flatten().map(|receipt| piece_of(Ok(receipt)).seq).collect();
        seqs.sort();
        assert_eq!(seqs, [2, 3, 4, 5]);
    }
});

both!(a_page_that_is_stale_changes_nothing, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let key = world.piece(&format!("N-{round}")).await;
        let asked = (0..MANY).map(|n| {
            let (desk, command) = (desks[n % desks.len()].clone(), world.dispatch(&format!("SF-{round}-{n}")));
            let mut request = world.request(&world.merchant, format!("waybill {n}"));
            request.if_match = Some(1);
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("stale", MANY - 1)]));
        let mut request = world.request(&world.clerk, "");
        request.if_match = Some(9);
        let answer = world.desk.carry_out(key, world.receive(), Seals::default(), request).await;
        assert_eq!(refusal(answer), Refusal::Stale { head: 2 });
    }
});

// ---- two processes --------------------------------------------------------------------------------

both!(a_desk_goes_on_from_what_another_wrote, |db| async move {
    let world = World::new(db).await;
    let other = world.another_desk(db).await;
    let key = world.piece("N-1").await;
    // Both have the piece in memory, and each writes in its turn.
    for n in 1..=6 {
        let desk = if n % 2 == 0 { &world.desk } else { &other };
        let mut seals = Seals::default();
        let text = world.seal(&mut seals, key.order_id, &world.clerk, &format!("note {n}"));
        let request = world.request(&world.clerk, format!("note {n}"));
        let receipt = piece_of(desk.carry_out(key, Command::AddNote { text }, seals, request).await);
        assert_eq!(receipt.seq, n + 1);
    }
});

both!(different_things_of_two_processes_at_once_all_happen, |db| async move {
    let world = World::new(db).await;
    let other = world.another_desk(db).await;
    let key = world.piece("N-1").await;
    let asked = (0..MANY).map(|n| {
        let desk = if n % 2 == 0 { world.desk.clone() } else { other.clone() };
        let mut seals = Seals::default();
        let text = world.seal(&mut seals, key.order_id, &world.clerk, &format!("note {n}"));
        let request = world.request(&world.clerk, format!("note {n}"));
        async move { desk.carry_out(key, Command::AddNote { text }, seals, request).await }
    });
    let answers = at_once(asked.collect()).await;
    assert_eq!(tally(&answers), BTreeMap::from([("done", MANY)]));
    let seqs: BTreeSet<_> = answers.into_iter().map(|answer| piece_of(answer).seq).collect();
    assert_eq!(seqs.len(), MANY);
    assert_eq!(world.events(key).await.len(), MANY + 1);
});

// ---- orders ---------------------------------------------------------------------------------------

both!(an_order_placed_at_once_is_one_order, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let number = format!("N-{round}");
        let asked = (0..MANY).map(|n| {
            let desk = desks[n % desks.len()].clone();
            let (order, seals) = world.order(&number, "u-1", 2);
            let request = world.request(&world.platform, "the same body");
            async move { desk.place(order, seals, request).await }
        });
        let answers: Vec<_> = at_once(asked.collect()).await.into_iter().map(order_of).collect();
        assert_eq!(answers.iter().filter(|receipt| receipt.placed).count(), 1);
        for receipt in &answers {
            assert_eq!((receipt.order_id, &receipt.lines), (answers[0].order_id, &answers[0].lines));
        }
        let (order, seals) = world.order(&number, "u-1", 2);
        let other = world.desk.place(order, seals, world.request(&world.platform, "another body")).await;
        assert_eq!(refusal(other), Refusal::OrderDiffers);
    }
    let orders = touchstone::store::journal::orders(world.store.reader(), None, 100).await.unwrap();
    assert_eq!(orders.len(), 3, "one a round");
});

both!(orders_of_the_same_few_people_at_once_are_all_placed, |db| async move {
    let world = World::new(db).await;
    let other = world.another_desk(db).await;
    let asked = (0..MANY).map(|n| {
        let desk = if n % 2 == 0 { world.desk.clone() } else { other.clone() };
        let (mut order, seals) = world.order(&format!("N-{n}"), &format!("u-{}", n % 5), 1);
        order.merchant.id = MerchantId::parse(&format!("m-{}", n % 7)).unwrap();
        order.streamer.as_mut().unwrap().reference = PartyRef::parse(&format!("s-{}", n % 3)).unwrap();
        let request = world.request(&world.platform, format!("order {n}"));
        async move { desk.place(order, seals, request).await }
    });
    let answers = at_once(asked.collect()).await;
    assert_eq!(tally(&answers), BTreeMap::from([("done", MANY)]));
    let said = db.client("SELECT count(*) FROM people WHERE kind = 'buyer';");
    assert_eq!(said.text.trim(), "5");
});

// ---- two people -----------------------------------------------------------------------------------

both!(a_proposal_is_confirmed_once_and_by_another, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::SpokenReview).await;
    let before = world.events(key).await.len();
    let kind = CommandKind::RecordSpeechUnavailable;
    let Receipt::Proposal(proposal) = world.propose(key, kind, "{}", &world.inspector).await.unwrap() else {
        panic!("a proposal")
    };
    let id = ProposalId(proposal.id);
    let open = world.desk.open_proposal(id, world.now()).await.unwrap().expect("it waits");
    assert_eq!((open.proposer.person_id, open.body.as_slice()), (world.inspector.person, b"{}".as_slice()));
    assert_eq!(world.desk.open_proposals(&open.located.warehouse_id, world.now()).await.unwrap().len(), 1);
    let own = Desk::check_second(&open, world.inspector.person);
    assert!(matches!(own, Err(Error::Refused(Refusal::SecondPersonNeeded))));
    Desk::check_second(&open, world.supervisor.person).unwrap();

    // The proposer with another key is still one person.
    let confirm = |by: &touchstone::domain::actor::By, text: &str| {
        let mut seals = Seals::default();
        let reason = world.seal(&mut seals, key.order_id, by, text);
        let mut request = world.request(&world.confirming(by, &world.inspector), text);
        request.confirms = Some(id);
        let desk = world.desk.clone();
        async move { desk.carry_out(key, Command::RecordSpeechUnavailable { reason }, seals, request).await }
    };
    let answer = confirm(&world.inspector, "by myself").await;
    assert_eq!(refusal(answer), Refusal::SecondPersonNeeded);

    let answers = at_once(vec![
        confirm(&world.supervisor, "{}"),
        confirm(&world.second_inspector, "{}"),
        confirm(&world.supervisor, "otherwise"),
    ])
    .await;
    assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("proposal_gone", 2)]));
    assert_eq!(world.events(key).await.len(), before + 1);
    assert!(world.desk.open_proposal(id, world.now()).await.unwrap().is_none());
    assert_eq!(refusal(confirm(&world.second_inspector, "too late").await), Refusal::ProposalGone);
    assert_eq!(world.events(key).await.len(), before + 1);
});

both!(a_proposal_is_open_for_an_hour, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::SpokenReview).await;
    let kind = CommandKind::RecordSpeechUnavailable;
    let Receipt::Proposal(proposal) = world.propose(key, kind, "{}", &world.inspector).await.unwrap() else {
        panic!("a proposal")
    };
    let late = world.now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    assert!(world.desk.open_proposal(ProposalId(proposal.id), late).await.unwrap().is_none());
    let mut seals = Seals::default();
    let reason = world.seal(&mut seals, key.order_id, &world.supervisor, "late");
    let mut request = world.request(&world.confirming(&world.supervisor, &world.inspector), "late");
    (request.confirms, request.now) = (Some(ProposalId(proposal.id)), late);
    let answer = world.desk.carry_out(key, Command::RecordSpeechUnavailable { reason }, seals, request).await;
    assert_eq!(refusal(answer), Refusal::ProposalGone);
});

both!(one_proposal_put_up_at_once_is_one_proposal, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::SpokenReview).await;
    let (code, located) = world.located(key).await;
    for desks in desks(&world, db).await {
        let request = world.request(&world.inspector, "{}");
        let asked = (0..MANY).map(|n| {
            let (desk, located, code) = (desks[n % desks.len()].clone(), located.clone(), code.clone());
            let request = request.clone();
            async move { desk.propose(&located, &code, CommandKind::RecordSpeechUnavailable, b"{}", request).await }
        });
        one_receipt(at_once(asked.collect()).await);
    }
    assert_eq!(world.desk.open_proposals(&located.warehouse_id, world.now()).await.unwrap().len(), 3, "one a round");
});

// ---- one batch, many fates ------------------------------------------------------------------------

both!(a_tag_is_used_once_and_harms_nobody_else, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let mut keys = Vec::new();
        for n in 0..8 {
            keys.push(world.piece(&format!("N-{round}-{n}")).await);
            world.bring(keys[n], Stage::Cleared).await;
        }
        // The first two want the same tag; the others have their own.
        let asked = keys.iter().enumerate().map(|(n, key)| {
            let (desk, key) = (desks[n % desks.len()].clone(), *key);
            let command = world.tag(&format!("T-{round}-{}", n.max(1)));
            let request = world.request(&world.clerk, format!("{command:?}"));
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers[..2]), BTreeMap::from([("done", 1), ("tag_taken", 1)]));
        assert_eq!(tally(&answers[2..]), BTreeMap::from([("done", 6)]));
        let loser = if answers[0].is_err() { keys[0] } else { keys[1] };
        assert_eq!(world.folded(loser).await.stage(), Stage::Cleared);
        world.carry(loser, world.tag(&format!("T-{round}-fresh")), &world.clerk).await.unwrap();
    }
});

both!(a_waybill_is_one_parcels, |db| async move {
    let world = World::new(db).await;
    for (round, desks) in desks(&world, db).await.iter().enumerate() {
        let keys = [world.piece(&format!("A-{round}")).await, world.piece(&format!("B-{round}")).await];
        for key in keys {
            world.bring(key, Stage::Released).await;
        }
        // Two orders cannot leave under one waybill.
        let asked = keys.iter().enumerate().map(|(n, key)| {
            let (desk, key) = (desks[n % desks.len()].clone(), *key);
            let waybill = Waybill::parse(&format!("OUT-{round}")).unwrap();
            let command = Command::Ship { carrier: Carrier::parse("sf").unwrap(), waybill };
            let request = world.request(&world.clerk, format!("{key:?}"));
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        let answers = at_once(asked.collect()).await;
        assert_eq!(tally(&answers), BTreeMap::from([("done", 1), ("waybill_taken", 1)]));
    }
});

both!(a_poisoned_command_leaves_the_others_alone, |db| async move {
    let world = World::new(db).await;
    let mut keys = Vec::new();
    for n in 0..16 {
        keys.push(world.piece(&format!("N-{n}")).await);
    }
    let fault = Fault::on(db, "waybills", "NEW.waybill = 'POISON'").await;
    let asked = |poison: &str| {
        let asked = keys.iter().enumerate().map(|(n, key)| {
            let waybill = if n == 7 { poison.to_owned() } else { format!("SF-{n}") };
            let (desk, key, command) = (world.desk.clone(), *key, world.dispatch(&waybill));
            let request = world.request(&world.merchant, format!("{command:?}"));
            async move { desk.carry_out(key, command, Seals::default(), request).await }
        });
        asked.collect::<Vec<_>>()
    };
    let answers = at_once(asked("POISON")).await;
    assert_eq!(tally(&answers), BTreeMap::from([("done", 15), ("fault", 1)]));
    assert_eq!(code(&answers[7]), "fault");
    assert_eq!(world.events(keys[7]).await.len(), 1);
    fault.mend().await;
    assert_eq!(tally(&at_once(asked("POISON")).await), BTreeMap::from([("done", 16)]));
    for key in keys {
        assert_eq!(world.events(key).await.len(), 2, "what was done before was not done again");
    }
});

// ---- parcels --------------------------------------------------------------------------------------

async fn parcel(world: &World, waybill: &str, keys: &[StreamKey]) -> Parcel {
    let mut pieces = Vec::new();
    for key in keys {
        let row =
            touchstone::store::queries::piece(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap();
        let code = PieceCode::parse(&row.unwrap().code).unwrap();
        let located = world.desk.locate(&code).await.unwrap().unwrap();
        pieces.push((code, located));
    }
    Parcel { carrier: Carrier::parse("sf").unwrap(), waybill: Waybill::parse(waybill).unwrap(), pieces }
}

both!(a_parcel_at_once_is_one_dispatch, |db| async move {
    let world = World::new(db).await;
    let keys = [world.place("N-1", 2).await.pieces, world.place("N-2", 3).await.pieces].concat();
    let request = world.request(&world.merchant, "a parcel");
    let mut asked = Vec::new();
    for _ in 0..16 {
        let (desk, request, parcel) = (world.desk.clone(), request.clone(), parcel(&world, "SF-1", &keys).await);
        asked.push(async move { desk.dispatch_parcel(parcel, request).await });
    }
    let Receipt::Parcel(receipt) = one_receipt(at_once(asked).await) else { panic!("a parcel") };
    assert_eq!(receipt.pieces.len(), 5);
    for key in keys {
        assert_eq!(world.kinds(key).await, ["piece_opened", "dispatched"]);
    }
});

both!(a_parcel_with_one_wrong_piece_is_refused_whole, |db| async move {
    let world = World::new(db).await;
    let keys = [world.place("N-1", 2).await.pieces, world.place("N-2", 1).await.pieces].concat();
    world.cancel(keys[1]).await.unwrap();
    let asked =
        world.desk.dispatch_parcel(parcel(&world, "SF-1", &keys).await, world.request(&world.merchant, "")).await;
    let refused = refusal(asked);
    assert_eq!(refused.code(), "malformed");
    assert_eq!(refused.faults().iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/codes/1"]);
    assert_eq!(world.events(keys[0]).await.len(), 1);
    assert_eq!(world.events(keys[2]).await.len(), 1);
});

both!(a_parcel_that_broke_off_between_two_orders_is_resumed, |db| async move {
    let world = World::new(db).await;
    let keys = [world.place("N-1", 2).await.pieces, world.place("N-2", 2).await.pieces].concat();
    let request = world.request(&world.merchant, "a parcel");
    let order = db.uuid(keys[2].order_id.0.as_u128());
    let fault = Fault::on(db, "events", &format!("NEW.order_id = {order}")).await;
    let answer = world.desk.dispatch_parcel(parcel(&world, "SF-1", &keys).await, request.clone()).await;
    assert_eq!(code(&answer), "fault");
    fault.mend().await;
    let answer = world.desk.dispatch_parcel(parcel(&world, "SF-1", &keys).await, request).await;
    let Receipt::Parcel(receipt) = answer.unwrap() else { panic!("a parcel") };
    assert!(receipt.pieces.iter().all(|piece| matches!(piece.outcome, ParcelOutcome::Done { seq: 2, .. })));
    for key in keys {
        assert_eq!(world.events(key).await.len(), 2);
    }
});

both!(a_parcel_of_very_many_pieces_is_one_parcel, |db| async move {
    let world = World::new(db).await;
    let keys = world.place("N-1", 1_200).await.pieces;
    let answer =
        world.desk.dispatch_parcel(parcel(&world, "SF-1", &keys).await, world.request(&world.merchant, "")).await;
    let Receipt::Parcel(receipt) = answer.unwrap() else { panic!("a parcel") };
    assert_eq!(receipt.pieces.len(), 1_200);
    assert!(receipt.pieces.iter().all(|piece| matches!(piece.outcome, ParcelOutcome::Done { seq: 2, .. })));
});

// ---- a failure at each step -----------------------------------------------------------------------

/// A trigger that makes every insert into a table fail where a condition holds, in the house's own schema.
pub struct Fault {
    connection: DatabaseConnection,
    table: String,
    backend: Backend,
}

impl Fault {
    pub async fn on(db: &TestDatabase, table: &str, condition: &str) -> Fault {
        let connection = Database::connect(db.url()).await.unwrap();
        let backend = db.backend();
        let sql = match backend {
            Backend::Sqlite => format!(
                "CREATE TRIGGER made_to_fail BEFORE INSERT ON {table} WHEN {condition} \
                 BEGIN SELECT RAISE(ABORT, 'made to fail'); END"
            ),
            Backend::Postgres => format!(
                "CREATE FUNCTION made_to_fail() RETURNS trigger LANGUAGE plpgsql \
                 AS $$ BEGIN RAISE EXCEPTION 'made to fail'; END $$; \
                 CREATE TRIGGER made_to_fail BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition}) \
                 EXECUTE FUNCTION made_to_fail()"
            ),
        };
        connection.execute_unprepared(&sql).await.unwrap();
        Fault { connection, table: table.to_owned(), backend }
    }

    pub async fn mend(self) {
        let sql = match self.backend {
            Backend::Sqlite => "DROP TRIGGER made_to_fail".to_owned(),
            Backend::Postgres => format!("DROP TRIGGER made_to_fail ON {}; DROP FUNCTION made_to_fail()", self.table),
        };
        self.connection.execute_unprepared(&sql).await.unwrap();
        self.connection.close().await.unwrap();
    }
}

const TABLES: &[&str] = &[
    "people",
    "merchants",
    "order_nos",
    "tokens",
    "piece_codes",
    "parcels",
    "waybills",
    "parcel_pieces",
    "presented_certificates",
    "certificate_holders",
    "certificate_codes",
    "status_places",
    "tags",
    "events",
    "event_keys",
    "sealed_texts",
    "orders",
    "lines",
    "pieces",
    "components",
    "photos",
    "photo_bands",
    "capsules",
    "shipments",
    "return_shipments",
    "deadlines",
    "outbox",
    "lost_and_found",
    "proposals",
    "idempotency",
];

/// Every row of every table that the desk writes.
fn everything(db: &TestDatabase) -> Vec<String> {
    let sql: String =
        TABLES.iter().map(|table| format!("SELECT '{table}', * FROM {table};")).collect::<Vec<_>>().join(" ");
    let said = db.client(&sql);
    assert!(said.accepted, "{}", said.text);
    let mut rows: Vec<_> = said.text.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

/// Asks with a fault in each of these tables in turn: nothing may be left behind. Then once more without.
async fn try_with_faults<Asked: Future<Output = Result<Receipt, Error>>>(
    db: &TestDatabase,
    tables: &[&str],
    ask: impl Fn() -> Asked,
) -> Receipt {
    for table in tables {
        assert!(TABLES.contains(table), "{table}");
        let before = everything(db);
        let fault = Fault::on(db, table, "1 = 1").await;
        let answer = ask().await;
        fault.mend().await;
        assert_eq!(code(&answer), "fault", "{table} is not written by this");
        assert_eq!(everything(db), before, "a fault in {table} left something behind");
    }
    ask().await.unwrap()
}

const OF_EVERY_COMMAND: &[&str] = &["events", "event_keys", "pieces", "idempotency"];

fn and(more: &[&'static str]) -> Vec<&'static str> {
    [OF_EVERY_COMMAND, more].concat()
}

both!(a_failure_at_any_step_leaves_nothing_behind, |db| async move {
    let world = World::new(db).await;
    let place = || async {
        let (order, seals) = world.order("N-1", "u-1", 2);
        world.desk.place(order, seals, world.request(&world.platform, "an order")).await
    };
    let tables = [
        "people",
        "merchants",
        "order_nos",
        "tokens",
        "piece_codes",
        "presented_certificates",
        "certificate_holders",
        "events",
        "event_keys",
        "sealed_texts",
        "orders",
        "lines",
        "pieces",
        "components",
        "deadlines",
        "outbox",
        "idempotency",
    ];
    let Receipt::Order(placed) = try_with_faults(db, &tables, place).await else { panic!("an order") };
    let keys = [1, 2].map(|stream| StreamKey { order_id: OrderId(placed.order_id), stream_id: StreamId(stream) });
    let key = keys[0];

    let waybill = World::waybill("in", key);
    let tables = and(&["parcels", "waybills", "parcel_pieces", "deadlines"]);
    try_with_faults(db, &tables, || world.carry(key, world.dispatch(&waybill), &world.merchant)).await;
    try_with_faults(db, &and(&["photos", "photo_bands"]), || world.carry(key, world.photo(), &world.clerk)).await;
    world.bring(key, Stage::Appraising).await;
    try_with_faults(db, &and(&["components"]), || world.carry(key, world.appraise(), &world.inspector)).await;
    let kind = CommandKind::RecordSpeechUnavailable;
    let tables = ["proposals", "idempotency"];
    let Receipt::Proposal(proposal) =
        try_with_faults(db, &tables, || world.propose(key, kind, "{}", &world.inspector)).await
    else {
        panic!("a proposal")
    };
    let confirm = || async {
        let mut seals = Seals::default();
        let reason = world.seal(&mut seals, key.order_id, &world.supervisor, "回放已下架");
        let mut request = world.request(&world.confirming(&world.supervisor, &world.inspector), "{}");
        request.confirms = Some(ProposalId(proposal.id));
        world.desk.carry_out(key, Command::RecordSpeechUnavailable { reason }, seals, request).await
    };
    try_with_faults(db, &and(&["sealed_texts"]), confirm).await;
    world.bring(key, Stage::Cleared).await;
    try_with_faults(db, &and(&["tags", "deadlines"]), || world.carry(key, world.tag("T-1"), &world.clerk)).await;
    let tables = and(&["certificate_codes", "status_places", "capsules", "deadlines"]);
    try_with_faults(db, &tables, || world.carry(key, world.release(), &world.supervisor)).await;
    let tables = and(&["shipments", "waybills", "lines", "deadlines", "outbox"]);
    try_with_faults(db, &tables, || world.carry(key, world.ship(key), &world.clerk)).await;

    world.bring(keys[1], Stage::Received).await;
    world.cancel(keys[1]).await.unwrap();
    let tables = and(&["return_shipments", "waybills"]);
    try_with_faults(db, &tables, || world.carry(keys[1], world.ship_return(keys[1]), &world.clerk)).await;

    let arrive = || async {
        let arrival = Arrival {
            warehouse_id: WarehouseId::parse("wh-1").unwrap(),
            carrier: None,
            waybill: Waybill::parse("SF-9").unwrap(),
            announced: None,
            pieces: vec![ArrivedPiece {
                code: PieceCode::from_bits(7),
                located: None,
                arrived: Some((Condition::Intact, Some(grams("1.00", &[])), None)),
            }],
        };
        world.desk.receive_parcel(arrival, world.request(&world.clerk, "an arrival")).await
    };
    try_with_faults(db, &["lost_and_found", "idempotency"], arrive).await;
});

both!(an_erasure_that_fails_erases_nothing, |db| async move {
    let world = World::new(db).await;
    let placed = world.place("N-1", 1).await;
    let order =
        touchstone::store::queries::order(world.store.reader(), placed.receipt.order_id).await.unwrap().unwrap();
    let erase =
        || async { world.desk.erase_person(PersonId(order.buyer_id), &world.request(&world.operator, "erase")).await };
    try_with_faults(db, &["events", "event_keys"], erase).await;
    assert_eq!(world.desk.read_person(PersonId(order.buyer_id)).await.unwrap(), None);
});
