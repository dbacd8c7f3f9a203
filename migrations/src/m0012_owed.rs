//! What is owed and by whose fault; fee tables; carriers, the legs that they speak of, and words that wait for theirs.
//!
//! `obligations` of the foundation was never written and is made anew; a step on the ladder of conduct follows from
//! `incidents`, so `conduct`, which nothing but tests has filled, goes.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, integer_null, text, text_null, uuid};
use sea_orm_migration::sea_query::{ColumnDef, Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Owed;

impl MigrationName for Owed {
    fn name(&self) -> &str {
        "m0012_owed"
    }
}

async fn create(
    manager: &SchemaManager<'_>,
    table: &'static str,
    key: &[&'static str],
    columns: Vec<ColumnDef>,
) -> Result<(), DbErr> {
    let mut index = Index::create();
    for column in key {
        index.col(*column);
    }
    let mut create = Table::create();
    create.table(table).primary_key(&mut index);
    for column in columns {
        create.col(column);
    }
    manager.create_table(create.take()).await
}

async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let mut create = Index::create();
    create.name(format!("{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        create.col(*column);
    }
    if unique {
        create.unique();
    }
    manager.create_index(create.take()).await
}

#[async_trait]
impl MigrationTrait for Owed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("obligations").take()).await?;
        manager.drop_table(Table::drop().table("conduct").take()).await?;
        create(
            manager,
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
        .await?;
        index(manager, "obligations", &["id"], true).await?;
        index(manager, "obligations", &["tenant_id", "arose_at", "id"], false).await?;
        index(manager, "obligations", &["warehouse_id", "arose_at", "id"], false).await?;
        create(
            manager,
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
        .await?;
        index(manager, "incidents", &["id"], true).await?;
        index(manager, "incidents", &["tenant_id", "merchant_id", "confirmed_at"], false).await?;
        create(
            manager,
            "fees",
            &["warehouse_id", "fee", "currency"],
            vec![text("warehouse_id"), text("fee"), text("currency"), big_integer("amount")],
        )
        .await?;
        create(
            manager,
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
        .await?;
        index(manager, "legs", &["waybill", "warehouse_id"], false).await?;
        index(manager, "legs", &["warehouse_id", "trouble_at"], false).await?;
        create(
            manager,
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
        .await?;
        index(manager, "carriers", &["token_hash"], true).await?;
        create(
            manager,
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
        .await?;
        index(manager, "parked", &["waybill"], false).await?;
        index(manager, "parked", &["carrier_id", "received_at"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["parked", "carriers", "legs", "fees", "incidents", "obligations"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        create(
            manager,
            "conduct",
            &["tenant_id", "merchant_id"],
            vec![text("tenant_id"), text("merchant_id"), integer("step"), big_integer("since_at")],
        )
        .await?;
        create(
            manager,
            "obligations",
            &["order_id", "stream_id", "seq", "ordinal"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                integer("ordinal"),
                text("debtor"),
                text("creditor"),
                big_integer_null("amount"),
                text("currency"),
                text("clause"),
                text("state"),
                big_integer_null("settled_at"),
            ],
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
