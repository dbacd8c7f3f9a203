//! What a gathered number measures: weights, lengths, inner diameters, ring sizes, beads.

use rust_decimal::Decimal;

use super::cue::Cue;
use super::facts::Facts;
use super::lexicon::Token;
use super::mention::Mention;
use super::number::spell;
use super::quantity::{Found, Quantity, SOUND_LIKE_GRAM, context_after, context_before, next_is, whole};
use super::scan::{Clause, Scan, Topic};
use super::{Certainty, Unit};
use crate::domain::ledger::{Bound, ClaimKind};

/// The mention of a number, with its bound; values are multiplied into the unit of the claim.
pub(super) fn measured(
    kind: ClaimKind,
    index: usize,
    quantity: &Quantity<'_>,
    ends: Option<(Decimal, Decimal)>,
    times: Decimal,
    unit: Option<Unit>,
) -> Mention {
    let scaled = |value: Decimal| if times == Decimal::ONE { value } else { tidy(value * times) };
    let ends = ends.map(|(low, high)| (scaled(low), scaled(high)));
    let mut value = String::with_capacity(16);
    match ends {
        Some((low, high)) => {
            spell(low, &mut value);
            value.push('-');
            spell(high, &mut value);
        }
        None => spell(scaled(quantity.value()), &mut value),
    }
    let mut mention = Mention::new(kind, value, quantity.start, quantity.end, index);
    mention.unit = unit;
    mention.bound = if ends.is_some() { Bound::Range } else { quantity.bound };
    mention.limits = ends;
    mention
}

/// Without the noughts that a multiplication leaves behind.
fn tidy(value: Decimal) -> Decimal {
    value.normalize()
}

pub(super) fn weight(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    if is_price_of_one(scan, clause, quantity) || quantity.value().is_zero() {
        return None;
    }
    // 五十九块九两只: the nine is of the price.
    let priced = scan.before(quantity.first).is_some_and(|before| {
        clause.first < quantity.first && before.is(Cue::Price) && before.end as usize == quantity.start
    });
    if quantity.unit == Some("liang") && priced {
        return None;
    }
    // 一克工费三十五
    let rest = scan.text.get(quantity.end..clause.end).unwrap_or_default();
    let of_one =
        quantity.value() == Decimal::ONE && ["工费", "加工费", "手工费"].iter().any(|fee| rest.starts_with(fee));
    if of_one || is_fee(scan, clause, quantity) {
        return None;
    }
    // 九十九两条: a price, and how many it buys.
    if quantity.unit == Some("liang") && Decimal::TEN < quantity.value() && next_is(scan, clause, quantity, Cue::Count)
    {
        return None;
    }
    // 体重五十公斤, 少一克赔十克, 看着有五克的感觉: not what the piece weighs.
    let told = |cue| context_before(scan, clause, quantity.first, cue, 6).is_some();
    if told(Cue::Body) || told(Cue::Likeness) || next_is(scan, clause, quantity, Cue::NearPost) {
        return None;
    }
    let ends = quantity.ends(true);
    let of = |times, unit| Some(measured(ClaimKind::Weight, index, quantity, ends, times, unit));
    match quantity.unit? {
        "g" => of(Decimal::ONE, Some(Unit::Gram)).map(|mut mention| {
            let unit = scan.token(quantity.last.saturating_sub(1)).and_then(|unit| scan.text.get(unit.range()));
            if unit.is_some_and(|unit| SOUND_LIKE_GRAM.contains(&unit)) {
                mention.certainty = Certainty::Low;
            }
            mention
        }),
        "mg" => of(Decimal::new(1, 3), Some(Unit::Gram)),
        "kg" => of(Decimal::from(1_000), Some(Unit::Gram)),
        "jin" => of(Decimal::from(500), Some(Unit::Gram)),
        // "One fifty eight carats" is 1.58.
        "ct" if quantity.number.paired => of(Decimal::new(1, 2), Some(Unit::Carat)),
        "ct" => of(Decimal::ONE, Some(Unit::Carat)),
        "point" => points(scan, index, clause, quantity),
        // The size of 两 and 钱 depends on place and trade: kept as said.
        unit @ ("liang" | "qian") => {
            let mut mention = of(Decimal::ONE, None)?;
            mention.value = format!("{}{}", mention.value, if unit == "liang" { "两" } else { "钱" }).into();
            Some(mention)
        }
        _ => None,
    }
}

/// 工费算你二十一克: twenty for each gram.
fn is_fee(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>) -> bool {
    let ends_in_one = Decimal::TEN < quantity.value() && quantity.value() % Decimal::TEN == Decimal::ONE;
    quantity.unit == Some("g") && ends_in_one && {
        let before = scan.text.get(clause.start..quantity.start).unwrap_or_default();
        before.rsplit_once("工费").is_some_and(|(said, since)| {
            !said.ends_with(['免', '零', '无', '0'])
                && since.chars().count() <= 5
                && since.chars().all(|c| "收你您我们就只才算是加要的按也都给大家统一全部".contains(c))
        })
    }
}

/// 三十分 is 0.30 ct of a diamond, and else a share, a time or a mark.
fn points(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    if quantity.value() < Decimal::ONE || Decimal::from(300) < quantity.value() {
        return None;
    }
    let speaks_of = |topic| scan.speaks_of(topic, clause.start);
    // Of other stones the weight is seldom said so, and then by itself: 电光蓝，五十分.
    let alone = (quantity.start, quantity.end) == (clause.start, clause.end);
    let weighs = clause.is(Cue::Part) || speaks_of(Topic::Diamonds) || (alone && speaks_of(Topic::Stones));
    // 十分漂亮 counts nothing.
    let very = scan.text.get(quantity.start..).is_some_and(|rest| rest.starts_with("十分"))
        && scan
            .text
            .get(quantity.end..clause.end)
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['的', '钻', '左']));
    if !weighs || very {
        return None;
    }
    let hundredth = |value: Decimal| Decimal::new(1, 2) * value;
    let ends = quantity.ends(true).map(|(low, high)| (hundredth(low), hundredth(high)));
    let mut mention = measured(ClaimKind::Weight, index, quantity, None, Decimal::ONE, Some(Unit::Carat));
    mention.value = match ends {
        Some((low, high)) => format!("{low}-{high}").into(),
        None => hundredth(quantity.value()).to_string().into(),
    };
    if ends.is_some() {
        mention.bound = Bound::Range;
        mention.limits = ends;
    }
    Some(mention)
}

/// 一克十五块, 六百八一克, 每克八百: what one unit costs, not what the piece weighs.
fn is_price_of_one(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>) -> bool {
    if context_before(scan, clause, quantity.first, Cue::Per, 2).is_some() {
        return true;
    }
    // "Fifty bucks a gram and a half off."
    let a_gram = scan.text.get(quantity.start..quantity.end).is_some_and(|text| text.starts_with("a gram and"));
    let paid = scan.before(quantity.first).is_some_and(|before| {
        clause.first < quantity.first
            && (before.is(Cue::Price) || before.number.is_some())
            && quantity.start <= before.end as usize + 1
    });
    if a_gram && paid {
        return true;
    }
    if quantity.value() != Decimal::ONE || quantity.upper.is_some() {
        return false;
    }
    let Some(head) = scan.token(quantity.first) else { return false };
    let before = scan.before(quantity.first).filter(|_| clause.first < quantity.first).is_some_and(|before| {
        before.end + 1 >= head.start && (before.number.is_some() || before.is(Cue::Price))
            || before.is(Cue::PricePre)
            || before.is(Cue::Around) && before.end == head.start
    });
    let carat = quantity.unit == Some("ct");
    let after = scan.token(quantity.last).filter(|_| quantity.last < clause.last).is_some_and(|after| {
        let priced = scan.token(quantity.last + 1).is_some_and(|then| then.is(Cue::Price));
        // 一克一颗 tells what one weighs.
        let each = scan.text.get(after.range()) == Some("一")
            && scan.token(quantity.last + 1).is_some_and(|then| {
                matches!(scan.text.get(then.range()), Some("颗" | "粒" | "条" | "只" | "根" | "枚" | "片"))
            });
        after.number.is_some() && !each && (priced || !carat) && (after.start as usize) <= quantity.end + 6
            || after.is(Cue::Whether) && scan.text.get(after.range()) != Some("多重")
    });
    before || after
}

pub(super) fn size(index: usize, quantity: &Quantity<'_>) -> Option<Mention> {
    if quantity.value().is_zero() {
        return None;
    }
    let (times, unit) = match quantity.unit? {
        "mm" => (Decimal::ONE, Unit::Millimetre),
        "cm" => (Decimal::ONE, Unit::Centimetre),
        "inch" => (Decimal::new(254, 2), Unit::Centimetre),
        _ => return None,
    };
    if quantity.across[0].is_some() {
        return Some(dimensions(index, quantity, times, unit));
    }
    Some(measured(ClaimKind::Size, index, quantity, quantity.ends(true), times, Some(unit)))
}

/// 12x14, 50x30x10.
fn dimensions(index: usize, quantity: &Quantity<'_>, times: Decimal, unit: Unit) -> Mention {
    let scaled = |value: Decimal| if times == Decimal::ONE { value } else { tidy(value * times) };
    let mut value = String::with_capacity(16);
    spell(scaled(quantity.value()), &mut value);
    for across in quantity.across.into_iter().flatten() {
        value.push('x');
        spell(scaled(across), &mut value);
    }
    let mut mention = Mention::new(ClaimKind::Size, value, quantity.start, quantity.end, index);
    mention.unit = Some(unit);
    mention.bound = if quantity.bound == Bound::Exactly { Bound::Exactly } else { Bound::About };
    mention
}

/// The inner diameter of a bangle: 圈口五十七, 五六的圈口, 5.6圈口.
pub(super) fn bangle(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    last_bangle: Option<usize>,
) -> Option<Mention> {
    if !matches!(quantity.unit, None | Some("mm" | "cm")) {
        return None;
    }
    let first = quantity.first - counted_before(scan, clause, quantity);
    let context = context_before(scan, clause, first, Cue::BangleContext, 30);
    let after = context_after(scan, clause, quantity, Cue::BangleContext);
    // 左边这只五六: two figures and no more, of a piece pointed at.
    let figures = quantity.number.figures || quantity.number.spread.is_some();
    let said = scan.text.get(clause.start..quantity.start).unwrap_or_default();
    let words = scan.text.get(quantity.start..quantity.end).unwrap_or_default();
    let tenths = quantity.value().scale() == 1
        && Decimal::from(50) <= quantity.value()
        && quantity.value() < Decimal::from(63)
        && quantity.upper.is_none();
    let pointed = (figures && words.chars().count() == 2 || tenths)
        && quantity.unit.is_none()
        && matches!(scan.text.get(quantity.end..clause.end), Some("" | "的"))
        && !words.is_ascii()
        && (["这只", "那只", "这条", "那条", "这支", "那支", "镯", "镯子", "手镯", "平安", "贵妃", "正圈"]
            .iter()
            .any(|piece| said.ends_with(piece))
            || tenths
                && matches!(said, "" | "是" | "就是" | "这个是" | "它是")
                && !scan.speaks_of(Topic::Metals, clause.start)
                && of_a_bangle(scan, clause));
    let listed = pointed || last_bangle.is_some_and(|end| quantity.start <= end + 9);
    let all = codes(quantity).is_some()
        && scan.text.get(quantity.end..).is_some_and(|rest| {
            ["都有", "都能", "都可以", "全有", "全都有", "的都有", "任选", "随便选", "你自己选", "都行"]
                .iter()
                .any(|all| rest.starts_with(all))
        });
    if context.is_none()
        && after.is_none()
        && !listed
        && !all
        && !measured_just_now(scan, index, clause, quantity, Cue::BangleContext)
    {
        return None;
    }
    if let Some((low, high)) = codes(quantity) {
        let mut quantity = *quantity;
        quantity.number.value = low;
        quantity.upper = Some(high);
        return Some(measured(
            ClaimKind::Size,
            index,
            &quantity,
            Some((low, high)),
            Decimal::ONE,
            Some(Unit::Millimetre),
        ));
    }
    let plausible = |value: Decimal| Decimal::from(44) <= value && value <= Decimal::from(72);
    // 五四五 is 54.5, as 五四 is 54.
    let told_in_three = quantity.number.figures && quantity.value().scale() == 0;
    let tenfold = |value: Decimal| {
        if value < Decimal::TEN {
            tidy(value * Decimal::TEN)
        } else if told_in_three && Decimal::ONE_HUNDRED < value {
            tidy(value / Decimal::TEN)
        } else {
            value
        }
    };
    let value = quantity.value();
    if !plausible(tenfold(value)) || (value < Decimal::TEN && value.scale() == 0) {
        return None;
    }
    let counted = quantity.unit.is_none()
        && scan.token(quantity.last).is_some_and(|next| {
            next.start as usize == quantity.end && (next.is(Cue::Price) || next.is(Cue::Unit)) && after.is_none()
        });
    if counted {
        return None;
    }
    let mut quantity = *quantity;
    quantity.number.value = tenfold(value);
    quantity.upper = quantity.upper.map(tenfold);
    // 五十六个半
    if quantity.unit.is_none() && quantity.upper.is_none() && value.scale() == 0 {
        let rest = scan.text.get(quantity.end..clause.end).unwrap_or_default();
        if rest.starts_with("个半") {
            quantity.number.value += Decimal::new(5, 1);
            quantity.end += "个半".len();
        }
    }
    // 五十六五 is 56.5.
    if let Some(next) = scan.token(quantity.last).filter(|next| next.start as usize == quantity.end)
        && let Some(tenths) = scan.number(next).filter(|_| quantity.last < clause.last && quantity.unit.is_none())
        && tenths.value < Decimal::TEN
        && quantity.upper.is_none()
        && !scan.token(quantity.last + 1).is_some_and(|then| then.is(Cue::Count) && then.start == next.end)
    {
        let half = scan.text.get(next.range()) == Some("半");
        quantity.number.value += if half { tenths.value } else { tenths.value * Decimal::new(1, 1) };
        quantity.end = next.end as usize;
    }
    if let Some(context) = context {
        quantity.start = context.start as usize;
    }
    if let Some((_, after)) = after {
        quantity.end = after.end as usize;
    }
    let spread = !quantity.number.figures;
    let ends = quantity.ends(spread);
    let mut mention = measured(ClaimKind::Size, index, &quantity, ends, Decimal::ONE, Some(Unit::Millimetre));
    if context.is_none() && after.is_none() && tenths {
        mention.certainty = Certainty::Low;
    }
    Some(mention)
}

/// How many words count the piece before its figure: 圈口一个五四一个五七.
fn counted_before(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>) -> usize {
    let words = scan.tokens.get(clause.first..quantity.first).unwrap_or_default();
    let [.., one, count] = words else { return 0 };
    let counts = scan.text.get(one.range()) == Some("一")
        && matches!(scan.text.get(count.range()), Some("个" | "条" | "只" | "支"))
        && one.end == count.start
        && count.end as usize == quantity.start;
    if counts { 2 } else { 0 }
}

/// Whether a bangle was named in the clauses around, or jade is graded just before.
fn of_a_bangle(scan: &Scan<'_>, clause: &Clause) -> bool {
    let at = scan.clauses.partition_point(|before| before.start < clause.start);
    let near = scan.clauses.get(at.saturating_sub(8)..scan.clauses.len().min(at + 4)).unwrap_or_default();
    let graded = |token: &Token| {
        scan.meanings(token)
            .iter()
            .filter(|meaning| meaning.kind == ClaimKind::Grade)
            .any(|meaning| meaning.value.as_deref().is_some_and(|value| value.starts_with("jadeite_")))
    };
    near.iter().any(|near| scan.clause_text(near).contains('镯'))
        || scan
            .clauses
            .get(at.saturating_sub(4)..at)
            .is_some_and(|before| before.iter().any(|before| scan.clause_tokens(before).iter().any(graded)))
}

/// 五六五八六零都有: several inner diameters in one breath, from the least to the largest.
fn codes(quantity: &Quantity<'_>) -> Option<(Decimal, Decimal)> {
    if !quantity.number.figures || quantity.unit.is_some() || quantity.upper.is_some() {
        return None;
    }
    let mut rest = whole(quantity.value()).filter(|value| 1_000 <= *value)?;
    let high = rest % 100;
    let mut low = high;
    rest /= 100;
    while rest != 0 {
        if low <= rest % 100 {
            return None;
        }
        low = rest % 100;
        rest /= 100;
    }
    let plausible = 48 <= low && high <= 66;
    plausible.then(|| (Decimal::from(low), Decimal::from(high)))
}

/// 内径给你量，卡尺，五十六点三: the figure comes a breath after what it measures, with its tenth.
fn measured_just_now(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, cue: Cue) -> bool {
    let alone = quantity.start <= clause.start + 3 && clause.end <= quantity.end + 3 && quantity.unit.is_none();
    let before = scan.clauses.get(index.saturating_sub(3)..index).unwrap_or_default();
    let mut named = before.iter().rev().take_while(|before| !before.is(Cue::Numeral) && !before.stops);
    // 圈口可以调，五十六到六十都能戴
    let rest = scan.text.get(quantity.end..clause.end).unwrap_or_default();
    let worn = quantity.upper.is_some()
        && quantity.unit.is_none()
        && quantity.start <= clause.start + 3
        && ["都能", "都可以", "能戴", "都有", "都行"].iter().any(|worn| rest.starts_with(worn));
    (alone && quantity.value().scale() == 1 || worn && cue == Cue::BangleContext) && named.any(|before| before.is(cue))
}

/// A number without a unit: what it measures is told by the words around it.
pub(super) fn bare(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &Found<'_>,
) -> Option<Mention> {
    // 一赔三 promises.
    if scan.text.get(..quantity.start).is_some_and(|before| before.ends_with('赔')) {
        return None;
    }
    let between =
        |low: i64, high: i64| Decimal::from(low) <= quantity.value() && quantity.value() <= Decimal::from(high);
    if quantity.across[0].is_some() {
        let small = |value: Decimal| Decimal::ONE <= value && value <= Decimal::from(150);
        if !small(quantity.value()) || !quantity.across.into_iter().flatten().all(small) {
            return None;
        }
        let mut mention = dimensions(index, quantity, Decimal::ONE, Unit::Millimetre);
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if let Some(mention) = resumed(scan, index, clause, quantity, found) {
        return Some(mention);
    }
    if let Some(mention) = ring(scan, index, clause, quantity) {
        return Some(mention);
    }
    if let Some(mention) = bead(scan, index, clause, quantity) {
        return Some(mention);
    }
    // 厚度四个
    let counted = scan
        .token(quantity.last)
        .and_then(|_| scan.text.get(quantity.end..clause.end))
        .filter(|rest| matches!(*rest, "个" | "个半" | "个多" | "个多一点" | "个左右" | "个的" | "个半的"));
    if let (Some(rest), Some(context)) = (counted, context_before(scan, clause, quantity.first, Cue::SizeContext, 15))
        && between(1, 80)
    {
        let mut quantity = *quantity;
        if rest.starts_with("个半") {
            quantity.number.value += Decimal::new(5, 1);
        }
        if rest.starts_with("个多") || rest.starts_with("个左") {
            quantity.bound = Bound::About;
        }
        let mut mention =
            measured(ClaimKind::Size, index, &quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
        mention.start = context.start as usize;
        mention.end = clause.end;
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if let Some(mention) = described(scan, index, clause, quantity) {
        return Some(mention);
    }
    let follows = |cue| next_is(scan, clause, quantity, cue);
    if follows(Cue::Count) || follows(Cue::Price) || follows(Cue::Percent) || follows(Cue::Unit) || follows(Cue::Lot) {
        return None;
    }
    let unsaid = |cue, within| {
        let context = context_before(scan, clause, quantity.first, cue, within)?;
        // In English the unit is always said.
        scan.text.get(context.range()).filter(|text| !text.is_ascii())?;
        Some(context)
    };
    if let Some(context) = unsaid(Cue::WeightContext, 15)
        && between(0, 5_000)
        && !quantity.value().is_zero()
        && quantity.number.spread.is_none()
    {
        let mut mention =
            measured(ClaimKind::Weight, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Gram));
        mention.start = context.start as usize;
        return Some(mention);
    }
    // 称给你看，三十六点二
    if measured_just_now(scan, index, clause, quantity, Cue::WeightContext)
        && !scan.text.get(quantity.start..quantity.end).is_some_and(str::is_ascii)
    {
        let mut mention =
            measured(ClaimKind::Weight, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Gram));
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if let Some(mention) = scaled(scan, index, clause, quantity)
        .or_else(|| of_stone(scan, index, clause, quantity))
        .or_else(|| alone(scan, index, clause, quantity, found))
    {
        return Some(mention);
    }
    // 四十五的链长
    if let Some((_, context)) = context_after(scan, clause, quantity, Cue::LengthContext)
        && scan.text.get(quantity.end..context.start as usize) == Some("的")
        && between(10, 120)
    {
        let mut mention =
            measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Centimetre));
        mention.end = context.end as usize;
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    let sizes = [(Cue::LengthContext, 12, 10, 120, Unit::Centimetre), (Cue::SizeContext, 9, 1, 80, Unit::Millimetre)];
    for (cue, within, low, high, unit) in sizes {
        // 直径零点八, 一点二的宽度: so small a figure with a fraction is of centimetres.
        let small = unit == Unit::Millimetre && quantity.value() < Decimal::from(3) && !quantity.value().is_integer();
        if let Some(context) = unsaid(cue, within)
            && (between(low, high) || small)
        {
            let unit = if small { Unit::Centimetre } else { unit };
            let mut mention = measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(unit));
            mention.start = context.start as usize;
            mention.certainty = Certainty::Low;
            return Some(mention);
        }
    }
    None
}

/// "On the scales it's thirty-one point four": English leaves out the unit only behind such words, and tells it by the
/// fraction.
fn scaled(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let context = context_before(scan, clause, quantity.first, Cue::WeightContext, 40)
        .or_else(|| context_after(scan, clause, quantity, Cue::WeightContext).map(|(_, context)| context))?;
    if quantity.value().is_integer() && !quantity.number.paired || !scan.text.get(context.range())?.is_ascii() {
        return None;
    }
    let stones = scan.speaks_of(Topic::Stones, clause.start) || scan.speaks_of(Topic::Diamonds, clause.start);
    let metals = scan.speaks_of(Topic::Metals, clause.start);
    let (times, unit) = match (quantity.number.paired, stones, metals) {
        (true, true, _) | (true, false, false) => (Decimal::new(1, 2), Unit::Carat),
        (false, true, false) => (Decimal::ONE, Unit::Carat),
        (false, false, _) => (Decimal::ONE, Unit::Gram),
        (true, false, true) | (false, true, true) => return None,
    };
    let mut mention = measured(ClaimKind::Weight, index, quantity, quantity.ends(false), times, Some(unit));
    mention.certainty = Certainty::Low;
    Some(mention)
}

pub(super) fn is_measure(mention: &Mention) -> bool {
    matches!(mention.kind, ClaimKind::Weight | ClaimKind::Size)
}

/// 尖晶，零点九多, 小金人，零点五的: a fraction that is all that the clause says is a weight, of a stone in carats and of
/// gold in grams.
fn alone(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &Found<'_>,
) -> Option<Mention> {
    let before = scan.text.get(clause.start..quantity.start)?.trim_start();
    let behind = scan.text.get(quantity.end..clause.end)?.trim_end();
    // 这个珠珠零点八七: two figures behind the point are of a weight.
    let named = quantity.value().scale() == 2
        && before.chars().count() <= 6
        && ["这", "那", "一", "单", "每", "吊坠", "戒指", "耳钉", "耳环", "项链", "手链"]
            .iter()
            .any(|piece| before.starts_with(piece))
        && scan
            .tokens
            .get(clause.first..quantity.first)?
            .iter()
            .all(|token| !token.claims && !token.is(Cue::SizeContext));
    let bare =
        (before.is_empty() || named) && matches!(behind, "" | "的" | "啊" | "哈" | "的啊" | "的哈" | "的样子" | "吧");
    let words = scan.text.get(quantity.start..quantity.end)?;
    let chinese = quantity.number.value.scale() != 0
        && (!words.is_ascii() || words.contains(" point ") || words.starts_with("point "));
    // "One oh two" of a diamond is 1.02.
    let paired = quantity.number.paired && quantity.number.figures;
    let weighed = found.mentions.iter().any(|other| {
        // The grams of the metal leave the stone to be told.
        let metal = words.is_ascii() && other.unit == Some(Unit::Gram);
        let since = || scan.text.get(other.end..quantity.start).unwrap_or_default();
        let apart = || {
            ["the other", "on the right", "the second", "另一", "右边", "第二"]
                .iter()
                .any(|next| since().contains(next))
        };
        is_measure(other) && !metal && index <= other.clause + 3 && !apart()
    });
    if !bare || !(chinese || paired) {
        return None;
    }
    // 满蜜的，二十八点六: of what is neither cut nor a bead nor a bangle, in grams.
    let bead = scan.speaks_of(Topic::Beads, clause.start);
    let other = [Topic::Stones, Topic::Diamonds, Topic::Gold, Topic::Jade, Topic::Metals];
    let told = |other: &Mention| other.kind == ClaimKind::Weight && index <= other.clause + 3;
    if !paired
        && !found.mentions.iter().any(told)
        && other.iter().all(|topic| !scan.speaks_of(*topic, clause.start))
        && (!bead || Decimal::from(22) < quantity.value())
        && Decimal::from(3) <= quantity.value()
        && scan.tokens.get(..quantity.first)?.iter().rev().take(24).any(|token| token.facts.has(Facts::STONE))
    {
        let mut mention =
            measured(ClaimKind::Weight, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Gram));
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if bead
        && !weighed
        && !paired
        && quantity.value().scale() == 1
        && (4..=20).contains(&whole(quantity.value().trunc()).unwrap_or_default())
    {
        let mut mention =
            measured(ClaimKind::Size, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Millimetre));
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if weighed || bead || !paired && Decimal::from(30) < quantity.value() {
        return None;
    }
    let stones = scan.speaks_of(Topic::Stones, clause.start) || scan.speaks_of(Topic::Diamonds, clause.start);
    let unit = match (stones, scan.speaks_of(Topic::Gold, clause.start)) {
        (true, false) => Unit::Carat,
        (true, true) if paired => Unit::Carat,
        (false, true) if !paired => Unit::Gram,
        _ => return None,
    };
    let times = if paired { Decimal::new(1, 2) } else { Decimal::ONE };
    let mut mention = measured(ClaimKind::Weight, index, quantity, quantity.ends(false), times, Some(unit));
    mention.certainty = Certainty::Low;
    Some(mention)
}

/// 十二个厚, 三十八长: what is measured stands behind the figure.
fn described(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let rest = scan.text.get(quantity.end..clause.end)?;
    let rest = rest.strip_prefix('个').unwrap_or(rest);
    let described = rest.chars().next().filter(|c| "长宽厚高粗".contains(*c))?;
    let behind = rest.get(described.len_utf8()..)?;
    let ends = behind.is_empty()
        || matches!(behind, "的" | "左右" | "吧" | "哈" | "啊" | "了" | "多" | "不到")
        || behind.starts_with(|c: char| "零一二两三四五六七八九十".contains(c));
    if !ends || quantity.value() < Decimal::ONE || Decimal::from(120) < quantity.value() {
        return None;
    }
    let mut mention =
        measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
    mention.end = quantity.end + (scan.text.get(quantity.end..clause.end)?.len() - behind.len());
    mention.certainty = Certainty::Low;
    // 四十五长 of a chain is in centimetres.
    let chain =
        scan.text.get(..clause.end).is_some_and(|text| text.chars().rev().take(40).any(|c| c == '链' || c == '绳'));
    if described == '长' && chain && Decimal::from(14) <= quantity.value() {
        mention.unit = Some(Unit::Centimetre);
    }
    Some(mention)
}

/// 主石零点七八，配石零点一五: the weight of a stone, in carats.
fn of_stone(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let part = context_before(scan, clause, quantity.first, Cue::Part, 6)?;
    let stone = matches!(scan.name(part), Some("main_stone" | "side_stone"));
    let fraction = 2 <= quantity.value().scale() && quantity.value() < Decimal::from(30);
    if !stone || !fraction {
        return None;
    }
    let mut mention =
        measured(ClaimKind::Weight, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Carat));
    mention.start = part.start as usize;
    mention.certainty = Certainty::Low;
    Some(mention)
}

/// 圈口五十四，哦不对，五十四点五, or 四十克不到，三十九点八: the number alone takes up what was measured before it.
fn resumed(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &Found<'_>,
) -> Option<Mention> {
    let last = found.mentions.last().filter(|last| {
        matches!(last.kind, ClaimKind::Weight | ClaimKind::Size) && last.clause < index && index <= last.clause + 3
    })?;
    let corrected = || {
        let mut clauses = (last.clause..=index).filter_map(|at| scan.clauses.get(at));
        clauses.any(|clause| clause.is(Cue::Correct) || matches!(scan.clause_text(clause).trim(), "不是" | "不" | "no"))
    };
    let behind = scan.text.get(quantity.end..clause.end).unwrap_or_default();
    let alone = index == last.clause + 1
        && quantity.start <= clause.start + 7
        && behind.chars().count() <= 2
        && !quantity.value().is_integer();
    if !alone && !corrected() {
        return None;
    }
    let told = [Cue::WeightContext, Cue::SizeContext, Cue::LengthContext, Cue::BangleContext]
        .into_iter()
        .any(|cue| scan.has_before(clause, quantity.first, cue));
    let follows =
        scan.token(quantity.last).filter(|next| quantity.last < clause.last && next.start as usize == quantity.end);
    if told || follows.is_some_and(|next| next.is(Cue::Count) || next.is(Cue::Price)) {
        return None;
    }
    let before = last.limits.map_or_else(|| last.value.parse().ok(), |(low, _)| Some(low))?;
    let value = quantity.value();
    // What corrects may lie far off, what only tells it more exactly may not.
    let within = if corrected() { Decimal::TWO } else { Decimal::new(115, 2) };
    let close = value <= before * within && before <= value * within;
    close.then(|| measured(last.kind, index, quantity, quantity.ends(false), Decimal::ONE, last.unit))
}

/// The number of a ring size; its table is the rulebook's matter.
fn ring(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let context = context_before(scan, clause, quantity.first, Cue::RingContext, 12);
    let context = context.filter(|context| {
        let text = scan.text.get(context.range()).unwrap_or_default();
        !matches!(text, "us" | "uk") || context.end + 1 == quantity.start as u32
    });
    // 15号的戒圈
    let number_sign = scan.token(quantity.last).filter(|token| {
        token.start as usize == quantity.end
            && scan.text.get(token.range()) == Some("号")
            && quantity.last < clause.last
    });
    let after = match number_sign {
        Some(sign) => scan.token(quantity.last + 1).filter(|token| {
            let ring = token.is(Cue::RingContext) || scan.text.get(token.range()) == Some("圈");
            quantity.last + 1 < clause.last && ring && token.start <= sign.end + 6
        }),
        None => None,
    };
    let upper = number_sign.and_then(|_| up_to(scan, clause, quantity.last + 1));
    // 十号到十六号都能戴
    let worn = upper.is_some_and(|(_, end)| {
        let rest = scan.text.get(end..clause.end).unwrap_or_default();
        let before = index.checked_sub(1).and_then(|before| scan.clauses.get(before));
        let chosen = rest.starts_with("都有") || rest.starts_with("都能做") || rest.starts_with("可选");
        let of_rings = chosen && before.is_some_and(|before| before.is(Cue::RingContext));
        Decimal::from(6) <= quantity.value() && (of_rings || rest.chars().take(5).any(|c| c == '戴'))
    });
    // 戒指十三号, where 三号 may also be a link; of a ring of some clauses before, 十六号的.
    let rest = number_sign.and_then(|sign| scan.text.get(sign.end as usize..clause.end));
    let of_a_ring = matches!(rest, Some("" | "的"))
        && Decimal::from(8) <= quantity.value()
        && quantity.value() <= Decimal::from(25)
        && scan.text.get(..quantity.start).is_some_and(|said| {
            let names = |said: &str| ["戒指", "对戒", "指环"].iter().any(|ring| said.contains(ring));
            let links = |said: &str| {
                ["链接", "拍", "库存", "编号", "发货", "几号", "到货", "播", "哪天", "什么时候", "月", "生日"]
                    .iter()
                    .any(|link| said.contains(link))
            };
            let near = said.char_indices().nth_back(32).and_then(|(at, _)| said.get(at..)).unwrap_or(said);
            ["戒指", "戒指是", "对戒"].iter().any(|ring| said.ends_with(ring))
                || rest == Some("的") && quantity.start == clause.start && names(near) && !links(near)
        });
    if context.is_none() && after.is_none() && !worn && !of_a_ring {
        return None;
    }
    if quantity.value() < Decimal::ONE || Decimal::from(35) < quantity.value() {
        return None;
    }
    let ends = upper.map(|(upper, _)| (quantity.value(), upper)).filter(|(low, high)| low < high);
    let ends = ends.or(quantity.ends(false));
    let mut mention = measured(ClaimKind::Size, index, quantity, ends, Decimal::ONE, None);
    if let Some(sign) = number_sign {
        mention.end = upper.map_or(sign.end as usize, |(_, end)| end);
    }
    mention.start = context.map_or(mention.start, |context| context.start as usize);
    mention.end = after.map_or(mention.end, |after| after.end as usize);
    // 6号半
    let half = scan.text.get(mention.end..).is_some_and(|rest| rest.starts_with('半'));
    if half {
        mention.value = (quantity.value() + Decimal::new(5, 1)).to_string().into();
        mention.end += '半'.len_utf8();
    }
    Some(mention)
}

/// The upper end of 十号到十六号, from 到 on, and where it ends.
fn up_to(scan: &Scan<'_>, clause: &Clause, at: usize) -> Option<(Decimal, usize)> {
    let [to, upper, sign] = scan.tokens.get(at..clause.last)?.first_chunk::<3>()?;
    let joined = to.is(Cue::To) && to.end == upper.start && upper.end == sign.start;
    let number = scan.number(upper).filter(|_| joined && scan.text.get(sign.range()) == Some("号"))?;
    (number.value <= Decimal::from(35)).then_some((number.value, sign.end as usize))
}

/// British ring sizes are letters: "a size N".
pub(super) fn ring_letter(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::RingContext) {
        return;
    }
    for token in scan.clause_tokens(clause).iter().filter(|token| token.is(Cue::RingContext)) {
        if !scan.text.get(token.range()).is_some_and(|text| text.ends_with("size")) {
            continue;
        }
        let mut rest = scan.text.get(token.end as usize..).unwrap_or_default().chars();
        if let (Some(' '), Some(letter @ 'f'..='z'), after) = (rest.next(), rest.next(), rest.next())
            && after.is_none_or(|after| !after.is_ascii_alphanumeric() && after != '\'')
        {
            let value = letter.to_ascii_uppercase().to_string();
            found.mentions.push(Mention::new(
                ClaimKind::Size,
                value,
                token.start as usize,
                token.end as usize + 2,
                index,
            ));
        }
    }
}

/// Beads and pearls are measured in 个: 十四个 is 14 mm.
fn bead(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let value = quantity.value();
    if !scan.speaks_of(Topic::Beads, clause.start) {
        return None;
    }
    let (low, high) = quantity.ends(true).unwrap_or((value, value));
    if low < Decimal::from(3) || Decimal::from(22) < high {
        return None;
    }
    // 十五的珠子, 珠子十五的
    let rest = scan.text.get(quantity.end..).unwrap_or_default();
    let joined =
        |right: usize, at: usize| scan.before(at).filter(|before| clause.first < at && before.end as usize == right);
    // 珠子是十二的
    let before = joined(quantity.start, quantity.first).and_then(|before| match scan.text.get(before.range()) {
        Some("是") => joined(before.start as usize, quantity.first - 1),
        _ => Some(before),
    });
    let named =
        before.filter(|before| before.is(Cue::Bead)).filter(|_| rest.starts_with('的') || quantity.end == clause.end);
    if named.is_some() || rest.starts_with("的珠") || rest.starts_with("的大珠") || rest.starts_with("的圆珠") {
        return Some(measured(
            ClaimKind::Size,
            index,
            quantity,
            quantity.ends(true),
            Decimal::ONE,
            Some(Unit::Millimetre),
        ));
    }
    // 珍珠，七到七点五: said without a unit.
    let next = scan.token(quantity.last).filter(|_| quantity.last < clause.last);
    let bare = next.is_none_or(|next| {
        !next.is(Cue::Count) && !next.is(Cue::Price) && !next.is(Cue::Unit) && !next.is(Cue::Percent)
    });
    if quantity.upper.is_some() && bare && quantity.start <= clause.start + 9 {
        let mut mention =
            measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    let unit = scan.token(quantity.last).filter(|token| {
        quantity.last < clause.last
            && token.start as usize <= quantity.end + 1
            && scan.text.get(token.range()) == Some("个")
    })?;
    let rest = scan.text.get(unit.end as usize..).unwrap_or_default();
    let follows = rest.chars().next();
    let alone = follows.is_none_or(|c| !super::normal::is_han(c) || "的多左出大半到吧啊哈呢了起以正强极".contains(c));
    if !alone {
        return None;
    }
    let mut mention =
        measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
    mention.end = unit.end as usize;
    if rest.starts_with('多') || rest.starts_with("左右") || rest.starts_with("出头") {
        mention.bound = Bound::About;
    }
    if rest.starts_with('半') {
        mention.value = (value + Decimal::new(5, 1)).to_string().into();
        mention.end += '半'.len_utf8();
    }
    Some(mention)
}

/// 误差半个毫米以内: the figure before becomes a range.
pub(super) fn tolerance(quantity: &Quantity<'_>, found: &mut Found<'_>) {
    let kind = match quantity.unit {
        Some("g" | "ct") => ClaimKind::Weight,
        Some("mm" | "cm") => ClaimKind::Size,
        _ => return,
    };
    let Some(last) = found.mentions.iter_mut().rev().find(|mention| mention.kind == kind) else { return };
    let Ok(value) = last.value.parse::<Decimal>() else { return };
    if last.limits.is_some() || quantity.start < last.end {
        return;
    }
    let by = quantity.value();
    last.limits = Some((tidy(value - by), tidy(value + by)));
    last.bound = Bound::Range;
    last.end = quantity.end;
}
