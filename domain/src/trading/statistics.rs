//! What a series of days and a heap of trades say about a trader. Pure.
//!
//! Ratios are statistics and no money: they are computed in floating point and shown to four decimals. Those of daily
//! returns are as [empyrical](https://github.com/stefan-jansen/empyrical-reloaded) has them, over 252 days a year and a
//! risk-free rate of nothing; a fixture made with it is among the tests.

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

/// The return of each day: what the equity became, by what it was before, less one. The first is by the initial balance.
pub fn daily_returns(initial: Money, days: &[DailyEquity]) -> Vec<f64> {
    let mut before = initial;
    let mut returns = Vec::with_capacity(days.len());
    for day in days {
        if before.is_positive() {
            returns.push(ratio(day.equity, before) - 1.0);
        }
        before = day.equity;
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

/// Values in so many bars of the same width, from the least to the largest; nothing for no values.
pub fn histogram(values: &[i64], bars: usize) -> Vec<Bin<i64>> {
    let (Some(&least), Some(&largest)) = (values.iter().min(), values.iter().max()) else { return Vec::new() };
    let bars = i128::try_from(bars.max(1)).unwrap_or(1);
    let span = i128::from(largest) - i128::from(least);
    // Whole numbers: no bar is narrower than one.
    let width = (span / bars + i128::from(span % bars != 0)).max(1);
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
            let returns = daily_returns(initial, &days);
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
    fn too_little_has_no_ratio() {
        assert_eq!((sharpe(&[]), sharpe(&[0.1]), sharpe(&[0.0, 0.0])), (None, None, None));
        assert_eq!((sortino(&[0.1]), sortino(&[0.1, 0.2])), (None, None));
        assert_eq!((to_fixed(f64::NAN), to_fixed(1e300)), (None, None));
        assert_eq!(percent(0.123_456_78).unwrap().to_string(), "12.3457");
    }

    proptest! {
        #[test]
        fn a_histogram_counts_everything_once(
            values in prop::collection::vec(-1_000_i64..1_000, 0..50), bars in 1_usize..20,
        ) {
            let bins = histogram(&values, bars);
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
