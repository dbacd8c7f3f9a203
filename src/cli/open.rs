//! What commands share: settings, the store behind them, and the desk over it.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use touchstone::aside::Log;
use touchstone::config::{self, Args, Backend, Config};
use touchstone::desk::{Desk, Options};
use touchstone::store::{Limits, Store};

use super::Trouble;

/// The settings from flags, environment and file.
pub fn config(args: &Args) -> Result<Config, Trouble> {
    Ok(Config::load(args, |name| std::env::var_os(name))?)
}

/// How much of the database one process takes.
pub fn limits(config: &Config) -> Limits {
    // Each writer holds one connection, and keys and places need one besides.
    Limits { writers: u32::from(config.writers.get()) + 4, ..Limits::default() }
}

pub async fn store(config: &Config) -> Result<Store, Trouble> {
    Store::open(config.database.expose(), limits(config))
        .await
        .map_err(|error| Trouble::failed(&format!("the database {} cannot be opened", config.database), &error))
}

/// Keeps a second service off an SQLite database while the file it answers is open: what one has read, the other must not
/// change behind it. PostgreSQL locks the rows themselves. Whatever ends the process gives it free again.
pub fn alone(config: &Config) -> Result<Option<File>, Trouble> {
    let Some(database) = config.database.file() else { return Ok(None) };
    // Beside the database, since SQLite's own locks on it would go when this file was closed.
    let path = Path::new(&[database.as_os_str().to_owned(), OsString::from("-serving")].concat()).to_owned();
    let cannot = |error: &std::io::Error| Trouble::failed(&format!("{} cannot be locked", path.display()), error);
    let file = File::options().create(true).append(true).open(&path).map_err(|error| cannot(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Trouble::Usage(format!(
            "another touchstone serves {}: stop it first, or let both share a PostgreSQL (--database-url)",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(&error)),
    }
}

/// Brings the schema up to date where that was asked for, or where nobody else could have meant otherwise: the embedded
/// database is made when it is first used.
pub async fn migrated(config: &Config, store: &Store, asked: bool) -> Result<Vec<String>, Trouble> {
    let pending = store.pending_migrations().await?;
    if pending.is_empty() {
        return Ok(pending);
    }
    if !asked && !is_embedded(config) {
        return Err(Trouble::Usage(format!(
            "the database {} lacks {} of the schema: run touchstone migrate, or start with --migrate",
            config.database,
            pending.join(", ")
        )));
    }
    store
        .migrate()
        .await
        .map_err(|error| Trouble::failed(&format!("the database {} cannot be migrated", config.database), &error))?;
    Ok(pending)
}

/// Whether the database is the one in the data folder that nobody had to name.
fn is_embedded(config: &Config) -> bool {
    let own = config::DatabaseUrl::sqlite_file(&config.data_dir.join("touchstone.db"));
    config.database.backend() == Backend::Sqlite && config.database == own
}

pub fn desk(config: &Config, store: &Store) -> Result<Desk, Trouble> {
    let aside = Log::new(&config.aside_dir, config.aside_days);
    let options = Options {
        writers: config.writers.get(),
        public_url: config.public_url.clone(),
        earlier_keys: config.earlier_keys.clone(),
        gather: config.gather,
        aside: Some(Arc::new(aside)),
        ..Options::default()
    };
    Ok(Desk::open(store.clone(), &config.secrets, options)?)
}

/// A desk whose master key opens what lies in the database. With another one, everything with a name in it would fail
/// later, and what is sealed meanwhile would be lost to the right one.
pub async fn own_desk(config: &Config, store: &Store) -> Result<Desk, Trouble> {
    let desk = desk(config, store)?;
    if desk.has_its_master_key().await? {
        return Ok(desk);
    }
    desk.close().await;
    Err(Trouble::Usage(format!(
        "master_key is not the one that the database {} was made with: give that one in TOUCHSTONE_MASTER_KEY, or the \
         database that belongs to this one; nothing was changed",
        config.database
    )))
}

/// A store and a desk for one command's work; closed by [`close`].
pub async fn house(args: &Args) -> Result<(Store, Desk), Trouble> {
    let config = config(args)?;
    let store = store(&config).await?;
    migrated(&config, &store, false).await?;
    let desk = own_desk(&config, &store).await?;
    Ok((store, desk))
}

pub async fn close(store: Store, desk: Desk) -> Result<(), Trouble> {
    desk.close().await;
    drop(desk);
    Ok(store.close().await?)
}

/// Microseconds as they are shown in lists.
pub fn instant(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| format!("{at:.0}"))
}

pub fn optional_instant(micros: Option<i64>) -> String {
    micros.map_or_else(|| "-".to_owned(), instant)
}
