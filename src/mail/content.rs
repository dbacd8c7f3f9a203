//! What a letter says: from what is told to sections, each with what its reader needs of it. No form yet.
//!
//! A letter is written from the journal as it stands when the letter is written, and says where the piece stands then.

use askama::Template;

use super::Told;
use crate::domain::ids::StreamId;
use crate::domain::ledger::Finding;
use crate::domain::notice::{Notice, Recipient};
use crate::domain::obligation::Party;
use crate::rulebook::Clock as Wait;
use crate::shown::view::Parcel;
use crate::shown::{Card, Ledger, Owed, Row};
use crate::words::{Language, Words};

/// Pieces whose ledgers are shown whole in one letter. With more, each says what differs, and the page the rest.
const WHOLE: usize = 5;

/// A title in a subject is cut after so many characters.
const TITLE: usize = 28;

/// What a letter is written from.
pub struct Facts<'a> {
    pub words: &'static Words,
    pub recipient: Recipient,
    pub order_no: &'a str,
    /// What is told, each with its piece; none for what is told of the order.
    pub told: Vec<(Told, Option<&'a Card>)>,
    /// All pieces of the order.
    pub all: Vec<&'a Card>,
    /// Everything that is owed on it.
    pub owed: &'a [Owed],
    /// Given to buyers alone.
    pub links: Option<Links>,
    /// Name and address.
    pub warehouse: Option<String>,
    /// The zone that times are told in.
    pub zone: &'a str,
}

/// Where a buyer goes on.
#[derive(Clone, Debug)]
pub struct Links {
    pub page: String,
    /// Lets whoever follows it decide.
    pub act: String,
    /// What a certificate's number is put behind.
    pub certificate: String,
}

/// A piece by name.
pub struct Named<'a> {
    pub title: &'a str,
    pub code: &'a str,
}

/// A link with what stands on it.
pub struct Link {
    pub label: String,
    pub url: String,
}

/// A choice that waits for the buyer.
pub struct Choice<'a> {
    pub differences: &'a [Row],
    /// Below them, or instead of them.
    pub in_words: Vec<&'a str>,
    pub until: String,
    pub link: Link,
}

/// What is said of one piece, or of several of which the same is said.
pub struct Section<'a> {
    pub pieces: Vec<Named<'a>>,
    /// `wait`, `good`, `act` or `stop`.
    pub tone: &'static str,
    pub tells: Vec<&'a str>,
    /// Where it stands, and what happens next.
    pub stands: Option<(&'a str, &'a str)>,
    /// Clocks, and what else is said of this piece alone.
    pub notes: Vec<String>,
    pub choice: Option<Choice<'a>>,
    pub ledger: Option<&'a Ledger>,
    /// Rows of a ledger that are not shown whole.
    pub rows: Vec<&'a Row>,
    /// What those rows are headed by.
    pub rows_heading: &'a str,
    pub parcels: &'a [Parcel],
    pub send_to: Option<&'a str>,
    pub certificate: Option<Link>,
    pub verdict: Option<&'a str>,
}

/// A letter without its form.
pub struct Content<'a> {
    pub words: &'static Words,
    pub subject: String,
    /// What the letter is headed by: the subject's first words.
    pub heading: &'a str,
    pub order: String,
    pub sections: Vec<Section<'a>>,
    pub page: Option<Link>,
    /// Whether a link in it decides for the buyer.
    pub private: bool,
    pub brief: bool,
    pub zone: String,
    pub why: &'a str,
}

impl<'a> Content<'a> {
    /// What there is to say; none where nothing of it is for this reader.
    pub fn of(facts: &'a Facts<'a>) -> Option<Content<'a>> {
        let words = facts.words;
        // A piece that has no card is the house's own.
        let told: Vec<_> =
            facts.told.iter().filter(|(told, card)| told.stream_id == StreamId::ORDER || card.is_some()).collect();
        let first = told.iter().min_by_key(|(told, _)| (urgency(told.notice), std::cmp::Reverse(told.seq)))?;
        let heading = words.subject(facts.recipient, first.0.notice);
        let subjects = subjects(facts, &told);
        let detailed = subjects.iter().filter(|subject| subject.wants_ledger()).count();
        let brief = WHOLE < detailed;
        let sections: Vec<Section<'a>> = subjects.iter().map(|subject| subject.section(facts, brief)).collect();
        let private = sections.iter().any(|section| section.choice.is_some())
            || told.iter().any(|(told, _)| told.notice == Notice::RestAsked);
        Some(Content {
            words,
            subject: subject(facts, &told, first.0.notice, first.1),
            heading,
            order: words.letter_order(facts.order_no),
            sections,
            page: facts.links.as_ref().map(|links| Link {
                label: words.letter_follow().to_owned(),
                // Whoever must decide something of the order as a whole comes in known.
                url: if private { links.act.clone() } else { links.page.clone() },
            }),
            private,
            brief,
            zone: words.times_in(facts.zone),
            why: match facts.recipient {
                Recipient::Buyer => words.letter_why_buyer(),
                Recipient::Merchant => words.letter_why_merchant(),
                Recipient::Supervisor | Recipient::Platform => words.letter_why_supervisor(),
            },
        })
    }

    /// The digests of the verdicts that it tells of.
    pub fn verdicts(&self) -> Vec<String> {
        self.sections.iter().filter_map(|section| section.verdict.map(str::to_owned)).collect()
    }

    /// Its HTML.
    ///
    /// # Errors
    ///
    /// A template that cannot be filled.
    pub fn html(&self) -> Result<String, askama::Error> {
        LetterPage { letter: self, w: self.words }.render()
    }
}

impl Section<'_> {
    /// The colour of where it stands, by the name that changes in the dark.
    fn colour(&self) -> &'static str {
        match self.tone {
            "good" => "jade",
            "act" => "amber",
            "stop" => "red",
            _ => "blue", // Waiting.
        }
    }

    fn hex(&self) -> &'static str {
        hex(self.colour())
    }

    /// The digest of the verdict that it tells of; nothing where it tells of none.
    pub fn digest_line(&self, words: &Words) -> String {
        self.verdict.map_or_else(String::new, |digest| words.letter_digest(digest))
    }
}

/// A colour on white.
fn hex(colour: &str) -> &'static str {
    match colour {
        "jade" => "#1c5f49",
        "amber" => "#7d4a00",
        "red" => "#9b2c25",
        "blue" => "#1f527c",
        _ => "#57625c", // Of what is told in passing.
    }
}

#[derive(Template)]
#[template(path = "letter.html", config = "src/mail/askama.toml")]
struct LetterPage<'a> {
    letter: &'a Content<'a>,
    w: &'static Words,
}

impl LetterPage<'_> {
    /// The colour of a finding. Its mark and its word say the same.
    fn colour(row: &Row) -> &'static str {
        match row.finding {
            Finding::Confirmed => "jade",
            Finding::Contradicted => "red",
            Finding::NotTestable | Finding::Promise => "blue",
            Finding::NotTested => "amber",
        }
    }

    fn hex(row: &Row) -> &'static str {
        hex(Self::colour(row))
    }
}

#[derive(Template)]
#[template(path = "plain.html", config = "src/mail/askama.toml")]
struct PlainPage<'a> {
    w: &'static Words,
    heading: &'a str,
    /// With the language of each.
    paragraphs: Vec<(&'static str, &'a str)>,
}

/// The HTML of a letter of plain words, in one language or several.
///
/// # Errors
///
/// A template that cannot be filled.
pub fn plain(heading: &str, said: &[(Language, String)]) -> Result<String, askama::Error> {
    let paragraphs = said.iter().flat_map(|(language, text)| text.split("\n\n").map(|part| (language.tag(), part)));
    let first = said.first().map_or(Language::Chinese, |(language, _)| *language);
    PlainPage { w: first.words(), heading, paragraphs: paragraphs.collect() }.render()
}

/// What a letter is about first: what asks for something, then what went wrong, then the rest.
fn urgency(notice: Notice) -> u8 {
    match notice {
        Notice::ChoiceNeeded | Notice::ChoiceReminder | Notice::RestAsked => 0,
        Notice::PieceToSend
        | Notice::SendReminder
        | Notice::DeadlineMissed
        | Notice::MailBuried
        | Notice::ChoiceUnreached => 1,
        Notice::Failed
        | Notice::Held
        | Notice::HandedToAuthority
        | Notice::LostOrDamaged
        | Notice::CertificateWithdrawn
        | Notice::ReturnRefused
        | Notice::IntakeException
        | Notice::Unclaimed
        | Notice::Undetermined
        | Notice::Lesson => 2,
        Notice::GoingBack | Notice::Cancelled | Notice::RefundOwed | Notice::RefundSettled | Notice::Delayed => 3,
        Notice::OrderTakenIn
        | Notice::AnotherToCome
        | Notice::Arrived
        | Notice::Passed
        | Notice::ChoiceRecorded
        | Notice::ExaminedAgain
        | Notice::Shipped
        | Notice::Delivered
        | Notice::ReturnOpened
        | Notice::ReturnArrived
        | Notice::ReturnAccepted
        | Notice::ReturnLapsed
        | Notice::SentBack
        | Notice::ReturningToMerchant
        | Notice::Returned
        | Notice::StageChanged
        | Notice::VerdictGiven
        | Notice::ObligationChanged => 4,
    }
}

/// The subject: what matters most, then what it is about.
fn subject(facts: &Facts<'_>, told: &[&(Told, Option<&Card>)], first: Notice, of: Option<&Card>) -> String {
    let words = facts.words;
    let heading = words.subject(facts.recipient, first);
    let others = told.iter().filter(|(told, _)| told.notice != first).count();
    let same = told.len() - others;
    let text = match (same, of.or(facts.all.first().copied().filter(|_| facts.all.len() == 1))) {
        (0 | 1, Some(card)) => format!("{heading} · {}", shortened(&card.title)),
        (0 | 1, None) => heading.to_owned(),
        (pieces, _) => format!("{heading} · {}", words.letter_pieces(pieces)),
    };
    if others == 0 { text } else { words.letter_and_more(text, others) }
}

/// A title as a subject has room for: one line, cut where it is long.
fn shortened(title: &str) -> String {
    let line: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

/// A piece, or the order, with what is told of it.
struct Subject<'a> {
    cards: Vec<&'a Card>,
    notices: Vec<Notice>,
    /// What is told of what is owed, with its event in the order's journal.
    debts: Vec<(Notice, i32)>,
    recipient: Recipient,
}

/// One for each piece; those of which nothing is said but the same sentences share one.
fn subjects<'a>(facts: &Facts<'a>, told: &[&(Told, Option<&'a Card>)]) -> Vec<Subject<'a>> {
    let mut streams: Vec<(StreamId, Subject<'a>)> = Vec::new();
    let mut told = told.to_vec();
    told.sort_by_key(|(told, _)| (told.stream_id, told.seq));
    for (told, card) in told {
        let debt = matches!(told.notice, Notice::RefundOwed | Notice::RefundSettled).then_some((told.notice, told.seq));
        let known = streams.iter_mut().find(|(stream, _)| *stream == told.stream_id);
        match known {
            Some((_, subject)) => {
                subject.debts.extend(debt);
                if !subject.notices.contains(&told.notice) {
                    subject.notices.push(told.notice);
                }
            }
            None => {
                // What is told of the order is told of all its pieces.
                let cards =
                    if told.stream_id == StreamId::ORDER { facts.all.clone() } else { card.iter().copied().collect() };
                let debts = debt.into_iter().collect();
                let subject = Subject { cards, notices: vec![told.notice], debts, recipient: facts.recipient };
                streams.push((told.stream_id, subject));
            }
        }
    }
    let mut subjects: Vec<Subject<'a>> = Vec::new();
    for (stream, subject) in streams {
        let alike = subjects.iter_mut().find(|other| {
            stream != StreamId::ORDER
                && other.notices == subject.notices
                && !other.is_of_one_piece()
                && !subject.is_of_one_piece()
        });
        match alike {
            Some(other) => other.cards.extend(subject.cards),
            None => subjects.push(subject),
        }
    }
    subjects
}

/// What else than its sentences a notice brings with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    Nothing,
    /// What was found, whole.
    Ledger,
    /// The differences, with both ways on.
    Choice,
    /// What differs, and why.
    Reasons,
    /// What may not be said, and the rule.
    Rules,
    /// Carrier and waybill.
    Parcel,
    /// Where to send it, and until when.
    Address,
    /// What was chosen.
    Decision,
    /// How much is owed for it, or would be.
    Amount,
}

fn brings(to: Recipient, notice: Notice) -> Brings {
    match (to, notice) {
        (Recipient::Buyer, Notice::Passed) => Brings::Ledger,
        (Recipient::Buyer, Notice::ChoiceNeeded | Notice::ChoiceReminder) => Brings::Choice,
        (Recipient::Buyer | Recipient::Merchant, Notice::Failed)
        | (Recipient::Merchant, Notice::ChoiceNeeded)
        | (Recipient::Buyer | Recipient::Merchant | Recipient::Supervisor, Notice::Undetermined) => Brings::Reasons,
        (_, Notice::Lesson) => Brings::Rules,
        (_, Notice::Shipped | Notice::SentBack | Notice::ReturningToMerchant) => Brings::Parcel,
        (_, Notice::PieceToSend | Notice::SendReminder) => Brings::Address,
        (_, Notice::ChoiceRecorded) => Brings::Decision,
        (_, Notice::GoingBack | Notice::Cancelled | Notice::LostOrDamaged) => Brings::Amount,
        (
            _,
            Notice::OrderTakenIn
            | Notice::AnotherToCome
            | Notice::Arrived
            | Notice::IntakeException
            | Notice::Passed
            | Notice::ChoiceNeeded
            | Notice::ChoiceReminder
            | Notice::RestAsked
            | Notice::Failed
            | Notice::Undetermined
            | Notice::ExaminedAgain
            | Notice::Held
            | Notice::Delivered
            | Notice::Delayed
            | Notice::ReturnOpened
            | Notice::ReturnArrived
            | Notice::ReturnAccepted
            | Notice::ReturnRefused
            | Notice::ReturnLapsed
            | Notice::Returned
            | Notice::Unclaimed
            | Notice::CertificateWithdrawn
            | Notice::HandedToAuthority
            | Notice::RefundOwed
            | Notice::RefundSettled
            | Notice::DeadlineMissed
            | Notice::MailBuried
            | Notice::ChoiceUnreached
            | Notice::StageChanged
            | Notice::VerdictGiven
            | Notice::ObligationChanged,
        ) => Brings::Nothing,
    }
}

impl<'a> Subject<'a> {
    fn brings(&self, what: Brings) -> bool {
        self.notices.iter().any(|notice| brings(self.recipient, *notice) == what)
    }

    fn is_of_one_piece(&self) -> bool {
        self.notices.iter().any(|notice| match brings(self.recipient, *notice) {
            // A merchant's pieces go to one address, by one day.
            Brings::Nothing | Brings::Address => false,
            Brings::Ledger
            | Brings::Choice
            | Brings::Reasons
            | Brings::Rules
            | Brings::Parcel
            | Brings::Decision
            | Brings::Amount => true,
        })
    }

    fn wants_ledger(&self) -> bool {
        self.brings(Brings::Ledger)
    }

    fn section(&self, facts: &'a Facts<'a>, brief: bool) -> Section<'a> {
        let words = facts.words;
        let alone = match self.cards.as_slice() {
            [card] => Some(*card),
            _ => None, // None, or several.
        };
        let result = alone
            .filter(|_| self.brings(Brings::Ledger) || self.brings(Brings::Choice) || self.brings(Brings::Reasons));
        let choice = alone.filter(|_| self.brings(Brings::Choice)).and_then(|card| {
            let until = card.choice.as_ref()?.until.clone();
            let links = facts.links.as_ref()?;
            Some(Choice {
                differences: &card.differences,
                in_words: card.in_words(),
                until: until.map_or_else(|| words.choice_clock().to_owned(), |when| words.choice_until(when)),
                link: Link { label: words.letter_decide().to_owned(), url: format!("{}#{}", links.act, card.code) },
            })
        });
        let ledger = result.and_then(|card| card.ledger.as_ref());
        let (rows_heading, rows): (&str, Vec<&Row>) = match ledger {
            Some(ledger) if self.brings(Brings::Reasons) => (
                words.letter_reasons(),
                ledger.rows.iter().filter(|row| row.differs() || !row.flags.is_empty()).collect(),
            ),
            Some(ledger) if brief && self.wants_ledger() => {
                (words.ledger_heading(), ledger.rows.iter().filter(|row| row.differs()).collect())
            }
            Some(_) | None => {
                match alone.filter(|_| self.brings(Brings::Rules)).and_then(|card| card.ledger.as_ref()) {
                    Some(ledger) => {
                        (words.letter_reasons(), ledger.rows.iter().filter(|row| !row.flags.is_empty()).collect())
                    }
                    None => ("", Vec::new()),
                }
            }
        };
        Section {
            pieces: self.cards.iter().map(|card| Named { title: &card.title, code: &card.code }).collect(),
            tone: alone.map_or("wait", |card| card.tone),
            tells: self.notices.iter().map(|notice| words.tell(self.recipient, *notice)).collect(),
            stands: alone.filter(|_| self.recipient == Recipient::Buyer).map(|card| (card.stage, card.next)),
            notes: self.notes(facts, alone),
            choice,
            ledger: ledger.filter(|_| self.wants_ledger() && !brief),
            rows,
            rows_heading,
            parcels: alone
                .filter(|_| self.brings(Brings::Parcel))
                .map(|card| card.parcels.as_slice())
                .unwrap_or_default(),
            send_to: facts.warehouse.as_deref().filter(|_| self.brings(Brings::Address)),
            certificate: alone.and_then(|card| certificate(facts, card)),
            verdict: result.and_then(|card| card.verdict.as_deref()),
        }
    }

    /// The clocks that concern the reader, and what is known of this piece alone.
    fn notes(&self, facts: &Facts<'_>, alone: Option<&Card>) -> Vec<String> {
        let words = facts.words;
        let mut notes = Vec::new();
        match self.recipient {
            Recipient::Buyer => {
                if let Some(card) = alone {
                    notes.extend(card.decided.filter(|_| self.brings(Brings::Decision)).map(str::to_owned));
                    notes.extend(card.due.clone());
                    notes.extend(card.notes.iter().cloned());
                    if self.brings(Brings::Reasons) {
                        notes.extend(card.in_words().into_iter().map(str::to_owned));
                    }
                }
                let is_told = |one: &&Owed| {
                    self.debts.iter().any(|(notice, seq)| match notice {
                        Notice::RefundSettled => one.last_seq == *seq,
                        _ => one.seq == *seq, // Of what arose.
                    })
                };
                let debts: Vec<_> = facts.owed.iter().filter(is_told).map(Owed::titled).collect();
                notes.extend(debts.into_iter().filter(|debt| !notes.contains(debt)).collect::<Vec<_>>());
            }
            Recipient::Merchant => {
                let ends = |wait: Wait| {
                    let mut ends = self.cards.iter().map(|card| card.ends(wait));
                    // Several pieces are told of together only where the same is true of all.
                    let first = ends.next().flatten()?;
                    ends.all(|other| other == Some(first)).then_some(first)
                };
                if self.brings(Brings::Address) {
                    notes.extend(ends(Wait::Dispatch).map(|when| words.letter_send_until(when)));
                }
                if self.brings(Brings::Reasons) {
                    let told = alone.into_iter().flat_map(|card| card.beside.into_iter().chain(card.reason.as_deref()));
                    notes.extend(told.map(str::to_owned));
                }
                if self.notices.contains(&Notice::Failed) {
                    notes.push(match ends(Wait::Appeal) {
                        Some(when) => words.letter_appeal_until(when),
                        None => words.letter_appeal_clock().to_owned(),
                    });
                }
                if self.notices.contains(&Notice::GoingBack)
                    && let Some(otherwise) = alone.and_then(|card| card.otherwise.as_ref())
                {
                    notes.push(match &otherwise.until {
                        Some(until) => words.letter_another_until(until.as_str(), otherwise.amount.as_str()),
                        None => words.letter_another_clock().to_owned(),
                    });
                }
                if self.notices.iter().any(|notice| matches!(notice, Notice::Unclaimed | Notice::GoingBack)) {
                    notes.extend(ends(Wait::Unclaimed).map(|when| words.letter_collect_until(when)));
                }
                if self.brings(Brings::Amount) || self.notices.contains(&Notice::Failed) {
                    let own = |one: &&Owed| one.debtor == Party::Merchant || one.creditor == Party::Merchant;
                    let owed = alone.into_iter().flat_map(|card| &card.owed).filter(own);
                    notes.extend(owed.map(|one| one.between(words, Some(Party::Merchant))));
                }
            }
            Recipient::Supervisor | Recipient::Platform => {
                if let Some(card) = alone {
                    notes.push(words.letter_stage(card.stage));
                    notes.extend(card.clocks.iter().map(|(_, when)| words.letter_due(when.as_str())));
                    if self.brings(Brings::Amount) {
                        notes.extend(card.owed.iter().map(|one| one.between(words, None)));
                    }
                }
            }
        }
        notes
    }
}

/// The certificate of a piece that has one which stands.
fn certificate(facts: &Facts<'_>, card: &Card) -> Option<Link> {
    let links = facts.links.as_ref()?;
    let code = card.certificate.as_ref().filter(|_| !card.withdrawn)?;
    Some(Link { label: facts.words.letter_certificate().to_owned(), url: format!("{}{code}", links.certificate) })
}
