//! What a unit of one currency is in another.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::asset::Model as Asset;
use super::patience::wait_for;
use super::quote::Quote;
use super::source::{LicenceClass, SourceName};
use super::symbol::Symbol;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::{FixedError, Price};

/// The currency that rates between two others go through.
const PIVOT: &str = "USD";

/// What one unit of a currency is in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many units of the other currency it is.
    pub rate: Price,
    /// Where the rate comes from; none where both are the same, which needs no source. Of two rates that which is simulated,
    /// if either is, else that of the first.
    pub source: Option<SourceName>,
    /// When it was that: of two rates the older.
    pub at: DateTime<Utc>,
    /// Who may be shown it, and what was converted at it: of two rates the narrower.
    pub licence: LicenceClass,
    /// Whether it, or one of the two that it is made of, is older than it should be.
    pub is_stale: bool,
}

impl Rate {
    /// A price of the one currency in the other, rounded half to even to a price's eight decimals.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn convert(&self, price: Price) -> Result<Price, FixedError> {
        let product = decimal(price).checked_mul(decimal(self.rate)).ok_or(FixedError::Overflow)?;
        fixed(product)
    }

    /// The rate the other way round.
    fn inverse(self) -> Result<Self, FixedError> {
        let inverse = Decimal::ONE.checked_div(decimal(self.rate)).ok_or(FixedError::Overflow)?;
        Ok(Self { rate: fixed(inverse)?, ..self })
    }

    /// This rate and then that.
    fn then(self, next: Self) -> Result<Self, FixedError> {
        Ok(Self {
            rate: next.convert(self.rate)?,
            source: self
                .source
                .filter(|source| source.is_simulated())
                .or(next.source.filter(|source| source.is_simulated()))
                .or(self.source)
                .or(next.source),
            at: self.at.min(next.at),
            licence: self.licence.max(next.licence),
            is_stale: self.is_stale || next.is_stale,
        })
    }
}

impl From<Quote> for Rate {
    fn from(quote: Quote) -> Self {
        Self {
            rate: quote.price,
            source: Some(quote.source),
            at: quote.exchange_time,
            licence: quote.licence,
            is_stale: quote.is_stale,
        }
    }
}

impl Domain {
    /// What one unit of a currency is in another, both ISO 4217: by the pair's own last price, else by that of the pair the
    /// other way round, else through the US dollar.
    ///
    /// # Errors
    /// MARKET_DATA_UNAVAILABLE where no pair of them has a price; when the database does not answer.
    pub async fn rate(&self, from: &str, to: &str) -> Result<Rate> {
        let (from, to) = (from.to_ascii_uppercase(), to.to_ascii_uppercase());
        if let Some(rate) = self.direct_rate(&from, &to).await? {
            return Ok(rate);
        }
        let unknown = || Fault::MarketDataUnavailable(format!("{from}/{to}"));
        let legs = (self.direct_rate(&from, PIVOT).await?, self.direct_rate(PIVOT, &to).await?);
        let (Some(first), Some(second)) = legs else { return Err(unknown().into()) };
        Ok(first.then(second).map_err(|_| unknown())?)
    }

    async fn direct_rate(&self, from: &str, to: &str) -> Result<Option<Rate>> {
        if from == to {
            let (rate, licence) = (Price::from_raw(100_000_000), LicenceClass::Public);
            return Ok(Some(Rate { rate, source: None, at: self.now(), licence, is_stale: false }));
        }
        if let Some(quote) = self.pair(from, to).await? {
            return Ok(Some(quote.into()));
        }
        let inverse = self.pair(to, from).await?.map(Rate::from);
        Ok(inverse.and_then(|rate| rate.inverse().ok()))
    }

    /// The last price of a currency pair, if it is an asset and has one.
    async fn pair(&self, from: &str, to: &str) -> Result<Option<Quote>> {
        let Some(asset) = self.pair_asset(from, to).await? else { return Ok(None) };
        Ok(self.known_quotes(vec![asset.id]).await?.remove(&asset.id))
    }

    async fn pair_asset(&self, from: &str, to: &str) -> Result<Option<Arc<Asset>>> {
        match Symbol::try_from(format!("{from}{to}=X").as_str()) {
            Ok(symbol) => self.asset_by_symbol(&symbol).await,
            Err(_) => Ok(None),
        }
    }

    /// The pairs that a rate is, or may be, made of: the two currencies' own where that has a price, else that and those with
    /// the US dollar.
    pub(crate) async fn rate_assets(&self, from: &str, to: &str) -> Result<Vec<Arc<Asset>>> {
        if from == to {
            return Ok(Vec::new());
        }
        let own = self.either_way(from, to).await?;
        if let Some((own, true)) = own {
            return Ok(vec![own]);
        }
        let mut pairs = Vec::from_iter(own.map(|(own, _)| own));
        for currency in [from, to].into_iter().filter(|_| from != PIVOT && to != PIVOT) {
            pairs.extend(self.either_way(currency, PIVOT).await?.map(|(leg, _)| leg));
        }
        Ok(pairs)
    }

    /// The pair of two currencies, whichever way round it has a price, and whether it has one.
    async fn either_way(&self, one: &str, other: &str) -> Result<Option<(Arc<Asset>, bool)>> {
        let mut without_price = None;
        for (from, to) in [(one, other), (other, one)] {
            let Some(asset) = self.pair_asset(from, to).await? else { continue };
            if self.known_quotes(vec![asset.id]).await?.contains_key(&asset.id) {
                return Ok(Some((asset, true)));
            }
            without_price.get_or_insert((asset, false));
        }
        Ok(without_price)
    }

    /// Has the sources asked for what a rate is made of, where that is due, and waits so long for it.
    pub(crate) async fn ask_for_rate(&self, from: &str, to: &str, patience: Duration) -> Result<()> {
        let pairs = self.rate_assets(from, to).await?;
        self.wants(&pairs).await;
        let known = self.known_quotes(pairs.iter().map(|asset| asset.id).collect()).await?;
        let due = self.quotes_to_ask(pairs, &known);
        if !due.is_empty() {
            let domain = self.clone();
            wait_for(patience, async move { domain.refresh_quotes(&due).await }).await;
        }
        Ok(())
    }
}

fn decimal(price: Price) -> Decimal {
    Decimal::from_i128_with_scale(price.raw().into(), 8)
}

fn fixed(value: Decimal) -> Result<Price, FixedError> {
    let rounded = value.round_dp_with_strategy(8, RoundingStrategy::MidpointNearestEven);
    rounded.normalize().to_string().parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        let (source, at) = (Some(SourceName::Demo), DateTime::UNIX_EPOCH);
        Rate { rate: text.parse().unwrap(), source, at, licence: LicenceClass::Public, is_stale: false }
    }

    #[test]
    fn prices_are_converted_and_rounded_half_to_even() {
        let price = |text: &str| text.parse::<Price>().unwrap();
        for (from, at, to) in [
            ("100", "1.08", "108"),
            ("0.00000001", "0.5", "0"),
            ("0.00000003", "0.5", "0.00000002"),
            ("189.51", "0.92592593", "175.47222299"),
        ] {
            assert_eq!(rate(at).convert(price(from)).unwrap(), price(to), "{from} at {at}");
        }
        assert_eq!(rate("2").convert(Price::MAX), Err(FixedError::Overflow));
    }

    #[test]
    fn a_rate_turns_round_and_goes_on() {
        assert_eq!(rate("1.08").inverse().unwrap().rate.to_string(), "0.92592593");
        // Euro in dirhams: by 1.08 dollars a euro and 10 dirhams a dollar.
        assert_eq!(rate("1.08").then(rate("10")).unwrap().rate.to_string(), "10.8");
        let asked = |source| Rate { source, ..rate("10") };
        for (first, second, source) in [
            (Some(SourceName::Yahoo), Some(SourceName::Demo), Some(SourceName::Demo)),
            (Some(SourceName::Demo), Some(SourceName::Yahoo), Some(SourceName::Demo)),
            (Some(SourceName::Yahoo), Some(SourceName::Casablanca), Some(SourceName::Yahoo)),
            (None, Some(SourceName::Yahoo), Some(SourceName::Yahoo)),
        ] {
            assert_eq!(asked(first).then(asked(second)).unwrap().source, source, "no simulated leg is hidden");
        }
        let licensed = Rate { licence: LicenceClass::Internal, is_stale: true, ..rate("10") };
        for made in [rate("1.08").then(licensed).unwrap(), licensed.then(rate("1.08")).unwrap()] {
            assert_eq!((made.licence, made.is_stale), (LicenceClass::Internal, true), "as the worse of the two");
        }
    }
}
