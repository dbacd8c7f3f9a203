//! Webhooks: one row to one endpoint, and what becomes of both.

use jiff::{SignedDuration, Timestamp};

use super::backoff::{ENDPOINT, WEBHOOK};
use super::endpoint::{Answer, Message};
use super::letter::{buried, for_supervisor, is_waited_for};
use super::signature::{message_id, signature};
use super::{FAILING_FOR, Fault, Kit, Point, payload, recalled, stale};
use crate::desk;
use crate::store::entity::{outbox as rows, webhooks as endpoints};
use crate::store::outbox::{Failing, Health, Mark, Marks, State, Telling};

/// Failures in a row after which an endpoint is left alone for a while.
const IN_A_ROW: i32 = 3;

/// Where the house itself was busy.
const BUSY: SignedDuration = SignedDuration::from_secs(5);

/// Sends one row to its endpoint; says what became of it.
pub(super) async fn send(
    kit: &Kit,
    endpoint: &endpoints::Model,
    rows: Vec<rows::Model>,
    recalls: bool,
) -> Result<Marks, Fault> {
    let (rows, mut marks) = stale::still_so(kit, rows).await?;
    for row in rows {
        kit.at(Point::BeforeSend)?;
        let (sent, subject) = match message(kit, endpoint, &row).await {
            Ok(Some(message)) => {
                let subject = payload::subject(&message.body).map(|text| kit.desk.message_digest(&text));
                if recalls && recalled::message(kit, &row, subject.clone()).await? {
                    marks.append(recalled::marks(&[row], kit.now()));
                    continue;
                }
                (Some(post(kit, endpoint, &message).await), subject)
            }
            Ok(None) => (None, None),
            Err(desk::Error::Busy) => {
                marks.append(busy(&row, kit.now()));
                continue;
            }
            Err(error) => {
                tracing::error!(
                    notice.row = %row.id, error = &error as &dyn std::error::Error,
                    "a message to an endpoint cannot be written"
                );
                marks.append(unwritten(&row, kit.now()));
                continue;
            }
        };
        kit.at(Point::AfterSend)?;
        let mut own = match sent {
            Some(answer) => judge(endpoint, &row, answer, kit.now()),
            None => nothing(&row),
        };
        own.told.iter_mut().for_each(|told| told.subject.clone_from(&subject));
        marks.append(own);
    }
    Ok(marks)
}

async fn post(kit: &Kit, endpoint: &endpoints::Model, message: &Message) -> Answer {
    let late = |_| Answer::Failed { code: "timeout".to_owned(), gone: false, retry_after: None };
    tokio::time::timeout(kit.limit, kit.caller.post(&endpoint.url, message)).await.unwrap_or_else(late)
}

async fn message(kit: &Kit, endpoint: &endpoints::Model, row: &rows::Model) -> Result<Option<Message>, desk::Error> {
    let Some(body) = payload::body(&kit.desk, row).await? else { return Ok(None) };
    let now = kit.now();
    let secrets = kit.desk.open_webhook(endpoint)?.secrets(now);
    let (id, timestamp) = (message_id(row.id), now.as_second());
    let signature = signature(&secrets, &id, timestamp, body.as_bytes());
    Ok(Some(Message { id, timestamp, signature, body }))
}

fn mark(row: &rows::Model, state: State, outcome: &str, tried: bool, again_at: Option<i64>) -> Mark {
    Mark { rows: vec![row.id], state, outcome: outcome.to_owned(), tried, again_at }
}

fn busy(row: &rows::Model, now: Timestamp) -> Marks {
    let again_at = now.checked_add(BUSY).unwrap_or(now).as_microsecond();
    Marks { marks: vec![mark(row, State::Waiting, "busy", false, Some(again_at))], ..Marks::default() }
}

/// A message that could not be written: no fault of the endpoint's, and no reason to try for ever.
fn unwritten(row: &rows::Model, now: Timestamp) -> Marks {
    let again_at = WEBHOOK.after(row.attempts + 1, row.id);
    let again_at = again_at.map(|wait| now.checked_add(wait).unwrap_or(now).as_microsecond());
    let state = if again_at.is_some() { State::Waiting } else { State::Buried };
    Marks { marks: vec![mark(row, state, "unwritten", true, again_at)], ..Marks::default() }
}

/// A notice that no program is told.
fn nothing(row: &rows::Model) -> Marks {
    Marks { marks: vec![mark(row, State::Nobody, "not_for_programs", false, None)], ..Marks::default() }
}

/// What became of a row and of its endpoint.
fn judge(endpoint: &endpoints::Model, row: &rows::Model, answer: Answer, now: Timestamp) -> Marks {
    let micros = now.as_microsecond();
    let after = |wait: SignedDuration| now.checked_add(wait).unwrap_or(now).as_microsecond();
    let mut marks = Marks::default();
    let (code, gone, retry_after) = match answer {
        Answer::Taken(status) => {
            let accepted = is_waited_for(row);
            let state = if accepted { State::Accepted } else { State::Sent };
            let outcome = format!("http_{status}");
            marks.marks.push(mark(row, state, &outcome, true, accepted.then_some(micros)));
            marks.endpoints.push(Health { id: endpoint.id, outcome, failure: None });
            marks.told.push(Telling { row: row.clone(), message: row.id, subject: None });
            return marks;
        }
        Answer::Failed { code, gone, retry_after } => (code, gone, retry_after),
    };
    let asked = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
    let failed = row.attempts + 1;
    match WEBHOOK.after(failed, row.id) {
        Some(own) => {
            let again_at = after(asked.map_or(own, |asked| asked.max(own)));
            marks.marks.push(mark(row, State::Waiting, &code, true, Some(again_at)));
        }
        None => {
            marks.marks.push(mark(row, State::Buried, &code, true, None));
            marks.tell_if_unreached.extend(for_supervisor(row, now).map(|tell| (row.clone(), tell)));
            if row.recipient == "buyer" {
                marks.tell.extend(buried(row, now));
            }
        }
    }
    let since = endpoint.failing_since_at.unwrap_or(micros);
    let in_a_row = endpoint.failures + 1;
    let alone = ENDPOINT.after(in_a_row - IN_A_ROW + 1, endpoint.id).filter(|_| IN_A_ROW <= in_a_row);
    let long = FAILING_FOR.as_micros() <= i128::from(micros - since);
    marks.endpoints.push(Health {
        id: endpoint.id,
        outcome: code,
        failure: Some(Failing {
            since,
            again_at: alone.or(asked).map_or(0, |own| after(asked.map_or(own, |asked| asked.max(own)))),
            paused_at: (gone || long).then_some(micros),
        }),
    });
    marks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::domain::notice::{Notice, Recipient};
    use crate::store::journal::stream_key;
    use crate::store::outbox::{Channel, waiting};

    const HOUR: i64 = 3_600_000_000;

    fn endpoint(failures: i32, failing_since_at: Option<i64>) -> endpoints::Model {
        endpoints::Model {
            id: Uuid::from_u128(9),
            tenant_id: "kuai".to_owned(),
            merchant_id: None,
            channel: String::new(),
            url: String::new(),
            wrapped_key: Vec::new(),
            sealed: Vec::new(),
            created_at: 0,
            not_before_at: 0,
            failures,
            failing_since_at,
            last_outcome: None,
            paused_at: None,
            told_at: None,
            deleted_at: None,
        }
    }

    fn row(notice: Notice, attempts: i32) -> rows::Model {
        let (event, channel) = ((stream_key(Uuid::from_u128(1), 1), 7), Channel::Endpoint(Uuid::from_u128(9)));
        let row = waiting(Uuid::from_u128(7), event, (Recipient::Buyer, notice), channel, (0, 0));
        rows::Model { attempts, ..row }
    }

    fn failed(code: &str, gone: bool, wait: Option<u64>) -> Answer {
        Answer::Failed { code: code.to_owned(), gone, retry_after: wait.map(Duration::from_secs) }
    }

    #[test]
    fn a_choice_that_the_platform_took_starts_the_clock() {
        let now = Timestamp::UNIX_EPOCH;
        let taken = judge(&endpoint(2, Some(0)), &row(Notice::ChoiceNeeded, 0), Answer::Taken(204), now);
        assert_eq!((taken.marks[0].state, taken.endpoints[0].failure.as_ref()), (State::Accepted, None));
        let taken = judge(&endpoint(0, None), &row(Notice::Arrived, 0), Answer::Taken(200), now);
        assert_eq!(taken.marks[0].state, State::Sent);
    }

    #[test]
    fn an_endpoint_is_left_alone_after_three_failures_and_paused_after_three_days() {
        let at = |micros| Timestamp::from_microsecond(micros).unwrap();
        let after = |endpoint: &endpoints::Model, micros, answer| {
            let marks = judge(endpoint, &row(Notice::Arrived, 0), answer, at(micros));
            assert_eq!(marks.marks[0].state, State::Waiting);
            marks.endpoints[0].failure.clone().unwrap()
        };
        let first = after(&endpoint(0, None), 5, failed("timeout", false, None));
        assert_eq!(first, Failing { since: 5, again_at: 0, paused_at: None });
        let third = after(&endpoint(2, Some(5)), 10, failed("http_500", false, None));
        assert!(20_000_000 < third.again_at && third.paused_at.is_none());
        let long = after(&endpoint(90, Some(0)), 72 * HOUR, failed("timeout", false, None));
        assert_eq!(long.paused_at, Some(72 * HOUR));
        assert_eq!(after(&endpoint(90, Some(0)), 72 * HOUR - 1, failed("timeout", false, None)).paused_at, None);
        assert_eq!(after(&endpoint(0, None), 5, failed("http_410", true, None)).paused_at, Some(5));
        let asked = after(&endpoint(0, None), 0, failed("http_429", false, Some(60)));
        assert_eq!(asked.again_at, 60_000_000);
    }

    #[test]
    fn what_no_endpoint_takes_is_buried_at_last() {
        let marks = judge(
            &endpoint(0, None),
            &row(Notice::ChoiceNeeded, 21),
            failed("http_400", false, None),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(marks.marks[0].state, State::Buried);
        assert_eq!((marks.tell.len(), marks.tell_if_unreached.len()), (1, 1));
    }
}
