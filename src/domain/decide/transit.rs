//! What becomes of a parcel with its carrier: on a supervisor's word, or on the carrier's own.

use jiff::Timestamp;

use super::super::event::{DeliveredBack, Event, EventKind, Lost, Refused, TurnedBack};
use super::super::refusal::Refusal;
use super::super::route::{Rejected, Stage, Why};
use super::super::text::Sealed;
use super::super::transit::{self, Told, TransitWord};
use super::Draft;

impl Draft<'_> {
    pub(super) fn transit(&mut self, what: TransitWord, note: Option<Sealed>) -> Result<(), Refusal> {
        let returns = matches!(self.stage(), Stage::ReturnInbound | Stage::Returning | Stage::ReturningToBuyer);
        let event: Event = match what {
            TransitWord::Lost => Lost { note }.into(),
            TransitWord::TurnedBack => TurnedBack { note }.into(),
            TransitWord::Refused => Refused { note }.into(),
            TransitWord::DeliveredBack => DeliveredBack {}.into(),
        };
        // What no carrier has cannot be lost by one, nor handed over: in the house that is custody's.
        if returns && !self.standing().posted() {
            return Err(self.wrong_stage(event.kind()));
        }
        self.offer(event)
    }

    /// A word that says nothing new is refused like one that comes too late: nothing is written for it.
    pub(super) fn hear_carrier(&mut self, leg: i32, told: Told, at: Timestamp) -> Result<(), Refusal> {
        let stage = self.stage();
        let nothing = || Refusal::from(Rejected { stage, kind: EventKind::CarrierMoved, why: Why::NotHere });
        let leg = transit::legs(&self.piece).into_iter().find(|known| known.seq == leg).ok_or_else(nothing)?;
        let events = transit::follows(&self.piece, &leg, told, at, self.now);
        if events.is_empty() {
            return Err(nothing());
        }
        events.into_iter().try_for_each(|event| self.offer(event))
    }
}
