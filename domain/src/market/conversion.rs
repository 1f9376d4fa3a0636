//! What is known of two currencies: the pairs that their rate can be made of, and what those cost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::asset::Model as Asset;
use super::patience::wait_for;
use super::quote::Quote;
use super::rate::Rate;
use super::source::LicenceClass;
use super::symbol::Symbol;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::Price;
use crate::ids::AssetId;

/// The currency that rates between two others go through.
const PIVOT: &str = "USD";

/// Two currencies, the pairs of them and the US dollar that are assets, and what is known of their prices.
pub(crate) struct Conversion {
    from: String,
    to: String,
    /// By the one currency and the other.
    pairs: HashMap<(String, String), Arc<Asset>>,
    quotes: HashMap<AssetId, Quote>,
    now: DateTime<Utc>,
}

impl Conversion {
    /// What one unit of the first currency is in the second: by the pair's own last price, else by that of the pair the
    /// other way round, else through the US dollar.
    ///
    /// # Errors
    /// MARKET_DATA_UNAVAILABLE where no pair of them has a price.
    pub(crate) fn rate(&self) -> Result<Rate> {
        let (from, to) = (self.from.as_str(), self.to.as_str());
        let unknown = || Fault::MarketDataUnavailable(format!("{from}/{to}"));
        if let Some(rate) = self.direct(from, to) {
            return Ok(rate);
        }
        let legs = (self.direct(from, PIVOT), self.direct(PIVOT, to));
        let (Some(first), Some(second)) = legs else { return Err(unknown().into()) };
        Ok(first.then(second).map_err(|_| unknown())?)
    }

    /// The pairs that the rate is, or may be, made of: the two currencies' own where that has a price, else that and those
    /// with the US dollar.
    pub(crate) fn assets(&self) -> Vec<Arc<Asset>> {
        if self.from == self.to {
            return Vec::new();
        }
        let own = self.either_way(&self.from, &self.to);
        if own.is_some_and(|own| self.quotes.contains_key(&own.id)) || self.from == PIVOT || self.to == PIVOT {
            return own.cloned().into_iter().collect();
        }
        let legs = [&self.from, &self.to].into_iter().filter_map(|currency| self.either_way(currency, PIVOT));
        own.into_iter().chain(legs).cloned().collect()
    }

    /// The last price of one of the pairs, if it has one.
    pub(crate) fn quote(&self, asset: AssetId) -> Option<&Quote> {
        self.quotes.get(&asset)
    }

    fn direct(&self, from: &str, to: &str) -> Option<Rate> {
        if from == to {
            let (rate, licence) = (Price::from_raw(100_000_000), LicenceClass::Public);
            return Some(Rate { rate, source: None, at: self.now, licence, is_stale: false });
        }
        let of = |one, other| self.pair(one, other).and_then(|pair| self.quote(pair.id)).cloned().map(Rate::from);
        of(from, to).or_else(|| of(to, from).and_then(|rate| rate.inverse().ok()))
    }

    /// The pair of two currencies, whichever way round it has a price, else the one that is an asset.
    fn either_way(&self, one: &str, other: &str) -> Option<&Arc<Asset>> {
        let ways = || [self.pair(one, other), self.pair(other, one)].into_iter().flatten();
        ways().find(|pair| self.quotes.contains_key(&pair.id)).or_else(|| ways().next())
    }

    fn pair(&self, from: &str, to: &str) -> Option<&Arc<Asset>> {
        self.pairs.get(&(from.to_owned(), to.to_owned()))
    }
}

impl Domain {
    /// What is known of two currencies, both ISO 4217.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn conversion(&self, from: &str, to: &str) -> Result<Conversion> {
        let (from, to) = (from.to_ascii_uppercase(), to.to_ascii_uppercase());
        let mut pairs = HashMap::new();
        for (one, other) in [(&*from, &*to), (&*from, PIVOT), (&*to, PIVOT)] {
            if from == to || one == other {
                continue;
            }
            for (one, other) in [(one, other), (other, one)] {
                let Ok(symbol) = Symbol::try_from(format!("{one}{other}=X").as_str()) else { continue };
                if let Some(asset) = self.asset_by_symbol(&symbol).await? {
                    pairs.insert((one.to_owned(), other.to_owned()), asset);
                }
            }
        }
        let quotes = self.known_quotes(pairs.values().map(|pair| pair.id).collect()).await?;
        Ok(Conversion { from, to, pairs, quotes, now: self.now() })
    }

    /// What one unit of a currency is in another, both ISO 4217, by the last prices that are known.
    ///
    /// # Errors
    /// MARKET_DATA_UNAVAILABLE where no pair of them has a price; when the database does not answer.
    pub async fn rate(&self, from: &str, to: &str) -> Result<Rate> {
        self.conversion(from, to).await?.rate()
    }

    /// Has the sources asked for what a rate is made of, where that is due, and waits so long for it.
    pub(crate) async fn ask_for_rate(&self, from: &str, to: &str, patience: Duration) -> Result<()> {
        let conversion = self.conversion(from, to).await?;
        let pairs = conversion.assets();
        self.wants(&pairs).await;
        let due = self.quotes_to_ask(pairs, &conversion.quotes);
        if !due.is_empty() {
            let domain = self.clone();
            wait_for(patience, async move { domain.refresh_quotes(&due).await }).await;
        }
        Ok(())
    }
}
