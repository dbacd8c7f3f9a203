//! When the camera says that it took a photo. It is the camera's word and no proof: clocks are wrong, and tools write
//! what they like; beside the time of the upload it can still give a re-used picture away.

use exif::{DateTime, Exif, In, Reader, Tag, Value};

/// `2026-11-21T10:03:04`, the camera's local time, with `+08:00` behind it where the camera says its zone. Nothing where
/// it says nothing, or nothing that is a time (Exif 2.32, tags `DateTimeOriginal`, `DateTimeDigitized`). The time of the
/// last change of the file, which every tool writes, is not asked.
pub fn capture_time(raw: &[u8]) -> Option<String> {
    let exif = Reader::new().read_raw(raw.to_vec()).ok()?;
    [(Tag::DateTimeOriginal, Tag::OffsetTimeOriginal), (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized)]
        .into_iter()
        .find_map(|(time, offset)| {
            let mut time = DateTime::from_ascii(ascii(&exif, time)?).ok()?;
            if let Some(offset) = ascii(&exif, offset) {
                // A zone that cannot be read leaves a local time.
                let _ = time.parse_offset(offset);
            }
            written(&time)
        })
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => texts.first().map(Vec::as_slice),
        _ => None, // A time that is no text is none.
    }
}

fn written(time: &DateTime) -> Option<String> {
    let fits = (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second <= 60
        && 1990 <= time.year
        && time.year <= 9999;
    if !fits {
        return None;
    }
    let DateTime { year, month, day, hour, minute, second, .. } = time;
    let zone = match time.offset {
        Some(minutes) if minutes.unsigned_abs() <= 14 * 60 => {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
        }
        Some(_) | None => String::new(),
    };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF with one Exif directory of these ASCII tags.
    fn raw(tags: &[(u16, &str)]) -> Vec<u8> {
        let mut raw = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
        let mut texts = Vec::new();
        let behind = 26 + 2 + 12 * tags.len() + 4;
        raw.extend((tags.len() as u16).to_le_bytes());
        for (tag, text) in tags {
            raw.extend(tag.to_le_bytes());
            raw.extend(2u16.to_le_bytes());
            raw.extend((text.len() as u32 + 1).to_le_bytes());
            raw.extend(((behind + texts.len()) as u32).to_le_bytes());
            texts.extend_from_slice(text.as_bytes());
            texts.push(0);
        }
        raw.extend([0; 4]);
        raw.extend(texts);
        raw
    }

    fn check(tags: &[(u16, &str)], expected: Option<&str>) {
        assert_eq!(capture_time(&raw(tags)).as_deref(), expected, "{tags:?}");
    }

    #[test]
    fn the_time_is_the_cameras_with_its_zone_where_it_says_one() {
        check(&[(0x9003, "2026:11:21 10:03:04")], Some("2026-11-21T10:03:04"));
        check(&[(0x9003, "2026:11:21 10:03:04"), (0x9011, "+08:00")], Some("2026-11-21T10:03:04+08:00"));
        check(&[(0x9003, "2026:11:21 10:03:04"), (0x9011, "-03:30")], Some("2026-11-21T10:03:04-03:30"));
        check(&[(0x9004, "2026:11:21 10:03:04")], Some("2026-11-21T10:03:04"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        check(&[(0x9003, "0000:00:00 00:00:00")], None);
        check(&[(0x9003, "    :  :     :  :  ")], None);
        check(&[(0x9003, "2026:13:41 25:61:61")], None);
        check(&[(0x9003, "yesterday at tea time")], None);
        check(&[], None);
        // A zone that is none leaves the time.
        check(&[(0x9003, "2026:11:21 10:03:04"), (0x9011, "China")], Some("2026-11-21T10:03:04"));
        check(&[(0x9003, "2026:11:21 10:03:04"), (0x9011, "+99:00")], Some("2026-11-21T10:03:04"));
    }

    #[test]
    fn no_part_of_a_directory_makes_it_panic() {
        let whole = raw(&[(0x9003, "2026:11:21 10:03:04"), (0x9011, "+08:00")]);
        for length in 0..whole.len() {
            let _ = capture_time(&whole[..length]);
        }
    }
}
