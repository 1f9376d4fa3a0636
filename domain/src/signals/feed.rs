//! Following signals as they are recorded, in the order of their sequence, whichever process records them.
//!
//! One task a process reads what is new and hands it to whoever follows that tenant. A recording in this process wakes
//! it at once; it also looks at the tenants' counters twenty times a second while anybody follows, for what other
//! processes recorded. What it hands on it has read from the database, so nothing is seen that could yet be undone,
//! and nothing is left out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt, future, stream};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use tokio::sync::{Notify, broadcast};
use tokio_stream::wrappers::BroadcastStream;

use super::filter::SignalFilter;
use super::signal::{Column, Entity};
use super::view::SignalView;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::TenantId;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How long what another process recorded may go unseen.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Signals that a slow follower may lie behind before it has to start again.
const BACKLOG: usize = 1_024;
/// Signals read at once.
const BATCH: u64 = 500;
/// Signals that are replayed to a follower who resumes; whoever missed more reads the list.
const MOST_REPLAYED: u64 = 1_000;

/// Why following ends.
pub type FeedError = Fault;

/// Who follows which tenant.
#[derive(Debug, Default)]
pub struct SignalFeed {
    tenants: Mutex<HashMap<TenantId, Followed>>,
    wake: Notify,
}

#[derive(Debug)]
struct Followed {
    /// The sequence up to which signals were handed on.
    sequence: i64,
    sender: broadcast::Sender<Arc<SignalView>>,
}

impl SignalFeed {
    /// Tells that something was recorded.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Followed>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The followed tenants, after dropping those that nobody follows any more.
    fn followed(&self) -> Vec<(TenantId, i64)> {
        let mut tenants = self.tenants();
        tenants.retain(|_, followed| followed.sender.receiver_count() > 0);
        tenants.iter().map(|(tenant, followed)| (*tenant, followed.sequence)).collect()
    }

    fn hand_on(&self, tenant: TenantId, signals: Vec<SignalView>) {
        if let Some(followed) = self.tenants().get_mut(&tenant) {
            for signal in signals {
                followed.sequence = followed.sequence.max(signal.signal.sequence);
                // Without a receiver there is nobody to tell.
                let _ = followed.sender.send(Arc::new(signal));
            }
        }
    }
}

impl Domain {
    /// Hands on what is recorded until the process ends; to be run once a process.
    pub async fn run_signal_feed(self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.feed().wake.notified() => {}
                _ = tick.tick() => {}
            }
            if let Err(error) = self.hand_on_new_signals().await {
                tracing::warn!(%error, "new signals could not be read; trying again");
            }
        }
    }

    async fn hand_on_new_signals(&self) -> Result<()> {
        let followed = self.feed().followed();
        if followed.is_empty() {
            return Ok(());
        }
        let counters = self.signal_sequences().await?;
        for (tenant, mut sequence) in followed {
            while counters.get(&tenant).is_some_and(|newest| *newest > sequence) {
                let batch = Entity::visible_to(&Viewer::System)
                    .filter(Column::TenantId.eq(tenant))
                    .filter(Column::Sequence.gt(sequence))
                    .order_by_asc(Column::Sequence)
                    .limit(BATCH)
                    .all(self.db().reader())
                    .await?;
                let Some(last) = batch.last() else {
                    // The newest changes were duplicates: their sequences were given out and not used.
                    self.skip_to(tenant, &counters);
                    break;
                };
                sequence = last.sequence;
                let views = self.view_signals(batch).await?;
                self.feed().hand_on(tenant, views);
            }
        }
        Ok(())
    }

    fn skip_to(&self, tenant: TenantId, counters: &HashMap<TenantId, i64>) {
        if let (Some(followed), Some(newest)) = (self.feed().tenants().get_mut(&tenant), counters.get(&tenant)) {
            followed.sequence = followed.sequence.max(*newest);
        }
    }

    async fn signal_sequences(&self) -> Result<HashMap<TenantId, i64>> {
        let reader = self.db().reader();
        let query =
            Statement::from_string(reader.get_database_backend(), "SELECT tenant_id, value FROM signal_sequence");
        let rows = reader.query_all_raw(query).await?;
        rows.iter()
            .map(|row| Ok((row.try_get::<TenantId>("", "tenant_id")?, row.try_get::<i64>("", "value")?)))
            .collect()
    }

    /// The signals of the viewer's tenant that they may see, as they are recorded or changed; first those after
    /// `after`, where that is given.
    ///
    /// Ends with RESYNC_REQUIRED when signals were missed, and with UNAUTHENTICATED when the session has ended.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; RESYNC_REQUIRED where more was missed than is replayed.
    pub async fn follow_signals(
        &self,
        viewer: &Viewer,
        filter: SignalFilter,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Arc<SignalView>, FeedError>> + Send + use<>> {
        let member = viewer.permitted(Permission::SignalsRead)?;
        let tenant = member.tenant_id;
        let receiver = self.follow_tenant(tenant).await?;
        // A sequence that was never given out, as after a restore: whoever waits for the next one would wait in vain.
        let newest = self.signal_sequences().await?.get(&tenant).copied().unwrap_or(0);
        if after.is_some_and(|after| after > newest) {
            return Err(Fault::ResyncRequired { last_sequence: Some(newest) }.into());
        }
        // Followed first and read then: what comes meanwhile is in both and told apart by its sequence.
        let replayed = match after {
            Some(after) => self.signals_after(viewer, after, MOST_REPLAYED + 1).await?,
            None => Vec::new(),
        };
        if replayed.len() as u64 > MOST_REPLAYED {
            return Err(Fault::ResyncRequired { last_sequence: Some(newest) }.into());
        }
        let seen = replayed.last().map_or(after.unwrap_or(0), |view| view.signal.sequence);
        let replayed = stream::iter(replayed.into_iter().map(|view| Ok(Arc::new(view))));
        let domain = self.clone();
        let missed = move |_| {
            let last_sequence = domain.feed().tenants().get(&tenant).map(|followed| followed.sequence);
            Fault::ResyncRequired { last_sequence }
        };
        let live = BroadcastStream::new(receiver).map(move |received| received.map_err(&missed));
        let live = live.filter(move |view| future::ready(view.as_ref().map_or(true, |v| v.signal.sequence > seen)));
        let all = Box::pin(replayed.chain(live));
        let (domain, viewer) = (self.clone(), viewer.clone());
        let follower = Follower { domain, viewer, filter };
        Ok(stream::unfold(Some((all, follower)), |state| async move {
            let (mut all, follower) = state?;
            loop {
                let event = match all.next().await? {
                    Ok(view) if !follower.wants(&view) => continue,
                    Ok(view) => follower.domain.still_signed_in(&follower.viewer).await.map(|()| view),
                    Err(fault) => Err(fault),
                };
                // An error is the last thing that is told.
                let state = event.is_ok().then_some((all, follower));
                return Some((event, state));
            }
        }))
    }

    async fn follow_tenant(&self, tenant: TenantId) -> Result<broadcast::Receiver<Arc<SignalView>>> {
        if let Some(followed) = self.feed().tenants().get(&tenant) {
            return Ok(followed.sender.subscribe());
        }
        let sequence = self.signal_sequences().await?.get(&tenant).copied().unwrap_or(0);
        let mut tenants = self.feed().tenants();
        let followed =
            tenants.entry(tenant).or_insert_with(|| Followed { sequence, sender: broadcast::channel(BACKLOG).0 });
        Ok(followed.sender.subscribe())
    }
}

/// Who follows, and what they want to see.
struct Follower {
    domain: Domain,
    viewer: Viewer,
    filter: SignalFilter,
}

impl Follower {
    fn wants(&self, view: &SignalView) -> bool {
        view.signal.is_visible_to(&self.viewer) && self.filter.matches(view)
    }
}
