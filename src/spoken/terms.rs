//! Words that claim something by themselves, where the words around them let them.

use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::lexicon::{Meaning, Token};
use super::mention::Mention;
use super::polarity;
use super::scan::{Clause, Scan, Topic};
use super::{Certainty, Part, promise};
use crate::domain::ledger::{Bound, ClaimKind};

/// A mention, and where it was found.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) mention: Mention,
    pub(super) at: usize,
    pub(super) refused: bool,
}

/// What the word at `at` claims.
pub(super) fn read(scan: &Scan<'_>, index: usize, clause: &Clause, at: usize, heard: &mut Vec<Heard>) {
    let Some(token) = scan.token(at) else { return };
    let meanings = scan.meanings(token);
    if meanings.is_empty() || token.is(Cue::Noise) || is_yardstick(scan, clause, token) {
        return;
    }
    let leaves_material_open = token.facts.has(Facts::FINE.and(Facts::PLACED));
    for meaning in meanings {
        let polarity = polarity::of(scan, clause, at, meaning.kind, meaning.flags.denies);
        if !supported(scan, clause, at, token, meaning, polarity.negated) {
            continue;
        }
        let mut negated = polarity.negated != meaning.flags.denies;
        // What is not treated is untreated.
        let untreated = negated
            && meaning.value.as_deref() == Some("enhanced")
            && scan.text.get(token.range()).is_some_and(|text| !text.contains(' '));
        negated &= !untreated;
        let only = if negated { meaning.flags.only_asserted } else { meaning.flags.only_denied };
        if only || meaning.flags.of_jade && !scan.speaks_of(Topic::Jade, clause.start) {
            continue;
        }
        if meaning.flags.avowed && !comes_with_time(scan, clause, token) {
            continue;
        }
        if meaning.flags.if_denied {
            if !polarity.negated && !vowed(scan, clause, at) {
                continue;
            }
            negated = false;
        }
        // What a rule against such talk forbids is flagged where it is said, not where it is declined.
        if negated && meaning.kind == ClaimKind::BannedPhrase {
            continue;
        }
        // Behind a denial, 天然 before a place only colours it.
        if negated
            && meaning.value.as_deref() == Some("natural")
            && scan
                .token(at + 1)
                .is_some_and(|next| at + 1 < clause.last && next.facts.has(Facts::ORIGIN) && scan.touches(token, next))
        {
            continue;
        }
        // 天然辐照过的 says no more than that it was irradiated.
        if meaning.value.as_deref() == Some("natural")
            && scan.token(at + 1).is_some_and(|next| {
                at + 1 < clause.last
                    && next.start == token.end
                    && !next.facts.has(Facts::MATERIAL)
                    && scan.meanings(next).iter().any(|meaning| {
                        meaning.kind == ClaimKind::Treatment
                            && !meaning.flags.denies
                            && meaning.value.as_deref() != Some("untreated")
                    })
            })
        {
            continue;
        }
        // 不是羊脂玉 denies the jade, 老蜜蜡谈不上 only that it is old.
        let both = negated && token.facts.has(Facts::MATERIAL);
        if both && meaning.kind == ClaimKind::Grade && !falls_short(scan, token, &polarity)
            || both
                && meaning.kind == ClaimKind::Material
                && meanings.iter().any(|other| other.kind == ClaimKind::Grade)
                && falls_short(scan, token, &polarity)
        {
            continue;
        }
        // 不是足银 denies the fineness, "not vermeil" the plating, 不是多米的 the place; what the material is, they leave
        // open.
        if negated && leaves_material_open && meaning.kind == ClaimKind::Material {
            continue;
        }
        if meaning.kind == ClaimKind::Treatment
            && meaning.value.as_deref() == Some(LAB_GROWN)
            && !negated
            && diamond_of(scan, clause, at).is_some()
        {
            continue;
        }
        let (mut start, mut end) = (token.start as usize, token.end as usize);
        start = polarity.start.unwrap_or(start).min(start);
        end = polarity.end.unwrap_or(end).max(end);
        // "D colour, lab grown": of a diamond it is the material.
        let grown = meaning.kind == ClaimKind::Treatment
            && meaning.value.as_deref() == Some(LAB_GROWN)
            && (!negated || is_not_sold(scan, token, &polarity))
            && scan.speaks_of(Topic::Diamonds, clause.start)
            && !scan.speaks_of(Topic::Stones, clause.start)
            && !clause_names_a_stone(scan, clause);
        let value = match &meaning.value {
            Some(_) if grown => "lab_grown_diamond".into(),
            Some(_) if untreated => "untreated".into(),
            Some(value) if &**value == "diamond" && is_grown(scan, clause, at) => "lab_grown_diamond".into(),
            Some(value) => value.clone(),
            None => scan.text.get(token.range()).unwrap_or_default().into(),
        };
        let kind = if grown { ClaimKind::Material } else { meaning.kind };
        let mut mention = Mention::new(kind, value, start, end, index);
        mention.negated = negated;
        mention.strength = polarity.strength;
        mention.apart = meaning.flags.apart;
        mention.implied = meaning.flags.hint;
        mention.word = Some(token.word);
        mention.bound = meaning.flags.bound.unwrap_or(Bound::Exactly);
        if matches!(meaning.kind, ClaimKind::Grade | ClaimKind::Material | ClaimKind::Origin) {
            nearness(scan, clause, at, token, &mut mention);
        }
        if meaning.flags.low || meaning.flags.weak || clause.is(Cue::Maybe) {
            mention.certainty = Certainty::Low;
        }
        mention.part = part(scan, clause, at);
        heard.push(Heard { mention, at, refused: polarity.refused });
    }
}

/// 谈不上, 够不上, 还没到: denied is how far it goes.
fn falls_short(scan: &Scan<'_>, token: &Token, polarity: &polarity::Polarity) -> bool {
    let start = polarity.start.map_or(token.start as usize, |start| start.min(token.start as usize));
    let end = polarity.end.map_or(token.end as usize, |end| end.max(token.end as usize));
    let around = [scan.text.get(start..token.start as usize), scan.text.get(token.end as usize..end)];
    around.into_iter().flatten().any(|words| ["不上", "不到", "没到", "不够"].iter().any(|short| words.contains(short)))
}

/// 天然的三分之一: what something else is measured by.
fn is_yardstick(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let mut chars = rest.chars();
    let first = match chars.next() {
        Some('的') => chars.next(),
        first => first,
    };
    match first {
        Some('一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '几') => {
            chars.as_str().starts_with("分之")
        }
        Some('零') => chars.as_str().starts_with('头'),
        _ => false,
    }
}

/// 戴久了会掉色, "it'll tarnish": the seller grants that it comes with time.
fn comes_with_time(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let before = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let others = [Cue::Other, Cue::Hypothetical, Cue::Say, Cue::Ask, Cue::Teach, Cue::Sensitive];
    let of_it = ["it", "they", "this"];
    let named = scan.text.get(token.range()).is_some_and(|text| of_it.iter().any(|it| text.starts_with(it)));
    !clause.asks
        && !others.iter().any(|cue| clause.is(*cue))
        && !before.contains(['怕', '担', '防'])
        && (named
            || ["久", "早晚", "迟早", "慢慢", "时间", "多少", "难免", "肯定"].iter().any(|time| before.contains(time)))
}

const LAB_GROWN: &str = "lab_grown";

/// "We don't sell lab grown": a sort of goods is refused, and no treatment denied.
fn is_not_sold(scan: &Scan<'_>, token: &Token, polarity: &polarity::Polarity) -> bool {
    let denial = polarity.start.and_then(|start| scan.text.get(start..token.start as usize)).unwrap_or_default();
    ["we don't ", "we do not ", "we never ", "we won't ", "i don't ", "i won't "]
        .iter()
        .any(|we| denial.starts_with(we))
}

fn clause_names_a_stone(scan: &Scan<'_>, clause: &Clause) -> bool {
    scan.clause_tokens(clause).iter().any(|token| token.facts.has(Facts::STONE))
}

/// The diamond of which "lab grown" is said in the clause: a material of its own, and no treatment.
fn diamond_of(scan: &Scan<'_>, clause: &Clause, at: usize) -> Option<usize> {
    let mut near = (clause.first..clause.last.min(at + 6)).rev().take(12);
    near.find(|place| scan.token(*place).is_some_and(|token| token.facts.has(Facts::DIAMOND)))
}

/// Whether the clause says of the diamond at `at` that it was grown, without denying it.
fn is_grown(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    (at.saturating_sub(6).max(clause.first)..clause.last.min(at + 6)).any(|place| {
        scan.token(place).is_some_and(|token| {
            token.facts.has(Facts::LAB_GROWN)
                && diamond_of(scan, clause, place) == Some(at)
                && !polarity::of(scan, clause, place, ClaimKind::Treatment, false).negated
        })
    })
}

/// 接近羊脂, 冰种偏上: near, not equal.
fn nearness(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token, mention: &mut Mention) {
    if let Some(before) = scan.before(at).filter(|before| clause.first < at && before.is(Cue::Near))
        && scan.between(before, token).chars().count() <= 2
    {
        mention.bound = Bound::About;
        mention.start = mention.start.min(before.start as usize);
    }
    if let Some(after) = scan.token(at + 1).filter(|after| at + 1 < clause.last && after.is(Cue::NearPost))
        && scan.between(token, after).is_empty()
    {
        mention.bound = Bound::About;
        mention.end = mention.end.max(after.end as usize);
    }
}

/// 掉色包退: a vow behind the fault is a promise that it will not come.
fn vowed(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    scan.has_after(clause, at, Cue::Vow)
}

/// The part that the claim is said of, where one was named just before it.
pub(super) fn part(scan: &Scan<'_>, clause: &Clause, at: usize) -> Option<Part> {
    if !clause.is(Cue::Part) {
        return None;
    }
    let head = scan.token(at)?;
    let token = scan.tokens.get(clause.first..=at)?.iter().rev().take(6).find(|token| token.is(Cue::Part))?;
    let between = scan.between(token, head);
    if (if between.is_ascii() { 24 } else { 18 }) < between.len() {
        return None;
    }
    Part::parse(scan.name(token)?)
}

fn supported(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token, meaning: &Meaning, negated: bool) -> bool {
    let weak = meaning.flags.weak;
    match meaning.kind {
        ClaimKind::Material if meaning.flags.said => said(scan, clause, at, token),
        ClaimKind::Material => material(scan, clause, at, token, negated) && (!weak || named(scan, clause, at, token)),
        ClaimKind::Origin => !like(scan, clause, at, token) && origin(scan, clause, at, token, weak || negated),
        ClaimKind::Certificate => certificate(scan, clause, at, token, weak),
        ClaimKind::Grade if meaning.flags.said => said(scan, clause, at, token),
        ClaimKind::Grade if meaning.flags.tint => tinted(scan, clause, at, token),
        // 云盖寺老矿, 巴西老料: the mine is old, not the piece.
        ClaimKind::Grade
            if matches!(scan.text.get(token.range()), Some("老矿" | "老料")) && of_place(scan, clause, at, token) =>
        {
            false
        }
        ClaimKind::Grade => {
            !like(scan, clause, at, token) && (!weak || clause.claims && beside_others(scan, clause, at))
        }
        // 想要天然的看下一条
        ClaimKind::Treatment if !negated && wanted(scan, clause, at, token) => false,
        ClaimKind::Treatment => !weak || beside_others(scan, clause, at),
        ClaimKind::Guarantee => !weak && promise::is_meant(scan, clause, token),
        ClaimKind::Fineness if !negated && wanted(scan, clause, at, token) => false,
        ClaimKind::Fineness => {
            !is_wrapped(scan, clause, token) && !of_layer(scan, clause, at, token) && !like(scan, clause, at, token)
        }
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::BannedPhrase => true,
    }
}

fn wanted(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    scan.before(at).is_some_and(|before| {
        clause.first < at && before.is(Cue::GenericBefore) && scan.between(before, token).trim().is_empty()
    })
}

/// Whether another word in the clause claims something too.
fn beside_others(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let firm = |token: &Token| token.facts.has(Facts::FIRM);
    scan.tokens.get(clause.first..at).is_some_and(|before| before.iter().any(firm))
        || scan.tokens.get(at + 1..clause.last).is_some_and(|behind| behind.iter().any(firm))
}

/// A weak name of a material needs 是 or a denial before it, or a word that says what it is part of.
fn named(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    let told = scan.before(at).is_some_and(|before| {
        clause.first < at
            && (before.is(Cue::Is) || before.is(Cue::Neg) || before.is(Cue::Strong) || before.number.is_some())
            && scan.between(before, token).chars().count() <= if before.number.is_some() { 1 } else { 3 }
    });
    // 银的哈: all that the clause says, and said firmly, or where no colours are listed.
    let whole = || {
        let before = scan.text.get(..clause.start).unwrap_or_default().chars().rev().take(12);
        let listed = || before.clone().any(|c| "色金白".contains(c));
        token.start as usize == clause.start
            && match scan.text.get(token.end as usize..clause.end) {
                Some("哈" | "啊" | "哦" | "呢") => true,
                Some("") => {
                    !listed() && !scan.text.get(clause.end..).unwrap_or_default().chars().take(3).any(|c| c == '金')
                }
                _ => false,
            }
    };
    // 银 alone says too little to lean on other words.
    told || whole() || 3 < token.end - token.start && beside_others(scan, clause, at)
}

/// Directly behind 是 or a denial: "it is blue".
fn said(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    scan.before(at).is_some_and(|before| {
        clause.first < at
            && (before.is(Cue::Is) || before.is(Cue::Neg))
            && matches!(scan.between(before, token), "" | " " | " a " | " the " | " so " | " very " | " lovely ")
    })
}

/// What names the colour of a piece before it.
const COLOURED: [&str; 18] = [
    "只写",
    "写的是",
    "颜色",
    "颜色是",
    "颜色的",
    "颜色很",
    "颜色就是",
    "颜色就",
    "肉是",
    "肉质是",
    "底色",
    "底色是",
    "底子是",
    "主色",
    "主色是",
    "色调",
    "体色",
    "体色是",
];

/// 颜色偏紫, 泛一点蓝.
fn tinted(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    let rest = scan.text.get(token.end as usize..).unwrap_or_default();
    let before = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let near = scan.before(at).is_some_and(|before| {
        clause.first < at && before.is(Cue::Near) && matches!(scan.between(before, token), "" | "点" | "一点")
    });
    let coloured = COLOURED.iter().any(|colour| before.ends_with(colour));
    // 蓝绿色的, as all that the clause says.
    let all = 3 < token.end - token.start
        && matches!(before, "" | "淡" | "淡淡的" | "很" | "是" | "就是" | "也是" | "纯" | "正" | "深" | "浅")
        && matches!(
            scan.text.get(token.end as usize..clause.end),
            Some("" | "的" | "的哈" | "的啊" | "啊" | "哈" | "调" | "调的")
        );
    // 偏黄金的 is of gold, 黑了 of tarnish.
    (near || coloured || all) && !rest.starts_with(['了', '金', '铜', '银'])
}

/// Right behind the name of a place.
fn of_place(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    scan.before(at)
        .is_some_and(|before| clause.first < at && before.facts.has(Facts::ORIGIN) && scan.touches(before, token))
}

/// 鸡血石色玛瑙, 翡翠色的: a colour that is called so. 翡翠色好 praises the jade.
fn is_colour(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    // 塑料味, 玻璃感: only like it.
    if rest.starts_with(['味', '感']) {
        return true;
    }
    let Some(behind) = rest.strip_prefix('色') else { return false };
    behind.is_empty()
        || behind.starts_with('的')
        || (at + 1..clause.last.min(at + 3)).any(|next| {
            scan.token(next).is_some_and(|next| {
                next.start as usize == token.end as usize + '色'.len_utf8() && next.facts.has(Facts::MATERIAL)
            })
        })
}

const LIKENESS: Cues = Cues::of(&[Cue::Likeness]);

/// 像羊脂一样, "looks like a diamond".
fn like(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    clause.is(Cue::Likeness)
        && (scan.before(at).is_some_and(|before| {
            // 翡翠色的 is like jadeite; 满色的翡翠 is jadeite.
            let coloured = scan.text.get(before.range()) == Some("色的");
            clause.first < at
                && before.cues.meets(LIKENESS)
                && !coloured
                && scan.between(before, token).chars().count() <= 3
        }) || scan.token(at + 1).is_some_and(|after| {
            at + 1 < clause.last && after.cues.meets(LIKENESS) && scan.between(token, after).is_empty()
        }) || compared(scan, clause, at, token))
}

/// 跟天然钻肉眼看是一样的.
fn compared(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    scan.before(at).is_some_and(|before| {
        clause.first < at
            && matches!(scan.text.get(before.range()), Some("跟" | "和" | "与"))
            && scan.between(before, token).chars().count() <= 1
    }) && scan.tokens.get(at + 1..clause.last).unwrap_or_default().iter().any(|after| after.cues.meets(LIKENESS))
}

/// 镀了一层白金, 包了一层足金: the layer's metal, not the article's.
fn of_layer(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    let before = scan.tokens.get(clause.first..at).unwrap_or_default().iter().rev().take(3);
    let mut layers = before.take_while(|before| !before.claims || before.facts.has(Facts::LAYER));
    layers.any(|layer| {
        layer.facts.has(Facts::LAYER) && {
            let between = scan.between(layer, token);
            between.ends_with('层') && between.chars().count() <= 4
                || matches!(between, "" | "了" | "的" | "一层" | "上一层" | "过一层" | "的一层")
        }
    })
}

/// 外面是真金包的: the layer is told behind.
fn is_wrapped(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let behind = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    ["包的", "镀的", "包着的", "镀上去", "包上去"].iter().any(|by| behind.starts_with(by))
}

fn material(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token, negated: bool) -> bool {
    if like(scan, clause, at, token) || is_colour(scan, clause, at, token) {
        return false;
    }
    let after = scan.token(at + 1).filter(|_| at + 1 < clause.last);
    if of_layer(scan, clause, at, token) || is_wrapped(scan, clause, token) {
        return false;
    }
    // "Rose gold vermeil", 祖母绿玻璃: the next word says what it is made of.
    if after.is_some_and(|after| {
        let plated = matches!(scan.text.get(after.range()), Some("plated" | "plate" | "plating" | "vermeil"));
        matches!(scan.between(token, after), "" | " ") && (plated || after.facts.has(Facts::IMITATION))
    }) {
        return false;
    }
    // "Without the Tahitian price", denied or not.
    if after.is_some_and(|after| after.is(Cue::GenericAfter) && scan.between(token, after) == " ") {
        return false;
    }
    // 翡翠圈, 黄金类目, 喜欢珍珠的: the kind of thing, not this piece.
    if !negated && after.is_some_and(|after| after.is(Cue::GenericAfter) && scan.between(token, after).is_empty()) {
        return false;
    }
    if !negated
        && scan.before(at).is_some_and(|before| {
            clause.first < at && before.is(Cue::GenericBefore) && scan.between(before, token).trim().is_empty()
        })
    {
        return false;
    }
    if !negated && after.is_some_and(|after| is_general(scan, clause, at, after) || was_once(scan, clause, at, after)) {
        return false;
    }
    // 沙金不是黄金 speaks of what a thing is called, and claims only the denial; 这个是葡萄石不是翡翠 claims both.
    let told = scan.before(at).is_some_and(|before| {
        clause.first < at && before.is(Cue::Is) && scan.between(before, token).chars().count() <= 2
    });
    let defines = !told
        && after.is_some_and(|after| {
            after.is(Cue::Neg)
                && scan.between(token, after).chars().count() <= 1
                && scan.text.get(after.range()).is_some_and(|text| text.ends_with("不是"))
                && scan.token(at + 2).is_some_and(|then| {
                    at + 2 < clause.last
                        && then.facts.has(Facts::MATERIAL)
                        && scan.between(after, then).chars().count() <= 2
                })
        });
    !defines || negated
}

/// "Real gold doesn't stick," 真珍珠不会掉粉, 不锈钢不会: what such a thing does.
fn is_general(scan: &Scan<'_>, clause: &Clause, at: usize, after: &Token) -> bool {
    let Some(token) = scan.token(at).filter(|_| after.is(Cue::Neg) && !clause.is(Cue::Own)) else { return false };
    let name = scan.text.get(token.range()).unwrap_or_default();
    match (scan.text.get(after.range()), scan.between(token, after)) {
        (Some("不会"), "") => name.starts_with('真') || clause.end <= after.end as usize + 3,
        (Some("doesn't" | "does not" | "don't" | "won't" | "never"), " ") => {
            name.starts_with("real ") || scan.before(at).is_some_and(|real| clause.first < at && real.is(Cue::Strong))
        }
        _ => false,
    }
}

/// 是紫晶烧出来的: what the piece once was.
fn was_once(scan: &Scan<'_>, clause: &Clause, at: usize, after: &Token) -> bool {
    let Some(token) = scan.token(at).filter(|token| after.claims && token.end == after.start) else { return false };
    scan.text.get(after.range()).is_some_and(|text| text.starts_with("烧出来"))
        && scan.before(at).is_some_and(|before| clause.first < at && before.is(Cue::Is) && before.end == token.start)
}

fn origin(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token, weak: bool) -> bool {
    let after = scan.token(at + 1).filter(|_| at + 1 < clause.last);
    let before = scan.before(at).filter(|_| clause.first < at);
    let near = |left: &Token, right: &Token, within: usize| scan.between(left, right).chars().count() <= within;
    if before.is_some_and(|before| before.is(Cue::NotOrigin) && near(before, token, 12))
        || after.is_some_and(|after| after.is(Cue::NotOriginAfter) && near(token, after, 1))
        || after.is_some_and(|after| after.is(Cue::Folk) && near(token, after, 2))
        || after.is_some_and(|after| after.is(Cue::GenericAfter) && near(token, after, 0))
    {
        return false;
    }
    if !weak {
        return true;
    }
    // The place must be said of the material.
    let text = scan.text.get(token.range()).unwrap_or_default();
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    // 料是湖北的, or 湖北的 as all that is said.
    let owned = text.ends_with('的') || rest.starts_with('的');
    let sourced = ["料", "产", "矿", "珠", "玉"].iter().any(|tail| text.ends_with(tail));
    sourced
        || after.is_some_and(|after| after.is(Cue::Source) && near(token, after, 1))
        || before.is_some_and(|before| before.is(Cue::From) && near(before, token, 3))
        || before.is_some_and(|before| before.is(Cue::Is) && near(before, token, 0) && owned)
        // 不是新疆的, "not Australian", where no more is said.
        || before.is_some_and(|before| {
            before.is(Cue::Neg) && near(before, token, 1) && (owned || rest.trim_matches([' ', '的', '啊', '哈']).is_empty())
        })
        || owned && scan.clause_text(clause).chars().count() <= text.chars().count() + 1
        || after.is_some_and(|after| {
            after.facts.has(Facts::DESCRIBES) && near(token, after, 2)
        })
}

/// 支持中检, 欢迎国检: a laboratory that may be asked, not one that was.
fn supports(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token) -> bool {
    scan.before(at).is_some_and(|before| {
        clause.first < at
            && matches!(scan.text.get(before.range()), Some("支持" | "欢迎"))
            && scan.between(before, token).chars().count() <= 2
    }) && !scan.text.get(token.range()).is_some_and(|text| text.contains('证'))
}

fn certificate(scan: &Scan<'_>, clause: &Clause, at: usize, token: &Token, weak: bool) -> bool {
    // 拿去国检 promises a test, it shows no certificate.
    if clause.is(Cue::Go)
        && scan.before(at).is_some_and(|before| {
            clause.first < at && before.is(Cue::Go) && scan.between(before, token).chars().count() <= 2
        })
        && !scan.text.get(token.range()).is_some_and(|text| text.contains('证'))
    {
        return false;
    }
    // 你要证书自己去做: who wants one.
    if supports(scan, clause, at, token) || wanted(scan, clause, at, token) {
        return false;
    }
    if !weak {
        return true;
    }
    scan.before(at).is_some_and(|before| {
        clause.first < at && (before.is(Cue::Yes) || before.claims) && scan.between(before, token).is_empty()
    })
}
