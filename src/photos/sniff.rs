//! Tells what an upload is by its first bytes. What the sender calls it is not asked: it is wrong too often, and
//! sometimes on purpose. Nothing is decoded here.

/// The largest photo that is taken: 20 MiB.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// The kinds of image that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    Jpeg,
    Png,
    WebP,
}

impl MediaType {
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::WebP];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    /// With its article, in a sentence.
    pub fn article(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG",
            Self::Png => "a PNG",
            Self::WebP => "a WebP",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SniffFault {
    #[error("the photo is empty: send its bytes")]
    Empty,
    #[error("the photo has {size_bytes} bytes: send at most {MAX_BYTES} (20 MiB)")]
    TooLarge { size_bytes: usize },
    #[error("the photo breaks off before its kind can be told: send the whole file")]
    Truncated,
    #[error("this is {looks_like}: send a JPEG, PNG or WebP")]
    OtherKind { looks_like: &'static str },
    #[error(
        "this is a HEIC, as Apple's cameras write by themselves: set Settings › Camera › Formats to Most Compatible, or \
         send the photo as a JPEG"
    )]
    Heic,
    #[error("this is no image that is known here: send a JPEG, PNG or WebP")]
    Unknown,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The brands of HEIF whose pictures are coded as HEVC, which is what HEIC is.
const HEIC_BRANDS: [&[u8; 4]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];

/// What is recognised only to say so.
const OTHERS: [(&[u8], &str); 9] = [
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF or a raw photo"),
    (b"MM\0*", "a TIFF or a raw photo"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"<!DOCTYPE", "a web page"),
];

/// The kind of an upload, or why it is not taken.
pub fn sniff(bytes: &[u8]) -> Result<MediaType, SniffFault> {
    if bytes.is_empty() {
        return Err(SniffFault::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(SniffFault::TooLarge { size_bytes: bytes.len() });
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(MediaType::Jpeg);
    }
    if bytes.starts_with(PNG) {
        return Ok(MediaType::Png);
    }
    if bytes.starts_with(b"RIFF") {
        return match bytes.get(8..12) {
            Some(b"WEBP") => Ok(MediaType::WebP),
            Some(_) => Err(SniffFault::OtherKind { looks_like: "a sound or a film" }),
            None => Err(SniffFault::Truncated),
        };
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return heif(bytes);
    }
    if let Some((_, looks_like)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(SniffFault::OtherKind { looks_like });
    }
    // The beginning of what would have been taken, had it gone on.
    let begun = |magic: &[u8]| magic.starts_with(bytes);
    if begun(b"\xff\xd8\xff") || begun(PNG) || begun(b"RIFF") {
        return Err(SniffFault::Truncated);
    }
    Err(SniffFault::Unknown)
}

/// Reads the first box of an ISO base media file: its length, `ftyp`, the major brand, a version, then other brands. A
/// phone may call its HEIC by the general brand `mif1` and say what it is among the others; AVIF does the same.
fn heif(bytes: &[u8]) -> Result<MediaType, SniffFault> {
    let Some((length, _)) = bytes.split_first_chunk::<4>() else {
        return Err(SniffFault::Truncated);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length < 16 {
        return Err(SniffFault::Unknown);
    }
    let Some(header) = bytes.get(8..length) else {
        return Err(SniffFault::Truncated);
    };
    let (major, rest) = header.split_at(4);
    let brands = || std::iter::once(major).chain(rest[4..].chunks_exact(4));
    if major == b"avif" || major == b"avis" {
        return Err(SniffFault::OtherKind { looks_like: "an AVIF" });
    }
    if brands().any(|brand| HEIC_BRANDS.iter().any(|heic| brand == *heic)) {
        return Err(SniffFault::Heic);
    }
    let avif = brands().any(|brand| brand == b"avif" || brand == b"avis");
    Err(SniffFault::OtherKind { looks_like: if avif { "an AVIF" } else { "a film or another HEIF" } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Result<MediaType, SniffFault>) {
        assert_eq!(sniff(bytes), expected, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }

    fn ftyp(major: &[u8; 4], others: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = (16 + 4 * others.len() as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(b"ftyp");
        bytes.extend_from_slice(major);
        bytes.extend_from_slice(&[0; 4]);
        others.iter().for_each(|brand| bytes.extend_from_slice(*brand));
        bytes.extend_from_slice(b"\0\0\0\x08mdat");
        bytes
    }

    fn looks_like(looks_like: &'static str) -> Result<MediaType, SniffFault> {
        Err(SniffFault::OtherKind { looks_like })
    }

    #[test]
    fn the_three_kinds_are_taken() {
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Ok(MediaType::Jpeg));
        check(b"\xff\xd8\xff\xe1\0\x10Exif", Ok(MediaType::Jpeg));
        check(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", Ok(MediaType::Png));
        check(b"RIFF\x24\0\0\0WEBPVP8 ", Ok(MediaType::WebP));
    }

    #[test]
    fn a_heic_is_told_how_to_become_a_jpeg() {
        check(&ftyp(b"heic", &[b"mif1", b"heic"]), Err(SniffFault::Heic));
        check(&ftyp(b"heix", &[]), Err(SniffFault::Heic));
        check(&ftyp(b"mif1", &[b"mif1", b"heic", b"miaf"]), Err(SniffFault::Heic));
        let said = SniffFault::Heic.to_string();
        assert!(said.contains("HEIC") && said.contains("Most Compatible") && said.contains("JPEG"), "{said}");
    }

    #[test]
    fn other_kinds_are_called_by_name() {
        check(b"GIF89a", looks_like("a GIF"));
        check(b"BM\x36", looks_like("a BMP"));
        check(b"%PDF-1.7", looks_like("a PDF"));
        check(b"PK\x03\x04", looks_like("a ZIP archive or an office document"));
        check(b"<svg xmlns=", looks_like("an SVG drawing"));
        check(b"RIFF\x24\0\0\0WAVEfmt ", looks_like("a sound or a film"));
        check(&ftyp(b"avif", &[b"mif1", b"heic"]), looks_like("an AVIF"));
        check(&ftyp(b"mif1", &[b"avif"]), looks_like("an AVIF"));
        check(&ftyp(b"isom", &[b"mp42"]), looks_like("a film or another HEIF"));
    }

    #[test]
    fn what_is_empty_unknown_or_broken_off_is_refused() {
        check(b"", Err(SniffFault::Empty));
        check(b"hello", Err(SniffFault::Unknown));
        check(b"\xff\xd8", Err(SniffFault::Truncated));
        check(b"\x89PNG", Err(SniffFault::Truncated));
        check(b"RIFF\x24\0", Err(SniffFault::Truncated));
        check(&ftyp(b"heic", &[b"mif1"])[..14], Err(SniffFault::Truncated));
        check(b"\0\0\0\x08ftyp", Err(SniffFault::Unknown));
        check(b"\xff\xff\xff\xffftypheic", Err(SniffFault::Truncated));
    }

    #[test]
    fn the_limit_is_twenty_mebibytes() {
        let mut photo = vec![0xff; MAX_BYTES];
        photo[1] = 0xd8;
        check(&photo, Ok(MediaType::Jpeg));
        photo.push(0);
        check(&photo, Err(SniffFault::TooLarge { size_bytes: MAX_BYTES + 1 }));
        let said = SniffFault::TooLarge { size_bytes: 30_000_000 }.to_string();
        assert_eq!(said, "the photo has 30000000 bytes: send at most 20971520 (20 MiB)");
    }

    #[test]
    fn no_beginning_of_a_photo_makes_it_panic() {
        for whole in [ftyp(b"mif1", &[b"heic", b"miaf"]), b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), PNG.to_vec()] {
            for length in 0..whole.len() {
                let _ = sniff(&whole[..length]);
            }
        }
    }

    #[test]
    fn a_media_type_is_read_back() {
        for kind in MediaType::ALL {
            assert_eq!(MediaType::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(MediaType::parse("image/gif"), None);
    }
}
