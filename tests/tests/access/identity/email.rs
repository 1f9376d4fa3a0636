//! Verifying an email.

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::mail::token;
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::world::{Caller, Written, count, execute};

const REGISTER: &str = "mutation ($input: RegisterInput!) { register(input: $input) {
    viewer { user { id locale isEmailVerified } } session { accessToken } userErrors { code path } } }";
pub const VERIFY: &str = "mutation ($token: String!) { verifyEmail(input: {token: $token}) {
    email userErrors { code path message } } }";
const RESEND: &str = "mutation ($email: String!, $tenant: String) {
    resendVerification(input: {email: $email, tenant: $tenant}) { userErrors { code path } } }";

/// Registers a visitor; their access token.
pub async fn register(app: &TestApp, email: &str, locale: &str) -> String {
    let input = json!({
        "email": email, "password": PASSWORD, "firstName": "Ana", "lastName": "Pérez", "locale": locale,
        "acceptTerms": app.domain.config().terms_version,
    });
    let payload = app.anonymous().data(REGISTER, json!({"input": input})).await["register"].clone();
    assert_eq!(payload["viewer"]["user"]["locale"], locale);
    payload["session"]["accessToken"].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned()
}

pub async fn verify(app: &TestApp, token: &str) -> Written {
    Caller::anonymous(app).ask(VERIFY, &json!({"token": token})).await
}

/// Whether a payload says that the token is not good.
pub fn is_refused(written: &Written, field: &str) -> bool {
    let payload = &written.json()["data"][field];
    let error = &payload["userErrors"][0];
    let refused = error["code"] == "TOKEN_INVALID";
    assert!(!refused || error["path"] == json!(["input", "token"]), "{payload}");
    refused
}

async fn is_verified(app: &TestApp, access: &str) -> Value {
    let caller = Caller::anonymous(app).with_token(access);
    let viewer = caller.ask("{ viewer { user { isEmailVerified } } }", &json!({})).await;
    viewer.json()["data"]["viewer"]["user"]["isEmailVerified"].clone()
}

both_databases! {
    async fn registering_sends_a_link_that_verifies_the_email_once(app: TestApp) {
        let access = register(&app, "Ana@Example.com", "ES").await;
        let letter = app.mail.wait_for("Ana@Example.com", "verify_email", 1).await;
        assert_eq!(letter.locale.as_str(), "es");
        assert_eq!(letter.name, None, "a name that nobody has shown to be theirs is not written to strangers");
        assert_eq!(is_verified(&app, &access).await, false);
        let done = verify(&app, &token(&letter)).await;
        assert_eq!(done.json()["data"]["verifyEmail"], json!({"email": "Ana@Example.com", "userErrors": []}));
        assert_eq!(is_verified(&app, &access).await, true);
        assert!(is_refused(&verify(&app, &token(&letter)).await, "verifyEmail"), "it is used");
        assert_eq!(count(&app, "audit_log WHERE action = 'EMAIL_VERIFIED'").await, 1);
    }

    async fn what_is_no_token_of_this_kind_verifies_nothing(app: TestApp) {
        let access = register(&app, "ana@example.com", "EN").await;
        let good = token(&app.mail.wait_for("ana@example.com", "verify_email", 1).await);
        let unknown = verify(&app, "bwv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        let (upper, padded, long) = (good.to_uppercase(), format!(" {good}"), "x".repeat(9_000));
        for wrong in ["", "bwv_", "\u{0}", &access, &upper, &padded, &good[..good.len() - 1], &long, "' OR 1=1 --"] {
            let refused = verify(&app, wrong).await;
            assert!(is_refused(&refused, "verifyEmail"), "{wrong:?}");
            assert_eq!(refused.bare(), unknown.bare(), "{wrong:?}");
        }
        // A link to set a password verifies nothing by this, though it is to the same person.
        let reset = "mutation { requestPasswordReset(input: {email: \"ana@example.com\"}) { userErrors { code } } }";
        app.anonymous().data(reset, json!({})).await;
        let other = token(&app.mail.wait_for("ana@example.com", "reset_password", 1).await);
        assert_eq!(verify(&app, &other).await.bare(), unknown.bare());
        assert_eq!(is_verified(&app, &access).await, false);
        // A day later it is too old.
        execute(&app, "UPDATE user_tokens SET expires_at = created_at WHERE purpose = 'VERIFY_EMAIL'").await;
        assert_eq!(verify(&app, &good).await.bare(), unknown.bare());
    }

    async fn a_token_lasts_a_day(app: TestApp) {
        register(&app, "ana@example.com", "EN").await;
        app.mail.wait_for("ana@example.com", "verify_email", 1).await;
        let times = "user_tokens WHERE purpose = 'VERIFY_EMAIL'";
        assert_eq!(count(&app, times).await, 1);
        let rows = bellwether_domain::mail::Notice::VerifyEmail { link: "".into(), hours: 24 };
        let letter = &app.mail.to("ana@example.com")[0];
        assert_eq!(format!("{:?}", letter.notice), format!("{rows:?}"), "24 hours, and a link that Debug does not show");
    }

    async fn a_newer_link_replaces_the_one_before(app: TestApp) {
        register(&app, "ana@example.com", "EN").await;
        let first = app.mail.wait_for("ana@example.com", "verify_email", 1).await;
        let asked = Caller::anonymous(&app).ask(RESEND, &json!({"email": " ANA@example.com "})).await;
        assert_eq!(asked.json()["data"]["resendVerification"], json!({"userErrors": []}));
        let second = app.mail.wait_for("ana@example.com", "verify_email", 2).await;
        assert!(is_refused(&verify(&app, &token(&first)).await, "verifyEmail"), "the older one");
        assert!(!is_refused(&verify(&app, &token(&second)).await, "verifyEmail"));
    }

    /// Whether there is an account, and whether it waits, is not told; a letter comes where it is due alone.
    async fn asking_again_tells_nothing(app: TestApp) {
        register(&app, "ana@example.com", "EN").await;
        register(&app, "bob@example.com", "EN").await;
        let bob = app.mail.wait_for("bob@example.com", "verify_email", 1).await;
        verify(&app, &token(&bob)).await;
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'seller@a.test'").await;
        let caller = Caller::anonymous(&app);
        let ask = async |email: &str, tenant: Value| {
            caller.ask(RESEND, &json!({"email": email, "tenant": tenant})).await.bare()
        };
        let waits = ask("ana@example.com", Value::Null).await;
        for (email, tenant) in [
            ("nobody@example.com", Value::Null), ("bob@example.com", Value::Null), ("seller@a.test", Value::Null),
            ("ana@example.com", json!("b")), ("ana@example.com", json!("nowhere")), ("ana@example.com", json!("a\u{0}")),
            (&email("b", Role::Trader), json!("a")), ("ana@example.com", json!("x".repeat(5_000))),
        ] {
            assert_eq!(ask(email, tenant.clone()).await, waits, "{email} {tenant}");
        }
        app.mail.wait_for("ana@example.com", "verify_email", 2).await;
        while count(&app, "outbox WHERE delivered_at IS NULL").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        for (email, letters) in [("ana@example.com", 2), ("bob@example.com", 1), ("seller@a.test", 0), ("nobody@example.com", 0)] {
            assert_eq!(app.mail.to(email).len(), letters, "{email}");
        }
        let wrong = caller.ask(RESEND, &json!({"email": "ana@example.com\r\nBcc: eve@example.com"})).await;
        assert_eq!(wrong.json()["data"]["resendVerification"]["userErrors"][0]["code"], "VALIDATION");
    }

    /// Eight at once: one verifies.
    async fn a_race_for_a_token_has_one_winner(app: TestApp) {
        register(&app, "ana@example.com", "EN").await;
        let good = token(&app.mail.wait_for("ana@example.com", "verify_email", 1).await);
        let caller = Caller::anonymous(&app);
        let tasks: Vec<_> = (0..8).map(|_| {
            let (caller, good) = (caller.clone(), good.clone());
            tokio::spawn(async move { !is_refused(&caller.ask(VERIFY, &json!({"token": good})).await, "verifyEmail") })
        }).collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap());
        }
        assert_eq!((won, count(&app, "audit_log WHERE action = 'EMAIL_VERIFIED'").await), (1, 1));
    }
}
