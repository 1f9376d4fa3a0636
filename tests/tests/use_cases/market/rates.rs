//! Prices in another currency: whose rate it is, who may see it, and that it is kept fresh.

use bellwether_domain::error::Fault;
use bellwether_domain::market::{ChartRange, LicenceClass, SourceName, Timeframe};
use bellwether_domain::permission::Role;
use bellwether_domain::trading::NewAccount;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Error, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::scripted::{Scripted, locked};
use super::{asset, chart, quote, series};

async fn wanted(domain: &Domain) -> Vec<String> {
    let mut symbols: Vec<String> =
        domain.wanted_assets().await.unwrap().iter().map(|asset| asset.symbol.clone()).collect();
    symbols.sort();
    symbols
}

both_databases! {
    async fn a_rate_that_is_not_for_everybody_makes_no_price_that_is(app: TestDomain) {
        let (domain, trader) = (&app.domain, app.viewer("a", Role::Trader).await);
        let put = async |source, symbol: &str, price| {
            let asset = asset(domain, symbol).await;
            domain.put_quotes(source, vec![quote(&asset, price, "2026-03-02T11:58:00Z")]).await.unwrap();
        };
        put(SourceName::Demo, "BTC-USD", "216").await;
        put(SourceName::Yahoo, "EURUSD=X", "1.08").await;
        put(SourceName::Demo, "USDMAD=X", "10").await;
        let bitcoin = asset(domain, "BTC-USD").await;
        let days = series(Timeframe::D1, "2026-02-20T00:00:00Z", 5);
        domain.put_candles(&bitcoin, Timeframe::D1, SourceName::Demo, days).await.unwrap();
        let daily = |currency: &str| {
            let currency = Some(currency.to_owned());
            bellwether_domain::market::CandleQuery { currency, ..chart("BTC-USD", Timeframe::D1, ChartRange::Month) }
        };
        for refused in [
            domain.quote(&Viewer::Anonymous, "BTC-USD", Some("EUR")).await.map(drop),
            domain.quotes(&Viewer::Anonymous, &["BTC-USD".to_owned()], Some("EUR")).await.map(drop),
            domain.candle_series(&Viewer::Anonymous, &daily("EUR")).await.map(drop),
        ] {
            assert!(matches!(refused, Err(Error::Fault(Fault::Unauthenticated(_)))), "{refused:?}");
        }
        // Its own currency, and one whose rate is simulated as it is, are everybody's.
        assert!(domain.quote(&Viewer::Anonymous, "BTC-USD", None).await.is_ok());
        assert!(domain.quote(&Viewer::Anonymous, "BTC-USD", Some("MAD")).await.is_ok());
        assert!(domain.candle_series(&Viewer::Anonymous, &daily("MAD")).await.is_ok());
        let euros = domain.quote(&trader, "BTC-USD", Some("EUR")).await.unwrap();
        assert_eq!(euros.rate.unwrap().licence, LicenceClass::Internal);
        assert!(domain.candle_series(&trader, &daily("EUR")).await.is_ok());
        assert_eq!(domain.rate("MAD", "EUR").await.unwrap().licence, LicenceClass::Internal, "one of its two is");
    }

    async fn a_rate_is_asked_for_with_the_price_and_kept_fresh_after(app: TestDomain) {
        let (domain, source) = Scripted::asked_by(&app).await;
        let trader = app.viewer("a", Role::Trader).await;
        let rate = domain.quote(&trader, "BTC-USD", Some("EUR")).await.unwrap().rate.unwrap();
        let mut asked = source.quoted();
        asked.sort();
        assert_eq!((asked, rate.is_stale), (vec!["BTC-USD".to_owned(), "EURUSD=X".to_owned()], false));
        assert_eq!(wanted(&domain).await, ["BTC-USD", "EURUSD=X"]);
        // Through the dollar both are.
        domain.quote(&trader, "ATW.CS", Some("EUR")).await.unwrap();
        assert_eq!(wanted(&domain).await, ["ATW.CS", "BTC-USD", "EURUSD=X", "USDMAD=X"]);
        app.clock.advance(TimeDelta::minutes(61));
        assert!(wanted(&domain).await.is_empty());
        // A chart asks for it too.
        *locked(&source.candles) = series(Timeframe::D1, "2026-02-20T00:00:00Z", 5);
        source.quoted();
        let currency = Some("EUR".to_owned());
        let daily = chart("BTC-USD", Timeframe::D1, ChartRange::Month);
        domain.candle_series(&trader, &bellwether_domain::market::CandleQuery { currency, ..daily }).await.unwrap();
        assert_eq!(source.quoted(), ["EURUSD=X"]);
        // One that nobody keeps fresh says that it is old.
        let elsewhere = app.another().await;
        assert!(!elsewhere.rate("EUR", "USD").await.unwrap().is_stale);
        app.clock.advance(TimeDelta::hours(2));
        assert!(elsewhere.rate("EUR", "USD").await.unwrap().is_stale);
        assert!(elsewhere.rate("MAD", "EUR").await.unwrap().is_stale);
    }

    /// Until the pair of two currencies has a price of its own, those with the dollar make the rate, and are kept fresh for it.
    async fn the_halves_of_a_rate_are_kept_fresh_where_its_own_pair_has_no_price(app: TestDomain) {
        let (domain, trader) = (&app.domain, app.viewer("a", Role::Trader).await);
        let put = async |symbol: &str, price| {
            let asset = asset(domain, symbol).await;
            domain.put_quotes(SourceName::Demo, vec![quote(&asset, price, "2026-03-02T11:58:00Z")]).await.unwrap();
        };
        for (symbol, price) in [("SAP.DE", "200"), ("EURUSD=X", "1.1"), ("GBPUSD=X", "1.32")] {
            put(symbol, price).await;
        }
        let in_pounds = async || {
            let quote = domain.quote(&trader, "SAP.DE", Some("GBP")).await.unwrap();
            let wanted = wanted(domain).await;
            app.clock.advance(TimeDelta::minutes(61));
            (quote.rate.unwrap().rate.to_string(), wanted)
        };
        let (rate, wanted) = in_pounds().await;
        assert_eq!((rate.as_str(), wanted), ("0.83333334", ["EURGBP=X", "EURUSD=X", "GBPUSD=X", "SAP.DE"].map(str::to_owned).to_vec()));
        put("EURGBP=X", "0.84").await;
        assert_eq!(in_pounds().await, ("0.84".to_owned(), ["EURGBP=X", "SAP.DE"].map(str::to_owned).to_vec()));
    }

    async fn whoever_has_an_account_has_rates_before_the_first_order(app: TestDomain) {
        let (domain, trader) = (&app.domain, app.viewer("a", Role::Trader).await);
        assert!(wanted(domain).await.is_empty());
        let new = NewAccount { currency: Some("EUR".to_owned()), ..NewAccount::default() };
        domain.open_account(&trader, new, &ClientInfo::default()).await.unwrap();
        let wanted = wanted(domain).await;
        assert!(wanted.iter().any(|symbol| symbol == "EURUSD=X") && wanted.len() > 5, "{wanted:?}");
        assert!(wanted.iter().all(|symbol| symbol.ends_with("=X")), "{wanted:?}");
    }
}
