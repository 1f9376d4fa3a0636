//! Positions, metrics, history, explanations, protections, and the demo's trades.

use std::sync::Arc;

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::clock::ManualClock;
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::Compare;
use bellwether_domain::trading::{
    Account, CloseReason, DrawdownLock, NewAccount, NewOrder, NoRatio, Protections, Side, Slice, StopGuard, Trade,
    TradeFilter,
};
use bellwether_domain::{Domain, Viewer};
use bellwether_tests::app::{domain_on, test_config};
use bellwether_tests::{Mailbox, TestDatabase, TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;

async fn history(domain: &Domain, account: &Account, filter: TradeFilter, args: PageArgs) -> Vec<Trade> {
    domain.trade_history(account, &filter, &args).await.unwrap().items
}

/// The demo's trader, whose account has the five trades.
async fn demo(domain: &Domain) -> (Viewer, Account) {
    let login = bellwether_domain::identity::Login {
        email: "trader@atlas.test".to_owned(),
        password: bellwether_seeds::DEMO_PASSWORD.into(),
        remember_me: false,
        tenant: Some("atlas".to_owned()),
    };
    let viewer = Viewer::User(domain.login(login, &Default::default()).await.unwrap().member);
    let account = domain.accounts_page(&viewer, &PageArgs::default()).await.unwrap().items.remove(0);
    (viewer, account)
}

both_databases! {
    async fn positions_and_the_portfolio_are_the_sum_of_open_trades(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "MSFT", "399.98", "400").await;
        let (viewer, account) = account(&app, "USD", 2).await;
        for (side, quantity, symbol) in [(Side::Buy, "10", "AAPL"), (Side::Buy, "30", "AAPL"), (Side::Sell, "5", "MSFT")] {
            open(&app, &viewer, market(&account, side, quantity, symbol)).await;
            requote(&app, "AAPL", "209.98", "210").await;
        }
        let positions = app.domain.positions(&account).await.unwrap();
        let [apple, microsoft] = positions.as_slice() else { panic!("{positions:?}") };
        // (200.02 × 10 + 210.03 (210.021 up to a cent) × 30) / 40 = 207.5275.
        assert_eq!((apple.quantity.to_string(), apple.average_entry.to_string()), ("40".into(), "207.5275".into()));
        assert_eq!(apple.current_price.unwrap().to_string(), "209.98");
        assert_eq!(apple.market_value.unwrap().to_string(), "8399.2");
        assert_eq!(apple.unrealized_pnl.unwrap().to_string(), "98.1");
        assert_eq!(apple.unrealized_percent.unwrap().to_string(), "1.1818");
        assert_eq!((microsoft.quantity.to_string(), microsoft.current_price.unwrap().to_string()), ("-5".into(), "400".into()));
        assert_eq!(microsoft.unrealized_pnl.unwrap().to_string(), "-0.3");
        let portfolio = app.domain.portfolio(&account).await.unwrap();
        assert_eq!((portfolio.exposure.to_string(), portfolio.by_kind.len()), ("10399.2".into(), 1));
        assert_eq!(portfolio.by_asset[0].name, "AAPL");
        assert_eq!(portfolio.by_asset[0].percent.to_string(), "80.7678");
        assert_eq!(portfolio.concentration.unwrap().to_string(), "0.6893");
        assert_eq!(portfolio.effective_assets.unwrap().to_string(), "1.4507");
        let metrics = app.domain.account_metrics(&account).await.unwrap();
        assert_eq!((metrics.open_trades, metrics.closed_trades, metrics.days_traded), (3, 0, 1));
        assert_eq!((metrics.total_pnl.to_string(), metrics.profit_factor, metrics.win_rate), ("97.8".into(), None, None));
        assert_eq!((metrics.sharpe, metrics.sortino), (Err(NoRatio::TooFewDays), Err(NoRatio::TooFewDays)));
    }

    async fn the_portfolio_tells_its_shares_by_sector_and_currency(app: TestDomain) {
        open_market(&app);
        let (viewer, account) = account(&app, "USD", 1).await;
        for (symbol, bid, ask) in [("AAPL", "199.98", "200"), ("JPM", "99.98", "100")] {
            quote(&app.domain, symbol, bid, ask).await;
            open(&app, &viewer, market(&account, Side::Buy, "10", symbol)).await;
        }
        let portfolio = app.domain.portfolio(&account).await.unwrap();
        let told = |slices: &[Slice]| slices.iter().map(|slice| [slice.name.clone(), slice.value.to_string()]).collect::<Vec<_>>();
        assert_eq!(told(&portfolio.by_sector), [["Technology", "1999.8"], ["Financial Services", "999.8"]]);
        assert_eq!(told(&portfolio.by_currency), [["USD", "2999.6"]]);
        assert_eq!(portfolio.by_sector[0].percent.to_string(), "66.6689");
    }

    async fn the_demos_trades_are_the_same_every_time(database: TestDatabase) {
        let clock = Arc::new(ManualClock::at("2026-03-02T12:00:00Z".parse().unwrap()));
        let mail = Arc::new(Mailbox::default());
        let domain = domain_on(&database, test_config(), clock, &mail).await;
        assert_eq!(bellwether_seeds::demo(&domain).await.unwrap().trades, 5);
        assert_eq!(bellwether_seeds::demo(&domain).await.unwrap().trades, 0);
        let (_, account) = demo(&domain).await;
        let trades = history(&domain, &account, TradeFilter::default(), PageArgs::default()).await;
        let figures: Vec<[String; 4]> = trades.iter().rev().map(|trade| [
            trade.entry_price.to_string(), trade.exit_price.unwrap().to_string(),
            trade.gross_pnl.unwrap().to_string(), trade.realized_pnl.unwrap().to_string(),
        ]).collect();
        assert_eq!(figures, [
            ["210.03", "214.47", "44.4", "42.28"], ["430.19", "423.95", "-31.2", "-33.34"],
            ["131.18", "127.44", "149.6", "144.43"], ["67033.5", "69445.26", "602.94", "585.88"],
            ["3378.31", "3414.71", "-72.8", "-79.59"],
        ]);
        let metrics = domain.account_metrics(&account).await.unwrap();
        assert_eq!((metrics.standing.balance.to_string(), metrics.total_pnl.to_string()), ("100659.66".into(), "659.66".into()));
        assert_eq!((metrics.closed_trades, metrics.wins, metrics.losses), (5, 3, 2));
        assert_eq!(metrics.win_rate.unwrap().to_string(), "60");
        // 772.59 / 112.93.
        assert_eq!(metrics.profit_factor.unwrap().to_string(), "6.8413");
        assert_eq!((metrics.mean_win.unwrap().to_string(), metrics.mean_loss.unwrap().to_string()), ("257.53".into(), "-56.465".into()));
        assert_eq!((metrics.best_trade.unwrap().to_string(), metrics.worst_trade.unwrap().to_string()), ("585.88".into(), "-79.59".into()));
        assert_eq!((metrics.expectancy.unwrap().to_string(), metrics.fees.to_string()), ("131.932".into(), "33.28".into()));
        assert!(metrics.sharpe.is_ok() && metrics.sortino.is_ok() && metrics.days_traded >= 8);
        let report = domain.check_ledgers().await.unwrap();
        assert_eq!((report.accounts, report.entries, report.fills, report.faults), (1, 16, 10, Vec::new()));

        let days = domain.daily_pnl(&account).await.unwrap();
        let realized: i64 = days.iter().map(|day| day.realized.raw()).sum();
        assert_eq!(bellwether_domain::fixed::Money::from_raw(realized).to_string(), "659.66");
        assert_eq!(domain.daily_curve(&account).await.unwrap().last().unwrap().equity.to_string(), "100659.66");
        let found = domain.distributions(&account).await.unwrap();
        assert_eq!(found.pnl.iter().map(|bin| bin.count).sum::<u32>(), 5);
        assert_eq!(found.by_asset.len(), 5);

        let gained = TradeFilter { is_win: Some(true), side: Some(Side::Buy), ..TradeFilter::default() };
        assert_eq!(history(&domain, &account, gained, PageArgs::default()).await.len(), 2);
        let stopped = TradeFilter { close_reason: Some(CloseReason::StopLoss), ..TradeFilter::default() };
        assert_eq!(history(&domain, &account, stopped, PageArgs::default()).await[0].id, trades[3].id);
        let since = Compare { gte: trades[1].closed_at, ..Compare::default() };
        let closed = TradeFilter { closed_at: Some(since), ..TradeFilter::default() };
        assert_eq!(history(&domain, &account, closed, PageArgs::default()).await, trades[..2]);
        let before = trades[2].opened_at;
        let opened = TradeFilter { opened_at: Some(Compare { lt: Some(before), ..Compare::default() }), ..TradeFilter::default() };
        let older: Vec<Trade> = trades.iter().filter(|trade| trade.opened_at < before).cloned().collect();
        assert!(!older.is_empty() && older.len() < 5);
        assert_eq!(history(&domain, &account, opened, PageArgs::default()).await, older);
        let first = history(&domain, &account, TradeFilter::default(), PageArgs { first: Some(2), ..PageArgs::default() }).await;
        let rest = PageArgs { after: Some(first[1].cursor()), ..PageArgs::default() };
        assert_eq!(history(&domain, &account, TradeFilter::default(), rest).await, trades[2..]);
        let csv = domain.export_trade_history(&account, &TradeFilter::default()).await.unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 6);
        assert!(lines[2].contains(",MSFT,BUY,5,") && lines[2].contains(",-31.2,2.14,-33.34,USD,"), "{}", lines[2]);
    }

    async fn a_balance_is_explained_at_any_moment(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 1)).await;
        app.clock.advance(TimeDelta::minutes(1));
        let trade = open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        let between = app.clock_now();
        app.clock.advance(TimeDelta::minutes(1));
        close(&app, &viewer, &trade, None).await;
        let now = app.domain.explain_balance(&account, None).await.unwrap();
        assert_eq!((now.balance.to_string(), now.seq, now.parts.len()), ("99997.4".into(), 4, 3));
        assert_eq!(now.summary, "99997.4 USD = 100000 put in (1 entry) + -2 of fees (2 entries) + -0.6 from closed trades (1 entry)");
        let then = app.domain.explain_balance(&account, Some(between)).await.unwrap();
        assert_eq!((then.balance.to_string(), then.seq), ("99999".into(), 2));
        let before = app.domain.explain_balance(&account, Some(account.created_at - TimeDelta::seconds(1))).await;
        assert!(before.unwrap_err().to_string().contains("was opened at"));
    }

    async fn protections_refuse_orders_for_a_while(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let protections = Protections {
            cooldown_seconds: Some(60),
            stop_guard: Some(StopGuard { stops: 1, window_seconds: 600, pause_seconds: 300 }),
            max_drawdown: Some(DrawdownLock::new("5".parse().unwrap(), 86_400)),
        };
        let (viewer, account) = opened(&app, NewAccount { protections, ..with("USD", 1) }).await;
        let buy = || market(&account, Side::Buy, "100", "AAPL");
        let place = async |order: NewOrder| app.domain.place_order(&viewer, order).await.unwrap();
        let trade = open(&app, &viewer, buy()).await;
        close(&app, &viewer, &trade, None).await;
        let placed = place(buy()).await;
        assert_eq!(refused(&placed), Code::LimitExceeded, "it cools down");
        let tried = app.domain.simulate_order(&viewer, buy()).await.unwrap();
        assert_eq!(tried.refusal.unwrap().retry_after_seconds, Some(60));
        app.clock.advance(TimeDelta::seconds(61));
        let stopped = NewOrder { stop_loss: Some("199".to_owned()), ..buy() };
        assert!(place(stopped).await.trade.is_some());
        requote(&app, "AAPL", "198.98", "199").await;
        assert_eq!(judge(&app).await, 1);
        app.clock.advance(TimeDelta::seconds(100));
        quote(&app.domain, "AAPL", "198.98", "199").await;
        assert!(place(buy()).await.order.refusal_message.unwrap().contains("after 1 stops"));
        app.clock.advance(TimeDelta::seconds(300));
        quote(&app.domain, "AAPL", "198.98", "199").await;
        open(&app, &viewer, market(&account, Side::Buy, "450", "AAPL")).await;
        requote(&app, "AAPL", "180", "180.02").await;
        assert!(place(market(&account, Side::Buy, "1", "AAPL")).await.order.refusal_message.unwrap().contains("5 % or more"));
    }

    async fn a_simulation_is_what_the_order_does(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 4)).await;
        let order = market(&account, Side::Buy, "10", "AAPL");
        let tried = app.domain.simulate_order(&viewer, order.clone()).await.unwrap();
        let cost = tried.cost.unwrap();
        assert_eq!((tried.fills_now, tried.expected_price.unwrap().to_string()), (true, "200.02".into()));
        assert_eq!([cost.notional, cost.margin, cost.fee].map(|money| money.to_string()), ["2000.2", "500.05", "1"]);
        assert!(orders_of(&app, &account).await.is_empty());
        let trade = open(&app, &viewer, order).await;
        assert_eq!((Some(trade.entry_price), trade.margin, trade.entry_fee), (tried.expected_price, cost.margin, cost.fee));
        let tried = app.domain.simulate_order(&viewer, market(&account, Side::Buy, "9999", "AAPL")).await.unwrap();
        assert_eq!((tried.cost, tried.refusal.unwrap().code), (None, Code::InsufficientMargin));
        let support = app.viewer("a", Role::Support).await;
        assert!(app.domain.simulate_order(&support, market(&account, Side::Buy, "1", "AAPL")).await.is_err());
    }
}
