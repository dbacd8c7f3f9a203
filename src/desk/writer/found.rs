//! What a batch has to know before its commands are decided, looked up for all of them in a few statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::{Kept, Writer, open_answer};
use crate::desk::cache::{Folded, Tip};
use crate::desk::capsule_of::Sealings;
use crate::desk::orders::OrderTail;
use crate::desk::place::NewOrder;
use crate::desk::receipt::Receipt;
use crate::desk::{Desk, Error, Job, Request, Work, recorded};
use crate::domain::command::{Command, CommandKind};
use crate::domain::event::{Event, OrderPlaced};
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::piece::Piece;
use crate::store::entity::{events, idempotency, lines, people, waybills};
use crate::store::journal::{self, Tail};
use crate::store::{Source, lookups};

/// What was looked up for a batch.
#[derive(Default)]
pub(super) struct Found {
    pub(super) answered: Vec<idempotency::Model>,
    pub(super) lines: BTreeMap<(Uuid, i32), lines::Model>,
    pub(super) waybills: Vec<waybills::Model>,
    pub(super) order_nos: HashMap<(String, String), OrderId>,
    pub(super) people: Vec<people::Model>,
    pub(super) warehouses: Vec<String>,
    pub(super) sealings: Sealings,
    pub(super) journals: HashMap<StreamKey, Loaded>,
    /// The ends of orders' own journals that this transaction read, or wrote.
    pub(super) tails: HashMap<OrderId, OrderTail>,
}

/// A piece and its order, as far as they were found.
#[derive(Clone, Debug, Default)]
pub(in crate::desk) struct Loaded {
    pub(super) folded: Option<Folded>,
    pub(super) placed: Option<Arc<OrderPlaced>>,
}

impl Found {
    /// The lines of an order, in their order.
    pub(super) fn lines_of(&self, order_id: OrderId) -> Vec<lines::Model> {
        let own = (order_id.0, i32::MIN)..=(order_id.0, i32::MAX);
        self.lines.range(own).map(|(_, row)| row.clone()).collect()
    }

    /// Takes what was looked up for more commands of the same batch. What the batch itself brought stays in front.
    pub(super) fn join(&mut self, more: Found) {
        self.answered.extend(more.answered);
        // Of an order there is one command in a batch: what was read of it for one that wrote nothing is old.
        self.lines.extend(more.lines);
        self.waybills.extend(more.waybills);
        for (number, order) in more.order_nos {
            self.order_nos.entry(number).or_insert(order);
        }
        self.people.extend(more.people);
        self.warehouses = more.warehouses;
        self.sealings.join(more.sealings);
        self.journals.extend(more.journals);
        self.tails.clear();
    }

    /// The answer that the same request got before.
    pub(super) fn answer(&self, desk: &Desk, request: &Request) -> Result<Option<Receipt>, Error> {
        let same = |row: &&idempotency::Model| {
            row.owner_id == request.owner().0 && row.key == request.idempotency_key && row.part == request.part
        };
        self.answered.iter().find(same).map(|row| open_answer(desk, row, request)).transpose()
    }
}

impl Writer {
    /// Everything that the commands of a batch need to know, in a few statements.
    pub(super) async fn look_up(
        &mut self,
        source: &Source<'_>,
        jobs: &[Job],
        orders: &[Uuid],
        kept: Kept,
    ) -> Result<Found, Error> {
        let keys: Vec<_> = jobs
            .iter()
            .map(|job| (job.request.owner().0, job.request.idempotency_key.as_str(), job.request.part.as_str()))
            .collect();
        let named: Vec<_> = jobs.iter().flat_map(|job| waybills_of(&job.work)).collect();
        let placing: Vec<&NewOrder> = jobs
            .iter()
            .filter_map(|job| match &job.work {
                Work::Place(order) => Some(&**order),
                Work::Pieces { .. } | Work::Order(_) | Work::Propose(_) => None,
            })
            .collect();
        let numbers: Vec<_> = placing.iter().map(|new| (new.tenant_id.as_str(), new.order_no.as_str())).collect();
        let mut parties = Vec::new();
        for new in &placing {
            let tenant = new.tenant_id.as_str();
            parties.push((tenant, "merchant", new.merchant.id.as_str()));
            parties.push((tenant, "buyer", new.buyer.reference.as_str()));
            parties.extend(new.streamer.iter().map(|party| (tenant, "streamer", party.reference.as_str())));
        }
        let releases = jobs.iter().map(Job::releases).sum();
        let asked = async {
            tokio::try_join!(
                lookups::answered(source, &keys),
                lookups::lines_of(source, orders),
                lookups::waybills(source, &named),
                lookups::order_nos(source, &numbers),
                lookups::people(source, &parties),
            )
            .map_err(Error::from)
        };
        // Ahead of its transaction each has a connection of its own.
        let (asked, sealings) = tokio::try_join!(asked, Sealings::look_up(source, releases))?;
        let (answered, lines, waybills, order_nos, people) = asked;
        let warehouses = if placing.is_empty() { Vec::new() } else { lookups::warehouses(source).await? };
        let journals = self.load(source, jobs, kept).await?;
        Ok(Found {
            answered,
            lines: lines.into_iter().map(|row| ((row.order_id, row.line_no), row)).collect(),
            waybills,
            order_nos: order_nos
                .into_iter()
                .map(|row| ((row.tenant_id, row.order_no), OrderId(row.order_id)))
                .collect(),
            people,
            warehouses: warehouses.into_iter().map(|row| row.id).collect(),
            sealings,
            journals,
            tails: HashMap::new(),
        })
    }

    /// The journals of the pieces in question: what is kept of them or came with the command, and the events since.
    async fn load(
        &mut self,
        source: &Source<'_>,
        jobs: &[Job],
        kept: Kept,
    ) -> Result<HashMap<StreamKey, Loaded>, Error> {
        let mut journals: HashMap<StreamKey, Loaded> = HashMap::new();
        let mut tails = Vec::new();
        for (job, key) in jobs.iter().flat_map(|job| job.keys().map(move |key| (job, key))) {
            let came = job.fetched.get(&key).cloned().unwrap_or_default();
            // What the writer keeps is at least as long: it is kept after each commit.
            let folded = self.cache.piece(&key).or(came.folded);
            if folded.is_none() || kept == Kept::Completed {
                tails.push(Tail { key, after: folded.as_ref().map_or(0, |folded| folded.piece.head()) });
            }
            let placed = self.cache.order(&key.order_id).or(came.placed);
            let order = StreamKey { order_id: key.order_id, stream_id: StreamId::ORDER };
            if placed.is_none() && !tails.iter().any(|tail| tail.key == order) {
                tails.push(Tail { key: order, after: 0 });
            }
            journals.insert(key, Loaded { folded, placed });
        }
        let rows = journal::load(source, &tails).await?;
        complete_all(&mut journals, &rows)?;
        Ok(journals)
    }
}

/// The pieces of a command that its writer does not keep. They are read before the command waits for the writer, who is
/// one: what it reads itself, from a cold disk, all others wait for.
pub(in crate::desk) async fn fetch(
    desk: &Desk,
    keys: impl Iterator<Item = StreamKey>,
) -> Result<HashMap<StreamKey, Loaded>, Error> {
    let mut journals: HashMap<StreamKey, Loaded> =
        keys.filter(|key| !desk.inner.writers.keeps(key)).map(|key| (key, Loaded::default())).collect();
    if journals.is_empty() {
        return Ok(journals);
    }
    let orders: BTreeSet<_> = journals.keys().map(|key| key.order_id).collect();
    let orders = orders.into_iter().map(|order_id| StreamKey { order_id, stream_id: StreamId::ORDER });
    let tails: Vec<_> = orders.chain(journals.keys().copied()).map(|key| Tail { key, after: 0 }).collect();
    let rows = journal::load(desk.store().reader(), &tails).await?;
    complete_all(&mut journals, &rows)?;
    Ok(journals)
}

/// Completes pieces with the events that were read, and tells each its order.
fn complete_all(journals: &mut HashMap<StreamKey, Loaded>, rows: &[events::Model]) -> Result<(), Error> {
    let mut placed: HashMap<OrderId, Arc<OrderPlaced>> = HashMap::new();
    let mut fresh: HashMap<StreamKey, Vec<recorded::Read>> = HashMap::new();
    for row in rows {
        let key = journal::key_of(row);
        let read = recorded::read(row)?;
        if key.stream_id != StreamId::ORDER {
            fresh.entry(key).or_default().push(read);
        } else if let Event::OrderPlaced(order) = read.recorded.event {
            placed.insert(key.order_id, Arc::new(order));
        }
    }
    for (key, loaded) in journals {
        if let Some(events) = fresh.remove(key) {
            loaded.folded = Some(complete(loaded.folded.take(), events)?);
        }
        if loaded.placed.is_none() {
            loaded.placed = placed.get(&key.order_id).cloned();
        }
    }
    Ok(())
}

/// A piece completed with the events that came since it was kept.
fn complete(folded: Option<Folded>, events: Vec<recorded::Read>) -> Result<Folded, Error> {
    let corrupt = |corrupt| Error::fault("a journal does not replay", corrupt);
    let tip = |last: &recorded::Read| Tip {
        hash: last.hash,
        body_digest: last.body_digest.clone(),
        // A command's events were written at once, so they came at once.
        since: events
            .iter()
            .rev()
            .take_while(|read| read.command_id == last.command_id)
            .last()
            .map_or(last.recorded.seq, |first| first.recorded.seq),
    };
    let Some(last) = events.last().map(tip) else {
        return folded.ok_or_else(|| Error::fault("a journal has events", "none"));
    };
    let piece = match folded {
        None => Piece::fold(events.into_iter().map(|read| read.recorded)).map_err(corrupt)?,
        Some(mut folded) => {
            for read in events {
                folded.piece.apply(Arc::new(read.recorded)).map_err(corrupt)?;
            }
            folded.piece
        }
    };
    Ok(Folded { piece, tip: last })
}

/// The waybills that a command names.
fn waybills_of(work: &Work) -> Vec<(&str, &str)> {
    let Work::Pieces { pieces, .. } = work else { return Vec::new() };
    let mut named: Vec<_> = pieces
        .iter()
        .filter_map(|(_, command)| match command {
            Command::Dispatch { carrier, waybill, .. }
            | Command::Ship { carrier, waybill }
            | Command::ShipReturn { carrier, waybill } => Some((carrier.as_str(), waybill.as_str())),
            _ => None, // The other commands name none.
        })
        .collect();
    named.dedup();
    named
}

/// The same, for those who ask what waits for them.
pub(in crate::desk) fn waybills_named(work: &Work) -> Vec<String> {
    waybills_of(work).into_iter().map(|(_, waybill)| waybill.to_owned()).collect()
}

impl Job {
    /// How many capsules it may make.
    fn releases(&self) -> usize {
        let Work::Pieces { pieces, .. } = &self.work else { return 0 };
        pieces.iter().filter(|(_, command)| command.kind() == CommandKind::Release).count()
    }

    /// The journals that the command is about.
    pub(super) fn keys(&self) -> impl Iterator<Item = StreamKey> {
        self.work.keys(self.order_id)
    }
}

impl Work {
    /// The journals that it is about, of this order.
    pub(in crate::desk) fn keys(&self, order_id: OrderId) -> impl Iterator<Item = StreamKey> {
        let pieces: &[(StreamId, Command)] = match self {
            Work::Pieces { pieces, .. } => pieces,
            Work::Place(_) | Work::Order(_) | Work::Propose(_) => &[],
        };
        pieces.iter().map(move |(stream_id, _)| StreamKey { order_id, stream_id: *stream_id })
    }
}
