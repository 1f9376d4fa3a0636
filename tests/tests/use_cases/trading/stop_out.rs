//! Closing trades at the stop-out level, before an account loses what it does not have.

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{Account, CloseReason, NewAccount, Side, Trade, TradeFilter};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;

async fn closed(app: &TestDomain, account: &Account) -> Vec<Trade> {
    app.domain.trade_history(account, &TradeFilter::default(), &PageArgs::default()).await.unwrap().items
}

/// 10,000 dollars without fees.
fn small(leverage: i32) -> NewAccount {
    let (fee_percent, initial_balance) = (Some("0".to_owned()), Some("10000".to_owned()));
    NewAccount { fee_percent, initial_balance, ..with("USD", leverage) }
}

both_databases! {
    async fn example_6_the_largest_loss_is_closed_at_half_of_the_margin(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "MSFT", "99.98", "100").await;
        let (viewer, account) = opened(&app, small(10)).await;
        assert_eq!(account.stop_out_percent, 50);
        open(&app, &viewer, market(&account, Side::Buy, "300", "AAPL")).await;
        open(&app, &viewer, market(&account, Side::Buy, "100", "MSFT")).await;
        // Margins of 6,000.60 and 1,000.10: the level is an equity of 3,500.35.
        requote(&app, "AAPL", "178.5", "178.52").await;
        let standing = app.domain.standing(&account).await.unwrap();
        assert_eq!((standing.equity.to_string(), standing.used_margin.to_string()), ("3541".into(), "7000.7".into()));
        assert_eq!(standing.margin_level().unwrap().to_string(), "50.5806");
        assert_eq!(judge(&app).await, 0);
        // At 178.30 the equity is 3,481: AAPL goes at 178.28, MSFT stays.
        requote(&app, "AAPL", "178.3", "178.32").await;
        assert_eq!((judge(&app).await, judge(&app).await), (1, 0));
        let gone = closed(&app, &account).await;
        assert_eq!((gone.len(), gone[0].close_reason), (1, Some(CloseReason::StopOut)));
        assert_eq!((gone[0].exit_price.unwrap().to_string(), gone[0].realized_pnl.unwrap().to_string()), ("178.28".into(), "-6522".into()));
        assert_eq!(balance(&app, &viewer, &account).await, "3478");
        assert_eq!(app.domain.open_trades(&account).await.unwrap().len(), 1);
        let order = orders_of(&app, &account).await.pop().unwrap();
        assert_eq!(order.closes_trade_id, Some(gone[0].id));
        assert!(app.domain.check_ledgers().await.unwrap().faults.is_empty());
    }

    async fn each_batch_of_quotes_is_enough(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, small(20)).await;
        for quantity in ["300", "200", "400"] {
            open(&app, &viewer, market(&account, Side::Buy, quantity, "AAPL")).await;
        }
        requote(&app, "AAPL", "194", "194.02").await;
        let asset = app.domain.asset_of_symbol("AAPL", &[]).await.unwrap();
        let quotes = [std::sync::Arc::new(app.domain.quote_of(&asset).await.unwrap())];
        // Equity 10,000 − 900 × 6.02 = 4,582, of a margin of 9,000.90 more than half: nothing.
        let judged = app.domain.judge_quotes(&quotes).await.unwrap();
        assert_eq!((judged.moved, judged.failed), (0, 0));
        requote(&app, "AAPL", "193.8", "193.82").await;
        let quotes = [std::sync::Arc::new(app.domain.quote_of(&asset).await.unwrap())];
        // 4,402: less than half. Without the 400 the margin is 5,000.50, and that is enough.
        let judged = app.domain.judge_quotes(&quotes).await.unwrap();
        assert_eq!((judged.moved, judged.failed), (1, 0));
        assert_eq!(closed(&app, &account).await[0].quantity.to_string(), "400");
    }

    async fn who_borrows_nothing_is_closed_when_nothing_is_left(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "99.98", "100").await;
        let (viewer, account) = opened(&app, small(1)).await;
        assert_eq!(account.stop_out_percent, 0);
        open(&app, &viewer, market(&account, Side::Sell, "100", "AAPL")).await;
        for (ask, moved) in [("150", 0), ("199", 0), ("200", 1), ("200", 0)] {
            requote(&app, "AAPL", "140", ask).await;
            assert_eq!(judge(&app).await, moved, "{ask}");
        }
        // Shorted at 99.97, closed at 200.02: a gap, or slippage, may leave less than nothing.
        assert_eq!(balance(&app, &viewer, &account).await, "-5");
    }

    async fn what_cannot_be_traded_just_now_is_not_closed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "BTC-USD", "9999", "10000").await;
        let (viewer, account) = opened(&app, small(10)).await;
        open(&app, &viewer, market(&account, Side::Buy, "200", "AAPL")).await;
        open(&app, &viewer, market(&account, Side::Buy, "3", "BTC-USD")).await;
        requote(&app, "AAPL", "165", "165.02").await;
        // New York has closed; it is AAPL that has lost most, and only bitcoin that can be sold.
        app.clock.advance(TimeDelta::hours(10));
        quote(&app.domain, "BTC-USD", "9000", "9001").await;
        assert_eq!((judge(&app).await, judge(&app).await), (1, 0));
        assert_eq!(closed(&app, &account).await.len(), 1);
        assert_eq!(app.domain.open_trades(&account).await.unwrap()[0].quantity.to_string(), "200");
        app.clock.advance(TimeDelta::hours(14));
        quote(&app.domain, "AAPL", "160", "160.02").await;
        assert_eq!(judge(&app).await, 1);
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
    }

    async fn the_level_is_the_owners_choice(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        for (level, leverage, expected) in [(Some(80), 1, 80), (None, 2, 50), (None, 1, 0), (Some(0), 100, 0)] {
            let new = NewAccount { stop_out_percent: level, ..with("USD", leverage) };
            let account = app.domain.open_account(&trader, new, &ClientInfo::default()).await.unwrap();
            assert_eq!(account.stop_out_percent, expected);
        }
        for level in [-1, 101] {
            let new = NewAccount { stop_out_percent: Some(level), ..with("USD", 2) };
            let answer = app.domain.open_account(&trader, new, &ClientInfo::default()).await;
            assert_eq!(problem(answer), (Code::Validation, "stopOutPercent".to_owned()));
        }
    }
}
