//! `journal check --photos`: every photo that a journal names, read from the shelf and held against its hash.
//!
//! The hashes are those of the events; whether the events are what was written is [`check()`](super::check())'s to say.

use jiff::Timestamp;

use super::pages::Pages;
use super::{Error, Finding, Watch, Wrong};
use crate::desk::{Desk, recorded};
use crate::domain::event::{Event, PhotoAdded};
use crate::domain::ids::StreamKey;
use crate::photos::shelf::{Board, PhotoHash, Shelf};
use crate::store::{Snapshot, journal, queries};
use crate::vault::Vault;

/// What was read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Photos {
    /// Originals and renditions that the journals name; one that is named twice is read twice.
    pub files: u64,
    /// Originals that are gone because the rulebook's time for them is over.
    pub over: u64,
    pub findings: u64,
}

impl Photos {
    /// Whether each is there, and as it was taken.
    pub fn ok(&self) -> bool {
        self.findings == 0
    }
}

/// Reads all photos of the history.
pub async fn photos(desk: &Desk, shelf: &Shelf, now: Timestamp, watch: &mut dyn Watch) -> Result<Photos, Error> {
    let snapshot = desk.store().snapshot().await?;
    let kept = desk.rules().originals_kept();
    let closed_before = now.checked_sub(kept).unwrap_or(Timestamp::MIN).as_microsecond();
    let rounds = Rounds { snapshot: &snapshot, vault: desk.vault(), shelf, closed_before };
    let mut report = Photos::default();
    let mut pages = Pages::of(&snapshot).await?;
    while let Some(page) = pages.next().await? {
        for row in &page {
            let Ok(read) = recorded::read(row) else { continue };
            let Event::PhotoAdded(photo) = read.recorded.event else { continue };
            let key = journal::key_of(row);
            for (board, hash) in files(&photo) {
                report.files += 1;
                match rounds.look(key, board, hash).await? {
                    Seen::AsTaken => {}
                    Seen::Over => report.over += 1,
                    Seen::Wrong(wrong) => {
                        report.findings += 1;
                        watch.found(&Finding::of(key, Some(row.seq), wrong));
                    }
                }
            }
        }
        pages.tell(watch);
    }
    Ok(report)
}

/// What an event names. Those of version 1 name no renditions.
fn files(photo: &PhotoAdded) -> impl Iterator<Item = (Board, &str)> {
    let renditions = [&photo.shown_sha256, &photo.small_sha256].into_iter().flatten();
    std::iter::once((Board::Originals, photo.original_sha256.as_str()))
        .chain(renditions.map(|hash| (Board::Renditions, hash.as_str())))
}

enum Seen {
    AsTaken,
    Over,
    Wrong(Wrong),
}

struct Rounds<'a> {
    snapshot: &'a Snapshot,
    vault: &'a Vault,
    shelf: &'a Shelf,
    closed_before: i64,
}

impl Rounds<'_> {
    async fn look(&self, key: StreamKey, board: Board, name: &str) -> Result<Seen, Error> {
        let place = || (board.as_str(), name.to_owned());
        let hash: Option<PhotoHash> = name.parse().ok();
        let sealed = match hash {
            Some(hash) => self.shelf.get(board, hash).await?,
            None => None, // No photo lies under what is no hash.
        };
        let Some((hash, sealed)) = hash.zip(sealed) else {
            let over = board == Board::Originals && self.is_over(key).await?;
            let (board, hash) = place();
            return Ok(if over { Seen::Over } else { Seen::Wrong(Wrong::PhotoGone { board, hash }) });
        };
        Ok(match self.vault.open_photo(hash.as_bytes(), &sealed) {
            Ok(_) => Seen::AsTaken,
            Err(_) => {
                let (board, hash) = place();
                Seen::Wrong(Wrong::PhotoEdited { board, hash })
            }
        })
    }

    /// Whether the originals of a piece need not be there any more.
    async fn is_over(&self, key: StreamKey) -> Result<bool, Error> {
        let piece = queries::piece(&**self.snapshot, key.order_id.0, key.stream_id.0).await?;
        Ok(piece.is_some_and(|piece| piece.stage == "closed" && piece.stage_since_at < self.closed_before))
    }
}
