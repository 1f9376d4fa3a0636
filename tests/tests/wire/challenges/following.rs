//! Following a challenge over a socket, from before it is begun to its end.

use std::time::Duration;

use bellwether_domain::permission::Role;
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use super::support::*;
use crate::support::member;
use crate::support::within_time;

both_databases! {
    async fn a_follower_is_told_of_the_beginning_the_trading_and_the_end(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = arena.grant("SPRINT").await;
        let (_elsewhere, address) = app.another().await;
        let mut sockets = [follow(&arena.trader, &id).await, follow(&arena.trader.at(address), &id).await];
        for socket in &mut sockets {
            let waiting = told(socket).await;
            assert_eq!((&waiting["status"], &waiting["account"]), (&json!("PENDING"), &Value::Null), "as it is");
        }
        let account = arena.start(&id).await;
        for socket in &mut sockets {
            let begun = told(socket).await;
            assert_eq!([&begun["status"], &begun["account"]["balance"]], [&json!("ACTIVE"), &json!("10000")], "begun");
        }
        let trade = arena.buy(&account, "9").await;
        for socket in &mut sockets {
            told_until(socket, |challenge| challenge["account"]["balance"] != "10000").await;
        }
        // What it holds is worth something else, and nothing was booked.
        quote(&app.domain, "960", "960").await;
        let is_near = |challenge: &Value| {
            let used = challenge["room"]["dailyLoss"]["usedPercent"].as_str().unwrap();
            used.parse::<f64>().unwrap() > 50.0
        };
        assert_eq!(told_until(&mut sockets[0], is_near).await["status"], "ACTIVE");
        quote(&app.domain, "1200", "1200").await;
        arena.close(&trade).await;
        for socket in &mut sockets {
            let passed = told_until(socket, |challenge| challenge["status"] == "PASSED").await;
            assert!(passed["certificate"]["number"].is_string(), "{passed}");
            assert_eq!(passed["nextPhase"]["status"], "PENDING");
        }
    }

    async fn what_was_cancelled_before_it_was_begun_is_told_and_ends(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = arena.grant("CALM").await;
        let mut socket = follow(&arena.trader, &id).await;
        assert_eq!(told(&mut socket).await["status"], "PENDING");
        done(&arena.admin, "cancelChallenge", json!({"challengeId": id, "reason": "paid back"})).await;
        assert_eq!(told(&mut socket).await["status"], "CANCELLED");
        assert_eq!(socket.next().await, json!({"type": "complete", "id": "1"}));
    }

    async fn nobody_follows_what_they_may_not_read_or_longer_than_their_session(app: TestApp) {
        let arena = Arena::open(&app).await;
        let id = arena.grant("SPRINT").await;
        for stranger in [member(&app, Role::Seller).await, app.sign_in("b", Role::Admin).await] {
            let mut socket = follow(&stranger, &id).await;
            assert_eq!(socket.errors("1").await[0]["extensions"]["code"], "NOT_FOUND");
        }
        let mut helper = follow(&member(&app, Role::Support).await, &id).await;
        assert_eq!(told(&mut helper).await["status"], "PENDING", "who helps follows it");
        let trader = member(&app, Role::Trader).await;
        let mut socket = follow(&trader, &id).await;
        assert_eq!(told(&mut socket).await["status"], "PENDING");
        trader.data("mutation { logout(input: {}) { sessionId } }", Value::Null).await;
        let (code, reason) = within_time(Duration::from_secs(15), "the end", socket.closed()).await;
        assert_eq!(code, 4403, "{reason}");
    }
}
