//! Two people: what a first one has put up waits for a second, for an hour.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::receipt::{ProposalReceipt, Receipt};
use super::{Desk, Error, Located, Request, Seals, Work};
use crate::domain::actor::Witness;
use crate::domain::command::CommandKind;
use crate::domain::ids::{KeyId, MerchantId, PersonId, PieceCode, ProposalId, TenantId, WarehouseId};
use crate::domain::refusal::Refusal;
use crate::store::entity::proposals;
use crate::store::{journal, queries};
use crate::vault::Vault;

/// How long a proposal may be confirmed (`journey.md`, "Two people").
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// A proposal that may still be confirmed.
#[derive(Clone, Debug)]
pub struct OpenProposal {
    pub id: ProposalId,
    pub located: Located,
    pub code: PieceCode,
    pub command: CommandKind,
    pub proposer: Witness,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// What the first person would have posted.
    pub body: Vec<u8>,
}

impl Desk {
    /// Puts a command up for a second person. The body is kept sealed.
    pub async fn propose(
        &self,
        located: &Located,
        code: &PieceCode,
        command: CommandKind,
        body: &[u8],
        request: Request,
    ) -> Result<Receipt, Error> {
        let id = Uuid::now_v7();
        let key = Vault::fresh_key();
        let expires_at = request.now.checked_add(OPEN_FOR).unwrap_or(request.now);
        let receipt = ProposalReceipt {
            id,
            code: code.to_string(),
            command: command.as_str().to_owned(),
            expires_at: expires_at.as_microsecond(),
        };
        let row = proposals::Model {
            id,
            order_id: located.key.order_id.0,
            stream_id: located.key.stream_id.0,
            warehouse_id: located.warehouse_id.to_string(),
            command: command.as_str().to_owned(),
            person_id: request.by.person.0,
            key_id: request.by.key.0,
            wrapped_key: Some(self.vault().wrap(&key, id.as_bytes())),
            sealed: Some(Vault::seal(&key, body, id.as_bytes())),
            created_at: request.now.as_microsecond(),
            expires_at: expires_at.as_microsecond(),
            confirmed_by: None,
            confirmed_at: None,
        };
        let work = Work::Propose(Box::new((row, receipt)));
        self.submit(located.key.order_id, work, Seals::default(), request).await
    }

    /// A proposal by its id, where it may still be confirmed.
    pub async fn open_proposal(&self, id: ProposalId, now: Timestamp) -> Result<Option<OpenProposal>, Error> {
        let row = queries::proposal(self.store().reader(), id.0).await?;
        match row.filter(|row| row.confirmed_at.is_none() && now.as_microsecond() < row.expires_at) {
            Some(row) => self.read_proposal(row).await,
            None => Ok(None),
        }
    }

    /// The proposals of a warehouse that wait for their second person.
    pub async fn open_proposals(&self, warehouse: &WarehouseId, now: Timestamp) -> Result<Vec<OpenProposal>, Error> {
        let mut open = Vec::new();
        for row in queries::open_proposals(self.store().reader(), warehouse.as_str(), now.as_microsecond()).await? {
            open.extend(self.read_proposal(row).await?);
        }
        Ok(open)
    }

    async fn read_proposal(&self, row: proposals::Model) -> Result<Option<OpenProposal>, Error> {
        let (Some(wrapped), Some(sealed)) = (&row.wrapped_key, &row.sealed) else { return Ok(None) };
        let fault = |error| Error::fault("a proposal cannot be opened", error);
        let key = self.vault().unwrap_key(wrapped, row.id.as_bytes()).map_err(fault)?;
        let body = Vault::open(&key, sealed, row.id.as_bytes()).map_err(fault)?;
        let Some(piece) = queries::piece(self.store().reader(), row.order_id, row.stream_id).await? else {
            return Ok(None);
        };
        let malformed = |error: crate::domain::ids::Malformed| Error::corrupt("a piece's row", error);
        let Some(command) = CommandKind::parse(&row.command) else {
            return Err(Error::corrupt("a proposal", "its command is not known"));
        };
        let at = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Some(OpenProposal {
            id: ProposalId(row.id),
            located: Located {
                key: journal::stream_key(row.order_id, row.stream_id),
                tenant_id: TenantId::parse(&piece.tenant_id).map_err(malformed)?,
                merchant_id: MerchantId::parse(&piece.merchant_id).map_err(malformed)?,
                warehouse_id: WarehouseId::parse(&piece.warehouse_id).map_err(malformed)?,
            },
            code: PieceCode::parse(&piece.code).map_err(malformed)?,
            command,
            proposer: Witness { person_id: PersonId(row.person_id), key_id: KeyId(row.key_id) },
            created_at: at(row.created_at),
            expires_at: at(row.expires_at),
            body,
        }))
    }

    /// Refuses a confirmation by the person who proposed, whatever key they use.
    pub fn check_second(proposal: &OpenProposal, person: PersonId) -> Result<(), Error> {
        if proposal.proposer.person_id == person { Err(Refusal::SecondPersonNeeded.into()) } else { Ok(()) }
    }
}
