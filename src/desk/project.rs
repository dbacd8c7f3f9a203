//! Projections: the rows beside the journals, each a pure function of what a journal folds to. The writer and
//! `journal rebuild` make them by the same functions, so that they cannot differ.

use jiff::Timestamp;

use crate::capsule::Hash;
use crate::domain::appraisal::ComponentState;
use crate::domain::deadline::{Clock, Deadline, OrderClock};
use crate::domain::event::OrderPlaced;
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::order::LineStatus;
use crate::domain::piece::Piece;
use crate::domain::transit;
use crate::rulebook::Rulebook;
use crate::store::entity::{components, deadlines, legs, lines, orders, photo_bands, photos, pieces};

/// The row of an order.
pub fn order(id: OrderId, placed: &OrderPlaced, at: i64, head: (i32, Hash), status: LineStatus) -> orders::Model {
    orders::Model {
        order_id: id.0,
        tenant_id: placed.tenant_id.to_string(),
        order_no: placed.order_no.to_string(),
        merchant_id: placed.merchant_id.to_string(),
        buyer_id: placed.buyer_id.0,
        streamer_id: placed.streamer_id.map(|id| id.0),
        warehouse_id: placed.warehouse_id.to_string(),
        live_id: placed.live_id.as_ref().map(ToString::to_string),
        ship: match placed.ship {
            crate::domain::event::Ship::AsReady => "as_ready".to_owned(),
            crate::domain::event::Ship::Together => "together".to_owned(),
        },
        status: status.as_str().to_owned(),
        head_seq: head.0,
        head_hash: head.1.as_bytes().to_vec(),
        paid_at: placed.paid_at,
        created_at: at,
    }
}

/// The row of a line while this piece fills it.
pub fn line(key: StreamKey, piece: &Piece) -> lines::Model {
    let opened = piece.opened();
    lines::Model {
        order_id: key.order_id.0,
        line_no: opened.line_no,
        status: piece.line_status().as_str().to_owned(),
        stream_id: key.stream_id.0,
        attempts: opened.attempt,
        price_amount: opened.price.amount,
        currency: opened.price.currency.as_str().to_owned(),
    }
}

/// The row of a piece.
pub fn piece(
    key: StreamKey,
    piece: &Piece,
    placed: &OrderPlaced,
    head_hash: Hash,
    clocks: &[deadlines::Model],
) -> pieces::Model {
    let opened = piece.opened();
    pieces::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        code: opened.code.to_string(),
        line_no: opened.line_no,
        tenant_id: placed.tenant_id.to_string(),
        merchant_id: placed.merchant_id.to_string(),
        warehouse_id: placed.warehouse_id.to_string(),
        stage: piece.stage().as_str().to_owned(),
        outcome: piece.standing().outcome().map(|outcome| outcome.as_str().to_owned()),
        flagged: piece.standing().flagged(),
        head_seq: piece.head(),
        head_hash: head_hash.as_bytes().to_vec(),
        due_at: clocks
            .iter()
            .filter(|clock| Clock::parse_reminder(&clock.kind).is_none())
            .map(|clock| clock.due_at)
            .chain(piece.passed().map(|passed| passed.due_at))
            .min(),
        stage_since_at: piece.since().at.as_microsecond(),
    }
}

/// The rows of a piece's legs that a command has added or changed.
pub fn legs_since(key: StreamKey, before: &Piece, piece: &Piece, placed: &OrderPlaced) -> Vec<legs::Model> {
    let known = legs(key, before, placed);
    let mut rows = legs(key, piece, placed);
    rows.retain(|row| !known.contains(row));
    rows
}

/// Every leg of a piece, the one with trouble that waits for a supervisor marked.
pub fn legs(key: StreamKey, piece: &Piece, placed: &OrderPlaced) -> Vec<legs::Model> {
    let trouble = transit::open_trouble(piece);
    let row = |leg: transit::Leg| {
        let own = trouble.filter(|found| found.leg == leg.seq);
        legs::Model {
            order_id: key.order_id.0,
            stream_id: key.stream_id.0,
            seq: leg.seq,
            warehouse_id: placed.warehouse_id.to_string(),
            kind: leg.kind.as_str().to_owned(),
            carrier: leg.carrier.to_string(),
            waybill: leg.waybill.to_string(),
            trouble: own.map(|found| found.what.as_str().to_owned()),
            trouble_at: own.map(|found| found.at),
        }
    };
    transit::legs(piece).into_iter().map(row).collect()
}

/// The clocks that run while a piece stands where it does, and the reminders that are still to come.
pub fn clocks(key: StreamKey, piece: &Piece, placed: &OrderPlaced, rules: &Rulebook) -> Vec<deadlines::Model> {
    let row = |kind: String, due_at: Timestamp| deadlines::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        kind,
        due_at: due_at.as_microsecond(),
        set_by_seq: piece.since().seq,
        leased_until_at: None,
    };
    let rows = |deadline: Deadline| {
        let reminder = deadline.remind_at.map(|at| row(deadline.clock.reminder_kind(), at));
        reminder.into_iter().chain([row(deadline.clock.as_str().to_owned(), deadline.due_at)])
    };
    rules.deadlines(piece, placed).into_iter().flat_map(rows).collect()
}

/// The clock of a line that its merchant may fill again; it is the order's, not the piece's.
pub fn resubmission(key: StreamKey, piece: &Piece, placed: &OrderPlaced, rules: &Rulebook) -> Option<deadlines::Model> {
    let clock = OrderClock::Resubmission { line_no: piece.opened().line_no };
    let due_at = rules.due_for(clock, piece.left()?.at, None, placed)?;
    Some(deadlines::Model {
        order_id: key.order_id.0,
        stream_id: StreamId::ORDER.0,
        kind: clock.to_string(),
        due_at: due_at.as_microsecond(),
        set_by_seq: 0,
        leased_until_at: None,
    })
}

/// The parts of a piece, declared and found.
pub fn components(key: StreamKey, piece: &Piece) -> Vec<components::Model> {
    let settled = piece.settled().map(|(_, appraisal)| appraisal);
    let found = settled.map(|appraisal| appraisal.components.as_slice()).unwrap_or_default();
    let declared = piece.opened().declared.components.as_slice();
    let row = |component: &crate::domain::ids::ComponentId, role: &str| components::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        component: component.to_string(),
        role: role.to_owned(),
        declared_material: declared
            .iter()
            .find(|part| part.component == *component)
            .and_then(|part| part.material.as_ref())
            .map(ToString::to_string),
        concluded_material: found
            .iter()
            .find(|part| part.component == *component)
            .and_then(|part| part.material.as_ref())
            .map(ToString::to_string),
        state: found
            .iter()
            .find(|part| part.component == *component)
            .map_or("declared", |part| match part.state {
                ComponentState::Examined => "examined",
                ComponentState::NotExamined => "not_examined",
                ComponentState::CannotBeDetermined => "cannot_be_determined",
            })
            .to_owned(),
    };
    declared
        .iter()
        .map(|part| row(&part.component, part.role.as_str()))
        .chain(
            found
                .iter()
                .filter(|part| !declared.iter().any(|known| known.component == part.component))
                .map(|part| row(&part.component, part.role.as_str())),
        )
        .collect()
}

/// The photos of a piece, from the event with this sequence number on.
pub fn photos(key: StreamKey, piece: &Piece, from_seq: i32) -> Vec<photos::Model> {
    piece
        .photos()
        .filter(|(recorded, _)| from_seq <= recorded.seq)
        .map(|(recorded, photo)| photos::Model {
            order_id: key.order_id.0,
            stream_id: key.stream_id.0,
            id: photo.photo_id.0,
            kind: photo.kind.to_string(),
            original_sha256: photo.original_sha256.clone(),
            shown_sha256: photo.shown_sha256.clone(),
            media_type: photo.media_type.to_string(),
            size_bytes: photo.size_bytes,
            added_at: recorded.at.as_microsecond(),
            small_sha256: photo.small_sha256.clone(),
            captured_at: photo.captured_at.as_ref().map(ToString::to_string),
            fingerprint: photo.fingerprint.map(|print| print.to_string()),
        })
        .collect()
}

/// The bands of the fingerprints of a piece's photos, from the event with this sequence number on.
pub fn photo_bands(key: StreamKey, piece: &Piece, from_seq: i32) -> Vec<photo_bands::Model> {
    piece
        .photos()
        .filter(|(recorded, _)| from_seq <= recorded.seq)
        .filter_map(|(_, photo)| Some((photo, photo.fingerprint?)))
        .flat_map(|(photo, fingerprint)| {
            fingerprint.bands().into_iter().map(move |band| photo_bands::Model {
                band,
                order_id: key.order_id.0,
                photo_id: photo.photo_id.0,
                stream_id: key.stream_id.0,
                fingerprint: fingerprint.0.cast_signed(),
            })
        })
        .collect()
}
