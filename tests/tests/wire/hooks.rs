//! Webhooks: a delivery is kept as it came, acknowledged, and judged then; its journal can be read.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Instant;

use bellwether_domain::clock::{Clock, SystemClock};
use bellwether_domain::permission::Role;
use bellwether_tests::{Answer, Backend, Client, TestApp, both_databases};
use chrono::TimeDelta;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::socket::Socket;
use crate::support::{
    DELIVERY, Wire, answer, assert_refused, assert_sound, member, public_signal, record, rows, with, within,
};

const CREATE: &str = "mutation ($input: CreateSignalSourceInput!) { createSignalSource(input: $input) {
    source { id tokenPrefix } url token userErrors { code message path } } }";
const JOURNAL: &str = "query ($filter: SignalDeliveryFilter, $first: Int, $after: String) {
    signalDeliveries(filter: $filter, first: $first, after: $after) {
        totalCount nodes { id sourceId verdict reason body contentType signal { id } } edges { cursor node { id } }
        pageInfo { hasNextPage endCursor } } }";
const REDRIVE: &str = "mutation ($id: ID!) { redriveSignalDelivery(input: {id: $id}) {
    delivery { verdict reason signal { symbol } } userErrors { code path } } }";

/// A source that takes candles of any age.
struct Source {
    id: String,
    token: String,
    wire: Wire,
    owner: Client,
}

impl Source {
    async fn of(app: &TestApp, owner: &Client) -> Self {
        Self::with(app, owner, json!({"name": "alerts", "maxAgeSeconds": 31_536_000})).await
    }

    async fn with(app: &TestApp, owner: &Client, input: Value) -> Self {
        let made = owner.data(CREATE, json!({"input": input})).await["createSignalSource"].clone();
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let (id, token) = (text(&made["source"]["id"]), text(&made["token"]));
        assert!(text(&made["url"]).ends_with(&format!("/hooks/tradingview/{token}")), "{made}");
        Self { id, token, wire: Wire::to(app), owner: owner.clone() }
    }

    fn request(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.wire.request(Method::POST, &format!("/hooks/tradingview/{}", self.token)).body(body)
    }

    /// Delivers what is kept; its id.
    async fn deliver(&self, body: impl Into<reqwest::Body>) -> String {
        delivered(&answer(self.request(body)).await)
    }

    /// A page of the journal, once nothing waits.
    async fn journal(&self, filter: Value) -> Value {
        within("the verdicts", async {
            let waiting = json!({"filter": {"isWaiting": true}});
            while self.owner.data(JOURNAL, waiting.clone()).await["signalDeliveries"]["totalCount"] != 0 {}
        })
        .await;
        let variables = json!({"filter": with(filter, "sourceId", json!(self.id)), "first": 100});
        self.owner.data(JOURNAL, variables).await["signalDeliveries"].clone()
    }

    /// The journal's entry of this delivery, once it was judged.
    async fn judged(&self, id: &str) -> Value {
        let journal = self.journal(json!({})).await;
        let entry = journal["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id);
        entry.unwrap_or_else(|| panic!("{id} is not in the journal")).clone()
    }
}

/// The id in an acknowledgement.
#[track_caller]
fn delivered(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.body);
    let id = answer.body["delivery"].as_str().unwrap_or_else(|| panic!("{}", answer.body));
    assert!(id.starts_with("dlv_"), "{id}");
    id.to_owned()
}

/// An alert about the candle of this minute of a morning that no source takes to be long ago.
fn alert(number: u32) -> String {
    // The same day all along, also where midnight passes meanwhile.
    static DAY: OnceLock<String> = OnceLock::new();
    let day = DAY.get_or_init(|| (SystemClock.now() - TimeDelta::days(30)).format("%F").to_string());
    let time = format!("{day}T10:{number:02}:00Z");
    let alert = json!({"ticker": "NASDAQ:AAPL", "action": "buy", "interval": "1", "confidence": number, "time": time});
    alert.to_string()
}

both_databases! {
    async fn a_delivery_is_acknowledged_and_becomes_a_signal(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        for (content_type, body, symbol) in [
            (Some("application/json"), alert(1), "AAPL"),
            (Some("application/json; charset=utf-8"), alert(2), "AAPL"),
            (Some("text/plain; charset=utf-8"), alert(3), "AAPL"),
            (Some("text/plain"), "SELL BINANCE:BTCUSDT 1h".to_owned(), "BTC-USD"),
            (Some("application/x-www-form-urlencoded"), "BUY MSFT 4h".to_owned(), "MSFT"),
            (None, "BUY AAPL 1w @ 189.5".to_owned(), "AAPL"),
        ] {
            let mut request = source.request(body.clone());
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let id = delivered(&answer(request).await);
            let entry = source.judged(&id).await;
            assert_eq!((&entry["verdict"], &entry["reason"]), (&json!("INSERTED"), &Value::Null), "{entry}");
            assert_eq!(
                (&entry["body"], &entry["contentType"], &entry["sourceId"]),
                (&json!(body), &json!(content_type), &json!(source.id))
            );
            let query =
                "query ($id: ID!) { signal(id: $id) { symbol source audience author { id } } viewer { user { id } } }";
            let data = trader.data(query, json!({"id": entry["signal"]["id"]})).await;
            assert_eq!(data["signal"]["symbol"], symbol);
            assert_eq!(
                (&data["signal"]["source"], &data["signal"]["audience"]),
                (&json!("WEBHOOK"), &json!("PRIVATE"))
            );
            assert_eq!(data["signal"]["author"]["id"], data["viewer"]["user"]["id"]);
        }
    }

    async fn a_token_that_is_wrong_or_revoked_is_not_found(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        let bent = format!("{}x", &source.token[..source.token.len() - 1]);
        let upper = source.token.to_uppercase();
        for token in
            ["nonsense", "%00", "'%20OR%201=1", &source.token[1..], &bent, &upper, &format!("{}%20", source.token)]
        {
            let refused =
                answer(source.wire.request(Method::POST, &format!("/hooks/tradingview/{token}")).body("BUY AAPL 1h"))
                    .await;
            assert_refused(&refused, 404, "NOT_FOUND");
            assert!(!refused.body.to_string().contains(token), "{}", refused.body);
        }
        source.deliver("BUY AAPL 1h").await;
        let revoke =
            "mutation ($id: ID!) { revokeSignalSource(input: {id: $id}) { source { revokedAt } userErrors { code } } }";
        let revoked = trader.data(revoke, json!({"id": source.id})).await;
        assert!(revoked["revokeSignalSource"]["source"]["revokedAt"].is_string(), "{revoked}");
        assert_refused(&answer(source.request("BUY AAPL 1h")).await, 404, "NOT_FOUND");
        let (_other, address) = app.another().await;
        let elsewhere = Wire::at(address).request(Method::POST, &format!("/hooks/tradingview/{}", source.token));
        assert_refused(&answer(elsewhere.body("BUY AAPL 1h")).await, 404, "NOT_FOUND");
        assert_eq!(rows(&app, "signal_deliveries").await, 1);
    }

    async fn whatever_fits_is_kept_and_what_does_not_is_413(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        let largest = 64 * 1_024;
        for size in [largest + 1, largest + 1_000, 200_000] {
            assert_refused(&answer(source.request("x".repeat(size))).await, 413, "BAD_REQUEST");
            let pieces =
                futures_util::stream::iter((0..=size / 1_000).map(|_| Ok::<_, std::io::Error>("x".repeat(1_000))));
            assert_refused(&answer(source.request(reqwest::Body::wrap_stream(pieces))).await, 413, "BAD_REQUEST");
        }
        assert_eq!(rows(&app, "signal_deliveries").await, 0);
        let odd: [Vec<u8>; 8] = [
            Vec::new(),
            b" ".to_vec(),
            vec![0],
            b"BUY AAPL\0 1h".to_vec(),
            vec![0xff, 0xfe, 0x80],
            "x".repeat(largest).into_bytes(),
            "[".repeat(largest).into_bytes(),
            format!("{{\"ticker\": \"{}\"}}", "A".repeat(60_000)).into_bytes(),
        ];
        for body in odd {
            let id = source.deliver(body.clone()).await;
            let entry = source.judged(&id).await;
            assert_eq!(entry["verdict"], "REJECTED", "{:.200}", entry.to_string());
            assert!(
                entry["reason"].as_str().is_some_and(|reason| (1..=500).contains(&reason.chars().count())),
                "{:.200}",
                entry.to_string()
            );
            assert_eq!(entry["body"], String::from_utf8_lossy(&body).into_owned(), "the journal keeps it as it came");
        }
    }

    /// No alert holds up those behind it, whatever it says.
    async fn what_cannot_be_read_is_rejected_with_its_reason(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        let at = |time: Value| json!({"ticker": "AAPL", "action": "buy", "interval": "1W", "time": time}).to_string();
        let mut bodies: Vec<String> = [
            "hello",
            "BUY",
            "BUY NOTHING 1h",
            "BUY AAPL 7h",
            "BUY SELL AAPL 1h",
            "{",
            "[]",
            "null",
            "{}",
            "{\"ticker\": \"AAPL\"}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"price\": NaN}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"price\": \"NaN\"}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"price\": -1}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"price\": 1e999}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"confidence\": 101}",
            "{\"ticker\": \"A\\u0000\", \"action\": \"buy\"}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"strategy\": \"a\\u0000b\"}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"x\": \"\\ud800\"}",
            "{\"ticker\": \"AAPL\", \"action\": \"buy\", \"\\u0000\": 1}",
            "{{strategy.order.action}} {{ticker}}",
        ]
        .map(str::to_owned)
        .into();
        for time in [
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "-262143-01-01T00:00:00Z",
            "+262142-12-31T23:59:59Z",
            "nonsense",
            "2099-12-31T23:59:59Z",
        ] {
            bodies.push(at(json!(time)));
        }
        for time in [
            json!(0),
            json!(-1),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!(4_102_444_799_i64),
        ] {
            bodies.push(at(time));
        }
        let mut ids = Vec::new();
        for body in &bodies {
            ids.push(source.deliver(body.clone()).await);
        }
        let good = source.deliver(alert(1)).await;
        assert_eq!(source.judged(&good).await["verdict"], "INSERTED");
        for (id, body) in ids.iter().zip(&bodies) {
            let entry = source.judged(id).await;
            assert_eq!(entry["verdict"], "REJECTED", "{body}: {entry}");
            assert!(entry["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{body}: {entry}");
            assert_eq!(entry["signal"], Value::Null);
        }
        assert_eq!(rows(&app, "signals").await, 1);
    }

    /// Sixty at the close of a bar, thirty of them twice.
    async fn a_burst_is_acknowledged_and_kept_whole(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        let requests: Vec<_> = (0..60).map(|number| source.request(alert(number % 30))).collect();
        let tasks: Vec<_> = requests.into_iter().map(|request| tokio::spawn(answer(request))).collect();
        let mut ids = HashSet::new();
        for task in tasks {
            ids.insert(delivered(&within("an acknowledgement", task).await.unwrap()));
        }
        assert_eq!(ids.len(), 60, "each has an id of its own");
        let journal = source.journal(json!({})).await;
        assert_eq!(journal["totalCount"], 60);
        let kept: HashSet<String> =
            journal["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kept, ids);
        for (verdict, count) in [("INSERTED", 30), ("DUPLICATE", 30), ("REJECTED", 0)] {
            assert_eq!(source.journal(json!({"verdict": {"eq": verdict}})).await["totalCount"], count, "{verdict}");
        }
        assert_eq!(rows(&app, "signals").await, 30);
    }

    async fn the_same_alert_five_times_at_once_is_one_signal(app: TestApp) {
        let trader = member(&app, Role::Trader).await;
        let source = Source::of(&app, &trader).await;
        let (_other, address) = app.another().await;
        let elsewhere = Wire::at(address);
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let request = if number % 2 == 0 {
                    source.request(alert(7))
                } else {
                    elsewhere.request(Method::POST, &format!("/hooks/tradingview/{}", source.token)).body(alert(7))
                };
                tokio::spawn(answer(request))
            })
            .collect();
        for task in tasks {
            delivered(&task.await.unwrap());
        }
        let journal = source.journal(json!({})).await;
        let mut verdicts: Vec<&str> =
            journal["nodes"].as_array().unwrap().iter().map(|node| node["verdict"].as_str().unwrap()).collect();
        verdicts.sort_unstable();
        assert_eq!(verdicts, ["DUPLICATE", "DUPLICATE", "DUPLICATE", "DUPLICATE", "INSERTED"]);
        let signals: HashSet<&str> =
            journal["nodes"].as_array().unwrap().iter().map(|node| node["signal"]["id"].as_str().unwrap()).collect();
        assert_eq!((signals.len(), rows(&app, "signals").await), (1, 1), "each names the one signal");
    }

    async fn a_delivery_is_told_to_who_follows(app: TestApp) {
        let (seller, trader) = (member(&app, Role::Seller).await, member(&app, Role::Trader).await);
        let shared = json!({"name": "alerts", "maxAgeSeconds": 31_536_000, "audience": "TENANT"});
        let source = Source::with(&app, &seller, shared).await;
        record(&seller, public_signal(0)).await;
        let (_other, address) = app.another().await;
        for (number, at) in [(11, app.address), (12, address)] {
            let mut socket = Socket::ready(&trader.at(at)).await;
            socket.follow("1", json!({"confidence": {"in": [0, number]}}), Some("0")).await;
            assert_eq!(socket.confidence("1").await, 0);
            source.deliver(alert(number)).await;
            let acknowledged = Instant::now();
            assert_eq!(socket.confidence("1").await, u64::from(number));
            assert!(acknowledged.elapsed() < DELIVERY, "{:?}", acknowledged.elapsed());
        }
    }

    async fn a_token_is_shown_once(app: TestApp) {
        let (trader, owner) = (member(&app, Role::Trader).await, member(&app, Role::Owner).await);
        let source = Source::of(&app, &trader).await;
        let delivery = source.deliver(alert(1)).await;
        source.journal(json!({})).await;
        let id = json!({"id": source.id});
        let update = "mutation ($id: ID!) { \
            updateSignalSource(input: {id: $id, name: \"other\"}) { source { id name tokenPrefix } } }";
        let revoke = "mutation ($id: ID!) { revokeSignalSource(input: {id: $id}) { source { id tokenPrefix } } }";
        let all = "id name tokenPrefix audience mode timeframe strategy confidence symbols { ticker symbol } \
            maxAgeSeconds \
            cadenceSeconds isSilent alternates lastReceivedAt revokedAt createdAt";
        let sources = format!("{{ signalSources {{ {all} }} }}");
        let node = format!(
            "query ($id: ID!) {{ node(id: $id) {{ id ... on SignalSource {{ {all} }} \
                ... on SignalDelivery {{ body contentType reason }} }} }}"
        );
        for client in [&trader, &owner] {
            let answers = [
                client.send(&sources, Value::Null).await,
                client.send(&node, id.clone()).await,
                client.send(&node, json!({"id": delivery})).await,
                client.send(JOURNAL, Value::Null).await,
                client.send("{ signals { nodes { id payload summary strategy } } }", Value::Null).await,
                client.send(CREATE, json!({"input": {"name": ""}})).await,
            ];
            for answer in answers {
                assert_sound(&answer, "");
                assert!(!answer.body.to_string().contains(&source.token), "{}", answer.body);
            }
        }
        let prefix =
            trader.data(&sources, Value::Null).await["signalSources"][0]["tokenPrefix"].as_str().unwrap().to_owned();
        assert!(source.token.starts_with(&prefix) && source.token.len() >= prefix.len() + 20, "{prefix}");
        for change in [update, revoke] {
            let answer = trader.send(change, id.clone()).await;
            assert!(
                answer.body.get("errors").is_none() && !answer.body.to_string().contains(&source.token),
                "{}",
                answer.body
            );
        }
    }

    async fn the_journal_is_filtered_and_read_page_by_page(app: TestApp) {
        let (trader, admin) = (member(&app, Role::Trader).await, member(&app, Role::Admin).await);
        let (one, two) = (Source::of(&app, &trader).await, Source::of(&app, &trader).await);
        let mut ids = Vec::new();
        for number in 0..7 {
            ids.push(one.deliver(alert(number)).await);
        }
        ids.push(one.deliver(alert(0)).await);
        ids.push(two.deliver("hello").await);
        one.journal(json!({})).await;
        let ask =
            async |client: &Client, variables: Value| client.data(JOURNAL, variables).await["signalDeliveries"].clone();
        let listed = |page: &Value| {
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };

        let (mut after, mut pages) = (Value::Null, Vec::new());
        loop {
            let page = ask(&trader, json!({"first": 4, "after": after})).await;
            assert_eq!(page["totalCount"], 9);
            let from_edges: Vec<&Value> =
                page["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["id"]).collect();
            assert_eq!(from_edges, listed(&page).iter().collect::<Vec<_>>());
            pages.push(listed(&page));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
        ids.sort_unstable_by(|one, two| two.cmp(one));
        assert_eq!(pages.concat(), ids, "newest first, each once");

        for (filter, count) in [
            (json!({"sourceId": one.id}), 8),
            (json!({"sourceId": two.id}), 1),
            (json!({"verdict": {"eq": "INSERTED"}}), 7),
            (json!({"verdict": {"eq": "DUPLICATE"}}), 1),
            (json!({"verdict": {"in": ["REJECTED", "STALE"]}}), 1),
            (json!({"verdict": {"in": []}}), 0),
            (json!({"isWaiting": true}), 0),
            (json!({"isWaiting": false}), 9),
            (json!({"receivedAt": {"lt": "2020-01-01T00:00:00Z"}}), 0),
            (json!({"receivedAt": {"gte": "2020-01-01T00:00:00Z"}}), 9),
            (json!({"sourceId": two.id, "verdict": {"eq": "INSERTED"}}), 0),
        ] {
            let page = ask(&trader, json!({"filter": filter})).await;
            assert_eq!((&page["totalCount"], listed(&page).len()), (&json!(count), count), "{filter}");
        }
        assert_eq!(ask(&admin, json!({})).await["totalCount"], 0, "a delivery to a private source is a private signal");
        let seller = member(&app, Role::Seller).await;
        assert_eq!(ask(&seller, json!({})).await["totalCount"], 0, "who manages their own reads their own");
        let shared = json!({"name": "shared", "maxAgeSeconds": 31_536_000, "audience": "TENANT"});
        let shared = Source::with(&app, &seller, shared).await;
        let id = shared.deliver(alert(9)).await;
        for (client, count) in [(&admin, 1), (&seller, 1), (&trader, 9)] {
            let page = ask(client, json!({})).await;
            assert_eq!((&page["totalCount"], listed(&page).contains(&id)), (&json!(count), count == 1), "{page}");
        }
        let stranger = app.sign_in("b", Role::Admin).await;
        assert_eq!(ask(&stranger, json!({"filter": {"sourceId": one.id}})).await["totalCount"], 0);
        for wrong in [
            json!({"first": 101}),
            json!({"first": -1}),
            json!({"after": "nonsense"}),
            json!({"filter": {"sourceId": ids[0]}}),
        ] {
            let refused = trader.send(JOURNAL, wrong.clone()).await;
            assert_eq!(refused.code(), Some("BAD_REQUEST"), "{wrong}: {}", refused.body);
        }
        assert_eq!(member(&app, Role::Support).await.send(JOURNAL, json!({})).await.code(), Some("FORBIDDEN"));
    }

    async fn a_rejected_delivery_is_driven_again_once_mended(app: TestApp) {
        let (trader, stranger) = (member(&app, Role::Trader).await, app.sign_in("b", Role::Admin).await);
        let source = Source::of(&app, &trader).await;
        let id = source.deliver("BUY OANDA:WTICOUSD 1h").await;
        assert_eq!(source.judged(&id).await["verdict"], "REJECTED");
        let redrive = async |client: &Client, id: &str| {
            client.data(REDRIVE, json!({"id": id})).await["redriveSignalDelivery"].clone()
        };
        assert_eq!(redrive(&trader, &id).await["delivery"]["verdict"], "REJECTED", "nothing was mended yet");
        for client in [&stranger, &member(&app, Role::Seller).await] {
            assert_eq!(redrive(client, &id).await["userErrors"][0]["code"], "NOT_FOUND");
        }
        let update = "mutation ($input: UpdateSignalSourceInput!) { \
            updateSignalSource(input: $input) { userErrors { code message } } }";
        let mended = json!({"input": {"id": source.id, "symbols": [{"ticker": "OANDA:WTICOUSD", "symbol": "CL=F"}]}});
        assert_eq!(trader.data(update, mended).await["updateSignalSource"]["userErrors"], json!([]));
        let mended = redrive(&trader, &id).await;
        assert_eq!(
            (&mended["delivery"]["verdict"], &mended["delivery"]["signal"]["symbol"]),
            (&json!("INSERTED"), &json!("CL=F")),
            "{mended}"
        );
        let again = redrive(&trader, &id).await;
        assert_eq!(
            (&again["delivery"], &again["userErrors"][0]["code"]),
            (&Value::Null, &json!("CONFLICT")),
            "{again}"
        );
        for (wrong, code) in
            [("dlv_01h455vb4pex5vsknk084sn02q", "NOT_FOUND"), (source.id.as_str(), "VALIDATION"), ("", "VALIDATION")]
        {
            let refused = redrive(&trader, wrong).await;
            assert_eq!(
                (&refused["userErrors"][0]["code"], &refused["userErrors"][0]["path"]),
                (&json!(code), &json!(["input", "id"])),
                "{refused}"
            );
        }
        assert_eq!(rows(&app, "signals").await, 1);
    }
}

/// Over the limit a delivery is refused, but not forgotten.
#[tokio::test]
async fn a_limited_delivery_is_in_the_journal_and_can_be_driven_again() {
    let app = TestApp::start_with(Backend::Sqlite, |_, domain| domain.limits.deliveries_per_minute = 2).await.unwrap();
    let trader = member(&app, Role::Trader).await;
    let source = Source::of(&app, &trader).await;
    source.deliver(alert(1)).await;
    source.deliver(alert(2)).await;
    let refused = answer(source.request(alert(3))).await;
    assert_refused(&refused, 429, "RATE_LIMITED");
    assert!(refused.headers.contains_key("retry-after"));
    let limited = source.journal(json!({"verdict": {"eq": "LIMITED"}})).await;
    assert_eq!((&limited["totalCount"], &limited["nodes"][0]["body"]), (&json!(1), &json!(alert(3))));
    let driven = trader.data(REDRIVE, json!({"id": limited["nodes"][0]["id"]})).await;
    assert_eq!(driven["redriveSignalDelivery"]["delivery"]["verdict"], "INSERTED", "{driven}");
}
