use std::collections::HashMap;

use super::*;
use crate::mail::settings::{Post, Security};
use crate::words::Language;

const A: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const B: &str = "1f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A made-up machine: a directory, an environment, a settings file and flags.
struct Machine {
    dir: tempfile::TempDir,
    env: HashMap<String, OsString>,
    args: Args,
}

impl Machine {
    fn bare() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: HashMap::new(), args: Args::default() }
    }

    fn complete() -> Self {
        let machine = Self::bare();
        let data = machine.dir.path().join("data").into_os_string();
        machine.env("DATA_DIR", data).env("MASTER_KEY", A).env("SIGNING_KEY", B)
    }

    fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(format!("TOUCHSTONE_{name}"), value.into());
        self
    }

    fn flags(mut self, change: impl FnOnce(&mut Args)) -> Self {
        change(&mut self.args);
        self
    }

    fn file(mut self, text: &str) -> Self {
        let path = self.dir.path().join("touchstone.toml");
        fs::write(&path, text).unwrap();
        self.args.config = Some(path);
        self
    }

    fn load(&self) -> Result<Config, Problems> {
        Config::load(&self.args, |name| self.env.get(name).cloned())
    }

    /// The one problem that there is.
    fn problem(&self) -> String {
        let problems = self.load().unwrap_err();
        assert_eq!(problems.sentences().len(), 1, "{problems}");
        problems.sentences()[0].clone()
    }
}

#[test]
fn three_settings_are_enough() {
    let machine = Machine::complete();
    let config = machine.load().unwrap();
    let data_dir = machine.dir.path().join("data");
    assert!(data_dir.is_dir());
    assert_eq!(config.data_dir, data_dir);
    assert_eq!(config.database.expose(), format!("sqlite://{}/touchstone.db", data_dir.display()));
    assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
    assert_eq!(config.public_url, "http://127.0.0.1:8420");
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
    assert_eq!(config.writers.get(), 1);
    assert_eq!(config.max_body_bytes.get(), DEFAULT_MAX_BODY_BYTES);
    assert_eq!(config.request_timeout, Duration::from_secs(30));
    assert!(!config.production);
}

#[test]
fn with_nothing_set_every_missing_setting_is_told_at_once() {
    let problems = Machine::bare().load().unwrap_err();
    let beginnings: Vec<&str> =
        problems.sentences().iter().map(|sentence| sentence.split(':').next().unwrap()).collect();
    assert_eq!(beginnings, ["data_dir is not set", "master_key is not set", "signing_key is not set"]);
    let master =
        "- master_key is not set: give TOUCHSTONE_MASTER_KEY, 64 hex digits; make one with: openssl rand -hex 32";
    assert!(problems.to_string().lines().any(|line| line == master), "{problems}");
}

#[test]
fn flags_come_before_environment_before_file() {
    let file = "listen = \"127.0.0.1:1\"\nlog = \"warn\"\npublic_url = \"https://file.example\"\n";
    let machine = Machine::complete().file(file);
    assert_eq!(machine.load().unwrap().listen.port(), 1);
    let machine = machine.env("LISTEN", "127.0.0.1:2").env("LOG", "debug");
    assert_eq!(machine.load().unwrap().listen.port(), 2);
    let machine = machine.flags(|args| args.listen = Some("127.0.0.1:3".to_owned()));
    let config = machine.load().unwrap();
    assert_eq!((config.listen.port(), config.log.as_str()), (3, "debug"));
    assert_eq!(config.public_url, "https://file.example");
}

#[test]
fn everything_can_stand_in_the_file() {
    let machine = Machine::bare();
    let data = machine.dir.path().join("d");
    let machine = machine.file(&format!(
        "data_dir = {data:?}\ndatabase_url = \"postgres://u:p@db/t\"\nlisten = \"[::1]:9\"\nmaster_key = \"{A}\"\n\
         signing_key = \"{B}\"\npublic_url = \"https://check.example/\"\nlog = \"touchstone=debug\"\n\
         log_format = \"json\"\nwriters = 8\nmax_body_bytes = 65536\nrequest_timeout_seconds = 5\nproduction = true\n\
         [mail]\nsmtp_url = \"smtps://mail.example\"\nfrom = \"T <t@check.example>\"\nconnections = 3\nper_minute = 60\n\
         list_id = \"l.check.example\"\nsupervisors = \"duty@check.example\"\n"
    ));
    let config = machine.load().unwrap();
    assert_eq!(config.database.backend(), Backend::Postgres);
    assert_eq!(config.database.expose(), "postgres://u:p@db/t");
    assert_eq!(config.public_url, "https://check.example");
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!((config.writers.get(), config.max_body_bytes.get(), config.request_timeout.as_secs()), (8, 65536, 5));
    assert!(config.production);
    assert_eq!((config.mail.list_id.as_str(), config.mail.from.host()), ("l.check.example", "check.example"));
    let Post::Smtp(server) = &config.mail.post else { panic!("{:?}", config.mail.post) };
    assert_eq!((server.host.as_str(), server.security), ("mail.example", Security::Tls));
    assert_eq!((server.connections, server.per_minute), (3, 60));
}

#[test]
fn an_empty_variable_is_not_set() {
    let problem = Machine::complete().env("MASTER_KEY", "").problem();
    assert!(problem.starts_with("master_key is not set"));
    assert!(Machine::complete().env("DATABASE_URL", "").load().is_ok());
}

#[test]
fn half_a_pair_of_keys_and_twice_the_same_are_refused() {
    let mut machine = Machine::complete();
    machine.env.remove("TOUCHSTONE_SIGNING_KEY");
    assert!(machine.problem().starts_with("signing_key is not set: give TOUCHSTONE_SIGNING_KEY, 64 hex digits"));
    let problem = Machine::complete().env("SIGNING_KEY", A).problem();
    assert!(problem.contains("the master key and the signing key are the same"), "{problem}");
}

#[test]
fn earlier_keys_are_read_and_a_file_that_is_none_is_told() {
    let signers = crate::capsule::keys::Signers::from_seed(&[7; 32]);
    let machine = Machine::complete();
    let path = machine.dir.path().join("earlier.json");
    fs::write(&path, signers.key_set().jwks().to_string()).unwrap();
    assert_eq!(machine.env("EARLIER_KEYS", &path).load().unwrap().earlier_keys, signers.key_set());
    assert_eq!(Machine::complete().load().unwrap().earlier_keys, KeySet::default());
    for text in ["", "[]", r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#, r#"{"keys":[{"d":"x"}]}"#] {
        let machine = Machine::complete();
        let path = machine.dir.path().join("earlier.json");
        fs::write(&path, text).unwrap();
        let problem = machine.env("EARLIER_KEYS", &path).problem();
        assert!(
            problem.starts_with("earlier_keys ") && problem.contains("/.well-known/jwks.json"),
            "{text}: {problem}"
        );
    }
    let problem = Machine::complete().env("EARLIER_KEYS", "/nowhere.json").problem();
    assert!(problem.contains("cannot be used"), "{problem}");
}

#[test]
fn a_wrong_key_is_told_and_not_repeated() {
    let problem = Machine::complete().env("MASTER_KEY", "swordfish").problem();
    assert!(problem.contains("it must be 64 hex digits, and has 9 characters"), "{problem}");
    assert!(!problem.contains("swordfish"));
}

#[test]
fn a_database_of_another_kind_is_refused_without_its_password() {
    for url in ["mysql://u:swordfish@db/t", "swordfish", "postgres:swordfish", "postgres://", "sqlite:", "sqlite://"] {
        let problem = Machine::complete().env("DATABASE_URL", url).problem();
        assert!(problem.starts_with("database_url cannot be used, it "), "{problem}");
        assert!(!problem.contains("swordfish"), "{problem}");
    }
}

#[test]
fn a_database_password_is_never_printed() {
    let check = |url: &str, shown: &str| {
        let parsed = DatabaseUrl::parse(url).unwrap();
        assert_eq!(parsed.to_string(), shown);
        assert!(!format!("{parsed} {parsed:?}").contains("sword"), "{url}");
        assert_eq!(parsed.expose(), url);
    };
    check("postgres://u:sword@db:5432/t?sslmode=require", "postgres://u:…@db:5432/t");
    check("postgresql://db/t?password=sword", "postgresql://db/t");
    check("postgres://u:sw?ord/sword@sword@db/t", "postgres://u:…@db/t");
    check("postgres://db/t", "postgres://db/t");
    check("sqlite:///var/t.db?key=sword", "sqlite:///var/t.db");
    let config = Machine::complete().env("DATABASE_URL", "postgres://u:sword@db/t").load().unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("sword") && !shown.contains(&A[..16]) && !shown.contains(&B[..16]), "{shown}");
}

#[test]
fn a_data_directory_with_signs_of_an_address_is_refused() {
    for name in ["a?b", "50%", "no#1"] {
        let machine = Machine::complete();
        let path = machine.dir.path().join(name);
        let problem = machine.env("DATA_DIR", path).problem();
        assert!(problem.starts_with("data_dir ") && problem.contains("database_url"), "{problem}");
    }
}

#[test]
fn a_data_directory_that_cannot_be_is_refused() {
    let machine = Machine::complete();
    let taken = machine.dir.path().join("file");
    fs::write(&taken, b"").unwrap();
    for path in [taken.join("below"), taken] {
        let problem = Machine::complete().env("DATA_DIR", path).problem();
        assert!(problem.starts_with("data_dir ") && problem.contains("cannot be made"), "{problem}");
    }
}

#[cfg(unix)]
#[test]
fn a_new_data_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::complete();
    let path = machine.load().unwrap().data_dir;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_public_url_is_the_beginning_of_a_web_address() {
    for url in
        ["ftp://x", "check.example", "https://", "https:///x", "http://:80", "https://a b", "https://u@x", "http://x?y"]
    {
        let problem = Machine::complete().env("PUBLIC_URL", url).problem();
        assert!(problem.starts_with("public_url is not the beginning of an http or https address"), "{url}: {problem}");
    }
    let config = Machine::complete().env("PUBLIC_URL", "http://x.example:8080/check/").load().unwrap();
    assert_eq!(config.public_url, "http://x.example:8080/check");
}

#[test]
fn production_refuses_what_is_only_fit_for_trying_out() {
    let production = || {
        let machine = Machine::complete().env("PRODUCTION", "true");
        machine.env("MAIL_SMTP_URL", "smtp://mail.example").env("MAIL_FROM", "no-reply@check.example")
    };
    assert!(production().problem().starts_with("public_url is not set, and production needs one"));
    let problem = production().env("PUBLIC_URL", "http://check.example").problem();
    assert!(problem.starts_with("public_url is not https"));
    let https = || production().env("PUBLIC_URL", "https://check.example");
    assert!(https().load().unwrap().production);
    let problem = https().env("MASTER_KEY", "11".repeat(32)).problem();
    assert!(problem.starts_with("master_key is one byte repeated"));
    assert!(Machine::complete().env("MASTER_KEY", "11".repeat(32)).load().is_ok());
    let problem = production().env("PRODUCTION", "yes").env("PUBLIC_URL", "https://check.example").problem();
    assert_eq!(problem, "production is \"yes\": give true or false");
}

#[test]
fn writers_are_for_postgresql() {
    let problem = Machine::complete().env("WRITERS", "2").problem();
    assert!(problem.starts_with("writers is set, but the database is SQLite"));
    let postgres = || Machine::complete().env("DATABASE_URL", "postgres://db/t");
    assert_eq!(postgres().load().unwrap().writers, DEFAULT_WRITERS);
    assert_eq!(postgres().env("WRITERS", "64").load().unwrap().writers.get(), 64);
    for number in ["0", "65", "-1", "four", "1.5"] {
        let problem = postgres().env("WRITERS", number).problem();
        assert_eq!(problem, format!("writers is {number:?}: give TOUCHSTONE_WRITERS a whole number from 1 to 64"));
    }
}

#[test]
fn the_other_settings_are_checked_too() {
    let check = |name: &str, value: &str, beginning: &str| {
        let problem = Machine::complete().env(name, value).problem();
        assert!(problem.starts_with(beginning), "{problem}");
    };
    check("LISTEN", "localhost:80", "listen is \"localhost:80\", which is no IP address with a port");
    check("LOG", "touchstone=loud", "log is \"touchstone=loud\", which is no filter");
    check("LOG_FORMAT", "xml", "log_format is \"xml\": give TOUCHSTONE_LOG_FORMAT text or json");
    check("MAX_BODY_BYTES", "10", "max_body_bytes is \"10\": give TOUCHSTONE_MAX_BODY_BYTES a whole number from 65536");
    check("REQUEST_TIMEOUT_SECONDS", "0", "request_timeout_seconds is \"0\"");
}

#[test]
fn a_file_that_is_named_must_be_there_and_right() {
    let problem = Machine::complete().flags(|args| args.config = Some("/nowhere/t.toml".into())).problem();
    assert!(problem.starts_with("the settings file /nowhere/t.toml cannot be read"));
    let problem = Machine::complete().file("log = \"info\"\nlisten_on = \"x\"\n").problem();
    assert!(problem.contains("is wrong at line 2: unknown field `listen_on`"), "{problem}");
}

#[test]
fn a_wrong_file_repeats_no_secret() {
    for text in [
        "master_key = 1234567890123\n".to_owned(),
        format!("masterkey = \"{A}\"\n"),
        format!("master_key = \"{A}\nlog = 1\n"),
        format!("master_key = [\"{A}\"]\n"),
        "database_url = { password = \"1234567890123\" }\n".to_owned(),
    ] {
        let problem = Machine::complete().file(&text).problem();
        assert!(problem.contains("is wrong at line 1"), "{problem}");
        assert!(!problem.contains(A) && !problem.contains("1234567890123"), "{problem}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_is_told_and_not_repeated() {
    use std::os::unix::ffi::OsStringExt;
    let machine = Machine::complete().env("LOG", OsString::from_vec(vec![b'x', 0xff]));
    assert_eq!(machine.problem(), "TOUCHSTONE_LOG is not UTF-8: give it as plain text");
}

#[test]
fn the_flags_are_understood_by_the_command_line() {
    use clap::Parser;
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Args,
    }
    let parse = |flags: &[&str]| Cli::try_parse_from([&["touchstone"], flags].concat()).unwrap().settings;
    assert_eq!(parse(&["--production"]).production.as_deref(), Some("true"));
    assert_eq!(parse(&["--production=false", "--writers", "3"]).production.as_deref(), Some("false"));
    assert_eq!(parse(&["--data-dir", "/x"]).data_dir, Some(PathBuf::from("/x")));
    assert_eq!(parse(&[]).production, None);
}

#[test]
fn letters_go_into_the_data_directory_where_nothing_else_is_said() {
    let machine = Machine::complete();
    let config = machine.load().unwrap();
    assert_eq!(config.mail.post, Post::Files(machine.dir.path().join("data/mail")));
    let machine = Machine::complete().env("MAIL_DIR", "/elsewhere");
    assert_eq!(machine.load().unwrap().mail.post, Post::Files("/elsewhere".into()));
}

#[test]
fn production_does_not_start_without_a_mail_server() {
    let production = || Machine::complete().env("PRODUCTION", "true").env("PUBLIC_URL", "https://check.example");
    let problem = production().problem();
    assert!(problem.starts_with("no mail server is set, and production needs one"), "{problem}");
    assert!(problem.contains("TOUCHSTONE_MAIL_SMTP_URL") && problem.contains("TOUCHSTONE_MAIL_FROM"), "{problem}");
    assert!(production().env("MAIL_DIR", "/x").problem().starts_with("no mail server is set"));
    let in_clear = production().env("MAIL_FROM", "t@check.example").env("MAIL_SMTP_URL", "smtp+plain://mail.example");
    assert!(in_clear.problem().starts_with("mail_smtp_url sends letters in clear"));
    let local = production().env("MAIL_FROM", "t@check.example").env("MAIL_SMTP_URL", "smtp+plain://127.0.0.1:25");
    assert!(local.load().is_ok());
}

#[test]
fn a_mail_server_is_set_whole_and_no_secret_is_repeated() {
    let server = || Machine::complete().env("MAIL_SMTP_URL", "smtp://mail.example");
    assert!(server().problem().starts_with("mail_from is not set, and a mail server needs it"));
    let server = || server().env("MAIL_FROM", "t@check.example");
    assert!(server().env("MAIL_DIR", "/x").problem().starts_with("mail_smtp_url and mail_dir are both set"));
    assert!(server().env("MAIL_SMTP_USER", "u").problem().starts_with("mail_smtp_user is set without a password"));
    let problem = server().env("MAIL_SMTP_PASSWORD", "hunter2").problem();
    assert!(problem.starts_with("a password for the mail server is set without mail_smtp_user"), "{problem}");
    assert!(!problem.contains("hunter2"));
    let problem = server().env("MAIL_SMTP_URL", "smtp://u:hunter2@mail.example").problem();
    assert!(problem.starts_with("mail_smtp_url cannot be used") && !problem.contains("hunter2"), "{problem}");
    assert!(server().env("MAIL_FROM", "nobody").problem().starts_with("mail_from holds no address"));
    assert!(server().env("MAIL_SUPERVISORS", "duty").problem().starts_with("mail_supervisors is no address"));
    let fr = server().env("MAIL_SUPERVISORS", "wh-1=night@check.example fr").problem();
    assert!(fr.starts_with("mail_supervisors names another language") && !fr.contains("night@"), "{fr}");
    let two = server().env("MAIL_SUPERVISORS", "wh-1=duty@check.example en, all@check.example").load().unwrap();
    assert_eq!(two.mail.supervisors.of("wh-1"), Some(("duty@check.example", Language::English)));
    assert!(server().env("MAIL_LIST_ID", "a b").problem().starts_with("mail_list_id is no list id"));
    assert!(server().env("MAIL_CONNECTIONS", "0").problem().starts_with("mail_connections is \"0\""));
    assert!(server().env("MAIL_DKIM_SELECTOR", "s").problem().starts_with("one of mail_dkim_selector and"));
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/server.key");
    let signed = server().env("MAIL_DKIM_SELECTOR", "s").env("MAIL_DKIM_KEY_FILE", key);
    assert!(signed.load().unwrap().mail.signer.is_some());
    let no_key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/ca.pem");
    let unsigned = server().env("MAIL_DKIM_SELECTOR", "s").env("MAIL_DKIM_KEY_FILE", no_key);
    assert!(unsigned.problem().contains("cannot sign"), "{}", unsigned.problem());
}

#[test]
fn a_password_is_read_from_its_file_and_not_shown() {
    let machine = Machine::complete();
    let file = machine.dir.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    let machine = machine.env("MAIL_SMTP_URL", "smtp://mail.example").env("MAIL_FROM", "t@check.example");
    let config = machine.env("MAIL_SMTP_USER", "u").env("MAIL_SMTP_PASSWORD_FILE", file).load().unwrap();
    let Post::Smtp(server) = &config.mail.post else { panic!("no server") };
    let (user, password) = server.credentials.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose()), ("u", "hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}
