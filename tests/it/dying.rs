//! The machine dies in the middle of every kind of request, before each statement, before each commit and after it, and
//! the same is asked again until it is done: nothing is half written, whoever asks again gets the first receipt, and
//! what the journals want told is told once.
//!
//! A [`crate::app::TestApp`] over a dying database is a house in which that happens to the first request of each kind: a
//! whole walk of another test goes through it, with all that the test looks at. What the walks do not ask, `doors` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::Value;
use touchstone::desk::{Desk, Options};
use touchstone::domain::ids::PieceCode;
use touchstone::http::{self, App, Settings};
use touchstone::store::entity::{events, outbox, proposals};
use touchstone::store::{Backend, Moment, Store, Watch, queries};
use touchstone::vault::Secrets;
use uuid::Uuid;

use crate::app::{Answer, Call};
use crate::derived;

mod doors;
pub mod walks;

/// Lets the machine die at one moment of many; from then on nothing of it happens any more.
#[derive(Debug)]
pub struct Doom {
    left: AtomicI64,
    counts: AtomicBool,
    dead: AtomicBool,
    /// Of so many statements one is a moment; of commits each.
    every: usize,
    statements: AtomicUsize,
    commits: AtomicUsize,
    /// What it had begun to do.
    at: Mutex<String>,
}

impl Doom {
    /// At the moment of this number, once it counts.
    pub fn at(moment: i64, counts: bool) -> Arc<Doom> {
        Self::rarely(moment, counts, 1)
    }

    fn rarely(moment: i64, counts: bool, every: usize) -> Arc<Doom> {
        let (left, counts) = (AtomicI64::new(moment), AtomicBool::new(counts));
        let (statements, commits) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Doom { left, counts, dead: AtomicBool::new(false), every, statements, commits, at: Mutex::default() })
    }

    /// At the moment of this number from now on.
    fn arm(&self, moment: i64) {
        self.left.store(moment, Ordering::SeqCst);
        self.statements.store(0, Ordering::SeqCst);
        self.commits.store(0, Ordering::SeqCst);
        self.count();
    }

    /// At no moment any more.
    fn disarm(&self) {
        self.counts.store(false, Ordering::SeqCst);
    }

    /// From here on.
    pub fn count(&self) {
        self.counts.store(true, Ordering::SeqCst);
    }

    pub fn lives(&self, what: impl FnOnce() -> String) -> bool {
        if self.struck() {
            return false;
        }
        if self.counts.load(Ordering::SeqCst) && self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            *self.at.lock().unwrap() = what();
            self.dead.store(true, Ordering::SeqCst);
            return false;
        }
        true
    }

    pub fn struck(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub fn what(&self) -> String {
        self.at.lock().unwrap().clone()
    }

    /// Whether anything was committed before it died, or as it did.
    fn has_written(&self) -> bool {
        0 < self.commits.load(Ordering::SeqCst)
    }

    /// Whether it died with its commit done and its word unsaid.
    fn is_new_ground(&self) -> bool {
        self.what() == format!("{:?}", Moment::Committed)
    }

    pub fn store(self: &Arc<Self>, store: &Store) -> Store {
        let doom = self.clone();
        store.clone().watched(Watch::new(move |moment| doom.watches(moment)))
    }

    fn watches(&self, moment: Moment) -> bool {
        match moment {
            Moment::Statement if !self.statements.fetch_add(1, Ordering::SeqCst).is_multiple_of(self.every) => {
                !self.struck()
            }
            Moment::Statement | Moment::Commit => self.lives(|| format!("{moment:?}")),
            Moment::Committed => {
                // The dead commit nothing: they are stopped before it.
                self.commits.fetch_add(1, Ordering::SeqCst);
                self.lives(|| format!("{moment:?}"))
            }
        }
    }
}

/// What was interrupted, and how often.
#[derive(Default)]
pub struct Deaths {
    doors: Mutex<BTreeMap<String, usize>>,
    done: Mutex<BTreeSet<String>>,
}

impl Deaths {
    /// Whether none of its kind was done yet: what is refused leaves it to the next, and so does what writes nothing.
    fn enter(&self, door: &str) -> bool {
        !self.done.lock().unwrap().contains(door)
    }

    fn leave(&self, door: &str, status: StatusCode) {
        let died = self.doors.lock().unwrap().contains_key(door);
        if (status.is_success() || status.is_redirection()) && (died || door.starts_with("GET ")) {
            self.done.lock().unwrap().insert(door.to_owned());
        }
    }

    fn count(&self, door: &str) {
        *self.doors.lock().unwrap().entry(door.to_owned()).or_default() += 1;
    }

    /// Each kind of request, and the times that the machine died in it.
    pub fn doors(&self) -> BTreeMap<String, usize> {
        self.doors.lock().unwrap().clone()
    }
}

/// A request that is new ground at each of its commits is begun anew so often at the most.
const ANEW: usize = 8;

/// Of PostgreSQL's statements one in so many, since each is a way to another process and back.
const RARELY: usize = 4;

/// What the house is made of, each time that its machine comes up again.
pub struct Mortal {
    desk: Desk,
    secrets: Secrets,
    options: Options,
    settings: Settings,
    deaths: Arc<Deaths>,
    /// The machine that is up. One at a time: two on one SQLite file are refused by `serve`.
    life: tokio::sync::Mutex<Option<Life>>,
}

struct Life {
    doom: Arc<Doom>,
    desk: Desk,
    router: axum::Router,
}

impl Mortal {
    pub fn new((desk, secrets, options, settings): (Desk, Secrets, Options, Settings), deaths: Arc<Deaths>) -> Mortal {
        Mortal { desk, secrets, options, settings, deaths, life: tokio::sync::Mutex::default() }
    }

    /// Sends one request. The first of its kind is interrupted at each of its moments, and sent again.
    pub async fn ask(&self, call: Call) -> Answer {
        let mut up = self.life.lock().await;
        match self.door(&call).await.filter(|(_, door)| self.deaths.enter(door)) {
            Some((route, door)) => self.ask_until_done(&mut up, &call, route, &door).await,
            None => {
                let life = self.take(&mut up, None).await.expect("nothing stops it");
                let answer = call.over(life.router.clone()).await;
                *up = Some(life);
                answer
            }
        }
    }

    async fn ask_until_done(
        &self,
        up: &mut Option<Life>,
        call: &Call,
        route: (&'static str, &'static str),
        door: &str,
    ) -> Answer {
        let before = derived::differences(self.desk.store()).await;
        let (mut moment, mut anew, mut written) = (0, 0, false);
        loop {
            let rows = self.rows().await;
            // Whoever asks a machine that dies hears nothing.
            let doom = match self.take(up, Some(moment)).await {
                Ok(life) => {
                    let answer = call.clone().over(life.router.clone()).await;
                    let doom = life.doom.clone();
                    if !doom.struck() {
                        doom.disarm();
                        self.deaths.leave(door, answer.status);
                        *up = Some(life);
                        return seen(answer, route, written);
                    }
                    life.desk.close().await;
                    doom
                }
                Err(doom) => doom,
            };
            let told = format!("{door}: died at {}, {moment}", doom.what());
            self.deaths.count(door);
            if doom.has_written() {
                written = true;
                assert_eq!(derived::differences(self.desk.store()).await, before, "{told}");
            } else {
                assert_eq!(self.rows().await, rows, "{told}, and left something");
            }
            if doom.is_new_ground() {
                let keys = self.desk.keys();
                let checked = touchstone::audit::check(self.desk.store(), keys, None, &mut ()).await.unwrap();
                assert!(checked.ok(), "{told}: {checked:?}");
                let rebuilt = touchstone::audit::rebuild(self.desk.store(), &mut ()).await.unwrap();
                assert_eq!(rebuilt.differed, 0, "{told}");
            }
            // Behind a commit the rest of a request is a way of its own. What the buyer's page writes before that, a try
            // of digits, is written each time.
            let further = doom.is_new_ground() && anew < ANEW && route.1.starts_with("/v1");
            (moment, anew) = if further { (0, anew + 1) } else { (moment + 1, anew) };
        }
    }

    /// The machine that is up, or one that comes up and does what was left undone; `moment` is when it dies.
    async fn take(&self, up: &mut Option<Life>, moment: Option<i64>) -> Result<Life, Arc<Doom>> {
        if let Some(life) = up.take() {
            if let Some(moment) = moment {
                life.doom.arm(moment);
            }
            return Ok(life);
        }
        let every = if self.desk.store().backend() == Backend::Postgres { RARELY } else { 1 };
        let doom = Doom::rarely(moment.unwrap_or_default(), moment.is_some(), every);
        let desk = self.desk.another(doom.store(self.desk.store()), &self.secrets, self.options.clone());
        let desk = desk.expect("the desk opens");
        let now = self.settings.clock.now();
        if desk.catch_up_on_speech(|| now).await.is_err() || desk.catch_up_on_carriers(now).await.is_err() {
            desk.close().await;
            return Err(doom);
        }
        let app = App::new(desk.clone(), self.settings.clone(), None).expect("the shelf opens");
        Ok(Life { doom, desk, router: http::router(app) })
    }

    async fn rows(&self) -> (u64, u64) {
        let reader = self.desk.store().reader();
        (events::Entity::find().count(reader).await.unwrap(), outbox::Entity::find().count(reader).await.unwrap())
    }

    /// The route of a request, and which kind of request it is there: what it asks for, and at which stage. None of what
    /// gives away a secret once, which nobody gets who asks again: `doors` has those.
    async fn door(&self, call: &Call) -> Option<((&'static str, &'static str), String)> {
        let path = call.path.split('?').next().unwrap_or_default();
        let route = *routes().find(|(method, route)| *method == call.method.as_str() && fits(route, path))?;
        let once = ["/v1/keys", "/v1/webhooks", "/v1/webhooks/{id}/rotate"];
        if call.method == Method::POST && once.contains(&route.1) {
            return None;
        }
        // Wrong digits count each time that they are tried, until nobody may try any more.
        if call.method == Method::POST && route.1.starts_with("/t/") && !call.body.ends_with(b"phone=1001") {
            return None;
        }
        // Of what is only read, it is noted who has read a piece.
        if call.method == Method::GET && !route.1.starts_with("/v1/pieces/{code}") {
            return None;
        }
        let mut door = format!("{} {}", route.0, route.1);
        for (name, value) in asked(&call.body) {
            door.push_str(&format!(" {name}={value}"));
        }
        // What a second person confirms is one way for each command.
        if let Some(id) = path.strip_prefix("/v1/proposals/").and_then(|rest| rest.strip_suffix("/confirm")) {
            let proposal = proposals::Entity::find_by_id(Uuid::parse_str(id).ok()?).one(self.desk.store().reader());
            door.push_str(&proposal.await.unwrap().map_or_else(String::new, |row| format!(" command={}", row.command)));
        }
        let code = route.1.split('/').zip(path.split('/')).find(|(name, _)| *name == "{code}");
        let code = code.and_then(|(_, code)| PieceCode::parse(code).ok());
        if let Some(code) = code
            && let Some(located) = self.desk.locate(&code).await.unwrap()
        {
            let key = located.key;
            let row = queries::piece(self.desk.store().reader(), key.order_id.0, key.stream_id.0).await.unwrap();
            door.push_str(&row.map_or_else(String::new, |row| format!(" @{}", row.stage)));
        }
        Some((route, door))
    }
}

/// Every route, as `auth` has it.
fn routes() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    static ROUTES: std::sync::LazyLock<Vec<(&'static str, &'static str)>> =
        std::sync::LazyLock::new(|| crate::auth::TABLE.iter().map(|(method, path, _)| (*method, *path)).collect());
    ROUTES.iter()
}

fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(&path).all(|(own, asked)| own.starts_with('{') || own == asked)
}

/// What tells one request at a route from another: the words in it that choose among ways.
fn asked(body: &[u8]) -> Vec<(String, String)> {
    let chooses = |name: &str| {
        matches!(
            name,
            "what"
                | "to"
                | "how"
                | "condition"
                | "resolution"
                | "identity"
                | "command"
                | "choice"
                | "upheld"
                | "stricter"
                | "granted"
                | "same"
        )
    };
    if let Ok(Value::Object(body)) = serde_json::from_slice(body) {
        // A person is no way.
        let plain = |value: &Value| value.as_str().is_none_or(|text| text.len() < 24);
        let named = body.into_iter().filter(|(name, value)| chooses(name) && plain(value));
        return named.map(|(name, value)| (name, value.to_string())).collect();
    }
    let text = String::from_utf8_lossy(body);
    let fields = text.split('&').filter_map(|field| field.split_once('='));
    fields.filter(|(name, _)| chooses(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The answer as it is given to who asked once: asked again, what was made is found.
fn seen(mut answer: Answer, route: (&str, &str), written: bool) -> Answer {
    if written && answer.status == StatusCode::OK {
        let description = serde_json::to_value(http::openapi()).unwrap();
        let told = &description["paths"][route.1][route.0.to_lowercase()]["responses"];
        let first = ["201", "303"].into_iter().find(|status| told.get(status).is_some());
        if let Some(first) = first {
            answer.status = first.parse().unwrap();
        }
    }
    answer
}
