//! Whether an asset can be traded just now.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Asset, Exchange, MarketStatus};
use crate::Domain;

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
}
