//! What a case that was decided makes owed, and whose fault it proves.

use jiff::{SignedDuration, Timestamp};

use super::{Consequences, Fees, Ground};
use crate::domain::cases::Case;
use crate::domain::conduct::IncidentKind;
use crate::domain::event::{CaseKind, Event};
use crate::domain::obligation::OwedRule;
use crate::rulebook::Rulebook;

/// The guarantee by which a merchant answers for a defect (180天质保), and for how long from the delivery.
pub(super) const WARRANTY: &str = "warranty_180d";
const WARRANTY_RUNS: SignedDuration = SignedDuration::from_hours(180 * 24);

impl Rulebook {
    /// What follows from a case as it was decided, for the piece that it is about: nothing of one that was dismissed.
    /// A re-test is paid for where its report contradicts the house, a defect where its guarantee was signed and ran
    /// (`obligations.csv`).
    pub fn consequences_of_case(&self, case: &Case, ground: &Ground, fees: &Fees) -> Consequences {
        let mut found = Consequences::default();
        let upheld = case.decided.as_ref().filter(|decided| decided.upheld);
        let Some(decided) = upheld.filter(|_| !ground.piece.opened().reference) else { return found };
        let by_case = |rule| self.owed_by_case(rule, ground, fees);
        match decided.kind {
            // The price too, unless it is owed already.
            CaseKind::Counterfeit => {
                found.arose.extend(self.refund(ground.placed, ground.piece.opened().line_no));
                found.arose.extend(by_case(OwedRule::CounterfeitCompensation));
                found.faults.extend(self.fault_by_case(IncidentKind::Counterfeit, ground));
            }
            CaseKind::Retest if contradicts(case) => found.arose.extend(by_case(OwedRule::RetestCost)),
            CaseKind::Warranty if is_warranted(case, ground) => found.arose.extend(by_case(OwedRule::Warranty)),
            CaseKind::Retest | CaseKind::Warranty => {} // The house was right, or nobody had promised.
            CaseKind::Parcel => {}                      // Somebody's parcel was found: nobody owes for it.
        }
        // Where the rulebook leaves the amount to the case, the two supervisors have set it.
        if let Some(amount) = decided.amount {
            for owed in found.arose.iter_mut().filter(|owed| owed.amount.is_none()) {
                owed.amount = Some(owed.at_most.map_or(amount, |most| amount.min(most)));
            }
        }
        found
    }
}

fn contradicts(case: &Case) -> bool {
    case.reported.as_ref().is_some_and(|(reported, _)| reported.contradicts)
}

/// Whether the guarantee was signed, and the case opened while it ran.
fn is_warranted(case: &Case, ground: &Ground) -> bool {
    let signed = ground.placed.guarantees.iter().any(|name| name.as_str() == WARRANTY);
    let delivered = ground.piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::Delivered(delivered) => Some(Timestamp::from_microsecond(delivered.delivered_at).unwrap_or(recorded.at)),
        _ => None, // No other event says when it was delivered.
    });
    signed && delivered.is_some_and(|at| case.opened_at.duration_since(at) <= WARRANTY_RUNS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::domain::event::*;
    use crate::domain::ids::StreamId;
    use crate::domain::piece::Piece;
    use crate::domain::quantity::Money;
    use crate::domain::route::Stage;
    use crate::domain::samples::*;

    const PRICE: i64 = 1_280_000;

    fn placed(guarantees: &[&str]) -> OrderPlaced {
        let (price, pricing) = (Money::parse(PRICE, "CNY").unwrap(), Pricing::Fixed);
        let line = PlacedLine { line_no: 1, sku: None, title: sealed(), price, pricing, custom_made: false };
        let guarantees: BTreeSet<_> = guarantees.iter().map(|text| name(text)).collect();
        OrderPlaced { lines: vec![line], guarantees, ..(*order(Ship::AsReady, &[]).placed).clone() }
    }

    /// A piece that was delivered at the beginning of all time.
    fn delivered() -> Piece {
        use EventKind as K;
        let mut piece = Piece::fold([recorded(1, CLERK, opened())]).unwrap();
        let wants = [K::Dispatched, K::Received, K::AppraisalOpened, K::AppraisalSubmitted];
        for kind in wants {
            let seq = piece.head() + 1;
            piece.apply(Arc::new(Recorded { seq, ..Recorded::clone(&samples(kind)[0]) })).unwrap();
        }
        let seq = piece.head();
        let settled = AppraisalSettled { appraisals: vec![seq], weight: weighing(WEIGHT), metal: false, looks: None };
        let read = ClaimsRead { transcript_id: Some(sealed().text_id), lexicon_version: name("1"), claims: Vec::new() };
        let ledger = LedgerProposed { claims_seq: seq + 2, rulebook_version: name("1"), entries: Vec::new() };
        let verdict = VerdictGiven {
            proposal_seq: seq + 3,
            verdict: crate::domain::ledger::Verdict::Pass,
            derived: crate::domain::ledger::Verdict::Pass,
            reason: None,
            rulebook_version: None,
        };
        let tail: Vec<Event> = vec![settled.into(), read.into(), ledger.into(), verdict.into()];
        let rest = [K::Tagged, K::Released, K::Shipped, K::Delivered].map(|kind| samples(kind)[0].clone());
        let rest = rest.into_iter().map(|sample| (CHIEF, sample.event.clone()));
        for (who, event) in tail.into_iter().map(|event| (BORIS, event)).chain(rest) {
            let seq = piece.head() + 1;
            piece.apply(Arc::new(recorded(seq, who, event))).unwrap();
        }
        assert_eq!(piece.stage(), Stage::Delivered);
        piece
    }

    /// A case of a kind, opened so many days after the delivery, and as it was decided.
    fn decided(kind: CaseKind, day: i64, report: bool, (upheld, amount): (bool, Option<i64>)) -> Case {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let by = |seq, event: Event| Recorded { at, ..recorded(seq, CHIEF, event) };
        let (laboratory_id, number, revokes, reason) = (None, None, false, sealed());
        let (piece, proposed_by) = (StreamId(1), witness(BORIS));
        Case::fold([
            by(1, CaseOpened { piece, kind, parcel_id: None, note: None }.into()),
            by(2, CaseReported { laboratory_id, number, contradicts: report, report: sealed() }.into()),
            by(3, CaseDecided { piece, kind, upheld, amount, revokes, reason, proposed_by }.into()),
        ])
        .unwrap()
    }

    #[test]
    fn a_case_owes_what_was_promised_and_no_more() {
        use OwedRule::*;
        let piece = delivered();
        let check = |case: Case, signed: &[&str], expected: &[(OwedRule, Option<i64>)]| {
            let placed = placed(signed);
            let stream_id = StreamId(1);
            let ground = Ground { piece: &piece, stream_id, placed: &placed, free_since: None, fills: true };
            let found = Rulebook::embedded().unwrap().consequences_of_case(&case, &ground, &Fees::new());
            let owed: Vec<_> = found.arose.iter().map(|owed| (owed.rule, owed.amount)).collect();
            assert_eq!(owed, expected, "{case:?}, {signed:?}");
            let proved = expected.iter().any(|(rule, _)| *rule == CounterfeitCompensation);
            assert_eq!(found.faults.len(), usize::from(proved));
        };
        let warranty = |day, amount| decided(CaseKind::Warranty, day, false, (true, amount));
        check(warranty(180, Some(70_000)), &[WARRANTY], &[(Warranty, Some(70_000))]);
        check(warranty(180, Some(PRICE + 1)), &[WARRANTY], &[(Warranty, Some(PRICE))]);
        check(warranty(180, None), &[WARRANTY], &[(Warranty, None)]);
        check(warranty(181, Some(70_000)), &[WARRANTY], &[]);
        check(warranty(1, Some(70_000)), &["return_7d"], &[]);
        let retest = |report, amount| decided(CaseKind::Retest, 400, report, (true, amount));
        check(retest(true, Some(60_000)), &[], &[(RetestCost, Some(60_000))]);
        check(retest(false, Some(60_000)), &[], &[]);
        // Nine times the price, as the sample's level says.
        let compensation = (CounterfeitCompensation, Some(9 * PRICE));
        let counterfeit = |upheld| decided(CaseKind::Counterfeit, 400, true, (upheld, None));
        check(counterfeit(true), &[], &[(RefundInFull, Some(PRICE)), compensation]);
        check(counterfeit(false), &[], &[]);
        check(decided(CaseKind::Parcel, 1, true, (true, None)), &[], &[]);
    }
}
