//! To which piece the number of a presented certificate is bound: one at a time, and the first that presents it.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{integer, text, uuid};
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::{Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Certificates;

/// Body and number as they are compared from now on, as far as SQL can tell; names of one issuer in two languages meet
/// where a piece presents the number again.
const PLAIN: &str = "UPDATE presented_certificates SET \
    body = UPPER(REPLACE(REPLACE(body, ' ', ''), '-', '')), \
    number = UPPER(REPLACE(REPLACE(REPLACE(REPLACE(number, ' ', ''), '-', ''), '.', ''), '_', ''))";

/// The ids of orders are in the order of their time.
const FIRST: &str = "INSERT INTO certificate_holders (body, number, order_id, stream_id) \
    SELECT body, number, order_id, stream_id FROM presented_certificates AS one WHERE NOT EXISTS \
    (SELECT 1 FROM presented_certificates AS other WHERE other.body = one.body AND other.number = one.number AND \
    (other.order_id < one.order_id OR (other.order_id = one.order_id AND other.stream_id < one.stream_id)))";

impl MigrationName for Certificates {
    fn name(&self) -> &str {
        "m0005_certificates"
    }
}

#[async_trait]
impl MigrationTrait for Certificates {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("certificate_holders").primary_key(Index::create().col("body").col("number"));
        for column in [text("body"), text("number"), uuid("order_id"), integer("stream_id")] {
            table.col(column);
        }
        manager.create_table(table.take()).await?;
        manager.get_connection().execute_unprepared(PLAIN).await?;
        manager.get_connection().execute_unprepared(FIRST).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("certificate_holders").take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
