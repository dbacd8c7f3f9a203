//! One row: what the rulebook says of its listing against its conclusion.

use jiff::Timestamp;
use uuid::Uuid;

use super::BadRow;
use super::columns::{Column, Outcome, Row};
use super::conclusion::{Conclusion, conclusion};
use super::listing::{self, listing};
use crate::domain::actor::Role;
use crate::domain::command::Rules;
use crate::domain::event::{OrderPlaced, PieceOpened, Pricing, Recorded, Ship};
use crate::domain::ids::{MerchantId, OrderNo, PersonId, PieceCode, TenantId, WarehouseId};
use crate::domain::ledger::{Certainty, Claim, ClaimKind, ClaimedValue, Finding, Verdict};
use crate::domain::merge::merge;
use crate::domain::piece::Piece;
use crate::domain::quantity::{Money, decimal};
use crate::domain::text::Name;
use crate::rulebook::{Language, Rulebook};
use crate::spoken::Reader;
use crate::spoken::ledger::Labels;
use crate::spoken::mask::mask;

macro_rules! notes {
    ($($(#[$doc:meta])* $note:ident $key:literal $zh:literal $en:literal;)*) => {
        /// What of a row is no claim, and must not pass in silence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Note { $($(#[$doc])* $note,)* }

        impl Note {
            pub const ALL: &'static [Note] = &[$(Note::$note,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Note::$note => $key,)* }
            }

            /// The note in one sentence.
            pub fn sentence(self, language: Language) -> &'static str {
                match (self, language) { $((Note::$note, Language::Zh) => $zh, (Note::$note, Language::En) => $en,)* }
            }
        }
    };
}

notes! {
    NothingListed "nothing_listed" "没有标题和材质，无可比对（赠品或同码的第二件）" "neither title nor material: nothing to compare (a gift, or the second piece of a code)";
    /// Rejected without a conclusion: damage, mixed stones.
    RejectedUnconcluded "rejected_unconcluded" "被驳回且没有结论，驳回原因见原表" "rejected without a conclusion: the reason stands in the export";
    PassedAgainst "passed_against" "质检通过，而规则集认为与所称不符" "it passed, and the rulebook finds it is not what was listed";
    PassedOpen "passed_open" "质检通过，而规则集认为主体部件尚不能判定" "it passed, and the rulebook finds that a main part cannot be told";
    RejectedAgreeing "rejected_agreeing" "被驳回，而结论与所称一致" "it was rejected, and its conclusion agrees with what was listed";
    MetalBesideUnset "metal_beside_unset" "标为未镶嵌，却有贵金属结论" "listed as not set, and a precious metal was concluded";
    PartsNotExamined "parts_not_examined" "备注：有部件未检" "remark: parts were not examined";
    MetalNotMeasured "metal_not_measured" "备注：金属未测" "remark: metal was not measured";
    OnlyOfAPart "only_of_a_part" "备注：结论仅针对某一部件" "remark: the conclusion is of one part alone";
    ColourOpen "colour_open" "备注：颜色成因未定" "remark: the origin of the colour was not determined";
    TreatmentInRemark "treatment_in_remark" "处理或优化只写在备注里" "a treatment or enhancement stands in the remark alone";
}

/// One claim of the listing with what is found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub kind: ClaimKind,
    /// `main_stone`, `setting`, …; none of the whole piece.
    pub part: Option<&'static str>,
    pub said: String,
    pub finding: Finding,
    /// The verdict that it asks for.
    pub asks: Verdict,
    /// The reader is not sure that it was said: a person would look, and it derives nothing.
    pub is_doubtful: bool,
    /// The rule by its name in the rulebook, and its clause.
    pub rule: Option<Name>,
    pub clause: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Breaches of the rules of speech, by the names of their rules.
    pub flags: Vec<Name>,
}

/// What is said of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    pub piece_code: String,
    pub certificate_no: String,
    pub outcome: Outcome,
    /// The most severe verdict that a claim asks for; none where nothing was concluded.
    pub derived: Option<Verdict>,
    pub claims: Vec<Compared>,
    pub notes: Vec<Note>,
}

/// What rows are held against.
#[derive(Debug)]
pub struct Reviewer {
    book: Rulebook,
    reader: Reader,
    labels: Labels,
    language: Language,
    placed: OrderPlaced,
}

/// Why the reviewer cannot be had: a file that the program carries is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Reviewer {
    /// With the newest rulebook and lexicon. Its sentences are in `language`.
    pub fn embedded(language: Language) -> Result<Self, Unreadable> {
        let fault = |error: &dyn std::fmt::Display| Unreadable(error.to_string());
        Ok(Self {
            book: Rulebook::embedded().map_err(|error| fault(&error))?,
            reader: Reader::embedded().map_err(|error| fault(&error))?,
            labels: Labels::embedded().map_err(|error| fault(&error))?,
            language,
            placed: nobodys_order().map_err(|error| fault(&error))?,
        })
    }

    /// The version of the rulebook that rows are held against.
    pub fn version(&self) -> Name {
        self.book.version()
    }

    /// Reviews one row.
    pub fn review(&self, row: &Row) -> Result<Reviewed, BadRow> {
        let outcome = row.outcome()?;
        let listing = listing(row, &self.book)?;
        let piece = piece(listing.declared.clone())?;
        let declared = &piece.opened().declared;
        let mut claims = self.book.read_claims(&piece).claims;
        claims.extend(listing::claims(row, declared, &self.reader, &self.book, &self.labels));
        let claims = merge(claims);
        let natural = claims.iter().any(|claim| self.says_natural(claim));
        let concluded = conclusion(row, declared, natural, &self.book)?;
        // Before the bench nothing is found, and what was weighed alone is no finding on anything else.
        let is_open = outcome == Outcome::UnderWay && !concluded.is_concluded;
        let compared = if is_open { Vec::new() } else { self.compared(&piece, &claims, &concluded) };
        let sure = compared.iter().filter(|claim| !claim.is_doubtful);
        let derived = (!is_open).then(|| sure.map(|claim| claim.asks).max().unwrap_or(Verdict::Pass));
        let mut notes = notes(row, outcome, derived, &concluded);
        if listing.says_unset && concluded.has_metal {
            notes.push(Note::MetalBesideUnset);
        }
        notes.sort_unstable();
        Ok(Reviewed {
            piece_code: row.cell(Column::PieceCode).to_owned(),
            certificate_no: row.given(Column::CertificateNo).unwrap_or_default().to_owned(),
            outcome,
            derived,
            claims: compared,
            notes,
        })
    }

    fn says_natural(&self, claim: &Claim) -> bool {
        let ClaimedValue::Name { name } = &claim.value else { return false };
        let word = self.book.name_of(claim.kind, name.as_str());
        let is_natural = |word: &str| ["天然", "A货", "未处理", "无优化"].iter().any(|own| word.contains(own));
        matches!(claim.kind, ClaimKind::Treatment | ClaimKind::Material) && !claim.negated && is_natural(&word)
    }

    fn compared(&self, piece: &Piece, claims: &[Claim], concluded: &Conclusion) -> Vec<Compared> {
        let assessed = self.book.assess(piece, &self.placed, claims, &concluded.appraisal);
        let compared = claims.iter().zip(assessed).map(|(claim, assessed)| {
            let entry = &assessed.entry;
            let is_unweighed = claim.kind == ClaimKind::Weight && !concluded.is_weighed && claim.component.is_none();
            let (finding, asks, reason) = match is_unweighed {
                false => {
                    (entry.finding, entry.asked(entry.finding), self.book.sentence(&assessed.reason, self.language))
                }
                true => (Finding::NotTested, entry.asked(Finding::NotTested), self.unweighed().to_owned()),
            };
            let rule = entry.rule.clone().filter(|_| !is_unweighed);
            let clause = rule.as_ref().and_then(|rule| self.book.rule(rule));
            Compared {
                kind: claim.kind,
                part: claim
                    .component
                    .as_ref()
                    .and_then(|component| concluded.appraisal.component(component).map(|found| found.role.as_str())),
                said: mask(&self.said(claim), &[]),
                finding,
                asks,
                is_doubtful: claim.certainty == Certainty::Low,
                clause: clause.map_or_else(String::new, |rule| rule.clause(self.language).to_owned()),
                rule,
                reason,
                flags: entry.flags.clone(),
            }
        });
        compared.collect()
    }

    fn unweighed(&self) -> &'static str {
        match self.language {
            Language::Zh => "没有称重",
            Language::En => "nothing was weighed",
        }
    }

    /// What was listed, in its exact value.
    fn said(&self, claim: &Claim) -> String {
        let denied = if claim.negated { "≠ " } else { "" };
        let value = match &claim.value {
            ClaimedValue::Name { name } => self.book.name_of(claim.kind, name.as_str()),
            ClaimedValue::Weight { weight, upper: None } => super::weight::written(weight),
            ClaimedValue::Weight { weight, upper: Some(upper) } => {
                format!("{}–{}", weight.mass.grams(), super::weight::written(upper))
            }
            ClaimedValue::TradeWeight { unit, amount_millionths, .. } => {
                format!("{}{}", decimal(*amount_millionths, 6, 0), unit.as_str())
            }
            ClaimedValue::Size { name, length_um, upper_um, label, .. } => {
                let ends: Vec<_> = [length_um, upper_um].into_iter().flatten().map(|end| end.millimetres()).collect();
                let value = label.as_ref().map_or_else(|| format!("{} mm", ends.join("–")), ToString::to_string);
                format!("{name} {value}")
            }
            ClaimedValue::Fineness { fineness_ppm } => format!("{}‰", fineness_ppm.per_mille()),
            ClaimedValue::Certificate { body, .. } => body.to_string(),
        };
        format!("{denied}{value}")
    }
}

fn notes(row: &Row, outcome: Outcome, derived: Option<Verdict>, concluded: &Conclusion) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |note, is: bool| {
        if is {
            notes.push(note);
        }
    };
    let is_listed = [Column::Title, Column::Material].into_iter().any(|column| row.given(column).is_some());
    note(Note::NothingListed, !is_listed);
    note(Note::RejectedUnconcluded, outcome == Outcome::Rejected && !concluded.is_concluded);
    let passed = |verdict| outcome == Outcome::Passed && derived == Some(verdict);
    note(Note::PassedAgainst, passed(Verdict::NotAsDescribed) || passed(Verdict::SuspectedCounterfeit));
    note(Note::PassedOpen, passed(Verdict::Undetermined));
    let agrees = concluded.is_concluded && derived == Some(Verdict::Pass);
    note(Note::RejectedAgreeing, outcome == Outcome::Rejected && agrees);
    note(Note::PartsNotExamined, concluded.not_examined);
    note(Note::MetalNotMeasured, concluded.metal_not_measured);
    note(Note::OnlyOfAPart, concluded.only_of_a_part);
    note(Note::ColourOpen, concluded.colour_open.is_some());
    note(Note::TreatmentInRemark, concluded.treatment.is_some());
    notes
}

/// The piece of a row, as it would have been opened. It is in no journal.
fn piece(declared: crate::domain::appraisal::Declared) -> Result<Piece, BadRow> {
    let opened = PieceOpened {
        code: PieceCode::from_bits(0),
        line_no: 1,
        attempt: 1,
        follows: None,
        price: Money::parse(0, "CNY").map_err(|error| BadRow(error.0))?,
        // The export does not say how it was priced.
        pricing: Pricing::Fixed,
        custom_made: false,
        declared,
        segment: None,
        reference: false,
    };
    let at = Timestamp::UNIX_EPOCH;
    let first = Recorded { seq: 1, at, person: None, key: None, role: Role::Desk, event: opened.into() };
    Piece::fold([first]).map_err(|corrupt| BadRow(corrupt.to_string()))
}

/// The export names no order. Nobody's promises are above the level of an order without one.
fn nobodys_order() -> Result<OrderPlaced, crate::domain::ids::Malformed> {
    let person = PersonId(Uuid::nil());
    let shanghai = Name::parse("Asia/Shanghai")?;
    Ok(OrderPlaced {
        tenant_id: TenantId::parse("qic")?,
        order_no: OrderNo::parse("qic")?,
        merchant_id: MerchantId::parse("qic")?,
        merchant_person_id: person,
        buyer_id: person,
        streamer_id: None,
        warehouse_id: WarehouseId::parse("qic")?,
        live_id: None,
        paid_at: 0,
        ship: Ship::AsReady,
        guarantee_level: i32::MAX,
        guarantees: Default::default(),
        buyer_timezone: shanghai.clone(),
        merchant_timezone: shanghai,
        lines: Vec::new(),
        references: Vec::new(),
    })
}
