//! Promises that carry a number or are said in many ways: 假一赔十, 赔十倍, 15天包退, 拿去国检, 两只手镯出得来.

use super::Certainty;
use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::lexicon::Token;
use super::mention::Mention;
use super::polarity;
use super::quantity::{Found, whole};
use super::scan::{Clause, Scan};
use crate::domain::ledger::ClaimKind;

/// Words without which nothing is promised here.
pub(super) const OPENING: Cues = Cues::of(&[Cue::Numeral, Cue::Sensitive, Cue::Go, Cue::Free, Cue::Unmatched]);

pub(super) fn read(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if clause.is(Cue::Numeral) {
        fake_pay(scan, index, clause, found);
        days(scan, index, clause, found);
        yields(scan, index, clause, found);
    }
    bearable(scan, index, clause, found);
    recheck(scan, index, clause, found);
    unmatched(scan, index, clause, found);
}

/// 假一赔十, 赔十倍, 十倍赔偿.
fn fake_pay(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    let multiplied = clause.is(Cue::Pay) && clause.is(Cue::FoldUnit);
    if !(clause.is(Cue::FakePay) || multiplied) {
        return;
    }
    for at in clause.first..clause.last {
        let Some(token) = scan.token(at) else { continue };
        let Some(times) = scan.number(token).and_then(|number| whole(number.value)) else { continue };
        let before = scan.before(at).filter(|_| clause.first < at);
        let after = scan.token(at + 1).filter(|after| at + 1 < clause.last && after.start <= token.end + 3);
        let fold = after.filter(|after| after.is(Cue::FoldUnit));
        let vow = before.filter(|before| {
            let gap = (token.start - before.end) as usize;
            before.is(Cue::FakePay) && gap <= 3 || before.is(Cue::Pay) && fold.is_some() && gap <= 9
        });
        let later = fold.and_then(|_| scan.token(at + 2)).filter(|later| {
            at + 2 < clause.last && later.is(Cue::Pay) && (later.start as usize) <= token.end as usize + 9
        });
        if (vow.is_none() && later.is_none()) || !(2..=10_000).contains(&times) {
            continue;
        }
        let start = vow.map_or(token.start, |vow| vow.start) as usize;
        let end = later.or(fold).map_or(token.end, |token| token.end) as usize;
        let first = vow.map_or(at, |_| at - 1);
        found.take(first, at + 1 + usize::from(fold.is_some()));
        let value = format!("fake_pay_{times}");
        let mut mention = Mention::new(ClaimKind::Guarantee, value, start, end, index);
        mention.negated = polarity::before(scan, clause, first, start).negated;
        found.mentions.push(mention);
    }
}

/// 15天包退, "30 day returns": the period joins the promise that follows it.
fn days(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.claims {
        return;
    }
    for at in clause.first..clause.last {
        let Some(token) = scan.token(at).filter(|token| token.number.is_some() && !found.is_taken(at)) else {
            continue;
        };
        // "Thirty-day returns" has a dash between.
        let dash = scan.token(at + 1).is_some_and(|dash| scan.text.get(dash.range()) == Some("-"));
        let behind = at + 1 + usize::from(dash);
        let Some(unit) = scan.token(behind).filter(|unit| behind < clause.last && unit.start <= token.end + 3) else {
            continue;
        };
        let long = match scan.text.get(unit.range()) {
            Some("天" | "day" | "days" | "日") => 1,
            Some("month" | "months" | "月") => 30,
            Some("year" | "years" | "年") => 365,
            _ => continue,
        };
        let Some(days) = scan.number(token).and_then(|number| whole(number.value)) else { continue };
        let days = days.saturating_mul(long);
        if days == 0 || 36_500 < days {
            continue;
        }
        let promise = (behind + 1..clause.last.min(behind + 4)).find_map(|next| {
            let token = scan.token(next)?;
            let meaning = scan.meanings(token).iter().find(|meaning| meaning.kind == ClaimKind::Guarantee)?;
            (scan.between(unit, token).chars().count() <= 12).then_some((next, token, meaning.value.as_deref()?))
        });
        let before = || {
            (clause.first..at).rev().take(3).find_map(|place| {
                let token = scan.token(place)?;
                let meaning = scan.meanings(token).iter().find(|meaning| meaning.kind == ClaimKind::Guarantee)?;
                let near = scan.token(at).is_some_and(|number| scan.between(token, number).chars().count() <= 8);
                near.then_some((place, token, meaning.value.as_deref()?))
            })
        };
        let Some((next, promise, value)) = promise.or_else(before) else { continue };
        let value = match value {
            "return" | "refund" | "refund_full" => format!("return_{days}d"),
            "warranty" => format!("warranty_{days}d"),
            "inspection_period" => format!("inspection_period_{days}d"),
            _ => continue,
        };
        let denies = scan.meanings(promise).iter().any(|meaning| meaning.flags.denies);
        let polarity = polarity::of(scan, clause, next, ClaimKind::Guarantee, denies);
        let (start, end) = (token.start.min(promise.start) as usize, promise.end.max(unit.end) as usize);
        let mut mention = Mention::new(ClaimKind::Guarantee, value, start, end, index);
        mention.negated = polarity.negated != denies;
        found.take(at.min(next), (behind + 1).max(next + 1));
        found.mentions.push(mention);
    }
}

/// 耳朵敏感的姐妹不用怕: those who bear metals badly may wear it.
fn bearable(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::Sensitive) || !clause.is(Cue::MayWear) {
        return;
    }
    let tokens = scan.clause_tokens(clause);
    let Some(who) = tokens.iter().position(|token| token.is(Cue::Sensitive)) else { return };
    let Some(wears) = tokens.iter().skip(who + 1).find(|token| token.is(Cue::MayWear)) else { return };
    let Some(who) = tokens.get(who) else { return };
    if 12 < scan.between(who, wears).chars().count() {
        return;
    }
    let mention = Mention::new(ClaimKind::Guarantee, "hypoallergenic", who.start as usize, wears.end as usize, index);
    found.mentions.push(mention);
}

/// 可以去任何金店验, 随便拿去烧, 拿去国检: a test by others is offered.
fn recheck(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    let offered = clause.is(Cue::Go) || clause.is(Cue::Free);
    if !offered {
        return;
    }
    let tokens = scan.clause_tokens(clause);
    let Some((from, opener)) = tokens.iter().enumerate().find(|(_, token)| token.is(Cue::Go) || token.is(Cue::Free))
    else {
        return;
    };
    let tested = tokens.iter().enumerate().skip(from + 1).find(|(_, token)| {
        (token.is(Cue::Test)
            || token.facts.has(Facts::CERTIFICATE)
                && !scan
                    .text
                    .get(token.end as usize..)
                    .is_some_and(|rest| rest.starts_with('证') || rest.starts_with("的证"))
                && !scan.text.get(token.range()).is_some_and(|text| text.contains('证')))
            && scan.between(opener, token).chars().count() <= 12
    });
    let Some((to, test)) = tested else { return };
    // The offer must reach the test by going somewhere, or be a test freely chosen.
    let goes = tokens.get(from..to).unwrap_or_default().iter().any(|token| token.is(Cue::Go));
    let free = tokens.get(from..to).unwrap_or_default().iter().any(|token| token.is(Cue::Free));
    let verb = tokens.get(to..).unwrap_or_default().iter().rev().find(|token| {
        token.is(Cue::Test) && (token.start == test.start || scan.between(test, token).chars().count() <= 12)
    });
    let lab = !test.is(Cue::Test);
    // 支持中检
    let asked = lab && matches!(scan.text.get(opener.range()), Some("支持" | "欢迎"));
    if !(goes && (free || lab || verb.is_some())) && !(free && verb.is_some()) && !asked {
        return;
    }
    if tokens.get(..from).unwrap_or_default().iter().any(|token| token.is(Cue::Hypothetical) || token.is(Cue::Say)) {
        return;
    }
    let at = clause.first + from;
    let end = verb.unwrap_or(test).end.max(test.end) as usize;
    let mut mention = Mention::new(ClaimKind::Guarantee, "recheck_supported", opener.start as usize, end, index);
    mention.negated = polarity::before(scan, clause, at, opener.start as usize).negated;
    if !free && !lab {
        mention.certainty = Certainty::Low;
    }
    found.mentions.push(mention);
}

/// What a rough is promised to yield: 两只手镯一只牌子，出得来.
fn yields(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::Product) {
        return;
    }
    let next = scan.clauses.get(index + 1).filter(|_| !clause.stops);
    let sure = next.filter(|next| next.is(Cue::YieldSure)).and_then(|next| {
        scan.clause_tokens(next).iter().find(|token| token.is(Cue::YieldSure)).map(|token| token.end as usize)
    });
    let within = scan.clause_tokens(clause);
    let verb = within.iter().position(|token| token.is(Cue::YieldVerb));
    let here = within.iter().find(|token| token.is(Cue::YieldSure)).map(|token| token.end as usize);
    if verb.is_none() && sure.is_none() && here.is_none() {
        return;
    }
    let mut value = String::from("yield");
    let mut span: Option<(usize, usize)> = None;
    for at in clause.first..clause.last {
        let Some(token) = scan.token(at) else { continue };
        let Some(count) = scan.number(token).and_then(|number| whole(number.value)) else { continue };
        let product = (at + 1..clause.last.min(at + 4)).find_map(|next| {
            let product = scan.token(next)?;
            (product.is(Cue::Product) && scan.between(token, product).chars().count() <= 4).then_some(product)
        });
        let Some(product) = product else { continue };
        let name = match scan.text.get(product.range()) {
            Some("手镯" | "镯子" | "镯" | "手镯位" | "镯子位" | "镯位") => "bangles",
            Some("牌子" | "牌" | "牌子位") => "plaque",
            Some("戒面" | "戒面位") => "cabochons",
            _ => "pieces",
        };
        value.push_str(&format!("_{count}_{name}"));
        let start = span.map_or(token.start as usize, |(start, _)| start);
        span = Some((start, product.end as usize));
    }
    let Some((start, end)) = span else { return };
    let verb_start = verb.and_then(|at| within.get(at)).map(|token| token.start as usize).filter(|at| *at < start);
    if verb_start.is_none() && sure.is_none() && here.is_none() {
        return;
    }
    let end = here.or(sure).unwrap_or(end).max(end);
    found.mentions.push(Mention::new(ClaimKind::Guarantee, value, verb_start.unwrap_or(start), end, index));
}

/// 全场没有比它更绿的, 最透的: superlatives that no list holds.
fn unmatched(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::Unmatched) {
        return;
    }
    for at in clause.first..clause.last {
        let Some(token) = scan.token(at).filter(|token| token.is(Cue::Unmatched)) else { continue };
        let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
        let said = scan.text.get(token.range()).unwrap_or_default();
        let end = if said == "最" {
            // 最 with one or two characters and 的: 最绿的.
            let mut chars = rest.char_indices();
            let close = chars.by_ref().take(3).find(|(at, c)| *c == '的' && 0 < *at).map(|(at, c)| at + c.len_utf8());
            match close {
                Some(length) => token.end as usize + length,
                None => continue,
            }
        } else if rest.contains('更') || rest.contains("better") || rest.contains("还") {
            clause.end
        } else {
            continue;
        };
        let start = token.start as usize;
        let words = scan.text.get(start..end).unwrap_or_default().trim_end();
        let mut mention = Mention::new(ClaimKind::BannedPhrase, words, start, start + words.len(), index);
        if said == "最" {
            mention.certainty = Certainty::Low;
        }
        found.mentions.push(mention);
    }
}

/// Whether a word of going back is said of what the buyer does not want: 寄回来 also goes to be mended, and 拍了不退 may
/// be another's rule.
pub(super) fn is_meant(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let said = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let any = |words: &[&str], text: &str| words.iter().any(|word| text.contains(word));
    match scan.text.get(token.range()).unwrap_or_default() {
        "寄回来" => {
            any(&UNWANTED, scan.clause_text(clause))
                && !any(&MENDED, rest)
                && !any(&BROKEN, said)
                && !rest.starts_with('的')
                && !["客人", "别人", "姐妹"].iter().any(|other| said.ends_with(other))
        }
        "拍了不退" | "拍下不退" | "买了不退" => {
            !any(&["别家", "人家", "有的", "什么", "担心", "不搞", "怕"], said)
                && !rest.starts_with(['差', '色', '烧', '钱', '运'])
        }
        _ => true,
    }
}

const UNWANTED: [&str; 10] = ["不喜欢", "不合适", "不满意", "不想要", "不要", "随时", "直接", "退", "天", "给我寄"];
const MENDED: [&str; 7] = ["修", "换绳", "改", "清洗", "编", "镶", "保养"];
const BROKEN: [&str; 6] = ["断", "坏", "松", "发黑", "脏", "氧化"];
