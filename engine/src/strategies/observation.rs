//! What was seen, in a sentence that a trader understands, with the number in it.

use std::fmt;

use super::Side;
use crate::indicators::Level;
use crate::model::TrackRecord;

/// Something that speaks for or against a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// RSI below 30 above the average.
    Oversold {
        /// RSI(14).
        rsi: f64,
        /// SMA(50).
        average: f64,
    },
    /// RSI above 70 below the average.
    Overbought {
        /// RSI(14).
        rsi: f64,
        /// SMA(50).
        average: f64,
    },
    /// MACD crossed its signal line.
    MacdCrossed {
        /// Upward.
        up: bool,
        /// MACD less its signal line.
        histogram: f64,
    },
    /// SMA(50) crossed SMA(200).
    AveragesCrossed {
        /// Upward.
        up: bool,
        /// SMA(50).
        fast: f64,
        /// SMA(200).
        slow: f64,
    },
    /// The price touched support and closed above.
    Bounced(Level),
    /// The price closed above resistance.
    BrokeOut(Level),
    /// The price touched resistance and closed below.
    Rejected(Level),
    /// The price closed below support.
    BrokeDown(Level),
    /// The price left bands that were narrow.
    SqueezeReleased {
        /// Upward.
        up: bool,
        /// The bands' width before, as a share of the price.
        width: f64,
    },
    /// The volume is a multiple of the average.
    VolumeSpiked {
        /// The price rose.
        up: bool,
        /// How many times the average.
        times: f64,
    },
    /// The trend supports the side.
    Trend {
        /// Upward.
        up: bool,
        /// SMA(50).
        average: f64,
    },
    /// The volume supports the side.
    Volume {
        /// How many times the average.
        times: f64,
    },
    /// A model finds it likely.
    Forecast {
        /// Which way.
        side: Side,
        /// How likely, 0.5 to 1.
        probability: f64,
        /// How many candles ahead.
        horizon: usize,
        /// How such forecasts turned out on candles that the model had not seen.
        record: Option<TrackRecord>,
    },
    /// Nothing is to be done.
    Hold(Hold),
}

/// Why nothing is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hold {
    /// Too few candles.
    TooFew {
        /// How many there are.
        seen: usize,
        /// How many are needed.
        needs: usize,
    },
    /// The price does not move.
    StandsStill,
    /// No rule fired.
    Quiet {
        /// RSI(14).
        rsi: f64,
    },
    /// What speaks for a side is weak.
    Weak {
        /// The evidence.
        evidence: f64,
        /// The least that is acted on.
        least: f64,
    },
    /// About as much speaks for the one as for the other.
    Disagreement {
        /// The weight for buying.
        buy: f64,
        /// The weight for selling.
        sell: f64,
    },
    /// A model finds neither way likely.
    Unsure {
        /// How likely a higher close is, 0 to 1.
        higher: f64,
        /// How many candles ahead.
        horizon: usize,
        /// The least that is acted on.
        least: f64,
    },
    /// The price goes sideways.
    Consolidation {
        /// ADX(14).
        adx: f64,
    },
}

/// One reason, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What was looked at, such as RSI(14).
    pub indicator: &'static str,
    /// What it showed, such as 27.4.
    pub value: Option<String>,
    /// What that says, in a sentence.
    pub says: String,
}

impl Observation {
    /// The observation in words; `age` candles ago.
    pub fn reason(&self, age: usize) -> Reason {
        let mut says = self.to_string();
        match age {
            0 => {}
            1 => says.push_str(", one candle ago"),
            _ => says.push_str(&format!(", {age} candles ago")),
        }
        Reason { indicator: self.indicator(), value: self.value(), says }
    }

    fn indicator(&self) -> &'static str {
        match self {
            Self::Oversold { .. } | Self::Overbought { .. } | Self::Hold(Hold::Quiet { .. }) => "RSI(14)",
            Self::MacdCrossed { .. } => "MACD(12, 26, 9)",
            Self::AveragesCrossed { .. } => "SMA(50) and SMA(200)",
            Self::Bounced(_) | Self::BrokeDown(_) => "Support",
            Self::BrokeOut(_) | Self::Rejected(_) => "Resistance",
            Self::SqueezeReleased { .. } => "Bollinger(20, 2)",
            Self::VolumeSpiked { .. } | Self::Volume { .. } => "Volume",
            Self::Trend { .. } => "Trend",
            Self::Hold(Hold::Consolidation { .. }) => "ADX(14)",
            Self::Forecast { .. } | Self::Hold(Hold::Unsure { .. }) => "Model",
            Self::Hold(Hold::StandsStill) => "ATR(14)",
            Self::Hold(Hold::Weak { .. }) => "Evidence",
            Self::Hold(Hold::Disagreement { .. }) => "Votes",
            Self::Hold(Hold::TooFew { .. }) => "Candles",
        }
    }

    fn value(&self) -> Option<String> {
        Some(match self {
            Self::Oversold { rsi, .. } | Self::Overbought { rsi, .. } | Self::Hold(Hold::Quiet { rsi }) => {
                format!("{rsi:.1}")
            }
            Self::MacdCrossed { histogram, .. } => figure(*histogram),
            Self::AveragesCrossed { fast, slow, .. } => format!("{} and {}", figure(*fast), figure(*slow)),
            Self::Bounced(level) | Self::BrokeDown(level) | Self::BrokeOut(level) | Self::Rejected(level) => {
                figure(level.price)
            }
            Self::SqueezeReleased { width, .. } => format!("{:.2} %", width * 100.0),
            Self::VolumeSpiked { times, .. } | Self::Volume { times } => format!("{times:.1}"),
            Self::Trend { average, .. } => figure(*average),
            Self::Hold(Hold::Consolidation { adx }) => format!("{adx:.1}"),
            Self::Forecast { probability, .. } => percent(*probability),
            Self::Hold(Hold::Unsure { higher, .. }) => percent(*higher),
            Self::Hold(Hold::StandsStill) => "0".to_owned(),
            Self::Hold(Hold::Weak { evidence, .. }) => format!("{evidence:.2}"),
            Self::Hold(Hold::Disagreement { buy, sell }) => format!("{buy:.2} and {sell:.2}"),
            Self::Hold(Hold::TooFew { seen, .. }) => seen.to_string(),
        })
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |up: bool| if up { "above" } else { "below" };
        match self {
            Self::Oversold { rsi, average } => {
                let average = figure(*average);
                write!(f, "RSI(14) is {rsi:.1}, below 30: oversold, in a market above its SMA(50) of {average}")
            }
            Self::Overbought { rsi, average } => {
                let average = figure(*average);
                write!(f, "RSI(14) is {rsi:.1}, above 70: overbought, in a market below its SMA(50) of {average}")
            }
            Self::MacdCrossed { up, histogram } => {
                let (way, turn) = (way(*up), if *up { "up" } else { "down" });
                write!(f, "MACD crossed {way} its signal line by {}: momentum turns {turn}", figure(histogram.abs()))
            }
            Self::AveragesCrossed { up, fast, slow } => {
                let (way, name) = (way(*up), if *up { "golden" } else { "death" });
                let (fast, slow) = (figure(*fast), figure(*slow));
                write!(f, "SMA(50) at {fast} crossed {way} SMA(200) at {slow}: a {name} cross")
            }
            Self::Bounced(level) => write!(f, "the price bounced off support at {}", Touched(level)),
            Self::BrokeOut(level) => write!(f, "the price broke out above resistance at {}", Touched(level)),
            Self::Rejected(level) => write!(f, "the price turned down at resistance at {}", Touched(level)),
            Self::BrokeDown(level) => write!(f, "the price broke down below support at {}", Touched(level)),
            Self::SqueezeReleased { up, width } => {
                let (way, width) = (way(*up), width * 100.0);
                write!(
                    f,
                    "the Bollinger bands were {width:.2} % apart, near their narrowest in 120 candles, and the "
                )?;
                write!(f, "close is {way} them: the squeeze is released")
            }
            Self::VolumeSpiked { up, times } => {
                let way = if *up { "rose" } else { "fell" };
                write!(f, "volume is {times:.1} times its average of 20 candles while the price {way}")
            }
            Self::Trend { up, average } => {
                let way = way(*up);
                write!(f, "the price is {way} its SMA(50) of {}: the trend agrees", figure(*average))
            }
            Self::Volume { times } => write!(f, "volume is {times:.1} times its average of 20 candles: many agree"),
            Self::Forecast { side, probability, horizon, record } => {
                let way = if *side == Side::Buy { "higher" } else { "lower" };
                let probability = percent(*probability);
                write!(f, "the model gives {probability} that the close is {way} {horizon} candles from now")?;
                let Some(TrackRecord { count, came_true }) = record else { return Ok(()) };
                let came_true = percent(*came_true);
                write!(f, "; of {count} such forecasts of candles it had not seen {came_true} came true")
            }
            Self::Hold(hold) => hold.fmt(f),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { seen, needs } => write!(f, "there are {seen} candles, and {needs} are needed"),
            Self::StandsStill => f.write_str("ATR(14) is 0: the price does not move"),
            Self::Quiet { rsi } => write!(f, "no rule fires at this candle; RSI(14) is {rsi:.1}"),
            Self::Weak { evidence, least } => {
                write!(f, "the evidence is {evidence:.2}, below {least:.2}: nothing is strong")
            }
            Self::Disagreement { buy, sell } => {
                write!(f, "the votes disagree: {buy:.2} for buying, {sell:.2} for selling")
            }
            Self::Unsure { higher, horizon, least } => {
                let (higher, least) = (percent(*higher), percent(*least));
                write!(
                    f,
                    "the model gives {higher} that the close is higher {horizon} candles from now, and acts from "
                )?;
                write!(f, "{least} either way: nothing is strong")
            }
            Self::Consolidation { adx } => {
                write!(f, "ADX(14) is {adx:.1}, below 18, and the close is within the bands: the price consolidates")
            }
        }
    }
}

/// A level with its touches.
struct Touched<'a>(&'a Level);

impl fmt::Display for Touched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.0.touches == 1 { "once".to_owned() } else { format!("{} times", self.0.touches) };
        write!(f, "{}, touched {times}", figure(self.0.price))
    }
}

/// A share of one in percent.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A number with about six digits that matter, and at least two after the point.
fn figure(value: f64) -> String {
    let whole = value.abs().max(1e-8).log10().floor();
    // Within -8 and 12 for every price there is.
    let decimals = (5.0 - whole).clamp(2.0, 8.0) as usize;
    let text = format!("{value:.decimals$}");
    let point = text.find('.').map_or(text.len(), |point| point + 3);
    let end = text.trim_end_matches('0').len().max(point.min(text.len()));
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_exact_enough() {
        for (value, text) in [
            (189.5, "189.50"),
            (65_123.456, "65123.46"),
            (1.08423, "1.08423"),
            (0.000_42, "0.00042"),
            (-0.41, "-0.41"),
            (0.0, "0.00"),
            (100.0, "100.00"),
        ] {
            assert_eq!(figure(value), text);
        }
    }

    #[test]
    fn a_reason_is_a_sentence_with_its_number() {
        let reason = Observation::Oversold { rsi: 27.41, average: 182.4 }.reason(0);
        assert_eq!(reason.indicator, "RSI(14)");
        assert_eq!(reason.value.as_deref(), Some("27.4"));
        assert_eq!(reason.says, "RSI(14) is 27.4, below 30: oversold, in a market above its SMA(50) of 182.40");
        let record = Some(TrackRecord { count: 1_204, came_true: 0.589 });
        let forecast = Observation::Forecast { side: Side::Sell, probability: 0.613, horizon: 10, record }.reason(0);
        assert_eq!(
            forecast.says,
            "the model gives 61.3 % that the close is lower 10 candles from now; of 1204 such forecasts of candles it had \
             not seen 58.9 % came true"
        );
        let late = Observation::VolumeSpiked { up: true, times: 3.21 }.reason(2);
        assert_eq!(late.says, "volume is 3.2 times its average of 20 candles while the price rose, 2 candles ago");
    }
}
