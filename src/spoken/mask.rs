//! What of a seller's words is nobody else's business: phone numbers and other long numbers, accounts, addresses, and
//! what buyers are called. It is covered before the words leave the house, sign for sign, so that what is left stays
//! where it was.
//!
//! Covering too much costs a word of a quotation; covering too little cannot be taken back. So where a mark is met, what
//! belongs to it is covered as far as it reaches.

/// What stands for a covered character.
const COVER: char = '＊';

/// So many figures in a row are a number of somebody: a phone, an account, a parcel. Weights and prices are shorter.
const LONG: usize = 7;

/// Words before what somebody is called, in a live room. The name goes on to the next mark or the next of [`ENDS`].
const CALLS: [&str; 16] = [
    "感谢",
    "谢谢",
    "欢迎",
    "恭喜",
    "恭喜我们",
    "给到",
    "留给",
    "这是给",
    "帮",
    "@",
    "＠",
    "昵称",
    "网名",
    "叫做",
    "congrats to ",
    "thank you ",
];

/// What follows a name and is none of it.
const ENDS: [&str; 22] = [
    "的", "拍", "送", "点", "进", "来", "了", "关注", "下单", "家", "这", "要", "留", "戴", "买", "喜", "支持", "老板",
    "宝宝", "看", "加", "带",
];

/// Words behind what somebody is called.
const TITLES: [&str; 10] = ["姐姐", "哥哥", "老板", "宝宝", "先生", "女士", "小姐", "大姐", "姐", "哥"];

/// What a room calls everybody, which is nobody's name.
const ALL: [&str; 18] = [
    "小姐", "大哥", "大姐", "老板", "宝宝", "宝贝", "姐妹", "家人", "朋友", "各位", "大家", "所有", "我们", "你们",
    "咱们", "这位", "那位", "每位",
];

/// Words before an account or a number.
const ACCOUNTS: [&str; 12] =
    ["微信号", "微信", "威信", "薇信", "vx", "wx", "qq", "扣扣", "手机号", "电话", "抖音号", "快手号"];

/// Endings of the parts of an address, from the largest to the smallest.
const PLACES: [&str; 18] = [
    "省",
    "自治区",
    "市",
    "区",
    "县",
    "镇",
    "乡",
    "村",
    "街道",
    "街",
    "大道",
    "路",
    "巷",
    "弄",
    "小区",
    "号楼",
    "单元",
    "室",
];

/// The words with what is personal covered. `names` are known names, such as this order's buyer's.
pub fn mask(words: &str, names: &[&str]) -> String {
    let text: Vec<char> = words.chars().collect();
    let mut covered = vec![false; text.len()];
    for name in names.iter().filter(|name| 2 <= name.chars().count()) {
        cover_all(&text, name, &mut covered);
    }
    cover_long_numbers(&text, &mut covered);
    cover_accounts(&text, &mut covered);
    cover_mail(&text, &mut covered);
    cover_addresses(&text, &mut covered);
    cover_names(&text, &mut covered);
    text.iter().zip(covered).map(|(c, covered)| if covered && !c.is_whitespace() { COVER } else { *c }).collect()
}

fn cover(covered: &mut [bool], range: std::ops::Range<usize>) {
    if let Some(part) = covered.get_mut(range) {
        part.fill(true);
    }
}

/// Whether a word stands at a place, in whatever case.
fn stands(text: &[char], at: usize, word: &str) -> Option<usize> {
    let mut end = at;
    for c in word.chars() {
        let found = text.get(end)?;
        if !found.eq_ignore_ascii_case(&c) {
            return None;
        }
        end += 1;
    }
    Some(end)
}

fn longest<'w>(text: &[char], at: usize, words: impl IntoIterator<Item = &'w &'w str>) -> Option<usize> {
    words.into_iter().filter_map(|word| stands(text, at, word)).max()
}

fn cover_all(text: &[char], word: &str, covered: &mut [bool]) {
    for at in 0..text.len() {
        if let Some(end) = stands(text, at, word) {
            cover(covered, at..end);
        }
    }
}

/// A figure as it is said or written: 幺 is the one of a phone number.
fn is_figure(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c) || "零〇一二三四五六七八九幺".contains(c)
}

fn cover_long_numbers(text: &[char], covered: &mut [bool]) {
    let is_joint = |c: char| matches!(c, ' ' | '-' | '－' | '—' | '·' | '.');
    let mut at = 0;
    while let Some(c) = text.get(at) {
        if !is_figure(*c) {
            at += 1;
            continue;
        }
        let (start, mut end, mut figures, mut next) = (at, at, 0, at);
        while let Some(c) = text.get(next) {
            if is_figure(*c) {
                figures += 1;
                end = next + 1;
            } else if !is_joint(*c) || next != end {
                break;
            }
            next += 1;
        }
        if LONG <= figures {
            cover(covered, start..end);
        }
        at = end.max(at + 1);
    }
}

fn cover_accounts(text: &[char], covered: &mut [bool]) {
    for at in 0..text.len() {
        let Some(end) = longest(text, at, &ACCOUNTS) else { continue };
        let is_account = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || is_figure(c);
        let lead = text.iter().skip(end).take_while(|c| matches!(c, '是' | '：' | ':' | ' ' | '号')).count();
        let length = text.iter().skip(end + lead).take_while(|c| is_account(**c)).count();
        if 3 <= length {
            cover(covered, end + lead..end + lead + length);
        }
    }
}

fn cover_mail(text: &[char], covered: &mut [bool]) {
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    for (at, _) in text.iter().enumerate().filter(|(_, c)| matches!(c, '@' | '＠')) {
        let before = text.iter().take(at).rev().take_while(|c| is_part(c)).count();
        let behind = text.iter().skip(at + 1).take_while(|c| is_part(c)).count();
        if 0 < before && 3 <= behind {
            cover(covered, at - before..at + 1 + behind);
        }
    }
}

/// An address is a place with a number behind it, or two places one after the other: 杭州市西湖区, 桂花路1号. A place
/// alone is where a stone comes from.
fn cover_addresses(text: &[char], covered: &mut [bool]) {
    let is_word = |c: &char| c.is_alphanumeric();
    let mut at = 0;
    while at < text.len() {
        // From the end of one part, at most eight characters to the end of the next.
        let mut ends = Vec::new();
        let mut from = at;
        while let Some(end) = (from..text.len().min(from + 8))
            .take_while(|place| text.get(*place).is_some_and(is_word))
            .filter(|place| from < *place || !ends.is_empty())
            .find_map(|place| longest(text, place, &PLACES))
        {
            ends.push(end);
            from = end;
        }
        let Some(last) = ends.last().copied() else {
            at += 1;
            continue;
        };
        let number = text.iter().skip(last).take_while(|c| is_figure(**c) || **c == '十' || **c == '百').count();
        let is_number = 0 < number && matches!(text.get(last + number), Some('号' | '栋' | '幢' | '室' | '楼' | '弄'));
        if is_number || 2 <= ends.len() {
            let end = if is_number { last + number + 1 } else { last };
            let tail = text.iter().skip(end).take_while(|c| is_figure(**c) || "号栋幢室楼单元".contains(**c)).count();
            cover(covered, at..end + tail);
            at = end + tail;
        } else {
            at += 1;
        }
    }
}

fn cover_names(text: &[char], covered: &mut [bool]) {
    for at in 0..text.len() {
        if let Some(start) = longest(text, at, &CALLS) {
            let length = text
                .iter()
                .enumerate()
                .skip(start)
                .take(12)
                .take_while(|(place, c)| c.is_alphanumeric() && longest(text, *place, &ENDS).is_none())
                .count();
            if 0 < length && longest(text, start, &ALL).is_none() {
                cover(covered, start..start + length);
            }
        }
        // 桃子姐, 小鱼儿宝宝: the characters before the title, up to a mark.
        if longest(text, at, &TITLES).is_some() {
            let before = text
                .iter()
                .take(at)
                .rev()
                .take(3)
                .take_while(|c| c.is_alphabetic() && !"的了是给和跟让叫这那位个我你他她".contains(**c))
                .count();
            let start = at - before;
            // Within a longer one of the words for everybody (小姐姐, 大哥), there is no name.
            let is_all = (start..at).any(|place| longest(text, place, &ALL).is_some_and(|stop| at <= stop));
            if 0 < before && !is_all {
                cover(covered, start..at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: &str) {
        assert_eq!(mask(words, &[]), expected, "{words}");
    }

    #[test]
    fn numbers_of_people_are_covered_and_weights_are_not() {
        check("打17000001001", "打＊＊＊＊＊＊＊＊＊＊＊");
        check("打170-0000-1001", "打＊＊＊＊＊＊＊＊＊＊＊＊＊");
        check("电话幺七零零零零零幺零零幺", "电话＊＊＊＊＊＊＊＊＊＊＊");
        check("加微信tao_123留", "加微信＊＊＊＊＊＊＊留");
        check("发buyer1@example.cn", "发＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊");
        check("五十六点零二克，圈口56", "五十六点零二克，圈口56");
        check("八十万的价格12800块", "八十万的价格12800块");
    }

    #[test]
    fn addresses_are_covered_and_origins_are_not() {
        check("寄到杭州市西湖区，好", "＊＊＊＊＊＊＊＊，好");
        check("桂花路1号2单元301室", "＊＊＊＊＊＊＊＊＊＊＊＊");
        check("缅甸莫湾基的料子", "缅甸莫湾基的料子");
        check("新疆且末县的料", "新疆且末县的料");
    }

    #[test]
    fn what_buyers_are_called_is_covered_and_what_everybody_is_called_is_not() {
        check("感谢桃子的支持", "感谢＊＊的支持");
        check("@小鱼儿 五十六克", "@＊＊＊ 五十六克");
        check("桃子姐，五十六克", "＊＊姐，五十六克");
        check("谢谢大家", "谢谢大家");
        check("小姐姐看这个翡翠", "小姐姐看这个翡翠");
        check("给各位老板看翡翠手镯", "给各位老板看翡翠手镯");
        assert_eq!(mask("林晚舟这只翡翠", &["林晚舟"]), "＊＊＊这只翡翠");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_nothing_moves(words in "(?s).{0,80}", name in ".{0,4}") {
            let masked = mask(&words, &[&name]);
            proptest::prop_assert_eq!(masked.chars().count(), words.chars().count());
            proptest::prop_assert!(masked.chars().zip(words.chars()).all(|(now, before)| now == before || now == COVER));
        }

        #[test]
        fn a_phone_number_never_gets_through(before in "[翡翠的 ]{0,5}", number in "1[3-9][0-9]{9}", behind in "[克，a]{0,5}") {
            let masked = mask(&format!("{before}{number}{behind}"), &[]);
            proptest::prop_assert!(!masked.chars().any(|c| c.is_ascii_digit()));
        }
    }
}
