//! Backups, restoring them, and looking whether an installation is sound.

mod archive;
mod bucket;
mod check;
mod faults;
mod job;
mod restore;
mod traffic;

use std::path::PathBuf;

use bellwether_tests::{Backend, Client};
use serde_json::{Value, json};

use crate::place::Place;

/// Records one signal under a strategy of its own.
const RECORD: &str = "mutation ($input: RecordSignalInput!) {
    recordSignal(input: $input) { outcome signal { id } userErrors { message } } }";

/// A signal, one for each number.
fn signal(number: i64) -> Value {
    let time = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(29_000_000 + number);
    json!({
        "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "direction": "BUY", "confidence": 50,
        "signalTime": time.to_rfc3339(), "strategy": format!("strategy {}", number % 50),
        "summary": format!("a \"quoted\" \\ line\nand another: ✓ 𝄞 {number}"), "reasons": [{"indicator": "RSI", "value": "28.5", "says": "below 30, \"oversold\" \\ ✓"}],
        "entry": "123.45678901",
    })
}

/// Records signals; all must be new.
async fn record(client: &Client, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let data = client.data(RECORD, json!({"input": signal(number)})).await;
        assert_eq!(data["recordSignal"]["outcome"], "INSERTED", "{data}");
    }
}

/// Makes a backup in the folder `backups`; its file.
fn backed_up(place: &Place) -> PathBuf {
    let said = place.done(&["backup", "--to", "backups"]).out;
    let file = said.split(": ").next().unwrap();
    assert!(said.contains("restored into a scratch database and found whole"), "{said}");
    place.path(file)
}

/// What is in a folder, hidden or not.
fn files(place: &Place, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(place.path(folder)) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// An empty installation with the keys of another one.
async fn beside(place: &Place, backend: Backend) -> Option<Place> {
    let other = Place::start(backend).await?;
    std::fs::create_dir_all(other.path("data")).unwrap();
    std::fs::copy(place.path("data/keys.json"), other.path("data/keys.json")).unwrap();
    Some(other)
}

/// Restores a backup into an installation.
fn restored(place: &Place, file: &std::path::Path) -> String {
    place.done(&["restore", file.to_str().unwrap()]).out
}

/// The tables that a business would miss, and how many rows each has.
async fn rows(place: &Place) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in [
        "tenants",
        "users",
        "sessions",
        "assets",
        "strategies",
        "signals",
        "signal_sequence",
        "signal_sources",
        "signal_deliveries",
        "audit_log",
        "outbox",
        "installation",
    ] {
        rows.push((table, place.count(table).await));
    }
    rows
}
