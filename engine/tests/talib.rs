//! Our indicators against TA-Lib's values (see fixtures.py), on every candle from the first that has one.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect is to fail")]

use bellwether_engine::Bar;
use bellwether_engine::indicators::{Kind, Parameters};

struct Fixture {
    name: String,
    bars: Vec<Bar>,
    columns: Vec<(String, Vec<Option<f64>>)>,
}

fn fixtures() -> Vec<Fixture> {
    // Others for a run, such as those of real.py.
    let folder = std::env::var("TALIB_FIXTURES");
    let folder = folder.unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures").to_owned());
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| read(&path)).collect()
}

fn read(path: &std::path::Path) -> Fixture {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut columns: Vec<(String, Vec<Option<f64>>)> =
        reader.headers().unwrap().iter().map(|name| (name.to_owned(), Vec::new())).collect();
    for row in reader.records() {
        for (field, (_, column)) in row.unwrap().iter().zip(&mut columns) {
            column.push((!field.is_empty()).then(|| field.parse().unwrap()));
        }
    }
    let says = columns.split_off(5);
    let bar = |i: usize| {
        let at = |column: usize| columns[column].1[i].unwrap();
        Bar { open: at(0), high: at(1), low: at(2), close: at(3), volume: at(4) }
    };
    let bars = (0..columns[0].1.len()).map(bar).collect();
    Fixture { name: path.file_stem().unwrap().to_string_lossy().into_owned(), bars, columns: says }
}

/// The line of ours that a column of TA-Lib's is about.
fn ours(column: &str, bars: &[Bar]) -> Vec<Option<f64>> {
    let period = |period| Parameters { period: Some(period), ..Parameters::default() };
    let usual = Parameters::default();
    let (kind, parameters, line) = match column {
        "sma20" => (Kind::Sma, usual, "sma"),
        "sma50" => (Kind::Sma, period(50), "sma"),
        "ema20" => (Kind::Ema, usual, "ema"),
        "rsi14" => (Kind::Rsi, usual, "rsi"),
        "macd" => (Kind::Macd, usual, "macd"),
        "macd_signal" => (Kind::Macd, usual, "signal"),
        "macd_histogram" => (Kind::Macd, usual, "histogram"),
        "upper" | "middle" | "lower" => (Kind::Bollinger, usual, column),
        "atr14" => (Kind::Atr, usual, "atr"),
        "adx14" => (Kind::Adx, usual, "adx"),
        "k" | "d" => (Kind::Stochastic, usual, column),
        "obv" => (Kind::Obv, usual, "obv"),
        "volume20" => (Kind::VolumeAverage, usual, "average"),
        other => panic!("a column that nothing of ours is compared with: {other}"),
    };
    let lines = kind.lines(&parameters, bars).unwrap();
    lines.into_iter().find(|candidate| candidate.name == line).unwrap().values
}

#[test]
fn values_agree_with_ta_lib_on_every_candle() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 2);
    let mut worst: (f64, String) = (0.0, String::new());
    for Fixture { name, bars, columns } in &fixtures {
        assert!(bars.len() >= 400 && columns.len() == 16, "{name}");
        let price = bars[0].close;
        for (column, expected) in columns {
            let got = ours(column, bars);
            for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert_eq!(got.is_some(), expected.is_some(), "{name} {column} at candle {i}");
                let (Some(got), Some(expected)) = (got, expected) else { continue };
                // Differences of averages pass through zero: there the price is what they are relative to.
                let scale = if column.starts_with("macd") { price } else { expected.abs() };
                let apart = if got == expected { 0.0 } else { (got - expected).abs() / scale };
                assert!(apart <= 1e-9, "{name} {column} at candle {i}: {got} and not {expected}, {apart:e} apart");
                if apart > worst.0 {
                    worst = (apart, format!("{name} {column} at candle {i}"));
                }
            }
        }
    }
    println!("the furthest apart: {:e}, {}", worst.0, worst.1);
}
