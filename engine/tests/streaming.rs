//! What holds of every indicator, whatever the candles.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect is to fail")]

use bellwether_engine::Bar;
use bellwether_engine::indicators::{
    Adx, Atr, Bollinger, Ema, Indicator, Kind, Levels, Line, Macd, Obv, Parameters, Rsi, Sma, Stochastic,
    VolumeAverage, Vwap,
};
use proptest::prelude::*;

/// Candles with the extremes that a market has: jumps over magnitudes, no movement, no volume.
fn bars(most: usize) -> impl Strategy<Value = Vec<Bar>> {
    let price = prop_oneof![1e-8_f64..1e-4, 1.0_f64..1_000.0, 1e6_f64..9e10, Just(100.0)];
    let volume = prop_oneof![Just(0.0), 0.0_f64..1e3, 1e6_f64..9e10];
    let bar = (price.clone(), price.clone(), price.clone(), price, volume).prop_map(|(a, b, c, d, volume)| {
        let mut sorted = [a, b, c, d];
        sorted.sort_by(f64::total_cmp);
        Bar { open: a, high: sorted[3], low: sorted[0], close: b, volume }
    });
    prop::collection::vec(bar, 0..most)
}

fn all_lines(bars: &[Bar]) -> Vec<Line> {
    let lines = |kind: &Kind| kind.lines(&Parameters::default(), bars).unwrap();
    Kind::ALL.iter().flat_map(lines).collect()
}

fn bits(value: Option<f64>) -> Option<u64> {
    value.map(f64::to_bits)
}

/// Compares each value that a stream shows with the batch's of the same candle, to the bit.
fn agree<I: Indicator>(
    kind: Kind,
    mut indicator: I,
    bars: &[Bar],
    parts: impl Fn(I::Value) -> Vec<Option<f64>>,
) -> Result<(), TestCaseError> {
    let lines = kind.lines(&Parameters::default(), bars).unwrap();
    for (i, bar) in bars.iter().enumerate() {
        let streamed = indicator.next(bar).map_or_else(|| vec![None; lines.len()], &parts);
        for (line, value) in lines.iter().zip(streamed) {
            prop_assert_eq!(bits(line.values[i]), bits(value), "{:?} {} at {}", kind, line.name, i);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn streaming_and_batch_agree_to_the_last_bit(bars in bars(120)) {
        let one = |value: f64| vec![Some(value)];
        agree(Kind::Sma, Sma::new(20), &bars, one)?;
        agree(Kind::Ema, Ema::new(20), &bars, one)?;
        agree(Kind::Rsi, Rsi::new(14), &bars, one)?;
        agree(Kind::Atr, Atr::new(14), &bars, one)?;
        agree(Kind::Adx, Adx::new(14), &bars, one)?;
        agree(Kind::Obv, Obv::default(), &bars, one)?;
        agree(Kind::Vwap, Vwap::new(20), &bars, one)?;
        agree(Kind::VolumeAverage, VolumeAverage::new(20), &bars, one)?;
        agree(Kind::Macd, Macd::default(), &bars, |v| vec![Some(v.macd), Some(v.signal), Some(v.histogram)])?;
        agree(Kind::Bollinger, Bollinger::default(), &bars, |v| vec![Some(v.upper), Some(v.middle), Some(v.lower)])?;
        agree(Kind::Stochastic, Stochastic::default(), &bars, |v| vec![Some(v.k), Some(v.d)])?;
        agree(Kind::SupportResistance, Levels::default(), &bars, |v| {
            vec![v.support.map(|level| level.price), v.resistance.map(|level| level.price)]
        })?;
    }

    #[test]
    fn a_later_candle_changes_nothing_that_was_said(bars in bars(100), cut in 0_usize..100) {
        let cut = cut.min(bars.len());
        for (early, all) in all_lines(&bars[..cut]).iter().zip(all_lines(&bars)) {
            let (early, all): (Vec<_>, Vec<_>) =
                (early.values.iter().map(|v| bits(*v)).collect(), all.values[..cut].iter().map(|v| bits(*v)).collect());
            prop_assert_eq!(early, all);
        }
    }

    #[test]
    fn every_value_is_a_number_in_its_range(bars in bars(150)) {
        for kind in Kind::ALL {
            for line in kind.lines(&Parameters::default(), &bars).unwrap() {
                prop_assert_eq!(line.values.len(), bars.len());
                for value in line.values.iter().flatten() {
                    prop_assert!(value.is_finite(), "{:?} {}: {}", kind, line.name, value);
                    if matches!(kind, Kind::Rsi | Kind::Adx | Kind::Stochastic) {
                        prop_assert!((-1e-6..=100.000_001).contains(value), "{:?} {}: {}", kind, line.name, value);
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_and_one_candle_have_no_values_but_where_one_is_enough() {
    assert!(all_lines(&[]).iter().all(|line| line.values.is_empty()));
    let bar = Bar { open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 7.0 };
    for line in all_lines(&[bar]) {
        assert_eq!(line.values, [(line.name == "obv").then_some(7.0)], "{}", line.name);
    }
}

#[test]
fn a_market_that_stands_still_is_told_so() {
    let bar = Bar { open: 27.43, high: 27.43, low: 27.43, close: 27.43, volume: 3.0 };
    let bars = [bar; 300];
    for line in all_lines(&bars) {
        let last = *line.values.last().unwrap();
        let expected = match line.name {
            "sma" | "ema" | "upper" | "middle" | "lower" | "vwap" => Some(27.43),
            "rsi" | "atr" | "adx" | "k" | "d" | "macd" | "signal" | "histogram" => Some(0.0),
            "obv" | "average" => Some(3.0),
            _ => None,
        };
        match (last, expected) {
            (Some(last), Some(expected)) => assert!((last - expected).abs() < 1e-12, "{}: {last}", line.name),
            (last, expected) => assert_eq!(last, expected, "{}", line.name),
        }
    }
}
