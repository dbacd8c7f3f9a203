//! Mentions to claims: what was said twice counts once, at its strongest; what says less gives way to what says more.

use std::collections::VecDeque;

use rust_decimal::Decimal;

use super::Said;
use super::mention::Mention;
use crate::domain::ledger::{Bound, ClaimKind};

/// How far apart, in scalar values, two mentions may stand to be the same thing said twice: some two minutes of speech.
const HORIZON: usize = 480;
/// How near a bare 足金 and its stamp, or 天然 and A货, belong together.
const NEAR: usize = 60;
/// How near "lab grown" is said of the diamond just named.
const BESIDE: usize = 24;

#[derive(Debug)]
struct Open {
    said: Said,
    /// The number that the value is, of a kind that has one.
    number: Option<Decimal>,
    strength: u8,
    implied: bool,
    apart: bool,
    word: Option<u32>,
    /// Another claim may say the same and more.
    wide: bool,
}

/// Claims that a later word may still change.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// By kind, each row in the order of the text: only claims of one kind are the same or say less.
    open: [VecDeque<Open>; ClaimKind::ALL.len()],
    turns: VecDeque<usize>,
    pub(super) steps: usize,
}

impl Fold {
    pub(super) fn turn(&mut self, at: usize) {
        self.turns.push_back(at);
    }

    /// Takes the next mention, with its place in the whole text.
    pub(super) fn add(&mut self, mention: Mention, start: usize, end: usize, english: bool) {
        let mut new = Open {
            number: number(&mention),
            strength: mention.strength,
            implied: mention.implied,
            apart: mention.apart,
            word: mention.word,
            wide: is_wide(mention.kind, &mention.value),
            said: said(mention, start, end),
        };
        if new.said.kind == ClaimKind::Material {
            self.name_the_gold(&mut new, english);
        }
        let Some(row) = self.open.get_mut(new.said.kind as usize) else { return };
        let says_more = gives_way(new.said.kind);
        let mut index = row.len();
        while let Some(at) = index.checked_sub(1) {
            index = at;
            self.steps += 1;
            let Some(old) = row.get_mut(at) else { continue };
            if HORIZON < start.saturating_sub(old.said.start) {
                break;
            }
            if is_same(old, &new) {
                if old.said.negated == new.said.negated {
                    if merge(old, new) {
                        let moved = row.remove(at);
                        row.extend(moved);
                    }
                    return;
                }
                // 银针的，不是纯银耳钉: another word for silver does not take back the first.
                let one_word = old.word == new.word || new.said.kind != ClaimKind::Material;
                let topical = new.said.negated
                    && one_word
                    && old.strength == 0
                    && is_substance(new.said.kind)
                    && start.abs_diff(old.said.start) <= 2 * NEAR;
                if topical || self.turns.iter().any(|turn| old.said.start <= *turn && *turn <= start) {
                    row.remove(at);
                } else if old.said.negated
                    && new.strength == 0
                    && is_substance(new.said.kind)
                    && start.abs_diff(old.said.start) <= NEAR
                {
                    // 不是足银，足银太软了: the second speaks of 足银, not of the piece.
                    return;
                }
                continue;
            }
            if old.said.negated || new.said.negated || !says_more {
                continue;
            }
            if !old.wide && !new.wide {
                continue;
            }
            match yields(&old.said, &new.said, end.abs_diff(old.said.start)) {
                Some(Gives::New) => {
                    old.said.again.push((start, end));
                    return;
                }
                Some(Gives::Old) => {
                    let old = row.remove(at);
                    new.said.again.extend(old.map(|old| (old.said.start, old.said.end)));
                }
                None => {}
            }
        }
        row.push_back(new);
    }

    /// "Gold" beside a karat is the alloy.
    fn name_the_gold(&mut self, new: &mut Open, english: bool) {
        let alloy = |open: &Open| {
            !open.said.negated
                && open.number.is_some_and(|number| number < Decimal::from(950) && number != Decimal::from(925))
        };
        let start = new.said.start;
        let near = |open: &&Open| start.saturating_sub(open.said.start) <= HORIZON;
        if english && &*new.said.value == "gold" {
            let finenesses = self.open.get(ClaimKind::Fineness as usize);
            if finenesses.is_some_and(|row| row.iter().rev().take_while(near).any(alloy)) {
                new.said.value = "k_gold".into();
            }
        } else if english
            && new.implied
            && &*new.said.value == "k_gold"
            && let Some(materials) = self.open.get_mut(ClaimKind::Material as usize)
        {
            for open in materials.iter_mut().rev().take_while(|open| near(&&**open)) {
                if &*open.said.value == "gold" && !open.said.negated {
                    open.said.value = new.said.value.clone();
                }
            }
        }
    }

    /// The claims that nothing before `until` can change any more, in the order of the text.
    pub(super) fn settled(&mut self, until: usize, out: &mut Vec<Said>) {
        self.give(until.saturating_sub(2 * HORIZON), out);
        while self.turns.front().is_some_and(|at| at + 2 * HORIZON < until) {
            self.turns.pop_front();
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<Said>) {
        self.give(usize::MAX, out);
    }

    /// Moves out what stands before `until`, in the order of the text.
    fn give(&mut self, until: usize, out: &mut Vec<Said>) {
        let first = out.len();
        for row in &mut self.open {
            let settled = row.iter().take_while(|open| open.said.start < until).count();
            out.extend(row.drain(..settled).map(|open| open.said));
        }
        if let Some(given) = out.get_mut(first..) {
            given.sort_by_key(|said| (said.start, said.end));
        }
    }
}

fn said(mention: Mention, start: usize, end: usize) -> Said {
    Said {
        kind: mention.kind,
        start,
        end,
        value: mention.value,
        unit: mention.unit,
        bound: mention.bound,
        min: mention.limits.map(|(min, _)| min),
        max: mention.limits.map(|(_, max)| max),
        negated: mention.negated,
        certainty: mention.certainty,
        part: mention.part,
        again: Vec::new(),
    }
}

fn number(mention: &Mention) -> Option<Decimal> {
    let counts = matches!(mention.kind, ClaimKind::Weight | ClaimKind::Size | ClaimKind::Fineness);
    if counts && mention.limits.is_none() { mention.value.parse().ok() } else { None }
}

/// Whether two claims of one kind claim the same: 0.30 is 0.3.
fn is_same(old: &Open, new: &Open) -> bool {
    let values = match (old.number, new.number) {
        (Some(old), Some(new)) => old == new,
        (None, None) => old.said.value == new.said.value,
        _ => false,
    };
    values && old.said.unit == new.said.unit && old.apart == new.apart
}

/// Whether the claim now stands where it was said the second time.
fn merge(old: &mut Open, new: Open) -> bool {
    let plainer = old.said.certainty < new.said.certainty && old.said.kind == ClaimKind::Material;
    let stronger = (1 < new.strength && old.strength < new.strength) || (old.implied && !new.implied) || plainer;
    let moves = stronger && old.said.kind != ClaimKind::Grade && is_substance(old.said.kind);
    if moves {
        old.said.again.push((old.said.start, old.said.end));
        (old.said.start, old.said.end) = (new.said.start, new.said.end);
        old.strength = new.strength;
        old.implied = new.implied;
        old.said.part = new.said.part.or(old.said.part);
    } else {
        old.said.again.push((new.said.start, new.said.end));
    }
    old.said.certainty = old.said.certainty.max(new.said.certainty);
    if old.said.bound == Bound::Exactly && old.said.kind != ClaimKind::Grade {
        old.said.bound = new.said.bound;
    }
    moves
}

fn is_substance(kind: ClaimKind) -> bool {
    matches!(kind, ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Fineness | ClaimKind::Grade)
}

enum Gives {
    New,
    Old,
}

/// Whether one claim of the kind can say the same as another and more.
fn gives_way(kind: ClaimKind) -> bool {
    match kind {
        ClaimKind::Material
        | ClaimKind::Treatment
        | ClaimKind::Fineness
        | ClaimKind::Origin
        | ClaimKind::Certificate
        | ClaimKind::Guarantee => true,
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Grade | ClaimKind::BannedPhrase => false,
    }
}

/// Which of two claims of one kind and polarity says less and gives way.
fn yields(old: &Said, new: &Said, apart: usize) -> Option<Gives> {
    let wider = |wide: &Said, narrow: &Said| match wide.kind {
        ClaimKind::Certificate => &*wide.value == "any" && &*narrow.value != "any",
        ClaimKind::Material => is_wider(&wide.value, &narrow.value, apart),
        ClaimKind::Treatment => match &*wide.value {
            "natural" => &*narrow.value == "untreated" && apart <= 8,
            // "Treated, laser drilled" says one thing.
            "enhanced" => !matches!(&*narrow.value, "untreated" | "natural" | "cultured") && apart <= NEAR,
            "fracture_filled" => matches!(&*narrow.value, "polymer_impregnated" | "glass_filled") && apart <= NEAR,
            _ => false,
        },
        ClaimKind::Fineness => {
            wide.bound == Bound::AtLeast && &*wide.value == "990" && narrow.value.starts_with("99") && apart <= NEAR
        }
        ClaimKind::Guarantee => &*wide.value == "return" && narrow.value.starts_with("return_"),
        ClaimKind::Origin => narrow.value.starts_with(&*wide.value) && narrow.value != wide.value,
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Grade | ClaimKind::BannedPhrase => false,
    };
    if wider(new, old) {
        Some(Gives::New)
    } else if wider(old, new) {
        Some(Gives::Old)
    } else {
        None
    }
}

/// Whether the value may give way to another of its kind; [`yields`] says to which.
fn is_wide(kind: ClaimKind, value: &str) -> bool {
    match kind {
        ClaimKind::Certificate => value == "any",
        ClaimKind::Material => matches!(
            value,
            "pearl"
                | "amber"
                | "agate"
                | "alloy"
                | "corundum"
                | "opal"
                | "quartz"
                | "nephrite"
                | "seawater_pearl"
                | "garnet"
                | "diamond"
        ),
        ClaimKind::Treatment => matches!(value, "natural" | "enhanced" | "fracture_filled"),
        ClaimKind::Fineness => value == "990",
        ClaimKind::Guarantee => value == "return",
        ClaimKind::Origin => true,
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Grade | ClaimKind::BannedPhrase => false,
    }
}

/// 珍珠 beside 澳白 says nothing more.
fn is_wider(wide: &str, narrow: &str, apart: usize) -> bool {
    match wide {
        "pearl" => narrow.ends_with("_pearl") && !matches!(narrow, "imitation_pearl" | "shell_pearl"),
        "amber" => matches!(narrow, "beeswax_amber" | "blood_amber" | "blue_amber" | "golden_amber" | "flower_amber"),
        "agate" => narrow == "nanhong_agate",
        "alloy" => narrow.ends_with("_alloy"),
        "opal" => narrow == "assembled_opal",
        "corundum" => matches!(narrow, "sapphire" | "ruby"),
        "quartz" => matches!(
            narrow,
            "amethyst" | "citrine" | "rose_quartz" | "smoky_quartz" | "rutilated_quartz" | "azeztulite"
        ),
        "nephrite" => narrow == "nephrite_jasper",
        "seawater_pearl" => matches!(narrow, "akoya_pearl" | "south_sea_pearl" | "tahitian_pearl"),
        "garnet" => narrow == "tsavorite",
        "diamond" => narrow == "lab_grown_diamond" && apart <= BESIDE,
        _ => false,
    }
}
