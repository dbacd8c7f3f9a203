//! The service itself: start it, migrate its database, describe it.

use std::io::Write as _;
use std::sync::Arc;

use touchstone::audit::upkeep;
use touchstone::clock::Clock;
use touchstone::clockwork;
use touchstone::config::Args;
use touchstone::courier::endpoint::{Caller, Times};
use touchstone::courier::{self, ByMail, Courier};
use touchstone::demo::Outcome;
use touchstone::demo::house::{keep_up, listen};
use touchstone::http::{self, App, Settings};
use touchstone::telemetry::{self, Metrics};

use super::{Done, Trouble, block_on, open, say, told_to_stop};

/// Serve until told to stop; on SIGINT and SIGTERM finish what is in flight
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone serve --data-dir /var/lib/touchstone
  TOUCHSTONE_DATABASE_URL=postgres://touchstone@db/touchstone touchstone serve --migrate")]
pub struct Serve {
    /// Bring the schema up to date first
    #[arg(long)]
    migrate: bool,
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
            let store = open::store(&config).await?;
            let applied = open::migrated(&config, &store, self.migrate).await?;
            if !applied.is_empty() {
                tracing::info!(migrations = applied.len(), "the schema was brought up to date");
            }
            let desk = open::desk(&config, &store)?;
            let clock = Clock::system();
            let unread = desk
                .catch_up_on_speech(clock.now())
                .await
                .map_err(|error| Trouble::failed("the ledgers that wait for speech cannot be read", &error))?;
            if 0 < unread {
                tracing::info!(ledgers = unread, "transcripts that a stop left unread are read");
            }
            let parked = desk
                .catch_up_on_carriers(clock.now())
                .await
                .map_err(|error| Trouble::failed("the parked words of carriers cannot be heard", &error))?;
            if 0 < parked {
                tracing::info!(pieces = parked, "words of carriers that a stop left parked are heard");
            }
            let metrics = Metrics::install().map_err(|error| Trouble::failed("nothing can be measured", &error))?;
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
            tracing::info!(address = %address, database = %config.database, "listening");
            http::serve(listener, app, told_to_stop())
                .await
                .map_err(|error| Trouble::failed("the service stopped with a fault", &error))?;
            measuring.abort();
            sweeping.abort();
            drop(stop_clocks);
            let _ = clocks.await;
            courier.stop().await;
            drop(stop_roots);
            let _ = roots.await;
            open::close(store, desk).await?;
            tracing::info!("stopped; everything in flight was finished");
            Ok(Outcome::Good)
        })
    }
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
