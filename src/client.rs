//! A small client of the service's own interface: HTTP/1.1 and JSON over one connection that is kept open. The demo and
//! the measurements go through it, so that they meet the service as anybody else does.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use uuid::Uuid;

/// How long an answer may take. The service gives up earlier and says so.
const PATIENCE: Duration = Duration::from_secs(90);

/// One connection to the service, opened when it is first needed and again when it broke.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    secret: Option<String>,
    /// Every write has one. It makes it safe to send a write again whose answer was lost.
    idempotency_key: Option<String>,
    /// Beside those above.
    header: Option<(&'static str, String)>,
    media_type: Option<String>,
    body: Bytes,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub body: Bytes,
    asked: Asked,
}

#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    path: String,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Why there is no answer, or not the one that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nobody answers at {address}: {source}")]
    Unreachable {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("{asked} got no answer: {why}")]
    Broken { asked: String, why: String },
    #[error("{asked} was answered {status} {code}: {detail}")]
    Refused { asked: String, status: u16, code: String, detail: String },
    #[error("{asked} was answered {status} with something that is no JSON")]
    NotJson { asked: String, status: u16 },
    #[error("{asked} was answered without {member}")]
    Incomplete { asked: String, member: String },
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into(), Bytes::new(), None)
    }

    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::write(Method::POST, path.into(), body)
    }

    pub fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::write(Method::PUT, path.into(), body)
    }

    /// A browser's form. It takes no idempotency key.
    pub fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            let sign = if body.is_empty() { "" } else { "&" };
            body.push_str(&format!("{sign}{name}={}", encoded(value)));
        }
        let media_type = "application/x-www-form-urlencoded".to_owned();
        Self::new(Method::POST, path.into(), Bytes::from(body), Some(media_type))
    }

    /// A file with the fields before it.
    pub fn upload(path: impl Into<String>, fields: &[(&str, &str)], file: Upload) -> Self {
        let boundary = Uuid::new_v4().simple().to_string();
        let mut body = BytesMut::with_capacity(file.bytes.len() + 512);
        for (name, value) in fields {
            let part = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.put_slice(part.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}\"\r\ncontent-type: {}\r\n\r\n",
            file.name, file.media_type
        );
        body.put_slice(head.as_bytes());
        body.put_slice(file.bytes);
        body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let media_type = format!("multipart/form-data; boundary={boundary}");
        Self::new(Method::POST, path.into(), body.freeze(), Some(media_type)).idempotent(&Uuid::now_v7().to_string())
    }

    /// Whose key it is asked with.
    pub fn by(mut self, secret: &str) -> Self {
        self.secret = Some(secret.to_owned());
        self
    }

    /// Another idempotency key than a fresh one.
    pub fn idempotent(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    /// One more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.header = Some((name, value.to_owned()));
        self
    }

    fn write(method: Method, path: String, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self::new(method, path, body, Some("application/json".to_owned())).idempotent(&Uuid::now_v7().to_string())
    }

    fn new(method: Method, path: String, body: Bytes, media_type: Option<String>) -> Self {
        Self { method, path, secret: None, idempotency_key: None, header: None, media_type, body }
    }

    fn asked(&self) -> Asked {
        Asked { method: self.method.clone(), path: self.path.clone() }
    }

    fn request(&self, host: SocketAddr) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request =
            Request::builder().method(self.method.clone()).uri(self.path.as_str()).header(HOST, host.to_string());
        if let Some(secret) = &self.secret {
            request = request.header(AUTHORIZATION, format!("Bearer {secret}"));
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some((name, value)) = &self.header {
            request = request.header(*name, value);
        }
        if let Some(media_type) = &self.media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        request.body(Full::new(self.body.clone()))
    }
}

/// A value as a form holds it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A file to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    pub name: &'static str,
    pub media_type: &'static str,
    pub bytes: &'static [u8],
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Asks, and answers whatever came back. A connection that broke before the answer is opened once more: what is
    /// repeated is a read, or a write that carries its idempotency key.
    pub async fn send(&mut self, call: &Call) -> Result<Answer, Error> {
        let was_open = self.open.is_some();
        match self.try_send(call).await {
            Err(Error::Broken { .. }) if was_open => self.try_send(call).await,
            answer => answer,
        }
    }

    /// Asks for JSON, and takes nothing but a success.
    pub async fn call(&mut self, call: &Call) -> Result<Answer, Error> {
        let answer = self.send(call).await?;
        if answer.is_success() { Ok(answer) } else { Err(answer.refused()) }
    }

    async fn try_send(&mut self, call: &Call) -> Result<Answer, Error> {
        let asked = call.asked();
        let broken = |why: &dyn fmt::Display| Error::Broken { asked: asked.to_string(), why: why.to_string() };
        let mut sender = match self.open.take() {
            Some(sender) if !sender.is_closed() => sender,
            Some(_) | None => self.connect().await?,
        };
        let request = call.request(self.address).map_err(|error| broken(&error))?;
        let exchange = async {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
            let body = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, etag, body))
        };
        let (status, etag, body) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| broken(&format_args!("{} seconds passed", PATIENCE.as_secs())))?
            .map_err(|error| broken(&error))?;
        self.open = Some(sender);
        Ok(Answer { status: status.as_u16(), etag, body, asked })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Error> {
        let unreachable = |source| Error::Unreachable { address: self.address, source };
        let stream = TcpStream::connect(self.address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| Error::Broken {
            asked: format!("a connection to {}", self.address),
            why: error.to_string(),
        })?;
        // It ends by itself, with the sender or with the stream; what went wrong is told to the sender.
        tokio::spawn(async { drop(connection.await) });
        Ok(sender)
    }
}

impl Answer {
    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }

    pub fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Error::NotJson { asked: self.asked.to_string(), status: self.status })
    }

    /// The error that the problem document of this answer tells of.
    pub fn refused(&self) -> Error {
        let problem = self.json().unwrap_or(Value::Null);
        let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut detail = text("detail");
        for fault in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let part = |name: &str| fault.get(name).and_then(Value::as_str).unwrap_or_default();
            detail.push_str(&format!("; {} {}", part("pointer"), part("detail")));
        }
        Error::Refused { asked: self.asked.to_string(), status: self.status, code: text("code"), detail }
    }

    /// The error of an answer that lacks what it should have.
    pub fn lacks(&self, member: &str) -> Error {
        Error::Incomplete { asked: self.asked.to_string(), member: member.to_owned() }
    }

    /// A text of the answer, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Result<String, Error> {
        let value = self.json()?;
        value.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| self.lacks(pointer))
    }

    /// A whole number of the answer, by its JSON pointer.
    pub fn number(&self, pointer: &str) -> Result<i64, Error> {
        self.json()?.pointer(pointer).and_then(Value::as_i64).ok_or_else(|| self.lacks(pointer))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection so many requests with this, then closes it without a word.
    async fn server(answers_each: usize, answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                for _ in 0..answers_each {
                    let mut request = vec![0; 4_096];
                    if stream.read(&mut request).await.unwrap() == 0 {
                        break;
                    }
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn a_connection_that_the_other_side_closed_is_opened_again() {
        let address = server(1, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\netag: \"3\"\r\n\r\n{\"seq\":3}").await;
        let mut client = Client::new(address);
        for _ in 0..3 {
            let answer = client.send(&Call::get("/v1/pieces/x")).await.unwrap();
            assert_eq!((answer.status, answer.etag.as_deref()), (200, Some("\"3\"")));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code_and_its_fields() {
        let body = r#"{"code":"malformed","detail":"two faults","errors":[{"pointer":"/a","detail":"too big"}]}"#;
        let answer = format!("HTTP/1.1 422 Unprocessable\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let address = server(9, Box::leak(answer.into_boxed_str())).await;
        let error = Client::new(address).call(&Call::post("/v1/orders", &Value::Null)).await.unwrap_err();
        assert_eq!(error.to_string(), "POST /v1/orders was answered 422 malformed: two faults; /a too big");
    }

    #[tokio::test]
    async fn a_closed_door_is_told_with_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Client::new(address).send(&Call::get("/livez")).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("nobody answers at {address}")), "{error}");
    }
}
