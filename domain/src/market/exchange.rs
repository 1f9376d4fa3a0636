//! Exchanges: where and when assets trade.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sea_orm::entity::prelude::*;

use super::Timeframe;
use super::calendar::Calendar;
use crate::error::{Fault, Result};

/// An exchange's row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exchanges")]
pub struct Model {
    /// Its code, such as NASDAQ.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is, ISO 3166-1 alpha-2; none for what is everywhere.
    pub country: Option<String>,
    /// Its time zone in the words of the IANA database.
    pub time_zone: String,
    /// The currency that most of it trades in, ISO 4217; none where there is no such.
    pub currency: Option<String>,
    /// When it is open.
    pub calendar: Calendar,
    /// When it became known here.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Where assets trade, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its code, such as NASDAQ.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is, ISO 3166-1 alpha-2; none for what is everywhere.
    pub country: Option<String>,
    /// Its time zone.
    pub time_zone: Tz,
    /// The currency that most of it trades in, ISO 4217; none where there is no such.
    pub currency: Option<String>,
    /// When it is open.
    pub calendar: Calendar,
}

/// An exchange to be made known.
pub type NewExchange = Exchange;

impl Exchange {
    /// An exchange that is not known here, which is taken to be always open.
    pub(crate) fn unknown(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            name: code.to_owned(),
            country: None,
            time_zone: Tz::UTC,
            currency: None,
            calendar: Calendar::always(),
        }
    }

    /// When the trading began that a candle holds. One of a day or a week is named by its first day, at midnight UTC, and
    /// begins with that day's session, hours later or the evening before, or with the next day's after a holiday. A shorter
    /// one that was named while the market was closed begins with the session that opens within it.
    pub(crate) fn began(&self, timeframe: Timeframe, open_time: DateTime<Utc>) -> DateTime<Utc> {
        let day = open_time.date_naive();
        let began = match timeframe {
            Timeframe::D1 => self.day_began(open_time),
            Timeframe::W1 => (0..7).find_map(|days| {
                let named = open_time + TimeDelta::days(days);
                let eve = named.date_naive().pred_opt().and_then(|day| self.calendar.eve(self.time_zone, day));
                eve.or_else(|| self.day_began(named))
            }),
            _ => {
                let spans = self.calendar.spans(self.time_zone, day - Days::new(1), day + Days::new(2));
                let next = spans.into_iter().find(|(_, closes)| *closes > open_time);
                next.map(|(opens, _)| opens).filter(|opens| (open_time..open_time + timeframe.span()).contains(opens))
            }
        };
        began.unwrap_or(open_time)
    }

    /// When the trading of a day began that is named by its midnight UTC. Where it goes on around the clock, or through the
    /// midnight before, nobody knows at which hour a source cuts its days: it began by the earlier of the two.
    fn day_began(&self, named: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let spans = self.calendar.of_day(self.time_zone, named.date_naive());
        let ((opens, _), (_, closes)) = (spans.first()?, spans.last()?);
        // A session from midnight on is that of the evening before: on its last day of the week it is short.
        let goes_on = opens.with_timezone(&self.time_zone).time() == NaiveTime::MIN;
        let is_around_the_clock = (*closes - *opens).num_hours() >= 20;
        Some(if goes_on || is_around_the_clock { named.min(*opens) } else { *opens })
    }
}

impl TryFrom<Model> for Exchange {
    type Error = crate::Error;

    fn try_from(row: Model) -> Result<Self> {
        let unknown = |_| Fault::Bug(format!("the exchange {} is in no time zone: {}", row.code, row.time_zone));
        Ok(Self {
            time_zone: row.time_zone.parse().map_err(unknown)?,
            code: row.code,
            name: row.name,
            country: row.country,
            currency: row.currency,
            calendar: row.calendar,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;
    use crate::market::Session;

    #[test]
    fn a_candle_of_a_day_begins_with_its_session() {
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let of = |time_zone, opens, closes| {
            let sessions = vec![Session { days: days.clone(), opens, closes }];
            Exchange { time_zone, calendar: Calendar { sessions, ..Calendar::default() }, ..Exchange::unknown("X") }
        };
        let new_york = of(Tz::America__New_York, 570, 960);
        let mut currencies = of(Tz::America__New_York, 0, 1_440);
        let evening = Session { days: vec![Weekday::Sun], opens: 1_020, closes: 1_440 };
        currencies.calendar.sessions.push(evening);
        let always = Exchange { calendar: Calendar::always(), ..Exchange::unknown("X") };
        let mut from_wednesday = new_york.clone();
        from_wednesday.calendar.sessions[0].days.drain(..2);
        for (exchange, timeframe, named, began) in [
            (&new_york, Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-03T14:30:00Z"),
            (&new_york, Timeframe::W1, "2026-03-02T00:00:00Z", "2026-03-02T14:30:00Z"),
            (&new_york, Timeframe::H1, "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z"),
            (&new_york, Timeframe::D1, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            (&of(Tz::Australia__Sydney, 600, 960), Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-02T23:00:00Z"),
            (&of(Tz::America__New_York, 0, 1_440), Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z"),
            // The week of currencies begins on Sunday at five in the afternoon, and that of what never rests on Monday.
            (&currencies, Timeframe::W1, "2026-03-02T00:00:00Z", "2026-03-01T22:00:00Z"),
            (&always, Timeframe::W1, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"),
            // A short last day that goes on from the evening before.
            (&of(Tz::America__New_York, 0, 1_020), Timeframe::D1, "2026-03-06T00:00:00Z", "2026-03-06T00:00:00Z"),
            // Named while the market was closed, and while it was open.
            (&new_york, Timeframe::H4, "2026-03-03T12:00:00Z", "2026-03-03T14:30:00Z"),
            (&new_york, Timeframe::H4, "2026-03-03T16:00:00Z", "2026-03-03T16:00:00Z"),
            // A week whose first two days are holidays.
            (&from_wednesday, Timeframe::W1, "2026-03-02T00:00:00Z", "2026-03-04T14:30:00Z"),
        ] {
            let found = exchange.began(timeframe, named.parse().unwrap());
            assert_eq!(found, began.parse::<DateTime<Utc>>().unwrap(), "{timeframe} {named} in {}", exchange.time_zone);
        }
    }
}
