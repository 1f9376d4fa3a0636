//! Reading the audit log.

use bellwether_domain::permission::Role;
use bellwether_tests::app::PASSWORD;
use bellwether_tests::mail::token;
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::world::{Caller, make_source, make_user};

const LOG: &str = "query ($filter: AuditFilter, $first: Int, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) {
        nodes { id sequence at action actor { id firstName } tenant { slug } subject details address userAgent hash }
        totalCount pageInfo { hasNextPage endCursor } } }";
const SUSPEND: &str = "mutation ($id: ID!) {
    suspendUser(input: {userId: $id, reason: \"unpaid\"}) { user { id } userErrors { message } } }";

async fn log(client: &Client, filter: Value) -> Vec<Value> {
    let log = client.data(LOG, json!({"filter": filter, "first": 100})).await["auditLog"].clone();
    let nodes = log["nodes"].as_array().unwrap().clone();
    assert_eq!(log["totalCount"], nodes.len());
    nodes
}

both_databases! {
    async fn an_entry_tells_who_did_what_from_where(app: TestApp) {
        let admin = app.sign_in("a", Role::Admin).await;
        let user = make_user(&app, "a", "late@a.test", Role::Trader).await;
        admin.data(SUSPEND, json!({"id": user})).await;
        let me = Caller::of(&app, "a", Role::Admin).await.viewer().await["user"]["id"].clone();
        let found = log(&admin, json!({"action": {"eq": "USER_SUSPENDED"}})).await;
        assert_eq!(found.len(), 1);
        let entry = &found[0];
        assert_eq!((&entry["actor"]["id"], &entry["subject"]), (&me, &json!(user)));
        assert_eq!(entry["details"], json!({"from": "ACTIVE", "to": "SUSPENDED", "reason": "unpaid", "sessions": 0}));
        assert_eq!((&entry["address"], &entry["tenant"]["slug"]), (&json!("127.0.0.1"), &json!("a")));
        assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
        let node = admin.data("query ($id: ID!) { node(id: $id) { ... on AuditEntry { action actor { id } tenant { slug } } } }",
            json!({"id": entry["id"]})).await;
        assert_eq!(node["node"], json!({"action": "USER_SUSPENDED", "actor": {"id": me}, "tenant": {"slug": "a"}}));
    }

    /// Who signs in, who takes a role away and who sets a password are noted with where from and by which program.
    async fn an_entry_tells_the_address_and_the_program(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        let user = make_user(&app, "a", "late@a.test", Role::Trader).await;
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let program = "bellwether-tests/1.0 (audit)";
        let by_program = async |caller: &Caller, query: &str, variables: Value| {
            let done = caller.ask_with(query, &variables, &[("user-agent", program)]).await;
            assert!(done.status == 200 && done.code().is_none(), "{}", done.text);
        };
        let anonymous = Caller::anonymous(&app);
        let login = "mutation ($email: String!, $password: String!) {
            login(input: {email: $email, password: $password}) { userErrors { code } } }";
        let input = |password: &str| json!({"email": "late@a.test", "password": password});
        by_program(&anonymous, login, input(PASSWORD)).await;
        by_program(&anonymous, login, input("Wrong-Passw0rd!")).await;
        let forgot = "mutation { requestPasswordReset(input: {email: \"late@a.test\"}) { userErrors { code } } }";
        by_program(&anonymous, forgot, json!({})).await;
        let token = token(&app.mail.wait_for("late@a.test", "reset_password", 1).await);
        let reset = "mutation ($token: String!) { resetPassword(input: {token: $token, password: \"An0ther-Passw0rd!\"}) {
            userErrors { code } } }";
        by_program(&anonymous, reset, json!({"token": token})).await;
        let role = "mutation ($id: ID!) { setUserRole(input: {userId: $id, role: SELLER}) { userErrors { code } } }";
        for query in [role, SUSPEND] {
            by_program(&admin, query, json!({"id": user})).await;
        }
        for action in ["LOGIN_SUCCEEDED", "LOGIN_FAILED", "PASSWORD_RESET_REQUESTED", "PASSWORD_RESET", "USER_ROLE_CHANGED",
            "USER_SUSPENDED"] {
            let newest = log(&owner, json!({"action": {"eq": action}})).await.remove(0);
            assert_eq!((&newest["address"], &newest["userAgent"]), (&json!("127.0.0.1"), &json!(program)), "{action}");
        }
    }

    async fn entries_are_found_by_what_the_filter_says(app: TestApp) {
        let (admin, trader) = (app.sign_in("a", Role::Admin).await, app.sign_in("a", Role::Trader).await);
        let source = make_source(&trader, json!({"name": "alerts"})).await;
        let me = trader.data("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].clone();
        let by = log(&admin, json!({"actorId": me})).await;
        assert!(by.iter().all(|entry| entry["actor"]["id"] == me), "{by:?}");
        let actions: Vec<_> = by.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["SOURCE_CREATED", "LOGIN_SUCCEEDED", "USER_REGISTERED"], "the newest first");
        let on = log(&admin, json!({"subject": source.id})).await;
        assert_eq!((on.len(), &on[0]["action"]), (1, &json!("SOURCE_CREATED")));
        let at = by[0]["at"].clone();
        let then = log(&admin, json!({"at": {"gte": at, "lte": at}, "actorId": me})).await;
        assert_eq!(then.len(), 1, "{then:?}");
        let some = log(&admin, json!({"action": {"in": ["SOURCE_CREATED", "SOURCE_REVOKED"]}})).await;
        assert_eq!(some.len(), 1);
        for wrong in [json!({"actorId": source.id}), json!({"subject": "anything"}), json!({"tenantId": "x"})] {
            assert_eq!(admin.send(LOG, json!({"filter": wrong})).await.code(), Some("BAD_REQUEST"), "{wrong}");
        }
    }

    async fn an_admin_reads_their_tenants_log_and_the_owner_all(app: TestApp) {
        let (admin, owner) = (app.sign_in("a", Role::Admin).await, app.sign_in("b", Role::Owner).await);
        // What the owner of another tenant does is in the log of the tenant that it was done to, without their name.
        let user = make_user(&app, "a", "late@a.test", Role::Trader).await;
        owner.data(SUSPEND, json!({"id": user})).await;
        let found = log(&admin, json!({"action": {"eq": "USER_SUSPENDED"}})).await;
        assert_eq!((found.len(), &found[0]["actor"]), (1, &Value::Null));
        let id = owner.data("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].clone();
        assert_eq!(log(&admin, json!({"actorId": id})).await.len(), 0);
        assert!(log(&admin, json!({})).await.iter().all(|entry| entry["tenant"]["slug"] == "a"));
        let found = log(&owner, json!({"action": {"eq": "USER_SUSPENDED"}})).await;
        assert_eq!((&found[0]["actor"]["id"], &found[0]["tenant"]["slug"]), (&id, &json!("a")));
        let b = owner.data("{ viewer { tenant { id } } }", json!({})).await["viewer"]["tenant"]["id"].clone();
        let of_b = log(&owner, json!({"tenantId": b})).await;
        assert!(!of_b.is_empty() && of_b.iter().all(|entry| entry["tenant"]["slug"] == "b"));
        assert_eq!(log(&admin, json!({"tenantId": b})).await.len(), 0);
        // Page by page each entry once.
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = owner.data(LOG, json!({"first": 4, "after": after})).await["auditLog"].clone();
            seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].to_string()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false { break }
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), seen.len());
        assert!(seen.len() >= 12, "{seen:?}");
    }

    /// What an entry tells of a change is how it was and how it is.
    async fn changes_are_kept_as_they_were_and_are(app: TestApp) {
        let (admin, owner) = (app.sign_in("a", Role::Admin).await, app.sign_in("a", Role::Owner).await);
        let user = make_user(&app, "a", "late@a.test", Role::Trader).await;
        let tenant = app.domain.put_tenant("made", "Made").await.unwrap().id.to_string();
        let role = "mutation ($id: ID!) { setUserRole(input: {userId: $id, role: SELLER}) { userErrors { message } } }";
        let activate = "mutation ($id: ID!) { activateUser(input: {userId: $id}) { userErrors { message } } }";
        for query in [role, SUSPEND, activate] {
            admin.data(query, json!({"id": user})).await;
        }
        let suspend = "mutation ($id: ID!) {
            suspendTenant(input: {tenantId: $id, reason: \"unpaid\"}) { userErrors { message } } }";
        let activate = "mutation ($id: ID!) { activateTenant(input: {tenantId: $id}) { userErrors { message } } }";
        for query in [suspend, activate] {
            owner.data(query, json!({"id": tenant})).await;
        }
        let me = admin.data("mutation { updateProfile(input: {firstName: \"Zoé\", locale: ES}) { user { id firstName } } }",
            json!({})).await;
        let me = me["updateProfile"]["user"]["id"].clone();
        for (subject, action, wanted) in [
            (json!(user), "USER_ROLE_CHANGED", json!({"from": "TRADER", "to": "SELLER"})),
            (json!(user), "USER_SUSPENDED", json!({"from": "ACTIVE", "to": "SUSPENDED", "reason": "unpaid", "sessions": 0})),
            (json!(user), "USER_ACTIVATED", json!({"from": "SUSPENDED", "to": "ACTIVE"})),
            (json!(tenant), "TENANT_SUSPENDED", json!({"from": "ACTIVE", "to": "SUSPENDED", "reason": "unpaid"})),
            (json!(tenant), "TENANT_ACTIVATED", json!({"from": "SUSPENDED", "to": "ACTIVE"})),
            // A person's name is not kept for ever.
            (me, "PROFILE_UPDATED", json!({"changed": ["firstName", "locale"]})),
        ] {
            let found = log(&owner, json!({"subject": subject, "action": {"eq": action}})).await;
            assert_eq!((found.len(), &found[0]["details"]), (1, &wanted), "{action}");
        }
    }

    /// As a file for an auditor: what the list shows, and no cell that a spreadsheet would compute.
    async fn the_log_is_exported(app: TestApp) {
        let (admin, owner) = (app.sign_in("a", Role::Admin).await, app.sign_in("b", Role::Owner).await);
        let user = make_user(&app, "a", "late@a.test", Role::Trader).await;
        owner.data(SUSPEND, json!({"id": user})).await;
        let login = "mutation ($input: LoginInput!) { login(input: $input) { userErrors { code } } }";
        let input = json!({"input": {"email": "admin@a.test", "password": "Wrong-Passw0rd!"}});
        Caller::anonymous(&app).ask_with(login, &input, &[("user-agent", "=HYPERLINK(\"x\",\"y\")")]).await;
        let export = async |client: &Client, filter: Value| {
            let query = "query ($filter: AuditFilter) { auditLogCsv(filter: $filter) }";
            let text = client.data(query, json!({"filter": filter})).await["auditLogCsv"].as_str().unwrap().to_owned();
            csv::Reader::from_reader(text.as_bytes()).records().collect::<Result<Vec<_>, _>>().unwrap()
        };
        let rows = export(&admin, json!({})).await;
        let listed = log(&admin, json!({})).await;
        let cell = |row: &csv::StringRecord, at: usize| row[at].to_owned();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(rows.len(), listed.len());
        for (row, entry) in rows.iter().zip(&listed) {
            assert_eq!((cell(row, 0), cell(row, 2), cell(row, 4)), (text(&entry["id"]), text(&entry["sequence"]), text(&entry["action"])));
            assert_eq!((cell(row, 5), cell(row, 6)), (text(&entry["actor"]["id"]), text(&entry["subject"])));
            assert_eq!((cell(row, 8), cell(row, 10)), (text(&entry["address"]), text(&entry["hash"])));
            assert_eq!(serde_json::from_str::<Value>(&row[7]).unwrap(), entry["details"]);
        }
        assert_eq!(cell(&rows[0], 9), "'=HYPERLINK(\"x\",\"y\")");
        let suspended = export(&admin, json!({"action": {"eq": "USER_SUSPENDED"}})).await;
        assert_eq!((suspended.len(), &suspended[0][5]), (1, ""), "the owner is not theirs to see");
        let by_owner = export(&owner, json!({"action": {"eq": "USER_SUSPENDED"}})).await;
        assert!(by_owner[0][5].starts_with("usr_"));
        assert!(export(&owner, json!({})).await.len() > rows.len());
    }

    /// One statement for the entries, one for their actors and one for their tenants, however many there are.
    async fn a_page_of_the_log_takes_three_statements(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        for role in Role::ALL {
            app.sign_in("a", role).await;
            app.sign_in("b", role).await;
        }
        let query = "{ auditLog(first: 100) { nodes { id actor { firstName } tenant { slug } } } }";
        let read = async || {
            let log = owner.data(query, json!({})).await;
            assert!(log["auditLog"]["nodes"].as_array().unwrap().len() >= 21);
        };
        let statements = app.statements(read).await;
        assert!(statements <= 3, "{statements}");
    }
}
