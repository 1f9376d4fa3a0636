//! What a series of days and a heap of trades say about a trader. Pure.
//!
//! Ratios are statistics and no money: they are computed in floating point and shown to four decimals. Those of daily
//! returns are as [empyrical](https://github.com/stefan-jansen/empyrical-reloaded) has them, over 252 days a year and a
//! risk-free rate of nothing; a fixture made with it is among the tests.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::fixed::{Money, Percent};

/// Trading days of a year, by which daily figures are made yearly.
const DAYS_A_YEAR: f64 = 252.0;

/// What an account was worth at the end of each day on which it was looked at, the first day first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyEquity {
    /// The day in UTC, such as 2026-11-22.
    pub day: String,
    /// The balance at its end.
    pub balance: Money,
    /// The equity at its end.
    pub equity: Money,
}

/// Days that a ratio needs at least: fewer say nothing of a year.
pub const FEWEST_DAYS: usize = 10;

/// Why there is no ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRatio {
    /// There are fewer than ten trading days.
    TooFewDays,
    /// The equity was the same on all of them.
    NothingMoved,
    /// No day lost.
    NoLoss,
}

/// A ratio of daily returns to four decimals; or why there is none.
pub type Ratio = Result<Percent, NoRatio>;

/// The Sharpe ratio of daily returns; none for too few.
///
/// # Errors
/// Why there is none.
pub fn sharpe_ratio(returns: &[f64]) -> Ratio {
    enough(returns)?;
    sharpe(returns).and_then(to_fixed).ok_or(NoRatio::NothingMoved)
}

/// The Sortino ratio of daily returns; none for too few.
///
/// # Errors
/// Why there is none.
pub fn sortino_ratio(returns: &[f64]) -> Ratio {
    enough(returns)?;
    sortino(returns).and_then(to_fixed).ok_or(NoRatio::NoLoss)
}

const fn enough(returns: &[f64]) -> Result<(), NoRatio> {
    if returns.len() < FEWEST_DAYS { Err(NoRatio::TooFewDays) } else { Ok(()) }
}

/// The equity at the end of every trading day (Monday to Friday) from the first day until the last: on a day that nothing is
/// known of it is what it was before. What a weekend brings belongs to the Monday after it.
pub fn trading_days(initial: Money, first: NaiveDate, last: NaiveDate, days: &[DailyEquity]) -> Vec<Money> {
    let (mut known, mut equity, mut equities) = (days.iter().peekable(), initial, Vec::new());
    for day in first.iter_days().take_while(|day| *day <= last) {
        let name = day.to_string();
        while let Some(noted) = known.next_if(|noted| noted.day <= name) {
            equity = noted.equity;
        }
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            equities.push(equity);
        }
    }
    equities
}

/// The return of each day: what the equity became, by what it was before, less one. The first is by the initial balance.
pub fn daily_returns(initial: Money, equities: &[Money]) -> Vec<f64> {
    let mut before = initial;
    let mut returns = Vec::with_capacity(equities.len());
    for equity in equities {
        if before.is_positive() {
            returns.push(ratio(*equity, before) - 1.0);
        }
        before = *equity;
    }
    returns
}

/// The mean return by its deviation (of a sample), over a year; none for fewer than two days, or where nothing moved.
pub fn sharpe(returns: &[f64]) -> Option<f64> {
    if returns.len() < 2 {
        return None;
    }
    let mean = mean(returns)?;
    let squares: f64 = returns.iter().map(|r| (r - mean).powi(2)).sum();
    let deviation = (squares / (count(returns) - 1.0)).sqrt();
    (deviation > 0.0).then(|| mean / deviation * DAYS_A_YEAR.sqrt())
}

/// The mean return by the deviation of the losses alone (of all days), over a year; none for fewer than two days, or
/// where no day lost.
pub fn sortino(returns: &[f64]) -> Option<f64> {
    if returns.len() < 2 {
        return None;
    }
    let mean = mean(returns)?;
    let squares: f64 = returns.iter().map(|r| r.min(0.0).powi(2)).sum();
    let downside = (squares / count(returns)).sqrt();
    (downside > 0.0).then(|| mean / downside * DAYS_A_YEAR.sqrt())
}

/// How far the equity lies, and at worst lay, below its highest before, as a share of that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawdown {
    /// At the end.
    pub current: f64,
    /// At worst.
    pub largest: f64,
}

/// The drawdowns of a series that begins with the initial balance.
pub fn drawdown(initial: Money, days: &[DailyEquity]) -> Drawdown {
    let (mut highest, mut drawdown) = (initial, Drawdown::default());
    for day in days {
        highest = highest.max(day.equity);
        drawdown.current = if highest.is_positive() { 1.0 - ratio(day.equity, highest) } else { 0.0 };
        drawdown.largest = drawdown.largest.max(drawdown.current);
    }
    drawdown
}

/// One amount by another, which is not zero.
#[expect(clippy::cast_precision_loss, reason = "a ratio is a statistic: 53 bits are more than it shows")]
pub fn ratio(part: Money, whole: Money) -> f64 {
    part.raw() as f64 / whole.raw() as f64
}

/// A share as a percent of four decimals; none where that does not fit.
pub fn percent(share: f64) -> Option<Percent> {
    to_fixed(share * 100.0)
}

/// A number to four decimals; none where that does not fit.
pub fn to_fixed(number: f64) -> Option<Percent> {
    let raw = (number * 10_000.0).round();
    let fits = raw.is_finite() && raw.abs() < 9.0e18;
    #[expect(clippy::cast_possible_truncation, reason = "it was seen to fit")]
    fits.then(|| Percent::from_raw(raw as i64))
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / count(numbers))
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 days")]
fn count(numbers: &[f64]) -> f64 {
    numbers.len() as f64
}

/// One bar of a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bin<T> {
    /// From this.
    pub from: T,
    /// To below this; the last one takes what is equal to it too.
    pub to: T,
    /// How many.
    pub count: u32,
}

/// Values in at most so many bars of the same width, from the least to the largest; none narrower than `narrowest`; nothing
/// for no values.
pub fn histogram(values: &[i64], bars: usize, narrowest: i64) -> Vec<Bin<i64>> {
    let (Some(&least), Some(&largest)) = (values.iter().min(), values.iter().max()) else { return Vec::new() };
    let bars = i128::try_from(bars.max(1)).unwrap_or(1);
    let span = i128::from(largest) - i128::from(least);
    let width = (span / bars + i128::from(span % bars != 0)).max(i128::from(narrowest.max(1)));
    let edge = |index: i128| i64::try_from(i128::from(least) + index * width).unwrap_or(i64::MAX);
    let count = (span / width + i128::from(span % width != 0)).max(1);
    let mut bins: Vec<Bin<i64>> =
        (0..count).map(|index| Bin { from: edge(index), to: edge(index + 1), count: 0 }).collect();
    let last = bins.len() - 1;
    for value in values {
        let index = usize::try_from((i128::from(*value) - i128::from(least)) / width).unwrap_or(last);
        bins[index.min(last)].count += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn days(equities: &[i64]) -> Vec<DailyEquity> {
        let day = |(index, equity): (usize, &i64)| {
            let equity = Money::from_raw(*equity);
            DailyEquity { day: format!("2026-01-{:02}", index + 1), balance: equity, equity }
        };
        equities.iter().enumerate().map(day).collect()
    }

    /// Made by `fixtures/daily_figures.py` with empyrical-reloaded.
    #[test]
    fn figures_agree_with_empyrical() {
        let fixture: Value = serde_json::from_str(include_str!("fixtures/daily_figures.json")).unwrap();
        let series = fixture["series"].as_array().unwrap();
        assert!(series.len() >= 5);
        for case in series {
            let number = |name: &str| case[name].as_f64();
            let initial = Money::from_raw(case["initial"].as_i64().unwrap());
            let equities: Vec<i64> = case["equity"].as_array().unwrap().iter().map(|e| e.as_i64().unwrap()).collect();
            let days = days(&equities);
            let equities: Vec<Money> = days.iter().map(|day| day.equity).collect();
            let returns = daily_returns(initial, &equities);
            let agrees = |name: &str, got: Option<f64>| match (number(name), got) {
                (Some(expected), Some(got)) => {
                    let tolerance = 1e-9 * expected.abs().max(1.0);
                    assert!((expected - got).abs() <= tolerance, "{name} of {}: {expected} and {got}", case["name"]);
                }
                (expected, got) => assert_eq!(expected, got, "{name} of {}", case["name"]),
            };
            agrees("sharpe", sharpe(&returns));
            agrees("sortino", sortino(&returns));
            agrees("max_drawdown", Some(-drawdown(initial, &days).largest));
        }
    }

    #[test]
    fn a_drawdown_is_below_the_highest_before() {
        let got = drawdown(Money::from_raw(100), &days(&[110, 99, 120, 108]));
        assert!((got.largest - 0.1).abs() < 1e-12 && (got.current - 0.1).abs() < 1e-12, "{got:?}");
        assert_eq!(drawdown(Money::from_raw(100), &[]), Drawdown::default());
    }

    #[test]
    fn days_without_trades_are_trading_days_without_a_return() {
        let day = |day: &str, equity| {
            let equity = Money::from_raw(equity);
            DailyEquity { day: day.to_owned(), balance: equity, equity }
        };
        // Thursday 1 January to Tuesday 13 January 2026: noted on a Friday, a Saturday and a Thursday.
        let noted = [day("2026-01-02", 110), day("2026-01-03", 121), day("2026-01-08", 100)];
        let (first, last) = ("2026-01-01".parse().unwrap(), "2026-01-13".parse().unwrap());
        let equities = trading_days(Money::from_raw(100), first, last, &noted);
        let raw: Vec<i64> = equities.iter().map(|equity| equity.raw()).collect();
        assert_eq!(raw, [100, 110, 121, 121, 121, 100, 100, 100, 100]);
        let returns = daily_returns(Money::from_raw(100), &equities);
        assert_eq!((returns.len(), returns.iter().filter(|r| **r == 0.0).count()), (9, 6));
        assert_eq!(
            (sharpe_ratio(&returns), sortino_ratio(&returns)),
            (Err(NoRatio::TooFewDays), Err(NoRatio::TooFewDays))
        );
        // A day more is enough; that day nothing happened, which is a return too.
        let equities = trading_days(Money::from_raw(100), first, "2026-01-14".parse().unwrap(), &noted);
        let returns = daily_returns(Money::from_raw(100), &equities);
        assert_eq!(sharpe_ratio(&returns), Ok(to_fixed(sharpe(&returns).unwrap()).unwrap()));
        assert!(sortino_ratio(&returns).is_ok());
        let (flat, rising) = ([0.0; 10], [0.01, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!((sharpe_ratio(&flat), sortino_ratio(&rising)), (Err(NoRatio::NothingMoved), Err(NoRatio::NoLoss)));
    }

    #[test]
    fn too_little_has_no_ratio() {
        assert_eq!((sharpe(&[]), sharpe(&[0.1]), sharpe(&[0.0, 0.0])), (None, None, None));
        assert_eq!((sortino(&[0.1]), sortino(&[0.1, 0.2])), (None, None));
        assert_eq!((to_fixed(f64::NAN), to_fixed(1e300)), (None, None));
        assert_eq!(percent(0.123_456_78).unwrap().to_string(), "12.3457");
    }

    proptest! {
        #[test]
        fn a_histogram_counts_everything_once(
            values in prop::collection::vec(-1_000_i64..1_000, 0..50), bars in 1_usize..20, narrowest in 1_i64..200,
        ) {
            let bins = histogram(&values, bars, narrowest);
            prop_assert!(bins.iter().all(|bin| bin.to - bin.from >= narrowest));
            prop_assert!(bins.len() <= bars && bins.is_empty() == values.is_empty());
            prop_assert!(bins.windows(2).all(|pair| pair[0].to == pair[1].from));
            let last = bins.len().saturating_sub(1);
            for (index, bin) in bins.iter().enumerate() {
                let inside = |value: &&i64| bin.from <= **value && (**value < bin.to || (index == last && **value == bin.to));
                prop_assert_eq!(values.iter().filter(inside).count(), bin.count as usize);
            }
        }
    }
}
