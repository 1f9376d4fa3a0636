//! What support reads, and what admins and the owner do with users.

use bellwether_domain::ids::UserId;
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::follow::{Heard, Socket};
use crate::world::{Caller, count, eventually, execute, make_user, unused};

const USERS: &str =
    "query ($filter: UserFilter, $order: UserOrder, $first: Int, $after: String, $last: Int, $before: String) {
    users(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
        nodes { id email role status tenant { slug } } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

fn set_role(role: &str) -> String {
    format!(
        "mutation ($id: ID!) {{ done: setUserRole(input: {{userId: $id, role: {role}}}) {{
        user {{ id role }} endedSessions userErrors {{ code message path }} }} }}"
    )
}
const SUSPEND: &str = "mutation ($id: ID!) { done: suspendUser(input: {userId: $id, reason: \"unpaid bill\"}) {
    user { id status } endedSessions userErrors { code message path } } }";
const ACTIVATE: &str = "mutation ($id: ID!) { done: activateUser(input: {userId: $id}) {
    user { id status } endedSessions userErrors { code message path } } }";
const END: &str = "mutation ($id: ID!) { done: endUserSessions(input: {userId: $id}) {
    user { id status } endedSessions userErrors { code message path } } }";

async fn id_of(app: &TestApp, tenant: &'static str, role: Role) -> String {
    let viewer = Caller::of(app, tenant, role).await.viewer().await;
    viewer["user"]["id"].as_str().unwrap().to_owned()
}

async fn done(client: &Client, query: &str, id: &str) -> Value {
    client.data(query, json!({"id": id})).await["done"].clone()
}

/// The code and the end of the path of the only user error.
fn refusal(done: &Value) -> (String, String) {
    let errors = done["userErrors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{done}");
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    (text(&errors[0]["code"]), text(&errors[0]["path"][1]))
}

fn emails(list: &Value) -> Vec<String> {
    let nodes = list["users"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["email"].as_str().unwrap().to_owned()).collect()
}

/// Whether the user of this role can sign in.
async fn can_sign_in(app: &TestApp, tenant: &str, role: Role) -> bool {
    let query = "mutation ($email: String!, $password: String!) {
        login(input: {email: $email, password: $password}) { session { accessToken } } }";
    let login = app.anonymous().data(query, json!({"email": email(tenant, role), "password": PASSWORD})).await;
    login["login"]["session"].is_object()
}

both_databases! {
    async fn users_are_found_by_what_the_filter_says(app: TestApp) {
        make_user(&app, "a", "100%_sure@a.test", Role::Trader).await;
        execute(&app, "UPDATE users SET first_name = 'José', last_name = 'Ñandú' WHERE email_key = '100%_sure@a.test'").await;
        execute(&app, "UPDATE users SET status = 'SUSPENDED' WHERE email_key = 'seller@a.test'").await;
        execute(&app, "UPDATE users SET email_verified_at = created_at WHERE email_key = 'trader@a.test'").await;
        let admin = app.sign_in("a", Role::Admin).await;
        let order = json!({"field": "EMAIL", "direction": "ASC"});
        let all = ["100%_sure", "admin", "owner", "seller", "support", "trader"];
        for (filter, expected) in [
            (json!({}), &all[..]),
            (json!({"role": {"in": ["ADMIN", "OWNER"]}}), &["admin", "owner"]),
            (json!({"role": {"eq": "TRADER"}, "isEmailVerified": false}), &["100%_sure"]),
            (json!({"isEmailVerified": true}), &["trader"]),
            (json!({"status": {"eq": "SUSPENDED"}}), &["seller"]),
            (json!({"search": "  SUPP "}), &["support"]),
            (json!({"search": "%_s"}), &["100%_sure"]),
            (json!({"search": "_"}), &["100%_sure"]),
            (json!({"search": "osé Ñ"}), &["100%_sure"]),
            (json!({"search": "trader a"}), &["trader"]),
            (json!({"search": "nobody"}), &[]),
            (json!({"createdAt": {"lt": "2020-01-01T00:00:00Z"}}), &[]),
            (json!({"createdAt": {"gt": "2020-01-01T00:00:00Z"}, "search": "admin"}), &["admin"]),
        ] {
            let list = admin.data(USERS, json!({"filter": filter, "order": order})).await;
            let expected: Vec<_> = expected.iter().map(|name| format!("{name}@a.test")).collect();
            assert_eq!(emails(&list), expected, "{filter}");
            assert_eq!(list["users"]["totalCount"], expected.len(), "{filter}");
        }
        for wrong in [json!({"search": "x".repeat(101)}), json!({"search": "\u{0}"}), json!({"tenantId": "usr_1"})] {
            let refused = admin.send(USERS, json!({"filter": wrong})).await;
            assert_eq!(refused.code(), Some("BAD_REQUEST"), "{}", refused.body);
        }
    }

    /// Page by page, forward and back, each user once, also where the sort key is the same.
    async fn users_are_read_page_by_page(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        execute(&app, "UPDATE users SET created_at = '2026-01-01T00:00:00+00:00' WHERE role IN ('ADMIN', 'SELLER', 'TRADER')").await;
        for (field, direction) in [("CREATED_AT", "DESC"), ("CREATED_AT", "ASC"), ("EMAIL", "DESC"), ("EMAIL", "ASC")] {
            let order = json!({"field": field, "direction": direction});
            let whole = emails(&owner.data(USERS, json!({"order": order, "first": 100})).await);
            assert_eq!(whole.len(), 10);
            let (mut forward, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = owner.data(USERS, json!({"order": order, "first": 3, "after": after})).await;
                forward.extend(emails(&page));
                after = page["users"]["pageInfo"]["endCursor"].clone();
                assert!(forward.len() <= whole.len(), "{order}: {forward:?}");
                if page["users"]["pageInfo"]["hasNextPage"] == false { break }
            }
            assert_eq!(forward, whole, "{order}");
            let (mut backward, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = owner.data(USERS, json!({"order": order, "last": 4, "before": before})).await;
                backward.splice(0..0, emails(&page));
                before = page["users"]["pageInfo"]["startCursor"].clone();
                assert!(backward.len() <= whole.len(), "{order}: {backward:?}");
                if page["users"]["pageInfo"]["hasPreviousPage"] == false { break }
            }
            assert_eq!(backward, whole, "{order}");
            let other = json!({"field": if field == "EMAIL" { "CREATED_AT" } else { "EMAIL" }});
            let refused = owner.send(USERS, json!({"order": other, "after": after})).await;
            assert_eq!(refused.code(), Some("BAD_REQUEST"), "the cursor of another order");
        }
    }

    /// One statement for the users and one for their tenants, however many there are.
    async fn a_list_of_users_takes_two_statements(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        let query = "{ users(first: 100) { nodes { id email tenant { slug } } } }";
        let first = app.statements(async || drop(owner.data(query, json!({})).await)).await;
        for number in 0..10 {
            make_user(&app, if number % 2 == 0 { "a" } else { "b" }, &format!("more{number}@x.test"), Role::Trader).await;
        }
        let again = app
            .statements(async || {
                let list = owner.data(query, json!({})).await;
                assert_eq!(list["users"]["nodes"].as_array().unwrap().len(), 20);
            })
            .await;
        assert_eq!([first, again], [2, 2]);
    }

    async fn the_owner_sees_all_tenants_and_an_admin_their_own(app: TestApp) {
        let (admin, owner) = (app.sign_in("a", Role::Admin).await, app.sign_in("a", Role::Owner).await);
        let support = app.sign_in("a", Role::Support).await;
        let b = Caller::of(&app, "b", Role::Trader).await.viewer().await["tenant"]["id"].clone();
        for client in [&admin, &support] {
            let list = client.data(USERS, json!({})).await;
            assert_eq!(list["users"]["totalCount"], 5);
            assert!(list["users"]["nodes"].as_array().unwrap().iter().all(|user| user["tenant"]["slug"] == "a"), "{list}");
            assert_eq!(client.data(USERS, json!({"filter": {"tenantId": b}})).await["users"]["totalCount"], 0);
        }
        assert_eq!(owner.data(USERS, json!({})).await["users"]["totalCount"], 10);
        let list = owner.data(USERS, json!({"filter": {"tenantId": b}})).await;
        assert!(list["users"]["totalCount"] == 5 && list["users"]["nodes"][0]["tenant"]["slug"] == "b", "{list}");
    }

    async fn a_role_counts_at_once(app: TestApp) {
        let admin = app.sign_in("a", Role::Admin).await;
        let support = app.sign_in("a", Role::Support).await;
        let id = id_of(&app, "a", Role::Support).await;
        support.data("{ users { totalCount } }", json!({})).await;
        let changed = done(&admin, &set_role("TRADER"), &id).await;
        assert_eq!(changed, json!({"user": {"id": id, "role": "TRADER"}, "endedSessions": 0, "userErrors": []}));
        let refused = support.send("{ users { totalCount } }", json!({})).await;
        assert_eq!(refused.code(), Some("FORBIDDEN"), "{}", refused.body);
        assert_eq!(count(&app, "audit_log WHERE action = 'USER_ROLE_CHANGED' AND details LIKE '%SUPPORT%TRADER%'").await, 1);
        done(&admin, &set_role("TRADER"), &id).await;
        assert_eq!(count(&app, "audit_log WHERE action = 'USER_ROLE_CHANGED'").await, 1, "again changes nothing");
    }

    async fn nobody_reaches_above_themself_nor_themself(app: TestApp) {
        let admin = app.sign_in("a", Role::Admin).await;
        let owner = app.sign_in("a", Role::Owner).await;
        let (own, trader) = (id_of(&app, "a", Role::Admin).await, id_of(&app, "a", Role::Trader).await);
        let (above, other) = (id_of(&app, "a", Role::Owner).await, id_of(&app, "b", Role::Trader).await);
        for query in [&set_role("TRADER"), SUSPEND, ACTIVATE, END] {
            assert_eq!(refusal(&done(&admin, query, &own).await), ("VALIDATION".into(), "userId".into()));
            assert_eq!(refusal(&done(&admin, query, &above).await), ("VALIDATION".into(), "userId".into()));
            assert_eq!(refusal(&done(&owner, query, &above).await), ("VALIDATION".into(), "userId".into()));
            let unknown = done(&admin, query, &unused::<UserId>()).await;
            assert_eq!(refusal(&unknown), ("NOT_FOUND".into(), "userId".into()));
            assert_eq!(done(&admin, query, &other).await, unknown, "another tenant's user does not exist");
        }
        assert_eq!(refusal(&done(&admin, &set_role("OWNER"), &trader).await), ("VALIDATION".into(), "role".into()));
        let raised = done(&admin, &set_role("ADMIN"), &trader).await;
        assert_eq!(raised["user"]["role"], "ADMIN", "{raised}");
        let across = done(&owner, &set_role("OWNER"), &other).await;
        assert_eq!(across["user"]["role"], "OWNER", "the owner stands above all tenants: {across}");
        execute(&app, "UPDATE users SET status = 'CLOSED' WHERE email_key = 'seller@a.test'").await;
        let closed = admin.data(USERS, json!({"filter": {"status": {"eq": "CLOSED"}}})).await;
        let closed = closed["users"]["nodes"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(refusal(&done(&admin, ACTIVATE, &closed).await), ("CONFLICT".into(), "userId".into()));
    }

    async fn a_suspended_user_is_out_at_once_and_back_when_activated(app: TestApp) {
        let (_domain, elsewhere) = app.another().await;
        let admin = app.sign_in("a", Role::Admin).await;
        let trader = app.sign_in("a", Role::Trader).await;
        let there = trader.at(elsewhere);
        let query = "{ viewer { user { id } } }";
        let id = trader.data(query, json!({})).await["viewer"]["user"]["id"].as_str().unwrap().to_owned();
        there.data(query, json!({})).await;
        let follow = "subscription { signalRecorded { sequence } }";
        let mut socket = Socket::subscribe(&app, trader.token.as_deref(), follow, &json!({})).await;
        let suspended = done(&admin, SUSPEND, &id).await;
        assert_eq!(suspended["user"]["status"], "SUSPENDED");
        assert_eq!(suspended["endedSessions"], 1);
        assert_eq!(trader.send(query, json!({})).await.status, 401, "at once here");
        assert!(!can_sign_in(&app, "a", Role::Trader).await);
        eventually("the other server refuses it", async || there.send(query, json!({})).await.status == 401).await;
        assert!(matches!(socket.next().await, Heard::Closed(4403)));
        assert_eq!(count(&app, "audit_log WHERE action = 'USER_SUSPENDED' AND details LIKE '%unpaid bill%'").await, 1);
        assert_eq!(done(&admin, ACTIVATE, &id).await["user"]["status"], "ACTIVE");
        assert!(can_sign_in(&app, "a", Role::Trader).await);
        assert_eq!(trader.send(query, json!({})).await.status, 401, "the session that was ended stays so");
    }

    async fn a_users_sessions_are_ended_by_an_admin(app: TestApp) {
        let admin = app.sign_in("a", Role::Admin).await;
        let traders = [app.sign_in("a", Role::Trader).await, app.sign_in("a", Role::Trader).await];
        let seller = app.sign_in("a", Role::Seller).await;
        let query = "{ viewer { user { id } } }";
        let id = traders[0].data(query, json!({})).await["viewer"]["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(done(&admin, END, &id).await["endedSessions"], 2);
        for trader in &traders {
            assert_eq!(trader.send(query, json!({})).await.status, 401);
        }
        assert_eq!(seller.send(query, json!({})).await.status, 200);
        assert!(can_sign_in(&app, "a", Role::Trader).await, "they may sign in again");
    }

    /// Two owners who take each other's role away at the same time: one of them stays.
    async fn an_owner_always_stays(app: TestApp) {
        let owners = [app.sign_in("a", Role::Owner).await, app.sign_in("b", Role::Owner).await];
        let ids = [id_of(&app, "a", Role::Owner).await, id_of(&app, "b", Role::Owner).await];
        let tasks: Vec<_> = (0..2).map(|n| {
            let (client, id) = (owners[n].clone(), ids[1 - n].clone());
            tokio::spawn(async move { client.send(&set_role("TRADER"), json!({"id": id})).await })
        }).collect();
        for task in tasks {
            let answer = task.await.unwrap();
            let known = answer.body["data"]["done"]["user"].is_object()
                || ["FORBIDDEN", "UNAUTHENTICATED"].contains(&answer.code().unwrap_or_default());
            assert!(known, "{}", answer.body);
        }
        assert_eq!(count(&app, "users WHERE role = 'OWNER' AND status = 'ACTIVE'").await, 1);
    }
}
