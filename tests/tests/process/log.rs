//! What a server's log tells of what it did.

use bellwether_tests::both_databases;
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::{Server, http};

/// The lines with this message.
fn told(server: &Server, message: &str) -> Vec<Value> {
    server.lines().filter(|line| line["message"] == message).collect()
}

both_databases! {
    /// New, there already, and brought up to date: each in its own word.
    async fn a_signal_is_told_as_what_recording_did(app: Place) {
        let app = app.founded();
        let server = app.serve().await;
        let trader = server.register("trader@acme.test").await;
        let record = "mutation ($input: RecordSignalInput!) { recordSignal(input: $input) { outcome signal { id } } }";
        let mut input = json!({
            "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "H1", "signalTime": "2026-03-02T12:00:00Z",
            "direction": "BUY", "confidence": 70,
        });
        let mut ids = Vec::new();
        for change in [json!({}), json!({}), json!({"confidence": 80, "onDuplicate": "UPDATE"})] {
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let data = trader.data(record, json!({"input": input})).await;
            ids.push(data["recordSignal"]["signal"]["id"].clone());
        }
        let lines = told(&server, "signal recorded");
        let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["inserted", "ignored", "updated"], "{lines:#?}");
        for (line, id) in lines.iter().zip(&ids) {
            assert_eq!((&line["signal"], &line["symbol"], &line["level"]), (id, &json!("AAPL"), &json!("INFO")));
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "one signal");
    }

    /// Who asked for what, what came of it and how long that took, by the request's id.
    async fn every_request_has_one_line(app: Place) {
        let app = app.founded();
        let server = app.serve().await;
        let owner = server.sign_in("owner@acme.test", PASSWORD).await;
        let who = owner.data("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].clone();
        let send = async |id: &'static str, query: &str, token: Option<&str>| {
            let request = http().post(format!("http://{}/graphql", server.address)).header("x-request-id", id);
            let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
            let answer = request.header("accept", "application/graphql-response+json").json(&json!({"query": query})).send();
            answer.await.unwrap().status().as_u16()
        };
        let token = owner.token.as_deref();
        assert_eq!(send("line-1", "query Jobs { schedulerStatus { jobs { name } } }", token).await, 200);
        assert_eq!(send("line-2", "query Jobs { schedulerStatus { jobs { name } } }", None).await, 401);
        assert_eq!(send("line-3", "{ nonsense }", token).await, 400);
        let lines = told(&server, "request");
        for (id, status, operation, viewer, role, code) in [
            ("line-1", 200, json!("Jobs"), who.clone(), json!("OWNER"), json!("OK")),
            ("line-2", 401, json!("Jobs"), json!("anonymous"), Value::Null, json!("UNAUTHENTICATED")),
            ("line-3", 400, Value::Null, who, json!("OWNER"), json!("GRAPHQL_VALIDATION_FAILED")),
        ] {
            let of_it: Vec<_> = lines.iter().filter(|line| line["span"]["request_id"] == id).collect();
            let [line] = of_it[..] else { panic!("{id}: {of_it:#?} of {lines:#?}") };
            assert_eq!((&line["method"], &line["route"], &line["status"]), (&json!("POST"), &json!("/graphql"), &json!(status)));
            let latency = line["latency_ms"].as_f64().unwrap();
            assert!(latency > 0.0 && latency < 60_000.0, "{line}");
            let told = |name: &str| line.get(name).cloned().unwrap_or(Value::Null);
            assert_eq!((told("operation"), told("viewer"), told("role"), told("code")), (operation, viewer, role, code), "{line}");
        }
    }
}
