//! Whether an order is filled by a quote or a candle, and at which price.
//!
//! All of it is aware of gaps: what begins beyond a price is filled where it begins, not at a price that nobody could
//! have had. In a candle of which only four prices are known, a stop is touched before a target.

use super::vocabulary::{CloseReason, OrderType, Side};
use crate::fixed::Price;

/// What prices did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Somebody bids and somebody asks.
    Quote {
        /// What a seller gets.
        bid: Price,
        /// What a buyer pays.
        ask: Price,
    },
    /// Prices went from an open between a low and a high.
    Candle {
        /// The first price.
        open: Price,
        /// The highest price.
        high: Price,
        /// The lowest price.
        low: Price,
    },
}

impl Tick {
    /// The first price of it for this side.
    const fn first(&self, side: Side) -> Price {
        match (*self, side) {
            (Self::Quote { ask, .. }, Side::Buy) => ask,
            (Self::Quote { bid, .. }, Side::Sell) => bid,
            (Self::Candle { open, .. }, _) => open,
        }
    }

    /// The lowest price of it for this side.
    pub(super) const fn lowest(&self, side: Side) -> Price {
        match *self {
            Self::Quote { .. } => self.first(side),
            Self::Candle { low, .. } => low,
        }
    }

    /// The highest price of it for this side.
    pub(super) const fn highest(&self, side: Side) -> Price {
        match *self {
            Self::Quote { .. } => self.first(side),
            Self::Candle { high, .. } => high,
        }
    }

    /// The price within what was traded: a candle's slippage leads to no price that it did not have.
    pub fn within(&self, price: Price) -> Price {
        match *self {
            Self::Quote { .. } => price,
            Self::Candle { high, low, .. } => price.clamp(low, high),
        }
    }
}

/// The price that an order met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The price before slippage.
    pub price: Price,
    /// Whether it takes what the market gives, and so slips.
    pub slips: bool,
    /// Whether it was met by the first price already.
    pub at_first: bool,
}

/// What a limit order of this side meets: its limit, or what is better.
fn limit(side: Side, limit: Price, tick: &Tick) -> Option<Touch> {
    let first = tick.first(side);
    let (is_met_at_first, is_met) = match side {
        Side::Buy => (first <= limit, tick.lowest(side) <= limit),
        Side::Sell => (first >= limit, tick.highest(side) >= limit),
    };
    let price = if is_met_at_first { first } else { limit };
    is_met.then_some(Touch { price, slips: false, at_first: is_met_at_first })
}

/// What a stop order of this side meets: its stop price, or where a gap beyond it ends.
fn stop(side: Side, stop: Price, tick: &Tick) -> Option<Touch> {
    let first = tick.first(side);
    let (is_met_at_first, is_met) = match side {
        Side::Buy => (first >= stop, tick.highest(side) >= stop),
        Side::Sell => (first <= stop, tick.lowest(side) <= stop),
    };
    let price = if is_met_at_first { first } else { stop };
    is_met.then_some(Touch { price, slips: true, at_first: is_met_at_first })
}

/// What an order meets; none while it has to wait. `price` is the limit or stop price of those that have one.
pub fn entry(order: OrderType, side: Side, price: Option<Price>, tick: &Tick) -> Option<Touch> {
    match (order, price) {
        (OrderType::Market, _) => Some(Touch { price: tick.first(side), slips: true, at_first: true }),
        (OrderType::Limit, Some(price)) => limit(side, price, tick),
        (OrderType::Stop, Some(price)) => stop(side, price, tick),
        (OrderType::Limit | OrderType::Stop, None) => None,
    }
}

/// What closes a trade of this side; none while it stays open. The stop comes before the target, unless prices began
/// beyond the target already.
pub fn exit(
    trade: Side,
    stop_loss: Option<Price>,
    take_profit: Option<Price>,
    tick: &Tick,
) -> Option<(CloseReason, Touch)> {
    let side = trade.opposite();
    let stopped = stop_loss.and_then(|price| stop(side, price, tick));
    let gained = take_profit.and_then(|price| limit(side, price, tick));
    match (stopped, gained) {
        (Some(stopped), Some(gained)) if gained.at_first && !stopped.at_first => {
            Some((CloseReason::TakeProfit, gained))
        }
        (Some(stopped), _) => Some((CloseReason::StopLoss, stopped)),
        (None, gained) => gained.map(|gained| (CloseReason::TakeProfit, gained)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use CloseReason::{StopLoss, TakeProfit};
    use OrderType::{Limit, Market, Stop};
    use Side::{Buy, Sell};

    fn price(whole: i64) -> Price {
        Price::from_int(whole).unwrap()
    }

    fn candle(open: i64, high: i64, low: i64) -> Tick {
        Tick::Candle { open: price(open), high: price(high), low: price(low) }
    }

    const fn quote(bid: i64, ask: i64) -> Tick {
        Tick::Quote { bid: Price::from_raw(bid * 100_000_000), ask: Price::from_raw(ask * 100_000_000) }
    }

    #[test]
    fn orders_meet_quotes_and_candles() {
        #[rustfmt::skip]
        let cases = [
            // On a quote, a buyer pays the ask and a seller gets the bid.
            (Market, Buy, None, quote(99, 101), Some(101)),
            (Market, Sell, None, quote(99, 101), Some(99)),
            (Limit, Buy, Some(100), quote(99, 101), None),
            (Limit, Buy, Some(101), quote(99, 101), Some(101)),
            (Limit, Buy, Some(105), quote(99, 101), Some(101)),
            (Limit, Sell, Some(100), quote(99, 101), None),
            (Limit, Sell, Some(95), quote(99, 101), Some(99)),
            (Stop, Buy, Some(102), quote(99, 101), None),
            (Stop, Buy, Some(100), quote(99, 101), Some(101)),
            (Stop, Sell, Some(98), quote(99, 101), None),
            (Stop, Sell, Some(100), quote(99, 101), Some(99)),
            // In a candle, at the price where it is touched on the way.
            (Limit, Buy, Some(95), candle(100, 104, 94), Some(95)),
            (Limit, Buy, Some(93), candle(100, 104, 94), None),
            (Limit, Sell, Some(103), candle(100, 104, 94), Some(103)),
            (Stop, Buy, Some(103), candle(100, 104, 94), Some(103)),
            (Stop, Sell, Some(95), candle(100, 104, 94), Some(95)),
            (Stop, Sell, Some(90), candle(100, 104, 94), None),
            // Gapped through: at the open, better for a limit and worse for a stop.
            (Limit, Buy, Some(110), candle(100, 104, 94), Some(100)),
            (Limit, Sell, Some(90), candle(100, 104, 94), Some(100)),
            (Stop, Buy, Some(90), candle(100, 104, 94), Some(100)),
            (Stop, Sell, Some(110), candle(100, 104, 94), Some(100)),
        ];
        for (order, side, at, tick, expected) in cases {
            let touched = entry(order, side, at.map(price), &tick);
            assert_eq!(touched.map(|touch| touch.price), expected.map(price), "{order} {side} {at:?} {tick:?}");
            assert!(touched.is_none_or(|touch| touch.slips == (order != Limit)), "only a limit does not slip");
        }
        assert_eq!(entry(Limit, Buy, None, &quote(99, 101)), None);
    }

    #[test]
    fn a_stop_comes_before_a_target() {
        #[rustfmt::skip]
        let cases = [
            (Buy, Some(95), Some(105), candle(100, 104, 96), None),
            (Buy, Some(95), Some(105), candle(100, 106, 96), Some((TakeProfit, 105))),
            (Buy, Some(95), Some(105), candle(100, 104, 94), Some((StopLoss, 95))),
            (Buy, Some(95), Some(105), candle(100, 106, 94), Some((StopLoss, 95))),
            (Buy, Some(95), Some(105), candle(90, 106, 85), Some((StopLoss, 90))),
            (Buy, Some(95), Some(105), candle(110, 112, 94), Some((TakeProfit, 110))),
            (Sell, Some(105), Some(95), candle(100, 106, 94), Some((StopLoss, 105))),
            (Sell, Some(105), Some(95), candle(110, 112, 108), Some((StopLoss, 110))),
            (Sell, Some(105), Some(95), candle(90, 106, 85), Some((TakeProfit, 90))),
            (Sell, None, Some(95), candle(100, 120, 94), Some((TakeProfit, 95))),
            (Sell, None, None, candle(100, 120, 94), None),
            // A long trade is closed at the bid, a short one at the ask.
            (Buy, Some(99), None, quote(99, 101), Some((StopLoss, 99))),
            (Buy, None, Some(101), quote(99, 101), None),
            (Sell, Some(101), None, quote(99, 101), Some((StopLoss, 101))),
        ];
        for (trade, stop, target, tick, expected) in cases {
            let closed = exit(trade, stop.map(price), target.map(price), &tick);
            let closed = closed.map(|(reason, touch)| (reason, touch.price));
            assert_eq!(
                closed,
                expected.map(|(reason, at)| (reason, price(at))),
                "{trade} {stop:?} {target:?} {tick:?}"
            );
        }
    }

    #[test]
    fn a_candles_slippage_stays_within_it() {
        assert_eq!(candle(100, 104, 94).within(price(90)), price(94));
        assert_eq!(candle(100, 104, 94).within(price(105)), price(104));
        assert_eq!(quote(99, 101).within(price(90)), price(90));
    }

    proptest! {
        /// Nobody gets a price that was not there, a limit is never filled worse than at its limit, nor a stop better.
        #[test]
        fn prices_are_those_that_were_there(
            prices in prop::array::uniform4(1_i64..1_000), at in 1_i64..1_000, buys: bool, is_limit: bool,
        ) {
            let (low, high) = (*prices[..3].iter().min().unwrap(), *prices[..3].iter().max().unwrap());
            let tick = candle(prices[0], high, low);
            let (side, order) = (if buys { Buy } else { Sell }, if is_limit { Limit } else { Stop });
            match entry(order, side, Some(price(at)), &tick) {
                Some(touch) => {
                    prop_assert!(price(low) <= touch.price && touch.price <= price(high));
                    let is_at_most = touch.price <= price(at);
                    prop_assert!(touch.price == price(at) || is_at_most == (is_limit == buys));
                }
                None if is_limit == buys => prop_assert!(low > at),
                None => prop_assert!(high < at),
            }
        }
    }
}
