//! The columns of the export, and one row of it.

use csv::StringRecord;

use super::{BadRow, is_formula};
use crate::domain::ids::CertificateNo;

macro_rules! columns {
    ($($(#[$doc:meta])* $column:ident $text:literal $needed:literal;)*) => {
        /// A column, in the order of the file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $column,)* }

        impl Column {
            pub const ALL: &'static [Column] = &[$(Column::$column,)*];

            /// Its heading.
            pub fn as_str(self) -> &'static str {
                match self { $(Column::$column => $text,)* }
            }

            /// Whether a file without it cannot be read at all: nothing could be compared.
            pub fn is_needed(self) -> bool {
                match self { $(Column::$column => $needed,)* }
            }
        }
    };
}

columns! {
    PieceCode "订单码" true;
    CertificateNo "证书编码" false;
    Tray "货盘编号" false;
    BatchedAt "批次生成时间" false;
    InspectedAt "质检完成时间" false;
    ReviewedAt "复核完成时间" false;
    CertifiedAt "制证完成时间" false;
    Title "商品名称" true;
    Material "商品材质" true;
    Setting "镶嵌材质" true;
    Declared "商品质量" false;
    Stage "状态" false;
    Fee "质检价格" false;
    IsAgain "是否复检" false;
    Price "商品价格" false;
    Result "质检结果" true;
    RejectCode "驳回原因" false;
    RejectWords "驳回备注" false;
    Parts "配件材质" false;
    Gem "宝玉石结论" true;
    Metal "贵金属结论" true;
    Flaw "瑕疵属性" false;
    IsTagged "是否挂签" false;
    Weight "重量" true;
    Remark "备注" true;
    Kind "饰品类型" false;
    Unit "计量单位" false;
    Conformity "检测结果" false;
    Condition "样品状态描述" false;
    TestKind "检测性质" false;
    Purpose "报告用途" false;
    Form "结果出具形式" false;
    Storage "样品贮存要求" false;
}

/// Which cell of a row is which column's.
#[derive(Clone, Debug)]
pub struct Heading {
    places: Vec<(Column, usize)>,
    cells: usize,
    /// Headings that mean nothing here; their cells are left out.
    pub unknown: usize,
}

impl Heading {
    /// Reads the first row. The order of the columns is the file's.
    pub fn read(first: &StringRecord) -> Result<Self, BadRow> {
        let mut heading = Self { places: Vec::new(), cells: first.len(), unknown: 0 };
        for (at, cell) in first.iter().enumerate() {
            let text = cell.trim().trim_start_matches('\u{feff}');
            match Column::ALL.iter().copied().find(|column| column.as_str() == text) {
                Some(column) if heading.place(column).is_some() => {
                    return Err(BadRow::of(column, "this heading stands twice: leave one of the two"));
                }
                Some(column) => heading.places.push((column, at)),
                None => heading.unknown += 1,
            }
        }
        let missing: Vec<_> = Column::ALL
            .iter()
            .filter(|column| column.is_needed() && heading.place(**column).is_none())
            .map(|column| column.as_str())
            .collect();
        if missing.is_empty() {
            return Ok(heading);
        }
        let missing = missing.join(", ");
        Err(BadRow(format!("the first row lacks the headings {missing}: export with headings, in UTF-8 or GB18030")))
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(own, _)| *own == column).map(|(_, at)| *at)
    }

    /// Reads a row below it.
    pub fn row(&self, record: &StringRecord) -> Result<Row, BadRow> {
        if record.len() != self.cells {
            return Err(BadRow(format!(
                "the row has {} cells and the heading {}: a cell with a comma or a line break stands in quotes",
                record.len(),
                self.cells
            )));
        }
        let mut cells = vec![String::new(); Column::ALL.len()];
        for (column, at) in &self.places {
            let cell = record.get(*at).unwrap_or_default();
            if cell.contains('\u{fffd}') {
                return Err(BadRow::of(*column, "bytes that are not of the file's encoding: save it anew as UTF-8"));
            }
            if LONGEST_CELL < cell.chars().count() {
                return Err(BadRow::of(*column, format!("longer than {LONGEST_CELL} characters")));
            }
            if let Some(own) = cells.get_mut(*column as usize) {
                *own = bare(cell).to_owned();
            }
        }
        let row = Row { cells };
        for column in [Column::PieceCode, Column::CertificateNo] {
            if let Some(code) = row.given(column)
                && CertificateNo::parse(code).is_err()
            {
                return Err(BadRow::of(column, "a code is 1 to 64 letters, digits, dots, hyphens or underscores"));
            }
        }
        if row.given(Column::PieceCode).is_none() {
            return Err(BadRow::of(Column::PieceCode, "every row names its piece"));
        }
        Ok(row)
    }
}

/// Titles of a hundred characters are long.
const LONGEST_CELL: usize = 2_000;

/// A cell without the quote that guards it from being taken for a formula.
fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell, // A quote of its own.
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    cells: Vec<String>,
}

impl Row {
    /// The cell of a column; empty where the file has none.
    pub fn cell(&self, column: Column) -> &str {
        self.cells.get(column as usize).map_or("", String::as_str)
    }

    /// The cell, where it says something: dashes stand for nothing.
    pub fn given(&self, column: Column) -> Option<&str> {
        Some(self.cell(column)).filter(|cell| !cell.chars().all(|c| c == '-'))
    }

    /// How far the warehouse came with it.
    pub fn outcome(&self) -> Result<Outcome, BadRow> {
        match self.cell(Column::Result) {
            "通过" => Ok(Outcome::Passed),
            "不通过" => Ok(Outcome::Rejected),
            "" | "-" => Ok(Outcome::UnderWay),
            _ => Err(BadRow::of(Column::Result, "one of 通过, 不通过, or empty while it is under way")),
        }
    }
}

/// What the warehouse decided of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Passed,
    Rejected,
    UnderWay,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Passed, Outcome::Rejected, Outcome::UnderWay];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Rejected => "rejected",
            Outcome::UnderWay => "under_way",
        }
    }
}
