//! Identifiers: strings become types here, once, by `parse`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a string is not the identifier it should be; the sentence says what would make it one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

uuid_ids! {
    /// An order; the first part of every per-order key, so that the schema can be distributed by it.
    OrderId
    /// A human being, whatever their keys and roles. What is known of them lives encrypted, outside the journals.
    PersonId
    /// An API key. It belongs to a person and carries one role.
    KeyId
    /// One request's identity; the events it caused carry it.
    CommandId
    /// A free text, kept sealed outside the journals.
    TextId
    /// A photo of a piece.
    PhotoId
    /// One waybill's parcel.
    ParcelId
    /// What a first person has put up for a second to confirm.
    ProposalId
    /// What somebody owes somebody.
    ObligationId
    /// A merchant's confirmed fault.
    IncidentId
}

impl KeyId {
    /// Of whoever acts without one: a buyer, by a link of their own.
    pub const NONE: KeyId = KeyId(Uuid::nil());
}

impl PersonId {
    /// Of what the house does by itself: nobody's word.
    pub const NONE: PersonId = PersonId(Uuid::nil());
}

/// A journal within its order: 0 is the order itself, others are pieces and cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(pub i32);

impl StreamId {
    /// The stream of the order itself.
    pub const ORDER: StreamId = StreamId(0);
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key of one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    pub order_id: OrderId,
    pub stream_id: StreamId,
}

macro_rules! short_ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes 1 to 64 letters, digits, dots, hyphens or underscores. Nothing else: an identifier is stored and
            /// logged in clear, so it may not carry an address or a name.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                short($what, text).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::parse(&text)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

fn short(what: &str, text: &str) -> Result<String, Malformed> {
    // Dots alone would be a step in an address.
    let fits = (1..=64).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Malformed(format!("{what} must be 1 to 64 letters, digits, dots, hyphens or underscores")))
    }
}

short_ids! {
    /// A platform (平台): orders, merchants and keys belong to one.
    TenantId, "a platform's id"
    /// An inspection warehouse.
    WarehouseId, "a warehouse's id"
    /// A laboratory whose reports are known here.
    LaboratoryId, "a laboratory's id"
    /// A merchant (商家), by the platform's own id; unique within it.
    MerchantId, "a merchant's id"
    /// A live session, by the platform's own id; unique within it.
    LiveId, "a live session's id"
    /// The platform's number of an order; unique within it.
    OrderNo, "an order number"
    /// The platform's own reference of a buyer: a pseudonym, never a name.
    PartyRef, "a reference"
    /// A merchant's stock-keeping unit.
    Sku, "a SKU"
    /// A carrier's code, such as `sf` or `shunfeng`.
    Carrier, "a carrier's code"
    /// A carrier's number of one parcel.
    Waybill, "a waybill number"
    /// The number of the one-time tamper-evident tag (质检扣).
    Tag, "a tag's number"
    /// An instrument in the warehouse, such as a balance.
    DeviceId, "a device's id"
    /// One reading of an instrument.
    ReadingId, "a reading's id"
    /// A part of one piece: `c1`, `c2`, … in the order of declaration.
    ComponentId, "a component's id"
    /// One claim of one piece's ledger: `k1`, `k2`, …
    ClaimId, "a claim's id"
    /// The number that a laboratory printed on a presented certificate.
    CertificateNo, "a certificate's number"
    /// The public code of our certificate: unguessable, and not the piece code.
    CertificateCode, "a certificate code"
}

/// 一物一码: the code of one piece, printed on its bag. Ten characters of Crockford's base 32 (no I, L, O, U) and a
/// check character by ISO/IEC 7064 MOD 37,36; never reused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PieceCode(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MOD_37_36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BODY: usize = 10;

impl PieceCode {
    /// A code from 50 random bits; higher bits are ignored.
    pub fn from_bits(bits: u64) -> Self {
        let mut text: Vec<u8> = (0..BODY).map(|i| CROCKFORD[((bits >> (5 * i)) & 31) as usize]).collect();
        text.push(check_character(&text));
        Self(text.into_iter().map(char::from).collect())
    }

    /// Reads a code as a scanner or a tired person gives it: lower case, hyphens and blanks are taken, `O` is read as
    /// `0`, `I` and `L` as `1`; the check character must fit.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let hint = || Malformed("a piece code is 10 letters or digits and a check character: scan it again".into());
        let tidy: Vec<u8> =
            text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| b.to_ascii_uppercase()).collect();
        if tidy.len() != BODY + 1 {
            return Err(hint());
        }
        let mut body: Vec<u8> = tidy[..BODY]
            .iter()
            .map(|b| match b {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => *other,
            })
            .collect();
        if !body.iter().all(|b| CROCKFORD.contains(b)) {
            return Err(hint());
        }
        let check = check_character(&body);
        if tidy[BODY] != check {
            return Err(Malformed("the check character does not fit the piece code: scan it again".into()));
        }
        body.push(check);
        Ok(Self(body.into_iter().map(char::from).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// ISO/IEC 7064 MOD 37,36 over characters that are all in its alphabet.
fn check_character(body: &[u8]) -> u8 {
    let value = |b: &u8| MOD_37_36.iter().position(|c| c == b).unwrap_or(0);
    let product = body.iter().fold(36, |product, b| match (product + value(b)) % 36 {
        0 => 36 * 2 % 37,
        sum => sum * 2 % 37,
    });
    MOD_37_36[(37 - product) % 36]
}

impl fmt::Display for PieceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PieceCode {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<PieceCode> for String {
    fn from(code: PieceCode) -> String {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_as_it_was_printed_and_as_it_is_typed() {
        for bits in [0, 1, 0x3_FFFF_FFFF_FFFF, 0x2_5A5A_1234_BEEF, u64::MAX] {
            let code = PieceCode::from_bits(bits);
            assert_eq!(PieceCode::parse(code.as_str()), Ok(code.clone()));
            let typed = format!("{}-{}", &code.as_str()[..5].to_lowercase(), &code.as_str()[5..]);
            assert_eq!(PieceCode::parse(&typed), Ok(code));
        }
    }

    #[test]
    fn one_wrong_character_or_two_swapped_ones_are_caught() {
        let code = PieceCode::from_bits(0x1_2345_6789_ABCD);
        let text = code.as_str().as_bytes();
        for at in 0..BODY {
            for other in CROCKFORD {
                let mut wrong = text.to_vec();
                wrong[at] = *other;
                let wrong = String::from_utf8(wrong).unwrap();
                assert_eq!(PieceCode::parse(&wrong).is_ok(), wrong == code.as_str(), "{wrong}");
            }
            if at + 1 < BODY && text[at] != text[at + 1] {
                let mut swapped = text.to_vec();
                swapped.swap(at, at + 1);
                assert!(PieceCode::parse(std::str::from_utf8(&swapped).unwrap()).is_err());
            }
        }
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        // ISO/IEC 7064's system MOD 37,36 as the Global Release Identifier uses it: A1-2425G-ABC1234002-M.
        assert_eq!(check_character(b"A12425GABC1234002"), b'M');
    }

    #[test]
    fn identifiers_hold_no_text() {
        for bad in ["", "张三", "a b", "a@b.cn", "x\u{0}", &"x".repeat(65)] {
            assert!(MerchantId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(MerchantId::parse("m-1").unwrap().as_str(), "m-1");
    }
}
