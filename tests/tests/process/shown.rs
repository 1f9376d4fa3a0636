//! What the documents show is what a demo answers: docs/demo-path.md step by step, and README's queries.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use bellwether_seeds::DEMO_PASSWORD;
use bellwether_tests::{Client, PATIENCE, both_databases};
use serde_json::{Value, json};

use crate::place::Place;
use crate::server::until;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A step of docs/demo-path.md.
struct Step {
    title: String,
    operation: String,
    /// Whose token it is sent with; nobody's where it signs in.
    email: Option<String>,
    variables: Value,
    answer: Value,
}

/// The fenced blocks of a language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split_once("```").expect("a closed block").0).collect()
}

/// The steps of the path. Each shows an operation, its variables, its answer, and what to do where it answers otherwise.
fn steps() -> Vec<Step> {
    let text = read("docs/demo-path.md");
    let parts: Vec<&str> = text.split("\n## ").filter(|part| part.contains("](operations/")).collect();
    let step = |part: &&str| {
        let title = part.lines().next().unwrap().to_owned();
        let (_, rest) = part.split_once("](operations/").unwrap();
        let operation = rest.split_once(".graphql)").unwrap().0.to_owned();
        let line = rest.lines().next().unwrap();
        let email = line.split_once(" as `").map(|(_, rest)| rest.split_once('`').unwrap().0.to_owned());
        assert!(part.contains("*If not:*"), "{title}: a way on is missing");
        let [variables, answer] = blocks(part, "json")[..] else { panic!("{title}: variables and an answer") };
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{title}: {error}: {text}"));
        Step { operation, email, variables: json(variables), answer: json(answer), title }
    };
    parts.iter().map(step).collect()
}

/// The name within angle quotes.
fn placeholder(text: &str) -> Option<&str> {
    text.strip_prefix('‹')?.strip_suffix('›')
}

/// Puts what is known into variables.
fn filled(variables: &Value, known: &BTreeMap<String, Value>) -> Value {
    match variables {
        Value::String(text) => match placeholder(text) {
            Some(name) => known.get(name).unwrap_or_else(|| panic!("nothing showed ‹{name}›")).clone(),
            None => variables.clone(),
        },
        Value::Array(all) => all.iter().map(|one| filled(one, known)).collect(),
        Value::Object(all) => all.iter().map(|(name, one)| (name.clone(), filled(one, known))).collect(),
        _ => variables.clone(),
    }
}

/// Where an answer is not as it is shown, if anywhere. `‹time›`, `‹decimal›`, `‹number›`, `‹text›` and `‹any›` stand for any such
/// value, another name in angle quotes for one that is the same wherever the name shows, and a last `"…"` for more of a list.
fn compare(shown: &Value, answered: &Value, known: &mut BTreeMap<String, Value>, place: &str) -> Result<(), String> {
    let differs = || Err(format!("{place}: shown is {shown}, the answer is {answered}"));
    match (shown, answered) {
        (Value::String(text), _) if placeholder(text).is_some() => {
            let name = placeholder(text).unwrap();
            let text = answered.as_str();
            let fits = match name {
                "any" => true,
                "time" => text.is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
                "decimal" => text.is_some_and(|text| text.parse::<f64>().is_ok()),
                "number" => answered.is_number(),
                "text" => text.is_some_and(|text| !text.is_empty()),
                _ => known.entry(name.to_owned()).or_insert_with(|| answered.clone()) == answered,
            };
            if fits { Ok(()) } else { differs() }
        }
        (Value::Array(shown), Value::Array(answered)) => {
            let (shown, is_open) = match shown.split_last() {
                Some((last, rest)) if last == "…" => (rest, true),
                _ => (&shown[..], false),
            };
            if answered.len() < shown.len() || (!is_open && answered.len() > shown.len()) {
                return differs();
            }
            let mut pairs = shown.iter().zip(answered).enumerate();
            pairs.try_for_each(|(index, (shown, answered))| {
                compare(shown, answered, known, &format!("{place}[{index}]"))
            })
        }
        (Value::Object(shown), Value::Object(answered)) => {
            if !shown.keys().eq(answered.keys()) {
                return differs();
            }
            shown
                .iter()
                .try_for_each(|(name, shown)| compare(shown, &answered[name], known, &format!("{place}.{name}")))
        }
        _ if shown == answered => Ok(()),
        _ => differs(),
    }
}

/// The kinds of what is in an answer, for one that depends on the day.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => json!("a text"),
        Value::Number(_) => json!("a number"),
        Value::Array(all) => all.iter().take(1).map(shape).collect(),
        Value::Object(all) => all.iter().map(|(name, one)| (name.clone(), shape(one))).collect(),
        _ => value.clone(),
    }
}

both_databases! {
    async fn the_demo_path_is_walked(app: Place) {
        let steps = steps();
        assert!(steps.len() >= 12, "{} steps", steps.len());
        let server = app.serve_with(&["demo"]).await;
        let mut clients: HashMap<String, Client> = HashMap::new();
        let mut known = BTreeMap::new();
        for Step { title, operation, email, variables, answer } in &steps {
            let client = match email {
                None => server.anonymous(),
                Some(email) => {
                    if !clients.contains_key(email) {
                        clients.insert(email.clone(), server.sign_in(email, DEMO_PASSWORD).await);
                    }
                    clients[email].at(server.address)
                }
            };
            let document = read(&format!("docs/operations/{operation}.graphql"));
            let variables = filled(variables, &known);
            let started = Instant::now();
            loop {
                let answered = client.data(&document, variables.clone()).await;
                let mut learned = known.clone();
                match compare(answer, &answered, &mut learned, title) {
                    Ok(()) => known = learned,
                    // A job may have to come to its end first; nothing is changed twice.
                    Err(_) if document.contains("\nquery ") && started.elapsed() < PATIENCE => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        continue;
                    }
                    Err(difference) => panic!("{difference}"),
                }
                break;
            }
        }

        let query = "{ signals(first: 100, filter: {source: {eq: SEED}}) { nodes { summary } } }";
        let data = clients["trader@atlas.test"].data(query, json!({})).await;
        let signals = data["signals"]["nodes"].as_array().unwrap();
        assert_eq!(signals.len(), 100);
        for signal in signals {
            assert!(signal["summary"].as_str().unwrap().ends_with(" (simulated)."), "{signal}");
        }

        // GraphiQL opens with the same, but for signing in, which its bar does, and what is sent again.
        let (status, tabs) = server.get("/graphiql/operations.json").await.unwrap();
        assert_eq!(status, 200);
        let tabs: Vec<Value> = serde_json::from_str(&tabs).unwrap();
        let tabs = tabs.iter().map(|tab| {
            (tab["query"].as_str().unwrap().to_owned(), serde_json::from_str(tab["variables"].as_str().unwrap()).unwrap())
        });
        let mut wanted: Vec<(String, Value)> = steps
            .into_iter()
            .filter(|step| step.email.is_some())
            .map(|step| (read(&format!("docs/operations/{}.graphql", step.operation)), step.variables))
            .collect();
        wanted.dedup();
        assert_eq!(tabs.collect::<Vec<_>>(), wanted);
    }

    async fn another_business_has_no_tabs_of_the_demo(app: Place) {
        let server = app.founded().serve().await;
        // With its first start every job runs: on a busy machine an answer may be put off.
        let tabs = until(PATIENCE, "there is an answer", async || {
            server.get("/graphiql/operations.json").await.filter(|(status, _)| *status != 503)
        });
        assert_eq!(tabs.await, (200, "[]".to_owned()), "{}", server.log());
    }
}

#[tokio::test]
async fn the_first_queries_are_answered_as_the_readme_shows() {
    let text = read("README.md");
    let place = Place::sqlite();
    let server = place.serve_with(&["demo"]).await;
    let client = server.sign_in("trader@atlas.test", DEMO_PASSWORD).await;
    let [shown, analyzed] = blocks(&text, "json")[..] else { panic!("two answers") };

    let query = text.lines().find_map(|line| line.trim().strip_prefix("\"{ signals(")).unwrap();
    let query = format!("{{ signals({}", query.split_once("\"}").unwrap().0);
    let shown: Value = serde_json::from_str(shown).unwrap();
    let answered = client.send(&query, json!({})).await.body;
    assert_eq!(shape(&shown), shape(&answered), "{answered}");

    let query = blocks(&text, "graphql")[0];
    let shown: Value = serde_json::from_str(analyzed).unwrap();
    let answered = client.data(query, json!({})).await;
    // What is held has neither target nor stop.
    let mut answered = shape(&answered);
    for name in ["target", "stop"] {
        let value = &mut answered["analyze"]["signal"][name];
        assert!(value.is_null() || value == "a text");
        *value = json!("a text");
    }
    assert_eq!(shape(&shown), answered);
}
