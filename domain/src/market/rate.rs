//! What a unit of one currency is in another.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::quote::Quote;
use super::source::{LicenceClass, SourceName};
use crate::fixed::{FixedError, Price};

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
    pub(super) fn inverse(self) -> Result<Self, FixedError> {
        let inverse = Decimal::ONE.checked_div(decimal(self.rate)).ok_or(FixedError::Overflow)?;
        Ok(Self { rate: fixed(inverse)?, ..self })
    }

    /// This rate and then that.
    pub(super) fn then(self, next: Self) -> Result<Self, FixedError> {
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
