//! What an account's closed trades within a period came to. Pure.
//!
//! All of it is of what was closed: what is open may still become anything. Trades are counted when the last of each is closed;
//! what was gained, when each part was. The profit is in percent of the balance that the account was opened with, in every
//! period, so that a week's figures add up to the month's.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::round_trip::RoundTrip;
use crate::fixed::{FixedError, Money, Percent};

/// Trades that an account must have closed within a period to be ranked.
pub const FEWEST_TRADES: i64 = 5;

/// Something that was gained, or lost, and when.
pub(super) type Gain = (DateTime<Utc>, Money);

/// What an account's closed trades within a period came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    /// How many were closed to the last part.
    pub(super) trades: i64,
    /// How many of them gained.
    pub(super) wins: i64,
    /// What all that was closed gained after fees.
    pub(super) profit: Money,
    /// That, of the initial balance.
    pub(super) profit_percent: Percent,
    /// How far the balance fell at worst below its highest before, beginning with that before the period, of that.
    pub(super) drawdown_percent: Percent,
    /// What is left of a hundred when the best day's share of all gaining days' gains is taken away: 0 where all was gained
    /// on one day; none where no day gained.
    pub(super) consistency: Option<Percent>,
    /// When the last of it was closed.
    pub(super) reached_at: DateTime<Utc>,
}

impl Figures {
    /// Those of gains, and of the round trips among them, in the order in which they were closed; with the initial balance
    /// and that before the period. None for no gains.
    pub(super) fn of(
        initial: Money,
        before: Money,
        gains: &[Gain],
        trips: &[&RoundTrip],
    ) -> Result<Option<Self>, FixedError> {
        let Some((reached_at, _)) = gains.last() else { return Ok(None) };
        let (mut balance, mut peak, mut drawdown) = (before, before, Percent::ZERO);
        let mut days = BTreeMap::<NaiveDate, Money>::new();
        for (at, gain) in gains {
            balance = balance.checked_add(*gain)?;
            peak = peak.max(balance);
            drawdown = drawdown.max(Percent::share(peak.checked_sub(balance)?, peak)?);
            let day = days.entry(at.date_naive()).or_insert(Money::ZERO);
            *day = day.checked_add(*gain)?;
        }
        let profit = balance.checked_sub(before)?;
        let count = |number: usize| i64::try_from(number).map_err(|_| FixedError::Overflow);
        Ok(Some(Self {
            trades: count(trips.len())?,
            wins: count(trips.iter().filter(|trip| trip.profit.is_positive()).count())?,
            profit,
            profit_percent: Percent::share(profit, initial)?,
            drawdown_percent: drawdown,
            consistency: consistency(days.values())?,
            reached_at: *reached_at,
        }))
    }
}

fn consistency<'d>(days: impl Iterator<Item = &'d Money>) -> Result<Option<Percent>, FixedError> {
    let (mut best, mut gained) = (Money::ZERO, Money::ZERO);
    for day in days.filter(|day| day.is_positive()) {
        best = best.max(*day);
        gained = gained.checked_add(*day)?;
    }
    gained.is_positive().then(|| Percent::share(gained.checked_sub(best)?, gained)).transpose()
}

/// How many of a hundred so many are of all.
pub(super) fn rate(part: i64, all: i64) -> Percent {
    // Of numbers of which the one is a part of the other it always fits.
    Percent::share(Money::from_raw(part), Money::from_raw(all)).unwrap_or(Percent::ZERO)
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

    fn figures_from(before: i64, closed: &[(i64, i64)]) -> Option<Figures> {
        let trips = trips(closed);
        let gains: Vec<Gain> = trips.iter().map(|trip| (trip.closed_at, trip.profit)).collect();
        let money = |whole| Money::from_int(whole).unwrap();
        Figures::of(money(10_000), money(before), &gains, &trips.iter().collect::<Vec<_>>()).unwrap()
    }

    fn figures(closed: &[(i64, i64)]) -> Option<Figures> {
        figures_from(10_000, closed)
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

    #[test]
    fn a_period_begins_with_the_balance_before_it() {
        let month = figures_from(100_000, &[(1, -30_000)]).unwrap();
        assert_eq!([month.profit_percent, month.drawdown_percent].map(|share| share.to_string()), ["-300", "30"]);
        // Of nothing there is no share.
        assert_eq!(figures_from(0, &[(1, -1)]).unwrap().drawdown_percent, Percent::ZERO);
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
