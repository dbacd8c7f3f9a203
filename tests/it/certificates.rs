//! Presented certificates: one number is one article's (套证), across orders and platforms, on both databases.

use std::collections::BTreeSet;

use serde_json::json;
use touchstone::desk::Seals;
use touchstone::desk::receipt::Receipt;
use touchstone::domain::actor::Role;
use touchstone::domain::appraisal::{Appraisal, PresentedCertificate};
use touchstone::domain::certificate::{Binding, CertificateKey, HeldBy};
use touchstone::domain::command::{Command, SettledEntry};
use touchstone::domain::ids::{CertificateNo, OrderId, StreamId, StreamKey};
use touchstone::domain::ledger::{ClaimSource, Verdict};
use touchstone::domain::quantity::Weighing;
use touchstone::domain::route::Stage;
use touchstone::store::queries;

use crate::app::{TestApp, place, tenant};
use crate::walk::{Stop, walk};
use crate::world::{World, appraisal, at_once, code, grams, name, order_of};

fn presented(body: &str, number: &str) -> PresentedCertificate {
    let number = CertificateNo::parse(number).unwrap();
    PresentedCertificate { body: name(body), number, weight: None, sizes: Vec::new() }
}

/// An order whose lines declare these certificates.
async fn order_with(world: &World, order_no: &str, declared: &[Option<PresentedCertificate>]) -> Vec<StreamKey> {
    let (mut order, seals) = world.order(order_no, "u-1", declared.len() as i32);
    for (line, certificate) in order.lines.iter_mut().zip(declared) {
        line.declared.presented_certificate = certificate.clone();
    }
    let request = world.request(&world.platform, order_no);
    let receipt = order_of(world.desk.place(order, seals, request).await);
    let order_id = OrderId(receipt.order_id);
    (1..=declared.len() as i32).map(|stream| StreamKey { order_id, stream_id: StreamId(stream) }).collect()
}

pub async fn piece_with(world: &World, order_no: &str, body: &str, number: &str) -> StreamKey {
    order_with(world, order_no, &[Some(presented(body, number))]).await[0]
}

/// An appraisal that sees this certificate, or none.
fn seeing(certificate: Option<PresentedCertificate>) -> Command {
    Command::SubmitAppraisal { appraisal: Appraisal { presented_certificate: certificate, ..appraisal() } }
}

pub async fn binding(world: &World, key: StreamKey) -> Binding {
    let piece = world.folded(key).await;
    let presented = piece.presented();
    piece.binding(&CertificateKey::of(presented.last().expect("it presents one")))
}

/// Settles what was proposed; where its outcome is no pass, a second person looks, and it is settled once more.
async fn settle(world: &World, key: StreamKey) {
    settle_once(world, key).await;
    if world.folded(key).await.stage() == Stage::Appraising {
        let again = Command::SubmitAppraisal { appraisal: appraisal() };
        world.carry(key, again, &world.second_inspector).await.unwrap();
        settle_once(world, key).await;
    }
}

async fn settle_once(world: &World, key: StreamKey) {
    if world.folded(key).await.standing().review().is_some_and(|(_, review)| review.speech().is_none()) {
        world.speech_unavailable(key).await;
    }
    let piece = world.folded(key).await;
    let (_, review) = piece.standing().review().expect("the ledger is open");
    if review.open().next().is_some() {
        world.carry(key, world.settle(&piece), &world.inspector).await.unwrap();
    }
}

/// Settles what was proposed, and asks for this verdict.
async fn verdict(world: &World, key: StreamKey, stricter: Option<Verdict>) -> &'static str {
    settle(world, key).await;
    let piece = world.folded(key).await;
    let (_, review) = piece.standing().review().expect("the ledger is open");
    let proposal = review.proposal().expect("it was proposed");
    let mut seals = Seals::default();
    let reason = Some(world.seal(&mut seals, key.order_id, &world.inspector, "证书与实物不符"));
    let command = Command::GiveVerdict { proposal, stricter, reason };
    code(&world.carry_sealed(key, command, seals, &world.inspector).await)
}

both!(a_number_of_an_open_piece_holds_the_one_that_comes_later, |db| async move {
    let world = World::new(db).await;
    let first = piece_with(&world, "N-1", "NGTC", "NG-26-0417").await;
    let second = piece_with(&world, "N-2", "国检", "ng260417").await;
    // Who comes to the bench first does not matter: the number is whose listing named it first.
    world.bring(second, Stage::Appraising).await;
    world.carry(second, seeing(Some(presented("国检", "ng260417"))), &world.inspector).await.unwrap();
    assert_eq!(binding(&world, second).await, Binding::Other { held_by: HeldBy::OpenPiece });
    world.bring(first, Stage::Released).await;
    assert!(!world.kinds(first).await.contains(&"certificate_clash_found".to_owned()));

    assert_eq!(verdict(&world, second, None).await, "done");
    let held = world.folded(second).await;
    let (_, given) = held.verdict().unwrap();
    assert_eq!((given.verdict, given.derived), (Verdict::SuspectedCounterfeit, Verdict::SuspectedCounterfeit));
    assert_eq!(held.stage(), Stage::Quarantined);
    let reader = world.store.reader();
    let waiting = queries::queue_page(reader, "wh-1", Stage::Quarantined.as_str(), None, None, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.order_id).collect::<Vec<_>>(), [second.order_id.0]);
    // No step towards the buyer leads out of it.
    for command in [world.tag("T-9"), world.release(), world.ship(second)] {
        let by = if matches!(command, Command::Release { .. }) { &world.supervisor } else { &world.clerk };
        assert_eq!(code(&world.carry(second, command, by).await), "wrong_stage");
    }
    // The rule that held it is in the journal, and neither the other piece nor its order is.
    let events = world.events(second).await;
    let told: String = events.iter().map(|event| event.body.as_str()).collect();
    assert!(told.contains("certificate_misfit"), "{told}");
    let other = world.folded(first).await;
    assert!(!told.contains(other.opened().code.as_str()) && !told.contains(&first.order_id.to_string()));
});

both!(what_a_listing_names_counts_also_where_nobody_saw_the_paper, |db| async move {
    let world = World::new(db).await;
    let first = piece_with(&world, "N-1", "NGTC", "NG-1").await;
    let second = piece_with(&world, "N-2", "NGTC", "NG-1").await;
    world.bring(first, Stage::Received).await;
    world.bring(second, Stage::Appraising).await;
    world.carry(second, seeing(None), &world.inspector).await.unwrap();
    assert_eq!(binding(&world, second).await, Binding::Other { held_by: HeldBy::OpenPiece });
    assert_eq!(verdict(&world, second, Some(Verdict::NotAsDescribed)).await, "certificate_held");
});

both!(of_two_that_bring_one_number_at_once_one_is_held, |db| async move {
    let world = World::new(db).await;
    let mut keys = Vec::new();
    for order in 0..6 {
        let key = order_with(&world, &format!("N-{order}"), &[None]).await[0];
        world.bring(key, Stage::Appraising).await;
        keys.push(key);
    }
    let ask = |key: StreamKey| {
        let (desk, command) = (world.desk.clone(), seeing(Some(presented("GIA", "2141438171"))));
        let request = world.request(&world.inspector, format!("{key:?}"));
        async move { desk.carry_out(key, command, Seals::default(), request).await }
    };
    for answer in at_once(keys.iter().map(|key| ask(*key)).collect()).await {
        assert!(matches!(answer, Ok(Receipt::Piece(_))), "{answer:?}");
    }
    let mut free = 0;
    for key in keys {
        match binding(&world, key).await {
            Binding::Free => free += 1,
            other => assert_eq!(other, Binding::Other { held_by: HeldBy::OpenPiece }),
        }
    }
    assert_eq!(free, 1, "one has the number, and the others are held");
});

both!(a_number_of_a_closed_piece_asks_first_and_passes_on_with_the_answer, |db| async move {
    let world = World::new(db).await;
    let first = piece_with(&world, "N-1", "NGTC", "NG-1").await;
    world.fail_and_return(first).await;
    let second = piece_with(&world, "N-2", "NGTC", "NG-1").await;
    let third = piece_with(&world, "N-3", "NGTC", "NG-1").await;
    for key in [second, third] {
        world.bring(key, Stage::SpokenReview).await;
        assert!(matches!(binding(&world, key).await, Binding::Asked { held_by: HeldBy::ClosedPiece, .. }));
        assert_eq!(verdict(&world, key, None).await, "certificate_asked");
    }
    let Binding::Asked { seq, .. } = binding(&world, second).await else { panic!("it is asked") };
    let answer = |clash_seq| Command::AnswerSameArticle { clash_seq, same: true, note: None };
    world.carry(second, answer(seq), &world.clerk).await.unwrap();
    assert_eq!(binding(&world, second).await, Binding::Same);
    assert_eq!(verdict(&world, second, None).await, "done");
    assert_eq!(world.folded(second).await.stage(), Stage::Cleared);
    // The number is the second's now, and the answer on the third comes too late.
    let Binding::Asked { seq, .. } = binding(&world, third).await else { panic!("it is asked") };
    world.carry(third, answer(seq), &world.inspector).await.unwrap();
    assert_eq!(binding(&world, third).await, Binding::Other { held_by: HeldBy::OpenPiece });
});

/// A pair with one certificate: the first is cleared, the second another article and held.
pub async fn pair_with_one_paper(world: &World, order_no: &str) -> Vec<StreamKey> {
    let pair = vec![Some(presented("NGTC", "NG-1")), Some(presented("NGTC", "NG-1"))];
    let pieces = order_with(world, order_no, &pair).await;
    world.bring(pieces[0], Stage::Cleared).await;
    world.bring(pieces[1], Stage::SpokenReview).await;
    let Binding::Asked { seq, held_by: HeldBy::SameSet } = binding(world, pieces[1]).await else { panic!("asked") };
    let mut seals = Seals::default();
    let note = Some(world.seal(&mut seals, pieces[1].order_id, &world.clerk, "证书照片是另一件"));
    let other = Command::AnswerSameArticle { clash_seq: seq, same: false, note };
    world.carry_sealed(pieces[1], other, seals, &world.clerk).await.unwrap();
    assert_eq!(verdict(world, pieces[1], None).await, "done");
    pieces
}

both!(two_pieces_of_one_order_may_share_a_paper_once_somebody_looked, |db| async move {
    let world = World::new(db).await;
    let pieces = pair_with_one_paper(&world, "N-1").await;
    assert_eq!(world.folded(pieces[1]).await.stage(), Stage::Quarantined);
    // The very same pair, and somebody says that the paper is of both.
    let pair = vec![Some(presented("NGTC", "NG-2")), Some(presented("NGTC", "NG-2"))];
    let pieces = order_with(&world, "N-2", &pair).await;
    world.bring(pieces[1], Stage::SpokenReview).await;
    let Binding::Asked { seq, .. } = binding(&world, pieces[1]).await else { panic!("asked") };
    let same = Command::AnswerSameArticle { clash_seq: seq, same: true, note: None };
    world.carry(pieces[1], same, &world.clerk).await.unwrap();
    assert_eq!(verdict(&world, pieces[1], None).await, "done");
    assert_eq!(world.folded(pieces[1]).await.stage(), Stage::Cleared);
});

both!(what_a_paper_prints_holds_a_piece_that_it_does_not_fit, |db| async move {
    let world = World::new(db).await;
    let check = async |order_no: &str, printed: &str, expected: Stage| {
        let weight = Some(Weighing { digit_ug: Some(10_000), ..grams(printed, &[]) });
        let certificate = PresentedCertificate { weight, ..presented("NGTC", order_no) };
        let key = order_with(&world, order_no, &[Some(presented("NGTC", order_no))]).await[0];
        world.bring(key, Stage::Appraising).await;
        world.carry(key, seeing(Some(certificate)), &world.inspector).await.unwrap();
        assert_eq!(verdict(&world, key, None).await, "done");
        assert_eq!(world.folded(key).await.stage(), expected, "{printed}");
        let piece = world.folded(key).await;
        let is_printed = |source: ClaimSource| source == ClaimSource::Certificate;
        assert!(
            piece
                .ledger_claims()
                .iter()
                .any(|claim| { is_printed(claim.source) || claim.also.iter().any(|again| is_printed(again.source)) })
        );
    };
    // The piece weighs 56.02 g.
    check("N-1", "56.02", Stage::Cleared).await;
    check("N-2", "61.30", Stage::Quarantined).await;
    check("N-3", "50.10", Stage::Quarantined).await;
});

both!(a_finding_that_two_persons_make_milder_opens_nothing, |db| async move {
    let world = World::new(db).await;
    piece_with(&world, "N-1", "NGTC", "NG-1").await;
    let second = piece_with(&world, "N-2", "NGTC", "NG-1").await;
    world.bring(second, Stage::SpokenReview).await;
    let piece = world.folded(second).await;
    let Command::SettleLedger { proposal, entries, .. } = world.settle(&piece) else { panic!("a settlement") };
    let mut seals = Seals::default();
    let note = world.seal(&mut seals, second.order_id, &world.inspector, "看过了");
    let confirmed = entries
        .into_iter()
        .map(|entry| SettledEntry {
            finding: touchstone::domain::ledger::Finding::Confirmed,
            note: Some(note.clone()),
            ..entry
        })
        .collect();
    let settle = Command::SettleLedger { proposal, entries: confirmed, added: Vec::new(), misread: BTreeSet::new() };
    let by = world.confirming(&world.supervisor, &world.inspector);
    let by = touchstone::domain::actor::By { role: Role::Inspector, ..by };
    world.carry_sealed(second, settle, seals, &by).await.unwrap();
    assert_eq!(verdict(&world, second, None).await, "certificate_held");
});

both!(a_platform_never_learns_of_another_s_piece, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    let path = format!("/v1/pieces/{code}/certificates");
    let told = app.platform().get(&path).await.expect(200);
    assert_eq!(told, json!({"certificates": []}));
    app.key(Role::Platform, tenant("other")).await.get(&path).await.expect_problem(404, "not_found");
    let answer = json!({"clash": 1, "same": true});
    app.clerk().post(&format!("/v1/pieces/{code}/same-article"), answer).await.expect_problem(409, "wrong_stage");
});
