//! After a restore: letters, messages and clocks are held until a supervisor lets them go, whoever was erased since the
//! backup is erased again, and what is known to be lost is listed. That it is held stands in the database, so a restart
//! does not forget it, and every instance is held.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::accepted::starts_a_clock;
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
use crate::store::entity::{deadlines, lost, restores as rows};
use crate::store::outbox::State;
use crate::store::restores::{self, About, Kind};
use crate::store::{beside, queries};

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
        let fault = |error: &dyn ToString| Error::fault("the log aside cannot be read", error.to_string());
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = Vec::new();
            let unreadable = aside::read::<aside::Fault>(&folder, |line| {
                // Of tellings there are many, and all but the newest are known.
                if since <= line.at || !matches!(line.entry, Entry::Told(_)) {
                    lines.push(line);
                }
                Ok(())
            })?;
            Ok::<_, aside::Fault>((lines, unreadable))
        });
        let (lines, unreadable) = reading.await.map_err(|error| fault(&error))?.map_err(|error| fault(&error))?;
        self.erase_again(&restore, &lines, now).await?;
        for lines in lines.chunks(AT_ONCE) {
            self.replay(&restore, lines, now).await?;
        }
        let txn = self.store().begin().await?;
        let unreadable = i32::try_from(unreadable).unwrap_or(i32::MAX);
        restores::replayed(&*txn, restore.id, unreadable, now.as_microsecond()).await?;
        txn.commit().await?;
        Ok(restores::latest(self.store().reader()).await?.unwrap_or(restore))
    }

    /// Erases again whoever was erased since the backup, on the word of the operator who had ordered it.
    async fn erase_again(&self, restore: &rows::Model, lines: &[Line], now: Timestamp) -> Result<(), Error> {
        let erased: BTreeMap<Uuid, (i64, Uuid, Uuid)> = lines
            .iter()
            .filter_map(|line| match &line.entry {
                Entry::Erased { person, by_person, by_key } => Some((*person, (line.at, *by_person, *by_key))),
                Entry::Capsule { .. } | Entry::Revoked { .. } | Entry::Answered { .. } | Entry::Told(_) => None,
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
        let mut found = Vec::new();
        let mut told: Vec<(i64, &Told)> = Vec::new();
        for line in lines {
            match &line.entry {
                Entry::Erased { .. } => {}
                Entry::Told(telling) => told.push((line.at, telling)),
                Entry::Capsule { certificate_code, piece, warehouse, order, stream, head } => {
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
        self.keep_lost(found).await
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
        Ok(lost.collect())
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
            restores::release(&*txn, id, by, request.now.as_microsecond()).await?;
            self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await?;
        }
        Ok(restores::latest(self.store().reader()).await?)
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
