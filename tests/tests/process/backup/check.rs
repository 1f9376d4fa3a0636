//! `check`: one line each, and an exit code.

use bellwether_tests::{Backend, Port, both_databases};
use sea_orm::ConnectionTrait;

use super::{backed_up, beside, files, restored};
use crate::cluster::Cluster;
use crate::place::{PASSWORD, Place};

/// Runs statements in the database, as somebody who got in there would.
async fn tamper(place: &Place, statements: &str) {
    let db = place.database().await;
    db.execute_unprepared(statements).await.unwrap();
    db.close().await.unwrap();
}

/// The lines of `check` that say that something is wrong.
fn failures(place: &Place, args: &[&str]) -> Vec<String> {
    let ran = place.run(args);
    assert_eq!(ran.code, 1, "{ran:?}");
    ran.out.lines().filter_map(|line| line.strip_prefix("FAILED  ")).map(str::to_owned).collect()
}

both_databases! {
    async fn what_is_sound_is_said_to_be(app: Place) {
        let app = app.founded();
        let said = app.done(&["check"]).out;
        let lines: Vec<&str> = said.lines().map(|line| line.strip_prefix("ok      ").unwrap()).collect();
        let whats: Vec<&str> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(whats, [
            "configuration", "keys", "database", "migrations", "integrity", "foreign keys", "audit chains", "ledgers", "evidence",
        ]);
        assert_eq!(app.done(&["check", "database"]).out.lines().count(), 4);
        assert_eq!(app.done(&["check", "audit"]).out, "ok      audit chains: 1 tenant(s)\n");
    }

    async fn what_is_missing_is_said(app: Place) {
        let missing = failures(&app, &["check"]);
        assert!(missing[0].starts_with("keys: ") && missing[0].contains("bellwether keys new"), "{missing:?}");
        let (part, is_file) = match app.backend {
            Backend::Sqlite => ("database: there is no database data/bellwether.db", true),
            Backend::Postgres => ("migrations: ", false),
        };
        assert!(missing[1].starts_with(part) && missing[1].contains("bellwether migrate up"), "{missing:?}");
        assert_eq!(missing.len(), 2, "{missing:?}");
        for args in [&["check", "audit"][..], &["check", "ledger"], &["check", "evidence"], &["backup", "--to", "backups"]] {
            let said = app.refused(1, args);
            assert!(said.contains("bellwether migrate up") && (!is_file || said.contains("--data-dir")), "{said}");
        }
        // Who only looks makes nothing.
        assert!(!app.path("data").exists() && !app.path("backups").exists());
        let app = app.founded();
        app.done(&["migrate", "down"]);
        assert_eq!(failures(&app, &["check", "database"]).len(), 1);
        app.done(&["migrate", "up"]);
        app.done(&["check"]);
    }

    /// Changed, removed or moved: the tenant and the entry are named.
    async fn a_broken_audit_chain_is_named(app: Place) {
        let app = app.founded();
        let server = app.serve().await;
        for _ in 0..4 {
            server.sign_in("owner@acme.test", PASSWORD).await;
        }
        assert_eq!(server.terminate().await.0, Some(0));
        app.done(&["check", "audit"]);
        for (statement, entry) in [
            ("UPDATE audit_log SET address = '10.9.8.7' WHERE sequence = 3", 3),
            ("DELETE FROM audit_log WHERE sequence = 2", 2),
        ] {
            tamper(&app, statement).await;
            let wanted = format!("audit chain: tenant acme: entry {entry} was changed, removed or moved");
            assert_eq!(failures(&app, &["check", "audit"]), [wanted.as_str()]);
            assert_eq!(failures(&app, &["check"]), [wanted.as_str()]);
            // The database itself knows nothing of it.
            app.done(&["check", "database"]);
        }
    }

    /// A broken chain is no reason to have no backup, and is as broken when it is restored.
    async fn a_broken_chain_is_backed_up_as_it_is(app: Place) {
        let app = app.founded();
        let server = app.serve().await;
        server.sign_in("owner@acme.test", PASSWORD).await;
        assert_eq!(server.terminate().await.0, Some(0));
        tamper(&app, "UPDATE audit_log SET action = 'LOGGED_OUT' WHERE sequence = 1").await;
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        restored(&other, &file);
        assert_eq!(failures(&other, &["check", "audit"]).len(), 1);
    }
}

/// A row that points to one that is not there, written by somebody who turned the checks off.
#[tokio::test]
async fn a_row_without_what_it_points_to_is_found() {
    let mut places = vec![Place::sqlite()];
    let cluster = Cluster::start();
    places.extend(cluster.as_ref().map(|cluster| Place::postgres(cluster.url())));
    for app in places {
        let app = app.founded();
        app.done(&["check"]);
        let unchecked = match app.backend {
            Backend::Sqlite => "PRAGMA foreign_keys = OFF",
            Backend::Postgres => "SET session_replication_role = replica",
        };
        tamper(&app, &format!("{unchecked}; DELETE FROM tenants")).await;
        let failures = failures(&app, &["check"]);
        let is_named = failures.len() == 1 && failures[0].contains("1 rows of users point to none of tenants");
        assert!(is_named && failures[0].starts_with("foreign keys: "), "{failures:?}");
        // What is not sound is no backup.
        let said = app.refused(1, &["backup", "--to", "backups"]);
        assert!(said.contains("not kept"), "{said}");
        assert_eq!(files(&app, "backups"), Vec::<String>::new());
    }
}

/// A page of the file that is not what was written.
#[tokio::test]
async fn a_damaged_file_is_found() {
    let app = Place::sqlite().founded();
    let path = app.path("data/bellwether.db");
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(!app.path("data/bellwether.db-wal").exists());
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    assert!(!failures(&app, &["check", "database"]).is_empty());
    assert_ne!(app.run(&["backup", "--to", "backups"]).code, 0);
    assert_eq!(files(&app, "backups"), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be() {
    let nobody = Port::hold();
    let place = Place::postgres(format!("postgres://me:s3cr3t@{}/trade", nobody.address));
    place.make_keys();
    let failures = failures(&place, &["check"]);
    assert!(failures.len() == 1 && failures[0].starts_with("database: "), "{failures:?}");
    assert!(!failures[0].contains("s3cr3t"), "{failures:?}");
}
