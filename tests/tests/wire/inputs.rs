//! Values that are well-formed JSON and still no good: each is refused in words, none is a fault of the server's.

use bellwether_domain::permission::Role;
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::support::{
    RECORD, Wire, answer, assert_none, assert_sound, member, record, rows, signal, token, unsound, with,
};

const SIGNALS: &str = "query ($filter: SignalFilter, $order: SignalOrder, $first: Int, $after: String, $last: Int,
    $before: String) {
    signals(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
        nodes { id } totalCount } }";

/// Texts that no field should stumble over.
const TEXTS: [&str; 14] = [
    "\0",
    "a\0b",
    "\u{1}",
    "\u{fffd}",
    "\u{202e}",
    "\u{feff}",
    "😀",
    "'",
    "' OR 1=1 --",
    "\\",
    "%",
    "_",
    "$1",
    "{{7*7}}",
];

/// Numbers as JSON has them, which no field takes.
fn numbers() -> Vec<Value> {
    [
        "-1",
        "101",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "1e308",
        "-1e308",
        "1.5",
        "1e-400",
        "123456789012345678901234567890",
    ]
    .into_iter()
    .map(|text| serde_json::from_str(text).unwrap())
    .collect()
}

/// Times that are none, or none that a signal could have.
const TIMES: [&str; 20] = [
    "",
    "now",
    "12",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+99:00",
    "0000-00-00T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "+10000-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "99999999-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "2026-01-01T00:00:00Z\0",
];

/// Prices that are none.
const PRICES: [&str; 22] = [
    "",
    " ",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "1e5",
    "1E-5",
    "-1",
    "0",
    "0.0",
    "-0",
    "1,5",
    "1_000",
    "0x10",
    "1.123456789",
    "99999999999999999999999999999",
    "1.2.3",
    "..",
    "+",
    "\0",
    "1\0",
];

both_databases! {
    async fn a_signal_with_a_bad_value_is_refused_in_words(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let mut inputs: Vec<Value> = Vec::new();
        let mut try_with = |field: &str, values: Vec<Value>| {
            inputs.extend(values.into_iter().map(|value| with(signal(1), field, value)))
        };
        try_with(
            "symbol",
            [&TEXTS[..], &["", "   ", "NOTHING", &"A".repeat(10_000)]].concat().into_iter().map(Value::from).collect(),
        );
        try_with("signalTime", TIMES.into_iter().map(Value::from).chain(numbers()).collect());
        try_with("confidence", numbers());
        for field in ["entry", "target", "stop"] {
            try_with(field, PRICES.into_iter().map(Value::from).collect());
            try_with(field, vec![json!(1.5), json!(-1), json!(0), json!(true), json!({}), json!([])]);
            try_with(field, vec![serde_json::from_str("1e308").unwrap()]);
        }
        let long = "x".repeat(61);
        try_with("strategy", ["", " ", "a\0b", "a\nb", "\u{1}", &long].map(Value::from).to_vec());
        try_with("summary", ["a\0b", "\u{1}", &"x".repeat(2_001)].map(Value::from).to_vec());
        let reason = |indicator: &str, says: &str| json!([{"indicator": indicator, "says": says}]);
        try_with(
            "reasons",
            vec![
                reason("a\0b", "b"),
                reason("a", "b\0"),
                reason("", "b"),
                reason(&long, "b"),
                reason("a", &"x".repeat(301)),
                json!(vec![json!({"indicator": "a", "says": "b"}); 21]),
            ],
        );
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        try_with(
            "payload",
            vec![
                json!({"a": "\0"}),
                json!({"\0": 1}),
                json!(["a", ["b\0"]]),
                json!("x".repeat(17_000)),
                json!({"a": deep, "b": "x".repeat(17_000)}),
            ],
        );
        try_with("mode", vec![json!("FAST"), json!("scalp"), json!(0), Value::Null]);
        try_with("audience", vec![json!("EVERYBODY"), json!("TENANT")]);
        for input in inputs {
            let answer = trader.send(RECORD, json!({"input": input})).await;
            let sent = format!("{:.200}", input.to_string());
            assert_sound(&answer, &sent);
            let told = answer.body["data"]["recordSignal"]["userErrors"].as_array().is_some_and(|errors| {
                !errors.is_empty()
                    && errors.iter().all(|error| {
                        error["path"][0] == "input"
                            && error["message"].as_str().is_some_and(|message| !message.is_empty())
                    })
            });
            assert!(told || answer.code() == Some("GRAPHQL_VALIDATION_FAILED"), "{sent}: {}", answer.body);
        }
        assert_eq!(rows(&app, "signals").await, 0);
    }

    async fn a_signal_with_an_odd_value_is_kept_as_it_is(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let texts = ["'; DROP TABLE signals; --", "😀 \u{202e} %_\\", "<script>alert(1)</script>", "a\nb\tc"];
        for (number, text) in (0..).zip(texts) {
            let payload =
                json!({"text": text, "deep": (0..100).fold(json!(1), |inner, _| json!([inner])), "large": 1e300});
            let input = with(with(signal(number), "summary", json!(text)), "payload", payload.clone());
            let query = "mutation ($input: RecordSignalInput!) { \
                recordSignal(input: $input) { signal { summary payload } userErrors { message } } }";
            let data = trader.data(query, json!({"input": input})).await;
            assert_eq!(data["recordSignal"]["signal"], json!({"summary": text, "payload": payload}), "{data}");
        }
        assert_eq!(rows(&app, "signals").await, 4);
    }

    async fn a_filter_with_a_bad_value_is_no_fault(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        record(&trader, signal(1)).await;
        let mut asked: Vec<Value> = Vec::new();
        for text in TEXTS.into_iter().chain([
            "",
            "sig_",
            "usr_01h455vb4pex5vsknk084sn02q",
            "usr_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "usr_01h455vb4pex5vsknk084sn02\0",
        ]) {
            for field in ["symbol", "strategy", "author"] {
                asked.push(json!({"filter": {field: {"eq": text}}}));
                asked.push(json!({"filter": {field: {"in": [text, "AAPL"]}}}));
            }
            asked.push(json!({"after": text}));
            asked.push(json!({"before": text, "last": 3}));
        }
        for time in TIMES {
            for compare in ["eq", "gte", "lte", "gt", "lt"] {
                asked.push(json!({"filter": {"signalTime": {compare: time}}}));
            }
            asked.push(json!({"filter": {"createdAt": {"in": [time]}}}));
        }
        for number in numbers() {
            asked.push(json!({"filter": {"confidence": {"eq": number}}}));
            asked.push(json!({"first": number}));
            asked.push(json!({"last": number}));
        }
        asked.push(json!({"filter": {"symbol": {"in": vec!["A"; 101]}}}));
        asked.push(json!({"filter": {"symbol": {"in": []}}}));
        asked.push(json!({"filter": (0..60).fold(json!({}), |inner, _| json!({"and": [inner]}))}));
        asked.push(json!({"filter": {"or": vec![json!({"symbol": {"eq": "A"}}); 21]}}));
        asked.push(json!({"first": 1, "last": 1}));
        let mut wrong = Vec::new();
        for variables in asked {
            wrong.extend(unsound(&trader.send(SIGNALS, variables.clone()).await, &variables.to_string()));
        }
        assert_none(&wrong);
        let page = trader.data("{ signals(first: 1) { pageInfo { endCursor } } }", Value::Null).await;
        let cursor = page["signals"]["pageInfo"]["endCursor"].as_str().unwrap();
        for at in 0..cursor.len() {
            for letter in ["A", "0", "_", ""] {
                let mut bent = cursor.to_owned();
                bent.replace_range(at..=at, letter);
                let answer = trader.send(SIGNALS, json!({"after": bent})).await;
                assert_sound(&answer, &bent);
            }
        }
        let order = trader.send(SIGNALS, json!({"after": cursor, "order": {"field": "CONFIDENCE"}})).await;
        assert_eq!(order.code(), Some("BAD_REQUEST"), "a cursor is of one order: {}", order.body);
    }

    async fn an_id_that_is_none_is_a_bad_request(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        for id in TEXTS.into_iter().chain([
            "",
            "sig",
            "sig_",
            "sig_1",
            "SIG_01h455vb4pex5vsknk084sn02q",
            "sig_81h455vb4pex5vsknk084sn02q",
            "sig_01h455vb4pex5vsknk084sn02",
            "sig_01h455vb4pex5vsknk084sn02qq",
            "nope_01h455vb4pex5vsknk084sn02q",
            "01h455vb4pex5vsknk084sn02q",
        ]) {
            for query in [
                "query ($id: ID!) { node(id: $id) { id } }",
                "query ($id: ID!) { nodes(ids: [$id]) { id } }",
                "query ($id: ID!) { signal(id: $id) { id } }",
                "query ($id: ID!) { signalDeliveries(filter: {sourceId: $id}) { nodes { id } } }",
            ] {
                let refused = trader.send(query, json!({"id": id})).await;
                assert_sound(&refused, id);
                assert_eq!(refused.code(), Some("BAD_REQUEST"), "{id:?} {query}: {}", refused.body);
            }
        }
        let none = trader.data("{ node(id: \"sig_01h455vb4pex5vsknk084sn02q\") { id } }", Value::Null).await;
        assert_eq!(none, json!({"node": null}));
        for id in [json!(7), json!(9_007_199_254_740_993_i64)] {
            assert_sound(
                &trader.send("query ($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await,
                "a number",
            );
        }
    }

    async fn a_login_with_an_odd_value_is_answered_like_any_other(app: TestApp) {
        let wire = Wire::to(&app);
        let (long, longer) = ("x".repeat(200), "x".repeat(20_000));
        let mut wrong = Vec::new();
        for text in TEXTS.into_iter().chain(["", " ", "a@b", &long, &longer]) {
            for input in [
                json!({"email": text, "password": "x"}),
                json!({"email": "trader@a.test", "password": text}),
                json!({"email": "trader@a.test", "password": "x", "tenant": text}),
            ] {
                let login = "mutation ($input: LoginInput!) { \
                    login(input: $input) { session { accessToken } userErrors { code } } }";
                let answer = answer(wire.operation(login, json!({"input": input}))).await;
                let shown = format!("login {:.80}", input.to_string());
                let unsound = unsound(&answer, &shown);
                assert_eq!(answer.body["data"]["login"]["session"], Value::Null, "{shown}");
                if unsound.is_none() {
                    assert!(
                        answer.body["data"]["login"]["userErrors"][0]["code"].is_string(),
                        "{shown}: {}",
                        answer.body
                    );
                }
                wrong.extend(unsound);
            }
            let register = "mutation ($input: RegisterInput!) { \
                register(input: $input) { session { accessToken } userErrors { code } } }";
            for field in ["email", "tenant", "acceptTerms"] {
                let good = json!({
                    "email": "new@a.test", "password": "Test-Passw0rd!", "firstName": "a", "lastName": "b",
                    "acceptTerms": "nothing",
                });
                let registered =
                    answer(wire.operation(register, json!({"input": with(good, field, json!(text))}))).await;
                wrong.extend(unsound(&registered, &format!("register {field} {text:?}")));
            }
            let refresh = "mutation ($token: String!) { \
                refreshSession(input: {refreshToken: $token}) { session { accessToken } userErrors { code } } }";
            let refused = answer(wire.operation(refresh, json!({"token": text}))).await;
            assert_sound(&refused, text);
            assert_eq!(
                refused.body["data"]["refreshSession"]["userErrors"][0]["code"], "TOKEN_INVALID",
                "{}",
                refused.body
            );
        }
        assert_none(&wrong);
        assert_eq!(rows(&app, "sessions").await, 0);
    }

    /// The same values written in the document, where the parser of GraphQL reads them.
    async fn a_bad_literal_is_refused(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let mut wrong = Vec::new();
        for literal in [
            "1e999",
            "-1e999",
            "99999999999999999999999999",
            "1.0",
            "007",
            "1x",
            "0x1",
            "- 1",
            "NaN",
            "true",
            "[1, 2]",
            "{a: 1}",
            "\"1\"",
            "$x",
            "2147483648",
        ] {
            let refused =
                trader.send(&format!("{{ signals(first: {literal}) {{ nodes {{ id }} }} }}"), Value::Null).await;
            assert_sound(&refused, literal);
            if (refused.status.as_u16(), refused.code().is_some(), refused.body.get("data")) != (400, true, None) {
                wrong.push(format!("{literal}: {} {}", refused.status, refused.body));
            }
        }
        for literal in [
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\\u{110000}\"",
            "\"\\u00\"",
            "\"\\x00\"",
            "\"\\u0000\"",
            "\"\"\"a\0b\"\"\"",
            "\"a",
            "\"\"\"a",
            "\u{0}",
            "\u{feff}\u{feff}",
        ] {
            let refused = trader.send(&format!("{{ signal(id: {literal}) {{ id }} }}"), Value::Null).await;
            assert_sound(&refused, literal);
            if refused.code().is_none() {
                wrong.push(format!("{literal:?} was taken: {}", refused.body));
            }
        }
        assert_none(&wrong);
    }

    async fn a_source_with_a_bad_value_is_refused_in_words(app: TestApp) {
        let (trader, wire) = (member(&app, Role::Trader).await, Wire::to(&app));
        let create = "mutation ($input: CreateSignalSourceInput!) { \
            createSignalSource(input: $input) { source { id } userErrors { code path message } } }";
        let good = json!({"name": "mine"});
        let mut inputs = vec![json!({})];
        for text in ["", " ", "a\0b", "\n", &"x".repeat(61)] {
            inputs.push(with(good.clone(), "name", json!(text)));
            inputs.push(with(good.clone(), "strategy", json!(text)));
            inputs.push(with(good.clone(), "symbols", json!([{"ticker": text, "symbol": "AAPL"}])));
            inputs.push(with(good.clone(), "symbols", json!([{"ticker": "A", "symbol": text}])));
        }
        for number in numbers() {
            inputs.push(with(good.clone(), "confidence", number.clone()));
        }
        for field in ["maxAgeSeconds", "cadenceSeconds"] {
            for number in [-1, 0, 59, 31_536_001, i64::MAX] {
                inputs.push(with(good.clone(), field, json!(number)));
            }
        }
        inputs.push(with(good.clone(), "symbols", json!(vec![json!({"ticker": "A", "symbol": "AAPL"}); 501])));
        inputs.push(with(good.clone(), "audience", json!("TENANT")));
        for input in inputs {
            let refused = answer(wire.operation(create, json!({"input": input})).bearer_auth(token(&trader))).await;
            assert_sound(&refused, &input.to_string());
            let told = refused.body["data"]["createSignalSource"]["userErrors"][0]["path"][0] == "input";
            assert!(
                told || refused.code() == Some("GRAPHQL_VALIDATION_FAILED"),
                "{:.100}: {}",
                input.to_string(),
                refused.body
            );
        }
        assert_eq!(rows(&app, "signal_sources").await, 0);
    }
}
