//! A parcel is one dispatch and one receipt to its users, and one transaction for each order inside. All its pieces
//! are checked first; then each order's part is written under the parcel's idempotency key, so that a parcel that was
//! cut off in the middle is resumed by the same request.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::receipt::{ParcelOutcome, ParcelPiece, ParcelReceipt, Receipt};
use super::{Desk, Error, Located, Request, Seals, Work, work, writer};
use crate::domain::cases::CaseCommand;
use crate::domain::command::{Command, decide};
use crate::domain::event::{CaseKind, Condition};
use crate::domain::ids::{Carrier, OrderId, ParcelId, PieceCode, WarehouseId, Waybill};
use crate::domain::order::{LineStatus, Order, Rest};
use crate::domain::orders::OrderCommand;
use crate::domain::quantity::Weighing;
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::route::Stage;
use crate::domain::sidelines::Exception;
use crate::store::changes::Changes;
use crate::store::entity::lost_and_found;
use crate::store::{self, lookups};

/// A parcel as its merchant sends it off.
#[derive(Debug)]
pub struct Parcel {
    pub carrier: Carrier,
    pub waybill: Waybill,
    /// In the order of the request, each with where it leads.
    pub pieces: Vec<(PieceCode, Located)>,
}

/// A parcel as a clerk books it in.
#[derive(Debug)]
pub struct Arrival {
    pub warehouse_id: WarehouseId,
    pub carrier: Option<Carrier>,
    pub waybill: Waybill,
    /// As it was announced; none where nobody did.
    pub announced: Option<ParcelId>,
    pub pieces: Vec<ArrivedPiece>,
}

/// One piece of an arrived parcel.
#[derive(Debug)]
pub struct ArrivedPiece {
    pub code: PieceCode,
    /// None: nobody knows the code.
    pub located: Option<Located>,
    /// None: it was announced, and is not in the parcel.
    pub arrived: Option<(Condition, Option<Weighing>, Option<String>)>,
}

/// The parcel that a merchant's waybill means for one of their pieces.
pub fn inbound_parcel(located: &Located, carrier: &Carrier, waybill: &Waybill) -> ParcelId {
    work::inbound_parcel(located.tenant_id.as_str(), located.merchant_id.as_str(), carrier, waybill)
}

/// One piece's part of a parcel's request.
struct Part {
    index: usize,
    code: PieceCode,
    located: Located,
    command: Command,
    seals: Seals,
}

impl Desk {
    /// Dispatches a parcel of one or many pieces. Sent again while it is on its way, it corrects the waybill.
    pub async fn dispatch_parcel(&self, parcel: Parcel, request: Request) -> Result<Receipt, Error> {
        if let Some(receipt) = self.answer_to(&request).await? {
            return Ok(receipt);
        }
        let parts = parcel
            .pieces
            .into_iter()
            .enumerate()
            .map(|(index, (code, located))| {
                let parcel_id = inbound_parcel(&located, &parcel.carrier, &parcel.waybill);
                let command =
                    Command::Dispatch { parcel_id, carrier: parcel.carrier.clone(), waybill: parcel.waybill.clone() };
                Part { index, code, located, command, seals: Seals::default() }
            })
            .collect::<Vec<_>>();
        self.check_parts(&parts, &request, |index| format!("/codes/{index}")).await?;
        let pieces = self.write_parts(parts, &request).await?;
        let receipt = ParcelReceipt {
            carrier: Some(parcel.carrier.to_string()),
            waybill: parcel.waybill.to_string(),
            pieces: pieces.into_values().collect(),
        };
        self.finish(Receipt::Parcel(receipt), Changes::default(), request).await
    }

    /// Books a parcel in: an answer for each piece. A code that nobody knows goes to lost-and-found.
    pub async fn receive_parcel(&self, arrival: Arrival, request: Request) -> Result<Receipt, Error> {
        if let Some(receipt) = self.answer_to(&request).await? {
            return Ok(receipt);
        }
        let mut parts = Vec::new();
        let mut closed = Vec::new();
        let mut outcomes = BTreeMap::new();
        let mut changes = Changes::default();
        let known = arrival.pieces.iter().filter_map(|piece| piece.located.as_ref()).map(|located| located.key);
        let known = self.read_pieces(known).await?;
        let is_closed = |located: &Located| known.get(&located.key).is_some_and(|piece| piece.stage() == Stage::Closed);
        changes.arrived.extend(arrival.announced.map(|parcel| (parcel.0, request.now.as_microsecond())));
        for (index, arrived) in arrival.pieces.into_iter().enumerate() {
            let code = arrived.code.clone();
            match (arrived.located, arrived.arrived) {
                (None, _) => {
                    let id = Uuid::now_v7();
                    changes.lost_and_found.push(lost_and_found::Model {
                        id,
                        warehouse_id: arrival.warehouse_id.to_string(),
                        code: code.to_string(),
                        parcel_id: arrival.announced.map(|parcel| parcel.0),
                        found_at: request.now.as_microsecond(),
                        found_by: request.by.person.0,
                        resolved_at: None,
                    });
                    let outcome = ParcelOutcome::LostAndFound { id };
                    outcomes.insert(index, ParcelPiece { code: code.to_string(), outcome });
                }
                (Some(_), None) => {
                    let outcome = ParcelOutcome::Missing;
                    outcomes.insert(index, ParcelPiece { code: code.to_string(), outcome });
                }
                (Some(located), Some((_, _, note))) if is_closed(&located) => {
                    let carrier = arrival.carrier.as_ref();
                    let parcel_id = carrier.map(|carrier| inbound_parcel(&located, carrier, &arrival.waybill));
                    closed.push((index, code, located, parcel_id, note));
                }
                (Some(located), Some((condition, weight, note))) => {
                    let mut seals = Seals::default();
                    let note =
                        note.map(|note| seals.seal(self.vault(), located.key.order_id, request.by.person, &note));
                    let carrier = arrival.carrier.as_ref();
                    let parcel_id = carrier.map(|carrier| inbound_parcel(&located, carrier, &arrival.waybill));
                    let command = match weight.filter(|_| condition == Condition::Intact) {
                        Some(weight) => Command::Receive { parcel_id, condition, weight, note },
                        None => Command::Except(Exception::Found { condition, parcel_id, note }),
                    };
                    parts.push(Part { index, code, located, command, seals });
                }
            }
        }
        self.check_parts(&parts, &request, |index| format!("/pieces/{index}")).await?;
        outcomes.append(&mut self.write_parts(parts, &request).await?);
        for (index, code, located, parcel_id, note) in closed {
            let key = located.key;
            let mut seals = Seals::default();
            let note = note.map(|note| seals.seal(self.vault(), key.order_id, request.by.person, &note));
            let command = CaseCommand::Open { piece: key.stream_id, kind: CaseKind::Parcel, parcel_id, note };
            let own = Request { part: format!("case/{code}"), ..request.clone() };
            let Receipt::Made { id, .. } = self.on_order(key.order_id, OrderCommand::Case(command), seals, own).await?
            else {
                return Err(Error::corrupt("a case's answer", "is of something else"));
            };
            outcomes.insert(index, ParcelPiece { code: code.to_string(), outcome: ParcelOutcome::Case { id } });
        }
        let receipt = ParcelReceipt {
            carrier: arrival.carrier.map(|carrier| carrier.to_string()),
            waybill: arrival.waybill.to_string(),
            pieces: outcomes.into_values().collect(),
        };
        self.finish(Receipt::Parcel(receipt), changes, request).await
    }

    /// The answer that the same whole request got before.
    pub async fn answer_to(&self, request: &Request) -> Result<Option<Receipt>, Error> {
        let key = (request.owner().0, request.idempotency_key.as_str(), request.part.as_str());
        let rows = lookups::answered(self.store().reader(), &[key]).await?;
        rows.first().map(|row| writer::open_answer(self, row, request)).transpose()
    }

    /// Tries every piece's part on what is read now. One that would be refused refuses the parcel, with a pointer for
    /// each, and nothing is written. What this very request wrote before it was cut off is not in its way.
    async fn check_parts(
        &self,
        parts: &[Part],
        request: &Request,
        pointer: impl Fn(usize) -> String,
    ) -> Result<(), Error> {
        let keys: Vec<_> = parts.iter().map(|part| part.located.key.order_id.to_string()).collect();
        let owner = request.owner().0;
        let named: Vec<_> = keys.iter().map(|part| (owner, request.idempotency_key.as_str(), part.as_str())).collect();
        // The pieces first: what the same request does at this very moment is either not seen yet, or answered below.
        let pieces = self.read_pieces(parts.iter().map(|part| part.located.key)).await?;
        let done = lookups::answered(self.store().reader(), &named).await?;
        let open = parts.iter().zip(&keys).filter(|(_, name)| !done.iter().any(|row| row.part == **name));
        let mut orders: HashMap<OrderId, Option<Order>> = HashMap::new();
        let mut faults = Vec::new();
        for (part, _) in open {
            let key = part.located.key;
            let order = match orders.entry(key.order_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.order_to_decide(key.order_id).await?),
            };
            let tried = match (pieces.get(&key), order) {
                (Some(piece), Some(order)) => {
                    decide(piece, order, &part.command, &request.by, request.now, self.rules()).map(|_| ())
                }
                (Some(_) | None, _) => Err(Refusal::Absent("piece")),
            };
            if let Err(refusal) = tried {
                let stage = refusal.stage().map(|stage| format!(" (it is {stage})")).unwrap_or_default();
                faults.push(Fault::new(pointer(part.index), format!("{}{stage}", refusal.sentence())));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Malformed(faults).into()) }
    }

    /// An order as a decision on one of its pieces sees it.
    async fn order_to_decide(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let Some(placed) = self.read_placed(id).await? else { return Ok(None) };
        let lines = lookups::lines_of(self.store().reader(), &[id.0]).await?;
        let lines = lines.iter().filter_map(|line| Some((line.line_no, LineStatus::parse(&line.status)?))).collect();
        // No parcel waits for the buyer's answer about the rest.
        Ok(Some(Order { placed: Arc::new(placed), lines, rest: Rest::Settled }))
    }

    async fn write_parts(&self, parts: Vec<Part>, request: &Request) -> Result<BTreeMap<usize, ParcelPiece>, Error> {
        let mut by_order: BTreeMap<OrderId, Vec<Part>> = BTreeMap::new();
        for part in parts {
            by_order.entry(part.located.key.order_id).or_default().push(part);
        }
        let mut outcomes = BTreeMap::new();
        for (_, parts) in by_order {
            outcomes.append(&mut self.write_order_parts(parts, request).await?);
        }
        Ok(outcomes)
    }

    /// The pieces of one order, in one transaction.
    async fn write_order_parts(
        &self,
        parts: Vec<Part>,
        request: &Request,
    ) -> Result<BTreeMap<usize, ParcelPiece>, Error> {
        let order_id = match parts.first() {
            Some(part) => part.located.key.order_id,
            None => return Ok(BTreeMap::new()),
        };
        let mut request = Request { part: order_id.to_string(), ..request.clone() };
        let mut seals = Seals::default();
        let mut pieces = Vec::new();
        let mut codes = Vec::new();
        for part in parts {
            request.digest_as(part.command.kind().as_str());
            seals.rows.extend(part.seals.rows);
            pieces.push((part.located.key.stream_id, part.command));
            codes.push((part.index, part.code));
        }
        let work = Work::Pieces { pieces, parcel: true };
        let outcome = |code: &PieceCode, answer: &Result<Receipt, Error>| match answer {
            Ok(Receipt::Parcel(done)) => {
                let own = done.pieces.iter().find(|piece| piece.code == code.as_str());
                own.map(|piece| piece.outcome.clone())
            }
            Ok(Receipt::Piece(_) | Receipt::Order(_) | Receipt::Proposal(_) | Receipt::Made { .. }) => None,
            Err(Error::Refused(refusal)) => {
                Some(ParcelOutcome::Refused { code: refusal.code().to_owned(), detail: refusal.sentence() })
            }
            Err(Error::Busy | Error::Fault { .. }) => None,
        };
        let answer = self.submit(order_id, work, seals, request).await;
        if let Err(error @ (Error::Busy | Error::Fault { .. })) = answer {
            return Err(error);
        }
        Ok(codes
            .into_iter()
            .filter_map(|(index, code)| {
                let outcome = outcome(&code, &answer)?;
                Some((index, ParcelPiece { code: code.to_string(), outcome }))
            })
            .collect())
    }

    /// Stores the answer of the whole, so that the same request gets it again.
    async fn finish(&self, receipt: Receipt, mut changes: Changes, request: Request) -> Result<Receipt, Error> {
        let row = writer::answer_row(self, None, &request, &receipt)?;
        changes.idempotency.push(row);
        self.write_once(changes, receipt, &request).await
    }

    /// Writes what is no event of a journal, once: the same request again gets the first answer.
    async fn write_once(&self, changes: Changes, receipt: Receipt, request: &Request) -> Result<Receipt, Error> {
        let key = (request.owner().0, request.idempotency_key.as_str(), request.part.as_str());
        for _ in 0..2 {
            let txn = self.store().begin().await?;
            if let Some(row) = lookups::answered(&*txn, &[key]).await?.first() {
                return writer::open_answer(self, row, request);
            }
            match txn.write(changes.clone()).await {
                Ok(()) => {
                    txn.commit().await?;
                    return Ok(receipt);
                }
                // The same request came at the same moment and was faster: its answer is there now.
                Err(store::Error::Conflict("idempotency")) => txn.rollback().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }
}
