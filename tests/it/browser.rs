//! The pages in a real browser: at the width of a phone and of a desk, with scripts and without, by keyboard alone, in
//! both languages, on paper, and by the rules of WCAG 2.2.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use touchstone::desk::Options;
use touchstone::http;

use crate::app::{TestApp, place};
use crate::stages::{STAGES, placed_in};
use crate::support::TestDatabase;
use crate::walk::{Stop, piece, walk};

mod driver;

use driver::{Browser, DESK, Look, PHONE};

/// A house behind a socket, as a browser needs it.
struct Served {
    app: TestApp,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
    _database: TestDatabase,
}

impl Served {
    async fn new() -> Served {
        let database = TestDatabase::sqlite();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let app = TestApp::builder(&database)
            .settings(|settings| settings.public_url = url.clone())
            .options(|options: &mut Options| options.public_url = url.clone())
            .open()
            .await;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http::serve(listener, app.app.clone(), async {
            let _ = stopped.await;
        }));
        Served { app, address, stop, task, _database: database }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

fn axe() -> String {
    let path = env::var("TOUCHSTONE_TEST_AXE").unwrap_or_else(|_| {
        panic!("TOUCHSTONE_TEST_AXE is not set: run ./scripts/test, which fetches axe-core for the tests")
    });
    fs::read_to_string(path).expect("axe-core can be read")
}

/// Where pictures of the pages go, where somebody asks for them.
fn gallery() -> Option<PathBuf> {
    env::var_os("TOUCHSTONE_TEST_GALLERY").map(PathBuf::from)
}

async fn picture(browser: &mut Browser, name: &str) {
    if let Some(folder) = gallery() {
        fs::write(folder.join(format!("{name}.png")), browser.screenshot().await).unwrap();
    }
}

/// Whether nothing of the page lies beyond its right edge.
async fn fits(browser: &mut Browser) {
    let widths = browser.eval("[document.documentElement.scrollWidth, innerWidth].join()").await;
    let (page, window) = widths.as_str().unwrap().split_once(',').unwrap();
    let (page, window): (u32, u32) = (page.parse().unwrap(), window.parse().unwrap());
    assert!(page <= window, "the page is {page} wide in {window}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_stage_reads_well_at_every_width_in_both_languages_and_breaks_no_rule_of_wcag() {
    let axe = axe();
    let served = Served::new().await;
    let mut browser = Browser::start().await;
    let mut wrong = Vec::new();
    for stage in STAGES {
        let placed = placed_in(&served.app, stage).await;
        let looks: &[(Look, &str, &str)] = if gallery().is_some() {
            &[
                (PHONE, "zh-CN", "phone"),
                (PHONE.dark(), "en", "phone-dark"),
                (DESK, "en", "desk"),
                (DESK.dark(), "zh-CN", "desk-dark"),
            ]
        } else {
            &[(PHONE, "zh-CN", "phone"), (DESK.dark(), "en", "desk-dark")]
        };
        for (look, lang, name) in looks {
            browser.look(*look).await;
            browser.open(&served.url(&format!("{}?lang={lang}", placed.page))).await;
            fits(&mut browser).await;
            picture(&mut browser, &format!("{stage}-{name}-{lang}")).await;
            wrong.extend(browser.violations(&axe).await.into_iter().map(|one| format!("{stage} {name}: {one}")));
        }
    }
    browser.stop().await;
    served.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_decides_by_keyboard_alone_and_without_a_script() {
    let axe = axe();
    let served = Served::new().await;
    let mut browser = Browser::start().await;
    let placed = placed_in(&served.app, "awaiting_buyer").await;
    browser.look(PHONE).await;
    browser.open(&served.url(&format!("{}?lang=zh-CN", placed.page))).await;
    // The way of a keyboard: to the content, and on to the choice.
    assert_eq!(browser.eval("document.querySelector('a, button, input').className").await, json!("skip"));
    reach(&mut browser, "document.activeElement?.className === 'skip'").await;
    browser.press("Enter").await;
    reach(&mut browser, "document.activeElement?.pathname?.endsWith('/decision')").await;
    browser.press("Enter").await;
    browser.until("document.querySelector('form') !== null").await;
    fits(&mut browser).await;
    picture(&mut browser, "decision-phone-zh-CN").await;
    let found = browser.violations(&axe).await;
    assert!(found.is_empty(), "{found:#?}");
    reach(&mut browser, "document.activeElement?.name === 'choice'").await;
    browser.press("Space").await;
    assert_eq!(browser.eval("document.querySelector(':checked').value").await, json!("accept"));
    reach(&mut browser, "document.activeElement?.name === 'phone'").await;
    for digit in ["9", "9", "9", "9"] {
        browser.press(digit).await;
    }
    browser.press("Enter").await;
    browser.until("document.getElementById('wrong') !== null").await;
    picture(&mut browser, "decision-wrong-phone-zh-CN").await;
    let found = browser.violations(&axe).await;
    assert!(found.is_empty(), "{found:#?}");

    // The rest without a script, in English, at a desk.
    browser.look(DESK.without_scripts()).await;
    browser.open(&served.url(&format!("{}/pieces/{}/decision?lang=en", placed.page, placed.code))).await;
    picture(&mut browser, "decision-desk-en").await;
    browser.click("#accept").await;
    browser.type_into("#phone", "1001").await;
    browser.click_through("button[type=submit]").await;
    assert!(browser.text().await.contains("Your decision is recorded"), "{}", browser.text().await);
    picture(&mut browser, "decided-desk-en").await;
    assert_eq!(piece(served.app.supervisor(), &placed.code).await["stage"], "cleared");
    browser.stop().await;
    served.stop().await;
}

/// Goes on by the tabulator until the focus is where it is wanted.
async fn reach(browser: &mut Browser, wanted: &str) {
    for _ in 0..60 {
        if browser.eval(&format!("Boolean({wanted})")).await == json!(true) {
            return;
        }
        browser.press("Tab").await;
    }
    panic!("no way by keyboard to {wanted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_follows_the_journey_while_it_is_open_and_can_be_refreshed_without_a_script() {
    let served = Served::new().await;
    let mut browser = Browser::start().await;
    let code = place(&served.app, "KS-live", 1).await.remove(0);
    let order = served.app.platform().get("/v1/orders/KS-live").await.expect(200);
    let url = order["tracking_url"].as_str().unwrap().to_owned();
    browser.look(PHONE).await;
    browser.open(&format!("{url}?lang=en")).await;
    browser.eval("window.here = true").await;
    assert!(browser.text().await.contains("Waiting for the seller"));
    walk(&served.app, &code, Stop::Inbound).await;
    browser.until("document.body.innerText.includes('On its way to our warehouse')").await;
    assert_eq!(browser.eval("window.here").await, json!(true), "the page was not loaded anew");

    browser.look(PHONE.without_scripts()).await;
    browser.open(&format!("{url}?lang=en")).await;
    assert!(!browser.text().await.contains("follows along"), "without a script nothing follows");
    let receipt = json!({"condition": "intact", "weight": crate::walk::weight("58.41"), "note": null});
    served.app.clerk().post(&format!("/v1/pieces/{code}/receipt"), receipt).await.expect(200);
    browser.click_through("footer a.button").await;
    assert!(browser.text().await.contains("Arrived at our warehouse"));
    // Scripts off, whatever is written runs nowhere; scripts on, it does not either.
    browser.stop().await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_verified_in_the_browser_prints_on_one_sheet_and_a_forged_one_is_refused() {
    let axe = axe();
    let served = Served::new().await;
    let mut browser = Browser::start().await;
    let code = place(&served.app, "KS-cert", 1).await.remove(0);
    walk(&served.app, &code, Stop::Released).await;
    let seen = piece(served.app.clerk(), &code).await;
    let number = seen["capsule"]["certificate_code"].as_str().unwrap().to_owned();
    let path = format!("/v/{number}");
    for (look, lang, name) in [(PHONE, "zh-CN", "phone"), (DESK.dark(), "en", "desk-dark"), (DESK, "en", "desk")] {
        browser.look(look).await;
        browser.open(&served.url(&format!("{path}?lang={lang}"))).await;
        browser.until("document.getElementById('own').dataset.done !== undefined").await;
        assert_eq!(browser.eval("document.getElementById('own').dataset.done").await, json!("good"));
        fits(&mut browser).await;
        picture(&mut browser, &format!("certificate-{name}-{lang}")).await;
        let found = browser.violations(&axe).await;
        assert!(found.is_empty(), "{found:#?}");
        let pdf = String::from_utf8_lossy(&browser.pdf().await).into_owned();
        assert_eq!(pdf.matches("/Type /Page\n").count(), 1, "it prints on one page");
        assert!(pdf.contains("/MediaBox [0 0 419") || pdf.contains("/MediaBox [0 0 420"), "of A5");
        if let Some(folder) = gallery() {
            fs::write(folder.join(format!("certificate-{name}.pdf")), browser.pdf().await).unwrap();
        }
    }
    // One changed byte on its way to the browser: its own check sees it.
    let script = "const ask = window.fetch; window.fetch = async (path, ...rest) => { const answer = await ask(path, ...rest); \
                  if (!String(path).endsWith('capsule.jwt')) return answer; const line = await answer.text(); \
                  const at = line.indexOf('.') + 40; const other = line[at] === 'A' ? 'B' : 'A'; \
                  return new Response(line.slice(0, at) + other + line.slice(at + 1)); };";
    let added = browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    browser.open(&served.url(&path)).await;
    browser.until("document.getElementById('own').dataset.done !== undefined").await;
    assert_eq!(browser.eval("document.getElementById('own').dataset.done").await, json!("stop"));
    browser.cdp("Page.removeScriptToEvaluateOnNewDocument", added).await;

    // Without a script a plain sentence stands in its place, and the form checks it here.
    browser.look(PHONE.without_scripts()).await;
    browser.open(&served.url(&format!("{path}?lang=en"))).await;
    assert!(browser.text().await.contains("JavaScript is needed"));
    browser.open(&served.url("/v?lang=en")).await;
    let found = {
        browser.look(PHONE).await;
        browser.violations(&axe).await
    };
    assert!(found.is_empty(), "{found:#?}");
    browser.type_into("#capsule", "not.a.capsule").await;
    browser.click_through("form[method=post] button").await;
    assert!(browser.text().await.contains("Do not rely on it"));
    picture(&mut browser, "check-phone-en").await;

    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    served.app.supervisor().post(&format!("/v1/pieces/{code}/revoke"), revoke).await.expect(200);
    browser.open(&served.url(&format!("{path}?lang=en"))).await;
    browser.until("document.getElementById('own').dataset.done !== undefined").await;
    assert!(browser.text().await.contains("was withdrawn"));
    picture(&mut browser, "revoked-phone-en").await;
    let unknown = served.url("/v/00000-00000-00000-00000?lang=en");
    browser.open(&unknown).await;
    assert!(browser.text().await.contains("We never gave out a certificate with this number"));
    let found = browser.violations(&axe).await;
    assert!(found.is_empty(), "{found:#?}");
    browser.stop().await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_a_title_a_note_and_a_transcript_is_shown_and_runs_nowhere() {
    let served = Served::new().await;
    let mut browser = Browser::start().await;
    let mut order = crate::app::sample_order("KS-markup");
    let evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
    order["lines"][0]["title"] = json!(format!("翡翠手镯{evil}"));
    let placed = served.app.platform().post("/v1/orders", order).await.expect(201);
    browser.look(PHONE).await;
    browser.open(placed["tracking_url"].as_str().unwrap()).await;
    assert!(browser.text().await.contains("<script>document.title='run'</script>"));
    assert_ne!(browser.eval("document.title").await, json!("run"));
    assert_eq!(browser.eval("document.querySelectorAll('main img').length").await, json!(0));
    browser.stop().await;
    served.stop().await;
}
