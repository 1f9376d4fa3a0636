//! The same work in plain SQL: what an order and a closing write, one transaction each, and one aggregate query.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use bellwether_domain::Viewer;
use bellwether_domain::ids::Id;
use bellwether_domain::market::Symbol;
use bellwether_domain::trading::Account;
use bellwether_tests::TestDomain;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{CLIENTS, TURN};

/// Entries that the ledgers of this run have, so that none comes twice.
static SEQ: AtomicI64 = AtomicI64::new(1_000_000);

/// Orders and closings a second.
pub async fn per_second(app: &Arc<TestDomain>, accounts: &Arc<Vec<(Viewer, Account)>>, count: usize) -> f64 {
    let asset = app.domain.asset_by_symbol(&Symbol::try_from("BTC-USD").unwrap()).await.unwrap().unwrap().id.uuid();
    let done = Arc::new(AtomicU64::new(0));
    // As ours: who waits for SQLite's one writer waits without a limit of time.
    let turn = Arc::new(Mutex::new(()));
    let is_sqlite = app.domain.db().backend() == sea_orm::DbBackend::Sqlite;
    let (start, mut tasks) = (Instant::now(), JoinSet::new());
    for client in 0..CLIENTS {
        let (app, accounts, done, turn) = (Arc::clone(app), Arc::clone(accounts), Arc::clone(&done), Arc::clone(&turn));
        tasks.spawn(async move {
            let mut place = client;
            while start.elapsed() < TURN {
                let account = &accounts[place % count].1;
                place += CLIENTS;
                let work = Work { account, asset, at: app.domain.now() };
                let held = if is_sqlite { Some(turn.lock().await) } else { None };
                let (fill, trade) = work.order(&app).await;
                drop(held);
                let held = if is_sqlite { Some(turn.lock().await) } else { None };
                work.closing(&app, fill, trade).await;
                drop(held);
                done.fetch_add(2, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    // What was written here is no order of anybody's.
    for sql in ["DELETE FROM ledger_entries WHERE seq >= 1000000", "DELETE FROM trades WHERE margin = 7777"] {
        app.domain.db().writer().execute_unprepared(sql).await.unwrap();
    }
    rate
}

struct Work<'a> {
    account: &'a Account,
    asset: Uuid,
    at: chrono::DateTime<chrono::Utc>,
}

impl Work<'_> {
    /// What an order writes; its fill and trade.
    async fn order(&self, app: &TestDomain) -> (Uuid, Uuid) {
        let (order, fill, trade) = (Uuid::now(), Uuid::now(), Uuid::now());
        let tx = begin(app).await;
        self.both(&tx, order, fill, "BUY").await;
        let values = [trade.into(), self.tenant(), self.id(), self.asset.into(), fill.into(), self.at.into()];
        run(
            &tx,
            "INSERT INTO trades (id, tenant_id, account_id, asset_id, side, quantity, entry_price, entry_fee, margin, notional,
                status, open_fill_id, opened_at)
            VALUES ($1, $2, $3, $4, 'BUY', 1000000, 100000000000, 50, 7777, 7777, 'OPEN', $5, $6)",
            values,
        )
        .await;
        self.entry(&tx, fill, trade, "FEE", -50).await;
        self.point(&tx).await;
        tx.commit().await.unwrap();
        (fill, trade)
    }

    /// What its closing writes.
    async fn closing(&self, app: &TestDomain, _: Uuid, trade: Uuid) {
        let (order, fill) = (Uuid::now(), Uuid::now());
        let tx = begin(app).await;
        self.both(&tx, order, fill, "SELL").await;
        let values = [trade.into(), fill.into(), self.at.into()];
        run(
            &tx,
            "UPDATE trades SET status = 'CLOSED', close_fill_id = $2, exit_price = 100000000000, exit_fee = 50,
            gross_pnl = 0, realized_pnl = -100, close_reason = 'MANUAL', closed_at = $3 WHERE id = $1",
            values,
        )
        .await;
        self.entry(&tx, fill, trade, "REALIZED_PNL", 0).await;
        self.entry(&tx, fill, trade, "FEE", -50).await;
        self.point(&tx).await;
        tx.commit().await.unwrap();
    }

    /// The account's version, an order and its fill.
    async fn both(&self, tx: &DatabaseTransaction, order: Uuid, fill: Uuid, side: &str) {
        run(
            tx,
            "UPDATE accounts SET version = version + 1, updated_at = $2 WHERE id = $1",
            [self.id(), self.at.into()],
        )
        .await;
        let values = [order.into(), self.tenant(), self.id(), self.asset.into(), side.into(), self.at.into()];
        run(tx, "INSERT INTO orders (id, tenant_id, account_id, account_version, asset_id, side, order_type, quantity, status,
                created_at, done_at)
            VALUES ($1, $2, $3, 1, $4, $5, 'MARKET', 1000000, 'FILLED', $6, $6)", values).await;
        let values =
            [fill.into(), self.tenant(), self.id(), order.into(), self.asset.into(), side.into(), self.at.into()];
        run(
            tx,
            "INSERT INTO fills (id, tenant_id, account_id, account_version, order_id, asset_id, side, quantity, price,
                reference_price, basis, quote_price, quote_time, quote_source, rate, fee, filled_at)
            VALUES ($1, $2, $3, 1, $4, $5, $6, 1000000, 100000000000, 100000000000, 'QUOTE', 100000000000, $7, 'csv',
                100000000, 50, $7)",
            values,
        )
        .await;
    }

    async fn entry(&self, tx: &DatabaseTransaction, fill: Uuid, trade: Uuid, kind: &str, amount: i64) {
        let seq = SEQ.fetch_add(1, Ordering::Relaxed);
        let (fill, trade) = (fill.into(), trade.into());
        let values = [self.id(), seq.into(), self.tenant(), kind.into(), amount.into(), fill, trade, self.at.into()];
        run(tx, "INSERT INTO ledger_entries (account_id, seq, tenant_id, kind, amount, balance_after, margin_after, fill_id,
                trade_id, at)
            VALUES ($1, $2, $3, $4, $5, 1000000, 0, $6, $7, $8)", values).await;
    }

    async fn point(&self, tx: &DatabaseTransaction) {
        let values = [Uuid::now().into(), self.tenant(), self.id(), self.at.into()];
        run(
            tx,
            "INSERT INTO equity_points (id, tenant_id, account_id, day, at, version, balance, equity, traded)
            VALUES ($1, $2, $3, '2026-03-02', $4, 1, 1000000, 1000000, TRUE)",
            values,
        )
        .await;
    }

    fn id(&self) -> Value {
        self.account.id.uuid().into()
    }

    fn tenant(&self) -> Value {
        self.account.tenant_id.uuid().into()
    }
}

/// A UUIDv7 of a counter: what it costs to make one is no part of the comparison.
trait Now {
    fn now() -> Self;
}

impl Now for Uuid {
    fn now() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000_u128 | u128::from(count))
    }
}

async fn begin(app: &TestDomain) -> DatabaseTransaction {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
    // PostgreSQL's connections for writing are serializable, and these writes are not made again where they lose.
    let db = app.domain.db();
    let pool = if db.backend() == sea_orm::DbBackend::Sqlite { db.writer() } else { db.reader() };
    #[expect(clippy::disallowed_methods, reason = "plain SQL is what this is")]
    pool.begin_with_options(options).await.unwrap()
}

async fn run<const N: usize>(tx: &DatabaseTransaction, sql: &str, values: [Value; N]) {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.unwrap();
}

/// One aggregate over the closed trades of an account; how many there are.
pub async fn aggregate(app: &TestDomain, account: &Account) -> i64 {
    let db = app.domain.db();
    let sql =
        "SELECT COUNT(*) AS count, COUNT(CASE WHEN realized_pnl > 0 THEN 1 END) AS wins, MAX(realized_pnl) AS best,
            MIN(realized_pnl) AS worst, CAST(SUM(realized_pnl) AS BIGINT) AS sum
        FROM trades WHERE account_id = $1 AND status = 'CLOSED'";
    let statement = Statement::from_sql_and_values(db.backend(), sql, [account.id.uuid().into()]);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "count").unwrap()
}
