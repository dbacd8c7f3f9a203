//! Deliveries: each row of the outbox is for one channel, has a courier's lease, and the letter that it goes in; and the
//! endpoints of webhooks.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text, text_null, uuid, uuid_null};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::{Index, IndexCreateStatement, Table as Alter};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct Courier;

impl MigrationName for Courier {
    fn name(&self) -> &str {
        "m0010_courier"
    }
}

const WITHOUT_CHANNEL: &str = "unq_outbox_order_id_stream_id_seq_recipient_notice";
const UNIQUE: &str = "unq_outbox_order_id_stream_id_seq_recipient_notice_channel";
const DUE: &str = "idx_outbox_channel_state_not_before_at";
const TOLD: [&str; 5] = ["order_id", "stream_id", "seq", "recipient", "notice"];

fn index(name: &str, columns: impl IntoIterator<Item = &'static str>) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table("outbox");
    for column in columns {
        index.col(column);
    }
    index.take()
}

fn endpoints() -> Table {
    Table::new(
        "webhooks",
        &["id"],
        vec![
            uuid("id"),
            text("tenant_id"),
            text_null("merchant_id"),
            text("channel"),
            text("url"),
            blob("wrapped_key"),
            blob("sealed"),
            big_integer("created_at"),
            big_integer("not_before_at"),
            integer("failures"),
            big_integer_null("failing_since_at"),
            text_null("last_outcome"),
            big_integer_null("paused_at"),
            big_integer_null("told_at"),
            big_integer_null("deleted_at"),
        ],
    )
    .index(&["tenant_id", "merchant_id"])
}

#[async_trait]
impl MigrationTrait for Courier {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut channel = text("channel");
        channel.default("mail");
        for column in [channel, text_null("lease"), uuid_null("letter")] {
            manager.alter_table(Alter::alter().table("outbox").add_column(column).take()).await?;
        }
        let programs = "UPDATE outbox SET channel = 'webhooks' WHERE recipient = 'platform'";
        manager.get_connection().execute_unprepared(programs).await?;
        manager.drop_index(Index::drop().name(WITHOUT_CHANNEL).table("outbox").to_owned()).await?;
        manager.create_index(index(UNIQUE, TOLD.into_iter().chain(["channel"])).unique().take()).await?;
        manager.create_index(index(DUE, ["channel", "state", "not_before_at"])).await?;
        endpoints().create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        endpoints().drop(manager).await?;
        manager.drop_index(Index::drop().name(DUE).table("outbox").to_owned()).await?;
        manager.drop_index(Index::drop().name(UNIQUE).table("outbox").to_owned()).await?;
        // What goes by several channels is one notice again.
        let others = "DELETE FROM outbox WHERE channel <> 'mail' AND recipient <> 'platform' \
                      OR channel <> 'webhooks' AND recipient = 'platform'";
        manager.get_connection().execute_unprepared(others).await?;
        manager.create_index(index(WITHOUT_CHANNEL, TOLD).unique().take()).await?;
        for column in ["letter", "lease", "channel"] {
            manager.alter_table(Alter::alter().table("outbox").drop_column(column).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
