//! The migration of what was traded before it.

use bellwether_domain::paging::PageArgs;
use bellwether_domain::trading::{CloseReason, NewAccount, Side, TradeFilter};
use bellwether_migrations::Migrator;
use bellwether_tests::{TestDomain, both_databases};
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use super::support::*;

/// The watermarks: timeframe and moment, as the database writes them.
async fn watermarks(app: &TestDomain) -> Vec<(String, chrono::DateTime<chrono::Utc>)> {
    let db = app.domain.db();
    let read = "SELECT timeframe, judged_until FROM trading_watermarks ORDER BY timeframe".to_owned();
    let rows = db.writer().query_all_raw(Statement::from_string(db.backend(), read)).await.unwrap();
    let read =
        |row: &sea_orm::QueryResult| (row.try_get("", "timeframe").unwrap(), row.try_get("", "judged_until").unwrap());
    rows.iter().map(read).collect()
}

both_databases! {
    async fn what_was_traded_before_stays_as_it_was(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "MSFT", "99.98", "100").await;
        let small = NewAccount { initial_balance: Some("10000".to_owned()), ..with("USD", 10) };
        let (viewer, leveraged) = opened(&app, small).await;
        open(&app, &viewer, market(&leveraged, Side::Buy, "300", "AAPL")).await;
        let stays = open(&app, &viewer, market(&leveraged, Side::Buy, "100", "MSFT")).await;
        close(&app, &viewer, &stays, Some("40")).await;
        requote(&app, "AAPL", "177", "177.02").await;
        assert_eq!(judge(&app).await, 1);
        let (_, paid_for) = opened(&app, with("USD", 1)).await;
        for (timeframe, until) in [("1h", "16:00"), ("1m", "17:00")] {
            tamper(&app, &leveraged, &format!(
                "INSERT INTO trading_watermarks (asset_id, timeframe, judged_until)
                 SELECT DISTINCT asset_id, '{timeframe}', CAST('2026-03-02T{until}:00+00:00' AS {}) FROM trades
                 WHERE account_id = $1 AND status = 'OPEN'",
                if app.domain.db().backend() == sea_orm::DbBackend::Sqlite { "TEXT" } else { "TIMESTAMPTZ" },
            )).await;
        }
        let balance_before = balance(&app, &viewer, &leveraged).await;

        let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let own = names.iter().position(|name| name == "m20261128_000003_trading").unwrap();
        let steps = u32::try_from(names.len() - own).unwrap();
        Migrator::down(app.domain.db().writer(), Some(steps)).await.unwrap();
        Migrator::up(app.domain.db().writer(), None).await.unwrap();

        let again = app.another().await;
        let open = again.open_trades(&leveraged).await.unwrap();
        assert_eq!((open.len(), open[0].id, open[0].quantity.to_string()), (1, stays.id, "60".to_owned()));
        let closed = again.trade_history(&leveraged, &TradeFilter::default(), &PageArgs::default()).await.unwrap().items;
        assert_eq!(closed.len(), 2);
        assert_eq!(closed.iter().filter(|trade| trade.parent_id == Some(stays.id)).count(), 1);
        // Before there were stop-outs they had no name.
        assert!(closed.iter().all(|trade| trade.close_reason == Some(CloseReason::Manual)));
        for (account, level) in [(&leveraged, 50), (&paid_for, 0)] {
            let account = again.account(&viewer, account.id).await.unwrap().unwrap();
            assert_eq!(account.stop_out_percent, level);
        }
        assert_eq!(balance(&app, &viewer, &leveraged).await, balance_before);
        let report = again.check_ledgers().await.unwrap();
        assert_eq!((report.accounts, report.faults, report.unread), (2, Vec::new(), Vec::new()));
        // Nothing is judged again that was judged: the later of the two counts, for every timeframe.
        let until: chrono::DateTime<chrono::Utc> = "2026-03-02T17:00:00Z".parse().unwrap();
        let expected = ["15m", "1d", "1h", "1m", "4h", "5m"].map(|timeframe| (timeframe.to_owned(), until));
        assert_eq!(watermarks(&app).await, expected);
        // And a stop-out can be written again.
        requote(&app, "MSFT", "40", "40.02").await;
        assert_eq!(again.judge_pending().await.unwrap().moved, 1);
    }
}
