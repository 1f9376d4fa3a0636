//! What the landing page shows of the demo, in site/data/demo.json, is what a demo holds: a signal with the candles around it,
//! a paper account with what its balance is made of, and the evidence of a challenge that was failed.
//!
//! `site/draw` writes the file anew.

mod evidence;

use std::fs;
use std::sync::Arc;

use bellwether_domain::identity::Login;
use bellwether_domain::market::{Candle, Symbol, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::signals::{
    Audience, Compare, Direction, Outcome, SignalFilter, SignalOrder, SignalOrigin, SignalView,
};
use bellwether_domain::{Domain, Viewer};
use bellwether_integrations::demo::Demo;
use bellwether_tests::{Backend, TestDomain};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{read, root};

const FILE: &str = "site/data/demo.json";
/// When the demo begins that is shown.
const BEGINS: &str = "2026-11-21T18:00:00Z";
/// What its ids are drawn from: they are in evidence, and so in its hashes.
const SEED: u64 = 7;
/// What is drawn: it trades at every hour, so that no night stands between two candles.
const SYMBOL: &str = "ETH-USD";
const TIMEFRAME: Timeframe = Timeframe::H1;
/// Candles before the signal's own, and after the one that reached its target.
const BEFORE: usize = 29;
const AFTER: usize = 3;
/// Candles until the target: few enough to be seen, enough to be a way.
const WAY: std::ops::RangeInclusive<usize> = 8..=14;

/// The signal's candle and those around it, and the places of it and of the one that reached the target.
struct Picture {
    candles: Vec<Candle>,
    signal: usize,
    reached: usize,
}

async fn trader(domain: &Domain) -> Viewer {
    let login = Login {
        email: "trader@atlas.test".to_owned(),
        password: bellwether_seeds::DEMO_PASSWORD.into(),
        remember_me: false,
        tenant: None,
    };
    Viewer::User(domain.login(login, &Default::default()).await.unwrap().member)
}

/// The candles around a signal; none where the way to its target is not one to show.
fn around(view: &SignalView, candles: &[Candle]) -> Option<Picture> {
    let (entry, target) = (view.signal.entry?, view.signal.target?);
    let at = candles.iter().position(|candle| candle.open_time == view.signal.signal_time)?;
    let way = candles[at + 1..].iter().position(|candle| candle.high >= target)? + 1;
    let shown = at.checked_sub(BEFORE)?..=at + way + AFTER;
    let candles = candles.get(shown)?.to_vec();
    assert_eq!(candles[BEFORE].close, entry, "it is about this candle");
    WAY.contains(&way).then_some(Picture { candles, signal: BEFORE, reached: BEFORE + way })
}

/// The newest signal of a demo that reached its target, was sure of it, and can be drawn.
async fn signal(domain: &Domain, viewer: &Viewer) -> (SignalView, Picture) {
    let asset = domain.asset_by_symbol(&Symbol::try_from(SYMBOL).unwrap()).await.unwrap().unwrap();
    let candles = domain.closed_candles(&asset, TIMEFRAME, None, domain.now(), 1_500).await.unwrap();
    let filter = SignalFilter::All(vec![
        SignalFilter::Symbol(Compare::equal(SYMBOL.to_owned())),
        SignalFilter::Timeframe(Compare::equal(TIMEFRAME)),
        SignalFilter::Direction(Compare::equal(Direction::Buy)),
        SignalFilter::Audience(Compare::equal(Audience::Tenant)),
        SignalFilter::Source(Compare::equal(SignalOrigin::Seed)),
        SignalFilter::Outcome(Compare::equal(Outcome::Win)),
    ]);
    let page = domain.signals_page(viewer, &filter, SignalOrder::default(), &PageArgs::default()).await.unwrap();
    let found = page.items.into_iter().filter(|view| view.signal.confidence >= 80);
    found.into_iter().find_map(|view| around(&view, &candles).map(|picture| (view, picture))).expect("a signal to draw")
}

/// Each candle as open, high, low, close and volume.
fn rows(candles: &[Candle]) -> String {
    let row = |candle: &Candle| {
        let Candle { open, high, low, close, volume, .. } = candle;
        format!("    [{open}, {high}, {low}, {close}, {volume}]")
    };
    candles.iter().map(row).collect::<Vec<_>>().join(",\n")
}

fn drawn(view: &SignalView, picture: &Picture) -> String {
    let SignalView { signal, asset, .. } = view;
    let reason = &signal.reasons.0[0];
    let candles = || picture.candles.iter();
    let low = candles().map(|candle| candle.low).chain(signal.stop).min().unwrap();
    let high = candles().map(|candle| candle.high).max().unwrap();
    let told = json!({
        "symbol": asset.symbol.to_string(), "timeframe": signal.timeframe.to_string(),
        "timeframeCode": format!("{:?}", signal.timeframe),
        "direction": signal.direction.to_string(), "confidence": signal.confidence,
        "entry": signal.entry.unwrap().to_string(), "target": signal.target.unwrap().to_string(),
        "stop": signal.stop.unwrap().to_string(), "summary": signal.summary,
        "rsi": reason.value, "signal": picture.signal, "reached": picture.reached,
        "low": low.to_string(), "high": high.to_string(),
        "volume": candles().map(|candle| candle.volume).max().unwrap().to_string(),
        "begun": picture.candles[0].open_time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let told = told.to_string();
    format!("{},\n   \"candles\": [\n{}\n  ]}}", told.trim_end_matches('}'), rows(&picture.candles))
}

/// What an account's balance is made of, and what it was worth from day to day.
async fn account(domain: &Domain, viewer: &Viewer) -> Value {
    let accounts = domain.accounts_page(viewer, &PageArgs::default()).await.unwrap().items;
    let account = accounts.into_iter().find(|account| account.challenge_id.is_none()).expect("one of no challenge");
    let explained = domain.explain_balance(&account, None).await.unwrap();
    let parts = explained
        .parts
        .iter()
        .map(|part| json!({"kind": part.kind.to_string(), "count": part.count, "amount": part.amount.to_string()}));
    let curve = domain.daily_curve(&account).await.unwrap();
    let worth = || curve.iter().map(|day| day.equity);
    json!({
        "low": worth().min().unwrap().to_string(), "high": worth().max().unwrap().to_string(),
        "name": account.name, "balance": explained.balance.to_string(), "summary": explained.summary,
        "parts": parts.collect::<Vec<_>>(),
        "equity": worth().map(|equity| equity.to_string()).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn the_landing_page_shows_what_a_demo_holds() {
    let app = TestDomain::start(Backend::Sqlite).await.unwrap();
    app.clock.advance(BEGINS.parse::<DateTime<Utc>>().unwrap() - app.clock_now());
    let clock = Arc::clone(&app.clock);
    let domain = app.another_seeded(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(60)))], SEED).await;
    domain.anchor_demo(app.clock_now()).await.unwrap();
    bellwether_seeds::demo(&domain).await.unwrap();
    let viewer = trader(&domain).await;
    let (view, picture) = signal(&domain, &viewer).await;
    let (chart, account) = (drawn(&view, &picture), account(&domain, &viewer).await);
    let challenge = evidence::drawn(&domain, &viewer).await;
    let text = format!("{{\n \"chart\": {chart},\n \"account\": {account},\n \"challenge\": {challenge}\n}}\n");
    serde_json::from_str::<Value>(&text).expect("JSON");
    if std::env::var_os("SITE_DRAW").is_some() {
        fs::write(root().join(FILE), &text).unwrap();
    }
    assert_eq!(read(FILE), text, "{FILE} is not what a demo holds: run site/draw");
}
