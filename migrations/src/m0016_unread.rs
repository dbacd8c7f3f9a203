//! Transcripts whose ledgers may still have to be read: what a stop between the two leaves is looked up here, not in the
//! journals of all pieces that wait.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, text, uuid};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct Unread;

impl MigrationName for Unread {
    fn name(&self) -> &str {
        "m0016_unread"
    }
}

fn unread() -> Table {
    let columns = vec![text("tenant_id"), text("live_id"), uuid("transcript_id"), big_integer("created_at")];
    Table::new("unread_transcripts", &["tenant_id", "live_id"], columns).clustered()
}

/// Nobody knows of those that are there already: the next start looks at each once.
const ALL: &str = "INSERT INTO unread_transcripts (tenant_id, live_id, transcript_id, created_at) \
     SELECT lives.tenant_id, lives.id, transcripts.id, transcripts.created_at \
     FROM lives JOIN transcripts ON transcripts.id = lives.transcript_id";

#[async_trait]
impl MigrationTrait for Unread {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        unread().create(manager).await?;
        manager.get_connection().execute_unprepared(ALL).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        unread().drop(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
