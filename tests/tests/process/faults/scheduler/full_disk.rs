//! The disk under SQLite is full for a while.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::super::{RECORD, outcome, signal};
use super::{PATIENCE, ask_for, brisk, leads, owner, settled};
use crate::place::Place;
use crate::server::until;

/// A file system of its own for the data, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; none where that is not allowed.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("a file system cannot be mounted here: this test is left out");
        None
    }

    /// Takes all the room that is left; the file that takes it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may still be on its way out.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// What cannot be written is refused, and everything is read meanwhile; afterwards all goes on, the jobs too, and nothing is
/// broken. Whether the lease could be renewed meanwhile depends on the room that the write-ahead log has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    // The disk is gone before the place that it is mounted in.
    let place = Place::sqlite();
    let Some((place, disk)) = SmallDisk::mount(&place.path("data")).map(|disk| (brisk(place), disk)) else { return };
    let server = place.serve().await;
    leads(&server, "scheduler lock acquired").await;
    settled(&place).await;
    let (trader, owner) = (server.register("trader@acme.test").await, owner(&server).await);
    assert_eq!(outcome(&trader.send(RECORD, json!({"input": signal(0)})).await.body), Some("INSERTED"));

    let filler = disk.fill();
    // The write-ahead log has some room that it uses again.
    let mut recorded = 1;
    let refused = until(PATIENCE, "nothing can be written any more", async || {
        let answer = trader.send(RECORD, json!({"input": signal(recorded)})).await;
        let is_done = outcome(&answer.body).is_some();
        recorded += i64::from(is_done);
        (!is_done).then_some(answer)
    })
    .await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, Some("UNAVAILABLE")), "{}", refused.body);
    assert_eq!(refused.leaks(), None, "{}", refused.body);
    let read = trader.data("{ signals(first: 1) { totalCount } }", json!({})).await;
    assert_eq!(read["signals"]["totalCount"], recorded, "reading goes on, and what was refused is not there");
    assert_eq!(server.get("/health").await.unwrap().0, 200);
    std::fs::remove_file(filler).unwrap();
    until(PATIENCE, "signals are recorded again", async || {
        let answer = trader.send(RECORD, json!({"input": signal(recorded)})).await;
        (outcome(&answer.body) == Some("INSERTED")).then_some(())
    })
    .await;
    ask_for(&owner, "audit_verification").await;
    let asked = "SELECT count(*) AS figure FROM scheduler_run WHERE requested_by IS NOT NULL AND status = 'SUCCEEDED'";
    until(PATIENCE, "jobs run again", async || (place.figure(asked).await == 1).then_some(())).await;
    let db = place.database().await;
    let check = Statement::from_string(db.get_database_backend(), "PRAGMA integrity_check");
    let sound: String = db.query_one_raw(check).await.unwrap().unwrap().try_get("", "integrity_check").unwrap();
    db.close().await.unwrap();
    assert_eq!(sound, "ok");
    assert_eq!(server.terminate().await.0, Some(0));
}
