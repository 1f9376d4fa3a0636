//! Many at once: every invariant of the ledger holds afterwards.

use std::sync::Arc;

use bellwether_domain::trading::{NewOrder, Side};
use bellwether_domain::{Domain, Error, Fault, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tokio::task::JoinSet;

use super::support::*;

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "NVDA"];

/// One order or closing of chance.
async fn act(domain: &Domain, viewer: &Viewer, account: &bellwether_domain::trading::Account, seed: u64) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let open = domain.open_trades(account).await.unwrap();
    if rng.random_bool(0.4) && !open.is_empty() {
        let trade = &open[rng.random_range(0..open.len())];
        let part = rng.random_bool(0.5).then_some("1");
        // Somebody else may have closed it meanwhile.
        let _ = domain.close_trade(viewer, closing(trade, part)).await;
        return;
    }
    let side = if rng.random_bool(0.5) { Side::Buy } else { Side::Sell };
    let quantity = rng.random_range(1..50).to_string();
    let order = market(account, side, &quantity, SYMBOLS[rng.random_range(0..3)]);
    for _ in 0..20 {
        match domain.place_order(viewer, order.clone()).await {
            // Two processes that write without a pause may keep each other from it for longer than a statement waits.
            Err(Error::Fault(Fault::Unavailable(_))) => {}
            placed => return drop(placed.unwrap()),
        }
    }
    panic!("an order is refused again and again");
}

both_databases! {
    async fn a_thousand_at_once_leave_every_account_in_order(app: TestDomain) {
        open_market(&app);
        for symbol in SYMBOLS {
            quote(&app.domain, symbol, "199.98", "200").await;
        }
        let mut accounts = Vec::new();
        let mut viewer = None;
        for leverage in 1..=10 {
            let (trader, account) = opened(&app, with("USD", leverage)).await;
            viewer = Some(trader);
            accounts.push(account);
        }
        let (viewer, accounts) = (Arc::new(viewer.unwrap()), Arc::new(accounts));
        // Half of them through another process, which takes no turns with this one.
        let domains = [app.domain.clone(), app.another().await];
        let mut tasks = JoinSet::new();
        for seed in 0..1_000_u64 {
            let (viewer, accounts) = (Arc::clone(&viewer), Arc::clone(&accounts));
            let domain = domains[usize::try_from(seed % 2).unwrap()].clone();
            tasks.spawn(async move {
                let account = &accounts[usize::try_from(seed / 2 % 10).unwrap()];
                act(&domain, &viewer, account, seed).await;
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let report = app.domain.check_ledgers().await.unwrap();
        assert_eq!((report.accounts, &report.faults), (10, &Vec::new()));
        assert!(report.fills > 300, "{report:?}");
        for account in accounts.iter() {
            let entries = ledger_of(&app, account).await;
            for entry in entries {
                assert!(entry.balance_after >= entry.margin_after, "{entry:?} leaves nothing free");
            }
        }
    }

    async fn one_id_from_eight_clients_is_one_order(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let domains = [app.domain.clone(), app.another().await];
        let mut tasks = JoinSet::new();
        for client in 0..8 {
            let (domain, viewer) = (domains[client % 2].clone(), viewer.clone());
            let order = NewOrder { client_order_id: Some("one".into()), ..market(&account, Side::Buy, "1", "AAPL") };
            tasks.spawn(async move { domain.place_order(&viewer, order).await.unwrap() });
        }
        let placed = tasks.join_all().await;
        assert_eq!(placed.iter().filter(|placed| !placed.replayed).count(), 1);
        assert!(placed.iter().all(|other| other.order == placed[0].order && other.trade == placed[0].trade));
        assert_eq!(orders_of(&app, &account).await.len(), 1);
        assert_eq!(app.domain.open_trades(&account).await.unwrap().len(), 1);
    }
}
