//! `touchstone key`: who may call, in which role.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::{KeyGrant, KeyScope};
use touchstone::domain::actor::Role;
use touchstone::domain::ids::{KeyId, MerchantId, PersonId, TenantId, WarehouseId};
use touchstone::store::entity::keys;
use touchstone::store::queries;
use uuid::Uuid;

use super::open::{instant, optional_instant};
use super::{Done, Trouble, block_on, open, say, say_json, say_table};

pub const EXAMPLES: &str = "Examples:
  touchstone key create --role inspector --warehouse wh-1 --name 'Inspector A'
  touchstone key list";

/// More keys than this are not listed; `--json` and an operator's page read further.
const LISTED: u64 = 10_000;

#[derive(Debug, clap::Subcommand)]
pub enum Key {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

impl Key {
    pub fn run(self) -> Done {
        match self {
            Key::Create(command) => command.run(),
            Key::List(command) => command.run(),
            Key::Revoke(command) => command.run(),
        }
    }
}

/// Make a key; its secret is shown this once, and only its hash is kept
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone key create --role operator --name 'Operations'
  touchstone key create --role platform --platform kuaishou --name 'Order interface'
  touchstone key create --role merchant --platform kuaishou --merchant m-1 --name 'Shop'
  touchstone key create --role clerk --warehouse wh-1 --name 'Clerk on shift' --days 365")]
pub struct Create {
    /// platform, merchant, clerk, inspector, supervisor, auditor or operator
    #[arg(long)]
    role: String,
    /// The platform of a platform's or merchant's key
    #[arg(long, value_name = "ID")]
    platform: Option<TenantId>,
    /// The merchant of a merchant's key
    #[arg(long, value_name = "ID")]
    merchant: Option<MerchantId>,
    /// The warehouse of a clerk's, inspector's or supervisor's key
    #[arg(long, value_name = "ID")]
    warehouse: Option<WarehouseId>,
    /// Whose key it is; kept encrypted
    #[arg(long, conflicts_with = "person", required_unless_present = "person")]
    name: Option<String>,
    /// Another key for a person who has one
    #[arg(long, value_name = "ID")]
    person: Option<Uuid>,
    /// After how many days it ends; else never
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl Create {
    fn run(self) -> Done {
        let role = Role::of_key(&self.role).ok_or_else(|| {
            let known: Vec<_> = Role::OF_KEYS.iter().map(|role| role.as_str()).collect();
            Trouble::Usage(format!("{:?} is no role of a key: give one of {}", self.role, known.join(", ")))
        })?;
        let scope = KeyScope { tenant_id: self.platform, merchant_id: self.merchant, warehouse_id: self.warehouse };
        if scope.of(role).is_none() {
            return Err(Trouble::Usage(needs(role)));
        }
        let now = Timestamp::now();
        let expires_at = match self.days {
            None => None,
            Some(days) => now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok(),
        };
        let grant = KeyGrant { person: self.person.map(PersonId), name: self.name, role, scope, expires_at };
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let (row, secret) = desk.create_key(&grant, now).await?;
            if self.json {
                say_json(&json!({
                    "id": row.id,
                    "person_id": row.person_id,
                    "role": row.role,
                    "expires_at": row.expires_at.map(instant),
                    "secret": secret,
                }))?;
            } else {
                say(&format!("key {} for person {}, role {role}", row.id, row.person_id));
                say("Its secret is shown this once:");
                say(&secret);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

fn needs(role: Role) -> String {
    match role {
        Role::Platform => "a platform's key takes --platform, and neither --merchant nor --warehouse".to_owned(),
        Role::Merchant => "a merchant's key takes --platform and --merchant, and no --warehouse".to_owned(),
        Role::Clerk | Role::Inspector | Role::Supervisor => {
            format!("the key of a {role} takes --warehouse, and neither --platform nor --merchant")
        }
        Role::Auditor | Role::Operator | Role::Buyer | Role::Carrier | Role::Desk => {
            format!("the key of an {role} takes none of --platform, --merchant and --warehouse")
        }
    }
}

/// List the keys, without their secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone key list --json")]
pub struct List {
    /// Answer as JSON, one array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl List {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let keys = queries::keys(store.reader(), None, LISTED).await?;
            if self.json {
                let rows: Vec<_> = keys
                    .iter()
                    .map(|row| {
                        json!({
                            "id": row.id,
                            "person_id": row.person_id,
                            "role": row.role,
                            "platform": row.tenant_id,
                            "merchant": row.merchant_id,
                            "warehouse": row.warehouse_id,
                            "created_at": instant(row.created_at),
                            "expires_at": row.expires_at.map(instant),
                            "revoked_at": row.revoked_at.map(instant),
                        })
                    })
                    .collect();
                say_json(&rows)?;
            } else {
                let rows: Vec<_> = keys
                    .iter()
                    .map(|row| {
                        [
                            row.id.to_string(),
                            row.role.clone(),
                            bound_to(row),
                            row.person_id.to_string(),
                            optional_instant(row.expires_at),
                            optional_instant(row.revoked_at),
                        ]
                    })
                    .collect();
                say_table(["KEY", "ROLE", "OF", "PERSON", "EXPIRES", "REVOKED"], &rows);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

fn bound_to(row: &keys::Model) -> String {
    let parts: Vec<_> =
        [&row.tenant_id, &row.merchant_id, &row.warehouse_id].into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join("/") }
}

/// End a key
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone key revoke 0193d1c5-8a10-7c55-9d1e-2f6f0c9a4b11")]
pub struct Revoke {
    /// The key's id, as key list shows it
    id: Uuid,
    #[command(flatten)]
    settings: Args,
}

impl Revoke {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let ended = desk.revoke_key(KeyId(self.id), None, Timestamp::now()).await?;
            open::close(store, desk).await?;
            if ended {
                say(&format!("key {} is revoked", self.id));
                Ok(Outcome::Good)
            } else {
                Err(Trouble::Failed(format!("there is no key {} that has not ended already", self.id)))
            }
        })
    }
}
