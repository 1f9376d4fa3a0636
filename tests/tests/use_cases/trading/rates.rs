//! The rate that amounts are booked at: whose it is, how old, and when it is too old.

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::trading::{OrderStatus, Side};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;
use crate::market::scripted::Scripted;

both_databases! {
    async fn a_fill_names_its_rate_and_whose_and_how_old_that_was(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        app.clock.advance(TimeDelta::minutes(7));
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "MAD", 1).await;
        let tried = app.domain.simulate_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
        assert_eq!((tried.rate.rate.to_string(), tried.rate.source.unwrap().as_str()), ("10.0525".into(), "csv"));
        let trade = open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
        let fill = app.domain.fills_by_id(&account, vec![trade.open_fill_id]).await.unwrap().remove(&trade.open_fill_id).unwrap();
        assert_eq!((fill.rate.to_string(), fill.rate_source.as_deref()), ("10.0525".into(), Some("csv")));
        assert_eq!((fill.rate_age(), fill.quote_age()), (Some(TimeDelta::minutes(7)), TimeDelta::zero()));

        let (viewer, dollars) = crate::trading::support::account(&app, "USD", 1).await;
        let trade = open(&app, &viewer, market(&dollars, Side::Buy, "1", "AAPL")).await;
        let fill = app.domain.fills_by_id(&dollars, vec![trade.open_fill_id]).await.unwrap().remove(&trade.open_fill_id).unwrap();
        assert_eq!((fill.rate.to_string(), fill.rate_age(), fill.rate_source), ("1".into(), None, None));
    }

    async fn nothing_is_booked_at_a_rate_older_than_an_hour(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        let (viewer, account) = account(&app, "MAD", 1).await;
        let buy = || market(&account, Side::Buy, "1", "AAPL");
        let trade = open(&app, &viewer, buy()).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "190")).await.unwrap();
        app.clock.advance(TimeDelta::minutes(60));
        quote(&app.domain, "AAPL", "199.98", "200").await;
        open(&app, &viewer, buy()).await;
        requote(&app, "AAPL", "188.98", "189").await;
        let placed = app.domain.place_order(&viewer, buy()).await.unwrap();
        assert_eq!(refused(&placed), Code::StaleQuote);
        assert!(placed.order.refusal_message.unwrap().contains("rate of USD in the account's currency is 3601 s old"));
        assert_eq!(app.domain.simulate_order(&viewer, buy()).await.unwrap().refusal.unwrap().code, Code::StaleQuote);
        assert_eq!(problem(app.domain.close_trade(&viewer, closing(&trade, None)).await).0, Code::StaleQuote);
        // What waits goes on waiting: its price is met, and the rate is not there.
        let judged = app.domain.judge_pending().await.unwrap();
        assert_eq!((judged.moved, judged.failed, judged.waiting), (0, 0, 1));
        quote(&app.domain, "USDMAD=X", "10.06", "10.061").await;
        assert_eq!(judge(&app).await, 1);
        let orders = orders_of(&app, &account).await;
        assert!(orders.iter().all(|order| order.status != OrderStatus::Pending));
        close(&app, &viewer, &trade, None).await;
    }

    async fn a_rate_that_is_too_old_is_asked_for_before_a_trade_is_closed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        let (viewer, account) = account(&app, "MAD", 1).await;
        let trade = open(&app, &viewer, market(&account, Side::Buy, "2", "AAPL")).await;
        let (domain, source) = Scripted::asked_by(&app).await;
        for is_last in [false, true] {
            app.clock.advance(TimeDelta::minutes(61));
            quote(&domain, "AAPL", "199.98", "200").await;
            source.quoted();
            let closed = if is_last {
                domain.close_all(&viewer, account.id, None).await.unwrap().trades.remove(0)
            } else {
                domain.close_trade(&viewer, closing(&trade, Some("1"))).await.unwrap().trade
            };
            assert_eq!(source.quoted(), ["USDMAD=X"]);
            let id = closed.close_fill_id.unwrap();
            let fill = domain.fills_by_id(&account, vec![id]).await.unwrap().remove(&id).unwrap();
            assert_eq!((fill.rate.to_string(), fill.rate_age()), ("2".to_owned(), Some(TimeDelta::zero())));
        }
    }

    async fn over_a_weekend_a_rate_grows_no_older(app: TestDomain) {
        // Currencies close on Friday at ten in the evening, UTC.
        wait_until(&app, "2026-03-06T21:50:00Z");
        quote(&app.domain, "EURUSD=X", "1.08", "1.0801").await;
        wait_until(&app, "2026-03-08T12:00:00Z");
        quote(&app.domain, "BTC-USD", "999", "1000").await;
        let (viewer, account) = account(&app, "EUR", 1).await;
        open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        wait_until(&app, "2026-03-09T12:00:00Z");
        quote(&app.domain, "BTC-USD", "999", "1000").await;
        let placed = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "BTC-USD")).await.unwrap();
        assert_eq!(refused(&placed), Code::StaleQuote);
    }
}
