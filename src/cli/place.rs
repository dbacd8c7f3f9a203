//! `touchstone warehouse`, `laboratory` and `device`.

use jiff::Timestamp;
use serde_json::json;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::Place;
use touchstone::domain::ids::{DeviceId, LaboratoryId, WarehouseId};
use touchstone::domain::quantity::Mass;
use touchstone::store::entity::{devices, laboratories};
use touchstone::store::{lookups, queries};

use super::open::{instant, optional_instant};
use super::{Done, Trouble, block_on, open, say, say_json, say_table};

pub const WAREHOUSE_EXAMPLES: &str = "Example:
  touchstone warehouse create --id wh-1 --name '广州质检仓' --address '…'";
pub const LABORATORY_EXAMPLES: &str = "Example:
  touchstone laboratory create --id lab-1 --name '…检测中心' --cma 2026XXXX";
pub const DEVICE_EXAMPLES: &str = "Example:
  touchstone device add --id b-2 --warehouse wh-1 --kind balance --permissible-error 0.01g";

#[derive(Debug, clap::Subcommand)]
pub enum Warehouse {
    Create(CreateWarehouse),
    Fee(super::owed::SetFee),
    #[command(name = "list")]
    Show(ListWarehouses),
}

#[derive(Debug, clap::Subcommand)]
pub enum Laboratory {
    Create(CreateLaboratory),
    #[command(name = "list")]
    Show(ListLaboratories),
}

#[derive(Debug, clap::Subcommand)]
pub enum Device {
    Add(AddDevice),
    Adjust(AdjustDevice),
    #[command(name = "list")]
    Show(ListDevices),
}

impl Warehouse {
    pub fn run(self) -> Done {
        match self {
            Warehouse::Create(command) => command.run(),
            Warehouse::Fee(command) => command.run(),
            Warehouse::Show(command) => command.run(),
        }
    }
}

impl Laboratory {
    pub fn run(self) -> Done {
        match self {
            Laboratory::Create(command) => command.run(),
            Laboratory::Show(command) => command.run(),
        }
    }
}

impl Device {
    pub fn run(self) -> Done {
        match self {
            Device::Add(command) => command.run(),
            Device::Adjust(command) => command.run(),
            Device::Show(command) => command.run(),
        }
    }
}

/// Add a warehouse, or change the one with this id
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone warehouse create --id wh-1 --name '广州质检仓' --address '广东省广州市…' --timezone Asia/Shanghai")]
pub struct CreateWarehouse {
    /// 1 to 64 letters, digits, dots, hyphens or underscores
    #[arg(long)]
    id: WarehouseId,
    #[arg(long)]
    name: String,
    /// Where merchants send their parcels
    #[arg(long)]
    address: String,
    /// Of the IANA database
    #[arg(long, default_value = "Asia/Shanghai")]
    timezone: String,
    /// The laboratory in whose name its inspectors work; capsules name it
    #[arg(long)]
    laboratory: Option<LaboratoryId>,
    #[command(flatten)]
    settings: Args,
}

impl CreateWarehouse {
    fn run(self) -> Done {
        if jiff::tz::TimeZone::get(&self.timezone).is_err() {
            return Err(Trouble::Usage(format!(
                "{:?} is no time zone: give one of the IANA database, such as Asia/Shanghai",
                self.timezone
            )));
        }
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            if let Some(id) = &self.laboratory
                && queries::laboratory(store.reader(), id.as_str()).await?.is_none()
            {
                return Err(Trouble::Usage(format!(
                    "no laboratory has the id {id}: add it first with touchstone laboratory create"
                )));
            }
            let place = Place {
                id: self.id,
                name: self.name,
                address: self.address,
                timezone: self.timezone,
                laboratory: self.laboratory,
            };
            let row = desk.put_warehouse(&place, Timestamp::now()).await?;
            open::close(store, desk).await?;
            say(&format!("warehouse {} stands", row.id));
            Ok(Outcome::Good)
        })
    }
}

/// List the warehouses
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone warehouse list --json")]
pub struct ListWarehouses {
    /// Answer as JSON, one array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl ListWarehouses {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let found = lookups::warehouses(store.reader()).await?;
            if self.json {
                let rows: Vec<_> = found
                    .iter()
                    .map(|row| {
                        json!({
                            "id": row.id, "name": row.name, "address": row.address, "timezone": row.timezone,
                            "laboratory": row.laboratory_id, "created_at": instant(row.created_at),
                        })
                    })
                    .collect();
                say_json(&rows)?;
            } else {
                let rows: Vec<_> = found.into_iter().map(|row| [row.id, row.name, row.timezone, row.address]).collect();
                say_table(["WAREHOUSE", "NAME", "TIME ZONE", "ADDRESS"], &rows);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Add a laboratory, or change the one with this id
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone laboratory create --id lab-1 --name '…检测中心' --cma 2026XXXX --cnas LXXXX")]
pub struct CreateLaboratory {
    /// 1 to 64 letters, digits, dots, hyphens or underscores
    #[arg(long)]
    id: LaboratoryId,
    #[arg(long)]
    name: String,
    /// Number of its CMA accreditation
    #[arg(long)]
    cma: Option<String>,
    /// Number of its CNAS accreditation
    #[arg(long)]
    cnas: Option<String>,
    #[command(flatten)]
    settings: Args,
}

impl CreateLaboratory {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let row = laboratories::Model {
                id: self.id.to_string(),
                name: self.name,
                cma: self.cma,
                cnas: self.cnas,
                created_at: Timestamp::now().as_microsecond(),
            };
            desk.put_laboratory(row).await?;
            open::close(store, desk).await?;
            say(&format!("laboratory {} stands", self.id));
            Ok(Outcome::Good)
        })
    }
}

/// List the laboratories
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone laboratory list --json")]
pub struct ListLaboratories {
    /// Answer as JSON, one array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl ListLaboratories {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let found = queries::laboratories(store.reader()).await?;
            if self.json {
                let rows: Vec<_> = found
                    .iter()
                    .map(|row| json!({ "id": row.id, "name": row.name, "cma": row.cma, "cnas": row.cnas }))
                    .collect();
                say_json(&rows)?;
            } else {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                let rows: Vec<_> =
                    found.into_iter().map(|row| [row.id, row.name, or_none(row.cma), or_none(row.cnas)]).collect();
                say_table(["LABORATORY", "NAME", "CMA", "CNAS"], &rows);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Add an instrument of a warehouse, or change the one with this id
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone device add --id ftir-1 --warehouse wh-1 --kind infrared_spectrometer
  touchstone device add --id b-2 --warehouse wh-1 --kind balance --permissible-error 0.01g \\
      --adjusted-at 2026-11-01T00:00:00Z --adjustment-expires-at 2027-11-01T00:00:00Z")]
pub struct AddDevice {
    /// 1 to 64 letters, digits, dots, hyphens or underscores
    #[arg(long)]
    id: DeviceId,
    #[arg(long)]
    warehouse: WarehouseId,
    /// Such as balance, refractometer or x_ray_fluorescence
    #[arg(long)]
    kind: String,
    #[arg(long)]
    serial: Option<String>,
    /// A balance's maximum permissible error with its unit, such as 0.01g
    #[arg(long, value_name = "WEIGHT", value_parser = permissible_error)]
    permissible_error: Option<i64>,
    /// When it was last adjusted (RFC 3339)
    #[arg(long, value_name = "TIME")]
    adjusted_at: Option<Timestamp>,
    /// Until when that adjustment is good (RFC 3339)
    #[arg(long, value_name = "TIME")]
    adjustment_expires_at: Option<Timestamp>,
    #[command(flatten)]
    settings: Args,
}

/// A weight with its unit behind it, in micrograms.
fn permissible_error(text: &str) -> Result<i64, String> {
    let unit_at = text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
    let (value, unit) = text.split_at(unit_at);
    Mass::parse(value.trim(), unit).map(|mass| mass.0).map_err(|malformed| malformed.to_string())
}

impl AddDevice {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            if queries::warehouse(store.reader(), self.warehouse.as_str()).await?.is_none() {
                return Err(Trouble::Failed(format!(
                    "there is no warehouse {}: make it with touchstone warehouse create",
                    self.warehouse
                )));
            }
            let row = devices::Model {
                id: self.id.to_string(),
                warehouse_id: self.warehouse.to_string(),
                kind: self.kind,
                serial: self.serial,
                permissible_error_ug: self.permissible_error,
                adjusted_at: self.adjusted_at.map(Timestamp::as_microsecond),
                adjustment_expires_at: self.adjustment_expires_at.map(Timestamp::as_microsecond),
                created_at: Timestamp::now().as_microsecond(),
            };
            desk.put_device(row).await?;
            open::close(store, desk).await?;
            say(&format!("device {} stands in warehouse {}", self.id, self.warehouse));
            Ok(Outcome::Good)
        })
    }
}

/// Record that a device was adjusted: from then on its readings count, until the adjustment expires
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone device adjust --id b-2 --expires-at 2027-11-22T00:00:00Z --permissible-error 0.01g")]
pub struct AdjustDevice {
    #[arg(long)]
    id: DeviceId,
    /// When it was adjusted (RFC 3339); now, if it is left out
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Until when that adjustment is good (RFC 3339)
    #[arg(long, value_name = "TIME")]
    expires_at: Timestamp,
    /// Where the adjustment found another: a balance's maximum permissible error with its unit, such as 0.01g
    #[arg(long, value_name = "WEIGHT", value_parser = permissible_error)]
    permissible_error: Option<i64>,
    #[command(flatten)]
    settings: Args,
}

impl AdjustDevice {
    fn run(self) -> Done {
        block_on(async move {
            let at = self.at.unwrap_or_else(Timestamp::now);
            if self.expires_at <= at {
                return Err(Trouble::Usage("an adjustment expires after it was made: look at --expires-at".to_owned()));
            }
            let (store, desk) = open::house(&self.settings).await?;
            let Some(row) = queries::device(store.reader(), self.id.as_str()).await? else {
                return Err(Trouble::Failed(format!(
                    "there is no device {}: add it with touchstone device add",
                    self.id
                )));
            };
            let row = devices::Model {
                adjusted_at: Some(at.as_microsecond()),
                adjustment_expires_at: Some(self.expires_at.as_microsecond()),
                permissible_error_ug: self.permissible_error.or(row.permissible_error_ug),
                ..row
            };
            desk.put_device(row).await?;
            open::close(store, desk).await?;
            say(&format!("device {} is adjusted until {}", self.id, self.expires_at));
            Ok(Outcome::Good)
        })
    }
}

/// List the devices
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone device list --json")]
pub struct ListDevices {
    /// Answer as JSON, one array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl ListDevices {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let found = queries::devices(store.reader()).await?;
            if self.json {
                let rows: Vec<_> = found
                    .iter()
                    .map(|row| {
                        json!({
                            "id": row.id, "warehouse": row.warehouse_id, "kind": row.kind, "serial": row.serial,
                            "permissible_error_ug": row.permissible_error_ug,
                            "adjusted_at": row.adjusted_at.map(instant),
                            "adjustment_expires_at": row.adjustment_expires_at.map(instant),
                        })
                    })
                    .collect();
                say_json(&rows)?;
            } else {
                let rows: Vec<_> = found
                    .into_iter()
                    .map(|row| {
                        let error =
                            row.permissible_error_ug.map_or("-".to_owned(), |ug| format!("{} g", Mass(ug).grams()));
                        [row.id, row.warehouse_id, row.kind, error, optional_instant(row.adjustment_expires_at)]
                    })
                    .collect();
                say_table(["DEVICE", "WAREHOUSE", "KIND", "PERMISSIBLE ERROR", "ADJUSTED UNTIL"], &rows);
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permissible_error_needs_its_unit() {
        assert_eq!(permissible_error("0.01g"), Ok(10_000));
        assert_eq!(permissible_error("5 mg"), Ok(5_000));
        assert!(permissible_error("0.01").unwrap_err().contains("needs its unit"));
    }
}
