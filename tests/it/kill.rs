//! `kill -9` in the middle of a load: every acknowledged command is in its journal, and every journal verifies.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tokio::sync::watch;
use touchstone::client::{Call, Client};
use uuid::Uuid;

use crate::app::sample_order_of;
use crate::support::TestDatabase;
use crate::walk::weight;

const MASTER: &str = "6b696c6c206d65207769746820612068616d6d657220616e642049206c697665";
const SIGNING: &str = "7369676e20746865206a6f75726e616c73206f66206120746573742e2e2e2e2e";

/// A running service. Dropped, it is killed as a machine dies: SIGKILL, without a word.
pub struct Service(Child);

impl Service {
    /// Asks it to stop, and waits until it has finished what was in flight.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct House {
    data: tempfile::TempDir,
    database: String,
    address: SocketAddr,
    settings: Vec<(&'static str, String)>,
}

impl House {
    pub fn new(database: &TestDatabase) -> House {
        // The port is free now; nothing else on this machine is asked to take it before the child does.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let data = tempfile::tempdir().unwrap();
        House { data, database: database.url().to_owned(), address, settings: Vec::new() }
    }

    /// With one more variable of the environment.
    pub fn with(mut self, name: &'static str, value: &str) -> House {
        self.settings.push((name, value.to_owned()));
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn touchstone(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
        command
            .args(arguments)
            .env("TOUCHSTONE_DATA_DIR", self.data.path())
            .env("TOUCHSTONE_DATABASE_URL", &self.database)
            .env("TOUCHSTONE_MASTER_KEY", MASTER)
            .env("TOUCHSTONE_SIGNING_KEY", SIGNING)
            .env("TOUCHSTONE_LISTEN", self.address.to_string())
            .env("TOUCHSTONE_LOG", "error")
            .envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.touchstone(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Starts the service and waits for the line that says that it listens.
    pub fn serve(&self) -> Service {
        let mut command = self.touchstone(&["serve", "--migrate"]);
        command.env("TOUCHSTONE_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = String::new();
        loop {
            let Some(Ok(line)) = lines.next() else { panic!("the service does not come up: {told}") };
            if line.contains("listening") {
                break;
            }
            told.push_str(&line);
        }
        // A pipe that nobody empties would stop the service.
        std::thread::spawn(move || lines.for_each(drop));
        Service(child)
    }

    /// What a service says that does not come up on this house's database at another address.
    fn refused(&self) -> String {
        let mut command = self.touchstone(&["serve"]);
        let output = command.env("TOUCHSTONE_LISTEN", "127.0.0.1:0").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub fn key(&self, arguments: &[&str]) -> String {
        let made = self.run(&[&["key", "create", "--json"], arguments].concat());
        let made: Value = serde_json::from_str(&made).unwrap();
        made["secret"].as_str().unwrap().to_owned()
    }
}

/// A command that was acknowledged: the piece, and the length of its journal after it.
type Acknowledged = watch::Sender<Vec<(String, i64)>>;

async fn load(address: SocketAddr, codes: Vec<String>, merchant: String, clerk: String, done: Acknowledged) {
    let mut client = Client::new(address);
    for code in codes {
        let waybill = json!({"carrier": "sf", "waybill": format!("IN-{code}")});
        let arrived = json!({"condition": "intact", "weight": weight("58.40"), "note": "到仓"});
        let note = json!({"text": "一切正常"});
        for (command, by, body) in
            [("dispatch", &merchant, &waybill), ("receipt", &clerk, &arrived), ("notes", &clerk, &note)]
        {
            let call =
                Call::post(format!("/v1/pieces/{code}/{command}"), body).by(by).idempotent(&Uuid::new_v4().to_string());
            // A broken connection is the kill; what was not answered was not promised.
            let Ok(answer) = client.send(&call).await else { return };
            assert!(answer.is_success(), "{}", answer.refused());
            let seq = answer.json().unwrap()["seq"].as_i64().unwrap();
            done.send_modify(|done| done.push((code.clone(), seq)));
        }
    }
}

both!(what_was_acknowledged_survives_kill_9, |db| async move {
    let house = House::new(db);
    let service = house.serve();
    house.run(&["warehouse", "create", "--id", "w-1", "--name", "测试仓", "--address", "示例路1号"]);
    let platform = house.key(&["--role", "platform", "--platform", "kuai", "--name", "p"]);
    let merchant = house.key(&["--role", "merchant", "--platform", "kuai", "--merchant", "m-1", "--name", "m"]);
    let clerk = house.key(&["--role", "clerk", "--warehouse", "w-1", "--name", "c"]);
    let mut client = Client::new(house.address);
    let mut codes = Vec::new();
    for at in 0..8 {
        let call = Call::post("/v1/orders", &sample_order_of(&format!("KS{at}"), 50)).by(&platform);
        let placed = client.call(&call.idempotent(&format!("order-{at}"))).await.unwrap().json().unwrap();
        let lines = placed["lines"].as_array().unwrap();
        codes.push(lines.iter().map(|line| line["piece"]["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
    }
    let done = watch::Sender::new(Vec::new());
    let mut clients = tokio::task::JoinSet::new();
    for codes in codes {
        clients.spawn(load(house.address, codes, merchant.clone(), clerk.clone(), done.clone()));
    }
    // In the middle: some hundred are acknowledged, and many are still to come.
    done.subscribe().wait_for(|done| 200 <= done.len()).await.unwrap();
    drop(service);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let done = done.borrow().clone();
    assert!((200..1_200).contains(&done.len()), "the kill did not come in the middle: {}", done.len());

    let service = house.serve();
    let mut client = Client::new(house.address);
    for (code, seq) in &done {
        let piece = client.call(&Call::get(format!("/v1/pieces/{code}")).by(&clerk)).await.unwrap().json().unwrap();
        assert!(*seq <= piece["seq"].as_i64().unwrap(), "an acknowledged command of {code} is lost");
    }
    drop(service);
    house.run(&["journal", "check"]);
});

#[test]
fn a_second_service_on_one_sqlite_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let database = format!("sqlite://{}", folder.path().join("touchstone.db").display());
    let house = House { data: folder, database, address, settings: Vec::new() };
    let service = house.serve();
    let said = house.refused();
    assert!(said.contains("another touchstone serves"), "{said}");
    // The way is free again, however the first one ended.
    drop(service);
    house.serve().stop();
    house.serve().stop();
}
