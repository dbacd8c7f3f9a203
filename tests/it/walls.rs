//! The third wall: what the schema refuses by itself, tried with the stock clients, in which foreign keys are off.

use crate::support::TestDatabase;

const ORDER: u128 = 7;
const OTHER_ORDER: u128 = 8;

/// A migrated database with one order in it: piece 1 was shipped under its capsule, the capsule of piece 2 is
/// revoked, piece 3 was swapped on its way back, piece 4 has nothing yet.
async fn furnish(db: &TestDatabase) {
    db.migrated().await.close().await.expect("the store closes");
    let order = db.uuid(ORDER);
    let hash = db.bytes(&[1; 32]);
    let event = |stream: u32, seq: u32, kind: &str| {
        format!(
            "INSERT INTO events (order_id, stream_id, seq, kind, person_id, at, body, hash) \
             VALUES ({order}, {stream}, {seq}, '{kind}', {order}, 5, '{{}}', {hash});"
        )
    };
    let capsule = |stream: u32, revoked: &str| {
        format!(
            "INSERT INTO capsules \
             (order_id, stream_id, seq, certificate_code, credential, status_place, issued_at, revoked_at) \
             VALUES ({order}, {stream}, 1, 'TS-{stream}', 'a.b.c', {stream}, 5, {revoked});"
        )
    };
    accepted(
        db,
        &[
            event(0, 1, "placed"),
            event(1, 1, "released"),
            event(2, 1, "released"),
            event(3, 1, "not_same_piece_found"),
            capsule(1, "NULL"),
            capsule(2, "6"),
            shipment(db, 1, 1),
            return_shipment(db, 4, "merchant"),
            format!("INSERT INTO tags (tag, order_id, stream_id, tagged_at) VALUES ('T-1', {order}, 1, 5);"),
            format!("INSERT INTO piece_codes (code, order_id, stream_id) VALUES ('P-1', {order}, 1);"),
            format!("INSERT INTO certificate_codes (code, order_id, stream_id, seq) VALUES ('TS-1', {order}, 1, 1);"),
            format!("INSERT INTO status_places (place, order_id, stream_id, seq) VALUES (1, {order}, 1, 1);"),
            format!("INSERT INTO order_nos (tenant_id, order_no, order_id) VALUES ('demo', 'N-1', {order});"),
            format!(
                "INSERT INTO lots (day, commitment, wrapped_key, sealed, committed_at) \
                 VALUES ('2026-11-24', 'c', {hash}, {hash}, 5);"
            ),
            format!("INSERT INTO roots (at, journals, root, signature, key_id) VALUES (5, 1, {hash}, {hash}, 'k');"),
        ]
        .concat(),
    );
}

fn shipment(db: &TestDatabase, stream: u32, capsule: u32) -> String {
    format!(
        "INSERT INTO shipments (order_id, stream_id, capsule_seq, carrier, waybill, shipped_at) \
         VALUES ({}, {stream}, {capsule}, 'sf', 'W-{stream}', 6);",
        db.uuid(ORDER)
    )
}

fn return_shipment(db: &TestDatabase, stream: u32, recipient: &str) -> String {
    format!(
        "INSERT INTO return_shipments (order_id, stream_id, seq, recipient, carrier, waybill, shipped_at) \
         VALUES ({}, {stream}, 2, '{recipient}', 'sf', 'R-{stream}', 6);",
        db.uuid(ORDER)
    )
}

fn accepted(db: &TestDatabase, sql: &str) {
    let said = db.client(sql);
    assert!(said.accepted, "refused: {sql}\n{}", said.text);
}

/// Each statement alone is refused with the sentence, and leaves every walled table as it was.
fn refused(db: &TestDatabase, sentence: &str, statements: &[String]) {
    let before = walled_rows(db);
    for sql in statements {
        let said = db.client(sql);
        assert!(!said.accepted, "accepted: {sql}");
        assert!(said.text.contains(sentence), "{sql}\nshould be refused with: {sentence}\nwas: {}", said.text);
        assert_eq!(walled_rows(db), before, "refused, and yet something changed: {sql}");
    }
}

fn walled_rows(db: &TestDatabase) -> String {
    let said = db.client(
        "SELECT * FROM events ORDER BY order_id, stream_id, seq; SELECT * FROM roots ORDER BY at; SELECT * FROM lots ORDER BY day; \
         SELECT * FROM tags ORDER BY tag; SELECT * FROM piece_codes ORDER BY code; \
         SELECT * FROM certificate_codes ORDER BY code; SELECT * FROM status_places ORDER BY place; \
         SELECT * FROM order_nos ORDER BY order_no; \
         SELECT * FROM capsules ORDER BY order_id, stream_id, seq; SELECT * FROM shipments ORDER BY stream_id; \
         SELECT * FROM return_shipments ORDER BY stream_id, seq;",
    );
    assert!(said.accepted, "{}", said.text);
    said.text
}

const UNCHANGING: &[(&str, &str, &str)] = &[
    ("events", "an event", "body = '{\"a\":1}'"),
    ("events", "an event", "seq = seq + 10"),
    ("roots", "a root", "journals = 2"),
    ("lots", "a lot", "commitment = 'd'"),
    ("tags", "a tag", "stream_id = 2"),
    ("piece_codes", "a piece code", "stream_id = 2"),
    ("certificate_codes", "a certificate number", "stream_id = 2"),
    ("status_places", "a place in the status list", "stream_id = 2"),
    ("order_nos", "an order number", "order_no = 'N-2'"),
];

const KEPT: &[(&str, &str)] = &[
    ("events", "an event"),
    ("roots", "a root"),
    ("lots", "a lot"),
    ("tags", "a tag"),
    ("piece_codes", "a piece code"),
    ("certificate_codes", "a certificate number"),
    ("status_places", "a place in the status list"),
    ("order_nos", "an order number"),
    ("capsules", "a capsule"),
    ("shipments", "a shipment"),
    ("return_shipments", "a return shipment"),
];

both!(what_is_walled_is_never_changed, |db| async move {
    furnish(db).await;
    for (table, called, change) in UNCHANGING {
        let sentence = format!("touchstone: {called} is never changed");
        refused(db, &sentence, &[format!("UPDATE {table} SET {change};")]);
    }
});

both!(what_is_walled_is_never_deleted, |db| async move {
    furnish(db).await;
    for (table, called) in KEPT {
        let sentence = format!("touchstone: {called} is never deleted");
        refused(db, &sentence, &[format!("DELETE FROM {table};")]);
    }
});

#[tokio::test]
async fn what_is_walled_is_never_truncated_on_postgres() {
    let db = TestDatabase::postgres();
    furnish(&db).await;
    for (table, called) in KEPT {
        let sentence = format!("touchstone: {called} is never deleted");
        refused(&db, &sentence, &[format!("TRUNCATE {table};"), format!("TRUNCATE {table} CASCADE;")]);
    }
}

#[tokio::test]
async fn an_upsert_changes_nothing_that_is_walled_on_postgres() {
    let db = TestDatabase::postgres();
    furnish(&db).await;
    let (order, other, hash) = (db.uuid(ORDER), db.uuid(OTHER_ORDER), db.bytes(&[2; 32]));
    refused(
        &db,
        "touchstone: a tag is never changed",
        &[format!(
            "INSERT INTO tags (tag, order_id, stream_id, tagged_at) VALUES ('T-1', {other}, 2, 6) \
             ON CONFLICT (tag) DO UPDATE SET order_id = excluded.order_id, stream_id = excluded.stream_id;"
        )],
    );
    refused(
        &db,
        "touchstone: an event is never changed",
        &[format!(
            "INSERT INTO events (order_id, stream_id, seq, kind, person_id, at, body, hash) \
             VALUES ({order}, 0, 1, 'placed', {order}, 5, '[]', {hash}) \
             ON CONFLICT (order_id, stream_id, seq) DO UPDATE SET body = excluded.body;"
        )],
    );
}

/// Rows that would stand where others stand, as `INSERT` leaves them off: table, values, and what they are called.
fn usurpers(db: &TestDatabase) -> Vec<(String, &'static str)> {
    let (order, hash) = (db.uuid(ORDER), db.bytes(&[2; 32]));
    vec![
        (
            format!(
                "INTO events (order_id, stream_id, seq, kind, person_id, at, body, hash) \
                 VALUES ({order}, 0, 1, 'placed', {order}, 5, '[]', {hash})"
            ),
            "an event",
        ),
        (format!("INTO roots (at, journals, root, signature, key_id) VALUES (5, 2, {hash}, {hash}, 'k')"), "a root"),
        (format!("INTO tags (tag, order_id, stream_id, tagged_at) VALUES ('T-1', {order}, 2, 6)"), "a tag"),
        (format!("INTO piece_codes (code, order_id, stream_id) VALUES ('P-1', {order}, 2)"), "a piece code"),
        (
            format!("INTO certificate_codes (code, order_id, stream_id, seq) VALUES ('TS-1', {order}, 2, 1)"),
            "a certificate number",
        ),
        (
            format!("INTO status_places (place, order_id, stream_id, seq) VALUES (1, {order}, 2, 1)"),
            "a place in the status list",
        ),
        (
            format!("INTO order_nos (tenant_id, order_no, order_id) VALUES ('demo', 'N-1', {})", db.uuid(OTHER_ORDER)),
            "an order number",
        ),
        (
            format!(
                "INTO capsules (order_id, stream_id, seq, certificate_code, credential, status_place, issued_at) \
                 VALUES ({order}, 2, 1, 'TS-2', 'd.e.f', 2, 5)"
            ),
            "a capsule",
        ),
        (
            format!(
                "INTO shipments (order_id, stream_id, capsule_seq, carrier, waybill, shipped_at) \
                 VALUES ({order}, 1, 1, 'sf', 'W-9', 9)"
            ),
            "a shipment",
        ),
        (
            format!(
                "INTO return_shipments (order_id, stream_id, seq, recipient, carrier, waybill, shipped_at) \
                 VALUES ({order}, 4, 2, 'merchant', 'sf', 'R-9', 9)"
            ),
            "a return shipment",
        ),
    ]
}

#[tokio::test]
async fn what_is_walled_is_never_replaced_on_sqlite() {
    let db = TestDatabase::sqlite();
    furnish(&db).await;
    for (row, called) in usurpers(&db) {
        let sentence = format!("touchstone: {called} is never replaced");
        refused(&db, &sentence, &[format!("INSERT OR REPLACE {row};"), format!("REPLACE {row};")]);
    }
}

#[tokio::test]
async fn an_upsert_changes_nothing_that_is_walled_on_sqlite() {
    let db = TestDatabase::sqlite();
    furnish(&db).await;
    let (other, order, hash) = (db.uuid(OTHER_ORDER), db.uuid(ORDER), db.bytes(&[2; 32]));
    refused(
        &db,
        "touchstone: a tag is never changed",
        &[format!(
            "INSERT INTO tags (tag, order_id, stream_id, tagged_at) VALUES ('T-1', {other}, 2, 6) \
             ON CONFLICT (tag) DO UPDATE SET order_id = excluded.order_id, stream_id = excluded.stream_id;"
        )],
    );
    refused(
        &db,
        "touchstone: an event is never changed",
        &[format!(
            "INSERT INTO events (order_id, stream_id, seq, kind, person_id, at, body, hash) \
             VALUES ({order}, 0, 1, 'placed', {order}, 5, '[]', {hash}) \
             ON CONFLICT (order_id, stream_id, seq) DO UPDATE SET body = excluded.body;"
        )],
    );
}

both!(an_ordinary_insert_over_a_taken_key_meets_the_unique_constraint, |db| async move {
    furnish(db).await;
    let words = match db.backend() {
        touchstone::store::Backend::Sqlite => "UNIQUE constraint failed",
        touchstone::store::Backend::Postgres => "duplicate key value violates unique constraint",
    };
    for (row, _) in usurpers(db) {
        refused(db, words, &[format!("INSERT {row};")]);
    }
});

#[tokio::test]
async fn a_replacement_stays_refused_after_an_insert_that_was_ignored_on_sqlite() {
    let db = TestDatabase::sqlite();
    furnish(&db).await;
    for (row, called) in usurpers(&db) {
        let before = walled_rows(&db);
        accepted(&db, &format!("INSERT OR IGNORE {row};"));
        assert_eq!(walled_rows(&db), before);
        let sentence = format!("touchstone: {called} is never replaced");
        refused(&db, &sentence, &[format!("INSERT OR REPLACE {row};")]);
        refused(&db, "UNIQUE constraint failed", &[format!("INSERT {row};")]);
    }
}

#[tokio::test]
async fn a_row_is_never_replaced_by_its_row_number_on_sqlite() {
    let db = TestDatabase::sqlite();
    furnish(&db).await;
    let (other, hash) = (db.uuid(OTHER_ORDER), db.bytes(&[2; 32]));
    let event = |rowid: i32| {
        format!(
            "INSERT OR REPLACE INTO events (rowid, order_id, stream_id, seq, kind, person_id, at, body, hash) \
             VALUES ({rowid}, {other}, 0, 1, 'placed', {other}, 5, '[]', {hash});"
        )
    };
    refused(&db, "touchstone: an event is never replaced", &[event(1), event(-1)]);
    refused(
        &db,
        "touchstone: a capsule is never replaced",
        &[format!(
            "INSERT OR REPLACE INTO capsules \
             (rowid, order_id, stream_id, seq, certificate_code, credential, status_place, issued_at) \
             VALUES (1, {other}, 1, 1, 'TS-9', 'd.e.f', 9, 5);"
        )],
    );
    refused(
        &db,
        "touchstone: nothing of a capsule is changed",
        &["UPDATE OR REPLACE capsules SET rowid = 2, revoked_at = 9 WHERE rowid = 1;".to_owned()],
    );
}

both!(a_second_piece_never_gets_the_same_tag, |db| async move {
    furnish(db).await;
    let words = match db.backend() {
        touchstone::store::Backend::Sqlite => "UNIQUE constraint failed: tags.tag",
        touchstone::store::Backend::Postgres => "tags_pkey",
    };
    let sql = format!("INSERT INTO tags (tag, order_id, stream_id, tagged_at) VALUES ('T-1', {}, 2, 6);", db.uuid(9));
    refused(db, words, &[sql]);
});

#[tokio::test]
async fn a_tag_in_bytes_is_not_another_tag_on_sqlite() {
    let db = TestDatabase::sqlite();
    furnish(&db).await;
    let (tag, order) = (db.bytes(b"T-1"), db.uuid(ORDER));
    refused(
        &db,
        "touchstone: a tag is a text",
        &[format!("INSERT INTO tags (tag, order_id, stream_id, tagged_at) VALUES ({tag}, {order}, 2, 6);")],
    );
}

both!(a_shipment_needs_the_capsule_of_its_piece, |db| async move {
    furnish(db).await;
    let sentence = "touchstone: a shipment needs a capsule of its piece that is not revoked";
    let of_no_capsule = shipment(db, 4, 1);
    let of_another_seq = shipment(db, 2, 2);
    let of_another_order = shipment(db, 1, 1).replace(&db.uuid(ORDER), &db.uuid(OTHER_ORDER));
    refused(db, sentence, &[of_no_capsule, of_another_seq, of_another_order]);
});

both!(a_shipment_never_leaves_under_a_revoked_capsule, |db| async move {
    furnish(db).await;
    refused(db, "touchstone: a shipment needs a capsule of its piece that is not revoked", &[shipment(db, 2, 1)]);
});

#[tokio::test]
async fn a_table_put_before_the_capsules_deceives_nobody_on_postgres() {
    let db = TestDatabase::postgres();
    furnish(&db).await;
    let fake = format!(
        "CREATE TEMPORARY TABLE capsules (order_id uuid, stream_id integer, seq integer, revoked_at bigint); \
         INSERT INTO capsules VALUES ({}, 4, 1, NULL); {}",
        db.uuid(ORDER),
        shipment(&db, 4, 1)
    );
    refused(&db, "touchstone: a shipment needs a capsule of its piece that is not revoked", &[fake]);
}

both!(only_the_waybill_of_a_shipment_is_corrected, |db| async move {
    furnish(db).await;
    for (table, called) in [("shipments", "a shipment"), ("return_shipments", "a return shipment")] {
        accepted(db, &format!("UPDATE {table} SET carrier = 'jd', waybill = 'W-2';"));
        let sentence = format!("touchstone: nothing of {called} is changed but its carrier and waybill");
        let changes = ["stream_id = 2", "shipped_at = 7", "waybill = 'W-3', shipped_at = 7"];
        refused(db, &sentence, &changes.map(|change| format!("UPDATE {table} SET {change};")));
    }
    let moved = "UPDATE shipments SET capsule_seq = 2;".to_owned();
    refused(db, "touchstone: nothing of a shipment is changed but its carrier and waybill", &[moved]);
});

both!(a_capsule_is_revoked_once_and_nothing_else_of_it_changes, |db| async move {
    furnish(db).await;
    let sentence = "touchstone: nothing of a capsule is changed but its revoked_at, and that once";
    let on = |stream: u32, change: &str| format!("UPDATE capsules SET {change} WHERE stream_id = {stream};");
    let changes = [
        on(1, "credential = 'd.e.f'"),
        on(1, "credential = 'd.e.f', revoked_at = 9"),
        on(1, "status_place = 9"),
        on(1, "revoked_at = NULL"),
        on(2, "revoked_at = NULL"),
        on(2, "revoked_at = 9"),
    ];
    refused(db, sentence, &changes);
    accepted(db, &on(1, "revoked_at = 9"));
    refused(db, sentence, &[on(1, "revoked_at = 9"), on(1, "revoked_at = NULL")]);
});

both!(a_return_goes_to_the_buyer_only_after_its_event, |db| async move {
    furnish(db).await;
    let sentence = "touchstone: a return shipment goes to the buyer only after not_same_piece_found in its stream";
    let turned = "UPDATE return_shipments SET recipient = 'buyer';".to_owned();
    refused(db, sentence, &[return_shipment(db, 1, "buyer")]);
    refused(db, "touchstone: nothing of a return shipment is changed but its carrier and waybill", &[turned]);
    accepted(db, &return_shipment(db, 3, "buyer"));
});

both!(a_return_goes_to_the_merchant_or_the_buyer_and_nobody_else, |db| async move {
    furnish(db).await;
    let sentence = "touchstone: a return shipment goes to the merchant or to the buyer";
    refused(db, sentence, &[return_shipment(db, 3, "inspector"), return_shipment(db, 3, "")]);
});
