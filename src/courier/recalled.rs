//! What was told before a loss is not told again, though the event that it tells of is another now, and so is its row.

use super::{Fault, Kit};
use crate::courier::letter::is_waited_for;
use crate::desk::restore::TOLD_BEFORE;
use crate::store::entity::outbox as rows;
use crate::store::outbox::{Mark, Marks, State};
use crate::store::restores::About;
use jiff::Timestamp;

/// Parts the rows of a letter: what was told before, as it is to be marked, and what is to be sent.
pub(super) async fn split(kit: &Kit, rows: Vec<rows::Model>) -> Result<(Marks, Vec<rows::Model>), Fault> {
    let (mut known, mut fresh) = (Vec::new(), Vec::new());
    for row in rows {
        let told = kit.desk.told_before(row.id, &About::of(&row, None), kit.now()).await?;
        if told { known.push(row) } else { fresh.push(row) }
    }
    Ok((marks(&known, kit.now()), fresh))
}

/// Whether an endpoint was told just this before.
pub(super) async fn message(kit: &Kit, row: &rows::Model, subject: Option<String>) -> Result<bool, Fault> {
    Ok(kit.desk.told_before(row.id, &About::of(row, subject), kit.now()).await?)
}

/// Rows that were told before. Where somebody's clock counts from it, it counts from now: nobody knows any more when it
/// was, and nobody's time gets shorter.
pub(super) fn marks(rows: &[rows::Model], now: Timestamp) -> Marks {
    let mark = |row: &rows::Model| {
        let waits = is_waited_for(row);
        Mark {
            rows: vec![row.id],
            state: if waits { State::Accepted } else { State::Sent },
            outcome: TOLD_BEFORE.to_owned(),
            tried: false,
            again_at: waits.then(|| now.as_microsecond()),
        }
    };
    Marks { marks: rows.iter().map(mark).collect(), ..Marks::default() }
}
