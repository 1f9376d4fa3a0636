//! Taking turns: in this process only one decides about an account at a time.
//!
//! What makes a booking right is the account's version, whoever else writes. Taking turns only keeps those who could not
//! both win from working for nothing.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use sea_orm::DbBackend;
use tokio::sync::{Mutex, MutexGuard};

use crate::ids::{AccountId, AssetId, Id};

/// The turns.
#[derive(Debug)]
pub(crate) struct Desk {
    turns: Vec<Mutex<()>>,
    /// Since when not all that waits for an asset could be held against its candles.
    failing: std::sync::Mutex<HashMap<AssetId, DateTime<Utc>>>,
}

impl Desk {
    /// The turns for a database: SQLite has one writer, so whoever waits for it had better wait here, without a connection
    /// and without a limit of time. On PostgreSQL a few accounts are served at once, each always in the same turn.
    pub(crate) fn new(backend: DbBackend) -> Self {
        let turns = if backend == DbBackend::Sqlite { 1 } else { 6 };
        Self { turns: (0..turns).map(|_| Mutex::default()).collect(), failing: std::sync::Mutex::default() }
    }

    /// Waits for an account's turn, which lasts as long as what is returned.
    pub(crate) async fn turn(&self, account: AccountId) -> MutexGuard<'_, ()> {
        // The last bits of a UUIDv7 are random.
        let place = account.uuid().as_u128() % (self.turns.len() as u128);
        let turn = usize::try_from(place).unwrap_or(0);
        self.turns[turn].lock().await
    }

    /// An asset's candles could not all be judged now; tells since when that is so.
    pub(super) fn fails(&self, asset: AssetId, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.failing().entry(asset).or_insert(now)
    }

    /// They could, or what could not is given up.
    pub(super) fn recovered(&self, asset: AssetId) {
        self.failing().remove(&asset);
    }

    fn failing(&self) -> std::sync::MutexGuard<'_, HashMap<AssetId, DateTime<Utc>>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
