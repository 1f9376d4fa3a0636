//! Challenges, on both databases: what happens on an account is judged in its own transaction, and can be judged again.

mod demo;
mod following;
mod letters;
mod many;
mod steering;
pub(crate) mod support;

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::challenges::{
    Cause, ChallengeStatus as Status, OnDailyBreach, PhaseKind, RuleKind, Rules, Which,
};
use bellwether_domain::trading::{AccountStatus, CloseReason, OrderStatus, Side, TradeFilter};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;

use crate::trading::support::*;
use support::*;

both_databases! {
    async fn scenario_1_the_target_passes_and_the_next_phase_comes_up(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let funded = Rules { phase: PhaseKind::Funded, profit_target: None, ..usual() };
        let (viewer, started) = begun(&app, vec![usual(), funded]).await;
        let account = account_of(&app, &viewer, &started).await;
        assert_eq!((account.initial_balance.to_string(), account.leverage), ("10000".to_owned(), 10));
        let trade = open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        requote(&app, "AAPL", "215.1", "215.12").await;
        judge_quotes(&app, &["AAPL"]).await;
        // Nothing is realized: with a trade open there is no pass.
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        close(&app, &viewer, &trade, None).await;
        let passed = now(&app, &viewer, &started).await;
        assert_eq!(passed.status, Status::Passed);
        assert!(passed.certificate.as_deref().unwrap().starts_with("CH-") && passed.ended_at.is_some());
        assert_eq!(account_of(&app, &viewer, &passed).await.status, AccountStatus::Closed);
        let refused_order = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
        assert_eq!(refused(&refused_order), Code::AccountNotActive);

        let next = app.domain.next_phase(&passed).await.unwrap().unwrap();
        assert_eq!((next.status, next.phase, next.account_id), (Status::Pending, 2, None));
        let next = app.domain.start_challenge(&viewer, next.id, &ClientInfo::default()).await.unwrap();
        assert_eq!((next.status, next.rules().unwrap().phase), (Status::Active, PhaseKind::Funded));
        assert_ne!(next.account_id, passed.account_id);
        assert!(app.domain.next_phase(&next).await.unwrap().is_none());
        for challenge in [&passed, &next] {
            assert_valid(&app, challenge).await;
        }
        assert_ledgers(&app).await;
    }

    async fn scenario_2_a_days_loss_fails_by_a_quote_and_everything_is_closed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "MSFT", "99.98", "100").await;
        let (viewer, started) = begun(&app, vec![usual()]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        open(&app, &viewer, market(&account, Side::Buy, "10", "MSFT")).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "MSFT", "50")).await.unwrap();
        requote(&app, "AAPL", "195.2", "195.22").await;
        judge_quotes(&app, &["AAPL"]).await;
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        requote(&app, "AAPL", "193.9", "193.92").await;
        judge_quotes(&app, &["AAPL"]).await;
        let failed = now(&app, &viewer, &started).await;
        assert_eq!(failed.status, Status::Failed);
        let closed = app.domain.trade_history(&account, &TradeFilter::default(), &Default::default()).await.unwrap().items;
        assert_eq!(closed.len(), 2);
        assert!(closed.iter().all(|trade| trade.close_reason == Some(CloseReason::Challenge)));
        assert!(orders_of(&app, &account).await.iter().all(|order| order.status != OrderStatus::Pending));
        assert_eq!(account_of(&app, &viewer, &failed).await.status, AccountStatus::Closed);
        // The violation, once, with what there was and what there may be.
        let violations: Vec<_> = history(&app, &failed).await.into_iter().filter(|row| row.rule.is_some()).collect();
        assert_eq!(violations.len(), 1);
        assert_eq!((violations[0].rule, violations[0].cause), (Some(RuleKind::DailyLoss), Cause::Quote));
        assert_valid(&app, &failed).await;
        // And no look changes anything any more.
        requote(&app, "AAPL", "100", "100.02").await;
        judge_quotes(&app, &["AAPL"]).await;
        assert_eq!(now(&app, &viewer, &started).await, failed);
    }

    async fn scenario_3_the_drawdown_counts_from_the_peak_that_a_quote_made(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let rules = Rules { daily_loss: None, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        requote(&app, "AAPL", "210.2", "210.22").await;
        judge_quotes(&app, &["AAPL"]).await;
        let raised = now(&app, &viewer, &started).await;
        let peak = raised.state.as_ref().unwrap().anchor;
        assert!(peak > money("11000") && peak < money("11100"), "{peak}");
        // Another process knows the peak as well.
        let other = app.another().await;
        requote(&app, "AAPL", "199.9", "199.92").await;
        other.judge_challenges(Which::All).await;
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        requote(&app, "AAPL", "198.9", "198.92").await;
        other.judge_challenges(Which::All).await;
        let failed = now(&app, &viewer, &started).await;
        let last = history(&app, &failed).await.pop().unwrap();
        assert_eq!((failed.status, last.rule), (Status::Failed, Some(RuleKind::MaxDrawdown)));
        assert_valid(&app, &failed).await;
    }

    async fn scenario_4_its_days_are_over_and_what_is_open_is_closed_when_its_market_opens(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![Rules { duration_days: Some(7), ..usual() }]).await;
        assert_eq!(started.expires_at, Some(started.started_at.unwrap() + TimeDelta::days(7)));
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
        app.domain.judge_challenges(Which::Due).await;
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        // A moment later nobody has a fresh price.
        app.clock.advance(TimeDelta::hours(9));
        app.domain.judge_challenges(Which::Due).await;
        let expired = now(&app, &viewer, &started).await;
        assert_eq!(expired.status, Status::Expired);
        assert_eq!(account_of(&app, &viewer, &expired).await.status, AccountStatus::Suspended);
        assert_eq!(app.domain.open_trades(&account).await.unwrap().len(), 1);
        app.clock.advance(TimeDelta::hours(15));
        quote(&app.domain, "AAPL", "201", "201.02").await;
        let judged = app.domain.judge_challenges(Which::Due).await;
        assert_eq!((judged.moved, judged.failed), (1, 0));
        assert_eq!(account_of(&app, &viewer, &expired).await.status, AccountStatus::Closed);
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
        assert_valid(&app, &expired).await;
    }

    async fn scenario_7_and_8_a_day_begins_at_midnight_with_a_trade_held_and_a_pass_waits_for_its_days(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "19999", "20000").await;
        let rules = Rules { minimum_days: 2, drawdown: None, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = account_of(&app, &viewer, &started).await;
        let held = open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        requote(&app, "BTC-USD", "19600", "19601").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        let before = now(&app, &viewer, &started).await.state.unwrap();
        assert_eq!((before.day.to_string(), before.day_base, before.days_traded), ("2026-03-02".into(), money("10000"), 1));
        wait_until(&app, "2026-03-03T00:00:30Z");
        app.domain.judge_challenges(Which::Due).await;
        let after = now(&app, &viewer, &started).await.state.unwrap();
        // The balance at midnight: the initial one without the fee of opening.
        assert_eq!((after.day.to_string(), after.day_base), ("2026-03-03".into(), before.balance));
        quote(&app.domain, "BTC-USD", "19550", "19551").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        // Down 4.6 % of the day's base.
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        requote(&app, "BTC-USD", "21500", "21501").await;
        close(&app, &viewer, &held, None).await;
        let waiting = now(&app, &viewer, &started).await;
        assert_eq!((waiting.status, waiting.state.unwrap().days_traded), (Status::Active, 1));
        let room = app.domain.challenge_room(&now(&app, &viewer, &started).await).await.unwrap().unwrap();
        assert_eq!((room.days_needed, room.profit_needed), (1, Some(money("0"))));
        let second = open(&app, &viewer, market(&account, Side::Buy, "0.01", "BTC-USD")).await;
        close(&app, &viewer, &second, None).await;
        let passed = now(&app, &viewer, &started).await;
        assert_eq!(passed.status, Status::Passed);
        assert_valid(&app, &passed).await;
    }

    async fn an_order_on_a_new_day_is_judged_after_its_midnight(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "19999", "20000").await;
        let (viewer, started) = begun(&app, vec![Rules { drawdown: None, ..usual() }]).await;
        let account = account_of(&app, &viewer, &started).await;
        let held = open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        // No job runs over midnight; the first that is done on the day is an order.
        wait_until(&app, "2026-03-03T09:00:00Z");
        quote(&app.domain, "BTC-USD", "21000", "21001").await;
        close(&app, &viewer, &held, Some("0.5")).await;
        let state = now(&app, &viewer, &started).await.state.unwrap();
        assert_eq!(state.day.to_string(), "2026-03-03");
        assert!(state.day_base < money("10000") && state.balance > money("10400"), "{state:?}");
        let rows = evidence(&app, &started).await;
        let causes: Vec<_> = rows.iter().map(|row| row.cause).collect();
        assert_eq!(causes, [Cause::Granted, Cause::Started, Cause::Fill, Cause::Clock, Cause::Fill]);
        assert_valid(&app, &now(&app, &viewer, &started).await).await;
    }

    async fn a_locked_day_closes_everything_and_trades_nothing_until_it_is_over(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "19999", "20000").await;
        let rules = Rules { on_daily_breach: OnDailyBreach::LockUntilReset, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        requote(&app, "BTC-USD", "19400", "19401").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        let locked = now(&app, &viewer, &started).await;
        assert_eq!((locked.status, locked.state.as_ref().unwrap().is_locked), (Status::Active, true));
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
        let order = app.domain.place_order(&viewer, market(&account, Side::Buy, "0.1", "BTC-USD")).await.unwrap();
        let problem = order.order.refusal().unwrap();
        assert_eq!(problem.code, Code::LimitExceeded);
        assert!(problem.message.contains("until 2026-03-03 00:00 UTC"), "{}", problem.message);
        wait_until(&app, "2026-03-03T00:00:10Z");
        quote(&app.domain, "BTC-USD", "19400", "19401").await;
        open(&app, &viewer, market(&account, Side::Buy, "0.1", "BTC-USD")).await;
        let going = now(&app, &viewer, &started).await;
        assert!(!going.state.as_ref().unwrap().is_locked);
        assert_valid(&app, &going).await;
    }

    async fn a_position_beyond_its_limit_is_refused_and_a_simulation_says_what_an_order_would_break(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let quarter = Rules { position: Some("25".parse().unwrap()), ..usual() };
        let (viewer, started) = begun(&app, vec![quarter]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "12", "AAPL")).await;
        let more = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
        assert_eq!(refused(&more), Code::PositionLimit);

        let (viewer, wide) = begun(&app, vec![Rules { daily_loss: Some("0.3".parse().unwrap()), ..usual() }]).await;
        let account = account_of(&app, &viewer, &wide).await;
        // A spread of 0.02, a slippage of 0.02 and a fee of 0.05 % of 40,000 are 28 at once; the limit is 30.
        let small = app.domain.simulate_order(&viewer, market(&account, Side::Buy, "200", "AAPL")).await.unwrap();
        assert_eq!(small.would_break, None);
        let large = app.domain.simulate_order(&viewer, market(&account, Side::Buy, "300", "AAPL")).await.unwrap();
        assert_eq!(large.would_break.unwrap().rule, RuleKind::DailyLoss);
        assert!(large.refusal.is_none());
        // And it does: by the fill itself, which is then closed in the same transaction.
        app.domain.place_order(&viewer, market(&account, Side::Buy, "300", "AAPL")).await.unwrap();
        let failed = now(&app, &viewer, &wide).await;
        assert_eq!((failed.status, history(&app, &failed).await.pop().unwrap().cause), (Status::Failed, Cause::Fill));
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
        assert_valid(&app, &failed).await;
    }

    async fn a_target_waits_for_the_last_pending_order(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![usual()]).await;
        let account = account_of(&app, &viewer, &started).await;
        let trade = open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        let waiting = app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "150")).await.unwrap();
        requote(&app, "AAPL", "215.1", "215.12").await;
        close(&app, &viewer, &trade, None).await;
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        app.domain.cancel_order(&viewer, waiting.order.id).await.unwrap();
        let passed = now(&app, &viewer, &started).await;
        assert_eq!(passed.status, Status::Passed);
        assert_valid(&app, &passed).await;
    }

    async fn an_account_that_was_left_open_is_closed_when_its_trader_closes_the_last_trade(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![Rules { duration_days: Some(1), ..usual() }]).await;
        let account = account_of(&app, &viewer, &started).await;
        let held = open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        // Over at an hour at which nothing is sold.
        app.clock.advance(TimeDelta::hours(24 + 12));
        app.domain.judge_challenges(Which::Due).await;
        assert_eq!(account_of(&app, &viewer, &started).await.status, AccountStatus::Suspended);
        wait_until(&app, "2026-03-04T15:00:00Z");
        quote(&app.domain, "AAPL", "201", "201.02").await;
        close(&app, &viewer, &held, None).await;
        app.domain.judge_challenges(Which::Due).await;
        assert_eq!(account_of(&app, &viewer, &started).await.status, AccountStatus::Closed);
    }

    async fn days_are_over_also_where_no_price_is_known(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![Rules { duration_days: Some(1), ..usual() }]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "10", "AAPL")).await;
        app.domain.db().writer().execute_unprepared("DELETE FROM quotes").await.unwrap();
        let other = app.another().await;
        app.clock.advance(TimeDelta::hours(12));
        let judged = other.judge_challenges(Which::All).await;
        assert_eq!((judged.moved, judged.waiting, judged.failed), (0, 1, 0));
        app.clock.advance(TimeDelta::hours(12));
        other.judge_challenges(Which::Due).await;
        let expired = now(&app, &viewer, &started).await;
        assert_eq!(expired.status, Status::Expired);
        assert_valid(&app, &expired).await;
    }

    async fn a_position_may_be_filled_up_to_its_limit_in_small_parts(app: TestDomain) {
        open_market(&app);
        // 41.6666 a share: margins are rounded up at a leverage of 10.
        quote(&app.domain, "AAPL", "41.64", "41.65").await;
        let quarter = Rules { position: Some("25".parse().unwrap()), ..usual() };
        let (viewer, started) = begun(&app, vec![quarter]).await;
        let account = account_of(&app, &viewer, &started).await;
        let mut cost = money("0");
        for _ in 0..60 {
            let placed = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
            let Some(trade) = placed.trade else {
                assert_eq!(refused(&placed), Code::PositionLimit);
                break;
            };
            cost = cost.checked_add(trade.notional).unwrap();
        }
        assert!(cost > money("2450") && cost <= money("2500"), "{cost}");
        let going = now(&app, &viewer, &started).await;
        assert_eq!(going.status, Status::Active);
        assert_valid(&app, &going).await;
    }
}
