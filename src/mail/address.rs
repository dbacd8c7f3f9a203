//! Addresses: what can be written to, and what is refused before anything is sent.

use std::fmt;

use lettre::Address;

/// Longer ones no server has to take (RFC 5321, section 4.5.3.1).
const LONGEST_LOCAL: usize = 64;
const LONGEST: usize = 254;

/// Why an address cannot be written to. It is not repeated: it names somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no address that mail can be sent to")]
pub struct NoAddress;

/// An address as it goes over the wire: its host in ASCII (RFC 5890), its name as it is.
///
/// # Errors
///
/// What is no address, or longer than servers take.
pub fn wire(text: &str) -> Result<Address, NoAddress> {
    if LONGEST < text.len() || text.chars().any(char::is_control) {
        return Err(NoAddress);
    }
    let (name, host) = text.rsplit_once('@').ok_or(NoAddress)?;
    if LONGEST_LOCAL < name.len() || name.is_empty() {
        return Err(NoAddress);
    }
    let host = idna::domain_to_ascii_strict(host).map_err(|_| NoAddress)?;
    if LONGEST < name.len() + 1 + host.len() {
        return Err(NoAddress);
    }
    Address::new(name, host).map_err(|_| NoAddress)
}

/// Who writes: a name and an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: Address,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender(…)")
    }
}

impl Sender {
    /// Reads `name@host`, or `Name <name@host>`.
    ///
    /// # Errors
    ///
    /// What holds no address, or a name with a line break in it.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(NoAddress);
        }
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        let address = wire(address.trim())?;
        Ok(Self { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The host behind its address: Message-IDs are of this host.
    pub fn host(&self) -> &str {
        self.address.domain()
    }

    /// As it stands in a letter.
    pub fn mailbox(&self) -> lettre::message::Mailbox {
        lettre::message::Mailbox::new(self.name.clone(), self.address.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_over_the_wire_or_is_refused() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(wire(text).ok().as_ref().map(AsRef::<str>::as_ref), expected, "{text:?}");
        };
        check("buyer@example.cn", Some("buyer@example.cn"));
        check("a+b.c@mail.example.cn", Some("a+b.c@mail.example.cn"));
        // The host is written in ASCII; a name that is not ASCII stays, and the server must know SMTPUTF8.
        check("li@例子.中国", Some("li@xn--fsqu00a.xn--fiqs8s"));
        check("张@example.cn", Some("张@example.cn"));
        check("\"a b\"@example.cn", Some("\"a b\"@example.cn"));
        check(&format!("{}@example.cn", "a".repeat(64)), Some(&format!("{}@example.cn", "a".repeat(64))));
        for bad in [
            "",
            "@",
            "a@",
            "@b.cn",
            "a b@c.cn",
            "a@b.cn\r\nBcc: c@d.cn",
            "a@b.cn>\r\nRCPT TO:<c@d.cn",
            "a@b.cn> x",
            "a@b cn",
            "a@b.cn\0",
            "<a@b.cn>",
            "a,b@c.cn",
        ] {
            check(bad, None);
        }
        check(&format!("{}@example.cn", "a".repeat(65)), None);
        check(&format!("a@{}.cn", "b.".repeat(130)), None);
        check(&format!("a@{}.cn", "b".repeat(64)), None);
    }

    #[test]
    fn a_sender_has_a_name_or_none() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Sender::parse(text).ok().map(|sender| sender.mailbox().to_string()).as_deref(), expected);
        };
        check("no-reply@example.cn", Some("no-reply@example.cn"));
        check("Touchstone <no-reply@example.cn>", Some("Touchstone <no-reply@example.cn>"));
        check("\"Touchstone, Ltd\" <no-reply@example.cn>", Some("\"Touchstone, Ltd\" <no-reply@example.cn>"));
        check("Touchstone\r\nBcc: x@y.cn <no-reply@example.cn>", None);
        check("Touchstone", None);
    }
}
