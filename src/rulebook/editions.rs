//! The editions of the rulebook that this program carries: folders of files, each under its date. A file that an edition
//! does not have is a rule that it does not know yet, so an old verdict can be recomputed by its own edition.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Unreadable;
use crate::domain::text::Name;

/// The texts of one edition.
#[derive(Clone, Debug)]
pub struct Files {
    version: Name,
    texts: BTreeMap<&'static str, Cow<'static, str>>,
}

macro_rules! files {
    ($folder:literal: $($file:literal)*) => {
        &[$(($file, include_str!(concat!("data/", $folder, "/", $file))),)*]
    };
}

/// Some files of an edition, by their names.
type Layer = &'static [(&'static str, &'static str)];

/// The files that stay as they were since the first edition.
const FIRST: Layer = files!("2026-11-22": "deadlines.csv" "metals.csv" "names.csv" "not_testable.csv" "sizes.csv" "treatments.csv" "weights.csv");

/// What the second edition adds, or says anew.
const SECOND: Layer = files!("2026-11-23": "carats.csv" "fineness.csv" "grades.csv" "limits.csv" "material_classes.csv"
    "materials.csv" "names.csv" "photo_kinds.csv" "photo_signs.csv" "regions.csv" "required_tests.csv" "retention.csv"
    "rules.csv" "severity.csv" "speech.csv" "substitutes.csv" "terms.csv" "treatments.csv" "units.csv" "weights.csv"
    "words.csv");

/// What the third edition adds: who looks twice, and how far two may differ.
const THIRD: Layer = files!("2026-11-24": "agreement.csv" "second_look.csv");

/// What the fourth edition adds: what is owed, and where a merchant's faults lead.
const FOURTH: Layer = files!("2026-11-25": "conduct.csv" "incidents.csv" "obligations.csv");

/// Each edition by its version, oldest first, with the layers of files that make it up: a later one covers an earlier.
const EDITIONS: &[(&str, &[Layer])] = &[
    ("2026-11-22", &[FIRST]),
    ("2026-11-23", &[FIRST, SECOND]),
    ("2026-11-24", &[FIRST, SECOND, THIRD]),
    ("2026-11-25", &[FIRST, SECOND, THIRD, FOURTH]),
];

impl Files {
    /// Every name that a file of a rulebook can have.
    pub const NAMES: &'static [&'static str] = &[
        "agreement.csv",
        "carats.csv",
        "conduct.csv",
        "deadlines.csv",
        "fineness.csv",
        "grades.csv",
        "incidents.csv",
        "limits.csv",
        "material_classes.csv",
        "materials.csv",
        "metals.csv",
        "names.csv",
        "not_testable.csv",
        "obligations.csv",
        "photo_kinds.csv",
        "photo_signs.csv",
        "regions.csv",
        "required_tests.csv",
        "retention.csv",
        "rules.csv",
        "second_look.csv",
        "severity.csv",
        "sizes.csv",
        "speech.csv",
        "substitutes.csv",
        "terms.csv",
        "treatments.csv",
        "units.csv",
        "weights.csv",
        "words.csv",
    ];

    /// All editions that this program carries, oldest first.
    pub fn embedded() -> Result<Vec<Self>, Unreadable> {
        EDITIONS
            .iter()
            .map(|(version, layers)| {
                let texts =
                    layers.iter().copied().flatten().map(|(file, text)| (*file, Cow::Borrowed(*text))).collect();
                Ok(Self { version: version_of(version)?, texts })
            })
            .collect()
    }

    /// An edition from elsewhere, such as one that is tried on history before it is taken. A file under another name is
    /// an error: nothing in a rulebook is passed over.
    pub fn given(version: &str, texts: BTreeMap<String, String>) -> Result<Self, Unreadable> {
        let mut known = BTreeMap::new();
        for (name, text) in texts {
            let Some(file) = Self::NAMES.iter().find(|file| **file == name) else {
                return Err(Unreadable { file: "the folder", why: format!("{name} is no file of a rulebook") });
            };
            known.insert(*file, Cow::Owned(text));
        }
        Ok(Self { version: version_of(version)?, texts: known })
    }

    pub fn version(&self) -> &Name {
        &self.version
    }

    /// The text of a file that an edition may do without.
    pub fn optional(&self, file: &'static str) -> Option<&str> {
        self.texts.get(file).map(AsRef::as_ref)
    }

    /// The text of a file that every edition has.
    pub fn text(&self, file: &'static str) -> Result<&str, Unreadable> {
        self.optional(file).ok_or_else(|| Unreadable { file, why: "it is not there".into() })
    }
}

fn version_of(text: &str) -> Result<Name, Unreadable> {
    Name::parse(text).map_err(|error| Unreadable { file: "the folder", why: format!("{text} is no version: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_has_a_name_that_a_folder_may_use() {
        for (file, _) in EDITIONS.iter().flat_map(|(_, layers)| layers.iter().copied().flatten()) {
            assert!(Files::NAMES.contains(file), "{file}");
        }
        let whole = Files::embedded().unwrap().pop().unwrap();
        for file in Files::NAMES {
            assert!(whole.optional(file).is_some(), "{file} is in no edition");
        }
    }

    #[test]
    fn every_file_in_the_folders_is_of_an_edition() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rulebook/data");
        let mut files = 0;
        for version in std::fs::read_dir(folder).unwrap() {
            files += std::fs::read_dir(version.unwrap().path()).unwrap().count();
        }
        assert_eq!(files, [FIRST, SECOND, THIRD, FOURTH].iter().map(|layer| layer.len()).sum::<usize>());
    }

    #[test]
    fn a_folder_with_a_file_that_nobody_reads_is_refused() {
        let error = Files::given("2027-01-01", [("wieghts.csv".to_owned(), String::new())].into()).unwrap_err();
        assert!(error.to_string().contains("wieghts.csv"), "{error}");
    }
}
