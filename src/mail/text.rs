//! A letter in plain text: the same as its HTML, in the same order, for whoever reads without one.

use std::fmt::Write as _;

use super::content::{Choice, Content, Section};
use crate::shown::{Ledger, Row};
use crate::words::Words;

/// Writing to a string does not fail, so what it answers is not looked at.
macro_rules! line {
    ($text:expr) => { $text.push('\n') };
    ($text:expr, $($part:tt)+) => {{
        let _ = writeln!($text, $($part)+);
    }};
}

impl Content<'_> {
    /// Its plain text, in lines as long as they are: whoever shows it breaks them.
    pub fn text(&self) -> String {
        let w = self.words;
        let mut text = String::new();
        line!(text, "{}\n\n{}\n{}", w.brand(), self.heading, self.order);
        for section in &self.sections {
            line!(text);
            write_section(&mut text, w, section);
        }
        if let Some(link) = &self.page {
            line!(text, "\n{}\n{}", link.label, link.url);
            if self.brief {
                line!(text, "{}", w.letter_rest_on_page());
            }
        }
        // What follows this line is a signature to most programs (RFC 3676, section 4.3).
        line!(text, "\n-- ");
        if self.private {
            line!(text, "{}", w.letter_private());
        }
        if self.has_verdict() {
            line!(text, "{}", w.letter_digest_why());
        }
        line!(text, "{}\n{}", self.zone, self.why);
        text
    }

    /// Whether a digest stands in it.
    pub fn has_verdict(&self) -> bool {
        self.sections.iter().any(|section| section.verdict.is_some())
    }
}

fn write_section(text: &mut String, w: &Words, section: &Section<'_>) {
    for piece in &section.pieces {
        line!(text, "■ {}\n  {} {}", piece.title, w.piece_code(), piece.code);
    }
    if let Some((stage, next)) = section.stands {
        line!(text, "  → {stage}\n  {next}");
    }
    for tell in &section.tells {
        line!(text, "\n{tell}");
    }
    for note in &section.notes {
        line!(text, "\n* {note}");
    }
    if let Some(to) = section.send_to {
        line!(text, "\n{}\n{to}\n\n{}", w.letter_send_to(), w.letter_code_on_parcel());
        for piece in &section.pieces {
            line!(text, "{}", piece.code);
        }
    }
    for parcel in section.parcels {
        line!(text, "\n{} {} {}", w.carrier_and_waybill(), parcel.carrier, parcel.waybill);
        if let Some(link) = &parcel.link {
            line!(text, "{link}");
        }
    }
    if let Some(choice) = &section.choice {
        write_choice(text, w, choice);
    }
    if let Some(ledger) = section.ledger {
        write_ledger(text, w, ledger);
    }
    if !section.rows.is_empty() {
        line!(text, "\n{}", section.rows_heading);
        section.rows.iter().for_each(|row| write_row(text, w, row));
    }
    if let Some(link) = &section.certificate {
        line!(text, "\n{}\n{}", link.label, link.url);
    }
    if section.verdict.is_some() {
        line!(text, "\n{}", section.digest_line(w));
    }
}

fn write_choice(text: &mut String, w: &Words, choice: &Choice<'_>) {
    line!(text, "\n{}", w.difference_heading());
    choice.differences.iter().for_each(|row| write_row(text, w, row));
    choice.in_words.iter().for_each(|said| line!(text, "{said}"));
    line!(text, "\n{}: {}", w.choice_accept(), w.choice_accept_means());
    line!(text, "{}: {}", w.choice_refuse(), w.choice_refuse_means());
    line!(text, "{}\n{}", w.choice_default(), choice.until);
    line!(text, "\n{}\n{}", choice.link.label, choice.link.url);
}

fn write_ledger(text: &mut String, w: &Words, ledger: &Ledger) {
    line!(text, "\n{}\n{}", w.ledger_heading(), ledger.counted.join(" · "));
    ledger.rows.iter().for_each(|row| write_row(text, w, row));
    for said in ledger.unchecked.iter().chain(&ledger.explained) {
        line!(text, "\n{said}");
    }
}

fn write_row(text: &mut String, w: &Words, row: &Row) {
    let part = row.part.as_ref().map_or(String::new(), |part| format!(" · {part}"));
    let measured = row.measured.as_deref().unwrap_or(w.no_value());
    line!(text, "\n{} {} | {}{part}", row.mark(), row.finding_word, row.kind);
    line!(text, "  {}: {}\n  {}: {measured}", w.said_as(), row.value, w.measured_as());
    for said in &row.said {
        if let Some(quote) = &said.quote {
            line!(text, "  {} {}", said.source, w.letter_quote(quote.as_str()));
        }
    }
    for flag in &row.flags {
        line!(text, "  ⚑ {}", w.letter_rule_breached(flag.as_str()));
    }
    if let Some(why) = &row.why {
        line!(text, "  {}: {why}", w.why());
    }
}
