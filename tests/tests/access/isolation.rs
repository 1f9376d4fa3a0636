//! Two tenants, one crawl: whatever the people of `b` ask for that belongs to `a`, they get what they would get for
//! something that does not exist, and not one of `a`'s words.
//!
//! Every text of `a` has the [`CANARY`] in it. Each probe is asked twice, with `a`'s id, cursor or name and with one
//! that nothing has: the answers must be the same byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwether_domain::ids::{AccountId, ChallengeId, DeliveryId, Id, SessionId, SignalId, SourceId, TenantId, UserId};
use bellwether_domain::market::{NewQuote, SourceName};
use bellwether_domain::paging::encode_cursor;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::DeliveryKey;
use bellwether_tests::{Client, TestApp, both_databases};
use serde_json::{Value, json};

use crate::follow::{Events, Heard, Socket};
use crate::world::{Caller, Source, Written, begin, challenge, deliver, execute, make_source, record, signal, unused};

/// A word that stands in every text of tenant `a`, and nowhere else.
pub const CANARY: &str = "zwartkoprietzanger";
/// Everybody of tenant `b` who may not see other tenants.
const STRANGERS: [Role; 4] = [Role::Trader, Role::Support, Role::Seller, Role::Admin];

/// What tenant `a` has.
pub struct Things {
    tenant: String,
    /// The admin, the seller and the trader.
    users: Vec<String>,
    /// For all of the tenant, by the admin and the seller.
    shared: Vec<String>,
    /// By the admin and the trader.
    private: Vec<String>,
    /// Of the admin and the trader.
    sources: Vec<Source>,
    /// One that became a signal and one that was rejected, for each source.
    deliveries: Vec<String>,
    /// The admin's session.
    session: String,
    /// The admin's API key.
    key: String,
    /// An entry of the audit log.
    entry: String,
    /// The admin's paper account, an order that waits, a trade, a fill and a watchlist; an entry of the waitlist and a
    /// message; a challenge of the admin's that runs, at last.
    others: Vec<String>,
}

impl Things {
    /// The id of one thing of each kind, of a shared and of a private one where there are both.
    pub fn ids(&self) -> Vec<String> {
        let some = [&self.users[2], &self.shared[0], &self.private[0], &self.deliveries[0], &self.sources[0].id];
        let some = some.into_iter().chain([&self.tenant, &self.session, &self.key, &self.entry]);
        some.chain(&self.others).cloned().collect()
    }

    /// The cursors of what the admin sees in lists, each with one of the same moment that nothing has.
    pub async fn cursors(&self, app: &TestApp) -> Vec<(String, String)> {
        let admin = app.sign_in("a", Role::Admin).await;
        let query = "{ signals(first: 2) { edges { cursor } } signalDeliveries(first: 1) { edges { cursor } }
            apiKeys(first: 1) { edges { cursor } } sessions(first: 1) { edges { cursor } }
            auditLog(first: 1) { edges { cursor } } users(first: 1) { edges { cursor } }
            waitlist(first: 1) { edges { cursor } } contactMessages(first: 1) { edges { cursor } }
            accounts(first: 1) { edges { cursor } } challenges(first: 1) { edges { cursor } } }";
        let of_account = "query ($id: ID!) { orders(accountId: $id, first: 1) { edges { cursor } } }";
        let mut lists = vec![admin.data(query, json!({})).await];
        lists.push(admin.data(of_account, json!({"id": self.others[0]})).await);
        let lists = lists.iter().flat_map(|lists| lists.as_object().unwrap().values());
        let edges = lists.flat_map(|list| list["edges"].as_array().unwrap().clone());
        let cursors = edges.map(|edge| edge["cursor"].as_str().unwrap().to_owned());
        cursors.map(|cursor| (cursor.clone(), cursor_beside(&cursor))).collect()
    }
}

/// Fills tenant `a`.
pub async fn fill(app: &TestApp) -> Things {
    execute(app, &format!("UPDATE tenants SET name = 'Tenant {CANARY}' WHERE slug = 'a'")).await;
    let renamed = format!(
        "UPDATE users SET first_name = 'First {CANARY}', last_name = 'Last {CANARY}' \
         WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'a')"
    );
    execute(app, &renamed).await;
    let admin = app.sign_in("a", Role::Admin).await;
    let seller = app.sign_in("a", Role::Seller).await;
    let trader = app.sign_in("a", Role::Trader).await;
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text")).to_owned();
    let (mut users, mut tenant, mut session) = (Vec::new(), String::new(), String::new());
    for client in [&trader, &seller, &admin] {
        let viewer = client.data("{ viewer { user { id } tenant { id } session { id } } }", json!({})).await;
        users.push(text(&viewer["viewer"]["user"]["id"]));
        tenant = text(&viewer["viewer"]["tenant"]["id"]);
        session = text(&viewer["viewer"]["session"]["id"]);
    }
    let shared =
        vec![record(&admin, &marked(app, 0, "TENANT")).await, record(&seller, &marked(app, 1, "TENANT")).await];
    let private =
        vec![record(&admin, &marked(app, 2, "PRIVATE")).await, record(&trader, &marked(app, 3, "PRIVATE")).await];
    let (mut sources, mut deliveries) = (Vec::new(), Vec::new());
    for (client, audience) in [(&admin, "TENANT"), (&trader, "PRIVATE")] {
        let source = json!({
            "name": format!("alerts {CANARY}"), "strategy": format!("strategy {CANARY}"), "audience": audience,
            "symbols": [{"ticker": format!("{CANARY}:X"), "symbol": "AAPL"}],
        });
        let source = make_source(client, source).await;
        let alert = json!({"ticker": "MSFT", "action": "buy", "interval": "60", "comment": CANARY, "strategy": CANARY});
        deliveries.push(deliver(app, client, &source, &alert.to_string(), "INSERTED").await);
        deliveries.push(deliver(app, client, &source, &format!("no {CANARY}"), "REJECTED").await);
        sources.push(source);
    }
    let mut others = trade(app, &admin).await;
    let query = format!("mutation {{ createWatchlist(input: {{name: \"list {CANARY}\"}}) {{ watchlist {{ id }} }} }}");
    others.push(text(&admin.data(&query, json!({})).await["createWatchlist"]["watchlist"]["id"]));
    let query = format!(
        "mutation {{ joinWaitlist(input: {{email: \"{CANARY}@a.test\"}}) {{ isAccepted }}
            contact(input: {{name: \"{CANARY}\", email: \"x@a.test\", topic: OTHER, message: \"{CANARY}\"}}) {{ isAccepted }} }}"
    );
    app.anonymous().data(&query, json!({})).await;
    let inbox = admin.data("{ waitlist { nodes { id } } contactMessages { nodes { id } } }", json!({})).await;
    others.extend(["/waitlist/nodes/0/id", "/contactMessages/nodes/0/id"].map(|at| text(inbox.pointer(at).unwrap())));
    let challenge = challenge(app, &admin, &format!("a test of {CANARY}")).await;
    begin(&admin, &challenge).await;
    others.push(challenge);
    let query = format!(
        "mutation {{ createApiKey(input: {{name: \"key {CANARY}\", scopes: [SIGNALS_READ]}}) {{ apiKey {{ id }} }} }}"
    );
    let key = text(&admin.data(&query, json!({})).await["createApiKey"]["apiKey"]["id"]);
    let log = admin.data("{ auditLog(first: 1) { nodes { id action } } }", json!({})).await;
    assert_eq!(log["auditLog"]["nodes"][0]["action"], "API_KEY_CREATED");
    let entry = text(&log["auditLog"]["nodes"][0]["id"]);
    Things { tenant, users, shared, private, sources, deliveries, session, key, entry, others }
}

/// Trades on a paper account of this user's: the account, an order that waits, a trade and a fill.
pub async fn trade(app: &TestApp, client: &Client) -> Vec<String> {
    let asset = app.domain.asset_by_symbol(&"BTC-USD".try_into().unwrap()).await.unwrap().unwrap();
    let (price, exchange_time) = ("1000".parse().unwrap(), app.domain.now());
    let quote = NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time };
    app.domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap();
    let opened = client.data("mutation { openAccount(input: {}) { account { id } } }", json!({})).await;
    let account = opened["openAccount"]["account"]["id"].clone();
    let order = "input: {accountId: $id, symbol: \"BTC-USD\", side: BUY, quantity: \"0.01\"";
    let query = format!(
        "mutation ($id: ID!) {{ waits: placeOrder({order}, type: LIMIT, limitPrice: \"500\"}}) {{ order {{ id }} }}
            done: placeOrder({order}, type: MARKET}}) {{ order {{ fill {{ id }} }} trade {{ id }} }} }}"
    );
    let placed = client.data(&query, json!({"id": account})).await;
    let made = ["/waits/order/id", "/done/trade/id", "/done/order/fill/id"].map(|at| placed.pointer(at).cloned());
    let ids = [Some(account)].into_iter().chain(made).map(|id| id.and_then(|id| id.as_str().map(str::to_owned)));
    ids.collect::<Option<_>>().unwrap_or_else(|| panic!("{placed}"))
}

/// A signal whose every text has the canary in it.
fn marked(app: &TestApp, index: i64, audience: &str) -> Value {
    let mut marked = signal(app, index, audience);
    marked["summary"] = format!("summary {CANARY}").into();
    marked["strategy"] = format!("strategy {CANARY}").into();
    marked["payload"] = json!({CANARY: [CANARY]});
    marked["reasons"] = json!([{"indicator": CANARY, "value": CANARY, "says": CANARY}]);
    marked["entry"] = "731.40507".into();
    marked
}

/// Everything that can be selected of a signal.
const SIGNAL: &str = "fragment S on Signal { id symbol strategy summary entry payload audience source signalTime
    reasons { indicator value says } author { id firstName lastName email role } createdAt }";
const NODE: &str = "fragment N on Node { __typename id
    ... on Signal { strategy summary payload author { firstName lastName email } }
    ... on User { firstName lastName email role createdAt } ... on Tenant { slug name createdAt }
    ... on ApiKey { name prefix } ... on Session { device address } ... on AuditEntry { action details subject }
    ... on Challenge { history { reason } } ... on Watchlist { name } ... on WaitlistEntry { email } ... on ContactMessage { name message }
    ... on SignalSource { name tokenPrefix strategy symbols { ticker symbol } }
    ... on SignalDelivery { sourceId body reason verdict signal { id summary } } }";

/// One question, with what is `a`'s in its variables, and the same with what nothing has.
struct Probe {
    what: String,
    query: String,
    theirs: Value,
    nothing: Value,
}

impl Probe {
    fn new(what: impl Into<String>, query: &str, name: &str, theirs: &str, nothing: &str) -> Self {
        let fragments = [("...S", SIGNAL), ("...N", NODE)].into_iter().filter(|(spread, _)| query.contains(spread));
        let query = fragments.fold(query.to_owned(), |query, (_, fragment)| format!("{query} {fragment}"));
        Self { what: what.into(), query, theirs: json!({name: theirs}), nothing: json!({name: nothing}) }
    }
}

/// The cursor of the same moment whose signal does not exist: nothing lies between the two.
fn cursor_beside(cursor: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    // The id is the part of it that is 32 letters of base16.
    let id = text.split(':').find(|part| part.len() == 32 && u128::from_str_radix(part, 16).is_ok());
    let id = id.unwrap_or_else(|| panic!("{text} has no id"));
    let beside = u128::from_str_radix(id, 16).unwrap() ^ 1;
    URL_SAFE_NO_PAD.encode(text.replace(id, &format!("{beside:032x}")))
}

/// The id of a delivery of the same moment that does not exist.
fn delivery_beside(id: &str) -> String {
    let id: DeliveryId = id.parse().unwrap();
    DeliveryId::from_uuid(uuid::Uuid::from_u128(id.uuid().as_u128() ^ 1)).to_string()
}

fn probes(things: &Things, cursors: &[(String, String)]) -> Vec<Probe> {
    let mut probes = Vec::new();
    let mut ids: Vec<(&str, String)> = vec![(&things.tenant, unused::<TenantId>())];
    ids.extend(things.users.iter().map(|id| (id.as_str(), unused::<UserId>())));
    ids.extend(things.shared.iter().chain(&things.private).map(|id| (id.as_str(), unused::<SignalId>())));
    ids.extend(things.sources.iter().map(|source| (source.id.as_str(), unused::<SourceId>())));
    ids.extend(things.deliveries.iter().map(|id| (id.as_str(), unused::<DeliveryId>())));
    for (id, nothing) in &ids {
        probes.push(Probe::new(format!("node {id}"), "query ($id: ID!) { node(id: $id) { ...N } }", "id", id, nothing));
        let query = "query ($id: ID!) { nodes(ids: [$id, $id]) { ...N } }";
        probes.push(Probe::new(format!("nodes {id}"), query, "id", id, nothing));
    }
    for id in things.shared.iter().chain(&things.private) {
        let query = "query ($id: ID!) { signal(id: $id) { ...S } }";
        probes.push(Probe::new(format!("signal {id}"), query, "id", id, &unused::<SignalId>()));
    }
    for id in &things.users {
        for filter in ["{author: {eq: $id}}", "{author: {in: [$id]}}", "{or: [{author: {eq: $id}}]}"] {
            let query = format!("query ($id: ID!) {{ signals(filter: {filter}) {{ nodes {{ ...S }} totalCount }} }}");
            probes.push(Probe::new(format!("signals {filter}"), &query, "id", id, &unused::<UserId>()));
        }
    }
    let query = "query ($name: String!) { signals(filter: {strategy: {eq: $name}}) { nodes { ...S } totalCount } }";
    probes.push(Probe::new("strategy", query, "name", &format!("strategy {CANARY}"), "strategy of nobody"));
    for (argument, cursor) in cursors {
        let nothing = cursor_beside(cursor);
        let query = format!(
            "query ($cursor: String!) {{ signals({argument}: $cursor) {{
                edges {{ cursor node {{ ...S }} }} pageInfo {{ hasNextPage hasPreviousPage }} totalCount }} }}"
        );
        probes.push(Probe::new(format!("signals {argument} {cursor}"), &query, "cursor", cursor, &nothing));
    }
    for source in &things.sources {
        let nothing = unused::<SourceId>();
        for query in [
            "query ($id: ID!) { signalDeliveries(filter: {sourceId: $id}) { nodes { id body reason } totalCount } }",
            "mutation ($id: ID!) { updateSignalSource(input: {id: $id, name: \"taken\", strategy: null}) {
                source { id name strategy symbols { ticker } } userErrors { code message path } } }",
            "mutation ($id: ID!) { updateSignalSource(input: {id: $id, name: \"\"}) {
                source { id name } userErrors { code message path } } }",
            "mutation ($id: ID!) { revokeSignalSource(input: {id: $id}) {
                source { id name } userErrors { code message path } } }",
        ] {
            probes.push(Probe::new(query, query, "id", &source.id, &nothing));
        }
    }
    for id in &things.deliveries {
        let query = "mutation ($id: ID!) { redriveSignalDelivery(input: {id: $id}) {
            delivery { id body reason signal { id } } userErrors { code message path } } }";
        probes.push(Probe::new(format!("redrive {id}"), query, "id", id, &unused::<DeliveryId>()));
        let after = |id: &str| encode_cursor(DeliveryKey::ORDER, &DeliveryKey(id.parse().unwrap()));
        let query = "query ($cursor: String!) { signalDeliveries(after: $cursor) { nodes { id body } totalCount } }";
        let nothing = delivery_beside(id);
        probes.push(Probe::new(format!("journal after {id}"), query, "cursor", &after(id), &after(&nothing)));
    }
    let query =
        "mutation ($id: ID!) { logout(input: {sessionId: $id}) { sessionId userErrors { code message path } } }";
    probes.push(Probe::new("logout", query, "id", &things.session, &unused::<SessionId>()));
    probes
}

/// Fails where anything of tenant `a` is in what was written.
pub fn assert_no_word(things: &Things, who: &str, what: &str, written: &str) {
    let lower = written.to_lowercase();
    let users = things.users.iter().chain(&things.shared).chain(&things.private).chain(&things.deliveries);
    let sources = things.sources.iter().flat_map(|source| [&source.id, &source.token]);
    let others = [CANARY, "@a.test", "731.40507", &things.tenant, &things.session, &things.key, &things.entry];
    for word in users.chain(sources).map(String::as_str).chain(others) {
        assert!(!lower.contains(&word.to_lowercase()), "{who} heard {word} from {what}: {written}");
    }
}

pub async fn strangers(app: &TestApp) -> Vec<Caller> {
    let mut callers = vec![Caller::anonymous(app)];
    for role in STRANGERS {
        callers.push(Caller::of(app, "b", role).await);
    }
    callers
}

/// What there is of sources and deliveries in tenant `a`, to see that nobody has changed it.
async fn sources_of(people: &[Client]) -> Vec<Value> {
    let query = "{ signalSources { id name strategy revokedAt lastReceivedAt symbols { ticker } }
        signalDeliveries(first: 100) { nodes { id verdict reason judgedAt } } }";
    let mut found = Vec::new();
    for client in people {
        found.push(client.data(query, json!({})).await);
    }
    found
}

both_databases! {
    /// Every question that takes an id, a name or a cursor, by everybody of the other tenant and by nobody.
    async fn what_is_of_another_tenant_is_like_what_does_not_exist(app: TestApp) {
        let things = fill(&app).await;
        let admin = app.sign_in("a", Role::Admin).await;
        let query = "{ signals { edges { cursor } } }";
        let list = admin.data(query, json!({})).await;
        let cursors: Vec<_> = list["signals"]["edges"].as_array().unwrap().iter()
            .flat_map(|edge| ["after", "before"].map(|to| (to.to_owned(), edge["cursor"].as_str().unwrap().to_owned())))
            .collect();
        assert!(cursors.len() >= 6, "{list}");
        // Their own, on both sides of what is the other tenant's, so that a list is not empty for want of any.
        let own = app.sign_in("b", Role::Seller).await;
        for index in [-1, 1, 500] {
            record(&own, &signal(&app, index, "TENANT")).await;
        }
        let people = [admin, app.sign_in("a", Role::Trader).await];
        let before = sources_of(&people).await;
        let probes = probes(&things, &cursors);
        for caller in strangers(&app).await {
            let mut answered = 0;
            for Probe { what, query, theirs, nothing } in &probes {
                let (of_a, of_nothing) = (caller.ask(query, theirs).await, caller.ask(query, nothing).await);
                assert_no_word(&things, &caller.name, what, &of_a.text);
                assert_eq!(of_a.bare(), of_nothing.bare(), "{} tells them apart: {what}", caller.name);
                assert_ne!(of_a.code().as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{what}: {}", of_a.text);
                answered += usize::from(of_a.status == 200);
            }
            assert_eq!(answered > 0, caller.token.is_some(), "{} was answered {answered} times", caller.name);
        }
        assert_eq!(sources_of(&people).await, before, "somebody changed what is not theirs");
    }

    /// The same words are there for whom they are meant: else the crawl above would prove nothing.
    async fn the_crawl_finds_everything_for_the_owner_of_it(app: TestApp) {
        let things = fill(&app).await;
        let admin = Caller::of(&app, "a", Role::Admin).await;
        let query = format!("query ($id: ID!) {{ node(id: $id) {{ ...N }} }} {NODE}");
        let trader = Caller::of(&app, "a", Role::Trader).await;
        let admins = [&things.private[0], &things.shared[0], &things.shared[1], &things.tenant];
        let ids = admins.into_iter().chain(&things.users).chain(things.sources.iter().map(|source| &source.id));
        let ids = ids.chain([&things.key, &things.entry]).chain(&things.others[4..]);
        let by_admin = ids.chain(&things.deliveries[..2]).map(|id| (&admin, id));
        for (caller, id) in by_admin.chain(things.deliveries[2..].iter().map(|id| (&trader, id))) {
            let found = caller.ask(&query, &json!({"id": id})).await;
            assert!(found.text.contains(CANARY), "{id}: {}", found.text);
        }
    }

    /// Lists without any argument, and headers that name a tenant.
    async fn lists_hold_nothing_of_another_tenant(app: TestApp) {
        let things = fill(&app).await;
        let query = format!("{{ viewer {{ user {{ id firstName }} tenant {{ id name }} }}
            signals {{ nodes {{ ...S }} totalCount }} latestSignals(symbols: [\"AAPL\", \"MSFT\"]) {{ ...S }}
            signalSources {{ id name }} signalDeliveries {{ nodes {{ id body }} totalCount }} }} {SIGNAL}");
        let forged = [
            ("x-tenant-id", things.tenant.as_str()), ("x-tenant", "a"), ("tenant", "a"), ("cookie", "tenant=a"),
            ("x-user-id", &things.users[2]), ("x-forwarded-user", "admin@a.test"), ("x-forwarded-host", "a.test"),
        ];
        for caller in strangers(&app).await {
            let plain = caller.ask(&query, &json!({})).await;
            assert_no_word(&things, &caller.name, "the lists", &plain.text);
            if caller.token.is_some() {
                assert_eq!(plain.json()["data"]["signals"], json!({"nodes": [], "totalCount": 0}), "{}", caller.name);
                assert_eq!(plain.json()["data"]["latestSignals"], json!([]), "{}", caller.name);
            }
            let disguised = caller.ask_with(&query, &json!({}), &forged).await;
            assert_eq!(disguised.bare(), plain.bare(), "{}", caller.name);
        }
    }

    /// The owner of another tenant sees what is shared; private stays private.
    async fn the_owner_sees_other_tenants_but_nothing_private(app: TestApp) {
        let things = fill(&app).await;
        let owner = Caller::of(&app, "b", Role::Owner).await;
        let query = format!("query ($id: ID!) {{ signal(id: $id) {{ ...S }} }} {SIGNAL}");
        for id in &things.shared {
            let found = owner.ask(&query, &json!({"id": id})).await;
            assert!(found.text.contains(CANARY), "{}", found.text);
        }
        for id in &things.private {
            let found = owner.ask(&query, &json!({"id": id})).await;
            assert_eq!(found.bare(), owner.ask(&query, &json!({"id": unused::<SignalId>()})).await.bare());
        }
    }

    /// A private signal is its author's alone: not its admin's, not the owner's, nor anybody's of the tenant.
    async fn a_private_signal_is_seen_by_its_author_alone(app: TestApp) {
        let things = fill(&app).await;
        let (private, author) = (&things.private[1], &things.users[0]);
        let probes = [
            ("signal(id: $id)", "{eq: $by}"),
            ("node(id: $id)", "{eq: $by}"),
            ("nodes(ids: [$id])", "{in: [$by]}"),
        ];
        let probes = probes.map(|(field, by)| {
            let query = format!("query ($id: ID!, $by: ID!) {{ {field} {{ ...S }}
                signals(filter: {{author: {by}}}) {{ totalCount }} }} {SIGNAL}");
            (field, query)
        });
        for role in [Role::Support, Role::Seller, Role::Admin, Role::Owner] {
            let caller = Caller::of(&app, "a", role).await;
            for (what, query) in &probes {
                let found = caller.ask(query, &json!({"id": private, "by": author})).await;
                let nothing = json!({"id": unused::<SignalId>(), "by": unused::<UserId>()});
                assert_eq!(found.bare(), caller.ask(query, &nothing).await.bare(), "{what} as {}", caller.name);
                assert_eq!(found.json()["data"]["signals"]["totalCount"], 0, "{what} as {}", caller.name);
            }
            let lists = format!("{{ signals(first: 100) {{ nodes {{ ...S }} }} \
                latestSignals(symbols: [\"AAPL\", \"MSFT\"]) {{ ...S }} }} {SIGNAL}");
            let lists = caller.ask(&lists, &json!({})).await;
            assert!(!lists.text.contains(private), "{} sees it in a list: {}", caller.name, lists.text);
            assert!(lists.text.contains(&things.shared[0]), "{}", lists.text);
            // A private source is the admin's to manage; what came in by it is its signals, and is not.
            if role >= Role::Admin {
                for id in &things.deliveries[2..] {
                    let query = "mutation ($id: ID!) { redriveSignalDelivery(input: {id: $id}) {
                        delivery { id body } userErrors { code message path } } }";
                    for query in [&format!("query ($id: ID!) {{ node(id: $id) {{ ...N }} }} {NODE}"), query] {
                        let found = caller.ask(query, &json!({"id": id})).await;
                        let nothing = caller.ask(query, &json!({"id": unused::<DeliveryId>()})).await;
                        assert_eq!(found.bare(), nothing.bare(), "{} {query}", caller.name);
                    }
                    let journal = caller.ask("{ signalDeliveries { nodes { id } } }", &json!({})).await;
                    assert!(!journal.text.contains(id), "{} has it in the journal: {}", caller.name, journal.text);
                }
            }
        }
        let trader = Caller::of(&app, "a", Role::Trader).await;
        for (what, query) in &probes {
            let found = trader.ask(query, &json!({"id": private, "by": author})).await;
            assert!(found.text.contains(CANARY), "{what}: {}", found.text);
            // The one that was recorded, and the one that came by the source.
            assert_eq!(found.json()["data"]["signals"]["totalCount"], 2, "{what}");
        }
    }

    /// Whoever may manage a private source of another's does not get to read what came in by it.
    async fn a_private_source_is_not_opened_by_who_manages_it(app: TestApp) {
        let things = fill(&app).await;
        let query = "mutation ($id: ID!) { updateSignalSource(input: {id: $id, audience: TENANT}) {
            source { audience } userErrors { code } } }";
        for role in [Role::Admin, Role::Owner] {
            let caller = Caller::of(&app, "a", role).await;
            caller.ask(query, &json!({"id": things.sources[1].id})).await;
            for id in &things.deliveries[2..] {
                let query = format!("query ($id: ID!) {{ node(id: $id) {{ ...N }} }} {NODE}");
                let found = caller.ask(&query, &json!({"id": id})).await;
                assert_eq!(found.json()["data"], json!({"node": null}), "{} reads it now", caller.name);
            }
        }
    }

    /// To send what somebody else has in private tells nothing of it.
    async fn the_same_signal_of_two_authors_is_two(app: TestApp) {
        let trader = app.sign_in("a", Role::Trader).await;
        let same = marked(&app, 9, "PRIVATE");
        let first = record(&trader, &same).await;
        for (tenant, role) in [("a", Role::Admin), ("a", Role::Owner), ("b", Role::Trader), ("b", Role::Admin)] {
            let other = app.sign_in(tenant, role).await;
            assert_ne!(record(&other, &same).await, first, "{role:?} of {tenant}");
        }
    }

    /// Sockets and event streams of `b` stay silent about `a`, whatever they filter by or resume from.
    async fn subscriptions_hear_nothing_of_another_tenant(app: TestApp) {
        let things = fill(&app).await;
        let (admin, own) = (app.sign_in("a", Role::Admin).await, app.sign_in("b", Role::Seller).await);
        let trader = app.sign_in("a", Role::Trader).await;
        let first = record(&own, &signal(&app, 100, "TENANT")).await;
        let query = format!("subscription ($filter: SignalFilter) {{
            signalRecorded(filter: $filter, afterSequence: \"0\") {{ sequence signal {{ ...S }} }} }} {SIGNAL}");
        let everything = json!({});
        let author = json!({"filter": {"or": [{"author": {"in": things.users}}, {"confidence": {"gte": 0}}]}});
        let (mut sockets, mut streams) = (Vec::new(), Vec::new());
        for caller in strangers(&app).await.into_iter().filter(|caller| caller.token.is_some()) {
            for variables in [&everything, &author] {
                let token = caller.token.as_deref();
                sockets.push((caller.name.clone(), Socket::subscribe(&app, token, &query, variables).await));
                streams.push((caller.name.clone(), Events::subscribe(&app, token, &query, variables).await.unwrap()));
            }
        }
        // The first event shows that a subscription runs; then those of both tenants alternate.
        let mut expected = first;
        for round in 0..3 {
            for (who, socket) in &mut sockets {
                is_event(who, &expected, socket.next().await);
            }
            for (who, stream) in &mut streams {
                is_event(who, &expected, stream.next().await);
            }
            record(&admin, &marked(&app, 200 + round, "TENANT")).await;
            record(&trader, &marked(&app, 200 + round, "PRIVATE")).await;
            expected = record(&own, &signal(&app, 101 + round, "TENANT")).await;
        }
        let by_socket = sockets.iter().map(|(who, socket)| (who, &socket.raw));
        for (who, raw) in by_socket.chain(streams.iter().map(|(who, stream)| (who, &stream.raw))) {
            assert_no_word(&things, who, "a subscription", raw);
        }
    }

    /// To follow an account or a challenge of `a` is to follow one that does not exist, whoever asks and by whichever way.
    async fn nobody_follows_what_is_traded_in_another_tenant(app: TestApp) {
        let things = fill(&app).await;
        let account = (
            "accountChanged",
            "subscription ($id: ID!) { accountChanged(id: $id) { id number equity } }",
            things.others[0].clone(),
            unused::<AccountId>(),
        );
        let challenge = (
            "challengeChanged",
            "subscription ($id: ID!) { challengeChanged(id: $id) { id status account { equity } } }",
            things.others.last().unwrap().clone(),
            unused::<ChallengeId>(),
        );
        for (field, query, theirs, nothing) in [account, challenge] {
            for caller in strangers(&app).await {
                let token = caller.token.as_deref();
                let expected = if token.is_some() { "NOT_FOUND" } else { "UNAUTHENTICATED" };
                let mut answers = Vec::new();
                for id in [&theirs, &nothing] {
                    let variables = json!({"id": id});
                    let by_socket = Socket::subscribe(&app, token, query, &variables).await.next().await;
                    let by_stream = Events::subscribe(&app, token, query, &variables).await.unwrap().next().await;
                    for heard in [by_socket, by_stream] {
                        let Heard::Answer(mut answer) = heard else { panic!("{} heard {heard:?}", caller.name) };
                        assert_eq!(answer["errors"][0]["extensions"]["code"], expected, "{}: {answer}", caller.name);
                        answer["errors"][0]["extensions"]["requestId"].take();
                        answers.push(answer.to_string().replace(id, "the id"));
                    }
                }
                assert_eq!(answers[..2], answers[2..], "{}", caller.name);
            }
            let admin = app.sign_in("a", Role::Admin).await;
            let variables = json!({"id": theirs});
            let heard = Socket::subscribe(&app, admin.token.as_deref(), query, &variables).await.next().await;
            assert_eq!(heard.data().unwrap()[field]["id"], variables["id"], "its owner follows it");
        }
    }

    /// A private signal is an event for its author alone.
    async fn subscriptions_hear_nothing_private_of_others(app: TestApp) {
        let (admin, trader) = (app.sign_in("a", Role::Admin).await, app.sign_in("a", Role::Trader).await);
        let first = record(&admin, &signal(&app, 0, "TENANT")).await;
        let query = "subscription { signalRecorded(afterSequence: \"0\") { signal { id } } }";
        let mut others = Vec::new();
        for role in [Role::Support, Role::Seller, Role::Admin, Role::Owner] {
            let caller = Caller::of(&app, "a", role).await;
            others.push((caller.name, Socket::subscribe(&app, caller.token.as_deref(), query, &json!({})).await));
        }
        let mut author = Socket::subscribe(&app, trader.token.as_deref(), query, &json!({})).await;
        for (who, socket) in &mut others {
            is_event(who, &first, socket.next().await);
        }
        is_event("the author", &first, author.next().await);
        let private = record(&trader, &marked(&app, 1, "PRIVATE")).await;
        let shared = record(&admin, &signal(&app, 2, "TENANT")).await;
        for (who, socket) in &mut others {
            is_event(who, &shared, socket.next().await);
        }
        is_event("the author", &private, author.next().await);
        is_event("the author", &shared, author.next().await);
        // Also in what is replayed.
        let caller = Caller::of(&app, "a", Role::Support).await;
        let mut replayed = Socket::subscribe(&app, caller.token.as_deref(), query, &json!({})).await;
        is_event("who resumes", &first, replayed.next().await);
        is_event("who resumes", &shared, replayed.next().await);
    }

    /// A source's token is all that a webhook shows; a wrong one tells nothing of the others.
    async fn a_webhook_tells_nothing_of_other_sources(app: TestApp) {
        let things = fill(&app).await;
        let http = reqwest::Client::builder().build().unwrap();
        let mut token = things.sources[0].token.clone();
        let last = if token.ends_with('A') { "B" } else { "A" };
        token.replace_range(token.len() - 1.., last);
        let mut answers = Vec::new();
        for token in [token.as_str(), "tvw_wrong", &things.sources[0].id, "a%00b", &"x".repeat(2_000)] {
            let url = app.url(&format!("/hooks/tradingview/{token}"));
            let written = Written::of(http.post(url).body("BUY AAPL 1h").send().await.unwrap()).await;
            assert_no_word(&things, "a webhook", token, &written.text);
            assert_eq!(written.status, 404, "{token}: {}", written.text);
            answers.push(written.bare());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}

fn is_event(who: &str, expected: &str, heard: Heard) {
    let id = heard.data().map(|data| data["signalRecorded"]["signal"]["id"].clone());
    assert_eq!(id, Some(json!(expected)), "{who} heard {heard:?}");
}
