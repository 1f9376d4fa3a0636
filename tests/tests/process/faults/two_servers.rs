//! Two processes on one database.

use bellwether_tests::both_databases;
use serde_json::json;

use super::{RECORD, insist, outcome, signal};
use crate::place::Place;
use crate::server::Server;

/// Clients at once.
const CLIENTS: usize = 8;

both_databases! {
    /// The same 1,000 signals in one call each, from 8 clients at once, twice.
    async fn batches_make_each_signal_once(app: Place) {
        let app = app.founded();
        let (one, two) = (app.serve().await, app.serve().await);
        let client = one.register("trader@acme.test").await;
        let input: Vec<_> = (0..1_000).map(signal).collect();
        let query = "mutation ($signals: [RecordSignalInput!]!) { recordSignals(input: {signals: $signals}) {
            inserted ignored updated refused results { index outcome signal { id } } userErrors { message } } }";
        let (mut totals, mut ids) = ([0; 4], std::collections::HashSet::new());
        for _round in 0..2 {
            let tasks: Vec<_> = (0..CLIENTS).map(|number| {
                let client = client.at(if number % 2 == 0 { one.address } else { two.address });
                let input = input.clone();
                tokio::spawn(async move { insist(&client, query, json!({"signals": input})).await })
            }).collect();
            for task in tasks {
                let payload = task.await.unwrap()["data"]["recordSignals"].clone();
                let results = payload["results"].as_array().unwrap();
                assert_eq!(results.len(), 1_000);
                let own = results.iter().filter(|result| result["outcome"] == "INSERTED").count() as u64;
                assert_eq!(payload["inserted"].as_u64(), Some(own));
                ids.extend(results.iter().map(|result| result["signal"]["id"].as_str().unwrap().to_owned()));
                for (total, field) in totals.iter_mut().zip(["inserted", "ignored", "updated", "refused"]) {
                    *total += payload[field].as_u64().unwrap();
                }
            }
        }
        assert_eq!(totals, [1_000, 15_000, 0, 0]);
        assert_eq!(ids.len(), 1_000, "everybody was told of the same signals");
        assert_eq!(app.count("signals").await, 1_000);
    }

    /// With `limits.store = "database"` a password is guessed as often by way of both as by way of one.
    async fn guesses_are_counted_together_where_that_is_configured(app: Place) {
        let app = app.founded().with("LIMITS__STORE", "database").with("LIMITS__LOGINS_PER_MINUTE", "2");
        let (one, two) = (app.serve().await, app.serve().await);
        let query = "mutation ($email: String!) { login(input: {email: $email, password: \"Wr0ng-Passw0rd!\"}) {
            userErrors { code } } }";
        let guess = async |server: &Server| server.anonymous().send(query, json!({"email": "owner@acme.test"})).await;
        for server in [&one, &two] {
            let refused = guess(server).await;
            assert_eq!(refused.body["data"]["login"]["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{}", refused.body);
        }
        for server in [&two, &one] {
            let limited = guess(server).await;
            assert_eq!((limited.status.as_u16(), limited.code()), (429, Some("RATE_LIMITED")), "{}", limited.body);
            let seconds: u32 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=30).contains(&seconds), "{seconds}");
        }
    }

    /// 200 signals one by one, each by 8 clients at once.
    async fn single_calls_make_each_signal_once(app: Place) {
        let app = app.founded();
        let (one, two) = (app.serve().await, app.serve().await);
        let client = one.register("trader@acme.test").await;
        let signals: Vec<_> = (0..200).map(signal).collect();
        let tasks: Vec<_> = (0..CLIENTS).map(|number| {
            let client = client.at(if number % 2 == 0 { one.address } else { two.address });
            let signals = signals.clone();
            tokio::spawn(async move {
                let mut inserted = 0;
                for signal in signals {
                    let answer = insist(&client, RECORD, json!({"input": signal})).await;
                    match outcome(&answer) {
                        Some("INSERTED") => inserted += 1,
                        Some("IGNORED") => {}
                        _ => panic!("{answer}"),
                    }
                }
                inserted
            })
        }).collect();
        let mut inserted = 0;
        for task in tasks {
            inserted += task.await.unwrap();
        }
        assert_eq!(inserted, 200);
        assert_eq!(app.count("signals").await, 200);
    }
}
