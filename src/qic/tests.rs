//! The sample of a real export, row by row, and rows made to be wrong.

use super::columns::{Column, Heading, Outcome, Row};
use super::records::Records;
use super::review::{Note, Reviewed, Reviewer};
use super::{BadRow, guarded};
use crate::domain::ledger::{ClaimKind, Finding, Verdict};
use crate::rulebook::Language;

fn heading() -> Heading {
    let all: Vec<_> = Column::ALL.iter().map(|column| column.as_str()).collect();
    Heading::read(&csv::StringRecord::from(all)).unwrap()
}

/// A row of these cells; the others are empty.
fn row(cells: &[(Column, &str)]) -> Result<Row, BadRow> {
    let cell = |column: &Column| {
        let given = cells.iter().find(|(own, _)| own == column).map(|(_, cell)| *cell);
        given.unwrap_or(if *column == Column::PieceCode { "9000000001" } else { "" })
    };
    heading().row(&csv::StringRecord::from(Column::ALL.iter().map(cell).collect::<Vec<_>>()))
}

fn reviewer() -> &'static Reviewer {
    static REVIEWER: std::sync::LazyLock<Reviewer> =
        std::sync::LazyLock::new(|| Reviewer::embedded(Language::En).unwrap());
    &REVIEWER
}

/// 通过, of a title, a material, a setting, a gem, a metal and a remark; weighed at 10 g.
fn passed(cells: [&str; 6]) -> Reviewed {
    use Column::*;
    let [title, material, setting, gem, metal, remark] = cells;
    let cells = [
        (Title, title),
        (Material, material),
        (Setting, setting),
        (Gem, gem),
        (Metal, metal),
        (Remark, remark),
        (Result, "通过"),
        (Weight, "10.00g"),
    ];
    reviewer().review(&row(&cells).unwrap()).unwrap()
}

fn finding(reviewed: &Reviewed, kind: ClaimKind, said: &str) -> Option<Finding> {
    let claim = reviewed.claims.iter().find(|claim| claim.kind == kind && claim.said == said);
    claim.map(|claim| claim.finding)
}

#[test]
fn a_listing_is_held_against_its_conclusion() {
    let check = |cells, said: (ClaimKind, &str), expected, derived| {
        let reviewed = passed(cells);
        assert_eq!(finding(&reviewed, said.0, said.1), Some(expected), "{cells:?}: {:?}", reviewed.claims);
        assert_eq!(reviewed.derived, Some(derived), "{cells:?}: {:?}", reviewed.claims);
    };
    use ClaimKind::Material;
    use Finding::*;
    // A colour or a variety that the conclusion leaves out is among the names that may be written.
    check(
        ["和田玉碧玉手镯", "和田玉", "未镶嵌", "和田玉（碧玉）", "", "---"],
        (Material, "碧玉"),
        Confirmed,
        Verdict::Pass,
    );
    check(["翡翠吊坠", "翡翠", "18K金镶嵌", "翡翠", "18K金", ""], (Material, "18K金"), Confirmed, Verdict::Pass);
    // Custom-made is no material.
    check(["定制翡翠", "定制翡翠", "未镶嵌", "翡翠", "", ""], (Material, "翡翠"), Confirmed, Verdict::Pass);
    check(["", "和田玉", "未镶嵌", "绿松石", "", ""], (Material, "和田玉"), Contradicted, Verdict::NotAsDescribed);
    check(["", "翡翠", "18K金镶嵌", "翡翠", "", "金属未测"], (Material, "18K金"), NotTested, Verdict::Undetermined);
    check(
        ["", "玛瑙/玉髓", "未镶嵌", "玛瑙（染色）", "", ""],
        (Material, "玛瑙/玉髓"),
        Contradicted,
        Verdict::NotAsDescribed,
    );
}

#[test]
fn a_treatment_that_the_material_names_is_declared_for_the_title_too() {
    let coated = passed(["红肉达洛多宝手串", "玛瑙/玉髓（覆膜）", "未镶嵌", "玛瑙（覆膜）", "", ""]);
    assert_eq!(coated.derived, Some(Verdict::Pass), "{:?}", coated.claims);
    assert!(coated.claims.iter().any(|claim| claim.flags.iter().any(|flag| flag.as_str() == "dyed_agate_as_dzi")));
    // What was declared and is not in the conclusion is open.
    let missing = passed(["", "玛瑙/玉髓（覆膜）", "未镶嵌", "玛瑙", "", ""]);
    assert_eq!(missing.derived, Some(Verdict::Undetermined), "{:?}", missing.claims);
}

#[test]
fn a_remark_on_the_metal_speaks_of_the_setting_and_one_on_the_chain_does_not() {
    let setting = |remark| {
        let reviewed = passed(["", "和田玉", "银S925镶嵌", "和田玉", "", remark]);
        finding(&reviewed, ClaimKind::Material, "银S925")
    };
    assert_eq!(setting("金属配件为银S925"), Some(Finding::Confirmed));
    assert_eq!(setting("配链为银S925"), Some(Finding::NotTested));
}

#[test]
fn what_the_reader_doubts_derives_nothing() {
    // A hedge is no claim that a difference could be held against.
    let doubted = passed(["可能是蜜蜡手串", "玛瑙/玉髓", "未镶嵌", "玛瑙", "", ""]);
    assert!(doubted.claims.iter().any(|claim| claim.is_doubtful), "{:?}", doubted.claims);
    assert_eq!(doubted.derived, Some(Verdict::Pass), "{:?}", doubted.claims);
}

#[test]
fn an_open_colour_is_a_finding_where_natural_was_claimed_and_a_remark_elsewhere() {
    let remark = "褐黄色颜色成因未定";
    let plain = passed(["", "翡翠", "未镶嵌", "翡翠", "", remark]);
    assert_eq!(plain.derived, Some(Verdict::Pass));
    assert!(plain.notes.contains(&Note::ColourOpen));
    let natural = passed(["天然翡翠", "翡翠", "未镶嵌", "翡翠", "", remark]);
    assert_eq!(natural.derived, Some(Verdict::Undetermined), "{:?}", natural.claims);
    assert!(natural.notes.contains(&Note::PassedOpen));
}

#[test]
fn the_conclusion_on_a_bead_is_not_the_wood_s() {
    use Column::*;
    let cells = [
        (Material, "沉香"),
        (Setting, "未镶嵌"),
        (Parts, "和田玉,银S925"),
        (Gem, "和田玉"),
        (Remark, "金属配件为银S925,木质配饰未检"),
        (Result, "通过"),
        (Weight, "6.77g(含签)"),
        (Declared, "4克"),
    ];
    let reviewed = reviewer().review(&row(&cells).unwrap()).unwrap();
    assert_eq!(finding(&reviewed, ClaimKind::Material, "沉香"), Some(Finding::NotTested));
    assert_eq!(finding(&reviewed, ClaimKind::Material, "和田玉"), Some(Finding::Confirmed));
    assert_eq!(finding(&reviewed, ClaimKind::Material, "银S925"), Some(Finding::Confirmed));
    // With its tag it is not weighed as it was listed.
    assert_eq!(finding(&reviewed, ClaimKind::Weight, "4.00g"), Some(Finding::NotTested));
    assert!(reviewed.notes.contains(&Note::PartsNotExamined));
}

#[test]
fn what_is_no_claim_is_noted() {
    let check = |reviewed: Reviewed, note| assert!(reviewed.notes.contains(&note), "{note:?}: {:?}", reviewed.notes);
    check(passed(["", "和田玉", "未镶嵌", "和田玉", "银925", ""]), Note::MetalBesideUnset);
    check(passed(["", "水晶", "未镶嵌", "水晶", "", "净度优化"]), Note::TreatmentInRemark);
    check(passed(["", "", "", "珍珠", "", ""]), Note::NothingListed);
    check(passed(["", "玛瑙", "合金", "玛瑙", "", "检测结论仅针对大桶珠"]), Note::OnlyOfAPart);
    check(passed(["", "和田玉", "未镶嵌", "绿松石", "", ""]), Note::PassedAgainst);
}

#[test]
fn a_row_that_cannot_be_read_says_where_and_what_would_be_right() {
    use Column::*;
    let check = |cells: &[(Column, &str)], expected: &str| {
        let error = row(cells).and_then(|row| reviewer().review(&row)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    };
    check(&[(Result, "maybe")], "质检结果: one of 通过, 不通过");
    check(&[(Weight, "heavy"), (Result, "通过")], "重量: a weight is a number with g");
    check(&[(Weight, "6.77g(含盒)"), (Result, "通过")], "重量: what lay on the balance");
    check(&[(PieceCode, "")], "订单码: every row names its piece");
    check(&[(PieceCode, "张三 13800001111")], "订单码: a code is 1 to 64");
    check(&[(Material, "13800001111")], "商品材质: a term may not hold a phone number");
    check(&[(Title, "\u{fffd}")], "商品名称: bytes that are not of the file's encoding");
    let error = heading().row(&csv::StringRecord::from(vec!["1", "2"])).unwrap_err().to_string();
    assert!(error.contains("2 cells and the heading 33"), "{error}");
    let error = Heading::read(&csv::StringRecord::from(vec!["订单码", "商品名称"])).unwrap_err().to_string();
    assert!(error.contains("lacks the headings 商品材质, 镶嵌材质"), "{error}");
}

#[test]
fn no_error_quotes_a_cell() {
    let cells = [(Column::Weight, "李四"), (Column::Result, "通过")];
    let error = reviewer().review(&row(&cells).unwrap()).unwrap_err().to_string();
    assert!(!error.contains("李四"), "{error}");
}

#[test]
fn columns_may_come_in_any_order_and_others_are_left_out() {
    let mut all: Vec<_> = Column::ALL.iter().rev().map(|column| column.as_str()).collect();
    all.push("仓位");
    let heading = Heading::read(&csv::StringRecord::from(all.clone())).unwrap();
    assert_eq!(heading.unknown, 1);
    let cells: Vec<_> = all.iter().map(|name| if *name == "订单码" { "1" } else { "" }).collect();
    assert_eq!(heading.row(&csv::StringRecord::from(cells)).unwrap().cell(Column::PieceCode), "1");
}

#[test]
fn a_cell_is_no_formula() {
    let check = |cell: &str, expected: &str| assert_eq!(guarded(cell), expected);
    check("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")");
    check("+1", "'+1");
    check("-1+2", "'-1+2");
    check("@SUM(A1)", "'@SUM(A1)");
    check("＝1", "'＝1");
    check("\t=1", "'\t=1");
    check("-", "-");
    check("---", "---");
    check("翡翠", "翡翠");
    check("", "");
    // What was guarded reads as it was.
    let guarded = row(&[(Column::Title, "'=1")]).unwrap();
    assert_eq!(guarded.cell(Column::Title), "=1");
}

#[test]
fn what_is_under_way_has_no_finding_before_its_conclusion() {
    let cells = [(Column::Material, "翡翠"), (Column::Weight, "47.15g")];
    let reviewed = reviewer().review(&row(&cells).unwrap()).unwrap();
    assert_eq!((reviewed.outcome, reviewed.derived), (Outcome::UnderWay, None));
    assert!(reviewed.claims.is_empty());
}

#[test]
fn a_file_goes_through_whole() {
    let text = "订单码,商品名称,商品材质,镶嵌材质,质检结果,宝玉石结论,贵金属结论,重量,备注\r\n\
                1,翡翠手镯,翡翠,未镶嵌,通过,翡翠,,50.00g,---\r\n\
                2,\"开口\r\n\
                3,翡翠手镯,翡翠,未镶嵌,通过,翡翠,,50.00g,---\r\n";
    let mut records = Records::default();
    records.push(text);
    records.end();
    let (_, first) = records.take().unwrap();
    let heading = Heading::read(&first.unwrap()).unwrap();
    let read: Vec<_> = std::iter::from_fn(|| records.take())
        .map(|(number, record)| (number, record.and_then(|record| heading.row(&record)).is_ok()))
        .collect();
    assert_eq!(read, [(2, true), (3, false), (4, true)]);
}
