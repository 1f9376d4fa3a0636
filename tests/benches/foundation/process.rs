//! The process itself: how soon it is ready, what it weighs, and what a subscriber weighs. A server of its own, in
//! release mode, as `cargo bench` builds it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bellwether_tests::Client;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::load::{http_rate, post};

const SUBSCRIBERS: usize = 1_000;

/// A server that is ended with the measurement.
struct Server(Child, std::net::SocketAddr);

impl Server {
    async fn start(command: &str, folder: &Path) -> (Self, Duration) {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // A bench is built into target/release/deps.
        let built = std::env::current_exe().unwrap();
        let binary = built.parent().and_then(Path::parent).unwrap().join("bellwether");
        let start = Instant::now();
        let mut command_line = Command::new(binary);
        command_line
            .args([command, "--data-dir", folder.to_str().unwrap(), "--listen", &address.to_string()])
            .args(if command == "serve" { vec!["--allow-demo"] } else { vec![] })
            .envs([("BELLWETHER__LIMITS__REQUESTS_PER_MINUTE", "1000000"), ("BELLWETHER__LOG__LEVEL", "warn")])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = Self(command_line.spawn().expect("build it first: cargo build --release -p bellwether"), address);
        let http = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
        loop {
            let ready = http.get(format!("http://{address}/ready")).send().await;
            if ready.is_ok_and(|ready| ready.status().is_success()) {
                return (server, start.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Resident memory in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures it.
pub async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start("demo", folder.path()).await);
    let (server, first) = Server::start("serve", folder.path()).await;
    drop(server);
    let (server, second) = Server::start("serve", folder.path()).await;
    println!("\nthe process, on SQLite with the demo data");
    println!("  start to ready on a migrated database        {:?}", first.min(second));
    println!("  resident idle                                {} KiB", server.resident());
    let client = Client::new(server.1).sign_in("admin@atlas.test", "Demo-Passw0rd!").await;
    let page = json!({"query": "{ signals(first: 50) { nodes { id symbol asset { name } author { firstName } } } }"});
    http_rate(server.1, post("/graphql", client.token.as_deref(), &page.to_string()), 32, 10.0).await;
    println!("  resident after 10 s of pages to 32 clients   {} KiB", server.resident());
    drop(server);
    subscribers(folder.path()).await;
}

/// What a thousand subscribers add, each of whom was sent an event.
async fn subscribers(folder: &Path) {
    let (server, _) = Server::start("serve", folder).await;
    let client = Client::new(server.1).sign_in("seller@atlas.test", "Demo-Passw0rd!").await;
    let token = client.token.clone().unwrap();
    let before = server.resident();
    let mut sockets = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let mut request = format!("ws://{}/graphql/ws", server.1).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let init = json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}});
        socket.send(Message::text(init.to_string())).await.unwrap();
        assert!(socket.next().await.unwrap().unwrap().to_text().unwrap().contains("connection_ack"));
        let query = "subscription { signalRecorded { sequence signal { id symbol direction confidence } } }";
        let subscribe = json!({"id": "1", "type": "subscribe", "payload": {"query": query}});
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        sockets.push(socket);
    }
    // A subscription that is under way has answered a ping sent after it.
    for socket in &mut sockets {
        socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
        assert!(socket.next().await.unwrap().unwrap().to_text().unwrap().contains("pong"));
    }
    let start = Instant::now();
    let recorded = client
        .data(
            "mutation ($time: DateTime!) { recordSignal(input: {symbol: \"AAPL\", mode: SCALP, timeframe: M1, \
             signalTime: $time, direction: BUY, confidence: 60}) { outcome userErrors { message } } }",
            json!({"time": "2026-01-01T00:00:00Z"}),
        )
        .await;
    assert_eq!(recorded["recordSignal"]["userErrors"], json!([]));
    for socket in &mut sockets {
        assert!(socket.next().await.unwrap().unwrap().to_text().unwrap().contains("signalRecorded"));
    }
    println!("  an event to {SUBSCRIBERS} subscribers                   {:?}", start.elapsed());
    let added = server.resident().saturating_sub(before);
    println!("  each of {SUBSCRIBERS} subscribers                       {:.1} KiB", added as f64 / SUBSCRIBERS as f64);
}
