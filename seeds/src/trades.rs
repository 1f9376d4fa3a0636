//! Five paper trades, the same in every demo but for the days: they count back from the anchor.

use bellwether_domain::ids::{TenantId, UserId};
use bellwether_domain::trading::{CloseReason, NewAccount, PastTrade, Side};
use bellwether_domain::{Domain, Result};
use chrono::{DateTime, TimeDelta, Utc};

/// Symbol, side, quantity; hours before the anchor, bid and ask when it was opened and when it was closed; by what.
type Row = (&'static str, Side, &'static str, [(i64, &'static str, &'static str); 2], CloseReason);

#[rustfmt::skip]
const TRADES: [Row; 5] = [
    ("AAPL", Side::Buy, "10", [(600, "209.98", "210"), (548, "214.5", "214.52")], CloseReason::Manual),
    ("MSFT", Side::Buy, "5", [(500, "430.1", "430.14"), (470, "424", "424.04")], CloseReason::StopLoss),
    ("NVDA", Side::Sell, "40", [(430, "131.2", "131.22"), (380, "127.4", "127.42")], CloseReason::TakeProfit),
    ("BTC-USD", Side::Buy, "0.25", [(300, "66990", "67000"), (210, "69480", "69490")], CloseReason::TakeProfit),
    ("ETH-USD", Side::Sell, "2", [(150, "3380", "3381"), (100, "3412", "3413")], CloseReason::Manual),
];

/// Opens the demo's paper account with its trades, unless its owner has one; tells how many trades there are now that were
/// not there before.
pub(crate) async fn put(domain: &Domain, owner: (TenantId, UserId), anchor: DateTime<Utc>) -> Result<usize> {
    let at = |(hours, bid, ask): (i64, &'static str, &'static str)| (anchor - TimeDelta::hours(hours), bid, ask);
    let trade = |&(symbol, side, quantity, [opened, closed], reason): &Row| PastTrade {
        symbol,
        side,
        quantity,
        opened: at(opened),
        closed: at(closed),
        reason,
    };
    let trades: Vec<PastTrade> = TRADES.iter().map(trade).collect();
    let account = NewAccount { name: Some("Demo account".to_owned()), leverage: Some(5), ..NewAccount::default() };
    let is_new = domain.put_past_trades(owner, account, anchor - TimeDelta::hours(624), &trades).await?;
    Ok(if is_new { trades.len() } else { 0 })
}
