//! PostgreSQL, by its own programs: `pg_dump` and `psql` read one exported snapshot.
//!
//! The password goes to them in the environment, never on a command line, which every user of the machine can read.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use sea_orm::{ConnectionTrait, DbBackend, Statement, TryGetableMany};

use super::{Counted, Fault, LIMITS, Places, Watch, counted, file_fault, quotable, secrets};
use crate::store::Store;

pub(super) const DATA: &str = "data.dump";
pub(super) const ROWS: &str = "rows.sql";
pub(super) const KEYS: &str = "keys.sql";

/// An address that may stand on a command line, and the password that may not.
fn parted(url: &str) -> (String, Option<String>) {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = base.split_once("//").unwrap_or(("postgres:", base));
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (user, mut password) = match user.split_once(':') {
        Some((user, password)) => (user, Some(decoded(password))),
        None => (user, None),
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("password", value) => password = Some(decoded(value)),
            // Of our driver alone.
            ("statement-cache-capacity", _) => {}
            _ => kept.push(pair),
        }
    }
    let at = if user.is_empty() { "" } else { "@" };
    let mark = if kept.is_empty() { "" } else { "?" };
    (format!("{scheme}//{user}{at}{place}{mark}{}", kept.join("&")), password)
}

/// Percent-decoded, as far as it can be.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs a program of PostgreSQL and waits for it.
async fn program(url: &str, places: &Places, name: &'static str, args: Vec<String>) -> Result<(), Fault> {
    let (url, password) = parted(url);
    let path = places.programs.as_ref().map_or_else(|| name.into(), |folder| folder.join(name));
    let mut command = Command::new(path);
    command.args(args).arg("--dbname").arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let output = match ran {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            return Err(Fault::Refused(format!(
                "{name} is not there: install the client programs of PostgreSQL, or name their folder with --programs"
            )));
        }
        Ok(Err(source)) => return Err(Fault::File { what: format!("{name} cannot be run"), source }),
        Err(error) => return Err(Fault::Refused(format!("{name} was broken off: {error}"))),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(Fault::Refused(format!("{name} failed: {first}")))
}

/// A table with keys.
struct Keyed {
    table: String,
    key: Vec<String>,
    columns: Vec<String>,
    /// With whether each may be null.
    secrets: Vec<(&'static str, bool)>,
}

async fn rows<T: TryGetableMany>(conn: &impl ConnectionTrait, sql: String) -> Result<Vec<T>, Fault> {
    let rows = conn.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let read = |row| T::try_get_many_by_index(row).map_err(sea_orm::DbErr::from);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn schema_of(conn: &impl ConnectionTrait) -> Result<String, Fault> {
    let found: Vec<(Option<String>,)> = rows(conn, "SELECT current_schema()::text".to_owned()).await?;
    let schema = found.into_iter().find_map(|(schema,)| schema);
    schema.filter(|name| !name.contains(['"', '\''])).ok_or_else(|| {
        Fault::Refused("the database has no schema to work in: give one in the address, or create public".to_owned())
    })
}

async fn keyed(conn: &impl ConnectionTrait, schema: &str) -> Result<Vec<Keyed>, Fault> {
    let tables: Vec<(String,)> = rows(
        conn,
        format!(
            "SELECT table_name::text FROM information_schema.columns WHERE table_schema = '{schema}' \
             AND column_name = 'wrapped_key' ORDER BY table_name"
        ),
    )
    .await?;
    let mut found = Vec::new();
    for (table,) in tables {
        let columns: Vec<(String, String)> = rows(
            conn,
            format!(
                "SELECT column_name::text, is_nullable::text FROM information_schema.columns \
                 WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position"
            ),
        )
        .await?;
        let key: Vec<(String,)> = rows(
            conn,
            format!(
                "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
                 AND a.attnum = ANY(i.indkey) WHERE i.indisprimary AND i.indrelid = '\"{schema}\".\"{table}\"'::regclass"
            ),
        )
        .await?;
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let nullable = |name: &str| columns.iter().any(|(own, nullable)| own == name && nullable == "YES");
        let secrets: Vec<_> = secrets(&table, &names).into_iter().map(|name| (name, nullable(name))).collect();
        let columns = names.into_iter().filter(|name| !secrets.iter().any(|(own, _)| own == name)).collect();
        found.push(Keyed { key: key.into_iter().map(|(name,)| name).collect(), columns, secrets, table });
    }
    Ok(found)
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>, write: impl Fn(&str) -> String) -> String {
    names.into_iter().map(|name| write(name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

pub(super) async fn take(url: &str, places: &Places, watch: &mut dyn Watch) -> Result<Counted, Fault> {
    let store = Store::open(url, LIMITS).await?;
    let snapshot = store.snapshot().await?;
    let schema = schema_of(&*snapshot).await?;
    let counted = counted(&*snapshot, DbBackend::Postgres).await?;
    let tables = keyed(&*snapshot, &schema).await?;
    let exported: Vec<(String,)> = rows(&*snapshot, "SELECT pg_export_snapshot()::text".to_owned()).await?;
    let Some((id,)) = exported.into_iter().next() else {
        return Err(Fault::Refused("the database gives no snapshot: is this PostgreSQL?".to_owned()));
    };
    watch.step("copying");
    let mut args: Vec<String> =
        ["--format=custom", "--no-owner", "--no-privileges"].into_iter().map(str::to_owned).collect();
    args.push(format!("--schema=\"{schema}\""));
    args.push(format!("--snapshot={id}"));
    args.extend(tables.iter().map(|keyed| format!("--exclude-table-data=\"{schema}\".\"{}\"", keyed.table)));
    args.push(format!("--file={}", quotable(&places.out.join(DATA))?));
    program(url, places, "pg_dump", args).await?;
    watch.step("taking the keys out");
    let mut script = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\nSET TRANSACTION SNAPSHOT '{id}';\n\\o '{}'\n",
        quotable(&places.out.join(ROWS))?
    );
    for Keyed { table, columns, .. } in &tables {
        let columns = list(columns, quoted);
        script.push_str(&copy(&format!("rows_{table}"), &columns, &format!("FROM \"{schema}\".\"{table}\"")));
    }
    script.push_str(&format!("\\o '{}'\n", quotable(&places.keys.join(KEYS))?));
    for Keyed { table, key, secrets, .. } in &tables {
        let columns = list(key.iter().map(String::as_str).chain(secrets.iter().map(|(name, _)| *name)), quoted);
        let from = format!("FROM \"{schema}\".\"{table}\" WHERE wrapped_key IS NOT NULL AND wrapped_key <> ''::bytea");
        script.push_str(&copy(&format!("keys_{table}"), &columns, &from));
    }
    script.push_str("\\o\nCOMMIT;\n");
    run_script(url, places, &script).await?;
    // Until here the snapshot had to be held.
    drop(snapshot);
    store.close().await?;
    Ok(counted)
}

/// What writes rows, in the form in which they are read again into a table of this name.
fn copy(into: &str, columns: &str, from: &str) -> String {
    format!(
        "\\qecho 'COPY \"{into}\" ({columns}) FROM stdin;'\nCOPY (SELECT {columns} {from}) TO STDOUT;\n\\qecho '\\\\.'\n"
    )
}

async fn run_script(url: &str, places: &Places, script: &str) -> Result<(), Fault> {
    let path = places.scratch.join(format!("script-{}.sql", uuid::Uuid::new_v4()));
    std::fs::write(&path, script).map_err(file_fault("cannot be written", &path))?;
    let args = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"].into_iter().map(str::to_owned);
    let args = args.chain([format!("--file={}", quotable(&path)?)]).collect();
    let ran = program(url, places, "psql", args).await;
    std::fs::remove_file(&path).map_err(file_fault("cannot be removed", &path))?;
    ran
}

pub(super) async fn give_back(
    url: &str,
    places: &Places,
    keys: Option<&Path>,
    watch: &mut dyn Watch,
) -> Result<Counted, Fault> {
    let store = Store::open(url, LIMITS).await.map_err(|error| {
        let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Fault::Refused(format!("a backup is brought back into an empty database, made with createdb beforehand: {why}"))
    })?;
    let schema = schema_of(store.reader()).await?;
    let there: Vec<(i64,)> =
        rows(store.reader(), format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{schema}'"))
            .await?;
    if there.iter().any(|(tables,)| 0 < *tables) {
        return Err(Fault::Refused(format!(
            "the schema {schema} is not empty: a backup is never brought back over a database. Name an empty one"
        )));
    }
    watch.step("copying");
    let mut args: Vec<String> =
        ["--no-owner", "--no-privileges", "--exit-on-error"].into_iter().map(str::to_owned).collect();
    args.push(format!("--schema={schema}"));
    args.push(quotable(&places.out.join(DATA))?.to_owned());
    program(url, places, "pg_restore", args).await?;
    watch.step("putting the keys back");
    let tables = keyed(store.reader(), &schema).await?;
    let mut script = "BEGIN;\n".to_owned();
    for Keyed { table, key, columns, secrets } in &tables {
        let keys = list(key.iter().map(String::as_str).chain(secrets.iter().map(|(name, _)| *name)), quoted);
        for (prefix, columns) in [("rows", list(columns, quoted)), ("keys", keys)] {
            script.push_str(&format!(
                "CREATE TEMPORARY TABLE \"{prefix}_{table}\" AS SELECT {columns} FROM \"{schema}\".\"{table}\" WITH NO DATA;\n"
            ));
        }
    }
    script.push_str(&format!("\\i '{}'\n", quotable(&places.out.join(ROWS))?));
    if let Some(keys) = keys {
        script.push_str(&format!("\\i '{}'\n", quotable(keys)?));
    }
    for Keyed { table, key, columns, secrets } in &tables {
        let into = list(columns.iter().map(String::as_str).chain(secrets.iter().map(|(name, _)| *name)), quoted);
        let own = list(columns, |name| format!("r.\"{name}\""));
        let put = list(
            secrets.iter().map(|(name, nullable)| match nullable {
                true => format!("k.\"{name}\""),
                false => format!("COALESCE(k.\"{name}\", ''::bytea)"),
            }),
            str::to_owned,
        );
        let by = list(key, quoted);
        script.push_str(&format!(
            "ANALYZE \"keys_{table}\"; INSERT INTO \"{schema}\".\"{table}\" ({into}) SELECT {own}, {put} FROM \"rows_{table}\" r \
             LEFT JOIN \"keys_{table}\" k USING ({by});\n"
        ));
    }
    script.push_str("COMMIT;\nANALYZE;\n");
    run_script(url, places, &script).await?;
    let counted = counted(store.reader(), DbBackend::Postgres).await?;
    store.close().await?;
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_on_a_command_line() {
        let check = |url: &str, expected: (&str, Option<&str>)| {
            let (shown, password) = parted(url);
            assert_eq!((shown.as_str(), password.as_deref()), expected);
        };
        check("postgres://db/touchstone", ("postgres://db/touchstone", None));
        check("postgres://u:p%40ss@db:5432/t", ("postgres://u@db:5432/t", Some("p@ss")));
        check("postgresql://u@db/t?sslmode=require", ("postgresql://u@db/t?sslmode=require", None));
        check("postgres://u@db/t?password=a%2Fb&sslmode=require", ("postgres://u@db/t?sslmode=require", Some("a/b")));
        check("postgres://u@db/t?statement-cache-capacity=5", ("postgres://u@db/t", None));
        check("postgres://u:50%@db/t", ("postgres://u@db/t", Some("50%")));
    }
}
