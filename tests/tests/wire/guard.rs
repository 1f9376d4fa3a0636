//! The document guard, as each of the three transports meets it. The documents are built here and described nowhere.

use std::time::Instant;

use bellwether_domain::permission::Role;
use bellwether_tests::{Answer, Backend, Client, TestApp};
use serde_json::{Value, json};

use crate::support::events::Events;
use crate::support::socket::Socket;
use crate::support::{
    DELIVERY, LARGEST_REFUSAL, Wire, answer, assert_error_list, assert_errors, assert_refused, member, rows, within,
};

const REJECTED: &str = "QUERY_REJECTED";
const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";

/// A document, and what it is refused by.
struct Case {
    document: String,
    variables: Value,
    code: &'static str,
    /// Any of these; none where it is not a limit.
    rules: &'static [&'static str],
    /// The limit and the least it must be over by, where the document says so exactly.
    amounts: Option<(u64, u64)>,
}

fn limit(document: String, rules: &'static [&'static str]) -> Case {
    Case { document, variables: Value::Null, code: REJECTED, rules, amounts: None }
}

fn exactly(document: String, rule: &'static [&'static str], limit: u64, actual: u64) -> Case {
    Case { amounts: Some((limit, actual)), ..self::limit(document, rule) }
}

fn invalid(document: &str) -> Case {
    Case { code: INVALID, ..limit(document.to_owned(), &[]) }
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| item(n) + " ").collect()
}

fn text(count: usize, item: &str) -> String {
    repeat(count, |_| item.to_owned())
}

/// Fragments for the cases below.
fn layers(levels: usize, width: usize, item: &str) -> String {
    let layer = |level: usize| {
        let body = text(width, &item.replace('…', &format!("...F{}", level + 1)));
        format!("fragment F{level} on Query {{ {body} }}")
    };
    format!("{} fragment F{levels} on Query {{ __typename }}", repeat(levels, layer))
}

fn in_user(body: &str) -> String {
    format!("{{ viewer {{ user {{ {body} }} }} }}")
}

fn levels(count: usize) -> String {
    format!("{}a{}", "a {".repeat(count - 1), "}".repeat(count - 1))
}

fn cases() -> Vec<Case> {
    let large: &[&str] = &["DOCUMENT_BYTES", "TOKENS"];
    let wide: &[&str] = &["FIELDS", "DEPTH", "TOKENS", "DOCUMENT_BYTES", "SELECTIONS", "ROOT_FIELDS"];
    let login =
        |n: usize| format!("a{n}: login(input: {{email: \"a\", password: \"{n}\"}}) {{ userErrors {{ code }} }}");
    let mut cases = vec![
        exactly(format!("{{ __typename }}{}", " ".repeat(16_384)), &["DOCUMENT_BYTES"], 16_384, 16_398),
        exactly(format!("{{ {} }}", text(1_999, "a")), &["TOKENS"], 2_000, 2_001),
        exactly(format!("{{ {} }}", levels(13)), &["DEPTH"], 12, 13),
        exactly(in_user(&repeat(31, |n| format!("a{n}: id"))), &["ALIASES"], 30, 31),
        exactly(format!("{{ {} }}", text(21, "__typename")), &["ROOT_FIELDS"], 20, 21),
        exactly(format!("mutation {{ {} }}", text(11, "__typename")), &["MUTATION_FIELDS"], 10, 11),
        exactly(format!("mutation {{ {} }}", repeat(2, login)), &["CREDENTIAL_FIELDS"], 1, 2),
        exactly(repeat(6, |n| format!("query Q{n} {{ __typename }}")), &["OPERATIONS"], 5, 6),
        exactly(in_user(&text(499, "id")), &["FIELDS"], 500, 501),
        exactly(in_user(&text(900, "id")), &["FIELDS"], 500, 902),
        exactly(format!("{{ __typename {} }}", text(6, "@aa")), &["DIRECTIVES"], 5, 6),
        exactly(in_user(&text(21, "id @aa")), &["DIRECTIVES"], 20, 21),
        exactly(format!("{{ nodes(ids: [{}]) {{ id }} }}", text(1_001, "1")), &["LIST_ITEMS"], 1_000, 1_001),
        limit(format!("{{ {} }}", repeat(6_000, |n| format!("a{n}:a"))), large),
        limit(in_user(&repeat(101, |n| format!("a{n}: __typename"))), &["ALIASES"]),
        limit(format!("mutation {{ {} }}", repeat(10, login)), &["CREDENTIAL_FIELDS"]),
        limit(format!("{{ viewer {{ user {{ {} }} }} }}", repeat(3_000, |n| format!("id(a: {n})"))), large),
        limit(format!("{{ nodes(ids: {}1{}) {{ id }} }}", "[".repeat(900), "]".repeat(900)), &["NESTING", "TOKENS"]),
        limit("{".repeat(200), &["NESTING"]),
        limit(in_user(&text(100, "id @aa @bb")), &["DIRECTIVES"]),
        limit(
            format!("{{ {} }}", repeat(15, |n| format!("a{n}: signals(first: 100) {{ nodes {{ author {{ id }} }} }}"))),
            &["COST"],
        ),
        limit(format!("{{ {} }}", repeat(900, |n| format!("x{n}"))), &["FIELDS", "ROOT_FIELDS"]),
        invalid("{ ...F } fragment F on Query { ...F }"),
        invalid("{ ...F } fragment F on Query { ...G } fragment G on Query { viewer { role } ...F }"),
        invalid("{ __typename } fragment F on Query { viewer { ...G } } fragment G on Viewer { ...F }"),
        invalid("{ ...Missing }"),
    ];
    let mut long = limit("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }".to_owned(), &["LIST_ITEMS"]);
    long.variables = json!({"ids": vec!["a"; 1_001]});
    cases.push(long);
    for (levels, width) in [(7, 10), (30, 2), (28, 8), (60, 4)] {
        for item in ["…", "a { … }", "... { … }"] {
            let fragments = layers(levels, width, item);
            for operation in [
                "{ ...F0 }",
                "{ viewer { user { ...F0 } } }",
                "mutation { ...F0 }",
                "subscription { ...F0 }",
                "{ __typename }",
            ] {
                cases.push(limit(format!("{operation} {fragments}"), wide));
            }
        }
    }
    for (outer, inner) in [(60, 70), (25, 70)] {
        let inline = text(outer, &format!("... on Query {{ {} }}", text(inner, "__typename")));
        cases.push(limit(format!("{{ {inline} }}"), wide));
    }
    cases
}

impl Case {
    #[track_caller]
    fn assert_refusal(&self, errors: &[Value], bytes: usize) {
        let shown: String = self.document.chars().take(60).collect();
        assert_error_list(errors, None);
        let extensions = &errors[0]["extensions"];
        assert_eq!(extensions["code"], self.code, "{shown}: {errors:?}");
        assert!(bytes <= LARGEST_REFUSAL, "{shown}: an answer of {bytes} bytes");
        if self.rules.is_empty() {
            return;
        }
        let rule = extensions["rule"].as_str().unwrap_or_default();
        assert!(self.rules.contains(&rule), "{shown}: {extensions}");
        let (limit, actual) = (extensions["limit"].as_u64().unwrap(), extensions["actual"].as_u64().unwrap());
        assert!(actual > limit, "{shown}: {extensions}");
        assert!(self.amounts.is_none_or(|amounts| amounts == (limit, actual)), "{shown}: {extensions}");
    }
}

fn size(answer: &Answer) -> usize {
    answer.body.to_string().len()
}

async fn everybody(app: &TestApp) -> [Client; 2] {
    [app.anonymous(), member(app, Role::Owner).await]
}

/// One database is enough: no document here comes as far as to ask it for anything.
async fn start() -> TestApp {
    TestApp::start(Backend::Sqlite).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_document_passes_by_post() {
    let app = start().await;
    for client in everybody(&app).await {
        for case in cases() {
            let refused = client.send(&case.document, case.variables.clone()).await;
            assert_refused(&refused, 400, case.code);
            case.assert_refusal(refused.body["errors"].as_array().unwrap(), size(&refused));
        }
    }
    assert_eq!(rows(&app, "sessions").await, 1, "the owner's own login: no other was tried");
}

/// Larger than strangers may send at all, and than a socket takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_very_large_document_passes_nowhere() {
    let app = start().await;
    let document = format!("{{ {} }}", repeat(10_000, |n| format!("a{n}: __typename")));
    let [anonymous, owner] = everybody(&app).await;
    assert_refused(&anonymous.send(&document, Value::Null).await, 413, "BAD_REQUEST");
    let refused = owner.send(&document, Value::Null).await;
    assert_refused(&refused, 400, REJECTED);
    limit(document.clone(), &["DOCUMENT_BYTES"])
        .assert_refusal(refused.body["errors"].as_array().unwrap(), size(&refused));
    let mut socket = Socket::ready(&owner).await;
    socket.subscribe("1", &document, Value::Null).await;
    assert_eq!(socket.closed().await.0, 4400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_document_passes_by_event_stream() {
    let app = start().await;
    let (wire, client) = (Wire::to(&app), app.anonymous());
    for case in cases() {
        let mut events = Events::open(&wire, &client, &case.document, case.variables.clone()).await;
        let payload = events.payload().await;
        assert!(payload.get("data").is_none(), "{payload}");
        case.assert_refusal(payload["errors"].as_array().unwrap(), payload.to_string().len());
        assert!(events.ends().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_document_passes_by_socket() {
    let app = start().await;
    let mut socket = Socket::ready(&member(&app, Role::Owner).await).await;
    for case in cases() {
        socket.subscribe("1", &case.document, case.variables.clone()).await;
        let errors = socket.errors("1").await;
        case.assert_refusal(&errors, Value::from(errors.clone()).to_string().len());
    }
    assert_eq!(socket.settle().await, [] as [Value; 0], "the socket goes on, with nothing left over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_at_its_limits_passes() {
    let app = start().await;
    let owner = member(&app, Role::Owner).await;
    for document in [
        format!("{{ __typename }}{}", " ".repeat(16_384 - 14)),
        in_user(&repeat(30, |n| format!("a{n}: id"))),
        format!("{{ {} }}", text(20, "__typename")),
        in_user(&text(498, "id")),
        repeat(5, |n| format!("query Q{n} {{ __typename }}")),
    ] {
        let asked = json!({"query": document, "operationName": document.starts_with("query").then_some("Q1")});
        let passed = owner.post("application/json", asked.to_string()).await;
        assert_eq!(passed.status, 200, "{}", passed.body);
        assert!(passed.body.get("errors").is_none(), "{}", passed.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_mistakes_make_a_small_answer() {
    let app = start().await;
    let owner = member(&app, Role::Owner).await;
    let values = vec![json!({"symbol": 7, "nothing": "x".repeat(500)}); 900];
    for (document, variables) in [
        (format!("{{ viewer {{ {} }} }}", repeat(400, |n| format!("nothing{n}"))), Value::Null),
        (format!("{{ viewer {{ {} }} }}", repeat(3, |n| format!("{}{n}", "nothing".repeat(600)))), Value::Null),
        (format!("{{ signals({}) {{ nodes {{ id }} }} }}", repeat(400, |n| format!("x{n}: 1"))), Value::Null),
        (format!("query ({}) {{ __typename }}", repeat(300, |n| format!("$v{n}: Nothing{n}"))), Value::Null),
        (
            format!(
                "{{ signals(filter: {{strategy: {{eq: 7, x: \"{}\"}}}}) {{ nodes {{ id }} }} }}",
                "y".repeat(9_000)
            ),
            Value::Null,
        ),
        (
            "mutation ($signals: [RecordSignalInput!]!) { recordSignals(input: {signals: $signals}) { inserted } }"
                .to_owned(),
            json!({"signals": values}),
        ),
        (format!("{{ viewer {{ {}", "x".repeat(15_000)), Value::Null),
        (format!("{{ viewer {{ user {{ id }} }} }} {}", "\"".repeat(3)), Value::Null),
        (format!("{{ signal(id: \"{}\") {{ id }} }}", "x".repeat(15_000)), Value::Null),
    ] {
        let refused = owner.send(&document, variables).await;
        assert_errors(&refused);
        assert!(refused.status.as_u16() < 500, "{}", refused.body);
        assert!(size(&refused) <= LARGEST_REFUSAL, "{} bytes for {:.60}", size(&refused), document);
    }
    let named = json!({"query": "query A { __typename } query B { __typename }", "operationName": "x".repeat(60_000)});
    let refused = app.anonymous().post("application/json", named.to_string()).await;
    assert_refused(&refused, 400, "BAD_REQUEST");
    assert!(size(&refused) <= LARGEST_REFUSAL, "{} bytes", size(&refused));
}

/// The study asks for 20 ms at the 99th percentile; a busy machine is given a hundred times that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_goes_on_answering_while_documents_are_refused() {
    let app = start().await;
    let documents: Vec<Case> = cases().into_iter().filter(|case| case.code == REJECTED).collect();
    let anonymous = app.anonymous();
    let refusals: Vec<_> = (0..50)
        .map(|n| {
            let case = &documents[n % documents.len()];
            let (client, document, variables) = (anonymous.clone(), case.document.clone(), case.variables.clone());
            tokio::spawn(async move {
                for _ in 0..5 {
                    let refused = client.send(&document, variables.clone()).await;
                    assert_refused(&refused, 400, REJECTED);
                }
            })
        })
        .collect();
    let wire = Wire::to(&app);
    for _ in 0..50 {
        let asked = Instant::now();
        assert_eq!(answer(wire.get("/health")).await.status, 200);
        assert!(asked.elapsed() < DELIVERY, "{:?}", asked.elapsed());
    }
    for refusal in refusals {
        within("the refusals", refusal).await.unwrap();
    }
}
