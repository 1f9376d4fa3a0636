//! The model of spread and slippage.
//!
//! Who buys pays the quote's ask, who sells gets its bid. Where a source gives no bid and ask (both are the price then), they
//! lie a fixed share of the price away from it, by the kind of asset. What takes the market's price (market and stop orders)
//! then slips by a fixed share of it, against the trader. Both go up to a whole tick. A limit order does not slip. There is
//! no impact of size and no chance in it: the same order on the same quote has the same fill.

use super::vocabulary::Side;
use crate::fixed::{FixedError, Percent, Price};
use crate::market::AssetKind;

/// Hundredths of a basis point, which are a percent's smallest unit.
const fn hundredths(count: i64) -> Percent {
    Percent::from_raw(count)
}

/// Half the spread of an asset of this kind, of the price, where a source does not say it.
pub const fn half_spread(kind: AssetKind) -> Percent {
    hundredths(match kind {
        AssetKind::Etf | AssetKind::Fx => 50,
        AssetKind::Stock | AssetKind::Index => 100,
        AssetKind::Crypto | AssetKind::Commodity => 200,
    })
}

/// The slippage of an asset of this kind, of the price.
pub const fn slippage(kind: AssetKind) -> Percent {
    hundredths(match kind {
        AssetKind::Fx => 20,
        AssetKind::Etf => 50,
        AssetKind::Stock | AssetKind::Index => 100,
        AssetKind::Commodity => 200,
        AssetKind::Crypto => 500,
    })
}

/// The price worse by this share: higher for a buyer, lower for a seller, to the next whole tick that way.
///
/// # Errors
/// [`FixedError::Overflow`].
pub fn worse(price: Price, side: Side, share: Percent, tick_size: Price) -> Result<Price, FixedError> {
    const WHOLE: i128 = 1_000_000;
    let tick = i128::from(tick_size.raw().max(1));
    let exact = i128::from(price.raw()) * (WHOLE + i128::from(side.sign()) * i128::from(share.raw()));
    let unit = WHOLE * tick;
    let ticks = match side {
        Side::Buy => -(-exact).div_euclid(unit),
        Side::Sell => exact.div_euclid(unit).max(1),
    };
    <i64 as TryFrom<i128>>::try_from(ticks * tick).map(Price::from_raw).map_err(|_| FixedError::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slippage_goes_against_the_trader_to_a_whole_tick() {
        for (price, side, kind, tick, expected) in [
            ("200", Side::Buy, AssetKind::Stock, "0.01", "200.02"),
            ("200", Side::Sell, AssetKind::Stock, "0.01", "199.98"),
            ("212.34", Side::Buy, AssetKind::Stock, "0.01", "212.37"),
            ("212.34", Side::Sell, AssetKind::Stock, "0.01", "212.31"),
            ("68000", Side::Buy, AssetKind::Crypto, "0.01", "68034"),
            ("1.08", Side::Sell, AssetKind::Fx, "0.00001", "1.07997"),
            ("0.01", Side::Sell, AssetKind::Stock, "0.01", "0.01"),
        ] {
            let got = worse(price.parse().unwrap(), side, slippage(kind), tick.parse().unwrap()).unwrap();
            assert_eq!(got.to_string(), expected, "{price} {side} {kind:?}");
        }
        let tick = Price::from_raw(1);
        assert_eq!(worse(Price::MAX, Side::Buy, slippage(AssetKind::Crypto), tick), Err(FixedError::Overflow));
    }

    proptest! {
        #[test]
        fn it_is_never_for_the_trader_and_never_more_than_the_share_and_a_tick(
            raw in 1_i64..10_i64.pow(15), tick in 1_i64..10_i64.pow(7), buys: bool,
        ) {
            let (side, share) = (if buys { Side::Buy } else { Side::Sell }, slippage(AssetKind::Crypto));
            let got = worse(Price::from_raw(raw), side, share, Price::from_raw(tick)).unwrap();
            let by = i128::from(got.raw() - raw) * i128::from(side.sign());
            prop_assert!(got.is_positive() && got.raw() % tick == 0);
            let is_least_price = !buys && got.raw() == tick;
            prop_assert!(by >= 0 || is_least_price, "{} of {}", got, Price::from_raw(raw));
            prop_assert!(by <= i128::from(raw) * i128::from(share.raw()) / 1_000_000 + i128::from(tick));
        }
    }
}
