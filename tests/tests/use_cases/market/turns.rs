//! Who is asked, in which turn, and when: nobody starves, nobody waits for one that hangs, and what there is not is not asked
//! for again and again.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bellwether_domain::Error;
use bellwether_domain::error::Fault;
use bellwether_domain::fixed::{Price, Quantity};
use bellwether_domain::market::{AssetKind, NewAsset, SourceError, Symbol};
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::at;
use super::scripted::{Scripted, locked};
use crate::scheduler::{run, scheduling};

both_databases! {
    /// A source that takes 40 questions a run, and 150 assets that are watched: after four runs each has a price.
    async fn a_long_watchlist_starves_nobody(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        let symbols: Vec<String> = (0..150).map(|number| format!("COIN{number}")).collect();
        let new = |symbol: &String| NewAsset {
            symbol: Symbol::try_from(symbol.as_str()).unwrap(),
            name: symbol.clone(),
            kind: AssetKind::Crypto,
            exchange: "CRYPTO".to_owned(),
            currency: "USD".to_owned(),
            tick_size: Price::from_raw(1_000_000),
            lot_size: Quantity::from_raw(1),
            sector: None,
            source_symbols: Vec::new(),
        };
        domain.put_assets(&symbols.iter().map(new).collect::<Vec<_>>()).await.unwrap();
        domain.create_watchlist(&trader, "long", &symbols).await.unwrap();
        domain.pause_job(&owner, "quote_refresh", &ClientInfo::default()).await.unwrap();
        let _jobs = scheduling(&domain, "one");
        let mut times: HashMap<String, usize> = HashMap::new();
        for round in 1..=8 {
            *locked(&source.patience) = Some(40);
            let ran = run(&app, &owner, "quote_refresh").await;
            assert_eq!((ran.status, ran.items), (RunStatus::Succeeded, 40), "{:?}", ran.notes);
            for symbol in source.quoted() {
                *times.entry(symbol).or_default() += 1;
            }
            assert_eq!(times.len(), (round * 40).min(150), "round {round}");
            app.clock.advance(TimeDelta::seconds(61));
        }
        assert!(times.values().all(|count| (2..=3).contains(count)), "{times:?}");
    }

    async fn what_a_source_does_not_know_it_is_not_asked_for_each_time(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let trader = app.viewer("a", Role::Trader).await;
        *locked(&source.error) = Some(SourceError::Unknown);
        for _ in 0..5 {
            let none = domain.quote(&trader, "BTC-USD", None).await;
            assert!(matches!(none, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "{none:?}");
        }
        assert_eq!(source.quoted(), ["BTC-USD"]);
        *locked(&source.error) = None;
        assert!(domain.quote(&trader, "ETH-USD", None).await.is_ok(), "of another it may be");
        app.clock.advance(TimeDelta::minutes(16));
        assert!(domain.quote(&trader, "BTC-USD", None).await.is_ok());
        // One that does not answer is another matter: it is asked again.
        *locked(&source.error) = Some(SourceError::TimedOut);
        source.quoted();
        for _ in 0..2 {
            domain.quote(&trader, "SOL-USD", None).await.unwrap_err();
        }
        assert_eq!(source.quoted().len(), 2);
    }

    /// New York closes at 21:00 UTC.
    async fn a_closing_price_is_asked_for_once_and_when_there_can_be_one(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let trader = app.viewer("a", Role::Trader).await;
        let ask = async |time: &str| {
            app.clock.advance(at(time) - app.clock_now());
            domain.quote(&trader, "AAPL", None).await.unwrap();
            source.quoted().len()
        };
        assert_eq!(ask("2026-03-02T20:59:30Z").await, 1);
        assert_eq!(ask("2026-03-02T21:00:31Z").await, 0, "it has closed, and the source is not that far");
        assert_eq!(ask("2026-03-02T21:19:59Z").await, 0);
        // An older price than is known is an answer all the same.
        *locked(&source.price_of) = Some(at("2026-03-02T20:59:00Z"));
        assert_eq!(ask("2026-03-02T21:20:00Z").await, 1);
        assert_eq!(ask("2026-03-02T21:40:00Z").await, 0);
        assert_eq!(ask("2026-03-03T14:29:00Z").await, 0);
        assert_eq!(ask("2026-03-03T14:31:00Z").await, 1, "open again");
    }

    async fn a_source_that_hangs_holds_nobody_up_who_can_be_given_what_is_known(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let trader = app.viewer("a", Role::Trader).await;
        domain.quote(&trader, "BTC-USD", None).await.unwrap();
        source.hangs.store(true, Ordering::SeqCst);
        app.clock.advance(TimeDelta::hours(1));
        let mut took = Vec::new();
        for _ in 0..4 {
            let began = Instant::now();
            assert!(domain.quote(&trader, "BTC-USD", None).await.unwrap().quote.is_stale);
            took.push(began.elapsed());
        }
        // The first waits for a moment; those after it find it being asked. A busy machine may be slower, mostly not each time.
        took.sort();
        assert!(took[0] < Duration::from_millis(250) && took[3] < Duration::from_secs(20), "{took:?}");
    }
}
