//! Fineness: karats, stamped figures, nines and percentages.

use rust_decimal::Decimal;

use super::cue::Cue;
use super::facts::Facts;
use super::lexicon::Token;
use super::mention::Mention;
use super::quantity::{Found, Quantity, context_before, whole};
use super::scan::{Clause, Scan, Topic};
use crate::domain::ledger::ClaimKind;

/// Karats and parts per thousand; 24 K is what is stamped 999. (GB 11887-2012; US FTC 23.3.)
const KARATS: [(u32, &str); 14] = [
    (8, "333"),
    (9, "375"),
    (10, "417"),
    (12, "500"),
    (14, "585"),
    (15, "625"),
    (16, "667"),
    (18, "750"),
    (19, "800"),
    (20, "833"),
    (21, "875"),
    (22, "916"),
    (23, "958"),
    (24, "999"),
];

/// Figures that are stamped into metal, with how many of them stand behind the point, and what they say in parts per
/// thousand.
const STAMPS: [(i128, u32, &str); 20] = [
    (333, 0, "333"),
    (375, 0, "375"),
    (417, 0, "417"),
    (585, 0, "585"),
    (750, 0, "750"),
    (800, 0, "800"),
    (835, 0, "835"),
    (850, 0, "850"),
    (900, 0, "900"),
    (916, 0, "916"),
    (925, 0, "925"),
    (950, 0, "950"),
    (958, 0, "958"),
    (990, 0, "990"),
    (999, 0, "999"),
    (9_999, 1, "999.9"),
    (9_999, 0, "999.9"),
    (99_999, 2, "999.99"),
    (99_999, 0, "999.99"),
    (1_000, 0, "1000"),
];

/// Reads the number as a fineness if it is one, with the metal that it names.
pub(super) fn read(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &mut Found<'_>,
) -> bool {
    karat(scan, index, clause, quantity, found)
        || nines(scan, index, clause, quantity, found)
        || stamp(scan, index, clause, quantity, found)
        || percentage(scan, index, clause, quantity, found)
}

/// What a word says of a metal.
fn metal<'t>(scan: &Scan<'t>, token: &Token) -> Option<&'t str> {
    if !token.facts.has(Facts::METAL) {
        return None;
    }
    scan.meanings(token).iter().find(|meaning| meaning.kind == ClaimKind::Material).and_then(|meaning| {
        meaning
            .value
            .as_deref()
            .filter(|value| matches!(*value, "gold" | "k_gold" | "silver" | "platinum" | "palladium"))
    })
}

/// Plating, filling and cladding: a layer, whose karats are not the article's.
fn is_layer(token: &Token) -> bool {
    token.facts.has(Facts::LAYER.and(Facts::GOLD_FILLED))
}

fn karat(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, found: &mut Found<'_>) -> bool {
    // K金 is a word of its own, which holds the unit.
    let alloy = scan.token(quantity.last).filter(|token| {
        quantity.last < clause.last
            && quantity.unit.is_none()
            && token.start as usize == quantity.end
            && metal(scan, token) == Some("k_gold")
            && scan.text.get(token.range()).is_some_and(|text| text.starts_with('k'))
    });
    let unit = if alloy.is_some() { Some("k") } else { quantity.unit };
    let Some(unit @ ("k" | "ct")) = unit else { return false };
    let karats = whole(quantity.value());
    let Some((_, fineness)) = KARATS.iter().find(|(known, _)| Some(*known) == karats) else { return false };
    let unit_token = scan.token(quantity.last.saturating_sub(1));
    let spelled = unit_token.and_then(|token| scan.text.get(token.range())).unwrap_or_default();
    if unit == "ct" && !spelled.is_ascii() {
        return false;
    }
    // 想要18K的加八百: what may be had, not what this is.
    let wished = scan.before(quantity.first).filter(|_| clause.first < quantity.first).is_some_and(|before| {
        before.end as usize == quantity.start
            && matches!(scan.text.get(before.range()), Some("想要" | "想换" | "要换" | "换成" | "改成"))
    });
    if wished {
        found.take(quantity.first, quantity.last + usize::from(alloy.is_some()));
        return true;
    }
    let next = scan.token(quantity.last).filter(|_| quantity.last < clause.last);
    let near = |token: &&Token| (token.start as usize) <= quantity.end + 12;
    let metal_next = next.filter(near).filter(|token| metal(scan, token).is_some());
    if unit == "ct" && metal_next.is_none() && !carats_of_gold(scan, index, clause, quantity, next) {
        return false;
    }
    // 18K包金, 14k gold filled, plated in 18 carat gold: a layer.
    let layer_next = next.filter(near).is_some_and(is_layer)
        || metal_next.is_some()
            && scan.token(quantity.last + 1).is_some_and(|then| {
                quantity.last + 1 < clause.last
                    && is_layer(then)
                    && metal_next.is_some_and(|metal| scan.touches(metal, then))
            });
    let layer_before = scan
        .tokens
        .get(clause.first..quantity.first)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(6)
        .any(|token| is_layer(token) && quantity.start <= token.end as usize + 18 && !denied(scan, clause, token));
    let mut last = quantity.last;
    let mut end = quantity.end;
    if let Some(token) = metal_next
        && scan
            .text
            .get(quantity.end..token.start as usize)
            .is_some_and(|between| matches!(between, "" | " " | "的" | " solid " | " of "))
    {
        last += 1;
        end = token.end as usize;
    } else if let Some(rest) = scan.text.get(quantity.end..) {
        // 18K金 and 18K白, where 金 alone is no word of the lexicon.
        for tail in ["玫瑰金的", "玫瑰金", "白金的", "白金", "黄金的", "黄金", "金", "的金", "白", "黄", "玫瑰", "材质"]
        {
            if rest.starts_with(tail) {
                end = quantity.end + tail.len();
                break;
            }
        }
    }
    // 十八K玫瑰金的, where K玫瑰 is a word of its own.
    if scan.text.get(..end).is_some_and(|text| text.ends_with("玫瑰")) {
        let rest = scan.text.get(end..clause.end).unwrap_or_default();
        let tail = ["金的", "金"].into_iter().find(|tail| rest.starts_with(tail)).unwrap_or_default();
        end += tail.len();
    }
    while last < clause.last && scan.token(last).is_some_and(|token| (token.start as usize) < end) {
        last += 1;
    }
    // "Eighteen karat vermeil" still says that it is plated.
    let keeps = metal_next.is_some_and(is_layer);
    found.take(quantity.first, if keeps { quantity.last } else { last });
    // "Eighteen karat over sterling"
    let over = scan.text.get(end..).is_some_and(|rest| rest.starts_with(" over "));
    if layer_next || layer_before || over {
        return true;
    }
    found.mentions.push(Mention::new(ClaimKind::Fineness, *fineness, quantity.start, end, index));
    let name = if karats == Some(24) { "gold" } else { "k_gold" };
    let mut material = Mention::new(ClaimKind::Material, name, quantity.start, end, index);
    material.implied = metal_next.is_none() && end == quantity.end;
    found.mentions.push(material);
    true
}

fn denied(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    scan.clause_tokens(clause)
        .iter()
        .rev()
        .skip_while(|other| token.start <= other.start)
        .take(2)
        .any(|other| other.is(Cue::Neg) && token.start <= other.end + 9)
}

/// "Nine carat" of gold beside "nine carats" of topaz: gold is spoken of, and no stone follows.
fn carats_of_gold(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    next: Option<&Token>,
) -> bool {
    let karats = whole(quantity.value());
    if !matches!(karats, Some(9 | 10 | 14 | 18 | 22 | 24)) {
        return false;
    }
    let stone = next.is_some_and(|token| {
        token.claims
            && metal(scan, token).is_none()
            && (token.start as usize) <= quantity.end + 6
            && scan.meanings(token).iter().any(|meaning| meaning.kind == ClaimKind::Material)
    });
    let rest = scan.text.get(quantity.end..).unwrap_or_default();
    let of = [" of ", " total", " in total", " weight", " stone", " worth"].iter().any(|word| rest.starts_with(word));
    let stamped = clause.is(Cue::FinenessContext)
        || scan.clauses.get(index + 1).is_some_and(|next| !clause.stops && next.is(Cue::FinenessContext))
        || matches!(karats, Some(9 | 18));
    let weighed = context_before(scan, clause, quantity.first, Cue::WeightContext, 30).is_some();
    let plural = scan.text.get(..quantity.end).is_some_and(|text| text.ends_with("carats") || text.ends_with("cts"));
    !stone && !of && !weighed && !plural && (stamped || scan.speaks_of(Topic::Gold, clause.start))
}

/// 三个九, 四条九.
fn nines(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, found: &mut Found<'_>) -> bool {
    let Some(next) = scan
        .token(quantity.last)
        .filter(|token| quantity.last < clause.last && token.is(Cue::Nines) && token.start as usize == quantity.end)
    else {
        return false;
    };
    let fineness = match whole(quantity.value()) {
        Some(2) => "990",
        Some(3) => "999",
        Some(4) => "999.9",
        Some(5) => "999.99",
        _ => return false,
    };
    found.take(quantity.first, quantity.last + 1);
    found.mentions.push(Mention::new(ClaimKind::Fineness, fineness, quantity.start, next.end as usize, index));
    true
}

/// 足银九九九九, 字印九九九, 750的金, stamped 925.
fn stamp(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, found: &mut Found<'_>) -> bool {
    if quantity.unit.is_some() || quantity.number.spread.is_some() {
        return false;
    }
    let said = (quantity.value().mantissa(), quantity.value().scale());
    let Some((.., fineness)) = STAMPS.iter().find(|(figures, behind, _)| (*figures, *behind) == said) else {
        return false;
    };
    let next = scan.token(quantity.last).filter(|_| quantity.last < clause.last);
    if next.is_some_and(|next| {
        next.start as usize == quantity.end && (next.is(Cue::Count) || next.is(Cue::Price) || next.is(Cue::Percent))
    }) {
        return false;
    }
    let (mut start, mut end) = (quantity.start, quantity.end);
    let head = scan.token(quantity.first);
    let before = scan.before(quantity.first).filter(|_| clause.first < quantity.first);
    let mut named = false;
    if let (Some(before), Some(head)) = (before, head)
        && metal(scan, before).is_some()
        && scan.touches(before, head)
    {
        start = before.start as usize;
        named = true;
    }
    if let Some(next) = next.filter(|next| metal(scan, next).is_some())
        && matches!(scan.text.get(quantity.end..next.start as usize), Some("" | " " | "的"))
    {
        end = next.end as usize;
        named = true;
    }
    if let Some(context) = context_before(scan, clause, quantity.first, Cue::FinenessContext, 24) {
        start = start.min(context.start as usize);
        named = true;
    } else if scan.text.get(quantity.end..).is_some_and(|rest| {
        ["的印", "印", "的字印", "的钢印", "的标", "钢印", "字印", " stamp", " hallmark"]
            .iter()
            .any(|tail| rest.starts_with(tail))
    }) {
        named = true;
    }
    // 925 says silver by itself, and 九二五的 any of them where metal is spoken of.
    let rest = scan.text.get(quantity.end..).unwrap_or_default();
    let alone = quantity.number.figures
        && (*fineness == "925" && rest.starts_with([' ', '的', ',', '.', '，', '。', '啊', '哈', '吧', '呢'])
            || rest.starts_with('的') && scan.speaks_of(Topic::Metals, clause.start));
    // 铂金，九五零, "platinum, nine fifty": the metal, a pause, and nothing but the figures.
    let apart = quantity.start <= clause.start + 1
        && quantity.end == clause.end
        && clause.first.checked_sub(2).and_then(|at| scan.token(at)).is_some_and(|token| {
            metal(scan, token).is_some() && clause.start.saturating_sub(token.end as usize) <= '，'.len_utf8()
        });
    let short = (["银", "的银", "金", "的金"].iter().any(|tail| rest.starts_with(tail))) && quantity.number.figures;
    if !named && !alone && !short && !apart {
        return false;
    }
    found.take(quantity.first, quantity.last);
    found.mentions.push(Mention::new(ClaimKind::Fineness, *fineness, start, end, index));
    true
}

/// 含金量百分之八十, 99.9%的银.
fn percentage(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, found: &mut Found<'_>) -> bool {
    if !clause.is(Cue::Percent) || quantity.unit.is_some() {
        return false;
    }
    let before = scan.before(quantity.first).filter(|token| {
        clause.first < quantity.first && token.is(Cue::Percent) && token.end as usize == quantity.start
    });
    let after = scan.token(quantity.last).filter(|token| {
        quantity.last < clause.last && token.is(Cue::Percent) && token.start as usize <= quantity.end + 1
    });
    if before.is_none() && after.is_none() {
        return false;
    }
    // 千分之九百九十九
    let of_thousand = before.is_some_and(|before| scan.text.get(before.range()) == Some("千分之"));
    let value = if of_thousand { quantity.number.value / Decimal::TEN } else { quantity.number.value };
    if value < Decimal::from(30) || Decimal::ONE_HUNDRED <= value {
        return false;
    }
    let last = quantity.last + usize::from(after.is_some());
    let context = context_before(scan, clause, quantity.first, Cue::FinenessContext, 24);
    let follows = scan.token(last).filter(|token| {
        last < clause.last
            && metal(scan, token).is_some()
            && (token.start as usize) <= after.map_or(quantity.end, |token| token.end as usize) + 6
    });
    let preceded = scan
        .tokens
        .get(clause.first..quantity.first)
        .is_some_and(|tokens| tokens.iter().rev().take(2).any(|token| metal(scan, token).is_some()));
    if context.is_none() && follows.is_none() && !preceded {
        return false;
    }
    let start = before.or(context).map_or(quantity.start, |token| token.start as usize);
    let end = after.map_or(quantity.end, |token| token.end as usize);
    let fineness = (value * Decimal::TEN).normalize().to_string();
    let mut mention = Mention::new(ClaimKind::Fineness, fineness, start, end, index);
    mention.bound = quantity.bound;
    found.take(quantity.first, last);
    found.mentions.push(mention);
    true
}
