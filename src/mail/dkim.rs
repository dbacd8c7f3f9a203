//! A signature of the sending house on each letter (DKIM, RFC 6376), with RSA and SHA-256, both parts in the relaxed form.
//!
//! lettre can sign, too, but by a crate with an open advisory on the timing of its RSA (RUSTSEC-2023-0071); ring, which
//! the encryption of connections brings already, has none.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest, Sha256};

/// The headers that are signed. Those that a letter does not have are signed as absent, so that none can be added.
const HEADERS: [&str; 10] =
    ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id", "Reply-To", "Cc"];

/// Why a key cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    #[error("it is no private key in PEM")]
    NoPem,
    #[error("it is no RSA key of 2048 to 4096 bits")]
    NoRsa,
}

/// Signs for one host, by one key.
#[derive(Clone)]
pub struct Signer {
    host: String,
    selector: String,
    key: Arc<RsaKeyPair>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("host", &self.host).field("selector", &self.selector).finish_non_exhaustive()
    }
}

impl Signer {
    /// Whose public key stands at `selector._domainkey.host`.
    ///
    /// # Errors
    ///
    /// A key that is none, or not of RSA.
    pub fn new(host: &str, selector: &str, pem: &[u8]) -> Result<Self, KeyFault> {
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyFault::NoPem)? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(KeyFault::NoRsa), // Of an elliptic curve, or of a kind to come.
        };
        let key = Arc::new(key.map_err(|_| KeyFault::NoRsa)?);
        Ok(Self { host: host.to_owned(), selector: selector.to_owned(), key })
    }

    /// The message with its signature in front. What has no body, or does not let itself be signed, goes as it is: a
    /// letter without a signature is better than none.
    pub fn sign(&self, message: &[u8], now: Timestamp) -> Vec<u8> {
        match self.signature(message, now) {
            Some(header) => [header.as_bytes(), message].concat(),
            None => message.to_vec(),
        }
    }

    fn signature(&self, message: &[u8], now: Timestamp) -> Option<String> {
        let end = message.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, body) = (message.get(..end + 2)?, message.get(end + 4..)?);
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        let named = HEADERS.join(":");
        let unsigned = format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; h={named};\r\n\tbh={body_hash};\r\n\tb=",
            self.host,
            self.selector,
            now.as_second(),
        );
        let mut signed = Vec::new();
        for name in HEADERS {
            // Of several with one name the last is meant (section 5.4.2); a letter has one of each.
            signed.extend(field(head, name).map(relaxed_header).unwrap_or_default());
        }
        let own = relaxed_header(unsigned.as_bytes());
        // Its own line is signed without the break behind it.
        signed.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).ok()?;
        let signature = STANDARD.encode(signature);
        let mut header = unsigned;
        for part in signature.as_bytes().chunks(70) {
            header.push_str("\r\n\t");
            header.push_str(std::str::from_utf8(part).ok()?);
        }
        header.push_str("\r\n");
        Some(header)
    }
}

/// The last header of a name, whole with its continued lines and its end.
fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    let mut start = 0;
    while let Some(rest) = head.get(start..).filter(|rest| !rest.is_empty()) {
        // A line that begins with a blank goes on with the one before it.
        let mut length = 0;
        loop {
            let line = rest.get(length..)?.windows(2).position(|two| two == b"\r\n").map(|at| at + 2);
            length += line?;
            if !matches!(rest.get(length), Some(b' ' | b'\t')) {
                break;
            }
        }
        let one = rest.get(..length)?;
        let is_it = one.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
            && one.get(name.len()) == Some(&b':');
        if is_it {
            found = Some(one);
        }
        start += length;
    }
    found
}

/// RFC 6376, section 3.4.2.
fn relaxed_header(field: &[u8]) -> Vec<u8> {
    let colon = field.iter().position(|b| *b == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    let mut out: Vec<u8> = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let value: Vec<u8> = value.iter().skip(1).copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    squeeze(value.trim_ascii(), &mut out);
    out.extend_from_slice(b"\r\n");
    out
}

/// RFC 6376, section 3.4.4.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut start = 0;
    while let Some(rest) = body.get(start..).filter(|rest| !rest.is_empty()) {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap_or(rest.len());
        squeeze(rest.get(..end).unwrap_or_default().trim_ascii_end(), &mut out);
        out.extend_from_slice(b"\r\n");
        start += end + 2;
    }
    // Empty lines at the end are none.
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" {
        out.clear();
    }
    out
}

/// Runs of blanks are one.
fn squeeze(text: &[u8], out: &mut Vec<u8>) {
    let mut blank = false;
    for byte in text {
        match byte {
            b' ' | b'\t' if blank => {}
            b' ' | b'\t' => {
                blank = true;
                out.push(b' ');
            }
            other => {
                blank = false;
                out.push(*other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relaxed_forms_are_those_of_the_standard() {
        // RFC 6376, section 3.4.5.
        let head = b"A: X\r\nB : Y\t\r\n\tZ  \r\n";
        assert_eq!(field(head, "a").map(relaxed_header).unwrap(), b"a:X\r\n");
        assert_eq!(relaxed_header(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        assert_eq!(Signer::new("example.cn", "s", b"nonsense").unwrap_err(), KeyFault::NoPem);
    }
}
