//! Looking after the ranking: computing everybody anew, and who is among the ten best.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement};

use super::refresh::{tell, unlock};
use super::trader::Trader;
use super::vocabulary::{AchievementKind, Period};
use super::{entry, queue};
use crate::Domain;
use crate::error::Result;
use crate::fixed::Price;
use crate::ids::{TenantId, UserId};
use crate::trading::account;

/// Traders that are computed at once.
const BATCH: u64 = 50;
/// How many of the best of all time have achieved something.
const TOP: i64 = 10;

/// What computing everybody anew came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RankingReport {
    /// Traders that were computed.
    pub traders: u64,
    /// Those of whom something else was written down: it is mended.
    pub corrected: u64,
    /// Those that could not be computed.
    pub failed: u64,
}

impl Domain {
    /// Computes the ranking of the next traders anew, with the weeks and months from a day on; tells the last of them, none
    /// after all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_rankings_after(
        &self,
        after: Option<UserId>,
        since: NaiveDate,
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
        let rates = self.dollar_rates().await?;
        let mut traders = self.traders_apart(&users).await;
        for owner in owners {
            let Some(trader) = traders.remove(&owner.1) else { continue };
            report.traders += 1;
            let checked = async { self.check_ranking(owner, trader?, since, &rates).await };
            match checked.await {
                Ok(is_right) => report.corrected += u64::from(!is_right),
                Err(error) => {
                    tell(owner.1, &error);
                    report.failed += 1;
                }
            }
        }
        Ok(users.last().copied())
    }

    /// Computes a trader's ranking anew; tells whether it was right, and mends it where it was not.
    async fn check_ranking(
        &self,
        owner: (TenantId, UserId),
        trader: Trader,
        since: NaiveDate,
        rates: &HashMap<String, Price>,
    ) -> Result<bool> {
        if trader.is_as(&trader.ranking(owner, since)?, since) {
            // A rate that has become known may be a profit that is an achievement.
            self.rank(owner, trader, since, rates).await?;
            return Ok(true);
        }
        // What waits in the queue is on its way, and what another has written since is seen by the version.
        let waits = queue::Entity::unscoped().filter(queue::Column::UserId.eq(owner.1)).one(self.db().reader());
        if waits.await?.is_some() || !self.rank(owner, trader, since, rates).await? {
            return Ok(true);
        }
        tracing::error!(user = %owner.1, "a ranking was other than the trades say, and is mended");
        metrics::counter!("bellwether_ranking_corrections_total").increment(1);
        Ok(false)
    }

    /// Removes the weeks and months that begin before a day; tells how many entries those were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_entries_before(&self, since: NaiveDate) -> Result<u64> {
        let old = entry::Entity::delete_many().filter(entry::Column::Period.ne(Period::AllTime));
        let old = old.filter(entry::Column::Begins.lt(since.to_string()));
        Ok(self.db().run(old.build(self.db().backend())).await?)
    }

    /// Notes who is among the ten best of all time, of each tenant and scope, with a gain; tells how many were not before.
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
                    ORDER BY entries.loss_percent, entries.drawdown_percent, entries.reached_at, entries.tiebreak
                ) AS place
                FROM leaderboard_entries entries JOIN users ON users.id = entries.user_id
                WHERE entries.period = 'ALL_TIME' AND entries.is_best AND entries.loss_percent < 0 AND users.status = 'ACTIVE'
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
