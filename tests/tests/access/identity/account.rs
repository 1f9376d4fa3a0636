//! One's own profile, and closing one's account.

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use super::email::register;
use crate::world::{Caller, count, execute};

const UPDATE: &str = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    user { firstName lastName locale } userErrors { code path } } }";
const CLOSE: &str = "mutation ($password: String!) { closeAccount(input: {password: $password}) {
    user { id } userErrors { code path message } } }";

async fn close(caller: &Caller, password: &str) -> Value {
    caller.ask(CLOSE, &json!({"password": password})).await.json()["data"]["closeAccount"].clone()
}

both_databases! {
    async fn a_profile_changes_where_it_is_told_to(app: TestApp) {
        let trader = Caller::of(&app, "a", Role::Trader).await;
        let update = async |input: Value| {
            trader.ask(UPDATE, &json!({"input": input})).await.json()["data"]["updateProfile"].clone()
        };
        assert_eq!(update(json!({"firstName": " Ana ", "locale": "ES"})).await["user"],
            json!({"firstName": "Ana", "lastName": "A", "locale": "ES"}));
        assert_eq!(update(json!({"lastName": "Núñez", "firstName": null})).await["user"],
            json!({"firstName": "Ana", "lastName": "Núñez", "locale": "ES"}));
        let refused = update(json!({"firstName": "", "lastName": "a\u{0}b"})).await;
        assert_eq!(refused, json!({"user": null, "userErrors": [
            {"code": "VALIDATION", "path": ["input", "firstName"]}, {"code": "VALIDATION", "path": ["input", "lastName"]}]}));
        assert_eq!(update(json!({})).await["userErrors"], json!([{"code": "VALIDATION", "path": ["input"]}]));
        for (field, value) in [("email", "eve@example.com"), ("role", "OWNER"), ("locale", "fr")] {
            let answer = trader.ask(UPDATE, &json!({"input": {field: value}})).await;
            assert_eq!(answer.code().as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{field}: {}", answer.text);
        }
        let seen = trader.ask("{ viewer { user { firstName lastName } } }", &json!({})).await.json();
        assert_eq!(seen["data"]["viewer"]["user"], json!({"firstName": "Ana", "lastName": "Núñez"}));
        assert_eq!(count(&app, "audit_log WHERE action = 'PROFILE_UPDATED'").await, 2);
    }

    async fn a_closed_account_is_shut_and_its_email_free(app: TestApp) {
        let access = register(&app, "ana@example.com", "EN").await;
        app.mail.wait_for("ana@example.com", "verify_email", 1).await;
        let caller = Caller::anonymous(&app).with_token(&access);
        let refused = close(&caller, "Wrong-Passw0rd!").await;
        assert_eq!(refused["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{refused}");
        let id = caller.viewer().await["user"]["id"].clone();
        // Keys are made by the other half; one is there as it would be.
        execute(&app, "INSERT INTO api_keys (id, tenant_id, user_id, name, prefix, token_hash, scopes, created_at) \
            SELECT id, tenant_id, id, 'key', 'bw_', (SELECT token_hash FROM user_tokens WHERE user_id = users.id), '[]', created_at \
            FROM users WHERE email_key = 'ana@example.com'").await;
        assert_eq!(close(&caller, PASSWORD).await, json!({"user": {"id": id}, "userErrors": []}));
        assert_eq!(caller.ask("{ viewer { role } }", &json!({})).await.status, 401, "signed out at once");
        assert_eq!(count(&app, "api_keys WHERE revoked_at IS NOT NULL").await, 1);
        assert_eq!(count(&app, "user_tokens").await, 0, "no link opens it");
        app.mail.wait_for("ana@example.com", "account_closed", 1).await;
        assert_eq!(count(&app, "users WHERE email = 'ana@example.com' AND status = 'CLOSED'").await, 1, "the row stays");
        assert_eq!(count(&app, "audit_log WHERE action = 'ACCOUNT_CLOSED'").await, 1);
        // The same email again is another account; the old one's password opens nothing.
        let again = register(&app, "ana@example.com", "EN").await;
        assert_ne!(Caller::anonymous(&app).with_token(&again).viewer().await["user"]["id"], id);
        assert_eq!(close(&Caller::anonymous(&app).with_token(&again), PASSWORD).await["userErrors"], json!([]));
        register(&app, "ana@example.com", "EN").await;
        assert_eq!(count(&app, "users WHERE email = 'ana@example.com'").await, 3, "as often as one likes");
    }

    /// Two owners, one in each tenant, who close at once: one of them stays.
    async fn the_last_owner_stays(app: TestApp) {
        let owners = [Caller::of(&app, "a", Role::Owner).await, Caller::of(&app, "b", Role::Owner).await];
        let tasks = owners.clone().map(|owner| tokio::spawn(async move { close(&owner, PASSWORD).await }));
        let mut closed = 0;
        for task in tasks {
            let done = task.await.unwrap();
            if done["userErrors"] == json!([]) {
                closed += 1;
            } else {
                assert_eq!(done["userErrors"][0]["code"], "CONFLICT", "{done}");
            }
        }
        assert_eq!((closed, count(&app, "users WHERE role = 'OWNER' AND status = 'ACTIVE'").await), (1, 1));
    }

    /// A stolen session does not get to guess the password.
    async fn guesses_with_a_session_are_counted(app: FiveTries) {
        let app = app.0;
        let trader = Caller::of(&app, "a", Role::Trader).await;
        for _ in 0..5 {
            assert_eq!(close(&trader, "Wrong-Passw0rd!").await["userErrors"][0]["code"], "INVALID_CREDENTIALS");
        }
        let limited = trader.ask(CLOSE, &json!({"password": PASSWORD})).await;
        assert_eq!((limited.status.as_u16(), limited.code().as_deref()), (429, Some("RATE_LIMITED")), "{}", limited.text);
        assert_eq!(limited.json()["errors"][0]["extensions"]["scope"], "LOGINS", "{}", limited.text);
        let change = "mutation ($p: String!) { changePassword(input: {currentPassword: $p, newPassword: \"N3w-and-l0ng!\"}) {
            userErrors { code } } }";
        assert_eq!(trader.ask(change, &json!({"p": PASSWORD})).await.status, 429, "by either way");
        assert_eq!(email("a", Role::Trader), "trader@a.test");
        assert_eq!(count(&app, "users WHERE email_key = 'trader@a.test' AND status = 'ACTIVE'").await, 1);
    }
}

/// A server that lets everybody try five passwords a minute.
struct FiveTries(TestApp);

impl FiveTries {
    async fn start(backend: bellwether_tests::Backend) -> Option<Self> {
        TestApp::start_with(backend, |_, domain| domain.limits.logins_per_minute = 5).await.map(Self)
    }
}
