//! What is waiting to be done: notices, deadlines, obligations, second names, found things, repeated requests.

use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, integer, text, text_null, uuid, uuid_null,
};

use super::table::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::new(
            "outbox",
            &["id"],
            vec![
                uuid("id"),
                uuid("order_id"),
                integer("stream_id"),
                integer("seq"),
                text("recipient"),
                text("notice"),
                text("state"),
                integer("attempts"),
                big_integer("not_before_at"),
                big_integer_null("leased_until_at"),
                text_null("outcome"),
                big_integer("created_at"),
            ],
        )
        .unique(&["order_id", "stream_id", "seq", "recipient", "notice"])
        .index(&["state", "not_before_at"]),
        Table::new(
            "deadlines",
            &["order_id", "stream_id", "kind"],
            vec![
                uuid("order_id"),
                integer("stream_id"),
                text("kind"),
                big_integer("due_at"),
                integer("set_by_seq"),
                big_integer_null("leased_until_at"),
            ],
        )
        .clustered()
        .index(&["due_at"]),
        Table::new(
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
        .clustered(),
        Table::new(
            "proposals",
            &["id"],
            vec![
                uuid("id"),
                uuid("order_id"),
                integer("stream_id"),
                text("warehouse_id"),
                text("command"),
                uuid("person_id"),
                uuid("key_id"),
                blob_null("wrapped_key"),
                blob_null("sealed"),
                big_integer("created_at"),
                big_integer("expires_at"),
                uuid_null("confirmed_by"),
                big_integer_null("confirmed_at"),
            ],
        )
        .index(&["warehouse_id", "confirmed_at", "expires_at"]),
        Table::new(
            "lost_and_found",
            &["id"],
            vec![
                uuid("id"),
                text("warehouse_id"),
                text("code"),
                uuid_null("parcel_id"),
                big_integer("found_at"),
                uuid("found_by"),
                big_integer_null("resolved_at"),
            ],
        )
        .index(&["warehouse_id", "resolved_at"]),
        Table::new(
            "idempotency",
            &["owner_id", "key", "part"],
            vec![
                uuid("owner_id"),
                text("key"),
                text("part"),
                uuid_null("order_id"),
                blob("wrapped_key"),
                blob("digest"),
                blob("answer"),
                big_integer("created_at"),
            ],
        )
        .index(&["created_at"])
        .index(&["order_id"]),
    ]
}
