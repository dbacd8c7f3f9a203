//! Ways on which a letter leaves: by SMTP, into a directory, or into memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

mod files;
mod memory;
mod rate;
pub mod smtp;
mod wire;

pub use files::Files;
pub use memory::Memory;
pub use smtp::Smtp;

use super::Letter;

/// One of the ways.
#[derive(Clone, Debug)]
pub enum Transport {
    Smtp(Arc<Smtp>),
    Files(Arc<Files>),
    Memory(Memory),
}

/// A letter was taken; by its word it is now somebody else's to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Such as `smtp_250`; fit for a log.
    pub code: String,
}

/// A letter was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Trying again would not help.
    pub permanent: bool,
    /// Such as `smtp_550_5.1.1`, `timeout`, `address`. Never what a server wrote: that may name somebody.
    pub code: String,
    /// Given where nothing was tried because too much goes to this host: when it is this letter's turn.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub fn permanent(code: impl Into<String>) -> Self {
        Self { permanent: true, code: code.into(), retry_after: None }
    }

    pub fn transient(code: impl Into<String>) -> Self {
        Self { permanent: false, code: code.into(), retry_after: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

impl std::error::Error for Failure {}

impl Transport {
    /// Sends one letter. It ends within the transport's own time limits, whatever the other side does. Whoever drops it
    /// halfway loses a connection and nothing else; the letter may then have arrived.
    ///
    /// # Errors
    ///
    /// Why it was not taken.
    pub async fn send(&self, letter: &Letter) -> Result<Accepted, Failure> {
        match self {
            Transport::Smtp(smtp) => smtp.send(letter).await,
            Transport::Files(files) => files.send(letter).await,
            Transport::Memory(memory) => memory.send(letter),
        }
    }

    /// Says goodbye on the connections that are kept.
    pub async fn close(&self) {
        match self {
            Transport::Smtp(smtp) => smtp.close().await,
            Transport::Files(_) | Transport::Memory(_) => {}
        }
    }
}
