//! Reading for answers: where a code leads, and a piece as its journal tells it. Nothing here writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{Desk, Error, recorded, seals};
use crate::capsule::Hash;
use crate::domain::cases::Case;
use crate::domain::event::{Event, OrderPlaced, Recorded};
use crate::domain::ids::*;
use crate::domain::piece::Piece;
use crate::store::entity::events;
use crate::store::{journal, queries};

/// Where a piece code leads, and to whom it belongs. None of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub key: StreamKey,
    pub tenant_id: TenantId,
    pub merchant_id: MerchantId,
    pub warehouse_id: WarehouseId,
}

/// Codes that were asked for before.
#[derive(Default)]
pub struct LocatedCache(Mutex<HashMap<PieceCode, Located>>);

/// Codes kept at the most; then the memory starts anew.
const KEPT: usize = 16_384;

impl LocatedCache {
    fn get(&self, code: &PieceCode) -> Option<Located> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(code).cloned()
    }

    fn keep(&self, code: PieceCode, located: Located) {
        let mut kept = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if KEPT <= kept.len() {
            kept.clear();
        }
        kept.insert(code, located);
    }
}

/// A piece with what stands around it.
#[derive(Clone, Debug)]
pub struct PieceView {
    pub key: StreamKey,
    pub piece: Piece,
    pub placed: Arc<OrderPlaced>,
    pub head: Hash,
    pub rows: Vec<events::Model>,
}

/// An order with all its pieces.
#[derive(Clone, Debug)]
pub struct OrderView {
    pub placed: OrderPlaced,
    pub pieces: Vec<Piece>,
    pub cases: Vec<Case>,
    /// The hash of the event that gave the verdict, of each piece whose verdict stands: whoever tells of it names it.
    pub verdicts: HashMap<PieceCode, Hash>,
}

impl Desk {
    /// Where a piece is kept, and whose it is.
    pub async fn locate(&self, code: &PieceCode) -> Result<Option<Located>, Error> {
        if let Some(located) = self.inner.located.get(code) {
            return Ok(Some(located));
        }
        let Some(row) = queries::piece_by_code(self.store().reader(), code.as_str()).await? else { return Ok(None) };
        let malformed = |error: Malformed| Error::corrupt("a piece's row", error);
        let located = Located {
            key: journal::stream_key(row.order_id, row.stream_id),
            tenant_id: TenantId::parse(&row.tenant_id).map_err(malformed)?,
            merchant_id: MerchantId::parse(&row.merchant_id).map_err(malformed)?,
            warehouse_id: WarehouseId::parse(&row.warehouse_id).map_err(malformed)?,
        };
        self.inner.located.keep(code.clone(), located.clone());
        Ok(Some(located))
    }

    /// Where a piece is kept, and nothing yet of whose it is: for what is read while [`Desk::locate`] asks that.
    pub async fn key_of(&self, code: &PieceCode) -> Result<Option<StreamKey>, Error> {
        if let Some(located) = self.inner.located.get(code) {
            return Ok(Some(located.key));
        }
        Ok(queries::key_of_code(self.store().reader(), code.as_str()).await?)
    }

    /// A piece as its journal tells it.
    pub async fn read_piece(&self, key: StreamKey) -> Result<Option<PieceView>, Error> {
        let order = StreamKey { order_id: key.order_id, stream_id: StreamId::ORDER };
        let tails = [journal::Tail { key, after: 0 }, journal::Tail { key: order, after: 0 }];
        let rows = journal::load(self.store().reader(), &tails).await?;
        let (of_order, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stream_id == 0);
        let Some(first) = of_order.first() else { return Ok(None) };
        let placed = placed(first)?;
        let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
        let Some(head) = reads.last().map(|read| read.hash) else { return Ok(None) };
        let piece = Piece::fold(reads.into_iter().map(|read| read.recorded))
            .map_err(|corrupt| Error::fault("a journal does not replay", corrupt))?;
        Ok(Some(PieceView { key, piece, placed: Arc::new(placed), head, rows }))
    }

    /// Several pieces as their journals tell them. What is not there is left out.
    pub(super) async fn read_pieces(
        &self,
        keys: impl Iterator<Item = StreamKey>,
    ) -> Result<HashMap<StreamKey, Piece>, Error> {
        let tails: Vec<_> = keys.map(|key| journal::Tail { key, after: 0 }).collect();
        let mut journals: HashMap<StreamKey, Vec<Recorded>> = HashMap::new();
        for row in journal::load(self.store().reader(), &tails).await? {
            journals.entry(journal::key_of(&row)).or_default().push(recorded::read(&row)?.recorded);
        }
        let fold = |(key, events)| {
            let piece = Piece::fold(events).map_err(|corrupt| Error::fault("a journal does not replay", corrupt))?;
            Ok((key, piece))
        };
        journals.into_iter().map(fold).collect()
    }

    /// What an order began with.
    pub async fn read_placed(&self, order_id: OrderId) -> Result<Option<OrderPlaced>, Error> {
        let key = StreamKey { order_id, stream_id: StreamId::ORDER };
        let rows = journal::read(self.store().reader(), key).await?;
        rows.first().map(placed).transpose()
    }

    /// An order and its pieces as their journals tell them.
    pub async fn read_order(&self, order_id: OrderId) -> Result<Option<OrderView>, Error> {
        let rows = journal::of_order(self.store().reader(), order_id).await?;
        let (of_order, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stream_id == 0);
        let Some(first) = of_order.first() else { return Ok(None) };
        let (mut pieces, mut cases) = (Vec::new(), Vec::new());
        let mut verdicts = HashMap::new();
        for rows in rows.chunk_by(|one, next| one.stream_id == next.stream_id) {
            let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
            // A journal that does not begin with a piece is a case's.
            if reads.first().is_some_and(|read| matches!(read.recorded.event, Event::PieceOpened(_))) {
                let hashes: HashMap<i32, Hash> = reads.iter().map(|read| (read.recorded.seq, read.hash)).collect();
                let piece = Piece::fold(reads.into_iter().map(|read| read.recorded))
                    .map_err(|corrupt| Error::fault("a journal does not replay", corrupt))?;
                let given = piece.verdict().and_then(|(seq, _)| hashes.get(&seq));
                verdicts.extend(given.map(|hash| (piece.opened().code.clone(), *hash)));
                pieces.push(piece);
            } else {
                let case = Case::fold(reads.into_iter().map(|read| read.recorded));
                cases.push(case.ok_or_else(|| Error::corrupt("a case's journal", "does not fold"))?);
            }
        }
        Ok(Some(OrderView { placed: placed(first)?, pieces, cases, verdicts }))
    }

    /// The words behind sealed texts of one order. A text whose key was destroyed is not among them.
    pub async fn read_texts(&self, order_id: OrderId) -> Result<HashMap<TextId, String>, Error> {
        let mut texts = HashMap::new();
        for row in queries::texts_of(self.store().reader(), order_id.0).await? {
            let text = seals::open(self.vault(), &row)
                .map_err(|error| Error::fault("a sealed text cannot be opened", error))?;
            texts.extend(text.map(|text| (TextId(row.id), text)));
        }
        Ok(texts)
    }

    /// What is known of a person; none once they were erased.
    pub async fn read_person(&self, id: PersonId) -> Result<Option<super::people::Details>, Error> {
        match queries::person(self.store().reader(), id.0).await? {
            Some(row) => super::people::open(self.vault(), &row),
            None => Ok(None),
        }
    }
}

/// The first event of an order's own journal.
fn placed(first: &events::Model) -> Result<OrderPlaced, Error> {
    match recorded::read(first)?.recorded.event {
        Event::OrderPlaced(placed) => Ok(placed),
        other => Err(Error::corrupt("an order's journal", format!("begins with {}", other.kind()))),
    }
}
