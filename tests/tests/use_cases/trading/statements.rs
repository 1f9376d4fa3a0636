//! How many statements a decision and a figure take: on PostgreSQL each is a way there and back.

use bellwether_domain::trading::{Account, NewOrder, Side};
use bellwether_tests::{TestDomain, both_databases};

use super::support::*;

/// The statements of some work, but for BEGIN and COMMIT.
async fn statements<T>(app: &TestDomain, work: impl Future<Output = T>) -> (u64, T) {
    let before = app.domain.db().statements();
    let done = work.await;
    (app.domain.db().statements() - before, done)
}

fn named(account: &Account, id: &str) -> NewOrder {
    NewOrder { client_order_id: Some(id.to_owned()), ..market(account, Side::Buy, "10", "AAPL") }
}

both_databases! {
    async fn a_decision_takes_as_many_statements_as_it_must(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        quote(&app.domain, "USDMAD=X", "10.0525", "10.0535").await;
        let (viewer, dollars) = opened(&app, with("USD", 1)).await;
        // The account with its balance, its open trades and the quote are read; the account, the order, the fill, the trade,
        // the fee, the equity and whose ranking is to be looked at again are written.
        let order = app.domain.place_order(&viewer, market(&dollars, Side::Buy, "10", "AAPL"));
        let (count, placed) = statements(&app, order).await;
        assert_eq!(count, 3 + 7);
        // Whose trade it is comes before.
        let trade = placed.unwrap().trade.unwrap();
        let (count, _) = statements(&app, app.domain.close_trade(&viewer, closing(&trade, Some("4")))).await;
        assert_eq!(count, 4 + 8);
        let (count, _) = statements(&app, app.domain.place_order(&viewer, named(&dollars, "one"))).await;
        assert_eq!(count, 4 + 7, "and whether it was placed before");
        let (count, again) = statements(&app, app.domain.place_order(&viewer, named(&dollars, "one"))).await;
        assert!(again.unwrap().replayed && count <= 5, "{count}");
        let (viewer, dirhams) = opened(&app, with("MAD", 1)).await;
        let (count, _) = statements(&app, app.domain.place_order(&viewer, market(&dirhams, Side::Buy, "1", "AAPL"))).await;
        assert_eq!(count, 4 + 7, "and the rate");
    }

    async fn figures_take_as_many_statements_however_much_was_traded(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, account) = opened(&app, with("USD", 1)).await;
        let (few, metrics) = statements(&app, app.domain.account_metrics(&account)).await;
        assert_eq!((few, metrics.unwrap().closed_trades), (5, 0));
        for _ in 0..5 {
            let trade = open(&app, &viewer, market(&account, Side::Buy, "1", "AAPL")).await;
            close(&app, &viewer, &trade, None).await;
        }
        let (many, metrics) = statements(&app, app.domain.account_metrics(&account)).await;
        assert_eq!((many, metrics.unwrap().closed_trades), (few, 5));
    }
}
