//! What somebody owes somebody after what happened (`obligations.csv`): never a payment, always a word on one. It arises,
//! is reversed, gets its amount and is settled by events of the order's own journal; the account is their fold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, ObligationArose, Recorded};
use super::ids::{ObligationId, StreamId};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// Who owes, or is owed.
    Party { Buyer "buyer" Merchant "merchant" Warehouse "warehouse" }
}

named! {
    /// Why it is owed: one for each row of `obligations.csv`.
    OwedRule {
        /// The price paid, once a line: the line failed or was cancelled, was refused at the door, came back, or was lost.
        RefundInFull "refund_in_full"
        /// A verdict of not as described, or worse, before delivery.
        InspectionFee "inspection_fee"
        /// The same verdict: the way back to the merchant.
        ReturnFreight "return_freight"
        /// 假一赔N: delivered and proved counterfeit, beside the price itself.
        CounterfeitCompensation "counterfeit_compensation"
        /// 退货补运费, where it is signed.
        BuyersFreight "buyers_freight"
        /// 复检费用报销: a re-test that the buyer asked for contradicts the house.
        RetestCost "retest_cost"
        /// An appeal that was refused.
        AppealFee "appeal_fee"
        /// An appeal that was upheld.
        AppealFeeBack "appeal_fee_back"
        /// Dispatched later than promised.
        LateDispatch "late_dispatch"
        /// Released, or handed to the carrier, later than the house promises.
        LateRelease "late_release"
        /// Lost in the house, or on its way to the buyer.
        CustodyLoss "custody_loss"
        /// Damaged in the house.
        CustodyDamage "custody_damage"
        /// Lost on its way back to the merchant.
        LostReturning "lost_returning"
        /// Lost on its way to the buyer again, after another piece had come back.
        LostToBuyer "lost_to_buyer"
        /// 180天质保, where it is signed.
        Warranty "warranty"
    }
}

named! {
    /// What a warehouse's fee table may hold. A fee that it does not hold is owed without an amount, until a supervisor
    /// sets one.
    Fee {
        Inspection "inspection"
        ReturnFreight "return_freight"
        Appeal "appeal"
        /// What a buyer is paid for sending a piece back, at the most.
        BuyersFreight "buyers_freight"
    }
}

named! {
    /// What became of it.
    OwedState { Owed "owed" Settled "settled" Reversed "reversed" }
}

/// What makes two obligations the same one: nothing arises twice while it stands.
pub type OwedKey = (OwedRule, i32, Option<StreamId>);

impl ObligationArose {
    pub fn key(&self) -> OwedKey {
        (self.rule, self.line_no, self.stream_id)
    }
}

/// One obligation, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Obligation {
    /// The place of `obligation_arose` in the order's journal.
    pub seq: i32,
    pub at: Timestamp,
    pub arose: ObligationArose,
    /// In minor units; none until a supervisor sets it.
    pub amount: Option<i64>,
    pub state: OwedState,
    /// When it was settled, in microseconds since the Unix epoch, as the platform told.
    pub settled_at: Option<i64>,
    /// The place of the last event on it.
    pub last_seq: i32,
}

/// An event that names an obligation which is not there, or no longer owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} is about something that is not owed, or no longer so")]
pub struct Unfounded {
    pub seq: i32,
}

/// What is owed on one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    obligations: Vec<Obligation>,
}

impl Account {
    /// Takes the next event of the order's journal; those of other matters change nothing.
    ///
    /// # Errors
    ///
    /// Where it is about what is not owed, or arises a second time: no desk has written that.
    pub fn follow(&mut self, recorded: &Recorded) -> Result<(), Unfounded> {
        let seq = recorded.seq;
        let unfounded = Unfounded { seq };
        match &recorded.event {
            Event::ObligationArose(arose) => {
                if self.stands(arose.key()).is_some() || self.find(arose.id).is_some() {
                    return Err(unfounded);
                }
                self.obligations.push(Obligation {
                    seq,
                    at: recorded.at,
                    amount: arose.amount,
                    arose: arose.clone(),
                    state: OwedState::Owed,
                    settled_at: None,
                    last_seq: seq,
                });
            }
            Event::ObligationReversed(reversed) => {
                let one = self.owed(reversed.id).ok_or(unfounded)?;
                one.state = OwedState::Reversed;
                one.last_seq = seq;
            }
            Event::ObligationAmountSet(set) => {
                let one = self.owed(set.id).ok_or(unfounded)?;
                one.amount = Some(set.amount);
                one.last_seq = seq;
            }
            Event::ObligationSettled(settled) => {
                let one = self.owed(settled.id).ok_or(unfounded)?;
                one.state = OwedState::Settled;
                one.settled_at = Some(settled.settled_at);
                one.last_seq = seq;
            }
            _ => {} // The order's other events owe nobody anything.
        }
        Ok(())
    }

    fn owed(&mut self, id: ObligationId) -> Option<&mut Obligation> {
        self.obligations.iter_mut().find(|one| one.arose.id == id && one.state == OwedState::Owed)
    }

    /// All of them, in the order in which they arose.
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    pub fn find(&self, id: ObligationId) -> Option<&Obligation> {
        self.obligations.iter().find(|one| one.arose.id == id)
    }

    /// The one of this key that arose and was not reversed: owed, or settled.
    pub fn stands(&self, key: OwedKey) -> Option<&Obligation> {
        self.obligations.iter().find(|one| one.arose.key() == key && one.state != OwedState::Reversed)
    }

    /// How often one of this key arose.
    pub fn times(&self, key: OwedKey) -> usize {
        self.obligations.iter().filter(|one| one.arose.key() == key).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ObligationAmountSet, ObligationReversed, ObligationSettled};
    use crate::domain::ids::ObligationId;
    use crate::domain::quantity::Currency;
    use crate::domain::samples::{name, recorded, sealed};
    use uuid::Uuid;

    fn id(number: u128) -> ObligationId {
        ObligationId(Uuid::from_u128(number))
    }

    fn arose(number: u128, line_no: i32, amount: Option<i64>) -> Event {
        let (debtor, creditor) = (Party::Merchant, Party::Buyer);
        let rule = OwedRule::RefundInFull;
        let currency = Currency::parse("CNY").unwrap();
        let (clause, rulebook_version) = (name("Consumer Law"), name("1"));
        ObligationArose {
            id: id(number),
            rule,
            debtor,
            creditor,
            line_no,
            stream_id: None,
            amount,
            at_most: None,
            currency,
            clause,
            cause: None,
            rulebook_version,
        }
        .into()
    }

    fn account(events: Vec<Event>) -> Result<Account, Unfounded> {
        let mut account = Account::default();
        for (seq, event) in (2..).zip(events) {
            account.follow(&recorded(seq, 1, event))?;
        }
        Ok(account)
    }

    #[test]
    fn what_arose_is_owed_until_it_is_settled_or_reversed() {
        let settled: Event = ObligationSettled { id: id(1), settled_at: 7 }.into();
        let reversed: Event = ObligationReversed { id: id(1), cause: None }.into();
        let set: Event = ObligationAmountSet { id: id(1), amount: 500, reason: sealed() }.into();
        let state = |events: Vec<Event>| account(events).unwrap().find(id(1)).unwrap().clone();
        assert_eq!(state(vec![arose(1, 1, Some(9))]).state, OwedState::Owed);
        let done = state(vec![arose(1, 1, None), set, settled.clone()]);
        assert_eq!((done.state, done.amount, done.settled_at), (OwedState::Settled, Some(500), Some(7)));
        let gone = account(vec![arose(1, 1, Some(9)), reversed.clone()]).unwrap();
        assert_eq!(gone.stands((OwedRule::RefundInFull, 1, None)), None);
        // It may arise anew, under another id.
        assert!(account(vec![arose(1, 1, Some(9)), reversed.clone(), arose(2, 1, Some(9))]).is_ok());
    }

    #[test]
    fn an_event_about_what_is_not_owed_does_not_follow() {
        let settled: Event = ObligationSettled { id: id(1), settled_at: 7 }.into();
        let reversed: Event = ObligationReversed { id: id(1), cause: None }.into();
        let check = |events: Vec<Event>, seq| assert_eq!(account(events), Err(Unfounded { seq }));
        check(vec![settled.clone()], 2);
        check(vec![arose(1, 1, None), arose(2, 1, None)], 3);
        check(vec![arose(1, 1, None), arose(1, 2, None)], 3);
        check(vec![arose(1, 1, None), settled.clone(), settled.clone()], 4);
        check(vec![arose(1, 1, None), reversed, settled], 4);
    }
}
