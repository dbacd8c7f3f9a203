//! Readings of balances in a command: the balance stands in the warehouse of the piece, and was adjusted when it was
//! read. What it is known to be uncertain by goes into the event, so that a verdict can be recomputed by it.

use jiff::Timestamp;

use super::{Desk, Error, Work};
use crate::domain::ids::{DeviceId, OrderId, WarehouseId};
use crate::domain::quantity::Weighing;
use crate::domain::refusal::{Fault, Refusal};
use crate::store::entity::{devices, frames, readings};
use crate::store::{queries, registers};

/// The clocks of a station and of the house may differ by so much.
const SKEW: i64 = 5 * 60 * 1_000_000;

impl Desk {
    /// Holds every reading of a command against the record of its balance.
    pub(super) async fn attest(&self, order_id: OrderId, work: &mut Work, now: Timestamp) -> Result<(), Error> {
        let Work::Pieces { pieces, .. } = work else { return Ok(()) };
        let mut warehouse = None;
        for weighing in pieces.iter_mut().flat_map(|(_, command)| command.weighings_mut()) {
            let (Some(reading), Some(device)) = (&mut weighing.reading, &weighing.device) else { continue };
            if warehouse.is_none() {
                warehouse = self.read_placed(order_id).await?.map(|placed| placed.warehouse_id);
            }
            let row = self.balance(warehouse.as_ref(), device, reading.read_at, now).await?;
            reading.uncertainty_ug = row.permissible_error_ug;
        }
        Ok(())
    }

    /// A balance of this warehouse that was adjusted when it was read.
    async fn balance(
        &self,
        warehouse: Option<&WarehouseId>,
        device: &DeviceId,
        read_at: i64,
        now: Timestamp,
    ) -> Result<devices::Model, Error> {
        let row = queries::device(self.store().reader(), device.as_str()).await?;
        let at = warehouse.map(WarehouseId::as_str);
        let row = row.filter(|row| row.kind == "balance" && Some(row.warehouse_id.as_str()) == at);
        let row = row.ok_or_else(|| Refusal::DeviceUnknown(device.clone()))?;
        if now.as_microsecond().saturating_add(SKEW) < read_at {
            let fault = Fault::new("/read_at", "a reading cannot lie ahead: set the station's clock");
            return Err(Refusal::Malformed(vec![fault]).into());
        }
        if !is_adjusted(&row, read_at) {
            return Err(Refusal::DeviceNotAdjusted(device.clone()).into());
        }
        Ok(row)
    }

    /// Keeps what a station read, raw. Whether it is new: the same reading again is the same, and the same id with
    /// another content is refused.
    pub async fn keep_reading(
        &self,
        warehouse: &WarehouseId,
        weighing: &Weighing,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (Some(reading), Some(device)) = (&weighing.reading, &weighing.device) else {
            return Err(Refusal::Absent("reading").into());
        };
        self.balance(Some(warehouse), device, reading.read_at, now).await?;
        let row = frames::Model {
            reading_id: reading.reading_id.to_string(),
            device_id: device.to_string(),
            device_seq: reading.device_seq,
            read_at: reading.read_at,
            frame: reading.frame.clone(),
            received_at: now.as_microsecond(),
        };
        let txn = self.store().begin().await?;
        if let Some(known) = queries::frame(&*txn, &row.reading_id).await? {
            let same = frames::Model { received_at: known.received_at, ..row } == known;
            return if same { Ok(false) } else { Err(Refusal::ReadingUsed.into()) };
        }
        registers::keep_frame(&*txn, row).await?;
        txn.commit().await?;
        Ok(true)
    }
}

/// Whether its adjustment was good at a time: it was adjusted at all, and that has not expired.
fn is_adjusted(row: &devices::Model, at: i64) -> bool {
    row.adjusted_at.is_some() && row.adjustment_expires_at.is_some_and(|expires| at < expires)
}

/// The register's row of a weight that an instrument took.
pub(super) fn row(weighing: &Weighing, (order_id, stream_id): (uuid::Uuid, i32), seq: i32) -> Option<readings::Model> {
    let (reading, device) = (weighing.reading.as_ref()?, weighing.device.as_ref()?);
    Some(readings::Model {
        reading_id: reading.reading_id.to_string(),
        order_id,
        stream_id,
        seq,
        device_id: device.to_string(),
        device_seq: reading.device_seq,
        read_at: reading.read_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adjustment_is_good_from_when_it_was_made_until_it_expires() {
        let device = |adjusted_at, adjustment_expires_at| devices::Model {
            id: "b-1".into(),
            warehouse_id: "w".into(),
            kind: "balance".into(),
            serial: None,
            permissible_error_ug: Some(10_000),
            adjusted_at,
            adjustment_expires_at,
            created_at: 0,
        };
        assert!(is_adjusted(&device(Some(1), Some(10)), 9));
        assert!(!is_adjusted(&device(Some(1), Some(10)), 10));
        assert!(!is_adjusted(&device(Some(1), None), 5)); // Nobody said for how long.
        assert!(!is_adjusted(&device(None, Some(10)), 5));
    }
}
