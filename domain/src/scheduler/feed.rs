//! Following the runs that finish, whichever process runs them.
//!
//! One task a process looks for runs that finished and hands them to whoever follows, but only while somebody does. A run
//! of this process wakes it at once. Two runs may become visible in another order than they finished in, so it looks
//! back a little further each time and hands on what it has not handed on before.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{Stream, StreamExt, stream};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use tokio::sync::{Mutex, Notify, broadcast};
use tokio_stream::wrappers::BroadcastStream;

use super::lock;
use super::run::{Column, Entity, Model};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::RunId;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How long a run that finished in another process may go unseen.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How far is looked back: longer than the transaction that writes a run's end can take.
const LOOK_BACK: TimeDelta = TimeDelta::seconds(60);
/// Runs that a slow follower may lie behind before it has to read the list.
const BACKLOG: usize = 256;

/// Why following ends.
pub type RunFeedError = Fault;

/// Who follows the runs, and what they were told of.
#[derive(Debug)]
pub(crate) struct RunFeed {
    sender: broadcast::Sender<Arc<Model>>,
    seen: Mutex<Seen>,
    wake: Notify,
}

/// What was handed on already.
#[derive(Debug, Default)]
struct Seen {
    /// When was looked last, by the database's clock; none where nobody has.
    looked_at: Option<DateTime<Utc>>,
    /// The runs that were found then.
    runs: HashSet<RunId>,
}

impl Default for RunFeed {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, seen: Mutex::default(), wake: Notify::new() }
    }
}

impl RunFeed {
    /// Tells that a run has finished.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

impl Domain {
    /// Hands on the runs that finish until the process ends; to be run once a process.
    pub async fn run_scheduler_feed(self) {
        let feed = &self.scheduler().feed;
        loop {
            let _ = tokio::time::timeout(LOOK_EVERY, feed.wake.notified()).await;
            if feed.sender.receiver_count() == 0 {
                continue;
            }
            if let Err(error) = self.hand_on_finished_runs().await {
                tracing::warn!(%error, "finished runs could not be read; trying again");
            }
        }
    }

    async fn hand_on_finished_runs(&self) -> Result<()> {
        let feed = &self.scheduler().feed;
        let mut seen = feed.seen.lock().await;
        for run in self.look(&mut seen).await? {
            // Without a receiver there is nobody to tell.
            let _ = feed.sender.send(Arc::new(run));
        }
        Ok(())
    }

    /// The runs that have finished and were not seen before.
    async fn look(&self, seen: &mut Seen) -> Result<Vec<Model>> {
        let reader = self.db().reader();
        let now = lock::database_time(reader).await?;
        let since = seen.looked_at.unwrap_or(now) - LOOK_BACK;
        let finished = Entity::unscoped().filter(Column::FinishedAt.gt(since)).order_by_asc(Column::FinishedAt);
        let mut finished = finished.order_by_asc(Column::Id).all(reader).await?;
        let before = std::mem::replace(&mut seen.runs, finished.iter().map(|run| run.id).collect());
        seen.looked_at = Some(now);
        finished.retain(|run| !before.contains(&run.id));
        Ok(finished)
    }

    /// The runs that finish from now on, also those of other processes.
    ///
    /// Ends with RESYNC_REQUIRED when runs were missed, and with UNAUTHENTICATED when the session has ended.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn follow_runs(
        &self,
        viewer: &Viewer,
    ) -> Result<impl Stream<Item = Result<Arc<Model>, RunFeedError>> + Send + use<>> {
        viewer.permitted(Permission::SchedulerManage)?;
        let feed = &self.scheduler().feed;
        let mut seen = feed.seen.lock().await;
        if feed.sender.receiver_count() == 0 {
            // Nobody has looked for a while: what finished before is not news.
            seen.looked_at = None;
            self.look(&mut seen).await?;
        }
        let receiver = feed.sender.subscribe();
        drop(seen);
        let runs = BroadcastStream::new(receiver)
            .map(|received| received.map_err(|_| Fault::ResyncRequired { last_sequence: None }));
        let state = Some((Box::pin(runs), self.clone(), viewer.clone()));
        Ok(stream::unfold(state, |state| async move {
            let (mut runs, domain, viewer) = state?;
            let event = match runs.next().await? {
                Ok(run) => domain.still_signed_in(&viewer).await.map(|()| run),
                Err(fault) => Err(fault),
            };
            // An error is the last thing that is told.
            let state = event.is_ok().then_some((runs, domain, viewer));
            Some((event, state))
        }))
    }
}
