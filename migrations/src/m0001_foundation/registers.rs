//! What must be unique across orders. Each is written in the transaction of the event that claims it.

use sea_orm_migration::schema::{big_integer, blob, integer, text, uuid};

use super::table::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::new("piece_codes", &["code"], vec![text("code"), uuid("order_id"), integer("stream_id")]).clustered(),
        Table::new(
            "tags",
            &["tag"],
            vec![text("tag"), uuid("order_id"), integer("stream_id"), big_integer("tagged_at")],
        )
        .clustered(),
        Table::new(
            "order_nos",
            &["tenant_id", "order_no"],
            vec![text("tenant_id"), text("order_no"), uuid("order_id")],
        )
        .clustered(),
        Table::new(
            "certificate_codes",
            &["code"],
            vec![text("code"), uuid("order_id"), integer("stream_id"), integer("seq")],
        )
        .clustered(),
        Table::new(
            "status_places",
            &["place"],
            vec![integer("place"), uuid("order_id"), integer("stream_id"), integer("seq")],
        )
        .clustered(),
        Table::new("waybills", &["carrier", "waybill"], vec![text("carrier"), text("waybill"), uuid("parcel_id")])
            .clustered(),
        Table::new("tokens", &["hash"], vec![blob("hash"), uuid("order_id"), text("purpose"), integer("generation")])
            .clustered(),
        Table::new(
            "presented_certificates",
            &["body", "number", "order_id", "stream_id"],
            vec![text("body"), text("number"), uuid("order_id"), integer("stream_id")],
        )
        .clustered(),
    ]
}
