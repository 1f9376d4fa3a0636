//! The words of an alert that can only be one of a few, in the spellings people give them.

/// What an alert says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `buy`, `long`, `bull`, `bullish`.
    Buy,
    /// `sell`, `short`, `bear`, `bearish`.
    Sell,
    /// `hold`, `neutral`, `flat`, `close`, `exit`.
    Hold,
}

impl Direction {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "buy" | "long" | "bull" | "bullish" => Some(Self::Buy),
            "sell" | "short" | "bear" | "bearish" => Some(Self::Sell),
            "hold" | "neutral" | "flat" | "close" | "exit" => Some(Self::Hold),
            _ => None,
        }
    }
}

/// The length of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeframe {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// One hour.
    H1,
    /// Four hours.
    H4,
    /// One day.
    D1,
    /// One week.
    W1,
}

impl Timeframe {
    /// Reads TradingView's `{{interval}}` (`15`, `60`, `240`, `D`, `1D`, `1W`) and what people write by hand (`1h`,
    /// `4H`, `15min`). A bare number counts minutes; of the units only days and weeks stand alone, because `H` and `M`
    /// are stocks; `1M` is a month to TradingView.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        if word == "1M" {
            return None;
        }
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        let count = word.strip_suffix(unit)?;
        let unit = unit.trim_start().to_lowercase();
        let count: u32 = match unit.as_str() {
            "d" | "daily" | "w" | "weekly" if count.is_empty() => 1,
            _ => count.parse().ok()?,
        };
        let minutes = match unit.as_str() {
            "" | "m" | "min" | "mins" | "minute" | "minutes" => 1,
            "h" | "hr" | "hour" | "hours" => 60,
            "d" | "day" | "days" | "daily" => 24 * 60,
            "w" | "week" | "weeks" | "weekly" => 7 * 24 * 60,
            _ => return None,
        };
        match count.checked_mul(minutes)? {
            1 => Some(Self::M1),
            5 => Some(Self::M5),
            15 => Some(Self::M15),
            60 => Some(Self::H1),
            240 => Some(Self::H4),
            1_440 => Some(Self::D1),
            10_080 => Some(Self::W1),
            _ => None,
        }
    }
}

/// The horizon an alert was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `scalp`, `scalping`.
    Scalp,
    /// `intraday`.
    Intraday,
    /// `swing`.
    Swing,
}

impl Mode {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "scalp" | "scalping" => Some(Self::Scalp),
            "intraday" => Some(Self::Intraday),
            "swing" => Some(Self::Swing),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_direction_is_known() {
        for (words, direction) in [
            (&["buy", "LONG", "Bull", "bullish"][..], Some(Direction::Buy)),
            (&["SELL", "short", "bear", "bearish"], Some(Direction::Sell)),
            (&["hold", "neutral", "flat", "close", "exit"], Some(Direction::Hold)),
            (&["", "buyer", "b", "1", "{{strategy.order.action}}"], None),
        ] {
            for word in words {
                assert_eq!(Direction::from_word(word), direction, "{word}");
            }
        }
    }

    #[test]
    fn every_spelling_of_a_timeframe_is_known() {
        for (words, timeframe) in [
            (&["1", "1m", "1min"][..], Some(Timeframe::M1)),
            (&["5", "5m", "5 minutes"], Some(Timeframe::M5)),
            (&["15", "15m", "15M", "15min"], Some(Timeframe::M15)),
            (&["60", "1h", "1H", "60m", "1hour"], Some(Timeframe::H1)),
            (&["240", "4h", "4H"], Some(Timeframe::H4)),
            (&["D", "1D", "1d", "24h", "daily", "1440"], Some(Timeframe::D1)),
            (&["W", "1W", "1w", "7d", "weekly"], Some(Timeframe::W1)),
            (&["30S", "1S", "S", "H", "m", "M", "1M", "3M", "3", "2h", "0", "0h", "5x", "1.5h", "-5", "h1"], None),
            (&["", "99999999999", "9999999w", "{{interval}}"], None),
        ] {
            for word in words {
                assert_eq!(Timeframe::from_word(word), timeframe, "{word}");
            }
        }
    }

    #[test]
    fn every_word_of_a_mode_is_known() {
        for (word, mode) in [
            ("SCALP", Some(Mode::Scalp)),
            ("scalping", Some(Mode::Scalp)),
            ("Intraday", Some(Mode::Intraday)),
            ("swing", Some(Mode::Swing)),
            ("live", None),
        ] {
            assert_eq!(Mode::from_word(word), mode, "{word}");
        }
    }
}
