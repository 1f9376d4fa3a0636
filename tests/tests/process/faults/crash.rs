//! A process that is gone from one moment to the next.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_tests::both_databases;
use serde_json::{Value, json};

use super::{RECORD, outcome, signal};
use crate::place::Place;
use crate::server::{attempt, http, until};

/// Clients at once.
const CLIENTS: usize = 8;

both_databases! {
    /// Two servers take single signals; one is killed in the middle of it and started again.
    async fn what_was_acknowledged_is_there_once(app: Place) {
        let app = app.founded();
        let (mut one, two) = (app.serve().await, app.serve().await);
        let client = one.register("trader@acme.test").await;
        let (next, acknowledged) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(BTreeMap::new())));
        let lost = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..CLIENTS).map(|number| {
            let client = client.at(if number % 2 == 0 { one.address } else { two.address });
            let (next, acknowledged, lost) = (Arc::clone(&next), Arc::clone(&acknowledged), Arc::clone(&lost));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= 2_000 {
                        return;
                    }
                    match attempt(&client, RECORD, json!({"input": signal(number)})).await {
                        Some(answer) => {
                            assert_eq!(outcome(&answer), Some("INSERTED"), "{answer}");
                            let id = answer["data"]["recordSignal"]["signal"]["id"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().insert(number, id);
                        }
                        None => {
                            lost.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                }
            })
        }).collect();
        let enough = async || (acknowledged.lock().unwrap().len() > 200).then_some(());
        until(Duration::from_secs(60), "200 signals are recorded", enough).await;
        one.crash();
        let at_crash = acknowledged.lock().unwrap().len();
        let more = async || (acknowledged.lock().unwrap().len() > at_crash + 100).then_some(());
        until(Duration::from_secs(60), "the other server goes on", more).await;
        next.store(2_000, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        assert!(lost.load(Ordering::Relaxed) > 0, "the crash met nobody");

        let again = app.serve().await;
        let client = client.at(again.address);
        let acknowledged = acknowledged.lock().unwrap().clone();
        let (sent, rows) = (acknowledged.len() as i64 + lost.load(Ordering::Relaxed) as i64, app.count("signals").await);
        assert!((acknowledged.len() as i64..=sent).contains(&rows), "{rows} rows, {} acknowledged, {sent} sent", acknowledged.len());
        // Whoever was acknowledged and sends again is told of the same signal.
        for (number, id) in &acknowledged {
            let answer = attempt(&client, RECORD, json!({"input": signal(*number)})).await.unwrap();
            assert_eq!(outcome(&answer), Some("IGNORED"), "{number}: {answer}");
            assert_eq!(answer["data"]["recordSignal"]["signal"]["id"], json!(id), "{number}");
        }
        assert_eq!(app.count("signals").await, rows);
    }

    /// The server is gone as soon as it has said 202.
    async fn a_delivery_that_was_accepted_is_judged_after_a_crash(app: Place) {
        let app = app.founded();
        let mut server = app.serve().await;
        let client = server.register("trader@acme.test").await;
        let query = "mutation { createSignalSource(input: {name: \"alerts\"}) { token userErrors { message } } }";
        let made = client.data(query, json!({})).await;
        let token = made["createSignalSource"]["token"].as_str().unwrap().to_owned();
        let deliver = async |address, body: String| {
            let url = format!("http://{address}/hooks/tradingview/{token}");
            http().post(url).header("content-type", "text/plain").body(body).send().await.unwrap().status().as_u16()
        };
        let frames = ["1m", "5m", "15m", "1h", "4h", "1d"];
        let symbols = ["AAPL", "MSFT", "NVDA", "AMZN", "META", "TSLA", "GOOGL", "JPM", "KO", "DIS", "AMD", "NFLX"];
        let alerts: Vec<String> =
            symbols.iter().flat_map(|symbol| frames.map(|frame| format!("BUY {symbol} {frame}"))).collect();
        // A burst, so that some are waiting when the crash comes.
        let burst: Vec<_> = alerts.iter().map(|alert| {
            let (deliver, alert, address) = (&deliver, alert.clone(), server.address);
            async move { deliver(address, alert).await }
        }).collect();
        let statuses = futures_util::future::join_all(burst).await;
        server.crash();
        assert_eq!(statuses, vec![202; alerts.len()]);
        let waiting = app.figure("SELECT count(*) AS figure FROM signal_deliveries WHERE verdict IS NULL").await;
        eprintln!("{waiting} of {} deliveries waited when the server was killed", alerts.len());
        assert!(waiting > 0, "the crash came after all was done");

        let again = app.serve().await;
        let client = client.at(again.address);
        let query = "{ signalDeliveries(first: 100) { totalCount nodes { verdict body signal { id } } } signals(first: 1) { totalCount } }";
        let judged = async || {
            let data = client.data(query, json!({})).await;
            let nodes = data["signalDeliveries"]["nodes"].as_array().unwrap().clone();
            nodes.iter().all(|node| node["verdict"] != Value::Null).then_some((data, nodes))
        };
        let (data, nodes) = until(Duration::from_secs(20), "every delivery is judged", judged).await;
        assert!(nodes.iter().all(|node| node["verdict"] == "INSERTED" && node["signal"]["id"].is_string()), "{nodes:?}");
        assert_eq!(data["signalDeliveries"]["totalCount"], json!(alerts.len()));
        assert_eq!(data["signals"]["totalCount"], json!(alerts.len()));
        // TradingView, too, may send again: the same candle is the same signal.
        assert_eq!(deliver(again.address, "BUY AAPL 1d".to_owned()).await, 202);
        let one_more = async || {
            let data = client.data("{ signalDeliveries(first: 1) { totalCount nodes { verdict } } }", json!({})).await;
            let newest = &data["signalDeliveries"]["nodes"][0]["verdict"];
            (data["signalDeliveries"]["totalCount"] == json!(alerts.len() + 1) && *newest != Value::Null).then(|| newest.clone())
        };
        assert_eq!(until(Duration::from_secs(20), "the last is judged", one_more).await, "DUPLICATE");
        assert_eq!(app.count("signals").await, alerts.len() as i64);
    }
}
