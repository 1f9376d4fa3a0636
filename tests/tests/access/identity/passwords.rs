//! Setting a new password, with and without the present one.

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::mail::{link, token};
use bellwether_tests::{Backend, TestApp, both_databases};
use serde_json::{Value, json};

use super::email::is_refused;
use crate::world::{Caller, Written, count, execute};

const REQUEST: &str = "mutation ($email: String!, $tenant: String) {
    requestPasswordReset(input: {email: $email, tenant: $tenant}) { userErrors { code path message } } }";
const RESET: &str = "mutation ($token: String!, $password: String!) {
    resetPassword(input: {token: $token, password: $password}) { userErrors { code path message } } }";
const CHANGE: &str = "mutation ($current: String!, $new: String!) {
    changePassword(input: {currentPassword: $current, newPassword: $new}) {
        endedSessions userErrors { code path message } } }";
const LOGIN: &str = "mutation ($email: String!, $password: String!) {
    login(input: {email: $email, password: $password}) { session { accessToken refreshToken } userErrors { code } } }";
const REFRESH: &str = "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) {
    session { accessToken } userErrors { code } } }";
const NEW: &str = "An0ther-Passw0rd!";

async fn request(app: &TestApp, email: &str) -> Written {
    Caller::anonymous(app).ask(REQUEST, &json!({"email": email})).await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Written {
    Caller::anonymous(app).ask(RESET, &json!({"token": token, "password": password})).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Value {
    let done = Caller::anonymous(app).ask(LOGIN, &json!({"email": email, "password": password})).await;
    done.json()["data"]["login"]["session"].clone()
}

async fn is_let_in(app: &TestApp, session: &Value) -> bool {
    let caller = Caller::anonymous(app).with_token(session["accessToken"].as_str().unwrap());
    caller.ask("{ viewer { role } }", &json!({})).await.status == 200
}

/// Waits until the outbox is empty.
async fn all_delivered(app: &TestApp) {
    while count(app, "outbox WHERE delivered_at IS NULL").await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Asks for a link and takes it out of the letter.
async fn reset_token(app: &TestApp, email: &str, nth: usize) -> String {
    request(app, email).await;
    token(&app.mail.wait_for(email, "reset_password", nth).await)
}

/// A server that lets everybody ask for three letters a minute.
struct ThreeResets(TestApp);

impl ThreeResets {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_behind_proxy(backend, |domain| domain.limits.resets_per_minute = 3).await.map(Self)
    }
}

both_databases! {
    async fn a_reset_ends_every_session_and_verifies_the_address(app: TestApp) {
        let trader = email("a", Role::Trader);
        let (first, second) = (login(&app, &trader, PASSWORD).await, login(&app, &trader, PASSWORD).await);
        let bystander = login(&app, &email("a", Role::Admin), PASSWORD).await;
        let token = reset_token(&app, &trader, 1).await;
        assert!(is_let_in(&app, &first).await, "to ask ends nothing");
        let done = reset(&app, &token, NEW).await;
        assert_eq!(done.json()["data"]["resetPassword"], json!({"userErrors": []}), "{}", done.text);
        assert!(!is_let_in(&app, &first).await && !is_let_in(&app, &second).await && is_let_in(&app, &bystander).await);
        let refresh = json!({"token": second["refreshToken"]});
        let renewed = Caller::anonymous(&app).ask(REFRESH, &refresh).await;
        assert_eq!(renewed.json()["data"]["refreshSession"]["userErrors"][0]["code"], "TOKEN_INVALID");
        assert_eq!(login(&app, &trader, PASSWORD).await, Value::Null, "the old one is gone");
        assert!(is_let_in(&app, &login(&app, &trader, NEW).await).await);
        assert_eq!(count(&app, "users WHERE email_key = 'trader@a.test' AND email_verified_at IS NOT NULL").await, 1);
        assert_eq!(count(&app, "users WHERE email_verified_at IS NOT NULL").await, 1);
        for action in ["PASSWORD_RESET_REQUESTED", "PASSWORD_RESET"] {
            let noted = format!("audit_log WHERE action = '{action}' AND address = '127.0.0.1'");
            assert_eq!(count(&app, &noted).await, 1, "{action}");
        }
        let notice = app.mail.wait_for(&trader, "password_changed", 1).await;
        assert_eq!(notice.name.as_deref(), Some("TRADER"), "greeted by name, for the address is theirs");
        assert!(is_refused(&reset(&app, &token, "Y3t-an0ther-one!").await, "resetPassword"), "it is used");
    }

    /// The sessions of another process end within the five seconds that it remembers them.
    async fn a_reset_is_known_elsewhere(app: TestApp) {
        let (_second, address) = app.another().await;
        let trader = email("a", Role::Trader);
        let session = login(&app, &trader, PASSWORD).await;
        let mut elsewhere = app.anonymous().at(address);
        elsewhere.token = session["accessToken"].as_str().map(str::to_owned);
        assert_eq!(elsewhere.send("{ viewer { role } }", json!({})).await.status, 200);
        let token = reset_token(&app, &trader, 1).await;
        reset(&app, &token, NEW).await;
        crate::world::eventually("the other server refuses it", async || {
            elsewhere.send("{ viewer { role } }", json!({})).await.status == 401
        })
        .await;
    }

    async fn asking_tells_nothing(app: TestApp) {
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'seller@a.test'").await;
        execute(&app, "UPDATE users SET status = 'CLOSED' WHERE email_key = 'support@a.test'").await;
        let known = request(&app, &email("a", Role::Trader)).await;
        assert_eq!(known.json()["data"]["requestPasswordReset"], json!({"userErrors": []}));
        let names = |written: &Written| {
            let mut names: Vec<_> = written.headers.keys().map(|name| name.as_str().to_owned()).collect();
            names.sort();
            names
        };
        for other in ["nobody@a.test", "seller@a.test", "support@a.test", "用户@例子.公司"] {
            let asked = request(&app, other).await;
            assert_eq!(asked.bare(), known.bare(), "{other}");
            assert_eq!(names(&asked), names(&known), "{other}");
        }
        app.mail.wait_for(&email("a", Role::Trader), "reset_password", 1).await;
        all_delivered(&app).await;
        assert_eq!(app.mail.count(), 1, "only who has an account is written to");
        assert_eq!(count(&app, "audit_log WHERE action = 'PASSWORD_RESET_REQUESTED'").await, 1);
        // What is no email is told to be none, whoever asks.
        let long = format!("{}@example.com", "a".repeat(388));
        for wrong in ["", "ana", &long, "trader@a.test\r\nBcc: eve@example.com", "trader\u{0}@a.test"] {
            let refused = request(&app, wrong).await.json();
            let error = &refused["data"]["requestPasswordReset"]["userErrors"][0];
            assert_eq!((&error["code"], &error["path"]), (&json!("VALIDATION"), &json!(["input", "email"])), "{wrong:?}");
        }
    }

    /// What an attacker writes into a header does not get into a letter.
    async fn links_lead_to_the_configured_frontend(app: TestApp) {
        let body = json!({"query": REQUEST, "variables": {"email": email("a", Role::Trader)}}).to_string();
        let http = reqwest::Client::builder().build().unwrap();
        let forged = http.post(app.url("/graphql")).header("content-type", "application/json")
            .header("host", "evil.example").header("x-forwarded-host", "evil.example")
            .header("origin", "https://evil.example").body(body);
        forged.send().await.unwrap();
        // Whether or not such a request is answered, no letter leads elsewhere.
        request(&app, &email("a", Role::Trader)).await;
        app.mail.wait_for(&email("a", Role::Trader), "reset_password", 1).await;
        all_delivered(&app).await;
        for letter in app.mail.to(&email("a", Role::Trader)) {
            assert!(link(&letter).starts_with("http://127.0.0.1:8080/reset-password#token=bwp_"), "{}", link(&letter));
        }
    }

    async fn a_tenant_is_named_where_an_email_has_several_accounts(app: TestApp) {
        execute(&app, "UPDATE users SET email = 'trader@a.test', email_key = 'trader@a.test' \
            WHERE email_key = 'trader@b.test'").await;
        let ask = async |tenant: Value| {
            Caller::anonymous(&app).ask(REQUEST, &json!({"email": "trader@a.test", "tenant": tenant})).await;
        };
        ask(json!("b")).await;
        assert_eq!(app.mail.wait_for("trader@a.test", "reset_password", 1).await.tenant, "Tenant b");
        ask(Value::Null).await;
        assert_eq!(app.mail.wait_for("trader@a.test", "reset_password", 2).await.tenant, "Tenant a", "the default one");
        ask(json!("nowhere")).await;
        all_delivered(&app).await;
        assert_eq!(app.mail.count(), 2);
    }

    async fn a_weak_password_leaves_the_token_good(app: TestApp) {
        let token = reset_token(&app, &email("a", Role::Trader), 1).await;
        let long = "A1-b".repeat(2_500);
        for (weak, rules) in [("short", 5), ("P@ssw0rd", 1), ("Trader@a.test1", 1), ("", 5), (&long, 2)] {
            let refused = reset(&app, &token, weak).await.json();
            let errors = refused["data"]["resetPassword"]["userErrors"].as_array().unwrap();
            assert_eq!(errors.len(), rules, "{weak:.20}: {errors:?}");
            let paths = errors.iter().all(|error| error["path"] == json!(["input", "password"]));
            assert!(paths, "{errors:?}");
        }
        assert_eq!(reset(&app, &token, NEW).await.json()["data"]["resetPassword"]["userErrors"], json!([]));
    }

    async fn what_is_no_token_of_this_kind_sets_nothing(app: TestApp) {
        let trader = email("a", Role::Trader);
        let good = reset_token(&app, &trader, 1).await;
        let unknown = reset(&app, "bwp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NEW).await;
        let long = "x".repeat(9_000);
        for wrong in ["", "\u{0}", &good[1..], &good.to_uppercase(), &long, "' OR 1=1 --"] {
            assert_eq!(reset(&app, wrong, NEW).await.bare(), unknown.bare(), "{wrong:?}");
            assert_eq!(reset(&app, wrong, "weak").await.bare(), unknown.bare(), "nothing is told without a token");
        }
        let newer = reset_token(&app, &trader, 2).await;
        assert_eq!(reset(&app, &good, NEW).await.bare(), unknown.bare(), "a newer one replaces it");
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'trader@a.test'").await;
        assert_eq!(reset(&app, &newer, NEW).await.bare(), unknown.bare(), "nobody sets a suspended user's");
        execute(&app, "UPDATE users SET status = 'ACTIVE' WHERE email_key = 'trader@a.test'").await;
        execute(&app, "UPDATE user_tokens SET expires_at = created_at").await;
        assert_eq!(reset(&app, &newer, NEW).await.bare(), unknown.bare(), "it is too old");
        assert!(login(&app, &trader, PASSWORD).await.is_object(), "the password is what it was");
    }

    /// Eight at once with eight passwords: one of them is set.
    async fn a_race_for_a_token_has_one_winner(app: TestApp) {
        let trader = email("a", Role::Trader);
        let token = reset_token(&app, &trader, 1).await;
        let caller = Caller::anonymous(&app);
        let tasks: Vec<_> = (0..8).map(|number| {
            let (caller, token, password) = (caller.clone(), token.clone(), format!("R4ce-numb3r-{number}!"));
            tokio::spawn(async move {
                let done = caller.ask(RESET, &json!({"token": token, "password": password})).await;
                (!is_refused(&done, "resetPassword")).then_some(password)
            })
        }).collect();
        let mut won = Vec::new();
        for task in tasks {
            won.extend(task.await.unwrap());
        }
        assert_eq!(won.len(), 1, "{won:?}");
        assert!(login(&app, &trader, &won[0]).await.is_object());
        assert_eq!(count(&app, "audit_log WHERE action = 'PASSWORD_RESET'").await, 1);
    }

    /// One document asks for one letter, or tries one secret.
    async fn a_document_with_two_of_them_does_neither(app: TestApp) {
        let ask = |alias: &str| format!("{alias}: requestPasswordReset(input: {{email: \"trader@a.test\"}}) {{ userErrors {{ code }} }}");
        let reset = "resetPassword(input: {token: \"x\", password: \"y\"}) { userErrors { code } }";
        let verify = "verifyEmail(input: {token: \"x\"}) { userErrors { code } }";
        let resend = "resendVerification(input: {email: \"trader@a.test\"}) { userErrors { code } }";
        let close = "closeAccount(input: {password: \"x\"}) { userErrors { code } }";
        let change = "changePassword(input: {currentPassword: \"x\", newPassword: \"y\"}) { userErrors { code } }";
        let login = "login(input: {email: \"a@b.co\", password: \"x\"}) { userErrors { code } }";
        let caller = Caller::of(&app, "a", Role::Trader).await;
        for (first, second) in [
            (ask("a").as_str(), ask("b").as_str()), (&ask("a"), login), (reset, login), (verify, resend), (close, change),
        ] {
            for document in [
                format!("mutation {{ {first} {second} }}"),
                format!("mutation {{ {first} ...F }} fragment F on Mutation {{ {second} }}"),
            ] {
                let refused = caller.ask(&document, &json!({})).await;
                assert_eq!(refused.json()["errors"][0]["extensions"]["rule"], "CREDENTIAL_FIELDS", "{document}: {}", refused.text);
            }
        }
        assert_eq!(count(&app, "outbox").await, 0);
    }

    async fn three_letters_a_minute_by_address_and_by_email(app: ThreeResets) {
        let app = app.0;
        let caller = Caller::anonymous(&app);
        let from = async |address: &str, email: &str| {
            caller.ask_with(REQUEST, &json!({"email": email}), &[("x-forwarded-for", address)]).await
        };
        for number in 1..=3 {
            assert_eq!(from("198.51.100.1", &format!("visitor{number}@example.com")).await.status, 200);
        }
        let limited = from("198.51.100.1", "visitor4@example.com").await;
        assert_eq!((limited.status.as_u16(), limited.code()), (429, Some("RATE_LIMITED".to_owned())), "{}", limited.text);
        assert!((1..=60).contains(&limited.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap()));
        for number in 1..=3 {
            let email = if number % 2 == 0 { "nobody@example.com" } else { " NOBODY@example.com" };
            assert_eq!(from(&format!("198.51.100.1{number}"), email).await.status, 200);
        }
        assert_eq!(from("198.51.100.20", "Nobody@example.com").await.status, 429, "whether or not there is an account");
        // Both kinds of letter count as one.
        let resend = "mutation ($email: String!) { resendVerification(input: {email: $email}) { userErrors { code } } }";
        let other = caller.ask_with(resend, &json!({"email": "nobody@example.com"}), &[("x-forwarded-for", "198.51.100.21")]).await;
        assert_eq!(other.status, 429);
    }

    async fn changing_asks_for_the_present_one_and_ends_the_other_sessions(app: TestApp) {
        let trader = email("a", Role::Trader);
        let (here, there) = (login(&app, &trader, PASSWORD).await, login(&app, &trader, PASSWORD).await);
        let caller = Caller::anonymous(&app).with_token(here["accessToken"].as_str().unwrap());
        let change = async |current: &str, new: &str| {
            caller.ask(CHANGE, &json!({"current": current, "new": new})).await.json()["data"]["changePassword"].clone()
        };
        let refused = change("Wrong-Passw0rd!", NEW).await;
        assert_eq!(refused["userErrors"][0]["code"], "INVALID_CREDENTIALS", "{refused}");
        assert_eq!(refused["userErrors"][0]["path"], json!(["input", "currentPassword"]));
        assert_eq!(count(&app, "audit_log WHERE action = 'LOGIN_FAILED'").await, 1, "a guess is noted");
        for (weak, rules) in [("weak", 5), (PASSWORD, 1), ("P@ssw0rd", 1)] {
            let refused = change(PASSWORD, weak).await;
            assert_eq!(refused["userErrors"].as_array().unwrap().len(), rules, "{weak}: {refused}");
            assert_eq!(refused["userErrors"][0]["path"], json!(["input", "newPassword"]));
        }
        assert!(is_let_in(&app, &there).await, "nothing was changed");
        assert_eq!(change(PASSWORD, NEW).await, json!({"endedSessions": 1, "userErrors": []}));
        assert!(is_let_in(&app, &here).await && !is_let_in(&app, &there).await);
        assert_eq!(login(&app, &trader, PASSWORD).await, Value::Null);
        assert!(login(&app, &trader, NEW).await.is_object());
        app.mail.wait_for(&trader, "password_changed", 1).await;
        assert_eq!(count(&app, "audit_log WHERE action = 'PASSWORD_CHANGED'").await, 1);
    }
}
