//! The words for what the reader's values mean where no rule compares them: origins, grades that the eye gives, promises.
//! What is compared, materials and treatments, has its names in the rulebook.

use std::collections::HashMap;

use serde::Deserialize;

use crate::domain::ledger::ClaimKind;
use crate::domain::text::Name;
use crate::rulebook::Rulebook;

const LABELS: &str = include_str!("labels.csv");

/// What is wrong in the file of labels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("labels.csv: {0}")]
pub struct Unreadable(String);

/// Names by kind and value.
#[derive(Clone, Debug)]
pub struct Labels(HashMap<(ClaimKind, String), Name>);

#[derive(Deserialize)]
struct Row {
    kind: String,
    value: String,
    label: String,
}

impl Labels {
    pub fn embedded() -> Result<Self, Unreadable> {
        let mut labels = HashMap::new();
        for row in csv::Reader::from_reader(LABELS.as_bytes()).deserialize() {
            let Row { kind, value, label } = row.map_err(|error| Unreadable(error.to_string()))?;
            let known = ClaimKind::ALL.into_iter().find(|known| known.as_str() == kind);
            let kind = known.ok_or_else(|| Unreadable(format!("{kind} is no kind of claim")))?;
            let label = Name::parse(&label).map_err(|error| Unreadable(format!("{label}: {error}")))?;
            if labels.insert((kind, value.clone()), label).is_some() {
                return Err(Unreadable(format!("{value} stands twice")));
            }
        }
        Ok(Self(labels))
    }

    /// The label of a value, or the rulebook's name; one that neither knows stands for itself.
    pub fn of(&self, kind: ClaimKind, value: &str, rulebook: &Rulebook) -> Option<Name> {
        let label = self.0.get(&(kind, value.to_owned())).cloned();
        label.or_else(|| Name::parse(&rulebook.name_of(kind, value)).ok())
    }
}
