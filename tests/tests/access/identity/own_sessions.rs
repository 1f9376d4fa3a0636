//! One's own sessions: which there are, and ending all of them.

use std::time::Duration;

use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestApp, both_databases};
use serde_json::{Value, json};

use crate::follow::{Heard, Socket};
use crate::world::{Caller, count, eventually, execute};

const SESSIONS: &str = "query ($first: Int, $after: String) { sessions(first: $first, after: $after) {
    nodes { id isCurrent device userAgent address createdAt lastUsedAt expiresAt }
    pageInfo { hasNextPage endCursor } totalCount } }";
const EVERYWHERE: &str = "mutation ($keep: Boolean) { logoutEverywhere(input: {keepCurrent: $keep}) {
    endedSessions userErrors { code message } } }";

/// Signs in with this User-Agent.
async fn sign_in_with(app: &TestApp, user_agent: &str) -> Caller {
    let query = "mutation ($email: String!, $password: String!) {
        login(input: {email: $email, password: $password}) { session { accessToken } } }";
    let input = json!({"email": email("a", Role::Trader), "password": PASSWORD});
    let answer = Caller::anonymous(app).ask_with(query, &input, &[("user-agent", user_agent)]).await.json();
    let token = answer["data"]["login"]["session"]["accessToken"].as_str().unwrap().to_owned();
    Caller::anonymous(app).with_token(&token)
}

async fn is_in(caller: &Caller) -> bool {
    caller.ask("{ viewer { role } }", &json!({})).await.status == 200
}

both_databases! {
    async fn sessions_are_listed_with_their_devices_and_which_is_the_present_one(app: TestApp) {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/142.0.0.0 Safari/537.36";
        let (first, second) = (sign_in_with(&app, chrome).await, sign_in_with(&app, "robot/7.1").await);
        Caller::of(&app, "a", Role::Admin).await;
        let list = second.ask(SESSIONS, &json!({"first": 1})).await.json()["data"]["sessions"].clone();
        assert_eq!(list["totalCount"], 2, "another user's is not among them: {list}");
        let newest = &list["nodes"][0];
        assert_eq!((&newest["isCurrent"], &newest["device"]), (&json!(true), &json!("robot")));
        assert_eq!(newest["address"], "127.0.0.1");
        let rest = second.ask(SESSIONS, &json!({"after": list["pageInfo"]["endCursor"]})).await.json();
        let rest = rest["data"]["sessions"]["nodes"].as_array().unwrap().clone();
        assert_eq!(rest.len(), 1, "{rest:?}");
        assert_eq!((&rest[0]["isCurrent"], &rest[0]["device"]), (&json!(false), &json!("Chrome on Windows 10")));
        let viewer = first.ask("{ viewer { session { id isCurrent device } } }", &json!({})).await.json();
        assert_eq!(viewer["data"]["viewer"]["session"]["id"], rest[0]["id"]);
        assert_eq!(viewer["data"]["viewer"]["session"]["isCurrent"], true);
    }

    async fn ended_sessions_are_not_listed_and_a_bad_cursor_is_told(app: TestApp) {
        let (first, second) = (sign_in_with(&app, "one").await, sign_in_with(&app, "two").await);
        first.ask("mutation { logout(input: {}) { sessionId } }", &json!({})).await;
        let list = second.ask(SESSIONS, &json!({})).await.json();
        assert_eq!(list["data"]["sessions"]["totalCount"], 1, "{list}");
        let wrong = second.ask(SESSIONS, &json!({"after": "x"})).await;
        assert_eq!(wrong.code().as_deref(), Some("BAD_REQUEST"));
    }

    async fn logging_out_everywhere_ends_all_or_all_others(app: TestApp) {
        let (_domain, elsewhere) = app.another().await;
        let (first, second) = (sign_in_with(&app, "one").await, sign_in_with(&app, "two").await);
        let bystander = Caller::of(&app, "a", Role::Seller).await;
        let mut there = app.anonymous().at(elsewhere);
        there.token.clone_from(&first.token);
        assert_eq!(there.send("{ viewer { role } }", json!({})).await.status, 200);
        let query = "subscription { signalRecorded { sequence } }";
        let mut socket = Socket::subscribe(&app, first.token.as_deref(), query, &json!({})).await;

        let done = second.ask(EVERYWHERE, &json!({"keep": true})).await.json();
        assert_eq!(done["data"]["logoutEverywhere"], json!({"endedSessions": 1, "userErrors": []}));
        assert!(!is_in(&first).await, "it is refused at once here");
        assert!(is_in(&second).await && is_in(&bystander).await);
        eventually("the other server refuses it", async || {
            there.send("{ viewer { role } }", json!({})).await.status == 401
        })
        .await;
        assert!(matches!(socket.next().await, Heard::Closed(4403)), "its socket is closed");

        let third = sign_in_with(&app, "three").await;
        let done = third.ask(EVERYWHERE, &json!({})).await.json();
        assert_eq!(done["data"]["logoutEverywhere"]["endedSessions"], 2, "{done}");
        assert!(!is_in(&second).await && !is_in(&third).await && is_in(&bystander).await);
        assert_eq!(count(&app, "audit_log WHERE action = 'LOGGED_OUT_EVERYWHERE'").await, 2);
    }

    /// The last use is written down once a minute at most, not once a request.
    async fn the_last_use_is_noted_to_the_minute(app: TestApp) {
        let caller = sign_in_with(&app, "one").await;
        let used = async || {
            let list = caller.ask(SESSIONS, &json!({})).await.json();
            list["data"]["sessions"]["nodes"][0]["lastUsedAt"].as_str().unwrap().to_owned()
        };
        let at_login = used().await;
        for _ in 0..5 {
            assert_eq!(used().await, at_login, "a use within the minute is not written down");
        }
        execute(&app, "UPDATE sessions SET last_used_at = '2026-01-01T00:00:00.000000+00:00'").await;
        // What is remembered of the session is read again within three seconds.
        tokio::time::sleep(Duration::from_secs(4)).await;
        eventually("the use is noted", async || used().await > at_login).await;
        let noted = used().await;
        assert_eq!(used().await, noted, "and then not again");
    }

    async fn what_a_viewer_may_do_is_told_with_what_stands_in_the_way(app: TestApp) {
        let query = "{ viewer { permissions limits { key used allowed }
            capabilities { permission description isAllowed refusedBy roles } } }";
        let viewer = Caller::of(&app, "a", Role::Support).await.ask(query, &json!({})).await.json();
        let viewer = &viewer["data"]["viewer"];
        let of = |name: &str| {
            let all = viewer["capabilities"].as_array().unwrap();
            all.iter().find(|capability| capability["permission"] == name).cloned().unwrap_or(Value::Null)
        };
        assert_eq!((&of("USERS_READ")["isAllowed"], &of("USERS_READ")["refusedBy"]), (&json!(true), &Value::Null));
        let refused = of("USERS_MANAGE");
        assert_eq!((&refused["isAllowed"], &refused["refusedBy"]), (&json!(false), &json!("ROLE")));
        assert_eq!(refused["roles"], json!(["ADMIN", "OWNER"]));
        let limits = json!([
            {"key": "signalSources", "used": 0, "allowed": 50}, {"key": "apiKeys", "used": 0, "allowed": 20},
        ]);
        assert_eq!(viewer["limits"], limits);
        let allowed = viewer["capabilities"].as_array().unwrap().iter().filter(|c| c["isAllowed"] == true);
        let allowed: Vec<_> = allowed.map(|capability| capability["permission"].clone()).collect();
        assert_eq!(json!(allowed), viewer["permissions"]);
    }
}
