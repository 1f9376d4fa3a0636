//! Challenges that only go on, with something that was not known before: a batch is written with two statements.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Value;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, Statement};

use super::evaluate::State;
use super::evidence;
use super::sweep::BATCH;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::{ChallengeId, Id};

/// A challenge that goes on with something that was not known before.
#[derive(Clone, Debug)]
pub(super) struct Advance {
    pub(super) state: State,
    pub(super) next_look: DateTime<Utc>,
    pub(super) row: evidence::Model,
}

impl Domain {
    /// Writes what goes on, but for what somebody else has changed meanwhile; tells how many.
    pub(super) async fn write_advances(&self, advances: Vec<Advance>) -> Result<u64> {
        if advances.is_empty() {
            return Ok(0);
        }
        // In the order of their ids, so that two that raise the same wait for each other in it.
        let mut advances = advances;
        advances.sort_by_key(|advance| advance.row.challenge_id);
        let (now, advances) = (self.now(), Arc::new(advances));
        let written = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let advances = Arc::clone(&advances);
                Box::pin(async move {
                    let raised = raise(tx, &advances, now).await?;
                    let mut rows: Vec<_> = advances.iter().map(|advance| advance.row.clone()).collect();
                    rows.retain(|row| raised.contains(&row.challenge_id));
                    if !rows.is_empty() {
                        let models = rows.iter().map(|row| evidence::ActiveModel::from(row.clone()).reset_all());
                        evidence::Entity::insert_many(models).exec_without_returning(tx).await?;
                    }
                    Ok(rows)
                })
            })
            .await?;
        super::count(&written);
        Ok(written.len() as u64)
    }
}

/// Raises challenges to what their next rows say, but for those that are not as they were read; answers those that are.
async fn raise(tx: &DatabaseTransaction, batch: &[Advance], now: DateTime<Utc>) -> Result<HashSet<ChallengeId>> {
    let mut raised = HashSet::with_capacity(batch.len());
    for row in tx.query_all_raw(raising(tx.get_database_backend(), batch, now)?).await? {
        raised.insert(row.try_get::<ChallengeId>("", "id")?);
    }
    Ok(raised)
}

/// The statement that does.
fn raising(backend: DbBackend, batch: &[Advance], now: DateTime<Utc>) -> Result<Statement> {
    let ids = || batch.iter().map(|advance| advance.row.challenge_id.uuid());
    let mut values: Vec<Value> = vec![now.into(), ids().min().into(), ids().max().into()];
    let mut places = Vec::with_capacity(batch.len());
    for advance in batch {
        let from = values.len() + 1;
        places.push(format!("(${}, ${}, ${}, ${}, ${})", from, from + 1, from + 2, from + 3, from + 4));
        let state = serde_json::to_value(&advance.state).map_err(|error| Fault::Bug(error.to_string()))?;
        values.extend([
            advance.row.challenge_id.uuid().into(),
            advance.row.seq.into(),
            advance.row.hash.clone().into(),
            state.into(),
            advance.next_look.into(),
        ]);
    }
    // SQLite takes a list for a long one, and would read all challenges to find those that are in it. The limit tells it
    // otherwise, and what it knows of the table may be from before it grew: then the range, which is small where ids come
    // with the time. Both databases call the columns of a list so.
    let sql = format!(
        "UPDATE challenges SET seq = v.column2, evidence_hash = v.column3, state = v.column4, next_look = v.column5, updated_at = $1
         FROM (SELECT * FROM (VALUES {}) AS v LIMIT {BATCH}) AS v
         WHERE challenges.id = v.column1 AND challenges.id BETWEEN $2 AND $3 AND challenges.seq = v.column2 - 1
             AND challenges.status = 'ACTIVE'
         RETURNING challenges.id",
        places.join(", ")
    );
    Ok(Statement::from_sql_and_values(backend, sql, values))
}

#[cfg(test)]
mod tests;
