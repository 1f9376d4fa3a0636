//! The audit log as CSV.

use std::borrow::Cow;

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::list::matching;
use super::{AuditFilter, Column, Model};
use crate::Domain;
use crate::csv::{text, write};
use crate::error::Result;
use crate::viewer::Viewer;

/// Rows that one export holds at most.
const MOST_ROWS: u64 = 10_000;
/// Rows read at once.
const BATCH: u64 = 1_000;

const HEADER: [&str; 11] =
    ["entry", "tenant", "sequence", "at", "action", "actor", "subject", "details", "address", "user_agent", "hash"];

impl Domain {
    /// The entries that the viewer may read and the filter finds as CSV, the newest first, at most 10,000. Who is not
    /// theirs to see stands there as nobody.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; when the database does not answer.
    pub async fn export_audit(&self, viewer: &Viewer, filter: &AuditFilter) -> Result<String> {
        let mut rows = vec![HEADER.map(Cow::from).to_vec()];
        let mut last = None;
        while (rows.len() as u64) <= MOST_ROWS {
            let mut query = matching(viewer, filter)?;
            if let Some(last) = last {
                query = query.filter(Column::Id.lt(last));
            }
            let batch = query.order_by_desc(Column::Id).limit(BATCH).all(self.db().reader()).await?;
            let actors = self.users(viewer, batch.iter().filter_map(|entry| entry.actor_id).collect()).await?;
            rows.extend(
                batch.iter().map(|entry| row(entry, entry.actor_id.is_some_and(|id| actors.contains_key(&id)))),
            );
            last = batch.last().map(|entry| entry.id);
            if (batch.len() as u64) < BATCH {
                break;
            }
        }
        Ok(write(&rows)?)
    }
}

fn row(entry: &Model, shows_actor: bool) -> Vec<Cow<'static, str>> {
    let cells: [String; 11] = [
        entry.id.to_string(),
        entry.tenant_id.to_string(),
        entry.sequence.to_string(),
        entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        entry.action.clone(),
        entry.actor_id.filter(|_| shows_actor).map(|id| id.to_string()).unwrap_or_default(),
        text(entry.subject.as_deref().unwrap_or_default()),
        text(&entry.details),
        text(entry.address.as_deref().unwrap_or_default()),
        text(entry.user_agent.as_deref().unwrap_or_default()),
        entry.hash_text(),
    ];
    cells.into_iter().map(Cow::Owned).collect()
}
