//! The plans and tiers that the server answers with are those of the file that the site's prices and rules are made of.

use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};
use toml::Table;

/// Cents as a decimal number of dollars: 27840 is 278.4.
fn dollars(cents: &toml::Value) -> String {
    let cents = cents.as_integer().unwrap();
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn file() -> Table {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../site/data/plans.toml");
    std::fs::read_to_string(file).unwrap().parse().unwrap()
}

fn is_recommended(item: &toml::Value) -> bool {
    item.get("recommended").is_some_and(|recommended| recommended.as_bool().unwrap())
}

/// What the file says of plans, as the schema says it.
fn plans_of_the_file() -> Value {
    let file = file();
    let plan = |plan: &toml::Value| {
        let limit = |name: &str| plan.get(name).map(|limit| limit.as_integer().unwrap());
        let types: Vec<&str> =
            plan["signal_types"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        json!({
            "code": plan["code"].as_str(),
            "isRecommended": is_recommended(plan),
            "currency": file["currency"].as_str(),
            "monthlyPrice": dollars(&plan["monthly_cents"]),
            "yearlyPrice": dollars(&plan["yearly_cents"]),
            "externalSignalsPerDay": limit("external_signals_per_day"),
            "maxPipelines": limit("pipelines"),
            "signalTypes": types,
            "customSignals": plan["custom_signals"].as_bool(),
            "priority": plan["priority"].as_bool(),
        })
    };
    file["plans"].as_array().unwrap().iter().map(plan).collect()
}

/// What the file says of tiers, and the pricing page's words say of what its percentages are of, as the schema says it.
fn tiers_of_the_file() -> Value {
    let file = file();
    let tier = |tier: &toml::Value| {
        let percent = |name: &str| tier[name].as_integer().unwrap().to_string();
        let evaluation = json!({
            "phase": "EVALUATION",
            "currency": file["currency"].as_str(),
            "initialBalance": dollars(&tier["balance_cents"]),
            "leverage": tier["leverage"].as_integer(),
            "profitTargetPercent": percent("profit_target_percent"),
            "dailyLossPercent": percent("daily_loss_percent"),
            "drawdownPercent": percent("drawdown_percent"),
            "minimumTradingDays": tier["minimum_trading_days"].as_integer(),
            "positionPercent": percent("position_percent"),
            "consistencyPercent": percent("consistency_percent"),
            "durationDays": tier["duration_days"].as_integer(),
            "timezone": "UTC", "dailyBase": "BALANCE", "dailyLossBasis": "PERCENT_OF_BASE",
            "drawdownBasis": "PERCENT_OF_PEAK", "drawdownAnchor": "EQUITY_PEAK", "lockAtInitial": false,
            "onDailyBreach": "FAIL",
        });
        // The same limits, without a target or an end.
        let mut funded = evaluation.clone();
        funded["phase"] = json!("FUNDED");
        funded["minimumTradingDays"] = json!(0);
        for none in ["profitTargetPercent", "consistencyPercent", "durationDays"] {
            funded[none] = Value::Null;
        }
        json!({
            "code": tier["code"].as_str(), "isRecommended": is_recommended(tier),
            "price": null, "priceCurrency": null, "isRefundable": false, "phases": [evaluation, funded],
        })
    };
    file["challenge_tiers"].as_array().unwrap().iter().map(tier).collect()
}

both_databases! {
    /// In the file's order, for whoever asks without a token.
    async fn the_server_says_what_the_site_says(app: TestApp) {
        let query = include_str!("../../../docs/operations/Plans.graphql");
        let answered = app.anonymous().data(query, json!({})).await["plans"].clone();
        assert_eq!(answered, plans_of_the_file());
        // Not the file against itself: what requirements PLN-02 to PLN-05 ask for.
        let limits = |at: usize| [&answered[at]["monthlyPrice"], &answered[at]["externalSignalsPerDay"], &answered[at]["maxPipelines"]];
        assert_eq!(limits(0), [&json!("0"), &json!(100), &json!(0)]);
        assert_eq!(limits(1), [&json!("29"), &Value::Null, &json!(5)]);
        assert_eq!(limits(2), [&json!("99"), &Value::Null, &json!(20)]);
        assert_eq!(limits(3), [&json!("299"), &Value::Null, &Value::Null]);
        assert_eq!(answered[2]["isRecommended"], true);
    }
    /// Every rule that the pricing page shows, and each setting that its words rest on.
    async fn the_server_judges_by_the_rules_that_the_site_shows(app: TestApp) {
        let query = include_str!("../../../docs/operations/ChallengeTiers.graphql");
        let mut answered = app.anonymous().data(query, json!({})).await["challengeTiers"].clone();
        for tier in answered.as_array_mut().unwrap() {
            // What follows from the others, and the tier's name, which is its code's.
            tier.as_object_mut().unwrap().remove("name");
            for phase in tier["phases"].as_array_mut().unwrap() {
                for follows in ["profitTarget", "largestPosition"] {
                    phase.as_object_mut().unwrap().remove(follows);
                }
            }
        }
        assert_eq!(answered, tiers_of_the_file());
        let balances: Vec<_> = (0..3).map(|at| answered[at]["phases"][0]["initialBalance"].clone()).collect();
        assert_eq!(balances, ["10000", "50000", "100000"]);
        assert_eq!(answered[1]["isRecommended"], true);
    }
}
