//! A real browser, driven by WebDriver (W3C) and, for what that has no word for, by Chromium's own protocol.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchstone::client::{Call, Client};

/// One Chromium with a profile of its own. Told to end, it ends by itself; it also ends with its driver.
pub struct Browser {
    driver: Child,
    /// Kept open: a driver that cannot write ends.
    _told: BufReader<ChildStdout>,
    address: SocketAddr,
    client: Client,
    session: String,
    _profile: TempDir,
}

/// What a page looks like to its reader.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub dark: bool,
    pub scripts: bool,
}

pub const PHONE: Look = Look { width: 360, dark: false, scripts: true };
pub const DESK: Look = Look { width: 1280, dark: false, scripts: true };

impl Look {
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    pub fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }
}

impl Browser {
    pub async fn start() -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // Pages crash whose memory lies in a folder below somebody else's, as that of `scripts/test` does.
            .env_remove("TMPDIR")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver cannot be started ({error}): run ./scripts/test, which installs it")
            });
        let mut told = BufReader::new(driver.stdout.take().expect("its output"));
        let mut line = String::new();
        let port: u16 = loop {
            line.clear();
            assert!(0 < told.read_line(&mut line).expect("its output can be read"), "chromedriver ended at once");
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').parse().expect("a port");
            }
        };
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut client = Client::new(address);
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ];
        let mut arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wish = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "timeouts": {"script": 60_000, "pageLoad": 60_000},
        }}});
        let answer = client.call(&Call::post("/session", &wish)).await.expect("the browser starts");
        let session = answer.text("/value/sessionId").expect("a session");
        Browser { driver, _told: told, address, client, session, _profile: profile }
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        let path = format!("/session/{}/{path}", self.session);
        let answer = self.client.send(&Call::post(&path, &body)).await.expect("the driver answers");
        let value = answer.json().expect("JSON")["value"].clone();
        assert!(answer.is_success(), "{path}: {value}");
        value
    }

    pub async fn cdp(&mut self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Sets how pages are seen from now on.
    pub async fn look(&mut self, look: Look) {
        let metrics = json!({"width": look.width, "height": 780, "deviceScaleFactor": 1, "mobile": look.width < 600});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.cdp("Emulation.setEmulatedMedia", json!({"media": "", "features": features})).await;
        self.cdp("Emulation.setScriptExecutionDisabled", json!({"value": !look.scripts})).await;
    }

    pub async fn open(&mut self, url: &str) {
        self.post("url", json!({"url": url})).await;
        self.loaded().await;
    }

    /// Asks until the whole page is there: the driver has been seen to answer while it was still being read.
    async fn loaded(&mut self) {
        self.ask_until("document.readyState === 'complete'").await;
    }

    /// Clicks on what leads to another page, and waits for that page: the driver has been seen to answer before it came.
    pub async fn click_through(&mut self, selector: &str) {
        self.eval("document.documentElement.dataset.left = 'yes'").await;
        self.click(selector).await;
        self.ask_until("document.documentElement.dataset.left === undefined && document.readyState === 'complete'")
            .await;
    }

    /// Asks again and again: the page's own events tell nobody where scripts may not run.
    async fn ask_until(&mut self, expression: &str) {
        for _ in 0..10_000 {
            let parameters = json!({"expression": expression, "returnByValue": true});
            let path = format!("/session/{}/goog/cdp/execute", self.session);
            let call = Call::post(&path, &json!({"cmd": "Runtime.evaluate", "params": parameters}));
            let answer = self.client.send(&call).await.expect("the driver answers");
            if answer.json().expect("JSON")["value"]["result"]["value"] == true {
                return;
            }
        }
        panic!("the page is never whole: {expression}");
    }

    /// Evaluates an expression beside the page, also where its own scripts may not run.
    pub async fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.cdp("Runtime.evaluate", parameters).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression over the page holds; the page is looked at whenever it changes.
    pub async fn until(&mut self, expression: &str) {
        let script = format!(
            "new Promise((done) => {{ const look = () => {{ if ({expression}) {{ seen.disconnect(); done(true); }} }}; \
             const seen = new MutationObserver(look); \
             seen.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}}); look(); }})"
        );
        assert_eq!(self.eval(&script).await, json!(true), "{expression}");
    }

    pub async fn text(&mut self) -> String {
        self.eval("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key, as a hand does.
    pub async fn press(&mut self, key: &str) {
        let value = match key {
            "Tab" => "\u{e004}",
            "Enter" => "\u{e007}",
            "Down" => "\u{e015}",
            "Space" => " ",
            other => other,
        };
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}]});
        self.post("actions", actions).await;
    }

    /// Clicks what a selector names.
    pub async fn click(&mut self, selector: &str) {
        let found = self.post("element", json!({"using": "css selector", "value": selector})).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str).expect("an element");
        self.post(&format!("element/{id}/click"), json!({})).await;
        self.loaded().await;
    }

    pub async fn type_into(&mut self, selector: &str, text: &str) {
        let found = self.post("element", json!({"using": "css selector", "value": selector})).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str).expect("an element");
        self.post(&format!("element/{id}/value"), json!({"text": text})).await;
    }

    /// The whole page as a PNG.
    pub async fn screenshot(&mut self) -> Vec<u8> {
        let size = self.cdp("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let shot = self
            .cdp("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true, "clip": clip}))
            .await;
        base64::prelude::BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64")
    }

    /// The page as it is printed.
    pub async fn pdf(&mut self) -> Vec<u8> {
        let printed = self.cdp("Page.printToPDF", json!({"preferCSSPageSize": true, "printBackground": true})).await;
        base64::prelude::BASE64_STANDARD.decode(printed["data"].as_str().expect("a document")).expect("base64")
    }

    /// What is wrong with a page by the rules of WCAG 2.2, levels A and AA.
    pub async fn violations(&mut self, axe: &str) -> Vec<String> {
        self.eval(&format!("{axe}; 0")).await;
        let run = "axe.run(document, {runOnly: {type: 'tag', values: \
                   ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}, resultTypes: ['violations']})\
                   .then((found) => found.violations.map((one) => `${one.id}: ${one.help}: ` + \
                   one.nodes.map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))";
        let found = self.eval(run).await;
        found.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    /// Ends the browser. Dropping it does the same, also after a test that failed.
    pub async fn stop(self) {
        drop(self);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes the browser with itself; killed, it would leave it behind.
        let told = TcpStream::connect(self.address).and_then(|mut stream| {
            stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        });
        if told.is_err() {
            let _ = self.driver.kill();
        }
        let _ = self.driver.wait();
    }
}
