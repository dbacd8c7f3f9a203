//! Reminders of what was done meanwhile: nobody is told.

use super::{Fault, Kit};
use crate::domain::notice::Notice;
use crate::store::entity::outbox as rows;
use crate::store::outbox::{Mark, Marks, State};
use crate::store::queries;

/// Of rows that somebody has in hand those that are still so, and what becomes of the others. It is asked when they are
/// sent, however often they were tried.
pub(super) async fn still_so(kit: &Kit, rows: Vec<rows::Model>) -> Result<(Vec<rows::Model>, Marks), Fault> {
    let mut kept = Vec::with_capacity(rows.len());
    let mut stale = Vec::new();
    for row in rows {
        if is_stale(kit, &row).await? {
            stale.push(row.id);
        } else {
            kept.push(row);
        }
    }
    let mut marks = Marks::default();
    if !stale.is_empty() {
        let outcome = "no_longer_so".to_owned();
        marks.marks.push(Mark { rows: stale, state: State::Nobody, outcome, tried: false, again_at: None });
    }
    Ok((kept, marks))
}

async fn is_stale(kit: &Kit, row: &rows::Model) -> Result<bool, Fault> {
    let Some(stage) = Notice::parse(&row.notice).and_then(Notice::only_in) else { return Ok(false) };
    let piece = queries::piece(kit.desk.store().reader(), row.order_id, row.stream_id).await?;
    Ok(piece.is_none_or(|piece| piece.stage != stage.as_str()))
}
