//! Posting to an endpoint: bounded in time and memory, to no address that is not to be reached, without following where
//! it points.

use std::error::Error as _;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Response, StatusCode, Url};

use super::address::Allowed;

/// How long an endpoint is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From the first byte of the way there to the last header of the answer.
    pub total: Duration,
    /// Until a connection stands.
    pub connect: Duration,
    /// Without a byte.
    pub idle: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { total: Duration::from_secs(15), connect: Duration::from_secs(5), idle: Duration::from_secs(10) }
    }
}

/// So much of an answer's body is read, so that the connection can be used again; the rest is nobody's.
const BODY: usize = 4 * 1024;
/// So long is waited for it, once the status is known.
const BODY_TIME: Duration = Duration::from_secs(1);
/// Headers of an answer at the most.
const HEADERS: usize = 64;
/// An endpoint may ask for so much time at the most.
const LONGEST_WAIT: u64 = 6 * 3_600;

/// What is posted, with what signs it.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    /// Seconds since the Unix epoch.
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

/// What an endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a status of the two hundreds.
    Taken(u16),
    /// With another, or not at all; as a code of ours.
    Failed {
        code: String,
        /// It says that there is nothing here any more (410).
        gone: bool,
        retry_after: Option<Duration>,
    },
}

impl Answer {
    fn failed(code: impl Into<String>) -> Self {
        Answer::Failed { code: code.into(), gone: false, retry_after: None }
    }
}

/// Who posts. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Caller {
    /// By TLS, to the internet and to what the house allows.
    outside: Client,
    /// Also without TLS, to nothing but what the house allows.
    inside: Client,
    allowed: Arc<Allowed>,
}

/// An endpoint's URL that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("an endpoint is a whole address, such as https://example.com/touchstone")]
    Unreadable,
    #[error("an endpoint begins with https://")]
    NoTls,
    #[error("leave out user and password: a webhook is known by its signature")]
    Credentials,
    #[error("that address cannot be reached from here")]
    Forbidden,
}

/// A resolved name led only to addresses that may not be reached.
#[derive(Debug)]
struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every address of this name is one that may not be reached")
    }
}

impl std::error::Error for Forbidden {}

/// Resolves a name, and keeps the addresses that may be reached. What is connected to is one of these, so a name cannot
/// lead elsewhere between the look and the connection.
struct Guarded {
    allowed: Arc<Allowed>,
    inside: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, inside) = (self.allowed.clone(), self.inside);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |address: &SocketAddr| {
                if inside { allowed.holds(address.ip()) } else { allowed.admits(address.ip()) }
            };
            let addresses: Vec<SocketAddr> = found.filter(may).collect();
            if addresses.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The URL of an endpoint, if it can be one.
pub fn parse_url(text: &str, allowed: &Allowed) -> Result<Url, BadUrl> {
    let url = Url::parse(text).map_err(|_| BadUrl::Unreadable)?;
    if url.host_str().is_none_or(str::is_empty) || text.chars().count() > 2_000 {
        return Err(BadUrl::Unreadable);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUrl::Credentials);
    }
    match url.scheme() {
        "https" => {}
        // In a network of the house's own; which that is, the resolver sees to.
        "http" if !allowed.is_empty() => {}
        _ => return Err(BadUrl::NoTls), // Nothing else is signed for.
    }
    match literal(&url) {
        Some(address) if !allowed.admits(address) => Err(BadUrl::Forbidden),
        Some(address) if url.scheme() == "http" && !allowed.holds(address) => Err(BadUrl::NoTls),
        Some(_) | None => Ok(url),
    }
}

/// The address, where the URL names one and no name has to be resolved.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl Caller {
    /// `roots` are certificates (PEM) that are believed beside those of the machine.
    ///
    /// # Errors
    ///
    /// Where the machine has no TLS to offer, or a root is none.
    pub fn new(allowed: Allowed, times: Times, roots: &[Vec<u8>]) -> Result<Self, reqwest::Error> {
        // The process may have a provider of ciphers already; then it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let allowed = Arc::new(allowed);
        let roots = roots.iter().map(|pem| Certificate::from_pem(pem)).collect::<Result<Vec<_>, _>>()?;
        let build = |inside: bool| -> Result<Client, reqwest::Error> {
            let client: ClientBuilder = Client::builder()
                .redirect(Policy::none())
                // A proxy would do the connecting, and past every look at the address.
                .no_proxy()
                .timeout(times.total)
                .connect_timeout(times.connect)
                .read_timeout(times.idle)
                .pool_max_idle_per_host(2)
                .pool_idle_timeout(Duration::from_secs(30))
                .http1_only()
                .http1_max_headers(HEADERS)
                .referer(false)
                .https_only(!inside)
                .dns_resolver(Arc::new(Guarded { allowed: allowed.clone(), inside }));
            let client = if roots.is_empty() { client } else { client.tls_certs_merge(roots.clone()) };
            client.build()
        };
        Ok(Self { outside: build(false)?, inside: build(true)?, allowed })
    }

    /// Posts one message. Ends in time, whatever the other side does.
    pub async fn post(&self, url: &str, message: &Message) -> Answer {
        let url = match parse_url(url, &self.allowed) {
            Ok(url) => url,
            Err(BadUrl::Forbidden) => return Answer::failed("forbidden_address"),
            Err(BadUrl::Unreadable | BadUrl::NoTls | BadUrl::Credentials) => return Answer::failed("bad_url"),
        };
        let client = if url.scheme() == "http" { &self.inside } else { &self.outside };
        let request = client
            .post(url)
            .header(USER_AGENT, concat!("touchstone/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", &message.signature)
            .body(message.body.clone());
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => Answer::failed(code_of(&error)),
        }
    }
}

async fn judge(response: Response) -> Answer {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let answer = if status.is_success() {
        Answer::Taken(status.as_u16())
    } else {
        Answer::Failed {
            code: format!("http_{}", status.as_u16()),
            gone: status == StatusCode::GONE,
            retry_after: asked.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT))),
        }
    };
    // What it said is known; the rest only frees the connection, and is nobody's reason to wait.
    let _ = tokio::time::timeout(BODY_TIME, drain(response)).await;
    answer
}

async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if BODY < read {
            return;
        }
    }
}

/// Why there was no answer. The texts of the library name addresses; these do not.
fn code_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "timeout";
    }
    if let Some(code) = error.source().and_then(code_within) {
        return code;
    }
    if error.is_connect() { "connection" } else { "garbled" }
}

/// The same of what lies below it. An error of input and output names as its source what lies below the error that it
/// wraps, and one may wrap another: what is wrapped is asked first.
fn code_within(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if error.is::<Forbidden>() {
        return Some("forbidden_address");
    }
    if error.is::<rustls::Error>() {
        return Some("tls");
    }
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.and_then(|wrapped| code_within(wrapped)).or_else(|| error.source().and_then(code_within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_by_https_and_nothing_inside() {
        let none = Allowed::default();
        let check = |text: &str, expected: Option<BadUrl>| assert_eq!(parse_url(text, &none).err(), expected, "{text}");
        check("https://example.com/hook?a=1", None);
        check("https://8.8.8.8/hook", None);
        check("https://[2606:4700::1111]:8443/", None);
        check("http://example.com/hook", Some(BadUrl::NoTls));
        check("ftp://example.com/", Some(BadUrl::NoTls));
        check("example.com/hook", Some(BadUrl::Unreadable));
        check("https://", Some(BadUrl::Unreadable));
        check("https://user:secret@example.com/", Some(BadUrl::Credentials));
        for inside in ["127.0.0.1", "[::1]", "10.1.2.3", "169.254.169.254", "0x7f.1", "2130706433", "[::ffff:10.0.0.1]"]
        {
            check(&format!("https://{inside}/"), Some(BadUrl::Forbidden));
        }
    }

    #[test]
    fn without_tls_only_what_the_house_allows_is_reached() {
        let own = Allowed::new(vec!["127.0.0.1/32".parse().unwrap()]);
        assert!(parse_url("http://127.0.0.1:9/", &own).is_ok());
        assert_eq!(parse_url("http://8.8.8.8/", &own).err(), Some(BadUrl::NoTls));
        assert_eq!(parse_url("http://127.0.0.2/", &own).err(), Some(BadUrl::Forbidden));
    }

    #[test]
    fn a_fault_of_tls_is_found_however_often_it_is_wrapped() {
        let fault = || rustls::Error::General("the certificate is another host's".to_owned());
        let once = std::io::Error::other(fault());
        let twice = std::io::Error::other(std::io::Error::other(fault()));
        assert_eq!([code_within(&fault()), code_within(&once), code_within(&twice)], [Some("tls"); 3]);
        assert_eq!(code_within(&std::io::Error::other(Forbidden)), Some("forbidden_address"));
        assert_eq!(code_within(&std::io::Error::other("reset")), None);
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let caller = Caller::new(Allowed::default(), Times::default(), &[]).unwrap();
        let message = Message { id: "msg_1".into(), timestamp: 1, signature: "v1,".into(), body: "{}".into() };
        assert_eq!(caller.post("https://localhost:9/", &message).await, Answer::failed("forbidden_address"));
    }
}
