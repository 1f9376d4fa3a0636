//! The catalogue of refusals: each code with its status and what it adds, and how large a body may be for whom.

use bellwether_domain::permission::Role;
use bellwether_tests::{Answer, Backend, TestApp, both_databases};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::socket::Socket;
use crate::support::{
    RECORD, Wire, accepting, answer, assert_errors, assert_refused, member, rows, signal, token, within,
};

const ANONYMOUS_BODY: usize = 64 * 1_024;
const MEMBER_BODY: usize = 1_024 * 1_024;

/// A request of so many bytes.
fn body_of(bytes: usize) -> String {
    let with_pad = |pad: &str| json!({"query": "{ __typename }", "variables": {"pad": pad}}).to_string();
    let body = with_pad(&"x".repeat(bytes - with_pad("").len()));
    assert_eq!(body.len(), bytes);
    body
}

/// The same without a length in its head.
fn chunked(body: String) -> reqwest::Body {
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        body.into_bytes().chunks(10_000).map(|chunk| Ok(chunk.to_vec())).collect();
    reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
}

both_databases! {
    async fn how_large_a_body_may_be_depends_on_who_sends_it(app: TestApp) {
        let (anonymous, trader) = (app.anonymous(), member(&app, Role::Trader).await);
        for (client, most) in [(&anonymous, ANONYMOUS_BODY), (&trader, MEMBER_BODY)] {
            for (bytes, is_taken) in [(most, true), (most + 1, false), (most + 1_000, false)] {
                let announced = client.post("application/json", body_of(bytes)).await;
                let unannounced = client.post("application/json", chunked(body_of(bytes))).await;
                for answer in [announced, unannounced] {
                    if is_taken {
                        assert_eq!(
                            (answer.status.as_u16(), &answer.body["data"]),
                            (200, &json!({"__typename": "Query"}))
                        );
                    } else {
                        assert_refused(&answer, 413, "BAD_REQUEST");
                    }
                }
            }
        }
    }

    async fn unauthenticated_is_401_with_a_challenge(app: TestApp) {
        let (trader, wire) = (member(&app, Role::Trader).await, Wire::to(&app));
        let logged_out = member(&app, Role::Seller).await;
        logged_out.data("mutation { logout(input: {}) { sessionId } }", Value::Null).await;
        let good = token(&trader);
        let ask = |authorization: String| {
            wire.operation("{ __typename }", Value::Null).header("authorization", authorization)
        };
        for (authorization, reason) in [
            (format!("Bearer {}", token(&logged_out)), "REVOKED"),
            ("Bearer nonsense".to_owned(), "INVALID"),
            ("Bearer a.b.c".to_owned(), "INVALID"),
            (format!("Bearer {}", &good[..good.len() - 2]), "INVALID"),
            (format!("Bearer {good}x"), "INVALID"),
            (format!("Basic {good}"), "INVALID"),
            (good.to_owned(), "INVALID"),
            ("Bearer".to_owned(), "INVALID"),
        ] {
            for accept in ["application/graphql-response+json", "application/json"] {
                let refused = answer(accepting(ask(authorization.clone()), accept)).await;
                assert_refused(&refused, 401, "UNAUTHENTICATED");
                assert_eq!(refused.body["errors"][0]["extensions"]["reason"], reason, "{authorization}");
                assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            }
        }
        // No field at all may be had: 401. One of two: 200, and the other is null.
        let missing = answer(wire.operation("{ signals { nodes { id } } }", Value::Null)).await;
        assert_eq!((missing.status.as_u16(), missing.code()), (401, Some("UNAUTHENTICATED")), "{}", missing.body);
        assert_errors(&missing);
        assert_eq!(missing.body["errors"][0]["extensions"]["reason"], "MISSING");
        assert!(missing.headers.contains_key("www-authenticate"));
        let partly = answer(wire.operation("{ __typename signals { nodes { id } } }", Value::Null)).await;
        assert_eq!((partly.status.as_u16(), partly.code()), (200, Some("UNAUTHENTICATED")));
        assert_eq!(partly.body["data"], json!({"__typename": "Query", "signals": null}));
        assert_eq!(partly.body["errors"][0]["path"], json!(["signals"]));
        assert_errors(&partly);
    }

    async fn forbidden_is_403_and_names_the_permission(app: TestApp) {
        let support = member(&app, Role::Support).await;
        let refused = support.send(RECORD, json!({"input": signal(1)})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, Some("FORBIDDEN")), "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["extensions"]["required"], "SIGNALS_WRITE");
        assert_errors(&refused);
        let partly = support.send("{ viewer { role } signalSources { id } }", Value::Null).await;
        assert_eq!((partly.status.as_u16(), partly.code()), (200, Some("FORBIDDEN")));
        assert_eq!(partly.body["data"], json!({"viewer": {"role": "SUPPORT"}, "signalSources": null}));
        assert_errors(&partly);
        assert_eq!(rows(&app, "signals").await, 0);
    }

    /// A mutation names what it does not find beside its form; a query answers null.
    async fn not_found_is_the_same_for_what_is_another_tenants(app: TestApp) {
        let (trader, stranger) = (member(&app, Role::Trader).await, app.sign_in("b", Role::Admin).await);
        let create = "mutation { createSignalSource(input: {name: \"mine\"}) { source { id } } }";
        let made = trader.data(create, Value::Null).await;
        let theirs = made["createSignalSource"]["source"]["id"].as_str().unwrap();
        let revoke = "mutation ($id: ID!) { \
            revokeSignalSource(input: {id: $id}) { source { id } userErrors { code path message } } }";
        let (mut answers, mut messages) = (Vec::new(), Vec::new());
        for id in [theirs, "src_01h455vb4pex5vsknk084sn02q"] {
            let mut payload = stranger.data(revoke, json!({"id": id})).await["revokeSignalSource"].clone();
            messages.push(payload["userErrors"][0]["message"].take());
            answers
                .push((payload, stranger.data("query ($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].0["userErrors"][0]["code"], "NOT_FOUND");
        assert_eq!(answers[0].1, json!({"node": null}));
        assert_eq!(messages[0], messages[1]);
        let wrong = stranger.data(revoke, json!({"id": "sig_01h455vb4pex5vsknk084sn02q"})).await;
        let error = &wrong["revokeSignalSource"]["userErrors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!("VALIDATION"), &json!(["input", "id"])), "{error}");
    }

    /// What nobody foresaw is named by the request's id alone, on every way in.
    async fn internal_is_500_and_tells_nothing(app: TestApp) {
        let (trader, wire) = (member(&app, Role::Trader).await, Wire::to(&app));
        let create = "mutation { createSignalSource(input: {name: \"mine\"}) { token } }";
        let made = trader.data(create, Value::Null).await;
        let hook = format!("/hooks/tradingview/{}", made["createSignalSource"]["token"].as_str().unwrap());
        for table in ["signals", "signal_deliveries"] {
            let broken = format!("ALTER TABLE {table} RENAME TO gone_{table}");
            app.domain.db().writer().execute_unprepared(&broken).await.unwrap();
        }
        let page = "{ signals { nodes { id } } }";
        let mut answers =
            vec![trader.send(page, Value::Null).await, trader.send(RECORD, json!({"input": signal(1)})).await];
        let legacy = wire.operation(page, Value::Null).bearer_auth(token(&trader));
        answers.push(answer(accepting(legacy, "application/json")).await);
        answers.push(answer(wire.request(Method::POST, &hook).body("BUY AAPL 1h")).await);
        for failed in answers {
            assert_eq!((failed.status.as_u16(), failed.code()), (500, Some("INTERNAL")), "{}", failed.body);
            assert_errors(&failed);
            let message = failed.body["errors"][0]["message"].as_str().unwrap();
            assert!(!message.contains("signal") && !message.contains("table"), "{message}");
        }
        let beside = trader.send("{ viewer { role } signals { nodes { id } } }", Value::Null).await;
        assert_eq!((beside.status.as_u16(), beside.code()), (200, Some("INTERNAL")), "{}", beside.body);
        assert_eq!(beside.body["data"], json!({"viewer": {"role": "TRADER"}, "signals": null}));
        assert_errors(&beside);
        let mut socket = Socket::ready(&trader).await;
        socket.follow("1", Value::Null, Some("0")).await;
        let errors = socket.errors("1").await;
        assert_eq!(errors[0]["extensions"]["code"], "INTERNAL");
        assert!(!errors[0]["message"].as_str().unwrap().contains("signal"), "{errors:?}");
    }

    async fn unavailable_is_503_and_worth_another_try(app: TestApp) {
        let (trader, wire) = (member(&app, Role::Trader).await, Wire::to(&app));
        app.domain.db().clone().close().await.unwrap();
        let login = "mutation { login(input: {email: \"trader@a.test\", password: \"x\"}) { userErrors { code } } }";
        for request in [
            wire.operation(login, Value::Null),
            wire.operation("{ signals { nodes { id } } }", Value::Null).bearer_auth(token(&trader)),
            wire.operation(RECORD, json!({"input": signal(1)})).bearer_auth(token(&trader)),
            wire.request(Method::POST, "/hooks/tradingview/any").body("BUY AAPL 1h"),
        ] {
            for accept in ["application/graphql-response+json", "application/json"] {
                let refused = answer(accepting(request.try_clone().unwrap(), accept)).await;
                assert_eq!((refused.status.as_u16(), refused.code()), (503, Some("UNAVAILABLE")), "{}", refused.body);
                assert_errors(&refused);
                assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
                assert!(refused.body["errors"][0]["extensions"]["retryAfterSeconds"].is_u64());
            }
        }
    }
}

/// Whoever shows a bad token is told so before a byte of the body was sent.
#[tokio::test]
async fn a_bad_token_is_refused_before_the_body_is_read() {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAuthorization: Bearer nonsense\r\n\
         Content-Length: {MEMBER_BODY}\r\n\r\n",
        app.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = [0; 12];
    within("the status line", stream.read_exact(&mut text)).await.unwrap();
    assert_eq!(&text, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_large_body_is_refused_by_its_announced_length_alone() {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
        app.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = [0; 12];
    within("the status line", stream.read_exact(&mut text)).await.unwrap();
    assert_eq!(&text, b"HTTP/1.1 413");
}

#[tokio::test]
async fn rate_limited_is_429_with_the_seconds_to_wait() {
    let app = TestApp::start_with(Backend::Sqlite, |_, domain| domain.limits.requests_per_minute = 3).await.unwrap();
    let (trader, wire) = (member(&app, Role::Trader).await, Wire::to(&app));
    let asked = || wire.operation("{ __typename }", Value::Null).bearer_auth(token(&trader));
    for _ in 0..3 {
        assert_eq!(answer(asked()).await.status, 200);
    }
    for accept in ["application/graphql-response+json", "application/json"] {
        let refused = answer(accepting(asked(), accept)).await;
        assert_refused(&refused, 429, "RATE_LIMITED");
        let header = seconds_to_wait(&refused);
        assert!((1..=60).contains(&header), "{header}");
        assert_eq!(refused.body["errors"][0]["extensions"]["retryAfterSeconds"], header);
    }
    assert_eq!(
        member(&app, Role::Seller).await.send("{ __typename }", Value::Null).await.status,
        200,
        "others are not held up"
    );
}

/// Whoever is not signed in is counted by the /64 that their address is in, as a proxy of ours tells it; whoever shows
/// tokens that are no good too; and who asks for a socket like who posts.
#[tokio::test]
async fn a_network_is_counted_as_one() {
    let app = TestApp::start_behind_proxy(Backend::Sqlite, |domain| domain.limits.requests_per_minute = 3);
    let app = app.await.unwrap();
    let wire = Wire::to(&app);
    let posted = async |token: Option<&str>, from: &str| {
        let request = wire.operation("{ __typename }", Value::Null).header("x-forwarded-for", from);
        let answer = answer(token.into_iter().fold(request, |request, token| request.bearer_auth(token))).await;
        if answer.status == 429 {
            assert_refused(&answer, 429, "RATE_LIMITED");
            assert!((1..=60).contains(&seconds_to_wait(&answer)));
        }
        answer.status.as_u16()
    };
    let upgraded = async |token: Option<&str>, from: &str| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let shown = bearer.as_deref().map(|bearer| ("authorization", bearer));
        let headers: Vec<_> = shown.into_iter().chain([("x-forwarded-for", from)]).collect();
        Socket::with_headers(app.address, &headers).await.err().unwrap_or(101)
    };
    for _ in 0..3 {
        assert_eq!(posted(None, "2001:db8::1").await, 200);
        assert_eq!(posted(Some("nonsense"), "2001:db8:0:2::1").await, 401);
        assert_eq!(upgraded(None, "2001:db8:0:4::1").await, 101);
        assert_eq!(upgraded(Some("nonsense"), "2001:db8:0:6::1").await, 401);
    }
    // Another address of the network is no other caller; another network is.
    for (token, network, other, is_let_in) in [(None, "0:0", "0:1", 200), (Some("nonsense"), "0:2", "0:3", 401)] {
        assert_eq!(posted(token, &format!("2001:db8:{network}::2")).await, 429);
        assert_eq!(posted(token, &format!("2001:db8:{other}::1")).await, is_let_in);
    }
    for (token, network, other, is_let_in) in [(None, "0:4", "0:5", 101), (Some("nonsense"), "0:6", "0:7", 401)] {
        assert_eq!(upgraded(token, &format!("2001:db8:{network}::2")).await, 429);
        assert_eq!(upgraded(token, &format!("2001:db8:{other}::1")).await, is_let_in);
    }
    assert_eq!(posted(None, "2001:db8:0:4::3").await, 429, "sockets and posts are counted together");
}

#[tokio::test]
async fn points_run_out_and_are_told() {
    let app = TestApp::start_with(Backend::Sqlite, |_, domain| domain.limits.points_per_minute = 300).await.unwrap();
    let trader = member(&app, Role::Trader).await;
    let page = "{ signals(first: 100) { nodes { id } } }";
    let first = trader.send(page, Value::Null).await;
    let cost = &first.body["extensions"]["cost"];
    let (requested, available) = (cost["requested"].as_u64().unwrap(), cost["available"].as_u64().unwrap());
    assert!(requested > 100 && available < 300 && available + requested >= 300, "{cost}");
    let mut last = first;
    for _ in 0..3 {
        last = trader.send(page, Value::Null).await;
    }
    assert_refused(&last, 429, "RATE_LIMITED");
    assert_eq!(last.body["extensions"]["cost"]["requested"], requested);
}

/// Being refused inside a field leaves the others alone.
#[tokio::test]
async fn a_limit_of_one_field_refuses_that_field() {
    let app = TestApp::start_with(Backend::Sqlite, |_, domain| domain.limits.logins_per_minute = 1).await.unwrap();
    let wire = Wire::to(&app);
    let login = |more: &str| {
        let query = format!(
            "mutation {{ login(input: {{email: \"a@b.c\", password: \"x\"}}) {{ userErrors {{ code }} }} {more} }}"
        );
        wire.operation(&query, Value::Null)
    };
    let first = answer(login("")).await;
    assert_eq!(first.body["data"]["login"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{}", first.body);
    let alone = answer(login("")).await;
    assert_eq!((alone.status.as_u16(), alone.code()), (429, Some("RATE_LIMITED")), "{}", alone.body);
    assert!(alone.headers.contains_key("retry-after"));
    assert_errors(&alone);
    let beside = answer(login("__typename")).await;
    assert_eq!((beside.status.as_u16(), beside.code()), (200, Some("RATE_LIMITED")), "{}", beside.body);
    assert_eq!(beside.body["data"], json!({"login": null, "__typename": "Mutation"}));
    assert_errors(&beside);
    assert_eq!(seconds_to_wait(&beside), beside.body["errors"][0]["extensions"]["retryAfterSeconds"]);
    // As an event, whose status is 200 whatever it tells.
    for more in ["", "__typename"] {
        let event = answer(accepting(login(more), "text/event-stream")).await;
        assert_eq!(event.status, 200, "{}", event.body);
        let text = event.body.as_str().unwrap();
        assert!(text.contains(&format!("\"retryAfterSeconds\":{}", seconds_to_wait(&event))), "{text}");
    }
}

/// What the header Retry-After says.
fn seconds_to_wait(answer: &Answer) -> u64 {
    let header = answer.headers.get("retry-after").unwrap_or_else(|| panic!("no Retry-After: {}", answer.body));
    header.to_str().unwrap().parse().unwrap()
}
