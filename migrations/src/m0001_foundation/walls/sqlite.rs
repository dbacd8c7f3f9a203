//! The walls on SQLite.
//!
//! In other clients foreign keys and recursive triggers are off, and then `INSERT OR REPLACE` deletes the old row
//! without firing its delete trigger. A `BEFORE INSERT` trigger that refused every taken key would stop that, but it
//! would also come before the unique constraint, and an ordinary insert that lost a race would no longer be told as a
//! unique violation. So the trigger before the insert only notes in `wall_marks` that the key is taken; an ordinary
//! insert then fails on the constraint, which takes the note back with it, and an insert that gets past the
//! constraint has replaced the row, finds the note, and is refused as a whole. (`INSERT OR IGNORE` leaves the note.
//! It stays true: a walled key, once taken, is taken for ever.)

use super::super::table::Table;
use super::{Changes, NEEDS_CAPSULE, NEEDS_NOT_SAME_PIECE, NEEDS_RECIPIENT, WALLS, Wall};

pub(super) fn raise(tables: &[Table]) -> Vec<String> {
    let mut statements = vec![
        "CREATE TABLE wall_marks (wall text NOT NULL, key text NOT NULL, PRIMARY KEY (wall, key)) WITHOUT ROWID"
            .to_owned(),
    ];
    for table in tables {
        for wall in WALLS.iter().filter(|wall| wall.table == table.name()) {
            statements.extend(walled(wall, table));
            statements.extend(wall.text.map(|column| same_name(wall, column)));
            if !table.is_clustered() {
                statements.extend(same_row(wall));
            }
        }
    }
    statements.push(refuse(
        "shipments_need_a_capsule",
        "BEFORE INSERT ON shipments",
        "NOT EXISTS (SELECT 1 FROM capsules WHERE order_id = NEW.order_id AND stream_id = NEW.stream_id \
         AND seq = NEW.capsule_seq AND revoked_at IS NULL)",
        NEEDS_CAPSULE,
    ));
    statements.push(refuse(
        "return_shipments_have_a_recipient",
        "BEFORE INSERT ON return_shipments",
        "NEW.recipient NOT IN ('merchant', 'buyer')",
        NEEDS_RECIPIENT,
    ));
    statements.push(refuse(
        "return_shipments_to_the_buyer_need_their_event",
        "BEFORE INSERT ON return_shipments",
        "NEW.recipient = 'buyer' AND NOT EXISTS (SELECT 1 FROM events WHERE order_id = NEW.order_id \
         AND stream_id = NEW.stream_id AND kind = 'not_same_piece_found')",
        NEEDS_NOT_SAME_PIECE,
    ));
    statements
}

pub(super) fn clear() -> Vec<String> {
    vec!["DROP TABLE wall_marks".to_owned()]
}

fn walled(wall: &Wall, whole: &Table) -> Vec<String> {
    let Wall { table, key, .. } = wall;
    let taken = each(key, " AND ", |column| format!("{column} = NEW.{column}"));
    let mark = each(key, " || ':' || ", |column| format!("quote(NEW.{column})"));
    let mut statements = vec![
        refuse(&format!("{table}_are_kept"), &format!("BEFORE DELETE ON {table}"), "true", &wall.keeps()),
        format!(
            "CREATE TRIGGER {table}_mark_a_taken_key BEFORE INSERT ON {table} \
             WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) \
             BEGIN INSERT INTO wall_marks (wall, key) SELECT '{table}', {mark} \
             WHERE NOT EXISTS (SELECT 1 FROM wall_marks WHERE wall = '{table}' AND key = {mark}); END"
        ),
        refuse(
            &format!("{table}_are_not_replaced"),
            &format!("AFTER INSERT ON {table}"),
            &format!("EXISTS (SELECT 1 FROM wall_marks WHERE wall = '{table}' AND key = {mark})"),
            &wall.stays(),
        ),
    ];
    let forbidden = match wall.changes {
        Changes::Never => "true".to_owned(),
        Changes::Only(columns) => touches(whole, columns),
        Changes::Once(column) => {
            format!("OLD.{column} IS NOT NULL OR NEW.{column} IS NULL OR {}", touches(whole, &[column]))
        }
    };
    statements.push(refuse(
        &format!("{table}_are_not_changed"),
        &format!("BEFORE UPDATE ON {table}"),
        &forbidden,
        &wall.changes_refused(),
    ));
    statements
}

/// Whether an update touches any column but these.
fn touches(table: &Table, free: &[&str]) -> String {
    let mut fixed: Vec<String> = table.column_names().filter(|name| !free.contains(&name.as_str())).collect();
    if !table.is_clustered() {
        fixed.push("rowid".to_owned());
    }
    fixed.iter().map(|column| format!("NEW.{column} IS NOT OLD.{column}")).collect::<Vec<_>>().join(" OR ")
}

/// A blob with the bytes of a text would be another key.
fn same_name(wall: &Wall, column: &str) -> String {
    let table = wall.table;
    refuse(
        &format!("{table}_are_texts"),
        &format!("BEFORE INSERT ON {table}"),
        &format!("typeof(NEW.{column}) <> 'text'"),
        &format!("touchstone: {} is a text", wall.called),
    )
}

/// A table that is not clustered has a row number beside its key: a second key, by which a row could be replaced too.
///
/// A row number that was not given is -1 before the insert, so that none may be -1 afterwards.
fn same_row(wall: &Wall) -> Vec<String> {
    let table = wall.table;
    vec![
        refuse(
            &format!("{table}_keep_their_rows"),
            &format!("BEFORE INSERT ON {table}"),
            &format!("EXISTS (SELECT 1 FROM {table} WHERE rowid = NEW.rowid)"),
            &wall.stays(),
        ),
        refuse(
            &format!("{table}_have_rows_of_their_own"),
            &format!("AFTER INSERT ON {table}"),
            "NEW.rowid < 1",
            &wall.stays(),
        ),
    ]
}

fn refuse(name: &str, moment: &str, when: &str, sentence: &str) -> String {
    format!("CREATE TRIGGER {name} {moment} WHEN {when} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
}

fn each(columns: &[&str], between: &str, write: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| write(column)).collect::<Vec<_>>().join(between)
}
