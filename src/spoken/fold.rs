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
    /// The number that the value is, of a kind that has one, as figures and how many of them stand behind the point.
    number: Option<(i128, u32)>,
    /// Its fineness is that of an alloy of gold.
    alloy: bool,
    strength: u8,
    implied: bool,
    apart: bool,
    word: Option<u32>,
}

/// Where a claim stands in its row.
#[derive(Debug)]
struct Place {
    start: usize,
    /// Two claims that say the same have the same.
    print: u64,
    /// Another claim may say the same and more.
    wide: bool,
    /// None where it was taken back, or has moved to the end of the row.
    claim: Option<Open>,
}

/// Claims that a later word may still change.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// By kind, each row in the order of the text: only claims of one kind are the same or say less.
    open: [VecDeque<Place>; ClaimKind::ALL.len()],
    /// The rows of all places, in the order of the text.
    order: VecDeque<ClaimKind>,
    turns: VecDeque<usize>,
    pub(super) steps: usize,
}

impl Fold {
    pub(super) fn turn(&mut self, at: usize) {
        self.turns.push_back(at);
    }

    /// Takes the next mention, with its place in the whole text.
    pub(super) fn add(&mut self, mention: Mention, start: usize, end: usize, english: bool) {
        let number = number(&mention);
        let mut new = Open {
            number: number.map(|number| number.normalize()).map(|number| (number.mantissa(), number.scale())),
            alloy: mention.kind == ClaimKind::Fineness
                && number.is_some_and(|number| number < Decimal::from(950) && number != Decimal::from(925)),
            strength: mention.strength,
            implied: mention.implied,
            apart: mention.apart,
            word: mention.word,
            said: said(mention, start, end),
        };
        if new.said.kind == ClaimKind::Material {
            self.name_the_gold(&mut new, english);
        }
        let kind = new.said.kind;
        let Some(row) = self.open.get_mut(kind as usize) else { return };
        let says_more = gives_way(kind);
        let wide = says_more && is_wide(kind, &new.said.value);
        let print = print(&new);
        for place in row.iter_mut().rev() {
            self.steps += 1;
            if HORIZON < start.saturating_sub(place.start) {
                break;
            }
            if place.print != print && !wide && !place.wide {
                continue;
            }
            let Some(old) = &mut place.claim else { continue };
            if is_same(old, &new) {
                if old.said.negated == new.said.negated {
                    if merge(old, new) {
                        let moved = Place { start, claim: place.claim.take(), ..*place };
                        row.push_back(moved);
                        self.order.push_back(kind);
                    }
                    return;
                }
                // 九K，不是十四K: another alloy of the same metal.
                if new.said.negated && new.implied && is_alloy(&new) {
                    return;
                }
                if old.said.negated && old.implied && is_alloy(old) {
                    place.claim = None;
                    continue;
                }
                // 银针的，不是纯银耳钉: another word for silver does not take back the first.
                let one_word = old.word == new.word || kind != ClaimKind::Material;
                let topical = new.said.negated
                    && one_word
                    && old.strength == 0
                    && is_substance(kind)
                    && start.abs_diff(old.said.start) <= 2 * NEAR;
                if topical || self.turns.iter().any(|turn| old.said.start <= *turn && *turn <= start) {
                    place.claim = None;
                } else if old.said.negated
                    && new.strength == 0
                    && (is_substance(kind) || kind == ClaimKind::Origin)
                    && start.abs_diff(old.said.start) <= NEAR
                {
                    // 不是足银，足银太软了: the second speaks of 足银, not of the piece.
                    return;
                }
                continue;
            }
            if old.said.negated || new.said.negated || !wide && !place.wide {
                continue;
            }
            match yields(&old.said, &new.said, end.abs_diff(old.said.start)) {
                Some(Gives::New) => {
                    old.said.again.push((start, end));
                    return;
                }
                Some(Gives::Old) => {
                    new.said.again.push((old.said.start, old.said.end));
                    place.claim = None;
                }
                None => {}
            }
        }
        row.push_back(Place { start, print, wide, claim: Some(new) });
        self.order.push_back(kind);
    }

    /// "Gold" beside a karat is the alloy.
    fn name_the_gold(&mut self, new: &mut Open, english: bool) {
        let start = new.said.start;
        let near = |place: &Place| start.saturating_sub(place.start) <= HORIZON;
        if english && &*new.said.value == "gold" {
            let finenesses = self.open.get(ClaimKind::Fineness as usize);
            let alloy = |open: &Open| !open.said.negated && open.alloy;
            let said = |row: &VecDeque<Place>| {
                let places = row.iter().rev().take_while(|place| near(place));
                places.filter_map(|place| place.claim.as_ref()).any(alloy)
            };
            if finenesses.is_some_and(said) {
                new.said.value = "k_gold".into();
            }
        } else if english
            && new.implied
            && &*new.said.value == "k_gold"
            && let Some(materials) = self.open.get_mut(ClaimKind::Material as usize)
        {
            for place in materials.iter_mut().rev().take_while(|place| near(place)) {
                let Some(open) = &mut place.claim else { continue };
                if &*open.said.value == "gold" && !open.said.negated {
                    open.said.value = new.said.value.clone();
                    place.print = print(open);
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

    /// Moves out what stands before `until`, in the order of the text, and of its kinds where several begin and end
    /// together.
    fn give(&mut self, until: usize, out: &mut Vec<Said>) {
        let first = out.len();
        while let Some(kind) = self.order.front()
            && let Some(row) = self.open.get_mut(*kind as usize)
            && let Some(place) = row.pop_front_if(|place| place.start < until)
        {
            self.order.pop_front();
            let Some(claim) = place.claim else { continue };
            let rank = |said: &Said| (said.start, said.end, said.kind as usize);
            let rank_of_last = rank(&claim.said);
            out.push(claim.said);
            let given = out.get_mut(first..).unwrap_or_default();
            let behind = given.iter().rev().skip(1).take_while(|said| rank_of_last < rank(said)).count();
            if let Some(behind) = given.len().checked_sub(behind + 1).and_then(|at| given.get_mut(at..)) {
                behind.rotate_right(1);
            }
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

/// What tells most claims of a kind apart at once: figures, or how the value begins and ends.
fn print(open: &Open) -> u64 {
    let value = open.said.value.as_bytes();
    match (open.number, value.first_chunk(), value.last_chunk()) {
        (Some((figures, behind)), ..) => figures as u64 ^ u64::from(behind) << 56,
        (None, Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(7),
        (None, ..) => value.iter().fold(0, |print, byte| print << 8 | u64::from(*byte)),
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
    let plainer =
        old.said.certainty < new.said.certainty && matches!(old.said.kind, ClaimKind::Material | ClaimKind::Origin);
    let stronger = (1 < new.strength && old.strength < new.strength) || (old.implied && !new.implied);
    let moves = plainer || stronger && old.said.kind != ClaimKind::Grade && is_substance(old.said.kind);
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

fn is_alloy(open: &Open) -> bool {
    open.said.kind == ClaimKind::Material && &*open.said.value == "k_gold"
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
