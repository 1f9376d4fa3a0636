//! Whether an asset can be traded just now, and for how long that will be known.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::{Asset, Exchange, MarketStatus};
use crate::Domain;
use crate::error::Result;

impl Domain {
    /// The exchange of an asset; one that is not known here is taken to be always open.
    pub fn exchange_of(&self, asset: &Asset) -> Arc<Exchange> {
        self.known_exchange(&asset.exchange).unwrap_or_else(|| Arc::new(Exchange::unknown(&asset.exchange)))
    }

    /// Whether the asset's market is open at a moment, and when that next changes.
    pub fn market_status(&self, asset: &Asset, at: DateTime<Utc>) -> MarketStatus {
        let exchange = self.exchange_of(asset);
        exchange.calendar.status(exchange.time_zone, at)
    }

    /// The exchanges whose holidays are known for fewer days from now on than these, with the last day that they are known
    /// for; none of them for one whose list says nothing of that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn calendars_ending(&self, within: Days) -> Result<Vec<(Arc<Exchange>, Option<NaiveDate>)>> {
        let (now, mut ending) = (self.now(), Vec::new());
        for exchange in self.exchanges().await? {
            let today = now.with_timezone(&exchange.time_zone).date_naive();
            let until = exchange.calendar.holidays_known.map(|days| days.until);
            let horizon = today.checked_add_days(within).unwrap_or(today);
            if !exchange.calendar.knows_holidays(today) || !exchange.calendar.knows_holidays(horizon) {
                ending.push((exchange, until));
            }
        }
        Ok(ending)
    }
}
