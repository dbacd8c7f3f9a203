//! The fixtures, files that somebody would like to be taken, and pictures that are the same to an eye.

use image::imageops;
use proptest::prelude::*;

use super::super::quality::Finding;
use super::*;
use crate::domain::fingerprint::NEAR;

const BANGLE: &[u8] = include_bytes!("../../../fixtures/photos/bangle.jpg");
const CAPTURED: &[u8] = include_bytes!("../../../fixtures/photos/captured.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../../fixtures/photos/progressive.jpg");
const ROTATED: &[u8] = include_bytes!("../../../fixtures/photos/rotated.jpg");
const RING: &[u8] = include_bytes!("../../../fixtures/photos/ring.png");
const RING_WEBP: &[u8] = include_bytes!("../../../fixtures/photos/ring.webp");
const MISLABELLED: &[u8] = include_bytes!("../../../fixtures/photos/mislabelled.jpg");
const TRUNCATED: &[u8] = include_bytes!("../../../fixtures/photos/truncated.jpg");
const OVERSIZED: &[u8] = include_bytes!("../../../fixtures/photos/oversized.png");
const LARGE_HEADER: &[u8] = include_bytes!("../../../fixtures/photos/large-header.jpg");
const BOMB: &[u8] = include_bytes!("../../../fixtures/photos/bomb.png");
const HEIC: &[u8] = include_bytes!("../../../fixtures/photos/phone.heic");
const NO_IMAGE: &[u8] = include_bytes!("../../../fixtures/photos/not-an-image.jpg");

fn seen(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// The middle of three channels, by name.
fn close(pixel: &image::Rgb<u8>, expected: [u8; 3]) -> bool {
    pixel.0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 24)
}

fn refused(bytes: &[u8]) -> String {
    develop(bytes).unwrap_err().to_string()
}

/// Like a piece on a table: a ring, its light, and a ground with a pattern. Another number is another piece.
fn scene(number: u32, width: u32, height: u32) -> RgbImage {
    let (middle_x, middle_y) = (width / 2 + number * 37 % 90, height / 2 + number * 53 % 70);
    RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x.abs_diff(middle_x), y.abs_diff(middle_y));
        let radius = (dx * dx + dy * dy).isqrt() * 1000 / width;
        let inner = 120 + number * 29 % 100;
        let ring = (inner..inner + 70).contains(&radius);
        let ground = 150 + (x * 1000 / width / 40 + y * 1000 / width / (30 + number % 20)) % 5 * 12;
        let light = x * 40 / width;
        match (ring, dx < dy) {
            (true, true) => image::Rgb([60, 140, 90]),
            (true, false) => image::Rgb([90, 190 - number as u8 % 60, 120]),
            (false, _) => image::Rgb([(ground + light) as u8, (ground + light) as u8, ground as u8]),
        }
    })
}

fn written(image: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).unwrap();
    bytes
}

#[test]
fn each_kind_is_taken_by_its_bytes_whatever_it_is_called() {
    let check = |bytes, media, width, height| {
        let developed = develop(bytes).unwrap();
        assert_eq!((developed.media, developed.width, developed.height), (media, width, height));
        assert_eq!(seen(&developed.shown).dimensions(), (width, height));
        assert!(seen(&developed.small).dimensions() <= (320, 320));
    };
    check(BANGLE, MediaType::Jpeg, 320, 240);
    check(PROGRESSIVE, MediaType::Jpeg, 320, 240);
    check(RING, MediaType::Png, 200, 200);
    check(RING_WEBP, MediaType::WebP, 200, 200);
    check(MISLABELLED, MediaType::Png, 200, 200);
}

#[test]
fn renditions_have_1600_and_320_pixels_on_the_longer_side_and_are_never_larger_than_the_photo() {
    let check = |width, height, shown, small| {
        let developed = develop(&written(&scene(1, width, height), 90)).unwrap();
        assert_eq!((seen(&developed.shown).dimensions(), seen(&developed.small).dimensions()), (shown, small));
    };
    check(2000, 1500, (1600, 1200), (320, 240));
    check(1500, 2000, (1200, 1600), (240, 320));
    check(3000, 3, (1600, 2), (320, 1));
    check(1, 1, (1, 1), (1, 1));
    check(321, 200, (321, 200), (320, 199));
}

#[test]
fn a_photo_taken_on_its_side_is_shown_upright() {
    let developed = develop(ROTATED).unwrap();
    assert_eq!((developed.width, developed.height), (240, 320));
    let shown = seen(&developed.shown);
    // The arrow in the upper left corner points up: its shaft lies below its head.
    assert!(close(shown.get_pixel(18, 40), [40, 40, 40]), "{:?}", shown.get_pixel(18, 40));
    assert!(close(shown.get_pixel(18, 20), [40, 40, 40]), "{:?}", shown.get_pixel(18, 20));
    assert!(close(shown.get_pixel(28, 40), [196, 194, 188]), "{:?}", shown.get_pixel(28, 40));
    assert!(develop(BANGLE).unwrap().fingerprint.is_some());
}

#[test]
fn what_is_transparent_shows_white() {
    assert!(close(seen(&develop(RING).unwrap().shown).get_pixel(2, 2), [255, 255, 255]));
}

#[test]
fn what_is_shown_holds_no_word_of_the_camera() {
    for (photo, words) in [
        (ROTATED, ["Exif", "Example Camera", "2026"]),
        (CAPTURED, ["Exif", "taken by nobody", "2026"]),
        (BOMB, ["Comment", "zTXt", "tEXt"]),
    ] {
        let developed = develop(photo).unwrap();
        for rendition in [&developed.shown, &developed.small] {
            let holds = |word: &str| rendition.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(words.iter().all(|word| !holds(word)));
            // Nothing but the picture: no application segment beside JFIF's own, and no comment.
            let mut rest = &rendition[2..];
            while let [0xff, marker, high, low, ..] = rest {
                assert!(matches!(marker, 0xe0 | 0xdb | 0xc0 | 0xc4 | 0xda), "{marker:x}");
                if *marker == 0xda {
                    break;
                }
                rest = &rest[2 + usize::from(u16::from_be_bytes([*high, *low]))..];
            }
        }
    }
}

#[test]
fn the_cameras_time_is_read_and_the_time_of_a_change_is_not() {
    assert_eq!(develop(CAPTURED).unwrap().captured_at.as_deref(), Some("2026-11-21T10:03:04+08:00"));
    assert_eq!(develop(ROTATED).unwrap().captured_at, None);
    assert_eq!(develop(BANGLE).unwrap().captured_at, None);
}

#[test]
fn what_is_too_large_broken_or_no_photo_is_refused_with_what_would_make_it_right() {
    let check = |bytes: &[u8], expected: &str| {
        let said = refused(bytes);
        assert!(said.contains(expected), "{said}");
    };
    check(OVERSIZED, "9000 × 9000 pixels: send at most 52 megapixels");
    check(LARGE_HEADER, "20000 × 10000 pixels: send at most 52 megapixels");
    check(TRUNCATED, "breaks off before its end: send the whole file");
    check(HEIC, "Most Compatible");
    check(NO_IMAGE, "this is no image that is known here: send a JPEG, PNG or WebP");
    check(b"", "the photo is empty");
    check(&RING[..RING.len() / 2], "begins like a PNG and cannot be read");
    check(&RING_WEBP[..RING_WEBP.len() / 2], "begins like a WebP and cannot be read");
}

#[test]
fn a_header_that_promises_more_than_the_file_can_hold_is_not_believed() {
    let mut photo = BANGLE.to_vec();
    let size = photo.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    photo[size..size + 4].copy_from_slice(&[0x17, 0x70, 0x1f, 0x40]); // 6000 × 8000: 48 megapixels in 7 kB
    assert!(matches!(develop(&photo), Err(Fault::BreaksOff)));
}

/// A PNG of these chunks.
fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in chunks {
        bytes.extend((data.len() as u32).to_be_bytes());
        let from = bytes.len();
        bytes.extend_from_slice(*name);
        bytes.extend_from_slice(data);
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[from..]);
        bytes.extend(crc.sum().to_be_bytes());
    }
    bytes
}

/// The header of a PNG: its size, the bits of a value, and 2 for colours or 6 for colours with transparency.
fn header(width: u32, height: u32, bits: u8, colours: u8) -> Vec<u8> {
    [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[bits, colours, 0, 0, 0]].concat()
}

/// A WebP whose extended header says this size.
fn webp(width: u32, height: u32) -> Vec<u8> {
    let size = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let canvas = [vec![0; 4], size(width), size(height)].concat();
    [b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0".as_slice(), &canvas].concat()
}

#[test]
fn what_somebody_contrived_is_refused_before_it_takes_any_memory() {
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let said = refused(bytes);
        assert!(said.contains(expected), "{name}: {said}");
    };
    let nothing: (&[u8; 4], &[u8]) = (b"IDAT", b"");
    let of = |header: Vec<u8>, data| png(&[(b"IHDR", &header), data, (b"IEND", b"")]);
    check("200 megapixels", &of(header(20_000, 10_000, 8, 2), nothing), "20000 × 10000 pixels: send at most 52");
    check("the most that a header can say", &of(header(0x7fff_ffff, 0x7fff_ffff, 8, 2), nothing), "");
    check("eight bytes a pixel", &of(header(7_000, 7_000, 16, 6), nothing), "more than 160 MiB when decoded");
    check("no picture at all", &of(header(0, 0, 8, 2), nothing), "begins like a PNG and cannot be read");
    check("no bits", &of(header(8, 8, 0, 2), nothing), "begins like a PNG and cannot be read");
    check("no data", &of(header(8, 8, 8, 2), nothing), "begins like a PNG and cannot be read");
    check("packed nonsense", &of(header(8, 8, 8, 2), (b"IDAT", b"nonsense")), "begins like a PNG and cannot be read");
    let mut miscounted = RING.to_vec();
    miscounted[29] ^= 1; // In the check sum of the header.
    check("a wrong check sum", &miscounted, "begins like a PNG and cannot be read");
    check("a WebP of 268 megapixels", &webp(16_384, 16_384), "begins like a WebP and cannot be read");
    check("a JPEG of nothing", b"\xff\xd8\xff\xd9", "begins like a JPEG and cannot be read");
    let mut none_high = BANGLE.to_vec();
    let size = none_high.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    none_high[size..size + 4].fill(0);
    check("a JPEG without a size", &none_high, "begins like a JPEG and cannot be read");
}

#[test]
fn a_packed_text_is_not_unpacked() {
    // 64 MiB of zeros in a comment; the picture itself is a good one.
    assert_eq!(develop(BOMB).unwrap().media, MediaType::Png);
}

#[test]
fn every_beginning_of_a_jpeg_is_refused() {
    for length in (0..BANGLE.len()).step_by(7) {
        assert!(develop(&BANGLE[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_picture_that_comes_again_is_known_by_its_fingerprint() {
    for number in 0..3 {
        let original = scene(number, 640, 480);
        let print = |image: &RgbImage, quality| develop(&written(image, quality)).unwrap().fingerprint.unwrap();
        let first = print(&original, 92);
        let brighter = RgbImage::from_fn(640, 480, |x, y| {
            image::Rgb(original.get_pixel(x, y).0.map(|value| value.saturating_add(14)))
        });
        let check = |name: &str, other: Fingerprint| {
            assert!(first.distance(other) <= NEAR, "{number} {name}: {}", first.distance(other));
        };
        check("written coarsely", print(&original, 40));
        check("half as large", print(&imageops::thumbnail(&original, 320, 240), 80));
        check("brighter", print(&brighter, 85));
        check("cut a little", print(&imageops::crop_imm(&original, 3, 2, 634, 475).to_image(), 85));
    }
}

#[test]
fn pictures_of_different_pieces_have_fingerprints_far_apart() {
    let prints: Vec<_> =
        (0..8).map(|number| develop(&written(&scene(number, 640, 480), 85)).unwrap().fingerprint.unwrap()).collect();
    for (at, one) in prints.iter().enumerate() {
        for other in &prints[at + 1..] {
            assert!(NEAR < one.distance(*other), "{}", one.distance(*other));
        }
    }
}

#[test]
fn a_blurred_photo_is_told_at_once() {
    let sharp = scene(1, 800, 600);
    let check = |image: &RgbImage, expected: &[Finding]| {
        let quality = develop(&written(image, 90)).unwrap().quality;
        assert_eq!(quality.findings, expected, "{quality:?}");
    };
    check(&sharp, &[]);
    check(&imageops::fast_blur(&sharp, 5.0), &[Finding::Blurred]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Whatever is done to a file, the answer is a photo or a sentence, and a photo's renditions can be read.
    #[test]
    fn a_damaged_photo_is_taken_whole_or_refused(
        which in 0usize..6,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = [BANGLE, PROGRESSIVE, ROTATED, RING, RING_WEBP, CAPTURED][which].to_vec();
        for (at, value) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        match develop(&bytes) {
            Ok(developed) => {
                let (width, height) = seen(&developed.shown).dimensions();
                prop_assert!(width.max(height) <= SHOWN_SIDE);
                let (width, height) = seen(&developed.small).dimensions();
                prop_assert!(width.max(height) <= SMALL_SIDE);
            }
            Err(Fault::Encoding(error)) => prop_assert!(false, "{error}"),
            Err(fault) => prop_assert!(!fault.to_string().is_empty()),
        }
    }
}
