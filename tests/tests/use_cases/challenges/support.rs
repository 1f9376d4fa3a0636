//! What tests of challenges stand on: a tier, a challenge that is begun, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bellwether_domain::Viewer;
use bellwether_domain::challenges::{Challenge, EvidenceRow, NewChallenge, NewTier, PhaseKind, Rules};
use bellwether_domain::fixed::Money;
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::trading::Account;
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::TestDomain;

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// $10,000 at 1:10, a target of 10 %, a daily loss of 5 % and a drawdown of 10 %; no other rule.
pub fn usual() -> Rules {
    Rules {
        leverage: 10,
        profit_target: Some("10".parse().unwrap()),
        daily_loss: Some("5".parse().unwrap()),
        drawdown: Some("10".parse().unwrap()),
        ..Rules::unlimited(PhaseKind::Evaluation, money("10000"))
    }
}

/// A tier with these phases.
pub fn tier(code: &str, phases: Vec<Rules>) -> NewTier {
    let (code, name) = (code.to_owned(), "Test".to_owned());
    NewTier { code, name, is_recommended: false, price: None, is_refundable: false, phases }
}

/// A challenge with these phases that the trader of tenant `a` was granted by its admin.
pub async fn granted(app: &TestDomain, phases: Vec<Rules>) -> (Viewer, Challenge) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let code = format!("T{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    app.domain.put_challenge_tiers(&[tier(&code, phases)]).await.unwrap();
    let (admin, trader) = (app.viewer("a", Role::Admin).await, app.viewer("a", Role::Trader).await);
    let new = NewChallenge { user_id: app.user("a", Role::Trader), tier: code, reason: "Invoice 7".to_owned() };
    let challenge = app.domain.grant_challenge(&admin, new, &ClientInfo::default()).await.unwrap();
    (trader, challenge)
}

/// The same, begun.
pub async fn begun(app: &TestDomain, phases: Vec<Rules>) -> (Viewer, Challenge) {
    let (trader, challenge) = granted(app, phases).await;
    let challenge = app.domain.start_challenge(&trader, challenge.id, &ClientInfo::default()).await.unwrap();
    (trader, challenge)
}

/// The challenge as it is now.
pub async fn now(app: &TestDomain, viewer: &Viewer, challenge: &Challenge) -> Challenge {
    app.domain.challenge(viewer, challenge.id).await.unwrap().unwrap()
}

/// Its account as it is now.
pub async fn account_of(app: &TestDomain, viewer: &Viewer, challenge: &Challenge) -> Account {
    app.domain.account(viewer, challenge.account_id.unwrap()).await.unwrap().unwrap()
}

/// Judges what the newest quotes of these assets say.
pub async fn judge_quotes(app: &TestDomain, symbols: &[&str]) {
    let mut quotes = Vec::new();
    for symbol in symbols {
        let asset = app.domain.asset_of_symbol(symbol, &[]).await.unwrap();
        quotes.push(Arc::new(app.domain.quote_of(&asset).await.unwrap()));
    }
    assert_eq!(app.domain.judge_quotes(&quotes).await.unwrap().failed, 0);
}

/// Its first hundred rows of evidence.
pub async fn evidence(app: &TestDomain, challenge: &Challenge) -> Vec<EvidenceRow> {
    let args = PageArgs { first: Some(100), ..PageArgs::default() };
    app.domain.evidence_page(challenge, &args).await.unwrap().items
}

/// The steps that changed its status, or broke a limit.
pub async fn history(app: &TestDomain, challenge: &Challenge) -> Vec<EvidenceRow> {
    app.domain.challenge_history(challenge).await.unwrap()
}

/// Judged again, it comes to the same.
pub async fn assert_valid(app: &TestDomain, challenge: &Challenge) {
    let proof = app.domain.prove_evidence(challenge).await.unwrap();
    assert_eq!((proof.problem, proof.rows), (None, challenge.seq));
}

/// Every account's ledger adds up.
pub async fn assert_ledgers(app: &TestDomain) {
    let report = app.domain.check_ledgers().await.unwrap();
    assert!(report.faults.is_empty() && report.unread.is_empty(), "{:?} {:?}", report.faults, report.unread);
}
