//! What whoever runs the tenant may do with a challenge, and what is refused to whom.

use bellwether_domain::clock::SystemClock;
use bellwether_domain::entropy::Entropy;
use bellwether_domain::ids::{ChallengeId, Id, UserId, new_uuid};
use bellwether_domain::permission::Role;
use bellwether_tests::{TestApp, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::support::*;
use crate::support::member;

/// An id that nothing has.
fn unused<I: Id>() -> String {
    I::from_uuid(new_uuid(&SystemClock, &Entropy::from_system().unwrap())).to_string()
}

/// What the audit log says of a challenge, the first entry first: the action and the reason.
async fn audited(arena: &Arena<'_>, id: &str) -> Vec<(String, Value)> {
    let query = "query ($id: String!) { auditLog(filter: {subject: $id}, first: 50) { nodes { action details } } }";
    let log = arena.admin.data(query, json!({"id": id})).await;
    let entries = log["auditLog"]["nodes"].as_array().unwrap().iter().rev();
    entries.map(|entry| (entry["action"].as_str().unwrap().to_owned(), entry["details"]["reason"].clone())).collect()
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

both_databases! {
    async fn what_is_decided_by_hand_is_done_and_written_down(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, _) = arena.begin("SPRINT").await;
        let steer = async |mutation: &str, extra: Value| {
            let mut input = json!({"challengeId": id, "reason": format!("why {mutation}")});
            input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            done(&arena.admin, mutation, input).await["challenge"].clone()
        };
        let begun = steer("evaluateChallenge", json!({})).await;
        assert_eq!(begun["status"], "ACTIVE");
        let longer = steer("extendChallenge", json!({"days": 5})).await;
        assert_eq!(moment(&longer["expiresAt"]), moment(&begun["expiresAt"]) + TimeDelta::days(5));
        assert_eq!(longer["daysRemaining"], 35);
        let corrected = steer("adjustChallengeBalance", json!({"amount": "-250.25"})).await;
        assert_eq!([&corrected["status"], &corrected["account"]["balance"]], [&json!("ACTIVE"), &json!("9749.75")]);
        assert_eq!(corrected["room"]["profit"], "-250.25");
        let passed = steer("passChallenge", json!({})).await;
        assert_eq!([&passed["status"], &passed["certificate"]["profitPercent"]], [&json!("PASSED"), &json!("-2.5025")]);
        let reasons: Vec<_> = passed["history"].as_array().unwrap().iter()
            .map(|step| (step["cause"].clone(), step["reason"].clone())).collect();
        assert_eq!(reasons, [
            (json!("GRANTED"), json!("order 17")), (json!("STARTED"), Value::Null),
            (json!("ADMIN"), json!("why evaluateChallenge")), (json!("ADMIN"), json!("why extendChallenge")),
            (json!("ADMIN"), json!("why adjustChallengeBalance")), (json!("ADMIN"), json!("why passChallenge")),
        ]);
        assert_eq!(passed["violations"], json!([]));
        let expected = [
            ("CHALLENGE_GRANTED", json!("order 17")), ("CHALLENGE_STARTED", Value::Null),
            ("CHALLENGE_EVALUATED", json!("why evaluateChallenge")), ("CHALLENGE_EXTENDED", json!("why extendChallenge")),
            ("CHALLENGE_ADJUSTED", json!("why adjustChallengeBalance")), ("CHALLENGE_PASSED", json!("why passChallenge")),
        ];
        assert_eq!(audited(&arena, &id).await, expected.map(|(action, reason)| (action.to_owned(), reason)));

        let (id, _) = arena.begin("SPRINT").await;
        let failed = done(&arena.admin, "failChallenge", json!({"challengeId": id, "reason": "cheated"})).await;
        assert_eq!([&failed["challenge"]["status"], &failed["challenge"]["violations"]], [&json!("FAILED"), &json!([])]);
        assert_eq!(audited(&arena, &id).await.last().unwrap().0, "CHALLENGE_FAILED");
        for begun in [false, true] {
            let id = arena.grant("CALM").await;
            if begun {
                arena.start(&id).await;
            }
            let back = done(&arena.admin, "cancelChallenge", json!({"challengeId": id, "reason": "paid back"})).await;
            assert_eq!(back["challenge"]["status"], "CANCELLED", "begun: {begun}");
            assert_eq!(back["challenge"]["account"]["status"], if begun { json!("CLOSED") } else { Value::Null });
            assert_eq!(audited(&arena, &id).await.last().unwrap(), &("CHALLENGE_CANCELLED".to_owned(), json!("paid back")));
        }
    }

    async fn a_correction_is_judged_like_any_profit_or_loss(app: TestApp) {
        let arena = Arena::open(&app).await;
        for (amount, status) in [("-500", "ACTIVE"), ("-500.01", "FAILED"), ("999.99", "ACTIVE"), ("1000", "PASSED")] {
            let (id, _) = arena.begin("SPRINT").await;
            let input = json!({"challengeId": id, "amount": amount, "reason": "a wrong price"});
            let corrected = done(&arena.admin, "adjustChallengeBalance", input).await;
            assert_eq!(corrected["challenge"]["status"], status, "{amount}");
        }
    }

    async fn what_can_be_mended_is_said_with_its_place(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (admin, trader) = (&arena.admin, &arena.trader);
        let grant = async |user: &str, tier: &str, reason: &str| {
            refused(admin, "grantChallenge", json!({"userId": user, "tier": tier, "reason": reason})).await
        };
        let account = unused::<bellwether_domain::ids::AccountId>();
        assert_eq!(grant(&account, "SPRINT", "paid").await, problem("VALIDATION", "userId"));
        assert_eq!(grant(&unused::<UserId>(), "SPRINT", "paid").await, problem("NOT_FOUND", "userId"));
        assert_eq!(grant(&arena.trader_id, "NONE", "paid").await, problem("NOT_FOUND", "tier"));
        for reason in ["", "  ", &"x".repeat(301)] {
            assert_eq!(grant(&arena.trader_id, "SPRINT", reason).await, problem("VALIDATION", "reason"));
        }
        let stranger = user_id(&app.sign_in("b", Role::Trader).await).await;
        assert_eq!(grant(&stranger, "SPRINT", "paid").await, problem("NOT_FOUND", "userId"), "another tenant's");

        for id in [&account, "chl_nothing", ""] {
            let input = json!({"challengeId": id});
            assert_eq!(refused(trader, "startChallenge", input).await, problem("VALIDATION", "challengeId"), "{id}");
        }
        let input = json!({"challengeId": unused::<ChallengeId>()});
        assert_eq!(refused(trader, "startChallenge", input).await, problem("NOT_FOUND", "challengeId"));
        let waiting = arena.grant("SPRINT").await;
        let input = json!({"challengeId": waiting});
        for other in [admin, &member(&app, Role::Seller).await, &app.sign_in("b", Role::Trader).await] {
            assert_eq!(refused(other, "startChallenge", input.clone()).await, problem("NOT_FOUND", "challengeId"));
        }
        let foreign = app.sign_in("b", Role::Admin).await;
        let all = ["evaluateChallenge", "passChallenge", "failChallenge", "cancelChallenge"];
        for mutation in all {
            let input = json!({"challengeId": waiting, "reason": "because"});
            assert_eq!(refused(&foreign, mutation, input.clone()).await, problem("NOT_FOUND", "challengeId"), "{mutation}");
            let unfounded = json!({"challengeId": waiting, "reason": " "});
            assert_eq!(refused(admin, mutation, unfounded).await, problem("VALIDATION", "reason"), "{mutation}");
            let wrong = json!({"challengeId": account, "reason": "because"});
            assert_eq!(refused(admin, mutation, wrong).await, problem("VALIDATION", "challengeId"), "{mutation}");
            if mutation != "cancelChallenge" {
                assert_eq!(refused(admin, mutation, input).await, problem("CONFLICT", "challengeId"), "{mutation} before it is begun");
            }
        }

        arena.start(&waiting).await;
        let extend = |days: i64, reason: &str| json!({"challengeId": waiting, "days": days, "reason": reason});
        for days in [0, -1, 366, i64::from(i32::MAX)] {
            assert_eq!(refused(admin, "extendChallenge", extend(days, "ill")).await, problem("VALIDATION", "days"), "{days}");
        }
        assert_eq!(refused(admin, "extendChallenge", extend(1, "")).await, problem("VALIDATION", "reason"));
        let adjust = |amount: &str, reason: &str| json!({"challengeId": waiting, "amount": amount, "reason": reason});
        for amount in ["0", "-0.00", "0.001", "ten", "1e3", "", "99999999999999999999"] {
            assert_eq!(refused(admin, "adjustChallengeBalance", adjust(amount, "x")).await, problem("VALIDATION", "amount"), "{amount}");
        }
        assert_eq!(refused(admin, "adjustChallengeBalance", adjust("1", "")).await, problem("VALIDATION", "reason"));
        let (endless, _) = arena.begin("CALM").await;
        let input = json!({"challengeId": endless, "days": 1, "reason": "ill"});
        assert_eq!(refused(admin, "extendChallenge", input).await, problem("CONFLICT", "challengeId"), "it never expires");
        assert_eq!(audited(&arena, &waiting).await.len(), 2, "what was refused is not in the log");
    }

    async fn what_is_over_stays_over(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (failed, account) = arena.begin("SPRINT").await;
        done(&arena.admin, "failChallenge", json!({"challengeId": failed, "reason": "cheated"})).await;
        let cancelled = arena.grant("SPRINT").await;
        done(&arena.admin, "cancelChallenge", json!({"challengeId": cancelled, "reason": "paid back"})).await;
        for id in [&failed, &cancelled] {
            let over = problem("CONFLICT", "challengeId");
            assert_eq!(refused(&arena.trader, "startChallenge", json!({"challengeId": id})).await, over);
            for mutation in ["evaluateChallenge", "passChallenge", "failChallenge", "cancelChallenge"] {
                let input = json!({"challengeId": id, "reason": "again"});
                assert_eq!(refused(&arena.admin, mutation, input).await, over, "{mutation}");
            }
            let input = json!({"challengeId": id, "days": 1, "reason": "again"});
            assert_eq!(refused(&arena.admin, "extendChallenge", input).await, over);
            let input = json!({"challengeId": id, "amount": "1", "reason": "again"});
            assert_eq!(refused(&arena.admin, "adjustChallengeBalance", input).await, over);
        }
        let set = "mutation ($id: ID!, $to: AccountStatus!) {
            setAccountStatus(input: {accountId: $id, status: $to, reason: \"mine\"}) { userErrors { code path } } }";
        let again = arena.admin.data(set, json!({"id": account, "to": "ACTIVE"})).await;
        assert_eq!(again["setAccountStatus"]["userErrors"][0]["code"], "CONFLICT", "{again}");
    }

    async fn an_account_of_a_challenge_is_the_challenges_alone(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, account) = arena.begin("SPRINT").await;
        let set = "mutation ($id: ID!, $to: AccountStatus!) {
            setAccountStatus(input: {accountId: $id, status: $to, reason: \"mine\"}) { userErrors { code path message } } }";
        for status in ["CLOSED", "SUSPENDED"] {
            let refused = arena.admin.data(set, json!({"id": account, "to": status})).await;
            let error = &refused["setAccountStatus"]["userErrors"][0];
            assert_eq!((&error["code"], &error["path"]), (&json!("CONFLICT"), &json!(["input", "status"])), "{refused}");
        }
        assert_eq!(arena.challenge(&id).await["account"]["status"], "ACTIVE");
    }

    async fn a_user_has_at_most_twenty_that_are_not_over(app: TestApp) {
        let arena = Arena::open(&app).await;
        let mut last = String::new();
        for _ in 0..20 {
            last = arena.grant("SPRINT").await;
        }
        let input = json!({"userId": arena.trader_id, "tier": "SPRINT", "reason": "order 18"});
        let refused = ask(&arena.admin, "grantChallenge", input).await;
        let error = &refused["userErrors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!("LIMIT_EXCEEDED"), &json!(["input", "userId"])), "{refused}");
        assert_eq!(error["limit"], json!({"key": "challenges", "used": 20, "allowed": 20}));
        done(&arena.admin, "cancelChallenge", json!({"challengeId": last, "reason": "paid back"})).await;
        arena.grant("SPRINT").await;
    }

    async fn the_trader_and_who_helps_may_not_decide(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (id, _) = arena.begin("SPRINT").await;
        let query = "mutation ($id: ID!) { passChallenge(input: {challengeId: $id, reason: \"please\"}) { challenge { id } } }";
        for role in [Role::Trader, Role::Support, Role::Seller] {
            let answer = member(&app, role).await.send(query, json!({"id": id})).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (403, Some("FORBIDDEN")), "{role:?}");
        }
        let support = member(&app, Role::Support).await;
        let seen = arena.seen_by(&support, &id).await;
        assert_eq!([&seen["status"], &seen["account"]["balance"]], [&json!("ACTIVE"), &json!("10000")], "who helps sees it");
        for stranger in [member(&app, Role::Seller).await, app.sign_in("b", Role::Admin).await] {
            assert_eq!(arena.seen_by(&stranger, &id).await, Value::Null);
        }
    }
}
