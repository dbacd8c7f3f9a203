//! The whole service over a database of its own, without a socket, and a client for each part in it.
//!
//! ```ignore
//! let app = TestApp::new(db).await;
//! let placed = app.platform().post("/v1/orders", sample_order("KS1")).await.expect(201);
//! ```
//!
//! The house has the warehouses `w-1` and `w-2`. `app.platform()` is the platform `kuai`; staff work in `w-1`. Each
//! client is a person of their own; what these roles need beyond it is made by [`TestApp::key`].
#![allow(dead_code)] // The tests that need the rest of it come one by one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchstone::clock::Clock;
use touchstone::desk::{Desk, KeyGrant, KeyScope, Options, Place};
use touchstone::domain::actor::Role;
use touchstone::domain::ids::{KeyId, LaboratoryId, MerchantId, PersonId, TenantId, WarehouseId};
use touchstone::http::{self, App, Settings};
use touchstone::store::Store;
use touchstone::store::entity::laboratories;
use touchstone::vault::Secrets;
use tower::ServiceExt;
use uuid::Uuid;

use crate::dying::Mortal;
use crate::support::{TestDatabase, commit_known_seeds};

/// The platform of the clients that name none.
pub const TENANT: &str = "kuai";
/// The merchant of [`sample_order`], and of `app.merchant()`.
pub const MERCHANT: &str = "m-1";
/// The warehouse of the staff who name none.
pub const WAREHOUSE: &str = "w-1";
const LABORATORY: &str = "lab-1";

/// The service, its clients by role, and the folder that its photos lie in.
pub struct TestApp {
    pub app: App,
    router: axum::Router,
    staff: Vec<Client>,
    settings: Settings,
    secrets: Secrets,
    mortal: Option<Arc<Mortal>>,
    _data: TempDir,
}

/// How a [`TestApp`] is set up.
pub struct Builder<'a> {
    database: &'a TestDatabase,
    options: Options,
    settings: Settings,
    secrets: Secrets,
    data: TempDir,
}

impl Builder<'_> {
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The same secrets open what an earlier app over this database has sealed.
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Migrates the database and opens the house, with its two warehouses and a key for each role.
    pub async fn open(self) -> TestApp {
        let store = self.database.migrated().await;
        commit_known_seeds(&store, &self.secrets, Timestamp::now()).await;
        let desk = Desk::open(store, &self.secrets, self.options.clone()).expect("the desk opens");
        let (settings, secrets) = (self.settings.clone(), self.secrets.clone());
        let app = App::new(desk, self.settings, None).expect("the shelf opens");
        let router = http::router(app.clone());
        let mortal = self.database.deaths().map(|deaths| {
            let own = (app.desk().clone(), secrets.clone(), self.options, settings.clone());
            Arc::new(Mortal::new(own, deaths.clone()))
        });
        let mut test = TestApp { router, app, staff: Vec::new(), settings, secrets, mortal, _data: self.data };
        let laboratory = laboratories::Model {
            id: LABORATORY.to_owned(),
            name: "示例检测实验室".to_owned(),
            cma: Some("CMA-0001".to_owned()),
            cnas: Some("CNAS L0001".to_owned()),
            created_at: 0,
        };
        test.app.desk().put_laboratory(laboratory).await.expect("a laboratory can be added");
        for (id, name) in [(WAREHOUSE, "深圳质检仓"), ("w-2", "杭州质检仓")] {
            let place = Place {
                id: WarehouseId::parse(id).expect("an id"),
                name: name.to_owned(),
                address: format!("示例省样品市检验路 {id}"),
                timezone: "Asia/Shanghai".to_owned(),
                laboratory: LaboratoryId::parse(LABORATORY).ok(),
            };
            test.app.desk().put_warehouse(&place, Timestamp::now()).await.expect("a warehouse can be added");
        }
        let balance = touchstone::store::entity::devices::Model {
            id: "b-1".to_owned(),
            warehouse_id: WAREHOUSE.to_owned(),
            kind: "balance".to_owned(),
            serial: None,
            permissible_error_ug: Some(10_000),
            adjusted_at: Some(0),
            adjustment_expires_at: Some("2100-01-01T00:00:00Z".parse::<Timestamp>().expect("a time").as_microsecond()),
            created_at: 0,
        };
        test.app.desk().put_device(balance).await.expect("a balance can be added");
        for (role, scope) in [
            (Role::Platform, tenant(TENANT)),
            (Role::Merchant, merchant(TENANT, MERCHANT)),
            (Role::Clerk, warehouse(WAREHOUSE)),
            (Role::Inspector, warehouse(WAREHOUSE)),
            (Role::Inspector, warehouse(WAREHOUSE)),
            (Role::Supervisor, warehouse(WAREHOUSE)),
            (Role::Auditor, KeyScope::default()),
            (Role::Operator, KeyScope::default()),
        ] {
            let client = test.key(role, scope).await;
            test.staff.push(client);
        }
        test
    }
}

impl TestApp {
    /// The usual house.
    pub async fn new(database: &TestDatabase) -> TestApp {
        Self::builder(database).open().await
    }

    pub fn builder(database: &TestDatabase) -> Builder<'_> {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let settings = Settings {
            public_url: "https://touchstone.example".to_owned(),
            data_dir: data.path().to_owned(),
            photos_url: None,
            max_body_bytes: 21 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            webhook_networks: touchstone::courier::address::Allowed::new(vec![
                "127.0.0.1/32".parse().expect("a network"),
            ]),
            clock: Clock::system(),
        };
        let options = Options { public_url: settings.public_url.clone(), ..Options::default() };
        Builder { database, options, settings, secrets: Secrets::random(), data }
    }

    /// The same house over a copy of its database. Its clients are those of [`Client::over`].
    pub async fn over(&self, copy: &TestDatabase) -> TestApp {
        let options = Options { public_url: self.settings.public_url.clone(), ..Options::default() };
        let desk = Desk::open(copy.open().await, &self.secrets, options).expect("the desk opens");
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let settings = Settings { data_dir: data.path().to_owned(), ..self.settings.clone() };
        let app = App::new(desk, settings.clone(), None).expect("the shelf opens");
        let router = http::router(app.clone());
        let secrets = self.secrets.clone();
        let mut test = TestApp { router, app, staff: Vec::new(), settings, secrets, mortal: None, _data: data };
        test.staff = self.staff.iter().map(|client| client.over(&test)).collect();
        test
    }

    pub fn desk(&self) -> &Desk {
        self.app.desk()
    }

    pub fn store(&self) -> &Store {
        self.app.desk().store()
    }

    /// The platform `kuai`. It acts for a merchant by [`Client::on_behalf_of`].
    pub fn platform(&self) -> &Client {
        &self.staff[0]
    }

    /// The merchant `m-1` of `kuai`, with a key of their own.
    pub fn merchant(&self) -> &Client {
        &self.staff[1]
    }

    pub fn clerk(&self) -> &Client {
        &self.staff[2]
    }

    pub fn inspector(&self) -> &Client {
        &self.staff[3]
    }

    /// Another person than [`inspector`](Self::inspector).
    pub fn second_inspector(&self) -> &Client {
        &self.staff[4]
    }

    pub fn supervisor(&self) -> &Client {
        &self.staff[5]
    }

    pub fn auditor(&self) -> &Client {
        &self.staff[6]
    }

    pub fn operator(&self) -> &Client {
        &self.staff[7]
    }

    /// Somebody without a key.
    pub fn stranger(&self) -> Client {
        Client {
            router: self.router.clone(),
            mortal: self.mortal.clone(),
            secret: None,
            on_behalf_of: None,
            person: PersonId(Uuid::nil()),
            key: KeyId(Uuid::nil()),
        }
    }

    /// A new person with a key, such as `app.key(Role::Clerk, warehouse("w-2"))`.
    pub async fn key(&self, role: Role, scope: KeyScope) -> Client {
        self.key_of(None, role, scope).await
    }

    /// Another key of a person who has one.
    pub async fn key_of(&self, person: Option<PersonId>, role: Role, scope: KeyScope) -> Client {
        let name = person.is_none().then(|| format!("测试{role}"));
        let grant = KeyGrant { person, name, role, scope, expires_at: None };
        let (row, secret) = self.desk().create_key(&grant, Timestamp::now()).await.expect("a key can be made");
        self.client(&secret, PersonId(row.person_id), KeyId(row.id))
    }

    /// A client with a key that was made elsewhere.
    pub fn client(&self, secret: &str, person: PersonId, key: KeyId) -> Client {
        let (router, mortal) = (self.router.clone(), self.mortal.clone());
        Client { router, mortal, secret: Some(secret.to_owned()), on_behalf_of: None, person, key }
    }
}

/// The scope of a platform's key.
pub fn tenant(id: &str) -> KeyScope {
    KeyScope { tenant_id: Some(TenantId::parse(id).expect("an id")), ..KeyScope::default() }
}

/// The scope of a merchant's key.
pub fn merchant(platform: &str, id: &str) -> KeyScope {
    KeyScope { merchant_id: Some(MerchantId::parse(id).expect("an id")), ..tenant(platform) }
}

/// The scope of a clerk's, inspector's or supervisor's key.
pub fn warehouse(id: &str) -> KeyScope {
    KeyScope { warehouse_id: Some(WarehouseId::parse(id).expect("an id")), ..KeyScope::default() }
}

/// One person with one key.
#[derive(Clone)]
pub struct Client {
    router: axum::Router,
    mortal: Option<Arc<Mortal>>,
    secret: Option<String>,
    on_behalf_of: Option<String>,
    pub person: PersonId,
    pub key: KeyId,
}

impl Client {
    /// The same person with the same key, asking another app over the same keys.
    pub fn over(&self, app: &TestApp) -> Client {
        Client { router: app.router.clone(), mortal: app.mortal.clone(), ..self.clone() }
    }

    /// The same platform, acting for one of its merchants.
    pub fn on_behalf_of(&self, merchant: &str) -> Client {
        Client { on_behalf_of: Some(merchant.to_owned()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Posts with a fresh idempotency key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    /// Puts with a fresh idempotency key.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path).json(body).send().await
    }

    /// Uploads a photo with a fresh idempotency key.
    pub async fn upload(&self, path: &str, kind: &str, photo: &[u8]) -> Answer {
        self.call(Method::POST, path).form(kind, photo).send().await
    }

    /// A request to be shaped further before it is sent. Other methods than GET have a fresh idempotency key.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let mut headers = HeaderMap::new();
        if let Some(secret) = &self.secret {
            headers.insert(header::AUTHORIZATION, value(&format!("Bearer {secret}")));
        }
        if let Some(merchant) = &self.on_behalf_of {
            headers.insert("on-behalf-of", value(merchant));
        }
        if method != Method::GET {
            headers.insert("idempotency-key", value(&Uuid::now_v7().to_string()));
        }
        let (router, mortal) = (self.router.clone(), self.mortal.clone());
        Call { router, mortal, method, path: path.to_owned(), headers, body: Vec::new() }
    }
}

/// One request.
#[derive(Clone)]
pub struct Call {
    router: axum::Router,
    mortal: Option<Arc<Mortal>>,
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    /// Gives the idempotency key, so that a test can repeat the request.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Sends it only if the piece's journal has this length.
    pub fn if_match(self, seq: i64) -> Self {
        self.header("if-match", &format!("\"{seq}\""))
    }

    pub fn header(mut self, name: &'static str, text: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), value(text));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    /// A photo of a kind, as a form.
    pub fn form(self, kind: &str, photo: &[u8]) -> Self {
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--edge\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"photo.jpg\"\r\n\r\n"
        );
        let body = [head.as_bytes(), photo, b"\r\n--edge--\r\n"].concat();
        self.bytes("multipart/form-data; boundary=edge", body)
    }

    /// A body as it stands, also one that is no JSON.
    pub fn bytes(mut self, media: &str, body: Vec<u8>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, value(media));
        self.body = body;
        self
    }

    /// Where the machine dies, it is sent until it was done.
    pub async fn send(self) -> Answer {
        match self.mortal.clone() {
            Some(mortal) => Box::pin(mortal.ask(self)).await,
            None => self.at_once().await,
        }
    }

    /// Sends it to the house that does not die.
    pub async fn at_once(self) -> Answer {
        let body = Body::from(self.body.clone());
        self.send_body(body).await
    }

    /// Sends it to another house.
    pub async fn over(self, router: axum::Router) -> Answer {
        Call { router, ..self }.at_once().await
    }

    /// Sends it with a body that comes piece by piece, or not at all.
    pub async fn send_body(self, body: Body) -> Answer {
        let told = format!("{} {}", self.method, self.path);
        let mut request = Request::builder().method(self.method).uri(&self.path).body(body).expect("a request");
        *request.headers_mut() = self.headers;
        let response = self.router.oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the answer can be read").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = bytes.to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { told, status: parts.status, headers: parts.headers, text, body, json }
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header's value")
}

/// What the service said.
#[derive(Clone)]
pub struct Answer {
    told: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Vec<u8>,
    /// Null where the answer is no JSON.
    pub json: Value,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json
    }

    /// A problem with this status and code, as RFC 9457 wants it.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.json["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], json!(status), "{self:?}");
        assert!(self.json["request_id"].is_string(), "{self:?}");
        self.json
    }

    /// The pointers of a 422's errors.
    #[track_caller]
    pub fn expect_faults(self, pointers: &[&str]) -> Value {
        let problem = self.expect_problem(422, "malformed");
        let told: Vec<_> = problem["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]).collect();
        assert_eq!(told, pointers, "{problem:#}");
        problem
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The length of the journal that a piece's answer names.
    pub fn etag(&self) -> Option<i64> {
        self.header("etag").trim_matches('"').parse().ok()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.told, self.status, self.text)
    }
}

/// An hour before the tests began: what a merchant has promised to send by is still to come, whatever the day.
static PAID_AT: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{:.0}", Timestamp::now() - jiff::SignedDuration::from_hours(1)));

/// An order of one line, a jadeite bangle, that is taken in as it is.
pub fn sample_order(order_no: &str) -> Value {
    sample_order_of(order_no, 1)
}

/// The same with several lines, numbered from 1.
pub fn sample_order_of(order_no: &str, lines: usize) -> Value {
    let lines: Vec<_> = (1..=lines).map(sample_line).collect();
    json!({
        "order_no": order_no,
        "paid_at": *PAID_AT,
        "ship": "as_ready",
        "merchant": {
            "id": MERCHANT, "name": "青岚玉坊(示例店)", "email": "shop@example.cn", "locale": "zh-CN",
            "timezone": "Asia/Shanghai", "return_address": "示例省样品市测试区玉石路11号", "guarantee_level": 9,
            "guarantees": ["return_7d", "return_freight"],
        },
        "streamer": {"id": "s-1", "name": "岚岚"},
        "buyer": {
            "ref": "u-77", "name": "林晚舟", "email": "buyer@example.cn", "phone": "17000001001",
            "address": "示例省样品市测试区桂花路1号", "locale": "zh-CN", "timezone": "Asia/Shanghai",
        },
        "live_id": "r-9",
        "lines": lines,
    })
}

/// One line of [`sample_order_of`].
pub fn sample_line(line_no: usize) -> Value {
    json!({
        "line_no": line_no,
        "sku": "QL-SZ-0565",
        "title": "冰糯种飘阳绿翡翠圆条手镯 天然A货 56.5圈口",
        "price": {"amount": 186_000, "currency": "CNY"},
        "pricing": "fixed",
        "custom_made": false,
        "segment": {"from": "00:12:30.000", "to": "00:16:05.000"},
        "declared": {
            "weight": {"value": "58.40", "unit": "g", "includes": []},
            "sizes": [{"name": "inner_diameter_mm", "value": "56.5"}],
            "components": [{"role": "main_stone", "material": "翡翠", "treatment": "A货", "weight": null}],
        },
    })
}

/// Places the sample order and gives the codes of its pieces, in the order of their lines.
pub async fn place(app: &TestApp, order_no: &str, lines: usize) -> Vec<String> {
    let placed = app.platform().post("/v1/orders", sample_order_of(order_no, lines)).await.expect(201);
    let lines = placed["lines"].as_array().expect("lines");
    lines.iter().map(|line| line["piece"]["code"].as_str().expect("a code").to_owned()).collect()
}
