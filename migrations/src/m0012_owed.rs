//! What is owed and by whose fault; fee tables; carriers, the legs that they speak of, and words that wait for theirs.
//!
//! `obligations` of the foundation was never written and is made anew; a step on the ladder of conduct follows from
//! `incidents`, so `conduct`, which nothing but tests has filled, goes.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, integer_null, text, text_null, uuid};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::{self, table::Table};

pub(crate) struct Owed;

impl MigrationName for Owed {
    fn name(&self) -> &str {
        "m0012_owed"
    }
}

/// In the order of making.
fn tables() -> Vec<Table> {
    vec![
        Table::new(
            "obligations",
            &["order_id", "seq"],
            vec![
                uuid("order_id"),
                integer("seq"),
                uuid("id"),
                text("tenant_id"),
                text("merchant_id"),
                text("warehouse_id"),
                integer("line_no"),
                integer_null("stream_id"),
                text("rule"),
                text("debtor"),
                text("creditor"),
                big_integer_null("amount"),
                big_integer_null("at_most"),
                text("currency"),
                text("clause"),
                text("state"),
                big_integer("arose_at"),
                big_integer_null("settled_at"),
                integer("last_seq"),
            ],
        )
        .unique(&["id"])
        .index(&["tenant_id", "arose_at", "id"])
        .index(&["warehouse_id", "arose_at", "id"]),
        Table::new(
            "incidents",
            &["order_id", "seq"],
            vec![
                uuid("order_id"),
                integer("seq"),
                uuid("id"),
                text("tenant_id"),
                text("merchant_id"),
                text("warehouse_id"),
                integer("line_no"),
                integer("stream_id"),
                text("kind"),
                text_null("occasion"),
                text("clause"),
                big_integer("confirmed_at"),
                big_integer_null("withdrawn_at"),
                big_integer_null("read_at"),
                text_null("appeal"),
                big_integer_null("lifted_at"),
                integer("last_seq"),
            ],
        )
        .unique(&["id"])
        .index(&["tenant_id", "merchant_id", "confirmed_at"]),
        Table::new(
            "fees",
            &["warehouse_id", "fee", "currency"],
            vec![text("warehouse_id"), text("fee"), text("currency"), big_integer("amount")],
        ),
        Table::new(
            "legs",
            &["order_id", "stream_id", "seq"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                text("warehouse_id"),
                text("kind"),
                text("carrier"),
                text("waybill"),
                text_null("trouble"),
                big_integer_null("trouble_at"),
            ],
        )
        .index(&["waybill", "warehouse_id"])
        .index(&["warehouse_id", "trouble_at"]),
        Table::new(
            "carriers",
            &["id"],
            vec![
                text("id"),
                text("kind"),
                text("warehouse_id"),
                uuid("person_id"),
                blob("token_hash"),
                blob("wrapped_key"),
                blob("salt"),
                big_integer("created_at"),
                big_integer_null("revoked_at"),
            ],
        )
        .unique(&["token_hash"]),
        Table::new(
            "parked",
            &["carrier_id", "digest"],
            vec![
                text("carrier_id"),
                text("digest"),
                text("company"),
                text("waybill"),
                text("told"),
                big_integer("at"),
                big_integer("received_at"),
            ],
        )
        .index(&["waybill"])
        .index(&["carrier_id", "received_at"]),
    ]
}

fn conduct() -> Table {
    let columns = vec![text("tenant_id"), text("merchant_id"), integer("step"), big_integer("since_at")];
    Table::new("conduct", &["tenant_id", "merchant_id"], columns)
}

#[async_trait]
impl MigrationTrait for Owed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        m0001_foundation::table("obligations")?.drop(manager).await?;
        conduct().drop(manager).await?;
        for table in tables() {
            table.create(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables().iter().rev() {
            table.drop(manager).await?;
        }
        conduct().create(manager).await?;
        m0001_foundation::table("obligations")?.create(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
