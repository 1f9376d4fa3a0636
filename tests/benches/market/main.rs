//! A year of daily candles out of the store, beside the same rows by hand-written SQL through sqlx in the same process, in
//! turns; and what candles take on disk.
//!
//! `cargo bench -p bellwether-tests --bench market [-- sqlite|postgres] [--assets N] [--samples N]`

use std::time::{Duration, Instant};

use bellwether_domain::Domain;
use bellwether_domain::fixed::{Price, Quantity};
use bellwether_domain::market::{
    Asset, AssetKind, Candle, CandleQuery, ChartRange, NewAsset, SourceName, Symbol, Timeframe, bucket,
};
use bellwether_tests::{Backend, TestDomain};
use bellwether_domain::Viewer;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};
use sqlx::Row;

/// The server's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Days of ten years, and hours of two, of a market that is open on weekdays.
const DAYS: i32 = 2_520;
const HOURS: i32 = 3_528;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, usual: usize| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(usual)
    };
    let (assets, samples) = (number("--assets", 100), number("--samples", 2_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        let is_named = ["sqlite", "postgres"].iter().any(|known| arguments.iter().any(|a| a == known));
        if !is_named || arguments.iter().any(|argument| argument == name) {
            runtime.block_on(measure(name, backend, assets, samples));
        }
    }
}

async fn measure(name: &str, backend: Backend, assets: usize, samples: usize) {
    let Some(app) = TestDomain::start(backend).await else {
        println!("{name}: not on this machine");
        return;
    };
    let domain = &app.domain;
    let before = size(domain).await;
    let start = Instant::now();
    let filled = fill(domain, assets, app.clock_now()).await;
    let took = start.elapsed();
    let bytes = size(domain).await - before;
    let candles = assets * (DAYS + HOURS) as usize;
    println!("\n{name}, {assets} assets, {candles} candles, {} cores", std::thread::available_parallelism().unwrap());
    println!("  put away: {:.0} candles a second", candles as f64 / took.as_secs_f64());
    let each = bytes as f64 / candles as f64;
    let whole = each * 5_000.0 * f64::from(DAYS + HOURS) / 1e9;
    println!("  on disk: {each:.1} bytes a candle; 5,000 assets of 10 years daily and 2 hourly: {whole:.2} GB");
    read(&app, &filled, samples).await;
}

/// Assets with candles.
async fn fill(domain: &Domain, assets: usize, now: DateTime<Utc>) -> Vec<std::sync::Arc<Asset>> {
    let symbol = |index: usize| Symbol::try_from(format!("B{index:05}").as_str()).unwrap();
    let new: Vec<NewAsset> = (0..assets)
        .map(|index| NewAsset {
            symbol: symbol(index),
            name: format!("Bench {index}"),
            kind: AssetKind::Stock,
            exchange: "NYSE".to_owned(),
            currency: "USD".to_owned(),
            tick_size: "0.01".parse().unwrap(),
            lot_size: "1".parse().unwrap(),
            sector: None,
            source_symbols: Vec::new(),
        })
        .collect();
    domain.put_assets(&new).await.unwrap();
    let mut filled = Vec::new();
    for index in 0..assets {
        let asset = domain.asset_by_symbol(&symbol(index)).await.unwrap().unwrap();
        for (timeframe, count) in [(Timeframe::D1, DAYS), (Timeframe::H1, HOURS)] {
            let last = bucket(timeframe, now) - timeframe.span();
            let candle = |back: i32| {
                let cents = |more: i64| Price::from_raw((20_000 + (i64::from(back) * 7) % 900 + more) * 1_000_000);
                let volume = Quantity::from_raw((48_000_000 + i64::from(back) * 1_234) * 100_000_000);
                let opened = last - timeframe.span() * back;
                Candle::new(opened, cents(10), cents(95), cents(0), cents(42), volume).unwrap()
            };
            let candles: Vec<Candle> = (0..count).map(candle).collect();
            domain.put_candles(&asset, timeframe, SourceName::Demo, candles).await.unwrap();
        }
        filled.push(asset);
    }
    filled
}

/// Bytes that the database takes, after it has put everything in its place.
async fn size(domain: &Domain) -> i64 {
    let db = domain.db();
    let query = match db.backend() {
        sea_orm::DbBackend::Sqlite => {
            db.writer().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
            "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes"
        }
        _ => "SELECT pg_database_size(current_database()) AS bytes",
    };
    let row = db.reader().query_one_raw(Statement::from_string(db.backend(), query)).await.unwrap().unwrap();
    row.try_get("", "bytes").unwrap()
}

/// The two ways in turns.
async fn read(app: &TestDomain, assets: &[std::sync::Arc<Asset>], samples: usize) {
    let (domain, until) = (&app.domain, app.clock_now());
    let from = until - TimeDelta::days(366);
    let raw = Raw::new(domain, assets).await;
    let (mut bare, mut stored, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for sample in 0..samples + 50 {
        let at = sample * 7_919 % assets.len();
        let asset = &assets[at];
        let start = Instant::now();
        let rows = raw.year(at, from, until).await;
        let bare_took = start.elapsed();
        let start = Instant::now();
        let candles = domain.closed_candles(asset, Timeframe::D1, Some(from), until, 5_000).await.unwrap();
        let stored_took = start.elapsed();
        assert_eq!((rows, candles.len()), (365, 365));
        let query = CandleQuery {
            symbol: asset.symbol.clone(),
            timeframe: Timeframe::D1,
            range: Some(ChartRange::Year),
            from: None,
            to: None,
            currency: None,
        };
        let start = Instant::now();
        let series = domain.candle_series(&Viewer::Anonymous, &query).await.unwrap();
        let served_took = start.elapsed();
        assert!(series.candles.len() >= 365);
        // The first few warm caches and connections.
        if sample >= 50 {
            bare.push(bare_took);
            stored.push(stored_took);
            served.push(served_took);
        }
    }
    let base = median(&mut bare);
    println!("  a year of daily candles by bare SQL: median {base:?}");
    for (what, times) in [("from the store", &mut stored), ("as the query serves them", &mut served)] {
        let median = median(times);
        println!("  the same {what}: median {median:?}, {:.2} times", median.as_secs_f64() / base.as_secs_f64());
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The same rows by hand.
enum Raw {
    Sqlite(sqlx::SqlitePool, Vec<i32>),
    Postgres(sqlx::PgPool, Vec<i32>),
}

const YEAR: &str = "SELECT open_time, open, high, low, close, volume FROM candles
    WHERE timeframe = '1d' AND series_id = $1 AND open_time >= $2 AND open_time <= $3 ORDER BY open_time DESC LIMIT 5000";

impl Raw {
    async fn new(domain: &Domain, assets: &[std::sync::Arc<Asset>]) -> Self {
        let db = domain.db();
        let mut series = Vec::new();
        for asset in assets {
            let query = "SELECT s.id FROM candle_series s JOIN assets a ON a.id = s.asset_id WHERE s.timeframe = '1d' AND a.symbol = $1";
            let query = Statement::from_sql_and_values(db.backend(), query, [asset.symbol.clone().into()]);
            series.push(db.reader().query_one_raw(query).await.unwrap().unwrap().try_get("", "id").unwrap());
        }
        match db.backend() {
            sea_orm::DbBackend::Sqlite => Self::Sqlite(db.reader().get_sqlite_connection_pool().clone(), series),
            _ => Self::Postgres(db.reader().get_postgres_connection_pool().clone(), series),
        }
    }

    /// How many candles there were; every value of each was read.
    async fn year(&self, asset: usize, from: DateTime<Utc>, until: DateTime<Utc>) -> usize {
        let (from, until) = (from.timestamp(), (until - TimeDelta::days(1)).timestamp());
        macro_rules! all {
            ($pool:expr, $series:expr) => {{
                let query = sqlx::query(YEAR).bind($series[asset]).bind(from).bind(until);
                let rows = query.fetch_all($pool).await.unwrap();
                let candles: Vec<[i64; 6]> = rows.iter().map(|row| std::array::from_fn(|place| row.get(place))).collect();
                std::hint::black_box(&candles).len()
            }};
        }
        match self {
            Self::Sqlite(pool, series) => all!(pool, series),
            Self::Postgres(pool, series) => all!(pool, series),
        }
    }
}
