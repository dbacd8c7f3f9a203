//! What becomes of an obligation once it arose: a supervisor sets an amount that no table knew, and the platform says that
//! it has paid. Nothing is paid here.

use jiff::Timestamp;

use super::{Desk, Error, Receipt, Request, Seals};
use crate::domain::event::{ObligationAmountSet, ObligationSettled};
use crate::domain::ids::{ObligationId, OrderId};
use crate::domain::obligation::{Obligation, OwedState};
use crate::domain::quantity::MAX_INTEGER;
use crate::domain::refusal::{AccountFault, Fault, Refusal};
use crate::domain::text::Sealed;

impl Desk {
    /// The platform has settled it, at that time.
    pub async fn settle_obligation(
        &self,
        order_id: OrderId,
        id: ObligationId,
        settled_at: Timestamp,
        request: &Request,
    ) -> Result<Receipt, Error> {
        let now = request.now;
        self.in_order(order_id, id.0, Seals::default(), request, |own| {
            let one = own.account.find(id).ok_or(Refusal::Absent("obligation"))?;
            if one.amount.is_none() {
                return Err(Refusal::from(AccountFault::AmountMissing).into());
            }
            // Telling the same again changes nothing.
            if one.state == OwedState::Settled && one.settled_at == Some(settled_at.as_microsecond()) {
                return Ok(Vec::new());
            }
            is_owed(one)?;
            if now < settled_at || settled_at < one.at {
                let why = "it was settled between the time at which it arose and now";
                return Err(Refusal::Malformed(vec![Fault::new("/settled_at", why)]).into());
            }
            Ok(vec![ObligationSettled { id, settled_at: settled_at.as_microsecond() }.into()])
        })
        .await
    }

    /// A supervisor sets the amount of one that has none.
    pub async fn set_obligation_amount(
        &self,
        order_id: OrderId,
        id: ObligationId,
        (amount, reason): (i64, Sealed),
        seals: Seals,
        request: &Request,
    ) -> Result<Receipt, Error> {
        self.in_order(order_id, id.0, seals, request, |own| {
            let one = own.account.find(id).ok_or(Refusal::Absent("obligation"))?;
            is_owed(one)?;
            if one.arose.amount.is_some() {
                return Err(Refusal::from(AccountFault::AmountFixed).into());
            }
            let most = one.arose.at_most.unwrap_or(MAX_INTEGER);
            if !(0..=most).contains(&amount) {
                let why = format!("an amount is whole minor units, 0 to {most} here");
                return Err(Refusal::Malformed(vec![Fault::new("/amount", why)]).into());
            }
            Ok(vec![ObligationAmountSet { id, amount, reason }.into()])
        })
        .await
    }
}

fn is_owed(one: &Obligation) -> Result<(), Refusal> {
    match one.state {
        OwedState::Owed => Ok(()),
        state @ (OwedState::Settled | OwedState::Reversed) => {
            Err(AccountFault::NotOwed { state: state.as_str() }.into())
        }
    }
}
