//! When a market is open: a week of sessions in the exchange's own time, other hours for a season, and the days on which
//! it is closed or closes early. Pure; the one place that decides it.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: u16 = 1_440;
/// Days before and after a moment that are looked at for the next or the last session. No market rests for longer.
const HORIZON: u64 = 21;

/// When an exchange is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Calendar {
    /// The sessions of an ordinary week.
    pub sessions: Vec<Session>,
    /// Times of other hours, such as Ramadan; the first that holds a day counts.
    #[serde(default)]
    pub seasons: Vec<Season>,
    /// Days on which it is closed, or closes early.
    #[serde(default)]
    pub holidays: Vec<Closing>,
    /// The days for which they are all in it; none where there are none to know.
    #[serde(default)]
    pub holidays_known: Option<KnownDays>,
}

/// Days from the first to the last, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDays {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub until: NaiveDate,
}

/// Hours on some days of the week, in the exchange's local time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// On which days.
    pub days: Vec<Weekday>,
    /// When it opens, in minutes after midnight.
    pub opens: u16,
    /// When it closes, in minutes after midnight; 1440 for midnight.
    pub closes: u16,
}

/// Other hours for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// The sessions of a week in it.
    pub sessions: Vec<Session>,
}

/// A day that is not like others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The day.
    pub date: NaiveDate,
    /// Why, such as Thanksgiving.
    pub name: String,
    /// When it closes early, in minutes after midnight; none where it does not open.
    #[serde(default)]
    pub closes: Option<u16>,
}

/// Whether a market is open, and until when that stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketStatus {
    /// Whether it is open.
    pub is_open: bool,
    /// When it next opens or closes; none for a market that never does either.
    pub next_change: Option<DateTime<Utc>>,
    /// Whether the holidays of that day are known; where they are not, it is taken for an ordinary one.
    pub are_holidays_known: bool,
}

/// From when, until before when.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

impl Calendar {
    /// Open day and night, as crypto currencies are.
    pub fn always() -> Self {
        let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        Self { sessions: vec![Session { days: days.to_vec(), opens: 0, closes: DAY }], ..Self::default() }
    }

    /// Whether the market is open at a moment.
    pub fn status(&self, zone: Tz, at: DateTime<Utc>) -> MarketStatus {
        let today = at.with_timezone(&zone).date_naive();
        let are_holidays_known = self.knows_holidays(today);
        // From the day before: a session may have begun there.
        let spans = self.spans(zone, shifted(today, -1), shifted(today, HORIZON as i64));
        let edge = start_of(zone, shifted(today, HORIZON as i64 + 1));
        let (is_open, next_change) = match spans.iter().find(|(_, closes)| *closes > at) {
            Some((opens, closes)) if *opens <= at => (true, Some(*closes).filter(|closes| *closes < edge)),
            Some((opens, _)) => (false, Some(*opens)),
            None => (false, None),
        };
        MarketStatus { is_open, next_change, are_holidays_known }
    }

    /// Whether the holidays of a day are known. Who has a list of them and says not of which days knows of none.
    pub fn knows_holidays(&self, day: NaiveDate) -> bool {
        match self.holidays_known {
            Some(days) => (days.from..=days.until).contains(&day),
            None => self.holidays.is_empty(),
        }
    }

    /// The last moment at or before `at` at which the market was open; none where that is long ago.
    pub fn last_open(&self, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = at.with_timezone(&zone).date_naive();
        let spans = self.spans(zone, shifted(today, -(HORIZON as i64)), today);
        let (_, closes) = spans.into_iter().rfind(|(opens, _)| *opens <= at)?;
        Some(closes.min(at))
    }

    /// When the market is open on these days, in order; sessions that touch are one.
    pub fn spans(&self, zone: Tz, from: NaiveDate, until: NaiveDate) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut day = from;
        while day <= until {
            for span in self.of_day(zone, day) {
                match spans.last_mut() {
                    Some(last) if last.1 >= span.0 => last.1 = last.1.max(span.1),
                    _ => spans.push(span),
                }
            }
            day = shifted(day, 1);
        }
        spans
    }

    /// When the market opens on a day in whose evening alone it is open, to go on through midnight, as with currencies on a
    /// Sunday: what is traded then is of the next day.
    pub(crate) fn eve(&self, zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
        let (opens, closes) = *self.of_day(zone, day).first()?;
        let (goes_on, _) = *self.of_day(zone, day.succ_opt()?).first()?;
        (closes == goes_on && opens.with_timezone(&zone).hour() >= 12).then_some(opens)
    }

    /// When the market is open on one day of its own, in order.
    pub fn of_day(&self, zone: Tz, day: NaiveDate) -> Vec<Span> {
        let closing = self.holidays.iter().find(|closing| closing.date == day);
        let until = match closing {
            Some(Closing { closes: None, .. }) => return Vec::new(),
            Some(Closing { closes: Some(minute), .. }) => *minute,
            None => DAY,
        };
        let season = self.seasons.iter().find(|season| (season.from..=season.until).contains(&day));
        let sessions = season.map_or(&self.sessions, |season| &season.sessions);
        let mut spans: Vec<Span> = sessions
            .iter()
            .filter(|session| session.days.contains(&day.weekday()))
            .map(|session| (session.opens, session.closes.min(until)))
            .filter(|(opens, closes)| opens < closes)
            .map(|(opens, closes)| (moment(zone, day, opens), moment(zone, day, closes)))
            .collect();
        spans.sort();
        spans
    }
}

/// The day so many days later.
fn shifted(day: NaiveDate, days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    let moved = if days < 0 { day.checked_sub_days(by) } else { day.checked_add_days(by) };
    moved.unwrap_or(day)
}

fn start_of(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    moment(zone, day, 0)
}

/// The moment of a local time. Where clocks are put back the first of the two, where they are put forward the one an hour
/// later, for that hour is not there.
fn moment(zone: Tz, day: NaiveDate, minute: u16) -> DateTime<Utc> {
    let (day, minute) = if minute >= DAY { (shifted(day, 1), minute - DAY) } else { (day, minute) };
    let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into());
    let found = zone.from_local_datetime(&local);
    let found = found.earliest().or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.map_or_else(|| local.and_utc(), |moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    fn weekdays(opens: u16, closes: u16) -> Session {
        let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        Session { days, opens, closes }
    }

    fn new_york() -> Calendar {
        let day =
            |date: &str, name: &str, closes| Closing { date: date.parse().unwrap(), name: name.to_owned(), closes };
        Calendar {
            sessions: vec![weekdays(570, 960)],
            holidays: vec![day("2026-11-26", "Thanksgiving", None), day("2026-11-27", "Day after", Some(780))],
            ..Calendar::default()
        }
    }

    fn status(calendar: &Calendar, zone: Tz, time: &str) -> (bool, Option<String>) {
        let status = calendar.status(zone, at(time));
        (status.is_open, status.next_change.map(|next| next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
    }

    #[test]
    fn a_calendar_knows_how_far_it_goes() {
        let zone = Tz::America__New_York;
        let day = |text: &str| text.parse().unwrap();
        let known = Some(KnownDays { from: day("2026-01-01"), until: day("2026-12-31") });
        let calendar = Calendar { holidays_known: known, ..new_york() };
        for (time, is_known) in [
            ("2026-01-01T04:59:59Z", false),
            ("2026-01-01T05:00:00Z", true),
            ("2027-01-01T04:59:59Z", true),
            ("2027-01-01T05:00:00Z", false),
        ] {
            assert_eq!(
                calendar.status(zone, at(time)).are_holidays_known,
                is_known,
                "{time}: by the exchange's own day"
            );
        }
        assert!(!new_york().knows_holidays(day("2026-06-01")), "holidays of days that nobody named");
        assert!(Calendar::always().knows_holidays(day("2050-01-01")), "none to know");
    }

    #[test]
    fn a_session_is_in_the_exchanges_own_time_summer_and_winter() {
        let (calendar, zone) = (new_york(), Tz::America__New_York);
        for (time, is_open, next) in [
            // Winter: 14:30 to 21:00 UTC; summer: 13:30 to 20:00.
            ("2026-11-23T14:29:59Z", false, "2026-11-23T14:30:00Z"),
            ("2026-11-23T14:30:00Z", true, "2026-11-23T21:00:00Z"),
            ("2026-11-23T20:59:59Z", true, "2026-11-23T21:00:00Z"),
            ("2026-11-23T21:00:00Z", false, "2026-11-24T14:30:00Z"),
            ("2026-07-20T13:30:00Z", true, "2026-07-20T20:00:00Z"),
            // Over the weekend on which the clocks change.
            ("2026-03-06T21:00:00Z", false, "2026-03-09T13:30:00Z"),
            ("2026-10-30T20:00:00Z", false, "2026-11-02T14:30:00Z"),
            // A holiday, and a day that closes early.
            ("2026-11-25T21:00:00Z", false, "2026-11-27T14:30:00Z"),
            ("2026-11-27T17:00:00Z", true, "2026-11-27T18:00:00Z"),
            ("2026-11-27T18:00:00Z", false, "2026-11-30T14:30:00Z"),
        ] {
            assert_eq!(status(&calendar, zone, time), (is_open, Some(next.to_owned())), "{time}");
        }
    }

    #[test]
    fn ramadan_has_other_hours_and_another_offset() {
        let season = Season {
            from: "2026-02-19".parse().unwrap(),
            until: "2026-03-19".parse().unwrap(),
            sessions: vec![weekdays(600, 810)],
        };
        let calendar = Calendar { sessions: vec![weekdays(570, 930)], seasons: vec![season], ..Calendar::default() };
        let zone = Tz::Africa__Casablanca;
        // Morocco is at UTC+1, and at UTC in Ramadan.
        assert_eq!(status(&calendar, zone, "2026-02-02T08:30:00Z"), (true, Some("2026-02-02T14:30:00Z".to_owned())));
        assert_eq!(status(&calendar, zone, "2026-03-02T09:59:00Z"), (false, Some("2026-03-02T10:00:00Z".to_owned())));
        assert_eq!(status(&calendar, zone, "2026-03-02T10:00:00Z"), (true, Some("2026-03-02T13:30:00Z".to_owned())));
    }

    #[test]
    fn sessions_that_touch_are_one_and_some_markets_never_close() {
        use Weekday::{Fri, Mon, Sun, Thu, Tue, Wed};
        let session = |days: &[Weekday], opens, closes| Session { days: days.to_vec(), opens, closes };
        // Currencies: Sunday 17:00 to Friday 17:00 in New York.
        let week = vec![session(&[Sun], 1_020, DAY), session(&[Mon, Tue, Wed, Thu], 0, DAY), session(&[Fri], 0, 1_020)];
        let currencies = Calendar { sessions: week, ..Calendar::default() };
        let zone = Tz::America__New_York;
        assert_eq!(status(&currencies, zone, "2026-11-24T03:00:00Z"), (true, Some("2026-11-27T22:00:00Z".to_owned())));
        assert_eq!(status(&currencies, zone, "2026-11-28T12:00:00Z"), (false, Some("2026-11-29T22:00:00Z".to_owned())));
        assert_eq!(status(&Calendar::always(), Tz::UTC, "2026-11-28T12:00:00Z"), (true, None));
        assert_eq!(status(&Calendar::default(), Tz::UTC, "2026-11-28T12:00:00Z"), (false, None));
    }

    #[test]
    fn the_last_open_moment_is_now_or_the_last_close() {
        let (calendar, zone) = (new_york(), Tz::America__New_York);
        for (time, last) in [
            ("2026-11-23T15:00:00Z", "2026-11-23T15:00:00Z"),
            ("2026-11-23T23:00:00Z", "2026-11-23T21:00:00Z"),
            ("2026-11-26T15:00:00Z", "2026-11-25T21:00:00Z"),
            ("2026-11-29T15:00:00Z", "2026-11-27T18:00:00Z"),
        ] {
            assert_eq!(calendar.last_open(zone, at(time)), Some(at(last)), "{time}");
        }
        assert_eq!(Calendar::default().last_open(zone, at("2026-11-29T15:00:00Z")), None);
    }

    #[test]
    fn an_hour_that_is_not_there_begins_an_hour_later() {
        // On 8 March 2026 New York has no 02:30.
        let opened = moment(Tz::America__New_York, "2026-03-08".parse().unwrap(), 150);
        assert_eq!(opened, at("2026-03-08T07:30:00Z"));
    }
}
