//! The embedded database, by its own means: `VACUUM INTO` reads one state of it while it is written to.

use std::fs;
use std::path::Path;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Counted, Fault, LIMITS, Places, Watch, counted, file_fault, quotable, secrets};
use crate::store::open::sqlite_pool;

pub(super) const DATA: &str = "data.db";
pub(super) const KEYS: &str = "keys.db";

/// A connection of its own to a file that is there, with the settings that the file has.
async fn open(path: &Path) -> Result<DatabaseConnection, Fault> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        // What is attached is opened by the same right, and a file of keys has to be made.
        .create_if_missing(true)
        .busy_timeout(LIMITS.patience)
        // What is taken out of a copy must not stay in its free pages.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    Ok(sqlite_pool(options, 1, LIMITS).await?)
}

async fn run(conn: &DatabaseConnection, sql: &str) -> Result<(), Fault> {
    conn.execute_unprepared(sql).await?;
    Ok(())
}

/// A table with keys: its own key, what is taken out, and whether each of that may be null.
struct Keyed {
    table: String,
    key: Vec<String>,
    secrets: Vec<(&'static str, bool)>,
}

async fn rows<T: sea_orm::TryGetableMany>(conn: &DatabaseConnection, sql: String) -> Result<Vec<T>, Fault> {
    let rows = conn.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    let read = |row| T::try_get_many_by_index(row).map_err(sea_orm::DbErr::from);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn keyed(conn: &DatabaseConnection) -> Result<Vec<Keyed>, Fault> {
    let tables: Vec<(String,)> = rows(
        conn,
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'wrapped_key' \
         WHERE m.type = 'table' ORDER BY m.name"
            .to_owned(),
    )
    .await?;
    let mut found = Vec::new();
    for (table,) in tables {
        // Its place in the key, from 1; and whether it may not be null.
        let columns: Vec<(String, i64, i64)> =
            rows(conn, format!("SELECT name, pk, \"notnull\" FROM pragma_table_info('{table}')")).await?;
        let mut key: Vec<_> = columns.iter().filter(|(_, place, _)| 0 < *place).collect();
        key.sort_by_key(|(_, place, _)| *place);
        let names: Vec<String> = columns.iter().map(|(name, _, _)| name.clone()).collect();
        let nullable = |name: &str| columns.iter().any(|(own, _, not_null)| own == name && *not_null == 0);
        let secrets = secrets(&table, &names).into_iter().map(|name| (name, nullable(name))).collect();
        found.push(Keyed { key: key.into_iter().map(|(name, _, _)| name.clone()).collect(), secrets, table });
    }
    Ok(found)
}

/// Sets the walls of a copy aside, and answers what raises them again: what is never changed is not, its keys are only
/// kept elsewhere.
async fn lower_walls(conn: &DatabaseConnection) -> Result<Vec<String>, Fault> {
    let walls: Vec<(String, String)> =
        rows(conn, "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' ORDER BY rowid".to_owned()).await?;
    for (name, _) in &walls {
        run(conn, &format!("DROP TRIGGER main.\"{name}\"")).await?;
    }
    Ok(walls.into_iter().map(|(_, sql)| sql).collect())
}

async fn raise_walls(conn: &DatabaseConnection, walls: Vec<String>) -> Result<(), Fault> {
    for wall in walls {
        run(conn, &wall).await?;
    }
    Ok(())
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>, between: &str, write: impl Fn(&str) -> String) -> String {
    names.into_iter().map(|name| write(name.as_ref())).collect::<Vec<_>>().join(between)
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Removes a file that may be there.
fn remove(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_fault("cannot be removed", path)(error)),
        _ => Ok(()),
    }
}

pub(super) async fn take(path: &str, places: &Places, watch: &mut dyn Watch) -> Result<Counted, Fault> {
    let source = Path::new(path);
    if !source.exists() {
        return Err(Fault::Refused(format!("there is no database at {path}: nothing is there to be saved")));
    }
    let (data, keys) = (places.out.join(DATA), places.keys.join(KEYS));
    let scratch = places.scratch.join(format!("backup-{}.db", uuid::Uuid::new_v4()));
    for left in [&data, &keys] {
        // Of a backup that broke off.
        remove(left)?;
    }
    watch.step("copying");
    let taken = part(source, &scratch, &data, &keys, watch).await;
    // With its keys it stays no longer than it must, whatever became of it.
    remove(&scratch)?;
    taken
}

async fn part(
    source: &Path,
    scratch: &Path,
    data: &Path,
    keys: &Path,
    watch: &mut dyn Watch,
) -> Result<Counted, Fault> {
    let conn = open(source).await?;
    let copied = run(&conn, &format!("VACUUM INTO '{}'", quotable(scratch)?)).await;
    conn.close().await?;
    copied?;
    watch.step("taking the keys out");
    let conn = open(scratch).await?;
    let parted = take_keys_out(&conn, data, keys, watch).await;
    conn.close().await?;
    parted
}

async fn take_keys_out(
    conn: &DatabaseConnection,
    data: &Path,
    keys: &Path,
    watch: &mut dyn Watch,
) -> Result<Counted, Fault> {
    let counted = counted(conn, DbBackend::Sqlite).await?;
    let walls = lower_walls(conn).await?;
    run(conn, &format!("ATTACH '{}' AS apart", quotable(keys)?)).await?;
    for Keyed { table, key, secrets } in keyed(conn).await? {
        let columns = list(key.iter().map(String::as_str).chain(secrets.iter().map(|(name, _)| *name)), ", ", quoted);
        let empty = list(
            secrets.iter().map(|(name, nullable)| format!("\"{name}\" = {}", if *nullable { "NULL" } else { "x''" })),
            ", ",
            str::to_owned,
        );
        run(
            conn,
            &format!(
                "BEGIN; CREATE TABLE apart.\"{table}\" AS SELECT {columns} FROM main.\"{table}\" \
                 WHERE wrapped_key IS NOT NULL AND wrapped_key <> x''; \
                 UPDATE main.\"{table}\" SET {empty}; COMMIT;"
            ),
        )
        .await?;
    }
    run(conn, "DETACH apart").await?;
    raise_walls(conn, walls).await?;
    watch.step("writing the data");
    run(conn, &format!("VACUUM INTO '{}'", quotable(data)?)).await?;
    Ok(counted)
}

pub(super) async fn give_back(
    path: &str,
    places: &Places,
    keys: Option<&Path>,
    watch: &mut dyn Watch,
) -> Result<Counted, Fault> {
    let target = Path::new(path);
    for ending in ["", "-wal", "-shm", "-journal"] {
        let there = Path::new(&format!("{path}{ending}")).to_owned();
        if there.exists() {
            return Err(Fault::Refused(format!(
                "{} is there: a backup is never brought back over a database. Move it away, with its -wal and -shm, or \
                 name another database",
                there.display()
            )));
        }
    }
    if let Some(folder) = target.parent() {
        super::make_folder(folder)?;
    }
    let begun = Path::new(&format!("{path}.restoring")).to_owned();
    remove(&begun)?;
    watch.step("copying");
    fs::copy(places.out.join(DATA), &begun).map_err(file_fault("cannot be written", &begun))?;
    let conn = open(&begun).await?;
    let put = put_keys_back(&conn, keys, watch).await;
    conn.close().await?;
    let counted = put?;
    fs::File::open(&begun).and_then(|file| file.sync_all()).map_err(file_fault("cannot be written", &begun))?;
    fs::rename(&begun, target).map_err(file_fault("cannot be written", target))?;
    Ok(counted)
}

async fn put_keys_back(
    conn: &DatabaseConnection,
    keys: Option<&Path>,
    watch: &mut dyn Watch,
) -> Result<Counted, Fault> {
    if let Some(keys) = keys {
        if !keys.exists() {
            return Err(Fault::Refused(format!("there is no file of keys at {}: name the newest", keys.display())));
        }
        watch.step("putting the keys back");
        let walls = lower_walls(conn).await?;
        run(conn, &format!("ATTACH '{}' AS apart", quotable(keys)?)).await?;
        let known: Vec<(String,)> =
            rows(conn, "SELECT name FROM apart.sqlite_master WHERE type = 'table'".to_owned()).await?;
        for Keyed { table, key, secrets } in keyed(conn).await? {
            if !known.iter().any(|(own,)| *own == table) {
                return Err(Fault::Refused(format!("the file of keys is none of such a database: it lacks {table}")));
            }
            let put = list(secrets.iter().map(|(name, _)| name), ", ", |name| format!("\"{name}\" = k.\"{name}\""));
            let same = list(&key, " AND ", |name| format!("k.\"{name}\" = \"{table}\".\"{name}\""));
            run(conn, &format!("UPDATE main.\"{table}\" SET {put} FROM apart.\"{table}\" AS k WHERE {same}")).await?;
        }
        run(conn, "DETACH apart").await?;
        raise_walls(conn, walls).await?;
    }
    counted(conn, DbBackend::Sqlite).await
}
