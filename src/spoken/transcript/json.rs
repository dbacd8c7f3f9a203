//! Transcripts in JSON: `{"segments": […]}` in seconds, `[{"start_ms", …}]` in milliseconds (`interfaces.md`), Whisper's
//! own output in its three dialects, and FunASR's, with or without sentences.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clock::{Unit, number};
use super::{Cue, Fault, Word, seam};

/// Cues of one session at the most: a hundred hours of short ones.
const MAX_CUES: usize = 200_000;

/// One stretch of speech, under any of the names that it has in the wild.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    /// The words. FunASR of earlier days calls a sentence's own `sentence`.
    #[serde(alias = "sentence")]
    text: Option<String>,
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
    #[serde(borrow)]
    start_ms: Option<&'a RawValue>,
    #[serde(borrow)]
    end_ms: Option<&'a RawValue>,
    /// Whisper in C++: milliseconds.
    offsets: Option<Offsets>,
    /// Whisper: each word with its time in seconds.
    #[serde(borrow)]
    words: Option<Vec<Spoken<'a>>>,
    /// FunASR: a pair of milliseconds for each character or word.
    timestamp: Option<Vec<(i64, i64)>>,
    #[serde(borrow)]
    sentence_info: Option<Vec<Item<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Offsets {
    from: i64,
    to: i64,
}

#[derive(Debug, Deserialize)]
struct Spoken<'a> {
    #[serde(alias = "text")]
    word: String,
    #[serde(borrow, default)]
    start: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    segments: Option<Vec<Item<'a>>>,
    /// Whisper in C++.
    #[serde(borrow)]
    transcription: Option<Vec<Item<'a>>>,
}

const SHAPES: &str = "a transcript in JSON is {\"segments\": [{\"start\", \"end\", \"text\"}]} in seconds, \
     [{\"start_ms\", \"end_ms\", \"text\"}], or what Whisper or FunASR write";

/// The cues of a transcript.
pub fn cues(content: &str) -> Result<Vec<Cue>, Fault> {
    let content = content.trim_start_matches('\u{feff}').trim();
    if content.is_empty() {
        return Ok(Vec::new());
    }
    let unreadable = |error: serde_json::Error| Fault {
        line: Some(error.line()).filter(|line| 0 < *line),
        why: format!("{SHAPES}; {}", without_place(&error.to_string())),
    };
    let mut cues = Vec::new();
    let mut take = |items: Vec<Item>, unit| -> Result<(), Fault> {
        for (place, item) in items.into_iter().enumerate() {
            if MAX_CUES <= cues.len() {
                return Err(Fault::whole(format!("a transcript has at most {MAX_CUES} cues: send a part of it")));
            }
            item.read(unit, &mut cues).map_err(|why| Fault::whole(format!("item {}: {why}", place + 1)))?;
        }
        Ok(())
    };
    if content.starts_with('[') {
        take(serde_json::from_str(content).map_err(unreadable)?, Unit::Milliseconds)?;
        return Ok(cues);
    }
    let whole: Whole = serde_json::from_str(content).map_err(unreadable)?;
    match (whole.segments, whole.transcription) {
        (Some(segments), _) => take(segments, Unit::Seconds)?,
        (None, Some(transcription)) => take(transcription, Unit::Milliseconds)?,
        (None, None) => {
            let one: Item = serde_json::from_str(content).map_err(unreadable)?;
            if one.text.is_none() && one.sentence_info.is_none() {
                return Err(Fault::whole(SHAPES));
            }
            take(vec![one], Unit::Milliseconds)?;
        }
    }
    Ok(cues)
}

/// The place is told beside it.
fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}

impl Item<'_> {
    fn read(self, unit: Unit, cues: &mut Vec<Cue>) -> Result<(), String> {
        if let Some(sentences) = self.sentence_info {
            // Of a recording with sentences, the text of the whole says the same once more.
            return sentences.into_iter().try_for_each(|sentence| {
                if sentence.sentence_info.is_some() {
                    return Err("sentences do not hold sentences".to_owned());
                }
                sentence.read(Unit::Milliseconds, cues)
            });
        }
        let Some(text) = &self.text else { return Err("its text is missing".to_owned()) };
        let time = |raw: Option<&RawValue>, unit, name: &str| match raw.map(RawValue::get).filter(|raw| *raw != "null")
        {
            None => Ok(None),
            Some(raw) => match number(raw, unit) {
                Some(ms) => Ok(Some(ms)),
                None => Err(format!("{name} is no time: {}", raw.chars().take(20).collect::<String>())),
            },
        };
        let mut from_ms = match time(self.start_ms, Unit::Milliseconds, "start_ms")? {
            Some(ms) => Some(ms),
            None => time(self.start, unit, "start")?,
        };
        let mut to_ms = match time(self.end_ms, Unit::Milliseconds, "end_ms")? {
            Some(ms) => Some(ms),
            None => time(self.end, unit, "end")?,
        };
        if let Some(offsets) = &self.offsets {
            (from_ms, to_ms) = (Some(offsets.from.max(0)), Some(offsets.to.max(0)));
        }
        let mut cue = Cue { from_ms, to_ms, ..Cue::default() };
        for row in text.lines() {
            let row = row.trim();
            if let Some(between) = seam(&cue.text, row) {
                cue.text.push(between);
            }
            cue.text.push_str(row);
        }
        cue.words = match (self.words, self.timestamp) {
            (Some(words), _) => spoken_words(&cue.text, &words),
            (None, Some(pairs)) => {
                if let (Some((first, _)), Some((_, last))) = (pairs.first(), pairs.last()) {
                    cue.from_ms = cue.from_ms.or(Some((*first).max(0)));
                    cue.to_ms = cue.to_ms.or(Some((*last).max(0)));
                }
                timed_tokens(&cue.text, &pairs)
            }
            (None, None) => Vec::new(),
        };
        if cue.from_ms.is_none() {
            cue.from_ms = cue.words.first().map(|word| word.at_ms);
        }
        if cue.is_said() {
            cues.push(cue);
        }
        Ok(())
    }
}

/// Whisper's words, found again in the text one after the other; one that is not there is passed over.
fn spoken_words(text: &str, words: &[Spoken]) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let (mut byte, mut start) = (0, 0);
    for spoken in words {
        let word = spoken.word.trim();
        let rest = text.get(byte..).unwrap_or_default();
        let Some(at) = rest.find(word).filter(|_| !word.is_empty()) else { continue };
        start += rest.get(..at).unwrap_or_default().chars().count();
        if let Some(at_ms) = spoken.start.and_then(|raw| number(raw.get(), Unit::Seconds)) {
            found.push(Word { start, at_ms });
        }
        start += word.chars().count();
        byte += at + word.len();
    }
    // Only times that go forward are times.
    if found.is_sorted_by_key(|word| word.at_ms) { found } else { Vec::new() }
}

/// FunASR's pairs: one for each Chinese character, and one for each run of letters or digits; none for marks. Where
/// their number is another, nobody can tell whose they are, and the sentence's own time must do.
fn timed_tokens(text: &str, pairs: &[(i64, i64)]) -> Vec<Word> {
    let mut starts = Vec::new();
    let mut in_run = false;
    for (place, c) in text.chars().enumerate() {
        let is_run = c.is_ascii_alphanumeric() || c == '\'';
        if c.is_alphanumeric() && !(is_run && in_run) {
            starts.push(place);
        }
        in_run = is_run;
    }
    if starts.len() != pairs.len() || !pairs.is_sorted_by_key(|(from, _)| *from) {
        return Vec::new();
    }
    starts.into_iter().zip(pairs).map(|(start, (from, _))| Word { start, at_ms: (*from).max(0) }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Transcript;
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &[(Option<i64>, Option<i64>, &str, usize)]) {
        let cues = cues(content).unwrap();
        let cues: Vec<_> =
            cues.iter().map(|cue| (cue.from_ms, cue.to_ms, cue.text.as_str(), cue.words.len())).collect();
        assert_eq!(cues, expected, "{content}");
    }

    #[test]
    fn every_shape_that_is_promised_is_read() {
        check(
            r#"{"segments":[{"start":12.5,"end":15,"text":"这只是冰种"},{"start":15,"end":16.25,"text":" "}]}"#,
            &[(Some(12_500), Some(15_000), "这只是冰种", 0)],
        );
        check(
            r#"[{"start_ms":12500,"end_ms":15000,"text":"这只\n是冰种"}]"#,
            &[(Some(12_500), Some(15_000), "这只是冰种", 0)],
        );
        check(
            r#"{"text":"…","language":"zh","segments":[{"id":0,"seek":0,"start":0.0,"end":2.5,"text":" 五十六克 ok","tokens":[1],
                "temperature":0.0,"words":[{"word":"五十","start":0.2,"end":0.9,"probability":0.9},
                {"word":"六克","start":0.9,"end":1.5},{"word":" ok","start":1.8,"end":2.1}]}]}"#,
            &[(Some(0), Some(2_500), "五十六克 ok", 3)],
        );
        check(
            r#"{"transcription":[{"timestamps":{"from":"00:00:01,000","to":"00:00:02,000"},
                "offsets":{"from":1000,"to":2000},"text":" 翡翠"}]}"#,
            &[(Some(1_000), Some(2_000), "翡翠", 0)],
        );
        check(
            r#"[{"key":"a","text":"翡翠手镯，五十六克。","timestamp":[[0,1]],"sentence_info":[
                {"text":"翡翠手镯，","start":100,"end":900,"timestamp":[[100,300],[300,500],[500,700],[700,900]],"spk":0},
                {"sentence":"18K的","start":900,"end":1500,"timestamp":[[900,1200],[1200,1500]]}]}]"#,
            &[(Some(100), Some(900), "翡翠手镯，", 4), (Some(900), Some(1_500), "18K的", 2)],
        );
        check(
            r#"[{"key":"a","text":"翡翠 ok","timestamp":[[100,300],[300,500],[500,700]]}]"#,
            &[(Some(100), Some(700), "翡翠 ok", 3)],
        );
        check(r#"{"text":"翡翠"}"#, &[(None, None, "翡翠", 0)]);
        check("", &[]);
        check("[]", &[]);
    }

    #[test]
    fn pairs_that_do_not_fit_the_text_are_not_used() {
        check(r#"[{"text":"翡翠手镯","timestamp":[[100,300],[300,500]]}]"#, &[(Some(100), Some(500), "翡翠手镯", 0)]);
    }

    #[test]
    fn nonsense_is_told_with_what_would_make_it_right() {
        let check = |content: &str, hint: &str| {
            let fault = cues(content).unwrap_err().to_string();
            assert!(fault.contains(hint), "{content}: {fault}");
        };
        check("{}", "start_ms");
        check("null", "segments");
        check("[1]", "segments");
        check(r#"{"segments":3}"#, "segments");
        check(r#"[{"start_ms":1}]"#, "item 1: its text is missing");
        check(r#"{"segments":[{"start":"soon","end":2,"text":"好"}]}"#, "item 1: start is no time");
        check(r#"[{"text":"好","start_ms":1e99,"end_ms":2}]"#, "start_ms is no time");
        check(r#"[{"text":"\ud83d"}]"#, "hex escape");
        check("[{\"text\":\"好\"", "line 1");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(content in "(?s)[\\[{]?.{0,200}") {
            let _ = cues(&content);
        }

        #[test]
        fn any_items_become_a_whole_transcript(
            items in proptest::collection::vec((-5_000..5_000_i64, -5_000..5_000_i64, "[翡翠a1 克。😀\\n]{0,8}",
                proptest::collection::vec((-100..5_000_i64, 0..5_000_i64), 0..6)), 0..12),
        ) {
            let items: Vec<_> = items.into_iter().map(|(from, to, text, pairs)| {
                serde_json::json!({"start_ms": from, "end_ms": to, "text": text, "timestamp": pairs})
            }).collect();
            Transcript::of(cues(&serde_json::to_string(&items).unwrap()).unwrap()).check();
        }
    }
}
