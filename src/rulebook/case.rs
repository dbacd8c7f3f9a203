//! One ledger's worth of comparing: the rules beside the piece, its order, its claims and its appraisal; and what comes
//! of comparing one claim.

use super::Tables;
use super::names::canonical;
use super::reasons::{Arg, Reason, Why};
use super::severity::Difference;
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentRole, ComponentState};
use crate::domain::event::OrderPlaced;
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Claim, ClaimKind, ClaimedValue, Finding};
use crate::domain::piece::Piece;

/// In which unit numbers were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Micrograms.
    Mass,
    /// Micrometres.
    Length,
    /// Parts per million.
    Fineness,
}

/// The numbers that were compared, in whole units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub quantity: Quantity,
    pub said: i64,
    /// Every reading, in order; their mean decides.
    pub measured: Vec<i64>,
    /// The least and the greatest mean that agree with what was said.
    pub low: Option<i64>,
    pub high: Option<i64>,
}

/// What comes of comparing one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub finding: Finding,
    pub reason: Reason,
    pub compared: Option<Compared>,
    /// How far apart, where the two differ.
    pub difference: Option<Difference>,
    /// It cannot be told by these instruments: the verdict stays open whatever the claim is about.
    pub undetermined: bool,
    /// The measurement lies at a limit and is to be repeated.
    pub repeat: bool,
}

impl Found {
    pub fn new<const N: usize>(finding: Finding, why: Why, args: [(&'static str, String); N]) -> Self {
        let reason = Reason::new(why, args);
        Self { finding, reason, compared: None, difference: None, undetermined: false, repeat: false }
    }

    pub fn by(mut self, difference: Difference) -> Self {
        self.difference = Some(difference);
        self
    }

    pub fn comparing(mut self, compared: Compared) -> Self {
        self.compared = Some(compared);
        self
    }

    /// The graver of two.
    pub fn worse(self, other: Found) -> Found {
        if self.finding.milder_than(other.finding) { other } else { self }
    }

    /// What is doubtful is put to the inspector: it contradicts nothing by itself.
    pub fn doubtful(self) -> Found {
        let reason = Reason { why: Why::Doubtful, args: Vec::new() }.with("reason", Arg::Reason(Box::new(self.reason)));
        Found { finding: Finding::NotTested, reason, ..self }
    }
}

/// The rules beside what they are asked of.
pub struct Case<'a> {
    pub tables: &'a Tables,
    pub piece: &'a Piece,
    pub order: &'a OrderPlaced,
    pub claims: &'a [Claim],
    pub appraisal: &'a Appraisal,
}

impl<'a> Case<'a> {
    /// What is said of the whole piece decides, but for its weight, which does where the price follows it.
    pub fn is_main(&self, claim: &Claim) -> bool {
        match (&claim.component, claim.kind) {
            (Some(component), _) => self.piece.is_main(component),
            (None, ClaimKind::Weight) => self.piece.sold_by_weight(),
            // Said of a part that nobody can name, it decides nothing alone.
            (None, _) => !claim.ambiguous,
        }
    }

    /// The weight of a piece at a fixed price, or of a stone set in metal, is disclosed where it could not be had
    /// (`journey.md`, "What must hold before a piece leaves").
    pub fn is_essential(&self, claim: &Claim) -> bool {
        let parts = &self.piece.opened().declared.components;
        let is_set = claim.component.as_ref().is_some_and(|component| {
            parts.iter().any(|part| part.component == *component && !part.role.is_metal())
                && parts.iter().any(|part| part.role.is_metal())
        });
        claim.kind.is_essential() && (claim.kind != ClaimKind::Weight || (self.piece.sold_by_weight() && !is_set))
    }

    /// The name that a claim says, by the trade's own word for it.
    pub fn said(&self, claim: &Claim) -> String {
        match &claim.value {
            ClaimedValue::Name { name } => self.tables.names.resolve(claim.kind.as_str(), name.as_str()),
            ClaimedValue::Weight { weight, .. } => format!("{} g", weight.mass.grams()),
            ClaimedValue::TradeWeight { unit, amount_millionths, .. } => {
                format!("{}{}", crate::domain::quantity::decimal(*amount_millionths, 6, 0), unit.as_str())
            }
            ClaimedValue::Size { name, .. } => name.to_string(),
            ClaimedValue::Fineness { fineness_ppm } => format!("{}‰", fineness_ppm.per_mille()),
            ClaimedValue::Certificate { body, .. } => body.to_string(),
        }
    }

    /// The component that a claim is about: the one it names; else the only one that it can be about.
    pub fn subject(&self, claim: &'a Claim) -> Option<&'a ComponentId> {
        if let Some(component) = &claim.component {
            return Some(component);
        }
        let is_metal = match (&claim.value, claim.kind) {
            (ClaimedValue::Fineness { .. }, _) => true,
            (ClaimedValue::Name { .. }, ClaimKind::Material) => self.tables.names.metal(&self.said(claim)).is_some(),
            _ => false, // Of a stone, or of the piece.
        };
        let only = |fits: &dyn Fn(ComponentRole) -> bool| {
            let mut main = self.piece.opened().declared.components.iter().filter(|part| fits(part.role));
            match (main.next(), main.next()) {
                (Some(only), None) => self.appraisal.component(&only.component).map(|found| &found.component),
                (Some(_), Some(_)) | (None, _) => None,
            }
        };
        let by_kind = match (is_metal, claim.kind) {
            (true, _) => only(&|role| role.is_metal()),
            (false, ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Grade) => {
                only(&|role| role == ComponentRole::MainStone)
            }
            (false, _) => None,
        };
        by_kind.or_else(|| only(&ComponentRole::is_main))
    }

    /// The subject as the bench examined it.
    pub fn examined(&self, claim: &'a Claim) -> Option<&'a ComponentResult> {
        self.appraisal.component(self.subject(claim)?).filter(|found| is_examined(found))
    }

    /// What the merchant declared of a part.
    pub fn declared_material(&self, component: &ComponentId) -> Option<&'a str> {
        let parts = &self.piece.opened().declared.components;
        parts.iter().find(|part| part.component == *component)?.material.as_ref().map(|name| name.as_str())
    }

    /// Whether some claim says this of the piece or one of its parts.
    pub fn claims_word(&self, kind: ClaimKind, word: &str) -> bool {
        self.claims
            .iter()
            .any(|claim| claim.kind == kind && !claim.negated && canonical(&self.said(claim)) == canonical(word))
    }
}

/// Whether a part has a conclusion.
pub fn is_examined(found: &ComponentResult) -> bool {
    match found.state {
        ComponentState::Examined => true,
        ComponentState::NotExamined | ComponentState::CannotBeDetermined => false,
    }
}
