//! Whether a word is said or denied: 不是镀金, 没有一条B货, 染色的也不碰, not plated or filled.

use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::lexicon::{Denial, Token};
use super::passage;
use super::scan::{Clause, Scan};
use crate::domain::ledger::ClaimKind;

/// What the words around a claim do to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Polarity {
    pub(super) negated: bool,
    /// The seller declines to claim it.
    pub(super) refused: bool,
    /// Where the denial begins, if it stands before.
    pub(super) start: Option<usize>,
    /// Where it ends, if it stands behind.
    pub(super) end: Option<usize>,
    /// Said with 真, 都是, genuine.
    pub(super) strength: u8,
}

const STEPS: usize = 10;
/// Denials that may end a clause.
const ENDS: [&str; 18] = [
    "不是",
    "没有",
    "谈不上",
    "算不上",
    "称不上",
    "够不上",
    "达不到",
    "到不了",
    "没做",
    "没做过",
    "没有做",
    "没有做过",
    "没带",
    "没有带",
    "没配",
    "没附",
    "没到",
    "没达到",
];
/// The same behind 都, as in 一丝裂都找不到; without it, what is not to be found is rare.
const UNFOUND: [&str; 5] = ["找不到", "看不到", "看不见", "瞧不见", "摸不到"];
/// What a clause ends with that leaves open what it names.
const UNKNOWN: [&str; 8] = ["不清楚", "不确定", "不好说", "说不好", "说不准", "拿不准", "没测过", "看不出来"];
/// Words without which nothing is denied, declined or made stronger.
const TURNS: Cues =
    Cues::of(&[Cue::Neg, Cue::NegPost, Cue::AssertQuestion, Cue::Is, Cue::Strong, Cue::Refuse, Cue::LeftOpen]);
const LINKS: Cues = Cues::of(&[Cue::Join]);

/// Reads the polarity of the claim at `at`, of the given kind; `denies` says that the word itself is a denial.
pub(super) fn of(scan: &Scan<'_>, clause: &Clause, at: usize, kind: ClaimKind, denies: bool) -> Polarity {
    let mut polarity = Polarity::default();
    let Some(head) = scan.token(at) else { return polarity };
    let said_true = || scan.text.get(head.range()).is_some_and(|text| text.starts_with('真'));
    if let Some(of_the_piece) = unrelated(scan, clause, head) {
        let end = of_the_piece.then_some(clause.end);
        return Polarity { negated: of_the_piece, refused: !of_the_piece, end, ..polarity };
    }
    if let Some(end) = kept_out(scan, clause, head) {
        return Polarity { negated: true, end: Some(end), ..polarity };
    }
    if !clause.cues.meets(TURNS) {
        polarity.strength = if said_true() { 2 } else { 0 };
        return polarity;
    }
    let mut denials = 0;
    // The last word that belongs to the claim or to a denial of it.
    let mut right = head;
    for (place, token) in (clause.first..at).rev().take(STEPS).filter_map(|place| Some((place, scan.token(place)?))) {
        scan.looked(1);
        let gap = head.start.saturating_sub(token.end);
        let ascii = || scan.text.get(token.end as usize..head.end as usize).is_some_and(str::is_ascii);
        if 27 < gap && (34 < gap || !ascii()) {
            break;
        }
        if token.is(Cue::AssertQuestion) {
            denials = 0;
            polarity.strength = polarity.strength.max(1);
            break;
        }
        if token.is(Cue::Correct) && !passage::denies_as_well(scan, clause, token) {
            break;
        }
        if token.is(Cue::Neg) || token.is(Cue::NegPost) {
            // 没漂没染 denies twice; 不是那种无烧的 denies a denial.
            if denies && !denies_the_denial(scan.between(token, right)) {
                break;
            }
            if is_of_telling(scan, token) && !tells(scan.between(token, head)) {
                polarity.refused = true;
                break;
            }
            if !reaches(scan, clause, token, right, kind) || 0 < denials && !doubles(scan, token, right) {
                if denials == 0 && token.is(Cue::NegPost) {
                    break;
                }
                continue;
            }
            // 我不敢讲没有裂 says neither.
            // 专家都不敢说它不是缅甸的 says that it is.
            let by = scan.text.get(clause.start..token.start as usize).unwrap_or_default();
            let experts = || ["专家", "机构", "检测", "鉴定", "老师傅"].iter().any(|expert| by.contains(expert));
            polarity.refused |= 0 < denials
                && (is_flaw(scan, head) || !experts())
                && scan.word(token).is_some_and(|word| word.denial == Denial::Refusing);
            denials += 1;
            polarity.start = Some(token.start as usize);
            right = token;
            continue;
        }
        if token.is(Cue::But) {
            break;
        }
        if token.is(Cue::Is) && denials == 0 {
            let strong = scan.name(token) == Some("strong");
            if scan.between(token, head).chars().count() <= 4 {
                polarity.strength = polarity.strength.max(1 + u8::from(strong));
            }
            // 'Who said it's glass' denies past the 'is', and so does 'I wouldn't say it's'.
            if let Some(before) =
                scan.before(place).filter(|before| clause.first < place && denies_a_saying(scan, before))
            {
                denials += 1;
                polarity.start = Some(before.start as usize);
            }
            break;
        }
        if token.is(Cue::Strong) && denials == 0 && scan.between(token, head).len() <= 6 {
            polarity.strength = 2;
            continue;
        }
        // 不是白色K金: the colour stands between and claims nothing by itself.
        if token.claims && scan.meanings(token).iter().all(|meaning| meaning.flags.tint || meaning.flags.said) {
            right = token;
            continue;
        }
        if token.claims && denials == 0 {
            // A denial passes over a like claim before this one: 没有注胶染色, no heat or oil.
            // A place also takes the denial of the word before it: "it isn't the natural Dominican blue".
            let alike = scan.meanings(token).iter().any(|meaning| meaning.kind == kind) || kind == ClaimKind::Origin;
            // 无填充有烧 denies the first and says the second.
            let own = scan.text.get(head.range()).is_some_and(|text| text.starts_with('有'));
            let listed = !own && (linked(scan, token, right) || kind == ClaimKind::BannedPhrase);
            // 没有注胶 A货: who denies a fault does not deny the worth named next.
            if denies || !alike || !listed || is_worth(scan, head) && !is_worth(scan, token) {
                break;
            }
            right = token;
            continue;
        }
        if token.cues.meets(LINKS) && denials == 0 {
            right = token;
        }
        if 0 < denials && token.claims {
            break;
        }
    }
    // 这不是A货是什么 asserts.
    polarity.negated = denials % 2 == 1 && !scan.has_after(clause, at, Cue::IsWhat);
    if said_true() {
        polarity.strength = 2;
    }
    polarity.refused |= refused(scan, clause, at);
    if denials == 0
        && !polarity.refused
        && let Some(end) = behind(scan, clause, at)
        && !(kind == ClaimKind::Material && only_has_none(scan, end))
    {
        polarity.negated = true;
        polarity.end = Some(end);
    }
    polarity
}

/// 阿卡有白芯，沙丁没有: what it has not, not what it is not; of a house that has none of it, it is denied.
fn only_has_none(scan: &Scan<'_>, end: usize) -> bool {
    let text = scan.text.get(..end).unwrap_or_default();
    let own = ["我都没有", "我没有", "家没有", "这些都没有", "这些我都没有"];
    if !text.ends_with("没有") || own.iter().any(|own| text.ends_with(own)) {
        return false;
    }
    let before = text.char_indices().nth_back(24).and_then(|(at, _)| text.get(at..)).unwrap_or(text);
    // 全是淡水珠，海水的没有; 海水的没有了 is sold out.
    let all = ["全是", "全都是", "只做", "只卖"].iter().any(|all| before.contains(all));
    !all || scan.text.get(end..).is_some_and(|rest| rest.starts_with('了'))
}

/// What keeps a fault out of a house or a piece, behind its name.
const KEPT_OUT: [&str; 23] = [
    "没有掺",
    "没掺",
    "没有加",
    "没加",
    "没有混",
    "没混",
    "没放",
    "没用",
    "没有用",
    "没有",
    "没得",
    "不进门",
    "不进货",
    "不进",
    "不收",
    "不卖",
    "不碰",
    "不拿",
    "找不出",
    "找不着",
    "找不到",
    "寻不着",
    "挑不出",
];

/// 镍也没有掺, B货一只也找不出来: where the clause ends that says so of a fault.
fn kept_out(scan: &Scan<'_>, clause: &Clause, head: &Token) -> Option<usize> {
    let rest = scan.text.get(head.end as usize..clause.end).unwrap_or_default();
    let denial = rest.trim_start_matches(|c: char| {
        "的是也都更绝对可在我这儿里一点丝只个半条件颗们咱家从来根本压同样统全".contains(c)
    });
    let over = |behind: &str| behind.chars().all(|c| "的了啊呢哈哦过进去来".contains(c));
    // 合金的都没有了: sold out.
    let sold = denial.starts_with("没有了") || denial.starts_with("没得了");
    let kept = || !sold && KEPT_OUT.iter().any(|kept| denial.strip_prefix(kept).is_some_and(over));
    // Directly behind it, the words for denials tell.
    (denial.len() < rest.len() && rest.len() <= 48 && !clause.asks && kept() && is_flaw(scan, head))
        .then_some(clause.end)
}

/// What may have nothing to do with a word and yet tells nothing of the piece: 今天金价跌了跟黄金没关系.
const ASIDE: [&str; 18] = [
    "价", "价格", "费", "问题", "事", "影响", "掉色", "变色", "褪色", "发黑", "过敏", "高低", "裂", "纹", "棉", "了",
    "贵", "便宜",
];

/// 跟黄金没有关系: whether it is the piece of which the clause says so; none where it does not.
fn unrelated(scan: &Scan<'_>, clause: &Clause, head: &Token) -> Option<bool> {
    let said = scan.text.get(clause.start..head.start as usize).unwrap_or_default();
    let subject = said.strip_suffix(['跟', '和', '与', '同'])?.trim();
    let rest = scan.text.get(head.end as usize..clause.end).unwrap_or_default();
    let relation = rest.trim_start_matches(|c: char| "的也都可是完全毫没无有任何什么半毛钱点一丝".contains(c));
    let denied = relation.len() < rest.len() && rest.contains(['没', '无']);
    let aside = ASIDE.iter().any(|aside| subject.ends_with(aside)) || subject.starts_with("谁说");
    (relation.starts_with("关系") && denied).then_some(!aside)
}

/// A货, 天然.
fn is_worth(scan: &Scan<'_>, token: &Token) -> bool {
    scan.meanings(token).iter().any(|meaning| {
        meaning.kind == ClaimKind::Treatment && matches!(meaning.value.as_deref(), Some("untreated" | "natural"))
    })
}

fn denies_a_saying(scan: &Scan<'_>, token: &Token) -> bool {
    token.is(Cue::Neg)
        && scan.word(token).is_some_and(|word| matches!(word.denial, Denial::Rhetorical | Denial::Refusing))
}

/// Whether the text between two claims only lists them.
fn linked(scan: &Scan<'_>, left: &Token, right: &Token) -> bool {
    let between = scan.between(left, right);
    matches!(between, "" | " " | "的" | "、" | ", " | " or " | " nor " | " and ") || between.chars().count() <= 1
}

/// Whether a denial that stands so far before a word such as 无烧 takes it back.
fn denies_the_denial(between: &str) -> bool {
    between.is_ascii() || matches!(between, "说" | "真" | "全" | "什么" | "那种" | "那个" | "所谓的" | "真的" | "完全")
}

/// Whether one denial denies another: 没有一颗不是. The same word said twice, as in 没压过没烤过, only denies two things.
fn doubles(scan: &Scan<'_>, outer: &Token, inner: &Token) -> bool {
    let between = scan.between(outer, inner);
    let joined = between.is_empty() || matches!(between, "说" | "人" | "谁" | "有");
    let counted = between.chars().count() <= 3 && between.starts_with(['一', '哪', '半', '任']);
    let said = |token: &Token| scan.text.get(token.range());
    // "No, it's not amber" denies once, and says so.
    said(outer) != Some("no")
        && said(outer) != said(inner)
        && (joined || counted || between.is_ascii() && between.len() <= 12)
}

/// Whether a denial reaches the word: 不 alone denies only what it touches.
fn reaches(scan: &Scan<'_>, clause: &Clause, denial: &Token, claim: &Token, kind: ClaimKind) -> bool {
    let between = scan.between(denial, claim).chars().count();
    let word = scan.word(denial);
    let short = scan.text.get(denial.range()).is_some_and(|text| text.chars().count() == 1 && !text.is_ascii());
    match word.map(|word| word.denial).unwrap_or_default() {
        Denial::Plain
            if matches!(scan.between(denial, claim).trim(), "you" | "you a" | "you any" | "any" | "a" | "an") =>
        {
            true
        }
        Denial::Plain => {
            let service = matches!(kind, ClaimKind::Guarantee | ClaimKind::Certificate);
            between <= if service { 5 } else { 1 }
        }
        Denial::Firm if denial.is(Cue::NegPost) && !denial.is(Cue::Neg) => between <= 2,
        // 未镶嵌翡翠 denies the setting, not the jade.
        Denial::Firm if short => between <= 3,
        // "If the size isn't right you've got thirty days": the denial is of the condition.
        Denial::Firm if kind == ClaimKind::Guarantee && is_condition(scan, clause, denial) => between <= 1,
        Denial::Firm | Denial::Refusing | Denial::Rhetorical => true,
    }
}

/// "Don't go telling …", "who is saying …".
fn is_of_telling(scan: &Scan<'_>, denial: &Token) -> bool {
    let said = scan.text.get(denial.range()).unwrap_or_default();
    scan.word(denial).is_some_and(|word| word.denial == Denial::Rhetorical)
        && (said.starts_with("don't ") || said.starts_with("who"))
}

/// "Your sister they're": what is told is that something is something, and not what somebody does.
fn tells(between: &str) -> bool {
    let is = ["'re ", "'s ", " is ", " are "].iter().any(|is| between.contains(is));
    let does =
        [" i ", " we ", " you ", " want", " about ", " how ", " where "].iter().any(|does| between.contains(does));
    between == " " || is && !does
}

fn is_condition(scan: &Scan<'_>, clause: &Clause, denial: &Token) -> bool {
    let supposes = |token: &&Token| {
        token.is(Cue::Hypothetical) || scan.text.get(token.range()).is_some_and(|text| text.starts_with("if "))
    };
    let opening = scan.clause_tokens(clause).iter().take_while(|token| token.start <= denial.start).find(supposes);
    opening.is_some_and(|opening| {
        let said = scan.text.get(opening.start as usize..denial.start as usize).unwrap_or_default();
        // "If it's faulty we do not …": what is denied follows from the condition.
        ![" we", " i ", " i'"].iter().any(|house| said.contains(house))
            && !scan.text.get(denial.range()).is_some_and(|text| text.starts_with("we") || text.starts_with("i "))
    })
}

/// The end of a denial behind the claim, with no other claim after it: 染色的也不碰.
pub(super) fn behind(scan: &Scan<'_>, clause: &Clause, at: usize) -> Option<usize> {
    let head = scan.token(at)?;
    let rest = scan.tokens.get(at + 1..clause.last)?;
    if clause.is(Cue::Neg)
        && let Some(end) = ends_denied(scan, clause, head, rest)
    {
        return Some(end);
    }
    if !clause.is(Cue::NegPost) {
        return None;
    }
    let mut right = head;
    for (ahead, token) in rest.iter().enumerate().take(STEPS) {
        if token.is(Cue::NegPost) {
            if goes_on(scan, token) || is_kept(scan, clause, token) {
                return None;
            }
            let alone = rest.get(ahead + 1..)?.iter().take(STEPS).all(|after| !after.claims && after.number.is_none());
            return (alone && scan.between(head, token).chars().count() <= 10).then_some(token.end as usize);
        }
        if token.claims && !linked(scan, right, token) {
            return None;
        }
        if token.claims {
            right = token;
        }
    }
    None
}

/// 这个紫水晶洞不卖: what stands there and is not for sale is not denied.
fn is_kept(scan: &Scan<'_>, clause: &Clause, token: &Token) -> bool {
    let sold = matches!(scan.text.get(token.range()), Some("不卖" | "不卖的" | "也不卖"));
    sold && ["这个", "这件", "这块", "这尊", "后面那个", "那个"]
        .iter()
        .any(|one| scan.clause_text(clause).starts_with(one))
}

/// 紫水晶不要暴晒 denies no amethyst: a verb follows.
fn goes_on(scan: &Scan<'_>, token: &Token) -> bool {
    let verb = matches!(
        scan.text.get(token.range()),
        Some("不要" | "不用" | "不做" | "不上" | "不拿" | "不收" | "不进" | "也不做" | "我不要" | "我不上")
    );
    let behind = scan.text.get(token.end as usize..).and_then(|rest| rest.chars().next());
    verb && behind.is_some_and(|c| super::normal::is_han(c) && !"的了啊哈哦呀吧呢".contains(c))
}

/// 三EX不是, 证书没有, 皇家蓝那种还算不上: the clause ends with the denial of the word before it.
fn ends_denied(scan: &Scan<'_>, clause: &Clause, head: &Token, rest: &[Token]) -> Option<usize> {
    let paper = |token: &Token| {
        let said = scan.text.get(token.range()).unwrap_or_default();
        head.facts.has(Facts::CERTIFICATE) && matches!(said, "证" | "证书")
    };
    let filling = |token: &Token| paper(token) || (token.is(Cue::Count) || token.is(Cue::Join)) && !token.is(Cue::Neg);
    let fillers = rest.iter().take(2).take_while(|token| filling(token)).count();
    let [denial, after @ ..] = rest.get(fillers..)? else { return None };
    let firm = denial.is(Cue::Neg) && scan.word(denial).is_some_and(|word| word.denial == Denial::Firm);
    // "Mahenge no" denies, "certificate no. 12" numbers.
    let names = !head.facts.has(Facts::CERTIFICATE);
    let said = scan.text.get(denial.range()).is_some_and(|text| {
        let unfound = || is_flaw(scan, head) && (scan.between(head, denial).ends_with('都') || text.starts_with('都'));
        text == "no" && names
            || ENDS.iter().any(|end| text.ends_with(end))
            || UNFOUND.iter().any(|end| text.ends_with(end)) && unfound()
    });
    let ends = after.is_empty() && scan.text.get(denial.end as usize..clause.end).is_some_and(|rest| rest.len() <= 3);
    (firm && said && ends && !clause.asks && only_points(scan.between(head, denial))).then_some(denial.end as usize)
}

/// A crack, cotton, a treatment: what nobody looks for in vain.
fn is_flaw(scan: &Scan<'_>, token: &Token) -> bool {
    scan.meanings(token).iter().any(|meaning| match (meaning.kind, meaning.value.as_deref()) {
        (ClaimKind::Grade, value) => {
            matches!(
                value,
                Some(
                    "crack"
                        | "cotton_inclusions"
                        | "growth_lines"
                        | "minor_blemish"
                        | "minor_damage"
                        | "natural_line"
                        | "pinhole"
                )
            )
        }
        (ClaimKind::Treatment, value) => {
            !meaning.flags.denies && !matches!(value, Some("untreated" | "natural" | "cultured"))
        }
        (ClaimKind::Material, value) => {
            let base = ["copper", "brass", "alloy", "nickel", "lead", "iron", "steel", "plastic", "glass", "resin"];
            value.is_some_and(|value| base.iter().any(|base| value.ends_with(base)) || value.starts_with("imitation"))
        }
        _ => false,
    })
}

/// Whether no more stands between a word and its denial than 的, 那种, 还.
fn only_points(between: &str) -> bool {
    let between = between.strip_suffix("证书").or_else(|| between.strip_suffix('证')).unwrap_or(between);
    let count = between.chars().count();
    count <= 2 || count <= 5 && between.chars().all(|c| "的色那这种个还也都就可".contains(c))
}

/// 不写羊脂, 国检也不会给你打: what somebody would not say is no claim.
fn refused(scan: &Scan<'_>, clause: &Clause, at: usize) -> bool {
    let Some(head) = scan.token(at) else { return false };
    if clause.is(Cue::LeftOpen) && left_open(scan, clause, at, head) {
        return true;
    }
    let rest = scan.tokens.get(at + 1..clause.last).unwrap_or_default();
    if clause.is(Cue::Neg) && rest.iter().take(2).any(|next| ends_declined(scan, clause, head, next)) {
        return true;
    }
    if !clause.is(Cue::Refuse) {
        return false;
    }
    let reach = |gap: &str| gap.len() <= if gap.is_ascii() { 34 } else { 27 };
    let before = scan.tokens.get(clause.first..at).unwrap_or_default().iter().rev().take(STEPS);
    let declined = before
        .take_while(|token| !token.is(Cue::But) && reach(scan.between(token, head)))
        .any(|token| token.is(Cue::Refuse));
    // 升值保值这种话我不讲: of all of them.
    let banned = |token: &&Token| {
        token.claims && scan.meanings(token).iter().all(|meaning| meaning.kind == ClaimKind::BannedPhrase)
    };
    let of_such_words = |token: &&Token| scan.text.get(token.range()).is_some_and(|text| text.starts_with('这'));
    let behind = rest.iter().find(|token| !banned(token)).filter(of_such_words);
    let after = rest.iter().skip_while(|token| behind.is_some() && banned(token)).take(2);
    // 莫桑比克还是巴西我就不清楚了
    let unknown = rest.iter().take(STEPS).any(|token| {
        token.is(Cue::Refuse)
            && scan.text.get(token.range()).is_some_and(|text| UNKNOWN.contains(&text))
            && scan.between(head, token).chars().count() <= 12
            && scan.text.get(token.end as usize..clause.end).is_some_and(|rest| rest.chars().count() <= 2)
    });
    declined
        || unknown
        || after
            .take_while(|token| !token.claims)
            .any(|token| token.is(Cue::Refuse) && scan.between(head, token).chars().count() <= 2)
}

/// 冰种我不敢讲: the clause ends with it.
fn ends_declined(scan: &Scan<'_>, clause: &Clause, head: &Token, next: &Token) -> bool {
    next.is(Cue::Neg)
        && scan.word(next).is_some_and(|word| word.denial == Denial::Refusing)
        && scan.between(head, next).chars().count() <= 2
        && scan.text.get(next.end as usize..clause.end).is_some_and(|rest| rest.len() <= 3)
}

/// 水头嘛你们自己看.
fn left_open(scan: &Scan<'_>, clause: &Clause, at: usize, head: &Token) -> bool {
    let rest = scan.tokens.get(at + 1..clause.last).unwrap_or_default();
    rest.iter().take(3).find(|token| token.is(Cue::LeftOpen)).is_some_and(|judge| {
        let between = scan.between(head, judge);
        between.chars().count() <= 6
            && ["嘛", "呢", "怎么样", "如何", "好不好"].iter().any(|how| between.starts_with(how))
    })
}

/// The same for a span of text, such as a quantity: only a denial right before it.
pub(super) fn before(scan: &Scan<'_>, clause: &Clause, first: usize, start: usize) -> Polarity {
    let mut polarity = Polarity::default();
    if !clause.is(Cue::Neg) {
        return polarity;
    }
    // 不是那种925: 种 is a word of its own.
    let mut near = scan.tokens.get(clause.first..first).unwrap_or_default().iter().rev().take(2);
    let Some(token) = near.find(|token| !token.is(Cue::Count) || token.is(Cue::Neg)) else { return polarity };
    let corrects = token.is(Cue::Correct) && !passage::denies_as_well(scan, clause, token);
    if start < token.end as usize || corrects {
        return polarity;
    }
    let between = scan.text.get(token.end as usize..start).unwrap_or_default();
    if between.chars().count() <= 2 && token.is(Cue::Neg) {
        let short = scan.text.get(token.range()).is_some_and(|text| text.chars().count() == 1);
        if !short || between.is_empty() {
            polarity.negated = true;
            polarity.start = Some(token.start as usize);
        }
    }
    polarity
}
