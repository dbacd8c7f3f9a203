//! The people of an order. What is known of them is personal data: plausible, or refused without repeating it.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::body::Faults;
use crate::desk::people::Details;
use crate::desk::place::{NewMerchant, NewParty};
use crate::domain::ids::{Malformed, MerchantId, PartyRef};
use crate::domain::text::Name;
use crate::rulebook::GUARANTEES;

/// N of 假一赔N at the most.
const MAX_LEVEL: i32 = 100;
/// Guarantees that a merchant may have signed.
const MAX_GUARANTEES: usize = 40;

/// The merchant, as of this order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MerchantBody {
    /// The platform's own id.
    id: String,
    name: String,
    #[serde(default)]
    email: Option<String>,
    /// Such as zh-CN or en (BCP 47).
    locale: String,
    /// Such as Asia/Shanghai (IANA).
    timezone: String,
    /// Where pieces go that may not be sold.
    return_address: String,
    /// The guarantee level that the merchant signed: N of 假一赔N.
    guarantee_level: i32,
    /// return_7d, return_freight and warranty_180d, as far as they are signed.
    #[serde(default)]
    guarantees: Vec<String>,
}

/// Who spoke.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamerBody {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// Who waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuyerBody {
    /// The platform's own reference: a pseudonym, never a name.
    #[serde(rename = "ref")]
    reference: String,
    name: String,
    #[serde(default)]
    email: Option<String>,
    phone: String,
    address: String,
    locale: String,
    timezone: String,
}

/// Derived, it would write personal data into whatever shows a body.
macro_rules! hide {
    ($($body:ident),*) => {$(
        impl std::fmt::Debug for $body {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($body), "(…)"))
            }
        }
    )*};
}

hide!(MerchantBody, StreamerBody, BuyerBody);

impl MerchantBody {
    pub fn parse(&self, at: &str, faults: &mut Faults) -> Option<NewMerchant> {
        let id = faults.take(format!("{at}/id"), MerchantId::parse(&self.id));
        let name = faults.take(format!("{at}/name"), line(&self.name, 200));
        let email = faults.take_optional(format!("{at}/email"), self.email.as_deref(), email);
        let locale = faults.take(format!("{at}/locale"), locale(&self.locale));
        let timezone = faults.take(format!("{at}/timezone"), timezone(&self.timezone));
        let address = faults.take(format!("{at}/return_address"), address(&self.return_address));
        if !(0..=MAX_LEVEL).contains(&self.guarantee_level) {
            faults.add(format!("{at}/guarantee_level"), format!("a guarantee level is 0 to {MAX_LEVEL}"));
        }
        if MAX_GUARANTEES < self.guarantees.len() {
            faults.add(format!("{at}/guarantees"), format!("a merchant signs at most {MAX_GUARANTEES} guarantees"));
            return None;
        }
        let guarantees: BTreeSet<Name> = self
            .guarantees
            .iter()
            .enumerate()
            .filter_map(|(index, text)| faults.take(format!("{at}/guarantees/{index}"), guarantee(text)))
            .collect();
        let (locale, timezone) = (locale?, timezone?);
        let details = Details {
            name: Some(name?),
            email,
            phone: None,
            address: Some(address?),
            locale: Some(locale.to_string()),
            timezone: Some(timezone.to_string()),
        };
        Some(NewMerchant { id: id?, details, locale, timezone, guarantee_level: self.guarantee_level, guarantees })
    }
}

impl StreamerBody {
    /// A streamer speaks where the merchant sells.
    pub fn parse(&self, at: &str, timezone: Option<&Name>, faults: &mut Faults) -> Option<NewParty> {
        let reference = faults.take(format!("{at}/id"), PartyRef::parse(&self.id));
        let name = faults.take_optional(format!("{at}/name"), self.name.as_deref(), |text| line(text, 200));
        let details = Details { name, ..Details::default() };
        Some(NewParty { reference: reference?, details, timezone: timezone?.clone() })
    }
}

impl BuyerBody {
    pub fn parse(&self, at: &str, faults: &mut Faults) -> Option<NewParty> {
        let reference = faults.take(format!("{at}/ref"), PartyRef::parse(&self.reference));
        let name = faults.take(format!("{at}/name"), line(&self.name, 200));
        let email = faults.take_optional(format!("{at}/email"), self.email.as_deref(), email);
        let phone = faults.take(format!("{at}/phone"), phone(&self.phone));
        let address = faults.take(format!("{at}/address"), address(&self.address));
        let locale = faults.take(format!("{at}/locale"), locale(&self.locale));
        let timezone = faults.take(format!("{at}/timezone"), timezone(&self.timezone));
        let timezone = timezone?;
        let details = Details {
            name: Some(name?),
            email,
            phone: Some(phone?),
            address: Some(address?),
            locale: Some(locale?.to_string()),
            timezone: Some(timezone.to_string()),
        };
        Some(NewParty { reference: reference?, details, timezone })
    }
}

/// A guarantee that the rulebook knows: one that it does not know would be signed and never kept.
fn guarantee(text: &str) -> Result<Name, Malformed> {
    if GUARANTEES.contains(&text) {
        return Name::parse(text);
    }
    Err(Malformed(format!("no guarantee is called so: those that can be signed are {}", GUARANTEES.join(", "))))
}

/// One line of text, such as a name.
pub fn line(text: &str, most: usize) -> Result<String, Malformed> {
    let text = text.trim();
    if text.is_empty() || most < text.chars().count() || text.chars().any(char::is_control) {
        return Err(Malformed(format!("this is 1 to {most} characters on one line")));
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<String, Malformed> {
    let text = text.trim();
    let broken = |c: char| c.is_control() && !matches!(c, '\n' | '\r');
    if text.is_empty() || 500 < text.chars().count() || text.chars().any(broken) {
        return Err(Malformed("an address is 1 to 500 characters, without control characters but line breaks".into()));
    }
    Ok(text.to_owned())
}

pub fn email(text: &str) -> Result<String, Malformed> {
    let text = text.trim();
    let fits = text.len() <= 254
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.')
        });
    if fits { Ok(text.to_owned()) } else { Err(Malformed("an e-mail address is name@host, without blanks".into())) }
}

fn phone(text: &str) -> Result<String, Malformed> {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let fits = (5..=20).contains(&digits)
        && text.len() <= 32
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Malformed("a phone number is 5 to 20 digits, with +, -, blanks and brackets at most".into()))
    }
}

/// The two-letter languages of ISO 639-1: a header, and a code a line.
const LANGUAGES: &str = include_str!("languages.csv");

/// A language tag (RFC 5646): of a language that there is, where it has two letters, and by its shape otherwise. Whoever
/// reads none of ours is written to in Chinese, so a language without words here is no reason to turn an order away.
fn locale(text: &str) -> Result<Name, Malformed> {
    let mut parts = text.split('-');
    let fits = text.len() <= 35
        && parts.next().is_some_and(|language| {
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
        })
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !fits {
        return Err(Malformed("a locale is a language tag, such as zh-CN or en".into()));
    }
    let language = text.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if language.len() == 2 && !LANGUAGES.lines().skip(1).any(|code| code == language) {
        return Err(Malformed("no language has this tag: it is one of ISO 639, such as zh-CN or en".into()));
    }
    Name::parse(text)
}

/// A time zone that is known here: clocks of choices run by it.
pub fn timezone(text: &str) -> Result<Name, Malformed> {
    let unknown = || Malformed("a time zone is an IANA name, such as Asia/Shanghai".into());
    let name = Name::parse(text).map_err(|_| unknown())?;
    TimeZone::get(name.as_str()).map_err(|_| unknown())?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plausible_is_taken() {
        for good in ["17000001001", "+44 20 7946 0000", "(0755) 8888-0000"] {
            assert!(phone(good).is_ok(), "{good}");
        }
        for bad in ["", "1234", "phone", "12345\u{0}", "１７０００００１００１", &"1".repeat(21)] {
            assert!(phone(bad).is_err(), "{bad:?}");
        }
        for good in ["buyer@example.cn", "张@例子.中国"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "@", "a@", "a@b@c.cn", "a b@c.cn", "a@c", "a@b.cn\u{0}", "a@.cn"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
        for good in ["zh-CN", "en", "zh-Hans-CN", "yue-HK", "ZH-cn", "fr-FR"] {
            assert!(locale(good).is_ok(), "{good}");
        }
        for bad in ["", "z", "zh_CN", "中文", "zh-", "en-U$", "12", "cn-ZH", "xx"] {
            assert!(locale(bad).is_err(), "{bad:?}");
        }
        assert!(timezone("Asia/Shanghai").is_ok());
        for bad in ["", "Asia/Nowhere", "../etc/passwd", "Asia/Shanghai\u{0}"] {
            assert!(timezone(bad).is_err(), "{bad:?}");
        }
        assert!(address("一号\n二单元").is_ok());
        assert!(address("a\u{0}b").is_err() && address(&"长".repeat(501)).is_err());
    }
}
