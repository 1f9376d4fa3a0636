//! Exact amounts, and the one place where they are rounded: booking.
//!
//! A product of price, quantity and rate has 24 decimals and is kept whole in an `i128`. It becomes [`Money`] when it is
//! booked, and only then: rounded half to even (IEEE 754, 4.3.1) to the minor unit of the account's currency.

use super::currency::minor_digits;
use crate::fixed::{FixedError, Money, MoneyUnit, Percent, Price, Quantity, Unit, divide_half_even};

/// Decimals of an [`Exact`].
const SCALE: u32 = 24;
/// A [`Percent`] as a share of one has so many decimals: its own four, and two for "of a hundred".
const SHARE_SCALE: u32 = 6;

/// An amount in some currency, to 24 decimals: what a price times a quantity times a rate is, with nothing lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(i128);

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `price × quantity × rate`. The price may be a difference of prices, and so below zero.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn product(price: Price, quantity: Quantity, rate: Price) -> Result<Self, FixedError> {
        // Two 64-bit factors always fit.
        let value = i128::from(price.raw()) * i128::from(quantity.raw());
        value.checked_mul(i128::from(rate.raw())).map(Self).ok_or(FixedError::Overflow)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, FixedError> {
        self.0.checked_add(other.0).map(Self).ok_or(FixedError::Overflow)
    }

    /// Turned for the side: as it is for 1, its negative for -1.
    pub fn signed(self, sign: i64) -> Self {
        Self(self.0 * i128::from(sign))
    }

    /// A share of it, and another amount: rounded once, together, to the currency's minor unit.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn book_share_plus(self, share: Percent, other: Self, currency: &str) -> Result<Money, FixedError> {
        let value = self.0.checked_mul(i128::from(share.raw())).ok_or(FixedError::Overflow)?;
        let other = other.0.checked_mul(10_i128.pow(SHARE_SCALE)).ok_or(FixedError::Overflow)?;
        book(value.checked_add(other).ok_or(FixedError::Overflow)?, SCALE + SHARE_SCALE, currency)
    }

    /// One `parts`-th of it, rounded once to the currency's minor unit.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn book_part(self, parts: i32, currency: &str) -> Result<Money, FixedError> {
        let unit = 10_i128.pow(SCALE - digits(currency)) * i128::from(parts.max(1));
        to_money(divide_half_even(self.0, unit), currency)
    }

    /// It, rounded once to the currency's minor unit: what the ledger is told.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn book(self, currency: &str) -> Result<Money, FixedError> {
        book(self.0, SCALE, currency)
    }
}

fn digits(currency: &str) -> u32 {
    minor_digits(currency).unwrap_or(2)
}

fn book(value: i128, scale: u32, currency: &str) -> Result<Money, FixedError> {
    to_money(divide_half_even(value, 10_i128.pow(scale - digits(currency))), currency)
}

/// So many minor units as money.
fn to_money(minor_units: i128, currency: &str) -> Result<Money, FixedError> {
    let raw = minor_units.checked_mul(10_i128.pow(MoneyUnit::SCALE - digits(currency)));
    raw.and_then(|raw| <i64 as TryFrom<i128>>::try_from(raw).ok()).map(Money::from_raw).ok_or(FixedError::Overflow)
}

/// The part of an amount that goes with `part` of a whole quantity: rounded half to even to the currency's minor unit, so
/// that it and what is left of the amount are the amount.
pub fn pro_rata(amount: Money, part: Quantity, whole: Quantity, currency: &str) -> Money {
    let minor = 10_i128.pow(MoneyUnit::SCALE - digits(currency));
    let (part, whole) = (i128::from(part.raw()), i128::from(whole.raw()).max(1));
    let units = divide_half_even(i128::from(amount.raw()) * part, whole * minor);
    // A part of a whole is no larger than the whole, so it fits.
    <i64 as TryFrom<i128>>::try_from(units * minor).map_or(amount, Money::from_raw)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::{Decimal, RoundingStrategy};

    use super::*;

    fn exact(price: &str, quantity: &str, rate: &str) -> Exact {
        Exact::product(price.parse().unwrap(), quantity.parse().unwrap(), rate.parse().unwrap()).unwrap()
    }

    #[test]
    fn booking_rounds_half_to_even_to_the_minor_unit_once() {
        for (price, quantity, rate, currency, booked) in [
            ("0.005", "1", "1", "USD", "0"),
            ("0.015", "1", "1", "USD", "0.02"),
            ("-0.015", "1", "1", "USD", "-0.02"),
            ("-0.025", "1", "1", "USD", "-0.02"),
            ("0.0149999", "1", "1", "USD", "0.01"),
            ("1", "0.5", "1", "JPY", "0"),
            ("1", "1.5", "1", "JPY", "2"),
            ("10.25", "3", "150.123", "JPY", "4616"),
            ("1", "0.0125", "1", "TND", "0.012"),
            ("189.5", "10", "10.0525", "MAD", "19049.49"),
        ] {
            assert_eq!(exact(price, quantity, rate).book(currency).unwrap().to_string(), booked, "{price} {currency}");
        }
    }

    #[test]
    fn a_share_is_rounded_after_it_was_taken() {
        // 12.5 cents at 10 % are 1.25 cents: the eighth of a cent is not rounded away before.
        let share: Percent = "10".parse().unwrap();
        assert_eq!(exact("0.125", "1", "1").book_share_plus(share, Exact::ZERO, "USD").unwrap().to_string(), "0.01");
        assert_eq!(exact("0.15", "1", "1").book_share_plus(share, Exact::ZERO, "USD").unwrap().to_string(), "0.02");
        assert_eq!(exact("1000", "3", "1").book_part(7, "USD").unwrap().to_string(), "428.57");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let most = Price::MAX;
        assert_eq!(Exact::product(most, Quantity::MAX, most), Err(FixedError::Overflow));
        let large = Exact::product(most, Quantity::MAX, Price::from_raw(1)).unwrap();
        assert_eq!(large.book_share_plus(Percent::MAX, Exact::ZERO, "USD"), Err(FixedError::Overflow));
        assert_eq!(large.plus(large).and_then(|twice| twice.plus(large)), Err(FixedError::Overflow));
    }

    proptest! {
        #[test]
        fn booking_agrees_with_rust_decimal(
            price in -10_i64.pow(12)..10_i64.pow(12), quantity in 0..10_i64.pow(10), rate in 1..10_i64.pow(6),
        ) {
            let exact = Exact::product(Price::from_raw(price), Quantity::from_raw(quantity), Price::from_raw(rate)).unwrap();
            let decimal = |raw: i64| Decimal::from_i128_with_scale(i128::from(raw), 0);
            // 28 digits hold the product of whole numbers; the scale is put in afterwards.
            let mut product = decimal(price) * decimal(quantity) * decimal(rate);
            product.set_scale(24).unwrap();
            for (currency, digits) in [("USD", 2), ("JPY", 0), ("TND", 3)] {
                let rounded = product.round_dp_with_strategy(digits, RoundingStrategy::MidpointNearestEven);
                let booked = exact.book(currency).unwrap();
                prop_assert_eq!(Decimal::from_i128_with_scale(i128::from(booked.raw()), 4), rounded);
            }
        }

        #[test]
        fn parts_add_up_to_the_whole(amount in 0..10_i64.pow(10), cuts in prop::collection::vec(1_i64..1_000, 1..12)) {
            let amount = Money::from_raw(amount * 100);
            let (mut left, mut quantity) = (amount, Quantity::from_raw(cuts.iter().sum()));
            let mut sum = Money::ZERO;
            for cut in cuts {
                let part = pro_rata(left, Quantity::from_raw(cut), quantity, "USD");
                prop_assert!(part >= Money::ZERO && part <= left && part.raw() % 100 == 0);
                sum = sum.checked_add(part).unwrap();
                left = left.checked_sub(part).unwrap();
                quantity = quantity.checked_sub(Quantity::from_raw(cut)).unwrap();
            }
            prop_assert_eq!((sum, left), (amount, Money::ZERO));
        }
    }
}
