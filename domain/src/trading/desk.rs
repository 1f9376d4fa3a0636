//! Taking turns: in this process only one decides about an account at a time.
//!
//! What makes a booking right is the account's version, whoever else writes. Taking turns only keeps those who could not
//! both win from working for nothing.

use sea_orm::DbBackend;
use tokio::sync::{Mutex, MutexGuard};

use crate::ids::{AccountId, Id};

/// The turns.
#[derive(Debug)]
pub(crate) struct Desk(Vec<Mutex<()>>);

impl Desk {
    /// The turns for a database: SQLite has one writer, so whoever waits for it had better wait here, without a connection
    /// and without a limit of time. On PostgreSQL a few accounts are served at once, each always in the same turn.
    pub(crate) fn new(backend: DbBackend) -> Self {
        let turns = if backend == DbBackend::Sqlite { 1 } else { 6 };
        Self((0..turns).map(|_| Mutex::default()).collect())
    }

    /// Waits for an account's turn, which lasts as long as what is returned.
    pub(super) async fn turn(&self, account: AccountId) -> MutexGuard<'_, ()> {
        // The last bits of a UUIDv7 are random.
        let place = account.uuid().as_u128() % (self.0.len() as u128);
        let turn = usize::try_from(place).unwrap_or(0);
        self.0[turn].lock().await
    }
}
