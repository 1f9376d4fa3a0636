//! `bellwether model train`: a file with a model and what it is worth, and a server that judges by it.

use bellwether_domain::clock::{Clock, SystemClock};
use bellwether_tests::both_databases;
use chrono::TimeDelta;
use serde_json::json;

use crate::place::{PASSWORD, Place};

/// Daily candles until yesterday of a price that comes back to 100 whenever it strays.
fn candles(count: i64) -> String {
    let (mut state, mut close) = (7_u64, 10_000_i64);
    let cents = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let mut text = "Date,Open,High,Low,Close,Volume\n".to_owned();
    // The process under test has the true clock.
    let today = SystemClock.now();
    for back in (1..=count).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = close;
        close += (10_000 - close) * 3 / 10 + (state >> 40) as i64 % 301 - 150;
        let (high, low) = (open.max(close) + 20, open.min(close) - 20);
        let day = (today - TimeDelta::days(back)).format("%F");
        text.push_str(&format!("{day},{},{},{},{},1000\n", cents(open), cents(high), cents(low), cents(close)));
    }
    text
}

both_databases! {
    async fn a_model_is_trained_and_switched_on(app: Place) {
        let mut app = app.founded();
        app.write("BTC-USD_1d.csv", candles(600));
        app.done(&["market", "import", "BTC-USD_1d.csv"]);
        let few = app.refused(1, &["model", "train"]);
        assert!(few.contains("a model needs 1000 candles"), "{few}");
        assert!(!app.path("data/model.json").exists());

        app.write("BTC-USD_1d.csv", candles(2_000));
        app.done(&["market", "import", "BTC-USD_1d.csv"]);
        let ran = app.done(&["model", "train", "--horizon", "5"]);
        for part in ["true prices", "is the close 5 candles later higher?", "Brier", "log loss", "forecasts    said    came",
            "It forecast better than the base rate.", "analysis.model = \"data/model.json\""] {
            assert!(ran.out.contains(part), "{part}: {}", ran.out);
        }
        let model: serde_json::Value = serde_json::from_slice(&std::fs::read(app.path("data/model.json")).unwrap()).unwrap();
        assert_eq!((&model["version"], &model["timeframe"], &model["horizon"]), (&json!(1), &json!("1d"), &json!(5)));
        assert_eq!(model["features"].as_array().unwrap().len(), model["logistic"]["weights"].as_array().unwrap().len());
        assert_eq!(model["report"]["deciles"].as_array().unwrap().len(), 10);

        app.set("ANALYSIS__MODEL", "data/model.json");
        let server = app.serve().await;
        let client = server.sign_in("owner@acme.test", PASSWORD).await;
        let strategies = client.data("{ strategies { name } }", json!({})).await["strategies"].clone();
        assert!(strategies.as_array().unwrap().contains(&json!({"name": "model"})), "{strategies}");
        let analyze = "mutation { analyze(input: {symbol: \"BTC-USD\", timeframe: D1, mode: SWING, strategy: \"model\"}) {
            signal { reasons { indicator says } } userErrors { message } } }";
        let told = client.data(analyze, json!({})).await["analyze"].clone();
        assert_eq!(told["signal"]["reasons"][0]["indicator"], "Model", "{told}");
        assert!(told["signal"]["reasons"][0]["says"].as_str().unwrap().starts_with("the model gives "), "{told}");
        drop(server);

        let mut learned = model.clone();
        learned["is_simulated"] = json!(true);
        app.write("data/model.json", learned.to_string());
        let refused = app.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(refused.contains("was trained on simulated prices, and this is no demo"), "{refused}");

        app.write("data/model.json", "{}");
        let refused = app.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(refused.contains("analysis.model") && refused.contains("train one anew"), "{refused}");
        app.done(&["model", "train", "--horizon", "5"]);
        app.serve().await;
    }
}
