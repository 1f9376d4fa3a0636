//! Five paper trades that are over, the same in every demo but for the days, which count back from the anchor; and three that
//! are open, bought at the simulated prices of their hour.

use bellwether_domain::ids::{TenantId, UserId};
use bellwether_domain::market::Timeframe;
use bellwether_domain::trading::{CloseReason, NewAccount, PastPrice, PastTrade, Side};
use bellwether_domain::{Domain, Result};
use chrono::{DateTime, TimeDelta, Utc};

use crate::signals::asset;

/// Symbol, side, quantity; hours before the anchor, bid and ask when it was opened and when it was closed; by what.
type Row = (&'static str, Side, &'static str, [(i64, &'static str, &'static str); 2], CloseReason);

#[rustfmt::skip]
const CLOSED: [Row; 5] = [
    ("AAPL", Side::Buy, "10", [(600, "209.98", "210"), (548, "214.5", "214.52")], CloseReason::Manual),
    ("MSFT", Side::Buy, "5", [(500, "430.1", "430.14"), (470, "424", "424.04")], CloseReason::StopLoss),
    ("NVDA", Side::Sell, "40", [(430, "131.2", "131.22"), (380, "127.4", "127.42")], CloseReason::TakeProfit),
    ("BTC-USD", Side::Buy, "0.25", [(300, "66990", "67000"), (210, "69480", "69490")], CloseReason::TakeProfit),
    ("ETH-USD", Side::Sell, "2", [(150, "3380", "3381"), (100, "3412", "3413")], CloseReason::Manual),
];

/// Symbol, side, quantity, hours before the anchor.
const OPEN: [(&str, Side, &str, i64); 3] =
    [("BTC-USD", Side::Buy, "0.15", 90), ("NVDA", Side::Buy, "60", 60), ("ETH-USD", Side::Sell, "3", 30)];

/// Opens the paper account of whoever has one in the demo, with its trades, unless they have one; tells how many trades there
/// are now that were not there before.
pub(crate) async fn put(
    domain: &Domain,
    email: &str,
    owner: (TenantId, UserId),
    anchor: DateTime<Utc>,
) -> Result<usize> {
    let (name, trades) = match email {
        "trader@atlas.test" => ("Demo account", closed(anchor)?),
        "trader2@atlas.test" => ("Open positions", open(domain, anchor).await?),
        _ => return Ok(0),
    };
    // Nothing to begin with where no source simulates.
    if trades.is_empty() {
        return Ok(0);
    }
    let account = NewAccount { name: Some(name.to_owned()), leverage: Some(5), ..NewAccount::default() };
    let is_new = domain.put_past_trades(owner, account, anchor - TimeDelta::hours(624), &trades).await?;
    Ok(if is_new { trades.len() } else { 0 })
}

fn closed(anchor: DateTime<Utc>) -> Result<Vec<PastTrade>> {
    let price = |(hours, bid, ask): (i64, &str, &str)| -> Result<PastPrice> {
        Ok(PastPrice { at: anchor - TimeDelta::hours(hours), bid: bid.parse()?, ask: ask.parse()? })
    };
    let trade = |&(symbol, side, quantity, [opened, closed], reason): &Row| -> Result<PastTrade> {
        Ok(PastTrade { symbol, side, quantity, opened: price(opened)?, closed: Some((price(closed)?, reason)) })
    };
    CLOSED.iter().map(trade).collect()
}

/// None of an asset without simulated candles.
async fn open(domain: &Domain, anchor: DateTime<Utc>) -> Result<Vec<PastTrade>> {
    let mut trades = Vec::new();
    for (symbol, side, quantity, hours) in OPEN {
        let asset = asset(domain, symbol).await?;
        let until = anchor - TimeDelta::hours(hours);
        let candles = domain.closed_candles(&asset, Timeframe::H1, None, until, 1).await?;
        if let Some(candle) = candles.last() {
            let at = candle.open_time + Timeframe::H1.span();
            let ask = candle.close.checked_add(asset.tick_size)?;
            trades.push(PastTrade {
                symbol,
                side,
                quantity,
                opened: PastPrice { at, bid: candle.close, ask },
                closed: None,
            });
        }
    }
    // A market that was closed at its hour counts from when it was last open.
    trades.sort_by_key(|trade| trade.opened.at);
    Ok(trades)
}
