//! What an installation decides about prices.

use chrono::TimeDelta;

/// How prices are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketSettings {
    /// How old a price may be while its market is open before it is stale.
    pub stale_after: TimeDelta,
}

impl Default for MarketSettings {
    fn default() -> Self {
        Self { stale_after: TimeDelta::minutes(20) }
    }
}
