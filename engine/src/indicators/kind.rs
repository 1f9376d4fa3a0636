//! Indicators by name, with parameters from outside.

use super::{
    Adx, Atr, Bollinger, Ema, Indicator, Levels, Macd, Obv, Rsi, Sma, Stochastic, VolumeAverage, Vwap, series,
};
use crate::Bar;

/// Which indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// [`Sma`].
    Sma,
    /// [`Ema`].
    Ema,
    /// [`Rsi`].
    Rsi,
    /// [`Macd`].
    Macd,
    /// [`Bollinger`].
    Bollinger,
    /// [`Atr`].
    Atr,
    /// [`Adx`].
    Adx,
    /// [`Stochastic`].
    Stochastic,
    /// [`Obv`].
    Obv,
    /// [`Vwap`].
    Vwap,
    /// [`VolumeAverage`].
    VolumeAverage,
    /// [`Levels`].
    SupportResistance,
}

/// What an indicator is asked for with; what is not given is as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parameters {
    /// Candles, for all but MACD, OBV and support and resistance. Usual: 20 for averages and bands, 14 for RSI, ATR and
    /// ADX, 5 for the stochastic.
    pub period: Option<i32>,
    /// MACD's fast average, in candles; usual: 12.
    pub fast: Option<i32>,
    /// MACD's slow average, in candles; usual: 26.
    pub slow: Option<i32>,
    /// The average of MACD or of the stochastic's K, in candles; usual: 9 and 3.
    pub signal: Option<i32>,
    /// The smoothing of the stochastic's K, in candles; usual: 3.
    pub smooth: Option<i32>,
    /// How many deviations the bands are away from the middle; usual: 2.
    pub deviations: Option<f64>,
}

/// One line of an indicator, with a value for each candle.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the line is, such as upper.
    pub name: &'static str,
    /// Its values, one a candle; none while it warms up, and where there is no level.
    pub values: Vec<Option<f64>>,
}

/// A parameter that can't be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindError {
    /// Which one.
    pub parameter: &'static str,
    /// What was expected.
    pub message: String,
}

/// Candles that a parameter may be.
const LONGEST: i32 = 500;

impl Kind {
    /// Every one of them.
    pub const ALL: [Self; 12] = [
        Self::Sma,
        Self::Ema,
        Self::Rsi,
        Self::Macd,
        Self::Bollinger,
        Self::Atr,
        Self::Adx,
        Self::Stochastic,
        Self::Obv,
        Self::Vwap,
        Self::VolumeAverage,
        Self::SupportResistance,
    ];

    /// The indicator with its parameters in words, such as `RSI(14)`.
    ///
    /// # Errors
    /// A parameter that it does not have or that is out of its range.
    pub fn label(self, parameters: &Parameters) -> Result<String, KindError> {
        let p = self.check(parameters)?;
        Ok(match self {
            Self::Sma => format!("SMA({})", p.period),
            Self::Ema => format!("EMA({})", p.period),
            Self::Rsi => format!("RSI({})", p.period),
            Self::Macd => format!("MACD({}, {}, {})", p.fast, p.slow, p.signal),
            Self::Bollinger => format!("Bollinger bands({}, {})", p.period, p.deviations),
            Self::Atr => format!("ATR({})", p.period),
            Self::Adx => format!("ADX({})", p.period),
            Self::Stochastic => format!("Stochastic({}, {}, {})", p.period, p.smooth, p.signal),
            Self::Obv => "OBV".to_owned(),
            Self::Vwap => format!("VWAP({})", p.period),
            Self::VolumeAverage => format!("Volume average({})", p.period),
            Self::SupportResistance => "Support and resistance".to_owned(),
        })
    }

    /// The lines of the indicator over these candles, oldest first.
    ///
    /// # Errors
    /// A parameter that it does not have or that is out of its range.
    pub fn lines(self, parameters: &Parameters, bars: &[Bar]) -> Result<Vec<Line>, KindError> {
        let p = self.check(parameters)?;
        Ok(match self {
            Self::Sma => one("sma", Sma::new(p.period), bars),
            Self::Ema => one("ema", Ema::new(p.period), bars),
            Self::Rsi => one("rsi", Rsi::new(p.period), bars),
            Self::Atr => one("atr", Atr::new(p.period), bars),
            Self::Adx => one("adx", Adx::new(p.period), bars),
            Self::Obv => one("obv", Obv::default(), bars),
            Self::Vwap => one("vwap", Vwap::new(p.period), bars),
            Self::VolumeAverage => one("average", VolumeAverage::new(p.period), bars),
            Self::Macd => lines(["macd", "signal", "histogram"], Macd::new(p.fast, p.slow, p.signal), bars, |value| {
                [Some(value.macd), Some(value.signal), Some(value.histogram)]
            }),
            Self::Bollinger => {
                let bands = Bollinger::new(p.period, p.deviations);
                lines(["upper", "middle", "lower"], bands, bars, |value| {
                    [Some(value.upper), Some(value.middle), Some(value.lower)]
                })
            }
            Self::Stochastic => {
                let stochastic = Stochastic::new(p.period, p.smooth, p.signal);
                lines(["k", "d"], stochastic, bars, |value| [Some(value.k), Some(value.d)])
            }
            Self::SupportResistance => lines(["support", "resistance"], Levels::default(), bars, |value| {
                [value.support.map(|level| level.price), value.resistance.map(|level| level.price)]
            }),
        })
    }

    fn check(self, given: &Parameters) -> Result<Checked, KindError> {
        let usual = match self {
            Self::Rsi | Self::Atr | Self::Adx => 14,
            Self::Stochastic => 5,
            _ => 20,
        };
        let has_period = !matches!(self, Self::Macd | Self::Obv | Self::SupportResistance);
        let least = if self == Self::Adx { 2 } else { 1 };
        let is_macd = self == Self::Macd;
        let is_stochastic = self == Self::Stochastic;
        let (signal, has_signal) = if is_macd { (9, true) } else { (3, is_stochastic) };
        let checked = Checked {
            period: candles("period", given.period, has_period, least, usual)?,
            fast: candles("fast", given.fast, is_macd, 1, 12)?,
            slow: candles("slow", given.slow, is_macd, 2, 26)?,
            signal: candles("signal", given.signal, has_signal, 1, signal)?,
            smooth: candles("smooth", given.smooth, is_stochastic, 1, 3)?,
            deviations: given.deviations.unwrap_or(2.0),
        };
        if given.deviations.is_some() && self != Self::Bollinger {
            return Err(KindError { parameter: "deviations", message: "only Bollinger bands have it".to_owned() });
        }
        if !(0.1..=10.0).contains(&checked.deviations) {
            return Err(KindError { parameter: "deviations", message: "expected 0.1 to 10".to_owned() });
        }
        if is_macd && checked.fast >= checked.slow {
            return Err(KindError { parameter: "fast", message: "expected fewer candles than slow".to_owned() });
        }
        Ok(checked)
    }
}

struct Checked {
    period: usize,
    fast: usize,
    slow: usize,
    signal: usize,
    smooth: usize,
    deviations: f64,
}

fn candles(
    parameter: &'static str,
    given: Option<i32>,
    has_it: bool,
    least: i32,
    usual: usize,
) -> Result<usize, KindError> {
    match given {
        None => Ok(usual),
        Some(_) if !has_it => Err(KindError { parameter, message: "this indicator does not have it".to_owned() }),
        Some(n) if (least..=LONGEST).contains(&n) => Ok(usize::try_from(n).unwrap_or(usual)),
        Some(n) => {
            let message = format!("expected {least} to {LONGEST} candles, got {n}");
            Err(KindError { parameter, message })
        }
    }
}

fn one(name: &'static str, indicator: impl Indicator<Value = f64>, bars: &[Bar]) -> Vec<Line> {
    lines([name], indicator, bars, |value| [Some(value)])
}

/// The lines of an indicator: none for each candle before its first value.
fn lines<I: Indicator, const N: usize>(
    names: [&'static str; N],
    indicator: I,
    bars: &[Bar],
    parts: impl Fn(I::Value) -> [Option<f64>; N],
) -> Vec<Line> {
    let values = series(indicator, bars);
    let warm_up = bars.len() - values.len();
    let mut lines = names.map(|name| Line { name, values: vec![None; warm_up] });
    for value in values {
        for (line, part) in lines.iter_mut().zip(parts(value)) {
            line.values.push(part);
        }
    }
    lines.into()
}
