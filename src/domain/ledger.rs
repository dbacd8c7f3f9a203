//! 口播对照表: every claim beside what was measured, with its finding; and the verdict that follows.

use serde::{Deserialize, Serialize};

use super::ids::{CertificateNo, ClaimId, ComponentId};
use super::quantity::{Fineness, Length, Weighing};
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

/// The least verdict that settled findings allow: the most severe that any of them asks for. `main` and `essential`
/// are those of [`ProposedEntry`]. (`journey.md`, "Verdicts"; the limits by which a difference is small enough to be
/// disclosed belong to the rulebook.)
pub fn least_verdict(findings: impl IntoIterator<Item = (Finding, bool, bool)>) -> Verdict {
    findings
        .into_iter()
        .map(|(finding, main, essential)| match finding {
            Finding::Confirmed | Finding::NotTestable | Finding::Promise => Verdict::Pass,
            Finding::NotTested if main && essential => Verdict::Undetermined,
            Finding::NotTested => Verdict::DisclosedDifference,
            Finding::Contradicted => Verdict::NotAsDescribed,
        })
        .max()
        .unwrap_or(Verdict::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_the_most_severe_that_a_finding_asks_for() {
        let check = |findings: &[(Finding, bool, bool)], expected| {
            assert_eq!(least_verdict(findings.iter().copied()), expected, "{findings:?}");
        };
        check(&[], Verdict::Pass);
        check(&[(Finding::Confirmed, true, true), (Finding::NotTestable, true, false)], Verdict::Pass);
        check(&[(Finding::NotTested, false, true)], Verdict::DisclosedDifference);
        check(&[(Finding::NotTested, true, true)], Verdict::Undetermined);
        check(&[(Finding::NotTested, true, true), (Finding::Contradicted, false, false)], Verdict::NotAsDescribed);
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
