//! How long the engine takes for 5,000 assets of 500 candles, on one core. `tools/bench-engine` runs it beside TA-Lib on
//! the same candles; by itself it makes up its own.
//!
//! Prints one line a measurement: what, a tab, milliseconds (the best of nine).

use std::hint::black_box;
use std::time::Instant;

use bellwether_engine::Bar;
use bellwether_engine::indicators::{
    Adx, Atr, Bollinger, Ema, Indicator, Levels, Macd, Obv, Rsi, Sma, Stochastic, VolumeAverage, Vwap, series,
};
use bellwether_engine::strategies::{ALL, Analyst, named};

const ASSETS: usize = 5_000;
const CANDLES: usize = 500;
const ROUNDS: usize = 9;

/// The candles of a file of f64 (open, high, low, close, volume; little-endian), or made-up ones.
fn bars() -> Vec<Bar> {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(file) = file else { return made_up() };
    let bytes = std::fs::read(&file).expect("the file of candles");
    let numbers: Vec<f64> =
        bytes.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().expect("eight bytes"))).collect();
    let bar = |five: &[f64]| Bar { open: five[0], high: five[1], low: five[2], close: five[3], volume: five[4] };
    numbers.chunks_exact(5).map(bar).collect()
}

fn made_up() -> Vec<Bar> {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut bars = Vec::with_capacity(ASSETS * CANDLES);
    for _ in 0..ASSETS {
        let mut close = 20.0 + 400.0 * draw();
        for _ in 0..CANDLES {
            let open = close;
            close *= 1.0 + 0.03 * (draw() - 0.5);
            let (high, low) = (open.max(close) * (1.0 + 0.01 * draw()), open.min(close) * (1.0 - 0.01 * draw()));
            bars.push(Bar { open, high, low, close, volume: (1e6 * draw()).round() });
        }
    }
    bars
}

/// Runs it and prints the best time.
fn measure(what: &str, mut work: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what}\t{:.3}", best.as_secs_f64() * 1e3);
}

/// Runs an indicator over every asset.
fn batch<I: Indicator>(what: &str, bars: &[Bar], indicator: impl Fn() -> I) {
    measure(what, || {
        for asset in bars.chunks_exact(CANDLES) {
            black_box(series(indicator(), black_box(asset)));
        }
    });
}

/// Every indicator of one asset, as a stream.
struct All {
    sma: Sma,
    ema: Ema,
    rsi: Rsi,
    macd: Macd,
    bollinger: Bollinger,
    atr: Atr,
    adx: Adx,
    stochastic: Stochastic,
    obv: Obv,
    vwap: Vwap,
    volume: VolumeAverage,
    levels: Levels,
}

impl All {
    fn new() -> Self {
        Self {
            sma: Sma::new(20),
            ema: Ema::new(20),
            rsi: Rsi::new(14),
            macd: Macd::default(),
            bollinger: Bollinger::default(),
            atr: Atr::new(14),
            adx: Adx::new(14),
            stochastic: Stochastic::default(),
            obv: Obv::default(),
            vwap: Vwap::new(20),
            volume: VolumeAverage::new(20),
            levels: Levels::default(),
        }
    }

    fn next(&mut self, bar: &Bar) {
        black_box(self.sma.next(bar));
        black_box(self.ema.next(bar));
        black_box(self.rsi.next(bar));
        black_box(self.macd.next(bar));
        black_box(self.bollinger.next(bar));
        black_box(self.atr.next(bar));
        black_box(self.adx.next(bar));
        black_box(self.stochastic.next(bar));
        black_box(self.obv.next(bar));
        black_box(self.vwap.next(bar));
        black_box(self.volume.next(bar));
        black_box(self.levels.next(bar));
    }
}

fn main() {
    let bars = bars();
    assert_eq!(bars.len(), ASSETS * CANDLES, "5,000 assets of 500 candles");
    batch("SMA(20)", &bars, || Sma::new(20));
    batch("EMA(20)", &bars, || Ema::new(20));
    batch("RSI(14)", &bars, || Rsi::new(14));
    batch("MACD(12, 26, 9)", &bars, Macd::default);
    batch("Bollinger(20, 2)", &bars, Bollinger::default);
    batch("ATR(14)", &bars, || Atr::new(14));
    batch("ADX(14)", &bars, || Adx::new(14));
    batch("Stochastic(5, 3, 3)", &bars, Stochastic::default);
    batch("OBV", &bars, Obv::default);
    batch("Volume average(20)", &bars, || VolumeAverage::new(20));
    batch("VWAP(20)", &bars, || Vwap::new(20));
    batch("Support and resistance", &bars, Levels::default);

    let mut streams: Vec<All> = (0..ASSETS).map(|_| All::new()).collect();
    for (stream, asset) in streams.iter_mut().zip(bars.chunks_exact(CANDLES)) {
        asset.iter().for_each(|bar| stream.next(bar));
    }
    measure("one more candle for 5,000 assets, all indicators", || {
        for (stream, asset) in streams.iter_mut().zip(bars.chunks_exact(CANDLES)) {
            stream.next(&asset[CANDLES - 1]);
        }
    });
    drop(streams);

    let analysts: Vec<Analyst> = bars.chunks_exact(CANDLES).map(|asset| Analyst::of(asset.iter().copied())).collect();
    let consensus = named("consensus").expect("it is in the catalog");
    measure("one pass of consensus over 5,000 assets, followed", || {
        analysts.iter().for_each(|analyst| drop(black_box(consensus.judge(analyst))));
    });
    measure("one pass of all strategies over 5,000 assets, followed", || {
        analysts.iter().for_each(|analyst| ALL.iter().for_each(|strategy| drop(black_box(strategy.judge(analyst)))));
    });
    drop(analysts);
    measure("one pass of consensus over 5,000 assets, from their 500 candles", || {
        for asset in bars.chunks_exact(CANDLES) {
            drop(black_box(consensus.judge(&Analyst::of(asset.iter().copied()))));
        }
    });
}
