//! Subscribing: by socket (graphql-transport-ws) and by event stream (graphql-sse).

use bellwether_tests::{PATIENCE, TestApp};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What a subscriber hears.
#[derive(Debug)]
pub enum Heard {
    /// An answer: `{data, errors}`.
    Answer(Value),
    /// The subscription was refused, or ended.
    Over,
    /// The socket was closed with this code.
    Closed(u16),
}

impl Heard {
    /// The code of the answer's first error; none where it has none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Answer(answer) => answer["errors"][0]["extensions"]["code"].as_str(),
            Self::Over | Self::Closed(_) => None,
        }
    }

    /// The data of an answer that has no errors.
    pub fn data(&self) -> Option<&Value> {
        match self {
            Self::Answer(answer) if answer.get("errors").is_none() => answer.get("data"),
            _ => None,
        }
    }
}

/// A socket on which one subscription runs.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Everything that came, as it was written.
    pub raw: String,
}

impl Socket {
    /// Opens one with this Authorization header and this payload of `connection_init`; else the status of the refusal.
    pub async fn open(app: &TestApp, authorization: Option<&str>, payload: Value) -> Result<Self, u16> {
        let mut request = format!("ws://{}/graphql/ws", app.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        if let Some(text) = authorization {
            request.headers_mut().insert("authorization", text.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => {
                let mut socket = Self { stream, raw: String::new() };
                socket.send(&json!({"type": "connection_init", "payload": payload})).await;
                Ok(socket)
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one and subscribes.
    pub async fn subscribe(app: &TestApp, token: Option<&str>, query: &str, variables: &Value) -> Self {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut socket = Self::open(app, None, json!({"authorization": authorization})).await.unwrap();
        socket.start("1", query, variables).await;
        socket
    }

    /// Sends an operation under this id.
    pub async fn start(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({"query": query, "variables": variables});
        self.send(&json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    async fn send(&mut self, message: &Value) {
        self.stream.send(Message::Text(message.to_string().into())).await.unwrap();
    }

    /// What comes next.
    pub async fn next(&mut self) -> Heard {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("nothing was heard");
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(frame))) => return Heard::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Heard::Closed(1006),
            };
            self.raw.push_str(&text);
            let message: Value = serde_json::from_str(&text).unwrap();
            match message["type"].as_str() {
                Some("next") => return Heard::Answer(message["payload"].clone()),
                Some("error") => return Heard::Answer(json!({"errors": message["payload"]})),
                Some("complete") => return Heard::Over,
                _ => {}
            }
        }
    }
}

/// A stream of events in which one subscription runs.
pub struct Events {
    response: reqwest::Response,
    /// Everything that came, as it was written.
    pub raw: String,
    read: usize,
}

impl Events {
    /// Subscribes; the stream, or the status and answer of a refusal.
    pub async fn subscribe(
        app: &TestApp,
        token: Option<&str>,
        query: &str,
        variables: &Value,
    ) -> Result<Self, (u16, Value)> {
        let http = reqwest::Client::builder().build().unwrap();
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = http.post(app.url("/graphql")).header("content-type", "application/json").body(body);
        let mut request = request.header("accept", "text/event-stream");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        if content_type.starts_with("text/event-stream") {
            Ok(Self { response, raw: String::new(), read: 0 })
        } else {
            Err((status, serde_json::from_str(&response.text().await.unwrap()).unwrap()))
        }
    }

    /// What comes next.
    pub async fn next(&mut self) -> Heard {
        loop {
            while let Some(length) = self.raw[self.read..].find("\n\n") {
                let event = self.raw[self.read..self.read + length].to_owned();
                self.read += length + 2;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                match field("event:") {
                    Some("next") => return Heard::Answer(serde_json::from_str(field("data:").unwrap()).unwrap()),
                    Some("complete") => return Heard::Over,
                    _ => {}
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("nothing was heard");
            match chunk {
                Ok(Some(chunk)) => self.raw.push_str(std::str::from_utf8(&chunk).unwrap()),
                Ok(None) | Err(_) => return Heard::Over,
            }
        }
    }
}
