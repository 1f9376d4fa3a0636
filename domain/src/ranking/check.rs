//! Looking after the ranking: computing everybody anew, and who is among the ten best.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::refresh::unlock;
use super::vocabulary::AchievementKind;
use super::{entry, queue};
use crate::Domain;
use crate::error::Result;
use crate::ids::{TenantId, UserId};
use crate::trading::account;

/// Traders that are computed at once.
const BATCH: u64 = 100;
/// How many of the best of all time have achieved something.
const TOP: i64 = 10;

/// What computing everybody anew came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RankingReport {
    /// Traders that were computed.
    pub traders: u64,
    /// Those of whom something else was written down: it is mended.
    pub corrected: u64,
}

impl Domain {
    /// Computes the ranking of the next traders anew; tells the last of them, none after all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_rankings_after(
        &self,
        after: Option<UserId>,
        report: &mut RankingReport,
    ) -> Result<Option<UserId>> {
        use account::Column as C;
        let mut owners = account::Entity::unscoped().select_only().columns([C::TenantId, C::UserId]).distinct();
        if let Some(after) = after {
            owners = owners.filter(C::UserId.gt(after));
        }
        let owners = owners.order_by_asc(C::UserId).limit(BATCH).into_tuple();
        let owners: Vec<(TenantId, UserId)> = owners.all(self.db().reader()).await?;
        let users: Vec<UserId> = owners.iter().map(|(_, user)| *user).collect();
        let traders = self.traders(&users).await?;
        for owner in &owners {
            let Some(trader) = traders.get(&owner.1) else { continue };
            report.traders += 1;
            if trader.is_as(&trader.ranking(*owner, self.ranked_since())?) {
                continue;
            }
            // What waits in the queue is on its way, and what another has written since is seen by the version.
            let waits = queue::Entity::unscoped().filter(queue::Column::UserId.eq(owner.1)).one(self.db().reader());
            if waits.await?.is_none() && self.rank(*owner, trader, Vec::new()).await? {
                tracing::error!(user = %owner.1, "a ranking was other than the trades say, and is mended");
                metrics::counter!("bellwether_ranking_corrections_total").increment(1);
                report.corrected += 1;
            }
        }
        Ok(users.last().copied())
    }

    /// Removes the weeks and months that are no longer kept; tells how many entries those were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_old_entries(&self) -> Result<u64> {
        let since = self.ranked_since().to_string();
        let removed = self.db().write(|tx| {
            let since = since.clone();
            Box::pin(async move {
                let old = entry::Entity::delete_many().filter(entry::Column::Period.ne(super::Period::AllTime));
                Ok(old.filter(entry::Column::Begins.lt(since)).exec(tx).await?.rows_affected)
            })
        });
        removed.await
    }

    /// Notes who is among the ten best of all time, of each tenant and scope; tells how many were not before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_top_ten(&self) -> Result<u64> {
        let reader = self.db().reader();
        let query = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT DISTINCT tenant_id, user_id FROM (
                SELECT entries.tenant_id, entries.user_id, ROW_NUMBER() OVER (
                    PARTITION BY entries.tenant_id, entries.scope
                    ORDER BY -entries.profit_percent, entries.drawdown_percent, entries.reached_at, entries.account_id
                ) AS place
                FROM leaderboard_entries entries JOIN users ON users.id = entries.user_id
                WHERE entries.period = 'ALL_TIME' AND entries.is_best AND users.status = 'ACTIVE'
             ) AS ranked
             WHERE place <= $1 AND NOT EXISTS (
                SELECT 1 FROM achievements WHERE achievements.user_id = ranked.user_id AND kind = 'TOP_TEN')",
            [TOP.into()],
        );
        let mut new = 0;
        for row in reader.query_all_raw(query).await? {
            let owner: (TenantId, UserId) = (row.try_get("", "tenant_id")?, row.try_get("", "user_id")?);
            let unlocked = BTreeMap::from([(AchievementKind::TopTen, self.now())]);
            let written = self.db().write(|tx| {
                let unlocked = unlocked.clone();
                Box::pin(async move { unlock(tx, owner, &unlocked).await })
            });
            written.await?;
            new += 1;
        }
        Ok(new)
    }
}
