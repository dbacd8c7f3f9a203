//! One window of text to mentions: every clause through the rules, then what one clause says of another.

use super::Certainty;
use super::cue::Cue;
use super::discourse::{self, Carried, Voice};
use super::lexicon::Token;
use super::mention::Mention;
use super::polarity;
use super::quantity::{self, Found};
use super::scan::{Clause, Scan};
use super::terms::{self, Heard};
use super::{promise, sound};
use crate::domain::ledger::ClaimKind;

/// How far before and behind a correction, in bytes, the words stand that it corrects and that correct them.
const BEFORE: usize = 42;
const BEHIND: usize = 72;

/// Everything that was said in the window, in the order of the text; and where the seller changed their mind.
#[derive(Debug, Default)]
pub(super) struct Passage {
    pub(super) mentions: Vec<Mention>,
    pub(super) turns: Vec<usize>,
    open: Open,
}

/// What the rules hold while they go from clause to clause.
#[derive(Debug, Default)]
struct Open {
    /// Words that a number used up.
    taken: Vec<bool>,
    /// What the numbers say, what the words, and what only sounds like a word; each in the order of the clauses.
    numbers: Vec<Mention>,
    words: Vec<Heard>,
    sounds: Vec<Heard>,
    /// What was asked in the clause before.
    asked: Vec<Mention>,
    /// What others were said to say in the two before.
    reported: Vec<Mention>,
    /// What others were said to take the piece for.
    believed: Vec<Mention>,
}

/// Fills the passage, of which only the room is kept.
pub(super) fn hear(scan: &Scan<'_>, sounds: &sound::Sounds, passage: &mut Passage) {
    // Each kind of rules goes through the whole window before the next one begins. All of them together are more code
    // than the processor keeps at hand: clause by clause it missed 204,000 lines of code in 63 kB of dense speech, kind
    // by kind it misses 82,000 (cachegrind, 32 KiB).
    read_numbers(scan, &mut passage.open);
    read_words(scan, &passage.open.taken, &mut passage.open.words);
    read_sounds(scan, sounds, &mut passage.open.sounds);
    judge(scan, passage);
    order(&mut passage.mentions);
    correct(scan, &mut passage.mentions);
}

fn read_numbers(scan: &Scan<'_>, open: &mut Open) {
    let Open { taken, numbers, .. } = open;
    taken.clear();
    taken.resize(scan.tokens.len(), false);
    numbers.clear();
    for (index, clause) in scan.clauses.iter().enumerate() {
        let mut found = Found { mentions: numbers, taken };
        if clause.cues.meets(promise::OPENING) {
            promise::read(scan, index, clause, &mut found);
        }
        if clause.cues.meets(quantity::OPENING) {
            quantity::read(scan, index, clause, &mut found);
        }
        for mention in numbers.iter_mut().rev().take_while(|mention| mention.clause == index) {
            let first = scan.tokens.partition_point(|token| (token.start as usize) < mention.start);
            if mention.kind != ClaimKind::Guarantee {
                let polarity = polarity::before(scan, clause, first, mention.start);
                let behind = polarity::behind(scan, clause, first);
                mention.negated ^= polarity.negated || behind.is_some();
                mention.start = polarity.start.unwrap_or(mention.start);
                mention.end = behind.unwrap_or(mention.end).max(mention.end);
                mention.part = terms::part(scan, clause, first.min(scan.tokens.len().saturating_sub(1)));
            }
        }
    }
}

fn read_words(scan: &Scan<'_>, taken: &[bool], words: &mut Vec<Heard>) {
    words.clear();
    for (index, clause) in scan.clauses.iter().enumerate().filter(|(_, clause)| clause.claims) {
        for at in clause.first..clause.last {
            let claims = scan.token(at).is_some_and(|token| token.claims);
            if claims && !taken.get(at).copied().unwrap_or_default() {
                terms::read(scan, index, clause, at, words);
            }
        }
    }
}

fn read_sounds(scan: &Scan<'_>, sounds: &sound::Sounds, heard: &mut Vec<Heard>) {
    heard.clear();
    for (index, clause) in scan.clauses.iter().enumerate() {
        if beside_claims(scan, index) {
            sounds.read(scan, index, clause, heard);
        }
    }
}

/// Goes through all that was heard, clause by clause, and keeps what the seller claims.
fn judge(scan: &Scan<'_>, passage: &mut Passage) {
    passage.mentions.clear();
    passage.turns.clear();
    let Open { numbers, words, sounds, asked, reported, believed, .. } = &mut passage.open;
    for left in [&mut *asked, &mut *reported, &mut *believed] {
        left.clear();
    }
    let (mut numbers, mut words, mut sounds) = (numbers.drain(..), words.drain(..), sounds.drain(..));
    let mut carried = Carried::default();
    for (index, clause) in scan.clauses.iter().enumerate() {
        if !asked.is_empty()
            && let Some((yes, end)) = discourse::answer(scan, clause)
        {
            // 是不是B货，是，A货哈: 是 alone grants no fault.
            let bare = scan.clause_text(clause).trim() == "是";
            let granted = asked.drain(..).filter(|mention| !(bare && is_fault(mention)));
            passage.mentions.extend(granted.map(|mut mention| {
                mention.negated ^= !yes;
                mention.end = end;
                mention.certainty = Certainty::Low;
                mention.strength = 0;
                mention
            }));
        }
        asked.clear();
        for waiting in [&mut *reported, &mut *believed] {
            if !waiting.is_empty() {
                waiting.retain(|mention| index <= mention.clause + 2);
            }
        }
        if discourse::only_denies(scan, clause) || answers_all(scan, clause, reported) {
            believed.clear();
            deny(scan, &mut passage.mentions, reported, index);
        }
        if leaves_open(scan, clause) {
            passage.mentions.retain(|mention| mention.kind != ClaimKind::Origin || index > mention.clause + 2);
        }
        let of_this = |mention: &Mention| mention.clause <= index;
        let mut next = || {
            if numbers.as_slice().first().is_some_and(of_this) {
                let mention = numbers.next()?;
                let at = scan.tokens.partition_point(|token| (token.start as usize) < mention.start);
                let at = at.clamp(clause.first, clause.last.max(clause.first + 1) - 1);
                return Some(Heard { mention, at, refused: false });
            }
            if words.as_slice().first().is_some_and(|heard| of_this(&heard.mention)) {
                return words.next();
            }
            sounds.as_slice().first().filter(|heard| of_this(&heard.mention))?;
            sounds.next()
        };
        while let Some(Heard { mut mention, at, refused }) = next() {
            // What a piece does not weigh is no claim: 是5G工艺，不是5克.
            if mention.negated && matches!(mention.kind, ClaimKind::Weight | ClaimKind::Size) {
                continue;
            }
            if refused {
                if is_denied_after_all(scan, clause, &mention) {
                    passage.mentions.push(Mention { negated: true, certainty: Certainty::Low, ..mention });
                }
                continue;
            }
            match discourse::voice(scan, index, clause, carried, at, mention.kind) {
                // 有胶你来找我, 不是A货我赔你: what is vowed not to be.
                Voice::Says
                    if (is_fault(&mention) || denies_worth(scan, clause, &mention))
                        && (vows(scan, clause, at) || scan.has_after(clause, at, Cue::FakePay)) => {}
                Voice::Says => {
                    // 不带金线的在三号链接: of another piece, which takes nothing back.
                    if mention.negated {
                        let behind = scan.text.get(mention.end..).unwrap_or_default();
                        mention.apart |= behind.starts_with("的在") || behind.starts_with("在");
                    }
                    if mention.kind == ClaimKind::Material && !mention.negated && 0 < mention.strength {
                        let other = |taken: &mut Mention| taken.value != mention.value;
                        passage.mentions.extend(believed.extract_if(.., other));
                        believed.clear();
                    }
                    passage.mentions.push(mention);
                }
                Voice::Asks => asked.push(mention),
                Voice::Reports => {
                    mention.negated = !mention.negated;
                    if mention.kind == ClaimKind::Material
                        && mention.negated
                        && discourse::is_mistaken(scan, clause, at)
                    {
                        believed.push(Mention { certainty: Certainty::Low, ..mention.clone() });
                    }
                    if clause.is(Cue::Deny) && scan.has_after(clause, at, Cue::Deny) {
                        passage.mentions.push(mention);
                    } else {
                        // One viewer after the other: all of them wait for the same answer.
                        if reported.last().is_some_and(|last| last.clause + 1 == mention.clause) {
                            reported.iter_mut().for_each(|other| other.clause = mention.clause);
                        }
                        reported.push(mention);
                    }
                }
                Voice::DeniesByCondition => {
                    if matches!(mention.kind, ClaimKind::Material | ClaimKind::Treatment) && !mention.negated {
                        mention.negated = true;
                        mention.certainty = Certainty::Low;
                        passage.mentions.push(mention);
                    }
                }
                Voice::Nothing => {}
            }
        }
        if clause.is(Cue::Turn) {
            passage.turns.push(clause.start);
        }
        let leaves = clause.cues.meets(discourse::CARRIED) || carried.goes_on();
        carried = if leaves { carried.after(scan, index, clause) } else { Carried::default() };
    }
}

/// Puts the mentions in the order of the text. They nearly are, so that each has but a few places to go.
fn order(mentions: &mut [Mention]) {
    for last in 1..mentions.len() {
        let Some((mention, before)) = mentions.get(..=last).and_then(<[_]>::split_last) else { return };
        let place = (mention.start, mention.end);
        let moves = before.iter().rev().take_while(|other| place < (other.start, other.end)).count();
        if let Some(behind) = mentions.get_mut(last - moves..=last).filter(|_| 0 < moves) {
            behind.rotate_right(1);
        }
    }
}

/// Whether the clause, or one of the two before or behind it, claims something.
fn beside_claims(scan: &Scan<'_>, index: usize) -> bool {
    let near = index.saturating_sub(2)..scan.clauses.len().min(index + 3);
    scan.clauses.get(near).is_some_and(|clauses| clauses.iter().any(|clause| clause.claims))
}

/// "I won't call it jade because it isn't."
fn is_denied_after_all(scan: &Scan<'_>, clause: &Clause, mention: &Mention) -> bool {
    let behind = scan.text.get(mention.end..clause.end).unwrap_or_default();
    !mention.negated
        && [
            "because it isn't",
            "because it ain't",
            "because it's not",
            "because they aren't",
            "because they're not",
            "因为它不是",
            "因为不是",
        ]
        .iter()
        .any(|because| behind.contains(because))
}

/// "From Brazil, I think, or Madagascar, I'm not sure": a clause that says no more than that.
fn leaves_open(scan: &Scan<'_>, clause: &Clause) -> bool {
    clause.is(Cue::Refuse) && !clause.claims && {
        let text = scan.clause_text(clause);
        text.len() <= 24
            && [
                "not sure",
                "not certain",
                "不清楚",
                "不确定",
                "说不准",
                "拿不准",
                "说不好",
                "can't prove",
                "cannot prove",
                "证明不了",
            ]
            .iter()
            .any(|open| text.contains(open))
    }
}

/// A clause that only denies turns what the clauses before reported, or named, into denials.
fn deny(scan: &Scan<'_>, said: &mut Vec<Mention>, reported: &mut Vec<Mention>, index: usize) {
    if !reported.is_empty() {
        said.append(reported);
        return;
    }
    let own = scan.clauses.get(index).is_some_and(|clause| clause.is(Cue::NegPost) && is_refusal(scan, clause));
    for mention in said.iter_mut().rev().take_while(|mention| index <= mention.clause + 2) {
        let near = mention.clause + 1 == index || own && mention.clause + 2 == index && faults_between(scan, mention);
        let listed = own
            && mention.kind == ClaimKind::Material
            && !is_faulted(scan, mention)
            && (is_only_named(scan, mention, index) || near && is_defined(scan, mention));
        mention.negated |= near && is_fault(mention) || !mention.negated && listed;
    }
}

/// 咱家绝对没有, 我们从来不做: who says so speaks of what the house does not sell.
fn is_refusal(scan: &Scan<'_>, clause: &Clause) -> bool {
    let text = scan.clause_text(clause);
    clause.is(Cue::Own)
        || ["我们", "咱", "我家", "我这", "本店", "一律", "统统", "通通", "全都", "一概", "绝对", "从来"]
            .iter()
            .any(|all| text.starts_with(all))
}

/// 再生的绿松石: what is refused is that it was made up again, not the stone.
fn is_faulted(scan: &Scan<'_>, mention: &Mention) -> bool {
    scan.clauses.get(mention.clause).is_some_and(|clause| {
        scan.clause_tokens(clause).iter().any(|token| {
            token.end as usize <= mention.start
                && mention.start <= token.end as usize + '的'.len_utf8()
                && scan.meanings(token).iter().any(|meaning| meaning.kind == ClaimKind::Treatment)
        })
    })
}

/// 马来玉就是染绿的石英岩: of a thing in general, that opens the clause.
fn is_defined(scan: &Scan<'_>, mention: &Mention) -> bool {
    scan.clauses.get(mention.clause).is_some_and(|clause| {
        let behind = scan.text.get(mention.end..clause.end).unwrap_or_default();
        mention.start <= clause.start + 3 && ["就是", "是", "其实就是", "都是"].iter().any(|is| behind.starts_with(is))
    })
}

/// Whether the clause of the mention, and those up to the denial, name things and say nothing of them: 沙金的、铜镀金的.
fn is_only_named(scan: &Scan<'_>, mention: &Mention, index: usize) -> bool {
    (mention.clause..index).all(|at| {
        scan.clauses.get(at).is_some_and(|clause| {
            let rest = scan.tokens.iter().take(clause.last).skip(clause.first).fold(
                scan.clause_text(clause).chars().count(),
                |rest, token| {
                    if token.claims {
                        rest.saturating_sub(scan.text.get(token.range()).map_or(0, |text| text.chars().count()))
                    } else {
                        rest
                    }
                },
            );
            clause.claims && !clause.stops && rest <= 1
        })
    })
}

/// 再生压出来的那种，粉末压的，我们不做: the clause between names one more fault of the kind, or nothing.
fn faults_between(scan: &Scan<'_>, mention: &Mention) -> bool {
    let clauses = scan.clauses.get(mention.clause..=mention.clause + 1).unwrap_or_default();
    let fault = |token: &Token| {
        scan.meanings(token).iter().all(|meaning| match meaning.kind {
            ClaimKind::Material => true,
            ClaimKind::Treatment => {
                !meaning.flags.denies && !matches!(meaning.value.as_deref(), Some("untreated" | "natural"))
            }
            ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Grade
            | ClaimKind::Origin
            | ClaimKind::Certificate
            | ClaimKind::Guarantee
            | ClaimKind::BannedPhrase => false,
        })
    };
    clauses.iter().all(|clause| {
        !clause.stops
            && !clause.is(Cue::Own)
            && scan.clause_tokens(clause).iter().filter(|token| token.claims).all(fault)
    })
}

/// 不是A货, where the clause begins so: the condition of a vow.
fn denies_worth(scan: &Scan<'_>, clause: &Clause, mention: &Mention) -> bool {
    mention.negated
        && mention.start <= clause.start + 12
        && scan.text.get(mention.start..).is_some_and(|text| text.starts_with("不是") || text.starts_with("不对"))
        && match mention.kind {
            ClaimKind::Material | ClaimKind::Origin | ClaimKind::Fineness => true,
            ClaimKind::Treatment => matches!(&*mention.value, "untreated" | "natural"),
            ClaimKind::Guarantee => &*mention.value == "authentic",
            ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Grade
            | ClaimKind::Certificate
            | ClaimKind::BannedPhrase => false,
        }
}

/// What no seller boasts of.
fn is_fault(mention: &Mention) -> bool {
    !mention.negated
        && match mention.kind {
            ClaimKind::Treatment => !matches!(&*mention.value, "untreated" | "natural"),
            ClaimKind::Grade => matches!(&*mention.value, "crack" | "cotton_inclusions" | "minor_blemish"),
            ClaimKind::Material
            | ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Origin
            | ClaimKind::Certificate
            | ClaimKind::Guarantee
            | ClaimKind::BannedPhrase => false,
        }
}

/// Whether a vow follows. 有一条小裂我给你们看 is none.
fn vows(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let shows = |token: &Token| {
        let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
        let rest = rest.strip_prefix('们').unwrap_or(rest);
        scan.text.get(token.range()) == Some("我给你")
            && !clause.is(Cue::Neg)
            && (rest.starts_with(['看', '指', '拍', '照', '讲', '说'])
                || rest.starts_with("转过来")
                || rest.starts_with("转一圈"))
            && !rest.chars().take(3).any(|c| "赔退倍".contains(c))
    };
    let behind = || scan.tokens.get(at + 1..clause.last).unwrap_or_default().iter();
    clause.is(Cue::Vow) && behind().any(|token| token.is(Cue::Vow) && !shows(token))
}

/// Whether the clause is a word that denies all that viewers were said to say.
fn answers_all(scan: &Scan<'_>, clause: &Clause, reported: &[Mention]) -> bool {
    let text = scan.clause_text(clause).trim();
    // 有人说要18K的，都没有: sold out.
    let of_what_was_done = || reported.iter().all(|mention| mention.kind == ClaimKind::Treatment);
    !reported.is_empty()
        && (matches!(
            text,
            "不是"
                | "不"
                | "no"
                | "不是啊"
                | "不是哈"
                | "不是哦"
                | "都不是"
                | "全不是"
                | "都不是啊"
                | "都不是的"
                | "全都不是"
        ) || matches!(text, "都没有" | "全没有") && of_what_was_done())
}

/// 58克，不对，是56克: only what stands after the correction was claimed.
fn correct(scan: &Scan<'_>, mentions: &mut Vec<Mention>) {
    if mentions.is_empty() {
        return;
    }
    let mut dropped = vec![false; mentions.len()];
    for (index, clause) in scan.clauses.iter().enumerate() {
        // 无核？不是 answers, 有人说是墨西哥的，不是啊 denies.
        let before = index.checked_sub(1).and_then(|before| scan.clauses.get(before));
        let asked = before.is_some_and(|before| before.asks);
        let told = before.is_some_and(|before| before.is(Cue::Say) || before.is(Cue::Ask));
        let bare = if may_take_back(scan, clause) {
            bare_denial(scan, clause).filter(|_| !told).or_else(|| second_thought(scan, clause))
        } else {
            None
        };
        if !clause.is(Cue::Correct) && bare.is_none() {
            continue;
        }
        let tokens = scan.clause_tokens(clause).iter().filter(|token| token.is(Cue::Correct));
        let tokens = tokens.filter(|token| !denies_as_well(scan, clause, token));
        let places = tokens.map(|token| (token.start as usize, token.end as usize)).chain(bare);
        for (start, end) in places.collect::<Vec<_>>() {
            let split = mentions.partition_point(|mention| mention.start < start);
            let behind: Vec<_> = mentions
                .iter()
                .skip(split)
                .take_while(|mention| mention.start <= end + BEHIND)
                .map(|mention| (mention.clause, mention.kind, mention.unit))
                .collect();
            let Some((first, ..)) = behind.first() else { continue };
            // A figure corrects a figure; a name may take the next clause along.
            let figure = behind.first().is_some_and(|(_, kind, _)| is_figure(*kind));
            let reach = if figure { *first } else { first + 1 };
            // 说错了不是春带彩 takes back that one word.
            let taken_back = mentions.get(split).filter(|mention| mention.negated).map(|mention| mention.value.clone());
            let kinds: Vec<_> = behind.iter().filter(|(at, ..)| *at <= reach).map(|(_, kind, _)| *kind).collect();
            let metal = |kind| matches!(kind, ClaimKind::Material | ClaimKind::Fineness);
            let repays = mentions.get(split).is_some_and(is_repayment);
            let last = mentions.get(split.wrapping_sub(1)).map(|mention| mention.clause);
            for (mention, dropped) in mentions.iter().zip(&mut dropped).take(split).rev().take(6) {
                if mention.end + BEFORE < start || last.is_some_and(|last| mention.clause + 1 < last) {
                    break;
                }
                if asked && mention.clause + 1 < index {
                    break;
                }
                // Promises are added to each other, seldom corrected.
                let paper = behind.first().is_some_and(|(_, kind, _)| *kind == ClaimKind::Certificate);
                if matches!(mention.kind, ClaimKind::Guarantee | ClaimKind::BannedPhrase | ClaimKind::Certificate)
                    && !(repays && is_repayment(mention))
                    && !(paper && mention.kind == ClaimKind::Certificate)
                {
                    continue;
                }
                // A ring size takes back no millimetres.
                let other_measure = mention.kind == ClaimKind::Size
                    && behind
                        .iter()
                        .all(|(_, kind, unit)| *kind != ClaimKind::Size || unit.is_none() != mention.unit.is_none());
                let same = kinds.contains(&mention.kind) && !other_measure
                    || metal(mention.kind) && kinds.iter().any(|kind| metal(*kind)) && last == Some(mention.clause);
                let meant = taken_back.as_ref().is_none_or(|value| *value == mention.value);
                *dropped |= same && meant && mention.end <= start + 3;
            }
        }
    }
    let mut at = 0;
    mentions.retain(|_| {
        at += 1;
        !dropped.get(at - 1).copied().unwrap_or_default()
    });
}

/// 是真钻啊不是莫桑石, 缅甸的啊不是巴西的: said firmly, it denies the next word. Else it takes back what stands before: a figure
/// (五十八克啊不是五十六克), or a slip (F色啊不是G色).
pub(super) fn denies_as_well(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let said = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
    let rest = scan.text.get(token.end as usize..clause.end).unwrap_or_default();
    let told = |other: &Token| other.end <= token.start && (other.claims || other.number.is_some());
    let figure = || rest.chars().take(6).any(is_numeral) && !rest.chars().take(6).any(|c| c == 'k');
    let firm = || said.ends_with('的') || !figure() && (said.contains('是') || said.contains('真'));
    // 放心啊不是染色的 takes nothing back.
    let waits = ["等一下", "看一下", "我看", "稍等"].iter().any(|wait| said.contains(wait));
    let vows = ["赔", "退", "包", "所有", "那个", "链接"].iter().any(|vow| rest.contains(vow));
    let bare = || !waits && !vows && !scan.clause_tokens(clause).iter().any(told);
    token.is(Cue::Neg) && clause.start < token.start as usize && !rest.is_empty() && (bare() || firm())
}

fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || "零一二三四五六七八九十两百半".contains(c)
}

/// 假一赔三.
fn is_repayment(mention: &Mention) -> bool {
    mention.kind == ClaimKind::Guarantee && mention.value.starts_with("fake_pay_")
}

fn is_figure(kind: ClaimKind) -> bool {
    matches!(kind, ClaimKind::Weight | ClaimKind::Size)
}

/// Whether the clause begins as [`bare_denial`] and [`second_thought`] ask; few do.
fn may_take_back(scan: &Scan<'_>, clause: &Clause) -> bool {
    let first = scan.clause_text(clause).chars().next();
    first.is_some_and(|c| matches!(c, '不' | '哦' | '噢' | '呃' | '啊' | '哎' | 'n' | 'o') || c.is_whitespace())
}

/// 十四K，哦十八K: a figure that comes with an interjection.
fn second_thought(scan: &Scan<'_>, clause: &Clause) -> Option<(usize, usize)> {
    let said = ["哦", "噢", "呃不", "啊不"].into_iter().find(|said| scan.clause_text(clause).starts_with(said))?;
    let end = clause.start + said.len();
    let figure = scan.clause_tokens(clause).iter().find(|token| token.number.is_some())?;
    let asked = clause.asks || end + 3 < figure.start as usize;
    (!asked).then_some((clause.start, end))
}

/// A clause that says no more than 不是, 不 or "no".
fn bare_denial(scan: &Scan<'_>, clause: &Clause) -> Option<(usize, usize)> {
    let text = scan.clause_text(clause);
    if 12 < text.len() {
        return None;
    }
    let bare = matches!(
        text.trim(),
        "不是" | "不" | "哦不" | "no" | "不是啊" | "不是哈" | "不是哦" | "哎" | "哎呀" | "哎哟" | "oh"
    );
    bare.then_some((clause.start, clause.end))
}
