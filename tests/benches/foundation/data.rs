//! A database with a million signals, the server before it, and the bare pools beside it.

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, Client, TestApp};
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};
use uuid::Uuid;

/// Everything a measurement needs.
pub struct Bench {
    /// The server.
    pub app: TestApp,
    /// An admin that is signed in.
    pub client: Client,
    /// The bare pools.
    pub bare: Bare,
    /// The admin's tenant.
    pub tenant: Uuid,
    /// The admin.
    pub user: Uuid,
    /// Apple.
    pub asset: Uuid,
}

/// sqlx without anything of ours.
#[derive(Clone)]
pub enum Bare {
    /// Readers, and the one writer.
    Sqlite(SqlitePool, SqlitePool),
    /// One pool.
    Postgres(PgPool),
}

/// As many signals as are wanted, made by the database itself: hours back from now over 20 assets.
const FILL_SQLITE: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1),
    a AS (SELECT id, row_number() OVER (ORDER BY symbol) - 1 AS place FROM assets)
    INSERT INTO signals (id, tenant_id, sequence, idempotency_key, author_id, audience, asset_id, timeframe, mode,
        signal_time, direction, confidence, entry, reasons, source, created_at, updated_at)
    SELECT randomblob(16), $2, i, randomblob(32), $3, 'TENANT', a.id,
        CASE i % 3 WHEN 0 THEN '15m' WHEN 1 THEN '1h' ELSE '1d' END, 'INTRADAY',
        strftime('%Y-%m-%dT%H:%M:%S+00:00', 1700000000 + i * 37, 'unixepoch'), 'BUY', i % 101, 18950000000,
        '[{\"indicator\":\"RSI\",\"value\":\"27.4\",\"says\":\"oversold\"}]', 'SEED',
        '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00'
    FROM n JOIN a ON a.place = i % 20";
const FILL_POSTGRES: &str = "
    INSERT INTO signals (id, tenant_id, sequence, idempotency_key, author_id, audience, asset_id, timeframe, mode,
        signal_time, direction, confidence, entry, reasons, source, created_at, updated_at)
    SELECT gen_random_uuid(), $2, i, sha256(i::text::bytea), $3, 'TENANT', a.id,
        CASE i % 3 WHEN 0 THEN '15m' WHEN 1 THEN '1h' ELSE '1d' END, 'INTRADAY',
        to_timestamp(1700000000 + i * 37), 'BUY', i % 101, 18950000000,
        '[{\"indicator\":\"RSI\",\"value\":\"27.4\",\"says\":\"oversold\"}]', 'SEED',
        '2026-01-01', '2026-01-01'
    FROM generate_series(1, $1) AS i
    JOIN (SELECT id, row_number() OVER (ORDER BY symbol) - 1 AS place FROM assets) a ON a.place = i % 20";

impl Bench {
    /// Makes one; none where there is no PostgreSQL.
    pub async fn start(backend: Backend, signals: u32) -> Option<Self> {
        let app = TestApp::start(backend).await?;
        let client = app.sign_in("a", Role::Admin).await;
        let db = app.domain.db();
        let fill = if backend == Backend::Sqlite { FILL_SQLITE } else { FILL_POSTGRES };
        let viewer = app.domain.authenticate(client.token.as_deref().unwrap()).await.unwrap();
        let member = viewer.member().unwrap();
        use bellwether_domain::ids::Id;
        let (tenant, user) = (member.tenant_id.uuid(), member.user_id.uuid());
        let is_postgres = backend == Backend::Postgres;
        let fill =
            Statement::from_sql_and_values(db.backend(), fill, [i64::from(signals).into(), tenant.into(), user.into()]);
        db.write(|tx| {
            let fill = fill.clone();
            Box::pin(async move {
                if is_postgres {
                    // A million rows take longer than any request may.
                    tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
                }
                tx.execute_raw(fill).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
        let counter = "INSERT INTO signal_sequence (tenant_id, value) VALUES ($1, $2)";
        let counter = Statement::from_sql_and_values(db.backend(), counter, [tenant.into(), i64::from(signals).into()]);
        db.writer().execute_raw(counter).await.unwrap();
        if backend == Backend::Postgres {
            // The tests' cluster does not wait for the disk; a measurement must.
            let mut options = ConnectOptions::new(&app.database.url);
            let admin = Database::connect(options.max_connections(1).to_owned()).await.unwrap();
            // The tests' role is nobody special; whoever it signed in as is.
            admin.execute_unprepared("SET ROLE NONE").await.unwrap();
            for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
                admin.execute_unprepared(&format!("ALTER SYSTEM SET {setting} = on")).await.unwrap();
            }
            admin.execute_unprepared("SELECT pg_reload_conf()").await.unwrap();
            admin.close().await.unwrap();
            db.writer().execute_unprepared("ANALYZE signals").await.unwrap();
        } else {
            db.writer().execute_unprepared("ANALYZE").await.unwrap();
        }
        let bare = Bare::open(&app.database.url, backend).await;
        let symbol = "AAPL".try_into().unwrap();
        let asset = app.domain.asset_by_symbol(&symbol).await.unwrap().unwrap().id.uuid();
        Some(Self { app, client, bare, tenant, user, asset })
    }
}

impl Bare {
    async fn open(url: &str, backend: Backend) -> Self {
        if backend == Backend::Postgres {
            return Self::Postgres(PgPoolOptions::new().max_connections(16).connect(url).await.unwrap());
        }
        let options: SqliteConnectOptions = url.parse().unwrap();
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let readers = SqlitePoolOptions::new().max_connections(8).connect_with(options.clone()).await.unwrap();
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        Self::Sqlite(readers, writer)
    }
}
