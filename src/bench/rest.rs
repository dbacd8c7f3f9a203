//! The service at rest: how much memory it holds when nobody asks anything, and how soon it is ready on a database that
//! is there. Measured on a process of its own.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::figures::{Figures, milliseconds, percentile};
use super::load::Load;
use super::{Options, Progress, stand};
use crate::client::{Call, Client};
use crate::clock::Clock;
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::demo::house::{self, House, SETTINGS};
use crate::desk::Options as DeskOptions;
use crate::store::Limits;

const ORDERS: usize = 1_000;
const STARTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let folder = stand::folder(options)?;
    progress.say(&format!("a database of {ORDERS} orders"));
    furnish(folder.path()).await?;
    let mut figures = Figures::new("rest");
    // The first one finds work: a day's root, and the notices of all orders.
    progress.say("letting the service work off what lies there");
    let (service, ..) = start(folder.path()).await?;
    service.settles().await;
    let worked: Vec<u64> = service.resident_kilobytes().into_iter().collect();
    service.stop().await?;
    let (mut ready, mut resident, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        progress.say("starting the service");
        let (service, took, address) = start(folder.path()).await?;
        ready.push(took);
        service.settles().await;
        resident.extend(service.resident_kilobytes());
        read.extend(after_reading(&service, address).await?);
        service.stop().await?;
    }
    figures.text("ready_median", milliseconds(percentile(&mut ready, 50)));
    figures.text("ready_slowest", milliseconds(percentile(&mut ready, 100)));
    let held =
        [("resident_at_most", &resident), ("resident_after_reading", &read), ("resident_after_notices", &worked)];
    for (name, held) in held {
        if let Some(most) = held.iter().max() {
            figures.text(name, format!("{}.{} MB", most / 1_000, most % 1_000 / 100));
        }
    }
    if resident.is_empty() {
        figures.note("this system does not tell how much memory a process holds");
    }
    figures.note(format!("{STARTS} starts of touchstone serve, on a database of {ORDERS} orders; MB are 1000 kB"));
    figures.note("after notices: of one start before, once it had told of all orders and signed the day's root");
    Ok(figures)
}

async fn furnish(folder: &std::path::Path) -> Result<(), Failure> {
    let secrets = house::secrets(folder, None)?;
    let url = DatabaseUrl::sqlite_file(&folder.join("touchstone.db"));
    let house = House::open(url.expose(), &secrets, Limits::default(), DeskOptions::default(), Clock::system()).await?;
    let people = house.furnish(&Load::merchants()?).await?;
    let service = stand::serve(&house, folder).await?;
    let load = Arc::new(Load::learn(service.address, people, "REST").await?);
    load.place_many(1, ORDERS).await?;
    drop(load);
    service.stop().await?;
    house.close().await
}

/// A process that does not outlive its measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start(folder: &std::path::Path) -> Result<(Running, Duration, SocketAddr), Failure> {
    let failed = |error: std::io::Error| Failure::of("the service cannot be started", &error);
    let free = house::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = free.local_addr().map_err(failed)?;
    drop(free);
    let program = std::env::current_exe().map_err(failed)?;
    let started = Instant::now();
    let child = Command::new(program)
        .arg("serve")
        .arg("--config")
        .arg(folder.join(SETTINGS))
        .args(["--listen", &address.to_string(), "--log", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let service = Running(child);
    let mut client = Client::new(address);
    loop {
        if let Ok(answer) = client.send(&Call::get("/readyz")).await
            && answer.is_success()
        {
            return Ok((service, started.elapsed(), address));
        }
        if PATIENCE < started.elapsed() {
            return Err(Failure(format!("the service was not ready after {} seconds", PATIENCE.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The memory that is held once the documentation and the metrics were read.
async fn after_reading(service: &Running, address: SocketAddr) -> Result<Option<u64>, Failure> {
    let mut client = Client::new(address);
    for path in ["/openapi.json", "/metrics", "/livez"] {
        for _ in 0..20 {
            client.send(&Call::get(path)).await?;
        }
    }
    drop(client);
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(service.resident_kilobytes())
}

impl Running {
    fn resident_kilobytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        // The kernel calls 1024 bytes a kB.
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1_024 / 1_000)
    }

    /// Waits until it does no more: it has used no more than a tick of the processor in a second.
    async fn settles(&self) {
        let began = Instant::now();
        let mut before = self.ticks();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.ticks();
            let still = before.zip(now).is_none_or(|(before, now)| now <= before + 1);
            if still || PATIENCE < began.elapsed() {
                return;
            }
            before = now;
        }
    }

    /// How much of the processor it has used, in ticks; none where the system does not tell.
    fn ticks(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).ok()?;
        // Behind the name, which may hold blanks, the twelfth and thirteenth field (proc_pid_stat(5)).
        let (_, behind) = status.rsplit_once(')')?;
        let mut fields = behind.split_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    }

    /// Asks it to stop, as a supervisor of services does, and waits until it has.
    async fn stop(mut self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::of("the service cannot be stopped", &error);
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().map_err(failed)?;
        let told = Instant::now();
        loop {
            match self.0.try_wait().map_err(failed)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Failure(format!("the service ended with {status}"))),
                None if PATIENCE < told.elapsed() => {
                    return Err(Failure("the service did not stop when it was told to".to_owned()));
                }
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}
