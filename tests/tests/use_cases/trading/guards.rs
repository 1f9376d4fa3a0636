//! Protections hold for what waits too, and the licence of a price for who tries an order.

use std::sync::Arc;

use bellwether_domain::market::{NewQuote, SourceName, Symbol};
use bellwether_domain::permission::Permission;
use bellwether_domain::trading::{DrawdownLock, NewAccount, NewOrder, OrderStatus, Protections, Side};
use bellwether_domain::viewer::Member;
use bellwether_domain::{Fault, ProblemCode as Code, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;

async fn refusal_of_last(app: &TestDomain, account: &bellwether_domain::trading::Account) -> (Code, String) {
    let order = orders_of(app, account).await.into_iter().find(|order| order.status == OrderStatus::Rejected).unwrap();
    let refusal = order.refusal().unwrap();
    (refusal.code, refusal.message)
}

both_databases! {
    async fn a_waiting_order_that_is_touched_while_a_protection_holds_is_refused(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let protections = Protections { cooldown_seconds: Some(60), ..Protections::default() };
        let (viewer, account) = opened(&app, NewAccount { protections, ..with("USD", 1) }).await;
        for price in ["190", "185"] {
            app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", price)).await.unwrap();
        }
        let trade = open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
        close(&app, &viewer, &trade, None).await;
        requote(&app, "AAPL", "188", "188.02").await;
        assert_eq!(judge(&app).await, 1);
        assert_eq!(refusal_of_last(&app, &account).await, (Code::LimitExceeded, "the account cools down after a loss".to_owned()));
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
        // The other one is touched when the pause is over.
        app.clock.advance(TimeDelta::seconds(60));
        quote(&app.domain, "AAPL", "184", "184.02").await;
        assert_eq!((judge(&app).await, app.domain.open_trades(&account).await.unwrap().len()), (1, 1));
    }

    async fn a_stop_locks_what_the_same_quote_touches(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let protections = Protections { cooldown_seconds: Some(60), ..Protections::default() };
        let (viewer, account) = opened(&app, NewAccount { protections, ..with("USD", 1) }).await;
        open(&app, &viewer, NewOrder { stop_loss: Some("195".to_owned()), ..market(&account, Side::Buy, "1", "AAPL") }).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "195")).await.unwrap();
        requote(&app, "AAPL", "190", "190.02").await;
        assert_eq!(judge(&app).await, 2, "one is stopped, the other refused");
        assert_eq!(refusal_of_last(&app, &account).await.0, Code::LimitExceeded);
        assert!(app.domain.open_trades(&account).await.unwrap().is_empty());
    }

    async fn a_drawdown_locks_what_waits(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let max_drawdown = Some(DrawdownLock::new("5".parse().unwrap(), 86_400));
        let protections = Protections { max_drawdown, ..Protections::default() };
        let (viewer, account) = opened(&app, NewAccount { protections, ..with("USD", 1) }).await;
        open(&app, &viewer, market(&account, Side::Buy, "400", "AAPL")).await;
        app.domain.place_order(&viewer, limit(&account, Side::Buy, "1", "AAPL", "180")).await.unwrap();
        requote(&app, "AAPL", "178", "178.02").await;
        assert_eq!(judge(&app).await, 1);
        assert!(refusal_of_last(&app, &account).await.1.contains("5 % or more"));
    }

    async fn who_may_not_see_a_price_may_not_try_an_order_on_it(app: TestDomain) {
        open_market(&app);
        let (viewer, account) = account(&app, "USD", 1).await;
        let asset = app.domain.asset_by_symbol(&Symbol::try_from("AAPL").unwrap()).await.unwrap().unwrap();
        let price = "200".parse().unwrap();
        let exchange_time = app.clock_now();
        let new = NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time };
        app.domain.put_quotes(SourceName::Yahoo, vec![new]).await.unwrap();
        let order = || market(&account, Side::Buy, "1", "AAPL");
        assert_eq!(app.domain.simulate_order(&viewer, order()).await.unwrap().quote.source, SourceName::Yahoo);
        // A key that may trade and may not read prices that are for those alone who are signed in for it.
        let Viewer::User(member) = viewer else { panic!("a trader") };
        let scopes = |scopes: &[Permission]| Viewer::User(Member { scopes: Some(Arc::from(scopes)), ..member.clone() });
        let key = scopes(&[Permission::TradingRead, Permission::TradingWrite]);
        let answer = app.domain.simulate_order(&key, order()).await;
        assert!(matches!(answer, Err(bellwether_domain::Error::Fault(Fault::Forbidden(_)))), "{answer:?}");
        // What an order was filled at is the account's own.
        open(&app, &key, order()).await;
        let key = scopes(&[Permission::TradingRead, Permission::TradingWrite, Permission::MarketRead]);
        assert!(app.domain.simulate_order(&key, order()).await.is_ok());
    }

    /// A rate through the dollar is for those who may see both of its halves.
    async fn who_may_not_see_half_of_a_rate_may_not_try_an_order_at_it(app: TestDomain) {
        open_market(&app);
        let (viewer, account) = account(&app, "EUR", 1).await;
        for (symbol, source) in [("IAM.CS", SourceName::Demo), ("USDMAD=X", SourceName::Demo), ("EURUSD=X", SourceName::Yahoo)] {
            let asset_id = app.domain.asset_of_symbol(symbol, &[]).await.unwrap().id;
            let (price, exchange_time) = ("10".parse().unwrap(), app.clock_now());
            let new = NewQuote { asset_id, price, bid: None, ask: None, previous_close: None, exchange_time };
            assert_eq!(app.domain.put_quotes(source, vec![new]).await.unwrap().len(), 1);
        }
        let order = || market(&account, Side::Buy, "1", "IAM.CS");
        assert!(app.domain.simulate_order(&viewer, order()).await.is_ok());
        let Viewer::User(member) = viewer else { panic!("a trader") };
        let scopes: Arc<[Permission]> = Arc::from([Permission::TradingRead, Permission::TradingWrite]);
        let key = Viewer::User(Member { scopes: Some(scopes), ..member });
        let answer = app.domain.simulate_order(&key, order()).await;
        assert!(matches!(answer, Err(bellwether_domain::Error::Fault(Fault::Forbidden(_)))), "{answer:?}");
    }
}
