//! Two machines whose clocks are five minutes apart.

use std::path::PathBuf;

use bellwether_tests::{Backend, PATIENCE, far_from_the_hour};
use serde_json::json;

use super::{ask_for, assert_nothing_doubled, brisk, hear, leads, owner, runs, said, settled};
use crate::place::Place;
use crate::server::{Server, until};

/// libfaketime for programs with threads; none where it is not installed, except in CI.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let library = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    if library.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs libfaketime for this test");
        eprintln!("libfaketime is not installed: this test is left out");
    }
    library
}

async fn serve_at(place: &Place, faketime: &PathBuf, offset: &str) -> Server {
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("LD_PRELOAD", faketime).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Server::start(command, place).await
}

/// PostgreSQL's clock decides, so neither of them takes the other's lock or does its work again. SQLite is left out: it is
/// used from one machine, which has one clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_change_nothing() {
    let Some(faketime) = faketime() else { return };
    let Some(place) = Place::start(Backend::Postgres).await else { return };
    far_from_the_hour().await;
    let place = brisk(place);
    let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS figure";
    let began = place.figure(now).await;
    let behind = serve_at(&place, &faketime, "-150s").await;
    let first = leads(&behind, "scheduler lock acquired").await;
    settled(&place).await;
    let ahead = serve_at(&place, &faketime, "+150s").await;
    let time = |server: &Server| {
        let line = server.lines().next().unwrap()["timestamp"].as_str().unwrap().to_owned();
        line.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    assert!(time(&ahead) - time(&behind) > chrono::TimeDelta::minutes(4), "the clocks do not differ");
    // More than the lease: by its own clock, the one ahead would think that it ran out long ago.
    let renewed = said(&behind, "scheduler lock renewed").len();
    hear(&behind, "scheduler lock renewed", renewed + 5).await;
    assert!(said(&ahead, "scheduler lock acquired").is_empty() && said(&ahead, "scheduler lock taken over").is_empty());

    let hourly = "SELECT count(*) AS figure FROM scheduler_run \
                  WHERE job IN ('session_retention', 'token_retention', 'letter_retention')";
    let before = place.figure(hourly).await;
    behind.ask_to_stop();
    let second = leads(&ahead, "scheduler lock acquired").await;
    assert_eq!(second, first + 1);
    let client = owner(&ahead).await;
    ask_for(&client, "delivery_redrive").await;
    let asked = "SELECT count(*) AS figure FROM scheduler_run WHERE requested_by IS NOT NULL AND status = 'SUCCEEDED'";
    until(PATIENCE, "what was asked for is done", async || (place.figure(asked).await == 1).then_some(())).await;
    let runs = runs(&place).await;
    // By its own clock it would be due again where the hour was five minutes from its end.
    assert_eq!(place.figure(hourly).await, before, "hourly work was done again: {runs:#?}");
    assert_nothing_doubled(&place).await;
    // Times in the table are the database's, whoever wrote them.
    let strange = format!(
        "SELECT count(*) AS figure FROM scheduler_run WHERE started_at > clock_timestamp() \
         OR finished_at > clock_timestamp() OR started_at < to_timestamp({began} / 1000.0)"
    );
    assert_eq!(place.figure(&strange).await, 0, "{runs:#?}");
    let status = client.data("{ schedulerStatus { lock { isHeld fencingToken } } }", json!({})).await;
    assert_eq!(status["schedulerStatus"]["lock"], json!({"isHeld": true, "fencingToken": second.to_string()}));
}
