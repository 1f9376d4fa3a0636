//! Sessions: renewing, and the end of them.

use std::time::{Duration, Instant};

use bellwether_domain::ids::SessionId;
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::follow::{Heard, Socket};
use crate::world::{Caller, Written, count, eventually, execute, record, signal, unused};

const REFRESH: &str = "mutation ($token: String!) { refreshSession(input: {refreshToken: $token}) {
    viewer { user { id } session { id } } session { accessToken refreshToken } userErrors { code path message } } }";
const LOGOUT: &str =
    "mutation ($id: ID) { logout(input: {sessionId: $id}) { sessionId userErrors { code path message } } }";
const LOGIN: &str =
    "mutation ($email: String!, $password: String!) { login(input: {email: $email, password: $password}) {
    viewer { user { id } session { id } } session { accessToken refreshToken } userErrors { code } } }";

/// A session and what it is used with.
#[derive(Clone)]
struct Session {
    id: String,
    access: String,
    refresh: String,
}

impl Session {
    /// The session in a payload.
    fn of(payload: &Value) -> Self {
        let text = |path: &str| payload.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{payload}"));
        Self {
            id: text("/viewer/session/id").to_owned(),
            access: text("/session/accessToken").to_owned(),
            refresh: text("/session/refreshToken").to_owned(),
        }
    }

    async fn open(app: &TestApp, tenant: &str, role: Role) -> Self {
        let input = json!({"email": email(tenant, role), "password": PASSWORD});
        Self::of(&app.anonymous().data(LOGIN, input).await["login"])
    }

    fn caller(&self, app: &TestApp) -> Caller {
        Caller::anonymous(app).with_token(&self.access)
    }
}

async fn refresh(app: &TestApp, token: &str) -> Written {
    Caller::anonymous(app).ask(REFRESH, &json!({"token": token})).await
}

/// The same by another program.
async fn refresh_by(app: &TestApp, token: &str, program: &str) -> Written {
    Caller::anonymous(app).ask_with(REFRESH, &json!({"token": token}), &[("user-agent", program)]).await
}

/// Whether an access token is let in; what is not is refused in the one right way.
async fn is_let_in(caller: &Caller) -> bool {
    let written = caller.ask("{ viewer { user { id } } }", &json!({})).await;
    if written.status == 200 {
        assert!(written.json()["data"]["viewer"]["user"]["id"].is_string(), "let in as nobody: {}", written.text);
        return true;
    }
    assert_eq!(
        (written.status.as_u16(), written.code().as_deref()),
        (401, Some("UNAUTHENTICATED")),
        "{}",
        written.text
    );
    assert!(written.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    assert_eq!(written.json()["errors"][0]["extensions"]["reason"], "REVOKED");
    assert_eq!(written.json().get("data"), None);
    false
}

/// Whether an access token is let in to what reads nothing.
async fn is_let_in_without_profile(caller: &Caller) -> bool {
    caller.ask("{ __typename }", &json!({})).await.status == 200
}

fn first_code(written: &Written, field: &str) -> Value {
    written.json()["data"][field]["userErrors"][0]["code"].clone()
}

both_databases! {
    async fn a_refresh_token_is_good_for_one_time_and_its_copy_ends_the_session(app: TestApp) {
        let first = Session::open(&app, "a", Role::Trader).await;
        let renewed = refresh(&app, &first.refresh).await;
        let second = Session::of(&renewed.json()["data"]["refreshSession"]);
        assert_eq!(second.id, first.id, "it is the same session");
        assert_ne!(second.refresh, first.refresh);
        assert!(is_let_in(&first.caller(&app)).await && is_let_in(&second.caller(&app)).await);
        let bystander = Session::open(&app, "a", Role::Trader).await;

        let reused = refresh_by(&app, &first.refresh, "another program").await;
        assert_eq!(first_code(&reused, "refreshSession"), "TOKEN_INVALID", "{}", reused.text);
        assert_eq!(reused.json()["data"]["refreshSession"]["session"], Value::Null);
        assert!(!is_let_in(&first.caller(&app)).await && !is_let_in(&second.caller(&app)).await);
        let newest = refresh(&app, &second.refresh).await;
        let unknown = refresh(&app, "bwr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert_eq!(first_code(&newest, "refreshSession"), "TOKEN_INVALID", "{}", newest.text);
        assert_eq!(reused.bare(), unknown.bare(), "a used token is told from an unknown one");
        assert_eq!(newest.bare(), unknown.bare(), "an ended session's token is told from an unknown one");
        assert_eq!(count(&app, "audit_log WHERE action = 'REFRESH_TOKEN_REUSED'").await, 1);
        assert!(is_let_in(&bystander.caller(&app)).await, "another session of the same user goes on");
    }

    /// Two tabs, or an answer that got lost: whoever used the token up a moment ago is answered once more.
    async fn a_repetition_is_answered_with_the_same_refresh_token_for_ten_seconds(app: TestApp) {
        let first = Session::open(&app, "a", Role::Trader).await;
        let second = Session::of(&refresh(&app, &first.refresh).await.json()["data"]["refreshSession"]);
        let again = Session::of(&refresh(&app, &first.refresh).await.json()["data"]["refreshSession"]);
        assert_eq!((&again.id, &again.refresh), (&first.id, &second.refresh));
        assert!(is_let_in(&again.caller(&app)).await);
        assert_eq!(count(&app, "audit_log WHERE action = 'REFRESH_TOKEN_REUSED'").await, 0);
        let (_other, address) = app.another().await;
        let elsewhere = app.anonymous().at(address).data(REFRESH, json!({"token": first.refresh})).await;
        assert_eq!(Session::of(&elsewhere["refreshSession"]).refresh, second.refresh, "by every server");
        // Ten seconds later it is what it always was: a sign that somebody has a copy.
        execute(&app, "UPDATE spent_refresh_tokens SET spent_at = '2020-01-01T00:00:00+00:00'").await;
        let late = refresh(&app, &first.refresh).await;
        assert_eq!(first_code(&late, "refreshSession"), "TOKEN_INVALID", "{}", late.text);
        assert!(!is_let_in(&second.caller(&app)).await);
        assert_eq!(count(&app, "audit_log WHERE action = 'REFRESH_TOKEN_REUSED'").await, 1);
    }

    /// Once the next token was used, the one before is nobody's to repeat.
    async fn a_token_whose_successor_was_used_ends_the_session_at_once(app: TestApp) {
        let first = Session::open(&app, "a", Role::Trader).await;
        let second = Session::of(&refresh(&app, &first.refresh).await.json()["data"]["refreshSession"]);
        let third = Session::of(&refresh(&app, &second.refresh).await.json()["data"]["refreshSession"]);
        assert_ne!(third.refresh, second.refresh);
        assert_eq!(first_code(&refresh(&app, &first.refresh).await, "refreshSession"), "TOKEN_INVALID");
        assert!(!is_let_in(&third.caller(&app)).await);
        assert_eq!(first_code(&refresh(&app, &third.refresh).await, "refreshSession"), "TOKEN_INVALID");
    }

    async fn a_repetition_by_who_may_not_sign_in_any_more_is_refused(app: TestApp) {
        let first = Session::open(&app, "a", Role::Trader).await;
        refresh(&app, &first.refresh).await;
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'trader@a.test'").await;
        assert_eq!(first_code(&refresh(&app, &first.refresh).await, "refreshSession"), "TOKEN_INVALID");
    }

    async fn what_is_no_refresh_token_renews_nothing(app: TestApp) {
        let session = Session::open(&app, "a", Role::Trader).await;
        let upper = session.refresh.to_uppercase();
        let padded = format!(" {}", session.refresh);
        let (bare, long) = (&session.refresh[4..], "x".repeat(9_000));
        for wrong in ["", "x", "\u{0}", &session.access, &session.id, &upper, &padded, bare, &long] {
            let refused = refresh(&app, wrong).await;
            assert_eq!(first_code(&refused, "refreshSession"), "TOKEN_INVALID", "{wrong:?}: {}", refused.text);
        }
        assert!(is_let_in(&session.caller(&app)).await);
        Session::of(&refresh(&app, &session.refresh).await.json()["data"]["refreshSession"]);
    }

    /// However many present it at once, one token has one successor, and the session goes on.
    async fn a_race_for_a_refresh_token_has_one_successor(app: TestApp) {
        // One client, so that nothing but the server parts them; the first round opens its connections.
        let anonymous = Caller::anonymous(&app);
        for round in 0..8 {
            let session = Session::open(&app, "a", Role::Trader).await;
            let tasks: Vec<_> = (0..10).map(|_| {
                let (caller, token) = (anonymous.clone(), session.refresh.clone());
                tokio::spawn(async move { caller.ask(REFRESH, &json!({"token": token})).await })
            }).collect();
            let mut successors = Vec::new();
            for task in tasks {
                successors.push(Session::of(&task.await.unwrap().json()["data"]["refreshSession"]).refresh);
            }
            successors.dedup();
            assert_eq!(successors.len(), 1, "in round {round}");
            let next = refresh(&app, &successors[0]).await;
            Session::of(&next.json()["data"]["refreshSession"]);
        }
    }

    async fn who_may_not_sign_in_may_not_renew(app: TestApp) {
        let session = Session::open(&app, "a", Role::Seller).await;
        let other = Session::open(&app, "b", Role::Seller).await;
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'seller@a.test'").await;
        execute(&app, "UPDATE tenants SET status = 'SUSPENDED' WHERE slug = 'b'").await;
        // A server that has not seen them before asks the database.
        let (_second, address) = app.another().await;
        for session in [session, other] {
            assert_eq!(first_code(&refresh(&app, &session.refresh).await, "refreshSession"), "TOKEN_INVALID");
            let mut client = app.anonymous().at(address);
            client.token = Some(session.access);
            let answer = client.send("{ viewer { role } }", json!({})).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (401, Some("UNAUTHENTICATED")), "{}", answer.body);
        }
    }

    /// In the common case a session is known without asking the database.
    async fn verifying_a_session_takes_no_statement(app: TestApp) {
        let session = Session::open(&app, "a", Role::Trader).await;
        let caller = session.caller(&app);
        let verified = async || {
            for _ in 0..20 {
                app.domain.authenticate(&session.access).await.unwrap();
            }
            assert!(is_let_in_without_profile(&caller).await);
        };
        assert_eq!(app.statements(verified).await, 0);
    }

    async fn logging_out_takes_effect_at_once_here_and_within_five_seconds_elsewhere(app: TestApp) {
        let (_second, address) = app.another().await;
        let session = Session::open(&app, "a", Role::Trader).await;
        let here = session.caller(&app);
        let mut elsewhere = app.anonymous().at(address);
        elsewhere.token = Some(session.access.clone());
        let let_in = async || {
            let answer = elsewhere.send("{ viewer { role } }", json!({})).await;
            assert!([200, 401].contains(&answer.status.as_u16()), "{}", answer.body);
            answer.status == 200
        };
        assert!(is_let_in(&here).await && let_in().await);
        let done = here.ask(LOGOUT, &json!({})).await;
        let ended = Instant::now();
        assert_eq!(done.json()["data"]["logout"], json!({"sessionId": session.id, "userErrors": []}));
        assert!(!is_let_in(&here).await, "it still works on the server that ended it");
        assert_eq!(first_code(&refresh(&app, &session.refresh).await, "refreshSession"), "TOKEN_INVALID");
        let mut last_let_in = Duration::ZERO;
        eventually("the other server refuses it", async || {
            let asked = ended.elapsed();
            let is_in = let_in().await;
            if is_in {
                last_let_in = asked;
            }
            !is_in
        })
        .await;
        // Five seconds, and as much again for a busy machine.
        assert!(last_let_in < Duration::from_secs(10), "it was let in after {last_let_in:?}");
        assert!(!let_in().await, "and it stays out");
    }

    async fn another_session_of_ones_own_can_be_ended_and_nobody_elses(app: TestApp) {
        let mine = Session::open(&app, "a", Role::Trader).await;
        let other = Session::open(&app, "a", Role::Trader).await;
        let caller = mine.caller(&app);
        let unknown = caller.ask(LOGOUT, &json!({"id": unused::<SessionId>()})).await;
        assert_eq!(first_code(&unknown, "logout"), "NOT_FOUND");
        for (tenant, role) in [("a", Role::Admin), ("a", Role::Support), ("b", Role::Trader), ("b", Role::Owner)] {
            let theirs = Session::open(&app, tenant, role).await;
            let refused = caller.ask(LOGOUT, &json!({"id": theirs.id})).await;
            assert_eq!(refused.bare(), unknown.bare(), "the session of {role:?} of {tenant}");
            assert!(is_let_in(&theirs.caller(&app)).await);
            let refused = theirs.caller(&app).ask(LOGOUT, &json!({"id": mine.id})).await;
            assert_eq!(refused.bare(), unknown.bare(), "by {role:?} of {tenant}");
        }
        assert!(is_let_in(&other.caller(&app)).await);
        let done = caller.ask(LOGOUT, &json!({"id": other.id})).await;
        assert_eq!(done.json()["data"]["logout"]["sessionId"], json!(other.id));
        assert!(!is_let_in(&other.caller(&app)).await && is_let_in(&caller).await);
        let again = caller.ask(LOGOUT, &json!({"id": other.id})).await;
        assert_eq!(again.json()["data"]["logout"]["sessionId"], json!(other.id), "again changes nothing");
        let wrong = caller.ask(LOGOUT, &json!({"id": "usr_01h455vb4pex5vsknk084sn02q"})).await;
        assert_eq!(first_code(&wrong, "logout"), "VALIDATION");
    }

    /// What is recorded after a logout is not told to a subscription that was opened before it.
    async fn a_subscription_ends_with_its_session(app: TestApp) {
        let admin = app.sign_in("a", Role::Admin).await;
        record(&admin, &signal(&app, 0, "TENANT")).await;
        let session = Session::open(&app, "a", Role::Trader).await;
        let query = "subscription { signalRecorded(afterSequence: \"0\") { signal { id } } }";
        let mut socket = Socket::subscribe(&app, Some(&session.access), query, &json!({})).await;
        assert!(socket.next().await.data().is_some(), "it runs");
        session.caller(&app).ask(LOGOUT, &json!({})).await;
        let after = record(&admin, &signal(&app, 1, "TENANT")).await;
        let heard = socket.next().await;
        match &heard {
            Heard::Closed(code) => assert_eq!(*code, 4403),
            Heard::Answer(_) => assert_eq!(heard.code(), Some("UNAUTHENTICATED"), "{heard:?}"),
            Heard::Over => panic!("it ended without a reason"),
        }
        assert!(!socket.raw.contains(&after));
    }
}
