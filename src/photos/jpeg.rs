//! The segments of a JPEG, walked without decoding (ITU-T T.81, annex B): a decoder fills what is missing with grey, so
//! whether a photo broke off on its way must be seen here.

/// Scans of one photo at the most. A progressive photo of a camera has about ten; each costs a pass over the whole
/// picture, and a file of a few kilobytes can hold thousands.
const MAX_SCANS: usize = 64;

/// Why a JPEG is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ends before its end-of-image marker.
    BreaksOff,
    /// It has more scans than any camera writes.
    TooManyScans,
}

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// Whether the first image of a file is there to its end. What follows it, as phones append films and maps of depth,
/// is not looked at.
pub fn whole(bytes: &[u8]) -> Result<(), Fault> {
    let mut rest = bytes.get(2..).ok_or(Fault::BreaksOff)?;
    let mut scans = 0;
    loop {
        let (marker, after) = next_marker(rest).ok_or(Fault::BreaksOff)?;
        rest = match marker {
            END_OF_IMAGE => return Ok(()),
            // These stand alone: TEM, and restarts outside of a scan.
            0x01 | 0xd0..=0xd8 => after,
            _ => {
                if marker == START_OF_SCAN {
                    scans += 1;
                    if MAX_SCANS < scans {
                        return Err(Fault::TooManyScans);
                    }
                }
                // A segment says its length, which counts itself. The coded data behind the header of a scan is passed
                // over by the search for the next marker.
                let (length, _) = after.split_first_chunk::<2>().ok_or(Fault::BreaksOff)?;
                after.get(usize::from(u16::from_be_bytes(*length)).max(2)..).ok_or(Fault::BreaksOff)?
            }
        };
    }
}

/// The next marker that is no stuffed byte, no fill and no restart within coded data.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff)?;
        rest = rest.get(at + 1..)?;
        let (marker, after) = rest.split_first()?;
        match marker {
            0xff => {} // Fill: the marker is still to come.
            0x00 | 0xd0..=0xd7 => rest = after,
            marker => return Some((*marker, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANGLE: &[u8] = include_bytes!("../../fixtures/photos/bangle.jpg");

    #[test]
    fn a_photo_is_whole_with_whatever_follows_it() {
        assert_eq!(whole(BANGLE), Ok(()));
        assert_eq!(whole(&[BANGLE, b"ftypmp42 and a film"].concat()), Ok(()));
    }

    #[test]
    fn every_beginning_of_a_photo_breaks_off() {
        for length in 0..BANGLE.len() {
            assert_eq!(whole(&BANGLE[..length]), Err(Fault::BreaksOff), "{length}");
        }
    }

    #[test]
    fn a_photo_of_thousands_of_scans_is_refused() {
        let scan = b"\xff\xda\x00\x02\x11\x22";
        let photo = |scans| [b"\xff\xd8".as_slice(), &scan.repeat(scans), b"\xff\xd9"].concat();
        assert_eq!(whole(&photo(MAX_SCANS)), Ok(()));
        assert_eq!(whole(&photo(MAX_SCANS + 1)), Err(Fault::TooManyScans));
    }
}
