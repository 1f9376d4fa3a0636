//! Prices: what is put away, what is read, what happens when a source fails, and who may see what.

mod coverage;
mod jobs;
mod rates;
pub mod scripted;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bellwether_domain::error::Fault;
use bellwether_domain::market::{
    Asset, BreakerState, Candle, CandleQuery, CandleRequest, ChartRange, Listing, MarketSource, NewQuote, QuoteAnswer,
    SourceError, SourceHealth, SourceName, Symbol, Tidied, Timeframe,
};
use bellwether_domain::permission::Role;
use bellwether_domain::{Domain, Error, ProblemCode, Viewer};
use bellwether_integrations::demo::Demo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

async fn asset(domain: &Domain, symbol: &str) -> Arc<Asset> {
    domain.asset_by_symbol(&Symbol::try_from(symbol).unwrap()).await.unwrap().unwrap()
}

fn quote(asset: &Asset, price: &str, exchange_time: &str) -> NewQuote {
    NewQuote {
        asset_id: asset.id,
        price: price.parse().unwrap(),
        bid: None,
        ask: None,
        previous_close: None,
        exchange_time: at(exchange_time),
    }
}

fn candle(open_time: &str, close: &str) -> Candle {
    let close = close.parse().unwrap();
    Candle::new(at(open_time), close, close, close, close, "1".parse().unwrap()).unwrap()
}

/// Candles of one timeframe from a time on, with prices 1, 2, 3, …
fn series(timeframe: Timeframe, from: &str, count: i32) -> Vec<Candle> {
    let time = |index: i32| (at(from) + timeframe.span() * index).to_rfc3339();
    (0..count).map(|index| candle(&time(index), &(index + 1).to_string())).collect()
}

fn times(candles: &[Candle]) -> Vec<String> {
    candles.iter().map(|candle| candle.open_time.format("%m-%dT%H:%M").to_string()).collect()
}

pub fn chart(symbol: &str, timeframe: Timeframe, range: ChartRange) -> CandleQuery {
    CandleQuery { symbol: symbol.to_owned(), timeframe, range: Some(range), from: None, to: None, currency: None }
}

/// The problem of a use case that was refused for its input.
#[track_caller]
fn problem<T: std::fmt::Debug>(refused: Result<T, Error>) -> (ProblemCode, String) {
    match refused {
        Err(Error::Problems(mut problems)) => {
            let problem = problems.remove(0);
            (problem.code, problem.message)
        }
        other => panic!("expected a problem, got {other:?}"),
    }
}

/// A source that answers as it is told to.
#[derive(Debug, Default)]
struct Told {
    fails: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl MarketSource for Told {
    fn name(&self) -> SourceName {
        SourceName::Yahoo
    }

    fn knows(&self, asset: &Asset) -> bool {
        asset.symbol == "AAPL"
    }

    fn refresh_after(&self) -> TimeDelta {
        TimeDelta::seconds(60)
    }

    fn closing_after(&self) -> TimeDelta {
        TimeDelta::minutes(20)
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::H1, Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = |listing: &Listing| match self.fails.load(Ordering::SeqCst) {
            true => Err(SourceError::TimedOut),
            false => Ok(quote(&listing.asset, "200", "2026-03-02T15:00:00Z")),
        };
        listings.iter().map(|listing| (listing.asset.id, answer(listing))).collect()
    }

    async fn candles(&self, _: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(SourceError::Status(503));
        }
        Ok(series(request.timeframe, "2026-02-20T00:00:00Z", 5).into())
    }

    fn health(&self) -> SourceHealth {
        if !self.fails.load(Ordering::SeqCst) {
            return SourceHealth::default();
        }
        SourceHealth {
            breaker: BreakerState::Open,
            last_error: Some("no answer".to_owned()),
            ..SourceHealth::default()
        }
    }
}

both_databases! {
    async fn candles_are_read_as_they_were_put(app: TestDomain) {
        let (domain, apple) = (&app.domain, asset(&app.domain, "AAPL").await);
        let stored = domain.put_candles(&apple, Timeframe::H1, SourceName::Csv, series(Timeframe::H1, "2026-03-02T00:00:00Z", 14)).await;
        // It is noon: the candle of noon has not closed, and the one after has not begun.
        assert_eq!(stored.unwrap(), 12);
        let now = domain.now();
        let read = async |from: Option<&str>, until: &str, limit| {
            times(&domain.closed_candles(&apple, Timeframe::H1, from.map(at), at(until), limit).await.unwrap())
        };
        assert_eq!(read(None, &now.to_rfc3339(), 2).await, ["03-02T10:00", "03-02T11:00"], "the newest, ascending");
        assert_eq!(read(Some("2026-03-02T01:00:00Z"), "2026-03-02T03:30:00Z", 9).await, ["03-02T01:00", "03-02T02:00"]);
        assert_eq!(read(Some("2026-03-02T01:00:00.5Z"), "2026-03-02T03:00:00Z", 9).await, ["03-02T02:00"]);
        assert!(read(Some("2026-03-03T00:00:00Z"), "2026-03-04T00:00:00Z", 9).await.is_empty());
        assert!(read(None, "2026-03-02T00:59:59Z", 9).await.is_empty(), "the first has not closed then");

        // Again, and one of them corrected: there are no more than before.
        let mut again = series(Timeframe::H1, "2026-03-02T00:00:00Z", 12);
        again[11] = candle("2026-03-02T11:00:00Z", "99");
        domain.put_candles(&apple, Timeframe::H1, SourceName::Csv, again).await.unwrap();
        let all = domain.closed_candles(&apple, Timeframe::H1, None, now, 100).await.unwrap();
        assert_eq!((all.len(), all[11].close.to_string()), (12, "99".to_owned()));
        let other = asset(domain, "MSFT").await;
        assert!(domain.closed_candles(&other, Timeframe::H1, None, now, 100).await.unwrap().is_empty());
    }

    async fn larger_candles_are_made_of_smaller_ones_where_they_lack(app: TestDomain) {
        let (domain, apple) = (&app.domain, asset(&app.domain, "AAPL").await);
        domain.put_candles(&apple, Timeframe::H1, SourceName::Csv, series(Timeframe::H1, "2026-03-01T02:00:00Z", 34)).await.unwrap();
        let read = async |timeframe, from: Option<&str>, limit| {
            domain.closed_candles(&apple, timeframe, from.map(at), domain.now(), limit).await.unwrap()
        };
        let four = read(Timeframe::H4, None, 2).await;
        assert_eq!(times(&four), ["03-02T04:00", "03-02T08:00"]);
        assert_eq!((four[1].open.to_string(), four[1].close.to_string(), four[1].volume.to_string()), ("31".into(), "34".into(), "4".into()));
        let days = read(Timeframe::D1, None, 9).await;
        assert_eq!(times(&days), ["03-01T00:00"], "today has not closed");
        assert!(read(Timeframe::D1, Some("2026-03-01T01:00:00Z"), 9).await.is_empty(), "half a day is none");
        assert!(read(Timeframe::M5, None, 9).await.is_empty(), "smaller ones are not made up");
    }

    async fn simulated_prices_never_stand_where_true_ones_are(app: TestDomain) {
        let (domain, apple) = (&app.domain, asset(&app.domain, "AAPL").await);
        let put = async |source, count| {
            domain.put_candles(&apple, Timeframe::D1, source, series(Timeframe::D1, "2026-02-01T00:00:00Z", count)).await.unwrap()
        };
        let stored = async || domain.closed_candles(&apple, Timeframe::D1, None, domain.now(), 99).await.unwrap().len();
        assert_eq!((put(SourceName::Demo, 9).await, stored().await), (9, 9));
        assert_eq!((put(SourceName::Csv, 3).await, stored().await), (3, 3), "true ones alone");
        assert_eq!((put(SourceName::Demo, 9).await, stored().await), (0, 3));

        let price = async || domain.quote_of(&apple).await.unwrap().price.to_string();
        let put = async |source, price, time| {
            domain.put_quotes(source, vec![quote(&apple, price, time)]).await.unwrap().len()
        };
        assert_eq!(put(SourceName::Demo, "1", "2026-03-02T11:00:00Z").await, 1);
        assert_eq!(put(SourceName::Csv, "2", "2026-01-01T00:00:00Z").await, 1, "true, however old");
        assert_eq!(put(SourceName::Demo, "3", "2026-03-02T11:30:00Z").await, 0);
        assert_eq!(price().await, "2");
        assert_eq!(put(SourceName::Yahoo, "4", "2025-12-31T00:00:00Z").await, 0, "older than what is known");
        assert_eq!(put(SourceName::Yahoo, "5", "2026-03-02T10:00:00Z").await, 1);
        assert_eq!(price().await, "5");
    }

    /// Monday, 2 March 2026, 12:00 UTC: New York opens at 14:30, crypto currencies always are.
    async fn a_price_grows_stale_only_while_its_market_is_open(app: TestDomain) {
        let (domain, apple, bitcoin) = (&app.domain, asset(&app.domain, "AAPL").await, asset(&app.domain, "BTC-USD").await);
        let status = domain.market_status(&apple, domain.now());
        assert_eq!((status.is_open, status.next_change), (false, Some(at("2026-03-02T14:30:00Z"))));
        domain.put_quotes(SourceName::Demo, vec![
            quote(&apple, "200", "2026-02-27T21:00:00Z"),
            quote(&bitcoin, "60000", "2026-03-02T11:59:00Z"),
        ]).await.unwrap();
        let stale = async || (domain.quote_of(&apple).await.unwrap().is_stale, domain.quote_of(&bitcoin).await.unwrap().is_stale);
        assert_eq!(stale().await, (false, false), "Friday's close is the price of a Monday morning");
        app.clock.advance(TimeDelta::minutes(30));
        assert_eq!(stale().await, (false, true));
        app.clock.advance(TimeDelta::hours(3));
        assert_eq!(stale().await, (true, true), "it has opened");
        let unknown = domain.quote_of(&*asset(domain, "MSFT").await).await;
        assert!(matches!(unknown, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "{unknown:?}");
    }

    async fn a_source_that_fails_makes_a_price_older_and_no_answer_an_error(app: TestDomain) {
        let source = Arc::new(Told::default());
        let domain = app.another_asking(vec![Arc::clone(&source) as Arc<dyn MarketSource>]).await;
        let trader = app.viewer("a", Role::Trader).await;
        app.clock.advance(TimeDelta::hours(3));
        let price = async || domain.quote(&trader, "aapl", None).await.map(|found| (found.quote.price.to_string(), found.quote.is_stale));
        source.fails.store(true, Ordering::SeqCst);
        assert!(matches!(price().await, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "nothing is known yet");
        source.fails.store(false, Ordering::SeqCst);
        assert_eq!(price().await.unwrap(), ("200".to_owned(), false));
        let asked = source.asked.load(Ordering::SeqCst);
        assert_eq!(price().await.unwrap(), ("200".to_owned(), false));
        assert_eq!(source.asked.load(Ordering::SeqCst), asked, "within the minute it is not asked again");
        source.fails.store(true, Ordering::SeqCst);
        app.clock.advance(TimeDelta::hours(1));
        assert_eq!(price().await.unwrap(), ("200".to_owned(), true));
        let health = domain.source_health(&trader).await.unwrap();
        assert_eq!((health[0].name, health[0].health.breaker), (SourceName::Yahoo, BreakerState::Open));
        let elsewhere = app.another_asking(vec![Arc::new(Told::default())]).await;
        assert_eq!(elsewhere.source_health(&trader).await.unwrap(), health, "also where it was not asked");

        // The same with candles.
        let daily = chart("AAPL", Timeframe::D1, ChartRange::Month);
        let none = domain.candle_series(&trader, &daily).await;
        assert!(matches!(none, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "{none:?}");
        source.fails.store(false, Ordering::SeqCst);
        assert_eq!(domain.candle_series(&trader, &daily).await.unwrap().candles.len(), 5);
        source.fails.store(true, Ordering::SeqCst);
        app.clock.advance(TimeDelta::days(3));
        let found = domain.candle_series(&trader, &daily).await.unwrap();
        assert_eq!((found.candles.len(), found.is_stale, found.source), (5, true, SourceName::Yahoo));
    }

    async fn what_is_not_licensed_for_everybody_is_not_shown_to_everybody(app: TestDomain) {
        let (domain, apple) = (&app.domain, asset(&app.domain, "AAPL").await);
        domain.put_quotes(SourceName::Yahoo, vec![quote(&apple, "200", "2026-02-27T21:00:00Z")]).await.unwrap();
        domain.put_candles(&apple, Timeframe::D1, SourceName::Csv, series(Timeframe::D1, "2026-02-20T00:00:00Z", 5)).await.unwrap();
        let daily = chart("AAPL", Timeframe::D1, ChartRange::Month);
        let anonymous = Viewer::Anonymous;
        for refused in [
            domain.quote(&anonymous, "AAPL", None).await.map(drop),
            domain.quotes(&anonymous, &["AAPL".to_owned()], None).await.map(drop),
            domain.candle_series(&anonymous, &daily).await.map(drop),
            domain.follow_quotes(&anonymous, &["AAPL".to_owned()]).await.map(drop),
        ] {
            assert!(matches!(refused, Err(Error::Fault(Fault::Unauthenticated(_)))), "{refused:?}");
        }
        let trader = app.viewer("b", Role::Trader).await;
        assert!(domain.quote(&trader, "AAPL", None).await.is_ok());
        assert!(domain.candle_series(&trader, &daily).await.is_ok());
        let bitcoin = asset(domain, "BTC-USD").await;
        domain.put_quotes(SourceName::Demo, vec![quote(&bitcoin, "60000", "2026-03-02T12:00:00Z")]).await.unwrap();
        assert!(domain.quote(&anonymous, "BTC-USD", None).await.is_ok(), "simulated prices are nobody's");
    }

    async fn what_cannot_be_asked_is_told(app: TestDomain) {
        let domain = &app.domain;
        let trader = app.viewer("a", Role::Trader).await;
        let (code, message) = problem(domain.quote(&trader, "AAPLE", None).await);
        assert_eq!((code, message.as_str()), (ProblemCode::NotFound, "no asset has the symbol AAPLE; did you mean AAPL?"));
        assert_eq!(problem(domain.quote(&trader, "A B", None).await).0, ProblemCode::Validation);
        assert!(problem(domain.quote(&trader, "AAPL", Some("euros")).await).1.contains("ISO 4217"));
        let many = vec!["AAPL".to_owned(); 101];
        assert!(problem(domain.quotes(&trader, &many, None).await).1.contains("at most 100"));
        let ask = async |range, from: Option<&str>, to: Option<&str>| {
            let daily = chart("AAPL", Timeframe::D1, ChartRange::Year);
            problem(domain.candle_series(&trader, &CandleQuery { range, from: from.map(at), to: to.map(at), ..daily }).await).1
        };
        assert!(ask(None, Some("2026-02-01T00:00:00Z"), Some("2026-01-01T00:00:00Z")).await.contains("before `to`"));
        assert!(ask(None, Some("2026-04-01T00:00:00Z"), None).await.contains("in the past"));
        assert!(ask(Some(ChartRange::Day), Some("2026-02-01T00:00:00Z"), None).await.contains("not both"));
    }

    async fn prices_are_given_in_another_currency_at_a_rate_that_is_named(app: TestDomain) {
        let (domain, trader) = (&app.domain, app.viewer("a", Role::Trader).await);
        let put = async |symbol: &str, price| {
            let asset = asset(domain, symbol).await;
            domain.put_quotes(SourceName::Demo, vec![quote(&asset, price, "2026-03-02T11:58:00Z")]).await.unwrap();
        };
        put("AAPL", "216").await;
        let refused = domain.quote(&trader, "AAPL", Some("EUR")).await;
        assert!(matches!(refused, Err(Error::Fault(Fault::MarketDataUnavailable(_)))), "no rate is known");
        put("EURUSD=X", "1.08").await;
        put("USDMAD=X", "10").await;
        put("ATW.CS", "540").await;
        let euros = domain.quote(&trader, "AAPL", Some("eur")).await.unwrap();
        let rate = euros.rate.unwrap();
        assert_eq!((euros.quote.price.to_string(), euros.quote.currency.as_str()), ("200.00000088".to_owned(), "EUR"));
        assert_eq!((rate.rate.to_string(), rate.source), ("0.92592593".to_owned(), Some(SourceName::Demo)));
        let cross = domain.quote(&trader, "ATW.CS", Some("EUR")).await.unwrap();
        assert_eq!(cross.quote.price.to_string(), "49.9999986", "dirhams through dollars");
        assert_eq!(domain.quote(&trader, "AAPL", Some("USD")).await.unwrap().rate, None);
        assert_eq!(domain.rate("CHF", "CHF").await.unwrap().rate.to_string(), "1");
    }

    async fn only_what_somebody_wants_is_refreshed(app: TestDomain) {
        let clock = Arc::clone(&app.clock) as Arc<dyn bellwether_domain::clock::Clock>;
        let domain = app.another_asking(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(15)))]).await;
        let trader = app.viewer("a", Role::Trader).await;
        let wanted = async || {
            let mut symbols: Vec<String> = domain.wanted_assets().await.unwrap().iter().map(|asset| asset.symbol.clone()).collect();
            symbols.sort();
            symbols
        };
        assert!(wanted().await.is_empty());
        domain.quote(&trader, "BTC-USD", None).await.unwrap();
        let list = domain.create_watchlist(&trader, "mine", &["ETH-USD".to_owned()]).await.unwrap();
        assert_eq!(wanted().await, ["BTC-USD", "ETH-USD"]);
        app.clock.advance(TimeDelta::minutes(61));
        assert_eq!(wanted().await, ["ETH-USD"]);
        domain.delete_watchlist(&trader, list.list.id).await.unwrap();
        assert!(wanted().await.is_empty());
    }

    async fn a_year_of_a_chart_is_there_at_the_first_question(app: TestDomain) {
        let clock = Arc::clone(&app.clock) as Arc<dyn bellwether_domain::clock::Clock>;
        let domain = app.another_asking(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(15)))]).await;
        let year = domain.candle_series(&Viewer::Anonymous, &chart("AAPL", Timeframe::D1, ChartRange::Year)).await.unwrap();
        assert!((245..=262).contains(&year.candles.len()), "{}", year.candles.len());
        assert_eq!((year.source, year.is_stale, year.has_earlier), (SourceName::Demo, false, false));
        assert!(year.candles.windows(2).all(|pair| pair[0].open_time < pair[1].open_time));
        let week = domain.candle_series(&Viewer::Anonymous, &chart("AAPL", Timeframe::W1, ChartRange::Year)).await.unwrap();
        assert_eq!(week.made_of, Timeframe::D1);
        let minutes = domain.candle_series(&Viewer::Anonymous, &chart("BTC-USD", Timeframe::M1, ChartRange::Week)).await.unwrap();
        assert_eq!((minutes.candles.len(), minutes.has_earlier), (5_000, true));
    }

    async fn a_watchlist_is_its_owners_alone(app: TestDomain) {
        let domain = &app.domain;
        let (mine, theirs) = (app.viewer("a", Role::Trader).await, app.viewer("b", Role::Trader).await);
        let names = |symbols: &[&str]| symbols.iter().map(|symbol| (*symbol).to_owned()).collect::<Vec<_>>();
        let list = domain.create_watchlist(&mine, " tech ", &names(&["MSFT", "AAPL", "MSFT"])).await.unwrap();
        let symbols = |list: &bellwether_domain::market::Watchlist| list.assets.iter().map(|asset| asset.symbol.clone()).collect::<Vec<_>>();
        assert_eq!((list.list.name.as_str(), symbols(&list)), ("tech", names(&["MSFT", "AAPL"])));
        let id = list.list.id;
        let list = domain.add_to_watchlist(&mine, id, &names(&["NVDA", "AAPL"])).await.unwrap();
        assert_eq!(symbols(&list), names(&["MSFT", "AAPL", "NVDA"]));
        let list = domain.remove_from_watchlist(&mine, id, &names(&["AAPL", "TSLA"])).await.unwrap();
        assert_eq!(symbols(&list), names(&["MSFT", "NVDA"]));
        assert_eq!(domain.rename_watchlist(&mine, id, "chips").await.unwrap().list.name, "chips");
        assert_eq!(domain.watchlists(&mine).await.unwrap().len(), 1);

        assert!(domain.watchlists(&theirs).await.unwrap().is_empty());
        assert!(domain.watchlist(&theirs, id).await.unwrap().is_none());
        for refused in [
            domain.rename_watchlist(&theirs, id, "x").await.map(drop),
            domain.add_to_watchlist(&theirs, id, &names(&["AAPL"])).await.map(drop),
            domain.remove_from_watchlist(&theirs, id, &names(&["MSFT"])).await.map(drop),
            domain.delete_watchlist(&theirs, id).await,
        ] {
            assert_eq!(problem(refused).0, ProblemCode::NotFound);
        }
        assert_eq!(problem(domain.create_watchlist(&mine, "chips", &[]).await).0, ProblemCode::Conflict);
        assert_eq!(problem(domain.create_watchlist(&mine, "", &[]).await).0, ProblemCode::Validation);
        assert!(problem(domain.create_watchlist(&mine, "x", &names(&["NVDI"])).await).1.contains("NVDA"));
        for number in 1..20 {
            domain.create_watchlist(&mine, &format!("list {number}"), &[]).await.unwrap();
        }
        assert_eq!(problem(domain.create_watchlist(&mine, "one more", &[]).await).0, ProblemCode::LimitExceeded);
        domain.delete_watchlist(&mine, id).await.unwrap();
        assert!(domain.watchlist(&mine, id).await.unwrap().is_none());
    }

    async fn a_database_keeps_no_candle_that_breaks_a_rule(app: TestDomain) {
        let db = app.domain.db();
        let row = "INSERT INTO candles (timeframe, series_id, open_time, open, high, low, close, volume) VALUES ('1d', 1, 0, ";
        for wrong in ["10, 9, 8, 9, 0)", "10, 12, 11, 11, 0)", "0, 12, 0, 11, 0)", "10, 12, 9, 11, -1)"] {
            let statement = Statement::from_string(db.backend(), format!("{row}{wrong}"));
            assert!(db.writer().execute_raw(statement).await.is_err(), "{wrong}");
        }
        let good = Statement::from_string(db.backend(), format!("{row}10, 12, 9, 11, 0)"));
        assert_eq!(db.writer().execute_raw(good).await.unwrap().rows_affected(), 1);
    }
}
