//! Checking ledgers: whatever somebody changes behind them is found, whichever way round.

use bellwether_domain::trading::Side;
use bellwether_tests::{TestDomain, both_databases};

use super::support::*;

/// Puts a table aside, or back as it was.
async fn keep(app: &TestDomain, table: &str) {
    let db = app.domain.db().writer();
    sea_orm::ConnectionTrait::execute_unprepared(db, &format!("CREATE TABLE kept AS SELECT * FROM {table}"))
        .await
        .unwrap();
}

async fn put_back(app: &TestDomain, table: &str) {
    let db = app.domain.db().writer();
    for sql in [
        format!("DELETE FROM {table}"),
        format!("INSERT INTO {table} SELECT * FROM kept"),
        "DROP TABLE kept".to_owned(),
    ] {
        sea_orm::ConnectionTrait::execute_unprepared(db, &sql).await.unwrap();
    }
}

both_databases! {
    async fn whatever_is_changed_in_a_ledger_is_found(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 1)).await;
        let first = open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        open(&app, &viewer, market(&account, Side::Sell, "3", "AAPL")).await;
        close(&app, &viewer, &first, Some("4")).await;
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
        // 1 the deposit, 2 and 3 the fees of opening, 4 the gain of the part, 5 its fee.
        for (harm, says) in [
            ("DELETE FROM ledger_entries WHERE account_id = $1 AND seq = 5", "the fee of fil_"),
            ("DELETE FROM ledger_entries WHERE account_id = $1 AND seq >= 4", "the gain of trd_"),
            ("DELETE FROM ledger_entries WHERE account_id = $1 AND seq = 2", "entry 2 is missing"),
            ("DELETE FROM ledger_entries WHERE account_id = $1", "the first entry is not the initial balance"),
            ("UPDATE ledger_entries SET seq = 9 WHERE account_id = $1 AND seq = 5", "entry 5 is missing"),
            ("UPDATE ledger_entries SET amount = amount - 1 WHERE account_id = $1 AND seq = 3", "its sum is"),
            ("UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE account_id = $1 AND seq = 5", "its sum is"),
            ("UPDATE ledger_entries SET amount = amount + 7, balance_after = balance_after + 7 WHERE account_id = $1 AND seq = 5",
                "was booked"),
            ("UPDATE ledger_entries SET fill_id = (SELECT l.fill_id FROM ledger_entries l WHERE l.seq = 3) WHERE account_id = $1 AND seq = 5",
                "is in the ledger twice"),
            ("UPDATE ledger_entries SET trade_id = (SELECT l.trade_id FROM ledger_entries l WHERE l.seq = 3) WHERE account_id = $1 AND seq = 5",
                "is booked for another trade"),
            ("UPDATE ledger_entries SET trade_id = (SELECT l.trade_id FROM ledger_entries l WHERE l.seq = 3) WHERE account_id = $1 AND seq = 4",
                "is booked for another trade"),
            ("INSERT INTO ledger_entries (account_id, seq, tenant_id, kind, amount, balance_after, margin_after, at)
                SELECT account_id, 6, tenant_id, 'ADJUSTMENT', 100, balance_after + 100, 0, at FROM ledger_entries
                WHERE account_id = $1 AND seq = 5", "entry 6 is of the kind ADJUSTMENT, and nothing"),
            ("INSERT INTO ledger_entries (account_id, seq, tenant_id, kind, amount, balance_after, margin_after, at)
                SELECT account_id, 6, tenant_id, 'DEPOSIT', 100, balance_after + 100, 0, at FROM ledger_entries
                WHERE account_id = $1 AND seq = 5", "entry 6 is of the kind DEPOSIT, and nothing"),
            ("INSERT INTO ledger_entries (account_id, seq, tenant_id, kind, amount, balance_after, margin_after, fill_id, trade_id, at)
                SELECT account_id, 6, tenant_id, 'REALIZED_PNL', 100, balance_after + 100, 0,
                    (SELECT l.fill_id FROM ledger_entries l WHERE l.seq = 2), trade_id, at FROM ledger_entries
                WHERE account_id = $1 AND seq = 5", "which gained nothing"),
        ] {
            keep(&app, "ledger_entries").await;
            tamper(&app, &account, harm).await;
            let faults = app.domain.check_ledgers().await.unwrap().faults;
            assert!(faults.iter().any(|fault| fault.contains(says)), "{harm}: {faults:?}");
            put_back(&app, "ledger_entries").await;
        }
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
    }

    async fn whatever_is_changed_behind_a_ledger_is_found(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 1)).await;
        let first = open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        close(&app, &viewer, &first, Some("4")).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap();
        for (harm, mend, says) in [
            ("UPDATE accounts SET initial_balance = initial_balance + 1 WHERE id = $1",
                "UPDATE accounts SET initial_balance = initial_balance - 1 WHERE id = $1", "not the initial balance"),
            ("UPDATE fills SET price = price + 1000000 WHERE account_id = $1 AND side = 'SELL'",
                "UPDATE fills SET price = price - 1000000 WHERE account_id = $1 AND side = 'SELL'", "should be"),
            ("UPDATE fills SET fee = fee + 1 WHERE account_id = $1 AND side = 'BUY'",
                "UPDATE fills SET fee = fee - 1 WHERE account_id = $1 AND side = 'BUY'", "the fee of"),
            ("UPDATE fills SET rate = rate * 2 WHERE account_id = $1 AND side = 'SELL'",
                "UPDATE fills SET rate = rate / 2 WHERE account_id = $1 AND side = 'SELL'", "the gain of"),
            ("UPDATE fills SET quantity = quantity + 1 WHERE account_id = $1 AND side = 'SELL'",
                "UPDATE fills SET quantity = quantity - 1 WHERE account_id = $1 AND side = 'SELL'", "asked for"),
            ("UPDATE trades SET quantity = quantity + 1 WHERE account_id = $1 AND status = 'OPEN'",
                "UPDATE trades SET quantity = quantity - 1 WHERE account_id = $1 AND status = 'OPEN'", "not as much"),
            ("UPDATE trades SET exit_price = exit_price + 1 WHERE account_id = $1 AND status = 'CLOSED'",
                "UPDATE trades SET exit_price = exit_price - 1 WHERE account_id = $1 AND status = 'CLOSED'", "its fills made it"),
            ("UPDATE trades SET gross_pnl = gross_pnl + 5, realized_pnl = realized_pnl + 5 WHERE account_id = $1 AND status = 'CLOSED'",
                "UPDATE trades SET gross_pnl = gross_pnl - 5, realized_pnl = realized_pnl - 5 WHERE account_id = $1 AND status = 'CLOSED'",
                "deposit and trades make"),
            // What gained 5 more would have to have paid 5 more: the balance adds up, and its fills say otherwise.
            ("UPDATE trades SET gross_pnl = gross_pnl + 5, exit_fee = exit_fee + 5 WHERE account_id = $1 AND status = 'CLOSED'",
                "UPDATE trades SET gross_pnl = gross_pnl - 5, exit_fee = exit_fee - 5 WHERE account_id = $1 AND status = 'CLOSED'",
                "its fills made it"),
            ("UPDATE orders SET status = 'CANCELLED' WHERE account_id = $1 AND status = 'FILLED' AND side = 'SELL'",
                "UPDATE orders SET status = 'FILLED' WHERE account_id = $1 AND status = 'CANCELLED'", "asked for"),
            ("UPDATE orders SET status = 'FILLED', done_at = created_at WHERE account_id = $1 AND status = 'PENDING'",
                "UPDATE orders SET status = 'PENDING', done_at = NULL WHERE account_id = $1 AND order_type = 'LIMIT'", "has no fill"),
        ] {
            tamper(&app, &account, harm).await;
            let faults = app.domain.check_ledgers().await.unwrap().faults;
            assert!(faults.iter().any(|fault| fault.contains(says)), "{harm}: {faults:?}");
            tamper(&app, &account, mend).await;
        }
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
    }
}
