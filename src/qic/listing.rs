//! What was listed: the declared columns as a declaration, component by component, and the title as claims.

use super::BadRow;
use super::columns::{Column, Row};
use crate::domain::appraisal::{ComponentRole, Declared, DeclaredComponent};
use crate::domain::ids::{ComponentId, Malformed};
use crate::domain::ledger::{Claim, ClaimSource};
use crate::domain::text::Name;
use crate::rulebook::Rulebook;
use crate::spoken::Reader;
use crate::spoken::ledger::{Labels, heard};
use crate::spoken::transcript::{Cue, Transcript};

/// A column says how it was made or sold, not what it is of.
const NO_MATERIAL: [&str; 3] = ["定制", "多样性发一", "多样性发其一"];

/// What a row declares.
#[derive(Clone, Debug)]
pub struct Listing {
    pub declared: Declared,
    /// 未镶嵌: the listing says that there is no setting.
    pub says_unset: bool,
}

/// The `number`th part.
pub fn component_id(number: usize) -> Result<ComponentId, Malformed> {
    ComponentId::parse(&format!("c{number}"))
}

/// Reads the declared columns.
pub fn listing(row: &Row, book: &Rulebook) -> Result<Listing, BadRow> {
    let mut parts = Parts { of: Vec::new() };
    let setting = row.given(Column::Setting);
    let says_unset = setting.is_some_and(|words| words.contains("未镶嵌"));
    // 镶嵌 is how it is set; what is left is of what.
    let setting = setting.filter(|_| !says_unset).map(|words| words.replace("镶嵌", ""));
    let setting = setting.filter(|words| !words.trim().is_empty());
    if let Some(material) = row.given(Column::Material) {
        let material = name(Column::Material, material)?;
        let is_metal = book.is_metal(material.as_str()) && setting.is_none();
        parts.add(if is_metal { ComponentRole::Metal } else { ComponentRole::MainStone }, material)?;
    }
    if let Some(material) = setting {
        let material = name(Column::Setting, &material)?;
        // A setting that is no precious metal needs no test (required_tests.csv).
        let is_precious = book.is_metal(material.as_str());
        parts.add(if is_precious { ComponentRole::Setting } else { ComponentRole::Accessory }, material)?;
    }
    for material in row.given(Column::Parts).unwrap_or_default().split([',', '，', '、', ';', '；']) {
        if material.trim().is_empty() {
            continue;
        }
        let material = name(Column::Parts, material)?;
        // The column repeats what stands in the others.
        let is_known = |part: &DeclaredComponent| {
            let known = part.material.as_ref();
            known.is_some_and(|known| book.is_one_material(known.as_str(), material.as_str()))
        };
        if parts.of.iter().any(is_known) {
            continue;
        }
        let is_metal = book.is_metal(material.as_str());
        parts.add(if is_metal { ComponentRole::Accessory } else { ComponentRole::SideStone }, material)?;
    }
    let declared = Declared { components: parts.of, weight: None, sizes: Vec::new(), presented_certificate: None };
    Ok(Listing { declared, says_unset })
}

struct Parts {
    of: Vec<DeclaredComponent>,
}

impl Parts {
    fn add(&mut self, role: ComponentRole, material: Name) -> Result<(), BadRow> {
        let component = component_id(self.of.len() + 1).map_err(|error| BadRow(error.0))?;
        let material = Some(material);
        self.of.push(DeclaredComponent {
            component,
            role,
            material,
            treatment: None,
            fineness_ppm: None,
            weight: None,
        });
        Ok(())
    }
}

/// A cell that names a material.
pub fn name(column: Column, cell: &str) -> Result<Name, BadRow> {
    let mut words = cell.trim().to_owned();
    for word in NO_MATERIAL {
        words = words.replace(word, "");
    }
    // A cell of such words alone is the name that it is.
    let words = if words.trim().is_empty() { cell } else { &words };
    Name::parse(words).map_err(|error| BadRow::of(column, error.0))
}

/// What the title says, and the column of weight or size, by the reader of speech: claims of the listing.
pub fn claims(row: &Row, declared: &Declared, reader: &Reader, book: &Rulebook, labels: &Labels) -> Vec<Claim> {
    let cue = |from_ms: i64, column| Cue {
        from_ms: Some(from_ms),
        to_ms: Some(from_ms + 1_000),
        text: row.given(column).unwrap_or_default().to_owned(),
        words: Vec::new(),
    };
    let transcript = Transcript::of(vec![cue(0, Column::Title), cue(1_000, Column::Declared)]);
    let part = transcript.part(0, 2_000);
    let (_, text) = transcript.text_of(&part);
    let said = reader.read(text);
    heard(&said, (&transcript, &part), declared, book, labels)
        .into_iter()
        .map(|heard| Claim { source: ClaimSource::Listed, span: None, also: Vec::new(), ..heard.claim })
        .collect()
}
