//! What was said of a piece, brought to the ledger: the transcript of its live session, read once and kept for the next
//! piece, and the claims of its segment merged with those of listing and presented certificate.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use uuid::Uuid;

use super::presented::Register;
use super::receipt::Receipt;
use super::{Desk, Error, Request, Seals, recorded};
use crate::domain::actor::{By, Role};
use crate::domain::appraisal::{Appraisal, ComponentResult};
use crate::domain::certificate::{CertificateKey, HeldBy};
use crate::domain::command::{Asked, Command, Reading, Rules, Step};
use crate::domain::deadline::Deadline;
use crate::domain::event::{Event, OrderPlaced};
use crate::domain::ids::{CommandId, ComponentId, LiveId, OrderId, StreamId, StreamKey, TenantId, TextId};
use crate::domain::ledger::{Claim, ProposedEntry, Span, Statement, Verdict};
use crate::domain::looks::{Around, Because, Limits, Matter};
use crate::domain::merge::merge;
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::domain::text::Name;
use crate::spoken::ledger::{Heard, Labels, heard};
use crate::spoken::transcript::{Format, Part, Transcript};
use crate::spoken::{Reader, VERSION};
use crate::store::entity::{pieces, transcripts, unread_transcripts};
use crate::store::{Source, journal, lookups, queries, registers};
use crate::vault::Vault;

/// Transcripts kept in memory. A session's pieces come to the bench within the same days.
const KEPT: usize = 16;

/// What hears the sessions of a house.
pub struct Ear {
    /// Read with the first transcript: a house that has none keeps no lexicon.
    learned: Arc<Mutex<Option<Arc<Learned>>>>,
    version: Name,
    sessions: Mutex<VecDeque<Arc<Session>>>,
}

/// Everything that reading speech needs.
struct Learned {
    reader: Reader,
    labels: Labels,
}

/// The transcript of one live session, with what reads it.
pub struct Session {
    pub id: TextId,
    pub transcript: Transcript,
    learned: Arc<Learned>,
}

impl Learned {
    /// What was learned before, or now: some tens of milliseconds.
    fn of(slot: &Mutex<Option<Arc<Self>>>) -> Result<Arc<Self>, Error> {
        let mut slot = slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(learned) = &*slot {
            return Ok(learned.clone());
        }
        let reader = Reader::embedded().map_err(|error| Error::fault("the lexicon cannot be read", error))?;
        let labels = Labels::embedded().map_err(|error| Error::fault("the lexicon cannot be read", error))?;
        Ok(slot.insert(Arc::new(Self { reader, labels })).clone())
    }
}

impl Ear {
    pub fn new() -> Result<Self, Error> {
        let version =
            Name::parse(VERSION).map_err(|error| Error::fault("the lexicon's version cannot be read", error))?;
        Ok(Self { learned: Arc::default(), version, sessions: Mutex::default() })
    }

    /// The same, with nothing opened yet.
    pub fn another(&self) -> Self {
        Self { learned: self.learned.clone(), version: self.version.clone(), sessions: Mutex::default() }
    }

    fn kept(&self, id: Uuid) -> Option<Arc<Session>> {
        let sessions = self.sessions.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        sessions.iter().find(|session| session.id.0 == id).cloned()
    }

    /// Lets go of what was opened, so that nothing outlives the key that opened it.
    pub fn forget(&self) {
        self.sessions.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }

    fn keep(&self, session: Arc<Session>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if KEPT <= sessions.len() {
            sessions.pop_front();
        }
        sessions.push_back(session);
    }
}

/// The part of a session that is a piece's. None where nothing of it can be told to be: there is no segment, the
/// transcript has no times, or nothing is said between its two.
fn part_of(session: &Session, piece: &Piece) -> Option<Part> {
    let segment = piece.segment()?;
    let part = session.transcript.part(segment.from_ms, segment.to_ms);
    (session.transcript.is_timed() && session.transcript.is_said(&part)).then_some(part)
}

/// The rules with an ear for what was said of one order's pieces.
pub struct Listening<'a> {
    desk: &'a Desk,
    order_id: OrderId,
    placed: &'a OrderPlaced,
    session: Option<Arc<Session>>,
    /// What a second look rests on beside the piece.
    around: Around,
    register: Register,
    /// The words of the claims that were read.
    seals: RefCell<Seals>,
}

impl<'a> Listening<'a> {
    pub fn new(
        desk: &'a Desk,
        order_id: OrderId,
        placed: &'a OrderPlaced,
        (session, around): (Option<Arc<Session>>, Around),
        register: Register,
    ) -> Self {
        Self { desk, order_id, placed, session, around, register, seals: RefCell::default() }
    }

    /// The register as it was looked up.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The words that were sealed, to be written with the events that name them.
    pub fn into_seals(self) -> Seals {
        self.seals.into_inner()
    }

    /// A claim with its words sealed. They are the streamer's, or the merchant's where no streamer is known.
    fn sealed(&self, heard: Heard) -> Claim {
        let person = self.placed.streamer_id.unwrap_or(self.placed.merchant_person_id);
        let seal = |words: &str| self.seals.borrow_mut().seal(self.desk.vault(), self.order_id, person, words);
        let again = |(words, span): &(String, Span)| Statement {
            source: heard.claim.source,
            words: Some(seal(words)),
            span: Some(span.clone()),
        };
        let also = heard.again.iter().map(again).collect();
        Claim { words: Some(seal(&heard.words)), also, ..heard.claim }
    }
}

impl Rules for Listening<'_> {
    /// Listing and certificate first: of equal statements, what is written stands and what was said repeats it.
    fn read_claims(&self, piece: &Piece) -> Reading {
        let rules = self.desk.rules();
        let ear = self.desk.ear();
        let mut claims = rules.read_claims(piece).claims;
        let mut transcript_id = None;
        if let Some(session) = &self.session
            && let Some(part) = part_of(session, piece)
        {
            transcript_id = Some(session.id);
            let (_, text) = session.transcript.text_of(&part);
            let Learned { reader, labels } = &*session.learned;
            let said = reader.read(text);
            let declared = &piece.opened().declared;
            let spoken = heard(&said, (&session.transcript, &part), declared, rules, labels);
            claims.extend(spoken.into_iter().map(|heard| self.sealed(heard)));
        }
        Reading { transcript_id, lexicon_version: ear.version.clone(), claims: merge(claims) }
    }

    fn propose(
        &self,
        piece: &Piece,
        order: &OrderPlaced,
        claims: &[Claim],
        appraisal: &Appraisal,
    ) -> Vec<ProposedEntry> {
        self.desk.rules().propose(piece, order, claims, appraisal)
    }

    fn version(&self) -> Name {
        self.desk.rules().version()
    }

    fn held_by(&self, key: &CertificateKey) -> Option<HeldBy> {
        self.register.held_by(key)
    }

    fn asked(&self, piece: &Piece, _: &OrderPlaced) -> Asked {
        self.desk.rules().asked(piece, &self.around)
    }

    fn asked_after(&self, outcome: Verdict, guard: bool) -> BTreeSet<Because> {
        self.desk.rules().asked_after(outcome, guard)
    }

    fn disputes(&self, _: &Piece, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
        self.desk.rules().disputes(one, other)
    }

    fn limits(&self, piece: &Piece, order: &OrderPlaced, claims: &[Claim], appraisal: &Appraisal) -> Limits {
        self.desk.rules().limits(piece, order, claims, appraisal)
    }

    fn running(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        self.desk.rules().deadlines(piece, order)
    }

    fn photos_needed(&self, piece: &Piece, step: Step) -> BTreeSet<Name> {
        self.desk.rules().photos_needed(piece, step)
    }

    fn tests_lacking(&self, piece: &Piece, found: &ComponentResult) -> Option<String> {
        self.desk.rules().tests_lacking(piece, found)
    }
}

/// Whether a command reads what was said.
pub fn listens(command: &Command) -> bool {
    matches!(
        command,
        Command::SubmitAppraisal { .. }
            | Command::RepeatMeasurement { .. }
            | Command::ProposeLedger
            | Command::ReadTranscript
            | Command::AnswerSameArticle { .. }
            | Command::Correct { .. }
            | Command::SetSegment { .. }
    )
}

/// What was said in a live session, for a command that reads it.
#[derive(Default)]
pub struct Listened {
    pub session: Option<Arc<Session>>,
    /// The session and the transcript that was read of it, where nothing holds it until the commit.
    pub unlocked: Option<(String, String, Option<Uuid>)>,
}

impl Desk {
    /// The transcript of an order's live session. In a transaction, a new one waits until this one is done; ahead of it,
    /// a new one is noticed when it is written. So no ledger is read from an old transcript after a new one was taken.
    pub(super) async fn session(&self, source: &Source<'_>, placed: &OrderPlaced) -> Result<Listened, Error> {
        let Some(live) = &placed.live_id else { return Ok(Listened::default()) };
        let (tenant, live) = (placed.tenant_id.as_str(), live.as_str());
        let id = lookups::transcript_id(source, tenant, live).await?;
        let ahead = matches!(source, Source::Connection(_));
        let unlocked = ahead.then(|| (tenant.to_owned(), live.to_owned(), id));
        let session = match id.map(|id| (id, self.ear().kept(id))) {
            None => None,
            Some((_, Some(session))) => Some(session),
            Some((id, None)) => match queries::transcript(source, id).await? {
                Some(row) => self.open_session(row).await?,
                None => None,
            },
        };
        Ok(Listened { session, unlocked })
    }

    /// The transcript of an order's live session, for quoting.
    pub async fn session_of(&self, placed: &OrderPlaced) -> Result<Option<Arc<Session>>, Error> {
        let Some(live) = &placed.live_id else { return Ok(None) };
        let reader = self.store().reader();
        let row = queries::live(reader, placed.tenant_id.as_str(), live.as_str()).await?;
        let Some(id) = row.and_then(|row| row.transcript_id) else { return Ok(None) };
        if let Some(session) = self.ear().kept(id) {
            return Ok(Some(session));
        }
        match queries::transcript(reader, id).await? {
            Some(row) => self.open_session(row).await,
            None => Ok(None),
        }
    }

    /// Opens a stored transcript. None where its key was destroyed. One that cannot be read is one without words: it
    /// was taken in before transcripts were read, and a new one can be sent at any time.
    async fn open_session(&self, row: transcripts::Model) -> Result<Option<Arc<Session>>, Error> {
        let (Some(wrapped), Some(sealed), Some(format)) = (&row.wrapped_key, &row.sealed, Format::parse(&row.format))
        else {
            return Ok(None);
        };
        let fault = |error| Error::fault("a transcript cannot be opened", error);
        let key = self.vault().unwrap_key(wrapped, row.id.as_bytes()).map_err(fault)?;
        let bytes = Vault::open(&key, sealed, row.id.as_bytes()).map_err(fault)?;
        let learned = self.ear().learned.clone();
        let read = move || {
            let transcript = Transcript::read(format, &String::from_utf8_lossy(&bytes)).unwrap_or_default();
            Ok::<_, Error>((transcript, Learned::of(&learned)?))
        };
        // Some tens of milliseconds for the largest: not on a thread that others wait for.
        let (transcript, learned) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::fault("a transcript could not be read", error))??;
        let session = Arc::new(Session { id: TextId(row.id), transcript, learned });
        self.ear().keep(session.clone());
        Ok(Some(session))
    }

    /// Reads the ledgers again that a new transcript concerns: of every piece of the session whose ledger waits. What
    /// was settled with a verdict stands. Asked again with the same request, it goes on where it stopped.
    pub async fn read_again(
        &self,
        (tenant, live): (&TenantId, &LiveId),
        transcript: Uuid,
        request: &Request,
    ) -> Result<(), Error> {
        for row in self.pieces_waiting(tenant.as_str(), live.as_str()).await? {
            self.read_piece_again(row, transcript, request.clone()).await?;
        }
        self.was_read(transcript).await
    }

    async fn pieces_waiting(&self, tenant: &str, live: &str) -> Result<Vec<pieces::Model>, Error> {
        let stage = Stage::SpokenReview.as_str();
        Ok(queries::pieces_of_live(self.store().reader(), tenant, live, stage).await?)
    }

    async fn was_read(&self, transcript: Uuid) -> Result<(), Error> {
        let txn = self.store().begin().await?;
        registers::transcript_was_read(&*txn, transcript).await?;
        Ok(txn.commit().await?)
    }

    async fn read_piece_again(&self, row: pieces::Model, transcript: Uuid, request: Request) -> Result<(), Error> {
        let key = StreamKey { order_id: OrderId(row.order_id), stream_id: StreamId(row.stream_id) };
        let again = Request {
            by: By { role: Role::Desk, ..request.by },
            idempotency_key: format!("transcript-{transcript}"),
            part: row.code,
            target: "the desk, ledger/proposal".to_owned(),
            body: transcript.to_string().into_bytes(),
            if_match: None,
            ..request
        };
        match self.carry_out(key, Command::ReadTranscript, Seals::default(), again).await {
            Ok(Receipt::Piece(_) | Receipt::Parcel(_) | Receipt::Order(_)) => Ok(()),
            Ok(Receipt::Proposal(_) | Receipt::Made { .. }) => Ok(()),
            // It left the review meanwhile, or another command reads it again.
            Err(Error::Refused(Refusal::WrongStage(_) | Refusal::Overtaken { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads the ledgers again that a stop left unread between the commit of a transcript and the end of
    /// [`Desk::read_again`]. It is done beside the service when that starts. Answers how many there were.
    ///
    /// # Errors
    ///
    /// The first of the store, or of a journal that cannot be read. The other transcripts are read all the same; the one
    /// stays unread, for whoever asks again.
    pub async fn catch_up_on_speech(&self, now: impl Fn() -> Timestamp) -> Result<usize, Error> {
        let mut caught_up = 0;
        let mut failed = None;
        for transcript in queries::unread_transcripts(self.store().reader()).await? {
            match self.read_unread(&transcript, &now).await {
                Ok(ledgers) => caught_up += ledgers,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(caught_up), Err)
    }

    async fn read_unread(
        &self,
        transcript: &unread_transcripts::Model,
        now: impl Fn() -> Timestamp,
    ) -> Result<usize, Error> {
        let mut ledgers = 0;
        for row in self.pieces_waiting(&transcript.tenant_id, &transcript.live_id).await? {
            let Some(by) = self.reads_before(&row, transcript).await? else { continue };
            let request = Request {
                by,
                idempotency_key: String::new(),
                part: String::new(),
                target: String::new(),
                body: Vec::new(),
                digested: Vec::new(),
                if_match: None,
                command_id: CommandId(Uuid::now_v7()),
                now: now(),
                confirms: None,
            };
            self.read_piece_again(row, transcript.transcript_id, request).await?;
            ledgers += 1;
        }
        self.was_read(transcript.transcript_id).await?;
        Ok(ledgers)
    }

    /// Who had the ledger read last, where that was before the transcript came. A reading that found nothing of the
    /// piece in a transcript does not name it, so its time tells.
    async fn reads_before(
        &self,
        row: &pieces::Model,
        transcript: &unread_transcripts::Model,
    ) -> Result<Option<By>, Error> {
        let key = StreamKey { order_id: OrderId(row.order_id), stream_id: StreamId(row.stream_id) };
        for event in journal::read(self.store().reader(), key).await?.iter().rev() {
            let recorded = recorded::read(event)?.recorded;
            let Event::ClaimsRead(read) = &recorded.event else { continue };
            let this = read.transcript_id == Some(TextId(transcript.transcript_id));
            let late = transcript.created_at <= recorded.at.as_microsecond();
            let by = recorded.person.zip(recorded.key).map(|(person, key)| By {
                person,
                key,
                role: Role::Desk,
                proposer: None,
            });
            return Ok(by.filter(|_| !this && !late));
        }
        Ok(None)
    }
}
