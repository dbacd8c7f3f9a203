//! A database full of pieces, quickly: a few pieces are taken through real journeys, then their journals are written
//! again and again for other orders. Each copy is a true journal: other ids, codes, numbers and days, and its own
//! chain of hashes.

use std::sync::Arc;

use indicatif::ProgressBar;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Progress;
use super::load::{Load, Piece, Step};
use super::stand::Stand;
use crate::capsule::{Hash, chain};
use crate::client::{Call, Client};
use crate::demo::Failure;
use crate::desk::Desk;
use crate::domain::ids::{OrderId, PieceCode};
use crate::store::changes::Changes;
use crate::store::entity::tokens;
use crate::store::{queries, raw};
use crate::vault;

/// Of ten pieces, how many come to which place: most of what a house has seen is closed.
const MIXTURE: [Place; 10] = [
    Place::Closed,
    Place::At(Step::Receive),
    Place::Closed,
    Place::At(Step::Open),
    Place::At(Step::Receive),
    Place::Closed,
    Place::At(Step::ProposeSilence),
    Place::Closed,
    Place::At(Step::Open),
    Place::At(Step::Receive),
];

/// Orders in one transaction.
const IN_A_BATCH: usize = 500;
/// The days over which the pieces that are closed are spread.
const DAYS: i64 = 300;
const DAY: i64 = 86_400_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The step that comes next.
    At(Step),
    /// After the whole inspection.
    Closed,
}

/// The codes of what was put in.
#[derive(Debug, Default)]
pub struct Stock {
    /// Received, and nobody has opened them yet.
    pub received: Vec<String>,
    /// Some of all, evenly.
    pub sample: Vec<String>,
}

/// The rows of one order and the number that stands in them.
struct Template {
    number: String,
    place: Place,
    rows: Changes,
}

/// Fills the house with so many pieces.
pub async fn fill(stand: &Stand, load: &Load, count: usize, progress: &Progress) -> Result<Stock, Failure> {
    let templates = Arc::new(templates(stand, load).await?);
    let store = &stand.house.store;
    let failed = |error: crate::store::Error| Failure::of("the database cannot be filled", &error);
    raw::hasten(store).await.map_err(failed)?;
    let bar = progress.bar("pieces", count as u64);
    let (batches, mut made) = mpsc::channel::<(Changes, Vec<(Place, String)>)>(2);
    let desk = stand.house.desk.clone();
    let maker = tokio::task::spawn_blocking(move || {
        let mut number = 0;
        while number < count {
            let until = (number + IN_A_BATCH).min(count);
            let batch = make(&desk, &templates, number..until)?;
            number = until;
            if batches.blocking_send(batch).is_err() {
                break;
            }
        }
        Ok::<_, Failure>(())
    });
    let mut stock = Stock::default();
    let every = (count / 10_000).max(1);
    let mut seen = 0_usize;
    while let Some((changes, codes)) = made.recv().await {
        write(store, changes, &bar, codes.len()).await.map_err(failed)?;
        for (place, code) in codes {
            if seen.is_multiple_of(every) {
                stock.sample.push(code.clone());
            }
            if place == Place::At(Step::Open) {
                stock.received.push(code);
            }
            seen += 1;
        }
    }
    maker.await.map_err(|error| Failure::of("the copying broke off", &error))??;
    raw::settle(store).await.map_err(failed)?;
    bar.finish_and_clear();
    Ok(stock)
}

async fn write(
    store: &crate::store::Store,
    changes: Changes,
    bar: &ProgressBar,
    count: usize,
) -> Result<(), crate::store::Error> {
    let txn = store.begin().await?;
    txn.write(changes).await?;
    txn.commit().await?;
    bar.inc(count as u64);
    Ok(())
}

/// One order for each place, taken there over HTTP.
async fn templates(stand: &Stand, load: &Load) -> Result<Vec<Template>, Failure> {
    let mut client = Client::new(stand.service.address);
    let mut templates = Vec::new();
    // One digit each, so that no number is the beginning of another.
    for (number, place) in
        (1..).zip([Place::At(Step::Receive), Place::At(Step::Open), Place::At(Step::ProposeSilence), Place::Closed])
    {
        let mut piece = load.place(&mut client, number).await?;
        let until = match place {
            Place::At(step) => step,
            Place::Closed => Step::Tag,
        };
        while piece.next < Some(until) {
            load.advance(&mut client, &mut piece).await?;
        }
        if place == Place::Closed {
            let body = json!({ "what": "lost", "note": "not found at stocktaking" });
            let call = Call::post(format!("/v1/pieces/{}/custody", piece.code), &body);
            client.call(&call.by(&stand.people.clerk.secret)).await?;
        }
        templates.push(template(stand, load, &piece, number, place).await?);
    }
    Ok(templates)
}

async fn template(stand: &Stand, load: &Load, piece: &Piece, number: usize, place: Place) -> Result<Template, Failure> {
    let failed = |error: crate::store::Error| Failure::of("a journal cannot be read back", &error);
    let store = &stand.house.store;
    let row = queries::piece_by_code(store.reader(), &piece.code).await.map_err(failed)?;
    let row = row.ok_or_else(|| Failure("a piece has no row".to_owned()))?;
    let mut rows = raw::rows_of(store, row.order_id).await.map_err(failed)?;
    // Stored answers are kept for a week; next to a million pieces they are nothing.
    rows.idempotency.clear();
    Ok(Template { number: load.number(number), place, rows })
}

/// Copies for these numbers, with the code and the place of each.
fn make(
    desk: &Desk,
    templates: &[Template],
    numbers: std::ops::Range<usize>,
) -> Result<(Changes, Vec<(Place, String)>), Failure> {
    let (mut batch, mut codes) = (Changes::default(), Vec::new());
    for number in numbers {
        let place = MIXTURE[number % MIXTURE.len()];
        let template = templates.iter().find(|template| template.place == place);
        let template = template.ok_or_else(|| Failure(format!("nothing stands at {place:?}")))?;
        let (changes, code) = copy(desk, template, number)?;
        batch.append(changes);
        codes.push((place, code));
    }
    Ok((batch, codes))
}

/// What is written instead of what, in every body of one copy.
struct Instead<'a> {
    words: Vec<(&'a str, String)>,
    shift: i64,
}

impl Instead<'_> {
    fn text(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    }

    fn at(&self, micros: i64) -> i64 {
        micros - self.shift
    }
}

fn copy(desk: &Desk, template: &Template, number: usize) -> Result<(Changes, String), Failure> {
    let rows = &template.rows;
    let (Some(order), Some(piece)) = (rows.orders.first(), rows.pieces.first()) else {
        return Err(Failure("a template lacks its order".to_owned()));
    };
    let id = Uuid::now_v7();
    let code = PieceCode::from_bits(Uuid::new_v4().as_u128() as u64);
    let (old_order, new_order) = (order.order_id.to_string(), id.to_string());
    let parcels: Vec<_> = rows.parcels.iter().map(|parcel| (parcel.id.to_string(), Uuid::new_v4())).collect();
    let mut words = vec![
        (template.number.as_str(), format!("STOCK-{number}")),
        (old_order.as_str(), new_order),
        (piece.code.as_str(), code.to_string()),
    ];
    words.extend(parcels.iter().map(|(old, new)| (old.as_str(), new.to_string())));
    // What is open came today: else every clock of the house would have run out at once.
    let past = i64::try_from(number).unwrap_or_default() % DAYS * DAY;
    let shift = if template.place == Place::Closed { past } else { 0 };
    let instead = Instead { words, shift };

    let mut changes = rows.clone();
    let heads = journals(&mut changes, &instead)?;
    let head = |stream_id: i32| heads.iter().find(|(stream, _)| *stream == stream_id).map(|(_, hash)| hash.clone());
    macro_rules! of_this_order {
        ($($table:ident),*) => { $(for row in &mut changes.$table { row.order_id = id; })* };
    }
    of_this_order!(
        events,
        event_keys,
        sealed_texts,
        orders,
        lines,
        pieces,
        components,
        photos,
        deadlines,
        outbox,
        order_nos,
        piece_codes,
        parcel_pieces
    );
    for row in &mut changes.orders {
        row.order_no = instead.text(&row.order_no);
        row.created_at = instead.at(row.created_at);
        row.head_hash = head(0).unwrap_or_default();
    }
    for row in &mut changes.order_nos {
        row.order_no = instead.text(&row.order_no);
    }
    for row in &mut changes.pieces {
        row.code = code.to_string();
        row.head_hash = head(row.stream_id).unwrap_or_default();
        row.due_at = row.due_at.map(|at| instead.at(at));
        row.stage_since_at = instead.at(row.stage_since_at);
    }
    for row in &mut changes.piece_codes {
        row.code = code.to_string();
    }
    for row in &mut changes.deadlines {
        row.due_at = instead.at(row.due_at);
    }
    // Nor does a clock go along that would have run out since: the house would fire all of them before it rests.
    changes.deadlines.retain(|row| order.created_at < row.due_at);
    for row in &mut changes.outbox {
        row.id = Uuid::now_v7();
        row.state = crate::store::outbox::State::Sent.as_str().to_owned();
    }
    for (row, (_, new)) in changes.parcels.iter_mut().zip(&parcels) {
        row.id = *new;
        row.waybill = instead.text(&row.waybill);
    }
    for row in &mut changes.waybills {
        row.waybill = instead.text(&row.waybill);
        row.parcel_id = parcels.first().map_or(id, |(_, new)| *new);
    }
    for row in &mut changes.parcel_pieces {
        row.parcel_id = parcels.first().map_or(id, |(_, new)| *new);
    }
    changes.tokens.push(tokens::Model {
        hash: vault::token_hash(&desk.view_token(OrderId(id))).to_vec(),
        order_id: id,
        purpose: crate::desk::place::VIEW.to_owned(),
        generation: 0,
    });
    Ok((changes, code.to_string()))
}

/// Writes the bodies anew and chains them; answers the head of each stream.
fn journals(changes: &mut Changes, instead: &Instead) -> Result<Vec<(i32, Vec<u8>)>, Failure> {
    let mut heads: Vec<(i32, Vec<u8>)> = Vec::new();
    let mut previous = Hash::ZERO;
    for row in &mut changes.events {
        if row.seq == 1 {
            previous = Hash::ZERO;
        }
        let shown = |micros: i64| {
            jiff::Timestamp::from_microsecond(micros)
                .map(|at| format!("\"at\":\"{}\"", chain::instant(at)))
                .map_err(|error| Failure::of("a time cannot be written", &error))
        };
        let (old, new) = (shown(row.at)?, shown(instead.at(row.at))?);
        let body = instead.text(&row.body).replacen(&old, &new, 1);
        row.body = with_previous(&body, previous)?;
        row.at = instead.at(row.at);
        previous = chain::hash(&row.body);
        row.hash = previous.as_bytes().to_vec();
        match heads.iter_mut().find(|(stream, _)| *stream == row.stream_id) {
            Some((_, head)) => head.clone_from(&row.hash),
            None => heads.push((row.stream_id, row.hash.clone())),
        }
    }
    Ok(heads)
}

/// A body behind another hash. The member stands between `person_id` and `role`, and is the only one of its name that
/// holds a hash.
fn with_previous(body: &str, previous: Hash) -> Result<String, Failure> {
    const MEMBER: &str = "\"previous\":\"";
    let start = body.rfind(MEMBER).ok_or_else(|| Failure("a body lacks its previous hash".to_owned()))? + MEMBER.len();
    let end = start + 64;
    Ok(format!("{}{previous}{}", &body[..start], body.get(end..).unwrap_or_default()))
}
