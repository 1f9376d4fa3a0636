//! The authorization matrix: what every root field answers to everybody.
//!
//! A field that has no row here fails a test, and so does a row without a field. Where a field takes an id, it is
//! asked for something that the admin of tenant `a` made; whoever may not see that must be answered, byte for byte,
//! as for an id that nothing has.

use std::collections::BTreeSet;
use std::time::Duration;

use bellwether_domain::fixed::{Price, Quantity};
use bellwether_domain::ids::{
    AccountId, ApiKeyId, AssetId, AuditEntryId, ChallengeId, ContactMessageId, DeliveryId, FillId, Id, OrderId, RunId,
    SessionId, SignalId, SourceId, TenantId, TradeId, UserId, WaitlistEntryId, WatchlistId,
};
use bellwether_domain::market::{Candle, NewQuote, SourceName, Symbol, Timeframe, bucket};
use bellwether_domain::permission::{Permission, Role};
use bellwether_domain::scheduler::SchedulerSettings;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::mail::token;
use bellwether_tests::{Client, TestApp, both_databases};
use chrono::{DateTime, TimeDelta};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::follow::{Events, Heard, Socket};
use crate::sdl::root_fields;
use crate::world::{
    Caller, begin, challenge, deliver, execute, make_api_key, make_source, make_user, put_candles, put_tier, record,
    signal, unused,
};

/// So long that no test outlasts it.
const LEASE: Duration = Duration::from_secs(600);

/// What a field answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// What was asked for.
    Answer,
    /// Null, and no error: there is no such thing, as far as the caller can tell.
    Null,
    /// Null, and an error of this code.
    Refused(&'static str),
    /// A payload with a user error of this code.
    UserError(&'static str),
}

const YES: Outcome = Outcome::Answer;
const NIL: Outcome = Outcome::Null;
/// Sign in first.
const WHO: Outcome = Outcome::Refused("UNAUTHENTICATED");
/// Your role does not hold the permission.
const NOT: Outcome = Outcome::Refused("FORBIDDEN");
/// What the input names does not exist.
const GONE: Outcome = Outcome::UserError("NOT_FOUND");

/// There is no such thing to follow, as far as the caller can tell.
const LOST: Outcome = Outcome::Refused("NOT_FOUND");

/// The password is not theirs.
const WRONG: Outcome = Outcome::UserError("INVALID_CREDENTIALS");

/// Who asks, in the order of the columns.
const CALLERS: [Option<(&str, Role)>; 7] = [
    None,
    Some(("a", Role::Trader)),
    Some(("b", Role::Trader)),
    Some(("a", Role::Support)),
    Some(("a", Role::Seller)),
    Some(("a", Role::Admin)),
    Some(("a", Role::Owner)),
];

/// What a row's `$id` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    /// It has none.
    None,
    /// A signal that all of tenant `a` see.
    Signal,
    /// A signal that the admin alone sees.
    PrivateSignal,
    /// An asset, which everybody sees.
    Asset,
    /// The admin themself.
    User,
    /// Tenant `a`.
    Tenant,
    /// A source of the admin's.
    Source,
    /// A rejected delivery to a source of the admin's whose signals all of tenant `a` see.
    Delivery,
    /// The same to a source whose signals the admin alone sees.
    PrivateDelivery,
    /// Another session of the admin's.
    Session,
    /// A run of a job, which is the installation's.
    Run,
    /// An API key of the admin's.
    ApiKey,
    /// The newest entry of tenant `a`'s audit log.
    AuditEntry,
    /// A new trader of tenant `a`.
    Colleague,
    /// A new tenant.
    NewTenant,
    /// An entry of the waitlist of tenant `a`.
    WaitlistEntry,
    /// A message to tenant `a`.
    ContactMessage,
    /// A paper account of the admin's.
    Account,
    /// An order on it that waits.
    Order,
    /// A trade on it that is open.
    Trade,
    /// The fill that opened one.
    Fill,
    /// A challenge of the admin's that waits.
    Challenge,
    /// One that was begun.
    Running,
    /// A watchlist of the admin's.
    Watchlist,
}

struct Row {
    field: &'static str,
    thing: Thing,
    operation: &'static str,
    /// Where the answer is in `data`, as a JSON pointer.
    answer: &'static str,
    /// Anonymous; trader, another tenant's trader, support, seller, admin, owner.
    expected: [Outcome; 7],
}

const fn row(
    field: &'static str,
    thing: Thing,
    operation: &'static str,
    answer: &'static str,
    expected: [Outcome; 7],
) -> Row {
    Row { field, thing, operation, answer, expected }
}

const NODE: &str = "query ($id: ID!) { node(id: $id) { __typename id } }";
const NODES: &str = "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }";
const SIGNAL: &str = "query ($id: ID!) { signal(id: $id) { id } }";
const SIMILAR: &str = "query ($id: ID!) { similarSignals(id: $id) { similarity } }";
const RUN_JOB: &str =
    "mutation { runJob(input: {job: \"run_retention\"}) { job { name } userErrors { code message path } } }";
const REDRIVE: &str = "mutation ($id: ID!) {
    redriveSignalDelivery(input: {id: $id}) { delivery { id } userErrors { code message path } } }";

/// The table. Columns: anonymous, trader, another tenant's trader, support, seller, admin, owner.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("Query.node", Thing::Signal, NODE, "/node", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.node", Thing::PrivateSignal, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.node", Thing::Asset, NODE, "/node", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.node", Thing::User, NODE, "/node", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.node", Thing::Tenant, NODE, "/node", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.node", Thing::Source, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.node", Thing::Delivery, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.node", Thing::PrivateDelivery, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.node", Thing::Run, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, NIL, YES]),
    row("Query.nodes", Thing::Signal, NODES, "/nodes/0", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.nodes", Thing::PrivateSignal, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.nodes", Thing::Asset, NODES, "/nodes/0", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.nodes", Thing::User, NODES, "/nodes/0", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.nodes", Thing::Tenant, NODES, "/nodes/0", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.nodes", Thing::Source, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.nodes", Thing::Delivery, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.nodes", Thing::PrivateDelivery, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.nodes", Thing::Run, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, NIL, YES]),
    row("Query.node", Thing::WaitlistEntry, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.node", Thing::ContactMessage, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.nodes", Thing::WaitlistEntry, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.nodes", Thing::ContactMessage, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.viewer", Thing::None, "{ viewer { role user { id } tenant { id } } }", "/viewer",
        [NIL, YES, YES, YES, YES, YES, YES]),
    row("Query.signals", Thing::None, "{ signals { nodes { id } totalCount } }", "/signals",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.signal", Thing::Signal, SIGNAL, "/signal", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.signal", Thing::PrivateSignal, SIGNAL, "/signal", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.latestSignals", Thing::None, r#"{ latestSignals(symbols: ["AAPL"]) { id } }"#, "/latestSignals",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.strategies", Thing::None, "{ strategies { name isOn } }", "/strategies",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.signalStats", Thing::None, "{ signalStats { count winRate } }", "/signalStats",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.similarSignals", Thing::Signal, SIMILAR, "/similarSignals", [WHO, YES, NIL, YES, YES, YES, YES]),
    row("Query.similarSignals", Thing::PrivateSignal, SIMILAR, "/similarSignals", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.indicators", Thing::None,
        "{ indicators(symbol: \"AAPL\", timeframe: H1, kinds: [{kind: RSI}]) { label } }", "/indicators",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.signalSources", Thing::None, "{ signalSources { id } }", "/signalSources",
        [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Query.signalDeliveries", Thing::None, "{ signalDeliveries { nodes { id } totalCount } }", "/signalDeliveries",
        [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Query.node", Thing::Account, NODE, "/node", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.nodes", Thing::Account, NODES, "/nodes/0", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.node", Thing::Order, NODE, "/node", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.nodes", Thing::Order, NODES, "/nodes/0", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.node", Thing::Trade, NODE, "/node", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.nodes", Thing::Trade, NODES, "/nodes/0", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.node", Thing::Fill, NODE, "/node", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.nodes", Thing::Fill, NODES, "/nodes/0", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.accounts", Thing::None, "{ accounts { nodes { id equity } totalCount } }", "/accounts",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.account", Thing::Account, "query ($id: ID!) { account(id: $id) { id equity } }", "/account",
        [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.positions", Thing::Account, "query ($id: ID!) { positions(accountId: $id) { symbol trades { id } } }",
        "/positions", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.portfolio", Thing::Account, "query ($id: ID!) { portfolio(accountId: $id) { value byAsset { name } } }",
        "/portfolio", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.orders", Thing::Account, "query ($id: ID!) { orders(accountId: $id) { nodes { id fill { id } } totalCount } }",
        "/orders", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.tradeHistory", Thing::Account, "query ($id: ID!) { tradeHistory(accountId: $id) { nodes { id } totalCount } }",
        "/tradeHistory", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.tradeHistoryCsv", Thing::Account, "query ($id: ID!) { tradeHistoryCsv(accountId: $id)  }",
        "/tradeHistoryCsv", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.ledger", Thing::Account, "query ($id: ID!) { ledger(accountId: $id) { nodes { seq } totalCount } }",
        "/ledger", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.explainBalance", Thing::Account, "query ($id: ID!) { explainBalance(accountId: $id) { balance summary } }",
        "/explainBalance", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.accountMetrics", Thing::Account, "query ($id: ID!) { accountMetrics(accountId: $id) { equity sharpe } }",
        "/accountMetrics", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.equityCurve", Thing::Account, "query ($id: ID!) { equityCurve(accountId: $id) { day equity } }",
        "/equityCurve", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.dailyPnl", Thing::Account, "query ($id: ID!) { dailyPnl(accountId: $id) { day pnl } }",
        "/dailyPnl", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.tradeDistributions", Thing::Account, "query ($id: ID!) { tradeDistributions(accountId: $id) { bySymbol { symbol } } }",
        "/tradeDistributions", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Mutation.openAccount", Thing::None,
        "mutation { openAccount(input: {}) { account { id } userErrors { code } } }",
        "/openAccount", [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Mutation.setAccountStatus", Thing::Account,
        "mutation ($id: ID!) {
            setAccountStatus(input: {accountId: $id, status: ACTIVE, reason: \"paid\"}) {
                account { id } userErrors { code message path } } }",
        "/setAccountStatus", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.simulateOrder", Thing::Account,
        "mutation ($id: ID!) {
            simulateOrder(input: {accountId: $id, symbol: \"BTC-USD\", side: BUY, quantity: \"0.01\", type: MARKET}) {
                cost userErrors { code message path } } }",
        "/simulateOrder", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.placeOrder", Thing::Account,
        "mutation ($id: ID!) {
            placeOrder(input: {accountId: $id, symbol: \"BTC-USD\", side: BUY, quantity: \"0.01\", type: MARKET}) {
                order { id } userErrors { code message path } } }",
        "/placeOrder", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.cancelOrder", Thing::Order,
        "mutation ($id: ID!) { cancelOrder(input: {orderId: $id}) { order { id } userErrors { code message path } } }",
        "/cancelOrder", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.closeTrade", Thing::Trade,
        "mutation ($id: ID!) { closeTrade(input: {tradeId: $id}) { trade { id } userErrors { code message path } } }",
        "/closeTrade", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.closeAll", Thing::Account,
        "mutation ($id: ID!) { closeAll(input: {accountId: $id}) { trades { id } userErrors { code message path } } }",
        "/closeAll", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Subscription.accountChanged", Thing::Account,
        "subscription ($id: ID!) { accountChanged(id: $id) { id equity } }",
        "/accountChanged", [WHO, LOST, LOST, YES, LOST, YES, YES]),
    row("Query.node", Thing::Challenge, NODE, "/node", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.nodes", Thing::Challenge, NODES, "/nodes/0", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.challengeTiers", Thing::None, "{ challengeTiers { code phases { phase } } }", "/challengeTiers",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.challenges", Thing::None, "{ challenges { nodes { id account { id } room { profit } } totalCount } }", "/challenges",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.challenge", Thing::Running,
        "query ($id: ID!) { challenge(id: $id) { id account { id } room { profit } evidence { nodes { body } } } }",
        "/challenge", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.verifyEvidence", Thing::Running,
        "query ($id: ID!) { verifyEvidence(challengeId: $id) { isValid rows } }",
        "/verifyEvidence", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.exportEvidence", Thing::Running, "query ($id: ID!) { exportEvidence(challengeId: $id) }",
        "/exportEvidence", [WHO, NIL, NIL, YES, NIL, YES, YES]),
    row("Query.leaderboard", Thing::None, "{ leaderboard(period: WEEK) { nodes { rank displayName traderId } totalCount } }",
        "/leaderboard", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.myRank", Thing::None, "{ myRank(period: ALL_TIME, scope: CHALLENGE) { rank } }", "/myRank",
        [WHO, NIL, NIL, NIL, NIL, NIL, NIL]),
    row("Query.traderProfile", Thing::None, "{ traderProfile { points achievements { kind } } }", "/traderProfile",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Mutation.setLeaderboardName", Thing::None,
        "mutation { setLeaderboardName(input: {showsName: true}) { profile { displayName } userErrors { code } } }",
        "/setLeaderboardName", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Mutation.grantChallenge", Thing::Colleague,
        "mutation ($id: ID!, $tier: String!) {
            grantChallenge(input: {userId: $id, tier: $tier, reason: \"paid\"}) {
                challenge { id } userErrors { code message path } } }",
        "/grantChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.startChallenge", Thing::Challenge,
        "mutation ($id: ID!) {
            startChallenge(input: {challengeId: $id}) { challenge { id } userErrors { code message path } } }",
        "/startChallenge", [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.evaluateChallenge", Thing::Running,
        "mutation ($id: ID!) {
            evaluateChallenge(input: {challengeId: $id, reason: \"asked\"}) {
                challenge { id } userErrors { code message path } } }",
        "/evaluateChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.passChallenge", Thing::Running,
        "mutation ($id: ID!) {
            passChallenge(input: {challengeId: $id, reason: \"seen\"}) {
                challenge { id } userErrors { code message path } } }",
        "/passChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.failChallenge", Thing::Running,
        "mutation ($id: ID!) {
            failChallenge(input: {challengeId: $id, reason: \"cheated\"}) {
                challenge { id } userErrors { code message path } } }",
        "/failChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.cancelChallenge", Thing::Challenge,
        "mutation ($id: ID!) {
            cancelChallenge(input: {challengeId: $id, reason: \"paid back\"}) {
                challenge { id } userErrors { code message path } } }",
        "/cancelChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.extendChallenge", Thing::Running,
        "mutation ($id: ID!) {
            extendChallenge(input: {challengeId: $id, days: 1, reason: \"ill\"}) {
                challenge { id } userErrors { code message path } } }",
        "/extendChallenge", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.adjustChallengeBalance", Thing::Running,
        "mutation ($id: ID!) {
            adjustChallengeBalance(input: {challengeId: $id, amount: \"-1\", reason: \"a wrong price\"}) {
                challenge { id } userErrors { code message path } } }",
        "/adjustChallengeBalance", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Subscription.challengeChanged", Thing::Running,
        "subscription ($id: ID!) { challengeChanged(id: $id) { id status account { equity } } }",
        "/challengeChanged", [WHO, LOST, LOST, YES, LOST, YES, YES]),
    row("Query.schedulerStatus", Thing::None, "{ schedulerStatus { lock { holder } jobs { name } } }",
        "/schedulerStatus", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Query.schedulerRuns", Thing::None, "{ schedulerRuns { nodes { id } totalCount } }", "/schedulerRuns",
        [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Query.deadLetters", Thing::None, "{ deadLetters { nodes { id } totalCount } }", "/deadLetters",
        [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.redriveLetter", Thing::None,
        "mutation { redriveLetter(input: {id: \"ltr_01h455vb4pex5vsknk084sn02q\"}) { letter { id } userErrors { code } } }",
        "/redriveLetter", [WHO, NOT, NOT, NOT, NOT, NOT, GONE]),
    row("Query.waitlist", Thing::None, "{ waitlist { nodes { id } totalCount } }", "/waitlist",
        [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Query.contactMessages", Thing::None, "{ contactMessages { nodes { id } totalCount } }", "/contactMessages",
        [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.removeWaitlistEntry", Thing::WaitlistEntry,
        "mutation ($id: ID!) {
            removeWaitlistEntry(input: {id: $id}) { removedId userErrors { code message path } } }",
        "/removeWaitlistEntry", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.removeContactMessage", Thing::ContactMessage,
        "mutation ($id: ID!) {
            removeContactMessage(input: {id: $id}) { removedId userErrors { code message path } } }",
        "/removeContactMessage", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.joinWaitlist", Thing::None,
        "mutation ($email: String!) { joinWaitlist(input: {email: $email}) { isAccepted userErrors { code } } }",
        "/joinWaitlist", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.contact", Thing::None,
        "mutation ($email: String!) {
            contact(input: {name: \"A\", email: $email, topic: OTHER, message: \"B\"}) {
                isAccepted userErrors { code } } }",
        "/contact", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.register", Thing::None,
        "mutation ($email: String!, $password: String!, $terms: String!) {
            register(input: {
                email: $email, password: $password, firstName: \"A\", lastName: \"B\", acceptTerms: $terms
            }) { session { accessToken } userErrors { code } } }",
        "/register", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.login", Thing::None,
        "mutation ($known: String!, $password: String!) {
            login(input: {email: $known, password: $password}) { session { accessToken } userErrors { code } } }",
        "/login", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.refreshSession", Thing::None,
        "mutation ($refresh: String!) {
            refreshSession(input: {refreshToken: $refresh}) { session { accessToken } userErrors { code } } }",
        "/refreshSession", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.logout", Thing::Session,
        "mutation ($id: ID!) { logout(input: {sessionId: $id}) { sessionId userErrors { code message path } } }",
        "/logout", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.recordSignal", Thing::None,
        "mutation ($signal: RecordSignalInput!) { recordSignal(input: $signal) { signal { id } userErrors { code } } }",
        "/recordSignal", [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Mutation.recordSignals", Thing::None,
        "mutation ($signal: RecordSignalInput!) {
            recordSignals(input: {signals: [$signal]}) { results { signal { id } } userErrors { code } } }",
        "/recordSignals", [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Mutation.analyze", Thing::None,
        "mutation { analyze(input: {symbol: \"AAPL\", timeframe: H1, mode: SWING}) { signal { id } userErrors { code } } }",
        "/analyze", [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Mutation.switchStrategy", Thing::None,
        "mutation { switchStrategy(input: {strategy: \"consensus\", isOn: true}) { strategy { name } userErrors { code } } }",
        "/switchStrategy", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.createSignalSource", Thing::None,
        "mutation { createSignalSource(input: {name: \"alerts\"}) { source { id } userErrors { code } } }",
        "/createSignalSource", [WHO, YES, YES, NOT, YES, YES, YES]),
    row("Mutation.updateSignalSource", Thing::Source,
        "mutation ($id: ID!) {
            updateSignalSource(input: {id: $id, name: \"mended\"}) {
                source { id } userErrors { code message path } } }",
        "/updateSignalSource", [WHO, GONE, GONE, NOT, GONE, YES, YES]),
    row("Mutation.revokeSignalSource", Thing::Source,
        "mutation ($id: ID!) {
            revokeSignalSource(input: {id: $id}) { source { id } userErrors { code message path } } }",
        "/revokeSignalSource", [WHO, GONE, GONE, NOT, GONE, YES, YES]),
    row("Mutation.redriveSignalDelivery", Thing::Delivery, REDRIVE, "/redriveSignalDelivery",
        [WHO, GONE, GONE, NOT, GONE, YES, YES]),
    row("Mutation.redriveSignalDelivery", Thing::PrivateDelivery, REDRIVE, "/redriveSignalDelivery",
        [WHO, GONE, GONE, NOT, GONE, YES, GONE]),
    row("Mutation.runJob", Thing::None,
        RUN_JOB, "/runJob", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.pauseJob", Thing::None,
        "mutation { pauseJob(input: {job: \"run_retention\"}) { job { isPaused } userErrors { code } } }",
        "/pauseJob", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.resumeJob", Thing::None,
        "mutation { resumeJob(input: {job: \"run_retention\"}) { job { isPaused } userErrors { code } } }",
        "/resumeJob", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.breakSchedulerLock", Thing::None,
        "mutation ($term: String!) {
            breakSchedulerLock(input: {fencingToken: $term}) { lock { isHeld } userErrors { code } } }",
        "/breakSchedulerLock", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Subscription.schedulerRunFinished", Thing::None, "subscription { schedulerRunFinished { id job status } }",
        "/schedulerRunFinished", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.verifyEmail", Thing::None,
        "mutation ($verification: String!) { verifyEmail(input: {token: $verification}) { email userErrors { code } } }",
        "/verifyEmail", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.resendVerification", Thing::None,
        "mutation ($email: String!) { resendVerification(input: {email: $email}) { userErrors { code } } }",
        "/resendVerification", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.requestPasswordReset", Thing::None,
        "mutation ($email: String!) { requestPasswordReset(input: {email: $email}) { userErrors { code } } }",
        "/requestPasswordReset", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.resetPassword", Thing::None,
        "mutation ($reset: String!, $password: String!) {
            resetPassword(input: {token: $reset, password: $password}) { userErrors { code } } }",
        "/resetPassword", [YES, YES, YES, YES, YES, YES, YES]),
    row("Mutation.changePassword", Thing::None,
        "mutation { changePassword(input: {currentPassword: \"no\", newPassword: \"no\"}) {
            endedSessions userErrors { code } } }",
        "/changePassword", [WHO, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
    row("Mutation.updateProfile", Thing::None,
        "mutation { updateProfile(input: {locale: ES}) { user { locale } userErrors { code } } }",
        "/updateProfile", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Mutation.closeAccount", Thing::None,
        "mutation { closeAccount(input: {password: \"no\"}) { user { id } userErrors { code } } }",
        "/closeAccount", [WHO, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
    row("Mutation.inviteUser", Thing::None,
        "mutation ($email: String!) {
            inviteUser(input: {email: $email, firstName: \"A\", lastName: \"B\"}) { user { id } userErrors { code } } }",
        "/inviteUser", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.acceptInvitation", Thing::None,
        "mutation ($invitation: String!, $password: String!, $terms: String!) {
            acceptInvitation(input: {token: $invitation, password: $password, acceptTerms: $terms}) {
                session { accessToken } userErrors { code } } }",
        "/acceptInvitation", [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.node", Thing::Session, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.node", Thing::ApiKey, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.node", Thing::AuditEntry, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.nodes", Thing::Session, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.nodes", Thing::ApiKey, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.nodes", Thing::AuditEntry, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, YES]),
    row("Query.sessions", Thing::None, "{ sessions { nodes { id } totalCount } }", "/sessions",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.apiKeys", Thing::None, "{ apiKeys { nodes { id } totalCount } }", "/apiKeys",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.users", Thing::None, "{ users { nodes { id } totalCount } }", "/users",
        [WHO, NOT, NOT, YES, NOT, YES, YES]),
    row("Query.user", Thing::User, "query ($id: ID!) { user(id: $id) { id } }", "/user",
        [WHO, NOT, NOT, YES, NOT, YES, YES]),
    row("Query.tenants", Thing::None, "{ tenants { nodes { id } totalCount } }", "/tenants",
        [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Query.tenant", Thing::Tenant, "query ($id: ID!) { tenant(id: $id) { id } }", "/tenant",
        [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Query.auditLog", Thing::None, "{ auditLog { nodes { id } totalCount } }", "/auditLog",
        [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Query.auditLogCsv", Thing::None, "{ auditLogCsv }", "/auditLogCsv", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.createApiKey", Thing::None,
        "mutation { createApiKey(input: {name: \"bot\", scopes: [SIGNALS_READ]}) {
            apiKey { id } userErrors { code } } }",
        "/createApiKey", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Mutation.revokeApiKey", Thing::ApiKey,
        "mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { id } userErrors { code message path } } }",
        "/revokeApiKey", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.setUserRole", Thing::Colleague,
        "mutation ($id: ID!) {
            setUserRole(input: {userId: $id, role: SELLER}) { user { id } userErrors { code message path } } }",
        "/setUserRole", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.suspendUser", Thing::Colleague,
        "mutation ($id: ID!) {
            suspendUser(input: {userId: $id, reason: \"unpaid\"}) { user { id } userErrors { code message path } } }",
        "/suspendUser", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.activateUser", Thing::Colleague,
        "mutation ($id: ID!) { activateUser(input: {userId: $id}) { user { id } userErrors { code message path } } }",
        "/activateUser", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.endUserSessions", Thing::Colleague,
        "mutation ($id: ID!) {
            endUserSessions(input: {userId: $id}) { user { id } userErrors { code message path } } }",
        "/endUserSessions", [WHO, NOT, NOT, NOT, NOT, YES, YES]),
    row("Mutation.createTenant", Thing::None,
        "mutation ($slug: String!) {
            createTenant(input: {slug: $slug, name: \"New\"}) { tenant { id } userErrors { code } } }",
        "/createTenant", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.suspendTenant", Thing::NewTenant,
        "mutation ($id: ID!) {
            suspendTenant(input: {tenantId: $id, reason: \"unpaid\"}) {
                tenant { id } userErrors { code message path } } }",
        "/suspendTenant", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Mutation.activateTenant", Thing::NewTenant,
        "mutation ($id: ID!) {
            activateTenant(input: {tenantId: $id}) { tenant { id } userErrors { code message path } } }",
        "/activateTenant", [WHO, NOT, NOT, NOT, NOT, NOT, YES]),
    row("Query.assets", Thing::None, "{ assets { nodes { id } totalCount } }", "/assets",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.asset", Thing::None, "{ asset(symbol: \"AAPL\") { id } }", "/asset",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.exchanges", Thing::None, "{ exchanges { code status { isOpen } } }", "/exchanges",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.marketStatus", Thing::None, "{ marketStatus(exchange: \"NYSE\") { isOpen } }", "/marketStatus",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.plans", Thing::None, "{ plans { code monthlyPrice } }", "/plans/3", [YES, YES, YES, YES, YES, YES, YES]),
    // Simulated prices are for everybody; tests/use_cases/market has those that are not.
    row("Query.quote", Thing::None, "{ quote(symbol: \"AAPL\") { price } }", "/quote",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.quotes", Thing::None, "{ quotes(symbols: [\"AAPL\"]) { price } }", "/quotes/0",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.candles", Thing::None, "{ candles(symbol: \"AAPL\", timeframe: D1) { candles { close } } }", "/candles",
        [YES, YES, YES, YES, YES, YES, YES]),
    row("Query.sourceHealth", Thing::None, "{ sourceHealth { name } }", "/sourceHealth",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.watchlists", Thing::None, "{ watchlists { id } }", "/watchlists",
        [WHO, YES, YES, YES, YES, YES, YES]),
    row("Query.watchlist", Thing::Watchlist, "query ($id: ID!) { watchlist(id: $id) { id } }", "/watchlist",
        [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.node", Thing::Watchlist, NODE, "/node", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Query.nodes", Thing::Watchlist, NODES, "/nodes/0", [WHO, NIL, NIL, NIL, NIL, YES, NIL]),
    row("Mutation.createWatchlist", Thing::None,
        "mutation ($email: String!) {
            createWatchlist(input: {name: $email}) { watchlist { id } userErrors { code } } }",
        "/createWatchlist", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Mutation.renameWatchlist", Thing::Watchlist,
        "mutation ($id: ID!, $email: String!) {
            renameWatchlist(input: {id: $id, name: $email}) { watchlist { id } userErrors { code message path } } }",
        "/renameWatchlist", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.addToWatchlist", Thing::Watchlist,
        "mutation ($id: ID!) {
            addToWatchlist(input: {id: $id, symbols: [\"AAPL\"]}) {
                watchlist { id } userErrors { code message path } } }",
        "/addToWatchlist", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.removeFromWatchlist", Thing::Watchlist,
        "mutation ($id: ID!) {
            removeFromWatchlist(input: {id: $id, symbols: [\"AAPL\"]}) {
                watchlist { id } userErrors { code message path } } }",
        "/removeFromWatchlist", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.deleteWatchlist", Thing::Watchlist,
        "mutation ($id: ID!) {
            deleteWatchlist(input: {id: $id}) { deletedId userErrors { code message path } } }",
        "/deleteWatchlist", [WHO, GONE, GONE, GONE, GONE, YES, GONE]),
    row("Mutation.logoutEverywhere", Thing::None,
        "mutation { logoutEverywhere(input: {keepCurrent: true}) { endedSessions userErrors { code } } }",
        "/logoutEverywhere", [WHO, YES, YES, YES, YES, YES, YES]),
    row("Subscription.quoteUpdated", Thing::None, "subscription { quoteUpdated(symbols: [\"AAPL\"]) { price } }",
        "/quoteUpdated", [YES, YES, YES, YES, YES, YES, YES]),
    row("Subscription.signalRecorded", Thing::None,
        "subscription { signalRecorded(afterSequence: \"0\") { sequence signal { id } } }",
        "/signalRecorded", [WHO, YES, YES, YES, YES, YES, YES]),
];

#[test]
fn every_root_field_has_a_row_and_every_row_a_field() {
    let fields: BTreeSet<String> = root_fields().into_iter().map(|(field, _)| field).collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.field.to_owned()).collect();
    assert!(fields.len() >= 18, "{fields:?}");
    assert_eq!(rows, fields, "give every new root field a row, and take a removed one's away");
}

#[test]
fn every_description_names_the_access_that_the_table_expects() {
    for (field, description) in root_fields() {
        let needs = Permission::ALL.iter().find(|p| description.contains(&format!("Needs {p}")));
        let is_open = description.contains("For everybody");
        let is_signed_in = description.contains("For whoever is signed in");
        assert_eq!(
            usize::from(needs.is_some()) + usize::from(is_open) + usize::from(is_signed_in),
            1,
            "{field} does not say who may have it: {description}"
        );
        for row in ROWS.iter().filter(|row| row.field == field) {
            for (caller, outcome) in CALLERS.iter().zip(row.expected) {
                let wanted = match caller {
                    None => (!is_open).then_some(WHO),
                    Some((_, role)) => needs.filter(|p| !role.holds(**p)).map(|_| NOT),
                };
                let refused = (matches!(outcome, Outcome::Refused(_)) && outcome != LOST).then_some(outcome);
                assert_eq!(refused, wanted, "{field} as {caller:?}: {description}");
            }
        }
    }
}

/// What rows ask with.
struct Stage<'a> {
    app: &'a TestApp,
    admin: Client,
    made: i64,
    /// The admin's paper account, once there is one.
    account: Option<String>,
}

impl Stage<'_> {
    /// A thing that nobody has touched yet; its id.
    async fn make(&mut self, thing: Thing) -> String {
        self.made += 1;
        if matches!(thing, Thing::Account | Thing::Order | Thing::Trade | Thing::Fill) {
            return self.trade(thing).await;
        }
        let (app, admin) = (self.app, &self.admin);
        let viewer = async |path: &str| {
            let found = admin.data("{ viewer { user { id } tenant { id } } }", json!({})).await;
            found.pointer(path).unwrap().as_str().unwrap().to_owned()
        };
        match thing {
            Thing::None => String::new(),
            Thing::User => viewer("/viewer/user/id").await,
            Thing::Tenant => viewer("/viewer/tenant/id").await,
            Thing::Signal => record(admin, &signal(app, self.made, "TENANT")).await,
            Thing::PrivateSignal => record(admin, &signal(app, self.made, "PRIVATE")).await,
            Thing::Asset => {
                let id = record(admin, &signal(app, self.made, "TENANT")).await;
                let found =
                    admin.data("query ($id: ID!) { signal(id: $id) { asset { id } } }", json!({"id": id})).await;
                found["signal"]["asset"]["id"].as_str().unwrap().to_owned()
            }
            Thing::Source => make_source(admin, json!({"name": "alerts"})).await.id,
            Thing::Delivery | Thing::PrivateDelivery => {
                let audience = if thing == Thing::Delivery { "TENANT" } else { "PRIVATE" };
                let source = make_source(admin, json!({"name": "alerts", "audience": audience})).await;
                let id = deliver(app, admin, &source, "nothing that could be read", "REJECTED").await;
                // One user may have so many open sources.
                let revoke = "mutation ($id: ID!) { revokeSignalSource(input: {id: $id}) { userErrors { code } } }";
                admin.data(revoke, json!({"id": source.id})).await;
                id
            }
            Thing::Session => self.login().await.0,
            Thing::Run => a_run(app, self.made).await,
            Thing::ApiKey => {
                let (id, _) = make_api_key(admin, &["SIGNALS_READ"]).await;
                // One user may have so many good keys.
                let revoke = "mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { userErrors { code } } }";
                admin.data(revoke, json!({"id": id})).await;
                id
            }
            Thing::AuditEntry => {
                let found = admin.data("{ auditLog(first: 1) { nodes { id } } }", json!({})).await;
                found["auditLog"]["nodes"][0]["id"].as_str().unwrap().to_owned()
            }
            Thing::Colleague => make_user(app, "a", &format!("colleague{}@a.test", self.made), Role::Trader).await,
            Thing::NewTenant => {
                let slug = format!("made-{}", self.made);
                app.domain.put_tenant(&slug, "Made").await.unwrap().id.to_string()
            }
            Thing::WaitlistEntry => {
                let join = "mutation ($email: String!) { joinWaitlist(input: {email: $email}) { isAccepted } }";
                app.anonymous().data(join, json!({"email": format!("waiting{}@example.com", self.made)})).await;
                newest(admin, "waitlist").await
            }
            Thing::ContactMessage => {
                let send = "mutation { contact(input: {
                    name: \"A\", email: \"a@example.com\", topic: OTHER, message: \"B\" }) { isAccepted } }";
                app.anonymous().data(send, json!({})).await;
                newest(admin, "contactMessages").await
            }
            Thing::Watchlist => {
                // One user may have so many: the one before has been asked for.
                let lists = admin.data("{ watchlists { id } }", json!({})).await;
                for list in lists["watchlists"].as_array().unwrap() {
                    let delete = "mutation ($id: ID!) { deleteWatchlist(input: {id: $id}) { deletedId } }";
                    admin.data(delete, json!({"id": list["id"]})).await;
                }
                let make = "mutation ($name: String!) { createWatchlist(input: {name: $name}) { watchlist { id } } }";
                let made = admin.data(make, json!({"name": format!("list {}", self.made)})).await;
                made["createWatchlist"]["watchlist"]["id"].as_str().unwrap().to_owned()
            }
            Thing::Challenge => challenge(app, admin, "a test").await,
            Thing::Running => {
                let id = challenge(app, admin, "a test").await;
                begin(admin, &id).await;
                id
            }
            Thing::Account | Thing::Order | Thing::Trade | Thing::Fill => unreachable!("made above"),
        }
    }

    /// The admin's account, or something on it that nobody has touched yet.
    async fn trade(&mut self, thing: Thing) -> String {
        if self.account.is_none() {
            let symbol = Symbol::try_from("BTC-USD").unwrap();
            let asset = self.app.domain.asset_by_symbol(&symbol).await.unwrap().unwrap();
            let (asset_id, price) = (asset.id, "1000".parse().unwrap());
            let exchange_time = self.app.domain.now();
            let quote = NewQuote { asset_id, price, bid: None, ask: None, previous_close: None, exchange_time };
            self.app.domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap();
            let open = "mutation { openAccount(input: {}) { account { id } userErrors { code } } }";
            let opened = self.admin.data(open, json!({})).await;
            self.account = opened["openAccount"]["account"]["id"].as_str().map(str::to_owned);
        }
        let account = self.account.clone().unwrap();
        let (kind, answer) = match thing {
            Thing::Order => ("type: LIMIT, limitPrice: \"500\"", "/placeOrder/order/id"),
            Thing::Trade => ("type: MARKET", "/placeOrder/trade/id"),
            Thing::Fill => ("type: MARKET", "/placeOrder/order/fill/id"),
            _ => return account,
        };
        let place = format!(
            "mutation ($id: ID!) {{ placeOrder(input: {{
                accountId: $id, symbol: \"BTC-USD\", side: BUY, quantity: \"0.01\", {kind} }}) {{
                    order {{ id fill {{ id }} }} trade {{ id }} userErrors {{ message }} }} }}"
        );
        let placed = self.admin.data(&place, json!({"id": account})).await;
        placed.pointer(answer).and_then(Value::as_str).unwrap_or_else(|| panic!("{placed}")).to_owned()
    }

    /// Another session of the admin's: its id and refresh token.
    async fn login(&self) -> (String, String) {
        let query =
            "mutation ($email: String!, $password: String!) { login(input: {email: $email, password: $password}) {
            viewer { session { id } } session { refreshToken } } }";
        let input = json!({"email": email("a", Role::Admin), "password": PASSWORD});
        let login = self.app.anonymous().data(query, input).await["login"].clone();
        let text = |path: &str| login.pointer(path).unwrap().as_str().unwrap().to_owned();
        (text("/viewer/session/id"), text("/session/refreshToken"))
    }

    /// A good token of this purpose, out of a letter to somebody new.
    async fn token(&self, purpose: &str) -> String {
        let email = format!("lettered{}@example.com", self.made);
        let start = if purpose == "invitation" {
            "mutation ($email: String!) {
                inviteUser(input: {email: $email, firstName: \"A\", lastName: \"B\"}) { userErrors { code } } }"
        } else {
            "mutation ($email: String!, $password: String!, $terms: String!) {
                register(input: {email: $email, password: $password, firstName: \"A\", lastName: \"B\", acceptTerms: $terms}) {
                    userErrors { code } } }"
        };
        let terms = &self.app.domain.config().terms_version;
        self.admin.data(start, json!({"email": email, "password": PASSWORD, "terms": terms})).await;
        if purpose == "reset_password" {
            let ask =
                "mutation ($email: String!) { requestPasswordReset(input: {email: $email}) { userErrors { code } } }";
            self.admin.data(ask, json!({"email": email})).await;
        }
        token(&self.app.mail.wait_for(&email, purpose, 1).await)
    }

    /// What a row's operation takes; the same but for the id where only that differs.
    async fn variables(&mut self, row: &Row) -> Value {
        self.made += 1;
        let uses = |name: &str| row.operation.contains(&format!("${name}:"));
        let mut variables = json!({});
        if uses("id") {
            variables["id"] = self.make(row.thing).await.into();
        }
        if uses("email") {
            variables["email"] = format!("visitor{}@example.com", self.made).into();
        }
        if uses("known") {
            variables["known"] = email("a", Role::Trader).into();
        }
        if uses("password") {
            variables["password"] = PASSWORD.into();
        }
        if uses("terms") {
            variables["terms"] = self.app.domain.config().terms_version.clone().into();
        }
        if uses("refresh") {
            variables["refresh"] = self.login().await.1.into();
        }
        if uses("term") {
            // The first that there is: whoever may end it is the last who is asked.
            self.app.domain.acquire_scheduler_lock("tests", LEASE).await.unwrap();
            variables["term"] = "1".into();
        }
        for (name, purpose) in
            [("verification", "verify_email"), ("reset", "reset_password"), ("invitation", "invitation")]
        {
            if uses(name) {
                variables[name] = self.token(purpose).await.into();
            }
        }
        if uses("tier") {
            variables["tier"] = put_tier(self.app).await.into();
        }
        if uses("slug") {
            variables["slug"] = format!("new-{}", self.made).into();
        }
        if uses("signal") {
            variables["signal"] = signal(self.app, self.made, "PRIVATE");
        }
        variables
    }
}

/// The id of the newest item of a list.
async fn newest(client: &Client, list: &str) -> String {
    let found = client.data(&format!("{{ {list}(first: 1) {{ nodes {{ id }} }} }}"), json!({})).await;
    found[list]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

/// An id of the same kind that nothing has.
fn unused_as(thing: Thing) -> String {
    match thing {
        Thing::None => String::new(),
        Thing::Signal | Thing::PrivateSignal => unused::<SignalId>(),
        Thing::Asset => unused::<AssetId>(),
        Thing::User => unused::<UserId>(),
        Thing::Tenant => unused::<TenantId>(),
        Thing::Source => unused::<SourceId>(),
        Thing::Delivery | Thing::PrivateDelivery => unused::<DeliveryId>(),
        Thing::Session => unused::<SessionId>(),
        Thing::Run => unused::<RunId>(),
        Thing::ApiKey => unused::<ApiKeyId>(),
        Thing::AuditEntry => unused::<AuditEntryId>(),
        Thing::Colleague => unused::<UserId>(),
        Thing::NewTenant => unused::<TenantId>(),
        Thing::WaitlistEntry => unused::<WaitlistEntryId>(),
        Thing::ContactMessage => unused::<ContactMessageId>(),
        Thing::Account => unused::<AccountId>(),
        Thing::Order => unused::<OrderId>(),
        Thing::Trade => unused::<TradeId>(),
        Thing::Fill => unused::<FillId>(),
        Thing::Challenge | Thing::Running => unused::<ChallengeId>(),
        Thing::Watchlist => unused::<WatchlistId>(),
    }
}

/// What an answer says about one field.
fn judge(answer: &Value, pointer: &str) -> Outcome {
    let known = |code: &str| {
        let codes = [
            "UNAUTHENTICATED",
            "FORBIDDEN",
            "NOT_FOUND",
            "VALIDATION",
            "CONFLICT",
            "RATE_LIMITED",
            "INTERNAL",
            "INVALID_CREDENTIALS",
        ];
        codes.into_iter().find(|known| *known == code).unwrap_or("another code")
    };
    if let Some(error) = answer["errors"].get(0) {
        return Outcome::Refused(known(error["extensions"]["code"].as_str().unwrap_or_default()));
    }
    let value = answer["data"].pointer(pointer).unwrap_or(&Value::Null);
    match value["userErrors"].get(0) {
        Some(error) => Outcome::UserError(known(error["code"].as_str().unwrap_or_default())),
        None if value.is_null() => Outcome::Null,
        None => Outcome::Answer,
    }
}

async fn everybody(app: &TestApp) -> Vec<Caller> {
    let mut callers = Vec::new();
    for caller in CALLERS {
        callers.push(match caller {
            None => Caller::anonymous(app),
            Some((tenant, role)) => Caller::of(app, tenant, role).await,
        });
    }
    callers
}

/// A run that has finished; its id.
async fn a_run(app: &TestApp, number: i64) -> String {
    let id = unused::<RunId>();
    let uuid = id.parse::<RunId>().unwrap().uuid().simple().to_string();
    let uuid = if app.domain.db().backend() == DbBackend::Sqlite { format!("X'{uuid}'") } else { format!("'{uuid}'") };
    let time = (DateTime::UNIX_EPOCH + TimeDelta::minutes(number)).to_rfc3339();
    let row = format!("{uuid}, 'run_retention', 'tests', 1, '{time}', NULL, '{time}', '{time}', 'SUCCEEDED', 0, NULL");
    execute(app, &format!("INSERT INTO scheduler_run VALUES ({row})")).await;
    id
}

/// Puts a simulated price and a candle of AAPL there.
async fn put_prices(app: &TestApp) {
    let asset = app.domain.asset_by_symbol(&"AAPL".try_into().unwrap()).await.unwrap().unwrap();
    let (now, price) = (app.domain.now(), "212.5".parse::<Price>().unwrap());
    let quote = NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time: now };
    app.domain.put_quotes(SourceName::Demo, vec![quote]).await.unwrap();
    let opened = bucket(Timeframe::D1, now - TimeDelta::days(5));
    let candle = Candle::new(opened, price, price, price, price, Quantity::ZERO).unwrap();
    app.domain.put_candles(&asset, Timeframe::D1, SourceName::Demo, vec![candle]).await.unwrap();
}

/// Has prices come, one after the other, until it is dropped.
fn coming_prices(app: &TestApp) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (domain, id) = (app.domain.clone(), "AAPL");
    tasks.spawn(async move {
        let asset = domain.asset_by_symbol(&id.try_into().unwrap()).await.unwrap().unwrap();
        loop {
            let (price, exchange_time) = ("213".parse().unwrap(), domain.now());
            let quote =
                NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time };
            domain.put_quotes(SourceName::Demo, vec![quote]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tasks
}

/// Has runs finish, one after the other, until it is dropped.
fn finishing_runs(app: &TestApp, owner: &Caller) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (domain, owner) = (app.domain.clone(), owner.clone());
    let settings = SchedulerSettings { owner: "tests".to_owned(), ttl: LEASE, heartbeat: LEASE / 3 };
    tasks.spawn(domain.run_scheduler(settings, CancellationToken::new()));
    tasks.spawn(async move {
        loop {
            owner.ask(RUN_JOB, &json!({})).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tasks
}

both_databases! {
    async fn every_field_answers_everybody_as_the_table_says(app: TestApp) {
        put_prices(&app).await;
        let callers = everybody(&app).await;
        put_candles(&app).await;
        let mut stage = Stage { app: &app, admin: app.sign_in("a", Role::Admin).await, made: 0, account: None };
        let mut wrong = Vec::new();
        for row in ROWS.iter().filter(|row| !row.field.starts_with("Subscription.")) {
            for (caller, expected) in callers.iter().zip(row.expected) {
                let variables = stage.variables(row).await;
                let written = caller.ask(row.operation, &variables).await;
                let outcome = judge(&written.json(), row.answer);
                if outcome != expected {
                    wrong.push(format!("{} of a {:?} as {}: {}", row.field, row.thing, caller.name, written.text));
                }
                let status = match expected {
                    Outcome::Refused("UNAUTHENTICATED") => 401,
                    Outcome::Refused(_) => 403,
                    Outcome::Answer | Outcome::Null | Outcome::UserError(_) => 200,
                };
                assert_eq!(written.status, status, "{} as {}: {}", row.field, caller.name, written.text);
                if row.thing != Thing::None && outcome != Outcome::Answer {
                    let mut nothing = variables.clone();
                    nothing["id"] = unused_as(row.thing).into();
                    let unknown = caller.ask(row.operation, &nothing).await;
                    assert_eq!(written.bare(), unknown.bare(), "{} of {:?} as {}", row.field, row.thing, caller.name);
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn every_subscription_answers_everybody_as_the_table_says(app: TestApp) {
        let mut own = Vec::new();
        for tenant in ["a", "b"] {
            let admin = app.sign_in(tenant, Role::Admin).await;
            own.push((tenant, record(&admin, &signal(&app, 0, "TENANT")).await));
        }
        let callers = everybody(&app).await;
        let rows: Vec<&Row> = ROWS.iter().filter(|row| row.field.starts_with("Subscription.")).collect();
        assert!(!rows.is_empty());
        let mut stage = Stage { app: &app, admin: app.sign_in("a", Role::Admin).await, made: 0, account: None };
        for row in rows {
            let variables = stage.variables(row).await;
            for ((caller, who), expected) in callers.iter().zip(CALLERS).zip(row.expected) {
                let token = caller.token.as_deref();
                let mut socket = Socket::subscribe(&app, token, row.operation, &variables).await;
                let mut events = Events::subscribe(&app, token, row.operation, &variables).await.unwrap();
                let follows_runs = row.field == "Subscription.schedulerRunFinished" && expected == Outcome::Answer;
                let follows_quotes = row.field == "Subscription.quoteUpdated";
                // Runs and quotes are told from when they are followed: they go on coming until the answers have come.
                let finishing = follows_runs.then(|| finishing_runs(&app, caller));
                let quoting = follows_quotes.then(|| coming_prices(&app));
                for (by, heard) in [("socket", socket.next().await), ("events", events.next().await)] {
                    let Heard::Answer(answer) = &heard else { panic!("{} by {by}: {heard:?}", caller.name) };
                    let outcome = judge(answer, row.answer);
                    assert_eq!(outcome, expected, "{} by {by} as {}: {answer}", row.field, caller.name);
                    if follows_runs {
                        assert_ne!(answer["data"]["schedulerRunFinished"]["status"], "RUNNING", "{answer}");
                    } else if expected == Outcome::Answer && row.field == "Subscription.signalRecorded" {
                        let id = &own.iter().find(|(tenant, _)| who.is_some_and(|(of, _)| of == *tenant)).unwrap().1;
                        assert_eq!(answer["data"]["signalRecorded"]["signal"]["id"], json!(id), "{}", caller.name);
                    }
                }
                if expected != Outcome::Answer {
                    assert!(matches!(events.next().await, Heard::Over), "a refused subscription ends");
                }
                drop((finishing, quoting));
            }
        }
    }
}
