//! A process that is gone from one moment to the next.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bellwether_tests::{Backend, Client, PATIENCE, both_databases};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{RECORD, outcome, signal};
use crate::place::Place;
use crate::server::{attempt, http, until};

/// Clients at once.
const CLIENTS: usize = 8;
/// Deliveries that are judged before the crash.
const JUDGED: i64 = 20;

/// Records a signal, and again where it is refused with what says that it may be; none where the server is gone.
async fn recorded(client: &Client, number: i64) -> Option<Value> {
    for _ in 0..20 {
        let answer = attempt(client, RECORD, json!({"input": signal(number)})).await?;
        if answer["errors"][0]["extensions"]["retryable"] != true {
            return Some(answer);
        }
    }
    panic!("signal {number} is refused again and again");
}

/// Lets so many deliveries be judged and no more, until it is undone: what the journal would say of others is refused.
async fn hold_judging(place: &Place) {
    let held = match place.backend {
        Backend::Sqlite => format!(
            "CREATE TRIGGER held BEFORE UPDATE ON signal_deliveries \
             WHEN (SELECT count(*) FROM signal_deliveries WHERE verdict IS NOT NULL) >= {JUDGED} \
             BEGIN SELECT RAISE(ABORT, 'held'); END"
        ),
        Backend::Postgres => format!(
            "CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF (SELECT count(*) FROM signal_deliveries WHERE verdict IS NOT NULL) >= {JUDGED} \
             THEN RAISE EXCEPTION 'held'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER held BEFORE UPDATE ON signal_deliveries FOR EACH ROW EXECUTE FUNCTION held()"
        ),
    };
    execute(place, &held).await;
}

async fn let_go(place: &Place) {
    let on = if place.backend == Backend::Postgres { " ON signal_deliveries" } else { "" };
    execute(place, &format!("DROP TRIGGER held{on}")).await;
}

async fn execute(place: &Place, statement: &str) {
    let db = place.database().await;
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

both_databases! {
    /// Two servers take single signals; one is killed in the middle of it and started again.
    async fn what_was_acknowledged_is_there_once(app: Place) {
        let app = app.founded();
        let (mut one, two) = (app.serve().await, app.serve().await);
        let client = one.register("trader@acme.test").await;
        let (next, acknowledged) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(BTreeMap::new())));
        let (lost, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let tasks: Vec<_> = (0..CLIENTS).map(|number| {
            let client = client.at(if number % 2 == 0 { one.address } else { two.address });
            let (next, acknowledged, lost) = (Arc::clone(&next), Arc::clone(&acknowledged), Arc::clone(&lost));
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    match recorded(&client, number).await {
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
        until(PATIENCE, "200 signals are recorded", enough).await;
        one.crash();
        let at_crash = acknowledged.lock().unwrap().len();
        let more = async || (acknowledged.lock().unwrap().len() > at_crash + 100).then_some(());
        until(PATIENCE, "the other server goes on", more).await;
        is_over.store(true, Ordering::Relaxed);
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
            let answer = recorded(&client, *number).await.unwrap();
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
        hold_judging(&app).await;
        let burst: Vec<_> = alerts.iter().map(|alert| {
            let (deliver, alert, address) = (&deliver, alert.clone(), server.address);
            async move { deliver(address, alert).await }
        }).collect();
        let statuses = futures_util::future::join_all(burst).await;
        server.crash();
        assert_eq!(statuses, vec![202; alerts.len()]);
        let waiting = app.figure("SELECT count(*) AS figure FROM signal_deliveries WHERE verdict IS NULL").await;
        assert!(waiting >= alerts.len() as i64 - JUDGED, "{waiting} of {} deliveries waited", alerts.len());

        let_go(&app).await;
        let again = app.serve().await;
        let client = client.at(again.address);
        let query = "{ signalDeliveries(first: 100) { totalCount nodes { verdict body signal { id } } } signals(first: 1) { totalCount } }";
        let judged = async || {
            let data = client.data(query, json!({})).await;
            let nodes = data["signalDeliveries"]["nodes"].as_array().unwrap().clone();
            nodes.iter().all(|node| node["verdict"] != Value::Null).then_some((data, nodes))
        };
        let (data, nodes) = until(PATIENCE, "every delivery is judged", judged).await;
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
        assert_eq!(until(PATIENCE, "the last is judged", one_more).await, "DUPLICATE");
        assert_eq!(app.count("signals").await, alerts.len() as i64);
    }
}
