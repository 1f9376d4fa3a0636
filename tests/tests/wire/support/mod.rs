//! Requests made by hand, and what holds of every answer.

pub mod events;
pub mod socket;

use std::net::SocketAddr;
use std::time::Duration;

use bellwether_domain::permission::Role;
use bellwether_tests::{Answer, Client, PATIENCE, TestApp};
use reqwest::header::{self, HeaderMap};
use reqwest::{Method, RequestBuilder};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// How late a signal may be told: the contract says within 100 ms on one machine, and this leaves room for a busy one,
/// where a single one is looked at.
pub const DELIVERY: Duration = Duration::from_secs(10);

/// The largest answer to a document that is not run, in bytes.
pub const LARGEST_REFUSAL: usize = 8 * 1_024;

/// The closed list of the contract.
const CODES: [&str; 12] = [
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "RATE_LIMITED",
    "QUERY_REJECTED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_REQUEST",
    "MARKET_DATA_UNAVAILABLE",
    "UNAVAILABLE",
    "RESYNC_REQUIRED",
    "INTERNAL",
];

/// Records a signal.
pub const RECORD: &str = "mutation Record($input: RecordSignalInput!) {
    recordSignal(input: $input) { outcome signal { id confidence } userErrors { code message path } } }";

/// Follows signals.
pub const FOLLOW: &str = "subscription Follow($filter: SignalFilter, $after: String) {
    signalRecorded(filter: $filter, afterSequence: $after) { sequence signal { id symbol confidence audience } } }";

/// Waits for something, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    within_time(PATIENCE, what, future).await
}

/// Waits for something for so long.
pub async fn within_time<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {limit:?}"),
    }
}

/// A client that sends exactly what it is told to.
pub struct Wire {
    pub address: SocketAddr,
    http: reqwest::Client,
}

impl Wire {
    pub fn to(app: &TestApp) -> Self {
        Self::at(app.address)
    }

    pub fn at(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { address, http }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// An operation in a body.
    pub fn operation(&self, query: &str, variables: Value) -> RequestBuilder {
        self.body(json!({"query": query, "variables": variables}).to_string())
    }

    /// A body that is said to be JSON.
    pub fn body(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(Method::POST, "/graphql")
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body)
    }

    /// An operation in an address.
    pub fn in_address(&self, query: &str, variables: Option<Value>, name: Option<&str>) -> RequestBuilder {
        let mut path = format!("/graphql?query={}", encode(query));
        if let Some(variables) = variables {
            path += &format!("&variables={}", encode(&variables.to_string()));
        }
        if let Some(name) = name {
            path += &format!("&operationName={}", encode(name));
        }
        self.get(&path).header("accept", "application/graphql-response+json")
    }
}

/// The same request for an answer in this form alone.
pub fn accepting(request: RequestBuilder, form: &str) -> RequestBuilder {
    // `header` would add it to the forms that were asked for before.
    request.headers(HeaderMap::from_iter([(header::ACCEPT, form.parse().unwrap())]))
}

/// Every byte as it may stand in an address.
pub fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a request is answered.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

/// The client's token.
pub fn token(client: &Client) -> &str {
    client.token.as_deref().expect("the client is signed in")
}

/// What holds of every answer with errors: a code of the list, the request's id, whether to try again, and nothing of
/// the inside.
#[track_caller]
pub fn assert_errors(answer: &Answer) {
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let errors = answer.body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {}", answer.body));
    assert_error_list(errors, Some(id));
    assert_eq!(answer.leaks(), None, "{}", answer.body);
    let content_type = answer.headers["content-type"].to_str().unwrap();
    assert!(
        content_type.starts_with("application/json") || content_type.starts_with("application/graphql-response+json"),
        "{content_type}"
    );
}

/// The same of the errors alone, as a socket or an event stream has them.
#[track_caller]
pub fn assert_error_list(errors: &[Value], request_id: Option<&str>) {
    assert!((1..=20).contains(&errors.len()), "{} errors", errors.len());
    for error in errors {
        let extensions = &error["extensions"];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        let code = extensions["code"].as_str().unwrap_or_else(|| panic!("an error without a code: {error}"));
        assert!(CODES.contains(&code), "{code} is not in the contract");
        let id = extensions["requestId"].as_str().unwrap_or_else(|| panic!("an error without a request id: {error}"));
        assert!(!id.is_empty() && request_id.is_none_or(|expected| expected == id), "{id} is not {request_id:?}");
        let may_help = matches!(code, "RATE_LIMITED" | "UNAVAILABLE" | "MARKET_DATA_UNAVAILABLE");
        assert_eq!(extensions["retryable"], may_help, "{error}");
    }
}

/// A request that was refused as a whole.
#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.code()), (status, Some(code)), "{}", answer.body);
    assert_errors(answer);
    assert!(answer.body.get("data").is_none(), "what never ran has no data: {}", answer.body);
}

/// What is wrong with an answer that the server meant to give: a fault of its own, or something of its inside.
pub fn unsound(answer: &Answer, sent: &str) -> Option<String> {
    let errors = answer.body["errors"].as_array();
    let codes: Vec<_> = errors.into_iter().flatten().map(|error| error["extensions"]["code"].as_str()).collect();
    let is_fault = |code: &Option<&str>| matches!(code, None | Some("INTERNAL" | "UNAVAILABLE"));
    let is_sound = answer.status.as_u16() < 500 && answer.leaks().is_none() && !codes.iter().any(is_fault);
    (!is_sound).then(|| format!("{sent}: {} {}", answer.status, answer.body))
}

/// Asserts that nothing is.
#[track_caller]
pub fn assert_sound(answer: &Answer, sent: &str) {
    assert_eq!(unsound(answer, sent), None);
}

/// Asserts that nothing went wrong, and tells everything that did.
#[track_caller]
pub fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// How many rows a table has.
pub async fn rows(app: &TestApp, table: &str) -> i64 {
    let reader = app.domain.db().reader();
    let query =
        Statement::from_string(reader.get_database_backend(), format!("SELECT COUNT(*) AS rows_of_it FROM {table}"));
    reader.query_one_raw(query).await.unwrap().unwrap().try_get("", "rows_of_it").unwrap()
}

/// A signal that nothing is wrong with; another for every number. Its confidence tells it from others.
pub fn signal(number: u32) -> Value {
    let time = format!("2026-01-{:02}T{:02}:{:02}:00Z", 5 + number / 1_440, number / 60 % 24, number % 60);
    json!({
        "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "signalTime": time, "direction": "BUY",
        "confidence": number % 101,
    })
}

/// The same for everybody in the tenant.
pub fn public_signal(number: u32) -> Value {
    with(signal(number), "audience", json!("TENANT"))
}

/// The same with another value in one field.
pub fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

/// Records a signal that is new.
pub async fn record(client: &Client, input: Value) {
    let data = client.data(RECORD, json!({"input": input})).await;
    assert_eq!(data["recordSignal"]["outcome"], "INSERTED", "{data}");
}

/// Records many signals that are new.
pub async fn record_many(client: &Client, inputs: Vec<Value>) {
    let (query, count) =
        ("mutation ($input: RecordSignalsInput!) { recordSignals(input: $input) { inserted } }", inputs.len());
    let data = client.data(query, json!({"input": {"signals": inputs}})).await;
    assert_eq!(data["recordSignals"]["inserted"], count, "{data}");
}

/// A client of this role in the first tenant.
pub async fn member(app: &TestApp, role: Role) -> Client {
    app.sign_in("a", role).await
}
