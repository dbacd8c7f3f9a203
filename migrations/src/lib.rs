//! The schema of Touchstone, for SQLite and PostgreSQL alike.
//!
//! Tests run these migrations, never a schema made from entities; the crate depends on no entity, so a migration
//! keeps its meaning when the entities move on.

use sea_orm_migration::async_trait::async_trait;
pub use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_foundation;
mod m0003_readings;
mod m0004_photos;
mod m0005_certificates;
mod m0006_looks;
mod m0007_status_versions;
mod m0008_tries;
mod m0010_courier;
mod m0011_found;
mod m0012_owed;
mod m0013_restores;
mod m0014_unreached;
mod m0015_lost_capsules;
mod m0016_unread;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_foundation::Foundation),
            Box::new(m0003_readings::Readings),
            Box::new(m0004_photos::Photos),
            Box::new(m0005_certificates::Certificates),
            Box::new(m0006_looks::Looks),
            Box::new(m0007_status_versions::StatusVersions),
            Box::new(m0008_tries::Tries),
            Box::new(m0010_courier::Courier),
            Box::new(m0011_found::Found),
            Box::new(m0012_owed::Owed),
            Box::new(m0013_restores::Restores),
            Box::new(m0014_unreached::Unreached),
            Box::new(m0015_lost_capsules::LostCapsules),
            Box::new(m0016_unread::Unread),
        ]
    }
}
