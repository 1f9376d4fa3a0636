//! The whole path: granted, begun, traded, and failed, or passed and begun anew.

use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use super::support::*;

both_databases! {
    async fn anybody_reads_the_tiers(app: TestApp) {
        put_tiers(&app.domain).await;
        let query = "{ challengeTiers { code name isRecommended price priceCurrency isRefundable phases {
            phase currency initialBalance leverage profitTargetPercent profitTarget dailyLossPercent drawdownPercent
            minimumTradingDays positionPercent largestPosition consistencyPercent durationDays timezone dailyBase
            dailyLossBasis drawdownBasis drawdownAnchor lockAtInitial onDailyBreach } } }";
        let tiers = app.anonymous().data(query, json!({})).await["challengeTiers"].clone();
        let codes: Vec<_> = tiers.as_array().unwrap().iter().map(|tier| tier["code"].clone()).collect();
        assert_eq!(codes, ["SPRINT", "CALM"]);
        let sprint = &tiers[0];
        assert_eq!((&sprint["price"], &sprint["priceCurrency"]), (&json!("99.5"), &json!("USD")));
        assert_eq!((&sprint["isRecommended"], &sprint["isRefundable"]), (&json!(true), &json!(true)));
        assert_eq!(sprint["phases"][0], json!({
            "phase": "EVALUATION", "currency": "USD", "initialBalance": "10000", "leverage": 1,
            "profitTargetPercent": "10", "profitTarget": "1000", "dailyLossPercent": "5", "drawdownPercent": "10",
            "minimumTradingDays": 0, "positionPercent": null, "largestPosition": null, "consistencyPercent": null,
            "durationDays": 30, "timezone": "UTC", "dailyBase": "BALANCE", "dailyLossBasis": "PERCENT_OF_BASE",
            "drawdownBasis": "PERCENT_OF_PEAK", "drawdownAnchor": "EQUITY_PEAK", "lockAtInitial": false,
            "onDailyBreach": "FAIL",
        }));
        assert_eq!((&sprint["phases"][1]["phase"], &sprint["phases"][1]["profitTarget"]), (&json!("FUNDED"), &Value::Null));
        let calm = &tiers[1];
        assert_eq!((&calm["price"], &calm["priceCurrency"]), (&Value::Null, &Value::Null), "it is not sold");
        assert_eq!(calm["phases"][0]["largestPosition"], "5000");
        assert_eq!(calm["phases"][0]["onDailyBreach"], "LOCK_UNTIL_RESET");
    }

    async fn a_challenge_is_granted_begun_and_failed_by_a_days_loss(app: TestApp) {
        let arena = Arena::open(&app).await;
        let input = json!({"userId": arena.trader_id, "tier": "sprint", "reason": "order 17"});
        let granted = done(&arena.admin, "grantChallenge", input).await["challenge"].clone();
        assert_eq!(
            [&granted["status"], &granted["tierCode"], &granted["phase"], &granted["phases"], &granted["ownerId"]],
            [&json!("PENDING"), &json!("SPRINT"), &json!(1), &json!(2), &json!(arena.trader_id)]
        );
        for unknown in ["account", "room", "metrics", "startedAt", "expiresAt", "endedAt", "daysRemaining", "certificate"] {
            assert_eq!(granted[unknown], Value::Null, "{unknown} before it is begun");
        }
        let admin_id = user_id(&arena.admin).await;
        let [step] = &granted["history"].as_array().unwrap()[..] else { panic!("{granted}") };
        assert_eq!(
            [&step["cause"], &step["reason"], &step["actorId"], &step["sequence"]],
            [&json!("GRANTED"), &json!("order 17"), &json!(admin_id), &json!("1")]
        );

        let id = granted["id"].as_str().unwrap();
        let account = arena.start(id).await;
        let begun = arena.challenge(id).await;
        assert_eq!([&begun["status"], &begun["daysRemaining"]], [&json!("ACTIVE"), &json!(30)]);
        assert_eq!([&begun["account"]["balance"], &begun["account"]["challenge"]["id"]], [&json!("10000"), &json!(id)]);
        assert_eq!(begun["room"]["dailyLoss"], json!({
            "reference": "10000", "floor": "9500", "valuePercent": "0", "limitPercent": "5", "left": "500",
            "leftPercent": "5", "usedPercent": "0",
        }));
        let room = &begun["room"];
        assert_eq!(room["position"], Value::Null, "not limited");
        assert_eq!([&room["riskLevel"], &room["target"], &room["profitNeeded"]], [&json!("LOW"), &json!("1000"), &json!("1000")]);
        assert!((0..=24 * 60).contains(&room["minutesToReset"].as_i64().unwrap()), "{room}");
        assert_eq!(arena.start(id).await, account, "one that runs is answered as it is");

        arena.buy(&account, "9").await;
        quote(&app.domain, "960", "960").await;
        let near = arena.challenge(id).await["room"].clone();
        assert_eq!([&near["riskLevel"], &near["daysTraded"]], [&json!("MEDIUM"), &json!(1)], "{near}");
        let mut socket = follow(&arena.trader, id).await;
        quote(&app.domain, "930", "930").await;
        told_until(&mut socket, |challenge| challenge["status"] != "ACTIVE").await;
        let failed = arena.challenge(id).await;
        assert_eq!([&failed["status"], &failed["account"]["status"]], [&json!("FAILED"), &json!("CLOSED")]);
        let [violation] = &failed["violations"].as_array().unwrap()[..] else { panic!("{failed}") };
        assert_eq!(
            [&violation["rule"], &violation["limitPercent"], &violation["cause"], &violation["status"]],
            [&json!("DAILY_LOSS"), &json!("5"), &json!("QUOTE"), &json!("FAILED")]
        );
        assert!(violation["valuePercent"].as_str().unwrap().parse::<f64>().unwrap() > 6.0, "{violation}");
        assert!(failed["endedAt"].is_string() && failed["daysRemaining"].is_null());
        assert_eq!([&failed["certificate"], &failed["nextPhase"]], [&Value::Null, &Value::Null]);
        assert_eq!([&failed["metrics"]["closedTrades"], &failed["metrics"]["daysTraded"]], [&json!(1), &json!(1)]);
        assert!(failed["room"]["dailyLoss"]["left"].as_str().unwrap().starts_with('-'), "{failed}");
        let query = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { trade { id } userErrors { code } } }";
        let late = arena.trader.data(query, json!({"input": order(&account, "1")})).await;
        assert_eq!(late["placeOrder"]["userErrors"][0]["code"], "ACCOUNT_NOT_ACTIVE", "{late}");
    }

    async fn an_order_that_breaks_a_limit_fails_and_what_it_opened_is_closed(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, account) = arena.begin("SPRINT").await;
        // Sold at once, what was bought at 1,000 loses 70 each.
        quote(&app.domain, "930", "1000").await;
        arena.buy(&account, "9").await;
        let failed = arena.challenge(&id).await;
        assert_eq!([&failed["status"], &failed["violations"][0]["cause"]], [&json!("FAILED"), &json!("FILL")], "{failed}");
        let query = "query ($id: ID!) { tradeHistory(accountId: $id, filter: {closeReason: CHALLENGE}) {
            nodes { status closeReason } } }";
        for client in [&arena.trader, &arena.admin] {
            let history = client.data(query, json!({"id": account})).await;
            assert_eq!(history["tradeHistory"]["nodes"], json!([{"status": "CLOSED", "closeReason": "CHALLENGE"}]));
        }
    }

    async fn a_target_that_is_reached_is_certified_and_the_next_phase_comes_up(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, account) = arena.begin("SPRINT").await;
        let trade = arena.buy(&account, "9").await;
        quote(&app.domain, "1200", "1200").await;
        assert_eq!(arena.challenge(&id).await["status"], "ACTIVE", "only realized profit counts");
        arena.close(&trade).await;
        let passed = arena.challenge(&id).await;
        assert_eq!([&passed["status"], &passed["account"]["status"]], [&json!("PASSED"), &json!("CLOSED")]);
        assert_eq!([&passed["room"]["profitNeeded"], &passed["room"]["progressPercent"]], [&json!("0"), &json!("100")]);
        let certificate = &passed["certificate"];
        assert!(certificate["number"].as_str().unwrap().starts_with("CH-"), "{certificate}");
        assert_eq!([&certificate["tierName"], &certificate["phase"]], [&json!("Tier SPRINT"), &json!(1)]);
        assert_eq!(certificate["issuedAt"], passed["endedAt"]);
        let balance: f64 = passed["account"]["balance"].as_str().unwrap().parse().unwrap();
        let profit: f64 = certificate["profitPercent"].as_str().unwrap().parse().unwrap();
        assert!((profit - (balance - 10_000.0) / 100.0).abs() < 0.001, "{profit} % of {balance}");
        let query = "query ($id: ID!) { challenge(id: $id) { evidence(last: 1) { nodes { hash verdict } } } }";
        let last = arena.trader.data(query, json!({"id": id})).await["challenge"]["evidence"]["nodes"][0].clone();
        assert_eq!([&last["hash"], &last["verdict"]], [&certificate["evidenceHash"], &json!("PASS")]);

        let next = &passed["nextPhase"];
        assert_eq!([&next["status"], &next["phase"], &next["account"]], [&json!("PENDING"), &json!(2), &Value::Null]);
        let next = next["id"].as_str().unwrap();
        let funded = arena.start(next).await;
        assert_ne!(funded, account);
        let funded = arena.challenge(next).await;
        assert_eq!([&funded["status"], &funded["account"]["balance"]], [&json!("ACTIVE"), &json!("10000")]);
        assert_eq!(funded["previousPhase"], json!({"id": id, "status": "PASSED"}));
        assert_eq!([&funded["room"]["target"], &funded["daysRemaining"]], [&Value::Null, &Value::Null]);
        let query = "query ($id: ID!) { node(id: $id) { __typename ... on Challenge { phase rules { phase } } } }";
        let node = arena.trader.data(query, json!({"id": next})).await["node"].clone();
        assert_eq!(node, json!({"__typename": "Challenge", "phase": 2, "rules": {"phase": "FUNDED"}}));
    }

    async fn a_days_loss_that_locks_is_a_violation_and_the_challenge_goes_on(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, account) = arena.begin("CALM").await;
        arena.buy(&account, "4").await;
        let position = arena.challenge(&id).await["room"]["position"].clone();
        assert_eq!([&position["most"], &position["limitPercent"]], [&json!("5000"), &json!("50")]);
        let of = |field: &str| position[field].as_str().unwrap().parse::<f64>().unwrap();
        assert!((3_999.0..4_100.0).contains(&of("held")) && (of("held") + of("left") - 5_000.0).abs() < 0.001, "{position}");
        assert!((of("valuePercent") + of("leftPercent") - 50.0).abs() < 0.001, "{position}");
        quote(&app.domain, "930", "930").await;
        // Whoever is first, the quote or who asks.
        done(&arena.admin, "evaluateChallenge", json!({"challengeId": id, "reason": "asked"})).await;
        let locked = arena.challenge(&id).await;
        assert_eq!([&locked["status"], &locked["room"]["isLocked"]], [&json!("ACTIVE"), &json!(true)], "{locked}");
        assert_eq!(locked["violations"][0]["rule"], "DAILY_LOSS");
        assert_eq!([&locked["room"]["daysNeeded"], &locked["expiresAt"]], [&json!(1), &Value::Null]);
        let query = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
            trade { id } userErrors { code message } } }";
        let refused = arena.trader.data(query, json!({"input": order(&account, "1")})).await["placeOrder"].clone();
        assert!(refused["trade"].is_null(), "{refused}");
        let error = &refused["userErrors"][0];
        assert_eq!(error["code"], "LIMIT_EXCEEDED");
        assert!(error["message"].as_str().unwrap().contains("loss limit"), "{refused}");
    }

    async fn an_order_is_tried_against_the_challenge(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (_, account) = arena.begin("SPRINT").await;
        let query = "mutation ($input: PlaceOrderInput!) { simulateOrder(input: $input) {
            fillsNow wouldBreak { rule valuePercent limitPercent } userErrors { code } } }";
        let tried = arena.trader.data(query, json!({"input": order(&account, "5")})).await["simulateOrder"].clone();
        assert_eq!(tried, json!({"fillsNow": true, "wouldBreak": null, "userErrors": []}));
        // Sold at once, what was bought at 1,000 would lose 120 each.
        quote(&app.domain, "880", "1000").await;
        let tried = arena.trader.data(query, json!({"input": order(&account, "5")})).await["simulateOrder"].clone();
        assert_eq!([&tried["wouldBreak"]["rule"], &tried["wouldBreak"]["limitPercent"]], [&json!("DAILY_LOSS"), &json!("5")]);
        let value: f64 = tried["wouldBreak"]["valuePercent"].as_str().unwrap().parse().unwrap();
        assert!((6.0..7.0).contains(&value), "{tried}");
        let own = arena.trader.data("mutation { openAccount(input: {}) { account { id challenge { id } } } }", json!({})).await;
        let own = &own["openAccount"]["account"];
        assert_eq!(own["challenge"], Value::Null);
        let tried = arena.trader.data(query, json!({"input": order(own["id"].as_str().unwrap(), "5")})).await;
        assert_eq!(tried["simulateOrder"]["wouldBreak"], Value::Null, "no challenge, no rule");
    }
}
