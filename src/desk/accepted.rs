//! What the courier tells the desk: that a channel took the notice from which somebody's clock counts.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Desk, Error, Request, Seals};
use crate::domain::actor::By;
use crate::domain::command::Command;
use crate::domain::ids::{CommandId, StreamId, StreamKey};
use crate::domain::notice::{Notice, Recipient};
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;

/// A notice that a channel took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The row of the outbox.
    pub row: Uuid,
    /// The event that it tells of.
    pub seq: i32,
    pub notice: Notice,
    /// `mail` or `webhook`.
    pub channel: &'static str,
}

/// Whether somebody's clock counts from the moment at which this notice was taken (`deadlines.csv`).
pub fn starts_a_clock(recipient: Recipient, notice: Notice) -> bool {
    matches!(
        (recipient, notice),
        (Recipient::Buyer, Notice::ChoiceNeeded | Notice::RestAsked) | (Recipient::Merchant, Notice::Failed)
    )
}

impl Desk {
    /// Notes that a channel took a notice. False where it makes no difference any more: the clock runs already, or the
    /// piece or the order has moved on. Asked again for the same row, it gives the same answer.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], and faults.
    pub async fn note_accepted(&self, key: StreamKey, accepted: &Accepted, now: Timestamp) -> Result<bool, Error> {
        let malformed = |error| Error::fault("a notice's name", error);
        let notice = Name::parse(accepted.notice.as_str()).map_err(malformed)?;
        let channel = Name::parse(accepted.channel).map_err(malformed)?;
        if key.stream_id == StreamId::ORDER {
            return self.order_notice_accepted(key.order_id, (notice, channel, accepted.seq), now).await;
        }
        let command = Command::NoteAccepted { notice, channel, seq: accepted.seq };
        let request = Request {
            by: By::desk(),
            idempotency_key: format!("accepted-{}", accepted.row),
            part: String::new(),
            target: "the courier, notice-accepted".to_owned(),
            body: accepted.row.to_string().into_bytes(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now,
            confirms: None,
        };
        match self.carry_out(key, command, Seals::default(), request).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(Refusal::WrongStage(_) | Refusal::Absent(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
