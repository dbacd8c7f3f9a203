//! What must be there before a step counts: photos of the kinds in `photo_kinds.csv`, tests by the methods in
//! `required_tests.csv`; and how long an original photo is kept (`rulebook.md`, "Duty to keep").

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::Deserialize;

use super::editions::Files;
use super::names::Names;
use super::{Unreadable, parts, rows};
use crate::domain::appraisal::{ComponentResult, ComponentRole, DeclaredComponent};
use crate::domain::command::Step;
use crate::domain::piece::Piece;
use crate::domain::text::Name;

/// A row of `photo_kinds.csv`.
#[derive(Clone, Debug, Deserialize)]
struct KindRow {
    category: String,
    #[serde(rename = "required at receipt")]
    receipt: String,
    #[serde(rename = "required at appraisal")]
    appraisal: String,
    #[serde(rename = "required at tagging")]
    tagging: String,
    #[serde(rename = "required at return intake")]
    return_intake: String,
}

impl KindRow {
    fn at(&self, step: Step) -> &str {
        match step {
            Step::Receipt => &self.receipt,
            Step::Appraisal => &self.appraisal,
            Step::Tagging => &self.tagging,
            Step::ReturnIntake => &self.return_intake,
        }
    }
}

/// By which declared size a category is told, and whether the stone must be all there is.
#[derive(Clone, Debug, Deserialize)]
struct SignRow {
    category: String,
    declared_size: String,
    only_stone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    GemOrJade,
    Diamond,
    Pearl,
    Amber,
    PreciousMetal,
    /// No test is demanded: woods, and metals that are none of the precious ones.
    None,
}

/// One demand on the tests of an examined part; every row that applies must be met.
#[derive(Clone, Debug, Deserialize)]
struct TestRow {
    role: ComponentRole,
    class: Class,
    /// Empty: always. `claimed`: where the listing names a material for this part. Else words, one of which stands in
    /// what the listing or the bench says of it.
    #[serde(rename = "where")]
    applies: String,
    /// From this weight of the part on, in micrograms; a part whose weight nobody knows is not taken for a light one.
    from_ug: Option<i64>,
    /// Methods, any one of which will do; several joined by `+` count as one. Empty: any method.
    any_of: String,
    /// How many different methods there must be at the least.
    least: usize,
}

/// The word of `required_tests.csv` for what the listing names.
const CLAIMED: &str = "claimed";

#[derive(Clone, Debug, Deserialize)]
struct ClassRow {
    name_holds: String,
    class: Class,
}

#[derive(Clone, Debug, Deserialize)]
struct RetentionRow {
    what: String,
    days: i64,
    #[expect(dead_code, reason = "for who reads the file")]
    source: String,
}

impl TestRow {
    fn applies_to(&self, declared: Option<&DeclaredComponent>, found: &ComponentResult) -> bool {
        let declared_material = declared.and_then(|part| part.material.as_ref());
        let said = [
            declared_material,
            declared.and_then(|part| part.treatment.as_ref()),
            found.material.as_ref(),
            found.treatment.as_ref(),
        ];
        let applies = match self.applies.as_str() {
            "" => true,
            CLAIMED => declared_material.is_some(),
            words => said.into_iter().flatten().any(|said| parts(words).any(|word| said.as_str().contains(word))),
        };
        let weighed = found.weight.as_ref().or_else(|| declared.and_then(|part| part.weight.as_ref()));
        applies && self.from_ug.is_none_or(|from| weighed.is_none_or(|weighed| from <= weighed.mass.0))
    }

    fn is_met(&self, found: &ComponentResult) -> bool {
        let has = |method: &str| found.tests.iter().any(|test| test.method.as_str() == method);
        let methods: BTreeSet<_> = found.tests.iter().map(|test| &test.method).collect();
        let named = parts(&self.any_of).next().is_none() || parts(&self.any_of).any(|one| one.split('+').all(has));
        named && self.least <= methods.len()
    }

    /// What it asks for.
    fn words(&self) -> String {
        let ways: Vec<_> = parts(&self.any_of).map(|joined| joined.replace('+', " with ")).collect();
        match (ways.as_slice(), self.least) {
            ([], 0 | 1) => "a test by any method".to_owned(),
            ([], least) => format!("tests by {least} different methods, being hollow or covered"),
            (ways, _) => format!("a test by {}", ways.join(", or ")),
        }
    }
}

/// The demands of one rulebook.
#[derive(Clone, Debug)]
pub struct Required {
    kinds: Vec<KindRow>,
    signs: Vec<SignRow>,
    tests: Vec<TestRow>,
    classes: Vec<ClassRow>,
    originals_kept: SignedDuration,
}

impl Required {
    /// Reads the demands of an edition. One of before there were any is held to those of `newest`: an edition that asks
    /// for nothing would let a piece through unseen.
    pub fn read(files: &Files, newest: &Files) -> Result<Self, Unreadable> {
        let text = |file| files.optional(file).map_or_else(|| newest.text(file), Ok);
        let kinds: Vec<KindRow> = rows("photo_kinds.csv", text("photo_kinds.csv")?)?;
        let kind_fault = |why| Unreadable { file: "photo_kinds.csv", why };
        for kind in kinds.iter().flat_map(|row| Step::ALL.map(|step| row.at(step))).flat_map(parts) {
            Name::parse(kind).map_err(|malformed| kind_fault(malformed.to_string()))?;
        }
        let signs: Vec<SignRow> = rows("photo_signs.csv", text("photo_signs.csv")?)?;
        if let Some(lost) = signs.iter().find(|sign| !kinds.iter().any(|row| row.category == sign.category)) {
            let why = format!("{} has no kinds of photo", lost.category);
            return Err(Unreadable { file: "photo_signs.csv", why });
        }
        let kept = rows::<RetentionRow>("retention.csv", text("retention.csv")?)?;
        let kept = kept.iter().find(|row| row.what == "photo_original" && 0 < row.days);
        let days = kept.map(|row| row.days).ok_or_else(|| Unreadable {
            file: "retention.csv",
            why: "it does not say for how many days an original photo is kept".to_owned(),
        })?;
        Ok(Self {
            kinds,
            signs,
            tests: rows("required_tests.csv", text("required_tests.csv")?)?,
            classes: rows("material_classes.csv", text("material_classes.csv")?)?,
            originals_kept: SignedDuration::from_hours(24 * days),
        })
    }

    /// How long an original photo is kept after its piece was closed.
    pub fn originals_kept(&self) -> SignedDuration {
        self.originals_kept
    }

    /// The kinds of photo that a step asks for, of this piece.
    pub fn photos(&self, names: &Names, piece: &Piece, step: Step) -> BTreeSet<Name> {
        let declared = &piece.opened().declared;
        let found = piece.settled().map(|(_, appraisal)| appraisal.components.as_slice()).unwrap_or_default();
        let materials = declared.components.iter().filter_map(|part| part.material.as_ref());
        let materials = materials.chain(found.iter().filter_map(|part| part.material.as_ref()));
        let precious = materials.into_iter().any(|material| names.metal(material.as_str()).is_some());
        let only_stone = matches!(declared.components.as_slice(), [only] if only.role == ComponentRole::MainStone);
        let sign = |sign: &&SignRow| {
            declared.sizes.iter().any(|size| size.name.as_str() == sign.declared_size)
                && (only_stone || !sign.only_stone)
        };
        let told: Vec<_> = self.signs.iter().filter(sign).map(|sign| sign.category.as_str()).collect();
        let applies = |category: &str| match category {
            "any" => true,
            "precious_metal" => precious,
            "presented certificate" => declared.presented_certificate.is_some(),
            category => told.contains(&category), // Rings, bangles, necklaces: by their sizes.
        };
        self.kinds
            .iter()
            .filter(|row| applies(&row.category))
            .flat_map(|row| parts(row.at(step)))
            // Where there is no precious metal, no hallmark can be photographed.
            .filter(|kind| precious || !kind.ends_with("hallmark"))
            .filter_map(|kind| Name::parse(kind).ok())
            .collect()
    }

    /// What an examined part lacks in tests, as a sentence; none where it has what is demanded. That a piece sold by
    /// weight lay on an adjusted balance is held where the reading is taken in (`desk`), not here.
    pub fn tests_lacking(&self, names: &Names, piece: &Piece, found: &ComponentResult) -> Option<String> {
        let class = self.class(names, found);
        let declared = piece.opened().declared.components.iter().find(|part| part.component == found.component);
        let row = self
            .tests
            .iter()
            .filter(|row| row.role == found.role && row.class == class)
            .find(|row| row.applies_to(declared, found) && !row.is_met(found))?;
        Some(format!(
            "{} as {} takes {}: do it, or enter the part as cannot_be_determined with the reason",
            found.material.as_ref().map_or("this part", Name::as_str),
            found.role.as_str(),
            row.words(),
        ))
    }

    fn class(&self, names: &Names, found: &ComponentResult) -> Class {
        let material = found.material.as_ref().map(Name::as_str).unwrap_or_default();
        if found.role.is_metal() {
            // What stands in brackets says how it is made, such as 足金(空心); a fineness is of a precious metal only.
            let plain = material.split(['(', '（']).next().unwrap_or_default();
            let precious =
                names.metal(material).or_else(|| names.metal(plain)).is_some() || found.fineness_ppm.is_some();
            return if precious { Class::PreciousMetal } else { Class::None };
        }
        let known = self.classes.iter().find(|row| material.contains(&row.name_holds));
        known.map_or(Class::GemOrJade, |row| row.class)
    }
}

#[cfg(test)]
mod tests;
