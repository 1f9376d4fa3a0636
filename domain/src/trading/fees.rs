//! What a fill costs.

use super::amount::Exact;
use crate::fixed::{FixedError, Money, Percent, Price, Quantity};

/// The fees of an account, the same for buying and selling, opening and closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSchedule {
    /// Of the notional: 0.1 is ten basis points.
    pub percent: Percent,
    /// At least this, in the account's currency.
    pub minimum: Money,
    /// For each unit, in the account's currency.
    pub per_unit: Price,
}

impl FeeSchedule {
    /// The most that can be asked of the notional: 1 %.
    pub const LARGEST_PERCENT: Percent = Percent::from_raw(10_000);

    /// What accounts have that ask for nothing else: five basis points, nothing a unit, no minimum.
    pub const USUAL: Self = Self { percent: Percent::from_raw(500), minimum: Money::ZERO, per_unit: Price::ZERO };

    /// The fee of a fill: its share of the notional and so much a unit, or the minimum where that is more; rounded once, to
    /// the currency's minor unit.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn fee(&self, price: Price, quantity: Quantity, rate: Price, currency: &str) -> Result<Money, FixedError> {
        let by_notional = Exact::product(price, quantity, rate)?;
        let by_unit = Exact::product(self.per_unit, quantity, Price::from_int(1)?)?;
        let fee = by_notional.book_share_plus(self.percent, by_unit, currency)?;
        Ok(fee.max(self.minimum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_share_and_units_or_the_minimum() {
        for (percent, minimum, per_unit, price, quantity, rate, currency, fee) in [
            ("0.05", "0", "0", "200", "10", "1", "USD", "1"),
            ("0.05", "0", "0", "200.1", "10", "1", "USD", "1"),
            ("0.05", "0", "0", "203", "10", "1", "USD", "1.02"),
            ("0.05", "0", "0", "201", "10", "1", "USD", "1"),
            ("0.05", "1.5", "0", "200", "10", "1", "USD", "1.5"),
            ("0", "0", "0.005", "200", "10", "1", "USD", "0.05"),
            ("0.05", "0", "0.005", "200", "101", "1", "USD", "10.6"),
            ("0", "0", "0", "200", "10", "1", "USD", "0"),
            ("0.1", "0", "0", "200", "10", "150.25", "JPY", "300"),
            ("0.1", "0", "0", "540", "25", "1", "MAD", "13.5"),
            // 0.005 + 0.005: each would be rounded away on its own.
            ("1", "0", "0.005", "0.5", "1", "1", "USD", "0.01"),
        ] {
            let schedule = FeeSchedule {
                percent: percent.parse().unwrap(),
                minimum: minimum.parse().unwrap(),
                per_unit: per_unit.parse().unwrap(),
            };
            let got = schedule.fee(price.parse().unwrap(), quantity.parse().unwrap(), rate.parse().unwrap(), currency);
            assert_eq!(got.unwrap().to_string(), fee, "{percent} % of {price} × {quantity} × {rate} {currency}");
        }
    }
}
