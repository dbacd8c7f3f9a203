//! All events of a history, in the order of the journals, page by page.

use super::{Error, PAGE, Watch};
use crate::domain::ids::StreamKey;
use crate::store::entity::events;
use crate::store::{Snapshot, journal};

pub struct Pages<'a> {
    snapshot: &'a Snapshot,
    after: Option<(StreamKey, i32)>,
    /// Events that were given.
    pub count: u64,
    total: u64,
}

impl<'a> Pages<'a> {
    pub async fn of(snapshot: &'a Snapshot) -> Result<Self, Error> {
        Ok(Self { snapshot, after: None, count: 0, total: journal::count(&**snapshot).await? })
    }

    pub async fn next(&mut self) -> Result<Option<Vec<events::Model>>, Error> {
        let page = journal::page(&**self.snapshot, self.after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some((journal::key_of(last), last.seq));
        self.count += page.len() as u64;
        Ok(Some(page))
    }

    /// Tells how far it has come.
    pub fn tell(&self, watch: &mut dyn Watch) {
        watch.progress(self.count, self.total);
    }
}
