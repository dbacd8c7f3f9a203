//! The writer of an SQLite file: one thread decides the next batch ahead of its transaction while the other commits the
//! last.
//!
//! No command is decided while another of its order is under way. What else a decision did not see (another process,
//! another order's number, waybill, tag or person) the keys of journals and registers refuse, and the commands of that
//! batch are replayed one by one, each decided in its transaction. Nobody is refused for something that was only kept in
//! memory: a refusal is decided a second time on what is written.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::{Decided, Found, Kept, Writer, is_lost_race, lost_race, next_batch, orders_of, reply, take_all};
use crate::desk::cache::{Cache, Folded};
use crate::desk::receipt::Receipt;
use crate::desk::{Desk, Error, Inner, Job};
use crate::domain::event::OrderPlaced;
use crate::domain::ids::{OrderId, StreamKey};
use crate::store::changes::Changes;
use crate::telemetry;

/// While a batch is being committed, so many commands are worth a round of look-ups; fewer wait for more to come.
const WORTH_A_ROUND: usize = 8;

/// Decides what comes, until the queue is closed and everything is written.
pub(super) async fn serve(
    desk: Weak<Inner>,
    mut queue: mpsc::Receiver<Job>,
    size: usize,
    cache: Arc<Cache>,
    committer: mpsc::Sender<(Desk, Batch, oneshot::Sender<Landing>)>,
    ended: oneshot::Sender<()>,
) {
    let mut waiting = VecDeque::new();
    let mut batch = Batch::default();
    let mut flight: Option<Flight> = None;
    let mut open = true;
    loop {
        // Only what is under way or decided holds a desk.
        if flight.is_none() && batch.jobs.is_empty() && waiting.is_empty() {
            match queue.recv().await {
                Some(job) => waiting.push_back(job),
                None => break,
            }
        }
        take_all(&mut queue, &mut waiting);
        let Some(inner) = desk.upgrade() else { return };
        let desk = Desk { inner };
        let mut writer = Writer { store: desk.store().clone(), desk, cache: cache.clone() };

        let busy = |order: &OrderId| {
            batch.orders.contains(order) || flight.as_ref().is_some_and(|flight| flight.orders.contains(order))
        };
        let free = waiting.iter().filter(|job| !busy(&job.order_id)).count();
        if flight.is_none() && batch.jobs.is_empty() || WORTH_A_ROUND <= free {
            let jobs = next_batch(&mut waiting, size.saturating_sub(batch.jobs.len()), busy);
            writer.decide_ahead(jobs, &mut batch).await;
        }
        if let Some(under_way) = &mut flight {
            tokio::select! {
                biased;
                landing = &mut under_way.landing => {
                    flight = None;
                    writer.land(landing.unwrap_or_default()).await;
                }
                job = queue.recv(), if open && batch.jobs.len() < size => match job {
                    Some(job) => waiting.push_back(job),
                    None => open = false,
                },
            }
        }
        if flight.is_none() && !batch.jobs.is_empty() {
            let (landed, landing) = oneshot::channel();
            let orders = std::mem::take(&mut batch.orders);
            // A committer that is gone drops the commands, and their callers learn that the house is busy.
            let _ = committer.send((writer.desk.clone(), std::mem::take(&mut batch), landed)).await;
            flight = Some(Flight { orders, landing });
        }
    }
    let _ = ended.send(()); // Nobody waits for it where the desk was simply dropped.
}

/// Commits one batch after the other, and answers its commands.
pub(super) async fn commit_all(mut batches: mpsc::Receiver<(Desk, Batch, oneshot::Sender<Landing>)>) {
    while let Some((desk, batch, landed)) = batches.recv().await {
        let landing = batch.commit(&desk).await;
        // The desk goes first: who hears of the landing may be the last to hold it.
        drop(desk);
        let _ = landed.send(landing); // A writer that is gone keeps nothing.
    }
}

/// Commands that were decided, and what they will write.
#[derive(Default)]
pub(super) struct Batch {
    known: Found,
    orders: HashSet<OrderId>,
    jobs: Vec<(Job, Receipt)>,
    changes: Changes,
    keep: Vec<(StreamKey, Folded)>,
    keep_orders: Vec<(OrderId, Arc<OrderPlaced>)>,
    since: Option<Instant>,
}

/// A batch that is being committed.
struct Flight {
    orders: HashSet<OrderId>,
    landing: oneshot::Receiver<Landing>,
}

/// What became of a batch.
#[derive(Default)]
pub(super) struct Landing {
    keep: Vec<(StreamKey, Folded)>,
    keep_orders: Vec<(OrderId, Arc<OrderPlaced>)>,
    /// Nothing was written; each is to be tried alone.
    alone: Vec<Job>,
}

impl Writer {
    /// Decides commands and puts what they write into the batch; those that write nothing are answered.
    async fn decide_ahead(&mut self, jobs: Vec<Job>, batch: &mut Batch) {
        let desk = self.desk.clone();
        let source = desk.store().source();
        batch.since.get_or_insert_with(Instant::now);
        if batch.jobs.is_empty() {
            // What was looked up for commands that wrote nothing is of no use to others, and would grow.
            batch.known = Found::default();
        }
        match self.look_up(&source, &jobs, &orders_of(&jobs), Kept::Trusted).await {
            Ok(found) => batch.known.join(found),
            Err(_) => return self.run_each(jobs).await,
        }
        let mut refused = Vec::new();
        for job in jobs {
            match self.decide(&desk, &source, &job, &mut batch.known).await {
                Ok(Decided { answer: Ok(receipt), changes, keep, keep_order }) if !changes.is_empty() => {
                    batch.orders.insert(job.order_id);
                    batch.changes.append(changes);
                    batch.keep.extend(keep);
                    batch.keep_orders.extend(keep_order);
                    batch.jobs.push((job, receipt));
                }
                Ok(seen) => reply(job, seen.answer),
                Err(Error::Busy) => reply(job, Err(Error::Busy)),
                Err(Error::Refused(_) | Error::Fault { .. }) => refused.push(job),
            }
        }
        if !refused.is_empty() {
            self.decide_again(refused).await;
        }
    }

    /// A refusal stands if it comes again from what is written; whatever else comes of it now is tried alone.
    async fn decide_again(&mut self, jobs: Vec<Job>) {
        let desk = self.desk.clone();
        let source = desk.store().source();
        let Ok(mut known) = self.look_up(&source, &jobs, &orders_of(&jobs), Kept::Completed).await else {
            return self.run_each(jobs).await;
        };
        let mut alone = Vec::new();
        for job in jobs {
            match self.decide(&desk, &source, &job, &mut known).await {
                Err(error @ Error::Refused(_)) if !is_lost_race(&error) => reply(job, Err(error)),
                Ok(_) | Err(_) => alone.push(job),
            }
        }
        self.run_each(alone).await;
    }

    async fn land(&mut self, landing: Landing) {
        self.keep(landing.keep, landing.keep_orders);
        self.run_each(landing.alone).await;
    }
}

impl Batch {
    async fn commit(self, desk: &Desk) -> Landing {
        let Batch { jobs, changes, keep, keep_orders, since, .. } = self;
        match write(desk, changes).await {
            Ok(()) => {
                let took = since.map(|since| since.elapsed()).unwrap_or_default();
                telemetry::batch_committed(u32::try_from(jobs.len()).unwrap_or(u32::MAX), took);
                jobs.into_iter().for_each(|(job, receipt)| reply(job, Ok(receipt)));
                Landing { keep, keep_orders, alone: Vec::new() }
            }
            // The store is out of reach for all of them. Whoever asks again with the same key gets the answer of a
            // commit whose word was lost.
            Err(Error::Busy) => {
                jobs.into_iter().for_each(|(job, _)| reply(job, Err(Error::Busy)));
                Landing::default()
            }
            Err(Error::Refused(_) | Error::Fault { .. }) => {
                Landing { alone: jobs.into_iter().map(|(job, _)| job).collect(), ..Landing::default() }
            }
        }
    }
}

async fn write(desk: &Desk, changes: Changes) -> Result<(), Error> {
    desk.set_aside(&changes)?;
    let script = desk.store().script(changes);
    let txn = desk.store().begin().await?;
    txn.run(script).await.map_err(lost_race)?;
    txn.commit().await.map_err(lost_race)
}
