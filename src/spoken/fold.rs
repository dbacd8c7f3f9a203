//! Mentions to claims: what was said twice counts once, at its strongest; what says less gives way to what says more.

use std::collections::VecDeque;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::Said;
use super::mention::Mention;
use crate::domain::ledger::{Bound, ClaimKind};

/// How far apart, in scalar values, two mentions may stand to be the same thing said twice: some two minutes of speech.
const HORIZON: usize = 480;
/// How near a bare 足金 and its stamp, or 天然 and A货, belong together.
const NEAR: usize = 60;

#[derive(Debug)]
struct Open {
    said: Said,
    key: Arc<str>,
    strength: u8,
    implied: bool,
}

/// Claims that a later word may still change.
#[derive(Debug, Default)]
pub(super) struct Fold {
    /// By kind, each in the order of the text.
    open: [VecDeque<Open>; ClaimKind::ALL.len()],
    turns: VecDeque<usize>,
    pub(super) steps: usize,
}

impl Fold {
    pub(super) fn turn(&mut self, at: usize) {
        self.turns.push_back(at);
    }

    /// Takes the next mention, with its place in the whole text.
    pub(super) fn add(&mut self, mention: &Mention, start: usize, end: usize, english: bool) {
        let mut new = Open {
            key: key(mention),
            strength: mention.strength,
            implied: mention.implied,
            said: said(mention, start, end),
        };
        self.name_the_gold(&mut new, english);
        let Some(open) = self.open.get_mut(new.said.kind as usize) else { return };
        let turned = |from: usize| self.turns.iter().any(|at| from <= *at && *at <= start);
        let mut index = open.len();
        while let Some(at) = index.checked_sub(1) {
            index = at;
            self.steps += 1;
            let Some(old) = open.get_mut(at) else { continue };
            if HORIZON < start.saturating_sub(old.said.start) {
                break;
            }
            if old.key == new.key && old.said.unit == new.said.unit {
                if old.said.negated == new.said.negated {
                    // A span that moves to the stronger mention moves to the end of the row.
                    if merge(old, new)
                        && let Some(moved) = open.remove(at)
                    {
                        open.push_back(moved);
                    }
                    return;
                }
                let topical = new.said.negated
                    && old.strength == 0
                    && is_substance(new.said.kind)
                    && start.abs_diff(old.said.start) <= 2 * NEAR;
                if topical || turned(old.said.start) {
                    open.remove(at);
                } else if old.said.negated && new.strength == 0 && is_substance(new.said.kind) {
                    // 不是足银，足银太软了: the second speaks of 足银, not of the piece.
                    return;
                }
                continue;
            }
            if old.said.negated != new.said.negated {
                continue;
            }
            match yields(&old.said, &new.said, end.abs_diff(old.said.start)) {
                Some(Gives::New) => {
                    old.said.again.push((start, end));
                    return;
                }
                Some(Gives::Old) => {
                    let old = open.remove(at);
                    new.said.again.extend(old.map(|old| (old.said.start, old.said.end)));
                }
                None => {}
            }
        }
        open.push_back(new);
    }

    /// "Gold" beside a karat is the alloy.
    fn name_the_gold(&mut self, new: &mut Open, english: bool) {
        let alloy = |said: &Said| {
            !said.negated
                && said.value != "925"
                && said.value.parse().is_ok_and(|value: Decimal| value < Decimal::from(950))
        };
        if new.said.kind != ClaimKind::Material {
            return;
        }
        let start = new.said.start;
        let near = |open: &Open| start.saturating_sub(open.said.start) <= HORIZON;
        if english && new.said.value == "gold" {
            let row = self.open.get(ClaimKind::Fineness as usize);
            if row.is_some_and(|row| row.iter().rev().take_while(|open| near(open)).any(|open| alloy(&open.said))) {
                new.said.value = "k_gold".to_owned();
                new.key = "k_gold".into();
            }
        } else if &*new.key == "k_gold"
            && new.implied
            && let Some(row) = self.open.get_mut(ClaimKind::Material as usize)
        {
            for open in row.iter_mut().rev().take_while(|open| near(open)) {
                if &*open.key == "gold" && !open.said.negated {
                    open.said.value = "k_gold".to_owned();
                    open.key = "k_gold".into();
                }
            }
        }
    }

    /// The claims that nothing before `until` can change any more, in the order of the text.
    pub(super) fn settled(&mut self, until: usize, out: &mut Vec<Said>) {
        let from = out.len();
        for row in &mut self.open {
            while row.front().is_some_and(|open| open.said.start + 2 * HORIZON < until) {
                out.extend(row.pop_front().map(|open| open.said));
            }
        }
        sort(out, from);
        while self.turns.front().is_some_and(|at| at + 2 * HORIZON < until) {
            self.turns.pop_front();
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<Said>) {
        let from = out.len();
        for row in &mut self.open {
            out.extend(row.drain(..).map(|open| open.said));
        }
        sort(out, from);
    }
}

fn sort(claims: &mut [Said], from: usize) {
    if let Some(claims) = claims.get_mut(from..) {
        claims.sort_by_key(|said| (said.start, said.end, said.kind));
    }
}

fn said(mention: &Mention, start: usize, end: usize) -> Said {
    let (min, max) = match mention.limits {
        Some((min, max)) => (Some(min), Some(max)),
        None => (None, None),
    };
    Said {
        kind: mention.kind,
        start,
        end,
        value: mention.value.to_string(),
        unit: mention.unit,
        bound: mention.bound,
        min,
        max,
        negated: mention.negated,
        certainty: mention.certainty,
        part: mention.part,
        again: Vec::new(),
    }
}

/// What two mentions must share to be the same.
fn key(mention: &Mention) -> Arc<str> {
    if mention.limits.is_some() {
        return mention.value.clone();
    }
    match mention.kind {
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Fineness => match mention.value.parse::<Decimal>() {
            Ok(value) => value.normalize().to_string().into(),
            Err(_) => mention.value.clone(),
        },
        _ => mention.value.clone(),
    }
}

/// Folds the second mention into the first; whether the span moved to the second.
fn merge(old: &mut Open, new: Open) -> bool {
    let stronger = (1 < new.strength && old.strength < new.strength) || (old.implied && !new.implied);
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

/// Which of two claims of one kind and polarity says less and gives way.
fn yields(old: &Said, new: &Said, apart: usize) -> Option<Gives> {
    let wider = |wide: &Said, narrow: &Said| match wide.kind {
        ClaimKind::Certificate => wide.value == "any" && narrow.value != "any",
        ClaimKind::Material => is_wider(&wide.value, &narrow.value),
        ClaimKind::Treatment => match wide.value.as_str() {
            "natural" => narrow.value == "untreated" && apart <= 8,
            "fracture_filled" => {
                matches!(narrow.value.as_str(), "polymer_impregnated" | "glass_filled") && apart <= NEAR
            }
            _ => false,
        },
        ClaimKind::Fineness => {
            wide.bound == Bound::AtLeast && wide.value == "990" && narrow.value.starts_with("99") && apart <= NEAR
        }
        ClaimKind::Guarantee => wide.value == "return" && narrow.value.starts_with("return_"),
        ClaimKind::Origin => narrow.value.starts_with(&wide.value) && narrow.value != wide.value,
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Grade | ClaimKind::BannedPhrase => false,
    };
    if new.negated {
        return None;
    }
    if wider(new, old) {
        Some(Gives::New)
    } else if wider(old, new) {
        Some(Gives::Old)
    } else {
        None
    }
}

/// 珍珠 beside 澳白 says nothing more.
fn is_wider(wide: &str, narrow: &str) -> bool {
    match wide {
        "pearl" => narrow.ends_with("_pearl") && !matches!(narrow, "imitation_pearl" | "shell_pearl"),
        "amber" => matches!(narrow, "beeswax_amber" | "blood_amber" | "blue_amber" | "golden_amber" | "flower_amber"),
        "agate" => narrow == "nanhong_agate",
        "quartz" => matches!(
            narrow,
            "amethyst" | "citrine" | "rose_quartz" | "smoky_quartz" | "rutilated_quartz" | "azeztulite"
        ),
        "nephrite" => narrow == "nephrite_jasper",
        "seawater_pearl" => matches!(narrow, "akoya_pearl" | "south_sea_pearl" | "tahitian_pearl"),
        "garnet" => narrow == "tsavorite",
        _ => false,
    }
}
