//! What came back beside what was sent: tag, weight, sizes and photos of then and now, with a proposed answer and its
//! reasons. Two clerks decide; this only says what speaks for what.

use super::appraisal::{Appraisal, Size};
use super::event::{Event, PhotoAdded, Recorded, ReturnReceived, Tagged};
use super::evidence::packing_limit;
use super::fingerprint::NEAR;
use super::piece::Piece;
use super::quantity::Weighing;
use super::route::weighs_as_metal;
use super::sidelines::Identity;

/// One thing that speaks for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// The tag that was put on, and nobody opened it.
    TagIntact,
    /// The tag that was put on, but opened, or nobody looked whether it was.
    TagOpened,
    TagMissing,
    /// Another tag.
    TagDiffers,
    WeightAgrees,
    WeightDiffers,
    /// Other things lay on the balance: nothing follows.
    WeightUnlike,
    SizesAgree,
    SizesDiffer,
    /// A photo of now looks like one of then.
    PhotosAlike,
    /// None of them does.
    PhotosDiffer,
}

impl Sign {
    pub fn as_str(self) -> &'static str {
        match self {
            Sign::TagIntact => "tag_intact",
            Sign::TagOpened => "tag_opened",
            Sign::TagMissing => "tag_missing",
            Sign::TagDiffers => "tag_differs",
            Sign::WeightAgrees => "weight_agrees",
            Sign::WeightDiffers => "weight_differs",
            Sign::WeightUnlike => "weight_unlike",
            Sign::SizesAgree => "sizes_agree",
            Sign::SizesDiffer => "sizes_differ",
            Sign::PhotosAlike => "photos_alike",
            Sign::PhotosDiffer => "photos_differ",
        }
    }
}

/// A size of then and of now, in micrometres.
#[derive(Clone, Debug, PartialEq)]
pub struct SizePair {
    pub then: Size,
    pub now: Size,
    pub agrees: bool,
}

/// A photo of then beside the photo of now that looks most like it.
#[derive(Clone, Copy, Debug)]
pub struct PhotoPair<'a> {
    pub then: &'a PhotoAdded,
    pub now: &'a PhotoAdded,
    /// In how many of 64 bits the fingerprints differ.
    pub distance: u32,
}

/// Then and now, side by side.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    pub tagged: Option<&'a Tagged>,
    pub received: &'a ReturnReceived,
    /// The weight of then that has the same on the balance.
    pub weight_then: Option<&'a Weighing>,
    pub limit_ug: i64,
    pub sizes: Vec<SizePair>,
    pub photos: Vec<PhotoPair<'a>>,
    pub proposed: Identity,
    pub signs: Vec<Sign>,
}

/// Half a millimetre either way: what two persons measure of one piece (`rulebook.md`, "Sizes").
const SIZE_LIMIT_UM: i64 = 500;

/// Holds what came back against what was sent; none before it was received.
pub fn compare(piece: &Piece) -> Option<Comparison<'_>> {
    let back = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::ReturnReceived(received) => Some((recorded.seq, received)),
        _ => None, // No other event books a return in.
    });
    let (_, received) = back?;
    let begun = piece.return_begun().unwrap_or(i32::MAX);
    let tagged = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::Tagged(tagged) => Some(tagged),
        _ => None, // No other event puts one on.
    });
    let metal = sent(piece).is_some_and(weighs_as_metal);
    let limit_ug = packing_limit(metal).0;
    let weight_then = weight_then(piece, tagged, received);
    let mut signs = vec![tag_sign(tagged, received)];
    signs.push(match weight_then {
        None => Sign::WeightUnlike,
        Some(then) if then.mass.0.abs_diff(received.weight.mass.0) <= limit_ug.unsigned_abs() => Sign::WeightAgrees,
        Some(_) => Sign::WeightDiffers,
    });
    let sizes = sizes(piece, received);
    if !sizes.is_empty() {
        signs.push(if sizes.iter().all(|pair| pair.agrees) { Sign::SizesAgree } else { Sign::SizesDiffer });
    }
    let photos = photos(piece, begun);
    if !photos.is_empty() {
        let alike = photos.iter().any(|pair| pair.distance <= NEAR);
        signs.push(if alike { Sign::PhotosAlike } else { Sign::PhotosDiffer });
    }
    let proposed = propose(&signs);
    Some(Comparison { tagged, received, weight_then, limit_ug, sizes, photos, proposed, signs })
}

/// What the signs come to. An intact tag on a piece that weighs the same is the piece; another tag, or another weight
/// without an intact tag, is not; whatever contradicts itself, or lacks its tag, is for two persons to look at. Photos
/// only ever add doubt.
fn propose(signs: &[Sign]) -> Identity {
    let has = |sign| signs.contains(&sign);
    let differs = has(Sign::WeightDiffers) || has(Sign::SizesDiffer);
    if has(Sign::TagDiffers) {
        return Identity::NotSame;
    }
    if has(Sign::TagIntact) {
        let sure = has(Sign::WeightAgrees) && !differs;
        return if sure { Identity::Same } else { Identity::Unclear };
    }
    // Opened or missing: whatever differs now, another piece may lie in the bag.
    if has(Sign::WeightDiffers) { Identity::NotSame } else { Identity::Unclear }
}

fn tag_sign(tagged: Option<&Tagged>, received: &ReturnReceived) -> Sign {
    match (tagged, &received.tag) {
        (_, None) | (None, Some(_)) => Sign::TagMissing,
        (Some(then), Some(now)) if then.tag != *now => Sign::TagDiffers,
        (Some(_), Some(_)) if received.tag_intact == Some(true) => Sign::TagIntact,
        (Some(_), Some(_)) => Sign::TagOpened,
    }
}

/// Like with like: with its tag the piece weighed so much at packing, without it so much.
fn weight_then<'a>(piece: &'a Piece, tagged: Option<&'a Tagged>, received: &ReturnReceived) -> Option<&'a Weighing> {
    let mut then: Vec<&Weighing> =
        tagged.into_iter().flat_map(|tagged| [&tagged.weight_with_tag, &tagged.weight]).collect();
    then.extend(sent(piece).map(|appraisal| &appraisal.weight));
    then.into_iter().find(|then| then.includes == received.weight.includes)
}

/// The appraisal that the piece was sent out on. A quarantine of what came back voids no appraisal of what was sent.
fn sent(piece: &Piece) -> Option<&Appraisal> {
    let settled = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::AppraisalSettled(settled) => settled.appraisals.last().copied(),
        _ => None, // No other event settles one.
    });
    piece.appraisal(settled?)
}

fn sizes(piece: &Piece, received: &ReturnReceived) -> Vec<SizePair> {
    let Some(appraisal) = sent(piece) else { return Vec::new() };
    let measured = appraisal.components.iter().flat_map(|part| &part.sizes);
    measured
        .filter_map(|then| {
            let now = received.sizes.iter().find(|now| now.name == then.name)?;
            let (before, after) = (then.length_um?, now.length_um?);
            let agrees = before.0.abs_diff(after.0) <= SIZE_LIMIT_UM.unsigned_abs();
            Some(SizePair { then: then.clone(), now: now.clone(), agrees })
        })
        .collect()
}

/// Each photo of now with the photo of then that looks most like it.
fn photos(piece: &Piece, begun: i32) -> Vec<PhotoPair<'_>> {
    let all: Vec<(&Recorded, &PhotoAdded)> = piece.photos().collect();
    let printed = |now: bool| {
        let of_then = all.iter().filter(move |(recorded, _)| (begun < recorded.seq) == now);
        of_then.filter_map(|&(_, photo)| Some((photo, photo.fingerprint?)))
    };
    printed(true)
        .filter_map(|(now, print)| {
            printed(false)
                .map(|(then, other)| PhotoPair { then, now, distance: print.distance(other) })
                .min_by_key(|pair| pair.distance)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proposed_answer_follows_from_tag_and_weight() {
        use Identity::*;
        use Sign::*;
        let check = |signs: &[Sign], expected| assert_eq!(propose(signs), expected, "{signs:?}");
        check(&[TagIntact, WeightAgrees], Same);
        check(&[TagIntact, WeightAgrees, SizesAgree, PhotosAlike], Same);
        // Photos never make another piece of it.
        check(&[TagIntact, WeightAgrees, PhotosDiffer], Same);
        check(&[TagIntact, WeightDiffers], Unclear);
        check(&[TagIntact, WeightUnlike], Unclear);
        check(&[TagIntact, WeightAgrees, SizesDiffer], Unclear);
        check(&[TagOpened, WeightAgrees], Unclear);
        check(&[TagMissing, WeightAgrees, SizesAgree, PhotosAlike], Unclear);
        check(&[TagOpened, WeightDiffers], NotSame);
        check(&[TagMissing, WeightDiffers], NotSame);
        check(&[TagMissing, WeightUnlike], Unclear);
        check(&[TagDiffers, WeightAgrees], NotSame);
    }
}
