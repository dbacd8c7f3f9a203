//! Settings from flags, environment and a file, in this order of precedence; secrets wrapped; validated whole.
//!
//! A service that starts with half of its settings fails later and worse. So everything is read first, every problem is
//! told at once, each in a sentence that says how to mend it, and nothing is started before there is none left.
//!
//! The two secrets and the database's URL can be given by environment or file. There is no flag for the secrets: what
//! stands on a command line is shown to every user of the machine.

use std::{
    ffi::OsString,
    fmt, fs,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU16, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use tracing_subscriber::EnvFilter;

use self::mail::{MailArgs, MailFile};
use crate::{
    capsule::keys::KeySet,
    courier::address::Allowed,
    folder,
    mail::settings::MailSettings,
    telemetry::LogFormat,
    vault::{SecretFault, Secrets, parse_secret},
};

mod mail;

const DEFAULT_LISTEN: &str = "127.0.0.1:8420";
const DEFAULT_LOG: &str = "info";
const DEFAULT_WRITERS: NonZeroU16 = NonZeroU16::new(2).expect("two is not zero");
const LARGEST_WRITERS: u16 = 64;
/// Room for the largest photo and the form around it.
const DEFAULT_MAX_BODY_BYTES: usize = 21 * 1024 * 1024;
const SMALLEST_MAX_BODY_BYTES: u64 = 64 * 1024;
const LARGEST_MAX_BODY_BYTES: u64 = 256 * 1024 * 1024;
const DEFAULT_REQUEST_TIMEOUT_SECONDS: u64 = 30;
const LARGEST_REQUEST_TIMEOUT_SECONDS: u64 = 600;
const DEFAULT_GATHER_SECONDS: u64 = 600;
const LARGEST_GATHER_SECONDS: u64 = 3_600;
const DEFAULT_LEASE_SECONDS: u64 = 180;
const LARGEST_LEASE_SECONDS: u64 = 3_600;
const DEFAULT_ASIDE_DAYS: u64 = 90;
const LARGEST_ASIDE_DAYS: u64 = 3_660;

/// The flags that any command takes which needs settings. All are texts, so that what is wrong with them is told together
/// with all else.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings (flags before environment before file)")]
pub struct Args {
    /// Settings file in TOML, with the names of these flags in snake_case [env: TOUCHSTONE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory for photos and, without a database URL, for the database [env: TOUCHSTONE_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// sqlite://… or postgres://…; by default touchstone.db in the data directory [env: TOUCHSTONE_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Directory for what a restored database could not know: who was erased, what was signed, who was told. Best on
    /// another disk [env: TOUCHSTONE_ASIDE] [default: aside in the data directory]
    #[arg(long, value_name = "DIR")]
    pub aside_dir: Option<PathBuf>,
    /// How long that is kept; longer than any backup is used [env: TOUCHSTONE_ASIDE_DAYS] [default: 90]
    #[arg(long, value_name = "DAYS")]
    pub aside_days: Option<String>,
    /// s3://bucket/folder for the photos; by default the data directory. Keys, region and endpoint are those of the
    /// AWS_… variables [env: TOUCHSTONE_PHOTOS_URL]
    #[arg(long, value_name = "URL")]
    pub photos_url: Option<String>,
    /// Address and port to listen on [env: TOUCHSTONE_LISTEN] [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// What buyers' links begin with [env: TOUCHSTONE_PUBLIC_URL] [default: http:// and the address listened on]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Public keys that signed here before (a JSON Web Key Set) [env: TOUCHSTONE_EARLIER_KEYS]
    #[arg(long, value_name = "FILE")]
    pub earlier_keys: Option<PathBuf>,
    /// Networks of your own that webhooks may be posted to, also without TLS, such as 10.7.0.0/16,127.0.0.1
    /// [env: TOUCHSTONE_WEBHOOK_NETWORKS] [default: none]
    #[arg(long, value_name = "NETWORKS")]
    pub webhook_networks: Option<String>,
    /// How long a letter waits for others to the same recipient of the same order [env: TOUCHSTONE_GATHER_SECONDS]
    /// [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub gather_seconds: Option<String>,
    /// After how long what a courier had in hand when it died is another's [env: TOUCHSTONE_LEASE_SECONDS]
    /// [default: 180]
    #[arg(long, value_name = "SECONDS")]
    pub lease_seconds: Option<String>,
    /// Log filter, such as info or touchstone=debug,warn [env: TOUCHSTONE_LOG] [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// text or json [env: TOUCHSTONE_LOG_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// How many transactions write at once, PostgreSQL only [env: TOUCHSTONE_WRITERS] [default: 2]
    #[arg(long, value_name = "N")]
    pub writers: Option<String>,
    /// The largest request body [env: TOUCHSTONE_MAX_BODY_BYTES] [default: 22020096]
    #[arg(long, value_name = "BYTES")]
    pub max_body_bytes: Option<String>,
    /// When a request is given up [env: TOUCHSTONE_REQUEST_TIMEOUT_SECONDS] [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub request_timeout_seconds: Option<String>,
    /// Refuse whatever is only fit for trying out [env: TOUCHSTONE_PRODUCTION]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub production: Option<String>,
    #[command(flatten)]
    pub mail: MailArgs,
}

/// The settings, every one of them valid.
#[derive(Clone, Debug)]
pub struct Config {
    /// Absolute, and there.
    pub data_dir: PathBuf,
    pub database: DatabaseUrl,
    /// Where is set aside what a restored database could not know; absolute.
    pub aside_dir: PathBuf,
    /// How many days of it are kept.
    pub aside_days: u16,
    /// The bucket of the photos, where they are not in the data directory.
    pub photos_url: Option<String>,
    pub listen: SocketAddr,
    /// Without a slash at the end.
    pub public_url: String,
    pub secrets: Secrets,
    /// Public keys that signed here before `signing_key`, and whose signatures still stand.
    pub earlier_keys: KeySet,
    /// Networks that an endpoint of a webhook may lie in though they are nobody's on the internet.
    pub webhook_networks: Allowed,
    /// How long a letter waits for others that may go with it.
    pub gather: Duration,
    /// How long a courier has what it took in hand.
    pub lease: Duration,
    pub log: String,
    pub log_format: LogFormat,
    /// How many transactions write at once: one on SQLite.
    pub writers: NonZeroU16,
    pub max_body_bytes: NonZeroUsize,
    pub request_timeout: Duration,
    pub mail: MailSettings,
    pub production: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Where the database is. Neither `Debug` nor `Display` shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    backend: Backend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlFault {
    #[error("it begins neither with sqlite: nor with postgres:// or postgresql://")]
    UnknownScheme,
    #[error("it names no database")]
    NoDatabase,
}

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlFault> {
        let scheme = text.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        let (backend, rest) = match &scheme {
            Some((scheme, rest)) if scheme == "sqlite" => (Backend::Sqlite, rest.trim_start_matches("//")),
            Some((scheme, rest)) if scheme == "postgres" || scheme == "postgresql" => {
                (Backend::Postgres, rest.strip_prefix("//").ok_or(DatabaseUrlFault::UnknownScheme)?)
            }
            Some(_) | None => return Err(DatabaseUrlFault::UnknownScheme),
        };
        if rest.is_empty() || rest.starts_with('?') && backend == Backend::Sqlite {
            return Err(DatabaseUrlFault::NoDatabase);
        }
        Ok(Self { text: text.to_owned(), backend })
    }

    /// A SQLite database in a file, made if it is not there.
    pub fn sqlite_file(path: &Path) -> Self {
        Self { text: format!("sqlite://{}", path.display()), backend: Backend::Sqlite }
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        self.text.strip_prefix("sqlite://").map(Path::new)
    }

    /// The whole URL with its password, for connecting and nothing else.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for DatabaseUrl {
    /// The scheme, user, host and path. The query is left out as well, since a password can stand there too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.text.split(['?', '#']).next().unwrap_or_default();
        if self.backend == Backend::Sqlite {
            return f.write_str(shown);
        }
        // A password may hold a `?` or `/` that should have been encoded: look for the last `@` of the whole.
        let (scheme, rest) = self.text.split_once("//").unwrap_or(("", &self.text));
        match rest.rsplit_once('@') {
            None => f.write_str(shown),
            Some((credentials, place)) => {
                let user = credentials.split(':').next().unwrap_or_default();
                let place = place.split(['?', '#']).next().unwrap_or_default();
                write!(f, "{scheme}//{user}:…@{place}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// Everything that is wrong, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    pub fn sentences(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not complete:")?;
        self.0.iter().try_for_each(|sentence| write!(f, "\n- {sentence}"))
    }
}

impl std::error::Error for Problems {}

/// The settings file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    database_url: Option<Private>,
    aside_dir: Option<PathBuf>,
    aside_days: Option<u64>,
    photos_url: Option<String>,
    listen: Option<String>,
    public_url: Option<String>,
    master_key: Option<Private>,
    signing_key: Option<Private>,
    earlier_keys: Option<PathBuf>,
    webhook_networks: Option<String>,
    gather_seconds: Option<u64>,
    lease_seconds: Option<u64>,
    log: Option<String>,
    log_format: Option<String>,
    writers: Option<u64>,
    max_body_bytes: Option<u64>,
    request_timeout_seconds: Option<u64>,
    production: Option<bool>,
    #[serde(default)]
    mail: MailFile,
}

/// A text that the errors of the parser must not repeat.
struct Private(String);

impl<'de> Deserialize<'de> for Private {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer) {
            Ok(toml::Value::String(text)) => Ok(Self(text)),
            _ => Err(de::Error::custom("the value must be a text in quotes")),
        }
    }
}

impl Config {
    /// Reads and checks everything. The environment comes as a function, because a process has only one.
    pub fn load(args: &Args, env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Problems> {
        let mut reader = Reader { problems: Vec::new(), env: &env };
        let config = reader.config(args);
        match config {
            Some(config) if reader.problems.is_empty() => Ok(config),
            Some(_) | None => Err(Problems(reader.problems)),
        }
    }
}

struct Reader<'a> {
    problems: Vec<String>,
    env: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Reader<'_> {
    /// `None` only after a problem was noted.
    fn config(&mut self, args: &Args) -> Option<Config> {
        let file = self.file(args);
        let production = self.text("PRODUCTION", &args.production, file.production.map(|on| on.to_string()));
        let production = self.production(production);
        let data_dir = self.path("DATA_DIR", &args.data_dir, file.data_dir);
        let data_dir = self.data_dir(data_dir);
        let url = self.text("DATABASE_URL", &args.database_url, file.database_url.map(|url| url.0));
        let database = self.database(url, data_dir.as_deref());
        let aside_dir = self.path("ASIDE", &args.aside_dir, file.aside_dir);
        let aside_dir = self.aside_dir(aside_dir, data_dir.as_deref());
        let aside_days = self.text("ASIDE_DAYS", &args.aside_days, file.aside_days.map(|n| n.to_string()));
        let aside_days = self.number("aside_days", aside_days, 1, LARGEST_ASIDE_DAYS).unwrap_or(DEFAULT_ASIDE_DAYS);
        let photos_url = self.text("PHOTOS_URL", &args.photos_url, file.photos_url);
        let photos_url = self.photos_url(photos_url);
        let listen = self.text("LISTEN", &args.listen, file.listen);
        let listen = self.listen(listen);
        let public_url = self.text("PUBLIC_URL", &args.public_url, file.public_url);
        let public_url = self.public_url(public_url, listen, production);
        let master = self.text("MASTER_KEY", &None, file.master_key.map(|key| key.0));
        let signing = self.text("SIGNING_KEY", &None, file.signing_key.map(|key| key.0));
        let secrets = self.secrets(master, signing, production);
        let earlier_keys = self.path("EARLIER_KEYS", &args.earlier_keys, file.earlier_keys);
        let earlier_keys = self.earlier_keys(earlier_keys);
        let networks = self.text("WEBHOOK_NETWORKS", &args.webhook_networks, file.webhook_networks);
        let webhook_networks = self.webhook_networks(networks);
        let gather = self.text("GATHER_SECONDS", &args.gather_seconds, file.gather_seconds.map(|n| n.to_string()));
        let gather = self.number("gather_seconds", gather, 0, LARGEST_GATHER_SECONDS).unwrap_or(DEFAULT_GATHER_SECONDS);
        let lease = self.text("LEASE_SECONDS", &args.lease_seconds, file.lease_seconds.map(|n| n.to_string()));
        let lease = self.number("lease_seconds", lease, 1, LARGEST_LEASE_SECONDS).unwrap_or(DEFAULT_LEASE_SECONDS);
        let log = self.text("LOG", &args.log, file.log);
        let log = self.log(log);
        let log_format = self.text("LOG_FORMAT", &args.log_format, file.log_format);
        let log_format = self.log_format(log_format);
        let writers = self.text("WRITERS", &args.writers, file.writers.map(|n| n.to_string()));
        let writers = self.writers(writers, database.as_ref().map(DatabaseUrl::backend));
        let max_body_bytes =
            self.text("MAX_BODY_BYTES", &args.max_body_bytes, file.max_body_bytes.map(|n| n.to_string()));
        let max_body_bytes = self
            .number("max_body_bytes", max_body_bytes, SMALLEST_MAX_BODY_BYTES, LARGEST_MAX_BODY_BYTES)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(DEFAULT_MAX_BODY_BYTES);
        let request_timeout = self.text(
            "REQUEST_TIMEOUT_SECONDS",
            &args.request_timeout_seconds,
            file.request_timeout_seconds.map(|n| n.to_string()),
        );
        let request_timeout = self
            .number("request_timeout_seconds", request_timeout, 1, LARGEST_REQUEST_TIMEOUT_SECONDS)
            .unwrap_or(DEFAULT_REQUEST_TIMEOUT_SECONDS);
        let mail = self.mail(&args.mail, file.mail, data_dir.as_deref(), production);
        Some(Config {
            data_dir: data_dir?,
            database: database?,
            aside_dir: aside_dir?,
            aside_days: u16::try_from(aside_days).unwrap_or(u16::MAX),
            photos_url,
            listen: listen?,
            public_url: public_url?,
            secrets: secrets?,
            earlier_keys: earlier_keys?,
            webhook_networks: webhook_networks?,
            gather: Duration::from_secs(gather),
            lease: Duration::from_secs(lease),
            log: log?,
            log_format: log_format?,
            writers: writers?,
            max_body_bytes: NonZeroUsize::new(max_body_bytes)?,
            request_timeout: Duration::from_secs(request_timeout),
            mail: mail?,
            production,
        })
    }

    fn problem<T>(&mut self, sentence: impl Into<String>) -> Option<T> {
        self.problems.push(sentence.into());
        None
    }

    /// An empty variable counts as none: that is what compose files make of one that is not set.
    fn environment(&self, name: &str) -> Option<OsString> {
        (self.env)(&format!("TOUCHSTONE_{name}")).filter(|value| !value.is_empty())
    }

    fn text(&mut self, name: &str, flag: &Option<String>, file: Option<String>) -> Option<String> {
        if let Some(flag) = flag {
            return Some(flag.clone());
        }
        match self.environment(name).map(OsString::into_string) {
            Some(Ok(text)) => Some(text),
            // The value is not repeated: it may be a secret.
            Some(Err(_)) => self.problem(format!("TOUCHSTONE_{name} is not UTF-8: give it as plain text")),
            None => file,
        }
    }

    fn path(&self, name: &str, flag: &Option<PathBuf>, file: Option<PathBuf>) -> Option<PathBuf> {
        flag.clone().or_else(|| self.environment(name).map(PathBuf::from)).or(file)
    }

    fn file(&mut self, args: &Args) -> File {
        let Some(path) = self.path("CONFIG", &args.config, None) else {
            return File::default();
        };
        let shown = path.display();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(format!(
                    "the settings file {shown} cannot be read ({error}): name another with --config or TOUCHSTONE_CONFIG, \
                     or none"
                ));
                return File::default();
            }
        };
        toml::from_str(&text).unwrap_or_else(|error| {
            // Only the message: the error's own form repeats the line, and a secret may stand in it.
            let line = error
                .span()
                .map_or(1, |span| 1 + text.as_bytes()[..span.start].iter().filter(|&&b| b == b'\n').count());
            let why = error.message();
            self.problems.push(format!("the settings file {shown} is wrong at line {line}: {why}"));
            File::default()
        })
    }

    fn production(&mut self, text: Option<String>) -> bool {
        match text.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                self.problems.push(format!("production is {other:?}: give true or false"));
                // Being strict cannot let anything through that should have been refused.
                true
            }
        }
    }

    /// Addresses, and networks by their prefix, with commas between them.
    fn webhook_networks(&mut self, given: Option<String>) -> Option<Allowed> {
        let text = given.unwrap_or_default();
        let parse = |part: &str| part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        match parts.map(parse).collect::<Result<Vec<_>, _>>() {
            Ok(networks) => Some(Allowed::new(networks)),
            Err(_) => self.problem(format!(
                "webhook_networks is {text:?}: give addresses or networks with commas between them, such as \
                 10.7.0.0/16,127.0.0.1, or leave it out"
            )),
        }
    }

    fn data_dir(&mut self, given: Option<PathBuf>) -> Option<PathBuf> {
        let Some(path) = given else {
            return self.problem(
                "data_dir is not set: give --data-dir or TOUCHSTONE_DATA_DIR, the directory for photos and, without \
                 database_url, for the database",
            );
        };
        let shown = path.display();
        let made = std::path::absolute(&path)
            .and_then(|path| folder::make(&path).and_then(|()| folder::try_out(&path)).map(|()| path));
        match made {
            Ok(path) => Some(path),
            Err(error) => self.problem(format!(
                "data_dir {shown} is not there and cannot be made, or cannot be written to ({error}): give \
                 TOUCHSTONE_DATA_DIR a directory that this user may write to"
            )),
        }
    }

    fn database(&mut self, given: Option<String>, data_dir: Option<&Path>) -> Option<DatabaseUrl> {
        match given {
            None => match data_dir?.to_str() {
                Some(path) if path.contains(['?', '%', '#']) => self.problem(
                    "data_dir has a ?, % or # in its path, which the address of a database in it cannot hold: take \
                     another, or give database_url",
                ),
                Some(_) => Some(DatabaseUrl::sqlite_file(&data_dir?.join("touchstone.db"))),
                None => self.problem("data_dir is not UTF-8, so no database can be named in it: give database_url"),
            },
            // The URL is not repeated: it may hold a password.
            Some(text) => match DatabaseUrl::parse(&text) {
                Ok(url) => Some(url),
                Err(fault) => self.problem(format!(
                    "database_url cannot be used, {fault}: give TOUCHSTONE_DATABASE_URL in the form \
                     postgres://user:password@host/name or sqlite:///path/to/file.db?mode=rwc, or leave it out for \
                     touchstone.db in data_dir"
                )),
            },
        }
    }

    /// It is made when something is set aside: not every command does.
    fn aside_dir(&mut self, given: Option<PathBuf>, data_dir: Option<&Path>) -> Option<PathBuf> {
        let Some(path) = given else { return Some(data_dir?.join("aside")) };
        let shown = path.display();
        match std::path::absolute(&path) {
            Ok(path) => Some(path),
            Err(error) => self.problem(format!(
                "aside_dir {shown} is no place ({error}): give TOUCHSTONE_ASIDE a directory that this user may write to, \
                 or leave it out"
            )),
        }
    }

    fn photos_url(&mut self, given: Option<String>) -> Option<String> {
        let text = given?;
        let bucket = text.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
        if bucket.is_none_or(str::is_empty)
            || text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@'))
        {
            return self.problem(
                "photos_url is no bucket: give TOUCHSTONE_PHOTOS_URL such as s3://touchstone/photos, and its keys as \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without it photos lie in the data directory",
            );
        }
        Some(text)
    }

    fn listen(&mut self, given: Option<String>) -> Option<SocketAddr> {
        let text = given.as_deref().unwrap_or(DEFAULT_LISTEN);
        match text.parse() {
            Ok(address) => Some(address),
            Err(_) => self.problem(format!(
                "listen is {text:?}, which is no IP address with a port: give TOUCHSTONE_LISTEN such as {DEFAULT_LISTEN} \
                 or [::]:8420"
            )),
        }
    }

    fn public_url(&mut self, given: Option<String>, listen: Option<SocketAddr>, production: bool) -> Option<String> {
        let Some(text) = given else {
            if production {
                return self.problem(
                    "public_url is not set, and production needs one: give TOUCHSTONE_PUBLIC_URL, what buyers' links \
                     begin with, such as https://check.example.com",
                );
            }
            return listen.map(|address| format!("http://{address}"));
        };
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host_is_there = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':']));
        if !host_is_there
            || text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '"' | '<' | '>'))
        {
            return self.problem(
                "public_url is not the beginning of an http or https address: give TOUCHSTONE_PUBLIC_URL such as \
                 https://check.example.com, without user, query or fragment",
            );
        }
        if production && !text.starts_with("https://") {
            return self.problem(
                "public_url is not https, and production needs it, because links carry tokens: give \
                 TOUCHSTONE_PUBLIC_URL such as https://check.example.com",
            );
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    fn secrets(&mut self, master: Option<String>, signing: Option<String>, production: bool) -> Option<Secrets> {
        let master = self.secret("master_key", "TOUCHSTONE_MASTER_KEY", master, production);
        let signing = self.secret("signing_key", "TOUCHSTONE_SIGNING_KEY", signing, production);
        match Secrets::new(master?, signing?) {
            Ok(secrets) => Some(secrets),
            Err(
                fault @ (SecretFault::Identical
                | SecretFault::Zeros
                | SecretFault::Length { .. }
                | SecretFault::NotHex { .. }),
            ) => self.problem(format!(
                "master_key and signing_key cannot be used, {fault}; make another with: openssl rand -hex 32"
            )),
        }
    }

    fn earlier_keys(&mut self, given: Option<PathBuf>) -> Option<KeySet> {
        let Some(path) = given else { return Some(KeySet::default()) };
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        let set = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        match set.and_then(|set: serde_json::Value| KeySet::from_jwks(&set).map_err(|fault| fault.to_string())) {
            Ok(keys) => Some(keys),
            Err(why) => self.problem(format!(
                "earlier_keys {} cannot be used, {why}: give TOUCHSTONE_EARLIER_KEYS the file that \
                 /.well-known/jwks.json gave before signing_key was changed, or leave it out",
                path.display()
            )),
        }
    }

    fn secret(
        &mut self,
        name: &str,
        variable: &str,
        given: Option<String>,
        production: bool,
    ) -> Option<crate::vault::SecretBytes> {
        let Some(text) = given.map(zeroize::Zeroizing::new) else {
            return self.problem(format!(
                "{name} is not set: give {variable}, 64 hex digits; make one with: openssl rand -hex 32"
            ));
        };
        let bytes = match parse_secret(&text) {
            Ok(bytes) => bytes,
            Err(fault) => {
                return self.problem(format!(
                    "{name} cannot be used, {fault}: give {variable}; make one with: openssl rand -hex 32"
                ));
            }
        };
        let made_up = bytes.windows(2).all(|pair| pair[0] == pair[1]);
        if production && made_up {
            return self.problem(format!(
                "{name} is one byte repeated, which production refuses: give {variable}; make one with: openssl rand \
                 -hex 32"
            ));
        }
        Some(bytes)
    }

    fn log(&mut self, given: Option<String>) -> Option<String> {
        let text = given.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        match EnvFilter::builder().parse(&text) {
            Ok(_) => Some(text),
            Err(error) => self.problem(format!(
                "log is {text:?}, which is no filter ({error}): give TOUCHSTONE_LOG such as info or touchstone=debug,warn"
            )),
        }
    }

    fn log_format(&mut self, given: Option<String>) -> Option<LogFormat> {
        match given.as_deref() {
            None | Some("text") => Some(LogFormat::Text),
            Some("json") => Some(LogFormat::Json),
            Some(other) => self.problem(format!("log_format is {other:?}: give TOUCHSTONE_LOG_FORMAT text or json")),
        }
    }

    fn writers(&mut self, given: Option<String>, backend: Option<Backend>) -> Option<NonZeroU16> {
        let set = given.is_some();
        let number = self.number("writers", given, 1, u64::from(LARGEST_WRITERS));
        let number = number.and_then(|number| u16::try_from(number).ok()).and_then(NonZeroU16::new);
        match backend? {
            Backend::Postgres => Some(number.unwrap_or(DEFAULT_WRITERS)),
            Backend::Sqlite if set => self.problem(
                "writers is set, but the database is SQLite, which has one of its own: leave writers out, or give \
                 TOUCHSTONE_DATABASE_URL a PostgreSQL",
            ),
            Backend::Sqlite => Some(NonZeroU16::MIN),
        }
    }

    /// `None` also when nothing was given.
    fn number(&mut self, name: &str, given: Option<String>, smallest: u64, largest: u64) -> Option<u64> {
        let text = given?;
        match text.parse() {
            Ok(number) if smallest <= number && number <= largest => Some(number),
            Ok(_) | Err(_) => {
                let variable = name.to_uppercase();
                self.problem(format!(
                    "{name} is {text:?}: give TOUCHSTONE_{variable} a whole number from {smallest} to {largest}"
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests;
