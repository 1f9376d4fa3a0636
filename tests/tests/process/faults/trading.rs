//! A server that is killed while it books trades.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bellwether_seeds::DEMO_PASSWORD;
use bellwether_tests::{PATIENCE, both_databases};
use serde_json::{Value, json};

use crate::place::Place;
use crate::server::{attempt, until};

/// Clients at once, each with an account.
const CLIENTS: usize = 4;
const OPEN: &str = "mutation { openAccount(input: {leverage: 10}) { account { id } userErrors { message } } }";
const PLACE: &str = "mutation ($input: PlaceOrderInput!) {
    placeOrder(input: $input) { replayed order { status } trade { id } userErrors { code } } }";
const CLOSE: &str = "mutation ($id: ID!, $part: Decimal) {
    closeTrade(input: {tradeId: $id, quantity: $part}) { trade { id } userErrors { code } } }";

fn order(account: &str, id: &str) -> Value {
    // Crypto trades around the clock.
    json!({"input": {
        "accountId": account, "symbol": "BTC-USD", "side": "BUY", "quantity": "0.01", "type": "MARKET", "clientOrderId": id,
    }})
}

both_databases! {
    async fn every_ledger_adds_up_after_a_crash(app: Place) {
        let mut server = app.serve_with(&["demo"]).await;
        let client = server.sign_in("trader2@atlas.test", DEMO_PASSWORD).await;
        let (acknowledged, lost) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicU64::new(0)));
        let mut tasks = Vec::new();
        for _ in 0..CLIENTS {
            let opened = client.data(OPEN, json!({})).await;
            let account = opened["openAccount"]["account"]["id"].as_str().unwrap_or_else(|| panic!("{opened}")).to_owned();
            let (client, acknowledged, lost) = (client.clone(), Arc::clone(&acknowledged), Arc::clone(&lost));
            tasks.push(tokio::spawn(async move {
                for number in 0.. {
                    let id = format!("{account}/{number}");
                    let Some(answer) = attempt(&client, PLACE, order(&account, &id)).await else { break };
                    let placed = &answer["data"]["placeOrder"];
                    assert_eq!((&placed["replayed"], &placed["order"]["status"]), (&json!(false), &json!("FILLED")), "{answer}");
                    acknowledged.lock().unwrap().insert((account.clone(), id));
                    for part in [json!("0.004"), Value::Null] {
                        let close = json!({"id": placed["trade"]["id"], "part": part});
                        if attempt(&client, CLOSE, close).await.is_none() {
                            lost.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                }
                lost.fetch_add(1, Ordering::Relaxed);
            }));
        }
        let enough = async || (acknowledged.lock().unwrap().len() > 40).then_some(());
        until(PATIENCE, "40 orders are filled", enough).await;
        server.crash();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(lost.load(Ordering::Relaxed), CLIENTS as u64, "the crash met nobody");

        let checked = app.done(&["check", "ledger"]);
        assert!(checked.out.contains("ok      ledgers: 9 account(s)"), "{}", checked.out);
        let server = app.serve_with(&["demo"]).await;
        let client = client.at(server.address);
        let acknowledged = acknowledged.lock().unwrap().clone();
        for (account, id) in &acknowledged {
            let answer = attempt(&client, PLACE, order(account, id)).await.unwrap();
            assert_eq!(answer["data"]["placeOrder"]["replayed"], json!(true), "{id}: {answer}");
        }
        assert!(app.done(&["check", "ledger"]).out.contains("ok      ledgers"));
    }

    async fn a_wrong_ledger_is_told_of(app: Place) {
        app.done(&["migrate", "up"]);
        app.done(&["seed", "--demo"]);
        let checked = app.done(&["check", "ledger"]);
        // The account with the five trades that are over, the one with three that are open, and those of three challenges.
        assert!(checked.out.contains("ledgers: 5 account(s), "), "{}", checked.out);
        let db = app.database().await;
        let harm = "UPDATE ledger_entries SET balance_after = balance_after + 100 WHERE seq = 7";
        sea_orm::ConnectionTrait::execute_unprepared(&db, harm).await.unwrap();
        let ran = app.run(&["check", "ledger"]);
        assert!(ran.out.contains("entry 7 says a balance of") && ran.out.starts_with("FAILED  ledger: "), "{}", ran.out);
    }
}
