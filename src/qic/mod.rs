//! A warehouse's own export (质检中心导出): rows of what was listed and what was concluded, read as historical results.
//! Pure: text in, findings out; nothing is written to a journal.
//!
//! Reading order: `columns` are the columns and one row of cells, `records` cuts a file into rows, `weight` and `remark`
//! read the cells that hold more than a name, `listing` makes a declaration of what was listed and `conclusion` an
//! appraisal of what was concluded, `review` asks the rulebook of the one against the other, `summary` counts, `sheet`
//! writes the same columns of our own pieces.
//!
//! The form of the file was learnt from rows of a real export; a column of another name is left out, a row that cannot
//! be read is told with its number and stops nobody else.

pub mod columns;
mod conclusion;
mod listing;
pub mod records;
mod remark;
pub mod review;
pub mod sheet;
pub mod summary;
#[cfg(test)]
mod tests;
mod weight;

/// Why a row cannot be read, and what would make it right. It quotes nothing of the row: a cell that is not what it
/// should be may hold anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRow(pub String);

impl BadRow {
    fn of(column: columns::Column, why: impl std::fmt::Display) -> Self {
        Self(format!("{}: {why}", column.as_str()))
    }
}

/// A cell that a spreadsheet would take for a formula, with a quote before it; reading takes the quote off again. Dashes
/// alone mean that there is nothing, and are none.
pub fn guarded(cell: &str) -> std::borrow::Cow<'_, str> {
    match is_formula(cell) {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}

/// Also what is written in full width: spreadsheets with Chinese settings take it for the same.
fn is_formula(cell: &str) -> bool {
    let first = cell.chars().next();
    first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'))
        && !cell.chars().all(|c| c == '-')
}
