//! Whether the lines of a file are as far apart as their timeframe says. Pure.
//!
//! A file that is named for another timeframe than it has would put hours among days: where most lines are closer than one
//! candle lasts, or no two are nearer than a candle of a longer timeframe, none of them is taken. A single line that stands
//! too close to the one before it is refused alone.

use bellwether_domain::market::{Candle, Timeframe};
use chrono::{DateTime, TimeDelta, Utc};

/// What a moment of local time may be off by where clocks are changed.
const CLOCKS_CHANGE: TimeDelta = TimeDelta::hours(1);
/// Candles from which on it is believed that no two are near each other.
const FEWEST: usize = 3;

/// A candle of a file.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The number of its line.
    pub line: u64,
    /// The time in it, which of a day or a week may be any moment.
    pub stamp: DateTime<Utc>,
    /// The candle.
    pub candle: Candle,
}

/// Candles of one series that stand as they should, in order, and the lines of those that do not with why.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Those to be taken. Of two at one time the later line is last.
    pub taken: Vec<Candle>,
    /// Lines, and what is wrong with each.
    pub refused: Vec<(u64, String)>,
}

/// Judges lines of one asset in one timeframe. `may_be_longer` where nothing is known of the file yet, so that it may be one
/// of longer candles altogether.
pub fn judge(timeframe: Timeframe, mut lines: Vec<Placed>, may_be_longer: bool) -> Judged {
    // By time, then as they stand: the sort is stable.
    lines.sort_by_key(|placed| placed.candle.open_time);
    let gaps: Vec<TimeDelta> =
        lines.windows(2).map(|pair| gap(&pair[0], &pair[1])).filter(|gap| !gap.is_zero()).collect();
    let near = gaps.iter().filter(|gap| **gap < timeframe.span()).count();
    let name = timeframe.as_str();
    if near * 2 > gaps.len() {
        let nearest = words(gaps.iter().min().copied().unwrap_or_default());
        return refused(&lines, &format!("time: the lines are {nearest} apart, too close for candles of {name}"));
    }
    if let Some(longer) = longer(timeframe, &gaps).filter(|_| may_be_longer) {
        let longer = longer.as_str();
        return refused(
            &lines,
            &format!("time: no two lines are closer than {longer}: these are no candles of {name}"),
        );
    }
    let mut judged = Judged::default();
    let mut last: Option<Placed> = None;
    for placed in lines {
        match last.filter(|last| !gap(last, &placed).is_zero() && gap(last, &placed) < timeframe.span()) {
            Some(last) => {
                let apart = words(gap(&last, &placed));
                let problem = format!("time: {apart} after line {}, too close for candles of {name}", last.line);
                judged.refused.push((placed.line, problem));
            }
            None => {
                judged.taken.push(placed.candle);
                last = Some(placed);
            }
        }
    }
    judged
}

/// How far apart two lines are; those of one day or week as far as their stamps are.
fn gap(one: &Placed, next: &Placed) -> TimeDelta {
    match next.candle.open_time - one.candle.open_time {
        same if same.is_zero() => (next.stamp - one.stamp).abs(),
        apart => apart,
    }
}

/// The longest of the longer timeframes whose candles could be that far apart.
fn longer(timeframe: Timeframe, gaps: &[TimeDelta]) -> Option<Timeframe> {
    if gaps.len() + 1 < FEWEST {
        return None;
    }
    let fits = |longer: &Timeframe| {
        let span = longer.span();
        match longer {
            // A market rests between its days, so theirs need not be multiples.
            Timeframe::D1 | Timeframe::W1 => gaps.iter().all(|gap| *gap >= span - CLOCKS_CHANGE),
            _ => gaps.iter().all(|gap| *gap >= span && (gap.num_seconds() % span.num_seconds()) == 0),
        }
    };
    let longer = Timeframe::ALL.iter().copied().filter(|longer| longer.span() > timeframe.span());
    longer.filter(fits).max_by_key(|longer| longer.span())
}

fn refused(lines: &[Placed], problem: &str) -> Judged {
    let refused = lines.iter().map(|placed| (placed.line, problem.to_owned())).collect();
    Judged { taken: Vec::new(), refused }
}

/// A span as people say it.
fn words(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let (number, unit) = match seconds {
        _ if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
        _ if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        _ if seconds % 60 == 0 => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use bellwether_domain::market::bucket;

    use super::*;

    /// Lines at these times, numbered from 2.
    fn placed(timeframe: Timeframe, times: &[&str]) -> Vec<Placed> {
        let price = "1".parse().unwrap();
        let place = |(index, time): (usize, &&str)| {
            let stamp: DateTime<Utc> = format!("2026-{time}:00Z").parse().unwrap();
            let is_whole = matches!(timeframe, Timeframe::D1 | Timeframe::W1);
            let open_time = if is_whole { bucket(timeframe, stamp) } else { stamp };
            let candle = Candle::new(open_time, price, price, price, price, "1".parse().unwrap()).unwrap();
            Placed { line: index as u64 + 2, stamp, candle }
        };
        times.iter().enumerate().map(place).collect()
    }

    fn told(timeframe: Timeframe, times: &[&str]) -> (usize, Vec<(u64, String)>) {
        let judged = judge(timeframe, placed(timeframe, times), true);
        (judged.taken.len(), judged.refused)
    }

    #[test]
    fn candles_as_they_come_are_taken() {
        for (timeframe, times) in [
            // Over a night, and twice the same.
            (Timeframe::H1, &["01-05T19:30", "01-05T20:30", "01-06T14:30", "01-06T14:30", "01-06T15:30"][..]),
            // From the newest back.
            (Timeframe::M5, &["01-05T19:10", "01-05T19:05", "01-05T18:45"]),
            // Stamped with the opening, over a weekend.
            (Timeframe::D1, &["01-02T14:30", "01-05T14:30", "01-06T14:30"]),
            (Timeframe::W1, &["01-02T00:00", "01-09T00:00", "01-16T00:00"]),
            // Two lines are too few to tell.
            (Timeframe::H1, &["01-05T00:00", "01-06T00:00"]),
            (Timeframe::D1, &["01-05T00:00"]),
            // Sessions of four hours begin with the day.
            (Timeframe::H4, &["01-05T14:30", "01-05T18:30", "01-06T14:30"]),
        ] {
            assert_eq!(told(timeframe, times), (times.len(), Vec::new()), "{times:?}");
        }
    }

    #[test]
    fn lines_of_another_timeframe_are_refused_one_and_all() {
        for (timeframe, times, why) in [
            (
                Timeframe::H1,
                &["01-05T15:00", "01-05T15:05", "01-05T15:10"][..],
                "5 minutes apart, too close for candles of 1h",
            ),
            (
                Timeframe::D1,
                &["01-05T15:00", "01-05T16:00", "01-05T17:00", "01-06T15:00"],
                "1 hour apart, too close for candles of 1d",
            ),
            (Timeframe::W1, &["01-05T00:00", "01-06T00:00", "01-07T00:00"], "1 day apart, too close for candles of 1w"),
            // Daily ones in local time, over a change of the clocks.
            (
                Timeframe::H1,
                &["03-06T14:30", "03-09T13:30", "03-10T13:30"],
                "no two lines are closer than 1d: these are no candles of 1h",
            ),
            (
                Timeframe::M1,
                &["01-05T15:00", "01-05T15:15", "01-05T15:45"],
                "closer than 15m: these are no candles of 1m",
            ),
            (
                Timeframe::D1,
                &["01-05T00:00", "01-12T00:00", "01-19T00:00"],
                "closer than 1w: these are no candles of 1d",
            ),
        ] {
            let (taken, refused) = told(timeframe, times);
            assert_eq!((taken, refused.len()), (0, times.len()), "{times:?} {refused:?}");
            assert!(refused.iter().all(|(_, problem)| problem.contains(why)), "{refused:?}");
            assert_eq!(refused[0].0, 2);
        }
    }

    #[test]
    fn a_line_that_stands_too_close_is_refused_alone() {
        let (taken, refused) =
            told(Timeframe::H1, &["01-05T14:30", "01-05T15:30", "01-05T16:30", "01-05T17:00", "01-05T17:30"]);
        assert_eq!(taken, 4);
        assert_eq!(refused, [(5, "time: 30 minutes after line 4, too close for candles of 1h".to_owned())]);
    }

    #[test]
    fn what_is_known_to_be_right_may_have_wide_gaps_later() {
        let rest = placed(Timeframe::H1, &["01-05T15:00", "01-06T15:00", "01-07T15:00"]);
        assert_eq!(judge(Timeframe::H1, rest, false).taken.len(), 3);
    }
}
