//! What prices did, as waiting orders, stops and targets are held against it: a quote, or a candle that closed.

use chrono::{DateTime, Utc};

use super::book::Mark;
use super::trigger::Tick;
use crate::market::{Candle, Exchange, SourceName, Timeframe};

/// Something that prices did.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) tick: Tick,
    /// When it began: what was placed later is not touched by it. Of a quote, now.
    pub(super) began: DateTime<Utc>,
    /// When it was over. Of a quote, now.
    pub(super) ended: DateTime<Utc>,
    /// The candle that says so; none for a quote.
    pub(super) candle: Option<CandleOrigin>,
}

/// Which candle a look is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CandleOrigin {
    pub(super) timeframe: Timeframe,
    pub(super) open_time: DateTime<Utc>,
    pub(super) source: SourceName,
}

impl CandleOrigin {
    /// When the candle was over by its own name: a day after a daily one began.
    pub(super) fn closed_at(&self) -> DateTime<Utc> {
        self.open_time + self.timeframe.span()
    }
}

impl Look {
    /// A look at a quote.
    pub(super) const fn quote(mark: &Mark, now: DateTime<Utc>) -> Self {
        Self { tick: mark.tick(), began: now, ended: now, candle: None }
    }

    /// A look at a closed candle of an asset that trades at this exchange.
    pub(super) fn candle(candle: &Candle, timeframe: Timeframe, source: SourceName, exchange: &Exchange) -> Self {
        let origin = CandleOrigin { timeframe, open_time: candle.open_time, source };
        let (began, ended) = lasted(&origin, exchange);
        let tick = Tick::Candle { open: candle.open, high: candle.high, low: candle.low };
        Self { tick, began, ended, candle: Some(origin) }
    }

    /// One look that touches whatever any of these touches, and perhaps more.
    pub(super) fn around(looks: &[Self]) -> Option<Self> {
        use super::vocabulary::Side::Buy;
        let first = looks.first()?;
        let low = looks.iter().map(|look| look.tick.lowest(Buy)).min()?;
        let high = looks.iter().map(|look| look.tick.highest(Buy)).max()?;
        let began = looks.iter().map(|look| look.began).max()?;
        Some(Self { tick: Tick::Candle { open: low, high, low }, began, ..first.clone() })
    }
}

/// From when until when a candle's prices were made. A daily candle is named by its trading day, at midnight UTC, and holds
/// what was traded in that day's session (see [`Exchange::began`]); around the clock it ended by the later of the two ends.
fn lasted(origin: &CandleOrigin, exchange: &Exchange) -> (DateTime<Utc>, DateTime<Utc>) {
    let named = (origin.open_time, origin.closed_at());
    if origin.timeframe != Timeframe::D1 {
        return named;
    }
    let spans = exchange.calendar.of_day(exchange.time_zone, origin.open_time.date_naive());
    let (Some((opens, _)), Some((_, closes))) = (spans.first(), spans.last()) else { return named };
    let is_around_the_clock = (*closes - *opens).num_hours() >= 20;
    (
        exchange.began(origin.timeframe, origin.open_time),
        if is_around_the_clock { named.1.max(*closes) } else { *closes },
    )
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use chrono_tz::Tz;

    use super::*;
    use crate::market::{Calendar, Session};

    fn exchange(time_zone: Tz, opens: u16, closes: u16) -> Exchange {
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let sessions = vec![Session { days, opens, closes }];
        Exchange {
            code: "X".to_owned(),
            name: "X".to_owned(),
            country: None,
            time_zone,
            currency: None,
            calendar: Calendar { sessions, ..Calendar::default() },
        }
    }

    #[test]
    fn a_daily_candle_lasted_as_long_as_its_session() {
        let new_york = exchange(Tz::America__New_York, 570, 960);
        let sydney = exchange(Tz::Australia__Sydney, 600, 960);
        let currencies = exchange(Tz::America__New_York, 0, 1_440);
        for (exchange, timeframe, began, ended) in [
            (&new_york, Timeframe::D1, "2026-03-03T14:30:00Z", "2026-03-03T21:00:00Z"),
            // Tuesday's session in Sydney begins on Monday evening in UTC.
            (&sydney, Timeframe::D1, "2026-03-02T23:00:00Z", "2026-03-03T05:00:00Z"),
            (&currencies, Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-04T05:00:00Z"),
            (&new_york, Timeframe::H1, "2026-03-03T00:00:00Z", "2026-03-03T01:00:00Z"),
        ] {
            let open_time = "2026-03-03T00:00:00Z".parse().unwrap();
            let origin = CandleOrigin { timeframe, open_time, source: SourceName::Csv };
            let expected: (DateTime<Utc>, DateTime<Utc>) = (began.parse().unwrap(), ended.parse().unwrap());
            assert_eq!(lasted(&origin, exchange), expected, "{timeframe} in {}", exchange.time_zone);
        }
        // On Friday currencies close at five in New York: the candle began at midnight UTC all the same.
        let until_five = exchange(Tz::America__New_York, 0, 1_020);
        let friday = "2026-03-06T00:00:00Z".parse().unwrap();
        let origin = CandleOrigin { timeframe: Timeframe::D1, open_time: friday, source: SourceName::Csv };
        let expected: (DateTime<Utc>, DateTime<Utc>) = (friday, "2026-03-06T22:00:00Z".parse().unwrap());
        assert_eq!(lasted(&origin, &until_five), expected);
        // A Sunday, on which nothing opens, is what it is called.
        let sunday = "2026-03-01T00:00:00Z".parse().unwrap();
        let origin = CandleOrigin { timeframe: Timeframe::D1, open_time: sunday, source: SourceName::Csv };
        assert_eq!(lasted(&origin, &new_york), (sunday, sunday + Timeframe::D1.span()));
    }
}
