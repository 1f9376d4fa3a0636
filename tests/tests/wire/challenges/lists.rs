//! Lists of challenges: whose, which, in which order, and at what cost.

use bellwether_domain::permission::Role;
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use super::support::*;
use crate::support::member;

/// The ids of a list, and its page.
async fn list(client: &Client, arguments: &str) -> (Vec<String>, Value) {
    let query = format!(
        "{{ challenges{arguments} {{ nodes {{ id }} totalCount
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    let found = client.data(&query, json!({})).await["challenges"].clone();
    let ids = found["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned());
    (ids.collect(), found)
}

both_databases! {
    async fn a_list_has_what_was_asked_for_newest_first(app: TestApp) {
        let arena = Arena::open(&app).await;
        let (first, second) = (arena.grant("SPRINT").await, arena.begin("CALM").await.0);
        let input = json!({"userId": user_id(&arena.admin).await, "tier": "CALM", "reason": "a try"});
        let own = done(&arena.admin, "grantChallenge", input).await["challenge"]["id"].as_str().unwrap().to_owned();
        let ids = async |client: &Client, arguments: &str| list(client, arguments).await.0;
        assert_eq!(ids(&arena.trader, "").await, [second.clone(), first.clone()], "their own");
        assert_eq!(ids(&arena.admin, "").await, [own.clone(), second.clone(), first.clone()], "the tenant's");
        assert_eq!(ids(&app.sign_in("b", Role::Admin).await, "").await, [""; 0]);
        assert_eq!(ids(&member(&app, Role::Seller).await, "").await, [""; 0]);
        let user = format!("(filter: {{userId: \"{}\"}})", arena.trader_id);
        assert_eq!(ids(&arena.admin, &user).await, [second.clone(), first.clone()]);
        assert_eq!(ids(&arena.admin, "(filter: {statuses: [PENDING]})").await, [own.clone(), first.clone()]);
        assert_eq!(ids(&arena.admin, "(filter: {statuses: [PENDING, ACTIVE], tier: \"calm\"})").await, [own.clone(), second.clone()]);
        for nothing in ["statuses: []", "tier: \"\"", "tier: \"sprint\\u0000\"", "tier: \"NONE\""] {
            assert_eq!(ids(&arena.admin, &format!("(filter: {{{nothing}}})")).await, [""; 0], "{nothing}");
        }

        let (page, found) = list(&arena.admin, "(first: 2)").await;
        assert_eq!(page, [own.clone(), second.clone()]);
        assert_eq!((&found["totalCount"], &found["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
        let after = format!("(first: 2, after: {})", found["pageInfo"]["endCursor"]);
        let (page, rest) = list(&arena.admin, &after).await;
        assert_eq!((page, &rest["pageInfo"]["hasNextPage"]), (vec![first.clone()], &json!(false)));
        let before = format!("(last: 1, before: {})", rest["pageInfo"]["startCursor"]);
        let (page, found) = list(&arena.admin, &before).await;
        assert_eq!((page, &found["pageInfo"]["hasPreviousPage"]), (vec![second], &json!(true)));
        for wrong in ["(first: 101)", "(after: \"x\")", "(filter: {userId: \"chl_x\"})", "(first: 1, last: 1)"] {
            let answer = arena.admin.send(&format!("{{ challenges{wrong} {{ totalCount }} }}"), json!({})).await;
            assert_eq!((answer.code(), &answer.body["data"]), (Some("BAD_REQUEST"), &json!({"challenges": null})), "{wrong}");
        }
        let answer = arena.admin.send("query ($id: ID!) { challenge(id: $id) { id } }", json!({"id": arena.trader_id})).await;
        assert_eq!(answer.code(), Some("BAD_REQUEST"), "{}", answer.body);
    }

    /// What stands beside each of a list is read at once: as many statements for ten as for one.
    async fn a_list_takes_as_many_statements_however_long(app: TestApp) {
        let arena = Arena::open(&app).await;
        let mut accounts = Vec::new();
        for number in 0..10 {
            let (id, account) = arena.begin(if number % 2 == 0 { "SPRINT" } else { "CALM" }).await;
            arena.buy(&account, "1").await;
            accounts.push(account);
            if number >= 6 {
                let input = json!({"challengeId": id, "amount": if number % 2 == 0 { "-600" } else { "5" }, "reason": "x"});
                done(&arena.admin, "adjustChallengeBalance", input).await;
            }
        }
        let challenges = "query ($first: Int!) { list: challenges(first: $first) { nodes {
            status rules { initialBalance } certificate { number } account { equity challenge { tierCode } }
            room { progressPercent dailyLoss { left } } } } }";
        let accounts = "query ($first: Int!) { list: accounts(first: $first) { nodes { equity challenge { status account { id }
            room { riskLevel } } } } }";
        for query in [challenges, accounts] {
            let mut counts = Vec::new();
            for first in [2, 10] {
                let read = async || {
                    let page = arena.trader.data(query, json!({"first": first})).await;
                    let nodes = page["list"]["nodes"].as_array().unwrap();
                    assert_eq!(nodes.len(), first);
                    let is_whole = |node: &Value| {
                        let challenge = if node["challenge"].is_null() { node } else { &node["challenge"] };
                        challenge["room"].is_object() && challenge["account"].is_object()
                    };
                    assert!(nodes.iter().all(is_whole), "{page}");
                };
                counts.push(app.statements(read).await);
            }
            assert_eq!(counts[0], counts[1], "{query}");
            assert!(counts[0] <= 15, "{counts:?}: {query}");
        }
    }
}
