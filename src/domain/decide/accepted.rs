//! A notice that a channel took. It starts the clock of whoever owes an answer: once, and only for what they were told
//! of the stage in which the piece stands.

use super::super::command::CommandKind;
use super::super::event::{EventKind, NoticeAccepted};
use super::super::refusal::Refusal;
use super::super::route::{Rejected, Why};
use super::super::text::Name;
use super::Draft;

impl Draft<'_> {
    pub(super) fn note_accepted(&mut self, notice: &Name, channel: &Name, seq: i32) -> Result<(), Refusal> {
        let kind = EventKind::NoticeAccepted;
        // What was told of an earlier stage, or of no stage that waits, starts nothing.
        if !CommandKind::NoteAccepted.fits(self.stage()) || self.piece.since().seq != seq {
            return Err(self.wrong_stage(kind));
        }
        if self.piece.notice_accepted().is_some() {
            return Err(Rejected { stage: self.stage(), kind, why: Why::TooOften }.into());
        }
        self.offer(NoticeAccepted { notice: notice.clone(), channel: channel.clone(), seq })
    }
}
