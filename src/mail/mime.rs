//! A letter as it goes over the wire: headers, both texts, encodings (RFC 5322, 2045, 2047).

use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use super::transport::Failure;
use super::{Letter, address};
use crate::words::Language;

/// A letter with its envelope.
pub struct Posted {
    pub envelope: Envelope,
    /// The whole message, lines ending in CR LF.
    pub bytes: Vec<u8>,
}

/// A subject is one line of at most so many characters.
const LONGEST_SUBJECT: usize = 200;

/// Digests in the header of a letter at the most.
const VERDICTS: usize = 12;

/// Puts a letter into its form. The same letter is the same bytes.
///
/// # Errors
///
/// An address that nothing can be sent to; a header that cannot be written. Both are for good.
pub fn post(letter: &Letter) -> Result<Posted, Failure> {
    let to = address::wire(&letter.to).map_err(|_| Failure::permanent("address"))?;
    let envelope = Envelope::new(Some(letter.from.address().clone()), vec![to.clone()])
        .map_err(|_| Failure::permanent("address"))?;
    let seconds = u64::try_from(letter.date.as_second()).unwrap_or_default();
    let mut message = Message::builder()
        .from(letter.from.mailbox())
        // No name beside the address: a letter says no more of a person than it needs to arrive.
        .to(Mailbox::new(None, to))
        .subject(one_line(&letter.subject))
        .message_id(Some(letter.message_id.clone()))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        // RFC 3834, section 5: no answering machine answers it.
        .raw_header(header("Auto-Submitted", "auto-generated")?)
        .raw_header(header("X-Auto-Response-Suppress", "All")?)
        .raw_header(header("List-Id", &format!("<{}>", letter.list_id))?)
        .raw_header(header("Content-Language", &languages(letter))?);
    if !letter.verdicts.is_empty() {
        // A line has 998 characters at the most; the text holds every digest.
        let some: Vec<&str> = letter.verdicts.iter().take(VERDICTS).map(String::as_str).collect();
        message = message.raw_header(header("X-Touchstone-Verdict", &some.join(", "))?);
    }
    let parts = MultiPart::alternative()
        .boundary(format!("part-{}", letter.id.simple()))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let message = message.envelope(envelope.clone()).multipart(parts).map_err(|_| Failure::permanent("header"))?;
    Ok(Posted { envelope, bytes: message.formatted() })
}

/// The languages of a letter (RFC 3282).
fn languages(letter: &Letter) -> String {
    let also = letter.also.filter(|also| *also != letter.language);
    std::iter::once(letter.language).chain(also).map(Language::tag).collect::<Vec<_>>().join(", ")
}

/// What a line break in it would make of a subject is another header.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SUBJECT).collect()
}

/// A header of ours, whose text is ASCII without a control character.
fn header(name: &'static str, text: &str) -> Result<HeaderValue, Failure> {
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| Failure::permanent("header"))?;
    if fits { Ok(HeaderValue::new(name, text.to_owned())) } else { Err(Failure::permanent("header")) }
}
