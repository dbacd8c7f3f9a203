//! What the merchant declared of a piece, and what the bench found, component by component.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{CertificateNo, ComponentId, DeviceId, PhotoId};
use super::quantity::{Fineness, Length, Weighing};
use super::text::{Name, Sealed};

/// What a part is to its piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentRole {
    MainStone,
    SideStone,
    Metal,
    Setting,
    Cord,
    Accessory,
}

impl ComponentRole {
    pub const ALL: [ComponentRole; 6] = [
        ComponentRole::MainStone,
        ComponentRole::SideStone,
        ComponentRole::Metal,
        ComponentRole::Setting,
        ComponentRole::Cord,
        ComponentRole::Accessory,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ComponentRole::MainStone => "main_stone",
            ComponentRole::SideStone => "side_stone",
            ComponentRole::Metal => "metal",
            ComponentRole::Setting => "setting",
            ComponentRole::Cord => "cord",
            ComponentRole::Accessory => "accessory",
        }
    }

    /// Main components decide the verdict; what is sold by weight is one besides (`journey.md`, "What must hold").
    pub fn is_main(self) -> bool {
        matches!(self, ComponentRole::MainStone | ComponentRole::Metal | ComponentRole::Setting)
    }

    /// Whether the allowance for metal applies to a weight of it.
    pub fn is_metal(self) -> bool {
        matches!(self, ComponentRole::Metal | ComponentRole::Setting)
    }
}

/// One size of a piece: a length, or a number of a named table, which is a label and never compared as a length
/// (`rulebook.md`, "Sizes").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_um: Option<Length>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Name>,
}

/// A part as the listing declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredComponent {
    pub component: ComponentId,
    pub role: ComponentRole,
    pub material: Option<Name>,
    pub treatment: Option<Name>,
    pub fineness_ppm: Option<Fineness>,
    pub weight: Option<Weighing>,
}

/// A laboratory certificate that the merchant sends along (送检证书).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentedCertificate {
    pub body: Name,
    pub number: CertificateNo,
    /// What it prints of the weight of its article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weighing>,
    /// What it prints of its sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Size>,
}

/// What the listing says of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    pub components: Vec<DeclaredComponent>,
    pub weight: Option<Weighing>,
    pub sizes: Vec<Size>,
    pub presented_certificate: Option<PresentedCertificate>,
}

/// How far one part was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    Examined,
    NotExamined,
    CannotBeDetermined,
}

impl ComponentState {
    pub fn as_str(self) -> &'static str {
        match self {
            ComponentState::Examined => "examined",
            ComponentState::NotExamined => "not_examined",
            ComponentState::CannotBeDetermined => "cannot_be_determined",
        }
    }
}

/// One test of one part: by which method, on which instrument, with which reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    pub method: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Name>,
}

/// One part as the bench found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentResult {
    pub component: ComponentId,
    pub role: ComponentRole,
    pub state: ComponentState,
    pub material: Option<Name>,
    pub treatment: Option<Name>,
    pub fineness_ppm: Option<Fineness>,
    pub weight: Option<Weighing>,
    pub sizes: Vec<Size>,
    pub tests: Vec<Test>,
    /// Why it was not examined, or cannot be determined.
    pub reason: Option<Sealed>,
}

/// One inspector's findings on one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appraisal {
    pub components: Vec<ComponentResult>,
    /// The whole piece, as it was weighed on the bench; the packing weight is compared with it.
    pub weight: Weighing,
    pub presented_certificate: Option<PresentedCertificate>,
    pub remarks: Option<Sealed>,
    pub photo_ids: BTreeSet<PhotoId>,
}

impl Appraisal {
    /// The weight of the piece, then those of its parts.
    pub fn weighings(&self) -> Vec<&Weighing> {
        let parts = self.components.iter().filter_map(|found| found.weight.as_ref());
        std::iter::once(&self.weight).chain(parts).collect()
    }

    pub(super) fn weighings_mut(&mut self) -> Vec<&mut Weighing> {
        let parts = self.components.iter_mut().filter_map(|found| found.weight.as_mut());
        std::iter::once(&mut self.weight).chain(parts).collect()
    }

    pub fn component(&self, id: &ComponentId) -> Option<&ComponentResult> {
        self.components.iter().find(|found| found.component == *id)
    }
}
