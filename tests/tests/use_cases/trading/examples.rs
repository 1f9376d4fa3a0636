//! The worked examples of docs/trading.md, figure by figure. They were computed by hand with decimals beforehand.

use bellwether_domain::Viewer;
use bellwether_domain::market::{Candle, SourceName, Symbol, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::trading::{
    Account, CloseReason, FillBasis, NewAccount, NewOrder, OrderStatus, Side, TradeFilter,
};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;

/// Entry, exit, gross, fees of entry and exit, and the balance afterwards.
async fn round_trip(
    app: &TestDomain,
    (viewer, account): &(Viewer, Account),
    order: NewOrder,
    later: impl AsyncFnOnce(),
) -> [String; 6] {
    let opened = open(app, viewer, order).await;
    later().await;
    let closed = close(app, viewer, &opened, None).await.trade;
    let text = |money: Option<bellwether_domain::fixed::Money>| money.unwrap().to_string();
    [
        closed.entry_price.to_string(),
        closed.exit_price.unwrap().to_string(),
        text(closed.gross_pnl),
        closed.entry_fee.to_string(),
        text(closed.exit_fee),
        balance(app, viewer, account).await,
    ]
}

/// Candles of a minute each: open, high, low, close; the first opens at the next whole minute.
async fn candles(app: &TestDomain, symbol: &str, prices: &[[i64; 4]]) {
    let asset = app.domain.asset_by_symbol(&Symbol::try_from(symbol).unwrap()).await.unwrap().unwrap();
    let price = |whole| bellwether_domain::fixed::Price::from_int(whole).unwrap();
    let mut candles = Vec::new();
    for [open, high, low, close] in prices {
        app.clock.advance(TimeDelta::minutes(1));
        let volume = "1".parse().unwrap();
        candles.push(
            Candle::new(app.clock_now(), price(*open), price(*high), price(*low), price(*close), volume).unwrap(),
        );
    }
    app.clock.advance(TimeDelta::minutes(1));
    app.domain.put_candles(&asset, Timeframe::M1, SourceName::Csv, candles).await.unwrap();
}

both_databases! {
    async fn example_2_a_short_trade_in_dirhams(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        let mine = opened(&app, with("MAD", 1)).await;
        let order = market(&mine.1, Side::Sell, "7", "AAPL");
        let figures = round_trip(&app, &mine, order, async || {
            requote(&app, "AAPL", "190", "190.02").await;
            requote(&app, "USDMAD=X", "10.1", "10.101").await;
        }).await;
        assert_eq!(figures, ["199.96", "190.04", "701.34", "7.04", "6.72", "100687.58"]);
    }

    async fn example_3_a_long_trade_in_yen(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "USDJPY=X", "150.123", "150.13").await;
        let new = NewAccount { initial_balance: Some("10000000".to_owned()), ..with("JPY", 1) };
        let mine = opened(&app, new).await;
        let order = market(&mine.1, Side::Buy, "10", "AAPL");
        let figures = round_trip(&app, &mine, order, async || {
            requote(&app, "AAPL", "210.01", "210.03").await;
            requote(&app, "USDJPY=X", "151.5", "151.51").await;
        }).await;
        assert_eq!(figures, ["200.02", "209.98", "15089", "150", "159", "10014780"]);
    }

    async fn example_4_a_limit_that_is_gapped_through(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "10", "AAPL", "190")).await.unwrap();
        app.domain.place_order(&viewer, stop(&account, Side::Sell, "10", "AAPL", "195")).await.unwrap();
        assert_eq!(judge(&app).await, 0, "it looks for the first time");
        // Nobody looked for three minutes, in the second of which the price gapped from 198 to 185.
        candles(&app, "AAPL", &[[199, 199, 198, 198], [185, 188, 184, 187]]).await;
        assert_eq!(judge(&app).await, 2);
        let mut open = app.domain.open_trades(&account).await.unwrap();
        open.sort_by_key(|trade| trade.side);
        let prices: Vec<_> = open.iter().map(|trade| (trade.side, trade.entry_price.to_string())).collect();
        // The limit at the open, which is better than 190; the stop there too, which is worse than 195, and it slips.
        assert_eq!(prices, [(Side::Buy, "185".to_owned()), (Side::Sell, "184.98".to_owned())]);
        let fills = app.domain.fills_by_id(&account, open.iter().map(|trade| trade.open_fill_id).collect()).await.unwrap();
        assert!(fills.values().all(|fill| fill.basis == FillBasis::Candle && fill.quote_price.to_string() == "185"));
        assert_eq!(judge(&app).await, 0, "and no candle twice");
    }

    async fn example_5_a_candle_that_touches_stop_and_target(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let order = NewOrder {
            stop_loss: Some("195".to_owned()), take_profit: Some("205".to_owned()),
            ..market(&account, Side::Buy, "10", "AAPL")
        };
        open(&app, &viewer, order).await;
        judge(&app).await;
        candles(&app, "AAPL", &[[200, 206, 194, 205]]).await;
        assert_eq!(judge(&app).await, 1);
        let history = app.domain.trade_history(&account, &TradeFilter::default(), &PageArgs::default()).await.unwrap();
        let closed = &history.items[0];
        assert_eq!(closed.close_reason, Some(CloseReason::StopLoss));
        assert_eq!(closed.exit_price.unwrap().to_string(), "194.98");
        let orders = orders_of(&app, &account).await;
        assert!(orders.iter().all(|order| order.status == OrderStatus::Filled));
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
    }
}
