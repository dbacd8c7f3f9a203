//! Which part of a piece is spoken of. Where it cannot be told, the claim stays with the piece and says so: 三十分 of a
//! ring with a main stone and side stones is nobody's.

use crate::domain::appraisal::{Declared, DeclaredComponent};
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{ClaimKind, ClaimedValue};
use crate::rulebook::Rulebook;
use crate::spoken::{Part, Said, Unit};

/// Where a claim belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub component: Option<ComponentId>,
    pub ambiguous: bool,
}

impl Place {
    fn of(component: &DeclaredComponent) -> Self {
        Self { component: Some(component.component.clone()), ambiguous: false }
    }

    const PIECE: Place = Place { component: None, ambiguous: false };
    const UNCLEAR: Place = Place { component: None, ambiguous: true };
}

/// So many characters later a material still is what is spoken of.
const REACHES: usize = 60;

/// The parts of a piece, and where in the speech each was named.
pub struct Places<'a> {
    parts: &'a [DeclaredComponent],
    rulebook: &'a Rulebook,
    met: Vec<Met<'a>>,
}

/// A material that was said.
struct Met<'a> {
    at: usize,
    is_metal: bool,
    /// The part that it names; none where it names no declared one.
    part: Option<&'a DeclaredComponent>,
}

impl<'a> Places<'a> {
    pub fn new(declared: &'a Declared, rulebook: &'a Rulebook) -> Self {
        Self { parts: &declared.components, rulebook, met: Vec::new() }
    }

    /// A material is named at this offset.
    pub fn met(&mut self, at: usize, name: &str) {
        let (part, is_metal) = (self.named(name), self.rulebook.is_metal(name));
        self.met.push(Met { at, is_metal, part });
    }

    /// The declared part that a material names: the only one of that material, or the only main one of several.
    fn named(&self, name: &str) -> Option<&'a DeclaredComponent> {
        let is_it = |part: &&DeclaredComponent| {
            part.material.as_ref().is_some_and(|material| self.rulebook.is_one_material(name, material.as_str()))
        };
        only(self.parts.iter().filter(is_it))
            .or_else(|| only(self.parts.iter().filter(is_it).filter(|part| part.role.is_main())))
    }

    fn metals(&self) -> impl Iterator<Item = &'a DeclaredComponent> {
        self.parts.iter().filter(|part| part.role.is_metal())
    }

    fn stones(&self) -> impl Iterator<Item = &'a DeclaredComponent> {
        use crate::domain::appraisal::ComponentRole::{Accessory, Cord, MainStone, Metal, Setting, SideStone};
        self.parts.iter().filter(|part| match part.role {
            MainStone | SideStone => true,
            Metal | Setting | Cord | Accessory => false,
        })
    }

    fn main_stone(&self) -> Option<&'a DeclaredComponent> {
        only(self.stones()).or_else(|| only(self.stones().filter(|part| part.role.is_main())))
    }

    /// The part of the material that was named last before this offset, or right behind it (十八K的翡翠). Metals and
    /// stones each have words of their own, so only the one or the other is looked at.
    fn near(&self, at: usize, metal: bool) -> Option<Option<&'a DeclaredComponent>> {
        let of_kind = || self.met.iter().filter(|met| met.is_metal == metal);
        let before = of_kind().filter(|met| met.at <= at && at - met.at <= REACHES).max_by_key(|met| met.at);
        let behind = || of_kind().filter(|met| at < met.at && met.at - at <= REACHES / 4).min_by_key(|met| met.at);
        before.or_else(behind).map(|met| met.part)
    }

    /// The part that a claim is about.
    pub fn of(&self, said: &Said, start: usize, value: &ClaimedValue, around: &str) -> Place {
        if let Some(part) = said.part.filter(|part| 1 < self.parts.len() && self.can_be(*part, said, value)) {
            return self.of_named(part);
        }
        match said.kind {
            ClaimKind::Certificate | ClaimKind::Guarantee | ClaimKind::BannedPhrase | ClaimKind::Size => Place::PIECE,
            ClaimKind::Material => self.of_material(said.negated, value),
            ClaimKind::Weight => self.of_weight(said, start, around),
            ClaimKind::Fineness => self.of_metal(start),
            ClaimKind::Treatment if is_of_metal(said) => self.of_metal(start),
            ClaimKind::Treatment | ClaimKind::Grade | ClaimKind::Origin => self.of_stone(start),
        }
    }

    /// Whether what is claimed can be of the part that the clause names: in 18K金镶嵌的翡翠 the setting is named, and the
    /// jadeite is not of it.
    fn can_be(&self, part: Part, said: &Said, value: &ClaimedValue) -> bool {
        let is_metal = match (said.kind, value) {
            (ClaimKind::Material, ClaimedValue::Name { name }) => self.rulebook.is_metal(name.as_str()),
            (ClaimKind::Treatment, _) => is_of_metal(said),
            (kind, _) => kind == ClaimKind::Fineness,
        };
        match (part, said.kind) {
            (_, ClaimKind::Size | ClaimKind::Certificate | ClaimKind::Guarantee | ClaimKind::BannedPhrase) => false,
            (Part::MainStone | Part::SideStone, _) => !is_metal,
            (Part::Setting, kind) => is_metal || kind == ClaimKind::Weight,
            // A weight with its cord or chain is the piece's.
            (Part::Cord | Part::Chain | Part::Clasp, kind) => {
                matches!(kind, ClaimKind::Material | ClaimKind::Fineness | ClaimKind::Treatment)
            }
        }
    }

    /// The clause names the part: 主石, 扣头.
    fn of_named(&self, part: Part) -> Place {
        use crate::domain::appraisal::ComponentRole::{Accessory, Cord, MainStone, SideStone};
        let of = |role| only(self.parts.iter().filter(|part| part.role == role));
        let found = match part {
            Part::MainStone => of(MainStone),
            Part::SideStone => of(SideStone),
            Part::Setting => only(self.metals()),
            Part::Cord => of(Cord),
            Part::Chain | Part::Clasp => of(Accessory),
        };
        found.map_or(Place::UNCLEAR, Place::of)
    }

    fn of_material(&self, negated: bool, value: &ClaimedValue) -> Place {
        let ClaimedValue::Name { name } = value else { return Place::PIECE };
        if let Some(part) = self.named(name.as_str()) {
            return Place::of(part);
        }
        if let [only] = self.parts {
            return Place::of(only);
        }
        if negated {
            return Place::UNCLEAR;
        }
        let part = if self.rulebook.is_metal(name.as_str()) { only(self.metals()) } else { self.main_stone() };
        // A part whose own material was said is that; the other name is of something that was not declared.
        let is_told = |part: &DeclaredComponent| {
            self.met.iter().filter_map(|met| met.part).any(|met| met.component == part.component)
        };
        part.filter(|part| !is_told(part)).map_or(Place::UNCLEAR, Place::of)
    }

    fn of_metal(&self, start: usize) -> Place {
        if let Some(Some(part)) = self.near(start, true) {
            return Place::of(part);
        }
        // A metal may stand as the main part of a piece that has no other: a gold bar, a chain.
        only(self.metals()).or_else(|| only(self.parts.iter())).map_or(Place::UNCLEAR, Place::of)
    }

    fn of_stone(&self, start: usize) -> Place {
        match self.near(start, false) {
            Some(Some(part)) => Place::of(part),
            // The material that was just named is none of the declared ones.
            Some(None) if 1 < self.parts.len() => Place::UNCLEAR,
            Some(None) | None => {
                only(self.parts.iter()).or_else(|| self.main_stone()).map_or(Place::UNCLEAR, Place::of)
            }
        }
    }

    /// Carats and points are of a stone; grams are of the whole, unless they are said of the metal alone.
    fn of_weight(&self, said: &Said, start: usize, around: &str) -> Place {
        if 1 < self.parts.len() && ["净金重", "金重", "金净重", "净银重"].iter().any(|word| around.contains(word))
        {
            return only(self.metals()).map_or(Place::UNCLEAR, Place::of);
        }
        if said.unit != Some(Unit::Carat) || self.parts.len() <= 1 {
            return Place::PIECE;
        }
        let has = |words: &[&str]| words.iter().any(|word| around.contains(word));
        let (main, side) = (has(&["主石", "主钻"]), has(&["副石", "副钻", "配钻", "配石", "小钻", "碎钻"]));
        let role_is_main = |wanted: bool| only(self.stones().filter(|part| part.role.is_main() == wanted));
        match (main, side) {
            (true, false) => return role_is_main(true).map_or(Place::UNCLEAR, Place::of),
            (false, true) => return role_is_main(false).map_or(Place::UNCLEAR, Place::of),
            (true, true) | (false, false) => {}
        }
        if let Some(stone) = only(self.stones()) {
            return Place::of(stone);
        }
        // Of several stones it is the one that was just named, where a name is told apart from the others' at all.
        match self.near(start, false) {
            Some(Some(part)) if self.is_alone(part) => Place::of(part),
            Some(_) | None => Place::UNCLEAR,
        }
    }

    /// Whether no other part is of the same material.
    fn is_alone(&self, part: &DeclaredComponent) -> bool {
        let Some(material) = &part.material else { return false };
        self.parts
            .iter()
            .filter(|other| other.component != part.component)
            .filter_map(|other| other.material.as_ref())
            .all(|other| !self.rulebook.is_one_material(material.as_str(), other.as_str()))
    }
}

/// Treatments of a metal's surface.
fn is_of_metal(said: &Said) -> bool {
    matches!(&*said.value, "plated" | "gold_clad" | "gold_filled" | "silver_clad")
}

/// The only one, if there is only one.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    match all.next() {
        None => Some(first),
        Some(_) => None,
    }
}
