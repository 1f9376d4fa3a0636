//! The path of a price through time: noise of every period from two minutes to two years, each the stronger the longer it
//! is, which is how a price wanders. Any moment can be asked for by itself.

use bellwether_domain::market::{Asset, AssetKind};
use chrono::{DateTime, Utc};

/// The moment at which every asset has the price that it starts from: 1 January 2026.
const ANCHOR: f64 = 1_767_225_600.0;
/// Seconds of the shortest period.
const SHORTEST: f64 = 120.0;
/// How many periods, each twice the one before: the last is of two years.
const OCTAVES: u32 = 20;

/// Symbols with a price that people know, about as it was.
const KNOWN: [(&str, f64); 46] = [
    ("AAPL", 212.0),
    ("MSFT", 430.0),
    ("NVDA", 128.0),
    ("AMZN", 205.0),
    ("GOOGL", 172.0),
    ("META", 560.0),
    ("TSLA", 248.0),
    ("JPM", 222.0),
    ("SPY", 575.0),
    ("QQQ", 490.0),
    ("IWM", 222.0),
    ("GLD", 245.0),
    ("TLT", 94.0),
    ("^GSPC", 5_750.0),
    ("^NDX", 20_100.0),
    ("^DJI", 42_300.0),
    ("^FTSE", 8_250.0),
    ("^GDAXI", 19_200.0),
    ("^FCHI", 7_550.0),
    ("^N225", 38_700.0),
    ("EURUSD=X", 1.08),
    ("GBPUSD=X", 1.29),
    ("AUDUSD=X", 0.66),
    ("NZDUSD=X", 0.6),
    ("USDJPY=X", 152.0),
    ("USDCHF=X", 0.87),
    ("USDCAD=X", 1.38),
    ("USDMAD=X", 9.85),
    ("EURGBP=X", 0.84),
    ("EURJPY=X", 164.0),
    ("GC=F", 2_650.0),
    ("SI=F", 31.0),
    ("HG=F", 4.4),
    ("CL=F", 70.0),
    ("NG=F", 2.6),
    ("BTC-USD", 68_000.0),
    ("ETH-USD", 3_400.0),
    ("SOL-USD", 165.0),
    ("BNB-USD", 590.0),
    ("XRP-USD", 0.55),
    ("VOD.L", 0.74),
    ("7203.T", 2_650.0),
    ("ATW.CS", 540.0),
    ("IAM.CS", 92.0),
    ("LHM.CS", 1_900.0),
    ("ADH.CS", 32.0),
];

/// The path of one asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    seed: u64,
    start: f64,
    /// How far the price goes in an hour, as a part of it.
    stir: f64,
    /// The noise at the anchor.
    offset: f64,
    /// How much is traded in an hour.
    turnover: f64,
}

impl Path {
    /// The path of an asset.
    pub(super) fn of(asset: &Asset) -> Self {
        let seed = seed(&asset.symbol);
        let known = KNOWN.iter().find(|(symbol, _)| *symbol == asset.symbol).map(|(_, price)| *price);
        // What nobody knows begins somewhere between 20 and 400.
        let start = known.unwrap_or_else(|| 20.0 * 20_f64.powf(unit(seed, 0, 0).midpoint(1.0)));
        let (stir, turnover) = match asset.kind {
            AssetKind::Stock => (0.003, 4.0e8 / start),
            AssetKind::Etf => (0.002, 1.5e9 / start),
            AssetKind::Index => (0.001_8, 2.0e8),
            AssetKind::Fx => (0.000_8, 0.0),
            AssetKind::Commodity => (0.002_4, 1.0e6 / start),
            AssetKind::Crypto => (0.005, 9.0e8 / start),
        };
        let mut path = Self { seed, start, stir, offset: 0.0, turnover };
        path.offset = path.noise(ANCHOR);
        path
    }

    /// The price at a moment.
    pub(super) fn price(&self, at: DateTime<Utc>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
        let second = at.timestamp_millis() as f64 / 1_000.0;
        self.start * (self.noise(second) - self.offset).exp()
    }

    /// How much is traded between two moments.
    pub(super) fn volume(&self, start: DateTime<Utc>, stop: DateTime<Utc>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a day fit")]
        let hours = (stop - start).num_seconds() as f64 / 3_600.0;
        self.turnover * hours * (1.0 + 0.7 * unit(self.seed, 99, start.timestamp()))
    }

    fn noise(&self, second: f64) -> f64 {
        let (mut sum, mut period) = (0.0, SHORTEST);
        for octave in 1..=OCTAVES {
            let amplitude = self.stir * (period / 3_600.0).sqrt();
            sum += amplitude * smooth(self.seed, octave, second / period);
            period *= 2.0;
        }
        sum
    }
}

/// Noise between -1 and 1 that passes smoothly from one whole number to the next.
fn smooth(seed: u64, octave: u32, at: f64) -> f64 {
    let floor = at.floor();
    let (into, place) = (at - floor, floor as i64);
    let (here, there) = (unit(seed, octave, place), unit(seed, octave, place + 1));
    here + (there - here) * into * into * (3.0 - 2.0 * into)
}

/// A number between -1 and 1 for a place, by Steele and others' mixing (SplitMix64).
fn unit(seed: u64, octave: u32, place: i64) -> f64 {
    let mut mixed = seed ^ (u64::from(octave) << 56) ^ place.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    let share = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
    2.0 * share - 1.0
}

/// A seed for a symbol (FNV-1a).
fn seed(symbol: &str) -> u64 {
    symbol.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
