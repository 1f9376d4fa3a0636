//! API keys: made, used by every transport, confined, revoked.

use bellwether_domain::ids::ApiKeyId;
use bellwether_domain::permission::{Permission, Role};
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::follow::{Events, Heard, Socket};
use crate::world::{count, eventually, make_api_key, record, signal, unused};

const CREATE: &str = "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    apiKey { id name prefix scopes createdAt lastUsedAt expiresAt revokedAt } token
    userErrors { code message path limit { key used allowed } } } }";
const REVOKE: &str = "mutation ($id: ID!) {
    revokeApiKey(input: {id: $id}) { apiKey { id revokedAt } userErrors { code message path } } }";
const WHO: &str = "{ viewer { user { id } role permissions session { id } apiKey { id name } } }";
const FOLLOW: &str = "subscription { signalRecorded(afterSequence: \"0\") { signal { id } } }";

fn with_key(client: &Client, key: &str) -> Client {
    let mut client = client.clone();
    client.token = Some(key.to_owned());
    client
}

/// Why a key is refused.
async fn reason(client: &Client) -> String {
    let answer = client.send(WHO, json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, Some("UNAUTHENTICATED")), "{}", answer.body);
    answer.body["errors"][0]["extensions"]["reason"].as_str().unwrap().to_owned()
}

both_databases! {
    async fn a_key_acts_in_the_name_of_its_user_within_its_scopes(app: TestApp) {
        let seller = app.sign_in("a", Role::Seller).await;
        let input = json!({"name": " bot ", "scopes": ["SIGNALS_WRITE", "SIGNALS_READ", "SIGNALS_READ"]});
        let made = seller.data(CREATE, json!({"input": input})).await["createApiKey"].clone();
        let token = made["token"].as_str().unwrap();
        assert!(token.len() == 75 && token.starts_with("bw_") && token[3..].bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(made["apiKey"]["scopes"], json!(["SIGNALS_READ", "SIGNALS_WRITE"]));
        assert_eq!(made["apiKey"]["name"], "bot");
        assert_eq!(made["apiKey"]["prefix"], token[..11]);
        let key = with_key(&seller, token);
        let who = key.data(WHO, json!({})).await["viewer"].clone();
        assert_eq!(who["user"], seller.data(WHO, json!({})).await["viewer"]["user"]);
        assert_eq!((&who["session"], &who["apiKey"]["id"]), (&Value::Null, &made["apiKey"]["id"]));
        assert_eq!(who["permissions"], json!(["SIGNALS_READ", "SIGNALS_WRITE"]));
        record(&key, &signal(&app, 0, "PRIVATE")).await;
        let published = key.send("mutation ($input: RecordSignalInput!) { recordSignal(input: $input) {
            outcome userErrors { code path } } }", json!({"input": signal(&app, 1, "TENANT")})).await;
        assert_eq!(published.body["data"]["recordSignal"]["outcome"], Value::Null, "the seller may, the key may not");
        let refused = key.send("{ signalSources { id } }", json!({})).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (403, Some("FORBIDDEN")));
        assert_eq!(refused.body["errors"][0]["extensions"]["required"], "SOURCES_MANAGE");
        let capabilities = key.data("{ viewer { capabilities { permission refusedBy } } }", json!({})).await;
        let refusals = capabilities["viewer"]["capabilities"].as_array().unwrap().clone();
        let by = |name: &str| refusals.iter().find(|c| c["permission"] == name).unwrap()["refusedBy"].clone();
        assert_eq!((by("SIGNALS_READ"), by("SOURCES_MANAGE"), by("USERS_READ")),
            (Value::Null, json!("API_KEY"), json!("ROLE")));
    }

    /// What is stored and listed of a key does not let anybody in.
    async fn a_key_is_shown_once_and_stored_hashed(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let (id, token) = make_api_key(&trader, &["SIGNALS_READ"]).await;
        let list = trader.data("{ apiKeys { nodes { id prefix } totalCount } }", json!({})).await["apiKeys"].clone();
        assert_eq!(list, json!({"nodes": [{"id": id, "prefix": token[..11]}], "totalCount": 1}));
        assert_eq!(count(&app, "api_keys WHERE length(token_hash) = 32").await, 1);
        let entry = "audit_log WHERE action = 'API_KEY_CREATED' AND details LIKE '%SIGNALS_READ%'";
        assert_eq!(count(&app, entry).await, 1);
        assert_eq!(count(&app, &format!("audit_log WHERE details LIKE '%{}%'", &token[3..40])).await, 0);
        let other = app.sign_in("a", Role::Admin).await;
        assert_eq!(other.data("{ apiKeys { totalCount } }", json!({})).await["apiKeys"]["totalCount"], 0);
    }

    /// Whatever a key's scopes and its user's role, it manages no account: a lost key makes no other.
    async fn a_key_manages_no_account(app: TestApp) {
        let owner = app.sign_in("a", Role::Owner).await;
        let scopes: Vec<&str> = Permission::ALL.iter().filter(|p| p.is_scope()).map(|p| p.as_str()).collect();
        let (id, token) = make_api_key(&owner, &scopes).await;
        let key = with_key(&owner, &token);
        let new = json!({"input": {"name": "other", "scopes": ["SIGNALS_READ"]}});
        for (query, variables) in [
            ("{ sessions { totalCount } }", json!({})),
            ("{ apiKeys { totalCount } }", json!({})),
            (CREATE, new),
            (REVOKE, json!({"id": id})),
            ("mutation { logout(input: {}) { sessionId } }", json!({})),
            ("mutation { logoutEverywhere(input: {}) { endedSessions } }", json!({})),
        ] {
            let refused = key.send(query, variables).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (403, Some("FORBIDDEN")), "{query}: {}", refused.body);
            assert_eq!(refused.body["errors"][0]["extensions"]["required"], "ACCOUNT_MANAGE", "{query}");
        }
        let sessions = owner.data("{ sessions { nodes { id } } }", json!({})).await;
        let session = sessions["sessions"]["nodes"][0]["id"].clone();
        for id in [json!(id), session] {
            let node = key.data("query ($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await;
            assert_eq!(node["node"], Value::Null, "{id}");
        }
        assert_eq!(key.data("{ users { totalCount } }", json!({})).await["users"]["totalCount"], 10);
    }

    async fn what_is_wrong_with_a_key_to_be_made_is_told_at_once(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let wrong = json!({"name": "", "scopes": ["USERS_READ", "ACCOUNT_MANAGE"], "expiresAt": "2020-01-01T00:00:00Z"});
        let refused = trader.data(CREATE, json!({"input": wrong})).await["createApiKey"].clone();
        let paths: Vec<_> = refused["userErrors"].as_array().unwrap().iter().map(|e| e["path"][1].clone()).collect();
        assert_eq!(json!(paths), json!(["name", "scopes", "scopes", "expiresAt"]), "{refused}");
        assert_eq!((&refused["token"], &refused["apiKey"]), (&Value::Null, &Value::Null));
        let none = trader.data(CREATE, json!({"input": {"name": "x", "scopes": []}})).await["createApiKey"].clone();
        assert_eq!(none["userErrors"][0]["code"], "VALIDATION");
        for _ in 0..20 {
            make_api_key(&trader, &["SIGNALS_READ"]).await;
        }
        let full = trader.data(CREATE, json!({"input": {"name": "x", "scopes": ["SIGNALS_READ"]}})).await;
        assert_eq!(full["createApiKey"]["userErrors"][0]["code"], "LIMIT_EXCEEDED", "{full}");
        assert_eq!(full["createApiKey"]["userErrors"][0]["limit"], json!({"key": "apiKeys", "used": 20, "allowed": 20}));
        let list = trader.data("{ apiKeys(first: 2) { nodes { id } pageInfo { endCursor } } }", json!({})).await;
        let first = list["apiKeys"]["nodes"][0]["id"].clone();
        let done = trader.data(REVOKE, json!({"id": first})).await["revokeApiKey"].clone();
        assert!(done["apiKey"]["revokedAt"].is_string(), "{done}");
        assert_eq!(trader.data(REVOKE, json!({"id": first})).await["revokeApiKey"], done, "again changes nothing");
        make_api_key(&trader, &["SIGNALS_READ"]).await;
        let missing = trader.data(REVOKE, json!({"id": unused::<ApiKeyId>()})).await;
        assert_eq!(missing["revokeApiKey"]["userErrors"][0]["code"], "NOT_FOUND");
    }

    /// At once here, within five seconds elsewhere, by POST as by socket and by event stream.
    async fn a_revoked_key_lets_nobody_in(app: TestApp) {
        let (_domain, elsewhere) = app.another().await;
        let admin = app.sign_in("a", Role::Admin).await;
        let shared = record(&admin, &signal(&app, 0, "TENANT")).await;
        let trader = app.sign_in("a", Role::Trader).await;
        let (id, token) = make_api_key(&trader, &["SIGNALS_READ"]).await;
        let (here, there) = (with_key(&trader, &token), with_key(&trader, &token).at(elsewhere));
        here.data(WHO, json!({})).await;
        there.data(WHO, json!({})).await;
        let mut socket = Socket::subscribe(&app, Some(&token), FOLLOW, &json!({})).await;
        let mut events = Events::subscribe(&app, Some(&token), FOLLOW, &json!({})).await.unwrap();
        for heard in [socket.next().await, events.next().await] {
            let id = heard.data().map(|data| data["signalRecorded"]["signal"]["id"].clone());
            assert_eq!(id, Some(json!(shared)), "{heard:?}");
        }
        trader.data(REVOKE, json!({"id": id})).await;
        assert_eq!(reason(&here).await, "REVOKED");
        eventually("the other server refuses it", async || there.send(WHO, json!({})).await.status == 401).await;
        assert_eq!(reason(&there).await, "REVOKED");
        assert!(matches!(socket.next().await, Heard::Closed(4403)));
        assert_eq!(events.next().await.code(), Some("UNAUTHENTICATED"));
        assert!(matches!(events.next().await, Heard::Over));
        assert!(Socket::open(&app, Some(&format!("Bearer {token}")), json!({})).await.is_err());
        assert_eq!(trader.send(WHO, json!({})).await.status, 200, "the session goes on");
    }

    async fn what_is_no_key_lets_nobody_in(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let (id, token) = make_api_key(&trader, &["SIGNALS_READ"]).await;
        let other = if token.ends_with('0') { "1" } else { "0" };
        let mistyped = format!("{}{other}", &token[..74]);
        // Well formed, and nobody's.
        let random = "ab".repeat(32);
        let strange = format!("bw_{random}{:08x}", crc32(random.as_bytes()));
        for wrong in [&mistyped, &strange, &token.to_uppercase(), &token[..74].to_owned(), &id, &"bw_".to_owned()] {
            assert_eq!(reason(&with_key(&trader, wrong)).await, "INVALID", "{wrong}");
        }
        with_key(&trader, &token).data(WHO, json!({})).await;
        let tried = app.statements(async || drop(reason(&with_key(&trader, &mistyped)).await)).await;
        assert_eq!(tried, 0, "a mistyped key is told without the database");
    }

    async fn a_key_runs_out_and_goes_with_its_user(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let admin = app.sign_in("a", Role::Admin).await;
        let soon = (app.domain.now() + chrono::TimeDelta::seconds(5)).to_rfc3339();
        let input = json!({"name": "short", "scopes": ["SIGNALS_READ"], "expiresAt": soon});
        let short = trader.data(CREATE, json!({"input": input})).await["createApiKey"]["token"].clone();
        let short = with_key(&trader, short.as_str().unwrap());
        let (_, token) = make_api_key(&trader, &["SIGNALS_READ"]).await;
        let key = with_key(&trader, &token);
        key.data(WHO, json!({})).await;
        eventually("it runs out", async || short.send(WHO, json!({})).await.status == 401).await;
        assert_eq!(reason(&short).await, "EXPIRED");
        let id = key.data(WHO, json!({})).await["viewer"]["user"]["id"].clone();
        let suspend = "mutation ($id: ID!) { suspendUser(input: {userId: $id, reason: \"lost\"}) {
            user { status } userErrors { message } } }";
        assert_eq!(admin.data(suspend, json!({"id": id})).await["suspendUser"]["user"]["status"], "SUSPENDED");
        assert_eq!(reason(&key).await, "REVOKED");
    }

    async fn a_role_that_shrinks_shrinks_its_keys(app: TestApp) {
        let seller = app.sign_in("a", Role::Seller).await;
        let (_, token) = make_api_key(&seller, &["SIGNALS_READ", "SIGNALS_PUBLISH"]).await;
        let key = with_key(&seller, &token);
        let permissions = async || key.data(WHO, json!({})).await["viewer"]["permissions"].clone();
        assert_eq!(permissions().await, json!(["SIGNALS_READ", "SIGNALS_PUBLISH"]));
        let id = key.data(WHO, json!({})).await["viewer"]["user"]["id"].clone();
        let change = "mutation ($id: ID!) { setUserRole(input: {userId: $id, role: TRADER}) { userErrors { message } } }";
        app.sign_in("a", Role::Admin).await.data(change, json!({"id": id})).await;
        assert_eq!(permissions().await, json!(["SIGNALS_READ"]));
    }

    async fn the_last_use_of_a_key_is_noted(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let (_, token) = make_api_key(&trader, &["SIGNALS_READ"]).await;
        let used = async || {
            let list = trader.data("{ apiKeys { nodes { lastUsedAt } } }", json!({})).await;
            list["apiKeys"]["nodes"][0]["lastUsedAt"].clone()
        };
        assert_eq!(used().await, Value::Null);
        let key = with_key(&trader, &token);
        key.data(WHO, json!({})).await;
        eventually("its use is noted", async || used().await.is_string()).await;
        let first = used().await;
        for _ in 0..5 {
            key.data(WHO, json!({})).await;
        }
        assert_eq!(used().await, first, "within the minute it is not written again");
    }
}

/// CRC-32 as zlib has it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(sum & 1))))
    })
}
