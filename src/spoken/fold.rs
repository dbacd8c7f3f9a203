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
    open: VecDeque<Open>,
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
        let near = |open: &Open| start.saturating_sub(open.said.start) <= HORIZON;
        let turned = |from: usize, turns: &VecDeque<usize>| turns.iter().any(|at| from <= *at && *at <= start);
        let mut index = self.open.len();
        while let Some(at) = index.checked_sub(1) {
            index = at;
            self.steps += 1;
            let Some(old) = self.open.get_mut(at) else { continue };
            if !near(old) {
                break;
            }
            if old.said.kind != new.said.kind {
                continue;
            }
            if old.key == new.key && old.said.unit == new.said.unit {
                if old.said.negated == new.said.negated {
                    merge(old, new);
                    return;
                }
                let topical = new.said.negated
                    && old.strength == 0
                    && is_substance(new.said.kind)
                    && start.abs_diff(old.said.start) <= 2 * NEAR;
                if topical || turned(old.said.start, &self.turns) {
                    self.open.remove(at);
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
                    let old = self.open.remove(at);
                    new.said.again.extend(old.map(|old| (old.said.start, old.said.end)));
                }
                None => {}
            }
        }
        let place = self.open.iter().rposition(|open| open.said.start <= start).map_or(0, |at| at + 1);
        self.open.insert(place, new);
    }

    /// "Gold" beside a karat is the alloy.
    fn name_the_gold(&mut self, new: &mut Open, english: bool) {
        let alloy = |said: &Said| {
            said.kind == ClaimKind::Fineness
                && !said.negated
                && said.value.parse().is_ok_and(|value: Decimal| value < Decimal::from(950))
        };
        let start = new.said.start;
        let near = |open: &&mut Open| start.saturating_sub(open.said.start) <= HORIZON;
        if english && new.said.kind == ClaimKind::Material && new.said.value == "gold" {
            if self.open.iter_mut().filter(near).any(|open| alloy(&open.said) && open.said.value != "925") {
                new.said.value = "k_gold".to_owned();
                new.key = "k_gold".into();
            }
        } else if new.said.kind == ClaimKind::Material && &*new.key == "k_gold" && new.implied {
            for open in self.open.iter_mut().filter(near) {
                if open.said.kind == ClaimKind::Material && &*open.key == "gold" && !open.said.negated {
                    open.said.value = "k_gold".to_owned();
                    open.key = "k_gold".into();
                }
            }
        }
    }

    /// The claims that nothing before `until` can change any more.
    pub(super) fn settled(&mut self, until: usize, out: &mut Vec<Said>) {
        while self.open.front().is_some_and(|open| open.said.start + 2 * HORIZON < until) {
            out.extend(self.open.pop_front().map(|open| open.said));
        }
        while self.turns.front().is_some_and(|at| at + 2 * HORIZON < until) {
            self.turns.pop_front();
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<Said>) {
        out.extend(self.open.drain(..).map(|open| open.said));
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

fn merge(old: &mut Open, new: Open) {
    let stronger = (1 < new.strength && old.strength < new.strength) || (old.implied && !new.implied);
    if stronger && old.said.kind != ClaimKind::Grade && is_substance(old.said.kind) {
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
