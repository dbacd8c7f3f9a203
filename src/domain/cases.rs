//! Cases (售后单): what is disputed from the delivery on has a journal of its own, linked to its piece. A case never
//! moves its piece: a closed piece stays what it was when it closed.

use jiff::{SignedDuration, Timestamp};

use super::actor::{By, Role, Witness};
use super::event::*;
use super::ids::{CertificateNo, LaboratoryId, ParcelId, StreamId};
use super::orders::Whole;
use super::refusal::{Fault, Refusal};
use super::route::Stage;
use super::text::{Name, Sealed};

/// A case, folded from its journal.
#[derive(Clone, Debug)]
pub struct Case {
    pub opened: CaseOpened,
    pub opened_at: Timestamp,
    /// The last report, and when it came.
    pub reported: Option<(CaseReported, Timestamp)>,
    /// What one supervisor would decide, and who, and when.
    pub proposed: Option<(CaseDecisionProposed, Option<Witness>, Timestamp)>,
    pub decided: Option<CaseDecided>,
    head: i32,
    /// The deadline that ran out last, by its kind and its event.
    passed: Vec<(String, i32)>,
    /// The event that the present wait counts from.
    since: (i32, Timestamp),
}

impl Case {
    /// Folds a journal; none where it does not begin as a case's, or an event has no place in one.
    pub fn fold(journal: impl IntoIterator<Item = Recorded>) -> Option<Self> {
        let mut journal = journal.into_iter();
        let first = journal.next()?;
        let mut case = Self::begin(&first)?;
        journal.try_for_each(|recorded| case.apply(&recorded))?;
        Some(case)
    }

    fn begin(first: &Recorded) -> Option<Self> {
        let Event::CaseOpened(opened) = &first.event else { return None };
        Some(Self {
            opened: opened.clone(),
            opened_at: first.at,
            reported: None,
            proposed: None,
            decided: None,
            head: 1,
            passed: Vec::new(),
            since: (1, first.at),
        })
    }

    /// Applies the next event; none where it does not follow.
    pub fn apply(&mut self, recorded: &Recorded) -> Option<()> {
        if recorded.seq != self.head + 1 || self.decided.is_some() {
            return None;
        }
        match &recorded.event {
            Event::CaseReported(reported) => {
                self.reported = Some((reported.clone(), recorded.at));
                // What was about to be decided was about to be decided without it.
                self.proposed = None;
                self.since = (recorded.seq, recorded.at);
            }
            Event::CaseDecisionProposed(proposed) => {
                let by = recorded.person.zip(recorded.key);
                let witness = by.map(|(person_id, key_id)| Witness { person_id, key_id });
                self.proposed = Some((proposed.clone(), witness, recorded.at));
            }
            Event::CaseDecided(decided) => self.decided = Some(decided.clone()),
            Event::DeadlinePassed(passed) => self.passed.push((passed.clock.as_str().to_owned(), recorded.seq)),
            _ => return None, // Nothing else happens to a case.
        }
        self.head = recorded.seq;
        Some(())
    }

    /// The length of its journal.
    pub fn head(&self) -> i32 {
        self.head
    }

    /// What `state` may answer.
    pub const STATES: [&str; 3] = ["open", "reported", "decided"];

    /// `open`, `reported` or `decided`.
    pub fn state(&self) -> &'static str {
        match (&self.decided, &self.reported) {
            (Some(_), _) => "decided",
            (None, Some(_)) => "reported",
            (None, None) => "open",
        }
    }

    /// Whether a report is owed before it can be decided. A parcel lies in the house: whoever wants to may look.
    pub fn owes_report(&self) -> bool {
        match self.opened.kind {
            CaseKind::Retest | CaseKind::Warranty | CaseKind::Counterfeit => self.reported.is_none(),
            CaseKind::Parcel => false,
        }
    }

    /// The wait that runs, since when: the name of its clock, and whether it is the report's.
    pub fn running(&self) -> Option<(&'static str, bool, Timestamp)> {
        if self.decided.is_some() {
            return None;
        }
        let owes = self.owes_report();
        let clock = if owes { REPORT } else { DECISION };
        let passed = self.passed.iter().any(|(kind, seq)| kind == clock && self.since.0 < *seq);
        (!passed).then_some((clock, owes, self.since.1))
    }
}

/// How long what one supervisor would decide may be confirmed (`journey.md`, "Two people").
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The clocks of a case (`deadlines.csv`).
pub const REPORT: &str = "case:report";
pub const DECISION: &str = "case:decision";

/// One thing asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseCommand {
    Open {
        piece: StreamId,
        kind: CaseKind,
        parcel_id: Option<ParcelId>,
        note: Option<Sealed>,
    },
    Report {
        case: StreamId,
        laboratory_id: Option<LaboratoryId>,
        number: Option<CertificateNo>,
        contradicts: bool,
        report: Sealed,
    },
    /// By the first of two supervisors, and the same by the second.
    Decide {
        case: StreamId,
        decision: Decision,
        reason: Sealed,
    },
    /// Its clock ran out.
    PassDeadline {
        case: StreamId,
    },
}

/// What two supervisors say alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub upheld: bool,
    /// What is owed by it, in minor units of the price's currency, where the rulebook leaves it to the case.
    pub amount: Option<i64>,
    /// Whether the capsule is withdrawn.
    pub revokes: bool,
}

impl CaseCommand {
    /// Its name in the log and in digests.
    pub fn as_str(&self) -> &'static str {
        match self {
            CaseCommand::Open { .. } => "case",
            CaseCommand::Report { .. } => "case-report",
            CaseCommand::Decide { .. } => "case-decision",
            CaseCommand::PassDeadline { .. } => "case-deadline",
        }
    }

    /// Who may ask it.
    pub fn roles(&self) -> &'static [Role] {
        match self {
            CaseCommand::Open { .. } => &[Role::Platform, Role::Supervisor, Role::Buyer, Role::Clerk],
            CaseCommand::Report { .. } => &[Role::Platform, Role::Supervisor],
            CaseCommand::Decide { .. } => &[Role::Supervisor],
            CaseCommand::PassDeadline { .. } => &[Role::Desk],
        }
    }
}

/// What a command makes of a case: one event of its stream.
pub fn decide_case(
    whole: &Whole,
    command: &CaseCommand,
    by: &By,
    now: Timestamp,
    due: impl Fn(bool, Timestamp) -> Option<Timestamp>,
) -> Result<(StreamId, Event), Refusal> {
    if !command.roles().contains(&by.role) {
        return Err(Refusal::NotYours { role: by.role, needs: command.roles() });
    }
    match command {
        CaseCommand::Open { piece, kind, parcel_id, note } => {
            may_open(whole, *piece, *kind)?;
            let opened = CaseOpened { piece: *piece, kind: *kind, parcel_id: *parcel_id, note: note.clone() };
            Ok((whole.next, opened.into()))
        }
        CaseCommand::Report { case: stream, laboratory_id, number, contradicts, report } => {
            open_case(whole, *stream)?;
            let reported = CaseReported {
                laboratory_id: laboratory_id.clone(),
                number: number.clone(),
                contradicts: *contradicts,
                report: report.clone(),
            };
            Ok((*stream, reported.into()))
        }
        CaseCommand::Decide { case: stream, decision, reason } => {
            let case = open_case(whole, *stream)?;
            if case.owes_report() {
                return Err(Refusal::NotNow("this case has no report yet: record it first"));
            }
            check_decision(case, decision)?;
            let Decision { upheld, amount, revokes } = decision.clone();
            let fresh = |at: &Timestamp| now.duration_since(*at) < OPEN_FOR;
            let first = case.proposed.as_ref().filter(|(_, _, at)| fresh(at));
            let Some((proposed, Some(witness), _)) = first else {
                return Ok((*stream, CaseDecisionProposed { upheld, amount, revokes, reason: reason.clone() }.into()));
            };
            if witness.person_id == by.person {
                return Err(Refusal::SecondPersonNeeded);
            }
            if (proposed.upheld, proposed.amount, proposed.revokes) != (upheld, amount, revokes) {
                return Err(Refusal::NotNow(
                    "another supervisor proposed another decision: decide the same, or wait until its hour is over",
                ));
            }
            let (piece, kind) = (case.opened.piece, case.opened.kind);
            let decided =
                CaseDecided { piece, kind, upheld, amount, revokes, reason: reason.clone(), proposed_by: *witness };
            Ok((*stream, decided.into()))
        }
        CaseCommand::PassDeadline { case: stream } => {
            let case = open_case(whole, *stream)?;
            let (clock, report, since) = case.running().ok_or(Refusal::NotDue)?;
            let due_at = due(report, since).filter(|due_at| *due_at <= now).ok_or(Refusal::NotDue)?;
            let clock =
                Name::parse(clock).map_err(|malformed| Refusal::Malformed(vec![Fault::malformed("", malformed)]))?;
            Ok((*stream, DeadlinePassed { clock, due_at: due_at.as_microsecond() }.into()))
        }
    }
}

fn open_case(whole: &Whole, stream: StreamId) -> Result<&Case, Refusal> {
    let case = whole.cases.iter().find(|(own, _)| *own == stream).map(|(_, case)| case);
    let case = case.ok_or(Refusal::Absent("case"))?;
    if case.decided.is_some() {
        return Err(Refusal::NotNow("this case is decided: what is new is a case of its own"));
    }
    Ok(case)
}

fn may_open(whole: &Whole, stream: StreamId, kind: CaseKind) -> Result<(), Refusal> {
    let piece = whole.pieces.iter().find(|(own, _)| *own == stream).map(|(_, piece)| piece);
    let piece = piece.ok_or(Refusal::Absent("piece"))?;
    let fits = match kind {
        CaseKind::Retest | CaseKind::Warranty | CaseKind::Counterfeit => piece.was_delivered(),
        CaseKind::Parcel => piece.stage() == Stage::Closed,
    };
    if !fits {
        return Err(Refusal::NotNow(match kind {
            CaseKind::Parcel => "this piece is not closed: book it in by its receipt",
            CaseKind::Retest | CaseKind::Warranty | CaseKind::Counterfeit => {
                "before a piece was delivered there is nothing to dispute: its own commands decide"
            }
        }));
    }
    let is_open = |case: &Case| case.decided.is_none() && (case.opened.piece, case.opened.kind) == (stream, kind);
    if kind != CaseKind::Parcel && whole.cases.iter().any(|(_, case)| is_open(case)) {
        return Err(Refusal::NotNow("a case of this kind is open for this piece: add what is new to it"));
    }
    Ok(())
}

fn check_decision(case: &Case, decision: &Decision) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if !decision.upheld && decision.revokes {
        faults.push(Fault::new("/revokes", "only a case that is upheld withdraws a certificate"));
    }
    if !decision.upheld && decision.amount.is_some() {
        faults.push(Fault::new("/amount", "by a case that is dismissed nothing is owed"));
    }
    if decision.upheld && case.opened.kind == CaseKind::Counterfeit && !decision.revokes {
        faults.push(Fault::new("/revokes", "the certificate of a proved counterfeit is withdrawn"));
    }
    if decision.amount.is_some_and(|amount| amount < 0) {
        faults.push(Fault::new("/amount", "an amount is zero or more, in minor units"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Incomplete(faults)) }
}
