//! Who is told what the schema looks like, where only the owner is.

use bellwether::config::Introspection;
use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, TestApp};
use serde_json::{Value, json};

use crate::support::events::Events;
use crate::support::socket::Socket;
use crate::support::{Wire, answer, assert_errors, assert_none, assert_refused, member, token};

/// The query that graphql-js 16 sends, with everything it can be asked to include.
const CANONICAL: &str = "query IntrospectionQuery { __schema { description queryType { name kind } \
    mutationType { name kind } subscriptionType { name kind } types { ...FullType } directives { name description \
    isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name \
    description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated \
    deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

async fn owners_alone() -> TestApp {
    TestApp::start_with(Backend::Sqlite, |config, _| config.server.introspection = Introspection::Owner).await.unwrap()
}

#[tokio::test]
async fn it_is_the_owners_alone_where_the_installation_says_so() {
    let app = owners_alone().await;
    let (wire, owner) = (Wire::to(&app), member(&app, Role::Owner).await);
    let data = owner.data(CANONICAL, Value::Null).await;
    let types = data["__schema"]["types"].as_array().unwrap();
    assert!(types.iter().any(|ty| ty["name"] == "Signal"), "{} types", types.len());

    let mut others = vec![app.anonymous()];
    for role in [Role::Trader, Role::Support, Role::Seller, Role::Admin] {
        others.push(member(&app, role).await);
    }
    for other in &others {
        for document in [
            CANONICAL,
            "{ __schema { queryType { name } } }",
            "{ __type(name: \"Signal\") { name } }",
            "{ viewer { role } a: __type(name: \"Signal\") { name } }",
            "{ ...F } fragment F on Query { ... { __schema { queryType { name } } } }",
            "query A { __typename } query B { __schema { queryType { name } } }",
        ] {
            let asked = json!({"query": document, "operationName": document.starts_with("query A").then_some("B")});
            let refused = other.post("application/json", asked.to_string()).await;
            assert_refused(&refused, 403, "FORBIDDEN");
            assert_eq!(refused.body["errors"][0]["extensions"]["required"], "SCHEMA_INTROSPECT");
            assert!(!refused.body.to_string().contains("queryType"), "{}", refused.body);
        }
        let named = other.data("{ __typename viewer { __typename } }", Value::Null).await;
        assert_eq!(named["__typename"], "Query", "a type's own name is no introspection");
    }
    // The other ways in have the same door.
    let trader = &others[1];
    let in_address = wire.in_address("{ __schema { queryType { name } } }", None, None).bearer_auth(token(trader));
    assert_refused(&answer(in_address).await, 403, "FORBIDDEN");
    let mut events = Events::open(&wire, trader, CANONICAL, Value::Null).await;
    assert_eq!(events.payload().await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert!(events.ends().await);
    let mut socket = Socket::ready(trader).await;
    socket.subscribe("1", CANONICAL, Value::Null).await;
    assert!(
        ["FORBIDDEN", "QUERY_REJECTED"].contains(&socket.errors("1").await[0]["extensions"]["code"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_mistake_is_not_answered_with_a_name_of_the_schema() {
    let app = owners_alone().await;
    let (anonymous, trader) = (app.anonymous(), member(&app, Role::Trader).await);
    let mut wrong = Vec::new();
    for (document, variables, name) in [
        ("{ viewr { role } }", Value::Null, "viewer"),
        ("{ viewer { rol } }", Value::Null, "role"),
        ("{ signls { nodes { id } } }", Value::Null, "signals"),
        ("{ viewer { user { emai } } }", Value::Null, "email"),
        ("{ signals(filtr: 1) { nodes { id } } }", Value::Null, "filter"),
        ("{ signals(firs: 1) { nodes { id } } }", Value::Null, "first"),
        ("mutation { recordSignl(input: 1) { outcome } }", Value::Null, "recordSignal"),
        ("subscription { signalRecordd { sequence } }", Value::Null, "signalRecorded"),
        ("{ ... on Qury { __typename } }", Value::Null, "Query"),
        ("query ($f: SignalFiltr) { signals(filter: $f) { nodes { id } } }", Value::Null, "SignalFilter"),
        ("{ signals(filter: {symbl: {eq: \"A\"}}) { nodes { id } } }", Value::Null, "symbol"),
        ("query ($f: SignalFilter) { signals(filter: $f) { nodes { id } } }", json!({"f": {"symbl": 1}}), "symbol"),
        ("{ signals(filter: {direction: {eq: BUUY}}) { nodes { id } } }", Value::Null, "BUY"),
        (
            "query ($d: Direction!) { signals(filter: {direction: {eq: $d}}) { nodes { id } } }",
            json!({"d": "SEL"}),
            "SELL",
        ),
    ] {
        for client in [&anonymous, &trader] {
            let refused = client.send(document, variables.clone()).await;
            let Some(errors) = refused.body["errors"].as_array() else {
                wrong.push(format!("{document} was taken: {}", refused.body));
                continue;
            };
            assert_errors(&refused);
            for message in errors.iter().map(|error| error["message"].as_str().unwrap()) {
                let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                if message.to_lowercase().contains("did you mean") || words.any(|word| word == name) {
                    wrong.push(format!("{document}: {message}"));
                }
            }
        }
    }
    assert_none(&wrong);
}
