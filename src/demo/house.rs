//! A house set up from nothing: a folder with a database and secrets of its own, a warehouse, and people with keys. The
//! demo lives in one; the measurements set up others.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Failure;
use crate::clock::Clock;
use crate::clockwork;
use crate::courier::address::Allowed;
use crate::courier::endpoint::{Caller, Times};
use crate::courier::{self, ByMail, Courier, Working};
use crate::desk::carriers::Speech;
use crate::desk::{self, Desk, KeyGrant, KeyScope, Place};
use crate::domain::actor::Role;
use crate::domain::ids::{LaboratoryId, MerchantId, TenantId, WarehouseId};
use crate::http::{self, App, Settings};
use crate::mail::address::Sender;
use crate::mail::settings::MailSettings;
use crate::mail::transport::Transport;
use crate::store::entity::{devices, laboratories};
use crate::store::{Limits, Store};
use crate::telemetry::{Metrics, UPKEEP_EVERY};
use crate::vault::Secrets;

/// The platform that sells in the demo.
pub const PLATFORM: &str = "demo-live";
const WAREHOUSE: &str = "wh-1";
const LABORATORY: &str = "lab-1";

/// The instruments that the fixtures name, with their kind; `b-2` is the adjusted balance.
const DEVICES: [(&str, &str); 9] = [
    ("ftir-1", "infrared_spectrometer"),
    ("raman-1", "raman_spectrometer"),
    ("refractometer-1", "refractometer"),
    ("microscope-1", "microscope"),
    ("uv-1", "ultraviolet_lamp"),
    ("xray-1", "x_ray"),
    ("xrf-1", "x_ray_fluorescence"),
    ("b-1", "balance"),
    ("b-2", "balance"),
];

/// Somebody with a key.
#[derive(Clone, Debug)]
pub struct Person {
    /// How the account calls them.
    pub title: &'static str,
    pub id: Uuid,
    pub secret: String,
}

/// A carrier's account: the token of its address, and the salt of its signatures.
#[derive(Clone, Debug)]
pub struct Account {
    pub token: String,
    pub salt: String,
}

/// Everybody who has a key.
#[derive(Clone, Debug)]
pub struct People {
    pub platform: Person,
    pub merchants: BTreeMap<String, Person>,
    pub clerk: Person,
    pub inspectors: [Person; 2],
    /// Who look after an appeal.
    pub other_inspectors: [Person; 2],
    pub supervisor: Person,
    pub second_supervisor: Person,
    pub auditor: Person,
    pub operator: Person,
    pub kuaidi100: Account,
    /// Any other carrier's.
    pub carrier: Account,
}

impl People {
    pub fn merchant(&self, id: &str) -> Option<&Person> {
        self.merchants.get(id)
    }
}

/// A database with a desk over it.
pub struct House {
    pub store: Store,
    pub desk: Desk,
    /// Whatever is asked or done here is so at its time.
    pub clock: Clock,
}

/// A service that runs in this process.
pub struct Service {
    pub address: SocketAddr,
    pub app: App,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
    upkeep: Option<JoinHandle<()>>,
    stop_clocks: oneshot::Sender<()>,
    clocks: JoinHandle<()>,
}

impl House {
    /// Opens a database, brings its schema up to date and sits down at it.
    pub async fn open(
        url: &str,
        secrets: &Secrets,
        limits: Limits,
        options: desk::Options,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let store =
            Store::open(url, limits).await.map_err(|error| Failure::of("the database cannot be opened", &error))?;
        store.migrate().await.map_err(|error| Failure::of("the database cannot be migrated", &error))?;
        let desk =
            Desk::open(store.clone(), secrets, options).map_err(|error| Failure::of("the desk cannot open", &error))?;
        desk.commit_seeds(clock.now())
            .await
            .map_err(|error| Failure::of("the seeds of the draws cannot be committed", &error))?;
        Ok(Self { store, desk, clock })
    }

    /// A warehouse with its instruments, one person for each role, and the accounts of two carriers. Inspectors are two,
    /// and two more for appeals.
    pub async fn furnish(&self, merchants: &[String]) -> Result<People, Failure> {
        let now = self.clock.now();
        let warehouse = WarehouseId::parse(WAREHOUSE).map_err(|error| Failure::of("a warehouse's id", &error))?;
        let place = Place {
            id: warehouse.clone(),
            name: "示范质检仓".to_owned(),
            address: "示例省样品市测试区质检路1号".to_owned(),
            timezone: "Asia/Shanghai".to_owned(),
            laboratory: LaboratoryId::parse(LABORATORY).ok(),
        };
        let failed = |error: desk::Error| Failure::of("the house cannot be furnished", &error);
        self.desk.put_warehouse(&place, now).await.map_err(failed)?;
        let laboratory = laboratories::Model {
            id: LABORATORY.to_owned(),
            name: "示范珠宝检测实验室".to_owned(),
            cma: None,
            cnas: None,
            created_at: now.as_microsecond(),
        };
        self.desk.put_laboratory(laboratory).await.map_err(failed)?;
        for (id, kind) in DEVICES {
            self.desk.put_device(device(id, kind, now)).await.map_err(failed)?;
        }
        let tenant = TenantId::parse(PLATFORM).map_err(|error| Failure::of("a platform's id", &error))?;
        let of_platform = KeyScope { tenant_id: Some(tenant.clone()), ..KeyScope::default() };
        let of_house = KeyScope { warehouse_id: Some(warehouse), ..KeyScope::default() };
        let mut keys = BTreeMap::new();
        for id in merchants {
            let merchant_id = Some(MerchantId::parse(id).map_err(|error| Failure::of("a merchant's id", &error))?);
            let scope = KeyScope { merchant_id, ..of_platform.clone() };
            keys.insert(id.clone(), self.person("merchant", Role::Merchant, scope).await?);
        }
        Ok(People {
            platform: self.person("platform", Role::Platform, of_platform).await?,
            merchants: keys,
            clerk: self.person("clerk", Role::Clerk, of_house.clone()).await?,
            inspectors: [
                self.person("inspector A", Role::Inspector, of_house.clone()).await?,
                self.person("inspector B", Role::Inspector, of_house.clone()).await?,
            ],
            other_inspectors: [
                self.person("inspector C", Role::Inspector, of_house.clone()).await?,
                self.person("inspector D", Role::Inspector, of_house.clone()).await?,
            ],
            kuaidi100: self.account("kuaidi100", Speech::Kuaidi100, &place.id).await?,
            carrier: self.account("carrier", Speech::Push, &place.id).await?,
            supervisor: self.person("supervisor A", Role::Supervisor, of_house.clone()).await?,
            second_supervisor: self.person("supervisor B", Role::Supervisor, of_house).await?,
            auditor: self.person("auditor", Role::Auditor, KeyScope::default()).await?,
            operator: self.person("operator", Role::Operator, KeyScope::default()).await?,
        })
    }

    async fn person(&self, title: &'static str, role: Role, scope: KeyScope) -> Result<Person, Failure> {
        let grant = KeyGrant { person: None, name: Some(title.to_owned()), role, scope, expires_at: None };
        let made = self.desk.create_key(&grant, self.clock.now()).await;
        let (row, secret) = made.map_err(|error| Failure::of("a key cannot be made", &error))?;
        Ok(Person { title, id: row.person_id, secret })
    }

    async fn account(&self, id: &str, speech: Speech, warehouse: &WarehouseId) -> Result<Account, Failure> {
        let made = self.desk.add_carrier(id, speech, warehouse, self.clock.now()).await;
        let made = made.map_err(|error| Failure::of("a carrier's account cannot be made", &error))?;
        Ok(Account { token: made.token, salt: made.salt })
    }

    /// Serves on this listener, until the service is stopped.
    pub fn serve(&self, listener: TcpListener, data_dir: &Path, metrics: Option<Metrics>) -> Result<Service, Failure> {
        let address = listener.local_addr().map_err(|error| Failure::of("the address is not known", &error))?;
        let settings = Settings {
            public_url: format!("http://{address}"),
            data_dir: data_dir.to_owned(),
            photos_url: None,
            max_body_bytes: 21 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            webhook_networks: own_machine(),
            clock: self.clock.clone(),
        };
        let upkeep = metrics.clone().map(|metrics| tokio::spawn(keep_up(metrics)));
        let app = App::new(self.desk.clone(), settings, metrics)
            .map_err(|error| Failure::of("the shelf of photos cannot be opened", &error))?;
        let (stop_clocks, stopped) = oneshot::channel::<()>();
        let clocks = tokio::spawn(clockwork::run(self.desk.clone(), self.clock.clone(), async {
            let _ = stopped.await;
        }));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(http::serve(listener, app.clone(), async {
            // Dropped or told, both mean to stop.
            let _ = stopped.await;
        }));
        Ok(Service { address, app, stop, task, upkeep, stop_clocks, clocks })
    }

    /// Sets a courier to work, whose letters go into the folder `mail` and are shown at `/demo/mail`.
    pub fn deliver(&self, service: &Service, folder: &Path, settings: courier::Settings) -> Result<Working, Failure> {
        let from = Sender::parse("Touchstone <touchstone@localhost>")
            .map_err(|error| Failure::of("the sender of letters", &error))?;
        let mail = MailSettings::files(folder.join("mail"), from);
        let transport = mail.transport().map_err(Failure)?;
        if let Transport::Files(files) = &transport {
            service.app.show_mail(files.clone());
        }
        let post = ByMail::new(self.desk.clone(), mail.house(), transport);
        let caller = Caller::new(own_machine(), Times::default(), &[])
            .map_err(|error| Failure::of("nobody can post to webhooks", &error))?;
        Ok(Courier::new(self.desk.clone(), Arc::new(post), caller, self.clock.clone(), settings).start())
    }

    /// Finishes what waits and closes the database.
    pub async fn close(self) -> Result<(), Failure> {
        self.desk.close().await;
        self.store.close().await.map_err(|error| Failure::of("the database cannot be closed", &error))
    }
}

impl Service {
    /// Takes no more requests and finishes those in flight.
    pub async fn stop(self) -> Result<(), Failure> {
        let _ = self.stop.send(());
        drop(self.app);
        if let Some(upkeep) = self.upkeep {
            upkeep.abort();
        }
        drop(self.stop_clocks);
        let _ = self.clocks.await;
        match self.task.await {
            Ok(served) => served.map_err(|error| Failure::of("the service stopped with a fault", &error)),
            Err(error) => Err(Failure::of("the service stopped before its time", &error)),
        }
    }
}

/// Looks after what is measured, for as long as it is measured: histograms keep every sample until they are folded.
pub async fn keep_up(metrics: Metrics) {
    let mut due = tokio::time::interval(UPKEEP_EVERY);
    loop {
        due.tick().await;
        metrics.upkeep();
    }
}

/// Whoever tries webhooks out has a receiver on the same machine.
fn own_machine() -> Allowed {
    Allowed::new(vec![IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST))])
}

/// The bench's balance.
pub const BALANCE: &str = "b-2";

fn device(id: &str, kind: &str, now: Timestamp) -> devices::Model {
    let is_adjusted = id == BALANCE;
    let year = jiff::SignedDuration::from_hours(365 * 24);
    devices::Model {
        id: id.to_owned(),
        warehouse_id: WAREHOUSE.to_owned(),
        kind: kind.to_owned(),
        serial: None,
        permissible_error_ug: is_adjusted.then_some(10_000),
        adjusted_at: is_adjusted.then(|| now.as_microsecond()),
        adjustment_expires_at: is_adjusted.then(|| now.checked_add(year).unwrap_or(now).as_microsecond()),
        created_at: now.as_microsecond(),
    }
}

/// A folder of one's own: made afresh, or one that was given and is empty of databases.
pub fn folder(given: Option<&Path>, prefix: &str) -> Result<PathBuf, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => {
            let name = Uuid::new_v4().simple().to_string();
            std::env::temp_dir().join(format!("{prefix}-{}", &name[..8]))
        }
    };
    let path = std::path::absolute(&path).map_err(|error| Failure::of("the folder has no full name", &error))?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path).map_err(|error| {
        Failure(format!("the folder {} cannot be made ({error}): give another with --data", path.display()))
    })?;
    let database = path.join("touchstone.db");
    if database.exists() {
        return Err(Failure(format!(
            "{} is there already: give an empty folder with --data, or serve that one with touchstone serve --config {}",
            database.display(),
            path.join(SETTINGS).display(),
        )));
    }
    Ok(path)
}

/// The settings file of such a folder; `touchstone serve --config` takes it.
pub const SETTINGS: &str = "touchstone.toml";

/// Makes two secrets and keeps them in the folder, for its owner only, as a settings file; with the address, where links
/// were given out that lead there.
pub fn secrets(folder: &Path, listen: Option<SocketAddr>) -> Result<Secrets, Failure> {
    let [master, signing] = [fresh_secret()?, fresh_secret()?];
    let path = folder.join(SETTINGS);
    let listen = listen.map(|address| format!("listen = \"{address}\"\n")).unwrap_or_default();
    let text = format!(
        "# Made for this folder alone. Without master_key no name and no text in its database can be read.\n\
         data_dir = {}\nmaster_key = \"{master}\"\nsigning_key = \"{signing}\"\n{listen}",
        quoted(folder)
    );
    write_private(&path, &text).map_err(|error| Failure(format!("{} cannot be written: {error}", path.display())))?;
    Secrets::parse(&master, &signing).map_err(|error| Failure::of("the secrets that were made are none", &error))
}

fn fresh_secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::of("the machine gives no random bytes", &error))?;
    Ok(hex::encode(bytes))
}

/// A path as a basic string of TOML.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Takes the address, or says who has it.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            Failure(format!(
                "another program listens on {address}: stop it, or choose another address with --listen, such as \
                 {}:0 for any free port",
                address.ip()
            ))
        } else {
            Failure(format!("nobody can listen on {address} ({error}): choose another address with --listen"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Args, Config};

    #[test]
    fn the_folder_of_a_demo_can_be_served_from_its_settings() {
        let place = tempfile::tempdir().unwrap();
        let folder = folder(Some(&place.path().join("new")), "touchstone-test").unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 18_420));
        secrets(&folder, Some(address)).unwrap();
        let args = Args { config: Some(folder.join(SETTINGS)), ..Args::default() };
        let config = Config::load(&args, |_| None).unwrap();
        assert_eq!(config.data_dir, folder);
        assert_eq!((config.listen, config.public_url.as_str()), (address, "http://127.0.0.1:18420"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.join(SETTINGS)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_folder_with_a_database_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("touchstone.db"), b"").unwrap();
        let Failure(sentence) = folder(Some(place.path()), "touchstone-test").unwrap_err();
        assert!(sentence.contains("give an empty folder with --data"), "{sentence}");
    }

    #[tokio::test]
    async fn a_taken_address_is_told_with_its_cure() {
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let Failure(sentence) = listen(held.local_addr().unwrap()).await.unwrap_err();
        assert!(sentence.contains("choose another address with --listen"), "{sentence}");
    }
}
