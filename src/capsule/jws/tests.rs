use super::super::keys::Signers;
use super::*;

fn signer() -> Signer {
    Signer::from_seed(&[7; 32])
}

fn keys() -> KeySet {
    Signers::from_seed(&[7; 32]).key_set()
}

fn line() -> String {
    sign(&signer(), &json!({ "verdict": "pass", "photos": [1, 2], "name": "翡翠" })).unwrap()
}

/// A line of these texts, signed by a key that is believed: what a careless or a hostile signer could make.
fn forge(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(signer().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut header = json!({ "alg": "ES256", "cty": "vc", "kid": signer().key_id().as_str(), "typ": "vc+jwt" });
    change(header.as_object_mut().unwrap());
    header.to_string()
}

fn check(line: &str, expected: &str) {
    let fault = verify(line, &keys()).map(|signed| signed.payload).unwrap_err().to_string();
    assert!(fault.contains(expected), "{fault:?} does not say {expected:?} of {line}");
}

#[test]
fn what_was_signed_is_read_back() {
    let signed = verify(&line(), &keys()).unwrap();
    assert_eq!(signed.payload["name"], "翡翠");
    assert_eq!(&signed.key_id, signer().key_id());
    assert_eq!(line(), line(), "the same payload gives the same line");
    assert_eq!(verify(&forge(&header(|_| ()), "{}"), &keys()).unwrap().payload, json!({}));
}

#[test]
fn a_header_that_says_anything_else_is_refused_though_it_is_signed() {
    let check = |change: fn(&mut serde_json::Map<String, Value>), expected: &str| {
        check(&forge(&header(change), "{}"), expected);
    };
    check(|header| drop(header.insert("alg".into(), json!("none"))), "alg none; only ES256 counts");
    check(|header| drop(header.insert("alg".into(), json!("HS256"))), "alg HS256; only ES256 counts");
    check(|header| drop(header.insert("alg".into(), json!("es256"))), "alg es256; only ES256 counts");
    check(|header| drop(header.remove("alg")), "alg nothing; only ES256 counts");
    check(|header| drop(header.insert("crit".into(), json!(["exp"]))), r#"crit for what this program does not know"#);
    check(|header| drop(header.insert("crit".into(), json!([]))), r#"crit for what this program does not know"#);
    check(|header| drop(header.insert("typ".into(), json!("JWT"))), "typ JWT, expected vc+jwt");
    check(|header| drop(header.remove("typ")), "typ nothing, expected vc+jwt");
    check(|header| drop(header.insert("cty".into(), json!("vp"))), "cty vp, expected vc");
    check(|header| drop(header.insert("jwk".into(), signer().public_key().jwk())), "a member jwk that no capsule has");
    check(|header| drop(header.insert("b64".into(), json!(false))), "a member b64 that no capsule has");
    check(|header| drop(header.insert("kid".into(), json!("x"))), "signed with the key x, which is not among");
    check(|header| drop(header.remove("kid")), "signed with the key nothing, which is not among");
}

#[test]
fn every_form_but_the_one_is_refused() {
    let good = line();
    let parts: Vec<&str> = good.split('.').collect();
    check("", "three parts of base64url");
    check(&parts[..2].join("."), "three parts of base64url");
    check(&format!("{good}."), "three parts of base64url");
    check(&format!("{good}\n"), "its signature is not base64url in its one form");
    check(&format!(" {good}"), "its header is not base64url in its one form");
    check(&format!("{good}=="), "its signature is not base64url in its one form");
    check(&format!("{}.{}=.{}", parts[0], parts[1], parts[2]), "its payload is not base64url in its one form");
    check(&format!("{}..{}", parts[0], parts[2]), "is not of these words by the key");
    check(&format!("{}.{}.", parts[0], parts[1]), "its signature is not 64 bytes");
    check(&format!("{}.{}+.{}", parts[0], parts[1], parts[2]), "its payload is not base64url in its one form");
    let header = header(|_| ());
    check(&forge(&header.replace(':', ": "), "{}"), "its header is not JSON in its one form");
    check(&forge(&header.replacen('{', r#"{"alg":"none","#, 1), "{}"), "its header is not JSON in its one form");
    check(&forge(&header, r#"{"a":1,"a":1}"#), "its payload is not JSON in its one form");
    check(&forge(&header, r#"{"verdict":"fail","verdict":"pass"}"#), "its payload is not JSON in its one form");
    check(&forge(&header, r#"{"b":1,"a":1}"#), "its payload is not JSON in its one form");
    check(&forge(&header, r#"{"a":0.5}"#), "its payload is not JSON in its one form");
    check(&forge(&header, "nonsense"), "its payload is not JSON in its one form");
    check(&forge("[]", "{}"), "its header is not JSON in its one form");
}

#[test]
fn bits_left_over_are_refused_though_they_change_no_byte() {
    // 64 bytes are 85 characters and 2 bits: the last character has 4 bits left over.
    let good = line();
    let last = good.chars().last().unwrap();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let value = alphabet.iter().position(|c| *c == last).unwrap();
    assert_eq!(value % 16, 0, "what we write leaves none over");
    for more in 1..16 {
        let mut other = good.clone();
        other.pop();
        other.push(alphabet[value + more]);
        check(&other, "its signature is not base64url in its one form");
    }
}

#[test]
fn the_other_signature_of_the_same_words_is_refused() {
    let good = line();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // n − s, digit by digit from the right, of the order of P-256 (SEC 2, section 2.4.2).
    let order = hex::decode("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551").unwrap();
    let mut borrow = 0_i32;
    for place in (0..32).rev() {
        let digit = i32::from(order[place]) - i32::from(bytes[32 + place]) - borrow;
        borrow = i32::from(digit < 0);
        bytes[32 + place] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    check(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&bytes)), "with the higher s");
}

#[test]
fn another_house_and_a_foreign_signature_are_refused() {
    let stranger = Signers::from_seed(&[8; 32]);
    let theirs = sign(&stranger.capsules, &json!({})).unwrap();
    check(&theirs, "which is not among the keys given");
    // Their signature under our key's name.
    let (signed, _) = line().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(stranger.capsules.sign(signed.as_bytes()));
    check(&format!("{signed}.{signature}"), "is not of these words by the key");
    // Our signature of one capsule under another.
    let other = sign(&signer(), &json!({ "verdict": "not_as_described" })).unwrap();
    check(&format!("{signed}.{}", other.rsplit_once('.').unwrap().1), "is not of these words by the key");
}

/// Every bit of the line, flipped: either the decoded bytes change, and the signature does not fit, or they do not, and
/// the form is refused. Nothing is accepted.
#[test]
fn every_flip_of_every_bit_is_refused() {
    let good = line();
    let mut unchanged = 0;
    let decoded = |line: &str| -> Option<Vec<Vec<u8>>> {
        line.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok()).collect()
    };
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            // What is no UTF-8 is no text, and cannot be asked about.
            let Ok(flipped) = String::from_utf8(bytes) else {
                unchanged += 1;
                continue;
            };
            let fault = verify(&flipped, &keys()).unwrap_err();
            if decoded(&flipped) == decoded(&good) {
                panic!("a flip of bit {bit} at {place} left all bytes and was called {fault}");
            }
        }
    }
    assert_eq!(unchanged, good.len(), "of ASCII the highest bit, flipped, is no UTF-8");
}
