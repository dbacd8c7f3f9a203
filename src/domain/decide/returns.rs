//! How a return to the merchant ends.

use super::super::command::ReturnEnd;
use super::super::event::{EventKind, Returned, Unclaimed};
use super::super::refusal::{Fault, Refusal};
use super::super::route::{Rejected, Why};
use super::Draft;

impl Draft<'_> {
    /// Only what a carrier took is delivered by one, and only what lies in the house is picked up there. A guard of
    /// today: journals of before replay.
    pub(super) fn close_return(&mut self, how: ReturnEnd) -> Result<(), Refusal> {
        let posted = self.standing().posted();
        match how {
            ReturnEnd::Delivered => {
                self.fits(&EventKind::Returned)?;
                if !posted {
                    let fault = "this return was not shipped: record its shipment first, or picked_up where the \
                                 merchant fetched it";
                    return Err(Refusal::Incomplete(vec![Fault::new("/how", fault)]));
                }
                self.offer(Returned { picked_up: false })
            }
            ReturnEnd::PickedUp => {
                self.fits(&EventKind::Returned)?;
                if posted {
                    return Err(Rejected { stage: self.stage(), kind: EventKind::Returned, why: Why::Posted }.into());
                }
                self.offer(Returned { picked_up: true })
            }
            // At the house's door or at the carrier's.
            ReturnEnd::Unclaimed => self.offer(Unclaimed {}),
        }
    }
}
