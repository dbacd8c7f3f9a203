//! A copy of the whole database that is taken while it works, with what opens people's data apart from the rest; and the
//! way back.
//!
//! Every table whose rows have a wrapped key gives it up to the file of keys, and a person also the platform's name for
//! them. The data alone opens nobody; the file of keys alone says nothing. Keys are put back by the keys of their rows,
//! so that a newer file of keys serves older data: whoever was erased since is in the data and has no key.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Backend, Error, Limits, Store, restores};
use crate::folder;

mod postgres;
mod sqlite;

/// The form of a backup.
const FORMAT: u32 = 1;

/// Nobody waits for an answer: it may take its time, however busy the machine is.
const LIMITS: Limits = Limits { readers: 1, writers: 1, patience: Duration::from_secs(120) };

/// What tells that a backup is whole: it is written last.
const MANIFEST: &str = "manifest.json";

/// What a backup consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Just before the copy was begun; what happened later is not in it. In microseconds since the Unix epoch.
    pub made_at: i64,
    /// The newest part of the schema.
    pub schema: String,
    /// Journals in it.
    pub heads: u64,
    pub files: Vec<Part>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// Whether it holds the keys: it is kept apart.
    pub keys: bool,
}

/// Why a backup was not made, or not brought back.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Refused(String),
    #[error("{what}: {source}")]
    File {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("the database did not do as it was asked")]
    Store(#[from] Error),
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Fault::Store(error.into())
    }
}

fn file_fault(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Fault {
    let what = format!("{} {what}", path.display());
    move |source| Fault::File { what, source }
}

/// Somebody who looks on.
pub trait Watch: Send {
    /// What begins now.
    fn step(&mut self, what: &'static str);
}

impl Watch for () {
    fn step(&mut self, _: &'static str) {}
}

/// Where a backup goes to, or comes from.
#[derive(Clone, Debug)]
pub struct Places {
    /// For data and manifest.
    pub out: PathBuf,
    /// For the file of keys; the same folder, or another.
    pub keys: PathBuf,
    /// For what is in between: a copy with its keys, which must not leave the machine.
    pub scratch: PathBuf,
    /// Where the programs of PostgreSQL are; without it they are looked for as usual.
    pub programs: Option<PathBuf>,
}

/// What is counted of a copy.
struct Counted {
    heads: u64,
    schema: String,
}

const HEADS: &str =
    "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM pieces) + (SELECT count(*) FROM cases)";
const SCHEMA: &str = "SELECT max(version) FROM seaql_migrations";

async fn counted(conn: &impl ConnectionTrait, backend: DbBackend) -> Result<Counted, Fault> {
    let one = |sql: &str| Statement::from_string(backend, sql);
    let absent = || Fault::Refused("the database holds nothing: run touchstone migrate first".to_owned());
    let heads: i64 = conn.query_one_raw(one(HEADS)).await?.ok_or_else(absent)?.try_get_by_index(0)?;
    let schema: Option<String> = conn.query_one_raw(one(SCHEMA)).await?.ok_or_else(absent)?.try_get_by_index(0)?;
    Ok(Counted { heads: u64::try_from(heads).unwrap_or_default(), schema: schema.ok_or_else(absent)? })
}

/// Copies a database while it works.
///
/// # Errors
///
/// Where the folder holds a backup already, something cannot be written, or a program is missing. There is no manifest
/// then: what was written is no backup.
pub async fn take(url: &str, places: &Places, made_at: i64, watch: &mut dyn Watch) -> Result<Manifest, Fault> {
    let manifest = places.out.join(MANIFEST);
    if manifest.exists() {
        let shown = places.out.display();
        return Err(Fault::Refused(format!("{shown} holds a backup already: name another folder, or remove it")));
    }
    for folder in [&places.out, &places.keys, &places.scratch] {
        make_folder(folder)?;
    }
    let (database, counted, files) = match url.strip_prefix("sqlite://") {
        Some(path) => {
            let counted = sqlite::take(path, places, watch).await?;
            ("sqlite", counted, vec![(sqlite::DATA, false), (sqlite::KEYS, true)])
        }
        None => {
            let counted = postgres::take(url, places, watch).await?;
            let files = vec![(postgres::DATA, false), (postgres::ROWS, false), (postgres::KEYS, true)];
            ("postgres", counted, files)
        }
    };
    watch.step("hashing");
    let mut parts = Vec::new();
    for (name, keys) in files {
        let folder = if keys { &places.keys } else { &places.out };
        keep_to_ourselves(&folder.join(name))?;
        let (bytes, sha256) = digest(&folder.join(name))?;
        parts.push(Part { name: name.to_owned(), bytes, sha256, keys });
    }
    let whole = Manifest {
        format: FORMAT,
        database: database.to_owned(),
        made_at,
        schema: counted.schema,
        heads: counted.heads,
        files: parts,
    };
    let text =
        serde_json::to_vec_pretty(&whole).map_err(|error| file_fault("cannot be written", &manifest)(error.into()))?;
    write_whole(&manifest, &text)?;
    Ok(whole)
}

/// A folder may be copied without its permissions; a file of keys must not be anybody's to read even then.
fn keep_to_ourselves(path: &Path) -> Result<(), Fault> {
    #[cfg(unix)]
    {
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(path, own).map_err(file_fault("cannot be kept from others", path))?;
    }
    Ok(())
}

/// Brings a backup back into an empty database, which is held from then on until a supervisor lets it go. Without a file
/// of keys nobody's data can be opened any more.
///
/// # Errors
///
/// Where there is no whole backup, a file is not what was written, or the database is not empty.
pub async fn give_back(
    url: &str,
    places: &Places,
    keys: Option<&Path>,
    now: i64,
    watch: &mut dyn Watch,
) -> Result<Manifest, Fault> {
    let manifest = read_manifest(&places.out)?;
    let is_sqlite = url.starts_with("sqlite://");
    if is_sqlite != (manifest.database == "sqlite") {
        let own = manifest.database;
        return Err(Fault::Refused(format!("this is a backup of {own}: give --database-url of one that is {own} too")));
    }
    watch.step("checking");
    for part in manifest.files.iter().filter(|part| !part.keys) {
        let path = places.out.join(&part.name);
        if digest(&path)? != (part.bytes, part.sha256.clone()) {
            return Err(Fault::Refused(format!(
                "{} is not what the manifest says: take another backup",
                path.display()
            )));
        }
    }
    let heads = match url.strip_prefix("sqlite://") {
        Some(path) => sqlite::give_back(path, places, keys, watch).await?.heads,
        None => postgres::give_back(url, places, keys, watch).await?.heads,
    };
    if heads != manifest.heads {
        let expected = manifest.heads;
        return Err(Fault::Refused(format!(
            "{heads} journals came back, and {expected} were saved: take another backup"
        )));
    }
    watch.step("bringing the schema up to date");
    let store = Store::open(url, LIMITS).await?;
    store.migrate().await?;
    restores::hold(&store, Some(manifest.made_at), now).await?;
    store.close().await?;
    Ok(manifest)
}

/// The manifest of a backup.
///
/// # Errors
///
/// Where there is none: then there is no backup.
pub fn read_manifest(folder: &Path) -> Result<Manifest, Fault> {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let shown = folder.display();
            Fault::Refused(format!("{shown} holds no whole backup, for it has no {MANIFEST}: name another folder"))
        }
        _ => file_fault("cannot be read", &path)(error),
    })?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| Fault::Refused(format!("{} is no manifest of a backup: {error}", path.display())))?;
    if manifest.format != FORMAT {
        let format = manifest.format;
        return Err(Fault::Refused(format!(
            "the backup has form {format}: bring it back with the release that made it"
        )));
    }
    Ok(manifest)
}

/// Where the file of keys of a backup is looked for, if none is named.
pub fn keys_of(manifest: &Manifest, folder: &Path) -> Option<PathBuf> {
    manifest.files.iter().find(|part| part.keys).map(|part| folder.join(&part.name))
}

/// Whether this is the very file of keys that was written with a backup, and no newer one.
///
/// # Errors
///
/// Where it cannot be read.
pub fn are_own_keys(manifest: &Manifest, path: &Path) -> Result<bool, Fault> {
    let (bytes, sha256) = digest(path)?;
    Ok(manifest.files.iter().any(|part| part.keys && (part.bytes, &part.sha256) == (bytes, &sha256)))
}

/// Columns that open somebody's data, of a table that has them.
fn secrets(table: &str, columns: &[String]) -> Vec<&'static str> {
    let mut own = Vec::new();
    if columns.iter().any(|column| column == "wrapped_key") {
        own.push("wrapped_key");
    }
    // What the platform calls a person is gone with an erasure too.
    if table == "people" && columns.iter().any(|column| column == "ref") {
        own.push("ref");
    }
    own
}

fn make_folder(path: &Path) -> Result<(), Fault> {
    folder::make(path).map_err(file_fault("cannot be made", path))
}

/// Length and SHA-256 of a file that is on the disk when this returns.
fn digest(path: &Path) -> Result<(u64, String), Fault> {
    let fault = || file_fault("cannot be read", path);
    let mut file = File::open(path).map_err(fault())?;
    file.sync_all().map_err(fault())?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(fault())?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// Writes a file that is there as a whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let fault = || file_fault("cannot be written", path);
    let begun = path.with_extension("begun");
    let mut file = File::create(&begun).map_err(fault())?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault())?;
    fs::rename(&begun, path).map_err(fault())?;
    match path.parent() {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault()),
        None => Ok(()),
    }
}

/// A path that can stand between quotes in SQL and in a script of psql.
fn quotable(path: &Path) -> Result<&str, Fault> {
    path.to_str().filter(|text| !text.contains(['\'', '\\', '\n'])).ok_or_else(|| {
        Fault::Refused(format!(
            "{} has a quote or a backslash in its path, or is not UTF-8: name another",
            path.display()
        ))
    })
}

impl Manifest {
    /// Which database it is a backup of.
    pub fn backend(&self) -> Backend {
        if self.database == "sqlite" { Backend::Sqlite } else { Backend::Postgres }
    }
}
