//! An event stream, read event by event.

use bellwether_tests::Client;
use reqwest::Response;
use serde_json::{Value, json};

use super::{Wire, within};

/// A stream of server-sent events.
pub struct Events {
    response: Response,
    unread: String,
}

impl Events {
    /// Opens one for an operation. It asks for compression, which must not hold events back.
    pub async fn open(wire: &Wire, client: &Client, query: &str, variables: Value) -> Self {
        Self::of(within("the head of the stream", Self::send(wire, client, query, variables)).await)
    }

    /// What asking for one is answered.
    pub async fn send(wire: &Wire, client: &Client, query: &str, variables: Value) -> Response {
        let mut request = wire
            .request(reqwest::Method::POST, "/graphql")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .header("accept-encoding", "gzip, br")
            .body(json!({"query": query, "variables": variables}).to_string());
        if let Some(token) = &client.token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }

    /// The events of an answer that is a stream of them.
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        assert!(!response.headers().contains_key("content-encoding"), "events are not held back to be compressed");
        Self { response, unread: String::new() }
    }

    /// The next event and its data; nothing at the end of the stream.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
            }
            match within("an event", self.response.chunk()).await {
                Ok(Some(bytes)) => self.unread += std::str::from_utf8(&bytes).unwrap(),
                Ok(None) => {
                    assert_eq!(self.unread, "", "the last event is whole");
                    return None;
                }
                Err(error) => panic!("the stream broke off: {error}"),
            }
        }
    }

    /// The data of the next event, which is `next`.
    pub async fn payload(&mut self) -> Value {
        let (name, payload) = self.next().await.expect("another event");
        assert_eq!(name, "next", "{payload}");
        payload
    }

    /// Whether the stream ends here, as agreed: `complete`, and nothing after it.
    pub async fn ends(&mut self) -> bool {
        self.next().await == Some(("complete".to_owned(), Value::Null)) && self.next().await.is_none()
    }
}

/// An event's name and its data; nothing for a comment.
fn parse(block: &str) -> Option<(String, Value)> {
    let (mut name, mut data) = (None, String::new());
    for line in block.lines() {
        match line.split_once(':') {
            Some(("event", value)) => name = Some(value.trim_start().to_owned()),
            Some(("data", value)) => data += value.strip_prefix(' ').unwrap_or(value),
            Some(("", _)) => {}
            _ => panic!("not a line of an event: {line}"),
        }
    }
    let data = if data.is_empty() { Value::Null } else { serde_json::from_str(&data).unwrap() };
    name.map(|name| (name, data))
}
