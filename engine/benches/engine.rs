//! How long the engine takes for 5,000 assets of 500 candles, on one core. `tools/bench-engine` runs it beside TA-Lib on
//! the same candles; by itself it makes up its own.
//!
//! Prints one line a measurement: what, a tab, milliseconds (the best of nine).

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bellwether_engine::Bar;
use bellwether_engine::indicators::{
    Adx, Atr, Bollinger, Ema, Indicator, Levels, Macd, Obv, Rsi, Sma, Stochastic, VolumeAverage, Vwap, series,
};
use bellwether_engine::strategies::{ALL, Analyst, named};

const ASSETS: usize = 5_000;
const CANDLES: usize = 500;
const ROUNDS: usize = 9;

/// The candles of a file of f64 (open, high, low, close, volume; little-endian), or made-up ones.
fn bars() -> Result<Vec<Bar>, Box<dyn Error>> {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(file) = file else { return Ok(made_up()) };
    let bytes = std::fs::read(&file)?;
    let mut numbers = Vec::with_capacity(bytes.len() / 8);
    for eight in bytes.chunks_exact(8) {
        numbers.push(f64::from_le_bytes(eight.try_into()?));
    }
    let bar = |five: &[f64]| Bar { open: five[0], high: five[1], low: five[2], close: five[3], volume: five[4] };
    Ok(numbers.chunks_exact(5).map(bar).collect())
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

/// Indicators that are run over every asset in turn, as whoever needs them all would, and what each took.
#[derive(Default)]
struct Batch {
    /// The time of this round and the best so far, by name.
    times: Vec<(&'static str, Duration, Duration)>,
}

impl Batch {
    fn run<I: Indicator>(&mut self, what: &'static str, bars: &[Bar], indicator: I) {
        let start = Instant::now();
        black_box(series(indicator, black_box(bars)));
        let took = start.elapsed();
        match self.times.iter_mut().find(|(name, ..)| *name == what) {
            Some((_, round, _)) => *round += took,
            None => self.times.push((what, took, Duration::MAX)),
        }
    }

    fn end_round(&mut self) {
        for (_, round, best) in &mut self.times {
            *best = (*best).min(std::mem::take(round));
        }
    }
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

fn main() -> Result<(), Box<dyn Error>> {
    let bars = bars()?;
    assert_eq!(bars.len(), ASSETS * CANDLES, "5,000 assets of 500 candles");
    let mut batch = Batch::default();
    for _ in 0..ROUNDS {
        for asset in bars.chunks_exact(CANDLES) {
            batch.run("SMA(20)", asset, Sma::new(20));
            batch.run("EMA(20)", asset, Ema::new(20));
            batch.run("RSI(14)", asset, Rsi::new(14));
            batch.run("MACD(12, 26, 9)", asset, Macd::default());
            batch.run("Bollinger(20, 2)", asset, Bollinger::default());
            batch.run("ATR(14)", asset, Atr::new(14));
            batch.run("ADX(14)", asset, Adx::new(14));
            batch.run("Stochastic(5, 3, 3)", asset, Stochastic::default());
            batch.run("OBV", asset, Obv::default());
            batch.run("Volume average(20)", asset, VolumeAverage::new(20));
            batch.run("VWAP(20)", asset, Vwap::new(20));
            batch.run("Support and resistance", asset, Levels::default());
        }
        batch.end_round();
    }
    for (what, _, best) in &batch.times {
        println!("{what}\t{:.3}", best.as_secs_f64() * 1e3);
    }

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
    let consensus = named("consensus").ok_or("there is no consensus")?;
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
    Ok(())
}
