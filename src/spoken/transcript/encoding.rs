//! Bytes to text: UTF-8 with or without a mark, UTF-16 with or without one, GB18030. A file that is none of them is
//! refused; it is never read with characters missing.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::Fault;

/// What a file was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Utf16Le,
    Utf16Be,
    Gb18030,
}

impl Charset {
    /// The encoding behind it.
    pub fn encoding(self) -> &'static Encoding {
        match self {
            Charset::Utf8 => UTF_8,
            Charset::Utf16Le => UTF_16LE,
            Charset::Utf16Be => UTF_16BE,
            Charset::Gb18030 => GB18030,
        }
    }

    /// What these bytes, the whole file or its beginning, are written in, and how many of them are its mark. UTF-8 is
    /// tried before GB18030: hardly any Chinese text in GB18030 is valid UTF-8, while much UTF-8 is valid GB18030.
    pub fn detect(bytes: &[u8]) -> (Self, usize) {
        match bytes {
            [0xEF, 0xBB, 0xBF, ..] => return (Charset::Utf8, 3),
            [0xFF, 0xFE, ..] => return (Charset::Utf16Le, 2),
            [0xFE, 0xFF, ..] => return (Charset::Utf16Be, 2),
            _ => {} // No mark: the bytes themselves must tell.
        }
        if let Some(charset) = unmarked_utf16(bytes) {
            return (charset, 0);
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => (Charset::Utf8, 0),
            // The beginning of a file may end within a character.
            Err(error) if error.error_len().is_none() && bytes.len() < error.valid_up_to() + 4 => (Charset::Utf8, 0),
            Err(_) => (Charset::Gb18030, 0),
        }
    }
}

/// Every transcript has line breaks, digits or blanks. In UTF-16 these have a zero byte, always on the same side, which
/// no text in UTF-8 or GB18030 has at all. Letters are not counted: 一 (U+4E00) has a zero byte too, on the other side,
/// and reads as an N.
fn unmarked_utf16(bytes: &[u8]) -> Option<Charset> {
    let (mut even, mut odd) = (0_usize, 0_usize);
    for pair in bytes.chunks_exact(2).take(4_096) {
        match pair {
            [0, b'\n' | b'\r' | b' ' | b'1'..=b'9'] => even += 1,
            [b'\n' | b'\r' | b' ' | b'1'..=b'9', 0] => odd += 1,
            _ => {} // A character beyond ASCII says nothing.
        }
    }
    match (even, odd) {
        (0, 0) => None,
        (even, odd) if even * 8 < odd => Some(Charset::Utf16Le),
        (even, odd) if odd * 8 < even => Some(Charset::Utf16Be),
        _ => None, // Zero bytes on both sides are no text.
    }
}

/// The text of a whole file.
pub fn decode(bytes: &[u8]) -> Result<(String, Charset), Fault> {
    let (charset, mark) = Charset::detect(bytes);
    let body = bytes.get(mark..).unwrap_or_default();
    match charset.encoding().decode_without_bom_handling_and_without_replacement(body) {
        Some(text) => Ok((text.into_owned(), charset)),
        None => Err(Fault::whole("this is no text in UTF-8, UTF-16 or GB18030: save it as UTF-8")),
    }
}

/// A text that comes in pieces of any size.
pub struct Decoder {
    inner: encoding_rs::Decoder,
}

impl Decoder {
    /// For a text in this character set, without its mark.
    pub fn new(charset: Charset) -> Self {
        Self { inner: charset.encoding().new_decoder_without_bom_handling() }
    }

    /// Appends what these bytes say. `last` says that no more come.
    pub fn push(&mut self, bytes: &[u8], last: bool, text: &mut String) -> Result<(), Fault> {
        use encoding_rs::DecoderResult;
        let room = self.inner.max_utf8_buffer_length_without_replacement(bytes.len());
        text.reserve(room.unwrap_or(bytes.len()));
        match self.inner.decode_to_string_without_replacement(bytes, text, last) {
            (DecoderResult::InputEmpty, _) => Ok(()),
            (DecoderResult::OutputFull | DecoderResult::Malformed(..), _) => {
                Err(Fault::whole("this is no text in UTF-8, UTF-16 or GB18030: save it as UTF-8"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "1\n00:00:01,000 --> 00:00:02,000\n这只是冰种翡翠手镯，五十六圈口😀\n";

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn every_common_encoding_is_told_and_read() {
        let check = |bytes: Vec<u8>, charset| {
            assert_eq!(decode(&bytes).unwrap(), (TEXT.to_owned(), charset), "{charset:?}");
            let (told, mark) = Charset::detect(&bytes);
            let mut decoder = Decoder::new(told);
            let mut text = String::new();
            for byte in &bytes[mark..] {
                decoder.push(std::slice::from_ref(byte), false, &mut text).unwrap();
            }
            decoder.push(&[], true, &mut text).unwrap();
            assert_eq!(text, TEXT, "{charset:?}, a byte at a time");
        };
        check(TEXT.into(), Charset::Utf8);
        check([b"\xEF\xBB\xBF", TEXT.as_bytes()].concat(), Charset::Utf8);
        check(utf16(TEXT, false), Charset::Utf16Le);
        check(utf16(TEXT, true), Charset::Utf16Be);
        check([vec![0xFF, 0xFE], utf16(TEXT, false)].concat(), Charset::Utf16Le);
        check([vec![0xFE, 0xFF], utf16(TEXT, true)].concat(), Charset::Utf16Be);
        check(GB18030.encode(TEXT).0.into_owned(), Charset::Gb18030);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [&b"\xFF\xFF\xFF\xFF"[..], b"\x89PNG\r\n\x1a\n\xFF\xFF\xFF\xFF", b"\xEF\xBB\xBF\xFF"] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_beginning_that_ends_within_a_character_is_still_told() {
        let bytes = "翡翠".as_bytes();
        for end in 0..=bytes.len() {
            assert_eq!(Charset::detect(&bytes[..end]).0, Charset::Utf8, "{end}");
        }
    }
}
