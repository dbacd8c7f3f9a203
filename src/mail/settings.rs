//! How letters leave, as the settings say it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::House;
use super::address::Sender;
use super::dkim::Signer;
use super::supervisors::Supervisors;
use super::transport::smtp::Limits;
use super::transport::{Files, Smtp, Transport};

/// A password. Nothing shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// How a connection is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Encrypted after a word in clear, and never without (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Tls,
    None,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub credentials: Option<(String, Password)>,
    /// Certificates of authorities to be trusted beside those of the machine, in PEM.
    pub roots: Option<Vec<u8>>,
    pub connections: usize,
    /// Letters a minute to one host; 0 for as many as there are.
    pub per_minute: u32,
    pub limits: Limits,
}

/// Why a mail server's URL cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is none of smtp://host, smtps://host and smtp+plain://host, with :port where it is another than 587, 465, 25"
)]
pub struct NoServer;

impl SmtpSettings {
    /// Reads `smtp://host` (STARTTLS, port 587), `smtps://host` (TLS, port 465) or `smtp+plain://host` (port 25), with
    /// `:port` where it is another. User and password do not stand in it.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn parse(url: &str) -> Result<Self, NoServer> {
        let (scheme, place) = url.split_once("://").ok_or(NoServer)?;
        let (security, usual) = match scheme {
            "smtp" => (Security::Starttls, 587),
            "smtps" => (Security::Tls, 465),
            "smtp+plain" => (Security::None, 25),
            _ => return Err(NoServer), // No other scheme is mail.
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(NoServer)?)),
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| NoServer)?,
            None => usual,
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if host.is_empty() || !host.chars().all(fits) || port == 0 {
            return Err(NoServer);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            security,
            credentials: None,
            roots: None,
            connections: 8,
            per_minute: 0,
            limits: Limits::default(),
        })
    }

    /// Whether it is on this machine, where nobody listens on the way.
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

/// Where letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Post {
    Smtp(Box<SmtpSettings>),
    /// A directory of `.eml` files.
    Files(PathBuf),
}

/// Everything about letters.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub post: Post,
    pub from: Sender,
    /// RFC 2919, without its angle brackets.
    pub list_id: String,
    pub supervisors: Supervisors,
    pub signer: Option<Signer>,
}

impl MailSettings {
    /// A directory, for trying out.
    pub fn files(directory: impl Into<PathBuf>, from: Sender) -> Self {
        let list_id = format!("notices.{}", from.host());
        Self { post: Post::Files(directory.into()), from, list_id, supervisors: Supervisors::default(), signer: None }
    }

    pub fn house(&self) -> House {
        House { from: self.from.clone(), list_id: self.list_id.clone(), supervisors: self.supervisors.clone() }
    }

    /// The way that is set.
    ///
    /// # Errors
    ///
    /// A sentence on what cannot be used.
    pub fn transport(&self) -> Result<Transport, String> {
        Ok(match &self.post {
            Post::Files(directory) => Transport::Files(Arc::new(Files::new(directory))),
            Post::Smtp(settings) => {
                let smtp = Smtp::new((**settings).clone(), self.from.host(), self.signer.clone())?;
                Transport::Smtp(Arc::new(smtp))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_url() {
        let check = |url: &str, expected: Option<(&str, u16, Security)>| {
            let read = SmtpSettings::parse(url).ok();
            assert_eq!(read.as_ref().map(|s| (s.host.as_str(), s.port, s.security)), expected, "{url}");
        };
        check("smtp://mail.example.cn", Some(("mail.example.cn", 587, Security::Starttls)));
        check("smtps://mail.example.cn/", Some(("mail.example.cn", 465, Security::Tls)));
        check("smtp+plain://127.0.0.1:2525", Some(("127.0.0.1", 2525, Security::None)));
        check("smtp://[::1]:25", Some(("::1", 25, Security::Starttls)));
        for bad in [
            "",
            "mail.example.cn",
            "http://mail.example.cn",
            "smtp://",
            "smtp://a:b@mail.example.cn",
            "smtp://h:0",
            "smtp://h:99999",
            "smtp://h?tls=none",
            "smtp://h/x",
            "smtp://[::1",
            "smtp://[::1]x",
        ] {
            check(bad, None);
        }
        assert!(SmtpSettings::parse("smtp+plain://localhost").unwrap().is_local());
        assert!(!SmtpSettings::parse("smtp+plain://mail.example.cn").unwrap().is_local());
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(format!("{:?}", Password::new("hunter2")), "Password(…)");
    }
}
