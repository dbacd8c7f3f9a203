//! Times as a buyer reads them: in their own zone, in their own language.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::words::Language;

/// A buyer's clock: their zone and language.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    language: Language,
}

impl Clock {
    /// Of a zone by its name. An order with a zone that does not exist is not taken in; should one cease to exist since,
    /// UTC is the next best.
    pub fn new(zone: &str, language: Language) -> Self {
        Self { zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC), language }
    }

    /// Day, weekday and minute, such as `11月24日 周二 21:00` or `Tue 24 November, 21:00`.
    pub fn minute(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        match self.language {
            Language::English => local.strftime("%a %-d %B, %H:%M").to_string(),
            Language::Chinese => {
                let day = ["一", "二", "三", "四", "五", "六", "日"]
                    .get(usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default())
                    .copied()
                    .unwrap_or_default();
                local.strftime(&format!("%-m月%-d日 周{day} %H:%M")).to_string()
            }
        }
    }

    /// Day and minute with the year, for what is kept.
    pub fn dated(&self, at: Timestamp) -> String {
        let form = match self.language {
            Language::English => "%-d %B %Y, %H:%M",
            Language::Chinese => "%Y年%-m月%-d日 %H:%M",
        };
        at.to_zoned(self.zone.clone()).strftime(form).to_string()
    }
}

/// A place in a live session, as a player shows it.
pub fn place(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_where_the_buyer_lives() {
        let at: Timestamp = "2026-11-24T13:05:00Z".parse().unwrap();
        let check = |zone, language, expected: &str| assert_eq!(Clock::new(zone, language).minute(at), expected);
        check("Asia/Shanghai", Language::Chinese, "11月24日 周二 21:05");
        check("America/New_York", Language::English, "Tue 24 November, 08:05");
        check("Nowhere/Atlantis", Language::English, "Tue 24 November, 13:05");
        assert_eq!(Clock::new("Asia/Shanghai", Language::Chinese).dated(at), "2026年11月24日 21:05");
    }

    #[test]
    fn a_place_in_the_replay_is_written_like_a_players() {
        for (ms, expected) in [(0, "0:00"), (750_500, "12:30"), (3_723_000, "1:02:03"), (-5, "0:00")] {
            assert_eq!(place(ms), expected);
        }
    }
}
