//! The account of what happens, a line for each step of each piece, in columns.

use std::fmt::Write as _;

/// What one step was: whose, of which piece, in plain words, and where it led.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub code: String,
    pub who: String,
    pub what: String,
    pub stage: String,
}

/// What is told of an order.
#[derive(Clone, Debug)]
pub enum Told {
    Heading(String),
    Step(Step),
}

const WHO: usize = 12;
const WHAT: usize = 64;

impl Told {
    pub fn text(&self) -> String {
        match self {
            Told::Heading(heading) => format!("\n{heading}"),
            Told::Step(step) => {
                let mut line = format!("  {}  {}  ", padded(&step.code, 11), padded(&step.who, WHO));
                if step.stage.is_empty() {
                    line.push_str(&step.what);
                } else {
                    let _ = write!(line, "{}  {}", padded(&cut(&step.what, WHAT), WHAT), step.stage);
                }
                line
            }
        }
    }
}

/// How many columns a terminal gives a text: Chinese characters and their punctuation take two.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    match character {
        '\u{0300}'..='\u{036f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// As much of a text as fits, with a sign where it was cut.
pub fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += columns(character);
        if room < used {
            break;
        }
        kept.push(character);
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_they_hold() {
        let step = |what: &str| {
            let step = Step { code: "A".into(), who: "clerk".into(), what: what.into(), stage: "received".into() };
            Told::Step(step).text()
        };
        let place = |line: &str| width(line.strip_suffix("received").unwrap());
        let places =
            [step("plain"), step("和田玉(碧玉)手串,重 32.1 g"), step(&"很".repeat(60))].map(|line| place(&line));
        assert_eq!(places, [places[0]; 3]);
    }

    #[test]
    fn a_cut_never_takes_more_room_than_there_is() {
        for room in 1..12 {
            assert!(width(&cut("籽料a籽料b籽料", room)) <= room);
        }
        assert_eq!(cut("short", 5), "short");
    }
}
