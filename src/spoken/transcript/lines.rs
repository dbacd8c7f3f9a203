//! Transcripts that come line by line: SubRip, WebVTT and plain text. A line goes in, a cue comes out when it is whole;
//! so a stream of any length takes the memory of one cue.
//!
//! Read generously, because these files come from many tools: numbers of cues are not needed, a comma and a point are
//! both taken before the milliseconds, marks of form (`<i>`, `{\an8}`, `<v 主播>`) are left out. What makes a time
//! unreadable is an error, with its line.

use super::clock::clock;
use super::{Cue, Fault, Word, seam};

/// A cue is at most so many characters; more is no cue but another kind of file.
const MAX_CUE: usize = 20_000;

/// The forms that come line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    SubRip,
    WebVtt,
    Plain,
}

/// Takes lines, gives cues.
pub struct Lines {
    form: Form,
    line: usize,
    cues: usize,
    /// Something else than blank lines was seen.
    any: bool,
    open: Option<Open>,
    /// WebVTT: in a NOTE, STYLE or REGION block, up to the next blank line.
    skipping: bool,
    /// The last line of words before a line of times may be the next cue's name or number.
    plain_at: Option<i64>,
}

struct Open {
    cue: Cue,
    /// Lines of words, kept apart until the next line tells whether the last is the next cue's number.
    rows: Vec<String>,
}

impl Lines {
    pub fn new(form: Form) -> Self {
        Self { form, line: 0, cues: 0, any: false, open: None, skipping: false, plain_at: None }
    }

    /// Takes the next line, without its line break.
    pub fn push(&mut self, line: &str) -> Result<Option<Cue>, Fault> {
        self.line += 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if self.line == 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let done = match self.form {
            Form::SubRip => self.subtitle(line),
            Form::WebVtt => self.vtt(line),
            Form::Plain => self.plain(line),
        }?;
        self.any |= !line.trim().is_empty();
        Ok(done)
    }

    /// The last cue, once no more lines come.
    pub fn end(mut self) -> Result<Option<Cue>, Fault> {
        let last = self.close();
        if self.any && self.cues == 0 {
            return Err(match self.form {
                Form::SubRip => Fault::whole(
                    "no cue was found: in SubRip each has a line such as 00:00:01,000 --> 00:00:04,000 above its words",
                ),
                // A head without a cue is a stream without words.
                Form::WebVtt | Form::Plain => return Ok(last),
            });
        }
        Ok(last)
    }

    fn fault(&self, why: &str) -> Fault {
        Fault { line: Some(self.line), why: why.to_owned() }
    }

    fn vtt(&mut self, line: &str) -> Result<Option<Cue>, Fault> {
        if self.line == 1 {
            let head = line.strip_prefix("WEBVTT").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '-']));
            self.skipping = true; // What stands below the head, up to a blank line, belongs to it.
            return match head {
                Some(_) => Ok(None),
                None if line.trim().is_empty() => Ok(None),
                None => Err(self.fault("WebVTT begins with the line WEBVTT: is this SubRip, format srt?")),
            };
        }
        if self.open.is_none() && !self.skipping {
            let word = line.split([' ', '\t']).next().unwrap_or_default();
            self.skipping = matches!(word, "NOTE" | "STYLE" | "REGION") && !line.contains("-->");
        }
        if self.skipping {
            self.skipping = !line.trim().is_empty() && !line.contains("-->");
            if !line.contains("-->") {
                return Ok(None);
            }
        }
        self.subtitle(line)
    }

    fn subtitle(&mut self, line: &str) -> Result<Option<Cue>, Fault> {
        if line.contains("-->") {
            let (from_ms, to_ms) = self.times(line)?;
            // Without a blank line between, the number of this cue looks like words of the one before.
            if let Some(open) = &mut self.open
                && open.rows.last().is_some_and(|row| row.bytes().all(|b| b.is_ascii_digit()))
            {
                open.rows.pop();
            }
            let done = self.close();
            let cue = Cue { from_ms: Some(from_ms), to_ms: Some(to_ms), ..Cue::default() };
            self.open = Some(Open { cue, rows: Vec::new() });
            self.cues += 1;
            return Ok(done);
        }
        if line.trim().is_empty() {
            // Some tools write blank lines within a cue's words; only a cue that has words ends here.
            let is_whole = self.open.as_ref().is_some_and(|open| !open.rows.is_empty());
            return Ok(if is_whole { self.close() } else { None });
        }
        let is_too_long = self.open.as_mut().is_some_and(|open| {
            open.rows.push(line.to_owned());
            MAX_CUE < open.rows.iter().map(String::len).sum::<usize>()
        });
        if is_too_long {
            return Err(self.fault("this cue has no end: each is followed by a blank line"));
        }
        Ok(None)
    }

    fn times(&self, line: &str) -> Result<(i64, i64), Fault> {
        let unreadable = || self.fault("these times cannot be read: write them as 00:00:01,000 --> 00:00:04,000");
        let (from, rest) = line.split_once("-->").ok_or_else(unreadable)?;
        // Behind the times WebVTT may say where the cue is shown.
        let to = rest.split_whitespace().next().ok_or_else(unreadable)?;
        match (clock(from), clock(to)) {
            (Some(from), Some(to)) => Ok((from, to)),
            (None, _) | (_, None) => Err(unreadable()),
        }
    }

    fn close(&mut self) -> Option<Cue> {
        let Open { mut cue, rows } = self.open.take()?;
        for row in rows {
            append_marked(&mut cue, &row, self.form);
        }
        cue.is_said().then_some(cue)
    }

    /// A paragraph a line. A time at its beginning, `[00:12:30]`, `(12:30)` or `00:12:30`, is that of what follows; a
    /// line such as `说话人1 00:12:30` is a time alone.
    fn plain(&mut self, line: &str) -> Result<Option<Cue>, Fault> {
        let line = line.trim();
        if line.is_empty() {
            return Ok(None);
        }
        let (time, words) = stamped(line);
        if let Some(at) = time {
            self.plain_at = Some(at);
        }
        if words.is_empty() {
            return Ok(None);
        }
        if MAX_CUE * 50 < words.len() {
            return Err(self.fault("this line is too long for a transcript: break it into sentences"));
        }
        self.cues += 1;
        let at = if time.is_some() { time } else { self.plain_at.take() };
        self.plain_at = None;
        Ok(Some(Cue { from_ms: at, to_ms: None, text: words.to_owned(), words: Vec::new() }))
    }
}

/// The time at the head of a line of plain text, and what stands behind it.
fn stamped(line: &str) -> (Option<i64>, &str) {
    let is_clock = |text: &str| clock(text).filter(|_| text.bytes().next().is_some_and(|b| b.is_ascii_digit()));
    for (left, right) in [('[', ']'), ('(', ')'), ('【', '】'), ('（', '）')] {
        if let Some((inner, rest)) = line.strip_prefix(left).and_then(|rest| rest.split_once(right))
            // A span `[00:00:01 --> 00:00:04]` has its beginning first.
            && let Some(at) = is_clock(inner.split("-->").next().unwrap_or_default().trim())
        {
            return (Some(at), rest.trim());
        }
    }
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    // A bare "12:30" may be said of a time of day; a clock with hours or a fraction is none.
    let is_stamp = |text: &str| 2 <= text.matches(':').count() || text.contains('.');
    if let Some(at) = is_clock(first).filter(|_| is_stamp(first) || rest.is_empty()) {
        return (Some(at), rest.trim());
    }
    // A speaker and a time, and the words in the lines below.
    if let Some((who, last)) = line.rsplit_once(char::is_whitespace)
        && who.chars().count() <= 20
        && let Some(at) = is_clock(last)
    {
        return (Some(at), "");
    }
    (None, line)
}

/// Appends a row of a subtitle without its marks of form. WebVTT's times within a row are those of the words behind.
fn append_marked(cue: &mut Cue, row: &str, form: Form) {
    let row = row.trim();
    let mut plain = String::with_capacity(row.len());
    let mut marks = Vec::new();
    let mut rest = row;
    while let Some(at) = rest.find(['<', '{', '&']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        rest = match mark(from, form) {
            Mark::Time(at_ms, rest) => {
                marks.push((plain.chars().count(), at_ms));
                rest
            }
            Mark::Form(rest) => rest,
            Mark::Sign(sign, rest) => {
                plain.push(sign);
                rest
            }
            Mark::None => {
                let mut chars = from.chars();
                plain.extend(chars.next());
                chars.as_str()
            }
        };
    }
    plain.push_str(rest);
    let lead = plain.chars().take_while(|c| c.is_whitespace()).count();
    let said = plain.trim();
    if said.is_empty() {
        return;
    }
    if let Some(between) = seam(&cue.text, said) {
        cue.text.push(between);
    }
    let base = cue.text.chars().count();
    let length = said.chars().count();
    cue.text.push_str(said);
    if marks.is_empty() {
        return;
    }
    // The words before the first time begin with the row.
    if marks.first().is_some_and(|(at, _)| lead < *at)
        && let Some(from) = cue.from_ms
    {
        marks.insert(0, (lead, from));
    }
    cue.words.extend(marks.into_iter().filter_map(|(at, at_ms)| {
        let start = at.saturating_sub(lead);
        (start < length).then_some(Word { start: base + start, at_ms })
    }));
}

enum Mark<'a> {
    Time(i64, &'a str),
    Form(&'a str),
    Sign(char, &'a str),
    None,
}

/// What stands at a `<`, `{` or `&`.
fn mark(text: &str, form: Form) -> Mark<'_> {
    const SIGNS: [(&str, char); 7] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&nbsp;", ' '),
        ("&quot;", '"'),
        ("&lrm;", '\u{200e}'),
        ("&rlm;", '\u{200f}'),
    ];
    if let Some((sign, c)) = SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign)) {
        return text.get(sign.len()..).map_or(Mark::None, |rest| Mark::Sign(c, rest));
    }
    if let Some((_, rest)) = text.strip_prefix("{\\").and_then(|inner| inner.split_once('}')) {
        return Mark::Form(rest);
    }
    let Some((inner, rest)) = text.strip_prefix('<').and_then(|inner| inner.split_once('>')) else { return Mark::None };
    if form == Form::WebVtt
        && let Some(at_ms) = clock(inner)
    {
        return Mark::Time(at_ms, rest);
    }
    let name = inner.strip_prefix('/').unwrap_or(inner);
    // "<6克" is no mark: one has a short name of letters.
    let name = name.split([' ', '.', '\t']).next().unwrap_or_default();
    let is_mark = matches!(name, "i" | "b" | "u" | "s" | "c" | "v" | "ruby" | "rt" | "lang" | "font");
    if is_mark { Mark::Form(rest) } else { Mark::None }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Transcript};
    use super::*;

    fn cues(form: Form, content: &str) -> Result<Vec<Cue>, Fault> {
        let mut lines = Lines::new(form);
        let mut cues = Vec::new();
        for line in content.split('\n') {
            cues.extend(lines.push(line)?);
        }
        cues.extend(lines.end()?);
        Ok(cues)
    }

    #[track_caller]
    fn check(form: Form, content: &str, expected: &[(Option<i64>, Option<i64>, &str)]) {
        let cues = cues(form, content).unwrap();
        let cues: Vec<_> = cues.iter().map(|cue| (cue.from_ms, cue.to_ms, cue.text.as_str())).collect();
        assert_eq!(cues, expected, "{content}");
    }

    #[test]
    fn subrip_is_read_as_tools_write_it() {
        let one = &[(Some(1_000), Some(4_000), "这只是冰种")][..];
        check(Form::SubRip, "1\n00:00:01,000 --> 00:00:04,000\n这只是冰种\n", one);
        check(Form::SubRip, "1\r\n00:00:01,000 --> 00:00:04,000\r\n这只是冰种\r\n\r\n", one);
        check(Form::SubRip, "\u{feff}1\n00:00:01.000 --> 00:00:04.000\n这只是冰种", one);
        check(Form::SubRip, "00:00:01,000-->00:00:04,000\n<i>这只是</i>{\\an8}冰种\n", one);
        check(Form::SubRip, "1\n00:00:01,000 --> 00:00:04,000\n\n这只是冰种\n", one);
        check(Form::SubRip, "1\n00:00:01,000 --> 00:00:04,000 X1:40 X2:600\n这只是\n冰种\n", one);
        check(
            Form::SubRip,
            "1\n00:00:01,000 --> 00:00:02,000\n五十六\n2\n00:00:02,000 --> 00:00:03,000\nring size 15\nUS 7\n",
            &[(Some(1_000), Some(2_000), "五十六"), (Some(2_000), Some(3_000), "ring size 15 US 7")],
        );
        check(Form::SubRip, "1\n00:00:01,000 --> 00:00:02,000\n\n\n", &[]);
        check(Form::SubRip, "  \n\n", &[]);
        check(
            Form::SubRip,
            "1\n00:00:01,000 --> 00:00:02,000\n<6克 & 5 < 6\n",
            &[(Some(1_000), Some(2_000), "<6克 & 5 < 6")],
        );
    }

    #[test]
    fn webvtt_is_read_with_its_blocks_marks_and_word_times() {
        let content = "WEBVTT - 直播\nKind: captions\n\nNOTE 第一段\n不要读\n\nSTYLE\n::cue { color: red }\n\nintro\n\
            00:01.000 --> 00:04.000 align:start\n<v 主播>这只<00:00:02.500><c> 五十六克</c>&amp;起\n\n\
            00:05.000 --> 00:06.000\n- 好\n";
        let cues = cues(Form::WebVtt, content).unwrap();
        assert_eq!(cues[0].text, "这只 五十六克&起");
        assert_eq!(cues[0].words, [Word { start: 0, at_ms: 1_000 }, Word { start: 2, at_ms: 2_500 }]);
        assert_eq!(cues[1].text, "- 好");
        assert_eq!(cues.len(), 2);
        check(Form::WebVtt, "WEBVTT\n00:01.000 --> 00:02.000\n好\n", &[(Some(1_000), Some(2_000), "好")]);
        check(Form::WebVtt, "WEBVTT\n\n", &[]);
    }

    #[test]
    fn plain_text_takes_a_time_at_the_head_of_a_line() {
        check(Form::Plain, "大家好\n\n这只是翡翠\n", &[(None, None, "大家好"), (None, None, "这只是翡翠")]);
        check(Form::Plain, "[00:12:30] 这只是翡翠", &[(Some(750_000), None, "这只是翡翠")]);
        check(Form::Plain, "(12:30)这只是翡翠", &[(Some(750_000), None, "这只是翡翠")]);
        check(Form::Plain, "00:12:30.500 这只是翡翠", &[(Some(750_500), None, "这只是翡翠")]);
        check(
            Form::Plain,
            "说话人1 00:12:30\n这只是翡翠\n五十六克",
            &[(Some(750_000), None, "这只是翡翠"), (None, None, "五十六克")],
        );
        check(Form::Plain, "12:30 开播", &[(None, None, "12:30 开播")]);
        check(Form::Plain, "圈口[56]的", &[(None, None, "圈口[56]的")]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let check = |form, content: &str, line, hint: &str| {
            let fault = cues(form, content).unwrap_err();
            assert_eq!(fault.line, line, "{content}");
            assert!(fault.why.contains(hint), "{content}: {fault}");
        };
        check(Form::SubRip, "1\n00:00:01,000 --> later\n好\n", Some(2), "00:00:01,000 -->");
        check(Form::SubRip, "1\n00:00:99,000 --> 00:01:00,000\n好\n", Some(2), "00:00:01,000 -->");
        check(Form::SubRip, "这是一段话\n没有时间\n", None, "no cue was found");
        check(Form::WebVtt, "1\n00:00:01,000 --> 00:00:02,000\n好\n", Some(1), "srt");
        let endless = format!("1\n00:00:01,000 --> 00:00:02,000\n{}", "好\n".repeat(10_000));
        check(Form::SubRip, &endless, Some(2 + 6_667), "blank line");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_every_word_lies_in_its_cue(content in "(?s).{0,400}", which in 0..3) {
            let form = [Form::SubRip, Form::WebVtt, Form::Plain][which as usize];
            for cue in cues(form, &content).unwrap_or_default() {
                let length = cue.text.chars().count();
                assert!(cue.words.iter().all(|word| word.start < length));
            }
        }

        #[test]
        fn what_looks_like_cues_does_not_panic_either(
            rows in proptest::collection::vec("([0-9]{1,2}|00:0[0-9]:[0-9]{2}[,.][0-9]{3} --> 00:0[0-9]:[0-9]{2},[0-9]{3}|\
                <00:00:0[0-9]\\.000>|</?[cvi][^>]{0,3}>?|WEBVTT|NOTE|翡翠|&lt;|\\{|)", 0..30),
            format in 0..3,
        ) {
            let format = [Format::Srt, Format::Vtt, Format::Text][format as usize];
            if let Ok(transcript) = Transcript::read(format, &rows.join("\n")) {
                transcript.check();
            }
        }
    }
}
