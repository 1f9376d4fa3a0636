//! Backups that are made by themselves, and which of them are kept.

use bellwether_tests::{PATIENCE, Port, both_databases, far_from_the_hour};

use super::{backed_up, files};
use crate::place::Place;
use crate::server::{http, until};

/// Waits for the first run of the job: how it ended, and what it moved.
async fn first_run(app: &Place) -> (&'static str, i64) {
    until(PATIENCE, "the job has run", async || {
        for status in ["SUCCEEDED", "FAILED"] {
            let query = format!("FROM scheduler_run WHERE job = 'backup' AND status = '{status}'");
            if app.figure(&format!("SELECT count(*) AS figure {query}")).await == 1 {
                return Some((status, app.figure(&format!("SELECT items AS figure {query}")).await));
            }
        }
        None
    })
    .await
}

both_databases! {
    async fn the_job_makes_one(app: Place) {
        far_from_the_hour().await;
        let metrics = Port::hold();
        let app = app.with("BACKUP__TO", "backups").with("METRICS__LISTEN", &metrics.address.to_string()).founded();
        let server = app.serve().await;
        assert_eq!(first_run(&app).await, ("SUCCEEDED", 1));
        let names = files(&app, "backups");
        assert_eq!(names.len(), 1, "{names:?}");
        let said = server.lines().find(|line| line["message"] == "backup made").unwrap();
        assert_eq!(said["file"], format!("backups/{}", names[0]));
        let size = std::fs::metadata(app.path("backups").join(&names[0])).unwrap().len();
        assert_eq!(said["bytes"], size);
        let text = http().get(format!("http://{}/metrics", metrics.address)).send().await.unwrap().text().await.unwrap();
        assert!(text.contains(&format!("bellwether_backup_size_bytes {size}")), "{text}");
        assert!(text.contains("bellwether_backup_last_success_timestamp_seconds 1"), "{text}");
        app.done(&["restore", "--check", &format!("backups/{}", names[0])]);
        assert_eq!(server.terminate().await.0, Some(0));
    }

    /// An instance that makes none tells of the newest at the place, whoever made it and however often it starts.
    async fn every_instance_knows_how_old_the_newest_is(app: Place) {
        let metrics = Port::hold();
        let app = app.with("BACKUP__TO", "backups").with("METRICS__LISTEN", &metrics.address.to_string());
        let app = app.with("SCHEDULER__ENABLED", "false").founded();
        let told = async |at: i64, bytes: u64| {
            let wanted = [
                format!("bellwether_backup_last_success_timestamp_seconds {at}\n"),
                format!("bellwether_backup_size_bytes {bytes}\n"),
            ];
            until(PATIENCE, "the newest backup is told of", async || {
                let text = http().get(format!("http://{}/metrics", metrics.address)).send().await.ok()?.text().await.ok()?;
                wanted.iter().all(|line| text.contains(line)).then_some(())
            })
            .await;
        };
        let server = app.serve().await;
        told(0, 0).await;
        assert_eq!(server.terminate().await.0, Some(0));
        let file = backed_up(&app);
        let name = file.file_name().unwrap().to_str().unwrap();
        let [installation, time] = name.trim_end_matches(".tar.zst").split('-').skip(1).collect::<Vec<_>>()[..] else {
            panic!("{name}")
        };
        // Neither an older one nor another installation's is what counts.
        for (installation, time) in [(installation, "20200101T000000Z"), ("0123456789abcdef", "29990101T000000Z")] {
            app.write(&format!("backups/bellwether-{installation}-{time}.tar.zst"), "another");
        }
        let at = chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").unwrap().and_utc().timestamp();
        for _ in 0..2 {
            let server = app.serve().await;
            told(at, std::fs::metadata(&file).unwrap().len()).await;
            assert_eq!(server.terminate().await.0, Some(0));
        }
    }

    async fn without_a_place_the_job_says_so(app: Place) {
        far_from_the_hour().await;
        let app = app.founded();
        let server = app.serve().await;
        assert_eq!(first_run(&app).await, ("SUCCEEDED", 0));
        let said = "no backup was made: backup.to is not set";
        assert!(server.lines().any(|line| line["message"] == said), "{}", server.log());
    }

    async fn a_place_that_cannot_be_used_is_told(app: Place) {
        far_from_the_hour().await;
        let app = app.with("BACKUP__TO", "file").founded();
        app.write("file", "no folder");
        let server = app.serve().await;
        assert_eq!(first_run(&app).await, ("FAILED", 0));
        assert!(server.log().contains("the folder file cannot be made"), "{}", server.log());
        assert_eq!(std::fs::read_to_string(app.path("file")).unwrap(), "no folder");
    }
}

/// Backups of made-up times, and what is none of this installation's.
#[tokio::test]
async fn outdated_ones_go_and_nothing_else() {
    let app = Place::sqlite().with("BACKUP__KEEP_DAILY", "3").with("BACKUP__KEEP_MONTHLY", "2").founded();
    let first = backed_up(&app).file_name().unwrap().to_str().unwrap().to_owned();
    let installation = first.split('-').nth(1).unwrap().to_owned();
    let of = |installation: &str, time: &str| format!("bellwether-{installation}-{time}.tar.zst");
    let ours = ["20240105T013000Z", "20240106T013000Z", "20240106T120000Z", "20240107T013000Z", "20231224T013000Z"];
    let ours = ours.map(|time| of(&installation, time));
    let others = [
        of("0000000000000000", "20200101T013000Z"),
        format!("{}.bak", of(&installation, "20200101T013000Z")),
        of(&installation, "20200101"),
        "notes.txt".to_owned(),
    ];
    for name in ours.iter().chain(&others) {
        std::fs::write(app.path("backups").join(name), "made up").unwrap();
    }
    let left_behind = app.path("backups").join(format!(".{}.partial", of(&installation, "20240101T013000Z")));
    std::fs::create_dir(&left_behind).unwrap();
    // The name has seconds: the next one is another.
    let second = until(PATIENCE, "another second", async || {
        let ran = app.run(&["backup", "--to", "backups"]);
        (ran.code == 0).then_some(ran.out)
    })
    .await;
    // Days: today's, and two of 2024. Months: today's, and January 2024 by its newest.
    assert!(second.contains("3 older backup(s) removed"), "{second}");
    let newest = second.split([':', '/']).nth(1).unwrap().to_owned();
    let mut wanted: Vec<String> = others.into_iter().chain([first, newest, ours[2].clone(), ours[3].clone()]).collect();
    wanted.sort();
    assert_eq!(files(&app, "backups"), wanted);
}
