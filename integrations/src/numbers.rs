//! Numbers as companies send them.

use bellwether_domain::fixed::{Fixed, Unit};
use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// A number that was a float somewhere: one that a 32-bit float held is read as what that meant, 189.51 and not
/// 189.50999450683594.
pub(crate) fn from_float(number: f64) -> Option<Decimal> {
    #[expect(clippy::cast_possible_truncation, reason = "that is what is looked at")]
    let short = number as f32;
    // Reading JSON may be off by the last bit of the larger float, which is nothing beside the smaller one's.
    if (f64::from(short) - number).abs() <= number.abs() * 1e-12 {
        return short.to_string().parse().ok();
    }
    Decimal::from_f64(number)
}

/// A number as French pages write it, `1 234,50` with breaking or other spaces, or as JSON does; none for a dash or
/// nothing.
pub(crate) fn from_text(text: &str) -> Option<Decimal> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}')).collect();
    let bare = bare.trim_end_matches(['%', 'M', 'A', 'D']);
    match (bare.rfind(','), bare.rfind('.')) {
        // The last of the two parts the whole from the rest.
        (Some(comma), Some(point)) if comma > point => bare.replace('.', "").replace(',', ".").parse().ok(),
        (Some(_), Some(_)) => bare.replace(',', "").parse().ok(),
        (Some(_), None) => bare.replace(',', ".").parse().ok(),
        _ => bare.parse().ok(),
    }
}

/// The number as it is kept, rounded half to even.
pub(crate) fn fixed<U: Unit>(number: Decimal) -> Option<Fixed<U>> {
    let rounded = number.round_dp_with_strategy(U::SCALE, RoundingStrategy::MidpointNearestEven);
    rounded.normalize().to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use bellwether_domain::fixed::Price;

    use super::*;

    #[test]
    fn a_float_is_read_as_what_it_meant() {
        for (number, meant) in [(189.509_994_506_835_94, "189.51"), (1.08, "1.08"), (68_000.0, "68000"), (0.000_012_3, "0.0000123")] {
            assert_eq!(from_float(number).and_then(fixed::<bellwether_domain::fixed::PriceUnit>).unwrap().to_string(), meant);
        }
        assert_eq!(from_float(f64::NAN), None);
        assert_eq!(from_float(1e300), None);
    }

    #[test]
    fn numbers_of_french_pages() {
        for (text, meant) in [
            ("1\u{a0}234,50", "1234.50"),
            ("879\u{202f}095 340", "879095340"),
            ("1.234,5", "1234.5"),
            ("1,234.5", "1234.5"),
            ("540", "540"),
            ("-0,15 %", "-0.15"),
        ] {
            assert_eq!(from_text(text), Some(meant.parse().unwrap()), "{text}");
        }
        for text in ["-", "—", "", "n/a"] {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(fixed::<bellwether_domain::fixed::PriceUnit>("0.000000005".parse().unwrap()), Some(Price::ZERO));
    }
}
