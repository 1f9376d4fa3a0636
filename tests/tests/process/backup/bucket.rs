//! Backups in S3-compatible storage: moto's server, where `moto_server` (or what `MOTO_SERVER` names) is installed.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_tests::{Backend, PATIENCE, Port, both_databases};

use super::{beside, restored, rows};
use crate::place::Place;
use crate::server::{http, until};

const SECRET: &str = "s3cr3t-of-the-bucket";

/// A storage with one bucket, gone with the test.
struct Storage {
    server: Child,
    endpoint: String,
    _port: Port,
}

impl Storage {
    async fn start() -> Option<Self> {
        let program = std::env::var("MOTO_SERVER").unwrap_or_else(|_| "moto_server".to_owned());
        let port = Port::hold();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.number().to_string()]);
        let Ok(server) = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            assert!(std::env::var_os("CI").is_none(), "CI needs moto's server for this test");
            eprintln!("moto's server is not installed: this test is left out");
            return None;
        };
        let storage = Self { server, endpoint: format!("http://{}", port.address), _port: port };
        until(PATIENCE, "the storage has a bucket", async || {
            storage.request("").send().await.is_ok_and(|answer| answer.status().is_success()).then_some(())
        })
        .await;
        Some(storage)
    }

    /// A request to put something below the bucket.
    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let authorization = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request";
        http().put(format!("{}/bucket1{path}", self.endpoint)).header("authorization", authorization)
    }

    async fn put(&self, name: &str, content: &'static str) {
        let answer = self.request(&format!("/{name}")).body(content).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// An installation that keeps its backups here.
    fn used_by(&self, place: Place) -> Place {
        let place = place.with("BACKUP__S3_ENDPOINT", &self.endpoint).with("BACKUP__S3_REGION", "us-east-1");
        place.with("BACKUP__S3_ACCESS_KEY_ID", "key").with("BACKUP__S3_SECRET_ACCESS_KEY", SECRET)
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

both_databases! {
    async fn a_backup_goes_into_a_bucket_and_comes_back(app: Place) {
        let Some(storage) = Storage::start().await else { return };
        let app = storage.used_by(app).with("BACKUP__TO", "s3://bucket1/nightly/acme").founded();
        // More than a part, so that it goes up in several.
        let db = app.database().await;
        let fill = match app.backend {
            Backend::Sqlite => "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) \
                INSERT INTO installation SELECT 'filler ' || i, hex(randomblob(30000)) FROM n",
            Backend::Postgres => "INSERT INTO installation SELECT 'filler ' || i, \
                (SELECT string_agg(md5(i || ' ' || j || random()), '') FROM generate_series(1, 1875) AS m (j)) \
                FROM generate_series(1, 400) AS n (i)",
        };
        sea_orm::ConnectionTrait::execute_unprepared(&db, fill).await.unwrap();
        db.close().await.unwrap();
        let said = app.done(&["backup"]).out;
        let file = said.split(": ").next().unwrap().to_owned();
        assert!(file.starts_with("s3://bucket1/nightly/acme/bellwether-"), "{said}");
        let bytes: u64 = said.split(" bytes").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
        assert!(bytes > 8 << 20, "{said}");
        app.done(&["restore", "--check", &file]);
        let Some(other) = beside(&app, app.backend).await else { return };
        let other = storage.used_by(other);
        restored(&other, std::path::Path::new(&file));
        assert_eq!(rows(&other).await, rows(&app).await);
    }
}

/// How old the newest is and how large is looked up in the bucket, by a server that made none.
#[tokio::test]
async fn the_newest_in_a_bucket_is_told_of() {
    let Some(storage) = Storage::start().await else { return };
    let metrics = Port::hold();
    let app = storage.used_by(Place::sqlite()).with("BACKUP__TO", "s3://bucket1/newest");
    let app = app.with("METRICS__LISTEN", &metrics.address.to_string()).with("SCHEDULER__ENABLED", "false").founded();
    let said = app.done(&["backup"]).out;
    let bytes: u64 = said.split(" bytes").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    let time = said.split(".tar.zst").next().unwrap().rsplit('-').next().unwrap();
    let at = chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").unwrap().and_utc().timestamp();
    let _server = app.serve().await;
    until(PATIENCE, "the newest backup is told of", async || {
        let text = http().get(format!("http://{}/metrics", metrics.address)).send().await.ok()?.text().await.ok()?;
        let is_told = text.contains(&format!("bellwether_backup_last_success_timestamp_seconds {at}\n"))
            && text.contains(&format!("bellwether_backup_size_bytes {bytes}\n"));
        is_told.then_some(())
    })
    .await;
}

/// What is not there, or not ours, is told without the secret.
#[tokio::test]
async fn a_bucket_that_cannot_be_used_is_told() {
    let Some(storage) = Storage::start().await else { return };
    let app = storage.used_by(Place::sqlite()).founded();
    for (args, part) in [
        (&["backup", "--to", "s3://no-such-bucket/x"][..], "at s3://no-such-bucket/x: there is no such bucket"),
        (&["restore", "s3://bucket1/x/bellwether-0-20260101T000000Z.tar.zst"], "is not in the bucket"),
        (&["restore", "s3://no-such-bucket/x/bellwether-0-20260101T000000Z.tar.zst"], "or there is no such bucket"),
    ] {
        let said = app.refused(1, args);
        assert!(said.contains(part) && !said.contains(SECRET), "{args:?}: {said}");
    }
    let shown = app.done(&["check", "config"]).out;
    assert!(shown.contains("s3_secret_access_key = \"***\"") && !shown.contains(SECRET), "{shown}");
}

/// A key that is wrong, and a storage that is not there: told before the work of a backup is begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_that_does_not_let_us_in_is_told_before_anything_is_made() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&asked);
    let refuse = move |request: axum::extract::Request| {
        note.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        let said = "<?xml version=\"1.0\"?><Error><Code>InvalidAccessKeyId</Code><Message>unknown</Message></Error>";
        std::future::ready((axum::http::StatusCode::FORBIDDEN, said))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(refuse);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let gone = Port::hold();

    let app = Place::sqlite().with("BACKUP__S3_REGION", "us-east-1").with("BACKUP__S3_ACCESS_KEY_ID", "key");
    let app = app.with("BACKUP__S3_SECRET_ACCESS_KEY", SECRET).founded();
    for (endpoint, part) in [(address, "is the key right"), (gone.address, "are its address and region right")] {
        let mut command = app.command(&["backup", "--to", "s3://bucket1/x"]);
        command.env("BELLWETHER__BACKUP__S3_ENDPOINT", format!("http://{endpoint}"));
        let ran = tokio::task::block_in_place(|| app.ran(command));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains("no backup can be kept at s3://bucket1/x") && ran.err.contains(part), "{ran:?}");
        assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET), "{ran:?}");
    }
    let asked = asked.lock().unwrap();
    // It lists, and neither looks for a name nor uploads.
    assert!(
        !asked.is_empty() && asked.iter().all(|asked| asked.starts_with("GET") && asked.contains("list-type=2")),
        "{asked:?}"
    );
}

/// What the rule lets go is gone from the bucket, and nobody else's.
#[tokio::test]
async fn what_is_outdated_goes_from_the_bucket() {
    let Some(storage) = Storage::start().await else { return };
    let app =
        storage.used_by(Place::sqlite()).with("BACKUP__KEEP_DAILY", "1").with("BACKUP__KEEP_MONTHLY", "1").founded();
    let back_up = || app.done(&["backup", "--to", "s3://bucket1/x"]).out;
    let first = back_up();
    assert!(first.starts_with("s3://bucket1/x/bellwether-") && !first.contains("removed"), "{first}");
    let name = first.split(':').nth(1).unwrap().rsplit('/').next().unwrap();
    let [_, installation, _] = name.split('-').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let old = |installation: &str| format!("bellwether-{installation}-20200101T000000Z.tar.zst");
    let (own, other) = (old(installation), old("0123456789abcdef"));
    for name in [&own, &other] {
        storage.put(&format!("x/{name}"), "a backup of long ago").await;
    }
    // Names tell seconds apart.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let second = back_up();
    assert!(second.contains("1 older backup(s) removed"), "{second}");
    let restore = |name: &str| app.refused(1, &["restore", "--check", &format!("s3://bucket1/x/{name}")]);
    assert!(restore(&own).contains("not in the bucket"), "{}", restore(&own));
    assert!(!restore(&other).contains("not in the bucket"), "{}", restore(&other));
}
