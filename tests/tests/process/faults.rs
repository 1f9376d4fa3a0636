//! What may go wrong around a server, and what must not come of it: nothing that was acknowledged is lost, and nothing
//! is there twice.

mod crash;
mod outage;
mod scheduler;
mod streams;
mod trading;
mod two_servers;

use bellwether_tests::Client;
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

/// Sends an operation, and again where it is refused with what says that it may be: two processes that write to one SQLite
/// file without a pause may keep each other from it for longer than a request waits.
async fn insist(client: &Client, query: &str, variables: Value) -> Value {
    for _ in 0..20 {
        let answer = client.send(query, variables.clone()).await.body;
        if answer["errors"][0]["extensions"]["retryable"] != true {
            return answer;
        }
    }
    panic!("{query} is refused again and again");
}

/// The outcome in an answer to [`RECORD`].
fn outcome(answer: &Value) -> Option<&str> {
    answer["data"]["recordSignal"]["outcome"].as_str()
}
