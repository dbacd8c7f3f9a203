//! One command, from its journal to the rows that it writes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::cache::{Folded, Tip};
use super::capsule_of::Sealing;
use super::order_journal::Turn;
use super::presented::Register;
use super::receipt::{Happened, PhotoReceipt, PieceReceipt, ProposalReceipt, Receipt};
use super::speech::{Listening, Session};
use super::{Desk, Error, Request, balances, capsule_of, project, recorded};
use crate::capsule::Hash;
use crate::domain::command::{Command, decide};
use crate::domain::event::{Event, OrderPlaced, Recorded};
use crate::domain::ids::{Carrier, OrderId, ParcelId, StreamKey, Waybill};
use crate::domain::looks::Around;
use crate::domain::notice::notices;
use crate::domain::order::{LineStatus, Order, Rest};
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::rulebook::{Rulebook, is_quiet};
use crate::store::changes::Changes;
use crate::store::entity::{
    certificate_codes, lines, order_nos, parcel_pieces, parcels, proposals, return_shipments, shipments, tags, waybills,
};
use crate::store::following;

/// What one command will write, and answer.
#[derive(Default)]
pub struct Plan {
    pub changes: Changes,
    pub receipt: Option<Receipt>,
    /// What a capsule needs beside its journal; looked up for a release alone.
    pub sealing: Option<Sealing>,
    /// The command had taken effect before: the old receipt, and nothing to write.
    pub seen: bool,
    /// The piece before and after, where something may be owed since.
    pub turn: Option<Turn>,
    pub keep: Vec<(StreamKey, Folded)>,
    pub keep_order: Option<(OrderId, Arc<OrderPlaced>)>,
    /// How long a letter waits for others that may go with it.
    pub gather: SignedDuration,
}

impl Plan {
    pub fn seen(receipt: Receipt) -> Self {
        Self { receipt: Some(receipt), seen: true, ..Self::default() }
    }

    pub fn proposal((row, receipt): &(proposals::Model, ProposalReceipt)) -> Self {
        let changes = Changes { proposals: vec![row.clone()], ..Changes::default() };
        Self { changes, receipt: Some(Receipt::Proposal(receipt.clone())), ..Self::default() }
    }

    /// Takes the rows of an event; gives back the event as it will be read.
    pub fn event(&mut self, written: recorded::Written) -> Recorded {
        self.changes.events.push(written.row);
        self.changes.event_keys.push(written.key);
        written.recorded
    }

    pub fn order_no(&mut self, row: order_nos::Model) {
        self.changes.order_nos.push(row);
    }

    /// The notices that follow from one event.
    pub fn notices(&mut self, key: StreamKey, seq: i32, event: &Event, before: Stage, after: Stage, now: Timestamp) {
        for (recipient, notice) in notices(event, before, after) {
            self.notice(key, seq, recipient, notice, now);
        }
    }

    /// The projections of a piece that has just begun.
    pub fn project_new(&mut self, key: StreamKey, piece: &Piece, placed: &OrderPlaced, head: Hash, rules: &Rulebook) {
        let clocks = project::clocks(key, piece, placed, rules);
        self.changes.pieces.push(project::piece(key, piece, placed, head, &clocks));
        self.changes.lines.push(project::line(key, piece));
        self.changes.components.append(&mut project::components(key, piece));
        self.changes.deadlines.extend(clocks);
    }
}

/// What the writer has looked up for a command on a piece.
pub struct Subject<'a> {
    pub key: StreamKey,
    pub folded: Folded,
    pub placed: Arc<OrderPlaced>,
    /// The lines of the order.
    pub lines: &'a [lines::Model],
    /// Whose each waybill is that the command names.
    pub waybills: &'a [waybills::Model],
    /// Whether the buyer is asked about the rest of the order.
    pub rest: Rest,
    /// Given for a release.
    pub sealing: Option<Sealing>,
    /// What was said in the order's live session, where the command reads it.
    pub session: Option<Arc<Session>>,
    /// What a second look rests on beside the piece.
    pub around: Around,
    /// Whose the numbers are that it presents, where the command proposes a ledger.
    pub register: Register,
}

impl Desk {
    pub(super) fn plan_piece(&self, subject: Subject<'_>, command: &Command, request: &Request) -> Result<Plan, Error> {
        let Subject { key, folded, placed, lines, waybills, rest, sealing, session, around, register } = subject;
        let Folded { mut piece, tip } = folded;
        if let Some(seen) = request.if_match
            && seen != piece.head()
        {
            return Err(Refusal::Stale { head: piece.head() }.into());
        }
        let order = Order {
            placed: placed.clone(),
            lines: lines.iter().filter_map(|line| Some((line.line_no, LineStatus::parse(&line.status)?))).collect(),
            rest,
        };
        let listening = Listening::new(self, key.order_id, &placed, (session, around), register);
        let events = decide(&piece, &order, command, &request.by, request.now, &listening)?;
        let before = piece.clone();
        let mut plan = Plan { sealing, gather: self.gather(), ..Plan::default() };
        let mut previous = tip.hash;
        let mut happened = Vec::new();
        let mut body_digest = None;
        for event in events {
            let stage = piece.stage();
            let seq = piece.head() + 1;
            let written = recorded::write(self.vault(), key, seq, previous, event, &request.circumstances())?;
            previous = written.hash;
            body_digest = Some(written.body_digest.to_vec());
            let recorded = Arc::new(plan.event(written));
            piece.apply(recorded.clone()).map_err(|corrupt| Error::fault("a decided event does not fold", corrupt))?;
            // Nobody waits for word of what is the house's own.
            if !piece.opened().reference {
                plan.notices(key, seq, &recorded.event, stage, piece.stage(), request.now);
            }
            self.plan_rows(&mut plan, key, &piece, &placed, &recorded.event, seq, previous, request, waybills)?;
            happened.push(Happened { seq, kind: recorded.event.kind().as_str().to_owned() });
        }
        self.plan_register(&mut plan, key, &piece, before.head(), listening.register());
        plan.changes.sealed_texts.extend(listening.into_seals().rows);
        self.plan_projections(&mut plan, key, &before, &piece, &placed, previous, lines);
        let since = usize::try_from(before.head()).unwrap_or_default();
        if piece.history().iter().skip(since).any(|recorded| !is_quiet(&recorded.event)) {
            plan.turn = Some(Turn { before: before.clone(), after: piece.clone() });
        }
        plan.receipt = Some(Receipt::Piece(receipt(&piece, happened)));
        let tip = Tip { hash: previous, body_digest, since: before.head() + 1 };
        plan.keep.push((key, Folded { piece, tip }));
        Ok(plan)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the one transaction")]
    fn plan_projections(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        before: &Piece,
        piece: &Piece,
        placed: &OrderPlaced,
        head: Hash,
        lines: &[lines::Model],
    ) {
        let clocks = project::clocks(key, piece, placed, self.rules());
        plan.changes.pieces.push(project::piece(key, piece, placed, head, &clocks));
        if clocks != project::clocks(key, before, placed, self.rules()) {
            plan.changes.clocks.push((key.order_id.0, key.stream_id.0));
            plan.changes.deadlines.extend(clocks);
        }
        if before.settled() != piece.settled() {
            plan.changes.parts.push((key.order_id.0, key.stream_id.0));
            plan.changes.components.append(&mut project::components(key, piece));
        }
        plan.changes.legs.append(&mut project::legs_since(key, before, piece, placed));
        plan.changes.photos.append(&mut project::photos(key, piece, before.head() + 1));
        plan.changes.photo_bands.append(&mut project::photo_bands(key, piece, before.head() + 1));
        if before.line_status() != piece.line_status() {
            let line = project::line(key, piece);
            if piece.line_status() == LineStatus::Resubmission {
                plan.changes.deadlines.extend(project::resubmission(key, piece, placed, self.rules()));
            }
            // An older piece of a line that was filled again says nothing of the line.
            if lines.iter().any(|row| row.line_no == line.line_no && row.stream_id <= line.stream_id) {
                plan.changes.lines.push(line);
            }
        }
        let had = before.standing().release().is_some();
        if had && piece.standing().release().is_none() && piece.stage() != Stage::Outbound {
            plan.changes.revoked.push((key.order_id.0, key.stream_id.0, piece.last().at.as_microsecond()));
        }
    }

    /// The rows of registers and legs that one event brings.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the one transaction")]
    fn plan_rows(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        piece: &Piece,
        placed: &OrderPlaced,
        event: &Event,
        seq: i32,
        head: Hash,
        request: &Request,
        known: &[waybills::Model],
    ) -> Result<(), Error> {
        let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
        let at = request.now.as_microsecond();
        let own = usize::try_from(seq).unwrap_or_default().saturating_sub(1);
        let before = || piece.history().iter().take(own).flat_map(|recorded| recorded.event.weighings());
        for row in
            event.weighings().into_iter().filter_map(|weighing| balances::row(weighing, (order_id, stream_id), seq))
        {
            // A correction keeps the reading that the piece has.
            let is = |weighing: &Weighing| {
                weighing.reading.as_ref().is_some_and(|reading| reading.reading_id.as_str() == row.reading_id)
            };
            let is_new =
                !before().any(is) && plan.changes.readings.iter().all(|known| known.reading_id != row.reading_id);
            if is_new {
                plan.changes.readings.push(row);
            }
        }
        match event {
            Event::Dispatched(crate::domain::event::Dispatched { parcel_id, carrier, waybill })
            | Event::WaybillCorrected(crate::domain::event::WaybillCorrected { parcel_id, carrier, waybill }) => {
                claim_waybill(plan, known, *parcel_id, carrier, waybill)?;
                plan.changes.parcels.push(parcel(*parcel_id, placed, carrier, waybill, at, None));
                plan.changes.parcel_pieces.push(parcel_pieces::Model { parcel_id: parcel_id.0, order_id, stream_id });
            }
            Event::Tagged(tagged) => {
                plan.changes.tags.push(tags::Model { tag: tagged.tag.to_string(), order_id, stream_id, tagged_at: at });
            }
            Event::Released(released) => {
                plan.changes.certificate_codes.push(certificate_codes::Model {
                    code: released.certificate_code.to_string(),
                    order_id,
                    stream_id,
                    seq,
                });
                let sealing = plan.sealing.take();
                let sealing = sealing.ok_or_else(|| Error::fault("a release has looked up its sealing", "none"))?;
                let (capsule, place) = capsule_of::issue(self, key, piece, placed, head, &sealing)?;
                plan.changes.capsules.push(capsule);
                plan.changes.status_places.push(place);
            }
            Event::Shipped(shipped) => {
                claim_waybill(plan, known, outbound_parcel(key.order_id), &shipped.carrier, &shipped.waybill)?;
                let capsule_seq = piece.capsule().map_or(0, |(seq, _)| seq);
                plan.changes.shipments.push(shipments::Model {
                    order_id,
                    stream_id,
                    capsule_seq,
                    carrier: shipped.carrier.to_string(),
                    waybill: shipped.waybill.to_string(),
                    shipped_at: at,
                });
            }
            Event::ReturnShipped(shipped) => {
                let parcel = return_parcel(placed);
                claim_waybill(plan, known, parcel, &shipped.carrier, &shipped.waybill)?;
                let to_buyer = piece.stage() == Stage::ReturningToBuyer;
                plan.changes.return_shipments.push(return_shipments::Model {
                    order_id,
                    stream_id,
                    seq,
                    recipient: if to_buyer { "buyer" } else { "merchant" }.to_owned(),
                    carrier: shipped.carrier.to_string(),
                    waybill: shipped.waybill.to_string(),
                    shipped_at: at,
                });
            }
            _ => {} // The other events bring no row beside the projections.
        }
        Ok(())
    }
}

/// What a caller gets for a piece.
pub fn receipt(piece: &Piece, events: Vec<Happened>) -> PieceReceipt {
    let photo = match &piece.last().event {
        Event::PhotoAdded(photo) => Some(PhotoReceipt {
            id: photo.photo_id.0,
            original_sha256: photo.original_sha256.clone(),
            shown_sha256: photo.shown_sha256.clone(),
            small_sha256: photo.small_sha256.clone(),
        }),
        _ => None, // No other event stores a photo.
    };
    PieceReceipt {
        code: piece.opened().code.to_string(),
        stage: piece.stage().as_str().to_owned(),
        outcome: piece.standing().outcome().map(|outcome| outcome.as_str().to_owned()),
        seq: piece.head(),
        events,
        photo,
    }
}

/// The row of an inbound parcel.
pub fn parcel(
    id: ParcelId,
    placed: &OrderPlaced,
    carrier: &Carrier,
    waybill: &Waybill,
    at: i64,
    received_at: Option<i64>,
) -> parcels::Model {
    parcels::Model {
        id: id.0,
        tenant_id: placed.tenant_id.to_string(),
        merchant_id: placed.merchant_id.to_string(),
        warehouse_id: placed.warehouse_id.to_string(),
        carrier: carrier.to_string(),
        waybill: waybill.to_string(),
        created_at: at,
        received_at,
    }
}

/// A waybill is one parcel's: taken by another, it is refused.
fn claim_waybill(
    plan: &mut Plan,
    known: &[waybills::Model],
    parcel_id: ParcelId,
    carrier: &Carrier,
    waybill: &Waybill,
) -> Result<(), Error> {
    let same = |row: &&waybills::Model| row.carrier == carrier.as_str() && row.waybill == waybill.as_str();
    match known.iter().find(same) {
        Some(row) if row.parcel_id == parcel_id.0 => Ok(()),
        Some(_) => Err(Refusal::WaybillTaken.into()),
        None => {
            plan.changes.waybills.push(waybills::Model {
                carrier: carrier.to_string(),
                waybill: waybill.to_string(),
                parcel_id: parcel_id.0,
            });
            Ok(())
        }
    }
}

/// The parcel of a merchant's waybill: the same waybill of the same merchant is the same parcel, however often and in
/// how many parts it is announced.
pub fn inbound_parcel(tenant: &str, merchant: &str, carrier: &Carrier, waybill: &Waybill) -> ParcelId {
    derived(&["inbound", tenant, merchant, carrier.as_str(), waybill.as_str()])
}

/// Pieces of one order may leave for the buyer under one waybill.
fn outbound_parcel(order_id: OrderId) -> ParcelId {
    derived(&["outbound", &order_id.to_string()])
}

/// Pieces of one merchant may go back under one waybill.
fn return_parcel(placed: &OrderPlaced) -> ParcelId {
    derived(&["return", placed.tenant_id.as_str(), placed.merchant_id.as_str()])
}

fn derived(parts: &[&str]) -> ParcelId {
    ParcelId(following(parts.join("\n")))
}
