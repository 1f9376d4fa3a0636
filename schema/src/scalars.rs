//! Scalars that GraphQL does not have.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use bellwether_domain::fixed::{Fixed, Unit};

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
