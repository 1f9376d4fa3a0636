//! Registering: every rule, and the spelling of emails and passwords.

use bellwether_domain::Viewer;
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{Backend, Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::world::{Caller, count, execute};

const REGISTER: &str = "mutation ($input: RegisterInput!) { register(input: $input) {
    viewer { user { id email firstName role isEmailVerified } tenant { slug } role }
    session { accessToken refreshToken } userErrors { code path message } } }";

/// What a visitor sends with nothing wrong in it.
fn visitor(app: &TestApp, email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "firstName": "Ana", "lastName": "Pérez",
        "acceptTerms": app.domain.config().terms_version,
    })
}

/// The same with one part changed.
fn with(app: &TestApp, field: &str, value: impl Into<Value>) -> Value {
    let mut input = visitor(app, "visitor@example.com");
    input[field] = value.into();
    input
}

async fn register(client: &Client, input: &Value) -> Value {
    client.data(REGISTER, json!({"input": input})).await["register"].clone()
}

/// Code and path of each problem, sorted: `VALIDATION input.email`.
fn problems(payload: &Value) -> Vec<String> {
    let problem = |error: &Value| {
        let path = error["path"].as_array().map(Vec::as_slice).unwrap_or_default();
        let path: Vec<_> = path.iter().filter_map(Value::as_str).collect();
        format!("{} {}", error["code"].as_str().unwrap_or_default(), path.join("."))
    };
    let mut problems: Vec<_> = payload["userErrors"].as_array().unwrap().iter().map(problem).collect();
    problems.sort();
    if problems.is_empty() {
        assert!(payload["session"]["accessToken"].is_string(), "neither refused nor signed in: {payload}");
    } else {
        assert!(payload["viewer"].is_null() && payload["session"].is_null(), "refused and signed in: {payload}");
    }
    problems
}

/// A server on which visitors may register in the first tenant alone.
struct ClosedToVisitors(TestApp);

impl ClosedToVisitors {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_with(backend, |_, domain| domain.registration_tenants.clear()).await.map(Self)
    }
}

/// A server behind a proxy that lets everybody register three times a minute.
struct ThreeRegistrations(TestApp);

impl ThreeRegistrations {
    async fn start(backend: Backend) -> Option<Self> {
        TestApp::start_behind_proxy(backend, |domain| domain.limits.registrations_per_minute = 3).await.map(Self)
    }
}

both_databases! {
    async fn a_visitor_becomes_a_trader_who_is_signed_in(app: TestApp) {
        let before = app.domain.now();
        let payload = register(&app.anonymous(), &visitor(&app, " Ana@Example.COM ")).await;
        assert_eq!(problems(&payload), [""; 0]);
        assert_eq!(payload["viewer"]["role"], "TRADER");
        assert_eq!(payload["viewer"]["tenant"]["slug"], "a");
        assert_eq!(payload["viewer"]["user"]["email"], "Ana@Example.COM");
        assert_eq!(payload["viewer"]["user"]["isEmailVerified"], false);
        let mut client = app.anonymous();
        client.token = payload["session"]["accessToken"].as_str().map(str::to_owned);
        let viewer = client.data("{ viewer { user { id } } }", json!({})).await;
        assert_eq!(viewer["viewer"]["user"]["id"], payload["viewer"]["user"]["id"]);
        app.anonymous().sign_in("ana@example.com", PASSWORD).await;
        // Which terms were accepted is kept, and when.
        let id = payload["viewer"]["user"]["id"].as_str().unwrap().parse().unwrap();
        let user = app.domain.user(&Viewer::System, id).await.unwrap().unwrap();
        assert_eq!(user.terms_version, app.domain.config().terms_version);
        assert!((before..=app.domain.now()).contains(&user.terms_accepted_at), "{}", user.terms_accepted_at);
        let noted = format!("audit_log WHERE action = 'USER_REGISTERED' AND details LIKE '%{}%'", user.terms_version);
        assert!(count(&app, &noted).await >= 1);
    }

    async fn three_registrations_a_minute_by_address_and_by_email(app: ThreeRegistrations) {
        let app = app.0;
        let caller = Caller::anonymous(&app);
        let from = async |address: &str, email: &str| {
            caller.ask_with(REGISTER, &json!({"input": visitor(&app, email)}), &[("x-forwarded-for", address)]).await
        };
        for number in 1..=3 {
            let done = from("198.51.100.1", &format!("visitor{number}@example.com")).await;
            assert_eq!(problems(&done.json()["data"]["register"]), [""; 0]);
        }
        let limited = from("198.51.100.1", "visitor4@example.com").await;
        assert_eq!((limited.status.as_u16(), limited.code()), (429, Some("RATE_LIMITED".to_owned())), "{}", limited.text);
        let seconds = limited.json()["errors"][0]["extensions"]["retryAfterSeconds"].clone();
        assert_eq!(limited.headers["retry-after"].to_str().unwrap(), seconds.to_string());
        assert!((1..=60).contains(&seconds.as_u64().unwrap()), "{seconds}");
        for number in 1..=3 {
            assert_eq!(from(&format!("203.0.113.{number}"), "Taken@Example.com").await.status, 200);
        }
        assert_eq!(from("203.0.113.4", " taken@example.com").await.status, 429, "wherever it comes from");
        assert_eq!(from("203.0.113.4", "another@example.com").await.status, 200, "others are not held up");
        assert_eq!(count(&app, "users WHERE email_key = 'visitor4@example.com'").await, 0);
        assert_eq!(count(&app, "users WHERE email_key LIKE '%@example.com'").await, 5);
    }

    async fn a_role_cannot_be_asked_for(app: TestApp) {
        for field in ["role", "tenantId", "status", "emailVerifiedAt"] {
            let answer = app.anonymous().send(REGISTER, json!({"input": with(&app, field, "OWNER")})).await;
            assert_eq!(answer.code(), Some("GRAPHQL_VALIDATION_FAILED"), "{field}: {}", answer.body);
        }
        assert_eq!(count(&app, "users WHERE email_key = 'visitor@example.com'").await, 0);
    }

    async fn every_unmet_rule_is_named_at_once(app: TestApp) {
        let input =
            json!({"email": "ana", "password": "short", "firstName": " ", "lastName": "a\nb", "acceptTerms": "1999"});
        assert_eq!(problems(&register(&app.anonymous(), &input).await), [
            "VALIDATION input.acceptTerms", "VALIDATION input.email", "VALIDATION input.firstName",
            "VALIDATION input.lastName", "VALIDATION input.password", "VALIDATION input.password",
            "VALIDATION input.password", "VALIDATION input.password", "VALIDATION input.password",
        ]);
    }

    async fn an_unknown_tenant_is_named_beside_every_other_unmet_rule(app: TestApp) {
        let mut input = with(&app, "tenant", "nowhere");
        assert_eq!(problems(&register(&app.anonymous(), &input).await), ["NOT_FOUND input.tenant"]);
        input["email"] = "ana".into();
        input["firstName"] = "".into();
        assert_eq!(problems(&register(&app.anonymous(), &input).await),
            ["NOT_FOUND input.tenant", "VALIDATION input.email", "VALIDATION input.firstName"]);
    }

    /// Whether a tenant is there is nothing that a visitor of another one finds out.
    async fn a_tenant_that_is_not_open_to_visitors_is_like_one_that_is_not_there(app: ClosedToVisitors) {
        let app = app.0;
        let caller = Caller::anonymous(&app);
        let unknown = caller.ask(REGISTER, &json!({"input": with(&app, "tenant", "nowhere")})).await;
        assert_eq!(problems(&unknown.json()["data"]["register"]), ["NOT_FOUND input.tenant"]);
        for closed in ["b", " B ", "", "%", "' OR 1=1 --"] {
            let refused = caller.ask(REGISTER, &json!({"input": with(&app, "tenant", closed)})).await;
            assert_eq!(refused.bare(), unknown.bare(), "{closed:?}");
        }
        assert_eq!(problems(&register(&app.anonymous(), &with(&app, "tenant", " A ")).await), [""; 0]);
        execute(&app, "UPDATE tenants SET status = 'SUSPENDED' WHERE slug = 'a'").await;
        let mut input = visitor(&app, "late@example.com");
        for tenant in [Value::Null, json!("a")] {
            input["tenant"] = tenant;
            let refused = caller.ask(REGISTER, &json!({"input": input})).await;
            assert_eq!(refused.bare(), unknown.bare(), "a suspended tenant takes nobody in");
        }
    }

    async fn the_present_terms_are_accepted_and_no_others(app: TestApp) {
        let version = app.domain.config().terms_version.clone();
        for wrong in ["", "true", "2025-01", &format!("{version} "), &format!("{version}\u{0}")] {
            let refused = register(&app.anonymous(), &with(&app, "acceptTerms", wrong)).await;
            assert_eq!(problems(&refused), ["VALIDATION input.acceptTerms"], "{wrong:?}");
            let message = refused["userErrors"][0]["message"].as_str().unwrap();
            assert!(message.contains(&version), "it says which to accept: {message}");
        }
    }

    async fn an_email_is_taken_in_any_case_and_in_its_tenant_alone(app: TestApp) {
        let trader = email("a", Role::Trader);
        for spelling in [trader.clone(), trader.to_uppercase(), "tRaDeR@A.Test".to_owned(), format!("  {trader} ")] {
            let refused = register(&app.anonymous(), &visitor(&app, &spelling)).await;
            assert_eq!(problems(&refused), ["EMAIL_TAKEN input.email"], "{spelling:?}");
        }
        let of_b = email("b", Role::Trader);
        assert_eq!(problems(&register(&app.anonymous(), &visitor(&app, &of_b)).await), [""; 0], "taken in b alone");
        assert_eq!(problems(&register(&app.anonymous(), &visitor(&app, "señor@correo.example")).await), [""; 0]);
        let refused = register(&app.anonymous(), &visitor(&app, "SEÑOR@Correo.Example")).await;
        assert_eq!(problems(&refused), ["EMAIL_TAKEN input.email"], "beyond ASCII too");
    }

    /// Twenty at once for one email: one account.
    async fn a_race_for_an_email_has_one_winner(app: TestApp) {
        let anonymous = app.anonymous();
        let tasks: Vec<_> = (0..20).map(|_| {
            let (client, input) = (anonymous.clone(), visitor(&app, "race@example.com"));
            tokio::spawn(async move { problems(&register(&client, &input).await) })
        }).collect();
        let mut won = 0;
        for task in tasks {
            let problems = task.await.unwrap();
            assert!(problems.is_empty() || problems == ["EMAIL_TAKEN input.email"], "{problems:?}");
            won += usize::from(problems.is_empty());
        }
        assert_eq!((won, count(&app, "users WHERE email_key = 'race@example.com'").await), (1, 1));
    }

    async fn emails_that_mail_servers_would_not_take_are_refused(app: TestApp) {
        let long = format!("{}@example.com", "a".repeat(388));
        let long_host = format!("a@{}.com", "a.".repeat(196));
        for wrong in [
            "", "ana", "@example.com", "ana@", "ana@example", "a b@example.com", "a..b@example.com", &long, &long_host,
            "ana@example.com\r\nBcc: x@y.z", "ana\r\n@example.com", "ana@example.com\n", "ana\u{0}@example.com",
            "ana@exam\u{0}ple.com", "<ana@example.com>", "ana@example.com,bob@example.com", "ana@example.com\u{7}",
        ] {
            let refused = register(&app.anonymous(), &visitor(&app, wrong)).await;
            assert_eq!(problems(&refused), ["VALIDATION input.email"], "{wrong:?}");
        }
        for right in ["o'brien@example.org", "first.last+tag@example.org", "用户@例子.公司"] {
            assert_eq!(problems(&register(&app.anonymous(), &visitor(&app, right)).await), [""; 0], "{right}");
            app.anonymous().sign_in(right, PASSWORD).await;
        }
    }

    async fn a_weak_password_is_refused_with_every_rule_it_breaks(app: TestApp) {
        for (password, rules) in [
            (String::new(), 5), ("short".to_owned(), 5), ("longenough".to_owned(), 4), ("qxjzkwvf".to_owned(), 3),
            ("Longenough".to_owned(), 3), ("Longenough1".to_owned(), 1), ("longenough1!".to_owned(), 1),
            ("Sh0rt!".to_owned(), 2), (" ".repeat(7), 4), ("A1-".repeat(43), 1), ("A1-a".repeat(2_500), 2),
        ] {
            let refused = problems(&register(&app.anonymous(), &with(&app, "password", password.clone())).await);
            assert_eq!(refused, vec!["VALIDATION input.password"; rules], "{} characters", password.len());
        }
    }

    async fn strong_passwords_of_every_kind_sign_in_again(app: TestApp) {
        let longest: String = "Lorem-1psum dolor sit amet, consectetur ".repeat(4).chars().take(128).collect();
        let strong = ["L0ngenough!", "correct horse battery", "пароль-Пароль-1", &longest];
        for (index, password) in strong.into_iter().enumerate() {
            let email = format!("strong{index}@example.com");
            let mut input = visitor(&app, &email);
            input["password"] = password.into();
            assert_eq!(problems(&register(&app.anonymous(), &input).await), [""; 0], "{password}");
            app.anonymous().sign_in(&email, password).await;
        }
    }

    /// Those that meet the rules and that everybody tries, or would try with this person.
    async fn a_common_password_is_refused(app: TestApp) {
        for password in ["P@ssw0rd", "Password1!", "Qwerty123!", "123456789012345", "A1-bA1-bA1-bA1-b", "Visitor@example.com1"] {
            let refused = problems(&register(&app.anonymous(), &with(&app, "password", password)).await);
            assert_eq!(refused, ["VALIDATION input.password"], "{password}");
        }
    }

    /// NUL and other control characters: a problem with the input, never an internal error.
    async fn control_characters_are_problems_of_the_input(app: TestApp) {
        for (field, value, expected) in [
            ("email", "ana\u{0}@example.com", "VALIDATION input.email"),
            ("firstName", "A\u{0}na", "VALIDATION input.firstName"),
            ("lastName", "Pérez\u{1b}[31m", "VALIDATION input.lastName"),
            ("tenant", "a\u{0}", "NOT_FOUND input.tenant"),
        ] {
            let answer = app.anonymous().send(REGISTER, json!({"input": with(&app, field, value)})).await;
            assert_eq!(answer.code(), None, "{field}: {}", answer.body);
            assert_eq!(problems(&answer.body["data"]["register"]), [expected], "{field}");
        }
        let long = register(&app.anonymous(), &with(&app, "firstName", "x".repeat(101))).await;
        assert_eq!(problems(&long), ["VALIDATION input.firstName"]);
    }

    /// A refusal repeats nothing secret.
    async fn a_refused_password_is_not_repeated(app: TestApp) {
        let secret = "quetzalcoatl";
        let mut input = with(&app, "password", secret);
        input["acceptTerms"] = "1999".into();
        let answer = app.anonymous().send(REGISTER, json!({"input": input})).await;
        assert!(!answer.body.to_string().contains(secret), "{}", answer.body);
    }
}
