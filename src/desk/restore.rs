//! After a restore: letters, messages and clocks are held until a supervisor lets them go, whoever was erased since the
//! backup is erased again, and what is known to be lost is listed. That it is held stands in the database, so a restart
//! does not forget it, and every instance is held.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::accepted::starts_a_clock;
use super::proposals::OPEN_FOR;
use super::receipt::Receipt;
use super::registry::Begun;
use super::{Desk, Error, Request, Seals};
use crate::aside::{self, Entry, Line, Told};
use crate::domain::actor::{By, Role};
use crate::domain::command::Command;
use crate::domain::deadline::{Clock, OrderClock};
use crate::domain::ids::{CommandId, KeyId, OrderId, PersonId, StreamId, StreamKey};
use crate::domain::notice::{Notice, Recipient};
use crate::domain::orders::OrderCommand;
use crate::domain::refusal::Refusal;
use crate::store::entity::{deadlines, lost, outbox, restores as rows};
use crate::store::outbox::State;
use crate::store::restores::{self, About, Kind};
use crate::store::{beside, lost_capsules, queries};

/// How what was told before the loss, and is not told again, is shown.
pub const TOLD_BEFORE: &str = "told_before_restore";

/// Who is let go has so long at the least, whatever was left of their time.
pub const AT_LEAST: SignedDuration = SignedDuration::from_hours(24);

/// A clock that has longer than this left is not moved: nobody is in a hurry.
pub const NEAR: SignedDuration = SignedDuration::from_hours(72);

/// So long what was told before the loss is held against what is about to be told: work that is done again is done by
/// then, and the same words mean something new.
pub const RECALLED_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Tellings that are older than the loss by more than this were marked before it.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// Lines in one go.
const AT_ONCE: usize = 256;

/// How it stands with a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing is held, and nothing need be remembered.
    No,
    /// Letters, messages and clocks wait for a supervisor.
    Yes,
    /// They go on; what was told before the loss is not told again.
    Recalling,
}

/// A clock of a buyer or a merchant that is about to run out, or did.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub row: deadlines::Model,
    /// Whose: buyer or merchant.
    pub waiter: &'static str,
}

/// Whose clock it is, where it is somebody's outside who may choose.
fn chooser(row: &deadlines::Model) -> Option<&'static str> {
    let waiter =
        Clock::parse(&row.kind).map(Clock::waiter).or_else(|| OrderClock::parse(&row.kind).map(OrderClock::waiter))?;
    waiter.chooses().then_some(waiter.as_str())
}

fn add(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

impl Desk {
    /// Whether letters, messages and clocks are held.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn held(&self, now: Timestamp) -> Result<Held, Error> {
        let Some(row) = restores::latest(self.store().reader()).await? else { return Ok(Held::No) };
        Ok(match row.released_at.and_then(|at| Timestamp::from_microsecond(at).ok()) {
            None => Held::Yes,
            Some(at) if now < add(at, RECALLED_FOR) => Held::Recalling,
            Some(_) => Held::No,
        })
    }

    /// Begins on a restored database, before anybody is served: reads the log aside, erases again whoever was erased
    /// since the backup, takes what was told for told, and keeps what is lost. Begun again while it is held, it goes on
    /// with the same restore.
    ///
    /// # Errors
    ///
    /// Those of the store, and of a log that cannot be read.
    pub async fn begin_restore(&self, folder: PathBuf, now: Timestamp) -> Result<rows::Model, Error> {
        let restore = match restores::latest(self.store().reader()).await?.filter(|row| row.released_at.is_none()) {
            Some(row) => row,
            None => restores::hold(self.store(), None, now.as_microsecond()).await?,
        };
        let since = restore.lost_from_at.saturating_sub(i64::try_from(MARGIN.as_micros()).unwrap_or(i64::MAX));
        let (mut lines, unreadable) = read_aside(folder, since).await?;
        // Each process wrote a file of its own.
        lines.sort_by_key(|line| line.at);
        self.erase_again(&restore, &lines, now).await?;
        for lines in lines.chunks(AT_ONCE) {
            self.replay(&restore, lines, now).await?;
        }
        self.revoke_again(&restore, &lines).await?;
        let txn = self.store().begin().await?;
        let unreadable = i32::try_from(unreadable).unwrap_or(i32::MAX);
        restores::replayed(&*txn, restore.id, unreadable, now.as_microsecond()).await?;
        txn.commit().await?;
        Ok(restores::latest(self.store().reader()).await?.unwrap_or(restore))
    }

    /// Whether a database that was let go after a restore was brought back from a backup once more: the log aside tells of
    /// something since then that it does not know, or knows nothing of its release. Told twice of one restore, by an option
    /// that stayed in a start script, nobody is held twice.
    ///
    /// # Errors
    ///
    /// Those of the store, and of a log that cannot be read.
    pub async fn is_restored_again(&self, released: &rows::Model, folder: PathBuf) -> Result<bool, Error> {
        let (lines, _) = read_aside(folder, i64::MIN).await?;
        let is_own = |line: &Line| matches!(&line.entry, Entry::Released { restore } if *restore == released.id);
        if !lines.iter().any(is_own) {
            return Ok(true);
        }
        let since = released.released_at.unwrap_or(i64::MIN);
        let later: Vec<Line> = lines.into_iter().filter(|line| since < line.at).collect();
        let reader = self.store().reader();
        for lines in later.chunks(AT_ONCE) {
            let mut unknown = self.missing(released, lines).await?;
            // The owner of an endpoint is written to without a row.
            let told: Vec<_> = tellings(lines).filter(|(_, told)| told.row != told.order).collect();
            let ids: Vec<Uuid> = told.iter().map(|(_, told)| told.row).collect();
            unknown.extend(untold(released, &told, &restores::rows(reader, &ids).await?));
            let known = restores::known_lost(reader, &unknown).await?;
            let erased: Vec<Uuid> = lines.iter().filter_map(erased).collect();
            if unknown.iter().any(|row| !known.contains(&(row.kind.clone(), row.id.clone())))
                || !restores::not_erased(reader, &erased).await?.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Erases again whoever was erased since the backup, on the word of the operator who had ordered it.
    async fn erase_again(&self, restore: &rows::Model, lines: &[Line], now: Timestamp) -> Result<(), Error> {
        let erased: BTreeMap<Uuid, (i64, Uuid, Uuid)> = lines
            .iter()
            .filter_map(|line| match &line.entry {
                Entry::Erased { person, by_person, by_key } => Some((*person, (line.at, *by_person, *by_key))),
                Entry::Capsule { .. }
                | Entry::Revoked { .. }
                | Entry::LostRevoked { .. }
                | Entry::Released { .. }
                | Entry::Answered { .. }
                | Entry::Told(_) => None,
            })
            .collect();
        let people: Vec<Uuid> = erased.keys().copied().collect();
        for person in restores::not_erased(self.store().reader(), &people).await? {
            let Some((at, by_person, by_key)) = erased.get(&person).copied() else { continue };
            let found =
                lost::Model { found_at: Some(now.as_microsecond()), ..lost_row(restore, Kind::Erasure, person, at) };
            self.keep_lost(vec![found]).await?;
            let request = Request {
                by: By { person: PersonId(by_person), key: KeyId(by_key), role: Role::Operator, proposer: None },
                idempotency_key: format!("restore-{}-{person}", restore.id),
                part: String::new(),
                target: "the log aside".to_owned(),
                body: person.to_string().into_bytes(),
                digested: Vec::new(),
                if_match: None,
                command_id: CommandId(Uuid::now_v7()),
                now,
                confirms: None,
            };
            match self.erase_person(PersonId(person), &request).await {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn keep_lost(&self, rows: Vec<lost::Model>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let txn = self.store().begin().await?;
        restores::keep_lost(&*txn, rows).await?;
        Ok(txn.commit().await?)
    }

    /// Holds lines of the log aside against the database.
    async fn replay(&self, restore: &rows::Model, lines: &[Line], now: Timestamp) -> Result<(), Error> {
        let reader = self.store().reader();
        let mut found = self.missing(restore, lines).await?;
        let told: Vec<(i64, &Told)> = tellings(lines).collect();
        found.extend(self.replay_told(restore, &told, now).await?);
        let orders: BTreeSet<Uuid> = found.iter().filter_map(|row| row.order_id).collect();
        let orders: Vec<Uuid> = orders.into_iter().collect();
        let known = beside::orders_of(reader, &orders).await?;
        let warehouses: BTreeMap<Uuid, String> =
            known.into_iter().map(|row| (row.order_id, row.warehouse_id)).collect();
        let codes = restores::codes_of(reader, &orders).await?;
        for row in &mut found {
            let Some(order) = row.order_id else { continue };
            let own = || warehouses.get(&order).cloned();
            row.warehouse_id = row.warehouse_id.take().or_else(own);
            let code = || codes.get(&(order, row.stream_id?)).cloned();
            row.piece = row.piece.take().or_else(code);
        }
        let lost: BTreeSet<&str> =
            found.iter().filter(|row| row.kind == Kind::Capsule.as_str()).map(|row| row.id.as_str()).collect();
        let place_of = |line: &Line| match &line.entry {
            Entry::Capsule { certificate_code, order, stream, place: Some(place), .. }
                if lost.contains(certificate_code.as_str()) =>
            {
                Some(lost_capsules::Model {
                    certificate_code: certificate_code.clone(),
                    order_id: *order,
                    stream_id: *stream,
                    status_place: *place,
                    issued_at: line.at,
                    proposed_by: None,
                    proposed_by_key: None,
                    proposed_at: None,
                    revoked_by: None,
                    revoked_by_key: None,
                    revoked_at: None,
                })
            }
            _ => None, // Only a capsule has a place in the list.
        };
        let places: Vec<_> = lines.iter().filter_map(place_of).collect();
        if !places.is_empty() {
            let txn = self.store().begin().await?;
            lost_capsules::keep_all(&*txn, places).await?;
            txn.commit().await?;
        }
        self.keep_lost(found).await
    }

    /// What lines of the log aside tell beside letters and messages, and the database does not know.
    async fn missing(&self, restore: &rows::Model, lines: &[Line]) -> Result<Vec<lost::Model>, Error> {
        let reader = self.store().reader();
        let mut found = Vec::new();
        for line in lines {
            match &line.entry {
                Entry::Erased { .. } | Entry::Told(_) | Entry::LostRevoked { .. } | Entry::Released { .. } => {}
                Entry::Capsule { certificate_code, piece, warehouse, order, stream, head, place: _ } => {
                    if queries::capsule_by_code(reader, certificate_code).await?.is_none() {
                        found.push(lost::Model {
                            order_id: Some(*order),
                            stream_id: Some(*stream),
                            warehouse_id: warehouse.clone(),
                            piece: piece.clone(),
                            head: head.clone(),
                            ..lost_row(restore, Kind::Capsule, certificate_code, line.at)
                        });
                    }
                }
                Entry::Revoked { order, stream } => {
                    if !restores::is_revoked(reader, *order, *stream).await? {
                        found.push(lost::Model {
                            order_id: Some(*order),
                            stream_id: Some(*stream),
                            ..lost_row(restore, Kind::Revocation, format!("{order}/{stream}"), line.at)
                        });
                    }
                }
                Entry::Answered { order, stream, event } => {
                    if !restores::has_event(reader, (*order, *stream), event, line.at).await? {
                        found.push(lost::Model {
                            order_id: Some(*order),
                            stream_id: Some(*stream),
                            head: Some(event.clone()),
                            ..lost_row(restore, Kind::Answer, format!("{order}/{stream}/{}", line.at), line.at)
                        });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Revokes again what had been revoked before its record was lost, and what two supervisors revoked since.
    async fn revoke_again(&self, restore: &rows::Model, lines: &[Line]) -> Result<(), Error> {
        for line in lines {
            let codes = match &line.entry {
                // After the restore the work was done again, and it is that piece's new capsule that is revoked.
                Entry::Revoked { order, stream } if line.at < restore.began_at => {
                    lost_capsules::standing(self.store().reader(), (*order, *stream), line.at).await?
                }
                Entry::LostRevoked { certificate_code } => vec![certificate_code.clone()],
                Entry::Revoked { .. }
                | Entry::Erased { .. }
                | Entry::Capsule { .. }
                | Entry::Released { .. }
                | Entry::Answered { .. }
                | Entry::Told(_) => continue,
            };
            let txn = self.store().begin().await?;
            for code in codes {
                lost_capsules::revoke(&*txn, &code, None, line.at).await?;
            }
            txn.commit().await?;
        }
        Ok(())
    }

    /// Takes rows that wait for told, where they were; answers what was told of which nothing is known here.
    async fn replay_told(
        &self,
        restore: &rows::Model,
        told: &[(i64, &Told)],
        now: Timestamp,
    ) -> Result<Vec<lost::Model>, Error> {
        let reader = self.store().reader();
        let ids: Vec<Uuid> = told.iter().map(|(_, told)| told.row).collect();
        let rows = restores::rows(reader, &ids).await?;
        let (mut sent, mut accepted) = (Vec::new(), Vec::new());
        for row in rows.iter().filter(|row| row.state == State::Waiting.as_str()) {
            let about = (Recipient::parse(&row.recipient), Notice::parse(&row.notice));
            let counts = matches!(about, (Some(recipient), Some(notice)) if starts_a_clock(recipient, notice));
            if counts { accepted.push(row.id) } else { sent.push(row.id) }
        }
        let txn = self.store().begin().await?;
        for (ids, state) in [(sent, State::Sent), (accepted, State::Accepted)] {
            restores::mark_told(&*txn, &ids, (state, TOLD_BEFORE), now.as_microsecond()).await?;
        }
        txn.commit().await?;
        Ok(untold(restore, told, &rows))
    }

    /// Whether the same was told to the same about the same before the loss, and by no other row since.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn told_before(&self, row: Uuid, about: &About, now: Timestamp) -> Result<bool, Error> {
        Ok(restores::claim(self.store(), row, about, now.as_microsecond()).await?)
    }

    /// The clocks of buyers and merchants that ran out, or will soon.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn waiting_choices(&self, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Error> {
        let until = add(now, NEAR).as_microsecond();
        let mut waiting = Vec::new();
        let mut after = None;
        loop {
            let page = restores::clocks_until(self.store().reader(), until, after, AT_ONCE as u64).await?;
            let Some(last) = page.last() else { return Ok(waiting) };
            after = Some((last.order_id, last.stream_id, last.kind.clone()));
            waiting.extend(page.into_iter().filter_map(|row| Some(Waiting { waiter: chooser(&row)?, row })));
            if limit <= waiting.len() {
                waiting.truncate(limit);
                return Ok(waiting);
            }
        }
    }

    /// Lets letters, messages and clocks go, on a supervisor's word. Before that every clock of a buyer or a merchant
    /// that is about to run out, or did, is moved later by the time that was lost. Asked again, it goes on where it
    /// stopped.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotNow`] where nothing is held; [`Error::Busy`], and faults: then it is held still.
    pub async fn release_restore(&self, request: &Request) -> Result<Option<rows::Model>, Error> {
        let id = match self.begin_once(request).await? {
            Begun::Answered(_) => return Ok(restores::latest(self.store().reader()).await?),
            Begun::Fresh(txn) => {
                let row = restores::latest(&*txn).await?.filter(|row| row.released_at.is_none());
                let row = row.ok_or(Refusal::NotNow("nothing is held: no restore waits to be let go"))?;
                if row.replayed_at.is_none() {
                    let why = "the log aside was not read yet: start touchstone serve --after-restore first";
                    return Err(Refusal::NotNow(why).into());
                }
                restores::asked(&*txn, row.id, request.now.as_microsecond()).await?;
                txn.commit().await?;
                row.id
            }
        };
        // Outside of that transaction, since each clock is moved by the writer of its order.
        let row = restores::latest(self.store().reader()).await?.filter(|row| row.id == id);
        if let Some(row) = row {
            self.give_time(&row, request.now).await?;
        }
        if let Begun::Fresh(txn) = self.begin_once(request).await? {
            let by = (request.by.person.0, request.by.key.0);
            self.set_release_aside(id, request.now).await?;
            restores::release(&*txn, id, by, request.now.as_microsecond()).await?;
            self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await?;
        }
        Ok(restores::latest(self.store().reader()).await?)
    }

    /// Revokes a certificate whose record was lost: the first of two supervisors puts it up, and another confirms it by the
    /// same request within the hour. The status list says so from then on, also to whoever checks without this service.
    ///
    /// # Errors
    ///
    /// A refusal where no such certificate is known to be lost, where it is revoked already, where its place in the list
    /// is not known, and where the same person asks twice; those of the store.
    pub async fn revoke_lost(&self, code: &str, request: &Request) -> Result<lost_capsules::Model, Error> {
        let absent = || Error::from(Refusal::Absent("lost certificate"));
        let txn = match self.begin_once(request).await? {
            Begun::Answered(_) => {
                return lost_capsules::by_code(self.store().reader(), code).await?.ok_or_else(absent);
            }
            Begun::Fresh(txn) => txn,
        };
        let Some(row) = lost_capsules::by_code(&*txn, code).await? else {
            restores::lost(&*txn, Kind::Capsule, code).await?.ok_or_else(absent)?;
            let why = "its place in the list of revoked certificates was not set aside, so it cannot stand there";
            return Err(Refusal::NotNow(why).into());
        };
        if row.revoked_at.is_some() {
            return Err(Refusal::NotNow("this certificate is revoked already").into());
        }
        let (now, by) = (request.now.as_microsecond(), (request.by.person.0, request.by.key.0));
        let is_open = |at: i64| now.saturating_sub(at) < i64::try_from(OPEN_FOR.as_micros()).unwrap_or(i64::MAX);
        match row.proposed_by.filter(|_| row.proposed_at.is_some_and(is_open)) {
            None => lost_capsules::propose(&*txn, code, by, now).await?,
            Some(first) if first == by.0 => return Err(Refusal::SecondPersonNeeded.into()),
            Some(_) => {
                self.set_lost_revocation_aside(code, request.now).await?;
                lost_capsules::revoke(&*txn, code, Some(by), now).await?;
            }
        }
        self.end_once(txn, request, Receipt::Made { id: code.to_owned(), new: false }).await?;
        lost_capsules::by_code(self.store().reader(), code).await?.ok_or_else(absent)
    }

    /// Moves the clocks of buyers and merchants later by the time between the loss and the release.
    async fn give_time(&self, restore: &rows::Model, now: Timestamp) -> Result<(), Error> {
        let asked = restore.asked_at.and_then(|at| Timestamp::from_microsecond(at).ok()).unwrap_or(now);
        let lost = (asked.as_microsecond() - restore.lost_from_at).max(0);
        let least = add(asked, AT_LEAST).as_microsecond();
        for waiting in self.waiting_choices(asked, usize::MAX).await?.chunks(AT_ONCE) {
            let mut moving = JoinSet::new();
            for Waiting { row, .. } in waiting {
                let to = row.due_at.saturating_add(lost).max(least);
                let to = Timestamp::from_microsecond(to).unwrap_or(asked);
                let (desk, row, id) = (self.clone(), row.clone(), restore.id);
                moving.spawn(async move { desk.move_clock(id, &row, to, now).await });
            }
            while let Some(moved) = moving.join_next().await {
                moved.map_err(|error| Error::fault("a clock cannot be moved", error))??;
            }
        }
        Ok(())
    }

    /// Moves one clock, once for each restore. One that does not run any more stays as it is.
    async fn move_clock(
        &self,
        restore: Uuid,
        row: &deadlines::Model,
        to: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let order_id = OrderId(row.order_id);
        let mut request = self.by_itself(format!("restore-{restore}-{}", row.kind), now);
        request.part = format!("{order_id}/{}", row.stream_id);
        let moved = match (Clock::parse(&row.kind), OrderClock::parse(&row.kind)) {
            (Some(clock), _) => {
                let key = StreamKey { order_id, stream_id: StreamId(row.stream_id) };
                self.carry_out(key, Command::MoveDeadline { clock, to }, Seals::default(), request).await
            }
            (None, Some(clock)) => {
                let command = OrderCommand::MoveDeadline { clock, to };
                self.on_order(order_id, command, Seals::default(), request).await
            }
            (None, None) => return Ok(()),
        };
        match moved {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Every line of the log aside; of tellings, of which there are many and all but the newest are known, those since a time.
async fn read_aside(folder: PathBuf, since: i64) -> Result<(Vec<Line>, u64), Error> {
    let fault = |error: &dyn ToString| Error::fault("the log aside cannot be read", error.to_string());
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        let unreadable = aside::read::<aside::Fault>(&folder, |line| {
            if since <= line.at || !matches!(line.entry, Entry::Told(_)) {
                lines.push(line);
            }
            Ok(())
        })?;
        Ok::<_, aside::Fault>((lines, unreadable))
    });
    reading.await.map_err(|error| fault(&error))?.map_err(|error| fault(&error))
}

/// The person whom a line tells to be erased.
fn erased(line: &Line) -> Option<Uuid> {
    match &line.entry {
        Entry::Erased { person, .. } => Some(*person),
        Entry::Capsule { .. }
        | Entry::Revoked { .. }
        | Entry::LostRevoked { .. }
        | Entry::Released { .. }
        | Entry::Answered { .. }
        | Entry::Told(_) => None,
    }
}

/// Letters and messages among lines.
fn tellings(lines: &[Line]) -> impl Iterator<Item = (i64, &Told)> {
    lines.iter().filter_map(|line| match &line.entry {
        Entry::Told(told) => Some((line.at, told)),
        Entry::Erased { .. }
        | Entry::Capsule { .. }
        | Entry::Revoked { .. }
        | Entry::LostRevoked { .. }
        | Entry::Released { .. }
        | Entry::Answered { .. } => None,
    })
}

/// What was told of which the outbox has no row.
fn untold(restore: &rows::Model, told: &[(i64, &Told)], rows: &[outbox::Model]) -> Vec<lost::Model> {
    let known: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
    let unknown = told.iter().filter(|(_, told)| !known.contains(&told.row));
    let lost = unknown.map(|(at, told)| {
        let kind = if told.channel == "mail" { Kind::Letter } else { Kind::Webhook };
        lost::Model {
            order_id: Some(told.order),
            stream_id: Some(told.stream),
            number: told.number.clone(),
            piece: told.piece.clone(),
            recipient: Some(told.recipient.clone()),
            notice: Some(told.notice.clone()),
            channel: Some(told.channel.clone()),
            subject: told.subject.clone(),
            ..lost_row(restore, kind, told.row, *at)
        }
    });
    lost.collect()
}

/// A row of what was lost, of which nothing is known but what it is and when it happened.
fn lost_row(restore: &rows::Model, kind: Kind, id: impl ToString, at: i64) -> lost::Model {
    lost::Model {
        kind: kind.as_str().to_owned(),
        id: id.to_string(),
        restore_id: restore.id,
        at,
        order_id: None,
        stream_id: None,
        warehouse_id: None,
        number: None,
        piece: None,
        head: None,
        recipient: None,
        notice: None,
        channel: None,
        subject: None,
        row_id: None,
        found_at: None,
    }
}
