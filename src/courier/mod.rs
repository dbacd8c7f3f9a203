//! The courier: what the outbox holds is sent when it is due, once as far as anybody can, and never lost.
//!
//! It leases rows, sends what they tell, and marks what became of them. What is sent and not yet marked when a courier
//! dies is sent again by the next, under the same Message-ID or webhook id. What a mail server or an endpoint has
//! accepted of a notice from which somebody's clock counts is told to the desk, in a step of its own: a row stands
//! between as accepted, and is no longer sent.
//!
//! One order's, one endpoint's or one mail domain's trouble holds up nobody else: everything that is sent has a slot of
//! its own and a time in which it ends.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinError, JoinSet};
use uuid::Uuid;

use crate::clock::Clock;
use crate::desk::restore::Held;
use crate::desk::{self, Desk};
use crate::store::outbox::{self, Channel, Hand, Marks};
use crate::store::{self, webhooks};

pub mod address;
mod backoff;
mod by_mail;
pub mod endpoint;
mod letter;
mod noting;
pub mod payload;
mod probe;
mod recalled;
pub mod signature;
mod stale;
mod webhook;

pub use by_mail::ByMail;
pub use letter::{Letter, Post, Posted, Posting, Warning};
pub use probe::{Fate, Point, Probe};

use endpoint::Caller;

/// An endpoint that has taken nothing for so long is paused.
pub const FAILING_FOR: SignedDuration = SignedDuration::from_hours(72);

/// How the courier works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Letters on their way at once.
    pub letters: usize,
    /// Webhooks on their way at once, of all endpoints.
    pub webhooks: usize,
    /// Of one endpoint. One that failed last gets one.
    pub each_endpoint: usize,
    /// How often it is looked whether something is due.
    pub every: Duration,
    /// How long rows are a courier's. Whatever it sends ends within two thirds of it; what a dead one had in hand is
    /// another's after it.
    pub lease: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            letters: 32,
            webhooks: 64,
            each_endpoint: 4,
            every: Duration::from_secs(1),
            lease: Duration::from_secs(180),
        }
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Letters and webhooks that were tried, or had nobody to go to.
    pub ended: usize,
    /// Rows that were given to endpoints.
    pub spread: usize,
    /// Acceptances that were noted.
    pub noted: usize,
}

impl Round {
    /// Whether there was nothing to do.
    pub fn is_idle(self) -> bool {
        self == Round::default()
    }
}

/// Why a round broke off.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the store did not do as it was asked")]
    Store(#[from] store::Error),
    /// A test's: it stopped here as if the machine had died.
    #[error("stopped at {0:?}")]
    Stopped(Point),
    #[error("something on its way broke off")]
    BrokeOff(#[from] JoinError),
    #[error("the desk did not do as it was asked")]
    Desk(#[from] desk::Error),
}

/// One courier. Several may work on one database.
pub struct Courier {
    kit: Arc<Kit>,
    settings: Settings,
}

/// What everything that is sent needs.
struct Kit {
    desk: Desk,
    post: Arc<dyn Post>,
    caller: Caller,
    /// Asked when something ends as well as when it begins.
    clock: Clock,
    /// The name of this courier's hand.
    hand: String,
    /// Within this whatever is sent has ended.
    limit: Duration,
    probe: Probe,
}

impl Kit {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn at(&self, point: Point) -> Result<(), Fault> {
        match (self.probe)(point) {
            Fate::GoOn => Ok(()),
            Fate::Die => Err(Fault::Stopped(point)),
        }
    }
}

/// What one thing that was sent came to.
struct Ended {
    marks: Result<Marks, Fault>,
    endpoint: Option<Uuid>,
}

/// What is on its way. Each is a task of its own: one that reads has a connection in hand, and must go on while the
/// courier waits for another.
#[derive(Default)]
struct OnTheWay {
    sending: JoinSet<Ended>,
    letters: usize,
    webhooks: HashMap<Uuid, usize>,
}

impl OnTheWay {
    fn ended(&mut self, ended: &Ended) {
        match ended.endpoint {
            None => self.letters = self.letters.saturating_sub(1),
            Some(id) => {
                if let Some(count) = self.webhooks.get_mut(&id) {
                    *count = count.saturating_sub(1);
                }
                self.webhooks.retain(|_, count| 0 < *count);
            }
        }
    }
}

impl Courier {
    /// A courier with a hand of its own.
    pub fn new(desk: Desk, post: Arc<dyn Post>, caller: Caller, clock: Clock, settings: Settings) -> Self {
        let hand = Uuid::now_v7().to_string();
        let limit = settings.lease * 2 / 3;
        Self { kit: Arc::new(Kit { desk, post, caller, clock, hand, limit, probe: probe::none() }), settings }
    }

    /// The same, asked at every step whether it goes on: for tests.
    pub fn with_probe(self, probe: Probe) -> Self {
        let Kit { desk, post, caller, clock, hand, limit, probe: _ } = &*self.kit;
        let kit = Kit {
            desk: desk.clone(),
            post: post.clone(),
            caller: caller.clone(),
            clock: clock.clone(),
            hand: hand.clone(),
            limit: *limit,
            probe,
        };
        Self { kit: Arc::new(kit), settings: self.settings }
    }

    /// Works until told to stop; then what is on its way is finished and marked, and nothing more is taken.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut way = OnTheWay::default();
        let mut due = tokio::time::interval(self.settings.every.max(Duration::from_millis(1)));
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(first) = way.sending.join_next() => {
                    if let Err(fault) = self.settle(&mut way, first).await {
                        tell(&fault);
                    }
                }
                _ = due.tick() => {}
            }
            match self.take(&mut way).await {
                // What can be taken is taken at once; the clock is for when there is nothing.
                Ok(round) if !round.is_idle() => due.reset_immediately(),
                Ok(_) => {}
                Err(fault) => tell(&fault),
            }
        }
        while let Some(first) = way.sending.join_next().await {
            if let Err(fault) = self.settle(&mut way, first).await {
                tell(&fault);
            }
        }
        if let Err(fault) = self.note().await {
            tell(&fault);
        }
        self.kit.post.close().await;
    }

    /// Sends what is due now and waits until all of it has ended.
    ///
    /// # Errors
    ///
    /// Those of the store. What was sent and could not be marked is sent again once its lease is over.
    pub async fn round(&self) -> Result<Round, Fault> {
        let mut way = OnTheWay::default();
        let mut round = self.take(&mut way).await?;
        while let Some(first) = way.sending.join_next().await {
            round.ended += self.settle(&mut way, first).await?;
        }
        round.noted += self.note().await?;
        Ok(round)
    }

    /// Rounds until there is nothing due any more.
    ///
    /// # Errors
    ///
    /// Those of a round.
    pub async fn until_idle(&self) -> Result<Round, Fault> {
        let mut whole = Round::default();
        loop {
            let round = self.round().await?;
            if round.is_idle() {
                return Ok(whole);
            }
            whole.ended += round.ended;
            whole.spread += round.spread;
            whole.noted += round.noted;
        }
    }

    /// Leases what is due and starts sending it, as far as there are slots.
    async fn take(&self, way: &mut OnTheWay) -> Result<Round, Fault> {
        let kit = &self.kit;
        let store = kit.desk.store();
        let reader = store.reader();
        let held = kit.desk.held(kit.now()).await?;
        if held == Held::Yes {
            return Ok(Round::default());
        }
        let recalls = held == Held::Recalling;
        let mut round = Round { noted: self.note().await?, ..Round::default() };
        let now = kit.now();
        let micros = now.as_microsecond();
        if outbox::is_due(reader, Channel::Webhooks, micros).await? {
            kit.at(Point::BeforeSpread)?;
            round.spread = outbox::spread(store, micros, 256, |row| letter::for_supervisor(row, now)).await?;
            kit.at(Point::AfterSpread)?;
        }
        let free = self.settings.letters.saturating_sub(way.letters);
        if 0 < free && outbox::is_due(reader, Channel::Mail, micros).await? {
            for rows in self.lease(Channel::Mail, now, free).await? {
                way.letters += 1;
                let kit = kit.clone();
                way.sending
                    .spawn(async move { Ended { marks: letter::send(&kit, rows, recalls).await, endpoint: None } });
            }
        }
        let limit = 4 * self.settings.webhooks as u64;
        for endpoint in webhooks::due(reader, micros, limit).await? {
            let all: usize = way.webhooks.values().sum();
            let own = way.webhooks.get(&endpoint.id).copied().unwrap_or_default();
            // One that failed is asked by one message whether it is well again.
            let most = if endpoint.failures == 0 { self.settings.each_endpoint } else { 1 };
            let free = most.saturating_sub(own).min(self.settings.webhooks.saturating_sub(all));
            if free == 0 {
                continue;
            }
            let endpoint = Arc::new(endpoint);
            for rows in self.lease(Channel::Endpoint(endpoint.id), now, free).await? {
                *way.webhooks.entry(endpoint.id).or_default() += 1;
                let (kit, endpoint) = (kit.clone(), endpoint.clone());
                way.sending.spawn(async move {
                    let id = endpoint.id;
                    Ended { marks: webhook::send(&kit, &endpoint, rows, recalls).await, endpoint: Some(id) }
                });
            }
        }
        letter::warn_owners(kit, micros, recalls).await?;
        Ok(round)
    }

    async fn lease(
        &self,
        channel: Channel,
        now: Timestamp,
        free: usize,
    ) -> Result<Vec<Vec<crate::store::entity::outbox::Model>>, Fault> {
        let lease = SignedDuration::try_from(self.settings.lease).unwrap_or(SignedDuration::ZERO);
        let until = now.checked_add(lease).unwrap_or(now).as_microsecond();
        let hand = Hand { name: self.kit.hand.clone(), now: now.as_microsecond(), until };
        self.kit.at(Point::BeforeLease)?;
        let leased = outbox::lease(self.kit.desk.store(), channel, &hand, free as u64).await?;
        if !leased.is_empty() {
            self.kit.at(Point::AfterLease)?;
        }
        Ok(leased)
    }

    /// Marks what has ended, and whatever else has by now, in one commit.
    async fn settle(&self, way: &mut OnTheWay, first: Result<Ended, JoinError>) -> Result<usize, Fault> {
        let mut marks = Marks::default();
        let mut count = 0;
        let mut next = Some(first);
        let mut broken = None;
        while let Some(ended) = next {
            match ended {
                Ok(ended) => {
                    way.ended(&ended);
                    match ended.marks {
                        Ok(own) => {
                            marks.append(own);
                            count += 1;
                        }
                        Err(fault) => broken = Some(fault),
                    }
                }
                Err(error) => broken = Some(error.into()),
            }
            next = way.sending.try_join_next();
        }
        // Whoever died marks nothing; what only failed leaves what ended well to be marked.
        if let Some(fault @ Fault::Stopped(_)) = broken {
            return Err(fault);
        }
        if !marks.is_empty() {
            self.kit.at(Point::BeforeMark)?;
            self.mark(marks).await?;
            self.kit.at(Point::AfterMark)?;
        }
        if let Some(fault) = broken {
            return Err(fault);
        }
        Ok(count)
    }

    /// Writes what became of what was sent. It is tried a few times: unwritten, it would be sent again.
    async fn mark(&self, mut marks: Marks) -> Result<(), Fault> {
        // What has left is set aside first: marked and not set aside, a loss would send it a second time.
        let told = std::mem::take(&mut marks.told);
        if let Err(error) = self.kit.desk.set_told_aside(told, self.kit.now()).await {
            // Unmarked, it would be sent a second time for certain.
            tracing::error!(error = &error as &dyn std::error::Error, "what was told cannot be set aside");
        }
        let store = self.kit.desk.store();
        for _ in 0..3 {
            match outbox::mark(store, &self.kit.hand, marks.clone()).await {
                Err(error) if error.retryable() => {}
                done => return Ok(done?),
            }
        }
        Ok(outbox::mark(store, &self.kit.hand, marks).await?)
    }

    async fn note(&self) -> Result<usize, Fault> {
        noting::note(&self.kit).await
    }
}

/// A courier at work.
pub struct Working {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    /// Lets it finish what it has in hand, and waits for that.
    pub async fn stop(self) {
        // Told or dropped, both mean to stop.
        let _ = self.stop.send(());
        if self.task.await.is_err() {
            tracing::error!("the courier stopped before its time");
        }
    }
}

impl Courier {
    /// Sets it to work. Must be called within a tokio runtime.
    pub fn start(self) -> Working {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            self.run(async {
                let _ = stopped.await;
            })
            .await;
        });
        Working { stop, task }
    }
}

/// A fault is logged once, here; the next round begins anew.
fn tell(fault: &Fault) {
    match fault {
        Fault::Store(error) if error.retryable() => tracing::warn!("the outbox is out of reach for the moment"),
        Fault::Store(error) => tracing::error!(error = error as &dyn std::error::Error, "the courier cannot work"),
        Fault::Desk(desk::Error::Busy) => tracing::warn!("the outbox is out of reach for the moment"),
        Fault::Desk(error) => tracing::error!(error = error as &dyn std::error::Error, "the courier cannot work"),
        Fault::Stopped(point) => tracing::error!(?point, "the courier was stopped"),
        Fault::BrokeOff(error) => tracing::error!(error = error as &dyn std::error::Error, "something was not sent"),
    }
}
