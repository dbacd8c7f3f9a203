//! Lost-and-found: a clerk says what becomes of a piece that nobody knew, and another person confirms it within the hour.

use jiff::Timestamp;
use uuid::Uuid;

use super::proposals::OPEN_FOR;
use super::receipt::Receipt;
use super::registry::Begun;
use super::{Desk, Error, Request};
use crate::domain::ids::{PieceCode, WarehouseId};
use crate::domain::refusal::Refusal;
use crate::store::entity::found_proposals;
use crate::store::found;

/// What becomes of a found piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundResolution {
    /// It is this piece, whose code was misread or lost; it is booked in by its receipt then.
    BelongsTo(PieceCode),
    /// To where it came from.
    SentBack,
    DisposedOf,
}

impl FoundResolution {
    pub fn as_str(&self) -> &'static str {
        match self {
            FoundResolution::BelongsTo(_) => "belongs_to",
            FoundResolution::SentBack => "sent_back",
            FoundResolution::DisposedOf => "disposed_of",
        }
    }
}

impl Desk {
    /// Puts up what is to become of a found piece. Answers with the proposal's id.
    ///
    /// # Errors
    ///
    /// A refusal where the warehouse has no such piece or it is resolved already, and those of the store.
    pub async fn propose_found(
        &self,
        found_id: Uuid,
        warehouse: &WarehouseId,
        resolution: FoundResolution,
        request: &Request,
    ) -> Result<Uuid, Error> {
        let txn = match self.begin_once(request).await? {
            Begun::Answered(answer) => return made(answer),
            Begun::Fresh(txn) => txn,
        };
        let row = found::found(&*txn, found_id).await?.filter(|row| row.warehouse_id == warehouse.as_str());
        let row = row.ok_or(Refusal::Absent("found piece"))?;
        if row.resolved_at.is_some() {
            return Err(Refusal::NotNow("it was resolved already, by two persons").into());
        }
        let code = match &resolution {
            FoundResolution::BelongsTo(code) => Some(code.to_string()),
            FoundResolution::SentBack | FoundResolution::DisposedOf => None,
        };
        let id = Uuid::now_v7();
        let expires_at = request.now.checked_add(OPEN_FOR).unwrap_or(request.now);
        let proposal = found_proposals::Model {
            id,
            found_id,
            warehouse_id: row.warehouse_id,
            resolution: resolution.as_str().to_owned(),
            code,
            person_id: request.by.person.0,
            key_id: request.by.key.0,
            created_at: request.now.as_microsecond(),
            expires_at: expires_at.as_microsecond(),
            confirmed_by: None,
            confirmed_at: None,
        };
        found::propose(&*txn, proposal).await?;
        made(self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: true }).await?)
    }

    /// Confirms what another person put up.
    ///
    /// # Errors
    ///
    /// A refusal where it is the same person, or the proposal is gone, and those of the store.
    pub async fn confirm_found(&self, id: Uuid, request: &Request) -> Result<found_proposals::Model, Error> {
        let absent = || Error::from(Refusal::ProposalGone);
        let txn = match self.begin_once(request).await? {
            Begun::Answered(_) => return found::proposal(self.store().reader(), id).await?.ok_or_else(absent),
            Begun::Fresh(txn) => txn,
        };
        let proposal = found::proposal(&*txn, id).await?.ok_or_else(absent)?;
        if proposal.person_id == request.by.person.0 {
            return Err(Refusal::SecondPersonNeeded.into());
        }
        if !found::confirm(&*txn, &proposal, request.by.person.0, request.now.as_microsecond()).await? {
            txn.rollback().await?;
            return Err(absent());
        }
        self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await?;
        Ok(proposal)
    }

    /// What waits for a second person's word about found pieces.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn open_found(
        &self,
        warehouse: &WarehouseId,
        now: Timestamp,
    ) -> Result<Vec<found_proposals::Model>, Error> {
        Ok(found::open(self.store().reader(), warehouse.as_str(), now.as_microsecond()).await?)
    }
}

fn made(receipt: Receipt) -> Result<Uuid, Error> {
    match receipt {
        Receipt::Made { id, .. } => id.parse().map_err(|error| Error::corrupt("a stored answer", error)),
        Receipt::Piece(_) | Receipt::Order(_) | Receipt::Parcel(_) | Receipt::Proposal(_) => {
            Err(Error::corrupt("a stored answer", "is of no proposal"))
        }
    }
}
