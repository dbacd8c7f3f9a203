//! An address as a square that a phone reads (QR code, ISO/IEC 18004), drawn as one path.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// A drawn code: an SVG path in modules, and how many there are on a side, the quiet zone of four included.
pub struct Drawn {
    pub path: String,
    pub side: usize,
}

/// The quiet zone around a code, in modules (ISO/IEC 18004, section 6.3.8).
const QUIET: usize = 4;

/// Draws an address. None where it is longer than a code can hold.
pub fn draw(address: &str) -> Option<Drawn> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (row, line) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        for run in line.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}h{}v1h-{}z", column + QUIET, row + QUIET, run.len(), run.len());
            }
            column += run.len();
        }
    }
    Some(Drawn { path, side: width + 2 * QUIET })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finders_and_its_quiet_zone() {
        let drawn = draw("https://touchstone.example/v/0A1B2-C3D4E-5F607-18293").unwrap();
        assert!(drawn.path.starts_with("M4 4h7v1h-7z"), "{}", drawn.path);
        assert_eq!((drawn.side - 2 * QUIET - 17) % 4, 0);
        assert!(draw(&"x".repeat(3_000)).is_none());
    }
}
