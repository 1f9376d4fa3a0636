//! What an account's round trips within a period came to. Pure.
//!
//! All of it is of closed trades: what is open may still become anything. The profit is in percent of the balance that the
//! account was opened with, in every period, so that a week's figures add up to the month's.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::round_trip::RoundTrip;
use crate::fixed::{FixedError, Money, Percent, divide_half_even};

/// Trades that an account must have closed within a period to be ranked.
pub const FEWEST_TRADES: i64 = 5;

/// What an account's round trips within a period came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    /// How many there were.
    pub(super) trades: i64,
    /// How many of them gained.
    pub(super) wins: i64,
    /// What all of them gained after fees.
    pub(super) profit: Money,
    /// That, of the initial balance.
    pub(super) profit_percent: Percent,
    /// How far the balance fell at worst below its highest before, beginning with the initial balance, of that.
    pub(super) drawdown_percent: Percent,
    /// What is left of a hundred when the best day's share of all gaining days' gains is taken away: 0 where all was gained
    /// on one day; none where no day gained.
    pub(super) consistency: Option<Percent>,
    /// When the last was closed.
    pub(super) reached_at: DateTime<Utc>,
}

impl Figures {
    /// Those of round trips in the order in which they were closed; none for none.
    pub(super) fn of(initial: Money, trips: &[&RoundTrip]) -> Result<Option<Self>, FixedError> {
        let Some(last) = trips.last() else { return Ok(None) };
        let (mut balance, mut peak, mut drawdown) = (initial, initial, Percent::ZERO);
        let (mut wins, mut days) = (0, BTreeMap::<NaiveDate, Money>::new());
        for trip in trips {
            wins += i64::from(trip.profit.is_positive());
            balance = balance.checked_add(trip.profit)?;
            peak = peak.max(balance);
            drawdown = drawdown.max(share(peak.checked_sub(balance)?, peak)?);
            let day = days.entry(trip.closed_at.date_naive()).or_insert(Money::ZERO);
            *day = day.checked_add(trip.profit)?;
        }
        let profit = balance.checked_sub(initial)?;
        Ok(Some(Self {
            trades: i64::try_from(trips.len()).map_err(|_| FixedError::Overflow)?,
            wins,
            profit,
            profit_percent: share(profit, initial)?,
            drawdown_percent: drawdown,
            consistency: consistency(days.values())?,
            reached_at: last.closed_at,
        }))
    }
}

fn consistency<'d>(days: impl Iterator<Item = &'d Money>) -> Result<Option<Percent>, FixedError> {
    let (mut best, mut gained) = (Money::ZERO, Money::ZERO);
    for day in days.filter(|day| day.is_positive()) {
        best = best.max(*day);
        gained = gained.checked_add(*day)?;
    }
    gained.is_positive().then(|| share(gained.checked_sub(best)?, gained)).transpose()
}

/// How many of a hundred so many are of all.
pub(super) fn rate(part: i64, all: i64) -> Percent {
    // Of numbers of which the one is a part of the other it always fits.
    share(Money::from_raw(part), Money::from_raw(all)).unwrap_or(Percent::ZERO)
}

/// A part of a whole in percent, half to even; 0 of a whole that is none.
fn share(part: Money, whole: Money) -> Result<Percent, FixedError> {
    if !whole.is_positive() {
        return Ok(Percent::ZERO);
    }
    const HUNDRED: i128 = 1_000_000;
    // Twice both, for an even divisor.
    let share = divide_half_even(2 * HUNDRED * i128::from(part.raw()), 2 * i128::from(whole.raw()));
    <i64 as TryFrom<i128>>::try_from(share).map(Percent::from_raw).map_err(|_| FixedError::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::round_trip::tests::{at, lot};
    use super::super::round_trip::{RoundTrip, round_trips};
    use super::*;

    /// Round trips that were closed after so many hours with such a profit.
    fn trips(closed: &[(i64, i64)]) -> Vec<RoundTrip> {
        let lots: Vec<_> = (1..).zip(closed).map(|(id, closed)| lot(id, None, Some(*closed))).collect();
        round_trips(&lots).unwrap()
    }

    fn figures(closed: &[(i64, i64)]) -> Option<Figures> {
        let trips = trips(closed);
        Figures::of(Money::from_int(10_000).unwrap(), &trips.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_worked_example() {
        // Monday +500 and -100, Tuesday +300, Wednesday -600, Thursday +200.
        let got = figures(&[(1, 500), (2, -100), (25, 300), (50, -600), (80, 200)]).unwrap();
        assert_eq!((got.trades, got.wins, got.profit.to_string().as_str()), (5, 3, "300"));
        assert_eq!(got.profit_percent.to_string(), "3");
        // From 10,700 to 10,100.
        assert_eq!(got.drawdown_percent.to_string(), "5.6075");
        // The days gained 400, 300 and 200: the best of them is 44.4444 % of all.
        assert_eq!(got.consistency.unwrap().to_string(), "55.5556");
        assert_eq!(got.reached_at, at(80));
    }

    #[test]
    fn nothing_was_gained_on_a_day_that_lost() {
        assert_eq!(figures(&[]), None);
        assert_eq!(figures(&[(1, 500), (2, -500), (30, -1)]).unwrap().consistency, None);
        assert_eq!(figures(&[(1, 500), (2, 10)]).unwrap().consistency, Some(Percent::ZERO));
        let lost = figures(&[(1, -12_000)]).unwrap();
        assert_eq!((lost.profit_percent.to_string(), lost.drawdown_percent.to_string()), ("-120".into(), "120".into()));
    }

    proptest! {
        /// Whoever adds what each trade gained in another way comes to the same.
        #[test]
        fn they_agree_with_a_plain_reckoning(closed in prop::collection::vec((0_i64..2_000, -900_i64..900), 1..60)) {
            let got = figures(&closed).unwrap();
            let mut sorted = closed.clone();
            sorted.sort_by_key(|(hour, _)| *hour);
            let curve: Vec<i64> = sorted.iter().scan(10_000, |sum, (_, profit)| { *sum += profit; Some(*sum) }).collect();
            prop_assert_eq!(got.profit, Money::from_int(curve.last().unwrap() - 10_000).unwrap());
            let mut worst = 0.0_f64;
            for (index, low) in curve.iter().enumerate() {
                let peak = curve[..index].iter().copied().max().unwrap_or(0).max(10_000);
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let fall = (peak - low) as f64 / peak as f64 * 100.0;
                worst = worst.max(fall);
            }
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let told = got.drawdown_percent.raw() as f64 / 10_000.0;
            prop_assert!((told - worst).abs() < 1e-4, "{told} {worst}");
            prop_assert!(got.wins <= got.trades && got.consistency.is_none_or(|share| (0..1_000_000).contains(&share.raw())));
        }
    }
}
