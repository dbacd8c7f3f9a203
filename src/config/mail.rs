//! The settings of letters: a server that takes them, or a directory.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Private, Reader};
use crate::mail::address::Sender;
use crate::mail::dkim::Signer;
use crate::mail::settings::{MailSettings, Password, Post, Security, SmtpSettings};
use crate::mail::supervisors::Supervisors;

/// How many connections at the most.
const LARGEST_CONNECTIONS: u64 = 256;

/// Who writes where nobody was named: fit for a directory, and for no server.
const NOBODY: &str = "Touchstone <touchstone@localhost>";

#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Mail (flags before environment before the section [mail] of the file)")]
pub struct MailArgs {
    /// smtp://host with STARTTLS, smtps://host with TLS, or smtp+plain://host [env: TOUCHSTONE_MAIL_SMTP_URL]
    #[arg(long, value_name = "URL")]
    pub mail_smtp_url: Option<String>,
    /// Who logs in there [env: TOUCHSTONE_MAIL_SMTP_USER]
    #[arg(long, value_name = "NAME")]
    pub mail_smtp_user: Option<String>,
    /// Holds the password; or give TOUCHSTONE_MAIL_SMTP_PASSWORD [env: TOUCHSTONE_MAIL_SMTP_PASSWORD_FILE]
    #[arg(long, value_name = "FILE")]
    pub mail_smtp_password_file: Option<PathBuf>,
    /// Certificates in PEM to trust beside those of the machine [env: TOUCHSTONE_MAIL_SMTP_CA_FILE]
    #[arg(long, value_name = "FILE")]
    pub mail_smtp_ca_file: Option<PathBuf>,
    /// Connections at once [env: TOUCHSTONE_MAIL_CONNECTIONS] [default: 8]
    #[arg(long, value_name = "N")]
    pub mail_connections: Option<String>,
    /// Letters a minute to one recipient's host; 0 for no limit [env: TOUCHSTONE_MAIL_PER_MINUTE] [default: 0]
    #[arg(long, value_name = "N")]
    pub mail_per_minute: Option<String>,
    /// Instead of a server: a directory of .eml files [env: TOUCHSTONE_MAIL_DIR] [default: mail in the data directory]
    #[arg(long, value_name = "DIR")]
    pub mail_dir: Option<PathBuf>,
    /// Who writes, such as "Touchstone <no-reply@check.example.com>" [env: TOUCHSTONE_MAIL_FROM]
    #[arg(long, value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// By what mail programs sort our letters [env: TOUCHSTONE_MAIL_LIST_ID] [default: notices. and the sender's host]
    #[arg(long, value_name = "ID")]
    pub mail_list_id: Option<String>,
    /// Where the supervisors read, and in which language: "ADDRESS [zh-CN|en]", or one for each warehouse as
    /// "wh-1=ADDRESS en, wh-2=ADDRESS" [env: TOUCHSTONE_MAIL_SUPERVISORS]
    #[arg(long, value_name = "ADDRESSES")]
    pub mail_supervisors: Option<String>,
    /// Sign letters (DKIM): the selector of the public key [env: TOUCHSTONE_MAIL_DKIM_SELECTOR]
    #[arg(long, value_name = "NAME")]
    pub mail_dkim_selector: Option<String>,
    /// The RSA key to sign with, in PEM [env: TOUCHSTONE_MAIL_DKIM_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    pub mail_dkim_key_file: Option<PathBuf>,
    /// The domain that signs [env: TOUCHSTONE_MAIL_DKIM_DOMAIN] [default: the sender's host]
    #[arg(long, value_name = "DOMAIN")]
    pub mail_dkim_domain: Option<String>,
}

/// The section of the settings file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailFile {
    smtp_url: Option<Private>,
    smtp_user: Option<Private>,
    smtp_password_file: Option<PathBuf>,
    smtp_ca_file: Option<PathBuf>,
    connections: Option<u64>,
    per_minute: Option<u64>,
    dir: Option<PathBuf>,
    from: Option<Private>,
    list_id: Option<String>,
    supervisors: Option<Private>,
    dkim_selector: Option<String>,
    dkim_key_file: Option<PathBuf>,
    dkim_domain: Option<String>,
}

impl Reader<'_> {
    /// `None` only after a problem was noted.
    pub(super) fn mail(
        &mut self,
        args: &MailArgs,
        file: MailFile,
        data_dir: Option<&Path>,
        production: bool,
    ) -> Option<MailSettings> {
        let url = self.text("MAIL_SMTP_URL", &args.mail_smtp_url, file.smtp_url.map(|url| url.0));
        let directory = self.path("MAIL_DIR", &args.mail_dir, file.dir);
        let from = self.text("MAIL_FROM", &args.mail_from, file.from.map(|from| from.0));
        let user = self.text("MAIL_SMTP_USER", &args.mail_smtp_user, file.smtp_user.map(|user| user.0));
        let password = self.text("MAIL_SMTP_PASSWORD", &None, None);
        let password_file =
            self.path("MAIL_SMTP_PASSWORD_FILE", &args.mail_smtp_password_file, file.smtp_password_file);
        let roots = self.path("MAIL_SMTP_CA_FILE", &args.mail_smtp_ca_file, file.smtp_ca_file);
        let connections =
            self.text("MAIL_CONNECTIONS", &args.mail_connections, file.connections.map(|n| n.to_string()));
        let connections = self.number("mail_connections", connections, 1, LARGEST_CONNECTIONS);
        let per_minute = self.text("MAIL_PER_MINUTE", &args.mail_per_minute, file.per_minute.map(|n| n.to_string()));
        let per_minute = self.number("mail_per_minute", per_minute, 0, u64::from(u32::MAX));
        let from_server = url.is_some();
        let post = match (url, directory) {
            (Some(_), Some(_)) => self
                .problem("mail_smtp_url and mail_dir are both set, and letters go one way only: leave one of them out"),
            (Some(url), None) => self.server(&url, production).map(|mut server| {
                server.credentials = self.credentials(user, (password, password_file));
                server.roots = roots.and_then(|path| self.bytes("mail_smtp_ca_file", &path));
                if let Some(connections) = connections.and_then(|n| usize::try_from(n).ok()) {
                    server.connections = connections;
                }
                server.per_minute = per_minute.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                Post::Smtp(Box::new(server))
            }),
            (None, _) if production => self.problem(
                "no mail server is set, and production needs one, because buyers' clocks start by letters: give \
                 TOUCHSTONE_MAIL_SMTP_URL such as smtp://mail.example.com, and TOUCHSTONE_MAIL_FROM",
            ),
            (None, Some(directory)) => Some(Post::Files(directory)),
            (None, None) => data_dir.map(|data_dir| Post::Files(data_dir.join("mail"))),
        };
        if from_server && from.is_none() {
            self.problem::<()>(
                "mail_from is not set, and a mail server needs it: give TOUCHSTONE_MAIL_FROM such as \"Touchstone \
                 <no-reply@check.example.com>\"",
            );
        }
        let from = match Sender::parse(from.as_deref().unwrap_or(NOBODY)) {
            Ok(from) => Some(from),
            Err(_) => self.problem(
                "mail_from holds no address: give TOUCHSTONE_MAIL_FROM such as \"Touchstone \
                 <no-reply@check.example.com>\"",
            ),
        };
        let list_id = self.text("MAIL_LIST_ID", &args.mail_list_id, file.list_id);
        let list_id = self.list_id(list_id, from.as_ref());
        let supervisors =
            self.text("MAIL_SUPERVISORS", &args.mail_supervisors, file.supervisors.map(|address| address.0));
        let supervisors = match supervisors.as_deref().map(Supervisors::parse).transpose() {
            Ok(supervisors) => supervisors.unwrap_or_default(),
            Err(fault) => {
                self.problem::<()>(format!(
                    "mail_supervisors {fault}: give TOUCHSTONE_MAIL_SUPERVISORS such as duty@check.example.com, or \
                     \"wh-1=one@check.example.com en, wh-2=two@check.example.com\""
                ));
                Supervisors::default()
            }
        };
        let selector = self.text("MAIL_DKIM_SELECTOR", &args.mail_dkim_selector, file.dkim_selector);
        let domain = self.text("MAIL_DKIM_DOMAIN", &args.mail_dkim_domain, file.dkim_domain);
        let key = self.path("MAIL_DKIM_KEY_FILE", &args.mail_dkim_key_file, file.dkim_key_file);
        let signer = self.signer(selector, domain, key, from.as_ref());
        Some(MailSettings { post: post?, from: from?, list_id: list_id?, supervisors, signer })
    }

    fn server(&mut self, url: &str, production: bool) -> Option<SmtpSettings> {
        match SmtpSettings::parse(url) {
            Ok(server) if production && server.security == Security::None && !server.is_local() => self.problem(
                "mail_smtp_url sends letters in clear to another machine, which production refuses: give \
                 TOUCHSTONE_MAIL_SMTP_URL smtp://… or smtps://…",
            ),
            Ok(server) => Some(server),
            // The URL is not repeated: somebody may have put a password into it.
            Err(fault) => self.problem(format!(
                "mail_smtp_url cannot be used, {fault}; a password goes into TOUCHSTONE_MAIL_SMTP_PASSWORD_FILE"
            )),
        }
    }

    fn credentials(
        &mut self,
        user: Option<String>,
        (password, file): (Option<String>, Option<PathBuf>),
    ) -> Option<(String, Password)> {
        let password = match (password, file) {
            (Some(password), _) => Some(Password::new(password)),
            (None, Some(path)) => self
                .bytes("mail_smtp_password_file", &path)
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map(|text| Password::new(text.trim_end_matches(['\r', '\n']))),
            (None, None) => None,
        };
        match (user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(_), None) => self.problem(
                "mail_smtp_user is set without a password: give TOUCHSTONE_MAIL_SMTP_PASSWORD_FILE, or leave both out",
            ),
            (None, Some(_)) => self.problem(
                "a password for the mail server is set without mail_smtp_user: give TOUCHSTONE_MAIL_SMTP_USER, or \
                 leave both out",
            ),
        }
    }

    fn list_id(&mut self, given: Option<String>, from: Option<&Sender>) -> Option<String> {
        let Some(text) = given else { return from.map(|from| format!("notices.{}", from.host())) };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if text.contains('.') && text.chars().all(fits) && text.len() <= 200 {
            return Some(text);
        }
        self.problem(
            "mail_list_id is no list id: give TOUCHSTONE_MAIL_LIST_ID letters, digits, points and hyphens, such as \
             notices.check.example.com",
        )
    }

    fn signer(
        &mut self,
        selector: Option<String>,
        domain: Option<String>,
        key: Option<PathBuf>,
        from: Option<&Sender>,
    ) -> Option<Signer> {
        let (selector, path) = match (selector, key) {
            (None, None) => return None,
            (Some(selector), Some(path)) => (selector, path),
            (Some(_), None) | (None, Some(_)) => {
                return self.problem(
                    "one of mail_dkim_selector and mail_dkim_key_file is set without the other: letters are signed \
                     by both, or go unsigned with neither",
                );
            }
        };
        let host = domain.or_else(|| Some(from?.host().to_owned()))?;
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if !plain(&selector) || !plain(&host) {
            return self.problem(
                "mail_dkim_selector or mail_dkim_domain is no name of a host: give such as s2026 and check.example.com",
            );
        }
        let pem = self.bytes("mail_dkim_key_file", &path)?;
        match Signer::new(&host, &selector, &pem) {
            Ok(signer) => Some(signer),
            Err(fault) => self.problem(format!(
                "mail_dkim_key_file {} cannot sign, {fault}; make one with: openssl genrsa 2048",
                path.display()
            )),
        }
    }

    fn bytes(&mut self, name: &str, path: &Path) -> Option<Vec<u8>> {
        match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => self.problem(format!(
                "{name} {} cannot be read ({error}): name a file that this user may read",
                path.display()
            )),
        }
    }
}
