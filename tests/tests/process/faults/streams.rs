//! Subscriptions across processes and to the end of one.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use bellwether_tests::{PATIENCE, both_databases};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{RECORD, signal};
use crate::place::Place;
use crate::server::{Socket, until};

/// Follows signals, as the operation `1`, from the first: so none is missed however late the subscription stands.
pub async fn subscribe(socket: &mut Socket) {
    let query = "subscription { signalRecorded(afterSequence: \"0\") { sequence signal { id symbol } } }";
    let message = json!({"type": "subscribe", "id": "1", "payload": {"query": query}});
    socket.send(message.to_string().into()).await.unwrap();
}

/// The next message of graphql-transport-ws.
async fn next(socket: &mut Socket) -> Value {
    let wait = async {
        loop {
            let message = socket.next().await.unwrap().unwrap();
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("no message came")
}

/// The next event of the operation `1`.
pub async fn event(socket: &mut Socket) -> Value {
    let message = next(socket).await;
    assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!("1")), "{message}");
    assert!(message["payload"]["errors"].is_null(), "{message}");
    message["payload"]["data"]["signalRecorded"]["signal"].clone()
}

both_databases! {
    async fn a_signal_of_the_other_process_is_told(app: Place) {
        // Its jobs, all of which are due at first, are not what is measured.
        let app = app.with("SCHEDULER__ENABLED", "false").founded();
        let (one, two) = (app.serve().await, app.serve().await);
        let client = one.register("trader@acme.test").await;
        let mut socket = one.socket(client.token.as_deref().unwrap()).await;
        subscribe(&mut socket).await;
        for (name, client) in [("the same process", client.clone()), ("the other process", client.at(two.address))] {
            let mut latencies = Vec::new();
            for number in 0..20 {
                let number = if client.address == one.address { number } else { 100 + number };
                let data = client.data(RECORD, json!({"input": signal(number)})).await;
                let recorded = Instant::now();
                let told = event(&mut socket).await;
                latencies.push(recorded.elapsed());
                assert_eq!(told["id"], data["recordSignal"]["signal"]["id"]);
            }
            latencies.sort();
            let (median, most) = (latencies[10], latencies[19]);
            eprintln!("from the answer to the event, through {name}: median {median:?}, most {most:?}");
            assert!(median < Duration::from_secs(5), "{latencies:?}");
        }
    }

    async fn stopping_closes_sockets_and_ends_well(app: Place) {
        let app = app.founded();
        let mut server = app.serve().await;
        let client = server.register("trader@acme.test").await;
        let mut socket = server.socket(client.token.as_deref().unwrap()).await;
        subscribe(&mut socket).await;
        let mut idle = server.socket(client.token.as_deref().unwrap()).await;
        client.data(RECORD, json!({"input": signal(0)})).await;
        event(&mut socket).await;
        let started = Instant::now();
        server.ask_to_stop();
        for socket in [&mut socket, &mut idle] {
            let close = loop {
                match tokio::time::timeout(PATIENCE, socket.next()).await.unwrap() {
                    Some(Ok(Message::Close(frame))) => break frame.expect("a code"),
                    Some(Ok(Message::Text(text))) => assert!(!text.contains("\"error\""), "{text}"),
                    other => panic!("{other:?}"),
                }
            };
            assert_eq!(u16::from(close.code), 1001, "{close:?}");
        }
        let status = server.ended().await;
        assert_eq!(status.code(), Some(0), "{}", server.log());
        eprintln!("stopped after {:?}", started.elapsed());
        assert!(server.lines().any(|line| line["message"] == "stopped"));
    }

    /// A recording that is under way when the server is told to stop is answered, and is there.
    async fn stopping_finishes_what_is_under_way(app: Place) {
        let app = app.founded();
        let mut server = app.serve().await;
        let client = server.register("trader@acme.test").await;
        let body = json!({"query": RECORD, "variables": {"input": signal(0)}}).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            server.address, client.token.unwrap(), body.len(),
        );
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // The server says so when it comes to read the body: the request is under way.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.ask_to_stop();
        until(PATIENCE, "it takes nobody in any more", async || {
            std::net::TcpStream::connect(server.address).is_err().then_some(())
        })
        .await;
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"INSERTED\""), "{answer}");
        assert_eq!(server.ended().await.code(), Some(0));
        assert_eq!(app.count("signals").await, 1);
    }
}
