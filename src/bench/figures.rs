//! Figures as whole numbers: rates, ratios, percentiles. Nothing here is worth a floating point number.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// A measurement's outcome: named figures, each with its unit, and sentences about them.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    name: &'static str,
    /// In the order in which they are told.
    figures: Vec<(String, Value)>,
    notes: Vec<String>,
}

impl Figures {
    pub fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub fn number(&mut self, name: &str, value: u64) {
        self.figures.push((name.to_owned(), json!(value)));
    }

    pub fn text(&mut self, name: &str, value: impl ToString) {
        self.figures.push((name.to_owned(), Value::String(value.to_string())));
    }

    pub fn ratio(&mut self, name: &str, ratio: Ratio) {
        self.text(name, ratio);
    }

    pub fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// As a program reads them.
    pub fn json(&self) -> Value {
        let figures: Map<String, Value> = self.figures.iter().cloned().collect();
        json!({ "name": self.name, "figures": figures, "notes": self.notes })
    }

    /// As a person reads them.
    pub fn lines(&self) -> Vec<String> {
        let wide = self.figures.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let figures =
            self.figures.iter().map(|(name, value)| format!("  {:<wide$}  {}", name.replace('_', " "), shown(value)));
        std::iter::once(self.name.to_owned())
            .chain(figures)
            .chain(self.notes.iter().map(|note| format!("  {note}")))
            .collect()
    }
}

/// One figure divided by another, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio(u64);

impl Ratio {
    pub fn of(one: u64, other: u64) -> Self {
        Self((u128::from(one) * 100 / u128::from(other.max(1))).try_into().unwrap_or(u64::MAX))
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// So many in so long, for each second.
pub fn per_second(count: usize, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    (count as u128 * 1_000_000 / micros).try_into().unwrap_or(u64::MAX)
}

/// Milliseconds with two decimals.
pub fn milliseconds(took: Duration) -> String {
    let hundredths = took.as_micros() / 10;
    format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
}

/// The value below which so many of a hundred samples lie; the samples are sorted by it.
pub fn percentile(samples: &mut [Duration], hundredth: usize) -> Duration {
    samples.sort_unstable();
    let place = (samples.len() * hundredth).div_ceil(100).saturating_sub(1);
    samples.get(place).copied().unwrap_or_default()
}

/// The time that this process has computed so far, all threads together; none where the system does not tell.
pub fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold blanks.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // A hundred ticks a second, on every Linux that this runs on.
    Some(Duration::from_millis(ticks * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_rates_and_percentiles() {
        assert_eq!(Ratio::of(3_000, 2_000).to_string(), "1.50");
        assert_eq!(Ratio::of(1, 3).to_string(), "0.33");
        assert_eq!(Ratio::of(7, 0).to_string(), "7.00");
        assert_eq!(per_second(500, Duration::from_millis(250)), 2_000);
        assert_eq!(milliseconds(Duration::from_micros(12_345)), "12.34 ms");
        let mut samples: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut samples, 50), Duration::from_millis(100));
        assert_eq!(percentile(&mut samples, 99), Duration::from_millis(198));
        assert_eq!(percentile(&mut samples, 100), Duration::from_millis(200));
        assert_eq!(percentile(&mut [], 99), Duration::ZERO);
    }
}
