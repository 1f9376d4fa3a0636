//! A source that knows every asset, answers what it is told to, and remembers what it was asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bellwether_domain::Domain;
use bellwether_domain::clock::{Clock, ManualClock};
use bellwether_domain::market::{
    Asset, Candle, CandleRequest, Listing, MarketSource, NewQuote, QuoteAnswer, SourceError, SourceHealth, SourceName,
    Tidied, Timeframe,
};
use bellwether_tests::TestDomain;
use chrono::{DateTime, TimeDelta, Utc};

/// How long after a session's end it has the closing price.
pub const CLOSING: TimeDelta = TimeDelta::minutes(20);

#[derive(Debug)]
pub struct Scripted {
    clock: Arc<ManualClock>,
    /// The candles that it has, of whatever asset and timeframe it is asked for.
    pub candles: Mutex<Vec<Candle>>,
    /// The questions for candles.
    pub asked: Mutex<Vec<CandleRequest>>,
    /// The symbols whose candles it was asked for, in order.
    pub charted: Mutex<Vec<String>>,
    /// The symbols whose quotes it was asked for, in order.
    pub quoted: Mutex<Vec<String>>,
    /// What it answers to everything instead.
    pub error: Mutex<Option<SourceError>>,
    /// How many more quotes it takes the time for; none for as many as one likes.
    pub patience: Mutex<Option<usize>>,
    /// Of when its prices are; none for now.
    pub price_of: Mutex<Option<DateTime<Utc>>>,
    /// How long it takes to answer with candles.
    pub takes: Mutex<Duration>,
    /// Whether it never answers.
    pub hangs: AtomicBool,
}

impl Scripted {
    /// A business that asks such a source alone.
    pub async fn asked_by(app: &TestDomain) -> (Domain, Arc<Self>) {
        let source = Arc::new(Self {
            clock: Arc::clone(&app.clock),
            candles: Mutex::default(),
            asked: Mutex::default(),
            charted: Mutex::default(),
            quoted: Mutex::default(),
            error: Mutex::default(),
            patience: Mutex::default(),
            price_of: Mutex::default(),
            takes: Mutex::default(),
            hangs: AtomicBool::new(false),
        });
        (app.another_asking(vec![Arc::clone(&source) as Arc<dyn MarketSource>]).await, source)
    }

    /// What it was asked for since this was last looked at, as the first moment of each question.
    pub fn asked_from(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *locked(&self.asked));
        asked.iter().map(|request| request.from.format("%m-%d").to_string()).collect()
    }

    /// The symbols that it was asked for since this was last looked at.
    pub fn quoted(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.quoted))
    }

    /// The symbols whose candles it was asked for since this was last looked at.
    pub fn charted(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.charted))
    }
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

#[async_trait]
impl MarketSource for Scripted {
    fn name(&self) -> SourceName {
        SourceName::Yahoo
    }

    fn knows(&self, _: &Asset) -> bool {
        true
    }

    fn refresh_after(&self) -> TimeDelta {
        TimeDelta::seconds(60)
    }

    fn closing_after(&self) -> TimeDelta {
        CLOSING
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::H1, Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let answer = |listing: &Listing| {
            let mut patience = locked(&self.patience);
            if *patience == Some(0) {
                return Err(SourceError::NoTurn);
            }
            *patience = patience.map(|left| left - 1);
            locked(&self.quoted).push(listing.asset.symbol.clone());
            let exchange_time = locked(&self.price_of).unwrap_or_else(|| self.clock.now());
            let price = "2".parse().unwrap();
            match locked(&self.error).clone() {
                Some(error) => Err(error),
                None => Ok(NewQuote {
                    asset_id: listing.asset.id,
                    price,
                    bid: None,
                    ask: None,
                    previous_close: None,
                    exchange_time,
                }),
            }
        };
        listings.iter().map(|listing| (listing.asset.id, answer(listing))).collect()
    }

    async fn candles(&self, listing: &Listing, request: CandleRequest) -> Result<Tidied, SourceError> {
        locked(&self.asked).push(request);
        locked(&self.charted).push(listing.asset.symbol.clone());
        let takes = *locked(&self.takes);
        tokio::time::sleep(takes).await;
        if let Some(error) = locked(&self.error).clone() {
            return Err(error);
        }
        let wanted = |candle: &&Candle| (request.from..request.until).contains(&candle.open_time);
        Ok(locked(&self.candles).iter().filter(wanted).copied().collect::<Vec<_>>().into())
    }

    fn health(&self) -> SourceHealth {
        SourceHealth::default()
    }
}
