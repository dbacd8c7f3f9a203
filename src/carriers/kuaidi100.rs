//! Kuaidi100's push (`integrations.md`, section 2): the form field `param` with its JSON, and `sign`, which is MD5 of
//! `param` and the salt that was given when the waybill was subscribed, in capital hexadecimal.
//!
//! A push repeats the whole history of a waybill; only the newest entry's time and state are taken.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::Value;

use super::Word;
use crate::domain::ids::{Malformed, Waybill};
use crate::domain::transit::Told;

/// The signature that belongs to a body.
pub fn sign(param: &str, salt: &str) -> String {
    let mut hasher = Md5::new();
    hasher.update(param.as_bytes());
    hasher.update(salt.as_bytes());
    hasher.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[derive(Deserialize)]
struct Param {
    #[serde(default, rename = "lastResult")]
    last_result: Option<Tracked>,
}

/// Codes come as text, and from some of its versions as numbers.
#[derive(Deserialize)]
struct Tracked {
    #[serde(default)]
    state: Value,
    #[serde(default)]
    com: Option<String>,
    #[serde(default)]
    nu: Option<String>,
    #[serde(default)]
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    ftime: Option<String>,
    #[serde(default, rename = "statusCode")]
    code: Value,
}

/// Reads a push. None where it tells nothing of a parcel: the monitoring began or ended without a result, or its state is
/// one that nobody has described.
///
/// # Errors
///
/// Where it is no push of Kuaidi100's.
pub fn read(param: &str, now: Timestamp) -> Result<Option<Word>, Malformed> {
    let malformed = || Malformed("param is not the JSON of a push by Kuaidi100".to_owned());
    let param: Value = serde_json::from_str(param).map_err(|_| malformed())?;
    // Derived reading takes an array for an object, field by field.
    let object = param.is_object().then_some(param).ok_or_else(malformed)?;
    let param: Param = serde_json::from_value(object).map_err(|_| malformed())?;
    let Some(result) = param.last_result else { return Ok(None) };
    let Some(number) = result.nu.as_deref().map(str::trim).filter(|number| !number.is_empty()) else {
        return Ok(None);
    };
    let waybill = Waybill::parse(number)?;
    // Of equal times the first stands: the newest entry comes first.
    let newest = result.data.iter().rev().max_by_key(|entry| entry.at());
    let at = newest.and_then(Entry::at).unwrap_or(now);
    let coarse = number_of(&result.state).and_then(told);
    let fine = newest.and_then(|entry| number_of(&entry.code)).and_then(told);
    // The state of the whole says what is settled; the newest entry, who signed.
    let told = match (coarse, fine) {
        (Some(Told::Delivered), Some(Told::ProxySigned)) => Some(Told::ProxySigned),
        (Some(coarse), _) => Some(coarse),
        (None, fine) => fine,
    };
    let company = result.com.unwrap_or_default().chars().filter(|c| !c.is_control()).take(64).collect();
    Ok(told.map(|told| Word { company, waybill, told, at }))
}

fn number_of(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A state, coarse or fine.
fn told(code: u32) -> Option<Told> {
    Some(match code {
        // Under way, collected, out for delivery, handed to another carrier, and the steps of customs.
        0 | 1 | 5 | 7 | 8 | 10 | 11 | 12 => Told::Moving,
        2 => Told::Problem,
        3 => Told::Delivered,
        4 => Told::BackWithSender,
        6 => Told::TurnedAround,
        13 => Told::Customs,
        14 => Told::Refused,
        // 303 is 代签; a locker (501) holds what nobody has signed for yet, and 304 is its taking out.
        303 => Told::ProxySigned,
        301 | 302 | 304 => Told::Delivered,
        101..=103 | 501..=503 | 1001..=1003 => Told::Moving,
        201..=299 => Told::Problem,
        _ => return None, // Nobody has described it.
    })
}

impl Entry {
    /// Its times are Chinese and name no zone.
    fn at(&self) -> Option<Timestamp> {
        let read = |text: &Option<String>| {
            let local: DateTime = text.as_deref()?.trim().parse().ok()?;
            let zone = TimeZone::get("Asia/Shanghai").ok()?;
            Some(local.to_zoned(zone).ok()?.timestamp())
        };
        read(&self.ftime).or_else(|| read(&self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-25T00:00:00Z".parse().unwrap()
    }

    fn push(state: &str, code: &str) -> String {
        format!(
            r#"{{"status":"polling","billstatus":"got","message":"","lastResult":{{"message":"ok","state":{state},
            "status":"200","condition":"00","ischeck":"0","com":"shunfeng","nu":"SF1001","data":[
            {{"context":"[深圳市] 张三 13800001111 已签收","time":"2026-11-24 18:00:00","ftime":"2026-11-24 18:00:00","status":"x","statusCode":{code}}},
            {{"context":"…","time":"2026-11-23 09:00:00","ftime":"2026-11-23 09:00:00"}}]}}}}"#
        )
    }

    #[test]
    fn every_state_is_read_by_its_number() {
        use Told::*;
        let check = |state: &str, code: &str, expected| {
            let word = read(&push(state, code), now()).unwrap();
            assert_eq!(word.map(|word| word.told), expected, "{state} {code}");
        };
        for (state, told) in [
            (0, Moving),
            (1, Moving),
            (2, Problem),
            (3, Delivered),
            (4, BackWithSender),
            (5, Moving),
            (6, TurnedAround),
            (7, Moving),
            (10, Moving),
            (11, Moving),
            (12, Moving),
            (13, Customs),
            (14, Refused),
        ] {
            check(&format!("\"{state}\""), "null", Some(told));
            check(&state.to_string(), "null", Some(told));
        }
        check("\"3\"", "\"303\"", Some(ProxySigned));
        check("\"3\"", "\"301\"", Some(Delivered));
        check("\"3\"", "\"304\"", Some(Delivered));
        check("\"5\"", "\"501\"", Some(Moving));
        check("\"\"", "\"303\"", Some(ProxySigned));
        check("\"99\"", "null", None);
        check("null", "null", None);
        check("[1]", "{}", None);
    }

    #[test]
    fn the_newest_entry_tells_the_time_and_nothing_else_is_kept() {
        let word = read(&push("3", "null"), now()).unwrap().unwrap();
        assert_eq!(word.at.to_string(), "2026-11-24T10:00:00Z");
        assert_eq!((word.company.as_str(), word.waybill.as_str()), ("shunfeng", "SF1001"));
        assert!(!format!("{word:?}").contains("13800001111"));
    }

    #[test]
    fn what_is_no_push_is_told_and_what_says_nothing_is_taken() {
        for bad in ["", "[]", "{", "\"x\"", r#"{"lastResult":{"state":"3","nu":"a b c"}}"#] {
            assert!(read(bad, now()).is_err(), "{bad}");
        }
        for empty in
            [r#"{"status":"abort","message":"3天查询无记录"}"#, r#"{"lastResult":{"state":"3","nu":""}}"#, "{}"]
        {
            assert_eq!(read(empty, now()), Ok(None), "{empty}");
        }
    }

    #[test]
    fn the_signature_is_the_md5_of_body_and_salt_in_capitals() {
        // printf 'abc' | md5sum
        assert_eq!(sign("a", "bc"), "900150983CD24FB0D6963F7D28E17F72");
    }
}
