//! What the indicators show at the newest candles.

use std::collections::VecDeque;

use super::hearing::HEARD;
use crate::Bar;
use crate::indicators::{
    Adx, Atr, Bands, Bollinger, Highest, Indicator, Levels, Macd, MacdValue, Nearest, Rsi, Sma, VolumeAverage,
};

/// Candles over which the bands' width is compared.
const WIDTHS: usize = 120;

/// What the indicators show at one candle; none while they warm up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The candle.
    pub bar: Bar,
    /// SMA(50).
    pub sma50: Option<f64>,
    /// SMA(200).
    pub sma200: Option<f64>,
    /// RSI(14).
    pub rsi: Option<f64>,
    /// MACD(12, 26, 9).
    pub macd: Option<MacdValue>,
    /// Bollinger(20, 2).
    pub bands: Option<Bands>,
    /// The least width of the bands in 120 candles.
    pub narrowest: Option<f64>,
    /// ATR(14).
    pub atr: Option<f64>,
    /// ADX(14).
    pub adx: Option<f64>,
    /// The average volume of 20 candles.
    pub volume: Option<f64>,
    /// Support and resistance.
    pub levels: Option<Nearest>,
}

impl Reading {
    /// ATR(14), where it is known and the market moves.
    pub(crate) fn movement(&self) -> Option<f64> {
        self.atr.filter(|atr| *atr > self.bar.close * 1e-9)
    }
}

/// Follows a market: is fed candles as they close, and keeps what the indicators show at the newest ones.
#[derive(Clone, Debug)]
pub struct Analyst {
    sma50: Sma,
    sma200: Sma,
    rsi: Rsi,
    macd: Macd,
    bands: Bollinger,
    /// Of the bands' widths, negated.
    narrowest: Highest,
    atr: Atr,
    adx: Adx,
    volume: VolumeAverage,
    levels: Levels,
    seen: usize,
    /// Oldest first.
    recent: VecDeque<Reading>,
}

impl Default for Analyst {
    fn default() -> Self {
        Self {
            sma50: Sma::new(50),
            sma200: Sma::new(200),
            rsi: Rsi::new(14),
            macd: Macd::default(),
            bands: Bollinger::default(),
            narrowest: Highest::new(WIDTHS),
            atr: Atr::new(14),
            adx: Adx::new(14),
            volume: VolumeAverage::new(20),
            levels: Levels::default(),
            seen: 0,
            recent: VecDeque::with_capacity(HEARD + 1),
        }
    }
}

impl Analyst {
    /// One that has seen these candles, oldest first.
    pub fn of(bars: impl IntoIterator<Item = Bar>) -> Self {
        let mut analyst = Self::default();
        bars.into_iter().for_each(|bar| analyst.next(&bar));
        analyst
    }

    /// Sees the next candle.
    pub fn next(&mut self, bar: &Bar) {
        let bands = self.bands.next(bar);
        let reading = Reading {
            bar: *bar,
            sma50: self.sma50.next(bar),
            sma200: self.sma200.next(bar),
            rsi: self.rsi.next(bar),
            macd: self.macd.next(bar),
            bands,
            narrowest: bands.and_then(|bands| self.narrowest.push(-bands.width())).map(|width| -width),
            atr: self.atr.next(bar),
            adx: self.adx.next(bar),
            volume: self.volume.next(bar),
            levels: self.levels.next(bar),
        };
        self.seen = self.seen.saturating_add(1);
        if self.recent.len() > HEARD {
            self.recent.pop_front();
        }
        self.recent.push_back(reading);
    }

    /// How many candles it has seen.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// What the indicators show at the newest candle; none before the first.
    pub fn newest(&self) -> Option<&Reading> {
        self.recent.back()
    }

    /// The candle of so many candles ago, and the one before it.
    pub(crate) fn pair(&self, age: usize) -> Option<(&Reading, &Reading)> {
        let now = self.recent.len().checked_sub(1 + age)?;
        Some((self.recent.get(now.checked_sub(1)?)?, self.recent.get(now)?))
    }
}
