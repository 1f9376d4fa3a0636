//! Server-sent events: subscriptions for whoever has no socket.

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, TestApp, both_databases};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::events::Events;
use crate::support::{
    FOLLOW, RECORD, Wire, answer, assert_error_list, assert_refused, member, public_signal, record, rows, signal,
    token, within,
};

fn confidence(payload: &Value) -> u64 {
    payload["data"]["signalRecorded"]["signal"]["confidence"].as_u64().unwrap_or_else(|| panic!("no event: {payload}"))
}

both_databases! {
    async fn a_subscription_is_told_event_by_event(app: TestApp) {
        let (wire, seller) = (Wire::to(&app), member(&app, Role::Seller).await);
        record(&seller, public_signal(0)).await;
        let mut events = Events::open(&wire, &seller, FOLLOW, json!({"after": "0"})).await;
        assert_eq!(confidence(&events.payload().await), 0);
        let (_other, address) = app.another().await;
        record(&seller, public_signal(1)).await;
        record(&seller.at(address), public_signal(2)).await;
        assert_eq!(confidence(&events.payload().await), 1);
        let last = events.payload().await;
        assert_eq!(confidence(&last), 2);
        drop(events);
        record(&seller, public_signal(3)).await;
        let after = &last["data"]["signalRecorded"]["sequence"];
        let mut resumed = Events::open(&wire, &seller, FOLLOW, json!({"after": after})).await;
        assert_eq!(confidence(&resumed.payload().await), 3);
    }

    async fn a_whole_answer_is_one_event_and_the_end(app: TestApp) {
        let (wire, trader) = (Wire::to(&app), member(&app, Role::Trader).await);
        let mut events = Events::open(&wire, &trader, "{ viewer { role } }", Value::Null).await;
        let payload = events.payload().await;
        assert_eq!(payload["data"], json!({"viewer": {"role": "TRADER"}}));
        assert!(payload["extensions"]["cost"]["requested"].is_u64(), "{payload}");
        assert!(events.ends().await);
        let mut events = Events::open(&wire, &trader, RECORD, json!({"input": signal(1)})).await;
        assert_eq!(events.payload().await["data"]["recordSignal"]["outcome"], "INSERTED");
        assert!(events.ends().await);
        assert_eq!(rows(&app, "signals").await, 1);
    }

    async fn what_the_document_is_refused_for_is_an_event(app: TestApp) {
        let (wire, trader, anonymous) = (Wire::to(&app), member(&app, Role::Trader).await, app.anonymous());
        for (client, query, variables, code) in [
            (&trader, "subscription {", Value::Null, "GRAPHQL_PARSE_FAILED"),
            (&trader, "subscription { nothing }", Value::Null, "GRAPHQL_VALIDATION_FAILED"),
            (&trader, "{ nothing }", Value::Null, "GRAPHQL_VALIDATION_FAILED"),
            (&trader, FOLLOW, json!({"filter": 7}), "GRAPHQL_VALIDATION_FAILED"),
            (&trader, FOLLOW, json!({"after": "never"}), "BAD_REQUEST"),
            (&anonymous, FOLLOW, Value::Null, "UNAUTHENTICATED"),
        ] {
            let mut events = Events::open(&wire, client, query, variables.clone()).await;
            let payload = events.payload().await;
            assert_error_list(payload["errors"].as_array().unwrap(), None);
            assert_eq!(payload["errors"][0]["extensions"]["code"], code, "{query} {variables}");
            assert!(events.ends().await, "{query} {variables}");
        }
    }

    async fn what_http_refuses_is_no_stream(app: TestApp) {
        let (wire, trader) = (Wire::to(&app), member(&app, Role::Trader).await);
        let ask = || wire.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        let json = || ask().header("content-type", "application/json");
        let recording = json!({"query": RECORD, "variables": {"input": signal(1)}}).to_string();
        assert_refused(&answer(json().body("{")).await, 400, "BAD_REQUEST");
        assert_refused(&answer(json().body(format!("[{recording}]"))).await, 400, "BAD_REQUEST");
        assert_refused(&answer(json().bearer_auth("nonsense").body(recording.clone())).await, 401, "UNAUTHENTICATED");
        assert_refused(&answer(json().body("x".repeat(70_000))).await, 413, "BAD_REQUEST");
        assert_refused(
            &answer(ask().header("content-type", "text/plain").bearer_auth(token(&trader)).body(recording)).await,
            415,
            "BAD_REQUEST",
        );
        // In an address, queries alone: also for an EventSource.
        let follow = wire.in_address("subscription { signalRecorded { sequence } }", None, None);
        let follow = follow.bearer_auth(token(&trader)).header("accept", "text/event-stream");
        let refused = answer(follow).await;
        assert_eq!(refused.status, 405, "{}", refused.body);
        assert_eq!(rows(&app, "signals").await, 0);
    }

    async fn who_takes_either_gets_events_for_a_subscription_alone(app: TestApp) {
        let (wire, seller) = (Wire::to(&app), member(&app, Role::Seller).await);
        record(&seller, public_signal(0)).await;
        let ask = |query: &str, variables: Value| {
            let sent = wire
                .request(Method::POST, "/graphql")
                .header("content-type", "application/json")
                .bearer_auth(token(&seller));
            sent.header("accept", "application/json, text/event-stream")
                .body(json!({"query": query, "variables": variables}).to_string())
        };
        let single = answer(ask("{ viewer { role } }", Value::Null)).await;
        assert_eq!((single.status.as_u16(), &single.body["data"]["viewer"]["role"]), (200, &json!("SELLER")));
        let mut events = Events::of(ask(FOLLOW, json!({"after": "0"})).send().await.unwrap());
        assert_eq!(confidence(&events.payload().await), 0);
    }

    async fn a_stream_ends_with_its_session(app: TestApp) {
        let (wire, seller, trader) =
            (Wire::to(&app), member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        record(&seller, public_signal(0)).await;
        let mut events = Events::open(&wire, &trader, FOLLOW, json!({"after": "0"})).await;
        assert_eq!(confidence(&events.payload().await), 0);
        trader.data("mutation { logout(input: {}) { sessionId } }", Value::Null).await;
        record(&seller, public_signal(1)).await;
        let payload = events.payload().await;
        assert_eq!(payload["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{payload}");
        assert!(events.ends().await);
    }

    async fn a_stream_that_missed_too_much_says_so(app: TestApp) {
        let (wire, seller) = (Wire::to(&app), member(&app, Role::Seller).await);
        crate::support::record_many(&seller, (0..1_000).map(public_signal).collect()).await;
        record(&seller, public_signal(1_000)).await;
        let mut events = Events::open(&wire, &seller, FOLLOW, json!({"after": "0"})).await;
        let payload = events.payload().await;
        assert_eq!(payload["errors"][0]["extensions"]["code"], "RESYNC_REQUIRED", "{payload}");
        assert!(events.ends().await);
    }

    /// Cut off without `complete`, so that the client comes back.
    async fn a_stopping_server_cuts_streams_off(app: TestApp) {
        let (wire, seller) = (Wire::to(&app), member(&app, Role::Seller).await);
        record(&seller, public_signal(0)).await;
        let mut events = Events::open(&wire, &seller, FOLLOW, json!({"after": "0"})).await;
        assert_eq!(confidence(&events.payload().await), 0);
        app.shutdown.cancel();
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn so_many_streams_are_open_to_one_address_and_no_more() {
    let app = TestApp::start_with(Backend::Sqlite, |config, _| config.server.sockets_per_client = 2).await.unwrap();
    let (wire, trader) = (Wire::to(&app), member(&app, Role::Trader).await);
    let open = async || Events::send(&wire, &trader, FOLLOW, Value::Null).await;
    let (_one, two) = (open().await, open().await);
    let asked = wire.request(Method::POST, "/graphql").header("content-type", "application/json");
    let asked = asked.header("accept", "text/event-stream").bearer_auth(token(&trader));
    let refused = answer(asked.body(json!({"query": FOLLOW}).to_string())).await;
    assert_refused(&refused, 429, "RATE_LIMITED");
    assert!(refused.headers.contains_key("retry-after"));
    let query = trader.data("{ viewer { role } }", Value::Null).await;
    assert_eq!(query["viewer"]["role"], "TRADER", "a query takes no place");
    drop(two);
    // The place is free once the server has seen the stream close.
    within("a free place", async { while open().await.status() != 200 {} }).await;
}
