//! The demo: two tenants, a user of every role, a market with a past, and signals that look like life. Everything is
//! simulated.
//!
//! It is the same every time: the figures come from a fixed seed, and the times are relative to the anchor, the hour in
//! which the database was first seeded. So seeding again adds nothing.

use std::collections::HashMap;
use std::fmt;

use bellwether_domain::fixed::Price;
use bellwether_domain::identity::NewPerson;
use bellwether_domain::market::{Candle, Symbol};
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{
    Audience, Direction, Mode, NewSignal, Reason, RecordOutcome, Recording, SignalOrigin, Timeframe,
};
use bellwether_domain::{Domain, Fault, Problem, ProblemCode, Result};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// The password of every demo login.
pub const DEMO_PASSWORD: &str = "Demo-Passw0rd!";

struct Person {
    tenant: &'static str,
    email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    role: Role,
}

const TENANTS: [(&str, &str); 2] = [("atlas", "Atlas Signals"), ("rif", "Rif Capital")];

#[rustfmt::skip]
const PEOPLE: [Person; 8] = [
    Person { tenant: "atlas", email: "owner@demo.test", first_name: "Omar", last_name: "Owner", role: Role::Owner },
    Person { tenant: "atlas", email: "admin@atlas.test", first_name: "Amina", last_name: "Admin", role: Role::Admin },
    Person { tenant: "atlas", email: "support@atlas.test", first_name: "Sami", last_name: "Support", role: Role::Support },
    Person { tenant: "atlas", email: "seller@atlas.test", first_name: "Selma", last_name: "Seller", role: Role::Seller },
    Person { tenant: "atlas", email: "trader@atlas.test", first_name: "Tarik", last_name: "Trader", role: Role::Trader },
    Person { tenant: "atlas", email: "trader2@atlas.test", first_name: "Tess", last_name: "Trader", role: Role::Trader },
    Person { tenant: "rif", email: "admin@rif.test", first_name: "Rachid", last_name: "Admin", role: Role::Admin },
    Person { tenant: "rif", email: "trader@rif.test", first_name: "Rania", last_name: "Trader", role: Role::Trader },
];

/// What the signals are about.
const SYMBOLS: [&str; 8] = ["AAPL", "MSFT", "NVDA", "BTC-USD", "ETH-USD", "EURUSD=X", "GC=F", "ATW.CS"];

/// The horizons that signals are made for, each with its timeframe and how many of each asset there are.
const HORIZONS: [(Mode, Timeframe, i32); 3] =
    [(Mode::Scalp, Timeframe::M15, 20), (Mode::Intraday, Timeframe::H1, 30), (Mode::Swing, Timeframe::D1, 24)];

/// Candles of one symbol that are looked at: two months of hours.
const MOST_CANDLES: usize = 1_500;

/// What seeding did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoDone {
    /// Users that were made.
    pub users: usize,
    /// Signals that were made.
    pub inserted: usize,
    /// Signals that were there already.
    pub ignored: usize,
    /// Paper trades that were made.
    pub trades: usize,
    /// Simulated candles that were made.
    pub candles: usize,
}

impl fmt::Display for DemoDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, inserted, ignored, candles, trades } = self;
        write!(f, "{users} new users, {inserted} new signals, {ignored} were there, {candles} candles, {trades} trades")
    }
}

/// The demo's logins with their roles.
pub fn demo_logins() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.iter().map(|person| (person.email, person.role.as_str()))
}

/// Puts in the reference and the demo data; repeatable.
///
/// # Errors
/// When the database holds another business, whose doors the demo's known passwords would open; when it does not answer.
pub async fn demo(domain: &Domain) -> Result<DemoDone> {
    if domain.demo_anchor().await?.is_none() && domain.has_tenants().await? {
        let message =
            "this database holds a business that is not the demo's: choose another one, such as with --data-dir";
        return Err(Problem::new(ProblemCode::Conflict, &[], message).into());
    }
    crate::reference(domain).await?;
    let candles = domain.simulate_past(&SYMBOLS).await?;
    let prices = Prices::read(domain).await?;
    let hour = domain.now().duration_trunc(TimeDelta::hours(1)).unwrap_or_else(|_| domain.now());
    let anchor = domain.anchor_demo(hour).await?;
    for (slug, name) in TENANTS {
        domain.put_tenant(slug, name).await?;
    }
    let mut done = DemoDone { candles, ..DemoDone::default() };
    for person in &PEOPLE {
        done.users += usize::from(ensure(domain, person).await?);
    }
    for (index, person) in PEOPLE.iter().enumerate() {
        let (audience, share) = match person.role {
            Role::Admin | Role::Seller => (Audience::Tenant, 1),
            Role::Trader => (Audience::Private, 4),
            Role::Support | Role::Owner => continue,
        };
        let recording = recording(domain, person).await?;
        let mut rng = ChaCha20Rng::seed_from_u64(index as u64);
        let signals = signals(&mut rng, &prices, anchor, audience, share);
        for answer in domain.record_signals_as(&recording, signals).await? {
            match answer?.outcome {
                RecordOutcome::Inserted => done.inserted += 1,
                RecordOutcome::Ignored | RecordOutcome::Updated => done.ignored += 1,
            }
        }
    }
    for person in PEOPLE.iter().filter(|person| person.email == "trader@atlas.test") {
        let Recording { tenant_id, author_id, .. } = recording(domain, person).await?;
        if let Some(user_id) = author_id {
            done.trades += crate::trades::put(domain, (tenant_id, user_id), anchor).await?;
        }
    }
    Ok(done)
}

/// Makes a person, unless they are there; tells whether.
async fn ensure(domain: &Domain, person: &Person) -> Result<bool> {
    let tenant = domain.put_tenant(person.tenant, person.tenant).await?;
    if domain.user_by_email(tenant.id, person.email).await?.is_some() {
        return Ok(false);
    }
    let user = NewPerson {
        email: person.email.to_owned(),
        password: DEMO_PASSWORD.into(),
        first_name: person.first_name.to_owned(),
        last_name: person.last_name.to_owned(),
        role: person.role,
    };
    domain.create_user(tenant.id, user).await.map(|_| true)
}

async fn recording(domain: &Domain, person: &Person) -> Result<Recording> {
    let tenant = domain.put_tenant(person.tenant, person.tenant).await?;
    let user = domain.user_by_email(tenant.id, person.email).await?;
    let user = user.ok_or_else(|| Fault::Bug(format!("{} was not made", person.email)))?;
    Ok(Recording { tenant_id: tenant.id, author_id: Some(user.id), origin: SignalOrigin::Seed, may_publish: true })
}

/// The simulated candles that signals are about: hourly and daily ones of each symbol, ascending.
struct Prices(HashMap<(&'static str, Timeframe), Vec<Candle>>);

impl Prices {
    async fn read(domain: &Domain) -> Result<Self> {
        let mut all = HashMap::new();
        for symbol in SYMBOLS {
            let Ok(parsed) = Symbol::try_from(symbol) else { continue };
            let Some(asset) = domain.asset_by_symbol(&parsed).await? else { continue };
            for timeframe in [Timeframe::H1, Timeframe::D1] {
                let candles = domain.closed_candles(&asset, timeframe, None, domain.now(), MOST_CANDLES).await?;
                all.insert((symbol, timeframe), candles);
            }
        }
        Ok(Self(all))
    }

    /// What it cost at the end of the candle that was open then, or that closed last: the entry of who saw it.
    fn at(&self, symbol: &'static str, timeframe: Timeframe, time: DateTime<Utc>) -> Option<Price> {
        let stored = if timeframe == Timeframe::D1 { Timeframe::D1 } else { Timeframe::H1 };
        let candles = self.0.get(&(symbol, stored))?;
        let later = candles.partition_point(|candle| candle.open_time <= time);
        candles.get(later.checked_sub(1)?).map(|candle| candle.close)
    }
}

/// Signals about each symbol back from the anchor; every `share`-th of them. None about a time before there are prices.
fn signals(
    rng: &mut ChaCha20Rng,
    prices: &Prices,
    anchor: DateTime<Utc>,
    audience: Audience,
    share: usize,
) -> Vec<NewSignal> {
    let mut signals = Vec::new();
    for symbol in SYMBOLS {
        for (mode, timeframe, count) in HORIZONS {
            for back in 1..=count {
                let step = rng.random_range(1..=3);
                let open = anchor - timeframe.span() * (back * 3 + step);
                let open = open.duration_trunc(timeframe.span()).unwrap_or(open);
                let Some(price) = prices.at(symbol, timeframe, open) else { continue };
                signals.push(signal(rng, symbol, mode, timeframe, open, price, audience));
            }
        }
    }
    signals.into_iter().step_by(share).collect()
}

fn signal(
    rng: &mut ChaCha20Rng,
    symbol: &str,
    mode: Mode,
    timeframe: Timeframe,
    open: DateTime<Utc>,
    entry: Price,
    audience: Audience,
) -> NewSignal {
    // An exact price becomes a float for the arithmetic of a demo, and exact again where it enters the business.
    let price = entry.raw() as f64 / 1e8;
    let rsi: f64 = rng.random_range(15.0..85.0);
    let is_trending = rng.random_bool(0.5);
    let (direction, says) = if rsi < 32.0 {
        (Direction::Buy, "oversold")
    } else if rsi > 68.0 {
        (Direction::Sell, "overbought")
    } else {
        (Direction::Hold, "neutral")
    };
    let (strategy, trend) = if is_trending {
        ("trend-follow", "price above its average")
    } else {
        ("rsi-reversal", "price below its average")
    };
    let span = match mode {
        Mode::Scalp => 0.004,
        Mode::Intraday => 0.012,
        Mode::Swing => 0.05,
    };
    let (target, stop) = match direction {
        Direction::Buy => (Some(price * (1.0 + span)), Some(price * (1.0 - span / 2.0))),
        Direction::Sell => (Some(price * (1.0 - span)), Some(price * (1.0 + span / 2.0))),
        Direction::Hold => (None, None),
    };
    let text = |price: f64| format!("{price:.4}");
    NewSignal {
        symbol: symbol.to_owned(),
        mode: Some(mode),
        timeframe: Some(timeframe),
        signal_time: Some(open),
        direction: Some(direction),
        confidence: match direction {
            Direction::Hold => rng.random_range(20..55),
            Direction::Buy | Direction::Sell => rng.random_range(50..96),
        },
        strategy: Some(strategy.to_owned()),
        entry: Some(entry.to_string()),
        target: target.map(text),
        stop: stop.map(text),
        summary: Some(format!("{direction} {symbol} on {timeframe}: RSI {rsi:.1} is {says} (simulated).")),
        reasons: vec![
            Reason { indicator: "RSI".to_owned(), value: Some(format!("{rsi:.1}")), says: says.to_owned() },
            Reason { indicator: "SMA 50".to_owned(), value: Some(text(price)), says: trend.to_owned() },
        ],
        audience: Some(audience),
        ..NewSignal::default()
    }
}
