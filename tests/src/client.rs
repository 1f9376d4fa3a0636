//! A client of the GraphQL endpoint.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Sends operations, signed in or not.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where to.
    pub address: SocketAddr,
    /// The access token, when signed in.
    pub token: Option<String>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

impl Client {
    /// A client that is not signed in.
    pub fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { address, token: None, http }
    }

    /// The same client at another server.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Signs in.
    pub async fn sign_in(mut self, email: &str, password: &str) -> Self {
        let answer = self
            .send(
                "mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { message } } }",
                json!({"input": {"email": email, "password": password}}),
            )
            .await;
        let token = answer.body["data"]["login"]["session"]["accessToken"].as_str();
        self.token = Some(token.unwrap_or_else(|| panic!("{email} could not sign in: {}", answer.body)).to_owned());
        self
    }

    /// Posts a body of any kind to the endpoint.
    pub async fn post(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self
            .http
            .post(format!("http://{}/graphql", self.address))
            .header("content-type", content_type)
            .header("accept", "application/graphql-response+json")
            .body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await.unwrap();
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        Answer { status, headers, body }
    }

    /// Sends an operation.
    pub async fn send(&self, query: &str, variables: Value) -> Answer {
        self.post("application/json", json!({"query": query, "variables": variables}).to_string()).await
    }

    /// Sends an operation that must not fail; its data. A query that is refused for now, as on a busy machine it may be, is
    /// sent again, as any client would; what changes something is not, for it may have been done.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.send(query, variables.clone()).await;
        for _ in 0..20 {
            if answer.code() != Some("UNAVAILABLE") || query.trim_start().starts_with("mutation") {
                break;
            }
            eprintln!("{query} is refused for now: {}", answer.body);
            tokio::time::sleep(Duration::from_millis(200)).await;
            answer = self.send(query, variables.clone()).await;
        }
        assert!(answer.body.get("errors").is_none(), "{query}: {}", answer.body);
        answer.body["data"].clone()
    }
}

impl Answer {
    /// The code of the first error.
    pub fn code(&self) -> Option<&str> {
        self.body["errors"][0]["extensions"]["code"].as_str()
    }

    /// Whether a text that must not leave the server is in the body.
    pub fn leaks(&self) -> Option<&'static str> {
        let body = self.body.to_string().to_lowercase();
        ["sqlx", "sqlstate", "sqlite_", "panicked", "select ", "insert into", "src/", ".rs:", "database is locked"]
            .into_iter()
            .find(|text| body.contains(text))
    }
}
