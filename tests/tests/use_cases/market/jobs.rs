//! What the market's jobs do when nobody looks.

use bellwether_domain::market::{AssetFilter, SourceName, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::scripted::{Scripted, locked};
use super::{asset, series, times};
use crate::scheduler::{run, scheduling};

both_databases! {
    /// Minutes are kept for a while, hours for longer, days for ever.
    async fn old_candles_are_removed_by_their_timeframe(app: TestDomain) {
        let (domain, owner) = (&app.domain, app.viewer("a", Role::Owner).await);
        let (apple, retention) = (asset(domain, "AAPL").await, domain.config().retention);
        assert!(retention.minute_candles < retention.hour_candles);
        let old = (domain.now() - retention.hour_candles - TimeDelta::days(2)).to_rfc3339();
        let between = (domain.now() - retention.minute_candles - TimeDelta::hours(2)).to_rfc3339();
        // Whole seconds, as candles open at.
        let whole = |time: &str| format!("{}Z", &time[..19]);
        for timeframe in [Timeframe::M1, Timeframe::M15, Timeframe::H1, Timeframe::D1] {
            for from in [&old, &between, &"2026-03-02T06:00:00Z".to_owned()] {
                let candles = series(timeframe, &whole(from), 3);
                domain.put_candles(&apple, timeframe, SourceName::Csv, candles).await.unwrap();
            }
        }
        domain.pause_job(&owner, "candle_retention", &ClientInfo::default()).await.unwrap();
        let _jobs = scheduling(domain, "one");
        let ran = run(&app, &owner, "candle_retention").await;
        // Of minutes two times three a timeframe, of hours three. The day of today has not closed.
        assert_eq!((ran.status, ran.items), (RunStatus::Succeeded, 15), "{:?}", ran.notes);
        let left = async |timeframe| domain.closed_candles(&apple, timeframe, None, domain.now(), 99).await.unwrap();
        assert_eq!(times(&left(Timeframe::M1).await), ["03-02T06:00", "03-02T06:01", "03-02T06:02"]);
        assert_eq!((left(Timeframe::M15).await.len(), left(Timeframe::H1).await.len()), (3, 6));
        assert_eq!(left(Timeframe::D1).await.len(), 6, "days stay");
        assert_eq!(run(&app, &owner, "candle_retention").await.items, 0);
    }

    async fn quotes_and_candles_come_by_themselves(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        *locked(&source.candles) = series(Timeframe::D1, "2026-02-20T00:00:00Z", 5);
        domain.create_watchlist(&trader, "mine", &["BTC-USD".to_owned()]).await.unwrap();
        for job in ["quote_refresh", "candle_refresh"] {
            domain.pause_job(&owner, job, &ClientInfo::default()).await.unwrap();
        }
        let _jobs = scheduling(&domain, "one");
        assert_eq!(run(&app, &owner, "quote_refresh").await.items, 1);
        assert_eq!(source.quoted(), ["BTC-USD"]);
        assert_eq!(run(&app, &owner, "quote_refresh").await.items, 0, "not due yet");
        app.clock.advance(TimeDelta::seconds(61));
        assert_eq!(run(&app, &owner, "quote_refresh").await.items, 1);
        let assets = domain.search_assets(None, &AssetFilter::default(), &PageArgs::default()).await.unwrap().1;
        // Daily ones of every asset, and hourly ones of the one that is watched.
        assert_eq!(run(&app, &owner, "candle_refresh").await.items, 5 * (assets as i64 + 1));
        assert_eq!(run(&app, &owner, "candle_refresh").await.items, 0);
    }

    async fn it_is_told_when_a_calendar_runs_out(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        app.domain.pause_job(&owner, "calendar_check", &ClientInfo::default()).await.unwrap();
        let _jobs = scheduling(&app.domain, "one");
        let ran = run(&app, &owner, "calendar_check").await;
        assert_eq!(ran.status, RunStatus::Succeeded, "{:?}", ran.notes);
        app.clock.advance(TimeDelta::days(365 * 2));
        let owner = app.viewer("a", Role::Owner).await;
        let ran = run(&app, &owner, "calendar_check").await;
        let said = format!("{:?}", ran.notes);
        assert_eq!(ran.status, RunStatus::Failed, "{said}");
        assert!(said.contains("LSE (until 2027-12-31)") && said.contains("BVC"), "{said}");
        assert!(!said.contains("NASDAQ") && !said.contains("CRYPTO"), "known for longer, and none to know: {said}");
    }
}
