//! Scalars that GraphQL does not have.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bellwether_domain::fixed::{Fixed, Unit};
use chrono::NaiveDate;

/// A decimal number in a string, such as "189.50": digits, optionally a sign and a point; no exponent, no separators. Never a float, so nothing is rounded on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) String);

/// A decimal number in a string, such as "189.50": digits, optionally a sign and a point; no exponent, no separators. Never a float, so nothing is rounded on the way.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            // Whether it is a number is the use case's to say, beside the field it is in.
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) if number.is_i64() || number.is_u64() => Ok(Self(number.to_string())),
            _ => Err(InputValueError::custom("expected a decimal number in a string, like \"189.50\"")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl<U: Unit> From<Fixed<U>> for Decimal {
    fn from(number: Fixed<U>) -> Self {
        Self(number.to_string())
    }
}

/// A day without a time, such as "2026-12-25": RFC 3339's full-date. Which place's day it is the field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A day without a time, such as "2026-12-25": RFC 3339's full-date. Which place's day it is the field says.
#[Scalar(name = "Date", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let day = match &value {
            // chrono also takes 2026-1-5 and years of five digits, which are no full-dates.
            Value::String(text) => text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == *text),
            _ => None,
        };
        day.map(Self).ok_or_else(|| InputValueError::custom("expected a day like \"2026-12-25\""))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day)
    }
}

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// Any JSON value.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_full_date_and_nothing_else() {
        let day = Date::parse(Value::from("2026-02-28")).unwrap();
        assert_eq!(day.to_value(), Value::from("2026-02-28"));
        for text in ["2026-02-30", "2026-2-28", "20260228", "2026-02-28T00:00:00Z", "+2026-2-28", "", "today"] {
            assert!(Date::parse(Value::from(text)).is_err(), "{text}");
        }
        assert!(Date::parse(Value::from(20_260_228)).is_err());
    }
}
