//! What quotes did not show: candles, held against what waited before they opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bellwether_domain::market::{
    Asset, Candle, CandleRequest, Listing, MarketSource, QuoteAnswer, SourceError, SourceHealth, SourceName, Symbol,
    Tidied, Timeframe,
};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::trading::{
    Account, CloseReason, Fill, FillBasis, NewOrder, OrderStatus, Side, Trade, TradeFilter,
};
use bellwether_tests::{TestDomain, both_databases};
use chrono::{DateTime, TimeDelta, Utc};

use super::support::*;
use crate::scheduler::{run, scheduling};

async fn open_trades(app: &TestDomain, account: &Account) -> Vec<Trade> {
    app.domain.open_trades(account).await.unwrap()
}

async fn fill_of(app: &TestDomain, account: &Account, trade: &Trade) -> Fill {
    let mut fills = app.domain.fills_by_id(account, vec![trade.open_fill_id]).await.unwrap();
    fills.remove(&trade.open_fill_id).unwrap()
}

/// A source that has minutes of AAPL, at 180 all the time, and no quotes.
#[derive(Debug, Default)]
struct Minutes(AtomicUsize);

#[async_trait]
impl MarketSource for Minutes {
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
        TimeDelta::zero()
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::M1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        listings.iter().map(|listing| (listing.asset.id, Err(SourceError::TimedOut))).collect()
    }

    async fn candles(&self, _: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let price = "180".parse().unwrap();
        let minutes =
            (0..).map(|minute| request.from + TimeDelta::minutes(minute)).take_while(|at| *at < request.until);
        let candle = |at| Candle::new(at, price, price, price, price, "1".parse().unwrap()).unwrap();
        Ok(minutes.map(candle).collect::<Vec<_>>().into())
    }

    fn health(&self) -> SourceHealth {
        SourceHealth::default()
    }
}

both_databases! {
    async fn hours_stand_in_for_minutes_and_none_that_opened_before_the_order(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let placed = app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap();
        wait_until(&app, "2026-03-02T15:40:00Z");
        // It reached 185, perhaps before the order was there.
        put_candles(&app, "AAPL", Timeframe::H1, &[("2026-03-02T14:30:00Z", [200, 201, 185, 200])]).await;
        assert_eq!(judge(&app).await, 0);
        wait_until(&app, "2026-03-02T16:40:00Z");
        put_candles(&app, "AAPL", Timeframe::H1, &[("2026-03-02T15:30:00Z", [195, 196, 189, 192])]).await;
        assert_eq!((judge(&app).await, judge(&app).await), (1, 0));
        let open = open_trades(&app, &account).await;
        let fill = fill_of(&app, &account, &open[0]).await;
        assert_eq!((fill.order_id, fill.price.to_string()), (placed.order.id, "190".to_owned()));
        // The candle is named: its open, when that was, how long it lasted and who gave it.
        assert_eq!((fill.basis, fill.candle, fill.quote_source.as_str()), (FillBasis::Candle, Some(Timeframe::H1), "csv"));
        assert_eq!((fill.quote_price.to_string(), fill.quote_time), ("195".into(), "2026-03-02T15:30:00Z".parse().unwrap()));
        assert_eq!(fill.quote_age(), TimeDelta::minutes(70));
    }

    async fn a_daily_candle_counts_from_when_its_market_opened(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        // At three in the afternoon the day has begun: what its low was before nobody knows.
        let late = app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap().order;
        // At ten the next morning New York is closed still.
        wait_until(&app, "2026-03-03T10:00:00Z");
        let early = app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "180")).await.unwrap().order;
        wait_until(&app, "2026-03-04T01:00:00Z");
        put_candles(&app, "AAPL", Timeframe::D1, &[("2026-03-02T00:00:00Z", [200, 201, 170, 200])]).await;
        assert_eq!(judge(&app).await, 0);
        put_candles(&app, "AAPL", Timeframe::D1, &[("2026-03-03T00:00:00Z", [195, 196, 179, 192])]).await;
        assert_eq!(judge(&app).await, 2);
        let orders = orders_of(&app, &account).await;
        assert!(orders.iter().all(|order| order.status == OrderStatus::Filled && [late.id, early.id].contains(&order.id)));
    }

    async fn however_long_nobody_looked_the_oldest_candle_counts(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "999", "1000").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        for price in ["900", "800"] {
            app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "BTC-USD", price)).await.unwrap();
        }
        // 2,000 minutes: in the first 900 were reached, in the last 800.
        let asset = app.domain.asset_by_symbol(&Symbol::try_from("BTC-USD").unwrap()).await.unwrap().unwrap();
        let (began, price) = (app.clock_now(), |whole| bellwether_domain::fixed::Price::from_int(whole).unwrap());
        let candle = |minute: i64| {
            let low = match minute { 1 => 890, 2_000 => 790, _ => 950 };
            let at = began + TimeDelta::minutes(minute);
            Candle::new(at, price(1_000), price(1_000), price(low), price(1_000), "1".parse().unwrap()).unwrap()
        };
        let candles: Vec<Candle> = (1..=2_000).map(candle).collect();
        app.clock.advance(TimeDelta::minutes(2_001));
        app.domain.put_candles(&asset, Timeframe::M1, SourceName::Csv, candles).await.unwrap();
        assert_eq!((judge(&app).await, judge(&app).await, judge(&app).await), (1, 1, 0), "1,500 of them at once");
        let mut prices: Vec<String> = open_trades(&app, &account).await.iter().map(|trade| trade.entry_price.to_string()).collect();
        prices.sort();
        assert_eq!(prices, ["800", "900"]);
    }

    async fn a_trade_that_a_candle_opened_is_stopped_by_a_later_one(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let order = NewOrder { stop_loss: Some("180".to_owned()), ..limit(&account, Side::Buy, "1", "AAPL", "190") };
        app.domain.place_order(&viewer, order).await.unwrap();
        wait_until(&app, "2026-03-02T17:40:00Z");
        // Whether it fell to 179 before or after it was bought at 190 the first candle does not say.
        let fell = ("2026-03-02T15:30:00Z", [195, 196, 179, 192]);
        put_candles(&app, "AAPL", Timeframe::H1, &[fell]).await;
        assert_eq!((judge(&app).await, open_trades(&app, &account).await.len()), (1, 1));
        put_candles(&app, "AAPL", Timeframe::H1, &[("2026-03-02T16:30:00Z", [192, 193, 178, 185])]).await;
        assert_eq!((judge(&app).await, open_trades(&app, &account).await.len()), (1, 0));
        let history = app.domain.trade_history(&account, &TradeFilter::default(), &PageArgs::default()).await.unwrap();
        assert_eq!(history.items[0].close_reason, Some(CloseReason::StopLoss));
        assert_eq!(history.items[0].exit_price.unwrap().to_string(), "179.98");
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
    }

    async fn minutes_decide_where_there_are_any(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let order = NewOrder {
            stop_loss: Some("195".to_owned()), take_profit: Some("205".to_owned()), ..market(&account, Side::Buy, "1", "AAPL")
        };
        open(&app, &viewer, order).await;
        wait_until(&app, "2026-03-02T17:00:00Z");
        // By the hour alone it would be the stop: in the minutes the target was reached first.
        put_candles(&app, "AAPL", Timeframe::H1, &[("2026-03-02T15:30:00Z", [200, 206, 194, 195])]).await;
        let minutes = [("2026-03-02T15:40:00Z", [200, 206, 199, 205]), ("2026-03-02T16:10:00Z", [200, 200, 194, 195])];
        put_candles(&app, "AAPL", Timeframe::M1, &minutes).await;
        assert_eq!(judge(&app).await, 1);
        let history = app.domain.trade_history(&account, &TradeFilter::default(), &PageArgs::default()).await.unwrap();
        assert_eq!(history.items[0].close_reason, Some(CloseReason::TakeProfit));
    }

    async fn a_source_is_asked_for_what_nobody_has_stored(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap();
        wait_until(&app, "2026-03-02T16:00:00Z");
        let source = Arc::new(Minutes::default());
        let asking = app.another_asking(vec![Arc::clone(&source) as Arc<dyn MarketSource>]).await;
        let judged = asking.judge_pending().await.unwrap();
        assert_eq!((judged.moved, judged.failed, source.0.load(Ordering::SeqCst)), (1, 0, 1));
        let open = open_trades(&app, &account).await;
        let fill = fill_of(&app, &account, &open[0]).await;
        assert_eq!((fill.candle, fill.quote_source.as_str(), fill.price.to_string()), (Some(Timeframe::M1), "yahoo", "180".into()));
        assert_eq!(fill.quote_time, "2026-03-02T15:00:00Z".parse::<DateTime<Utc>>().unwrap());
        // Once in five minutes, while something waits.
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "100")).await.unwrap();
        for (minutes, asked) in [(4, 1), (2, 2), (1, 2)] {
            app.clock.advance(TimeDelta::minutes(minutes));
            asking.judge_pending().await.unwrap();
            assert_eq!(source.0.load(Ordering::SeqCst), asked);
        }
    }

    async fn one_account_that_fails_stops_nobody_else(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "MSFT", "199.98", "200").await;
        let mut accounts = Vec::new();
        for symbol in ["AAPL", "AAPL", "MSFT"] {
            let (viewer, account) = account(&app, "USD", 1).await;
            app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", symbol, "190")).await.unwrap();
            accounts.push(account);
        }
        tamper(&app, &accounts[0], "DELETE FROM ledger_entries WHERE account_id = $1").await;
        wait_until(&app, "2026-03-02T15:10:00Z");
        for symbol in ["AAPL", "MSFT"] {
            put_candles(&app, symbol, Timeframe::M1, &[("2026-03-02T15:01:00Z", [200, 200, 189, 195])]).await;
        }
        let judged = app.domain.judge_pending().await.unwrap();
        assert_eq!((judged.moved, judged.failed), (2, 1));
        // It is tried again, and nobody else is bothered; nor are the ledgers of others left unchecked.
        let judged = app.domain.judge_pending().await.unwrap();
        assert_eq!((judged.moved, judged.failed), (0, 1));
        let report = app.domain.check_ledgers().await.unwrap();
        assert_eq!((report.accounts, report.fills), (3, 2));
        assert!(report.faults.iter().all(|fault| fault.contains(&accounts[0].number)) && !report.faults.is_empty());
        for account in &accounts[1..] {
            assert_eq!(open_trades(&app, account).await.len(), 1);
        }
        // With its ledger back it is filled by the candle that the others were filled by.
        tamper(&app, &accounts[0],
            "INSERT INTO ledger_entries (account_id, seq, tenant_id, kind, amount, balance_after, margin_after, at)
             SELECT id, 1, tenant_id, 'DEPOSIT', initial_balance, initial_balance, 0, created_at FROM accounts WHERE id = $1").await;
        assert_eq!(judge(&app).await, 1);
    }

    async fn after_an_outage_of_days_what_waits_for_a_rate_loses_nothing(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "999", "1000").await;
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        let (viewer, account) = account(&app, "MAD", 1).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "BTC-USD", "900")).await.unwrap();
        wait_until(&app, "2026-03-04T16:00:00Z");
        put_candles(&app, "BTC-USD", Timeframe::H1, &[("2026-03-02T16:00:00Z", [950, 960, 890, 950])]).await;
        // Nobody has asked for the dirham yet.
        for _ in 0..3 {
            let judged = app.domain.judge_pending().await.unwrap();
            assert_eq!((judged.moved, judged.failed, judged.waiting), (0, 0, 1));
            app.clock.advance(TimeDelta::minutes(1));
        }
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        assert_eq!((judge(&app).await, judge(&app).await), (1, 0));

        // What could not be judged for a day is given up.
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "BTC-USD", "800")).await.unwrap();
        wait_until(&app, "2026-03-05T16:00:00Z");
        put_candles(&app, "BTC-USD", Timeframe::H1, &[("2026-03-04T17:00:00Z", [850, 860, 790, 850])]).await;
        for (hours, waiting) in [(0, 1), (23, 1), (1, 1), (1, 0)] {
            app.clock.advance(TimeDelta::hours(hours));
            let judged = app.domain.judge_pending().await.unwrap();
            assert_eq!((judged.moved, judged.waiting), (0, waiting), "{hours}");
        }
    }

    async fn what_a_long_candle_opened_is_held_against_shorter_ones_that_came_before_it(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let order = NewOrder { take_profit: Some("205".to_owned()), ..limit(&account, Side::Buy, "1", "AAPL", "190") };
        app.domain.place_order(&viewer, order).await.unwrap();
        wait_until(&app, "2026-03-02T17:00:00Z");
        // A minute reaches the target of a trade that only an hour before it, which comes later, opens.
        put_candles(&app, "AAPL", Timeframe::M1, &[("2026-03-02T16:40:00Z", [200, 206, 200, 205])]).await;
        assert_eq!(judge(&app).await, 0);
        put_candles(&app, "AAPL", Timeframe::H1, &[("2026-03-02T15:30:00Z", [195, 196, 189, 192])]).await;
        assert_eq!((judge(&app).await, open_trades(&app, &account).await.len()), (1, 1));
        assert_eq!((judge(&app).await, open_trades(&app, &account).await.len()), (1, 0));
        let history = app.domain.trade_history(&account, &TradeFilter::default(), &PageArgs::default()).await.unwrap();
        assert_eq!(history.items[0].close_reason, Some(CloseReason::TakeProfit));
        assert_eq!(judge(&app).await, 0);
    }

    async fn a_job_does_all_the_rest_and_says_that_something_failed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let mut accounts = Vec::new();
        for _ in 0..2 {
            let (viewer, account) = account(&app, "USD", 1).await;
            open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
            app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap();
            accounts.push(account);
        }
        tamper(&app, &accounts[0], "DELETE FROM ledger_entries WHERE account_id = $1").await;
        wait_until(&app, "2026-03-02T15:10:00Z");
        put_candles(&app, "AAPL", Timeframe::M1, &[("2026-03-02T15:01:00Z", [200, 200, 189, 195])]).await;
        let (_jobs, owner) = (scheduling(&app.domain, "one"), app.viewer("a", Role::Owner).await);
        for (job, says) in [("order_fill", "could not be judged"), ("equity_note", "could not be valued")] {
            let run = run(&app, &owner, job).await;
            assert_eq!(run.status, RunStatus::Failed, "{job}: {run:?}");
            assert!(run.notes.as_deref().is_some_and(|notes| notes.contains(says)), "{run:?}");
        }
        assert_eq!(open_trades(&app, &accounts[1]).await.len(), 2);
        let noted = app.domain.intraday_curve(&accounts[1], app.clock_now()).await.unwrap();
        assert!(noted.iter().any(|point| !point.traded), "its equity is noted: {noted:?}");
    }
}
