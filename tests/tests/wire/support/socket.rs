//! A socket whose messages are sent and read one by one.

use std::net::SocketAddr;

use bellwether_tests::Client;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{FOLLOW, within};

/// The subprotocol.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// A socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens one with these headers; the status of the answer where that is refused.
    pub async fn with_headers(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match within("the handshake", connect_async(request)).await {
            Ok((stream, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], PROTOCOL);
                Ok(Self { stream })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Opens one that has said nothing yet.
    pub async fn open(address: SocketAddr) -> Self {
        Self::with_headers(address, &[]).await.expect("the handshake succeeds")
    }

    /// Opens one for this client, past `connection_init`.
    pub async fn ready(client: &Client) -> Self {
        let mut socket = Self::open(client.address).await;
        let payload = client.token.as_ref().map(|token| json!({"authorization": format!("Bearer {token}")}));
        socket.send(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(socket.next().await, json!({"type": "connection_ack"}));
        socket
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    /// Sends a frame.
    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Asks for an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.send(json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    /// Follows the signals of this filter that come after this sequence.
    pub async fn follow(&mut self, id: &str, filter: Value, after: Option<&str>) {
        self.subscribe(id, FOLLOW, json!({"filter": filter, "after": after})).await;
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        match within("a message", self.next_frame()).await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// The answer of the next message, which is a `next` for this id.
    pub async fn payload(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        message["payload"].clone()
    }

    /// The event of the next message, which is one of signals for this id.
    pub async fn event(&mut self, id: &str) -> Value {
        let payload = self.payload(id).await;
        assert!(payload.get("errors").is_none(), "{payload}");
        payload["data"]["signalRecorded"].clone()
    }

    /// The confidence in the event of the next message, which tells signals apart.
    pub async fn confidence(&mut self, id: &str) -> u64 {
        self.event(id).await["signal"]["confidence"].as_u64().unwrap()
    }

    /// The errors of the next message, which is an `error` for this id.
    pub async fn errors(&mut self, id: &str) -> Vec<Value> {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
        super::assert_error_list(message["payload"].as_array().unwrap(), None);
        message["payload"].as_array().unwrap().clone()
    }

    /// Sends a ping; what came before its answer.
    pub async fn settle(&mut self) -> Vec<Value> {
        let mark = json!({"type": "ping", "payload": {"mark": "settled"}});
        self.send(mark).await;
        let mut before = Vec::new();
        loop {
            let message = self.next().await;
            if message == json!({"type": "pong", "payload": {"mark": "settled"}}) {
                return before;
            }
            before.push(message);
        }
    }

    /// The code and the reason that the server closes with, once it does; what came before is left out.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match within("the end of the socket", self.next_frame()).await {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Close(None) => panic!("closed without a code"),
                _ => {}
            }
        }
    }

    /// Every message until the server closes, and the code that it closes with.
    pub async fn ending(&mut self) -> (Vec<Value>, u16) {
        let mut told = Vec::new();
        loop {
            match within("the end of the socket", self.next_frame()).await {
                Message::Close(Some(frame)) => return (told, frame.code.into()),
                Message::Text(text) => told.push(serde_json::from_str(&text).unwrap()),
                other => panic!("expected a message or the end, got {other:?}"),
            }
        }
    }

    async fn next_frame(&mut self) -> Message {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return message,
                Some(Err(error)) => panic!("the socket broke: {error}"),
                None => panic!("the socket ended without a close frame"),
            }
        }
    }
}
