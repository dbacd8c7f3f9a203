//! A capsule by the number on its certificate, checked.

use jiff::Timestamp;

use super::{Desk, Error};
use crate::capsule::credential::{self, Capsule};
use crate::store::entity::capsules;
use crate::store::{lost_capsules, queries, restores};

/// A stored capsule, and what a check of it said.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub row: capsules::Model,
    /// What it says; or, where somebody had the database in hand, what is wrong with it.
    pub checked: Result<Capsule, String>,
    pub revoked_at: Option<Timestamp>,
}

/// Whether a capsule counts, as the house knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Valid,
    Revoked,
    /// What is stored is not what was signed.
    NotVerified,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Revoked => "revoked",
            Status::NotVerified => "not_verified",
        }
    }
}

/// A certificate whose record was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody can vouch for it; checked without this service it still counts.
    Standing,
    /// It was taken back: the status list says so.
    Revoked,
}

impl Lost {
    /// The same in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Lost::Standing => "this number was given out here, and its record was lost: nobody can vouch for it",
            Lost::Revoked => {
                "this number was given out here, its record was lost, and it was revoked: it no longer counts"
            }
        }
    }
}

impl Certificate {
    pub fn status(&self) -> Status {
        match (&self.checked, self.revoked_at) {
            (Err(_), _) => Status::NotVerified,
            (Ok(_), Some(_)) => Status::Revoked,
            (Ok(_), None) => Status::Valid,
        }
    }
}

impl Desk {
    /// What is known of a certificate that was given out here, and whose record was lost with what came after a backup;
    /// none where no such number is known.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn lost_certificate(&self, code: &str) -> Result<Option<Lost>, Error> {
        let Some(code) = printed(code) else { return Ok(None) };
        let reader = self.store().reader();
        let row = lost_capsules::by_code(reader, &code).await?;
        if row.is_some_and(|row| row.revoked_at.is_some()) {
            return Ok(Some(Lost::Revoked));
        }
        Ok(restores::lost_certificate(reader, &code).await?.then_some(Lost::Standing))
    }

    /// The capsule of this number. A text that cannot be a number is nobody's, like a number that was never given out.
    pub async fn certificate(&self, code: &str) -> Result<Option<Certificate>, Error> {
        let Some(code) = printed(code) else { return Ok(None) };
        let Some(row) = queries::capsule_by_code(self.store().reader(), &code).await? else { return Ok(None) };
        let checked = match credential::verify(&row.credential, self.keys(), None) {
            Ok(capsule) if capsule.certificate_code == code => Ok(capsule),
            Ok(capsule) => Err(format!("it is the capsule of another number, {}", capsule.certificate_code)),
            Err(fault) => Err(fault.to_string()),
        };
        let revoked_at = row.revoked_at.and_then(|at| Timestamp::from_microsecond(at).ok());
        Ok(Some(Certificate { row, checked, revoked_at }))
    }
}

/// A certificate's number as it is printed, of one as somebody types it: in lower case, without hyphens, with blanks.
pub fn printed(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    if digits.len() != 20 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let (a, rest) = digits.split_at(5);
    let (b, rest) = rest.split_at(5);
    let (c, d) = rest.split_at(5);
    Some(format!("{a}-{b}-{c}-{d}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_as_it_is_typed() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(printed(text).as_deref(), expected, "{text:?}");
        let code = Some("0A1B2-C3D4E-5F607-18293");
        check("0A1B2-C3D4E-5F607-18293", code);
        check("0a1b2c3d4e5f60718293", code);
        check(" 0a1b2 c3d4e 5f607 18293 ", code);
        check("0A1B2-C3D4E-5F607-1829", None);
        check("0A1B2-C3D4E-5F607-1829G", None);
        check("翡A1B2-C3D4E-5F607-18", None);
        check("", None);
    }
}
