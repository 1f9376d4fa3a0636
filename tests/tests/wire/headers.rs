//! What every answer says beside its body: its id, what a browser may do with it, and which methods there are.

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Wire, answer, assert_refused, member, token};

const FRONTEND: &str = "https://app.example.com";

async fn start() -> (TestApp, Wire) {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let wire = Wire::to(&app);
    (app, wire)
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
    let (_app, wire) = start().await;
    let longest = "a".repeat(64);
    for id in ["Trace-1.2_3", "0", "550e8400-e29b-41d4-a716-446655440000", &longest] {
        let good = answer(wire.operation("{ __typename }", Value::Null).header("x-request-id", id)).await;
        assert_eq!(good.headers["x-request-id"], id);
        let bad = answer(wire.operation("{ nothing }", Value::Null).header("x-request-id", id)).await;
        assert_refused(&bad, 400, "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(bad.body["errors"][0]["extensions"]["requestId"], id);
    }
    let too_long = "a".repeat(65);
    let mut made = Vec::new();
    for id in ["", " ", "a b", "a/b", "a\"b", "<script>", "a;b", "a,b", "{}", "../../etc", &too_long] {
        let bad = answer(wire.operation("{ nothing }", Value::Null).header("x-request-id", id)).await;
        assert_refused(&bad, 400, "GRAPHQL_VALIDATION_FAILED");
        made.push(bad.headers["x-request-id"].to_str().unwrap().to_owned());
        assert!(id.trim().is_empty() || !made.last().unwrap().contains(id), "{id}");
    }
    let bytes = reqwest::header::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    made.push(
        answer(wire.get("/health").header("x-request-id", bytes)).await.headers["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned(),
    );
    made.push(answer(wire.get("/health")).await.headers["x-request-id"].to_str().unwrap().to_owned());
    let count = made.len();
    made.sort();
    made.dedup();
    assert_eq!(made.len(), count, "every request has an id of its own");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let (app, wire) = start().await;
    let trader = member(&app, Role::Trader).await;
    let answers = [
        ("health", 200, wire.get("/health")),
        ("ready", 200, wire.get("/ready")),
        ("keys", 200, wire.get("/.well-known/jwks.json")),
        ("page", 200, wire.get("/graphiql")),
        ("asset", 200, wire.get("/graphiql/bellwether.js")),
        ("tabs", 200, wire.get("/graphiql/operations.json")),
        ("no asset", 404, wire.get("/graphiql/nothing.js")),
        ("query", 200, wire.operation("{ __typename }", Value::Null)),
        ("query of a member", 200, wire.operation("{ viewer { role } }", Value::Null).bearer_auth(token(&trader))),
        ("not valid", 400, wire.operation("{ nothing }", Value::Null)),
        ("not JSON", 400, wire.body("{")),
        ("nobody", 401, wire.operation("{ __typename }", Value::Null).bearer_auth("nonsense")),
        ("no method", 405, wire.request(Method::DELETE, "/graphql")),
        ("no form", 406, wire.get("/graphql?query=%7B__typename%7D").header("accept", "image/png")),
        ("too large", 413, wire.body("x".repeat(70_000))),
        ("no JSON", 415, wire.request(Method::POST, "/graphql").body("x")),
        ("no upgrade", 426, wire.get("/graphql/ws")),
        ("wrong webhook", 404, wire.request(Method::POST, "/hooks/tradingview/nothing").body("BUY AAPL 1h")),
        ("webhook by GET", 405, wire.get("/hooks/tradingview/nothing")),
        ("nowhere", 404, wire.get("/nothing/here")),
        ("nowhere by POST", 404, wire.request(Method::POST, "/nothing")),
    ];
    for (name, status, request) in answers {
        let answer = answer(request).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        let header = |header: &str| {
            answer.headers.get(header).unwrap_or_else(|| panic!("{name} has no {header}")).to_str().unwrap().to_owned()
        };
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(header("x-frame-options"), "DENY", "{name}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{name}");
        assert!(header("strict-transport-security").contains("max-age="), "{name}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{name}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{name}");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        assert!(!header("cache-control").is_empty() && !header("x-request-id").is_empty(), "{name}");
        if name.starts_with("query") {
            assert_eq!(header("cache-control"), "no-store", "{name}");
        }
        assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("x-powered-by"), "{name}");
        assert!(!answer.headers.contains_key("set-cookie"), "{name}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_read_only_where_they_are_allowed_to() {
    let allow = |config: &mut bellwether::config::Config| config.server.allowed_origins = vec![FRONTEND.to_owned()];
    let app = TestApp::start_with(Backend::Sqlite, |config, _| allow(config)).await.unwrap();
    let wire = Wire::to(&app);
    let preflight = |origin: &'static str| {
        let asked = wire.request(Method::OPTIONS, "/graphql").header("origin", origin);
        asked
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
    };
    let allowed = answer(preflight(FRONTEND)).await;
    assert!(allowed.status.is_success(), "{}", allowed.status);
    let listed = |header: &str| allowed.headers[header].to_str().unwrap().to_lowercase();
    assert_eq!(allowed.headers["access-control-allow-origin"], FRONTEND);
    assert!(listed("access-control-allow-methods").contains("post"));
    assert!(
        listed("access-control-allow-headers").contains("authorization")
            && listed("access-control-allow-headers").contains("content-type")
    );
    assert!(!allowed.headers.contains_key("access-control-allow-credentials"), "there are no cookies to send");
    for foreign in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "null",
    ] {
        let refused = answer(preflight(foreign)).await;
        assert!(!refused.headers.contains_key("access-control-allow-origin"), "{foreign}");
        let read = answer(wire.operation("{ __typename }", Value::Null).header("origin", foreign)).await;
        assert!(!read.headers.contains_key("access-control-allow-origin"), "{foreign}");
    }
    // A refusal can be read too, whatever refused: else a frontend could not tell why.
    for request in [
        wire.operation("{ __typename }", Value::Null),
        wire.operation("{ nothing }", Value::Null),
        wire.operation("{ __typename }", Value::Null).bearer_auth("nonsense"),
        wire.body("{"),
        wire.request(Method::POST, "/graphql").body("x"),
    ] {
        let read = answer(request.header("origin", FRONTEND)).await;
        assert_eq!(read.headers["access-control-allow-origin"], FRONTEND, "{}", read.body);
        let exposed = read.headers["access-control-expose-headers"].to_str().unwrap().to_lowercase();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
        let varies =
            read.headers.get_all("vary").iter().any(|vary| vary.to_str().unwrap().to_lowercase().contains("origin"));
        assert!(varies, "what depends on the origin says so");
    }
    let (_app, closed) = start().await;
    let read = answer(closed.operation("{ __typename }", Value::Null).header("origin", FRONTEND)).await;
    assert!(!read.headers.contains_key("access-control-allow-origin"), "nobody is allowed unless configured");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_form_of_an_error() {
    let (app, wire) = start().await;
    let trader = member(&app, Role::Trader).await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::POST, "/nothing"),
        (Method::GET, "/graphql/"),
        (Method::GET, "/graphql/nothing"),
        (Method::GET, "/GraphQL"),
        (Method::GET, "/graphiql/../Cargo.toml"),
        (Method::GET, "/graphiql/%2e%2e%2fCargo.toml"),
        (Method::GET, "/graphiql/..%2f..%2fserver"),
        (Method::GET, "/metrics"),
        (Method::GET, "/.env"),
        (Method::POST, "/hooks/tradingview"),
        (Method::POST, "/hooks/tradingview/"),
        (Method::POST, "/hooks/nothing/token"),
        (Method::POST, "/hooks/tradingview/%ff"),
        (Method::DELETE, "/nothing"),
    ] {
        let missing = answer(wire.request(method.clone(), path).bearer_auth(token(&trader))).await;
        assert_eq!(missing.status, 404, "{method} {path}: {}", missing.body);
        assert_refused(&missing, 404, "NOT_FOUND");
    }
    for (method, path, allowed) in [
        (Method::PUT, "/graphql", "POST"),
        (Method::DELETE, "/graphql", "POST"),
        (Method::PATCH, "/graphql", "GET"),
        (Method::POST, "/health", "GET"),
        (Method::POST, "/ready", "GET"),
        (Method::POST, "/graphiql", "GET"),
        (Method::GET, "/hooks/tradingview/token", "POST"),
        (Method::PUT, "/hooks/tradingview/token", "POST"),
        (Method::POST, "/graphql/ws", "GET"),
        (Method::OPTIONS, "/graphql", "POST"),
        (Method::from_bytes(b"BREW").unwrap(), "/graphql", "POST"),
    ] {
        let refused = answer(wire.request(method.clone(), path)).await;
        assert_eq!(refused.status, 405, "{method} {path}: {}", refused.body);
        assert_refused(&refused, 405, "BAD_REQUEST");
        assert!(
            refused.headers["allow"].to_str().unwrap().contains(allowed),
            "{method} {path}: {:?}",
            refused.headers["allow"]
        );
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let (_app, wire) = start().await;
    for path in [
        "/health",
        "/ready",
        "/.well-known/jwks.json",
        "/graphiql",
        "/graphiql/bellwether.js",
        "/graphql?query=%7B__typename%7D",
    ] {
        let (get, head) =
            (wire.get(path).send().await.unwrap(), wire.request(Method::HEAD, path).send().await.unwrap());
        assert_eq!(
            (head.status(), &head.headers()["content-type"]),
            (get.status(), &get.headers()["content-type"]),
            "{path}"
        );
        assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
    }
    assert_eq!(wire.request(Method::HEAD, "/nothing").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_whoever_asks() {
    let (_app, wire) = start().await;
    let document =
        json!({"query": "{ __schema { types { name description fields { name description } } } }"}).to_string();
    for encoding in ["gzip", "br"] {
        let response = wire.body(document.clone()).header("accept-encoding", encoding).send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], encoding);
    }
    let plain = wire.body(document).send().await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
}
