//! What of a series was asked for, and what is asked next: neither a file, nor an answer without candles, nor a write that
//! broke off leaves a hole that nobody fills.
//!
//! The present is Monday, 2 March 2026, noon.

use std::time::Duration;

use bellwether_domain::error::Fault;
use bellwether_domain::market::{ChartRange, SourceError, SourceName, Timeframe};
use bellwether_domain::permission::Role;
use bellwether_domain::{Domain, Error};
use bellwether_tests::{Backend, TestDomain, both_databases};
use chrono::TimeDelta;
use futures_util::future::join_all;
use sea_orm::ConnectionTrait;

use super::scripted::{Scripted, locked};
use super::{asset, at, chart, series, times};

/// Days of February from the first of the two to before the second.
fn days(from: u32, until: u32) -> Vec<bellwether_domain::market::Candle> {
    series(Timeframe::D1, &format!("2026-02-{from:02}T00:00:00Z"), i32::try_from(until - from).unwrap())
}

async fn stored(domain: &Domain) -> usize {
    let apple = asset(domain, "AAPL").await;
    domain.closed_candles(&apple, Timeframe::D1, None, domain.now(), 99).await.unwrap().len()
}

both_databases! {
    async fn a_file_with_a_hole_keeps_no_source_from_filling_it(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let apple = asset(&domain, "AAPL").await;
        let refresh = async || domain.refresh_candles(&apple, Timeframe::D1, at("2026-02-01T00:00:00Z")).await.unwrap();
        // The source lags behind: it has ten days.
        *locked(&source.candles) = days(1, 11);
        assert_eq!((refresh().await, source.asked_from()), (10, vec!["02-01".to_owned()]));
        // A file brings the last three of the month, on the next day.
        app.clock.advance(TimeDelta::days(1));
        domain.put_candles(&apple, Timeframe::D1, SourceName::Csv, days(26, 29)).await.unwrap();
        assert_eq!(stored(&domain).await, 13);
        *locked(&source.candles) = days(1, 29);
        refresh().await;
        assert_eq!(source.asked_from(), ["02-08"], "from where its own end, and the last two again");
        assert_eq!(stored(&domain).await, 28);
        refresh().await;
        assert!(source.asked_from().is_empty(), "no candle has closed since");
    }

    /// Those who ask for the same at once are one question, whether there is an answer or not.
    async fn the_same_is_asked_once_for_all(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let apple = asset(&domain, "AAPL").await;
        let eight = async || {
            let refresh = || domain.refresh_candles(&apple, Timeframe::D1, at("2026-02-01T00:00:00Z"));
            join_all((0..8).map(|_| refresh())).await.into_iter().map(Result::unwrap).sum::<usize>()
        };
        // Long enough for all of them to have come to ask.
        *locked(&source.takes) = Duration::from_secs(5);
        *locked(&source.error) = Some(SourceError::TimedOut);
        assert_eq!((eight().await, source.asked_from().len()), (0, 1));
        *locked(&source.error) = None;
        *locked(&source.candles) = days(1, 11);
        assert_eq!((eight().await, source.asked_from().len(), stored(&domain).await), (10, 1, 10));
        assert_eq!((eight().await, source.asked_from().len()), (0, 0));
    }

    /// One who asks for a few days alone leaves none out between them and what is there.
    async fn a_question_that_begins_later_leaves_no_hole(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let apple = asset(&domain, "AAPL").await;
        let refresh = async |from: &str| domain.refresh_candles(&apple, Timeframe::D1, at(from)).await.unwrap();
        *locked(&source.candles) = days(1, 11);
        refresh("2026-02-01T00:00:00Z").await;
        source.asked_from();
        app.clock.advance(TimeDelta::days(1));
        *locked(&source.candles) = days(1, 29);
        refresh("2026-02-25T00:00:00Z").await;
        assert_eq!((source.asked_from(), stored(&domain).await), (vec!["02-08".to_owned()], 28));
    }

    async fn what_came_from_a_file_alone_is_asked_for_all_the_same(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let (apple, trader) = (asset(&domain, "AAPL").await, app.viewer("a", Role::Trader).await);
        domain.put_candles(&apple, Timeframe::D1, SourceName::Csv, days(9, 14)).await.unwrap();
        *locked(&source.error) = Some(SourceError::TimedOut);
        let daily = chart("AAPL", Timeframe::D1, ChartRange::Month);
        let found = domain.candle_series(&trader, &daily).await.unwrap();
        assert_eq!((found.candles.len(), found.source, found.is_stale), (5, SourceName::Csv, true),
            "an old file that was imported today is old");
        *locked(&source.error) = None;
        *locked(&source.candles) = days(1, 29);
        let found = domain.candle_series(&trader, &daily).await.unwrap();
        assert_eq!((found.candles.len(), found.source, found.is_stale), (28, SourceName::Yahoo, false));
        // And an old file that comes later changes neither.
        domain.put_candles(&apple, Timeframe::D1, SourceName::Csv, days(1, 3)).await.unwrap();
        let found = domain.candle_series(&trader, &daily).await.unwrap();
        assert_eq!((found.source, found.is_stale), (SourceName::Yahoo, false));
    }

    async fn one_candle_is_a_chart_of_one(app: TestDomain) {
        let (domain, trader) = (&app.domain, app.viewer("a", Role::Trader).await);
        let apple = asset(domain, "AAPL").await;
        domain.put_candles(&apple, Timeframe::D1, SourceName::Csv, days(23, 24)).await.unwrap();
        let count = async |timeframe, range| {
            domain.candle_series(&trader, &chart("AAPL", timeframe, range)).await.unwrap().candles.len()
        };
        assert_eq!(count(Timeframe::D1, ChartRange::Month).await, 1);
        assert_eq!(count(Timeframe::D1, ChartRange::Day).await, 0, "a gap is no error");
        assert_eq!(count(Timeframe::W1, ChartRange::Month).await, 0, "a day is no week");
    }

    async fn an_empty_answer_covers_nothing(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let (apple, trader) = (asset(&domain, "AAPL").await, app.viewer("a", Role::Trader).await);
        let refresh = async |from: &str| domain.refresh_candles(&apple, Timeframe::D1, at(from)).await.unwrap();
        let daily = chart("AAPL", Timeframe::D1, ChartRange::Month);
        let none = domain.candle_series(&trader, &daily).await;
        assert!(matches!(none, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "{none:?}");
        assert_eq!(source.asked_from().len(), 1);
        let none = domain.candle_series(&trader, &daily).await;
        assert!(none.is_err() && source.asked_from().is_empty(), "not asked again at once");
        app.clock.advance(TimeDelta::minutes(16));
        *locked(&source.candles) = days(20, 29);
        assert_eq!(domain.candle_series(&trader, &daily).await.unwrap().candles.len(), 9);
        source.asked_from();

        // Further back there is nothing just now, which is no reason to leave it at that.
        locked(&source.candles).clear();
        assert_eq!((refresh("2025-12-01T00:00:00Z").await, source.asked_from()), (0, vec!["12-01".to_owned()]));
        assert_eq!((refresh("2025-12-01T00:00:00Z").await, source.asked_from().len()), (0, 0));
        assert_eq!((refresh("2025-11-01T00:00:00Z").await, source.asked_from().len()), (0, 1), "further back than that");
        app.clock.advance(TimeDelta::minutes(16));
        *locked(&source.candles) = days(1, 29);
        assert_eq!((refresh("2025-12-01T00:00:00Z").await, source.asked_from()), (28, vec!["12-01".to_owned()]));
        assert_eq!(stored(&domain).await, 28);

        // Nor has one that has nothing new for some days answered for them.
        app.clock.advance(TimeDelta::days(3));
        locked(&source.candles).clear();
        refresh("2025-12-01T00:00:00Z").await;
        source.asked_from();
        app.clock.advance(TimeDelta::minutes(16));
        *locked(&source.candles) = series(Timeframe::D1, "2026-02-01T00:00:00Z", 32);
        refresh("2025-12-01T00:00:00Z").await;
        assert_eq!((source.asked_from(), stored(&domain).await), (vec!["02-26".to_owned()], 32));
    }

    async fn a_write_that_broke_off_is_done_again(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let apple = asset(&domain, "AAPL").await;
        // More than one transaction takes: 8,000 a time.
        let all = series(Timeframe::H1, "2025-03-01T00:00:00Z", 8_700);
        *locked(&source.candles) = all.clone();
        let stuck = all[8_300].open_time.timestamp();
        let break_off = match app.database.backend {
            Backend::Sqlite => format!("CREATE TRIGGER full BEFORE INSERT ON candles WHEN NEW.open_time = {stuck} \
                BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"),
            Backend::Postgres => format!("CREATE FUNCTION full_disk() RETURNS trigger AS $$ BEGIN \
                IF NEW.open_time = {stuck} THEN RAISE EXCEPTION 'the disk is full'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql; \
                CREATE TRIGGER full_disk BEFORE INSERT ON candles FOR EACH ROW EXECUTE FUNCTION full_disk()"),
        };
        let mend = match app.database.backend {
            Backend::Sqlite => "DROP TRIGGER full",
            Backend::Postgres => "DROP TRIGGER full_disk ON candles",
        };
        let (writer, from) = (domain.db().writer(), at("2025-03-01T00:00:00Z"));
        writer.execute_unprepared(&break_off).await.unwrap();
        let broken = domain.refresh_candles(&apple, Timeframe::H1, from).await;
        assert!(broken.is_err(), "{broken:?}");
        let stored = async || domain.closed_candles(&apple, Timeframe::H1, None, domain.now(), 9_000).await.unwrap();
        assert_eq!(stored().await.len(), 8_000, "the first of two transactions");
        writer.execute_unprepared(mend).await.unwrap();
        source.asked_from();
        assert_eq!(domain.refresh_candles(&apple, Timeframe::H1, from).await.unwrap(), 8_700);
        assert_eq!(source.asked_from(), ["03-01"]);
        assert_eq!(times(&stored().await), times(&all));
    }
}
