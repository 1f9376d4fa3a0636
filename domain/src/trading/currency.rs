//! The currencies that an account can be kept in, and the smallest amount that each has.

/// The currencies of accounts, ISO 4217, with the digits of their minor unit.
const CURRENCIES: [(&str, u32); 22] = [
    ("AED", 2),
    ("AUD", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("MAD", 2),
    ("MXN", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("TND", 3),
    ("USD", 2),
];

/// The digits after the point that amounts of the currency have; none for one that no account is kept in.
pub fn minor_digits(currency: &str) -> Option<u32> {
    CURRENCIES.iter().find(|(code, _)| *code == currency).map(|(_, digits)| *digits)
}

/// Every currency that an account can be kept in.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yen_have_no_cents_and_dinars_have_three_digits() {
        for (currency, digits) in
            [("USD", Some(2)), ("MAD", Some(2)), ("JPY", Some(0)), ("TND", Some(3)), ("XXX", None)]
        {
            assert_eq!(minor_digits(currency), digits, "{currency}");
        }
        assert!(currencies().is_sorted() && currencies().all(|code| code.len() == 3));
    }
}
