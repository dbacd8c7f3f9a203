//! A mail server that does as it is told, well or badly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does on a word.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// As a good server does.
    Well,
    Say(&'static str),
    /// Says nothing more, and keeps the line open.
    Hang,
    /// Hangs up.
    Reset,
    Garbage,
    /// Answers a byte at a time, and never comes to the end.
    Drip,
}

/// What it heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub connections: usize,
    /// The commands of all connections.
    pub commands: Vec<String>,
    /// The letters that it took, without the dots that were added.
    pub letters: Vec<String>,
}

impl Heard {
    pub fn count(&self, verb: &str) -> usize {
        self.commands.iter().filter(|command| command.starts_with(verb)).count()
    }
}

/// How encryption is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Nothing,
    Starttls,
    Tls,
}

pub struct Server {
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

/// A word of the other side: its verb, its whole line, and on which connection it was said, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    pub verb: &'a str,
    pub line: &'a str,
    pub connection: usize,
}

type Script = Arc<dyn Fn(&Word<'_>) -> Act + Send + Sync>;

impl Server {
    pub async fn start(act: impl Fn(&Word<'_>) -> Act + Send + Sync + 'static) -> Self {
        Self::offering(Offer::Nothing, act).await
    }

    pub async fn offering(offer: Offer, act: impl Fn(&Word<'_>) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (script, kept): (Script, _) = (Arc::new(act), heard.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = {
                    let mut heard = kept.lock().unwrap();
                    heard.connections += 1;
                    heard.connections
                };
                let talk = Talk { script: script.clone(), heard: kept.clone(), connection };
                tokio::spawn(async move {
                    match offer {
                        Offer::Tls => {
                            if let Ok(stream) = acceptor().accept(stream).await {
                                talk.talk(stream, false, true).await;
                            }
                        }
                        Offer::Starttls => {
                            if let Some(stream) = talk.talk(stream, true, true).await
                                && let Ok(stream) = acceptor().accept(stream).await
                            {
                                talk.talk(stream, false, false).await;
                            }
                        }
                        Offer::Nothing => {
                            talk.talk(stream, false, true).await;
                        }
                    }
                });
            }
        });
        Self { address, heard }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

/// Made out to `localhost`, and to no other host.
pub fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("server.pem")).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Talk {
    script: Script,
    heard: Arc<Mutex<Heard>>,
    connection: usize,
}

impl Talk {
    /// Talks to the end; gives the stream back where encryption is to begin.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, starttls: bool, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            self.answer(&mut stream, "greeting", "", "220 test ready").await?;
        }
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return None;
            }
            let said = line.trim_end().to_owned();
            let verb = said.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            self.heard.lock().unwrap().commands.push(said.clone());
            let usual = match verb.as_str() {
                "EHLO" if starttls => "250-test\r\n250-STARTTLS\r\n250 8BITMIME",
                "EHLO" => "250-test\r\n250-AUTH PLAIN LOGIN\r\n250-SMTPUTF8\r\n250 8BITMIME",
                "STARTTLS" => "220 go ahead",
                "AUTH" => "235 2.7.0 welcome",
                "DATA" => "354 go ahead",
                "QUIT" => "221 bye",
                _ => "250 2.0.0 ok", // Whatever else there is.
            };
            let class = self.answer(&mut stream, &verb, &said, usual).await?;
            match verb.as_str() {
                "STARTTLS" => return Some(stream.into_inner()),
                "QUIT" => return None,
                "DATA" if class == '3' => {
                    let mut letter = String::new();
                    loop {
                        line.clear();
                        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                            return None;
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    }
                    if self.answer(&mut stream, "letter", "", "250 2.0.0 taken").await? == '2' {
                        self.heard.lock().unwrap().letters.push(letter);
                    }
                }
                _ => {}
            }
        }
    }

    /// The class of what was answered; none where the talk is over.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        verb: &str,
        line: &str,
        usual: &str,
    ) -> Option<char> {
        let word = Word { verb, line, connection: self.connection };
        let text = match (self.script)(&word) {
            Act::Well => usual,
            Act::Say(text) => text,
            Act::Hang => std::future::pending().await,
            Act::Reset => return None,
            Act::Garbage => "\u{0}\u{1}\u{fffd}not a code at all",
            Act::Drip => {
                let mut beat = tokio::time::interval(std::time::Duration::from_millis(10));
                while stream.write_all(b"2").await.is_ok() {
                    let _ = stream.flush().await;
                    beat.tick().await;
                }
                return None;
            }
        };
        stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        text.chars().next()
    }
}
