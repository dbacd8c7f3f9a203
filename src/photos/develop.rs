//! The way of a photo from the bytes of an upload to what is kept of it: limits before decoding, one decoding, turned
//! upright, two renditions without any metadata, a fingerprint and a judgement of quality. Nothing outside is touched.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::capture::capture_time;
use super::fingerprint;
use super::jpeg;
use super::quality::{Grey, Quality};
use super::sniff::{MediaType, SniffFault, sniff};
use crate::domain::fingerprint::Fingerprint;

/// The most pixels that a photo may have: a phone's 50 megapixels pass, 64 do not.
pub const MAX_PIXELS: u64 = 52_000_000;

/// The most bytes that a photo may fill when it is decoded. It also holds for what a decoder takes beside the pixels, so
/// that a packed text or profile cannot grow beyond it.
const MAX_DECODED_BYTES: u64 = 160 * 1024 * 1024;

/// The longer side of the rendition that is shown, and of the small one, in pixels. Neither is ever larger than the
/// photo.
pub const SHOWN_SIDE: u32 = 1600;
pub const SMALL_SIDE: u32 = 320;

/// Of JPEG, for both renditions.
const RENDITION_QUALITY: u8 = 85;

/// What becomes of an upload.
#[derive(Debug)]
pub struct Developed {
    /// What the upload is, by its bytes.
    pub media: MediaType,
    /// Of the photo turned upright.
    pub width: u32,
    pub height: u32,
    /// The camera's word on when it was taken (see `capture`).
    pub captured_at: Option<String>,
    /// JPEGs without metadata; the longer side has at most [`SHOWN_SIDE`] and [`SMALL_SIDE`] pixels.
    pub shown: Vec<u8>,
    pub small: Vec<u8>,
    /// None where the photo shows nothing to be known by.
    pub fingerprint: Option<Fingerprint>,
    pub quality: Quality,
}

/// Why an upload is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Sniff(#[from] SniffFault),
    #[error(
        "the photo has {width} × {height} pixels: send at most {} megapixels; set the camera to 12",
        MAX_PIXELS / 1_000_000
    )]
    TooManyPixels { width: u32, height: u32 },
    #[error("the photo would fill more than {} MiB when decoded: send it as a JPEG", MAX_DECODED_BYTES / 1024 / 1024)]
    TooDeep,
    #[error("the photo breaks off before its end: send the whole file again")]
    BreaksOff,
    #[error("the photo is packed in a way that no camera uses: send it as the camera wrote it")]
    Contrived,
    #[error("the photo begins like {} and cannot be read: send it again as the camera wrote it", .media.article())]
    Broken { media: MediaType },
    /// A fault of ours.
    #[error("a rendition cannot be written: {0}")]
    Encoding(String),
}

/// Takes a photo through its whole way.
pub fn develop(bytes: &[u8]) -> Result<Developed, Fault> {
    let media = sniff(bytes)?;
    let broken = |error: ImageError| match error {
        ImageError::Limits(_) => Fault::TooDeep,
        _ => Fault::Broken { media }, // A decoder's own words say nothing to the person with the camera.
    };
    let format = match media {
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::WebP => ImageFormat::WebP,
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if MAX_PIXELS < u64::from(width) * u64::from(height) {
        return Err(Fault::TooManyPixels { width, height });
    }
    if MAX_DECODED_BYTES < decoder.total_bytes() {
        return Err(Fault::TooDeep);
    }
    if media == MediaType::Jpeg {
        // Each square of 64 pixels takes at least one bit; a header that promises more than the file can hold would
        // have a decoder paint grey for nothing.
        if (bytes.len() as u64) < u64::from(width) * u64::from(height) / 512 {
            return Err(Fault::BreaksOff);
        }
        jpeg::whole(bytes).map_err(|fault| match fault {
            jpeg::Fault::BreaksOff => Fault::BreaksOff,
            jpeg::Fault::TooManyScans => Fault::Contrived,
        })?;
    }
    // What a camera says beside the picture is welcome and not needed: a photo with a broken remark is still a photo.
    let captured_at = decoder.exif_metadata().ok().flatten().and_then(|raw| capture_time(&raw));
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;

    // Turned when it is small: that takes a sixth of the work, and the memory of one picture instead of two.
    let mut shown = DynamicImage::ImageRgb8(fit(opaque(image), SHOWN_SIDE)?);
    shown.apply_orientation(orientation);
    let shown = shown.into_rgb8();
    let grey = Grey::of_rgb(shown.width() as usize, shown.as_raw());
    let quality = Quality::of(&grey);
    let fingerprint = fingerprint::of(&grey);
    let shown_jpeg = encode(&shown)?;
    let small_jpeg = encode(&fit(shown, SMALL_SIDE)?)?;
    let turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Ok(Developed { media, width, height, captured_at, shown: shown_jpeg, small: small_jpeg, fingerprint, quality })
}

/// Red, green and blue on white: what is transparent in a PNG shows the paper.
fn opaque(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let (width, height) = rgba.dimensions();
    let over = |value: u8, alpha: u8| {
        let alpha = u16::from(alpha);
        ((u16::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
    for [r, g, b, alpha] in rgba.as_chunks::<4>().0 {
        rgb.extend([over(*r, *alpha), over(*g, *alpha), over(*b, *alpha)]);
    }
    // As many values as pixels need; were it otherwise, nothing would be shown.
    RgbImage::from_raw(width, height, rgb).unwrap_or_default()
}

/// No larger than this on its longer side, by a cubic filter as wide as the scale asks for.
fn fit(image: RgbImage, side: u32) -> Result<RgbImage, Fault> {
    let (width, height) = image.dimensions();
    let longer = width.max(height);
    if longer <= side {
        return Ok(image);
    }
    let scaled = |length: u32| {
        let length = (u64::from(length) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(length).unwrap_or(side).max(1)
    };
    let (to_width, to_height) = (scaled(width), scaled(height));
    let failed = |error: &dyn std::fmt::Display| Fault::Encoding(error.to_string());
    let from = ImageRef::new(width, height, image.as_raw(), PixelType::U8x3).map_err(|error| failed(&error))?;
    let mut to = Image::new(to_width, to_height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| failed(&error))?;
    RgbImage::from_raw(to_width, to_height, to.into_vec()).ok_or_else(|| failed(&"a picture of another size"))
}

fn encode(image: &RgbImage) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, RENDITION_QUALITY)
        .encode_image(image)
        .map_err(|error| Fault::Encoding(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
