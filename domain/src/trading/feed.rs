//! Following an account as it changes, whichever process changes it.
//!
//! What follows are versions: whoever is told of a new one reads the account as it is then, so one that falls behind misses
//! nothing that lasts. A booking of this process is told at once; one task a process looks for those of others. Quotes
//! change what an account is worth without changing its version: an account with open trades is told of them too, not more
//! often than once a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, stream};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use tokio::sync::{broadcast, watch};

use super::Account;
use super::account::{Column, Entity};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::AccountId;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How long what another process wrote may go unseen.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often quotes alone are told of at most.
const WORTH_EVERY: Duration = Duration::from_secs(1);

/// Who follows which account, and the version that they were told of.
#[derive(Debug, Default)]
pub struct AccountFeed(Mutex<HashMap<AccountId, watch::Sender<i64>>>);

impl AccountFeed {
    fn followed(&self) -> MutexGuard<'_, HashMap<AccountId, watch::Sender<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that an account has this version now.
    pub(super) fn tell(&self, id: AccountId, version: i64) {
        if let Some(sender) = self.followed().get(&id) {
            sender.send_if_modified(|known| std::mem::replace(known, version.max(*known)) < version);
        }
    }

    /// The followed accounts, after dropping those that nobody follows any more.
    fn ids(&self) -> Vec<AccountId> {
        let mut followed = self.followed();
        followed.retain(|_, sender| sender.receiver_count() > 0);
        followed.keys().copied().collect()
    }

    fn follow(&self, account: &Account) -> watch::Receiver<i64> {
        let mut followed = self.followed();
        let sender = followed.entry(account.id).or_insert_with(|| watch::Sender::new(account.version));
        sender.subscribe()
    }
}

impl Domain {
    /// Looks for what other processes change of the followed accounts until the process ends; to be run once a process.
    pub async fn run_account_feed(self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.look_at_followed_accounts().await {
                tracing::warn!(%error, "followed accounts could not be read; trying again");
            }
        }
    }

    async fn look_at_followed_accounts(&self) -> Result<()> {
        let ids = self.account_feed().ids();
        if ids.is_empty() {
            return Ok(());
        }
        let versions = Entity::unscoped().select_only().columns([Column::Id, Column::Version]);
        let versions: Vec<(AccountId, i64)> =
            versions.filter(Column::Id.is_in(ids)).into_tuple().all(self.db().reader()).await?;
        for (id, version) in versions {
            self.account_feed().tell(id, version);
        }
        Ok(())
    }

    /// An account that the viewer may read: as it is now, and again whenever it changed or what it holds costs something
    /// else.
    ///
    /// Ends with UNAUTHENTICATED when the session has ended.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn follow_account(
        &self,
        viewer: &Viewer,
        id: AccountId,
    ) -> Result<impl Stream<Item = Result<Account, Fault>> + Send + use<>> {
        viewer.permitted(Permission::TradingRead)?;
        let account = self.account(viewer, id).await?.ok_or(Fault::NotFound)?;
        let mut versions = self.account_feed().follow(&account);
        // Told of before it was followed: the first event is what it is now.
        versions.mark_changed();
        let follower =
            Follower { domain: self.clone(), viewer: viewer.clone(), id, versions, quotes: self.quote_batches() };
        Ok(stream::unfold(Some(follower), |state| async move {
            let mut follower = state?;
            let event = follower.next().await?;
            // An error is the last thing that is told.
            let state = event.is_ok().then_some(follower);
            Some((event, state))
        }))
    }
}

/// Who follows an account.
struct Follower {
    domain: Domain,
    viewer: Viewer,
    id: AccountId,
    versions: watch::Receiver<i64>,
    quotes: broadcast::Receiver<Arc<[Arc<crate::market::Quote>]>>,
}

impl Follower {
    /// The account as it is after the next change; none when the server stops.
    async fn next(&mut self) -> Option<Result<Account, Fault>> {
        loop {
            tokio::select! {
                changed = self.versions.changed() => changed.ok()?,
                worth = self.quotes.recv() => {
                    if matches!(worth, Err(broadcast::error::RecvError::Closed)) {
                        return None;
                    }
                    match self.domain.holds_any(self.id).await {
                        Ok(false) => continue,
                        Ok(true) => {}
                        Err(error) => return Some(Err(error)),
                    }
                    // A change of the account itself does not wait.
                    tokio::select! {
                        changed = self.versions.changed() => changed.ok()?,
                        () = tokio::time::sleep(WORTH_EVERY) => {}
                    }
                    // Whatever came meanwhile is told together.
                    self.quotes = self.quotes.resubscribe();
                }
            }
            self.versions.mark_unchanged();
            if let Err(fault) = self.domain.still_signed_in(&self.viewer).await {
                return Some(Err(fault));
            }
            return Some(match self.domain.account(&self.viewer, self.id).await {
                Ok(Some(account)) => Ok(account),
                Ok(None) => Err(Fault::NotFound),
                Err(crate::Error::Fault(fault)) => Err(fault),
                Err(error) => Err(Fault::Bug(error.to_string())),
            });
        }
    }
}

impl Domain {
    /// Whether an account has open trades.
    async fn holds_any(&self, id: AccountId) -> Result<bool, Fault> {
        use sea_orm::PaginatorTrait;
        Ok(super::trade::Entity::open(id).limit(1).count(self.db().reader()).await? > 0)
    }
}
