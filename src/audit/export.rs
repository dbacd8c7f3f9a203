//! `journal export`: journals as a file that anybody can check offline ([`crate::capsule::lines`]).

use std::io::Write;

use super::pages::Pages;
use super::{Error, Watch};
use crate::capsule::Hash;
use crate::capsule::lines::Line;
use crate::desk;
use crate::domain::ids::OrderId;
use crate::store::entity::events;
use crate::store::{Store, journal};

/// Writes the journals of one order, or all of them, one stored body with its hash a line. Answers the number of lines.
pub async fn export(
    store: &Store,
    order: Option<OrderId>,
    out: &mut (dyn Write + Send),
    watch: &mut dyn Watch,
) -> Result<u64, Error> {
    let snapshot = store.snapshot().await?;
    if let Some(order) = order {
        let rows = journal::of_order(&*snapshot, order).await?;
        write(&rows, out)?;
        out.flush()?;
        watch.progress(rows.len() as u64, rows.len() as u64);
        return Ok(rows.len() as u64);
    }
    let mut pages = Pages::of(&snapshot).await?;
    while let Some(rows) = pages.next().await? {
        write(&rows, out)?;
        pages.tell(watch);
    }
    out.flush()?;
    Ok(pages.count)
}

fn write(rows: &[events::Model], out: &mut (dyn Write + Send)) -> Result<(), Error> {
    for row in rows {
        let hash = Hash::try_from(row.hash.as_slice()).map_err(|fault| {
            desk::Error::corrupt(format!("event {}/{}/{}", row.order_id, row.stream_id, row.seq), fault)
        })?;
        writeln!(out, "{}", Line { body: row.body.clone(), hash }.text())?;
    }
    Ok(())
}
