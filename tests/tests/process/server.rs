//! A server process.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bellwether_tests::{Client, PATIENCE};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::place::{PASSWORD, Place};

/// How long a server may take to come up, a demo with its past too.
const LONGEST: Duration = Duration::from_secs(180);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A WebSocket to a server.
pub type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A server process, which ends with the test.
pub struct Server {
    child: Child,
    out: PathBuf,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts one and waits until it is ready.
    pub async fn start(mut command: Command, place: &Place) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (out, log) = (place.path(&format!("server-{number}.out")), place.path(&format!("server-{number}.log")));
        command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).stderr(File::create(&log).unwrap());
        let child = command.spawn().unwrap();
        let mut server = Self { child, out, log, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let started = Instant::now();
        server.address = loop {
            if let Some(address) = server.lines().find_map(|line| serving_at(&line)) {
                break address;
            }
            server.expect_alive(started);
            tokio::time::sleep(LOOK_EVERY).await;
        };
        while server.get("/ready").await.is_none_or(|(status, _)| status != 200) {
            server.expect_alive(started);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        server
    }

    fn expect_alive(&mut self, started: Instant) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none() && started.elapsed() < LONGEST, "it did not come up ({ended:?}): {}", self.log());
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// What it printed so far.
    pub fn out(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }

    /// The whole lines of its log so far, those that are JSON.
    pub fn lines(&self) -> impl Iterator<Item = Value> + use<> {
        let log = self.log();
        let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        lines.into_iter()
    }

    /// Status and body of a path; none where nobody answers.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = http().get(format!("http://{}{path}", self.address)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// A client that is signed in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Client {
        self.anonymous().sign_in(email, password).await
    }

    /// A new trader, signed in.
    pub async fn register(&self, email: &str) -> Client {
        let mut client = self.anonymous();
        let query = "mutation ($input: RegisterInput!) { register(input: $input) { session { accessToken } userErrors { message } } }";
        let input = json!({
            "email": email, "password": PASSWORD, "firstName": "Tessa", "lastName": "Trader",
            "acceptTerms": bellwether_domain::DomainConfig::default().terms_version,
        });
        let data = client.data(query, json!({"input": input})).await;
        let token = data["register"]["session"]["accessToken"].as_str();
        client.token = Some(token.unwrap_or_else(|| panic!("{data}")).to_owned());
        client
    }

    /// Opens a socket and says who it is.
    pub async fn socket(&self, token: &str) -> Socket {
        use futures_util::{SinkExt, StreamExt};
        let mut request = format!("ws://{}/graphql/ws", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let init = json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}});
        socket.send(init.to_string().into()).await.unwrap();
        let ack = socket.next().await.unwrap().unwrap();
        assert!(ack.to_text().unwrap().contains("connection_ack"), "{ack}");
        socket
    }

    /// Asks it to stop, and waits until it has: its exit code, and how long it took.
    pub async fn terminate(mut self) -> (Option<i32>, Duration) {
        let started = Instant::now();
        self.ask_to_stop();
        let status = self.ended().await;
        (status.code(), started.elapsed())
    }

    /// Sends SIGTERM.
    pub fn ask_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Stops it where it stands (SIGSTOP), until it may go on.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits until it has ended. It gives up stopping well by itself, and then its exit code says so.
    pub async fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it did not stop: {}", self.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Ends it as a crash would (SIGKILL).
    pub fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a line of the log says that it serves.
fn serving_at(line: &Value) -> Option<SocketAddr> {
    if line["message"] == "serving" { line["address"].as_str()?.parse().ok() } else { None }
}

/// Sends an operation to a server that may not be there; none where no whole answer came.
pub async fn attempt(client: &Client, query: &str, variables: Value) -> Option<Value> {
    let token = client.token.as_deref().unwrap_or_default();
    let request = http().post(format!("http://{}/graphql", client.address)).bearer_auth(token);
    let answer = request.json(&json!({"query": query, "variables": variables})).send().await.ok()?;
    answer.json().await.ok()
}

/// A client of HTTP that does not wait for ever.
pub fn http() -> &'static reqwest::Client {
    static HTTP: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    HTTP.get_or_init(|| {
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(60)).pool_max_idle_per_host(0);
        builder.build().unwrap()
    })
}

/// Asks again until there is an answer.
pub async fn until<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < limit, "within {limit:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits for a process to end; none where it does not.
pub fn wait_for_exit(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return Some(status),
            None if started.elapsed() > limit => return None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
