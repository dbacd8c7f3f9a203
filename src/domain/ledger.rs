//! 口播对照表: every claim beside what was measured, with its finding; and the verdict that follows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{CertificateNo, ClaimId, ComponentId};
use super::quantity::{Fineness, Included, Length, Weighing};
use super::text::{Name, Sealed};

/// Where a claim was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSource {
    Spoken,
    Listed,
    Certificate,
    /// The reader missed it and an inspector added it.
    Added,
}

/// What a claim is about (`corpus/README.md`, "Values by kind").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    Material,
    Treatment,
    Fineness,
    Weight,
    Size,
    Grade,
    Origin,
    Certificate,
    Guarantee,
    BannedPhrase,
}

impl ClaimKind {
    pub const ALL: [ClaimKind; 10] = [
        ClaimKind::Material,
        ClaimKind::Treatment,
        ClaimKind::Fineness,
        ClaimKind::Weight,
        ClaimKind::Size,
        ClaimKind::Grade,
        ClaimKind::Origin,
        ClaimKind::Certificate,
        ClaimKind::Guarantee,
        ClaimKind::BannedPhrase,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ClaimKind::Material => "material",
            ClaimKind::Treatment => "treatment",
            ClaimKind::Fineness => "fineness",
            ClaimKind::Weight => "weight",
            ClaimKind::Size => "size",
            ClaimKind::Grade => "grade",
            ClaimKind::Origin => "origin",
            ClaimKind::Certificate => "certificate",
            ClaimKind::Guarantee => "guarantee",
            ClaimKind::BannedPhrase => "banned_phrase",
        }
    }

    /// Whether a measurement or a conclusion can answer it.
    pub fn is_compared(self) -> bool {
        match self {
            ClaimKind::Material
            | ClaimKind::Treatment
            | ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Certificate => true,
            ClaimKind::Grade | ClaimKind::Origin | ClaimKind::Guarantee | ClaimKind::BannedPhrase => false,
        }
    }

    /// What, left untested on a main component, leaves the verdict open (`journey.md`, "What must hold").
    pub fn is_essential(self) -> bool {
        matches!(self, ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Fineness | ClaimKind::Weight)
    }
}

/// How a claim bounds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Exactly,
    About,
    AtLeast,
    AtMost,
    Range,
}

/// What was claimed, in exact values. With [`Bound::Range`] the second value is the upper one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum ClaimedValue {
    Name {
        name: Name,
    },
    Weight {
        weight: Weighing,
        upper: Option<Weighing>,
    },
    /// A weight in a unit whose size depends on place and trade. It stays as it was said; the rulebook resolves it.
    TradeWeight {
        unit: TradeUnit,
        /// Millionths of the unit.
        amount_millionths: i64,
        upper_millionths: Option<i64>,
        /// What the last digit that was said stands for, in millionths of the unit.
        digit_millionths: Option<i64>,
        includes: BTreeSet<Included>,
    },
    Size {
        name: Name,
        length_um: Option<Length>,
        upper_um: Option<Length>,
        label: Option<Name>,
        /// The table that the label is a number of; without it the label cannot be compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<Name>,
    },
    Fineness {
        fineness_ppm: Fineness,
    },
    /// A number is no [`Name`]: names refuse long runs of digits.
    Certificate {
        body: Name,
        number: CertificateNo,
    },
}

/// A unit of the trade: 50 g and 5 g on a mainland market, 37.429 g and 3.743 g for gold in Hong Kong
/// (`rulebook.md`, "Weight").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeUnit {
    /// 两, tael.
    Liang,
    /// 钱, mace.
    Qian,
}

impl TradeUnit {
    pub fn as_str(self) -> &'static str {
        match self {
            TradeUnit::Liang => "两",
            TradeUnit::Qian => "钱",
        }
    }
}

/// Where in the stream it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First character, in Unicode scalar values of the transcript.
    pub start: i64,
    /// One past the last character.
    pub end: i64,
    /// Milliseconds since the start of the session.
    pub at_ms: Option<i64>,
}

/// How sure the reader is that this was said, and of this piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    #[default]
    High,
    /// Doubtful: put to the inspector, never proposed as contradicted.
    Low,
}

impl Certainty {
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::High => "high",
            Certainty::Low => "low",
        }
    }

    fn is_high(&self) -> bool {
        *self == Certainty::High
    }
}

/// One checkable thing said of a part, or of the piece where no part is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub claim_id: ClaimId,
    pub source: ClaimSource,
    pub component: Option<ComponentId>,
    pub kind: ClaimKind,
    /// The exact words, where they are more than the value itself.
    pub words: Option<Sealed>,
    pub span: Option<Span>,
    pub bound: Bound,
    pub value: ClaimedValue,
    pub negated: bool,
    /// Events of before it was kept are certain: they came from a listing.
    #[serde(default, skip_serializing_if = "Certainty::is_high")]
    pub certainty: Certainty,
    /// The same statement once more: elsewhere in the stream, or from another source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Statement>,
    /// Which of several parts is meant cannot be told; then no part is named, and none decides alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ambiguous: bool,
}

/// One place where a claim was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub source: ClaimSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What is found of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Confirmed,
    Contradicted,
    /// No laboratory test settles it: origin, mine, age.
    NotTestable,
    /// Could be tested, was not, and why.
    NotTested,
    /// A guarantee or a service, not a property.
    Promise,
}

impl Finding {
    pub const ALL: [Finding; 5] =
        [Finding::Confirmed, Finding::Contradicted, Finding::NotTestable, Finding::NotTested, Finding::Promise];

    pub fn as_str(self) -> &'static str {
        match self {
            Finding::Confirmed => "confirmed",
            Finding::Contradicted => "contradicted",
            Finding::NotTestable => "not_testable",
            Finding::NotTested => "not_tested",
            Finding::Promise => "promise",
        }
    }

    /// How much it weighs against the piece. A change to a smaller weight needs a second person.
    fn weight(self) -> u8 {
        match self {
            Finding::Confirmed => 0,
            Finding::Promise | Finding::NotTestable => 1,
            Finding::NotTested => 2,
            Finding::Contradicted => 3,
        }
    }

    /// What bars a pass on any day, whatever a rulebook says: a difference is disclosed at the least.
    fn floor(self) -> Verdict {
        match self {
            Finding::Confirmed | Finding::NotTestable | Finding::Promise => Verdict::Pass,
            Finding::NotTested | Finding::Contradicted => Verdict::DisclosedDifference,
        }
    }

    /// Whether this finding is milder than the other.
    pub fn milder_than(self, other: Finding) -> bool {
        self.weight() < other.weight()
    }
}

/// A claim with the finding that is proposed for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedEntry {
    pub claim_id: ClaimId,
    pub finding: Finding,
    /// Whether the claim's subject decides the verdict: a main component, or what is sold by weight.
    pub main: bool,
    /// Whether an open finding here leaves the verdict open rather than disclosed.
    pub essential: bool,
    /// What the finding asks for by the rulebook's severities; none in proposals of before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Asks>,
    /// The rule that proposed it, by its name in the rulebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Name>,
    /// Breaches of the rules of speech, by the names of their rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Name>,
}

/// Which verdict a claim asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// With the finding that is proposed.
    pub proposed: Verdict,
    /// Where a person finds it contradicted.
    pub contradicted: Verdict,
}

impl ProposedEntry {
    /// The verdict that this claim asks for, settled with a finding.
    pub fn asked(&self, finding: Finding) -> Verdict {
        asked_verdict(finding, Some(self.finding), (self.main, self.essential), self.asks)
    }
}

/// The outcome for a piece, least to most severe; the order of the variants is the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    /// The buyer chooses.
    DisclosedDifference,
    /// Cannot be told here, and why.
    Undetermined,
    NotAsDescribed,
    /// Held.
    SuspectedCounterfeit,
}

impl Verdict {
    pub const ALL: [Verdict; 5] = [
        Verdict::Pass,
        Verdict::DisclosedDifference,
        Verdict::Undetermined,
        Verdict::NotAsDescribed,
        Verdict::SuspectedCounterfeit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::DisclosedDifference => "disclosed_difference",
            Verdict::Undetermined => "undetermined",
            Verdict::NotAsDescribed => "not_as_described",
            Verdict::SuspectedCounterfeit => "suspected_counterfeit",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// The verdict that a settled finding asks for: by the severities where they speak of it, else by what is `main` and
/// `essential`.
pub fn asked_verdict(
    finding: Finding,
    proposed: Option<Finding>,
    (main, essential): (bool, bool),
    asks: Option<Asks>,
) -> Verdict {
    match asks {
        Some(asks) if Some(finding) == proposed => asks.proposed.max(finding.floor()),
        Some(asks) if finding == Finding::Contradicted => asks.contradicted.max(finding.floor()),
        Some(_) | None => least_verdict_of(finding, main, essential),
    }
}

/// What a settled finding asks for where the rulebook's severities say nothing of it. `main` and `essential` are those
/// of [`ProposedEntry`]. (`journey.md`, "Verdicts".)
pub fn least_verdict_of(finding: Finding, main: bool, essential: bool) -> Verdict {
    match finding {
        Finding::Confirmed | Finding::NotTestable | Finding::Promise => Verdict::Pass,
        Finding::NotTested if main && essential => Verdict::Undetermined,
        Finding::NotTested => Verdict::DisclosedDifference,
        Finding::Contradicted => Verdict::NotAsDescribed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_finding_asks_for_without_severities() {
        let check = |finding, main, essential, expected| {
            assert_eq!(least_verdict_of(finding, main, essential), expected, "{finding:?} {main} {essential}");
        };
        check(Finding::Confirmed, true, true, Verdict::Pass);
        check(Finding::NotTestable, true, true, Verdict::Pass);
        check(Finding::Promise, true, true, Verdict::Pass);
        check(Finding::NotTested, false, true, Verdict::DisclosedDifference);
        check(Finding::NotTested, true, false, Verdict::DisclosedDifference);
        check(Finding::NotTested, true, true, Verdict::Undetermined);
        check(Finding::Contradicted, false, false, Verdict::NotAsDescribed);
    }

    #[test]
    fn severities_decide_but_never_below_what_bars_a_pass() {
        let entry = |finding, asks| ProposedEntry {
            claim_id: ClaimId::parse("k1").unwrap(),
            finding,
            main: true,
            essential: true,
            asks,
            rule: None,
            flags: Vec::new(),
        };
        let asks = |proposed, contradicted| Some(Asks { proposed, contradicted });
        let small = entry(Finding::Contradicted, asks(Verdict::DisclosedDifference, Verdict::DisclosedDifference));
        assert_eq!(small.asked(Finding::Contradicted), Verdict::DisclosedDifference);
        assert_eq!(small.asked(Finding::Confirmed), Verdict::Pass);
        assert_eq!(small.asked(Finding::NotTested), Verdict::Undetermined);
        let grave = entry(Finding::Confirmed, asks(Verdict::Pass, Verdict::SuspectedCounterfeit));
        assert_eq!(grave.asked(Finding::Contradicted), Verdict::SuspectedCounterfeit);
        let wrong = entry(Finding::Contradicted, asks(Verdict::Pass, Verdict::Pass));
        assert_eq!(wrong.asked(Finding::Contradicted), Verdict::DisclosedDifference);
    }

    #[test]
    fn what_older_events_do_not_hold_is_read_and_written_as_it_was() {
        let entry = r#"{"claim_id":"k1","finding":"confirmed","main":true,"essential":false}"#;
        let read: ProposedEntry = serde_json::from_str(entry).unwrap();
        assert_eq!((read.asks, read.rule.as_ref(), read.flags.len()), (None, None, 0));
        assert_eq!(serde_json::to_string(&read).unwrap(), entry);
        let claim = concat!(
            r#"{"claim_id":"k1","source":"listed","component":null,"kind":"material","words":null,"span":null,"#,
            r#""bound":"exactly","value":{"of":"name","name":"翡翠"},"negated":false}"#,
        );
        let read: Claim = serde_json::from_str(claim).unwrap();
        assert_eq!(read.certainty, Certainty::High);
        assert_eq!(serde_json::to_string(&read).unwrap(), claim);
        let low = Claim { certainty: Certainty::Low, ..read };
        assert!(serde_json::to_string(&low).unwrap().ends_with(r#""certainty":"low"}"#));
    }

    #[test]
    fn no_finding_is_milder_than_itself_and_contradicted_is_the_gravest() {
        for one in Finding::ALL {
            assert!(!one.milder_than(one));
            assert!(!Finding::Contradicted.milder_than(one));
        }
        assert!(Finding::Confirmed.milder_than(Finding::NotTested));
    }
}
