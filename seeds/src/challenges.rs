//! Challenges that one trader of the demo failed, one passed, and one is in the middle of; all traded in simulated prices, by
//! somebody who knew what came: the direction of each trade is the one that ends as the story needs.

use bellwether_domain::challenges::{PastAct, PastEvent};
use bellwether_domain::fixed::Price;
use bellwether_domain::ids::{TenantId, UserId};
use bellwether_domain::market::Timeframe;
use bellwether_domain::trading::{PastPrice, Side};
use bellwether_domain::{Domain, Result};
use chrono::{DateTime, TimeDelta, Utc};

use crate::signals::asset;

/// What is traded: at every hour of every day.
const SYMBOLS: [&str; 2] = ["BTC-USD", "ETH-USD"];
/// Hours from one trade's opening to the next one's.
const ROUND: usize = 12;
/// Hours that a trade is held for at most.
const HELD: usize = 10;
/// Hours between two looks while something is held.
const LOOKS: usize = 4;

/// When an hour was over, and what was bid and asked then.
type Hour = (DateTime<Utc>, Price, Price);

/// How a challenge goes: which of its rounds gain, again and again.
type Story = &'static [bool];

const FAILED: Story = &[true, true, false, false, false, false, false, false, false, false, false, false];
const PASSED: Story = &[true, true, true, false, true];
const ACTIVE: Story = &[true, true, false];

/// Puts the challenges of whoever has some in the demo, unless they have them; tells how many.
pub(crate) async fn put(
    domain: &Domain,
    email: &str,
    owner: (TenantId, UserId),
    anchor: DateTime<Utc>,
) -> Result<usize> {
    // Tier, days before the anchor that it began, days that it may have lasted until now, story.
    let challenges: &[(&str, i64, i64, Story)] = match email {
        "trader@atlas.test" => &[("STARTER", 26, 16, FAILED), ("STARTER", 9, 9, ACTIVE)],
        "trader2@atlas.test" => &[("STARTER", 25, 25, PASSED)],
        _ => return Ok(0),
    };
    let mut put = 0;
    for (tier, begun, lasts, story) in challenges {
        let begins = anchor - TimeDelta::days(*begun);
        let events = events(domain, begins, begins + TimeDelta::days(*lasts), story).await?;
        // Nothing to begin with where no source simulates.
        if !events.is_empty() {
            let new = domain.put_past_challenge(owner, (tier, "Demo"), begins, &events).await?;
            put += usize::from(new.is_some());
        }
    }
    Ok(put)
}

/// The hours of an asset: when each was over, and the price then.
async fn hours(domain: &Domain, symbol: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Hour>> {
    let asset = asset(domain, symbol).await?;
    let candles = domain.closed_candles(&asset, Timeframe::H1, Some(from), until, 1_000).await?;
    let hour = |candle: &bellwether_domain::market::Candle| -> Result<Hour> {
        Ok((candle.open_time + Timeframe::H1.span(), candle.close, candle.close.checked_add(asset.tick_size)?))
    };
    candles.iter().map(hour).collect()
}

/// What happens in a challenge, round after round.
async fn events(domain: &Domain, from: DateTime<Utc>, until: DateTime<Utc>, story: Story) -> Result<Vec<PastEvent>> {
    let mut series = Vec::with_capacity(SYMBOLS.len());
    for symbol in SYMBOLS {
        series.push(hours(domain, symbol, from, until).await?);
    }
    let count = series.iter().map(Vec::len).min().unwrap_or(0);
    let prices = |hour: usize| -> Vec<(&'static str, PastPrice)> {
        let price = |(&symbol, series): (&&'static str, &Vec<Hour>)| {
            let (at, bid, ask) = series[hour];
            (symbol, PastPrice { at, bid, ask })
        };
        SYMBOLS.iter().zip(&series).map(price).collect()
    };
    let mut events = Vec::new();
    for (round, begins) in (0..count).step_by(ROUND).enumerate() {
        let gains = story[round % story.len()];
        let event = |hour: usize, act: PastAct| PastEvent { at: series[0][hour].0, prices: prices(hour), act };
        let ends = (begins + HELD).min(count - 1);
        for (symbol, series) in SYMBOLS.into_iter().zip(&series) {
            let rises = series[ends].1 > series[begins].1;
            let side = if rises == gains { Side::Buy } else { Side::Sell };
            events.push(event(begins, PastAct::Open { symbol, side, quantity: quantity(series[begins].2) }));
        }
        events.extend((begins + LOOKS..ends).step_by(LOOKS).map(|hour| event(hour, PastAct::Look)));
        // What is open when the demo begins stays so.
        if begins + HELD < count - 1 {
            events.push(event(ends, PastAct::CloseAll));
        }
    }
    Ok(events)
}

/// What costs about 2,400 at a price, to two decimals: just under a quarter of ten thousand.
fn quantity(price: Price) -> String {
    let hundredths = 240_000_i64.saturating_mul(100_000_000) / price.raw().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
