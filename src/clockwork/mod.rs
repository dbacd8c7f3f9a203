//! Clocks that run for days, in rows and not in memory: a worker looks what is due, takes it under a lease, and fires it
//! through the desk. Any number of workers may do so at once, in any number of processes: whether something is due is
//! decided on the journal, so each clock fires once.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::desk::{Desk, Error, Fired};

/// How often a worker looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Rows that are taken at once. They are fired side by side, so that their commands share commits.
const AT_ONCE: u64 = 64;

/// What one look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    pub fired: usize,
    /// Rows that were not due by their journals.
    pub renewed: usize,
    /// Rows that could not be fired; they are tried again when their lease is over.
    pub failed: usize,
}

/// Fires everything that is due at this time, until nothing is. Consequences whose own clocks are over already are
/// fired too.
///
/// # Errors
///
/// Those of the store, where nothing could be looked up or leased.
pub async fn fire_due(desk: &Desk, now: Timestamp) -> Result<Pass, Error> {
    let mut pass = Pass::default();
    loop {
        let rows = desk.lease_due(now, AT_ONCE).await?;
        if rows.is_empty() {
            return Ok(pass);
        }
        let mut firing = JoinSet::new();
        for row in rows {
            let desk = desk.clone();
            firing.spawn(async move { (desk.fire(&row, now).await, row) });
        }
        while let Some(fired) = firing.join_next().await {
            match fired {
                Ok((Ok(Fired::Done), row)) => {
                    tracing::info!(order.id = %row.order_id, clock = row.kind, "a clock was fired");
                    pass.fired += 1;
                }
                Ok((Ok(Fired::Renewed), _)) => pass.renewed += 1,
                Ok((Ok(Fired::Waits), _)) => {}
                Ok((Err(Error::Busy), _)) => pass.failed += 1,
                Ok((Err(error), row)) => {
                    tracing::error!(order.id = %row.order_id, clock = row.kind, %error, "a clock cannot be fired");
                    pass.failed += 1;
                }
                Err(error) => {
                    tracing::error!(%error, "a clock cannot be fired");
                    pass.failed += 1;
                }
            }
        }
    }
}

/// Looks again and again, by a clock that is given, until it is told to stop. What is under way then is finished.
pub async fn run(desk: Desk, clock: Clock, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        match fire_due(&desk, clock.now()).await {
            Ok(_) | Err(Error::Busy) => {}
            Err(error) => tracing::error!(%error, "it cannot be looked which clocks ran out"),
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
