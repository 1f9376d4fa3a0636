//! Signals that were read lately. A list asks the database which signals it has, in which order and by which change each
//! was last written; what they say is mostly still in memory, for the same newest ones are read again and again.
//!
//! The change makes it exact: a signal that any instance has written since has another sequence, and is read anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sea_orm::entity::prelude::*;

use super::signal::{Column, Entity, Model};
use crate::Domain;
use crate::error::Result;
use crate::ids::SignalId;
use crate::viewer::Viewer;

/// What they may take together, in bytes, roughly.
const LARGEST: u64 = 16 * 1_024 * 1_024;
/// How long one that nobody reads is kept.
const IDLE: Duration = Duration::from_secs(300);

/// A signal, and the sequence of its last change.
pub(super) type Version = (SignalId, i64);

/// The signals that were read lately.
#[derive(Debug)]
pub struct RememberedSignals(Cache<SignalId, Arc<Model>>);

impl Default for RememberedSignals {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(LARGEST).time_to_idle(IDLE);
        Self(cache.weigher(|_, signal: &Arc<Model>| weight(signal)).build())
    }
}

impl Domain {
    /// These signals at these versions or later, in their order; without those that the viewer may not see any more.
    pub(super) async fn signals_at(&self, viewer: &Viewer, versions: &[Version]) -> Result<Vec<Arc<Model>>> {
        let cache = &self.remembered_signals().0;
        let mut found = HashMap::with_capacity(versions.len());
        let mut missing = Vec::new();
        for (id, sequence) in versions {
            match cache.get(id).await.filter(|signal| signal.sequence >= *sequence) {
                Some(signal) => drop(found.insert(*id, signal)),
                None => missing.push(*id),
            }
        }
        if !missing.is_empty() {
            let query = Entity::visible_to(&Viewer::System).filter(Column::Id.is_in(missing));
            for signal in query.all(self.db().reader()).await?.into_iter().map(Arc::new) {
                cache.insert(signal.id, Arc::clone(&signal)).await;
                found.insert(signal.id, signal);
            }
        }
        let found = versions.iter().filter_map(|(id, _)| found.remove(id));
        Ok(found.filter(|signal| signal.is_visible_to(viewer)).collect())
    }
}

/// Roughly what a signal takes, in bytes: its row, its texts, and what came with it as parsed.
fn weight(signal: &Model) -> u32 {
    let reason = |reason: &super::Reason| {
        96 + reason.indicator.len() + reason.value.as_deref().map_or(0, str::len) + reason.says.len()
    };
    let texts = signal.summary.as_deref().map_or(0, str::len) + signal.reasons.0.iter().map(reason).sum::<usize>();
    let payload = signal.payload.as_ref().map_or(0, |payload| 4 * payload.to_string().len());
    u32::try_from(512 + texts + payload).unwrap_or(u32::MAX)
}
