//! Orders, closings, and every way to be refused.

use bellwether_domain::ProblemCode as Code;
use bellwether_domain::Viewer;
use bellwether_domain::ids::{Id, TradeId};
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{
    CloseTrade, LedgerKind, NewAccount, NewOrder, OrderStatus, OrderType, Side, TradeStatus, WhenClosed,
};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use super::support::*;

both_databases! {
    async fn a_trade_is_opened_closed_by_half_and_closed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 1)).await;
        assert!(account.number.len() == 14 && account.number.starts_with("PA-"), "{}", account.number);
        assert_eq!(balance(&app, &viewer, &account).await, "100000");

        // At the ask and one basis point of slippage: 200.02 × 10 = 2000.20, of which 0.05 % are 1.0001.
        let placed = app.domain.place_order(&viewer, market(&account, Side::Buy, "10", "aapl")).await.unwrap();
        let (order, trade) = (placed.order, placed.trade.unwrap());
        assert_eq!((order.status, placed.account.version, placed.replayed), (OrderStatus::Filled, 2, false));
        assert_eq!(order.done_at, Some(order.created_at), "at one moment");
        assert_eq!((trade.entry_price.to_string(), trade.entry_fee.to_string()), ("200.02".into(), "1".into()));
        assert_eq!((trade.margin.to_string(), trade.status), ("2000.2".into(), TradeStatus::Open));
        let standing = app.domain.standing(&placed.account).await.unwrap();
        assert_eq!(standing.balance.to_string(), "99999");
        assert_eq!(standing.unrealized_pnl.to_string(), "-0.4", "it would be closed at the bid");
        assert_eq!((standing.equity.to_string(), standing.used_margin.to_string()), ("99998.6".into(), "2000.2".into()));
        assert_eq!(standing.free_margin.to_string(), "97998.4");

        // At the bid less slippage: 209.98 → (209.98 - 200.02) × 5 = 49.80, fee 0.52, half of the entry's fee 0.50.
        requote(&app, "AAPL", "210.01", "210.03").await;
        let half = close(&app, &viewer, &trade, Some("5")).await;
        assert_eq!((half.trade.parent_id, half.trade.quantity.to_string()), (Some(trade.id), "5".to_owned()));
        assert_eq!(half.trade.exit_price.unwrap().to_string(), "209.98");
        assert_eq!(half.trade.gross_pnl.unwrap().to_string(), "49.8");
        assert_eq!(half.trade.realized_pnl.unwrap().to_string(), "48.78");
        assert_eq!(balance(&app, &viewer, &account).await, "100048.28");
        let rest = close(&app, &viewer, &trade, None).await;
        assert_eq!((rest.trade.id, rest.trade.parent_id, rest.trade.quantity.to_string()), (trade.id, None, "5".into()));
        assert_eq!(balance(&app, &viewer, &account).await, "100097.56");
        let standing = app.domain.standing(&rest.account).await.unwrap();
        assert_eq!((standing.used_margin.to_string(), standing.equity), ("0".to_owned(), standing.balance));
        let entries = ledger_of(&app, &rest.account).await;
        let kinds: Vec<_> = entries.iter().map(|entry| (entry.seq, entry.kind, entry.amount.to_string())).collect();
        assert_eq!(kinds, [
            (1, LedgerKind::Deposit, "100000".to_owned()), (2, LedgerKind::Fee, "-1".into()),
            (3, LedgerKind::RealizedPnl, "49.8".into()), (4, LedgerKind::Fee, "-0.52".into()),
            (5, LedgerKind::RealizedPnl, "49.8".into()), (6, LedgerKind::Fee, "-0.52".into()),
        ]);
    }

    async fn what_is_closed_or_not_theirs_cannot_be_closed(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let trade = open(&app, &viewer, market(&account, Side::Sell, "3", "AAPL")).await;
        let stranger = app.viewer("b", Role::Trader).await;
        let admin = app.viewer("a", Role::Admin).await;
        let nothing = CloseTrade { trade_id: TradeId::from_uuid(account.id.uuid()), ..closing(&trade, None) };
        for (who, what) in [(&stranger, closing(&trade, None)), (&admin, closing(&trade, None)), (&viewer, nothing)] {
            let answer = app.domain.close_trade(who, what).await;
            assert_eq!(problem(answer), (Code::NotFound, "tradeId".to_owned()));
        }
        for quantity in ["0", "-1", "3.00000001", "0.5", "x"] {
            let answer = app.domain.close_trade(&viewer, closing(&trade, Some(quantity))).await;
            assert_eq!(problem(answer), (Code::Validation, "quantity".to_owned()), "{quantity}");
        }
        let before = balance(&app, &viewer, &account).await;
        close(&app, &viewer, &trade, None).await;
        let after = balance(&app, &viewer, &account).await;
        assert_ne!(before, after);
        let again = app.domain.close_trade(&viewer, closing(&trade, None)).await;
        assert_eq!(problem(again), (Code::TradeClosed, "tradeId".to_owned()));
        assert_eq!(balance(&app, &viewer, &account).await, after);
        assert!(app.domain.account(&stranger, account.id).await.unwrap().is_none());
        assert!(app.domain.account(&admin, account.id).await.unwrap().is_some());
    }

    async fn a_refused_order_is_kept_with_its_code(app: TestDomain) {
        open_market(&app);
        for symbol in ["AAPL", "MSFT"] {
            quote(&app.domain, symbol, "200", "200.02").await;
        }
        let limits = NewAccount {
            max_open_trades: Some(2), max_position: Some("5000".to_owned()), initial_balance: Some("10000".to_owned()),
            ..with("USD", 1)
        };
        let (viewer, account) = opened(&app, limits).await;
        let place = async |order: NewOrder| app.domain.place_order(&viewer, order).await.unwrap();
        let buy = |quantity: &str| market(&account, Side::Buy, quantity, "AAPL");
        assert_eq!(refused(&place(buy("50")).await), Code::PositionLimit);
        assert_eq!(refused(&place(buy("0.5")).await), Code::Validation);
        let placed = place(NewOrder { stop_loss: Some("201".to_owned()), ..buy("1") }).await;
        assert_eq!(refused(&placed), Code::Validation);
        let short = market(&account, Side::Sell, "1", "AAPL");
        assert_eq!(refused(&place(NewOrder { take_profit: Some("201".to_owned()), ..short }).await), Code::Validation);
        open(&app, &viewer, buy("20")).await;
        assert_eq!(refused(&place(buy("5")).await), Code::PositionLimit);
        open(&app, &viewer, market(&account, Side::Buy, "20", "MSFT")).await;
        assert_eq!(refused(&place(market(&account, Side::Buy, "1", "MSFT")).await), Code::PositionLimit, "two are open");

        let (viewer, account) = opened(&app, with("USD", 2)).await;
        let place = async |order: NewOrder| app.domain.place_order(&viewer, order).await.unwrap();
        let placed = place(market(&account, Side::Buy, "1000", "AAPL")).await;
        assert_eq!(refused(&placed), Code::InsufficientMargin, "its margin is the whole balance, and then there is the fee");
        assert_eq!(placed.order.status, OrderStatus::Rejected);
        assert_eq!(refused(&place(limit(&account, Side::Buy, "1001", "AAPL", "200")).await), Code::InsufficientMargin);

        app.clock.advance(TimeDelta::minutes(30));
        let placed = place(market(&account, Side::Buy, "1", "AAPL")).await;
        assert_eq!(refused(&placed), Code::StaleQuote);
        app.clock.advance(TimeDelta::hours(8));
        assert_eq!(refused(&place(market(&account, Side::Buy, "1", "AAPL")).await), Code::MarketClosed);
        let orders = orders_of(&app, &placed.account).await;
        assert_eq!(orders.iter().filter(|order| order.status == OrderStatus::Rejected).count(), orders.len());
        assert_eq!(orders.len(), 4);
        assert_eq!(ledger_of(&app, &placed.account).await.len(), 1, "no balance was touched");
    }

    async fn what_cannot_be_written_down_is_only_a_problem(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "200", "200.02").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let base = market(&account, Side::Buy, "1", "AAPL");
        let some = |text: &str| Some(text.to_owned());
        for (order, code, path) in [
            (NewOrder { symbol: "NOPE".to_owned(), ..base.clone() }, Code::NotFound, "symbol"),
            (NewOrder { symbol: "no symbol".to_owned(), ..base.clone() }, Code::Validation, "symbol"),
            (NewOrder { quantity: "many".to_owned(), ..base.clone() }, Code::Validation, "quantity"),
            (NewOrder { quantity: "0".to_owned(), ..base.clone() }, Code::Validation, "quantity"),
            (NewOrder { quantity: "-1".to_owned(), ..base.clone() }, Code::Validation, "quantity"),
            (NewOrder { limit_price: some("1"), ..base.clone() }, Code::Validation, "limitPrice"),
            (NewOrder { order_type: OrderType::Limit, ..base.clone() }, Code::Validation, "limitPrice"),
            (NewOrder { order_type: OrderType::Stop, ..base.clone() }, Code::Validation, "stopPrice"),
            (NewOrder { stop_loss: some("0"), ..base.clone() }, Code::Validation, "stopLoss"),
            (NewOrder { client_order_id: some("a b"), ..base.clone() }, Code::Validation, "clientOrderId"),
        ] {
            let answer = app.domain.place_order(&viewer, order).await;
            assert_eq!(problem(answer), (code, path.to_owned()));
        }
        let admin = app.viewer("a", Role::Admin).await;
        let answer = app.domain.place_order(&admin, base.clone()).await;
        assert_eq!(problem(answer), (Code::NotFound, "accountId".to_owned()), "to read it is not to trade on it");
        let support = app.viewer("a", Role::Support).await;
        assert!(app.domain.place_order(&support, base).await.is_err());
        assert!(orders_of(&app, &account).await.is_empty());
    }

    async fn the_same_client_order_id_is_one_order(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let order = NewOrder { client_order_id: Some("one".to_owned()), ..market(&account, Side::Buy, "1", "AAPL") };
        let first = app.domain.place_order(&viewer, order.clone()).await.unwrap();
        let again = app.domain.place_order(&viewer, order.clone()).await.unwrap();
        assert_eq!((again.replayed, again.order.id, again.trade), (true, first.order.id, first.trade.clone()));
        let other = NewOrder { quantity: "2".to_owned(), ..order.clone() };
        let answer = app.domain.place_order(&viewer, other).await;
        assert_eq!(problem(answer), (Code::Conflict, "clientOrderId".to_owned()));

        let trade = first.trade.unwrap();
        let close = CloseTrade { client_order_id: Some("two".to_owned()), ..closing(&trade, None) };
        let closed = app.domain.close_trade(&viewer, close.clone()).await.unwrap();
        let again = app.domain.close_trade(&viewer, close.clone()).await.unwrap();
        assert_eq!((again.replayed, again.order, again.trade), (true, closed.order, closed.trade));
        let answer = app.domain.close_trade(&viewer, CloseTrade { client_order_id: Some("one".to_owned()), ..close }).await;
        assert_eq!(problem(answer), (Code::Conflict, "clientOrderId".to_owned()));

        // A refusal is the answer to its id, too.
        let large = NewOrder { client_order_id: Some("large".to_owned()), ..market(&account, Side::Buy, "9999", "AAPL") };
        let refusal = app.domain.place_order(&viewer, large.clone()).await.unwrap();
        requote(&app, "AAPL", "0.98", "1").await;
        let again = app.domain.place_order(&viewer, large).await.unwrap();
        assert_eq!((again.replayed, refused(&again)), (true, refused(&refusal)));
    }

    async fn an_order_follows_a_signal_that_its_owner_may_see(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let record = async |viewer: &Viewer| {
            let recorded = app.domain.record_signals(viewer, vec![crate::record::signal(0)]).await.unwrap().pop().unwrap();
            recorded.unwrap().signal.id
        };
        let (own, foreign) = (record(&viewer).await, record(&app.viewer("b", Role::Trader).await).await);
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (_, account) = account(&app, "USD", 1).await;
        let follow = |signal| NewOrder { signal_id: Some(signal), ..market(&account, Side::Buy, "1", "AAPL") };
        let placed = app.domain.place_order(&viewer, follow(own)).await.unwrap();
        assert_eq!((placed.order.signal_id, placed.trade.unwrap().signal_id), (Some(own), Some(own)));
        for answer in [
            app.domain.place_order(&viewer, follow(foreign)).await.map(drop),
            app.domain.simulate_order(&viewer, follow(foreign)).await.map(drop),
        ] {
            assert_eq!(problem(answer), (Code::NotFound, "signalId".to_owned()));
        }
        assert_eq!(orders_of(&app, &account).await.len(), 1);
    }

    async fn pending_orders_are_filled_by_quotes(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let place = async |order: NewOrder| app.domain.place_order(&viewer, order).await.unwrap().order;
        let low = place(NewOrder {
            stop_loss: Some("180".to_owned()), take_profit: Some("210".to_owned()),
            ..limit(&account, Side::Buy, "1", "AAPL", "190")
        }).await;
        let high = place(stop(&account, Side::Buy, "2", "AAPL", "205")).await;
        let at_once = place(limit(&account, Side::Buy, "3", "AAPL", "201")).await;
        assert_eq!([low.status, high.status, at_once.status], [OrderStatus::Pending, OrderStatus::Pending, OrderStatus::Filled]);
        let prices = async || {
            let open = app.domain.open_trades(&account).await.unwrap();
            open.into_iter().map(|trade| (trade.quantity.to_string(), trade.entry_price.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(judge(&app).await, 0);
        assert_eq!(prices().await, [("3".to_owned(), "200".to_owned())]);
        // Through the limit: at the ask, which is better, and without slippage.
        requote(&app, "AAPL", "188", "188.02").await;
        assert_eq!((judge(&app).await, judge(&app).await), (1, 0));
        assert_eq!(prices().await[1], ("1".to_owned(), "188.02".to_owned()));
        // Over the stop: at the ask, which is worse, and with slippage.
        requote(&app, "AAPL", "206.98", "207").await;
        assert_eq!(judge(&app).await, 1);
        assert_eq!(prices().await[2], ("2".to_owned(), "207.03".to_owned()));
        // The target of the first, at the bid.
        requote(&app, "AAPL", "211.5", "211.52").await;
        assert_eq!(judge(&app).await, 1);
        assert_eq!(prices().await.len(), 2);
        assert_eq!(balance(&app, &viewer, &account).await, "100023.48");
        let orders = orders_of(&app, &account).await;
        let last = orders.last().unwrap();
        assert_eq!((last.order_type, last.limit_price.unwrap().to_string()), (OrderType::Limit, "210".to_owned()));
        assert!(last.closes_trade_id.is_some());

        let waits = place(limit(&account, Side::Sell, "1", "AAPL", "300")).await;
        let cancelled = app.domain.cancel_order(&viewer, waits.id).await.unwrap();
        assert_eq!((cancelled.status, judge(&app).await), (OrderStatus::Cancelled, 0));
        assert_eq!(app.domain.cancel_order(&viewer, waits.id).await.unwrap(), cancelled);
        assert_eq!(problem(app.domain.cancel_order(&viewer, low.id).await), (Code::Conflict, "orderId".to_owned()));
    }

    async fn a_market_order_may_wait_for_the_market_to_open(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        app.clock.advance(TimeDelta::hours(10));
        let waits = NewAccount { when_closed: Some(WhenClosed::Wait), ..with("USD", 1) };
        let (viewer, account) = opened(&app, waits).await;
        let placed = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
        assert_eq!((placed.order.status, judge(&app).await), (OrderStatus::Pending, 0));
        app.clock.advance(TimeDelta::hours(14));
        assert_eq!(judge(&app).await, 0, "the quote is of yesterday");
        quote(&app.domain, "AAPL", "198.98", "199").await;
        assert_eq!(judge(&app).await, 1);
        assert_eq!(app.domain.open_trades(&account).await.unwrap()[0].entry_price.to_string(), "199.02");
    }

    async fn a_suspended_account_closes_and_a_closed_one_does_nothing(app: TestDomain) {
        use bellwether_domain::trading::AccountStatus::{Active, Closed, Suspended};
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = account(&app, "USD", 1).await;
        let trade = open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
        let (admin, client) = (app.viewer("a", Role::Admin).await, ClientInfo::default());
        let set = async |status| app.domain.set_account_status(&admin, account.id, status, "a test", &client).await;
        assert_eq!(problem(set(Closed).await), (Code::Conflict, "status".to_owned()));
        assert_eq!(set(Suspended).await.unwrap().status, Suspended);
        let placed = app.domain.place_order(&viewer, market(&account, Side::Buy, "1", "AAPL")).await.unwrap();
        assert_eq!(refused(&placed), Code::AccountNotActive);
        close(&app, &viewer, &trade, None).await;
        assert_eq!(set(Closed).await.unwrap().status, Closed);
        assert_eq!(problem(set(Active).await), (Code::Conflict, "status".to_owned()));
        assert!(app.domain.set_account_status(&viewer, account.id, Active, "a test", &client).await.is_err());
        let foreign = app.viewer("b", Role::Admin).await;
        let answer = app.domain.set_account_status(&foreign, account.id, Active, "a test", &client).await;
        assert_eq!(problem(answer), (Code::NotFound, "accountId".to_owned()));
    }

    async fn everything_is_closed_at_once(app: TestDomain) {
        open_market(&app);
        for symbol in ["AAPL", "MSFT"] {
            quote(&app.domain, symbol, "199.98", "200").await;
        }
        let (viewer, account) = account(&app, "USD", 1).await;
        for (symbol, side) in [("AAPL", Side::Buy), ("AAPL", Side::Sell), ("MSFT", Side::Buy)] {
            open(&app, &viewer, market(&account, side, "2", symbol)).await;
        }
        let closed = app.domain.close_all(&viewer, account.id, Some("aapl")).await.unwrap();
        assert_eq!((closed.trades.len(), closed.account.version), (2, 5));
        assert_eq!(app.domain.close_all(&viewer, account.id, None).await.unwrap().trades.len(), 1);
        assert!(app.domain.close_all(&viewer, account.id, None).await.unwrap().trades.is_empty());
        // Each of the three has paid the spread of 0.02 and twice the slippage of 0.02, two times.
        assert_eq!(balance(&app, &viewer, &account).await, "99999.64");
    }
}
