//! A backup of a running server becomes the same business elsewhere, in either database.

use std::os::unix::fs::PermissionsExt;

use bellwether_migrations::Migrator;
use bellwether_tests::{Backend, both_databases};
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

use super::{backed_up, beside, files, record, restored, rows};
use crate::place::{PASSWORD, Place};
use crate::server::http;

const READ: &str = "{ signals(first: 100) { totalCount nodes { id signalTime summary reasons { indicator says value }
    payload entry strategy confidence createdAt author { id } } } signalSources { id name tokenPrefix createdAt } viewer { role user { id email createdAt } } }";

/// A business with people, signals, a source with a delivery, and a session; what its trader reads.
async fn business(app: &Place) -> Value {
    let server = app.serve().await;
    let trader = server.register("trader@acme.test").await;
    record(&trader, 0..30).await;
    let query = "mutation { createSignalSource(input: {name: \"alerts\"}) { token userErrors { message } } }";
    let made = trader.data(query, json!({})).await;
    let url = format!(
        "http://{}/hooks/tradingview/{}",
        server.address,
        made["createSignalSource"]["token"].as_str().unwrap()
    );
    let sent = http().post(url).header("content-type", "text/plain").body("BUY MSFT 1d").send().await.unwrap();
    assert_eq!(sent.status().as_u16(), 202);
    let judged = async || (app.count("signals").await == 31).then_some(());
    crate::server::until(std::time::Duration::from_secs(60), "the delivery is judged", judged).await;
    let read = trader.data(READ, json!({})).await;
    assert_eq!(server.terminate().await.0, Some(0));
    read
}

/// What the trader of a restored business reads, after signing in as before.
async fn read_again(place: &Place) -> Value {
    let server = place.serve().await;
    server.sign_in("owner@acme.test", PASSWORD).await;
    let trader = server.sign_in("trader@acme.test", PASSWORD).await;
    let read = trader.data(READ, json!({})).await;
    // It goes on where it was: the next signal is the next one.
    record(&trader, 1_000..1_001).await;
    assert_eq!(place.figure("SELECT max(sequence) AS figure FROM signals").await, 32);
    assert_eq!(server.terminate().await.0, Some(0));
    read
}

async fn moves_to(app: Place, backend: Backend) {
    let app = app.founded();
    let before = business(&app).await;
    let counted = rows(&app).await;
    let file = backed_up(&app);
    let mut counted_with_id = counted.clone();
    // The backup gave the installation its id.
    counted_with_id.iter_mut().find(|(table, _)| *table == "installation").unwrap().1 += 1;
    let Some(other) = beside(&app, backend).await else { return };
    let said = restored(&other, &file);
    assert!(said.contains("rows of") && !said.contains("no keys"), "{said}");
    assert_eq!(rows(&other).await, counted_with_id);
    other.done(&["check"]);
    assert_eq!(read_again(&other).await, before);
    // And what was restored can be backed up and restored again.
    let Some(third) = beside(&app, app.backend).await else { return };
    restored(&third, &backed_up(&other));
    third.done(&["check"]);
}

both_databases! {
    async fn a_backup_becomes_the_same_business_elsewhere(app: Place) {
        let backend = app.backend;
        moves_to(app, backend).await;
    }

    async fn a_backup_moves_to_the_other_database(app: Place) {
        let backend = if app.backend == Backend::Sqlite { Backend::Postgres } else { Backend::Sqlite };
        moves_to(app, backend).await;
    }

    /// SQLite compares times as text: it must be the text that it would have written itself, with 0, 3 or 6 decimals.
    async fn times_keep_their_form(app: Place) {
        let app = app.founded();
        let times = [
            ("tenants", "created_at", "2026-01-02T03:04:00+00:00"),
            ("tenants", "updated_at", "2026-01-02T03:04:05.120+00:00"),
            ("users", "created_at", "2000-12-31T23:59:59.000120+00:00"),
            ("users", "updated_at", "1999-01-01T00:00:00.000001+00:00"),
            ("users", "terms_accepted_at", "2026-01-02T03:04:05.100+00:00"),
            ("assets", "created_at", "2026-01-02T03:04:05.001+00:00"),
        ];
        let db = app.database().await;
        for (table, column, time) in times {
            db.execute_unprepared(&format!("UPDATE {table} SET {column} = '{time}'")).await.unwrap();
        }
        db.close().await.unwrap();
        let file = backed_up(&app);
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let Some(other) = beside(&app, backend).await else { return };
            restored(&other, &file);
            for (table, column, time) in times {
                let same = format!("SELECT count(*) AS figure FROM {table} WHERE {column} = '{time}'");
                assert_eq!(other.figure(&same).await, other.count(table).await, "{table}.{column} {time}");
            }
        }
    }

    async fn nothing_is_written_over(app: Place) {
        let app = app.founded();
        let file = backed_up(&app);
        let before = rows(&app).await;
        let said = app.refused(1, &["restore", file.to_str().unwrap()]);
        assert!(said.contains("holds a business") && said.contains("nothing was changed"), "{said}");
        assert_eq!(rows(&app).await, before);
        app.done(&["check"]);
    }

    /// Neither while it serves nor before anybody has asked it anything.
    async fn a_database_that_a_server_holds_is_refused(app: Place) {
        let app = app.founded();
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        other.done(&["migrate", "up"]);
        let other = other.with("SCHEDULER__ENABLED", "false");
        let server = other.serve().await;
        let said = other.refused(1, &["restore", file.to_str().unwrap()]);
        assert!(said.contains("stop it first") && said.contains("nothing was changed"), "{said}");
        assert_eq!(server.terminate().await.0, Some(0));
        restored(&other, &file);
        assert_eq!(rows(&other).await, rows(&app).await);
    }

    /// What seeding and a server without a business left there is no reason to refuse, and does not stay.
    async fn reference_data_is_replaced(app: Place) {
        let app = app.founded();
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        other.done(&["migrate", "up"]);
        other.done(&["seed"]);
        let server = other.serve().await;
        assert_eq!(server.terminate().await.0, Some(0));
        restored(&other, &file);
        assert_eq!(rows(&other).await, rows(&app).await);
        other.done(&["check"]);
    }

    /// As after an upgrade: what an older version had backed up.
    async fn an_older_backup_is_migrated(app: Place) {
        let app = app.founded();
        let whole = rows(&app).await;
        // The newest migrations are taken back, as if they had not been made yet. Those that stay have all of the business.
        // Four are as many as the tables that are counted here need.
        let steps = Migrator::migrations().len() - 4;
        app.done(&["migrate", "down", "--steps", &steps.to_string()]);
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        let said = restored(&other, &file);
        assert!(said.contains(&format!("{steps} newer migration(s) applied")), "{said}");
        app.done(&["migrate", "up"]);
        assert_eq!(rows(&other).await.len(), whole.len());
        assert_eq!(other.count("users").await, app.count("users").await);
        other.done(&["check"]);
        let server = other.serve().await;
        server.sign_in("owner@acme.test", PASSWORD).await;
    }

    /// Only tried, a backup changes nothing, wherever it is tried.
    async fn a_backup_can_be_tried(app: Place) {
        let app = app.founded();
        let file = backed_up(&app);
        let before = rows(&app).await;
        let said = app.done(&["restore", "--check", file.to_str().unwrap()]).out;
        assert!(said.starts_with("whole: "), "{said}");
        assert_eq!(rows(&app).await, before);
        assert_eq!(files(&app, "backups").len(), 1);
    }
}

/// Its user's alone, and nothing beside it.
#[tokio::test]
async fn a_backup_is_its_users_alone() {
    let app = Place::sqlite().founded();
    let file = backed_up(&app);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(app.path("backups")).unwrap().permissions().mode() & 0o777, 0o700);
    let names = files(&app, "backups");
    assert_eq!(names, [file.file_name().unwrap().to_str().unwrap()]);
    assert!(names[0].starts_with("bellwether-") && names[0].ends_with("Z.tar.zst"), "{names:?}");
}

/// Whoever waits at a terminal sees what goes on; a log does not get it.
#[tokio::test]
async fn at_a_terminal_it_is_told_what_goes_on() {
    let app = Place::sqlite().founded();
    let made = app.done(&["backup", "--to", "backups"]);
    assert_eq!(made.err, "", "{made:?}");
    let at_terminal = |line: &str| {
        let line = format!("script --quiet --return --command 'TERM=xterm {line}' /dev/null");
        app.shell(&line).expect_done().out
    };
    let said = at_terminal("bellwether backup --to others");
    let steps =
        ["reading the database", "restoring the archive into a scratch database", "bringing the archive to its place"];
    assert!(steps.iter().any(|step| said.contains(step)), "{said:?}");
    assert!(said.contains("found whole"), "{said:?}");
    let file = app.path("backups").join(&files(&app, "backups")[0]);
    let said = at_terminal(&format!("bellwether restore --check {}", file.display()));
    assert!(said.contains("reading the archive") || said.contains("into a scratch database"), "{said:?}");
}

/// What is asked for wrongly is told before anything is done.
#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let app = Place::sqlite();
    for (args, part) in [
        (&["backup", "--to", "backups"][..], "migrate up"),
        (&["restore", "nowhere.tar.zst"], "nowhere.tar.zst"),
        (&["restore", "ftp://host/x"], "s3://"),
        (&["restore", "."], "expected the name of a backup at the end, got \".\""),
        (&["restore", "s3://bucket"], "expected the name of a backup at the end, got \"s3://bucket\""),
    ] {
        let said = app.refused(1, args);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    let app = app.founded();
    let said = app.refused(1, &["backup"]);
    assert!(said.contains("--to") && said.contains("backup.to"), "{said}");
    let said = app.refused(2, &["backup", "--to", "ftp://host/x"]);
    assert!(said.contains("s3://"), "{said}");
    app.write("file", "no folder");
    let said = app.refused(1, &["backup", "--to", "file"]);
    assert!(said.contains("file"), "{said}");
}
