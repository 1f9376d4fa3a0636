use bellwether_domain::clock::ManualClock;
use bellwether_domain::ids::{AssetId, Id};
use bellwether_domain::market::{Calendar, Exchange, Session, SourceSymbols, aggregate};
use chrono::Weekday;
use chrono_tz::Tz;

use super::*;

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

fn listing(symbol: &str, kind: AssetKind, calendar: Calendar, zone: Tz) -> Listing {
    let asset = Asset {
        id: AssetId::from_uuid(uuid::Uuid::nil()),
        symbol: symbol.to_owned(),
        name: symbol.to_owned(),
        kind,
        exchange: "X".to_owned(),
        currency: "USD".to_owned(),
        tick_size: "0.01".parse().unwrap(),
        lot_size: "1".parse().unwrap(),
        sector: None,
        source_symbols: SourceSymbols::default(),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let exchange = Exchange {
        code: "X".to_owned(),
        name: "X".to_owned(),
        country: None,
        time_zone: zone,
        currency: None,
        calendar,
    };
    Listing { asset: Arc::new(asset), exchange: Arc::new(exchange) }
}

fn share() -> Listing {
    let days = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let calendar = Calendar { sessions: vec![Session { days, opens: 570, closes: 960 }], ..Calendar::default() };
    listing("AAPL", AssetKind::Stock, calendar, Tz::America__New_York)
}

fn demo(now: &str) -> Demo {
    Demo::new(Arc::new(ManualClock::at(at(now))), TimeDelta::seconds(15))
}

async fn candles(now: &str, listing: &Listing, timeframe: Timeframe, from: &str) -> Vec<Candle> {
    let request = CandleRequest { timeframe, from: at(from), until: at(now) };
    demo(now).candles(listing, request).await.unwrap().candles
}

#[tokio::test]
async fn the_same_moment_has_the_same_price_whenever_it_is_asked_for() {
    let early = candles("2026-11-20T22:00:00Z", &share(), Timeframe::H1, "2026-11-02T00:00:00Z").await;
    let late = candles("2026-11-21T22:00:00Z", &share(), Timeframe::H1, "2026-10-01T00:00:00Z").await;
    assert!(early.len() > 80, "{}", early.len());
    assert_eq!(early[..], late[late.len() - early.len()..]);
}

#[tokio::test]
async fn candles_are_of_the_sessions_and_closed() {
    let days = candles("2026-11-23T15:00:00Z", &share(), Timeframe::D1, "2026-11-13T00:00:00Z").await;
    let opened: Vec<String> = days.iter().map(|day| day.open_time.date_naive().to_string()).collect();
    assert_eq!(opened, ["2026-11-13", "2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20"]);
    let hours = candles("2026-11-23T16:00:00Z", &share(), Timeframe::H1, "2026-11-20T00:00:00Z").await;
    let opened: Vec<String> = hours.iter().map(|hour| hour.open_time.format("%dT%H:%M").to_string()).collect();
    let friday = ["20T14:30", "20T15:30", "20T16:30", "20T17:30", "20T18:30", "20T19:30", "20T20:30"];
    assert_eq!(opened, [&friday[..], &["23T14:30"]].concat());
}

#[tokio::test]
async fn small_candles_make_up_the_large_ones() {
    let always = listing("BTC-USD", AssetKind::Crypto, Calendar::always(), Tz::UTC);
    let (now, from) = ("2026-11-22T00:00:00Z", "2026-11-18T00:00:00Z");
    let days = candles(now, &always, Timeframe::D1, from).await;
    let hours = aggregate(&candles(now, &always, Timeframe::H1, from).await, Timeframe::D1);
    assert_eq!(days.len(), 4);
    for (day, made) in days.iter().zip(&hours) {
        assert_eq!((day.open_time, day.open, day.close), (made.open_time, made.open, made.close));
        assert!(made.high >= day.high && made.low <= day.low, "more looks find more extremes");
    }
}

#[tokio::test]
async fn a_quote_is_the_last_price_of_an_open_market() {
    let share = share();
    let quote = |now| {
        let share = share.clone();
        async move { demo(now).quotes(&[share]).await.remove(0).1.unwrap() }
    };
    let open = quote("2026-11-20T15:00:00Z").await;
    assert_eq!(open.exchange_time, at("2026-11-20T15:00:00Z"));
    assert!(open.bid.unwrap() < open.price && open.price < open.ask.unwrap());
    let (closed, weekend) = (quote("2026-11-20T21:00:00Z").await, quote("2026-11-22T12:00:00Z").await);
    assert_eq!(closed, weekend, "over a weekend nothing moves");
    assert_eq!(weekend.exchange_time, at("2026-11-20T21:00:00Z"));
    let monday = quote("2026-11-23T15:00:00Z").await;
    assert_eq!(monday.previous_close, Some(closed.price));
    let days = candles("2026-11-23T15:00:00Z", &share, Timeframe::D1, "2026-11-20T00:00:00Z").await;
    assert_eq!(days.last().unwrap().close, closed.price, "a day closes at its last quote");
}

#[test]
fn a_price_wanders_and_stays_in_reason() {
    let listing = share();
    let path = Path::of(&listing.asset);
    let start = at("2024-01-01T00:00:00Z");
    let prices: Vec<f64> = (0..1_500).map(|day| path.price(start + TimeDelta::days(day))).collect();
    let moves: Vec<f64> = prices.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
    let daily = (moves.iter().map(|step| step * step).sum::<f64>() / moves.len() as f64).sqrt();
    assert!((0.005..0.05).contains(&daily), "a day moves it by {daily}");
    assert!(prices.iter().all(|price| (20.0..2_000.0).contains(price)));
}
