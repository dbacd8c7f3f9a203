//! The writers. Each takes the commands that wait for it, at most one an order, decides them, writes them in one
//! transaction and commits once for all. If the batch cannot be written as a whole, its commands are replayed one by one,
//! so that one lost race harms nobody else.
//!
//! On PostgreSQL other processes write too, so a batch takes the rows of its orders first and is decided in its
//! transaction, and there are several writers. An SQLite file is one process's as a rule and has one writer in two halves
//! (`ahead`): one decides the next batch while the other commits the last. Decided alone, a command is decided in its
//! transaction on both.
//!
//! A writer has a thread of its own. A batch is some dozen statements, each awaited, and among the tasks of many requests
//! it would wait its turn in the runtime's queue after every one of them (seen: up to 4 ms each, for 50 µs of work). On
//! PostgreSQL it also has a connection and a runtime of its own: else each answer of the database woke a thread of the
//! requests' runtime first, for it to wake the writer (seen: a sixth of the processors' time, in the kernel).

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Instant;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::cache::{Cache, Folded};
use super::place::{Known, NewOrder};
use super::receipt::{Happened, LineReceipt, ParcelOutcome, ParcelPiece, ParcelReceipt, Receipt};
use super::speech::{Listened, listens};
use super::work::{Plan, Subject, receipt};
use super::{Desk, Error, Inner, Job, Options, Request, Work, recorded};
use crate::domain::command::{Command, CommandKind};
use crate::domain::event::{Event, EventKind, OrderPlaced, Ship};
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::order::{LineStatus, Rest, order_status};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::store::changes::Changes;
use crate::store::entity::lines;
use crate::store::journal;
use crate::store::{self, Backend, Source, Store, lookups};
use crate::telemetry;

mod ahead;
mod answers;
mod found;

pub(super) use answers::{answer_row, open_answer};
use found::Found;
pub(super) use found::{Loaded, fetch, waybills_named};

/// A command that loses a race is decided anew so often, before its caller gets a conflict (`journey.md`, "Events, not
/// rows", 2).
const TRIES: usize = 3;

/// An order may lose a race for its number and for each of its three people. What it lost once it finds the next time, so
/// it never loses more often.
const TRIES_OF_AN_ORDER: usize = 5;

fn tries(work: &Work) -> usize {
    match work {
        Work::Pieces { .. } | Work::Order(_) | Work::Propose(_) => TRIES,
        Work::Place(_) => TRIES_OF_AN_ORDER,
    }
}

/// What one writer has to itself: its queue, and what it keeps.
pub type Own = (mpsc::Receiver<Job>, Arc<Cache>);

/// The queues of the writers.
pub struct Writers {
    queues: Mutex<Option<Vec<mpsc::Sender<Job>>>>,
    /// What each keeps, in the order of their queues.
    kept: Vec<Arc<Cache>>,
    /// Each says when its writer has done what waited.
    ends: Mutex<Vec<oneshot::Receiver<()>>>,
}

impl Writers {
    pub fn new(backend: Backend, options: &Options) -> (Self, Vec<Own>) {
        let writers = match backend {
            Backend::Sqlite => 1,
            Backend::Postgres => options.writers.max(1),
        };
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..writers).map(|_| mpsc::channel(options.queue)).unzip();
        let kept: Vec<_> = (0..writers).map(|_| Arc::new(Cache::new(options.kept_pieces))).collect();
        let own = receivers.into_iter().zip(kept.iter().cloned()).collect();
        (Self { queues: Mutex::new(Some(senders)), kept, ends: Mutex::default() }, own)
    }

    /// Whether the writer of its order keeps this piece.
    pub fn keeps(&self, key: &StreamKey) -> bool {
        self.kept[self.place_of(key.order_id)].has_piece(key)
    }

    fn place_of(&self, order_id: OrderId) -> usize {
        let mut hasher = DefaultHasher::new();
        order_id.hash(&mut hasher);
        (hasher.finish() % self.kept.len() as u64) as usize
    }

    /// Puts a command into the queue of its order's writer: one order's commands never race within a process.
    pub fn send(&self, job: Job) -> Result<(), Error> {
        let queues = self.queues.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some(queues) = queues.as_ref() else { return Err(Error::Busy) };
        let queue = &queues[self.place_of(job.order_id)];
        queue.try_send(job).map_err(|_| Error::Busy)
    }

    /// Takes no more commands and waits until those that wait are done.
    pub async fn close(&self) {
        drop(self.queues.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        for end in ends {
            if end.await.is_err() {
                tracing::error!("a writer stopped before its time");
            }
        }
    }
}

impl Desk {
    /// Starts one writer; it ends when the queue is closed, or with the last desk.
    pub(super) fn start_writer(&self, (queue, cache): Own, options: &Options) -> Result<(), Error> {
        // Between batches a writer holds no desk, for the desk holds its queue.
        let desk = Arc::downgrade(&self.inner);
        let batch = options.batch;
        let (ended, end) = oneshot::channel();
        match self.store().backend() {
            Backend::Postgres => {
                let runtime = Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| Error::fault("a writer's runtime cannot be started", error))?;
                let serving = serve_inside(desk, self.store().clone(), queue, batch, cache, ended);
                start_thread("writer", move || runtime.block_on(serving))?;
            }
            Backend::Sqlite => {
                let (committer, batches) = mpsc::channel(1);
                let committing = ahead::commit_all(batches);
                let serving = ahead::serve(desk, queue, batch, cache, committer, ended);
                let runtime = Handle::current();
                let shared = runtime.clone();
                start_thread("committer", move || shared.block_on(committing))?;
                start_thread("writer", move || runtime.block_on(serving))?;
            }
        }
        self.inner.writers.ends.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(end);
        Ok(())
    }
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| Error::fault("a writer's thread cannot be started", error))
}

/// A writer that decides in its transactions.
async fn serve_inside(
    desk: Weak<Inner>,
    store: Store,
    mut queue: mpsc::Receiver<Job>,
    batch: usize,
    cache: Arc<Cache>,
    ended: oneshot::Sender<()>,
) {
    let mut waiting = VecDeque::new();
    let store = match store.with_own_writer().await {
        Ok(store) => store,
        Err(error) => return tracing::error!(error = &error as &dyn std::error::Error, "a writer has no connection"),
    };
    while let Some(job) = queue.recv().await {
        waiting.push_back(job);
        let Some(inner) = desk.upgrade() else { return };
        let mut writer = Writer { desk: Desk { inner }, store: store.clone(), cache: cache.clone() };
        while !waiting.is_empty() {
            take_all(&mut queue, &mut waiting);
            writer.serve(next_batch(&mut waiting, batch, |_| false)).await;
        }
    }
    if let Err(error) = store.close_own().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a writer's connection does not close");
    }
    let _ = ended.send(()); // Nobody waits for it where the desk was simply dropped.
}

/// Takes what waits in a queue.
fn take_all(queue: &mut mpsc::Receiver<Job>, waiting: &mut VecDeque<Job>) {
    while let Ok(job) = queue.try_recv() {
        waiting.push_back(job);
    }
    telemetry::queue_depth(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
}

/// The oldest commands, at most one an order and none of an order that is busy; those left keep their turn.
fn next_batch(waiting: &mut VecDeque<Job>, size: usize, busy: impl Fn(&OrderId) -> bool) -> Vec<Job> {
    let mut batch = Vec::new();
    let mut orders = HashSet::new();
    let mut left = VecDeque::new();
    while let Some(job) = waiting.pop_front() {
        if batch.len() < size && !busy(&job.order_id) && orders.insert(job.order_id) {
            batch.push(job);
        } else {
            left.push_back(job);
        }
    }
    *waiting = left;
    batch
}

struct Writer {
    desk: Desk,
    /// By its own connection, where it has one.
    store: Store,
    cache: Arc<Cache>,
}

/// What is made of a piece that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is taken as it is: whatever is written on it falls over its journal's next key if another process wrote
    /// meanwhile.
    Trusted,
    /// The events since are read.
    Completed,
}

/// What became of one command of a batch, before the commit.
struct Decided {
    answer: Result<Receipt, Error>,
    changes: Changes,
    keep: Vec<(StreamKey, Folded)>,
    keep_order: Option<(OrderId, Arc<OrderPlaced>)>,
}

impl Decided {
    fn refused(error: Error) -> Self {
        Self { answer: Err(error), changes: Changes::default(), keep: Vec::new(), keep_order: None }
    }
}

impl Writer {
    async fn serve(&mut self, jobs: Vec<Job>) {
        let started = Instant::now();
        match self.run(&jobs).await {
            Ok(answers) => {
                telemetry::batch_committed(u32::try_from(jobs.len()).unwrap_or(u32::MAX), started.elapsed());
                for (job, answer) in jobs.into_iter().zip(answers) {
                    reply(job, answer);
                }
            }
            // The store is out of reach for all of them. Whoever asks again with the same key gets the answer of a
            // commit whose word was lost.
            Err(Error::Busy) => jobs.into_iter().for_each(|job| reply(job, Err(Error::Busy))),
            // Alone, a command's trouble is its own.
            Err(Error::Refused(_) | Error::Fault { .. }) => self.run_each(jobs).await,
        }
    }

    async fn run_each(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            let answer = self.run_alone(&job).await;
            reply(job, answer);
        }
    }

    async fn run_alone(&mut self, job: &Job) -> Result<Receipt, Error> {
        for _ in 0..tries(&job.work) {
            match self.run(std::slice::from_ref(job)).await {
                Ok(mut answers) => return answers.pop().unwrap_or(Err(Error::Busy)),
                Err(error) if is_lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let stage = self.stage_of(job).await.unwrap_or(Stage::AwaitingDispatch);
        Err(Refusal::Overtaken { stage }.into())
    }

    async fn stage_of(&mut self, job: &Job) -> Option<Stage> {
        let key = job.keys().next()?;
        // By its own connection: a reader that is opened here would end with this thread's runtime.
        let txn = self.store.begin().await.ok()?;
        let rows = journal::read(&txn.source(), key).await.ok()?;
        let events: Result<Vec<_>, _> = rows.iter().map(recorded::read).collect();
        Piece::fold(events.ok()?.into_iter().map(|read| read.recorded)).ok().map(|piece| piece.stage())
    }

    /// Decides a batch in its transaction and writes it. An error means that nothing was written.
    async fn run(&mut self, jobs: &[Job]) -> Result<Vec<Result<Receipt, Error>>, Error> {
        let desk = self.desk.clone();
        let txn = self.store.begin().await?;
        let orders = orders_of(jobs);
        lookups::lock_orders(&txn, &orders).await?;
        let source = txn.source();
        let mut known = self.look_up(&source, jobs, &orders, Kept::Completed).await?;
        let mut changes = Changes::default();
        let mut answers = Vec::with_capacity(jobs.len());
        let mut keep = Vec::new();
        let mut keep_orders = Vec::new();
        for job in jobs {
            let decided = match self.decide(&desk, &source, job, &mut known).await {
                Ok(decided) => decided,
                Err(error) if is_lost_race(&error) => return Err(error),
                Err(error @ Error::Refused(_)) => Decided::refused(error),
                Err(error) => return Err(error),
            };
            changes.append(decided.changes);
            keep.extend(decided.keep);
            keep_orders.extend(decided.keep_order);
            answers.push(decided.answer);
        }
        if changes.is_empty() {
            return Ok(answers); // All refused, or seen before.
        }
        desk.set_aside(&changes)?;
        txn.run(desk.store().script(changes)).await.map_err(lost_race)?;
        txn.commit().await.map_err(lost_race)?;
        self.keep(keep, keep_orders);
        Ok(answers)
    }

    /// Keeps what a batch brought, once it is written.
    fn keep(&mut self, pieces: Vec<(StreamKey, Folded)>, orders: Vec<(OrderId, Arc<OrderPlaced>)>) {
        for (key, folded) in pieces {
            self.cache.keep_piece(key, folded);
        }
        for (id, placed) in orders {
            self.cache.keep_order(id, placed);
        }
    }

    async fn decide(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        job: &Job,
        known: &mut Found,
    ) -> Result<Decided, Error> {
        if let Some(answer) = known.answer(desk, &job.request)? {
            return Ok(Decided { answer: Ok(answer), ..Decided::refused(Error::Busy) });
        }
        let mut plan = match &job.work {
            Work::Place(new) => self.plan_place(desk, source, new, &job.request, known).await?,
            Work::Propose(proposal) => Plan::proposal(proposal),
            Work::Order(command) => {
                let loaded = Desk::load_order(source, job.order_id).await?;
                let lines = known.lines_of(job.order_id);
                let fees = desk.fees(source, &loaded.whole.placed).await?;
                desk.plan_order_command(job.order_id, loaded, command, &job.request, (&lines, &fees))?
            }
            Work::Pieces { pieces, parcel: false } => {
                let [(stream_id, command)] = pieces.as_slice() else {
                    return Err(Error::fault("a command is for one piece", pieces.len()));
                };
                let key = StreamKey { order_id: job.order_id, stream_id: *stream_id };
                self.plan_on_piece(desk, source, key, command, &job.request, known).await?
            }
            Work::Pieces { pieces, parcel: true } => {
                self.plan_parcel(desk, source, job.order_id, pieces, &job.request, known).await?
            }
        };
        if !plan.changes.incidents.is_empty() {
            desk.plan_lessons(source, &mut plan, job.request.now).await?;
        }
        let Some(receipt) = plan.receipt.take() else { return Err(Error::fault("a plan has its receipt", "none")) };
        if !plan.seen {
            plan.changes.sealed_texts.extend(job.seals.rows.iter().cloned());
        }
        if let Some(proposal) = job.request.confirms.filter(|_| !plan.seen) {
            plan.changes.confirmed.push((proposal.0, job.request.by.person.0, job.request.now.as_microsecond()));
        }
        plan.changes.idempotency.push(answer_row(desk, Some(job.order_id), &job.request, &receipt)?);
        known.waybills.extend(plan.changes.waybills.iter().cloned());
        Ok(Decided { answer: Ok(receipt), changes: plan.changes, keep: plan.keep, keep_order: plan.keep_order })
    }

    /// Several pieces of one order, all or none.
    async fn plan_parcel(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        order_id: OrderId,
        pieces: &[(StreamId, Command)],
        request: &Request,
        known: &mut Found,
    ) -> Result<Plan, Error> {
        let mut whole = Plan::default();
        let mut done = Vec::new();
        for (stream_id, command) in pieces {
            let key = StreamKey { order_id, stream_id: *stream_id };
            let plan = self.plan_on_piece(desk, source, key, command, request, known).await?;
            known.waybills.extend(plan.changes.waybills.iter().cloned());
            for line in &plan.changes.lines {
                known.lines.insert((line.order_id, line.line_no), line.clone());
            }
            whole.changes.append(plan.changes);
            whole.keep.extend(plan.keep);
            whole.keep_order = plan.keep_order.or(whole.keep_order);
            if let Some(Receipt::Piece(piece)) = plan.receipt {
                let outcome = ParcelOutcome::Done { stage: piece.stage, seq: piece.seq };
                done.push(ParcelPiece { code: piece.code, outcome });
            }
        }
        let receipt = ParcelReceipt { carrier: None, waybill: String::new(), pieces: done };
        whole.receipt = Some(Receipt::Parcel(receipt));
        Ok(whole)
    }

    async fn plan_on_piece(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        key: StreamKey,
        command: &Command,
        request: &Request,
        known: &mut Found,
    ) -> Result<Plan, Error> {
        let Some(Loaded { folded: Some(folded), placed: Some(placed) }) = known.journals.remove(&key) else {
            return Err(Refusal::Absent("piece").into());
        };
        if self.repeats(desk, source, key, &folded, command.kind(), request).await? {
            return Ok(Plan::seen(repeat_of(&folded)));
        }
        let lines = known.lines_of(key.order_id);
        let sealing = match command.kind() {
            CommandKind::Release => known.sealings.take(&placed),
            _ => None, // No other command makes a capsule.
        };
        let heard = if listens(command) { desk.session(source, &placed).await? } else { Listened::default() };
        let register = desk.register(source, key, &folded.piece, command).await?;
        let (waybills, session) = (&known.waybills, heard.session);
        desk.check_blind(source, key, &folded.piece, command, request.by.person).await?;
        let (around, seeds) = desk.around(source, &folded.piece, &placed, command, request.now).await?;
        // Only of an order that ships together more is asked than its pieces tell.
        let mut tail = match placed.ship {
            Ship::Together if 1 < placed.lines.len() => Some(match known.tails.remove(&key.order_id) {
                Some(tail) => tail,
                None => Desk::order_tail(source, key.order_id).await?,
            }),
            Ship::Together | Ship::AsReady => None,
        };
        let asked = tail.as_ref().is_some_and(|tail| tail.facts.asked.is_some());
        let subject = Subject {
            rest: if asked { Rest::Asked } else { Rest::Settled },
            key,
            folded,
            placed: placed.clone(),
            lines: &lines,
            waybills,
            sealing,
            session,
            around,
            register,
        };
        let mut plan = desk.plan_piece(subject, command, request)?;
        plan.changes.lots.extend(seeds);
        plan.changes.heard.extend(heard.unlocked);
        if let Some(turn) = plan.turn.take() {
            let fills =
                !lines.iter().any(|row| row.line_no == turn.after.opened().line_no && key.stream_id.0 < row.stream_id);
            let kept = tail.take().or_else(|| known.tails.remove(&key.order_id));
            tail = desk.plan_consequences(source, (key, turn, fills), &mut plan, kept, (&*placed, request)).await?;
        }
        if let Some(line) = plan.changes.lines.last() {
            let status =
                |rows: &[lines::Model]| order_status(rows.iter().filter_map(|row| LineStatus::parse(&row.status)));
            let mut after = lines.clone();
            if let Some(row) = after.iter_mut().find(|row| row.line_no == line.line_no) {
                *row = line.clone();
            }
            if status(&after) != status(&lines) {
                plan.changes.order_status.push((key.order_id.0, status(&after).as_str().to_owned()));
            }
            let line_no = line.line_no;
            let after: Vec<_> =
                after.iter().filter_map(|row| Some((row.line_no, LineStatus::parse(&row.status)?))).collect();
            if let Some(tail) = &mut tail {
                desk.ask_rest(&mut plan, key.order_id, &placed, tail, &after, (line_no, request))?;
            }
        }
        known.tails.extend(tail.map(|tail| (key.order_id, tail)));
        plan.keep_order = Some((key.order_id, placed));
        Ok(plan)
    }

    /// Whether the command says what the last event came from, by the same person.
    async fn repeats(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        key: StreamKey,
        folded: &Folded,
        kind: CommandKind,
        request: &Request,
    ) -> Result<bool, Error> {
        let last = folded.piece.last();
        if last.person != Some(request.by.person) || !ends_with(kind, last.event.kind()) {
            return Ok(false);
        }
        let Some(digest) = &folded.tip.body_digest else { return Ok(false) };
        let Some(wrapped) = journal::digest_key(source, key, last.seq).await? else { return Ok(false) };
        Ok(recorded::says_the_same(desk.vault(), &wrapped, digest, &request.digested))
    }

    async fn plan_place(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        new: &NewOrder,
        request: &Request,
        known: &mut Found,
    ) -> Result<Plan, Error> {
        let number = (new.tenant_id.to_string(), new.order_no.to_string());
        let placed = match known.order_nos.get(&number) {
            Some(id) => Some(self.placed_before(desk, source, *id, request).await?),
            None => None,
        };
        let warehouse_id = match &new.warehouse_id {
            Some(wanted) => known.warehouses.iter().find(|id| id.as_str() == wanted.as_str()),
            None => known.warehouses.first(),
        };
        let warehouse_id = warehouse_id.and_then(|id| crate::domain::ids::WarehouseId::parse(id).ok());
        let plan = desk.plan_order(new, request, Known { placed, warehouse_id, people: &mut known.people })?;
        if !plan.seen {
            known.order_nos.insert(number, new.order_id);
        }
        Ok(plan)
    }

    /// An order that has the number already, with the lines it began with, and whether its body was the same.
    async fn placed_before(
        &mut self,
        desk: &Desk,
        source: &Source<'_>,
        id: OrderId,
        request: &Request,
    ) -> Result<(OrderId, Arc<OrderPlaced>, Vec<LineReceipt>, bool), Error> {
        let rows = journal::of_order(source, id).await?;
        let mut placed = None;
        let mut same = false;
        let mut lines = Vec::new();
        for row in rows.iter().filter(|row| row.seq == 1) {
            let read = recorded::read(row)?;
            match read.recorded.event {
                Event::OrderPlaced(order) => {
                    let key = StreamKey { order_id: id, stream_id: StreamId::ORDER };
                    let wrapped = journal::digest_key(source, key, 1).await?;
                    same = match (wrapped, &read.body_digest) {
                        (Some(wrapped), Some(digest)) => {
                            recorded::says_the_same(desk.vault(), &wrapped, digest, &request.digested)
                        }
                        _ => false, // Erased: nobody can tell any more.
                    };
                    placed = Some(Arc::new(order));
                }
                Event::PieceOpened(opened) if opened.attempt == 1 => {
                    lines.push(LineReceipt { line_no: opened.line_no, code: opened.code.to_string() });
                }
                _ => {} // Cases and later pieces were not in the first answer.
            }
        }
        let Some(placed) = placed else {
            // Placed by another order of this very batch: that one is written first, then this is decided again.
            return Err(Refusal::Overtaken { stage: Stage::AwaitingDispatch }.into());
        };
        Ok((id, placed, lines, same))
    }
}

/// The receipt that the last command of this piece got.
fn repeat_of(folded: &Folded) -> Receipt {
    let piece = &folded.piece;
    let happened = piece
        .history()
        .iter()
        .filter(|recorded| folded.tip.since <= recorded.seq)
        .map(|recorded| Happened { seq: recorded.seq, kind: recorded.event.kind().as_str().to_owned() })
        .collect();
    Receipt::Piece(receipt(piece, happened))
}

/// Whether a command of this kind can have ended with an event of that kind.
fn ends_with(kind: CommandKind, last: EventKind) -> bool {
    use EventKind as K;
    match kind {
        CommandKind::SubmitAppraisal => matches!(last, K::AppraisalSubmitted | K::LedgerProposed | K::RepeatCalled),
        CommandKind::RepeatMeasurement => matches!(last, K::MeasurementRepeated | K::LedgerProposed | K::RepeatCalled),
        CommandKind::ProposeLedger | CommandKind::ReadTranscript => matches!(last, K::LedgerProposed | K::RepeatCalled),
        CommandKind::SettleLedger => matches!(last, K::EntrySettled | K::SecondLookCalled),
        CommandKind::GiveVerdict => matches!(last, K::VerdictGiven | K::SecondLookCalled),
        CommandKind::Correct => matches!(last, K::Corrected | K::LedgerProposed | K::RepeatCalled),
        CommandKind::SetSegment => matches!(last, K::SegmentSet | K::LedgerProposed | K::RepeatCalled),
        CommandKind::AnswerSameArticle => matches!(last, K::LedgerProposed | K::RepeatCalled),
        CommandKind::AddNote => last == K::NoteAdded,
        CommandKind::AddPhoto => last == K::PhotoAdded,
        CommandKind::HearCarrier => false, // A carrier repeats itself; what is new in it is told from the journal.
        CommandKind::Tag => matches!(last, K::Tagged | K::PackingMismatchFound | K::CancelRequested),
        kind => kind.events().contains(&last),
    }
}

/// The orders that stand already, in the order of their ids.
fn orders_of(jobs: &[Job]) -> Vec<Uuid> {
    let standing = jobs.iter().filter(|job| matches!(job.work, Work::Pieces { .. } | Work::Order(_)));
    let orders: BTreeSet<_> = standing.map(|job| job.order_id.0).collect();
    orders.into_iter().collect()
}

/// A key that was taken meanwhile is a lost race, except a tag, a reading or a proposal: those are taken for good.
fn lost_race(error: store::Error) -> Error {
    match error {
        store::Error::Conflict("tags") => Refusal::TagTaken.into(),
        store::Error::Conflict("readings") => Refusal::ReadingUsed.into(),
        store::Error::Conflict("proposals") => Refusal::ProposalGone.into(),
        store::Error::Conflict(_) => Refusal::Overtaken { stage: Stage::AwaitingDispatch }.into(),
        other => other.into(),
    }
}

fn is_lost_race(error: &Error) -> bool {
    matches!(error, Error::Refused(Refusal::Overtaken { .. }))
}

fn reply(job: Job, answer: Result<Receipt, Error>) {
    let outcome = match &answer {
        Ok(_) => "done",
        Err(Error::Refused(refusal)) => refusal.code(),
        Err(Error::Busy) => "busy",
        Err(Error::Fault { .. }) => "fault",
    };
    telemetry::command_decided(job.work.kind(), outcome);
    // A caller who went away gets the same answer with the same key.
    let _ = job.reply.send(answer);
}
