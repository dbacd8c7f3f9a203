//! Letters: what goes by mail, and what becomes of it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::backoff::{self, LETTER};
use super::{Fault, Kit, Point, recalled, stale};
use crate::desk::Desk;
use crate::desk::accepted::starts_a_clock;
use crate::desk::outbox as written;
use crate::domain::ids::{OrderId, StreamId};
use crate::domain::notice::{Notice, Recipient};
use crate::store::entity::outbox as rows;
use crate::store::journal::stream_key;
use crate::store::outbox::{Mark, Marks, State, Telling};
use crate::store::webhooks;

/// What becomes one letter: everything that one recipient of one order is told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Makes the Message-ID; the same on every try, with the same content.
    pub id: Uuid,
    pub order_id: OrderId,
    pub recipient: Recipient,
    /// By journal and event, in their order.
    pub told: Vec<(StreamId, i32, Notice)>,
}

/// A letter to the owner of an endpoint that is paused.
#[derive(Clone)]
pub struct Warning {
    /// Makes the Message-ID.
    pub id: Uuid,
    pub email: String,
    pub url: String,
    pub outcome: String,
    pub since: Timestamp,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The other side has it; what it answered, as a code.
    Taken(String),
    /// There is nobody to write to, which is no failure; why, as a code.
    Nobody(&'static str),
    Failed {
        permanent: bool,
        code: String,
        retry_after: Option<Duration>,
        /// Whether the other side was tried at all.
        tried: bool,
    },
}

/// A future of the post.
pub type Posting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who writes letters and takes them away.
pub trait Post: Send + Sync {
    /// Writes one letter and hands it over.
    fn post(&self, letter: Letter, now: Timestamp) -> Posting<'_, Posted>;

    /// Writes to the owner of an endpoint.
    fn warn(&self, warning: Warning, now: Timestamp) -> Posting<'_, Posted>;

    /// Takes leave of the other side.
    fn close(&self) -> Posting<'_, ()>;
}

/// The letter of rows that were leased together; none where a row is of a later release.
fn letter(rows: &[rows::Model]) -> Option<Letter> {
    let first = rows.first()?;
    let told = rows.iter().map(|row| Some((StreamId(row.stream_id), row.seq, Notice::parse(&row.notice)?)));
    Some(Letter {
        id: first.letter.unwrap_or(first.id),
        order_id: OrderId(first.order_id),
        recipient: Recipient::parse(&first.recipient)?,
        told: told.collect::<Option<_>>()?,
    })
}

/// Sends one letter; says what became of its rows.
pub(super) async fn send(kit: &Kit, rows: Vec<rows::Model>, recalls: bool) -> Result<Marks, Fault> {
    let (rows, mut marks) = stale::still_so(kit, rows).await?;
    if rows.is_empty() {
        return Ok(marks);
    }
    kit.at(Point::BeforeSend)?;
    let (known, rows) = if recalls { recalled::split(kit, rows).await? } else { (Marks::default(), rows) };
    marks.append(known);
    if rows.is_empty() {
        return Ok(marks);
    }
    let posted = match letter(&rows) {
        Some(letter) => tokio::time::timeout(kit.limit, kit.post.post(letter, kit.now())).await.unwrap_or_else(|_| {
            Posted::Failed { permanent: false, code: "timeout".to_owned(), retry_after: None, tried: true }
        }),
        None => Posted::Failed { permanent: true, code: "unknown_notice".to_owned(), retry_after: None, tried: false },
    };
    kit.at(Point::AfterSend)?;
    marks.append(judge(&rows, posted, kit.now()));
    Ok(marks)
}

/// What became of the rows of a letter.
fn judge(rows: &[rows::Model], posted: Posted, now: Timestamp) -> Marks {
    let ids = |wanted: &dyn Fn(&&rows::Model) -> bool| rows.iter().filter(wanted).map(|row| row.id).collect::<Vec<_>>();
    let all = || ids(&|_| true);
    let mark =
        |rows, state, outcome: &str, tried| Mark { rows, state, outcome: outcome.to_owned(), tried, again_at: None };
    let mut marks = Marks::default();
    match posted {
        Posted::Taken(code) => {
            let message = |row: &rows::Model| row.letter.unwrap_or(row.id);
            marks.told.extend(rows.iter().map(|row| Telling {
                message: message(row),
                row: row.clone(),
                subject: None,
            }));
            let (waited, told) = (ids(&|row| is_waited_for(row)), ids(&|row| !is_waited_for(row)));
            for (rows, state) in [(waited, State::Accepted), (told, State::Sent)] {
                if !rows.is_empty() {
                    // What was accepted is noted at once, not when the lease would have ended.
                    let again_at = (state == State::Accepted).then(|| now.as_microsecond());
                    marks.marks.push(Mark { again_at, ..mark(rows, state, &code, true) });
                }
            }
        }
        Posted::Nobody(why) => {
            marks.marks.push(mark(all(), State::Nobody, why, false));
            let unreached = rows.iter().filter_map(|row| Some((row.clone(), for_supervisor(row, now)?)));
            marks.tell_if_unreached.extend(unreached);
        }
        Posted::Failed { permanent, code, retry_after, tried } => {
            let failed = rows.iter().map(|row| row.attempts).max().unwrap_or_default() + i32::from(tried);
            let first = rows.first().map_or(Uuid::nil(), |row| row.letter.unwrap_or(row.id));
            let wait = match retry_after.and_then(|wait| SignedDuration::try_from(wait).ok()) {
                Some(asked) if !tried => Some(asked),
                Some(asked) => LETTER.after(failed, first).map(|own| own.max(asked)),
                None => LETTER.after(failed, first),
            };
            match wait.filter(|_| !permanent) {
                Some(wait) => {
                    let again_at = Some(now.checked_add(wait).unwrap_or(now).as_microsecond());
                    marks.marks.push(Mark { again_at, ..mark(all(), State::Waiting, &code, tried) });
                }
                None => {
                    marks.marks.push(mark(all(), State::Buried, &code, tried));
                    marks.tell.extend(rows.iter().filter_map(|row| buried(row, now)));
                    let unreached = rows.iter().filter_map(|row| Some((row.clone(), for_supervisor(row, now)?)));
                    marks.tell_if_unreached.extend(unreached);
                }
            }
        }
    }
    marks
}

/// Whether somebody's clock counts from its acceptance.
pub(super) fn is_waited_for(row: &rows::Model) -> bool {
    let told = (Recipient::parse(&row.recipient), Notice::parse(&row.notice));
    matches!(told, (Some(recipient), Some(notice)) if starts_a_clock(recipient, notice))
}

/// The row that tells a supervisor that a notice was given up; none where it was the supervisor's own.
pub(super) fn buried(row: &rows::Model, now: Timestamp) -> Option<rows::Model> {
    if Recipient::parse(&row.recipient) == Some(Recipient::Supervisor) {
        return None;
    }
    let key = stream_key(row.order_id, row.stream_id);
    written::rows(key, row.seq, (Recipient::Supervisor, Notice::MailBuried), SignedDuration::ZERO, now).next()
}

/// The row that tells a supervisor that nobody could be reached by any channel whose answer is waited for.
pub(super) fn for_supervisor(row: &rows::Model, now: Timestamp) -> Option<rows::Model> {
    let key = stream_key(row.order_id, row.stream_id);
    let told = (Recipient::Supervisor, Notice::ChoiceUnreached);
    written::rows(key, row.seq, told, SignedDuration::ZERO, now).next().filter(|_| is_waited_for(row))
}

/// Writes to the owners of endpoints that were paused.
pub(super) async fn warn_owners(kit: &Kit, now: i64, recalls: bool) -> Result<(), Fault> {
    let store = kit.desk.store();
    for endpoint in webhooks::untold(store.reader(), now).await? {
        let at = kit.now();
        let email = kit.desk.open_webhook(&endpoint).ok().and_then(|private| private.email);
        let Some(email) = email else {
            webhooks::note_told(store, endpoint.id, Some(now), now).await?;
            continue;
        };
        if recalls && kit.desk.told_before(endpoint.id, &Desk::warning(endpoint.id), at).await? {
            webhooks::note_told(store, endpoint.id, Some(now), now).await?;
            continue;
        }
        let warning = Warning {
            id: webhooks::letter_of_pause(&endpoint),
            email,
            url: endpoint.url.clone(),
            outcome: endpoint.last_outcome.clone().unwrap_or_default(),
            since: Timestamp::from_microsecond(endpoint.failing_since_at.unwrap_or(now)).unwrap_or(at),
        };
        kit.at(Point::BeforeSend)?;
        let posted = tokio::time::timeout(kit.limit, kit.post.warn(warning, at)).await;
        kit.at(Point::AfterSend)?;
        if let Ok(Posted::Taken(_)) = &posted
            && let Err(error) = kit.desk.set_warning_aside(endpoint.id, at).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "what was told cannot be set aside");
        }
        let told = match posted {
            Ok(Posted::Taken(_) | Posted::Nobody(_)) | Ok(Posted::Failed { permanent: true, .. }) => Some(now),
            Ok(Posted::Failed { permanent: false, .. }) | Err(_) => None,
        };
        let wait = backoff::ENDPOINT.after(8, endpoint.id).unwrap_or(SignedDuration::ZERO);
        let again_at = at.checked_add(wait).unwrap_or(at).as_microsecond();
        webhooks::note_told(store, endpoint.id, told, again_at).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::outbox::{Channel, waiting};

    fn row(recipient: Recipient, notice: Notice, attempts: i32) -> rows::Model {
        let event = (stream_key(Uuid::from_u128(1), 1), 7);
        rows::Model { attempts, ..waiting(Uuid::now_v7(), event, (recipient, notice), Channel::Mail, (0, 0)) }
    }

    fn failed(permanent: bool) -> Posted {
        Posted::Failed { permanent, code: "smtp_451".to_owned(), retry_after: None, tried: true }
    }

    fn states(marks: &Marks) -> Vec<(State, usize)> {
        marks.marks.iter().map(|mark| (mark.state, mark.rows.len())).collect()
    }

    #[test]
    fn what_was_taken_is_sent_and_what_a_clock_counts_from_is_noted_first() {
        let now = Timestamp::UNIX_EPOCH;
        let rows = [
            row(Recipient::Buyer, Notice::Arrived, 0),
            row(Recipient::Buyer, Notice::ChoiceNeeded, 0),
            row(Recipient::Buyer, Notice::Passed, 0),
        ];
        let marks = judge(&rows, Posted::Taken("250".to_owned()), now);
        assert_eq!(states(&marks), [(State::Accepted, 1), (State::Sent, 2)]);
        assert!(marks.marks.iter().all(|mark| mark.tried && mark.outcome == "250"));
    }

    #[test]
    fn what_failed_for_the_moment_waits_and_at_last_is_buried() {
        let now = Timestamp::UNIX_EPOCH;
        let waits = judge(&[row(Recipient::Merchant, Notice::Arrived, 0)], failed(false), now);
        assert_eq!(states(&waits), [(State::Waiting, 1)]);
        assert!(24_000_000 <= waits.marks[0].again_at.unwrap() && waits.tell.is_empty());
        let last = judge(&[row(Recipient::Merchant, Notice::Arrived, 15)], failed(false), now);
        assert_eq!(states(&last), [(State::Buried, 1)]);
        assert_eq!((last.tell[0].recipient.as_str(), last.tell[0].seq), ("supervisor", 7));
        let refused = judge(&[row(Recipient::Merchant, Notice::Arrived, 0)], failed(true), now);
        assert_eq!(states(&refused), [(State::Buried, 1)]);
        // Of a letter that did not reach the supervisor, no other tells the supervisor.
        assert!(judge(&[row(Recipient::Supervisor, Notice::Held, 0)], failed(true), now).tell.is_empty());
    }

    #[test]
    fn a_domain_that_is_full_for_the_moment_costs_no_try() {
        let wait = Some(Duration::from_secs(7));
        let full = Posted::Failed { permanent: false, code: "domain_rate".to_owned(), retry_after: wait, tried: false };
        let marks = judge(&[row(Recipient::Buyer, Notice::Arrived, 15)], full, Timestamp::UNIX_EPOCH);
        assert_eq!(marks.marks[0].again_at, Some(7_000_000));
        assert!(!marks.marks[0].tried);
    }

    #[test]
    fn a_choice_that_reaches_nobody_is_a_supervisors_task() {
        let now = Timestamp::UNIX_EPOCH;
        let rows = [row(Recipient::Buyer, Notice::Arrived, 0), row(Recipient::Buyer, Notice::ChoiceNeeded, 0)];
        let marks = judge(&rows, Posted::Nobody("no_address"), now);
        assert_eq!(states(&marks), [(State::Nobody, 2)]);
        assert_eq!(marks.tell_if_unreached.len(), 1);
    }
}
