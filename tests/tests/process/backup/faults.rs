//! What must not come of a backup that does not come to its end.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bellwether_tests::{Backend, both_databases};
use sea_orm::ConnectionTrait;

use super::{backed_up, beside, files, restored};
use crate::place::Place;
use crate::server::until;
use crate::small_disk::SmallDisk;

/// So many letters that a backup takes a while.
const MANY: i64 = 150_000;

/// Fills a table that has no other rows.
async fn crowd(place: &Place, rows: i64) {
    let insert = match place.backend {
        Backend::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             INSERT INTO rate_limits SELECT randomblob(32), i FROM n"
        ),
        Backend::Postgres => format!(
            "INSERT INTO rate_limits SELECT sha256(gen_random_uuid()::text::bytea), i FROM generate_series(1, {rows}) AS n (i)"
        ),
    };
    let db = place.database().await;
    assert_eq!(db.execute_unprepared(&insert).await.unwrap().rows_affected(), rows as u64);
    db.close().await.unwrap();
}

fn is_there(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

both_databases! {
    /// Killed anywhere on its way, it leaves nothing that has a backup's name.
    async fn a_killed_backup_leaves_none(app: Place) {
        let app = app.founded();
        crowd(&app, MANY).await;
        for pause in [0, 50, 300, 900] {
            let mut command = app.command(&["backup", "--to", "backups"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let begun = async || (is_there(&app.path("backups")) || child.try_wait().unwrap().is_some()).then_some(());
            until(Duration::from_secs(60), "it has begun", begun).await;
            tokio::time::sleep(Duration::from_millis(pause)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        for name in files(&app, "backups") {
            if name.starts_with('.') {
                assert!(name.ends_with(".partial"), "{name}");
            } else {
                // It was quicker than the signal: then it is whole.
                app.done(&["restore", "--check", app.path("backups").join(name).to_str().unwrap()]);
            }
        }
        // A backup is named by its second, and what the last one left has that name.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        restored(&other, &file);
        assert_eq!(other.count("rate_limits").await, MANY);
    }

    /// Killed anywhere on its way, restoring leaves nothing or, at its end, everything; and can be done again.
    async fn a_killed_restore_leaves_nothing(app: Place) {
        let app = app.founded();
        crowd(&app, MANY).await;
        let file = backed_up(&app);
        let Some(other) = beside(&app, app.backend).await else { return };
        other.done(&["migrate", "up"]);
        for pause in [200, 800, 1_600] {
            let mut command = other.command(&["restore", file.to_str().unwrap()]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(pause)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            // The tables may be missing, which it had begun to make anew. PostgreSQL undoes what was open by and by.
            let counted = async || {
                other.done(&["migrate", "up"]);
                let rows = [other.count("users").await, other.count("rate_limits").await];
                (rows == [0, 0] || rows == [1, MANY]).then_some(rows)
            };
            if until(Duration::from_secs(60), "all or nothing is there", counted).await != [0, 0] {
                eprintln!("it was quicker than {pause} ms");
                return;
            }
        }
        let again = async || (other.run(&["restore", file.to_str().unwrap()]).code == 0).then_some(());
        until(Duration::from_secs(60), "it is restored after all", again).await;
        assert_eq!(other.count("rate_limits").await, MANY);
        other.done(&["check"]);
    }

    /// There is no backup then, what was there stays, and no part of one is left.
    async fn a_full_disk_is_told(app: Place) {
        // The disk is gone before the place that it is mounted in.
        let app = app.founded();
        let Some(_disk) = SmallDisk::mount(&app.path("backups"), "4m") else { return };
        let good = backed_up(&app);
        crowd(&app, MANY).await;
        let said = app.refused(1, &["backup", "--to", "backups"]);
        assert!(said.contains("No space left") || said.contains("full"), "{said}");
        assert_eq!(files(&app, "backups"), [good.file_name().unwrap().to_str().unwrap()]);
        app.done(&["restore", "--check", good.to_str().unwrap()]);
    }
}
