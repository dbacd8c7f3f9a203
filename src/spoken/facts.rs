//! What the rules ask of a word again and again, worked out once, when the lexicon is loaded.

use super::lexicon::Meaning;
use crate::domain::ledger::ClaimKind;

/// A set of answers, one bit each. Of a word it holds what is so of any of its meanings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts(u32);

impl Facts {
    pub(super) const MATERIAL: Self = Self(1);
    /// A precious metal.
    pub(super) const METAL: Self = Self(1 << 1);
    /// A material that is none.
    pub(super) const STONE: Self = Self(1 << 2);
    pub(super) const DIAMOND: Self = Self(1 << 3);
    pub(super) const LAB_GROWN: Self = Self(1 << 4);
    /// Plating and its like.
    pub(super) const LAYER: Self = Self(1 << 5);
    pub(super) const GOLD_FILLED: Self = Self(1 << 6);
    /// Glass, resin, plastic.
    pub(super) const IMITATION: Self = Self(1 << 7);
    pub(super) const ORIGIN: Self = Self(1 << 8);
    /// An origin that needs no support.
    pub(super) const PLACED: Self = Self(1 << 9);
    /// A fineness or a treatment.
    pub(super) const FINE: Self = Self(1 << 10);
    pub(super) const CERTIFICATE: Self = Self(1 << 11);
    pub(super) const GUARANTEE: Self = Self(1 << 12);
    /// A material, a grade or a treatment.
    pub(super) const DESCRIBES: Self = Self(1 << 13);
    /// Claims without the support of other words.
    pub(super) const FIRM: Self = Self(1 << 14);
    /// Of what the talk turns around: [`super::scan::Topic`], in its order.
    pub(super) const TOPICS: [Self; 6] =
        [Self(1 << 16), Self(1 << 17), Self(1 << 18), Self(1 << 19), Self(1 << 20), Self(1 << 21)];
    pub(super) const ANY_TOPIC: Self = Self(0x3f << 16);

    pub(super) fn of(meaning: &Meaning) -> Self {
        let value = meaning.value.as_deref().unwrap_or_default();
        let flags = &meaning.flags;
        let mut facts = match meaning.kind {
            ClaimKind::Material => Self::of_material(value),
            ClaimKind::Treatment => Self::of_treatment(value),
            ClaimKind::Fineness => Self::FINE,
            ClaimKind::Grade if is_of_diamonds(value) => Self::DESCRIBES.and(Self::TOPICS[0]),
            ClaimKind::Grade => Self::DESCRIBES,
            ClaimKind::Origin if flags.weak => Self::ORIGIN,
            ClaimKind::Origin => Self::ORIGIN.and(Self::PLACED),
            ClaimKind::Certificate => Self::CERTIFICATE,
            ClaimKind::Guarantee => Self::GUARANTEE,
            ClaimKind::Weight | ClaimKind::Size | ClaimKind::BannedPhrase => Self::default(),
        };
        if !flags.weak && !flags.tint && !flags.said {
            facts = facts.and(Self::FIRM);
        }
        facts
    }

    fn of_material(value: &str) -> Self {
        let [diamonds, gold, beads, metals, stones, jade] = Self::TOPICS;
        let more = match value {
            "gold" | "k_gold" => Self::METAL.and(gold).and(metals),
            "silver" | "platinum" | "palladium" => Self::METAL.and(metals),
            "diamond" => Self::STONE.and(Self::DIAMOND).and(diamonds),
            "lab_grown_diamond" | "moissanite" | "diamond_simulant" | "cubic_zirconia" => Self::STONE.and(diamonds),
            "ruby" | "sapphire" | "emerald" | "spinel" | "tourmaline" | "tsavorite" | "garnet" | "tanzanite"
            | "alexandrite" | "chrysoberyl" | "aquamarine" | "morganite" | "peridot" => Self::STONE.and(stones),
            "jadeite" => Self::STONE.and(jade),
            "glass" | "resin" | "plastic" => Self::STONE.and(Self::IMITATION),
            value if value.ends_with("pearl") => Self::STONE.and(beads),
            _ => Self::STONE, // An open list: most materials are no topic of their own.
        };
        Self::MATERIAL.and(Self::DESCRIBES).and(more)
    }

    fn of_treatment(value: &str) -> Self {
        let more = match value {
            "lab_grown" => Self::LAB_GROWN,
            "plated" | "gold_clad" | "silver_clad" => Self::LAYER,
            "gold_filled" => Self::GOLD_FILLED,
            _ => Self::default(), // An open list too.
        };
        Self::FINE.and(Self::DESCRIBES).and(more)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the others is among these.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Grades that only cut diamonds are given.
fn is_of_diamonds(grade: &str) -> bool {
    grade.starts_with("clarity_") || matches!(grade, "triple_EX" | "hearts_and_arrows" | "colour_letter" | "colour_D")
}
