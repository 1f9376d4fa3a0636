//! What settles a signal: pure rules on candles.

use chrono::{DateTime, TimeDelta, Utc};

use crate::fixed::{Percent, Price};
use crate::market::Candle;
use crate::signals::{Direction, Mode, Outcome};

/// What a signal says, as far as it can be held to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What it says to do.
    pub direction: Direction,
    /// The price to enter at; none for the close of its candle.
    pub entry: Option<Price>,
    /// The price to take profit at.
    pub target: Option<Price>,
    /// The price to give up at.
    pub stop: Option<Price>,
    /// When the candle it is about has closed: nothing before that counts.
    pub closed_at: DateTime<Utc>,
    /// Whether it was given when that candle had closed, so that of its prices only the last was to be had.
    pub is_of_close: bool,
    /// How many later candles had begun when it was given: they don't count, for nobody knows which of their prices came
    /// after it.
    pub missed: usize,
    /// How many candles it is given.
    pub horizon: usize,
}

/// How a signal turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The word for it.
    pub outcome: Outcome,
    /// What it brought, in percent of the entry.
    pub return_percent: Percent,
}

impl Mode {
    /// How many candles a signal is given to reach its target.
    pub const fn horizon(self) -> usize {
        match self {
            Self::Scalp => 24,
            Self::Intraday => 48,
            Self::Swing => 30,
        }
    }
}

/// How long is waited for the candles of a horizon: eight times as long as they last, for markets that are closed at
/// night and at weekends, and ten days.
pub(super) fn window(mode: Mode, span: TimeDelta) -> TimeDelta {
    let horizon = i32::try_from(mode.horizon()).unwrap_or(i32::MAX);
    span * horizon * 8 + TimeDelta::days(10)
}

/// How a signal turned out on these candles: ascending ones that have closed, its own and later ones. None while it is
/// open. `is_over` says that no more will come in time, so that what there is decides.
///
/// Candle by candle: an open beyond the stop is a loss at the open, one beyond the target a win at the open, for no order
/// fills within a gap. Else the stop if the candle touched it, else the target if it did: within one candle nobody knows
/// which came first, so it is the worse. After the last candle of the horizon the signal has expired at its close. A
/// target or stop on the wrong side of the entry is none. An entry that its own candle did not hold, or that was named when
/// later ones had begun, waits for one that does, and expires with nothing where none comes. HOLD expires and brings nothing.
pub fn verdict(terms: &Terms, candles: &[Candle], is_over: bool) -> Option<Settled> {
    let first_later = candles.partition_point(|candle| candle.open_time < terms.closed_at);
    let (own, later) = candles.split_at(first_later);
    let later = later.get(terms.missed..)?;
    let own = own.last().filter(|_| terms.missed == 0);
    let later = &later[..later.len().min(terms.horizon)];
    let last = later.last()?;
    let entry = terms.entry.or(own.map(|candle| candle.close)).unwrap_or(later.first()?.open);
    let expired = later.len() == terms.horizon || is_over;
    let is_buy = match terms.direction {
        Direction::Buy => true,
        Direction::Sell => false,
        Direction::Hold => {
            return expired.then_some(Settled { outcome: Outcome::Expired, return_percent: Percent::ZERO });
        }
    };
    // Prices are compared as they are for a purchase; for a sale everything is the other way round.
    let is_beyond = |price: Price, bound: Price| if is_buy { price >= bound } else { price <= bound };
    let target = terms.target.filter(|target| is_beyond(*target, entry) && *target != entry);
    let stop = terms.stop.filter(|stop| !is_beyond(*stop, entry));
    let is_stopped = |price: Price| stop.is_some_and(|stop| is_beyond(stop, price));
    let is_won = |price: Price| target.is_some_and(|target| is_beyond(price, target));
    let settled = |outcome, exit| {
        let change = Percent::change(entry, exit);
        let return_percent = if is_buy { change } else { Percent::from_raw(-change.raw()) };
        Some(Settled { outcome, return_percent })
    };
    let Some(filled) = filled_at(terms, own, later) else {
        return expired.then_some(Settled { outcome: Outcome::Expired, return_percent: Percent::ZERO });
    };
    if let Filled::In(first) = filled {
        // When within the candle it was filled nobody knows: what is bad came after it, what is good before, but for
        // its close.
        let candle = later.get(first)?;
        if let Some(stop) = stop.filter(|_| is_stopped(if is_buy { candle.low } else { candle.high })) {
            return settled(Outcome::Loss, stop);
        }
        if let Some(target) = target.filter(|_| is_won(candle.close)) {
            return settled(Outcome::Win, target);
        }
    }
    for candle in later.iter().skip(filled.judged_from()) {
        let (worst, best) = if is_buy { (candle.low, candle.high) } else { (candle.high, candle.low) };
        if is_stopped(candle.open) {
            return settled(Outcome::Loss, candle.open);
        }
        if is_won(candle.open) {
            return settled(Outcome::Win, candle.open);
        }
        if let Some(stop) = stop.filter(|_| is_stopped(worst)) {
            return settled(Outcome::Loss, stop);
        }
        if let Some(target) = target.filter(|_| is_won(best)) {
            return settled(Outcome::Win, target);
        }
    }
    if expired { settled(Outcome::Expired, last.close) } else { None }
}

/// Where a signal's entry was to be had.
#[derive(Clone, Copy)]
enum Filled {
    /// When it was given.
    AtOnce,
    /// In this one of the later candles.
    In(usize),
}

impl Filled {
    /// The first candle that counts whole.
    const fn judged_from(self) -> usize {
        match self {
            Self::AtOnce => 0,
            Self::In(candle) => candle + 1,
        }
    }
}

/// Where the entry was to be had; none where no candle has reached it, so that nothing was bought or sold. An entry may be
/// off its own candle by a thousandth, or off its close where that was all there was: it is rounded to the asset's tick, and
/// another feed's.
fn filled_at(terms: &Terms, own: Option<&Candle>, later: &[Candle]) -> Option<Filled> {
    let Some(entry) = terms.entry else { return Some(Filled::AtOnce) };
    let slack = entry.raw() / 1_000;
    let holds = |low: Price, high: Price, slack: i64| {
        (low.raw().saturating_sub(slack)..=high.raw().saturating_add(slack)).contains(&entry.raw())
    };
    let had = own.map(|own| if terms.is_of_close { (own.close, own.close) } else { (own.low, own.high) });
    if had.is_some_and(|(low, high)| holds(low, high, slack)) {
        return Some(Filled::AtOnce);
    }
    later.iter().position(|candle| holds(candle.low, candle.high, 0)).map(Filled::In)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixed::Quantity;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    /// Candles of an hour from hour 0: `open high low close`.
    fn candles(rows: &[&str]) -> Vec<Candle> {
        let candle = |(hour, row): (i64, &&str)| {
            let p: Vec<Price> = row.split(' ').map(price).collect();
            Candle::new(at(hour), p[0], p[1], p[2], p[3], Quantity::ZERO).unwrap()
        };
        (0..).zip(rows).map(candle).collect()
    }

    /// About the candle of hour 0, entered at 100.
    fn terms(direction: Direction, target: &str, stop: &str) -> Terms {
        Terms {
            direction,
            entry: Some(price("100")),
            target: Some(price(target)),
            stop: Some(price(stop)),
            closed_at: at(1),
            is_of_close: false,
            missed: 0,
            horizon: 3,
        }
    }

    #[test]
    fn the_rules_one_by_one() {
        use Direction::{Buy, Hold, Sell};
        use Outcome::{Expired, Loss, Win};
        let own = "100 200 1 100";
        let quiet = "100 101 99 100";
        for (what, terms, later, expected) in [
            ("its own candle does not count", terms(Buy, "110", "95"), vec![], None),
            ("nothing touched, still open", terms(Buy, "110", "95"), vec![quiet, quiet], None),
            ("the target", terms(Buy, "110", "95"), vec![quiet, "101 110 100 105"], Some((Win, "10"))),
            ("the stop", terms(Buy, "110", "95"), vec!["100 101 95 99"], Some((Loss, "-5"))),
            ("both in one candle: the stop", terms(Buy, "110", "95"), vec!["100 111 94 105"], Some((Loss, "-5"))),
            ("a gap below the stop", terms(Buy, "110", "95"), vec!["90 120 89 100"], Some((Loss, "-10"))),
            ("a gap above the target", terms(Buy, "110", "95"), vec!["112 113 90 100"], Some((Win, "12"))),
            (
                "the horizon ends",
                terms(Buy, "110", "95"),
                vec![quiet, quiet, "100 103 99 102.5"],
                Some((Expired, "2.5")),
            ),
            (
                "what comes after it is too late",
                terms(Buy, "110", "95"),
                vec![quiet, quiet, quiet, "100 120 99 110"],
                Some((Expired, "0")),
            ),
            ("a sale's target", terms(Sell, "90", "105"), vec!["100 101 89 95"], Some((Win, "10"))),
            ("a sale's stop", terms(Sell, "90", "105"), vec!["100 105 99 100"], Some((Loss, "-5"))),
            ("a sale's gap above the stop", terms(Sell, "90", "105"), vec!["107 108 89 100"], Some((Loss, "-7"))),
            ("a target behind the entry is none", terms(Buy, "99", "95"), vec![quiet], None),
            ("a stop ahead of the entry is none", terms(Sell, "90", "99"), vec![quiet], None),
            ("holding, still open", terms(Hold, "110", "95"), vec!["100 120 90 110"], None),
            (
                "holding brings nothing",
                terms(Hold, "110", "95"),
                vec![quiet, quiet, "100 120 90 110"],
                Some((Expired, "0")),
            ),
        ] {
            let rows: Vec<&str> = std::iter::once(own).chain(later).collect();
            let expected =
                expected.map(|(outcome, percent)| Settled { outcome, return_percent: percent.parse().unwrap() });
            assert_eq!(verdict(&terms, &candles(&rows), false), expected, "{what}");
        }
    }

    #[test]
    fn without_an_entry_it_is_the_close_of_its_candle_or_the_next_open() {
        let all = candles(&["100 101 99 100.5", "102 103 101 102", "102 103 101 102", "102 104 101 103.02"]);
        let open = Terms { entry: None, target: None, stop: None, ..terms(Direction::Buy, "1", "1") };
        let percent = |candles: &[Candle]| verdict(&open, candles, false).unwrap().return_percent.to_string();
        assert_eq!(percent(&all), "2.5075", "(103.02 - 100.5) / 100.5");
        assert_eq!(percent(&all[1..]), "1");
    }

    #[test]
    fn an_entry_that_was_not_to_be_had_is_waited_for() {
        use Outcome::{Expired, Loss, Win};
        let limit = |direction| Terms { entry: Some(price("90")), ..terms(direction, "95", "85") };
        let buy = limit(Direction::Buy);
        let own = "100 101 99 100";
        for (what, later, expected) in [
            ("never reached", vec!["100 102 98 100", "100 101 96 97", "97 98 91 92"], Some((Expired, "0"))),
            ("not yet", vec!["100 102 98 100"], None),
            ("filled, and the target before it in the same candle is none", vec!["100 101 89 92"], None),
            ("filled, and a close beyond the target", vec!["100 101 89 96", "96 97 95 96"], Some((Win, "5.5556"))),
            ("filled, and the stop in the same candle", vec!["100 101 84 96"], Some((Loss, "-5.5556"))),
            ("filled, then the target", vec!["100 101 89 92", "92 96 91 95"], Some((Win, "5.5556"))),
        ] {
            let rows: Vec<&str> = std::iter::once(own).chain(later).collect();
            let expected =
                expected.map(|(outcome, percent)| Settled { outcome, return_percent: percent.parse().unwrap() });
            assert_eq!(verdict(&buy, &candles(&rows), false), expected, "{what}");
        }
    }

    #[test]
    fn what_had_traded_when_a_signal_was_given_wins_nothing() {
        use Outcome::{Loss, Win};
        // A candle that closed at 190 held 100 an hour ago: nobody buys at 100 now.
        let rows = ["150 200 100 190", "190 195 185 190"];
        let during = terms(Direction::Buy, "110", "95");
        let after = Terms { is_of_close: true, ..during };
        assert_eq!(verdict(&during, &candles(&rows), false).map(|settled| settled.outcome), Some(Win));
        assert_eq!(verdict(&after, &candles(&rows), false), None, "it waits for a candle that holds 100");
        let near = ["100 120 99 100.1", "100 111 99 105"];
        assert_eq!(verdict(&after, &candles(&near), false).map(|settled| settled.outcome), Some(Win), "near the close");

        // Tuesday's high is no target on Tuesday evening.
        let rows = ["100 101 99 100", "100 110 99 109", "109 112 108 111", "111 112 99 100", "100 101 94 95"];
        let late = Terms { missed: 1, ..after };
        assert_eq!(verdict(&after, &candles(&rows), false).map(|settled| settled.outcome), Some(Win));
        assert_eq!(verdict(&late, &candles(&rows[..2]), false), None, "the one under way does not count");
        assert_eq!(verdict(&late, &candles(&rows[..3]), false), None, "nor is the entry of Monday to be had any more");
        assert_eq!(verdict(&late, &candles(&rows), false).map(|settled| settled.outcome), Some(Loss), "bought at last");
        let open = Terms { entry: None, target: None, stop: None, horizon: 1, ..late };
        let brought = verdict(&open, &candles(&rows[..3]), false).unwrap().return_percent;
        assert_eq!(brought.to_string(), "1.8349", "from the open of the first that counts: (111 - 109) / 109");
    }

    #[test]
    fn where_no_more_candles_come_the_last_decides() {
        let few = candles(&["100 101 99 100", "100 101 99 101"]);
        let terms = terms(Direction::Sell, "90", "105");
        assert_eq!(verdict(&terms, &few, false), None);
        let expired = verdict(&terms, &few, true).unwrap();
        assert_eq!((expired.outcome, expired.return_percent.to_string().as_str()), (Outcome::Expired, "-1"));
        assert_eq!(verdict(&terms, &few[..1], true), None, "no candle after its own tells nothing");
    }

    fn walk() -> impl Strategy<Value = Vec<Candle>> {
        prop::collection::vec((80_i64..120, 0_i64..10, 0_i64..10, 80_i64..120), 2..12).prop_map(|rows| {
            let whole = |n: i64| Price::from_int(n).unwrap();
            let candle = |(hour, (open, up, down, close)): (i64, (i64, i64, i64, i64))| {
                let (high, low) = (open.max(close) + up, open.min(close) - down);
                Candle::new(at(hour), whole(open), whole(high), whole(low), whole(close), Quantity::ZERO).unwrap()
            };
            (0..).zip(rows).map(candle).collect()
        })
    }

    proptest! {
        #[test]
        fn a_verdict_stands_whatever_comes_later(candles in walk(), buy: bool, cut in 1_usize..12) {
            let direction = if buy { Direction::Buy } else { Direction::Sell };
            let (target, stop) = if buy { ("108", "93") } else { ("92", "107") };
            let terms = terms(direction, target, stop);
            let early = verdict(&terms, &candles[..cut.min(candles.len())], false);
            let all = verdict(&terms, &candles, false);
            if early.is_some() {
                prop_assert_eq!(early, all);
            }
            if let Some(settled) = all {
                let brought = settled.return_percent.raw();
                match settled.outcome {
                    Outcome::Win => prop_assert!(brought > 0),
                    Outcome::Loss => prop_assert!(brought < 0),
                    Outcome::Expired => prop_assert!((-70_000..=80_000).contains(&brought), "{}", brought),
                }
            }
        }
    }
}
