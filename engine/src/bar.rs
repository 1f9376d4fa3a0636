//! A candle as the mathematics sees it.

/// A candle that has closed: finite numbers, `high` the largest and `low` the smallest of the prices, all above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// How much was traded, 0 or more; 0 where the market does not tell.
    pub volume: f64,
}

impl Bar {
    /// `(high + low + close) / 3`.
    pub fn typical(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }

    /// Wilder's true range: the span of this candle and of the step to it from the close before.
    pub fn true_range(&self, previous_close: f64) -> f64 {
        let span = self.high - self.low;
        span.max((self.high - previous_close).abs()).max((self.low - previous_close).abs())
    }
}
