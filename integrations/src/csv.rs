//! Files of candles: comma-separated, UTF-8, with a line of headings.
//!
//! Needed are a time (`time`, `timestamp`, `date` or `open_time`), `open`, `high`, `low` and `close`; `volume`, `symbol` and
//! `timeframe` may be there; other columns are passed over. A time is RFC 3339, a date, `2026-01-31 15:00:00` in UTC, or
//! seconds or milliseconds since 1970. For `1d` and `1w` a date, or a time without a zone, names the exchange's day. Whether lines are as far apart as their timeframe says is judged by [`spacing`].

pub mod spacing;

use std::io::Read;

use bellwether_domain::fixed::{Price, Quantity};
use bellwether_domain::market::{Candle, Timeframe};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use csv::{ReaderBuilder, StringRecord, Trim};

/// Names of the column with the time.
const TIMES: [&str; 5] = ["time", "timestamp", "date", "datetime", "open_time"];

/// A file of candles, line by line.
pub struct CandleFile<R> {
    reader: csv::Reader<R>,
    columns: Columns,
    record: StringRecord,
}

#[derive(Debug)]
struct Columns {
    time: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: Option<usize>,
    symbol: Option<usize>,
    timeframe: Option<usize>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Whose candle, where the line says so.
    pub symbol: Option<String>,
    /// How long it lasts, where the line says so.
    pub timeframe: Option<Timeframe>,
    /// The day that the time was written as, in whatever zone it was written; none where it was written in UTC or as a
    /// number, which says nothing of the day it was at the exchange.
    pub day: Option<NaiveDate>,
    /// The candle.
    pub candle: Candle,
}

/// A line, or its number and what is wrong with it.
pub type ReadLine = Result<Line, (u64, String)>;

impl<R: Read> CandleFile<R> {
    /// Reads the headings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn open(from: R) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(from);
        let headings = reader.headers().map_err(|error| error.to_string())?;
        // A mark of byte order before the first heading is no part of it.
        let names: Vec<String> =
            headings.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let missing =
            |name: &str| format!("there is no column {name:?}: expected time, open, high, low and close as headings");
        let needed = |name: &str| place(name).ok_or_else(|| missing(name));
        let columns = Columns {
            time: TIMES.iter().find_map(|name| place(name)).ok_or_else(|| missing("time"))?,
            open: needed("open")?,
            high: needed("high")?,
            low: needed("low")?,
            close: needed("close")?,
            volume: place("volume"),
            symbol: place("symbol"),
            timeframe: place("timeframe"),
        };
        Ok(Self { reader, columns, record: StringRecord::new() })
    }

    /// The next line, or what is wrong with it; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not fail")]
    pub fn next(&mut self) -> Result<Option<ReadLine>, csv::Error> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let number = self.record.position().map_or(0, csv::Position::line);
                Ok(Some(self.line(number).map_err(|problem| (number, problem))))
            }
            Err(error) => match error.kind() {
                csv::ErrorKind::Utf8 { pos, .. } => {
                    let number = pos.as_ref().map_or(0, csv::Position::line);
                    Ok(Some(Err((number, "expected UTF-8".to_owned()))))
                }
                _ => Err(error),
            },
        }
    }

    /// How many bytes were read.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    fn line(&self, number: u64) -> Result<Line, String> {
        let field = |column: usize| self.record.get(column).filter(|text| !text.is_empty());
        let price = |name: &str, column: usize| -> Result<Price, String> {
            let text = field(column).ok_or_else(|| format!("{name}: expected a price"))?;
            number_of(text).map_err(|problem| format!("{name}: {problem}"))
        };
        let volume = match self.columns.volume.and_then(field) {
            None => Quantity::ZERO,
            Some(text) => number_of(text).map_err(|problem| format!("volume: {problem}"))?,
        };
        let timeframe = match self.columns.timeframe.and_then(field) {
            None => None,
            Some(word) => Some(
                Timeframe::parse(word)
                    .ok_or_else(|| format!("timeframe: expected 1m, 5m, 15m, 1h, 4h, 1d or 1w, got {word:?}"))?,
            ),
        };
        let time = field(self.columns.time).and_then(time_of);
        let (time, day) =
            time.ok_or("time: expected a time like 2026-01-31T15:00:00Z, a date, or seconds since 1970")?;
        let candle = Candle::new(
            time,
            price("open", self.columns.open)?,
            price("high", self.columns.high)?,
            price("low", self.columns.low)?,
            price("close", self.columns.close)?,
            volume,
        );
        Ok(Line {
            number,
            symbol: self.columns.symbol.and_then(field).map(str::to_owned),
            timeframe,
            day,
            candle: candle.map_err(|error| error.to_string())?,
        })
    }
}

/// A number, rounded to the digits that are kept: files are full of what floats printed.
fn number_of<U: bellwether_domain::fixed::Unit>(text: &str) -> Result<bellwether_domain::fixed::Fixed<U>, String> {
    let parsed = text.parse::<rust_decimal::Decimal>().or_else(|_| rust_decimal::Decimal::from_scientific(text));
    let number = parsed.map_err(|_| format!("expected a decimal number like 189.50, got {text:?}"))?;
    crate::numbers::fixed(number).ok_or_else(|| "the number is too large".to_owned())
}

/// The time that a text says, and the day that it was written as.
fn time_of(text: &str) -> Option<(DateTime<Utc>, Option<NaiveDate>)> {
    if let Ok(number) = text.parse::<i64>() {
        // Seconds until the year 5138, milliseconds beyond.
        let time = if number.abs() < 100_000_000_000 {
            DateTime::from_timestamp(number, 0)
        } else {
            DateTime::from_timestamp_millis(number)
        };
        return time.map(|time| (time, None));
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        let is_elsewhere = exact.offset().local_minus_utc() != 0;
        return Some((exact.with_timezone(&Utc), is_elsewhere.then(|| exact.date_naive())));
    }
    let local = || {
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    };
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    local().or_else(day).map(|time| (time.and_utc(), Some(time.date())))
}

impl<R> std::fmt::Debug for CandleFile<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CandleFile").field("columns", &self.columns).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<ReadLine> {
        let mut file = CandleFile::open(text.as_bytes()).unwrap();
        std::iter::from_fn(|| file.next().unwrap()).collect()
    }

    #[test]
    fn lines_of_many_makes_are_read() {
        let text = "\u{feff}Date, Open, High,Low,Close,Volume,Adj Close\n\
                    2026-01-30,10,12.5,9,11,1000,11\n\
                    2026-01-31 15:00:00,10,12,9,11.123456789,,11\n\
                    1767225600,1e1,12,9,11,5.5,11\n";
        let read: Vec<Line> = lines(text).into_iter().map(Result::unwrap).collect();
        let times: Vec<String> = read.iter().map(|line| line.candle.open_time.to_rfc3339()).collect();
        assert_eq!(times, ["2026-01-30T00:00:00+00:00", "2026-01-31T15:00:00+00:00", "2026-01-01T00:00:00+00:00"]);
        assert_eq!(read[1].candle.close.to_string(), "11.12345679");
        let days: Vec<Option<String>> = read.iter().map(|line| line.day.map(|day| day.to_string())).collect();
        assert_eq!(days, [Some("2026-01-30".to_owned()), Some("2026-01-31".to_owned()), None]);
        assert_eq!((read[2].number, read[2].candle.volume.to_string()), (4, "5.5".to_owned()));
    }

    #[test]
    fn a_time_with_an_offset_is_of_the_day_that_it_was_there() {
        let text = "time,open,high,low,close\n2026-01-30T00:00:00+01:00,1,1,1,1\n2026-01-30T23:30:00-05:00,1,1,1,1\n\
                    2026-01-30T00:00:00Z,1,1,1,1\n";
        let read: Vec<Line> = lines(text).into_iter().map(Result::unwrap).collect();
        let times: Vec<String> = read.iter().map(|line| line.candle.open_time.to_rfc3339()).collect();
        assert_eq!(times, ["2026-01-29T23:00:00+00:00", "2026-01-31T04:30:00+00:00", "2026-01-30T00:00:00+00:00"]);
        let there = "2026-01-30".parse().ok();
        assert_eq!(read.iter().map(|line| line.day).collect::<Vec<_>>(), [there, there, None]);
    }

    #[test]
    fn a_wrong_line_says_what_was_expected() {
        let text = "time,open,high,low,close,timeframe\n\
                    soon,1,1,1,1,1d\n\
                    2026-01-30,1,1,1,,1d\n\
                    2026-01-30,1,NaN,1,1,1d\n\
                    2026-01-30,2,1,1,1,1d\n\
                    2026-01-30,1,1,1,1,1y\n";
        let problems: Vec<String> = lines(text).into_iter().map(|line| line.unwrap_err().1).collect();
        for (problem, word) in
            problems.iter().zip(["time:", "close: expected a price", "high:", "the high", "timeframe:"])
        {
            assert!(problem.contains(word), "{problem}");
        }
        assert_eq!(problems.len(), 5);
        assert!(CandleFile::open("a,b\n1,2\n".as_bytes()).unwrap_err().contains("open, high, low and close"));
    }
}
