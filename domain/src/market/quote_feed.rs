//! Following quotes as they are put away.
//!
//! What this process puts away is told at once. What other processes put away is found by looking at the table while
//! anybody follows, by when a quote came.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast;

use super::quote::{Column, Entity, Quote};
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// How long what another process put away may go unseen.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Quotes that a slow follower may lie behind before it misses some. It misses nothing that lasts: the next quote of an
/// asset says all that the last one did.
const BACKLOG: usize = 4_096;
/// How far back a look goes beyond the last: two processes' clocks and transactions are not in step.
const OVERLAP: TimeDelta = TimeDelta::seconds(5);
/// Quotes that one look reads at most.
const BATCH: u64 = 5_000;

/// Who follows quotes.
#[derive(Debug)]
pub struct QuoteFeed {
    quotes: broadcast::Sender<Arc<Quote>>,
    batches: broadcast::Sender<Arc<[Arc<Quote>]>>,
    /// What was told last, so that no quote is told twice.
    told: Mutex<std::collections::HashMap<AssetId, (DateTime<Utc>, DateTime<Utc>)>>,
}

impl Default for QuoteFeed {
    fn default() -> Self {
        let (quotes, batches) = (broadcast::channel(BACKLOG).0, broadcast::channel(BACKLOG).0);
        Self { quotes, batches, told: Mutex::default() }
    }
}

impl QuoteFeed {
    fn has_followers(&self) -> bool {
        self.quotes.receiver_count() + self.batches.receiver_count() > 0
    }

    /// Hands quotes on that are newer than what was handed on of their asset.
    pub(super) fn tell(&self, quotes: &[Arc<Quote>]) {
        let fresh: Vec<Arc<Quote>> = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let is_fresh = |quote: &&Arc<Quote>| {
                let version = (quote.fetched_at, quote.exchange_time);
                let is_fresh = told.get(&quote.asset_id).is_none_or(|last| *last < version);
                if is_fresh {
                    told.insert(quote.asset_id, version);
                }
                is_fresh
            };
            quotes.iter().filter(is_fresh).cloned().collect()
        };
        if fresh.is_empty() {
            return;
        }
        // Without a receiver there is nobody to tell.
        for quote in &fresh {
            let _ = self.quotes.send(Arc::clone(quote));
        }
        let _ = self.batches.send(fresh.into());
    }
}

impl Domain {
    /// Every quote that is put away from now on, one by one, whichever process puts it away. A receiver that falls far
    /// behind misses the oldest.
    pub fn quote_feed(&self) -> broadcast::Receiver<Arc<Quote>> {
        self.market_feed().quotes.subscribe()
    }

    /// The same by the batches in which they are put away, each asset at most once in each.
    pub fn quote_batches(&self) -> broadcast::Receiver<Arc<[Arc<Quote>]>> {
        self.market_feed().batches.subscribe()
    }

    /// Hands on what other processes put away until the process ends; to be run once a process.
    pub async fn run_quote_feed(self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut since = self.now();
        loop {
            tick.tick().await;
            if !self.market_feed().has_followers() {
                since = self.now();
                continue;
            }
            match self.tell_quotes_since(since - OVERLAP).await {
                Ok(newest) => since = newest.unwrap_or(since).max(since),
                Err(error) => tracing::warn!(%error, "new quotes could not be read; trying again"),
            }
        }
    }

    /// Tells of quotes that came since; when the newest of them did.
    async fn tell_quotes_since(&self, since: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        #[expect(clippy::disallowed_methods, reason = "quotes belong to no tenant")]
        let rows = Entity::find()
            .filter(Column::FetchedAt.gt(since))
            .order_by_asc(Column::FetchedAt)
            .limit(BATCH)
            .all(self.db().reader())
            .await?;
        let newest = rows.last().map(|row| row.fetched_at);
        let quotes: Vec<Arc<Quote>> = self.view_quotes(rows).await?.into_iter().map(Arc::new).collect();
        self.market_feed().tell(&quotes);
        Ok(newest)
    }
}
