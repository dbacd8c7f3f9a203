//! Titles and addresses as nobody should have them: sent right, or refused clearly; never another header, another
//! recipient or another command.

use std::collections::BTreeSet;

use base64::Engine as _;
use proptest::prelude::*;
use touchstone::mail::{Failure, mime};

use super::{heads, letter};

fn names(bytes: &[u8]) -> BTreeSet<String> {
    heads(bytes).into_iter().map(|(name, _)| name.to_lowercase()).collect()
}

/// A subject as its reader sees it (RFC 2047): words of base64 beside plain ones, folded or not.
fn read(bytes: &[u8]) -> String {
    let (_, text) = heads(bytes).into_iter().find(|(name, _)| name == "Subject").unwrap();
    let mut shown = String::new();
    let mut was_encoded = false;
    for (place, word) in text.split(' ').enumerate() {
        let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        // The blank between two encoded words is no part of either.
        if 0 < place && !(was_encoded && encoded.is_some()) {
            shown.push(' ');
        }
        match encoded {
            Some(encoded) => {
                let bytes = base64::prelude::BASE64_STANDARD.decode(encoded).unwrap();
                shown.push_str(&String::from_utf8(bytes).unwrap());
            }
            None => shown.push_str(word),
        }
        was_encoded = encoded.is_some();
    }
    shown
}

#[test]
fn whatever_stands_in_a_title_is_one_header_of_lines_that_a_server_takes() {
    let plain = names(&mime::post(&letter("buyer@example.cn")).unwrap().bytes);
    let long = "长".repeat(100_000);
    let check = |subject: &str, expected: &str| {
        let mut letter = letter("buyer@example.cn");
        letter.subject = subject.to_owned();
        let bytes = mime::post(&letter).unwrap().bytes;
        assert_eq!(names(&bytes), plain, "{subject:.80?}");
        assert!(bytes.is_ascii() && bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998), "{subject:.80?}");
        assert_eq!(read(&bytes), expected, "{subject:.80?}");
    };
    check("翡翠手镯", "翡翠手镯");
    check("Jadeite \"bangle\", <A> & 翡翠 (56)", "Jadeite \"bangle\", <A> & 翡翠 (56)");
    check("x\r\nBcc: y@z.cn", "x  Bcc: y@z.cn");
    check("翡翠\r\n\r\n正文", "翡翠    正文");
    check("翡\0翠\u{1b}[2J", "翡 翠 [2J");
    check("\u{85}翡翠\u{9b}", " 翡翠 ");
    check("💎👨\u{200d}👩\u{200d}👧", "💎👨\u{200d}👩\u{200d}👧");
    check(&long, &"长".repeat(200));
}

#[test]
fn an_address_is_taken_as_one_or_refused_by_name_of_the_fault() {
    let check = |address: &str, expected: Option<&str>| {
        let posted = mime::post(&letter(address));
        let to = posted.as_ref().ok().map(|posted| posted.envelope.to().iter().map(ToString::to_string).collect());
        match expected {
            Some(expected) => assert_eq!(to, Some(vec![expected.to_owned()]), "{address:.80?}"),
            None => assert_eq!(posted.err(), Some(Failure::permanent("address")), "{address:.80?}"),
        }
    };
    check("o'neil+tag@example.cn", Some("o'neil+tag@example.cn"));
    check("\"a@b\"@example.cn", Some("\"a@b\"@example.cn"));
    check("林@例子.中国", Some("林@xn--fsqu00a.xn--fiqs8s"));
    check("li@BÜCHER.example", Some("li@xn--bcher-kva.example"));
    for bad in ["li@exa mple.cn", "li@example..cn", "li@-example.cn", "li@[127.0.0.1]\r\n", "li@\u{202e}example.cn"] {
        check(bad, None);
    }
    for bad in ["li\t@example.cn", "li\u{a0}@example.cn\n", "li@example.cn;wang@example.cn", "li@example.cn wang"] {
        check(bad, None);
    }
    check(&format!("{}@example.cn", "a".repeat(100_000)), None);
    check(&format!("li@{}.cn", "a.".repeat(100_000)), None);
    check(&"@".repeat(1_000), None);
}

proptest! {
    #[test]
    fn no_title_adds_a_header(title in proptest::collection::vec(any::<char>(), 0..300)) {
        let mut own = letter("buyer@example.cn");
        let plain = names(&mime::post(&own).unwrap().bytes);
        own.subject = title.into_iter().collect();
        let bytes = mime::post(&own).unwrap().bytes;
        prop_assert_eq!(names(&bytes), plain);
        prop_assert!(bytes.is_ascii());
    }

    #[test]
    fn no_address_adds_a_recipient_or_a_command(
        name in proptest::collection::vec(prop_oneof![any::<char>(), proptest::char::range(' ', '~')], 0..20),
        host in "[a-z0-9.<> \r\n@\"-]{0,20}",
    ) {
        let address = format!("{}@{host}", name.into_iter().collect::<String>());
        if let Ok(posted) = mime::post(&letter(&address)) {
            let to = posted.envelope.to();
            prop_assert_eq!(to.len(), 1);
            let to = to[0].to_string();
            let quoted = to.starts_with('"');
            prop_assert!(to.len() <= 254 && !to.chars().any(|c| c.is_control()), "{}", to);
            prop_assert!(quoted || !to.contains([' ', '<', '>', ',', ';']), "{}", to);
        } else {
            prop_assert_eq!(mime::post(&letter(&address)).err(), Some(Failure::permanent("address")));
        }
    }
}
