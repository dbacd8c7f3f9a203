//! Numbers with all that belongs to them: unit, range, tenths behind the unit, and the words that bound them.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::cue::{Cue, Cues};
use super::lexicon::Token;
use super::mention::Mention;
use super::number::Number;
use super::scan::{Clause, Scan, Topic};
use super::{anew, fineness, measure};
use crate::domain::ledger::Bound;

/// A number with everything around it that belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity<'t> {
    pub(super) number: Number,
    /// The upper end of 五六到五八, 四十加五.
    pub(super) upper: Option<Decimal>,
    /// Further dimensions of 12乘14.
    pub(super) across: [Option<Decimal>; 2],
    pub(super) unit: Option<&'t str>,
    pub(super) bound: Bound,
    pub(super) first: usize,
    /// One past its last word.
    pub(super) last: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Quantity<'_> {
    pub(super) fn value(&self) -> Decimal {
        self.number.value
    }

    /// The two ends, where it is a range.
    pub(super) fn ends(&self, spread: bool) -> Option<(Decimal, Decimal)> {
        match (self.upper, self.number.spread) {
            (Some(upper), _) => Some((self.value(), upper)),
            (None, Some(ends)) if spread => Some(ends),
            _ => None,
        }
    }
}

/// The value, if it is a whole number of a usual size.
pub(super) fn whole(value: Decimal) -> Option<u32> {
    if value.is_integer() { value.to_u32() } else { None }
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

/// What recognisers write for 克.
pub(super) const SOUND_LIKE_GRAM: [&str; 2] = ["课", "刻"];

/// Words without which a clause has no number.
pub(super) const OPENING: Cues = Cues::of(&[Cue::Numeral, Cue::RingContext]);

/// Reads all numbers of a clause.
pub(super) fn read(scan: &Scan<'_>, index: usize, clause: &Clause, found: &mut Found<'_>) {
    if !clause.is(Cue::Numeral) {
        measure::ring_letter(scan, index, clause, found);
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
    measure::ring_letter(scan, index, clause, found);
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
    let mut walk = Walk { scan, last: clause.last, end: clause.end, at: at + 1, left: head };
    if walk.passes(Cue::Around) {
        quantity.bound = Bound::About;
    } else if let Some(grams) = walk.peek().filter(|next| walk.text(next) == "几克") {
        // 一百五十几克, where 几克 else asks.
        quantity.bound = Bound::About;
        quantity.unit = Some("g");
        walk.step(grams);
    }
    walk.next_up(&mut quantity);
    walk.unit(&mut quantity);
    if let Some(weighs) = walk.peek().filter(|next| quantity.unit.is_some() && walk.text(next) == "多重") {
        quantity.bound = Bound::About;
        walk.step(weighs);
    }
    walk.half(&mut quantity);
    walk.half_before_times(&mut quantity);
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
    /// Where the clause ends, in bytes.
    end: usize,
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
        if quantity.unit.is_some() && quantity.bound == Bound::About {
            return;
        }
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
            && self.is_spelled(next, quantity)
        {
            quantity.unit = self.scan.name(next);
            self.step(next);
        } else {
            (self.left, self.at) = (left, at);
        }
    }

    /// 零点八课 and 十二课六 are grams as a recogniser wrote them; 十二课 are lessons.
    fn is_spelled(&self, unit: &Token, quantity: &Quantity<'t>) -> bool {
        let rest = self.scan.text.get(unit.end as usize..).unwrap_or_default();
        let next = rest.chars().next();
        let spelled = self.text(unit);
        // 三刻 is a time, and so is 八点一刻; 十五刻 is none.
        let quarters = quantity.value().fract() * Decimal::TEN;
        let is_time = spelled == "刻"
            && (quantity.value() < Decimal::from(4) || quarters == Decimal::ONE || quarters == Decimal::from(3));
        !SOUND_LIKE_GRAM.contains(&spelled)
            || !is_time
                && (quantity.value().scale() != 0 || spelled == "刻")
                && next.is_none_or(|c| !super::normal::is_han(c) || "的左多出以".contains(c))
            || !is_time
                && next.is_some_and(|c| "一二三四五六七八九半".contains(c))
                && rest.chars().nth(1).is_none_or(|c| !super::normal::is_han(c) || c == '的')
    }

    /// 八个半到九个: a half before a range.
    fn half(&mut self, quantity: &mut Quantity<'t>) {
        let Some(unit) = self.peek().filter(|unit| quantity.unit.is_none() && self.text(unit) == "个") else { return };
        let next =
            |at: usize, left: &Token| self.scan.token(at).filter(|next| at < self.last && next.start == left.end);
        let Some(half) = next(self.at + 1, unit).filter(|half| self.text(half) == "半") else { return };
        if next(self.at + 2, half).is_some_and(|to| to.is(Cue::To)) {
            quantity.number.value += Decimal::new(5, 1);
            self.step(unit);
            self.step(half);
        }
    }

    /// 十一十二的: one or the other.
    fn next_up(&mut self, quantity: &mut Quantity<'t>) {
        let Some(next) = self.peek().filter(|next| next.start == self.left.end) else { return };
        let Some(number) = self.scan.number(next) else { return };
        let plain = |number: &Number| !number.figures && number.spread.is_none() && !number.paired;
        let follows = number.value == quantity.number.value + Decimal::ONE && Decimal::TEN <= quantity.number.value;
        if follows && plain(&quantity.number) && plain(number) && quantity.number.value < Decimal::ONE_HUNDRED {
            quantity.upper = Some(number.value);
            self.step(next);
        }
    }

    /// 两公分半乘三公分.
    fn half_before_times(&mut self, quantity: &mut Quantity<'t>) {
        let Some(half) = self.peek().filter(|half| quantity.unit.is_some() && self.text(half) == "半") else { return };
        let times = self.scan.token(self.at + 1).filter(|next| self.at + 1 < self.last && next.start == half.end);
        if times.is_some_and(|times| times.is(Cue::Times)) {
            quantity.number.value += Decimal::new(5, 1);
            self.step(half);
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
        let Some(link) = self.peek().filter(|_| quantity.upper.is_none()) else { return };
        if link.is(Cue::Times) {
            for across in 0..2 {
                let (left, at) = (self.left, self.at);
                if !self.passes(Cue::Times) {
                    break;
                }
                match self.next_number() {
                    Some(mut value) => {
                        self.unit(quantity);
                        // 四公分乘两公分半
                        if quantity.unit.is_some()
                            && let Some(half) = self.peek().filter(|half| self.text(half) == "半")
                        {
                            value += Decimal::new(5, 1);
                            self.step(half);
                        }
                        if let Some(place) = quantity.across.get_mut(across) {
                            *place = Some(value);
                        }
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
        let between = self.text(link) == "and"
            && self.scan.text.get(..quantity.start).is_some_and(|said| said.ends_with("between "));
        if !plus && !between && !link.is(Cue::To) {
            return;
        }
        self.step(link);
        match self.next_number() {
            Some(mut value) => {
                self.passes(Cue::Around);
                quantity.unit = None;
                self.unit(quantity);
                // 一到一克五, 八毫米到八毫米半: the tenths are of the upper end.
                if let Some(next) = self.peek().filter(|next| next.start == self.left.end)
                    && (matches!(quantity.unit, Some("g" | "ct")) || self.text(next) == "半")
                    && let Some(part) = quantity.unit.and_then(|unit| self.tenths(unit, next))
                {
                    value += part;
                    self.step(next);
                }
                // "Two carats up to five thousand dollars", "size seven up to twenty percent off".
                if self.text(link).ends_with("up to") && (unit.is_some() || quantity.unit.is_none()) {
                    (self.left, self.at, quantity.unit) = (left, at, unit);
                    return;
                }
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
        if self.and_a_part(quantity) {
            return;
        }
        let Some(next) = self.peek() else { return };
        let Some(number) = self.scan.number(next) else { return };
        // Fourteen grams two hundred milligrams.
        if let Some(after) = self.scan.token(self.at + 1).filter(|after| self.at + 1 < self.last && joined(next, after))
            && (unit, self.scan.name(after)) == ("g", Some("mg"))
        {
            quantity.number.value = (quantity.number.value + number.value * Decimal::new(1, 3)).normalize();
            self.step(next);
            self.step(after);
            return;
        }
        // "One carat fifteen", where nothing follows that would be counted.
        let stones =
            || [Topic::Stones, Topic::Diamonds].iter().any(|topic| self.scan.speaks_of(*topic, quantity.start));
        let hundredths = number.value.is_integer()
            && Decimal::from(5) <= number.value
            && number.value < Decimal::ONE_HUNDRED
            && unit == "ct"
            && self.text(next).is_ascii()
            && next.end as usize == self.end
            && stones();
        if hundredths {
            quantity.number.value += number.value * Decimal::new(1, 2);
            self.step(next);
            return;
        }
        if next.start != self.left.end {
            return;
        }
        let follows = self.scan.token(self.at + 1).filter(|after| after.start == next.end && self.at + 1 < self.last);
        // 三斤二两, 一克拉五十分: the second unit is a part of the first.
        let parts = match (unit, follows.and_then(|after| self.scan.name(after))) {
            ("jin", Some("liang")) => Some((Decimal::from(500), Decimal::from(50), "g")),
            ("kg", Some("liang")) => Some((Decimal::from(1_000), Decimal::from(50), "g")),
            ("liang", Some("qian")) if number.value < Decimal::TEN => Some((Decimal::ONE, Decimal::new(1, 1), "liang")),
            ("ct", Some("point")) if number.value < Decimal::ONE_HUNDRED => {
                Some((Decimal::ONE, Decimal::new(1, 2), "ct"))
            }
            _ => None,
        };
        if let Some((whole, part, unit)) = parts {
            quantity.number.value = (quantity.number.value * whole + number.value * part).normalize();
            quantity.unit = Some(unit);
            self.step(next);
            self.passes(Cue::Unit);
            return;
        }
        if let Some(part) = self.tenths(unit, next) {
            quantity.number.value += part;
            self.step(next);
        }
    }

    /// What a number right behind the unit adds to it.
    fn tenths(&self, unit: &str, next: &Token) -> Option<Decimal> {
        let number = self.scan.number(next)?;
        let follows = self.scan.token(self.at + 1).filter(|after| after.start == next.end && self.at + 1 < self.last);
        let measured = follows.is_some_and(|after| {
            after.is(Cue::Count) || after.is(Cue::Unit) || after.is(Cue::Price) || after.is(Cue::Times)
        });
        let half = self.text(next) == "半";
        // 一克拉八五 is 1.85.
        let both = number.figures
            && Decimal::TEN <= number.value
            && number.value < Decimal::ONE_HUNDRED
            && number.spread.is_none()
            && matches!(unit, "ct" | "g")
            && self.text(next).chars().count() == 2
            && !self.text(next).is_ascii();
        if measured || (!half && !both && (Decimal::TEN <= number.value || !number.figures)) {
            return None;
        }
        // The next word of the text may be a measure word that the lexicon does not know.
        let after = self.scan.text.get(next.end as usize..).and_then(|rest| rest.chars().next());
        if !half && after.is_some_and(|c| super::normal::is_han(c) && !"的左多出啊哈吧呢哦呀了不起以，到之".contains(c))
        {
            return None;
        }
        // 两克拉零八 is 2.08.
        let places = if both || self.text(next).starts_with(['零', '〇']) { 2 } else { 1 };
        Some(if half { Decimal::new(5, 1) } else { number.value * Decimal::new(1, places) })
    }

    /// Two carats and a half.
    fn and_a_part(&mut self, quantity: &mut Quantity<'t>) -> bool {
        let rest = self.scan.text.get(self.left.end as usize..).unwrap_or_default();
        let parts = [(" and a half", 50), (" and a quarter", 25), (" and three quarters", 75)];
        let Some((words, part)) = parts.into_iter().find(|(words, _)| rest.starts_with(words)) else { return false };
        let end = self.left.end as usize + words.len();
        let Some(last) = (self.at..self.last)
            .take_while(|at| self.scan.token(*at).is_some_and(|token| token.end as usize <= end))
            .last()
        else {
            return false;
        };
        let Some(token) = self.scan.token(last).filter(|token| token.end as usize == end) else { return false };
        quantity.number.value = (quantity.number.value + Decimal::new(part, 2)).normalize();
        self.left = token;
        self.at = last + 1;
        true
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
pub(super) fn context_after<'t>(
    scan: &Scan<'t>,
    clause: &Clause,
    quantity: &Quantity<'_>,
    cue: Cue,
) -> Option<(usize, &'t Token)> {
    let mut at = quantity.last;
    // 五三的小圈口
    if scan.token(at).is_some_and(|token| matches!(scan.text.get(token.range()), Some("小" | "大"))) {
        at += 1;
    }
    let token = scan.token(at).filter(|_| at < clause.last && clause.is(cue))?;
    let between = scan.text.get(quantity.end..token.start as usize)?;
    (token.is(cue) && between.chars().count() <= 2).then_some((at, token))
}

pub(super) fn next_is(scan: &Scan<'_>, clause: &Clause, quantity: &Quantity<'_>, cue: Cue) -> bool {
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
        measure::tolerance(quantity, found);
        return;
    }
    if let Some(mention) = measure::bangle(scan, index, clause, quantity, *last_bangle) {
        *last_bangle = Some(quantity.end);
        found.mentions.push(mention);
        return;
    }
    let mention = match quantity.unit {
        Some("g" | "kg" | "mg" | "jin" | "liang" | "qian" | "ct" | "point") => {
            measure::weight(scan, index, clause, quantity)
        }
        Some("mm" | "cm" | "inch") => measure::size(index, quantity),
        Some(_) => None,
        None => measure::bare(scan, index, clause, quantity, found)
            .or_else(|| anew::read(scan, index, clause, quantity, found)),
    };
    if let Some(mention) = mention
        && !next_is(scan, clause, quantity, Cue::Price)
    {
        found.take(quantity.first, quantity.last);
        anew::in_place_of_a_guess(scan, clause, &mention, found);
        found.mentions.push(mention);
    }
}
