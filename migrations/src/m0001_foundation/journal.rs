//! What happened, and what was signed for: events, their keys, sealed texts, capsules and roots.

use sea_orm_migration::schema::{big_integer, big_integer_null, blob, blob_null, integer, text, uuid, uuid_null};

use super::table::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::new(
            "events",
            &["order_id", "stream_id", "seq"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                text("kind"),
                uuid_null("person_id"),
                big_integer("at"),
                text("body"),
                blob("hash"),
            ],
        )
        .index(&["at", "order_id", "stream_id", "seq"])
        .index(&["kind", "at"]),
        Table::new(
            "event_keys",
            &["order_id", "stream_id", "seq"],
            vec![uuid("order_id"), integer("stream_id"), integer("seq"), uuid("person_id"), blob_null("wrapped_key")],
        )
        .clustered()
        .index(&["person_id"]),
        Table::new(
            "sealed_texts",
            &["order_id", "id"],
            vec![uuid("order_id"), uuid("id"), uuid_null("person_id"), blob_null("wrapped_key"), blob_null("sealed")],
        )
        .index(&["person_id"]),
        Table::new(
            "transcripts",
            &["id"],
            vec![
                uuid("id"),
                text("tenant_id"),
                text("live_id"),
                text("format"),
                blob("digest"),
                blob_null("wrapped_key"),
                blob_null("sealed"),
                big_integer("created_at"),
            ],
        ),
        Table::new(
            "capsules",
            &["order_id", "stream_id", "seq"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                text("certificate_code"),
                text("credential"),
                integer("status_place"),
                big_integer("issued_at"),
                big_integer_null("revoked_at"),
            ],
        )
        .index(&["revoked_at", "status_place"]),
        Table::new(
            "roots",
            &["at"],
            vec![big_integer("at"), big_integer("journals"), blob("root"), blob("signature"), text("key_id")],
        )
        .clustered(),
    ]
}
