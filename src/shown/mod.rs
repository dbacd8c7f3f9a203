//! An order as its reader sees it: one truth for the page and for the letters. From the journals to words, figures and
//! findings; how they are set on a page or in a letter is left to those who show them.

use jiff::Timestamp;

use crate::desk::{Desk, Error, OrderView};
use crate::domain::event::Ship;
use crate::domain::ids::OrderId;
use crate::domain::route::Stage;
use crate::store::entity::pieces;
use crate::store::{deadlines as clocks, owed as debts, queries};
use crate::words::Language;

pub mod carriers;
pub mod mask;
pub mod owed;
pub mod rows;
#[cfg(test)]
mod tests;
pub mod view;
pub mod when;

pub use owed::{Otherwise, Owed};
pub use rows::{Row, Sources};
pub use view::{Around, Card, Ledger};
pub use when::Clock;

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub language: Language,
    /// The zone in which times are told, by its IANA name; else the buyer's.
    pub zone: Option<&'a str>,
    /// Names that are covered wherever they stand.
    pub names: &'a [&'a str],
}

/// An order with its pieces as they are shown.
pub struct Made {
    pub order: OrderView,
    /// Whether the buyer is asked whether the rest shall ship.
    pub asked: bool,
    pub cards: Vec<Card>,
    /// Everything that is owed on it.
    pub owed: Vec<Owed>,
}

/// Reads the journals of an order, and what stands around them. `pieces` are the rows of its pieces.
///
/// # Errors
///
/// Those of the store, and those of an order without a journal.
pub async fn read(
    desk: &Desk,
    id: OrderId,
    pieces: &[pieces::Model],
    reader: Reader<'_>,
    now: Timestamp,
) -> Result<Made, Error> {
    let rows = desk.store().reader();
    let Some(order) = desk.read_order(id).await? else {
        return Err(Error::corrupt("an order that is shown", "has no journal"));
    };
    let texts = desk.read_texts(id).await?;
    let live = match &order.placed.live_id {
        Some(live) => queries::live(rows, order.placed.tenant_id.as_str(), live.as_str()).await?,
        None => None,
    };
    let replay = live.and_then(|live| live.replay_url).filter(|url| url.starts_with("https://"));
    let warehouse = queries::warehouse(rows, order.placed.warehouse_id.as_str()).await?;
    let laboratory = match warehouse.and_then(|warehouse| warehouse.laboratory_id) {
        Some(laboratory) => queries::laboratory(rows, &laboratory).await?,
        None => None,
    };
    let mut deadlines = clocks::of_order(rows, id.0).await?;
    let mut capsules = Vec::new();
    for row in pieces {
        if row.stage != Stage::Closed.as_str() {
            deadlines.extend(queries::deadlines_of(rows, id.0, row.stream_id).await?);
        }
        capsules.extend(queries::capsule(rows, id.0, row.stream_id).await?);
    }
    let sources = Sources {
        desk,
        words: reader.language.words(),
        placed: &order.placed,
        texts: &texts,
        names: reader.names.to_vec(),
        replay: replay.as_deref(),
    };
    let zone = reader.zone.unwrap_or(order.placed.buyer_timezone.as_str());
    let clock = Clock::new(zone, reader.language);
    let obligations = debts::obligations_of(rows, id.0).await?;
    let around = Around { sources, clock, now, streams: pieces, deadlines, capsules, obligations, laboratory };
    let (cards, owed) = (around.cards(&order), around.owed(&order));
    let asked = order.placed.ship == Ship::Together && desk.open_question(id).await?.is_some();
    Ok(Made { order, asked, cards, owed })
}
