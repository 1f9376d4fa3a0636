//! Leaderboards and profiles over the wire: what is read, what is hidden, and what is refused.

use bellwether_domain::permission::Role;
use bellwether_tests::hour::far_from_the_hour;
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::challenges::support::quote;

/// Buys and sells bitcoin as often as this, each time with about this gain.
async fn trade(app: &TestApp, client: &Client, times: usize, gain: i64) -> String {
    let opened =
        client.data("mutation { openAccount(input: {feePercent: \"0\"}) { account { id } } }", json!({})).await;
    let account = opened["openAccount"]["account"]["id"].as_str().unwrap().to_owned();
    for _ in 0..times {
        quote(&app.domain, "10000", "10000").await;
        let query =
            "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { trade { id } userErrors { message } } }";
        let input =
            json!({"accountId": account, "symbol": "BTC-USD", "side": "BUY", "quantity": "1", "type": "MARKET"});
        let placed = client.data(query, json!({"input": input})).await;
        let trade = placed["placeOrder"]["trade"]["id"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned();
        let price = (10_010 + gain).to_string();
        quote(&app.domain, &price, &price).await;
        let query =
            "mutation ($id: ID!) { closeTrade(input: {tradeId: $id}) { trade { status } userErrors { message } } }";
        let closed = client.data(query, json!({"id": trade})).await;
        assert_eq!(closed["closeTrade"]["trade"]["status"], "CLOSED", "{closed}");
    }
    account
}

const BOARD: &str = "query ($scope: LeaderboardScope! = PAPER) {
    leaderboard(period: WEEK, scope: $scope, first: 5) {
        totalCount edges { cursor } pageInfo { hasNextPage }
        nodes { rank displayName isMe profitPercent trades wins winRate drawdownPercent consistency reachedAt points
            level badges profit currency accountId traderId } }
    myRank(period: WEEK, scope: $scope) { rank isMe trades profit currency accountId } }";

/// The codes of the errors.
async fn errors(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.send(query, json!({})).await.body;
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer}"));
    errors.iter().map(|error| error["extensions"]["code"].clone()).collect()
}

both_databases! {
    async fn the_best_are_read_with_ones_own_place_in_one_document(app: TestApp) {
        // A week may begin.
        far_from_the_hour().await;
        let (trader, seller) = (app.sign_in("a", Role::Trader).await, app.sign_in("a", Role::Seller).await);
        let account = trade(&app, &trader, 5, 100).await;
        trade(&app, &seller, 6, 200).await;
        app.domain.update_rankings().await.unwrap();
        let told = trader.data(BOARD, json!({})).await;
        let board = &told["leaderboard"];
        assert_eq!([&board["totalCount"], &board["pageInfo"]["hasNextPage"]], [&json!(2), &json!(false)]);
        let [first, second] = &board["nodes"].as_array().unwrap()[..] else { panic!("{told}") };
        assert_eq!([&first["rank"], &first["trades"], &first["wins"], &first["winRate"]], [&json!(1), &json!(6), &json!(6), &json!("100")]);
        assert_eq!([&first["points"], &first["level"], &first["badges"]], [&json!(40), &json!("NOVICE"), &json!([])]);
        assert_eq!([&first["consistency"], &first["drawdownPercent"]], [&json!("0"), &json!("0")]);
        for hidden in ["profit", "currency", "accountId", "traderId"] {
            assert_eq!(first[hidden], Value::Null, "{hidden} of another");
        }
        assert_eq!([&second["isMe"], &second["accountId"], &second["currency"]], [&json!(true), &json!(account), &json!("USD")]);
        let mine = &told["myRank"];
        assert_eq!([&mine["rank"], &mine["isMe"], &mine["profit"]], [&json!(2), &json!(true), &second["profit"]]);
        // Whoever may read all accounts sees whose they are.
        let support = app.sign_in("a", Role::Support).await.data(BOARD, json!({})).await;
        let nodes = support["leaderboard"]["nodes"].as_array().unwrap();
        assert!(nodes.iter().all(|node| node["traderId"].is_string() && node["profit"].is_string()), "{support}");
        assert_eq!(support["myRank"], Value::Null);
        let challenges = trader.data(BOARD, json!({"scope": "CHALLENGE"})).await;
        assert_eq!(challenges["leaderboard"]["nodes"], json!([]));
    }

    async fn a_name_is_shown_by_choice(app: TestApp) {
        // A week may begin.
        far_from_the_hour().await;
        let (trader, seller) = (app.sign_in("a", Role::Trader).await, app.sign_in("a", Role::Seller).await);
        trade(&app, &trader, 5, 100).await;
        app.domain.update_rankings().await.unwrap();
        let name = async || seller.data(BOARD, json!({})).await["leaderboard"]["nodes"][0]["displayName"].clone();
        let pseudonym = name().await;
        assert!(pseudonym.as_str().unwrap().starts_with("T-"), "{pseudonym}");
        let query = "mutation ($shows: Boolean!) { setLeaderboardName(input: {showsName: $shows}) {
            profile { displayName showsName } userErrors { code } } }";
        let shown = trader.data(query, json!({"shows": true})).await["setLeaderboardName"].clone();
        assert_eq!([&shown["profile"]["showsName"], &shown["userErrors"]], [&json!(true), &json!([])]);
        assert_eq!(name().await, shown["profile"]["displayName"]);
        let hidden = trader.data(query, json!({"shows": false})).await["setLeaderboardName"]["profile"].clone();
        assert_eq!(name().await, hidden["displayName"]);
        assert_ne!(hidden["displayName"], pseudonym, "that one is spent");
    }

    async fn a_profile_tells_everything_that_can_be_achieved(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let query = "{ traderProfile { displayName openedTrades closedTrades winRate points level nextLevelAt badges
            results { currency profit bestTrade worstTrade } achievements { kind unlockedAt progress goal } } }";
        let nothing = trader.data(query, json!({})).await["traderProfile"].clone();
        assert_eq!([&nothing["displayName"], &nothing["winRate"], &nothing["results"]], [&json!(""), &Value::Null, &json!([])]);
        assert_eq!([&nothing["points"], &nothing["nextLevelAt"]], [&json!(0), &json!(101)]);
        assert_eq!(nothing["achievements"].as_array().unwrap().len(), 8);
        trade(&app, &trader, 10, 150).await;
        app.domain.update_rankings().await.unwrap();
        let profile = trader.data(query, json!({})).await["traderProfile"].clone();
        assert_eq!([&profile["closedTrades"], &profile["winRate"], &profile["points"]], [&json!(10), &json!("100"), &json!(60)]);
        assert_eq!([&profile["badges"], &profile["results"][0]["currency"]], [&json!(["BRONZE"]), &json!("USD")]);
        let achieved = profile["achievements"].as_array().unwrap().iter().filter(|known| known["unlockedAt"].is_string());
        let achieved: Vec<_> = achieved.map(|known| known["kind"].clone()).collect();
        assert_eq!(achieved, ["FIRST_TRADE", "FIRST_PROFITABLE_TRADE", "TEN_WINS_IN_A_ROW", "PROFIT_1000"]);
    }

    async fn what_is_not_a_board_is_refused(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        for (wrong, code) in [
            ("{ leaderboard(period: WEEK, on: \"yesterday\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ leaderboard(period: WEEK, on: \"2026-02-30\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ myRank(period: MONTH, on: \"2026-1-5\") { rank } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ leaderboard(period: WEEK, search: \"\") { totalCount } }", "BAD_REQUEST"),
            ("{ leaderboard(period: WEEK, first: 101) { totalCount } }", "BAD_REQUEST"),
            ("{ leaderboard(period: WEEK, after: \"x\") { totalCount } }", "BAD_REQUEST"),
        ] {
            assert_eq!(errors(&trader, wrong).await, [code], "{wrong}");
        }
        let known = "{ leaderboard(period: WEEK, on: \"2026-02-28\", search: \"%_\\\\\") { totalCount nodes { rank } } }";
        assert_eq!(trader.data(known, json!({})).await["leaderboard"], json!({"totalCount": 0, "nodes": []}));
    }
}
