//! Callers who hear answers as they are written, and things to ask for.

use std::time::Duration;

use bellwether_domain::challenges::{NewTier, PhaseKind, Rules};
use bellwether_domain::clock::SystemClock;
use bellwether_domain::entropy::Entropy;
use bellwether_domain::fixed::{Money, Percent, Quantity};
use bellwether_domain::identity::NewPerson;
use bellwether_domain::ids::{Id, new_uuid};
use bellwether_domain::market::{Candle, SourceName, Symbol, Timeframe};
use bellwether_domain::permission::Role;
use bellwether_tests::app::PASSWORD;
use bellwether_tests::{Client, PATIENCE, TestApp};
use chrono::{DurationRound, SubsecRound, TimeDelta};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// An id that nothing has, spelt like any other of its kind.
pub fn unused<I: Id>() -> String {
    I::from_uuid(new_uuid(&SystemClock, &Entropy::from_system().unwrap())).to_string()
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Caller {
    /// Who, for messages.
    pub name: String,
    /// What they sign their requests with.
    pub token: Option<String>,
    url: String,
    http: reqwest::Client,
}

/// An answer as it was written.
#[derive(Debug)]
pub struct Written {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Caller {
    /// Somebody who is not signed in.
    pub fn anonymous(app: &TestApp) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { name: "anonymous".to_owned(), token: None, url: app.url("/graphql"), http }
    }

    /// Somebody of this role.
    pub async fn of(app: &TestApp, tenant: &'static str, role: Role) -> Self {
        let token = app.sign_in(tenant, role).await.token;
        Self { name: format!("{role:?} of {tenant}"), token, ..Self::anonymous(app) }
    }

    /// The same with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Asks.
    pub async fn ask(&self, query: &str, variables: &Value) -> Written {
        self.ask_with(query, variables, &[]).await
    }

    /// Asks with further headers.
    pub async fn ask_with(&self, query: &str, variables: &Value, headers: &[(&str, &str)]) -> Written {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = self.http.post(&self.url).body(body).header("content-type", "application/json");
        let mut request = request.header("accept", "application/graphql-response+json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Written::of(request.send().await.unwrap()).await
    }

    /// Who this is on the server: their ids and role; null for nobody.
    pub async fn viewer(&self) -> Value {
        let written = self.ask("{ viewer { user { id } tenant { id slug } role session { id } } }", &json!({})).await;
        assert_eq!(written.status, 200, "{}: {}", self.name, written.text);
        written.json()["data"]["viewer"].clone()
    }
}

impl Written {
    /// What a server answered.
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// What it says.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the first error.
    pub fn code(&self) -> Option<String> {
        self.json()["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
    }

    /// The status and the body without what differs from answer to answer: the request's id and the points left.
    pub fn bare(&self) -> (StatusCode, String) {
        let text = blank(&self.text, "\"requestId\":\"", |c| c != '"');
        (self.status, blank(&text, "\"available\":", |c| c.is_ascii_digit()))
    }
}

/// Leaves out what follows each `start` for as long as `drop` says so.
fn blank(text: &str, start: &str, drop: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(start);
    let mut blanked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        blanked.push_str(start);
        blanked.push_str(part.trim_start_matches(&drop));
    }
    blanked
}

#[test]
fn only_what_differs_is_left_out() {
    let text = r#"{"errors":[{"requestId":"ab1","code":"X"}],"cost":{"requested":1,"available":25},"a":7}"#;
    let written = Written { status: StatusCode::OK, headers: HeaderMap::new(), text: text.to_owned() };
    let bare = r#"{"errors":[{"requestId":"","code":"X"}],"cost":{"requested":1,"available":},"a":7}"#;
    assert_eq!(written.bare().1, bare);
}

/// The number of rows that a count finds.
pub async fn count(app: &TestApp, from: &str) -> i64 {
    let db = app.domain.db();
    let query = Statement::from_string(db.backend(), format!("SELECT COUNT(*) AS n FROM {from}"));
    db.reader().query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Changes rows behind the server's back.
pub async fn execute(app: &TestApp, statement: &str) {
    let done = app.domain.db().writer().execute_unprepared(statement).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement} changed nothing");
}

/// A signal that nothing is wrong with, of the `index`-th minute before the last full one.
pub fn signal(app: &TestApp, index: i64, audience: &str) -> Value {
    let time = (app.domain.now() - TimeDelta::minutes(index + 1)).trunc_subsecs(0);
    json!({
        "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "direction": "BUY", "confidence": 50,
        "signalTime": time.to_rfc3339(), "audience": audience,
    })
}

/// Records a signal; its id.
pub async fn record(client: &Client, signal: &Value) -> String {
    let query = "mutation ($input: RecordSignalInput!) {
        recordSignal(input: $input) { outcome signal { id } userErrors { message } } }";
    let done = client.data(query, json!({"input": signal})).await;
    assert_eq!(done["recordSignal"]["outcome"], "INSERTED", "{done}");
    done["recordSignal"]["signal"]["id"].as_str().unwrap().to_owned()
}

/// Makes an API key; its id and the key.
pub async fn make_api_key(client: &Client, scopes: &[&str]) -> (String, String) {
    let query = "mutation ($scopes: [Permission!]!) { createApiKey(input: {name: \"bot\", scopes: $scopes}) {
        apiKey { id } token userErrors { message } } }";
    let made = client.data(query, json!({"scopes": scopes})).await["createApiKey"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (text(&made["apiKey"]["id"]), text(&made["token"]))
}

/// Makes a user with everybody's password; their id.
pub async fn make_user(app: &TestApp, tenant: &str, email: &str, role: Role) -> String {
    let tenant = app.domain.tenant_by_slug(tenant).await.unwrap().unwrap();
    let person = NewPerson {
        email: email.to_owned(),
        password: PASSWORD.into(),
        first_name: "New".to_owned(),
        last_name: "Person".to_owned(),
        role,
    };
    app.domain.create_user(tenant.id, person).await.unwrap().id.to_string()
}

/// Makes one tier the only one that is offered, in which a fall of 5 % of a day's balance fails; its code.
pub async fn put_tier(app: &TestApp) -> String {
    let rules = Rules::unlimited(PhaseKind::Evaluation, Money::from_int(10_000).unwrap());
    let rules = Rules { daily_loss: Some(Percent::from_int(5).unwrap()), duration_days: Some(30), ..rules };
    let tier = NewTier {
        code: "PLAIN".to_owned(),
        name: "Plain".to_owned(),
        is_recommended: true,
        price: None,
        is_refundable: false,
        phases: vec![rules],
    };
    app.domain.put_challenge_tiers(std::slice::from_ref(&tier)).await.unwrap();
    tier.code
}

/// Grants whoever runs a tenant a challenge of their own, and takes back those that they had: one user may have so many.
/// Its id.
pub async fn challenge(app: &TestApp, admin: &Client, reason: &str) -> String {
    let tier = put_tier(app).await;
    let found = admin.data("{ viewer { user { id } } }", json!({})).await;
    let user = found["viewer"]["user"]["id"].clone();
    let query =
        "query ($user: ID!) { challenges(filter: {userId: $user, statuses: [PENDING, ACTIVE]}) { nodes { id } } }";
    let before = admin.data(query, json!({"user": user})).await;
    for one in before["challenges"]["nodes"].as_array().unwrap() {
        let cancel = "mutation ($id: ID!) { cancelChallenge(input: {challengeId: $id, reason: \"another\"}) {
            challenge { status } } }";
        admin.data(cancel, json!({"id": one["id"]})).await;
    }
    let grant = "mutation ($input: GrantChallengeInput!) {
        grantChallenge(input: $input) { challenge { id } userErrors { message } } }";
    let input = json!({"userId": user, "tier": tier, "reason": reason});
    let granted = admin.data(grant, json!({"input": input})).await;
    granted["grantChallenge"]["challenge"]["id"].as_str().unwrap_or_else(|| panic!("{granted}")).to_owned()
}

/// Begins a challenge of whoever runs a tenant.
pub async fn begin(admin: &Client, challenge: &str) {
    let start = "mutation ($id: ID!) { startChallenge(input: {challengeId: $id}) { challenge { status } } }";
    let begun = admin.data(start, json!({"id": challenge})).await;
    assert_eq!(begun["startChallenge"]["challenge"]["status"], "ACTIVE", "{begun}");
}

/// A source, with its token.
pub struct Source {
    pub id: String,
    pub token: String,
}

/// Makes a source.
pub async fn make_source(client: &Client, input: Value) -> Source {
    let query = "mutation ($input: CreateSignalSourceInput!) {
        createSignalSource(input: $input) { source { id } token userErrors { message } } }";
    let made = client.data(query, json!({"input": input})).await["createSignalSource"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    Source { id: text(&made["source"]["id"]), token: text(&made["token"]) }
}

/// Delivers to a source and waits for the verdict; the delivery's id.
pub async fn deliver(app: &TestApp, client: &Client, source: &Source, body: &str, verdict: &str) -> String {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let url = app.url(&format!("/hooks/tradingview/{}", source.token));
    let kept = Written::of(http.post(url).body(body.to_owned()).send().await.unwrap()).await;
    assert_eq!(kept.status, 202, "{}", kept.text);
    let id = kept.json()["delivery"].as_str().unwrap().to_owned();
    let query = "query ($id: ID!) { node(id: $id) { ... on SignalDelivery { verdict reason } } }";
    eventually("the delivery is judged", async || {
        let delivery = client.data(query, json!({"id": id})).await["node"].clone();
        assert!(delivery["verdict"].is_null() || delivery["verdict"] == verdict, "{delivery}");
        !delivery["verdict"].is_null()
    })
    .await;
    id
}

/// Asks again and again until it is so, for as long as a test waits.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "it never came that {what}");
}

/// Gives AAPL enough hourly candles to be analysed.
pub async fn put_candles(app: &TestApp) {
    let asset = app.domain.asset_by_symbol(&Symbol::try_from("AAPL").unwrap()).await.unwrap().unwrap();
    let hour = app.domain.now().duration_trunc(TimeDelta::hours(1)).unwrap();
    let candle = |index: i32| {
        let price = |cents: i32| format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
        let close = 18_000 + 10 * (index % 17);
        let (open, high, low) = (price(close + 5), price(close + 20), price(close - 20));
        Candle::new(hour - TimeDelta::hours(index.into()), open, high, low, price(close), Quantity::ZERO).unwrap()
    };
    let candles: Vec<Candle> = (1..300).map(candle).collect();
    app.domain.put_candles(&asset, Timeframe::H1, SourceName::Csv, candles).await.unwrap();
}
