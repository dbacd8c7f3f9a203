//! Who takes part: platforms, warehouses, laboratories, merchants, people and their keys.

use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, integer, text, text_null, uuid, uuid_null,
};

use super::table::Table;

pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::new("tenants", &["id"], vec![text("id"), text("name"), big_integer("created_at")]),
        Table::new(
            "warehouses",
            &["id"],
            vec![
                text("id"),
                text("name"),
                text("address"),
                text("timezone"),
                text_null("laboratory_id"),
                big_integer("created_at"),
            ],
        ),
        Table::new(
            "laboratories",
            &["id"],
            vec![text("id"), text("name"), text_null("cma"), text_null("cnas"), big_integer("created_at")],
        ),
        Table::new(
            "merchants",
            &["tenant_id", "id"],
            vec![
                text("tenant_id"),
                text("id"),
                uuid("person_id"),
                integer("guarantee_level"),
                text("guarantees"),
                text("locale"),
                text("timezone"),
                big_integer("updated_at"),
            ],
        ),
        Table::new(
            "people",
            &["id"],
            vec![
                uuid("id"),
                text_null("tenant_id"),
                text("kind"),
                text_null("ref"),
                blob_null("wrapped_key"),
                blob_null("sealed"),
                big_integer("created_at"),
                big_integer_null("erased_at"),
                uuid_null("erased_by_key"),
            ],
        )
        .unique(&["tenant_id", "kind", "ref"]),
        Table::new(
            "keys",
            &["id"],
            vec![
                uuid("id"),
                uuid("person_id"),
                text("role"),
                text_null("tenant_id"),
                text_null("merchant_id"),
                text_null("warehouse_id"),
                blob("hash"),
                big_integer("created_at"),
                uuid_null("created_by_key"),
                big_integer_null("expires_at"),
                big_integer_null("revoked_at"),
                uuid_null("revoked_by_key"),
            ],
        )
        .unique(&["hash"]),
        Table::new(
            "devices",
            &["id"],
            vec![
                text("id"),
                text("warehouse_id"),
                text("kind"),
                text_null("serial"),
                big_integer_null("permissible_error_ug"),
                big_integer_null("adjusted_at"),
                big_integer_null("adjustment_expires_at"),
                big_integer("created_at"),
            ],
        ),
    ]
}
