//! The whole schema as everybody of tenant `b`, with what is `a`'s in every place that takes an id, a name or a cursor:
//! the answer is the one to what does not exist, byte for byte, and has not one of `a`'s words in it.

use bellwether_domain::ids::{Id, UserId, split};
use bellwether_domain::permission::Role;
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::isolation::{CANARY, assert_no_word, fill, strangers};
use crate::walk::{Kind, Walk};
use crate::world::{Caller, count, record, signal};

/// The id of the same kind that nothing has.
fn beside(id: &str) -> String {
    let (prefix, uuid) = split(id).unwrap();
    let uuid = uuid::Uuid::from_u128(uuid.as_u128() ^ 1);
    UserId::from_uuid(uuid).to_string().replacen("usr", &prefix, 1)
}

/// Texts of `a`, each with one of the same length that nobody has used.
fn texts() -> Vec<(String, String)> {
    let of_nobody: String = CANARY.chars().rev().collect();
    let pair = |text: &str| (text.replace('~', CANARY), text.replace('~', &of_nobody));
    vec![pair("~"), pair("strategy ~"), ("@a.test".into(), "@q.test".into())]
}

/// The answer without what was sent, which a message may repeat, and without the symbol that is spelt most like it:
/// assets belong to no tenant.
fn heard(bare: &str, sent: &str) -> String {
    let mut heard = bare.to_owned();
    for hint in ["; did you mean ", "; the nearest known is "] {
        while let Some((before, after)) = heard.split_once(hint) {
            let symbol = after.find(['?', '"', ',']).unwrap_or(after.len());
            heard = format!("{before}{}", after[symbol..].trim_start_matches('?'));
        }
    }
    heard.replace(sent, "·").replace(&sent.to_uppercase(), "·")
}

/// What `a` has, in a few figures, to see that nobody has changed it.
async fn figures(app: &TestApp) -> Vec<i64> {
    let mut figures = Vec::new();
    for from in [
        "users WHERE status = 'ACTIVE'",
        "users WHERE role = 'ADMIN'",
        "sessions WHERE ended_at IS NOT NULL AND tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "api_keys WHERE revoked_at IS NOT NULL",
        "signal_sources WHERE revoked_at IS NOT NULL",
        "signals WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "signal_deliveries WHERE verdict = 'REJECTED'",
        "tenants WHERE status = 'ACTIVE'",
        "waitlist",
        "contact_messages",
        "accounts WHERE status = 'ACTIVE' AND tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "orders WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "trades WHERE closed_at IS NULL AND tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "challenges WHERE status = 'ACTIVE' AND tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "challenge_evidence WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
        "watchlists WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'a')",
    ] {
        figures.push(count(app, from).await);
    }
    figures
}

both_databases! {
    /// Some thousands of questions: those of each caller are asked beside the others'.
    async fn the_whole_schema_tells_nothing_of_another_tenant(app: TestApp) {
        let things = fill(&app).await;
        let own = app.sign_in("b", Role::Seller).await;
        record(&own, &signal(&app, 1, "TENANT")).await;
        let (ids, cursors) = (things.ids(), things.cursors(&app).await);
        let before = figures(&app).await;
        let walk = Walk::new();
        let mut tasks = Vec::new();
        for caller in strangers(&app).await.into_iter().filter(|caller| caller.token.is_some()) {
            let mut probes: Vec<(String, String, String, String)> = Vec::new();
            for question in walk.questions() {
                let values: Vec<(String, String)> = match question.kind {
                    Kind::Id => {
                        let fits = |id: &&String| question.prefix.as_ref().is_none_or(|p| id.starts_with(&format!("{p}_")));
                        ids.iter().filter(fits).map(|id| (id.clone(), beside(id))).collect()
                    }
                    Kind::Cursor => cursors.clone(),
                    Kind::Text => texts(),
                };
                probes.extend(values.into_iter().map(|(theirs, nothing)| {
                    (question.what.clone(), question.query.clone(), theirs, nothing)
                }));
            }
            tasks.push(tokio::spawn(async move { (ask_all(&caller, probes).await, caller.name) }));
        }
        for task in tasks {
            let (heard, who) = task.await.unwrap();
            assert!(heard.len() > 200, "{who} asked {}", heard.len());
            for (what, text) in heard {
                assert_no_word(&things, &who, &what, &text);
            }
        }
        assert_eq!(figures(&app).await, before, "somebody changed what is not theirs");
    }

    async fn every_list_of_the_schema_tells_nothing_of_another_tenant(app: TestApp) {
        let things = fill(&app).await;
        let lists = Walk::new().lists();
        for name in ["signals", "users", "auditLog", "sessions", "apiKeys", "signalSources", "viewer", "accounts", "challenges", "watchlists", "waitlist"] {
            assert!(lists.iter().any(|(list, _)| list == name), "{name}");
        }
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let mut told = 0;
        for (name, query) in lists {
            for caller in strangers(&app).await {
                let answer = caller.ask(&query, &json!({})).await;
                assert_no_word(&things, &caller.name, &name, &answer.text);
                assert_ne!(answer.code().as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{query}: {}", answer.text);
                assert_ne!(answer.code().as_deref(), Some("QUERY_REJECTED"), "{query}: {}", answer.text);
            }
            told += usize::from(admin.ask(&query, &json!({})).await.text.contains(CANARY));
        }
        assert!(told >= 5, "the words are there for whom they are meant: {told}");
    }
}

/// Asks every question with what is theirs and with what nothing has, and fails where these are told apart; what was
/// heard, without what was sent.
async fn ask_all(caller: &Caller, probes: Vec<(String, String, String, String)>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (what, query, theirs, nothing) in probes {
        let (of_a, of_nothing) =
            (caller.ask(&query, &json!({"x": theirs})).await, caller.ask(&query, &json!({"x": nothing})).await);
        let refused = [Some("GRAPHQL_VALIDATION_FAILED"), Some("QUERY_REJECTED"), Some("GRAPHQL_PARSE_FAILED")];
        assert!(!refused.contains(&of_a.code().as_deref()), "{what}: {query}: {}", of_a.text);
        let (status, text) = of_a.bare();
        let text = heard(&text, &theirs);
        // What a mutation has made is new each time, and the caller's own.
        if !makes_something(&of_a.json()) {
            let (other, beside) = of_nothing.bare();
            assert_eq!((status, &text), (other, &heard(&beside, &nothing)), "{} tells them apart: {what}", caller.name);
        }
        all.push((what, text));
    }
    all
}

/// Whether a payload says that something was done.
fn makes_something(answer: &Value) -> bool {
    let payloads = answer["data"].as_object().into_iter().flat_map(|data| data.values());
    payloads.into_iter().any(|payload| {
        payload["__typename"].as_str().is_some_and(|name| name.ends_with("Payload"))
            && payload["userErrors"].as_array().is_some_and(Vec::is_empty)
    })
}
