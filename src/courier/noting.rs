//! What was accepted is told to the desk: the clock of whoever owes an answer starts.

use jiff::{SignedDuration, Timestamp};

use super::{Fault, Kit, Point};
use crate::desk;
use crate::desk::accepted::Accepted;
use crate::desk::restore::Held;
use crate::domain::notice::Notice;
use crate::store::entity::outbox as rows;
use crate::store::journal::stream_key;
use crate::store::outbox::{self, Channel};

/// Rows in one go.
const MOST: u64 = 64;

/// How long to wait where the desk is busy, and where it cannot do it.
const BUSY: SignedDuration = SignedDuration::from_secs(5);
const FAULTY: SignedDuration = SignedDuration::from_mins(5);

/// Notes what was accepted and is not noted yet. Answers how many rows.
pub(super) async fn note(kit: &Kit) -> Result<usize, Fault> {
    let store = kit.desk.store();
    let now = kit.now();
    let rows = outbox::accepted(store.reader(), now.as_microsecond(), MOST).await?;
    if rows.is_empty() || kit.desk.held(now).await? == Held::Yes {
        return Ok(0);
    }
    let count = rows.len();
    for row in rows {
        kit.at(Point::BeforeNote)?;
        let again_at = match note_one(kit, &row, now).await {
            Ok(()) => None,
            Err(desk::Error::Busy) => Some(later(now, BUSY)),
            Err(error) => {
                let notice = &row.notice;
                tracing::error!(
                    notice.row = %row.id, notice.kind = %notice, error = &error as &dyn std::error::Error,
                    "an accepted notice cannot be noted"
                );
                Some(later(now, FAULTY))
            }
        };
        kit.at(Point::AfterNote)?;
        outbox::noted(store, row.id, again_at).await?;
        kit.at(Point::AfterNoted)?;
    }
    Ok(count)
}

fn later(now: Timestamp, wait: SignedDuration) -> i64 {
    now.checked_add(wait).unwrap_or(now).as_microsecond()
}

async fn note_one(kit: &Kit, row: &rows::Model, now: Timestamp) -> Result<(), desk::Error> {
    let channel = match Channel::parse(&row.channel) {
        Some(Channel::Mail) => "mail",
        Some(Channel::Webhooks | Channel::Endpoint(_)) => "webhook",
        None => return Ok(()),
    };
    let Some(notice) = Notice::parse(&row.notice) else { return Ok(()) };
    let accepted = Accepted { row: row.id, seq: row.seq, notice, channel };
    kit.desk.note_accepted(stream_key(row.order_id, row.stream_id), &accepted, now).await.map(drop)
}
