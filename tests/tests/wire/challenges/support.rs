//! What tests of challenges stand on: tiers, a price that is put by hand, an admin and a trader.

use bellwether_domain::Domain;
use bellwether_domain::challenges::{NewTier, OnDailyBreach, PhaseKind, Rules};
use bellwether_domain::fixed::{Money, Percent};
use bellwether_domain::market::{NewQuote, SourceName, Symbol};
use bellwether_domain::permission::Role;
use bellwether_tests::{Client, TestApp};
use serde_json::{Value, json};

use crate::support::member;
use crate::support::socket::Socket;

/// Everything of a challenge that is no list or object of its own.
pub const CHALLENGE: &str = "fragment C on Challenge {
    id tierCode tierName ownerId status phase phases rulesHash startedAt expiresAt endedAt createdAt daysRemaining
    account { id number status balance equity challenge { id } }
    room {
        dailyLoss { reference floor valuePercent limitPercent left leftPercent usedPercent }
        drawdown { reference floor left usedPercent }
        position { held most valuePercent limitPercent left leftPercent }
        riskLevel target profit profitNeeded progressPercent bestDaySharePercent daysTraded daysNeeded resetsAt
        minutesToReset isLocked
    }
    violations { rule valuePercent limitPercent cause status }
    history { sequence at cause status rule reason actorId }
    certificate { number issuedAt tierName phase profitPercent evidenceHash }
    previousPhase { id status } nextPhase { id phase status account { id } }
    metrics { totalPnl closedTrades daysTraded } }";

fn percent(text: &str) -> Option<Percent> {
    Some(text.parse().unwrap())
}

/// A challenge of $10,000 with this phase and a funded one after it.
fn tier(code: &str, evaluation: Rules) -> NewTier {
    let funded = Rules { phase: PhaseKind::Funded, profit_target: None, duration_days: None, ..evaluation.clone() };
    NewTier {
        code: code.to_owned(),
        name: format!("Tier {code}"),
        is_recommended: code == "SPRINT",
        price: (code == "SPRINT").then(|| ("99.5".parse().unwrap(), "USD".to_owned())),
        is_refundable: code == "SPRINT",
        phases: vec![evaluation, funded],
    }
}

/// Makes SPRINT and CALM the tiers that are offered. SPRINT: a target of 10 %, a daily loss of 5 %, a drawdown of 10 %, 30
/// days. CALM: it never expires, a day's loss of 2 % locks it, and one position may be half of it.
pub async fn put_tiers(domain: &Domain) {
    let unlimited = Rules::unlimited(PhaseKind::Evaluation, Money::from_int(10_000).unwrap());
    let sprint = Rules {
        profit_target: percent("10"),
        daily_loss: percent("5"),
        drawdown: percent("10"),
        duration_days: Some(30),
        ..unlimited.clone()
    };
    let calm = Rules {
        profit_target: percent("10"),
        daily_loss: percent("2"),
        position: percent("50"),
        minimum_days: 2,
        on_daily_breach: OnDailyBreach::LockUntilReset,
        ..unlimited
    };
    domain.put_challenge_tiers(&[tier("SPRINT", sprint), tier("CALM", calm)]).await.unwrap();
}

/// Puts a price of bitcoin there, which is traded around the clock.
pub async fn quote(domain: &Domain, bid: &str, ask: &str) {
    let asset = domain.asset_by_symbol(&Symbol::try_from("BTC-USD").unwrap()).await.unwrap().unwrap();
    let (bid, ask) = (bid.parse().unwrap(), Some(ask.parse().unwrap()));
    let quote = NewQuote {
        asset_id: asset.id,
        price: bid,
        bid: Some(bid),
        ask,
        previous_close: None,
        exchange_time: domain.now(),
    };
    assert_eq!(domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap().len(), 1);
}

/// Somebody who grants and somebody who trades.
pub struct Arena<'a> {
    pub app: &'a TestApp,
    pub admin: Client,
    pub trader: Client,
    pub trader_id: String,
}

impl<'a> Arena<'a> {
    /// With the tiers, and bitcoin at 1,000.
    pub async fn open(app: &'a TestApp) -> Self {
        put_tiers(&app.domain).await;
        quote(&app.domain, "1000", "1000").await;
        let (admin, trader) = (member(app, Role::Admin).await, member(app, Role::Trader).await);
        let trader_id = user_id(&trader).await;
        Self { app, admin, trader, trader_id }
    }

    /// Grants the trader a challenge; its id.
    pub async fn grant(&self, tier: &str) -> String {
        let input = json!({"userId": self.trader_id, "tier": tier, "reason": "order 17"});
        let granted = done(&self.admin, "grantChallenge", input).await;
        granted["challenge"]["id"].as_str().unwrap().to_owned()
    }

    /// Begins a challenge of the trader's; the id of its account.
    pub async fn start(&self, id: &str) -> String {
        let started = done(&self.trader, "startChallenge", json!({"challengeId": id})).await;
        started["challenge"]["account"]["id"].as_str().unwrap().to_owned()
    }

    /// Grants and begins one; its id and that of its account.
    pub async fn begin(&self, tier: &str) -> (String, String) {
        let id = self.grant(tier).await;
        let account = self.start(&id).await;
        (id, account)
    }

    /// Buys bitcoin at the market; the trade.
    pub async fn buy(&self, account: &str, quantity: &str) -> String {
        let query = "mutation ($input: PlaceOrderInput!) {
            placeOrder(input: $input) { order { status } trade { id } userErrors { code message } } }";
        let placed = self.trader.data(query, json!({"input": order(account, quantity)})).await;
        let trade = placed["placeOrder"]["trade"]["id"].as_str();
        trade.unwrap_or_else(|| panic!("{placed}")).to_owned()
    }

    /// Closes a trade at the market.
    pub async fn close(&self, trade: &str) {
        let query =
            "mutation ($id: ID!) { closeTrade(input: {tradeId: $id}) { trade { status } userErrors { message } } }";
        let closed = self.trader.data(query, json!({"id": trade})).await;
        assert_eq!(closed["closeTrade"]["trade"]["status"], "CLOSED", "{closed}");
    }

    /// The challenge as the trader sees it.
    pub async fn challenge(&self, id: &str) -> Value {
        self.seen_by(&self.trader, id).await
    }

    /// The challenge as somebody sees it.
    pub async fn seen_by(&self, client: &Client, id: &str) -> Value {
        let query = format!("query ($id: ID!) {{ challenge(id: $id) {{ ...C }} }} {CHALLENGE}");
        client.data(&query, json!({"id": id})).await["challenge"].clone()
    }
}

/// The id of who a client is.
pub async fn user_id(client: &Client) -> String {
    let viewer = client.data("{ viewer { user { id } } }", json!({})).await;
    viewer["viewer"]["user"]["id"].as_str().unwrap().to_owned()
}

/// A market order for bitcoin.
pub fn order(account: &str, quantity: &str) -> Value {
    json!({"accountId": account, "symbol": "BTC-USD", "side": "BUY", "quantity": quantity, "type": "MARKET"})
}

/// The payload of a mutation of challenges.
pub async fn ask(client: &Client, mutation: &str, input: Value) -> Value {
    let (first, rest) = mutation.split_at(1);
    let query = format!(
        "mutation ($input: {}{rest}Input!) {{ {mutation}(input: $input) {{
            challenge {{ ...C }} userErrors {{ code message path limit {{ key used allowed }} }} }} }} {CHALLENGE}",
        first.to_uppercase()
    );
    client.data(&query, json!({"input": input})).await[mutation].clone()
}

/// The same where nothing is to be mended.
pub async fn done(client: &Client, mutation: &str, input: Value) -> Value {
    let payload = ask(client, mutation, input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload
}

/// The code and the path of the only thing that is to be mended.
pub async fn refused(client: &Client, mutation: &str, input: Value) -> (String, String) {
    let payload = ask(client, mutation, input).await;
    assert!(payload["challenge"].is_null(), "{payload}");
    let errors = payload["userErrors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{payload}");
    let path: Vec<&str> = errors[0]["path"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    (errors[0]["code"].as_str().unwrap().to_owned(), path[1..].join("."))
}

/// A code and a path, to be compared.
pub fn problem(code: &str, path: &str) -> (String, String) {
    (code.to_owned(), path.to_owned())
}

const FOLLOW: &str = "subscription ($id: ID!) { challengeChanged(id: $id) {
    id status account { equity balance } room { dailyLoss { usedPercent } } certificate { number } nextPhase { status } } }";

/// Follows a challenge.
pub async fn follow(client: &Client, id: &str) -> Socket {
    let mut socket = Socket::ready(client).await;
    socket.subscribe("1", FOLLOW, json!({"id": id})).await;
    socket
}

/// What is told next.
pub async fn told(socket: &mut Socket) -> Value {
    let payload = socket.payload("1").await;
    assert!(payload.get("errors").is_none(), "{payload}");
    payload["data"]["challengeChanged"].clone()
}

/// What is told until it is so.
pub async fn told_until(socket: &mut Socket, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let challenge = told(socket).await;
        if is_so(&challenge) {
            return challenge;
        }
    }
}
