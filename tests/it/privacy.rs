//! No name, phone, address or e-mail in logs, events or metrics: a full journey whose free texts hold them, with every
//! log line caught and every stored event read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};
use touchstone::telemetry::Metrics;
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{TestApp, sample_order};
use crate::walk::{Stop, piece, walk};

/// Everything that was logged by this process since the first test asked for it.
#[derive(Clone, Default)]
pub struct Caught(Arc<Mutex<Vec<u8>>>);

impl Caught {
    /// Fails where one of these stands in the log, with its line.
    pub fn holds_none_of(&self, secrets: &[&str]) {
        let logs = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        for secret in secrets {
            if let Some(at) = logs.find(secret) {
                let from = logs[..at].rfind('\n').map_or(0, |line| line + 1);
                panic!("{secret} was logged: {}", logs[from..].lines().next().unwrap_or_default());
            }
        }
    }

    /// Whether this was logged.
    pub fn holds(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().unwrap()).contains(text)
    }
}

impl Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Caught {
    type Writer = Caught;

    fn make_writer(&'a self) -> Caught {
        self.clone()
    }
}

pub fn catch_logs() -> &'static Caught {
    static CAUGHT: OnceLock<Caught> = OnceLock::new();
    CAUGHT.get_or_init(|| {
        let caught = Caught::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(caught.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("no other test logs globally");
        caught
    })
}

/// Personal data that stands nowhere else in the tests.
const SECRETS: &[&str] = &[
    "欧阳素心",
    "17098765432",
    "云梦泽路九十九号",
    "suxin@private.example",
    "司马掌柜",
    "boss@private.example",
    "小鱼主播",
];

fn order() -> Value {
    let mut order = sample_order("KS-privacy");
    order["buyer"]["name"] = json!("欧阳素心");
    order["buyer"]["phone"] = json!("17098765432");
    order["buyer"]["address"] = json!("样品市云梦泽路九十九号");
    order["buyer"]["email"] = json!("suxin@private.example");
    order["merchant"]["name"] = json!("司马掌柜");
    order["merchant"]["email"] = json!("boss@private.example");
    order["streamer"]["name"] = json!("小鱼主播");
    order["lines"][0]["title"] = json!("欧阳素心定制 翡翠手镯 联系17098765432");
    order
}

both!(personal_data_reaches_no_log_no_event_and_no_metric, |db| async move {
    let caught = catch_logs();
    let metrics = Metrics::install().unwrap();
    let app = TestApp::new(db).await;
    let placed = app.platform().post("/v1/orders", order()).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    let note = json!({"text": "买家欧阳素心来电 17098765432，改寄云梦泽路九十九号"});
    app.clerk().post(&format!("/v1/pieces/{code}/notes"), note).await.expect(200);
    walk(&app, code, Stop::Delivered).await;
    let token = placed["tracking_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    app.stranger().get(&format!("/t/{token}")).await;
    // What is refused is not told to the logs either.
    let mut wrong = order();
    wrong["buyer"]["phone"] = json!({"number": "17098765432"});
    app.platform().post("/v1/orders", wrong).await;
    app.platform().post("/v1/orders", json!({"欧阳素心": 1})).await;
    let custody = json!({"what": "stolen from 欧阳素心", "note": "17098765432"});
    app.clerk().post(&format!("/v1/pieces/{code}/custody"), custody).await;
    app.stranger().get("/v1/pieces/欧阳素心").await;

    // Those who may read it do.
    let seen = piece(app.merchant(), code).await;
    assert!(seen["title"].as_str().unwrap().contains("欧阳素心"));
    assert_eq!(piece(app.auditor(), code).await["title"], json!(null));

    let rows = touchstone::store::journal::page(app.store().reader(), None, 1_000).await.unwrap();
    assert!(15 < rows.len());
    let events: String = rows.iter().map(|row| row.body.as_str()).collect();
    let events_page = app.auditor().get("/v1/events?limit=200").await.text;
    assert!(caught.holds("/v1/pieces/{code}/notes"), "nothing was caught");
    let metrics = metrics.render();
    for secret in SECRETS.iter().copied().chain([token.as_str()]) {
        for (place, text) in [("an event", &events), ("the auditor's events", &events_page), ("a metric", &metrics)] {
            assert!(!text.contains(secret), "{secret} stands in {place}");
        }
        caught.holds_none_of(&[secret]);
    }
});

both!(erased_data_is_gone_and_the_journal_still_verifies, |db| async move {
    let app = TestApp::new(db).await;
    let placed = app.platform().post("/v1/orders", order()).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(&app, code, Stop::Released).await;
    let located = app.desk().locate(&touchstone::domain::ids::PieceCode::parse(code).unwrap()).await.unwrap().unwrap();
    let buyer = app.desk().read_piece(located.key).await.unwrap().unwrap().placed.buyer_id;
    let erase = format!("/v1/persons/{buyer}/erase");
    app.operator().post(&erase, json!({})).await.expect(200);
    app.operator().post(&erase, json!({})).await.expect(200);
    assert_eq!(piece(app.merchant(), code).await["title"], json!(null));
    app.clerk().get(&format!("/v1/pieces/{code}/label")).await.expect_problem(410, "erased");
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    assert!(12 < journal["events"].as_array().unwrap().len());
    // The journey goes on.
    let body = json!({"carrier": "sf", "waybill": "OUT-erased"});
    app.clerk().post(&format!("/v1/pieces/{code}/shipment"), body).await.expect(200);
});
