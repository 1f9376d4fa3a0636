//! What may go wrong around a server, and what must not come of it: nothing that was acknowledged is lost, and nothing
//! is there twice.

mod crash;
mod outage;
mod scheduler;
mod streams;
mod trading;
mod two_servers;

use serde_json::{Value, json};

/// Records one signal.
const RECORD: &str = "mutation ($input: RecordSignalInput!) {
    recordSignal(input: $input) { outcome signal { id } userErrors { message } } }";

/// A signal, one for each number.
fn signal(number: i64) -> Value {
    let time = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(29_000_000 + number);
    json!({
        "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "direction": "BUY", "confidence": 50,
        "signalTime": time.to_rfc3339(),
    })
}

/// The outcome in an answer to [`RECORD`].
fn outcome(answer: &Value) -> Option<&str> {
    answer["data"]["recordSignal"]["outcome"].as_str()
}
