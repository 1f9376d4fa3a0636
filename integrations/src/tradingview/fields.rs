//! The fields of an alert, out of JSON or out of plain text: found by any of their names, read into values.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{AlertError, Direction, Mode, Ticker, Timeframe};

/// Every field that says something, by its name in lower case without anything but letters and digits.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, Field>);

/// One field: its name as written, and its text. A number keeps its digits, because 0.1 would lose them as an f64.
struct Field {
    name: String,
    value: String,
}

impl Fields {
    /// The fields of a JSON object, those of nested objects under dotted names, and the object itself.
    pub(super) fn of_json(text: &str) -> Result<(Self, Value), AlertError> {
        let broken = |error| syntax_error(text, &error);
        let payload = serde_json::from_str(text).map_err(broken)?;
        let mut fields = Self::default();
        fields.flatten("", text).map_err(broken)?;
        Ok((fields, payload))
    }

    /// Recursion ends: `serde_json` has read the text into a [`Value`], which it does to a depth of 128. Names longer
    /// than any of ours are left out, lest one of 60 KB be repeated for each of a thousand fields beneath it.
    fn flatten(&mut self, path: &str, json: &str) -> serde_json::Result<()> {
        if path.len() > 80 {
            return Ok(());
        }
        if json.starts_with('{') {
            for (key, value) in serde_json::from_str::<BTreeMap<String, &RawValue>>(json)? {
                let name = if path.is_empty() { key } else { format!("{path}.{key}") };
                self.flatten(&name, value.get())?;
            }
        } else if json.starts_with('"') {
            self.put(path, &serde_json::from_str::<String>(json)?);
        } else if json != "null" {
            self.put(path, json);
        }
        Ok(())
    }

    /// The fields of plain text: words in any order, of which each can mean only one thing; prices behind a label.
    pub(super) fn of_text(text: &str) -> Result<Self, AlertError> {
        let refused = |reason| Err(AlertError::Text { reason });
        let mut words = text
            .split_whitespace()
            .map(|word| word.trim_end_matches([',', ';']))
            .filter(|word| *word == "@" || word.contains(char::is_alphanumeric));
        let mut fields = Self::default();
        while let Some(word) = words.next() {
            let (name, value) = match label(word) {
                Some((name, "")) => match words.next() {
                    Some(value) => (name, value),
                    None => return refused(format!("ends after {word}")),
                },
                Some(labelled) => labelled,
                None => (meaning(word), word),
            };
            if let Some(before) = fields.put(name, value) {
                return refused(format!("says its {name} twice, {} and {}", shown(&before.value), shown(value)));
            }
        }
        if fields.find(&["action"]).is_none() {
            return refused("does not say buy, sell or hold".to_owned());
        }
        if fields.find(&["ticker"]).is_none() {
            return refused("does not say its ticker".to_owned());
        }
        Ok(fields)
    }

    fn put(&mut self, name: &str, value: &str) -> Option<Field> {
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        self.0.insert(normal(name), Field { name: name.to_owned(), value: value.to_owned() })
    }

    fn find(&self, names: &[&str]) -> Option<&Field> {
        names.iter().find_map(|name| self.0.get(&normal(name)))
    }

    /// What a field says, where there is one.
    fn read<T>(
        &self,
        names: &[&str],
        read: impl FnOnce(&Field) -> Result<T, AlertError>,
    ) -> Result<Option<T>, AlertError> {
        self.find(names).map(read).transpose()
    }

    fn word<T>(
        &self,
        names: &[&str],
        from_word: fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, AlertError> {
        self.read(names, |field| from_word(&field.value).ok_or_else(|| field.unknown(expected)))
    }

    pub(super) fn ticker(&self, names: &[&str], exchange: &[&str]) -> Result<Ticker, AlertError> {
        let ticker = self
            .word(names, Ticker::from_word, "a symbol such as AAPL, BTC/USDT or BINANCE:BTCUSDT")?
            .ok_or_else(|| missing("ticker", names))?;
        Ok(ticker.or_on(self.find(exchange).map(|field| field.value.as_str())))
    }

    pub(super) fn direction(&self, names: &[&str]) -> Result<Direction, AlertError> {
        self.word(names, Direction::from_word, "buy, sell or hold (or long, short, flat)")?
            .ok_or_else(|| missing("direction", names))
    }

    pub(super) fn timeframe(&self, names: &[&str]) -> Result<Option<Timeframe>, AlertError> {
        let expected = "one of 1m, 5m, 15m, 1h, 4h, 1d, 1w, or {{interval}} of a chart of such candles (1M is a month)";
        self.word(names, Timeframe::from_word, expected)
    }

    pub(super) fn mode(&self, names: &[&str]) -> Result<Option<Mode>, AlertError> {
        self.word(names, Mode::from_word, "scalp, intraday or swing")
    }

    pub(super) fn time(&self, names: &[&str]) -> Result<Option<DateTime<Utc>>, AlertError> {
        self.read(names, Field::time)
    }

    pub(super) fn price(&self, names: &[&str]) -> Result<Option<Decimal>, AlertError> {
        self.read(names, |field| match field.number()? {
            price if price > Decimal::ZERO => Ok(price),
            _ => Err(field.out_of_range("a price above zero")),
        })
    }

    pub(super) fn confidence(&self, names: &[&str]) -> Result<Option<u8>, AlertError> {
        self.read(names, |field| {
            let percent = Some(field.number()?).filter(Decimal::is_integer).and_then(|number| number.to_u8());
            percent.filter(|percent| *percent <= 100).ok_or_else(|| field.out_of_range("a whole number from 0 to 100"))
        })
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.find(names).map(|field| field.value.clone())
    }
}

impl Field {
    fn number(&self) -> Result<Decimal, AlertError> {
        if is_nan(&self.value) {
            return Err(AlertError::NotANumber { field: self.name.clone(), value: shown(&self.value) });
        }
        let plain = self.value.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
        let number = match self.value.contains(['e', 'E']) {
            _ if !plain => None,
            true => Decimal::from_scientific(&self.value).ok(),
            false => Decimal::from_str_exact(&self.value).ok(),
        };
        number.ok_or_else(|| self.unknown("a number such as 1234.5, of at most 28 digits, with no comma in it"))
    }

    /// RFC 3339, or unix seconds or milliseconds: what is too far for seconds is milliseconds.
    fn time(&self) -> Result<DateTime<Utc>, AlertError> {
        /// 2000-01-01 and 2100-01-01 in unix milliseconds. A bar's index or a duration is no time.
        const YEARS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
        let expected = "a time such as 2026-01-31T14:00:00Z, or unix seconds or milliseconds";
        let millis = match self.value.parse::<i64>() {
            Ok(number) if number.unsigned_abs() < 100_000_000_000 => number * 1_000,
            Ok(number) => number,
            Err(_) => match DateTime::parse_from_rfc3339(&self.value) {
                Ok(time) => time.timestamp_millis(),
                Err(_) => return Err(self.unknown(expected)),
            },
        };
        DateTime::from_timestamp_millis(millis)
            .filter(|_| YEARS.contains(&millis))
            .ok_or_else(|| self.out_of_range("a time in the years 2000 to 2099"))
    }

    fn unknown(&self, expected: &'static str) -> AlertError {
        AlertError::Unknown { field: self.name.clone(), value: shown(&self.value), expected }
    }

    fn out_of_range(&self, expected: &'static str) -> AlertError {
        AlertError::OutOfRange { field: self.name.clone(), value: shown(&self.value), expected }
    }
}

fn missing(field: &'static str, names: &[&str]) -> AlertError {
    AlertError::Missing { field, names: names.join(", ") }
}

fn normal(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn shown(value: &str) -> String {
    value.chars().take(80).collect()
}

/// The field that a label in plain text stands for, and what is glued to the label: `@189.5`, `tp=195`, `SL:`.
fn label(word: &str) -> Option<(&'static str, &str)> {
    if let Some(price) = word.strip_prefix('@') {
        return Some(("entry", price));
    }
    let (label, value) = word.split_once([':', '=']).unwrap_or((word, ""));
    let name = match label.to_lowercase().as_str() {
        "at" | "entry" | "price" => "entry",
        "tp" | "target" => "target",
        "sl" | "stop" => "stop",
        "confidence" => "confidence",
        _ => return None,
    };
    Some((name, value))
}

/// The field that a word of plain text stands for by itself.
fn meaning(word: &str) -> &'static str {
    if Direction::from_word(word).is_some() {
        "action"
    } else if Timeframe::from_word(word).is_some() || is_interval(word) {
        "interval"
    } else if Mode::from_word(word).is_some() {
        "mode"
    } else {
        "ticker"
    }
}

/// `30s` or `2h`: an interval, though none of ours, and no ticker.
fn is_interval(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < word.len() && matches!(unit.to_lowercase().as_str(), "s" | "m" | "h" | "d" | "w")
}

fn is_nan(word: &str) -> bool {
    matches!(word.trim_start_matches(['-', '+']).to_lowercase().as_str(), "nan" | "inf" | "infinity")
}

/// Broken JSON; of an unquoted NaN, which users meet often, the field is told.
fn syntax_error(text: &str, error: &serde_json::Error) -> AlertError {
    let (line, column) = (error.line(), error.column());
    nan_at(text, line, column).unwrap_or_else(|| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        AlertError::InvalidJson { message, line, column }
    })
}

/// The NaN at a place in the text, and the last quoted string before it: its field.
fn nan_at(text: &str, line: usize, column: usize) -> Option<AlertError> {
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '+';
    let lines_before: usize = text.split('\n').take(line.checked_sub(1)?).map(|line| line.len() + 1).sum();
    let (before, after) = text.split_at_checked(lines_before + column.checked_sub(1)?)?;
    let start = before.trim_end_matches(in_word);
    let end = after.trim_start_matches(in_word);
    let word = text.strip_prefix(start)?.strip_suffix(end)?;
    let field = start.rsplit('"').nth(1)?;
    is_nan(word).then(|| AlertError::NotANumber { field: shown(field), value: shown(word) })
}
