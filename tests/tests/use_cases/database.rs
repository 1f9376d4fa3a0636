//! Migrations and the one way to write.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bellwether_domain::Error;
use bellwether_domain::db::{Db, DbConfig};
use bellwether_migrations::Migrator;
use bellwether_tests::{Backend, TestDatabase, TestDomain, both_databases};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};
use sea_orm_migration::MigratorTrait;
use serde_json::json;

/// The schema as the database tells it, one line a column, constraint or index.
async fn shape(database: &TestDatabase) -> Vec<String> {
    let db = database.connect().await;
    let query = match database.backend {
        Backend::Sqlite => {
            "SELECT sql AS line FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'seaql_migrations' AND name NOT LIKE 'sqlite_%'"
        }
        Backend::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations' \
             UNION ALL SELECT conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND conrelid <> 'seaql_migrations'::regclass"
        }
    };
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), query)).await.unwrap();
    let mut lines: Vec<String> = rows.iter().map(|row| row.try_get("", "line").unwrap()).collect();
    lines.sort();
    db.close().await.unwrap();
    lines
}

/// Waits for a future until it has been polled so many times, and drops it then.
async fn polled(future: impl Future, mut times: u32) {
    let mut future = pin!(future);
    poll_fn(|context| match times.checked_sub(1) {
        None => Poll::Ready(()),
        Some(left) => {
            times = left;
            future.as_mut().poll(context).map(drop)
        }
    })
    .await;
}

/// A file that another process has just made, and looks into, is made one with a write-ahead log when that is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_that_another_has_open_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("new.db").display());
    let mut options = ConnectOptions::new(format!("{url}?mode=rwc"));
    options.max_connections(1).min_connections(1);
    let other = Database::connect(options).await.unwrap();
    other.execute_unprepared("CREATE TABLE t (a); BEGIN; SELECT a FROM t").await.unwrap();
    let config = DbConfig::new(&url);
    let mut opening = pin!(Db::connect(&config));
    assert!(tokio::time::timeout(Duration::from_millis(500), &mut opening).await.is_err(), "it does not wait");
    other.execute_unprepared("COMMIT").await.unwrap();
    let db = opening.await.unwrap();
    let mode = Statement::from_string(db.backend(), "PRAGMA journal_mode");
    let mode: String = db.reader().query_one_raw(mode).await.unwrap().unwrap().try_get("", "journal_mode").unwrap();
    assert_eq!(mode, "wal");
}

both_databases! {
    /// Up, down and up again, with data in the tables, gives the same schema.
    async fn migrations_go_forward_and_back(app: TestDomain) {
        let before = shape(&app.database).await;
        assert!(before.len() > 15, "{before:?}");
        let db = app.domain.db();
        Migrator::down(db.writer(), None).await.unwrap();
        let nothing = shape(&app.database).await;
        assert!(nothing.is_empty(), "left behind: {nothing:?}");
        Migrator::up(db.writer(), None).await.unwrap();
        assert_eq!(shape(&app.database).await, before);
        assert_eq!(bellwether::app::pending_migrations(db).await.unwrap(), 0);
    }

    /// Twenty read-modify-writes at once lose none.
    async fn concurrent_writes_lose_nothing(app: TestDomain) {
        let domain = app.domain.clone();
        let one = "INSERT INTO installation (key, value) VALUES ('count', '0')";
        domain.db().writer().execute_unprepared(one).await.unwrap();
        let tasks: Vec<_> = (0..20).map(|_| {
            let domain = domain.clone();
            tokio::spawn(async move {
                domain.db().write(|tx| Box::pin(async move {
                    let backend = tx.get_database_backend();
                    let read = Statement::from_string(backend, "SELECT value FROM installation WHERE key = 'count'");
                    let row = tx.query_one_raw(read).await?.unwrap();
                    let count: i64 = row.try_get::<String>("", "value")?.parse().unwrap();
                    let write = Statement::from_sql_and_values(
                        backend, "UPDATE installation SET value = $1 WHERE key = 'count'", [(count + 1).to_string().into()]);
                    tx.execute_raw(write).await?;
                    Ok(())
                })).await
            })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let read = Statement::from_string(domain.db().backend(), "SELECT value FROM installation WHERE key = 'count'");
        let row = domain.db().reader().query_one_raw(read).await.unwrap().unwrap();
        assert_eq!(row.try_get::<String>("", "value").unwrap(), "20");
    }

    /// Whoever stops waiting in the middle of a write, wherever that is, leaves no connection with a transaction open:
    /// those who get it next would fail, or write into what is never committed.
    async fn writes_that_nobody_waits_for_leave_no_transaction_open(app: TestDomain) {
        let db = Db::connect(&DbConfig { connections: 1, ..app.database.config() }).await.unwrap();
        let write = async |key: String| {
            db.write(|tx| {
                let row = format!("INSERT INTO installation (key, value) VALUES ('{key}', '')");
                Box::pin(async move { Ok(tx.execute_unprepared(&row).await.map(drop)?) })
            }).await
        };
        for polls in 0..40 {
            polled(write(format!("left {polls}")), polls).await;
            write(format!("kept {polls}")).await.unwrap();
        }
        // Seen through another pool: they are committed.
        let count = "SELECT COUNT(*) AS kept FROM installation WHERE key LIKE 'kept %'";
        let other = app.domain.db();
        let row = other.reader().query_one_raw(Statement::from_string(other.backend(), count)).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "kept").unwrap(), 40);
    }

    /// What a failed transaction wrote is gone.
    async fn a_failed_write_leaves_nothing(app: TestDomain) {
        let failed: Result<(), Error> = app.domain.db().write(|tx| Box::pin(async move {
            tx.execute_unprepared("INSERT INTO installation (key, value) VALUES ('x', 'y')").await?;
            tx.execute_unprepared("INSERT INTO no_such_table VALUES (1)").await?;
            Ok(())
        })).await;
        assert!(failed.is_err());
        let read = Statement::from_string(app.domain.db().backend(), "SELECT value FROM installation WHERE key = 'x'");
        assert!(app.domain.db().reader().query_one_raw(read).await.unwrap().is_none());
    }

    /// The tables themselves refuse what the use cases would never write.
    async fn the_tables_hold_their_rules(app: TestDomain) {
        let writer = app.domain.db().writer();
        for statement in [
            "INSERT INTO tenants SELECT * FROM tenants",
            "UPDATE users SET role = 'KING'",
            "UPDATE tenants SET status = 'GONE'",
            "UPDATE assets SET currency = 'DOLLARS'",
            "DELETE FROM tenants",
            "UPDATE assets SET symbol = ''",
            "UPDATE plans SET code = 'GOLD' WHERE code = 'PRO'",
            "UPDATE plans SET position = 0",
            "UPDATE plans SET currency = 'DOLLARS'",
            "UPDATE plans SET monthly_price = -1",
            "UPDATE plans SET yearly_price = -1",
            "UPDATE plans SET external_signals_per_day = -1",
            "UPDATE plans SET max_pipelines = -1",
        ] {
            assert!(writer.execute_unprepared(statement).await.is_err(), "{statement}");
        }
    }

    /// A changed, missing or moved entry breaks the audit chain where it was.
    async fn the_audit_chain_shows_tampering(app: TestDomain) {
        use bellwether_domain::permission::Role;
        for _ in 0..3 {
            app.viewer("a", Role::Trader).await;
        }
        let tenant = app.tenant("a");
        assert_eq!(app.domain.first_broken_audit_entry(tenant).await.unwrap(), None);
        let details = json!({"role": "OWNER"}).to_string();
        let tamper = format!("UPDATE audit_log SET details = '{details}' WHERE sequence = 2");
        app.domain.db().writer().execute_unprepared(&tamper).await.unwrap();
        assert_eq!(app.domain.first_broken_audit_entry(tenant).await.unwrap(), Some(2));
        app.domain.db().writer().execute_unprepared("DELETE FROM audit_log WHERE sequence = 1").await.unwrap();
        assert_eq!(app.domain.first_broken_audit_entry(tenant).await.unwrap(), Some(1));
    }
}
