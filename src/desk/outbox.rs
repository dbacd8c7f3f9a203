//! The rows by which a notice waits for its courier: one for each channel, in the transaction of its event.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::work::Plan;
use crate::domain::ids::StreamKey;
use crate::domain::notice::{Notice, Recipient};
use crate::store::entity::outbox;
use crate::store::outbox::{Channel, State};

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
        outbox::Model {
            id: Uuid::now_v7(),
            order_id: key.order_id.0,
            stream_id: key.stream_id.0,
            seq,
            recipient: recipient.as_str().to_owned(),
            notice: notice.as_str().to_owned(),
            channel: channel.text(),
            state: State::Waiting.as_str().to_owned(),
            attempts: 0,
            not_before_at: not_before.as_microsecond(),
            leased_until_at: None,
            lease: None,
            letter: None,
            outcome: None,
            created_at: now.as_microsecond(),
        }
    })
}

impl Plan {
    /// Writes one notice of an event.
    pub fn notice(&mut self, key: StreamKey, seq: i32, recipient: Recipient, notice: Notice, now: Timestamp) {
        self.changes.outbox.extend(rows(key, seq, (recipient, notice), self.gather, now));
    }
}
