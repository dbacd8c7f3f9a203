//! Sizes and diamond grades (`rulebook.md`, "Sizes" and "Diamonds").

use std::collections::BTreeMap;

use serde::Deserialize;

use super::case::{Case, Compared, Found, Quantity, is_examined};
use super::editions::Files;
use super::names::canonical;
use super::reasons::Why;
use super::severity::Difference;
use super::{Unreadable, parts, rows, share};
use crate::domain::appraisal::{ComponentResult, Size};
use crate::domain::ledger::{Bound, Claim, ClaimedValue, Finding};
use crate::domain::quantity::{Length, Mass};
use crate::domain::text::Name;

#[derive(Clone, Debug, Deserialize)]
struct SizeRow {
    name: String,
    allowance_um: Option<i64>,
    allowance_ppm: Option<i64>,
    about_ppm: i64,
}

/// How far a measured size may lie from what was said.
#[derive(Clone, Debug)]
pub struct Sizes(BTreeMap<String, SizeRow>);

impl Sizes {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let mut sizes = BTreeMap::new();
        for row in rows::<SizeRow>("sizes.csv", files.text("sizes.csv")?)? {
            if row.allowance_um.is_some() == row.allowance_ppm.is_some() {
                return Err(Unreadable { file: "sizes.csv", why: format!("{}: one allowance", row.name) });
            }
            if let Some(twice) = sizes.insert(canonical(&row.name), row) {
                return Err(Unreadable { file: "sizes.csv", why: format!("{} stands twice", twice.name) });
            }
        }
        Ok(Self(sizes))
    }

    /// The allowance of a size: micrometres, or parts per million of it.
    pub(super) fn row(&self, name: &Name) -> Option<(Option<i64>, Option<i64>)> {
        self.0.get(&canonical(name.as_str())).map(|row| (row.allowance_um, row.allowance_ppm))
    }
}

/// A scale of grades, best first. Names of one grade in different systems stand together.
#[derive(Clone, Debug)]
struct Scale {
    name: String,
    grades: Vec<Vec<String>>,
    allowed_below: usize,
}

#[derive(Deserialize)]
struct ScaleRow {
    scale: String,
    words: String,
    allowed_below: usize,
}

/// The scales of diamond grading of one edition.
#[derive(Clone, Debug, Default)]
pub struct Grades(Vec<Scale>);

/// A grade that was said or concluded: its scale, and the lowest place on it that the words reach.
struct Place<'a> {
    scale: &'a Scale,
    lowest: usize,
}

impl Grades {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let Some(text) = files.optional("grades.csv") else { return Ok(Self::default()) };
        let scales = rows::<ScaleRow>("grades.csv", text)?.into_iter().map(|row| Scale {
            name: row.scale,
            grades: parts(&row.words).map(|place| place.split('/').map(canonical).collect()).collect(),
            allowed_below: row.allowed_below,
        });
        Ok(Self(scales.collect()))
    }

    /// `VS1`, `clarity_VVS`, `colour_J-K`, `D色`, `3EX`: whatever names a scale, or can only be on one.
    fn place(&self, word: &str) -> Option<Place<'_>> {
        let word = canonical(word);
        let (scale, rest) = [
            ("CLARITY_", "clarity"),
            ("净度", "clarity"),
            ("COLOUR_", "colour"),
            ("颜色", "colour"),
            ("CUT_", "cut"),
            ("切工", "cut"),
            ("TRIPLE_", "cut"),
            ("3EX", "cut"),
        ]
        .into_iter()
        .find_map(|(prefix, scale)| word.strip_prefix(prefix).map(|rest| (Some(scale), rest)))
        .or_else(|| word.strip_suffix('色').map(|rest| (Some("colour"), rest)))
        .unwrap_or((None, word.as_str()));
        let rest =
            if word == "3EX" { "EX" } else { rest.trim_start_matches(['_', ':', '级']).trim_end_matches('级') };
        self.0.iter().filter(|known| scale.map_or(known.name == "clarity", |scale| known.name == scale)).find_map(
            |known| {
                let lowest = rest.split(['-', '/']).map(|one| known.lowest(one)).collect::<Option<Vec<_>>>()?;
                Some(Place { scale: known, lowest: *lowest.iter().max()? })
            },
        )
    }

    fn scale_of_method(&self, method: &str) -> Option<&Scale> {
        let scale = match canonical(method).as_str() {
            "CLARITY" | "净度" | "净度分级" => "clarity",
            "COLOUR" | "COLOR" | "颜色" | "颜色分级" => "colour",
            "CUT" | "切工" | "切工分级" => "cut",
            _ => return None, // Another test.
        };
        self.0.iter().find(|known| known.name == scale)
    }
}

impl Scale {
    /// The lowest place that a word names: VVS is VVS1 and VVS2, so the lower of them.
    fn lowest(&self, word: &str) -> Option<usize> {
        let exact = self.grades.iter().position(|names| names.iter().any(|name| name == word));
        exact.or_else(|| {
            let is_group = 2 <= word.len() && self.name == "clarity";
            let starts = |names: &Vec<String>| names.iter().any(|name| name.starts_with(word));
            if is_group { self.grades.iter().rposition(starts) } else { None }
        })
    }

    fn word(&self, place: usize) -> String {
        self.grades.get(place).and_then(|names| names.first()).cloned().unwrap_or_default()
    }
}

impl<'a> Case<'a> {
    /// A size of the piece is looked for on its main components, or on any where it has none; measured several times,
    /// all must say the same.
    pub fn size(&self, claim: &'a Claim, claimed: &Size, upper: Option<Length>) -> Option<Found> {
        let has_main = self.appraisal.components.iter().any(|found| found.role.is_main());
        let findings = self
            .appraisal
            .components
            .iter()
            .filter(|found| is_examined(found))
            .filter(|found| match &claim.component {
                Some(component) => found.component == *component,
                None => found.role.is_main() || !has_main,
            })
            .flat_map(|found| &found.sizes)
            .filter(|measured| canonical(measured.name.as_str()) == canonical(claimed.name.as_str()))
            .map(|measured| self.compare_size(claim.bound, claimed, upper, measured));
        let findings: Option<Vec<_>> = findings.collect();
        let mut findings = findings?.into_iter();
        let first = findings.next()?;
        findings.all(|other| other.finding == first.finding).then_some(first)
    }

    fn compare_size(&self, bound: Bound, claimed: &Size, upper: Option<Length>, measured: &Size) -> Option<Found> {
        if let (Some(said), Some(measured)) = (claimed.length_um, measured.length_um) {
            let row = self.tables.sizes.0.get(&canonical(claimed.name.as_str()))?;
            let allowance = row.allowance_um.or_else(|| share(said.0, row.allowance_ppm?))?;
            let upper = upper.map(|upper| upper.0);
            let span = super::span(bound, said.0, upper, allowance, Some(row.about_ppm))?;
            let (low, high) = (*span.start(), (*span.end() != i64::MAX).then_some(*span.end()));
            let text = |um: i64| Length(um).millimetres();
            let args = [
                ("measured", text(measured.0)),
                ("said", text(said.0)),
                ("low", text(low)),
                ("high", high.map_or("–".into(), text)),
            ];
            let found = if span.contains(&measured.0) {
                Found::new(Finding::Confirmed, Why::SizeWithin, args)
            } else {
                let nearest = upper.filter(|upper| *upper < measured.0).unwrap_or(said.0);
                let off = measured.0.saturating_sub(nearest).saturating_abs();
                let difference = match row.allowance_um {
                    Some(_) => Difference::Size { off_um: off },
                    None => Difference::Length { off: off.into(), of: nearest.into() },
                };
                Found::new(Finding::Contradicted, Why::SizeOutside, args).by(difference)
            };
            let compared =
                Compared { quantity: Quantity::Length, said: said.0, measured: vec![measured.0], low: Some(low), high };
            return Some(found.comparing(compared));
        }
        // Numbers of different tables say nothing of each other (`rulebook.md`, "Sizes").
        let (said, found) = (claimed.table.as_ref()?, measured.table.as_ref()?);
        if said != found || bound != Bound::Exactly {
            return None;
        }
        let (said, measured) = (claimed.label.as_ref()?, measured.label.as_ref()?);
        let args = [("measured", measured.to_string()), ("said", said.to_string())];
        Some(if said == measured {
            Found::new(Finding::Confirmed, Why::SizeLabelSame, args)
        } else {
            Found::new(Finding::Contradicted, Why::SizeLabelOther, args).by(Difference::Other)
        })
    }

    /// Clarity, colour and cut of a diamond may lie as far below the lowest that was said as the rulebook allows, and
    /// small stones are not graded. What a streamer says of beauty besides is no grade that a test settles.
    pub fn grade(&self, claim: &'a Claim) -> Found {
        let word = self.said(claim);
        let by_eye = || Found::new(Finding::NotTestable, Why::GradeByEye, [("said", word.clone())]);
        let ClaimedValue::Name { .. } = &claim.value else { return by_eye() };
        if claim.negated {
            return by_eye();
        }
        let Some(place) = self.tables.grades.place(&word) else {
            // An edition without scales graded nothing.
            let is_open = self.tables.grades.0.is_empty() && self.tables.names.not_testable(&word).is_empty();
            let finding = if is_open { Finding::NotTested } else { Finding::NotTestable };
            return Found { finding, ..by_eye() };
        };
        let examined = self.examined(claim);
        let least = match place.scale.name.as_str() {
            "clarity" => self.tables.limits.clarity_from_ug,
            "colour" => self.tables.limits.colour_from_ug,
            _ => 0, // Every other scale is graded at any weight.
        };
        if let Some(mass) = self.mass_of_stone(examined, claim).filter(|mass| mass.0 < least) {
            let args = [("said", word), ("measured", mass.carats()), ("limit", Mass(least).carats())];
            return Found::new(Finding::NotTestable, Why::GradeTooSmall, args);
        }
        let graded = examined.and_then(|found| self.graded(found, place.scale));
        let Some(graded) = graded else {
            return Found::new(Finding::NotTested, Why::GradeNotGraded, [("said", word)]);
        };
        let steps = graded.saturating_sub(place.lowest);
        let args =
            [("found", place.scale.word(graded)), ("said", word), ("limit", place.scale.allowed_below.to_string())];
        if steps <= place.scale.allowed_below {
            return Found::new(Finding::Confirmed, Why::GradeWithin, args);
        }
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        Found::new(Finding::Contradicted, Why::GradeOutside, args).by(Difference::Grade { steps })
    }

    /// The place on a scale that the bench gave.
    fn graded(&self, found: &ComponentResult, scale: &Scale) -> Option<usize> {
        let tests = found.tests.iter().filter(|test| {
            self.tables.grades.scale_of_method(test.method.as_str()).is_some_and(|of| of.name == scale.name)
        });
        tests
            .flat_map(|test| [test.value.as_ref(), test.conclusion.as_ref()])
            .flatten()
            .filter_map(|word| scale.lowest(&canonical(word.as_str())))
            .max()
    }

    /// What a stone weighs, by the bench or else by its listing.
    fn mass_of_stone(&self, found: Option<&ComponentResult>, claim: &'a Claim) -> Option<Mass> {
        let weighed = found.and_then(|found| found.weight.as_ref());
        let declared = || {
            let subject = self.subject(claim)?;
            let parts = &self.piece.opened().declared.components;
            parts.iter().find(|part| part.component == *subject)?.weight.as_ref()
        };
        weighed.or_else(declared).filter(|weight| weight.includes.is_empty()).map(|weight| weight.mass)
    }
}

#[cfg(test)]
mod tests;
