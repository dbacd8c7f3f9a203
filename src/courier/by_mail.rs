//! Letters by the room that writes them and hands them over.

use std::time::Duration;

use jiff::Timestamp;

use super::letter::{Letter, Post, Posted, Posting, Warning};
use crate::desk::{self, Desk};
use crate::mail::{self, Composed, Failure, Group, House, Told, Transport};
use crate::words::Language;

/// Where the house itself was busy, or could not write a letter.
const BUSY: Duration = Duration::from_secs(5);

/// What is answered where a transport made no try, because a domain has had its share for now.
const NO_TRY: &str = "domain_rate";

/// The post of a house.
pub struct ByMail {
    desk: Desk,
    house: House,
    transport: Transport,
}

impl ByMail {
    pub fn new(desk: Desk, house: House, transport: Transport) -> Self {
        Self { desk, house, transport }
    }

    async fn send(&self, letter: Result<mail::Letter, desk::Error>) -> Posted {
        match letter {
            Ok(letter) => match self.transport.send(&letter).await {
                Ok(accepted) => Posted::Taken(accepted.code),
                Err(Failure { permanent, code, retry_after }) => {
                    Posted::Failed { permanent, tried: code != NO_TRY, code, retry_after }
                }
            },
            Err(desk::Error::Busy) => {
                Posted::Failed { permanent: false, code: "busy".to_owned(), retry_after: Some(BUSY), tried: false }
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a letter cannot be written");
                Posted::Failed { permanent: false, code: "unwritten".to_owned(), retry_after: None, tried: true }
            }
        }
    }
}

impl Post for ByMail {
    fn post(&self, letter: Letter, now: Timestamp) -> Posting<'_, Posted> {
        Box::pin(async move {
            let told = letter.told.into_iter().map(|(stream_id, seq, notice)| Told { stream_id, seq, notice });
            let group =
                Group { id: letter.id, order_id: letter.order_id, recipient: letter.recipient, told: told.collect() };
            match mail::compose(&self.desk, &self.house, &group, now).await {
                Ok(Composed::Nobody(why)) => Posted::Nobody(why.code()),
                Ok(Composed::Later(at)) => Posted::Failed {
                    permanent: false,
                    code: "night".to_owned(),
                    retry_after: Duration::try_from(at.duration_since(now)).ok(),
                    tried: false,
                },
                Ok(Composed::Letter(letter)) => self.send(Ok(*letter)).await,
                Err(error) => self.send(Err(error)).await,
            }
        })
    }

    fn warn(&self, warning: Warning, now: Timestamp) -> Posting<'_, Posted> {
        Box::pin(async move {
            // Of an owner no language is known: both, in one letter.
            let both = [Language::Chinese, Language::English];
            let since = warning.since.to_string();
            let paused = |language: Language| {
                language.words().endpoint_paused(warning.url.as_str(), since.as_str(), warning.outcome.as_str())
            };
            let subject = both.map(|language| language.words().endpoint_paused_title()).join(" · ");
            let said = both.map(|language| (language, paused(language)));
            self.send(mail::Letter::plain(&self.house, warning.email, warning.id, subject, &said, now)).await
        })
    }

    fn close(&self) -> Posting<'_, ()> {
        Box::pin(self.transport.close())
    }
}
