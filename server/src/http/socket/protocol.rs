//! The messages of graphql-transport-ws, and the codes that a socket is closed with.

use async_graphql::ServerError;
use axum::extract::ws::CloseFrame;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::reply::Payload;

/// Characters of an operation's id.
const LONGEST_ID: usize = 128;
/// Bytes of a close frame's reason (RFC 6455, 5.5: 125 with the code).
const LONGEST_REASON: usize = 123;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromClient {
    /// The first message.
    ConnectionInit {
        /// Who it is.
        payload: Option<Map<String, Value>>,
    },
    /// Are you there?
    Ping {
        /// To be sent back.
        payload: Option<Map<String, Value>>,
    },
    /// I am here.
    Pong {},
    /// Run an operation.
    Subscribe {
        /// What the client calls it.
        id: String,
        /// The parameters.
        payload: Value,
    },
    /// Stop an operation.
    Complete {
        /// What the client calls it.
        id: String,
    },
}

impl FromClient {
    /// Reads a message.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let message: Self = serde_json::from_str(text).ok()?;
        match &message {
            Self::Subscribe { id, .. } | Self::Complete { id } if id.is_empty() || id.len() > LONGEST_ID => None,
            _ => Some(message),
        }
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromServer<'a> {
    /// You may subscribe.
    ConnectionAck {},
    /// I am here.
    Pong {
        /// What the client sent along.
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    /// An answer.
    Next {
        /// To which operation.
        id: &'a str,
        /// The answer.
        payload: Payload<'a>,
    },
    /// The operation is not run, or not any further.
    Error {
        /// Which operation.
        id: &'a str,
        /// Why.
        payload: &'a [ServerError],
    },
    /// The operation has ended.
    Complete {
        /// Which operation.
        id: &'a str,
    },
}

/// Why a socket is closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// The server stops: connect again.
    GoingAway,
    /// A message that the protocol does not have.
    BadMessage(&'static str),
    /// A subscription before `connection_init` was acknowledged.
    Unacknowledged,
    /// The token is not good, or not any more.
    Forbidden(String),
    /// No `connection_init` in time.
    InitTimeout,
    /// An id that is in use.
    Duplicate(String),
    /// A second `connection_init`.
    SecondInit,
}

impl Close {
    /// The frame that says so.
    pub(super) fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::GoingAway => (1001, "the server is stopping: connect again".to_owned()),
            Self::BadMessage(expected) => (4400, expected.to_owned()),
            Self::Unacknowledged => (4401, "Unauthorized".to_owned()),
            Self::Forbidden(why) => (4403, format!("Forbidden: {why}")),
            Self::InitTimeout => (4408, "Connection initialisation timeout".to_owned()),
            Self::Duplicate(id) => (4409, format!("Subscriber for {id} already exists")),
            Self::SecondInit => (4429, "Too many initialisation requests".to_owned()),
        };
        let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
        CloseFrame { code, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        for right in [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"connection_init","payload":{"authorization":"Bearer x"}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"pong","payload":{"a":1}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#,
            r#"{"id":"1","type":"complete"}"#,
        ] {
            assert!(FromClient::parse(right).is_some(), "{right}");
        }
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "a".repeat(129));
        for wrong in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"complete"}"#,
            &long,
        ] {
            assert!(FromClient::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn messages_are_written() {
        let json = |message: &FromServer<'_>| serde_json::to_string(message).unwrap();
        assert_eq!(json(&FromServer::ConnectionAck {}), r#"{"type":"connection_ack"}"#);
        assert_eq!(json(&FromServer::Pong { payload: None }), r#"{"type":"pong"}"#);
        assert_eq!(json(&FromServer::Complete { id: "1" }), r#"{"type":"complete","id":"1"}"#);
        let response = async_graphql::Response::new(async_graphql::value!({"a": 1}));
        let next = FromServer::Next { id: "1", payload: Payload::of(&response) };
        assert_eq!(json(&next), r#"{"type":"next","id":"1","payload":{"data":{"a":1}}}"#);
    }

    #[test]
    fn reasons_fit_into_a_frame() {
        let frame = Close::Duplicate("ü".repeat(128)).frame();
        assert_eq!(frame.code, 4409);
        assert!(frame.reason.len() <= LONGEST_REASON);
    }
}
