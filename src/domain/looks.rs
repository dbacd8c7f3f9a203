//! How many persons look at a piece, why, and in what they differ (`journey.md`, "The machine"; `second_look.csv`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::ComponentId;
use super::text::Name;

/// Why more than one person looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// What the line costs, or a currency that the rulebook knows no limit for.
    Value,
    /// The merchant's step on the ladder of conduct.
    Record,
    /// The random share of the day.
    Draw,
    /// No seed was committed before the day, so that nobody could check a draw.
    NoSeed,
    /// The first outcome is not a pass.
    FirstOutcome,
    /// A measurement ended within the guard band of its limit.
    GuardBand,
    /// Two who looked differ beyond the rulebook's limits.
    Dispute,
}

impl Because {
    pub const ALL: [Because; 7] = [
        Because::Value,
        Because::Record,
        Because::Draw,
        Because::NoSeed,
        Because::FirstOutcome,
        Because::GuardBand,
        Because::Dispute,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Because::Value => "value",
            Because::Record => "record",
            Because::Draw => "draw",
            Because::NoSeed => "no_seed",
            Because::FirstOutcome => "first_outcome",
            Because::GuardBand => "guard_band",
            Because::Dispute => "dispute",
        }
    }
}

/// The place of a piece in a day's draw. It follows from the seed of the day, of which only the hash is known before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// The day in UTC on which the first appraisal was submitted, as `2026-11-24`.
    pub day: Name,
    /// SHA-256 of the day's seed as it is published, in hexadecimal.
    pub commitment: String,
    /// 0 to 999,999: drawn where it lies below the rulebook's share in parts per million.
    pub place_ppm: i64,
}

/// What the rulebook asks beside the piece and its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// None where no seed was committed in time.
    pub lot: Option<Lot>,
    /// The merchant's step on the ladder of conduct.
    pub conduct_step: i32,
}

/// In what two appraisals differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// A part that only one of them found.
    Part,
    /// Examined by one, and not to be determined by the other.
    State,
    Material,
    Treatment,
    Fineness,
    Weight,
    Size,
}

impl Matter {
    pub const ALL: [Matter; 7] = [
        Matter::Part,
        Matter::State,
        Matter::Material,
        Matter::Treatment,
        Matter::Fineness,
        Matter::Weight,
        Matter::Size,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Matter::Part => "part",
            Matter::State => "state",
            Matter::Material => "material",
            Matter::Treatment => "treatment",
            Matter::Fineness => "fineness",
            Matter::Weight => "weight",
            Matter::Size => "size",
        }
    }
}

/// One thing of which two appraisals, by the sequence numbers of their events, say different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    pub first: i32,
    pub second: i32,
    /// None for the whole piece.
    pub component: Option<ComponentId>,
    pub matter: Matter,
}

/// Who was asked to look, and what came of it, as a settlement keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looks {
    /// The rulebook that asked.
    pub rulebook_version: Name,
    /// Empty where one person is enough.
    pub because: BTreeSet<Because>,
    /// The draw, also where the piece was not drawn: so that it can be checked once the seed is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Lot>,
    /// The merchant's step on the ladder of conduct that day.
    pub conduct_step: i32,
    /// In what the appraisals on the bench differ, those that were left aside included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Whether the appraisals that stand agree.
    pub agreed: bool,
}

impl Looks {
    /// How many persons must stand behind it.
    pub fn persons(&self) -> usize {
        if self.because.is_empty() { 1 } else { 2 }
    }
}

/// What the measurements of a settled appraisal call for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The first measurement that lies at its limit and may be repeated: of which part, and of what.
    pub repeat: Option<(Option<ComponentId>, Name)>,
    /// Whether one ended within its guard band.
    pub guard: bool,
}
