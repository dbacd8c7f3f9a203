//! `touchstone import qic` and `touchstone export qic`, as somebody at a terminal runs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use touchstone::domain::route::Stage;
use touchstone::vault::Secrets;

use crate::app::{TestApp, place};
use crate::walk::{Stop, walk};
use crate::world::World;

const HEADING: &str =
    "订单码,证书编码,商品名称,商品材质,镶嵌材质,商品质量,质检结果,配件材质,宝玉石结论,贵金属结论,重量,备注";

fn touchstone(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command.current_dir(folder).args(args).output().unwrap()
}

/// The findings of a file, each line by its headings.
fn import(bytes: &[u8], args: &[&str]) -> (Output, Vec<BTreeMap<String, String>>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("export.csv"), bytes).unwrap();
    let all = [&["import", "qic", "export.csv", "--out", "findings.csv"], args].concat();
    let output = touchstone(folder.path(), &all);
    let mut lines = Vec::new();
    if let Ok(text) = std::fs::read(folder.path().join("findings.csv")) {
        let mut reader = csv::Reader::from_reader(text.as_slice());
        lines.extend(reader.deserialize().map(Result::unwrap));
    }
    (output, lines)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_bad_row_is_told_with_its_number_and_stops_nobody() {
    let file = format!(
        "{HEADING}\r\n\
         9000000001,ZJ-1,翡翠手镯,翡翠,未镶嵌,,通过,,翡翠,,50.00g,---\r\n\
         9000000002,ZJ-2,翡翠手镯,翡翠,未镶嵌,,通过,,翡翠,,heavy,---\r\n\
         9000000003,ZJ-3,too,few\r\n\
         9000000004,ZJ-4,=1+1,和田玉,未镶嵌,,通过,,绿松石,,50.00g,---\r\n"
    );
    let (output, lines) = import(file.as_bytes(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let bad: Vec<_> = lines.iter().filter(|line| line["about"] == "unreadable").collect();
    assert_eq!(bad.iter().map(|line| line["row"].as_str()).collect::<Vec<_>>(), ["3", "4"]);
    assert!(bad[0]["reason"].contains("重量: a weight is a number"), "{bad:?}");
    assert!(bad[1]["reason"].contains("4 cells and the heading 12"), "{bad:?}");
    let told: Vec<_> = lines.iter().filter(|line| line["row"] == "5" && line["about"] == "material").collect();
    assert_eq!((told[0]["finding"].as_str(), told[0]["asks"].as_str()), ("contradicted", "not_as_described"));
    assert!(text(&output).contains("4 rows"), "{}", text(&output));
    assert!(text(&output).contains("2 unreadable"), "{}", text(&output));
    assert!(lines.iter().flat_map(BTreeMap::values).all(|cell| !cell.starts_with('=')), "{lines:?}");
}

#[test]
fn gb18030_reads_like_utf_8_and_is_written_when_asked() {
    let file = format!("{HEADING}\r\n9000000001,ZJ-1,天然翡翠,翡翠,未镶嵌,,通过,,翡翠,,50.00g,---\r\n");
    let (output, utf8) = import(file.as_bytes(), &["--lang", "zh"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (output, same) = import(&encoding_rs::GB18030.encode(&file).0, &["--lang", "zh"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(utf8, same);
    assert!(utf8[0]["reason"].contains("检测结论"), "{utf8:?}");
}

#[test]
fn bytes_of_another_encoding_cost_their_row_alone() {
    let row = |number: u8, title: &[u8]| {
        let head = format!("900000000{number},ZJ-{number},");
        [head.as_bytes(), title, ",翡翠,未镶嵌,,通过,,翡翠,,50.00g,---\r\n".as_bytes()].concat()
    };
    // Enough of UTF-8 first, for the encoding is told by the beginning.
    let many: Vec<u8> = std::iter::repeat_n(row(1, "翡翠".as_bytes()), 2_000).flatten().collect();
    let file = [format!("{HEADING}\r\n").as_bytes(), &many, &row(2, b"\xff\xfe"), &row(3, "翡翠".as_bytes())].concat();
    let (output, lines) = import(&file, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let bad: Vec<_> = lines.iter().filter(|line| line["about"] == "unreadable").collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert_eq!(bad[0]["row"], "2002");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((summary["rows"].as_u64(), summary["unreadable"].as_u64()), (Some(2_002), Some(1)));
}

#[test]
fn a_file_that_is_no_export_is_wrong_use() {
    let check = |bytes: &[u8], expected: &str| {
        let (output, _) = import(bytes, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(expected), "{}", text(&output));
    };
    check(b"", "it has no heading");
    check(b"a,b,c\n1,2,3\n", "lacks the headings");
    let folder = tempfile::tempdir().unwrap();
    let output = touchstone(folder.path(), &["import", "qic", "nothing.csv"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

both!(what_is_exported_is_read_again, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 3).await.pieces;
    world.bring(pieces[0], Stage::Delivered).await;
    world.bring(pieces[1], Stage::Received).await;
    world.fail_and_return(pieces[2]).await;
    let rows = |timezone: &str| {
        let zone = jiff::tz::TimeZone::get(timezone).unwrap();
        let world = &world;
        let pieces = pieces.clone();
        async move {
            let mut rows = Vec::new();
            for key in pieces {
                let piece = world.folded(key).await;
                let own = touchstone::qic::sheet::OwnPiece {
                    piece: &piece,
                    title: Some("=冰种翡翠手镯 17000001001"),
                    timezone: &zone,
                };
                rows.push(touchstone::qic::sheet::row(&own));
            }
            rows
        }
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(touchstone::qic::columns::Column::ALL.iter().map(|column| column.as_str())).unwrap();
    for row in rows("Asia/Shanghai").await {
        assert!(!row.iter().any(|cell| cell.contains("17000001001")), "{row:?}");
        assert!(!row.iter().any(|cell| cell.starts_with('=')), "{row:?}");
        writer.write_record(row).unwrap();
    }
    let (output, lines) = import(&writer.into_inner().unwrap(), &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let by = |outcome: &str| {
        let rows = summary["by_outcome"].as_array().unwrap().iter().filter(|row| row["outcome"] == outcome);
        rows.map(|row| row["rows"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((by("passed"), by("rejected"), by("under_way")), (1, 1, 1), "{summary}");
    let material = lines.iter().find(|line| line["row"] == "2" && line["about"] == "material").unwrap();
    assert_eq!(material["finding"], "confirmed", "{material:?}");
});

both!(a_house_exports_its_pieces_with_the_columns_that_it_reads, |db| async move {
    let (master, signing) = ("1f".repeat(32), "2e".repeat(32));
    let app = TestApp::builder(db).secrets(Secrets::parse(&master, &signing).unwrap()).open().await;
    let codes = place(&app, "KS1", 2).await;
    walk(&app, &codes[0], Stop::Released).await;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .args(["export", "qic", "--out", "pieces.csv"])
        .current_dir(folder.path())
        .env_clear()
        .env("TOUCHSTONE_DATA_DIR", folder.path())
        .env("TOUCHSTONE_DATABASE_URL", db.url())
        .env("TOUCHSTONE_MASTER_KEY", &master)
        .env("TOUCHSTONE_SIGNING_KEY", &signing)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("2 pieces written to pieces.csv"), "{}", text(&output));
    let written = std::fs::read(folder.path().join("pieces.csv")).unwrap();
    for code in &codes {
        assert!(String::from_utf8_lossy(&written).contains(code.as_str()), "{code}");
    }
    let (output, lines) = import(&written, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let passed: Vec<_> = lines.iter().filter(|line| line["outcome"] == "passed").collect();
    assert!(!passed.is_empty() && passed.iter().all(|line| line["row"] == passed[0]["row"]), "{lines:?}");
});
