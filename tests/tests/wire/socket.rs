//! graphql-transport-ws by the letter: the handshake, the messages, and the codes that a socket is closed with.

use std::time::{Duration, Instant};

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, Client, TestApp, both_databases};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::socket::{PROTOCOL, Socket};
use crate::support::{
    FOLLOW, RECORD, Wire, answer, assert_refused, member, public_signal, record, rows, signal, token,
};

/// The largest message.
const LARGEST: usize = 64 * 1_024;
/// Subscriptions that a socket may follow.
const STREAMS: usize = 20;

async fn start() -> (TestApp, Client) {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let trader = member(&app, Role::Trader).await;
    (app, trader)
}

/// A ping of so many bytes.
fn ping_of(bytes: usize) -> String {
    let with_pad = |pad: &str| json!({"type": "ping", "payload": {"pad": pad}}).to_string();
    with_pad(&"x".repeat(bytes - with_pad("").len()))
}

/// A handshake by hand, so that its refusal can be read.
fn handshake(wire: &Wire) -> RequestBuilder {
    wire.get("/graphql/ws")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_in_the_form_of_an_error() {
    let (app, trader) = start().await;
    let wire = Wire::to(&app);
    assert_refused(&answer(handshake(&wire)).await, 400, "BAD_REQUEST");
    for other in ["graphql-ws", "graphql", "GRAPHQL-TRANSPORT-WS", ""] {
        assert_refused(&answer(handshake(&wire).header("sec-websocket-protocol", other)).await, 400, "BAD_REQUEST");
    }
    let among_others =
        handshake(&wire).header("sec-websocket-protocol", format!("graphql-ws, {PROTOCOL}")).send().await.unwrap();
    assert_eq!(among_others.status(), 101);
    assert_eq!(among_others.headers()["sec-websocket-protocol"], PROTOCOL);

    let plain = answer(wire.get("/graphql/ws").header("sec-websocket-protocol", PROTOCOL)).await;
    assert_refused(&plain, 426, "BAD_REQUEST");
    assert_eq!(plain.headers["upgrade"], "websocket");
    let bad_token = handshake(&wire).header("sec-websocket-protocol", PROTOCOL).bearer_auth("nonsense");
    let refused = answer(bad_token).await;
    assert_refused(&refused, 401, "UNAUTHENTICATED");
    assert!(refused.headers.contains_key("www-authenticate"));
    let good = format!("Bearer {}", token(&trader));
    assert!(Socket::with_headers(app.address, &[("authorization", &good)]).await.is_ok());
}

#[tokio::test]
async fn a_page_of_another_site_may_not_open_a_socket() {
    let allowed = "https://app.example.com";
    let app =
        TestApp::start_with(Backend::Sqlite, |config, _| config.server.allowed_origins = vec![allowed.to_owned()])
            .await
            .unwrap();
    let (wire, own) = (Wire::to(&app), format!("http://{}", app.address));
    let port = app.address.port();
    for origin in [
        "https://evil.example",
        "null",
        "",
        &format!("{own}.evil.example"),
        &format!("http://localhost:{port}"),
        "https://app.example.com.evil.example",
    ] {
        let asked = handshake(&wire).header("sec-websocket-protocol", PROTOCOL).header("origin", origin);
        assert_refused(&answer(asked).await, 403, "BAD_REQUEST");
    }
    for origin in [own.as_str(), allowed] {
        assert!(Socket::with_headers(app.address, &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    assert!(Socket::with_headers(app.address, &[]).await.is_ok(), "a program has no origin");
}

#[tokio::test]
async fn whoever_signs_in_in_the_handshake_need_not_do_so_again() {
    let (app, trader) = start().await;
    record(&trader, signal(7)).await;
    let good = format!("Bearer {}", token(&trader));
    let mut socket = Socket::with_headers(app.address, &[("authorization", &good)])
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    socket.send(json!({"type": "connection_init"})).await;
    assert_eq!(socket.next().await, json!({"type": "connection_ack"}));
    socket.follow("1", Value::Null, Some("0")).await;
    assert_eq!(socket.confidence("1").await, 7);
}

#[tokio::test]
async fn each_breach_of_the_protocol_has_its_code() {
    let (app, trader) = start().await;
    let subscribe = json!({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}});
    let text = |value: Value| vec![Message::text(value.to_string())];
    let cases: Vec<(&str, u16, Vec<Message>)> = vec![
        ("not JSON", 4400, vec![Message::text("{")]),
        ("an empty message", 4400, vec![Message::text("")]),
        ("not an object", 4400, text(json!([]))),
        ("without a type", 4400, text(json!({"id": "1"}))),
        ("a type that there is not", 4400, text(json!({"type": "nothing".repeat(100)}))),
        ("a message of the server's", 4400, text(json!({"type": "next", "id": "1", "payload": {}}))),
        ("the older protocol", 4400, text(json!({"type": "start", "id": "1", "payload": {"query": FOLLOW}}))),
        ("without an id", 4400, text(json!({"type": "subscribe", "payload": {"query": FOLLOW}}))),
        ("an id that is no text", 4400, text(json!({"type": "subscribe", "id": 1, "payload": {"query": FOLLOW}}))),
        ("an empty id", 4400, text(json!({"type": "subscribe", "id": "", "payload": {"query": FOLLOW}}))),
        ("without a payload", 4400, text(json!({"type": "subscribe", "id": "1"}))),
        ("without a query", 4400, text(json!({"type": "subscribe", "id": "1", "payload": {}}))),
        ("a query that is no text", 4400, text(json!({"type": "subscribe", "id": "1", "payload": {"query": 7}}))),
        (
            "variables that are none",
            4400,
            text(json!({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW, "variables": []}})),
        ),
        ("a batch", 4400, text(json!([subscribe]))),
        ("bytes", 4400, vec![Message::binary(br#"{"type":"ping"}"#.to_vec())]),
        ("an id in use", 4409, [text(subscribe.clone()), text(subscribe.clone())].concat()),
        ("a second beginning", 4429, text(json!({"type": "connection_init"}))),
    ];
    for (name, code, messages) in cases {
        let mut socket = Socket::ready(&trader).await;
        for message in messages {
            socket.send_raw(message).await;
        }
        let (closed, reason) = socket.closed().await;
        assert_eq!(closed, code, "{name}: {reason}");
        assert!(!reason.is_empty() && reason.len() <= 123, "{name}: {reason}");
    }
    for (name, code, message) in [
        ("a subscription too early", 4401, subscribe.clone()),
        ("a bad token", 4403, json!({"type": "connection_init", "payload": {"authorization": "Bearer nonsense"}})),
        ("no token", 4403, json!({"type": "connection_init", "payload": {"authorization": 7}})),
        (
            "a token of another kind",
            4403,
            json!({"type": "connection_init", "payload": {"Authorization": "Basic eDp5"}}),
        ),
        ("not an object", 4400, json!({"type": "connection_init", "payload": "nonsense"})),
    ] {
        let mut socket = Socket::open(app.address).await;
        socket.send(message).await;
        let (closed, reason) = socket.closed().await;
        assert_eq!(closed, code, "{name}: {reason}");
    }
}

/// The contract says 3 s; nothing says that it may not be a little more on a busy machine.
#[tokio::test]
async fn who_says_nothing_is_closed_with_4408() {
    let (app, _) = start().await;
    let opened = Instant::now();
    let (mut silent, mut chatty) = tokio::join!(Socket::open(app.address), Socket::open(app.address));
    chatty.settle().await;
    chatty.send(json!({"type": "pong"})).await;
    let (one, two) = tokio::join!(silent.closed(), chatty.closed());
    assert_eq!((one.0, two.0), (4408, 4408), "a ping is no beginning");
    let took = opened.elapsed();
    assert!((Duration::from_millis(2_500)..Duration::from_secs(20)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_ping_is_answered_before_and_after_the_beginning() {
    let (app, _) = start().await;
    let mut socket = Socket::open(app.address).await;
    socket.send(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    socket.send(json!({"type": "connection_init"})).await;
    assert_eq!(socket.next().await, json!({"type": "connection_ack"}));
    socket.send(json!({"type": "pong"})).await;
    socket.send(json!({"type": "ping", "payload": {"a": [1, null]}})).await;
    assert_eq!(socket.next().await, json!({"type": "pong", "payload": {"a": [1, null]}}));
    socket.send(json!({"type": "complete", "id": "never begun"})).await;
    assert_eq!(socket.settle().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_message_is_read_up_to_64_kib() {
    let (_app, trader) = start().await;
    let mut socket = Socket::ready(&trader).await;
    socket.send_raw(Message::text(ping_of(LARGEST))).await;
    assert_eq!(socket.next().await["type"], "pong");
    socket.send_raw(Message::text(ping_of(LARGEST + 1))).await;
    let (code, _) = socket.closed().await;
    assert!([4400, 1009].contains(&code), "{code}");
    let mut other = Socket::ready(&trader).await;
    assert_eq!(other.settle().await, [] as [Value; 0], "other sockets go on");
}

#[tokio::test]
async fn so_many_sockets_are_open_to_one_address_and_no_more() {
    let app = TestApp::start_with(Backend::Sqlite, |config, _| config.server.sockets_per_client = 2).await.unwrap();
    let wire = Wire::to(&app);
    let (_one, mut two) = (Socket::open(app.address).await, Socket::open(app.address).await);
    let refused = answer(handshake(&wire).header("sec-websocket-protocol", PROTOCOL)).await;
    assert_refused(&refused, 429, "RATE_LIMITED");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    two.send_raw(Message::text("{")).await;
    assert_eq!(two.closed().await.0, 4400);
    drop(two);
    // The place is free once the server has seen the socket close.
    crate::support::within("a free place", async { while Socket::with_headers(app.address, &[]).await.is_err() {} })
        .await;
}

both_databases! {
    async fn what_is_no_subscription_is_refused_and_not_run(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let mut socket = Socket::ready(&trader).await;
        for (query, variables) in [
            ("{ viewer { role } }", Value::Null),
            ("query Q { __typename }", Value::Null),
            (RECORD, json!({"input": signal(1)})),
            ("mutation { logout(input: {}) { sessionId } }", Value::Null),
        ] {
            socket.subscribe("1", query, variables).await;
            assert_eq!(socket.errors("1").await[0]["extensions"]["code"], "QUERY_REJECTED", "{query}");
        }
        assert_eq!(socket.settle().await, [] as [Value; 0]);
        assert_eq!(rows(&app, "signals").await, 0);
        assert_eq!(trader.data("{ viewer { role } }", Value::Null).await["viewer"]["role"], "TRADER");
    }

    async fn a_subscription_that_cannot_begin_is_refused_with_its_code(app: TestApp) {
        let mut socket = Socket::ready(&member(&app, Role::Trader).await).await;
        let none = Value::Null;
        for (query, variables, code) in [
            ("", none.clone(), None),
            ("subscription {", none.clone(), Some("GRAPHQL_PARSE_FAILED")),
            ("subscription { nothing }", none.clone(), Some("GRAPHQL_VALIDATION_FAILED")),
            ("subscription { signalRecorded }", none.clone(), Some("GRAPHQL_VALIDATION_FAILED")),
            ("subscription { signalRecorded { nothing } }", none.clone(), Some("GRAPHQL_VALIDATION_FAILED")),
            (
                "subscription { signalRecorded(filter: 7) { sequence } }",
                none.clone(),
                Some("GRAPHQL_VALIDATION_FAILED"),
            ),
            (FOLLOW, json!({"filter": 7}), Some("GRAPHQL_VALIDATION_FAILED")),
            (FOLLOW, json!({"filter": {"direction": {"eq": "UP"}}}), Some("GRAPHQL_VALIDATION_FAILED")),
            (FOLLOW, json!({"after": "never"}), Some("BAD_REQUEST")),
            (FOLLOW, json!({"after": "-1"}), Some("BAD_REQUEST")),
            (FOLLOW, json!({"after": "99999999999999999999"}), Some("BAD_REQUEST")),
            (FOLLOW, json!({"after": "\0"}), Some("BAD_REQUEST")),
            (FOLLOW, json!({"filter": {"author": {"eq": "sig_01h455vb4pex5vsknk084sn02q"}}}), Some("BAD_REQUEST")),
            ("subscription { a: signalRecorded { sequence } b: signalRecorded { sequence } }", none.clone(), None),
            ("subscription { ... { signalRecorded { sequence } } }", none.clone(), None),
            ("subscription { __typename }", none.clone(), None),
        ] {
            socket.subscribe("1", query, variables.clone()).await;
            let errors = socket.errors("1").await;
            if let Some(code) = code {
                assert_eq!(errors[0]["extensions"]["code"], code, "{query} {variables}: {errors:?}");
            }
            assert_eq!(socket.settle().await, [] as [Value; 0], "{query} {variables}: an error is the last message");
        }
        let mut stranger = Socket::ready(&app.anonymous()).await;
        stranger.follow("1", Value::Null, None).await;
        assert_eq!(stranger.errors("1").await[0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(stranger.settle().await, [] as [Value; 0]);
    }

    async fn a_socket_follows_twenty_subscriptions_and_no_more(app: TestApp) {
        let seller = member(&app, Role::Seller).await;
        let mut socket = Socket::ready(&seller).await;
        record(&seller, public_signal(1)).await;
        for number in 0..STREAMS {
            socket.follow(&number.to_string(), Value::Null, Some("0")).await;
            assert_eq!(socket.confidence(&number.to_string()).await, 1);
        }
        socket.follow("20", Value::Null, None).await;
        let errors = socket.errors("20").await;
        assert!(
            ["BAD_REQUEST", "RATE_LIMITED", "QUERY_REJECTED"]
                .contains(&errors[0]["extensions"]["code"].as_str().unwrap())
        );
        socket.send(json!({"type": "complete", "id": "0"})).await;
        socket.follow("20", Value::Null, Some("0")).await;
        assert_eq!(socket.confidence("20").await, 1, "there is room again");
        record(&seller, public_signal(2)).await;
        let mut heard = Vec::new();
        for _ in 0..STREAMS {
            heard.push(socket.next().await["id"].as_str().unwrap().parse::<usize>().unwrap());
        }
        heard.sort_unstable();
        assert_eq!(heard, (1..=STREAMS).collect::<Vec<_>>());
    }
}
