//! What was concluded: the columns of conclusion, weight and remark as an appraisal.
//!
//! A conclusion names one thing. It is the main stone's unless the listing names another part that it fits and the main
//! stone not: 沉香 listed, 和田玉 concluded and a bead of 和田玉 declared is the bead's, and the wood was not examined.

use std::collections::BTreeSet;

use super::BadRow;
use super::columns::{Column, Row};
use super::listing::{component_id, name};
use super::remark::{Remark, remarks};
use super::weight;
use crate::domain::appraisal::{
    Appraisal, ComponentResult, ComponentRole, ComponentState, Declared, DeclaredComponent,
};
use crate::domain::ids::ComponentId;
use crate::domain::quantity::{Mass, Weighing};
use crate::domain::text::Name;
use crate::rulebook::Rulebook;

/// What a row concludes.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// Where nothing was weighed its weight is zero, and no claim of weight may be held against it.
    pub appraisal: Appraisal,
    pub is_weighed: bool,
    /// Whether anything was concluded at all.
    pub is_concluded: bool,
    pub has_metal: bool,
    /// 颜色成因未定 and its like, in the remark.
    pub colour_open: Option<Name>,
    pub treatment: Option<Name>,
    pub not_examined: bool,
    pub metal_not_measured: bool,
    pub only_of_a_part: bool,
}

/// Reads the conclusion. `claims_natural` says whether anything was claimed that an open colour leaves open: it is a
/// finding there, and a remark elsewhere (`rulebook.md`, "What a real warehouse's export teaches").
pub fn conclusion(row: &Row, declared: &Declared, claims_natural: bool, book: &Rulebook) -> Result<Conclusion, BadRow> {
    let concluded = |column| row.given(column).map(|cell| name(column, cell)).transpose();
    let (gem, metal) = (concluded(Column::Gem)?, concluded(Column::Metal)?);
    let weighed = match row.given(Column::Weight) {
        Some(cell) => Some(weight::weight(cell).map_err(|error| BadRow::of(Column::Weight, error.0))?),
        None => None,
    };
    let notes = remarks(row.given(Column::Remark).unwrap_or_default());
    let remarked = |words: &str| name(Column::Remark, words).ok();
    let colour_open = notes.iter().find_map(|note| match note {
        Remark::ColourOpen(words) => remarked(words),
        _ => None, // Another remark.
    });
    let treatment = notes.iter().find_map(|note| match note {
        Remark::Treatment(words) => remarked(words),
        _ => None, // Another remark.
    });
    let mut parts = Parts::of(declared);
    if let Some(gem) = &gem {
        let at = parts.place_of_gem(gem, book);
        let examined = parts.examine(at, gem.clone(), ComponentRole::MainStone)?;
        examined.treatment = treatment.clone().or_else(|| colour_open.clone().filter(|_| claims_natural));
    }
    if let Some(metal) = &metal {
        let at = parts.open(|part, _| part.role.is_metal());
        // The name of a metal says its fineness.
        parts.examine(at, metal.clone(), ComponentRole::Accessory)?.fineness_ppm = book.fineness_of(metal.as_str());
    }
    for note in &notes {
        let (words, role) = match note {
            Remark::FurtherStone(words) => (words, ComponentRole::SideStone),
            Remark::Metal(words) | Remark::MetalPart(words) => (words, ComponentRole::Accessory),
            _ => continue, // The others determine no part.
        };
        let Some(material) = remarked(words) else { continue };
        let at = parts.open(|part, declared| {
            let is_it = |own: &Name| book.is_one_material(own.as_str(), material.as_str());
            // The setting is one of the parts of metal; a chain is itself alone.
            let is_setting = part.role == ComponentRole::Setting && matches!(note, Remark::Metal(_));
            (is_setting || !part.role.is_main()) && declared.is_some_and(is_it)
        });
        let fineness = book.fineness_of(material.as_str());
        parts.examine(at, material, role)?.fineness_ppm = fineness;
    }
    let is = |what: fn(&Remark) -> bool| notes.iter().any(what);
    Ok(Conclusion {
        appraisal: Appraisal {
            components: parts.of.into_iter().map(|(_, found)| found).collect(),
            weight: weighed.clone().unwrap_or_else(|| Weighing::typed(Mass(0), BTreeSet::new(), None)),
            presented_certificate: None,
            remarks: None,
            photo_ids: BTreeSet::new(),
        },
        is_weighed: weighed.is_some(),
        is_concluded: gem.is_some() || metal.is_some(),
        has_metal: metal.is_some(),
        colour_open,
        treatment,
        not_examined: is(|note| matches!(note, Remark::NotExamined(_))),
        metal_not_measured: is(|note| matches!(note, Remark::MetalNotMeasured)),
        only_of_a_part: is(|note| matches!(note, Remark::OnlyOf(_))),
    })
}

/// The parts as they were found beside what each was declared to be, those declared first. None is examined until a
/// conclusion names it.
struct Parts<'a> {
    of: Vec<(Option<&'a Name>, ComponentResult)>,
}

impl<'a> Parts<'a> {
    fn of(declared: &'a Declared) -> Self {
        let open = |part: &'a DeclaredComponent| (part.material.as_ref(), open(part.component.clone(), part.role));
        Self { of: declared.components.iter().map(open).collect() }
    }

    /// The first part that has no conclusion yet and fits.
    fn open(&self, fits: impl Fn(&ComponentResult, Option<&Name>) -> bool) -> Option<usize> {
        self.of.iter().position(|(declared, found)| found.material.is_none() && fits(found, *declared))
    }

    fn place_of_gem(&self, gem: &Name, book: &Rulebook) -> Option<usize> {
        let is_it = |declared: Option<&Name>| {
            declared.is_some_and(|declared| book.is_one_material(declared.as_str(), gem.as_str()))
        };
        let is_main = |found: &ComponentResult| found.role == ComponentRole::MainStone;
        self.open(|found, declared| is_main(found) && is_it(declared))
            .or_else(|| self.open(|found, declared| !found.role.is_metal() && is_it(declared)))
            .or_else(|| self.open(|found, _| is_main(found)))
    }

    /// Puts a conclusion to a part, or to one that nobody declared.
    fn examine(
        &mut self,
        at: Option<usize>,
        material: Name,
        role: ComponentRole,
    ) -> Result<&mut ComponentResult, BadRow> {
        let at = match at {
            Some(at) => at,
            None => {
                let id = component_id(self.of.len() + 1).map_err(|error| BadRow(error.0))?;
                self.of.push((None, open(id, role)));
                self.of.len() - 1
            }
        };
        let (_, found) = self.of.get_mut(at).ok_or_else(|| BadRow("a part of it cannot be told".to_owned()))?;
        found.state = ComponentState::Examined;
        found.material = Some(material);
        Ok(found)
    }
}

fn open(component: ComponentId, role: ComponentRole) -> ComponentResult {
    ComponentResult {
        component,
        role,
        state: ComponentState::NotExamined,
        material: None,
        treatment: None,
        fineness_ppm: None,
        weight: None,
        sizes: Vec::new(),
        tests: Vec::new(),
        reason: None,
    }
}
