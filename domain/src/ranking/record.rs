//! What a trader has done on all their accounts, the closed ones too. Pure.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};

use super::profile::Model as Profile;
use super::round_trip::{Lot, RoundTrip};
use super::vocabulary::{AchievementKind, Badge};
use crate::fixed::{FixedError, Money, MoneyUnit, Price, PriceUnit, Unit};
use crate::ids::AccountId;

/// Trades that must have gained one after the other.
pub(super) const WIN_RUN: i64 = 10;
/// Days on which a trade must have been opened, one after the other.
pub(super) const DAY_RUN: i64 = 30;
/// US dollars that all that was closed must have gained.
const PROFITS: [(AchievementKind, i128); 2] =
    [(AchievementKind::Profit1000, 1_000), (AchievementKind::Profit10000, 10_000)];

/// What closed trades, and closed parts of trades, came to in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Takings {
    pub(super) profit: Money,
    pub(super) best_trade: Money,
    pub(super) worst_trade: Money,
}

/// What a trader has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Trades that were opened.
    pub(super) opened: i64,
    /// Trades of which all was closed.
    pub(super) closed: i64,
    /// Those of them that gained.
    pub(super) won: i64,
    /// The most that gained one after the other.
    pub(super) longest_win_run: i64,
    /// The most days, Monday to Friday, on which a trade was opened, one after the other.
    pub(super) longest_day_run: i64,
    /// Challenges that were passed with all their phases.
    pub(super) challenges_passed: i64,
    /// By the currency of the accounts.
    pub(super) results: BTreeMap<String, Takings>,
    /// What was achieved by all that, and when.
    pub(super) unlocked: BTreeMap<AchievementKind, DateTime<Utc>>,
}

impl Record {
    /// That of these lots and the round trips among them, in the order in which they were closed; of the accounts'
    /// currencies; and of the moments at which challenges were passed.
    pub(super) fn of(
        lots: &[Lot],
        trips: &[RoundTrip],
        currencies: &HashMap<AccountId, String>,
        mut passed: Vec<DateTime<Utc>>,
    ) -> Result<Self, FixedError> {
        let mut record = Self::default();
        let mut openings: Vec<_> = lots.iter().filter(|lot| lot.parent_id.is_none()).map(|lot| lot.opened_at).collect();
        openings.sort();
        record.opened = count(openings.len());
        record.unlock(AchievementKind::FirstTrade, openings.first());
        record.run_of_days(&openings);
        record.run_of_wins(trips);
        record.add_up(lots, currencies)?;
        passed.sort();
        record.challenges_passed = count(passed.len());
        record.unlock(AchievementKind::ChallengePassed, passed.first());
        Ok(record)
    }

    fn run_of_wins(&mut self, trips: &[RoundTrip]) {
        let mut run = 0;
        for trip in trips {
            self.closed += 1;
            run = if trip.profit.is_positive() { run + 1 } else { 0 };
            if run > 0 {
                self.won += 1;
                self.unlock(AchievementKind::FirstProfitableTrade, Some(&trip.closed_at));
            }
            if run >= WIN_RUN {
                self.unlock(AchievementKind::TenWinsInARow, Some(&trip.closed_at));
            }
            self.longest_win_run = self.longest_win_run.max(run);
        }
    }

    fn add_up(&mut self, lots: &[Lot], currencies: &HashMap<AccountId, String>) -> Result<(), FixedError> {
        for (lot, profit) in lots.iter().filter_map(|lot| Some((lot, lot.profit?))) {
            let Some(currency) = currencies.get(&lot.account_id) else { continue };
            let of_first = Takings { profit: Money::ZERO, best_trade: profit, worst_trade: profit };
            let sum = self.results.entry(currency.clone()).or_insert(of_first);
            sum.profit = sum.profit.checked_add(profit)?;
            sum.best_trade = sum.best_trade.max(profit);
            sum.worst_trade = sum.worst_trade.min(profit);
        }
        Ok(())
    }

    /// Counts the days on which a trade was opened. A weekend neither adds to a run nor ends it, for most markets are closed.
    fn run_of_days(&mut self, openings: &[DateTime<Utc>]) {
        let (mut run, mut last) = (0, None);
        for opened in openings {
            let day = opened.date_naive();
            if is_weekend(day) || last == Some(day) {
                continue;
            }
            run = if last.and_then(next_weekday) == Some(day) { run + 1 } else { 1 };
            last = Some(day);
            self.longest_day_run = self.longest_day_run.max(run);
            if run >= DAY_RUN {
                self.unlock(AchievementKind::Streak30Days, Some(opened));
            }
        }
    }

    /// Something was achieved, if it was not before.
    fn unlock(&mut self, kind: AchievementKind, at: Option<&DateTime<Utc>>) {
        if let Some(at) = at {
            self.unlocked.entry(kind).or_insert(*at);
        }
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn next_weekday(day: NaiveDate) -> Option<NaiveDate> {
    let days = if day.weekday() == Weekday::Fri { 3 } else { 1 };
    day.checked_add_days(Days::new(days))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// When all that was closed had together gained what is an achievement, in US dollars; with the rates of currencies. What no
/// rate is known of counts for nothing.
pub(super) fn profits_reached(
    lots: &[Lot],
    currencies: &HashMap<AccountId, String>,
    rates: &HashMap<String, Price>,
) -> BTreeMap<AchievementKind, DateTime<Utc>> {
    let closed = lots.iter().filter_map(|lot| Some((lot.closed_at?, lot.id, lot.account_id, lot.profit?)));
    let mut closed: Vec<_> = closed.collect();
    closed.sort();
    let (mut sum, mut reached) = (0_i128, BTreeMap::new());
    for (at, _, account, profit) in closed {
        let Some(rate) = currencies.get(&account).and_then(|currency| rates.get(currency)) else { continue };
        sum += i128::from(profit.raw()) * i128::from(rate.raw());
        for (kind, dollars) in PROFITS {
            if sum >= dollars * 10_i128.pow(MoneyUnit::SCALE + PriceUnit::SCALE) {
                reached.entry(kind).or_insert(at);
            }
        }
    }
    reached
}

/// A trader's points: 10 for the first trade, 5 for each that gained, 100 for each challenge passed, 50 for once having been
/// among the ten best of all time.
pub fn points(profile: &Profile, is_top_ten: bool) -> i64 {
    let once = |is_so: bool, points: i64| if is_so { points } else { 0 };
    once(profile.opened > 0, 10)
        .saturating_add(profile.won.saturating_mul(5))
        .saturating_add(profile.challenges_passed.saturating_mul(100))
        .saturating_add(once(is_top_ten, 50))
}

/// A trader's badges.
pub fn badges(profile: &Profile, is_top_ten: bool) -> Vec<Badge> {
    let by_trades = [(10, Badge::Bronze), (50, Badge::Silver), (100, Badge::Gold), (500, Badge::Diamond)];
    let by_trades = by_trades.into_iter().filter(|(from, _)| profile.closed >= *from).map(|(_, badge)| badge);
    let master = (profile.challenges_passed >= 3).then_some(Badge::ChallengeMaster);
    by_trades.chain(master).chain(is_top_ten.then_some(Badge::TopTen)).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::round_trip::round_trips;
    use super::super::round_trip::tests::{account, at, lot};
    use super::*;

    fn record(lots: &[Lot], passed: &[i64]) -> Record {
        let currencies = HashMap::from([(account(1), "USD".to_owned())]);
        let passed = passed.iter().map(|hours| at(*hours)).collect();
        Record::of(lots, &round_trips(lots).unwrap(), &currencies, passed).unwrap()
    }

    /// A trade that was opened on this day after Monday, 2 November 2026, and is open.
    fn opened_on(day: i64) -> Lot {
        let id = u128::try_from(day + 1_000).unwrap();
        Lot { opened_at: at(0) + TimeDelta::days(day), ..lot(id, None, None) }
    }

    #[test]
    fn of_nothing_is_nothing() {
        assert_eq!(record(&[], &[]), Record::default());
    }

    #[test]
    fn ten_wins_in_a_row_are_ten_and_in_a_row() {
        let wins = |profits: &[i64]| -> Vec<Lot> {
            (1_u128..)
                .zip(1_i64..)
                .zip(profits)
                .map(|((id, hour), profit)| lot(id, None, Some((hour, *profit))))
                .collect()
        };
        let nine = record(&wins(&[5; 9]), &[]);
        assert_eq!((nine.longest_win_run, nine.unlocked.get(&AchievementKind::TenWinsInARow)), (9, None));
        assert_eq!(nine.unlocked[&AchievementKind::FirstProfitableTrade], at(1));
        // What neither gained nor lost ends a run.
        let broken = record(&wins(&[5, 5, 5, 5, 5, 0, 5, 5, 5, 5, 5]), &[]);
        assert_eq!((broken.won, broken.longest_win_run), (10, 5));
        let ten = record(&wins(&[-1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, -3]), &[]);
        assert_eq!((ten.longest_win_run, ten.unlocked[&AchievementKind::TenWinsInARow]), (11, at(11)));
        let usd = ten.results["USD"];
        assert_eq!([usd.profit, usd.best_trade, usd.worst_trade].map(|sum| sum.to_string()), ["51", "5", "-3"]);
    }

    #[test]
    fn a_run_of_days_goes_over_weekends_and_ends_at_a_day_left_out() {
        let days = |days: &[i64]| record(&days.iter().copied().map(opened_on).collect::<Vec<_>>(), &[]).longest_day_run;
        // Monday to Friday, then Monday; a Saturday neither adds nor ends.
        assert_eq!((days(&[0, 1, 2, 3, 4, 7]), days(&[0, 1, 2, 3, 4, 5, 7]), days(&[5, 6])), (6, 6, 0));
        assert_eq!((days(&[0, 1, 3, 4]), days(&[0, 0, 0]), days(&[4, 8])), (2, 1, 1));
        // Six weeks of five days.
        let six_weeks: Vec<i64> = (0..42).filter(|day| day % 7 < 5).collect();
        let lots: Vec<Lot> = six_weeks.iter().copied().map(opened_on).collect();
        let all = record(&lots, &[]);
        assert_eq!((all.opened, all.closed, all.longest_day_run), (30, 0, 30));
        assert_eq!(all.unlocked[&AchievementKind::Streak30Days], at(0) + TimeDelta::days(39));
        assert_eq!(record(&lots[..29], &[]).unlocked.get(&AchievementKind::Streak30Days), None);
    }

    #[test]
    fn profits_are_reached_in_dollars_and_for_good() {
        let lots: Vec<Lot> = [(1, 600), (2, 500), (3, -2_000), (4, 30_000)]
            .into_iter()
            .map(|(hour, profit)| lot(u128::try_from(hour).unwrap(), None, Some((hour, profit))))
            .collect();
        let currencies = HashMap::from([(account(1), "EUR".to_owned())]);
        let of = |rate: Option<&str>| {
            let rates = rate.map(|rate| ("EUR".to_owned(), rate.parse().unwrap())).into_iter().collect();
            profits_reached(&lots, &currencies, &rates)
        };
        let both = BTreeMap::from([(AchievementKind::Profit1000, at(2)), (AchievementKind::Profit10000, at(4))]);
        assert_eq!((of(Some("1")), of(None)), (both, BTreeMap::new()));
        assert_eq!(of(Some("0.1")), BTreeMap::from([(AchievementKind::Profit1000, at(4))]));
    }

    #[test]
    fn a_challenge_counts_from_the_first_that_was_passed() {
        let passed = record(&[], &[30, 10, 20]);
        assert_eq!((passed.challenges_passed, passed.unlocked[&AchievementKind::ChallengePassed]), (3, at(10)));
    }

    #[test]
    fn points_and_badges_go_by_numbers() {
        let profile = |opened, closed, won, challenges_passed| Profile {
            opened,
            closed,
            won,
            challenges_passed,
            ..Profile::blank(super::super::profile::tests::someone(), "T".to_owned(), at(0))
        };
        assert_eq!((points(&profile(0, 0, 0, 0), false), points(&profile(1, 0, 0, 0), false)), (0, 10));
        assert_eq!(points(&profile(20, 12, 7, 2), true), 10 + 35 + 200 + 50);
        let of = |closed, passed, top| badges(&profile(closed, closed, 0, passed), top);
        assert_eq!((of(9, 2, false), of(10, 0, false)), (vec![], vec![Badge::Bronze]));
        assert_eq!(of(49, 0, true), [Badge::Bronze, Badge::TopTen]);
        let all = [Badge::Bronze, Badge::Silver, Badge::Gold, Badge::Diamond, Badge::ChallengeMaster, Badge::TopTen];
        assert_eq!(of(500, 3, true), all);
    }
}
