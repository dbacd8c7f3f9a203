//! Speech that is flagged, beside the finding (`rulebook.md`, "Speech that is flagged"; `speech.csv`).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::case::{Case, Found};
use super::editions::Files;
use super::{Unreadable, rows};
use crate::domain::appraisal::ComponentRole;
use crate::domain::ledger::{Claim, ClaimKind, ClaimSource, ClaimedValue, Finding};

#[derive(Clone, Debug, Deserialize)]
struct SpeechRow {
    word: String,
    rule: String,
}

/// The words that breach a rule of speech.
#[derive(Clone, Debug, Default)]
pub struct Speech(Vec<SpeechRow>);

impl Speech {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let Some(text) = files.optional("speech.csv") else { return Ok(Self::default()) };
        let mut words: Vec<SpeechRow> = rows("speech.csv", text)?;
        for row in &mut words {
            row.word = row.word.to_lowercase();
        }
        Ok(Self(words))
    }

    /// The rules that these words breach, whatever they are said of.
    pub fn breaches(&self, words: &str) -> BTreeSet<&str> {
        let words = words.to_lowercase();
        self.0.iter().filter(|row| words.contains(&row.word)).map(|row| row.rule.as_str()).collect()
    }
}

impl<'a> Case<'a> {
    /// The rules of speech that a claim breaches, given what is found of it.
    pub fn flags(&self, claim: &'a Claim, found: &Found) -> BTreeSet<String> {
        let word = match &claim.value {
            ClaimedValue::Name { name } => name.as_str(),
            ClaimedValue::Weight { .. }
            | ClaimedValue::TradeWeight { .. }
            | ClaimedValue::Size { .. }
            | ClaimedValue::Fineness { .. }
            | ClaimedValue::Certificate { .. } => "",
        };
        if claim.negated {
            return BTreeSet::new();
        }
        let mut flags: BTreeSet<_> = match claim.kind {
            ClaimKind::BannedPhrase | ClaimKind::Material => {
                self.tables.speech.breaches(word).into_iter().map(str::to_owned).collect()
            }
            ClaimKind::Treatment
            | ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Grade
            | ClaimKind::Origin
            | ClaimKind::Certificate
            | ClaimKind::Guarantee => BTreeSet::new(),
        };
        let mut flag = |rule: &str, is: bool| {
            if is {
                flags.insert(rule.to_owned());
            }
        };
        flag("signed_level", self.is_above_level(claim));
        flag("treated_as_natural", self.is_treated_as_natural(claim, found));
        flag("dyed_agate_as_dzi", self.is_dyed_agate_as_dzi(claim));
        flag("rough_promises", self.is_promise_on_rough(claim));
        flag("net_gold", self.breaks_net_gold(claim));
        flags
    }

    /// 假一赔N above the level that the merchant signed.
    pub fn is_above_level(&self, claim: &Claim) -> bool {
        let ClaimedValue::Name { name } = &claim.value else { return false };
        let Some(level) = name.as_str().strip_prefix("fake_pay_").or_else(|| name.as_str().strip_prefix("假一赔"))
        else {
            return false;
        };
        claim.kind == ClaimKind::Guarantee
            && match level {
                "life" | "命" => true,
                level => numeral(level).is_some_and(|level| i64::from(self.order.guarantee_level) < level),
            }
    }

    /// Natural or untreated was said, and it is not.
    fn is_treated_as_natural(&self, claim: &Claim, found: &Found) -> bool {
        let says_natural = match (&claim.value, claim.kind) {
            (ClaimedValue::Name { .. }, ClaimKind::Treatment) => {
                let said = self.tables.names.treatments(&self.said(claim));
                said.untreated || said.unenhanced
            }
            (ClaimedValue::Name { .. }, ClaimKind::Material) => {
                self.tables.names.named_treatments(&self.said(claim)).untreated
            }
            _ => false, // No other claim says natural.
        };
        says_natural && found.finding == Finding::Contradicted
    }

    fn is_dyed_agate_as_dzi(&self, claim: &'a Claim) -> bool {
        if claim.kind != ClaimKind::Material || !self.said(claim).contains("天珠") {
            return false;
        }
        self.examined(claim).is_some_and(|found| {
            let base = found.material.as_ref().map(|name| self.tables.names.base(name.as_str()));
            let is_agate = base.is_some_and(|base| matches!(base.as_str(), "玛瑙" | "玉髓" | "天珠"));
            is_agate && !self.treatments_of(found).treatments.is_empty()
        })
    }

    /// 种水 and colour promised of a rough that nobody has polished.
    fn is_promise_on_rough(&self, claim: &Claim) -> bool {
        let ClaimedValue::Name { name } = &claim.value else { return false };
        let names = &self.tables.names;
        let is_rough = self.claims.iter().any(|other| match &other.value {
            ClaimedValue::Name { name } => {
                other.kind == ClaimKind::Grade && names.term("rough", name.as_str()).is_some()
            }
            _ => false, // Only a grade says that it is rough.
        });
        let is_promise = names.term("transparency", name.as_str()).is_some()
            || name.as_str().starts_with("colour_")
            || names.not_testable(name.as_str()).iter().any(|(_, kind)| *kind == ClaimKind::Grade);
        let is_definite = match claim.bound {
            crate::domain::ledger::Bound::Exactly => true,
            crate::domain::ledger::Bound::About
            | crate::domain::ledger::Bound::AtLeast
            | crate::domain::ledger::Bound::AtMost
            | crate::domain::ledger::Bound::Range => false,
        };
        claim.kind == ClaimKind::Grade && is_rough && is_promise && is_definite
    }

    /// A listing of pure gold with other parts must state its net weight, one of K gold must not.
    fn breaks_net_gold(&self, claim: &Claim) -> bool {
        let parts = &self.piece.opened().declared.components;
        let Some(part) = claim.component.as_ref().and_then(|id| parts.iter().find(|part| part.component == *id)) else {
            return false;
        };
        let is_listed =
            claim.source == ClaimSource::Listed && claim.kind == ClaimKind::Material && part.role.is_metal();
        let others = parts.iter().any(|other| match other.role {
            ComponentRole::MainStone | ComponentRole::SideStone | ComponentRole::Accessory | ComponentRole::Cord => {
                true
            }
            ComponentRole::Metal | ComponentRole::Setting => false,
        });
        if !is_listed || !others {
            return false;
        }
        let is_gold = |name: super::names::MetalName| name.metal == super::names::Metal::Gold;
        let Some(gold) = self.tables.names.metal(&self.said(claim)).filter(|name| is_gold(*name)) else { return false };
        let stated = part.weight.as_ref().is_some_and(|weight| weight.includes.is_empty());
        match gold.least_ppm.or(part.fineness_ppm.map(|fineness| fineness.0)) {
            Some(ppm) if super::PURE_PPM <= ppm => !stated,
            Some(_) => stated,
            None => false,
        }
    }
}

/// A small number in digits or in Chinese: 十, 三, 10.
fn numeral(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let digit =
        |c: char| "零一二三四五六七八九".chars().position(|known| known == c).and_then(|at| i64::try_from(at).ok());
    match text.chars().collect::<Vec<_>>().as_slice() {
        ['十'] => Some(10),
        ['百'] => Some(100),
        ['十', unit] => Some(10 + digit(*unit)?),
        [ten, '十'] => Some(digit(*ten)? * 10),
        [one] => digit(*one),
        _ => None, // A sentence, not a number.
    }
}

#[cfg(test)]
mod tests;
