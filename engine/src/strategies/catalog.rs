//! The strategies.

use super::{Basis, Rule, Strategy, Vote, rules};

/// Every strategy.
pub const ALL: [&Strategy; 7] =
    [&RSI_REVERSAL, &MACD_CROSS, &GOLDEN_CROSS, &SUPPORT_RESISTANCE, &BOLLINGER_SQUEEZE, &VOLUME_SPIKE, &CONSENSUS];

/// The strategy of this name.
pub fn named(name: &str) -> Option<&'static Strategy> {
    ALL.into_iter().find(|strategy| strategy.name == name)
}

static RSI_REVERSAL: Strategy = Strategy {
    name: "rsi-reversal",
    version: 1,
    about: "Buys what is oversold in a market that rises, and sells what is overbought in one that falls.",
    needs: 51,
    least: 0.0,
    basis: Basis::Rules(&[
        Rule {
            name: "oversold",
            about: "BUY at RSI(14) < 30 with the price above SMA(50). Strength 0.5, and 1 from RSI 10 down.",
            weight: 1.0,
            judge: rules::oversold,
        },
        Rule {
            name: "overbought",
            about: "SELL at RSI(14) > 70 with the price below SMA(50). Strength 0.5, and 1 from RSI 90 up.",
            weight: 1.0,
            judge: rules::overbought,
        },
    ]),
};

static MACD_CROSS: Strategy = Strategy {
    name: "macd-cross",
    version: 1,
    about: "Follows momentum when it turns: MACD(12, 26, 9) crossing its signal line.",
    needs: 35,
    least: 0.0,
    basis: Basis::Rules(&[Rule {
        name: "macd-crossed",
        about: "BUY where MACD crosses above its signal line, SELL where it crosses below. Strength 0.5, and 1 where the histogram is a tenth of ATR(14).",
        weight: 1.0,
        judge: rules::macd_crossed,
    }]),
};

static GOLDEN_CROSS: Strategy = Strategy {
    name: "golden-cross",
    version: 1,
    about: "Follows the long trend when it turns: SMA(50) crossing SMA(200), upward the golden cross, downward the death cross.",
    needs: 201,
    least: 0.0,
    basis: Basis::Rules(&[Rule {
        name: "averages-crossed",
        about: "BUY where SMA(50) crosses above SMA(200), SELL where it crosses below. Strength 0.6, and 1 where SMA(50) moves by a tenth of ATR(14) a candle.",
        weight: 1.0,
        judge: rules::averages_crossed,
    }]),
};

static SUPPORT_RESISTANCE: Strategy = Strategy {
    name: "support-resistance",
    version: 1,
    about: "Trades the prices at which the market turned before: bounces off them and breaks through them.",
    needs: 21,
    least: 0.0,
    basis: Basis::Rules(&[
        Rule {
            name: "bounce",
            about: "BUY where the low came within a quarter of ATR(14) of support and the candle closed higher than it opened, above support. Strength 0.5 for a level touched once, 0.9 from five times on.",
            weight: 0.8,
            judge: rules::bounced,
        },
        Rule {
            name: "breakout",
            about: "BUY where the close is a tenth of ATR(14) above what was resistance. Strength as for a bounce.",
            weight: 1.0,
            judge: rules::broke_out,
        },
        Rule {
            name: "rejection",
            about: "SELL where the high came within a quarter of ATR(14) of resistance and the candle closed lower than it opened, below resistance. Strength as for a bounce.",
            weight: 0.8,
            judge: rules::rejected,
        },
        Rule {
            name: "breakdown",
            about: "SELL where the close is a tenth of ATR(14) below what was support. Strength as for a bounce.",
            weight: 1.0,
            judge: rules::broke_down,
        },
    ]),
};

static BOLLINGER_SQUEEZE: Strategy = Strategy {
    name: "bollinger-squeeze",
    version: 1,
    about: "Follows the price out of a quiet time: Bollinger bands(20, 2) that were narrow, and a close outside of them.",
    needs: 140,
    least: 0.0,
    basis: Basis::Rules(&[Rule {
        name: "squeeze-released",
        about: "BUY where the close is above the upper band, SELL where it is below the lower one, after bands no wider than 1.1 times their narrowest of 120 candles. Strength 0.5, and 1 half an ATR(14) outside.",
        weight: 1.0,
        judge: rules::squeeze_released,
    }]),
};

static VOLUME_SPIKE: Strategy = Strategy {
    name: "volume-spike",
    version: 1,
    about: "Follows a step that unusually many took part in.",
    needs: 21,
    least: 0.0,
    basis: Basis::Rules(&[Rule {
        name: "volume-spiked",
        about: "BUY where the close rose by half an ATR(14) or more with at least twice the average volume of the 20 candles before, SELL where it fell. Strength 0.4, and 1 at six times.",
        weight: 1.0,
        judge: rules::volume_spiked,
    }]),
};

static CONSENSUS: Strategy = Strategy {
    name: "consensus",
    version: 2,
    about: "The weighted vote of all the others, each heard for five candles and less with each, until it turns. It holds where nothing is strong, the votes disagree, or the price consolidates.",
    needs: 201,
    least: 0.4,
    basis: Basis::Votes(&[
        Vote { strategy: &RSI_REVERSAL, weight: 0.5 },
        Vote { strategy: &MACD_CROSS, weight: 0.5 },
        Vote { strategy: &GOLDEN_CROSS, weight: 0.8 },
        Vote { strategy: &SUPPORT_RESISTANCE, weight: 0.6 },
        Vote { strategy: &BOLLINGER_SQUEEZE, weight: 0.6 },
        Vote { strategy: &VOLUME_SPIKE, weight: 0.4 },
    ]),
};
