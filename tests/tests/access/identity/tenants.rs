//! What the owner does with tenants.

use bellwether_domain::ids::TenantId;
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::world::{Written, count, deliver, eventually, make_api_key, make_source, unused};

const CREATE: &str = "mutation ($slug: String!, $name: String!) { createTenant(input: {slug: $slug, name: $name}) {
    tenant { id slug name status } userErrors { code path } } }";
const SUSPEND: &str = "mutation ($id: ID!) { suspendTenant(input: {tenantId: $id, reason: \"invoice 7\"}) {
    tenant { slug status } userErrors { code path } } }";
const ACTIVATE: &str = "mutation ($id: ID!) { activateTenant(input: {tenantId: $id}) {
    tenant { slug status } userErrors { code path } } }";
const TENANTS: &str = "query ($filter: TenantFilter, $first: Int, $after: String) {
    tenants(filter: $filter, first: $first, after: $after) {
        nodes { id slug status } totalCount pageInfo { hasNextPage endCursor } } }";

both_databases! {
    async fn tenants_are_made_and_listed(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        let made = owner.data(CREATE, json!({"slug": "acme", "name": "Acme, S.A."})).await["createTenant"].clone();
        assert_eq!((&made["tenant"]["slug"], &made["tenant"]["status"]), (&json!("acme"), &json!("ACTIVE")));
        let taken = owner.data(CREATE, json!({"slug": "acme", "name": "Another"})).await["createTenant"].clone();
        assert_eq!(taken["userErrors"], json!([{"code": "CONFLICT", "path": ["input", "slug"]}]));
        let wrong = owner.data(CREATE, json!({"slug": "Ac me", "name": ""})).await["createTenant"].clone();
        assert_eq!(wrong["userErrors"], json!([
            {"code": "VALIDATION", "path": ["input", "slug"]}, {"code": "VALIDATION", "path": ["input", "name"]},
        ]));
        let list = owner.data(TENANTS, json!({"first": 2})).await["tenants"].clone();
        assert_eq!((&list["totalCount"], &list["nodes"][0]["slug"]), (&json!(3), &json!("acme")), "the newest first");
        let rest = owner.data(TENANTS, json!({"after": list["pageInfo"]["endCursor"]})).await;
        assert_eq!(rest["tenants"]["nodes"].as_array().unwrap().len(), 1);
        let found = owner.data(TENANTS, json!({"filter": {"search": "ACME,", "status": {"eq": "ACTIVE"}}})).await;
        assert_eq!(found["tenants"]["totalCount"], 1);
        assert_eq!(count(&app, "audit_log WHERE action = 'TENANT_CREATED' AND sequence = 1").await, 1);
    }

    /// Its people are out at once, none comes in by password, token or key, and its webhooks are refused.
    async fn a_suspended_tenant_is_not_served(app: TestApp) {
        let (_domain, elsewhere) = app.another().await;
        let owner = app.sign_in("a", Role::Owner).await;
        let admin = app.sign_in("b", Role::Admin).await;
        let there = admin.at(elsewhere);
        let (_, key) = make_api_key(&admin, &["SIGNALS_READ"]).await;
        let mut bot = admin.clone();
        bot.token = Some(key);
        let source = make_source(&admin, json!({"name": "alerts"})).await;
        let alert = json!({"ticker": "MSFT", "action": "buy", "interval": "60"}).to_string();
        deliver(&app, &admin, &source, &alert, "INSERTED").await;
        let who = "{ viewer { tenant { id status } } }";
        let id = admin.data(who, json!({})).await["viewer"]["tenant"]["id"].clone();
        for client in [&there, &bot] {
            client.data(who, json!({})).await;
        }
        let done = owner.data(SUSPEND, json!({"id": id})).await["suspendTenant"].clone();
        assert_eq!(done, json!({"tenant": {"slug": "b", "status": "SUSPENDED"}, "userErrors": []}));
        for client in [&admin, &bot] {
            assert_eq!(client.send(who, json!({})).await.status, 401);
        }
        eventually("the other server refuses it", async || there.send(who, json!({})).await.status == 401).await;
        let login = "mutation ($email: String!, $password: String!) {
            login(input: {email: $email, password: $password}) { session { accessToken } userErrors { code } } }";
        let input = json!({"email": email("b", Role::Seller), "password": PASSWORD});
        let refused = app.anonymous().data(login, input.clone()).await;
        assert_eq!(refused["login"]["userErrors"][0]["code"], "INVALID_CREDENTIALS");
        let http = reqwest::Client::builder().build().unwrap();
        let url = app.url(&format!("/hooks/tradingview/{}", source.token));
        let hook = async || Written::of(http.post(&url).body(alert.clone()).send().await.unwrap()).await.status;
        assert_eq!(hook().await, 404);
        assert_eq!(owner.send(who, json!({})).await.status, 200, "another tenant goes on");

        let done = owner.data(ACTIVATE, json!({"id": id})).await["activateTenant"].clone();
        assert_eq!(done["tenant"]["status"], "ACTIVE");
        assert!(app.anonymous().data(login, input).await["login"]["session"].is_object());
        assert_eq!(bot.send(who, json!({})).await.status, 200, "its keys are good again");
        assert_eq!(admin.send(who, json!({})).await.status, 401, "its sessions had ended");
        assert_eq!(hook().await, 202);
        for action in ["TENANT_SUSPENDED", "TENANT_ACTIVATED"] {
            assert_eq!(count(&app, &format!("audit_log WHERE action = '{action}'")).await, 1);
        }
    }

    async fn ones_own_tenant_is_not_suspended(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        let own = owner.data("{ viewer { tenant { id } } }", json!({})).await["viewer"]["tenant"]["id"].clone();
        let refused = owner.data(SUSPEND, json!({"id": own})).await["suspendTenant"].clone();
        assert_eq!(refused["userErrors"], json!([{"code": "VALIDATION", "path": ["input", "tenantId"]}]));
        for query in [SUSPEND, ACTIVATE] {
            let missing = owner.data(query, json!({"id": unused::<TenantId>()})).await;
            let errors: Vec<&Value> = missing.as_object().unwrap().values().map(|p| &p["userErrors"][0]["code"]).collect();
            assert_eq!(errors, ["NOT_FOUND"]);
        }
        let wrong = owner.data(SUSPEND, json!({"id": "usr_01h455vb4pex5vsknk084sn02q"})).await;
        assert_eq!(wrong["suspendTenant"]["userErrors"][0]["code"], "VALIDATION");
    }
}
