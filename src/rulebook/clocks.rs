//! The waits that run for a piece, a line, an order or a case (`deadlines.csv`): which clock, since when, until when.
//! Told from the journals alone, and from the editions: what an edition promised is never taken back, only prolonged.
//!
//! `awaiting_buyer`, `failed` and the order's question count from the moment at which a channel has *accepted* the
//! notice: a clock that starts when a notice is only written would make silence consent.
//!
//! `cleared` in an order of several lines that ships together has no clock: there the piece rests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::editions::Files;
use super::{Unreadable, rows};
use crate::domain::deadline::{Clock, Deadline, OrderClock, Waiter, by_day, due, remind_at};
use crate::domain::event::{Event, OrderPlaced, Recorded, Resolution, Ship};
use crate::domain::notice::reminder;
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::domain::text::Name;
use crate::domain::transit;

impl Clock {
    /// The columns of the file that tell its row from the others of the stage: who is waited for, and since when.
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Clock::Dispatch => ("merchant", "paid_at; for a resubmission when it was opened"),
            Clock::InboundStalled | Clock::OutboundStalled => ("carrier", "last movement"),
            Clock::InboundLost => ("carrier", "dispatched"),
            Clock::Exception => ("supervisor", "found"),
            Clock::Opening | Clock::Appraisal | Clock::Review => ("inspector", "received"),
            Clock::BuyersChoice => ("buyer", "notice accepted"),
            Clock::Undetermined => ("supervisor", "verdict"),
            Clock::Appeal => ("merchant", "verdict notice accepted"),
            Clock::Quarantine => ("two supervisors", "held"),
            Clock::Tagging => ("clerk", "cleared"),
            Clock::Release => ("releaser", "tagged"),
            Clock::Shipment => ("clerk", "released"),
            Clock::OutboundLost => ("carrier", "shipped"),
            Clock::ReturnWindow => ("buyer", "delivered"),
            Clock::ReturnPosting => ("buyer", "return_opened while nothing is posted"),
            Clock::ReturnLost => ("carrier", "return_posted or refused"),
            Clock::ReturnIntake => ("clerk", "return_received"),
            Clock::Unclaimed => ("merchant", "return ready"),
            Clock::ReshipmentLost => ("carrier", "return_shipped"),
        }
    }

    /// Since which event it runs for this piece, which is in its stage, and since when; none if it does not.
    fn since(self, piece: &Piece, order: &OrderPlaced) -> Option<(i32, Timestamp)> {
        let stage_since = || Some((piece.since().seq, piece.since().at));
        match self {
            Clock::Dispatch => {
                let opened = piece.history().first()?.at;
                match piece.opened().follows {
                    Some(_) => Some((1, opened)),
                    // A time that no calendar holds was never taken in; the piece's own beginning is the next best.
                    None => Some((1, Timestamp::from_microsecond(order.paid_at).unwrap_or(opened))),
                }
            }
            Clock::InboundStalled | Clock::OutboundStalled => moved(piece),
            Clock::InboundLost => last(piece, |event| matches!(event, Event::Dispatched(_))),
            Clock::Exception => last(piece, |event| matches!(event, Event::IntakeExceptionFound(_))),
            Clock::Opening => last(piece, is_receipt),
            // Counted from receipt, and anew from what puts a piece back on the bench with nothing settled: otherwise
            // the clock would have run out before the work begins.
            Clock::Appraisal | Clock::Review => last(piece, |event| {
                is_receipt(event)
                    || matches!(
                        event,
                        Event::AppraisalReopened(_)
                            | Event::Appealed(_)
                            | Event::OutsideReportRecorded(_)
                            | Event::QuarantineLifted(_)
                    )
            }),
            Clock::BuyersChoice | Clock::Appeal => Some((piece.since().seq, piece.notice_accepted()?)),
            Clock::Tagging => match order.ship {
                Ship::Together if 1 < order.lines.len() => None,
                Ship::Together | Ship::AsReady => stage_since(),
            },
            Clock::Undetermined | Clock::Quarantine | Clock::Release | Clock::Shipment | Clock::Unclaimed => {
                stage_since()
            }
            Clock::OutboundLost => last(piece, |event| matches!(event, Event::Shipped(_))),
            // What is made to order cannot be returned for the asking, so nothing runs; the platform completes it.
            Clock::ReturnWindow if piece.opened().custom_made => None,
            // From the day on which it was handed over, not from the day on which that was reported.
            Clock::ReturnWindow => piece.history().iter().rev().find_map(|recorded| match &recorded.event {
                Event::Delivered(delivered) => {
                    Some((recorded.seq, Timestamp::from_microsecond(delivered.delivered_at).unwrap_or(recorded.at)))
                }
                _ => None, // No other event says when it was delivered.
            }),
            Clock::ReturnPosting if piece.standing().posted() => None,
            Clock::ReturnPosting => last(piece, |event| matches!(event, Event::ReturnOpened(_))),
            Clock::ReturnLost if !piece.standing().posted() => None,
            Clock::ReturnLost => last(piece, |event| matches!(event, Event::ReturnPosted(_) | Event::Refused(_))),
            Clock::ReturnIntake => stage_since(),
            Clock::ReshipmentLost if !piece.standing().posted() => None,
            Clock::ReshipmentLost => last(piece, |event| matches!(event, Event::ReturnShipped(_))),
        }
    }

    /// Whether it was noted since then that it ran out.
    fn has_passed(self, piece: &Piece, since: i32) -> bool {
        piece.history().iter().rev().take_while(|recorded| since < recorded.seq).any(|recorded| {
            match &recorded.event {
                Event::DeadlinePassed(passed) => passed.clock.as_str() == self.as_str(),
                _ => false, // Whatever else a clock does moves the stage, and the clock is gone with it.
            }
        })
    }

    /// Whether it was noted since then that it nears its end.
    fn has_neared(self, piece: &Piece, since: i32) -> bool {
        piece.history().iter().rev().take_while(|recorded| since < recorded.seq).any(|recorded| {
            match &recorded.event {
                Event::DeadlineNeared(neared) => neared.clock.as_str() == self.as_str(),
                _ => false, // Nothing else reminds anybody.
            }
        })
    }
}

/// When something of this sort happened last.
fn last(piece: &Piece, is: impl Fn(&Event) -> bool) -> Option<(i32, Timestamp)> {
    let found = piece.history().iter().rev().find(|recorded: &&std::sync::Arc<Recorded>| is(&recorded.event));
    found.map(|found| (found.seq, found.at))
}

/// The last movement of the leg on which a piece is: its waybill, given or corrected, or what the carrier has told since.
fn moved(piece: &Piece) -> Option<(i32, Timestamp)> {
    let leg = transit::current_leg(piece)?;
    let told = piece.history().iter().filter_map(|recorded| match &recorded.event {
        Event::CarrierMoved(moved) if moved.leg == leg.seq => {
            Some((recorded.seq, Timestamp::from_microsecond(moved.at).ok()?))
        }
        _ => None, // No other event tells of a movement.
    });
    told.chain([(leg.seq, leg.posted_at)]).max_by_key(|(_, at)| *at)
}

fn is_receipt(event: &Event) -> bool {
    match event {
        Event::Received(_) => true,
        Event::ExceptionResolved(resolved) => resolved.to == Resolution::Received,
        _ => false, // Nothing else books a piece in.
    }
}

#[derive(Deserialize)]
struct Row {
    stage: String,
    waits_for: String,
    hours: i64,
    counts_from: String,
}

/// A wait that is no piece's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Other {
    Resubmission,
    Rest,
    CaseReport,
    CaseDecision,
}

impl Other {
    const ALL: [Other; 4] = [Other::Resubmission, Other::Rest, Other::CaseReport, Other::CaseDecision];

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Other::Resubmission => ("line:resubmission", "merchant", "piece returning or lost before delivery"),
            Other::Rest => ("order:rest", "buyer", "notice accepted"),
            Other::CaseReport => ("case:report", "whoever owes it", "case opened"),
            Other::CaseDecision => ("case:decision", "two supervisors", "last report"),
        }
    }
}

/// What one edition says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hours {
    pieces: BTreeMap<Clock, i64>,
    others: BTreeMap<Other, i64>,
}

/// The hours of every clock, by this edition and those before it.
#[derive(Clone, Debug)]
pub struct Clocks {
    own: Hours,
    /// Editions of before, each with the day from which on it counted; oldest first.
    earlier: Vec<(Date, Hours)>,
    /// The day from which on this edition counts; none where its version is no day.
    from: Option<Date>,
}

impl Clocks {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let own = Self::parse(files.text("deadlines.csv")?)?;
        Ok(Self { own, earlier: Vec::new(), from: files.version().as_str().parse().ok() })
    }

    /// The same with the promises of the editions before it: what was promised by one of them is never taken back.
    pub fn promising<'a>(mut self, before: impl IntoIterator<Item = &'a Clocks>) -> Self {
        self.earlier = before.into_iter().filter_map(|clocks| Some((clocks.from?, clocks.own.clone()))).collect();
        self
    }

    /// The hours of a wait that began then: those of the edition that counted on that day, or more where the present one
    /// gives more.
    fn hours(&self, since: Timestamp, of: impl Fn(&Hours) -> Option<i64>) -> Option<i64> {
        let day = since.to_zoned(TimeZone::UTC).date();
        let own = of(&self.own);
        if self.from.is_none_or(|from| from <= day) {
            return own;
        }
        let promised = self.earlier.iter().rev().find(|(from, _)| *from <= day).or(self.earlier.first());
        own.max(promised.and_then(|(_, hours)| of(hours)))
    }

    fn parse(text: &str) -> Result<Hours, Unreadable> {
        let fail = |why| Unreadable { file: "deadlines.csv", why };
        let mut hours = BTreeMap::new();
        let mut others = BTreeMap::new();
        for row in rows::<Row>("deadlines.csv", text)? {
            let Some(stage) = Stage::parse(&row.stage) else {
                let columns = (row.stage.as_str(), row.waits_for.as_str(), row.counts_from.as_str());
                let Some(other) = Other::ALL.into_iter().find(|other| other.row() == columns) else {
                    return Err(fail(format!("{} is no stage", row.stage)));
                };
                if row.hours < 1 || others.insert(other, row.hours).is_some() {
                    return Err(fail(format!("{} stands twice, or has no hours", row.stage)));
                }
                continue;
            };
            let columns = (row.waits_for.as_str(), row.counts_from.as_str());
            let clock = Clock::ALL.iter().copied().find(|clock| clock.stage() == stage && clock.row() == columns);
            let Some(clock) = clock else {
                return Err(fail(format!("nothing counts {stage}, {}, {}", row.waits_for, row.counts_from)));
            };
            if row.hours < 1 || hours.insert(clock, row.hours).is_some() {
                return Err(fail(format!("{} stands twice, or has no hours", clock.as_str())));
            }
        }
        if let Some(other) = Other::ALL.into_iter().find(|other| !others.contains_key(other)) {
            return Err(fail(format!("{} is not there", other.row().0)));
        }
        match Clock::ALL.iter().find(|clock| !hours.contains_key(clock)) {
            Some(clock) => Err(fail(format!("{} is not there", clock.as_str()))),
            None => Ok(Hours { pieces: hours, others }),
        }
    }

    /// Until when the merchant had promised to send this piece, whatever its stage.
    pub fn dispatch_promised(&self, piece: &Piece, order: &OrderPlaced) -> Option<Timestamp> {
        let opened = piece.history().first()?.at;
        let since = match piece.opened().follows {
            Some(_) => opened,
            None => Timestamp::from_microsecond(order.paid_at).unwrap_or(opened),
        };
        let hours = self.hours(since, |hours| hours.pieces.get(&Clock::Dispatch).copied())?;
        Some(due(since, hours, Waiter::Merchant, &zone_of(Waiter::Merchant, order)))
    }

    /// The clocks that run for a piece. One that was noted to have run out does not run any more.
    pub fn deadlines(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        let stage = piece.stage();
        let running = Clock::ALL.iter().copied().filter(|clock| clock.stage() == stage);
        running
            .filter_map(|clock| {
                let (seq, since) = clock.since(piece, order)?;
                if clock.has_passed(piece, seq) {
                    return None;
                }
                let hours = self.hours(since, |hours| hours.pieces.get(&clock).copied())?;
                let zone = zone_of(clock.waiter(), order);
                let promised = due(since, hours, clock.waiter(), &zone);
                let moved = piece.moved(clock, seq).map(|to| by_day(to, &zone));
                let due_at = moved.map_or(promised, |moved| promised.max(moved));
                // An order may have been paid long before it was heard of.
                let known = since.max(piece.history().first()?.at);
                let remind_at = reminder(stage, clock.waiter()).and_then(|_| remind_at(known, due_at, &zone));
                Some(Deadline { clock, due_at, remind_at: remind_at.filter(|_| !clock.has_neared(piece, seq)) })
            })
            .collect()
    }

    /// Whether it is night where whoever this clock waits for lives: then nobody is reminded.
    pub fn is_night(&self, clock: Clock, order: &OrderPlaced, now: Timestamp) -> bool {
        by_day(now, &zone_of(clock.waiter(), order)) != now
    }

    /// When a wait of an order that began then is over. One that was moved is not over before then.
    pub fn due_for(
        &self,
        clock: OrderClock,
        since: Timestamp,
        moved: Option<Timestamp>,
        order: &OrderPlaced,
    ) -> Option<Timestamp> {
        let other = match clock {
            OrderClock::Resubmission { .. } => Other::Resubmission,
            OrderClock::Rest => Other::Rest,
        };
        let hours = self.hours(since, |hours| hours.others.get(&other).copied())?;
        let zone = zone_of(clock.waiter(), order);
        let promised = due(since, hours, clock.waiter(), &zone);
        Some(moved.map_or(promised, |moved| promised.max(by_day(moved, &zone))))
    }

    /// When a wait of a case that began then is over.
    pub fn due_of_case(&self, report: bool, since: Timestamp) -> Option<Timestamp> {
        let other = if report { Other::CaseReport } else { Other::CaseDecision };
        let hours = self.hours(since, |hours| hours.others.get(&other).copied())?;
        Some(due(since, hours, Waiter::House, &TimeZone::UTC))
    }
}

/// By whose day a wait runs.
fn zone_of(waiter: Waiter, order: &OrderPlaced) -> TimeZone {
    match waiter {
        Waiter::Buyer => zone(&order.buyer_timezone),
        Waiter::Merchant => zone(&order.merchant_timezone),
        Waiter::House | Waiter::Carrier => TimeZone::UTC,
    }
}

/// An order with a zone that does not exist is not taken in. One that ceased to exist since must not stop a rebuild.
fn zone(name: &Name) -> TimeZone {
    TimeZone::get(name.as_str()).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests;
