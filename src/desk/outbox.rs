//! The rows by which a notice waits for its courier: one for each channel, in the transaction of its event.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::work::Plan;
use crate::domain::ids::StreamKey;
use crate::domain::notice::{Notice, Recipient};
use crate::store::entity::outbox;
use crate::store::outbox::{Channel, waiting};

/// By which channels somebody is told. A buyer also by the platform's own app, which hears of it by its webhook; what is
/// for programs goes to the endpoints of the platform and of the merchant.
fn channels(recipient: Recipient) -> &'static [Channel] {
    match recipient {
        Recipient::Buyer => &[Channel::Mail, Channel::Webhooks],
        Recipient::Merchant | Recipient::Supervisor => &[Channel::Mail],
        Recipient::Platform => &[Channel::Webhooks],
    }
}

/// The rows of one notice. An urgent letter goes at once; others wait a little, so that what happens to one order within
/// some minutes is one letter. `gather` is how long a letter waits for others that may go with it.
pub(crate) fn rows(
    key: StreamKey,
    seq: i32,
    (recipient, notice): (Recipient, Notice),
    gather: SignedDuration,
    now: Timestamp,
) -> impl Iterator<Item = outbox::Model> {
    channels(recipient).iter().map(move |channel| {
        let waits = *channel == Channel::Mail && !notice.is_urgent();
        let not_before = if waits { now.checked_add(gather).unwrap_or(now) } else { now };
        let times = (not_before.as_microsecond(), now.as_microsecond());
        waiting(Uuid::now_v7(), (key, seq), (recipient, notice), *channel, times)
    })
}

impl Plan {
    /// Writes one notice of an event.
    pub fn notice(&mut self, key: StreamKey, seq: i32, recipient: Recipient, notice: Notice, now: Timestamp) {
        self.changes.outbox.extend(rows(key, seq, (recipient, notice), self.gather, now));
    }
}
