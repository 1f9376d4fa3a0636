//! The exchanges that an installation starts with: their hours, and the holidays of the days that each says it knows them of.
//!
//! Hours are those of regular trading, without auctions before and after. Religious holidays in Morocco follow the moon and
//! are announced days before: the dates here are those that were expected, and Ramadan's hours with them.

use bellwether_domain::market::{Calendar, Closing, KnownDays, NewExchange, Season, Session};
use bellwether_domain::{Fault, Result};
use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;

const WORK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const MIDNIGHT: u16 = 1_440;

/// A day and why it is special; with an hour on it, `2026-11-27 13:00`, at which trading ends.
type Day = (&'static str, &'static str);

/// Days on which an exchange rests or closes early: all of them, of the days from the first to the last.
struct Holidays {
    from: &'static str,
    until: &'static str,
    days: &'static [Day],
}

#[rustfmt::skip]
const NEW_YORK: Holidays = Holidays { from: "2025-01-01", until: "2028-12-31", days: &[
    ("2025-01-01", "New Year"), ("2025-01-09", "Day of mourning"), ("2025-01-20", "Martin Luther King Day"), ("2025-02-17", "Presidents' Day"),
    ("2025-04-18", "Good Friday"), ("2025-05-26", "Memorial Day"), ("2025-06-19", "Juneteenth"), ("2025-07-03 13:00", "Eve of Independence Day"),
    ("2025-07-04", "Independence Day"), ("2025-09-01", "Labor Day"), ("2025-11-27", "Thanksgiving"), ("2025-11-28 13:00", "Day after Thanksgiving"),
    ("2025-12-24 13:00", "Christmas Eve"), ("2025-12-25", "Christmas"),
    ("2026-01-01", "New Year"), ("2026-01-19", "Martin Luther King Day"), ("2026-02-16", "Presidents' Day"), ("2026-04-03", "Good Friday"),
    ("2026-05-25", "Memorial Day"), ("2026-06-19", "Juneteenth"), ("2026-07-03", "Independence Day"), ("2026-09-07", "Labor Day"),
    ("2026-11-26", "Thanksgiving"), ("2026-11-27 13:00", "Day after Thanksgiving"), ("2026-12-24 13:00", "Christmas Eve"), ("2026-12-25", "Christmas"),
    ("2027-01-01", "New Year"), ("2027-01-18", "Martin Luther King Day"), ("2027-02-15", "Presidents' Day"), ("2027-03-26", "Good Friday"),
    ("2027-05-31", "Memorial Day"), ("2027-06-18", "Juneteenth"), ("2027-07-05", "Independence Day"), ("2027-09-06", "Labor Day"),
    ("2027-11-25", "Thanksgiving"), ("2027-11-26 13:00", "Day after Thanksgiving"), ("2027-12-24", "Christmas"),
    ("2028-01-17", "Martin Luther King Day"), ("2028-02-21", "Presidents' Day"), ("2028-04-14", "Good Friday"), ("2028-05-29", "Memorial Day"),
    ("2028-06-19", "Juneteenth"), ("2028-07-03 13:00", "Eve of Independence Day"), ("2028-07-04", "Independence Day"), ("2028-09-04", "Labor Day"),
    ("2028-11-23", "Thanksgiving"), ("2028-11-24 13:00", "Day after Thanksgiving"), ("2028-12-25", "Christmas"),
] };

#[rustfmt::skip]
const LONDON: Holidays = Holidays { from: "2025-12-24", until: "2027-12-31", days: &[
    ("2025-12-24 12:30", "Christmas Eve"), ("2025-12-25", "Christmas"), ("2025-12-26", "Boxing Day"), ("2025-12-31 12:30", "New Year's Eve"),
    ("2026-01-01", "New Year"), ("2026-04-03", "Good Friday"), ("2026-04-06", "Easter Monday"), ("2026-05-04", "Early May bank holiday"),
    ("2026-05-25", "Spring bank holiday"), ("2026-08-31", "Summer bank holiday"), ("2026-12-24 12:30", "Christmas Eve"), ("2026-12-25", "Christmas"),
    ("2026-12-28", "Boxing Day"), ("2026-12-31 12:30", "New Year's Eve"),
    ("2027-01-01", "New Year"), ("2027-03-26", "Good Friday"), ("2027-03-29", "Easter Monday"), ("2027-05-03", "Early May bank holiday"),
    ("2027-05-31", "Spring bank holiday"), ("2027-08-30", "Summer bank holiday"), ("2027-12-24 12:30", "Christmas Eve"),
    ("2027-12-27", "Christmas"), ("2027-12-28", "Boxing Day"), ("2027-12-31 12:30", "New Year's Eve"),
] };

#[rustfmt::skip]
const EURONEXT: Holidays = Holidays { from: "2025-12-24", until: "2027-12-31", days: &[
    ("2025-12-24 14:05", "Christmas Eve"), ("2025-12-25", "Christmas"), ("2025-12-26", "Boxing Day"), ("2025-12-31 14:05", "New Year's Eve"),
    ("2026-01-01", "New Year"), ("2026-04-03", "Good Friday"), ("2026-04-06", "Easter Monday"), ("2026-05-01", "Labour Day"),
    ("2026-12-24 14:05", "Christmas Eve"), ("2026-12-25", "Christmas"), ("2026-12-31 14:05", "New Year's Eve"),
    ("2027-01-01", "New Year"), ("2027-03-26", "Good Friday"), ("2027-03-29", "Easter Monday"), ("2027-12-24 14:05", "Christmas Eve"), ("2027-12-31 14:05", "New Year's Eve"),
] };

#[rustfmt::skip]
const FRANKFURT: Holidays = Holidays { from: "2025-12-24", until: "2027-12-31", days: &[
    ("2025-12-24", "Christmas Eve"), ("2025-12-25", "Christmas"), ("2025-12-26", "Boxing Day"), ("2025-12-31", "New Year's Eve"),
    ("2026-01-01", "New Year"), ("2026-04-03", "Good Friday"), ("2026-04-06", "Easter Monday"), ("2026-05-01", "Labour Day"),
    ("2026-12-24", "Christmas Eve"), ("2026-12-25", "Christmas"), ("2026-12-31", "New Year's Eve"),
    ("2027-01-01", "New Year"), ("2027-03-26", "Good Friday"), ("2027-03-29", "Easter Monday"), ("2027-12-24", "Christmas Eve"), ("2027-12-31", "New Year's Eve"),
] };

#[rustfmt::skip]
const TOKYO: Holidays = Holidays { from: "2025-11-24", until: "2027-12-31", days: &[
    ("2025-11-24", "Labor Thanksgiving Day"), ("2025-12-31", "Market holiday"),
    ("2026-01-01", "New Year"), ("2026-01-02", "Market holiday"), ("2026-01-12", "Coming of Age Day"), ("2026-02-11", "National Foundation Day"),
    ("2026-02-23", "Emperor's Birthday"), ("2026-03-20", "Vernal Equinox Day"), ("2026-04-29", "Showa Day"), ("2026-05-04", "Greenery Day"),
    ("2026-05-05", "Children's Day"), ("2026-05-06", "Constitution Day"), ("2026-07-20", "Marine Day"), ("2026-08-11", "Mountain Day"),
    ("2026-09-21", "Respect for the Aged Day"), ("2026-09-22", "Citizens' Holiday"), ("2026-09-23", "Autumnal Equinox Day"),
    ("2026-10-12", "Sports Day"), ("2026-11-03", "Culture Day"), ("2026-11-23", "Labor Thanksgiving Day"), ("2026-12-31", "Market holiday"),
    ("2027-01-01", "New Year"), ("2027-01-11", "Coming of Age Day"), ("2027-02-11", "National Foundation Day"), ("2027-02-23", "Emperor's Birthday"),
    ("2027-03-22", "Vernal Equinox Day"), ("2027-04-29", "Showa Day"), ("2027-05-03", "Constitution Day"), ("2027-05-04", "Greenery Day"),
    ("2027-05-05", "Children's Day"), ("2027-07-19", "Marine Day"), ("2027-08-11", "Mountain Day"), ("2027-09-20", "Respect for the Aged Day"),
    ("2027-09-23", "Autumnal Equinox Day"), ("2027-10-11", "Sports Day"), ("2027-11-03", "Culture Day"),
    ("2027-11-23", "Labor Thanksgiving Day"), ("2027-12-31", "Market holiday"),
] };

#[rustfmt::skip]
const CASABLANCA: Holidays = Holidays { from: "2025-11-06", until: "2027-12-31", days: &[
    ("2025-11-06", "Green March"), ("2025-11-18", "Independence Day"),
    ("2026-01-01", "New Year"), ("2026-01-14", "Amazigh New Year"), ("2026-03-20", "Eid al-Fitr"), ("2026-05-01", "Labour Day"),
    ("2026-05-27", "Eid al-Adha"), ("2026-05-28", "Eid al-Adha"), ("2026-06-17", "First of Muharram"), ("2026-07-30", "Throne Day"),
    ("2026-08-14", "Oued Ed-Dahab Day"), ("2026-08-20", "Revolution of the King and the People"), ("2026-08-21", "Youth Day"),
    ("2026-08-26", "Mawlid"), ("2026-08-27", "Mawlid"), ("2026-11-06", "Green March"), ("2026-11-18", "Independence Day"),
    ("2027-01-01", "New Year"), ("2027-01-11", "Independence Manifesto Day"), ("2027-01-14", "Amazigh New Year"), ("2027-03-10", "Eid al-Fitr"),
    ("2027-03-11", "Eid al-Fitr"), ("2027-05-17", "Eid al-Adha"), ("2027-05-18", "Eid al-Adha"), ("2027-07-30", "Throne Day"),
    ("2027-08-16", "Mawlid"), ("2027-08-20", "Revolution of the King and the People"), ("2027-11-18", "Independence Day"),
] };

#[rustfmt::skip]
const CURRENCIES: Holidays = Holidays { from: "2025-12-25", until: "2027-12-31", days: &[
    ("2025-12-25", "Christmas"), ("2026-01-01", "New Year"), ("2026-12-25", "Christmas"), ("2027-01-01", "New Year"),
] };

/// Whole days alone: on some others futures rest earlier.
#[rustfmt::skip]
const FUTURES: Holidays = Holidays { from: "2025-12-25", until: "2027-12-31", days: &[
    ("2025-12-25", "Christmas"), ("2026-01-01", "New Year"), ("2026-04-03", "Good Friday"), ("2026-12-25", "Christmas"),
    ("2027-01-01", "New Year"), ("2027-03-26", "Good Friday"), ("2027-12-24", "Christmas"),
] };

/// The first and the last day of Ramadan, in which Casablanca trades from 10:00 to 13:20.
const RAMADANS: [(&str, &str); 3] =
    [("2025-03-02", "2025-03-30"), ("2026-02-19", "2026-03-19"), ("2027-02-09", "2027-03-09")];

/// Every exchange.
pub(crate) fn all() -> Result<Vec<NewExchange>> {
    let week = |opens, closes| vec![Session { days: WORK.to_vec(), opens, closes }];
    let us = |code, name| exchange(code, name, "US", Tz::America__New_York, "USD", week(570, 960), NEW_YORK);
    let mut casablanca =
        exchange("BVC", "Casablanca Stock Exchange", "MA", Tz::Africa__Casablanca, "MAD", week(570, 920), CASABLANCA)?;
    casablanca.calendar.seasons = RAMADANS
        .iter()
        .map(|(from, until)| Ok(Season { from: date(from)?, until: date(until)?, sessions: week(600, 800) }))
        .collect::<Result<_>>()?;
    let tokyo = [week(540, 690), week(750, 930)].concat();
    // Currencies and the futures of New York trade from Sunday evening to Friday afternoon; these rest an hour a day.
    let day = |days: &[Weekday], opens, closes| Session { days: days.to_vec(), opens, closes };
    let [mon, tue, wed, thu, fri] = WORK;
    let currencies =
        vec![day(&[Weekday::Sun], 1_020, MIDNIGHT), day(&[mon, tue, wed, thu], 0, MIDNIGHT), day(&[fri], 0, 1_020)];
    let futures =
        vec![day(&[Weekday::Sun, mon, tue, wed, thu], 1_080, MIDNIGHT), day(&[mon, tue, wed, thu, fri], 0, 1_020)];
    Ok(vec![
        us("NASDAQ", "Nasdaq")?,
        us("NYSE", "New York Stock Exchange")?,
        us("ARCA", "NYSE Arca")?,
        exchange("LSE", "London Stock Exchange", "GB", Tz::Europe__London, "GBP", week(480, 990), LONDON)?,
        exchange("XETRA", "Xetra", "DE", Tz::Europe__Berlin, "EUR", week(540, 1_050), FRANKFURT)?,
        exchange("PARIS", "Euronext Paris", "FR", Tz::Europe__Paris, "EUR", week(540, 1_050), EURONEXT)?,
        exchange("TSE", "Tokyo Stock Exchange", "JP", Tz::Asia__Tokyo, "JPY", tokyo, TOKYO)?,
        casablanca,
        exchange("COMEX", "COMEX", "US", Tz::America__New_York, "USD", futures.clone(), FUTURES)?,
        exchange("NYMEX", "New York Mercantile Exchange", "US", Tz::America__New_York, "USD", futures, FUTURES)?,
        NewExchange {
            country: None,
            currency: None,
            ..exchange("FX", "Foreign exchange", "US", Tz::America__New_York, "USD", currencies, CURRENCIES)?
        },
        NewExchange {
            code: "CRYPTO".to_owned(),
            name: "Crypto currencies".to_owned(),
            country: None,
            time_zone: Tz::UTC,
            currency: None,
            calendar: Calendar::always(),
        },
    ])
}

fn exchange(
    code: &str,
    name: &str,
    country: &str,
    time_zone: Tz,
    currency: &str,
    sessions: Vec<Session>,
    holidays: Holidays,
) -> Result<NewExchange> {
    Ok(NewExchange {
        code: code.to_owned(),
        name: name.to_owned(),
        country: Some(country.to_owned()),
        time_zone,
        currency: Some(currency.to_owned()),
        calendar: Calendar {
            sessions,
            seasons: Vec::new(),
            holidays: holidays.days.iter().map(closing).collect::<Result<_>>()?,
            holidays_known: Some(KnownDays { from: date(holidays.from)?, until: date(holidays.until)? }),
        },
    })
}

fn closing(&(day, name): &Day) -> Result<Closing> {
    let (day, time) = day.split_once(' ').map_or((day, None), |(day, time)| (day, Some(time)));
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
    };
    let wrong = || Fault::Bug(format!("{name}: {day} {time:?} is no time"));
    let closes = time.map(|time| minutes(time).ok_or_else(wrong)).transpose()?;
    Ok(Closing { date: date(day)?, name: name.to_owned(), closes })
}

fn date(text: &str) -> Result<NaiveDate> {
    Ok(text.parse().map_err(|_| Fault::Bug(format!("{text} is no date")))?)
}
