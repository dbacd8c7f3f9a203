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
    /// "Somebody asks," with the question in the next clause.
    asks: bool,
    teaches: bool,
}

/// Words without which a clause leaves nothing over.
pub(super) const CARRIED: Cues = Cues::of(&[Cue::Other, Cue::Ask, Cue::Teach, Cue::IsWhat]);

impl Carried {
    /// What is left over after this clause.
    pub(super) fn after(self, scan: &Scan<'_>, clause: &Clause) -> Self {
        let others = if clause.is(Cue::Own) && !last_is_other(scan, clause) {
            false
        } else {
            // "Not that andesine from the other channel, four carats": the seller is back at the piece.
            clause.is(Cue::Other) && !clause.stops && !(clause.is(Cue::Neg) && clause.claims)
        };
        let bare = !clause.claims;
        Self {
            others,
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
        }
    }
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
]);

pub(super) fn voice(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    carried: Carried,
    at: usize,
    kind: ClaimKind,
) -> Voice {
    if !clause.cues.meets(VOICES) && !clause.asks && carried == Carried::default() && !is_of_a_sort(scan, clause, at) {
        return if is_promise(kind) || !supposed(scan, at) { Voice::Says } else { Voice::Nothing };
    }
    // 玻璃有这个光吗: it is no glass.
    if clause.is(Cue::RhetAsk) && (clause.asks || clause.is(Cue::AskEnd)) {
        let before = scan.has_after(clause, at, Cue::RhetAsk);
        return if before { Voice::DeniesByCondition } else { Voice::Says };
    }
    if asked(scan, clause, carried, at) {
        return Voice::Asks;
    }
    if is_promise(kind) {
        return Voice::Says;
    }
    if supposed(scan, at) {
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
    if scan.has_before(clause, at, Cue::Hypothetical) {
        let next = scan.clauses.get(index + 1);
        let counter = clause.is(Cue::Counter) || (!clause.stops && next.is_some_and(|next| next.is(Cue::Counter)));
        return if counter { Voice::DeniesByCondition } else { Voice::Nothing };
    }
    if kind == ClaimKind::BannedPhrase {
        return Voice::Says;
    }
    // What was measured is of the piece at hand, whatever was taught before.
    let measured = matches!(kind, ClaimKind::Weight | ClaimKind::Size);
    if clause.is(Cue::Teach) || (carried.teaches && !measured && !clause.is(Cue::Own)) {
        return Voice::Nothing;
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
        || !matches!(kind, ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Origin | ClaimKind::Grade)
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
    let compared = scan.has_before(clause, at, Cue::NotBeside)
        && ["比", "混", "搞混", "一样"].iter().any(|beside| rest.starts_with(beside));
    // What only a fault is put to, at the head of its clause.
    let fault = |token: &Token| {
        token.facts.has(Facts::IMITATION)
            || scan.meanings(token).iter().any(|meaning| {
                meaning.kind == ClaimKind::Treatment
                    && !meaning.flags.denies
                    && !matches!(meaning.value.as_deref(), Some("untreated" | "natural" | "cultured"))
            })
    };
    let tried = clause.is(Cue::Tried)
        && token.start as usize <= clause.start + 3
        && scan.token(at + 1).is_some_and(|next| {
            at + 1 < clause.last && next.is(Cue::Tried) && matches!(scan.between(token, next), "" | "的")
        })
        && fault(token);
    passed || compared || tried
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
    let Some(token) = scan.token(at) else { return false };
    let said = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let is = scan.token(at + 1).is_some_and(|next| at + 1 < clause.last && next.is(Cue::Is) && next.start == token.end);
    is && ["这", "这个", "这条", "这只", "这颗", "这块", "这串", "我这"].iter().any(|this| said.ends_with(this))
}

/// 空心的话我赔你.
fn supposed(scan: &Scan<'_>, at: usize) -> bool {
    scan.token(at).is_some_and(|token| {
        let rest = scan.text.get(token.end as usize..).unwrap_or_default();
        rest.starts_with("的话")
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

/// 苗银那个是铜镀银: of what is called so, not of the piece.
fn is_of_a_sort(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let before = scan.tokens.get(clause.first..at).unwrap_or_default().iter();
    before.take_while(|named| named.start as usize <= clause.start + 6).filter(|named| named.claims).any(|named| {
        let rest = scan.text.get(named.end as usize..clause.end).unwrap_or_default();
        ["那个是", "那种是", "那些是", "那种都是", "那个就是"].iter().any(|sort| rest.starts_with(sort))
    })
}

/// 想看证书的扣1: a call to the viewers.
fn called(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    clause.is(Cue::Call)
        && scan.tokens.get(at + 1..clause.last).unwrap_or_default().windows(2).any(|pair| {
            matches!(pair, [call, number] if call.is(Cue::Call)
                && number.number.is_some()
                && number.start <= call.end + 1)
        })
}

/// A short clause that only denies: 都不是, 我们不碰, nonsense.
pub(super) fn only_denies(scan: &Scan<'_>, clause: &Clause) -> bool {
    (clause.is(Cue::Deny) || clause.is(Cue::NegPost)) && !clause.claims && !clause.is(Cue::Numeral) && {
        let text = scan.clause_text(clause);
        text.chars().count() <= if text.is_ascii() { 30 } else { 12 }
    }
}

/// Whether a clause answers yes or no before it says anything else.
pub(super) fn answer(scan: &Scan<'_>, clause: &Clause) -> Option<(bool, usize)> {
    let first = scan.clause_tokens(clause).iter().find(|token| !token.is(Cue::Noise))?;
    if clause.start + 8 < first.start as usize {
        return None;
    }
    let alone = scan.clause_text(clause).chars().count() <= 12 && !clause.claims;
    if first.is(Cue::Yes) && !clause.asks {
        return Some((true, first.end as usize));
    }
    (alone && (first.is(Cue::Neg) || first.is(Cue::NegPost) || first.is(Cue::Deny)))
        .then_some((false, first.end as usize))
}
