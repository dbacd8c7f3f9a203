//! A database of its own for each test, on either backend, and the stock client to look at it with.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DbErr};
use tempfile::TempDir;
use touchstone::store::{Backend, Limits, Store};
use uuid::Uuid;

use crate::dying::Deaths;

/// Writes one test for both databases: `name::on_sqlite` and `name::on_postgres`.
macro_rules! both {
    ($name:ident, |$db:ident| async move $body:block) => {
        pub mod $name {
            #[allow(unused_imports)] // Not every body needs what stands around it.
            use super::*;

            #[tokio::test]
            async fn on_sqlite() {
                body(&$crate::support::TestDatabase::sqlite()).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                body(&$crate::support::TestDatabase::postgres()).await;
            }

            pub async fn body($db: &$crate::support::TestDatabase) $body
        }
    };
}

/// An empty database that is gone when this is dropped, whether the test passed or not.
pub struct TestDatabase {
    url: String,
    place: Place,
    deaths: Option<Arc<Deaths>>,
}

enum Place {
    File(TempDir),
    Schema { server: String, name: String },
}

/// The seed of every draw in the tests: of the orders that they name most, none is drawn, and `KS-drawn` is.
pub const SEED: &str = "000000000000000000000000000000000000000000000000000000000000034f";

/// Commits the same seed for the days around one, long before them, so that a draw is the same on every day.
pub async fn commit_known_seeds(store: &Store, secrets: &touchstone::vault::Secrets, around: jiff::Timestamp) {
    let vault = touchstone::vault::Vault::new(secrets);
    let day = |days: i64| {
        let at = around.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("a day near today");
        touchstone::desk::lots::day_of(at).to_string()
    };
    let row = |days| touchstone::desk::lots::row(&vault, &day(days), SEED, jiff::Timestamp::UNIX_EPOCH);
    let txn = store.begin().await.expect("a transaction");
    touchstone::store::looks::keep_lots(&*txn, (-3..=10).map(row).collect()).await.expect("seeds can be committed");
    txn.commit().await.expect("a commit");
}

/// What the stock client said.
pub struct Said {
    pub accepted: bool,
    pub text: String,
}

impl TestDatabase {
    pub fn sqlite() -> TestDatabase {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let url = format!("sqlite://{}", directory.path().join("touchstone.db").display());
        TestDatabase { url, place: Place::File(directory), deaths: None }
    }

    pub fn postgres() -> TestDatabase {
        let server = env::var("TOUCHSTONE_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("TOUCHSTONE_TEST_POSTGRES is not set: run ./scripts/test, which starts a PostgreSQL for the tests")
        });
        let name = format!("test_{}", Uuid::new_v4().simple());
        administer(&server, &format!("CREATE SCHEMA {name}")).expect("the schema of the test can be made");
        let parameter = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{parameter}options=-c%20search_path%3D{name}&application_name={name}");
        TestDatabase { url, place: Place::Schema { server, name }, deaths: None }
    }

    /// The same, where the machine dies in the middle of requests: see [`crate::dying`].
    pub fn dying(mut self, deaths: &Arc<Deaths>) -> TestDatabase {
        self.deaths = Some(deaths.clone());
        self
    }

    pub fn deaths(&self) -> Option<&Arc<Deaths>> {
        self.deaths.as_ref()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything in it is gone, as if its disk were. Whoever had it open has closed it before.
    pub fn lose(&self) {
        match &self.place {
            Place::File(directory) => {
                for file in std::fs::read_dir(directory.path()).expect("the folder of the test can be read") {
                    std::fs::remove_file(file.expect("a file of the test").path()).expect("a file can be removed");
                }
            }
            Place::Schema { server, name } => {
                administer(server, &format!("DROP SCHEMA {name} CASCADE; CREATE SCHEMA {name}"))
                    .expect("the schema of the test can be made anew");
            }
        }
    }

    pub fn backend(&self) -> Backend {
        match self.place {
            Place::File(_) => Backend::Sqlite,
            Place::Schema { .. } => Backend::Postgres,
        }
    }

    /// Opens it as it is. Only a test that is about impatience may fail because the machine stood still for a while.
    pub async fn open(&self) -> Store {
        let limits = Limits { patience: Duration::from_secs(120), ..Limits::default() };
        Store::open(&self.url, limits).await.expect("the database of the test opens")
    }

    /// Opens it with the schema of the migrations.
    pub async fn migrated(&self) -> Store {
        let store = self.open().await;
        store.migrate().await.expect("the database of the test can be migrated");
        store
    }

    /// A SQLite database that holds what this one holds now.
    pub fn copy(&self) -> TestDatabase {
        let copy = TestDatabase::sqlite();
        let Place::File(directory) = &copy.place else { panic!("only a file is copied") };
        let said = self.client(&format!("VACUUM INTO '{}'", file(directory).display()));
        assert!(said.accepted, "{}", said.text);
        copy
    }

    /// Runs SQL in the client that comes with the database, with the settings that it has by itself.
    pub fn client(&self, sql: &str) -> Said {
        let output = match &self.place {
            Place::File(directory) => {
                run(Command::new("sqlite3").arg("-batch").arg("-bail").arg(file(directory)).arg(sql))
            }
            Place::Schema { .. } => run(Command::new("psql")
                .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command"])
                .arg(sql)
                .arg(&self.url)),
        };
        let text = [output.stdout, output.stderr].concat();
        Said { accepted: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// A UUID as a literal of this database.
    pub fn uuid(&self, id: u128) -> String {
        let id = Uuid::from_u128(id);
        match self.place {
            Place::File(_) => format!("x'{}'", id.simple()),
            Place::Schema { .. } => format!("'{id}'"),
        }
    }

    /// Bytes as a literal of this database.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        let digits = hex::encode(bytes);
        match self.place {
            Place::File(_) => format!("x'{digits}'"),
            Place::Schema { .. } => format!("'\\x{digits}'"),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // The file goes with its directory.
        if let Place::Schema { server, name } = &self.place {
            // A transaction that the test left open would hold its locks for as long as the test's runtime stands still.
            let dropped = administer(
                server,
                &format!(
                    "SET lock_timeout = '10s'; \
                     SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '{name}'; \
                     DROP SCHEMA {name} CASCADE"
                ),
            );
            if let Err(error) = dropped
                && !thread::panicking()
            {
                panic!("the schema {name} of the test could not be dropped: {error}");
            }
        }
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("touchstone.db")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{:?} cannot be run: {error}", command.get_program()))
}

/// Runs a statement on a connection of its own, on a thread of its own, since a drop cannot await.
fn administer(server: &str, sql: &str) -> Result<(), DbErr> {
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                let connection = Database::connect(server).await?;
                connection.execute_unprepared(sql).await?;
                connection.close().await
            })
        });
        work.join().expect("the thread ends by itself")
    })
}
