//! SMTP (RFC 5321) to one server that takes our mail and delivers it on: a relay, or a provider.
//!
//! Connections are kept and used again, since a greeting costs more than a letter. A refused recipient costs a reset and
//! not the connection. What a server answers is told by its codes alone (RFC 3463); its text may name somebody.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::rate::Rate;
use super::wire::{Encrypted, Wire};
use super::{Accepted, Failure};
use crate::mail::Letter;
use crate::mail::dkim::Signer;
use crate::mail::mime::{self, Posted};
use crate::mail::settings::{Security, SmtpSettings};

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until there is a connection that can be used, with TLS and a name.
    pub connect: Duration,
    /// One command with its answer; the letter itself is one.
    pub command: Duration,
    /// One letter from the beginning to the end.
    pub letter: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), command: Duration::from_secs(30), letter: Duration::from_secs(60) }
    }
}

/// A connection that nobody has used for so long is not trusted any more.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// Letters on one connection; then another is made, since many servers count.
const LETTERS: u32 = 1_000;

/// What a goodbye may cost.
const GOODBYE: Duration = Duration::from_secs(2);

/// A connection that is kept.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
    letters: u32,
}

/// How encryption is begun.
enum Cipher {
    None,
    Starttls(TlsParameters),
    Tls(TlsConnector, ServerName<'static>),
}

/// The way to one server.
pub struct Smtp {
    settings: SmtpSettings,
    cipher: Cipher,
    hello: ClientId,
    kept: Mutex<Vec<Kept>>,
    seats: Semaphore,
    rate: Option<Rate>,
    signer: Option<Signer>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.settings.host).finish_non_exhaustive()
    }
}

/// Why a letter was not taken, and whether the connection is still good.
enum Trouble {
    Refused(Failure),
    Broken(Failure),
}

/// Which word the server answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Greeting, encryption, name and password.
    Connect,
    Sender,
    Recipient,
    Letter,
}

impl Smtp {
    /// Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// A sentence on a certificate or a host that cannot be used.
    pub fn new(settings: SmtpSettings, hello: &str, signer: Option<Signer>) -> Result<Self, String> {
        let cipher = match settings.security {
            Security::None => Cipher::None,
            Security::Starttls => Cipher::Starttls(parameters(&settings)?),
            Security::Tls => {
                let name = ServerName::try_from(settings.host.clone())
                    .map_err(|_| "the mail server's host is no name that a certificate can be for".to_owned())?;
                Cipher::Tls(connector(&settings)?, name)
            }
        };
        Ok(Self {
            cipher,
            hello: ClientId::Domain(hello.to_owned()),
            kept: Mutex::default(),
            seats: Semaphore::new(settings.connections.max(1)),
            rate: Rate::per_minute(settings.per_minute),
            signer,
            settings,
        })
    }

    /// Sends one letter.
    ///
    /// # Errors
    ///
    /// Why it was not taken.
    pub async fn send(&self, letter: &Letter) -> Result<Accepted, Failure> {
        let mut posted = mime::post(letter)?;
        if let Some(rate) = &self.rate
            && let Some(to) = posted.envelope.to().first()
            && let Err(wait) = rate.take(to.domain(), Instant::now())
        {
            return Err(Failure { permanent: false, code: "domain_rate".to_owned(), retry_after: Some(wait) });
        }
        if let Some(signer) = &self.signer {
            posted.bytes = signer.sign(&posted.bytes, letter.date);
        }
        let work = async {
            let Ok(_seat) = self.seats.acquire().await else { return Err(Failure::transient("closed")) };
            self.carry(&posted).await
        };
        timeout(self.settings.limits.letter, work).await.unwrap_or_else(|_| Err(Failure::transient("timeout")))
    }

    /// Says goodbye on the connections that are kept.
    pub async fn close(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        for mut kept in kept {
            let _ = timeout(GOODBYE, kept.connection.quit()).await;
        }
    }

    /// Takes a letter to the server, on a connection that is kept or on a new one.
    async fn carry(&self, posted: &Posted) -> Result<Accepted, Failure> {
        if let Some(kept) = self.kept() {
            match self.deliver(kept, posted).await {
                // The server hung up between two letters, which it may: this one was not begun.
                Err((Trouble::Broken(_), Step::Sender)) => {}
                Ok(accepted) => return Ok(accepted),
                Err((Trouble::Broken(failure) | Trouble::Refused(failure), _)) => return Err(failure),
            }
        }
        let fresh = Kept { connection: self.connect().await?, since: Instant::now(), letters: 0 };
        self.deliver(fresh, posted).await.map_err(|(trouble, _)| match trouble {
            Trouble::Broken(failure) | Trouble::Refused(failure) => failure,
        })
    }

    fn kept(&self) -> Option<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one used is the one that is most surely alive; those behind it are no younger.
        let last = kept.pop().filter(|last| last.since.elapsed() < KEPT_FOR);
        if last.is_none() {
            kept.clear();
        }
        last
    }

    fn keep(&self, connection: AsyncSmtpConnection, letters: u32) {
        if letters < LETTERS && !connection.has_broken() {
            let kept = Kept { connection, since: Instant::now(), letters };
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let work = async {
            let place = (self.settings.host.as_str(), self.settings.port);
            let tcp = TcpStream::connect(place).await.map_err(|_| Failure::transient("connection"))?;
            let wire = Wire::new(tcp).map_err(|_| Failure::transient("connection"))?;
            let told = |error: lettre::transport::smtp::Error| failure(&error, Step::Connect);
            let mut connection = match &self.cipher {
                Cipher::Tls(connector, name) => {
                    let encrypted = connector.connect(name.clone(), wire).await;
                    let encrypted = encrypted.map_err(|_| Failure::transient("tls"))?;
                    AsyncSmtpConnection::connect_with_transport(Box::new(Encrypted(encrypted)), &self.hello).await
                }
                Cipher::None | Cipher::Starttls(_) => {
                    AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello).await
                }
            }
            .map_err(told)?;
            if let Cipher::Starttls(parameters) = &self.cipher {
                if !connection.can_starttls() {
                    // A letter does not go in clear because somebody on the way took the offer out.
                    return Err(Failure::transient("no_tls"));
                }
                connection
                    .starttls(parameters.clone(), &self.hello)
                    .await
                    .map_err(|error| if error.status().is_some() { told(error) } else { Failure::transient("tls") })?;
            }
            if let Some((user, password)) = &self.settings.credentials {
                let credentials = Credentials::new(user.clone(), password.expose().to_owned());
                // Whatever it says: not this letter's recipient is at fault.
                connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(|_| Failure::transient("auth"))?;
            }
            Ok(connection)
        };
        timeout(self.settings.limits.connect, work).await.unwrap_or_else(|_| Err(Failure::transient("timeout")))
    }

    /// One letter on one connection, which is kept if it is still good.
    async fn deliver(&self, mut kept: Kept, posted: &Posted) -> Result<Accepted, (Trouble, Step)> {
        let answer = self.say(&mut kept.connection, posted).await;
        match answer {
            Ok(accepted) => {
                self.keep(kept.connection, kept.letters + 1);
                Ok(accepted)
            }
            Err((Trouble::Refused(failure), step)) => {
                // After the letter itself nothing is left open; before it, the transaction is.
                if step == Step::Letter || self.reset(&mut kept.connection).await {
                    self.keep(kept.connection, kept.letters + 1);
                }
                Err((Trouble::Refused(failure), step))
            }
            Err(broken @ (Trouble::Broken(_), _)) => Err(broken),
        }
    }

    /// Whether the server is ready for another letter after it refused one.
    async fn reset(&self, connection: &mut AsyncSmtpConnection) -> bool {
        matches!(timeout(self.settings.limits.command, connection.command(Rset)).await, Ok(Ok(_)))
    }

    async fn say(&self, connection: &mut AsyncSmtpConnection, posted: &Posted) -> Result<Accepted, (Trouble, Step)> {
        let mut parameters = Vec::new();
        let mut addresses = posted.envelope.to().iter().chain(posted.envelope.from());
        if !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err((Trouble::Refused(Failure::permanent("smtputf8")), Step::Recipient));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !posted.bytes.is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err((Trouble::Refused(Failure::permanent("8bitmime")), Step::Recipient));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let limit = self.settings.limits.command;
        macro_rules! say {
            ($step:expr, $words:expr) => {
                match timeout(limit, $words).await {
                    Err(_) => return Err((Trouble::Broken(Failure::transient("timeout")), $step)),
                    Ok(Err(error)) => return Err((trouble(&error, $step), $step)),
                    Ok(Ok(answer)) => answer,
                }
            };
        }
        say!(Step::Sender, connection.command(Mail::new(posted.envelope.from().cloned(), parameters)));
        for to in posted.envelope.to() {
            say!(Step::Recipient, connection.command(Rcpt::new(to.clone(), Vec::new())));
        }
        say!(Step::Letter, connection.command(Data));
        let answer = say!(Step::Letter, connection.message(&posted.bytes));
        Ok(Accepted { code: format!("smtp_{}", answer.code()) })
    }
}

/// What a fault does to the connection.
fn trouble(error: &lettre::transport::smtp::Error, step: Step) -> Trouble {
    let failure = failure(error, step);
    match error.status() {
        // 421: it closes the connection (RFC 5321, section 3.8).
        Some(code) if code.to_string() != "421" => Trouble::Refused(failure),
        Some(_) | None => Trouble::Broken(failure),
    }
}

/// What a fault says of the letter. That we are not known, or are not let in, is nothing against its recipient: such
/// letters wait.
fn failure(error: &lettre::transport::smtp::Error, step: Step) -> Failure {
    let Some(code) = error.status() else {
        let code = if error.is_timeout() {
            "timeout"
        } else if error.is_tls() {
            "tls"
        } else if error.is_response() {
            "garbled"
        } else {
            "connection"
        };
        return Failure::transient(code);
    };
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    classify(&code.to_string(), error.is_permanent(), &said, step)
}

fn classify(code: &str, permanent: bool, said: &str, step: Step) -> Failure {
    let enhanced = enhanced(said);
    let of_recipient = match step {
        Step::Connect | Step::Sender => false,
        Step::Recipient | Step::Letter => true,
    };
    // A full mailbox is emptied some day (RFC 3463, section 3.3); a class of 4 beside a 5 is the milder word.
    let may_end = enhanced.is_some_and(|(class, subject, detail)| class == 4 || (subject, detail) == (2, 2));
    let code = match enhanced {
        Some((class, subject, detail)) => format!("smtp_{code}_{class}.{subject}.{detail}"),
        None => format!("smtp_{code}"),
    };
    Failure { permanent: permanent && of_recipient && !may_end, code, retry_after: None }
}

/// The enhanced status code that an answer begins with (RFC 3463, section 2).
fn enhanced(said: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = said.split_whitespace().next()?.split('.');
    let mut number = |most: usize| {
        let text = numbers.next().filter(|text| (1..=most).contains(&text.len()))?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let code = (number(1)?, number(3)?, number(3)?);
    (matches!(code.0, 2 | 4 | 5) && numbers.next().is_none()).then_some(code)
}

/// What lettre encrypts by, after STARTTLS.
fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.roots {
        let root = Certificate::from_pem(pem).map_err(|_| UNREADABLE.to_owned())?;
        builder = builder.add_root_certificate(root);
    }
    builder.build().map_err(|error| format!("the mail server cannot be spoken to in TLS: {error}"))
}

const UNREADABLE: &str = "the file of certificates for the mail server holds none that can be read";

/// What we encrypt by from the first byte: the roots of this machine, and those that the settings add.
fn connector(settings: &SmtpSettings) -> Result<TlsConnector, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = &settings.roots {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
            added.ok_or(UNREADABLE)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_codes() {
        let check = |code: &str, said: &str, step: Step, permanent: bool, expected: &str| {
            let failure = classify(code, code.starts_with('5'), said, step);
            assert_eq!((failure.permanent, failure.code.as_str()), (permanent, expected), "{code} {said}");
        };
        check("550", "5.1.1 <li@example.cn>: no such user", Step::Recipient, true, "smtp_550_5.1.1");
        check("550", "no such user", Step::Recipient, true, "smtp_550");
        check("552", "5.2.2 mailbox full", Step::Recipient, false, "smtp_552_5.2.2");
        check("550", "4.7.1 try again", Step::Recipient, false, "smtp_550_4.7.1");
        check("451", "4.7.1 greylisted", Step::Recipient, false, "smtp_451_4.7.1");
        check("554", "5.7.1 refused", Step::Letter, true, "smtp_554_5.7.1");
        // Nothing of these is the recipient's.
        check("550", "5.7.1 you are not known here", Step::Sender, false, "smtp_550_5.7.1");
        check("554", "no service", Step::Connect, false, "smtp_554");
    }

    #[test]
    fn an_enhanced_code_is_read_where_there_is_one() {
        let check = |said: &str, expected| assert_eq!(enhanced(said), expected, "{said:?}");
        check("5.1.1 gone", Some((5, 1, 1)));
        check("4.7.100", Some((4, 7, 100)));
        for none in
            ["", "gone", "5.1", "5.1.1.1", "5.1.1000 x", "6.1.1 x", "+5.1.1", "5.+1.1", "5..1", "127.0.0.1 said"]
        {
            check(none, None);
        }
    }
}
