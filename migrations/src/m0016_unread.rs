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

/// Nobody knows which of those that are there already were read: the next start looks at each once whose pieces wait.
const WAITING: &str = "INSERT INTO unread_transcripts (tenant_id, live_id, transcript_id, created_at) \
     SELECT lives.tenant_id, lives.id, transcripts.id, transcripts.created_at \
     FROM lives JOIN transcripts ON transcripts.id = lives.transcript_id \
     WHERE EXISTS (SELECT 1 FROM orders JOIN pieces ON pieces.order_id = orders.order_id \
     WHERE orders.tenant_id = lives.tenant_id AND orders.live_id = lives.id AND pieces.stage = 'spoken_review')";

#[async_trait]
impl MigrationTrait for Unread {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        unread().create(manager).await?;
        manager.get_connection().execute_unprepared(WAITING).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        unread().drop(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
