//! Weights and sizes: a number, its unit said or unsaid, and the words that bound it.

use rust_decimal::Decimal;

use super::cue::Cue;
use super::fineness;
use super::lexicon::Token;
use super::mention::Mention;
use super::number::Number;
use super::scan::{Clause, Scan, Topic};
use super::{Certainty, Unit};
use crate::domain::ledger::{Bound, ClaimKind};

/// A number with everything around it that belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity<'t> {
    pub(super) number: Number,
    /// The upper end of 五六到五八, 四十加五.
    upper: Option<Decimal>,
    /// Further dimensions of 12乘14.
    across: [Option<Decimal>; 2],
    pub(super) unit: Option<&'t str>,
    pub(super) bound: Bound,
    pub(super) first: usize,
    /// One past its last word.
    pub(super) last: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Quantity<'_> {
    fn value(&self) -> Decimal {
        self.number.value
    }

    /// The two ends, where it is a range.
    fn ends(&self, spread: bool) -> Option<(Decimal, Decimal)> {
        match (self.upper, self.number.spread) {
            (Some(upper), _) => Some((self.value(), upper)),
            (None, Some(ends)) if spread => Some(ends),
            _ => None,
        }
    }
}

/// What the rules found in one clause, and which words they used up.
pub(super) struct Found<'m> {
    pub(super) mentions: &'m mut Vec<Mention>,
    pub(super) taken: &'m mut [bool],
}

impl Found<'_> {
    pub(super) fn take(&mut self, from: usize, to: usize) {
        for taken in self.taken.get_mut(from..to).unwrap_or_default() {
            *taken = true;
        }
    }

    pub(super) fn is_taken(&self, at: usize) -> bool {
        self.taken.get(at).copied().unwrap_or(true)
    }
}

/// Reads all numbers of a clause.
pub(super) fn read(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::Numeral) {
        ring_letter(scan, index, clause, found);
        return;
    }
    let mut last_bangle = None;
    let mut at = clause.first;
    while at < clause.last {
        let next = match scan.token(at) {
            Some(token) if token.number.is_some() && !found.is_taken(at) => {
                let quantity = gather(scan, clause, at);
                claim(scan, index, clause, &quantity, &mut last_bangle, found);
                quantity.map_or(at + 1, |quantity| quantity.last.max(at + 1))
            }
            _ => at + 1,
        };
        at = next;
    }
    ring_letter(scan, index, clause, found);
}

/// Whether `right` follows `left` with nothing or one blank between.
fn joined(left: &Token, right: &Token) -> bool {
    right.start == left.end || right.start == left.end + 1
}

fn gather<'t>(scan: &Scan<'t>, clause: &Clause, at: usize) -> Option<Quantity<'t>> {
    let head = scan.token(at)?;
    let number = *scan.number(head)?;
    let mut quantity = Quantity {
        number,
        upper: None,
        across: [None, None],
        unit: None,
        bound: Bound::Exactly,
        first: at,
        last: at + 1,
        start: head.start as usize,
        end: head.end as usize,
    };
    let mut walk = Walk { scan, last: clause.last, at: at + 1, left: head };
    if walk.passes(Cue::Around) {
        quantity.bound = Bound::About;
    }
    walk.unit(&mut quantity);
    walk.range(&mut quantity);
    walk.tail(&mut quantity);
    walk.hedges(&mut quantity);
    quantity.last = walk.at;
    quantity.end = walk.left.end as usize;
    before(scan, clause, &mut quantity);
    Some(quantity)
}

/// Steps from word to word as long as they join.
struct Walk<'s, 't> {
    scan: &'s Scan<'t>,
    last: usize,
    at: usize,
    left: &'t Token,
}

impl<'t> Walk<'_, 't> {
    fn peek(&self) -> Option<&'t Token> {
        let next = self.scan.token(self.at).filter(|_| self.at < self.last)?;
        joined(self.left, next).then_some(next)
    }

    fn step(&mut self, token: &'t Token) {
        self.left = token;
        self.at += 1;
    }

    fn passes(&mut self, cue: Cue) -> bool {
        match self.peek() {
            Some(next) if next.is(cue) => {
                self.step(next);
                true
            }
            _ => false,
        }
    }

    fn text(&self, token: &Token) -> &'t str {
        self.scan.text.get(token.range()).unwrap_or_default()
    }

    /// A unit, also behind 个: 十三个毫米.
    fn unit(&mut self, quantity: &mut Quantity<'t>) {
        let (left, at) = (self.left, self.at);
        if let Some(next) = self.peek()
            && (self.text(next) == "个" || self.text(next) == "of a")
        {
            self.step(next);
            if !self.peek().is_some_and(|next| self.is_length(next)) {
                (self.left, self.at) = (left, at);
                return;
            }
        }
        // 'half a carat', 'three quarters of a carat'.
        if let Some(next) = self.scan.token(self.at).filter(|_| self.at < self.last)
            && next.is(Cue::Unit)
            && matches!(self.scan.between(self.left, next), " a " | " of a " | " an " | " of an ")
        {
            quantity.unit = self.scan.name(next);
            self.step(next);
            return;
        }
        if let Some(next) = self.peek()
            && next.is(Cue::Unit)
        {
            quantity.unit = self.scan.name(next);
            self.step(next);
        } else {
            (self.left, self.at) = (left, at);
        }
    }

    fn is_length(&self, token: &Token) -> bool {
        matches!(self.scan.name(token), Some("mm" | "cm" | "inch"))
    }

    fn next_number(&mut self) -> Option<Decimal> {
        let next = self.peek()?;
        let number = self.scan.number(next)?;
        self.step(next);
        Some(number.value)
    }

    fn range(&mut self, quantity: &mut Quantity<'t>) {
        let (left, at, unit) = (self.left, self.at, quantity.unit);
        let Some(link) = self.peek() else { return };
        if link.is(Cue::Times) {
            for across in 0..2 {
                let (left, at) = (self.left, self.at);
                if !self.passes(Cue::Times) {
                    break;
                }
                match self.next_number() {
                    Some(value) => {
                        if let Some(place) = quantity.across.get_mut(across) {
                            *place = Some(value);
                        }
                        self.unit(quantity);
                    }
                    None => {
                        (self.left, self.at) = (left, at);
                        break;
                    }
                }
            }
            return;
        }
        let plus = link.is(Cue::Plus);
        if !plus && !link.is(Cue::To) {
            return;
        }
        self.step(link);
        match self.next_number() {
            Some(value) => {
                self.passes(Cue::Around);
                quantity.unit = None;
                self.unit(quantity);
                quantity.unit = quantity.unit.or(unit);
                // 两百三到五: the second leaves out what the first said. It stays unread rather than misread.
                let upper = if plus { quantity.number.value + value } else { value };
                if quantity.number.value < upper && (!plus || quantity.unit == Some("cm")) {
                    quantity.upper = Some(upper);
                } else {
                    (self.left, self.at, quantity.unit) = (left, at, unit);
                }
            }
            None => (self.left, self.at) = (left, at),
        }
    }

    /// 四公斤二, 一克拉二, 一克半, 三斤二两: what follows the unit is its tenths.
    fn tail(&mut self, quantity: &mut Quantity<'t>) {
        let Some(unit) = quantity.unit else { return };
        if quantity.upper.is_some() || quantity.across[0].is_some() {
            return;
        }
        let Some(next) = self.peek() else { return };
        if next.start != self.left.end {
            return;
        }
        let Some(number) = self.scan.number(next) else { return };
        let follows = self.scan.token(self.at + 1).filter(|after| after.start == next.end && self.at + 1 < self.last);
        if unit == "jin" && follows.is_some_and(|after| self.scan.name(after) == Some("liang")) {
            quantity.number.value = quantity.number.value * Decimal::from(500) + number.value * Decimal::from(50);
            quantity.unit = Some("g");
            self.step(next);
            self.passes(Cue::Unit);
            return;
        }
        let measured = follows.is_some_and(|after| {
            after.is(Cue::Count) || after.is(Cue::Unit) || after.is(Cue::Price) || after.is(Cue::Times)
        });
        let half = self.text(next) == "半";
        if measured || (!half && (Decimal::TEN <= number.value || !number.figures)) {
            return;
        }
        // The next word of the text may be a measure word that the lexicon does not know.
        let after = self.scan.text.get(next.end as usize..).and_then(|rest| rest.chars().next());
        if !half && after.is_some_and(|c| super::normal::is_han(c) && !"的左多出啊哈吧呢哦呀了不起以，到".contains(c))
        {
            return;
        }
        let part = if half { Decimal::new(5, 1) } else { number.value * Decimal::new(1, 1) };
        quantity.number.value += part;
        self.step(next);
    }

    fn hedges(&mut self, quantity: &mut Quantity<'t>) {
        for _ in 0..2 {
            let Some(next) = self.peek() else { return };
            quantity.bound = if next.is(Cue::LeastPost) {
                Bound::AtLeast
            } else if next.is(Cue::MostPost) {
                Bound::AtMost
            } else if next.is(Cue::AboutPost) || next.is(Cue::Around) {
                // 56到58之间 stays a range.
                Bound::About
            } else {
                return;
            };
            self.step(next);
        }
    }
}

/// The words before a number that bound it.
fn before(scan: &Scan<'_>, clause: &Clause, quantity: &mut Quantity<'_>) {
    let mut right = match scan.token(quantity.first) {
        Some(token) => token,
        None => return,
    };
    for at in (clause.first..quantity.first).rev().take(3) {
        let Some(token) = scan.token(at) else { return };
        if 10 < right.start.saturating_sub(token.end) {
            return;
        }
        let bound = if token.is(Cue::LeastPre) {
            Bound::AtLeast
        } else if token.is(Cue::MostPre) {
            Bound::AtMost
        } else if token.is(Cue::AboutPre) {
            // 小 and 快 are hedges only right before the number.
            if (token.end as usize) < quantity.start && token.end - token.start <= 3 {
                return;
            }
            Bound::About
        } else if token.claims || token.number.is_some() || token.is(Cue::Neg) {
            return;
        } else {
            right = token;
            continue;
        };
        if quantity.bound == Bound::Exactly {
            quantity.bound = bound;
        }
        quantity.start = token.start as usize;
        return;
    }
}

/// The word with this role that stands before the number, at most `within` bytes off, with no number between.
pub(super) fn context_before<'t>(
    scan: &Scan<'t>,
    clause: &Clause,
    at: usize,
    cue: Cue,
    within: usize,
) -> Option<&'t Token> {
    if !clause.is(cue) {
        return None;
    }
    let head = scan.token(at)?;
    for token in scan.tokens.get(clause.first..at)?.iter().rev() {
        scan.looked(1);
        if within < (head.start - token.end) as usize || token.number.is_some() {
            return None;
        }
        if token.is(cue) {
            return Some(token);
        }
    }
    None
}

/// The word with this role that stands right behind the quantity.
fn context_after<'t>(
    scan: &Scan<'t>,
    clause: &Clause,
    quantity: &Quantity<'_>,
    cue: Cue,
) -> Option<(usize, &'t Token)> {
    let token = scan.token(quantity.last).filter(|_| quantity.last < clause.last && clause.is(cue))?;
    let between = scan.text.get(quantity.end..token.start as usize)?;
    (token.is(cue) && between.chars().count() <= 2).then_some((quantity.last, token))
}

fn next_is(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>, cue: Cue) -> bool {
    scan.token(quantity.last)
        .is_some_and(|token| quantity.last < clause.last && token.is(cue) && token.start as usize <= quantity.end + 1)
}

fn claim(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Option<Quantity<'_>>,
    last_bangle: &mut Option<usize>,
    found: &mut Found<'_>,
) {
    let Some(quantity) = quantity else { return };
    if fineness::read(scan, index, clause, quantity, found) {
        return;
    }
    if context_before(scan, clause, quantity.first, Cue::Tolerance, 18).is_some() {
        tolerance(quantity, found);
        return;
    }
    if let Some(mention) = bangle(scan, index, clause, quantity, *last_bangle) {
        *last_bangle = Some(quantity.end);
        found.mentions.push(mention);
        return;
    }
    let mention = match quantity.unit {
        Some("g" | "kg" | "mg" | "jin" | "liang" | "qian" | "ct" | "point") => weight(scan, index, clause, quantity),
        Some("mm" | "cm" | "inch") => size(index, quantity),
        Some(_) => None,
        None => bare(scan, index, clause, quantity, found),
    };
    if let Some(mention) = mention
        && !next_is(scan, clause, quantity, Cue::Price)
    {
        found.take(quantity.first, quantity.last);
        found.mentions.push(mention);
    }
}

/// The mention of a number, with its bound; values are multiplied into the unit of the claim.
fn measured(
    kind: ClaimKind,
    index: usize,
    quantity: &Quantity<'_>,
    ends: Option<(Decimal, Decimal)>,
    times: Decimal,
    unit: Option<Unit>,
) -> Mention {
    let scaled = |value: Decimal| if times == Decimal::ONE { value } else { tidy(value * times) };
    let ends = ends.map(|(low, high)| (scaled(low), scaled(high)));
    let value = match ends {
        Some((low, high)) => format!("{low}-{high}"),
        None => scaled(quantity.value()).to_string(),
    };
    let mut mention = Mention::new(kind, value, quantity.start, quantity.end, index);
    mention.unit = unit;
    mention.bound = if ends.is_some() { Bound::Range } else { quantity.bound };
    mention.limits = ends;
    mention
}

/// Without the noughts that a multiplication leaves behind.
fn tidy(value: Decimal) -> Decimal {
    value.normalize()
}

fn weight(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    if is_price_of_one(scan, clause, quantity) || quantity.value().is_zero() {
        return None;
    }
    if context_before(scan, clause, quantity.first, Cue::Body, 6).is_some() {
        return None;
    }
    let ends = quantity.ends(true);
    let of = |times, unit| Some(measured(ClaimKind::Weight, index, quantity, ends, times, unit));
    match quantity.unit? {
        "g" => of(Decimal::ONE, Some(Unit::Gram)),
        "mg" => of(Decimal::new(1, 3), Some(Unit::Gram)),
        "kg" => of(Decimal::from(1_000), Some(Unit::Gram)),
        "jin" => of(Decimal::from(500), Some(Unit::Gram)),
        "ct" => of(Decimal::ONE, Some(Unit::Carat)),
        "point" => points(scan, index, clause, quantity),
        // The size of 两 and 钱 depends on place and trade: kept as said.
        unit @ ("liang" | "qian") => {
            let mut mention = of(Decimal::ONE, None)?;
            mention.value = format!("{}{}", mention.value, if unit == "liang" { "两" } else { "钱" }).into();
            Some(mention)
        }
        _ => None,
    }
}

/// 三十分 is 0.30 ct of a diamond, and else a share, a time or a mark.
fn points(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let last = Decimal::from(300);
    if quantity.value() < Decimal::ONE || last < quantity.value() || !scan.speaks_of(Topic::Diamonds, clause.start) {
        return None;
    }
    let hundredth = |value: Decimal| Decimal::new(1, 2) * value;
    let ends = quantity.ends(true).map(|(low, high)| (hundredth(low), hundredth(high)));
    let mut mention = measured(ClaimKind::Weight, index, quantity, None, Decimal::ONE, Some(Unit::Carat));
    mention.value = match ends {
        Some((low, high)) => format!("{low}-{high}").into(),
        None => hundredth(quantity.value()).to_string().into(),
    };
    if ends.is_some() {
        mention.bound = Bound::Range;
        mention.limits = ends;
    }
    Some(mention)
}

/// 一克十五块, 六百八一克, 每克八百: what one unit costs, not what the piece weighs.
fn is_price_of_one(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>) -> bool {
    if context_before(scan, clause, quantity.first, Cue::Per, 2).is_some() {
        return true;
    }
    if quantity.value() != Decimal::ONE || quantity.upper.is_some() {
        return false;
    }
    let Some(head) = scan.token(quantity.first) else { return false };
    let before = scan.before(quantity.first).filter(|_| clause.first < quantity.first).is_some_and(|before| {
        before.end + 1 >= head.start && (before.number.is_some() || before.is(Cue::Price))
            || before.is(Cue::PricePre)
            || before.is(Cue::Around) && before.end == head.start
    });
    let carat = quantity.unit == Some("ct");
    let after = scan.token(quantity.last).filter(|_| quantity.last < clause.last).is_some_and(|after| {
        let priced = scan.token(quantity.last + 1).is_some_and(|then| then.is(Cue::Price));
        after.number.is_some() && (priced || !carat) && (after.start as usize) <= quantity.end + 6
            || after.is(Cue::Whether)
    });
    before || after
}

fn size(index: usize, quantity: &Quantity<'_>) -> Option<Mention> {
    if quantity.value().is_zero() {
        return None;
    }
    let (times, unit) = match quantity.unit? {
        "mm" => (Decimal::ONE, Unit::Millimetre),
        "cm" => (Decimal::ONE, Unit::Centimetre),
        "inch" => (Decimal::new(254, 2), Unit::Centimetre),
        _ => return None,
    };
    if quantity.across[0].is_some() {
        return Some(dimensions(index, quantity, times, unit));
    }
    Some(measured(ClaimKind::Size, index, quantity, quantity.ends(true), times, Some(unit)))
}

/// 12x14, 50x30x10.
fn dimensions(index: usize, quantity: &Quantity<'_>, times: Decimal, unit: Unit) -> Mention {
    let scaled = |value: Decimal| if times == Decimal::ONE { value } else { tidy(value * times) };
    let mut value = scaled(quantity.value()).to_string();
    for across in quantity.across.into_iter().flatten() {
        value.push('x');
        value.push_str(&scaled(across).to_string());
    }
    let mut mention = Mention::new(ClaimKind::Size, value, quantity.start, quantity.end, index);
    mention.unit = Some(unit);
    mention.bound = if quantity.bound == Bound::Exactly { Bound::Exactly } else { Bound::About };
    mention
}

/// The inner diameter of a bangle: 圈口五十七, 五六的圈口, 5.6圈口.
fn bangle(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    last_bangle: Option<usize>,
) -> Option<Mention> {
    if !matches!(quantity.unit, None | Some("mm" | "cm")) {
        return None;
    }
    let plausible = |value: Decimal| Decimal::from(44) <= value && value <= Decimal::from(72);
    let tenfold = |value: Decimal| if value < Decimal::TEN { tidy(value * Decimal::TEN) } else { value };
    let value = quantity.value();
    if !plausible(tenfold(value)) || (value < Decimal::TEN && value.scale() == 0) {
        return None;
    }
    let context = context_before(scan, clause, quantity.first, Cue::BangleContext, 30);
    let after = context_after(scan, clause, quantity, Cue::BangleContext);
    let listed = last_bangle.is_some_and(|end| quantity.start <= end + 9);
    if context.is_none() && after.is_none() && !listed {
        return None;
    }
    let counted = quantity.unit.is_none()
        && scan.token(quantity.last).is_some_and(|next| {
            next.start as usize == quantity.end && (next.is(Cue::Price) || next.is(Cue::Unit)) && after.is_none()
        });
    if counted {
        return None;
    }
    let mut quantity = *quantity;
    quantity.number.value = tenfold(value);
    quantity.upper = quantity.upper.map(tenfold);
    // 五十六五 is 56.5.
    if let Some(next) = scan.token(quantity.last).filter(|next| next.start as usize == quantity.end)
        && let Some(tenths) = scan.number(next).filter(|_| quantity.last < clause.last && quantity.unit.is_none())
        && tenths.value < Decimal::TEN
        && quantity.upper.is_none()
    {
        let half = scan.text.get(next.range()) == Some("半");
        quantity.number.value += if half { tenths.value } else { tenths.value * Decimal::new(1, 1) };
        quantity.end = next.end as usize;
    }
    if let Some(context) = context {
        quantity.start = context.start as usize;
    }
    if let Some((_, after)) = after {
        quantity.end = after.end as usize;
    }
    let spread = !quantity.number.figures;
    let ends = quantity.ends(spread);
    Some(measured(ClaimKind::Size, index, &quantity, ends, Decimal::ONE, Some(Unit::Millimetre)))
}

/// A number without a unit: what it measures is told by the words around it.
fn bare(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>, found: &Found<'_>) -> Option<Mention> {
    let between =
        |low: i64, high: i64| Decimal::from(low) <= quantity.value() && quantity.value() <= Decimal::from(high);
    if quantity.across[0].is_some() {
        let small = |value: Decimal| Decimal::ONE <= value && value <= Decimal::from(150);
        if !small(quantity.value()) || !quantity.across.into_iter().flatten().all(small) {
            return None;
        }
        let mut mention = dimensions(index, quantity, Decimal::ONE, Unit::Millimetre);
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if let Some(mention) = resumed(scan, index, clause, quantity, found) {
        return Some(mention);
    }
    if let Some(mention) = ring(scan, index, clause, quantity) {
        return Some(mention);
    }
    if let Some(mention) = bead(scan, index, clause, quantity) {
        return Some(mention);
    }
    let follows = |cue| next_is(scan, clause, quantity, cue);
    if follows(Cue::Count) || follows(Cue::Price) || follows(Cue::Percent) || follows(Cue::Unit) || follows(Cue::Lot) {
        return None;
    }
    let unsaid = |cue, within| {
        let context = context_before(scan, clause, quantity.first, cue, within)?;
        // In English the unit is always said.
        scan.text.get(context.range()).filter(|text| !text.is_ascii())?;
        Some(context)
    };
    if let Some(context) = unsaid(Cue::WeightContext, 15)
        && between(0, 5_000)
        && !quantity.value().is_zero()
        && quantity.number.spread.is_none()
    {
        let mut mention =
            measured(ClaimKind::Weight, index, quantity, quantity.ends(false), Decimal::ONE, Some(Unit::Gram));
        mention.start = context.start as usize;
        return Some(mention);
    }
    if let Some(context) = unsaid(Cue::LengthContext, 12)
        && between(10, 120)
    {
        let mut mention =
            measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Centimetre));
        mention.start = context.start as usize;
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    if let Some(context) = unsaid(Cue::SizeContext, 9)
        && between(1, 80)
    {
        let mut mention =
            measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
        mention.start = context.start as usize;
        mention.certainty = Certainty::Low;
        return Some(mention);
    }
    None
}

/// 圈口五十四，哦不对，五十四点五, or 四十克不到，三十九点八: the number alone takes up what was measured before it.
fn resumed(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    quantity: &Quantity<'_>,
    found: &Found<'_>,
) -> Option<Mention> {
    let last = found.mentions.last().filter(|last| {
        matches!(last.kind, ClaimKind::Weight | ClaimKind::Size) && last.clause < index && index <= last.clause + 3
    })?;
    let corrected = (last.clause..=index)
        .filter_map(|at| scan.clauses.get(at))
        .any(|clause| clause.is(Cue::Correct) || matches!(scan.clause_text(clause).trim(), "不是" | "不" | "no"));
    let said = scan.text.get(quantity.start..clause.end).unwrap_or_default().chars().count();
    let alone = index == last.clause + 1
        && quantity.start <= clause.start + 7
        && said <= scan.text.get(quantity.start..quantity.end).unwrap_or_default().chars().count() + 2
        && !quantity.value().is_integer();
    let follows =
        scan.token(quantity.last).filter(|next| quantity.last < clause.last && next.start as usize == quantity.end);
    if (!corrected && !alone) || follows.is_some_and(|next| next.is(Cue::Count) || next.is(Cue::Price)) {
        return None;
    }
    let before = last.limits.map_or_else(|| last.value.parse().ok(), |(low, _)| Some(low))?;
    let value = quantity.value();
    let close = value <= before * Decimal::TWO && before <= value * Decimal::TWO;
    close.then(|| measured(last.kind, index, quantity, quantity.ends(false), Decimal::ONE, last.unit))
}

/// The number of a ring size; its table is the rulebook's matter.
fn ring(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    if quantity.value() < Decimal::ONE || Decimal::from(35) < quantity.value() {
        return None;
    }
    let context = context_before(scan, clause, quantity.first, Cue::RingContext, 12);
    let context = context.filter(|context| {
        let text = scan.text.get(context.range()).unwrap_or_default();
        !matches!(text, "us" | "uk") || context.end + 1 == quantity.start as u32
    });
    // 15号的戒圈
    let number_sign = scan.token(quantity.last).filter(|token| {
        token.start as usize == quantity.end
            && scan.text.get(token.range()) == Some("号")
            && quantity.last < clause.last
    });
    let after = match number_sign {
        Some(sign) => scan.token(quantity.last + 1).filter(|token| {
            quantity.last + 1 < clause.last && token.is(Cue::RingContext) && token.start <= sign.end + 6
        }),
        None => None,
    };
    if context.is_none() && after.is_none() {
        return None;
    }
    let mut mention = measured(ClaimKind::Size, index, quantity, quantity.ends(false), Decimal::ONE, None);
    if let Some(sign) = number_sign {
        mention.end = sign.end as usize;
    }
    mention.start = context.map_or(mention.start, |context| context.start as usize);
    mention.end = after.map_or(mention.end, |after| after.end as usize);
    // 6号半
    let half = scan.text.get(mention.end..).is_some_and(|rest| rest.starts_with('半'));
    if half {
        mention.value = (quantity.value() + Decimal::new(5, 1)).to_string().into();
        mention.end += '半'.len_utf8();
    }
    Some(mention)
}

/// British ring sizes are letters: "a size N".
fn ring_letter(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::RingContext) {
        return;
    }
    for token in scan.clause_tokens(clause).iter().filter(|token| token.is(Cue::RingContext)) {
        if !scan.text.get(token.range()).is_some_and(|text| text.ends_with("size")) {
            continue;
        }
        let mut rest = scan.text.get(token.end as usize..).unwrap_or_default().chars();
        if let (Some(' '), Some(letter @ 'f'..='z'), after) = (rest.next(), rest.next(), rest.next())
            && after.is_none_or(|after| !after.is_ascii_alphanumeric() && after != '\'')
        {
            let value = letter.to_ascii_uppercase().to_string();
            found.mentions.push(Mention::new(
                ClaimKind::Size,
                value,
                token.start as usize,
                token.end as usize + 2,
                index,
            ));
        }
    }
}

/// Beads and pearls are measured in 个: 十四个 is 14 mm.
fn bead(scan: &Scan<'_>, index: usize, clause: &Clause, quantity: &Quantity<'_>) -> Option<Mention> {
    let value = quantity.value();
    let high = quantity.ends(true).map_or(value, |(_, high)| high);
    if value < Decimal::from(3) || Decimal::from(22) < high || !scan.speaks_of(Topic::Beads, clause.start) {
        return None;
    }
    // 十五的珠子
    let rest = scan.text.get(quantity.end..).unwrap_or_default();
    if rest.starts_with("的珠") || rest.starts_with("的大珠") || rest.starts_with("的圆珠") {
        return Some(measured(
            ClaimKind::Size,
            index,
            quantity,
            quantity.ends(true),
            Decimal::ONE,
            Some(Unit::Millimetre),
        ));
    }
    let unit = scan.token(quantity.last).filter(|token| {
        quantity.last < clause.last
            && token.start as usize <= quantity.end + 1
            && scan.text.get(token.range()) == Some("个")
    })?;
    let rest = scan.text.get(unit.end as usize..).unwrap_or_default();
    let follows = rest.chars().next();
    let alone = follows.is_none_or(|c| !super::normal::is_han(c) || "的多左出大半到吧啊哈呢了起以正强极".contains(c));
    if !alone {
        return None;
    }
    let mut mention =
        measured(ClaimKind::Size, index, quantity, quantity.ends(true), Decimal::ONE, Some(Unit::Millimetre));
    mention.end = unit.end as usize;
    if rest.starts_with('多') || rest.starts_with("左右") || rest.starts_with("出头") {
        mention.bound = Bound::About;
    }
    if rest.starts_with('半') {
        mention.value = (value + Decimal::new(5, 1)).to_string().into();
        mention.end += '半'.len_utf8();
    }
    Some(mention)
}

/// 误差半个毫米以内: the figure before becomes a range.
fn tolerance(quantity: &Quantity<'_>, found: &mut Found<'_>) {
    let kind = match quantity.unit {
        Some("g" | "ct") => ClaimKind::Weight,
        Some("mm" | "cm") => ClaimKind::Size,
        _ => return,
    };
    let Some(last) = found.mentions.iter_mut().rev().find(|mention| mention.kind == kind) else { return };
    let Ok(value) = last.value.parse::<Decimal>() else { return };
    if last.limits.is_some() || quantity.start < last.end {
        return;
    }
    let by = quantity.value();
    last.limits = Some((tidy(value - by), tidy(value + by)));
    last.bound = Bound::Range;
    last.end = quantity.end;
}
