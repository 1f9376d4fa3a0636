//! The rate that amounts are booked at, and when it is too old for that.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::market::{Asset, Rate, Symbol};
use crate::viewer::Viewer;

/// How old a rate may be, at the last moment that its market was open, for anything to be booked at it. Over a weekend it
/// grows no older.
const OLDEST: TimeDelta = TimeDelta::hours(1);
/// The currency that a rate between two others goes through.
const PIVOT: &str = "USD";

impl Domain {
    /// What one unit of a currency is in another, and whether that is too old to book at; none where nobody says.
    pub(super) async fn booking_rate(&self, from: &str, to: &str) -> Result<Option<(Rate, bool)>> {
        let rate = match self.rate(from, to).await {
            Ok(rate) => rate,
            Err(Error::Fault(Fault::MarketDataUnavailable(_))) => return Ok(None),
            Err(error) => return Err(error),
        };
        if rate.source.is_none() {
            return Ok(Some((rate, false)));
        }
        let pairs = self.pairs(from, to).await?;
        let now = self.now();
        let is_stale = pairs.first().is_some_and(|pair| {
            let exchange = self.exchange_of(pair);
            let last_open = exchange.calendar.last_open(exchange.time_zone, now);
            last_open.is_some_and(|open| open - rate.at > OLDEST)
        });
        Ok(Some((rate, is_stale)))
    }

    /// Has the sources asked for the rate between two currencies, where it is too old to book at: nobody may have cared for
    /// it until somebody trades. What they do not answer stays as it is.
    pub(super) async fn freshen_rate(&self, viewer: &Viewer, from: &str, to: &str) -> Result<()> {
        if from == to || matches!(self.booking_rate(from, to).await?, Some((_, false))) {
            return Ok(());
        }
        let symbols: Vec<String> = self.pairs(from, to).await?.iter().map(|pair| pair.symbol.clone()).collect();
        if let Err(error) = self.quotes(viewer, &symbols, None).await {
            tracing::debug!(%error, from, to, "the rate could not be refreshed");
        }
        Ok(())
    }

    /// The pairs that a rate between two currencies may be made of, of those that are assets.
    async fn pairs(&self, from: &str, to: &str) -> Result<Vec<Arc<Asset>>> {
        let legs = [(from, to), (to, from), (from, PIVOT), (PIVOT, from), (PIVOT, to), (to, PIVOT)];
        let mut pairs = Vec::new();
        for (from, to) in legs {
            let Ok(symbol) = Symbol::try_from(format!("{from}{to}=X").as_str()) else { continue };
            pairs.extend(self.asset_by_symbol(&symbol).await?);
        }
        Ok(pairs)
    }
}
