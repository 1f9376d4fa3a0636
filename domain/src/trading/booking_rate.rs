//! The rate that amounts are booked at, and when it is too old for that.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::try_join_all;

use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::market::Rate;

/// How old a rate may be, at the last moment that its market was open, for anything to be booked at it. Over a weekend it
/// grows no older.
const OLDEST: TimeDelta = TimeDelta::hours(1);
/// How long a source is waited for that is asked for a rate.
const PATIENCE: Duration = Duration::from_secs(3);

impl Domain {
    /// What one unit of a currency is in another, and whether that is too old to book at; none where nobody says.
    pub(super) async fn booking_rate(&self, from: &str, to: &str) -> Result<Option<(Rate, bool)>> {
        let conversion = self.conversion(from, to).await?;
        let rate = match conversion.rate() {
            Ok(rate) => rate,
            Err(Error::Fault(Fault::MarketDataUnavailable(_))) => return Ok(None),
            Err(error) => return Err(error),
        };
        if rate.source.is_none() {
            return Ok(Some((rate, false)));
        }
        let now = self.now();
        // Of a rate through a third currency each half is as old as it is at its own market.
        let is_stale = conversion.assets().iter().any(|pair| {
            let Some(quote) = conversion.quote(pair.id) else { return false };
            let exchange = self.exchange_of(pair);
            let last_open = exchange.calendar.last_open(exchange.time_zone, now);
            last_open.is_some_and(|open| open - quote.exchange_time > OLDEST)
        });
        Ok(Some((rate, is_stale)))
    }

    /// Has the sources asked for the rate between two currencies, where it is too old to book at: nobody may have cared for
    /// it until somebody trades. What they do not answer stays as it is.
    pub(super) async fn freshen_rate(&self, from: &str, to: &str) -> Result<()> {
        if from == to || matches!(self.booking_rate(from, to).await?, Some((_, false))) {
            return Ok(());
        }
        self.ask_for_rate(from, to, PATIENCE).await
    }

    /// The same for all of these currencies at once.
    pub(super) async fn freshen_rates(&self, from: BTreeSet<String>, to: &str) -> Result<()> {
        try_join_all(from.iter().map(|from| self.ask_for_rate(from, to, PATIENCE))).await.map(drop)
    }
}
