//! The walls on PostgreSQL.
//!
//! There is no `REPLACE` here, and `ON CONFLICT DO UPDATE` fires the triggers of an update; what is more is
//! `TRUNCATE`. Functions name their tables by the schema of the table that fired, for a session may put another
//! schema, or its temporary tables, before it.

use super::{Changes, NEEDS_CAPSULE, NEEDS_NOT_SAME_PIECE, NEEDS_RECIPIENT, WALLS, Wall};

const FUNCTIONS: &[&str] = &[
    "touchstone_refuse",
    "touchstone_only",
    "touchstone_once",
    "touchstone_needs_a_capsule",
    "touchstone_return_has_its_reason",
];

pub(super) fn raise() -> Vec<String> {
    let mut statements = vec![
        function("touchstone_refuse", "RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';"),
        function(
            "touchstone_only",
            "IF to_jsonb(NEW) - TG_ARGV[1:] IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[1:] THEN \
               RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation'; \
             END IF; \
             RETURN NEW;",
        ),
        function(
            "touchstone_once",
            "IF to_jsonb(NEW) - TG_ARGV[1] IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[1] \
                OR to_jsonb(OLD) ->> TG_ARGV[1] IS NOT NULL OR to_jsonb(NEW) ->> TG_ARGV[1] IS NULL THEN \
               RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation'; \
             END IF; \
             RETURN NEW;",
        ),
        // The capsule is locked until the shipment is committed, or it could be revoked between the two.
        declaring(
            "touchstone_needs_a_capsule",
            "stands boolean;",
            &format!(
                "EXECUTE format('SELECT true FROM %I.capsules WHERE order_id = $1 AND stream_id = $2 AND seq = $3 \
                   AND revoked_at IS NULL FOR SHARE', TG_TABLE_SCHEMA) \
                   INTO stands USING NEW.order_id, NEW.stream_id, NEW.capsule_seq; \
                 IF stands IS NULL THEN \
                   RAISE EXCEPTION USING MESSAGE = '{NEEDS_CAPSULE}', ERRCODE = 'restrict_violation'; \
                 END IF; \
                 RETURN NEW;"
            ),
        ),
        declaring(
            "touchstone_return_has_its_reason",
            "found boolean;",
            &format!(
                "IF NEW.recipient NOT IN ('merchant', 'buyer') THEN \
                   RAISE EXCEPTION USING MESSAGE = '{NEEDS_RECIPIENT}', ERRCODE = 'restrict_violation'; \
                 END IF; \
                 IF NEW.recipient = 'buyer' THEN \
                   EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.events WHERE order_id = $1 AND stream_id = $2 \
                     AND kind = ''not_same_piece_found'')', TG_TABLE_SCHEMA) \
                     INTO found USING NEW.order_id, NEW.stream_id; \
                   IF NOT found THEN \
                     RAISE EXCEPTION USING MESSAGE = '{NEEDS_NOT_SAME_PIECE}', ERRCODE = 'restrict_violation'; \
                   END IF; \
                 END IF; \
                 RETURN NEW;"
            ),
        ),
    ];
    statements.extend(WALLS.iter().flat_map(walled));
    statements.push(trigger("shipments_need_a_capsule", "BEFORE INSERT ON shipments", "touchstone_needs_a_capsule()"));
    statements.push(trigger(
        "return_shipments_have_their_reason",
        "BEFORE INSERT ON return_shipments",
        "touchstone_return_has_its_reason()",
    ));
    statements
}

pub(super) fn clear() -> Vec<String> {
    FUNCTIONS.iter().map(|name| format!("DROP FUNCTION {name}()")).collect()
}

fn walled(wall: &Wall) -> Vec<String> {
    let table = wall.table;
    let refuse = |sentence: String| format!("touchstone_refuse('{sentence}')");
    let change = match wall.changes {
        Changes::Never => refuse(wall.changes_refused()),
        Changes::Only(columns) => format!("touchstone_only('{}', '{}')", wall.changes_refused(), columns.join("', '")),
        Changes::Once(column) => format!("touchstone_once('{}', '{column}')", wall.changes_refused()),
    };
    vec![
        trigger(&format!("{table}_are_kept"), &format!("BEFORE DELETE ON {table}"), &refuse(wall.keeps())),
        trigger(&format!("{table}_are_not_changed"), &format!("BEFORE UPDATE ON {table}"), &change),
        format!(
            "CREATE TRIGGER {table}_are_kept_whole BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {}",
            refuse(wall.keeps())
        ),
    ]
}

fn function(name: &str, body: &str) -> String {
    format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
}

fn declaring(name: &str, variables: &str, body: &str) -> String {
    format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE {variables} BEGIN {body} END $$")
}

fn trigger(name: &str, moment: &str, call: &str) -> String {
    format!("CREATE TRIGGER {name} {moment} FOR EACH ROW EXECUTE FUNCTION {call}")
}
