//! What a measurement stands on: a folder of its own, a house in it, and the service over it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Options;
use super::load::Load;
use crate::clock::Clock;
use crate::demo::Failure;
use crate::demo::house::{self, House, People, Service};
use crate::desk::Options as DeskOptions;
use crate::store::Limits;
use crate::telemetry::Metrics;
use crate::vault::Secrets;

/// A folder that goes when the measurement is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans up temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A fresh folder below the one that was given, or where temporary files are kept.
pub fn folder(options: &Options) -> Result<Folder, Failure> {
    let name = format!("touchstone-bench-{}", uuid::Uuid::new_v4().simple());
    let parent = options.data.clone().unwrap_or_else(std::env::temp_dir);
    Ok(Folder(house::folder(Some(&parent.join(name)), "touchstone-bench")?))
}

/// A house that serves, with people in it.
pub struct Stand {
    secrets: Secrets,
    pub house: House,
    pub service: Service,
    pub people: People,
}

impl Stand {
    /// Opens a database, furnishes it and serves it on any free port.
    pub async fn open(url: &str, folder: &Path, limits: Limits, writers: Option<u16>) -> Result<Self, Failure> {
        let secrets = Secrets::random();
        let desk = DeskOptions::default();
        let desk = DeskOptions { writers: writers.unwrap_or(desk.writers), ..desk };
        let house = House::open(url, &secrets, limits, desk, Clock::system()).await?;
        let people = house.furnish(&Load::merchants()?).await?;
        let service = serve(&house, folder).await?;
        Ok(Self { secrets, house, service, people })
    }

    /// The same database opened anew, with the settings of every day and nothing kept in memory.
    pub async fn reopen(self, url: &str, folder: &Path) -> Result<Self, Failure> {
        let (secrets, people) = (self.secrets.clone(), self.people.clone());
        self.close().await?;
        let house = House::open(url, &secrets, Limits::default(), DeskOptions::default(), Clock::system()).await?;
        let service = serve(&house, folder).await?;
        Ok(Self { secrets, house, service, people })
    }

    pub async fn load(&self, prefix: &str) -> Result<Load, Failure> {
        Load::learn(self.service.address, self.people.clone(), prefix).await
    }

    pub async fn close(self) -> Result<(), Failure> {
        self.service.stop().await?;
        self.house.close().await
    }
}

/// The service as it is run for real, with everything counted.
pub async fn serve(house: &House, folder: &Path) -> Result<Service, Failure> {
    let metrics = Metrics::install().map_err(|error| Failure::of("nothing can be measured", &error))?;
    let listener = house::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    house.serve(listener, folder, Some(metrics))
}
