//! What is measured on.

use std::sync::Arc;

use bellwether_domain::ids::Id;
use bellwether_domain::market::{NewQuote, Quote, SourceName, Symbol};
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{Account, CloseTrade, NewAccount, NewOrder, OrderType};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Viewer};
use bellwether_tests::TestDomain;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Says what bitcoin costs.
pub async fn quote(domain: &Domain, price: &str) -> Vec<Arc<Quote>> {
    let asset = domain.asset_by_symbol(&Symbol::try_from("BTC-USD").unwrap()).await.unwrap().unwrap();
    let (price, exchange_time) = (price.parse().unwrap(), domain.now());
    let quote = NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time };
    domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap()
}

/// Accounts of several traders: one may have twenty.
pub async fn accounts(app: &TestDomain, count: usize) -> Vec<(Viewer, Account)> {
    let mut accounts = Vec::new();
    for tenant in ["a", "b"] {
        for role in [Role::Trader, Role::Seller, Role::Admin] {
            let viewer = app.viewer(tenant, role).await;
            for _ in 0..count.div_ceil(6).min(20) {
                let new = NewAccount { initial_balance: Some("10000000".to_owned()), ..NewAccount::default() };
                let account = app.domain.open_account(&viewer, new, &ClientInfo::default()).await.unwrap();
                accounts.push((viewer.clone(), account));
            }
        }
    }
    accounts.truncate(count);
    accounts
}

/// Gives an account 10,000 closed trades, and 20,000 points of equity on 400 days: copies of one with small changes.
pub async fn many_trades(app: &TestDomain, account: &Account) {
    let viewer = app.viewer("a", Role::Trader).await;
    let placed = app.domain.place_order(&viewer, super::order(account)).await.unwrap();
    let close = CloseTrade { trade_id: placed.trade.unwrap().id, quantity: None, client_order_id: None };
    let closed = app.domain.close_trade(&viewer, close).await.unwrap().trade;
    let (id, seconds, date) = match app.domain.db().backend() {
        DbBackend::Sqlite => ("randomblob(16)", "closed_at", "date('2025-01-01', '+' || (n / 50) || ' days')"),
        _ => (
            "gen_random_uuid()",
            "closed_at + n * interval '1 second'",
            "to_char(date '2025-01-01' + (n / 50), 'YYYY-MM-DD')",
        ),
    };
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ";
    let trades = format!(
        "INSERT INTO trades (id, tenant_id, account_id, asset_id, side, quantity, entry_price, entry_fee, margin, notional, status,
            open_fill_id, opened_at, close_fill_id, exit_price, exit_fee, gross_pnl, realized_pnl, close_reason, closed_at)
         {numbers} 9999)
         SELECT {id}, tenant_id, account_id, asset_id, side, quantity, entry_price, entry_fee, margin, notional, status, open_fill_id,
            opened_at, close_fill_id, exit_price, exit_fee, gross, gross - entry_fee - exit_fee, close_reason, {seconds}
         FROM (SELECT trades.*, n, ((n * 7919) % 200001 - 90000) AS gross FROM trades, numbers WHERE trades.id = $1) AS t"
    );
    run(app, &trades, closed.id.uuid().into()).await;
    let points = format!(
        "INSERT INTO equity_points (id, tenant_id, account_id, day, at, version, balance, equity, traded)
         {numbers} 19999)
         SELECT {id}, tenant_id, id, {date}, created_at, n + 1, initial_balance, initial_balance + (n * 7919) % 2000001, n % 2 = 0
         FROM accounts, numbers WHERE accounts.id = $1"
    );
    run(app, &points, account.id.uuid().into()).await;
    app.domain.db().writer().execute_unprepared("ANALYZE").await.unwrap();
}

/// Gives 100 accounts 100 pending orders each, of which one waits for 600 and the others for less than 100.
pub async fn many_pending(app: &TestDomain, accounts: &[(Viewer, Account)]) {
    let id = if app.domain.db().backend() == DbBackend::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
    for (viewer, account) in accounts {
        let limit = |price: &str| NewOrder {
            order_type: OrderType::Limit,
            limit_price: Some(price.to_owned()),
            ..super::order(account)
        };
        app.domain.place_order(viewer, limit("600")).await.unwrap();
        let order = app.domain.place_order(viewer, limit("50")).await.unwrap().order;
        let copies = format!(
            "INSERT INTO orders (id, tenant_id, account_id, account_version, asset_id, side, order_type, quantity,
                limit_price, status, created_at)
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 98)
             SELECT {id}, tenant_id, account_id, account_version, asset_id, side, order_type, quantity,
                limit_price + n * CAST(25000000 AS BIGINT), status, created_at
             FROM orders, numbers WHERE orders.id = $1"
        );
        run(app, &copies, order.id.uuid().into()).await;
    }
    app.domain.db().writer().execute_unprepared("ANALYZE").await.unwrap();
}

async fn run(app: &TestDomain, sql: &str, id: sea_orm::Value) {
    let db = app.domain.db();
    db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, [id])).await.unwrap();
}
