//! Paper trading beside bare SQL.
//!
//! `cargo bench -p bellwether-tests --bench trading [-- sqlite|postgres]`: orders and closings a second, on one account and on
//! a hundred, beside the same writes in plain transactions; the metrics over 10,000 trades beside one aggregate query over
//! them; and 10,000 pending orders held against one batch of quotes.

mod bare;
mod data;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bellwether_domain::Viewer;
use bellwether_domain::trading::{Account, CloseTrade, NewOrder, OrderType, Side};
use bellwether_tests::{Backend, TestDomain};
use tokio::task::JoinSet;

/// Who place orders at once.
const CLIENTS: usize = 16;
/// How long each turn lasts.
const TURN: Duration = Duration::from_secs(3);
/// Turns of ours and of bare SQL, one after the other.
const TURNS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        let is_named = ["sqlite", "postgres"].iter().any(|known| arguments.iter().any(|a| a == known));
        if !is_named || arguments.iter().any(|argument| argument == name) {
            runtime.block_on(measure(name, backend));
        }
    }
}

async fn measure(name: &str, backend: Backend) {
    let Some(app) = TestDomain::start(backend).await else {
        println!("{name}: not on this machine");
        return;
    };
    println!(
        "\n{name}, {CLIENTS} at once, {TURNS} turns of {TURN:?} each, {} cores",
        std::thread::available_parallelism().unwrap()
    );
    data::quote(&app.domain, "1000").await;
    let accounts = Arc::new(data::accounts(&app, 100).await);
    let app = Arc::new(app);
    for count in [1, 100] {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            ours.push(ours_per_second(&app, &accounts, count).await);
            plain.push(bare::per_second(&app, &accounts, count).await);
        }
        let (ours, plain) = (median(&mut ours), median(&mut plain));
        println!(
            "  orders and closings, {count:>3} account(s): {ours:>7.0}/s, bare {plain:>7.0}/s, ratio {:.2}",
            ours / plain
        );
    }
    metrics(&app, &accounts[0].1).await;
    pending(&app, &accounts).await;
}

/// Orders and closings a second.
async fn ours_per_second(app: &Arc<TestDomain>, accounts: &Arc<Vec<(Viewer, Account)>>, count: usize) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let (start, mut tasks) = (Instant::now(), JoinSet::new());
    for client in 0..CLIENTS {
        let (app, accounts, done) = (Arc::clone(app), Arc::clone(accounts), Arc::clone(&done));
        tasks.spawn(async move {
            let mut place = client;
            while start.elapsed() < TURN {
                let (viewer, account) = &accounts[place % count];
                place += CLIENTS;
                let placed = app.domain.place_order(viewer, order(account)).await.unwrap();
                let trade = placed.trade.unwrap_or_else(|| panic!("{:?}", placed.order.refusal()));
                let close = CloseTrade { trade_id: trade.id, quantity: None, client_order_id: None };
                app.domain.close_trade(viewer, close).await.unwrap();
                done.fetch_add(2, Ordering::Relaxed);
            }
        });
    }
    tasks.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    rate
}

fn order(account: &Account) -> NewOrder {
    NewOrder {
        account_id: account.id,
        symbol: "BTC-USD".to_owned(),
        side: Side::Buy,
        quantity: "0.01".to_owned(),
        order_type: OrderType::Market,
        limit_price: None,
        stop_price: None,
        stop_loss: None,
        take_profit: None,
        client_order_id: None,
        signal_id: None,
    }
}

/// The metrics over 10,000 trades on 400 days, beside one aggregate query over the trades.
async fn metrics(app: &TestDomain, account: &Account) {
    data::many_trades(app, account).await;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let start = Instant::now();
        let metrics = app.domain.account_metrics(account).await.unwrap();
        ours.push(start.elapsed().as_secs_f64() * 1_000.0);
        assert!(metrics.closed_trades >= 10_000 && metrics.sharpe.is_ok());
        let start = Instant::now();
        assert!(bare::aggregate(app, account).await >= 10_000);
        plain.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    let (ours, plain) = (median(&mut ours), median(&mut plain));
    println!("  metrics over 10,000 trades: {ours:.1} ms, one aggregate {plain:.1} ms, {:.1} times", ours / plain);
}

/// 10,000 pending orders on 100 accounts, held against a quote that touches none, and one that touches a hundred.
async fn pending(app: &TestDomain, accounts: &[(Viewer, Account)]) {
    data::many_pending(app, accounts).await;
    for (price, touches) in [("999", 0), ("500", 100)] {
        app.clock.advance(chrono::TimeDelta::seconds(1));
        let quotes = data::quote(&app.domain, price).await;
        let start = Instant::now();
        let judged = app.domain.judge_quotes(&quotes).await.unwrap();
        assert_eq!((judged.moved, judged.failed), (touches, 0));
        println!("  10,000 pending orders, {touches:>3} touched: {:.1} ms", start.elapsed().as_secs_f64() * 1_000.0);
    }
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
