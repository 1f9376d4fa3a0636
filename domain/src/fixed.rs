//! Money, prices and quantities: integers with a fixed number of decimals, never floats.
//!
//! A value is an `i64` count of its smallest unit (a ten-thousandth of a currency unit, a hundred-millionth of a price
//! or a quantity) and is stored as BIGINT, exactly the same on both databases. Arithmetic is checked: what does not fit
//! is [`FixedError::Overflow`], never a wrapped number.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable};

/// What a [`Fixed`] counts, and with how many decimals.
pub trait Unit: 'static {
    /// Digits after the point.
    const SCALE: u32;
}

/// The unit of [`Money`].
#[derive(Debug)]
pub enum MoneyUnit {}
impl Unit for MoneyUnit {
    const SCALE: u32 = 4;
}

/// The unit of [`Price`].
#[derive(Debug)]
pub enum PriceUnit {}
impl Unit for PriceUnit {
    const SCALE: u32 = 8;
}

/// The unit of [`Quantity`].
#[derive(Debug)]
pub enum QuantityUnit {}
impl Unit for QuantityUnit {
    const SCALE: u32 = 8;
}

/// The unit of [`Percent`].
#[derive(Debug)]
pub enum PercentUnit {}
impl Unit for PercentUnit {
    const SCALE: u32 = 4;
}

/// An amount in some currency, 4 decimals, up to about 922 trillion.
pub type Money = Fixed<MoneyUnit>;
/// The price of one unit of an asset, 8 decimals, up to about 92 billion.
pub type Price = Fixed<PriceUnit>;
/// How much of an asset, 8 decimals, up to about 92 billion.
pub type Quantity = Fixed<QuantityUnit>;
/// Hundredths of a whole, 4 decimals: 1.5 is 1.5 %.
pub type Percent = Fixed<PercentUnit>;

/// A decimal number of `U::SCALE` digits after the point.
pub struct Fixed<U: Unit>(i64, PhantomData<fn() -> U>);

/// Why a number could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixedError {
    /// The text is not a plain decimal number.
    #[error("expected a decimal number in a string, like \"189.50\"")]
    Syntax,
    /// The text has more decimals than are kept.
    #[error("at most {0} digits after the point are kept")]
    TooPrecise(u32),
    /// The result does not fit.
    #[error("the number is too large")]
    Overflow,
}

impl<U: Unit> Fixed<U> {
    /// Nothing.
    pub const ZERO: Self = Self::from_raw(0);
    /// The largest value.
    pub const MAX: Self = Self::from_raw(i64::MAX);
    const ONE: i64 = 10_i64.pow(U::SCALE);

    /// A value from its count of smallest units.
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw, PhantomData)
    }

    /// The count of smallest units.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn from_int(whole: i64) -> Result<Self, FixedError> {
        whole.checked_mul(Self::ONE).map(Self::from_raw).ok_or(FixedError::Overflow)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, FixedError> {
        self.0.checked_add(other.0).map(Self::from_raw).ok_or(FixedError::Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, FixedError> {
        self.0.checked_sub(other.0).map(Self::from_raw).ok_or(FixedError::Overflow)
    }

    /// The value with its sign turned.
    ///
    /// # Errors
    /// [`FixedError::Overflow`] for the smallest value alone.
    pub fn checked_neg(self) -> Result<Self, FixedError> {
        self.0.checked_neg().map(Self::from_raw).ok_or(FixedError::Overflow)
    }

    /// Whether the value is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Percent {
    /// What an amount is of another, in percent of it; rounded half to even to four decimals. Nothing of what is not above
    /// zero.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn share(part: Money, whole: Money) -> Result<Self, FixedError> {
        const HUNDRED: i128 = 100 * 10_i128.pow(PercentUnit::SCALE);
        if !whole.is_positive() {
            return Ok(Self::ZERO);
        }
        let share = divide_half_even(HUNDRED * i128::from(part.0), i128::from(whole.0));
        <i64 as TryFrom<i128>>::try_from(share).map(Self::from_raw).map_err(|_| FixedError::Overflow)
    }

    /// By how much a price changed, in percent of what it was, above zero; rounded half to even to four decimals. A change
    /// too large for it is the largest there is.
    pub fn change(from: Price, to: Price) -> Self {
        const HUNDRED: i128 = 100 * 10_i128.pow(PercentUnit::SCALE);
        // Twice both, for an even divisor.
        let dividend = 2 * (i128::from(to.0) - i128::from(from.0)) * HUNDRED;
        let rounded = divide_half_even(dividend, 2 * i128::from(from.0.max(1)));
        Self::from_raw(<i64 as TryFrom<i128>>::try_from(rounded).unwrap_or(i64::MAX))
    }
}

impl Price {
    /// What a quantity costs at this price, rounded half to even (IEEE 754, 4.3.1) to money's four decimals.
    ///
    /// # Errors
    /// [`FixedError::Overflow`].
    pub fn times(self, quantity: Quantity) -> Result<Money, FixedError> {
        const DIVISOR: i128 = 10_i128.pow(PriceUnit::SCALE + QuantityUnit::SCALE - MoneyUnit::SCALE);
        let product = i128::from(self.0) * i128::from(quantity.0);
        let rounded = divide_half_even(product, DIVISOR);
        <i64 as TryFrom<i128>>::try_from(rounded).map(Money::from_raw).map_err(|_| FixedError::Overflow)
    }
}

/// `dividend / divisor` for a positive divisor, rounded to the nearest whole, a tie to the even one.
pub(crate) fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let floor = dividend.div_euclid(divisor);
    let rest = dividend.rem_euclid(divisor);
    match rest.cmp(&(divisor - rest)) {
        Ordering::Less => floor,
        Ordering::Equal => floor + floor.rem_euclid(2),
        Ordering::Greater => floor + 1,
    }
}

impl<U: Unit> FromStr for Fixed<U> {
    type Err = FixedError;

    /// Reads an optional sign, digits, and optionally a point and more digits: no exponent, no separators.
    fn from_str(text: &str) -> Result<Self, FixedError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(FixedError::Syntax);
        }
        let fraction = fraction.trim_end_matches('0');
        let missing = <u32 as TryFrom<usize>>::try_from(fraction.len())
            .ok()
            .and_then(|length| U::SCALE.checked_sub(length))
            .ok_or(FixedError::TooPrecise(U::SCALE))?;
        let mut magnitude: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            magnitude = magnitude * 10 + i128::from(digit - b'0');
            if magnitude > i128::from(u64::MAX) {
                return Err(FixedError::Overflow);
            }
        }
        magnitude *= 10_i128.pow(missing);
        <i64 as TryFrom<i128>>::try_from(if negative { -magnitude } else { magnitude })
            .map(Self::from_raw)
            .map_err(|_| FixedError::Overflow)
    }
}

impl<U: Unit> fmt::Display for Fixed<U> {
    /// The shortest exact form: no trailing zeros, no point for a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let one = Self::ONE.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let fraction = format!("{:0width$}", magnitude % one, width = U::SCALE as usize);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{}", magnitude / one),
            digits => write!(f, "{sign}{}.{digits}", magnitude / one),
        }
    }
}

impl<U: Unit> fmt::Debug for Fixed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// Derives would ask the same of the unit, which has no values.
impl<U: Unit> Clone for Fixed<U> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<U: Unit> Copy for Fixed<U> {}
impl<U: Unit> PartialEq for Fixed<U> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<U: Unit> Eq for Fixed<U> {}
impl<U: Unit> PartialOrd for Fixed<U> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<U: Unit> Ord for Fixed<U> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<U: Unit> Hash for Fixed<U> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// As a text, so that no reader of JSON takes it for a float.
impl<U: Unit> serde::Serialize for Fixed<U> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, U: Unit> serde::Deserialize<'de> for Fixed<U> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<U: Unit> From<Fixed<U>> for Value {
    fn from(value: Fixed<U>) -> Self {
        Self::BigInt(Some(value.0))
    }
}
impl<U: Unit> Nullable for Fixed<U> {
    fn null() -> Value {
        Value::BigInt(None)
    }
}
impl<U: Unit> TryGetable for Fixed<U> {
    fn try_get_by<I: ColIdx>(result: &QueryResult, index: I) -> Result<Self, TryGetError> {
        i64::try_get_by(result, index).map(Self::from_raw)
    }
}
impl<U: Unit> ValueType for Fixed<U> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <i64 as ValueType>::try_from(value).map(Self::from_raw)
    }
    fn type_name() -> String {
        "Fixed".to_owned()
    }
    fn array_type() -> ArrayType {
        ArrayType::BigInt
    }
    fn column_type() -> ColumnType {
        ColumnType::BigInteger
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::{Decimal, RoundingStrategy};

    use super::*;

    #[test]
    fn reads_and_writes_the_shortest_exact_form() {
        for (text, raw, shown) in [
            ("0", 0, "0"),
            ("189.50", 18_950_000_000, "189.5"),
            ("-0.00000001", -1, "-0.00000001"),
            ("+7", 700_000_000, "7"),
            ("0.10000000000", 10_000_000, "0.1"),
            ("92233720368.54775807", i64::MAX, "92233720368.54775807"),
            ("-92233720368.54775808", i64::MIN, "-92233720368.54775808"),
        ] {
            let price: Price = text.parse().unwrap();
            assert_eq!((price.raw(), price.to_string().as_str()), (raw, shown), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_plain_number_or_does_not_fit() {
        for text in
            ["", " ", "-", ".", "1.", ".5", "1e3", "NaN", "Infinity", "1,000", "0x10", "1 ", "١", "--1", "1.2.3"]
        {
            assert_eq!(text.parse::<Price>(), Err(FixedError::Syntax), "{text}");
        }
        assert_eq!("0.000000001".parse::<Price>(), Err(FixedError::TooPrecise(8)));
        assert_eq!("0.00001".parse::<Money>(), Err(FixedError::TooPrecise(4)));
        assert_eq!("92233720368.54775808".parse::<Price>(), Err(FixedError::Overflow));
        assert_eq!("9".repeat(400).parse::<Price>(), Err(FixedError::Overflow));
    }

    #[test]
    fn overflow_is_an_error_on_every_path() {
        let least = Price::from_raw(i64::MIN);
        assert_eq!(Price::MAX.checked_add(Price::from_raw(1)), Err(FixedError::Overflow));
        assert_eq!(least.checked_sub(Price::from_raw(1)), Err(FixedError::Overflow));
        assert_eq!(least.checked_neg(), Err(FixedError::Overflow));
        assert_eq!(Price::MAX.times(Quantity::MAX), Err(FixedError::Overflow));
        assert_eq!(Price::from_int(i64::MAX), Err(FixedError::Overflow));
    }

    #[test]
    fn a_tie_goes_to_the_even_ten_thousandth() {
        let price = |text: &str| text.parse::<Price>().unwrap();
        let one = Quantity::from_int(1).unwrap();
        for (at, money) in [("0.00005", "0"), ("0.00015", "0.0002"), ("-0.00015", "-0.0002"), ("0.00025", "0.0002")] {
            assert_eq!(price(at).times(one).unwrap().to_string(), money, "{at}");
        }
    }

    fn decimal(raw: i64, scale: u32) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(raw), scale)
    }

    proptest! {
        #[test]
        fn text_agrees_with_rust_decimal(raw: i64) {
            let price = Price::from_raw(raw);
            prop_assert_eq!(price.to_string(), decimal(raw, 8).normalize().to_string());
            prop_assert_eq!(price.to_string().parse::<Price>(), Ok(price));
        }

        #[test]
        fn sums_agree_with_rust_decimal(a: i64, b: i64) {
            let exact = decimal(a, 4) + decimal(b, 4);
            match Money::from_raw(a).checked_add(Money::from_raw(b)) {
                Ok(sum) => prop_assert_eq!(decimal(sum.raw(), 4), exact),
                Err(_) => prop_assert!(a.checked_add(b).is_none()),
            }
        }

        #[test]
        fn products_agree_with_rust_decimal(a in -10_i64.pow(14)..10_i64.pow(14), b in -10_i64.pow(13)..10_i64.pow(13)) {
            let exact = (decimal(a, 8) * decimal(b, 8)).round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
            let money = Price::from_raw(a).times(Quantity::from_raw(b)).unwrap();
            prop_assert_eq!(decimal(money.raw(), 4), exact);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = text.parse::<Price>();
        }
    }
}
