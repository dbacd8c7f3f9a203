//! Who speaks, and whether it is said of the piece: questions, hearsay, conditions, teaching, other sellers' goods.

use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::lexicon::Token;
use super::scan::{Clause, Scan};
use crate::domain::ledger::ClaimKind;

/// What becomes of a claim by the way its clause speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The seller says it of the piece.
    Says,
    /// Somebody asks it; the next words may answer.
    Asks,
    /// Somebody else says it; the seller may deny it.
    Reports,
    /// A condition that did not come true: 要是铜的早黑了.
    DeniesByCondition,
    /// Not a claim.
    Nothing,
}

/// What the clauses before leave over for the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// Other sellers' goods are spoken of.
    others: bool,
    /// What was supposed goes on: 你要是买个天然的，无烧，一克拉，那得多少钱.
    supposes: bool,
    /// "Somebody asks," with the question in the next clause.
    asks: bool,
    teaches: bool,
    /// For how many clauses a lesson may still go on.
    lesson: u8,
}

/// Words without which a clause leaves nothing over.
pub(super) const CARRIED: Cues =
    Cues::of(&[Cue::Other, Cue::Ask, Cue::Teach, Cue::IsWhat, Cue::Lesson, Cue::Hypothetical]);

/// A lesson that no full stop and no word of the piece ends is over after so many clauses.
const LESSON: u8 = 8;

impl Carried {
    /// Whether the next clause leaves something over, whatever its words.
    pub(super) fn goes_on(self) -> bool {
        self.lesson != 0 || self.others || self.supposes
    }

    /// What is left over after this clause.
    pub(super) fn after(self, scan: &Scan<'_>, index: usize, clause: &Clause) -> Self {
        let lesson = match self.lesson {
            _ if clause.stops || clause.is(Cue::Own) => 0,
            _ if clause.is(Cue::Lesson) => LESSON,
            left => left.saturating_sub(1),
        };
        let others = if clause.is(Cue::Own) && !last_is_other(scan, clause) {
            false
        } else {
            // "Not that andesine from the other channel, four carats": the seller is back at the piece.
            let goes_on = clause.is(Cue::Other) || self.others && is_added(scan, clause);
            goes_on && !clause.stops && !(clause.is(Cue::Neg) && clause.claims)
        };
        let supposes = !clause.stops
            && !clause.is(Cue::Own)
            && (self.supposes || clause.is(Cue::Hypothetical) && clause.claims)
            && concluded(scan, index);
        let bare = !clause.claims;
        Self {
            others,
            supposes,
            // 有问产地的，缅甸的: the question is told whole, what follows answers it.
            asks: clause.is(Cue::Ask)
                && !scan.clause_text(clause).ends_with('的')
                && !clause.is(Cue::Whether)
                && !clause.is(Cue::AskEnd)
                && bare
                && !clause.stops
                && is_short(scan, clause),
            // 苗银是什么，苗银是合金
            teaches: is_short(scan, clause)
                && (clause.is(Cue::Teach) && bare && !clause.stops
                    || clause.is(Cue::IsWhat) && clause.claims && !clause.is(Cue::Neg) && !clause.is(Cue::Own)),
            lesson,
        }
    }
}

/// 隔壁那个海蓝宝，十五毫米的，还讲无加热: one more word on the same.
fn is_added(scan: &Scan<'_>, clause: &Clause) -> bool {
    let text = scan.clause_text(clause).trim_start();
    let says = ["还讲", "还说", "还敢", "还标", "还写", "也说", "也讲", "and telling", "and saying"];
    let measures = clause.is(Cue::Numeral) && !clause.claims && !clause.is(Cue::Price) && text.ends_with('的');
    let said = |more: &&str| text.strip_prefix(*more).is_some_and(|rest| !rest.starts_with(['究', '说', '讲']));
    is_short(scan, clause) && (measures || says.iter().any(said))
}

fn concludes(scan: &Scan<'_>, clause: &Clause) -> bool {
    let text = scan.clause_text(clause).trim_start();
    CONCLUSIONS.iter().any(|then| text.starts_with(then))
}

/// What the conclusion of a supposition begins with.
const CONCLUSIONS: [&str; 15] = [
    "那得",
    "那就得",
    "那可得",
    "那肯定得",
    "那怎么也得",
    "那起码",
    "那最少",
    "那要多少",
    "那你就别想",
    "那你得",
    "得多少",
    "you'd",
    "that'd",
    "it'd",
    "that would",
];

/// How many clauses a supposition may go on for before it is concluded.
const SUPPOSED: usize = 5;

/// Whether a clause of the same sentence draws the conclusion: 那得多少钱, "you'd pay".
fn concluded(scan: &Scan<'_>, index: usize) -> bool {
    let rest = scan.clauses.get(index..).unwrap_or_default();
    let within = rest.iter().take_while(|clause| !clause.stops).count();
    rest.iter().take(within + 1).take(SUPPOSED).skip(1).any(|clause| concludes(scan, clause))
}

fn is_short(scan: &Scan<'_>, clause: &Clause) -> bool {
    let text = scan.clause_text(clause);
    text.len() <= if text.is_ascii() { 40 } else { 36 }
}

fn last_is_other(scan: &Scan<'_>, clause: &Clause) -> bool {
    scan.clause_tokens(clause)
        .iter()
        .rev()
        .find(|token| token.is(Cue::Own) || token.is(Cue::Other))
        .is_some_and(|token| token.is(Cue::Other))
}

/// Promises stand whatever the sentence around them supposes: 要是B货我赔十倍.
fn is_promise(kind: ClaimKind) -> bool {
    matches!(kind, ClaimKind::Guarantee)
}

/// Words without which, and without a question mark or something carried over, the seller speaks of the piece.
const VOICES: Cues = Cues::of(&[
    Cue::RhetAsk,
    Cue::Whether,
    Cue::Ask,
    Cue::AskEnd,
    Cue::Say,
    Cue::Hypothetical,
    Cue::Teach,
    Cue::Other,
    Cue::Call,
    Cue::IsWhat,
    Cue::PassOff,
    Cue::NotBeside,
    Cue::Tried,
    Cue::Mostly,
    Cue::Lesson,
    Cue::Only,
    Cue::Counter,
]);

pub(super) fn voice(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    carried: Carried,
    at: usize,
    kind: ClaimKind,
) -> Voice {
    // What was measured is of the piece at hand, whatever was taught before.
    let measured = matches!(kind, ClaimKind::Weight | ClaimKind::Size);
    if !measured && !is_promise(kind) && is_open(scan, clause, at) {
        return Voice::Nothing;
    }
    if !clause.cues.meets(VOICES) && !clause.asks && carried == Carried::default() && !is_of_a_sort(scan, clause, at) {
        return if is_promise(kind) || !supposed(scan, at) { Voice::Says } else { Voice::Nothing };
    }
    // 玻璃有这个光吗: it is no glass.
    if clause.is(Cue::RhetAsk) && (clause.asks || clause.is(Cue::AskEnd)) {
        let before = scan.has_after(clause, at, Cue::RhetAsk);
        return if before { Voice::DeniesByCondition } else { Voice::Says };
    }
    if asked(scan, clause, carried, at) {
        return if is_asked_of(scan, clause, at, kind) { Voice::Nothing } else { Voice::Asks };
    }
    if is_promise(kind) {
        return Voice::Says;
    }
    if supposed(scan, at) || carried.supposes && !clause.is(Cue::Own) && !concludes(scan, clause) {
        return Voice::Nothing;
    }
    if scan.has_before(clause, at, Cue::Say) && !is_subject(scan, clause, at) {
        // "They say it heals" says so all the same, unless the seller will not have it.
        let next = scan.clauses.get(index + 1).filter(|_| !clause.stops);
        let declines = |clause: &Clause| clause.is(Cue::Deny) || clause.is(Cue::Refuse) || clause.is(Cue::NegPost);
        if kind == ClaimKind::BannedPhrase && !declines(clause) && !next.is_some_and(declines) {
            return Voice::Says;
        }
        return Voice::Reports;
    }
    if carried.lesson != 0 && !measured && !clause.is(Cue::Own) && kind != ClaimKind::BannedPhrase {
        return Voice::Nothing;
    }
    if scan.has_before(clause, at, Cue::Hypothetical) {
        let next = scan.clauses.get(index + 1);
        let counter = clause.is(Cue::Counter) || (!clause.stops && next.is_some_and(|next| next.is(Cue::Counter)));
        return if counter { Voice::DeniesByCondition } else { Voice::Nothing };
    }
    if kind == ClaimKind::BannedPhrase {
        return Voice::Says;
    }
    let taught = carried.teaches || carried.lesson != 0 || clause.is(Cue::Lesson);
    if clause.is(Cue::Teach) || (taught && !measured && !clause.is(Cue::Own)) {
        return Voice::Nothing;
    }
    if !measured && of_the_kind(scan, clause) {
        return Voice::Nothing;
    }
    if is_contrary(scan, clause, at) {
        return Voice::DeniesByCondition;
    }
    if of_others(scan, clause, carried, at) {
        return Voice::Nothing;
    }
    if is_of_a_sort(scan, clause, at) || called(scan, clause, at) || told_of_such(scan, clause, at, kind) {
        return Voice::Nothing;
    }
    Voice::Says
}

/// 从来不拿危料当缅料卖, 别拿无烧比, B货敲出来是闷的: of what others do, or of what such things are like.
fn told_of_such(scan: &Scan<'_>, clause: &Clause, at: usize, kind: ClaimKind) -> bool {
    if !clause.cues.meets(TOLD)
        || !matches!(
            kind,
            ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Origin | ClaimKind::Grade | ClaimKind::Fineness
        )
    {
        return false;
    }
    let Some(token) = scan.token(at) else { return false };
    let said = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let rest = rest.strip_prefix('的').unwrap_or(rest);
    let sold = |text: &str| text.contains(['卖', '送', '骗']) || text.contains("冒充");
    let passed = clause.is(Cue::PassOff)
        && (["拿", "把", "用"].iter().any(|by| said.contains(by)) && sold(rest)
            || taken_for(scan, clause).is_some_and(sold));
    let rest_of_price =
        rest.strip_prefix('价').map_or(rest, |rest| rest.trim_start_matches(['格', '钱', '位', '来', '去']));
    let compared = scan.has_before(clause, at, Cue::NotBeside)
        && ["比", "混", "搞混", "一样"].iter().any(|beside| rest_of_price.starts_with(beside));
    // What only a fault is put to, at the head of its clause.
    let tried = clause.is(Cue::Tried)
        && token.start as usize <= clause.start + 3
        && scan.token(at + 1).is_some_and(|next| {
            at + 1 < clause.last && next.is(Cue::Tried) && matches!(scan.between(token, next), "" | "的")
        })
        && is_fault(scan, token);
    passed || compared || tried
}

/// What is done to a stone, or what it is imitated with.
fn is_fault(scan: &Scan<'_>, token: &Token) -> bool {
    token.facts.has(Facts::IMITATION)
        || scan.meanings(token).iter().any(|meaning| {
            meaning.kind == ClaimKind::Treatment
                && !meaning.flags.denies
                && !matches!(meaning.value.as_deref(), Some("untreated" | "natural" | "cultured"))
        })
}

/// 海蓝宝基本都要加热, 贝珠才是染的, "most rubies are heated": of a kind, not of the piece.
fn of_the_kind(scan: &Scan<'_>, clause: &Clause) -> bool {
    let tokens = scan.clause_tokens(clause);
    let named = |cue| {
        clause.is(cue)
            && tokens.iter().take_while(|token| !token.is(cue)).fold(None, |of, token| match of {
                _ if token.is(Cue::Own) => Some(false),
                None if token.facts.has(Facts::MATERIAL) => Some(true),
                of => of,
            }) == Some(true)
    };
    let of_each = tokens
        .iter()
        .any(|token| token.is(Cue::Mostly) && scan.text.get(token.range()).is_some_and(|text| text.ends_with("every")));
    named(Cue::Mostly) && !of_each || named(Cue::Only) || clause.is(Cue::Mostly) && most_of(scan, clause)
}

/// "Most rubies are heated."
fn most_of(scan: &Scan<'_>, clause: &Clause) -> bool {
    let text = scan.clause_text(clause);
    !["this", "these", "here"].iter().any(|own| text.contains(own))
        && scan.clause_tokens(clause).windows(2).any(|pair| {
            matches!(pair, [most, kind] if most.is(Cue::Mostly)
                && kind.facts.has(Facts::MATERIAL)
                && scan.between(most, kind) == " ")
        })
}

/// 是玻璃的我早砸了: a condition without its 要.
fn is_contrary(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let Some(token) = scan.token(at).filter(|_| clause.is(Cue::Counter)) else { return false };
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    opens_with_is(scan, clause, at) && ["我", "的我", "早", "的早"].iter().any(|then| rest.starts_with(then))
}

/// 是B货你拿锤子来, where the clause begins so: what the seller stakes something on.
fn is_wagered(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let Some(token) = scan.token(at).filter(|_| clause.is(Cue::Is) && opens_with_is(scan, clause, at)) else {
        return false;
    };
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let rest = rest.strip_prefix('的').unwrap_or(rest);
    is_fault(scan, token)
        && ["你拿", "你砸", "你来", "我吃", "我把", "我当场", "我直播"].iter().any(|stake| rest.starts_with(stake))
}

/// "An unheated one that size would cost you a car."
fn any_one(scan: &Scan<'_>, clause: &Clause) -> bool {
    if !matches!(scan.text.as_bytes().get(clause.start), Some(b' ' | b'a')) || clause.is(Cue::Own) {
        return false;
    }
    let text = scan.clause_text(clause).trim_start();
    (text.starts_with("a ") || text.starts_with("an ")) && text.contains(" would ")
}

/// Whether 是 before the word is all that the clause has said so far.
fn opens_with_is(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let said = scan.token(at).and_then(|token| scan.text.get(clause.start..token.start as usize));
    said.is_some_and(|said| said.trim_start() == "是")
}

/// Whether the words right beside the claim leave it open: 裂不裂, 是B货你拿锤子来, "an unheated one would".
fn is_open(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let Some(token) = scan.token(at) else { return false };
    let next = scan.text.get(token.end as usize..).and_then(|rest| rest.chars().next());
    let last = scan.text.get(..token.start as usize).and_then(|before| before.chars().next_back());
    let own = scan.text.get(token.range()).and_then(|text| text.chars().next());
    // Few claims have such a neighbour; the others are asked no more.
    let either = matches!(next, Some('不' | '没' | '还' | '的' | '我'))
        || matches!(last, Some('不' | '没' | '是' | '说' | '讲'))
        || matches!(own, Some('不' | '没'));
    either && is_either(scan, clause, token, at) || is_wagered(scan, clause, at) || any_one(scan, clause)
}

/// 裂不裂, 老矿不老矿, 帕敢还是哪个场口: one or the other, which the seller leaves open.
fn is_either(scan: &Scan<'_>, clause: &Clause, token: &Token, at: usize) -> bool {
    let name = bare(scan, token);
    if name.is_empty() || name.is_ascii() {
        return false;
    }
    let before = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let doubled = rest.strip_prefix(['不', '没']).is_some_and(|rest| rest.starts_with(name))
        || before.strip_suffix(['不', '没']).is_some_and(|before| before.ends_with(name))
        || name.strip_prefix(['不', '没']).is_some_and(|name| !name.is_empty() && before.ends_with(name));
    // 若羌的我就说若羌的: so it is done with each.
    let as_it_is = ["的我就说", "我就说", "的我就讲", "我就讲", "的我就写", "的我就标"].iter().any(|named| {
        rest.strip_prefix(named).is_some_and(|rest| rest.starts_with(name))
            || before.strip_suffix(named).is_some_and(|before| before.ends_with(name))
    });
    let unnamed = ["还是哪", "的还是哪", "还是什么", "的还是什么"].iter().any(|or| rest.starts_with(or));
    let beside = |places: std::ops::Range<usize>| scan.tokens.get(places).unwrap_or_default().iter();
    doubled
        || as_it_is
        || unnamed
        || beside(at.saturating_sub(3).max(clause.first)..at).any(|other| are_asked(scan, other, token))
        || beside(at + 1..clause.last.min(at + 4)).any(|other| are_asked(scan, token, other))
}

/// 缅甸的还是巴西的 asks; 足金还是足金 grants it, and 蓝宝还是无烧的 says it of the stone.
fn are_asked(scan: &Scan<'_>, one: &Token, other: &Token) -> bool {
    one.claims
        && other.claims
        && matches!(scan.between(one, other), "还是" | "的还是")
        && bare(scan, one) != bare(scan, other)
        && scan.meanings(one).iter().any(|one| scan.meanings(other).iter().any(|other| other.kind == one.kind))
}

/// The word without its 的.
fn bare<'t>(scan: &Scan<'t>, token: &Token) -> &'t str {
    scan.text.get(token.range()).unwrap_or_default().trim_end_matches('的')
}

/// What stands behind 当黄金, where 当 is followed by the name of a thing.
fn taken_for<'t>(scan: &Scan<'t>, clause: &Clause) -> Option<&'t str> {
    scan.clause_tokens(clause).windows(2).find_map(|pair| match pair {
        [pass, thing] if pass.is(Cue::PassOff) && thing.claims && pass.end == thing.start => {
            scan.text.get(thing.end as usize..clause.end)
        }
        _ => None,
    })
}

const TOLD: Cues = Cues::of(&[Cue::PassOff, Cue::NotBeside, Cue::Tried]);

/// "Everybody thinks it's emerald," 都以为是翡翠: what stands behind is usually not so.
pub(super) fn is_mistaken(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let before = scan.tokens.get(clause.first..at).unwrap_or_default();
    before.iter().any(|token| token.is(Cue::Say) && scan.name(token) == Some("contrary"))
}

/// 有人说这绿松是美国的: what the piece is called by the way.
fn is_subject(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    scan.token(at + 1).is_some_and(|next| at + 1 < clause.last && next.is(Cue::Is)) && is_called(scan, clause, at)
}

/// Whether the word is a material that names this piece, with the next word right behind it.
fn is_called(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let Some(token) = scan.token(at).filter(|token| token.facts.has(Facts::MATERIAL)) else { return false };
    let said = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let joined = scan.token(at + 1).is_some_and(|next| at + 1 < clause.last && next.start == token.end);
    joined
        && ["这", "这个", "这条", "这只", "这颗", "这块", "这串", "我这", "我家", "咱家", "我们家"]
            .iter()
            .any(|this| said.ends_with(this))
}

/// 空心的话我赔你.
fn supposed(scan: &Scan<'_>, at: usize) -> bool {
    scan.token(at).is_some_and(|token| {
        let rest = scan.text.get(token.end as usize..).unwrap_or_default();
        // 不烧是灰的: what it would be else.
        let else_so = || {
            scan.text.get(token.range()).is_some_and(|text| text.starts_with('不'))
                && scan.meanings(token).iter().any(|meaning| meaning.kind == ClaimKind::Treatment)
                && ["是", "就", "会", "哪", "也", "闻", "颜", "没"].iter().any(|then| rest.starts_with(then))
        };
        rest.starts_with("的话")
            || else_so()
            || rest.starts_with('话') && scan.text.get(token.range()).is_some_and(|text| text.ends_with('的'))
    })
}

/// 是A货吗, 有没有证书, "is it natural?".
fn asked(scan: &Scan<'_>, clause: &Clause, carried: Carried, at: usize) -> bool {
    if clause.is(Cue::AssertQuestion) {
        return false;
    }
    // 不是A货是什么 asserts, 南红是什么石头 asks.
    if clause.is(Cue::IsWhat) {
        return !clause.is(Cue::Neg) && scan.has_after(clause, at, Cue::IsWhat);
    }
    // 问这颗红宝是不是莫桑的: what the piece is called by the way.
    if scan.token(at + 1).is_some_and(|next| next.is(Cue::Whether)) && is_called(scan, clause, at) {
        return false;
    }
    let behind = scan.has_before(clause, at, Cue::Whether) || scan.has_before(clause, at, Cue::Ask);
    let ends = clause.is(Cue::AskEnd)
        && scan
            .clause_tokens(clause)
            .iter()
            .skip(at + 1 - clause.first)
            .any(|token| token.is(Cue::AskEnd) && (clause.end - token.end as usize) <= 12);
    let tag =
        clause.asks && scan.clause_tokens(clause).iter().any(|token| at_start(clause, token) && token.is(Cue::Neg));
    behind || ends || (clause.asks && !tag) || carried.asks
}

/// 有人问玫瑰金那一段是不是镀的: what is asked is whether it is plated.
fn is_asked_of(scan: &Scan<'_>, clause: &Clause, at: usize, kind: ClaimKind) -> bool {
    let whether = scan.tokens.get(at + 1..clause.last).unwrap_or_default().iter().find(|token| token.is(Cue::Whether));
    matches!(kind, ClaimKind::Material | ClaimKind::Fineness)
        && scan.has_before(clause, at, Cue::Ask)
        && whether.is_some_and(|token| scan.text.get(token.range()) == Some("是不是") && !ends_after(clause, token))
}

/// Whether nothing but the end of a question follows: 是翡翠是不是.
fn ends_after(clause: &Clause, token: &Token) -> bool {
    clause.end - token.end as usize <= '啊'.len_utf8()
}

fn at_start(clause: &Clause, token: &Token) -> bool {
    token.start as usize <= clause.start + 1
}

fn of_others(scan: &Scan<'_>, clause: &Clause, carried: Carried, at: usize) -> bool {
    let before = scan.tokens.get(clause.first..at).unwrap_or_default();
    let nearest = before.iter().rev().find(|token| token.is(Cue::Other) || token.is(Cue::Own));
    match nearest {
        Some(token) => token.is(Cue::Other),
        None => carried.others && !clause.is(Cue::Own),
    }
}

/// 染过的我们标题会写: what is said of such goods wherever they are sold.
const LABELLED: [&str; 10] = [
    "的我们标题",
    "的我标题",
    "的标题会",
    "的标题里",
    "的标题都会",
    "的我们会",
    "的我们都会",
    "的我会",
    "的我都会",
    "我们标题",
];
/// 塑料你拿火烧一下就知道: how such a thing is told.
const HANDLED: [&str; 10] =
    ["你拿酒精", "你拿火", "你拿打火机", "你拿针", "你拿指甲", "你拿灯", "拿酒精", "拿火", "用酒精", "用火"];

/// 苗银那个是铜镀银, 染过的会发亮: of what is called so, not of the piece.
fn is_of_a_sort(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let words = scan.tokens.get(clause.first..=at).unwrap_or_default().iter().enumerate();
    let opening = words.take_while(|(_, named)| named.start as usize <= clause.start + 6);
    opening.filter(|(_, named)| named.claims).any(|(place, named)| {
        let rest = scan.text.get(named.end as usize..clause.end).unwrap_or_default();
        let begins = |with: &[&str]| with.iter().any(|with| rest.starts_with(with));
        match rest.chars().next() {
            Some('那') => clause.first + place < at && begins(&["那个是", "那种是", "那些是", "那种都是", "那个就是"]),
            Some('就' | '呢' | '指') => is_sort(scan, named) && begins(&["就是", "呢", "指"]),
            Some('是') => {
                is_sort(scan, named)
                    && is_fault(scan, named)
                    && begins(&["是拿", "是用", "是把", "是指", "是经过", "是通过", "是酸", "是先"])
            }
            Some('会' | '的') => (begins(&["会", "的会", "的都会"]) || begins(&LABELLED)) && is_fault(scan, named),
            Some('我' | '标') => begins(&LABELLED) && is_fault(scan, named),
            Some('你' | '拿' | '用') => begins(&HANDLED) && is_fault(scan, named),
            _ => false,
        }
    })
}

/// B货, as the name of a sort.
fn is_sort(scan: &Scan<'_>, named: &Token) -> bool {
    matches!(scan.text.get(named.range()), Some("a货" | "b货" | "c货" | "d货" | "b+c货"))
}

/// 想看证书的扣1, 要蓝珀的扣个蓝字: a call to the viewers.
fn called(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    if !clause.is(Cue::Call) {
        return false;
    }
    let calls = |token: &Token, next: &Token| {
        next.is(Cue::Call) && matches!(scan.between(token, next), "" | "的") && scan.clause_text(clause).ends_with('字')
    };
    scan.token(at).zip(scan.token(at + 1)).is_some_and(|(token, next)| at + 1 < clause.last && calls(token, next))
        || scan.tokens.get(at + 1..clause.last).unwrap_or_default().windows(2).any(|pair| {
            matches!(pair, [call, number] if call.is(Cue::Call)
                && number.number.is_some()
                && number.start <= call.end + 1)
        })
}

/// A short clause that only denies: 都不是, 我们不碰, nonsense.
pub(super) fn only_denies(scan: &Scan<'_>, clause: &Clause) -> bool {
    (clause.is(Cue::Deny) || clause.is(Cue::NegPost)) && !clause.claims && !clause.is(Cue::Numeral) && {
        let text = scan.clause_text(clause);
        let denies = |token: &Token| {
            let said = scan.text.get(token.range()).unwrap_or_default();
            let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
            // 不用挑 denies the choosing; a flaw that cannot be seen is there.
            let of_a_verb = said.starts_with('不') && !rest.chars().all(|c| "的了啊呢呀哈哦嘛吧哟 ".contains(c));
            (token.is(Cue::Deny) || token.is(Cue::NegPost)) && !of_a_verb && !said.contains("看不")
        };
        text.chars().count() <= if text.is_ascii() { 30 } else { 12 } && scan.clause_tokens(clause).iter().any(denies)
    }
}

/// Whether a clause answers yes or no before it says anything else.
pub(super) fn answer(scan: &Scan<'_>, clause: &Clause) -> Option<(bool, usize)> {
    let first = scan.clause_tokens(clause).iter().find(|token| !token.is(Cue::Noise))?;
    if clause.start + 8 < first.start as usize {
        return None;
    }
    let alone = scan.clause_text(clause).chars().count() <= 12 && !clause.claims;
    // 是不是足银，是，九九九的
    let granted = matches!(scan.clause_text(clause).trim(), "是" | "是哈" | "是呢");
    if (first.is(Cue::Yes) || granted) && !clause.asks {
        return Some((true, first.end as usize));
    }
    // 我不评价 answers nothing: 不 belongs to the verb behind it.
    let rest = scan.text.get(first.end as usize..clause.end).unwrap_or_default();
    let of_a_verb = scan.text.get(first.range()) == Some("不")
        && rest.chars().next().is_some_and(|c| !"的啊哦呢哈呀了吧嘛".contains(c));
    (alone && !of_a_verb && (first.is(Cue::Neg) || first.is(Cue::NegPost) || first.is(Cue::Deny)))
        .then_some((false, first.end as usize))
}
