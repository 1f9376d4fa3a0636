//! How much room challenges leave: of many at once, with as many statements as of one.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect};

use super::challenge::Model as Challenge;
use super::evaluate::{Observation, State, evaluate};
use super::evidence::{self, Model as EvidenceRow};
use super::room::Room;
use super::vocabulary::Cause;
use crate::Domain;
use crate::error::Result;
use crate::ids::{AssetId, ChallengeId};
use crate::trading::book::Marks;
use crate::trading::referee::{Held, Seen};

impl Domain {
    /// How much room a challenge leaves at the prices of now; none before it is begun, and where a price is missing. Of one
    /// that is over, how much it had left when it was judged last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn challenge_room(&self, challenge: &Challenge) -> Result<Option<Room>> {
        Ok(self.challenge_rooms(&[challenge]).await?.remove(&challenge.id))
    }

    /// The same of many that were found in a scope; one that has no room is not among them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn challenge_rooms(&self, challenges: &[&Challenge]) -> Result<HashMap<ChallengeId, Room>> {
        let begun = challenges.iter().copied().filter(|challenge| challenge.state.is_some());
        let (over, running): (Vec<_>, Vec<_>) = begun.partition(|challenge| challenge.status.is_over());
        let mut rooms = self.rooms_of_running(&running).await?;
        for (challenge, state, seen) in self.last_looks(&over).await? {
            rooms.insert(challenge.id, Room::of(challenge.rules()?, &state, &seen));
        }
        Ok(rooms)
    }

    async fn rooms_of_running(&self, running: &[&Challenge]) -> Result<HashMap<ChallengeId, Room>> {
        let mut rooms = HashMap::with_capacity(running.len());
        if running.is_empty() {
            return Ok(rooms);
        }
        let held = self.held_by(running.iter().filter_map(|challenge| challenge.account_id)).await?;
        let assets: Vec<AssetId> = held.values().flatten().map(|held| held.asset_id).collect();
        let mut marks: HashMap<&str, Marks> = HashMap::new();
        for challenge in running {
            let (Some(account), Some(state)) = (challenge.account_id, &challenge.state) else { continue };
            let rules = challenge.rules()?;
            let currency = rules.currency.as_str();
            if !marks.contains_key(currency) {
                marks.insert(currency, self.marks(assets.clone(), currency).await?);
            }
            let open: &[Held] = held.get(&account).map_or(&[], Vec::as_slice);
            let Some(marks) = marks.get(currency) else { continue };
            let seen = Seen::of(rules, state.balance, open, marks, self.now())?;
            if seen.is_complete {
                // As it will be known when it is judged next, such as on a day that has begun.
                let (state, _) = evaluate(rules, None, state, &seen.observation);
                rooms.insert(challenge.id, Room::of(rules, &state, &seen.observation));
            }
        }
        Ok(rooms)
    }

    /// What challenges that are over were when they were judged last.
    async fn last_looks<'c>(&self, over: &[&'c Challenge]) -> Result<Vec<(&'c Challenge, State, Observation)>> {
        let mut looks = Vec::with_capacity(over.len());
        if over.is_empty() {
            return Ok(looks);
        }
        // What people decided is no look.
        let newest = evidence::Entity::unscoped().select_only().column(evidence::Column::ChallengeId);
        let newest = newest.column_as(evidence::Column::Seq.max(), "seq").group_by(evidence::Column::ChallengeId);
        let newest = newest.filter(evidence::Column::Cause.ne(Cause::Admin));
        let newest = newest.filter(evidence::Column::ChallengeId.is_in(over.iter().map(|challenge| challenge.id)));
        let newest: Vec<(ChallengeId, i64)> = newest.into_tuple().all(self.db().reader()).await?;
        let rows = newest.into_iter().fold(Condition::any(), |any, (challenge, seq)| {
            let of = evidence::Column::ChallengeId.eq(challenge);
            any.add(Condition::all().add(of).add(evidence::Column::Seq.eq(seq)))
        });
        let rows = evidence::Entity::unscoped().filter(rows).all(self.db().reader()).await?;
        let rows: HashMap<ChallengeId, EvidenceRow> = rows.into_iter().map(|row| (row.challenge_id, row)).collect();
        for challenge in over.iter().copied() {
            let look = rows.get(&challenge.id).and_then(look_of);
            looks.extend(look.map(|(state, seen)| (challenge, state, seen)));
        }
        Ok(looks)
    }
}

/// What was known and seen, where the row is of a look. One that somebody has spoilt is none: the proof says so.
fn look_of(row: &EvidenceRow) -> Option<(State, Observation)> {
    let body = row.read().ok()?;
    body.state.zip(body.seen)
}
