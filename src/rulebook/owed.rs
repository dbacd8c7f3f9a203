//! What is owed, by whom, to whom, and what a merchant did wrong (`obligations.csv`, `incidents.csv`): from a piece's
//! journal before and after a command to what arose with it and what fell away. Amounts are whole minor units.
//!
//! Each rule is a question about the journal, not about the last event, and is asked before and after. What is true only
//! after arose; what was true only before is reversed, unless it stays owed whatever comes. Rules that rest on a case
//! ([`Rulebook::consequences_of_case`]) are asked when it is decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::editions::Files;
use super::{Clock, Rulebook, Unreadable, rows, share};
use crate::domain::actor::Role;
use crate::domain::conduct::{IncidentKey, IncidentKind, Record};
use crate::domain::event::{Event, OrderPlaced, PlacedLine, Recorded};
use crate::domain::ids::StreamId;
use crate::domain::ledger::Verdict;
use crate::domain::obligation::{Account, Fee, OwedKey, OwedRule, Party};
use crate::domain::order::LineStatus;
use crate::domain::piece::Piece;
use crate::domain::quantity::{Currency, MAX_INTEGER, Money};
use crate::domain::route::Stage;
use crate::domain::text::Name;

mod by_case;

/// The fee table of a warehouse: minor units by fee and currency.
pub type Fees = BTreeMap<(Fee, String), i64>;

/// The guarantee by which a merchant pays for a buyer's return.
const RETURN_FREIGHT: &str = "return_freight";

/// What a merchant may sign beside the level of 假一赔N: seven days to send back (退货, by law for whatever is not made to
/// order), the freight of it (退货补运费), and 180 days against defects (180天质保).
pub const GUARANTEES: [&str; 3] = ["return_7d", RETURN_FREIGHT, by_case::WARRANTY];

/// Where an amount comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Base {
    /// The price paid.
    Price,
    /// The warehouse's fee table.
    Fee,
    /// A share of the price, within bounds of one currency.
    Share,
    /// The largest of the signed level and the statute's multiple, times the price, and the statute's least.
    Compensation,
    /// Set by a person.
    ByHand,
    /// The same, at most the price.
    ByHandUpToPrice,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    rule: OwedRule,
    debtor: Party,
    creditor: Party,
    base: Base,
    share_ppm: Option<i64>,
    times: Option<i64>,
    least: Option<i64>,
    most: Option<i64>,
    currency: Option<String>,
    fee: Option<Fee>,
    hours: Option<i64>,
    clause: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CountedBy {
    Order,
    Piece,
    /// The live session; where there is none, the order.
    Live,
}

#[derive(Clone, Debug, Deserialize)]
struct IncidentRow {
    kind: IncidentKind,
    /// A second one of the kind within so many days is a repetition.
    again_within_days: i64,
    /// The step that one alone leads to.
    leads_to: Option<i32>,
    counted_by: CountedBy,
    clause: Name,
}

/// The rows of both files.
#[derive(Clone, Debug)]
pub(super) struct Debts {
    rules: BTreeMap<OwedRule, Row>,
    incidents: BTreeMap<IncidentKind, IncidentRow>,
}

impl Debts {
    /// None in editions of before anything was owed.
    pub fn read(files: &Files) -> Result<Option<Self>, Unreadable> {
        let (Some(owed), Some(incidents)) = (files.optional("obligations.csv"), files.optional("incidents.csv")) else {
            return Ok(None);
        };
        let rules: BTreeMap<_, _> =
            rows::<Row>("obligations.csv", owed)?.into_iter().map(|row| (row.rule, row)).collect();
        let fail = |why: &str| Unreadable { file: "obligations.csv", why: why.to_owned() };
        for rule in OwedRule::ALL {
            let row = rules.get(rule).ok_or_else(|| fail(&format!("{rule} is not there")))?;
            let whole = match row.base {
                Base::Price | Base::ByHand | Base::ByHandUpToPrice => true,
                Base::Fee => row.fee.is_some(),
                Base::Share => {
                    row.share_ppm.is_some() && row.least.is_some() && row.most.is_some() && row.currency.is_some()
                }
                Base::Compensation => row.times.is_some() && row.least.is_some() && row.currency.is_some(),
            };
            if !whole {
                return Err(fail(&format!("{rule} lacks what its amount is made of")));
            }
        }
        let incidents: BTreeMap<_, _> =
            rows::<IncidentRow>("incidents.csv", incidents)?.into_iter().map(|row| (row.kind, row)).collect();
        if let Some(kind) = IncidentKind::ALL.iter().find(|kind| !incidents.contains_key(kind)) {
            return Err(Unreadable { file: "incidents.csv", why: format!("{kind} is not there") });
        }
        Ok(Some(Self { rules, incidents }))
    }
}

/// What is owed by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub rule: OwedRule,
    pub debtor: Party,
    pub creditor: Party,
    pub line_no: i32,
    pub stream_id: Option<StreamId>,
    pub amount: Option<i64>,
    pub at_most: Option<i64>,
    pub currency: Currency,
    pub clause: Name,
}

impl Owed {
    pub fn key(&self) -> OwedKey {
        (self.rule, self.line_no, self.stream_id)
    }
}

/// A fault that is certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: IncidentKind,
    pub line_no: i32,
    pub stream_id: StreamId,
    pub occasion: Option<Name>,
    pub clause: Name,
}

/// What follows from a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    pub arose: Vec<Owed>,
    pub reversed: Vec<OwedKey>,
    pub faults: Vec<Fault>,
    pub withdrawn: Vec<IncidentKey>,
}

impl Consequences {
    pub fn is_empty(&self) -> bool {
        self.arose.is_empty() && self.reversed.is_empty() && self.faults.is_empty() && self.withdrawn.is_empty()
    }

    /// What of it is news to an order: nothing arises that stands, and nothing is reversed that does not.
    pub fn news(mut self, account: &Account, record: &Record) -> Self {
        let owed = |key: &OwedKey| {
            account.stands(*key).is_some_and(|one| one.state == crate::domain::obligation::OwedState::Owed)
        };
        self.arose.retain(|owed| account.stands(owed.key()).is_none());
        self.reversed.retain(owed);
        self.faults.retain(|fault| record.stands((fault.kind, fault.stream_id)).is_none());
        self.withdrawn.retain(|key| record.stands(*key).is_some());
        self
    }
}

/// A piece with what its obligations rest on beside its journal.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub piece: &'a Piece,
    pub stream_id: StreamId,
    pub placed: &'a OrderPlaced,
    /// Since when no other line held the piece back, in an order that ships together.
    pub free_since: Option<Timestamp>,
    /// Whether it is this piece that fills its line, and no later one.
    pub fills: bool,
}

impl Rulebook {
    /// What arose and what fell away between a piece as it stood and as it stands. The fees are asked for only where
    /// something arose.
    pub fn consequences(&self, before: &Ground, after: &Ground, fees: &Fees) -> Consequences {
        let Some(debts) = &self.tables.debts else { return Consequences::default() };
        if after.piece.opened().reference {
            return Consequences::default(); // The house's own owes nobody.
        }
        let (was, is) = (self.due(debts, before), self.due(debts, after));
        let line = after.line();
        let faults = |ground: &Ground| self.faults(ground);
        let (had, has) = (faults(before), faults(after));
        Consequences {
            arose: is.difference(&was).filter_map(|rule| debts.owed(*rule, after, line?, fees)).collect(),
            reversed: was.difference(&is).filter(|rule| !STAYS.contains(*rule)).map(|rule| after.key(*rule)).collect(),
            faults: has.difference(&had).filter_map(|kind| debts.fault(*kind, after)).collect(),
            withdrawn: had.difference(&has).map(|kind| (*kind, after.stream_id)).collect(),
        }
    }

    /// The price of a line that ended without an event of its piece.
    pub fn refund(&self, placed: &OrderPlaced, line_no: i32) -> Option<Owed> {
        let line = placed.lines.iter().find(|line| line.line_no == line_no)?;
        self.tables.debts.as_ref()?.amount(OwedRule::RefundInFull, placed, line, None, &Fees::new())
    }

    /// What a case that was upheld makes owed by this rule, whatever its journal says; the case may set the amount.
    pub fn owed_by_case(&self, rule: OwedRule, ground: &Ground, fees: &Fees) -> Option<Owed> {
        self.tables.debts.as_ref()?.owed(rule, ground, ground.line()?, fees)
    }

    /// The fault that a case proved.
    pub fn fault_by_case(&self, kind: IncidentKind, ground: &Ground) -> Option<Fault> {
        self.tables.debts.as_ref()?.fault(kind, ground)
    }

    /// Within how many days an incident of a kind is a repetition, and the step that one alone leads to.
    pub(super) fn weight_of(&self, kind: IncidentKind) -> Option<(i64, Option<i32>)> {
        let row = self.tables.debts.as_ref()?.incidents.get(&kind)?;
        Some((row.again_within_days, row.leads_to))
    }

    /// The rules by which something is owed as the journal stands.
    fn due(&self, debts: &Debts, ground: &Ground) -> BTreeSet<OwedRule> {
        let piece = ground.piece;
        let happened = |what: fn(&Event) -> bool| piece.history().iter().any(|recorded| what(&recorded.event));
        let mut due = BTreeSet::new();
        let mut add = |rule, holds: bool| {
            if holds {
                due.insert(rule);
            }
        };
        add(OwedRule::RefundInFull, ground.fills && is_ended(piece.line_status()));
        let condemned = last_verdict(piece).is_some_and(|verdict| Verdict::NotAsDescribed <= verdict);
        add(OwedRule::InspectionFee, condemned);
        add(OwedRule::ReturnFreight, condemned);
        let appeal = after_appeal(piece);
        add(OwedRule::AppealFee, appeal.is_some_and(|verdict| Verdict::NotAsDescribed <= verdict));
        add(OwedRule::AppealFeeBack, appeal.is_some_and(|verdict| verdict < Verdict::NotAsDescribed));
        add(OwedRule::LateDispatch, self.is_late(ground));
        let hours = debts.rules.get(&OwedRule::LateRelease).and_then(|row| row.hours).unwrap_or(24);
        add(OwedRule::LateRelease, is_released_late(ground, SignedDuration::from_hours(hours)));
        add(OwedRule::CustodyDamage, happened(|event| matches!(event, Event::DamagedInCustody(_))));
        let (lost, last) = (lost_in(piece), &piece.last().event);
        let by_house = matches!(last, Event::LostInCustody(_));
        add(
            OwedRule::CustodyLoss,
            match lost {
                Some(Stage::Returning | Stage::ReturningToBuyer) | None => false,
                Some(Stage::Outbound) => true,
                Some(_) => by_house, // Before it came, or on its way from the buyer, it was not the house's to keep.
            },
        );
        add(OwedRule::LostReturning, lost == Some(Stage::Returning));
        add(OwedRule::LostToBuyer, lost == Some(Stage::ReturningToBuyer));
        let signed = ground.placed.guarantees.iter().any(|name| name.as_str() == RETURN_FREIGHT);
        let opened = happened(|event| matches!(event, Event::ReturnOpened(_)));
        let came_back = happened(|event| matches!(event, Event::SamePieceConfirmed(_)));
        let lost_coming = lost == Some(Stage::ReturnInbound) && posted_last(piece);
        add(OwedRule::BuyersFreight, signed && opened && (came_back || lost_coming));
        due
    }

    /// Dispatched later than the merchant had promised with the order.
    fn is_late(&self, ground: &Ground) -> bool {
        let sent = ground.piece.history().iter().find(|recorded| matches!(recorded.event, Event::Dispatched(_)));
        let promised = self.clocks.dispatch_promised(ground.piece, ground.placed);
        matches!((sent, promised), (Some(sent), Some(promised)) if promised < sent.at)
    }

    /// Nobody cancelled it: the time to send it ran out. What the buyer's silence about the rest cancels before that is
    /// nobody's fault.
    fn is_no_show(&self, ground: &Ground) -> bool {
        let by_clock = ground
            .piece
            .history()
            .iter()
            .find(|recorded| matches!(recorded.event, Event::Cancelled(_)) && recorded.role == Role::Desk);
        let promised = self.clocks.dispatch_promised(ground.piece, ground.placed);
        matches!((by_clock, promised), (Some(cancelled), Some(promised)) if promised <= cancelled.at)
    }

    /// What the merchant certainly did wrong, as the journal stands.
    fn faults(&self, ground: &Ground) -> BTreeSet<IncidentKind> {
        let piece = ground.piece;
        let happened = |what: fn(&Recorded) -> bool| piece.history().iter().any(|recorded| what(recorded));
        let verdict = last_verdict(piece);
        let mut faults = BTreeSet::new();
        let mut add = |kind, holds: bool| {
            if holds {
                faults.insert(kind);
            }
        };
        add(IncidentKind::Late, self.is_late(ground));
        add(IncidentKind::NoShow, self.is_no_show(ground));
        let lapsed = happened(|recorded| matches!(recorded.event, Event::AppealLapsed(_)));
        add(IncidentKind::MisDescribed, lapsed && verdict == Some(Verdict::NotAsDescribed));
        let upheld = happened(|recorded| matches!(recorded.event, Event::QuarantineUpheld(_)));
        add(IncidentKind::Counterfeit, upheld && verdict == Some(Verdict::SuspectedCounterfeit));
        add(IncidentKind::SpeechBreach, breaches_speech(piece));
        faults
    }
}

/// What stays owed whatever comes after it. A line that ended does not begin again; what was sent late stays late.
const STAYS: &[OwedRule] = &[
    OwedRule::RefundInFull,
    OwedRule::LateDispatch,
    OwedRule::LateRelease,
    OwedRule::CustodyDamage,
    OwedRule::CustodyLoss,
    OwedRule::LostReturning,
    OwedRule::LostToBuyer,
    OwedRule::BuyersFreight,
];

fn is_ended(status: LineStatus) -> bool {
    matches!(status, LineStatus::Failed | LineStatus::Cancelled)
}

/// The last verdict, whether it was voided since or not: until there is another, what it made owed stays. An override is
/// a verdict too.
fn last_verdict(piece: &Piece) -> Option<Verdict> {
    piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::VerdictGiven(given) => Some(given.verdict),
        Event::Overridden(_) => Some(Verdict::DisclosedDifference),
        _ => None, // No other event gives one.
    })
}

/// The last verdict since the merchant's appeal; none where there was no appeal, or it is not decided.
fn after_appeal(piece: &Piece) -> Option<Verdict> {
    let appealed = piece.history().iter().rposition(|recorded| matches!(recorded.event, Event::Appealed(_)))?;
    piece.history().iter().skip(appealed).rev().find_map(|recorded| match &recorded.event {
        Event::VerdictGiven(given) => Some(given.verdict),
        _ => None, // What a supervisor overrides was refused all the same.
    })
}

/// Released later than the house promises, counted from the clearance and not while other lines held it back; or not with
/// the carrier in time after its release, as its clock has told.
fn is_released_late(ground: &Ground, hours: SignedDuration) -> bool {
    let mut cleared: Option<Timestamp> = None;
    for recorded in ground.piece.history() {
        match &recorded.event {
            Event::VerdictGiven(_) | Event::DifferenceAccepted(_) => cleared = Some(recorded.at),
            Event::Released(_) => {
                let since = cleared.max(ground.free_since);
                if since.is_some_and(|since| since + hours < recorded.at) {
                    return true;
                }
            }
            // Released, and not with the carrier in time.
            Event::DeadlinePassed(passed) if passed.clock.as_str() == Clock::Shipment.as_str() => return true,
            _ => {} // The others neither clear nor release.
        }
    }
    false
}

/// The stage in which a piece was lost, where that was its end.
fn lost_in(piece: &Piece) -> Option<Stage> {
    if !matches!(piece.last().event, Event::Lost(_) | Event::LostInCustody(_)) {
        return None;
    }
    let (_, before) = piece.history().split_last()?;
    let mut history = before.iter().map(|recorded| Recorded::clone(recorded));
    Piece::fold(&mut history).ok().map(|before| before.stage())
}

/// Whether the buyer had posted the return that they opened last.
fn posted_last(piece: &Piece) -> bool {
    piece
        .history()
        .iter()
        .rev()
        .find_map(|recorded| match recorded.event {
            Event::ReturnPosted(_) => Some(true),
            Event::ReturnOpened(_) => Some(false),
            _ => None, // The others say nothing of it.
        })
        .unwrap_or(false)
}

/// Whether the ledger that the last verdict rests on holds a claim that breaches a rule of speech, and that was said.
fn breaches_speech(piece: &Piece) -> bool {
    let rests_on = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::VerdictGiven(given) => Some(given.proposal_seq),
        _ => None, // No other event gives a verdict by a ledger.
    });
    let Some(proposal) = rests_on else { return false };
    let Some(Event::LedgerProposed(ledger)) = piece.event(proposal).map(|recorded| &recorded.event) else {
        return false;
    };
    // The last word on a claim counts: one that was struck may be settled all the same.
    let mut struck = BTreeSet::new();
    for recorded in piece.history() {
        let Event::EntrySettled(entry) = &recorded.event else { continue };
        if entry.proposal_seq != proposal {
            continue;
        }
        if entry.finding.is_none() {
            struck.insert(&entry.claim_id);
        } else {
            struck.remove(&entry.claim_id);
        }
    }
    ledger.entries.iter().any(|entry| !entry.flags.is_empty() && !struck.contains(&entry.claim_id))
}

impl<'a> Ground<'a> {
    fn line(&self) -> Option<&'a PlacedLine> {
        let line_no = self.piece.opened().line_no;
        self.placed.lines.iter().find(|line| line.line_no == line_no)
    }

    fn key(&self, rule: OwedRule) -> OwedKey {
        let line_no = self.piece.opened().line_no;
        (rule, line_no, (rule != OwedRule::RefundInFull).then_some(self.stream_id))
    }
}

impl Debts {
    fn owed(&self, rule: OwedRule, ground: &Ground, line: &PlacedLine, fees: &Fees) -> Option<Owed> {
        let (_, _, stream_id) = ground.key(rule);
        self.amount(rule, ground.placed, line, stream_id, fees)
    }

    /// What a rule makes of a line. Nothing is owed of a price of nothing: a gift has no refund.
    fn amount(
        &self,
        rule: OwedRule,
        placed: &OrderPlaced,
        line: &PlacedLine,
        stream_id: Option<StreamId>,
        fees: &Fees,
    ) -> Option<Owed> {
        let row = self.rules.get(&rule)?;
        let price = &line.price;
        let of_price = !matches!(row.base, Base::Fee | Base::ByHand);
        if of_price && price.amount < 1 {
            return None;
        }
        let (amount, at_most) = match row.base {
            Base::Price => (Some(price.amount), None),
            Base::Fee => (fees.get(&(row.fee?, price.currency.as_str().to_owned())).copied(), None),
            Base::Share => (row.share_of(price), None),
            Base::Compensation => (row.compensation(price, placed.guarantee_level), None),
            Base::ByHand => (None, None),
            Base::ByHandUpToPrice => (None, Some(price.amount)),
        };
        Some(Owed {
            rule,
            debtor: row.debtor,
            creditor: row.creditor,
            line_no: line.line_no,
            stream_id,
            amount,
            at_most,
            currency: price.currency.clone(),
            clause: row.clause.clone(),
        })
    }

    fn fault(&self, kind: IncidentKind, ground: &Ground) -> Option<Fault> {
        let row = self.incidents.get(&kind)?;
        let order = || Name::parse(ground.placed.order_no.as_str()).ok();
        let occasion = match row.counted_by {
            CountedBy::Piece => None,
            CountedBy::Order => order(),
            CountedBy::Live => {
                ground.placed.live_id.as_ref().map_or_else(order, |live| Name::parse(live.as_str()).ok())
            }
        };
        Some(Fault {
            kind,
            line_no: ground.piece.opened().line_no,
            stream_id: ground.stream_id,
            occasion,
            clause: row.clause.clone(),
        })
    }
}

impl Row {
    fn is_its_currency(&self, price: &Money) -> bool {
        self.currency.as_deref() == Some(price.currency.as_str())
    }

    /// A share of the price, half a minor unit rounded up, within its bounds. In a currency that the file knows no
    /// bounds for it is a person's to set.
    fn share_of(&self, price: &Money) -> Option<i64> {
        let rounded = share(price.amount.checked_mul(2)?, self.share_ppm?)?.checked_add(1)? / 2;
        self.is_its_currency(price).then_some(rounded.clamp(self.least?, self.most?))
    }

    fn compensation(&self, price: &Money, level: i32) -> Option<i64> {
        let times = self.times?.max(i64::from(level));
        let sum = price.amount.checked_mul(times)?.max(self.least?);
        (self.is_its_currency(price) && sum <= MAX_INTEGER).then_some(sum)
    }
}

/// Events after which nothing is owed, or no longer owed, that was not before: most of them.
pub fn is_quiet(event: &Event) -> bool {
    matches!(
        event,
        Event::SegmentSet(_)
            | Event::WaybillCorrected(_)
            | Event::AppraisalOpened(_)
            | Event::AppraisalSubmitted(_)
            | Event::MeasurementRepeated(_)
            | Event::HandedOver(_)
            | Event::AppraisalSettled(_)
            | Event::ClaimsRead(_)
            | Event::LedgerProposed(_)
            | Event::EntrySettled(_)
            | Event::SpeechUnavailable(_)
            | Event::RepeatCalled(_)
            | Event::SecondLookCalled(_)
            | Event::Tagged(_)
            | Event::Untagged(_)
            | Event::Shipped(_)
            | Event::Corrected(_)
            | Event::NoteAdded(_)
            | Event::PhotoAdded(_)
            | Event::CertificateClashFound(_)
            | Event::SameArticleAnswered(_)
            | Event::CarrierMoved(_)
            | Event::CarrierExceptionFound(_)
            | Event::NoticeAccepted(_)
            | Event::DeadlineMoved(_)
            | Event::DeadlineNeared(_)
    )
}

#[cfg(test)]
mod tests;
