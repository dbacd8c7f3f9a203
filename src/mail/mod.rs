//! Letters: what is told, in the recipient's language, by the same words and the same ledger as the page; and the ways on
//! which a letter leaves. Only this room knows lettre.
//!
//! Writing a letter (`content`, `text`, `html`) is pure. `compose` reads what it is written from, and is the only part
//! that knows the desk. Nothing here is logged that names a person: neither address, nor subject, nor what a server said.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::desk::{Desk, Error};
use crate::domain::deadline::by_day;
use crate::domain::ids::{OrderId, PersonId, StreamId};
use crate::domain::notice::{Notice, Recipient};
use crate::shown::{self, Reader};
use crate::store::queries;
use crate::words::Language;

pub mod address;
mod content;
pub mod dkim;
pub mod mime;
pub mod preview;
pub mod settings;
pub mod supervisors;
mod text;
pub mod transport;

pub use address::Sender;
pub use content::{Content, Facts, Links};
pub use supervisors::Supervisors;
pub use transport::{Accepted, Failure, Transport};

/// One thing told: a row of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// 0 for what is told of the order as a whole.
    pub stream_id: StreamId,
    /// The event that it rests on.
    pub seq: i32,
    pub notice: Notice,
}

/// What becomes one letter: everything that is told to one recipient of one order at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Makes the Message-ID: the same on every try, so that a repeat can be recognised.
    pub id: Uuid,
    pub order_id: OrderId,
    pub recipient: Recipient,
    pub told: Vec<Told>,
}

/// Who writes, and how letters are marked.
#[derive(Clone, PartialEq, Eq)]
pub struct House {
    pub from: Sender,
    /// RFC 2919, without its angle brackets.
    pub list_id: String,
    /// Where the supervisors of each warehouse read.
    pub supervisors: Supervisors,
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House(…)")
    }
}

/// A letter, ready to be sent. What it holds is personal: neither a log nor an error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: Uuid,
    pub from: Sender,
    /// The address as it was given; whether it can be written to is seen when it is sent.
    pub to: String,
    pub recipient: Recipient,
    pub language: Language,
    /// Another in which it says the same, below.
    pub also: Option<Language>,
    pub subject: String,
    /// The order that it is about, as its reader is told; none where it is about none.
    pub order: Option<String>,
    pub text: String,
    pub html: String,
    /// With its angle brackets (RFC 5322, section 3.6.4).
    pub message_id: String,
    pub list_id: String,
    /// Digests of the verdicts that it tells of.
    pub verdicts: Vec<String>,
    pub date: Timestamp,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("language", &self.language).finish_non_exhaustive()
    }
}

impl Letter {
    /// A letter of plain words, such as one to the owner of an endpoint, in as many languages as it is given in. `id`
    /// makes the Message-ID.
    ///
    /// # Errors
    ///
    /// A template that cannot be filled, or no words: a fault of the program.
    pub fn plain(
        house: &House,
        to: String,
        id: Uuid,
        subject: String,
        said: &[(Language, String)],
        date: Timestamp,
    ) -> Result<Self, Error> {
        let html = content::plain(&subject, said).map_err(|error| Error::fault("a letter cannot be written", error))?;
        let mut languages = said.iter().map(|(language, _)| *language);
        let language = languages.next().ok_or_else(|| Error::corrupt("a letter", "says nothing"))?;
        Ok(Self {
            id,
            from: house.from.clone(),
            to,
            recipient: Recipient::Platform,
            language,
            also: languages.next(),
            subject,
            order: None,
            text: said.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n\n"),
            html,
            message_id: house.message_id(id),
            list_id: house.list_id.clone(),
            verdicts: Vec::new(),
            date,
        })
    }
}

impl House {
    fn message_id(&self, id: Uuid) -> String {
        format!("<{}@{}>", id.simple(), self.from.host())
    }
}

/// A letter; or why there is none to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Composed {
    Letter(Box<Letter>),
    Nobody(Nobody),
    /// It is night where its reader lives, and nobody is reminded at night.
    Later(Timestamp),
}

/// Why nobody is written to. None of these is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// None was given.
    NoAddress,
    Erased,
    /// A platform's programs are told by webhook.
    NotByLetter,
    /// All that was told is of the house alone.
    NothingToTell,
}

impl Nobody {
    /// As the outbox keeps it.
    pub fn code(self) -> &'static str {
        match self {
            Nobody::NoAddress => "no_address",
            Nobody::Erased => "erased",
            Nobody::NotByLetter => "not_by_letter",
            Nobody::NothingToTell => "nothing_to_tell",
        }
    }
}

/// Reads what a letter is written from, and writes it. Nothing is sent.
///
/// # Errors
///
/// Those of the desk.
pub async fn compose(desk: &Desk, house: &House, group: &Group, now: Timestamp) -> Result<Composed, Error> {
    let rows = desk.store().reader();
    let Some(order) = queries::order(rows, group.order_id.0).await? else {
        return Ok(Composed::Nobody(Nobody::NothingToTell));
    };
    let Some(placed) = desk.read_placed(group.order_id).await? else {
        return Ok(Composed::Nobody(Nobody::NothingToTell));
    };
    let buyer = desk.read_person(PersonId(order.buyer_id)).await?;
    let warehouse = queries::warehouse(rows, placed.warehouse_id.as_str()).await?;
    let reader = match group.recipient {
        Recipient::Platform => return Ok(Composed::Nobody(Nobody::NotByLetter)),
        Recipient::Buyer => match &buyer {
            None => return Ok(Composed::Nobody(Nobody::Erased)),
            Some(buyer) => (buyer.email.clone(), buyer.locale.clone(), None),
        },
        Recipient::Merchant => match desk.read_person(placed.merchant_person_id).await? {
            None => return Ok(Composed::Nobody(Nobody::Erased)),
            Some(merchant) => (merchant.email, merchant.locale, Some(placed.merchant_timezone.as_str().to_owned())),
        },
        Recipient::Supervisor => {
            let zone = warehouse.as_ref().map(|warehouse| warehouse.timezone.clone());
            match house.supervisors.of(placed.warehouse_id.as_str()) {
                Some((address, language)) => (Some(address.to_owned()), Some(language.tag().to_owned()), zone),
                None => (None, None, zone),
            }
        }
    };
    let (Some(to), locale, zone) = reader else { return Ok(Composed::Nobody(Nobody::NoAddress)) };
    let language = Language::choose([locale.as_deref()]);
    let names: Vec<&str> = buyer.as_ref().and_then(|buyer| buyer.name.as_deref()).into_iter().collect();
    let pieces = queries::pieces_of(rows, group.order_id.0).await?;
    let reader = Reader { language, zone: zone.as_deref(), names: &names };
    if group.told.iter().any(|told| told.notice.only_in().is_some()) {
        let zone = TimeZone::get(zone.as_deref().unwrap_or(placed.buyer_timezone.as_str())).unwrap_or(TimeZone::UTC);
        let by_day = by_day(now, &zone);
        if now < by_day {
            return Ok(Composed::Later(by_day));
        }
    }
    let made = shown::read(desk, group.order_id, &pieces, reader, now).await?;
    let card_of = |stream: StreamId| {
        let code = &pieces.iter().find(|row| row.stream_id == stream.0)?.code;
        made.cards.iter().find(|card| card.code == *code)
    };
    let links = match group.recipient {
        Recipient::Buyer => {
            let page = format!("{}/t/{}", desk.public_url(), desk.view_token(group.order_id));
            let act = format!("{page}/act/{}", desk.action_token(group.order_id));
            Some(Links { page, act, certificate: format!("{}/v/", desk.public_url()) })
        }
        // Whoever is not the buyer gets no link that a choice can be made by.
        Recipient::Merchant | Recipient::Supervisor | Recipient::Platform => None,
    };
    let facts = Facts {
        words: language.words(),
        recipient: group.recipient,
        order_no: placed.order_no.as_str(),
        told: group.told.iter().map(|told| (*told, card_of(told.stream_id))).collect(),
        all: made.cards.iter().collect(),
        owed: &made.owed,
        links,
        warehouse: warehouse.map(|warehouse| format!("{}\n{}", warehouse.name, warehouse.address)),
        zone: zone.as_deref().unwrap_or(placed.buyer_timezone.as_str()),
    };
    let Some(content) = Content::of(&facts) else { return Ok(Composed::Nobody(Nobody::NothingToTell)) };
    Ok(Composed::Letter(Box::new(letter(&content, house, group, to, now)?)))
}

/// Puts what is said into a letter.
///
/// # Errors
///
/// A template that cannot be filled: a fault of the program.
pub fn letter(
    content: &Content<'_>,
    house: &House,
    group: &Group,
    to: String,
    now: Timestamp,
) -> Result<Letter, Error> {
    let html = content.html().map_err(|error| Error::fault("a letter cannot be written", error))?;
    Ok(Letter {
        id: group.id,
        from: house.from.clone(),
        to,
        recipient: group.recipient,
        language: content.words.language(),
        also: None,
        subject: content.subject.clone(),
        order: Some(content.order.clone()),
        text: content.text(),
        html,
        message_id: house.message_id(group.id),
        list_id: house.list_id.clone(),
        verdicts: content.verdicts(),
        date: now,
    })
}
