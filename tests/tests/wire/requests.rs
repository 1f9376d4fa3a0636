//! GraphQL over HTTP: what is taken as a request, and in which form it is answered.

use bellwether_domain::permission::Role;
use bellwether_tests::{Client, TestApp, both_databases};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    RECORD, Wire, answer, assert_errors, assert_none, assert_refused, member, public_signal, rows, signal, token,
};

/// A body that would record a signal, were it read.
fn recording() -> Value {
    json!({"query": RECORD, "variables": {"input": signal(1)}})
}

async fn trader_and_wire(app: &TestApp) -> (Client, Wire) {
    (member(app, Role::Trader).await, Wire::to(app))
}

both_databases! {
    async fn what_is_not_a_request_is_refused_and_nothing_runs(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let changed = |field: &str, value: Value| {
            let mut body = recording();
            body[field] = value;
            body.to_string().into_bytes()
        };
        let whole = recording().to_string();
        let mut bodies: Vec<Vec<u8>> =
            ["", "{", "null", "7", "\"text\"", "[]", "{}", "{\"query\": null}"].map(Into::into).into();
        bodies.push(json!([recording()]).to_string().into());
        bodies.push(json!([recording(), recording()]).to_string().into());
        bodies.push(format!("{whole} {whole}").into());
        bodies.push(whole[..whole.len() - 1].into());
        bodies.push([whole.as_bytes(), b"\xff"].concat());
        bodies.push(whole.replace("AAPL", "\\ud800").into());
        bodies.push(whole.replace("\"confidence\":1", "\"confidence\":1e999").into());
        bodies.push(whole.replace("\"confidence\":1", "\"confidence\":NaN").into());
        bodies.push(format!("{}{whole}{}", "[".repeat(5_000), "]".repeat(5_000)).into());
        for (field, value) in [
            ("query", json!(7)),
            ("query", json!([RECORD])),
            ("operationName", json!({})),
            ("operationName", json!(1)),
            ("variables", json!([])),
            ("variables", json!("{}")),
            ("extensions", json!(7)),
            ("extensions", json!([])),
        ] {
            bodies.push(changed(field, value));
        }
        for body in bodies {
            for accept in ["application/graphql-response+json", "application/json"] {
                let sent = wire
                    .request(Method::POST, "/graphql")
                    .header("content-type", "application/json")
                    .header("accept", accept)
                    .bearer_auth(token(&trader))
                    .body(body.clone());
                assert_refused(&answer(sent).await, 400, "BAD_REQUEST");
            }
        }
        assert_eq!(rows(&app, "signals").await, 0);
        trader.data(RECORD, json!({"input": signal(1)})).await;
        assert_eq!(rows(&app, "signals").await, 1, "the same body as it should be is run");
    }

    async fn a_body_that_a_page_can_send_unasked_is_not_read(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let (json, form) = (recording().to_string(), format!("query={}", crate::support::encode(RECORD)));
        let multipart =
            format!("--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{json}\r\n--x--\r\n");
        for (content_type, body) in [
            (Some("text/plain"), &json),
            (Some("text/plain;charset=UTF-8"), &json),
            (Some("text/plain; application/json"), &json),
            (Some("application/x-www-form-urlencoded"), &form),
            (Some("application/x-www-form-urlencoded"), &json),
            (Some("multipart/form-data; boundary=x"), &multipart),
            (Some("application/graphql"), &json),
            (Some("application/json; charset=utf-16"), &json),
            (Some("application/jsonp"), &json),
            (Some(""), &json),
            (None, &json),
        ] {
            let mut sent = wire.request(Method::POST, "/graphql").bearer_auth(token(&trader)).body(body.clone());
            if let Some(content_type) = content_type {
                sent = sent.header("content-type", content_type);
            }
            assert_refused(&answer(sent).await, 415, "BAD_REQUEST");
        }
        assert_eq!(rows(&app, "signals").await, 0);
    }

    async fn a_mutation_in_an_address_is_not_run(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let input = json!({"input": signal(1)});
        let two = format!("query Read {{ __typename }} {RECORD}");
        let unnamed = "mutation { logout(input: {}) { sessionId } }";
        for (query, variables, name) in [
            (RECORD, Some(input.clone()), None),
            (RECORD, Some(input.clone()), Some("Record")),
            (two.as_str(), Some(input.clone()), Some("Record")),
            (unnamed, None, None),
            ("subscription { signalRecorded { sequence } }", None, None),
        ] {
            let refused = answer(wire.in_address(query, variables.clone(), name).bearer_auth(token(&trader))).await;
            assert_refused(&refused, 405, "BAD_REQUEST");
            assert_eq!(refused.headers["allow"], "POST");
            let path = wire.in_address(query, variables, name).build().unwrap().url().to_string();
            let path = path.split_once(&wire.address.to_string()).unwrap().1;
            let head = wire.request(Method::HEAD, path).bearer_auth(token(&trader)).send().await.unwrap();
            assert_eq!(head.status(), 405, "HEAD is GET without a body");
        }
        assert_eq!(rows(&app, "signals").await, 0);
        let viewer = trader.data("{ viewer { role } }", Value::Null).await;
        assert_eq!(viewer["viewer"]["role"], "TRADER", "the session was not ended");
    }

    async fn a_query_in_an_address_is_answered(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let query = "query One { viewer { role } } query Two($first: Int) { signals(first: $first) { nodes { id } } }";
        let one = answer(wire.in_address(query, None, Some("One")).bearer_auth(token(&trader))).await;
        assert_eq!((one.status.as_u16(), &one.body["data"]), (200, &json!({"viewer": {"role": "TRADER"}})));
        let two = wire.in_address(query, Some(json!({"first": 3})), Some("Two")).bearer_auth(token(&trader));
        assert_eq!(answer(two).await.body["data"], json!({"signals": {"nodes": []}}));
        let stranger = answer(wire.in_address("{ viewer { role } }", None, None)).await;
        assert_eq!((stranger.status.as_u16(), &stranger.body["data"]), (200, &json!({"viewer": null})));
        for wrong in [
            "",
            "?query=",
            "?query=%7Ba",
            "?query=%7B__typename%7D&query=%7B__typename%7D",
            "?query=%7B__typename%7D&variables=x",
            "?query=%7B__typename%7D&variables=%5B%5D",
            "?query=%FF",
        ] {
            let refused =
                answer(wire.get(&format!("/graphql{wrong}")).header("accept", "application/graphql-response+json"))
                    .await;
            assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
            assert_errors(&refused);
        }
    }

    async fn the_form_of_an_answer_is_negotiated(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let (graphql, json) = ("application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8");
        for (accept, content_type) in [
            (Some("application/graphql-response+json"), graphql),
            (Some("application/graphql-response+json, application/json;q=0.9"), graphql),
            (Some("application/graphql-response+json;charset=utf-8"), graphql),
            (Some("application/json"), json),
            (Some("application/json, application/graphql-response+json;q=0.5"), json),
            (Some("*/*"), json),
            (Some("application/*"), json),
            (Some("text/html, */*;q=0.1"), json),
            (None, json),
        ] {
            let ask = async |query: &str| {
                let mut sent = wire
                    .request(Method::POST, "/graphql")
                    .header("content-type", "application/json")
                    .body(json!({"query": query}).to_string());
                if let Some(accept) = accept {
                    sent = sent.header("accept", accept);
                }
                answer(sent).await
            };
            let good = ask("{ __typename }").await;
            assert_eq!(good.headers["content-type"], content_type, "{accept:?}");
            assert_eq!((good.status.as_u16(), &good.body["data"]), (200, &json!({"__typename": "Query"})));
            assert!(
                good.headers.get_all("vary").iter().any(|vary| vary
                    .to_str()
                    .unwrap()
                    .to_lowercase()
                    .contains("accept"))
            );
            // The newer form tells by its status what the older one tells by its body alone.
            let bad = ask("{ nothing }").await;
            assert_eq!(bad.headers["content-type"], content_type, "{accept:?}");
            assert_refused(&bad, if content_type == graphql { 400 } else { 200 }, "GRAPHQL_VALIDATION_FAILED");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0", "multipart/mixed", "image/*", ""] {
            let sent = wire
                .request(Method::POST, "/graphql")
                .header("content-type", "application/json")
                .header("accept", accept)
                .bearer_auth(token(&trader))
                .body(recording().to_string());
            assert_refused(&answer(sent).await, 406, "BAD_REQUEST");
        }
        assert_eq!(rows(&app, "signals").await, 0, "what could not be answered was not run");
    }

    async fn a_document_that_does_not_fit_the_schema_is_refused_whole(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let (parse, fit, ask) = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST");
        let two = "query One { __typename } query Two { __typename }";
        let (none, mut wrong) = (Value::Null, Vec::new());
        for (query, variables, name, code) in [
            ("", none.clone(), None, None),
            ("{", none.clone(), None, Some(parse)),
            ("{ viewer { role }", none.clone(), None, Some(parse)),
            ("query ($a: Int = ) { __typename }", none.clone(), None, Some(parse)),
            ("{ signal(id: \"\\ud800\") { id } }", none.clone(), None, Some(parse)),
            ("{ signal(id: \"a\nb\") { id } }", none.clone(), None, Some(parse)),
            ("type A { b: Int }", none.clone(), None, None),
            ("fragment F on Query { __typename }", none.clone(), None, Some(ask)),
            ("{ nothing }", none.clone(), None, Some(fit)),
            ("{ viewer { nothing } }", none.clone(), None, Some(fit)),
            ("{ viewer }", none.clone(), None, Some(fit)),
            ("{ viewer { role { a } } }", none.clone(), None, Some(fit)),
            ("{ viewer(a: 1) { role } }", none.clone(), None, Some(fit)),
            ("{ signal { id } }", none.clone(), None, Some(fit)),
            ("{ signal(id: null) { id } }", none.clone(), None, Some(fit)),
            ("{ signal(id: {a: 1}) { id } }", none.clone(), None, Some(fit)),
            ("{ signals(first: \"7\") { nodes { id } } }", none.clone(), None, Some(fit)),
            ("{ signals(first: 1.5) { nodes { id } } }", none.clone(), None, Some(fit)),
            ("{ signals(filter: {direction: {eq: UP}}) { nodes { id } } }", none.clone(), None, Some(fit)),
            ("{ signals(filter: {nothing: 1}) { nodes { id } } }", none.clone(), None, Some(fit)),
            ("{ ...F }", none.clone(), None, Some(fit)),
            ("{ ... on Nothing { a } }", none.clone(), None, Some(fit)),
            ("{ viewer @nothing { role } }", none.clone(), None, Some(fit)),
            ("{ signal(id: $id) { id } }", none.clone(), None, Some(fit)),
            ("query ($id: Nothing) { signal(id: $id) { id } }", none.clone(), None, Some(fit)),
            ("query ($id: ID!) { signal(id: $id) { id } }", none.clone(), None, Some(fit)),
            ("query ($id: ID!) { signal(id: $id) { id } }", json!({"other": "a"}), None, Some(fit)),
            ("query ($id: ID!) { signal(id: $id) { id } }", json!({"id": null}), None, Some(fit)),
            ("query ($id: ID!) { signal(id: $id) { id } }", json!({"id": {"a": 1}}), None, Some(fit)),
            ("query ($n: Int) { signals(first: $n) { nodes { id } } }", json!({"n": "ten"}), None, Some(fit)),
            ("query ($n: Int) { signals(first: $n) { nodes { id } } }", json!({"n": 2.5}), None, Some(fit)),
            (
                "query ($n: Int) { signals(first: $n) { nodes { id } } }",
                json!({"n": 3_000_000_000_i64}),
                None,
                Some(fit),
            ),
            (
                "query ($f: SignalFilter) { signals(filter: $f) { nodes { id } } }",
                json!({"f": {"nothing": 1}}),
                None,
                Some(fit),
            ),
            ("query ($f: SignalFilter) { signals(filter: $f) { nodes { id } } }", json!({"f": 7}), None, Some(fit)),
            (
                "query ($f: SignalFilter) { signals(filter: $f) { nodes { id } } }",
                json!({"f": {"mode": {"eq": "FAST"}}}),
                None,
                Some(fit),
            ),
            (RECORD, none.clone(), None, Some(fit)),
            (RECORD, json!({"input": {"symbol": "AAPL"}}), None, Some(fit)),
            (two, none.clone(), None, Some(ask)),
            (two, none.clone(), Some("Three"), Some(ask)),
            ("{ __typename }", none.clone(), Some("Three"), Some(ask)),
            ("subscription { signalRecorded { sequence } }", none.clone(), None, Some(ask)),
        ] {
            for (accept, status) in [("application/graphql-response+json", 400), ("application/json", 200)] {
                let body = json!({"query": query, "variables": variables, "operationName": name});
                let sent = wire
                    .request(Method::POST, "/graphql")
                    .header("content-type", "application/json")
                    .header("accept", accept)
                    .bearer_auth(token(&trader))
                    .body(body.to_string());
                let refused = answer(sent).await;
                let code = code.or(refused.code()).unwrap_or("none");
                if (refused.status.as_u16(), refused.code(), refused.body.get("data")) == (status, Some(code), None) {
                    assert_refused(&refused, status, code);
                } else {
                    wrong.push(format!("{query} {variables} as {accept}: {} {}", refused.status, refused.body));
                }
            }
        }
        assert_none(&wrong);
        assert_eq!(rows(&app, "signals").await, 0);
        let named = wire.body(json!({"query": two, "operationName": "Two"}).to_string());
        assert_eq!(answer(named).await.body["data"], json!({"__typename": "Query"}));
    }

    /// Every part of a document is checked before any of it is done.
    async fn a_mutation_that_is_refused_has_done_nothing(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let first = "one: recordSignal(input: $good) { outcome }";
        let mut wrong = Vec::new();
        for (number, (head, second, bad)) in (0..).zip([
            (", $bad: RecordSignalInput!", "two: recordSignal(input: $bad) { outcome }", None),
            (", $bad: RecordSignalInput!", "two: recordSignal(input: $bad) { outcome }", Some(Value::Null)),
            (
                ", $bad: RecordSignalInput!",
                "two: recordSignal(input: $bad) { outcome }",
                Some(json!({"symbol": "AAPL"})),
            ),
            (", $bad: RecordSignalInput!", "two: recordSignal(input: $bad) { outcome }", Some(json!(7))),
            (", $bad: ID!", "two: revokeSignalSource(input: {id: $bad}) { source { id } }", None),
            (", $bad: ID!", "two: revokeSignalSource(input: {id: $bad}) { source { id } }", Some(json!({"a": 1}))),
            ("", "two: updateSignalSource(input: {id: \"a\", confidence: 3000000000}) { source { id } }", None),
            ("", "two: updateSignalSource(input: {id: \"a\", confidence: 1.5}) { source { id } }", None),
            ("", "two: nothing", None),
        ]) {
            let mut variables = json!({"good": signal(number)});
            if let Some(bad) = bad {
                variables["bad"] = bad;
            }
            let query = format!("mutation ($good: RecordSignalInput!{head}) {{ {first} {second} }}");
            let refused = trader.send(&query, variables.clone()).await;
            let done = rows(&app, "signals").await;
            if done != 0 && refused.body["data"]["one"].is_null() {
                wrong.push(format!(
                    "{second} with {}: {done} recorded, and answered {} {}",
                    variables["bad"], refused.status, refused.body
                ));
            }
            app.domain.db().writer().execute_unprepared("DELETE FROM signals").await.unwrap();
        }
        assert_none(&wrong);
    }

    async fn every_operation_is_told_what_it_cost(app: TestApp) {
        let (trader, wire) = trader_and_wire(&app).await;
        let input = json!({"input": public_signal(1)});
        for (query, variables) in [
            ("{ viewer { role } }", Value::Null),
            ("{ signals(first: 100) { nodes { id } } }", Value::Null),
            ("{ signal(id: \"usr_wrong\") { id } }", Value::Null),
            ("{ nothing }", Value::Null),
            ("{", Value::Null),
            ("query ($id: ID!) { signal(id: $id) { id } }", Value::Null),
            (RECORD, input),
        ] {
            let answer = trader.send(query, variables).await;
            let cost = &answer.body["extensions"]["cost"];
            assert!(cost["requested"].as_u64().is_some_and(|points| points >= 1), "{query}: {}", answer.body);
            assert!(cost["available"].is_u64(), "{query}: {}", answer.body);
        }
        let by_address = answer(wire.in_address("{ __typename }", None, None)).await;
        assert!(by_address.body["extensions"]["cost"]["requested"].is_u64(), "{}", by_address.body);
        let large = trader.send("{ signals(first: 100) { nodes { id } } }", Value::Null).await;
        let small = trader.send("{ signals(first: 1) { nodes { id } } }", Value::Null).await;
        let requested = |answer: &bellwether_tests::Answer| answer.body["extensions"]["cost"]["requested"].as_u64();
        assert!(requested(&large) > requested(&small), "a larger page costs more");
    }
}
