//! Whether the newest candle is new enough to be judged.
//!
//! A candle is due once it has closed, its market was open while it lasted, and the time has passed that a price may be old
//! (`market.stale_after_seconds`, 20 minutes by default): in any timeframe, so that a Friday's daily candle is fresh until
//! Monday's is due, and an hourly one until the next hour of trading is.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::Domain;
use crate::market::{Asset, Calendar, SourceName, Timeframe, bucket};

/// Days that are looked at for the last trading day. No market rests for longer.
const LONGEST_REST: u64 = 21;

/// How new the newest candle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It is the newest that can be there.
    Fresh,
    /// A later one is due that its source was asked for and does not have, or that no source has: nothing was traded, or the
    /// candles come from a file. It may be judged, and its age be told.
    Aged,
    /// A later one is due that its source was not heard of, or the source has had none for longer than the longest weekend.
    Stale,
}

/// Where the candles of a series come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Whose the newest are.
    pub(super) source: SourceName,
    /// When a source last answered with some; none where they are of files alone.
    pub(super) asked_at: Option<DateTime<Utc>>,
}

/// How old a candle may be to be news: three spans after its own, and the longest weekend.
pub(super) fn is_news(candle: DateTime<Utc>, timeframe: Timeframe, now: DateTime<Utc>) -> bool {
    now - candle <= timeframe.span() * 4 + TimeDelta::days(4)
}

impl Domain {
    /// How new a candle is that is the newest of its asset and timeframe.
    pub(super) fn freshness(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        newest: DateTime<Utc>,
        origin: Origin,
    ) -> Freshness {
        let (now, slack) = (self.now(), self.config().market.stale_after);
        let exchange = self.exchange_of(asset);
        let Some(due) = due(&exchange.calendar, exchange.time_zone, timeframe, newest, now - slack) else {
            return Freshness::Fresh;
        };
        let nothing = self.no_candles(asset, timeframe);
        let is_unknown = origin.asked_at.is_none() && nothing.is_some_and(|nothing| nothing.since.is_none());
        let heard_at = origin.asked_at.max(nothing.map(|nothing| nothing.at));
        if is_unknown || !self.has_candle_source(asset, timeframe, origin.source) {
            Freshness::Aged
        } else if heard_at.is_none_or(|at| at < due + timeframe.span()) || !is_news(newest, timeframe, now) {
            Freshness::Stale
        } else {
            Freshness::Aged
        }
    }
}

/// When the latest candle opened that has closed at this moment while its market was open; none where that is the newest
/// one at hand.
fn due(
    calendar: &Calendar,
    zone: Tz,
    timeframe: Timeframe,
    newest: DateTime<Utc>,
    moment: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // Hours of shares open at half past.
    let shift = newest - bucket(timeframe, newest);
    if timeframe == Timeframe::D1 {
        let day = trading_day(calendar, zone, newest.date_naive(), moment)?;
        return Some(day.and_time(NaiveTime::MIN).and_utc() + shift);
    }
    let boundary = bucket(timeframe, moment - shift) + shift;
    // Both bounds belong to what ends at them: a market that closes at nine was last open in the hour before.
    let instant = TimeDelta::microseconds(1);
    let traded = calendar.last_open(zone, boundary - instant)? - instant;
    let open = bucket(timeframe, traded - shift) + shift;
    (open > newest).then_some(open)
}

/// The last trading day after this one that is over at a moment, by its name and by its session. A day in whose evening alone
/// a market opens, to go on through midnight, is none: what is traded then is of the next, as with currencies on a Sunday.
fn trading_day(calendar: &Calendar, zone: Tz, after: NaiveDate, moment: DateTime<Utc>) -> Option<NaiveDate> {
    let last = (moment - Timeframe::D1.span()).date_naive();
    let is_over = |day: &NaiveDate| {
        let closes = calendar.of_day(zone, *day).last().map(|(_, closes)| *closes);
        calendar.eve(zone, *day).is_none() && closes.is_some_and(|closes| closes <= moment)
    };
    (0..LONGEST_REST)
        .map_while(|days| last.checked_sub_days(Days::new(days)))
        .take_while(|day| *day > after)
        .find(is_over)
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;
    use crate::market::Session;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A market that is open from 14:30 to 21:00 from Monday to Friday, in UTC.
    fn weekdays() -> Calendar {
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        Calendar { sessions: vec![Session { days, opens: 14 * 60 + 30, closes: 21 * 60 }], ..Calendar::default() }
    }

    #[test]
    fn a_candle_is_due_once_it_closed_in_market_hours() {
        // 2026-02-27 is a Friday.
        for (what, timeframe, newest, moment, expected) in [
            ("the day of Friday, on Sunday", Timeframe::D1, "2026-02-27T00:00:00Z", "2026-03-01T12:00:00Z", None),
            ("the same, on Monday evening", Timeframe::D1, "2026-02-27T00:00:00Z", "2026-03-02T22:00:00Z", None),
            (
                "the same, on Tuesday",
                Timeframe::D1,
                "2026-02-27T00:00:00Z",
                "2026-03-03T00:00:00Z",
                Some("2026-03-02T00:00:00Z"),
            ),
            ("half past, within the hour after", Timeframe::H1, "2026-03-02T14:30:00Z", "2026-03-02T16:29:00Z", None),
            (
                "half past, an hour later",
                Timeframe::H1,
                "2026-03-02T14:30:00Z",
                "2026-03-02T16:30:00Z",
                Some("2026-03-02T15:30:00Z"),
            ),
            ("the last hour, at night", Timeframe::H1, "2026-02-27T20:30:00Z", "2026-02-28T03:00:00Z", None),
            ("the first minutes of Monday", Timeframe::M15, "2026-02-27T20:45:00Z", "2026-03-02T14:44:00Z", None),
            (
                "a quarter of Monday",
                Timeframe::M15,
                "2026-02-27T20:45:00Z",
                "2026-03-02T14:45:00Z",
                Some("2026-03-02T14:30:00Z"),
            ),
            ("the week before", Timeframe::W1, "2026-02-23T00:00:00Z", "2026-03-08T12:00:00Z", None),
            (
                "the week before that",
                Timeframe::W1,
                "2026-02-16T00:00:00Z",
                "2026-03-02T00:00:00Z",
                Some("2026-02-23T00:00:00Z"),
            ),
        ] {
            let found = due(&weekdays(), chrono_tz::UTC, timeframe, at(newest), at(moment));
            assert_eq!(found, expected.map(at), "{what}");
        }
        let evening = |days: &[Weekday], opens, closes| Session { days: days.to_vec(), opens, closes };
        let (mon, tue, wed, thu) = (Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu);
        let sessions = vec![
            evening(&[Weekday::Sun], 1_020, 1_440),
            evening(&[mon, tue, wed, thu], 0, 1_440),
            evening(&[Weekday::Fri], 0, 1_020),
        ];
        let currencies = Calendar { sessions, ..Calendar::default() };
        for (moment, expected) in [
            ("2026-03-02T00:30:00Z", None),
            ("2026-03-02T12:00:00Z", None),
            ("2026-03-03T04:59:00Z", None),
            ("2026-03-03T05:00:00Z", Some("2026-03-02T00:00:00Z")),
        ] {
            let found = due(&currencies, Tz::America__New_York, Timeframe::D1, at("2026-02-27T00:00:00Z"), at(moment));
            assert_eq!(found, expected.map(at), "the day of Friday at {moment}: Sunday's evening is Monday's");
        }
        let hour = due(
            &Calendar::always(),
            chrono_tz::UTC,
            Timeframe::H1,
            at("2026-03-01T10:00:00Z"),
            at("2026-03-01T12:00:00Z"),
        );
        assert_eq!(hour, Some(at("2026-03-01T11:00:00Z")), "a market that never closes");
    }

    #[test]
    fn news_is_what_is_not_older_than_a_long_weekend() {
        let now = at("2026-03-03T12:00:00Z");
        for (timeframe, candle, is) in [
            (Timeframe::H1, "2026-02-27T12:00:00Z", true),
            (Timeframe::H1, "2026-02-27T07:00:00Z", false),
            (Timeframe::D1, "2026-02-24T00:00:00Z", true),
            (Timeframe::D1, "2026-02-23T00:00:00Z", false),
        ] {
            assert_eq!(is_news(at(candle), timeframe, now), is, "{timeframe} {candle}");
        }
    }
}
