//! The service itself: start it, migrate its database, describe it.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use touchstone::aside::Log;
use touchstone::audit::upkeep;
use touchstone::clock::Clock;
use touchstone::clockwork;
use touchstone::config::{Args, Config};
use touchstone::courier::endpoint::{Caller, Times};
use touchstone::courier::{self, ByMail, Courier};
use touchstone::demo::Outcome;
use touchstone::demo::house::{keep_up, listen};
use touchstone::desk::Desk;
use touchstone::http::{self, App, Settings};
use touchstone::store::Store;
use touchstone::store::restores::{self, Kind};
use touchstone::telemetry::{self, Metrics};

use super::{Done, Trouble, block_on, open, say, told_to_stop};

/// Serve until told to stop; on SIGINT and SIGTERM finish what is in flight
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone serve --data-dir /var/lib/touchstone
  TOUCHSTONE_DATABASE_URL=postgres://touchstone@db/touchstone touchstone serve --migrate
  touchstone serve --after-restore

After a restore, letters, webhooks and clocks are held until a supervisor lets them go (POST /v1/restore/release);
whoever was erased since the backup is erased again first. Give --after-restore once: the database remembers that it is
held, also where the service is started again without it. Given again for the same restore it holds nothing anew.")]
pub struct Serve {
    /// Bring the schema up to date first
    #[arg(long)]
    migrate: bool,
    /// The database was brought back from a backup: hold letters, webhooks and clocks, and say what is lost
    #[arg(long)]
    after_restore: bool,
    #[command(flatten)]
    settings: Args,
}

impl Serve {
    pub fn run(self) -> Done {
        let config = open::config(&self.settings)?;
        telemetry::init_logging(&config.log, config.log_format)
            .map_err(|error| Trouble::failed("the log cannot be opened", &error))?;
        block_on(async move {
            let listener = listen(config.listen).await?;
            let alone = open::alone(&config)?;
            let store = open::store(&config).await?;
            let applied = open::migrated(&config, &store, self.migrate).await?;
            if !applied.is_empty() {
                tracing::info!(migrations = applied.len(), "the schema was brought up to date");
            }
            Log::new(&config.aside_dir, config.aside_days)
                .prepare()
                .map_err(|fault| Trouble::failed("what must survive a loss cannot be set aside", &fault))?;
            let desk = open::own_desk(&config, &store).await?;
            if let Some(key) = desk.unknown_signer().await? {
                tracing::error!(
                    signature.key = %key,
                    "signing_key is not the one that signed here before, so nobody can check those certificates and roots: \
                     give that one again, or its public key in TOUCHSTONE_EARLIER_KEYS"
                );
            }
            // Before anything is done or anybody served: a transcript read, a word heard may be an erased person's.
            restored(&config, &store, &desk, self.after_restore).await?;
            let clock = Clock::system();
            let metrics = Metrics::install().map_err(|error| Trouble::failed("nothing can be measured", &error))?;
            let catching_up = tokio::spawn(catch_up(desk.clone(), clock.clone()));
            let measuring = tokio::spawn(keep_up(metrics.clone()));
            let settings = Settings {
                public_url: config.public_url.clone(),
                data_dir: config.data_dir.clone(),
                photos_url: config.photos_url.clone(),
                max_body_bytes: config.max_body_bytes.get(),
                request_timeout: config.request_timeout,
                webhook_networks: config.webhook_networks.clone(),
                clock: clock.clone(),
            };
            let (stop_roots, stopped) = tokio::sync::oneshot::channel::<()>();
            let folder = super::journal::roots_folder(&config.data_dir);
            let roots = tokio::spawn(upkeep::roots_loop(desk.clone(), folder, clock.clone(), async move {
                let _ = stopped.await;
            }));
            let (stop_clocks, stopped) = tokio::sync::oneshot::channel::<()>();
            let clocks = tokio::spawn(clockwork::run(desk.clone(), clock.clone(), async move {
                let _ = stopped.await;
            }));
            let app = App::new(desk.clone(), settings, Some(metrics))
                .map_err(|error| Trouble::failed("the shelf of photos cannot be opened", &error))?;
            let sweeping = tokio::spawn(http::photos::sweeping(app.clone()));
            let transport = config.mail.transport().map_err(Trouble::Usage)?;
            let post = ByMail::new(desk.clone(), config.mail.house(), transport);
            let caller = Caller::new(config.webhook_networks.clone(), Times::default(), &[])
                .map_err(|error| Trouble::failed("nobody can post to webhooks", &error))?;
            let settings = courier::Settings { lease: config.lease, ..courier::Settings::default() };
            let courier = Courier::new(desk.clone(), Arc::new(post), caller, clock, settings).start();
            let address = listener.local_addr().unwrap_or(config.listen);
            // Heard before anybody is told that it listens, and so may ask it to stop.
            let stop = told_to_stop();
            tracing::info!(address = %address, database = %config.database, "listening");
            http::serve(listener, app, stop)
                .await
                .map_err(|error| Trouble::failed("the service stopped with a fault", &error))?;
            catching_up.abort();
            measuring.abort();
            sweeping.abort();
            drop(stop_clocks);
            let _ = clocks.await;
            courier.stop().await;
            drop(stop_roots);
            let _ = roots.await;
            open::close(store, desk).await?;
            drop(alone);
            tracing::info!("stopped; everything in flight was finished");
            Ok(Outcome::Good)
        })
    }
}

/// How long it is waited before what failed of the past is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Does what a stop left undone between a commit and what follows from it. Nobody waits for it: a busy house may have
/// left much.
async fn catch_up(desk: Desk, clock: Clock) {
    match desk.catch_up_on_carriers(clock.now()).await {
        Ok(0) => {}
        Ok(pieces) => tracing::info!(pieces, "words of carriers that a stop left parked are heard"),
        Err(error) => tracing::error!(%error, "the parked words of carriers cannot be heard"),
    }
    loop {
        match desk.catch_up_on_speech(|| clock.now()).await {
            Ok(0) => break,
            Ok(ledgers) => {
                tracing::info!(ledgers, "transcripts that a stop left unread are read");
                break;
            }
            Err(error) => tracing::error!(%error, "a ledger that waits for speech cannot be read; it is tried again"),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Begins on a restored database, where it is one: by what `touchstone restore` noted, or by what was asked.
async fn restored(config: &Config, store: &Store, desk: &Desk, asked: bool) -> Result<(), Trouble> {
    let held = restores::latest(store.reader()).await?.filter(|row| row.released_at.is_none());
    if !asked && held.as_ref().is_none_or(|row| row.replayed_at.is_some()) {
        if held.is_some() {
            tracing::warn!("this house was restored and is held: POST /v1/restore/release lets it go");
        }
        return Ok(());
    }
    let last = restores::latest(store.reader()).await?;
    if let Some(row) = last.filter(|row| row.released_at.is_some())
        && !desk
            .is_restored_again(&row, config.aside_dir.clone())
            .await
            .map_err(|error| Trouble::failed("the log aside cannot be held against the database", &error))?
    {
        tracing::warn!(
            restore.id = %row.id,
            released = %open::instant(row.released_at.unwrap_or_default()),
            "--after-restore is given again, and this restored house was let go: the log aside tells of nothing since then \
             that the database does not know, so nothing is held. Leave the option out"
        );
        return Ok(());
    }
    let row = desk
        .begin_restore(config.aside_dir.clone(), Timestamp::now())
        .await
        .map_err(|error| Trouble::failed("the log aside cannot be held against the database", &error))?;
    for kind in Kind::ALL {
        let (known, _) = restores::count(store.reader(), *kind, None).await?;
        if 0 < known {
            tracing::warn!(lost.kind = kind.as_str(), lost.count = known, "newer than the backup");
        }
    }
    if 0 < row.unreadable {
        tracing::warn!(lines = row.unreadable, "lines of the log aside cannot be read");
    }
    tracing::warn!(
        restore.id = %row.id,
        lost_from = %open::instant(row.lost_from_at),
        "letters, webhooks and clocks are held: see GET /v1/restore, and POST /v1/restore/release to let them go"
    );
    Ok(())
}

/// Bring the schema of the database up to date
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  TOUCHSTONE_DATABASE_URL=postgres://touchstone@db/touchstone touchstone migrate")]
pub struct Migrate {
    /// Only say what is missing: status 1 if something is
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    settings: Args,
}

impl Migrate {
    pub fn run(self) -> Done {
        let config = open::config(&self.settings)?;
        block_on(async move {
            let store = open::store(&config).await?;
            let outcome = if self.check {
                let pending = store.pending_migrations().await?;
                pending.iter().for_each(|name| say(&format!("missing: {name}")));
                if pending.is_empty() { Outcome::Good } else { Outcome::Wanting }
            } else {
                let applied = open::migrated(&config, &store, true).await?;
                applied.iter().for_each(|name| say(&format!("applied: {name}")));
                Outcome::Good
            };
            if outcome == Outcome::Good {
                say(&format!("{} is up to date", config.database));
            }
            store.close().await?;
            Ok(outcome)
        })
    }
}

/// Print the description of the HTTP interface (OpenAPI 3.1)
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone openapi > openapi.json")]
pub struct Openapi {}

impl Openapi {
    pub fn run(self) -> Done {
        let text = http::openapi()
            .to_pretty_json()
            .map_err(|error| Trouble::failed("the description cannot be written", &error))?;
        // A reader that closed its end has read enough.
        let _ = writeln!(std::io::stdout(), "{text}");
        Ok(Outcome::Good)
    }
}
