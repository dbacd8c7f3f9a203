//! The rulebook (规则集): rule data in dated, embedded files, and the comparison of a claim with what was measured. It
//! knows `domain` and nothing else.
//!
//! [`Library::embedded`] reads every edition once, when the program starts; what is wrong in a file is said there, by
//! file and line, and nothing can go wrong later. A change of any number is a new folder with a new date: an old verdict
//! is recomputed by its own edition, and a new edition can be tried on history first ([`retried`]).
//!
//! Reading order: `editions` are the files, `names` reads the words of the trade, `case` puts what is compared side by
//! side, `findings`, `weights`, `sizes` and `identify` compare, `severity` says what a difference is worth, `reasons`
//! says why, `speech` flags, `history` asks an edition again, `clocks` counts the waits, `required` says what photos and
//! tests a step takes, `owed` who owes whom after it, `ladder` where a merchant's faults lead.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::domain::appraisal::{Appraisal, ComponentResult};
use crate::domain::command::{Asked, Reading, Rules, Step};
use crate::domain::deadline::{Deadline, OrderClock};
use crate::domain::event::OrderPlaced;
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Asks, Bound, Claim, Finding, ProposedEntry, Verdict, least_verdict_of};
use crate::domain::looks::{Around, Because, Limits, Matter};
use crate::domain::piece::Piece;
use crate::domain::text::Name;

mod case;
mod claims;
mod clocks;
mod editions;
mod findings;
mod fineness;
mod history;
mod identify;
mod kinship;
mod ladder;
mod limits;
mod looks;
mod names;
mod owed;
mod reasons;
mod required;
mod severity;
mod sizes;
mod speech;
#[cfg(test)]
mod testing;
mod weights;

pub use crate::domain::deadline::Clock;
pub use case::{Compared, Quantity};
pub use editions::Files;
pub use history::{LooksDiffer, Retried, Unknown, asked_again, retried};
pub use identify::{Gravity, hydrostatic};
pub use ladder::{Counted, Rung};
pub use owed::{Consequences, Fault, Fees, GUARANTEES, Ground, Owed, is_quiet};
pub use reasons::{Arg, Language, Reason, Rule, Why};
pub use weights::carats_stated_in_china;

use case::{Case, Found};
use clocks::Clocks;
use names::Names;
use reasons::Words;
use required::Required;
use severity::{Difference, Severity};

/// From this fineness on a metal's name, 足金 or 足银, has no upper end: below it, the name says the grade itself
/// (GB 11887).
const PURE_PPM: i64 = 990_000;

/// The claims of a listing are read by no lexicon.
const NO_LEXICON: &str = "none";

/// What is wrong in a file of a rulebook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rulebook, {file}: {why}")]
pub struct Unreadable {
    pub file: &'static str,
    pub why: String,
}

/// The rule data of one edition, read.
#[derive(Clone, Debug)]
struct Tables {
    names: Names,
    weights: weights::Weights,
    sizes: sizes::Sizes,
    grades: sizes::Grades,
    materials: identify::Materials,
    fineness: Vec<fineness::Grade>,
    limits: limits::Limits,
    speech: speech::Speech,
    /// None in editions of before two persons were asked for.
    looks: Option<looks::Looks>,
    /// None in editions of before anything was owed.
    debts: Option<owed::Debts>,
    /// None in editions of before conduct was kept.
    ladder: Option<ladder::Ladder>,
    /// None in the edition of before there were any: its proposals asked for nothing of their own.
    severity: Option<Severity>,
}

/// One edition of the rules. It is read once and shared.
#[derive(Clone, Debug)]
pub struct Rulebook {
    version: Name,
    lexicon: Name,
    tables: Arc<Tables>,
    words: Arc<Words>,
    clocks: Clocks,
    required: Required,
}

/// What the rulebook proposes for one claim, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What is stored.
    pub entry: ProposedEntry,
    pub reason: Reason,
    /// The numbers that were compared, where it was by numbers.
    pub compared: Option<Compared>,
    /// The measurement lies at its limit: it is to be repeated before a verdict.
    pub repeat: bool,
}

impl Rulebook {
    /// The newest edition that this program carries.
    pub fn embedded() -> Result<Self, Unreadable> {
        Ok(Library::embedded()?.newest)
    }

    /// The same with the deadlines that editions before it have promised.
    fn promising(mut self, before: &[Rulebook]) -> Self {
        self.clocks = self.clocks.promising(before.iter().map(|edition| &edition.clocks));
        self
    }

    /// Reads an edition. One of before there were reasons speaks with those of `newest`.
    pub fn read(files: &Files, newest: &Files) -> Result<Self, Unreadable> {
        let tables = Tables {
            names: Names::read(files)?,
            weights: weights::Weights::read(files)?,
            sizes: sizes::Sizes::read(files)?,
            grades: sizes::Grades::read(files)?,
            materials: identify::Materials::read(files)?,
            fineness: fineness::read(files)?,
            limits: limits::Limits::read(files)?,
            speech: speech::Speech::read(files)?,
            looks: looks::Looks::read(files)?,
            debts: owed::Debts::read(files)?,
            ladder: ladder::Ladder::read(files)?,
            severity: Severity::read(files)?,
        };
        Ok(Self {
            version: files.version().clone(),
            lexicon: Name::parse(NO_LEXICON)
                .map_err(|error| Unreadable { file: "the program", why: error.to_string() })?,
            tables: Arc::new(tables),
            words: Arc::new(Words::read(files, newest)?),
            clocks: Clocks::read(files)?,
            required: Required::read(files, newest)?,
        })
    }

    /// How long an original photo is kept after its piece was closed.
    pub fn originals_kept(&self) -> jiff::SignedDuration {
        self.required.originals_kept()
    }

    /// The waits that run for a piece as it stands, from its journal alone: told anew they are the same, so the rows of
    /// deadlines can be rebuilt. One that is over already is given too; it fires at once.
    pub fn deadlines(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        self.clocks.deadlines(piece, order)
    }

    /// Whether it is night where whoever this clock waits for lives: then nobody is reminded.
    pub fn is_night(&self, clock: Clock, order: &OrderPlaced, now: Timestamp) -> bool {
        self.clocks.is_night(clock, order, now)
    }

    /// When a wait of an order that began then is over; not before it was moved to.
    pub fn due_for(
        &self,
        clock: OrderClock,
        since: Timestamp,
        moved: Option<Timestamp>,
        order: &OrderPlaced,
    ) -> Option<Timestamp> {
        self.clocks.due_for(clock, since, moved, order)
    }

    /// When a case that was opened then must have its report, or one that has it, its decision.
    pub fn due_of_case(&self, report: bool, since: Timestamp) -> Option<Timestamp> {
        self.clocks.due_of_case(report, since)
    }

    /// What is proposed for each claim, in their order, with the numbers that were compared and the reason. Pure: asked
    /// again of the same piece, the same edition says the same, so that a ledger that was settled long ago can still be
    /// explained. Where several persons' appraisals are settled, the graver of what follows from each stands.
    pub fn assess(
        &self,
        piece: &Piece,
        order: &OrderPlaced,
        claims: &[Claim],
        appraisal: &Appraisal,
    ) -> Vec<Assessment> {
        let case = |appraisal| Case { tables: &self.tables, piece, order, claims, appraisal };
        let own = case(appraisal);
        let settled = piece.settled_all();
        let beside: Vec<Case> = settled.iter().rev().skip(1).map(|(_, other)| case(other)).collect();
        let assess = |claim| {
            let own = self.assess_one(&own, claim);
            beside.iter().map(|other| self.assess_one(other, claim)).fold(own, graver)
        };
        claims.iter().map(assess).collect()
    }

    fn assess_one<'a>(&self, case: &Case<'a>, claim: &'a Claim) -> Assessment {
        let found = case.finding(claim);
        let (main, essential) = (case.is_main(claim), case.is_essential(claim));
        let severity = self.tables.severity.as_ref();
        let asks = severity.map(|severity| asks(severity, &found, main, essential));
        // The edition of before kept neither rule nor flags.
        let kept = severity.is_some();
        let rule = self.words.rule_of(found.reason.why).filter(|_| kept).map(|rule| rule.rule.clone());
        let flags = case.flags(claim, &found).into_iter().filter(|_| kept);
        let entry = ProposedEntry {
            claim_id: claim.claim_id.clone(),
            finding: found.finding,
            main,
            essential,
            asks,
            rule,
            flags: flags.filter_map(|flag| Name::parse(&flag).ok()).collect(),
        };
        Assessment { entry, reason: found.reason, compared: found.compared, repeat: found.repeat }
    }

    /// A reason as one sentence that names its clause.
    pub fn sentence(&self, reason: &Reason, language: Language) -> String {
        self.words.sentence(reason, language)
    }

    /// A rule by its name, as entries and flags store it: its clause and source.
    pub fn rule(&self, name: &Name) -> Option<&Rule> {
        self.words.rule(name.as_str())
    }

    /// The rules of speech that words breach by themselves, whatever they are said of: for the words of a claim that
    /// the normalised value does not keep, such as 千足金.
    pub fn breaches(&self, words: &str) -> Vec<&Rule> {
        self.tables.speech.breaches(words).into_iter().filter_map(|rule| self.words.rule(rule)).collect()
    }
}

/// The one that asks for more, or of equals the graver finding; else the first.
fn graver(one: Assessment, other: Assessment) -> Assessment {
    let asks = |assessment: &Assessment| assessment.entry.asked(assessment.entry.finding);
    let is_graver = match asks(&one).cmp(&asks(&other)) {
        Ordering::Less => true,
        Ordering::Equal => one.entry.finding.milder_than(other.entry.finding),
        Ordering::Greater => false,
    };
    if is_graver { other } else { one }
}

/// What a claim asks for, as it is proposed and if a person finds it contradicted.
fn asks(severity: &Severity, found: &Found, main: bool, essential: bool) -> Asks {
    let contradicted = severity.verdict(found.difference.unwrap_or(Difference::Other));
    let proposed = match found.finding {
        Finding::Contradicted => contradicted,
        Finding::NotTested if found.undetermined => Verdict::Undetermined,
        Finding::Confirmed | Finding::NotTestable | Finding::NotTested | Finding::Promise => {
            least_verdict_of(found.finding, main, essential)
        }
    };
    Asks { proposed, contradicted }
}

fn no_rulebook() -> Unreadable {
    Unreadable { file: "the program", why: "it carries no rulebook".into() }
}

/// Every edition that this program carries.
#[derive(Clone, Debug)]
pub struct Library {
    /// Oldest first; never empty.
    editions: Vec<Rulebook>,
    newest: Rulebook,
}

impl Library {
    pub fn embedded() -> Result<Self, Unreadable> {
        let files = Files::embedded()?;
        let last = files.last().ok_or_else(no_rulebook)?;
        let mut editions: Vec<Rulebook> = Vec::new();
        for one in &files {
            let edition = Rulebook::read(one, last)?.promising(&editions);
            editions.push(edition);
        }
        let newest = editions.last().ok_or_else(no_rulebook)?.clone();
        Ok(Self { editions, newest })
    }

    /// A rulebook from elsewhere, read with the sentences of the newest where it has none of its own.
    pub fn given(files: &Files) -> Result<Rulebook, Unreadable> {
        let own = Files::embedded()?;
        Rulebook::read(files, own.last().unwrap_or(files))
    }

    /// The edition that proposes today.
    pub fn newest(&self) -> &Rulebook {
        &self.newest
    }

    /// An edition by its version.
    pub fn edition(&self, version: &Name) -> Option<&Rulebook> {
        self.editions.iter().find(|edition| edition.version == *version)
    }
}

impl Rules for Rulebook {
    fn read_claims(&self, piece: &Piece) -> Reading {
        let declared = &piece.opened().declared;
        let mut claims = claims::listed(declared, &self.tables.names);
        // What the listing says of a paper, and what each inspector saw of it: a second look that leaves it out takes
        // nothing back.
        let mut presented: Vec<_> = declared.presented_certificate.iter().collect();
        for seen in
            piece.settled_all().into_iter().filter_map(|(_, appraisal)| appraisal.presented_certificate.as_ref())
        {
            if !presented.contains(&seen) {
                presented.push(seen);
            }
        }
        claims.extend(claims::printed(&presented, declared, claims.len()));
        Reading { transcript_id: None, lexicon_version: self.lexicon.clone(), claims }
    }

    fn propose(
        &self,
        piece: &Piece,
        order: &OrderPlaced,
        claims: &[Claim],
        appraisal: &Appraisal,
    ) -> Vec<ProposedEntry> {
        self.assess(piece, order, claims, appraisal).into_iter().map(|assessment| assessment.entry).collect()
    }

    fn version(&self) -> Name {
        self.version.clone()
    }

    /// A rulebook alone knows no draw, and where there is none two look at everything. The desk knows.
    fn asked(&self, piece: &Piece, _: &OrderPlaced) -> Asked {
        Rulebook::asked(self, piece, &Around::default())
    }

    fn asked_after(&self, outcome: Verdict, guard: bool) -> BTreeSet<Because> {
        Rulebook::asked_after(self, outcome, guard)
    }

    fn disputes(&self, _: &Piece, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
        Rulebook::disputes(self, one, other)
    }

    fn limits(&self, piece: &Piece, order: &OrderPlaced, claims: &[Claim], appraisal: &Appraisal) -> Limits {
        Rulebook::limits(self, piece, order, claims, appraisal)
    }

    fn running(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        self.deadlines(piece, order)
    }

    fn photos_needed(&self, piece: &Piece, step: Step) -> BTreeSet<Name> {
        self.required.photos(&self.tables.names, piece, step)
    }

    fn tests_lacking(&self, piece: &Piece, found: &ComponentResult) -> Option<String> {
        self.required.tests_lacking(&self.tables.names, piece, found)
    }
}

/// So many parts per million of a quantity, cut down to whole units. Nothing that fits an event overflows it.
fn share(of: i64, ppm: i64) -> Option<i64> {
    i64::try_from(i128::from(of) * i128::from(ppm) / 1_000_000).ok()
}

/// What a measurement may be for a claim to hold, both ends included. None where a range has no upper end.
fn span(
    bound: Bound,
    value: i64,
    upper: Option<i64>,
    allowance: i64,
    about_ppm: Option<i64>,
) -> Option<RangeInclusive<i64>> {
    let (low, high) = (value.saturating_sub(allowance), value.saturating_add(allowance));
    Some(match bound {
        Bound::Exactly => low..=high,
        Bound::About => {
            let about = about_ppm.and_then(|ppm| share(value, ppm)).unwrap_or(0).max(allowance);
            value.saturating_sub(about)..=value.saturating_add(about)
        }
        Bound::AtLeast => low..=i64::MAX,
        Bound::AtMost => 0..=high,
        Bound::Range => low..=upper?.saturating_add(allowance),
    })
}

/// Reads the rows of an embedded file. A row that does not fit is an error of its file, never skipped.
fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, Unreadable> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| Unreadable { file, why: error.to_string() })
}

/// The parts of a cell that holds several values.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_editions_load_and_say_their_version() {
        let library = Library::embedded().unwrap();
        assert_eq!(library.newest().version().as_str(), "2026-11-25");
        assert_eq!(Rulebook::embedded().unwrap().version(), library.newest().version());
        for version in ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"] {
            let version = Name::parse(version).unwrap();
            assert_eq!(library.edition(&version).unwrap().version(), version);
        }
        assert!(library.edition(&Name::parse("2026-11-21").unwrap()).is_none());
    }

    #[test]
    fn the_greatest_quantities_are_compared_without_overflow() {
        let most = crate::domain::quantity::MAX_INTEGER;
        assert_eq!(share(most, 1_000_000), Some(most));
        assert_eq!(span(Bound::About, most, None, 1, Some(50_000)).map(|span| span.contains(&most)), Some(true));
    }

    #[test]
    fn a_row_that_does_not_fit_is_told_with_its_file() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[allow(dead_code)] // Only its parsing is asked for.
            hours: i64,
        }
        let error = rows::<Row>("deadlines.csv", "hours\nsoon\n").unwrap_err();
        assert_eq!(error.file, "deadlines.csv");
        assert!(error.to_string().contains("line: 2"), "{error}");
    }
}
