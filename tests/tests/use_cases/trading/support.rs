//! What tests of trading stand on: an open market, prices put by hand, and an account.

use bellwether_domain::fixed::Price;
use bellwether_domain::ids::Id;
use bellwether_domain::market::{Candle, NewQuote, SourceName, Symbol, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{
    Account, CloseTrade, ClosedTrade, LedgerEntry, NewAccount, NewOrder, Order, OrderType, Placed, Side, Trade,
};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Error, ProblemCode, Result, Viewer};
use bellwether_tests::TestDomain;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};

/// Moves the tests' clock to a Monday on which New York and Casablanca trade.
pub fn open_market(app: &TestDomain) {
    let open = "2026-03-02T15:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    app.clock.advance(open - app.clock_now());
}

/// Says what an asset is bid and asked at just now.
pub async fn quote(domain: &Domain, symbol: &str, bid: &str, ask: &str) {
    let asset = domain.asset_by_symbol(&Symbol::try_from(symbol).unwrap()).await.unwrap().unwrap();
    let quote = NewQuote {
        asset_id: asset.id,
        price: bid.parse().unwrap(),
        bid: Some(bid.parse().unwrap()),
        ask: Some(ask.parse().unwrap()),
        previous_close: None,
        exchange_time: domain.now(),
    };
    assert_eq!(domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap().len(), 1);
}

/// The same a moment later, which a newer quote needs.
pub async fn requote(app: &TestDomain, symbol: &str, bid: &str, ask: &str) {
    app.clock.advance(TimeDelta::seconds(1));
    quote(&app.domain, symbol, bid, ask).await;
}

/// A trader with an account of 100,000 in a currency, at a leverage, without fees.
pub async fn account(app: &TestDomain, currency: &str, leverage: i32) -> (Viewer, Account) {
    let free = NewAccount { fee_percent: Some("0".to_owned()), ..with(currency, leverage) };
    opened(app, free).await
}

/// What such an account is asked for with, with the usual fees.
pub fn with(currency: &str, leverage: i32) -> NewAccount {
    NewAccount { currency: Some(currency.to_owned()), leverage: Some(leverage), ..NewAccount::default() }
}

/// Opens an account as the trader of tenant `a`.
pub async fn opened(app: &TestDomain, new: NewAccount) -> (Viewer, Account) {
    let viewer = app.viewer("a", Role::Trader).await;
    let account = app.domain.open_account(&viewer, new, &ClientInfo::default()).await.unwrap();
    (viewer, account)
}

/// A market order.
pub fn market(account: &Account, side: Side, quantity: &str, symbol: &str) -> NewOrder {
    NewOrder {
        account_id: account.id,
        symbol: symbol.to_owned(),
        side,
        quantity: quantity.to_owned(),
        order_type: OrderType::Market,
        limit_price: None,
        stop_price: None,
        stop_loss: None,
        take_profit: None,
        client_order_id: None,
        signal_id: None,
    }
}

/// A limit order.
pub fn limit(account: &Account, side: Side, quantity: &str, symbol: &str, price: &str) -> NewOrder {
    let limit_price = Some(price.to_owned());
    NewOrder { order_type: OrderType::Limit, limit_price, ..market(account, side, quantity, symbol) }
}

/// A stop order.
pub fn stop(account: &Account, side: Side, quantity: &str, symbol: &str, price: &str) -> NewOrder {
    let stop_price = Some(price.to_owned());
    NewOrder { order_type: OrderType::Stop, stop_price, ..market(account, side, quantity, symbol) }
}

/// Buys or sells at the market; the trade that it opened.
pub async fn open(app: &TestDomain, viewer: &Viewer, order: NewOrder) -> Trade {
    let placed = app.domain.place_order(viewer, order).await.unwrap();
    let refusal = placed.order.refusal();
    placed.trade.unwrap_or_else(|| panic!("{refusal:?}"))
}

/// Closes a trade, or some of it.
pub async fn close(app: &TestDomain, viewer: &Viewer, trade: &Trade, quantity: Option<&str>) -> ClosedTrade {
    let close = closing(trade, quantity);
    app.domain.close_trade(viewer, close).await.unwrap()
}

/// A trade to be closed.
pub fn closing(trade: &Trade, quantity: Option<&str>) -> CloseTrade {
    CloseTrade { trade_id: trade.id, quantity: quantity.map(str::to_owned), client_order_id: None }
}

/// The code and path of the only problem.
pub fn problem<T: std::fmt::Debug>(answer: Result<T>) -> (ProblemCode, String) {
    match answer.unwrap_err() {
        Error::Problems(problems) if problems.len() == 1 => (problems[0].code, problems[0].path[1..].join(".")),
        other => panic!("{other}"),
    }
}

/// Why an order was refused.
pub fn refused(placed: &Placed) -> ProblemCode {
    assert!(placed.trade.is_none());
    placed.order.refusal().unwrap_or_else(|| panic!("{:?}", placed.order)).code
}

/// Holds what happened since the last look against everything that waits; how many orders and trades it moved. Nothing
/// may fail.
pub async fn judge(app: &TestDomain) -> u64 {
    let judged = app.domain.judge_pending().await.unwrap();
    assert_eq!(judged.failed, 0);
    judged.moved
}

/// Puts candles that opened at these times: open, high, low, close.
pub async fn put_candles(app: &TestDomain, symbol: &str, timeframe: Timeframe, candles: &[(&str, [i64; 4])]) {
    let asset = app.domain.asset_by_symbol(&Symbol::try_from(symbol).unwrap()).await.unwrap().unwrap();
    let price = |whole| Price::from_int(whole).unwrap();
    let candle = |(at, [open, high, low, close]): &(&str, [i64; 4])| {
        let (open, high, low, close) = (price(*open), price(*high), price(*low), price(*close));
        Candle::new(at.parse().unwrap(), open, high, low, close, "1".parse().unwrap()).unwrap()
    };
    let candles: Vec<Candle> = candles.iter().map(candle).collect();
    app.domain.put_candles(&asset, timeframe, SourceName::Csv, candles).await.unwrap();
}

/// Moves the tests' clock on to a moment.
pub fn wait_until(app: &TestDomain, moment: &str) {
    app.clock.advance(moment.parse::<chrono::DateTime<chrono::Utc>>().unwrap() - app.clock_now());
}

/// Runs a statement in the database as somebody who got in there would, on the rows of an account (`$1`).
pub async fn tamper(app: &TestDomain, account: &Account, sql: &str) {
    let db = app.domain.db();
    let statement = Statement::from_sql_and_values(db.backend(), sql, [account.id.uuid().into()]);
    db.writer().execute_raw(statement).await.unwrap();
}

/// What the account has.
pub async fn balance(app: &TestDomain, viewer: &Viewer, account: &Account) -> String {
    let account = app.domain.account(viewer, account.id).await.unwrap().unwrap();
    app.domain.standing(&account).await.unwrap().balance.to_string()
}

/// The whole ledger, the first entry first.
pub async fn ledger_of(app: &TestDomain, account: &Account) -> Vec<LedgerEntry> {
    let (mut entries, mut before) = (Vec::new(), None);
    loop {
        let args = PageArgs { last: Some(100), before, ..PageArgs::default() };
        let mut page = app.domain.ledger_page(account, &args).await.unwrap();
        before = page.items.first().map(LedgerEntry::cursor);
        page.items.reverse();
        entries.extend(page.items);
        if !page.has_previous {
            return entries;
        }
    }
}

/// Up to a hundred orders, the first first.
pub async fn orders_of(app: &TestDomain, account: &Account) -> Vec<Order> {
    let args = PageArgs { last: Some(100), ..PageArgs::default() };
    let mut page = app.domain.orders_page(account, None, &args).await.unwrap();
    page.items.reverse();
    page.items
}
