//! Signing in: what is refused tells nothing, and not too often.

use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::{PasswordCost, Passwords};
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{Backend, TestApp, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::follow::Socket;
use crate::world::{Caller, Written, count, execute};

const LOGIN: &str = "mutation ($input: LoginInput!) { login(input: $input) {
    viewer { user { id } role } session { accessToken refreshToken refreshTokenExpiresAt }
    userErrors { code path message limit { key } retryAfterSeconds } } }";

async fn login(caller: &Caller, email: &str, password: &str) -> Written {
    caller.ask(LOGIN, &json!({"input": {"email": email, "password": password}})).await
}

fn session(written: &Written) -> Value {
    written.json()["data"]["login"]["session"].clone()
}

/// A server on which hashing a password has come to cost more.
struct DearerPasswords(TestApp);

impl DearerPasswords {
    async fn start(backend: Backend) -> Option<Self> {
        let cost = PasswordCost { memory_kib: 32, iterations: 2, parallelism: 1 };
        TestApp::start_with(backend, |_, domain| domain.password_cost = cost).await.map(Self)
    }
}

/// A server that lets everybody try five logins a minute.
struct FiveLogins(TestApp);

impl FiveLogins {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_with(backend, |_, domain| domain.limits.logins_per_minute = 5).await.map(Self)
    }
}

/// The same behind a proxy on this machine, which says where a caller came from.
struct FiveLoginsBehindProxy(TestApp);

impl FiveLoginsBehindProxy {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_behind_proxy(backend, |domain| domain.limits.logins_per_minute = 5).await.map(Self)
    }
}

both_databases! {
    /// Each of those who sign in at the same time takes the next place in the audit chain.
    async fn many_sign_in_at_once(app: TestApp) {
        let trader = email("a", Role::Trader);
        join_all((0..40).map(|_| async {
            let caller = Caller::anonymous(&app);
            for _ in 0..5 {
                let written = login(&caller, &trader, PASSWORD).await;
                assert!(session(&written)["accessToken"].is_string(), "{}", written.text);
            }
        }))
        .await;
    }

    /// A wrong password, an unknown email, a suspended or closed user, a suspended tenant: one answer.
    async fn every_refused_login_is_answered_byte_for_byte_the_same(app: TestApp) {
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'seller@a.test'").await;
        execute(&app, "UPDATE users SET status = 'CLOSED' WHERE email_key = 'support@a.test'").await;
        execute(&app, "UPDATE tenants SET status = 'SUSPENDED' WHERE slug = 'b'").await;
        let caller = Caller::anonymous(&app);
        let trader = email("a", Role::Trader);
        let wrong = login(&caller, &trader, "Wrong-Passw0rd!").await;
        let payload = &wrong.json()["data"]["login"];
        assert_eq!((wrong.status.as_u16(), &payload["viewer"], &payload["session"]), (200, &Value::Null, &Value::Null));
        assert_eq!(payload["userErrors"][0]["code"], "INVALID_CREDENTIALS");
        assert_eq!(payload["userErrors"].as_array().unwrap().len(), 1);
        let (long, long_email) = ("A1-b".repeat(2_500), format!("{}@example.com", "a".repeat(388)));
        for (what, email, password) in [
            ("unknown email", "nobody@a.test", PASSWORD),
            ("unknown email, weak password", "nobody@a.test", "x"),
            ("suspended", "seller@a.test", PASSWORD),
            ("suspended, wrong password", "seller@a.test", "Wrong-Passw0rd!"),
            ("closed", "support@a.test", PASSWORD),
            ("of a suspended tenant", "trader@b.test", PASSWORD),
            ("no email at all", "trader", PASSWORD),
            ("nothing", "", ""),
            ("long email", &long_email, PASSWORD),
            ("long password", &trader, &long),
            ("injection", "' OR 1=1 --@a.test", PASSWORD),
            ("line break", "trader@a.test\r\n", PASSWORD),
            ("NUL in the email", "trader\u{0}@a.test", PASSWORD),
            ("NUL in the password", &trader, "Test-Passw0rd!\u{0}"),
            ("another case of the password", &trader, "test-passw0rd!"),
            ("spaces around the password", &trader, " Test-Passw0rd! "),
        ] {
            let refused = login(&caller, email, password).await;
            assert_eq!(refused.bare(), wrong.bare(), "{what}");
            let names = |written: &Written| {
                let mut names: Vec<_> = written.headers.keys().map(|name| name.as_str().to_owned()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&refused), names(&wrong), "{what}");
        }
        let right = login(&caller, &trader, PASSWORD).await;
        assert!(session(&right)["accessToken"].is_string(), "and the right one is let in: {}", right.text);
    }

    /// The tenant is an input like any other.
    async fn a_login_names_its_tenant_or_is_refused_like_any_other(app: TestApp) {
        let caller = Caller::anonymous(&app);
        let trader = email("a", Role::Trader);
        let wrong = login(&caller, &trader, "Wrong-Passw0rd!").await;
        for tenant in ["b", "nowhere", "", "' OR 1=1 --", "a\u{0}", &"x".repeat(5_000)] {
            let input = json!({"input": {"email": trader, "password": PASSWORD, "tenant": tenant}});
            assert_eq!(caller.ask(LOGIN, &input).await.bare(), wrong.bare(), "{tenant:?}");
        }
        for tenant in [json!("a"), json!(" A "), Value::Null] {
            let input = json!({"input": {"email": trader, "password": PASSWORD, "tenant": tenant}});
            assert!(session(&caller.ask(LOGIN, &input).await)["accessToken"].is_string(), "{tenant}");
        }
    }

    async fn an_email_signs_in_in_any_case(app: TestApp) {
        let id = Caller::of(&app, "a", Role::Trader).await.viewer().await["user"]["id"].clone();
        for spelling in ["TRADER@A.TEST", " Trader@a.Test "] {
            let done = login(&Caller::anonymous(&app), spelling, PASSWORD).await;
            assert_eq!(done.json()["data"]["login"]["viewer"]["user"]["id"], id, "{spelling}");
        }
    }

    async fn nobody_is_the_viewer_when_nobody_is_signed_in(app: TestApp) {
        let written = Caller::anonymous(&app).ask("{ viewer { user { id } } }", &json!({})).await;
        let json = written.json();
        assert_eq!((written.status.as_u16(), &json["data"], json.get("errors")), (200, &json!({"viewer": null}), None));
    }

    /// Also after it was renewed, however often.
    async fn to_be_remembered_is_to_be_signed_in_for_thirty_days(app: TestApp) {
        let refresh = "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) {
            session { refreshToken refreshTokenExpiresAt } } }";
        for (remember, lasts) in [(false, TimeDelta::hours(12)), (true, TimeDelta::days(30))] {
            let is_right = |before: DateTime<Utc>, session: &Value| {
                let until = session["refreshTokenExpiresAt"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
                assert!((before + lasts..=app.domain.now() + lasts).contains(&until), "{until}");
            };
            let input = json!({"email": email("a", Role::Trader), "password": PASSWORD, "rememberMe": remember});
            let before = app.domain.now();
            let mut opened = session(&Caller::anonymous(&app).ask(LOGIN, &json!({"input": input})).await);
            is_right(before, &opened);
            for _ in 0..2 {
                let before = app.domain.now();
                let renewed = app.anonymous().data(refresh, json!({"token": opened["refreshToken"]})).await;
                opened = renewed["refreshSession"]["session"].clone();
                is_right(before, &opened);
            }
        }
    }

    /// A hash of less than the present cost is replaced when its password comes by; one of more is left as it is.
    async fn a_password_is_hashed_again_once_the_cost_has_grown(app: DearerPasswords) {
        let app = app.0;
        let trader = email("a", Role::Trader);
        let hash_with = async |memory_kib, iterations| {
            let cost = PasswordCost { memory_kib, iterations, parallelism: 1 };
            let entropy = Entropy::from_system().unwrap();
            let passwords = Passwords::new(cost, 1, &entropy).unwrap();
            let hash = passwords.hash(&PASSWORD.into(), &entropy).await.unwrap();
            execute(&app, &format!("UPDATE users SET password_hash = '{hash}' WHERE email_key = '{trader}'")).await;
            hash
        };
        let stored = async |like: &str| {
            count(&app, &format!("users WHERE email_key = '{trader}' AND password_hash LIKE '{like}'")).await == 1
        };
        let caller = Caller::anonymous(&app);
        let present = "$argon2id$v=19$m=32,t=2,p=1$%";
        let cheap = hash_with(8, 1).await;
        assert!(cheap.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{cheap}");
        login(&caller, &trader, "Wrong-Passw0rd!").await;
        assert!(stored(&cheap).await, "a wrong password is not put in its place");
        for _ in 0..2 {
            let done = login(&caller, &trader, PASSWORD).await;
            assert!(session(&done)["accessToken"].is_string(), "{}", done.text);
            assert!(stored(present).await);
        }
        let dear = hash_with(64, 3).await;
        assert!(session(&login(&caller, &trader, PASSWORD).await)["accessToken"].is_string());
        assert!(stored(&dear).await, "a cost that was lowered weakens nothing");
    }

    /// The sixth try in a minute is not made, whatever it would have been.
    async fn the_sixth_login_of_an_address_in_a_minute_is_refused(app: FiveLogins) {
        let app = app.0;
        let caller = Caller::anonymous(&app);
        for _ in 0..5 {
            let refused = login(&caller, "trader@a.test", "Wrong-Passw0rd!").await;
            assert_eq!((refused.status.as_u16(), refused.code()), (200, None), "{}", refused.text);
        }
        let noted = count(&app, "audit_log WHERE action LIKE 'LOGIN%'").await;
        for (email, password, forwarded) in [
            ("trader@a.test", "Wrong-Passw0rd!", "198.51.100.1"),
            ("trader@a.test", PASSWORD, "198.51.100.2"),
            ("admin@b.test", PASSWORD, "2001:db8::1"),
        ] {
            // Whoever is no proxy of ours may write what they like into the header.
            let input = json!({"input": {"email": email, "password": password}});
            let limited = caller.ask_with(LOGIN, &input, &[("x-forwarded-for", forwarded)]).await;
            let refused = (limited.status.as_u16(), limited.code());
            assert_eq!(refused, (429, Some("RATE_LIMITED".to_owned())), "{}", limited.text);
            let json = limited.json();
            assert_eq!(json["data"], json!({"login": null}));
            let extensions = &json["errors"][0]["extensions"];
            let seconds = extensions["retryAfterSeconds"].as_u64().unwrap();
            assert!((1..=60).contains(&seconds), "{seconds}");
            assert_eq!(extensions["retryable"], true);
            assert_eq!(limited.headers["retry-after"].to_str().unwrap(), seconds.to_string());
        }
        assert_eq!(count(&app, "audit_log WHERE action LIKE 'LOGIN%'").await, noted, "a password was tried");
        // Other clients get the same status, and what is no login is still answered.
        let legacy = caller.ask_with(LOGIN, &json!({"input": {"email": "trader@a.test", "password": PASSWORD}}),
            &[("accept", "application/json;q=0.9")]).await;
        assert_eq!(legacy.status, 429);
        assert_eq!(caller.ask("{ viewer { role } }", &json!({})).await.status, 200);
    }

    /// Five addresses that try one email are stopped as one that tries it five times is.
    async fn the_sixth_login_with_an_email_is_refused_wherever_it_comes_from(app: FiveLoginsBehindProxy) {
        let app = app.0;
        let caller = Caller::anonymous(&app);
        let from = async |address: String, email: &str| {
            let input = json!({"input": {"email": email, "password": PASSWORD}});
            caller.ask_with(LOGIN, &input, &[("x-forwarded-for", &address)]).await.status.as_u16()
        };
        for number in 1..=5 {
            let email = if number % 2 == 0 { "trader@a.test" } else { " TRADER@a.test" };
            assert_eq!(from(format!("198.51.100.{number}"), email).await, 200);
        }
        assert_eq!(from("198.51.100.6".to_owned(), "Trader@A.test").await, 429);
        assert_eq!(from("198.51.100.6".to_owned(), "admin@a.test").await, 200, "another email is not held up");
    }

    /// A socket carries no logins, however many are sent over it.
    async fn a_socket_tries_no_credential(app: TestApp) {
        let before = (count(&app, "sessions").await, count(&app, "audit_log").await);
        let mut socket = Socket::open(&app, None, Value::Null).await.unwrap();
        for number in 0..10 {
            let input = json!({"input": {"email": email("a", Role::Trader), "password": PASSWORD}});
            socket.start(&number.to_string(), LOGIN, &input).await;
            let answer = socket.next().await;
            assert_eq!(answer.code(), Some("QUERY_REJECTED"), "{answer:?}");
        }
        assert_eq!((count(&app, "sessions").await, count(&app, "audit_log").await), before, "one of them was tried");
    }

    /// One document tries one credential: aliases, fragments and directives do not help.
    async fn a_document_with_two_credentials_tries_neither(app: TestApp) {
        let trader = format!("{{email: \"{}\", password: \"{PASSWORD}\"}}", email("a", Role::Trader));
        let admin = format!("{{email: \"{}\", password: \"{PASSWORD}\"}}", email("a", Role::Admin));
        let visitor = format!(
            "{{email: \"twice@example.com\", password: \"{PASSWORD}\", firstName: \"A\", lastName: \"B\",
                acceptTerms: \"{}\"}}",
            app.domain.config().terms_version
        );
        let answer = "{ session { accessToken } }";
        let documents = [
            format!("mutation {{ a: login(input: {trader}) {answer} b: login(input: {admin}) {answer} }}"),
            format!("mutation {{ login(input: {trader}) {answer} register(input: {visitor}) {answer} }}"),
            format!("mutation {{ register(input: {visitor}) {answer} again: register(input: {visitor}) {answer} }}"),
            format!("mutation {{ login(input: {trader}) {answer}
                refreshSession(input: {{refreshToken: \"x\"}}) {answer} }}"),
            format!("mutation {{ ...A ...B }} fragment A on Mutation {{ a: login(input: {trader}) {answer} }}
                fragment B on Mutation {{ b: login(input: {admin}) {answer} }}"),
            format!("mutation {{ ... on Mutation {{ a: login(input: {trader}) {answer} }}
                ... {{ b: login(input: {admin}) {answer} }} }}"),
            format!("mutation {{ ...A ...A2 }} fragment A on Mutation {{ a: login(input: {trader}) {answer} }}
                fragment A2 on Mutation {{ ...A3 }}
                fragment A3 on Mutation {{ b: register(input: {visitor}) {answer} }}"),
            format!("mutation {{ a: login(input: {trader}) {answer}
                b: login(input: {admin}) @include(if: true) {answer} }}"),
            format!("mutation Twice {{ a: login(input: {trader}) {answer} b: login(input: {admin}) {answer} }}"),
        ];
        let people = "users WHERE email_key = 'twice@example.com'";
        let before = (count(&app, "sessions").await, count(&app, "audit_log").await, count(&app, people).await);
        let caller = Caller::anonymous(&app);
        for document in &documents {
            let refused = caller.ask(document, &json!({})).await;
            let json = refused.json();
            let said = (refused.status.as_u16(), refused.code());
            assert_eq!(said, (400, Some("QUERY_REJECTED".to_owned())), "{document}: {json}");
            assert_eq!(json["errors"][0]["extensions"]["rule"], "CREDENTIAL_FIELDS", "{document}: {json}");
            assert_eq!(json.get("data"), None, "{document}: {json}");
        }
        let after = (count(&app, "sessions").await, count(&app, "audit_log").await, count(&app, people).await);
        assert_eq!(after, before, "one of them was tried");
        // A batch is no document at all; one alone is tried.
        let one = json!({"query": format!("mutation {{ login(input: {trader}) {answer} }}")});
        let batch = app.anonymous().post("application/json", json!([one, one]).to_string()).await;
        assert_eq!((batch.status.as_u16(), batch.code()), (400, Some("BAD_REQUEST")), "{}", batch.body);
        assert_eq!(count(&app, "sessions").await, before.0);
        assert_eq!(app.anonymous().post("application/json", one.to_string()).await.status, 200);
        assert_eq!(count(&app, "sessions").await, before.0 + 1);
    }
}
