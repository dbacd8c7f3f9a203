//! What the journals amount to: read from here, rebuilt from there.

use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, boolean, integer, text, text_null, uuid, uuid_null,
};

use super::table::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::new(
            "lives",
            &["tenant_id", "id"],
            vec![
                text("tenant_id"),
                text("id"),
                text_null("room_id"),
                big_integer_null("started_at"),
                text_null("replay_url"),
                uuid_null("transcript_id"),
                big_integer("updated_at"),
            ],
        ),
        Table::new(
            "orders",
            &["order_id"],
            vec![
                uuid("order_id"),
                text("tenant_id"),
                text("order_no"),
                text("merchant_id"),
                uuid("buyer_id"),
                uuid_null("streamer_id"),
                text("warehouse_id"),
                text_null("live_id"),
                text("ship"),
                text("status"),
                integer("head_seq"),
                blob("head_hash"),
                big_integer("paid_at"),
                big_integer("created_at"),
            ],
        )
        .index(&["tenant_id", "status", "order_id"])
        .index(&["tenant_id", "merchant_id", "order_id"])
        .index(&["buyer_id"])
        .index(&["tenant_id", "live_id"]),
        Table::new(
            "lines",
            &["order_id", "line_no"],
            vec![
                uuid("order_id"),
                integer("line_no"),
                text("status"),
                integer("stream_id"),
                integer("attempts"),
                big_integer("price_amount"),
                text("currency"),
            ],
        )
        .clustered(),
        Table::new(
            "pieces",
            &["order_id", "stream_id"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                text("code"),
                integer("line_no"),
                text("tenant_id"),
                text("merchant_id"),
                text("warehouse_id"),
                text("stage"),
                text_null("outcome"),
                boolean("flagged"),
                integer("head_seq"),
                blob("head_hash"),
                big_integer_null("due_at"),
                big_integer("stage_since_at"),
            ],
        )
        .clustered()
        .index(&["warehouse_id", "stage", "due_at", "order_id", "stream_id"])
        .index(&["warehouse_id", "due_at", "order_id", "stream_id"]),
        Table::new(
            "components",
            &["order_id", "stream_id", "component"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                text("component"),
                text("role"),
                text_null("declared_material"),
                text_null("concluded_material"),
                text("state"),
            ],
        )
        .clustered(),
        Table::new(
            "cases",
            &["order_id", "stream_id"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("piece_stream_id"),
                text("kind"),
                text("state"),
                big_integer("opened_at"),
            ],
        )
        .clustered(),
        Table::new(
            "parcels",
            &["id"],
            vec![
                uuid("id"),
                text("tenant_id"),
                text("merchant_id"),
                text("warehouse_id"),
                text("carrier"),
                text("waybill"),
                big_integer("created_at"),
                big_integer_null("received_at"),
            ],
        ),
        Table::new(
            "parcel_pieces",
            &["parcel_id", "order_id", "stream_id"],
            vec![uuid("parcel_id"), uuid("order_id"), integer("stream_id")],
        )
        .clustered()
        .index(&["order_id", "stream_id"]),
        Table::new(
            "photos",
            &["order_id", "id"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                uuid("id"),
                text("kind"),
                text("original_sha256"),
                text_null("shown_sha256"),
                text("media_type"),
                big_integer("size_bytes"),
                big_integer("added_at"),
            ],
        ),
        Table::new(
            "shipments",
            &["order_id", "stream_id"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("capsule_seq"),
                text("carrier"),
                text("waybill"),
                big_integer("shipped_at"),
            ],
        )
        .clustered(),
        Table::new(
            "return_shipments",
            &["order_id", "stream_id", "seq"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                text("recipient"),
                text("carrier"),
                text("waybill"),
                big_integer("shipped_at"),
            ],
        )
        .clustered(),
    ]
}
