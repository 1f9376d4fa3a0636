//! The plans that the server answers with are those of the file that the site's prices are made of.

use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};
use toml::Table;

/// Cents as a decimal number of dollars: 27840 is 278.4.
fn dollars(cents: &toml::Value) -> String {
    let cents = cents.as_integer().unwrap();
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the file says, as the schema says it.
fn said_by_the_file() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../site/data/plans.toml");
    let file: Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let plan = |plan: &toml::Value| {
        let limit = |name: &str| plan.get(name).map(|limit| limit.as_integer().unwrap());
        let types: Vec<&str> =
            plan["signal_types"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        json!({
            "code": plan["code"].as_str(),
            "isRecommended": plan.get("recommended").is_some_and(|recommended| recommended.as_bool().unwrap()),
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

both_databases! {
    /// In the file's order, for whoever asks without a token.
    async fn the_server_says_what_the_site_says(app: TestApp) {
        let query = include_str!("../../../docs/operations/Plans.graphql");
        let answered = app.anonymous().data(query, json!({})).await["plans"].clone();
        assert_eq!(answered, said_by_the_file());
        // Not the file against itself: what requirements PLN-02 to PLN-05 ask for.
        let limits = |at: usize| [&answered[at]["monthlyPrice"], &answered[at]["externalSignalsPerDay"], &answered[at]["maxPipelines"]];
        assert_eq!(limits(0), [&json!("0"), &json!(100), &json!(0)]);
        assert_eq!(limits(1), [&json!("29"), &Value::Null, &json!(5)]);
        assert_eq!(limits(2), [&json!("99"), &Value::Null, &json!(20)]);
        assert_eq!(limits(3), [&json!("299"), &Value::Null, &Value::Null]);
        assert_eq!(answered[2]["isRecommended"], true);
    }
}
