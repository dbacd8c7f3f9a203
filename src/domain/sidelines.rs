//! What may be asked of a piece beside the main line (`journey.md`, "The machine"): the steps of the commands that have
//! several.

use super::appraisal::{ComponentResult, Size};
use super::event::{Condition, Resolution, Upheld};
use super::ids::{Carrier, CertificateNo, ClaimId, LaboratoryId, ParcelId, Tag, Waybill};
use super::quantity::Weighing;
use super::text::{Name, Sealed};

/// What is done about a piece that did not arrive as it should.
#[derive(Clone, Debug, PartialEq)]
pub enum Exception {
    /// A clerk found it so.
    Found { condition: Condition, parcel_id: Option<ParcelId>, note: Option<Sealed> },
    /// A supervisor decides where it goes.
    Resolved { to: Resolution, reason: Sealed },
}

/// A way out for what cannot be told here.
#[derive(Clone, Debug, PartialEq)]
pub enum WayOut {
    /// A laboratory outside looked at it; it is appraised again with its report at hand.
    OutsideReport { laboratory_id: LaboratoryId, number: CertificateNo, results: Vec<ComponentResult> },
    /// The buyer is asked, and told each thing that could not be told. No names: all of them.
    Disclosed { open_points: Vec<ClaimId>, reason: Sealed },
    /// It goes back.
    GivenUp { reason: Sealed },
}

/// How a quarantine ends.
#[derive(Clone, Debug, PartialEq)]
pub enum HoldEnd {
    Lifted {
        reason: Sealed,
    },
    /// With the authority's own reference where it is handed over (移送).
    Upheld {
        to: Upheld,
        reference: Option<Name>,
        reason: Sealed,
    },
}

/// A buyer's return.
#[derive(Clone, Debug, PartialEq)]
pub enum Return {
    Opened { reason: Option<Sealed> },
    Posted { carrier: Carrier, waybill: Waybill },
}

/// Whether what came back is what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    Same,
    NotSame,
    /// It cannot be told.
    Unclear,
}

impl Identity {
    pub const ALL: [Identity; 3] = [Identity::Same, Identity::NotSame, Identity::Unclear];

    pub fn as_str(self) -> &'static str {
        match self {
            Identity::Same => "same",
            Identity::NotSame => "not_same",
            Identity::Unclear => "unclear",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|identity| identity.as_str() == text)
    }
}

/// What is done with a return at the warehouse.
#[derive(Clone, Debug, PartialEq)]
pub enum ReturnIntake {
    /// Weighed, and its tag read, before anybody says whether it is the same piece.
    Received { weight: Weighing, tag: Option<Tag>, tag_intact: Option<bool>, sizes: Vec<Size>, note: Option<Sealed> },
    /// Two persons say. A reason is needed but for the same piece.
    Judged { identity: Identity, reason: Option<Sealed> },
}
