//! A throw-away PostgreSQL for the tests of one run.
//!
//! `TEST_POSTGRES_URL` names a server to use. Without it the first test that needs one starts a cluster in the
//! temporary folder, also as root (PostgreSQL refuses to run as root, so it is started as `postgres`). All test
//! processes of a run share it: they have the same parent (cargo, or nextest), and a watchdog stops it when that ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use bellwether_migrations::Migrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;

use crate::port::Port;
use crate::run::run_id;

/// The database that tests are cloned from.
const TEMPLATE: &str = "bellwether_template";
/// Who the tests are in the database: the owner of its tables, and nobody special, so that row-level security holds.
const ROLE: &str = "bellwether_plain";
/// What a connection of the tests' own is: that role, and not confined to a tenant. The program confines its own.
const OPTIONS: &str = "options=-c%20role%3Dbellwether_plain%20-c%20bellwether.tenant%3D*";

/// A new migrated database of its own; none where there is no PostgreSQL and this is not CI.
pub async fn new_database() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = server().await?;
    // A run of thousands of processes may see a process id twice.
    let began = UNIX_EPOCH.elapsed().unwrap().as_micros();
    let name = format!("bellwether_test_{}_{began}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = connect(&server, "postgres").await;
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {ROLE}")).await.unwrap();
    admin.close().await.unwrap();
    Some(format!("{server}/{name}?{OPTIONS}"))
}

/// The URL of the run's server, without a database; its template is migrated.
async fn server() -> Option<String> {
    let folder = std::env::temp_dir().join(format!("bellwether-test-postgres-{}", run_id()));
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let ready = folder.join("ready");
    if let Ok(url) = fs::read_to_string(&ready) {
        return Some(url);
    }
    let url = match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => url.trim_end_matches('/').to_owned(),
        Err(_) => match start(&folder) {
            Some(url) => url,
            None if std::env::var_os("CI").is_some() => panic!("CI needs PostgreSQL or TEST_POSTGRES_URL"),
            None => {
                eprintln!(
                    "PostgreSQL is not installed and TEST_POSTGRES_URL is not set: its half of the test is left out"
                );
                return None;
            }
        },
    };
    let admin = connect(&url, "postgres").await;
    admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {TEMPLATE}")).await.unwrap();
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {ROLE} NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    );
    admin.execute_unprepared(&role).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {TEMPLATE} OWNER {ROLE}")).await.unwrap();
    let template = connect(&url, &format!("{TEMPLATE}?{OPTIONS}")).await;
    Migrator::up(&template, None).await.unwrap();
    template.close().await.unwrap();
    admin.close().await.unwrap();
    fs::write(ready, &url).unwrap();
    Some(url)
}

async fn connect(server: &str, database: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("{server}/{database}"));
    options.max_connections(1);
    Database::connect(options).await.unwrap()
}

/// Starts a cluster in the folder, and its watchdog; none where PostgreSQL is not installed.
fn start(folder: &Path) -> Option<String> {
    let binaries = binaries()?;
    let data = folder.join("data");
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let run = |program: &str, arguments: &[&str]| {
        let program = binaries.join(program);
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The server inherits these: left open, they would keep the test runner waiting.
        let done =
            command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(done.status().unwrap().success(), "{} failed", arguments.join(" "));
    };
    if is_root {
        assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
    }
    let data = data.to_str().unwrap();
    run("initdb", &["-D", data, "-A", "trust", "-U", "postgres", "-N", "--no-locale", "-E", "UTF8"]);
    let port = Port::hold();
    let options = format!(
        "-p {number} -k {} -h 127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400",
        folder.display(),
        number = port.number(),
    );
    let log = folder.join("log");
    run("pg_ctl", &["-D", data, "-w", "-l", log.to_str().unwrap(), "-o", &options, "start"]);
    watch(folder, &binaries, is_root);
    Some(format!("postgres://postgres@127.0.0.1:{}", port.number()))
}

/// Leaves a process behind that outlives the test and stops the cluster and removes it when the run has ended.
#[expect(clippy::zombie_processes, reason = "it ends after the test that started it")]
fn watch(folder: &Path, binaries: &Path, is_root: bool) {
    let script = format!(
        "while kill -0 {parent} 2>/dev/null; do sleep 1; done; cd /; {as_postgres} {stop} -D {folder}/data -m immediate -w stop; rm -rf {folder}",
        parent = std::os::unix::process::parent_id(),
        as_postgres = if is_root { "setpriv --reuid=postgres --regid=postgres --init-groups --" } else { "" },
        stop = binaries.join("pg_ctl").display(),
        folder = folder.display(),
    );
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a group of its own, so that the runner does not end it with the test.
    watchdog.process_group(0).spawn().unwrap();
}

/// The folder of the newest PostgreSQL's programs.
fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    versions.sort_by_key(|folder| folder.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()));
    let on_path = || {
        let found = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
        folder.join("initdb").exists().then_some(folder)
    };
    versions.pop().or_else(on_path)
}
