//! What a unit of one currency is in another.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::quote::Quote;
use super::source::SourceName;
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
    /// Where the rate comes from; none where both are the same, which needs no source.
    pub source: Option<SourceName>,
    /// When it was that: of two rates the older.
    pub at: DateTime<Utc>,
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
        // Of a cross the source is that of its first leg that has one; both legs have the same in any one installation
        // but while a source is being switched on.
        Ok(Self { rate: next.convert(self.rate)?, source: self.source.or(next.source), at: self.at.min(next.at) })
    }
}

impl From<Quote> for Rate {
    fn from(quote: Quote) -> Self {
        Self { rate: quote.price, source: Some(quote.source), at: quote.exchange_time }
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
            return Ok(Some(Rate { rate: Price::from_raw(100_000_000), source: None, at: self.now() }));
        }
        if let Some(quote) = self.pair(from, to).await? {
            return Ok(Some(quote.into()));
        }
        let inverse = self.pair(to, from).await?.map(Rate::from);
        Ok(inverse.and_then(|rate| rate.inverse().ok()))
    }

    /// The last price of a currency pair, if it is an asset and has one.
    async fn pair(&self, from: &str, to: &str) -> Result<Option<Quote>> {
        let Ok(symbol) = Symbol::try_from(format!("{from}{to}=X").as_str()) else { return Ok(None) };
        let Some(asset) = self.asset_by_symbol(&symbol).await? else { return Ok(None) };
        Ok(self.known_quotes(vec![asset.id]).await?.remove(&asset.id))
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
        Rate { rate: text.parse().unwrap(), source: Some(SourceName::Demo), at: DateTime::UNIX_EPOCH }
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
    }
}
