//! docs/retention.md tells of every table what is kept of it, by the settings and the jobs that there are.

use std::collections::BTreeSet;

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, TestDomain};
use sea_orm::{ConnectionTrait, Statement};

use crate::read;

/// The rows of the table: which tables, what is kept, by what it is removed.
fn rows(text: &str) -> Vec<[&str; 3]> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect::<Vec<_>>().try_into().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_told_of_once() {
    let app = TestDomain::start(Backend::Sqlite).await.unwrap();
    let db = app.domain.db();
    // The last is the migrations' own.
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations'";
    let tables = db.reader().query_all_raw(Statement::from_string(db.backend(), tables)).await.unwrap();
    let there: BTreeSet<String> = tables.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    let text = read("docs/retention.md");
    let mut told = Vec::new();
    for [tables, ..] in rows(&text) {
        told.extend(tables.split(", ").map(|table| table.trim_matches('`').to_owned()));
    }
    let once: BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(told.len(), once.len(), "a table is told of twice");
    assert_eq!(once, there, "left: docs/retention.md; right: the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_jobs_are_those_that_remove() {
    let app = TestDomain::start(Backend::Sqlite).await.unwrap();
    let owner = app.viewer("a", Role::Owner).await;
    let jobs = app.domain.scheduler_status(&owner).await.unwrap().jobs;
    let there: BTreeSet<&str> = jobs.iter().map(|job| job.name).filter(|name| name.ends_with("_retention")).collect();
    assert!(there.len() > 5, "{there:?}");
    let text = read("docs/retention.md");
    let mut told = BTreeSet::new();
    for [.., by] in rows(&text) {
        let Some(name) = by.split('`').find(|word| word.ends_with("_retention")) else { continue };
        let job = jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("there is no job {name}"));
        let is_hourly = job.schedule.to_string() == "every 1 h";
        assert!(by.ends_with(if is_hourly { "hourly" } else { "nightly" }), "{name} is due {}", job.schedule);
        told.insert(job.name);
    }
    assert_eq!(told, there, "left: docs/retention.md; right: the jobs");
}

#[test]
fn its_days_are_those_of_the_configuration() {
    let defaults = read("server/src/config/defaults.toml");
    let section = defaults.split("\n[retention]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let there: BTreeSet<(&str, &str)> =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = ")).collect();
    assert!(there.len() > 5, "{there:?}");
    let text = read("docs/retention.md");
    let told: BTreeSet<(&str, &str)> = text
        .split("`retention.")
        .skip(1)
        .filter_map(|rest| rest.split_once("` (").map(|(key, rest)| (key, rest.split(')').next().unwrap())))
        .filter(|(key, _)| !key.contains('`'))
        .collect();
    assert_eq!(told, there, "left: docs/retention.md; right: the defaults");
}
