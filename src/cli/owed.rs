//! `touchstone warehouse fee` and `touchstone carrier`.

use jiff::Timestamp;
use serde_json::json;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::carriers::Speech;
use touchstone::domain::ids::WarehouseId;
use touchstone::domain::obligation::Fee;
use touchstone::domain::quantity::Money;
use touchstone::store::entity::fees;
use touchstone::store::{owed, queries};

use super::open::{instant, optional_instant};
use super::{Done, Trouble, block_on, open, say, say_json, say_table};

pub const CARRIER_EXAMPLES: &str = "Example:
  touchstone carrier add --id kd-1 --kind kuaidi100 --warehouse wh-1";

/// Set a fee of a warehouse, or list its fees
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone warehouse fee --id wh-1 --fee inspection --amount 1500 --currency CNY
  touchstone warehouse fee --id wh-1")]
pub struct SetFee {
    #[arg(long)]
    id: WarehouseId,
    /// inspection, return_freight, appeal or buyers_freight; without one, the table is listed
    #[arg(long, requires = "amount")]
    fee: Option<String>,
    /// Whole minor units
    #[arg(long, requires = "fee")]
    amount: Option<i64>,
    /// ISO 4217
    #[arg(long, default_value = "CNY")]
    currency: String,
    #[command(flatten)]
    settings: Args,
}

impl SetFee {
    pub fn run(self) -> Done {
        let set = match (&self.fee, self.amount) {
            (Some(fee), Some(amount)) => {
                let known = Fee::parse(fee).ok_or_else(|| {
                    let known: Vec<_> = Fee::ALL.iter().map(|fee| fee.as_str()).collect();
                    Trouble::Usage(format!("{fee:?} is no fee: give one of {}", known.join(", ")))
                })?;
                let money = Money::parse(amount, &self.currency).map_err(|error| Trouble::Usage(error.to_string()))?;
                Some((known, money))
            }
            _ => None, // Each asks for the other.
        };
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            if queries::warehouse(store.reader(), self.id.as_str()).await?.is_none() {
                return Err(Trouble::Usage(format!("there is no warehouse {}", self.id)));
            }
            if let Some((fee, money)) = set {
                desk.put_fee(fees::Model {
                    warehouse_id: self.id.to_string(),
                    fee: fee.as_str().to_owned(),
                    currency: money.currency.as_str().to_owned(),
                    amount: money.amount,
                })
                .await?;
            }
            let rows = owed::fees_of(store.reader(), self.id.as_str()).await?;
            let rows: Vec<_> = rows.into_iter().map(|row| [row.fee, row.amount.to_string(), row.currency]).collect();
            say_table(["FEE", "MINOR UNITS", "CURRENCY"], &rows);
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

#[derive(Debug, clap::Subcommand)]
pub enum Carrier {
    Add(AddCarrier),
    #[command(name = "list")]
    Show(ListCarriers),
    Revoke(RevokeCarrier),
}

impl Carrier {
    pub fn run(self) -> Done {
        match self {
            Carrier::Add(command) => command.run(),
            Carrier::Show(command) => command.run(),
            Carrier::Revoke(command) => command.run(),
        }
    }
}

/// Enter whose pushes are taken: shows the address to be called, and the salt, this once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone carrier add --id kd-1 --kind kuaidi100 --warehouse wh-1
  touchstone carrier add --id own-fleet --kind push --warehouse wh-1 --json")]
pub struct AddCarrier {
    /// 1 to 64 letters, digits, dots, hyphens or underscores
    #[arg(long)]
    id: WarehouseId,
    /// kuaidi100, or push for any other that signs JSON
    #[arg(long)]
    kind: String,
    /// Whose parcels it may speak of
    #[arg(long)]
    warehouse: WarehouseId,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl AddCarrier {
    fn run(self) -> Done {
        let Some(speech) = Speech::parse(&self.kind) else {
            return Err(Trouble::Usage(format!("{:?} is no kind of carrier: give kuaidi100 or push", self.kind)));
        };
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            if queries::warehouse(store.reader(), self.warehouse.as_str()).await?.is_none() {
                return Err(Trouble::Usage(format!("there is no warehouse {}", self.warehouse)));
            }
            if owed::carrier(store.reader(), self.id.as_str()).await?.is_some() {
                return Err(Trouble::Usage(format!("there is a carrier {} already: take another id", self.id)));
            }
            let made = desk.add_carrier(self.id.as_str(), speech, &self.warehouse, Timestamp::now()).await?;
            let url = format!("{}/v1/carriers/{}/{}", desk.public_url(), speech.as_str(), made.token);
            if self.json {
                say_json(&json!({"id": made.row.id, "url": url, "salt": made.salt}))?;
            } else {
                say(&format!("carrier {} may speak of the parcels of {}", made.row.id, made.row.warehouse_id));
                say("The address to be called, and the salt of its signatures, are shown this once:");
                say(&url);
                say(&made.salt);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// List whose pushes are taken, without their secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone carrier list --json")]
pub struct ListCarriers {
    /// Answer as JSON, one array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl ListCarriers {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let found = owed::carriers(store.reader()).await?;
            if self.json {
                let row = |row: &touchstone::store::entity::carriers::Model| {
                    json!({
                        "id": row.id, "kind": row.kind, "warehouse": row.warehouse_id,
                        "created_at": instant(row.created_at), "revoked_at": row.revoked_at.map(instant),
                    })
                };
                say_json(&found.iter().map(row).collect::<Vec<_>>())?;
            } else {
                let row = |row: touchstone::store::entity::carriers::Model| {
                    [row.id, row.kind, row.warehouse_id, optional_instant(row.revoked_at)]
                };
                say_table(["CARRIER", "KIND", "WAREHOUSE", "REVOKED"], &found.into_iter().map(row).collect::<Vec<_>>());
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Take a carrier's token back
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone carrier revoke kd-1")]
pub struct RevokeCarrier {
    id: String,
    #[command(flatten)]
    settings: Args,
}

impl RevokeCarrier {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let done = desk.revoke_carrier(&self.id, Timestamp::now()).await?;
            open::close(store, desk).await?;
            if done {
                say(&format!("the token of {} is taken back", self.id));
                Ok(Outcome::Good)
            } else {
                Err(Trouble::Usage(format!("no carrier {} has a token that is good", self.id)))
            }
        })
    }
}
