//! What GraphiQL opens with where the database is the demo's: the saved operations of docs/demo-path.md, with their variables.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bellwether_domain::{Error, Fault};
use serde_json::{Value, json};

use super::Http;
use super::accept::Format;
use super::caller::Incoming;
use super::reply::Reply;

macro_rules! operations {
    ($($name:literal with $variables:literal;)*) => {
        &[$((include_str!(concat!("../../../docs/operations/", $name, ".graphql")), $variables),)*]
    };
}

/// In the order of the path. What is in angle quotes is taken from an answer before.
const OPERATIONS: &[(&str, &str)] = operations! {
    "Viewer" with "{}";
    "Accounts" with r#"{"first": 1}"#;
    "AccountMetrics" with r#"{"accountId": "‹account›"}"#;
    "Signals" with r#"{"first": 2, "filter": {"symbol": {"in": ["BTC-USD", "ETH-USD"]}, "outcome": {"eq": "WIN"}}}"#;
    "Signal" with r#"{"id": "‹signal›"}"#;
    "SignalStats" with r#"{"groupBy": "MODE", "filter": {"source": {"eq": "SEED"}}}"#;
    "Analyze" with r#"{"input": {"symbol": "BTC-USD", "timeframe": "D1", "mode": "SWING", "strategy": "consensus"}}"#;
    "SimulateOrder" with r#"{"input": {"accountId": "‹account›", "symbol": "‹symbol›", "side": "BUY", "type": "MARKET", "quantity": "0.1", "signalId": "‹signal›"}}"#;
    "PlaceOrder" with r#"{"input": {"accountId": "‹account›", "symbol": "‹symbol›", "side": "BUY", "type": "MARKET", "quantity": "0.1", "signalId": "‹signal›", "clientOrderId": "demo-1"}}"#;
    "Positions" with r#"{"accountId": "‹account›"}"#;
    "CloseTrade" with r#"{"input": {"tradeId": "‹trade›"}}"#;
    "ExplainBalance" with r#"{"accountId": "‹account›"}"#;
    "SchedulerRuns" with r#"{"first": 1, "filter": {"job": {"eq": "signal_settlement"}, "status": {"eq": "SUCCEEDED"}}}"#;
};

static TABS: LazyLock<Value> = LazyLock::new(|| {
    OPERATIONS.iter().map(|(query, variables)| json!({"query": query, "variables": variables})).collect()
});

/// GraphiQL's tabs; none where the database is not the demo's.
pub(super) async fn tabs(State(http): State<Http>, Extension(incoming): Extension<Arc<Incoming>>) -> Response {
    match http.app.domain.demo_anchor().await {
        Ok(Some(_)) => Json(&*TABS).into_response(),
        Ok(None) => Json(json!([])).into_response(),
        Err(Error::Fault(fault)) => Reply::fault(&fault, &incoming.id).into_response(Format::Json),
        Err(Error::Problems(problems)) => {
            let fault = Fault::Bug(format!("the anchor was refused: {problems:?}"));
            Reply::fault(&fault, &incoming.id).into_response(Format::Json)
        }
    }
}
