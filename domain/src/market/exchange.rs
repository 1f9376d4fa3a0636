//! Exchanges: where and when assets trade.

use chrono::{DateTime, Utc};
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
    /// begins with the session of that day, hours later or the evening before. Where trading goes on around the clock nobody
    /// knows at which hour a source cuts its days: it began by the earlier of the two.
    pub(crate) fn began(&self, timeframe: Timeframe, open_time: DateTime<Utc>) -> DateTime<Utc> {
        if !matches!(timeframe, Timeframe::D1 | Timeframe::W1) {
            return open_time;
        }
        let spans = self.calendar.of_day(self.time_zone, open_time.date_naive());
        let (Some((opens, _)), Some((_, closes))) = (spans.first(), spans.last()) else { return open_time };
        let is_around_the_clock = (*closes - *opens).num_hours() >= 20;
        if is_around_the_clock { open_time.min(*opens) } else { *opens }
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
        for (exchange, timeframe, named, began) in [
            (&new_york, Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-03T14:30:00Z"),
            (&new_york, Timeframe::W1, "2026-03-02T00:00:00Z", "2026-03-02T14:30:00Z"),
            (&new_york, Timeframe::H1, "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z"),
            (&new_york, Timeframe::D1, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            (&of(Tz::Australia__Sydney, 600, 960), Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-02T23:00:00Z"),
            (&of(Tz::America__New_York, 0, 1_440), Timeframe::D1, "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z"),
        ] {
            let found = exchange.began(timeframe, named.parse().unwrap());
            assert_eq!(found, began.parse::<DateTime<Utc>>().unwrap(), "{timeframe} {named} in {}", exchange.time_zone);
        }
    }
}
