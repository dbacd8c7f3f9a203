//! The house's rules that a machine can check. They read the sources as text: rough, and enough to make a breach
//! a deliberate act.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use touchstone::domain::refusal::Refusal;

/// Who may know whom (`ARCHITECTURE.md`, "Rooms"). A room may always use itself.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("rulebook", &["domain"]),
    ("spoken", &["domain", "rulebook"]),
    ("instruments", &["domain"]),
    ("qic", &["domain", "rulebook", "spoken"]),
    ("vault", &[]),
    ("folder", &[]),
    ("aside", &["folder"]),
    ("words", &["domain"]),
    ("carriers", &["domain"]),
    ("capsule", &[]),
    ("photos", &["domain"]),
    ("config", &["vault", "telemetry", "capsule", "courier", "mail", "folder"]),
    ("telemetry", &[]),
    ("store", &["domain", "folder"]),
    ("desk", &["domain", "rulebook", "spoken", "capsule", "carriers", "store", "vault", "telemetry", "aside"]),
    ("courier", &["clock", "store", "desk", "mail", "vault", "words", "domain", "telemetry"]),
    ("audit", &["clock", "domain", "rulebook", "capsule", "photos", "store", "desk", "vault"]),
    ("shown", &["desk", "store", "rulebook", "spoken", "domain", "words"]),
    ("mail", &["shown", "desk", "store", "rulebook", "domain", "words", "folder"]),
    (
        "http",
        &[
            "clock",
            "courier",
            "desk",
            "shown",
            "mail",
            "store",
            "photos",
            "spoken",
            "rulebook",
            "instruments",
            "capsule",
            "carriers",
            "domain",
            "telemetry",
            "vault",
            "words",
        ],
    ),
    ("clock", &[]),
    ("clockwork", &["clock", "desk"]),
    ("client", &[]),
    ("station", &["instruments"]),
];

/// Rooms that may know everything: they put the others together.
const MASONS: &[&str] = &["main", "lib", "cli", "demo", "bench"];

struct Source {
    path: PathBuf,
    room: String,
    /// Without what stands below `#[cfg(test)]` at the end of a file, and without comments.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(30 < files.len(), "the sources were not found");
    files
        .into_iter()
        .filter(|path| {
            !path.ends_with("tests.rs")
                && !path.ends_with("samples.rs")
                && !path.ends_with("testing.rs")
                && !path.ends_with("vectors.rs")
        })
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let room = path.strip_prefix(&root).unwrap().components().next().unwrap().as_os_str();
            let room = room.to_string_lossy().trim_end_matches(".rs").to_owned();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            Source { path, room, code: code.join("\n"), lines: text.lines().count() }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Fails with every breach at once.
fn forbid(what: &str, breach: impl Fn(&Source) -> Vec<String>) {
    let breaches: Vec<_> = sources()
        .iter()
        .flat_map(|source| breach(source).into_iter().map(move |found| format!("{}: {found}", source.path.display())))
        .collect();
    assert!(breaches.is_empty(), "{what}:\n{}", breaches.join("\n"));
}

fn mentions(source: &Source, words: &[&str]) -> Vec<String> {
    words.iter().filter(|word| source.code.contains(**word)).map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_room_knows_only_the_rooms_it_may() {
    let rooms: BTreeSet<_> = ROOMS.iter().map(|(room, _)| *room).chain(MASONS.iter().copied()).collect();
    forbid("a room uses another that it may not know", |source| {
        if MASONS.contains(&source.room.as_str()) {
            return Vec::new();
        }
        let Some((own, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
            return vec![format!("{} is not in the table of rooms", source.room)];
        };
        rooms
            .iter()
            .filter(|other| *other != own && !allowed.contains(other))
            .filter(|other| source.code.contains(&format!("crate::{other}::")) || imports(source, other))
            .map(|other| format!("{own} uses {other}"))
            .collect()
    });
}

/// Whether a braced `use crate::{…}` or a bare `use crate::room;` names the room.
fn imports(source: &Source, room: &str) -> bool {
    source.code.split("use crate::").skip(1).any(|rest| {
        let statement = rest.split(';').next().unwrap_or_default();
        let names = statement.strip_prefix('{').unwrap_or(statement);
        names.split([',', '{', '}']).any(|name| name.trim() == room || name.trim().starts_with(&format!("{room}::")))
            && (statement.starts_with('{') || statement.trim() == room)
    })
}

#[test]
fn the_rules_are_pure() {
    let outside = [
        "axum",
        "sea_orm",
        "lettre",
        "tokio",
        "hyper",
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "getrandom",
        "Timestamp::now",
        "SystemTime",
        "Instant::now",
        "Zoned::now",
        "Uuid::new_v4",
        "Uuid::now_v7",
        "tracing::",
    ];
    forbid("a pure room touches the world", |source| match source.room.as_str() {
        "domain" | "rulebook" | "spoken" | "capsule" | "qic" => mentions(source, &outside),
        _ => Vec::new(),
    });
}

#[test]
fn each_library_stays_in_its_room() {
    forbid("a library is known where it should not be", |source| {
        let room = source.room.as_str();
        let mut found = Vec::new();
        // The log's filter names the libraries whose statements it leaves out.
        if room != "store" && room != "telemetry" {
            found.extend(mentions(source, &["sea_orm", "sqlx"]));
        }
        // The measurements set a bare handler beside ours.
        if !matches!(room, "http" | "demo" | "cli" | "main" | "bench") {
            found.extend(mentions(source, &["axum::"]));
        }
        if room != "mail" {
            found.extend(mentions(source, &["lettre"]));
        }
        if room != "domain" || !source.path.ends_with("route/mod.rs") {
            found.extend(mentions(source, &["state_machine_future", "futures::"]));
        }
        found
    });
}

#[test]
fn only_the_desk_appends_to_a_journal() {
    forbid("a journal is written past the desk", |source| match source.room.as_str() {
        "desk" | "store" | "audit" | "bench" => Vec::new(),
        _ => mentions(source, &["store::changes", "append_to_order", ".begin()"]),
    });
}

#[test]
fn the_time_is_asked_at_the_edge() {
    forbid("somebody below the edge asks the time", |source| match source.room.as_str() {
        // Where it is chosen which clock there is; and commands that are over at once.
        "clock" | "cli" | "main" | "bench" => Vec::new(),
        _ => mentions(source, &["Timestamp::now", "SystemTime::now", "Zoned::now"]),
    });
}

#[test]
fn nothing_global_changes_and_nothing_panics_without_a_reason() {
    forbid("a global that can change, or a bare unwrap", |source| {
        mentions(source, &["static mut", "set_var(", "lazy_static", ".unwrap()", "todo!(", "unimplemented!(", "dbg!("])
    });
}

#[test]
fn a_file_is_as_long_as_one_head_can_hold() {
    forbid(
        "a file is too long",
        |source| {
            if 900 < source.lines { vec![format!("{} lines", source.lines)] } else { Vec::new() }
        },
    );
}

#[test]
fn refusals_have_unique_codes_that_are_in_use() {
    let codes: BTreeSet<_> = Refusal::CODES.iter().collect();
    assert_eq!(codes.len(), Refusal::CODES.len(), "a code stands twice");
    let refusal = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/refusal.rs")).unwrap();
    for code in codes {
        assert!(refusal.contains(&format!("=> \"{code}\"")), "{code} is never given");
    }
}
