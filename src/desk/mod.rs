//! The one door. Every change of a journal comes through here: load, decide, append, commit, receipt. One transaction
//! holds a command's events, projections, notices, clocks and registers; nothing outside happens before it commits.
//!
//! Commands wait in a queue of the writer that their order belongs to; a writer takes what waits, decides each in
//! memory, writes each table once for all of them and commits once (`writer`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use crate::aside::Log;
use crate::capsule::keys::{KeySet, Signers};
use crate::capsule::{es256, signature};
use crate::domain::actor::By;
use crate::domain::command::{Command, CommandKind};
use crate::domain::ids::{CommandId, OrderId, PersonId, ProposalId, StreamId, StreamKey};
use crate::domain::orders::OrderCommand;
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;
use crate::rulebook::{Library, Rulebook};
use crate::store::entity::proposals as rows;
use crate::store::{self, Store};
use crate::vault::{Secrets, Vault};

pub mod accepted;
pub mod agreement;
mod aside;
mod balances;
mod cache;
pub(crate) mod capsule_of;
pub mod carriers;
pub(crate) mod cases;
pub mod certificate;
pub mod choice;
pub mod conduct;
mod fire;
mod found;
pub mod lots;
mod obligations;
pub(crate) mod order_journal;
pub(crate) mod orders;
pub(crate) mod outbox;
mod parcels;
pub mod people;
pub mod place;
mod presented;
pub(crate) mod project;
mod proposals;
mod reading;
pub mod receipt;
pub(crate) mod recorded;
mod registry;
pub mod restore;
mod seals;
mod speech;
mod status;
pub mod webhooks;
mod work;
mod writer;

pub use capsule_of::{order_reference, order_salt, settled_findings};
pub use cases::{case_id, parse_case_id};
pub use fire::Fired;
pub use found::FoundResolution;
pub use parcels::{Arrival, ArrivedPiece, Parcel, inbound_parcel};
pub use place::NewOrder;
pub use proposals::{OPEN_FOR, OpenProposal};
pub use reading::{Located, OrderView, PieceView};
pub use receipt::Receipt;
pub use registry::{Keep, KeyGrant, KeyScope, Place};
pub use seals::Seals;
pub use speech::Session;
pub use status::SignedList;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule says no; nothing was written.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The store is busy, or the house is closing; the same request may succeed a moment later.
    #[error("busy")]
    Busy,
    /// A fault: logged once where it becomes an answer, and never shown.
    #[error("{what}: {source}")]
    Fault {
        what: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn fault(what: &str, source: impl ToString) -> Self {
        Self::corrupt(what, source)
    }

    pub(crate) fn corrupt(what: impl Into<String>, source: impl ToString) -> Self {
        Error::Fault { what: what.into(), source: source.to_string().into() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Error::Busy,
            store::Error::Conflict(what) => Error::fault("a key is taken", what),
            store::Error::Absent => Error::Refused(Refusal::Absent("row")),
            store::Error::Broken(source) => Error::Fault { what: "the store".into(), source: Box::new(source) },
        }
    }
}

/// The circumstances of one request.
#[derive(Clone, Debug)]
pub struct Request {
    pub by: By,
    /// The caller's `Idempotency-Key`, or what stands for one.
    pub idempotency_key: String,
    /// Distinguishes the parts of a request that takes several transactions; empty for the whole.
    pub part: String,
    /// Method and path: the same key on another path is another request.
    pub target: String,
    /// The body in canonical form, free of whatever authenticates.
    pub body: Vec<u8>,
    /// Behind the kind of command, what an event's digest is made of. Filled by the desk.
    pub digested: Vec<u8>,
    /// The length of the journal that the caller saw.
    pub if_match: Option<i32>,
    pub command_id: CommandId,
    pub now: Timestamp,
    /// The proposal that this request confirms.
    pub confirms: Option<ProposalId>,
}

impl Request {
    /// Who owns the idempotency key.
    pub fn owner(&self) -> PersonId {
        self.by.person
    }

    /// What the idempotency store holds a digest of.
    fn fingerprint(&self) -> Vec<u8> {
        [self.target.as_bytes(), b"\n", &self.body].concat()
    }

    fn circumstances(&self) -> recorded::Circumstances<'_> {
        recorded::Circumstances { by: &self.by, at: self.now, command_id: self.command_id, digested: &self.digested }
    }

    /// The digest covers the command's name, so that two commands with the same body are not the same.
    fn digest_as(&mut self, name: &str) {
        self.digested = [name.as_bytes(), b"\n", &self.body].concat();
    }
}

/// What a command is done to.
#[derive(Debug)]
enum Work {
    /// One piece, or several of one order that came in one parcel.
    Pieces {
        pieces: Vec<(StreamId, Command)>,
        parcel: bool,
    },
    Place(Box<NewOrder>),
    /// Something asked of a whole order.
    Order(Box<OrderCommand>),
    /// A command put up for a second person: no event yet.
    Propose(Box<(rows::Model, receipt::ProposalReceipt)>),
}

impl Work {
    fn kind(&self) -> &'static str {
        match self {
            Work::Pieces { pieces, .. } => pieces.first().map_or("nothing", |(_, command)| command.kind().as_str()),
            Work::Place(_) => "order",
            Work::Order(command) => command.as_str(),
            Work::Propose(_) => "proposal",
        }
    }
}

/// One command on its way to a writer.
#[derive(Debug)]
struct Job {
    order_id: OrderId,
    work: Work,
    seals: Seals,
    request: Request,
    /// Pieces that its writer did not keep when it came.
    fetched: HashMap<StreamKey, writer::Loaded>,
    reply: oneshot::Sender<Result<Receipt, Error>>,
}

/// How a desk is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Writers on PostgreSQL. SQLite takes one.
    pub writers: u16,
    /// Commands in one transaction at the most.
    pub batch: usize,
    /// Commands that may wait for each writer; more are told that the house is busy.
    pub queue: usize,
    /// Folded pieces that a writer keeps.
    pub kept_pieces: usize,
    /// How long a request waits for its turn.
    pub patience: Duration,
    /// The house as its capsules name it, and where they lead: the beginning of its public addresses.
    pub public_url: String,
    /// Keys that signed here before, and whose signatures still stand.
    pub earlier_keys: KeySet,
    /// How long a letter waits for others that may go with it: a parcel of thirty pieces is not thirty letters.
    pub gather: Duration,
    /// What a restored database could not know is set aside here, outside of it; none keeps nothing.
    pub aside: Option<Arc<Log>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writers: 2,
            batch: 64,
            queue: 1_024,
            kept_pieces: 1_024,
            patience: Duration::from_secs(20),
            public_url: "http://127.0.0.1:8420".to_owned(),
            earlier_keys: KeySet::default(),
            gather: Duration::from_secs(10 * 60),
            aside: None,
        }
    }
}

/// The desk. Clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Vault,
    signers: Signers,
    keys: KeySet,
    public_url: String,
    gather: SignedDuration,
    library: Arc<Library>,
    ear: speech::Ear,
    writers: writer::Writers,
    located: reading::LocatedCache,
    seeds: lots::Seeds,
    status: status::StatusCache,
    aside: Option<Arc<Log>>,
}

impl Desk {
    /// Opens the desk over a migrated store and starts its writers. Must be called within a tokio runtime.
    pub fn open(store: Store, secrets: &Secrets, options: Options) -> Result<Self, Error> {
        let library = Library::embedded().map_err(|error| Error::fault("the rulebook cannot be read", error))?;
        Self::begin(store, secrets, options, Arc::new(library), speech::Ear::new()?)
    }

    /// Another desk over a store, by the same rules, which are not read again. It shares nothing else with this one: a
    /// test puts it in the place of one that died.
    pub fn another(&self, store: Store, secrets: &Secrets, options: Options) -> Result<Self, Error> {
        Self::begin(store, secrets, options, self.inner.library.clone(), self.inner.ear.another())
    }

    fn begin(
        store: Store,
        secrets: &Secrets,
        options: Options,
        library: Arc<Library>,
        ear: speech::Ear,
    ) -> Result<Self, Error> {
        let (writers, queues) = writer::Writers::new(store.backend(), &options);
        let signers = Signers::from_seed(secrets.signing_seed());
        let desk = Self {
            inner: Arc::new(Inner {
                store,
                vault: Vault::new(secrets),
                keys: signers.key_set().and(&options.earlier_keys),
                signers,
                public_url: options.public_url.clone(),
                gather: SignedDuration::try_from(options.gather).unwrap_or(SignedDuration::ZERO),
                library,
                ear,
                writers,
                located: reading::LocatedCache::default(),
                seeds: lots::Seeds::default(),
                status: status::StatusCache::default(),
                aside: options.aside.clone(),
            }),
        };
        for queue in queues {
            desk.start_writer(queue, &options)?;
        }
        Ok(desk)
    }

    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// Signs the daily roots.
    pub fn signer(&self) -> &signature::Signer {
        &self.inner.signers.roots
    }

    /// Signs capsules and status lists.
    pub fn capsule_signer(&self) -> &es256::Signer {
        &self.inner.signers.capsules
    }

    /// The keys that are believed: the present ones and earlier ones.
    pub fn keys(&self) -> &KeySet {
        &self.inner.keys
    }

    /// The house as its capsules name it.
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// How long a letter waits for others that may go with it.
    fn gather(&self) -> SignedDuration {
        self.inner.gather
    }

    /// The rulebook that proposes.
    pub fn rules(&self) -> &Rulebook {
        self.inner.library.newest()
    }

    /// Every edition of the rulebook.
    pub fn library(&self) -> &Library {
        &self.inner.library
    }

    /// An edition of the rulebook, by the version that a proposal names.
    pub fn edition(&self, version: &Name) -> Option<&Rulebook> {
        self.inner.library.edition(version)
    }

    fn aside(&self) -> Option<&Arc<Log>> {
        self.inner.aside.as_ref()
    }

    fn seeds(&self) -> &lots::Seeds {
        &self.inner.seeds
    }

    fn ear(&self) -> &speech::Ear {
        &self.inner.ear
    }

    /// Carries out one command on one piece.
    pub async fn carry_out(
        &self,
        key: StreamKey,
        command: Command,
        seals: Seals,
        mut request: Request,
    ) -> Result<Receipt, Error> {
        request.digest_as(command.kind().as_str());
        let work = Work::Pieces { pieces: vec![(key.stream_id, command)], parcel: false };
        self.submit(key.order_id, work, seals, request).await
    }

    /// Takes an order in.
    pub async fn place(&self, order: NewOrder, seals: Seals, mut request: Request) -> Result<Receipt, Error> {
        request.digest_as("order");
        self.submit(order.order_id, Work::Place(Box::new(order)), seals, request).await
    }

    async fn submit(
        &self,
        order_id: OrderId,
        mut work: Work,
        seals: Seals,
        request: Request,
    ) -> Result<Receipt, Error> {
        self.attest(order_id, &mut work, request.now).await?;
        let fetched = writer::fetch(self, work.keys(order_id)).await?;
        let (reply, answer) = oneshot::channel();
        let (named, now) = (writer::waybills_named(&work), request.now);
        self.inner.writers.send(Job { order_id, work, seals, request, fetched, reply })?;
        // A writer that is gone has answered nothing: the house is closing.
        let answer = answer.await.unwrap_or(Err(Error::Busy));
        if answer.is_ok() && !named.is_empty() {
            // What a carrier told of it before is heard now. The command stands whatever becomes of that, and the next
            // start hears what is left.
            if let Err(error) = self.hear_parked_boxed(&named, now).await {
                tracing::warn!(%error, "parked words of a carrier could not be heard");
            }
        }
        answer
    }

    /// Lets the writers finish what waits, and takes nothing more.
    pub async fn close(&self) {
        self.inner.writers.close().await;
    }

    /// The commands that are possible now, by name.
    pub fn allowed(piece: &crate::domain::piece::Piece, role: crate::domain::actor::Role) -> Vec<&'static str> {
        CommandKind::allowed(piece.stage(), role).map(CommandKind::as_str).collect()
    }
}
