//! The forms of the site: what is taken, what is refused and why, and who reads it.

use std::collections::BTreeSet;

use bellwether_domain::permission::Role;
use bellwether_tests::{Backend, Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::world::{count, execute};

const JOIN: &str = "mutation ($input: JoinWaitlistInput!) {
    joinWaitlist(input: $input) { isAccepted userErrors { code path message } } }";
const CONTACT: &str = "mutation ($input: ContactInput!) {
    contact(input: $input) { isAccepted userErrors { code path message } } }";
const WAITLIST: &str = "query ($first: Int, $after: String) {
    waitlist(first: $first, after: $after) {
        nodes { id email interest language createdAt } pageInfo { hasNextPage endCursor } totalCount } }";
const MESSAGES: &str = "query ($first: Int, $after: String) {
    contactMessages(first: $first, after: $after) {
        nodes { id name email topic message language createdAt } pageInfo { hasNextPage endCursor } totalCount } }";

async fn join(client: &Client, input: Value) -> Value {
    client.data(JOIN, json!({"input": input})).await["joinWaitlist"].clone()
}

async fn contact(client: &Client, input: Value) -> Value {
    client.data(CONTACT, json!({"input": input})).await["contact"].clone()
}

/// What a visitor writes with nothing wrong in it.
fn message() -> Value {
    json!({
        "name": " Ana Pérez ", "email": "ana@example.com", "topic": "SALES", "message": "¿Cuánto\ncuesta?\n",
        "language": "es",
    })
}

/// The same with one part changed.
fn with(field: &str, value: impl Into<Value>) -> Value {
    let mut input = message();
    input[field] = value.into();
    input
}

/// Code and path of each problem, sorted.
fn problems(payload: &Value) -> Vec<String> {
    let problem = |error: &Value| {
        let path: Vec<_> = error["path"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
    };
    let mut problems: Vec<_> = payload["userErrors"].as_array().unwrap().iter().map(problem).collect();
    assert_eq!(payload["isAccepted"], problems.is_empty(), "{payload}");
    problems.sort();
    problems
}

/// Every item of a list, read page by page.
async fn all(client: &Client, query: &str, list: &str, page: usize) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), Value::Null);
    loop {
        let found = client.data(query, json!({"first": page, "after": after})).await[list].clone();
        items.extend(found["nodes"].as_array().unwrap().iter().cloned());
        if found["pageInfo"]["hasNextPage"] == false {
            assert_eq!(found["totalCount"], items.len());
            return items;
        }
        after = found["pageInfo"]["endCursor"].clone();
    }
}

/// A server that takes two forms a minute.
struct Strict(TestApp);

impl Strict {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_with(backend, |_, domain| domain.limits.forms_per_minute = 2).await.map(Self)
    }
}

/// A server whose default tenant was never made.
struct Unmanned(TestApp);

impl Unmanned {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_with(backend, |_, domain| domain.default_tenant = Some("nowhere".to_owned())).await.map(Self)
    }
}

both_databases! {
    async fn a_visitor_joins_the_waitlist_once(app: TestApp) {
        let visitor = app.anonymous();
        let input = json!({"email": " Ana@Example.COM ", "interest": "plan-pro", "language": "es"});
        assert_eq!(problems(&join(&visitor, input).await), [""; 0]);
        let again = join(&visitor, json!({"email": "ana@example.com", "interest": "news"})).await;
        assert_eq!(problems(&again), [""; 0], "nobody finds out who waits");
        let admin = app.sign_in("a", Role::Admin).await;
        let entries = all(&admin, WAITLIST, "waitlist", 10).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["email"], "Ana@Example.COM");
        assert_eq!((&entries[0]["interest"], &entries[0]["language"]), (&json!("plan-pro"), &json!("es")));
    }

    async fn a_message_reaches_the_tenants_admins(app: TestApp) {
        assert_eq!(problems(&contact(&app.anonymous(), message()).await), [""; 0]);
        let admin = app.sign_in("a", Role::Admin).await;
        let messages = all(&admin, MESSAGES, "contactMessages", 10).await;
        assert_eq!(messages.len(), 1);
        let text = |field: &str| messages[0][field].as_str().unwrap().to_owned();
        assert_eq!((text("name"), text("email")), ("Ana Pérez".to_owned(), "ana@example.com".to_owned()));
        assert_eq!((text("topic"), text("message")), ("SALES".to_owned(), "¿Cuánto\ncuesta?".to_owned()));
        for stranger in [("b", Role::Admin), ("b", Role::Owner)] {
            let seen = all(&app.sign_in(stranger.0, stranger.1).await, MESSAGES, "contactMessages", 10).await;
            assert_eq!(seen.len(), usize::from(stranger.1 == Role::Owner), "{stranger:?}");
        }
    }

    async fn every_problem_is_named_at_once_and_by_its_field(app: TestApp) {
        let visitor = app.anonymous();
        let wrong = json!({"email": "ana", "interest": "Plan Pro", "language": "español"});
        assert_eq!(problems(&join(&visitor, wrong).await),
            ["VALIDATION input.email", "VALIDATION input.interest", "VALIDATION input.language"]);
        let wrong = json!({"name": " ", "email": "@", "topic": "OTHER", "message": "\n ", "language": "e"});
        assert_eq!(problems(&contact(&visitor, wrong).await), [
            "VALIDATION input.email", "VALIDATION input.language", "VALIDATION input.message", "VALIDATION input.name",
        ]);
        assert_eq!(count(&app, "waitlist").await + count(&app, "contact_messages").await, 0);
    }

    async fn texts_are_taken_up_to_their_limits_and_no_further(app: TestApp) {
        let visitor = app.anonymous();
        for (field, most) in [("name", 100), ("message", 5_000)] {
            let longest = contact(&visitor, with(field, "é".repeat(most))).await;
            assert_eq!(problems(&longest), [""; 0], "{field}");
            let longer = contact(&visitor, with(field, "é".repeat(most + 1))).await;
            assert_eq!(problems(&longer), [format!("VALIDATION input.{field}")]);
            let control = contact(&visitor, with(field, "a\u{0}b")).await;
            assert_eq!(problems(&control), [format!("VALIDATION input.{field}")], "a NUL");
        }
        for (wrong, field) in [(with("email", "a@b\r\nBcc: c@d.ef"), "email"), (with("language", "en\u{0}"), "language")] {
            assert_eq!(problems(&contact(&visitor, wrong).await), [format!("VALIDATION input.{field}")]);
        }
        let script = "<script>alert(1)</script> ' OR 1=1 --";
        assert_eq!(problems(&contact(&visitor, with("message", script)).await), [""; 0]);
        let admin = app.sign_in("a", Role::Admin).await;
        assert_eq!(all(&admin, MESSAGES, "contactMessages", 1).await[0]["message"], script, "kept as it was written");
    }

    /// As somebody may ask by law: what is gone is gone, and the audit log tells that, not what.
    async fn what_was_sent_is_taken_out(app: TestApp) {
        let visitor = app.anonymous();
        for email in ["ana@example.com", "Other@example.com"] {
            join(&visitor, json!({"email": email})).await;
        }
        contact(&visitor, message()).await;
        let admin = app.sign_in("a", Role::Admin).await;
        let found = "query ($email: String) { waitlist(email: $email) { nodes { id email } totalCount } }";
        let found = async |email: &str| admin.data(found, json!({"email": email})).await["waitlist"].clone();
        let other = found(" OTHER@example.com ").await;
        assert_eq!((&other["nodes"][0]["email"], &other["totalCount"]), (&json!("Other@example.com"), &json!(1)));
        assert_eq!(found("nobody@example.com").await["totalCount"], 0);
        assert_eq!(found("no email").await["totalCount"], 0);
        let entry = found("ana@example.com").await["nodes"][0]["id"].clone();
        contact(&visitor, with("email", "Other@example.com")).await;
        let of = "query ($email: String) { contactMessages(email: $email) { nodes { id email } totalCount } }";
        let of = async |email: &str| admin.data(of, json!({"email": email})).await["contactMessages"].clone();
        assert_eq!((&of("other@example.com").await["totalCount"], &of("no email").await["totalCount"]), (&json!(1), &json!(0)));
        let sent = of("ANA@example.com").await["nodes"][0]["id"].clone();
        for (name, id, action) in [
            ("removeWaitlistEntry", &entry, "WAITLIST_ENTRY_REMOVED"),
            ("removeContactMessage", &sent, "CONTACT_MESSAGE_REMOVED"),
        ] {
            let query = format!("mutation ($id: ID!) {{ {name}(input: {{id: $id}}) {{ removedId userErrors {{ code path }} }} }}");
            // Of another tenant it is not there.
            let stranger = app.sign_in("b", Role::Admin).await;
            let refused = stranger.data(&query, json!({"id": id})).await[name].clone();
            let not_found = json!({"removedId": null, "userErrors": [{"code": "NOT_FOUND", "path": ["input", "id"]}]});
            assert_eq!(refused, not_found);
            let trader = app.sign_in("a", Role::Trader).await.send(&query, json!({"id": id})).await;
            assert_eq!(trader.code(), Some("FORBIDDEN"), "{}", trader.body);
            let done = admin.data(&query, json!({"id": id})).await[name].clone();
            assert_eq!(done, json!({"removedId": id, "userErrors": []}));
            assert_eq!(admin.data(&query, json!({"id": id})).await[name], not_found, "once");
            let log = "query ($id: ID!) { auditLog(filter: {subject: $id}) { nodes { action details } } }";
            let log = admin.data(log, json!({"id": id})).await["auditLog"]["nodes"].clone();
            assert_eq!(log, json!([{"action": action, "details": {}}]));
        }
        assert_eq!(found("ana@example.com").await["totalCount"], 0);
        assert_eq!((count(&app, "waitlist").await, count(&app, "contact_messages").await), (1, 1));
        assert_eq!(problems(&join(&visitor, json!({"email": "ana@example.com"})).await), [""; 0], "and may come back");
    }

    async fn what_a_program_fills_in_is_thrown_away(app: TestApp) {
        let visitor = app.anonymous();
        let trapped = json!({"email": "bot@example.com", "website": "https://buy.example"});
        assert_eq!(problems(&join(&visitor, trapped).await), [""; 0], "it learns nothing");
        assert_eq!(problems(&contact(&visitor, with("website", "x")).await), [""; 0]);
        assert_eq!(count(&app, "waitlist").await + count(&app, "contact_messages").await, 0);
        assert_eq!(problems(&contact(&visitor, with("website", "")).await), [""; 0]);
        assert_eq!(count(&app, "contact_messages").await, 1, "a person leaves it empty");
    }

    async fn lists_are_read_page_by_page_newest_first(app: TestApp) {
        let visitor = app.anonymous();
        for number in 0..7 {
            join(&visitor, json!({"email": format!("v{number}@example.com")})).await;
            contact(&visitor, with("message", format!("message {number}"))).await;
        }
        let admin = app.sign_in("a", Role::Admin).await;
        for (query, list) in [(WAITLIST, "waitlist"), (MESSAGES, "contactMessages")] {
            let items = all(&admin, query, list, 3).await;
            let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 7, "{ids:?}");
            assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "{list}: {ids:?}");
            let other = admin.send(query, json!({"first": 1, "after": "bm9uc2Vuc2U"})).await;
            assert_eq!(other.code(), Some("BAD_REQUEST"), "{}", other.body);
        }
    }

    async fn an_address_sends_so_many_forms_a_minute(app: Strict) {
        let (app, visitor) = (&app.0, app.0.anonymous());
        assert_eq!(problems(&join(&visitor, json!({"email": "a@example.com"})).await), [""; 0]);
        assert_eq!(problems(&contact(&visitor, with("website", "trapped")).await), [""; 0]);
        for (query, input) in [(JOIN, json!({"email": "b@example.com"})), (CONTACT, message())] {
            let refused = visitor.send(query, json!({"input": input})).await;
            assert_eq!(refused.code(), Some("RATE_LIMITED"), "{}", refused.body);
            assert!(refused.body["errors"][0]["extensions"]["retryAfterSeconds"].as_i64().unwrap() >= 1);
            assert!(refused.headers.contains_key("retry-after"));
        }
        assert_eq!(count(app, "waitlist").await + count(app, "contact_messages").await, 1);
    }

    async fn an_installation_that_names_a_tenant_it_lacks_says_so(app: Unmanned) {
        let (app, visitor) = (&app.0, app.0.anonymous());
        let refused = visitor.data(JOIN, json!({"input": {"email": "a@example.com"}})).await["joinWaitlist"].clone();
        assert_eq!((&refused["isAccepted"], &refused["userErrors"][0]["code"]), (&json!(false), &json!("NOT_FOUND")));
        assert_eq!(count(app, "waitlist").await, 0);
    }

    async fn a_suspended_tenant_takes_no_forms(app: TestApp) {
        execute(&app, "UPDATE tenants SET status = 'SUSPENDED' WHERE slug = 'a'").await;
        let refused = app.anonymous().data(CONTACT, json!({"input": message()})).await["contact"].clone();
        assert_eq!((&refused["isAccepted"], &refused["userErrors"][0]["code"]), (&json!(false), &json!("NOT_FOUND")));
        assert_eq!(count(&app, "contact_messages").await, 0);
    }
}
