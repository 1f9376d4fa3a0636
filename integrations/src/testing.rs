//! What tests of sources share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bellwether_domain::clock::ManualClock;
use bellwether_domain::ids::{AssetId, Id};
use bellwether_domain::market::{Asset, AssetKind, Calendar, Exchange, Listing, SourceName, SourceSymbols};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::upstream::Manners;

/// In a hurry, but for what a busy machine makes slow, and with answers that are not kept.
pub(crate) const HURRIED: Manners = Manners {
    timeout: Duration::from_secs(30),
    retries: 1,
    first_wait: Duration::from_millis(1),
    per_minute: NonZeroU32::new(6_000).unwrap(),
    turn_within: Duration::from_secs(30),
    good_for: Duration::from_millis(1),
};

pub(crate) fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(at("2026-11-20T15:00:00Z")))
}

/// An asset that the source calls so.
pub(crate) fn listing(source: SourceName, symbol: &str, currency: &str, zone: Tz) -> Listing {
    let asset = Asset {
        id: AssetId::from_uuid(uuid::Uuid::nil()),
        symbol: symbol.to_owned(),
        name: symbol.to_owned(),
        kind: AssetKind::Stock,
        exchange: "X".to_owned(),
        currency: currency.to_owned(),
        tick_size: "0.01".parse().unwrap(),
        lot_size: "1".parse().unwrap(),
        sector: None,
        source_symbols: SourceSymbols([(source, symbol.to_owned())].into()),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let exchange = Exchange {
        code: "X".to_owned(),
        name: "X".to_owned(),
        country: None,
        time_zone: zone,
        currency: None,
        calendar: Calendar::always(),
    };
    Listing { asset: Arc::new(asset), exchange: Arc::new(exchange) }
}
