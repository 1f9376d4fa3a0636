//! What a server tells Prometheus: in its words, as it is documented, and all that deploy/ asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bellwether_tests::{Client, Port};
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::{http, until};

/// The labels that metrics have, by their names.
type Exposed = BTreeMap<String, BTreeSet<String>>;

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

/// The names that a text begins with, up to what is no letter of a name.
fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_').next().unwrap()
}

/// The labels between braces, where a text begins with them.
fn labels(text: &str) -> BTreeSet<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { return BTreeSet::new() };
    inner.0.split("\",").map(|label| name(label.trim()).to_owned()).collect()
}

/// What is exposed, in Prometheus' text format.
fn parse(text: &str) -> Exposed {
    let mut exposed = Exposed::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = name(line);
        exposed.entry(name.to_owned()).or_default().extend(labels(&line[name.len()..]));
    }
    exposed
}

/// Every metric that a text asks for, with the labels that it is asked by.
fn asked(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let ours = text.match_indices("bellwether_").chain(text.match_indices("process_"));
    ours.map(|(at, _)| (name(&text[at..]), at))
        .map(|(name, at)| (name.to_owned(), labels(&text[at + name.len()..])))
        .collect()
}

/// The queries of the dashboard.
fn queries(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(queries)).collect()
        }
        Value::Array(values) => values.iter().flat_map(queries).collect(),
        _ => Vec::new(),
    }
}

/// Opens an account on paper and places an order that is refused, for there is not so much money.
const ORDER: &str =
    "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { order { status } userErrors { message } } }";

/// Does a little of everything that is counted.
async fn do_everything(client: &Client) {
    let query = "mutation { createSignalSource(input: {name: \"alerts\"}) { token } }";
    let made = client.data(query, json!({})).await;
    let token = made["createSignalSource"]["token"].as_str().unwrap();
    let url = format!("http://{}/hooks/tradingview/{token}", client.address);
    http().post(url).header("content-type", "text/plain").body("BUY MSFT 1d").send().await.unwrap();
    client
        .data("{ quote(symbol: \"BTC-USD\") { price } candles(symbol: \"AAPL\", timeframe: D1) { stale } }", json!({}))
        .await;
    let account = client.data("mutation { openAccount(input: {}) { account { id } } }", json!({})).await;
    let id = &account["openAccount"]["account"]["id"];
    let input = json!({"accountId": id, "symbol": "BTC-USD", "side": "BUY", "type": "MARKET", "quantity": "100000"});
    let placed = client.data(ORDER, json!({"input": input})).await;
    assert_eq!(placed["placeOrder"]["order"]["status"], "REJECTED", "{placed}");
}

/// The kinds of what is exposed by its name, as the lines `# TYPE` tell; each must have a line `# HELP` before it.
fn kinds(text: &str) -> BTreeMap<&str, &str> {
    let mut helped = BTreeSet::new();
    let mut kinds = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            assert!(help.len() > 10 && help.starts_with(char::is_uppercase) || help.starts_with('1'), "{line}");
            helped.insert(name);
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert!(helped.contains(name), "nobody says what {name} is");
            kinds.insert(name, kind);
        }
    }
    kinds
}

/// Names as Prometheus' documentation asks for them: one prefix, base units at the end, `_total` of counters alone, and no
/// name in a label.
fn assert_conventional(text: &str) {
    for (name, kind) in kinds(text) {
        // The second is what Prometheus' own libraries say of a process.
        let is_ours = name.starts_with("bellwether_") || name.starts_with("process_");
        assert!(is_ours && !name.contains("__"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        if kind == "histogram" {
            assert!(name.ends_with("_seconds"), "{name} has no unit");
        }
        for unit in ["_minutes", "_hours", "_days", "_milliseconds", "_ms", "_kilobytes", "_megabytes", "_percent"] {
            assert!(!name.trim_end_matches("_total").ends_with(unit), "{name}: expected a base unit");
        }
        if name.contains("_timestamp") {
            assert!(name.ends_with("_timestamp_seconds"), "{name}");
        }
    }
    let Some(mut promtool) = promtool() else { return };
    let mut child = promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The table of metrics in deploy/README.md is what there is: each by its name, with its labels.
fn assert_documented(exposed: &Exposed) {
    let text = std::fs::read_to_string(deploy("README.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| {
        let (name, rest) = line.split_once("` |").unwrap();
        let (labels, _) = rest.split_once('|').unwrap();
        let labels = labels.trim().split(", ").filter(|label| !label.is_empty());
        (name.to_owned(), labels.map(|label| label.trim_matches('`').to_owned()).collect::<BTreeSet<_>>())
    });
    let documented: Exposed = rows.collect();
    // A histogram is several series; what it is called is the same of all.
    let mut told = Exposed::new();
    for (name, labels) in exposed {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        told.entry(base.to_owned()).or_default().extend(labels.iter().filter(|label| *label != "le").cloned());
    }
    assert_eq!(told, documented, "left: what is exposed; right: deploy/README.md");
}

/// Prometheus' own tool, where it is installed.
fn promtool() -> Option<Command> {
    if Command::new("promtool").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI needs promtool for this test");
        eprintln!("promtool is not installed: this part is left out");
        return None;
    }
    Some(Command::new("promtool"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_is_exposed() {
    let free = Port::hold();
    let place =
        Place::sqlite().with("METRICS__LISTEN", &free.address.to_string()).with("BACKUP__TO", "backups").founded();
    let server = place.serve().await;
    let trader = server.register("trader@acme.test").await;
    do_everything(&trader).await;
    let owner = server.sign_in("owner@acme.test", PASSWORD).await;
    // It runs once a day.
    let calendars = "mutation { runJob(input: {job: \"calendar_check\"}) { userErrors { message } } }";
    assert_eq!(owner.data(calendars, json!({})).await["runJob"]["userErrors"], json!([]));
    let _socket = server.socket(owner.token.as_deref().unwrap()).await;

    let alerts = std::fs::read_to_string(deploy("prometheus/alerts.yml")).unwrap();
    let dashboard: Value = serde_json::from_slice(&std::fs::read(deploy("grafana/bellwether.json")).unwrap()).unwrap();
    let queries = queries(&dashboard);
    let asked: Vec<_> = queries.iter().chain([&alerts]).flat_map(|text| asked(text)).collect();
    assert!(queries.len() > 20 && asked.len() > 40, "{} queries, {} metrics", queries.len(), asked.len());
    let text = until(Duration::from_secs(90), "everything that is asked for is exposed", async || {
        let text = http().get(format!("http://{}/metrics", free.address)).send().await.unwrap().text().await.unwrap();
        let exposed = parse(&text);
        let mut missing = BTreeSet::new();
        for (name, labels) in &asked {
            // In words, a histogram has no suffix.
            let known = exposed.get(name).or_else(|| exposed.get(&format!("{name}_count")));
            let Some(known) = known else {
                missing.insert(name.clone());
                continue;
            };
            // The first two are Prometheus' own; a label of ours that is called so is renamed to the third.
            let of_ours = labels.iter().filter(|label| !["job", "instance"].contains(&label.as_str()));
            let of_ours = of_ours.map(|label| label.trim_start_matches("exported_"));
            missing.extend(of_ours.filter(|label| !known.contains(*label)).map(|label| format!("{name}{{{label}}}")));
        }
        if missing.is_empty() {
            Some(text)
        } else {
            eprintln!("not yet: {missing:?}");
            None
        }
    })
    .await;
    assert_conventional(&text);
    assert_documented(&parse(&text));
}

/// By Prometheus' own tool, where it is installed: every query can be read, and the alerts come when they should.
#[test]
fn prometheus_takes_them() {
    if promtool().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dashboard: Value = serde_json::from_slice(&std::fs::read(deploy("grafana/bellwether.json")).unwrap()).unwrap();
    let rules = queries(&dashboard).into_iter().enumerate().map(|(number, query)| {
        let query = query.replace("$__rate_interval", "5m").replace("$instance", ".*");
        json!({"record": format!("panel:{number}"), "expr": query})
    });
    // What is JSON is YAML.
    let file = folder.path().join("dashboard.yml");
    let file_content = json!({"groups": [{"name": "dashboard", "rules": rules.collect::<Vec<_>>()}]});
    std::fs::write(&file, file_content.to_string()).unwrap();
    for args in [
        ["check", "config", deploy("prometheus/prometheus.yml").to_str().unwrap()],
        ["check", "rules", file.to_str().unwrap()],
        ["test", "rules", deploy("prometheus/alerts_test.yml").to_str().unwrap()],
    ] {
        let done = Command::new("promtool").args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {done:?}");
    }
}
