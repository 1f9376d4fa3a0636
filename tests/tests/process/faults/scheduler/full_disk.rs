//! The disk under SQLite is full for a while.

use bellwether_tests::{PATIENCE, far_from_the_hour};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::super::{RECORD, outcome, signal};
use super::{ask_for, brisk, leads, owner, settled};
use crate::place::Place;
use crate::server::until;
use crate::small_disk::SmallDisk;

/// What cannot be written is refused, and everything is read meanwhile; afterwards all goes on, the jobs too, and nothing is
/// broken. Whether the lease could be renewed meanwhile depends on the room that the write-ahead log has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    // The disk is gone before the place that it is mounted in.
    // Candles, simulated where no source is switched on, would fill so small a disk by themselves.
    let place = Place::sqlite().with("MARKET__DEMO", "false");
    far_from_the_hour().await;
    let Some((place, disk)) = SmallDisk::mount(&place.path("data"), "12m").map(|disk| (brisk(place), disk)) else {
        return;
    };
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
