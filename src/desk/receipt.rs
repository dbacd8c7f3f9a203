//! What a caller gets for a command that was carried out. A receipt is stored with the command's idempotency key, so
//! that the same request again gets the same answer.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Receipt {
    Piece(PieceReceipt),
    Order(OrderReceipt),
    Parcel(ParcelReceipt),
    /// Waits for a second person.
    Proposal(ProposalReceipt),
    /// Something other than a piece was made or changed.
    Made {
        id: String,
        /// Whether it was not there before.
        new: bool,
    },
}

/// What became of one piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PieceReceipt {
    pub code: String,
    pub stage: String,
    pub outcome: Option<String>,
    /// The length of the journal after it: the piece's ETag.
    pub seq: i32,
    /// What happened, in order.
    pub events: Vec<Happened>,
    /// For an upload: the photo.
    pub photo: Option<PhotoReceipt>,
}

/// One event of a receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    pub seq: i32,
    pub kind: String,
}

/// The photo that was stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhotoReceipt {
    pub id: Uuid,
    pub original_sha256: String,
    pub shown_sha256: Option<String>,
    #[serde(default)]
    pub small_sha256: Option<String>,
}

/// An order that was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderReceipt {
    pub order_id: Uuid,
    pub order_no: String,
    pub warehouse_id: String,
    pub lines: Vec<LineReceipt>,
    /// Whether this call placed it, or an earlier one had.
    pub placed: bool,
}

/// One line of an order that was taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineReceipt {
    pub line_no: i32,
    pub code: String,
}

/// What became of each piece of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParcelReceipt {
    pub carrier: Option<String>,
    pub waybill: String,
    pub pieces: Vec<ParcelPiece>,
}

/// One piece of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParcelPiece {
    pub code: String,
    pub outcome: ParcelOutcome,
}

/// What became of one piece of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelOutcome {
    Done {
        stage: String,
        seq: i32,
    },
    /// Refused between the check of the whole parcel and its own order's turn.
    Refused {
        code: String,
        detail: String,
    },
    /// Nobody knows the code; a clerk resolves it with a second person.
    LostAndFound {
        id: Uuid,
    },
    /// Announced, and not in the parcel.
    Missing,
    /// The piece is closed: what came is a case.
    Case {
        id: String,
    },
}

/// What waits for a second person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposalReceipt {
    pub id: Uuid,
    pub code: String,
    pub command: String,
    /// Microseconds since the Unix epoch.
    pub expires_at: i64,
}
