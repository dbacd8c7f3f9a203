//! Whether a photo shows what it should: how sharp and how well lit it is, in whole numbers, and what the person at the
//! bench can do about it while the piece still lies there.

/// A grey picture: one byte a pixel, row by row.
#[derive(Clone, Debug)]
pub struct Grey {
    width: usize,
    values: Vec<u8>,
}

impl Grey {
    /// From pixels of red, green and blue; luma by the weights of ITU-R BT.601.
    pub fn of_rgb(width: usize, rgb: &[u8]) -> Self {
        let luma = |pixel: &[u8; 3]| {
            let [r, g, b] = pixel.map(u32::from);
            ((77 * r + 150 * g + 29 * b) >> 8) as u8
        };
        Self { width: width.max(1), values: rgb.as_chunks::<3>().0.iter().map(luma).collect() }
    }

    pub fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> u8) -> Self {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect();
        Self { width: width.max(1), values }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// One row; empty where there is none.
    pub fn row(&self, y: usize) -> &[u8] {
        self.values.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// Half as wide and high: each value the mean of four.
    fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height() / 2);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let (above, below) = (self.row(2 * y).as_chunks::<2>().0, self.row(2 * y + 1).as_chunks::<2>().0);
            values.extend(above.iter().zip(below).map(|(a, b)| {
                let sum: u16 = a.iter().chain(b).map(|value| u16::from(*value)).sum();
                ((sum + 2) / 4) as u8
            }));
        }
        Self { width: width.max(1), values }
    }
}

/// What was measured of one photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// How far edges are smeared, in hundredths of a pixel of the picture at 800 pixels (the standard deviation of the
    /// smear, in the worse direction); none where there is no edge to measure by.
    pub blur: Option<u32>,
    /// Of 0 to 255: hardly anything is darker than the first, and hardly anything lighter than the second.
    pub dark: u8,
    pub light: u8,
    pub findings: Vec<Finding>,
}

/// What is wrong with a photo. It is told, not refused: whether it will do is for the person who sees the piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Blurred,
    Empty,
    Dark,
    Overexposed,
    Small,
}

impl Finding {
    pub const ALL: [Finding; 5] =
        [Finding::Blurred, Finding::Empty, Finding::Dark, Finding::Overexposed, Finding::Small];

    pub fn as_str(self) -> &'static str {
        match self {
            Finding::Blurred => "blurred",
            Finding::Empty => "empty",
            Finding::Dark => "dark",
            Finding::Overexposed => "overexposed",
            Finding::Small => "small",
        }
    }

    /// For the person with the camera, in English.
    pub fn en(self) -> &'static str {
        match self {
            Finding::Blurred => "blurred: hold still, 40 cm",
            Finding::Empty => "nothing can be made out: point the camera at the piece",
            Finding::Dark => "too dark: switch on the lamp, or move under it",
            Finding::Overexposed => "overexposed: less light, or a darker ground",
            Finding::Small => "too small: take it with the camera at full size, not from a screen",
        }
    }

    /// The same in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Finding::Blurred => "照片模糊：请拿稳，距离约40厘米",
            Finding::Empty => "看不清内容：请将镜头对准货品",
            Finding::Dark => "光线过暗：请开灯或移到灯下",
            Finding::Overexposed => "曝光过度：请减弱光线或换深色背景",
            Finding::Small => "图片过小：请用相机原图拍摄，不要截屏",
        }
    }
}

/// The defaults of this release; each can only turn a sentence on or off.
const BLURRED: u32 = 150;
const DARK: u8 = 96;
const OVEREXPOSED: u8 = 170;
const SMALL: usize = 800;

/// Sharpness is measured on squares of this side, so that a piece in focus before a soft ground counts as sharp.
const TILE: usize = 32;
/// Differences are taken across so many pixels on either side. Across one, the rounding of a JPEG would outweigh the
/// slight bend of an edge that is smeared.
const REACH: usize = 2;
/// A square with less change than this has no edge in it (mean square of the difference of neighbours).
const LEAST_EDGE: u64 = 24;

impl Quality {
    /// Of the rendition that is shown, whose longer side has 1600 pixels or fewer.
    pub fn of(grey: &Grey) -> Self {
        let longer = grey.width().max(grey.height());
        // Halved, the grain of a sensor is gone, and an edge that a person calls sharp is still one.
        let halved;
        let measured = if 2 * TILE <= longer / 2 {
            halved = grey.halved();
            &halved
        } else {
            grey
        };
        let blur = blur(measured);
        let (dark, light) = range(grey);
        let mut findings = Vec::new();
        match blur {
            None => findings.push(Finding::Empty),
            Some(blur) if BLURRED <= blur => findings.push(Finding::Blurred),
            Some(_) => {}
        }
        if light < DARK {
            findings.push(Finding::Dark);
        }
        if OVEREXPOSED < dark {
            findings.push(Finding::Overexposed);
        }
        if longer < SMALL {
            findings.push(Finding::Small);
        }
        Self { blur, dark, light, findings }
    }
}

/// The values below which lies one pixel of a hundred, and above which lie two.
fn range(grey: &Grey) -> (u8, u8) {
    let mut counts = [0usize; 256];
    grey.values.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let total = grey.values.len();
    let reaching = |share: usize| {
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            total * share <= below * 100
        });
        found.and_then(|value| u8::try_from(value).ok()).unwrap_or(u8::MAX)
    };
    (reaching(1), reaching(98))
}

/// The smear of the sharpest edges, in hundredths of a pixel, in the worse of the two directions: a moved camera smears
/// along its way only.
fn blur(grey: &Grey) -> Option<u32> {
    let mut along = Vec::new();
    let mut down = Vec::new();
    for top in (0..grey.height()).step_by(TILE) {
        for left in (0..grey.width()).step_by(TILE) {
            let (mut horizontal, mut vertical) = (Edges::default(), Edges::default());
            for y in top.max(REACH)..(top + TILE).min(grey.height().saturating_sub(REACH)) {
                let columns = left.max(REACH) - REACH..(left + TILE + REACH).min(grey.width());
                let row = grey.row(y).get(columns.clone()).unwrap_or_default();
                let above = grey.row(y - REACH).get(columns.clone()).unwrap_or_default();
                let below = grey.row(y + REACH).get(columns).unwrap_or_default();
                let beside = above.iter().zip(below).skip(REACH);
                for (window, (above, below)) in row.windows(2 * REACH + 1).zip(beside) {
                    horizontal.add(window[0], window[REACH], window[2 * REACH]);
                    vertical.add(*above, window[REACH], *below);
                }
            }
            along.extend(horizontal.square());
            down.extend(vertical.square());
        }
    }
    // A direction in which hardly anything has an edge says nothing.
    let least = (along.len().max(down.len()) / 8).max(1);
    [along, down].into_iter().filter(|squares| least <= squares.len()).filter_map(sharpest).max()
}

/// The smear that one square of ten does not exceed, among those whose edges are about as strong as the strongest: where
/// a smeared edge levels out, there is hardly a slope left, and the measure would call it sharp.
fn sharpest(squares: Vec<Square>) -> Option<u32> {
    let mut slopes: Vec<_> = squares.iter().map(|square| square.slope).collect();
    slopes.sort_unstable();
    let strong = slopes.get(slopes.len() * 19 / 20).copied()? / 4;
    let mut smears: Vec<_> =
        squares.iter().filter(|square| strong <= square.slope).map(|square| square.smear).collect();
    smears.sort_unstable();
    smears.get(smears.len() / 10).copied()
}

/// What one square says in one direction.
struct Square {
    /// The mean square of the difference of neighbours.
    slope: u64,
    /// In hundredths of a pixel.
    smear: u32,
}

/// Sums over one square in one direction.
#[derive(Default)]
struct Edges {
    /// Squares of the differences of the two sides.
    slope: u64,
    /// Squares of the second differences.
    bend: u64,
    count: u64,
}

impl Edges {
    fn add(&mut self, before: u8, middle: u8, after: u8) {
        let (before, middle, after) = (i32::from(before), i32::from(middle), i32::from(after));
        self.slope += u64::from((after - before).unsigned_abs().pow(2));
        self.bend += u64::from((after - 2 * middle + before).unsigned_abs().pow(2));
        self.count += 1;
    }

    /// Of an edge that is smeared by a Gaussian of σ pixels, the squares of the differences of two sides that are 2 r
    /// apart sum up to 8 σ² / r² times those of its bend, however strong the edge is. Of a bare step it is 4 to 4, so
    /// that nothing measures as sharper than 0.7 pixels.
    fn square(&self) -> Option<Square> {
        if self.count < (TILE * TILE / 4) as u64 || self.slope < LEAST_EDGE * self.count {
            return None;
        }
        let hundredths = (self.slope * (REACH * REACH) as u64 * 10_000 / (8 * self.bend.max(1))).isqrt();
        Some(Square { slope: self.slope / self.count, smear: u32::try_from(hundredths).unwrap_or(u32::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes of two greys, `period` pixels wide, and the mean of `smear` pixels in a row of it.
    fn stripes(period: usize, smear: usize, across: bool) -> Grey {
        let at = |place: usize| if (place / period).is_multiple_of(2) { 60u32 } else { 190 };
        Grey::from_fn(1600, 1200, |x, y| {
            let place = if across { y } else { x };
            ((0..smear).map(|step| at(place + step)).sum::<u32>() / smear as u32) as u8
        })
    }

    #[test]
    fn what_was_moved_while_it_was_taken_is_blurred_in_either_direction() {
        for across in [false, true] {
            let sharp = Quality::of(&stripes(40, 1, across));
            assert_eq!(sharp.findings, [], "{sharp:?}");
            let moved = Quality::of(&stripes(40, 24, across));
            assert_eq!(moved.findings, [Finding::Blurred], "{moved:?}");
            assert!(sharp.blur < moved.blur);
        }
    }

    #[test]
    fn how_strong_an_edge_is_does_not_make_it_sharper() {
        let faint = Grey::from_fn(1600, 1200, |x, _| if (x / 40) % 2 == 0 { 110 } else { 150 });
        assert_eq!(Quality::of(&faint).blur, Quality::of(&stripes(40, 1, false)).blur);
    }

    #[test]
    fn a_wall_has_no_edge() {
        let wall = Quality::of(&Grey::from_fn(1600, 1200, |_, _| 128));
        assert_eq!((wall.blur, wall.findings), (None, vec![Finding::Empty]));
    }

    #[test]
    fn light_is_judged_by_the_darkest_and_the_lightest() {
        let check = |dark: u8, light: u8, expected: &[Finding]| {
            let quality = Quality::of(&Grey::from_fn(1600, 1200, |x, _| if (x / 40) % 2 == 0 { dark } else { light }));
            assert_eq!((quality.dark, quality.light, quality.findings.as_slice()), (dark, light, expected));
        };
        check(20, 200, &[]);
        check(0, 95, &[Finding::Dark]);
        check(0, 96, &[]);
        check(170, 255, &[]);
        check(171, 255, &[Finding::Overexposed]);
    }

    #[test]
    fn a_picture_of_any_size_is_measured() {
        for width in 0..70 {
            for height in [0, 1, 2, 3, 33, 64, 65] {
                Quality::of(&Grey::from_fn(width, height, |x, y| (x * y) as u8));
            }
        }
    }

    #[test]
    fn each_finding_says_what_to_do_in_both_languages() {
        for finding in Finding::ALL {
            assert!(finding.en().contains(": ") && finding.zh().contains('：'), "{finding:?}");
        }
    }
}
