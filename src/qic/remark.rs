//! 备注: what the certificate remarks. A semicolon mostly parts the main stone from the rest; commas part the remarks.

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark<'a> {
    /// 商称: the trade name that the certificate grants beside its conclusion.
    TradeName(&'a str),
    /// …未检: parts that were not examined.
    NotExamined(&'a str),
    /// …金属未测: the metal was not measured.
    MetalNotMeasured,
    /// …成因未定: the origin of the colour was not determined.
    ColourOpen(&'a str),
    /// 净度优化 and its like: a treatment that stands in the remark alone.
    Treatment(&'a str),
    /// 另配…, 伴镶…: a further stone that was determined.
    FurtherStone(&'a str),
    /// 金属配件为…: the parts of metal were determined.
    Metal(&'a str),
    /// 配链为…: one part of metal was determined.
    MetalPart(&'a str),
    /// 检测结论仅针对…: the conclusion covers one part alone.
    OnlyOf(&'a str),
    /// Anything else.
    Other,
}

/// Words of treatments and enhancements (GB/T 16552).
const TREATMENTS: [&str; 9] = ["优化", "处理", "充填", "填充", "染色", "覆膜", "漂白", "辐照", "扩散"];

/// The remarks of a cell, in its order.
pub fn remarks(cell: &str) -> Vec<Remark<'_>> {
    let is_mark = |c: char| matches!(c, ';' | '；' | ',' | '，' | '。');
    let mut remarks = Vec::new();
    let mut rest = cell;
    while !rest.is_empty() {
        let end = outside_brackets(rest, is_mark).unwrap_or(rest.len());
        let (clause, behind) = rest.split_at(end);
        rest = behind.trim_start_matches(is_mark);
        let clause = clause.trim();
        if !clause.chars().all(|c| c == '-') {
            remarks.push(remark(clause));
        }
    }
    remarks
}

/// The first such character that stands in no brackets.
fn outside_brackets(text: &str, is_mark: impl Fn(char) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            c if depth == 0 && is_mark(c) => return Some(at),
            _ => {} // Within a clause.
        }
    }
    None
}

fn remark(clause: &str) -> Remark<'_> {
    let behind = |words: &[&str]| words.iter().find_map(|word| clause.strip_prefix(word)).map(str::trim);
    if let Some(name) = behind(&["商称:", "商称："]) {
        return Remark::TradeName(name);
    }
    if let Some(part) = behind(&["检测结论仅针对", "结论仅针对"]) {
        return Remark::OnlyOf(part);
    }
    if let Some(parts) = clause.strip_suffix("未检") {
        return Remark::NotExamined(parts);
    }
    if clause.ends_with("未测") {
        return Remark::MetalNotMeasured;
    }
    if clause.contains("未定") {
        return Remark::ColourOpen(clause);
    }
    if let Some(stone) = behind(&["另配", "伴镶", "另镶"]) {
        // 另配玛瑙(商称:南红玛瑙): the conclusion stands before the brackets.
        return Remark::FurtherStone(stone.split(['(', '（']).next().unwrap_or(stone).trim());
    }
    if let Some((part, name)) = clause.split_once('为')
        && ["金属", "链", "扣", "托"].iter().any(|word| part.contains(word))
    {
        let name = name.trim();
        return if part.contains("金属") { Remark::Metal(name) } else { Remark::MetalPart(name) };
    }
    match TREATMENTS.iter().any(|word| clause.contains(word)) {
        true => Remark::Treatment(clause),
        false => Remark::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::Remark::*;
    use super::*;

    #[test]
    fn every_remark_of_the_sample_is_told() {
        let check = |cell: &str, expected: &[Remark]| assert_eq!(remarks(cell), expected, "{cell}");
        check("---", &[]);
        check("", &[]);
        check(
            "另配蜜蜡,镶嵌配石、雕件、粉紫色小桶珠未检,金属未测",
            &[FurtherStone("蜜蜡"), NotExamined("镶嵌配石、雕件、粉紫色小桶珠"), MetalNotMeasured],
        );
        check("转轴部分金属未测", &[MetalNotMeasured]);
        check("褐黄色颜色成因未定;配石未检", &[ColourOpen("褐黄色颜色成因未定"), NotExamined("配石")]);
        check("金属配件为银S925,木质配饰未检", &[Metal("银S925"), NotExamined("木质配饰")]);
        check(
            "尾珠未检;贵金属纯度为银925,金属隔珠、隔片未检",
            &[NotExamined("尾珠"), Metal("银925"), NotExamined("金属隔珠、隔片")],
        );
        check("另配玛瑙(商称:南红玛瑙),金属未测", &[FurtherStone("玛瑙"), MetalNotMeasured]);
        check("净度优化", &[Treatment("净度优化")]);
        check("检测结论仅针对大桶珠", &[OnlyOf("大桶珠")]);
        check(
            "商称:翡翠(A货);伴镶钻石,配链为银S925,转轴部分金属未测",
            &[TradeName("翡翠(A货)"), FurtherStone("钻石"), MetalPart("银S925"), MetalNotMeasured],
        );
        check("底部有字", &[Other]);
    }
}
