//! Many at once: one verdict, whoever looks, and a batch of challenges with a handful of statements.

use std::sync::Arc;

use bellwether_domain::challenges::{ChallengeStatus as Status, Rules, Which};
use bellwether_domain::trading::Side;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tokio::task::JoinSet;

use super::support::*;
use crate::trading::support::*;

both_databases! {
    async fn scenario_9_a_fill_and_quotes_at_the_same_moment_come_to_one_verdict(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let mut started = Vec::new();
        for _ in 0..8 {
            started.push(begun(&app, vec![usual()]).await);
        }
        let mut open_trades = Vec::new();
        for (viewer, challenge) in &started {
            let account = account_of(&app, viewer, challenge).await;
            open_trades.push(open(&app, viewer, market(&account, Side::Buy, "100", "AAPL")).await);
        }
        requote(&app, "AAPL", "193.9", "193.92").await;
        let domains = [app.domain.clone(), app.another().await];
        let mut tasks = JoinSet::new();
        for (index, (viewer, _)) in started.iter().enumerate() {
            let (domain, viewer) = (domains[index % 2].clone(), viewer.clone());
            let part = closing(&open_trades[index], Some("50"));
            // It may be closed by the verdict first.
            tasks.spawn(async move { drop(domain.close_trade(&viewer, part).await) });
        }
        for domain in domains.iter().cycle().take(6) {
            let domain = domain.clone();
            tasks.spawn(async move { assert_eq!(domain.judge_challenges(Which::All).await.failed, 0) });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        app.domain.judge_challenges(Which::All).await;
        for (viewer, challenge) in &started {
            let failed = now(&app, viewer, challenge).await;
            assert_eq!(failed.status, Status::Failed);
            let violations = history(&app, &failed).await.iter().filter(|row| row.rule.is_some()).count();
            assert_eq!(violations, 1);
            assert_valid(&app, &failed).await;
        }
        assert_ledgers(&app).await;
    }

    async fn trading_and_looking_at_once_leaves_every_chain_whole(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let rules = Rules { profit_target: None, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = Arc::new(account_of(&app, &viewer, &started).await);
        let domains = [app.domain.clone(), app.another().await];
        let mut rng = ChaCha20Rng::seed_from_u64(60);
        let mut level = 200.0_f64;
        for round in 0..30 {
            app.clock.advance(TimeDelta::hours(if round % 10 == 9 { 24 } else { 0 }) + TimeDelta::seconds(2));
            level += rng.random_range(-1.5..1.6);
            quote(&app.domain, "AAPL", &format!("{level:.2}"), &format!("{:.2}", level + 0.02)).await;
            let mut tasks = JoinSet::new();
            for (index, domain) in domains.iter().enumerate() {
                let (looker, trader) = (domain.clone(), domain.clone());
                tasks.spawn(async move { assert_eq!(looker.judge_challenges(Which::All).await.failed, 0) });
                let (viewer, account) = (viewer.clone(), Arc::clone(&account));
                let (buys, quantity) = (rng.random_bool(0.5), rng.random_range(1..30).to_string());
                tasks.spawn(async move {
                    let open = trader.open_trades(&account).await.unwrap();
                    match open.get(index).filter(|_| open.len() > 4) {
                        Some(trade) => drop(trader.close_trade(&viewer, closing(trade, None)).await),
                        None => {
                            let side = if buys { Side::Buy } else { Side::Sell };
                            drop(trader.place_order(&viewer, market(&account, side, &quantity, "AAPL")).await);
                        }
                    }
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
        }
        let ended = now(&app, &viewer, &started).await;
        assert!(ended.seq > 30, "{}", ended.seq);
        assert_valid(&app, &ended).await;
        let account = account_of(&app, &viewer, &ended).await;
        let standing = app.domain.standing(&account).await.unwrap();
        assert!(ended.status.is_over() || ended.state.unwrap().balance == standing.balance);
        assert_ledgers(&app).await;
    }

    async fn a_batch_takes_as_many_statements_however_many_go_on(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let mut before = None;
        for count in [2, 6] {
            while app.domain.count_challenges(&app.viewer("a", bellwether_domain::permission::Role::Trader).await, &Default::default()).await.unwrap() < count {
                let (viewer, challenge) = begun(&app, vec![usual()]).await;
                let account = account_of(&app, &viewer, &challenge).await;
                open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
            }
            // Everybody's peak rises.
            requote(&app, "AAPL", &format!("{}", 210 + count), &format!("{}.02", 210 + count)).await;
            let statements = app.domain.db().statements();
            let judged = app.domain.judge_challenges(Which::All).await;
            let statements = app.domain.db().statements() - statements;
            assert_eq!((judged.moved, judged.failed, judged.waiting), (count, 0, 0));
            if let Some(before) = before.replace(statements) {
assert_eq!(statements, before);
            }
        }
    }
}
