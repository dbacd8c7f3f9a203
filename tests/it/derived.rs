//! What the journals say that somebody is to be told, held against what stands in the outbox. The rule of who is told what
//! is the domain's own; that each such word is written with its event, once, and no other, is what is looked at.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{EntityTrait, QueryOrder};
use touchstone::domain::event::{Event, Recorded};
use touchstone::domain::notice::{Notice, Recipient, notices};
use touchstone::domain::obligation::Party;
use touchstone::domain::piece::Piece;
use touchstone::domain::route::Stage;
use touchstone::store::Store;
use touchstone::store::entity::{events, outbox};
use uuid::Uuid;

use crate::replay::recorded;

/// Order, journal, event, recipient, notice and channel.
type Told = (Uuid, i32, i32, &'static str, &'static str, &'static str);

fn channels(recipient: Recipient) -> &'static [&'static str] {
    match recipient {
        Recipient::Buyer => &["mail", "webhooks"],
        Recipient::Merchant | Recipient::Supervisor => &["mail"],
        Recipient::Platform => &["webhooks"],
    }
}

/// What one journal wants told, by its events. `of_the_house` are orders all of whose pieces are reference pieces.
fn wanted(stream: i32, journal: &[Recorded], of_the_house: bool) -> Vec<(i32, Recipient, Notice)> {
    let mut told = Vec::new();
    let mut tell = |recorded: &Recorded, before, after| {
        told.extend(notices(&recorded.event, before, after).into_iter().map(|(to, what)| (recorded.seq, to, what)));
    };
    let Some(first) = journal.first() else { return told };
    match &first.event {
        Event::CaseOpened(_) => journal.iter().for_each(|one| tell(one, Stage::Delivered, Stage::Delivered)),
        _ if stream == 0 => {
            let mut creditors = BTreeMap::new();
            for one in journal {
                let start = Stage::AwaitingDispatch;
                match &one.event {
                    Event::OrderPlaced(_) if of_the_house => continue,
                    Event::ObligationArose(arose) => drop(creditors.insert(arose.id, arose.creditor)),
                    _ => {} // The others are told by themselves.
                }
                tell(one, start, start);
            }
            // That a buyer has their money is told where it was theirs.
            for one in journal {
                if let Event::ObligationSettled(settled) = &one.event
                    && creditors.get(&settled.id) == Some(&Party::Buyer)
                {
                    told.push((one.seq, Recipient::Buyer, Notice::RefundSettled));
                }
            }
        }
        Event::PieceOpened(opened) if opened.reference => {}
        _ => {
            let mut piece = Piece::fold([first.clone()]).expect("a journal folds");
            tell(first, piece.stage(), piece.stage());
            for one in journal.iter().skip(1) {
                let before = piece.stage();
                piece.apply(std::sync::Arc::new(one.clone())).expect("a journal folds");
                tell(one, before, piece.stage());
            }
        }
    }
    told
}

/// What is to be told and has no row, what has a row and is not to be told, and what has several; a line each.
pub async fn differences(store: &Store) -> Vec<String> {
    use events::Column;
    let rows = events::Entity::find().order_by_asc(Column::OrderId).order_by_asc(Column::StreamId);
    let rows = rows.order_by_asc(Column::Seq).all(store.reader()).await.unwrap();
    let mut journals: BTreeMap<(Uuid, i32), Vec<Recorded>> = BTreeMap::new();
    for row in &rows {
        journals.entry((row.order_id, row.stream_id)).or_default().push(recorded(&row.body).1);
    }
    let is_shown =
        |one: &Recorded| matches!(&one.event, Event::PieceOpened(opened) if !opened.reference && opened.attempt == 1);
    let shown: BTreeSet<Uuid> = journals
        .iter()
        .filter(|(_, journal)| journal.first().is_some_and(is_shown))
        .map(|((order, _), _)| *order)
        .collect();
    let mut expected: BTreeSet<Told> = BTreeSet::new();
    for ((order, stream), journal) in &journals {
        for (seq, to, what) in wanted(*stream, journal, !shown.contains(order)) {
            let by = channels(to).iter();
            expected.extend(by.map(|channel| (*order, *stream, seq, to.as_str(), what.as_str(), *channel)));
        }
    }
    let mut found: BTreeMap<Told, usize> = BTreeMap::new();
    for row in outbox::Entity::find().all(store.reader()).await.unwrap() {
        let (to, what) = (Recipient::parse(&row.recipient).unwrap(), Notice::parse(&row.notice).unwrap());
        // A row of an endpoint is a copy. A lesson rests on a merchant's past, the others on what became of a letter.
        let beside = matches!(what, Notice::Lesson | Notice::MailBuried | Notice::ChoiceUnreached);
        let Some(channel) = ["mail", "webhooks"].into_iter().find(|own| *own == row.channel) else { continue };
        if !beside {
            let told = (row.order_id, row.stream_id, row.seq, to.as_str(), what.as_str(), channel);
            *found.entry(told).or_default() += 1;
        }
    }
    let missing = expected.iter().filter(|told| !found.contains_key(told)).map(|told| format!("untold: {told:?}"));
    let extra = found.keys().filter(|told| !expected.contains(told)).map(|told| format!("of no event: {told:?}"));
    let twice = found.iter().filter(|(_, count)| 1 < **count).map(|(told, count)| format!("{count} times: {told:?}"));
    missing.chain(extra).chain(twice).collect()
}
