//! Figures told anew: in place of one that was denied, taken back, or only guessed.

use rust_decimal::Decimal;

use super::cue::Cue;
use super::measure::{is_measure, measured};
use super::mention::Mention;
use super::quantity::{Found, Quantity};
use super::scan::{Clause, Scan};
use super::{Certainty, Unit};
use crate::domain::ledger::{Bound, ClaimKind};

/// 没有七十克哈，六十八; "fifty-six, sorry, fifty-seven"; 一克拉左右吧，我看一下，零点九七: a bare figure in place of one
/// that was denied, taken back or only guessed, in its unit.
pub(super) fn read(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &Found<'_>,
) -> Option<Mention> {
    let behind = scan.text.get(quantity.end..clause.end)?.trim();
    let before = scan.text.get(clause.start..quantity.start)?.trim();
    // "Forty-two point three grams net, gross fifty-one": another weight of the same piece.
    let other_weight = matches!(before, "gross" | "net" | "nett");
    let filler =
        matches!(before, "" | "是" | "就是" | "哦" | "啊" | "嗯" | "正好" | "刚好" | "it's" | "that's" | "it is");
    let bare = matches!(behind, "" | "的" | "哈" | "啊" | "吧" | "呢") && (filler || other_weight);
    if !bare || quantity.unit.is_some() || quantity.across[0].is_some() {
        return None;
    }
    let other = found.mentions.iter().rfind(|other| is_measure(other) && index <= other.clause + 3)?;
    let weighed = other.kind == ClaimKind::Weight || !other_weight;
    let unit = other.unit.filter(|unit| *unit != Unit::Centimetre && other.clause < index && weighed)?;
    let said = told(other)?;
    let far = Decimal::new(15, 1);
    let near = said < quantity.value() * far && quantity.value() < said * far;
    let between = scan.text.get(other.end..quantity.start).unwrap_or_default();
    let led_on = LED_ON.iter().any(|on| between.contains(on));
    let taken_back = || {
        let since = scan.clauses.get(other.clause + 1..=index).unwrap_or_default();
        since.iter().any(|clause| clause.is(Cue::Correct))
    };
    if !near || !(other_weight || other.negated || is_guessed(scan, other, quantity.start) || taken_back() && !led_on) {
        return None;
    }
    let mut mention = measured(other.kind, index, quantity, quantity.ends(false), Decimal::ONE, Some(unit));
    mention.certainty = Certainty::Low;
    Some(mention)
}

/// What is said of looking again.
const LOOKED: [&str; 14] = [
    "我看一下",
    "我看看",
    "我看一眼",
    "再看一下",
    "看证书",
    "看一眼证书",
    "称一下",
    "称了",
    "上秤",
    "量一下",
    "查一下",
    "let me check",
    "let me see",
    "on the scale",
];
/// What leads on to another piece, another measure, or something else altogether.
const LED_ON: [&str; 29] = [
    "计时", "还有", "这", "那", "另", "下一", "第", "左", "右", "主", "配", "毛", "净", "单", "厚", "宽", "长", "直径",
    "价", "库存", "弹幕", "公屏", "编号", "链接", "this", "that", "next", "other", "price",
];

/// Whether a figure was only guessed, and looked up before this place.
fn is_guessed(scan: &Scan<'_>, mention: &Mention, until: usize) -> bool {
    let between = scan.text.get(mention.end..until).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| between.contains(word));
    mention.bound == Bound::About && has(&LOOKED) && !has(&LED_ON)
}

/// Takes away the guess that this figure was looked up for.
pub(super) fn in_place_of_a_guess(scan: &Scan<'_>, clause: &Clause, mention: &Mention, found: &mut Found<'_>) {
    let said = scan.text.get(clause.start..mention.start).unwrap_or_default().trim();
    let rest = scan.text.get(mention.end..clause.end).unwrap_or_default().trim();
    if !said.is_empty() || !matches!(rest, "" | "的" | "哈" | "啊" | "呢") {
        return;
    }
    let place = found.mentions.iter().rposition(is_measure);
    let guess = place.and_then(|place| found.mentions.get(place)).filter(|other| {
        other.kind == mention.kind
            && other.unit == mention.unit
            && other.clause < mention.clause
            && mention.clause <= other.clause + 3
            && is_guessed(scan, other, mention.start)
    });
    // A guess is off by a third at the most.
    let far = Decimal::new(134, 2);
    let near = guess.and_then(told).zip(told(mention)).is_some_and(|(said, now)| said < now * far && now < said * far);
    if let Some(place) = place.filter(|_| near) {
        found.mentions.remove(place);
    }
}

/// The figure of a measure, of a range the lower one.
fn told(mention: &Mention) -> Option<Decimal> {
    mention.limits.map(|(low, _)| low).or_else(|| mention.value.parse().ok())
}
